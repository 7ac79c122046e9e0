package tlsclient

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// capture is a hello as testdata/own-captures.tsv has it.
type capture struct {
	versions, suites, groups, sigs []uint16
	sni                            bool
	alpn                           []string
}

func captures(t *testing.T) map[string]capture {
	t.Helper()
	raw, err := os.ReadFile("testdata/own-captures.tsv")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]capture{}
	for line := range strings.Lines(string(raw)) {
		name, hello, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		c := capture{
			suites: hexes(between(hello, " suites=", "=")), groups: hexes(between(hello, "groups=[", "]")),
			sigs: hexes(between(hello, "sigs=[", "]")), sni: strings.Contains(hello, "sni="),
		}
		if strings.Contains(hello, "versions=[") {
			c.versions = hexes(between(hello, "versions=[", "]"))
		} else { // "this version or lower" (RFC 5246 appendix E.1)
			c.versions = []uint16{TLS12, TLS11, TLS10, SSL30}
		}
		if strings.Contains(hello, `alpn="\x02h2\bhttp/1.1"`) { // two strings with their lengths before them
			c.alpn = []string{"h2", "http/1.1"}
		}
		list[name] = c
	}
	return list
}

func between(s, start, end string) string {
	_, rest, _ := strings.Cut(s, start)
	rest, _, _ = strings.Cut(rest, end)
	return rest
}

// hexes reads numbers and leaves out what is none (GREASE, the name of the next member), and the
// signalling values that are no suites (RFC 5746, RFC 7507).
func hexes(s string) []uint16 {
	var ids []uint16
	for _, f := range strings.Fields(s) {
		if n, err := strconv.ParseUint(f, 16, 16); err == nil && len(f) == 4 && n != 0x00ff && n != 0x5600 {
			ids = append(ids, uint16(n))
		}
	}
	return ids
}

// The rows that rest on captures agree with them: what a row says for certain was sent, in its
// order, and what was sent the row knows.
func TestRowsAgreeWithCaptures(t *testing.T) {
	all := captures(t)
	compared := 0
	for name, clients := range map[string][]string{
		"chromium":             {"Chrome 156", "Edge 156"},
		"firefox-esr":          {"Firefox 153"},
		"curl-openssl":         {"curl / OpenSSL 3.0"},
		"openssl-3.0-sclient":  {"OpenSSL 3.0.19"},
		"node-0.12.18-DEFAULT": {"OpenSSL 1.0.1u"},
		"node-4.9.1-DEFAULT":   {"OpenSSL 1.0.2o"},
		"node-16.20.2-DEFAULT": {"OpenSSL 1.1.1v"},
		"node-24.15.0-DEFAULT": {"OpenSSL 3.5.5"},
		"gnutls-cli":           {"GnuTLS 3.7"},
		"wget-gnutls":          {"GnuTLS 3.7"},
		"python311":            {"Python 3.11"},
		"java17":               {"Java 17"},
		"go126":                {"Go 1.26"},
	} {
		sent, ok := all[name]
		if !ok || len(sent.suites) == 0 {
			t.Fatalf("no capture %s", name)
		}
		for _, n := range clients {
			compared++
			c, ok := Find(n)
			if !ok {
				t.Errorf("no client %q", n)
				continue
			}
			subset(t, n+": versions not in the capture", c.Versions, sent.versions)
			subset(t, n+": versions that the row does not know", sent.versions, slices.Concat(c.Versions, c.Perhaps.Versions))
			subset(t, n+": suites not in the capture", c.Suites, sent.suites)
			subset(t, n+": suites that the row does not know", sent.suites, slices.Concat(c.Suites, c.Perhaps.Suites))
			subset(t, n+": groups", c.Groups, sent.groups)
			subset(t, n+": signature algorithms", c.SignatureAlgorithms, sent.sigs)
			if !c.Ordered {
				t.Errorf("%s: a captured row has an order", n)
			}
			// The order of what both have is the capture's.
			if diff := cmp.Diff(only(sent.suites, c.Suites), c.Suites); diff != "" {
				t.Errorf("%s: order of suites (-capture +row):\n%s", n, diff)
			}
			if diff := cmp.Diff(only(sent.sigs, c.SignatureAlgorithms), c.SignatureAlgorithms); diff != "" {
				t.Errorf("%s: order of signature algorithms (-capture +row):\n%s", n, diff)
			}
			if sent.sni && !c.SNI && !c.Perhaps.SNI {
				t.Errorf("%s: SNI differs from the capture", n)
			}
			if sent.alpn != nil && !slices.Equal(sent.alpn, c.ALPN) {
				t.Errorf("%s: ALPN %q, sent %q", n, c.ALPN, sent.alpn)
			}
		}
	}
	if compared < 14 {
		t.Errorf("%d clients compared", compared)
	}
}

