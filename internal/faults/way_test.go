package faults_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// secrets are what no output may hold: those of the organisation, and those that were made on the
// way. A secret that is part of another word of the organisation's would be found everywhere.
type secrets struct {
	mu  sync.Mutex
	all map[string]bool
}

func (s *secrets) add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if len(v) >= 7 {
			s.all[v] = true
		}
	}
}

// in is the beginning of a secret that the text holds, "" for none.
func (s *secrets) in(text []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.all {
		if bytes.Contains(text, []byte(v)) {
			return v[:7] + "…"
		}
	}
	return ""
}

// sent notes the secrets of a request.
func (s *secrets) sent(r *http.Request, body []byte) {
	for _, name := range []string{"Authorization", "X-Access-Token", "X-Signature"} {
		v := r.Header.Get(name)
		s.add(v, strings.TrimPrefix(v, "Bearer "))
	}
	s.add(r.URL.Query().Get("access_token"))
	if form, err := url.ParseQuery(string(body)); err == nil {
		for _, name := range []string{"client_secret", "client_assertion", "assertion", "subject_token", "refresh_token"} {
			s.add(form.Get(name))
		}
	}
}

// sighting is one request that was sent.
type sighting struct{ method, host, path string }

// way is what lies between the transport and the services: it sees every request that is sent.
type way struct {
	next    http.RoundTripper
	mark    string
	secrets *secrets
	// does something else than to ask, where it is not nil and the request is the place's.
	does func(*http.Request, http.RoundTripper) (*http.Response, error)
	hits func(sighting) bool
}

func (w *way) over(next http.RoundTripper) http.RoundTripper {
	w.next = next
	return w
}

func (w *way) RoundTrip(r *http.Request) (*http.Response, error) {
	at := sighting{r.Method, r.URL.Host, "/" + strings.TrimPrefix(r.URL.Path, "/")}
	r = r.Clone(r.Context())
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	w.secrets.sent(r, body)
	if w.mark != "" {
		r.Header.Set("Lab-Mark", w.mark)
	}
	if w.does != nil && w.hits(at) {
		return w.does(r, w.next)
	}
	return w.next.RoundTrip(r)
}

// closed is an address on loopback at which connections are refused: the near end of a
// connection, which nobody listens at and nobody else can get.
func closed(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it has served
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// refused asks at an address at which connections are refused.
func refused(at string) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		r.URL.Host = at
		return next.RoundTrip(r)
	}
}

// echo answers as a gateway's page for developers does: with all that it was sent.
func echo(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
	var page bytes.Buffer
	page.WriteString("<html><body><h1>Blocked by policy</h1><pre>" + r.URL.String() + "\n")
	_ = r.Header.Write(&page)
	if r.Body != nil {
		_, _ = io.Copy(&page, r.Body)
	}
	page.WriteString("</pre></body></html>")
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(&page), ContentLength: -1,
	}, nil
}

// parrot refuses, and quotes what it was sent in the words of every provider.
func parrot(status int) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := echo(r, next)
		if err != nil {
			return nil, err
		}
		said, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		q := quoted(string(said))
		resp.StatusCode, resp.Status = status, http.StatusText(status)
		resp.Header.Set("Content-Type", "application/json")
		resp.Header.Set("WWW-Authenticate", "Bearer error_description="+q)
		// Graph and Google, their token endpoints, and the API of Cloud App Security.
		resp.Body = io.NopCloser(strings.NewReader(`{"error":{"code":` + q + `,"message":` + q + `,"status":` + q + `,"errors":[{"reason":` + q +
			`,"message":` + q + `}]},"error_description":` + q + `,"code":` + q + `,"msg":` + q + `,"message":` + q + `}`))
		return resp, nil
	}
}

// resolver stands between casdoctor and the resolver of the lab. fault, where it is not nil, makes
// the answer to a question; nil from it is none at all.
type resolver struct {
	to    string
	fault func(question dns.Question, good *dns.Msg) []byte

	mu   sync.Mutex
	seen []dns.Question
}

// start answers until the function that it returns is called.
func (s *resolver) start() (netip.AddrPort, func(), error) {
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return netip.AddrPort{}, nil, err
		}
		p, err := net.ListenPacket("udp", l.Addr().String())
		if err != nil {
			_ = l.Close()
			continue
		}
		var running sync.WaitGroup
		udp, tcp := &dns.Server{PacketConn: p, Handler: s}, &dns.Server{Listener: l, Handler: s}
		for _, srv := range []*dns.Server{udp, tcp} {
			up := make(chan struct{})
			srv.NotifyStartedFunc = func() { close(up) }
			running.Go(func() { _ = srv.ActivateAndServe() })
			<-up
		}
		return l.Addr().(*net.TCPAddr).AddrPort(), func() {
			_ = udp.Shutdown()
			_ = tcp.Shutdown()
			running.Wait()
		}, nil
	}
	return netip.AddrPort{}, nil, errors.New("no port for a resolver")
}

func (s *resolver) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	q := r.Question[0]
	s.mu.Lock()
	s.seen = append(s.seen, q)
	s.mu.Unlock()
	// Over TCP, and with patience: a busy machine must not add faults of its own.
	good, _, err := (&dns.Client{Net: "tcp", Timeout: long}).Exchange(r, s.to)
	if err != nil {
		return
	}
	raw, err := good.Pack()
	if err != nil {
		return
	}
	if s.fault != nil {
		if raw = s.fault(q, good); raw == nil {
			return
		}
	}
	_, _ = w.Write(raw)
}

// wire stands between casdoctor and the console. fault, where it is not nil, has the connection
// with that number instead of the console.
type wire struct {
	to    string
	fault func(n int, conn net.Conn, dial func() (net.Conn, error)) bool // false: let it through
}

// start forwards until the function that it returns is called.
func (w *wire) start() (int, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()                                          //nolint:errcheck // it ends here
				defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // and at the latest with the cell
				dial := func() (net.Conn, error) {
					far, err := net.Dial("tcp", w.to)
					if err == nil {
						context.AfterFunc(ctx, func() { _ = far.Close() })
					}
					return far, err
				}
				if w.fault != nil && w.fault(n, conn, dial) {
					return
				}
				far, err := dial()
				if err != nil {
					return
				}
				defer far.Close() //nolint:errcheck // it ends here
				join(conn, far)
			})
		}
	})
	return l.Addr().(*net.TCPAddr).Port, func() {
		end()
		_ = l.Close()
		running.Wait()
	}, nil
}

// join carries bytes both ways until one of the two ends.
func join(a, b net.Conn) {
	done := make(chan struct{}, 2)
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go carry(a, b)
	go carry(b, a)
	<-done
	_ = a.SetDeadline(time.Now())
	_ = b.SetDeadline(time.Now())
	<-done
}
