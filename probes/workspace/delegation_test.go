package workspace

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func TestLadder(t *testing.T) {
	tests := []struct {
		name                   string
		granted                []string
		control, domains, wide string
		asked                  []string
	}{
		{
			"everything delegated", []string{facts.ScopeControl, facts.ScopeDomains, facts.ScopeDomainsWide},
			"granted", "granted", "not_collected",
			[]string{scopeSelf, facts.ScopeControl, facts.ScopeDomains},
		},
		{
			"only the domain scope is missing", []string{facts.ScopeControl},
			"granted", "refused", "refused",
			[]string{scopeSelf, facts.ScopeControl, facts.ScopeDomains, facts.ScopeDomainsWide},
		},
		{
			"the wider domain scope is there", []string{facts.ScopeControl, facts.ScopeDomainsWide},
			"granted", "refused", "granted",
			[]string{scopeSelf, facts.ScopeControl, facts.ScopeDomains, facts.ScopeDomainsWide},
		},
		{
			"no delegation at all", nil,
			"refused", "refused", "refused",
			[]string{scopeSelf, facts.ScopeControl, facts.ScopeDomains, facts.ScopeDomainsWide},
		},
		{
			"least privilege: no control scope", []string{facts.ScopeDomains},
			"refused", "granted", "not_collected",
			[]string{scopeSelf, facts.ScopeControl, facts.ScopeDomains},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t, tt.granted...)
			env := g.env(t)
			d, err := climb(t.Context(), env)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{state(d.Self), state(d.Control), state(d.Domains), state(d.DomainsWide)}
			want := []string{"granted", tt.control, tt.domains, tt.wide}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("self, control, domains, wide (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.asked, g.scopes()); diff != "" {
				t.Errorf("scopes asked (-want +got):\n%s", diff)
			}
			if d.ServiceAccount != testAccount || d.Subject != testAdmin || d.ClientID == nil || *d.ClientID != testClient {
				t.Errorf("identities: %q %q %v", d.ServiceAccount, d.Subject, d.ClientID)
			}
		})
	}
}

// The address of the token endpoint moves; what Google checks in the assertion does not.
func TestAssertion(t *testing.T) {
	g := newGoogle(t)
	run(t, g.env(t))
	want := map[string]string{
		scopeSelf: "", facts.ScopeControl: testAdmin, facts.ScopeDomains: testAdmin, facts.ScopeDomainsWide: testAdmin,
	}
	if len(g.asked) != len(want) {
		t.Errorf("%d assertions, want %d", len(g.asked), len(want))
	}
	for _, c := range g.asked {
		subject, one := want[c.Scope]
		if !one {
			t.Errorf("scope %q: want exactly one scope of the ladder", c.Scope)
		}
		if c.Subject != subject {
			t.Errorf("scope %q: sub %q, want %q", c.Scope, c.Subject, subject)
		}
		if c.Audience != "https://oauth2.googleapis.com/token" {
			t.Errorf("aud %q", c.Audience)
		}
		if c.Issuer != testAccount {
			t.Errorf("iss %q", c.Issuer)
		}
		if life := c.Expires - c.IssuedAt; life <= 0 || life > 3600 {
			t.Errorf("lifetime %d s, want at most an hour", life)
		}
	}
}

