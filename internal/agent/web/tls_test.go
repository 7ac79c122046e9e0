package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/web"
)

// certified writes a certificate with that number for 127.0.0.1, as config would read it.
func certified(t *testing.T, path string, number int64) *config.PageTLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &config.PageTLS{Certificate: path, Key: config.NewSecret("file:key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))}
}

// TestListener: what a client of the listener meets, and a certificate that is renewed on the
// disk and shown after the configuration was read again.
func TestListener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.pem")
	p := newPage(t, config.Page{Listen: config.HostPort{Host: "127.0.0.1"}, TLS: certified(t, path, 1), Tokens: tokens()})
	l, err := p.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { served <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	number := func() int64 {
		t.Helper()
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // its number is read, and nothing sent
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}) //nolint:gosec // old ones are asked for
		if (err == nil) != ok {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			_ = c.Close()
		}
	}

	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}, //nolint:gosec // made above
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	at := "https://" + l.Addr().String()
	got, err := client.PostForm(at+"/sign-in", url.Values{"token": {operatorToken}})
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Body.Close()
	if got.StatusCode != http.StatusSeeOther || got.ProtoMajor != 2 {
		t.Errorf("the sign-in: %s %s", got.Proto, got.Status)
	}
	if h := got.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(h, "max-age=31536000") {
		t.Errorf("HSTS: %q", h)
	}
	for _, c := range got.Cookies() {
		if c.Name != "__Host-casdoctor" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie: %v", c)
		}
	}
	if len(got.Cookies()) != 1 {
		t.Errorf("%d cookies", len(got.Cookies()))
	}
	plain, err := http.Get("http://" + l.Addr().String() + "/healthz") //nolint:noctx // on loopback
	if err == nil {
		_ = plain.Body.Close()
		if plain.StatusCode != http.StatusBadRequest {
			t.Errorf("without TLS: %s", plain.Status)
		}
	}

	if n := number(); n != 1 {
		t.Errorf("certificate %d is shown, want 1", n)
	}
	renewed := certified(t, path, 2)
	if n := number(); n != 1 {
		t.Errorf("certificate %d is shown before the configuration is read again", n)
	}
	p.reload(func(c *config.Agent) { c.Page.TLS = renewed })
	if n := number(); n != 2 {
		t.Errorf("certificate %d is shown, want 2", n)
	}
	if err := os.WriteFile(path, []byte("half of a cer"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.reload(func(*config.Agent) {})
	if n := number(); n != 2 {
		t.Errorf("certificate %d is shown, want the one before", n)
	}
}

// TestNobodyIsLocalElsewhere: a page that others can reach has no "whoever sits at this
// machine", also when its sign-in is taken out of the configuration.
func TestNobodyIsLocalElsewhere(t *testing.T) {
	p := newPage(t, config.Page{Listen: config.HostPort{Host: "0.0.0.0", Port: 8642}, TLS: &config.PageTLS{Certificate: "page.pem"}, Tokens: tokens()})
	p.reload(func(c *config.Agent) { c.Page.Tokens = nil })
	for _, r := range []*http.Request{request("GET", "/", "", nil), request("POST", "/tenants/contoso/run", "", url.Values{})} {
		if got, _ := ask(p, r); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s %s: %d", r.Method, r.URL.Path, got.StatusCode)
		}
	}
}

// TestNoCertificate: the page does not start without one.
func TestNoCertificate(t *testing.T) {
	for name, text := range map[string]string{"none": "", "no PEM": "half of a cer"} {
		path := filepath.Join(t.TempDir(), "page.pem")
		good := certified(t, path, 1)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p := newPage(t, config.Page{Listen: config.HostPort{Host: "127.0.0.1"}, TLS: good, Tokens: tokens()})
		if l, err := p.Listen(t.Context()); err == nil || errors.Is(err, web.ErrOpen) {
			t.Errorf("%s: %v", name, err)
			_ = l.Close()
		}
	}
}
