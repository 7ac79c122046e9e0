package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

// These tests run the command against real servers, proxies and faults of the way. They need what
// internal/tools/tls/lab.sh sets up (root, a network namespace, Debian's packages): `make test-tls`.
func tlsLab(t *testing.T) (ca string) {
	t.Helper()
	dir := os.Getenv("CASDOCTOR_TLS_LAB")
	if dir == "" {
		t.Skip("no real servers: run make test-tls")
	}
	return dir + "/certs/ca.pem"
}

func consoleJSON(t *testing.T, args ...string) report.Console {
	t.Helper()
	var out, stderr bytes.Buffer
	execute(t.Context(), append([]string{"console", "--format", "json"}, args...), streams{out: &out, err: &stderr})
	var c report.Console
	if err := json.Unmarshal(out.Bytes(), &c); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out.String(), stderr.String())
	}
	return c
}

// TestRealServers: the number of pairs is what nmap, testssl.sh and casdoctor agree on, see
// `make bench-tls`; the most connections are n+1 a version and what the order and the groups take.
func TestRealServers(t *testing.T) {
	ca := tlsLab(t)
	for _, tc := range []struct {
		server, port string
		pairs, most  int
	}{
		{"nginx, TLS 1.2 and three suites", "9441", 3, 5},
		{"nginx, TLS 1.0 to 1.2", "9442", 40, 45},
		{"nginx, TLS 1.3 only", "9443", 3, 7},
		{"nginx, two certificates", "9444", 11, 16},
		{"openssl s_server, the client's order", "9461", 3, 6},
		{"openssl s_server, NULL and anonymous", "9462", 126, 133},
		{"gnutls-serv, RC4 and NULL", "9463", 86, 92},
		{"Java, everything", "9465", 137, 145},
		{"NSS, SSL 3.0", "9466", 94, 100},
		{"openssl s_server, client order, TLS 1.0 to 1.2", "9468", 32, 38},
	} {
		exact := consoleJSON(t, "console.test:"+tc.port, "--enumerate", "--ca-file", ca)
		if s := exact.Seen.Suites; !s.Complete() || len(*s.Value) != tc.pairs || exact.Connections > tc.most {
			t.Errorf("%s: %v, %d pairs (want %d) in %d connections (want at most %d)",
				tc.server, s.Why(), len(*s.Value), tc.pairs, exact.Connections, tc.most)
		}
		inferred := consoleJSON(t, "console.test:"+tc.port, "--enumerate=inferred", "--ca-file", ca)
		if s := inferred.Seen.Suites; !s.Complete() || len(*s.Value) != tc.pairs || inferred.Connections > min(tc.most, 100) {
			t.Errorf("%s, inferred: %v, %d pairs in %d connections", tc.server, s.Why(), len(*s.Value), inferred.Connections)
		}
		replay := consoleJSON(t, "console.test:"+tc.port, "--replay", "--ca-file", ca)
		for _, c := range replay.Clients {
			if c.Replay == nil || !c.Replay.Agrees {
				t.Errorf("%s: %s is predicted %s %s %s %s, and its own hello met %+v", tc.server, c.Client, c.Verdict, c.Reason, c.Version, c.Suite, c.Replay)
			}
		}
		if len(replay.Clients) < 50 || !replay.Seen.Groups.Complete() {
			t.Errorf("%s: %d clients, groups %v", tc.server, len(replay.Clients), replay.Seen.Groups.Why())
		}
	}
	health := consoleJSON(t, "console.test:9441", "--ca-file", ca)
	if health.Connections != 3 || health.ExitCode() != checks.ExitOK {
		t.Errorf("health check: %d connections, exit %d: %+v", health.Connections, health.ExitCode(), health.Check)
	}
	split := consoleJSON(t, "console.test:9441", "--ca-file", ca, "--enumerate", "--suites-per-hello", "127")
	if len(*split.Seen.Suites.Value) != 3 || split.Connections > 8 {
		t.Errorf("in hellos of 127: %d connections", split.Connections)
	}
}

