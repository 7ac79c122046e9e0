package declared_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/declared"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const canary = "hunter2-s3cr3t"

// load reads a configuration with every section, and a secret wherever one can be.
func load(t *testing.T, text string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sa.json"), []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CANARY", canary)
	c, err := config.Parse([]byte(text), filepath.Join(dir, "casdoctor.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func collect(t *testing.T, c *config.Config, list []probes.Probe) *facts.Evidence {
	t.Helper()
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	return probes.Collect(t.Context(), &probes.Env{Config: c, Now: func() time.Time { return now }}, list, nil)
}

const full = `version: 1
tenant: contoso
phase: after
microsoft365:
  tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3
  cloud: usgov
  credentials: {client_id: 11111111-2222-3333-4444-555555555555, certificate: env:CANARY, certificate_password: env:CANARY}
  provisioning: automatic
  global_admin: admin@contoso.com
  delegates: [cas-delegate@contoso.com]
  cas_app_ids: [32eb7c81-01f8-4f56-b847-687b755fb160]
  services: [sharepoint, exchange]
  cas_egress: {ip: 203.0.113.7, country: DE}
google:
  customer: C01abc2de
  admin: super@contoso.com
  credentials: {service_account_key: file:sa.json}
  credentials_of: cas
  provisioned_during_preview: false
  granted_scopes: [openid]
cas:
  site: eu
  console: admin-eu.tmcas.trendmicro.com:443
  api: {token: env:CANARY}
  internal_domains: [contoso.com]
  spam_policies: [{name: default, applies_to: incoming, pass_internal_other_spam: false}]
  messages: [samples/*.eml]
  relays: [203.0.113.0/29]
  clients: [IE 11 / Windows 7]
licensing:
  accounts:
    - {id: clp-a, company: "01001", primary: false, license: trial, expires: 2026-03-31,
       tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3, provisioned: 2025-02-01}
  sign_in: {account: clp-a, type: clp}
  lmp: {access_token: env:CANARY, secret_key: env:CANARY, customer_id: c, subscription_id: s}
symptoms:
  - {check: BND-01, text: already registered, at: 2026-11-20T09:00:00Z}
waivers:
  - {cause: MFA-01.C1, subject: admin@contoso.com, reason: ticket 4711, until: 2026-12-31, owner: it}
`

func ptr[T any](v T) *T { return &v }

func TestEverythingIsCopied(t *testing.T) {
	ev := collect(t, load(t, full), declared.Probes())
	same(t, ev, facts.DeclaredRun, facts.Run{
		Tenant: "contoso", Phase: "after", Sections: []string{"microsoft365", "google", "cas", "licensing"},
	})
	same(t, ev, facts.DeclaredM365, facts.Microsoft365{
		TenantID: "84841066-274d-4ec0-a5c1-276be684bdd3", Cloud: "usgov", Provisioning: ptr("automatic"),
		GlobalAdmin: "admin@contoso.com", Delegates: []string{"cas-delegate@contoso.com"},
		CASAppIDs: []string{"32eb7c81-01f8-4f56-b847-687b755fb160"},
		Services:  []string{"sharepoint", "exchange"}, Egress: &facts.Egress{IP: "203.0.113.7", Country: "DE"},
	})
	same(t, ev, facts.DeclaredGoogle, facts.Google{
		Customer: "C01abc2de", Admin: "super@contoso.com", CredentialsOf: "cas",
		ProvisionedDuringPreview: ptr(false), GrantedScopes: &[]string{"openid"},
	})
	same(t, ev, facts.DeclaredCAS, facts.CAS{
		Site: "eu", Console: "admin-eu.tmcas.trendmicro.com:443", InternalDomains: &[]string{"contoso.com"},
		InternalDomainEntries: []facts.ListEntry{{Text: "contoso.com", Line: 25}},
		SpamPolicies:          &[]facts.SpamPolicy{{Name: "default", AppliesTo: "incoming", PassInternalOtherSpam: ptr(false)}},
		Relays:                &[]string{"203.0.113.0/29"},
		Clients:               &[]string{"IE 11 / Windows 7"},
	})
	same(t, ev, facts.DeclaredLicensing, facts.Licensing{
		Accounts: []facts.LicenseAccount{{
			ID: "clp-a", Company: "01001", Primary: ptr(false), License: "trial", Expires: "2026-03-31",
			TenantID: "84841066-274d-4ec0-a5c1-276be684bdd3", Provisioned: "2025-02-01",
		}},
		SignIn: &facts.SignIn{Account: "clp-a", Type: "clp"},
	})
	same(t, ev, facts.DeclaredSymptoms, []facts.Symptom{{
		Check: "BND-01", Text: "already registered", At: ptr(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)),
	}})
	same(t, ev, facts.DeclaredWaivers, []facts.Waiver{{
		Cause: "MFA-01.C1", Subject: "admin@contoso.com", Reason: "ticket 4711", Until: "2026-12-31", Owner: "it",
	}})
	if len(ev.Facts) != 7 {
		t.Errorf("%d facts, want 7", len(ev.Facts))
	}
	for name, f := range ev.Facts {
		if f.Source != facts.Declared {
			t.Errorf("%s is %s, want declared", name, f.Source)
		}
	}
}

