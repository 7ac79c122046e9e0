package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

func tlsResult(t *testing.T, lines ...string) Result {
	t.Helper()
	return Evaluate(evidenceOf(t, t.Name(), "TLS-01", append([]string{"base console"}, lines...)), []Check{TLS01()}, Options{}).Results[0]
}

func clientIs(name string) string { return fmt.Sprintf("declared.cas:clients = [%q]", name) }

// TestWhetherTheTickForTLS12Helps: it cures a missing version, as long as the console accepts
// a suite of the browser; never missing suites (RFC 5246, 7.4.1.3: no suite, no connection).
func TestWhetherTheTickForTLS12Helps(t *testing.T) {
	const (
		acceptsDHE = "console.endpoint:suites.value.2.id = 159" // DHE_RSA with GCM: Windows 7 has it
		triedFew   = "console.endpoint:suites_tried = [49199,49200]"
	)
	for _, tt := range []struct {
		name, client, change, fix, has, lacks string
	}{
		{"a suite in common", "IE 8 / Windows 7", acceptsDHE, "TLS-01.F1", "tick Use TLS 1.2", "does not help"},
		{"no suite in common", "IE 8 / Windows 7", "", "TLS-01.F1", "does not help", "tick Use TLS 1.2"},
		{"no suite in common, seen by resets", "IE 8 / Windows 7", "console.endpoint:suites_by_reset = true", "TLS-01.F1", "probably does not help", "accepts none"},
		{"suites not tried", "IE 8 / Windows 7", triedFew, "TLS-01.F1", "is not known", "tick Use TLS 1.2"},
		{"a Windows without TLS 1.2", "IE 9 / Windows Vista", acceptsDHE, "TLS-01.F1", "another computer", "TLS 1.2"},
		{"suites are the fault", "IE 11 / Windows 7", "", "TLS-01.F2", "do not help", "tick Use TLS 1.2"},
		{"another browser", "Firefox 20", "", "TLS-01.F1", "update it to the current release", "Internet Options"},
	} {
		lines := []string{clientIs(tt.client)}
		if tt.change != "" {
			lines = append(lines, tt.change)
		}
		en, ja := stepsOf(tlsResult(t, lines...), tt.fix)
		if !strings.Contains(en, tt.has) || strings.Contains(en, tt.lacks) || ja == "" {
			t.Errorf("%s: got %s", tt.name, en)
		}
	}
}

