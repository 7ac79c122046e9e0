package main

import (
	"context"
	"fmt"
	"net"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/demo"
	"github.com/casdoctor/casdoctor/internal/agent/web"
)

// servePage is the page of an agent, on a listener that is there already or, with nil, on the
// address of the configuration; up is told its address, and may be nil.
func servePage(m *web.Metrics, l net.Listener, up func(address string)) func(context.Context, *agent.Agent) error {
	return func(ctx context.Context, a *agent.Agent) error {
		p, err := web.New(web.Settings{Store: a.Store, Jobs: a.Jobs, Config: a.Config, Log: a.Log, Version: version(), Metrics: m})
		if err != nil {
			return err
		}
		if l == nil {
			if l, err = p.Listen(ctx); err != nil {
				return err
			}
		}
		if up != nil {
			up(p.Address(l))
		}
		return p.Serve(ctx, l)
	}
}

// agentDemo is casdoctor agent --demo.
func agentDemo(c *cobra.Command, s streams) error {
	_, _ = fmt.Fprintln(s.err, "bringing up practice organisations and some weeks of their past …")
	l, err := freeAddress(c.Context())
	if err != nil {
		return failed(err)
	}
	defer func() { _ = l.Close() }() // the page has closed it, unless it never came to that
	d, err := demo.Start(c.Context(), version(), "*/5 * * * *", l.Addr().String())
	if err != nil {
		return failed(err)
	}
	defer func() { _ = d.Close() }() // a folder of the system's own for such files
	m := web.NewMetrics()
	err = agent.Run(c.Context(), agent.Options{
		Load: func() (*config.Agent, error) { return config.LoadAgent(d.Config) }, Version: version(), Looked: m.Looked,
		Log: zerolog.New(s.err).Level(zerolog.WarnLevel),
		Serve: servePage(m, l, func(address string) {
			_, _ = fmt.Fprintln(s.out, address)
			_, _ = fmt.Fprintln(s.err, "the page of the agent is at this address; nothing leaves this machine; Ctrl-C ends everything")
		}),
	})
	if err != nil {
		return failed(err)
	}
	return nil
}

// freeAddress listens on the usual address of the page, or on another one where that is taken.
func freeAddress(ctx context.Context) (l net.Listener, err error) {
	for _, address := range []string{"127.0.0.1:8642", "127.0.0.1:0"} {
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", address); err == nil {
			return l, nil
		}
	}
	return nil, err
}
