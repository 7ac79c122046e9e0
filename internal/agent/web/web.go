// Package web is the page of the agent: what every tenant is like now, how each trouble came
// and went, what a run found, and the few things that a person may do from there. Beside it
// stand the sign-in, the metrics and the two answers to "are you well".
//
// What belongs here: routes, who may use them, what a page shows and in which words. What does
// not: SQL (package store), when something runs (package jobs), and everything about one report
// (package report, whose style, signs and words this page shares, and whose sections it shows).
//
// # Who may in
//
// Without a sign-in the page is for this machine: it listens on loopback only, and answers to
// names of loopback only, so that no page of the internet reaches it under a name of its own.
// Anywhere else it needs TLS and a sign-in; New refuses what has not both.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

//go:generate go tool -modfile=../../tools/go.mod templ generate -path .

// Settings are what the page stands on.
type Settings struct {
	Store   *store.Store
	Jobs    *jobs.Jobs
	Config  func() *config.Agent // the configuration in force
	Log     zerolog.Logger
	Version string           // of casdoctor
	Now     func() time.Time // nil: time.Now
	Metrics *Metrics         // of what runs; nil: only what the memory knows
}

// Page answers requests.
type Page struct {
	Settings
	listen    config.HostPort
	tls       *config.PageTLS
	loopback  bool
	shown     certificate
	sessions  sessions
	tries     tries
	refusals  refusals
	ends      endsCache
	providers providers
	handler   http.Handler
}

// ErrOpen is a page that anybody could reach and use.
var ErrOpen = errors.New("the page listens outside of this machine: add page.tls and one of page.tokens and page.oidc, or listen on 127.0.0.1")

// New prepares the page of a configuration.
func New(set Settings) (*Page, error) {
	if set.Now == nil {
		set.Now = time.Now
	}
	cfg := set.Config().Page
	p := &Page{Settings: set, listen: cfg.Listen, tls: cfg.TLS, loopback: cfg.Listen.Loopback()}
	if !p.loopback && (cfg.TLS == nil || !signIn(cfg)) {
		return nil, ErrOpen
	}
	p.handler = p.routes()
	return p, nil
}

// signIn reports whether people have to say who they are.
func signIn(c config.Page) bool { return len(c.Tokens) > 0 || c.OIDC != nil }

// How long a client may take. A page is small, and so is everything that is sent to one.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeader         = 32 << 10
	maxForm           = 64 << 10
	stopWithin        = 5 * time.Second
)

// Listen opens the listener of the page, with TLS when there is a certificate.
func (p *Page) Listen(ctx context.Context) (net.Listener, error) {
	address := net.JoinHostPort(p.listen.Host, strconv.Itoa(p.listen.Port))
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the page cannot listen: %w", err)
	}
	// What a name stands for may change; what is listened on does not.
	if a, ok := l.Addr().(*net.TCPAddr); p.loopback && (!ok || !a.IP.IsLoopback()) {
		return nil, errors.Join(ErrOpen, l.Close())
	}
	if p.tls == nil {
		return l, nil
	}
	if _, err := p.certificate(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return tls.NewListener(l, &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.certificate() },
		MinVersion:     tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
	}), nil
}

// certificate is the one that the page shows, and the configuration that it was read for.
type certificate struct {
	mu   sync.Mutex
	of   *config.Agent
	pair *tls.Certificate
}

// certificate reads the certificate once for each configuration, so that one that was renewed
// on the disk is shown after the next reload. One that cannot be used leaves the one before.
func (p *Page) certificate() (*tls.Certificate, error) {
	s, cfg := &p.shown, p.Config()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == cfg {
		return s.pair, nil
	}
	from := p.tls
	if cfg.Page.TLS != nil {
		from = cfg.Page.TLS
	}
	chain, err := os.ReadFile(from.Certificate)
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.X509KeyPair(chain, from.Key.Reveal()); err == nil {
			s.of, s.pair = cfg, &pair
			return s.pair, nil
		}
	}
	err = fmt.Errorf("the certificate of the page: %w", err)
	if s.pair == nil {
		return nil, err
	}
	s.of = cfg
	p.Log.Error().Err(err).Msg("the page keeps the certificate that it has")
	return s.pair, nil
}

