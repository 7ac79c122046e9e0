package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/manual"
)

// commands are the root and all below it that a person can see.
func commands(root *cobra.Command) (out []*cobra.Command) {
	root.InitDefaultCompletionCmd()
	out = append(out, root)
	for i := 0; i < len(out); i++ {
		for _, c := range out[i].Commands() {
			if c.IsAvailableCommand() {
				out = append(out, c)
			}
		}
	}
	return out
}

// TestManual: every command has a page with what a page needs, the same source makes the same
// pages, and the formatter has no complaint.
func TestManual(t *testing.T) {
	day := time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)
	pages, err := manual.Pages(newRoot(streams{}), "1.2.3", day)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1") // what is given counts
	again, err := manual.Pages(newRoot(streams{}), "1.2.3", day.In(time.FixedZone("", 9*3600)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	all := commands(newRoot(streams{}))
	for _, c := range all {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		page, ok := pages[name]
		if !ok {
			t.Errorf("%s has no page", c.CommandPath())
			continue
		}
		if !bytes.Equal(page, again[name]) {
			t.Errorf("%s is another one the second time", name)
		}
		text := string(page)
		at := 0
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"} {
			if section == "EXAMPLES" && strings.HasPrefix(c.CommandPath(), "casdoctor completion") {
				continue // cobra's own text has them in its description
			}
			i := strings.Index(text, "\n.SH "+section+"\n")
			if i < at {
				t.Errorf("%s: no %s in its place", name, section)
			}
			at = max(at, i)
		}
		if strings.Count(text, "\n.SH SEE ALSO\n") != 1 || !strings.Contains(text, "Nov 2026") {
			t.Errorf("%s: sections or date\n%s", name, text)
		}
		if err := os.WriteFile(filepath.Join(dir, name), page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(pages) != len(all) {
		t.Errorf("%d pages for %d commands", len(pages), len(all))
	}
	for _, want := range []string{"FILES", "casdoctor.yaml", "evidence.json"} {
		for _, name := range []string{"casdoctor.1", "casdoctor-check.1"} {
			if !strings.Contains(string(pages[name]), want) {
				t.Errorf("%s says nothing of %s", name, want)
			}
		}
	}
	lint(t, dir)
}

// lint formats the pages with what is installed, and wants no warning.
func lint(t *testing.T, dir string) {
	pages, _ := filepath.Glob(filepath.Join(dir, "*.1"))
	var command []string
	if _, err := exec.LookPath("mandoc"); err == nil {
		command = []string{"mandoc", "-T", "lint", "-W", "warning"}
	} else if _, err := exec.LookPath("man"); err == nil && exec.Command("man", "--version").Run() == nil { // man-db
		command = []string{"man", "--warnings=all", "-E", "UTF-8", "-l", "-Tutf8", "-Z"}
	} else {
		t.Log("neither mandoc nor man is installed: the pages were not formatted")
		return
	}
	for _, page := range pages {
		var complaints bytes.Buffer
		c := exec.CommandContext(t.Context(), command[0], append(command[1:], page)...)
		c.Stderr = &complaints
		c.Env = append(os.Environ(), "MANROFFSEQ=", "LC_ALL=C.UTF-8")
		if out, err := c.Output(); err != nil || complaints.Len() > 0 || command[0] == "mandoc" && len(out) > 0 {
			t.Errorf("%s: %v\n%s", filepath.Base(page), err, complaints.String())
		}
	}
}

// TestTheManualNamesTheEnvironment: every variable that the code reads.
func TestTheManualNamesTheEnvironment(t *testing.T) {
	pages, err := manual.Pages(newRoot(streams{}), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(pages["casdoctor.1"]), `\-`, "-")
	literal := regexp.MustCompile(`os\.(?:Getenv|LookupEnv)\("([A-Z_]+)"\)|= "((?:ACTIONS|SYSTEM|IDENTITY)_[A-Z_]+)"`)
	found := 0
	for _, folder := range []string{"../../cmd", "../../config", "../../probes", "../../internal/httpread", "../../checks"} {
		err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "manpages.go") {
				return err
			}
			code, err := os.ReadFile(path)
			for _, m := range literal.FindAllStringSubmatch(string(code), -1) {
				found++
				if name := m[1] + m[2]; !strings.Contains(page, name) {
					t.Errorf("%s reads %s, and the manual does not say so", path, name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 8 {
		t.Errorf("only %d variables found: the test looks for them in the wrong way", found)
	}
}

// TestExamples: every command tells what it is for and shows how, and what it shows is a
// command line that casdoctor takes.
func TestExamples(t *testing.T) {
	for _, c := range commands(newRoot(streams{})) {
		if strings.HasPrefix(c.CommandPath(), "casdoctor completion") {
			continue // cobra's own
		}
		if c.Long == "" || c.Short == "" || !strings.HasSuffix(strings.TrimSpace(c.Long), ".") {
			t.Errorf("%s does not say what it is for", c.CommandPath())
		}
		lines := strings.Split(c.Example, "\n")
		for _, line := range lines {
			line, ok := strings.CutPrefix(line, "  casdoctor ")
			if !ok {
				t.Errorf("%s: %q is no example", c.CommandPath(), line)
				continue
			}
			line, _, _ = strings.Cut(line, " > ")
			root := newRoot(streams{out: io.Discard, err: io.Discard})
			found, args, err := root.Find(strings.Fields(line))
			if err == nil {
				err = found.ParseFlags(args)
			}
			if err == nil && found.Args != nil {
				err = found.Args(found, found.Flags().Args())
			}
			if err != nil || found.RunE == nil && found.HasParent() {
				t.Errorf("casdoctor %s: %v", line, err)
			}
			if c.HasParent() && !strings.HasPrefix(found.CommandPath(), c.CommandPath()) {
				t.Errorf("%s shows %s", c.CommandPath(), line)
			}
			for _, id := range regexp.MustCompile(`[A-Z]{3}-\d\d`).FindAllString(line, -1) {
				if !strings.Contains(strings.Join(known(), " "), id) {
					t.Errorf("there is no check %s", id)
				}
			}
		}
	}
}

func known() (ids []string) {
	for _, k := range checks.All() {
		ids = append(ids, k.ID)
	}
	return ids
}
