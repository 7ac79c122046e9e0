package checks

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// X1 and X2 of TLS-01: how far the way from here leads, and what answers at its end. Name,
// connection and proxy speak for themselves. What the hellos met is compared with the signatures
// of known situations: it takes several hellos of different shape to tell a server's own policy
// from a filter, and a filter from a gateway that answers in the server's place.

func examineReach(x *Exam) {
	con := consoleOf(x)
	if con.Value == nil {
		x.Find("", unseenConsole(con))
		return
	}
	c := notReached(*con.Value)
	c.Reasons = slices.Clip(c.Reasons)
	switch d := con.Value.Direct; {
	case d == nil:
	case d.Outcome != facts.OutcomeOK:
		c.Reasons = append(c.Reasons, because("direct_fails", "outcome", outcomeTerm(d.Outcome)))
	case c.Verdict == Confirmed:
		c.Reasons = append(c.Reasons, because("direct_works", wayArgs(*con.Value)...))
	}
	if failing := failingAddresses(*con.Value); failing != "" {
		c.Reasons = append(c.Reasons, because("some_addresses_fail", "addresses", failing))
	}
	x.Find("", capInferred(*con.Value, c))
}

// capInferred: a host name that nobody configured and no page prints may be the wrong one, and
// trouble with it then says nothing of the console.
func capInferred(con facts.Console, c Claim) Claim {
	if con.HostSource == facts.HostConfigured || con.HostSource == facts.HostDocumented {
		return c
	}
	return c.atMost(Unknown, because("host_inferred", "host", con.Host))
}

// wayArgs name the way that was tried.
func wayArgs(con facts.Console, more ...string) []string {
	args := []string{"host", con.Host, "port", strconv.Itoa(con.Port), "asked", con.Host}
	if con.Proxy != nil {
		args = append(args, "proxy", *con.Proxy)
		args[5] = *con.Proxy // its name is resolved, and the connection goes to it
	}
	return append(args, more...)
}

// nameArgs name the way where a name is what it ends at: the console's, or the proxy's without its port.
func nameArgs(con facts.Console) []string {
	if con.Proxy == nil {
		return wayArgs(con)
	}
	u := url.URL{Host: *con.Proxy}
	return wayArgs(con, "asked", u.Hostname())
}

// unreached is the reason for each outcome that ends before an answer of the console.
func unreached(a facts.Connect) (code string, ok bool) {
	switch a.Outcome {
	case facts.OutcomeRefused:
		return "port_refused", true
	case facts.OutcomeTimeout:
		return "port_silent", true
	case facts.OutcomeUnreachable:
		return "no_route", true
	case facts.OutcomeProxyAuth:
		if a.Status == 401 { // some proxies answer so to credentials that they do not know
			return "proxy_credentials", true
		}
		return "proxy_auth", true
	case facts.OutcomeProxyRefused:
		switch a.Status {
		case 500, 502, 503, 504:
			return "proxy_fails", true
		case 400, 404, 405, 501:
			return "not_a_proxy", true
		}
		if a.Status/100 == 3 {
			return "not_a_proxy", true
		}
		return "proxy_refused", true
	}
	return "", false
}

// failures are the other outcomes of a connection that did not come about; they leave the reason open.
var failures = []facts.Outcome{facts.OutcomeFailed, facts.OutcomeReset, facts.OutcomeClosed, facts.OutcomeNotTLS}

// answeredSomehow: an answer to a hello, whatever it says.
var answeredSomehow = []facts.Outcome{
	facts.OutcomeOK, facts.OutcomeAlert, facts.OutcomeReset, facts.OutcomeClosed, facts.OutcomeNotTLS, facts.OutcomeMalformed,
}

// notReached goes from the far end: an answer to a hello refutes it, whatever the answer is
// (X2 judges that), unless the name leads astray; then silence, the connection, the name. Silence
// is proven by a hello that the console documents, and only when no other may have been answered.
func notReached(con facts.Console) Claim {
	if astray := nameAstray(con); astray.Verdict > Unknown {
		return astray
	}
	var reasons []Reason
	opened, silent, broken := false, false, false
	add := func(code string, more ...string) {
		reasons = addReason(reasons, because(code, wayArgs(con, more...)...))
	}
	for _, a := range con.Connects {
		opened = opened || a.Outcome == facts.OutcomeOK
	}
	for _, m := range met(con) {
		switch {
		case m.begins, slices.Contains(answeredSomehow, m.outcome):
			if why := everywhereUnread(con); why != nil {
				return unseen("console_name", why)
			}
			return refuted(Observed, because("answered", wayArgs(con)...))
		case m.outcome == facts.OutcomeTimeout:
			silent = silent || m.modern
		default:
			broken = true
		}
	}
	if opened && silent && !broken {
		add("silent")
	}
	if !opened {
		for _, a := range con.Connects {
			switch code, ok := unreached(a); {
			case a.Outcome == facts.OutcomeProxyKind:
				return unknown(because("proxy_kind", wayArgs(con)...))
			case !ok && !slices.Contains(failures, a.Outcome):
				return unknown(because("connect_failed", wayArgs(con)...)) // it may have worked
			case !ok:
				broken = true
			case a.Status != 0:
				add(code, "status", "HTTP "+strconv.Itoa(a.Status), "scheme", a.Auth, "via", a.Via)
			default:
				add(code)
			}
		}
	}
	switch {
	case len(reasons) > 0:
		return confirmed(Observed, append(reasons, privateName(con)...)...)
	case broken:
		return unknown(because("connect_failed", wayArgs(con)...))
	case len(con.Connects)+len(con.Handshakes)+len(con.Hellos) > 0:
		return unseen("handshakes", nil)
	default:
		return nameMissing(con)
	}
}

// answered is what one hello met; modern: one that the console documents; begins: an answer came, and
// not to its end.
type answered struct {
	outcome        facts.Outcome
	modern, begins bool
}

// met is what all hellos met, those of known shape and those for one version.
func met(con facts.Console) []answered {
	var list []answered
	for _, h := range con.Handshakes {
		if !h.Implied {
			list = append(list, answered{outcome: h.Outcome, modern: h.Version == "1.2"})
		}
	}
	for _, h := range con.Hellos {
		list = append(list, answered{
			outcome: h.Outcome, begins: begins(h),
			modern: h.Name == facts.HelloModern || h.Name == facts.HelloSmall || h.Name == facts.HelloTLS12,
		})
	}
	return list
}

// nameMissing: nothing was tried beyond the name.
func nameMissing(con facts.Console) Claim {
	if con.Addresses.Value != nil && len(*con.Addresses.Value) > 0 {
		return unseen("handshakes", nil)
	}
	why := orMalformed(con.Addresses.Why())
	switch why.Kind {
	case facts.NotFound:
		return confirmed(Observed, because("name_not_found", nameArgs(con)...))
	case facts.Timeout, facts.Unreachable:
		return confirmed(Observed, because("name_not_resolved", nameArgs(con)...))
	case facts.Unavailable: // SERVFAIL or REFUSED: the resolver is there, and does not want to or cannot
		return confirmed(Observed, because("name_refused", nameArgs(con)...))
	default:
		return unseen("console_name", why)
	}
}

// nameAstray: the name leads to this machine, to nowhere, or where every name leads. A
// certificate that verifies refutes it: then the console itself lives there.
func nameAstray(con facts.Console) Claim {
	if certificate(con).Verdict == Refuted {
		return unknown()
	}
	var everywhere []string
	if con.NoSuchName != nil && con.NoSuchName.Value != nil {
		everywhere = *con.NoSuchName.Value
	}
	for _, a := range odd(con) {
		switch {
		case slices.Contains(everywhere, a.String()):
			return confirmed(Observed, because("name_wildcard", wayArgs(con, "address", a.String())...))
		case a.IsLoopback(), a.IsUnspecified(), thisNetwork.Contains(a):
			return confirmed(Observed, because("name_sinkholed", wayArgs(con, "address", a.String())...))
		}
	}
	return unknown()
}

