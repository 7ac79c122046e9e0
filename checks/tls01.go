package checks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// thisMachine is the subject of what was seen from here. It is not one of the organisation's
// browsers: what holds for it convicts none of them.
const thisMachine = "this-machine"

// TLS01 judges why the console ends with "server not found" or "connection closed".
//
// Two questions are kept apart. Can a client speak what the console accepts (C1, C2)? That is
// predicted for each declared client from what the console answered to this machine. And does
// the way from here lead to the console, and to nothing else (X1, X2)?
func TLS01() Check {
	return Check{
		ID: "TLS-01", Section: "cas",
		Title: Text{
			"The console cannot be opened: server not found, or connection closed",
			"管理コンソールにログオンすると、サーバが見つからない、または接続が閉じていると表示される",
		},
		Symptom: Text{
			"Opening the Cloud App Security console ends with a browser message that the server is not found or that the connection was closed.",
			"Cloud App Security 管理コンソールにログオンすると、サーバが見つからない、または接続が閉じていることを示すエラーメッセージがブラウザに表示されます。",
		},
		Needs: []string{facts.DeclaredCAS.Name, facts.ConsoleEndpoint.Name},
		Causes: []Cause{
			{
				ID: "TLS-01.C1",
				Text: Text{
					"The client offers only TLS 1.0 or 1.1, and the console accepts none of them.",
					"クライアントが TLS 1.0/1.1 しか使用できず、管理コンソールはそれらを受け付けません。",
				},
				How: Text{
					"One handshake per TLS version shows what the console accepts; what a browser offers is known from a table. Declare browsers in cas.clients, by name (IE 11 / Windows 7) or by their User-Agent string. This machine is judged by its own handshakes.",
					"TLS のバージョンごとのハンドシェイクで、管理コンソールが受け付けるものを確認します。ブラウザ側は内蔵の表で判断します。cas.clients に、名前 (IE 11 / Windows 7) または User-Agent 文字列で宣言してください。このコンピュータは自身のハンドシェイクで判断します。",
				},
				Examine: func(x *Exam) { examineClients(x, func(o obstacles) Claim { return o.version }) },
			},
			{
				ID: "TLS-01.C2",
				Text: Text{
					"The client offers only cipher suites that the console has removed.",
					"クライアントの暗号化スイートは、すべて管理コンソールから削除されたものです。",
				},
				How: Text{
					"The suites that the console accepts are tried one by one and compared with those of the browser. A suite of the browser that was not tried leaves it open, and so does a browser that is not in the table.",
					"管理コンソールが受け付ける暗号化スイートを一つずつ試し、ブラウザのものと比べます。ブラウザのスイートに未確認のものがある場合や、表にないブラウザの場合は判断しません。",
				},
				Examine: func(x *Exam) { examineClients(x, func(o obstacles) Claim { return o.suites }) },
			},
			{
				ID: "TLS-01.X1",
				Text: Text{
					"The console cannot be reached from here: name, port, proxy or silence.",
					"ここから管理コンソールに到達できません (名前解決、ポート、プロキシ、または無応答)。",
				},
				How: Text{
					"The name is resolved, a connection is opened (through network.proxy, if set), and an answer is awaited, each step apart. A host name that is only inferred from the site leaves it open: set cas.console to the address bar's host.",
					"名前解決、接続 (network.proxy があれば経由)、応答を段階ごとに確認します。サイトから推定しただけのホスト名では判断しません。アドレス バーのホストを cas.console に設定してください。",
				},
				Examine: examineReach,
			},
			{
				ID: "TLS-01.X2",
				Text: Text{
					"Something between here and the console answers in its place, breaks TLS 1.2, or shows a certificate that does not verify.",
					"途中の何かが管理コンソールの代わりに応答している、TLS 1.2 を妨げている、または検証できない証明書を提示しています。",
				},
				How: Text{
					"The certificate is verified with the roots of this machine and network.ca_file. An answer at TLS 1.0 or 1.1, or none at TLS 1.2 and later, is not what the console documents. A reset of an old hello proves nothing: some servers do that.",
					"このコンピュータのルート証明書と network.ca_file で証明書を検証します。TLS 1.0/1.1 で応答する、または TLS 1.2 以降で応答しない場合は、文書化された管理コンソールの動作ではありません。古いハンドシェイクのリセットは、そうするサーバもあるため根拠になりません。",
				},
				Examine: examineBetween,
			},
		},
		Fixes: []Fix{
			{
				ID: "TLS-01.F1", For: []string{"TLS-01.C1", "TLS-01.C2"},
				Text: Text{
					"Internet Explorer 10 and older: update to a browser that meets the system requirements of Cloud App Security.",
					"Internet Explorer 10 以前: Cloud App Security のシステム要件を満たすブラウザに更新します。",
				},
				When: Text{
					"For Internet Explorer 10 and older, and for other browsers that have a newer version; Internet Explorer 11 is the last of its kind. Not for this machine, which is no browser.",
					"Internet Explorer 10 以前と、新しい版がある他のブラウザが対象です。Internet Explorer 11 より新しい版はありません。このコンピュータ自体はブラウザではないため対象外です。",
				},
				Risk: Text{
					"In-house sites that need the old browser may have to keep it for themselves.",
					"古いブラウザが必要な社内サイトでは、それを併用する必要が生じることがあります。",
				},
				Links:   []string{documentedTroubles, "https://learn.microsoft.com/en-us/windows/win32/secauthn/protocols-in-tls-ssl--schannel-ssp-"},
				Applies: updateApplies,
				Steps:   updateSteps,
			},
			{
				ID: "TLS-01.F2", For: []string{"TLS-01.C1", "TLS-01.C2"},
				Text: Text{
					"Internet Explorer 11 on Windows 7, 8 or 8.1: use another browser, such as Google Chrome, Mozilla Firefox or Microsoft Edge.",
					"Windows 7、8、8.1 の Internet Explorer 11: Google Chrome、Mozilla Firefox、Microsoft Edge など、他のブラウザを使用します。",
				},
				When: Text{
					"For Internet Explorer 11.",
					"Internet Explorer 11 が対象です。",
				},
				Risk: Text{
					"Browsers for these Windows versions are not updated any more. Plan to replace the system.",
					"これらの Windows 向けのブラウザは更新が終了しています。システムの更新を計画してください。",
				},
				Links:   []string{documentedTroubles, "https://learn.microsoft.com/en-us/windows/win32/secauthn/tls-cipher-suites-in-windows-7"},
				Applies: otherBrowserApplies,
				Steps:   otherBrowserSteps,
			},
			{
				ID: "TLS-01.F3", For: []string{"TLS-01.X1", "TLS-01.X2"}, Ours: true,
				Text: Text{
					"Change the network where it stands in the way.",
					"妨げになっているネットワークの設定を変更します。",
				},
				Risk: Text{
					"An exception in a firewall or an inspection device should name the console's host and nothing more.",
					"ファイアウォールや検査装置の例外は、管理コンソールのホストだけに限定してください。",
				},
				Links: []string{documentedTroubles},
				Steps: networkSteps,
			},
		},
		Words: tlsWords,
	}
}

