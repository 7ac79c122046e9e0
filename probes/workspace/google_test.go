package workspace

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	testAdmin   = "super@contoso.com"
	testAccount = "doctor@project.iam.gserviceaccount.com"
	testClient  = "103456789012345678901"
	// tokenMark is in every token that the fake issues, and must be in no fact.
	tokenMark = "ya29.canary"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// claims are those of an assertion, as RFC 7523 and Google's documentation name them.
type claims struct {
	Issuer, Subject, Scope, Audience string
	IssuedAt, Expires                int64
}

// answer is what the fake says instead of its own answer.
type answer struct {
	status int
	body   string
	header map[string]string
	after  int    // so many requests get their own answer first; token endpoint only
	hang   func() // called in place of an answer; then nothing, until the caller gives up
	cut    bool   // the connection ends in the middle of the body
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.hang != nil {
		// The body must be read for the server to notice that the caller has gone.
		_, _ = io.Copy(io.Discard, r.Body)
		a.hang()
		<-r.Context().Done()
		return
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	if a.cut {
		w.Header().Set("Content-Length", fmt.Sprint(len(a.body)+100))
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// fakeGoogle is the token endpoint, tokeninfo, the Directory API and IAM's signJwt on
// loopback. It refuses what Google refuses.
type fakeGoogle struct {
	*httptest.Server

	granted   map[string]bool   // scopes that are delegated
	tokens    map[string]answer // by the scope that is asked for
	tokenInfo map[string]answer // by the scope of the token
	paths     map[string]answer // by path
	date      string            // of the token endpoint; empty: the server's own
	azp       string

	mu       sync.Mutex
	asked    []claims
	issued   map[string]claims
	requests []string // METHOD path
	acting   bool     // an access token of callerAccount was given out
	quota    string   // the X-Goog-User-Project of the last signJwt
}

func newGoogle(t *testing.T, granted ...string) *fakeGoogle {
	t.Helper()
	g := &fakeGoogle{
		granted: map[string]bool{}, tokens: map[string]answer{}, tokenInfo: map[string]answer{},
		paths: map[string]answer{}, issued: map[string]claims{}, azp: testClient,
	}
	for _, s := range granted {
		g.granted[s] = true
	}
	g.Server = httptest.NewUnstartedServer(g)
	g.Config.ErrorLog = nil
	g.StartTLS()
	t.Cleanup(g.Close)
	return g
}

func (g *fakeGoogle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.requests = append(g.requests, r.Method+" "+r.URL.Path)
	g.mu.Unlock()
	if a, ok := g.paths[r.URL.Path]; ok {
		a.write(w, r)
		return
	}
	switch path := r.URL.Path; {
	case r.Method == http.MethodPost && path == "/moved/token":
		g.token(w, r)
	case r.Method == http.MethodGet && path == "/moved/tokeninfo":
		g.info(w, r)
	case r.Method == http.MethodGet && strings.HasPrefix(path, "/admin/directory/v1/customer/"):
		g.directory(w, r)
	case r.Method == http.MethodPost && path == "/v1/projects/-/serviceAccounts/"+testAccount+":signJwt":
		g.signJWT(w, r)
	case r.Method == http.MethodPost && path == "/v1/projects/-/serviceAccounts/"+callerAccount+":generateAccessToken":
		g.accessToken(w, r)
	default:
		answer{status: 404, body: "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>"}.write(w, r)
	}
}

// refusal is an error of an OAuth endpoint.
func refusal(status int, code, description string) answer {
	body, _ := json.Marshal(map[string]string{"error": code, "error_description": description})
	return answer{status: status, body: string(body)}
}

const unauthorized = "Client is unauthorized to retrieve access tokens using this method, " +
	"or client not authorized for any of the scopes requested."

func (g *fakeGoogle) token(w http.ResponseWriter, r *http.Request) {
	if g.date != "" {
		w.Header().Set("Date", g.date)
	}
	if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		refusal(400, "unsupported_grant_type", "Invalid grant_type: "+r.FormValue("grant_type")).write(w, r)
		return
	}
	c, ok := verify(r.FormValue("assertion"))
	g.mu.Lock()
	before := 0
	for _, a := range g.asked {
		if a.Scope == c.Scope {
			before++
		}
	}
	g.asked = append(g.asked, c)
	g.mu.Unlock()
	switch a, fault := g.tokens[c.Scope]; {
	case fault && before >= a.after:
		a.write(w, r)
	case !ok:
		refusal(400, "invalid_grant", "Invalid JWT Signature.").write(w, r)
	case c.Audience != "https://oauth2.googleapis.com/token":
		refusal(400, "invalid_grant", "Invalid JWT: Failed audience check.").write(w, r)
	case c.Issuer != testAccount:
		refusal(400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer").write(w, r)
	case strings.Contains(c.Scope, " ") || c.Subject != "" && !g.granted[c.Scope]:
		refusal(401, "unauthorized_client", unauthorized).write(w, r)
	default:
		g.mu.Lock()
		token := fmt.Sprintf("%s-%d", tokenMark, len(g.issued))
		g.issued[token] = c
		g.mu.Unlock()
		answer{status: 200, body: `{"access_token":"` + token + `","expires_in":3599,"token_type":"Bearer"}`}.write(w, r)
	}
}

func (g *fakeGoogle) lookUp(token string) (claims, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.issued[token]
	return c, ok
}

func (g *fakeGoogle) info(w http.ResponseWriter, r *http.Request) {
	c, ok := g.lookUp(r.URL.Query().Get("access_token"))
	if !ok {
		refusal(400, "invalid_token", "Invalid Value").write(w, r)
		return
	}
	if a, fault := g.tokenInfo[c.Scope]; fault {
		a.write(w, r)
		return
	}
	info := map[string]string{
		"azp": g.azp, "aud": g.azp, "scope": c.Scope, "exp": "1790000000", "expires_in": "3598", "access_type": "online",
	}
	if c.Scope == scopeSelf { // Google adds openid, and names the e-mail only for this scope
		info["scope"] += " openid"
		info["email"], info["email_verified"] = testAccount, "true"
	}
	body, _ := json.Marshal(info)
	answer{status: 200, body: string(body)}.write(w, r)
}

// apiError is an error of the Directory API, with the older and the newer reason.
func apiError(status int, reason, message, info string) answer {
	e := map[string]any{"code": status, "message": message}
	if reason != "" {
		e["errors"] = []any{map[string]string{"domain": "global", "reason": reason, "message": message}}
	}
	if info != "" {
		e["details"] = []any{
			map[string]any{"@type": "type.googleapis.com/google.rpc.Help", "links": []any{}},
			map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": info, "domain": "googleapis.com"},
		}
	}
	body, _ := json.Marshal(map[string]any{"error": e})
	return answer{status: status, body: string(body)}
}

const (
	domainsPath = "/admin/directory/v1/customer/my_customer/domains"
	aliasesPath = "/admin/directory/v1/customer/my_customer/domainaliases"
)

func (g *fakeGoogle) directory(w http.ResponseWriter, r *http.Request) {
	c, ok := g.lookUp(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	switch {
	case !ok:
		apiError(401, "authError", "Invalid Credentials", "").write(w, r)
	case c.Scope != facts.ScopeDomains && c.Scope != facts.ScopeDomainsWide:
		apiError(403, "insufficientPermissions",
			"Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT").write(w, r)
	case c.Subject != testAdmin || strings.Contains(r.URL.Path, "/customer/C0foreign/"):
		apiError(403, "forbidden", "Not Authorized to access this resource/api", "").write(w, r)
	case r.URL.Path == domainsPath:
		answer{status: 200, body: `{"kind":"admin#directory#domains","etag":"\"e\"","domains":[
			{"kind":"admin#directory#domain","domainName":"contoso.com","isPrimary":true,"verified":true,
			 "creationTime":"1361000000000","domainAliases":[{"domainAliasName":"contoso.org"}]},
			{"kind":"admin#directory#domain","domainName":"fabrikam.com","isPrimary":false,"verified":false},
			{"kind":"admin#directory#domain","domainName":"example.net"}]}`}.write(w, r)
	case r.URL.Path == aliasesPath:
		answer{status: 200, body: `{"kind":"admin#directory#domainAliases","etag":"\"e\"","domainAliases":[
			{"kind":"admin#directory#domainAlias","domainAliasName":"contoso.org","parentDomainName":"contoso.com",
			 "verified":true,"creationTime":"1361000000500"},
			{"kind":"admin#directory#domainAlias","domainAliasName":"example.org","verified":false}]}`}.write(w, r)
	default:
		apiError(404, "notFound", "Customer doesn't exist", "").write(w, r)
	}
}

// accessToken lets the federated identity, and no one else, become callerAccount.
func (g *fakeGoogle) accessToken(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Scope []string `json:"scope"`
	}
	if r.Header.Get("Authorization") != "Bearer "+tokenMark+"-caller" {
		answer{status: 401, body: `{"error":{"code":401,"message":"…","status":"UNAUTHENTICATED"}}`}.write(w, r)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Scope) != 1 || q.Scope[0] != scopeIAM {
		answer{status: 400, body: `{"error":{"code":400,"message":"…","status":"INVALID_ARGUMENT"}}`}.write(w, r)
		return
	}
	g.mu.Lock()
	g.acting = true
	g.mu.Unlock()
	answer{status: 200, body: `{"accessToken":"` + tokenMark + `-runner","expireTime":"2026-11-24T14:00:00Z"}`}.write(w, r)
}

func (g *fakeGoogle) signJWT(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Payload string `json:"payload"`
	}
	signer := tokenMark + "-caller"
	g.mu.Lock()
	if g.acting { // it must have become the service account
		signer = tokenMark + "-runner"
	}
	g.quota = r.Header.Get("X-Goog-User-Project")
	g.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+signer {
		answer{status: 401, body: `{"error":{"code":401,"message":"…","status":"UNAUTHENTICATED"}}`}.write(w, r)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		answer{status: 400, body: `{"error":{"code":400,"message":"…","status":"INVALID_ARGUMENT"}}`}.write(w, r)
		return
	}
	answer{status: 200, body: `{"keyId":"k","signedJwt":"` + sign(q.Payload) + `"}`}.write(w, r)
}

func sign(payload string) string {
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, testKey(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + enc.EncodeToString(sig)
}

func verify(assertion string) (claims, bool) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	enc := base64.RawURLEncoding
	payload, err1 := enc.DecodeString(parts[1])
	sig, err2 := enc.DecodeString(parts[2])
	var c struct {
		Iss, Sub, Scope, Aud string
		Iat, Exp             int64
	}
	if err1 != nil || err2 != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}, false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	err := rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA256, sum[:], sig)
	return claims{c.Iss, c.Sub, c.Scope, c.Aud, c.Iat, c.Exp}, err == nil
}

