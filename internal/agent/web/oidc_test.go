package web_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

const (
	clientID     = "casdoctor-page"
	clientSecret = "the-secret-of-the-client"
	link         = "https://casdoctor.example.com"
)

// issuer is an identity provider on loopback. It refuses what OpenID Connect Core 1.0 (3.1.2.1,
// 3.1.3.1), RFC 6749 (4.1.3, 5.2) and RFC 7636 (4.6) have it refuse: another client, secret or
// redirect URI, a code that is unknown, used or of another client, and a verifier that does not fit.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu    sync.Mutex
	codes map[string]url.Values // the authorization request of each
	down  bool
	posts int // to the token endpoint

	person jwt.MapClaims                        // who signs in
	change func(jwt.MapClaims)                  // what an attacker, or a broken provider, changes
	sign   func(*issuer, jwt.MapClaims) string  // nil: RS256 with the published key
	about  func(i *issuer, meta map[string]any) // changes the description
	tokens func(answer map[string]any)          // changes the answer of the token endpoint
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, codes: map[string]url.Values{}, person: jwt.MapClaims{"sub": "4711", "email": "kim@example.com", "email_verified": true}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.describe)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (i *issuer) describe(w http.ResponseWriter, _ *http.Request) {
	meta := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
	}
	if i.about != nil {
		i.about(i, meta)
	}
	answer(w, http.StatusOK, meta)
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	b64 := base64.RawURLEncoding.EncodeToString
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": b64(i.key.N.Bytes()), "e": b64(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

// authorize is a person who has signed in there and agrees.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	challenge, err := base64.RawURLEncoding.DecodeString(q.Get("code_challenge"))
	switch {
	case q.Get("client_id") != clientID, q.Get("redirect_uri") != link+"/sign-in/callback":
		http.Error(w, "unknown client or redirect URI", http.StatusBadRequest) // and nobody is sent back
	case q.Get("response_type") != "code", !slices.Contains(strings.Fields(q.Get("scope")), "openid"), q.Get("state") == "", q.Get("nonce") == "",
		q.Get("code_challenge_method") != "S256", err != nil, len(challenge) != sha256.Size:
		http.Error(w, "invalid_request", http.StatusBadRequest)
	default:
		code := rand.Text()
		i.codes[code] = q
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	}
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.posts++
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != clientID || secret != clientSecret {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "not " + secret})
		return
	}
	asked, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := jwt.MapClaims{
		"iss": i.URL, "aud": clientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(claims, i.person)
	if i.change != nil {
		i.change(claims)
	}
	sign := i.sign
	if sign == nil {
		sign = (*issuer).rs256
	}
	a := map[string]any{"access_token": "opaque", "token_type": "Bearer", "id_token": sign(i, claims)}
	if i.tokens != nil {
		i.tokens(a)
	}
	answer(w, http.StatusOK, a)
}

func signed(method jwt.SigningMethod, claims jwt.MapClaims, key any) string {
	t := jwt.NewWithClaims(method, claims)
	t.Header["kid"] = "1"
	raw, err := t.SignedString(key)
	if err != nil {
		panic(err)
	}
	return raw
}

func (i *issuer) rs256(claims jwt.MapClaims) string {
	return signed(jwt.SigningMethodRS256, claims, i.key)
}

// visitor is a browser between the page and the provider.
type visitor struct {
	t       *testing.T
	page    fixture
	at      *issuer
	cookies map[string]*http.Cookie
}

