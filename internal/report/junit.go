package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// JUnit XML has no published standard. What is written here is what Jenkins, GitLab, GitHub
// actions and Azure DevOps have in common: suites, cases, and one of failure, error and
// skipped in a case.

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Time   string       `xml:"time,attr"`
	Suites []junitSuite `xml:"testsuite"`
}

type junitCounts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitCase struct {
	Name       string          `xml:"name,attr"`
	Class      string          `xml:"classname,attr"`
	Time       string          `xml:"time,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Failure    *junitResult    `xml:"failure"`
	Error      *junitResult    `xml:"error"`
	Skipped    *junitResult    `xml:"skipped"`
}

type junitResult struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// noTime: some readers refuse a case without a time, and an entry has none of its own.
const noTime = "0"

// WriteJUnit writes a test suite for each check and a test case for each entry. A trouble is a
// failure. What could not be looked at is an error, never a skipped case: readers show skipped
// cases as green, and an unknown is not. What is waived, excluded or left out is skipped.
func WriteJUnit(w io.Writer, r Report, v View) error {
	all := junitSuites{Name: "casdoctor", Time: noTime}
	places := r.Baseline.places()
	for _, c := range r.Checks {
		s := junitSuite{
			Name: Inert(c.ID), Time: noTime,
			Timestamp: r.Taken.UTC().Format("2006-01-02T15:04:05"),
			Properties: []junitProperty{
				{"tenant", Inert(r.Tenant)},
				{"title", Inert(c.Title.In(v.Lang))},
				{"status", string(c.Status)},
				{"verdict", string(r.Verdict)},
				{"exit_code", strconv.Itoa(r.ExitCode)},
				{"casdoctor", Inert(r.Tool.Version)},
			},
		}
		for _, row := range rowsOf(c, places) {
			one := junitCaseOf(row, v.Lang)
			s.Cases = append(s.Cases, one)
			s.count(one)
			all.count(one)
		}
		all.Suites = append(all.Suites, s)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("cannot be written as XML: %w", err)
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

func (n *junitCounts) count(c junitCase) {
	n.Tests++
	switch {
	case c.Failure != nil:
		n.Failures++
	case c.Error != nil:
		n.Errors++
	case c.Skipped != nil:
		n.Skipped++
	}
}

func junitCaseOf(w row, lang string) junitCase {
	c := junitCase{
		Name: Inert(w.title()), Class: Inert("casdoctor." + w.check.ID), Time: noTime,
		Properties: []junitProperty{{"status", string(w.status)}},
	}
	for _, p := range []junitProperty{
		{"cause", w.entry.ID}, {"subject", w.entry.Subject}, {"verdict", w.entry.Verdict}, {"basis", w.entry.Basis},
	} {
		if p.Value != "" {
			c.Properties = append(c.Properties, junitProperty{p.Name, Inert(p.Value)})
		}
	}
	if f, ok := w.recommended(); ok {
		c.Properties = append(c.Properties, junitProperty{"fix", Inert(f.ID)})
	}
	about := &junitResult{
		Type:    Inert(w.entry.Verdict),
		Message: Inert(labelled(w.how(lang), w.entry.Text.In(lang))),
		Text:    strings.Join(w.paragraphs(lang), "\n"),
	}
	if w.place != "" {
		c.Properties = append(c.Properties, junitProperty{"baseline", w.place})
	}
	switch w.status {
	case checks.StatusFail, checks.StatusWarn:
		if w.place == baselineKnown { // readers fail a job for a failure, and the exit code does not
			c.Skipped = &junitResult{Message: about.Message, Text: about.Text}
			break
		}
		c.Failure = about
	case checks.StatusUnknown:
		c.Error = about
	case checks.StatusSkip:
		about.Type, about.Message, about.Text = "", Inert(labelled(w.how(lang), w.why(lang))), ""
		c.Skipped = about
	}
	return c
}