// TestEveryObstacleOfTheWay: each has its own reason and its own step.
func TestEveryObstacleOfTheWay(t *testing.T) {
	connect := func(outcome string) []string {
		return []string{
			`console.endpoint:connects = [{"address":"203.0.113.10:443","outcome":"` + outcome + `","took":1}]`,
			"console.endpoint:handshakes = null",
		}
	}
	address := func(kind string) []string {
		return []string{
			`console.endpoint:addresses = {"failure":{"kind":"` + kind + `"}}`,
			"console.endpoint:connects = null", "console.endpoint:handshakes = null",
		}
	}
	proxy := func(lines []string) []string {
		return append(lines, `console.endpoint:proxy = "proxy.contoso.com:3128"`)
	}
	problem := func(p string) []string {
		return []string{"console.endpoint:certificate.value.verified = false", `console.endpoint:certificate.value.problem = "` + p + `"`}
	}
	for _, tt := range []struct {
		cause, verdict, reason string
		change                 []string
		step                   string
	}{
		{"TLS-01.X1", "confirmed", "name_not_found", address("not_found"), "DNS servers"},
		{"TLS-01.X1", "confirmed", "name_not_resolved", address("timeout"), "DNS servers"},
		{"TLS-01.X1", "confirmed", "name_not_resolved", address("unreachable"), "DNS servers"},
		{"TLS-01.X1", "unknown", "cancelled", address("cancelled"), ""},
		{"TLS-01.X1", "unknown", "not_configured", address("not_configured"), ""},
		{"TLS-01.X1", "confirmed", "port_refused", connect("refused"), "in the firewall"},
		{"TLS-01.X1", "confirmed", "port_silent", connect("timeout"), "in the firewall"},
		{"TLS-01.X1", "confirmed", "no_route", connect("unreachable"), "in the firewall"},
		{"TLS-01.X1", "confirmed", "port_refused", proxy(connect("refused")), "the proxy proxy.contoso.com:3128 runs"},
		{"TLS-01.X1", "confirmed", "proxy_refused", proxy(connect("proxy_refused")), "Allow CONNECT"},
		{"TLS-01.X1", "confirmed", "proxy_auth", proxy(connect("proxy_auth")), "without credentials"},
		{"TLS-01.X1", "unknown", "connect_failed", connect("failed"), ""},
		{"TLS-01.X1", "confirmed", "silent", []string{`console.endpoint:handshakes = [{"version":"1.2","outcome":"timeout","took":1}]`}, "look for TLS inspection on the way"},
		{"TLS-01.X1", "unknown", "not_collected", []string{"console.endpoint:handshakes = null"}, ""},
		{"TLS-01.X1", "unknown", "not_collected", []string{"console.endpoint:handshakes = null", "console.endpoint:connects = null"}, ""},
		{"TLS-01.X2", "confirmed", "certificate_unverified", problem("expired"), "clock"},
		{"TLS-01.X2", "confirmed", "certificate_unverified", problem("not_yet_valid"), "clock"},
		{"TLS-01.X2", "confirmed", "certificate_unverified", problem("wrong_host"), "cas.console"},
		{"TLS-01.X2", "confirmed", "certificate_unverified", problem("unknown_authority"), "network.ca_file"},
		{"TLS-01.X2", "confirmed", "certificate_unverified", problem("other"), "network.ca_file"},
		{"TLS-01.X2", "unknown", "malformed", []string{"console.endpoint:certificate.value.verified = null"}, ""},
		{"TLS-01.X2", "supported", "old_version_answered", []string{`console.endpoint:handshakes.1.outcome = "ok"`}, "TLS inspection"},
		{"TLS-01.X2", "supported", "no_modern_version", []string{`console.endpoint:handshakes.2.outcome = "closed"`}, "TLS inspection"},
		{"TLS-01.X2", "unknown", "modern_version_unclear", []string{ // TLS 1.3 was not tried
			`console.endpoint:handshakes = [{"version":"1.0","outcome":"alert","took":1},{"version":"1.1","outcome":"alert","took":1},{"version":"1.2","outcome":"reset","took":1}]`,
		}, ""},
		{"TLS-01.X2", "confirmed", "not_tls", []string{`console.endpoint:handshakes.2.outcome = "not_tls"`}, "answers in place of"},
		{"TLS-01.X2", "unknown", "old_version_unclear", []string{`console.endpoint:handshakes.0.outcome = "timeout"`}, ""},
	} {
		res := tlsResult(t, tt.change...)
		for _, e := range res.Causes {
			if e.ID != tt.cause {
				continue
			}
			said(t, e, tt.verdict, tt.reason)
		}
		en, ja := stepsOf(res, "TLS-01.F3")
		if !strings.Contains(en, tt.step) || ja == "" {
			t.Errorf("%s: got %s", tt.reason, en)
		}
	}
}

// TestAnOldHelloThatIsResetIsNoSignOfAMiddlebox: servers that use Schannel answer a hello that
// they cannot serve with a reset.
func TestAnOldHelloThatIsResetIsNoSignOfAMiddlebox(t *testing.T) {
	for _, outcome := range []string{"alert", "reset", "closed"} {
		res := tlsResult(t, `console.endpoint:handshakes.0.outcome = "`+outcome+`"`, `console.endpoint:handshakes.1.outcome = "`+outcome+`"`)
		if res.Status != StatusPass {
			t.Errorf("%s: %s", outcome, render(res))
		}
	}
}

// TestThisMachineConvictsNobody: nothing that fails here is laid to a declared client.
func TestThisMachineConvictsNobody(t *testing.T) {
	for _, change := range [][]string{
		{`console.endpoint:handshakes = [{"version":"1.2","outcome":"alert","alert":40,"took":1},{"version":"1.3","outcome":"alert","alert":40,"took":1}]`,
			`console.endpoint:certificate = {"failure":{"kind":"not_collected"}}`},
		{"console.endpoint:handshakes = null"},
		{`console.endpoint! = {"kind":"timeout"}`},
	} {
		for _, e := range tlsResult(t, append(change, clientIs("IE 11 / Windows 7"))...).Causes {
			if (e.ID == "TLS-01.C1" || e.ID == "TLS-01.C2") && e.Verdict != "unknown" {
				t.Errorf("%v: %s %s is %s", change, e.ID, e.Subject, e.Verdict)
			}
		}
	}
}