func newVisitor(t *testing.T) visitor {
	t.Helper()
	i := newIssuer(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPage(t, config.Page{Listen: here(), OIDC: &config.OIDC{
		Issuer: i.URL, ClientID: clientID, ClientSecret: config.NewSecret("env:SECRET", []byte(clientSecret)),
		Operators: []string{"Kim@example.com", "security-team"}, Readers: []string{"Everybody", "lee@example.com"},
	}})
	p.cfg.Alerts.Link, p.cfg.Network.CAFile = link, ca
	return visitor{t, p, i, map[string]*http.Cookie{}}
}

// another browser at the same page.
func (v visitor) another() visitor {
	v.cookies = map[string]*http.Cookie{}
	return v
}

func (v visitor) open(method, path string) (*http.Response, string) {
	r := httptest.NewRequest(method, link+path, nil)
	r.TLS = nil // a proxy on this machine has it
	r.Header.Set("Accept", "text/html")
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	got, body := ask(v.page, r)
	for _, c := range got.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c
		}
	}
	return got, body
}

// leave goes to the provider, which sends back to the returned path of the page.
func (v visitor) leave(to string) (back string) {
	v.t.Helper()
	got, body := v.open("GET", "/sign-in/provider?to="+url.QueryEscape(to))
	if got.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("to the provider: %d %s", got.StatusCode, body)
	}
	client := v.at.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answered, err := client.Get(got.Header.Get("Location"))
	if err != nil {
		v.t.Fatal(err)
	}
	_ = answered.Body.Close()
	back, ok := strings.CutPrefix(answered.Header.Get("Location"), link)
	if answered.StatusCode != http.StatusFound || !ok {
		v.t.Fatalf("the provider: %d %q", answered.StatusCode, answered.Header.Get("Location"))
	}
	return back
}

// TestProvider: who is let in by an identity provider, and as what.
func TestProvider(t *testing.T) {
	for _, c := range []struct {
		name      string
		person    jwt.MapClaims
		look, run int // what the two roles are told apart by; 0: nobody is let in
	}{
		{"a mail address", jwt.MapClaims{"email": "kim@example.com", "email_verified": true}, 200, 303},
		{"written otherwise", jwt.MapClaims{"email": "KIM@Example.com", "email_verified": "true"}, 200, 303},
		{"a reader's", jwt.MapClaims{"email": "lee@example.com", "email_verified": true}, 200, 403},
		{"a group", jwt.MapClaims{"groups": []string{"x", "security-team"}}, 200, 303},
		{"one group", jwt.MapClaims{"groups": "security-team"}, 200, 303},
		{"a reader's group", jwt.MapClaims{"groups": []string{"Everybody"}}, 200, 403},
		{"both", jwt.MapClaims{"groups": []string{"Everybody", "security-team"}}, 200, 303},
		{"not verified", jwt.MapClaims{"email": "kim@example.com", "email_verified": false}, 0, 0},
		{"nothing of that", jwt.MapClaims{"email": "kim@example.com"}, 0, 0},
		{"a group that is called like a person", jwt.MapClaims{"groups": []string{"kim@example.com"}}, 0, 0},
		{"a person who is called like a group", jwt.MapClaims{"email": "security-team", "email_verified": true}, 0, 0},
		{"a group written otherwise", jwt.MapClaims{"groups": []string{"everybody", "SECURITY-TEAM"}}, 0, 0},
		{"in no list", jwt.MapClaims{"email": "mallory@example.com", "email_verified": true, "groups": []string{"guests"}}, 0, 0},
		{"groups that are none", jwt.MapClaims{"groups": map[string]any{"security-team": true}}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVisitor(t)
			v.at.person = jwt.MapClaims{"sub": "4711"}
			maps.Copy(v.at.person, c.person)
			got, body := v.open("GET", v.leave("/queue?lang=ja"))
			if c.look == 0 {
				if got.StatusCode != http.StatusForbidden || !strings.Contains(body, "no role here") || len(v.cookies) != 0 {
					t.Errorf("%d, cookies %v\n%s", got.StatusCode, v.cookies, body)
				}
				if n := v.audit("sign_in_failed"); n != 1 {
					t.Errorf("%d refusals are recorded", n)
				}
				return
			}
			if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/queue?lang=ja" {
				t.Fatalf("back: %d to %q", got.StatusCode, got.Header.Get("Location"))
			}
			session := v.cookies["__Host-casdoctor"]
			if session == nil || !session.Secure || !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Path != "/" || session.Domain != "" {
				t.Fatalf("the session: %v", session)
			}
			if got, _ := v.open("GET", "/"); got.StatusCode != c.look {
				t.Errorf("looks: %d, want %d", got.StatusCode, c.look)
			}
			if got, _ := v.open("POST", "/tenants/contoso/run"); got.StatusCode != c.run {
				t.Errorf("runs: %d, want %d", got.StatusCode, c.run)
			}
			if n := v.audit("sign_in"); n != 1 {
				t.Errorf("%d sign-ins are recorded", n)
			}
			// Whoever is taken out of the lists is out.
			v.page.cfg.Page.OIDC.Operators, v.page.cfg.Page.OIDC.Readers = nil, []string{"nobody"}
			if got, _ := v.open("GET", "/"); got.StatusCode != http.StatusSeeOther {
				t.Errorf("after the role is taken away: %d", got.StatusCode)
			}
		})
	}
}

