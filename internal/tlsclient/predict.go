package tlsclient

import (
	"slices"
	"strings"
	"sync"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
)

// Server is what is known of a server.
type Server struct {
	// Accepted are the versions at which a hello with every suite that could be offered was
	// answered; Refused those that an alert refused ByVersion. One that an alert refused
	// BySuites belongs to Accepted, without any suite. A version in neither list is not known:
	// silence, a reset and the other alerts prove nothing.
	Accepted, Refused []uint16
	// Suites are the suites that the server chose, by version; in its order of preference where
	// Order is ByServer.
	Suites map[uint16][]uint16
	// Tried are the suites that were offered until the server refused all that were left: one
	// of them that is not in Suites is refused. A suite outside of this list is not known.
	Tried []uint16
	Order Order
	// Groups are all groups that it uses for ECDHE and TLS 1.3; nil: not known.
	Groups []uint16
	Name   Need // of a server name
	// Key is the type of the key in its certificate ("RSA", "ECDSA", "Ed25519"), Hash the hash that
	// the certificate is signed with ("SHA1", "SHA256", …); empty: not known. A server can have
	// more than one certificate, each with suites of its own.
	Key, Hash string
}

// Order says whose order of suites decides.
type Order int

// Whose order; the zero value is not known.
const (
	OrderUnknown Order = iota
	ByServer
	ByClient
)

// Need says whether a server answers only who says something; the zero value is not known.
type Need int

// Whether it needs to be told.
const (
	NeedUnknown Need = iota
	Needed
	NotNeeded
)

// Verdict is the outcome of a prediction.
type Verdict int

// The verdicts; the zero value claims nothing.
const (
	Undecided Verdict = iota
	Connects
	Refused
)

// String is the verdict in one word.
func (v Verdict) String() string {
	return [...]string{"undecided", "connects", "refused"}[v]
}

// Reason is what a refusal, or an undecided prediction, hangs on.
type Reason string

// The reasons.
const (
	ByVersion     Reason = "version"     // no version in common
	BySuites      Reason = "suites"      // a version in common, and no suite at that version
	ByGroups      Reason = "groups"      // the suites in common need a group, and none is in common
	ByName        Reason = "name"        // the client does not name the host, and the server needs it
	ByCertificate Reason = "certificate" // the client cannot verify what the server signs with, or its certificate
)

// RefusedBy is what an alert refuses that answers a hello for exactly one version, with every
// suite that could be offered; empty when it says nothing of the offer. ByVersion is sure;
// BySuites is not: some servers mean the version with it.
func RefusedBy(version uint16, alert int) Reason {
	switch alert {
	case protocolVersion:
		return ByVersion
	case handshakeFailure:
		if version == TLS13 {
			// A server without TLS 1.3 reads such a hello as one for TLS 1.2 (RFC 8446 section
			// 4.2.1) in which no suite is one of its own.
			return ByVersion
		}
		return BySuites
	case illegalParameter, insufficientSecurity:
		if version < TLS13 {
			return BySuites
		}
	}
	return ""
}

// The alerts that refuse an offer (RFC 8446 section 6.2). The others say that something went wrong.
const (
	handshakeFailure     = 40
	illegalParameter     = 47
	protocolVersion      = 70
	insufficientSecurity = 71
)

// Result is a prediction.
type Result struct {
	Verdict Verdict
	Reason  Reason // empty when it connects
	Version uint16 // the version that they would speak; 0 when not certain
	Suite   uint16 // the suite that they would use; 0 when not certain
	// Untried are suites that the client offers and that were not tried with the server: one
	// of them could still let it connect. Only for an undecided prediction by suites.
	Untried []uint16
}

// Predict says whether a client can connect: the server takes the highest version that both
// speak (RFC 5246 appendix E.1, RFC 8446 section 4.1.3), and then needs one suite in common, with a
// group and a signature algorithm in common where the suite wants one.
//
// A browser that starts again with a lower version after a refusal is not modelled: such a
// server would have to keep suites at the lower version that it lacks at the higher.
func Predict(c Client, s Server) Result {
	fullest := c.Hello
	fullest.Versions = slices.Concat(c.Versions, c.Perhaps.Versions)
	fullest.Suites = slices.Concat(c.Suites, c.Perhaps.Suites)
	fullest.SNI = c.SNI || c.Perhaps.SNI
	least, most := decide(c.Hello, c.Ordered, s), decide(fullest, c.Ordered, s)
	switch {
	case least.Verdict != most.Verdict:
		// What the row leaves open makes the difference. The reason is what stands against it.
		open := Result{Verdict: Undecided, Reason: least.Reason, Untried: most.Untried}
		if open.Reason == "" {
			open.Reason = most.Reason
		}
		return open
	case least.Verdict == Connects:
		if least.Version != most.Version {
			least.Version = 0
		}
		// Where among its own the client would put what it perhaps offers is not known.
		if least.Suite != most.Suite || s.Order == ByClient && least.common != most.common {
			least.Suite = 0
		}
		return c.verifies(s, least.Result)
	case least.Verdict == Undecided:
		least.Untried = most.Untried
	}
	return least.Result
}

// verifies: a client that would get as far as the certificate may still not accept it.
func (c Client) verifies(s Server, r Result) Result {
	can := Yes
	switch s.Hash {
	case "SHA1":
		can = c.SHA1
	case "SHA256", "SHA384", "SHA512":
		can = c.SHA2
	}
	switch can {
	case No:
		return Result{Verdict: Refused, Reason: ByCertificate}
	case Open:
		return Result{Verdict: Undecided, Reason: ByCertificate}
	default:
		return r
	}
}

