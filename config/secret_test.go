package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
)

func TestSecretIsHidden(t *testing.T) {
	secret := config.NewSecret("env:NAME", []byte(canary))
	type holder struct {
		Secret  config.Secret  `json:"secret" yaml:"secret"`
		Pointer *config.Secret `json:"pointer" yaml:"pointer"`
		hidden  config.Secret  // fmt does not call the methods of unexported fields
	}
	inside := holder{secret, &secret, secret}
	hexed := fmt.Sprintf("%x", canary)
	decimal := strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]")
	check := func(how, got string) {
		t.Helper()
		for _, leak := range []string{canary, hexed, strings.ToUpper(hexed), decimal} {
			if strings.Contains(got, leak) {
				t.Errorf("%s shows the secret: %s", how, got)
			}
		}
	}
	for verb := 'A'; verb <= 'z'; verb++ {
		for _, flag := range []string{"", "+", "#", " ", "-40", "0", "+#"} {
			format := "%" + flag + string(verb)
			check(format, fmt.Sprintf(format, secret))
			check(format+" of a pointer", fmt.Sprintf(format, &secret))
			check(format+" of a struct", fmt.Sprintf(format, inside))
			check(format+" of a pointer to it", fmt.Sprintf(format, &inside))
			if verb == 'v' || verb == 's' || verb == 'x' || verb == 'q' {
				if got := fmt.Sprintf(format, secret); got != "***" {
					t.Errorf("%s: got %s, want ***", format, got)
				}
			}
		}
	}
	check("String", secret.String())
	asJSON, err := json.Marshal(inside)
	if err != nil || string(asJSON) != `{"secret":"***","pointer":"***"}` {
		t.Errorf("JSON: %s, %v", asJSON, err)
	}
	asYAML, err := yaml.Dump(inside)
	if err != nil || string(asYAML) != "secret: '***'\npointer: '***'\n" {
		t.Errorf("YAML: %s, %v", asYAML, err)
	}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "secret", secret, "inside", inside)
	check("slog", b.String())

	if string(secret.Reveal()) != canary || secret.Ref() != "env:NAME" || secret.IsZero() || !(config.Secret{}).IsZero() {
		t.Error("the secret itself is lost")
	}
}

// A secret in the clear is refused, and what is said of it never shows it, however it is
// written: the whole text of the error is looked through.
func TestSecretInTheClear(t *testing.T) {
	dir := folder(t)
	places := map[string]string{
		"client_secret": "microsoft365:\n  tenant_id: 11111111-2222-3333-4444-555555555555\n  credentials:\n" +
			"    client_id: 11111111-2222-3333-4444-555555555555\n    client_secret: %s\n",
		"certificate": "microsoft365:\n  tenant_id: 11111111-2222-3333-4444-555555555555\n  credentials:\n" +
			"    client_id: 11111111-2222-3333-4444-555555555555\n    certificate: %s\n",
		"certificate_password": "microsoft365:\n  tenant_id: 11111111-2222-3333-4444-555555555555\n  credentials:\n" +
			"    client_id: 11111111-2222-3333-4444-555555555555\n    certificate: env:CANARY\n    certificate_password: %s\n",
		"service_account_key": "google:\n  admin: a@contoso.com\n  credentials:\n    service_account_key: %s\n",
		"token":               "cas:\n  site: eu\n  api:\n    token: %s\n",
		"access_token": "licensing:\n  lmp:\n    secret_key: env:CANARY\n    customer_id: c\n    subscription_id: s\n" +
			"    access_token: %s\n",
		"secret_key": "licensing:\n  lmp:\n    access_token: env:CANARY\n    customer_id: c\n    subscription_id: s\n" +
			"    secret_key: %s\n",
		"proxy": "cas: {site: eu}\nnetwork:\n  proxy: %s\n",
		// Where it was written by mistake.
		"client_id": "microsoft365:\n  tenant_id: 11111111-2222-3333-4444-555555555555\n  credentials:\n" +
			"    client_secret: env:CANARY\n    client_id: %s\n",
		"impersonate":   "google:\n  admin: a@contoso.com\n  credentials:\n    impersonate: %s\n",
		"customer_id":   "licensing:\n  lmp:\n    access_token: env:CANARY\n    secret_key: env:CANARY\n    subscription_id: s\n    customer_id: %s /\n",
		"misspelt":      "cas:\n  site: eu\n  api:\n    token: env:CANARY\n    tokn: %s\n",
		"unknown":       "cas:\n  site: eu\n  password: %s\n",
		"twice":         "cas:\n  site: eu\n  api:\n    token: env:CANARY\n    token: %s\n",
		"without space": "cas: {site: eu, api: {token: env:CANARY, token:%s}}\n",
		"no colon":      "cas:\n  site: eu\n  api:\n    token%s\n    endpoint: x\n",
	}
	shapes := []string{
		canary, `"` + canary + `"`, `'` + canary + `'`, "[" + canary + "]", "{a: " + canary + "}", "{" + canary + ": a}",
		"!" + canary + " a", "*" + canary, "|\n      " + canary + "\n      " + canary, ">-\n      " + canary,
		"env:" + canary, "a: " + canary, "'" + canary, `"` + canary + `\q"`, "[" + canary, "@" + canary, "%" + canary,
		"`" + canary, "http://user:" + canary + "@proxy:3128", "user:" + canary + "@proxy:3128", "proxy?" + canary,
		"http://proxy:3128/" + canary, "http://proxy:3128#" + canary, `"\u0007` + canary + `"`,
	}
	for place, text := range places {
		for _, shape := range shapes {
			all := strings.Replace("version: 1\ntenant: contoso\n"+text, "%s", shape, 1)
			if got := complaints(t, dir, all); strings.Contains(got, canary) {
				t.Errorf("%s as %q: shown in\n%s", place, shape, got)
			}
		}
	}
}

func TestSecretFiles(t *testing.T) {
	dir := folder(t)
	for name, want := range map[string]string{
		"line\n": "line", "line\r\n": "line", "line": "line", "two\nlines\n\n": "two\nlines\n", " spaces \n": " spaces ",
	} {
		write(t, dir, "token", name, 0o600)
		c := parse(t, dir, "version: 1\ntenant: contoso\ncas: {site: eu, api: {token: file:token}}\n")
		if got := string(c.CAS.API.Token.Reveal()); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	// The last byte of a PFX file can be a newline, and belongs to it.
	write(t, dir, "cert.pfx", "\x30\x82\n", 0o600)
	abs := filepath.Join(dir, "cert.pfx")
	c := parse(t, t.TempDir(), "version: 1\ntenant: contoso\nmicrosoft365:\n  tenant_id: 11111111-2222-3333-4444-555555555555\n"+
		"  credentials: {client_id: 11111111-2222-3333-4444-555555555555, certificate: 'file:"+abs+"'}\n")
	if got := string(c.Microsoft365.Credentials.Certificate.Reveal()); got != "\x30\x82\n" {
		t.Errorf("PFX: got %q", got)
	}
	// Only a newline is no secret.
	write(t, dir, "token", "\n", 0o600)
	got := complaints(t, dir, "version: 1\ntenant: contoso\ncas: {site: eu, api: {token: file:token}}\n")
	if want := "casdoctor.yaml:3:30: cas.api.token: token is empty; put the secret into it"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := os.Remove(filepath.Join(dir, "token")); err != nil {
		t.Fatal(err)
	}
}
