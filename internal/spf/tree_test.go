package spf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// outline writes down what a tree costs.
func outline(t *Tree, depth string) (out []string) {
	out = append(out, fmt.Sprintf("%s%s (%d, %d/%d void)", depth, t.Domain, t.Lookups, t.Voids.IPv4, t.Voids.IPv6))
	for _, u := range t.Terms {
		line := depth + "  " + u.Term.Text
		if u.Lookups > 0 {
			line += fmt.Sprintf(" %s (%d, %d/%d void)", u.Target, u.Lookups, u.Voids.IPv4, u.Voids.IPv6)
		}
		if u.Varies {
			line += " varies"
		}
		out = append(out, line)
		if u.Tree != nil {
			out = append(out, outline(u.Tree, depth+"    ")...)
		}
	}
	return out
}

func problems(t *Tree) (out []string) {
	for _, p := range t.All() {
		out = append(out, p.Error())
	}
	return out
}

// TestTreeCosts: look-ups and void look-ups are counted per term, through all that it includes.
func TestTreeCosts(t *testing.T) {
	z := records(t, "a.example TXT v=spf1 Include:B.example mx:four.example exists:%{i}.x.example ptr redirect=c.example",
		"b.example TXT v=spf1 a:four.example a:six.example a:none.example ip4:192.0.2.0/24 ~all",
		"c.example TXT v=spf1 exists:gone.example include:b.example -all",
		"four.example A 192.0.2.1", "six.example AAAA 2001:db8::1",
		"four.example MX 0 four.example", "four.example MX 5 six.example", "four.example MX 9 .")
	got := New(z).Tree(t.Context(), "A.example.")
	want := []string{
		"a.example (13, 6/6 void)",
		"  Include:B.example b.example (4, 2/2 void)",
		"    b.example (3, 2/2 void)",
		"      a:four.example four.example (1, 0/1 void)",
		"      a:six.example six.example (1, 1/0 void)",
		"      a:none.example none.example (1, 1/1 void)",
		"      ip4:192.0.2.0/24",
		"      ~all",
		"  mx:four.example four.example (1, 1/1 void)",
		"  exists:%{i}.x.example %{i}.x.example (1, 0/0 void) varies",
		"  ptr a.example (1, 0/0 void) varies",
		"  redirect=c.example c.example (6, 3/3 void)",
		"    c.example (5, 3/3 void)",
		"      exists:gone.example gone.example (1, 1/1 void)",
		"      include:b.example b.example (4, 2/2 void)",
		"        b.example (3, 2/2 void)",
		"          a:four.example four.example (1, 0/1 void)",
		"          a:six.example six.example (1, 1/0 void)",
		"          a:none.example none.example (1, 1/1 void)",
		"          ip4:192.0.2.0/24",
		"          ~all",
		"      -all",
	}
	if diff := cmp.Diff(want, outline(got, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The eleventh look-up is the a:four.example of the second time that b.example is included, the
	// third void one for IPv4 is the mx.
	wantProblems := []string{
		`b.example: "a:four.example" at 7: too_many_lookups "13"`,
		`a.example: "mx:four.example" at 25: too_many_voids "6"`,
		`a.example: "ptr" at 63: uses_ptr`,
		`b.example: "a:none.example" at 36: void_target "none.example"`,
		`c.example: "exists:gone.example" at 7: void_target "gone.example"`,
	}
	if diff := cmp.Diff(wantProblems, problems(got)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestTreeProblems: what is wrong or risky in a policy, at its term.
func TestTreeProblems(t *testing.T) {
	for name, tt := range map[string]struct {
		zone []string
		want []string
	}{
		"sound":       {[]string{"a.example TXT v=spf1 include:b.example -all", "b.example TXT v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all"}, nil},
		"no record":   {[]string{"a.example TXT hello"}, []string{`a.example: no_record`}},
		"two records": {[]string{"a.example TXT v=spf1 -all", "a.example TXT V=SPF1 a"}, []string{`a.example: many_records "2"`}},
		"meant to be": {
			[]string{`a.example TXT "v=spf1 -all"`, "a.example TXT v=spf1; -all", "a.example TXT spf2.0/pra -all", "a.example TXT v=spf10"},
			[]string{`a.example: no_record`, `a.example: looks_like_spf "\"v=spf1 -all\""`, `a.example: looks_like_spf "v=spf1; -all"`},
		},
		"after all": {
			[]string{"a.example TXT v=spf1 -all ip4:192.0.2.1 include:nowhere.example redirect=b.example"},
			[]string{
				`a.example: "ip4:192.0.2.1" at 12: never_reached`,
				`a.example: "include:nowhere.example" at 26: never_reached`,
				`a.example: "redirect=b.example" at 50: redirect_ignored`,
			},
		},
		"of the domain": {
			[]string{"a.example TXT v=spf1 redirect=_spf.%{d}", "_spf.a.example TXT v=spf1 include:%{o2}.b.example a:%{d3}.c.example -all", "a.example.b.example TXT v=spf1 -all"},
			[]string{`_spf.a.example: "a:%{d3}.c.example" at 31: void_target "_spf.a.example.c.example"`},
		},
		"open":      {[]string{"a.example TXT v=spf1 ip4:192.0.2.1"}, []string{`a.example: open_end`}},
		"everybody": {[]string{"a.example TXT v=spf1 +all"}, []string{`a.example: "+all" at 7: pass_all`}},
		"wide": {[]string{"a.example TXT v=spf1 ip4:10.0.0.0/8 ip4:192.0.0.0/16 ip6:2001:db8::/31 ip6:::ffff:192.0.2.0/120 -all"}, []string{
			`a.example: "ip4:10.0.0.0/8" at 7: wide_network "10.0.0.0/8"`,
			`a.example: "ip6:2001:db8::/31" at 39: wide_network "2001:db8::/31"`,
			`a.example: "ip6:::ffff:192.0.2.0/120" at 57: mapped_network "::ffff:192.0.2.0/120"`,
		}},
		"twice": {[]string{"a.example TXT v=spf1 ip4:192.0.2.1 IP4:192.0.2.1 ?all"}, []string{`a.example: "IP4:192.0.2.1" at 21: repeated`}},
		"modifiers": {[]string{"a.example TXT v=spf1 default=deny foo=bar exp=b.example -all", "b.example TXT one", "b.example TXT two"}, []string{
			`a.example: "default=deny" at 7: obsolete_default "fail"`,
			`a.example: "foo=bar" at 20: unknown_modifier "foo"`,
			`a.example: "exp=b.example" at 28: bad_explanation "b.example"`,
		}},
		"a loop": {
			[]string{"a.example TXT v=spf1 include:b.example -all", "b.example TXT v=spf1 redirect=a.example"},
			[]string{`b.example: "redirect=a.example" at 7: loop "a.example"`},
		},
		"nested syntax": {
			[]string{"a.example TXT v=spf1 include:b.example x -all", "b.example TXT v=spf1 y z -all"},
			[]string{
				`a.example: "x" at 25: unknown_mechanism "x"`,
				`b.example: "y" at 7: unknown_mechanism "y"`, `b.example: "z" at 9: unknown_mechanism "z"`,
			},
		},
		"nothing there": {
			[]string{"a.example TXT v=spf1 include:b.example include:c.example include:x..y.example mx:many.example -all", "b.example TIMEOUT", "c.example TXT v=spf1;a"},
			[]string{
				`a.example: "include:b.example" at 7: not_found_out "b.example TXT" (timeout)`,
				`a.example: "include:c.example" at 25: no_record "c.example"`,
				`a.example: "include:x..y.example" at 43: no_record "x..y.example"`,
				`a.example: "include:c.example" at 25: looks_like_spf "v=spf1;a"`,
				`a.example: "mx:many.example" at 64: void_target "many.example"`,
			},
		},
		"not found out": {
			[]string{"a.example TXT v=spf1 a:b.example -all", "b.example TIMEOUT"},
			[]string{
				`a.example: "a:b.example" at 7: not_found_out "b.example A" (timeout)`,
				`a.example: "a:b.example" at 7: not_found_out "b.example AAAA" (timeout)`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := problems(New(records(t, tt.zone...)).Tree(t.Context(), "a.example"))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := problems(New(records(t)).Tree(t.Context(), "localhost")); len(got) != 1 || got[0] != `localhost: not_a_domain "localhost"` {
		t.Errorf("%q", got)
	}
	long := "a.example TXT v=spf1 exists:%{i}." + strings.Repeat("y.", longRecord/2) + "example -all"
	if got := problems(New(records(t, long)).Tree(t.Context(), "a.example")); len(got) != 1 || got[0] != `a.example: long_record "481"` {
		t.Errorf("%q", got)
	}
}

// TestTreeIsBounded: records that multiply what they cost, and a chain without end, are looked at
// in bounded time.
func TestTreeIsBounded(t *testing.T) {
	z := zone{}
	for i := range 60 {
		next := "d" + strconv.Itoa(i+1) + ".example"
		z["d"+strconv.Itoa(i)+".example"] = map[facts.RRType][]string{facts.TypeTXT: {"v=spf1 include:" + next + " a:v.example include:" + next + " -all"}}
	}
	z["d60.example"] = map[facts.RRType][]string{facts.TypeTXT: {"v=spf1 -all"}}
	got := New(z).Tree(t.Context(), "d0.example")
	if got.Lookups != many || got.Voids.IPv4 != many {
		t.Errorf("%d look-ups, %d void", got.Lookups, got.Voids.IPv4)
	}
	if all := problems(got); all[0] != `d10.example: "include:d11.example" at 7: too_many_lookups "1048576"` {
		t.Errorf("%q", all)
	}
	c := counting{endless{}, map[string]int{}}
	if got := New(c).Tree(t.Context(), "a.example"); len(c.asked) != maxRecords+1 || got.Lookups < MaxLookups {
		t.Errorf("%d questions, %d look-ups", len(c.asked), got.Lookups)
	}
}

// TestIncludes: the names that a policy includes at any depth, and whether those are all.
func TestIncludes(t *testing.T) {
	z := records(t, "a.example TXT v=spf1 include:b.example redirect=c.example", "b.example TXT v=spf1 -all", "c.example TXT v=spf1 include:none.example -all",
		"sender.example TXT v=spf1 include:%{l}.example -all", "silent.example TXT v=spf1 include:timeout.example -all", "timeout.example TIMEOUT")
	for name, want := range map[string]string{
		"a.example": "b.example c.example none.example true", "sender.example": "%{l}.example false",
		"silent.example": "timeout.example false", "none.example": " true", "timeout.example": " false",
	} {
		names, whole := New(z).Tree(t.Context(), name).Includes()
		slices.Sort(names)
		if got := fmt.Sprintf("%s %v", strings.Join(names, " "), whole); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
