package guide

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/all"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func TestEverySentenceIsInBothLanguages(t *testing.T) {
	used := map[string]bool{}
	for _, p := range all.Probes() {
		sentences := []string{p.Doc}
		for _, perm := range p.Permissions {
			sentences = append(sentences, perm.Why)
		}
		for _, s := range sentences {
			used[s] = true
			if japanese[s] == "" {
				t.Errorf("%s: no Japanese in japanese.go for %q", p.Fact, s)
			}
		}
	}
	for s := range japanese {
		if !used[s] {
			t.Errorf("no probe says %q any more", s)
		}
	}
}

func TestExplainFindsTheOwner(t *testing.T) {
	for _, c := range checks.All() {
		ids := []string{c.ID}
		for _, x := range c.Causes {
			ids = append(ids, x.ID)
		}
		for _, f := range c.Fixes {
			ids = append(ids, f.ID)
		}
		for _, id := range ids {
			if e, ok := Explain(id); !ok || e.Check.ID != c.ID || e.ID != id {
				t.Errorf("%s: explains %s of %s, %v", id, e.ID, e.Check.ID, ok)
			}
		}
	}
	if _, ok := Explain("MFA-01.C99"); ok {
		t.Error("explains what is not there")
	}
}

// What a cause hangs on, from the vendors' references: the switch for legacy passwords is
// read with SharePointTenantSettings.Read.All (Microsoft Graph, "Get sharepointSettings"), and
// nothing is taken from a tenant that has not shown its id (/organization).
func TestGrounds(t *testing.T) {
	e, _ := Explain("MFA-01")
	want := report.Ground{
		Facts:        []string{"declared.microsoft365", "declared.run", "m365.sharepoint"},
		Permissions:  []string{"Organization.Read.All", "SharePointTenantSettings.Read.All"},
		Declarations: []string{"phase", "microsoft365"},
	}
	if diff := cmp.Diff(want, e.Grounds["MFA-01.X1"]); diff != "" {
		t.Errorf("MFA-01.X1 (-want +got):\n%s", diff)
	}
	if len(e.Grounds) != len(e.Check.Causes) {
		t.Errorf("%d causes, %d grounds", len(e.Check.Causes), len(e.Grounds))
	}
}

func TestPermissions(t *testing.T) {
	byName := map[string]report.Grant{}
	for _, g := range Permissions() {
		byName[g.Name] = g
	}
	// The scope that Google's Directory API asks of a reader of domains, and the one that only
	// helps to tell two refusals apart.
	domains, control := byName["https://www.googleapis.com/auth/admin.directory.domain.readonly"],
		byName["https://www.googleapis.com/auth/admin.directory.user.readonly"]
	if domains.Optional || !slices.Contains(domains.Costs, "GDM-01.C2") {
		t.Errorf("the domain scope: %+v", domains)
	}
	if !control.Optional || len(control.Costs) > 0 {
		t.Errorf("the control scope: %+v", control)
	}
	if g := byName["Policy.Read.All"]; len(g.Why) < 3 || !slices.Contains(g.Costs, "MFA-01.C1") || slices.Contains(g.Costs, "MFA-01.X1") {
		t.Errorf("Policy.Read.All: %+v", g)
	}
	// A registered method never decides alone whether a factor is demanded (Microsoft Graph,
	// userRegistrationDetails: it reports what is registered, not what a policy asks for).
	if g := byName["AuditLog.Read.All"]; g.Optional || len(g.Costs) > 0 {
		t.Errorf("AuditLog.Read.All: %+v", g)
	}
	// To look for traces, accounts are found by name; nothing else of them is needed. The audit
	// log only adds who consented.
	for _, g := range Permissions("BND-01") {
		if !g.Optional && slices.Contains([]string{"AuditLog.Read.All", "Policy.Read.All", "RoleManagement.Read.Directory"}, g.Name) {
			t.Errorf("BND-01 does not need %s", g.Name)
		}
	}
	for _, g := range Permissions("TLS-01") {
		t.Errorf("TLS-01 needs no permission, not %s", g.Name)
	}
	// Of Microsoft Graph, GDM-01 needs the list of domains and no more.
	for _, g := range Permissions("GDM-01") {
		graph := g.Service == "graph" && slices.Contains([]string{"Domain.Read.All", "Organization.Read.All"}, g.Name)
		if g.Service != "google" && !graph || !slices.Equal(g.Checks, []string{"GDM-01"}) {
			t.Errorf("GDM-01: %+v", g)
		}
	}
}

