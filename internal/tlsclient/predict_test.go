package tlsclient

import (
	"slices"
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
		{"Java 6", "70", "70", "70"},
		{"Java 7u80", "70", "70", "70"},
		{"Java 8u202", "yes", "yes", "70"},
		{"Java 8u341", "yes", "yes", "yes"},
		{"Java 11", "yes", "yes", "yes"},
		{"Java 17", "yes", "yes", "yes"},
		{"Java 21", "yes", "yes", "yes"},
		{"OpenSSL 0.9.8zh", "70", "70", "70"},
		{"curl / OpenSSL 1.0.1u", "yes", "yes", "70"},
		{"curl / OpenSSL 1.1.1v", "yes", "yes", "yes"},
		{"curl / OpenSSL 3.0", "yes", "yes", "yes"},
		{"curl / OpenSSL 3.5", "yes", "yes", "yes"},
		{"GnuTLS 3.7", "yes", "yes", "yes"},
		{"Go 1.26", "yes", "yes", "yes"},
		{".NET 3.5 / Windows 7", "70", "70", "70"},
		{".NET 4.5.2 / Windows 10", "70", "70", "70"},
		{".NET 4.6.2 / Windows 7", "40", "yes", "70"},
		{".NET 4.6 / Windows 8.1", "40", "yes", "70"},
		{".NET 4.6 / Windows 10", "yes", "yes", "70"},
		{".NET 4.8 / Windows 7", "70", "70", "70"}, // as the system
		{".NET 4.8 / Windows 10", "yes", "yes", "70"},
		{".NET 4.8 / Windows 11", "yes", "yes", "yes"},
		{"PowerShell 5.1 / Windows 8.1", "70", "70", "70"},
		{"PowerShell 7 / Windows 10", "yes", "yes", "70"},
		{"WinHTTP / Windows 7", "70", "70", "70"},
		{"WinHTTP / Windows 8.1", "40", "yes", "70"},
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
		{".NET 4.5 / Windows 7", "40", "yes"},
		{".NET 4.5 / Windows 10", "yes", "yes"},
		{"PowerShell 5.1 / Windows Server 2012 R2", "40", "yes"},
		{"WinHTTP / Windows 7", "40", "yes"},
		{"Java 7u80", "40", "40"}, // no GCM before Java 8
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
			client: Client{Hello: Hello{SNI: true, Versions: []uint16{TLS12}, Suites: []uint16{0xc027, 0x009f, 0x009e}}},
			server: Server{
				Accepted: []uint16{TLS12}, Suites: map[uint16][]uint16{TLS12: {0xc02f}}, Tried: []uint16{0xc02f, 0xc027},
			},
			want: Result{Reason: BySuites, Untried: []uint16{0x009f, 0x009e}},
		},
		{
			name: "the same, and the row leaves another one open",
			client: Client{
				Hello:   Hello{SNI: true, Versions: []uint16{TLS12}, Suites: []uint16{0xc027, 0x009f}},
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
				Hello:   Hello{SNI: true, Versions: []uint16{TLS12}, Suites: []uint16{0xc027}},
				Perhaps: Offer{Suites: []uint16{0xc02f}},
			},
			server: strong12,
			want:   Result{Reason: BySuites},
		},
		{
			name: "a version that only some releases of the row offer",
			client: Client{
				Hello:   Hello{SNI: true, Versions: []uint16{TLS12}, Suites: []uint16{0xc02f}},
				Perhaps: Offer{Versions: []uint16{TLS13}, Suites: []uint16{0x1301}},
			},
			server: only13,
			want:   Result{Reason: ByVersion},
		},
		{
			name:   "SSL 3.0 where TLS 1.0 is answered",
			client: Client{Hello: Hello{SNI: true, Versions: []uint16{SSL30}, Suites: []uint16{0x000a}}},
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
			client: Client{Hello: Hello{SNI: true, Versions: []uint16{TLS12, TLS10}, Suites: []uint16{0xc02f, 0xc027}}},
			server: strong12,
			want:   Result{Verdict: Connects, Version: TLS12, Suite: 0xc02f},
		},
		{
			name:   "two suites in common: the preference is not known",
			client: Client{Hello: Hello{SNI: true, Versions: []uint16{TLS12}, Suites: []uint16{0xc02f, 0xc030}}},
			server: strong12,
			want:   Result{Verdict: Connects, Version: TLS12},
		},
		{
			name:   "an untried suite may be preferred",
			client: Client{Hello: Hello{SNI: true, Versions: []uint16{TLS12}, Suites: []uint16{0xc02f, 0x009f}}},
			server: Server{Accepted: []uint16{TLS12}, Suites: map[uint16][]uint16{TLS12: {0xc02f}}},
			want:   Result{Verdict: Connects, Version: TLS12},
		},
		{
			name: "the higher version is uncertain, and both connect",
			client: Client{
				Hello:   Hello{SNI: true, Versions: []uint16{TLS12}, Suites: []uint16{0xc02f}},
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
			client: Client{Hello: Hello{SNI: true, Versions: []uint16{TLS10}, Suites: []uint16{0xc02f, 0x002f}}},
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
		c := Client{Hello: Hello{SNI: true, Versions: []uint16{tc.version}, Suites: tc.suites}}
		s := Server{Accepted: []uint16{tc.version}, Tried: tc.suites[:1]} // the only one that exists there
		if got := outcome(Predict(c, s)); got != "40" {
			t.Errorf("version %04x: %s, want a refusal by suites", tc.version, got)
		}
	}
}

