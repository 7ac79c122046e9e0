// Package console looks at the way from this machine to the CAS management console: its
// name, the connection (through a proxy, when one is configured), what it answers to
// ClientHellos of known shape, the certificate, and the cipher suites on request.
//
// It asks as little as it can. A healthy console sees three connections: the handshake of a
// current browser, carried through; a hello for TLS 1.1 or lower, and one with nothing but weak
// suites, both refused. Only where the first one fails does it send the others that tell the
// culprits apart, and only for declared clients, or when asked, does it list the suites.
//
// What belongs here: opening connections phase by phase, each phase with a deadline of its
// own, and naming how each ended. What does not: the bytes of a hello (package hello), what an
// outcome means (package checks) and what browsers offer (package
// internal/tlsclient). Nothing goes to the console but hellos, and a GET of its first page where
// it is doubtful who answers: no credentials, nothing of anybody.
package console

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// timeout bounds the whole probe. A console that is silent uses 30 s of it: the connection,
	// the first hello, and nine more in three rounds. The enumeration of one that answers needs
	// ten hellos a second, at the rate below, and is cut off a phase before the end.
	timeout = 60 * time.Second
	// phaseTimeout bounds one phase: a browser's user would have given up by then.
	phaseTimeout = 5 * time.Second
	// reserve is kept of the time for a look to return in what it has found, and portalShare
	// for the licensing portal: three phases. Never more than a quarter of the time each.
	reserve     = time.Second
	portalShare = 3 * phaseTimeout
	// perSecond is the rate of new connections towards a console that is in use: enumerating
	// faster looks like an attack to an intrusion prevention system, and the resets that
	// follow look like a console that refuses TLS.
	perSecond = 10
	// httpsPort is the port when cas.console names none.
	httpsPort = 443
)

// Probes lists the probes of this package.
func Probes() []probes.Probe {
	return []probes.Probe{
		probes.New(facts.ConsoleEndpoint, probes.Probe{
			Doc: "Resolves the CAS console's name, connects to it, makes one TLS handshake and verifies the certificate; " +
				"asks with hand-made hellos what else it accepts, and which suites when clients are declared. " +
				"Looks at the licensing portal in the same way, unless cas.console is set.",
			Section: "cas",
			Timeout: timeout,
		}, collect),
	}
}

// site is the console of one CAS site.
type site struct {
	host   string
	source facts.HostSource
}

// sites are the consoles by site. Documented: Trend Micro, Cloud App Security online help,
// "Using Azure AD Premium Edition" (the reply URL https://HOST/ssoLogin of each serving
// site). Inferred: no page prints the console's name; it is the name of the REST API
// ("Understanding the URI" of the Integration API help) with "api" replaced by "admin".
func sites() map[config.Site]site {
	return map[config.Site]site{
		"us": {"admin.tmcas.trendmicro.com", facts.HostDocumented},
		"eu": {"admin-eu.tmcas.trendmicro.com", facts.HostDocumented},
		"jp": {"admin.tmcas.trendmicro.co.jp", facts.HostDocumented},
		"au": {"admin-au.tmcas.trendmicro.com", facts.HostDocumented},
		"uk": {"admin.tmcas.trendmicro.co.uk", facts.HostInferred},
		"ca": {"admin-ca.tmcas.trendmicro.com", facts.HostInferred},
		"sg": {"admin.tmcas.trendmicro.com.sg", facts.HostInferred},
		"in": {"admin-in.tmcas.trendmicro.com", facts.HostInferred},
	}
}

// endpoint is the console that the configuration means.
func endpoint(cas *config.CAS) (facts.Console, error) {
	c := facts.Console{Port: httpsPort}
	if cas == nil {
		return c, &facts.Failure{Kind: facts.NotConfigured, Detail: "the section cas is absent"}
	}
	if cas.Console.Host != "" {
		c.Host, c.HostSource = cas.Console.Host, facts.HostConfigured
		if cas.Console.Port != 0 {
			c.Port = cas.Console.Port
		}
		return c, nil
	}
	s, ok := sites()[cas.Site]
	if !ok {
		return c, &facts.Failure{
			Kind:   facts.NotConfigured,
			Detail: "neither cas.console nor a known cas.site says where the console is",
		}
	}
	c.Host, c.HostSource = s.host, s.source
	return c, nil
}

// Suites says how much is asked about cipher suites.
type Suites int

