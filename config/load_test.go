package config_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"

	"github.com/casdoctor/casdoctor/config"
)

// canary is the secret that nothing may show. It is no name of an environment variable.
const canary = "hunter2-s3cr3t"

// folder is a configuration's folder with the files that the samples name.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "sa.json", `{"private_key":"`+canary+`"}`+"\n", 0o600)
	write(t, dir, "scopes.txt", "\ufeff# scopes\r\nhttps://www.googleapis.com/auth/a\r\n\r\nopenid # as shown\n", 0o644)
	write(t, dir, "bad-scopes.txt", "# shown in the admin console\nopenid\nopenid email\n", 0o644)
	write(t, dir, "binary.txt", "a\x00b", 0o644)
	write(t, dir, "domains.txt", "contoso.com\n", 0o644)
	write(t, dir, "none.txt", "# none\n", 0o644)
	write(t, dir, "empty.key", "", 0o600)
	write(t, dir, "large.key", strings.Repeat("a", 1<<20+1), 0o600)
	write(t, dir, "corp.pem", "# the company's root\n"+certificate(t), 0o644)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"CASDOCTOR_GRAPH_SECRET", "CAS_API_TOKEN", "LMP_TOKEN", "LMP_KEY", "CANARY"} {
		t.Setenv(name, canary+name)
	}
	t.Setenv("CASDOCTOR_EMPTY", "")
	return dir
}

func write(t testing.TB, dir, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // the umask may have taken more away
		t.Fatal(err)
	}
}