// TestRealPaths: what each situation of the way is called.
func TestRealPaths(t *testing.T) {
	ca := tlsLab(t)
	for name, tc := range map[string]struct {
		args []string
		want string // the code of a reason that decides; "" for none
	}{
		"as documented":            {[]string{"console.test:9441"}, ""},
		"plain HTTP":               {[]string{"console.test:9447"}, "not_tls"},
		"another host":             {[]string{"console.test:9452"}, "certificate_unverified"},
		"self-signed":              {[]string{"console.test:9453"}, "certificate_unverified"},
		"RST on every hello":       {[]string{"console.test:9472"}, "tls_cut"},
		"silence":                  {[]string{"console.test:9473"}, "silent"},
		"FIN on every hello":       {[]string{"console.test:9474"}, "tls_cut"},
		"mitmproxy":                {[]string{"console.test:9477"}, "certificate_unverified"},
		"stunnel ends at TLS 1.1":  {[]string{"console.test:9478"}, "capped"},
		"haproxy filters the name": {[]string{"sub.tmcas.trendmicro.com:9479"}, "sni_filter"},
		"RST on TLS 1.2":           {[]string{"console.test:9485"}, "tls12_cut"},
		"TLS 1.2 vanishes":         {[]string{"console.test:9486"}, "tls12_dropped"},
		"large hellos vanish":      {[]string{"console.test:9487"}, "large_hello"},
		"host unreachable":         {[]string{"console.test:9496"}, "no_route"},
		"prohibited":               {[]string{"console.test:9497"}, "no_route"},
		"SYN black hole":           {[]string{"console.test:9498"}, "port_silent"},
		"refused":                  {[]string{"console.test:9499"}, "port_refused"},
		"old versions are on":      {[]string{"console.test:9442"}, "old_version_answered"},

		"through tinyproxy":               {[]string{"console.test:9441", "--via", "127.0.0.1:9481"}, ""},
		"tinyproxy cannot reach it":       {[]string{"console.test:9499", "--via", "127.0.0.1:9481"}, "proxy_fails"},
		"407":                             {[]string{"console.test:9441", "--via", "127.0.0.1:9482"}, "proxy_auth"},
		"wrong credentials":               {[]string{"console.test:9441", "--via", "http://user:wrong@127.0.0.1:9482"}, "proxy_credentials"},
		"right credentials":               {[]string{"console.test:9441", "--via", "http://user:pass@127.0.0.1:9482"}, ""},
		"squid intercepts":                {[]string{"console.test:9441", "--via", "127.0.0.1:9483"}, "certificate_unverified"},
		"squid answers 200 by itself":     {[]string{"console.test:9499", "--via", "127.0.0.1:9483"}, "proxy_page"},
		"squid denies":                    {[]string{"console.test:9441", "--via", "127.0.0.1:9484"}, "proxy_refused"},
		"a web server in a proxy's place": {[]string{"console.test:9441", "--via", "127.0.0.1:9447"}, "not_a_proxy"},
		"no proxy at the proxy's address": {[]string{"console.test:9441", "--via", "127.0.0.1:9499"}, "port_refused"},
		"NXDOMAIN":                        {[]string{"nx.test:9441", "--resolver", "127.0.0.1:9553"}, "name_not_found"},
		"REFUSED":                         {[]string{"elsewhere.example:9441", "--resolver", "127.0.0.1:9553"}, "name_refused"},
		"sink-holed":                      {[]string{"sink.example:9499", "--resolver", "127.0.0.1:9553"}, "name_sinkholed"},
		"no resolver where one should be": {[]string{"elsewhere.example:9441", "--resolver", "127.0.0.1:9499"}, "name_not_resolved"},
	} {
		c := consoleJSON(t, append(tc.args, "--ca-file", ca)...)
		var codes []string
		for _, e := range c.Check.Causes {
			if (strings.HasPrefix(e.ID, "TLS-01.X")) && (e.Verdict == "confirmed" || e.Verdict == "supported") {
				for _, r := range e.Reasons {
					codes = append(codes, r.Code)
				}
			}
		}
		if tc.want == "" && len(codes) > 0 || tc.want != "" && !slices.Contains(codes, tc.want) {
			t.Errorf("%s: %v, want %q (status %s)", name, codes, tc.want, c.Check.Status)
		}
	}
}
