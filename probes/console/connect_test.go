package console

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// readHead reads a request up to the empty line.
func readHead(c net.Conn) (string, error) {
	var b strings.Builder
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String(), err
		}
	}
}

func attempts(list []facts.Connect) []facts.Outcome {
	var all []facts.Outcome
	for _, c := range list {
		all = append(all, c.Outcome)
	}
	return all
}

// A dead address does not keep the living one from being used.
func TestConnectDeadAddressFirst(t *testing.T) {
	at := listen(t, silent)
	p := testProber(t, &config.Config{})
	dead, living := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")
	conn, list := p.connect(t.Context(), []netip.Addr{dead, living}, portOf(at))
	if conn == nil {
		t.Fatalf("not connected: %+v", list)
	}
	conn.Close()
	if diff := cmp.Diff([]facts.Outcome{facts.OutcomeRefused, facts.OutcomeOK}, attempts(list)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if list[0].Address != netip.AddrPortFrom(dead, at.Port()).String() || list[1].Address != at.String() {
		t.Errorf("addresses: %+v", list)
	}
}

func portOf(a netip.AddrPort) string {
	_, port, _ := net.SplitHostPort(a.String())
	return port
}

// network is a fake one: each address answers after a while, or never.
type network struct {
	after map[string]time.Duration
	mu    sync.Mutex
	open  int
	most  int
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	n.open++
	n.most = max(n.most, n.open)
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.open--
		n.mu.Unlock()
	}()
	host, _, _ := net.SplitHostPort(address)
	d, ok := n.after[host]
	if !ok {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	}
	select {
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	case <-time.After(d):
		client, server := net.Pipe()
		server.Close()
		return client, nil
	}
}

func (n *network) prober() *prober {
	return &prober{
		host: host, port: "443", dial: n.dial, phase: phaseTimeout, limiter: rate.NewLimiter(perSecond, 1),
	}
}

func loopbacks(n int) []netip.Addr {
	a := netip.MustParseAddr("127.0.0.1")
	var all []netip.Addr
	for range n {
		all = append(all, a)
		a = a.Next()
	}
	return all
}

func TestConnectRace(t *testing.T) {
	for _, tc := range []struct {
		name      string
		after     map[string]time.Duration
		addresses int
		want      []facts.Outcome
		took      time.Duration
	}{
		{
			"the first answers", map[string]time.Duration{"127.0.0.1": 100 * time.Millisecond}, 3,
			[]facts.Outcome{facts.OutcomeOK}, 100 * time.Millisecond,
		},
		{
			"the first is a black hole: it costs the head start only",
			map[string]time.Duration{"127.0.0.2": 100 * time.Millisecond}, 2,
			[]facts.Outcome{facts.OutcomeTimeout, facts.OutcomeOK}, stagger + 100*time.Millisecond,
		},
		{
			"all are black holes: the phases overlap, four at a time", nil, 8,
			[]facts.Outcome{
				facts.OutcomeTimeout, facts.OutcomeTimeout, facts.OutcomeTimeout, facts.OutcomeTimeout,
				facts.OutcomeTimeout, facts.OutcomeTimeout, facts.OutcomeTimeout, facts.OutcomeTimeout,
			},
			2*phaseTimeout + 3*stagger,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := &network{after: tc.after}
			start := time.Now()
			conn, list := n.prober().connect(t.Context(), loopbacks(tc.addresses), "443")
			if conn != nil {
				conn.Close()
			}
			if diff := cmp.Diff(tc.want, attempts(list)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.name, diff)
			}
			if took := time.Since(start); took != tc.took {
				t.Errorf("%s: took %s, want %s", tc.name, took, tc.took)
			}
			if n.most > maxConnections || n.open != 0 {
				t.Errorf("%s: %d connections at once, %d left", tc.name, n.most, n.open)
			}
		})
	}
}

// Ten connections a second to a console in use; no limit for the practice one on loopback.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{after: map[string]time.Duration{"192.0.2.1": 0, "127.0.0.1": 0}}
		p := n.prober()
		for _, tc := range []struct {
			address string
			proxy   *url.URL
			took    time.Duration
		}{
			{"192.0.2.1:443", nil, time.Second},
			{"127.0.0.1:443", nil, 0},
			{"127.0.0.1:3128", &url.URL{Scheme: "http", Host: "127.0.0.1:3128"}, 1100 * time.Millisecond},
		} {
			start := time.Now()
			p.proxy = tc.proxy
			for range 11 {
				conn, err := p.dialAddress(t.Context(), netip.MustParseAddrPort(tc.address), p.phase)
				if err != nil {
					t.Fatal(err)
				}
				conn.Close()
			}
			if took := time.Since(start); took != tc.took {
				t.Errorf("11 connections to %s took %s, want %s", tc.address, took, tc.took)
			}
		}
		p.proxy = nil
		// No time is left for the next one: that is not the peer's silence.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _ = p.dialAddress(t.Context(), netip.MustParseAddrPort("192.0.2.1:443"), p.phase)
		_, err := p.dialAddress(ctx, netip.MustParseAddrPort("192.0.2.1:443"), p.phase)
		if o, _, _ := outcomeOf(err); o != facts.OutcomeFailed {
			t.Errorf("an attempt that was not made: %s (%v)", o, err)
		}
	})
}