func (v visitor) audit(what string) (n int) {
	v.t.Helper()
	if err := v.page.store.View(v.t.Context(), func(tx store.Tx) error {
		actions, err := store.Actions(v.t.Context(), tx, 1000)
		for _, a := range actions {
			if a.What == what {
				n++
			}
		}
		return err
	}); err != nil {
		v.t.Fatal(err)
	}
	return n
}

// TestForgedTokens: what a provider would never sign, or signs for somebody else, opens nothing.
func TestForgedTokens(t *testing.T) {
	set := func(name string, value any) func(*issuer) {
		return func(i *issuer) { i.change = func(c jwt.MapClaims) { c[name] = value } }
	}
	for name, attack := range map[string]func(*issuer){
		"another nonce":    set("nonce", "of-another-sign-in"),
		"no nonce":         func(i *issuer) { i.change = func(c jwt.MapClaims) { delete(c, "nonce") } },
		"another audience": set("aud", "another-client"),
		"another issuer":   set("iss", "https://evil.example"),
		"expired":          set("exp", now.Add(-time.Second).Unix()),
		"no end":           func(i *issuer) { i.change = func(c jwt.MapClaims) { delete(c, "exp") } },
		"not yet":          set("nbf", now.Add(time.Hour).Unix()),
		"no signature": func(i *issuer) {
			i.sign = func(_ *issuer, c jwt.MapClaims) string {
				return signed(jwt.SigningMethodNone, c, jwt.UnsafeAllowNoneSignatureType)
			}
		},
		"signed with the client's secret": func(i *issuer) {
			i.sign = func(_ *issuer, c jwt.MapClaims) string {
				return signed(jwt.SigningMethodHS256, c, []byte(clientSecret))
			}
		},
		"signed with the public key": func(i *issuer) {
			i.sign = func(i *issuer, c jwt.MapClaims) string { return signed(jwt.SigningMethodHS256, c, i.key.N.Bytes()) }
		},
		"signed by another": func(i *issuer) {
			other, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			i.sign = func(_ *issuer, c jwt.MapClaims) string { return signed(jwt.SigningMethodRS256, c, other) }
		},
		"changed after it was signed": func(i *issuer) {
			i.sign = func(i *issuer, c jwt.MapClaims) string {
				c["email"] = "mallory@example.com"
				head, rest, _ := strings.Cut(i.rs256(c), ".")
				_, sum, _ := strings.Cut(rest, ".")
				c["email"] = "kim@example.com"
				_, body, _ := strings.Cut(i.rs256(c), ".")
				body, _, _ = strings.Cut(body, ".")
				return head + "." + body + "." + sum
			}
		},
		"no id token": func(i *issuer) { i.tokens = func(a map[string]any) { delete(a, "id_token") } },
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t)
			attack(v.at)
			got, body := v.open("GET", v.leave("/"))
			if got.StatusCode != http.StatusForbidden || len(v.cookies) != 0 || !strings.Contains(body, "Begin again") {
				t.Errorf("%d, cookies %v", got.StatusCode, v.cookies)
			}
			if name != "no id token" && strings.Contains(v.page.log.String(), "the provider gives no") {
				t.Errorf("it did not come to the token: %s", v.page.log)
			}
			if v.at.posts != 1 || v.audit("sign_in") != 0 || v.audit("sign_in_failed") != 1 {
				t.Errorf("%d token requests, %d sign-ins and %d refusals are recorded", v.at.posts, v.audit("sign_in"), v.audit("sign_in_failed"))
			}
		})
	}
}

