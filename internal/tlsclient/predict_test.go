package tlsclient

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everySuite is every id that exists in the blocks that the clients use: a server that was
// tried with all of them.
func everySuite() []uint16 {
	var all []uint16
	for id := uint16(0); id <= 0x00c5; id++ {
		all = append(all, id)
	}
	for id := uint16(0xc001); id <= 0xc0af; id++ {
		all = append(all, id)
	}
	for id := uint16(0xcca8); id <= 0xccae; id++ {
		all = append(all, id)
	}
	return append(all, 0x1301, 0x1302, 0x1303)
}

// The three servers of the measurement: nginx with TLS 1.2 and three ECDHE_RSA suites, the
// same with DHE_RSA GCM, and nginx with TLS 1.3 only.
var (
	strong12 = Server{
		Accepted: []uint16{TLS12}, Refused: []uint16{TLS10, TLS11, TLS13},
		Suites: map[uint16][]uint16{TLS12: {0xc030, 0xc02f, 0xcca8}},
		Tried:  everySuite(),
	}
	withDHE = Server{
		Accepted: []uint16{TLS12}, Refused: []uint16{TLS10, TLS11, TLS13},
		Suites: map[uint16][]uint16{TLS12: {0xc030, 0xc02f, 0xcca8, 0x009f, 0x009e}},
		Tried:  everySuite(),
	}
	only13 = Server{
		Accepted: []uint16{TLS13}, Refused: []uint16{TLS10, TLS11, TLS12},
		Suites: map[uint16][]uint16{TLS13: {0x1302, 0x1303, 0x1301}},
		Tried:  everySuite(),
	}
)

// What happened when hellos of these clients were replayed against the three servers
// (measured 2026-11-23): "70" is a refusal by version, "40" one by suites, as the alert was.
func TestPredictMeasured(t *testing.T) {
	for _, tc := range []struct{ client, strong12, withDHE, only13 string }{
		{"IE 6 / Windows XP", "70", "70", "70"},
		{"IE 8 / Windows XP", "70", "70", "70"},
		{"IE 7 / Windows Vista", "70", "70", "70"},
		{"IE 9 / Windows Vista", "70", "70", "70"},
		{"IE 8 / Windows 7", "70", "70", "70"},
		{"IE 9 / Windows 7", "70", "70", "70"},
		{"IE 10 / Windows 7", "70", "70", "70"},
		{"IE 10 / Windows 8", "70", "70", "70"},
		{"IE 11 / Windows 7", "40", "yes", "70"},
		{"IE 11 / Windows 8", "40", "yes", "70"},
		{"IE 11 / Windows 8.1", "40", "yes", "70"},
		{"IE 11 / Windows 10", "yes", "yes", "70"},
		{"Edge 12", "yes", "yes", "70"},
		{"Edge 18", "yes", "yes", "70"},
		{"Edge 101", "yes", "yes", "yes"},
		{"Edge 133", "yes", "yes", "yes"},
		{"Chrome 84", "yes", "yes", "yes"},
		{"Chrome 156", "yes", "yes", "yes"},
		{"Chrome 30", "40", "40", "70"},
		{"Chrome 31", "yes", "yes", "70"},
		{"Firefox 26", "70", "70", "70"},
		{"Firefox 27", "yes", "yes", "70"},
		{"Firefox 59", "yes", "yes", "70"},
		{"Firefox 78", "yes", "yes", "yes"},
		{"Firefox 153", "yes", "yes", "yes"},
		{"Safari 6 / OS X 10.8", "70", "70", "70"},
		{"Safari 7 / OS X 10.9", "40", "40", "70"},
		{"Safari 8 / OS X 10.10", "40", "40", "70"},
		{"Safari 7 / iOS 7", "40", "40", "70"},
		{"Safari 8 / iOS 8", "40", "40", "70"},
		{"Safari 9 / iOS 9", "yes", "yes", "70"},
		{"Safari 9 / OS X 10.11", "yes", "yes", "70"},
		{"Safari 12.1 / iOS 12.2", "yes", "yes", "yes"},
		{"Safari 13 / macOS 10.14.6", "yes", "yes", "yes"},
		{"Safari 12.1 / macOS 10.13.6", "yes", "yes", "70"},
	} {
		c, ok := Find(tc.client)
		if !ok {
			t.Errorf("no client %q", tc.client)
			continue
		}
		got := []string{outcome(Predict(c, strong12)), outcome(Predict(c, withDHE)), outcome(Predict(c, only13))}
		if diff := cmp.Diff([]string{tc.strong12, tc.withDHE, tc.only13}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.client, diff)
		}
	}
}