// refusals are what the token endpoint is known to answer (Google Identity, JWT error codes,
// and strings collected from public issue trackers).
var refusals = []struct {
	status            int
	code, description string
	granted           string // what the answer says about the scope
	another           bool   // another scope may fare better
}{
	{401, "unauthorized_client", unauthorized, "refused", true},
	{401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method.", "refused", true},
	{401, "unauthorized_client", "Unauthorized client or scope in request.", "refused", true},
	{400, "admin_policy_enforced", "", "refused", true},
	{403, "access_denied", "Requested client not authorized.", "unknown", true},
	{403, "access_denied", "Account restricted", "unknown", true},
	{400, "invalid_grant", "Invalid email or User ID", "unknown", false},
	{400, "invalid_grant", "Not a valid email.", "unknown", false},
	{400, "invalid_grant", "The account has been deleted", "unknown", false},
	{400, "invalid_request", "Invalid impersonation &quot;sub&quot; field: \"x\"", "unknown", false},
	{400, "invalid_request", "Invalid impersonation prn email address", "unknown", false},
	{400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. " +
		"Check your iat and exp values in the JWT claim.", "unknown", false},
	{400, "invalid_grant", "Invalid JWT Signature.", "unknown", false},
	{400, "invalid_grant", "Invalid grant: account not found", "unknown", false},
	{400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer", "unknown", false},
	{400, "invalid_grant", "Invalid JWT: Failed audience check.", "unknown", false},
	{400, "invalid_grant", "Bad Request", "unknown", false},
	{400, "invalid_grant", "reauth related error (invalid_rapt)", "unknown", false},
	{400, "invalid_grant", "Token has been expired or revoked.", "unknown", false},
	{400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.", "unknown", false},
	{401, "invalid_client", "The OAuth client was not found.", "unknown", false},
	{401, "disabled_client", "The OAuth client was disabled.", "unknown", false},
	{401, "deleted_client", "The OAuth client was deleted.", "unknown", false},
	{403, "org_internal", "This client is restricted to users within its organization.", "unknown", false},
	{403, "invalid_account", "Forbidden", "unknown", false},
	{400, "internal_failure", "Backend Error", "unknown", false},
	{404, "not_found", "", "unknown", false},
}

func TestTokenRefusals(t *testing.T) {
	rungs := []struct {
		scope string
		rung  func(facts.Delegation) facts.Seen[facts.TokenTry]
		next  string // the scope that is asked after a refusal that is about the scope
	}{
		{scopeSelf, func(d facts.Delegation) facts.Seen[facts.TokenTry] { return d.Self }, ""},
		{facts.ScopeControl, func(d facts.Delegation) facts.Seen[facts.TokenTry] { return d.Control }, facts.ScopeDomains},
		{facts.ScopeDomains, func(d facts.Delegation) facts.Seen[facts.TokenTry] { return d.Domains }, facts.ScopeDomainsWide},
	}
	for _, tt := range refusals {
		for _, r := range rungs {
			t.Run(tt.code+"/"+tt.description+"/"+r.scope, func(t *testing.T) {
				g := newGoogle(t, facts.ScopeControl, facts.ScopeDomains)
				g.tokens[r.scope] = refusal(tt.status, tt.code, tt.description)
				d, err := climb(t.Context(), g.env(t))
				if err != nil {
					t.Fatal(err)
				}
				try := r.rung(d)
				if got := state(try); got != tt.granted {
					t.Fatalf("granted: %s, want %s", got, tt.granted)
				}
				v := try.Value
				if v.Status != tt.status || v.Error != tt.code || v.Description != tt.description || v.Scope != r.scope {
					t.Errorf("not word for word: %+v", v)
				}
				asked := g.scopes()
				if want := tt.another && r.next != ""; want != (asked[len(asked)-1] != r.scope) {
					t.Errorf("asked %v after the refusal of %s; another rung wanted: %v", asked, r.scope, want)
				} else if want && !slices.Contains(asked, r.next) {
					t.Errorf("asked %v, want %s among them", asked, r.next)
				}
			})
		}
	}
}

const googleHTML = "<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title>"

func TestTokenEndpointFaults(t *testing.T) {
	html := map[string]string{"Content-Type": "text/html"}
	tests := []struct {
		name   string
		answer answer
		kind   facts.Kind
		status int
		detail string // the whole of it, where it differs by the answer
	}{
		{
			name: "429 with Retry-After", answer: answer{status: 429, header: map[string]string{"Retry-After": "30"}},
			kind: facts.Throttled, status: 429, detail: "the token endpoint asks to wait (Retry-After: 30): run again later",
		},
		{name: "429 without Retry-After", answer: refusal(429, "rate_limit_exceeded", ""),
			kind: facts.Throttled, status: 429, detail: "the token endpoint asks to slow down: run again later"},
		{
			name:   "500",
			answer: refusal(500, "internal_failure", "Backend Error"),
			kind:   facts.Unavailable, status: 500,
		},
		{
			name:   "502 in HTML",
			answer: answer{status: 502, body: googleHTML, header: html},
			kind:   facts.Unavailable, status: 502,
		},
		{name: "503", answer: answer{status: 503}, kind: facts.Unavailable, status: 503},
		{
			name:   "200 in HTML",
			answer: answer{status: 200, body: googleHTML, header: html},
			kind:   facts.Malformed, status: 200,
		},
		{
			name:   "401 in HTML",
			answer: answer{status: 401, body: googleHTML, header: html},
			kind:   facts.Malformed, status: 401,
		},
		{
			name:   "403 in HTML",
			answer: answer{status: 403, body: googleHTML, header: html},
			kind:   facts.Malformed, status: 403,
		},
		{
			name:   "404 in HTML",
			answer: answer{status: 404, body: googleHTML, header: html},
			kind:   facts.Malformed, status: 404,
		},
		{
			name:   "redirect",
			answer: answer{status: 302, header: map[string]string{"Location": "https://portal.example/"}},
			kind:   facts.Malformed, status: 302,
		},
		{
			name:   "200 without access_token",
			answer: answer{status: 200, body: `{"token_type":"Bearer"}`},
			kind:   facts.Malformed, status: 200,
		},
		{name: "400 without error", answer: answer{status: 400, body: `{}`}, kind: facts.Malformed, status: 400},
		{
			name:   "400 with an error of another shape",
			answer: apiError(400, "invalid", "x", ""),
			kind:   facts.Malformed, status: 400,
		},
		{name: "truncated JSON", answer: answer{status: 200, body: `{"access_token":"ya29.`}, kind: facts.Malformed, status: 200},
		{name: "cut connection", answer: answer{status: 200, body: `{"access_token":"ya29.`, cut: true}, kind: facts.Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, scope := range []string{scopeSelf, facts.ScopeControl, facts.ScopeDomains} {
				g := newGoogle(t, facts.ScopeControl, facts.ScopeDomains)
				g.tokens[scope] = tt.answer
				d := ladder(t, run(t, g.env(t)))
				try := map[string]facts.Seen[facts.TokenTry]{
					scopeSelf: d.Self, facts.ScopeControl: d.Control, facts.ScopeDomains: d.Domains,
				}[scope]
				if try.Value != nil {
					t.Fatalf("%s: a try without an answer: %+v", scope, try.Value)
				}
				f := try.Failure
				if f.Kind != tt.kind || f.Status != tt.status || f.Detail == "" || tt.detail != "" && f.Detail != tt.detail {
					t.Errorf("%s: %+v, want %s %d %s", scope, f, tt.kind, tt.status, tt.detail)
				}
				if asked := g.scopes(); asked[len(asked)-1] != scope {
					t.Errorf("asked %v: the ladder must stop at %s", asked, scope)
				}
				if kind(d.DomainsWide) != facts.NotCollected {
					t.Errorf("wide: %v", d.DomainsWide.Why())
				}
			}
		})
	}
}

func TestTokenEndpointUnreachable(t *testing.T) {
	g := newGoogle(t)
	env := g.env(t)
	g.Close()
	d, err := climb(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]facts.Kind{"clock": kind(d.Clock), "self": kind(d.Self)} {
		if k != facts.Unreachable {
			t.Errorf("%s: %s, want unreachable", name, k)
		}
	}
	if kind(d.Control) != facts.NotCollected || kind(d.Domains) != facts.NotCollected {
		t.Errorf("higher rungs: %v %v", d.Control.Why(), d.Domains.Why())
	}
}

// x/oauth2 posts without the caller's context; its end must be heard all the same, and what
// was seen before must stay.
func TestTokenEndpointHangs(t *testing.T) {
	g := newGoogle(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g.tokens[facts.ScopeControl] = answer{hang: cancel}
	env := g.env(t)
	d, err := climb(ctx, env)
	if err != nil {
		t.Fatal(err)
	}
	if state(d.Self) != "granted" || kind(d.Control) != facts.Cancelled || kind(d.Domains) != facts.NotCollected {
		t.Errorf("self %s, control %s, domains %s", state(d.Self), state(d.Control), state(d.Domains))
	}
}

func TestTokenInfoFaults(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
		kind   facts.Kind
		code   string
	}{
		{
			"400 invalid_token",
			refusal(400, "invalid_token", "Invalid Value"),
			facts.Rejected, "invalid_token",
		},
		{"401", answer{status: 401, body: `{"error":"invalid_client"}`}, facts.Unauthenticated, "invalid_client"},
		{"403", answer{status: 403, body: `{"error":"access_denied"}`}, facts.Forbidden, "access_denied"},
		{"404 in HTML", answer{status: 404, body: googleHTML}, facts.Malformed, ""},
		{
			"429 with Retry-After",
			answer{status: 429, header: map[string]string{"Retry-After": "3600"}},
			facts.Throttled, "",
		},
		{"429 without Retry-After", answer{status: 429}, facts.Throttled, ""},
		{"500", answer{status: 500}, facts.Unavailable, ""},
		{"200 in HTML", answer{status: 200, body: googleHTML}, facts.Malformed, ""},
		{"truncated", answer{status: 200, body: `{"scope":"` + facts.ScopeDomains}, facts.Malformed, ""},
		{"cut connection", answer{status: 200, body: `{"scope":"`, cut: true}, facts.Malformed, ""},
		{"no scope member", answer{status: 200, body: `{"azp":"1"}`}, facts.Malformed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t, facts.ScopeControl, facts.ScopeDomains)
			g.tokenInfo[facts.ScopeDomains] = tt.answer
			d := ladder(t, run(t, g.env(t)))
			if got := state(d.Domains); got != "unknown" {
				t.Fatalf("%s: only tokeninfo confirms a grant, and nothing refused it", got)
			}
			f := d.Domains.Value.Info.Failure
			if f == nil || f.Kind != tt.kind || f.Code != tt.code || d.Domains.Value.Status != 200 {
				t.Errorf("%+v, want %s %s", f, tt.kind, tt.code)
			}
		})
	}
}

