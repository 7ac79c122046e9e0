package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
)

func TestShow(t *testing.T) {
	dir := folder(t)
	c := parse(t, dir, `version: 1
tenant: "0123"
microsoft365:
  tenant_id: 84841066-274D-4EC0-A5C1-276BE684BDD3
  credentials:
    client_id: 11111111-2222-3333-4444-555555555555
    client_secret: env:CANARY
google:
  admin: super@contoso.com
  credentials: {service_account_key: file:sa.json}
  granted_scopes: file:scopes.txt
cas:
  site: eu
  messages: []
symptoms:
  - check: BND-01
    text: |
      one
      two
    at: 2026-11-20T09:00:00+09:00
waivers:
  - {cause: MFA-01.C1, reason: yes, until: "2026-12-31"}
`)
	const want = `version: 1 # line 1
tenant: '0123' # line 2
phase: before # default
microsoft365:
  tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3 # line 4
  cloud: global # default
  credentials:
    client_id: 11111111-2222-3333-4444-555555555555 # line 6
    client_secret: '***' # env:CANARY, line 7
  services:
  - sharepoint # default
  - onedrive # default
  endpoints:
    login: https://login.microsoftonline.com # default
    graph: https://graph.microsoft.com # default
google:
  customer: my_customer # default
  admin: super@contoso.com # line 9
  credentials:
    service_account_key: '***' # file:sa.json, line 10
  credentials_of: casdoctor # default
  granted_scopes:
  - https://www.googleapis.com/auth/a # line 11, file:scopes.txt:2
  - openid # line 11, file:scopes.txt:4
  endpoints:
    token: https://oauth2.googleapis.com/token # default
    tokeninfo: https://oauth2.googleapis.com/tokeninfo # default
    directory: https://admin.googleapis.com # default
    reports: https://admin.googleapis.com # default
    iam: https://iamcredentials.googleapis.com # default
    sts: https://sts.googleapis.com/v1/token # default
cas:
  site: eu # line 13
  messages: []
symptoms:
- check: BND-01 # line 16
  text: |- # line 17
    one
    two
  at: 2026-11-20T09:00:00+09:00 # line 20
waivers:
- cause: MFA-01.C1 # line 22
  subject: '*' # default
  reason: yes # line 22
  until: 2026-12-31 # line 22
`
	got := show(t, c)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func show(t *testing.T, c *config.Config) string {
	t.Helper()
	var b strings.Builder
	if err := config.Show(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What is shown is YAML, has every value of the sample, and no secret.
func TestShowFull(t *testing.T) {
	dir := folder(t)
	got := show(t, parse(t, dir, full(t)))
	if strings.Contains(got, canary) {
		t.Errorf("a secret is shown:\n%s", got)
	}
	var shown, sample map[string]any
	if err := yaml.Load([]byte(got), &shown); err != nil {
		t.Fatalf("%v in\n%s", err, got)
	}
	if err := yaml.Load([]byte(full(t)), &sample); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(leaves(sample), leaves(shown)); diff != "" {
		t.Errorf("keys: want -, got +:\n%s", diff)
	}
	for _, line := range strings.Split(strings.TrimSpace(got), "\n") {
		if value := !strings.HasSuffix(line, ":") && !strings.HasPrefix(line, "    already") && !strings.HasPrefix(line, "    by"); value != strings.Contains(line, " # ") {
			t.Errorf("a value without its origin: %q", line)
		}
	}
}

// leaves are the keys of a document, without the values.
func leaves(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return true
	}
	keys := map[string]any{}
	for k, v := range m {
		keys[k] = leaves(v)
	}
	return keys
}

func TestShowNeedsALoadedConfiguration(t *testing.T) {
	if err := config.Show(&strings.Builder{}, &config.Config{}); err == nil {
		t.Error("a configuration without origins is shown")
	}
}
