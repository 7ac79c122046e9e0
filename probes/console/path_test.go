package console

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// A scripted server reads the hello and lets a function decide on it, before a real handshake, if
// any, goes on.
type scripted struct {
	cfg    *tls.Config
	decide func(seen) func(net.Conn) // nil: the handshake goes on
	plain  func(net.Conn)            // for a request in clear text; nil: an HTTP answer
}

// seen is what a script can go by.
type seen struct {
	version uint16 // the legacy version
	modern  bool   // it offers TLS 1.3
	sni     string
	size    int
	suites  []uint16
	groups  bool // it offers groups, and not x25519
}

func (s scripted) serve(conn net.Conn) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err != nil {
		return
	}
	if head[0] != 22 {
		_, _ = conn.Read(make([]byte, 4096))
		if s.plain == nil {
			s.plain = say([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")...)
		}
		s.plain(conn)
		return
	}
	body := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err := io.ReadFull(conn, body); err != nil {
		return
	}
	h := seen{version: binary.BigEndian.Uint16(body[4:]), size: len(head) + len(body)}
	h.suites = hello.Suites(slices.Concat(head, body))
	for i := 41 + int(body[38]) + 2*len(h.suites); i+6 <= len(body); i++ { // supported_groups: the extension's length, and the list's
		if n := int(binary.BigEndian.Uint16(body[i+4:])); body[i] == 0 && body[i+1] == 10 &&
			int(binary.BigEndian.Uint16(body[i+2:])) == n+2 && i+6+n <= len(body) && n > 0 {
			h.groups = !bytes.Contains(body[i+6:i+6+n], []byte{0, 0x1d})
			break // a list of groups holds more that looks so
		}
	}
	h.modern = bytes.Contains(body, []byte{3, 4, 3, 3}) // supported_versions: 1.3, 1.2
	for _, name := range []string{host, unrelated} {
		if bytes.Contains(body, []byte(name)) {
			h.sni = name
		}
	}
	if s.decide != nil {
		if then := s.decide(h); then != nil {
			then(conn)
			return
		}
	}
	serveTLS(s.cfg)(&replayed{conn, io.MultiReader(bytes.NewReader(head), bytes.NewReader(body), conn)})
}

// replayed gives what was read back first.
type replayed struct {
	net.Conn
	r io.Reader
}

func (r *replayed) Read(b []byte) (int, error) { return r.r.Read(b) }

// vector is how each hello ended.
func vector(c facts.Console) string {
	var out []string
	for _, h := range c.Hellos {
		s := string(h.Outcome)
		switch {
		case h.Outcome == facts.OutcomeOK && h.Name != facts.HelloHTTP:
			s = h.Version
		case h.Outcome == facts.OutcomeAlert:
			s = fmt.Sprint(h.Alert)
		}
		out = append(out, string(h.Name)+"="+s)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// all is the vector in which every hello meets the same.
func all(how, plain string) string {
	var out []string
	for _, n := range []facts.HelloName{
		facts.HelloModern, facts.HelloSmall, facts.HelloTLS12, facts.HelloTLS11, facts.HelloTLS10, facts.HelloSSL30,
		facts.HelloWeak, facts.HelloNoSNI, facts.HelloOtherSNI,
	} {
		out = append(out, string(n)+"="+how)
	}
	out = append(out, "http="+plain)
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestVectors: what the hellos meet at each situation of the way, and no more hellos than it needs.
func TestVectors(t *testing.T) {
	cert := newAuthority(t).leaf(t, nil)
	strong := &tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{0xc02f, 0xc030},
	}
	loose := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12}
	capped := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	new13 := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f}}
	resets := func(when func(seen) bool) func(seen) func(net.Conn) {
		return func(h seen) func(net.Conn) {
			if when(h) {
				return reset
			}
			return nil
		}
	}
	for _, tc := range []struct {
		name string
		s    scripted
		want string
	}{
		{"as documented", scripted{cfg: strong}, "modern=1.2 tls11=70 weak=40"},
		{"TLS 1.3, too", scripted{cfg: new13}, "modern=1.3 tls11=70 tls12=1.2 weak=40"},
		{"old versions and weak suites", scripted{cfg: loose}, "modern=1.2 tls10=1.0 tls11=1.1 weak=1.2"},
		{"old hellos are reset", scripted{cfg: strong, decide: resets(func(h seen) bool { return h.version < 0x0303 })},
			"modern=1.2 tls10=reset tls11=reset weak=40"},
		{"every hello is reset", scripted{cfg: strong, decide: resets(func(seen) bool { return true })}, all("reset", "ok")},
		{"the name is reset", scripted{cfg: strong, decide: resets(func(h seen) bool { return h.sni == host })},
			"http=ok modern=reset no_sni=1.2 other_sni=1.2 small=reset ssl30=70 tls10=reset tls11=reset tls12=reset weak=reset"},
		{"TLS 1.2 is reset", scripted{cfg: loose, decide: resets(func(h seen) bool { return h.version >= 0x0303 })},
			"http=ok modern=reset no_sni=reset other_sni=reset small=reset ssl30=70 tls10=1.0 tls11=1.1 tls12=reset weak=reset"},
		{"TLS 1.3 is reset", scripted{cfg: strong, decide: resets(func(h seen) bool { return h.modern })},
			"http=ok modern=reset no_sni=1.2 other_sni=1.2 small=reset ssl30=70 tls10=70 tls11=70 tls12=1.2 weak=40"},
		{"a large hello is reset", scripted{cfg: strong, decide: resets(func(h seen) bool { return h.size > 1300 })},
			"http=ok modern=reset no_sni=1.2 other_sni=1.2 small=1.2 small_full=1.2 ssl30=70 tls10=70 tls11=70 tls12=1.2 weak=40"},
		{"it ends at TLS 1.1", scripted{cfg: capped},
			"http=ok modern=70 no_sni=1.1 other_sni=1.1 small=70 ssl30=70 tls10=1.0 tls11=1.1 tls12=1.1 weak=1.1"},
	} {
		got := look(t, newEnv(t, toward(t, listen(t, tc.s.serve))))
		if v := vector(got); v != tc.want {
			t.Errorf("%s:\n%s, want\n%s", tc.name, v, tc.want)
		}
		if (got.Local != nil) != strings.Contains(tc.want, "http=") || got.Local != nil && (got.Local.Outcome != facts.OutcomeOK || got.Local.Altered) {
			t.Errorf("%s: local %+v", tc.name, got.Local)
		}
	}
}

