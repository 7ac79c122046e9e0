package console

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// versions are the ones that crypto/tls can speak, oldest first.
var versions = [...]struct {
	id   uint16
	name string
}{
	{tls.VersionTLS10, "1.0"},
	{tls.VersionTLS11, "1.1"},
	{tls.VersionTLS12, "1.2"},
	{tls.VersionTLS13, "1.3"},
}

// offerable are all suites that crypto/tls can offer at a version, the weak ones included:
// with its default list the probe would blame the server for Go's own choice.
func offerable(version uint16) []uint16 {
	var ids []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if slices.Contains(s.SupportedVersions, version) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// handshake is one handshake, with the certificates that the peer showed.
type handshake struct {
	fact  facts.Handshake // without the version's name
	certs []*x509.Certificate
}

// handshake makes one handshake at exactly one version, over a fresh connection, offering
// the given suites (at TLS 1.3 crypto/tls always offers all of its own). The certificate
// is not verified here: a handshake that fails for the certificate would hide the version.
func (p *prober) handshake(ctx context.Context, version uint16, suites []uint16) handshake {
	start := time.Now()
	var h handshake
	state, err := p.shake(ctx, &tls.Config{
		// Both: with one of them alone, the default of the other can refuse the handshake
		// before anything is sent.
		MinVersion: version, MaxVersion: version,
		CipherSuites: suites,
		ServerName:   p.host,
		// Measured apart, by certificate; nothing is sent over this connection.
		InsecureSkipVerify: true, //nolint:gosec // G402: see above
	})
	h.fact.Took = time.Since(start)
	h.fact.Outcome, h.fact.Alert, h.fact.Detail = outcomeOf(err)
	if err == nil {
		h.fact.Suite = state.CipherSuite
		h.certs = state.PeerCertificates
	}
	return h
}

func (p *prober) shake(ctx context.Context, config *tls.Config) (tls.ConnectionState, error) {
	conn, err := p.open(ctx)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	phase, cancel := context.WithTimeout(ctx, p.phase)
	defer cancel()
	client := tls.Client(conn, config)
	if err := client.HandshakeContext(phase); err != nil {
		return tls.ConnectionState{}, err
	}
	return client.ConnectionState(), nil
}

// enumerate finds the suites that the console accepts, at each version below 1.3 that it
// has accepted: offer all, take out the one that it chose, until it refuses the rest.
//
// SuitesTried gets the suites about which this leaves no doubt. At TLS 1.3 crypto/tls
// always offers its three suites together, so only the one that was chosen is known, and
// the two others, although offered, are not listed as tried.
func (p *prober) enumerate(ctx context.Context, fact *facts.Console) {
	if end, ok := ctx.Deadline(); ok {
		// What was found so far is worth more than one more suite: stop while there is time
		// left to return it.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-p.phase))
		defer cancel()
	}
	type found struct {
		suites  []uint16
		failure *facts.Failure
	}
	results := make([]found, len(versions))
	var wg sync.WaitGroup
	for i, h := range fact.Handshakes {
		if h.Outcome != facts.OutcomeOK {
			continue
		}
		if versions[i].id == tls.VersionTLS13 {
			results[i].suites = []uint16{h.Suite}
			continue
		}
		wg.Go(func() { results[i].suites, results[i].failure = p.suites(ctx, versions[i].id, h) })
	}
	wg.Wait()

	seen := []facts.SuiteSeen{}
	var failure *facts.Failure
	for i, r := range results {
		for _, id := range r.suites {
			seen = append(seen, facts.SuiteSeen{Version: versions[i].name, ID: id})
			fact.SuitesTried = append(fact.SuitesTried, id)
		}
		if answered(versions[i].id, fact.Handshakes[i]) && versions[i].id != tls.VersionTLS13 {
			fact.SuitesTried = append(fact.SuitesTried, offerable(versions[i].id)...)
		}
		if failure == nil && r.failure != nil {
			failure = r.failure
		}
	}
	slices.Sort(fact.SuitesTried)
	fact.SuitesTried = slices.Compact(fact.SuitesTried)
	switch {
	case failure != nil:
		fact.Suites = facts.Partly(seen, failure)
	case len(fact.SuitesTried) == 0:
		fact.Suites.Failure.Detail = "no handshake was answered, so there was nothing to enumerate"
	default:
		fact.Suites = facts.Got(seen)
	}
}

// answered says whether the peer has taken a position on what it was offered.
func answered(version uint16, h facts.Handshake) bool {
	return h.Outcome == facts.OutcomeOK || refused(version, h)
}

// refused says whether the peer turned the offer itself down.
func refused(version uint16, h facts.Handshake) bool {
	return h.Outcome == facts.OutcomeAlert && tlsclient.RefusedBy(version, h.Alert) != ""
}

// suites are the suites that the peer accepts at a version, in the order in which it chose
// them; the failure says why the list may be incomplete. first is the handshake with all.
func (p *prober) suites(ctx context.Context, version uint16, first facts.Handshake) ([]uint16, *facts.Failure) {
	accepted := []uint16{first.Suite}
	left := without(offerable(version), first.Suite)
	// Not with nothing left: an empty offer is refused by every server.
	for len(left) > 0 {
		h := p.handshake(ctx, version, left).fact
		switch {
		case h.Outcome == facts.OutcomeOK:
			accepted = append(accepted, h.Suite)
			left = without(left, h.Suite)
		case refused(version, h), p.resets(ctx, version, left, first.Suite, h):
			return accepted, nil
		default:
			return accepted, &facts.Failure{
				Kind: kindOf(h.Outcome), Code: string(h.Outcome),
				Detail: fmt.Sprintf("the enumeration of suites broke off after %d: %s", len(accepted), h.Detail),
			}
		}
	}
	return accepted, nil
}

// resets says whether a reset or a close is this peer's way of refusing an offer: Schannel
// answers a hello without a common suite so. It is, when a suite that was accepted before
// still is, and the same offer is reset again; otherwise something has begun to block us.
func (p *prober) resets(ctx context.Context, version uint16, offer []uint16, good uint16, h facts.Handshake) bool {
	if h.Outcome != facts.OutcomeReset && h.Outcome != facts.OutcomeClosed {
		return false
	}
	return p.handshake(ctx, version, []uint16{good}).fact.Outcome == facts.OutcomeOK &&
		p.handshake(ctx, version, offer).fact.Outcome == h.Outcome
}

func kindOf(o facts.Outcome) facts.Kind {
	if o == facts.OutcomeTimeout {
		return facts.Timeout
	}
	return facts.Unreachable
}

func without(ids []uint16, id uint16) []uint16 {
	return slices.DeleteFunc(slices.Clone(ids), func(x uint16) bool { return x == id })
}
