// Package hello makes TLS ClientHellos by hand and reads the first answer of a server, from
// SSL 3.0 to TLS 1.3: any version, any cipher suite, any group, with or without a server name.
//
// crypto/tls cannot ask these questions: it offers neither SSL 3.0 nor the suites that it does
// not implement, and with an empty offer it would blame the server for its own refusal.
//
// What belongs here: bytes out, bytes in, with a limit on how many are read. No cryptography: a
// handshake is never finished, and nothing that a server says here is verified. What does not:
// connections and deadlines (the caller sets them), which hellos to send and what the answers
// mean (package console). The one handshake that is carried through is crypto/tls's.
package hello

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
)

// The extensions that are read or written by name (IANA, "TLS ExtensionType Values").
const (
	extServerName          uint16 = 0
	extSupportedGroups     uint16 = 10
	extECPointFormats      uint16 = 11
	extSignatureAlgorithms uint16 = 13
	extALPN                uint16 = 16
	extSupportedVersions   uint16 = 43
	extPSKModes            uint16 = 45
	extKeyShare            uint16 = 51
)

// Spec is the content of a ClientHello. An empty list leaves its extension out.
type Spec struct {
	// Version is the legacy version: the highest that a client without supported_versions
	// speaks. With Versions it must not be above TLS 1.2 (RFC 8446 section 4.1.2).
	Version uint16
	// Versions are the supported_versions, the only way to offer TLS 1.3. A hello that has
	// it also gets an empty key_share, so that a server of TLS 1.3 answers with the suite and
	// the group that it wants, in a HelloRetryRequest, and computes nothing.
	Versions []uint16
	Suites   []uint16
	SNI      string // a host name; an address must not be named (RFC 6066 section 3)

	Groups              []uint16
	SignatureAlgorithms []uint16
	ALPN                []string
	// Extensions are added as they are, behind the others. One that is named here as well
	// replaces what would have been made.
	Extensions []Extension
	// Record is the version of the record layer. Zero: SSL 3.0 or TLS 1.0, whichever is lower
	// (RFC 8446 appendix D.2).
	Record uint16
	// SSL2 wraps the hello in the format of SSL 2.0, as very old clients do that still offer
	// it (RFC 5246 appendix E.2). It has room for versions and suites only.
	SSL2 bool
}

// Extension is one extension, as bytes.
type Extension struct {
	Type uint16
	Data []byte
}

// ErrSpec is a hello that cannot be written: a list too long for its length field, or a
// member that the format has no room for.
var ErrSpec = errors.New("hello cannot be written")

// Bytes is the hello, as one record.
func (s Spec) Bytes() ([]byte, error) {
	if s.SSL2 {
		return s.ssl2()
	}
	if len(s.Suites) == 0 || len(s.SNI) > 255 || len(s.Versions) > 127 ||
		slices.ContainsFunc(s.ALPN, func(p string) bool { return p == "" || len(p) > 255 }) {
		return nil, fmt.Errorf("%w: %d suites, %d versions, a name of %d bytes, protocols %q",
			ErrSpec, len(s.Suites), len(s.Versions), len(s.SNI), s.ALPN)
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	body := binary.BigEndian.AppendUint16(nil, s.Version)
	body = append(body, random...)
	body = append(body, 0) // no session to resume
	body = append16(body, words(s.Suites))
	body = append(body, 1, 0) // compression: none
	if s.Version > ciphersuite.SSL30 {
		if extensions := s.extensions(); len(extensions) > 0 {
			body = append16(body, extensions)
		}
	}
	record := s.Record
	if record == 0 {
		record = min(s.Version, ciphersuite.TLS10)
	}
	if len(body)+4 > maxRecord {
		return nil, fmt.Errorf("%w: %d bytes do not fit into one record", ErrSpec, len(body)+4)
	}
	out := append(make([]byte, 0, 9+len(body)), byte(recordHandshake))
	out = binary.BigEndian.AppendUint16(out, record)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+4))  //nolint:gosec // G115: bounded above
	return append16(append(out, messageClientHello, 0), body), nil // a length of three bytes
}

