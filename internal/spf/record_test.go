package spf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProblemsHaveTheirPlace: every mistake of a record is found, with its term and where it is.
// The part of the record between « and » is what the problem points to.
func TestProblemsHaveTheirPlace(t *testing.T) {
	for marked, want := range map[string]string{
		"v=spf1 a -«x» mx -all":              "unknown_mechanism x",
		"v=spf1 «inclde»:a.example":          "unknown_mechanism inclde",
		"v=spf1 +«ip»:192.0.2.1":             "unknown_mechanism ip",
		"v=spf1 -«»":                         "unknown_mechanism ",
		"v=spf1 «redirect»:a.example":        "modifier_with_colon redirect",
		"v=spf1 ?«EXP»:a.example":            "modifier_with_colon exp",
		"v=spf1 -all«:a.example»":            "argument_needless :a.example",
		"v=spf1 all«/8»":                     "argument_needless /8",
		"v=spf1 ptr«/24»":                    "argument_needless /24",
		"v=spf1 include:a.example«/24»":      "argument_needless /24",
		"v=spf1 exists«/8»":                  "argument_needless /8",
		"v=spf1 «include» -all":              "argument_missing include",
		"v=spf1 «exists:»":                   "argument_missing exists",
		"v=spf1 «a:/24»":                     "argument_missing a",
		"v=spf1 «redirect=»":                 "argument_missing redirect",
		"v=spf1 «ip4»":                       "argument_missing ip4",
		"v=spf1 «ip6»/64":                    "argument_missing ip6",
		"v=spf1 «ip4»:":                      "argument_missing ip4",
		"v=spf1 a:example.com«\t»-all":       "bad_character U+0009",
		"v=spf1 a:b«ü»cher.example":          "bad_character U+00FC",
		"v=spf1 «\xfc»a":                     "bad_character 0xFC",
		"v=spf1 «1x»=y":                      "bad_modifier_name 1x",
		"v=spf1 «+redirect»=a.example":       "bad_modifier_name +redirect",
		"v=spf1 «»=y":                        "bad_modifier_name ",
		"v=spf1 exp=a.example «exp=b.com»":   "modifier_twice exp",
		"v=spf1 exists:«%(i).a.example»":     "bad_macro %(i).a.example",
		"v=spf1 exists:%{i}«%»":              "bad_macro %",
		"v=spf1 a:«%{i0}.example»":           "bad_macro %{i0}.example",
		"v=spf1 a:«%{t}.example»":            "bad_macro %{t}.example",
		"v=spf1 a:«%{i.example»":             "bad_macro %{i.example",
		"v=spf1 x=a«%b»":                     "bad_macro %b",
		"v=spf1 a:«localhost»":               "bad_domain localhost",
		"v=spf1 mx:«a.example:25»/24":        "bad_domain a.example:25",
		"v=spf1 redirect=«-all»":             "bad_domain -all",
		"v=spf1 include:«a.example..»":       "bad_domain a.example..",
		"v=spf1 a:«a.-b»":                    "bad_domain a.-b",
		"v=spf1 a:«%{d}com»":                 "bad_domain %{d}com",
		"v=spf1 a:«192.0.2.1»/24":            "address_as_domain 192.0.2.1",
		"v=spf1 mx:«2001:db8::1»":            "address_as_domain 2001:db8::1",
		"v=spf1 ip4:«192.0.2»":               "bad_address 192.0.2",
		"v=spf1 ip4:«192.0.2.01»":            "bad_address 192.0.2.01",
		"v=spf1 ip4:«2001:db8::1»":           "bad_address 2001:db8::1",
		"v=spf1 ip6:«192.0.2.1»":             "bad_address 192.0.2.1",
		"v=spf1 ip6:«fe80::1%eth0»":          "bad_address fe80::1%eth0",
		"v=spf1 ip4:«a.example»/24":          "bad_address a.example",
		"v=spf1 ip4:192.0.2.0«/33»":          "bad_prefix /33",
		"v=spf1 ip4:192.0.2.0«/024»":         "bad_prefix /024",
		"v=spf1 ip4:192.0.2.0«/»":            "bad_prefix /",
		"v=spf1 ip4:192.0.2.0«//24»":         "bad_prefix //24",
		"v=spf1 ip6:2001:db8::«/129»":        "bad_prefix /129",
		"v=spf1 a«/33» -all":                 "bad_prefix /33",
		"v=spf1 a«//129»":                    "bad_prefix //129",
		"v=spf1 a/24«/64»":                   "bad_prefix /64",
		"v=spf1 a«/24/32»":                   "bad_prefix /24/32",
		"v=spf1 mx:a.example«/08»":           "bad_prefix /08",
		"v=spf1 mx:a.example/24«//999» -all": "bad_prefix //999",
	} {
		text := strings.NewReplacer("«", "", "»", "").Replace(marked)
		_, problems := Parse(text)
		if len(problems) != 1 {
			t.Errorf("%q: %d problems: %v", text, len(problems), problems)
			continue
		}
		p := problems[0]
		if p.Warning() {
			t.Errorf("%q: %s is a warning", text, p.Code)
		}
		if got := string(p.Code) + " " + p.Detail; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if got := text[:p.Start] + "«" + text[p.Start:p.End] + "»" + text[p.End:]; got != marked {
			t.Errorf("it points to %q, want %q", got, marked)
		}
		if !strings.Contains(" "+text+" ", " "+p.Term+" ") {
			t.Errorf("%q: %q is no term of it", text, p.Term)
		}
	}
}

