package console

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const host = "console.test"

// short is the deadline of a phase in tests where the other side is silent on purpose; the
// phases before have to come to their end within it, on a busy machine too.
const short = 300 * time.Millisecond

// now is the time at which certificates are verified.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// authority is a certificate authority.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Lab Root CA"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, file}
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// leaf issues a certificate with an RSA key, which serves every suite that a test needs.
func (a *authority) leaf(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 1, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}
}

// listen answers every connection on loopback with serve, and waits for all of them.
func listen(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// closed is a port on loopback where nobody listens.
func closed(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// serveTLS makes handshakes and answers a request.
func serveTLS(cfg *tls.Config) func(net.Conn) {
	return func(conn net.Conn) {
		s := tls.Server(conn, cfg)
		if s.Handshake() != nil {
			return
		}
		if _, err := readHead(s); err == nil {
			_, _ = io.WriteString(s, "HTTP/1.1 302 Found\r\nServer: console\r\nLocation: https://login.example/\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn) // until the other side closes
		}
	}
}

// afterHello reads the first record, which is the hello, and then does something else. (A
// close with unread bytes would be a reset.)
func afterHello(then func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		head := make([]byte, 5)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		if head[0] != 22 { // a request in clear text
			_, _ = conn.Read(make([]byte, 4096))
			then(conn)
			return
		}
		if _, err := io.CopyN(io.Discard, conn, int64(head[3])<<8|int64(head[4])); err != nil {
			return
		}
		then(conn)
	}
}

func reset(conn net.Conn)  { _ = conn.(*net.TCPConn).SetLinger(0) } // the close that follows sends a RST
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func say(b ...byte) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Write(b)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	}
}

// nameserver answers for names on loopback; answer returns the addresses or an Rcode.
func nameserver(t *testing.T, answer func(name string) (int, []string)) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	up := make(chan struct{})
	s := &dns.Server{PacketConn: pc, NotifyStartedFunc: func() { close(up) }}
	s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.RecursionAvailable = true
		rcode, addresses := answer(strings.TrimSuffix(q.Question[0].Name, "."))
		if rcode < 0 {
			return // silence
		}
		m.Rcode = rcode
		for _, a := range addresses {
			if q.Question[0].Qtype == dns.TypeA {
				m.Answer = append(m.Answer, &dns.A{
					Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET},
					A:   net.ParseIP(a),
				})
			}
		}
		_ = w.WriteMsg(m)
	})
	ended := make(chan error, 1)
	go func() { ended <- s.ActivateAndServe() }()
	<-up
	t.Cleanup(func() {
		_ = s.Shutdown()
		<-ended //nolint:errcheck // only its end matters
	})
	return netip.MustParseAddrPort(pc.LocalAddr().String())
}

// onLoopback is a name server for a name that stands for this machine.
func onLoopback(t *testing.T) netip.AddrPort {
	return nameserver(t, func(name string) (int, []string) {
		if name != host {
			return dns.RcodeNameError, nil
		}
		return dns.RcodeSuccess, []string{"127.0.0.1"}
	})
}

// toward is a configuration for a console at a port of this machine.
func toward(t *testing.T, at netip.AddrPort) *config.Config {
	t.Helper()
	return &config.Config{
		CAS:     &config.CAS{Site: "eu", Console: config.HostPort{Host: host, Port: int(at.Port())}},
		Network: config.Network{Resolver: onLoopback(t)},
	}
}

func newEnv(t *testing.T, cfg *config.Config) *probes.Env {
	t.Helper()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	client, err := httpread.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &probes.Env{Config: cfg, HTTP: client, Now: func() time.Time { return now }}
}

// look runs the probe as the product does: through the collector, and out of the evidence.
func look(t *testing.T, env *probes.Env) facts.Console {
	t.Helper()
	e := probes.Collect(t.Context(), env, Probes(), nil)
	got := facts.Get(e, facts.ConsoleEndpoint)
	if !got.Complete() {
		t.Fatalf("no fact: %v", got.Why())
	}
	return *got.Value
}

// outcomes are the handshakes without durations.
func outcomes(c facts.Console) []facts.Handshake {
	hs := slices.Clone(c.Handshakes)
	for i := range hs {
		hs[i].Took, hs[i].Detail = 0, ""
	}
	return hs
}

