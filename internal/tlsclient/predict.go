package tlsclient

import "slices"

// Server is what is known of a server.
type Server struct {
	// Accepted are the versions at which a hello with every suite that could be offered was
	// answered; Refused those that an alert refused ByVersion. One that an alert refused
	// BySuites belongs to Accepted, without any suite. A version in neither list is not known:
	// silence, a reset and the other alerts prove nothing.
	Accepted, Refused []uint16
	// Suites are the suites that the server chose, by version.
	Suites map[uint16][]uint16
	// Tried are the suites that were offered until the server refused all that were left: one
	// of them that is not in Suites is refused. A suite outside of this list is not known.
	Tried []uint16
}

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
	ByVersion Reason = "version" // no version in common
	BySuites  Reason = "suites"  // a version in common, and no suite at that version
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
// speak (RFC 5246 appendix E.1, RFC 8446 section 4.1.3), and then needs one suite in common.
//
// It looks at versions and suites only. Elliptic curves are left out because every client
// in the table that offers ECDHE offers P-256, which no server that speaks ECDHE to the
// probe lacks in practice; the certificate's key type is already part of what the server
// chose. A browser that starts again with a lower version after a refusal is not modelled:
// such a server would have to keep suites at the lower version that it lacks at the higher.
func Predict(c Client, s Server) Result {
	least := decide(c.Offer, s)
	most := decide(Offer{
		Versions: slices.Concat(c.Versions, c.Perhaps.Versions),
		Suites:   slices.Concat(c.Suites, c.Perhaps.Suites),
	}, s)
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
		if least.Suite != most.Suite {
			least.Suite = 0
		}
	case least.Verdict == Undecided:
		least.Untried = most.Untried
	}
	return least
}

func decide(o Offer, s Server) Result {
	versions := slices.Clone(o.Versions)
	slices.Sort(versions)
	for _, v := range slices.Backward(versions) {
		switch s.speaks(v) {
		case no:
			continue
		case unknown:
			return Result{Verdict: Undecided, Reason: ByVersion}
		case yes:
			return decideSuites(o.Suites, v, s)
		}
	}
	return Result{Verdict: Refused, Reason: ByVersion}
}

func decideSuites(offered []uint16, version uint16, s Server) Result {
	var common, untried []uint16
	for _, id := range offered {
		switch {
		case !existsAt(id, version):
		case slices.Contains(s.Suites[version], id):
			common = append(common, id)
		case !slices.Contains(s.Tried, id):
			untried = append(untried, id)
		}
	}
	switch {
	case len(common) > 0:
		r := Result{Verdict: Connects, Version: version}
		if len(common) == 1 && len(untried) == 0 {
			r.Suite = common[0]
		}
		return r
	case len(untried) > 0:
		return Result{Verdict: Undecided, Reason: BySuites, Untried: untried}
	default:
		return Result{Verdict: Refused, Reason: BySuites}
	}
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

// existsAt says whether a suite is defined for a version. Suites with AEAD or with a hash
// other than SHA-1 and MD5 came with TLS 1.2 (RFC 5246 appendix A.5, RFC 5288, RFC 5289,
// RFC 7905) and must not be used below; those of TLS 1.3 (RFC 8446 appendix B.4) exist
// only there, and none of the older ones does.
func existsAt(id, version uint16) bool {
	only13 := id>>8 == 0x13
	if version == TLS13 || only13 {
		return version == TLS13 && only13
	}
	from12 := id >= 0x003b && id <= 0x0040 || id >= 0x0067 && id <= 0x006d || // RFC 5246
		id >= 0x009c && id <= 0x00a7 || // RFC 5288
		id >= 0xc023 && id <= 0xc032 || // RFC 5289
		id >= 0xcca8 && id <= 0xccae // RFC 7905
	return version == TLS12 || !from12
}