func outcome(r Result) string {
	switch {
	case r.Verdict == Connects:
		return "yes"
	case r.Verdict == Refused && r.Reason == ByVersion:
		return "70"
	case r.Verdict == Refused && r.Reason == BySuites:
		return "40"
	default:
		return r.Verdict.String() + " by " + string(r.Reason)
	}
}

// Measured too: switching TLS 1.2 on helps IE 8 to 10 on Windows 7 and 8 where the server
// also has DHE_RSA GCM, and nowhere else; IE 11 has nothing left to switch on.
func TestPredictSwitchedOn(t *testing.T) {
	for _, tc := range []struct{ client, strong12, withDHE string }{
		{"IE 8 / Windows 7", "40", "yes"},
		{"IE 10 / Windows 7", "40", "yes"},
		{"IE 10 / Windows 8", "40", "yes"},
		{"IE 9 / Windows Vista", "70", "70"},
		{"IE 6 / Windows XP", "70", "70"},
		{"IE 11 / Windows 7", "40", "yes"},
	} {
		c, ok := Find(tc.client)
		if !ok {
			t.Fatalf("no client %q", tc.client)
		}
		on := c.SwitchedOn()
		if got := outcome(Predict(on, strong12)); got != tc.strong12 {
			t.Errorf("%s, switched on, strong12: %s, want %s", tc.client, got, tc.strong12)
		}
		if got := outcome(Predict(on, withDHE)); got != tc.withDHE {
			t.Errorf("%s, switched on, withDHE: %s, want %s", tc.client, got, tc.withDHE)
		}
		if len(on.OffByDefault) > 0 {
			t.Errorf("%s: something is still off", tc.client)
		}
	}
	if c, _ := Find("IE 8 / Windows 7"); slices.Contains(c.Versions, TLS12) {
		t.Error("SwitchedOn has changed the table")
	}
}