// everywhereUnread: the addresses look odd, and it was not found out whether every name leads to
// them; what answers there may be anybody.
func everywhereUnread(con facts.Console) *facts.Failure {
	if con.NoSuchName == nil || con.NoSuchName.Value != nil || certificate(con).Verdict == Refuted {
		return nil
	}
	why := con.NoSuchName.Why()
	if why.Kind == facts.NotFound { // such a name leads nowhere, as it should
		return nil
	}
	return why
}

// privateName: behind what keeps the console from being reached may be an address that the
// Internet does not know. Some networks mean it so, for the way through a gateway of their own.
func privateName(con facts.Console) []Reason {
	list := odd(con)
	if len(list) == 0 {
		return nil
	}
	return []Reason{because("name_private", wayArgs(con, "address", list[0].String())...)}
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")     // RFC 791; Linux connects it to this machine
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
)

// local: an address, or a name for tests (RFC 6761 sections 6.2 and 6.3). Both lead where somebody
// wants them to lead, and no public authority makes a certificate for them.
func local(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".test")
}

// odd are the addresses that no service on the Internet has.
func odd(con facts.Console) []netip.Addr {
	if local(con.Host) || con.Proxy != nil || con.Addresses.Value == nil {
		return nil
	}
	var everywhere []string
	if con.NoSuchName != nil && con.NoSuchName.Value != nil {
		everywhere = *con.NoSuchName.Value
	}
	var list []netip.Addr
	for _, s := range *con.Addresses.Value {
		a, err := netip.ParseAddr(s)
		if err != nil {
			continue
		}
		a = a.Unmap()
		if a.IsLoopback() || a.IsUnspecified() || a.IsPrivate() || a.IsLinkLocalUnicast() ||
			thisNetwork.Contains(a) || sharedSpace.Contains(a) || slices.Contains(everywhere, a.String()) {
			list = append(list, a)
		}
	}
	return list
}

// failingAddresses are those of the host that could not be connected to, when others could.
func failingAddresses(con facts.Console) string {
	var failing []string
	opened := false
	for _, a := range con.Connects {
		switch a.Outcome {
		case facts.OutcomeOK:
			opened = true
		case facts.OutcomeRefused, facts.OutcomeTimeout, facts.OutcomeUnreachable:
			failing = append(failing, a.Address+" ("+string(a.Outcome)+")")
		}
	}
	if !opened {
		return ""
	}
	return strings.Join(failing, ", ")
}

func examineBetween(x *Exam) {
	con := consoleOf(x)
	if con.Value == nil {
		x.Find("", unseenConsole(con))
		return
	}
	claims := []Claim{otherAnswers(*con.Value), certificate(*con.Value)}
	for _, c := range []Claim{pageInBetween(*con.Value), filterHere(*con.Value)} {
		if c.Verdict > Unknown { // neither is asked for when all is well
			claims = append(claims, c)
		}
	}
	x.Find("", capInferred(*con.Value, anyOf(claims...)))
}

// meeting is what a hello met, as far as the signatures ask.
type meeting uint16

const (
	newVersion meeting = 1 << iota // answered at TLS 1.2 or later
	oldVersion                     // answered below
	alerted                        // refused with an alert
	cutOff                         // reset, or closed without a word
	silence
	clearText // an answer that is not TLS
	garbled   // an answer that begins like TLS and makes no sense
	brokenOff // an answer that begins, and does not come to its end
	ownFault  // sent, and this side could not go on
	unsent
)

const (
	mute  = cutOff | silence // no answer of any kind
	spoke = newVersion | oldVersion | alerted | clearText
)

// meetingOf sorts an answer. The hello that is none is answered by any bytes.
func meetingOf(h facts.Hello) meeting {
	if begins(h) {
		return brokenOff
	}
	switch h.Outcome {
	case facts.OutcomeOK:
		switch {
		case h.Name == facts.HelloHTTP && strings.HasPrefix(h.First, "..."):
			// Three bytes that are no text, as the head of a TLS record: it refuses clear text with an alert.
			return alerted
		case h.Name == facts.HelloHTTP:
			return clearText
		case tlsVersions[h.Version] >= tlsclient.TLS12:
			return newVersion
		default:
			return oldVersion
		}
	case facts.OutcomeAlert:
		return alerted
	case facts.OutcomeReset, facts.OutcomeClosed:
		return cutOff
	case facts.OutcomeTimeout:
		return silence
	case facts.OutcomeNotTLS:
		return clearText
	case facts.OutcomeMalformed:
		return garbled
	default:
		return ownFault
	}
}

// begins: an answer to a hello that begins, and then the connection ends or falls silent.
func begins(h facts.Hello) bool {
	return h.Bytes > 0 && (h.Outcome == facts.OutcomeTimeout || h.Outcome == facts.OutcomeReset || h.Outcome == facts.OutcomeClosed)
}

// situation is one way in which the path shows: what each hello met. A hello that it does not name
// may have met anything.
type situation struct {
	code    string  // its sentence
	verdict Verdict // of X2
	met     map[facts.HelloName]meeting
}

type hellos = map[facts.HelloName]meeting