// documentedTroubles is the vendor's page.
const documentedTroubles = "https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/troubleshooting-and-/troubleshooting.aspx"

// obstacles are what can keep a client from connecting: no version in common, no suite in common.
type obstacles struct{ version, suites Claim }

// both is the same claim about either obstacle.
func both(c Claim) obstacles { return obstacles{c, c} }

// examineClients judges one obstacle for this machine and for each declared client.
func examineClients(x *Exam, which func(obstacles) Claim) {
	con := Read(x, facts.ConsoleEndpoint)
	x.Find(thisMachine, which(ownObstacles(con)))
	cas := Read(x, facts.DeclaredCAS)
	if cas.Value == nil {
		x.Find("", unseen("clients", cas.Why()))
		return
	}
	if cas.Value.Clients == nil {
		return
	}
	var done []string
	for _, name := range *cas.Value.Clients {
		if slices.Contains(done, name) {
			continue
		}
		done = append(done, name)
		x.Find(name, which(clientObstacles(name, con)))
	}
}

// ownObstacles judges this machine by the handshakes with every suite that it can offer. It
// speaks TLS 1.2, so when nothing is accepted the reason is not in it.
func ownObstacles(con facts.Seen[facts.Console]) obstacles {
	if con.Value == nil {
		return both(unseen("console", con.Why()))
	}
	for _, h := range con.Value.Handshakes {
		if modern(h) && h.Outcome == facts.OutcomeOK {
			o := both(refuted(Observed, because("own_handshake", "version", h.Version, "suite", suiteNames(h.Suite))))
			if proof := proven(*con.Value); proof.Verdict != Confirmed {
				o.suites = proof // whose suites they are is open
			}
			return o
		}
	}
	return both(unknown(because("own_not_accepted", "host", con.Value.Host)))
}

// clientObstacles predicts what a declared client meets.
func clientObstacles(name string, con facts.Seen[facts.Console]) obstacles {
	c, ok := tlsclient.Find(name)
	switch {
	case !ok:
		return both(unknown(because("client_unknown", "client", name)))
	case con.Value == nil:
		return both(unseen("console", con.Why()))
	}
	if proof := proven(*con.Value); proof.Verdict != Confirmed {
		return both(proof)
	}
	spoken := accepted(*con.Value)
	if spoken == "" { // whatever the certificate came with, it is not in the evidence
		return both(unknown(because("own_not_accepted", "host", con.Value.Host)))
	}
	r, byReset := predict(c, *con.Value)
	args := []string{"client", c.Name, "versions", versionNames(c.Versions), "accepted", spoken}
	fits, vague := refuted(Declared, because("version_accepted", args...)), because("version_or_suites", args...)
	yes, perhaps := highest(c, *con.Value)
	if yes == 0 {
		fits = unknown(vague)
	}
	var o obstacles
	switch {
	case r.Verdict == tlsclient.Connects:
		return obstacles{fits, refuted(Declared, because("suite_accepted", args...))}
	case r.Verdict == tlsclient.Refused && r.Reason == tlsclient.ByVersion:
		o.version = confirmed(Declared, because("no_version_in_common", args...))
		o.suites = refuted(Declared, because("decided_by_version", args...))
		if byReset {
			o.suites = unknown(because("reset_not_refused"))
		}
	case r.Verdict == tlsclient.Refused:
		o = obstacles{fits, confirmed(Declared, because("no_suite_in_common", args...))}
		if perhaps > yes {
			o.suites = o.suites.atMost(Supported, vague)
		}
	case r.Reason == tlsclient.ByVersion:
		return both(unknown(because("version_undecided", args...)))
	default:
		return obstacles{fits, untried(c, r, *con.Value, args)}
	}
	if byReset {
		o.version = o.version.atMost(Supported, because("reset_not_refused"))
		o.suites = o.suites.atMost(Supported, because("reset_not_refused"))
	}
	return o
}

