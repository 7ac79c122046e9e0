package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/checks"
)

// A console that is silent keeps nobody longer than --timeout, and what was found by then is said.
func TestConsoleTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(io.Discard, conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	var out, stderr bytes.Buffer
	start := time.Now()
	code := execute(t.Context(), []string{"console", l.Addr().String(), "--timeout", "1s"}, streams{out: &out, err: &stderr})
	// Without the flag the first hello alone would take a phase, which is five seconds.
	if took := time.Since(start); took > 4*time.Second || code != checks.ExitUnknown {
		t.Errorf("exit %d after %s\n%s%s", code, took, out.String(), stderr.String())
	}
	if s := out.String(); !strings.Contains(s, l.Addr().String()+"  connected") || !strings.Contains(s, "not everything could be seen") {
		t.Errorf("what was found by then is missing:\n%s", s)
	}
}
