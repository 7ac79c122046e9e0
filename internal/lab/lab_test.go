package lab_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/lab"
)

// key is one key for all labs of the tests.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// practice is a running lab with the configuration that it wrote.
type practice struct {
	*lab.Lab
	t    *testing.T
	cfg  *config.Config
	dir  string
	http *http.Client
}

// start runs the healthy organisation with a change.
func start(t *testing.T, change func(*lab.Organisation)) *practice {
	t.Helper()
	o := lab.Healthy()
	o.Key = key()
	if change != nil {
		change(&o)
	}
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	p := &practice{Lab: l, t: t, dir: t.TempDir()}
	if p.cfg, err = l.Config(p.dir); err != nil {
		t.Fatal(err)
	}
	p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.roots()}}}
	t.Cleanup(p.http.CloseIdleConnections)
	return p
}

func (p *practice) roots() *x509.CertPool {
	p.t.Helper()
	pem, err := os.ReadFile(p.cfg.Network.CAFile)
	if err != nil {
		p.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return roots
}

// reply is an answer with its body, read.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// at is the member of the answer at a path, nil where there is none.
func (r reply) at(path ...string) any {
	var v any = r.body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func (p *practice) do(r *http.Request) reply {
	p.t.Helper()
	resp, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	out := reply{status: resp.StatusCode, header: resp.Header, raw: raw}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &out.body); err != nil {
			p.t.Fatalf("%s %s: %v in %q", r.Method, r.URL, err, raw)
		}
	}
	return out
}