// TestEveryProblemIsFound, not just the first.
func TestEveryProblemIsFound(t *testing.T) {
	r, problems := Parse("v=spf1 +a:x inclde:a.example ip4:1.2.3 mx -all")
	var got []string
	for _, p := range problems {
		got = append(got, p.Error())
	}
	want := []string{
		`"+a:x" at 10: bad_domain "x"`,
		`"inclde:a.example" at 12: unknown_mechanism "inclde"`,
		`"ip4:1.2.3" at 33: bad_address "1.2.3"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(r.Terms) != 2 || r.Terms[1].Text != "-all" {
		t.Errorf("the sound terms are %v", r.Terms)
	}
}

func TestTerms(t *testing.T) {
	r, problems := Parse("V=SPF1  +A/24//64 -MX:Mail.Example./0 ~Ptr ?EXISTS:%{I1r-}.%%.a.example ip4:192.0.2.77/24 ip6:2001:DB8::1 " +
		"Redirect=_spf.a.example exp=%{d2} x.y-z_1=%{l} all ")
	if problems != nil {
		t.Fatal(problems)
	}
	var got []string
	for _, term := range r.Terms {
		if r.Text[term.Start:term.End] != term.Text {
			t.Errorf("%q is not at %d", term.Text, term.Start)
		}
		line := fmt.Sprintf("%s %s", term.Name, term.Qualifier)
		if term.Domain != nil {
			line += " " + term.Domain.String()
			if !term.Domain.Fixed() {
				line += " (varies)"
			}
		}
		if term.Network.IsValid() {
			line += " " + term.Network.String()
		}
		if term.Name == "a" || term.Name == "mx" {
			line += fmt.Sprintf(" %d %d", term.Bits4, term.Bits6)
		}
		got = append(got, line)
	}
	want := []string{
		"a pass 24 64",
		"mx fail Mail.Example. 0 128",
		"ptr softfail",
		"exists neutral %{I1r-}.%%.a.example (varies)",
		"ip4 pass 192.0.2.0/24",
		"ip6 pass 2001:db8::1/128",
		"redirect  _spf.a.example",
		"exp  %{d2}",
		"x.y-z_1  %{l} (varies)",
		"all pass",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Redirect == nil || r.Explanation == nil {
		t.Error("the modifiers are lost")
	}
}

func TestIsRecord(t *testing.T) {
	for text, want := range map[string]bool{
		"v=spf1": true, "V=sPf1 -all": true, "v=spf1 ": true,
		"v=spf10": false, "v=spf1\t-all": false, " v=spf1": false, "v=spf": false, "": false, "spf1 -all": false,
	} {
		if IsRecord(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
		if _, problems := Parse(text); !want && (len(problems) != 1 || problems[0].Code != NoRecord) {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

// TestCodes: every code is listed once, and its being a warning is decided.
func TestCodes(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range Codes() {
		if seen[c] || c == "" {
			t.Errorf("%q twice", c)
		}
		seen[c] = true
	}
	if len(seen) != 34 {
		t.Errorf("%d codes", len(seen))
	}
}
