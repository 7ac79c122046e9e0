package ticket

import _ "embed" // as the schemas of package report

// It is made from the Go types by the test of this package (-update).
//
//go:embed schema/casdoctor.bundle.v1.schema.json
var manifestSchema string

// ManifestSchema is the JSON Schema (2020-12) of manifest.json.
func ManifestSchema() []byte { return []byte(manifestSchema) }
