package checks

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
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
		Needs: []string{facts.DeclaredCAS.Name, facts.ConsoleEndpoint.Name, facts.M365SignInClients.Name},
		Causes: []Cause{
			{
				ID: "TLS-01.C1",
				Text: Text{
					"The client offers only TLS 1.0 or 1.1, and the console accepts none of them.",
					"クライアントが TLS 1.0/1.1 しか使用できず、管理コンソールはそれらを受け付けません。",
				},
				How: Text{
					"Hellos for each TLS version show what the console accepts; what a client offers is known from a table. Declare browsers and programs in cas.clients, by name (IE 11 / Windows 7, PowerShell 5.1 / Windows 8.1) or by their User-Agent string. This machine is judged by its own handshakes.",
					"TLS のバージョンごとの hello で、管理コンソールが受け付けるものを確認します。クライアント側は内蔵の表で判断します。ブラウザやプログラムを cas.clients に、名前 (IE 11 / Windows 7、PowerShell 5.1 / Windows 8.1) または User-Agent 文字列で宣言してください。このコンピュータは自身のハンドシェイクで判断します。",
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
					"When clients are declared, the suites that the console accepts are listed exactly and compared with those of each client, with the elliptic curves, the server name and the certificate. A suite that was not tried leaves it open, and so does a client that is not in the table.",
					"クライアントが宣言されている場合、管理コンソールが受け付ける暗号化スイートを正確に列挙し、楕円曲線、サーバ名、証明書とともに各クライアントと比べます。未確認のスイートがある場合や、表にないクライアントの場合は判断しません。",
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
					"The certificate is verified with the roots of this machine and network.ca_file. Hellos of different shape (size, version, server name) tell a filter from a gateway and from the server's own policy. An answer at TLS 1.0 or 1.1, or none at TLS 1.2 and later, is not what the console documents. A reset of an old hello proves nothing: some servers do that.",
					"このコンピュータのルート証明書と network.ca_file で証明書を検証します。大きさ、バージョン、サーバ名の異なる hello で、フィルタ、ゲートウェイ、サーバ自身の方針を区別します。TLS 1.0/1.1 で応答する、または TLS 1.2 以降で応答しない場合は、文書化された管理コンソールの動作ではありません。古いハンドシェイクのリセットは、そうするサーバもあるため根拠になりません。",
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
				Links: []string{
					documentedTroubles, "https://learn.microsoft.com/en-us/windows/win32/secauthn/protocols-in-tls-ssl--schannel-ssp-",
					"https://learn.microsoft.com/en-us/windows-server/security/tls/tls-registry-settings",
					"https://learn.microsoft.com/en-us/dotnet/framework/network-programming/tls",
					"https://support.microsoft.com/help/3140245",
				},
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
		Notes: consoleNotes,
		Words: together(tlsWords, pathWords, peopleWords, tlsTableWords), Table: tabulateClients,
	}
}

// consoleOf is the console as it was seen. What was seen of another host than the declared one says
// nothing of it, and a certificate that is said to verify outside of its own time is not believed.
func consoleOf(x *Exam) facts.Seen[facts.Console] {
	con := Read(x, facts.ConsoleEndpoint)
	if con.Value == nil {
		return con
	}
	if cas := Read(x, facts.DeclaredCAS); cas.Value != nil && !sameHost(cas.Value.Console, *con.Value) {
		return facts.Seen[facts.Console]{Failure: &facts.Failure{
			Kind: facts.NotCollected, Code: anotherHost, Detail: con.Value.Host + ":" + strconv.Itoa(con.Value.Port),
		}}
	}
	c, taken := con.Value.Certificate.Value, x.takenAt(facts.ConsoleEndpoint.Name)
	if c == nil || c.Verified == nil || !*c.Verified || c.Problem != "" {
		return con
	}
	problem := ""
	switch {
	case !c.NotAfter.IsZero() && taken.After(c.NotAfter):
		problem = "expired"
	case taken.Before(c.NotBefore):
		problem = "not_yet_valid"
	default:
		return con
	}
	seen, shown := *con.Value, *c
	shown.Problem = problem
	seen.Certificate.Value, con.Value = &shown, &seen
	return con
}

// anotherHost is the code of a failure, and of the reason: what was seen is another host than the declared one.
const anotherHost = "another_host"

// unseenConsole: nothing can be said of the console, and why.
func unseenConsole(con facts.Seen[facts.Console]) Claim {
	why := con.Why()
	if why.Code == anotherHost {
		return unknown(because(anotherHost, "seen", why.Detail))
	}
	return unseen("console", why)
}

// sameHost says whether what was seen is the declared console (cas.console, "host" or "host:port");
// without one, whatever was looked at is.
func sameHost(declared string, con facts.Console) bool {
	if declared == "" {
		return true
	}
	host, port := declared, ""
	if strings.HasPrefix(declared, "[") || strings.Count(declared, ":") == 1 { // else a bare IPv6 address
		u := url.URL{Host: declared}
		host, port = u.Hostname(), u.Port()
	}
	if port == "" {
		port = strconv.Itoa(con.Port)
	}
	return strings.EqualFold(host, con.Host) && port == strconv.Itoa(con.Port)
}

// documentedTroubles is the vendor's page.
const documentedTroubles = "https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/troubleshooting-and-/troubleshooting.aspx"

// obstacles are what can keep a client from connecting: no version in common, no suite in common.
type obstacles struct{ version, suites Claim }

// consoleNotes are the lines of their own: the licensing portal, and who uses which client.
func consoleNotes(x *Exam) []Reason {
	con := consoleOf(x)
	var out []Reason
	if con.Value != nil {
		out = append(weakNote(*con.Value), portalNote(con.Value.Portal)...)
	}
	return append(out, peopleNotes(x, con)...)
}

// both is the same claim about either obstacle.
func both(c Claim) obstacles { return obstacles{c, c} }

// examineClients judges one obstacle for this machine and for each declared client.
func examineClients(x *Exam, which func(obstacles) Claim) {
	con := consoleOf(x)
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
		return both(unseenConsole(con))
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
		return both(unseenConsole(con))
	}
	if proof := proven(*con.Value); proof.Verdict != Confirmed {
		return both(proof)
	}
	spoken := accepted(*con.Value)
	if spoken == "" { // whatever the certificate came with, it is not in the evidence
		return both(unknown(because("own_not_accepted", "host", con.Value.Host)))
	}
	o := foretold(c, *con.Value, spoken)
	return obstacles{atDistance(*con.Value, o.version), atDistance(*con.Value, o.suites)}
}

