package m365_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// token is an access token of the lab, as another program of the same application gets it.
func (p *tenant) token() string {
	p.t.Helper()
	client, err := httpread.New(p.Config)
	if err != nil {
		p.t.Fatal(err)
	}
	m := p.Config.Microsoft365
	resp, err := client.HTTP().PostForm(m.Endpoints.Login+"/"+m.TenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {m.Credentials.ClientID},
		"client_secret": {string(m.Credentials.ClientSecret.Reveal())}, "scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		p.t.Fatalf("no token: %v", err)
	}
	return answer.Token
}

func TestSignInWithACertificateAndAFederatedToken(t *testing.T) {
	for _, login := range []lab.Login{lab.LoginSecret, lab.LoginCertificate, lab.LoginFederated} {
		t.Run(string(login), func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) { o.Microsoft.App.Login = login })
			if got := get(t, p.collect("m365.tenant"), facts.M365Tenant); got.ID != tenantID {
				t.Errorf("tenant = %s", got.ID)
			}
		})
	}
}

// The Azure CLI's credential keeps no token: it starts a process each time that it is asked.
func TestSignInWithTheAzureCLI(t *testing.T) {
	p := start(t, nil)
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	// The answer has the shape of "az account get-access-token" in Microsoft's CLI reference.
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s\ncat <<'EOF'\n{\"accessToken\":%q,\"expires_on\":%d,\"tokenType\":\"Bearer\"}\nEOF\n",
		calls, p.token(), time.Now().Add(time.Hour).Unix())
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{AzureCLI: true}
	get(t, p.collect(), facts.M365Accounts)
	asked, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	want := "account get-access-token -o json --resource https://graph.microsoft.com --tenant " + tenantID + "\n"
	equal(t, want, string(asked))
}

// The metadata service has a fixed address, which is not on loopback: here nothing is sent
// to it. The exchange is that of "How to use managed identities for Azure resources on an
// Azure VM to acquire an access token".
func TestSignInWithAManagedIdentity(t *testing.T) {
	p := start(t, nil)
	answer := fmt.Sprintf(
		`{"access_token":%q,"expires_in":"3599","expires_on":"%d","resource":"https://graph.microsoft.com","token_type":"Bearer"}`,
		p.token(), time.Now().Add(time.Hour).Unix())
	// A new id: the SDK keeps the tokens of managed identities for the whole process.
	id := uuid.NewString()
	p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{ManagedIdentity: true, ClientID: id}
	var asked []url.Values
	client := p.client()
	tap(client, func(r *http.Request, send http.RoundTripper) (*http.Response, error) {
		if r.URL.Hostname() == "127.0.0.1" {
			return send.RoundTrip(r)
		}
		if r.URL.Host != "169.254.169.254" || r.URL.Path != "/metadata/identity/oauth2/token" || r.Header.Get("Metadata") != "true" {
			return nil, fmt.Errorf("not the metadata service: %s", r.URL)
		}
		asked = append(asked, r.URL.Query())
		w := httptest.NewRecorder()
		_, _ = w.WriteString(answer)
		return w.Result(), client.Check(r)
	})
	get(t, p.collectWith(client, 0), facts.M365Accounts)
	if len(asked) != 1 {
		t.Fatalf("asked %d times", len(asked))
	}
	if asked[0].Get("resource") != "https://graph.microsoft.com" || asked[0].Get("client_id") != id {
		t.Errorf("query = %v", asked[0])
	}
}

// Tokens are made for the cloud's own Graph, wherever endpoints.graph leads
// (Microsoft Graph, "National cloud deployments").
func TestAudiences(t *testing.T) {
	for cloud, audience := range map[config.Cloud]string{
		config.CloudGlobal: "https://graph.microsoft.com", config.CloudUSGov: "https://graph.microsoft.us",
		config.CloudUSGovDoD: "https://dod-graph.microsoft.us", config.CloudChina: "https://microsoftgraph.chinacloudapi.cn",
	} {
		t.Run(string(cloud), func(t *testing.T) {
			p := start(t, nil)
			p.Config.Microsoft365.Cloud = cloud
			p.collect("m365.tenant")
			found := false
			for _, r := range p.Requests() {
				if r.Method == http.MethodPost {
					form, err := url.ParseQuery(string(r.Body))
					if err != nil {
						t.Fatal(err)
					}
					scope, _, _ := strings.Cut(form.Get("scope"), " ")
					equal(t, audience+"/.default", scope)
					found = true
				}
			}
			if !found {
				t.Error("no token was asked for")
			}
		})
	}
}

