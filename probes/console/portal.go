package console

import (
	"context"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// portalHost is the Customer Licensing Portal, where a sign-in to the console starts unless an
// identity provider takes its place (Trend Micro, Cloud App Security online help, FAQ).
const portalHost = "clp.trendmicro.com"

// portal looks at the licensing portal: can it be reached, does it answer a current browser?
func portal(ctx context.Context, env *probes.Env) (*facts.Portal, error) {
	p, err := newProber(env, portalHost, httpsPort)
	if err != nil {
		return nil, err
	}
	var way facts.Console
	out := &facts.Portal{Host: portalHost, Port: httpsPort, Certificate: p.certificate(shown{})}
	if conn := p.reach(ctx, &way); conn != nil {
		defer conn.Close()
		s, got := p.modern(ctx, conn, nil)
		out.Hellos = []facts.Hello{s.Hello}
		out.Certificate = p.certificate(got)
	}
	out.Addresses, out.Connects = way.Addresses, way.Connects
	return out, ctx.Err()
}
