package interview

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
)

const (
	tenant = "84841066-274d-4ec0-a5c1-276be684bdd3"
	app    = "11111111-2222-3333-4444-555555555555"
)

// conversations are what somebody types, and the configuration that it must become. An empty
// line is Enter.
var conversations = map[string]struct{ typed, want string }{
	"the defaults": {
		"\n\n" + tenant + "\n\n\n\n\n" + app + "\n\neu\n\ncontoso\n",
		`{version: 1, tenant: contoso, phase: before,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: global, credentials: {client_id: ` + app + `, client_secret: "env:CASDOCTOR_GRAPH_SECRET"},
		    services: [sharepoint, onedrive]},
		  cas: {site: eu}}`,
	},
	"automatic, with a certificate and its password": {
		"microsoft365\nafter\n" + tenant + "\nusgov\nexchange, sharepoint\nautomatic\nadmin@contoso.com\ncertificate\n" + app +
			"\nfile:app.pfx\nenv:PFX_PASSWORD\n\n",
		`{version: 1, tenant: contoso, phase: after,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: usgov, credentials: {client_id: ` + app + `, certificate: "file:app.pfx", certificate_password: "env:PFX_PASSWORD"},
		    provisioning: automatic, global_admin: admin@contoso.com, services: [exchange, sharepoint]}}`,
	},
	"manual, in Kubernetes": {
		"1\n1\n" + strings.ToUpper(tenant) + "\n4\n1\nmanual\na@contoso.com, b@contoso.com\ntoken\n" + app + "\ntoken\nContoso KK\n",
		`{version: 1, tenant: Contoso KK, phase: before,
		  microsoft365: {tenant_id: ` + strings.ToUpper(tenant) + `, cloud: china, credentials: {client_id: ` + app + `, workload_identity: {token_file: token}},
		    provisioning: manual, delegates: [a@contoso.com, b@contoso.com], services: [sharepoint]}}`,
	},
	"authorized, in GitHub Actions": {
		"m\n\n" + tenant + "\n\n\nauth\ngithub\n" + app + "\nx\n",
		`{version: 1, tenant: x, phase: before,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: global, credentials: {client_id: ` + app + `, workload_identity: {github_actions: true}},
		    provisioning: authorized, services: [sharepoint, onedrive]}}`,
	},
	"Azure Pipelines": {
		"m\n\n" + tenant + "\n\n\n-\nazure-pipelines\n" + app + "\n" + app + "\n\"yes\"\n",
		`{version: 1, tenant: '"yes"', phase: before,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: global,
		    credentials: {client_id: ` + app + `, workload_identity: {azure_pipelines: {service_connection: ` + app + `, access_token: "env:SYSTEM_ACCESSTOKEN"}}},
		    services: [sharepoint, onedrive]}}`,
	},
	"the machine's own managed identity": {
		"m\n\n" + tenant + "\n\n\n-\nmanaged-identity\n\n1001\n",
		`{version: 1, tenant: "1001", phase: before,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: global, credentials: {managed_identity: true}, services: [sharepoint, onedrive]}}`,
	},
	"a user-assigned managed identity": {
		"m\n\n" + tenant + "\n\n\n-\nmanaged-identity\n" + app + "\nx\n",
		`{version: 1, tenant: x, phase: before,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: global, credentials: {client_id: ` + app + `, managed_identity: true}, services: [sharepoint, onedrive]}}`,
	},
	"the Azure CLI": {
		"m\n\n" + tenant + "\n\n\n-\nazure-cli\nx\n",
		`{version: 1, tenant: x, phase: before,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: global, credentials: {azure_cli: true}, services: [sharepoint, onedrive]}}`,
	},
	"Google with a key": {
		"google\n\nsuper@contoso.com\n\nfile:keys/sa.json\n\nyes\n\n",
		`{version: 1, tenant: contoso, phase: before,
		  google: {admin: super@contoso.com, credentials: {service_account_key: "file:keys/sa.json"}, credentials_of: casdoctor, provisioned_during_preview: true}}`,
	},
	"Google without a key": {
		"google\n\nsuper@contoso.com\nkeyless\nsa@project.iam.gserviceaccount.com\ncas\nno\n\n",
		`{version: 1, tenant: contoso, phase: before,
		  google: {admin: super@contoso.com, credentials: {impersonate: sa@project.iam.gserviceaccount.com}, credentials_of: cas, provisioned_during_preview: false}}`,
	},
	"a console of its own, and a list of domains": {
		"cas\n\nconsole.contoso.example:8443\ncontoso.com、contoso.net\n\n",
		`{version: 1, tenant: contoso, phase: before, cas: {console: "console.contoso.example:8443", internal_domains: [contoso.com, contoso.net]}}`,
	},
	"an empty list of domains": {
		"cas\n\njp\nnone\nx\n",
		`{version: 1, tenant: x, phase: before, cas: {site: jp, internal_domains: []}}`,
	},
	"a list of domains in a file": {
		"cas\n\nus\nfile:domains.txt\nx\n",
		`{version: 1, tenant: x, phase: before, cas: {site: us, internal_domains: "file:domains.txt"}}`,
	},
	"licences": {
		"licensing\n\nclp-a, clp-b\ntrial\n2026-03-31\n1001\nyes\n\n\n\nno\nclp-b\nclp\nx\n",
		`{version: 1, tenant: x, phase: before, licensing: {
		   accounts: [{id: clp-a, company: "1001", primary: true, license: trial, expires: "2026-03-31"}, {id: clp-b, primary: false}],
		   sign_in: {account: clp-b, type: clp}}}`,
	},
	"licences of a tenant": {
		"licensing,microsoft365\n\n" + tenant + "\n\n\n\nazure-cli\nA\nfull\n2025-02-01\n2027-03-31\n\n\n-\nsso\nx\n",
		`{version: 1, tenant: x, phase: before,
		  microsoft365: {tenant_id: ` + tenant + `, cloud: global, credentials: {azure_cli: true}, services: [sharepoint, onedrive]},
		  licensing: {accounts: [{id: A, license: full, expires: "2027-03-31", tenant_id: ` + tenant + `, provisioned: "2025-02-01"}], sign_in: {type: sso}}}`,
	},
}