// same holds a fact against what it should be. The sample has every member of it, so one
// that is empty here is one that nobody copies.
func same[T any](t *testing.T, ev *facts.Evidence, k facts.Key[T], want T) {
	t.Helper()
	got := facts.Get(ev, k)
	if !got.Complete() {
		t.Errorf("%s: %v", k.Name, got.Why())
		return
	}
	if diff := cmp.Diff(want, *got.Value); diff != "" {
		t.Errorf("%s: want -, got +:\n%s", k.Name, diff)
	}
	filled(t, k.Name, reflect.ValueOf(*got.Value))
}

// elsewhere are members of which one excludes the other: TestWhatCasdoctorSignsInWith has them.
var elsewhere = []string{"SecretExpires", "CertificateEnds"}

func filled(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			f := v.Field(i)
			if f.IsZero() && !slices.Contains(elsewhere, v.Type().Field(i).Name) {
				t.Errorf("%s.%s is empty", path, v.Type().Field(i).Name)
			}
			filled(t, path+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			filled(t, path, v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			filled(t, path, v.Elem())
		}
	}
}

func TestNoSecretIsWritten(t *testing.T) {
	ev, err := json.Marshal(collect(t, load(t, full), declared.Probes()))
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{canary, "CANARY", "sa.json", "client_id", "***"} {
		if strings.Contains(string(ev), leak) {
			t.Errorf("%q is in the evidence:\n%s", leak, ev)
		}
	}
}

func TestAbsentSections(t *testing.T) {
	c := load(t, "version: 1\ntenant: contoso\ncas: {console: '[::1]:9443'}\n")
	var all []string
	for _, p := range declared.Probes() {
		all = append(all, p.Fact)
	}
	selected := collect(t, c, probes.Select(declared.Probes(), all, c.Sections()))
	if len(selected.Facts) != 4 {
		t.Errorf("%d facts, want run, cas, symptoms and waivers: %v", len(selected.Facts), selected.Facts)
	}
	// What is not said is not there, and is not the same as an empty list.
	for k, want := range map[string]string{
		facts.DeclaredRun.Name:      `{"tenant":"contoso","phase":"before","sections":["cas"]}`,
		facts.DeclaredCAS.Name:      `{"console":"[::1]:9443"}`,
		facts.DeclaredSymptoms.Name: `[]`,
		facts.DeclaredWaivers.Name:  `[]`,
	} {
		if got := string(selected.Facts[k].Value); got != want {
			t.Errorf("%s: got %s, want %s", k, got, want)
		}
	}
	if s := facts.Get(selected, facts.DeclaredSymptoms); !s.Complete() {
		t.Errorf("no symptoms are declared, but that reads as %v", s.Why())
	}
	// Asked nevertheless, they have no value, and say why.
	ev := collect(t, c, declared.Probes())
	for _, k := range []string{facts.DeclaredM365.Name, facts.DeclaredGoogle.Name, facts.DeclaredLicensing.Name} {
		if f := ev.Facts[k]; f.Value != nil || f.Failure == nil || f.Failure.Kind != facts.NotConfigured {
			t.Errorf("%s: got %s, %v, want not_configured", k, f.Value, f.Failure)
		}
	}
}

func TestEmptyListsAreDeclared(t *testing.T) {
	c := load(t, "version: 1\ntenant: contoso\ncas: {site: eu, internal_domains: [], spam_policies: [], clients: []}\n"+
		"google: {admin: a@contoso.com, credentials: {impersonate: sa@p.iam.gserviceaccount.com}, granted_scopes: []}\n")
	ev := collect(t, c, declared.Probes())
	cas, google := facts.Get(ev, facts.DeclaredCAS).Value, facts.Get(ev, facts.DeclaredGoogle).Value
	if cas.InternalDomains == nil || cas.SpamPolicies == nil || cas.Clients == nil || google.GrantedScopes == nil {
		t.Errorf("an empty list is lost: %+v, %+v", cas, google)
	}
	if google.ProvisionedDuringPreview != nil {
		t.Error("what was not said is false")
	}
}

// TestWhatCasdoctorSignsInWith: its end is declared or stands in the certificate, and nothing else
// of it is copied.
func TestWhatCasdoctorSignsInWith(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Date(2027, 3, 31, 12, 0, 0, 0, time.UTC)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for kind, der := range map[string][]byte{"CERTIFICATE": der, "PRIVATE KEY": pkcs8} {
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	path := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for credentials, want := range map[string]facts.Microsoft365{
		"client_secret: env:CANARY, client_secret_expires: 2027-03-31": {SecretExpires: "2027-03-31"},
		"client_secret: env:CANARY":                                    {},
		"certificate: file:" + path:                                    {CertificateEnds: &ends},
		"certificate: env:CANARY":                                      {}, // who signs in with it says what is wrong
	} {
		c := load(t, `version: 1
tenant: contoso
microsoft365:
  tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3
  credentials: {client_id: 11111111-2222-3333-4444-555555555555, `+credentials+`}
`)
		got := facts.Get(collect(t, c, declared.Probes()), facts.DeclaredM365).Value
		if got == nil || got.SecretExpires != want.SecretExpires || !reflect.DeepEqual(got.CertificateEnds, want.CertificateEnds) {
			t.Errorf("%s: %+v", credentials, got)
		}
	}
}
