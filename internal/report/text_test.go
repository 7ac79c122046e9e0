package report

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func TestTextGolden(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		for _, width := range []int{80, 40} {
			golden(t, fmt.Sprintf("everything.%s.%d.txt", lang, width), text(t, everything(), View{Lang: lang, Width: width}))
		}
		golden(t, "everything."+lang+".verbose.txt", text(t, everything(), View{Lang: lang, Width: 80, Verbose: true}))
		golden(t, "ready."+lang+".txt", text(t, ready(), View{Lang: lang}))
		golden(t, "undetermined."+lang+".txt", text(t, undetermined(), View{Lang: lang}))
	}
	golden(t, "everything.en.color.txt", text(t, everything(), View{Lang: "en", Width: 80, Color: true}))
}

// TestTextFitsEveryWidth measures with another library than the one that wraps.
func TestTextFitsEveryWidth(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		for width := minWidth; width <= maxWidth; width++ {
			out := text(t, everything(), View{Lang: lang, Width: width, Verbose: true})
			for line := range strings.Lines(out) {
				line = strings.TrimSuffix(line, "\n")
				if w := ansi.StringWidth(line); w > width && !strings.HasPrefix(strings.TrimSpace(line), "https://") {
					t.Errorf("%s, %d cells: %d in %q", lang, width, w, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s, %d cells: spaces at the end of %q", lang, width, line)
				}
				for _, r := range strings.TrimSpace(line) {
					if strings.ContainsRune("、。，．）」』】〉", r) {
						t.Errorf("%s, %d cells: begins with closing punctuation: %q", lang, width, line)
					}
					break
				}
			}
		}
	}
	widest := text(t, everything(), View{Width: maxWidth})
	if got := text(t, everything(), View{Width: 500}); got != widest {
		t.Error("a very wide terminal must not make very long lines")
	}
	if got := text(t, everything(), View{}); got != text(t, everything(), View{Width: 80}) {
		t.Error("without a width, 80 cells")
	}
}

// TestColourOnlyAdds: colour changes nothing that is read, and is absent when it is off.
func TestColourOnlyAdds(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		for _, width := range []int{40, 80} {
			plain := text(t, everything(), View{Lang: lang, Width: width, Verbose: true})
			if strings.Contains(plain, "\x1b") {
				t.Errorf("%s, %d cells: an escape without colour", lang, width)
			}
			colored := text(t, everything(), View{Lang: lang, Width: width, Verbose: true, Color: true})
			if ansi.Strip(colored) != plain {
				t.Errorf("%s, %d cells: colour changes the text", lang, width)
			}
			if !strings.Contains(colored, "\x1b[9m") { // SGR 9: crossed out (ECMA-48 8.3.117)
				t.Errorf("%s, %d cells: what does not work here is not struck out", lang, width)
			}
		}
	}
}

// TestTextIsInert puts hostile names into every string of a report.
func TestTextIsInert(t *testing.T) {
	const bad = "\x1b[2J\x07\u009b5m\u202ex\r\nREADY\x00"
	r := everything()
	spoil(reflect.ValueOf(&r).Elem(), bad)
	for _, lang := range []string{"en", "ja"} {
		out := text(t, r, View{Lang: lang, Width: 60, Verbose: true})
		for _, c := range out {
			if c != '\n' && active(c) {
				t.Fatalf("%s: %U came through", lang, c)
			}
		}
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "READY") {
				t.Errorf("%s: data made a line of its own: %q", lang, line)
			}
		}
	}
}

// spoil appends to every string that is data. Ids and the words that the program itself
// chooses stay, so that fixes still find their causes.
func spoil(v reflect.Value, bad string) {
	spoilAs(v, func(s string) string { return s + bad }, "ID", "Cause", "Verdict", "Basis", "Applies", "Status")
}

// spoilAs changes every string but those in fields of these names.
func spoilAs(v reflect.Value, change func(string) string, except ...string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoilAs(v.Elem(), change, except...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoilAs(v.Index(i), change, except...)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(k))
			spoilAs(e, change, except...)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() && !slices.Contains(except, v.Type().Field(i).Name) {
				spoilAs(v.Field(i), change, except...)
			}
		}
	case reflect.String:
		v.SetString(change(v.String()))
	}
}

// TestTenLines: verdict, trouble and the one thing to do are what is read first.
func TestTenLines(t *testing.T) {
	lines := strings.SplitN(text(t, everything(), View{Lang: "en", Width: 80}), "\n", 11)
	head := strings.Join(lines[:10], "\n")
	for _, want := range []string{"NOT READY", "contoso", "2026-11-20 06:00 UTC", "MFA-01", "→ Provision with an authorized account", "TLS-01"} {
		if !strings.Contains(head, want) {
			t.Errorf("the first ten lines lack %q:\n%s", want, head)
		}
	}
}

