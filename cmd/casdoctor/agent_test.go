package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

type agentKey struct{}

// running is an agent that a script has started, and what it says.
type running struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when err is there
	err   error

	mu   sync.Mutex
	said bytes.Buffer
	more chan struct{} // something was said
}

// Write is part of io.Writer: both of its outputs.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.said.Write(p)
	select {
	case r.more <- struct{}{}:
	default:
	}
	return n, err
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// wait until the pattern is in what the agent says, and return its first group.
func (r *running) wait(ts *testscript.TestScript, pattern string) string {
	re, err := regexp.Compile(pattern)
	ts.Check(err)
	end := time.After(patience)
	for {
		if m := re.FindStringSubmatch(r.text()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-r.more:
			continue
		case <-r.ended: // and all that it said is there
			if m := re.FindStringSubmatch(r.text()); m != nil {
				return m[len(m)-1]
			}
		case <-end:
		}
		ts.Fatalf("the agent never says %q:\n%s", pattern, r.text())
	}
}

// patience bounds every wait of a script for an agent; nothing takes as long on a machine of its own.
const patience = 5 * time.Minute

// theAgent is the command of scripts for an agent that runs beside them:
//
//	agent port              sets PORT to a free one
//	agent start ARGUMENT…   casdoctor agent ARGUMENT…
//	agent says PATTERN      waits until it has written that, since the start
//	agent page PATH PATTERN its page answers with that
//	agent post PATH         presses a button of it
//	agent signal NAME       sends HUP, INT or TERM
//	agent ends              waits for its end, with exit code 0
func theAgent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: agent port|start|says|page|post|signal|ends")
	}
	if args[0] == "port" {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // on loopback
		ts.Check(err)
		_, port, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		ts.Check(l.Close())
		ts.Setenv("PORT", port)
		return
	}
	at := ts.Value(agentKey{}).(**running)
	if args[0] == "start" {
		r := &running{cmd: exec.Command("casdoctor", append([]string{"agent"}, args[1:]...)...), ended: make(chan struct{}), more: make(chan struct{}, 1)}
		path, err := exec.LookPath("casdoctor")
		ts.Check(err)
		r.cmd.Path, r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = path, ts.MkAbs("."), r, r
		for _, name := range []string{"PATH", "LC_ALL", "TMPDIR", "HOME"} {
			r.cmd.Env = append(r.cmd.Env, name+"="+ts.Getenv(name))
		}
		ts.Check(r.cmd.Start())
		go func() {
			r.err = r.cmd.Wait()
			close(r.ended)
		}()
		ts.Defer(func() { _ = r.cmd.Process.Kill() }) // nothing, when it has ended
		*at = r
		return
	}
	r := *at
	if r == nil {
		ts.Fatalf("no agent is started")
	}
	switch {
	case args[0] == "says" && len(args) == 2:
		r.wait(ts, args[1])
	case args[0] == "page" && len(args) == 3:
		body := r.ask(ts, http.MethodGet, args[1])
		if !regexp.MustCompile("(?m)" + args[2]).MatchString(body) {
			ts.Fatalf("%s does not say %q:\n%s", args[1], args[2], body)
		}
	case args[0] == "post" && len(args) == 2:
		r.ask(ts, http.MethodPost, args[1])
	case args[0] == "signal" && len(args) == 2:
		ts.Check(r.cmd.Process.Signal(map[string]syscall.Signal{"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "TERM": syscall.SIGTERM}[args[1]]))
	case args[0] == "ends" && len(args) == 1:
		select {
		case <-r.ended:
			if r.err != nil {
				ts.Fatalf("%v\n%s", r.err, r.text())
			}
		case <-time.After(patience):
			ts.Fatalf("the agent does not end:\n%s", r.text())
		}
	default:
		ts.Fatalf("agent %s: unknown, or not so many arguments", args[0])
	}
}

// ask asks the page of the agent, whose address it has written.
func (r *running) ask(ts *testscript.TestScript, method, path string) string {
	address := r.wait(ts, `(http://127\.0\.0\.1:[0-9]+)/`)
	q, err := http.NewRequest(method, address+path, nil) //nolint:noctx // the client's time limit bounds it
	ts.Check(err)
	got, err := (&http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(q)
	ts.Check(err)
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	ts.Check(err)
	if got.StatusCode >= http.StatusBadRequest {
		ts.Fatalf("%s %s: %s\n%s", method, path, got.Status, body)
	}
	return string(body)
}