// TestVectorsOfSilence: the same for what does not answer, with a short phase.
func TestVectorsOfSilence(t *testing.T) {
	cert := newAuthority(t).leaf(t, nil)
	loose := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12}
	quiet := func(when func(seen) bool) func(seen) func(net.Conn) {
		return func(h seen) func(net.Conn) {
			if when(h) {
				return silent
			}
			return nil
		}
	}
	for _, tc := range []struct {
		name string
		s    scripted
		want string
	}{
		{"nothing is answered", scripted{decide: quiet(func(seen) bool { return true }), plain: silent}, all("timeout", "timeout")},
		{"TLS is not answered", scripted{decide: quiet(func(seen) bool { return true })}, all("timeout", "ok")},
		{"TLS 1.2 vanishes", scripted{cfg: loose, decide: quiet(func(h seen) bool { return h.version >= 0x0303 })},
			"http=ok modern=timeout no_sni=timeout other_sni=timeout small=timeout ssl30=70 tls10=1.0 tls11=1.1 tls12=timeout weak=timeout"},
		{"a large hello vanishes", scripted{cfg: loose, decide: quiet(func(h seen) bool { return h.size > 1300 })},
			"http=ok modern=timeout no_sni=1.2 other_sni=1.2 small=1.2 small_full=1.2 ssl30=70 tls10=1.0 tls11=1.1 tls12=1.2 weak=1.2"},
	} {
		env := newEnv(t, toward(t, listen(t, tc.s.serve)))
		env.Limits.Phase = 2 * short
		if v := vector(look(t, env)); v != tc.want {
			t.Errorf("%s:\n%s, want\n%s", tc.name, v, tc.want)
		}
	}
}

// The certificate comes with another hello where the first one is lost.
func TestCertificateOfASmallHello(t *testing.T) {
	ca := newAuthority(t)
	cfg := toward(t, listen(t, scripted{
		cfg: &tls.Config{Certificates: []tls.Certificate{ca.leaf(t, nil)}, MinVersion: tls.VersionTLS12},
		decide: func(h seen) func(net.Conn) {
			if h.size > 1300 {
				return reset
			}
			return nil
		},
	}.serve))
	cfg.Network.CAFile = ca.file
	got := look(t, newEnv(t, cfg))
	if c := got.Certificate.Value; c == nil || !*c.Verified || c.Public == nil || *c.Public || c.SCTs == nil || *c.SCTs != 0 || c.KeyBits != 2048 {
		t.Errorf("%+v", got.Certificate)
	}
}

