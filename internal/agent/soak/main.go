// Soak lets an agent work for a long time at one run a second, and then counts what it has
// lost, done twice, or not given back.
//
// The agent is the real binary in a process of its own. It looks at 60 tenants, each every
// minute, and all of them are one practice organisation on loopback, which has a trouble and
// loses it again: the configurations are pointed to the one or the other, and SIGHUP makes the
// agent read them. A receiver on loopback takes its signed messages, and refuses some at the
// first attempt. The page and its metrics are read meanwhile, as by a person and by Prometheus.
//
// What was to happen is reckoned without the agent: a run of every tenant for every minute,
// and a message for every change between two runs.
//
// What belongs here: the world around that agent, and the count. What does not: a faster way
// to the same states; the tests of the packages have that. Use: make test-soak.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/casdoctor/casdoctor/internal/agent/store"
)

func main() {
	s := soak{out: os.Stdout, log: os.Stderr, speed: 1, database: os.Getenv(databaseVariable)}
	flag.IntVar(&s.tenants, "tenants", 60, "tenants, each looked at once a minute")
	flag.DurationVar(&s.time, "time", 30*time.Minute, "how long the agent works")
	flag.DurationVar(&s.turn, "turn", 90*time.Second, "how long the organisation stays as it is")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: soak [flags] CASDOCTOR\nThe memory is on the PostgreSQL of $"+databaseVariable+" where that is set.")
		os.Exit(2)
	}
	s.command = func(config string) *exec.Cmd {
		return exec.Command(flag.Arg(0), "agent", "-c", config) //nolint:gosec // G204: the binary that make built
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := s.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

type soak struct {
	tenants    int
	time, turn time.Duration
	speed      int    // how fast the agent's clock runs; its process knows
	database   string // of PostgreSQL; "": an SQLite file
	command    func(config string) *exec.Cmd
	out, log   io.Writer
	// enough may let the agent work longer than time: until it is true.
	enough func(received int) bool
}

// minute is that of the agent's clock.
func (s soak) minute() time.Duration { return time.Minute / time.Duration(s.speed) }

// run reports whether nothing was lost, doubled or grew.
func (s soak) run(ctx context.Context) (ok bool, err error) {
	w, err := newWorld(s)
	if err != nil {
		return false, err
	}
	defer w.close()
	agent := s.command(w.config)
	agent.Env = append(agent.Environ(), databaseVariable+"="+s.database)
	agent.Stderr = s.log
	agent.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := agent.Start(); err != nil {
		return false, err
	}
	ended := make(chan error, 1)
	go func() { ended <- agent.Wait() }()
	watch := &watch{pid: agent.Process.Pid, page: w.page, browser: w.receiver.Client()}
	began, over, err := s.live(ctx, w, watch, agent.Process, ended)
	_ = agent.Process.Signal(syscall.SIGTERM)
	if err != nil {
		return false, errors.Join(err, <-ended)
	}
	if err := <-ended; err != nil {
		return false, fmt.Errorf("the agent did not stop well: %w", err)
	}
	c, err := s.count(ctx, w, began, over)
	if err != nil {
		return false, err
	}
	return s.tell(c, watch, over.Sub(began)), nil
}

// live lets the agent work, and returns when it has nothing left to send; began is when it was up, and
// over when it was only waited for.
func (s soak) live(ctx context.Context, w *world, watch *watch, agent *os.Process, ended chan error) (began, over time.Time, err error) {
	if err := watch.up(ctx, ended); err != nil {
		return began, over, err
	}
	began = time.Now()
	sample, turn, end := time.NewTicker(max(time.Second, s.time/200)), time.NewTicker(s.turn), time.After(s.time)
	defer sample.Stop()
	defer turn.Stop()
	for late := false; !late || s.enough != nil && !s.enough(w.receiver.messages()); {
		select {
		case <-ctx.Done():
			return began, over, ctx.Err()
		case err := <-ended:
			ended <- err
			return began, over, fmt.Errorf("the agent has ended by itself: %w", err)
		case <-end:
			late = true
		case <-turn.C:
			if err := w.turn(); err != nil {
				return began, over, err
			}
			if err := agent.Signal(syscall.SIGHUP); err != nil {
				return began, over, err
			}
		case <-sample.C:
			if err := watch.sample(ctx); err != nil {
				return began, over, err
			}
		}
	}
	over = time.Now()
	return began, over, w.drain(ctx)
}

// drain waits until every message is sent: one that was refused is tried again for up to some
// 25 s (its own wait, and two rounds of the queue).
func (w *world) drain(ctx context.Context) error {
	w.receiver.refuse.Store(false)
	st, err := store.OpenToRead(ctx, w.where)
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		waiting := 0
		if err := st.View(ctx, func(tx store.Tx) error {
			list, err := store.Waiting(ctx, tx, 1)
			waiting = len(list)
			return err
		}); err != nil {
			return err
		}
		if waiting == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil // the count says what is lost
}

// tell prints the table, and reports whether all is well.
func (s soak) tell(c counts, w *watch, took time.Duration) bool {
	row := func(what string, figure any) { _, _ = fmt.Fprintf(s.out, "| %s | %v |\n", what, figure) }
	_, _ = fmt.Fprintf(s.out, "| %d tenants, a run of each every %s, for %s | Figure |\n|---|---|\n", s.tenants, s.minute(), took.Round(time.Second))
	row("runs", c.runs)
	row("runs lost: minutes of a tenant without one", c.lost)
	row("runs doubled: more than one look for a minute", c.doubled)
	row("minutes that passed while the tenant's last look still ran, caught up by the next", c.merged)
	row("runs without a report", c.failed)
	row("changes to tell", c.changes)
	row("messages received, and sent again after a refusal", fmt.Sprintf("%d, %d", c.messages, c.refused))
	row("messages that a run made after the last look at the outbox, left for the next start", c.left)
	row("messages lost, doubled, and wrongly signed", fmt.Sprintf("%d, %d, %d", c.untold, c.twice, c.forged))
	grows := w.tell(row)
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Fprintf(s.out, "\n%d cores, %s, load at the end %s\n", runtime.NumCPU(), runtime.Version(), strings.Join(strings.Fields(string(load))[:3], " "))
	}
	for what, n := range map[string]int{"lost runs": c.lost, "doubled runs": c.doubled, "lost messages": c.untold, "doubled messages": c.twice, "wrong signatures": c.forged} {
		if n > 0 {
			_, _ = fmt.Fprintf(s.out, "%d %s\n", n, what)
		}
	}
	for _, g := range grows {
		_, _ = fmt.Fprintln(s.out, g)
	}
	return c.lost+c.doubled+c.untold+c.twice+c.forged == 0 && len(grows) == 0
}
