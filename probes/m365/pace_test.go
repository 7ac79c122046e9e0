package m365_test

import (
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/time/rate"

	"github.com/casdoctor/casdoctor/internal/lab"
)

// "Microsoft Graph service-specific throttling limits": one request a second for
// Conditional Access, five in ten seconds for reports. The transport leaves loopback
// unlimited, so the practice organisation gets a name here.
func TestPace(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Zone = append(o.Zone, "example.com. 5 IN A 127.0.0.1") })
	graph, err := url.Parse(p.Config.Microsoft365.Endpoints.Graph)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewTLSServer(&httputil.ReverseProxy{ // its certificate is for example.com
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(graph) }, Transport: p.client().HTTP().Transport,
	})
	t.Cleanup(front.Close)
	roots, err := os.ReadFile(p.Config.Network.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	p.Config.Network.CAFile = filepath.Join(t.TempDir(), "roots.pem")
	roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})...)
	if err := os.WriteFile(p.Config.Network.CAFile, roots, 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(front.URL, "https://"), ":")
	p.Config.Microsoft365.Endpoints.Graph = "https://example.com:" + port

	client := p.client()
	// Made first, and so the ones that are used: nobody waits for this test.
	client.Limiter("m365.conditional_access", 1e6)
	client.Limiter("m365.reports", 1e6)
	ev := p.collectWith(client, 0)
	paced := 0
	for name, fact := range ev.Facts {
		if fact.Failure != nil {
			t.Fatalf("%s: %v", name, fact.Failure)
		}
		for _, r := range fact.Requests {
			want := strings.Contains(r.URL, "/conditionalAccess/") || strings.Contains(r.URL, "/v1.0/reports/") ||
				strings.Contains(r.URL, "/auditLogs/")
			if got := r.Waited > 0; got != want {
				t.Errorf("%s went through a limit: %v, want %v", r.URL, got, want)
			}
			if want {
				paced++
			}
		}
	}
	if paced != 6 { // policies, locations, the registration of three accounts, and the sign-in log
		t.Errorf("%d requests of the two families", paced)
	}
}

func TestRates(t *testing.T) {
	p := start(t, nil)
	client := p.client()
	p.collectWith(client, 0)
	for name, want := range map[string]rate.Limit{"m365.conditional_access": 1, "m365.reports": 0.5} {
		if got := client.Limiter(name, 99).Limit(); got != want {
			t.Errorf("%s: %v a second, want %v", name, got, want)
		}
	}
}
