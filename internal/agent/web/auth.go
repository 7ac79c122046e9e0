package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// anybody is the role of whoever has not said who they are.
const anybody config.Role = ""

// person is who makes a request.
type person struct {
	name string
	role config.Role
}

func (w person) may(least config.Role) bool {
	return least == anybody || w.role == config.Operator || w.role == least
}

// local is whoever sits at this machine while there is no sign-in.
var local = person{"local", config.Operator}

// route is what answers, and the least role that may ask.
type route struct {
	least  config.Role
	answer func(w http.ResponseWriter, r *http.Request)
}

type whoKey struct{}

// who makes the request; admit has found out.
func who(r *http.Request) person {
	w, _ := r.Context().Value(whoKey{}).(person)
	return w
}

// admit finds out who asks, and lets those in who may.
func (p *Page) admit(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by, wait := p.identify(r)
		r = r.WithContext(context.WithValue(r.Context(), whoKey{}, by))
		switch {
		case wait && to.least != anybody:
			w.Header().Set("Retry-After", "60")
			p.fail(w, r, http.StatusTooManyRequests, wTooMany)
		case by.may(to.least):
			to.answer(w, r)
		case by.role != anybody:
			p.refused(r, "refused", map[string]string{"path": r.URL.Path})
			p.fail(w, r, http.StatusForbidden, wNotAllowed)
		case r.Method == http.MethodGet && r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html"):
			http.Redirect(w, r, "/sign-in?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="casdoctor"`)
			p.fail(w, r, http.StatusUnauthorized, wSignInFirst)
		}
	})
}

// identify is who a request comes from. wait: too many wrong tokens came from there.
func (p *Page) identify(r *http.Request) (by person, wait bool) {
	cfg := p.Config().Page
	if !signIn(cfg) {
		if p.loopback {
			return local, false
		}
		return person{}, false // taken out of the configuration while the page is open to others
	}
	if kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(kind, "Bearer") {
		if t, ok := tokenOf(cfg, token); ok {
			return person{t.Name, t.Role}, false
		}
		return person{}, !p.tries.allow(r, p.Now())
	}
	if c, err := r.Cookie(p.cookieName(r)); err == nil {
		if s, ok := p.sessions.get(c.Value, p.Now()); ok && s.still(cfg) {
			return s.person, false
		}
	}
	return person{}, false
}

// tokenOf finds the configured token that was shown. Only hashes are compared, in constant time.
func tokenOf(cfg config.Page, shown string) (found config.Token, ok bool) {
	sum := sha256.Sum256([]byte(shown))
	hash := "sha256:" + hex.EncodeToString(sum[:])
	for _, t := range cfg.Tokens {
		if subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) == 1 {
			found, ok = t, true
		}
	}
	return found, ok && shown != ""
}

// Sessions live in memory: who is signed in signs in again when the agent was restarted.
type sessions struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]session
}

type session struct {
	person
	token string   // the hash of the token that opened it; "": the identity provider did
	names []string // what the identity provider called the person
	until time.Time
}

const (
	sessionLength = 12 * time.Hour
	mostSessions  = 10_000
)

// still reports whether what opened the session is still in force, in the same role.
func (s session) still(cfg config.Page) bool {
	if s.token == "" {
		return cfg.OIDC != nil && roleOf(cfg.OIDC, s.names) == s.role
	}
	for _, t := range cfg.Tokens {
		if t.Hash == s.token && t.Name == s.name && t.Role == s.role {
			return true
		}
	}
	return false
}

// begin opens a session and returns what its cookie holds.
func (s *sessions) begin(of session, now time.Time) string {
	id := rand.Text()
	of.until = now.Add(sessionLength)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[[sha256.Size]byte]session{}
	}
	for k, v := range s.open {
		if now.After(v.until) || len(s.open) >= mostSessions {
			delete(s.open, k)
		}
	}
	s.open[sha256.Sum256([]byte(id))] = of
	return id
}

func (s *sessions) get(id string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[sha256.Sum256([]byte(id))]
	return found, ok && now.Before(found.until)
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(id)))
}

const sessionCookie = "casdoctor"

func (p *Page) cookieName(r *http.Request) string { return p.hostOnly(r, sessionCookie) }

// hostOnly: a cookie whose name begins with __Host- is only taken from this host, over TLS, for
// all of its paths (RFC 6265bis, 4.1.3.2).
func (p *Page) hostOnly(r *http.Request, name string) string {
	if p.secure(r) {
		return "__Host-" + name
	}
	return name
}

func (p *Page) setCookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	c := &http.Cookie{ //nolint:gosec // G124: without TLS it is for loopback only, where Secure would lose it
		Name: name, Value: value, Path: "/", HttpOnly: true, Secure: p.secure(r), SameSite: http.SameSiteLaxMode, MaxAge: int(age.Seconds()),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// record writes down what somebody did or was refused. That it cannot be written down stops
// nobody from signing in; what changes something writes it in the same transaction.
func (p *Page) record(r *http.Request, what string, detail map[string]string) {
	a := store.Action{At: p.Now(), Who: who(r).name, What: what, Detail: detail}
	if err := p.Store.Update(r.Context(), func(tx store.Tx) error { return store.AddAction(r.Context(), tx, a) }); err != nil {
		p.Log.Error().Err(err).Str("action", what).Msg("cannot be written into the audit log")
	}
}

func (p *Page) signInForm(w http.ResponseWriter, r *http.Request) {
	if who(r).role != anybody {
		http.Redirect(w, r, target(r), http.StatusSeeOther)
		return
	}
	p.render(w, r, http.StatusOK, signInPage(p.frame(w, r, wSignIn), target(r), p.Config().Page, false))
}

func (p *Page) signInToken(w http.ResponseWriter, r *http.Request) {
	if !p.tries.allow(r, p.Now()) {
		w.Header().Set("Retry-After", "60")
		p.fail(w, r, http.StatusTooManyRequests, wTooMany)
		return
	}
	cfg := p.Config().Page
	t, ok := tokenOf(cfg, strings.TrimSpace(r.PostFormValue("token")))
	if !ok {
		p.refused(r, "sign_in_failed", nil)
		p.render(w, r, http.StatusUnauthorized, signInPage(p.frame(w, r, wSignIn), target(r), cfg, true))
		return
	}
	by := person{t.Name, t.Role}
	p.enter(w, r, session{person: by, token: t.Hash})
}

// enter opens a session and goes where the person wanted to go.
func (p *Page) enter(w http.ResponseWriter, r *http.Request, s session) {
	p.setCookie(w, r, p.cookieName(r), p.sessions.begin(s, p.Now()), sessionLength)
	r = r.WithContext(context.WithValue(r.Context(), whoKey{}, s.person))
	p.record(r, "sign_in", map[string]string{"role": string(s.role)})
	http.Redirect(w, r, target(r), http.StatusSeeOther)
}

func (p *Page) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(p.cookieName(r)); err == nil {
		p.sessions.end(c.Value)
	}
	p.setCookie(w, r, p.cookieName(r), "", 0)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// target is where to go after the sign-in: a path of this page and nothing else.
func target(r *http.Request) string {
	u, err := url.Parse(r.FormValue("to"))
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\r\n") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).RequestURI()
}
