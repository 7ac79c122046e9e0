// Package httpread is the read-only HTTP transport of all probes.
//
// What belongs here: everything that is the same for every request, whatever it asks:
// the list of requests that may be sent at all, the way out (proxy, added roots, resolver),
// rate limits, back-off, the cap on bodies, the record of what was sent, and the
// classification of transport errors. What does not: what a service's own error codes
// mean; that is known in the probe of the service.
//
// The transport lets through GET and HEAD to the configured hosts, and POST to the token
// endpoints (of which IAM's generateAccessToken, for federated callers, is one), to IAM's
// signJwt, to Graph's $batch when every request in it is a GET, and to Graph's
// conditionalAccess/evaluate. Everything else fails before it is sent: that
// casdoctor changes nothing is a property of this file, not a promise.
package httpread

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/time/rate"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// maxBody bounds one answer after decompression. The largest honest page (999 users, or
	// 300 policies) stays under 3 MiB; more than this is a fault or an attack.
	maxBody = 16 << 20
	// maxAttempts bounds the tries of one read, the first included. Four tries with the
	// back-off below wait 7 s in all, which is within every probe's deadline.
	maxAttempts = 4
	// backoff is the wait before the second try when the service names none. Graph's
	// Conditional Access calls answer 429 without Retry-After and allow one call a second.
	backoff = time.Second
	// dialTimeout bounds one connection attempt; a black hole must not eat a probe's deadline.
	dialTimeout = 5 * time.Second
)

// metadataService is where a virtual machine of Azure or of Google Cloud gets its own tokens;
// both use the link-local address that Amazon began with.
const metadataService = "169.254.169.254:80"

// ErrNotRead is returned, before anything is sent, for a request that is not a read of a
// configured host.
var ErrNotRead = errors.New("request refused before it was sent: casdoctor only reads, and only from the configured hosts")

// Client is the transport with everything that it needs.
type Client struct {
	http     *http.Client
	roots    *x509.CertPool
	proxy    func(*url.URL) (*url.URL, error)
	resolver *net.Resolver
	backoff  time.Duration

	hosts map[string]bool // host:port that may be read
	posts []post

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

// post is a POST that counts as a read.
type post struct {
	hostport, prefix, suffix string
	batch                    bool // the body must hold only GETs
}

// Option changes a Client; tests use them.
type Option func(*Client)

// WithBackoff sets the wait before the second try.
func WithBackoff(d time.Duration) Option { return func(c *Client) { c.backoff = d } }

// New builds the transport for a loaded configuration.
func New(cfg *config.Config, opts ...Option) (*Client, error) {
	c := &Client{backoff: backoff, hosts: map[string]bool{}, limiters: map[string]*rate.Limiter{}}
	for _, o := range opts {
		o(c)
	}
	if err := c.wayOut(cfg.Network); err != nil {
		return nil, err
	}
	c.allow(cfg)
	base := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if hostport(r.URL) == metadataService {
				return nil, nil // only this machine reaches its own; a proxy would answer with the proxy's tokens
			}
			return c.proxy(r.URL)
		},
		DialContext:           c.Dialer().DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
	}
	c.http = &http.Client{
		Transport: &transport{client: c, base: base},
		// A redirect could carry a token to another host, and no service that is asked here
		// answers a read with one: the 3xx is the answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func (c *Client) wayOut(n config.Network) error {
	roots, err := x509.SystemCertPool()
	if err != nil || roots == nil {
		roots = x509.NewCertPool()
	}
	if n.CAFile != "" {
		pem, err := os.ReadFile(n.CAFile)
		if err != nil {
			return fmt.Errorf("network.ca_file: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return fmt.Errorf("network.ca_file: no certificate in %s", n.CAFile)
		}
	}
	c.roots = roots
	if n.Proxy != "" {
		u, err := url.Parse(n.Proxy)
		if err != nil {
			return fmt.Errorf("network.proxy: %w", err)
		}
		c.proxy = func(*url.URL) (*url.URL, error) { return u, nil }
	} else {
		c.proxy = httpproxy.FromEnvironment().ProxyFunc()
	}
	c.resolver = net.DefaultResolver
	if n.Resolver.IsValid() {
		addr := n.Resolver.String()
		c.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: dialTimeout}
			return d.DialContext(ctx, network, addr)
		}}
	}
	return nil
}