// connectProxy is a proxy that opens tunnels to one place, whatever is asked for.
func connectProxy(to netip.AddrPort, asked *atomic.Value) func(net.Conn) {
	return func(c net.Conn) {
		head, err := readHead(c)
		if err != nil {
			return
		}
		asked.Store(head)
		upstream, err := net.Dial("tcp", to.String())
		if err != nil {
			_, _ = io.WriteString(c, "HTTP/1.1 500 Unable to connect\r\n\r\n")
			return
		}
		defer upstream.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(upstream, c)
			upstream.Close()
		}()
		_, _ = io.Copy(c, upstream)
	}
}

func TestProxy(t *testing.T) {
	ca := newAuthority(t)
	console := listen(t, serveTLS(&tls.Config{
		Certificates: []tls.Certificate{ca.leaf(t, nil)}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
	}))
	var asked atomic.Value
	proxy := listen(t, connectProxy(console, &asked))
	cfg := toward(t, closed(t)) // directly, the port is closed
	cfg.Network.Proxy = "http://" + proxy.String()
	cfg.Network.CAFile = ca.file
	got := look(t, newEnv(t, cfg))

	if len(got.Connects) != 1 || got.Connects[0].Address != proxy.String() ||
		got.Connects[0].Outcome != facts.OutcomeOK || got.Connects[0].Status != 200 {
		t.Errorf("connects: %+v", got.Connects)
	}
	if hs := outcomes(got); len(hs) != 5 || hs[2] != alert("1.1", 70) || hs[3].Outcome != facts.OutcomeOK {
		t.Errorf("handshakes through the proxy: %+v", hs)
	}
	if c := got.Certificate.Value; c == nil || c.Verified == nil || !*c.Verified {
		t.Errorf("certificate: %+v", got.Certificate)
	}
	if got.Direct == nil || got.Direct.Outcome != facts.OutcomeRefused {
		t.Errorf("direct: %+v", got.Direct)
	}
	if !strings.HasPrefix(asked.Load().(string), "CONNECT console.test:") {
		t.Errorf("asked the proxy for %q", asked.Load())
	}
}

func TestProxyRefuses(t *testing.T) {
	for _, tc := range []struct {
		name    string
		serve   func(net.Conn)
		outcome facts.Outcome
		status  int
	}{
		{"407", answer("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), facts.OutcomeProxyAuth, 407},
		{"wrong credentials", answer("HTTP/1.1 401 Unauthorized\r\n\r\n"), facts.OutcomeProxyAuth, 401},
		{"denied", answer("HTTP/1.1 403 Forbidden\r\nVia: squid\r\n\r\n<html>"), facts.OutcomeProxyRefused, 403},
		{"target unknown", answer("HTTP/1.1 500 Unable to connect\r\n\r\n"), facts.OutcomeProxyRefused, 500},
		{"not a proxy", answer("SSH-2.0-OpenSSH_9.2\r\n"), facts.OutcomeFailed, 0},
		{"an endless head", func(c net.Conn) {
			if _, err := readHead(c); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: ")
			for err := error(nil); err == nil; {
				_, err = c.Write(make([]byte, 4096))
			}
		}, facts.OutcomeFailed, 0},
		{"closes", func(c net.Conn) { _, _ = readHead(c) }, facts.OutcomeClosed, 0},
		{"resets", func(c net.Conn) { _, _ = readHead(c); reset(c) }, facts.OutcomeReset, 0},
		{"silent", silent, facts.OutcomeTimeout, 0},
	} {
		cfg := toward(t, listen(t, silent))
		cfg.Network.Proxy = "http://" + listen(t, tc.serve).String()
		env := newEnv(t, cfg)
		if tc.outcome == facts.OutcomeTimeout {
			env.Limits.Phase = short
		}
		got := look(t, env)
		if len(got.Connects) != 1 || got.Connects[0].Outcome != tc.outcome || got.Connects[0].Status != tc.status ||
			got.Connects[0].Detail == "" {
			t.Errorf("%s: %+v, want %s %d", tc.name, got.Connects, tc.outcome, tc.status)
		}
		if len(got.Handshakes) != 0 {
			t.Errorf("%s: handshakes without a tunnel: %+v", tc.name, got.Handshakes)
		}
		if got.Direct == nil || got.Direct.Outcome != facts.OutcomeOK {
			t.Errorf("%s: the direct attempt works, got %+v", tc.name, got.Direct)
		}
	}
}

func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := readHead(c); err != nil {
			return
		}
		_, _ = io.WriteString(c, text)
	}
}

