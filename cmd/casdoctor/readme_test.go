package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/config"
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

// TestReadmeConfigurationIsValid: the example can be copied.
func TestReadmeConfigurationIsValid(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(readme(t))
	if block == nil {
		t.Fatal("the README shows no configuration")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sa.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CASDOCTOR_GRAPH_SECRET", "x")
	text := strings.ReplaceAll(block[1], "\n   ", "\n")
	if _, err := config.Parse([]byte(strings.TrimPrefix(text, "   ")), filepath.Join(dir, "casdoctor.yaml")); err != nil {
		t.Error(err)
	}
}
