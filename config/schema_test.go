package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/config/internal/schemagen"
)

func TestSchemaIsCurrent(t *testing.T) {
	want, err := schemagen.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(config.Schema())); diff != "" {
		t.Errorf("schema.json is not what the types say; run: go generate ./config\n%s", diff)
	}
}

// validator holds YAML against the schema, as an editor does.
func validator(t testing.TB) func(text []byte) error {
	t.Helper()
	return validatorOf(t, config.Schema())
}

func validatorOf(t testing.TB, schema []byte) func(text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("casdoctor.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("casdoctor.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(text []byte) error {
		var n yaml.Node
		if err := yaml.Load(text, &n); err != nil {
			return err
		}
		return s.Validate(instance(n.Content[0]))
	}
}

// instance is YAML as JSON: a bare date is text, as editors read it.
func instance(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = instance(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		s := []any{}
		for _, c := range n.Content {
			s = append(s, instance(c))
		}
		return s
	}
	switch n.Tag {
	case "!!int":
		return json.Number(n.Value)
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!null":
		return nil
	default:
		return n.Value
	}
}

func TestSchemaOfTheFullSample(t *testing.T) {
	valid := validator(t)
	if err := valid([]byte(full(t))); err != nil {
		t.Error(err)
	}
	for name, change := range map[string][2]string{
		"unknown key":    {"tenant: contoso", "tenant: contoso\ncolour: blue"},
		"missing key":    {"tenant: contoso", "phase: before"},
		"version":        {"version: 1", "version: 2"},
		"enum":           {"cloud: usgov", "cloud: mars"},
		"UUID":           {"84841066-274D-4ec0", "84841066"},
		"literal secret": {"client_secret: env:CASDOCTOR_GRAPH_SECRET", "client_secret: x"},
		"http":           {"https://oauth.example.com/token", "http://oauth.example.com/token"},
		"date":           {"until: 2026-12-31", "until: 2026-02-30"},
		"type":           {"provisioned_during_preview: true", "provisioned_during_preview: 1"},
		"list":           {"messages: [samples/*.eml]", "messages: samples/*.eml"},
		"cause":          {"cause: MFA-01.C1", "cause: MFA-01"},
	} {
		text := strings.Replace(full(t), change[0], change[1], 1)
		if text == full(t) {
			t.Fatalf("%s: the sample has no %q", name, change[0])
		}
		if err := valid([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The sample must use every key, or it shows nothing of the ones that it lacks.
func TestFullSampleHasEveryKey(t *testing.T) {
	var s struct {
		Properties map[string]any                                 `json:"properties"`
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(config.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	// One kind of credentials excludes the others.
	apart := []string{
		"certificate", "certificate_password", "workload_identity", "token_file", "github_actions", "azure_pipelines",
		"service_connection", "access_token", "managed_identity", "azure_cli", "impersonate",
	}
	var n yaml.Node
	if err := yaml.Load([]byte(full(t)), &n); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				used[c.Value] = true
			}
			walk(c)
		}
	}
	walk(&n)
	check := func(of string, properties map[string]any) {
		for key, p := range properties {
			if !used[key] && !slices.Contains(apart, key) {
				t.Errorf("the sample lacks %s of %s", key, of)
			}
			if d, _ := p.(map[string]any)["description"].(string); d == "" {
				t.Errorf("%s of %s has no description", key, of)
			}
		}
	}
	check("the top", s.Properties)
	for name, d := range s.Defs {
		check(name, d.Properties)
	}
}

// The words that the schema allows are exactly those that Load allows.
func TestSchemaAndLoadAllowTheSameWords(t *testing.T) {
	dir := folder(t)
	var schema struct {
		Properties map[string]property
		Defs       map[string]struct{ Properties map[string]property } `json:"$defs"`
	}
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for key, enum := range map[string][]string{
		"phase":                     schema.Properties["phase"].Enum,
		"microsoft365.cloud":        schema.Defs["Microsoft365"].Properties["cloud"].Enum,
		"microsoft365.provisioning": schema.Defs["Microsoft365"].Properties["provisioning"].Enum,
		"microsoft365.services":     schema.Defs["Microsoft365"].Properties["services"].Items.enum(),
		"google.credentials_of":     schema.Defs["Google"].Properties["credentials_of"].Enum,
		"cas.site":                  schema.Defs["CAS"].Properties["site"].Enum,
		"licensing.sign_in.type":    schema.Defs["SignIn"].Properties["type"].Enum,
	} {
		if len(enum) < 2 {
			t.Errorf("%s: the schema has no words", key)
		}
		// {a: {b: wrong}} for a.b
		parts := strings.Split(key, ".")
		text := "wrong"
		if key == "microsoft365.services" {
			text = "[wrong]"
		}
		for _, p := range slices.Backward(parts) {
			text = fmt.Sprintf("{%s: %s}", p, text)
		}
		_, err := config.Parse([]byte(text), filepath.Join(dir, "casdoctor.yaml"))
		want := key + ": not one of " + strings.Join(enum, ", ")
		if err == nil || !slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(l string) bool { return strings.HasSuffix(l, want) }) {
			t.Errorf("%s: got\n%v\nwant a line that ends with %q", key, err, want)
		}
	}
	lists := map[string][]string{
		"cas: {site: eu, spam_policies: [{name: a, applies_to: %s}]}": schema.Defs["SpamPolicy"].Properties["applies_to"].Enum,
		"licensing: {accounts: [{id: a, license: %s}]}":               schema.Defs["LicenseAccount"].Properties["license"].Enum,
		"cas: {site: eu}\nsymptoms: [{check: %s}]":                    schema.Defs["Symptom"].Properties["check"].Enum,
	}
	for text, enum := range lists {
		if len(enum) < 2 {
			t.Errorf("%s: the schema has no words", text)
		}
		for _, w := range enum {
			parse(t, dir, "version: 1\ntenant: contoso\n"+fmt.Sprintf(text, w)+"\n")
		}
		got := complaints(t, dir, "version: 1\ntenant: contoso\n"+fmt.Sprintf(text, "wrong")+"\n")
		if !strings.Contains(got, "not one of "+strings.Join(enum, ", ")+"\n") {
			t.Errorf("%s: got %s, want the words %v", text, got, enum)
		}
	}
}

type property struct {
	Enum  []string
	Items *property
}

func (p *property) enum() []string {
	if p == nil {
		return nil
	}
	return p.Enum
}
