package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	generate "github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// values are the Go types of the facts.
var values = map[string]any{
	facts.ConsoleEndpoint.Name:       facts.Console{},
	facts.DeclaredRun.Name:           facts.Run{},
	facts.DeclaredM365.Name:          facts.Microsoft365{},
	facts.DeclaredGoogle.Name:        facts.Google{},
	facts.DeclaredCAS.Name:           facts.CAS{},
	facts.DeclaredLicensing.Name:     facts.Licensing{},
	facts.DeclaredSymptoms.Name:      []facts.Symptom{},
	facts.DeclaredWaivers.Name:       []facts.Waiver{},
	facts.M365Tenant.Name:            facts.Tenant{},
	facts.M365Accounts.Name:          facts.AccountSet{},
	facts.M365SecurityDefaults.Name:  facts.SecurityDefaults{},
	facts.M365ConditionalAccess.Name: facts.ConditionalAccess{},
	facts.M365SharePoint.Name:        facts.SharePoint{},
	facts.M365Traces.Name:            facts.Traces{},
	facts.M365WhatIf.Name:            facts.WhatIf{},
	facts.M365SignIns.Name:           facts.SignIns{},
	facts.CASAPI.Name:                facts.CASAccess{},
	facts.CASDetections.Name:         facts.DetectionSet{},
	facts.MailDNS.Name:               facts.MailAnswers{},
	facts.M365SignInClients.Name:     facts.SignInClients{},
	facts.MailMessages.Name:          []facts.Message{},
	facts.MailRecords.Name:           []facts.MailDomain{},
	facts.WorkspaceDelegation.Name:   facts.Delegation{},
	facts.WorkspaceDomains.Name:      facts.WorkspaceDomainSet{},
	facts.WorkspaceGrants.Name:       facts.Grants{},
	facts.LMPSubscription.Name:       facts.Subscription{},
}

// TestEveryFactHasASchema finds the keys in the source, so that a new fact cannot be forgotten.
func TestEveryFactHasASchema(t *testing.T) {
	files, err := filepath.Glob("../../probes/facts/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	key := regexp.MustCompile(`Key\[.+\]\{"(.+)"\}`)
	var inSource, listed []string
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue // its keys are for the test
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllSubmatch(src, -1) {
			inSource = append(inSource, string(m[1]))
		}
	}
	for name := range values {
		listed = append(listed, name)
	}
	slices.Sort(inSource)
	slices.Sort(listed)
	if diff := cmp.Diff(inSource, listed); diff != "" {
		t.Errorf("the list of fact types differs from package facts (-facts +list):\n%s", diff)
	}
}

// TestSchemasAreFresh makes the schemas from the Go types and compares them with the files
// that are part of the program.
func TestSchemasAreFresh(t *testing.T) {
	for file, schema := range map[string]*generate.Schema{
		"casdoctor.report.v1.schema.json":   generateReport(t),
		"casdoctor.evidence.v1.schema.json": generateEvidence(t),
		"casdoctor.diff.v1.schema.json":     generateDiff(t),
	} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(schema); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("..", "schema", file), b.String())
	}
}

func generateReport(t *testing.T) *generate.Schema {
	t.Helper()
	s := reflector(t).Reflect(Report{})
	s.ID, s.Title = "urn:casdoctor:report:v1", "report.json of casdoctor"
	s.Properties.Set("schema", &generate.Schema{Const: SchemaID})
	s.Properties.Set("exit_code", oneOf(checks.ExitOK, checks.ExitTrouble, checks.ExitUnknown))
	member(t, s, "Entry", "verdict", oneOf("confirmed", "supported", "unknown", "refuted", "not_applicable"))
	member(t, s, "Entry", "basis", oneOf("observed", "declared", "inferred"))
	member(t, s, "Cell", "state", oneOf("fine", "trouble", "perhaps", "unknown", "none"))
	orNull(t, s, "Entry", "waived")
	orNull(t, s, "Fact", "failure")
	for _, def := range []string{"FixResult", "FixFor"} {
		member(t, s, def, "applies", oneOf("yes", "no", "unknown"))
	}
	return s
}

