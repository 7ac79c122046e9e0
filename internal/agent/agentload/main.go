// Agentload measures the agent: how large its memory of 200 tenants and 90 days of hourly
// runs is, how long the overview takes to read from it, how soon an agent is up on it, and
// what an idle agent takes of the machine. It prints a Markdown table for
// docs/performance.md.
//
// The documents are those of real runs against the practice organisation; in each hour the
// times and durations are others, in each week a finding comes or goes. Those of one tenant
// are made and packed, and then copied as rows for the others.
//
// What belongs here: making that database and reading the clock, the file and the kernel.
// What does not: a limit that makes it fail. Use: make agent-load.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/casdoctor/casdoctor/internal/agent/proc"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

func main() {
	tenants := flag.Int("tenants", 200, "tenants")
	days := flag.Int("days", 90, "days of hourly runs")
	idle := flag.Duration("idle", 10*time.Minute, "how long the idle agent is watched")
	scenario := flag.String("scenario", "mfa-per-user", "the practice organisation")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: agentload [flags] CASDOCTOR")
		os.Exit(2)
	}
	m := measurement{casdoctor: flag.Arg(0), tenants: *tenants, hours: *days * 24, idle: *idle, scenario: *scenario, out: os.Stdout}
	if err := m.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type measurement struct {
	casdoctor, scenario, dir string
	tenants, hours           int
	idle                     time.Duration
	out                      io.Writer
}

func (m *measurement) row(what, figure string) {
	_, _ = fmt.Fprintf(m.out, "| %s | %s |\n", what, figure)
}

