package config

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of casdoctor.yaml, for editors and for programs that
// write configurations. Load demands more than it can say.
func Schema() []byte { return slices.Clone(schema) }

//go:embed example.yaml
var example []byte

// Example is a configuration to start from.
func Example() []byte { return slices.Clone(example) }
