package workspace

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// callers answers for what gives a caller its own token: what the read-only transport lets
// through is brought to handle, everything else goes on to the fake.
type callers struct {
	client *httpread.Client
	base   http.RoundTripper
	handle map[string]answer
	seen   *[]*http.Request
}

func (c callers) RoundTrip(r *http.Request) (*http.Response, error) {
	key := r.Method + " " + r.URL.Host + r.URL.Path
	if r.URL.Hostname() == "127.0.0.1" {
		switch {
		case r.URL.Path == "/moved/sts":
			key = stsToken
		case r.URL.Path == "/moved/token" && forCaller(r):
			key = userToken
		default:
			return c.base.RoundTrip(r)
		}
	}
	if err := c.client.Check(r); err != nil {
		return nil, err
	}
	*c.seen = append(*c.seen, r)
	a, ok := c.handle[key]
	if !ok {
		return nil, fmt.Errorf("no answer for %s %s", r.Method, r.URL)
	}
	rec := httptest.NewRecorder()
	a.write(rec, r)
	return rec.Result(), nil
}

// forCaller: the request is not one of the ladder's.
func forCaller(r *http.Request) bool {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return false
	}
	c, _ := verify(form.Get("assertion"))
	return form.Get("grant_type") == "refresh_token" || c.Scope == scopeIAM
}

// adc prepares keyless credentials: file is the application-default credentials, "" for none.
func adc(t *testing.T, g *fakeGoogle, file string, handle map[string]answer) (*probes.Env, *[]*http.Request) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	if file != "" {
		name := filepath.Join(t.TempDir(), "adc.json")
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", name)
	}
	env := g.env(t, func(c *config.Config) {
		c.Google.Credentials = config.GoogleCredentials{Impersonate: testAccount}
		c.Google.Endpoints.STS = g.URL + "/moved/sts"
	})
	seen := &[]*http.Request{}
	env.HTTP.HTTP().Transport = callers{env.HTTP, env.HTTP.HTTP().Transport, handle, seen}
	return env, seen
}

const (
	adcCode   = "application_default_credentials"
	userFile  = `{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}`
	userToken = "the token of a user or of a key"
	stsToken  = "the token of a federated identity"
	vmToken   = "GET 169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
)

var callerAnswer = answer{
	status: 200,
	body: `{"access_token":"` + tokenMark + `-caller","expires_in":3599,"token_type":"Bearer",` +
		`"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`,
}

// callerAccount is the service account that a federated identity acts for.
const callerAccount = "runner@project.iam.gserviceaccount.com"

// actingFor are credentials that act for a service account, by Google's documented address.
func actingFor(file string) string {
	return strings.Replace(file, "{", `{"service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/`+
		`projects/-/serviceAccounts/`+callerAccount+`:generateAccessToken",`, 1)
}

