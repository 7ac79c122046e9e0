package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func consoleEvidence(con facts.Console) *facts.Evidence {
	ev := &facts.Evidence{Schema: facts.Schema, Taken: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), Facts: map[string]facts.Fact{}}
	put(ev, facts.DeclaredRun, facts.Run{Tenant: "console.test", Sections: []string{"cas"}})
	put(ev, facts.DeclaredCAS, facts.CAS{})
	put(ev, facts.ConsoleEndpoint, con)
	return ev
}

func put[T any](ev *facts.Evidence, k facts.Key[T], v T) {
	raw, _ := json.Marshal(v)
	ev.Facts[k.Name] = facts.Fact{Value: raw, Source: facts.Observed}
}

// One console with everything in it: each line of the text, in both languages.
func TestWriteConsole(t *testing.T) {
	con := facts.Console{
		Host: "console.test", Port: 443, HostSource: facts.HostConfigured,
		Addresses: facts.Got([]string{"203.0.113.10"}),
		Connects:  []facts.Connect{{Address: "203.0.113.10:443", Outcome: facts.OutcomeOK}},
		Hellos: []facts.Hello{
			{Name: facts.HelloModern, Outcome: facts.OutcomeOK, Version: "1.2", Suite: 0xc030, Group: 0x1d, Size: 1528},
			{Name: facts.HelloTLS11, Outcome: facts.OutcomeAlert, Alert: 70}, {Name: facts.HelloWeak, Outcome: facts.OutcomeAlert, Alert: 40},
		},
		Handshakes: []facts.Handshake{
			{Version: "SSL 3.0", Outcome: facts.OutcomeAlert, Alert: 70, Implied: true},
			{Version: "1.0", Outcome: facts.OutcomeAlert, Alert: 70, Implied: true},
			{Version: "1.1", Outcome: facts.OutcomeAlert, Alert: 70, Detail: "protocol version not supported"},
			{Version: "1.2", Outcome: facts.OutcomeOK, Suite: 0xc030},
			{Version: "1.3", Outcome: facts.OutcomeAlert, Alert: 70, Implied: true},
		},
		Suites:      facts.Got([]facts.SuiteSeen{{Version: "1.2", ID: 0xc030}, {Version: "1.2", ID: 0xc02f}, {Version: "1.1", ID: 0xc013, Inferred: true}}),
		SuitesTried: []uint16{0xc02f, 0xc030}, Preference: facts.PreferenceServer, Groups: facts.Got([]uint16{0x1d, 0x17, 0x99}),
		Certificate: facts.Got(facts.Certificate{
			Subject: "CN=console.test", Issuer: "CN=Example CA", Verified: new(true), NotAfter: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC),
		}),
	}
	c := NewConsole(consoleEvidence(con), 5, 12*time.Millisecond)
	ie, _ := tlsclient.Find("IE 11 / Windows 7")
	chrome, _ := tlsclient.Find("Chrome 120")
	fits := NewConsoleClient(chrome, tlsclient.Result{Verdict: tlsclient.Connects, Version: tlsclient.TLS12, Suite: 0xc030})
	fits.Replay = &ConsoleReplay{Hello: facts.Hello{Outcome: facts.OutcomeAlert, Alert: 40, Detail: "handshake failure"}}
	c.Clients = []ConsoleClient{
		NewConsoleClient(ie, tlsclient.Result{Verdict: tlsclient.Refused, Reason: tlsclient.BySuites}), fits,
		{Client: "Safari 5 / OS X 10.8 or older", Verdict: "refused", Reason: "suites"},
		{Client: "Java 6u45", Verdict: "connects", Version: "TLS 1.1", Inferred: true},
	}
	if c.ExitCode() != checks.ExitOK {
		t.Errorf("exit %d: %+v", c.ExitCode(), c.Check)
	}
	for lang, want := range map[string][]string{
		"en": {
			"✓ console.test:443  answers as documented", "203.0.113.10:443  connected", "as a current browser: answered  TLS 1.2  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
			"TLS 1.1, every suite: refused with an alert (70)",
			"TLS 1.3  refused (implied)", "TLS 1.1  refused  (70 protocol version not supported)",
			"TLS 1.2  c030  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "c013  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA  (inferred)",
			"Order       the server's", "X25519, P-256, 0x0099", "CN=console.test  verifies", "until 2027-01-02",
			"cannot connect: no cipher suite in common  (2) IE 11 / Windows 7, Safari 5 / OS X 10.8 or older",
			"connects  TLS 1.2  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ITS OWN HELLO DIFFERS: refused with an alert  (40 handshake failure))  (1) Chrome 120",
			"connects  TLS 1.1  (inferred)  (1) Java 6u45", "5 connections in 12 ms",
		},
		"ja": {"✓ console.test:443  文書のとおり応答しており", "サーバ側", "接続できません: 共通の暗号化スイートがない (2)", "実際の hello と不一致: アラートで拒否 (40 handshake failure)", "203.0.113.10:443 接続成功",
			"TLS 1.1、全スイート: アラートで拒否 (70)", "接続できます TLS 1.1 (推定) (1) Java 6u45", "5 回の接続"},
	} {
		var b strings.Builder
		if err := WriteConsole(&b, c, View{Lang: lang, Width: 200, Verbose: true}); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), strings.Join(strings.Fields(w), " ")) {
				t.Errorf("%s: %q is missing in\n%s", lang, w, b.String())
			}
		}
	}
}

