//go:build unix

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const apiFile = "version: 1\ntenant: contoso\ncas: {site: eu, api: {token: 'file:%s'}}\n"

func loadSecret(t *testing.T, path string) error {
	t.Helper()
	_, err := Parse(fmt.Appendf(nil, apiFile, path), "casdoctor.yaml")
	return err
}

func secretFile(t *testing.T, dir string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, fmt.Sprintf("token-%o", mode))
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecretFileOfOthers(t *testing.T) {
	dir := t.TempDir()
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700} {
		if err := loadSecret(t, secretFile(t, dir, mode)); err != nil {
			t.Errorf("%04o: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620, 0o601} {
		path := secretFile(t, dir, mode)
		want := fmt.Sprintf("casdoctor.yaml:3:30: cas.api.token: others can read %s (mode %04o); run: chmod 600 %s", path, mode, path)
		if err := loadSecret(t, path); err == nil || err.Error() != want {
			t.Errorf("%04o: got  %v\nwant %s", mode, err, want)
		}
	}
}

// The mode that counts is the file's, not that of a link to it.
func TestSecretFileBehindALink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(secretFile(t, dir, 0o644), link); err != nil {
		t.Fatal(err)
	}
	if err := loadSecret(t, link); err == nil {
		t.Error("a link hides that others can read the file")
	}
}

func TestCredentialsDirectory(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	path := secretFile(t, dir, 0o440)
	if err := loadSecret(t, path); err == nil {
		t.Fatal("accepted before the folder is the platform's")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if err := loadSecret(t, path); err != nil {
		t.Errorf("in $CREDENTIALS_DIRECTORY: %v", err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(secretFile(t, outside, 0o644), link); err != nil {
		t.Fatal(err)
	}
	if err := loadSecret(t, link); err == nil {
		t.Error("a link out of $CREDENTIALS_DIRECTORY is accepted")
	}
	alike := dir + "-of-another-unit"
	if err := os.Mkdir(alike, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := loadSecret(t, secretFile(t, alike, 0o644)); err == nil {
		t.Error("a folder whose name only starts alike is accepted")
	}
}

// Kubernetes and others mount secrets through links (..data).
func TestHandedOutThroughALink(t *testing.T) {
	real := t.TempDir()
	path := secretFile(t, real, 0o644)
	link := filepath.Join(t.TempDir(), "run-secrets")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if !handedOut(path, "/nowhere", link) || handedOut(path, "") {
		t.Error("a file in the folder behind the link is not seen there, or every file is")
	}
}

// To open a pipe waits for its writer, who may never come.
func TestPipesAreRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	err := loadSecret(t, pipe)
	if err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("got %v", err)
	}
}