// The highest common version decides, even when a lower one would have had a suite.
func TestPredictNoFallback(t *testing.T) {
	c := Client{Hello: Hello{SNI: true, Versions: []uint16{TLS10, TLS12}, Suites: []uint16{0x002f}}}
	s := Server{
		Accepted: []uint16{TLS10, TLS12}, Suites: map[uint16][]uint16{TLS10: {0x002f}, TLS12: {0xc02f}},
		Tried: everySuite(),
	}
	if got := outcome(Predict(c, s)); got != "40" {
		t.Errorf("got %s, want a refusal by suites", got)
	}
}

// Whose order decides is a matter of the server (RFC 5246 section 7.4.1.3, RFC 8446 section 4.1.3). The
// orders are those of the captures and of Microsoft's pages.
func TestPredictChosenSuite(t *testing.T) {
	server := func(order Order, suites ...uint16) Server {
		s := strong12
		s.Order, s.Suites = order, map[uint16][]uint16{TLS12: suites}
		return s
	}
	for _, tc := range []struct {
		client string
		server Server
		want   uint16
	}{
		{"Chrome 156", server(ByServer, 0xc030, 0xc02f, 0xcca8), 0xc030},
		{"Chrome 156", server(ByClient, 0xc030, 0xc02f, 0xcca8), 0xc02f},
		{"Chrome 156", server(OrderUnknown, 0xc030, 0xc02f, 0xcca8), 0},
		{"Firefox 153", server(ByClient, 0xc030, 0xcca8), 0xcca8},
		{"curl / OpenSSL 3.0", server(ByClient, 0xc02f, 0xc030), 0xc030},
		{"IE 11 / Windows 7", server(ByClient, 0x009e, 0x009f, 0xc030), 0x009f},
		{"IE 11 / Windows 7", server(ByServer, 0xc030, 0x009e, 0x009f), 0x009e},
		// Where the client would put a suite that it perhaps has is not known.
		{"IE 11 / Windows 10", server(ByClient, 0xc030, 0x009f), 0},
		{"IE 11 / Windows 10", server(ByServer, 0xc030, 0x009f), 0xc030},
		{"IE 11 / Windows 10", server(ByServer, 0x009f, 0xc030), 0},
		// The order of this row is not known.
		{"Chrome 40", server(ByClient, 0xc02f, 0xc013), 0},
	} {
		c, ok := Find(tc.client)
		if !ok {
			t.Fatalf("no client %q", tc.client)
		}
		if r := Predict(c, tc.server); r.Verdict != Connects || r.Suite != tc.want {
			t.Errorf("%s, %v, order %d: %v %04x, want %04x", tc.client, tc.server.Suites, tc.server.Order, r.Verdict, r.Suite, tc.want)
		}
	}
}

