package report

import (
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
)

// Section is one part of the list of everything that casdoctor has.
type Section struct {
	Name string // checks, causes, fixes, facts, probes
	Rows []Row
}

// Row is one thing in the list. Which members it has depends on what it is.
type Row struct {
	ID            string       `json:"id"`
	Text          *checks.Text `json:"text,omitempty"`
	Check         string       `json:"check,omitempty"`         // of a cause or a fix
	Configuration string       `json:"configuration,omitempty"` // the section that a check or a probe needs
	Source        string       `json:"source,omitempty"`        // of a fact: observed | declared
	For           []string     `json:"for,omitempty"`           // the causes that a fix is for
	Facts         []string     `json:"facts,omitempty"`         // that a check or a cause reads, or a probe needs
	Causes        []string     `json:"causes,omitempty"`        // that read a fact
	Permissions   []string     `json:"permissions,omitempty"`   // that a probe needs
}

var (
	sectionWords = map[string]word{
		"checks": {"CHECKS", "チェック"}, "causes": {"CAUSES", "原因"}, "fixes": {"FIXES", "対処"},
		"facts": {"FACTS", "情報"}, "probes": {"PROBES", "取得方法"},
	}
	sourceWords = map[string]word{"observed": {"observed", "取得"}, "declared": {"declared", "宣言"}}
)

// WriteList writes the sections, the ids of each in a column.
func WriteList(w io.Writer, sections []Section, opts View) error {
	p := newPage(opts)
	for i, s := range sections {
		if i > 0 {
			p.gap()
		}
		p.line(0, styled(p.say(sectionWords[s.Name]), bold))
		column := 0
		for _, r := range s.Rows {
			column = max(column, ansi.StringWidth(r.ID))
		}
		for _, r := range s.Rows {
			hang, gap := 4, "  "
			if p.width >= narrowWidth {
				hang = 2 + column + 2
				gap = strings.Repeat(" ", hang-2-ansi.StringWidth(r.ID))
			}
			p.line(hang, plain("  "), styled(r.ID, bold), plain(gap+p.rowText(r)))
		}
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

// rowText is what a row says in the text: its sentence, or for a fact who reads it.
func (p *page) rowText(r Row) string {
	if r.Text != nil {
		return p.in(*r.Text)
	}
	return joined(p.say(sourceWords[r.Source]), strings.Join(r.Causes, ", "))
}

// WriteListJSON writes the sections as members of one object.
func WriteListJSON(w io.Writer, sections []Section) error {
	all := map[string][]Row{}
	for _, s := range sections {
		all[s.Name] = s.Rows
	}
	return WriteData(w, all)
}