// Who answers without the console's name, or under another one, need not be the console.
func TestCertificateOfAnotherServer(t *testing.T) {
	cfg := toward(t, listen(t, scripted{
		cfg: &tls.Config{Certificates: []tls.Certificate{newAuthority(t).leaf(t, nil)}, MaxVersion: tls.VersionTLS12},
		decide: func(h seen) func(net.Conn) {
			if h.sni == host {
				return reset
			}
			return nil
		},
	}.serve))
	cfg.CAS.Clients = []string{"IE 11 / Windows 7"}
	got := look(t, newEnv(t, cfg))
	if v := vector(got); !strings.Contains(v, "no_sni=1.2 other_sni=1.2") {
		t.Fatal(v)
	}
	if got.Certificate.Value != nil || got.Suites.Value != nil || len(got.SuitesTried) != 0 || got.Groups.Value != nil {
		t.Errorf("certificate %+v, suites %+v, groups %+v", got.Certificate, got.Suites, got.Groups)
	}
}

// Embedded timestamps are counted (RFC 6962 section 3.3: a list of lists, in an octet string).
func TestEmbeddedSCTs(t *testing.T) {
	for value, want := range map[string]int{
		"\x04\x0c\x00\x0a\x00\x03abc\x00\x03def": 2,
		"\x04\x02\x00\x00":                       0,
		"\x04\x06\x00\x04\x00\xffab":             0, // an entry that lies about its length
		"garbage":                                0,
	} {
		leaf := newAuthority(t).leaf(t, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, extension(value))
		})
		cert, err := x509.ParseCertificate(leaf.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := embeddedSCTs(cert); got != want {
			t.Errorf("%q: %d, want %d", value, got, want)
		}
	}
}

func extension(value string) pkix.Extension {
	return pkix.Extension{Id: sctExtension, Value: []byte(value)}
}

// TestBadInput: whatever comes, there is an answer in time, memory stays flat, and the outcome says
// what it was.
func TestBadInput(t *testing.T) {
	ca := newAuthority(t)
	leaf := ca.leaf(t, nil)
	long := tls.Certificate{PrivateKey: leaf.PrivateKey, Certificate: [][]byte{leaf.Certificate[0]}}
	for range 1000 {
		long.Certificate = append(long.Certificate, ca.cert.Raw)
	}
	trickle := func(b []byte) func(net.Conn) {
		return func(c net.Conn) {
			for err := error(nil); err == nil; {
				for i := range b {
					if _, err = c.Write(b[i : i+1]); err != nil {
						break
					}
				}
			}
		}
	}
	flood := func(b []byte) func(net.Conn) {
		big := bytes.Repeat(b, 1+(1<<20)/len(b))
		return func(c net.Conn) {
			for range 1 << 10 { // a gigabyte
				if _, err := c.Write(big); err != nil {
					return
				}
			}
		}
	}
	hello := func(n byte) []byte { // a ServerHello whose n-th length lies
		b := []byte{22, 3, 3, 0, 49, 2, 0, 0, 45, 3, 3}
		b = append(b, make([]byte, 32)...)
		b = append(b, 0, 0xc0, 0x2f, 0, 0, 5, 0, 43, 0, 1, 0)
		switch n {
		case 0:
			b[3] = 0xff
		case 1:
			b[6], b[7] = 0xff, 0xff
		case 2:
			b[43] = 33
		case 3:
			b[47] = 0xff
		case 4:
			b[51] = 0xff
		}
		return b
	}
	for _, tc := range []struct {
		name  string
		serve func(net.Conn)
		want  facts.Outcome // of the small hello
	}{
		{"garbage", afterHello(flood([]byte{0xde, 0xad, 0xbe, 0xef})), facts.OutcomeNotTLS},
		{"a gigabyte of HTTP", afterHello(flood([]byte("HTTP/1.1 200 OK\r\n"))), facts.OutcomeNotTLS},
		{"a gigabyte of warnings", afterHello(flood([]byte{21, 3, 3, 0, 2, 1, 112})), facts.OutcomeMalformed},
		{"warnings, one byte at a time", afterHello(trickle([]byte{21, 3, 3, 0, 2, 1, 112})), facts.OutcomeMalformed},
		{"the record lies", afterHello(say(hello(0)...)), facts.OutcomeMalformed},
		{"the message lies", afterHello(say(hello(1)...)), facts.OutcomeMalformed},
		{"the session lies", afterHello(say(hello(2)...)), facts.OutcomeMalformed},
		{"the extensions lie", afterHello(say(hello(3)...)), facts.OutcomeMalformed},
		{"an extension lies", afterHello(say(hello(4)...)), facts.OutcomeMalformed},
		{"a chain of 1,000", serveTLS(&tls.Config{Certificates: []tls.Certificate{long}}), facts.OutcomeOK},
	} {
		env := newEnv(t, toward(t, listen(t, tc.serve)))
		env.Limits.Phase = 2 * time.Second
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		got := look(t, env)
		took := time.Since(start)
		runtime.GC()
		runtime.ReadMemStats(&after)
		var small facts.Outcome
		for _, h := range got.Hellos {
			if h.Name == facts.HelloSmall {
				small = h.Outcome
			}
			if h.Outcome != facts.OutcomeOK && h.Detail == "" {
				t.Errorf("%s: %s says nothing", tc.name, h.Name)
			}
		}
		// Byte by byte the time may be over before the limit is reached.
		slow := strings.Contains(tc.name, "byte at a time") && small == facts.OutcomeTimeout
		if len(got.Hellos) > 3 && small != tc.want && !slow {
			t.Errorf("%s: %s, want %s", tc.name, small, tc.want)
		}
		if took > timeout {
			t.Errorf("%s: took %s", tc.name, took)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
			t.Errorf("%s: %d bytes more on the heap", tc.name, grown)
		}
	}
}