// What was found is said, and not what could not be seen because of it.
func TestWriteConsoleUnreached(t *testing.T) {
	c := NewConsole(consoleEvidence(facts.Console{
		Host: "2001:db8::1", Port: 443, HostSource: facts.HostConfigured, Addresses: facts.Got([]string{"2001:db8::1"}),
		Connects: []facts.Connect{{Address: "[2001:db8::1]:443", Outcome: facts.OutcomeRefused}},
	}), 1, 0)
	var b strings.Builder
	if err := WriteConsole(&b, c, View{Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); c.ExitCode() != checks.ExitTrouble || !strings.Contains(s, "✗ [2001:db8::1]:443  cannot be used") ||
		!strings.Contains(s, "the port is closed") || strings.Contains(s, "TLS-01.X1 says") || !strings.Contains(s, "Next") {
		t.Errorf("exit %d\n%s", c.ExitCode(), s)
	}
	c.Check.Status = checks.StatusUnknown
	if c.ExitCode() != checks.ExitUnknown {
		t.Error("an unknown ends with 3")
	}
}

// What the list of clients rests on is said before it.
func TestWriteConsoleDoubts(t *testing.T) {
	shown := func(verified, public bool) facts.Seen[facts.Certificate] {
		return facts.Got(facts.Certificate{Subject: "CN=console.example.com", Verified: &verified, Public: &public})
	}
	suites := func(inferred bool) facts.Seen[[]facts.SuiteSeen] {
		return facts.Got([]facts.SuiteSeen{{Version: "1.2", ID: 0xc030, Inferred: inferred}})
	}
	for _, tt := range []struct {
		cert   facts.Seen[facts.Certificate]
		suites facts.Seen[[]facts.SuiteSeen]
		doubts map[string]string // by language
	}{
		{shown(false, false), suites(false), map[string]string{"en": "does not prove to be the console", "ja": "管理コンソールであることを確認できない"}},
		{facts.Seen[facts.Certificate]{}, suites(false), map[string]string{"en": "does not prove to be the console", "ja": "管理コンソールであることを確認できない"}},
		{shown(true, false), suites(false), map[string]string{"en": "A device that inspects TLS answered", "ja": "TLS 検査装置が応答しています"}},
		{shown(true, true), suites(true), map[string]string{"en": "not tried one by one", "ja": "推定したもの"}},
		{shown(true, true), suites(false), map[string]string{"en": "", "ja": ""}},
	} {
		c := Console{Seen: facts.Console{
			Host: "console.example.com", Port: 443, HostSource: facts.HostConfigured, Certificate: tt.cert, Suites: tt.suites,
			Handshakes: []facts.Handshake{{Version: "1.2", Outcome: facts.OutcomeOK, Suite: 0xc030}},
		}, Clients: []ConsoleClient{{Client: "IE 11 / Windows 7", Verdict: "refused", Reason: "suites"}}}
		for lang, want := range tt.doubts {
			var b strings.Builder
			if err := WriteConsole(&b, c, View{Lang: lang, Width: 400}); err != nil {
				t.Fatal(err)
			}
			list, label := b.String(), map[string]string{"en": "Clients", "ja": "接続可否"}[lang]
			list = list[strings.Index(list, label):]
			before, _, found := strings.Cut(list, map[string]string{"en": "cannot connect", "ja": "接続できません"}[lang])
			_, doubts, said := strings.Cut(before, clientsOf.in(lang))
			if !found || !said || !strings.Contains(doubts, want) || want == "" && strings.TrimSpace(doubts) != "" {
				t.Errorf("%s: %q is not before the clients in\n%s", lang, want, list)
			}
		}
	}
}

// An undecided client is not said to lack anything, and of a silent host no client is listed.
func TestWriteConsoleUndecided(t *testing.T) {
	for outcome, want := range map[facts.Outcome]bool{facts.OutcomeOK: true, facts.OutcomeTimeout: false} {
		c := Console{
			Seen:    facts.Console{Host: "console.test", Port: 443, Handshakes: []facts.Handshake{{Version: "1.2", Outcome: outcome}}},
			Clients: []ConsoleClient{{Client: "IE 11 / Windows 7", Verdict: "undecided", Reason: "version"}},
		}
		for lang, said := range map[string]string{"en": "not decided: which versions it accepts was not clearly seen", "ja": "判定できません: 受け付けるバージョンを明確に確認できていない"} {
			var b strings.Builder
			if err := WriteConsole(&b, c, View{Lang: lang, Width: 400}); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), said) != want || !want && strings.Contains(b.String(), "IE 11") {
				t.Errorf("%s, %s:\n%s", outcome, lang, b.String())
			}
		}
	}
}

