package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// stagger is the head start of an address before the next one is tried beside it
	// (RFC 8305 section 5, Connection Attempt Delay).
	stagger = 250 * time.Millisecond
	// maxAddresses bounds how many addresses of a name are tried. Large services answer with
	// eight and fewer; what is left is for names of which most addresses are dead.
	maxAddresses = 32
	// maxConnections bounds the connections that are open at once, hellos included.
	maxConnections = 4
	// fewAddresses is how many addresses get a whole phase each; with more of them, each gets
	// its part of what they would have taken, and not less than leastDial, in which a lost SYN
	// is sent once more (RFC 6298: after a second).
	fewAddresses = 8
	leastDial    = 1500 * time.Millisecond
	// maxHead bounds the head of a proxy's answer.
	maxHead = 64 << 10
	// maxName bounds what is kept of a header's value.
	maxName = 80
	// misbehaving is how package net reports every answer that is neither a success nor
	// NXDOMAIN: SERVFAIL, REFUSED and the like. It has no type of its own.
	misbehaving = "server misbehaving"
)

// resolve asks for the addresses of a name. They are returned as they are: whether a
// private or a loopback address is odd depends on the network, and is not judged here.
func (p *prober) resolve(ctx context.Context, host string) ([]netip.Addr, *facts.Failure) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	phase, cancel := context.WithTimeout(ctx, p.phase)
	defer cancel()
	addresses, err := p.resolver.LookupNetIP(phase, "ip", host)
	if err != nil {
		return nil, nameFailure(err, host)
	}
	for i, a := range addresses {
		addresses[i] = a.Unmap()
	}
	addresses = interleave(addresses)
	return addresses[:min(len(addresses), maxAddresses)], nil
}

// interleave lets the families take turns (RFC 8305 section 4), so that one that leads nowhere
// does not come first with all its addresses.
func interleave(addresses []netip.Addr) []netip.Addr {
	var first, second, out []netip.Addr
	for _, a := range addresses {
		if a.Is4() == addresses[0].Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			out = append(out, first[i])
		}
		if i < len(second) {
			out = append(out, second[i])
		}
	}
	return out
}

// nameFailure tells apart what the resolver said: that there is no such name, that it could
// not find out, or nothing.
func nameFailure(err error, host string) *facts.Failure {
	var dns *net.DNSError
	isDNS := errors.As(err, &dns)
	switch {
	case errors.Is(err, context.Canceled):
		return &facts.Failure{Kind: facts.Cancelled, Detail: "the run was interrupted"}
	case isDNS && dns.IsNotFound:
		return &facts.Failure{
			Kind: facts.NotFound, Code: "NXDOMAIN", Detail: "the name " + host + " does not exist, or has no address",
		}
	case errors.Is(err, context.DeadlineExceeded), isDNS && dns.IsTimeout:
		return &facts.Failure{Kind: facts.Timeout, Code: "dns", Detail: "the resolver did not answer for " + host}
	case isDNS && dns.Err == misbehaving:
		return &facts.Failure{
			Kind: facts.Unavailable, Code: "SERVFAIL", Detail: "the resolver could not find out the address of " + host,
		}
	default:
		return &facts.Failure{
			Kind: facts.Unreachable, Code: "dns", Detail: "the resolver cannot be reached, or failed for " + host,
		}
	}
}

// connect tries the addresses until one answers, each with a deadline of its own. The next
// one starts when the one before has failed or has been silent for a while, so that a dead
// address costs little. It returns the connection and the attempts; the one that worked
// is the last.
func (p *prober) connect(ctx context.Context, addresses []netip.Addr, port string) (net.Conn, []facts.Connect) {
	n, _ := strconv.ParseUint(port, 10, 16)
	race, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		conn net.Conn
		fact facts.Connect
	}
	results := make(chan result)
	patience := p.phase
	if n := len(addresses); n > fewAddresses {
		patience = min(p.phase, max(leastDial, p.phase*fewAddresses/time.Duration(n)))
	}
	try := func(a netip.Addr) {
		to := netip.AddrPortFrom(a, uint16(n)) //nolint:gosec // G115: a port, at most 65535
		start := time.Now()
		conn, err := p.dialAddress(race, to, patience)
		r := result{conn: conn, fact: facts.Connect{Address: to.String(), Took: time.Since(start)}}
		r.fact.Outcome, _, r.fact.Detail = outcomeOf(err)
		if errors.Is(err, context.Canceled) && !errors.Is(err, errNotTried) {
			r.fact.Outcome, r.fact.Detail = facts.OutcomeTimeout, "silent until another address had answered"
		}
		results <- r
	}

	var attempts []facts.Connect
	var won *result
	next, running := 0, 0
	timer := time.NewTimer(0) // the first address starts at once
	defer timer.Stop()
	for next < len(addresses) && won == nil || running > 0 {
		select {
		case <-timer.C:
			if won == nil && next < len(addresses) && running < maxConnections {
				go try(addresses[next])
				next, running = next+1, running+1
				timer.Reset(stagger)
			}
		case r := <-results:
			running--
			if r.conn != nil && won == nil {
				won = &r
				stop()
				continue
			}
			if r.conn != nil {
				r.conn.Close()
			}
			attempts = append(attempts, r.fact)
			timer.Reset(0)
		}
	}
	if won == nil {
		return nil, attempts
	}
	return won.conn, append(attempts, won.fact)
}

