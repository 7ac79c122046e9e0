package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forbidden is the variable that has the command of this test binary die of its first socket.
const forbidden = "CASDOCTOR_TEST_NO_SOCKETS"

// noSockets has the kernel kill this process when it asks for a socket of any kind (seccomp(2)).
// That it does so to a process that swallows the error of a failing connection, too, is what a
// namespace without a network would not show.
func noSockets() error {
	const (
		load, equal, result = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
		kill, allow         = 0x80000000, 0x7fff0000 // SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW
	)
	filter := []unix.SockFilter{
		{Code: load}, // the number of the system call
		{Code: equal, Jf: 1, K: unix.SYS_SOCKET},
		{Code: result, K: kill},
		{Code: result, K: allow},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// TestNoSocket: what works on saved files needs no network, and does not try.
func TestNoSocket(t *testing.T) {
	dir := t.TempDir()
	casdoctor := filepath.Join(dir, "casdoctor") // by its name this binary is the command
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, casdoctor); err != nil {
		t.Fatal(err)
	}
	evidence, saved, other := filepath.Join(dir, "evidence.json"), filepath.Join(dir, "report.json"), filepath.Join(dir, "other.json")
	run := func(env string, args ...string) (code int, signal syscall.Signal, stderr string) {
		c := exec.CommandContext(t.Context(), casdoctor, args...)
		c.Env, c.Dir = append(os.Environ(), env), dir
		var b bytes.Buffer
		c.Stderr = &b
		err := c.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
				return -1, s.Signal(), b.String()
			}
			return exit.ExitCode(), 0, b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0, 0, b.String()
	}
	for scenario, file := range map[string]string{"all-troubles": saved, "healthy": other} {
		if code, _, stderr := run("NO_COLOR=1", "demo", scenario, "--format", "json", "-o", file, "--save-evidence", evidence); code == 2 || code == 4 {
			t.Fatalf("demo %s: %d: %s", scenario, code, stderr)
		}
	}
	for _, args := range [][]string{
		{"replay", evidence, "-v"}, {"replay", evidence, "--format", "html", "-o", filepath.Join(dir, "report.html")},
		{"report", saved}, {"report", saved, "--report-dir", filepath.Join(dir, "reports")},
		{"diff", other, saved}, {"explain", "MFA-01"}, {"explain", "TLS-01.C1", "--lang", "ja"}, {"list"}, {"permissions"}, {"version"},
		{"bundle", saved, "-o", filepath.Join(dir, "ticket.zip"), "--pseudonyms"},
		{"bundle", "--inspect", filepath.Join(dir, "ticket.zip")},
	} {
		if code, signal, stderr := run(forbidden+"=1", args...); signal != 0 || code == 2 || code == 4 {
			t.Errorf("%v: exit code %d, %v: %s", args, code, signal, stderr)
		}
	}
	// The filter is there: what looks dies of its first question.
	if _, signal, stderr := run(forbidden+"=1", "console", "127.0.0.1:9"); signal != syscall.SIGSYS {
		t.Errorf("casdoctor console lived without sockets: %v %s", signal, stderr)
	}
}