func TestEndpoint(t *testing.T) {
	for _, tc := range []struct {
		cas    config.CAS
		host   string
		port   int
		source facts.HostSource
	}{
		{config.CAS{Site: "us"}, "admin.tmcas.trendmicro.com", 443, facts.HostDocumented},
		{config.CAS{Site: "eu"}, "admin-eu.tmcas.trendmicro.com", 443, facts.HostDocumented},
		{config.CAS{Site: "jp"}, "admin.tmcas.trendmicro.co.jp", 443, facts.HostDocumented},
		{config.CAS{Site: "au"}, "admin-au.tmcas.trendmicro.com", 443, facts.HostDocumented},
		{config.CAS{Site: "uk"}, "admin.tmcas.trendmicro.co.uk", 443, facts.HostInferred},
		{config.CAS{Site: "ca"}, "admin-ca.tmcas.trendmicro.com", 443, facts.HostInferred},
		{config.CAS{Site: "sg"}, "admin.tmcas.trendmicro.com.sg", 443, facts.HostInferred},
		{config.CAS{Site: "in"}, "admin-in.tmcas.trendmicro.com", 443, facts.HostInferred},
		{config.CAS{Site: "uk", Console: config.HostPort{Host: "c.example"}}, "c.example", 443, facts.HostConfigured},
		{config.CAS{Console: config.HostPort{Host: "c.example", Port: 8443}}, "c.example", 8443, facts.HostConfigured},
	} {
		got, err := endpoint(&tc.cas)
		want := facts.Console{Host: tc.host, Port: tc.port, HostSource: tc.source}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%+v: %v (-want +got):\n%s", tc.cas, err, diff)
		}
	}
	for _, cas := range []*config.CAS{nil, {}, {Site: "mars"}} {
		var f *facts.Failure
		if _, err := endpoint(cas); !errors.As(err, &f) || f.Kind != facts.NotConfigured {
			t.Errorf("%+v: %v, want not_configured", cas, err)
		}
	}
}

func ok(version string, suite uint16) facts.Handshake {
	return facts.Handshake{Version: version, Outcome: facts.OutcomeOK, Suite: suite}
}

func alert(version string, n int) facts.Handshake {
	return facts.Handshake{Version: version, Outcome: facts.OutcomeAlert, Alert: n}
}

func implied(version string, n int) facts.Handshake {
	h := alert(version, n)
	h.Implied = true
	return h
}

// A server that does not speak a version says so with alert 70 (RFC 8446 section 6.2).
func TestHandshakes(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.leaf(t, nil)
	for _, tc := range []struct {
		name string
		cfg  *tls.Config
		want []facts.Handshake
	}{
		{
			"TLS 1.2 only",
			&tls.Config{
				MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
				CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
			},
			[]facts.Handshake{implied("SSL 3.0", 70), implied("1.0", 70), alert("1.1", 70), ok("1.2", 0xc02f), implied("1.3", 70)},
		},
		{
			"all but TLS 1.3, without forward secrecy: what Go does not offer by default",
			&tls.Config{
				MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
				CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
			},
			[]facts.Handshake{ok("1.0", 0x002f), ok("1.1", 0x002f), ok("1.2", 0x002f), implied("1.3", 70)},
		},
		{
			"TLS 1.2 with RC4 only",
			&tls.Config{
				MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
				CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA},
			},
			[]facts.Handshake{implied("SSL 3.0", 70), implied("1.0", 70), alert("1.1", 70), ok("1.2", 0x0005), implied("1.3", 70)},
		},
		{
			"a suite of TLS 1.2 where lower versions are open",
			&tls.Config{
				MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
				CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
			},
			[]facts.Handshake{implied("SSL 3.0", 40), implied("1.0", 40), alert("1.1", 40), ok("1.2", 0xc02f), implied("1.3", 70)},
		},
		{
			"TLS 1.3 only",
			&tls.Config{MinVersion: tls.VersionTLS13},
			[]facts.Handshake{implied("SSL 3.0", 70), implied("1.0", 70), alert("1.1", 70), alert("1.2", 70), ok("1.3", 0x1301)},
		},
	} {
		tc.cfg.Certificates = []tls.Certificate{cert}
		env := newEnv(t, toward(t, listen(t, serveTLS(tc.cfg))))
		got := look(t, env)
		ignoreTLS13 := cmpopts.IgnoreFields(facts.Handshake{}, "Suite") // depends on the processor
		opts := cmp.Options{}
		if tc.cfg.MinVersion == tls.VersionTLS13 {
			opts = append(opts, ignoreTLS13)
		}
		if diff := cmp.Diff(tc.want, outcomes(got), opts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if diff := cmp.Diff([]string{"127.0.0.1"}, *got.Addresses.Value); diff != "" {
			t.Errorf("%s: addresses (-want +got):\n%s", tc.name, diff)
		}
		if got.Proxy != nil || got.Direct != nil {
			t.Errorf("%s: there is no proxy, got %v and %v", tc.name, got.Proxy, got.Direct)
		}
	}
}