// dialAddress opens one connection to one address, not faster than the console's rate. The
// practice console on loopback has none; behind a proxy on loopback is the real one.
func (p *prober) dialAddress(ctx context.Context, to netip.AddrPort, patience time.Duration) (net.Conn, error) {
	if p.proxy != nil || !to.Addr().IsLoopback() {
		if err := p.limiter.Wait(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", errNotTried, err)
		}
	}
	phase, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p.opened.Add(1)
	return p.dial(phase, "tcp", to.String())
}

// open is a fresh connection to the console, through the proxy when there is one. It waits
// while maxConnections others are open.
func (p *prober) open(ctx context.Context) (net.Conn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errNotTried, ctx.Err())
	}
	release := sync.OnceFunc(func() { <-p.slots })
	conn, err := p.dialAddress(ctx, p.via, p.phase)
	if err != nil {
		release()
		return nil, err
	}
	if p.proxy != nil {
		through, _, err := p.tunnel(ctx, conn)
		if err != nil {
			conn.Close()
			release()
			return nil, err
		}
		conn = through
	}
	return slotted{conn, release}, nil
}

// slotted makes room for another connection when it is closed.
type slotted struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (s slotted) Close() error {
	defer s.release()
	return s.Conn.Close()
}

// within bounds what happens on a connection from now on to one phase; the returned function
// lifts the bound.
func (p *prober) within(ctx context.Context, conn net.Conn) func() {
	phase, cancel := context.WithTimeout(ctx, p.phase)
	// A deadline in the past ends the read or write that is under way.
	stop := context.AfterFunc(phase, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		stop()
		cancel()
	}
}

// firstWrite remembers what was sent at first: the hello. It counts what came back.
type firstWrite struct {
	net.Conn
	raw []byte
	got int
}

// Read receives bytes.
func (c *firstWrite) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.got += n
	return n, err
}

// Write sends bytes.
func (c *firstWrite) Write(b []byte) (int, error) {
	if c.raw == nil {
		c.raw = bytes.Clone(b)
	}
	return c.Conn.Write(b)
}

// proxyError is a proxy's answer to CONNECT that opens no tunnel.
type proxyError struct {
	status int
	scheme string // what it wants to be authenticated with
}

func (e *proxyError) Error() string {
	if e.scheme != "" {
		return fmt.Sprintf("the proxy answered %d and asks for %s", e.status, e.scheme)
	}
	return fmt.Sprintf("the proxy answered %d", e.status)
}

var errNotHTTP = errors.New("the proxy's answer is not HTTP")

// authScheme is the first word of Proxy-Authenticate (RFC 9110 section 11.7.1).
var authScheme = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9-]{1,32}`) })

// tunnel asks the proxy on conn for a connection to the console. net/http would do the
// same, but gives the proxy's status away only as a text.
func (p *prober) tunnel(ctx context.Context, conn net.Conn) (net.Conn, connectAnswer, error) {
	defer p.within(ctx, conn)()
	var a connectAnswer
	req := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: p.hostport()}, Host: p.hostport(),
		Header: http.Header{"User-Agent": {"casdoctor"}},
	}
	if u := p.proxy.User; u != nil {
		password, _ := u.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	if err := req.Write(conn); err != nil {
		return nil, a, err
	}
	head := &io.LimitedReader{R: conn, N: maxHead}
	r := bufio.NewReader(head)
	resp, err := http.ReadResponse(r, req) //nolint:bodyclose // the answer to CONNECT has no body; the connection lives on
	if err != nil {
		if o, _, _ := outcomeOf(err); o == facts.OutcomeFailed || head.N < maxHead && o == facts.OutcomeClosed {
			return nil, a, errNotHTTP
		}
		return nil, a, err
	}
	a.status = resp.StatusCode
	a.via = signature(resp.Header)
	if resp.StatusCode/100 != 2 {
		a.scheme = authScheme().FindString(resp.Header.Get("Proxy-Authenticate"))
		return nil, a, &proxyError{a.status, a.scheme}
	}
	head.N = math.MaxInt64 // from here on it is the console that speaks
	return tunnelled{conn, r}, a, nil
}

// connectAnswer is what a proxy says to CONNECT.
type connectAnswer struct {
	status      int
	scheme, via string
}

// signature is how a proxy or a server names itself, cut to what a report can show.
func signature(h http.Header) string {
	for _, name := range []string{"Via", "Proxy-Agent", "Server"} {
		if v := h.Get(name); v != "" {
			return clipped(v)
		}
	}
	return ""
}

// tunnelled reads first what came in one piece with the proxy's answer.
type tunnelled struct {
	net.Conn
	r io.Reader
}

// Read reads from the console.
func (t tunnelled) Read(b []byte) (int, error) { return t.r.Read(b) }
