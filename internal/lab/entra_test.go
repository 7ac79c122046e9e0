package lab_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/casdoctor/casdoctor/internal/lab"
)

const graphScope = "https://graph.microsoft.com/.default"

func (p *practice) tokenURL() string {
	return p.cfg.Microsoft365.Endpoints.Login + "/" + p.cfg.Microsoft365.TenantID + "/oauth2/v2.0/token"
}

func (p *practice) tokenForm() url.Values {
	c := p.cfg.Microsoft365.Credentials
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.ClientID},
		"client_secret": {string(c.ClientSecret.Reveal())}, "scope": {graphScope},
	}
}

func (p *practice) graphToken() string {
	p.t.Helper()
	got := p.post(p.tokenURL(), p.tokenForm())
	token, _ := got.body["access_token"].(string)
	if got.status != http.StatusOK || token == "" {
		p.t.Fatalf("no token: %d %s", got.status, got.raw)
	}
	return token
}

// The codes are those of Microsoft's reference of Entra error codes.
func TestEntraToken(t *testing.T) {
	p := start(t, nil)
	for _, c := range []struct {
		name   string
		tenant string
		change func(url.Values)
		status int
		kind   string
		code   string
	}{
		{"granted", "", nil, 200, "", ""},
		{"the scopes that MSAL adds", "", set("scope", graphScope+" openid offline_access profile"), 200, "", ""},
		{"wrong secret", "", set("client_secret", "wrong"), 401, "invalid_client", "AADSTS7000215"},
		{"no secret", "", set("client_secret", ""), 401, "invalid_client", "AADSTS7000216"},
		{"unknown client", "", set("client_id", "99999999-2222-3333-4444-555555555555"),
			400, "unauthorized_client", "AADSTS700016"},
		{"unknown tenant", "00000000-1111-2222-3333-444444444444", nil, 400, "invalid_request", "AADSTS90002"},
		{"password grant", "", set("grant_type", "password"), 400, "unsupported_grant_type", "AADSTS70003"},
		{"no grant type", "", set("grant_type", ""), 400, "invalid_request", "AADSTS900144"},
		{"a scope by name", "", set("scope", "https://graph.microsoft.com/User.Read.All"),
			400, "invalid_scope", "AADSTS1002012"},
		{"another resource", "", set("scope", p.cfg.Microsoft365.Endpoints.Graph+"/.default"),
			400, "invalid_resource", "AADSTS500011"},
		{"an assertion of nobody", "", func(f url.Values) {
			f.Del("client_secret")
			f.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			f.Set("client_assertion", "e30.e30.e30")
		}, 401, "invalid_client", "AADSTS700027"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form, address := p.tokenForm(), p.tokenURL()
			if c.change != nil {
				c.change(form)
			}
			if c.tenant != "" {
				address = strings.Replace(address, p.cfg.Microsoft365.TenantID, c.tenant, 1)
			}
			got := p.post(address, form)
			if got.status != c.status {
				t.Errorf("status %d, want %d: %s", got.status, c.status, got.raw)
			}
			if c.status == 200 {
				if got.body["token_type"] != "Bearer" || got.body["expires_in"] != 3599. {
					t.Errorf("answered %s", got.raw)
				}
				return
			}
			description, _ := got.body["error_description"].(string)
			if got.body["error"] != c.kind || !strings.HasPrefix(description, c.code+":") {
				t.Errorf("refused with %v %q, want %s %s", got.body["error"], description, c.kind, c.code)
			}
		})
	}
	if got := p.do(p.request(http.MethodGet, p.tokenURL(), nil)); got.status != 400 {
		t.Errorf("GET of the token endpoint: status %d, want 400", got.status)
	}
}

func set(name, value string) func(url.Values) {
	return func(f url.Values) {
		if f.Set(name, value); value == "" {
			f.Del(name)
		}
	}
}

