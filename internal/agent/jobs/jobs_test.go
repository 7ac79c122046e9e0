package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/store/storetest"
)

func TestMain(m *testing.M) {
	if raw := os.Getenv(crashing); raw != "" {
		os.Exit(crashAgent(raw))
	}
	storetest.Main(m)
}

var morning = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)

// clock is one that jumps.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

func schedule(t *testing.T, expression, zone string, jitter time.Duration) Schedule {
	t.Helper()
	times, err := config.ParseSchedule(expression)
	if err != nil {
		t.Fatal(err)
	}
	in, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return Schedule{Times: times, Zone: in, Jitter: jitter}
}

func begin(t *testing.T, s *store.Store, set Settings) *Jobs {
	t.Helper()
	j, err := New(s, set)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}

// take sweeps, and takes what was queued off the queue as if it had been done.
func take(t *testing.T, j *Jobs) (periods map[string]time.Time, next time.Time) {
	t.Helper()
	next, err := j.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := j.Queue(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	periods = map[string]time.Time{}
	for _, job := range list {
		if job.Kind == "check" {
			if _, twice := periods[job.Tenant]; twice {
				t.Errorf("two looks at %s are queued", job.Tenant)
			}
			periods[job.Tenant] = job.Period
		}
	}
	if err := j.store.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM river_job WHERE kind = 'check'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return periods, next
}

// TestSweep drives the clock through days, without waiting for one of them.
func TestSweep(t *testing.T) {
	const tenant = "contoso"
	for name, steps := range map[string][]struct {
		at     string
		period string // of the look that is queued; "": none
		next   string
	}{
		"the days go by": {
			{"11-20 06:00", "11-20 06:00", "11-20 07:00"}, // new: at once
			{"11-20 06:59", "", "11-20 07:00"},
			{"11-20 07:00", "11-20 07:00", "11-20 08:00"},
			{"11-20 08:07", "11-20 08:00", "11-20 09:00"},
		},
		"missed runs are caught up once, for the latest": {
			{"11-20 06:00", "11-20 06:00", "11-20 07:00"},
			{"11-23 14:20", "11-23 14:00", "11-23 15:00"},
			{"11-23 14:21", "", "11-23 15:00"},
		},
		"the clock goes back": {
			{"11-20 06:00", "11-20 06:00", "11-20 07:00"},
			{"11-20 07:00", "11-20 07:00", "11-20 08:00"},
			{"11-20 02:30", "", "11-20 03:00"},
			{"11-20 03:00", "11-20 03:00", "11-20 04:00"},
		},
		"the clock goes a year ahead, and back": {
			{"11-20 06:00", "11-20 06:00", "11-20 07:00"},
			{"12-31 23:30", "12-31 23:00", "01-01 00:00"},
			{"11-20 06:10", "", "11-20 07:00"},
			{"11-20 07:00", "11-20 07:00", "11-20 08:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, where store.Settings) {
				c := &clock{at: morning}
				j := begin(t, storetest.Open(t, where), Settings{
					Tenants: []Tenant{{Name: tenant, Schedule: schedule(t, "0 * * * *", "UTC", 0)}}, Now: c.now,
				})
				for _, step := range steps {
					at := func(s string) time.Time {
						v, err := time.Parse("2006-01-02 15:04", "2026-"+s)
						if err != nil {
							t.Fatal(err)
						}
						if strings.HasPrefix(s, "01-") {
							v = v.AddDate(1, 0, 0)
						}
						return v
					}
					c.set(at(step.at))
					got, next := take(t, j)
					if period, ok := got[tenant]; ok != (step.period != "") || ok && !period.Equal(at(step.period)) {
						t.Errorf("at %s a look for %v is queued, want %q", step.at, period, step.period)
					}
					if !next.Equal(at(step.next)) {
						t.Errorf("at %s the next one is due at %v, want %s", step.at, next, step.next)
					}
				}
			})
		})
	}
}