// foretold is the prediction for a client, as claims.
func foretold(c tlsclient.Client, con facts.Console, spoken string) obstacles {
	r, byReset := predict(c, con)
	args := []string{
		"client", c.Name, "versions", versionNames(c.Versions), "accepted", spoken, "with", agreement(r),
	}
	fits, vague := refuted(Declared, because("version_accepted", args...)), because("version_or_suites", args...)
	yes, perhaps := highest(c, con)
	if yes == 0 {
		fits = unknown(vague)
	}
	o := obstacles{version: fits}
	switch {
	case r.Verdict == tlsclient.Connects && hangsOnGroups(c, con):
		o.suites = unseen("groups", con.Groups.Why())
	case r.Verdict == tlsclient.Connects:
		o.suites = refuted(Declared, because("suite_accepted", args...))
	case r.Verdict == tlsclient.Refused && r.Reason == tlsclient.ByVersion:
		o.version = confirmed(Declared, because("no_version_in_common", args...))
		o.suites = refuted(Declared, because("decided_by_version", args...))
		if byReset {
			o.suites = unknown(because("reset_not_refused"))
		}
	case r.Reason == tlsclient.ByVersion:
		return both(unknown(because("version_undecided", args...)))
	case r.Reason == tlsclient.ByName, r.Reason == tlsclient.ByCertificate:
		o.suites = unknown(because(otherwise[r.Reason].open, args...))
		if r.Verdict == tlsclient.Refused { // certain, but not the documented cause
			o.suites = supported(Declared, because(otherwise[r.Reason].refused, args...))
		}
	case r.Verdict == tlsclient.Refused:
		o.suites = confirmed(Declared, because("no_suite_in_common", args...))
		if r.Reason == tlsclient.ByGroups {
			o.suites = confirmed(Declared, because("no_group_in_common", args...))
		}
		if perhaps > yes {
			o.suites = o.suites.atMost(Supported, vague)
		}
		if con.SuitesByReset {
			o.suites = o.suites.atMost(Supported, because("suites_by_reset"))
		}
	default:
		o.suites = untried(c, r, con, args)
	}
	if byReset {
		o.version = o.version.atMost(Supported, because("reset_not_refused"))
		o.suites = o.suites.atMost(Supported, because("reset_not_refused"))
	}
	if inferredAt(con, yes) {
		o.suites = o.suites.restingOn(Inferred, because("suites_inferred"))
	}
	return o
}

