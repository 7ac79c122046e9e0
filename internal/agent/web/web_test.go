package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/web"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/preflight"
)

const (
	readerToken   = "reader-token-of-the-test"
	operatorToken = "operator-token-of-the-test"
)

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func tokens() []config.Token {
	return []config.Token{
		{Name: "grafana", Role: config.Reader, Hash: hash(readerToken)}, {Name: "kim", Role: config.Operator, Hash: hash(operatorToken)},
	}
}

// fixture is a page over the memory of one tenant that has a trouble: MFA-01.C1 of admin@contoso.com.
type fixture struct {
	*web.Page
	store *store.Store
	cfg   *config.Agent // in force; reload puts another one in its place
	inUse *atomic.Pointer[config.Agent]
	now   *time.Time
	log   *bytes.Buffer
	m     *web.Metrics
}

var now = time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC)

// lookedBefore is how long ago contoso was looked at, twice.
var lookedBefore = []time.Duration{48 * time.Hour, 24 * time.Hour}

// looked is what was seen then: the practice organisation is looked at once for all tests.
var looked = sync.OnceValues(func() (list []jobs.Outcome, err error) {
	all := lab.Scenarios()
	l, err := lab.Start(all[slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == "mfa-per-user-retired" })].Organisation)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	dir, err := os.MkdirTemp("", "casdoctor-page-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	c, err := l.Config(dir)
	if err != nil {
		return nil, err
	}
	ev, err := preflight.Collect(context.Background(), c, preflight.Look{Log: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	for _, before := range lookedBefore {
		ev.Taken = now.Add(-before)
		out, _, err := agent.Judge(ev, "1.0")
		if err != nil {
			return nil, err
		}
		list = append(list, out)
	}
	return list, nil
})

func newPage(t *testing.T, page config.Page) fixture {
	t.Helper()
	st, err := store.Open(t.Context(), store.Settings{SQLite: filepath.Join(t.TempDir(), "agent.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	outcomes, err := looked()
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Update(t.Context(), func(tx store.Tx) error {
		for _, tenant := range []string{"contoso", "fabrikam"} {
			if err := store.AddTenant(t.Context(), tx, store.Tenant{Name: tenant, Schedule: "@daily", TimeZone: "UTC", Period: now.Add(time.Hour), Due: now.Add(time.Hour)}); err != nil {
				return err
			}
		}
		for i, out := range outcomes {
			taken := now.Add(-lookedBefore[i])
			run := store.Run{
				Tenant: "contoso", Period: taken, Begun: taken, Ended: taken.Add(time.Second), Version: "1.0",
				Verdict: out.Verdict, ExitCode: out.ExitCode, Statuses: out.Statuses,
			}
			if i == 0 { // and what was seen first is said to have been well
				run.Statuses = map[string]string{"MFA-01": "pass"}
			}
			id, _, err := store.AddRun(t.Context(), tx, run)
			if err != nil {
				return err
			}
			if err := store.AddDocument(t.Context(), tx, "contoso", id, store.Report, out.Report); err != nil {
				return err
			}
			if err := store.AddDocument(t.Context(), tx, "contoso", id, store.Evidence, out.Evidence); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Agent{Page: page, TimeZone: time.UTC, Tenants: []config.Tenant{{Config: &config.Config{Tenant: "contoso"}}}}
	j, err := jobs.New(st, jobs.Settings{
		Tenants: []jobs.Tenant{{Name: "contoso"}}, Log: zerolog.Nop(), Now: func() time.Time { return now },
		Look: func(context.Context, string, []store.Waiver) (jobs.Outcome, error) {
			return jobs.Outcome{}, errors.New("not in this test")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	clock, log, m := now, &bytes.Buffer{}, web.NewMetrics()
	inUse := &atomic.Pointer[config.Agent]{}
	inUse.Store(cfg)
	p, err := web.New(web.Settings{
		Store: st, Jobs: j, Config: inUse.Load, Log: zerolog.New(log), Version: "1.0", Now: func() time.Time { return clock }, Metrics: m,
	})
	if err != nil {
		t.Fatal(err)
	}
	return fixture{p, st, cfg, inUse, &clock, log, m}
}

// reload puts a changed copy of the configuration in force.
func (f fixture) reload(change func(*config.Agent)) {
	next := *f.inUse.Load()
	change(&next)
	f.inUse.Store(&next)
}

func here() config.HostPort { return config.HostPort{Host: "127.0.0.1", Port: 8642} }

func request(method, path, token string, form url.Values) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8642"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func ask(h http.Handler, r *http.Request) (*http.Response, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Result(), string(body)
}

// TestRoutes: every route, every role, and the methods that it does not have.
func TestRoutes(t *testing.T) {
	p := newPage(t, config.Page{Listen: here(), Tokens: tokens()})
	waiver := url.Values{"cause": {"MFA-01.C1"}, "subject": {"admin@contoso.com"}, "reason": {"ticket 4711"}, "until": {"2026-12-31"}}
	for _, c := range []struct {
		method, path             string
		form                     url.Values
		nobody, reader, operator int
	}{
		{"GET", "/", nil, 401, 200, 200},
		{"GET", "/tenants/contoso", nil, 401, 200, 200},
		{"GET", "/tenants/nobody", nil, 401, 404, 404},
		{"GET", "/tenants/contoso/checks/MFA-01", nil, 401, 200, 200},
		{"GET", "/tenants/contoso/checks/XXX-01", nil, 401, 404, 404},
		{"GET", "/runs/1", nil, 401, 200, 200},
		{"GET", "/runs/2", nil, 401, 200, 200},
		{"GET", "/runs/2?against=1", nil, 401, 200, 200},
		{"GET", "/runs/2?against=99", nil, 401, 404, 404},
		{"GET", "/runs/x", nil, 401, 404, 404},
		{"GET", "/runs/2/report.json", nil, 401, 200, 200},
		{"GET", "/runs/99/report.json", nil, 401, 404, 404},
		{"GET", "/ends", nil, 401, 200, 200},
		{"GET", "/queue", nil, 401, 200, 200},
		{"GET", "/metrics", nil, 401, 200, 200},
		{"POST", "/tenants/contoso/run", url.Values{}, 401, 403, 303},
		{"POST", "/tenants/fabrikam/run", url.Values{}, 401, 403, 404},
		{"POST", "/tenants/contoso/waivers", waiver, 401, 403, 303},
		{"POST", "/tenants/contoso/waivers", url.Values{}, 401, 403, 422},
		{"POST", "/tenants/contoso/waivers/1/end", url.Values{}, 401, 403, 303},
		{"POST", "/tenants/contoso/waivers/1/end", url.Values{}, 401, 403, 404},
		{"POST", "/tenants/fabrikam/waivers/1/end", url.Values{}, 401, 403, 404},
		{"GET", "/sign-in", nil, 200, 303, 303},
		{"POST", "/sign-out", url.Values{}, 303, 303, 303},
		{"GET", "/healthz", nil, 200, 200, 200},
		{"GET", "/readyz", nil, 200, 200, 200},
		{"GET", "/elsewhere", nil, 404, 404, 404},
		{"POST", "/", url.Values{}, 404, 404, 404},
		{"DELETE", "/tenants/contoso", nil, 404, 404, 404},
		{"PUT", "/tenants/contoso/waivers", nil, 404, 404, 404},
		{"GET", "/tenants/contoso/run", nil, 404, 404, 404},
		{"GET", "/tenants/contoso/waivers/1/end", nil, 404, 404, 404},
	} {
		for _, by := range []struct {
			name, token string
			want        int
		}{{"nobody", "", c.nobody}, {"reader", readerToken, c.reader}, {"operator", operatorToken, c.operator}} {
			got, body := ask(p, request(c.method, c.path, by.token, c.form))
			if got.StatusCode != by.want {
				t.Errorf("%s %s as %s: %d, want %d\n%.300s", c.method, c.path, by.name, got.StatusCode, by.want, body)
			}
			if by.want == 401 && got.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s does not say how to sign in", c.method, c.path)
			}
			if csp := got.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s %s: policy %q", c.method, c.path, csp)
			}
		}
	}
	var done []string
	if err := p.store.View(t.Context(), func(tx store.Tx) error {
		actions, err := store.Actions(t.Context(), tx, 100)
		for _, a := range actions {
			if a.What != "refused" {
				done = append(done, a.Who+" "+a.What)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(done, ", "); got != "kim end_waiver, kim waive, kim run_now" {
		t.Errorf("the audit log: %s", got)
	}
}

// TestWhereItListens: outside of this machine only with TLS and a sign-in, both.
func TestWhereItListens(t *testing.T) {
	cert := &config.PageTLS{Certificate: "cert.pem"}
	for _, c := range []struct {
		name string
		page config.Page
		ok   bool
	}{
		{"loopback", config.Page{Listen: here()}, true},
		{"all addresses", config.Page{Listen: config.HostPort{Host: "0.0.0.0", Port: 1}}, false},
		{"IPv6, all addresses", config.Page{Listen: config.HostPort{Host: "::", Port: 1}}, false},
		{"no host", config.Page{Listen: config.HostPort{Port: 1}}, false},
		{"a name", config.Page{Listen: config.HostPort{Host: "casdoctor.example.com", Port: 1}}, false},
		{"TLS only", config.Page{Listen: config.HostPort{Host: "0.0.0.0", Port: 1}, TLS: cert}, false},
		{"a sign-in only", config.Page{Listen: config.HostPort{Host: "0.0.0.0", Port: 1}, Tokens: tokens()}, false},
		{"both", config.Page{Listen: config.HostPort{Host: "0.0.0.0", Port: 1}, TLS: cert, Tokens: tokens()}, true},
	} {
		_, err := web.New(web.Settings{Config: func() *config.Agent { return &config.Agent{Page: c.page} }, Log: zerolog.Nop()})
		if (err == nil) != c.ok || !c.ok && !errors.Is(err, web.ErrOpen) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestNames: a page of the internet that made its name stand for 127.0.0.1 gets nothing.
func TestNames(t *testing.T) {
	open, signed := newPage(t, config.Page{Listen: here()}), newPage(t, config.Page{Listen: here(), Tokens: tokens()})
	open.cfg.Alerts.Link, signed.cfg.Alerts.Link = "https://casdoctor.example.com", "https://casdoctor.example.com"
	for _, c := range []struct {
		host         string
		open, signed int
	}{
		{"127.0.0.1:8642", 200, 200}, {"localhost:8642", 200, 200}, {"[::1]:8642", 200, 200},
		{"rebound.example:8642", 421, 421}, {"", 421, 421},
		{"casdoctor.example.com", 421, 200}, // of a proxy, which must not open the page to all
	} {
		for _, of := range []struct {
			p    fixture
			want int
		}{{open, c.open}, {signed, c.signed}} {
			r := request("GET", "/", readerToken, nil)
			r.Host = c.host
			if got, _ := ask(of.p, r); got.StatusCode != of.want {
				t.Errorf("host %q: %d, want %d", c.host, got.StatusCode, of.want)
			}
		}
	}
}

// TestCrossSite: the form of another site does nothing, whoever is signed in.
func TestCrossSite(t *testing.T) {
	p := newPage(t, config.Page{Listen: here()})
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r := request("POST", "/tenants/contoso/run", "", url.Values{})
		r.Header.Set(header, value)
		if got, _ := ask(p, r); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s gets %d", header, value, got.StatusCode)
		}
	}
	r := request("POST", "/tenants/contoso/run", "", url.Values{})
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if got, _ := ask(p, r); got.StatusCode != http.StatusSeeOther {
		t.Errorf("its own form gets %d", got.StatusCode)
	}
}

// TestSignIn: from the form to a session and out again; what the cookie is like; that a token
// taken out of the configuration ends its sessions; and that guessing is slow.
func TestSignIn(t *testing.T) {
	p := newPage(t, config.Page{Listen: here(), Tokens: tokens()})
	browser := func(method, path string, form url.Values, cookie *http.Cookie) *http.Response {
		r := request(method, path, "", form)
		r.Header.Set("Accept", "text/html")
		if cookie != nil {
			r.AddCookie(cookie)
		}
		got, _ := ask(p, r)
		return got
	}
	if got := browser("GET", "/queue?lang=ja", nil, nil); got.Header.Get("Location") != "/sign-in?to=%2Fqueue%3Flang%3Dja" {
		t.Errorf("a browser is sent to %q", got.Header.Get("Location"))
	}
	sign := func(token, to string) *http.Response {
		return browser("POST", "/sign-in", url.Values{"token": {token}, "to": {to}}, nil)
	}
	in := sign(operatorToken, "/queue?lang=ja")
	if in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != "/queue?lang=ja" || len(in.Cookies()) != 1 {
		t.Fatalf("the sign-in: %d %v", in.StatusCode, in.Header)
	}
	c := in.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || strings.Contains(c.Value, operatorToken) {
		t.Errorf("the cookie: %v", c)
	}
	if got := browser("GET", "/", nil, c); got.StatusCode != http.StatusOK {
		t.Errorf("with the session: %d", got.StatusCode)
	}
	for _, to := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, "javascript:alert(1)"} {
		if got := sign(readerToken, to); got.Header.Get("Location") != "/" {
			t.Errorf("to=%q leads to %q", to, got.Header.Get("Location"))
		}
	}
	p.cfg.Page.Tokens = tokens()[:1]
	if got := browser("GET", "/", nil, c); got.StatusCode != http.StatusSeeOther {
		t.Errorf("with the session of a token that is gone: %d", got.StatusCode)
	}
	p.cfg.Page.Tokens = tokens()
	browser("POST", "/sign-out", url.Values{}, c)
	if got := browser("GET", "/", nil, c); got.StatusCode != http.StatusSeeOther {
		t.Errorf("after the sign-out: %d", got.StatusCode)
	}
}

func TestGuessing(t *testing.T) {
	p := newPage(t, config.Page{Listen: here(), Tokens: tokens()})
	for i, want := range []int{401, 401, 401, 401, 401, 429, 429} {
		if got, _ := ask(p, request("GET", "/", "wrong", nil)); got.StatusCode != want {
			t.Errorf("guess %d: %d, want %d", i+1, got.StatusCode, want)
		}
	}
	if got, _ := ask(p, request("POST", "/sign-in", "", url.Values{"token": {operatorToken}})); got.StatusCode != 429 {
		t.Errorf("the form takes another try: %d", got.StatusCode)
	}
	if got, _ := ask(p, request("GET", "/", readerToken, nil)); got.StatusCode != 200 {
		t.Errorf("who has a token is kept out by who guesses: %d", got.StatusCode)
	}
}

// TestLanguages: chosen, remembered, or the browser's.
func TestLanguages(t *testing.T) {
	p := newPage(t, config.Page{Listen: here()})
	for _, c := range []struct{ query, cookie, accept, want string }{
		{"", "", "", "en"}, {"", "", "ja,en;q=0.5", "ja"}, {"", "", "fr,ja;q=0.5", "ja"}, {"?lang=ja", "", "en", "ja"},
		{"", "ja", "en", "ja"}, {"?lang=en", "ja", "ja", "en"}, {"?lang=xx", "", "ja", "ja"},
	} {
		r := request("GET", "/"+c.query, "", nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "casdoctor-language", Value: c.cookie})
		}
		got, body := ask(p, r)
		if !strings.Contains(body, `<html lang="`+c.want+`">`) {
			t.Errorf("%+v: another language", c)
		}
		if chosen := strings.Contains(c.query, "lang=e") || strings.Contains(c.query, "lang=j"); chosen != (len(got.Cookies()) == 1) {
			t.Errorf("%+v: cookies %v", c, got.Cookies())
		}
	}
}

// TestWhatIsShown: the trouble, its history and its fix are there, and hostile text is only text.
func TestWhatIsShown(t *testing.T) {
	p := newPage(t, config.Page{Listen: here()})
	if err := p.store.Update(t.Context(), func(tx store.Tx) error {
		_, err := store.AddWaiver(t.Context(), tx, store.Waiver{
			Tenant: "contoso", Cause: "MFA-01.C1", Subject: "<script>alert(1)</script>", Reason: "\u202eevil", Until: "2026-12-31", MadeBy: "kim", MadeAt: now,
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for path, wants := range map[string][]string{
		"/":                              {"1 of 2 tenants has a trouble", ">contoso<", "MFA-01", "Next run"},
		"/?lang=ja":                      {"2 テナント中 1 件に問題があります"},
		"/?show=ready":                   {"No tenant fits this choice."},
		"/tenants/contoso":               {"Not ready", "kim", "End waiver", "&lt;script&gt;"},
		"/tenants/contoso/checks/MFA-01": {"admin@contoso.com", "1 changes", "confirmed", `name="until"`},
		"/runs/2":                        {"What changed since the run before", "What to do first"},
		"/ends":                          {"days"},
		"/queue":                         {"Nobody has done anything yet."},
	} {
		_, body := ask(p, request("GET", path, "", nil))
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "\u202e") {
			t.Errorf("%s takes foreign text for its own", path)
		}
	}
}