// highest are the highest version of the client that the console accepted, and the highest at
// which it refused the offer without saying whether it meant the version or the suites.
func highest(c tlsclient.Client, con facts.Console) (yes, perhaps uint16) {
	for _, h := range con.Handshakes {
		switch v := tlsVersions[h.Version]; {
		case !slices.Contains(c.Versions, v):
		case h.Outcome == facts.OutcomeOK:
			yes = max(yes, v)
		case h.Outcome == facts.OutcomeAlert && tlsclient.RefusedBy(v, h.Alert) == tlsclient.BySuites:
			perhaps = max(perhaps, v)
		}
	}
	return yes, perhaps
}

// predict asks the table. First only an alert that refuses the version counts: it is deliberate. Where
// that leaves the version open, a reset or a closed connection counts too, because some
// servers refuse like that; byReset says so.
func predict(c tlsclient.Client, con facts.Console) (r tlsclient.Result, byReset bool) {
	r = tlsclient.Predict(c, serverOf(con, false))
	if r.Verdict == tlsclient.Undecided && r.Reason == tlsclient.ByVersion {
		if l := tlsclient.Predict(c, serverOf(con, true)); l.Verdict != tlsclient.Undecided || l.Reason != tlsclient.ByVersion {
			return l, true
		}
	}
	return r, false
}

// untried: of what the client offers for certain nothing is accepted, or it is not known.
func untried(c tlsclient.Client, r tlsclient.Result, con facts.Console, args []string) Claim {
	args = append(args, "suites", suiteNames(r.Untried...))
	switch {
	case !enumerated(con):
		return unseen("suites", orMalformed(con.Suites.Why()))
	case len(r.Untried) == 0:
		return unknown(because("client_varies", args...))
	case ie11Named(c):
		// The document names this browser, and all that could be tried agrees with it.
		return supported(Declared, because("named_by_document", args...), because("suites_untried", args...))
	default:
		return unknown(because("suites_untried", args...))
	}
}

// proven is whether what answered is the console: only a certificate that verifies shows it.
func proven(con facts.Console) Claim {
	switch c := certificate(con); c.Verdict {
	case Refuted:
		return confirmed(Observed, c.Reasons...)
	case Confirmed:
		return unknown(because("console_not_proven"))
	default:
		return c
	}
}

var tlsVersions = map[string]uint16{
	"1.0": tlsclient.TLS10, "1.1": tlsclient.TLS11, "1.2": tlsclient.TLS12, "1.3": tlsclient.TLS13,
}

// modern: a handshake at a version that the console documents, or a later one.
func modern(h facts.Handshake) bool { return tlsVersions[h.Version] >= tlsclient.TLS12 }

// serverOf is the console as the predictor takes it.
func serverOf(con facts.Console, resetRefuses bool) tlsclient.Server {
	s := tlsclient.Server{Suites: map[uint16][]uint16{}}
	for _, h := range con.Handshakes {
		v := tlsVersions[h.Version]
		switch h.Outcome {
		case facts.OutcomeOK:
			s.Accepted = append(s.Accepted, v)
			s.Suites[v] = append(s.Suites[v], h.Suite)
		case facts.OutcomeAlert:
			switch tlsclient.RefusedBy(v, h.Alert) {
			case tlsclient.ByVersion:
				s.Refused = append(s.Refused, v)
			case tlsclient.BySuites:
				s.Accepted = append(s.Accepted, v)
			}
		case facts.OutcomeReset, facts.OutcomeClosed:
			if resetRefuses {
				s.Refused = append(s.Refused, v)
			}
		}
	}
	if con.Suites.Value != nil {
		for _, seen := range *con.Suites.Value {
			v := tlsVersions[seen.Version]
			s.Suites[v] = append(s.Suites[v], seen.ID)
		}
	}
	if enumerated(con) {
		s.Tried = con.SuitesTried
	}
	return s
}

