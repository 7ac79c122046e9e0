package httpread

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const tenant = "84841066-274d-4ec0-a5c1-276be684bdd3"

func microsoft(graph string) *config.Config {
	return &config.Config{Microsoft365: &config.Microsoft365{
		TenantID:  tenant,
		Endpoints: config.MicrosoftEndpoints{Login: "https://login.test", Graph: graph},
	}}
}

func TestOnlyReadsAreSent(t *testing.T) {
	c, err := New(microsoft("https://graph.test"))
	if err != nil {
		t.Fatal(err)
	}
	const gets = `{"requests":[{"id":"1","method":"GET","url":"/users/1?$select=id"}]}`
	const patch = `{"requests":[{"id":"1","method":"GET","url":"/users/1"},{"id":"2","method":"PATCH","url":"/users/1"}]}`
	for _, tt := range []struct {
		method, url, body string
		sent              bool
	}{
		{"GET", "https://graph.test/v1.0/users", "", true},
		{"GET", "https://GRAPH.test:443/v1.0/users", "", true},
		{"POST", "https://login.test/" + tenant + "/oauth2/v2.0/token", "grant_type=client_credentials", true},
		{"POST", "https://login.test/" + strings.ToUpper(tenant) + "/oauth2/v2.0/token", "grant_type=client_credentials", true},
		{"POST", "https://graph.test/v1.0/identity/conditionalAccess/evaluate", "{}", true},
		{"POST", "https://graph.test/v1.0/$batch", gets, true},

		{"POST", "https://graph.test/v1.0/$batch", patch, false},
		{"POST", "https://graph.test/v1.0/$batch", `{"requests":[]}`, false},
		{"POST", "https://graph.test/v1.0/$batch", `not json`, false},
		{"POST", "https://graph.test/beta/$batch", gets, false},
		{"POST", "https://graph.test/v1.0/$batch", strings.ReplaceAll(gets, "/users/1", "/me/messages"), false},
		{"POST", "https://graph.test/v1.0/$batch", strings.ReplaceAll(gets, "/users/1", "/users/../me/messages"), false},
		{"POST", "https://graph.test/v1.0/$batch", strings.ReplaceAll(gets, "/users/1", "https://elsewhere.test/v1.0/users/1"), false},
		{"PATCH", "https://graph.test/beta/users/1/authentication/requirements", "{}", false},
		{"POST", "https://graph.test/v1.0/users", "{}", false},
		{"PUT", "https://graph.test/v1.0/users", "{}", false},
		{"DELETE", "https://graph.test/v1.0/users/1", "", false},
		{"POST", "https://login.test/other-tenant/oauth2/v2.0/token", "", false},
		{"POST", "https://login.test/" + tenant + "/oauth2/v2.0/devicecode", "", false},
		{"POST", "https://graph.test/beta/identity/conditionalAccess/evaluate", "{}", false},
		{"HEAD", "https://graph.test/v1.0/users", "", false},
		{"get", "https://graph.test/v1.0/users", "", false},
		{"GET", "https://graph.test/v1.0/users/1/messages", "", false}, // nothing that it does not need
		{"GET", "https://graph.test/v1.0/users/", "", false},
		{"GET", "https://graph.test/v1.0/users/1/../../me", "", false},
		{"GET", "https://graph.test/v1.0/users/..", "", false},
		{"GET", "https://graph.test/v1.0/users/%2e%2e", "", false},
		{"GET", "https://graph.test/v1.0/users/a%2Fmessages", "", false},
		{"GET", "https://graph.test/v1.0//users", "", false},
		{"GET", "https://elsewhere.test/v1.0/users", "", false},       // a next link to another host
		{"GET", "https://graph.test:8443/v1.0/users", "", false},      // … or port
		{"GET", "https://graph.test.evil.test/v1.0/users", "", false}, // … or a longer name
		{"GET", "http://graph.test:443/v1.0/users", "", false},        // in the clear
		{"GET", "http://graph.test/v1.0/users", "", false},
		{"GET", "https://graph.test@elsewhere.test/v1.0/users", "", false},
		{"GET", "https://elsewhere.test@graph.test/v1.0/users", "", false}, // it would be sent as a password
		{"GET", "https://graph.test./v1.0/users", "", false},
		{"GET", "https://graph.test:0443/v1.0/users", "", false},
		{"GET", "https://ｇraph.test/v1.0/users", "", false},
		{"GET", "https://xn--graph-.test/v1.0/users", "", false},
		{"GET", "https://graph。test/v1.0/users", "", false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, tt.url, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		err = c.Check(r)
		if tt.sent != (err == nil) || err != nil && !errors.Is(err, ErrNotRead) {
			t.Errorf("%s %s %s: %v", tt.method, tt.url, tt.body, err)
		}
		if body, _ := io.ReadAll(r.Body); tt.sent && string(body) != tt.body {
			t.Errorf("%s %s: the body was changed to %q", tt.method, tt.url, body)
		}
	}
}

// What is sent is the request line and the Host header, not the address that a caller wrote.
func TestNoRequestInDisguise(t *testing.T) {
	c, err := New(microsoft("https://graph.test"))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Request){
		"as it is":                        func(*http.Request) {},
		"host in upper case":              func(r *http.Request) { r.Host = "GRAPH.test" },
		"another host in the header":      func(r *http.Request) { r.Host = "elsewhere.test" },
		"an opaque address":               func(r *http.Request) { r.URL.Opaque = "//elsewhere.test/v1.0/users" },
		"another path as it is sent":      func(r *http.Request) { r.URL.RawPath = "/v1.0/%75sers" },
		"another method in the header":    func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "DELETE") },
		"the same by its other name":      func(r *http.Request) { r.Header.Set("x-http-method", "PATCH") },
		"the same by another framework's": func(r *http.Request) { r.Header.Set("X-Method-Override", "PATCH") },
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://graph.test/v1.0/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		want := name == "as it is" || name == "host in upper case"
		if err := c.Check(r); (err == nil) != want || err != nil && !errors.Is(err, ErrNotRead) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A refusal names no query: of tokeninfo that is the token.
