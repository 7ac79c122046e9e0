package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/interview"
)

// TestInitDialogue: what is asked before and after the questions, with a file that is there.
func TestInitDialogue(t *testing.T) {
	const answers = "cas\n\neu\n\nx\n"
	for name, tt := range map[string]struct {
		typed  string
		force  bool
		exit   int
		writes bool
		says   string
	}{
		"Enter keeps it":      {"\n", false, 2, false, "stays as it is"},
		"no keeps it":         {"no\n" + answers, false, 2, false, "stays as it is"},
		"yes replaces it":     {"perhaps\nyes\n" + answers, false, 0, true, "is written"},
		"--force asks less":   {answers, true, 0, true, "is written"},
		"an end at the start": {"", false, 4, false, "nothing was written"},
		"an end in between":   {"yes\ncas\n", false, 4, false, "nothing was written"},
		"an end at the last":  {"yes\ncas\n\neu\n\n", false, 4, false, "nothing was written"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "casdoctor.yaml")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, stderr bytes.Buffer
			s := streams{in: strings.NewReader(tt.typed), out: &out, err: &stderr}
			o := initFlags{force: tt.force}
			d := &interview.Dialogue{In: s.in, Out: s.err, Lang: "en", Width: 80}
			err := o.converse(t.Context(), s, d, path, interview.Answers{})
			if got := exitCode(err, &stderr); got != tt.exit {
				t.Errorf("exit code %d, want %d: %v", got, tt.exit, err)
			}
			raw, _ := os.ReadFile(path)
			if written := string(raw) != "old"; written != tt.writes || written && !strings.Contains(string(raw), "site: eu") {
				t.Errorf("the file is now\n%s", raw)
			}
			if !strings.Contains(stderr.String(), tt.says) || out.Len() > 0 {
				t.Errorf("no %q in\n%s", tt.says, stderr.String())
			}
			if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestInitInterrupted: Ctrl-C while a question waits.
func TestInitInterrupted(t *testing.T) {
	in, typed := io.Pipe()
	defer func() { _ = in.Close() }()
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		_, _ = io.WriteString(typed, "cas\n") // and no more
		interrupt()
	}()
	path := filepath.Join(t.TempDir(), "casdoctor.yaml")
	var stderr bytes.Buffer
	s := streams{in: in, out: io.Discard, err: &stderr}
	var o initFlags
	err := o.converse(ctx, s, &interview.Dialogue{In: in, Out: &stderr, Lang: "en", Width: 80}, path, interview.Answers{})
	if got := exitCode(err, &stderr); got != 4 || !strings.Contains(stderr.String(), "nothing was written") {
		t.Errorf("exit code %d\n%s", got, stderr.String())
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