// No code of the evidence stands in the text.
func TestWriteConsoleSaysCodesInWords(t *testing.T) {
	c := Console{Seen: facts.Console{
		Host: "console.test", Port: 443, Handshakes: []facts.Handshake{{Version: "1.2", Outcome: facts.OutcomeNotTLS}},
		Certificate: facts.Got(facts.Certificate{Verified: new(false), Problem: "unknown_authority"}),
	}}
	for lang, want := range map[string][]string{
		"en": {"no clear answer (an answer that is not TLS)", "does not verify (its issuer is not trusted here)"},
		"ja": {"明確な応答なし (TLS ではない応答)", "検証に失敗 (発行者がここでは信頼されていない)"},
	} {
		var b strings.Builder
		if err := WriteConsole(&b, c, View{Lang: lang, Width: 400}); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: %q is missing in\n%s", lang, w, b.String())
			}
		}
	}
}

// On a narrow page a label stands once, above what it is for.
func TestWriteConsoleNarrow(t *testing.T) {
	c := Console{
		Seen: facts.Console{Host: "console.test", Port: 443, Handshakes: []facts.Handshake{{Version: "1.2", Outcome: facts.OutcomeOK, Suite: 0xc030}}},
		Clients: []ConsoleClient{
			{Client: "IE 8 / Windows 7", Verdict: "refused", Reason: "version"}, {Client: "Chrome 120", Verdict: "connects"},
			{Client: "IE 10 / Windows 8", Verdict: "refused", Reason: "version"},
		},
	}
	for lang, label := range map[string]string{"en": "  Clients\n", "ja": "  接続可否\n"} {
		var b strings.Builder
		if err := WriteConsole(&b, c, View{Lang: lang, Width: 50}); err != nil {
			t.Fatal(err)
		}
		if s := b.String(); strings.Count(s, label) != 1 || !strings.Contains(s, "\n      IE 8 / Windows 7, IE 10 / Windows 8\n") {
			t.Errorf("%s:\n%s", lang, s)
		}
	}
}

