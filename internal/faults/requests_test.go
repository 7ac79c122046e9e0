package faults_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/preflight"
)

// used are the entries of the list that were sent, across all runs of the test.
type used struct {
	mu  sync.Mutex
	all []httpread.Entry
}

// asker asks whether what leaves is on the list, below everything else that could change it.
type asker struct {
	t    *testing.T
	next http.RoundTripper
	list *httpread.Client
	used *used
	// answers instead of an address that is not on loopback; nothing is ever sent there.
	answers func(*http.Request) string
}

func (a *asker) RoundTrip(r *http.Request) (*http.Response, error) {
	entry, err := a.list.Match(r)
	if err != nil {
		a.t.Errorf("sent, and not on the list: %s %s", r.Method, r.URL.Redacted())
	}
	a.used.mu.Lock()
	if !slices.Contains(a.used.all, entry) {
		a.used.all = append(a.used.all, entry)
	}
	a.used.mu.Unlock()
	if r.URL.Hostname() == "127.0.0.1" && r.URL.Scheme == "https" {
		return a.next.RoundTrip(r)
	}
	body := a.answers(r)
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// TestEveryRequestIsOnTheListAndEveryEntryIsSent: the list that the transport enforces has what
// casdoctor sends, and nothing besides that it could.
func TestEveryRequestIsOnTheListAndEveryEntryIsSent(t *testing.T) {
	u := &used{}
	look := func(name string, change func(*lab.Organisation), credentials func(*testing.T, *lab.Lab, *config.Config) func(*http.Request) string) {
		t.Run(name, func(t *testing.T) {
			all := lab.Scenarios()
			scenario := name
			if !slices.ContainsFunc(all, func(s lab.Scenario) bool { return s.Name == name }) {
				scenario = "healthy"
			}
			sc := all[slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == scenario })]
			sc.Organisation.Key = key()
			if change != nil {
				change(&sc.Organisation)
			}
			l, err := lab.Start(sc.Organisation)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			dir := t.TempDir()
			cfg, err := l.Config(dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(dir, "adc.json"))
			a := &asker{t: t, used: u}
			if credentials != nil {
				a.answers = credentials(t, l, cfg)
			}
			if a.list, err = httpread.New(cfg); err != nil {
				t.Fatal(err)
			}
			over := func(next http.RoundTripper) http.RoundTripper { a.next = next; return a }
			if _, err := preflight.Collect(t.Context(), cfg, preflight.Look{
				Transport: []httpread.Option{httpread.WithBackoff(time.Microsecond), httpread.Below(over)},
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, sc := range lab.Scenarios() {
		if sc.Name != "large-tenant" { // what it asks is what the others ask, and it takes long
			look(sc.Name, nil, nil)
		}
	}
	complete := organisations()["healthy"]
	look("everything configured", complete, nil)
	look("several delegates, one in a group that can have roles, one federated", func(o *lab.Organisation) {
		o.Declared.Microsoft365.Provisioning = new(config.Manual)
		o.Declared.Microsoft365.Delegates = []string{"cas-delegate@contoso.com", "adele@contoso.com"}
		o.Microsoft.Domains[1].Federated = true
		for i := range o.Microsoft.Groups {
			o.Microsoft.Groups[i].Assignable = true
		}
	}, nil)
	look("a certificate", func(o *lab.Organisation) { o.Microsoft.App.Login = lab.LoginCertificate }, nil)
	grants := func(o *lab.Organisation) {
		g := o.Declared.Google
		g.ProvisionedDuringPreview, g.GrantedScopes = new(true), config.List{}
		o.Google.GrantedScopes = append(o.Google.GrantedScopes,
			"https://www.googleapis.com/auth/admin.directory.user.security", "https://www.googleapis.com/auth/admin.reports.audit.readonly")
	}
	look("what CAS was granted", grants, nil)
	look("without a key", func(o *lab.Organisation) { o.Google.Keyless = true }, nil)
	look("without a key, federated", func(o *lab.Organisation) { o.Google.Keyless, o.Google.Federated = true, true }, nil)

	// What a machine or a job asks for a token of its own is answered in memory. A new id each time:
	// the SDK keeps the tokens of managed identities for the whole process.
	managed := func(address string) func(*testing.T, *lab.Lab, *config.Config) func(*http.Request) string {
		return func(t *testing.T, _ *lab.Lab, cfg *config.Config) func(*http.Request) string {
			t.Setenv("IDENTITY_ENDPOINT", address)
			t.Setenv("IDENTITY_HEADER", "practice")
			cfg.Microsoft365.Credentials = config.MicrosoftCredentials{ManagedIdentity: true, ClientID: uuid.NewString()}
			return func(*http.Request) string {
				return `{"access_token":"t","expires_in":"3599","expires_on":"4102444800","resource":"https://graph.microsoft.com","token_type":"Bearer"}`
			}
		}
	}
	look("a virtual machine of Azure", nil, managed(""))
	look("App Service", nil, managed("http://127.0.0.1:41741/msi/token"))
	job := func(w config.WorkloadIdentity, address string) func(*testing.T, *lab.Lab, *config.Config) func(*http.Request) string {
		return func(_ *testing.T, _ *lab.Lab, cfg *config.Config) func(*http.Request) string {
			w.Request = config.TokenRequest{URL: address, Bearer: config.NewSecret("env:X", []byte("job"))}
			cfg.Microsoft365.Credentials = config.MicrosoftCredentials{ClientID: uuid.NewString(), WorkloadIdentity: &w}
			return func(*http.Request) string { return `{"value":"t","oidcToken":"t"}` }
		}
	}
	look("GitHub Actions", nil, job(config.WorkloadIdentity{GitHubActions: true}, "https://run.actions.test/idtoken?api-version=2.0"))
	look("Azure Pipelines", nil, job(config.WorkloadIdentity{AzurePipelines: &config.AzurePipelines{}}, "https://dev.azure.test/o/oidctoken"))
	keyless := func(file string) func(*testing.T, *lab.Lab, *config.Config) func(*http.Request) string {
		return func(t *testing.T, _ *lab.Lab, _ *config.Config) func(*http.Request) string {
			t.Setenv("HOME", t.TempDir())
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
			if file != "" {
				name := filepath.Join(t.TempDir(), "adc.json")
				if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
					t.Fatal(err)
				}
				t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", name)
			}
			return func(*http.Request) string { return `{"access_token":"t","expires_in":3599,"token_type":"Bearer"}` }
		}
	}
	impersonating := func(o *lab.Organisation) { o.Google.Keyless = true }
	look("a virtual machine of Google Cloud", impersonating, keyless(""))
	// Google Cloud, "Configure workload identity federation with Azure": the subject token comes from
	// the metadata service.
	from := func(address string) string {
		raw, err := json.Marshal(map[string]any{ //nolint:gosec // G101: addresses, and no secret
			"type": "external_account", "universe_domain": "googleapis.com",
			"audience":           "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
			"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
			"credential_source": map[string]any{
				"url": address, "headers": map[string]string{"Metadata": "True"},
				"format": map[string]string{"type": "json", "subject_token_field_name": "access_token"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	look("a federation from Azure", impersonating, keyless(from("http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x")))
	look("a federation from Google Cloud", impersonating,
		keyless(from("http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/identity?audience=x")))

	for _, e := range httpread.Entries() {
		if e.Host == httpread.Arc {
			continue // the agent's second step reads a file of root's; TestOneRequestForATokenIsSent has the first
		}
		if !slices.Contains(u.all, e) {
			t.Errorf("on the list, and never sent: %s %s %s", e.Method, e.Host, e.Path)
		}
	}
}