// TestWayBack: who comes back from the provider with what is not theirs is not let in. Each
// attack begins with an honest sign-in that is on its way, and its address for coming back.
func TestWayBack(t *testing.T) {
	const away = "__Host-casdoctor-sign-in"
	change := func(back, name, value string) string {
		u, err := url.Parse(back)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set(name, value)
		if value == "" {
			q.Del(name)
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	for _, c := range []struct {
		name   string
		attack func(v visitor, back string) (visitor, string)
		want   int
	}{
		{"another state", func(v visitor, back string) (visitor, string) { return v, change(back, "state", "guessed") }, 400},
		{"no state", func(v visitor, back string) (visitor, string) { return v, change(back, "state", "") }, 400},
		{"no code", func(v visitor, back string) (visitor, string) { return v, change(back, "code", "") }, 400},
		{"declined", func(v visitor, back string) (visitor, string) {
			return v, change(change(back, "code", ""), "error", "access_denied")
		}, 400},
		{"another code", func(v visitor, back string) (visitor, string) { return v, change(back, "code", "guessed") }, 403},
		{"another browser", func(v visitor, back string) (visitor, string) { return v.another(), back }, 400},
		{"the cookie of another sign-in", func(v visitor, back string) (visitor, string) {
			other := v.another()
			other.leave("/")
			return other, back
		}, 400},
		{"the code of another sign-in", func(v visitor, back string) (visitor, string) { // PKCE keeps it out
			theirs, err := url.Parse(v.another().leave("/"))
			if err != nil {
				t.Fatal(err)
			}
			return v, change(back, "code", theirs.Query().Get("code"))
		}, 403},
		{"a changed cookie", func(v visitor, back string) (visitor, string) {
			body, sum, _ := strings.Cut(v.cookies[away].Value, ".")
			raw, err := base64.RawURLEncoding.DecodeString(body)
			if err != nil {
				t.Fatal(err)
			}
			v.cookies[away].Value = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), `"To":"/"`, `"To":"/queue"`, 1))) + "." + sum
			return v, back
		}, 400},
		{"a cookie without its sum", func(v visitor, back string) (visitor, string) {
			v.cookies[away].Value, _, _ = strings.Cut(v.cookies[away].Value, ".")
			return v, back
		}, 400},
		{"a second time", func(v visitor, back string) (visitor, string) {
			kept := *v.cookies[away]
			if got, _ := v.open("GET", back); got.StatusCode != http.StatusSeeOther {
				t.Fatalf("the first time: %d", got.StatusCode)
			}
			again := v.another()
			again.cookies[away] = &kept
			return again, back
		}, 403},
		{"late", func(v visitor, back string) (visitor, string) {
			*v.page.now = now.Add(11 * time.Minute)
			return v, back
		}, 400},
		{"with another secret", func(v visitor, back string) (visitor, string) {
			v.page.cfg.Page.OIDC.ClientSecret = config.NewSecret("env:SECRET", []byte("old"))
			return v, back
		}, 403},
		{"to another address", func(v visitor, back string) (visitor, string) {
			v.page.cfg.Alerts.Link = link + "/below"
			return v, back
		}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVisitor(t)
			v.t = t
			by, path := c.attack(v, v.leave("/"))
			got, body := by.open("GET", path)
			if got.StatusCode != c.want {
				t.Errorf("%d, want %d\n%s", got.StatusCode, c.want, body)
			}
			if by.cookies["__Host-casdoctor"] != nil {
				t.Error("a session is opened")
			}
			if strings.Contains(v.page.log.String(), clientSecret) || strings.Contains(body, clientSecret) {
				t.Error("the secret is shown")
			}
		})
	}
}

