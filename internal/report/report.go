// Package report is what a run says: the Report type, and one file per format that writes it.
//
// What belongs here: turning evidence and its judgement into a report, reading a saved one,
// the formats, the words that only the formats use, the JSON Schemas of report.json and
// evidence.json, and the writing of such files. Every format works from a Report alone, so
// that a saved report and a fresh one look the same.
//
// What does not: judging (package checks) and looking (package probes). A format never
// decides anything: it shows what the report holds.
package report

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// SchemaID is the version of report.json. Within v1 it only ever gains members, and readers
// ignore those that they do not know.
const SchemaID = "casdoctor.report/v1"

// Report is the result of one run. Its JSON is casdoctor.report/v1.
type Report struct {
	Schema   string            `json:"schema"`
	Tool     Tool              `json:"tool"`
	Tenant   string            `json:"tenant"`
	Taken    time.Time         `json:"taken"` // when the evidence was taken
	Now      time.Time         `json:"now"`   // the time of judgement
	Verdict  checks.RunVerdict `json:"verdict"`
	ExitCode int               `json:"exit_code"`
	Checks   []checks.Result   `json:"checks"`
	Notices  []checks.Reason   `json:"notices"` // about the run itself: waivers that ended or matched nothing
	Facts    []Fact            `json:"facts"`   // sorted by name
	// Retirements are the published days on which something ends that this organisation rests on.
	Retirements []checks.Retirement `json:"retirements,omitempty"`
	// Baseline is what was known before, when the run was held against an earlier report. The
	// exit code counts only what is new then; the verdict does not change.
	Baseline *Baseline `json:"baseline,omitempty"`
}

// Tool is what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Fact says how well one thing could be looked at. Its value stays in evidence.json.
type Fact struct {
	Name     string         `json:"name"`
	Status   FactStatus     `json:"status"`
	Failure  *facts.Failure `json:"failure"`
	TookMS   int64          `json:"took_ms"`
	Requests int            `json:"requests"` // how many
}

// FactStatus is how well a fact could be looked at.
type FactStatus string

// The statuses of a fact.
const (
	FactOK      FactStatus = "ok"
	FactPartial FactStatus = "partial" // there is a value, and something in it could not be read
	FactFailed  FactStatus = "failed"  // there is no value
	FactSkipped FactStatus = "skipped" // nobody asked: not configured, or not part of this run
)

// Options are what a report holds besides evidence and judgement.
type Options struct {
	Version      string        // of casdoctor
	FailOn       checks.Status // the lowest status that makes the exit code 1: StatusFail or StatusWarn
	AllowUnknown bool          // an unknown does not change the exit code
	Baseline     *Report       // of the same organisation: what is known from it does not change the exit code
}

// New makes the report of a judgement. The same evidence and outcome give the same report,
// byte for byte, whether they are live or replayed.
func New(ev *facts.Evidence, o checks.Outcome, opts Options) Report {
	r := Report{
		Schema: SchemaID, Tool: Tool{Name: "casdoctor", Version: opts.Version},
		Tenant: ev.Tenant, Taken: ev.Taken.UTC(), Now: o.Now.UTC(),
		Verdict: checks.Judge(o.Results), ExitCode: checks.ExitCode(o.Results, opts.FailOn, opts.AllowUnknown),
		Checks:  append([]checks.Result{}, o.Results...),
		Notices: append([]checks.Reason{}, o.Notices...), Facts: []Fact{},
		Retirements: checks.Retirements(ev, o.Now),
	}
	for _, name := range slices.Sorted(maps.Keys(ev.Facts)) {
		r.Facts = append(r.Facts, factOf(name, ev.Facts[name]))
	}
	if opts.Baseline != nil {
		r.Baseline = since(*opts.Baseline, r)
		r.ExitCode = checks.ExitCode(r.Baseline.beside(r.Checks), opts.FailOn, opts.AllowUnknown)
	}
	return r
}

func factOf(name string, f facts.Fact) Fact {
	out := Fact{
		Name: name, Status: FactOK, Failure: f.Failure,
		TookMS: f.Took.Milliseconds(), Requests: len(f.Requests),
	}
	if len(f.Value) == 0 || string(f.Value) == "null" {
		if out.Failure == nil { // as facts.Get reads it
			out.Failure = &facts.Failure{Kind: facts.Malformed, Detail: "neither a value nor a failure"}
		}
		out.Status = FactFailed
		if k := out.Failure.Kind; k == facts.NotConfigured || k == facts.NotCollected {
			out.Status = FactSkipped
		}
		return out
	}
	var v any
	if err := json.Unmarshal(f.Value, &v); err != nil {
		out.Status, out.Failure = FactFailed, &facts.Failure{Kind: facts.Malformed, Detail: "the value is not JSON"}
		return out
	}
	if out.Failure != nil || cut(v) {
		out.Status = FactPartial
	}
	return out
}

// cut reports whether a value holds, at any depth, a facts.Seen that could not be looked at.
// That a thing does not exist, or that nobody asked for it, is an answer and cuts nothing.
func cut(v any) bool {
	switch at := v.(type) {
	case map[string]any:
		if f, ok := at["failure"].(map[string]any); ok {
			switch kind, _ := f["kind"].(string); facts.Kind(kind) {
			case "", facts.NotFound, facts.NotCollected, facts.NotConfigured, facts.NotDeclared:
			default:
				return true
			}
		}
		for _, member := range at {
			if cut(member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(at, cut)
	}
	return false
}
