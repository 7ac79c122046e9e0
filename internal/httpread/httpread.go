// Package httpread is the read-only HTTP transport of all probes.
//
// What belongs here: everything that is the same for every request, whatever it asks:
// the list of requests that may be sent at all, rate limits, back-off, the cap on bodies,
// the record of what was sent, and the classification of transport errors. What does not:
// the way out of the machine (package wayout), and what a service's own error codes mean;
// that is known in the probe of the service.
//
// The transport lets through what requests.go lists, at the addresses of the configuration, and
// nothing else: everything else fails before it is sent. That casdoctor changes nothing is a
// property of that list, which docs/requests.md shows, and not a promise.
package httpread

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/wayout"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// maxBody bounds one answer after decompression. The largest honest page (999 users, or
	// 300 policies) stays under 3 MiB; more than this is a fault or an attack.
	maxBody = 16 << 20
	// maxRequest bounds the body of a request: $batch takes 20 requests, and the largest
	// address that is asked has a few hundred characters.
	maxRequest = 1 << 20
	// maxAttempts bounds the tries of one read, the first included. Four tries with the
	// back-off below wait 7 s in all, which is within every probe's deadline.
	maxAttempts = 4
	// backoff is the wait before the second try when the service names none. Graph's
	// Conditional Access calls answer 429 without Retry-After and allow one call a second.
	backoff = time.Second
	// maxPause bounds the wait for a second try where no deadline does.
	maxPause = 3 * time.Minute
	// maxInFlight bounds the requests that one host is answering at a time. Limits are the
	// families' concern (limit.go); this keeps a run with many accounts from opening a
	// connection for each of them.
	maxInFlight = 16
)

// ErrNotRead is returned, before anything is sent, for a request that is not a read of a
// configured host.
var ErrNotRead = errors.New("request refused before it was sent: casdoctor only reads, and only from the configured hosts")

// Client is the transport with everything that it needs.
type Client struct {
	*wayout.Way

	http    *http.Client
	made    atomic.Pointer[http.Transport] // of the first request
	backoff time.Duration

	rules []rule
	below func(http.RoundTripper) http.RoundTripper

	mu       sync.Mutex
	limiters map[string]*limiter
	slots    map[string]chan struct{} // by host:port, one for each request in flight
}

// Option changes a Client; tests use them.
type Option func(*Client)

// WithBackoff sets the wait before the second try.
func WithBackoff(d time.Duration) Option { return func(c *Client) { c.backoff = d } }

// Below puts a layer between what this package does and the connections: it sees what is sent,
// and nothing that is refused.
func Below(layer func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *Client) { c.below = layer }
}

// New builds the transport for a loaded configuration.
func New(cfg *config.Config, opts ...Option) (*Client, error) {
	c := &Client{backoff: backoff, rules: rules(cfg), limiters: map[string]*limiter{}, slots: map[string]chan struct{}{}}
	for _, o := range opts {
		o(c)
	}
	var err error
	if c.Way, err = wayout.New(cfg.Network); err != nil {
		return nil, err
	}
	if !c.Added() || len(c.rules) > 0 {
		go c.Roots() // beside the first look-ups and connections
	}
	base := http.RoundTripper(lazily(sync.OnceValue(func() http.RoundTripper { return c.ways() })))
	if c.below != nil {
		base = c.below(base)
	}
	c.http = &http.Client{
		Transport: &transport{client: c, base: base},
		// A redirect could carry a token to another host, and no service that is asked here
		// answers a read with one: the 3xx is the answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// ways are the connections that requests go over.
func (c *Client) ways() *http.Transport {
	t := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if slices.ContainsFunc(c.rules, func(w rule) bool { return w.own() && w.hostport == hostport(r.URL) }) {
				return nil, nil
			}
			return c.Proxy(r.URL)
		},
		DialContext:           c.Dialer().DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: c.Roots(), MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   maxInFlight,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
	}
	c.made.Store(t)
	return t
}