// situations are the signatures of a path that breaks TLS, by what the hellos met (measured against
// real servers and filters); the first that fits counts. Where one that the console documents is
// answered nothing stands in the way: it is not in this list.
var situations = []situation{
	// Clear text: a sign-in page of the network, the port of a proxy, another service.
	{"not_tls", Confirmed, hellos{facts.HelloModern: clearText}},
	{"not_tls", Confirmed, hellos{facts.HelloModern: ownFault | unsent, facts.HelloTLS12: clearText}},

	// The answer begins and breaks off: what comes in full packets is lost on its way back.
	{"answer_breaks_off", Supported, hellos{facts.HelloModern: brokenOff}},
	{"answer_breaks_off", Supported, hellos{facts.HelloModern: mute | ownFault, facts.HelloSmall: brokenOff}},
	{"answer_breaks_off", Supported, hellos{facts.HelloModern: mute | ownFault, facts.HelloSmallFull: brokenOff}},
	{"answer_breaks_off", Supported, hellos{facts.HelloModern: mute | ownFault, facts.HelloTLS12: brokenOff}},

	// A hello in two segments is lost that arrives in one: boxes that do not reassemble.
	// Like is compared with like: the small one carried through, too, where that was tried.
	{"large_hello", Confirmed, hellos{facts.HelloModern: mute, facts.HelloSmall: newVersion, facts.HelloSmallFull: newVersion | unsent}},
	// It arrives, and is not liked.
	{"modern_hello_refused", Supported, hellos{facts.HelloModern: alerted, facts.HelloSmall: newVersion, facts.HelloSmallFull: newVersion | unsent}},
	// The full handshake fails on this side although the peer answers: nothing is said of the way.
	{"own_handshake_fails", Unknown, hellos{facts.HelloModern: ownFault | garbled | mute | alerted, facts.HelloSmall: newVersion}},
	// Any mention of TLS 1.3 is too much for it.
	{"tls13_intolerant", Confirmed, hellos{facts.HelloModern: mute | alerted, facts.HelloTLS12: newVersion}},

	// The name decides: another name, or none, is answered on the same connection.
	{"sni_filter", Confirmed, hellos{facts.HelloModern: mute, facts.HelloTLS12: mute, facts.HelloOtherSNI: spoke}},
	{"sni_filter", Confirmed, hellos{facts.HelloModern: mute, facts.HelloTLS12: mute, facts.HelloNoSNI: spoke}},

	// Below TLS 1.2 something answers, from 1.2 on not: because the way cuts or drops what offers 1.2,
	// or by its own refusal.
	{"tls12_cut", Supported, hellos{facts.HelloModern: cutOff, facts.HelloTLS12: cutOff, facts.HelloTLS11: oldVersion}},
	{"tls12_cut", Supported, hellos{facts.HelloModern: cutOff, facts.HelloTLS12: cutOff, facts.HelloTLS10: oldVersion}},
	{"tls12_dropped", Supported, hellos{facts.HelloModern: silence, facts.HelloTLS12: silence, facts.HelloTLS11: oldVersion}},
	{"tls12_dropped", Supported, hellos{facts.HelloModern: silence, facts.HelloTLS12: silence, facts.HelloTLS10: oldVersion}},
	{"capped", Supported, hellos{facts.HelloModern: alerted, facts.HelloTLS12: alerted | oldVersion, facts.HelloTLS11: oldVersion}},
	{"capped", Supported, hellos{facts.HelloModern: alerted, facts.HelloTLS12: alerted | oldVersion, facts.HelloTLS10: oldVersion}},

	// TLS is what is cut or dropped: clear text on the same port gets an answer.
	{"tls_cut", Supported, hellos{facts.HelloModern: cutOff, facts.HelloTLS12: cutOff, facts.HelloHTTP: spoke}},
	{"tls_dropped", Supported, hellos{facts.HelloModern: silence, facts.HelloTLS12: silence, facts.HelloHTTP: spoke}},
	// Everything is cut: a firewall, an intrusion prevention system after too many tries, or the server.
	{"all_cut", Supported, hellos{facts.HelloModern: cutOff, facts.HelloTLS12: cutOff}},

	{"garbled", Confirmed, hellos{facts.HelloModern: ownFault | garbled, facts.HelloTLS12: garbled}},
	{"no_modern_version", Supported, hellos{facts.HelloModern: spoke | mute, facts.HelloTLS12: alerted | cutOff}},
	{"no_modern_version", Supported, hellos{facts.HelloModern: alerted, facts.HelloTLS12: spoke | mute}},
}

// fits says whether the hellos met what the situation says.
func (s situation) fits(met hellos) bool {
	for name, may := range s.met {
		got, sent := met[name]
		if !sent {
			got = unsent
		}
		if may&got == 0 {
			return false
		}
	}
	return true
}

// otherAnswers: what answers is not the documented console, which speaks TLS, has version 1.2
// and neither 1.0 nor 1.1, or the way breaks what both would speak.
func otherAnswers(con facts.Console) Claim {
	met := hellos{}
	for _, h := range con.Hellos {
		met[h.Name] = meetingOf(h)
		if h.Sentinel == "1.3" && h.Outcome == facts.OutcomeOK && (h.Name == facts.HelloModern || h.Name == facts.HelloSmall) {
			return confirmed(Observed, because("hello_edited", wayArgs(con, "version", h.Version)...))
		}
	}
	if met[facts.HelloModern]|met[facts.HelloSmall]|met[facts.HelloTLS12] == 0 {
		return versionsAnswered(con, met) // evidence without hellos of known shape, or none was sent
	}
	if met[facts.HelloModern] == newVersion {
		return versionsAnswered(con, met)
	}
	for _, h := range con.Hellos {
		if h.Name == facts.HelloModern && h.Alert == unrecognizedName {
			return supported(Observed, because("name_unknown_there", wayArgs(con)...))
		}
	}
	for _, s := range situations {
		switch {
		case !s.fits(met):
		case s.code == "not_tls" && con.Proxy != nil: // it answered CONNECT with 200, and then spoke for itself
			return confirmed(Observed, because("proxy_own_page", wayArgs(con)...))
		default:
			return Claim{s.verdict, Observed, []Reason{because(s.code, wayArgs(con, details(con)...)...)}}
		}
	}
	if c := versionsAnswered(con, met); c.Verdict != Refuted {
		return c
	}
	// The versions look well, and the hello of a current browser met something else.
	return unknown(because("modern_version_unclear", wayArgs(con, "versions", "TLS 1.2, TLS 1.3")...))
}

// unrecognizedName is the alert of a server that does not serve the name it was told (RFC 6066, 3).
const unrecognizedName = 112

// details are what the sentences of the situations show besides the way.
func details(con facts.Console) []string {
	var args []string
	for _, h := range con.Hellos {
		switch {
		case h.Name == facts.HelloModern && h.Size > 0:
			args = append(args, "size", strconv.Itoa(h.Size))
		case h.Name == facts.HelloSmall && h.Size > 0:
			args = append(args, "small", strconv.Itoa(h.Size))
		case (h.Name == facts.HelloTLS11 || h.Name == facts.HelloTLS10) && h.Outcome == facts.OutcomeOK:
			if version, ok := strings.CutPrefix(h.Version, "1."); ok {
				args = append(args, "versions", "TLS 1."+version)
			} else {
				args = append(args, "versions", h.Version)
			}
		}
	}
	return args
}

// versionsAnswered goes by the versions alone. An old hello that is reset or closed was not
// answered, however rudely; one for TLS 1.2 that was neither answered nor refused may have been
// broken on the way.
func versionsAnswered(con facts.Console, sent hellos) Claim {
	var old []string
	failed := map[string]bool{} // the versions of which it was seen that nothing speaks them here
	reached, modernOK, clear12, notTLS := false, false, false, false
	for _, h := range con.Handshakes {
		v := tlsVersions[h.Version]
		switch h.Outcome {
		case facts.OutcomeOK:
			modernOK = modernOK || modern(h)
			clear12 = clear12 || v == tlsclient.TLS12
			if v != 0 && !modern(h) {
				old = append(old, "TLS "+h.Version)
			}
		case facts.OutcomeAlert, facts.OutcomeReset, facts.OutcomeClosed:
			reached, failed[h.Version] = true, true
			clear12 = clear12 || v == tlsclient.TLS12 && h.Outcome == facts.OutcomeAlert &&
				tlsclient.RefusedBy(v, h.Alert) == tlsclient.ByVersion
		case facts.OutcomeTimeout:
			failed[h.Version] = modern(h) // of an old one silence says nothing
		case facts.OutcomeNotTLS:
			notTLS = notTLS || modern(h)
		}
	}
	for _, h := range con.Hellos { // two ways to ask the same: what answers one of them is there
		if name := "TLS " + h.Version; oldAnswered(h) && !slices.Contains(old, name) {
			old = append(old, name)
		}
	}
	// A hello for TLS 1.2 that is answered, or refused for its suites, was not broken on the way.
	clear12 = clear12 || (sent[facts.HelloWeak]|sent[facts.HelloTLS12])&(newVersion|alerted) != 0
	unclear := func(code string, among ...string) Claim {
		among = slices.DeleteFunc(among, func(v string) bool { return failed[strings.TrimPrefix(v, "TLS ")] })
		return unknown(because(code, wayArgs(con, "versions", strings.Join(among, ", "))...))
	}
	switch {
	case notTLS && !modernOK:
		return confirmed(Observed, because("not_tls", wayArgs(con)...))
	case len(old) > 0:
		return supported(Observed, because("old_version_answered", wayArgs(con, "versions", strings.Join(old, ", "))...))
	case modernOK && (!failed["1.0"] || !failed["1.1"]):
		return unclear("old_version_unclear", "TLS 1.0", "TLS 1.1")
	case modernOK && !clear12:
		return unknown(because("modern_version_unclear", wayArgs(con, "versions", "TLS 1.2")...))
	case modernOK:
		return refuted(Observed, because("versions_as_documented", wayArgs(con, "versions", accepted(con))...))
	case reached && failed["1.2"] && failed["1.3"]:
		return supported(Observed, because("no_modern_version", wayArgs(con)...))
	case reached:
		return unclear("modern_version_unclear", "TLS 1.2", "TLS 1.3")
	default:
		return unknown(because("no_modern_answer", wayArgs(con)...))
	}
}

