package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/report"
)

// TestBinaryIsNotForATerminal: there is none in a test, so the rule is asked by itself.
func TestBinaryIsNotForATerminal(t *testing.T) {
	for _, f := range report.Formats() {
		if err := suits(f, false); err != nil {
			t.Errorf("%s to a pipe: %v", f.Name, err)
		}
		err := suits(f, true)
		if (err != nil) != f.Binary {
			t.Errorf("%s to a terminal: %v", f.Name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "name a file with -o") {
			t.Errorf("%s: %v does not say what to do", f.Name, err)
		}
	}
}

func TestInRepository(t *testing.T) {
	here := t.TempDir()
	t.Chdir(here)
	if err := os.Mkdir("ci", 0o700); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"":                                     "",
		"casdoctor.yaml":                       "casdoctor.yaml",
		"./ci/../ci/prod.yaml":                 "ci/prod.yaml",
		filepath.Join(here, "ci", "prod.yaml"): "ci/prod.yaml",
		"../prod.yaml":                         "prod.yaml",
		"/etc/casdoctor/prod.yaml":             "prod.yaml",
	} {
		if got := inRepository(in); got != want {
			t.Errorf("inRepository(%q) = %q, want %q", in, got, want)
		}
	}
}
