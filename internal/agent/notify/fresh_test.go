package notify

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGeneratedMailIsFresh: mail_templ.go is what mail.templ makes.
func TestGeneratedMailIsFresh(t *testing.T) {
	dir := t.TempDir()
	source, err := os.ReadFile("mail.templ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mail.templ"), source, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../tools/go.mod", "templ", "generate", "-path", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := os.ReadFile(filepath.Join(dir, "mail_templ.go"))
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("mail_templ.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("mail_templ.go is not what mail.templ makes: go generate ./internal/agent/notify")
	}
}