// oldAnswered: a hello that offers nothing newer than TLS 1.1 was answered.
func oldAnswered(h facts.Hello) bool {
	return (h.Name == facts.HelloTLS10 || h.Name == facts.HelloTLS11) && meetingOf(h) == oldVersion && tlsVersions[h.Version] != 0
}

// certificate: the chain does not verify. One that verifies refutes interception, whoever
// issued it; that its root was installed here on purpose is for the reader to see. One that was
// not wholly read, or verifies beside a problem, shows nothing.
func certificate(con facts.Console) Claim {
	c := con.Certificate
	if !c.Complete() || c.Value.Verified == nil {
		return unseen("certificate", orMalformed(c.Why()))
	}
	if *c.Value.Verified && c.Value.Problem != "" {
		return unknown(because("certificate_contradicts", wayArgs(con, "problem", problemTerm(*c.Value))...))
	}
	args := wayArgs(con, "issuer", c.Value.Issuer, "subject", c.Value.Subject)
	switch {
	case *c.Value.Verified && inspected(con):
		return refuted(Observed, because("chain_private", args...))
	case *c.Value.Verified:
		return refuted(Observed, because("chain_verifies", args...))
	}
	claim := confirmed(Observed, because("certificate_unverified", append(args, "problem", problemTerm(*c.Value))...))
	claim.Reasons = append(claim.Reasons, signsOfInspection(con)...)
	return claim
}

// problemTerm is the term for why a certificate does not verify.
func problemTerm(c facts.Certificate) string {
	term := "certificate_" + c.Problem
	if c.SelfSigned {
		term = "certificate_self_signed"
	}
	if _, ok := pathWords[term]; !ok {
		term = "certificate_other"
	}
	return term
}

// outcomeTerm is the term for how a connection or a hello ended.
func outcomeTerm(o facts.Outcome) string {
	term := "outcome_" + string(o)
	if _, ok := pathWords[term]; !ok {
		term = "outcome_failed"
	}
	return term
}

// inspected: the chain verifies, but only because its root was installed on this machine or named in
// the configuration. What was enumerated is then what the inspecting device accepts.
func inspected(con facts.Console) bool {
	c := con.Certificate.Value
	return c != nil && c.Verified != nil && *c.Verified && c.Public != nil && !*c.Public && !local(con.Host)
}

// gateways are words in the issuers of devices that inspect TLS.
var gateways = []string{
	"aruba", "avast", "barracuda", "bitdefender", "blue coat", "bluecoat", "check point", "checkpoint", "cisco", "eset", "forcepoint",
	"fortinet", "fortigate", "iwsa", "kaspersky", "mcafee", "mitmproxy", "netskope", "palo alto", "pan-fw", "sonicwall", "sophos", "squid",
	"symantec", "trend micro", "ubiquiti", "unifi", "untangle", "watchguard", "zscaler",
}

// signsOfInspection are what a certificate that does not verify has in common with those that
// gateways make. Each is weak alone: none decides anything.
func signsOfInspection(con facts.Console) []Reason {
	c, issuer := con.Certificate.Value, strings.ToLower(con.Certificate.Value.Issuer)
	var signs []Reason
	if slices.ContainsFunc(gateways, func(g string) bool { return strings.Contains(issuer, g) }) {
		signs = append(signs, because("sign_gateway", "issuer", c.Issuer))
	}
	if c.SCTs != nil && *c.SCTs == 0 && c.Problem == "unknown_authority" {
		signs = append(signs, because("sign_unlogged"))
	}
	if weakAnswered(con) {
		signs = append(signs, because("sign_weak", wayArgs(con)...))
	}
	return signs
}

func weakAnswered(con facts.Console) bool {
	return slices.ContainsFunc(con.Hellos, func(h facts.Hello) bool {
		return h.Name == facts.HelloWeak && meetingOf(h) == newVersion
	})
}

// weakNote: the console itself still takes weak suites. That lets old clients in, and is not what its
// document says; whether it is meant so, nobody here can tell.
func weakNote(con facts.Console) []Reason {
	if !weakAnswered(con) || proven(con).Verdict != Confirmed || inspected(con) {
		return nil
	}
	return []Reason{because("weak_accepted", wayArgs(con)...)}
}

// pageInBetween: what came over the connection is a proxy's or a portal's page.
func pageInBetween(con facts.Console) Claim {
	p := con.Page
	if p == nil || p.Outcome != facts.OutcomeOK {
		return unknown()
	}
	args := wayArgs(con, "status", "HTTP "+strconv.Itoa(p.Status), "via", p.Via, "error", p.ProxyError, "location", p.Location)
	switch {
	case p.ProxyError != "":
		return confirmed(Observed, because("proxy_page", args...))
	case p.Via != "" && (p.Status == 401 || p.Status == 403 || p.Status == 407 || p.Status >= 500):
		return supported(Observed, because("gateway_page", args...))
	case p.Location != "" && !strings.EqualFold(p.Location, con.Host):
		elsewhere := because("sent_elsewhere", args...)
		switch certificate(con).Verdict {
		case Refuted: // the console itself sends people to where they sign in
			return unknown()
		case Confirmed:
			return confirmed(Observed, elsewhere)
		default:
			return supported(Observed, elsewhere)
		}
	default:
		return unknown()
	}
}

// filterHere: a hello that this machine sends to itself does not arrive as it was sent, so the
// filter is on this machine.
func filterHere(con facts.Console) Claim {
	l := con.Local
	switch {
	case l == nil:
		return unknown()
	case l.Altered:
		return confirmed(Observed, because("filter_here_alters", wayArgs(con)...))
	case l.Outcome == facts.OutcomeReset, l.Outcome == facts.OutcomeClosed, l.Outcome == facts.OutcomeTimeout:
		return confirmed(Observed, because("filter_here_cuts", wayArgs(con)...))
	default:
		return unknown()
	}
}

// portalNote is what was seen of the way to the licensing portal, where a sign-in starts. It is a
// line of its own, and never a cause: the trouble is the console's.
func portalNote(p *facts.Portal) []Reason {
	if p == nil {
		return nil
	}
	args := []string{"host", p.Host, "port", strconv.Itoa(p.Port)}
	opened := slices.ContainsFunc(p.Connects, func(a facts.Connect) bool { return a.Outcome == facts.OutcomeOK })
	spoken := slices.ContainsFunc(p.Hellos, func(h facts.Hello) bool { return meetingOf(h) == newVersion })
	switch c := p.Certificate.Value; {
	case spoken && c != nil && c.Verified != nil && !*c.Verified:
		return []Reason{because("portal_certificate", append(args, "issuer", c.Issuer)...)}
	case spoken:
		return []Reason{because("portal_answers", args...)}
	case opened:
		return []Reason{because("portal_no_tls", args...)}
	case len(p.Connects) > 0:
		return []Reason{because("portal_no_connection", args...)}
	case p.Addresses.Why() != nil && p.Addresses.Why().Kind != facts.NotCollected:
		return []Reason{because("portal_no_name", args...)}
	case p.Addresses.Value != nil: // the name is there, and the time was over before a connection
		return []Reason{because("portal_not_tried", args...)}
	default:
		return nil
	}
}

