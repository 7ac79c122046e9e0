package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/wayout"
)

// The sign-in with an identity provider: the authorization code flow with PKCE (RFC 7636), state
// and nonce. The provider is asked for its addresses when somebody signs in, so that one that is
// down keeps nobody from starting the agent.

const (
	signInLength   = 10 * time.Minute // from leaving to coming back
	providerWithin = 15 * time.Second // for its answers
	// providerRest is how long a provider that did not answer is left alone: people wait for it
	// one after the other.
	providerRest = 5 * time.Second
)

// providers keeps the provider that was found, for as long as its configuration is the same.
type providers struct {
	mu    sync.Mutex
	of    string
	found *oidc.Provider
	at    oauth2.Endpoint // of found
	gate  *providerGate
	down  error     // why it was not found
	until time.Time // and how long nobody asks again
}

// provider is the one of the configuration, its addresses, and the client that talks to it.
func (p *Page) provider(ctx context.Context, cfg *config.OIDC) (*oidc.Provider, oauth2.Endpoint, *http.Client, error) {
	var none oauth2.Endpoint
	s := &p.providers
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate == nil || s.of != cfg.Issuer {
		way, err := wayout.New(p.Config().Network)
		if err != nil {
			return nil, none, nil, err
		}
		s.gate = &providerGate{base: &http.Transport{
			Proxy: func(r *http.Request) (*url.URL, error) { return way.Proxy(r.URL) }, DialContext: way.Dialer().DialContext,
			TLSClientConfig: &tls.Config{RootCAs: way.Roots(), MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: providerWithin,
			ForceAttemptHTTP2: true, IdleConnTimeout: providerWithin,
		}}
		s.gate.allow(http.MethodGet, strings.TrimSuffix(cfg.Issuer, "/")+"/.well-known/openid-configuration")
		s.found, s.of, s.down = nil, cfg.Issuer, nil
	}
	client := &http.Client{
		Transport: s.gate, Timeout: providerWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if s.found != nil {
		return s.found, s.at, client, nil
	}
	if s.down != nil && p.Now().Before(s.until) {
		return nil, none, nil, s.down
	}
	// The provider keeps the context for later reads of its keys.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), client), cfg.Issuer)
	if err != nil {
		s.down, s.until = fmt.Errorf("the identity provider: %w", err), p.Now().Add(providerRest)
		return nil, none, nil, s.down
	}
	var more struct {
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, none, nil, fmt.Errorf("the identity provider: %w", err)
	}
	s.gate.allow(http.MethodGet, more.Keys)
	s.gate.allow(http.MethodPost, found.Endpoint().TokenURL)
	s.found, s.at = found, found.Endpoint()
	s.at.AuthStyle = authStyle(more.Methods, cfg)
	return found, s.at, client, nil
}

// authStyle is how the client shows its secret (OpenID Connect Discovery 1.0, 3: without a list
// it is client_secret_basic). It is not left to package oauth2, which tries both: after a
// refusal the second try would show the same code again, which RFC 6749 (4.1.2) takes for a theft.
func authStyle(methods []string, cfg *config.OIDC) oauth2.AuthStyle {
	if cfg.ClientSecret.IsZero() || len(methods) > 0 && !slices.Contains(methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// providerGate lets through what a sign-in needs: the provider's description and keys are
// read, and its token endpoint is posted to; over https only.
type providerGate struct {
	mu   sync.Mutex
	may  []string
	base http.RoundTripper
}

func (g *providerGate) allow(method, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.may = append(g.may, method+" "+address)
}

// RoundTrip is part of http.RoundTripper.
func (g *providerGate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	ok := r.URL.Scheme == "https" && slices.Contains(g.may, r.Method+" "+r.URL.String())
	g.mu.Unlock()
	if !ok {
		return nil, errors.New("refused before it was sent: not an address of the identity provider")
	}
	return g.base.RoundTrip(r)
}

// away is what a browser keeps while it is at the provider.
type away struct {
	State, Nonce, Verifier, To string
	Until                      time.Time
}

func (p *Page) awayCookie(r *http.Request) string { return p.hostOnly(r, "casdoctor-sign-in") }

// awayKey signs what a browser keeps while it is away; it is as old as the process.
var awayKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return key
})

func mac(body string) string {
	m := hmac.New(sha256.New, awayKey())
	m.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// oauth is the client of the configuration; where it comes back to is the page as people open it.
func (p *Page) oauth(r *http.Request, cfg *config.OIDC, at oauth2.Endpoint) oauth2.Config {
	base := strings.TrimSuffix(p.Config().Alerts.Link, "/")
	if base == "" {
		scheme := "http"
		if p.secure(r) {
			scheme = "https"
		}
		base = scheme + "://" + r.Host
	}
	return oauth2.Config{
		ClientID: cfg.ClientID, ClientSecret: string(cfg.ClientSecret.Reveal()), Endpoint: at, RedirectURL: base + "/sign-in/callback",
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

func (p *Page) signInProvider(w http.ResponseWriter, r *http.Request) {
	cfg := p.Config().Page.OIDC
	if cfg == nil {
		p.notFound(w, r)
		return
	}
	_, endpoint, _, err := p.provider(r.Context(), cfg)
	if err != nil {
		p.Log.Error().Err(err).Msg("nobody can sign in with the identity provider")
		p.fail(w, r, http.StatusBadGateway, wNoProvider)
		return
	}
	keep := away{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), To: target(r), Until: p.Now().Add(signInLength)}
	raw, err := json.Marshal(keep)
	if err != nil {
		p.broken(w, r, err)
		return
	}
	body := base64.RawURLEncoding.EncodeToString(raw)
	p.setCookie(w, r, p.awayCookie(r), body+"."+mac(body), signInLength)
	oauth := p.oauth(r, cfg, endpoint)
	http.Redirect(w, r, oauth.AuthCodeURL(keep.State, oidc.Nonce(keep.Nonce), oauth2.S256ChallengeOption(keep.Verifier)), http.StatusSeeOther)
}

// cameBack is what the browser kept, if it is ours and not too old.
func (p *Page) cameBack(r *http.Request) (away, bool) {
	var keep away
	c, err := r.Cookie(p.awayCookie(r))
	if err != nil {
		return keep, false
	}
	body, sum, _ := strings.Cut(c.Value, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || !hmac.Equal([]byte(sum), []byte(mac(body))) || json.Unmarshal(raw, &keep) != nil {
		return keep, false
	}
	return keep, p.Now().Before(keep.Until) && hmac.Equal([]byte(keep.State), []byte(r.URL.Query().Get("state")))
}

func (p *Page) signInCallback(w http.ResponseWriter, r *http.Request) {
	cfg := p.Config().Page.OIDC
	if cfg == nil {
		p.notFound(w, r)
		return
	}
	keep, ok := p.cameBack(r)
	p.setCookie(w, r, p.awayCookie(r), "", 0)
	if !ok || r.URL.Query().Get("code") == "" {
		p.fail(w, r, http.StatusBadRequest, wSignInAgain)
		return
	}
	if !p.tries.left(r, p.Now()) { // each is a request to the provider
		w.Header().Set("Retry-After", "60")
		p.fail(w, r, http.StatusTooManyRequests, wTooMany)
		return
	}
	by, names, err := p.claims(r, cfg, keep)
	if err != nil {
		p.tries.allow(r, p.Now())
		p.Log.Warn().Err(err).Msg("a sign-in with the identity provider failed")
		p.refused(r, "sign_in_failed", nil)
		p.fail(w, r, http.StatusForbidden, wSignInAgain)
		return
	}
	if by.role == anybody {
		p.refused(r, "sign_in_failed", map[string]string{"name": by.name})
		p.fail(w, r, http.StatusForbidden, wNoRole)
		return
	}
	r.Form = url.Values{"to": {keep.To}}
	p.enter(w, r, session{person: by, names: names})
}

// claims exchanges the code and reads who it is. A mail address counts when the provider says
// that it is verified.
func (p *Page) claims(r *http.Request, cfg *config.OIDC, keep away) (by person, names []string, err error) {
	provider, endpoint, client, err := p.provider(r.Context(), cfg)
	if err != nil {
		return by, nil, err
	}
	ctx := oidc.ClientContext(r.Context(), client)
	oauth := p.oauth(r, cfg, endpoint)
	token, err := oauth.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(keep.Verifier))
	if err != nil {
		if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			return by, nil, fmt.Errorf("the provider gives no token: %s", e.ErrorCode) // its answer may hold more
		}
		return by, nil, fmt.Errorf("the provider gives no token: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return by, nil, errors.New("the provider gives no id token")
	}
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: cfg.ClientID, Now: p.Now}).Verify(ctx, raw)
	if err != nil {
		return by, nil, err
	}
	if !hmac.Equal([]byte(id.Nonce), []byte(keep.Nonce)) {
		return by, nil, errors.New("the id token is of another sign-in")
	}
	var c struct {
		Email    string `json:"email"`
		Verified any    `json:"email_verified"` // some providers write it as text
		Groups   any    `json:"groups"`         // a list, or one name
	}
	if err := id.Claims(&c); err != nil {
		return by, nil, err
	}
	by.name = id.Subject
	// What has no @ is no mail address, and could be the name of a group.
	if strings.Contains(c.Email, "@") && (c.Verified == true || c.Verified == "true") {
		by.name = c.Email
		names = append(names, strings.ToLower(c.Email))
	}
	groups, _ := c.Groups.([]any)
	if one, ok := c.Groups.(string); ok {
		groups = []any{one}
	}
	for _, g := range groups {
		if s, ok := g.(string); ok && !strings.Contains(s, "@") { // a group is no mail address
			names = append(names, s)
		}
	}
	by.role = roleOf(cfg, names)
	return by, names, nil
}

// roleOf is the highest role that one of the names has. What has an @ is a mail address, and
// is compared without case; a group is not, and can have no @, so that neither passes for the other.
func roleOf(cfg *config.OIDC, names []string) config.Role {
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(want string) bool {
			if strings.Contains(want, "@") {
				want = strings.ToLower(want)
			}
			return slices.Contains(names, want)
		})
	}
	switch {
	case has(cfg.Operators):
		return config.Operator
	case has(cfg.Readers):
		return config.Reader
	}
	return anybody
}
