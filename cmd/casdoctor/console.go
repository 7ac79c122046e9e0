package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/idna"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/console"
	"github.com/casdoctor/casdoctor/probes/declared"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// consoleFlags are the flags of casdoctor console.
type consoleFlags struct {
	enumerate, via, ca, resolver, format, output string
	clients, replay                              bool
	perHello                                     int
	timeout                                      time.Duration
}

func consoleCommand(s streams) *cobra.Command {
	var o consoleFlags
	c := &cobra.Command{
		Use:   "console HOST[:PORT]",
		Short: "say what a console accepts, which clients can connect, and what stands in the way",
		Long: `Look at one console, without a configuration: the name, the connection, one TLS handshake and
the certificate; then with hand-made hellos whether old versions and weak suites are refused. A
console in order sees three connections. Where the handshake fails, more hellos tell which device
or setting on the way is at fault.

--enumerate lists every cipher suite that is accepted (exact; =inferred asks less below TLS 1.2).
--clients says for each client that casdoctor knows whether it can connect, and why not;
--replay also sends each client's own hello and compares.

No credentials are sent. Towards hosts that are not this machine there are never more than four
connections at once and ten a second.`,
		Example: `  casdoctor console admin-eu.tmcas.trendmicro.com
  casdoctor console admin-eu.tmcas.trendmicro.com:443 --enumerate --clients
  casdoctor console admin-eu.tmcas.trendmicro.com --via http://proxy:3128 --ca-file corp.pem`,
		Args: func(c *cobra.Command, args []string) error {
			// A flag whose value can be left out takes none behind a space.
			if len(args) > 1 && c.Flags().Changed("enumerate") && slices.ContainsFunc(args, isDepth) {
				return usage(errors.New("the value of --enumerate stands behind an equals sign: --enumerate=exact, --enumerate=inferred"))
			}
			return one("the host, with or without a port")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			opts, err := view(c, s)
			if err != nil {
				return err
			}
			if err := oneOf("--format", o.format, "text", "json"); err != nil {
				return err
			}
			view, err := o.look(c, s, args[0])
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if o.format == "json" {
				err = report.WriteData(&b, view)
			} else {
				opts.Color = opts.Color && o.output == ""
				opts.Verbose, _ = c.Flags().GetBool("verbose")
				err = report.WriteConsole(&b, view, opts)
			}
			if err == nil {
				err = deliver(s, o.output, b.Bytes())
			}
			if err != nil {
				return failed(err)
			}
			if code := view.ExitCode(); code != checks.ExitOK {
				return &exitError{code: code}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.enumerate, "enumerate", "", "list the accepted cipher suites: exact (the default of the flag) or inferred")
	f.Lookup("enumerate").NoOptDefVal = "exact"
	_ = c.RegisterFlagCompletionFunc("enumerate", words([]string{"exact", "inferred"}))
	f.BoolVar(&o.clients, "clients", false, "say for each known client whether it can connect (lists the suites, too)")
	f.BoolVar(&o.replay, "replay", false, "also send each client's own hello, as a cross-check (one connection each)")
	f.StringVar(&o.via, "via", "", "the HTTP proxy to go through, e.g. http://proxy:3128; no SOCKS, no https:// (default: from the environment)")
	f.StringVar(&o.ca, "ca-file", "", "trust these root certificates (PEM), too")
	f.StringVar(&o.resolver, "resolver", "", "ask this DNS server, e.g. 192.0.2.53:53")
	f.IntVar(&o.perHello, "suites-per-hello", 0, "offer no more suites than this in one hello (default: all; 127 where that fails)")
	f.DurationVar(&o.timeout, "timeout", 2*time.Minute, "give up after this long, and say what was found")
	f.StringVar(&o.format, "format", "text", "text or json")
	f.StringVarP(&o.output, "output", "o", "", "write to this file (0600) instead of standard output")
	return c
}

func isDepth(s string) bool { return s == "exact" || s == "inferred" }

// look looks at the console and judges what was seen, as check does with a configuration.
func (o *consoleFlags) look(c *cobra.Command, s streams, host string) (report.Console, error) {
	cfg, err := o.config(host)
	if err != nil {
		return report.Console{}, usage(err)
	}
	client, err := httpread.New(cfg)
	if err != nil {
		return report.Console{}, usage(err)
	}
	how, clients, err := o.depth(cfg.CAS.Console.Host)
	if err != nil {
		return report.Console{}, err
	}
	var seen console.Result
	look := probes.New(facts.ConsoleEndpoint, probes.Probe{Section: "cas", Timeout: o.timeout},
		func(ctx context.Context, env *probes.Env) (facts.Console, error) {
			var err error
			seen, err = console.Look(ctx, env, how)
			return seen.Console, err
		})
	env := &probes.Env{Config: cfg, HTTP: client, Now: time.Now, Log: logger(c, s)}
	start := time.Now()
	ev := probes.Collect(c.Context(), env, append(declared.Probes(), look), nil)
	took := time.Since(start)
	if err := c.Context().Err(); err != nil {
		return report.Console{}, failed(errors.New("interrupted: nothing was found out"))
	}
	fact := facts.Get(ev, facts.ConsoleEndpoint)
	if fact.Value == nil {
		return report.Console{}, failed(fmt.Errorf("%s could not be looked at: %w", cfg.CAS.Console.Host, fact.Why()))
	}
	view := report.NewConsole(ev, seen.Connections, took)
	for i, c := range clients {
		var replayed *facts.Hello
		if i < len(seen.Replayed) {
			replayed = &seen.Replayed[i]
		}
		view.Clients = append(view.Clients, o.client(c, seen.Console, replayed))
	}
	return view, nil
}

func (o *consoleFlags) client(c tlsclient.Client, con facts.Console, replayed *facts.Hello) report.ConsoleClient {
	r := checks.PredictClient(c, con)
	out := report.NewConsoleClient(c, r)
	out.Inferred = checks.RestsOnInferred(c, con)
	if replayed != nil {
		connects, agrees := console.Connected(c, *replayed), console.Agrees(r, c, *replayed)
		out.Replay = &report.ConsoleReplay{Hello: *replayed, Connects: connects, Agrees: agrees}
	}
	return out
}

// depth is how far to look, and for which clients.
func (o *consoleFlags) depth(host string) (console.Options, []tlsclient.Client, error) {
	how := console.Options{PerHello: o.perHello}
	switch o.enumerate {
	case "":
	case "exact":
		how.Suites = console.SuitesExact
	case "inferred":
		how.Suites = console.SuitesInferred
	default:
		return how, nil, oneOf("--enumerate", o.enumerate, "exact", "inferred")
	}
	if o.perHello < 0 || o.perHello > 0 && o.perHello < 16 {
		return how, nil, usage(fmt.Errorf("--suites-per-hello is 16 or more, not %d", o.perHello))
	}
	if !o.clients && !o.replay {
		return how, nil, nil
	}
	how.Clients = true
	if how.Suites == console.SuitesNone {
		how.Suites = console.SuitesExact
	}
	clients := tlsclient.All()
	if o.replay {
		for _, c := range clients {
			how.Replay = append(how.Replay, console.HelloOf(c, host))
		}
	}
	return how, clients, nil
}

// config is the configuration that the command line amounts to.
func (o *consoleFlags) config(arg string) (*config.Config, error) {
	at, err := hostPortOf(arg)
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{
		Version: 1, Tenant: at.Host,
		CAS:     &config.CAS{Console: at},
		Network: config.Network{Proxy: o.via, CAFile: o.ca},
	}
	if scheme, _, ok := strings.Cut(o.via, "://"); ok && !strings.EqualFold(scheme, "http") {
		return nil, fmt.Errorf("--via goes through HTTP proxies only (http://host:port, with CONNECT), not %s://; "+
			"name an HTTP port of that proxy, or run casdoctor where none is needed", scheme)
	} else if o.via != "" && !ok {
		cfg.Network.Proxy = "http://" + o.via
	}
	if o.timeout <= 0 {
		return nil, fmt.Errorf("--timeout is more than nothing, e.g. 30s, not %s", o.timeout)
	}
	if o.resolver != "" {
		if cfg.Network.Resolver, err = resolverOf(o.resolver); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

func resolverOf(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	at, err := netip.ParseAddrPort(s)
	if err != nil {
		return at, fmt.Errorf("--resolver wants an address such as 192.0.2.53 or 192.0.2.53:53, not %q", s)
	}
	return at, nil
}

// hostPortOf reads HOST, HOST:PORT, an address of either family with or without a port, and names
// in other scripts, which are looked up in their ASCII form.
func hostPortOf(s string) (config.HostPort, error) {
	if strings.Contains(s, "://") || strings.ContainsAny(s, "/@ ") || s == "" {
		return config.HostPort{}, fmt.Errorf("%q is not a host: leave out https://, the path and spaces", s)
	}
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if a, err := netip.ParseAddr(bare); err == nil { // a zone may hold a bracket: only a pair is taken off
		return config.HostPort{Host: a.String()}, nil
	}
	host, port := s, ""
	if strings.Contains(s, ":") {
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return config.HostPort{}, fmt.Errorf("%q is not host:port; an IPv6 address with a port stands in brackets, [2001:db8::1]:443", s)
		}
	}
	out := config.HostPort{Host: host}
	if strings.Contains(s, ":") {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return out, fmt.Errorf("%q is not a port: a port is a number from 1 to 65535", port)
		}
		out.Port = int(n)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return out, nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil || ascii == "" {
		return out, fmt.Errorf("%q is not a host name", host)
	}
	out.Host = ascii
	return out, nil
}