func TestARefusalHoldsNoSecret(t *testing.T) {
	c, err := New(microsoft("https://graph.test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"https://elsewhere.test/tokeninfo?access_token=canary", "https://graph.test/x?access_token=canary#canary", "https://user:canary@graph.test/v1.0/users",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(r); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Of a host that gives out tokens exactly one request is let through, and only with the
// credentials that need it.
func TestOneRequestForATokenIsSent(t *testing.T) {
	const vm = "http://169.254.169.254/metadata/identity/oauth2/token"
	job := func(w config.WorkloadIdentity, address string) config.MicrosoftCredentials {
		w.Request.URL = address
		return config.MicrosoftCredentials{WorkloadIdentity: &w}
	}
	for name, tt := range map[string]struct {
		credentials config.MicrosoftCredentials
		endpoint    string // IDENTITY_ENDPOINT
		sent        []string
		refused     []string
	}{
		"a secret": {
			config.MicrosoftCredentials{}, "http://127.0.0.1:41741/msi/token", nil,
			[]string{"GET " + vm, "GET http://127.0.0.1:41741/msi/token", "GET http://127.0.0.1:40342/metadata/identity/oauth2/token"},
		},
		"a virtual machine": {
			config.MicrosoftCredentials{ManagedIdentity: true}, "", []string{"GET " + vm + "?resource=x"},
			[]string{
				"POST " + vm, "PUT " + vm, "GET http://169.254.169.254/metadata/instance", "GET http://169.254.169.254/",
				"GET https://169.254.169.254/metadata/identity/oauth2/token", "GET " + vm + "/more",
			},
		},
		"App Service": {
			config.MicrosoftCredentials{ManagedIdentity: true}, "http://127.0.0.1:41741/msi/token",
			[]string{"GET http://127.0.0.1:41741/msi/token?resource=x"},
			[]string{"GET http://127.0.0.1:41741/", "POST http://127.0.0.1:41741/msi/token", "GET http://127.0.0.1:80/msi/token"},
		},
		"Azure Arc": {
			config.MicrosoftCredentials{ManagedIdentity: true}, "",
			[]string{"GET http://127.0.0.1:40342/metadata/identity/oauth2/token?resource=x"},
			[]string{"GET http://127.0.0.1:40342/metadata/instance"},
		},
		"GitHub Actions": {
			job(config.WorkloadIdentity{GitHubActions: true}, "https://run.actions.test/a/idtoken?api-version=2.0"), "",
			[]string{"GET https://run.actions.test/a/idtoken?api-version=2.0&audience=x"},
			[]string{
				"POST https://run.actions.test/a/idtoken", "GET https://run.actions.test/a/artifacts", "GET https://run.actions.test/",
				"GET http://run.actions.test/a/idtoken", "GET " + vm,
			},
		},
		"Azure Pipelines": {
			job(config.WorkloadIdentity{AzurePipelines: &config.AzurePipelines{}}, "https://dev.azure.test/o/oidctoken"), "",
			[]string{"POST https://dev.azure.test/o/oidctoken?api-version=7.1"},
			[]string{"GET https://dev.azure.test/o/oidctoken", "POST https://dev.azure.test/o/_apis/build", "PUT https://dev.azure.test/o/oidctoken"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("IDENTITY_ENDPOINT", tt.endpoint)
			cfg := microsoft("https://graph.test")
			cfg.Microsoft365.Credentials = tt.credentials
			cfg.Network.Proxy = "http://proxy.test:3128"
			c, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			check := func(line string) error {
				method, address, _ := strings.Cut(line, " ")
				r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
				if err != nil {
					t.Fatal(err)
				}
				return c.Check(r)
			}
			for _, line := range tt.sent {
				if err := check(line); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				_, address, _ := strings.Cut(line, " ")
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
				if err != nil {
					t.Fatal(err)
				}
				base := c.http.Transport.(*transport).base.(lazily)().(*http.Transport)
				way, err := base.Proxy(r)
				if direct := tt.credentials.ManagedIdentity; err != nil || (way == nil) != direct {
					t.Errorf("%s goes through %v, %v; want it direct: %v", address, way, err, direct)
				}
			}
			for _, line := range tt.refused {
				if err := check(line); !errors.Is(err, ErrNotRead) {
					t.Errorf("%s: %v", line, err)
				}
			}
		})
	}
}

// server answers each request with the next of the given steps.
type step struct {
	status int
	header map[string]string
	body   string
}

func serve(t *testing.T, steps ...step) (*httptest.Server, *int) {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		at := steps[min(n, len(steps)-1)]
		n++
		for k, v := range at.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(at.status)
		_, _ = io.WriteString(w, at.body)
	}))
	t.Cleanup(s.Close)
	return s, &n
}

