package ciphersuite

import (
	"cmp"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
)

// The names are held against those of crypto/tls, which come from the same registry.
func TestName(t *testing.T) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if got := Name(s.ID); got != s.Name {
			t.Errorf("%04x is %s, crypto/tls says %s", s.ID, got, s.Name)
		}
	}
	for id, want := range map[uint16]string{
		0x0003: "TLS_RSA_EXPORT_WITH_RC4_40_MD5", 0x009f: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
		0xfefe: "SSL_RSA_FIPS_WITH_DES_CBC_SHA", 0xabcd: "0xabcd",
	} {
		if got := Name(id); got != want {
			t.Errorf("%04x is %s, want %s", id, got, want)
		}
	}
	if !slices.IsSortedFunc(names[:], func(a, b struct {
		id   uint16
		name string
	}) int {
		return cmp.Compare(a.id, b.id)
	}) {
		t.Error("the table is not sorted, so names are not found")
	}
}

// Where a suite exists, as the RFCs say that brought it.
func TestAt(t *testing.T) {
	for _, tc := range []struct {
		id       uint16
		versions []uint16
	}{
		{0x1301, []uint16{TLS13}},                      // RFC 8446
		{0xc0b4, []uint16{TLS13}},                      // RFC 9150
		{0xc02f, []uint16{TLS12}},                      // RFC 5289
		{0xcca8, []uint16{TLS12}},                      // RFC 7905
		{0x003c, []uint16{TLS12}},                      // RFC 5246
		{0xc013, []uint16{SSL30, TLS10, TLS11, TLS12}}, // RFC 8422; servers of the time also took it at SSL 3.0
		{0x0003, []uint16{SSL30, TLS10, TLS11, TLS12}}, // RFC 2246
		{0x00ff, nil}, {0x5600, nil}, {0x0000, nil},    // no suites: RFC 5746, RFC 7507, RFC 5246
	} {
		for _, v := range []uint16{SSL30, TLS10, TLS11, TLS12, TLS13} {
			if got := slices.Contains(At(v), tc.id); got != slices.Contains(tc.versions, v) {
				t.Errorf("%04x at %04x: %v", tc.id, v, got)
			}
		}
	}
	for _, v := range []uint16{TLS10, TLS11, TLS12} {
		for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
			if slices.Contains(s.SupportedVersions, v) != slices.Contains(At(v), s.ID) {
				t.Errorf("%s at %04x: crypto/tls says otherwise", s.Name, v)
			}
		}
	}
	if first := At(TLS12)[:2]; !slices.Equal(first, []uint16{0xc02f, 0xc030}) {
		t.Errorf("first %04x: what tells IE 11 apart does not come first", first)
	}
}

func TestWeak(t *testing.T) {
	for _, v := range []uint16{TLS12, TLS13} {
		for _, id := range At(v) {
			aead := slices.ContainsFunc([]string{"GCM", "CCM", "CHACHA20", "MGM", "OMAC"}, func(p string) bool { return strings.Contains(Name(id), p) })
			anonymous := strings.Contains(Name(id), "_anon_")
			if want := !aead || anonymous; Weak(id) != want {
				t.Errorf("%s: weak is %v", Name(id), !want)
			}
		}
	}
}