func only(list, of []uint16) []uint16 {
	return slices.DeleteFunc(slices.Clone(list), func(id uint16) bool { return !slices.Contains(of, id) })
}

func subset(t *testing.T, what string, part, whole []uint16) {
	t.Helper()
	for _, id := range part {
		if !slices.Contains(whole, id) {
			t.Errorf("%s: %04x", what, id)
		}
	}
}

func checkSet(t *testing.T, what string, got, want []uint16) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// The suites of Windows as Microsoft's pages print them, in their order (win32, "TLS Cipher
// Suites in Windows …"; the curve at the end of a name makes no suite of its own).
func TestSuitesOfWindows(t *testing.T) {
	for _, tc := range []struct{ client, first, has, lacks string }{
		{"IE 11 / Windows 7", "c028 c027 c014 c013 009f 009e 0039 0033 009d", "c02b c02c 000a", "c02f c030 1301"},
		{"IE 11 / Windows 8", "c028 c027 c014 c013 009f 009e 009d", "c02b", "c02f c030 0039 0033"},
		{"IE 11 / Windows 8.1", "c028 c027 c014 c013 009f 009e 0039 0033 009d", "c02b", "c02f c030"},
		{"IE 11 / Windows 10", "c02c c02b c030 c02f c024", "c027 009c 002f", "1301 009f"},
		{"WinHTTP / Windows 11", "1302 1301 c02c c02b c030 c02f", "", "1303"},
		{"IE 9 / Windows Vista", "002f 0035 0005 000a c009", "", "003c c027 009e"},
		{"IE 8 / Windows XP", "0004 0005 000a 0013 0009 0012 0064", "", "002f"},
	} {
		c, ok := Find(tc.client)
		if !ok {
			t.Errorf("no client %q", tc.client)
			continue
		}
		want := hexes(tc.first)
		if got := c.Suites[:len(want)]; !slices.Equal(got, want) || !c.Ordered {
			t.Errorf("%s begins with %04x, want %04x", tc.client, got, want)
		}
		subset(t, tc.client+" lacks", hexes(tc.has), c.Suites)
		for _, id := range hexes(tc.lacks) {
			if slices.Contains(c.Suites, id) {
				t.Errorf("%s has %04x", tc.client, id)
			}
		}
	}
}

// Every client can be built a hello of: highest version first, something at every version, and
// what TLS 1.3 cannot do without (RFC 8446 section 9.2).
func TestEveryRowMakesAHello(t *testing.T) {
	for _, r := range table() {
		name := string(r.family) + " " + strconv.Itoa(r.from) + " " + string(r.os)
		if r.Source == "" || len(r.Versions) == 0 || len(r.Suites) == 0 {
			t.Errorf("%s lacks a source, versions or suites", name)
		}
		if !slices.IsSortedFunc(r.Versions, func(a, b uint16) int { return int(b) - int(a) }) {
			t.Errorf("%s: versions %04x", name, r.Versions)
		}
		for _, v := range r.Versions {
			if !slices.ContainsFunc(r.Suites, func(id uint16) bool { return existsAt(id, v) }) {
				t.Errorf("%s: no suite at %04x", name, v)
			}
		}
		if slices.Contains(r.Versions, TLS13) && (len(r.Groups) == 0 || len(r.SignatureAlgorithms) == 0 || !r.SNI && !r.Perhaps.SNI) {
			t.Errorf("%s: TLS 1.3 without groups, signature algorithms or a server name", name)
		}
		for what, list := range map[string][]uint16{"suites": r.Suites, "groups": r.Groups, "signatures": r.SignatureAlgorithms} {
			if sorted := slices.Sorted(slices.Values(list)); len(slices.Compact(sorted)) != len(list) {
				t.Errorf("%s: %s name one twice", name, what)
			}
		}
		ecdhe := slices.ContainsFunc(r.Suites, func(id uint16) bool { e, _ := needs(id); return e })
		if ecdhe && !slices.Contains(r.Groups, p256) {
			t.Errorf("%s: ECDHE without P-256", name)
		}
	}
}