func TestTokenInfoDecides(t *testing.T) {
	info := func(scope, email string) answer {
		m := map[string]string{"azp": testClient, "scope": scope}
		if email != "" {
			m["email"] = email
		}
		body, _ := json.Marshal(m)
		return answer{status: 200, body: string(body)}
	}
	tests := []struct {
		name, scope, email string
		want               string
	}{
		{"as asked", facts.ScopeDomains, "", "granted"},
		{"among others", "openid " + facts.ScopeDomains, "", "granted"},
		{"the admin, in other letters", facts.ScopeDomains, "Super@CONTOSO.com", "granted"},
		{"another scope", facts.ScopeControl, "", "unknown"},
		{"a scope that begins like it", facts.ScopeDomains + ".more", "", "unknown"},
		{"the wider scope", facts.ScopeDomainsWide, "", "unknown"},
		{"no scope", "", "", "unknown"},
		{"somebody else", facts.ScopeDomains, "other@fabrikam.com", "wrong_identity"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t, facts.ScopeControl, facts.ScopeDomains)
			g.tokenInfo[facts.ScopeDomains] = info(tt.scope, tt.email)
			e := run(t, g.env(t))
			if got := state(ladder(t, e).Domains); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if tt.want != "wrong_identity" {
				return
			}
			if got := facts.Get(e, facts.WorkspaceDomains); got.Value != nil || kind(got) != facts.WrongIdentity {
				t.Errorf("domains: %v, want wrong_identity", got.Why())
			}
			if n := g.got("GET /admin/"); n != 0 {
				t.Errorf("%d requests with somebody else's token", n)
			}
		})
	}
	t.Run("another service account's own token", func(t *testing.T) {
		g := newGoogle(t)
		g.tokenInfo[scopeSelf] = info(scopeSelf, "else@project.iam.gserviceaccount.com")
		d := ladder(t, run(t, g.env(t)))
		if state(d.Self) != "wrong_identity" || state(d.Control) != "not_collected" {
			t.Errorf("self %s, control %s", state(d.Self), state(d.Control))
		}
	})
}

