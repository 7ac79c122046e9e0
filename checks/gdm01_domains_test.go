package checks

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// entriesIn judges a list as it is written against an organisation that has contoso.com,
// contoso.example and mail.contoso.com, and gives "subject verdict: codes" for each entry of a
// cause, the one that stands for all as -.
func entriesIn(t *testing.T, cause, base string, list []string, lines ...string) []string {
	t.Helper()
	entries := make([]facts.ListEntry, 0, len(list))
	for i, e := range list {
		entries = append(entries, facts.ListEntry{Text: e, Line: i + 1})
	}
	asJSON := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	lines = append([]string{
		"base " + base, "declared.cas:internal_domains = " + asJSON(list), "declared.cas:internal_domain_entries = " + asJSON(entries),
	}, lines...)
	res := Evaluate(evidenceOf(t, t.Name(), "GDM-01", lines), []Check{GDM01()}, Options{}).Results[0]
	out := []string{}
	for _, e := range res.Causes {
		if e.ID == cause {
			out = append(out, dash(e.Subject)+" "+e.Verdict+codes(e.Reasons))
		}
		for _, r := range e.Reasons {
			if r.Text.EN == r.Code || r.Text.JA == r.Code || strings.Contains(r.Text.EN, "{") || strings.Contains(r.Text.JA, "{") {
				t.Errorf("%s: %+v", r.Code, r.Text)
			}
		}
	}
	return out
}