// Of 20 addresses 19 are black holes, and the last one tried is alive: it is found in time.
func TestNineteenDeadAddresses(t *testing.T) {
	addresses := loopbacks(20)
	synctest.Test(t, func(t *testing.T) {
		n := &network{after: map[string]time.Duration{addresses[19].String(): 50 * time.Millisecond}}
		start := time.Now()
		conn, list := n.prober().connect(t.Context(), addresses, "443")
		if conn == nil {
			t.Fatalf("not connected: %+v", list)
		}
		conn.Close()
		if took := time.Since(start); took > 15*time.Second || len(list) != 20 || list[19].Outcome != facts.OutcomeOK {
			t.Errorf("took %s for %d addresses", took, len(list))
		}
		if n.most > maxConnections {
			t.Errorf("%d connections at once", n.most)
		}
	})
}

// The families take turns (RFC 8305 section 4).
func TestInterleave(t *testing.T) {
	parse := func(list ...string) []netip.Addr {
		var out []netip.Addr
		for _, s := range list {
			out = append(out, netip.MustParseAddr(s))
		}
		return out
	}
	got := interleave(parse("2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"))
	want := parse("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3")
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A resolver that answers for everything is found out, and only where an address looks odd.
func TestNoSuchName(t *testing.T) {
	var asked atomic.Int32
	cfg := toward(t, listen(t, afterHello(reset)))
	cfg.Network.Resolver = nameserver(t, func(name string) (int, []string) {
		if name != host {
			asked.Add(1)
		}
		return dns.RcodeSuccess, []string{"127.0.0.1"}
	})
	got := look(t, newEnv(t, cfg))
	if got.NoSuchName == nil || got.NoSuchName.Value == nil || !slices.Equal(*got.NoSuchName.Value, []string{"127.0.0.1"}) || asked.Load() == 0 {
		t.Errorf("%+v, asked %d", got.NoSuchName, asked.Load())
	}
	for s, want := range map[string]bool{"0.0.0.1": true, "100.64.3.4": true, "fe80::1": true, "203.0.113.9": false, "2001:db8::9": false, "x": false} {
		if odd(s) != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
}

// The licensing portal is looked at unless the console is configured.
func TestPortal(t *testing.T) {
	var resolved atomic.Value
	cfg := &config.Config{CAS: &config.CAS{Site: "eu"}}
	cfg.Network.Resolver = nameserver(t, func(name string) (int, []string) {
		if name == portalHost {
			resolved.Store(name)
		}
		return dns.RcodeNameError, nil
	})
	got := look(t, newEnv(t, cfg))
	if p := got.Portal; p == nil || p.Host != portalHost || p.Addresses.Why() == nil || p.Addresses.Why().Kind != facts.NotFound || resolved.Load() == nil {
		t.Errorf("%+v", got.Portal)
	}
	if got := look(t, newEnv(t, toward(t, closed(t)))); got.Portal != nil {
		t.Errorf("the console is configured, and the portal was looked at: %+v", got.Portal)
	}
}

// A portal of which nothing comes costs the console nothing, and is told at the deadline.
func TestPortalAtTheDeadline(t *testing.T) {
	cfg := &config.Config{CAS: &config.CAS{Site: "eu"}}
	cfg.Network.Resolver = nameserver(t, func(name string) (int, []string) {
		if name == portalHost {
			return -1, nil
		}
		return dns.RcodeNameError, nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	got, err := collect(ctx, newEnv(t, cfg))
	if err != nil || ctx.Err() != nil || got.Addresses.Why() == nil || got.Addresses.Why().Kind != facts.NotFound {
		t.Fatalf("%v %v, the console: %+v", err, ctx.Err(), got.Addresses)
	}
	if p := got.Portal; p == nil || p.Addresses.Why() == nil || p.Addresses.Why().Kind != facts.Timeout {
		t.Errorf("the portal: %+v", p)
	}
}

// Of eight seconds, two are the portal's, and one of the console's six is for its answer: a console whose name has
// no answer is waited for five seconds, and then there is time for the portal.
func TestTheConsoleAndThePortalHaveTheirTime(t *testing.T) {
	const whole = 8 * time.Second
	asked := make(chan time.Time, 8)
	cfg := &config.Config{CAS: &config.CAS{Site: "eu"}}
	cfg.Network.Resolver = nameserver(t, func(name string) (int, []string) {
		if name != portalHost {
			return -1, nil
		}
		select {
		case asked <- time.Now():
		default:
		}
		return dns.RcodeNameError, nil
	})
	env := newEnv(t, cfg)
	env.Limits.Phase = whole // so that nothing else ends the console's part
	start := time.Now()
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(whole))
	defer cancel()
	got, err := collect(ctx, env)
	if err != nil || got.Addresses.Why() == nil || got.Addresses.Why().Kind != facts.Timeout {
		t.Fatalf("%v, the console: %+v", err, got.Addresses)
	}
	if p := got.Portal; p == nil || p.Addresses.Why() == nil || p.Addresses.Why().Kind != facts.NotFound {
		t.Fatalf("the portal: %+v", p)
	}
	if at := (<-asked).Sub(start); at < 4500*time.Millisecond || at > 6*time.Second {
		t.Errorf("the portal was asked for after %s", at)
	}
}

// With clients: the groups, and whether the name is needed.
func TestClientsDepth(t *testing.T) {
	cert := newAuthority(t).leaf(t, nil)
	cfg := toward(t, listen(t, serveTLS(&tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{0xc02f, 0xc030}, CurvePreferences: []tls.CurveID{tls.CurveP256, tls.CurveP384},
	})))
	cfg.CAS.Clients = []string{"IE 11 / Windows 7"}
	got := look(t, newEnv(t, cfg))
	if !got.Groups.Complete() || !slices.Equal(slices.Sorted(slices.Values(*got.Groups.Value)), []uint16{0x17, 0x18}) ||
		!slices.Contains(got.GroupsTried, 0x1d) {
		t.Errorf("groups %+v, tried %04x", got.Groups, got.GroupsTried)
	}
	if v := vector(got); !strings.Contains(v, "no_sni=1.2") {
		t.Errorf("hellos %s", v)
	}
}

// Inferred: where a lower version takes what TLS 1.2 takes, and nothing else, two hellos do.
func TestInferred(t *testing.T) {
	cert := newAuthority(t).leaf(t, nil)
	suites := []uint16{0xc013, 0xc014, 0x002f, 0x0035, 0x000a, 0xc02f}
	for _, o := range []Options{{Suites: SuitesExact}, {Suites: SuitesInferred}} {
		env := newEnv(t, toward(t, listen(t, serveTLS(&tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CipherSuites: suites,
		}))))
		r, err := Look(t.Context(), env, o)
		if err != nil || !r.Console.Suites.Complete() {
			t.Fatal(err, r.Console.Suites.Why())
		}
		n, inferred := 0, 0
		for _, s := range *r.Console.Suites.Value {
			n++
			if s.Inferred {
				inferred++
			}
		}
		if n != 6+5+5 {
			t.Errorf("%d pairs, want 16", n)
		}
		if want := map[Suites]int{SuitesExact: 0, SuitesInferred: 8}[o.Suites]; inferred != want {
			t.Errorf("%d inferred, want %d", inferred, want)
		}
		if want := map[Suites]int{SuitesExact: 16 + 3 + 1 + 1, SuitesInferred: 13}[o.Suites]; r.Connections > want {
			t.Errorf("%d connections, want at most %d", r.Connections, want)
		}
	}
}

// Each client's own hello meets what is predicted.
func TestReplay(t *testing.T) {
	cert := newAuthority(t).leaf(t, nil)
	var o Options
	clients := tlsclient.All()
	for _, c := range clients {
		o.Replay = append(o.Replay, HelloOf(c, host))
	}
	env := newEnv(t, toward(t, listen(t, serveTLS(&tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f, 0xc030},
	}))))
	r, err := Look(t.Context(), env, o)
	if err != nil || len(r.Replayed) != len(clients) {
		t.Fatal(err, len(r.Replayed))
	}
	can := map[string]bool{}
	for i, c := range clients {
		can[c.Name] = Connected(c, r.Replayed[i])
	}
	// The trouble as the vendor documents it.
	for name, want := range map[string]bool{"IE 11 / Windows 7": false, "IE 11 / Windows 8.1": false, "IE 11 / Windows 10": true, "Firefox 78": true} {
		if got, ok := can[name]; !ok || got != want {
			t.Errorf("%s: connects %v (in the table: %v)", name, got, ok)
		}
	}
	for _, tc := range []struct {
		r    tlsclient.Result
		h    facts.Hello
		want bool
	}{
		{tlsclient.Result{Verdict: tlsclient.Connects, Version: ciphersuite.TLS12}, facts.Hello{Outcome: facts.OutcomeOK, Version: "1.2"}, true},
		{tlsclient.Result{Verdict: tlsclient.Connects, Version: ciphersuite.TLS13}, facts.Hello{Outcome: facts.OutcomeOK, Version: "1.2"}, false},
		{tlsclient.Result{Verdict: tlsclient.Connects}, facts.Hello{Outcome: facts.OutcomeAlert}, false},
		{tlsclient.Result{Verdict: tlsclient.Refused}, facts.Hello{Outcome: facts.OutcomeOK, Version: "1.2"}, false},
		{tlsclient.Result{Verdict: tlsclient.Refused}, facts.Hello{Outcome: facts.OutcomeReset}, true},
		{tlsclient.Result{Verdict: tlsclient.Refused}, facts.Hello{Outcome: facts.OutcomeTimeout}, true}, // nothing was seen
		{tlsclient.Result{Verdict: tlsclient.Undecided}, facts.Hello{Outcome: facts.OutcomeOK, Version: "1.2"}, true},
	} {
		c, _ := tlsclient.Find("IE 11 / Windows 10")
		if got := Agrees(tc.r, c, tc.h); got != tc.want {
			t.Errorf("%+v and %+v: %v", tc.r, tc.h, got)
		}
	}
}