// TestMembersExist: a permission for a member that no fact has would cost nothing, and be wrong.
func TestMembersExist(t *testing.T) {
	known := map[string]reflect.Type{
		facts.M365Tenant.Name: reflect.TypeFor[facts.Tenant](), facts.M365Accounts.Name: reflect.TypeFor[facts.AccountSet](),
		facts.M365Traces.Name:        reflect.TypeFor[facts.Traces](),
		facts.WorkspaceGrants.Name:   reflect.TypeFor[facts.Grants](),
		facts.M365SignInClients.Name: reflect.TypeFor[facts.SignInClients](),
	}
	for _, p := range all.Probes() {
		for _, perm := range p.Permissions {
			for _, m := range perm.Members {
				if of := known[p.Fact]; of == nil || !hasMember(of, m) {
					t.Errorf("%s has no member %q, which %s opens", p.Fact, m, perm.Name)
				}
			}
		}
	}
}

func hasMember(of reflect.Type, name string) bool {
	if of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
		return hasMember(of.Elem(), name)
	}
	if of.Kind() != reflect.Struct {
		return false
	}
	for i := range of.NumField() {
		f := of.Field(i)
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name || hasMember(f.Type, name) {
			return true
		}
	}
	return false
}

func TestList(t *testing.T) {
	sections := List()
	if len(sections) != len(Sections()) {
		t.Fatalf("%d sections", len(sections))
	}
	for i, s := range sections {
		if s.Name != Sections()[i] || len(s.Rows) == 0 {
			t.Errorf("section %d is %s with %d rows", i, s.Name, len(s.Rows))
		}
		for _, r := range s.Rows {
			if r.ID == "" || s.Name != Facts && (r.Text == nil || r.Text.EN == "" || r.Text.JA == "") {
				t.Errorf("%s: %+v", s.Name, r)
			}
		}
	}
}

const tenant, client = "84841066-274d-4ec0-a5c1-276be684bdd3", "11111111-2222-3333-4444-555555555555"

func consent(t *testing.T, cfg *config.Config) map[string]report.Link {
	t.Helper()
	links, err := Consent(cfg, Permissions())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]report.Link{}
	for _, l := range links {
		out[l.Service] = l
	}
	return out
}

// Microsoft Entra, "Grant tenant-wide admin consent to an application":
// https://login.microsoftonline.com/{organization}/adminconsent?client_id={client-id}
func TestGraphConsent(t *testing.T) {
	m := config.Microsoft365{
		TenantID: tenant, Credentials: config.MicrosoftCredentials{ClientID: client},
		Endpoints: config.MicrosoftEndpoints{Login: "https://login.microsoftonline.us/"},
	}
	want := "https://login.microsoftonline.us/" + tenant + "/adminconsent?client_id=" + client
	if got := consent(t, &config.Config{Microsoft365: &m})["graph"].URL; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, without := range []config.MicrosoftCredentials{{AzureCLI: true}, {ManagedIdentity: true, ClientID: client}} {
		m.Credentials = without
		if l := consent(t, &config.Config{Microsoft365: &m})["graph"]; l.URL != "" || l.What.JA == "" {
			t.Errorf("%+v: %+v", without, l)
		}
	}
}

func TestGoogleConsent(t *testing.T) {
	const domains, users = "https://www.googleapis.com/auth/admin.directory.domain.readonly",
		"https://www.googleapis.com/auth/admin.directory.user.readonly"
	const audit = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
	key := config.NewSecret("file:sa.json", []byte(`{"client_id":"107000000000000000001","private_key":"canary"}`))
	for _, c := range []struct {
		name   string
		google config.Google
		scopes []string
		id     string
	}{
		{"casdoctor's own client", config.Google{
			Credentials: config.GoogleCredentials{ServiceAccountKey: key}, CredentialsOf: config.OfCasdoctor,
			GrantedScopes: config.List{Items: []string{"https://mail.google.com/"}, Declared: true},
		}, []string{domains, users, audit}, "107000000000000000001"},
		{"the client of CAS keeps its scopes", config.Google{
			Credentials: config.GoogleCredentials{ServiceAccountKey: key}, CredentialsOf: config.OfCAS,
			GrantedScopes: config.List{Items: []string{users, "https://mail.google.com/"}, Declared: true},
		}, []string{domains, users, audit, "https://mail.google.com/"}, "107000000000000000001"},
		{"without a key the id is not known", config.Google{
			Credentials: config.GoogleCredentials{Impersonate: "sa@p.iam.gserviceaccount.com"}, CredentialsOf: config.OfCasdoctor,
		}, []string{domains, users, audit}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := consent(t, &config.Config{Google: &c.google})["google"]
			u, err := url.Parse(l.URL)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if u.Host != "admin.google.com" || q.Get("clientIdToAdd") != c.id || q.Has("overwriteClientId") {
				t.Error(l.URL)
			}
			if got := strings.Split(q.Get("clientScopeToAdd"), ","); !slices.Equal(got, c.scopes) {
				t.Errorf("scopes %v, want %v", got, c.scopes)
			}
			if asks := strings.Contains(l.What.EN, "Unique ID"); asks != (c.id == "") {
				t.Errorf("asks for the id: %v", asks)
			}
			if strings.Contains(l.URL+l.What.EN+l.What.JA, "canary") {
				t.Error("the key shows")
			}
		})
	}
}