// What else stands between a suite in common and a connection: a group (RFC 8422 section 5.1), the
// name of the host (RFC 6066 section 3), an algorithm to sign with (RFC 5246 section 7.4.1.4.1, RFC 8446
// section 4.2.3), and a certificate that the client can verify.
func TestPredictTheRest(t *testing.T) {
	with := func(change func(*Server)) Server {
		s := Server{
			Accepted: []uint16{TLS10, TLS12}, Refused: []uint16{TLS11, TLS13}, Tried: everySuite(), Name: NotNeeded,
			Suites: map[uint16][]uint16{TLS10: {0x002f, 0x000a}, TLS12: {0xc030, 0xc02f}},
		}
		change(&s)
		return s
	}
	for _, tc := range []struct {
		name, client string
		server       Server
		want         Verdict
		why          Reason
	}{
		{"nothing else", "Chrome 156", with(func(*Server) {}), Connects, ""},
		{"a group in common", "Chrome 156", with(func(s *Server) { s.Groups = []uint16{p256} }), Connects, ""},
		{"no group in common", "Chrome 156", with(func(s *Server) { s.Groups = []uint16{p521} }), Refused, ByGroups},
		{"no group, and a suite that needs none", "Chrome 156", with(func(s *Server) {
			s.Groups, s.Suites = []uint16{p521}, map[uint16][]uint16{TLS12: {0xc030, 0x009c}}
		}), Connects, ""},
		{"no group at TLS 1.3", "Chrome 156", with(func(s *Server) {
			s.Accepted, s.Refused, s.Groups = []uint16{TLS13}, []uint16{TLS10, TLS11, TLS12}, []uint16{p521}
			s.Suites = map[uint16][]uint16{TLS13: {0x1301}}
		}), Refused, ByGroups},

		{"no name, and none needed", "IE 8 / Windows XP", with(func(*Server) {}), Connects, ""},
		{"no name, and one needed", "IE 8 / Windows XP", with(func(s *Server) { s.Name = Needed }), Refused, ByName},
		{"no name, and not known", "IE 8 / Windows XP", with(func(s *Server) { s.Name = NeedUnknown }), Undecided, ByName},
		{"a name", "IE 8 / Windows 7", with(func(s *Server) { s.Name = Needed }), Connects, ""},
		{"perhaps a name", "OpenSSL 3.0", with(func(s *Server) { s.Name = Needed }), Undecided, ByName},
		{"no name, and no version", "IE 8 / Windows XP", with(func(s *Server) {
			s.Accepted, s.Refused, s.Name = []uint16{TLS12}, []uint16{TLS10, TLS11, TLS13}, Needed
		}), Refused, ByVersion},

		{"signed with a key that no browser takes", "Chrome 156", with(func(s *Server) {
			s.Accepted, s.Refused, s.Key = []uint16{TLS13}, []uint16{TLS10, TLS11, TLS12}, "Ed25519"
			s.Suites = map[uint16][]uint16{TLS13: {0x1301}}
		}), Refused, ByCertificate},
		{"the same, taken", "curl / OpenSSL 3.0", with(func(s *Server) {
			s.Accepted, s.Refused, s.Key = []uint16{TLS13}, []uint16{TLS10, TLS11, TLS12}, "Ed25519"
			s.Suites = map[uint16][]uint16{TLS13: {0x1301}}
		}), Connects, ""},
		{"SHA-2 on XP", "IE 8 / Windows XP", with(func(s *Server) { s.Hash = "SHA256" }), Undecided, ByCertificate},
		{"SHA-2 on Windows 7", "IE 8 / Windows 7", with(func(s *Server) { s.Hash = "SHA256" }), Connects, ""},
		{"SHA-1 and a current browser", "Chrome 156", with(func(s *Server) { s.Hash = "SHA1" }), Refused, ByCertificate},
		{"SHA-1 and an old one", "IE 11 / Windows 10", with(func(s *Server) { s.Hash = "SHA1" }), Undecided, ByCertificate},
		{"ECDSA suites only, on XP", "IE 8 / Windows XP", with(func(s *Server) {
			s.Suites = map[uint16][]uint16{TLS10: {0xc00a, 0xc009}}
		}), Refused, BySuites},
	} {
		c, ok := Find(tc.client)
		if !ok {
			t.Fatalf("no client %q", tc.client)
		}
		if r := Predict(c, tc.server); r.Verdict != tc.want || r.Reason != tc.why {
			t.Errorf("%s: %v %q, want %v %q", tc.name, r.Verdict, r.Reason, tc.want, tc.why)
		}
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