// networkStep is what to do about one or more of the reasons of X1 and X2.
type networkStep struct {
	reasons []string
	proxied Text // instead, when a proxy is in use; empty: the same
	text    Text
}

// wayOut are the steps in the order of the way.
var wayOut = []networkStep{
	{reasons: []string{"host_inferred"}, text: Text{
		"Sign in to the console in a browser, copy the host from the address bar into cas.console, and run casdoctor again.",
		"ブラウザで管理コンソールにログオンし、アドレス バーのホスト名を cas.console に設定して、casdoctor を再実行します。",
	}},
	{
		reasons: []string{"name_not_found", "name_not_resolved"},
		text: Text{
			"Check how the name {asked} is written, then the DNS servers of this machine.",
			"{asked} という名前の綴りを確認し、次にこのコンピュータの DNS サーバを確認します。",
		},
		proxied: Text{
			"Check how the name of the proxy {proxy} is written (network.proxy, --via or HTTPS_PROXY), then the DNS servers of this machine.",
			"プロキシ {proxy} の名前の綴り (network.proxy、--via、または HTTPS_PROXY) を確認し、次にこのコンピュータの DNS サーバを確認します。",
		},
	},
	{reasons: []string{"name_refused"}, text: Text{
		"Ask whoever runs the DNS servers of this machine why they refuse {asked}: a policy, or a forwarder that does not answer. Check with another DNS server.",
		"このコンピュータの DNS サーバの管理者に、{asked} を拒否する理由 (ポリシー、または応答しない転送先) を確認します。別の DNS サーバでも確認してください。",
	}},
	{reasons: []string{"name_sinkholed"}, text: Text{
		"Remove {host} from the hosts file of this machine and from the block list of the DNS filter.",
		"このコンピュータの hosts ファイルと、DNS フィルタのブロック リストから {host} を削除します。",
	}},
	{reasons: []string{"name_wildcard"}, text: Text{
		"Sign in to the network first if it has a sign-in page, or use a DNS server that does not answer for names that do not exist.",
		"ネットワークにログイン ページがある場合は先にログインします。または、存在しない名前に応答しない DNS サーバを使用します。",
	}},
	{
		reasons: []string{"port_refused", "port_silent", "no_route"},
		text: Text{
			"Allow outgoing connections to {host}, TCP port {port}, in the firewall, or set network.proxy (or --via) if this network needs a proxy.",
			"ファイアウォールで {host} の TCP ポート {port} への発信接続を許可します。プロキシが必要なネットワークでは network.proxy (または --via) を設定します。",
		},
		proxied: Text{
			"Check that the proxy {proxy} runs and lets this machine through to {host}, TCP port {port}.",
			"プロキシ {proxy} が動作し、このコンピュータから {host} の TCP ポート {port} への接続を通すことを確認します。",
		},
	},
	{
		reasons: []string{"silent"},
		text: Text{
			"The connection opens, so the port is allowed: look for TLS inspection on the way and exempt {host} from it, or set network.proxy (or --via) if this network needs a proxy.",
			"接続は開くため、ポートは許可されています。経路上の TLS 検査を調べて {host} を対象から除外するか、プロキシが必要なネットワークでは network.proxy (または --via) を設定します。",
		},
		proxied: Text{
			"Ask whoever runs the proxy {proxy}: it takes the connection to {host}, and nothing comes back. Look for TLS inspection there.",
			"プロキシ {proxy} の管理者に確認します。{host} への接続は受け付けられましたが、応答がありません。TLS 検査の有無を調べてください。",
		},
	},
	{reasons: []string{"name_private"}, text: Text{
		"If {host} is not meant to lead to an address inside of this network, correct the DNS zone that says so.",
		"{host} を社内のアドレスに向ける意図がない場合は、そう応答している DNS ゾーンを修正します。",
	}},
	{reasons: []string{"proxy_refused"}, text: Text{
		"Allow CONNECT to {host}:{port} on the proxy {proxy}.",
		"プロキシ {proxy} で {host}:{port} への CONNECT を許可します。",
	}},
	{reasons: []string{"proxy_auth"}, text: Text{
		"Let this machine through the proxy {proxy} without credentials, or give network.proxy (or --via) another proxy.",
		"プロキシ {proxy} で、このコンピュータを認証なしで許可するか、network.proxy (または --via) に別のプロキシを指定します。",
	}},
	{reasons: []string{"proxy_credentials"}, text: Text{
		"Correct the credentials for the proxy {proxy}, or let this machine through it without any.",
		"プロキシ {proxy} の資格情報を修正するか、このコンピュータを認証なしで許可します。",
	}},
	{reasons: []string{"proxy_fails"}, text: Text{
		"Ask whoever runs the proxy {proxy}: it takes the request, but does not reach {host}:{port} itself. Its own DNS and firewall come next.",
		"プロキシ {proxy} の管理者に確認します。要求は受け付けられましたが、プロキシから {host}:{port} に接続できていません。プロキシ側の DNS とファイアウォールを確認してください。",
	}},
	{reasons: []string{"not_a_proxy"}, text: Text{
		"Correct network.proxy (or --via, or HTTPS_PROXY): what listens at {proxy} is a web server, not a proxy.",
		"network.proxy (または --via、HTTPS_PROXY) を修正します。{proxy} で応答しているのは Web サーバで、プロキシではありません。",
	}},
	{reasons: []string{"proxy_page", "proxy_own_page", "gateway_page"}, text: Text{
		"Ask whoever runs the proxy why it shows a page of its own for {host}, and exempt {host} from TLS inspection there.",
		"{host} の代わりに自身のページを表示する理由をプロキシの管理者に確認し、{host} を TLS 検査の対象から除外します。",
	}},
	{reasons: []string{"not_tls", "sent_elsewhere", "garbled"}, text: Text{
		"Find out what answers in place of {host}: a sign-in page of the network, a proxy port, or another service. Sign in there, or let {host} past it.",
		"{host} の代わりに応答しているもの (ネットワークのログイン ページ、プロキシのポート、別のサービスなど) を特定し、そこでログインするか、{host} を対象から除外します。",
	}},
	{reasons: []string{"name_unknown_there"}, text: Text{
		"Check the console's host (cas.console) against the address bar. If it is right, look for what answers in place of {host}.",
		"管理コンソールのホスト (cas.console) をアドレス バーの表示と照合します。正しい場合は、{host} の代わりに応答しているものを調べます。",
	}},
	{reasons: []string{"filter_here_alters", "filter_here_cuts"}, text: Text{
		"Exempt {host} in the security software of this machine that looks into TLS, or switch its TLS scanning off for a test.",
		"このコンピュータで TLS を検査しているセキュリティ ソフトの対象から {host} を除外するか、試しに TLS の検査を無効にします。",
	}},
	{reasons: []string{"answer_breaks_off"}, text: Text{
		"Check the MTU on the way to {host} (a VPN or a tunnel lowers it), that the firewall lets ICMP \"fragmentation needed\" and \"packet too big\" through, and whether a device on the way drops large packets.",
		"{host} までの経路の MTU (VPN やトンネルでは小さくなります)、ファイアウォールが ICMP の「fragmentation needed」と「packet too big」を通すこと、大きなパケットを破棄する装置の有無を確認します。",
	}},
	{reasons: []string{"large_hello"}, text: Text{
		"Update the firewall or the inspection device on the way: it must pass a TLS hello that comes in two segments. Until then, browsers can be told to leave the post-quantum key share out.",
		"経路上のファイアウォールや検査装置を更新し、2 つのセグメントに分かれた TLS の hello を通すようにします。それまでの間は、ブラウザの設定で耐量子鍵交換を無効にできます。",
	}},
	{reasons: []string{"tls13_intolerant", "hello_edited", "modern_hello_refused"}, text: Text{
		"Update the device on the way so that it passes TLS 1.3 unchanged, or exempt {host} from it.",
		"経路上の装置を TLS 1.3 をそのまま通すように更新するか、{host} を対象から除外します。",
	}},
	{reasons: []string{"old_version_answered", "no_modern_version", "capped", "tls12_cut", "tls12_dropped"}, text: Text{
		"Exempt {host} from TLS inspection, or update the device on the way so that it passes TLS 1.2 and later.",
		"{host} を TLS 検査の対象から除外するか、経路上の装置を TLS 1.2 以降に対応させます。",
	}},
	{reasons: []string{"sni_filter"}, text: Text{
		"Allow {host} in the web filter: it looks at the server name of the TLS hello.",
		"Web フィルタで {host} を許可します。TLS の hello に含まれるサーバ名で判断されています。",
	}},
	{reasons: []string{"tls_cut", "tls_dropped", "all_cut"}, text: Text{
		"Look for {host} in the logs of the firewall and of the intrusion prevention system, and allow TLS to TCP port {port} there. Wait some minutes before trying again: some block for a while after many tries.",
		"ファイアウォールと侵入防御システムのログで {host} を調べ、TCP ポート {port} への TLS を許可します。多数の試行の後で一時的に遮断される場合があるため、数分待ってから再実行してください。",
	}},
}

