//go:build unix

package mail

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAPipeIsNotOpened: opening one would wait for somebody to write into it.
func TestAPipeIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.eml"), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pipe.eml malformed not_a_file"}, summary(t, dir)); diff != "" {
		t.Error(diff)
	}
}
