package report

import _ "embed" // the schemas are part of the program, so that it can print them

// The schemas are made from the Go types by the test of this package (-update), so that they
// cannot say anything else than what is written.

//go:embed schema/casdoctor.report.v1.schema.json
var reportSchema string

//go:embed schema/casdoctor.evidence.v1.schema.json
var evidenceSchema string

//go:embed schema/casdoctor.diff.v1.schema.json
var diffSchema string

// Schema is the JSON Schema (2020-12) of report.json.
func Schema() []byte { return []byte(reportSchema) }

// EvidenceSchema is the JSON Schema (2020-12) of evidence.json.
func EvidenceSchema() []byte { return []byte(evidenceSchema) }

// DiffSchema is the JSON Schema (2020-12) of a Diff.
func DiffSchema() []byte { return []byte(diffSchema) }
