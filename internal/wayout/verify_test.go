package wayout

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/casdoctor/casdoctor/config"
)

// A chain that network.ca_file settles needs no root of the system; any other one does.
func TestVerify(t *testing.T) {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, file    string
		system        *x509.CertPool
		read, trusted bool
	}{
		{"in the file", file, x509.NewCertPool(), false, true},
		{"nowhere", "", x509.NewCertPool(), true, false},
		{"in the system", "", pool(srv.Certificate()), true, true},
	} {
		w, err := New(config.Network{CAFile: tt.file})
		if err != nil {
			t.Fatal(err)
		}
		read := false
		w.roots = func() *x509.CertPool { read = true; return tt.system }
		err = w.Verify(srv.Certificate(), x509.VerifyOptions{DNSName: "example.com"})
		if (err == nil) != tt.trusted || read != tt.read {
			t.Errorf("%s: %v, the system's roots were read: %t", tt.name, err, read)
		}
	}
}

func pool(cert *x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(cert)
	return p
}

