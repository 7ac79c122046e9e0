package tlspath

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// hellos reads "modern=reset tls11=1.1 weak=40 http=HTTP": an outcome, the version of an answer,
// the number of an alert, or the first bytes.
func hellos(t *testing.T, s string) []facts.Hello {
	t.Helper()
	var out []facts.Hello
	for _, part := range strings.Fields(s) {
		name, how, _ := strings.Cut(part, "=")
		h := facts.Hello{Name: facts.HelloName(name), Outcome: facts.Outcome(how)}
		switch how {
		case "1.3", "1.2", "1.1", "1.0":
			h.Outcome, h.Version, h.Suite = facts.OutcomeOK, how, 0xc02f
		case "1.2-sentinel":
			h.Outcome, h.Version, h.Sentinel = facts.OutcomeOK, "1.2", "1.3"
		case "40", "70", "80", "112":
			h.Outcome = facts.OutcomeAlert
			h.Alert = map[string]int{"40": 40, "70": 70, "80": 80, "112": 112}[how]
		case "HTTP":
			h.Outcome, h.First = facts.OutcomeNotTLS, "HTTP/1.1 400 Bad Request"
			if name == "http" {
				h.Outcome = facts.OutcomeOK
			}
		case "SSH":
			h.Outcome, h.First = facts.OutcomeNotTLS, "SSH-2.0-OpenSSH_9.2"
		case "reset", "closed", "timeout", "malformed", "failed":
		default:
			t.Fatalf("%q is no answer", part)
		}
		out = append(out, h)
	}
	return out
}

// all gives every hello the same answer.
func all(how, plain string) string {
	return "modern=" + how + " small=" + how + " tls12=" + how + " tls11=" + how + " tls10=" + how + " ssl30=" + how +
		" no_sni=" + how + " other_sni=" + how + " weak=" + how + " http=" + plain
}

func ptr[T any](v T) *T { return &v }

// certificate is one that verifies, as a public authority makes it, with changes.
func certificate(change func(*facts.Certificate)) facts.Seen[facts.Certificate] {
	c := facts.Certificate{
		Subject: "CN=console.test", Issuer: "CN=Example Public CA", Verified: ptr(true), Public: ptr(true), SCTs: ptr(2), Pointers: ptr(true),
	}
	change(&c)
	return facts.Got(c)
}

func unverified(problem, issuer string, selfSigned bool) facts.Seen[facts.Certificate] {
	return certificate(func(c *facts.Certificate) {
		c.Verified, c.Public, c.SCTs, c.Problem, c.Issuer, c.SelfSigned = ptr(false), ptr(false), ptr(0), problem, issuer, selfSigned
	})
}

func connect(o facts.Outcome, status int) []facts.Connect {
	return []facts.Connect{{Address: "203.0.113.10:443", Outcome: o, Status: status}}
}

const healthy = "modern=1.2 weak=40 tls11=70"

