package tlspath

import (
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// met is how a hello ended, as a set: a signature may allow several.
type met uint16

const (
	missing   met = 1 << iota // it was not sent
	new13                     // answered at TLS 1.3
	new12                     // answered at TLS 1.2
	old                       // answered at TLS 1.1 or lower
	version                   // alert 70, protocol_version
	alert                     // another alert
	unnamed                   // alert 112, unrecognized_name
	reset                     // connection reset
	closed                    // closed without a word
	silent                    // no answer
	http                      // an HTTP answer
	foreign                   // something else than TLS
	malformed                 // TLS that makes no sense
	failed                    // this side could not go on, or the connection did not come about

	answered = new13 | new12 | old
	modern   = new13 | new12
	refused  = version | alert | unnamed
	broken   = reset | closed | silent
	anything = met(0xffff)
)

// vector is what each hello met.
type vector struct {
	modern, small, tls12, tls11, tls10, ssl30, weak, noSNI, otherSNI, plain met

	sentinel    bool   // a server of TLS 1.3 answered as if the hello had not offered it
	oldVersions string // the versions under TLS 1.2 that were answered
	alerts      string
	first       string
	weakSuite   string
}

func vectorOf(list []facts.Hello) vector {
	v := vector{
		modern: missing, small: missing, tls12: missing, tls11: missing, tls10: missing, ssl30: missing, weak: missing,
		noSNI: missing, otherSNI: missing, plain: missing,
	}
	slot := map[facts.HelloName]*met{
		facts.HelloModern: &v.modern, facts.HelloSmall: &v.small, facts.HelloTLS12: &v.tls12, facts.HelloTLS11: &v.tls11,
		facts.HelloTLS10: &v.tls10, facts.HelloSSL30: &v.ssl30, facts.HelloWeak: &v.weak, facts.HelloNoSNI: &v.noSNI,
		facts.HelloOtherSNI: &v.otherSNI, facts.HelloHTTP: &v.plain,
	}
	var oldVersions, alerts []string
	for _, h := range list {
		at, ok := slot[h.Name]
		if !ok {
			continue
		}
		*at = metBy(h)
		if *at == old && h.Name != facts.HelloOtherSNI && h.Name != facts.HelloNoSNI {
			oldVersions = addOnce(oldVersions, nameOf(h.Version))
		}
		if h.Outcome == facts.OutcomeAlert {
			alerts = addOnce(alerts, strconv.Itoa(h.Alert))
		}
		if h.Outcome == facts.OutcomeNotTLS && v.first == "" {
			v.first = h.First
		}
		if h.Name == facts.HelloWeak && h.Outcome == facts.OutcomeOK {
			v.weakSuite = ciphersuite.Name(h.Suite)
		}
		offered13 := h.Name == facts.HelloModern || h.Name == facts.HelloSmall
		v.sentinel = v.sentinel || offered13 && h.Sentinel == "1.3" && h.Version != "1.3"
	}
	v.oldVersions, v.alerts = strings.Join(oldVersions, ", "), strings.Join(alerts, ", ")
	return v
}

func nameOf(version string) string {
	if strings.HasPrefix(version, "1.") {
		return "TLS " + version
	}
	return version
}

func addOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func metBy(h facts.Hello) met {
	switch h.Outcome {
	case facts.OutcomeOK:
		switch {
		case h.Name == facts.HelloHTTP:
			return http
		case h.Version == "1.3":
			return new13
		case h.Version == "1.2":
			return new12
		default:
			return old
		}
	case facts.OutcomeAlert:
		switch h.Alert {
		case 70:
			return version
		case 112:
			return unnamed
		default:
			return alert
		}
	case facts.OutcomeReset:
		return reset
	case facts.OutcomeClosed:
		return closed
	case facts.OutcomeTimeout:
		return silent
	case facts.OutcomeNotTLS:
		if strings.HasPrefix(h.First, "HTTP/") || strings.HasPrefix(h.First, "<") {
			return http
		}
		return foreign
	case facts.OutcomeMalformed:
		return malformed
	default:
		return failed
	}
}

// signature is a pattern of answers; a member that is zero allows anything. oldOne wants one of
// the hellos below TLS 1.2 to have met it, oldAll all of those that were sent.
type signature struct {
	code                                         Code
	modern, small, tls12, noSNI, otherSNI, plain met
	oldOne, oldAll                               met
}

// signatures tell the situations apart in which the hello of a current browser was not answered;
// the first that fits counts. Measured against real servers and faults on the way, see
// internal/tools/tls.
var signatures = []signature{
	{code: PlainHTTP, modern: http},
	{code: OtherProtocol, modern: foreign},
	{code: LargeDropped, modern: broken, small: modern},
	{code: OwnHandshakeFails, modern: failed | malformed, small: modern},
	{code: ModernRefused, modern: refused, small: modern},
	{code: TLS13Intolerant, tls12: modern},
	{code: NameNotServed, modern: unnamed, tls12: unnamed | reset | closed},
	{code: SNIFilter, modern: broken, tls12: broken, otherSNI: answered | refused},
	{code: SNIFilter, modern: broken, tls12: broken, noSNI: answered | refused},
	{code: TLS12Reset, tls12: reset | closed, oldOne: old},
	{code: TLS12Dropped, tls12: silent, oldOne: old},
	{code: CappedAtTLS11, tls12: refused | old, oldOne: old},
	{code: Silent, modern: silent, tls12: silent, oldAll: silent | missing, plain: silent | missing},
	{code: TLSDropped, modern: silent, tls12: silent, oldAll: silent | missing},
	{code: TLSReset, modern: reset, tls12: reset},
	{code: TLSClosed, modern: closed, tls12: closed},
	{code: TLSReset, modern: reset | closed, tls12: reset | closed},
	{code: RefusesAll, modern: refused, tls12: refused},
	{code: Malformed, modern: failed | malformed, tls12: malformed},
}

func (s signature) fits(v vector) bool {
	for _, pair := range [...][2]met{
		{s.modern, v.modern}, {s.small, v.small}, {s.tls12, v.tls12}, {s.noSNI, v.noSNI}, {s.otherSNI, v.otherSNI}, {s.plain, v.plain},
	} {
		if pair[0] != 0 && pair[0]&pair[1] == 0 {
			return false
		}
	}
	olds := []met{v.tls11, v.tls10, v.ssl30}
	if s.oldOne != 0 && !slices.ContainsFunc(olds, func(m met) bool { return m&s.oldOne != 0 }) {
		return false
	}
	return s.oldAll == 0 || !slices.ContainsFunc(olds, func(m met) bool { return m&s.oldAll == 0 })
}