// Every outcome and every hello that a look can write down has its words.
func TestConsoleWordsAreComplete(t *testing.T) {
	failed := checks.OutcomeText(facts.OutcomeFailed)
	for _, o := range []facts.Outcome{
		facts.OutcomeOK, facts.OutcomeAlert, facts.OutcomeReset, facts.OutcomeClosed, facts.OutcomeTimeout, facts.OutcomeRefused,
		facts.OutcomeUnreachable, facts.OutcomeNotTLS, facts.OutcomeMalformed, facts.OutcomeProxyRefused, facts.OutcomeProxyAuth, facts.OutcomeProxyKind,
		facts.OutcomeNoName,
	} {
		if w := checks.OutcomeText(o); w.EN == "" || w.JA == "" || w == failed {
			t.Errorf("%s: %q", o, w)
		}
	}
	for _, h := range []facts.HelloName{
		facts.HelloModern, facts.HelloSmall, facts.HelloSmallFull, facts.HelloTLS12, facts.HelloTLS11, facts.HelloTLS10,
		facts.HelloSSL30, facts.HelloWeak, facts.HelloNoSNI, facts.HelloOtherSNI, facts.HelloHTTP,
	} {
		if w := helloWords[h]; w.en == "" || w.ja == "" {
			t.Errorf("%s has no words", h)
		}
	}
}

// Where the name is needed that is said, and an open client hangs on whether it sends it.
func TestWriteConsoleNameNeeded(t *testing.T) {
	for outcome, needed := range map[facts.Outcome]bool{facts.OutcomeAlert: true, facts.OutcomeTimeout: false} {
		c := Console{
			Seen: facts.Console{
				Host: "console.test", Port: 443, Handshakes: []facts.Handshake{{Version: "1.2", Outcome: facts.OutcomeOK, Suite: 0xc030}},
				Hellos: []facts.Hello{{Name: facts.HelloTLS12, Outcome: facts.OutcomeOK, Version: "1.2", Suite: 0xc030}, {Name: facts.HelloNoSNI, Outcome: outcome, Alert: 112}},
			},
			Clients: []ConsoleClient{{Client: "OpenSSL 3.0", Verdict: "undecided", Reason: "name"}, {Client: "IE 8 / Windows XP", Verdict: "refused", Reason: "name"}},
		}
		for lang, want := range map[string][]string{
			"en": {"Name        must be sent (SNI)", "not decided: whether it sends the host's name", "cannot connect: it does not send the host's name (SNI)"},
			"ja": {"ホスト名    送信が必須 (SNI)", "判定できません: ホスト名 (SNI) を送るかどうか", "接続できません: ホスト名 (SNI) を送らない"},
		} {
			var b strings.Builder
			if err := WriteConsole(&b, c, View{Lang: lang, Width: 100}); err != nil {
				t.Fatal(err)
			}
			for i, w := range want {
				if strings.Contains(b.String(), w) != (needed || i == 2) {
					t.Errorf("%s, %s: %q in\n%s", outcome, lang, w, b.String())
				}
			}
		}
	}
}

