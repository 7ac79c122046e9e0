package m365_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// inMemory answers in the place of hosts that are not the lab's, after the transport has
// allowed the request. Nothing leaves this process.
func (p *tenant) inMemory(answer func(*http.Request) (int, string)) func(...string) *facts.Evidence {
	client := p.client()
	tap(client, func(r *http.Request, send http.RoundTripper) (*http.Response, error) {
		e := p.Config.Microsoft365.Endpoints
		if base := "https://" + r.URL.Host; r.URL.Hostname() == "127.0.0.1" && (base == e.Login || base == e.Graph) {
			return send.RoundTrip(r)
		}
		if err := client.Check(r); err != nil {
			return nil, err
		}
		status, body := answer(r)
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		resp := w.Result()
		resp.Request = r
		return resp, nil
	})
	return func(wanted ...string) *facts.Evidence { return p.collectWith(client, 0, wanted...) }
}

// federation is the token that the lab's application trusts.
func (p *tenant) federation() string {
	p.t.Helper()
	data, err := os.ReadFile(p.Config.Microsoft365.Credentials.WorkloadIdentity.TokenFile)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

const connection = "0f1e2d3c-4b5a-4697-8877-665544332211"

// The requests are those of GitHub's "OpenID Connect reference" and of Azure DevOps's
// "Oidctoken - Create"; the audience is that of Microsoft Entra's "Workload identity federation".
func TestSignInOfAJob(t *testing.T) {
	for name, tt := range map[string]struct {
		identity config.WorkloadIdentity
		address  string
		want     string // method and address
		answer   string
	}{
		"GitHub Actions": {
			config.WorkloadIdentity{GitHubActions: true}, "https://run.actions.test/9/idtoken?api-version=2.0",
			"GET https://run.actions.test/9/idtoken?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange", `{"count":1,"value":%q}`,
		},
		"Azure Pipelines": {
			config.WorkloadIdentity{AzurePipelines: &config.AzurePipelines{ServiceConnection: connection}},
			"https://dev.azure.test/org/_apis/oidctoken",
			"POST https://dev.azure.test/org/_apis/oidctoken?api-version=7.1&serviceConnectionId=" + connection, `{"oidcToken":%q}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) { o.Microsoft.App.Login = lab.LoginFederated })
			token := p.federation()
			tt.identity.Request = config.TokenRequest{URL: tt.address, Bearer: config.NewSecret("env:X", []byte("job-token"))}
			p.Config.Microsoft365.Credentials.WorkloadIdentity = &tt.identity
			var asked []string
			collect := p.inMemory(func(r *http.Request) (int, string) {
				asked = append(asked, r.Method+" "+r.URL.String())
				if r.Header.Get("Authorization") != "Bearer job-token" {
					return http.StatusUnauthorized, ""
				}
				return http.StatusOK, fmt.Sprintf(tt.answer, token)
			})
			get(t, collect(), facts.M365Accounts)
			equal(t, []string{tt.want}, asked)
		})
	}
}

func TestAJobThatGetsNoToken(t *testing.T) {
	github := config.WorkloadIdentity{GitHubActions: true}
	azure := config.WorkloadIdentity{AzurePipelines: &config.AzurePipelines{ServiceConnection: connection}}
	for name, tt := range map[string]struct {
		identity config.WorkloadIdentity
		status   int
		body     string
		want     facts.Kind
		mention  string
	}{
		"GitHub 403":        {github, 403, `{"message":"` + canary + `"}`, facts.Unauthenticated, "id-token: write"},
		"Azure 401":         {azure, 401, canary, facts.Unauthenticated, "azure_pipelines"},
		"Azure 404":         {azure, 404, `{"message":"` + canary + `"}`, facts.Unauthenticated, "service connection"},
		"500":               {github, 500, canary, facts.Unavailable, "its own trouble"},
		"HTML":              {github, 200, gateway, facts.Malformed, "gateway"},
		"the other's shape": {azure, 200, `{"value":"` + canary + `"}`, facts.Malformed, "gateway"},
		"an empty token":    {github, 200, `{"value":""}`, facts.Malformed, "gateway"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil)
			tt.identity.Request = config.TokenRequest{URL: "https://run.actions.test/token", Bearer: config.NewSecret("env:X", []byte(canary))}
			p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{ClientID: uuid.NewString(), WorkloadIdentity: &tt.identity}
			ev := p.inMemory(func(*http.Request) (int, string) { return tt.status, tt.body })()
			f := ev.Facts["m365.tenant"].Failure
			if f == nil || f.Kind != tt.want || f.Status != tt.status || !strings.Contains(f.Detail, tt.mention) {
				t.Errorf("failure = %v, want %s with %q", f, tt.want, tt.mention)
			}
			keepsNothing(t, ev)
			for _, r := range p.Requests() {
				if r.Method == http.MethodPost || r.Service == lab.GraphService {
					t.Errorf("asked %s without a token of the job", r.Path)
				}
			}
		})
	}
}

// The exchanges are those of Microsoft's "How to use managed identities for App Service and Azure
// Functions", REST endpoint reference, and of "Authenticate against Azure resources with Azure
// Arc-enabled servers".
func TestManagedIdentitiesThatAreNoVirtualMachine(t *testing.T) {
	t.Run("App Service", func(t *testing.T) {
		t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token/")
		t.Setenv("IDENTITY_HEADER", "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a")
		p := start(t, nil)
		token, id := p.token(), uuid.NewString()
		p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{ManagedIdentity: true, ClientID: id}
		var asked []string
		collect := p.inMemory(func(r *http.Request) (int, string) {
			asked = append(asked, r.Method+" "+r.URL.String()+" "+r.Header.Get("X-Identity-Header"))
			return http.StatusOK, fmt.Sprintf(
				`{"access_token":%q,"expires_on":"%d","resource":"https://graph.microsoft.com","token_type":"Bearer","client_id":%q}`,
				token, time.Now().Add(time.Hour).Unix(), id)
		})
		get(t, collect(), facts.M365Accounts)
		equal(t, []string{
			"GET http://127.0.0.1:41741/msi/token/?api-version=2019-08-01&client_id=" + id +
				"&resource=https%3A%2F%2Fgraph.microsoft.com 853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a",
		}, asked)
	})
	// The agent of Azure Arc wants to see a file that only its group can read. Here there is none.
	t.Run("Azure Arc", func(t *testing.T) {
		t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:40342/metadata/identity/oauth2/token")
		t.Setenv("IMDS_ENDPOINT", "http://127.0.0.1:40342")
		p := start(t, nil)
		p.Config.Microsoft365.Credentials = config.MicrosoftCredentials{ManagedIdentity: true}
		var asked []string
		collect := p.inMemory(func(r *http.Request) (int, string) {
			asked = append(asked, r.Method+" "+r.URL.String()+" "+r.Header.Get("Metadata"))
			return http.StatusUnauthorized, ""
		})
		f := collect().Facts["m365.tenant"].Failure
		if f == nil || f.Kind == facts.Internal {
			t.Errorf("failure = %v", f)
		}
		equal(t, []string{
			"GET http://127.0.0.1:40342/metadata/identity/oauth2/token?api-version=2020-06-01&resource=https%3A%2F%2Fgraph.microsoft.com true",
		}, asked)
	})
}

// A PFX file as old Windows and as OpenSSL 3 write it (RFC 7292; the second with PBES2 and AES).
func TestSignInWithAPFX(t *testing.T) {
	for name, encoder := range map[string]*pkcs12.Encoder{"RC2 and 3DES": pkcs12.LegacyRC2, "AES": pkcs12.Modern} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) { o.Microsoft.App.Login = lab.LoginCertificate })
			c := &p.Config.Microsoft365.Credentials
			_, rest := pem.Decode(c.Certificate.Reveal())
			block, _ := pem.Decode(rest)
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			pfx, err := encoder.Encode(key(), certificate, nil, "the file's password")
			if err != nil {
				t.Fatal(err)
			}
			c.Certificate = config.NewSecret("file:app.pfx", pfx)
			c.CertificatePassword = config.NewSecret("env:X", []byte("the file's password"))
			if got := get(t, p.collect("m365.tenant"), facts.M365Tenant); got.ID != tenantID {
				t.Errorf("tenant = %s", got.ID)
			}
			c.CertificatePassword = config.NewSecret("env:X", []byte("another one"))
			f := p.collect("m365.tenant").Facts["m365.tenant"].Failure
			if f == nil || f.Code != "certificate" || !strings.Contains(f.Detail, "password") {
				t.Errorf("failure = %v", f)
			}
		})
	}
}

// Where each cloud signs in and has its Graph, and whom its tokens are for (Microsoft Graph,
// "National cloud deployments").
func TestClouds(t *testing.T) {
	for cloud, hosts := range map[string][2]string{
		"global":    {"login.microsoftonline.com", "graph.microsoft.com"},
		"usgov":     {"login.microsoftonline.us", "graph.microsoft.us"},
		"usgov-dod": {"login.microsoftonline.us", "dod-graph.microsoft.us"},
		"china":     {"login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"},
	} {
		t.Run(cloud, func(t *testing.T) {
			p := start(t, nil)
			t.Setenv("CASDOCTOR_TEST_SECRET", "practice")
			cfg, err := config.Parse([]byte("version: 1\ntenant: contoso\nmicrosoft365: {tenant_id: "+tenantID+", cloud: "+cloud+
				", credentials: {client_id: "+vendor+", client_secret: env:CASDOCTOR_TEST_SECRET}}\n"), t.TempDir()+"/casdoctor.yaml")
			if err != nil {
				t.Fatal(err)
			}
			p.Config = cfg
			asked := map[string]bool{}
			scope := ""
			collect := p.inMemory(func(r *http.Request) (int, string) {
				asked[r.URL.Host] = true
				base := "https://" + r.URL.Host + "/" + tenantID
				switch {
				case r.URL.Host == hosts[1] && r.URL.Path == "/v1.0/organization" && r.Header.Get("Authorization") == "Bearer of-this-cloud":
					return http.StatusOK, `{"value":[{"id":"` + tenantID + `"}]}`
				case r.URL.Host == hosts[1]:
					return http.StatusOK, `{"value":[]}`
				case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
					return http.StatusOK, `{"issuer":"` + base + `/v2.0","authorization_endpoint":"` + base + `/oauth2/v2.0/authorize",
						"token_endpoint":"` + base + `/oauth2/v2.0/token"}`
				default:
					form, _ := io.ReadAll(r.Body)
					values, _ := url.ParseQuery(string(bytes.TrimSpace(form)))
					scope, _, _ = strings.Cut(values.Get("scope"), " ")
					return http.StatusOK, `{"token_type":"Bearer","expires_in":3599,"access_token":"of-this-cloud"}`
				}
			})
			if got := get(t, collect("m365.tenant"), facts.M365Tenant); got.ID != tenantID {
				t.Errorf("tenant = %s", got.ID)
			}
			equal(t, map[string]bool{hosts[0]: true, hosts[1]: true}, asked)
			equal(t, "https://"+hosts[1]+"/.default", scope)
		})
	}
}