func generateDiff(t *testing.T) *generate.Schema {
	t.Helper()
	s := reflector(t).Reflect(Diff{})
	s.ID, s.Title = "urn:casdoctor:diff:v1", "what casdoctor diff --format json writes"
	s.Properties.Set("schema", &generate.Schema{Const: DiffSchemaID})
	member(t, s, "EntryState", "verdict", oneOf("confirmed", "supported", "unknown", "refuted", "not_applicable"))
	member(t, s, "EntryState", "basis", oneOf("observed", "declared", "inferred"))
	member(t, s, "FixState", "applies", oneOf("yes", "no", "unknown", ""))
	for _, name := range []string{"from", "to"} {
		member(t, s, "FactDiff", name, oneOf(FactOK, FactPartial, FactFailed, FactSkipped, ""))
		orNull(t, s, "EntryDiff", name)
	}
	orNull(t, s, "EntryState", "waived")
	return s
}

func generateEvidence(t *testing.T) *generate.Schema {
	t.Helper()
	r := reflector(t)
	s := r.Reflect(facts.Evidence{})
	s.ID, s.Title = "urn:casdoctor:evidence:v1", "evidence.json of casdoctor"
	s.Properties.Set("schema", &generate.Schema{Const: facts.Schema})
	s.Definitions["Fact"].AnyOf = []*generate.Schema{{Required: []string{"value"}}, {Required: []string{"failure"}}}

	known := generate.NewProperties()
	r.ExpandedStruct = false
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := r.Reflect(values[name])
		maps.Copy(s.Definitions, v.Definitions)
		v.Version, v.Definitions = "", nil
		value := generate.NewProperties()
		value.Set("value", v)
		known.Set(name, &generate.Schema{Ref: "#/$defs/Fact", Properties: value})
	}
	all, _ := s.Properties.Get("facts")
	all.Properties = known
	for _, def := range s.Definitions {
		for p := def.Properties.Oldest(); p != nil; p = p.Next() {
			// An empty list of Go is written as null.
			if p.Value.Type == "array" && slices.Contains(def.Required, p.Key) {
				p.Value.Type, p.Value.Extras = "", map[string]any{"type": []string{"array", "null"}}
			}
		}
	}
	return s
}

func member(t *testing.T, s *generate.Schema, def, name string, to *generate.Schema) {
	t.Helper()
	was, ok := s.Definitions[def].Properties.Get(name)
	if !ok {
		t.Fatalf("%s has no member %s", def, name)
	}
	to.Description = was.Description
	s.Definitions[def].Properties.Set(name, to)
}

func orNull(t *testing.T, s *generate.Schema, def, name string) {
	t.Helper()
	was, _ := s.Definitions[def].Properties.Get(name)
	member(t, s, def, name, &generate.Schema{OneOf: []*generate.Schema{{Ref: was.Ref}, {Type: "null"}}})
}

func oneOf[T any](list ...T) *generate.Schema {
	s := &generate.Schema{}
	for _, v := range list {
		s.Enum = append(s.Enum, v)
	}
	return s
}

// reflector makes schemas that allow unknown members, and knows the words of the types that
// are strings in Go. The comments in the source become descriptions.
func reflector(t *testing.T) *generate.Reflector {
	t.Helper()
	words := map[reflect.Type]*generate.Schema{
		reflect.TypeFor[time.Duration]():     {Type: "integer", Description: "nanoseconds"},
		reflect.TypeFor[facts.Kind]():        oneOf(facts.Kinds()...),
		reflect.TypeFor[facts.Source]():      oneOf(facts.Observed, facts.Declared),
		reflect.TypeFor[FactStatus]():        oneOf(FactOK, FactPartial, FactFailed, FactSkipped),
		reflect.TypeFor[Effect]():            oneOf(Worse, Better, Same),
		reflect.TypeFor[Presence]():          oneOf(IsNew, IsGone, IsChanged),
		reflect.TypeFor[checks.RunVerdict](): oneOf(checks.Ready, checks.Undetermined, checks.NotReady),
		reflect.TypeFor[checks.Status](): oneOf(
			checks.StatusPass, checks.StatusUnknown, checks.StatusWarn, checks.StatusFail, checks.StatusSkip),
	}
	r := &generate.Reflector{
		Anonymous: true, AllowAdditionalProperties: true, ExpandedStruct: true, Namer: defName,
		Mapper: func(t reflect.Type) *generate.Schema {
			if s, ok := words[t]; ok {
				clone := *s
				return &clone
			}
			return nil
		},
	}
	for _, dir := range []string{"../../probes/facts", "../../checks", "."} {
		if err := r.AddGoComments("github.com/casdoctor/casdoctor/internal/report", dir); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range r.CommentMap {
		r.CommentMap[k] = strings.Join(strings.Fields(v), " ")
	}
	r.LookupComment = func(t reflect.Type, field string) string {
		if name, _, ok := strings.Cut(t.Name(), "["); ok && field == "" {
			return r.CommentMap[t.PkgPath()+"."+name]
		}
		return ""
	}
	return r
}

// defName is a type's name in $defs: facts.Seen[[]facts.Domain] becomes SeenDomainList.
func defName(t reflect.Type) string {
	name, of, ok := strings.Cut(t.Name(), "[")
	if !ok {
		return name
	}
	of, list := strings.CutPrefix(strings.TrimSuffix(of, "]"), "[]")
	of = of[strings.LastIndexByte(of, '.')+1:]
	name += strings.ToUpper(of[:1]) + of[1:]
	if list {
		name += "List"
	}
	return name
}

func compiled(t *testing.T, schema []byte) *validate.Schema {
	t.Helper()
	doc, err := validate.UnmarshalJSON(bytes.NewReader(schema))
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
	return s
}

func document(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validate.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

// at is the object at a path of members and list positions.
func at(t *testing.T, doc any, path ...any) map[string]any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			doc = doc.(map[string]any)[step]
		case int:
			doc = doc.([]any)[step]
		}
	}
	return doc.(map[string]any)
}

