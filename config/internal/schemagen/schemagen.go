// Package schemagen makes the JSON Schema of casdoctor.yaml from the types of package
// config: their names and tags, the comments of their members, and the constants of their
// words.
//
// What belongs here: the making, which needs the source and reflection. What does not: the
// schema that the product carries; that is a file in package config.
package schemagen

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/casdoctor/casdoctor/config"
)

// pkg is the package of the types.
const pkg = "github.com/casdoctor/casdoctor/config"

// source is the file of the types, in the folder of package config.
const source = "config.go"

// Generate makes the schema. It must run in the folder of package config: comments and
// constants are in the source only.
func Generate() ([]byte, error) {
	r := &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Anonymous: true,
	}
	if err := r.AddGoComments(pkg, ".", jsonschema.WithFullComment()); err != nil {
		return nil, fmt.Errorf("read the comments: %w", err)
	}
	for k, text := range r.CommentMap {
		r.CommentMap[k] = strings.Join(strings.Fields(text), " ")
	}
	words, err := constants(source)
	if err != nil {
		return nil, err
	}
	r.Mapper = func(t reflect.Type) *jsonschema.Schema {
		switch t {
		case reflect.TypeFor[config.Secret]():
			return &jsonschema.Schema{Type: "string", Pattern: "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"}
		case reflect.TypeFor[config.Date]():
			return &jsonschema.Schema{Type: "string", Format: "date"}
		case reflect.TypeFor[time.Time]():
			return &jsonschema.Schema{Type: "string", Format: "date-time"}
		case reflect.TypeFor[config.HostPort](), reflect.TypeFor[netip.AddrPort]():
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
	s := r.Reflect(&config.Config{})
	s.Title, s.Description = "casdoctor.yaml", "The configuration of casdoctor."
	if v, ok := s.Properties.Get("version"); ok {
		*v = jsonschema.Schema{Const: 1, Description: v.Description}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// constants gathers the string constants of a file by the name of their type.
func constants(file string) (map[string][]any, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read the constants: %w", err)
	}
	words := map[string][]any{}
	for _, d := range f.Decls {
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