func (m *measurement) run(ctx context.Context) (err error) {
	if m.dir, err = os.MkdirTemp("", "casdoctor-load-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(m.dir) }()
	_, _ = fmt.Fprintf(m.out, "| %d tenants, %d hourly runs each | Figure |\n|---|---|\n", m.tenants, m.hours)
	path := filepath.Join(m.dir, "agent.db")
	s, err := store.Open(ctx, store.Settings{SQLite: path})
	if err != nil {
		return err
	}
	if err := errors.Join(m.fill(ctx, s), m.overview(ctx, s), s.Close()); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	m.row("database", fmt.Sprintf("%.2f GiB, %.1f kB a run", float64(info.Size())/(1<<30), float64(info.Size())/1000/float64(m.tenants*m.hours)))
	return m.agent(ctx)
}

// name of a tenant; the configurations of agent have the same.
func name(i int) string { return fmt.Sprintf("tenant-%03d", i) }

func (m *measurement) fill(ctx context.Context, s *store.Store) error {
	report, evidence, err := m.sample(ctx)
	if err != nil {
		return err
	}
	m.row("evidence.json and report.json of a run", fmt.Sprintf("%d and %d kB", len(evidence)/1000, len(report)/1000))
	begun := time.Now().UTC().Truncate(time.Hour).Add(-time.Duration(m.hours) * time.Hour)
	next := begun.AddDate(10, 0, 0) // nothing is due
	statuses := map[string]string{"LIC-01": "pass", "ACC-01": "pass", "BND-01": "pass", "MFA-01": "fail", "GDM-01": "pass", "SPM-01": "warn", "TLS-01": "pass"}
	for i := range m.tenants {
		if err := s.Update(ctx, func(tx store.Tx) error {
			return store.AddTenant(ctx, tx, store.Tenant{Name: name(i), Schedule: "0 0 1 1 *", TimeZone: "UTC", Period: next, Due: next})
		}); err != nil {
			return err
		}
	}
	packing := time.Duration(0)
	for h := range m.hours {
		at := begun.Add(time.Duration(h) * time.Hour)
		statuses["MFA-01"] = []string{"fail", "pass"}[h/(7*24)%2]
		raw := map[store.Kind][]byte{store.Evidence: changed(evidence, at, h), store.Report: changed(report, at, h)}
		start := time.Now()
		if err := s.Update(ctx, func(tx store.Tx) error {
			id, _, err := store.AddRun(ctx, tx, store.Run{
				Tenant: name(0), Period: at, Begun: at, Ended: at.Add(3 * time.Second), Version: "v0.0.0-load", Verdict: "not_ready", ExitCode: 1, Statuses: statuses,
			})
			for _, kind := range []store.Kind{store.Evidence, store.Report} {
				err = errors.Join(err, store.AddDocument(ctx, tx, name(0), id, kind, raw[kind]))
			}
			return err
		}); err != nil {
			return err
		}
		packing += time.Since(start)
	}
	m.row("remembering a run", fmt.Sprintf("%.1f ms", float64(packing.Microseconds())/1000/float64(m.hours)))
	return m.copies(ctx, s)
}

// copies gives the other tenants what the first one has.
func (m *measurement) copies(ctx context.Context, s *store.Store) error {
	for i := 1; i < m.tenants; i++ {
		if err := s.Update(ctx, func(tx store.Tx) error {
			for _, query := range []string{
				`INSERT INTO runs SELECT id + $1, $2, period, asked_by, begun, ended, version, verdict, exit_code, statuses, failure FROM runs WHERE tenant = $3`,
				`INSERT INTO documents SELECT d.run + $1, d.kind, d.base + $1, d.size, d.body FROM documents d JOIN runs r ON r.id = d.run WHERE r.tenant = $3 AND $2 <> ''`,
				`INSERT INTO bases SELECT $2, kind, run + $1, whole, least, excess FROM bases WHERE tenant = $3`,
				`INSERT INTO states SELECT $2, check_id, status, since, run + $1, seen + $1 FROM states WHERE tenant = $3`,
				`UPDATE tenants SET (last_run, last_at, last_report, good_at, verdict, exit_code) =
					(SELECT last_run + $1, last_at, last_report + $1, good_at, verdict, exit_code FROM tenants WHERE name = $3) WHERE name = $2`,
			} {
				if _, err := tx.Exec(ctx, query, i*m.hours, name(i), name(0)); err != nil {
					return fmt.Errorf("%s: %w", query, err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// sample is a real run.
func (m *measurement) sample(ctx context.Context) (report, evidence []byte, err error) {
	r, e := filepath.Join(m.dir, "report.json"), filepath.Join(m.dir, "evidence.json")
	//nolint:gosec // the binary that is measured
	err = exec.CommandContext(ctx, m.casdoctor, "demo", m.scenario, "--format", "json", "-o", r, "--save-evidence", e).Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return nil, nil, err
	}
	report, err = os.ReadFile(r)
	if err == nil {
		evidence, err = os.ReadFile(e)
	}
	return report, evidence, err
}

var (
	durations = regexp.MustCompile(`("(?:took|took_ms|path|bytes)": )(\d+)`)
	times     = regexp.MustCompile(`"20\d\d-\d\d-\d\dT[0-9:.]+Z"`)
)

// changed is the document an hour later: no duration and no time of the run is the same, and
// every week half of the words of a finding are others.
func changed(raw []byte, at time.Time, hour int) []byte {
	random := rand.New(rand.NewPCG(uint64(hour), uint64(len(raw)))) //nolint:gosec // it is no secret
	raw = durations.ReplaceAllFunc(raw, func(m []byte) []byte {
		i := slices.Index(m, ':') + 2
		n, _ := strconv.ParseInt(string(m[i:]), 10, 64)
		return strconv.AppendInt(slices.Clone(m[:i]), n/2+random.Int64N(n+1), 10)
	})
	raw = times.ReplaceAllFunc(raw, func([]byte) []byte {
		return strconv.AppendQuote(nil, at.Add(time.Duration(random.Int64N(int64(3*time.Second)))).Format(time.RFC3339Nano))
	})
	if week := hour / (7 * 24); week%2 == 1 {
		raw = []byte(strings.NewReplacer("confirmed", "refuted", "enforced", "disabled", "not_ready", "ready").Replace(string(raw)))
	}
	return raw
}

// overview is the time that the database takes for what the page's first view shows.
func (m *measurement) overview(ctx context.Context, s *store.Store) error {
	var all []time.Duration
	rows := 0
	for range 50 {
		start := time.Now()
		if err := s.View(ctx, func(tx store.Tx) error {
			tenants, err := store.Tenants(ctx, tx)
			states, err2 := store.States(ctx, tx, "")
			rows = len(tenants) + len(states)
			return errors.Join(err, err2)
		}); err != nil {
			return err
		}
		all = append(all, time.Since(start))
	}
	slices.Sort(all)
	m.row(fmt.Sprintf("overview, %d rows: median and worst of %d", rows, len(all)), fmt.Sprintf("%.1f and %.1f ms", ms(all[len(all)/2]), ms(all[len(all)-1])))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// agent starts the real one on that database, with nothing due, and watches it.
func (m *measurement) agent(ctx context.Context) error {
	var b strings.Builder
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "version: 1\nschedule: \"0 0 1 1 *\"\njitter: 0s\npage: {listen: %q}\ntenants:\n", l.Addr().String())
	if err := l.Close(); err != nil {
		return err
	}
	for i := range m.tenants {
		file := name(i) + ".yaml"
		text := fmt.Sprintf("version: 1\ntenant: %s\ncas: {site: eu}\n", name(i))
		if err := os.WriteFile(filepath.Join(m.dir, file), []byte(text), 0o600); err != nil {
			return err
		}
		fmt.Fprintf(&b, "  - {config: %s}\n", file)
	}
	config := filepath.Join(m.dir, "agent.yaml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return err
	}
	agent := exec.CommandContext(ctx, m.casdoctor, "agent", "-c", config) //nolint:gosec // G204: the binary that make built
	log, err := agent.StderrPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := agent.Start(); err != nil {
		return err
	}
	defer func() { _ = agent.Process.Signal(syscall.SIGTERM); _ = agent.Wait() }()
	lines := bufio.NewScanner(log)
	for lines.Scan() && !strings.Contains(lines.Text(), "the agent is up") {
		_, _ = fmt.Fprintln(os.Stderr, lines.Text())
	}
	m.row("start, until it is up", fmt.Sprintf("%.0f ms", ms(time.Since(start))))
	go func() { _, _ = io.Copy(os.Stderr, log) }()
	return m.watch(ctx, agent.Process.Pid)
}

func (m *measurement) watch(ctx context.Context, pid int) error {
	const settled = 5 * time.Second
	if err := sleep(ctx, settled); err != nil {
		return err
	}
	before, err := proc.Processor(pid)
	if err != nil {
		return err
	}
	woken, err := proc.Switches(pid)
	if err != nil {
		return err
	}
	most := 0
	for end := time.Now().Add(m.idle); time.Now().Before(end); {
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
		kib, err := proc.Resident(pid)
		if err != nil {
			return err
		}
		most = max(most, kib)
	}
	after, err := proc.Processor(pid)
	if err != nil {
		return err
	}
	wakes, err := proc.Switches(pid)
	if err != nil {
		return err
	}
	now, err := proc.Resident(pid)
	m.row(fmt.Sprintf("idle for %s: resident, most and at the end", m.idle), fmt.Sprintf("%.1f and %.1f MiB", float64(most)/1024, float64(now)/1024))
	m.row("idle: threads woken", fmt.Sprintf("%.0f a second", float64(wakes-woken)/m.idle.Seconds()))
	m.row("idle: of a core (the queue is asked every 10 s)", fmt.Sprintf("%.2f %%", 100*float64(after-before)/float64(m.idle)))
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
