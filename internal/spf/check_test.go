package spf

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// records makes a zone of lines "name type value"; the value of a TXT goes to the end of the line,
// and the type TIMEOUT has none.
func records(t testing.TB, lines ...string) zone {
	t.Helper()
	z := zone{}
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, " ")
		rr, value, ok := strings.Cut(rest, " ")
		if !ok && rr != string(timeout) {
			t.Fatalf("not a record: %q", line)
		}
		if z[name] == nil {
			z[name] = map[facts.RRType][]string{}
		}
		z[name][facts.RRType(rr)] = append(z[name][facts.RRType(rr)], value)
	}
	return z
}

// trail writes down the steps of an evaluation.
func trail(v *Visit, depth string) (out []string) {
	if v == nil {
		return nil
	}
	out = append(out, fmt.Sprintf("%s%s: %s", depth, v.Domain, v.Result))
	for _, s := range v.Steps {
		line := fmt.Sprintf("%s  %s", depth, s.Term.Text)
		if s.Target != "" {
			line += " " + s.Target
		}
		if s.Match {
			line += " matches"
		}
		if s.Lookups+s.Voids > 0 {
			line += fmt.Sprintf(" (%d, %d void)", s.Lookups, s.Voids)
		}
		if s.Why != nil {
			line += " ! " + s.Why.Error()
		}
		out = append(out, line)
		out = append(out, trail(s.Visit, depth+"  ")...)
	}
	return out
}