func (p *practice) request(method, address string, body io.Reader, header ...string) *http.Request {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, address, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func (p *practice) post(address string, form url.Values) reply {
	p.t.Helper()
	return p.do(p.request(http.MethodPost, address, strings.NewReader(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded"))
}

var comparers = cmp.Options{
	cmpopts.IgnoreUnexported(config.Config{}),
	cmpopts.IgnoreFields(config.List{}, "Written"), // where an item stands in the file that the lab has just written
	cmp.Comparer(func(a, b config.Secret) bool { return a.Ref() == b.Ref() }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
}

func TestScenarios(t *testing.T) {
	all := lab.Scenarios()
	if all[0].Name != "healthy" {
		t.Errorf("the first scenario is %q, want healthy", all[0].Name)
	}
	seen := map[string]bool{}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			if seen[s.Name] {
				t.Error("the name is used twice")
			}
			seen[s.Name] = true
			if s.Title.EN == "" || s.Title.JA == "" {
				t.Errorf("title %+v is not in both languages", s.Title)
			}
			s.Organisation.Key = key()
			l, err := lab.Start(s.Organisation)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			got, err := l.Config(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			// What the admin declares must arrive; what only the lab knows is not compared.
			want := s.Organisation.Declared
			m, g, c, licensing := *want.Microsoft365, *want.Google, *want.CAS, *want.Licensing
			licensing.LMP = got.Licensing.LMP
			if (licensing.LMP != nil) != (s.Organisation.LMP != nil) {
				t.Errorf("the licensing API is %+v", licensing.LMP)
			}
			if m.TenantID == "" {
				m.TenantID = s.Organisation.Microsoft.TenantID
			}
			m.Credentials, m.Endpoints = got.Microsoft365.Credentials, got.Microsoft365.Endpoints
			g.Credentials, g.Endpoints = got.Google.Credentials, got.Google.Endpoints
			c.Console, c.Messages, c.API = got.CAS.Console, got.CAS.Messages, got.CAS.API
			if (c.API != nil) != (s.Organisation.CAS != nil) {
				t.Errorf("the API of Cloud App Security is %+v", c.API)
			}
			if len(got.CAS.Messages) != len(s.Organisation.Messages) {
				t.Errorf("the messages are %v", got.CAS.Messages)
			}
			want.Version, want.Microsoft365, want.Google, want.CAS, want.Network, want.Licensing = 1, &m, &g, &c, got.Network, &licensing
			if diff := cmp.Diff(&want, got, comparers); diff != "" {
				t.Errorf("declared (-) and loaded (+) differ:\n%s", diff)
			}
		})
	}
}

// TestEverythingDeclared: what no scenario uses arrives as well.
func TestEverythingDeclared(t *testing.T) {
	until := config.Date{Time: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	var want *config.Config
	p := start(t, func(o *lab.Organisation) {
		d := &o.Declared
		d.Microsoft365.CASEgress = &config.Egress{IP: "203.0.113.7", Country: "DE"}
		d.Microsoft365.Delegates = []string{"cas-delegate@contoso.com"}
		d.Microsoft365.CASAppIDs = []string{"0a1b2c3d-4e5f-4061-8273-94a5b6c7d8e9"}
		d.Google.GrantedScopes = config.List{Declared: true}
		d.CAS.SpamPolicies = []config.SpamPolicy{}
		d.CAS.Clients = []string{}
		d.CAS.Relays = []string{"203.0.113.0/29"}
		d.Licensing.Accounts[0].Provisioned = until
		d.Symptoms = []config.Symptom{{Check: "BND-01", Text: "already registered", At: at}, {Check: "MFA-01"}}
		d.Waivers = []config.Waiver{{Cause: "MFA-01.C1", Subject: "admin@contoso.com", Reason: "ticket 4711", Until: until, Owner: "adele"}}
		want = d
	})
	got := p.cfg
	for name, pair := range map[string][2]any{
		"cas_egress":     {want.Microsoft365.CASEgress, got.Microsoft365.CASEgress},
		"delegates":      {want.Microsoft365.Delegates, got.Microsoft365.Delegates},
		"cas_app_ids":    {want.Microsoft365.CASAppIDs, got.Microsoft365.CASAppIDs},
		"granted_scopes": {want.Google.GrantedScopes.Declared, got.Google.GrantedScopes.Declared},
		"spam_policies":  {want.CAS.SpamPolicies, got.CAS.SpamPolicies},
		"relays":         {want.CAS.Relays, got.CAS.Relays},
		"clients":        {want.CAS.Clients, got.CAS.Clients},
		"licensing":      {want.Licensing, got.Licensing},
		"symptoms":       {want.Symptoms, got.Symptoms},
		"waivers":        {want.Waivers, got.Waivers},
	} {
		if diff := cmp.Diff(pair[0], pair[1], comparers); diff != "" {
			t.Errorf("%s: declared (-) and loaded (+) differ:\n%s", name, diff)
		}
	}
}

// TestPairs holds the scenarios that show a date: the same organisation, judged twice.
func TestPairs(t *testing.T) {
	byName := map[string]lab.Scenario{}
	for _, s := range lab.Scenarios() {
		byName[s.Name] = s
	}
	for _, c := range []struct {
		before, after string
		day           time.Time // from which on it is different
	}{
		// Microsoft message center MC1184649: permanently blocked from 2026-05-01.
		{"mfa-per-user", "mfa-per-user-retired", time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)},
		// The day after the last one of the declared trial.
		{"bound-by-trial", "bound-trial-expired", time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC)},
	} {
		before, after := byName[c.before], byName[c.after]
		before.Organisation.Key, after.Organisation.Key = key(), key()
		if diff := cmp.Diff(before.Organisation, after.Organisation, comparers); diff != "" {
			t.Errorf("%s and %s differ:\n%s", c.before, c.after, diff)
		}
		if !before.Now.Before(c.day) || !after.Now.After(c.day) {
			t.Errorf("%s: judged at %v and %v, want one on each side of %v", c.before, before.Now, after.Now, c.day)
		}
	}
}

func TestWriteConfigIsPrivate(t *testing.T) {
	p := start(t, nil)
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", e.Name(), info.Mode().Perm())
		}
		if content, _ := os.ReadFile(p.dir + "/" + e.Name()); e.Name() == "casdoctor.yaml" &&
			(bytes.Contains(content, []byte(lab.Healthy().Microsoft.App.Secret)) || bytes.Contains(content, []byte("PRIVATE KEY"))) {
			t.Error("casdoctor.yaml holds a secret")
		}
	}
}