// decided is a result, and how many suites it could have been.
type decided struct {
	Result
	common int
}

func because(v Verdict, why Reason) decided { return decided{Result: Result{Verdict: v, Reason: why}} }

func decide(h Hello, ordered bool, s Server) decided {
	versions := slices.Clone(h.Versions)
	slices.Sort(versions)
	for _, v := range slices.Backward(versions) {
		switch s.speaks(v) {
		case no:
			continue
		case unknown:
			return because(Undecided, ByVersion)
		case yes:
			return named(h, s, decideSuites(h, ordered, v, s))
		}
	}
	return because(Refused, ByVersion)
}

// named: a client that does not name the host reaches a server that needs the name only as far as its
// refusal; whether the server does is often not known.
func named(h Hello, s Server, d decided) decided {
	switch {
	case h.SNI || s.Name == NotNeeded || d.Verdict == Refused:
		return d
	case s.Name == Needed:
		return because(Refused, ByName)
	case d.Verdict == Connects:
		return because(Undecided, ByName)
	default:
		return d
	}
}

func decideSuites(h Hello, ordered bool, version uint16, s Server) decided {
	var common, untried []uint16
	var lacks Reason // why a suite in common cannot be used
	for _, id := range h.Suites {
		accepted := slices.Contains(s.Suites[version], id)
		switch why := h.cannotUse(id, version, s); {
		case !existsAt(id, version):
		case accepted && why != "":
			lacks = why
		case accepted:
			common = append(common, id)
		case !slices.Contains(s.Tried, id) && why == "":
			untried = append(untried, id)
		}
	}
	switch {
	case len(common) > 0:
		d := decided{Result: Result{Verdict: Connects, Version: version}, common: len(common)}
		if len(untried) == 0 {
			d.Suite = s.chosen(common, ordered, version)
		}
		return d
	case len(untried) > 0:
		return decided{Result: Result{Verdict: Undecided, Reason: BySuites, Untried: untried}}
	case lacks != "":
		return because(Refused, lacks)
	default:
		return because(Refused, BySuites)
	}
}

// chosen is the suite that the server would take; 0 when that is not known.
func (s Server) chosen(common []uint16, ordered bool, version uint16) uint16 {
	switch {
	case len(common) == 1, s.Order == ByClient && ordered:
		return common[0]
	case s.Order == ByServer:
		for _, id := range s.Suites[version] {
			if slices.Contains(common, id) {
				return id
			}
		}
	}
	return 0
}

// cannotUse is what a suite needs besides itself, and the client or the server lacks.
func (h Hello) cannotUse(id, version uint16, s Server) Reason {
	ecdhe, signs := needs(id)
	if version == TLS13 {
		ecdhe, signs = true, s.Key
	}
	if ecdhe && s.Groups != nil && h.Groups != nil && !intersect(s.Groups, h.Groups) {
		return ByGroups
	}
	if algorithms := signatures[signs]; version >= TLS12 && algorithms != nil && h.SignatureAlgorithms != nil &&
		!intersect(algorithms, h.SignatureAlgorithms) {
		return ByCertificate
	}
	return ""
}

// needs says whether a suite below TLS 1.3 uses elliptic curves for its keys, and which kind of
// key signs its key exchange ("" for none, or for one that no prediction looks at).
func needs(id uint16) (ecdhe bool, signs string) {
	name := ciphersuite.Name(id)
	switch {
	case strings.HasPrefix(name, "TLS_ECDHE_ECDSA_"):
		return true, "ECDSA"
	case strings.HasPrefix(name, "TLS_ECDHE_RSA_"):
		return true, "RSA"
	case strings.HasPrefix(name, "TLS_DHE_RSA_"):
		return false, "RSA"
	default:
		return ciphersuite.ECDHE(id), ""
	}
}

// signatures are the algorithms that a key of a type can sign a handshake with (RFC 8446 section
// 4.2.3); those that TLS 1.3 does not use any more are in no client's hello alone.
var signatures = map[string][]uint16{
	"RSA":     {rsaPSS256, rsaPSS384, rsaPSS512, rsaSHA256, rsaSHA384, rsaSHA512, rsaSHA1},
	"ECDSA":   {ecdsaP256, ecdsaP384, ecdsaP521, ecdsaSHA1},
	"Ed25519": {ed25519},
}

func intersect(a, b []uint16) bool {
	return slices.ContainsFunc(a, func(id uint16) bool { return slices.Contains(b, id) })
}

type answer int

const (
	unknown answer = iota
	yes
	no
)

func (s Server) speaks(version uint16) answer {
	switch {
	case slices.Contains(s.Accepted, version):
		return yes
	case slices.Contains(s.Refused, version):
		return no
	case version == SSL30 && slices.Contains(s.Refused, TLS10):
		// A hello for TLS 1.0 means "1.0 or lower" (RFC 5246 appendix E.1): a server that had
		// SSL 3.0 would have answered it with that instead of refusing.
		return no
	default:
		return unknown
	}
}

// existsAt says whether a suite is defined for a version: those with AEAD, or with a hash other
// than SHA-1 and MD5, came with TLS 1.2, and those of TLS 1.3 exist only there.
func existsAt(id, version uint16) bool { return suitesAt()[version][id] }

var suitesAt = sync.OnceValue(func() map[uint16]map[uint16]bool {
	all := map[uint16]map[uint16]bool{}
	for _, v := range []uint16{SSL30, TLS10, TLS11, TLS12, TLS13} {
		all[v] = map[uint16]bool{}
		for _, id := range ciphersuite.At(v) {
			all[v][id] = true
		}
	}
	return all
})