// TestTrail: the report shows the way, what every term cost, and the term that decided.
func TestTrail(t *testing.T) {
	z := records(t, "a.example TXT v=spf1 a:nowhere.example include:b.example include:c.example -all",
		"b.example TXT v=spf1 mx ip4:192.0.2.0/24 ~all", "b.example MX 10 mail.b.example", "mail.b.example A 198.51.100.1",
		"c.example TXT v=spf1 redirect=d.example", "d.example TXT v=spf1 exists:%{i}.%{l}.d.example ?all",
		"203.0.113.9.postmaster.d.example A 127.0.0.2")
	r := New(z).Check(t.Context(), Query{IP: netip.MustParseAddr("203.0.113.9"), Helo: "h.example", Sender: "@a.example"})
	want := []string{
		"a.example: pass",
		"  a:nowhere.example nowhere.example (1, 1 void)",
		"  include:b.example b.example (2, 0 void)",
		"  b.example: softfail",
		"    mx b.example (1, 0 void)",
		"    ip4:192.0.2.0/24",
		"    ~all matches",
		"  include:c.example c.example matches (3, 0 void)",
		"  c.example: pass",
		"    redirect=d.example d.example matches (2, 0 void)",
		"    d.example: pass",
		"      exists:%{i}.%{l}.d.example 203.0.113.9.postmaster.d.example matches (1, 0 void)",
	}
	if diff := cmp.Diff(want, trail(r.Visit, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Result != Pass || r.Lookups != 6 || r.Voids != 1 || r.Macros != "il" {
		t.Errorf("%s, %d look-ups, %d void, macros %q", r.Result, r.Lookups, r.Voids, r.Macros)
	}
	if v, s := r.Decided(); s == nil || v.Domain != "a.example" || s.Term.Text != "include:c.example" {
		t.Errorf("decided by %v in %v", s, v)
	}
	r = New(z).Check(t.Context(), Query{IP: netip.MustParseAddr("203.0.113.10"), Sender: "a@c.example"})
	if v, s := r.Decided(); r.Result != Neutral || s == nil || v.Domain != "d.example" || s.Term.Text != "?all" {
		t.Errorf("%s, decided by %v in %v: it is the term that the redirect leads to", r.Result, s, v)
	}
}

// TestErrorsHaveTheirTerm: an evaluation that does not come to a result says at which term.
func TestErrorsHaveTheirTerm(t *testing.T) {
	ten := strings.Repeat("a:mail.example ", 10)
	z := records(t, "mail.example A 192.0.2.1",
		"lookups.example TXT v=spf1 "+ten+"mx:mail.example -all",
		"nested.example TXT v=spf1 a:mail.example include:lookups.example -all",
		"voids.example TXT v=spf1 a:v1.example mx:v2.example exists:v3.example -all",
		"names.example TXT v=spf1 mx:hosts.example -all",
		"silent.example TXT v=spf1 ip4:192.0.2.9 a:gone.example -all", "gone.example TIMEOUT",
		"includes.example TXT v=spf1 include:silent.example -all",
		"deep.example TXT v=spf1 include:gone.example -all",
		"none.example TXT v=spf1 include:mail.example -all",
		"empty.example TXT v=spf1 redirect=mail.example",
		"two.example TXT v=spf1 -all", "two.example TXT v=spf1 ~all",
		"uses.example TXT v=spf1 mx include:two.example -all", "uses.example MX 0 .",
		"syntax.example TXT v=spf1 ip4:203.0.113.9 include:bad.example", "bad.example TXT v=spf1 ip4:1.2.3 -all",
		"badname.example TXT v=spf1 include:a..example",
		"pmacro.example TXT v=spf1 "+ten[:len("a:mail.example ")*9]+"exists:%{p}.p.example",
	)
	for i := range 11 {
		z["hosts.example"] = map[facts.RRType][]string{facts.TypeMX: append(z["hosts.example"][facts.TypeMX], fmt.Sprintf("%d h%d.example", i, i))}
	}
	for domain, want := range map[string]string{
		"lookups.example":  `permerror lookups.example: "mx:mail.example" at 157: too_many_lookups`,
		"nested.example":   `permerror lookups.example: "a:mail.example" at 127: too_many_lookups`,
		"voids.example":    `permerror voids.example: "exists:v3.example" at 34: too_many_voids "v3.example"`,
		"names.example":    `permerror names.example: "mx:hosts.example" at 7: too_many_names "11"`,
		"silent.example":   `temperror silent.example: "a:gone.example" at 21: not_found_out "gone.example A" (timeout)`,
		"includes.example": `temperror silent.example: "a:gone.example" at 21: not_found_out "gone.example A" (timeout)`,
		"deep.example":     `temperror deep.example: "include:gone.example" at 7: not_found_out "gone.example TXT" (timeout)`,
		"gone.example":     `temperror gone.example: not_found_out "gone.example TXT" (timeout)`,
		"none.example":     `permerror none.example: "include:mail.example" at 7: no_record "mail.example"`,
		"empty.example":    `permerror empty.example: "redirect=mail.example" at 7: no_record "mail.example"`,
		"two.example":      `permerror two.example: many_records "2"`,
		"uses.example":     `permerror two.example: many_records "2"`,
		"syntax.example":   `permerror bad.example: "ip4:1.2.3" at 11: bad_address "1.2.3"`,
		"badname.example":  `permerror badname.example: "include:a..example" at 7: no_record "a..example"`,
		"mail.example":     `none mail.example: no_record`,
		"localhost":        `none localhost: not_a_domain "localhost"`,
		// The tenth term that asks, and the question that its macro asks, are eleven.
		"pmacro.example": `permerror pmacro.example: "exists:%{p}.p.example" at 142: too_many_lookups`,
	} {
		ip := "203.0.113.8"
		r := New(z).Check(t.Context(), Query{IP: netip.MustParseAddr(ip), Sender: "a@" + domain})
		if r.Why == nil {
			t.Errorf("%s: %s", domain, r.Result)
		} else if got := string(r.Result) + " " + r.Why.Error(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", domain, got, want)
		}
	}
}

// TestIdentity: whose policy it is, and what the macros stand for (RFC 7208, 2.4, 4.3 and 7).
func TestIdentity(t *testing.T) {
	z := records(t, "xn--bcher-kva.example TXT v=spf1 exp=x.example -all", "x.example TXT %{s}|%{l}|%{o}|%{d}|%{i}|%{v}|%{h}|%{c}|%{r}|%{t}|%{p}|%{l2r+}|%{D1}|%{S}",
		"h.example TXT v=spf1 exp=x.example -all")
	at := time.Unix(1_790_000_000, 0)
	for _, tt := range []struct{ helo, sender, ip, want string }{
		{
			"h.example", "a+b+c@Bücher.Example.", "192.0.2.1",
			"a+b+c@xn--bcher-kva.example|a+b+c|xn--bcher-kva.example|xn--bcher-kva.example|192.0.2.1|in-addr|h.example|192.0.2.1|mx|1790000000|unknown|b.a|example|a%2Bb%2Bc%40xn--bcher-kva.example",
		},
		{
			"H.example", "", "::ffff:192.0.2.1",
			"postmaster@h.example|postmaster|h.example|h.example|192.0.2.1|in-addr|H.example|192.0.2.1|mx|1790000000|unknown|postmaster|example|postmaster%40h.example",
		},
		{
			"[192.0.2.1]", "@h.example", "2001:db8::1%eth0",
			"postmaster@h.example|postmaster|h.example|h.example|2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1|ip6|[192.0.2.1]|2001:db8::1|mx|1790000000|unknown|postmaster|example|postmaster%40h.example",
		},
	} {
		r := New(z).Check(t.Context(), Query{IP: netip.MustParseAddr(tt.ip), Helo: tt.helo, Sender: tt.sender, Receiver: "mx", At: at})
		if r.Result != Fail || r.Explanation != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.sender, r.Explanation, tt.want)
		}
	}
	if r := New(z).Check(t.Context(), Query{Sender: "a@h.example"}); r.Result != TempError || r.Why == nil || r.Why.Cause == nil {
		t.Errorf("without an address: %s, %v", r.Result, r.Why)
	}
}