// TestStaysDue: a tenant is looked at by one job at a time, and no period is lost to that.
func TestStaysDue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		c := &clock{at: morning}
		j := begin(t, storetest.Open(t, where), Settings{
			Tenants: []Tenant{{Name: "contoso", Schedule: schedule(t, "*/10 * * * *", "", 0)}}, Now: c.now,
		})
		for _, m := range []int{0, 10, 20} {
			c.set(morning.Add(time.Duration(m) * time.Minute))
			if _, err := j.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if asked, err := j.RunNow(t.Context(), "contoso", "kim"); asked || err != nil {
			t.Errorf("a second look is queued on request: %t %v", asked, err)
		}
		if got, _ := take(t, j); !got["contoso"].Equal(morning) {
			t.Errorf("queued: %v", got)
		}
		if got, _ := take(t, j); !got["contoso"].Equal(morning.Add(20 * time.Minute)) {
			t.Errorf("after the first has ended: %v", got)
		}
		if got, _ := take(t, j); len(got) != 0 {
			t.Errorf("and once more: %v", got)
		}
		if asked, err := j.RunNow(t.Context(), "contoso", "kim"); !asked || err != nil {
			t.Errorf("nothing is queued on request: %t %v", asked, err)
		}
	})
}

// TestSettingsChange: what changes while the agent is down.
func TestSettingsChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, c := storetest.Open(t, where), &clock{at: morning}
		set := func(expression string, names ...string) Settings {
			set := Settings{Now: c.now}
			for _, n := range names {
				set.Tenants = append(set.Tenants, Tenant{Name: n, Schedule: schedule(t, expression, "UTC", 0)})
			}
			return set
		}
		expect := func(j *Jobs, what string, next time.Time, due ...string) {
			t.Helper()
			got, at := take(t, j)
			for _, d := range due {
				if _, ok := got[d]; !ok {
					t.Errorf("%s: %s is not due", what, d)
				}
			}
			if len(got) != len(due) || !at.Equal(next) {
				t.Errorf("%s: due %v, next at %v; want %v, %v", what, got, at, due, next)
			}
		}
		expect(begin(t, s, set("0 6 * * *", "a", "b")), "new", morning.AddDate(0, 0, 1), "a", "b")
		c.set(morning.Add(30 * time.Minute))
		expect(begin(t, s, set("0 * * * *", "a", "b")), "denser", morning.Add(time.Hour))
		expect(begin(t, s, set("0 12 * * *", "a", "b")), "sparser", morning.Add(6*time.Hour))
		c.set(morning.Add(7 * time.Hour))
		expect(begin(t, s, set("0 0 * * *", "a")), "missed, then changed and one removed", morning.Add(18*time.Hour), "a")
		c.set(morning.Add(8 * time.Hour))
		expect(begin(t, s, set("0 0 * * *", "a", "b")), "the removed one is back", morning.Add(18*time.Hour), "b")
	})
}

