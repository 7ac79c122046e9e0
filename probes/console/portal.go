package console

import (
	"context"
	"errors"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// portalHost is the Customer Licensing Portal, where a sign-in to the console starts unless an
// identity provider takes its place (Trend Micro, Cloud App Security online help, FAQ).
const portalHost = "clp.trendmicro.com"

// portal looks at the licensing portal: can it be reached, does it answer a current browser? What
// fails there is said there: it takes nothing from what is known of the console.
func portal(whole context.Context, env *probes.Env) (*facts.Portal, error) {
	ctx, cancel := before(whole, reserve)
	defer cancel()
	out := &facts.Portal{Host: portalHost, Port: httpsPort, Certificate: (&prober{}).certificate(shown{})}
	p, err := newProber(env, portalHost, httpsPort)
	if err != nil {
		out.Addresses = facts.Missed[[]string](httpread.Classify(err))
		return out, nil
	}
	var way facts.Console
	if conn := p.reach(ctx, &way); conn != nil {
		defer conn.Close()
		if s, got := p.modern(ctx, conn, nil); !s.cut {
			out.Hellos = []facts.Hello{s.Hello}
			out.Certificate = p.certificate(got)
		}
	}
	out.Addresses, out.Connects = way.Addresses, way.Connects
	if err := whole.Err(); errors.Is(err, context.Canceled) {
		return nil, err
	}
	return out, nil
}
