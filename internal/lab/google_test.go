package lab_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	googleoauth "golang.org/x/oauth2/google"

	"github.com/casdoctor/casdoctor/internal/lab"
)

const (
	superAdmin    = "super@contoso.com"
	scopeUsers    = "https://www.googleapis.com/auth/admin.directory.user.readonly"
	scopeDomains  = "https://www.googleapis.com/auth/admin.directory.domain.readonly"
	scopeWide     = "https://www.googleapis.com/auth/admin.directory.domain"
	scopeEmail    = "https://www.googleapis.com/auth/userinfo.email"
	scopePlatform = "https://www.googleapis.com/auth/cloud-platform"

	jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// assertion is a good one for the super admin and the domain scope, with changes; a nil
// value takes a claim out.
func assertion(k *rsa.PrivateKey, changes map[string]any) string {
	now := time.Now()
	c := jwt.MapClaims{
		"iss": lab.Healthy().Google.ServiceAccount, "sub": superAdmin, "scope": scopeDomains,
		"aud": "https://oauth2.googleapis.com/token", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for name, v := range changes {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, c).SignedString(k)
	if err != nil {
		panic(err)
	}
	return signed
}

func (p *practice) exchange(assertion string) reply {
	p.t.Helper()
	return p.post(p.cfg.Google.Endpoints.Token, url.Values{"grant_type": {jwtBearer}, "assertion": {assertion}})
}

func (p *practice) googleToken(changes map[string]any) string {
	p.t.Helper()
	got := p.exchange(assertion(key(), changes))
	token, _ := got.body["access_token"].(string)
	if got.status != 200 || token == "" {
		p.t.Fatalf("no token: %d %s", got.status, got.raw)
	}
	return token
}

// The words are those of Google's "Using OAuth 2.0 for server to server applications" (JWT
// error codes) and of GAM's list of token errors (GAM-team/GAM, gamlib/glapi.py).
func TestGoogleToken(t *testing.T) {
	now := time.Now()
	const unauthorized = "Client is unauthorized to retrieve access tokens using this method, or client not authorized " +
		"for any of the scopes requested."
	const timeframe = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. " +
		"Check your iat and exp values in the JWT claim."
	type claims = map[string]any
	for _, c := range []struct {
		name        string
		change      func(*lab.Google)
		claims      claims
		status      int
		code        string
		description string
	}{
		{"granted", nil, nil, 200, "", ""},
		{"as itself", nil, claims{"sub": nil, "scope": scopeEmail}, 200, "", ""},
		{"as itself, with nothing delegated", func(g *lab.Google) { g.GrantedScopes = nil }, claims{"sub": nil, "scope": scopeEmail},
			200, "", ""},
		{"clock five minutes ahead", nil, claims{"iat": now.Add(290 * time.Second).Unix(), "exp": now.Add(time.Hour).Unix()},
			200, "", ""},
		{"nothing delegated", func(g *lab.Google) { g.GrantedScopes = nil }, nil, 401, "unauthorized_client", unauthorized},
		{"other scopes delegated", func(g *lab.Google) { g.GrantedScopes = []string{scopeUsers} }, nil,
			401, "unauthorized_client", unauthorized},
		{"the wider scope is not this one", func(g *lab.Google) { g.GrantedScopes = []string{scopeWide} }, nil,
			401, "unauthorized_client", unauthorized},
		{"one scope of two", func(g *lab.Google) { g.GrantedScopes = []string{scopeUsers} }, claims{"scope": scopeUsers + " " + scopeDomains},
			403, "access_denied", "Requested client not authorized."},
		{"service off for the subject", state(lab.SubjectServiceOff), nil,
			403, "access_denied", "Requested client not authorized."},
		{"suspended subject", state(lab.SubjectSuspended), nil, 403, "access_denied", "Account restricted"},
		{"deleted subject", state(lab.SubjectDeleted), nil, 400, "invalid_grant", "The account has been deleted"},
		{"unknown subject", nil, claims{"sub": "nobody@contoso.com"}, 400, "invalid_grant", "Invalid email or User ID"},
		{"subject in quotes", nil, claims{"sub": `"super@contoso.com"`},
			400, "invalid_request", `Invalid impersonation "sub" field: "super@contoso.com"`},
		{"blocked by the customer", client(lab.ClientBlocked), nil,
			400, "admin_policy_enforced", "Access is blocked by your administrator."},
		{"disabled client", client(lab.ClientDisabled), nil, 401, "disabled_client", "The OAuth client was disabled."},
		{"deleted client", client(lab.ClientDeleted), nil, 401, "deleted_client", "The OAuth client was deleted."},
		{"deleted key", client(lab.ClientKeyDeleted), nil, 400, "invalid_grant", "Invalid JWT Signature."},
		{"unknown service account", nil, claims{"iss": "gone@practice-project.iam.gserviceaccount.com"},
			400, "invalid_grant", "Invalid grant: account not found"},
		{"no service account", nil, claims{"iss": superAdmin},
			400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer"},
		{"audience of a moved endpoint", nil, claims{"aud": "https://127.0.0.1/token"},
			400, "invalid_grant", "Invalid JWT: Failed audience check."},
		{"clock ahead", nil, claims{"iat": now.Add(10 * time.Minute).Unix(), "exp": now.Add(time.Hour).Unix()},
			400, "invalid_grant", timeframe},
		{"clock behind", nil, claims{"iat": now.Add(-2 * time.Hour).Unix(), "exp": now.Add(-time.Hour).Unix()},
			400, "invalid_grant", timeframe},
		{"too long", nil, claims{"exp": now.Add(2 * time.Hour).Unix()}, 400, "invalid_grant", timeframe},
		{"no exp", nil, claims{"exp": nil}, 400, "invalid_grant", "Invalid JWT: exp is not set."},
		{"no scope", nil, claims{"scope": ""}, 400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."},
		{"misspelt scope", nil, claims{"scope": "admin.directory.domain.readonly"},
			400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) {
				if c.change != nil {
					c.change(&o.Google)
				}
			})
			got := p.exchange(assertion(key(), c.claims))
			if got.status != c.status {
				t.Errorf("status %d, want %d: %s", got.status, c.status, got.raw)
			}
			if c.status == 200 {
				return
			}
			if diff := cmp.Diff(map[string]any{"error": c.code, "error_description": c.description}, got.body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func state(s lab.SubjectState) func(*lab.Google) {
	return func(g *lab.Google) { g.Users[0].State = s }
}

func client(s lab.ClientState) func(*lab.Google) { return func(g *lab.Google) { g.Client = s } }

func TestGoogleTokenForm(t *testing.T) {
	p := start(t, nil)
	got := p.post(p.cfg.Google.Endpoints.Token, url.Values{"grant_type": {"password"}})
	if got.status != 400 || got.body["error"] != "unsupported_grant_type" {
		t.Errorf("another grant: %d %s", got.status, got.raw)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.exchange(assertion(other, nil)); got.status != 400 ||
		got.body["error_description"] != "Invalid JWT Signature." {
		t.Errorf("another key: %d %s", got.status, got.raw)
	}
	if got := p.exchange("nonsense"); got.status != 400 || got.body["error"] != "invalid_grant" {
		t.Errorf("no assertion: %d %s", got.status, got.raw)
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": lab.Healthy().Google.ServiceAccount})
	hs256, err := unsigned.SignedString([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.exchange(hs256); got.status != 400 || got.body["error_description"] != "Invalid JWT Signature." {
		t.Errorf("another algorithm: %d %s", got.status, got.raw)
	}
	if got := p.do(p.request(http.MethodGet, p.cfg.Google.Endpoints.Token, nil)); got.status != 405 ||
		got.header.Get("Date") == "" {
		t.Errorf("GET: %d %v", got.status, got.header)
	}
}

// TestGoogleLibrary asks with Google's own library and the key file that the lab wrote.
func TestGoogleLibrary(t *testing.T) {
	p := start(t, nil)
	cfg, err := googleoauth.JWTConfigFromJSON(p.cfg.Google.Credentials.ServiceAccountKey.Reveal(), scopeDomains)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.TokenURL != "https://oauth2.googleapis.com/token" {
		t.Errorf("the key file names the token URI %q, want Google's: the configuration moves it", cfg.TokenURL)
	}
	cfg.Subject, cfg.Audience, cfg.TokenURL = superAdmin, cfg.TokenURL, p.cfg.Google.Endpoints.Token
	token, err := cfg.TokenSource(p.context()).Token()
	if err != nil {
		t.Fatal(err)
	}
	got := p.directory("/admin/directory/v1/customer/my_customer/domains", token.AccessToken)
	if got.status != 200 {
		t.Errorf("domains: %d %s", got.status, got.raw)
	}
}

// context carries the client that trusts the lab, for Google's library.
func (p *practice) context() context.Context {
	return context.WithValue(p.t.Context(), oauth2.HTTPClient, p.http)
}

func TestTokenInfo(t *testing.T) {
	p := start(t, nil)
	ask := func(token string) reply {
		return p.do(p.request(http.MethodGet, p.cfg.Google.Endpoints.TokenInfo+"?access_token="+url.QueryEscape(token), nil))
	}
	got := ask(p.googleToken(nil))
	clientID := lab.Healthy().Google.ClientID
	if got.status != 200 || got.body["scope"] != scopeDomains || got.body["azp"] != clientID || got.body["aud"] != clientID {
		t.Errorf("answered %d %s", got.status, got.raw)
	}
	// The address comes with the e-mail scope only.
	if _, ok := got.body["email"]; ok {
		t.Errorf("an e-mail address without the scope: %s", got.raw)
	}
	got = ask(p.googleToken(map[string]any{"sub": nil, "scope": scopeEmail}))
	if got.body["email"] != lab.Healthy().Google.ServiceAccount {
		t.Errorf("the service account itself: %s", got.raw)
	}
	if got := ask("nonsense"); got.status != 400 || got.body["error"] != "invalid_token" {
		t.Errorf("a token of nobody: %d %s", got.status, got.raw)
	}
}

func (p *practice) directory(path, token string) reply {
	p.t.Helper()
	return p.do(p.request(http.MethodGet, p.cfg.Google.Endpoints.Directory+path, nil, "Authorization", "Bearer "+token))
}

// The shapes are those of the Directory API's reference (domains.list, domainAliases.list):
// times are milliseconds in a string, and an empty list is left out.
func TestDirectory(t *testing.T) {
	p := start(t, nil)
	token := p.googleToken(nil)
	got := p.directory("/admin/directory/v1/customer/my_customer/domains?alt=json&prettyPrint=false", token)
	domains, _ := got.body["domains"].([]any)
	if got.status != 200 || len(domains) != 2 {
		t.Fatalf("domains: %d %s", got.status, got.raw)
	}
	alias := map[string]any{
		"kind": "admin#directory#domainAlias", "domainAliasName": "contoso.net", "parentDomainName": "contoso.com",
		"verified": true, "creationTime": "1625788800000", // 2021-07-09
	}
	want := map[string]any{
		"kind": "admin#directory#domain", "domainName": "contoso.com", "isPrimary": true, "verified": true,
		"creationTime":  "1583107200000", // 2020-03-02
		"domainAliases": []any{alias},
	}
	if diff := cmp.Diff(want, domains[0]); diff != "" {
		t.Error(diff)
	}
	got = p.directory("/admin/directory/v1/customer/"+lab.Healthy().Google.Customer+"/domainaliases", token)
	if diff := cmp.Diff(map[string]any{"kind": "admin#directory#domainAliases", "domainAliases": []any{alias}}, got.body); diff != "" {
		t.Error(diff)
	}
	got = p.directory("/admin/directory/v1/customer/my_customer/domainaliases?parentDomainName=contoso-labs.com", token)
	if diff := cmp.Diff(map[string]any{"kind": "admin#directory#domainAliases"}, got.body); diff != "" {
		t.Error(diff)
	}
}

// The reasons are those of Google's Admin SDK ("Directory API: Resolve errors") and the list
// that GAM keeps.
func TestDirectoryRefusals(t *testing.T) {
	const domains = "/admin/directory/v1/customer/my_customer/domains"
	for _, c := range []struct {
		name   string
		change func(*lab.Google)
		path   string
		claims map[string]any
		status int
		reason string
	}{
		{"token without the scope", nil, domains, map[string]any{"scope": scopeUsers}, 403, "insufficientPermissions"},
		{"subject without the privilege", nil, domains, map[string]any{"sub": "adele@contoso.com"}, 403, "forbidden"},
		{"no subject", nil, domains, map[string]any{"sub": nil}, 403, "forbidden"},
		{"another customer", nil, strings.Replace(domains, "my_customer", "C09zzz99z", 1), nil, 403, "forbidden"},
		{"no customer id", nil, strings.Replace(domains, "my_customer", "contoso", 1), nil, 400, "invalid"},
		{"API off", func(g *lab.Google) { g.APIDisabled = true }, domains, nil, 403, "accessNotConfigured"},
		{"unknown parameter", nil, domains + "?pageToken=1", nil, 400, "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) {
				if c.change != nil {
					c.change(&o.Google)
				}
			})
			got := p.directory(c.path, p.googleToken(c.claims))
			list, _ := got.at("error", "errors").([]any)
			if len(list) != 1 || got.status != c.status || list[0].(map[string]any)["reason"] != c.reason {
				t.Errorf("answered %d %s, want %d %s", got.status, got.raw, c.status, c.reason)
			}
			if c.reason == "insufficientPermissions" && !strings.Contains(got.header.Get("WWW-Authenticate"), scopeDomains) {
				t.Errorf("WWW-Authenticate %q names no scope", got.header.Get("WWW-Authenticate"))
			}
		})
	}
	p := start(t, nil)
	if got := p.directory(domains, "nonsense"); got.status != 401 {
		t.Errorf("a token of nobody: status %d, want 401", got.status)
	}
	if got := p.do(p.request(http.MethodGet, p.cfg.Google.Endpoints.Directory+domains, nil)); got.status != 401 {
		t.Errorf("no token: status %d, want 401", got.status)
	}
	if got := p.do(p.request(http.MethodPost, p.cfg.Google.Endpoints.Directory+domains, nil)); got.status != 405 {
		t.Errorf("POST: status %d, want 405", got.status)
	}
	if got := p.directory("/admin/directory/v1/users", p.googleToken(nil)); got.status != 404 {
		t.Errorf("unknown path: status %d, want 404", got.status)
	}
}

// TestKeyless goes the whole way without a key: a caller's token, signJwt, the exchange.
func TestKeyless(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Google.Keyless = true })
	if p.cfg.Google.Credentials.Impersonate != lab.Healthy().Google.ServiceAccount {
		t.Fatalf("configured to impersonate %q", p.cfg.Google.Credentials.Impersonate)
	}
	adc, err := os.ReadFile(filepath.Join(p.dir, "adc.json"))
	if err != nil {
		t.Fatal(err)
	}
	caller, err := googleoauth.JWTConfigFromJSON(adc, scopePlatform)
	if err != nil {
		t.Fatal(err)
	}
	token, err := caller.TokenSource(p.context()).Token()
	if err != nil {
		t.Fatal(err)
	}
	sign := func(account, bearer, payload string) reply {
		body, err := json.Marshal(map[string]string{"payload": payload})
		if err != nil {
			t.Fatal(err)
		}
		return p.do(p.request(http.MethodPost, p.cfg.Google.Endpoints.IAM+"/v1/projects/-/serviceAccounts/"+account+":signJwt",
			strings.NewReader(string(body)), "Authorization", "Bearer "+bearer, "Content-Type", "application/json"))
	}
	now := time.Now()
	payload, err := json.Marshal(map[string]any{
		"iss": p.cfg.Google.Credentials.Impersonate, "sub": superAdmin, "scope": scopeDomains,
		"aud": "https://oauth2.googleapis.com/token", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed := sign(p.cfg.Google.Credentials.Impersonate, token.AccessToken, string(payload))
	jwt, _ := signed.body["signedJwt"].(string)
	if signed.status != 200 || signed.body["keyId"] == "" {
		t.Fatalf("signJwt: %d %s", signed.status, signed.raw)
	}
	if got := p.exchange(jwt); got.status != 200 {
		t.Errorf("the exchange of what was signed: %d %s", got.status, got.raw)
	}
	// IAM Service Account Credentials API: who may not, whom there is not, what is no payload.
	itself := p.googleToken(map[string]any{"sub": nil, "scope": scopePlatform})
	if got := sign(p.cfg.Google.Credentials.Impersonate, itself, string(payload)); got.status != 403 ||
		got.at("error", "status") != "PERMISSION_DENIED" {
		t.Errorf("a caller without the role: %d %s", got.status, got.raw)
	}
	if got := sign("gone@practice-project.iam.gserviceaccount.com", token.AccessToken, string(payload)); got.status != 404 {
		t.Errorf("an unknown account: %d %s", got.status, got.raw)
	}
	if got := sign(p.cfg.Google.Credentials.Impersonate, token.AccessToken, "not claims"); got.status != 400 {
		t.Errorf("a payload that is no JSON: %d %s", got.status, got.raw)
	}
	if got := sign(p.cfg.Google.Credentials.Impersonate, "nonsense", string(payload)); got.status != 401 {
		t.Errorf("a token of nobody: %d %s", got.status, got.raw)
	}
}

// TestFederation goes from a foreign identity to the caller that signs, and stops where Google
// stops (RFC 8693; Google Cloud, "Troubleshoot Workload Identity Federation").
func TestFederation(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Google.Keyless, o.Google.Federated = true, true })
	var file struct {
		Type, Audience string
		Source         struct{ File string } `json:"credential_source"`
		Acts           string                `json:"service_account_impersonation_url"`
	}
	raw, err := os.ReadFile(filepath.Join(p.dir, "adc.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &file); err != nil || file.Type != "external_account" {
		t.Fatalf("%s: %v", raw, err)
	}
	subject, err := os.ReadFile(file.Source.File)
	if err != nil {
		t.Fatal(err)
	}
	exchange := func(change url.Values) reply {
		form := url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "audience": {file.Audience}, "scope": {scopePlatform},
			"subject_token": {string(subject)}, "subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"},
			"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		}
		for name, v := range change {
			form[name] = v
		}
		return p.post(p.cfg.Google.Endpoints.STS, form)
	}
	for code, change := range map[string]url.Values{
		"unsupported_grant_type": {"grant_type": {"password"}}, "invalid_target": {"audience": {"//iam.googleapis.com/projects/1"}},
		"invalid_request": {"subject_token_type": {"urn:x"}}, "invalid_grant": {"subject_token": {"forged"}}, "invalid_scope": {"scope": {""}},
	} {
		if got := exchange(change); got.status != 400 || got.body["error"] != code {
			t.Errorf("%v: %d %s, want %s", change, got.status, got.raw, code)
		}
	}
	federated, _ := exchange(nil).body["access_token"].(string)
	if federated == "" {
		t.Fatal("no token for the identity that the pool trusts")
	}
	iam := func(account, method, bearer string) reply {
		return p.do(p.request(http.MethodPost, p.cfg.Google.Endpoints.IAM+"/v1/projects/-/serviceAccounts/"+account+":"+method,
			strings.NewReader(`{"scope":["`+scopePlatform+`"],"payload":"{}"}`), "Authorization", "Bearer "+bearer))
	}
	caller := "casdoctor-caller@practice-project.iam.gserviceaccount.com"
	if !strings.HasSuffix(file.Acts, "/"+caller+":generateAccessToken") {
		t.Errorf("acts by %s", file.Acts)
	}
	if got := iam(caller, "generateAccessToken", federated); got.status != 200 || got.body["accessToken"] == "" {
		t.Errorf("the caller: %d %s", got.status, got.raw)
	}
	for _, c := range []struct {
		account, method, bearer string
		status                  int
	}{
		{lab.Healthy().Google.ServiceAccount, "generateAccessToken", federated, 403}, // no role on this one
		{lab.Healthy().Google.ServiceAccount, "signJwt", federated, 403},             // it has to act for the caller first
		{"gone@practice-project.iam.gserviceaccount.com", "generateAccessToken", federated, 404},
		{caller, "generateAccessToken", "nonsense", 401},
		{caller, "generateIdToken", federated, 404},
	} {
		if got := iam(c.account, c.method, c.bearer); got.status != c.status {
			t.Errorf("%s of %s: %d %s, want %d", c.method, c.account, got.status, got.raw, c.status)
		}
	}
	// Without a federation there is no pool.
	p = start(t, func(o *lab.Organisation) { o.Google.Keyless = true })
	if got := exchange(nil); got.body["error"] != "invalid_target" {
		t.Errorf("no pool: %d %s", got.status, got.raw)
	}
}

// TestAuditLogAndConsents: what is refused, and with which word (Reports API and Directory API,
// "Handle API errors").
func TestAuditLogAndConsents(t *testing.T) {
	const (
		tokens, log = "/admin/directory/v1/users/super@contoso.com/tokens", "/admin/reports/v1/activity/users/all/applications/admin"
		scopeTokens = "https://www.googleapis.com/auth/admin.directory.user.security"
		scopeAudit  = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
	)
	p := start(t, func(o *lab.Organisation) {
		o.Google.GrantedScopes = append(o.Google.GrantedScopes, scopeTokens, scopeAudit)
		for range 3 {
			o.Google.AuditLog = append(o.Google.AuditLog, lab.GoogleEvent{
				Time: time.Now(), Name: "AUTHORIZE_API_CLIENT_ACCESS", Actor: superAdmin, Parameters: map[string]string{"API_CLIENT_NAME": "1"},
			})
		}
	})
	for _, c := range []struct {
		path, scope, subject string
		status               int
		reason               string
	}{
		{tokens, scopeTokens, superAdmin, 200, ""},
		{tokens, scopeDomains, superAdmin, 403, "insufficientPermissions"},
		{tokens, scopeTokens, "adele@contoso.com", 403, "forbidden"},
		{"/admin/directory/v1/users/nobody@contoso.com/tokens", scopeTokens, superAdmin, 404, "notFound"},
		{log, scopeAudit, superAdmin, 200, ""},
		{log, scopeTokens, superAdmin, 403, "insufficientPermissions"},
		{log, scopeAudit, "adele@contoso.com", 401, "authError"},
		{log + "?customerId=C09zzz99z", scopeAudit, superAdmin, 401, "authError"},
		{log + "?maxResults=1001", scopeAudit, superAdmin, 400, "invalid"},
		{log + "?pageToken=first", scopeAudit, superAdmin, 400, "invalid"},
		{strings.Replace(log, "/admin", "/drive", 1), scopeAudit, superAdmin, 404, ""},
	} {
		got := p.directory(c.path, p.googleToken(map[string]any{"scope": c.scope, "sub": c.subject}))
		reason := ""
		if list, _ := got.at("error", "errors").([]any); len(list) == 1 {
			reason, _ = list[0].(map[string]any)["reason"].(string)
		}
		if got.status != c.status || reason != c.reason {
			t.Errorf("%s as %s: %d %s, want %d %s", c.path, c.subject, got.status, got.raw, c.status, c.reason)
		}
	}
	seen, page := 0, ""
	for range 3 {
		got := p.directory(log+"?eventName=AUTHORIZE_API_CLIENT_ACCESS&maxResults=2&pageToken="+page, p.googleToken(map[string]any{"scope": scopeAudit}))
		items, _ := got.body["items"].([]any)
		seen += len(items)
		if page, _ = got.body["nextPageToken"].(string); page == "" {
			break
		}
	}
	if seen != 3 || page != "" {
		t.Errorf("%d events in pages of two, and then %q", seen, page)
	}
	got := p.directory(log+"?eventName=ADD_APPLICATION", p.googleToken(map[string]any{"scope": scopeAudit}))
	if diff := cmp.Diff(map[string]any{"kind": "admin#reports#activities", "etag": `"practice"`}, got.body); diff != "" {
		t.Error(diff)
	}
}

// TestANewDomain is there from the moment on when it is added.
func TestANewDomain(t *testing.T) {
	p := start(t, nil)
	count := func() int {
		list, _ := p.directory("/admin/directory/v1/customer/my_customer/domains", p.googleToken(nil)).body["domains"].([]any)
		return len(list)
	}
	before := count()
	p.AddGoogleDomain(lab.GoogleDomain{Name: "contoso-fresh.example", Created: time.Now()})
	if after := count(); after != before+1 {
		t.Errorf("%d domains, then %d", before, after)
	}
}