func TestOutcomes(t *testing.T) {
	alertRecord := func(n byte) func(net.Conn) { return afterHello(say(21, 3, 1, 0, 2, 2, n)) }
	// A ServerHello with a suite that nobody has offered.
	stranger := append([]byte{22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 3}, bytes.Repeat([]byte{7}, 32)...)
	stranger = append(stranger, 0, 0xab, 0xcd, 0)
	bytesOf := map[string]int{"reset": 0, "close": 0, "silence": 0, "half a record": 6, "handshake_failure": 7}
	for _, tc := range []struct {
		name    string
		serve   func(net.Conn)
		outcome facts.Outcome
		alert   int
	}{
		{"reset", afterHello(reset), facts.OutcomeReset, 0},
		{"close", afterHello(func(net.Conn) {}), facts.OutcomeClosed, 0},
		{"silence", silent, facts.OutcomeTimeout, 0},
		{"plain HTTP", afterHello(say([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")...)), facts.OutcomeNotTLS, 0},
		{"garbage", afterHello(say(0xff, 0xfe, 0, 1, 2, 3, 4, 5, 6)), facts.OutcomeNotTLS, 0},
		{"half a record", afterHello(func(c net.Conn) { _, _ = c.Write([]byte{22, 3, 3, 0, 50, 2}) }), facts.OutcomeClosed, 0},
		{"handshake_failure", alertRecord(40), facts.OutcomeAlert, 40},
		{"protocol_version", alertRecord(70), facts.OutcomeAlert, 70},
		{"internal_error", alertRecord(80), facts.OutcomeAlert, 80},
		{"unrecognized_name", alertRecord(112), facts.OutcomeAlert, 112},
		{"an alert without a name", alertRecord(200), facts.OutcomeAlert, 200},
		{"a suite that was not offered", afterHello(say(stranger...)), facts.OutcomeMalformed, 0},
	} {
		env := newEnv(t, toward(t, listen(t, tc.serve)))
		if tc.outcome == facts.OutcomeTimeout {
			env.Limits.Phase = short
		}
		got := look(t, env)
		if len(got.Handshakes) != 5 {
			t.Fatalf("%s: %d handshakes", tc.name, len(got.Handshakes))
		}
		for _, h := range got.Handshakes {
			if h.Outcome != tc.outcome || h.Alert != tc.alert || h.Suite != 0 || h.Detail == "" {
				t.Errorf("%s: TLS %s: %+v, want %s %d", tc.name, h.Version, h, tc.outcome, tc.alert)
			}
		}
		for _, h := range got.Hellos {
			if n, ok := bytesOf[tc.name]; ok && h.Name != facts.HelloHTTP && h.Bytes != n {
				t.Errorf("%s: %s: %d bytes of an answer, want %d", tc.name, h.Name, h.Bytes, n)
			}
		}
		if c := got.Connects; len(c) != 1 || c[0].Outcome != facts.OutcomeOK {
			t.Errorf("%s: the connection itself works, got %+v", tc.name, c)
		}
		if got.Certificate.Value != nil || got.Certificate.Why().Kind != facts.NotCollected {
			t.Errorf("%s: certificate %+v", tc.name, got.Certificate)
		}
	}
}

func TestRefusedPort(t *testing.T) {
	got := look(t, newEnv(t, toward(t, closed(t))))
	if len(got.Connects) != 1 || got.Connects[0].Outcome != facts.OutcomeRefused {
		t.Errorf("connects: %+v", got.Connects)
	}
	if len(got.Handshakes) != 0 {
		t.Errorf("handshakes without a connection: %+v", got.Handshakes)
	}
	if got.Suites.Why().Kind != facts.NotCollected || got.Certificate.Why().Kind != facts.NotCollected {
		t.Errorf("phases that were not reached: %+v, %+v", got.Suites, got.Certificate)
	}
}

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rcode int
		kind  facts.Kind
	}{
		{"NXDOMAIN", dns.RcodeNameError, facts.NotFound},
		{"no address", dns.RcodeSuccess, facts.NotFound},
		{"SERVFAIL", dns.RcodeServerFailure, facts.Unavailable},
		{"REFUSED", dns.RcodeRefused, facts.Unavailable},
		{"silence", -1, facts.Timeout},
	} {
		cfg := toward(t, closed(t))
		cfg.Network.Resolver = nameserver(t, func(string) (int, []string) { return tc.rcode, nil })
		env := newEnv(t, cfg)
		if tc.rcode < 0 {
			env.Limits.Phase = short
		}
		got := look(t, env)
		if got.Addresses.Value != nil || got.Addresses.Why().Kind != tc.kind {
			t.Errorf("%s: %+v, want %s", tc.name, got.Addresses, tc.kind)
		}
		if len(got.Connects)+len(got.Handshakes) != 0 {
			t.Errorf("%s: went on without an address", tc.name)
		}
	}
}

// A resolver that cannot be reached says nothing about the name.
func TestNoResolver(t *testing.T) {
	cfg := toward(t, closed(t))
	cfg.Network.Resolver = closed(t) // a TCP port, so that nobody has the UDP port of that number
	got := look(t, newEnv(t, cfg))
	if k := got.Addresses.Why().Kind; k != facts.Unreachable {
		t.Errorf("%+v", got.Addresses)
	}
}

func testProber(t *testing.T, cfg *config.Config) *prober {
	t.Helper()
	p, err := newProber(newEnv(t, cfg), host, httpsPort)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Addresses that look odd are facts too; only as many as are tried are kept.
func TestResolveKeepsAddresses(t *testing.T) {
	odd := []string{"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1"}
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("127.0.1.%d", i+1)
	}
	p := testProber(t, &config.Config{Network: config.Network{
		Resolver: nameserver(t, func(name string) (int, []string) {
			if name == "many.test" {
				return dns.RcodeSuccess, many
			}
			return dns.RcodeSuccess, odd
		}),
	}})
	addresses, failure := p.resolve(t.Context(), host)
	var got []string
	for _, a := range addresses {
		got = append(got, a.String())
	}
	slices.Sort(got)
	if diff := cmp.Diff(odd, got); diff != "" || failure != nil {
		t.Errorf("%v (-want +got):\n%s", failure, diff)
	}
	if addresses, _ = p.resolve(t.Context(), "many.test"); len(addresses) != maxAddresses {
		t.Errorf("%d addresses, want %d", len(addresses), maxAddresses)
	}
	if addresses, failure = p.resolve(t.Context(), "::1"); failure != nil || addresses[0].String() != "::1" {
		t.Errorf("a literal address: %v %v", addresses, failure)
	}
}

func TestCertificate(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	for _, tc := range []struct {
		name    string
		cert    tls.Certificate
		problem string
	}{
		{"good", ca.leaf(t, nil), ""},
		{"expired", ca.leaf(t, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) }), "expired"},
		{"not yet valid", ca.leaf(t, func(c *x509.Certificate) { c.NotBefore = now.AddDate(0, 0, 1) }), "not_yet_valid"},
		{"wrong host", ca.leaf(t, func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} }), "wrong_host"},
		{"unknown authority", stranger.leaf(t, nil), "unknown_authority"},
		{"not for servers", ca.leaf(t, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}), "other"},
	} {
		cfg := toward(t, listen(t, serveTLS(&tls.Config{
			Certificates: []tls.Certificate{tc.cert}, MinVersion: tls.VersionTLS12,
		})))
		cfg.Network.CAFile = ca.file
		got := look(t, newEnv(t, cfg))
		c := got.Certificate.Value
		if c == nil {
			t.Errorf("%s: no certificate: %v", tc.name, got.Certificate.Why())
			continue
		}
		if c.Problem != tc.problem || c.Verified == nil || *c.Verified != (tc.problem == "") {
			t.Errorf("%s: problem %q, verified %v; want %q", tc.name, c.Problem, *c.Verified, tc.problem)
		}
		leaf, err := x509.ParseCertificate(tc.cert.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if c.KeyType != "RSA" || c.Subject != "CN=console.test" || c.Issuer != "CN=Lab Root CA" ||
			!c.NotAfter.Equal(leaf.NotAfter) || len(c.SHA256) != 64 {
			t.Errorf("%s: %+v", tc.name, c)
		}
		if diff := cmp.Diff([]string{"CN=console.test", "CN=Lab Root CA"}, c.Chain); diff != "" {
			t.Errorf("%s: chain (-want +got):\n%s", tc.name, diff)
		}
		// The versions do not depend on the certificate.
		if hs := outcomes(got); hs[3].Outcome != facts.OutcomeOK || hs[4].Outcome != facts.OutcomeOK {
			t.Errorf("%s: handshakes %+v", tc.name, hs)
		}
	}
}

