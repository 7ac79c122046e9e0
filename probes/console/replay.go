package console

import (
	"context"
	"slices"
	"sync"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// HelloOf is the hello that a client of the table sends to a host.
func HelloOf(c tlsclient.Client, host string) hello.Spec {
	s := hello.Spec{
		Version: min(slices.Max(c.Versions), ciphersuite.TLS12),
		Suites:  c.Suites, Groups: c.Groups, SignatureAlgorithms: c.SignatureAlgorithms, ALPN: c.ALPN,
	}
	if slices.Contains(c.Versions, ciphersuite.TLS13) {
		s.Versions = c.Versions
	}
	if p := (&prober{host: host}); c.SNI {
		s.SNI = p.sni()
	}
	return s
}

// Connected is whether a client can use the answer to its hello. A server that has only lower
// versions than the client accepts answers all the same.
func Connected(c tlsclient.Client, h facts.Hello) bool {
	return h.Outcome == facts.OutcomeOK && slices.ContainsFunc(c.Versions, func(v uint16) bool { return versionName(v) == h.Version })
}

// Agrees is whether a prediction and the answer to the client's own hello say the same. An
// undecided prediction says nothing, and an answer that never came neither.
func Agrees(r tlsclient.Result, c tlsclient.Client, h facts.Hello) bool {
	switch h.Outcome {
	case facts.OutcomeOK, facts.OutcomeAlert, facts.OutcomeReset, facts.OutcomeClosed:
	default:
		return true
	}
	switch r.Verdict {
	case tlsclient.Connects:
		return Connected(c, h) && (r.Version == 0 || versionName(r.Version) == h.Version) && (r.Suite == 0 || r.Suite == h.Suite)
	case tlsclient.Refused:
		return !Connected(c, h)
	default:
		return true
	}
}

// replay sends the hellos, a few at a time, and returns the answers up to the first one that the
// end of the time has cut off.
func (p *prober) replay(ctx context.Context, specs []hello.Spec) []facts.Hello {
	answers := make([]sent, len(specs))
	var wg sync.WaitGroup
	for i, spec := range specs {
		wg.Go(func() { answers[i] = p.ask(ctx, "", spec, hello.Choice) }) // open lets four at a time
	}
	wg.Wait()
	var out []facts.Hello
	for _, s := range answers {
		if s.cut {
			break
		}
		out = append(out, s.Hello)
	}
	return out
}