func TestClock(t *testing.T) {
	g := newGoogle(t)
	env := g.env(t)
	base := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	g.date = base.Format(http.TimeFormat)
	for _, offset := range []time.Duration{0, 90 * time.Minute, -90 * time.Minute} {
		env.Now = func() time.Time { return base.Add(offset) }
		d, err := climb(t.Context(), env)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Clock.Complete() || d.Clock.Value.Offset != offset {
			t.Errorf("%+v (%v), want %s", d.Clock.Value, d.Clock.Why(), offset)
		}
	}
	g.date = "yesterday"
	d, err := climb(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	if kind(d.Clock) != facts.Malformed || state(d.Self) != "granted" {
		t.Errorf("clock %v, self %s: an unreadable Date says nothing about the key", d.Clock.Why(), state(d.Self))
	}
}

func TestClockTakesHalfTheRoundTrip(t *testing.T) {
	date := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w := &witness{
		header: http.Header{"Date": {date.Format(http.TimeFormat)}},
		sent:   date.Add(-3 * time.Second), received: date.Add(5 * time.Second),
	}
	if got := w.clock(); !got.Complete() || got.Value.Offset != time.Second {
		t.Errorf("%+v, want 1s: the middle of the round trip is one second after Date", got.Value)
	}
}

func TestKeyFile(t *testing.T) {
	tests := []struct{ name, key, code string }{
		{"empty", "", "service_account_key"},
		{"not JSON", "-----BEGIN PRIVATE KEY-----", "service_account_key"},
		{"a user's credentials", userFile, "service_account_key"},
		{"federation", `{"type":"external_account","audience":"a"}`, "service_account_key"},
		{"without an address", `{"type":"service_account","private_key":"x"}`, "service_account_key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t)
			e := run(t, g.env(t, func(c *config.Config) {
				c.Google.Credentials.ServiceAccountKey = config.NewSecret("file:sa.json", []byte(tt.key))
			}))
			for _, f := range []*facts.Failure{
				facts.Get(e, facts.WorkspaceDelegation).Why(), facts.Get(e, facts.WorkspaceDomains).Why(),
			} {
				if f == nil || f.Kind != facts.Unauthenticated || f.Code != tt.code {
					t.Errorf("%v, want unauthenticated %s", f, tt.code)
				}
			}
			if len(g.requests) != 0 {
				t.Errorf("asked %v with no credentials", g.requests)
			}
		})
	}
	t.Run("a damaged private key", func(t *testing.T) {
		g := newGoogle(t)
		d := ladder(t, run(t, g.env(t, func(c *config.Config) {
			c.Google.Credentials.ServiceAccountKey = config.NewSecret("file:sa.json",
				[]byte(`{"type":"service_account","client_email":"`+testAccount+`","private_key":"-----BEGIN PRIVATE KEY-----"}`))
		})))
		if f := d.Self.Why(); f == nil || f.Kind != facts.Unauthenticated || f.Code != "private_key" {
			t.Errorf("self: %v", f)
		}
		if kind(d.Clock) != facts.NotCollected {
			t.Errorf("clock: %v: nobody was asked", d.Clock.Why())
		}
	})
}