// A server may refuse an offer with a reset instead of an alert.
func TestSuitesRefusedByReset(t *testing.T) {
	accepted := []uint16{0xc02f, 0xc030}
	cfg := toward(t, listen(t, serveTLS(&tls.Config{
		Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)},
		MinVersion:   tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: accepted,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			for _, id := range hello.CipherSuites {
				if slices.Contains(accepted, id) {
					return nil, nil
				}
			}
			reset(hello.Conn)
			hello.Conn.Close()
			return nil, errors.New("no suite")
		},
	})))
	cfg.CAS.Clients = []string{"IE 11 / Windows 7"}
	got := look(t, newEnv(t, cfg))
	if !got.Suites.Complete() || len(*got.Suites.Value) != 2 || !got.SuitesByReset {
		t.Errorf("%+v, by reset: %v", got.Suites, got.SuitesByReset)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(ciphersuite.At(ciphersuite.TLS12))), got.SuitesTried); diff != "" {
		t.Errorf("tried (-want +got):\n%s", diff)
	}
}

// A filter that resets hellos for some of the suites in them makes no list complete.
func TestSuitesFiltered(t *testing.T) {
	const export = 0x0008 // TLS_RSA_EXPORT_WITH_DES40_CBC_SHA
	cfg := toward(t, listen(t, scripted{
		cfg: &tls.Config{
			Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)},
			MinVersion:   tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f, 0xc030, 0xc013, 0x002f},
		},
		decide: func(h seen) func(net.Conn) {
			if slices.Contains(h.suites, export) {
				return reset
			}
			return nil
		},
	}.serve))
	cfg.CAS.Clients = []string{"IE 11 / Windows 7"}
	got := look(t, newEnv(t, cfg))
	if f := got.Suites.Failure; got.Suites.Value == nil || f == nil || f.Code != string(facts.OutcomeReset) {
		t.Errorf("%+v", got.Suites)
	}
	if got.SuitesByReset || slices.Contains(got.SuitesTried, 0xc030) {
		t.Errorf("by reset: %v, tried %04x", got.SuitesByReset, got.SuitesTried)
	}
}