// Serve answers until ctx ends, and lets what is being answered come to its end.
func (p *Page) Serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{
		Handler: p.handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: log.New(noise{p.Log}, "", 0), BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	p.Log.Info().Str("address", p.Address(l)).Msg("the page is up")
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		done <- s.Shutdown(end)
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the page: %w", err)
	}
	if err := <-done; errors.Is(err, context.DeadlineExceeded) {
		return s.Close() // somebody reads slowly
	}
	return nil
}

// noise is what package net/http has to say of clients: scanners, mostly, who could fill the
// log with it.
type noise struct{ log zerolog.Logger }

// Write is part of io.Writer.
func (n noise) Write(line []byte) (int, error) {
	n.log.Debug().Str("says", strings.TrimSpace(string(line))).Msg("a connection to the page")
	return len(line), nil
}

// Address is where the page is opened.
func (p *Page) Address(l net.Listener) string {
	scheme := "http"
	if p.tls != nil {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: l.Addr().String(), Path: "/"}).String()
}

// ServeHTTP is part of http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// routes are all of them, each with the least role that may use it.
func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, to := range map[string]route{
		"GET /{$}":                                {config.Reader, p.overview},
		"GET /tenants/{tenant}":                   {config.Reader, p.tenant},
		"GET /tenants/{tenant}/checks/{check}":    {config.Reader, p.trouble},
		"GET /runs/{run}":                         {config.Reader, p.run},
		"GET /runs/{run}/report.json":             {config.Reader, p.reportFile},
		"GET /ends":                               {config.Reader, p.endings},
		"GET /queue":                              {config.Reader, p.queue},
		"POST /tenants/{tenant}/run":              {config.Operator, p.runNow},
		"POST /tenants/{tenant}/waivers":          {config.Operator, p.waive},
		"POST /tenants/{tenant}/waivers/{id}/end": {config.Operator, p.endWaiver},
		"GET /metrics":                            {config.Reader, p.metrics},
		"GET /sign-in":                            {anybody, p.signInForm},
		"GET /sign-in/provider":                   {anybody, p.signInProvider},
		"GET /sign-in/callback":                   {anybody, p.signInCallback},
		"POST /sign-in":                           {anybody, p.signInToken},
		"POST /sign-out":                          {anybody, p.signOut},
		"GET /healthz":                            {anybody, p.healthz},
		"GET /readyz":                             {anybody, p.readyz},
		"/":                                       {anybody, p.notFound},
	} {
		mux.Handle(pattern, p.admit(to))
	}
	var h http.Handler = mux
	h = p.protect(h)
	return p.named(h)
}

// protect refuses what another site makes a browser send, bounds what is sent, and sets the
// headers that keep a page to itself.
func (p *Page) protect(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, r, http.StatusForbidden, wCrossOrigin)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy())
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store") // a page is for whoever was let in
		if p.secure(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		cross.Handler(next).ServeHTTP(w, r)
	})
}

// named answers only to the names of this machine while there is no TLS: a page of the
// internet whose name was made to stand for 127.0.0.1 comes with that name.
func (p *Page) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.tls == nil && !p.mayBeCalled(r.Host) {
			http.Error(w, "casdoctor does not answer to this name; open 127.0.0.1, or set alerts.link and a sign-in for a name behind a proxy",
				http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *Page) mayBeCalled(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	if (config.HostPort{Host: strings.Trim(host, "[]")}).Loopback() {
		return true
	}
	// A proxy on this machine, with TLS of its own. Without a sign-in it would open the page to all.
	return p.isLink(host) && signIn(p.Config().Page)
}

// isLink reports whether a host is that of the address by which people open the page.
func (p *Page) isLink(host string) bool {
	link, err := url.Parse(p.Config().Alerts.Link)
	return err == nil && link.Host != "" && strings.EqualFold(link.Hostname(), host)
}

// secure reports whether the browser speaks TLS, with this page or with a proxy before it.
func (p *Page) secure(r *http.Request) bool {
	if p.tls != nil {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.HasPrefix(p.Config().Alerts.Link, "https://") && p.isLink(host)
}