// TestEntraLogins signs in with Microsoft's own library in every way that the lab offers.
func TestEntraLogins(t *testing.T) {
	for name, login := range map[string]lab.Login{
		"secret": lab.LoginSecret, "certificate": lab.LoginCertificate, "federated": lab.LoginFederated,
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) { o.Microsoft.App.Login = login })
			m := p.cfg.Microsoft365
			options := azcore.ClientOptions{
				Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: m.Endpoints.Login}, Transport: p.http,
			}
			var credential azcore.TokenCredential
			var err error
			switch login {
			case lab.LoginSecret:
				credential, err = azidentity.NewClientSecretCredential(m.TenantID, m.Credentials.ClientID,
					string(m.Credentials.ClientSecret.Reveal()),
					&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
			case lab.LoginCertificate:
				certificates, key, parseErr := azidentity.ParseCertificates(m.Credentials.Certificate.Reveal(), nil)
				if parseErr != nil {
					t.Fatal(parseErr)
				}
				credential, err = azidentity.NewClientCertificateCredential(m.TenantID, m.Credentials.ClientID, certificates, key,
					&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
			case lab.LoginFederated:
				if _, err := os.Stat(m.Credentials.WorkloadIdentity.TokenFile); err != nil {
					t.Fatal(err)
				}
				credential, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
					ClientOptions: options, DisableInstanceDiscovery: true, TenantID: m.TenantID,
					ClientID: m.Credentials.ClientID, TokenFilePath: m.Credentials.WorkloadIdentity.TokenFile,
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graphScope}})
			if err != nil {
				t.Fatal(err)
			}
			got := p.do(p.request(http.MethodGet, m.Endpoints.Graph+"/v1.0/organization", nil, "Authorization", "Bearer "+token.Token))
			if got.status != 200 {
				t.Errorf("Graph answered %d %s", got.status, got.raw)
			}
		})
	}
}

// A secret is not taken from an app registration that has none, nor the assertion of
// another one.
func TestEntraLoginsApart(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Microsoft.App.Login = lab.LoginCertificate })
	form := p.tokenForm()
	form.Set("client_secret", lab.Healthy().Microsoft.App.Secret)
	if got := p.post(p.tokenURL(), form); got.status != 401 {
		t.Errorf("a secret that is not registered: status %d, want 401", got.status)
	}
}

func TestEntraDiscovery(t *testing.T) {
	p := start(t, nil)
	login, tenant := p.cfg.Microsoft365.Endpoints.Login, p.cfg.Microsoft365.TenantID
	got := p.do(p.request(http.MethodGet, login+"/"+tenant+"/v2.0/.well-known/openid-configuration", nil))
	if got.status != 200 || got.body["token_endpoint"] != p.tokenURL() {
		t.Errorf("discovery answered %d %s", got.status, got.raw)
	}
	got = p.do(p.request(http.MethodGet, login+"/nobody.example/v2.0/.well-known/openid-configuration", nil))
	if got.status != 400 || got.body["error"] != "invalid_tenant" {
		t.Errorf("an unknown tenant: %d %s", got.status, got.raw)
	}
	if got := p.do(p.request(http.MethodGet, login+"/"+tenant+"/oauth2/v2.0/devicecode", nil)); got.status != 404 {
		t.Errorf("an unknown path: status %d, want 404", got.status)
	}
}

// TestWrongTenant: the token is for the tenant of the credentials, whatever was asked for.
func TestWrongTenant(t *testing.T) {
	const asked = "0b9e7c52-8d1f-4a36-b7e4-2c5d6f708192"
	p := start(t, func(o *lab.Organisation) {
		o.Declared.Microsoft365.TenantID, o.Microsoft.TokensFor = asked, []string{asked}
	})
	got := p.graph("/v1.0/organization?$select=id")
	list, _ := got.body["value"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["id"] != lab.Healthy().Microsoft.TenantID {
		t.Errorf("reached %s, want tenant %s", got.raw, lab.Healthy().Microsoft.TenantID)
	}
}
