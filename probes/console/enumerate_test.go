package console

import (
	"cmp"
	"crypto/tls"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// sorted are the suites by version and number.
func sorted(list []facts.SuiteSeen) []facts.SuiteSeen {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b facts.SuiteSeen) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func at(version string, ids ...uint16) []facts.SuiteSeen {
	var out []facts.SuiteSeen
	for _, id := range ids {
		out = append(out, facts.SuiteSeen{Version: version, ID: id})
	}
	return out
}

// TestEnumerate holds the lists and the number of connections against the proof that no list can
// do without: n+1 per version, where the refusal of "1.1 or lower" counts once.
func TestEnumerate(t *testing.T) {
	cert := newAuthority(t).leaf(t, nil)
	for _, tc := range []struct {
		name string
		cfg  *tls.Config
		o    Options
		want []facts.SuiteSeen
		most int
	}{
		{
			"three suites at TLS 1.2, all in one hello",
			&tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f, 0xc030, 0xcca8}},
			Options{Suites: SuitesExact},
			at("1.2", 0xc02f, 0xc030, 0xcca8), 6, // with one to learn whose order decides: Go's server takes its own, which is ours
		},
		{
			"the same in hellos of 127 suites",
			&tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f, 0xc030, 0xcca8}},
			Options{Suites: SuitesExact, PerHello: 127},
			at("1.2", 0xc02f, 0xc030, 0xcca8), 9,
		},
		{
			"TLS 1.0 to 1.2",
			&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc013, 0x000a, 0xc02f}},
			Options{Suites: SuitesExact},
			slices.Concat(at("1.0", 0x000a, 0xc013), at("1.1", 0x000a, 0xc013), at("1.2", 0x000a, 0xc013, 0xc02f)), 4 + 3 + 3 + 1 + 1,
		},
		{
			"TLS 1.3 and 1.2",
			&tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{0xc02f}},
			Options{Suites: SuitesExact},
			slices.Concat(at("1.2", 0xc02f), at("1.3", 0x1301, 0x1302, 0x1303)), 2 + 4 + 1 + 1,
		},
		{
			"TLS 1.3 only",
			&tls.Config{MinVersion: tls.VersionTLS13},
			Options{Suites: SuitesExact},
			at("1.3", 0x1301, 0x1302, 0x1303), 4 + 1 + 1 + 1,
		},
		{
			"TLS 1.0 only, which several hellos have shown already",
			&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{0x002f, 0x0035}},
			Options{Suites: SuitesExact},
			at("1.0", 0x002f, 0x0035), 10 + 1 + 1 + 1,
		},
	} {
		var n atomic.Int32
		tc.cfg.Certificates = []tls.Certificate{cert}
		serve := serveTLS(tc.cfg)
		env := newEnv(t, toward(t, listen(t, func(c net.Conn) { n.Add(1); serve(c) })))
		r, err := Look(t.Context(), env, tc.o)
		if err != nil || !r.Console.Suites.Complete() {
			t.Errorf("%s: %v, %v", tc.name, err, r.Console.Suites.Why())
			continue
		}
		if diff := gocmp.Diff(tc.want, sorted(*r.Console.Suites.Value)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if got := int(n.Load()); got > tc.most || got != r.Connections {
			t.Errorf("%s: %d connections, says %d, want at most %d", tc.name, got, r.Connections, tc.most)
		}
		tried := slices.Clone(r.Console.SuitesTried)
		for _, v := range []uint16{ciphersuite.TLS12, ciphersuite.TLS11} {
			if len(without(ciphersuite.At(v), tried...)) != 0 {
				t.Errorf("%s: not all suites of %04x count as tried", tc.name, v)
			}
		}
	}
}