// What comes in one piece with the proxy's answer is the console's.
func TestProxyAnswerWithMore(t *testing.T) {
	cfg := toward(t, closed(t))
	cfg.Network.Proxy = "http://" + listen(t, func(c net.Conn) {
		if _, err := readHead(c); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.0 400 Bad Request\r\n\r\n")
		silent(c)
	}).String()
	for _, h := range look(t, newEnv(t, cfg)).Handshakes {
		if h.Outcome != facts.OutcomeNotTLS || !strings.Contains(h.Detail, "HTTP/") {
			t.Errorf("%+v", h)
		}
	}
}

func TestProxyUnreachable(t *testing.T) {
	cfg := toward(t, listen(t, silent))
	cfg.Network.Proxy = "http://proxy.test:3128"
	got := look(t, newEnv(t, cfg))
	if got.Addresses.Value != nil || got.Addresses.Why().Kind != facts.NotFound {
		t.Errorf("the proxy's name: %+v", got.Addresses)
	}
	if got.Direct == nil || got.Direct.Outcome != facts.OutcomeOK {
		t.Errorf("direct: %+v", got.Direct)
	}

	cfg.Network.Proxy = "socks5://127.0.0.1:1080"
	got = look(t, newEnv(t, cfg))
	if len(got.Connects) != 1 || got.Connects[0].Outcome != facts.OutcomeProxyKind || !strings.HasSuffix(got.Connects[0].Detail, "socks5://") {
		t.Errorf("an unknown kind of proxy: %+v", got.Connects)
	}

	// Behind a proxy the name of the console often has no address here: that is what fails without the proxy.
	cfg.CAS.Console.Host = "nowhere.test"
	got = look(t, newEnv(t, cfg))
	if d := got.Direct; d == nil || d.Outcome != facts.OutcomeNoName || !strings.Contains(d.Detail, "nowhere.test") {
		t.Errorf("direct, without an address: %+v", d)
	}
}

func TestOutcomeOf(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want facts.Outcome
	}{
		{nil, facts.OutcomeOK},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, facts.OutcomeRefused},
		{&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, facts.OutcomeUnreachable},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, facts.OutcomeUnreachable},
		{&net.OpError{Op: "dial", Err: syscall.EPERM}, facts.OutcomeUnreachable},
		{&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, facts.OutcomeTimeout},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, facts.OutcomeReset},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, facts.OutcomeReset},
		// Windows Sockets.
		{&net.OpError{Op: "dial", Err: syscall.Errno(10061)}, facts.OutcomeRefused},
		{&net.OpError{Op: "read", Err: syscall.Errno(10054)}, facts.OutcomeReset},
		{&net.OpError{Op: "dial", Err: syscall.Errno(10065)}, facts.OutcomeUnreachable},
		{io.EOF, facts.OutcomeClosed},
		{io.ErrUnexpectedEOF, facts.OutcomeClosed},
		{context.DeadlineExceeded, facts.OutcomeTimeout},
		{errNotTried, facts.OutcomeFailed},
		// Alerts of this side are not the peer's.
		{&net.OpError{Op: "local error", Err: tls.AlertError(70)}, facts.OutcomeFailed},
		{errors.New("tls: no supported versions satisfy MinVersion and MaxVersion"), facts.OutcomeFailed},
	} {
		if got, n, _ := outcomeOf(tc.err); got != tc.want || n != 0 {
			t.Errorf("%v: %s %d, want %s", tc.err, got, n, tc.want)
		}
	}
}

// A link-local address is dialled with its zone, without which it leads nowhere; its certificate has none.
func TestZone(t *testing.T) {
	a := newAuthority(t)
	at := listen(t, serveTLS(&tls.Config{Certificates: []tls.Certificate{a.leaf(t, func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = nil, []net.IP{net.ParseIP("fe80::1")}
	})}}))
	p, err := newProber(newEnv(t, &config.Config{Network: config.Network{CAFile: a.file}}), "fe80::1%lo", 443)
	if err != nil {
		t.Fatal(err)
	}
	var dialled []string
	dial := p.dial
	p.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return dial(ctx, network, at.String())
	}
	var fact facts.Console
	conn := p.reach(t.Context(), &fact)
	if conn == nil {
		t.Fatal(fact.Connects)
	}
	defer conn.Close()
	s, got := p.modern(t.Context(), conn, nil)
	if diff := cmp.Diff([]string{"[fe80::1%lo]:443"}, dialled); diff != "" || s.Outcome != facts.OutcomeOK {
		t.Fatalf("%s, dialled (-want +got):\n%s", s.Outcome, diff)
	}
	if c := p.certificate(got).Value; !*c.Verified {
		t.Errorf("the certificate of the address does not verify: %s", c.Problem)
	}
}