func certificate(t testing.TB) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// parse reads a configuration that must be right.
func parse(t testing.TB, dir, text string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(text), filepath.Join(dir, "casdoctor.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// complaints reads a configuration that must be wrong, and returns what is said of it, with
// paths from dir.
func complaints(t testing.TB, dir, text string) string {
	t.Helper()
	c, err := config.Parse([]byte(text), filepath.Join(dir, "casdoctor.yaml"))
	var all *config.Errors
	if c != nil || !errors.As(err, &all) || len(all.Problems) == 0 {
		t.Fatalf("got (%v, %v), want no configuration and a *config.Errors", c, err)
	}
	return strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

func full(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var sameConfig = cmp.Options{
	cmpopts.IgnoreUnexported(config.Config{}),
	cmpopts.EquateComparable(netip.AddrPort{}),
	cmp.Comparer(func(a, b config.Secret) bool { return a.Ref() == b.Ref() && string(a.Reveal()) == string(b.Reveal()) }),
}

func ptr[T any](v T) *T { return &v }

func day(y int, m time.Month, d int) config.Date {
	return config.Date{Time: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

func env(name string) config.Secret { return config.NewSecret("env:"+name, []byte(canary+name)) }

// Every key of the documentation, at a value that is not its default.
func TestLoadFull(t *testing.T) {
	dir := folder(t)
	path := filepath.Join(dir, "casdoctor.yaml")
	write(t, dir, "casdoctor.yaml", full(t), 0o644)
	got, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	const tenant = "84841066-274d-4ec0-a5c1-276be684bdd3"
	want := &config.Config{
		Version: 1, Tenant: "contoso", Phase: config.After,
		Microsoft365: &config.Microsoft365{
			TenantID: tenant, Cloud: config.CloudUSGov,
			Credentials: config.MicrosoftCredentials{
				ClientID: "11111111-2222-3333-4444-555555555555", ClientSecret: env("CASDOCTOR_GRAPH_SECRET"),
				ClientSecretExpires: day(2027, time.March, 31),
			},
			Provisioning: ptr(config.Automatic), GlobalAdmin: "admin@contoso.com", Delegates: []string{"cas-delegate@contoso.com"},
			CASAppIDs: []string{"32eb7c81-01f8-4f56-b847-687b755fb160"},
			Services:  []config.Service{config.SharePoint, config.OneDrive, config.Exchange},
			CASEgress: &config.Egress{IP: "203.0.113.7", Country: "DE"},
			Endpoints: config.MicrosoftEndpoints{Login: "https://login.example.com", Graph: "https://graph.example.com:8443"},
		},
		Google: &config.Google{
			Customer: "C01abc2de", Admin: "super@contoso.com",
			Credentials: config.GoogleCredentials{
				ServiceAccountKey: config.NewSecret("file:sa.json", []byte(`{"private_key":"`+canary+`"}`+"\n")),
			},
			CredentialsOf: config.OfCAS, ProvisionedDuringPreview: ptr(true),
			GrantedScopes: config.List{
				Declared: true, Items: []string{"https://www.googleapis.com/auth/a", "openid"},
				Written: []config.Written{{Text: "https://www.googleapis.com/auth/a", Line: 2}, {Text: "openid", Line: 4}},
			},
			Endpoints: config.GoogleEndpoints{
				Token: "https://oauth.example.com/token", TokenInfo: "https://oauth.example.com/tokeninfo",
				Directory: "https://admin.example.com", Reports: "https://reports.example.com", IAM: "https://iam.example.com",
				STS: "https://sts.example.com/v1/token",
			},
		},
		CAS: &config.CAS{
			Site: config.SiteEU, Console: config.HostPort{Host: "admin-eu.tmcas.trendmicro.com", Port: 443},
			API: &config.CASAPI{Token: env("CAS_API_TOKEN"), TokenCreated: day(2026, 2, 1), Endpoint: "https://cas.example.com"},
			InternalDomains: config.List{
				Declared: true, Items: []string{"contoso.com", "xn--bcher-kva.example", "sub.contoso.com", "not a domain"},
				Written: []config.Written{
					{Text: "Contoso.com.", Line: 36}, {Text: "@bücher.example", Line: 36},
					{Text: "*.sub.contoso.com", Line: 36}, {Text: "not a domain", Line: 36},
				},
			},
			SpamPolicies: []config.SpamPolicy{
				{Name: "default", AppliesTo: config.IncomingMessages, PassInternalOtherSpam: ptr(false)},
				{Name: "0123", AppliesTo: config.AllMessages},
			},
			Messages: []string{filepath.Join(dir, "samples", "*.eml")},
			Relays:   []string{"203.0.113.0/29", "2001:db8::1"},
			Clients:  []string{"IE 11 / Windows 7", "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"},
		},
		Licensing: &config.Licensing{
			Accounts: []config.LicenseAccount{
				{
					ID: "clp-a", Company: "01001", Primary: ptr(true), License: config.Trial, Expires: day(2026, 3, 31),
					TenantID: tenant, Provisioned: day(2025, 2, 1),
				},
				{ID: "clp-b", Company: "01001", Primary: ptr(false), License: config.Full},
			},
			SignIn: &config.SignIn{Account: "clp-a", Type: config.SignInCLP},
			LMP: &config.LMP{
				AccessToken: env("LMP_TOKEN"), SecretKey: env("LMP_KEY"), CustomerID: "c-1", SubscriptionID: "s-1",
				Endpoint: "https://lmp.example.com",
			},
		},
		Symptoms: []config.Symptom{{
			Check: "BND-01", Text: "already registered\nby another account", At: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC),
		}},
		Network: config.Network{
			Proxy: "http://proxy:3128", CAFile: filepath.Join(dir, "corp.pem"), Resolver: netip.MustParseAddrPort("127.0.0.1:5353"),
		},
		Waivers: []config.Waiver{{
			Cause: "MFA-01.C1", Subject: "admin@contoso.com", Reason: "ticket 4711", Until: day(2026, 12, 31), Owner: "it",
		}},
	}
	if diff := cmp.Diff(want, got, sameConfig); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	got := parse(t, folder(t), `{"version": 1, "tenant": "contoso",
		"microsoft365": {"tenant_id": "84841066-274d-4ec0-a5c1-276be684bdd3", "credentials": {"azure_cli": true}},
		"google": {"admin": "super@contoso.com", "credentials": {"impersonate": "sa@p.iam.gserviceaccount.com"}},
		"cas": {"site": "jp", "api": {"token": "env:CAS_API_TOKEN"}},
		"licensing": {"lmp": {"access_token": "env:LMP_TOKEN", "secret_key": "env:LMP_KEY", "customer_id": "c", "subscription_id": "s"}},
		"waivers": [{"cause": "TLS-01.X2", "reason": "known", "until": "2026-12-31"}]}`)
	want := &config.Config{
		Version: 1, Tenant: "contoso", Phase: config.Before,
		Microsoft365: &config.Microsoft365{
			TenantID: "84841066-274d-4ec0-a5c1-276be684bdd3", Cloud: config.CloudGlobal,
			Credentials: config.MicrosoftCredentials{AzureCLI: true},
			Services:    []config.Service{config.SharePoint, config.OneDrive},
			Endpoints:   config.MicrosoftEndpoints{Login: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com"},
		},
		Google: &config.Google{
			Customer: "my_customer", Admin: "super@contoso.com", CredentialsOf: config.OfCasdoctor,
			Credentials: config.GoogleCredentials{Impersonate: "sa@p.iam.gserviceaccount.com"},
			Endpoints: config.GoogleEndpoints{
				Token: "https://oauth2.googleapis.com/token", TokenInfo: "https://oauth2.googleapis.com/tokeninfo",
				Directory: "https://admin.googleapis.com", Reports: "https://admin.googleapis.com",
				IAM: "https://iamcredentials.googleapis.com", STS: "https://sts.googleapis.com/v1/token",
			},
		},
		CAS: &config.CAS{
			Site: config.SiteJP, API: &config.CASAPI{Token: env("CAS_API_TOKEN"), Endpoint: "https://api.tmcas.trendmicro.co.jp"},
		},
		Licensing: &config.Licensing{LMP: &config.LMP{
			AccessToken: env("LMP_TOKEN"), SecretKey: env("LMP_KEY"), CustomerID: "c", SubscriptionID: "s",
			Endpoint: "https://cspi.trendmicro.com",
		}},
		Waivers: []config.Waiver{{Cause: "TLS-01.X2", Subject: "*", Reason: "known", Until: day(2026, 12, 31)}},
	}
	if diff := cmp.Diff(want, got, sameConfig); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// The addresses are those of Microsoft's pages on national cloud deployments.
func TestEndpointsOfTheCloud(t *testing.T) {
	for cloud, want := range map[string]config.MicrosoftEndpoints{
		"global":    {Login: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com"},
		"usgov":     {Login: "https://login.microsoftonline.us", Graph: "https://graph.microsoft.us"},
		"usgov-dod": {Login: "https://login.microsoftonline.us", Graph: "https://dod-graph.microsoft.us"},
		"china":     {Login: "https://login.partner.microsoftonline.cn", Graph: "https://microsoftgraph.chinacloudapi.cn"},
	} {
		got := parse(t, t.TempDir(), "version: 1\ntenant: contoso\nmicrosoft365: {tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3,"+
			" credentials: {azure_cli: true}, cloud: "+cloud+"}\n")
		if diff := cmp.Diff(want, got.Microsoft365.Endpoints); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", cloud, diff)
		}
	}
}

// The hosts are those of "Understanding the URI" in the vendor's Integration API help.
func TestEndpointOfTheSite(t *testing.T) {
	dir := folder(t)
	for site, host := range map[string]string{
		"us": "api.tmcas.trendmicro.com", "eu": "api-eu.tmcas.trendmicro.com", "jp": "api.tmcas.trendmicro.co.jp",
		"au": "api-au.tmcas.trendmicro.com", "uk": "api.tmcas.trendmicro.co.uk", "ca": "api-ca.tmcas.trendmicro.com",
		"sg": "api.tmcas.trendmicro.com.sg", "in": "api-in.tmcas.trendmicro.com",
	} {
		got := parse(t, dir, "version: 1\ntenant: contoso\ncas: {site: "+site+", api: {token: env:CAS_API_TOKEN}}\n")
		if got := got.CAS.API.Endpoint; got != "https://"+host {
			t.Errorf("%s: got %s, want https://%s", site, got, host)
		}
	}
}

func TestBadConfigurations(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/bad.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	for i := 0; i < len(archive.Files); i += 2 {
		in, want := archive.Files[i], archive.Files[i+1]
		name := strings.TrimSuffix(in.Name, ".yaml")
		t.Run(name, func(t *testing.T) {
			if want.Name != name+".err" {
				t.Fatalf("%s is followed by %s", in.Name, want.Name)
			}
			got := complaints(t, dir, string(in.Data))
			if diff := cmp.Diff(string(want.Data), got+"\n"); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if strings.Contains(got, "hunter2") {
				t.Errorf("a secret is shown")
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "10MB.yaml", strings.Repeat("# ten bytes\n", 10<<20/12), 0o644)
	write(t, dir, "empty.yaml", "", 0o644)
	write(t, dir, "spaces.yaml", " \n\n", 0o644)
	write(t, dir, "binary.yaml", "\x7fELF\x02\x01\x00\x00", 0o644)
	write(t, dir, "utf16.yaml", "\xff\xfev\x00e\x00", 0o644)
	write(t, dir, "latin1.yaml", "version: 1\ntenant: M\xfcller\n", 0o644)
	write(t, dir, "control.yaml", "version: 1\ntenant: a\x1bb\n", 0o644)
	for name, want := range map[string]string{
		"missing.yaml": "missing.yaml: cannot be read: there is no such file; name the configuration with -c, or start one with: casdoctor config init",
		"":             ": cannot be read: it is a folder",
		"10MB.yaml":    "10MB.yaml: is larger than 1 MiB, so it is no configuration of casdoctor; check the file name",
		"empty.yaml":   "empty.yaml: is empty; casdoctor config init starts a configuration",
		"spaces.yaml":  "spaces.yaml: is empty; casdoctor config init starts a configuration",
		"binary.yaml":  "binary.yaml: is binary: it holds NUL bytes; check the file name",
		"utf16.yaml":   "utf16.yaml: is UTF-16; save it as UTF-8",
		"latin1.yaml":  "latin1.yaml:2:10: not UTF-8; save the file as UTF-8",
		"control.yaml": "control.yaml:2:10: the control character U+001B is not allowed; remove it",
	} {
		c, err := config.Load(filepath.Join(dir, name))
		if c != nil || err == nil {
			t.Errorf("%s: got (%v, %v), want an error", name, c, err)
			continue
		}
		got := strings.TrimPrefix(strings.TrimPrefix(err.Error(), dir), string(filepath.Separator))
		if got != want {
			t.Errorf("%q: got  %s\nwant %s", name, got, want)
		}
	}
}

// Nothing of a bomb is ever expanded: every alias is refused where it stands.
func TestAliasesAreNotExpanded(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 30 {
		n := string(rune('a' + i%26))
		bomb += n + "1: &" + n + "1 [*a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0]\n"
	}
	got := complaints(t, t.TempDir(), "version: 1\ntenant: contoso\ncas: {site: eu, clients: &c [*c, *c]}\n"+bomb)
	const want = "casdoctor.yaml:3:30: cas.clients: an alias (*name) is not accepted; " +
		"write the value out, or quote a value that starts with *\n"
	if !strings.HasPrefix(got, want) {
		t.Errorf("got %.400s…\nwant %s…", got, want)
	}
}

func TestThousandsOfMistakes(t *testing.T) {
	got := complaints(t, t.TempDir(), "version: 1\ntenant: contoso\ncas:\n  site: eu\n  clients:\n"+strings.Repeat("  - 1\n", 1000))
	lines := strings.Split(got, "\n")
	if len(lines) != 100*3+1 || lines[300] != "and 900 more" {
		t.Errorf("%d lines, the last: %s", len(lines), lines[len(lines)-1])
	}
}

// An empty list is a declaration; a list that is left out is none.
func TestEmptyListsAreDeclared(t *testing.T) {
	dir := folder(t)
	const start = "version: 1\ntenant: contoso\n"
	google := "google: {admin: super@contoso.com, credentials: {impersonate: sa@p.iam.gserviceaccount.com}"
	absent := parse(t, dir, start+"cas: {site: eu}\n"+google+"}\n")
	if c := absent.CAS; c.Messages != nil || c.SpamPolicies != nil || c.Clients != nil || c.InternalDomains.Declared ||
		absent.Google.GrantedScopes.Declared || absent.Symptoms != nil || absent.Waivers != nil {
		t.Errorf("left out, but declared: %+v", absent)
	}
	empty := parse(t, dir, start+"cas: {site: eu, messages: [], spam_policies: [], clients: [], internal_domains: file:none.txt}\n"+
		google+", granted_scopes: []}\nsymptoms: []\nwaivers: []\n")
	if c := empty.CAS; c.Messages == nil || c.SpamPolicies == nil || c.Clients == nil || !c.InternalDomains.Declared ||
		!empty.Google.GrantedScopes.Declared || empty.Symptoms == nil || empty.Waivers == nil {
		t.Errorf("declared as empty, but not seen: %+v", empty)
	}
	if n := len(empty.CAS.InternalDomains.Items) + len(empty.Google.GrantedScopes.Items); n != 0 {
		t.Errorf("%d items in empty lists", n)
	}
}

// What is right, though it looks unusual.
func TestAccepted(t *testing.T) {
	dir := folder(t)
	id := "11111111-2222-3333-4444-555555555555"
	m365 := func(members string) string {
		return "microsoft365: {tenant_id: " + id + ", " + members + "}\n"
	}
	for name, section := range map[string]string{
		"a guest as an administrator":    m365("global_admin: user_gmail.com#EXT#@contoso.onmicrosoft.com, credentials: {azure_cli: true}"),
		"managed identity":               m365("credentials: {managed_identity: true}"),
		"user-assigned managed identity": m365("credentials: {managed_identity: true, client_id: " + id + "}"),
		"one kind, another off":          m365("credentials: {client_id: " + id + ", client_secret: env:CANARY, azure_cli: false}"),
		"certificate":                    m365("credentials: {client_id: " + id + ", certificate: file:sa.json, certificate_password: env:CANARY}"),
		"workload identity":              m365("credentials: {client_id: " + id + ", workload_identity: {token_file: domains.txt}}"),
		"authorized":                     m365("credentials: {azure_cli: true}, provisioning: authorized"),
		"manual":                         m365("credentials: {azure_cli: true}, provisioning: manual, delegates: [d@contoso.com]"),
		"country only":                   m365("credentials: {azure_cli: true}, cas_egress: {country: NO}"),
		"IPv6":                           m365("credentials: {azure_cli: true}, cas_egress: {ip: '2001:DB8::7'}"),
		"console without site":           "cas: {console: 'localhost:9443'}\n",
		"console by address":             "cas: {console: '[::1]:9443'}\n",
		"api without site":               "cas: {console: a.example, api: {token: env:CANARY, endpoint: 'https://127.0.0.1:8443'}}\n",
		"local sign-in":                  "licensing: {sign_in: {type: local}}\n",
		"two companies":                  "licensing: {accounts: [{id: a, company: '1', primary: true}, {id: b, company: '01', primary: true}]}\n",
		"companies not said":             "licensing: {accounts: [{id: a, primary: true}, {id: b, primary: true}]}\n",
		"one day":                        "licensing: {accounts: [{id: a, provisioned: 2025-02-01, expires: '2025-02-01'}]}\n",
		"leap day":                       "licensing: {accounts: [{id: a, expires: 2028-02-29}]}\n",
		"proxy over TLS":                 "cas: {site: eu}\nnetwork: {proxy: 'https://[2001:db8::1]:3128/'}\n",
		"resolver over IPv6":             "cas: {site: eu}\nnetwork: {resolver: '[::1]:53'}\n",
		"a byte order mark":              "cas: {site: eu}\n",
	} {
		t.Run(name, func(t *testing.T) {
			text := "version: 1\ntenant: contoso\n" + section
			if name == "a byte order mark" {
				text = "\ufeff" + text
			}
			parse(t, dir, text)
		})
	}
}

// What a platform says in the environment of a job (GitHub, "OpenID Connect reference"; Azure
// Pipelines, "Use predefined variables") is part of the loaded configuration, and no secret in
// it is shown.
func TestWorkloadIdentityOfAJob(t *testing.T) {
	dir := folder(t)
	const id = "11111111-2222-3333-4444-555555555555"
	load := func(w string) config.WorkloadIdentity {
		t.Helper()
		c := parse(t, dir, "version: 1\ntenant: contoso\nmicrosoft365: {tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3, "+
			"credentials: {client_id: "+id+", workload_identity: {"+w+"}}}\n")
		var b strings.Builder
		if err := config.Show(&b, c); err != nil || strings.Contains(b.String(), "job-token") {
			t.Errorf("show: %v\n%s", err, b.String())
		}
		return *c.Microsoft365.Credentials.WorkloadIdentity
	}
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://run.actions.test/idtoken?api-version=2.0")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-token")
	t.Setenv("SYSTEM_OIDCREQUESTURI", "https://dev.azure.test/hub/oidctoken")
	t.Setenv("SYSTEM_ACCESSTOKEN", "job-token")
	github := load("github_actions: true")
	if !github.GitHubActions || github.Request.URL != "https://run.actions.test/idtoken?api-version=2.0" ||
		string(github.Request.Bearer.Reveal()) != "job-token" {
		t.Errorf("GitHub Actions: %+v", github)
	}
	azure := load("azure_pipelines: {service_connection: " + id + ", access_token: env:SYSTEM_ACCESSTOKEN}")
	if azure.AzurePipelines.ServiceConnection != id || azure.Request.URL != "https://dev.azure.test/hub/oidctoken" ||
		string(azure.Request.Bearer.Reveal()) != "job-token" {
		t.Errorf("Azure Pipelines: %+v", azure)
	}
	for name, value := range map[string]string{
		"ACTIONS_ID_TOKEN_REQUEST_URL": "http://run.actions.test/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			_, err := config.Parse([]byte("version: 1\ntenant: contoso\nmicrosoft365: {tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3, "+
				"credentials: {client_id: "+id+", workload_identity: {github_actions: true}}}\n"), filepath.Join(dir, "casdoctor.yaml"))
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), ":3:") {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestHostPort(t *testing.T) {
	dir := t.TempDir()
	for in, want := range map[string]config.HostPort{
		"Admin-EU.tmcas.trendmicro.com.":    {Host: "admin-eu.tmcas.trendmicro.com"},
		"admin-eu.tmcas.trendmicro.com:443": {Host: "admin-eu.tmcas.trendmicro.com", Port: 443},
		"192.0.2.1:8443":                    {Host: "192.0.2.1", Port: 8443},
		"2001:db8::1":                       {Host: "2001:db8::1"},
		"[2001:db8::1]":                     {Host: "2001:db8::1"},
		"[2001:db8::1]:8443":                {Host: "2001:db8::1", Port: 8443},
	} {
		got := parse(t, dir, "version: 1\ntenant: contoso\ncas: {console: '"+in+"'}\n").CAS.Console
		if got != want {
			t.Errorf("%s: got %+v, want %+v", in, got, want)
		}
	}
	for want, h := range map[string]config.HostPort{
		"[2001:db8::1]:443": {Host: "2001:db8::1", Port: 443}, "a.example:443": {Host: "a.example", Port: 443},
		"a.example": {Host: "a.example"}, "": {},
	} {
		if got := h.String(); got != want {
			t.Errorf("String: got %q, want %q", got, want)
		}
	}
}

// FuzzLoad holds for every input: no panic, an error that says where, no secret in it, and
// a configuration that loads also fits its schema.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(full(f)))
	archive, err := txtar.ParseFile("testdata/bad.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i < len(archive.Files); i += 2 {
		f.Add(archive.Files[i].Data)
	}
	valid := validator(f)
	dir := folder(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse(data, filepath.Join(dir, "casdoctor.yaml"))
		if err != nil {
			var all *config.Errors
			if c != nil || !errors.As(err, &all) || len(all.Problems) == 0 {
				t.Fatalf("got (%v, %v), want a *config.Errors alone", c, err)
			}
			for _, p := range all.Problems {
				if p.File == "" || p.Message == "" || p.Line < 0 || p.Column < 0 || (p.Line == 0) != (p.Column == 0) {
					t.Errorf("not a place or not a message: %+v", p)
				}
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("a secret is shown: %v", err)
			}
			return
		}
		if err := valid(data); err != nil {
			t.Errorf("loads, but does not fit the schema: %v", err)
		}
		var b strings.Builder
		if err := config.Show(&b, c); err != nil || strings.Contains(b.String(), canary) {
			t.Errorf("show: %v\n%s", err, b.String())
		}
	})
}

// TestOutline: what a configuration refers to may still be missing; everything else is judged.
func TestOutline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "casdoctor.yaml") // and nothing beside it
	t.Setenv("CASDOCTOR_NOT_SET", "")
	const text = `version: 1
tenant: contoso
microsoft365:
  tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3
  credentials: {client_id: 11111111-2222-3333-4444-555555555555, KIND}
google:
  admin: super@contoso.com
  credentials: {service_account_key: file:sa.json}
  granted_scopes: file:scopes.txt
cas:
  site: eu
  api: {token: env:CASDOCTOR_NOT_SET}
  internal_domains: file:domains.txt
network: {ca_file: corp.pem}
`
	for _, kind := range []string{
		"client_secret: file:secret", "certificate: env:CASDOCTOR_NOT_SET", "workload_identity: {token_file: token}",
		"workload_identity: {github_actions: true}",
		"workload_identity: {azure_pipelines: {service_connection: 11111111-2222-3333-4444-555555555555, access_token: env:SYSTEM_ACCESSTOKEN}}",
	} {
		text := strings.Replace(text, "KIND", kind, 1)
		if err := config.Outline([]byte(text), path); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if _, err := config.Parse([]byte(text), path); err == nil {
			t.Errorf("%s: nothing that it refers to is there, and Parse accepts it", kind)
		}
		for old, wrong := range map[string]string{
			"84841066-": "84841066", kind: "client_secret: " + canary, "file:sa.json": "'file:'", "site: eu": "site: mars", "version: 1": "version: 2",
			"file:domains.txt": "domains.txt", "super@contoso.com": "super",
		} {
			err := config.Outline([]byte(strings.Replace(text, old, wrong, 1)), path)
			var mistakes *config.Errors
			if !errors.As(err, &mistakes) || strings.Contains(err.Error(), canary) {
				t.Errorf("%s instead of %s: %v", wrong, old, err)
				continue
			}
			p := mistakes.Problems[0]
			if p.Path == "" || !strings.HasPrefix(p.Message, p.Path+": ") {
				t.Errorf("%s instead of %s: the path is %q, the message %q", wrong, old, p.Path, p.Message)
			}
		}
	}
}