// TestNoStepsForTheWrongBrowser: what is said of Internet Explorer 11 is wrong for the others,
// and an update that does not exist is no step.
func TestNoStepsForTheWrongBrowser(t *testing.T) {
	for client, fix := range map[string]string{"IE 8 / Windows 7": "TLS-01.F2", "Firefox 20": "TLS-01.F2", "IE 11 / Windows 7": "TLS-01.F1"} {
		if en, _ := stepsOf(tlsResult(t, clientIs(client)), fix); en != "" {
			t.Errorf("%s: %s says %s", client, fix, en)
		}
	}
}

// TestWhichAlertRefusesAVersion: only protocol_version (70) says so at TLS 1.2 and below (RFC 8446,
// 6.2). handshake_failure (40) may mean the suites; internal_error (80), or an alert of which
// the number was not recorded, means neither.
func TestWhichAlertRefusesAVersion(t *testing.T) {
	const tls13 = `console.endpoint:handshakes.3 = {"version":"1.3","outcome":"ok","suite":4865,"took":1}`
	const both13 = `console.endpoint:suites.value = [{"version":"1.3","id":4865}]`
	at := func(i int, version, alert string) string {
		return fmt.Sprintf(`console.endpoint:handshakes.%d = {"version":%q,"outcome":"alert",%s"took":1}`, i, version, alert)
	}
	for _, tt := range []struct {
		client, c1, why1, c2, why2 string
		change                     []string
	}{
		{"IE 11 / Windows 8.1", "confirmed", "no_version_in_common", "refuted", "decided_by_version",
			[]string{at(2, "1.2", `"alert":70,`), tls13, both13}},
		{"IE 11 / Windows 8.1", "unknown", "version_or_suites", "supported", "no_suite_in_common version_or_suites",
			[]string{at(2, "1.2", `"alert":40,`), tls13, both13}},
		{"IE 11 / Windows 8.1", "unknown", "version_or_suites", "supported", "no_suite_in_common version_or_suites",
			[]string{at(2, "1.2", `"alert":71,`), tls13, both13}},
		{"IE 11 / Windows 8.1", "unknown", "version_undecided", "unknown", "version_undecided",
			[]string{at(2, "1.2", `"alert":80,`), tls13, both13}},
		{"IE 10 / Windows 8", "confirmed", "no_version_in_common", "refuted", "decided_by_version", []string{at(0, "1.0", `"alert":70,`)}},
		{"IE 10 / Windows 8", "unknown", "version_or_suites", "supported", "no_suite_in_common version_or_suites", []string{at(0, "1.0", `"alert":40,`)}},
		{"IE 10 / Windows 8", "unknown", "version_undecided", "unknown", "version_undecided", []string{at(0, "1.0", `"alert":80,`)}},
		{"IE 10 / Windows 8", "unknown", "version_undecided", "unknown", "version_undecided", []string{at(0, "1.0", "")}},
		// What is refused below the version that they speak plays no part.
		{"Firefox 30", "refuted", "version_accepted", "refuted", "suite_accepted", []string{at(0, "1.0", `"alert":40,`)}},
		// A higher version that may be on, and a lower one that is.
		{"Safari 8 / iOS 8", "refuted", "version_accepted", "supported", "no_suite_in_common version_or_suites", []string{
			`console.endpoint:handshakes.0 = {"version":"1.0","outcome":"ok","suite":65535,"took":1}`,
			at(2, "1.2", `"alert":40,`), both13, `console.endpoint:suites.value = [{"version":"1.0","id":65535}]`, everySuite}},
		// TLS 1.3 is refused with alert 40 by servers that do not know it (RFC 8446, 4.2.1).
		{"Chrome 140", "refuted", "version_accepted", "refuted", "suite_accepted", []string{at(3, "1.3", `"alert":40,`)}},
	} {
		for _, e := range tlsResult(t, append(tt.change, clientIs(tt.client))...).Causes {
			switch {
			case e.Subject != tt.client:
			case e.ID == "TLS-01.C1":
				said(t, e, tt.c1, tt.why1)
			case e.ID == "TLS-01.C2":
				said(t, e, tt.c2, tt.why2)
			}
		}
	}
}