// refused is the failure of the tenant fact, which is that of all others.
func (p *tenant) refused() *facts.Failure {
	p.t.Helper()
	ev := p.collect()
	f := ev.Facts["m365.tenant"].Failure
	if f == nil {
		p.t.Fatal("no failure")
	}
	other := ev.Facts["m365.accounts"].Failure
	if other == nil || other.Kind != f.Kind || !strings.HasPrefix(other.Detail, "not asked") {
		p.t.Errorf("accounts: %v", other)
	}
	if len(p.graph()) != 0 {
		p.t.Errorf("Graph was asked without a token: %v", p.graph())
	}
	written, err := json.Marshal(ev)
	if err != nil {
		p.t.Fatal(err)
	}
	secret := string(p.Config.Microsoft365.Credentials.ClientSecret.Reveal())
	for _, word := range []string{canary, "<html", "BEGIN PRIVATE"} {
		if strings.Contains(string(written), word) || secret != "" && strings.Contains(string(written), secret) {
			p.t.Errorf("the evidence holds %q or the secret: %s", word, written)
		}
	}
	return f
}

func TestRefusedCredentials(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*tenant)
		code    string
		mention string
	}{
		"wrong secret": {
			func(p *tenant) {
				p.Config.Microsoft365.Credentials.ClientSecret = config.NewSecret("env:X", []byte("not-the-secret"))
			}, "AADSTS7000215", "secret",
		},
		"unknown application": {
			func(p *tenant) {
				p.Config.Microsoft365.Credentials.ClientID = "99999999-2222-3333-4444-555555555555"
			}, "AADSTS700016", "client_id",
		},
		"unknown tenant": {
			func(p *tenant) {
				p.Config.Microsoft365.TenantID = "0b9e7c52-8d1f-4a36-b7e4-2c5d6f708192"
			}, "AADSTS90002", "tenant_id",
		},
		"another cloud": {
			func(p *tenant) { p.Config.Microsoft365.Cloud = config.CloudChina }, "AADSTS500011", "cloud",
		},
		"no certificate": {
			func(p *tenant) {
				p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{
					ClientID: "11111111-2222-3333-4444-555555555555", Certificate: config.NewSecret("env:X", []byte(canary)),
				}
			}, "certificate", "PEM",
		},
		"no token file": {
			func(p *tenant) {
				p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{
					ClientID:         "11111111-2222-3333-4444-555555555555",
					WorkloadIdentity: &config.WorkloadIdentity{TokenFile: filepath.Join(p.t.TempDir(), "none")},
				}
			}, "token_file", "token file",
		},
		"no Azure CLI": {
			func(p *tenant) {
				p.t.Setenv("PATH", p.t.TempDir())
				p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{AzureCLI: true}
			}, "credentials", "az login",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil)
			tt.change(p)
			f := p.refused()
			if f.Kind != facts.Unauthenticated || f.Code != tt.code || !strings.Contains(f.Detail, tt.mention) {
				t.Errorf("failure = %v, want unauthenticated %s and %q", f, tt.code, tt.mention)
			}
		})
	}
}

