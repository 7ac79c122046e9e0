package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// WriteJSON writes report.json: two spaces deep, with a line end after it.
// It holds both languages, so that it is the same whoever looks at it.
func WriteJSON(w io.Writer, r Report, _ View) error { return WriteData(w, r) }

// WriteData writes what is not a report (a list, permissions) the same way.
func WriteData(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // it is no HTML, and < is easier to read than \u003c
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("cannot be written as JSON: %w", err)
	}
	_, err := io.WriteString(w, escapeActive(b.String()))
	return err
}

// escapeActive writes the characters that a terminal would obey or hide as \u escapes.
// Package json does so for C0 only; the value stays the same. Outside of strings JSON has
// none of them but the line ends of the indentation.
func escapeActive(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || !active(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// Read reads a saved report. Members that it does not know are ignored; a file that is not a
// whole report of this version, that contradicts itself (a verdict that is not the one of its
// checks, a check that is better or worse than its entries, an exit code that no such run has), or
// that has words and checks which no run of v1 writes, is an error that names the member.
func Read(from io.Reader) (Report, error) {
	raw, err := io.ReadAll(from)
	if err != nil {
		return Report{}, fmt.Errorf("cannot read the report: %w", err)
	}
	var head struct {
		Schema *string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return Report{}, fmt.Errorf("this is not a whole casdoctor report: %w", err)
	}
	switch {
	case head.Schema == nil:
		return Report{}, errors.New(`this is not a casdoctor report: it has no "schema"`)
	case *head.Schema == facts.Schema:
		return Report{}, errors.New("this is an evidence file, not a report: judge it with casdoctor replay")
	case strings.HasPrefix(*head.Schema, "casdoctor.report/") && *head.Schema != SchemaID:
		return Report{}, fmt.Errorf("this report is %q and this casdoctor reads %q: update casdoctor", *head.Schema, SchemaID)
	case *head.Schema != SchemaID:
		return Report{}, fmt.Errorf("this is not a casdoctor report: its schema is %q", *head.Schema)
	}
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return Report{}, fmt.Errorf("this report has a member of the wrong type: %w", err)
	}
	if err := damage(r); err != nil {
		return Report{}, err
	}
	return r, nil
}
