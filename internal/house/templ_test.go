package house

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTemplIsFresh: the components of the agent are what templ makes of them.
func TestTemplIsFresh(t *testing.T) {
	sources, err := filepath.Glob("../agent/*/*.templ")
	if err != nil || len(sources) < 2 {
		t.Fatal(sources, err)
	}
	dir := t.TempDir()
	for _, path := range sources {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), source, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../tools/go.mod", "templ", "generate", "-path", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, path := range sources {
		generated := strings.TrimSuffix(path, ".templ") + "_templ.go"
		want, err := os.ReadFile(filepath.Join(dir, filepath.Base(generated)))
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(generated)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s is not what templ makes: go generate ./internal/agent/...", generated)
		}
	}
}