// TestTwoAgentsSweep: what is due is queued once, whoever is first.
func TestTwoAgentsSweep(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		c, set := &clock{at: morning}, Settings{}
		for i := range 40 {
			set.Tenants = append(set.Tenants, Tenant{Name: fmt.Sprintf("tenant %d", i), Schedule: schedule(t, "0 * * * *", "", 0)})
		}
		set.Now = c.now
		agents := []*Jobs{begin(t, storetest.Open(t, where), set), begin(t, storetest.Open(t, where), set)}
		take(t, agents[0])
		c.set(morning.Add(time.Hour))
		var wg sync.WaitGroup
		for _, j := range agents {
			wg.Go(func() {
				if _, err := j.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, next := take(t, agents[1]); len(got) != 40 || !next.Equal(morning.Add(2*time.Hour)) {
			t.Errorf("%d looks are queued for 40 tenants, and the next is due at %v", len(got), next)
		}
	})
}

// world is what an agent of a test looks at and tells.
type world struct {
	look func(ctx context.Context, tenant string) (Outcome, error)
	sent chan store.Message
	fail error // of Send
	// hold is the end of the quiet hours; zero: there are none.
	hold  time.Time
	joins error // of Join
}

func (w *world) Look(ctx context.Context, tenant string, _ []store.Waiver) (Outcome, error) {
	if w.look != nil {
		return w.look(ctx, tenant)
	}
	return outcome(tenant), nil
}

func outcome(tenant string) Outcome {
	return Outcome{
		Report: []byte(`{"report of": "` + tenant + `"}`), Evidence: []byte(`{"evidence of": "` + tenant + `"}`),
		Verdict: "not_ready", ExitCode: 1, Statuses: map[string]string{"TLS-01": "fail"},
	}
}

// After tells one message of each run, and remembers how many there were.
func (w *world) After(memory string, run store.Run, _ Outcome) (string, []store.Message, error) {
	n, _ := strconv.Atoi(memory)
	when := run.Ended
	if !w.hold.IsZero() {
		when = w.hold
	}
	return strconv.Itoa(n + 1), []store.Message{{
		ID: fmt.Sprintf("%s/%d", run.Tenant, run.Period.UnixMilli()), Tenant: run.Tenant, Channel: "ops", Body: run.Failure, Made: run.Ended,
		NotBefore: when,
	}}, nil
}

// Join makes one message of all that were held back; it names them in its body.
func (w *world) Join(held, passed []store.Message) ([]store.Message, error) {
	m := held[0]
	m.ID, m.Body = "joined "+m.ID, fmt.Sprintf("%d held, %d passed", len(held), len(passed))
	return []store.Message{m}, w.joins
}

// Digest tells how many tenants there are and what is remembered of them.
func (w *world) Digest(tenants []store.Tenant, memories map[string]string, at time.Time) ([]store.Message, error) {
	body := at.UTC().Format(time.RFC3339)
	for _, t := range tenants {
		body += " " + t.Name + ":" + t.Verdict + ":" + memories[t.Name]
	}
	return []store.Message{{ID: "digest " + body, Channel: "weekly", Body: body, NotBefore: at}}, nil
}

func (w *world) Send(_ context.Context, m store.Message) error {
	if w.fail != nil {
		w.sent <- m
		return w.fail
	}
	w.sent <- m
	return nil
}

func (w *world) settings(t *testing.T, tenants ...string) Settings {
	set := Settings{
		Look: w.Look, Alerts: w, Sender: w, Log: zerolog.New(zerolog.NewTestWriter(t)), SoftStop: 100 * time.Millisecond,
		Retry: time.Millisecond, Version: "1.0", poll: 50 * time.Millisecond,
	}
	w.sent = make(chan store.Message, 100)
	for _, n := range tenants {
		set.Tenants = append(set.Tenants, Tenant{Name: n, Schedule: schedule(t, "0 6 1 1 *", "", 0)})
	}
	return set
}

// work runs an agent; stop ends it and waits for it.
func work(t *testing.T, s *store.Store, set Settings) (j *Jobs, stop func()) {
	t.Helper()
	j, err := New(s, set)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- j.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return j, stop
}

func receive[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(time.Minute):
		t.Fatal("nothing happened for a minute")
	}
	return v
}

func value(t *testing.T, s *store.Store, query string, args ...any) (n int64) {
	t.Helper()
	err := s.View(t.Context(), func(tx store.Tx) error { return tx.QueryRow(t.Context(), query, args...).Scan(&n) })
	if store.Passing(err) { // some tests take the database away
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// until waits for something that no channel tells: as long as a slow machine under the race
// detector may take.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within five minutes", what)
		}
	}
}

func TestOneRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w := storetest.Open(t, where), &world{}
		set := w.settings(t, "contoso")
		set.poll = time.Hour // nothing waits for it
		j, stop := work(t, s, set)
		m := receive(t, w.sent)
		until(t, "the message is sent", func() bool { return value(t, s, `SELECT COUNT(*) FROM outbox WHERE sent IS NOT NULL`) == 1 })
		until(t, "the job has ended, and another look can be asked for", func() bool {
			asked, err := j.RunNow(t.Context(), "contoso", "kim")
			if err != nil {
				t.Fatal(err)
			}
			return asked
		})
		receive(t, w.sent)
		until(t, "both messages are sent", func() bool { return value(t, s, `SELECT COUNT(*) FROM outbox WHERE sent IS NOT NULL`) == 2 })
		stop()
		if m.Tenant != "contoso" || m.Channel != "ops" {
			t.Errorf("%+v", m)
		}
		if err := s.View(t.Context(), func(tx store.Tx) error {
			runs, err := store.Runs(t.Context(), tx, "contoso", 0, 10)
			if err != nil || len(runs) != 2 || runs[0].AskedBy != "kim" || runs[1].AskedBy != "" || runs[0].Verdict != "not_ready" || runs[0].Version != "1.0" {
				return fmt.Errorf("runs: %+v, %w", runs, err)
			}
			for kind, want := range map[store.Kind][]byte{store.Report: outcome("contoso").Report, store.Evidence: outcome("contoso").Evidence} {
				if got, err := store.Document(t.Context(), tx, runs[0].ID, kind); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %s %v", kind, got, err)
				}
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if n := value(t, s, `SELECT COUNT(*) FROM river_job WHERE state <> 'completed' AND kind <> 'clean'`); n != 0 {
			t.Errorf("%d jobs are not completed", n)
		}
	})
}

