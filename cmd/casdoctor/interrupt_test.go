package main

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/lab"
)

// TestInterrupt: Ctrl-C while a service hangs ends the run at once, without a report.
func TestInterrupt(t *testing.T) {
	o := lab.Healthy()
	o.Faults = append(o.Faults, lab.Fault{Service: lab.GraphService, Path: "/v1.0/organization", Hang: true})
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	path, err := l.WriteConfig(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		for !slices.ContainsFunc(l.Requests(), func(q lab.Request) bool { return q.Path == "/v1.0/organization" }) {
			runtime.Gosched()
		}
		interrupt()
	}()
	var out, stderr bytes.Buffer
	code := execute(ctx, []string{"check", "-c", path}, streams{out: &out, err: &stderr})
	if code != checks.ExitNoRun || out.Len() != 0 || !strings.Contains(stderr.String(), "interrupted: no report was made") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), stderr.String())
	}
}