// everySuite says that all suites were tried that the clients of these tests have.
var everySuite = func() string {
	var ids []string
	for _, r := range [][2]int{{1, 0xa7}, {0xc001, 0xc032}, {0xcca8, 0xccae}, {0xffff, 0xffff}} {
		for id := r[0]; id <= r[1]; id++ {
			ids = append(ids, fmt.Sprint(id))
		}
	}
	return "console.endpoint:suites_tried = [" + strings.Join(ids, ",") + "]"
}()

// TestWhatTheEvidenceDoesNotSayIsUnknown: a word that no release writes, a missing member and an
// empty list prove nothing, in either direction.
func TestWhatTheEvidenceDoesNotSayIsUnknown(t *testing.T) {
	const ie11 = "IE 11 / Windows 7"
	handshakes := func(outcomes ...string) string {
		var list []string
		for i, o := range outcomes {
			if o != "missing" {
				list = append(list, fmt.Sprintf(`{"version":"1.%d","outcome":%q,"alert":70,"suite":49200,"took":1}`, i, o))
			}
		}
		return "console.endpoint:handshakes = [" + strings.Join(list, ",") + "]"
	}
	connects := func(outcome string) string {
		return `console.endpoint:connects = [{"address":"203.0.113.10:443","outcome":"refused","took":1},` +
			`{"address":"203.0.113.11:443","outcome":"` + outcome + `","took":1}]`
	}
	for _, tt := range []struct {
		cause, subject, reason string
		change                 []string
	}{
		{"TLS-01.X1", "", "port_refused host_inferred", []string{connects("refused"), "console.endpoint:handshakes = null", "console.endpoint:host_source = null"}},
		{"TLS-01.X1", "", "port_refused host_inferred", []string{connects("refused"), "console.endpoint:handshakes = null", `console.endpoint:host_source = "guessed"`}},
		{"TLS-01.X1", "", "connect_failed", []string{connects("odd"), "console.endpoint:handshakes = null"}},
		{"TLS-01.X1", "", "connect_failed", []string{connects(""), "console.endpoint:handshakes = []"}},
		{"TLS-01.X1", "", "connect_failed", []string{handshakes("timeout", "timeout", "timeout", "odd")}},
		{"TLS-01.X1", "", "not_collected", []string{handshakes("timeout")}},
		{"TLS-01.X1", "", "malformed", []string{"console.endpoint:connects = []", "console.endpoint:handshakes = []", "console.endpoint:addresses.value = []"}},
		{"TLS-01.X2", "", "old_version_answered host_inferred", []string{handshakes("ok"), "console.endpoint:host_source = null"}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "timeout", "ok")}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "reset", "ok")}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "odd", "ok")}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "missing", "ok")}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "alert", "ok"), "console.endpoint:handshakes.2.alert = 40"}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "alert", "ok"), "console.endpoint:handshakes.2.alert = null"}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "odd", "alert")}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "missing", "alert")}},
		{"TLS-01.X2", "", "modern_version_unclear", []string{handshakes("alert", "alert", "alert", "odd")}},
		{"TLS-01.X2", "", "old_version_unclear", []string{handshakes("odd", "alert", "ok", "alert")}},
		{"TLS-01.X2", "", "old_version_unclear", []string{handshakes("alert", "ok", "ok", "alert"), `console.endpoint:handshakes.1.version = "odd"`}},
		{"TLS-01.X2", "", "no_modern_answer", []string{"console.endpoint:handshakes = []"}},
		{"TLS-01.C1", thisMachine, "own_not_accepted", []string{handshakes("alert", "alert", "odd", "alert")}},
		{"TLS-01.C1", ie11, "own_not_accepted", []string{handshakes("alert", "alert", "alert", "odd")}},
		{"TLS-01.C1", ie11, "version_undecided", []string{handshakes("alert", "alert", "odd", "ok")}},
		{"TLS-01.C1", ie11, "own_not_accepted", []string{"console.endpoint:handshakes = []"}},
		{"TLS-01.C2", ie11, "malformed", []string{"console.endpoint:suites.value = []"}},
		{"TLS-01.C2", ie11, "malformed", []string{`console.endpoint:suites.value = [{"version":"1.3","id":4865}]`}},
		{"TLS-01.C2", ie11, "malformed", []string{"console.endpoint:suites.value.2.id = null"}},
		{"TLS-01.C2", ie11, "malformed", []string{`console.endpoint:suites.value.2.version = "odd"`}},
		{"TLS-01.C2", ie11, "malformed", []string{"console.endpoint:suites_tried = []"}},
		{"TLS-01.C2", ie11, "not_collected", []string{"console.endpoint:suites = {}"}},
	} {
		found := false
		for _, e := range tlsResult(t, append(tt.change, clientIs(ie11))...).Causes {
			if e.ID == tt.cause && e.Subject == tt.subject {
				said(t, e, "unknown", tt.reason)
				found = true
			}
		}
		if !found {
			t.Errorf("%s %q: %v: not judged", tt.cause, tt.subject, tt.change)
		}
	}
}