func TestATokenEndpointInTrouble(t *testing.T) {
	discovery := "/" + tenantID + "/v2.0/.well-known/openid-configuration"
	tokens := "/" + tenantID + "/oauth2/v2.0/token"
	jsonType := http.Header{"Content-Type": {"application/json"}}
	failure := func(kind facts.Kind, status int, code string) facts.Failure {
		return facts.Failure{Kind: kind, Status: status, Code: code}
	}
	for name, tt := range map[string]struct {
		fault lab.Fault
		want  facts.Failure
	}{
		"500":               {lab.Fault{Path: tokens, Status: 500}, failure(facts.Unavailable, 500, "")},
		"503 in HTML":       {lab.Fault{Path: tokens, Status: 503, Body: gateway}, failure(facts.Unavailable, 503, "")},
		"429":               {lab.Fault{Path: tokens, Status: 429}, failure(facts.Throttled, 429, "")},
		"HTML":              {lab.Fault{Path: tokens, Status: 200, Body: gateway}, failure(facts.Malformed, 200, "")},
		"403 in HTML":       {lab.Fault{Path: tokens, Status: 403, Body: gateway}, failure(facts.Malformed, 403, "")},
		"404":               {lab.Fault{Path: tokens, Status: 404}, failure(facts.Malformed, 404, "")},
		"truncated":         {lab.Fault{Path: tokens, Truncate: true}, failure(facts.Malformed, 200, "")},
		"reset":             {lab.Fault{Path: tokens, Reset: true}, failure(facts.Unreachable, 0, "")},
		"discovery in HTML": {lab.Fault{Path: discovery, Status: 200, Body: gateway}, failure(facts.Malformed, 200, "")},
		"discovery reset":   {lab.Fault{Path: discovery, Reset: true}, failure(facts.Unreachable, 0, "")},
		"discovery 500":     {lab.Fault{Path: discovery, Status: 500}, failure(facts.Unavailable, 500, "")},
		"a code that is no code": {
			lab.Fault{Path: tokens, Status: 401, Header: jsonType, Body: `{"error":"` + canary + ` x"}`},
			failure(facts.Malformed, 401, ""),
		},
		"an error without a number": {
			lab.Fault{
				Path: tokens, Status: 401, Header: jsonType,
				Body: `{"error":"invalid_client","error_description":"` + canary + `"}`,
			},
			failure(facts.Unauthenticated, 401, "invalid_client"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil)
			f := tt.fault
			f.Service = lab.EntraService
			p.Fault(f)
			got := *p.refused()
			if got.Detail == "" {
				t.Error("no detail")
			}
			got.Detail = ""
			if got.Kind == facts.Unreachable {
				got.Code = ""
			}
			equal(t, tt.want, got)
			posts := 0
			for _, r := range p.Requests() {
				if r.Method == http.MethodPost {
					posts++
				}
			}
			if posts > 1 {
				t.Errorf("%d token requests: each would be a failed sign-in in the tenant's log", posts)
			}
		})
	}
}

func TestATokenEndpointThatHangs(t *testing.T) {
	p := start(t, nil)
	p.Fault(lab.Fault{Service: lab.EntraService, Hang: true})
	f := p.collectWithin(200 * time.Millisecond).Facts["m365.tenant"].Failure
	if f == nil || f.Kind != facts.Timeout {
		t.Errorf("failure = %v", f)
	}
}

// The deadline holds for the process that the Azure CLI's credential starts, too.
func TestAnAzureCLIThatHangs(t *testing.T) {
	p := start(t, nil)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\nexec sleep 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{AzureCLI: true}
	f := p.collectWithin(time.Second).Facts["m365.tenant"].Failure
	if f == nil || f.Kind != facts.Timeout {
		t.Errorf("failure = %v", f)
	}
}

// Without network.ca_file the lab's certificates do not verify, as behind a gateway that
// inspects TLS; the sentence says what to set.
func TestACertificateThatDoesNotVerify(t *testing.T) {
	p := start(t, nil)
	p.Config.Network.CAFile = ""
	f := p.refused()
	if f.Kind != facts.Unreachable || f.Code != "certificate" || !strings.Contains(f.Detail, "network.ca_file") {
		t.Errorf("failure = %v", f)
	}
}

// An endpoint that speaks no TLS.
func TestAnEndpointWithoutTLS(t *testing.T) {
	p := start(t, nil)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	p.Config.Microsoft365.Endpoints.Login = strings.Replace(plain.URL, "http://", "https://", 1)
	if f := p.refused(); f.Kind != facts.Unreachable {
		t.Errorf("failure = %v", f)
	}
}
