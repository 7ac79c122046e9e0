package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/store/storetest"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// teller tells every run.
type teller struct{ sent chan store.Message }

func (teller) After(memory string, run store.Run, o jobs.Outcome) (string, []store.Message, error) {
	return memory, []store.Message{{ID: fmt.Sprint(run.ID), Tenant: run.Tenant, Channel: "ops", Body: string(o.Report), NotBefore: run.Ended}}, nil
}

func (teller) Join(held, _ []store.Message) ([]store.Message, error) { return held, nil }

func (teller) Digest([]store.Tenant, map[string]string, time.Time) ([]store.Message, error) {
	return nil, nil
}

func (t teller) Send(_ context.Context, m store.Message) error {
	t.sent <- m
	return nil
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) wait(t *testing.T, what string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		text := l.b.String()
		l.mu.Unlock()
		if strings.Contains(text, what) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the log never says %q:\n%s", what, text)
		}
	}
}

// TestAgent lives the life of an agent against the practice organisation: a first run, a
// waiver of the page and a run on request, a good and a bad reload, and the end.
func TestAgent(t *testing.T) {
	storetest.EachInTurn(t, func(t *testing.T, where store.Settings) {
		var sc lab.Scenario
		for _, s := range lab.Scenarios() {
			if s.Name == "mfa-per-user" {
				sc = s
			}
		}
		l, err := lab.Start(sc.Organisation)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		dir := t.TempDir()
		tenant, err := l.WriteConfig(dir)
		if err != nil {
			t.Fatal(err)
		}
		path, database := filepath.Join(dir, "agent.yaml"), "sqlite: "+where.SQLite
		if where.Postgres != "" {
			t.Setenv("CASDOCTOR_DATABASE", where.Postgres)
			database = "postgres: env:CASDOCTOR_DATABASE"
		}
		write := func(more string) {
			text := "version: 1\nstore: {" + database + "}\nschedule: \"0 6 1 1 *\"\ntenants:\n  - {config: " + tenant + "}\n" + more
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("")
		socket := systemd(t)
		tell, log, reload := teller{make(chan store.Message, 10)}, &lines{}, make(chan os.Signal, 1)
		up := make(chan *agent.Agent, 1)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		done := make(chan error, 1)
		go func() {
			done <- agent.Run(ctx, agent.Options{
				Load: func() (*config.Agent, error) { return config.LoadAgent(path) }, Reload: reload, Log: zerolog.New(log), Version: "1.0",
				Tell: func(*config.Agent) (jobs.Alerts, jobs.Sender, error) { return tell, tell, nil },
				Serve: func(ctx context.Context, a *agent.Agent) error {
					up <- a
					<-ctx.Done()
					return nil
				},
			})
		}()
		a := <-up
		first := told(t, tell)
		if r := first; r.Verdict != "not_ready" || r.Tenant == "" || r.Tool.Version != "1.0" {
			t.Errorf("the first report: %s %s %s", r.Tenant, r.Verdict, r.Tool.Version)
		}

		// What somebody waives on the page counts from the next run on, beside the file's.
		cause, subject := found(t, first)
		if err := a.Store.Update(ctx, func(tx store.Tx) error {
			_, err := store.AddWaiver(ctx, tx, store.Waiver{
				Tenant: first.Tenant, Cause: cause, Subject: subject, Reason: "ticket 4711", Until: "2999-12-31", MadeBy: "kim", MadeAt: time.Now(),
			})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for asked := false; !asked; { // the first job may not have ended yet
			if asked, err = a.Jobs.RunNow(ctx, first.Tenant, "kim"); err != nil {
				t.Fatal(err)
			}
		}
		second := told(t, tell)
		waived := false
		for _, c := range second.Checks {
			for _, e := range c.Causes {
				waived = waived || e.ID == cause && e.Waived != nil && e.Waived.Reason == "ticket 4711" && e.Waived.Owner == "kim"
			}
		}
		if !waived {
			t.Errorf("%s is not waived in the next report", cause)
		}
		evidence(t, a.Store)

		write("jitterr: 1m\n")
		reload <- syscall.SIGHUP
		log.wait(t, "the old one stays in force")
		write("jitter: 1m\n")
		reload <- syscall.SIGHUP
		log.wait(t, "the new configuration is in force")
		write("")
		if err := os.WriteFile(path, bytes.Replace(read(t, path), []byte(database), []byte("sqlite: other.db"), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		reload <- syscall.SIGHUP
		log.wait(t, "another database is opened at a start only")

		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		states := socket()
		for _, want := range []string{"READY=1", "RELOADING=1", "MONOTONIC_USEC=", "STOPPING=1"} {
			if !strings.Contains(states, want) {
				t.Errorf("systemd is not told %s: %q", want, states)
			}
		}
	})
}

func told(t *testing.T, from teller) report.Report {
	t.Helper()
	select {
	case m := <-from.sent:
		r, err := report.Read(strings.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		return r
	case <-time.After(time.Minute):
		t.Fatal("nothing was told for a minute")
	}
	return report.Report{}
}

// found is one finding of a report.
func found(t *testing.T, r report.Report) (cause, subject string) {
	t.Helper()
	for _, c := range r.Checks {
		for _, e := range c.Causes {
			if e.Verdict == "confirmed" {
				return e.ID, e.Subject
			}
		}
	}
	t.Fatal("nothing was found")
	return "", ""
}

// evidence of the latest run replays.
func evidence(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.View(t.Context(), func(tx store.Tx) error {
		runs, err := store.Runs(t.Context(), tx, "", 0, 1)
		if err != nil {
			return err
		}
		raw, err := store.Document(t.Context(), tx, runs[0].ID, store.Evidence)
		if err != nil {
			return err
		}
		_, err = facts.Decode(raw)
		return err
	}); err != nil {
		t.Error(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// systemd listens as systemd does, and returns what it was told.
func systemd(t *testing.T) func() string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", name)
	var l lines
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for buffer := make([]byte, 1000); ; {
			n, err := c.Read(buffer)
			if err != nil {
				return
			}
			_, _ = l.Write(append(buffer[:n:n], '\n'))
			if bytes.Contains(buffer[:n], []byte("STOPPING")) {
				return
			}
		}
	}()
	return func() string {
		<-ended
		_ = c.Close()
		return l.b.String()
	}
}
