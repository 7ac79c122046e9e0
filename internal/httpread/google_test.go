package httpread

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func google(impersonate string) *config.Config {
	return &config.Config{
		Google: &config.Google{
			Credentials: config.GoogleCredentials{Impersonate: impersonate},
			Endpoints: config.GoogleEndpoints{
				Token: "https://google.test/token", TokenInfo: "https://google.test/tokeninfo",
				Directory: "https://google.test", Reports: "https://google.test", IAM: "https://iam.test",
				STS: "https://sts.test/v1/token",
			},
		},
		Network: config.Network{Proxy: "http://proxy.test:3128"},
	}
}

func TestGoogleRequests(t *testing.T) {
	const sign = "https://iam.test/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com"
	tests := []struct {
		method, url  string
		key, keyless bool // is let through with a key file, without one
	}{
		{"POST", "https://google.test/token", true, true},
		{"GET", "https://google.test/tokeninfo?access_token=x", true, true},
		{"GET", "https://google.test/admin/directory/v1/customer/my_customer/domains", true, true},
		{"POST", "https://google.test/admin/directory/v1/customer/my_customer/domains", false, false},
		{"DELETE", "https://google.test/token", false, false},
		{"POST", sign + ":signJwt", false, true},
		{"POST", sign + ":signBlob", false, false},
		{"POST", sign + ":generateAccessToken", false, true}, // of a federated caller
		{"POST", sign + ":generateIdToken", false, false},
		{"DELETE", sign, false, false},
		// The caller's application-default credentials.
		{"GET", "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token", false, true},
		{"GET", "http://169.254.169.254/computeMetadata/v1/instance/attributes/ssh-keys", false, false},
		{"GET", "http://169.254.169.254/latest/user-data", false, false},
		{"PUT", "http://169.254.169.254/latest/api/token", false, false},
		{"POST", "https://sts.test/v1/token", false, true},
		{"POST", "https://sts.test/v1/oauthtoken", false, false},
		{"POST", "https://google.test/revoke", false, false},
		{"POST", "https://oauth2.googleapis.com/token", false, false}, // the configuration says where to ask
		{"POST", "https://sts.example.com/v1/token", false, false},
	}
	for name, impersonate := range map[string]string{"key file": "", "keyless": "sa@p.iam.gserviceaccount.com"} {
		c, err := New(google(impersonate))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range tests {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.key
			if impersonate != "" {
				want = tt.keyless
			}
			err = c.Check(r)
			if (err == nil) != want || err != nil && !errors.Is(err, ErrNotRead) {
				t.Errorf("%s: %s %s: %v, let through: want %v", name, tt.method, tt.url, err, want)
			}
		}
	}
}

func TestMetadataServiceHasNoProxy(t *testing.T) {
	c, err := New(google("sa@p.iam.gserviceaccount.com"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := c.http.Transport.(*transport).base.(lazily)().(*http.Transport).Proxy
	for address, want := range map[string]string{
		"http://169.254.169.254/computeMetadata/v1/x": "",
		"https://google.test/token":                   "proxy.test:3128",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		u, err := proxy(r)
		if err != nil {
			t.Fatal(err)
		}
		if u != nil {
			got = u.Host
		}
		if got != want {
			t.Errorf("%s goes through %q, want %q", address, got, want)
		}
	}
}

// TestACertificateOutOfItsTime: a clock that is far off breaks TLS before any answer has a Date;
// to add a root certificate, as for an inspecting network, would not help.
func TestACertificateOutOfItsTime(t *testing.T) {
	f := Classify(&url.Error{Op: "Post", URL: "https://google.test/token?x=secret", Err: &tls.CertificateVerificationError{
		Err: x509.CertificateInvalidError{Reason: x509.Expired},
	}})
	if f.Kind != facts.Unreachable || f.Code != "certificate" || !strings.Contains(f.Detail, "clock") || strings.Contains(f.Detail, "ca_file") {
		t.Errorf("%+v", f)
	}
}