// TestNoReport: what keeps a report from being made is tried again, then remembered.
func TestNoReport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w, tried := storetest.Open(t, where), &world{}, 0
		w.look = func(context.Context, string) (Outcome, error) {
			if tried++; tried == 2 {
				panic("a defect")
			}
			return Outcome{}, errors.New("contoso.yaml:3: the secret is not there")
		}
		work(t, s, w.settings(t, "contoso"))
		if m := receive(t, w.sent); m.Body != "contoso.yaml:3: the secret is not there" {
			t.Errorf("told: %q", m.Body)
		}
		if tried != lookAttempts {
			t.Errorf("tried %d times", tried)
		}
		if n := value(t, s, `SELECT COUNT(*) FROM runs WHERE verdict = '' AND failure <> ''`); n != 1 {
			t.Errorf("%d runs without a report", n)
		}
	})
}

// TestDied: an agent that dies during a look loses no period, however often. When every
// attempt ends so, that is remembered.
func TestDied(t *testing.T) {
	for name, c := range map[string]struct {
		attempts int
		failure  bool
	}{"three times": {3, false}, "always": {lookDeaths, true}} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, where store.Settings) {
				s, w := storetest.Open(t, where), &world{}
				set := w.settings(t, "contoso")
				set.Rescue, set.deliverWithin, set.saveWithin, set.Tenants[0].Timeout = time.Second, time.Second, time.Second, time.Second
				if _, err := begin(t, s, set).Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := s.Update(t.Context(), func(tx store.Tx) error {
					_, err := tx.Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = $1, attempted_at = '2026-01-01 00:00:00.000' WHERE kind = 'check'`, c.attempts)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				work(t, s, set)
				if m := receive(t, w.sent); (m.Body == errDied.Error()) != c.failure {
					t.Errorf("told: %q", m.Body)
				}
				if n := value(t, s, `SELECT COUNT(*) FROM runs`); n != 1 {
					t.Errorf("%d runs", n)
				}
			})
		})
	}
}

// TestSoftStop: what is finished in time is remembered; what is not is put back, and its
// attempt is not spent.
func TestSoftStop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w, begun, go1 := storetest.Open(t, where), &world{}, make(chan string, 10), make(chan struct{})
		w.look = func(ctx context.Context, tenant string) (Outcome, error) {
			begun <- tenant
			if tenant == "quick" {
				<-go1
				return outcome(tenant), nil
			}
			<-ctx.Done() // a look that is cut off still makes evidence: all of it unknown
			return outcome(tenant), nil
		}
		set := w.settings(t, "quick", "slow")
		set.SoftStop = 2 * time.Second
		_, stop := work(t, s, set)
		receive(t, begun)
		receive(t, begun)
		time.AfterFunc(100*time.Millisecond, func() { close(go1) })
		stop()
		if n := value(t, s, `SELECT COUNT(*) FROM runs WHERE tenant = 'quick'`); n != 1 {
			t.Error("the look that could finish was not remembered")
		}
		if n := value(t, s, `SELECT COUNT(*) FROM runs WHERE tenant = 'slow'`); n != 0 {
			t.Error("a look that was cut off by the stop counts as a run")
		}
		if n := value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'check' AND state = 'available' AND attempt = 0`); n != 1 {
			t.Error("the look that was cut off is not put back, or has spent an attempt")
		}
		w.look = nil
		work(t, s, set)
		until(t, "the next agent takes it up", func() bool { return value(t, s, `SELECT COUNT(*) FROM runs WHERE tenant = 'slow'`) == 1 })
	})
}