// TestZeroOrganisation: what a test does not care about need not be given.
func TestZeroOrganisation(t *testing.T) {
	l, err := lab.Start(lab.Organisation{})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestCloseLeavesNothing(t *testing.T) {
	before := goroutines()
	for _, behaviour := range []lab.Behaviour{lab.Serve, lab.Silent, lab.Refused, lab.Reset} {
		p := start(t, func(o *lab.Organisation) {
			o.Console.Behaviour = behaviour
			o.Faults = []lab.Fault{{Service: lab.GraphService, Hang: true}}
		})
		answered := make(chan error, 2)
		go func() {
			resp, err := p.http.Do(p.request(http.MethodGet, p.cfg.Microsoft365.Endpoints.Graph+"/v1.0/organization", nil))
			if err == nil {
				_ = resp.Body.Close()
			}
			answered <- err
		}()
		go func() {
			conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: p.roots()}}).DialContext(p.t.Context(), "tcp", p.console())
			if err == nil {
				_ = conn.Close()
			}
			answered <- err
		}()
		p.await(func(requests []lab.Request) bool { return len(requests) > 0 })
		p.Close()
		for range 2 {
			<-answered //nolint:errcheck // the hanging request, too, ends with the lab
		}
		if _, err := p.http.Get(p.cfg.Microsoft365.Endpoints.Graph); err == nil {
			t.Error("a closed lab still answers")
		}
		p.http.CloseIdleConnections()
		p.Close() // again, harmlessly
	}
	// The last instructions of an ended goroutine may still be to run.
	for deadline := time.Now().Add(10 * time.Second); goroutines() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", goroutines(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func goroutines() int { return runtime.NumGoroutine() }

func (p *practice) console() string {
	return "127.0.0.1" + p.cfg.CAS.Console.String()[strings.LastIndex(p.cfg.CAS.Console.String(), ":"):]
}

// await waits until the requests so far are as wanted; the log has no channel to wait on.
func (p *practice) await(wanted func([]lab.Request) bool) {
	p.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !wanted(p.Requests()); runtime.Gosched() {
		if time.Now().After(deadline) {
			p.t.Fatal("the request did not arrive")
		}
	}
}