func converse(t *testing.T, in io.Reader, lang string, width int) (Answers, string, error) {
	t.Helper()
	var out bytes.Buffer
	d := &Dialogue{In: in, Out: &out, Lang: lang, Width: width}
	a, err := d.Ask(t.Context(), Answers{})
	return a, out.String(), err
}

func plain(t *testing.T, text []byte) (v map[string]any) {
	t.Helper()
	if err := yaml.Load(text, &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// world is a folder where everything that the conversations refer to is there.
func world(t *testing.T) string {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app.pfx", "keys/sa.json", "token", "domains.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("contoso.com\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"CASDOCTOR_GRAPH_SECRET", "PFX_PASSWORD", "SYSTEM_ACCESSTOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"} {
		t.Setenv(name, "x")
	}
	for _, name := range []string{"ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"} {
		t.Setenv(name, "https://job.test/token")
	}
	return dir
}

// TestConversations: what was typed becomes the configuration that was meant; it loads; and the
// same answers as flags become the same file.
func TestConversations(t *testing.T) {
	dir := world(t)
	for name, tt := range conversations {
		for _, lang := range []string{"en", "ja"} {
			t.Run(name+" "+lang, func(t *testing.T) {
				a, out, err := converse(t, strings.NewReader(tt.typed), lang, 80)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				document, err := a.Document(lang)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(plain(t, []byte(tt.want)), plain(t, document)); diff != "" {
					t.Errorf("the file differs from what was meant:\n%s", diff)
				}
				path := filepath.Join(dir, "casdoctor.yaml")
				if err := os.WriteFile(path, document, 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := config.Load(path); err != nil {
					t.Errorf("%v\n%s", err, document)
				}
				again, mistakes := Complete(a)
				if len(mistakes) > 0 || !maps.Equal(a, again) {
					t.Errorf("as flags: %v, %v; in the dialogue: %v", mistakes, again, a)
				}
			})
		}
	}
}

// TestEveryQuestionIsAsked by some conversation, or nobody knows whether it can be answered.
func TestEveryQuestionIsAsked(t *testing.T) {
	asked := map[string]bool{}
	for _, tt := range conversations {
		a, _, err := converse(t, strings.NewReader(tt.typed), "en", 80)
		if err != nil {
			t.Fatal(err)
		}
		for key := range a {
			name, _, _ := strings.Cut(key, "/")
			asked[name] = true
		}
	}
	for _, q := range all() {
		if !asked[q.name] {
			t.Errorf("nobody is asked %s", q.name)
		}
		for what, text := range map[string]struct{ EN, JA string }{
			"ask": {q.ask.EN, q.ask.JA}, "why": {q.why.EN, q.why.JA}, "more": {q.more.EN, q.more.JA}, "wrong": {q.wrong.EN, q.wrong.JA},
		} {
			if text.EN == "" || text.JA == "" || text.EN == text.JA {
				t.Errorf("%s: %s in both languages: %q, %q", q.name, what, text.EN, text.JA)
			}
		}
	}
}

// TestChoicesAreTheConfigurations: the words that can be chosen are those that package config
// takes, in its order.
func TestChoicesAreTheConfigurations(t *testing.T) {
	for name, text := range map[string]string{
		"phase":                 "{phase: wrong}",
		"cloud":                 "{microsoft365: {cloud: wrong}}",
		"protected":             "{microsoft365: {services: [wrong]}}",
		"mode":                  "{microsoft365: {provisioning: wrong}}",
		"google-credentials-of": "{google: {credentials_of: wrong}}",
		"console":               "{cas: {site: wrong}}",
		"license":               "{licensing: {accounts: [{license: wrong}]}}",
		"sign-in-type":          "{licensing: {sign_in: {type: wrong}}}",
	} {
		i := slices.IndexFunc(all(), func(q question) bool { return q.name == name })
		var words []string
		for _, c := range all()[i].choices {
			words = append(words, c.word)
		}
		err := config.Outline([]byte(text), "casdoctor.yaml")
		if want := "not one of " + strings.Join(words, ", "); err == nil || !strings.Contains(err.Error(), want+"\n") {
			t.Errorf("%s offers %v, the configuration says %v", name, words, err)
		}
	}
}

// TestWrongAnswers: each is refused at its question, with the sentence of the question, and the
// dialogue goes on.
func TestWrongAnswers(t *testing.T) {
	m365 := "m\n\n" + tenant + "\n\n\n"
	for name, tt := range map[string]struct{ before, wrong string }{
		"services":             {"", "exchange"},
		"services twice":       {"", "cas,cas"},
		"phase":                {"cas\n", "later"},
		"tenant-id":            {"m\n\n", "contoso.onmicrosoft.com"},
		"tenant-id, left open": {"m\n\n", "-"},
		"cloud":                {"m\n\n" + tenant + "\n", "us"}, // usgov or usgov-dod
		"protected":            {"m\n\n" + tenant + "\n\n", "gmail"},
		"mode":                 {m365, "auto,manual"},
		"global-admin":         {m365 + "automatic\n", "admin"},
		"delegates":            {m365 + "manual\n", "a@contoso.com,b"},
		"credential":           {m365 + "\n", "password"},
		"client-id":            {m365 + "\nsecret\n", "casdoctor"},
		"client-secret":        {m365 + "\nsecret\n" + app + "\n", "hunter2"},
		"certificate":          {m365 + "\ncertificate\n" + app + "\n", "app.pem"},
		"certificate-password": {m365 + "\ncertificate\n" + app + "\nfile:a\n", "hunter2"},
		"service-connection":   {m365 + "\nazure-pipelines\n" + app + "\n", "prod"},
		"google-admin":         {"g\n\n", "super admin"},
		"google-credential":    {"g\n\na@contoso.com\n", "k"}, // key or keyless
		"google-key":           {"g\n\na@contoso.com\nkey\n", `{"type": "service_account"}`},
		"impersonate":          {"g\n\na@contoso.com\nkeyless\n", "a@contoso.com"},
		"preview":              {"g\n\na@contoso.com\n\n\n\n", "maybe"},
		"console":              {"cas\n\n", "https://admin.tmcas.trendmicro.com/"},
		"console, a site":      {"cas\n\n", "fr"},
		"internal-domains":     {"cas\n\neu\n", ","},
		"accounts":             {"l\n\n", "a,b,a"},
		"license":              {"l\n\na\n", "demo"},
		"expires":              {"l\n\na\n\n", "2026-02-30"},
		"primary":              {"l\n\na,b\n\n\nC\nyes\n\n\nC\n", "yes"}, // the second of company C
		"provisioned":          {"l,m\n\n" + tenant + "\n\n\n\nazure-cli\na\n\n", "yesterday"},
		"expires, too early":   {"l,m\n\n" + tenant + "\n\n\n\nazure-cli\na\n\n2026-01-02\n", "2026-01-01"},
		"sign-in":              {"l\n\na\n\n\n\n\n", "b"},
		"sign-in-type":         {"l\n\na\n\n\n\n\n\n", "saml"},
		"name":                 {"cas\n\neu\n\n", "a\x1bb"},
	} {
		t.Run(name, func(t *testing.T) {
			asked, _, _ := strings.Cut(name, ",")
			asked, _, _ = strings.Cut(asked, " ")
			for _, lang := range []string{"en", "ja"} {
				_, before, _ := converse(t, strings.NewReader(tt.before), lang, 1000)
				_, after, err := converse(t, strings.NewReader(tt.before+tt.wrong+"\n"), lang, 1000)
				if !errors.Is(err, ErrEnd) {
					t.Fatalf("error = %v", err)
				}
				i := slices.IndexFunc(all(), func(q question) bool { return q.name == asked })
				want := all()[i].wrong.In(lang)
				if got := strings.TrimPrefix(after, before); !strings.Contains(got, want) || strings.Contains(got, "\n\n") {
					t.Errorf("after a wrong answer: %q, want %q and the same question", got, want)
				} else if strings.Contains(after, tt.wrong) && strings.HasSuffix(tt.wrong, "hunter2") {
					t.Error("what may be a secret is repeated")
				}
			}
		})
	}
}

// TestAnEnd: wherever the input ends, so does the dialogue, without an answer.
func TestAnEnd(t *testing.T) {
	for name, tt := range conversations {
		lines := strings.SplitAfter(tt.typed, "\n")
		for n := range len(lines) - 1 {
			if a, _, err := converse(t, strings.NewReader(strings.Join(lines[:n], "")), "en", 80); !errors.Is(err, ErrEnd) || a != nil {
				t.Errorf("%s, after %d lines: %v, %v", name, n, a, err)
			}
		}
	}
}

// TestAnInterrupt ends a dialogue that waits.
func TestAnInterrupt(t *testing.T) {
	in, _ := io.Pipe()
	t.Cleanup(func() { _ = in.Close() })
	ctx, stop := context.WithCancel(t.Context())
	out := writerFunc(func(p []byte) (int, error) {
		if bytes.HasSuffix(p, []byte("> ")) {
			stop() // now it waits
		}
		return len(p), nil
	})
	d := &Dialogue{In: in, Out: out, Lang: "en", Width: 80}
	if a, err := d.Ask(ctx, Answers{}); !errors.Is(err, context.Canceled) || a != nil {
		t.Errorf("%v, %v", a, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestTheWayBack: an answer that is taken back is asked again, and takes with it what it led to.
func TestTheWayBack(t *testing.T) {
	typed := "<\ncas\n\nus\n<\n<\n<\ng\nafter\nsuper@contoso.com\nkey\nfile:a\n<\n<\nkeyless\nsa@p.iam.gserviceaccount.com\n\n\n\n"
	a, out, err := converse(t, strings.NewReader(typed), "en", 80)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := Answers{
		"services": "google", "phase": "after", "google-admin": "super@contoso.com", "google-credential": "keyless",
		"impersonate": "sa@p.iam.gserviceaccount.com", "google-credentials-of": "casdoctor", "preview": "-", "name": "contoso",
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
}

// TestTheWayBackOverFlags: what a flag had answered by then is asked for, or not, once more.
func TestTheWayBackOverFlags(t *testing.T) {
	d := &Dialogue{In: strings.NewReader("cas\nafter\n<\n<\ngoogle\n\nsuper@contoso.com\n\n\n\n\n\n"), Out: io.Discard, Lang: "en", Width: 80}
	a, err := d.Ask(t.Context(), Answers{"console": "eu"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := a["console"]; ok || a["phase"] != "before" {
		t.Errorf("%v", a)
	}
}

// TestSomeFlags: what a flag answers is not asked, and a wrong one is.
func TestSomeFlags(t *testing.T) {
	var out bytes.Buffer
	d := &Dialogue{In: strings.NewReader("before\nx\n"), Out: &out, Lang: "en", Width: 80}
	given := Answers{"services": "cas", "phase": "soon", "console": "eu", "internal-domains": "none", "mode": "manual"}
	a, err := d.Ask(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Answers{"services": "cas", "phase": "before", "console": "eu", "internal-domains": "none", "name": "x"}, a); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"1. Is provisioning", "Answer with one of the words above", "Not asked for with these answers, and left out: mode"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "console") && strings.Contains(out.String(), "Which site") {
		t.Error("the console is asked for")
	}
}

// TestMistakesOfFlags: every missing and wrong answer at once, and none of them repeated.
func TestMistakesOfFlags(t *testing.T) {
	names := func(given Answers) (out []string) {
		_, mistakes := Complete(given)
		for _, m := range mistakes {
			if m.Sentence.EN == "" || m.Sentence.JA == "" || strings.Contains(m.Sentence.EN, "hunter2") {
				t.Errorf("%s: %v", m.Name, m.Sentence)
			}
			out = append(out, strings.TrimSuffix(m.Name+"/"+m.Account, "/"))
		}
		return out
	}
	for want, given := range map[string]Answers{
		"tenant-id client-id console name": {},
		"client-secret name":               {"services": "microsoft365", "tenant-id": tenant, "client-id": app, "client-secret": "hunter2"},
		"license/b name":                   {"services": "licensing", "accounts": "a,b", "license/b": "hunter2"},
		"license/c":                        {"services": "licensing", "accounts": "a,b", "license/c": "trial", "name": "x"},
		"global-admin name":                {"services": "microsoft365", "tenant-id": tenant, "client-id": app, "mode": "automatic"},
		"mode preview":                     {"services": "cas", "console": "eu", "name": "x", "mode": "manual", "preview": "yes"},
	} {
		if got := strings.Join(names(given), " "); got != want {
			t.Errorf("%v: %s, want %s", given, got, want)
		}
	}
}

// TestWidth: no line is wider than the screen, in either language, but for one word that is.
func TestWidth(t *testing.T) {
	for name, tt := range conversations {
		for _, lang := range []string{"en", "ja"} {
			for _, width := range []int{50, 80} {
				typed := strings.ReplaceAll(tt.typed, "\n", "\n?\n")
				_, out, _ := converse(t, strings.NewReader("?\n"+typed), lang, width)
				// What is typed ends the line of a prompt; it is not part of the output.
				for _, line := range strings.Split(strings.ReplaceAll(out, "\n> ", "\n> \n"), "\n") {
					if w := uniseg.StringWidth(line); w > width && strings.Contains(strings.TrimSpace(line), " ") {
						t.Errorf("%s: %d cells in a screen of %d: %q", name, w, width, line)
					}
				}
			}
		}
	}
}