// certificateSteps are the steps for a certificate that does not verify, by its problem.
var certificateSteps = map[string]Text{
	"expired": {
		"Check the clock of this machine. If it is right, show the certificate to whoever runs the network, and then to Trend Micro.",
		"このコンピュータの時計を確認します。正しい場合は、証明書をネットワーク管理者、次にトレンドマイクロに提示します。",
	},
	"wrong_host": {
		"Check the console's host (cas.console). If it is right, exempt {host} from TLS inspection.",
		"管理コンソールのホスト (cas.console) を確認します。正しい場合は、{host} を TLS 検査の対象から除外します。",
	},
	"": {
		"If this network inspects TLS on purpose, set network.ca_file (or --ca-file) to its root certificate and install that on the clients. Otherwise exempt {host} from the inspection.",
		"意図的に TLS を検査しているネットワークでは、そのルート証明書を network.ca_file (または --ca-file) に設定し、クライアントにもインストールします。そうでない場合は、{host} を検査の対象から除外します。",
	},
}

// networkSteps are the steps for what was found of the way.
func networkSteps(x *Exam) []Text {
	con := consoleOf(x)
	if con.Value == nil {
		return nil
	}
	found, args := x.Found(x.Pair().Cause, ""), because("", wayArgs(*con.Value)...).Args
	var steps []Text
	for _, s := range wayOut {
		switch {
		case !hasReason(found, s.reasons...):
		case con.Value.Proxy != nil && s.proxied.EN != "":
			steps = append(steps, s.proxied.with(args, nil))
		default:
			steps = append(steps, s.text.with(args, nil))
		}
	}
	if hasReason(found, "certificate_unverified") {
		problem := con.Value.Certificate.Value.Problem
		if problem == "not_yet_valid" {
			problem = "expired"
		}
		step, ok := certificateSteps[problem]
		if !ok {
			step = certificateSteps[""]
		}
		steps = append(steps, step.with(args, nil))
	}
	return append(steps, text("All this was seen from this machine. Run casdoctor in the network of whoever cannot open the console, too.",
		"以上はこのコンピュータから見た結果です。管理コンソールを開けない利用者のネットワークでも casdoctor を実行してください。"))
}