// enumerated says whether the absence of a suite from the list means anything: the list is
// complete, and has at least the suite that was chosen at each accepted version.
func enumerated(con facts.Console) bool {
	if !con.Suites.Complete() || len(con.SuitesTried) == 0 {
		return false
	}
	list := *con.Suites.Value
	if slices.ContainsFunc(list, func(s facts.SuiteSeen) bool { return tlsVersions[s.Version] == 0 || s.ID == 0 }) {
		return false
	}
	return !slices.ContainsFunc(con.Handshakes, func(h facts.Handshake) bool {
		return h.Outcome == facts.OutcomeOK &&
			!slices.ContainsFunc(list, func(s facts.SuiteSeen) bool { return s.Version == h.Version })
	})
}

func suiteNames(ids ...uint16) string {
	var out []string
	for _, id := range ids {
		out = append(out, fmt.Sprintf("0x%04x", id))
	}
	return strings.Join(out, ", ")
}

func versionNames(list []uint16) string {
	names := map[uint16]string{tlsclient.SSL30: "SSL 3.0"}
	for name, v := range tlsVersions {
		names[v] = "TLS " + name
	}
	var out []string
	for _, v := range slices.Sorted(slices.Values(list)) {
		out = append(out, names[v])
	}
	return strings.Join(out, ", ")
}

// accepted are the versions at which a handshake succeeded.
func accepted(con facts.Console) string {
	var list []uint16
	for _, h := range con.Handshakes {
		if v := tlsVersions[h.Version]; v != 0 && h.Outcome == facts.OutcomeOK {
			list = append(list, v)
		}
	}
	return versionNames(list)
}