// TestUnknownKind: a job that a later version has queued waits for it, and keeps nobody up.
func TestUnknownKind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w := storetest.Open(t, where), &world{}
		j := begin(t, s, w.settings(t, "contoso"))
		if _, err := j.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE river_job SET kind = 'forecast' WHERE kind = 'check'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		j, _ = work(t, s, w.settings(t, "contoso", "fabrikam"))
		if m := receive(t, w.sent); m.Tenant != "fabrikam" {
			t.Errorf("%+v", m)
		}
		if n := value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'forecast' AND state = 'available' AND attempt = 0`); n != 1 {
			t.Error("the job of an unknown kind did not stay as it was")
		}
		if list, err := j.Queue(t.Context(), 10); err != nil || len(list) == 0 || list[0].Kind != "forecast" {
			t.Errorf("the queue: %+v %v", list, err)
		}
	})
}

// TestRemovedTenant: a look that is still queued is not made.
func TestRemovedTenant(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w := storetest.Open(t, where), &world{}
		if _, err := begin(t, s, w.settings(t, "gone", "here")).Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		work(t, s, w.settings(t, "here"))
		until(t, "the look at the removed tenant is cancelled", func() bool {
			return value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'check' AND state = 'cancelled'`) == 1
		})
		until(t, "the other one is made", func() bool { return value(t, s, `SELECT COUNT(*) FROM runs`) == 1 })
		if n := value(t, s, `SELECT COUNT(*) FROM runs WHERE tenant = 'gone'`); n != 0 {
			t.Error("the removed tenant was looked at")
		}
	})
}