// The depths of the look at cipher suites.
const (
	SuitesNone Suites = iota // the health check
	// SuitesExact: every suite of every version was chosen by the console once, and what is
	// not listed was refused.
	SuitesExact
	// SuitesInferred: as exact at the highest versions; below TLS 1.2 the suites of TLS 1.2 are
	// taken to be accepted where one of them is and everything else is refused.
	SuitesInferred
)

// Options say how far to look.
type Options struct {
	Suites Suites
	// Clients also asks what can keep single clients out: the groups, and a hello without a
	// server name.
	Clients bool
	// PerHello is the most suites that one hello offers; 0: all at once, and as many as testssl.sh
	// and nmap found to be safe when something does not stand that.
	PerHello int
	// Replay are hellos to send as they are, when everything else is done.
	Replay []hello.Spec
}

// Result is a look at a console.
type Result struct {
	Console     facts.Console
	Connections int           // that were opened, to the console or to the proxy
	Replayed    []facts.Hello // the answers to Options.Replay
}

// prober is one look at one console.
type prober struct {
	host, port string
	proxy      *url.URL // nil: none
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	resolver   *net.Resolver
	verify     func(*x509.Certificate, x509.VerifyOptions) error
	now        func() time.Time
	limiter    *rate.Limiter
	phase      time.Duration
	slots      chan struct{} // one for each connection that may be open

	opened atomic.Int32
	via    netip.AddrPort // the address that answered: of the host, or of the proxy
}

func collect(ctx context.Context, env *probes.Env) (facts.Console, error) {
	fact, err := endpoint(env.Config.CAS)
	if err != nil {
		return facts.Console{}, err
	}
	var o Options
	if len(env.Config.CAS.Clients) > 0 {
		o = Options{Suites: SuitesExact, Clients: true}
	}
	if fact.HostSource == facts.HostConfigured {
		r, err := observe(ctx, env, fact, o)
		return r.Console, err
	}
	part, cancel := before(ctx, portalShare)
	r, err := observe(part, env, fact, o)
	cancel()
	if err == nil {
		r.Console.Portal, err = portal(ctx, env)
	}
	return r.Console, err
}

// Look looks at the console that the configuration means.
func Look(ctx context.Context, env *probes.Env, o Options) (Result, error) {
	fact, err := endpoint(env.Config.CAS)
	if err != nil {
		return Result{}, err
	}
	return observe(ctx, env, fact, o)
}

// newProber is a prober for one host, with nothing tried yet.
func newProber(env *probes.Env, host string, port int) (*prober, error) {
	p := &prober{
		host: host, port: strconv.Itoa(port),
		dial:     env.HTTP.Dialer().DialContext,
		resolver: env.HTTP.Resolver(),
		verify:   env.HTTP.Verify,
		now:      env.Now,
		limiter:  rate.NewLimiter(perSecond, 1),
		phase:    env.Limits.Phase,
		slots:    make(chan struct{}, maxConnections),
	}
	if p.phase == 0 {
		p.phase = phaseTimeout
	}
	var err error
	p.proxy, err = env.HTTP.Proxy(&url.URL{Scheme: "https", Host: p.hostport()})
	if err != nil {
		// The error repeats the setting, which may hold credentials.
		return nil, &facts.Failure{
			Kind: facts.NotConfigured, Detail: "the proxy in this machine's environment is not a URL",
		}
	}
	return p, nil
}

func observe(ctx context.Context, env *probes.Env, fact facts.Console, o Options) (Result, error) {
	p, err := newProber(env, fact.Host, fact.Port)
	if err != nil {
		return Result{}, err
	}
	if p.proxy != nil {
		fact.ProxySource = facts.ProxyEnvironment
		if env.Config.Network.Proxy != "" {
			fact.ProxySource = facts.ProxyConfigured
		}
	}
	missed := &facts.Failure{Kind: facts.NotCollected, Detail: "cas.clients declares no client to enumerate the suites for"}
	if o.Suites != SuitesNone {
		missed.Detail = "the console was not reached"
	}
	fact.Suites, fact.Groups = facts.Missed[[]facts.SuiteSeen](missed), facts.Missed[[]uint16](missed)
	fact.Certificate = p.certificate(shown{})

	whole := ctx
	ctx, cancel := before(ctx, reserve)
	defer cancel()
	r := Result{}
	conn := p.reach(ctx, &fact)
	if conn != nil {
		l := &listing{prober: p, o: o}
		l.look(ctx, conn, &fact)
		r.Replayed = p.replay(ctx, o.Replay)
	}
	if p.proxy != nil && ctx.Err() == nil {
		fact.Direct = p.direct(ctx)
	}
	if v := fact.Certificate.Value; ctx.Err() == nil && (v == nil || v.Verified == nil || !*v.Verified) {
		fact.NoSuchName = p.noSuchName(ctx, fact)
	}
	r.Console, r.Connections = fact, int(p.opened.Load())
	if err := whole.Err(); errors.Is(err, context.Canceled) {
		return r, err
	}
	// At the deadline: what was found is worth something. What it cut off is left out.
	return r, nil
}

