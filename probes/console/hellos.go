package console

import (
	"context"
	"fmt"
	"time"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// unrelated is the server name of facts.HelloOtherSNI. RFC 6761 keeps it from ever being
// anybody's.
const unrelated = "www.example.com"

// groups are the key exchange groups of the raw hellos, the ones that decide first: those of
// browsers, then what is left of IANA's "TLS Supported Groups". The finite-field ones are left
// out because they would make a server withhold DHE suites (RFC 7919 section 4).
var groups = []uint16{
	0x001d, 0x0017, 0x0018, 0x0019, 0x001e, // x25519, secp256r1, secp384r1, secp521r1, x448
	0x001a, 0x001b, 0x001c, 0x001f, 0x0020, 0x0021, // brainpool
	0x0016, 0x000e, 0x000d, 0x000b, 0x000c, 0x0009, 0x000a, // secp256k1, sect571k1 to sect283r1
	0x0015, 0x0013, 0x0014, 0x0012, 0x0006, 0x0007, 0x0008, // secp224r1 to secp192k1, sect233k1 to sect239k1
	0x0010, 0x0011, 0x000f, 0x0001, 0x0002, 0x0003, 0x0004, 0x0005, // secp160r1 to secp160k1, sect163k1 to sect193r2
}

// hybrids are the post-quantum groups, which exist with TLS 1.3 only.
var hybrids = []uint16{0x11ec, 0x11eb, 0x11ed, 0x6399} // X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, X25519Kyber768Draft00

// signatures are all signature algorithms that a server can have a key for (RFC 8446 section
// 4.2.3, with what TLS 1.2 adds): none of them may be the reason for a refusal.
var signatures = []uint16{
	0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601,
	0x0402, 0x0502, 0x0602, 0x0303, 0x0301, 0x0302, 0x0203, 0x0201, 0x0202, 0x0101,
}

// versions are all that exist, oldest first.
var versions = [...]struct {
	id   uint16
	name string
}{
	{ciphersuite.SSL30, "SSL 3.0"},
	{ciphersuite.TLS10, "1.0"},
	{ciphersuite.TLS11, "1.1"},
	{ciphersuite.TLS12, "1.2"},
	{ciphersuite.TLS13, "1.3"},
}

func versionName(id uint16) string {
	for _, v := range versions {
		if v.id == id {
			return v.name
		}
	}
	return fmt.Sprintf("0x%04x", id)
}

// at is a hello for exactly one version as its highest, with these suites.
func (p *prober) at(version uint16, suites []uint16) hello.Spec {
	s := hello.Spec{Version: version, Suites: suites, SNI: p.sni()}
	if version > ciphersuite.SSL30 {
		s.Groups = groups
	}
	if version >= ciphersuite.TLS12 {
		s.SignatureAlgorithms = signatures
	}
	if version == ciphersuite.TLS13 {
		s.Version, s.Versions = ciphersuite.TLS12, []uint16{ciphersuite.TLS13}
	}
	return s
}

// named is the hello of a shape, as package facts describes it.
func (p *prober) named(name facts.HelloName) hello.Spec {
	switch name {
	case facts.HelloSmall:
		// The suites of current browsers only: a hello with all of them would not be small.
		s := p.at(ciphersuite.TLS12, []uint16{
			0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014,
			0x009c, 0x009d, 0x002f, 0x0035,
		})
		s.Groups, s.Versions = groups[:4], []uint16{ciphersuite.TLS13, ciphersuite.TLS12}
		return s
	case facts.HelloTLS12:
		return p.at(ciphersuite.TLS12, ciphersuite.At(ciphersuite.TLS12))
	case facts.HelloTLS11:
		return p.at(ciphersuite.TLS11, ciphersuite.At(ciphersuite.TLS11))
	case facts.HelloTLS10:
		return p.at(ciphersuite.TLS10, ciphersuite.At(ciphersuite.TLS10))
	case facts.HelloSSL30:
		return p.at(ciphersuite.SSL30, ciphersuite.At(ciphersuite.SSL30))
	case facts.HelloWeak:
		var weak []uint16
		for _, id := range ciphersuite.At(ciphersuite.TLS12) {
			if ciphersuite.Weak(id) {
				weak = append(weak, id)
			}
		}
		return p.at(ciphersuite.TLS12, weak)
	case facts.HelloNoSNI:
		s := p.named(facts.HelloTLS12)
		s.SNI = ""
		return s
	case facts.HelloOtherSNI:
		s := p.named(facts.HelloTLS12)
		s.SNI = unrelated
		return s
	}
	panic("no raw hello of the name " + string(name))
}

// sent is a hello with its answer.
type sent struct {
	facts.Hello
	suites  []uint16 // that it offered, in that order
	answer  hello.Answer
	offered uint16 // the highest version
	cut     bool   // by the end of the time, which looks like the peer's silence
}

// ok is whether it was answered at a version.
func (s sent) ok(version uint16) bool {
	return s.Outcome == facts.OutcomeOK && s.answer.Version == version
}

// ask sends a raw hello over a connection of its own.
func (p *prober) ask(ctx context.Context, name facts.HelloName, spec hello.Spec, depth hello.Depth) sent {
	start := time.Now()
	s := sent{Hello: facts.Hello{Name: name}, suites: spec.Suites, offered: spec.Version}
	for _, v := range spec.Versions {
		s.offered = max(s.offered, v)
	}
	err := func() error {
		conn, err := p.open(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		defer p.within(ctx, conn)()
		counted := &firstWrite{Conn: conn}
		s.answer, err = hello.Ask(counted, spec, depth)
		s.Size = len(counted.raw)
		return err
	}()
	s.Took = time.Since(start)
	s.Outcome, _, s.Detail = outcomeOf(err)
	s.cut = err != nil && ctx.Err() != nil
	s.read()
	return s
}

// read makes the fact of what the answer says.
func (s *sent) read() {
	s.Bytes = max(s.Bytes, s.answer.Bytes)
	switch a := s.answer; {
	case s.Outcome != facts.OutcomeOK:
	case a.Kind == hello.Alert:
		s.Outcome, s.Alert, s.Detail = facts.OutcomeAlert, a.Alert, alertText(a.Alert)
	case a.Kind == hello.NotTLS:
		s.Outcome, s.First = facts.OutcomeNotTLS, printable(a.First)
		s.Detail = fmt.Sprintf("the answer begins with %q", s.First)
	default:
		if a.Rest != nil {
			_, _, why := outcomeOf(a.Rest)
			s.Detail = "behind the choice: " + why
		}
		s.Version, s.Suite, s.Group = versionName(a.Version), a.Suite, a.Group
		switch a.Sentinel {
		case ciphersuite.TLS13:
			s.Sentinel = "1.3"
		case ciphersuite.TLS12:
			s.Sentinel = "1.2 or later"
		}
	}
}

// printable keeps what can be shown of foreign bytes.
func printable(b []byte) string {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c == '\r' || c == '\n' {
			break
		}
		if c < 0x20 || c > 0x7e {
			c = '.'
		}
		out = append(out, c)
	}
	return string(out)
}

// plain asks for a page without TLS: does the way itself let anything through?
func (p *prober) plain(ctx context.Context) sent {
	start := time.Now()
	s := sent{Hello: facts.Hello{Name: facts.HelloHTTP}}
	var first []byte
	err := func() error {
		conn, err := p.open(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		defer p.within(ctx, conn)()
		if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
			return err
		}
		first = make([]byte, 64)
		n, err := conn.Read(first)
		first = first[:n]
		if n > 0 {
			return nil
		}
		return err
	}()
	s.Took = time.Since(start)
	s.Outcome, _, s.Detail = outcomeOf(err)
	s.cut = err != nil && ctx.Err() != nil
	s.First, s.Bytes = printable(first), len(first)
	return s
}