// TestAnOddProblemOfACertificateHasASentence: the reader gets the general one.
func TestAnOddProblemOfACertificateHasASentence(t *testing.T) {
	for _, e := range tlsResult(t, "console.endpoint:certificate.value.verified = false", `console.endpoint:certificate.value.problem = "odd"`).Causes {
		if e.ID == "TLS-01.X2" && !strings.Contains(e.Reasons[0].Text.EN, "for a reason that is not known here") {
			t.Errorf("got %s", e.Reasons[0].Text.EN)
		}
	}
}

// TestEveryTroubleOfTheWayHasItsStep: what is found of the way comes with what to do about it. A
// remark (an address beside others, a sign of a gateway) needs none of its own.
func TestEveryTroubleOfTheWayHasItsStep(t *testing.T) {
	steps := map[string]bool{"certificate_unverified": true}
	for _, s := range wayOut {
		for _, code := range s.reasons {
			if steps[code] {
				t.Errorf("%s has two steps", code)
			}
			steps[code] = true
			if pathWords[code].EN == "" {
				t.Errorf("there is no sentence for %s", code)
			}
		}
	}
	troubles := map[string]bool{}
	for _, f := range loadCases(t, "TLS-01") {
		for _, e := range Evaluate(f.evidence, []Check{TLS01()}, Options{}).Results[0].Causes {
			if (e.ID == "TLS-01.X1" || e.ID == "TLS-01.X2") && (e.Verdict == "confirmed" || e.Verdict == "supported") {
				for _, r := range e.Reasons {
					troubles[r.Code] = true
				}
			}
		}
	}
	for code := range troubles {
		remark := strings.HasPrefix(code, "sign_") || strings.HasPrefix(code, "direct_") || code == "some_addresses_fail"
		if !steps[code] && !remark {
			t.Errorf("%s is found, and nothing is said to do about it", code)
		}
	}
	for _, s := range situations {
		if !troubles[s.code] && s.verdict > Unknown {
			t.Errorf("no case shows %s", s.code)
		}
	}
	if len(troubles) < 25 {
		t.Errorf("%d troubles of the way are told apart", len(troubles))
	}
}

