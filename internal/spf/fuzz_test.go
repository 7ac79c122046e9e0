package spf

import (
	"context"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// endless is a domain whose every name includes another one.
type endless struct{}

func (endless) Lookup(_ context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	if rr != facts.TypeTXT {
		return nil, nil
	}
	label, rest, _ := strings.Cut(name, ".")
	if len(label) > 60 {
		label, rest = "b", name
	}
	return []string{"v=spf1 include:" + label + "a." + rest + " -all"}, nil
}

// FuzzParse: any text is taken apart without a panic, the terms are where they say, and a record
// without an error reads the same when it is written anew.
func FuzzParse(f *testing.F) {
	for _, s := range suite(f, "rfc7208-tests.yml") {
		for _, records := range s.Zone {
			for _, text := range records[facts.TypeTXT] {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, problems := Parse(text)
		words := []string{"v=spf1"}
		for _, term := range r.Terms {
			if text[term.Start:term.End] != term.Text || term.Text == "" {
				t.Fatalf("%q is not at %d of %q", term.Text, term.Start, text)
			}
			words = append(words, term.Text)
		}
		for _, p := range problems {
			if p.Start < 0 || p.Start > p.End || p.End > len(text) || !slices.Contains(Codes(), p.Code) {
				t.Fatalf("%q: %v from %d to %d", text, p.Code, p.Start, p.End)
			}
		}
		again, more := Parse(strings.Join(words, " "))
		if len(problems) == 0 && (len(more) > 0 || len(again.Terms) != len(r.Terms)) {
			t.Fatalf("%q: %v", strings.Join(words, " "), more)
		}
	})
}

// fuzzed is a resolver whose answers are cut from a script: which one a question has is decided by
// its name and type, so that it always has the same.
type fuzzed struct {
	script []string
	asked  int
}

func (z *fuzzed) Lookup(_ context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	z.asked++
	h := fnv.New32a()
	_, _ = h.Write([]byte(name + string(rr)))
	line := z.script[int(h.Sum32()%uint32(len(z.script)))]
	switch {
	case strings.HasPrefix(line, "!"):
		return nil, &facts.Failure{Kind: facts.Timeout}
	case line == "":
		return nil, &facts.Failure{Kind: facts.NotFound}
	}
	return strings.Split(line, "|"), nil
}

// FuzzCheck: whatever a resolver answers, an evaluation ends without a panic within the limits,
// and gives one of the seven results, the same one each time.
func FuzzCheck(f *testing.F) {
	for _, s := range suite(f, "rfc7208-tests.yml") {
		var script []string
		for _, records := range s.Zone {
			for _, list := range records {
				script = append(script, strings.Join(list, "|"))
			}
		}
		slices.Sort(script)
		for _, c := range s.Tests {
			f.Add(strings.Join(script, "\n"), c.MailFrom, c.Helo, c.Host)
		}
	}
	f.Add("v=spf1 include:a.example include:b.example redirect=%{l}.example\nv=spf1 mx a:%{p}.example exp=%{s}.example", "a@b.example", "c.example", "2001:db8::1")
	f.Fuzz(func(t *testing.T, script, sender, helo, host string) {
		ip, err := netip.ParseAddr(host)
		if err != nil || len(script) > 4096 {
			return
		}
		q := Query{IP: ip, Helo: helo, Sender: sender}
		results := []Result{None, Neutral, Pass, Fail, SoftFail, TempError, PermError}
		first := &fuzzed{script: strings.Split(script, "\n")}
		r := New(first).Check(t.Context(), q)
		if !slices.Contains(results, r.Result) {
			t.Fatalf("the result is %q", r.Result)
		}
		if r.Lookups > MaxLookups+1 || r.Voids > MaxVoids+1 {
			t.Fatalf("%d look-ups, %d void", r.Lookups, r.Voids)
		}
		// A term asks one question, or one and one for each of ten names; the domain's record, an
		// explanation and a %{p} (one and ten names) come on top.
		if most := 1 + (MaxLookups+1)*(1+MaxNames) + 1 + 1 + MaxNames; first.asked > most {
			t.Fatalf("%d questions", first.asked)
		}
		second := New(&fuzzed{script: first.script}).Check(t.Context(), q)
		if second.Result != r.Result || second.Explanation != r.Explanation {
			t.Fatalf("%s, then %s", r.Result, second.Result)
		}
		tree := &fuzzed{script: first.script}
		New(tree).Tree(t.Context(), r.Domain)
		if most := maxRecords * (len(script) + 1) * 3 * MaxNames; tree.asked > most {
			t.Fatalf("%d questions for a tree", tree.asked)
		}
	})
}
