package checks

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	byCAS   = `{"clientId":"1234","displayText":"Trend Micro Cloud App Security","scopes":["%s"]}`
	another = `{"clientId":"99","displayText":"Mail merge","scopes":["` + facts.ScopeDomains + `"]}`
)

// event is an entry of the audit log.
func event(at, name, client string, scopes ...string) string {
	raw, err := json.Marshal(map[string]any{"time": at, "name": name, "client": client, "actor": "it@contoso.com", "scopes": scopes})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// TestEveryEvidenceOfCASsGrant: with casdoctor's own credentials, and a preview that is declared.
// Only a declared list refutes, and nothing confirms.
func TestEveryEvidenceOfCASsGrant(t *testing.T) {
	lacks, has, wide := `["`+facts.ScopeControl+`"]`, `["`+facts.ScopeDomains+`"]`, `["`+facts.ScopeDomainsWide+`"]`
	tokens := func(scope string) string { return strings.Replace(byCAS, "%s", scope, 1) }
	for _, tt := range []struct {
		name, list, tokens, log string
		verdict, reasons        string
	}{
		{"nothing", "null", "", "", "unknown", "not_declared own_client"},
		{"the list has it", has, "", "", "refuted", "list_has_scope"},
		{"the list has it, the consent has not", has, tokens(facts.ScopeControl), "", "refuted", "list_has_scope"},
		{"the list lacks it", lacks, "", "", "supported", "provisioned_in_preview list_lacks_scope"},
		{"the list and the consent lack it", lacks, tokens(facts.ScopeControl), "", "supported", "provisioned_in_preview list_lacks_scope consent_lacks_scope"},
		{"the list lacks it, the consent has it", lacks, tokens(facts.ScopeDomains), "", "unknown", "list_lacks_scope consent_has_scope"},
		{"the consent lacks it", "null", tokens(facts.ScopeControl), "", "supported", "provisioned_in_preview consent_lacks_scope"},
		{"the consent has it", "null", tokens(facts.ScopeDomains), "", "unknown", "not_declared consent_has_scope own_client"},
		{"the consent has the wider one", "null", tokens(facts.ScopeDomainsWide), "", "unknown", "not_declared only_wide_scope own_client"},
		{"the list has the wider one, the consent lacks both", wide, tokens(facts.ScopeControl), "", "unknown", "only_wide_scope"},
		{"another application has it", "null", another, "", "unknown", "not_declared own_client"},
		{
			"the log has it, for the client that the consent names", lacks, tokens(facts.ScopeControl),
			event("2026-10-01T08:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", "1234", facts.ScopeDomains), "unknown", "list_lacks_scope log_has_scope",
		},
		{
			"the log has it for another client", lacks, tokens(facts.ScopeControl),
			event("2026-10-01T08:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", "99", facts.ScopeDomains),
			"supported", "provisioned_in_preview list_lacks_scope consent_lacks_scope",
		},
		{
			"granted, and taken back", lacks, tokens(facts.ScopeControl),
			event("2026-10-01T08:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", "1234", facts.ScopeDomains) + "," +
				event("2026-10-02T08:00:00Z", "REMOVE_API_CLIENT_ACCESS", "1234"),
			"supported", "provisioned_in_preview list_lacks_scope consent_lacks_scope grant_removed",
		},
		{
			"only the installation is in the log", lacks, "",
			`{"time":"2026-10-01T08:00:00Z","name":"ADD_APPLICATION","application":"Trend Micro Cloud App Security","actor":"it@contoso.com"}`,
			"supported", "provisioned_in_preview list_lacks_scope app_installed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := judge(t, GDM01(), "base own", "declared.google:provisioned_during_preview = true",
				"declared.google:granted_scopes = "+tt.list,
				`workspace.grants = {"tokens":{"value":[`+tt.tokens+`]},"log":{"value":[`+tt.log+`]}}`)
			said(t, got["GDM-01.C1"], tt.verdict, tt.reasons)
		})
	}
}

// TestTheGrantIsNamed: each sentence about a grant says whose it is.
func TestTheGrantIsNamed(t *testing.T) {
	got := judge(t, GDM01(), "base own", "declared.google:provisioned_during_preview = true",
		`workspace.grants = {"tokens":{"value":[`+strings.Replace(byCAS, "%s", facts.ScopeControl, 1)+`]},"log":{"value":[]}}`)
	for _, r := range got["GDM-01.C1"].Reasons[1:] {
		if !strings.Contains(r.Text.EN, "Cloud App Security's client (1234)") || !strings.Contains(r.Text.JA, "Cloud App Security のクライアント (1234)") {
			t.Errorf("got %+v", r.Text)
		}
	}
	got = judge(t, GDM01(), "base own")
	if r := got["GDM-01.X1"].Reasons[0].Text; !strings.Contains(r.EN, "casdoctor's own client (104711471147114711471)") {
		t.Errorf("got %+v", r)
	}
}

// TestTheLogExplainsARefusal: of casdoctor's own client, too, the log tells a grant that still
// spreads from one that is missing, and one that somebody took away.
func TestTheLogExplainsARefusal(t *testing.T) {
	const own, words = "104711471147114711471", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."
	for _, tt := range []struct{ name, log, verdict, reasons string }{
		{"nothing in it", "", "confirmed", "delegation_missing"},
		{"granted an hour ago", event("2026-11-20T05:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", own, facts.ScopeDomains), "supported", "grant_spreading"},
		{"granted two days ago", event("2026-11-18T05:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", own, facts.ScopeDomains), "confirmed", "delegation_missing"},
		{"granted without the scope", event("2026-11-20T05:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", own, facts.ScopeControl), "confirmed", "delegation_missing"},
		{"granted to another client", event("2026-11-20T05:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", "1234", facts.ScopeDomains), "confirmed", "delegation_missing"},
		{
			"granted and taken back", event("2026-11-20T04:00:00Z", "AUTHORIZE_API_CLIENT_ACCESS", own, facts.ScopeDomains) + "," +
				event("2026-11-20T05:00:00Z", "REMOVE_API_CLIENT_ACCESS", own), "confirmed", "delegation_missing grant_removed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := []string{
				"base own", noDomains, `workspace.grants = {"tokens":{"failure":{"kind":"not_collected"}},"log":{"value":[` + tt.log + `]}}`,
				refusedScope("control", facts.ScopeControl, 401, "unauthorized_client", words),
				refusedScope("domains", facts.ScopeDomains, 401, "unauthorized_client", words),
			}
			said(t, judge(t, GDM01(), lines...)["GDM-01.X1"], tt.verdict, tt.reasons)
			en, ja := stepsOf(Evaluate(evidenceOf(t, t.Name(), "GDM-01", lines), []Check{GDM01()}, Options{}).Results[0], "GDM-01.F3")
			waits := strings.Contains(en, "2026-11-21T05:00:00Z") && strings.Contains(ja, "2026-11-21T05:00:00Z")
			if spreads := tt.reasons == "grant_spreading"; waits != spreads || strings.Contains(en, "https://admin.google.com") == spreads {
				t.Errorf("got %s", en)
			}
		})
	}
}