// Close closes the connections that nobody uses any more. An agent that looks again and again
// would else have those of its last looks open, each with its buffers.
func (c *Client) Close() {
	if t := c.made.Load(); t != nil {
		t.CloseIdleConnections()
	}
}

// lazily is a transport that is made for its first request: `casdoctor console` sends none.
type lazily func() http.RoundTripper

func (l lazily) RoundTrip(r *http.Request) (*http.Response, error) { return l().RoundTrip(r) }

func hostport(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Check says whether a request may be sent. It reads the body of a $batch and puts it back.
func (c *Client) Check(r *http.Request) error {
	_, err := c.Match(r)
	return err
}

// Match is the entry of the list that a request is, or ErrNotRead.
func (c *Client) Match(r *http.Request) (Entry, error) {
	if why := disguise(r); why != "" {
		return Entry{}, fmt.Errorf("%w: %s", ErrNotRead, why)
	}
	method := cmp.Or(r.Method, http.MethodGet)
	for _, w := range c.rules {
		if !w.matches(method, r.URL) {
			continue
		}
		if w.batch {
			return w.Entry, c.onlyGets(r)
		}
		return w.Entry, nil
	}
	return Entry{}, fmt.Errorf("%w: %s %s", ErrNotRead, method, withoutQuery(r.URL))
}

// disguise is what makes a request another one than its method and address say; "" for none.
func disguise(r *http.Request) string {
	switch {
	case r.URL.User != nil:
		return "a user in the address"
	case r.URL.Opaque != "":
		return "an address without a host"
	case r.Host != "" && !strings.EqualFold(r.Host, r.URL.Host):
		return "another host in its header than in its address"
	}
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		if r.Header.Get(name) != "" {
			return "another method in its header than its own"
		}
	}
	return ""
}

