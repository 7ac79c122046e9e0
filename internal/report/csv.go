package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/checks"
)

// column is one of a list of rows. The names are ids, the same in both languages, so that a
// sheet or a script that was made for one report fits the next.
type column struct {
	name  string
	width int // in a sheet, characters
	value func(Report, row, string) string
}

// columns are those of report.csv, and of the findings in report.xlsx. New ones come last.
var columns = []column{
	{"tenant", 18, func(r Report, _ row, _ string) string { return r.Tenant }},
	{"taken", 21, func(r Report, _ row, _ string) string { return r.Taken.UTC().Format(time.RFC3339) }},
	{"check", 9, func(_ Report, w row, _ string) string { return w.check.ID }},
	{"check_status", 13, func(_ Report, w row, _ string) string { return string(w.check.Status) }},
	{"trouble", 40, func(_ Report, w row, lang string) string { return w.check.Title.In(lang) }},
	{"cause", 11, func(_ Report, w row, _ string) string { return w.entry.ID }},
	{"subject", 30, func(_ Report, w row, _ string) string { return w.entry.Subject }},
	{"status", 9, func(_ Report, w row, _ string) string { return string(w.status) }},
	{"verdict", 14, func(_ Report, w row, _ string) string { return w.entry.Verdict }},
	{"basis", 10, func(_ Report, w row, _ string) string { return w.entry.Basis }},
	{"cause_text", 50, func(_ Report, w row, lang string) string { return w.entry.Text.In(lang) }},
	{"reasons", 60, func(_ Report, w row, lang string) string { return sentences(w.entry.Reasons).In(lang) }},
	{"fix", 11, func(_ Report, w row, _ string) string { f, _ := w.recommended(); return f.ID }},
	{"fix_text", 50, func(_ Report, w row, lang string) string { return w.fixText(lang) }},
	{"not_working", 60, func(_ Report, w row, lang string) string { return w.notWorking(lang) }},
	{"waived_until", 13, func(_ Report, w row, _ string) string { return waivedOf(w).Until }},
	{"waived_reason", 30, func(_ Report, w row, _ string) string { return waivedOf(w).Reason }},
	{"facts", 30, func(_ Report, w row, _ string) string { return strings.Join(w.entry.Facts, " ") }},
	{"baseline", 10, func(_ Report, w row, _ string) string { return w.place }},
}

// fixText is the fix to use, or that none is certain to work.
func (w row) fixText(lang string) string {
	if f, ok := w.recommended(); ok {
		return f.Text.In(lang)
	}
	if found(w.entry) {
		return noFix.in(lang)
	}
	return ""
}

// notWorking are the other fixes that do not, or not certainly, work here, and why.
func (w row) notWorking(lang string) string {
	var out []string
	for _, m := range w.barred() {
		out = append(out, labelled(m.ID, sentences(m.reasons()).In(lang)))
	}
	return strings.Join(out, " / ")
}

func waivedOf(w row) checks.Waived {
	if w.entry.Waived == nil {
		return checks.Waived{}
	}
	return *w.entry.Waived
}

// cell keeps a text from being read as a formula: spreadsheets evaluate what begins with one of
// these signs, also in a file that somebody else made. An apostrophe says that it is text. The
// wide signs are typed by Japanese keyboards and read like the others.
func cell(s string) string {
	s = Inert(s)
	if strings.IndexAny(strings.TrimLeft(s, " '"), "=+-@＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}

// WriteCSV writes a row for each entry (RFC 4180, UTF-8, with a header).
func WriteCSV(w io.Writer, r Report, v View) error {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	out.UseCRLF = true
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	_ = out.Write(record) // into memory; Flush tells
	for _, row := range rows(r) {
		for i, c := range columns {
			record[i] = cell(c.value(r, row, v.Lang))
		}
		_ = out.Write(record)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
