package dmarc

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// zone has the texts of names; the text "!" is a name that does not answer.
type zone map[string][]string

func (z zone) Lookup(_ context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	texts := z[name]
	switch {
	case rr != facts.TypeTXT:
		panic("only texts are asked for")
	case len(texts) == 0:
		return nil, &facts.Failure{Kind: facts.NotFound}
	case texts[0] == "!":
		return nil, &facts.Failure{Kind: facts.Timeout}
	}
	return texts, nil
}

func problems(list []*Problem) (out []string) {
	for _, p := range list {
		line := string(p.Code)
		if p.Domain != "" {
			line = p.Domain + ": " + line
		}
		if p.Detail != "" {
			line += " " + p.Detail
		}
		out = append(out, line)
	}
	return out
}

// TestParse: the tags of RFC 7489, 6.3, and RFC 9989, 4.7, with their defaults.
func TestParse(t *testing.T) {
	r, list := Parse("v=DMARC1; p=Reject ;sp = none; adkim=s;aspf=s; pct=50; rua=mailto:a@b.example!10m,https://c.example; fo=1:d; rf=afrf; ri=86400; np=quarantine; t=y; psd=n;")
	want := &Record{
		Policy: Reject, Subdomains: NonePolicy, NonExistent: Quarantine, StrictDKIM: true, StrictSPF: true,
		Percent: 50, Testing: true, PSD: "n", Reports: true, Text: r.Text, Tags: r.Tags,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, tag := range r.Tags {
		if text := r.Text[tag.Start:tag.End]; !strings.HasPrefix(text, tag.Name) || !strings.HasSuffix(text, tag.Value) {
			t.Errorf("%s is not at %q", tag.Name, text)
		}
	}
	wantProblems := []string{"removed_tag pct", "removed_tag rf", "removed_tag ri", "new_tag np", "new_tag t", "new_tag psd"}
	if diff := cmp.Diff(wantProblems, problems(list)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	r, list = Parse("v=DMARC1;p=none")
	if r.Percent != 100 || r.StrictDKIM || r.Reports || r.Subdomains != "" || list != nil {
		t.Errorf("%+v, %v", r, problems(list))
	}
}

// TestProblemsHaveTheirPlace: the part between « and » is what the problem points to.
func TestProblemsHaveTheirPlace(t *testing.T) {
	for marked, want := range map[string]string{
		"v=DMARC1; p=reject; «adkim=x»":              "bad_value x",
		"v=DMARC1; p=reject; «ri=1d»":                "removed_tag ri, bad_value 1d",
		"v=DMARC1; p=reject; «sp=rejct»":             "bad_value rejct",
		"v=DMARC1; p=reject; «rua=dmarc@a.example»":  "bad_value dmarc@a.example",
		"v=DMARC1; p=reject; «rua=mailto:a.example»": "bad_value mailto:a.example",
		"v=DMARC1; p=reject; «fo=2»":                 "bad_value 2",
		"v=DMARC1; p=reject; «p=none»":               "repeated_tag p",
		"v=DMARC1; p=reject; «quarantine»":           "bad_tag quarantine",
		"v=DMARC1; p=reject; «foo=bar»":              "unknown_tag foo",
		"v=DMARC1; p=reject; «pct=100»":              "removed_tag pct",
		"v=DMARC1; p=reject; «pct=101»":              "removed_tag pct, bad_value 101",
		"v=DMARC1; p=reject; «pct=x»":                "removed_tag pct, bad_value x",
		"v=DMARC1; p=reject; «psd=u»":                "new_tag psd",
		"v=DMARC1; p=reject; «psd=x»":                "new_tag psd, bad_value x",
		"v=DMARC1; p=reject; «rua=mailto:»":          "bad_value mailto:",
		"v=DMARC1; p=reject; «rua=https:»":           "bad_value https:",
		"v=DMARC1; p=reject; «t=n»":                  "new_tag t",
		"v=DMARC1; p=reject;; «foo=bar»":             "unknown_tag foo",
		"v=DMARC1; p=none; adkim=r; aspf=r; «foo=»":  "unknown_tag foo", // the defaults, said in words
		"v=DMARC1; sp=none; «p=reject»":              "policy_not_first",
		"«v=DMARC1; rua=mailto:a@b.example»":         "no_policy",
		"«v=DMARC1»":                                 "no_policy",
		"«V=DMARC1; p=none»":                         "looks_like_dmarc V=DMARC1; p=none",
		"«v=DMARC1.1; p=none»":                       "looks_like_dmarc v=DMARC1.1; p=none",
		"«v=dmarc1; p=none»":                         "looks_like_dmarc v=dmarc1; p=none",
		"«v DMARC1; p=none»":                         "looks_like_dmarc v DMARC1; p=none",
		"«=DMARC1; p=none»":                          "looks_like_dmarc =DMARC1; p=none",
		"«v=; p=none»":                               "looks_like_dmarc v=; p=none",
	} {
		text := strings.NewReplacer("«", "", "»", "").Replace(marked)
		_, list := Parse(text)
		if got := strings.Join(problems(list), ", "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
			continue
		}
		p := list[len(list)-1]
		if got := text[:p.Start] + "«" + text[p.Start:p.End] + "»" + text[p.End:]; got != marked {
			t.Errorf("it points to %q, want %q", got, marked)
		}
	}
}

// TestDiscovery: which record holds, by RFC 7489 and by RFC 9989, and where they differ.
func TestDiscovery(t *testing.T) {
	z := zone{
		"_dmarc.contoso.com":              {"v=DMARC1; p=reject; sp=quarantine"},
		"_dmarc.own.contoso.com":          {"v=DMARC1; p=none"},
		"_dmarc.mid.contoso.com":          {"v=DMARC1; p=none; rua=mailto:a@b.example"},
		"_dmarc.two.example":              {"v=DMARC1; p=none", "v=DMARC1; p=reject"},
		"_dmarc.broken.contoso.com":       {"!"},
		"_dmarc.nopolicy.contoso.com":     {"v=DMARC1; sp=none"},
		"_dmarc.badsp.contoso.com":        {"v=DMARC1; p=reject; sp=x"},
		"_dmarc.badnp.contoso.com":        {"v=DMARC1; p=reject; np=x"},
		"_dmarc.reports.contoso.com":      {"v=DMARC1; p=oops; rua=mailto:a@b.example"},
		"_dmarc.other.contoso.com":        {"hello", "v=DMARC1; p=none"},
		"_dmarc.meant.example":            {"v=DMARC 1; p=none"},
		"_dmarc.bank":                     {"v=DMARC1; p=reject; psd=y"},
		"_dmarc.gov.example":              {"v=DMARC1; p=reject; sp=none; psd=y"},
		"_dmarc.division.corp.example":    {"v=DMARC1; p=none; psd=n"},
		"_dmarc.corp.example":             {"v=DMARC1; p=reject"},
		"_dmarc.b.c.d.e.f.g.corp.example": {"v=DMARC1; p=none"},
	}
	show := func(d *Discovery) string {
		switch {
		case d.Failure != nil:
			return "not found out: " + string(d.Failure.Kind)
		case d.Record == nil:
			return "no policy, " + d.Organizational
		}
		return string(d.Policy) + " at " + d.At + ", " + d.Organizational
	}
	for domain, want := range map[string]string{
		"contoso.com":          "reject at contoso.com, contoso.com",
		"Contoso.com.":         "reject at contoso.com, contoso.com",
		"own.contoso.com":      "none at own.contoso.com, contoso.com",
		"a.b.contoso.com":      "quarantine at contoso.com, contoso.com",
		"other.contoso.com":    "none at other.contoso.com, contoso.com",
		"broken.contoso.com":   "not found out: timeout",
		"a.broken.contoso.com": "quarantine at contoso.com, contoso.com / not found out: timeout",
		"two.example":          "no policy, two.example",
		"a.two.example":        "no policy, two.example / no policy, a.two.example",
		"nothing.example":      "no policy, nothing.example",
		// The organizational domain's record counts, not one between (RFC 7489); the walk takes
		// that of the organizational domain, too.
		"x.mid.contoso.com": "quarantine at contoso.com, contoso.com",
		// Broken records are ignored, and do not let the one above hold; np is new.
		"nopolicy.contoso.com": "no policy, contoso.com",
		"badsp.contoso.com":    "no policy, contoso.com",
		"badnp.contoso.com":    "reject at badnp.contoso.com, contoso.com / no policy, contoso.com",
		"reports.contoso.com":  "none at reports.contoso.com, contoso.com",
		"meant.example":        "no policy, meant.example",
		// A public suffix with a policy of its own, which only the walk reaches.
		"a.example.bank":  "no policy, example.bank / reject at bank, example.bank",
		"gov.example":     "reject at gov.example, gov.example",
		"a.b.gov.example": "none at gov.example, gov.example / none at gov.example, b.gov.example",
		// psd=n makes a division an organisation of its own.
		"x.division.corp.example": "reject at corp.example, corp.example / none at division.corp.example, division.corp.example",
		// From more than eight labels the walk goes on with seven.
		"1.2.a.b.c.d.e.f.g.corp.example": "reject at corp.example, corp.example",
	} {
		a, b := Discover(t.Context(), z, domain), Walk(t.Context(), z, domain)
		got := show(a)
		if show(b) != got {
			got += " / " + show(b)
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", domain, got, want)
		}
		if Differs(a, b) != strings.Contains(want, " / ") && a.Failure == nil && b.Failure == nil {
			t.Errorf("%s: differs: %v", domain, Differs(a, b))
		}
	}
	z["_dmarc.own.broken.contoso.com"] = []string{"v=DMARC1; p=none"}
	if d := Walk(t.Context(), z, "own.broken.contoso.com"); d.Failure == nil || d.Policy != NonePolicy || d.At != d.Domain {
		t.Errorf("the domain's own record holds, whatever is above it: %+v", d)
	}
	d := Discover(t.Context(), z, "meant.example")
	if diff := cmp.Diff([]string{"meant.example: looks_like_dmarc v=DMARC 1; p=none"}, problems(d.Problems)); diff != "" {
		t.Error(diff)
	}
	d = Discover(t.Context(), z, "two.example")
	if diff := cmp.Diff([]string{"two.example: many_records"}, problems(d.Problems)); diff != "" {
		t.Error(diff)
	}
}

// asking records the names in order.
type asking struct {
	zone
	names *[]string
}

func (a asking) Lookup(ctx context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	*a.names = append(*a.names, name)
	return a.zone.Lookup(ctx, name, rr)
}

// TestWalkIsBounded: eight questions, however long the name. It is the example of RFC 9989, 4.10.
func TestWalkIsBounded(t *testing.T) {
	var names []string
	Walk(t.Context(), asking{zone{}, &names}, "a.b.c.d.e.f.g.h.i.j.mail.example.com")
	want := []string{
		"_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com", "_dmarc.g.h.i.j.mail.example.com", "_dmarc.h.i.j.mail.example.com",
		"_dmarc.i.j.mail.example.com", "_dmarc.j.mail.example.com", "_dmarc.mail.example.com", "_dmarc.example.com", "_dmarc.com",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOrganizationalDomain(t *testing.T) {
	for domain, want := range map[string]string{
		"contoso.com": "contoso.com", "a.b.Contoso.com.": "contoso.com", "a.contoso.co.uk": "contoso.co.uk",
		"mail.contoso.onmicrosoft.com": "contoso.onmicrosoft.com", "contoso.onmicrosoft.com": "contoso.onmicrosoft.com",
		"onmicrosoft.com": "onmicrosoft.com", "co.uk": "co.uk", "a.bücher.example": "xn--bcher-kva.example", "": "",
	} {
		if got := OrganizationalDomain(domain); got != want {
			t.Errorf("%s: %s, want %s", domain, got, want)
		}
	}
}

func TestAligned(t *testing.T) {
	for _, tt := range []struct {
		from, authenticated string
		relaxed, strict     bool
	}{
		{"contoso.com", "Contoso.com.", true, true},
		{"contoso.com", "bounce.contoso.com", true, false},
		{"a.contoso.com", "b.contoso.com", true, false},
		{"contoso.com", "mailer.example", false, false},
		{"contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com", false, false},
		{"a.co.uk", "b.co.uk", false, false},
		{"", "", false, false},
	} {
		if Aligned(tt.from, tt.authenticated, false) != tt.relaxed || Aligned(tt.from, tt.authenticated, true) != tt.strict {
			t.Errorf("%s and %s", tt.from, tt.authenticated)
		}
	}
}

// FuzzParse: any text is taken apart without a panic, with every problem inside of it.
func FuzzParse(f *testing.F) {
	f.Add("v=DMARC1; p=reject; sp=none; rua=mailto:a@b.example; pct=50; t=y; psd=u")
	f.Add("v = DMARC1 ;; p =none; =; x; p=reject;\tadkim = s ; rua=,")
	f.Fuzz(func(t *testing.T, text string) {
		r, list := Parse(text)
		for _, p := range list {
			if p.Start < 0 || p.Start > p.End || p.End > len(text) {
				t.Fatalf("%q: %+v", text, p)
			}
		}
		for _, tag := range r.Tags {
			if got := strings.ToLower(text[tag.Start:tag.End]); !strings.HasPrefix(got, tag.Name) {
				t.Fatalf("%q: %+v is at %q", text, tag, got)
			}
		}
	})
}

// TestDiffers: each of the three alone is worth telling.
func TestDiffers(t *testing.T) {
	same := Discovery{At: "a.example", Policy: Reject, Organizational: "a.example"}
	for name, change := range map[string]func(*Discovery){
		"another place":        func(d *Discovery) { d.At = "b.example" },
		"another policy":       func(d *Discovery) { d.Policy = NonePolicy },
		"another organisation": func(d *Discovery) { d.Organizational = "b.example" },
	} {
		other := same
		change(&other)
		if !Differs(&same, &other) {
			t.Errorf("%s: no difference", name)
		}
	}
	if again := same; Differs(&same, &again) {
		t.Error("the same differs")
	}
}

// TestReports: only aggregate reports make a record without a policy count (RFC 7489, 6.6.3).
func TestReports(t *testing.T) {
	for text, want := range map[string]bool{
		"v=DMARC1; rua=mailto:a@b.example": true,
		"v=DMARC1; ruf=mailto:a@b.example": false,
		"v=DMARC1; rua=a@b.example":        false,
	} {
		if r, _ := Parse(text); r.Reports != want {
			t.Errorf("%s: %v", text, r.Reports)
		}
	}
}