// TestWrongRedirect: the provider knows one address to come back to, and nobody is sent elsewhere.
func TestWrongRedirect(t *testing.T) {
	v := newVisitor(t)
	v.page.cfg.Alerts.Link = link + "/below"
	got, _ := v.open("GET", "/sign-in/provider")
	answered, err := v.at.Client().Get(got.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	_ = answered.Body.Close()
	if answered.StatusCode != http.StatusBadRequest {
		t.Errorf("the provider: %d", answered.StatusCode)
	}
	v.page.cfg.Alerts.Link = link
	for _, to := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/%5cevil.example", "/%2f/evil.example", "javascript:alert(1)"} {
		if got, _ := v.open("GET", v.leave(to)); got.Header.Get("Location") != "/" {
			t.Errorf("to=%s leads to %q", to, got.Header.Get("Location"))
		}
	}
}

// TestProviderIsDown: the page starts and serves without it, asks it again when it is back, and
// does not let everybody wait for it meanwhile.
func TestProviderIsDown(t *testing.T) {
	v := newVisitor(t)
	v.at.down = true
	for range 2 {
		if got, _ := v.open("GET", "/sign-in/provider"); got.StatusCode != http.StatusBadGateway {
			t.Errorf("while it is down: %d", got.StatusCode)
		}
	}
	if got, _ := v.open("GET", "/healthz"); got.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %d", got.StatusCode)
	}
	v.at.mu.Lock()
	v.at.down = false
	v.at.mu.Unlock()
	if got, _ := v.open("GET", "/sign-in/provider"); got.StatusCode != http.StatusBadGateway {
		t.Errorf("it is asked again at once: %d", got.StatusCode)
	}
	*v.page.now = now.Add(6 * time.Second)
	if got, _ := v.open("GET", v.leave("/")); got.StatusCode != http.StatusSeeOther {
		t.Errorf("when it is back: %d", got.StatusCode)
	}
}

// TestWrongProvider: a description that is another's, or leads elsewhere, is not followed.
func TestWrongProvider(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody else is asked") }))
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		about  func(*issuer, map[string]any)
		leaves bool
	}{
		"another issuer":     {func(_ *issuer, m map[string]any) { m["issuer"] = "https://evil.example" }, false},
		"tokens without TLS": {func(_ *issuer, m map[string]any) { m["token_endpoint"] = elsewhere.URL + "/token" }, true},
		"keys without TLS":   {func(_ *issuer, m map[string]any) { m["jwks_uri"] = elsewhere.URL + "/keys" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t)
			v.at.about = c.about
			if !c.leaves {
				if got, _ := v.open("GET", "/sign-in/provider"); got.StatusCode != http.StatusBadGateway {
					t.Errorf("%d", got.StatusCode)
				}
				return
			}
			if got, _ := v.open("GET", v.leave("/")); got.StatusCode != http.StatusForbidden || len(v.cookies) != 0 {
				t.Errorf("%d", got.StatusCode)
			}
		})
	}
}

// TestProviderIsNotAskedForEver: who comes back with nonsense makes few requests to the provider.
func TestProviderIsNotAskedForEver(t *testing.T) {
	v := newVisitor(t)
	var got []int
	for n := range 7 {
		back, err := url.Parse(v.leave("/"))
		if err != nil {
			t.Fatal(err)
		}
		answered, _ := v.open("GET", "/sign-in/callback?"+url.Values{"code": {fmt.Sprint("guess", n)}, "state": back.Query()["state"]}.Encode())
		got = append(got, answered.StatusCode)
	}
	if want := []int{403, 403, 403, 403, 403, 429, 429}; !slices.Equal(got, want) || v.at.posts != 5 {
		t.Errorf("%v after %d requests, want %v after 5", got, v.at.posts, want)
	}
}