// TestSituations has one case or more for each situation: what the steps of the way met, as it was
// measured with real servers and faults, and the situation that it is.
func TestSituations(t *testing.T) {
	reached := func(hello string) facts.Console {
		return facts.Console{
			Addresses: facts.Got([]string{"203.0.113.10"}), Connects: connect(facts.OutcomeOK, 0), Hellos: hellos(t, hello),
			Certificate: certificate(func(*facts.Certificate) {}),
		}
	}
	unnamed := func(k facts.Kind) facts.Console {
		return facts.Console{Addresses: facts.Missed[[]string](&facts.Failure{Kind: k})}
	}
	unconnected := func(o facts.Outcome) facts.Console {
		return facts.Console{Addresses: facts.Got([]string{"203.0.113.10"}), Connects: connect(o, 0)}
	}
	proxied := func(o facts.Outcome, status int) facts.Console {
		return facts.Console{Proxy: ptr("proxy.test:3128"), Addresses: facts.Got([]string{"10.0.0.1"}), Connects: connect(o, status)}
	}
	with := func(c facts.Console, change func(*facts.Console)) facts.Console {
		change(&c)
		return c
	}
	for _, tc := range []struct {
		name string
		c    facts.Console
		want []Code
	}{
		// The name.
		{"NXDOMAIN", unnamed(facts.NotFound), []Code{NameUnknown}},
		{"REFUSED or SERVFAIL", unnamed(facts.Unavailable), []Code{NameRefused}},
		{"the resolver is silent", unnamed(facts.Timeout), []Code{NameSilent}},
		{"the resolver cannot be reached", unnamed(facts.Unreachable), []Code{NameSilent}},
		{"sink-holed to 0.0.0.0", with(unconnected(facts.OutcomeRefused), func(c *facts.Console) {
			c.Addresses = facts.Got([]string{"0.0.0.0"})
		}), []Code{NameSinkholed}},
		{"the same address for everything", with(reached(all("HTTP", "HTTP")), func(c *facts.Console) {
			c.Addresses, c.Certificate = facts.Got([]string{"10.9.9.9"}), facts.Seen[facts.Certificate]{}
			c.NoSuchName = ptr(facts.Got([]string{"10.9.9.9"}))
		}), []Code{PlainHTTP, NameCatchAll}},
		{"a private address that nothing proves", with(reached(all("reset", "reset")), func(c *facts.Console) {
			c.Addresses, c.Certificate = facts.Got([]string{"100.64.0.9"}), facts.Seen[facts.Certificate]{}
			c.NoSuchName = ptr(facts.Missed[[]string](&facts.Failure{Kind: facts.NotFound}))
		}), []Code{TLSReset, NamePrivate}},
		{"a private address of a console that proves itself", with(reached(healthy), func(c *facts.Console) {
			c.Addresses = facts.Got([]string{"10.1.2.3"})
		}), []Code{Answered}},

		// The connection.
		{"refused", unconnected(facts.OutcomeRefused), []Code{PortRefused}},
		{"SYN black hole", unconnected(facts.OutcomeTimeout), []Code{PortSilent}},
		{"ICMP host unreachable or prohibited", unconnected(facts.OutcomeUnreachable), []Code{NoRoute}},
		{"IPv6 leads nowhere", with(reached(healthy), func(c *facts.Console) {
			c.Connects = []facts.Connect{{Address: "[2001:db8::1]:443", Outcome: facts.OutcomeTimeout}, {Address: "203.0.113.10:443", Outcome: facts.OutcomeOK}}
		}), []Code{FamilyBroken, Answered}},

		// The proxy.
		{"proxy down", proxied(facts.OutcomeRefused, 0), []Code{ProxyUnreached}},
		{"proxy silent", proxied(facts.OutcomeTimeout, 0), []Code{ProxyUnreached}},
		{"proxy 407", proxied(facts.OutcomeProxyAuth, 407), []Code{ProxyAuth}},
		{"proxy 401: wrong credentials at tinyproxy", proxied(facts.OutcomeProxyAuth, 401), []Code{ProxyAuth}},
		{"proxy 403", proxied(facts.OutcomeProxyRefused, 403), []Code{ProxyDenied}},
		{"proxy 500: tinyproxy cannot connect", proxied(facts.OutcomeProxyRefused, 500), []Code{ProxyCannotReach}},
		{"proxy 503: squid cannot connect", proxied(facts.OutcomeProxyRefused, 503), []Code{ProxyCannotReach}},
		{"a web server, not a proxy", proxied(facts.OutcomeProxyRefused, 400), []Code{NotAProxy}},
		{"not HTTP at all", proxied(facts.OutcomeFailed, 0), []Code{NotAProxy}},
		{"the proxy refuses, direct works", with(proxied(facts.OutcomeProxyRefused, 403), func(c *facts.Console) {
			c.Direct = &facts.Connect{Outcome: facts.OutcomeOK}
		}), []Code{ProxyDenied, OnlyDirect}},
		{"direct fails, the proxy works", with(reached(healthy), func(c *facts.Console) {
			c.Proxy, c.Direct = ptr("proxy.test:3128"), &facts.Connect{Outcome: facts.OutcomeTimeout}
		}), []Code{Answered, OnlyThroughProxy}},
		{"the proxy says 200 and shows a page in clear text", with(reached(all("HTTP", "HTTP")), func(c *facts.Console) {
			c.Proxy, c.Certificate = ptr("proxy.test:3128"), facts.Seen[facts.Certificate]{}
		}), []Code{ProxyOwnPage}},
		{"the proxy says 200 and shows a page under its own certificate", with(reached("modern=1.3 tls12=1.2 weak=1.2 tls11=70"), func(c *facts.Console) {
			c.Proxy, c.Certificate = ptr("proxy.test:3128"), unverified("unknown_authority", "CN=Example Corp SSL Inspection CA", false)
			c.Page = &facts.Page{Outcome: facts.OutcomeOK, Status: 503, ProxyError: "ERR_SECURE_CONNECT_FAIL 71"}
		}), []Code{ProxyErrorPage, Inspected, Answered, WeakAnswered}},

		// The hellos: the rows that were measured.
		{"as documented (nginx, TLS 1.2)", reached(healthy), []Code{Answered}},
		{"TLS 1.3 only", reached("modern=1.3 tls12=70 weak=70 tls11=70"), []Code{OnlyTLS13}},
		{"old versions are on", reached("modern=1.2 weak=1.2 tls11=1.1 tls10=1.0"), []Code{OldAnswered, WeakAnswered}},
		{"a name is required (nginx ssl_reject_handshake)", reached("modern=1.2 weak=40 tls11=70 no_sni=112"), []Code{Answered, SNIRequired}},
		{"plain HTTP", reached(all("HTTP", "HTTP")), []Code{PlainHTTP}},
		{"SSH", reached(all("SSH", "SSH")), []Code{OtherProtocol}},
		{"accepts, never answers", reached(all("timeout", "timeout")), []Code{Silent}},
		{"TLS is dropped, HTTP is not", reached(all("timeout", "HTTP")), []Code{TLSDropped}},
		{"RST on every hello", reached(all("reset", "HTTP")), []Code{TLSReset}},
		{"FIN on every hello", reached(all("closed", "HTTP")), []Code{TLSClosed}},
		{
			"RST on the name (haproxy)",
			reached("modern=closed small=closed tls12=closed tls11=closed tls10=closed ssl30=40 no_sni=1.2 other_sni=1.2 weak=closed http=HTTP"),
			[]Code{SNIFilter},
		},
		{
			"silence on the name; without one the server says 112",
			reached("modern=timeout small=timeout tls12=timeout tls11=timeout tls10=timeout ssl30=40 no_sni=112 other_sni=timeout weak=timeout http=HTTP"),
			[]Code{SNIFilter},
		},
		{
			"RST on TLS 1.2 and later",
			reached("modern=reset small=reset tls12=reset tls11=1.1 tls10=1.0 ssl30=40 no_sni=reset other_sni=reset weak=reset http=HTTP"),
			[]Code{TLS12Reset},
		},
		{
			"TLS 1.2 and later vanish",
			reached("modern=timeout small=timeout tls12=timeout tls11=1.1 tls10=1.0 ssl30=40 no_sni=timeout other_sni=timeout weak=timeout http=HTTP"),
			[]Code{TLS12Dropped},
		},
		{
			"a gateway that ends at TLS 1.1 (stunnel)",
			reached("modern=70 small=70 tls12=1.1 tls11=1.1 tls10=1.0 ssl30=40 no_sni=1.1 other_sni=1.1 weak=1.1 http=reset"),
			[]Code{CappedAtTLS11},
		},
		{
			"the same, which refuses what it does not know",
			reached("modern=70 small=70 tls12=40 tls11=1.1 tls10=1.0 ssl30=40 no_sni=40 other_sni=40 weak=1.1 http=reset"),
			[]Code{CappedAtTLS11},
		},
		{
			"hellos over one segment vanish",
			reached("modern=timeout small=1.2 tls12=1.2 tls11=70 tls10=70 ssl30=40 no_sni=1.2 other_sni=1.2 weak=40 http=HTTP"),
			[]Code{LargeDropped},
		},
		{
			"TLS 1.3 is not stood",
			reached("modern=reset small=reset tls12=1.2 tls11=70 tls10=70 ssl30=40 no_sni=1.2 other_sni=1.2 weak=40 http=HTTP"),
			[]Code{TLS13Intolerant},
		},
		{
			"the modern hello is refused, a small one is not",
			reached("modern=40 small=1.2 tls12=1.2 tls11=70 tls10=70 ssl30=40 no_sni=1.2 other_sni=1.2 weak=40 http=HTTP"),
			[]Code{ModernRefused},
		},
		{"another server's address", reached(all("112", "HTTP")), []Code{NameNotServed}},
		{"refused whatever is offered", reached(all("40", "HTTP")), []Code{RefusesAll}},
		{"overloaded: internal_error", reached(all("80", "HTTP")), []Code{RefusesAll}},
		{
			"garbage that begins like TLS",
			reached("modern=failed small=malformed tls12=malformed tls11=malformed tls10=malformed ssl30=malformed weak=malformed http=HTTP"),
			[]Code{Malformed},
		},
		{
			"the server signs with SHA-1 only",
			reached("modern=failed small=1.2 tls12=1.2 tls11=70 tls10=70 ssl30=40 weak=40 http=HTTP"),
			[]Code{OwnHandshakeFails},
		},
		{"the downgrade sentinel", reached("modern=1.2-sentinel weak=40 tls11=70"), []Code{HelloEdited}},
		{"a program on this machine", with(reached(all("reset", "HTTP")), func(c *facts.Console) {
			c.Local = &facts.Local{Outcome: facts.OutcomeOK, Altered: true}
		}), []Code{LocalFilter, TLSReset}},

		// The certificate.
		{"expired", with(reached(healthy), func(c *facts.Console) { c.Certificate = unverified("expired", "CN=A", false) }), []Code{CertificateExpired, Answered}},
		{"not yet valid", with(reached(healthy), func(c *facts.Console) { c.Certificate = unverified("not_yet_valid", "CN=A", false) }), []Code{CertificateNotYet, Answered}},
		{"another host's", with(reached(healthy), func(c *facts.Console) { c.Certificate = unverified("wrong_host", "CN=A", false) }), []Code{CertificateOtherHost, Answered}},
		{"self-signed", with(reached(healthy), func(c *facts.Console) {
			c.Certificate = unverified("unknown_authority", "CN=console.test", true)
		}), []Code{CertificateSelfSigned, Answered}},
		{"unknown authority", with(reached(healthy), func(c *facts.Console) {
			c.Certificate = unverified("unknown_authority", "CN=Somebody", false)
		}), []Code{CertificateUnknown, Answered}},
		{"mitmproxy", with(reached("modern=1.3 tls12=1.2 weak=1.2 tls11=closed tls10=closed"), func(c *facts.Console) {
			c.Certificate = unverified("unknown_authority", "CN=mitmproxy,O=mitmproxy", false)
		}), []Code{Inspected, WeakAnswered, Answered}},
		{"an inspection whose root is installed here", with(reached(healthy), func(c *facts.Console) {
			c.Certificate = certificate(func(c *facts.Certificate) {
				c.Public, c.SCTs, c.Issuer = ptr(false), ptr(0), "CN=Corp Gateway"
			})
		}), []Code{Answered, PrivateRoot}},
	} {
		tc.c.Host, tc.c.Port = "console.test", 443
		var got []Code
		for _, f := range Diagnose(tc.c) {
			got = append(got, f.Code)
			for _, lang := range []string{"en", "ja"} {
				for _, text := range []Text{f.Text, f.Fix} {
					if s := f.Say(text, lang); strings.ContainsAny(s, "{}") {
						t.Errorf("%s: %s is not filled in: %s", tc.name, f.Code, s)
					}
				}
			}
		}
		if want := slices.Clone(tc.want); !slices.Equal(sortedCodes(got), sortedCodes(want)) {
			t.Errorf("%s: %v, want %v", tc.name, got, want)
		}
		if len(got) > 0 && len(tc.want) > 0 && situations[tc.want[0]].Cause != None && got[0] != tc.want[0] {
			t.Errorf("%s: %s comes first, want %s", tc.name, got[0], tc.want[0])
		}
		for _, code := range got {
			recognised[code] = true
		}
	}
	for _, s := range list {
		if !recognised[s.Code] {
			t.Errorf("no case shows %s", s.Code)
		}
	}
}

