package web_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGeneratedPageIsFresh: pages_templ.go is what pages.templ makes.
func TestGeneratedPageIsFresh(t *testing.T) {
	dir := t.TempDir()
	source, err := os.ReadFile("pages.templ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pages.templ"), source, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../tools/go.mod", "templ", "generate", "-path", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := os.ReadFile(filepath.Join(dir, "pages_templ.go"))
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("pages_templ.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("pages_templ.go is not what pages.templ makes: go generate ./internal/agent/web")
	}
}