// Whoever reads this text sees no ids of causes, so none is referred to; one is one.
func TestWriteConsoleStandsAlone(t *testing.T) {
	proxy := "127.0.0.1:1080"
	missing := facts.Missed[[]string](&facts.Failure{Kind: facts.NotFound, Code: "NXDOMAIN", Detail: "no such name"})
	unseen := facts.Missed[facts.Certificate](&facts.Failure{Kind: facts.NotCollected})
	shown := facts.Got(facts.Certificate{Verified: new(false), Problem: "unknown_authority"})
	spoken := []facts.Handshake{{Version: "1.2", Outcome: facts.OutcomeOK, Suite: 0xc030}}
	for _, tt := range []struct {
		con  facts.Console
		says map[string]string
	}{
		{facts.Console{
			Proxy: &proxy, ProxySource: facts.ProxyEnvironment, Certificate: unseen,
			Connects: []facts.Connect{{Address: proxy, Outcome: facts.OutcomeProxyKind}},
			Direct:   &facts.Connect{Outcome: facts.OutcomeNoName},
		}, map[string]string{"en": "or HTTPS_PROXY) to an http:// address", "ja": "または --via、HTTPS_PROXY"}},
		{facts.Console{Addresses: missing, Certificate: unseen},
			map[string]string{"en": "console.example.com  the name cannot be resolved here", "ja": "console.example.com  ここでは名前を解決できない"}},
		{facts.Console{Addresses: missing, Proxy: &proxy, Certificate: unseen},
			map[string]string{"en": proxy + "  the name cannot be resolved here", "ja": proxy + "  ここでは名前を解決できない"}},
		{facts.Console{Handshakes: spoken, Certificate: shown},
			map[string]string{"en": "Settle first what answers in its place", "ja": "先に、代わりに応答しているもの"}},
	} {
		tt.con.Host, tt.con.Port, tt.con.HostSource = "console.example.com", 443, facts.HostConfigured
		c := NewConsole(consoleEvidence(tt.con), 1, 5*time.Millisecond)
		c.Clients = []ConsoleClient{{Client: "Chrome 120", Verdict: "connects"}}
		for lang, one := range map[string]string{"en": "1 connection in 5 ms", "ja": "1 回の接続、5 ミリ秒"} {
			var b strings.Builder
			if err := WriteConsole(&b, c, View{Lang: lang, Width: 1000}); err != nil {
				t.Fatal(err)
			}
			joined := func(s string) string { return strings.Join(strings.Fields(s), "") }
			if s := joined(b.String()); strings.Contains(s, "TLS-01") || !strings.Contains(s, joined(tt.says[lang])) || !strings.Contains(s, joined(one)) {
				t.Errorf("%s:\n%s", lang, b.String())
			}
		}
	}
}

// A line ends between two clients, not in a name; a name that is longer than a line goes on further in.
func TestWriteConsoleKeepsNamesWhole(t *testing.T) {
	names := []string{"IE 8 / Windows 7", "PowerShell 5.1 / Windows 8.1", "Safari 5 / OS X 10.8 or older", ".NET Framework 4.5.2 / Windows Server 2012 R2 or older"}
	c := Console{Seen: facts.Console{Host: "console.test", Port: 443, Handshakes: []facts.Handshake{{Version: "1.2", Outcome: facts.OutcomeOK, Suite: 0xc030}}}}
	for _, n := range names {
		c.Clients = append(c.Clients, ConsoleClient{Client: n, Verdict: "refused", Reason: "version"})
	}
	for width, room := range map[int]int{40: 34, 60: 44, 80: 64} {
		var b strings.Builder
		if err := WriteConsole(&b, c, View{Lang: "en", Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if len(name) < room && !strings.Contains(b.String(), name) {
				t.Errorf("width %d: %q is not whole\n%s", width, name, b.String())
			}
		}
	}
	var b strings.Builder
	if err := WriteConsole(&b, c, View{Lang: "en", Width: 40}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\n      Safari 5 / OS X 10.8 or older,\n      .NET Framework 4.5.2 / Windows\n        Server 2012 R2 or older\n") {
		t.Error(b.String())
	}
}