// What was seen to refuse by a reset can begin to block all the same: neither the suites nor the
// groups that were not listed by then are refused, and it is left alone.
func TestBlockedAfterResets(t *testing.T) {
	accepted := []uint16{0xc02f, 0xc030, 0x009c, 0xc013, 0x002f}
	for _, tc := range []struct {
		name   string
		blocks func(offered, group int) bool // after how many more offers that it resets
		suites bool                          // whether their list is complete
	}{
		{"while suites are listed", func(offered, _ int) bool { return offered > 2 }, false},
		{"while groups are listed", func(_, group int) bool { return group > 0 }, true},
	} {
		var refused, groups, after atomic.Int32
		cfg := toward(t, listen(t, scripted{
			cfg: &tls.Config{
				Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)},
				MinVersion:   tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: accepted,
			},
			decide: func(h seen) func(net.Conn) {
				if tc.blocks(int(refused.Load()), int(groups.Load())) {
					after.Add(1)
					return reset
				}
				if !slices.ContainsFunc(h.suites, func(id uint16) bool { return slices.Contains(accepted, id) || id>>8 == 0x13 }) {
					if len(h.suites) == 16 { // a whole offer, and no part of one
						refused.Add(1)
					}
					return reset
				}
				if h.groups { // without x25519: the listing of groups has come to the second one
					groups.Add(1)
				}
				return nil
			},
		}.serve))
		env := newEnv(t, cfg)
		r, err := Look(t.Context(), env, Options{Suites: SuitesExact, Clients: true, PerHello: 16})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Console; got.Suites.Complete() != tc.suites || !got.SuitesByReset || got.Groups.Complete() {
			t.Errorf("%s: suites %+v, groups %+v, by reset: %v", tc.name, got.Suites, got.Groups, got.SuitesByReset)
		}
		if n := after.Load(); n == 0 || n > 5 {
			t.Errorf("%s: %d hellos after the block had begun", tc.name, n)
		}
	}
}

