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
)

// providers keeps the provider that was found, for as long as its configuration is the same.
type providers struct {
	mu    sync.Mutex
	key   []byte // signs what a browser keeps while it is away; as old as the process
	of    string
	found *oidc.Provider
	gate  *providerGate
}

// provider is the one of the configuration, and the client that talks to it.
func (p *Page) provider(ctx context.Context, cfg *config.OIDC) (*oidc.Provider, *http.Client, error) {
	s := &p.providers
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate == nil || s.of != cfg.Issuer {
		way, err := wayout.New(p.Config().Network)
		if err != nil {
			return nil, nil, err
		}
		s.gate = &providerGate{base: &http.Transport{
			Proxy: func(r *http.Request) (*url.URL, error) { return way.Proxy(r.URL) }, DialContext: way.Dialer().DialContext,
			TLSClientConfig: &tls.Config{RootCAs: way.Roots(), MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: providerWithin,
			ForceAttemptHTTP2: true, IdleConnTimeout: providerWithin,
		}}
		s.gate.allow(http.MethodGet, strings.TrimSuffix(cfg.Issuer, "/")+"/.well-known/openid-configuration")
		s.found, s.of = nil, cfg.Issuer
	}
	client := &http.Client{
		Transport: s.gate, Timeout: providerWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if s.found != nil {
		return s.found, client, nil
	}
	// The provider keeps the context for later reads of its keys.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), client), cfg.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("the identity provider: %w", err)
	}
	var more struct {
		Keys string `json:"jwks_uri"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, nil, fmt.Errorf("the identity provider: %w", err)
	}
	s.gate.allow(http.MethodGet, more.Keys)
	s.gate.allow(http.MethodPost, found.Endpoint().TokenURL)
	s.found = found
	return found, client, nil
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

func (p *Page) awayCookie() string {
	if p.tls != nil {
		return "__Host-casdoctor-sign-in"
	}
	return "casdoctor-sign-in"
}

func (p *Page) mac(body string) string {
	s := &p.providers
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key == nil {
		s.key = make([]byte, sha256.Size)
		_, _ = rand.Read(s.key) // never fails (crypto/rand)
	}
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// oauth is the client of the configuration; where it comes back to is the page as people open it.
func (p *Page) oauth(r *http.Request, cfg *config.OIDC, at oauth2.Endpoint) oauth2.Config {
	base := strings.TrimSuffix(p.Config().Alerts.Link, "/")
	if base == "" {
		scheme := "http"
		if p.tls != nil {
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
	provider, _, err := p.provider(r.Context(), cfg)
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
	p.setCookie(w, p.awayCookie(), body+"."+p.mac(body), signInLength)
	oauth := p.oauth(r, cfg, provider.Endpoint())
	http.Redirect(w, r, oauth.AuthCodeURL(keep.State, oidc.Nonce(keep.Nonce), oauth2.S256ChallengeOption(keep.Verifier)), http.StatusSeeOther)
}

// cameBack is what the browser kept, if it is ours and not too old.
func (p *Page) cameBack(r *http.Request) (away, bool) {
	var keep away
	c, err := r.Cookie(p.awayCookie())
	if err != nil {
		return keep, false
	}
	body, sum, _ := strings.Cut(c.Value, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || !hmac.Equal([]byte(sum), []byte(p.mac(body))) || json.Unmarshal(raw, &keep) != nil {
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
	p.setCookie(w, p.awayCookie(), "", 0)
	if !ok || r.URL.Query().Get("code") == "" {
		p.fail(w, r, http.StatusBadRequest, wSignInAgain)
		return
	}
	by, names, err := p.claims(r, cfg, keep)
	if err != nil {
		p.Log.Warn().Err(err).Msg("a sign-in with the identity provider failed")
		p.record(r, "sign_in_failed", map[string]string{"from": r.RemoteAddr})
		p.fail(w, r, http.StatusForbidden, wSignInAgain)
		return
	}
	if by.role == anybody {
		p.record(r, "sign_in_failed", map[string]string{"from": r.RemoteAddr, "name": by.name})
		p.fail(w, r, http.StatusForbidden, wNoRole)
		return
	}
	r.Form = url.Values{"to": {keep.To}}
	p.enter(w, r, session{person: by, names: names})
}

// claims exchanges the code and reads who it is. A mail address counts when the provider says
// that it is verified.
func (p *Page) claims(r *http.Request, cfg *config.OIDC, keep away) (by person, names []string, err error) {
	provider, client, err := p.provider(r.Context(), cfg)
	if err != nil {
		return by, nil, err
	}
	ctx := oidc.ClientContext(r.Context(), client)
	oauth := p.oauth(r, cfg, provider.Endpoint())
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
	if c.Email != "" && (c.Verified == true || c.Verified == "true") {
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