// allow derives, from the configuration alone, what may be sent.
func (c *Client) allow(cfg *config.Config) {
	host := func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" {
			return ""
		}
		hp := hostport(u)
		c.hosts[hp] = true
		return hp
	}
	if m := cfg.Microsoft365; m != nil {
		login, graph := host(m.Endpoints.Login), host(m.Endpoints.Graph)
		c.posts = append(c.posts,
			post{hostport: login, prefix: "/" + m.TenantID + "/oauth2/v2.0/token"},
			post{hostport: graph, prefix: "/v1.0/$batch", batch: true},
			post{hostport: graph, prefix: "/beta/$batch", batch: true},
			post{hostport: graph, prefix: "/v1.0/identity/conditionalAccess/evaluate"},
		)
		if m.Credentials.ManagedIdentity {
			c.hosts[metadataService] = true
		}
	}
	if g := cfg.Google; g != nil {
		for _, e := range []string{g.Endpoints.TokenInfo, g.Endpoints.Directory, g.Endpoints.Reports} {
			host(e)
		}
		if u, err := url.Parse(g.Endpoints.Token); err == nil {
			c.posts = append(c.posts, post{hostport: host(g.Endpoints.Token), prefix: u.Path})
		}
		if g.Credentials.Impersonate != "" {
			iam := host(g.Endpoints.IAM)
			for _, method := range []string{":signJwt", ":generateAccessToken"} {
				c.posts = append(c.posts, post{hostport: iam, prefix: "/v1/projects/-/serviceAccounts/", suffix: method})
			}
			if u, err := url.Parse(g.Endpoints.STS); err == nil {
				c.posts = append(c.posts, post{hostport: host(g.Endpoints.STS), prefix: u.Path})
			}
			// The caller may be the machine itself. Google fixes the address.
			c.hosts[metadataService] = true
		}
	}
	if cfg.CAS != nil && cfg.CAS.API != nil {
		host(cfg.CAS.API.Endpoint)
	}
	if cfg.Licensing != nil && cfg.Licensing.LMP != nil {
		host(cfg.Licensing.LMP.Endpoint)
	}
}

func hostport(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Check says whether a request may be sent. It reads the body of a $batch and puts it back.
func (c *Client) Check(r *http.Request) error {
	hp := hostport(r.URL)
	if !c.hosts[hp] {
		return fmt.Errorf("%w: %s %s://%s", ErrNotRead, r.Method, r.URL.Scheme, r.URL.Host)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, "":
		return nil
	case http.MethodPost:
		for _, p := range c.posts {
			if p.hostport != hp || !p.matches(r.URL.Path) {
				continue
			}
			if p.batch {
				return onlyGets(r)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: %s %s", ErrNotRead, r.Method, r.URL.Redacted())
}

func (p post) matches(path string) bool {
	if p.suffix == "" {
		// Entra writes a tenant id in lower case, whatever the configuration does.
		return strings.EqualFold(path, p.prefix)
	}
	mid, ok := strings.CutPrefix(path, p.prefix)
	if !ok {
		return false
	}
	mid, ok = strings.CutSuffix(mid, p.suffix)
	return ok && mid != "" && !strings.Contains(mid, "/")
}

func onlyGets(r *http.Request) error {
	if r.Body == nil {
		return fmt.Errorf("%w: a $batch without a body", ErrNotRead)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	_ = r.Body.Close()
	if err != nil {
		return fmt.Errorf("%w: unreadable $batch: %w", ErrNotRead, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var batch struct {
		Requests []struct {
			Method string `json:"method"`
		} `json:"requests"`
	}
	if err := json.Unmarshal(body, &batch); err != nil || len(batch.Requests) == 0 {
		return fmt.Errorf("%w: a $batch that is not a list of requests", ErrNotRead)
	}
	for _, q := range batch.Requests {
		if q.Method != http.MethodGet {
			return fmt.Errorf("%w: a $batch with a %s in it", ErrNotRead, q.Method)
		}
	}
	return nil
}

// HTTP is the client to hand to SDKs. It follows no redirects.
func (c *Client) HTTP() *http.Client { return c.http }

// Roots are the certificate authorities that are trusted: the system's and network.ca_file.
func (c *Client) Roots() *x509.CertPool { return c.roots }

// Resolver is network.resolver, or the system's.
func (c *Client) Resolver() *net.Resolver { return c.resolver }

// Proxy is the proxy for a URL, from network.proxy or the environment; nil for none.
func (c *Client) Proxy(u *url.URL) (*url.URL, error) { return c.proxy(u) }

// Dialer opens connections with the configured resolver.
func (c *Client) Dialer() *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, Resolver: c.resolver}
}

// Limiter is the limiter of that name, made on first use: burst one, perSecond requests.
// It is shared by all probes of a run, because the services count per tenant.
func (c *Client) Limiter(name string, perSecond float64) *rate.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.limiters[name]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(perSecond), 1)
		c.limiters[name] = l
	}
	return l
}

type limitKey struct{}

// WithLimit makes every try of the requests of this context wait for the limiter, except
// towards loopback, where no service counts.
func WithLimit(ctx context.Context, l *rate.Limiter) context.Context {
	return context.WithValue(ctx, limitKey{}, l)
}

// Recorder keeps what was sent for one fact.
type Recorder struct {
	mu       sync.Mutex
	requests []facts.Request
}

// Requests are the requests so far, in the order in which they ended.
func (r *Recorder) Requests() []facts.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]facts.Request(nil), r.requests...)
}