func examineReach(x *Exam) {
	con := Read(x, facts.ConsoleEndpoint)
	if con.Value == nil {
		x.Find("", unseen("console", con.Why()))
		return
	}
	c := notReached(*con.Value)
	if d := con.Value.Direct; d != nil && d.Outcome != facts.OutcomeOK {
		c.Reasons = append(slices.Clip(c.Reasons), because("direct_fails", "outcome", string(d.Outcome)))
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

// unreached is the reason for each outcome that ends before an answer of the console.
var unreached = map[facts.Outcome]string{
	facts.OutcomeRefused:      "port_refused",
	facts.OutcomeTimeout:      "port_silent",
	facts.OutcomeUnreachable:  "no_route",
	facts.OutcomeProxyRefused: "proxy_refused",
	facts.OutcomeProxyAuth:    "proxy_auth",
}

// failures are the other outcomes of a connection that did not come about; they leave the reason open.
var failures = []facts.Outcome{facts.OutcomeFailed, facts.OutcomeReset, facts.OutcomeClosed, facts.OutcomeNotTLS}

// notReached goes from the far end: an answer to a hello refutes it, whatever the answer is
// (X2 judges that); then silence, the connection, the name. Silence is proven by a hello that
// the console documents, and only when no other may have been answered.
func notReached(con facts.Console) Claim {
	var reasons []Reason
	opened, silent, broken := false, false, false
	add := func(code string, more ...string) {
		reasons = addReason(reasons, because(code, wayArgs(con, more...)...))
	}
	for _, a := range con.Connects {
		opened = opened || a.Outcome == facts.OutcomeOK
	}
	for _, h := range con.Handshakes {
		switch h.Outcome {
		case facts.OutcomeOK, facts.OutcomeAlert, facts.OutcomeReset, facts.OutcomeClosed, facts.OutcomeNotTLS:
			return refuted(Observed, because("answered", wayArgs(con)...))
		case facts.OutcomeTimeout:
			silent = silent || h.Version == "1.2"
		default:
			broken = true
		}
	}
	if opened && silent && !broken {
		add("silent")
	}
	if !opened {
		for _, a := range con.Connects {
			switch code, ok := unreached[a.Outcome]; {
			case !ok && !slices.Contains(failures, a.Outcome):
				return unknown(because("connect_failed", wayArgs(con)...)) // it may have worked
			case !ok:
				broken = true
			case a.Status != 0:
				add(code, "status", "HTTP "+strconv.Itoa(a.Status))
			default:
				add(code)
			}
		}
	}
	switch {
	case len(reasons) > 0:
		return confirmed(Observed, reasons...)
	case broken:
		return unknown(because("connect_failed", wayArgs(con)...))
	case len(con.Connects)+len(con.Handshakes) > 0:
		return unseen("handshakes", nil)
	default:
		return nameMissing(con)
	}
}

// nameMissing: nothing was tried beyond the name.
func nameMissing(con facts.Console) Claim {
	if con.Addresses.Value != nil && len(*con.Addresses.Value) > 0 {
		return unseen("handshakes", nil)
	}
	why := orMalformed(con.Addresses.Why())
	switch why.Kind {
	case facts.NotFound:
		return confirmed(Observed, because("name_not_found", wayArgs(con)...))
	case facts.Timeout, facts.Unreachable, facts.Unavailable:
		return confirmed(Observed, because("name_not_resolved", wayArgs(con)...))
	default:
		return unseen("console_name", why)
	}
}

func examineBetween(x *Exam) {
	con := Read(x, facts.ConsoleEndpoint)
	if con.Value == nil {
		x.Find("", unseen("console", con.Why()))
		return
	}
	x.Find("", capInferred(*con.Value, anyOf(otherAnswers(*con.Value), certificate(*con.Value))))
}

// otherAnswers: what answers is not the documented console, which speaks TLS, has version 1.2
// and neither 1.0 nor 1.1. An old hello that is reset or closed was not answered, however
// rudely; one for TLS 1.2 that was neither answered nor refused may have been broken on the way.
func otherAnswers(con facts.Console) Claim {
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

// certificate: the chain does not verify. One that verifies refutes interception, whoever
// issued it; an unusual issuer is for the reader to see.
func certificate(con facts.Console) Claim {
	c := con.Certificate
	if c.Value == nil || c.Value.Verified == nil {
		return unseen("certificate", orMalformed(c.Why()))
	}
	args := wayArgs(con, "issuer", c.Value.Issuer, "subject", c.Value.Subject)
	if *c.Value.Verified {
		return refuted(Observed, because("chain_verifies", args...))
	}
	problem := "certificate_" + c.Value.Problem
	if _, ok := tlsWords[problem]; !ok {
		problem = "certificate_other"
	}
	return confirmed(Observed, because("certificate_unverified", append(args, "problem", problem)...))
}

// ie11Named: the document names Internet Explorer 11 on Windows 7 and Windows 8; 8.1 has the
// same suites.
func ie11Named(c tlsclient.Client) bool {
	return c.Family == tlsclient.IE && c.Major == 11 &&
		slices.Contains([]tlsclient.OS{tlsclient.Windows7, tlsclient.Windows8, tlsclient.Windows81}, c.OS)
}

// updateApplies: F1 is for Internet Explorer up to 10; 11 is the last, and has nothing to
// update to.
func updateApplies(x *Exam) (Applicability, []Reason) {
	return browserFix(x, func(c tlsclient.Client) (Applicability, []Reason) {
		switch {
		case c.Family == tlsclient.IE && c.Major >= 11:
			return No, []Reason{because("no_newer_ie")}
		case c.Family != tlsclient.IE:
			return Yes, []Reason{because("document_names_ie", "client", c.Name)}
		default:
			return Yes, nil
		}
	})
}

// otherBrowserApplies: F2 is for Internet Explorer 11.
func otherBrowserApplies(x *Exam) (Applicability, []Reason) {
	return browserFix(x, func(c tlsclient.Client) (Applicability, []Reason) {
		switch {
		case c.Family != tlsclient.IE || c.Major < 11:
			return No, []Reason{because("update_instead", "client", c.Name)}
		case !ie11Named(c):
			return Yes, []Reason{because("document_names_old_windows", "client", c.Name)}
		default:
			return Yes, nil
		}
	})
}

// browserFix asks about the browser of the pair: this machine has none, and an unknown one
// may be any.
func browserFix(x *Exam, applies func(tlsclient.Client) (Applicability, []Reason)) (Applicability, []Reason) {
	c, ok := tlsclient.Find(x.Pair().Subject)
	switch {
	case x.Pair().Subject == thisMachine:
		return No, []Reason{because("no_browser")}
	case !ok:
		return Maybe, []Reason{because("client_unknown", "client", x.Pair().Subject)}
	default:
		return applies(c)
	}
}

func updateSteps(x *Exam) []Text {
	c, ok := tlsclient.Find(x.Pair().Subject)
	if a, _ := updateApplies(x); !ok || a == No {
		return nil
	}
	a := []string{"client", c.Name}
	if c.Family != tlsclient.IE {
		return []Text{text("{client}: update it to the current release and sign in to the console again.",
			"{client}: 最新版に更新し、管理コンソールにもう一度ログオンします。", a...)}
	}
	first := text("{client}: install a current Google Chrome, Mozilla Firefox or Microsoft Edge and sign in to the console with it.",
		"{client}: 最新の Google Chrome、Mozilla Firefox、または Microsoft Edge をインストールし、それで管理コンソールにログオンします。", a...)
	if c.OS == tlsclient.WindowsXP || c.OS == tlsclient.WindowsVista {
		first = text("{client}: no current browser runs on this Windows. Use another computer for the console.",
			"{client}: この Windows で動作する最新のブラウザはありません。管理コンソールには別のコンピュータを使用します。", a...)
	}
	return append([]Text{first}, switchOn(x, c)...)
}

// switchOn says whether the tick for TLS 1.2 in the settings of an old Internet Explorer would
// do for the moment. It cures a missing version, never missing suites.
func switchOn(x *Exam, c tlsclient.Client) []Text {
	a, con := []string{"client", c.Name}, Read(x, facts.ConsoleEndpoint)
	found := x.Found(x.Pair().Cause, x.Pair().Subject)
	if x.Pair().Cause != "TLS-01.C1" || found.Verdict < Supported || !slices.Contains(c.OffByDefault, tlsclient.TLS12) {
		return nil
	}
	r, _ := predict(c.SwitchedOn(), *con.Value)
	switch r.Verdict {
	case tlsclient.Connects:
		return []Text{text("{client}, for the moment: tick Use TLS 1.2 under Internet Options > Advanced. The console accepts one of its cipher suites today.",
			"{client} での当面の回避策: [インターネット オプション] > [詳細設定] で [TLS 1.2 の使用] をオンにします。現在の管理コンソールは、このブラウザの暗号化スイートを受け付けます。", a...)}
	case tlsclient.Refused:
		return []Text{text("{client}: switching on TLS 1.2 under Internet Options does not help. The console accepts none of its cipher suites.",
			"{client}: [インターネット オプション] で TLS 1.2 をオンにしても解決しません。管理コンソールはこのブラウザの暗号化スイートを受け付けません。", a...)}
	default:
		return []Text{text("{client}: whether switching on TLS 1.2 under Internet Options would help is not known, because not all of its cipher suites were tried.",
			"{client}: このブラウザの暗号化スイートをすべては確認していないため、[インターネット オプション] で TLS 1.2 をオンにして解決するかどうかは分かりません。", a...)}
	}
}

func otherBrowserSteps(x *Exam) []Text {
	c, ok := tlsclient.Find(x.Pair().Subject)
	if a, _ := otherBrowserApplies(x); !ok || a == No {
		return nil
	}
	a := []string{"client", c.Name}
	steps := []Text{text("{client}: sign in to the console with Google Chrome, Mozilla Firefox or Microsoft Edge.",
		"{client}: Google Chrome、Mozilla Firefox、または Microsoft Edge で管理コンソールにログオンします。", a...)}
	if x.Pair().Cause == "TLS-01.C2" {
		steps = append(steps, text("{client}: the TLS settings under Internet Options do not help. TLS 1.2 is on already; the cipher suites belong to Windows.",
			"{client}: [インターネット オプション] の TLS の設定では解決しません。TLS 1.2 は既にオンで、暗号化スイートは Windows 側のものです。", a...))
	}
	return steps
}

// networkSteps are the steps for what was found of the way.
func networkSteps(x *Exam) []Text {
	con := Read(x, facts.ConsoleEndpoint)
	if con.Value == nil {
		return nil
	}
	found, a := x.Found(x.Pair().Cause, ""), wayArgs(*con.Value)
	var steps []Text
	if hasReason(found, "host_inferred") {
		steps = append(steps, text("Sign in to the console in a browser, copy the host from the address bar into cas.console, and run casdoctor again.",
			"ブラウザで管理コンソールにログオンし、アドレス バーのホスト名を cas.console に設定して、casdoctor を再実行します。"))
	}
	if hasReason(found, "name_not_found", "name_not_resolved") {
		steps = append(steps, text("Check the name {asked} in the configuration, then the DNS servers of this machine.",
			"設定の {asked} という名前を確認し、次にこのコンピュータの DNS サーバを確認します。", a...))
	}
	if hasReason(found, "port_refused", "port_silent", "no_route", "silent") {
		if con.Value.Proxy != nil {
			steps = append(steps, text("Check that the proxy {proxy} runs and lets this machine through to {host}, TCP port {port}.",
				"プロキシ {proxy} が動作し、このコンピュータから {host} の TCP ポート {port} への接続を通すことを確認します。", a...))
		} else {
			steps = append(steps, text("Allow outgoing connections to {host}, TCP port {port}, in the firewall, or set network.proxy if this network needs a proxy.",
				"ファイアウォールで {host} の TCP ポート {port} への発信接続を許可します。プロキシが必要なネットワークでは network.proxy を設定します。", a...))
		}
	}
	if hasReason(found, "proxy_refused") {
		steps = append(steps, text("Allow CONNECT to {host}:{port} on the proxy {proxy}.",
			"プロキシ {proxy} で {host}:{port} への CONNECT を許可します。", a...))
	}
	if hasReason(found, "proxy_auth") {
		steps = append(steps, text("Let this machine through the proxy {proxy} without credentials, or give network.proxy another proxy.",
			"プロキシ {proxy} で、このコンピュータを認証なしで許可するか、network.proxy に別のプロキシを指定します。", a...))
	}
	if hasReason(found, "not_tls") {
		steps = append(steps, text("Find out what answers in place of {host}: a sign-in page of the network, a proxy port, or another service. Sign in there, or let {host} past it.",
			"{host} の代わりに応答しているもの (ネットワークのログイン ページ、プロキシのポート、別のサービスなど) を特定し、そこでログインするか、{host} を対象から除外します。", a...))
	}
	if hasReason(found, "old_version_answered", "no_modern_version") {
		steps = append(steps, text("Exempt {host} from TLS inspection, or update the device on the way so that it passes TLS 1.2 and later.",
			"{host} を TLS 検査の対象から除外するか、経路上の装置を TLS 1.2 以降に対応させます。", a...))
	}
	if hasReason(found, "certificate_unverified") {
		switch con.Value.Certificate.Value.Problem {
		case "expired", "not_yet_valid":
			steps = append(steps, text("Check the clock of this machine. If it is right, show the certificate to whoever runs the network, and then to Trend Micro.",
				"このコンピュータの時計を確認します。正しい場合は、証明書をネットワーク管理者、次にトレンドマイクロに提示します。"))
		case "wrong_host":
			steps = append(steps, text("Check cas.console. If it is right, exempt {host} from TLS inspection.",
				"cas.console を確認します。正しい場合は、{host} を TLS 検査の対象から除外します。", a...))
		default:
			steps = append(steps, text("If this network inspects TLS on purpose, set network.ca_file to its root certificate and install that on the clients. Otherwise exempt {host} from the inspection.",
				"意図的に TLS を検査しているネットワークでは、そのルート証明書を network.ca_file に設定し、クライアントにもインストールします。そうでない場合は、{host} を検査の対象から除外します。", a...))
		}
	}
	return append(steps, text("All this was seen from this machine. Run casdoctor in the network of whoever cannot open the console, too.",
		"以上はこのコンピュータから見た結果です。管理コンソールを開けない利用者のネットワークでも casdoctor を実行してください。"))
}

// tlsWords are the sentences of this check's reasons, and its terms.
var tlsWords = map[string]Text{
	// Terms.
	"console":                       {"The console", "管理コンソール"},
	"console_name":                  {"The address of the console", "管理コンソールのアドレス"},
	"handshakes":                    {"The TLS handshakes with the console", "管理コンソールとの TLS ハンドシェイク"},
	"suites":                        {"The list of cipher suites that the console accepts", "管理コンソールが受け付ける暗号化スイートの一覧"},
	"certificate":                   {"The certificate of the console", "管理コンソールの証明書"},
	"clients":                       {"The list of clients (cas.clients)", "クライアントの一覧 (cas.clients)"},
	"certificate_expired":           {"it has expired", "有効期限切れ"},
	"certificate_not_yet_valid":     {"it is not valid yet", "まだ有効期間前"},
	"certificate_wrong_host":        {"it is for another host", "別のホストの証明書"},
	"certificate_unknown_authority": {"its issuer is not trusted here", "発行者がここでは信頼されていない"},
	"certificate_other":             {"it does not verify", "検証に失敗"},

	"own_handshake": {
		"A handshake from this machine was accepted at TLS {version} (cipher suite {suite}).",
		"このコンピュータからのハンドシェイクは TLS {version} で成功しました (暗号化スイート {suite})。",
	},
	"own_not_accepted": {
		"{host} accepted no handshake of this machine at TLS 1.2 or later, although it offers them. TLS-01.X1 and X2 say why.",
		"このコンピュータは TLS 1.2 以降に対応していますが、{host} とのハンドシェイクは一度も成功しませんでした。理由は TLS-01.X1 と X2 を参照してください。",
	},
	"client_unknown": {
		"\"{client}\" is not in the table of clients. Write a name such as IE 11 / Windows 7 or Chrome 120 into cas.clients, or the browser's whole User-Agent string.",
		"「{client}」はクライアントの表にありません。cas.clients に IE 11 / Windows 7 や Chrome 120 のような名前か、ブラウザの User-Agent 文字列全体を記載してください。",
	},
	"console_not_proven": {
		"What answers does not prove to be the console, so what it accepts says nothing of the console. Settle TLS-01.X2 first.",
		"応答しているのが管理コンソールであることを確認できないため、判断しません。先に TLS-01.X2 を解決してください。",
	},
	"version_accepted": {
		"{client} has a TLS version that the console accepts ({accepted}).",
		"{client} は、管理コンソールが受け付ける TLS のバージョン ({accepted}) に対応しています。",
	},
	"suite_accepted": {
		"{client} has a cipher suite that the console accepts.",
		"{client} は、管理コンソールが受け付ける暗号化スイートに対応しています。",
	},
	"no_version_in_common": {
		"{client} offers {versions}; the console accepts {accepted}.",
		"{client} が使用するのは {versions} ですが、管理コンソールが受け付けるのは {accepted} です。",
	},
	"no_suite_in_common": {
		"The console accepts none of the cipher suites of {client}.",
		"管理コンソールは {client} の暗号化スイートを一つも受け付けません。",
	},
	"decided_by_version": {
		"{client} fails on the TLS version already; its cipher suites play no part.",
		"{client} は TLS のバージョンの時点で接続できず、暗号化スイートは関係しません。",
	},
	"reset_not_refused": {
		"The console did not refuse the version in so many words; it only dropped the connection.",
		"管理コンソールはバージョンを明示的に拒否したのではなく、接続を切断しただけです。",
	},
	"version_or_suites": {
		"The console refuses what {client} offers, without saying whether it means the TLS version or the cipher suites.",
		"管理コンソールは {client} の提示内容を拒否しましたが、理由が TLS のバージョンか暗号化スイートかは示していません。",
	},
	"version_undecided": {
		"Which TLS versions {client} and the console have in common is not certain (accepted: {accepted}). Run again, or declare the browser's exact release.",
		"{client} と管理コンソールに共通する TLS のバージョンを確定できません (受け付け済み: {accepted})。再実行するか、ブラウザの正確なバージョンを宣言してください。",
	},
	"client_varies": {
		"Whether the console accepts {client} depends on its exact release or update level. Try it, or declare the User-Agent string.",
		"管理コンソールが {client} を受け付けるかは、正確なバージョンや更新状況によります。実際に試すか、User-Agent 文字列を宣言してください。",
	},
	"suites_untried": {
		"Of the cipher suites of {client}, none that was tried is accepted; these were not tried: {suites}.",
		"{client} の暗号化スイートのうち、確認したものは一つも受け付けられません。未確認: {suites}。",
	},
	"named_by_document": {
		"The vendor's document names {client} among the browsers that cannot open the console.",
		"{client} は、管理コンソールを開けないブラウザとしてベンダの文書に記載されています。",
	},
	"answered": {
		"{host}, port {port}, answers.",
		"{host} のポート {port} は応答しています。",
	},
	"direct_fails": {
		"Only for information: without the proxy the connection fails ({outcome}).",
		"参考: プロキシを経由しない接続は失敗します ({outcome})。",
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
	"port_refused": {
		"The connection to {asked} is refused: the port is closed.",
		"{asked} への接続が拒否されました。ポートが閉じています。",
	},
	"port_silent": {
		"The connection to {asked} gets no answer: something on the way drops it.",
		"{asked} への接続に応答がありません。経路上で破棄されています。",
	},
	"no_route": {
		"There is no way from here to {asked}: no route, or it is forbidden on the way.",
		"ここから {asked} への経路がないか、途中で禁止されています。",
	},
	"proxy_refused": {
		"The proxy {proxy} refuses to connect to {host} ({status}).",
		"プロキシ {proxy} が {host} への接続を拒否しました ({status})。",
	},
	"proxy_auth": {
		"The proxy {proxy} wants credentials ({status}).",
		"プロキシ {proxy} が認証を要求しています ({status})。",
	},
	"silent": {
		"A connection to {host} opens, but nothing answers on it.",
		"{host} への接続は開きますが、何も応答しません。",
	},
	"connect_failed": {
		"The connection to {host} failed in a way that says nothing about the reason. Run again with -v.",
		"{host} への接続は失敗しましたが、理由は分かりません。-v を付けて再実行してください。",
	},
	"not_tls": {
		"What answers for {host} does not speak TLS: a sign-in page of the network, a proxy, or another service.",
		"{host} の応答は TLS ではありません。ネットワークのログイン ページ、プロキシ、または別のサービスです。",
	},
	"old_version_answered": {
		"{host} answers {versions}, which the console is documented to have switched off: probably something else answers in its place.",
		"管理コンソールでは無効のはずの {versions} に {host} が応答しています。別の何かが代わりに応答している可能性があります。",
	},
	"versions_as_documented": {
		"TLS 1.0 and 1.1 are not answered, as documented; {versions} is.",
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
		"Something answers for {host}, but at no version from TLS 1.2 on: something on the way breaks it, or answers in its place.",
		"{host} から何らかの応答はありますが、TLS 1.2 以降では接続できません。経路上の何かが妨げているか、代わりに応答しています。",
	},
	"no_modern_answer": {
		"No handshake at TLS 1.2 or later was answered, so nothing can be said. TLS-01.X1 says how far the way leads.",
		"TLS 1.2 以降のハンドシェイクに応答がないため、判断できません。どこまで到達するかは TLS-01.X1 を参照してください。",
	},
	"chain_verifies": {
		"The certificate of {host} verifies (issuer: {issuer}).",
		"{host} の証明書は検証に成功しました (発行者: {issuer})。",
	},
	"certificate_unverified": {
		"The certificate that is shown for {host} does not verify: {problem!} (issuer: {issuer}).",
		"{host} として提示された証明書を検証できません: {problem!} (発行者: {issuer})。",
	},
	"no_browser": {
		"Nothing to change in a browser: this machine was judged by casdoctor's own handshakes.",
		"このコンピュータは casdoctor 自身のハンドシェイクで判断しており、ブラウザの変更は関係しません。",
	},
	"no_newer_ie": {
		"Internet Explorer 11 is the last one: there is nothing to update it to.",
		"Internet Explorer 11 は最終版で、これより新しいものはありません。",
	},
	"document_names_ie": {
		"The document names only Internet Explorer; that an update helps {client} as well is our advice.",
		"文書に記載されているのは Internet Explorer だけです。{client} の更新は casdoctor の提案です。",
	},
	"document_names_old_windows": {
		"The document names Windows 7 and 8 only; that another browser helps {client} as well is our advice.",
		"文書に記載されているのは Windows 7 と 8 だけです。{client} での他のブラウザの使用は casdoctor の提案です。",
	},
	"update_instead": {
		"Meant for Internet Explorer 11; for {client} see the update (TLS-01.F1).",
		"Internet Explorer 11 向けの対処です。{client} では更新 (TLS-01.F1) を参照してください。",
	},
}
