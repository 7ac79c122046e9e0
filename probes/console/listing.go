package console

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// listing is the part of a look that sends hellos: what the console accepts.
type listing struct {
	*prober
	o Options

	mu   sync.Mutex
	sent []sent // all hellos, in the order in which their answers came

	stopped atomic.Pointer[facts.Failure] // why no more hellos may be sent
	perHas  atomic.Int32                  // the most suites in one hello; 0: no limit
	resets  atomic.Bool                   // the console was seen to refuse offers by a reset
}

// look sends the hellos, from the handshake over conn on, and writes down what they say.
func (l *listing) look(ctx context.Context, conn net.Conn, fact *facts.Console) {
	l.perHas.Store(int32(l.o.PerHello)) //nolint:gosec // G115: a number of suites
	first, got := l.modern(ctx, conn, nil)
	conn.Close()
	l.note(first)
	if first.Outcome == facts.OutcomeOK {
		l.healthy(ctx, fact, first)
	} else {
		got = l.diagnose(ctx, fact)
	}
	fact.Certificate, fact.Page = l.certificate(got), got.page
	for _, s := range l.sent {
		if s.Name != "" {
			fact.Hellos = append(fact.Hellos, s.Hello)
		}
	}
	fact.Handshakes = handshakes(l.sent)
}

func (l *listing) note(s sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.cut {
		l.sent = append(l.sent, s)
	}
}

// say sends the raw hello of a name and notes the answer.
func (l *listing) say(ctx context.Context, name facts.HelloName, depth hello.Depth) sent {
	s := l.ask(ctx, name, l.named(name), depth)
	l.note(s)
	return s
}

// healthy: the handshake of a current browser succeeded. What else does the console accept?
func (l *listing) healthy(ctx context.Context, fact *facts.Console, first sent) {
	if l.o.Suites != SuitesNone {
		l.enumerate(ctx, fact)
		return
	}
	var wg sync.WaitGroup
	if first.answer.Version == ciphersuite.TLS13 { // the document's version is not seen yet
		wg.Go(func() { l.say(ctx, facts.HelloTLS12, hello.Choice) })
	}
	wg.Go(func() { l.say(ctx, facts.HelloWeak, hello.Choice) })
	wg.Go(func() { l.old(ctx) })
	wg.Wait()
}

// old asks for TLS 1.1 or lower. A refusal in so many words means all of it; a reset, silence
// or another alert does not, and then TLS 1.0 is asked for alone.
func (l *listing) old(ctx context.Context) {
	if s := l.say(ctx, facts.HelloTLS11, hello.Choice); !refuses(s) && s.Outcome != facts.OutcomeOK {
		l.say(ctx, facts.HelloTLS10, hello.Choice)
	} else if s.ok(ciphersuite.TLS11) {
		l.say(ctx, facts.HelloTLS10, hello.Choice)
	}
}

// diagnose: the handshake of a current browser failed. The other hellos, the same ones for every
// situation, tell which it is. It returns what was shown of the certificate by another one.
func (l *listing) diagnose(ctx context.Context, fact *facts.Console) shown {
	var wg sync.WaitGroup
	// The order is that of how much each tells: silence uses the time up.
	names := []facts.HelloName{
		facts.HelloSmall, facts.HelloTLS12, facts.HelloTLS11, facts.HelloTLS10, facts.HelloSSL30, facts.HelloWeak,
		facts.HelloHTTP,
	}
	if l.sni() != "" {
		names = slices.Insert(names, 4, facts.HelloNoSNI, facts.HelloOtherSNI)
	}
	results := make([]sent, len(names))
	var next atomic.Int32
	for range maxConnections {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(names); i = int(next.Add(1)) - 1 {
				if names[i] == facts.HelloHTTP {
					results[i] = l.plain(ctx)
				} else {
					results[i] = l.ask(ctx, names[i], l.named(names[i]), hello.Whole)
				}
			}
		})
	}
	wg.Go(func() { fact.Local = local(ctx, l.named(facts.HelloTLS12), l.phase) })
	wg.Wait()
	for _, s := range results {
		l.note(s)
	}
	if ctx.Err() != nil {
		fact.Local = nil // not to be told from a filter on this machine
		return shown{}
	}
	return l.shownOtherwise(ctx, fact)
}