func (r *Recorder) add(q facts.Request) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, q)
}

type recorderKey struct{}

// WithRecorder records the requests of this context.
func WithRecorder(ctx context.Context, r *Recorder) context.Context {
	return context.WithValue(ctx, recorderKey{}, r)
}

type transport struct {
	client *Client
	base   http.RoundTripper
}

// RoundTrip sends one request, and a read that was throttled or met a passing fault again.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.client.Check(r); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	ctx := r.Context()
	rec, _ := ctx.Value(recorderKey{}).(*Recorder)
	again := r.Method == http.MethodGet || r.Method == http.MethodHead
	for attempt := 1; ; attempt++ {
		waited, err := t.limit(ctx, r.URL)
		if err != nil {
			return nil, err
		}
		start := time.Now()
		resp, err := t.base.RoundTrip(r)
		q := facts.Request{
			Method: r.Method, URL: withoutQuery(r.URL), Took: time.Since(start), Waited: waited, Attempt: attempt,
		}
		if resp != nil {
			q.Status = resp.StatusCode
			resp.Body = &capped{ReadCloser: resp.Body, left: maxBody}
		}
		rec.add(q)
		if err != nil || !again || attempt == maxAttempts || !passing(resp.StatusCode) {
			return resp, err
		}
		pause := retryAfter(resp.Header, t.client.backoff<<(attempt-1))
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
			return resp, nil // the answer as it is: waiting would only turn it into a timeout
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		_ = resp.Body.Close()
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

func (t *transport) limit(ctx context.Context, u *url.URL) (time.Duration, error) {
	l, _ := ctx.Value(limitKey{}).(*rate.Limiter)
	if l == nil || loopback(u.Hostname()) {
		return 0, nil
	}
	start := time.Now()
	if err := l.Wait(ctx); err != nil {
		return 0, &facts.Failure{Kind: facts.Throttled, Detail: "the deadline comes before this tenant's rate limit lets the request go"}
	}
	return time.Since(start), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// passing are the answers that say "later": throttling, and a gateway or service that is
// briefly not there. 500 and 502 are not repeated: Graph gives them for requests that it
// cannot serve, and a second try only makes a slow report slower.
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

func retryAfter(h http.Header, fallback time.Duration) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s >= 0 {
		return time.Duration(min(s, 86400)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return fallback
}

func withoutQuery(u *url.URL) string {
	c := *u
	c.RawQuery, c.Fragment, c.User = "", "", nil
	return c.String()
}

// capped ends a body that is too large with an error that is classified as malformed.
type capped struct {
	io.ReadCloser
	left int64
}

var errTooLarge = &facts.Failure{Kind: facts.Malformed, Detail: fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20)}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.ReadCloser.Read(p)
	c.left -= int64(n)
	return n, err
}