func (g *fakeGoogle) scopes() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var s []string
	for _, c := range g.asked {
		s = append(s, c.Scope)
	}
	return s
}

func (g *fakeGoogle) got(prefix string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, r := range g.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func keyJSON() string {
	der, err := x509.MarshalPKCS8PrivateKey(testKey())
	if err != nil {
		panic(err)
	}
	body, _ := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "project", "private_key_id": "k",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": testAccount, "client_id": testClient, "token_uri": "https://oauth2.googleapis.com/token",
	})
	return string(body)
}

func (g *fakeGoogle) env(t *testing.T, change ...func(*config.Config)) *probes.Env {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: g.Certificate().Raw})
	if err := os.WriteFile(ca, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{
		Tenant: "contoso",
		Google: &config.Google{
			Customer: "my_customer", Admin: testAdmin,
			Credentials: config.GoogleCredentials{ServiceAccountKey: config.NewSecret("file:sa.json", []byte(keyJSON()))},
			Endpoints: config.GoogleEndpoints{
				Token: g.URL + "/moved/token", TokenInfo: g.URL + "/moved/tokeninfo",
				Directory: g.URL, Reports: g.URL, IAM: g.URL,
			},
		},
		Network: config.Network{CAFile: ca},
	}
	for _, c := range change {
		c(cfg)
	}
	client, err := httpread.New(cfg, httpread.WithBackoff(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	return &probes.Env{Config: cfg, HTTP: client, Now: time.Now, Log: zerolog.Nop()}
}

// run collects the ladder and the domains; what is asked about grants beside it has its own tests.
func run(t *testing.T, env *probes.Env) *facts.Evidence {
	t.Helper()
	return collect(t, env, delegation(), domains())
}

// collect collects facts and looks for secrets in them.
func collect(t *testing.T, env *probes.Env, list ...probes.Probe) *facts.Evidence {
	t.Helper()
	e := probes.Collect(t.Context(), env, list, nil)
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	// eyJ begins every JWT: the base64 of {"
	for _, secret := range []string{tokenMark, "eyJ", "PRIVATE KEY", "access_token="} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the evidence contains %q", secret)
		}
	}
	return e
}

func ladder(t *testing.T, e *facts.Evidence) facts.Delegation {
	t.Helper()
	d := facts.Get(e, facts.WorkspaceDelegation)
	if !d.Complete() {
		t.Fatalf("workspace.delegation: %v", d.Why())
	}
	return *d.Value
}

func kind[T any](s facts.Seen[T]) facts.Kind {
	if f := s.Why(); f != nil {
		return f.Kind
	}
	return ""
}

func state(try facts.Seen[facts.TokenTry]) string {
	switch {
	case try.Value == nil:
		return string(try.Why().Kind)
	case try.Value.Granted == nil:
		return "unknown"
	case *try.Value.Granted:
		return "granted"
	default:
		return "refused"
	}
}

// want holds a failure against what it must say; every one says what it is about in words.
func want(t *testing.T, f *facts.Failure, kind facts.Kind, code, permission string) {
	t.Helper()
	if f == nil || f.Kind != kind || f.Code != code || f.Permission != permission || f.Detail == "" {
		t.Errorf("%+v, want %s %s %s", f, kind, code, permission)
	}
}