// shownOtherwise takes the certificate from whatever was answered, and enumerates on request.
func (l *listing) shownOtherwise(ctx context.Context, fact *facts.Console) shown {
	var got shown
	answered := false
	for _, s := range l.sent {
		if !s.sameServer() {
			continue
		}
		answered = answered || s.Outcome == facts.OutcomeOK
		if got.certs == nil {
			got.certs = parse(s.answer.Certificates)
		}
		if s.Name == facts.HelloSmall && s.Outcome == facts.OutcomeOK {
			// The large hello was the trouble: carry a small one through.
			if conn, err := l.open(ctx); err == nil {
				again, g := l.modern(ctx, conn, []tls.CurveID{tls.X25519, tls.CurveP256})
				conn.Close()
				if again.Outcome == facts.OutcomeOK {
					got = g
				}
				again.Name = facts.HelloSmallFull
				l.note(again)
			}
			break
		}
	}
	switch {
	case l.o.Suites == SuitesNone:
	case answered:
		l.enumerate(ctx, fact)
	default:
		fact.Suites.Failure.Detail = nothingAnswered
	}
	return got
}

// nothingAnswered is why there are no suites.
const nothingAnswered = "no handshake was answered, so there was nothing to enumerate"

// sameServer is whether an answer to the hello is the console's: another server may stand behind
// no name and behind another name, and none speaks TLS in clear text.
func (s sent) sameServer() bool {
	switch s.Name {
	case facts.HelloHTTP, facts.HelloNoSNI, facts.HelloOtherSNI:
		return false
	default:
		return true
	}
}

// refuses is whether an answer turns the offer itself down.
func refuses(s sent) bool {
	return s.Outcome == facts.OutcomeAlert && tlsclient.RefusedBy(s.offered, s.Alert) != ""
}

// handshakes is what the hellos say of each version.
func handshakes(all []sent) []facts.Handshake {
	var out []facts.Handshake
	for _, v := range versions {
		if h, ok := handshake(all, v.id); ok {
			h.Version = v.name
			out = append(out, h)
		}
	}
	return out
}

// handshake is what is known of one version: an answer at it, else what the hello with it as
// the highest version met, else what a hello for higher ones implies.
func handshake(all []sent, version uint16) (facts.Handshake, bool) {
	var asked, implied *facts.Handshake
	for _, s := range all {
		if !s.sameServer() || s.Name == facts.HelloWeak && !s.ok(version) { // the weak one did not offer everything
			continue
		}
		h := facts.Handshake{Outcome: s.Outcome, Alert: s.Alert, Suite: s.Suite, Detail: s.Detail, Took: s.Took}
		lower := s.Outcome == facts.OutcomeOK && s.answer.Version < version
		switch {
		case s.ok(version):
			return h, true
		case s.offered == version && lower:
			// It was asked for and another one came.
			asked = &facts.Handshake{
				Outcome: facts.OutcomeAlert, Alert: protocolVersion, Implied: true, Took: s.Took,
				Detail: "answered with " + versionName(s.answer.Version) + " instead",
			}
		case s.offered == version && s.Outcome != facts.OutcomeOK:
			if asked == nil || asked.Outcome != facts.OutcomeAlert {
				asked = &h
			}
		case s.offered > version && s.offered < ciphersuite.TLS12 && refuses(s) && implied == nil:
			h.Implied = true
			implied = &h
		}
	}
	switch {
	case asked != nil:
		return *asked, true
	case implied != nil:
		return *implied, true
	default:
		return facts.Handshake{}, false
	}
}

// protocolVersion is the alert that refuses a version (RFC 8446 section 6.2).
const protocolVersion = 70

// local sends a hello from this machine to itself. What filters TLS on the machine, such as a
// virus scanner, changes it even there.
func local(ctx context.Context, spec hello.Spec, phase time.Duration) *facts.Local {
	ctx, cancel := context.WithTimeout(ctx, phase)
	defer cancel()
	raw, err := spec.Bytes()
	var got []byte
	if err == nil {
		got, err = overLoopback(ctx, raw)
	}
	out := &facts.Local{}
	out.Outcome, _, out.Detail = outcomeOf(err)
	out.Altered = err == nil && !slices.Equal(raw, got)
	return out
}

func overLoopback(ctx context.Context, raw []byte) ([]byte, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	defer listener.Close()
	var d net.Dialer
	out, err := d.DialContext(ctx, "tcp", listener.Addr().String())
	if err != nil {
		return nil, err
	}
	defer out.Close()
	if _, err := out.Write(raw); err != nil {
		return nil, err
	}
	in, err := listener.Accept()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	defer context.AfterFunc(ctx, func() { _ = in.SetDeadline(time.Unix(1, 0)) })()
	got := make([]byte, len(raw)+64)
	n := 0
	for n < len(raw) {
		m, err := in.Read(got[n:])
		if n += m; err != nil {
			return got[:n], err
		}
	}
	return got[:n], nil
}