func TestFaults(t *testing.T) {
	const path = "/v1.0/organization"
	throttled := lab.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}, Body: "later"}
	for _, c := range []struct {
		name   string
		faults []lab.Fault
		want   []int // status by request, 0 for none
	}{
		{"none", nil, []int{401}},
		{"status", []lab.Fault{throttled}, []int{429, 429}},
		{"times", []lab.Fault{{Status: 500, Times: 2}}, []int{500, 500, 401}},
		{"after", []lab.Fault{{Status: 500, After: 1, Times: 1}}, []int{401, 500, 401}},
		{"last one decides", []lab.Fault{{Status: 500}, {Status: 503, Times: 1}}, []int{503, 500}},
		{"other service", []lab.Fault{{Service: lab.EntraService, Status: 500}}, []int{401}},
		{"other method", []lab.Fault{{Method: http.MethodPost, Status: 500}}, []int{401}},
		{"other path", []lab.Fault{{Path: "/v1.0/organizations", Status: 500}}, []int{401}},
		{"this path", []lab.Fault{{Path: path, Status: 500}}, []int{500}},
		{"beginning of the path", []lab.Fault{{Path: "/v1.0/*", Status: 500}}, []int{500}},
		{"other beginning", []lab.Fault{{Path: "/beta/*", Status: 500}}, []int{401}},
		{"query", []lab.Fault{{Query: "$select=id,", Status: 500}}, []int{500}},
		{"other query", []lab.Fault{{Query: "$skiptoken=", Status: 500}}, []int{401}},
		{"reset", []lab.Fault{{Reset: true, Times: 1}}, []int{0, 401}},
		{"truncate", []lab.Fault{{Truncate: true, Times: 1}}, []int{0, 401}},
		{"hang", []lab.Fault{{Hang: true, Times: 1}}, []int{0, 401}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) { o.Faults = c.faults })
			for i, want := range c.want {
				ctx, cancel := context.WithCancel(t.Context())
				r := p.request(http.MethodGet, p.cfg.Microsoft365.Endpoints.Graph+path+"?$select=id,displayName", nil).WithContext(ctx)
				if c.faults != nil && c.faults[0].Hang && want == 0 {
					go func() {
						p.await(func(requests []lab.Request) bool { return len(requests) > i })
						cancel()
					}()
				}
				resp, err := p.http.Do(r)
				var body []byte
				if err == nil {
					body, err = io.ReadAll(resp.Body)
					_ = resp.Body.Close()
				}
				cancel()
				if (err != nil) != (want == 0) {
					t.Fatalf("request %d: error %v, want status %d", i, err, want)
				}
				if err != nil {
					continue
				}
				if resp.StatusCode != want {
					t.Errorf("request %d: status %d, want %d", i, resp.StatusCode, want)
				}
				if want == 429 && (resp.Header.Get("Retry-After") != "7" || string(body) != "later") {
					t.Errorf("answered %v %q", resp.Header, body)
				}
			}
		})
	}
}

// TestTruncate: the headers promise the whole answer, so that no client can take the half
// for all of it.
func TestTruncate(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Faults = []lab.Fault{{Truncate: true, Service: lab.GraphService}} })
	resp, err := p.http.Get(p.cfg.Microsoft365.Endpoints.Graph + "/v1.0/organization")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	half, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(half)) != resp.ContentLength/2 {
		t.Errorf("read %d of %d bytes and %v, want half of them and an unexpected end", len(half), resp.ContentLength, err)
	}
}

func TestEditAndHeader(t *testing.T) {
	p := start(t, nil)
	p.Fault(lab.Fault{
		Header: http.Header{"Date": {"Thu, 01 Jan 2026 00:00:00 GMT"}},
		Edit:   func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("Contoso"), []byte("Fabrikam")) },
	})
	got := p.graph("/v1.0/organization")
	if got.status != 200 || got.header.Get("Date") != "Thu, 01 Jan 2026 00:00:00 GMT" || !bytes.Contains(got.raw, []byte("Fabrikam")) {
		t.Errorf("answered %d %v %s", got.status, got.header, got.raw)
	}
}

func TestRequests(t *testing.T) {
	p := start(t, nil)
	p.graph("/v1.0/users?$filter=startswith(displayName,'A')&$select=id", "ConsistencyLevel", "eventual")
	log := p.Requests()
	if len(log) != 2 || log[0].Service != lab.EntraService || log[0].Method != http.MethodPost {
		t.Fatalf("requests %+v, want a token request and one to Graph", log)
	}
	q := log[1]
	if q.Service != lab.GraphService || q.Path != "/v1.0/users" || q.Status != 200 ||
		q.Query != "$filter=startswith(displayName,'A')&$select=id" || q.Header.Get("ConsistencyLevel") != "eventual" {
		t.Errorf("logged %+v", q)
	}
	if got := q.Header.Get("Authorization"); got != "Bearer" {
		t.Errorf("logged authorization %q, want the scheme only", got)
	}
}

func TestLatency(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Latency = 20 * time.Millisecond })
	begin := time.Now()
	p.graph("/v1.0/organization")
	if took := time.Since(begin); took < 40*time.Millisecond {
		t.Errorf("token and answer took %v, want two delays of 20 ms at least", took)
	}
}
