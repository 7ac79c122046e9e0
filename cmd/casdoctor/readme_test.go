package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestReadmeShowsRealOutput: what the README shows is what the command prints, but for the time.
func TestReadmeShowsRealOutput(t *testing.T) {
	block := regexp.MustCompile("(?s)```console\n\\$ casdoctor (.*?)\n(.*?)```").FindStringSubmatch(readme(t))
	if block == nil {
		t.Fatal("the README shows no run")
	}
	var out bytes.Buffer
	execute(t.Context(), append(strings.Fields(block[1]), "--lang", "en"), streams{out: &out, err: &bytes.Buffer{}})
	when := regexp.MustCompile(`as of \d{4}-\d\d-\d\d \d\d:\d\d UTC`)
	got, want := when.ReplaceAllString(out.String(), ""), when.ReplaceAllString(block[2], "")
	if !strings.HasPrefix(got, want) {
		t.Errorf("the README shows\n%s\nbut the command prints\n%s", want, got)
	}
}