func federation(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "subject.jwt")
	if err := os.WriteFile(name, []byte("subject-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	return `{"type":"external_account","universe_domain":"googleapis.com",
		"audience":"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
		"subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token",
		"credential_source":{"file":"` + name + `"}}`
}

func TestKeyless(t *testing.T) {
	tests := []struct {
		name, file, token string
	}{
		{"a user's credentials", userFile, userToken},
		{"a service account's key", keyJSON(), userToken},
		{"workload identity federation", federation(t), stsToken},
		{"federation that acts for a service account", actingFor(federation(t)), stsToken},
		{"an impersonated service account", actingFor(`{"type":"impersonated_service_account","source_credentials":` + userFile + `}`), userToken},
		{"the metadata server", "", vmToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t, facts.ScopeControl, facts.ScopeDomains)
			env, seen := adc(t, g, tt.file, map[string]answer{tt.token: callerAnswer})
			e := run(t, env)
			d := ladder(t, e)
			if state(d.Self) != "granted" || state(d.Control) != "granted" || state(d.Domains) != "granted" {
				t.Fatalf("self %v, control %v, domains %v", d.Self.Why(), d.Control.Why(), d.Domains.Why())
			}
			if d.ServiceAccount != testAccount || d.ClientID == nil || *d.ClientID != testClient {
				t.Errorf("account %q, client %v: tokeninfo names the client", d.ServiceAccount, d.ClientID)
			}
			if set := domainSet(t, e); !set.Domains.Complete() || !set.Aliases.Complete() {
				t.Errorf("domains %v, aliases %v", set.Domains.Why(), set.Aliases.Why())
			}
			acted := 0
			if strings.Contains(tt.file, "generateAccessToken") {
				acted = 2 // the ladder, and the domains
			}
			if n := g.got("POST /v1/projects/-/serviceAccounts/" + callerAccount + ":generateAccessToken"); n != acted {
				t.Errorf("acted for the service account %d times, want %d", n, acted)
			}
			for _, c := range g.asked {
				if c.Audience != "https://oauth2.googleapis.com/token" || strings.Contains(c.Scope, " ") ||
					c.Expires-c.IssuedAt > 3600 || (c.Subject == "") != (c.Scope == scopeSelf) {
					t.Errorf("assertion %+v", c)
				}
			}
			for _, r := range *seen {
				if r.Method == http.MethodGet && r.Header.Get("Metadata-Flavor") != "Google" {
					t.Error("the metadata server refuses requests without Metadata-Flavor")
				}
			}
		})
	}
}

func TestCallerFailures(t *testing.T) {
	federated := federation(t)
	tests := []struct {
		name, file string
		handle     map[string]answer
		kind       facts.Kind
		code       string
	}{
		{"no credentials", "", nil, facts.Unauthenticated, adcCode},
		{
			"no service account", "",
			map[string]answer{vmToken: {status: 404, body: googleHTML}},
			facts.Unauthenticated, adcCode,
		},
		{"metadata unavailable", "", map[string]answer{vmToken: {status: 500}}, facts.Unavailable, ""},
		{"metadata throttled", "", map[string]answer{vmToken: {status: 429}}, facts.Throttled, ""},
		{"metadata without a token", "", map[string]answer{vmToken: {status: 200, body: `{}`}}, facts.Malformed, ""},
		{"not JSON", "{", nil, facts.Unauthenticated, adcCode},
		{
			"federation that acts elsewhere", strings.Replace(actingFor(federated), "iamcredentials.googleapis.com", "iam.example.com", 1),
			map[string]answer{stsToken: callerAnswer}, facts.Unauthenticated, adcCode,
		},
		{
			"federation from a web server", strings.Replace(federated, `"file":`, `"url":"https://ci.example.com/token","headers":{},"ignored":`, 1),
			nil, facts.Unauthenticated, adcCode,
		},
		{
			"federation throttled", federated, map[string]answer{stsToken: {status: 429}}, facts.Throttled, "",
		},
		{
			"federation answered by a proxy", federated,
			map[string]answer{stsToken: {status: 403, body: googleHTML}}, facts.Malformed, "",
		},
		{
			"federation elsewhere", strings.Replace(federated, "sts.googleapis.com", "sts.example.com", 1),
			nil, facts.Unauthenticated, adcCode,
		},
		{
			"federation without its file", strings.Replace(federated, "subject.jwt", "gone.jwt", 1),
			nil, facts.Unauthenticated, adcCode,
		},
		{
			"federation refused", federated,
			map[string]answer{stsToken: {status: 400, body: `{"error":"invalid_grant"}`}},
			facts.Unauthenticated, "invalid_grant",
		},
		{
			"sign-in is due", userFile,
			map[string]answer{userToken: {status: 400, body: `{"error":"invalid_grant","error_subtype":"invalid_rapt"}`}},
			facts.Unauthenticated, "invalid_grant",
		},
		{
			"disabled client", userFile,
			map[string]answer{userToken: {status: 401, body: `{"error":"disabled_client"}`}},
			facts.Unauthenticated, "disabled_client",
		},
		{"throttled", userFile, map[string]answer{userToken: {status: 429}}, facts.Throttled, ""},
		{"unavailable", userFile, map[string]answer{userToken: {status: 503}}, facts.Unavailable, ""},
		{"HTML", userFile, map[string]answer{userToken: {status: 403, body: googleHTML}}, facts.Malformed, ""},
		{"200 in HTML", userFile, map[string]answer{userToken: {status: 200, body: googleHTML}}, facts.Malformed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t)
			env, _ := adc(t, g, tt.file, tt.handle)
			e := run(t, env)
			for _, f := range []*facts.Failure{
				facts.Get(e, facts.WorkspaceDelegation).Why(), facts.Get(e, facts.WorkspaceDomains).Why(),
			} {
				want(t, f, tt.kind, tt.code, "")
			}
			if len(g.requests) != 0 {
				t.Errorf("asked %v without a caller", g.requests)
			}
		})
	}
	for _, file := range []string{
		`{"type":"external_account_authorized_user","refresh_token":"r"}`, `{"type":"gdch_service_account"}`,
		actingFor(`{"type":"impersonated_service_account","source_credentials":{"type":"gdch_service_account"}}`),
		`{"type":"impersonated_service_account","source_credentials":` + userFile + `}`, `{}`,
	} {
		g := newGoogle(t)
		env, seen := adc(t, g, file, map[string]answer{userToken: callerAnswer})
		got := facts.Get(run(t, env), facts.WorkspaceDelegation)
		want(t, got.Why(), facts.Unauthenticated, adcCode, "")
		if len(*seen) != 0 {
			t.Errorf("%s: %d requests with it", file, len(*seen))
		}
	}
	t.Run("a named file that is not there", func(t *testing.T) {
		g := newGoogle(t)
		env, seen := adc(t, g, "", map[string]answer{vmToken: callerAnswer})
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "gone.json"))
		got := facts.Get(run(t, env), facts.WorkspaceDelegation)
		if kind(got) != facts.Unauthenticated || len(*seen) != 0 {
			t.Errorf("%v after %d requests: the metadata server is another identity", got.Why(), len(*seen))
		}
	})
}

// The codes are those of the Security Token Service (RFC 8693, 2.2.2, and Google's page on
// troubleshooting workload identity federation). Each says what to look at, and none reads as
// an expired sign-in of a user.
func TestFederationRefusals(t *testing.T) {
	file := federation(t)
	for code, says := range map[string]string{
		"invalid_target": "audience", "invalid_grant": "subject token", "unauthorized_client": "attribute condition",
		"invalid_request": "subject_token_type", "something_new": "Google Cloud console",
	} {
		g := newGoogle(t)
		env, _ := adc(t, g, file, map[string]answer{stsToken: refusal(400, code, "…")})
		f := facts.Get(run(t, env), facts.WorkspaceDelegation).Why()
		want(t, f, facts.Unauthenticated, code, "")
		if !strings.Contains(f.Detail, says) || !strings.Contains(f.Detail, "Security Token Service") || strings.Contains(f.Detail, "gcloud") {
			t.Errorf("%s: %s", code, f.Detail)
		}
	}
}

// TestGenerateAccessTokenFaults: the step between the Security Token Service and signJwt is told
// from both.
func TestGenerateAccessTokenFaults(t *testing.T) {
	for _, tt := range []struct {
		name             string
		answer           answer
		kind             facts.Kind
		code, permission string
	}{
		{
			"may not act for it", apiError(403, "forbidden", "Permission 'iam.serviceAccounts.getAccessToken' denied", "IAM_PERMISSION_DENIED"),
			facts.Forbidden, "forbidden", "iam.serviceAccounts.getAccessToken",
		},
		{
			"API off", apiError(403, "accessNotConfigured", "has not been used in project 123", "SERVICE_DISABLED"),
			facts.Forbidden, "accessNotConfigured", "IAM Service Account Credentials API",
		},
		{"no such account", apiError(404, "notFound", "…", ""), facts.NotFound, "notFound", ""},
		{"a claim too many", apiError(400, "badRequest", "…", ""), facts.Rejected, "badRequest", ""},
		{"throttled", answer{status: 429}, facts.Throttled, "", ""},
		{"unavailable", answer{status: 503}, facts.Unavailable, "", ""},
		{"HTML", answer{status: 403, body: googleHTML}, facts.Malformed, "", ""},
		{"no token", answer{status: 200, body: `{}`}, facts.Malformed, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t)
			g.paths["/v1/projects/-/serviceAccounts/"+callerAccount+":generateAccessToken"] = tt.answer
			env, _ := adc(t, g, actingFor(federation(t)), map[string]answer{stsToken: callerAnswer})
			f := facts.Get(run(t, env), facts.WorkspaceDelegation).Why()
			want(t, f, tt.kind, tt.code, tt.permission)
			if len(g.asked) != 0 || g.got("POST /v1/projects/-/serviceAccounts/"+testAccount) != 0 {
				t.Error("it went on without a caller")
			}
		})
	}
}

// TestQuotaProject: a user's calls are counted for the project that the file names; for gcloud's
// own, which has the API off, the refusal says what to do.
func TestQuotaProject(t *testing.T) {
	g := newGoogle(t, facts.ScopeDomains)
	env, _ := adc(t, g, strings.Replace(userFile, "{", `{"quota_project_id":"contoso-billing",`, 1), map[string]answer{userToken: callerAnswer})
	run(t, env)
	if g.quota != "contoso-billing" {
		t.Errorf("X-Goog-User-Project %q", g.quota)
	}
	g = newGoogle(t)
	g.paths["/v1/projects/-/serviceAccounts/"+testAccount+":signJwt"] = apiError(403, "accessNotConfigured",
		"IAM Service Account Credentials API has not been used in project 764086051850 before or it is disabled.", "SERVICE_DISABLED")
	env, _ = adc(t, g, userFile, map[string]answer{userToken: callerAnswer})
	if f := ladder(t, run(t, env)).Self.Why(); f == nil || !strings.Contains(f.Detail, "set-quota-project") {
		t.Errorf("%+v", f)
	}
}

// The errors are those of google.rpc as the IAM Service Account Credentials API sends them.
func TestSignJWTFaults(t *testing.T) {
	iamError := func(status int, canonical, info string) answer {
		details := ""
		if info != "" {
			details = `,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + info + `",` +
				`"domain":"iam.googleapis.com","metadata":{"permission":"iam.serviceAccounts.signJwt"}}]`
		}
		return answer{status: status, body: fmt.Sprintf(
			`{"error":{"code":%d,"message":"…","status":"%s"%s}}`, status, canonical, details)}
	}
	tests := []struct {
		name             string
		answer           answer
		kind             facts.Kind
		code, permission string
	}{
		{
			"the caller may not sign", iamError(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"),
			facts.Forbidden, "IAM_PERMISSION_DENIED", "iam.serviceAccounts.signJwt",
		},
		{
			"the caller may not sign, short", iamError(403, "PERMISSION_DENIED", ""),
			facts.Forbidden, "PERMISSION_DENIED", "iam.serviceAccounts.signJwt",
		},
		{
			"API off", iamError(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
			facts.Forbidden, "SERVICE_DISABLED", "IAM Service Account Credentials API",
		},
		{"no such account", iamError(404, "NOT_FOUND", ""), facts.NotFound, "NOT_FOUND", ""},
		{"bad payload", iamError(400, "INVALID_ARGUMENT", ""), facts.Rejected, "INVALID_ARGUMENT", ""},
		{"401", iamError(401, "UNAUTHENTICATED", ""), facts.Unauthenticated, "UNAUTHENTICATED", ""},
		{
			"429 with Retry-After",
			answer{status: 429, header: map[string]string{"Retry-After": "5"}},
			facts.Throttled, "", "",
		},
		{"429 without Retry-After", iamError(429, "RESOURCE_EXHAUSTED", ""), facts.Throttled, "RESOURCE_EXHAUSTED", ""},
		{"500", iamError(500, "INTERNAL", ""), facts.Unavailable, "INTERNAL", ""},
		{"403 in HTML", answer{status: 403, body: googleHTML}, facts.Malformed, "", ""},
		{"200 in HTML", answer{status: 200, body: googleHTML}, facts.Malformed, "", ""},
		{"truncated", answer{status: 200, body: `{"keyId":"k","signedJwt":"eyJ`}, facts.Malformed, "", ""},
		{"without signedJwt", answer{status: 200, body: `{"keyId":"k"}`}, facts.Malformed, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t, facts.ScopeControl, facts.ScopeDomains)
			g.paths["/v1/projects/-/serviceAccounts/"+testAccount+":signJwt"] = tt.answer
			env, _ := adc(t, g, userFile, map[string]answer{userToken: callerAnswer})
			d := ladder(t, run(t, env))
			want(t, d.Self.Why(), tt.kind, tt.code, tt.permission)
			if kind(d.Clock) != facts.NotCollected || kind(d.Control) != facts.NotCollected || len(g.asked) != 0 {
				t.Errorf("clock %v, control %v, asked %v", d.Clock.Why(), d.Control.Why(), g.asked)
			}
		})
	}
}

// The SDKs write answers to their own log when this variable is set; a signed assertion is one.
func TestSDKLogStaysSilent(t *testing.T) {
	t.Setenv("GOOGLE_SDK_GO_LOGGING_LEVEL", "debug")
	g := newGoogle(t, facts.ScopeDomains)
	env, _ := adc(t, g, userFile, map[string]answer{userToken: callerAnswer})
	out, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	stderr, stdout := os.Stderr, os.Stdout
	os.Stderr, os.Stdout = out, out
	run(t, env)
	os.Stderr, os.Stdout = stderr, stdout
	written, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if len(written) != 0 {
		t.Errorf("the SDK wrote %d bytes of its own log", len(written))
	}
}
