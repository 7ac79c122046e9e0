package console

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// TestServers runs real servers on loopback, those that are installed: what was written by somebody
// else has to be read as what it is. `make test-tls` has more of them, and needs root.
func TestServers(t *testing.T) {
	dir := t.TempDir()
	leaf := newAuthority(t).leaf(t, nil)
	write(t, dir, "cert.pem", "CERTIFICATE", leaf.Certificate[0])
	key := x509.MarshalPKCS1PrivateKey(leaf.PrivateKey.(*rsa.PrivateKey))
	write(t, dir, "key.pem", "RSA PRIVATE KEY", key)
	strong := []uint16{0xc02f, 0xc030, 0xcca8}
	for _, tc := range []struct {
		program string
		args    func(port string) []string
		want    []facts.SuiteSeen
		order   facts.Preference
	}{
		{
			"openssl", func(port string) []string {
				return []string{
					"s_server", "-accept", "127.0.0.1:" + port, "-cert", "cert.pem", "-key", "key.pem", "-www", "-quiet", "-tls1_2",
					"-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20",
				}
			}, at("1.2", strong...), facts.PreferenceClient,
		},
		{
			"nginx", func(port string) []string {
				conf := fmt.Sprintf(`daemon off; pid nginx.pid; error_log stderr; events {} http { access_log off; client_body_temp_path b; proxy_temp_path p;
					fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s; server { listen 127.0.0.1:%s ssl; ssl_protocols TLSv1.2;
					ssl_certificate cert.pem; ssl_certificate_key key.pem; ssl_prefer_server_ciphers on;
					ssl_ciphers ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256; location / { return 200 ok; } } }`, port)
				if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
					t.Fatal(err)
				}
				return []string{"-p", dir + "/", "-c", "nginx.conf", "-e", "stderr"}
			}, at("1.2", strong...), facts.PreferenceServer,
		},
		{
			"gnutls-serv", func(port string) []string {
				return []string{
					"--quiet", "--http", "--port", port, "--x509certfile", "cert.pem", "--x509keyfile", "key.pem",
					"--priority", "NONE:+VERS-TLS1.2:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+SIGN-ALL:+GROUP-ALL:+COMP-NULL",
				}
			}, at("1.2", strong...), facts.PreferenceClient,
		},
	} {
		t.Run(tc.program, func(t *testing.T) {
			path, err := exec.LookPath(tc.program)
			if err != nil {
				t.Skip(tc.program + " is not installed")
			}
			if tc.program == "gnutls-serv" && os.Getenv("CASDOCTOR_TLS_LAB") == "" {
				t.Skip("gnutls-serv listens on every address: only in a network namespace")
			}
			free := closed(t)
			port := portOf(free)
			server := exec.CommandContext(t.Context(), path, tc.args(port)...) //nolint:gosec // G204: a program of this table
			server.Dir = dir
			server.WaitDelay = time.Second
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = server.Process.Kill()
				_ = server.Wait()
			})
			ready(t, free.String())
			r, err := Look(t.Context(), newEnv(t, toward(t, free)), Options{Suites: SuitesExact, Clients: true})
			if err != nil || !r.Console.Suites.Complete() || !slices.Equal(sorted(*r.Console.Suites.Value), tc.want) {
				t.Fatalf("%v, %+v", err, r.Console.Suites)
			}
			if r.Console.Preference != tc.order {
				t.Errorf("the order is %q, want %q", r.Console.Preference, tc.order)
			}
			if c := r.Console.Certificate.Value; c == nil || c.Subject != "CN=console.test" {
				t.Errorf("certificate %+v", r.Console.Certificate)
			}
			// IE 11 on Windows 7 has TLS 1.2 and none of these suites, as the vendor documents.
			ie, _ := tlsclient.Find("IE 11 / Windows 7")
			again, err := Look(t.Context(), newEnv(t, toward(t, free)), Options{})
			if err != nil || again.Connections != 3 {
				t.Errorf("health check: %v, %d connections: %s", err, again.Connections, vector(again.Console))
			}
			p := testProber(t, toward(t, free))
			p.via = free
			if s := p.ask(t.Context(), "", HelloOf(ie, host), 0); s.Outcome != facts.OutcomeAlert || s.Alert != 40 {
				t.Errorf("IE 11: %+v", s.Hello)
			}
			if s := p.ask(t.Context(), "", p.at(ciphersuite.TLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}), 0); !s.ok(ciphersuite.TLS12) {
				t.Errorf("one suite: %+v", s.Hello)
			}
		})
	}
}

// ready waits until somebody listens.
func ready(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		var d net.Dialer
		if conn, err := d.DialContext(t.Context(), "tcp", address); err == nil {
			conn.Close()
			return
		}
		// Nothing says when a foreign program listens; a refused connection returns at once.
		<-time.After(20 * time.Millisecond)
	}
	t.Fatalf("nobody listens on %s", address)
}

func write(t *testing.T, dir, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