// TestTheSignaturesAreMeasured: what the hellos met at the situations that were measured (against
// nginx, haproxy, stunnel, nft and socat), one letter for each: n answered at TLS 1.2 or later, o
// below, a alert, c cut, s silence, t clear text, - not sent.
func TestTheSignaturesAreMeasured(t *testing.T) {
	order := []string{"modern", "small", "tls12", "tls11", "tls10", "no_sni", "other_sni", "http"}
	letters := map[byte]string{
		'n': `"outcome":"ok","version":"1.2"`, 'o': `"outcome":"ok","version":"1.1"`, 'a': `"outcome":"alert","alert":70`,
		'c': `"outcome":"reset"`, 's': `"outcome":"timeout"`, 't': `"outcome":"not_tls"`, 'f': `"outcome":"failed"`,
		'g': `"outcome":"malformed"`, 'u': `"outcome":"alert","alert":112`,
	}
	for _, tt := range []struct{ name, met, reason string }{
		{"a filter resets every hello", "cccccc-t", "tls_cut"},
		{"the same, and everything else", "cccccc-c", "all_cut"},
		{"a path that resets TLS 1.2 and later", "cccooc-t", "tls12_cut"},
		{"a path that drops it", "sssoos-t", "tls12_dropped"},
		{"a box that ends at TLS 1.1", "aaaooa-c", "capped"},
		{"the same, which answers the hello for 1.2 at 1.1", "aaoooooc", "capped"},
		{"a filter on the name that resets", "cccccnnt", "sni_filter"},
		{"a filter on the name that drops; without a name the server says 112", "sssssust", "sni_filter"},
		{"large hellos are dropped", "snnaannt", "large_hello"},
		{"TLS 1.3 is too much", "ccnaannt", "tls13_intolerant"},
		{"the hello of a browser is refused, a small one is not", "annaannt", "modern_hello_refused"},
		{"plain HTTP", "tttttttt", "not_tls"},
		{"hellos disappear", "ssssssst", "tls_dropped"},
		{"everything is refused", "aaaaaaat", "no_modern_version"},
		{"another server", "uuuuuuut", "name_unknown_there"},
		{"garbage", "fggggg-t", "garbled"},
		{"the server signs with SHA-1 only, which Go does not take", "fnnaa--t", "own_handshake_fails"},
	} {
		var list []string
		for i := range tt.met {
			if tt.met[i] != '-' {
				list = append(list, `{"name":"`+order[i]+`",`+letters[tt.met[i]]+`,"took":1}`)
			}
		}
		for _, e := range tlsResult(t, "console.endpoint:hellos = ["+strings.Join(list, ",")+"]",
			`console.endpoint:certificate = {"failure":{"kind":"not_collected"}}`).Causes {
			if e.ID == "TLS-01.X2" && e.Reasons[0].Code != tt.reason {
				t.Errorf("%s (%s): %s %s, want %s", tt.name, tt.met, e.Verdict, codes(e.Reasons), tt.reason)
			}
		}
	}
}

// TestClearTextThatIsAnsweredWithTLS: only an answer that is text shows that something there speaks it.
func TestClearTextThatIsAnsweredWithTLS(t *testing.T) {
	for first, want := range map[string]meeting{"......F": alerted, "HTTP/1.1 400 Bad Request": clearText, "220 mail": clearText} {
		if got := meetingOf(facts.Hello{Name: facts.HelloHTTP, Outcome: facts.OutcomeOK, Bytes: 7, First: first}); got != want {
			t.Errorf("%q: got %b, want %b", first, got, want)
		}
	}
}

// TestSettingsAreSteps: what Microsoft prints for each program, where it helps; and that it does
// not, where it does not.
func TestSettingsAreSteps(t *testing.T) {
	const acceptsDHE = "console.endpoint:suites.value.2.id = 159"
	for _, tt := range []struct {
		client, change, has, lacks string
	}{
		{".NET 4.5 / Windows 10", everySuite, `HKLM\SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319`, "SCHANNEL"},
		{".NET 3.5 / Windows 10", everySuite, `.NETFramework\v2.0.50727`, "v4.0"},
		{".NET 4.5 / Windows 7", everySuite, "does not help", "SchUseStrongCrypto"},
		{".NET 4.5 / Windows 7", everySuite, "come with Windows", "settings below"},
		{".NET 4.5 / Windows 7", "console.endpoint:suites_tried = [49199,49200]", "is not known", "settings below"},
		{".NET 4.5 / Windows 7", acceptsDHE, "use the settings below", "come with Windows"},
		{".NET 4.5 / Windows 7", acceptsDHE, "SchUseStrongCrypto = 1, SystemDefaultTlsVersions = 1", "does not help"},
		{".NET 4.5 / Windows 7", acceptsDHE, `TLS 1.2\Client set the DWORD values Enabled = 1, DisabledByDefault = 0`, "Internet Options"},
		{"WinHTTP / Windows 7", acceptsDHE, "install KB3140245, then set the DWORD value DefaultSecureProtocols = 0xA00", "does not help"},
		{"IE 8 / Windows 7", acceptsDHE, "SecureProtocols = 0xA80", "does not help"},
		{"Java 7u80", everySuite, "does not help", "jdk.tls"},
		{".NET 4.6 / Windows 8.1", everySuite, "come with Windows", "SchUseStrongCrypto"},
		{"OpenSSL 0.9.8", everySuite, "still maintained", "browser"},
	} {
		en, ja := stepsOf(tlsResult(t, clientIs(tt.client), tt.change), "TLS-01.F1")
		if !strings.Contains(en, tt.has) || strings.Contains(en, tt.lacks) || ja == "" {
			t.Errorf("%s: got %s", tt.client, en)
		}
	}
}