func (c *Client) onlyGets(r *http.Request) error {
	if r.Body == nil {
		return fmt.Errorf("%w: a $batch without a body", ErrNotRead)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	_ = r.Body.Close()
	if err != nil {
		return fmt.Errorf("%w: unreadable $batch: %w", ErrNotRead, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var batch struct {
		Requests []struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"requests"`
	}
	if err := json.Unmarshal(body, &batch); err != nil || len(batch.Requests) == 0 {
		return fmt.Errorf("%w: a $batch that is not a list of requests", ErrNotRead)
	}
	for _, q := range batch.Requests {
		// The addresses inside begin after the version.
		u, err := url.Parse(strings.TrimSuffix(r.URL.String(), "/$batch") + "/" + strings.TrimPrefix(q.URL, "/"))
		if err != nil || q.Method != http.MethodGet ||
			!slices.ContainsFunc(c.rules, func(w rule) bool { return w.matches(q.Method, u) }) {
			return fmt.Errorf("%w: a $batch with a %s in it that is not on the list", ErrNotRead, q.Method)
		}
	}
	return nil
}

// HTTP is the client to hand to SDKs. It follows no redirects.
func (c *Client) HTTP() *http.Client { return c.http }

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

// Record adds a request that the transport cannot see to the context's recorder: one inside
// of a $batch.
func Record(ctx context.Context, q facts.Request) {
	rec, _ := ctx.Value(recorderKey{}).(*Recorder)
	rec.add(q)
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
	entry, err := t.client.Match(r)
	repeat := entry.Method == http.MethodGet || entry.repeat
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	ctx := r.Context()
	var body []byte
	if repeat && r.Body != nil {
		body, err = io.ReadAll(io.LimitReader(r.Body, maxRequest))
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	rec, _ := ctx.Value(recorderKey{}).(*Recorder)
	paused, _ := ctx.Value(pausedKey{}).(time.Duration) // before this try
	refused := 0                                        // the status of the try before
	for attempt := 1; ; attempt++ {
		if body != nil {
			r = r.WithContext(ctx)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		q := facts.Request{Method: r.Method, URL: withoutQuery(r.URL), Attempt: attempt, Paused: paused}
		limited, err := t.limit(ctx, r.URL, &q)
		if err != nil {
			return nil, err
		}
		q.Waited = paused + limited
		resp, err := t.traced(ctx, r, entry, &q)
		rec.add(q)
		if err != nil {
			if refused != 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, tooLate(refused)
			}
			return resp, err
		}
		var again bool
		if paused, again = t.client.Retry(resp.StatusCode, resp.Header, attempt); !again || !repeat {
			return resp, nil
		}
		refused = resp.StatusCode
		if refused == http.StatusTooManyRequests {
			t.rest(ctx, r.URL, paused)
		}
		if TooLong(ctx, paused) {
			return resp, nil // the answer as it is: waiting would only turn it into a timeout
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		_ = resp.Body.Close()
		if err := Pause(ctx, paused); err != nil {
			return nil, err
		}
	}
}

// send sends one try when its host has a slot, and fills in how it went.
func (t *transport) send(ctx context.Context, r *http.Request, q *facts.Request) (*http.Response, error) {
	slot := t.client.slot(r.URL)
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	start := time.Now()
	q.At = start.UTC()
	resp, err := t.base.RoundTrip(r)
	q.Took = time.Since(start)
	Waited(ctx, q.Took)
	if resp != nil {
		q.Status = resp.StatusCode
		resp.Body = &capped{ReadCloser: resp.Body, ctx: ctx, left: maxBody}
		if success(resp.StatusCode) {
			resp.Body = &plain{ReadCloser: resp.Body}
		}
	}
	return resp, err
}

func (c *Client) slot(u *url.URL) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	hp := hostport(u)
	if c.slots[hp] == nil {
		c.slots[hp] = make(chan struct{}, maxInFlight)
	}
	return c.slots[hp]
}

// Retry is the pause that a read which was answered so should make before it is sent again;
// false: the answer stands. It does not look at deadlines; TooLong does.
func (c *Client) Retry(status int, h http.Header, attempt int) (time.Duration, bool) {
	if attempt >= maxAttempts || !passing(status) {
		return 0, false
	}
	return retryAfter(h, c.backoff<<(attempt-1)), true
}

// tooLate is what became of a read that was told to come back later and then had no time
// left: the service's refusal, not the deadline, is the reason.
func tooLate(status int) *facts.Failure {
	return &facts.Failure{
		Kind: Status(status), Status: status,
		Detail: "the service asked for patience until the deadline came; run again later",
	}
}

// TooLong says that a pause does not end before the context does.
func TooLong(ctx context.Context, pause time.Duration) bool {
	deadline, ok := ctx.Deadline()
	if !ok {
		return pause > maxPause
	}
	return time.Until(deadline) <= pause
}

type pausedKey struct{}

// WithPaused has it recorded with the context's next request that a pause was made for it.
func WithPaused(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, pausedKey{}, d)
}

// Pause waits before another try. The wait is part of the context's chain.
func Pause(ctx context.Context, d time.Duration) error {
	start := time.Now()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		Waited(ctx, time.Since(start))
		return nil
	}
}

// passing are the answers that say "later": throttling, and a gateway or service that is
// briefly not there. 500 and 502 are not repeated: Graph gives them for requests that it
// cannot serve, and a second try only makes a slow report slower.
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// retryAfter is how long an answer asks to wait (RFC 9110, 10.2.3: seconds or a date), and
// the fallback when it does not say. A date is held against the answer's own, because this
// machine's clock may be off.
func retryAfter(h http.Header, fallback time.Duration) time.Duration {
	const day = 24 * time.Hour // longer than any deadline, and short enough to add to a time
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseUint(v, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(s, uint64(day/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		now, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		return min(max(0, at.Sub(now)), day)
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
	ctx  context.Context //nolint:containedctx // reading the answer is part of the call
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
	start := time.Now()
	n, err := c.ReadCloser.Read(p)
	Waited(c.ctx, time.Since(start))
	c.left -= int64(n)
	return n, err
}