// before ends a context a part of its time before its deadline.
func before(ctx context.Context, part time.Duration) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-min(part, time.Until(end)/4)))
}

func (p *prober) hostport() string { return net.JoinHostPort(p.host, p.port) }

// sni is the server name of the hellos; an address has none (RFC 6066 section 3).
func (p *prober) sni() string {
	if _, err := netip.ParseAddr(p.host); err == nil {
		return ""
	}
	return strings.TrimSuffix(p.host, ".")
}

// reach resolves and connects, and opens the proxy's tunnel; it returns the connection, or nil
// when no hello can follow.
func (p *prober) reach(ctx context.Context, fact *facts.Console) net.Conn {
	host, port := p.host, p.port
	if p.proxy != nil {
		host, port = p.proxy.Hostname(), p.proxy.Port()
		if port == "" {
			port = "80"
		}
		name := net.JoinHostPort(host, port)
		fact.Proxy = &name
		if p.proxy.Scheme != "http" {
			fact.Addresses = facts.Missed[[]string](&facts.Failure{Kind: facts.NotCollected, Detail: "see the connection"})
			fact.Connects = []facts.Connect{{
				Address: name, Outcome: facts.OutcomeProxyKind, Detail: "only proxies of the kind http:// can be used here, not " + p.proxy.Scheme + "://",
			}}
			return nil
		}
	}
	addresses, failure := p.resolve(ctx, host)
	if failure != nil {
		fact.Addresses = facts.Missed[[]string](failure)
		return nil
	}
	fact.Addresses = facts.Got(texts(addresses))

	conn, attempts := p.connect(ctx, addresses, port)
	fact.Connects = attempts
	if conn == nil {
		return nil
	}
	last := &fact.Connects[len(fact.Connects)-1]
	p.via = netip.MustParseAddrPort(last.Address)
	if p.proxy == nil {
		return conn
	}
	start := time.Now()
	through, answer, err := p.tunnel(ctx, conn)
	last.Took += time.Since(start)
	last.Status, last.Auth, last.Via = answer.status, answer.scheme, answer.via
	last.Outcome, _, last.Detail = outcomeOf(err)
	if err != nil {
		conn.Close()
		return nil
	}
	return through
}

func texts(addresses []netip.Addr) []string {
	out := make([]string, len(addresses))
	for i, a := range addresses {
		out[i] = a.String()
	}
	return out
}

// noSuchName asks the resolver for a name that nobody has registered, when an address of the
// console looks odd: the same answer for both is the resolver's own, not the console's.
func (p *prober) noSuchName(ctx context.Context, fact facts.Console) *facts.Seen[[]string] {
	if fact.Proxy != nil || fact.Addresses.Value == nil || p.sni() == "" || !slices.ContainsFunc(*fact.Addresses.Value, odd) {
		return nil
	}
	label := make([]byte, 8)
	_, _ = rand.Read(label) // never fails
	_, parent, ok := strings.Cut(p.host, ".")
	if !ok {
		return nil
	}
	seen := facts.Missed[[]string](nil)
	addresses, failure := p.resolve(ctx, "casdoctor-"+hex.EncodeToString(label)+"."+parent)
	if seen.Failure = failure; failure == nil {
		seen = facts.Got(texts(addresses))
	}
	return &seen
}

// odd is an address that a service on the internet cannot have: "this host", loopback, private,
// shared (RFC 6598) or link-local. (Linux connects to itself when asked for 0.0.0.0.)
func odd(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && (a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() ||
		slices.ContainsFunc(oddPrefixes, func(p netip.Prefix) bool { return p.Contains(a) }))
}

var oddPrefixes = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10")}

// direct tries the console without the proxy.
func (p *prober) direct(ctx context.Context) *facts.Connect {
	start := time.Now()
	addresses, failure := p.resolve(ctx, p.host)
	if failure != nil {
		return &facts.Connect{
			Address: p.hostport(), Outcome: facts.OutcomeNoName, Detail: failure.Detail, Took: time.Since(start),
		}
	}
	conn, attempts := p.connect(ctx, addresses, p.port)
	if conn != nil {
		conn.Close()
	}
	return &attempts[len(attempts)-1] // the one that worked, or the last that did not
}