// TestDelivery: a channel that is down is tried again; one that refuses is not.
func TestDelivery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w := storetest.Open(t, where), &world{}
		set := w.settings(t, "contoso")
		w.fail = errors.New("503")
		_, stop := work(t, s, set)
		receive(t, w.sent)
		until(t, "the failure is written down", func() bool {
			return value(t, s, `SELECT COUNT(*) FROM outbox WHERE attempts = 1 AND error = '503' AND sent IS NULL AND given_up IS NULL`) == 1
		})
		until(t, "the job waits for its next attempt", func() bool {
			return value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'deliver' AND state = 'retryable'`) == 1
		})
		stop()
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE river_job SET state = 'available', scheduled_at = created_at WHERE kind = 'deliver'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		w.fail = fmt.Errorf("404: %w", ErrRefused)
		work(t, s, set)
		receive(t, w.sent)
		until(t, "it is given up", func() bool { return value(t, s, `SELECT COUNT(*) FROM outbox WHERE given_up IS NOT NULL`) == 1 })
	})
}

// TestTargetBack: what could not be sent while its target was down is sent once it is back,
// the same message, and once.
func TestTargetBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w := storetest.Open(t, where), &world{}
		set := w.settings(t, "contoso")
		w.fail = errors.New("connection refused")
		_, stop := work(t, s, set)
		first := receive(t, w.sent)
		until(t, "the job waits for its next attempt", func() bool {
			return value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'deliver' AND state = 'retryable'`) == 1
		})
		stop()
		w.fail = nil
		if err := s.Update(t.Context(), func(tx store.Tx) error { // its time has come
			_, err := tx.Exec(t.Context(), `UPDATE river_job SET scheduled_at = created_at WHERE kind = 'deliver'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		_, stop = work(t, s, set)
		if again := receive(t, w.sent); again.ID != first.ID {
			t.Errorf("another message: %s, not %s", again.ID, first.ID)
		}
		until(t, "it is sent", func() bool {
			return value(t, s, `SELECT COUNT(*) FROM outbox WHERE sent IS NOT NULL AND attempts = 2 AND error = ''`) == 1
		})
		stop()
		if n := len(w.sent); n != 0 {
			t.Errorf("it is sent %d times more", n)
		}
	})
}

// lines is a log that tests read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), s)
}

// TestFullDisk: on a real, small file system. The report in hand is kept until there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=3m")
	s, w, log := storetest.Open(t, store.Settings{SQLite: filepath.Join(dir, "agent.db")}), &world{}, &lines{}
	begun, filled := make(chan string), make(chan struct{})
	w.look = func(_ context.Context, tenant string) (Outcome, error) {
		begun <- tenant
		<-filled
		o := outcome(tenant)
		o.Evidence = make([]byte, 1<<20)
		for i := range o.Evidence {
			o.Evidence[i] = byte(i * i >> 3 * i)
		}
		return o, nil
	}
	set := w.settings(t, "contoso")
	set.Log = zerolog.New(log)
	work(t, s, set)
	receive(t, begun)
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for _, err = f.Write(make([]byte, 4096)); err == nil; _, err = f.Write(make([]byte, 4096)) {
	}
	_ = f.Close()
	close(filled)
	until(t, "the log says that the disk is full", func() bool { return log.has("no space is left for the database") })
	if n := value(t, s, `SELECT COUNT(*) FROM runs`); n != 0 {
		t.Errorf("%d runs on a full disk", n)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	until(t, "the run is remembered once there is room", func() bool { return value(t, s, `SELECT COUNT(*) FROM runs`) == 1 })
	receive(t, w.sent)
}

// TestReadOnlyFile: an agent that cannot remember does not start, and says why.
func TestReadOnlyFile(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=8m")
	where := store.Settings{SQLite: filepath.Join(dir, "agent.db")}
	s, err := store.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "remount,ro", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err = store.Open(t.Context(), where)
	if err == nil {
		j, err2 := New(s, (&world{}).settings(t, "contoso"))
		if err2 != nil {
			t.Fatal(err2)
		}
		err = errors.Join(j.Run(t.Context()), s.Close())
	}
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("on a read-only file: %v", err)
	}
}

func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small file system can be mounted by root only: %s", bytes.TrimSpace(out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return dir
}

// TestReadOnlyServer: a PostgreSQL that takes no writes for a while, as after a failover.
func TestReadOnlyServer(t *testing.T) {
	t.Parallel()
	s, w, log := storetest.Open(t, storetest.Postgres(t)), &world{}, &lines{}
	begun, closed := make(chan string), make(chan struct{})
	w.look = func(_ context.Context, tenant string) (Outcome, error) {
		begun <- tenant
		<-closed
		return outcome(tenant), nil
	}
	set := w.settings(t, "contoso")
	set.Log = zerolog.New(log)
	work(t, s, set)
	receive(t, begun)
	writable := func(state string) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), s.Postgres().Config().ConnString())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close(t.Context()) }()
		for _, q := range []string{
			`SET default_transaction_read_only = off`,
			`ALTER DATABASE ` + c.Config().Database + ` SET default_transaction_read_only = ` + state,
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
		} {
			if _, err := c.Exec(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
	}
	writable("on")
	close(closed)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.b.String())
		}
	})
	until(t, "the log says that nothing can be written", func() bool { return log.has("the database cannot be") })
	writable("off")
	until(t, "the run is remembered once it can be", func() bool { return value(t, s, `SELECT COUNT(*) FROM runs`) == 1 })
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct{ expression, zone, from, want string }{
		{"0 6 * * *", "Asia/Tokyo", "2026-11-20T00:00:00Z", "2026-11-20T21:00:00Z"},
		{"0 6 * * *", "", "2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z"},
		{"0 9 * * MON", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-26T08:00:00Z"}, // the first day of winter time
		{"0 9 * * MON", "Europe/Berlin", "2026-10-18T12:00:00Z", "2026-10-19T07:00:00Z"},
		{"@daily", "UTC", "2026-11-20T06:00:00Z", "2026-11-21T00:00:00Z"},
	} {
		from, _ := time.Parse(time.RFC3339, c.from)
		if got := schedule(t, c.expression, c.zone, 0).next(from).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %q after %s: %s, want %s", c.expression, c.zone, c.from, got, c.want)
		}
	}
}

// TestJitter: the same tenant always has the same share, and many tenants are spread.
func TestJitter(t *testing.T) {
	s, seen := schedule(t, "0 * * * *", "", time.Minute), map[time.Duration]bool{}
	for i := range 10 {
		seen[s.offset(fmt.Sprintf("tenant-%02d", i)).Truncate(10*time.Second)] = true
	}
	if len(seen) < 4 {
		t.Errorf("names that differ in a digit share %d sixths of a minute", len(seen))
	}
	s, seen = schedule(t, "0 * * * *", "", 10*time.Minute), map[time.Duration]bool{}
	for i := range 100 {
		name := fmt.Sprintf("tenant %d", i)
		o := s.offset(name)
		if o != s.offset(name) || o < 0 || o >= 10*time.Minute {
			t.Errorf("%s: %v", name, o)
		}
		seen[o] = true
		tenant := Tenant{Name: name, Schedule: s}
		is, due := tenant.plan(store.Tenant{Period: morning, Due: morning.Add(o)}, morning.Add(o))
		if !due || !is.Period.Equal(morning.Add(time.Hour)) || !is.Due.Equal(morning.Add(time.Hour+o)) {
			t.Errorf("%s: due %t, then at %v for %v", name, due, is.Due, is.Period)
		}
	}
	if len(seen) < 50 {
		t.Errorf("100 tenants share %d times", len(seen))
	}
	if got := schedule(t, "* * * * *", "", 0).latest(morning.Add(90*time.Second), morning.AddDate(-20, 0, 0)); !got.Equal(morning.Add(time.Minute)) {
		t.Errorf("the latest minute of twenty years is %v", got)
	}
}