// A block that begins between two versions refuses neither the rest of the one nor the next.
func TestBlockedBetweenVersions(t *testing.T) {
	var blocked atomic.Bool
	cfg := toward(t, listen(t, scripted{
		cfg: &tls.Config{
			Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)},
			MinVersion:   tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f, 0xc030, 0xc013, 0x002f},
		},
		decide: func(h seen) func(net.Conn) {
			if h.version < tls.VersionTLS12 && blocked.Swap(true) || blocked.Load() && h.version >= tls.VersionTLS12 {
				return reset
			}
			return nil // TLS 1.1 has been answered, and from now on nothing is
		},
	}.serve))
	r, err := Look(t.Context(), newEnv(t, cfg), Options{Suites: SuitesExact})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range r.Console.Handshakes {
		if h.Outcome == facts.OutcomeAlert && (h.Version == "1.0" || h.Version == "SSL 3.0") || h.Version == "1.1" && h.Outcome != facts.OutcomeOK {
			t.Errorf("%+v", h)
		}
	}
	if s := r.Console.Suites; s.Complete() || s.Value == nil || s.Failure.Code != string(facts.OutcomeReset) || len(r.Console.SuitesTried) > 0 {
		t.Errorf("%+v, tried %04x", s, r.Console.SuitesTried)
	}
}

// Something that begins to reset everything has not refused anything.
func TestSuitesBrokenOff(t *testing.T) {
	for _, tc := range []struct {
		name    string
		then    func(net.Conn)
		kind    facts.Kind
		outcome facts.Outcome
	}{
		{"reset", afterHello(reset), facts.Unreachable, facts.OutcomeReset},
		{"silence", silent, facts.Timeout, facts.OutcomeTimeout},
		{"internal error", afterHello(say(21, 3, 3, 0, 2, 2, 80)), facts.Unreachable, facts.OutcomeAlert},
	} {
		serve := serveTLS(&tls.Config{
			Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)},
			MinVersion:   tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{0xc02f, 0xc030, 0x002f},
		})
		var n atomic.Int32
		cfg := toward(t, listen(t, func(c net.Conn) {
			if n.Add(1) > 3 { // the first handshake, TLS 1.1, one more suite
				tc.then(c)
				return
			}
			serve(c)
		}))
		cfg.CAS.Clients = []string{"IE 11 / Windows 7"}
		env := newEnv(t, cfg)
		if tc.outcome == facts.OutcomeTimeout {
			env.Limits.Phase = time.Second // long enough for the handshakes before
		}
		got := look(t, env)
		f := got.Suites.Why()
		if got.Suites.Value == nil || len(*got.Suites.Value) < 2 || f == nil || f.Kind != tc.kind ||
			f.Code != string(tc.outcome) {
			t.Errorf("%s: %+v, %v", tc.name, got.Suites.Value, f)
		}
	}
}

// counted tells when it is closed.
type counted struct {
	net.Conn
	open *atomic.Int32
}

