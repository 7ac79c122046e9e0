// Package schemagen makes the JSON Schemas of casdoctor.yaml and agent.yaml from the types of
// package config: their names and tags, the comments of their members, and the constants of
// their words.
//
// What belongs here: the making, which needs the source and reflection. What does not: the
// schemas that the product carries; those are files in package config.
package schemagen

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/casdoctor/casdoctor/config"
)

// pkg is the package of the types.
const pkg = "github.com/casdoctor/casdoctor/config"

// sources are the files of the types, in the folder of package config.
var sources = []string{"config.go", "agent.go"}

// reference is the shape of a reference to a secret.
const reference = "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"

// Generate makes the schema of casdoctor.yaml. It must run in the folder of package config:
// comments and constants are in the source only.
func Generate() ([]byte, error) {
	s, err := reflectOn(&config.Config{}, "casdoctor.yaml", "The configuration of casdoctor.")
	if err != nil {
		return nil, err
	}
	return write(s)
}

// GenerateAgent makes the schema of agent.yaml. Its defaults are a casdoctor.yaml of which
// everything may be left out, and what is never inherited must be.
func GenerateAgent() ([]byte, error) {
	s, err := reflectOn(&config.Agent{}, "agent.yaml", "The configuration of casdoctor agent.")
	if err != nil {
		return nil, err
	}
	defaults, err := reflectOn(&config.Config{}, "", "What the casdoctor.yaml of a tenant does not say: groups of keys are merged, lists replace, and null clears. Secrets and tenant_id are never inherited.")
	if err != nil {
		return nil, err
	}
	defaults.ID, defaults.Version, defaults.Title = "", "", ""
	relax(defaults, defaults.Definitions, true)
	for name, d := range defaults.Definitions {
		if _, shared := s.Definitions[name]; !shared {
			s.Definitions[name] = d
		}
	}
	defaults.Definitions = nil
	s.Properties.Set("defaults", defaults)
	return write(s)
}

// relax makes the members of a group optional and takes those out that are never inherited;
// what is in a list stays whole, but for the latter.
func relax(s *jsonschema.Schema, defs jsonschema.Definitions, merged bool) {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		s = defs[name]
	}
	if s.Items != nil {
		relax(s.Items, defs, false)
	}
	if s.Properties == nil {
		return
	}
	if merged {
		s.Required = nil
	}
	for _, key := range slices.Collect(s.Properties.KeysFromOldest()) {
		member, _ := s.Properties.Get(key)
		if key == "tenant_id" || member.Pattern == reference {
			s.Properties.Delete(key)
			continue
		}
		relax(member, defs, merged)
	}
}

func reflectOn(v any, title, description string) (*jsonschema.Schema, error) {
	r := &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Anonymous: true,
	}
	if err := r.AddGoComments(pkg, ".", jsonschema.WithFullComment()); err != nil {
		return nil, fmt.Errorf("read the comments: %w", err)
	}
	for k, text := range r.CommentMap {
		r.CommentMap[k] = strings.Join(strings.Fields(text), " ")
	}
	words, err := constants(sources)
	if err != nil {
		return nil, err
	}
	r.Mapper = func(t reflect.Type) *jsonschema.Schema {
		switch t {
		case reflect.TypeFor[config.Secret]():
			return &jsonschema.Schema{Type: "string", Pattern: reference}
		case reflect.TypeFor[config.Date]():
			return &jsonschema.Schema{Type: "string", Format: "date"}
		case reflect.TypeFor[time.Time]():
			return &jsonschema.Schema{Type: "string", Format: "date-time"}
		case reflect.TypeFor[config.Duration]():
			return &jsonschema.Schema{Type: "string", Pattern: "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"}
		case reflect.TypeFor[config.TimeOfDay]():
			return &jsonschema.Schema{Type: "string", Pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
		case reflect.TypeFor[config.HostPort](), reflect.TypeFor[netip.AddrPort](), reflect.TypeFor[config.Schedule](),
			reflect.TypeFor[time.Location]():
			return &jsonschema.Schema{Type: "string"}
		case reflect.TypeFor[config.List]():
			return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
				{Type: "array", Items: &jsonschema.Schema{Type: "string"}},
				{Type: "string", Pattern: "^file:.+$"},
			}}
		}
		if t.PkgPath() == pkg && t.Kind() == reflect.String {
			return &jsonschema.Schema{Type: "string", Enum: words[t.Name()]}
		}
		return nil
	}
	s := r.Reflect(v)
	s.Title, s.Description = title, description
	if v, ok := s.Properties.Get("version"); ok {
		*v = jsonschema.Schema{Const: 1, Description: v.Description}
	}
	return s, nil
}

func write(s *jsonschema.Schema) ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// constants gathers the string constants of files by the name of their type.
func constants(files []string) (map[string][]any, error) {
	words := map[string][]any{}
	var decls []ast.Decl
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read the constants: %w", err)
		}
		decls = append(decls, f.Decls...)
	}
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			typ, ok := v.Type.(*ast.Ident)
			if !ok {
				continue
			}
			word, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.Names[0].Name, err)
			}
			words[typ.Name] = append(words[typ.Name], word)
		}
	}
	return words, nil
}