// TestEveryFindingOfTheComparison: one row for each finding that the comparison of the
// tenants' domains with a declared list can have.
func TestEveryFindingOfTheComparison(t *testing.T) {
	all := func(more ...string) []string {
		return append([]string{"contoso.com", "contoso.example", "mail.contoso.com"}, more...)
	}
	const domains = "workspace.domains:domains.value = "
	inOrder, listed := "- refuted: entries_in_order", "- refuted: all_domains_listed domains_in_both"
	for _, tt := range []struct {
		name, cause string
		list        []string
		lines       []string
		want        []string
	}{
		{"everything is listed", "C2", all(), nil, []string{listed}},
		{"a verified domain is missing", "C2", all(), []string{
			domains + `[{"domainName":"contoso.com","verified":true},{"domainName":"new.example","verified":true,"creationTime":"2026-11-01T00:00:00Z"}]`,
		}, []string{"new.example confirmed: domain_missing"}},
		{"a new domain is missing", "C2", all(), []string{
			domains + `[{"domainName":"contoso.com","verified":true},{"domainName":"new.example","verified":true,"creationTime":"2026-11-19T23:00:00Z"}]`,
		}, []string{"new.example supported: domain_pending"}},
		{"a new alias is missing", "C2", all(), []string{
			`workspace.domains:aliases.value = [{"domainAliasName":"new.example","verified":true,"creationTime":"2026-11-20T05:00:00Z"}]`,
			"workspace.domains:domains.value.0.domainAliases = null",
		}, []string{"new.example supported: domain_pending"}},
		{"a verified alias is missing", "C2", []string{"contoso.com", "mail.contoso.com"}, nil, []string{"contoso.example confirmed: domain_missing"}},
		{"a new domain where no synchronisation brings it", "C2", all(), []string{
			"declared.google:provisioned_during_preview = true", "declared.google:granted_scopes = []",
			domains + `[{"domainName":"contoso.com","verified":true},{"domainName":"new.example","verified":true,"creationTime":"2026-11-19T23:00:00Z"}]`,
		}, []string{"new.example confirmed: domain_missing"}},
		{"only Microsoft 365 has it", "C2", all(), []string{
			`m365.tenant:domains.value = [{"id":"contoso-sales.example","isVerified":true}]`,
		}, []string{"contoso-sales.example supported: domain_missing_m365"}},
		{"unverified, and not listed", "C2", all(), []string{
			`m365.tenant:domains.value = [{"id":"contoso-sales.example","isVerified":false},{"id":"contoso.com","isVerified":true}]`,
		}, []string{listed}},
		{"a sub-domain of a listed domain", "C2", []string{"contoso.com", "contoso.example"}, nil, []string{"mail.contoso.com supported: subdomain_listed"}},
		{"listed as a wildcard only", "C2", []string{"*.contoso.com", "contoso.example", "mail.contoso.com"}, nil, []string{"contoso.com supported: only_wildcard"}},
		{"a sub-domain of a wildcard", "C2", all("*.contoso.org"), []string{
			`m365.tenant:domains.value = [{"id":"a.contoso.org","isVerified":true}]`,
		}, []string{"a.contoso.org supported: only_wildcard"}},
		{"only within an entry that is no domain", "C2", []string{"https://contoso.com/", "contoso.example", "it@mail.contoso.com"}, nil, []string{
			"contoso.com supported: entry_garbled", "mail.contoso.com supported: entry_garbled",
		}},
		{"an entry of another domain is no domain", "C2", []string{"https://notcontoso.com/", "contoso.example", "mail.contoso.com"}, nil, []string{
			"contoso.com confirmed: domain_missing",
		}},
		{"an empty entry may have been it", "C2", []string{"", "contoso.example", "mail.contoso.com"}, nil, []string{"contoso.com unknown: list_broken"}},
		{"onmicrosoft.com is not listed", "C2", all(), []string{
			`m365.tenant:domains.value = [{"id":"contoso.onmicrosoft.com","isVerified":true,"isInitial":true},{"id":"contoso.mail.onmicrosoft.com","isVerified":true}]`,
		}, []string{"- refuted: all_domains_listed"}},
		{"onmicrosoft.com is listed", "X2", all("contoso.onmicrosoft.com", "contoso.mail.onmicrosoft.com"), nil, []string{inOrder}},
		{"the test alias is listed", "X2", all("contoso.com.test-google-a.com"), nil, []string{inOrder}},
		{"Google and Microsoft 365 have it", "C2", all(), nil, []string{listed}},
		{"only Google verified it", "C2", []string{"contoso.example", "mail.contoso.com"}, []string{
			`m365.tenant:domains.value = [{"id":"contoso.com","isVerified":false}]`,
		}, []string{"contoso.com confirmed: domain_missing"}},

		{"unverified, and listed", "X2", all("contoso-sales.example"), []string{
			`m365.tenant:domains.value = [{"id":"contoso-sales.example","isVerified":false}]`,
		}, []string{"contoso-sales.example supported: entry_unverified"}},
		{"verified or not is not said", "X2", all("contoso-sales.example"), []string{
			`m365.tenant:domains.value = [{"id":"contoso-sales.example"}]`,
		}, []string{"contoso-sales.example unknown: entry_verification_unknown"}},
		{"of nobody", "X2", all("partner.example"), nil, []string{"partner.example supported: entry_foreign"}},
		{"a sub-domain of an own domain", "X2", all("news.contoso.com"), nil, []string{inOrder}},
		{"mail for everybody", "X2", all("GMail.com"), nil, []string{"GMail.com confirmed: entry_consumer"}},
		{"a public suffix", "X2", all("co.jp"), nil, []string{"co.jp confirmed: entry_public"}},
		{"everybody's tenants", "X2", all("onmicrosoft.com"), nil, []string{"onmicrosoft.com confirmed: entry_public"}},
		{"one label", "X2", all("contoso"), nil, []string{"contoso confirmed: entry_public"}},
		{"twice, in another case", "X2", all("Contoso.COM."), nil, []string{"Contoso.COM. refuted: entry_twice", inOrder}},
		{"twice, in letters and as an A-label", "X2", all("bücher.example", "xn--bcher-kva.example"), []string{
			`m365.tenant:domains.value = [{"id":"xn--bcher-kva.example","isVerified":true}]`,
		}, []string{"xn--bcher-kva.example refuted: entry_twice", inOrder}},
		{"sharp s and ss", "X2", all("faß.example", "fass.example"), []string{
			`m365.tenant:domains.value = [{"id":"fass.example","isVerified":true}]`,
		}, []string{"faß.example supported: entry_lookalike"}},
		{"a Cyrillic look-alike", "X2", all("соntоsо.com"), nil, []string{"соntоsо.com supported: entry_lookalike"}},
		{"no domain", "X2", all("https://contoso.com/", "10.0.0.1", "it@contoso.com", "xn--zzzzzz.com", "two words"), nil, []string{
			"https://contoso.com/ confirmed: entry_malformed", "10.0.0.1 confirmed: entry_malformed", "it@contoso.com confirmed: entry_malformed",
			"xn--zzzzzz.com confirmed: entry_malformed", "two words confirmed: entry_malformed",
		}},
		{"an empty list", "X2", []string{}, nil, []string{inOrder}},
		{"the tenant was not read", "X2", all("contoso-sales.example", "gmail.com"), []string{`m365.tenant! = {"kind":"timeout"}`}, []string{
			"gmail.com confirmed: entry_consumer", "- unknown: timeout",
		}},
		{"the tenant was not read, and all are Google's", "X2", all(), []string{`m365.tenant! = {"kind":"timeout"}`}, []string{inOrder}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, entriesIn(t, "GDM-01."+tt.cause, "both", tt.list, tt.lines...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWithoutMicrosoft365: an entry that Google does not have may be one of a tenant that nobody
// looked at.
func TestWithoutMicrosoft365(t *testing.T) {
	got := entriesIn(t, "GDM-01.X2", "own", []string{"contoso.com", "fabrikam.example"})
	if diff := cmp.Diff([]string{"fabrikam.example unknown: entry_unplaced"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestTheLineIsNamed: a list of hundreds of names is corrected by line.
func TestTheLineIsNamed(t *testing.T) {
	ev := evidenceOf(t, t.Name(), "GDM-01", []string{
		"base both", `declared.cas:internal_domains = ["contoso.com","no domain"]`,
		`declared.cas:internal_domain_entries = [{"text":"contoso.com","line":3},{"text":"no domain","line":17}]`,
	})
	for _, e := range Evaluate(ev, []Check{GDM01()}, Options{}).Results[0].Causes {
		if e.ID == "GDM-01.X2" && e.Subject == "no domain" {
			if s := e.Reasons[0].Text; !strings.Contains(s.EN, "line 17") || !strings.Contains(s.JA, "17 行目") {
				t.Errorf("got %+v", s)
			}
			return
		}
	}
	t.Error("nothing on the entry")
}

// TestPendingEnds: the same evidence, judged a day later: what was pending is missing.
func TestPendingEnds(t *testing.T) {
	ev := evidenceOf(t, t.Name(), "GDM-01", []string{
		"base own", `workspace.domains:domains.value.1 = {"domainName":"new.example","verified":true,"creationTime":"2026-11-20T05:59:00Z"}`,
	})
	for now, want := range map[string]Status{"2026-11-20T06:00:00Z": StatusWarn, "2026-11-21T05:58:59Z": StatusWarn, "2026-11-21T05:59:00Z": StatusFail} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := Evaluate(ev, []Check{GDM01()}, Options{Now: at}).Results[0].Status; got != want {
			t.Errorf("at %s: %s, want %s", now, got, want)
		}
	}
}

// TestPendingNamesAreApart: what is added by hand today, and what may come by itself, are two
// blocks; each name stands on a line of its own.
func TestPendingNamesAreApart(t *testing.T) {
	ev := evidenceOf(t, t.Name(), "GDM-01", []string{
		"base own", `declared.cas:internal_domains = ["contoso.com"]`,
		`workspace.domains:domains.value.1 = {"domainName":"new.example","verified":true,"creationTime":"2026-11-20T05:59:00Z"}`,
	})
	en, ja := stepsOf(Evaluate(ev, []Check{GDM01()}, Options{}).Results[0], "GDM-01.F2")
	for _, s := range []string{en, ja} {
		before, after, ok := strings.Cut(s, "\nnew.example\n")
		if !ok || !strings.Contains(before, "\ncontoso.example\n") || strings.Contains(after, "contoso.example") {
			t.Errorf("got %s", s)
		}
	}
}