func (c counted) Close() error {
	c.open.Add(-1)
	return c.Conn.Close()
}

// However many suites there are, at most four connections are open at once.
func TestConnectionsAtOnce(t *testing.T) {
	p := testProber(t, &config.Config{})
	p.via = listen(t, serveTLS(&tls.Config{
		Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)}, MinVersion: tls.VersionTLS10,
		CipherSuites: offerable(),
	}))
	var open, most, all atomic.Int32
	dial := p.dial
	p.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		all.Add(1)
		n := open.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		return counted{conn, &open}, err
	}
	conn, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var fact facts.Console
	(&listing{prober: p, o: Options{Suites: SuitesExact, Clients: true}}).look(t.Context(), conn, &fact)
	if !fact.Suites.Complete() {
		t.Fatal(fact.Suites.Why())
	}
	if most.Load() > maxConnections || open.Load() != 0 {
		t.Errorf("%d of %d connections at once, %d left open", most.Load(), all.Load(), open.Load())
	}
}

// At the deadline what was found by then is told, and what it cut off is not taken for silence.
func TestDeadlineKeepsWhatWasFound(t *testing.T) {
	cfg := toward(t, listen(t, scripted{
		cfg: &tls.Config{Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)}, MaxVersion: tls.VersionTLS12},
		decide: func(h seen) func(net.Conn) {
			if !h.modern {
				return silent
			}
			return nil
		},
	}.serve))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	r, err := Look(ctx, newEnv(t, cfg), Options{})
	if v := vector(r.Console); err != nil || ctx.Err() != nil || v != "modern=1.2" || r.Console.Certificate.Value == nil {
		t.Errorf("%v, %s, certificate %+v", err, v, r.Console.Certificate)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	env := newEnv(t, toward(t, listen(t, afterHello(func(c net.Conn) {
		cancel()
		silent(c)
	}))))
	_, err := collect(ctx, env)
	if f := httpread.Classify(err); f == nil || f.Kind != facts.Cancelled {
		t.Errorf("%v, want cancelled", f)
	}
}

// The fact must not hold what the configuration hides.
func TestProxyCredentialsStayOut(t *testing.T) {
	var header atomic.Value
	proxy := listen(t, func(c net.Conn) {
		head, _ := readHead(c)
		header.Store(head)
		_, _ = c.Write([]byte("HTTP/1.1 407 Proxy Authentication Required\r\n" +
			"Proxy-Authenticate: Basic realm=\"canary-realm\"\r\n\r\n"))
	})
	cfg := toward(t, closed(t))
	cfg.Network.Proxy = "http://user:canary-password@" + proxy.String()
	got := look(t, newEnv(t, cfg))
	if !strings.Contains(header.Load().(string), "Proxy-Authorization: Basic dXNlcjpjYW5hcnktcGFzc3dvcmQ=\r\n") {
		t.Errorf("the proxy did not get the credentials: %q", header.Load())
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"canary", "user:", "dXNlcjpj"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("the fact holds %q: %s", secret, raw)
		}
	}
	if got.Proxy == nil || *got.Proxy != proxy.String() {
		t.Errorf("proxy %v", got.Proxy)
	}
}

// Of the roots of the browsers those are parsed that can have issued a chain, and none of them is missed.
func TestBrowserRoots(t *testing.T) {
	own, n := newAuthority(t), 0
	for root := range bundle.Roots() {
		n++
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		// A certificate in the name of this root. Its signature plays no part yet.
		leaf := (&authority{cert: &x509.Certificate{RawSubject: cert.RawSubject}, key: own.key}).leaf(t, nil)
		named, err := x509.ParseCertificate(leaf.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		pool := browserRoots([]*x509.Certificate{named})
		if _, err := cert.Verify(x509.VerifyOptions{
			Roots: pool, CurrentTime: cert.NotBefore.Add(time.Hour), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		}); err != nil {
			t.Errorf("%s: %v", cert.Subject, err)
		}
	}
	if n < 50 {
		t.Errorf("%d roots", n)
	}
	if !browserRoots([]*x509.Certificate{own.cert}).Equal(x509.NewCertPool()) {
		t.Error("a root that issued nothing of the chain was parsed")
	}
}
