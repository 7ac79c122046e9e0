package lmp

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// TestSignature: the secret key is the one in the vendor's example of new credentials, the path
// the one in its example of a request; the signature was made with openssl dgst -sha256 -hmac.
func TestSignature(t *testing.T) {
	got := sign("IyNDBEnKBeZc0tduDlwhUgkZKBvqSUm7fO9ijOYL0yU=", "1363797148", "GET",
		"/LMPI/v3/customers/bd369fc5-61ad-4d40-8d68-11a757369a8f/subscriptions/f81d2435-ec82-4a69-8d47-357bb0bd52c1")
	if want := "i3IP5FIVfXpKWK+Xv6Z1MvNMpYkBTqIGA4zkw5KrjAk="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// key is for what the lab signs with; to make one takes most of its start.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

const canary = "CANARY-KEY"

func partner() lab.LMP {
	return lab.LMP{
		AccessToken: "975f9ce9-1234-5678-8c2e-9f0b1f27e1b3", SecretKey: canary,
		CustomerID: "bd369fc5-61ad-4d40-8d68-11a757369a8f", SubscriptionID: "050c20ca-033d-412e-94f3-cfcfc3d61cb7",
		Plan: "Cloud App Security trial (yearly)",
		Licences: []lab.Licence{{
			ProductID: "CASXXE3X", Version: "trial", Grace: 1,
			Starts: time.Date(2026, 1, 5, 1, 23, 34, 0, time.UTC), Expires: time.Date(2026, 12, 5, 1, 23, 34, 0, time.UTC),
		}},
	}
}

// practice is a partner's platform and the environment of a run that asks it.
func practice(t *testing.T, p lab.LMP, change func(*config.LMP), faults ...lab.Fault) (*lab.Lab, *probes.Env) {
	t.Helper()
	l, err := lab.Start(lab.Organisation{
		LMP: &p, Faults: faults, Key: key(),
		Declared: config.Config{
			Tenant: "contoso", Licensing: &config.Licensing{Accounts: []config.LicenseAccount{{ID: "a"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	cfg, err := l.Config(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(cfg.Licensing.LMP)
	}
	client, err := httpread.New(cfg, httpread.WithBackoff(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	return l, &probes.Env{Config: cfg, HTTP: client, Now: time.Now, Log: zerolog.Nop()}
}

// look collects the fact and looks for secrets in the evidence.
func look(t *testing.T, env *probes.Env) facts.Seen[facts.Subscription] {
	t.Helper()
	e := probes.Collect(t.Context(), env, Probes(), nil)
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{canary, partner().AccessToken, "ac_code", "PRACT-ICE", "sign-in-token", "service_url"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the evidence contains %q", secret)
		}
	}
	return facts.Get(e, facts.LMPSubscription)
}

func TestSubscription(t *testing.T) {
	l, env := practice(t, partner(), nil)
	got := look(t, env)
	want := facts.Subscription{
		ID: partner().SubscriptionID, Name: new(partner().Plan), Enabled: new(true),
		Licenses: []facts.Licence{{
			ProductID: new("CASXXE3X"), Version: new("trial"), Grace: new(1), Enabled: new(true),
			Starts: new(partner().Licences[0].Starts), Expires: new(partner().Licences[0].Expires),
		}},
	}
	if !got.Complete() {
		t.Fatal(got.Why())
	}
	if diff := cmp.Diff(want, *got.Value); diff != "" {
		t.Error(diff)
	}
	for _, q := range l.Requests() {
		if q.Method != http.MethodGet || q.Query != "" {
			t.Errorf("%s %s?%s", q.Method, q.Path, q.Query)
		}
	}
}

func TestNotConfigured(t *testing.T) {
	_, env := practice(t, partner(), nil)
	env.Config.Licensing.LMP = nil
	if f := look(t, env).Why(); f == nil || f.Kind != facts.NotConfigured {
		t.Errorf("%+v", f)
	}
}

// The statuses are those of HTTP; what the platform adds in words is not published in full.
func TestRefusals(t *testing.T) {
	answer := func(status int, body string, header ...string) lab.Fault {
		f := lab.Fault{Service: lab.LMPService, Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
		for i := 0; i+1 < len(header); i += 2 {
			f.Header.Set(header[i], header[i+1])
		}
		return f
	}
	// The lab's own clock is this machine's; an hour ahead is what a wrong one here looks like.
	hourAhead := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, tt := range []struct {
		name   string
		change func(*config.LMP)
		fault  lab.Fault
		kind   facts.Kind
		status int
		code   string
		says   string
	}{
		{name: "wrong access token", change: func(c *config.LMP) { c.AccessToken = config.NewSecret("env:X", []byte("other")) },
			kind: facts.Unauthenticated, status: 401, code: "invalid_access_token", says: "access_token"},
		{name: "wrong secret key", change: func(c *config.LMP) { c.SecretKey = config.NewSecret("env:X", []byte("other")) },
			kind: facts.Unauthenticated, status: 401, code: "invalid_signature", says: "secret_key"},
		{name: "another customer", change: func(c *config.LMP) { c.CustomerID = "0b9e7c52-8d1f-4a36-b7e4-2c5d6f708192" },
			kind: facts.NotFound, status: 404, code: "subscription_not_found", says: "customer_id"},
		{name: "another subscription in the answer", fault: answer(200, `{"subscription_id":"0b9e7c52","licenses":[]}`), kind: facts.WrongIdentity},
		{name: "a wrong clock", fault: answer(401, `{"code":"denied"}`, "Date", hourAhead),
			kind: facts.Unauthenticated, status: 401, code: "denied", says: "clock"},
		{name: "403 for a wrong clock", fault: answer(403, `{}`, "Date", hourAhead), kind: facts.Unauthenticated, status: 403, says: "clock"},
		{name: "403", fault: answer(403, `{"error_code":4031}`), kind: facts.Forbidden, status: 403, code: "4031", says: "partner"},
		{name: "a sentence is no code", fault: answer(400, `{"error":"the token `+canary+` is wrong"}`), kind: facts.Rejected, status: 400},
		{name: "429", fault: answer(429, `{}`), kind: facts.Throttled, status: 429, says: "later"},
		{name: "429 with Retry-After", fault: answer(429, ``, "Retry-After", "3600"), kind: facts.Throttled, status: 429, says: "3600"},
		{name: "500", fault: answer(500, `{"code":"internal"}`), kind: facts.Unavailable, status: 500, code: "internal", says: "later"},
		{name: "502 in HTML", fault: answer(502, `<html>`), kind: facts.Unavailable, status: 502, says: "later"},
		{name: "403 in HTML", fault: answer(403, `<html>`), kind: facts.Malformed, status: 403, says: "proxy"},
		{name: "200 in HTML", fault: answer(200, `<html>`), kind: facts.Malformed, status: 200},
		{name: "a redirect", fault: answer(302, ``, "Location", "https://portal.example/"), kind: facts.Malformed, status: 302},
		{name: "empty object", fault: answer(200, `{}`), kind: facts.Malformed, status: 200},
		{name: "without its licences", fault: answer(200, `{"subscription_id":"050C20CA-033D-412E-94F3-CFCFC3D61CB7"}`), kind: facts.Malformed, status: 200},
		{name: "a date that is none", fault: answer(200, `{"subscription_id":"s","licenses":[{"license_expiration_date":"soon"}]}`), kind: facts.Malformed, status: 200},
		{name: "cut off", fault: lab.Fault{Service: lab.LMPService, Truncate: true}, kind: facts.Malformed},
		{name: "reset", fault: lab.Fault{Service: lab.LMPService, Reset: true}, kind: facts.Unreachable, code: "read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var faults []lab.Fault
			if tt.fault.Service != "" {
				faults = append(faults, tt.fault)
			}
			_, env := practice(t, partner(), tt.change, faults...)
			got := look(t, env)
			f := got.Failure
			if got.Value != nil || f == nil || f.Kind != tt.kind || f.Status != tt.status || f.Code != tt.code || f.Detail == "" ||
				!strings.Contains(f.Detail, tt.says) {
				t.Errorf("%+v, want %s %d %q", f, tt.kind, tt.status, tt.code)
			}
		})
	}
}

// TestPassingFaultsAreRepeated: a read that met a passing fault is asked again, and the signature
// still holds.
func TestPassingFaultsAreRepeated(t *testing.T) {
	_, env := practice(t, partner(), nil, lab.Fault{
		Service: lab.LMPService, Status: 503, Body: "{}", Header: http.Header{"Retry-After": {"0"}}, Times: 1,
	})
	if got := look(t, env); !got.Complete() {
		t.Error(got.Why())
	}
}

// TestAClockOutsideIsRefused: the real service takes no request whose time is off by more than
// fifteen minutes; so must the lab, or a wrong clock would go unnoticed.
func TestAClockOutsideIsRefused(t *testing.T) {
	for offset, want := range map[time.Duration]facts.Kind{14 * time.Minute: "", -14 * time.Minute: "", 16 * time.Minute: facts.Unauthenticated} {
		_, env := practice(t, partner(), nil)
		env.Now = func() time.Time { return time.Now().Add(offset) }
		got := look(t, env)
		kind := facts.Kind("")
		if f := got.Why(); f != nil {
			kind = f.Kind
		}
		if kind != want {
			t.Errorf("%s: %v, want %s", offset, got.Why(), want)
		}
	}
}
