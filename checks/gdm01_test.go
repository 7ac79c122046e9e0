package checks

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// judge evaluates GDM-01 over a base and changes, and gives the entries by cause (of those
// with the subject "").
func judge(t *testing.T, c Check, lines ...string) map[string]Entry {
	t.Helper()
	res := Evaluate(evidenceOf(t, t.Name(), c.ID, lines), []Check{c}, Options{}).Results[0]
	out := map[string]Entry{}
	for _, e := range res.Causes {
		if e.Subject == "" {
			out[e.ID] = e
		}
	}
	return out
}

// said checks verdict and reasons of an entry, and that each reason has its two sentences.
func said(t *testing.T, e Entry, verdict, reasons string) {
	t.Helper()
	if got := strings.TrimPrefix(codes(e.Reasons), ": "); e.Verdict != verdict || got != reasons {
		t.Errorf("%s: got %s (%s), want %s (%s)", e.ID, e.Verdict, got, verdict, reasons)
	}
	for _, r := range e.Reasons {
		if r.Text.EN == r.Code || r.Text.JA == r.Code || strings.Contains(r.Text.EN, "  ") {
			t.Errorf("%s: %+v", r.Code, r.Text)
		}
	}
}

// The answers of Google's token endpoint to a request for the domain scope alone, word for
// word, on the top of a ladder of which the lower rungs were good. A missing grant follows
// from two of them, and from no other.
var tokenAnswers = []struct {
	status             int
	error, description string
	reason             string
	missing            bool
}{
	{401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.", "scope_missing", true},
	{401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method.", "scope_missing", true},
	{401, "unauthorized_client", "Unauthorized client or scope in request.", "scope_missing", true},
	{400, "admin_policy_enforced", "", "blocked_by_policy", true},

	{403, "access_denied", "Requested client not authorized.", "subject_cannot_use", false},
	{403, "access_denied", "Account restricted", "subject_restricted", false},
	{400, "invalid_account", "Forbidden", "subject_restricted", false},
	{400, "invalid_grant", "Invalid email or User ID", "subject_unknown", false},
	{400, "invalid_grant", "Not a valid email.", "subject_unknown", false},
	{400, "invalid_grant", "The account has been deleted", "subject_deleted", false},
	{400, "invalid_request", "Invalid impersonation \"sub\" field: super", "subject_malformed", false},
	{400, "invalid_request", "Invalid impersonation &quot;sub&quot; field.", "subject_malformed", false},
	{400, "invalid_request", "Invalid impersonation prn email address.", "subject_malformed", false},
	{400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.", "clock_wrong", false},
	{400, "invalid_grant", "Invalid JWT Signature.", "key_refused", false},
	{400, "invalid_grant", "Invalid grant: account not found", "service_account_gone", false},
	{400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer", "issuer_unknown", false},
	{400, "invalid_grant", "Invalid JWT: Failed audience check.", "audience_refused", false},
	{400, "invalid_grant", "Invalid JWT: iat field is not set.", "request_malformed", false},
	{400, "invalid_grant", "Bad Request", "request_malformed", false},
	{400, "invalid_grant", "reauth related error (invalid_rapt)", "caller_expired", false},
	{400, "invalid_grant", "Token has been expired or revoked.", "caller_expired", false},
	{400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.", "scope_unknown", false},
	{401, "invalid_client", "The OAuth client was not found.", "service_account_gone", false},
	{401, "disabled_client", "The OAuth client was disabled.", "service_account_disabled", false},
	{401, "deleted_client", "The OAuth client was deleted.", "service_account_deleted", false},
	{403, "org_internal", "This client is restricted to users within its organization.", "client_of_others", false},
	{500, "internal_failure", "Backend Error", "unavailable", false},
	{503, "", "", "unavailable", false},
	{400, "invalid_grant", "words that nobody has seen yet", "token_answer_unknown", false},
	{418, "teapot", "", "token_answer_unknown", false},
	{400, "", "", "token_answer_unknown", false},
}

// refusedScope is the member of workspace.delegation for one answer.
func refusedScope(rung, scope string, status int, code, description string) string {
	raw, err := json.Marshal(facts.Got(facts.TokenTry{Scope: scope, Status: status, Error: code, Description: description}))
	if err != nil {
		panic(err)
	}
	return "workspace.delegation:" + rung + " = " + string(raw)
}

const noDomains = `workspace.domains! = {"kind":"forbidden"}`

func TestEveryTokenAnswer(t *testing.T) {
	for _, tt := range tokenAnswers {
		t.Run(fmt.Sprintf("%d %s %s", tt.status, tt.error, tt.description), func(t *testing.T) {
			got := judge(t, GDM01(), "base preview", noDomains,
				refusedScope("domains", facts.ScopeDomains, tt.status, tt.error, tt.description))
			if tt.missing {
				said(t, got["GDM-01.C1"], "confirmed", "provisioned_in_preview "+tt.reason)
				if tt.reason == "scope_missing" { // one fault, said once
					said(t, got["GDM-01.X1"], "refuted", "documented_cause")
					return
				}
				said(t, got["GDM-01.X1"], "confirmed", tt.reason)
				return
			}
			said(t, got["GDM-01.C1"], "unknown", tt.reason)
			said(t, got["GDM-01.X1"], "unknown", tt.reason)
		})
	}
}

// TestARefusalWithoutAGoodKeySaysNothing: whatever the token endpoint answers, with a first
// rung that failed there is no verdict on the grant.
func TestARefusalWithoutAGoodKeySaysNothing(t *testing.T) {
	for _, tt := range tokenAnswers {
		got := judge(t, GDM01(), "base preview", noDomains,
			refusedScope("self", "https://www.googleapis.com/auth/userinfo.email", tt.status, tt.error, tt.description),
			refusedScope("control", facts.ScopeControl, tt.status, tt.error, tt.description),
			refusedScope("domains", facts.ScopeDomains, tt.status, tt.error, tt.description))
		for _, cause := range []string{"GDM-01.C1", "GDM-01.X1"} {
			if got[cause].Verdict != "unknown" {
				t.Errorf("%s %q: %s is %s", tt.error, tt.description, cause, got[cause].Verdict)
			}
		}
	}
}

// TestOldWordsForAWrongAdmin: before a token was issued on behalf of the admin, only the
// wording that Google does not use for a wrong admin speaks of the client.
func TestOldWordsForAWrongAdmin(t *testing.T) {
	for words, verdict := range map[string]string{
		"Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.": "confirmed",
		"Client is unauthorized to retrieve access tokens using this method.":                                                           "unknown",
		"Unauthorized client or scope in request.":                                                                                      "unknown",
	} {
		got := judge(t, GDM01(), "base own", noDomains,
			refusedScope("control", facts.ScopeControl, 401, "unauthorized_client", words),
			refusedScope("domains", facts.ScopeDomains, 401, "unauthorized_client", words))
		if e := got["GDM-01.X1"]; e.Verdict != verdict {
			t.Errorf("%q: %s%s, want %s", words, e.Verdict, codes(e.Reasons), verdict)
		}
	}
}

// The reasons of the Directory API when a token was issued. Those that name what is in the
// way confirm X1; the others could not tell.
var directoryAnswers = []struct {
	status int
	code   string
	kind   facts.Kind
	reason string
	bars   bool
}{
	{403, "forbidden", facts.Forbidden, "subject_lacks_privilege", true},
	{403, "accessNotConfigured", facts.Forbidden, "api_off", true},
	{403, "SERVICE_DISABLED", facts.Forbidden, "api_off", true},
	{403, "domainCannotUseApis", facts.Forbidden, "api_off_for_customer", true},
	{403, "domainPolicy", facts.Forbidden, "service_off_by_policy", true},

	{403, "insufficientPermissions", facts.Forbidden, "token_lacks_scope", false},
	{403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", facts.Forbidden, "token_lacks_scope", false},
	{403, "serviceNotAvailable", facts.Forbidden, "subject_without_service", false},
	{403, "PERMISSION_DENIED", facts.Forbidden, "subject_without_service", false},
	{404, "notFound", facts.NotFound, "customer_unknown", false},
	{400, "invalid", facts.Rejected, "customer_malformed", false},
	{400, "badRequest", facts.Rejected, "customer_malformed", false},
	{401, "authError", facts.Unauthenticated, "token_refused", false},
	{401, "UNAUTHENTICATED", facts.Unauthenticated, "token_refused", false},
	{403, "userRateLimitExceeded", facts.Throttled, "throttled", false},
	{403, "rateLimitExceeded", facts.Throttled, "throttled", false},
	{403, "quotaExceeded", facts.Throttled, "throttled", false},
	{429, "RESOURCE_EXHAUSTED", facts.Throttled, "throttled", false},
	{503, "backendError", facts.Unavailable, "unavailable", false},
	{500, "internalError", facts.Unavailable, "unavailable", false},
	{403, "reasonOfTomorrow", facts.Forbidden, "forbidden", false},
	{403, "forbidden", facts.WrongIdentity, "wrong_identity", false},
	{0, "", facts.Timeout, "timeout", false},
}

func TestEveryDirectoryAnswer(t *testing.T) {
	for _, tt := range directoryAnswers {
		t.Run(tt.code+" "+string(tt.kind), func(t *testing.T) {
			raw, err := json.Marshal(facts.Missed[int](&facts.Failure{Kind: tt.kind, Status: tt.status, Code: tt.code}))
			if err != nil {
				t.Fatal(err)
			}
			got := judge(t, GDM01(), "base own", "workspace.domains:domains = "+string(raw))
			verdict := "unknown"
			if tt.bars {
				verdict = "confirmed"
			}
			said(t, got["GDM-01.X1"], verdict, tt.reason)
			if e := got["GDM-01.C2"]; e.Verdict != "unknown" {
				t.Errorf("the list is %s without the domains", e.Verdict)
			}
		})
	}
}

// TestNoRowIsUnproved: a row that no answer above reaches is a row that nobody has checked.
func TestNoRowIsUnproved(t *testing.T) {
	reached := map[refusal]bool{}
	for _, a := range tokenAnswers {
		r, _ := meaning(tokenRefusals, a.error, a.description)
		reached[r] = true
	}
	for _, a := range directoryAnswers {
		r, _ := meaning(directoryRefusals, a.code, "")
		reached[r] = true
	}
	for _, table := range [][]refusal{tokenRefusals, directoryRefusals} {
		for _, r := range table {
			if !reached[r] {
				t.Errorf("no answer reaches %+v", r)
			}
		}
	}
}

// TestAFailureOfSigningIsNotOneOfReading: the call was never made, so codes that the IAM API
// shares with the Directory API mean nothing of it.
func TestAFailureOfSigningIsNotOneOfReading(t *testing.T) {
	got := judge(t, GDM01(), "base own", `workspace.domains! = {"kind":"forbidden","status":403,"code":"SERVICE_DISABLED"}`)
	said(t, got["GDM-01.X1"], "unknown", "forbidden")
}

func stepsOf(res Result, fix string) (en, ja string) {
	for _, f := range res.Fixes {
		if f.ID != fix {
			continue
		}
		for _, s := range f.Steps {
			en, ja = en+s.EN+"\n", ja+s.JA+"\n"
		}
	}
	return en, ja
}

// TestTheDelegationLink: the Admin console's form, filled in with every scope that the client is
// known to have and the missing one. It must not replace those that nothing shows.
func TestTheDelegationLink(t *testing.T) {
	ev := evidenceOf(t, t.Name(), "GDM-01", []string{
		"base preview", noDomains, `declared.google:granted_scopes = ["https://mail.google.com/"]`,
		`workspace.grants = {"tokens":{"value":[]},"log":{"value":[{"time":"2026-09-01T08:00:00Z","name":"AUTHORIZE_API_CLIENT_ACCESS",` +
			`"client":"108151815181518151815","scopes":["` + facts.ScopeControl + `","https://www.googleapis.com/auth/drive"]}]}}`,
	})
	want := facts.ScopeControl + ",https://mail.google.com/,https://www.googleapis.com/auth/drive," + facts.ScopeDomains
	en, ja := stepsOf(Evaluate(ev, []Check{GDM01()}, Options{}).Results[0], "GDM-01.F3")
	_, rest, ok := strings.Cut(en, "https://")
	link, _, _ := strings.Cut(rest, "\n")
	u, err := url.Parse("https://" + link)
	if !ok || err != nil {
		t.Fatalf("no link in %s", en)
	}
	q := u.Query()
	if u.Host != "admin.google.com" || u.Path != "/ac/owl/domainwidedelegation" || len(q) != 2 ||
		q.Get("clientScopeToAdd") != want || q.Get("clientIdToAdd") != "108151815181518151815" {
		t.Errorf("got %s", u)
	}
	for _, s := range []string{en, ja} {
		if !strings.Contains(s, "overwriteClientId") {
			t.Errorf("no warning of overwriteClientId in %s", s)
		}
	}
}

// TestTheMissingDomainsCanBePasted: every missing name stands on a line of its own, once.
func TestTheMissingDomainsCanBePasted(t *testing.T) {
	ev := evidenceOf(t, t.Name(), "GDM-01", []string{"base own", "declared.cas:internal_domains = []"})
	en, ja := stepsOf(Evaluate(ev, []Check{GDM01()}, Options{}).Results[0], "GDM-01.F2")
	for _, s := range []string{en, ja} {
		if !strings.Contains(s, "\ncontoso.com\ncontoso.example\nmail.contoso.com\n") || strings.Count(s, "mail.contoso.com") != 1 {
			t.Errorf("got %s", s)
		}
	}
	for path, s := range map[string]string{
		"Advanced Threat Protection > Internal Domains":       en,
		"Administration > Global Settings > Internal Domains": en,
		"[高度な脅威対策] > [内部ドメイン]":                                ja,
		"[運用管理] > [グローバル設定] > [内部ドメイン]":                       ja,
	} {
		if !strings.Contains(s, path) {
			t.Errorf("the menu path %s is missing in %s", path, s)
		}
	}
}

// TestTheSharedAppStays: the vendor's page on removing the service account ends with
// uninstalling the Marketplace app, which Google Drive and the inline mode use as well.
func TestTheSharedAppStays(t *testing.T) {
	ev := evidenceOf(t, t.Name(), "GDM-01", []string{"base preview", noDomains})
	en, ja := stepsOf(Evaluate(ev, []Check{GDM01()}, Options{}).Results[0], "GDM-01.F1")
	if !strings.Contains(en, "Never uninstall") || !strings.Contains(ja, "アンインストールしないでください") {
		t.Errorf("got %s%s", en, ja)
	}
}

// TestCasdoctorsOwnGrantIsNotMended: with its own credentials, the form would be filled in with
// the wrong client.
func TestCasdoctorsOwnGrantIsNotMended(t *testing.T) {
	ev := evidenceOf(t, t.Name(), "GDM-01", []string{
		"base own", "declared.google:provisioned_during_preview = true",
		`declared.google:granted_scopes = ["` + facts.ScopeDomainsWide + `"]`,
	})
	if en, _ := stepsOf(Evaluate(ev, []Check{GDM01()}, Options{}).Results[0], "GDM-01.F3"); en != "" {
		t.Errorf("got %s", en)
	}
}

// TestAPartOfTheDomainsRefutesNothing: the domains that were read before the probe ran out of
// time can be missing in the list, and cannot show that the list is complete.
func TestAPartOfTheDomainsRefutesNothing(t *testing.T) {
	for _, tt := range []struct {
		change, subject, verdict, reasons string
	}{
		{`declared.cas:site = "eu"`, "", "unknown", "timeout"}, // every name that was read is listed
		{`declared.cas:internal_domains.2 = "fabrikam.example"`, "mail.contoso.com", "supported", "subdomain_listed"},
	} {
		ev := evidenceOf(t, t.Name(), "GDM-01", []string{"base own", tt.change})
		f := ev.Facts["workspace.domains"]
		f.Failure = &facts.Failure{Kind: facts.Timeout}
		ev.Facts["workspace.domains"] = f
		found := false
		for _, e := range Evaluate(ev, []Check{GDM01()}, Options{}).Results[0].Causes {
			if e.ID != "GDM-01.C2" {
				continue
			}
			if e.Verdict == "refuted" {
				t.Errorf("%s: refuted%s", tt.change, codes(e.Reasons))
			}
			if e.Subject == tt.subject {
				said(t, e, tt.verdict, tt.reasons)
				found = true
			}
		}
		if !found {
			t.Errorf("%s: nothing on %q", tt.change, tt.subject)
		}
	}
}

// TestTheWayForwardIsSaidOnce: with the documented cause there, granting the scope is of no
// documented use, so that the list of domains must not ask for it. Where something else keeps
// the domains from being read, that is what it says.
func TestTheWayForwardIsSaidOnce(t *testing.T) {
	refused := `workspace.domains! = {"kind":"forbidden","status":401,"code":"unauthorized_client","permission":"` + facts.ScopeDomains + `"}`
	for _, tt := range []struct{ base, change, domains, reasons string }{
		{"preview", `declared.cas:site = "eu"`, refused, "settle_c1_first"},
		{"preview", `declared.google:provisioned_during_preview = false`, refused, "forbidden_permission"},
		{"preview", `declared.cas:site = "eu"`, `workspace.domains! = {"kind":"timeout"}`, "timeout"},
		{"own", `declared.google:provisioned_during_preview = true`, refused, "forbidden_permission"},
	} {
		got := judge(t, GDM01(), "base "+tt.base, tt.change, tt.domains)
		said(t, got["GDM-01.C2"], "unknown", tt.reasons)
	}
}

// TestOnlyTokeninfoConfirmsAScope: "granted" alone does not. The answer has to be whole, a token, and
// for the scope and the client that were asked about (Google Identity, "tokeninfo": scope, azp).
func TestOnlyTokeninfoConfirmsAScope(t *testing.T) {
	try := func(scope string, status int, info, more string) string {
		return fmt.Sprintf(`workspace.delegation:domains = {"value":{"scope":%q,"status":%d,"granted":true%s,"info":%s}}`, scope, status, more, info)
	}
	whole := fmt.Sprintf(`{"value":{"scopes":[%q],"azp":"108151815181518151815"}}`, facts.ScopeDomains)
	for _, tt := range []struct{ name, change, verdict, reason string }{
		{"confirmed", try(facts.ScopeDomains, 200, whole, ""), "refuted", "scope_granted"},
		{"without azp", try(facts.ScopeDomains, 200, fmt.Sprintf(`{"value":{"scopes":[%q]}}`, facts.ScopeDomains), ""), "refuted", "scope_granted"},
		{"a refusal beside it", try(facts.ScopeDomains, 401, whole, `,"error":"unauthorized_client"`), "unknown", "token_unconfirmed"},
		{"no tokeninfo", try(facts.ScopeDomains, 200, `{"failure":{"kind":"timeout"}}`, ""), "unknown", "token_unconfirmed"},
		{"another client", try(facts.ScopeDomains, 200, fmt.Sprintf(`{"value":{"scopes":[%q],"azp":"999"}}`, facts.ScopeDomains), ""), "unknown", "token_unconfirmed"},
		{"another scope in tokeninfo", try(facts.ScopeDomains, 200, fmt.Sprintf(`{"value":{"scopes":[%q]}}`, facts.ScopeControl), ""), "unknown", "token_unconfirmed"},
		{"a token for another scope", try(facts.ScopeControl, 200, fmt.Sprintf(`{"value":{"scopes":[%q]}}`, facts.ScopeControl), ""), "unknown", "token_unconfirmed"},
		{
			"cut off", strings.Replace(try(facts.ScopeDomains, 200, whole, ""), `"value"`, `"failure":{"kind":"timeout"},"value"`, 1),
			"unknown", "token_unconfirmed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said(t, judge(t, GDM01(), "base preview", noDomains, tt.change)["GDM-01.C1"], tt.verdict, tt.reason)
		})
	}
}
