package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Format is one way to write a finished report.
type Format struct {
	Name   string // of --format
	File   string // its name in a folder with every format; "" when it has no place there
	Binary bool   // nothing for a terminal
	Write  func(io.Writer, Report, View) error
	// ExitCode is the exit code where the readers of a format expect another one than the
	// report's; nil: the report's.
	ExitCode func(Report) int
	// Fail says that there is no report where the readers of a format expect to hear it, and
	// gives the exit code for it; nil: standard error, and the exit codes of the command.
	Fail func(io.Writer, error) int
}

// View is how a report is to be shown. A format takes of it what concerns it.
type View struct {
	Lang    string // "ja", or English
	Width   int    // cells of a line of text; 0: 80. Nothing is set wider than 100 cells.
	Color   bool   // without it there is not one escape sequence
	Verbose bool   // also what was ruled out, and every fact with its timing
	Only    bool   // Lang alone, where a format could show both languages
	// Config is the configuration as a path in the repository that it is kept in, with slashes;
	// "": casdoctor.yaml. Readers that show findings at a file show them there. It is no part of
	// the report, which is the same wherever the configuration lies.
	Config string
}

func (v View) config() string {
	if v.Config == "" {
		return "casdoctor.yaml"
	}
	return Inert(v.Config)
}

// language is the one that sentences are in.
func (v View) language() string {
	if v.Lang == "ja" {
		return "ja"
	}
	return "en"
}

// Formats are all of them; the first is what a person at a terminal gets.
func Formats() []Format {
	return []Format{
		{Name: "text", Write: WriteText},
		{Name: "json", File: "report.json", Write: WriteJSON},
		{Name: "markdown", File: "report.md", Write: WriteSummary},
		{Name: "csv", File: "report.csv", Write: WriteCSV},
		{Name: "xlsx", File: "report.xlsx", Binary: true, Write: WriteXLSX},
		{Name: "junit", File: "report.junit.xml", Write: WriteJUnit},
		{Name: "sarif", File: "report.sarif.json", Write: WriteSARIF},
		{Name: "github", Write: WriteGitHub},
		{Name: "ocsf", File: "report.ocsf.json", Write: WriteOCSF},
		{Name: "nagios", File: "report.nagios.txt", Write: WriteNagios, ExitCode: nagiosState, Fail: failNagios},
		{Name: "prometheus", File: "report.prom", Write: WritePrometheus},
		{Name: "html", File: "report.html", Write: WriteHTML},
		{Name: "pdf", Binary: true, Write: WritePDF}, // not in a folder of every format, which needs no browser
	}
}

// FormatNames lists the names for --format.
func FormatNames() (names []string) {
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// FormatNamed finds a format by its name.
func FormatNamed(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}

// Exit is the exit code of a report in this format.
func (f Format) Exit(r Report) int {
	if f.ExitCode != nil {
		return f.ExitCode(r)
	}
	return r.ExitCode
}

// WriteAll writes a report to a folder, in every format that has a file name there.
func WriteAll(dir string, r Report, v View) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder: %w", err)
	}
	v.Width, v.Color = 0, false // no terminal reads a file
	for _, f := range Formats() {
		if f.File == "" {
			continue
		}
		path := filepath.Join(dir, f.File)
		if err := StreamFile(path, func(w io.Writer) error { return f.Write(w, r, v) }); err != nil {
			return err
		}
	}
	return nil
}
