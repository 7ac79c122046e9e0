// Package console looks at the way from this machine to the CAS management console: its
// name, the connection (through a proxy, when one is configured), one TLS handshake at
// each exact version, the certificate, and the cipher suites when clients are declared.
//
// What belongs here: opening connections phase by phase, each phase with a deadline of its
// own, and naming how each ended so that the possible culprits can be told apart. What
// does not: what an outcome means (package checks) and what browsers offer (package
// internal/tlsclient). Nothing but handshakes is sent to the console: no request, no
// credentials.
package console

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// timeout bounds the whole probe. A proxy and a console that answer each phase at the last
	// moment leave 15 s of it for the enumeration of suites: about 50 handshakes, which need
	// 5 s at the rate below and two to four round trips each, three at a time.
	timeout = 60 * time.Second
	// phaseTimeout bounds one phase: a browser's user would have given up by then.
	phaseTimeout = 5 * time.Second
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
			Doc: "Resolves the CAS console's name, connects to it and makes one TLS handshake at each exact version, " +
				"1.0 to 1.3, with every cipher suite that Go has; verifies the certificate.",
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

// prober is one look at one console.
type prober struct {
	host, port string
	proxy      *url.URL // nil: none
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	resolver   *net.Resolver
	limiter    *rate.Limiter
	phase      time.Duration

	via netip.AddrPort // the address that answered: of the host, or of the proxy
}

func collect(ctx context.Context, env *probes.Env) (facts.Console, error) {
	fact, err := endpoint(env.Config.CAS)
	if err != nil {
		return facts.Console{}, err
	}
	p := &prober{
		host: fact.Host, port: strconv.Itoa(fact.Port),
		dial:     env.HTTP.Dialer().DialContext,
		resolver: env.HTTP.Resolver(),
		limiter:  rate.NewLimiter(perSecond, 1),
		phase:    env.Limits.Phase,
	}
	if p.phase == 0 {
		p.phase = phaseTimeout
	}
	p.proxy, err = env.HTTP.Proxy(&url.URL{Scheme: "https", Host: p.hostport()})
	if err != nil {
		// The error repeats the setting, which may hold credentials.
		return facts.Console{}, &facts.Failure{
			Kind: facts.NotConfigured, Detail: "the proxy in this machine's environment is not a URL",
		}
	}

	fact.Suites = facts.Missed[[]facts.SuiteSeen](&facts.Failure{
		Kind: facts.NotCollected, Detail: "cas.clients declares no client to enumerate the suites for",
	})
	fact.Certificate = facts.Missed[facts.Certificate](&facts.Failure{
		Kind: facts.NotCollected, Detail: "no handshake brought a certificate",
	})
	reached := p.reach(ctx, &fact)
	if reached {
		if certs := p.handshakes(ctx, &fact); len(certs) > 0 {
			fact.Certificate = facts.Got(certificate(certs, fact.Host, env.HTTP.Roots(), env.Now()))
		}
	}
	if p.proxy != nil {
		fact.Direct = p.direct(ctx)
	}
	switch { // the longest part comes last, so that it can use the time that is left
	case len(env.Config.CAS.Clients) == 0:
	case reached:
		p.enumerate(ctx, &fact)
	default:
		fact.Suites.Failure.Detail = "the console was not reached"
	}
	// What was cut off by the end of the run looks like the peer's silence: say nothing.
	return fact, ctx.Err()
}

func (p *prober) hostport() string { return net.JoinHostPort(p.host, p.port) }

// reach resolves and connects, and opens the proxy's tunnel; it reports whether a handshake
// can follow.
func (p *prober) reach(ctx context.Context, fact *facts.Console) bool {
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
				Address: name, Outcome: facts.OutcomeFailed, Detail: "only proxies of the kind http:// can be used here",
			}}
			return false
		}
	}
	addresses, failure := p.resolve(ctx, host)
	if failure != nil {
		fact.Addresses = facts.Missed[[]string](failure)
		return false
	}
	names := make([]string, len(addresses))
	for i, a := range addresses {
		names[i] = a.String()
	}
	fact.Addresses = facts.Got(names)

	conn, attempts := p.connect(ctx, addresses, port)
	fact.Connects = attempts
	if conn == nil {
		return false
	}
	defer conn.Close()
	last := &fact.Connects[len(fact.Connects)-1]
	p.via = netip.MustParseAddrPort(last.Address)
	if p.proxy == nil {
		return true
	}
	start := time.Now()
	_, status, err := p.tunnel(ctx, conn)
	last.Took += time.Since(start)
	last.Status = status
	last.Outcome, _, last.Detail = outcomeOf(err)
	return err == nil
}

// direct tries the console without the proxy.
func (p *prober) direct(ctx context.Context) *facts.Connect {
	start := time.Now()
	addresses, failure := p.resolve(ctx, p.host)
	if failure != nil {
		c := &facts.Connect{
			Address: p.hostport(), Outcome: facts.OutcomeFailed, Detail: failure.Detail, Took: time.Since(start),
		}
		if failure.Kind == facts.Timeout {
			c.Outcome = facts.OutcomeTimeout
		}
		return c
	}
	conn, attempts := p.connect(ctx, addresses, p.port)
	if conn != nil {
		conn.Close()
	}
	return &attempts[len(attempts)-1] // the one that worked, or the last that did not
}

// handshakes makes one handshake per version, side by side, and returns the certificates
// of the highest version that was accepted.
func (p *prober) handshakes(ctx context.Context, fact *facts.Console) []*x509.Certificate {
	results := make([]handshake, len(versions))
	var wg sync.WaitGroup
	for i, v := range versions {
		wg.Go(func() { results[i] = p.handshake(ctx, v.id, offerable(v.id)) })
	}
	wg.Wait()
	var certs []*x509.Certificate
	for i, r := range results {
		r.fact.Version = versions[i].name
		fact.Handshakes = append(fact.Handshakes, r.fact)
		if r.fact.Outcome == facts.OutcomeOK {
			certs = r.certs
		}
	}
	return certs
}
