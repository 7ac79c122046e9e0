// Package ticket makes the bundle that goes to Trend Micro's support with a ticket, and looks
// into one: a zip with the report, what may leave the house of the evidence, and the text of
// the ticket in both languages.
//
// What belongs here: the rule of each fact for what of it leaves the house (rules.go), the
// pseudonyms that stand for names (pseudonyms.go), the words of the ticket (text.go), and the
// reading of a bundle (inspect.go). A fact without a rule stays at home.
//
// What does not: judging (package checks), and what a report looks like (internal/report).
package ticket

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// SchemaID is the version of manifest.json. Within v1 it only ever gains members.
const SchemaID = "casdoctor.bundle/v1"

// The members of a bundle, in their order in it.
const (
	manifestName = "manifest.json"
	ticketEN     = "ticket.en.md"
	ticketJA     = "ticket.ja.md"
	reportName   = "report.json"
	evidenceName = "evidence.json"
)

// Input is what a bundle is made of.
type Input struct {
	Report     report.Report
	Evidence   *facts.Evidence // nil: none
	Version    string          // of this casdoctor
	Pseudonyms bool            // stand in for names, domains, addresses and ids
}

// Manifest says what is in a bundle and what was left out of it.
type Manifest struct {
	Schema     string    `json:"schema"`
	Tenant     string    `json:"tenant"`
	Taken      time.Time `json:"taken"` // when the evidence was taken
	Pseudonyms bool      `json:"pseudonyms"`
	Versions   Versions  `json:"versions"`
	Members    []Member  `json:"members"`  // all but the manifest itself
	LeftOut    []LeftOut `json:"left_out"` // facts of the evidence that are not in it
}

// Versions are what a supporter asks for first.
type Versions struct {
	Report string `json:"report"` // of the casdoctor that made the report
	Bundle string `json:"bundle"` // of the one that made the bundle
	Go     string `json:"go"`
	System string `json:"system"`
}

// Member is one file of a bundle.
type Member struct {
	Name   string      `json:"name"`
	Size   int64       `json:"size"`
	SHA256 string      `json:"sha256"`
	About  checks.Text `json:"about"`
}

// LeftOut is a fact that stays at home.
type LeftOut struct {
	Fact string      `json:"fact"`
	Why  checks.Text `json:"why"`
}

// Mapping is which pseudonym stands for what; it stays at home.
type Mapping struct {
	Pseudonym string `json:"pseudonym"`
	Stands    string `json:"stands_for"`
}

// Make makes a bundle. The same input gives the same bytes. The mapping says
// which pseudonym stands for what.
func Make(in Input) ([]byte, Manifest, []Mapping, error) {
	if in.Evidence != nil {
		if in.Evidence.Tenant != in.Report.Tenant {
			return nil, Manifest{}, nil, fmt.Errorf("the evidence is of %q, and the report of %q", in.Evidence.Tenant, in.Report.Tenant)
		}
		if !in.Evidence.Taken.Equal(in.Report.Taken) {
			return nil, Manifest{}, nil, fmt.Errorf("the evidence was taken at %s, and that of the report at %s: they are of two runs",
				in.Evidence.Taken.UTC().Format(time.RFC3339), in.Report.Taken.UTC().Format(time.RFC3339))
		}
	}
	m := Manifest{
		Schema: SchemaID, Taken: in.Report.Taken, Pseudonyms: in.Pseudonyms, LeftOut: []LeftOut{},
		Versions: Versions{
			Report: in.Report.Tool.Version, Bundle: in.Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		},
	}
	var ev *facts.Evidence
	if in.Evidence != nil {
		ev, m.LeftOut = redacted(in.Evidence, in.Pseudonyms)
	}
	names := newNames(in)
	r, err := names.report(in.Report)
	if err != nil {
		return nil, Manifest{}, nil, err
	}
	if ev != nil {
		if ev, err = names.evidence(ev); err != nil {
			return nil, Manifest{}, nil, err
		}
	}
	m.Tenant = r.Tenant

	files := []struct {
		name  string
		write func(io.Writer) error
	}{
		{ticketEN, func(w io.Writer) error { return writeTicket(w, "en", r, ev, m) }},
		{ticketJA, func(w io.Writer) error { return writeTicket(w, "ja", r, ev, m) }},
		{reportName, func(w io.Writer) error { return report.WriteJSON(w, r, report.View{}) }},
		{evidenceName, func(w io.Writer) error { return report.WriteData(w, ev) }},
	}
	if ev == nil {
		files = files[:3]
	}
	contents := map[string][]byte{}
	for _, f := range files {
		var b bytes.Buffer
		if err := f.write(&b); err != nil {
			return nil, Manifest{}, nil, fmt.Errorf("%s: %w", f.name, err)
		}
		contents[f.name] = b.Bytes()
		m.Members = append(m.Members, Member{Name: f.name, Size: int64(b.Len()), SHA256: sumOf(b.Bytes()), About: aboutMember[f.name]})
	}
	var manifest bytes.Buffer
	if err := report.WriteData(&manifest, m); err != nil {
		return nil, Manifest{}, nil, err
	}
	contents[manifestName] = manifest.Bytes()

	var out bytes.Buffer
	z := zip.NewWriter(&out)
	order := []string{manifestName}
	for _, f := range files {
		order = append(order, f.name)
	}
	for _, name := range order {
		// The time of the report and nothing of this machine: the same input, the same bytes.
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: in.Report.Taken.UTC().Truncate(time.Second)})
		if err == nil {
			_, err = w.Write(contents[name])
		}
		if err != nil {
			return nil, Manifest{}, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, Manifest{}, nil, err
	}
	return out.Bytes(), m, names.mapping(), nil
}

// redacted is the evidence by the rules: what has none stays at home.
func redacted(ev *facts.Evidence, pseudonyms bool) (*facts.Evidence, []LeftOut) {
	out := &facts.Evidence{Schema: facts.Schema, Taken: ev.Taken, Tenant: ev.Tenant, Facts: map[string]facts.Fact{}}
	left := []LeftOut{}
	for name, f := range ev.Facts {
		r, ok := rules()[name]
		why := r.stays
		switch {
		case !ok && pseudonyms:
			why, name = noRule, "" // what is not known can have any name
		case !ok:
			why = noRule
		case why == (checks.Text{}) && pseudonyms:
			why = r.tells
		}
		if why != (checks.Text{}) {
			left = append(left, LeftOut{Fact: name, Why: why})
			continue
		}
		kept := facts.Fact{Failure: f.Failure, Source: f.Source, Taken: f.Taken, Took: f.Took}
		if len(f.Value) > 0 && string(f.Value) != "null" {
			raw, err := r.keep(f.Value)
			if err != nil { // what does not have the shape of its fact may hold anything
				left = append(left, LeftOut{Fact: name, Why: noShape})
				continue
			}
			kept.Value = raw
		}
		if kept.Failure == nil && kept.Value == nil {
			kept.Failure = &facts.Failure{Kind: facts.Malformed}
		}
		out.Facts[name] = kept
	}
	slices.SortFunc(left, func(a, b LeftOut) int { return cmp.Compare(a.Fact, b.Fact) })
	return out, left
}

// WriteMapping writes which pseudonym stands for what, for the one who made the bundle.
func WriteMapping(w io.Writer, list []Mapping) error {
	return report.WriteData(w, list)
}

// copyOf is a value of its own, through its JSON.
func copyOf[T any](v T) (out T, err error) {
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}
