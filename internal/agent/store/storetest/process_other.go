//go:build !linux

package storetest

import (
	"os/exec"
	"syscall"
)

// Bind does nothing: only Linux has a way.
func Bind(*exec.Cmd) {}

// serverProcess are the attributes of a PostgreSQL server, of which there is none: binaries finds Debian's only.
func serverProcess(string) (*syscall.SysProcAttr, error) { return &syscall.SysProcAttr{}, nil }