// pathWords are the sentences of the reasons of X1 and X2, and their terms.
var pathWords = map[string]Text{
	"console":                       {"The console", "管理コンソール"},
	"console_name":                  {"The address of the console", "管理コンソールのアドレス"},
	"handshakes":                    {"The TLS handshakes with the console", "管理コンソールとの TLS ハンドシェイク"},
	"certificate":                   {"The certificate of the console", "管理コンソールの証明書"},
	"certificate_expired":           {"it has expired", "有効期限切れ"},
	"certificate_not_yet_valid":     {"it is not valid yet", "まだ有効期間前"},
	"certificate_wrong_host":        {"it is for another host", "別のホストの証明書"},
	"certificate_unknown_authority": {"its issuer is not trusted here", "発行者がここでは信頼されていない"},
	"certificate_self_signed":       {"it has signed itself", "自己署名"},
	"certificate_other":             {"for a reason that is not known here (see -v)", "理由は不明 (-v を参照)"},

	"outcome_ok":            {"answered", "応答あり"},
	"outcome_alert":         {"refused with an alert", "アラートで拒否"},
	"outcome_reset":         {"reset", "リセット"},
	"outcome_closed":        {"closed without a word", "無応答で切断"},
	"outcome_timeout":       {"no answer", "応答なし"},
	"outcome_refused":       {"refused: the port is closed", "拒否 (ポートが閉じている)"},
	"outcome_unreachable":   {"no way there, or forbidden on the way", "経路なし、または途中で禁止"},
	"outcome_not_tls":       {"an answer that is not TLS", "TLS ではない応答"},
	"outcome_malformed":     {"an answer that makes no sense", "内容の成り立たない応答"},
	"outcome_proxy_refused": {"refused by the proxy", "プロキシが拒否"},
	"outcome_proxy_auth":    {"the proxy wants other credentials", "プロキシが認証を要求"},
	"outcome_proxy_kind":    {"a proxy that cannot be used here", "使用できない種類のプロキシ"},
	"outcome_no_name":       {"the name cannot be resolved here", "ここでは名前を解決できない"},
	"outcome_failed":        {"failed for another reason", "その他の理由で失敗"},

	"answered": {
		"{host}, port {port}, answers.",
		"{host} のポート {port} は応答しています。",
	},
	"direct_fails": {
		"Only for information: without the proxy the connection from this machine fails ({outcome!}).",
		"参考: このコンピュータからプロキシを経由しない接続は失敗します ({outcome!})。",
	},
	"direct_works": {
		"Without the proxy the connection from this machine succeeds: the trouble is the proxy's.",
		"このコンピュータからプロキシを経由しない接続は成功します。原因はプロキシにあります。",
	},
	"some_addresses_fail": {
		"Only for information: this machine could not connect to every address: {addresses}.",
		"参考: このコンピュータから接続できないアドレスがあります: {addresses}。",
	},
	"host_inferred": {
		"The host {host} is not configured, and no document of the vendor names it. Set cas.console to the host that the address bar shows.",
		"ホスト {host} は設定されておらず、ベンダの文書にも記載がありません。アドレス バーに表示されるホストを cas.console に設定してください。",
	},
	"name_not_found": {
		"The name {asked} does not exist, says the DNS of this machine.",
		"このコンピュータの DNS では、{asked} という名前は存在しません。",
	},
	"name_not_resolved": {
		"The DNS of this machine gives no answer for {asked}.",
		"このコンピュータの DNS から {asked} の応答がありません。",
	},
	"name_refused": {
		"The DNS of this machine answers, but refuses {asked} or cannot find it out.",
		"このコンピュータの DNS は応答しますが、{asked} の解決を拒否したか、解決できません。",
	},
	"name_sinkholed": {
		"{host} resolves to {address}, which is this machine or nowhere: a DNS filter or the hosts file blocks the name.",
		"{host} は {address} に解決されます。これはこのコンピュータ自身か存在しない宛先で、DNS フィルタまたは hosts ファイルが名前を遮断しています。",
	},
	"name_wildcard": {
		"{host} resolves to {address}, as does a name that nobody has registered: the DNS of this network sends every name there.",
		"{host} は {address} に解決されますが、存在しない名前も同じ結果になります。このネットワークの DNS は、すべての名前をそこに誘導しています。",
	},
	"name_private": {
		"{host} resolves to {address}, an address that the Internet does not know.",
		"{host} は、インターネット上に存在しないアドレス {address} に解決されます。",
	},
	"port_refused": {
		"The connection from this machine to {asked} is refused: the port is closed.",
		"このコンピュータから {asked} への接続が拒否されました。ポートが閉じています。",
	},
	"port_silent": {
		"The connection from this machine to {asked} gets no answer: something on the way drops it.",
		"このコンピュータから {asked} への接続に応答がありません。経路上で破棄されています。",
	},
	"no_route": {
		"There is no way from here to {asked}: no route, or it is forbidden on the way.",
		"ここから {asked} への経路がないか、途中で禁止されています。",
	},
	"proxy_refused": {
		"The proxy {proxy} refuses to connect this machine to {host} ({status}).",
		"プロキシ {proxy} が、このコンピュータから {host} への接続を拒否しました ({status})。",
	},
	"proxy_auth": {
		"The proxy {proxy} wants credentials from this machine ({status}) ({scheme}).",
		"プロキシ {proxy} が、このコンピュータに認証を要求しています ({status}) ({scheme})。",
	},
	"proxy_credentials": {
		"The proxy {proxy} does not accept the credentials that it was given ({status}).",
		"プロキシ {proxy} は、渡された資格情報を受け付けません ({status})。",
	},
	"proxy_fails": {
		"The proxy {proxy} could not connect to {host} itself ({status}).",
		"プロキシ {proxy} 自身が {host} に接続できませんでした ({status})。",
	},
	"proxy_kind": {
		"{proxy} is a SOCKS proxy, or one that is itself spoken to in HTTPS: casdoctor goes to a console only through HTTP proxies (CONNECT). Set network.proxy (or --via, or HTTPS_PROXY) to an http:// address of it, or run casdoctor where no proxy is needed.",
		"{proxy} は SOCKS プロキシか、プロキシ自身に HTTPS で接続するものです。casdoctor が管理コンソールの確認に使えるのは HTTP プロキシ (CONNECT) だけです。network.proxy (または --via、HTTPS_PROXY) に http:// のアドレスを指定するか、プロキシの不要な場所で casdoctor を実行してください。",
	},
	"not_a_proxy": {
		"What listens at {proxy} does not understand a proxy's request ({status}).",
		"{proxy} で応答しているものは、プロキシへの要求を理解しません ({status})。",
	},
	"silent": {
		"A connection from this machine to {host} opens, but nothing answers on it.",
		"このコンピュータから {host} への接続は開きますが、何も応答しません。",
	},
	"connect_failed": {
		"The connection from this machine to {host} failed in a way that says nothing about the reason. Run again with -v.",
		"このコンピュータから {host} への接続は失敗しましたが、理由は分かりません。-v を付けて再実行してください。",
	},

	"not_tls": {
		"What answers for {host} does not speak TLS: a sign-in page of the network, a proxy, or another service.",
		"{host} の応答は TLS ではありません。ネットワークのログイン ページ、プロキシ、または別のサービスです。",
	},
	"answer_breaks_off": {
		"The answer of {host} begins and breaks off: something on the way loses large packets, or cuts the connection in the middle of the answer.",
		"{host} の応答は始まりますが、途中で途切れます。経路上の何かが大きなパケットを失っているか、応答の途中で接続を切断しています。",
	},
	"large_hello": {
		"A hello of {size} bytes from this machine, such as current browsers send, gets no answer from {host}; a small one does. Something on the way drops what comes in two segments.",
		"このコンピュータから送った、現在のブラウザと同じ {size} バイトの hello には {host} の応答がなく、小さいものには応答があります。経路上の何かが、2 つのセグメントに分かれたものを破棄しています。",
	},
	"modern_hello_refused": {
		"{host} refuses a hello of this machine like that of a current browser with an alert, and answers a smaller one with the same suites: something on the way, or in its place, does not stand what is new in it.",
		"{host} は、このコンピュータから送った現在のブラウザと同じ hello をアラートで拒否し、同じ暗号化スイートの小さいものには応答します。経路上の何か、または代わりに応答しているものが、新しい要素に対応していません。",
	},
	"own_handshake_fails": {
		"{host} answers, but casdoctor's own full handshake does not come to an end. That says nothing of the way: run again with -v, and try a browser.",
		"{host} は応答しますが、casdoctor 自身の完全なハンドシェイクが完了しません。経路については何も言えません。-v を付けて再実行し、ブラウザでも試してください。",
	},
	"garbled": {
		"What answers for {host} begins like TLS and makes no sense: it is not the console.",
		"{host} の応答は TLS のように始まりますが、内容が成り立ちません。管理コンソールではありません。",
	},
	"proxy_own_page": {
		"The proxy {proxy} took the connection to {host} and then answered in clear text itself.",
		"プロキシ {proxy} は {host} への接続を受け付けた後、自身が平文で応答しました。",
	},
	"tls13_intolerant": {
		"{host} answers a hello for TLS 1.2, but none that offers TLS 1.3 beside it. A server without TLS 1.3 would answer both: something on the way breaks the offer.",
		"{host} は TLS 1.2 の hello には応答しますが、TLS 1.3 も提示するものには応答しません。TLS 1.3 のないサーバでも応答するはずで、経路上の何かが妨げています。",
	},
	"hello_edited": {
		"{host} answered at TLS {version} and says that it would have spoken TLS 1.3: the hello offered that, so something on the way has changed it.",
		"{host} は TLS {version} で応答しましたが、TLS 1.3 が提示されなかったと通知しています。実際には提示しているため、経路上の何かが hello を書き換えています。",
	},
	"capped": {
		"{host} answers at {versions}, and refuses TLS 1.2 and later. The console is documented to do the opposite: a device on the way answers in its place, and ends at TLS 1.1.",
		"{host} は {versions} で応答し、TLS 1.2 以降を拒否します。文書化された管理コンソールとは逆で、TLS 1.1 までしか扱えない経路上の装置が代わりに応答しています。",
	},
	"tls12_cut": {
		"Every hello of this machine that offers TLS 1.2 or later is cut off; older ones are answered at {versions}. Something on the way cuts TLS 1.2.",
		"このコンピュータから TLS 1.2 以降を提示する hello は切断され、古いものには {versions} で応答があります。経路上の何かが TLS 1.2 を切断しています。",
	},
	"tls12_dropped": {
		"Every hello of this machine that offers TLS 1.2 or later disappears; older ones are answered at {versions}. Something on the way drops TLS 1.2.",
		"このコンピュータから TLS 1.2 以降を提示する hello は失われ、古いものには {versions} で応答があります。経路上の何かが TLS 1.2 を破棄しています。",
	},
	"sni_filter": {
		"A hello that names {host} gets no answer; the same hello with another name, or with none, does. A filter on the way looks at the name.",
		"{host} を名乗る hello には応答がなく、別の名前または名前なしの同じ hello には応答があります。経路上のフィルタが名前を見て遮断しています。",
	},
	"tls_cut": {
		"Every TLS hello of this machine is cut off (browsers say that the connection was closed or reset), although clear text on the same port gets an answer. A filter on the way cuts TLS, or the server refuses this network.",
		"同じポートの平文には応答がありますが、このコンピュータからの TLS の hello はすべて切断されます (ブラウザでは接続が閉じた、またはリセットされたと表示されます)。経路上のフィルタが TLS を切断しているか、サーバがこのネットワークを拒否しています。",
	},
	"tls_dropped": {
		"Every TLS hello of this machine disappears, although clear text on the same port gets an answer. A filter on the way drops TLS.",
		"同じポートの平文には応答がありますが、このコンピュータからの TLS の hello はすべて失われます。経路上のフィルタが TLS を破棄しています。",
	},
	"all_cut": {
		"Whatever this machine sends to {host} is cut off (browsers say that the connection was closed or reset). A firewall, an intrusion prevention system, or the server itself refuses this network; this does not say that the console is down.",
		"このコンピュータから {host} に何を送っても切断されます (ブラウザでは接続が閉じた、またはリセットされたと表示されます)。ファイアウォール、侵入防御システム、またはサーバ自身がこのネットワークを拒否しています。管理コンソールの停止を意味するものではありません。",
	},
	"name_unknown_there": {
		"What answers does not know the name {host}: it is another server.",
		"応答しているサーバは {host} という名前を知りません。別のサーバです。",
	},
	"old_version_answered": {
		"{host} answers {versions}, which the console is documented to have switched off: probably something else answers in its place.",
		"管理コンソールでは無効のはずの {versions} に {host} が応答しています。別の何かが代わりに応答している可能性があります。",
	},
	"versions_as_documented": {
		"TLS 1.0 and 1.1 are not answered, as documented. Answered: {versions}.",
		"文書のとおり TLS 1.0 と 1.1 には応答がなく、{versions} には応答があります。",
	},
	"old_version_unclear": {
		"Whether {host} answers {versions} could not be seen. Run again.",
		"{host} が {versions} に応答するかどうかを確認できませんでした。再実行してください。",
	},
	"modern_version_unclear": {
		"{host} gave no clear answer at {versions}: something on the way may break it. Run again, and from another network too.",
		"{host} から {versions} への明確な応答がありません。経路上の何かが妨げている可能性があります。別のネットワークも含めて再実行してください。",
	},
	"no_modern_version": {
		"Something answers this machine for {host}, but at no version from TLS 1.2 on: something on the way breaks it, or answers in its place.",
		"{host} から何らかの応答はありますが、このコンピュータからは TLS 1.2 以降で接続できません。経路上の何かが妨げているか、代わりに応答しています。",
	},
	"no_modern_answer": {
		"No handshake of this machine at TLS 1.2 or later was answered, so nothing can be said of what is at the end of the way.",
		"このコンピュータからの TLS 1.2 以降のハンドシェイクに応答がないため、経路の先に何があるかは判断できません。",
	},
	"chain_verifies": {
		"The certificate of {host} verifies (issuer: {issuer}).",
		"{host} の証明書は検証に成功しました (発行者: {issuer})。",
	},
	"chain_private": {
		"The certificate of {host} verifies, but only with a root that browsers do not ship (issuer: {issuer}): this network may inspect TLS on purpose. What is said of versions and cipher suites is then true of the inspecting device.",
		"{host} の証明書は検証に成功しましたが、ブラウザに同梱されていないルート証明書によるものです (発行者: {issuer})。このネットワークで意図的に TLS を検査している可能性があり、その場合、バージョンと暗号化スイートの結果は検査装置のものです。",
	},
	"certificate_contradicts": {
		"What was recorded of the certificate of {host} contradicts itself (it verifies, and: {problem!}), so it shows nothing. Run again.",
		"{host} の証明書の記録が矛盾しているため (検証に成功、しかし {problem!})、判断に使えません。再実行してください。",
	},
	"certificate_unverified": {
		"The certificate that is shown for {host} does not verify: {problem!} (issuer: {issuer}).",
		"{host} として提示された証明書を検証できません: {problem!} (発行者: {issuer})。",
	},
	"sign_gateway": {
		"Its issuer is named like a product that inspects TLS: {issuer}.",
		"発行者の名前が TLS を検査する製品のものです: {issuer}。",
	},
	"sign_unlogged": {
		"It is in no log of certificate transparency, where public issuers enter what they issue.",
		"公開の認証局が発行時に登録する Certificate Transparency のログに登録されていません。",
	},
	"sign_weak": {
		"It also accepts cipher suites that the console is documented to have removed.",
		"管理コンソールから削除されたはずの暗号化スイートも受け付けます。",
	},
	"proxy_page": {
		"The proxy took the connection and then answered for {host} itself, with its own error: {error}.",
		"プロキシは接続を受け付けた後、{host} の代わりに自身のエラーを返しました: {error}。",
	},
	"gateway_page": {
		"A gateway ({via}) answered for {host} with {status}.",
		"ゲートウェイ ({via}) が {host} の代わりに {status} を返しました。",
	},
	"sent_elsewhere": {
		"What answers for {host} sends the browser to {location}, and does not prove to be the console: a sign-in page of the network.",
		"{host} の応答はブラウザを {location} に誘導していますが、管理コンソールであることは確認できません。ネットワークのログイン ページと考えられます。",
	},
	"filter_here_alters": {
		"A TLS hello that this machine sends to itself arrives changed: security software on this machine looks into TLS.",
		"このコンピュータが自身に送った TLS の hello が変更されて届きます。このコンピュータのセキュリティ ソフトが TLS を検査しています。",
	},
	"filter_here_cuts": {
		"A TLS hello that this machine sends to itself does not arrive: security software on this machine blocks it.",
		"このコンピュータが自身に送った TLS の hello が届きません。このコンピュータのセキュリティ ソフトが遮断しています。",
	},

	"weak_accepted": {
		"{host} accepts cipher suites that count as weak, which the console is documented to have removed. That lets older browsers in; only the exact list says which (declare them in cas.clients, or --clients).",
		"{host} は、管理コンソールから削除されたはずの弱い暗号化スイートを受け付けます。古いブラウザでも接続できますが、どれが可能かは正確な一覧で決まります (cas.clients に宣言するか、--clients を付けてください)。",
	},
	"portal_answers": {
		"The licensing portal {host}, where a sign-in starts, answers.",
		"ログオンの開始点であるライセンス ポータル {host} は応答しています。",
	},
	"portal_certificate": {
		"The licensing portal {host}, where a sign-in starts, shows a certificate that does not verify (issuer: {issuer}). Look for what inspects TLS on the way there.",
		"ログオンの開始点であるライセンス ポータル {host} の証明書を検証できません (発行者: {issuer})。経路上で TLS を検査しているものを確認してください。",
	},
	"portal_no_tls": {
		"The licensing portal {host}, where a sign-in starts, takes the connection but does not complete TLS 1.2 or later. Look for what stands on the way there.",
		"ログオンの開始点であるライセンス ポータル {host} は接続を受け付けますが、TLS 1.2 以降の応答がありません。経路上の妨げを確認してください。",
	},
	"portal_no_connection": {
		"The licensing portal {host}, where a sign-in starts, cannot be connected to from this machine. Allow TCP port {port} to it as well.",
		"このコンピュータから、ログオンの開始点であるライセンス ポータル {host} に接続できません。TCP ポート {port} への接続も許可してください。",
	},
	"portal_not_tried": {
		"The licensing portal {host}, where a sign-in starts, has an address, and no connection to it was tried: run casdoctor again.",
		"ログオンの開始点であるライセンス ポータル {host} の名前は解決できましたが、接続は試されていません。casdoctor を再実行してください。",
	},
	"portal_no_name": {
		"The name of the licensing portal {host}, where a sign-in starts, cannot be resolved here. Check the DNS.",
		"ログオンの開始点であるライセンス ポータル {host} の名前をここでは解決できません。DNS を確認してください。",
	},
}