func TestReportSchema(t *testing.T) {
	s := compiled(t, Schema())
	for name, r := range map[string]Report{"everything": everything(), "ready": ready(), "undetermined": undetermined()} {
		if err := s.Validate(document(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	doc := document(t, everything())
	doc["new"], at(t, doc, "checks", 0)["new"] = true, 1
	if err := s.Validate(doc); err != nil {
		t.Errorf("unknown members must be allowed: %v", err)
	}
	for name, spoil := range map[string]func(map[string]any){
		"another version":     func(d map[string]any) { d["schema"] = "casdoctor.report/v2" },
		"no tenant":           func(d map[string]any) { delete(d, "tenant") },
		"no facts":            func(d map[string]any) { delete(d, "facts") },
		"unknown verdict":     func(d map[string]any) { d["verdict"] = "fine" },
		"exit code 2":         func(d map[string]any) { d["exit_code"] = json.Number("2") },
		"no date":             func(d map[string]any) { d["taken"] = "yesterday" },
		"status in words":     func(d map[string]any) { at(t, d, "checks", 0)["status"] = "bad" },
		"cause without facts": func(d map[string]any) { delete(at(t, d, "checks", 0, "causes", 0), "facts") },
		"half a waiver":       func(d map[string]any) { at(t, d, "checks", 0, "causes", 0)["waived"] = map[string]any{"reason": "x"} },
		"one language":        func(d map[string]any) { delete(at(t, d, "checks", 0, "title"), "ja") },
		"verdict of a cause":  func(d map[string]any) { at(t, d, "checks", 0, "causes", 0)["verdict"] = "fail" },
		"applies is a yes/no": func(d map[string]any) { at(t, d, "checks", 0, "fixes", 0)["applies"] = true },
		"fact status":         func(d map[string]any) { at(t, d, "facts", 0)["status"] = "good" },
		"failure kind":        func(d map[string]any) { at(t, d, "facts", 0)["failure"] = map[string]any{"kind": "odd"} },
	} {
		doc := document(t, everything())
		spoil(doc)
		if s.Validate(doc) == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}

func TestDiffSchema(t *testing.T) {
	s := compiled(t, DiffSchema())
	rng := rand.New(rand.NewPCG(9, 10))
	list := samples(t, rng)
	for range 100 {
		a, b := list[rng.IntN(len(list))], list[rng.IntN(len(list))]
		if err := s.Validate(document(t, compare(t, a, b))); err != nil {
			t.Fatal(err)
		}
	}
	whole := func() map[string]any {
		b := judged(clone(t, everything()))
		b.Checks[0].Causes[0].Verdict, b.Checks[0].Causes[2].Verdict = "supported", "refuted"
		b.Checks[0].Fixes[0].For[0].Applies, b.Retirements[len(b.Retirements)-1].Come = "unknown", true
		for i := range b.Facts {
			b.Facts[i].Status = FactPartial
		}
		b.Checks[0].Remarks = []checks.Reason{reason("new_remark", "Text.", "文。")}
		b.Checks[0].Symptoms = []facts.Symptom{{Check: "MFA-01", Text: "seen"}}
		b.Notices = append(b.Notices, reason("waiver_unused", "Text.", "文。"))
		return document(t, compare(t, everything(), judged(b)))
	}
	if err := s.Validate(whole()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(map[string]any){
		"another version":          func(d map[string]any) { d["schema"] = SchemaID },
		"no effect":                func(d map[string]any) { delete(d, "effect") },
		"an effect in words":       func(d map[string]any) { d["effect"] = "bad" },
		"a status":                 func(d map[string]any) { at(t, d, "checks", 0)["to"] = "fine" },
		"a presence":               func(d map[string]any) { at(t, d, "checks", 0, "entries", 0)["presence"] = "moved" },
		"a verdict":                func(d map[string]any) { at(t, d, "checks", 0, "entries", 0, "from")["verdict"] = "fine" },
		"a fix without a subject":  func(d map[string]any) { delete(at(t, d, "checks", 0, "fixes", 0), "subject") },
		"applies":                  func(d map[string]any) { at(t, d, "checks", 0, "fixes", 0, "to")["applies"] = "maybe" },
		"a remark in one language": func(d map[string]any) { delete(at(t, d, "checks", 0, "remarks", 0, "text"), "ja") },
		"a symptom of no check":    func(d map[string]any) { delete(at(t, d, "checks", 0, "symptoms", 0), "check") },
		"a notice without a code":  func(d map[string]any) { delete(at(t, d, "notices", 0), "code") },
		"a fact's status":          func(d map[string]any) { at(t, d, "facts", 0)["to"] = "good" },
		"a day without a source":   func(d map[string]any) { delete(at(t, d, "retirements", 0), "source") },
	} {
		doc := whole()
		spoil(doc)
		if s.Validate(doc) == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}

func TestEvidenceSchema(t *testing.T) {
	s := compiled(t, EvidenceSchema())
	if err := s.Validate(document(t, sampleEvidence())); err != nil {
		t.Error(err)
	}
	filled := facts.Evidence{Schema: facts.Schema, Taken: taken, Tenant: "contoso", Facts: map[string]facts.Fact{}}
	for name, v := range values {
		full := reflect.New(reflect.TypeOf(v)).Elem()
		fill(full)
		raw, err := json.Marshal(full.Interface())
		if err != nil {
			t.Fatal(err)
		}
		filled.Facts[name] = facts.Fact{Source: facts.Observed, Taken: taken, Value: raw}
	}
	if err := s.Validate(document(t, filled)); err != nil {
		t.Error(err)
	}
	filled.Facts["new.fact"] = facts.Fact{Source: facts.Observed, Value: json.RawMessage(`[1]`)}
	if err := s.Validate(document(t, filled)); err != nil {
		t.Errorf("unknown facts must be allowed: %v", err)
	}
	accounts := func(d map[string]any) map[string]any {
		return at(t, d, "facts", facts.M365Accounts.Name, "value", "accounts", 0)
	}
	for name, spoil := range map[string]func(map[string]any){
		"another version":          func(d map[string]any) { d["schema"] = SchemaID },
		"no facts":                 func(d map[string]any) { delete(d, "facts") },
		"facts in a list":          func(d map[string]any) { d["facts"] = []any{} },
		"neither value nor why":    func(d map[string]any) { delete(at(t, d, "facts", facts.M365Accounts.Name), "value") },
		"unknown fact, no source":  func(d map[string]any) { delete(at(t, d, "facts", "new.fact"), "source") },
		"source in words":          func(d map[string]any) { at(t, d, "facts", facts.M365Tenant.Name)["source"] = "guessed" },
		"failure kind":             func(d map[string]any) { at(t, accounts(d), "user", "failure")["kind"] = "odd" },
		"a seen member is missing": func(d map[string]any) { delete(accounts(d), "per_user_mfa") },
		"a value of another type":  func(d map[string]any) { at(t, accounts(d), "user", "value")["accountEnabled"] = "yes" },
		"a null value":             func(d map[string]any) { at(t, accounts(d), "groups")["value"] = nil },
		"took in words":            func(d map[string]any) { at(t, d, "facts", facts.M365Tenant.Name)["took"] = "1s" },
		"symptoms in an object":    func(d map[string]any) { at(t, d, "facts", facts.DeclaredSymptoms.Name)["value"] = map[string]any{} },
	} {
		doc := document(t, filled)
		spoil(doc)
		if s.Validate(doc) == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}

// fill gives every member of a value something.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(taken))
		return
	case facts.Kind:
		v.Set(reflect.ValueOf(facts.Forbidden))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetZero()
	}
}