// highest is the highest version that the hello offers.
func (s Spec) highest() uint16 {
	if len(s.Versions) > 0 {
		return slices.Max(s.Versions)
	}
	return s.Version
}

// extensions are those that the members ask for. Without supported_versions they stand as
// OpenSSL of that time wrote them; servers do not mind the order.
func (s Spec) extensions() []byte {
	var out []byte
	given := map[uint16]bool{}
	for _, e := range s.Extensions {
		given[e.Type] = true
	}
	add := func(id uint16, data []byte) {
		if !given[id] {
			out = append16(binary.BigEndian.AppendUint16(out, id), data)
		}
	}
	if s.SNI != "" {
		add(extServerName, append16(nil, append16([]byte{0}, []byte(s.SNI)))) // 0: a host name
	}
	if len(s.Groups) > 0 {
		add(extSupportedGroups, append16(nil, words(s.Groups)))
		add(extECPointFormats, []byte{1, 0}) // uncompressed
	}
	if len(s.SignatureAlgorithms) > 0 {
		add(extSignatureAlgorithms, append16(nil, words(s.SignatureAlgorithms)))
	}
	if len(s.ALPN) > 0 {
		var list []byte
		for _, p := range s.ALPN {
			list = append(append(list, byte(len(p))), p...) //nolint:gosec // G115: bounded by Bytes
		}
		add(extALPN, append16(nil, list))
	}
	if len(s.Versions) > 0 {
		add(extSupportedVersions, append([]byte{byte(2 * len(s.Versions))}, words(s.Versions)...)) //nolint:gosec // G115: bounded by Bytes
		add(extPSKModes, []byte{1, 1})                                                             // psk_dhe_ke
		add(extKeyShare, []byte{0, 0})
	}
	for _, e := range s.Extensions {
		out = append16(binary.BigEndian.AppendUint16(out, e.Type), e.Data)
	}
	return out
}

func (s Spec) ssl2() ([]byte, error) {
	if len(s.Suites) == 0 || len(s.Suites) > 1000 || s.SNI != "" || len(s.Versions)+len(s.Groups)+len(s.Extensions) > 0 {
		return nil, fmt.Errorf("%w: the format of SSL 2.0 has room for up to 1000 suites and for nothing else", ErrSpec)
	}
	const size = 16 // of the challenge: the least that RFC 5246 appendix E.2 allows is 16, the most 32
	challenge := make([]byte, size)
	_, _ = rand.Read(challenge)
	body := binary.BigEndian.AppendUint16([]byte{messageClientHello}, s.Version)
	body = binary.BigEndian.AppendUint16(body, uint16(3*len(s.Suites))) //nolint:gosec // G115: bounded above
	body = append(body, 0, 0, 0, size)
	for _, id := range s.Suites {
		body = binary.BigEndian.AppendUint16(append(body, 0), id)
	}
	body = append(body, challenge...)
	// The highest bit says that there is no padding.
	head := 0x8000 | uint16(len(body)) //nolint:gosec // G115: up to 1000 suites of three bytes
	return append(binary.BigEndian.AppendUint16(nil, head), body...), nil
}

// Suites are the suites of a hello that somebody else has written, in its order; nil when it
// cannot be read.
func Suites(raw []byte) []uint16 {
	r := reader(raw)
	var head, session, list []byte
	// The heads of the record and of the message, the version and the random.
	if !r.bytes(&head, 5+4+2+32) || head[0] != recordHandshake || head[5] != messageClientHello ||
		!r.list8(&session) || !r.list16(&list) {
		return nil
	}
	out := make([]uint16, len(list)/2)
	for i := range out {
		out[i] = binary.BigEndian.Uint16(list[2*i:])
	}
	return out
}

func words(list []uint16) []byte {
	out := make([]byte, 0, 2*len(list))
	for _, v := range list {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	return out
}

// append16 adds a list behind its length. What does not fit is cut to nothing: Bytes refuses
// hellos of this size anyway.
func append16(to, list []byte) []byte {
	if len(list) > math.MaxUint16 {
		list = make([]byte, math.MaxUint16)
	}
	return append(binary.BigEndian.AppendUint16(to, uint16(len(list))), list...) //nolint:gosec // G115: bounded above
}
