//go:build unix

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// onlyOwner refuses a file that others than its owner can read. Where a platform hands out
// secrets, its own rules hold: Docker and Podman (/run/secrets), systemd
// ($CREDENTIALS_DIRECTORY), and read-only mounts such as Kubernetes' secret volumes, where
// the mode is the platform's and chmod is not possible.
func onlyOwner(f *os.File) *complaint {
	info, err := f.Stat()
	if err != nil {
		return &complaint{"cannot read " + f.Name() + ": " + reason(err), ""}
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if handedOut(f.Name(), "/run/secrets", os.Getenv("CREDENTIALS_DIRECTORY")) || onReadOnlyMount(f) {
		return nil
	}
	return &complaint{
		fmt.Sprintf("others can read %s (mode %04o)", f.Name(), info.Mode().Perm()), "run: chmod 600 " + f.Name(),
	}
}

// handedOut reports whether a file is really in one of the folders: a link out of them does
// not count.
func handedOut(path string, folders ...string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	if real, err = filepath.Abs(real); err != nil {
		return false
	}
	for _, f := range folders {
		if folder, err := filepath.EvalSymlinks(f); f != "" && err == nil && strings.HasPrefix(real, folder+"/") {
			return true
		}
	}
	return false
}