func get(ctx context.Context, t *testing.T, c *Client, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.HTTP().Do(r)
	if resp != nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func TestTriesAgain(t *testing.T) {
	ok := step{status: 200, body: "fine"}
	for _, tt := range []struct {
		name     string
		steps    []step
		deadline time.Duration
		status   int
		requests int
	}{
		{"429 without Retry-After", []step{{status: 429}, ok}, time.Minute, 200, 2},
		{"429 with Retry-After in seconds", []step{{status: 429, header: map[string]string{"Retry-After": "0"}}, ok}, time.Minute, 200, 2},
		{"429 with Retry-After as a date", []step{{status: 429, header: map[string]string{"Retry-After": "Fri, 01 Jan 2021 00:00:00 GMT"}}, ok}, time.Minute, 200, 2},
		{"Retry-After beyond the deadline is the answer", []step{{status: 429, header: map[string]string{"Retry-After": "3600"}}}, time.Minute, 429, 1},
		{"an absurd Retry-After too", []step{{status: 429, header: map[string]string{"Retry-After": "99999999999"}}}, time.Minute, 429, 1},
		{"429 for ever", []step{{status: 429}}, time.Minute, 429, maxAttempts},
		{"503", []step{{status: 503}, ok}, time.Minute, 200, 2},
		{"504", []step{{status: 504}, ok}, time.Minute, 200, 2},
		{"500 is not repeated", []step{{status: 500}, ok}, time.Minute, 500, 1},
		{"403 is not repeated", []step{{status: 403}, ok}, time.Minute, 403, 1},
		{"a redirect is not followed", []step{{status: 302, header: map[string]string{"Location": "/elsewhere"}}, ok}, time.Minute, 302, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, n := serve(t, tt.steps...)
			c, err := New(microsoft(s.URL), WithBackoff(time.Microsecond))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
			defer cancel()
			rec := &Recorder{}
			resp, err := get(WithRecorder(ctx, rec), t, c, s.URL+"/v1.0/users?secret=1")
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status || *n != tt.requests {
				t.Errorf("status %d after %d requests, want %d after %d", resp.StatusCode, *n, tt.status, tt.requests)
			}
			if got := rec.Requests(); len(got) != tt.requests || got[0].URL != s.URL+"/v1.0/users" || got[len(got)-1].Attempt != tt.requests {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

func TestBodyIsCapped(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range maxBody>>20 + 1 {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	}))
	t.Cleanup(s.Close)
	c, err := New(microsoft(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := get(t.Context(), t, c, s.URL+"/v1.0/users")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if f := Classify(err); n != maxBody || f == nil || f.Kind != facts.Malformed {
		t.Errorf("read %d bytes, then %v", n, err)
	}
}

// TestClassifyIsTheCallers: what a caller adds to a failure is not said of every later answer.
func TestClassifyIsTheCallers(t *testing.T) {
	Classify(errTwice).Status = http.StatusOK
	if got := Classify(errTwice); got.Status != 0 || got.Kind != facts.Malformed {
		t.Errorf("%+v", got)
	}
}

func TestClassify(t *testing.T) {
	refused := func() error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		_, err = net.Dial("tcp", l.Addr().String())
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want facts.Failure
	}{
		{"classified already", fmt.Errorf("users: %w", &facts.Failure{Kind: facts.NotFound}), facts.Failure{Kind: facts.NotFound}},
		{"deadline", fmt.Errorf("get: %w", context.DeadlineExceeded), facts.Failure{Kind: facts.Timeout}},
		{"interrupt", context.Canceled, facts.Failure{Kind: facts.Cancelled}},
		{"no such name", &net.DNSError{Name: "graph.test", IsNotFound: true}, facts.Failure{Kind: facts.Unreachable, Code: "dns"}},
		{"resolver silent", &net.DNSError{Name: "graph.test", IsTimeout: true}, facts.Failure{Kind: facts.Timeout, Code: "dns"}},
		{"refused", refused(), facts.Failure{Kind: facts.Unreachable, Code: "dial"}},
		{"cut off", io.ErrUnexpectedEOF, facts.Failure{Kind: facts.Malformed}},
		{"closed", io.EOF, facts.Failure{Kind: facts.Unreachable, Code: "closed"}},
		{"not a read", fmt.Errorf("%w: PATCH", ErrNotRead), facts.Failure{Kind: facts.Internal, Code: "not_read"}},
		{"unknown", errors.New("access_token=abc"), facts.Failure{Kind: facts.Internal}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Classify(tt.err)
			if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreFields(facts.Failure{}, "Detail")); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(got.Detail, "abc") {
				t.Errorf("the text of an unknown error is repeated: %s", got.Detail)
			}
		})
	}
	if Classify(nil) != nil {
		t.Error("no error is no failure")
	}
}

func TestAnUntrustedCertificateIsNamed(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	c, err := New(microsoft(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	_, err = get(t.Context(), t, c, s.URL+"/v1.0/users")
	if f := Classify(err); f == nil || f.Kind != facts.Unreachable || f.Code != "certificate" {
		t.Errorf("got %v", err)
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[int]facts.Kind{
		400: facts.Rejected, 401: facts.Unauthenticated, 403: facts.Forbidden, 404: facts.NotFound, 409: facts.Rejected,
		429: facts.Throttled, 500: facts.Unavailable, 503: facts.Unavailable, 302: facts.Malformed,
	} {
		if got := Status(status); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

// TestClose: what a look has opened does not stay open after it.
func TestClose(t *testing.T) {
	closed := make(chan struct{}, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c, err := New(microsoft(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := get(t.Context(), t, c, s.URL+"/v1.0/users")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	c.Close()
	select {
	case <-closed:
	case <-time.After(10 * time.Second): // far below what an idle connection is kept for
		t.Error("the connection is still open")
	}
}