var recognised = map[Code]bool{}

func sortedCodes(list []Code) []Code {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// Nothing was seen: nothing is said.
func TestNothing(t *testing.T) {
	if got := Diagnose(facts.Console{Host: "console.test"}); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

var japanese = regexp.MustCompile(`\p{Hiragana}|\p{Katakana}`)

// Each situation has its sentence, and each that is a trouble its remedy, in both languages.
func TestWords(t *testing.T) {
	seen := map[Code]bool{}
	troubles := 0
	for _, s := range Situations() {
		if seen[s.Code] {
			t.Errorf("%s is listed twice", s.Code)
		}
		seen[s.Code] = true
		if s.Cause != None {
			troubles++
		}
		for _, text := range []Text{s.Text, s.Fix} {
			if text == s.Fix && s.Cause == None && text == (Text{}) {
				continue
			}
			if text.EN == "" || !japanese.MatchString(text.JA) || japanese.MatchString(text.EN) {
				t.Errorf("%s: %+v", s.Code, text)
			}
		}
	}
	if troubles < 19 {
		t.Errorf("only %d situations are told apart", troubles)
	}
}

func TestOdd(t *testing.T) {
	for s, want := range map[string]bool{
		"0.0.0.0": true, "0.1.2.3": true, "127.0.0.1": true, "10.0.0.1": true, "172.16.0.1": true, "192.168.1.1": true, "100.64.0.1": true,
		"169.254.1.1": true, "::": true, "::1": true, "fe80::1": true, "fd00::1": true, "::ffff:10.0.0.1": true,
		"203.0.113.1": false, "100.128.0.1": false, "172.32.0.1": false, "2001:db8::1": false,
	} {
		if got := Odd(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}
