package console

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// pageTimeout bounds the wait for a page, which is a second opinion: what answered the handshake
// at once and takes longer than this for its first page adds nothing.
const pageTimeout = 2 * time.Second

// shown is what the one handshake that is carried through has brought.
type shown struct {
	certs  []*x509.Certificate
	scts   int
	staple bool
	page   *facts.Page
}

// offerable are all suites that crypto/tls has for TLS 1.2, the weak ones included: with its
// default list the probe would blame the server for Go's own choice. At TLS 1.3 it always
// offers all of its own.
func offerable() []uint16 {
	var ids []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if slices.Contains(s.SupportedVersions, tls.VersionTLS12) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// modern makes the one handshake that is carried through, over conn, as a current browser would:
// TLS 1.3 and 1.2, with post-quantum key shares unless curves says otherwise. The certificate is
// not verified here: a handshake that fails for the certificate would hide the rest.
func (p *prober) modern(ctx context.Context, conn net.Conn, curves []tls.CurveID) (sent, shown) {
	start := time.Now()
	defer p.within(ctx, conn)()
	counted := &firstWrite{Conn: conn}
	client := tls.Client(counted, &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13,
		CipherSuites:     offerable(),
		CurvePreferences: curves,
		ServerName:       p.host,
		// Measured apart, by certificate.
		InsecureSkipVerify: true, //nolint:gosec // G402: see above
	})
	err := client.HandshakeContext(ctx)
	s := sent{
		Hello:   facts.Hello{Name: facts.HelloModern, Size: len(counted.raw), Bytes: counted.got, Took: time.Since(start)},
		suites:  hello.Suites(counted.raw), // in crypto/tls's own order
		offered: tls.VersionTLS13,
	}
	s.Outcome, s.Alert, s.Detail = outcomeOf(err)
	s.cut = err != nil && ctx.Err() != nil
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		s.First = printable(record.RecordHeader[:])
	}
	if err != nil {
		return s, shown{}
	}
	state := client.ConnectionState()
	s.answer = hello.Answer{
		Kind: hello.ServerHello, Version: state.Version, Suite: state.CipherSuite, Group: uint16(state.CurveID),
	}
	s.read()
	got := shown{
		certs: state.PeerCertificates, scts: len(state.SignedCertificateTimestamps), staple: len(state.OCSPResponse) > 0,
	}
	if p.doubtful(got) {
		got.page = p.page(ctx, client)
	}
	return s, got
}

// doubtful is whether a request has to show who answers: proxies answer for a console that
// they did not reach, and so does what signs certificates of its own. The browsers' roots are
// asked first, since the system's may still be being read.
func (p *prober) doubtful(got shown) bool {
	chain := got.chain()
	if p.proxy != nil || len(chain) == 0 {
		return p.proxy != nil
	}
	if public := p.public(chain); public != nil && *public {
		return false
	}
	return p.verify(chain[0], p.terms(chain)) != nil
}

// page asks for the console's first page and reads the head of the answer. The request is a
// constant and carries nothing of anybody.
func (p *prober) page(ctx context.Context, conn net.Conn) *facts.Page {
	ctx, cancel := context.WithTimeout(ctx, min(p.phase, pageTimeout))
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	var page facts.Page
	req := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/"}, Host: p.host,
		Header: http.Header{"User-Agent": {"casdoctor"}, "Connection": {"close"}},
	}
	err := req.Write(conn)
	if err == nil {
		var resp *http.Response
		resp, err = http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxHead)), req) //nolint:bodyclose // only the head is read
		if err == nil {
			page.Status = resp.StatusCode
			page.Server, page.Via = clipped(resp.Header.Get("Server")), clipped(resp.Header.Get("Via"))
			page.ProxyError = clipped(resp.Header.Get("X-Squid-Error"))
			if u, err := url.Parse(resp.Header.Get("Location")); err == nil && u.Host != "" {
				page.Location = clipped(u.Hostname())
			}
		}
	}
	page.Outcome, _, _ = outcomeOf(err)
	if page.Outcome == facts.OutcomeFailed && err != nil && strings.Contains(err.Error(), "malformed HTTP") {
		page.Outcome = facts.OutcomeMalformed
	}
	return &page
}

func clipped(s string) string { return printable([]byte(s[:min(len(s), maxName)])) }

// certificate is the fact of what was shown.
func (p *prober) certificate(got shown) facts.Seen[facts.Certificate] {
	if len(got.certs) == 0 {
		return facts.Missed[facts.Certificate](&facts.Failure{
			Kind: facts.NotCollected, Detail: "no handshake brought a certificate",
		})
	}
	return facts.Got(p.describe(got))
}

// parse reads the chain that a raw answer before TLS 1.3 has shown; nil when it has none that
// can be read.
func parse(chain [][]byte) []*x509.Certificate {
	var certs []*x509.Certificate
	for _, der := range chain[:min(len(chain), maxChain)] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			break
		}
		certs = append(certs, c)
	}
	return certs
}