func TestTextShowsWhatCounts(t *testing.T) {
	entryOf := func(verdict string, waived bool) checks.Entry {
		e := entry("ACC-01.C1", "", verdict, "observed")
		if waived {
			e.Waived = &checks.Waived{Reason: "r", Until: "2026-12-31"}
		}
		return e
	}
	helps := fix("ACC-01.F1", "yes", "mend it", "直す", to("ACC-01.C1", "", "yes", true))
	barred := fix("ACC-01.F2", "no", "other way", "別の方法", to("ACC-01.C1", "", "no", false))
	other := entry("ACC-01.C1", "clp-b", "confirmed", "observed")
	for _, c := range []struct {
		name          string
		entries       []checks.Entry
		fixes         []checks.FixResult
		status        checks.Status
		shows, hides  []string
		verboselyOnly string
	}{
		{"a recommended fix", []checks.Entry{entryOf("confirmed", false)}, []checks.FixResult{helps, barred}, checks.StatusFail,
			[]string{"→ mend it", "Fix         mend it", "✗ not here  other way"}, []string{"No fix"}, ""},
		{"no fix works", []checks.Entry{entryOf("confirmed", false)}, []checks.FixResult{barred}, checks.StatusFail,
			[]string{"→ No fix is certain", "Fix         No fix is certain", "✗ not here  other way"}, nil, ""},
		{"the fix of a waived entry is not shown", []checks.Entry{entryOf("confirmed", true)}, []checks.FixResult{helps}, checks.StatusPass,
			[]string{"accepted until 2026-12-31: r"}, []string{"mend it"}, ""},
		{"nor beside one that is not waived", []checks.Entry{entryOf("confirmed", true), other}, []checks.FixResult{helps}, checks.StatusFail,
			[]string{"accepted until 2026-12-31: r", "→ No fix is certain"}, []string{"mend it"}, ""},
		{"what was ruled out only when asked for", []checks.Entry{entryOf("refuted", false)}, nil, checks.StatusPass,
			nil, nil, "Ruled out"},
		{"what is excluded only when asked for", []checks.Entry{entryOf("not_applicable", false)}, nil, checks.StatusPass,
			nil, nil, "Excluded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New(sampleEvidence(), checks.Outcome{Now: taken, Results: []checks.Result{{
				ID: "ACC-01", Status: c.status, Title: checks.Text{EN: "t", JA: "題"}, Causes: c.entries, Fixes: c.fixes,
			}}}, Options{FailOn: checks.StatusWarn})
			short := text(t, r, View{})
			for _, s := range c.shows {
				if !strings.Contains(short, s) {
					t.Errorf("lacks %q:\n%s", s, short)
				}
			}
			for _, s := range append(c.hides, c.verboselyOnly) {
				if s != "" && strings.Contains(short, s) {
					t.Errorf("has %q:\n%s", s, short)
				}
			}
			if long := text(t, r, View{Verbose: true}); !strings.Contains(long, c.verboselyOnly) {
				t.Errorf("lacks %q when verbose:\n%s", c.verboselyOnly, long)
			}
		})
	}
}

func TestEveryWordIsThere(t *testing.T) {
	for _, s := range []checks.Status{checks.StatusPass, checks.StatusUnknown, checks.StatusWarn, checks.StatusFail, checks.StatusSkip} {
		if statusWords[s] == (word{}) || marks[s].sign == "" {
			t.Errorf("no words for the status %s", s)
		}
	}
	for _, v := range []checks.RunVerdict{checks.Ready, checks.Undetermined, checks.NotReady} {
		if verdictWords[v] == (word{}) || meaningWords[v] == (word{}) || verdictStyles[v] == nil {
			t.Errorf("no words for the verdict %s", v)
		}
	}
	for _, s := range []FactStatus{FactOK, FactPartial, FactFailed, FactSkipped} {
		if factWords[s] == (word{}) {
			t.Errorf("no words for the fact status %s", s)
		}
	}
	for _, l := range []word{lCause, lFix, lAlso, lPerhaps, lNotHere, lUnknown, lWaived, lSeen, lNote, lRuledOut, lExcluded} {
		for _, s := range []string{l.en, l.ja} {
			if w := ansi.StringWidth(s); w == 0 || w > labelWidth-4 {
				t.Errorf("the label %q is %d cells wide", s, w)
			}
		}
	}
}

type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

// A failure's line is data too, and long.
func TestVerboseFacts(t *testing.T) {
	r := New(&facts.Evidence{Facts: map[string]facts.Fact{
		"m365.tenant":   {Failure: &facts.Failure{Kind: facts.Forbidden, Status: 403, Permission: "Organization.Read.All", Detail: "a\x1b[1mb"}},
		"mail.messages": {Failure: &facts.Failure{Kind: facts.NotDeclared, Detail: "cas.messages is not declared"}},
	}}, checks.Outcome{Results: []checks.Result{sampleGDM()}}, Options{FailOn: checks.StatusWarn})
	out := text(t, r, View{Verbose: true})
	if want := "  forbidden 403 (needs Organization.Read.All): a␛[1mb\n"; !strings.Contains(out, want) {
		t.Errorf("lacks %q:\n%s", want, out)
	}
	if short := text(t, r, View{}); !strings.Contains(short, "Not everything could be read: m365.tenant (failed).") {
		t.Errorf("does not count the fact, or counts what nobody declared:\n%s", short)
	}
	if want := "  not_declared: cas.messages is not declared\n"; !strings.Contains(out, want) {
		t.Errorf("lacks %q:\n%s", want, out)
	}
}

// TestASymptomOfASkippedCheckIsShown: what somebody saw is not lost with the section that is absent.
func TestASymptomOfASkippedCheckIsShown(t *testing.T) {
	skipped := sampleLIC()
	skipped.Symptoms = []facts.Symptom{{Check: skipped.ID, Text: "the license has expired"}}
	r := New(&facts.Evidence{Schema: facts.Schema, Taken: taken}, checks.Outcome{Now: taken, Results: []checks.Result{skipped}},
		Options{FailOn: checks.StatusWarn})
	if got := text(t, r, View{}); !strings.Contains(got, "Seen: “the license has expired”") {
		t.Errorf("the symptom is not shown:\n%s", got)
	}
}
