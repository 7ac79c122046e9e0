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

//go:embed agent.schema.json
var agentSchema []byte

// AgentSchema is the JSON Schema (2020-12) of agent.yaml.
func AgentSchema() []byte { return slices.Clone(agentSchema) }

//go:embed agent.example.yaml
var agentExample []byte

// AgentExample is an agent.yaml to start from.
func AgentExample() []byte { return slices.Clone(agentExample) }
