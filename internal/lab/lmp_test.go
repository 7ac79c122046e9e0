package lab_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/internal/lab"
)

// TestLMPRefusals: every header is compulsory, the time may be off by fifteen minutes, and the
// signature is over time, method and path (LMPI, "Invoking LMPI").
func TestLMPRefusals(t *testing.T) {
	all := lab.Scenarios()
	var partner lab.LMP
	for _, s := range all {
		if s.Organisation.LMP != nil {
			partner = *s.Organisation.LMP
		}
	}
	p := start(t, func(o *lab.Organisation) { o.LMP = &partner })
	path := "/LMPI/v3/customers/" + partner.CustomerID + "/subscriptions/" + partner.SubscriptionID
	ask := func(method, path string, off time.Duration, change map[string]string) reply {
		posix := strconv.FormatInt(time.Now().Add(off).Unix(), 10)
		mac := hmac.New(sha256.New, []byte(partner.SecretKey))
		mac.Write([]byte(posix + method + path))
		r := p.request(method, p.cfg.Licensing.LMP.Endpoint+path, nil,
			"content-type", "application/json; charset=utf-8", "x-access-token", partner.AccessToken, "x-posix-time", posix,
			"x-signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		for name, v := range change {
			r.Header.Set(name, v)
		}
		return p.do(r)
	}
	got := ask(http.MethodGet, path, 0, nil)
	if got.status != 200 || got.body["subscription_id"] != partner.SubscriptionID {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	licences, _ := got.body["licenses"].([]any)
	// The shape is that of the vendor's example, secrets included.
	for _, name := range []string{"ac_code", "product_id", "license_start_date", "license_expiration_date", "grace_period", "units", "enabled"} {
		if len(licences) != 1 || licences[0].(map[string]any)[name] == nil {
			t.Errorf("no %s in %s", name, got.raw)
		}
	}
	if s, _ := got.body["service_url"].(string); !strings.Contains(s, "?T=") {
		t.Errorf("service_url %q", s)
	}
	if got := ask(http.MethodGet, path+"?x=1", 0, nil); got.status != 200 {
		t.Errorf("a query is signed too: %d %s", got.status, got.raw)
	}
	for _, c := range []struct {
		name         string
		method, path string
		off          time.Duration
		change       map[string]string
		status       int
	}{
		{"no access token", "GET", path, 0, map[string]string{"x-access-token": ""}, 401},
		{"another's access token", "GET", path, 0, map[string]string{"x-access-token": "975f9ce9"}, 401},
		{"no signature", "GET", path, 0, map[string]string{"x-signature": ""}, 401},
		{"a signature of another time", "GET", path, 0, map[string]string{"x-posix-time": strconv.FormatInt(time.Now().Unix()-5, 10)}, 401},
		{"a signature with another key", "GET", path, 0, map[string]string{"x-signature": "rnBCnS6YWHvR5PnkM2J44IobfTGcQL039xkRbosIMe8="}, 401},
		{"sixteen minutes late", "GET", path, -16 * time.Minute, nil, 401},
		{"sixteen minutes early", "GET", path, 16 * time.Minute, nil, 401},
		{"no content type", "GET", path, 0, map[string]string{"content-type": ""}, 401},
		{"another customer", "GET", strings.Replace(path, partner.CustomerID, "0b9e7c52", 1), 0, nil, 404},
		{"another path", "GET", "/LMPI/v3/customers", 0, nil, 404},
		{"a write", "PUT", path, 0, nil, 405},
	} {
		if got := ask(c.method, c.path, c.off, c.change); got.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, got.status, got.raw, c.status)
		}
	}
	if got := ask(http.MethodGet, path, 14*time.Minute, nil); got.status != 200 {
		t.Errorf("fourteen minutes early: %d %s", got.status, got.raw)
	}
}