// What was not tried is not refused.
func TestPredictUndecided(t *testing.T) {
	ie11, _ := Find("IE 11 / Windows 7")
	for _, tc := range []struct {
		name   string
		client Client
		server Server
		want   Result
	}{
		{
			name:   "nothing is known",
			client: ie11,
			want:   Result{Reason: ByVersion},
		},
		{
			name:   "a version that was met with silence",
			client: ie11,
			server: Server{Refused: []uint16{TLS10, TLS11, TLS13}},
			want:   Result{Reason: ByVersion},
		},
		{
			name:   "the suites of the client that no probe offered",
			client: Client{Offer: Offer{Versions: []uint16{TLS12}, Suites: []uint16{0xc027, 0x009f, 0x009e}}},
			server: Server{
				Accepted: []uint16{TLS12}, Suites: map[uint16][]uint16{TLS12: {0xc02f}}, Tried: []uint16{0xc02f, 0xc027},
			},
			want: Result{Reason: BySuites, Untried: []uint16{0x009f, 0x009e}},
		},
		{
			name: "the same, and the row leaves another one open",
			client: Client{
				Offer:   Offer{Versions: []uint16{TLS12}, Suites: []uint16{0xc027, 0x009f}},
				Perhaps: Offer{Suites: []uint16{0x0039}},
			},
			server: Server{
				Accepted: []uint16{TLS12}, Suites: map[uint16][]uint16{TLS12: {0xc02f}}, Tried: []uint16{0xc02f, 0xc027},
			},
			want: Result{Reason: BySuites, Untried: []uint16{0x009f, 0x0039}},
		},
		{
			name: "a suite that only some releases of the row offer",
			client: Client{
				Offer:   Offer{Versions: []uint16{TLS12}, Suites: []uint16{0xc027}},
				Perhaps: Offer{Suites: []uint16{0xc02f}},
			},
			server: strong12,
			want:   Result{Reason: BySuites},
		},
		{
			name: "a version that only some releases of the row offer",
			client: Client{
				Offer:   Offer{Versions: []uint16{TLS12}, Suites: []uint16{0xc02f}},
				Perhaps: Offer{Versions: []uint16{TLS13}, Suites: []uint16{0x1301}},
			},
			server: only13,
			want:   Result{Reason: ByVersion},
		},
		{
			name:   "SSL 3.0 where TLS 1.0 is answered",
			client: Client{Offer: Offer{Versions: []uint16{SSL30}, Suites: []uint16{0x000a}}},
			server: Server{Accepted: []uint16{TLS10}},
			want:   Result{Reason: ByVersion},
		},
	} {
		if diff := cmp.Diff(tc.want, Predict(tc.client, tc.server)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestPredictConnects(t *testing.T) {
	for _, tc := range []struct {
		name   string
		client Client
		server Server
		want   Result
	}{
		{
			name:   "one suite in common",
			client: Client{Offer: Offer{Versions: []uint16{TLS12, TLS10}, Suites: []uint16{0xc02f, 0xc027}}},
			server: strong12,
			want:   Result{Verdict: Connects, Version: TLS12, Suite: 0xc02f},
		},
		{
			name:   "two suites in common: the preference is not known",
			client: Client{Offer: Offer{Versions: []uint16{TLS12}, Suites: []uint16{0xc02f, 0xc030}}},
			server: strong12,
			want:   Result{Verdict: Connects, Version: TLS12},
		},
		{
			name:   "an untried suite may be preferred",
			client: Client{Offer: Offer{Versions: []uint16{TLS12}, Suites: []uint16{0xc02f, 0x009f}}},
			server: Server{Accepted: []uint16{TLS12}, Suites: map[uint16][]uint16{TLS12: {0xc02f}}},
			want:   Result{Verdict: Connects, Version: TLS12},
		},
		{
			name: "the higher version is uncertain, and both connect",
			client: Client{
				Offer:   Offer{Versions: []uint16{TLS12}, Suites: []uint16{0xc02f}},
				Perhaps: Offer{Versions: []uint16{TLS13}, Suites: []uint16{0x1301}},
			},
			server: Server{
				Accepted: []uint16{TLS12, TLS13},
				Suites:   map[uint16][]uint16{TLS12: {0xc02f}, TLS13: {0x1301}},
			},
			want: Result{Verdict: Connects},
		},
		{
			name:   "a suite of TLS 1.2 is not offered below",
			client: Client{Offer: Offer{Versions: []uint16{TLS10}, Suites: []uint16{0xc02f, 0x002f}}},
			server: Server{
				Accepted: []uint16{TLS10, TLS12}, Suites: map[uint16][]uint16{TLS10: {0x002f}, TLS12: {0xc02f}},
				Tried: everySuite(),
			},
			want: Result{Verdict: Connects, Version: TLS10, Suite: 0x002f},
		},
	} {
		if diff := cmp.Diff(tc.want, Predict(tc.client, tc.server)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// A suite that does not exist at the version is not an open question there.
func TestPredictSuitesOfOtherVersions(t *testing.T) {
	for _, tc := range []struct {
		version uint16
		suites  []uint16
	}{
		{TLS10, []uint16{0x002f, 0x003c, 0x0067, 0x009f, 0xc02f, 0xcca8, 0x1301}},
		{TLS11, []uint16{0x002f, 0x003d, 0x006b, 0x009e, 0xc027, 0xcca9, 0x1301}},
		{TLS12, []uint16{0x002f, 0x1301}},
		{TLS13, []uint16{0x1301, 0x002f, 0xc02f}},
	} {
		c := Client{Offer: Offer{Versions: []uint16{tc.version}, Suites: tc.suites}}
		s := Server{Accepted: []uint16{tc.version}, Tried: tc.suites[:1]} // the only one that exists there
		if got := outcome(Predict(c, s)); got != "40" {
			t.Errorf("version %04x: %s, want a refusal by suites", tc.version, got)
		}
	}
}

// The highest common version decides, even when a lower one would have had a suite.
func TestPredictNoFallback(t *testing.T) {
	c := Client{Offer: Offer{Versions: []uint16{TLS10, TLS12}, Suites: []uint16{0x002f}}}
	s := Server{
		Accepted: []uint16{TLS10, TLS12}, Suites: map[uint16][]uint16{TLS10: {0x002f}, TLS12: {0xc02f}},
		Tried: everySuite(),
	}
	if got := outcome(Predict(c, s)); got != "40" {
		t.Errorf("got %s, want a refusal by suites", got)
	}
}

// Predict leaves curves out because all clients with ECDHE have P-256 in common.
func TestEveryECDHEClientHasP256(t *testing.T) {
	for _, r := range table() {
		ecdhe := slices.ContainsFunc(r.Suites, func(id uint16) bool { return id>>8 == 0xc0 || id>>8 == 0x13 })
		if ecdhe && !slices.Contains(r.Groups, p256) {
			t.Errorf("%s from %d: ECDHE without P-256", r.family, r.from)
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

// The rows that rest on captures agree with them.
func TestRowsAgreeWithCaptures(t *testing.T) {
	raw, err := os.ReadFile("testdata/own-captures.tsv")
	if err != nil {
		t.Fatal(err)
	}
	clients := map[string][]string{
		"chromium":    {"Chrome 156", "Edge 156"},
		"firefox-esr": {"Firefox 153"},
	}
	seen := 0
	for line := range strings.Lines(string(raw)) {
		name, hello, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		suites := hexes(t, between(t, hello, " suites=", "="))
		for _, n := range clients[name] {
			seen++
			c, ok := Find(n)
			if !ok {
				t.Errorf("no client %q", n)
				continue
			}
			checkSet(t, n+": versions", c.Versions, hexes(t, between(t, hello, "versions=[", "]")))
			missing(t, n+" offers for certain, but not in the capture", c.Suites, suites)
			missing(t, n+" is not said to offer", suites, slices.Concat(c.Suites, c.Perhaps.Suites))
			missing(t, n+" groups", c.Groups, hexes(t, between(t, hello, "groups=[", "]")))
			if c.SNI != strings.Contains(hello, "sni=") {
				t.Errorf("%s: SNI differs from the capture", n)
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d clients compared, want 3", seen)
	}
}

func between(t *testing.T, s, start, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, start)
	if !ok {
		t.Fatalf("no %q in the capture", start)
	}
	rest, _, _ = strings.Cut(rest, end)
	return rest
}

// hexes reads numbers and leaves out what is none (GREASE, the name of the next member).
func hexes(t *testing.T, s string) []uint16 {
	t.Helper()
	var ids []uint16
	for _, f := range strings.Fields(s) {
		if n, err := strconv.ParseUint(f, 16, 16); err == nil && len(f) == 4 {
			ids = append(ids, uint16(n))
		}
	}
	if len(ids) == 0 {
		t.Fatalf("no numbers in %q", s)
	}
	return ids
}

func missing(t *testing.T, what string, part, whole []uint16) {
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

// The alerts of RFC 8446 section 6.2, and what they say of a hello for exactly one version.
func TestRefusedBy(t *testing.T) {
	for _, tc := range []struct {
		version uint16
		alert   int
		want    Reason
	}{
		{TLS10, 70, ByVersion}, {TLS12, 70, ByVersion}, {TLS13, 70, ByVersion}, // protocol_version
		{TLS10, 40, BySuites}, {TLS12, 40, BySuites}, {TLS13, 40, ByVersion}, // handshake_failure
		{TLS12, 47, BySuites}, {TLS13, 47, ""}, // illegal_parameter
		{TLS12, 71, BySuites}, {TLS13, 71, ""}, // insufficient_security
		{TLS10, 80, ""}, {TLS12, 112, ""}, {TLS13, 80, ""}, // internal_error, unrecognized_name
		{TLS12, 0, ""}, // none was recorded
	} {
		if got := RefusedBy(tc.version, tc.alert); got != tc.want {
			t.Errorf("alert %d at %#04x: %q, want %q", tc.alert, tc.version, got, tc.want)
		}
	}
}