// certainly is the prediction for a client, where a refusal counts only when it rests on what the
// console said: not on dropped connections, and not on suites that were inferred.
func certainly(c tlsclient.Client, con facts.Console) tlsclient.Result {
	r, byReset := predict(c, con)
	if r.Verdict != tlsclient.Refused {
		return r
	}
	o := foretold(c, con, accepted(con))
	sure := o.suites.Verdict == Confirmed
	switch r.Reason {
	case tlsclient.ByVersion:
		sure = o.version.Verdict == Confirmed
	case tlsclient.ByName, tlsclient.ByCertificate: // as a cause only supported: no document names them
		sure = !byReset
	}
	if !sure {
		r.Verdict = tlsclient.Undecided
	}
	return r
}

// otherwise are the reasons for what is neither the version nor the suites, when it is certain and
// when it is open.
var otherwise = map[tlsclient.Reason]struct{ refused, open string }{
	tlsclient.ByName:        {"name_needed", "name_need_open"},
	tlsclient.ByCertificate: {"certificate_refused", "certificate_open"},
}

// agreement is what a client and the console would speak, as far as it is certain.
func agreement(r tlsclient.Result) string {
	if r.Version == 0 {
		return ""
	}
	s := versionNames([]uint16{r.Version})
	if r.Suite != 0 {
		s += ", " + suiteNames(r.Suite)
	}
	return s
}

// inferredAt says whether the suites at a version were not tried one by one.
func inferredAt(con facts.Console, version uint16) bool {
	return con.Suites.Value != nil && slices.ContainsFunc(*con.Suites.Value, func(s facts.SuiteSeen) bool {
		return s.Inferred && tlsVersions[s.Version] == version
	})
}