// At the deadline the answers up to the first one that is missing are kept, so that each stays with its client.
func TestReplayCutOff(t *testing.T) {
	cert := newAuthority(t).leaf(t, nil)
	spec := func(id uint16) hello.Spec {
		return hello.Spec{Version: ciphersuite.TLS12, Suites: []uint16{id}, Groups: []uint16{0x1d}, SignatureAlgorithms: []uint16{0x0401, 0x0804}, SNI: host}
	}
	env := newEnv(t, toward(t, listen(t, scripted{
		cfg: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f, 0xc030}},
		decide: func(h seen) func(net.Conn) {
			if slices.Equal(h.suites, []uint16{0xc030}) {
				return silent
			}
			return nil
		},
	}.serve)))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	r, err := Look(ctx, env, Options{Replay: []hello.Spec{spec(0xc02f), spec(0xc030), spec(0xc02f)}})
	if err != nil || ctx.Err() != nil || len(r.Replayed) != 1 || r.Replayed[0].Suite != 0xc02f {
		t.Errorf("%v %v, %+v", err, ctx.Err(), r.Replayed)
	}
}

// An address has no server name (RFC 6066 section 3); a name at its full length is sent without the dot.
func TestSNI(t *testing.T) {
	got := map[string]string{}
	for _, h := range []string{"console.test", "console.test.", "127.0.0.1", "::1"} {
		got[h] = (&prober{host: h}).sni()
	}
	want := map[string]string{"console.test": "console.test", "console.test.": "console.test", "127.0.0.1": "", "::1": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