// TestNamesOfTheClient: that DNS gives no name is no match; that nobody asked is not known.
func TestNamesOfTheClient(t *testing.T) {
	z := records(t, "a.example TXT v=spf1 ptr -all", "7.113.0.203.in-addr.arpa TIMEOUT", "8.113.0.203.in-addr.arpa PTR mail.a.example",
		"mail.a.example TIMEOUT", "m.example TXT v=spf1 exists:%{p}.m.example -all")
	for _, tt := range []struct{ ip, domain, want string }{
		{"203.0.113.7", "a.example", "fail, unsure 7.113.0.203.in-addr.arpa PTR"},
		{"203.0.113.8", "a.example", "fail, unsure mail.a.example A"},
		{"203.0.113.9", "a.example", "fail"},
		{"203.0.113.7", "m.example", "fail, unsure 7.113.0.203.in-addr.arpa PTR"},
	} {
		q := Query{IP: netip.MustParseAddr(tt.ip), Sender: "a@" + tt.domain}
		r := New(z).Check(t.Context(), q)
		got := string(r.Result)
		for _, p := range r.Unsure {
			got += ", unsure " + p.Detail
		}
		if got != tt.want {
			t.Errorf("%s for %s: %s, want %s", tt.ip, tt.domain, got, tt.want)
		}
		recorded := maildns.NewZone([]facts.DNSAnswer{
			{Name: "a.example", Type: facts.TypeTXT, Records: facts.Got(z["a.example"][facts.TypeTXT])},
			{Name: "m.example", Type: facts.TypeTXT, Records: facts.Got(z["m.example"][facts.TypeTXT])},
		})
		if r := New(recorded).Check(t.Context(), q); r.Result != TempError || r.Why.Cause.Kind != facts.NotCollected {
			t.Errorf("%s for %s, not asked: %s, %v", tt.ip, tt.domain, r.Result, r.Why)
		}
	}
}

// counting counts what is asked.
type counting struct {
	maildns.Resolver
	asked map[string]int
}

func (c counting) Lookup(ctx context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	c.asked[name+" "+string(rr)]++
	return c.Resolver.Lookup(ctx, name, rr)
}

// TestNothingIsAskedInVain: what comes after the term that decides is not asked for, a record is
// read once, and an evaluation never asks more than the limits allow.
func TestNothingIsAskedInVain(t *testing.T) {
	z := records(t, "a.example TXT v=spf1 include:b.example include:b.example a:mail.example mx exp=x.example -all",
		"b.example TXT v=spf1 -all", "mail.example A 192.0.2.1", "a.example MX 0 mail.example")
	c := counting{z, map[string]int{}}
	if r := New(c).Check(t.Context(), Query{IP: netip.MustParseAddr("192.0.2.1"), Sender: "a@a.example"}); r.Result != Pass || r.Lookups != 3 {
		t.Errorf("%s, %d", r.Result, r.Lookups)
	}
	want := map[string]int{"a.example TXT": 1, "b.example TXT": 1, "mail.example A": 1}
	if diff := cmp.Diff(want, c.asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