// restingOn weakens what a claim rests on, with the reason for it.
func (c Claim) restingOn(b Basis, why Reason) Claim {
	if c.Basis > b && c.Verdict != Unknown {
		c.Basis, c.Reasons = b, append(slices.Clip(c.Reasons), why)
		if c.Verdict == Confirmed {
			c.Verdict = Supported
		}
	}
	return c
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

// hangsOnGroups: the console's groups were asked for and not all are known, and the client cannot
// connect with those that were seen in use.
func hangsOnGroups(c tlsclient.Client, con facts.Console) bool {
	if con.Groups.Failure == nil {
		return false
	}
	s := serverOf(con, false)
	s.Groups = []uint16{} // none, not unknown
	if con.Groups.Value != nil {
		s.Groups = append(s.Groups, *con.Groups.Value...)
	}
	for _, h := range con.Hellos {
		if h.Outcome == facts.OutcomeOK && h.Group != 0 {
			s.Groups = append(s.Groups, h.Group)
		}
	}
	return tlsclient.Predict(c, s).Verdict != tlsclient.Connects
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

// proven is whether what answered is the console, and answered unaltered: only a certificate that
// verifies shows it, and an answer that is not the console's takes it back. That old versions are still
// answered does not where the certificate is a public one: nothing in between has its key.
func proven(con facts.Console) Claim {
	shown := certificate(con)
	if shown.Verdict == Unknown {
		return shown
	}
	for _, c := range []Claim{shown, otherAnswers(con), pageInBetween(con)} {
		if c.Verdict >= Supported && (!hasReason(c, "old_version_answered") || !ownKey(con)) {
			return unknown(because("console_not_proven"))
		}
	}
	return confirmed(Observed, shown.Reasons...)
}

// ownKey: only the host itself has a key for this certificate, because a public authority made it, or
// because its name or address can have no other.
func ownKey(con facts.Console) bool {
	c := con.Certificate.Value
	return local(con.Host) || c != nil && c.Public != nil && *c.Public
}

// seenAtFirstHand: no inspecting device answered in the place of the host, and none may have.
func seenAtFirstHand(con facts.Console) bool {
	return atDistance(con, confirmed(Observed)).Verdict == Confirmed
}

// atDistance weakens what was seen where an inspecting device answered, or may have: whether the
// certificate is a public one is not in every evidence.
func atDistance(con facts.Console, c Claim) Claim {
	switch {
	case inspected(con):
		return c.atMost(Supported, because("seen_through_inspection"))
	case con.Certificate.Value != nil && !ownKey(con):
		return c.atMost(Supported, because("inspection_not_excluded"))
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
	settleByHellos(con, &s)
	add := func(version string, id uint16) {
		if v := tlsVersions[version]; !slices.Contains(s.Suites[v], id) {
			s.Suites[v] = append(s.Suites[v], id)
		}
	}
	if con.Suites.Value != nil { // first, for its order
		for _, seen := range *con.Suites.Value {
			add(seen.Version, seen.ID)
		}
	}
	for _, h := range con.Handshakes {
		if h.Outcome == facts.OutcomeOK {
			add(h.Version, h.Suite)
		}
	}
	if enumerated(con) {
		s.Tried = con.SuitesTried
		s.Order = orders[con.Preference]
	}
	if con.Groups.Complete() {
		s.Groups = *con.Groups.Value
	}
	s.Name = needOfName(con)
	if c := con.Certificate.Value; c != nil {
		s.Key, s.Hash = c.KeyType, hashOf(c.Signature)
	}
	return s
}

// settleByHellos compares the versions with what the hellos of known shape met: a version of which
// the two say opposite things is open.
func settleByHellos(con facts.Console, s *tlsclient.Server) {
	for _, h := range con.Hellos {
		v := tlsVersions[h.Version]
		switch {
		case h.Name == facts.HelloHTTP, h.Name == facts.HelloOtherSNI: // another question
		case h.Outcome == facts.OutcomeOK && slices.Contains(s.Refused, v):
			s.Refused = slices.DeleteFunc(s.Refused, func(r uint16) bool { return r == v })
		case h.Name == facts.HelloTLS12 && h.Outcome == facts.OutcomeAlert && tlsclient.RefusedBy(tlsclient.TLS12, h.Alert) == tlsclient.ByVersion:
			s.Accepted = slices.DeleteFunc(s.Accepted, func(a uint16) bool { return a == tlsclient.TLS12 })
		case oldAnswered(h) && !slices.ContainsFunc(con.Handshakes, func(a facts.Handshake) bool { return a.Version == h.Version }):
			s.Accepted = append(s.Accepted, v)
		case h.Outcome == facts.OutcomeAlert && (h.Name == facts.HelloTLS10 || h.Name == facts.HelloTLS11):
			below := tlsclient.TLS10
			if h.Name == facts.HelloTLS11 {
				below = tlsclient.TLS11
			}
			if tlsclient.RefusedBy(below, h.Alert) == tlsclient.ByVersion {
				s.Accepted = slices.DeleteFunc(s.Accepted, func(a uint16) bool { return a == below })
			}
		}
	}
}

var orders = map[facts.Preference]tlsclient.Order{
	facts.PreferenceServer: tlsclient.ByServer, facts.PreferenceClient: tlsclient.ByClient,
}

// needOfName compares a hello without a name with the same one that has it.
func needOfName(con facts.Console) tlsclient.Need {
	var named, nameless meeting
	for _, h := range con.Hellos {
		switch h.Name {
		case facts.HelloTLS12:
			named = meetingOf(h)
		case facts.HelloNoSNI:
			nameless = meetingOf(h)
		}
	}
	switch {
	case nameless == newVersion:
		return tlsclient.NotNeeded
	case named == newVersion && nameless&(alerted|cutOff) != 0:
		return tlsclient.Needed
	default:
		return tlsclient.NeedUnknown
	}
}

// hashOf is the hash in the name of a certificate's signature ("SHA256-RSA", "ECDSA-SHA384").
func hashOf(signature string) string {
	for _, hash := range []string{"SHA256", "SHA384", "SHA512", "SHA1"} {
		if strings.Contains(signature, hash) {
			return hash
		}
	}
	return ""
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
		out = append(out, ciphersuite.Name(id))
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
	var first Text
	switch {
	case c.OS == tlsclient.WindowsXP || c.OS == tlsclient.WindowsVista:
		first = text("{client}: no current browser runs on this Windows. Use another computer for the console.",
			"{client}: この Windows で動作する最新のブラウザはありません。管理コンソールには別のコンピュータを使用します。", a...)
	case c.Family == tlsclient.IE:
		first = text("{client}: install a current Google Chrome, Mozilla Firefox or Microsoft Edge and sign in to the console with it.",
			"{client}: 最新の Google Chrome、Mozilla Firefox、または Microsoft Edge をインストールし、それで管理コンソールにログオンします。", a...)
	case c.WindowsTLS() && !c.Family.Browser() && (x.Pair().Cause == "TLS-01.C2" || switched(x, c) == tlsclient.Refused):
		first = text("{client}: its cipher suites come with Windows, and no update of the program changes them. Run it on Windows 10, Windows Server 2016 or later.",
			"{client}: 暗号化スイートは Windows 側のもので、プログラムを更新しても変わりません。Windows 10、Windows Server 2016 以降で実行します。", a...)
	case c.WindowsTLS() && !c.Family.Browser() && switched(x, c) == tlsclient.Undecided:
		first = text("{client}: let it use a TLS version that the console accepts. Update it if there is a newer release, or run it on Windows 10, Windows Server 2016 or later.",
			"{client}: 管理コンソールが受け付ける TLS のバージョンを使用させます。新しいリリースがあれば更新するか、Windows 10、Windows Server 2016 以降で実行します。", a...)
	case c.WindowsTLS() && !c.Family.Browser():
		first = text("{client}: let it use a TLS version that the console accepts. Update it if there is a newer release, or use the settings below.",
			"{client}: 管理コンソールが受け付ける TLS のバージョンを使用させます。新しいリリースがあれば更新するか、以下の設定を行います。", a...)
	case c.Family == tlsclient.Curl:
		first = text("{client}: update curl together with the TLS library it uses.",
			"{client}: curl を、使用している TLS ライブラリとともに更新します。", a...)
	case c.Family.Browser():
		first = text("{client}: update it to the current release and sign in to the console again.",
			"{client}: 最新版に更新し、管理コンソールにもう一度ログオンします。", a...)
	default:
		first = text("{client}: update it to a release that is still maintained.",
			"{client}: 保守が継続しているリリースに更新します。", a...)
	}
	return append([]Text{first}, switchOn(x, c)...)
}

// switched is what a client meets once its settings switch TLS 1.2 on; undecided when it has none.
func switched(x *Exam, c tlsclient.Client) tlsclient.Verdict {
	con := consoleOf(x)
	if con.Value == nil || len(c.Settings) == 0 {
		return tlsclient.Undecided
	}
	r, _ := predict(c.SwitchedOn(), *con.Value)
	return r.Verdict
}

// switchOn says whether the settings that switch TLS 1.2 on would do for the moment. They cure a
// missing version, never missing suites.
func switchOn(x *Exam, c tlsclient.Client) []Text {
	a, con := []string{"client", c.Name}, consoleOf(x)
	found := x.Found(x.Pair().Cause, x.Pair().Subject)
	if x.Pair().Cause != "TLS-01.C1" || found.Verdict < Supported || len(c.Settings) == 0 {
		return nil
	}
	r, _ := predict(c.SwitchedOn(), *con.Value)
	sure := certainly(c.SwitchedOn(), *con.Value).Verdict == r.Verdict && seenAtFirstHand(*con.Value)
	ie := c.Family == tlsclient.IE
	switch {
	case r.Verdict == tlsclient.Connects:
		var steps []Text
		for _, s := range c.Settings {
			steps = append(steps, settingStep(c, s))
		}
		return steps
	case r.Verdict == tlsclient.Refused && !sure && ie:
		return []Text{text("{client}: switching on TLS 1.2 under Internet Options probably does not help.",
			"{client}: [インターネット オプション] で TLS 1.2 をオンにしても、おそらく解決しません。", a...)}
	case r.Verdict == tlsclient.Refused && !sure:
		return []Text{text("{client}: switching on TLS 1.2 with a setting probably does not help.",
			"{client}: 設定で TLS 1.2 をオンにしても、おそらく解決しません。", a...)}
	case r.Verdict == tlsclient.Refused && ie:
		return []Text{text("{client}: switching on TLS 1.2 under Internet Options does not help. The console accepts none of its cipher suites.",
			"{client}: [インターネット オプション] で TLS 1.2 をオンにしても解決しません。管理コンソールはこのブラウザの暗号化スイートを受け付けません。", a...)}
	case r.Verdict == tlsclient.Refused:
		return []Text{text("{client}: switching on TLS 1.2 with a setting does not help. The console accepts none of its cipher suites.",
			"{client}: 設定で TLS 1.2 をオンにしても解決しません。管理コンソールはその暗号化スイートを受け付けません。", a...)}
	case ie:
		return []Text{text("{client}: whether switching on TLS 1.2 under Internet Options would help is not known, because not all of its cipher suites were tried.",
			"{client}: このブラウザの暗号化スイートをすべては確認していないため、[インターネット オプション] で TLS 1.2 をオンにして解決するかどうかは分かりません。", a...)}
	default:
		return []Text{text("{client}: whether switching on TLS 1.2 with a setting would help is not known, because not all of its cipher suites were tried.",
			"{client}: 暗号化スイートをすべては確認していないため、設定で TLS 1.2 をオンにして解決するかどうかは分かりません。", a...)}
	}
}

// settingStep is one setting in words. The values are DWORDs as Microsoft prints them.
func settingStep(c tlsclient.Client, s tlsclient.Setting) Text {
	a := []string{
		"client", c.Name, "update", s.Update, "keys", strings.Join(s.Keys, "; "), "values", strings.Join(s.Values, ", "),
	}
	switch s.Kind {
	case tlsclient.InternetOptions:
		return text("{client}, for the moment: tick Use TLS 1.2 under Internet Options > Advanced ({keys}: {values}). The console accepts one of its cipher suites today.",
			"{client} での当面の回避策: [インターネット オプション] > [詳細設定] で [TLS 1.2 の使用] をオンにします ({keys}: {values})。現在の管理コンソールは、このブラウザの暗号化スイートを受け付けます。", a...)
	case tlsclient.SchannelClient:
		return text("{client}: switch on TLS 1.2 in Windows itself, where it is off: under {keys} set the DWORD values {values}, and restart Windows.",
			"{client}: Windows 自体で無効の TLS 1.2 を有効にします。{keys} に DWORD 値 {values} を設定し、Windows を再起動します。", a...)
	case tlsclient.WinHTTPDefault:
		return text("{client}: install {update}, then set the DWORD value {values} under {keys}.",
			"{client}: {update} を適用し、{keys} に DWORD 値 {values} を設定します。", a...)
	case tlsclient.DotNetStrong:
		return text("{client}: set the DWORD values {values} under {keys}, and start the program again.",
			"{client}: {keys} に DWORD 値 {values} を設定し、プログラムを再起動します。", a...)
	default:
		return text("{client}: start the program with {values}.",
			"{client}: プログラムを {values} を付けて起動します。", a...)
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

// tlsWords are the sentences of this check's reasons, and its terms.
var tlsWords = map[string]Text{
	// Terms.
	"groups":  {"The list of key exchange groups that the console accepts", "管理コンソールが受け付ける鍵交換グループの一覧"},
	"suites":  {"The list of cipher suites that the console accepts", "管理コンソールが受け付ける暗号化スイートの一覧"},
	"clients": {"The list of clients (cas.clients)", "クライアントの一覧 (cas.clients)"},

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
	"another_host": {
		"What was looked at is {seen}, and not the console that is declared (cas.console). Run casdoctor check with this configuration.",
		"確認した相手は {seen} で、宣言されている管理コンソール (cas.console) ではありません。この設定で casdoctor check を実行してください。",
	},
	"console_not_proven": {
		"What answers does not prove to be the console, so what it accepts says nothing of the console. Settle first what answers in its place.",
		"応答しているのが管理コンソールであることを確認できないため、判断しません。先に、代わりに応答しているものを解決してください。",
	},
	"version_accepted": {
		"{client} has a TLS version that the console accepts ({accepted}).",
		"{client} は、管理コンソールが受け付ける TLS のバージョン ({accepted}) に対応しています。",
	},
	"suite_accepted": {
		"{client} has a cipher suite that the console accepts ({with}).",
		"{client} は、管理コンソールが受け付ける暗号化スイートに対応しています ({with})。",
	},
	"no_version_in_common": {
		"{client} offers {versions}; the console accepts {accepted}.",
		"{client} が使用するのは {versions} ですが、管理コンソールが受け付けるのは {accepted} です。",
	},
	"no_suite_in_common": {
		"The console accepts none of the cipher suites of {client}.",
		"管理コンソールは {client} の暗号化スイートを一つも受け付けません。",
	},
	"no_group_in_common": {
		"{client} and the console have cipher suites in common, but none of the elliptic curves that these need.",
		"{client} と管理コンソールに共通の暗号化スイートはありますが、それに必要な楕円曲線に共通のものがありません。",
	},
	"name_needed": {
		"{client} does not name the host in its hello (SNI), and the console answers only those who do.",
		"{client} は hello でホスト名 (SNI) を送りませんが、管理コンソールは送るクライアントにだけ応答します。",
	},
	"name_need_open": {
		"{client} does not name the host in its hello (SNI), or not always; whether the console needs it was not seen.",
		"{client} は hello でホスト名 (SNI) を送らないか、送らない場合があります。管理コンソールに必要かどうかは未確認です。",
	},
	"certificate_refused": {
		"{client} cannot verify how the certificate of the console, or its handshake, is signed.",
		"{client} は、管理コンソールの証明書またはハンドシェイクの署名方式を検証できません。",
	},
	"certificate_open": {
		"Whether {client} accepts how the certificate of the console is signed depends on its release, its updates or its settings.",
		"{client} が管理コンソールの証明書の署名方式を受け付けるかは、リリース、更新、設定によります。",
	},
	"seen_through_inspection": {
		"A device that inspects TLS answered in the place of the console; a network without it may see something else.",
		"管理コンソールの代わりに TLS 検査装置が応答しています。装置のないネットワークでは結果が異なる可能性があります。",
	},
	"suites_by_reset": {
		"The console did not refuse the other cipher suites in so many words; connections that offered them were dropped, as a filter on the way could do, too.",
		"他の暗号化スイートは明示的に拒否されたのではなく、提示した接続が切断されました。経路上のフィルタによる可能性もあります。",
	},
	"inspection_not_excluded": {
		"Whether the certificate is a public one is not in the evidence, so a device that inspects TLS may have answered. Run again.",
		"証明書が公開の認証局のものかどうかが記録にないため、TLS 検査装置が応答した可能性があります。再実行してください。",
	},
	"some_suites_inferred": {
		"Some cipher suites were inferred and not tried one by one, so what hangs on them is not decided. List them with --enumerate=exact.",
		"一部の暗号化スイートは推定したもので、一つずつは確認していないため、それによる結果は判定しません。--enumerate=exact で正確に列挙してください。",
	},
	"suites_inferred": {
		"The cipher suites at this version were inferred from those of a higher one, and not tried one by one.",
		"このバージョンの暗号化スイートは上位のバージョンから推定したもので、一つずつは確認していません。",
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
