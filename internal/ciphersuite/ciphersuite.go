// Package ciphersuite knows the TLS cipher suites by number: their names, the versions at
// which they exist, and which of them are considered weak.
//
// What belongs here: facts of the registry and of the RFCs, as pure data. What does not: which
// suites a client offers (package internal/tlsclient) or a server accepts (package
// probes/console).
package ciphersuite

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The protocol versions as they stand in a hello.
const (
	SSL30 uint16 = 0x0300
	TLS10 uint16 = 0x0301
	TLS11 uint16 = 0x0302
	TLS12 uint16 = 0x0303
	TLS13 uint16 = 0x0304
)

// Name is the suite's registered name, or its number when it has none.
func Name(id uint16) string {
	i, ok := slices.BinarySearchFunc(names[:], id, func(e struct {
		id   uint16
		name string
	}, id uint16) int {
		return cmp.Compare(e.id, id)
	})
	switch {
	case !ok:
		return fmt.Sprintf("0x%04x", id)
	case strings.HasPrefix(names[i].name, "SSL_"):
		return names[i].name
	default:
		return "TLS_" + names[i].name
	}
}

// At are all suites that exist at exactly this version, those that tell clients apart first:
// a look that is cut off, or a server that lets the client's order decide, then shows them
// first.
func At(version uint16) []uint16 {
	var ids [len(classes) + 1][]uint16
	for _, s := range names {
		if existsAt(s.id, s.name, version) {
			r := rank(s.name)
			ids[r] = append(ids[r], s.id)
		}
	}
	return slices.Concat(ids[:]...)
}

// existsAt: the suites of TLS 1.3 exist only there (RFC 8446 appendix B.4; RFC 9150; RFC 9367),
// and no other does. Those with AEAD, or with a hash beyond SHA-1 and MD5, came with TLS 1.2 (RFC 5246
// appendix A.5, RFC 5288, RFC 5289, RFC 6655, RFC 7905) and must not be used below.
func existsAt(id uint16, name string, version uint16) bool {
	tls13 := id>>8 == 0x13 || id == 0xc0b4 || id == 0xc0b5 || id >= 0xc103 && id <= 0xc106
	if version == TLS13 || tls13 {
		return version == TLS13 && tls13
	}
	if version == TLS12 {
		return true
	}
	return !contains(name, "GCM", "CCM", "CHACHA20", "SHA256", "SHA384", "OMAC")
}

// classes are in the order of what they decide for the browsers that are in use; without "TLS_".
var classes = [...]struct{ prefix, has string }{
	{"AES_", ""}, {"CHACHA20", ""},
	{"ECDHE_RSA_", "GCM"}, {"ECDHE_ECDSA_", "GCM"}, {"DHE_RSA_", "AES_128_GCM"}, {"DHE_RSA_", "AES_256_GCM"},
	{"RSA_WITH_AES", "GCM"}, {"ECDHE_", "CHACHA20"}, {"ECDHE_RSA_WITH_AES", "CBC"}, {"ECDHE_ECDSA_WITH_AES", "CBC"},
	{"RSA_WITH_AES", "CBC"}, {"RSA_WITH_3DES", ""}, {"RSA_WITH_RC4", ""},
}

// rank is the first class that a suite belongs to; the rest comes behind them.
func rank(name string) int {
	for i, class := range classes {
		if strings.HasPrefix(name, class.prefix) && strings.Contains(name, class.has) {
			return i
		}
	}
	return len(classes)
}

// Weak is whether a suite belongs to those that a strict server has removed: CBC, RC4, 3DES,
// DES, RC2, IDEA, export, anonymous and unencrypted ones (RFC 9325 section 4.1 and 4.2).
func Weak(id uint16) bool {
	name := Name(id)
	return id>>8 != 0x13 && contains(name, "CBC", "RC4", "DES", "RC2", "IDEA", "EXPORT", "_anon_", "NULL", "28147") ||
		id == 0xc0b4 || id == 0xc0b5
}

// ECDHE is whether the key exchange uses one of the client's groups, at a version before 1.3.
func ECDHE(id uint16) bool {
	return strings.HasPrefix(Name(id), "TLS_ECDHE_") || strings.HasPrefix(Name(id), "TLS_ECDH_anon_")
}

func contains(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}