func TestConsentToNothing(t *testing.T) {
	if _, err := Consent(&config.Config{CAS: &config.CAS{}}, Permissions()); err == nil {
		t.Error("no service, but no error")
	}
	if _, err := Consent(&config.Config{Google: &config.Google{}}, Permissions("MFA-01")); err == nil {
		t.Error("no permission of Google, but no error")
	}
}

// scripted are the permissions that a script asks for: the lines of its list.
func scripted(script, indent, quote string) (out []string) {
	for line := range strings.Lines(script) {
		name := strings.TrimSuffix(strings.TrimPrefix(line, indent+quote), quote+"\n")
		if strings.HasPrefix(line, indent+quote) && strings.Contains(name, ".Read.") && !strings.ContainsAny(name, " '\"") {
			out = append(out, strings.TrimSpace(name))
		}
	}
	return out
}

func TestScripts(t *testing.T) {
	var want []string
	for _, g := range Permissions() {
		if g.Service == "graph" && !g.Optional {
			want = append(want, g.Name)
		}
	}
	for _, c := range []struct{ kind, indent, quote string }{{AzureCLI, "  ", ""}, {PowerShell, "    ", "'"}} {
		script, err := Script(c.kind, Permissions())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, scripted(script, c.indent, c.quote)); diff != "" {
			t.Errorf("%s asks for other permissions (-want +got):\n%s", c.kind, diff)
		}
		if strings.Contains(script, "PERMISSIONS") || strings.Contains(script, "secret reset") {
			t.Errorf("%s:\n%s", c.kind, script)
		}
	}
	if _, err := Script("terraform", Permissions()); err == nil {
		t.Error("a script of no known kind")
	}
	if _, err := Script(AzureCLI, Permissions("TLS-01")); err == nil {
		t.Error("an app registration for nothing")
	}
}

// TestAzScriptRuns drives the script through bash with an Azure CLI that only writes down what
// it is asked: what is created, with which permissions, and that nothing is when one is unknown.
func TestAzScriptRuns(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err) // the script is for bash, and so is this test
	}
	script, err := Script(AzureCLI, Permissions())
	if err != nil {
		t.Fatal(err)
	}
	var roles strings.Builder
	var access []string
	for i, g := range Permissions() {
		if g.Service == "graph" {
			id := "role-" + string(rune('a'+i))
			roles.WriteString(g.Name + "\t" + id + "\n")
			if !g.Optional {
				access = append(access, id+"=Role")
			}
		}
	}
	run := func(roles, existing string, args ...string) (calls, out string, err error) {
		dir := t.TempDir()
		fake := "#!" + bash + `
echo "$*" >>"$CALLS"
case "$*" in
"ad app list "*) printf '%s' "$EXISTING" ;;
"ad sp show "*) printf '%s' "$ROLES" ;;
"ad app create "*) echo ` + client + ` ;;
"account show "*) echo ` + tenant + ` ;;
"cloud show "*) echo https://login.microsoftonline.us ;;
esac
`
		for name, text := range map[string]string{"az": fake, "register.sh": script} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(bash, append([]string{filepath.Join(dir, "register.sh")}, args...)...)
		file := filepath.Join(dir, "calls")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "CALLS="+file, "ROLES="+roles, "EXISTING="+existing)
		said, err := cmd.CombinedOutput()
		log, _ := os.ReadFile(file)
		return string(log), string(said), err
	}

	calls, out, err := run(roles.String(), "", "it's ours")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"displayName eq 'it''s ours'",
		"ad app create --display-name it's ours --sign-in-audience AzureADMyOrg",
		"ad app permission add --id " + client + " --api " + graphID + " --api-permissions " + strings.Join(access, " ") + " ",
	} {
		if !strings.Contains(calls, want) {
			t.Errorf("does not call %q:\n%s", want, calls)
		}
	}
	if want := "https://login.microsoftonline.us/" + tenant + "/adminconsent?client_id=" + client; !strings.Contains(out, want) {
		t.Errorf("lacks %s:\n%s", want, out)
	}
	for name, c := range map[string][2]string{
		"one of that name": {roles.String(), client}, "an unknown permission": {"User.Read.All\tx\n", ""},
	} {
		if calls, _, err := run(c[0], c[1]); err == nil || strings.Contains(calls, "ad app create") {
			t.Errorf("%s: %v\n%s", name, err, calls)
		}
	}
}