// A suite is either certain or perhaps.
func TestNothingIsBothCertainAndPerhaps(t *testing.T) {
	for _, r := range table() {
		for _, id := range r.Perhaps.Suites {
			if slices.Contains(r.Suites, id) {
				t.Errorf("%s from %d: suite %04x is in both lists", r.family, r.from, id)
			}
		}
		for _, v := range r.Perhaps.Versions {
			if slices.Contains(r.Versions, v) || slices.Contains(r.OffByDefault, v) {
				t.Errorf("%s from %d: version %04x is in two lists", r.family, r.from, v)
			}
		}
	}
}

// What switches TLS 1.2 on, by the pages that settings.go names. Windows 7 is the only one that has
// it off in the system itself ("Protocols in TLS/SSL (Schannel SSP)").
func TestSettings(t *testing.T) {
	for _, tc := range []struct {
		client string
		want   []SettingKind
	}{
		{"IE 8 / Windows 7", []SettingKind{InternetOptions}},
		{"IE 10 / Windows 8", []SettingKind{InternetOptions}},
		{"IE 11 / Windows 7", nil}, // on already
		{"IE 9 / Windows Vista", nil},
		{"IE 6 / Windows XP", nil}, // TLS 1.0 at most
		{".NET Framework 4.5.2 / Windows 7", []SettingKind{DotNetStrong, SchannelClient}},
		{".NET 4.5 / Windows 8.1", []SettingKind{DotNetStrong}},
		{".NET 3.5 / Windows 10", []SettingKind{DotNetStrong}},
		{".NET 4.6.2 / Windows 7", nil},
		{".NET 4.8 / Windows 7", []SettingKind{SchannelClient}},
		{".NET 4.8 / Windows 10", nil},
		{"PowerShell 5.1 / Windows Server 2012 R2", []SettingKind{DotNetStrong}},
		{"Windows PowerShell 2.0 on Windows 7", []SettingKind{DotNetStrong, SchannelClient}},
		{"WinHTTP / Windows 7", []SettingKind{WinHTTPDefault, SchannelClient}},
		{"WinHTTP / Windows Server 2012", []SettingKind{WinHTTPDefault}},
		{"WinHTTP / Windows 8.1", nil},
		{"Java 7u80", []SettingKind{JavaProtocols}},
	} {
		c, ok := Find(tc.client)
		if !ok {
			t.Errorf("no client %q", tc.client)
			continue
		}
		var got []SettingKind
		for _, s := range c.Settings {
			got = append(got, s.Kind)
			if s.Source == "" || len(s.Values) == 0 {
				t.Errorf("%s: %+v", tc.client, s)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.client, diff)
		}
	}
	// The bits of the two masks: TLS 1.0 is 0x80, 1.1 is 0x200, 1.2 is 0x800 (KB3140245).
	if v := winHTTPDefault.Values[0]; v != "DefaultSecureProtocols = 0xA00" {
		t.Error(v)
	}
	if v := internetOptions.Values[0]; v != "SecureProtocols = 0xA80" {
		t.Error(v)
	}
	for _, r := range table() {
		if (len(r.Settings) > 0) != slices.Contains(r.OffByDefault, TLS12) {
			t.Errorf("%s from %d on %s: settings and what is off do not fit together", r.family, r.from, r.os)
		}
	}
}
