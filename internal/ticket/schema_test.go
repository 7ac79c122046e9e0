package ticket

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	generate "github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"
)

// TestTheSchemaIsFresh makes the schema from the Go types and compares it with the file that is part
// of the program.
func TestTheSchemaIsFresh(t *testing.T) {
	r := &generate.Reflector{Anonymous: true, AllowAdditionalProperties: true, ExpandedStruct: true}
	for _, dir := range []string{"../../checks", "."} {
		if err := r.AddGoComments("github.com/casdoctor/casdoctor/internal/ticket", dir); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range r.CommentMap {
		r.CommentMap[k] = strings.Join(strings.Fields(v), " ")
	}
	s := r.Reflect(Manifest{})
	s.ID, s.Title = "urn:casdoctor:bundle:v1", "manifest.json of a bundle of casdoctor"
	s.Properties.Set("schema", &generate.Schema{Const: SchemaID})
	sum, _ := s.Definitions["Member"].Properties.Get("sha256")
	sum.Pattern = "^[0-9a-f]{64}$"
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	const file = "schema/casdoctor.bundle.v1.schema.json"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(manifestSchema, b.String()); d != "" {
		t.Errorf("%s is not what the types make (go test ./internal/ticket -update writes it anew):\n%s", file, d)
	}
}

func TestManifestSchema(t *testing.T) {
	doc, err := validate.UnmarshalJSON(bytes.NewReader(ManifestSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := validate.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	ev := planted(t, "name#", false)
	whole := func(pseudonyms bool) map[string]any {
		files, _, _ := made(t, Input{Report: reportOf(ev), Evidence: ev, Pseudonyms: pseudonyms})
		doc, err := validate.UnmarshalJSON(strings.NewReader(files[manifestName]))
		if err != nil {
			t.Fatal(err)
		}
		return doc.(map[string]any)
	}
	for _, pseudonyms := range []bool{false, true} {
		if err := s.Validate(whole(pseudonyms)); err != nil {
			t.Error(err)
		}
	}
	first := func(d map[string]any, list string) map[string]any { return d[list].([]any)[0].(map[string]any) }
	for name, spoil := range map[string]func(map[string]any){
		"another version":      func(d map[string]any) { d["schema"] = "casdoctor.bundle/v2" },
		"no members":           func(d map[string]any) { delete(d, "members") },
		"a size in words":      func(d map[string]any) { first(d, "members")["size"] = "1 kB" },
		"half a sum":           func(d map[string]any) { first(d, "members")["sha256"] = "ab12" },
		"no date":              func(d map[string]any) { d["taken"] = "yesterday" },
		"left out, and no why": func(d map[string]any) { delete(first(d, "left_out"), "why") },
	} {
		doc := whole(false)
		spoil(doc)
		if s.Validate(doc) == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}