// TestPeopleOfOneRowAreAdded: the log keeps apart what is one client of the table.
func TestPeopleOfOneRowAreAdded(t *testing.T) {
	var got []string
	for _, u := range byClient([]facts.SignInClient{
		{Browser: "Chrome 142.0", System: "Windows 10", People: 4}, {Browser: "IE 11.0", System: "Windows 7", People: 7},
		{Browser: "Chrome 142.0", System: "Windows 11", People: 5}, {Browser: "Rich Client 4.5", System: "Windows 7", People: 50},
	}) {
		got = append(got, fmt.Sprintf("%d %s", u.people, u.client.Name))
	}
	if want := "9 Chrome 142, 7 IE 11 / Windows 7"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestAProxyThatHasNoName: the name that is missing is the proxy's, without its port, and so is the step.
func TestAProxyThatHasNoName(t *testing.T) {
	res := tlsResult(t,
		`console.endpoint:proxy = "proxy.contoso.com:3128"`, `console.endpoint:addresses = {"failure":{"kind":"not_found"}}`,
		"console.endpoint:connects = null", "console.endpoint:handshakes = null",
		`console.endpoint:direct = {"address":"admin-eu.tmcas.trendmicro.com:443","outcome":"no_name","took":1}`)
	for _, e := range res.Causes {
		if e.ID != "TLS-01.X1" {
			continue
		}
		said(t, e, "confirmed", "name_not_found direct_fails")
		for _, want := range []Text{
			{"The name proxy.contoso.com does not exist", "proxy.contoso.com という名前は存在しません"},
			{"fails (the name cannot be resolved here)", "失敗します (ここでは名前を解決できない)"},
		} {
			var en, ja string
			for _, r := range e.Reasons {
				en, ja = en+r.Text.EN, ja+r.Text.JA
			}
			if !strings.Contains(en, want.EN) || !strings.Contains(ja, want.JA) {
				t.Errorf("got %s\n%s", en, ja)
			}
		}
	}
	if en, ja := stepsOf(res, "TLS-01.F3"); !strings.Contains(en, "the name of the proxy proxy.contoso.com:3128") || !strings.Contains(ja, "HTTPS_PROXY") {
		t.Errorf("got %s\n%s", en, ja)
	}
}

// TestContradictionsInTheTable: where a full handshake and a hello for the same version say opposite things, the
// table knows no more than the causes do.
func TestContradictionsInTheTable(t *testing.T) {
	const hello = `console.endpoint:hellos = [{"name":"modern","outcome":"ok","version":"1.2","suite":49200,"took":1},`
	for _, tt := range []struct {
		column int
		client string
		change []string
		want   string // of TLS-01.C1 for the client
		cells  State  // of the console and of the client
	}{
		{0, "IE 8 / Windows 7", []string{`console.endpoint:handshakes.0 = {"version":"1.0","outcome":"ok","suite":49171,"took":1}`, hello + `{"name":"tls10","outcome":"alert","alert":70,"took":1}]`}, "unknown", StateUnknown},
		{2, "Chrome 30 / Windows 7", []string{hello + `{"name":"tls12","outcome":"alert","alert":70,"took":1}]`}, "unknown", StateUnknown},
		{2, "Chrome 120", []string{`console.endpoint:handshakes.2 = {"version":"1.2","outcome":"alert","alert":70,"took":1}`,
			`console.endpoint:handshakes.3 = {"version":"1.3","outcome":"ok","suite":4865,"took":1}`,
			hello + `{"name":"tls12","outcome":"ok","version":"1.2","suite":49200,"took":1}]`}, "refuted", StateUnknown},
		// They agree.
		{2, "Chrome 120", []string{hello + `{"name":"tls12","outcome":"ok","version":"1.2","suite":49200,"took":1}]`}, "refuted", StateFine},
	} {
		res := tlsResult(t, append(tt.change, clientIs(tt.client))...)
		for _, row := range []int{0, 2} {
			if got := res.Table.Rows[row].Cells[tt.column]; got.State != tt.cells {
				t.Errorf("%v, row %d: %+v", tt.change, row, got)
			}
		}
		for _, e := range res.Causes {
			if e.ID == "TLS-01.C1" && e.Subject == tt.client && e.Verdict != tt.want {
				t.Errorf("%v: C1 is %s", tt.change, e.Verdict)
			}
		}
	}
}
