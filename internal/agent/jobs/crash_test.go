package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/store/storetest"
)

// crashing is set in a copy of this test binary that is an agent, to be killed. Moments is
// how often the long form kills one.
const (
	crashing = "CASDOCTOR_CRASH"
	moments  = "CASDOCTOR_CRASH_MOMENTS"
)

// crash is what such an agent is told: its clock runs a minute in every second.
type crash struct {
	Where   store.Settings
	Receive string // the file that its channel writes to
	Tenants int
	Began   time.Time
}

func (c crash) now() time.Time {
	return morning.Add(60 * time.Since(c.Began))
}

func (c crash) settings() (Settings, error) {
	w := &world{look: func(ctx context.Context, tenant string) (Outcome, error) {
		select {
		case <-time.After(time.Duration(rand.IntN(20)) * time.Millisecond):
		case <-ctx.Done():
		}
		return outcome(tenant), nil
	}}
	set := Settings{
		Look: w.Look, Alerts: w, Sender: receiver(c.Receive), Now: c.now, Log: zerolog.New(os.Stderr), Parallel: 8,
		// A slow machine must not look like one that dies: what is cut off here is sent again.
		Retry: time.Millisecond, SoftStop: time.Second, Rescue: time.Second, saveWithin: 15 * time.Second, deliverWithin: 15 * time.Second,
	}
	times, err := config.ParseSchedule("*/5 * * * *")
	s := Schedule{Times: times, Zone: time.UTC, Jitter: 5 * time.Minute}
	for i := range c.Tenants {
		set.Tenants = append(set.Tenants, Tenant{Name: "tenant " + strconv.Itoa(i), Schedule: s, Timeout: time.Second})
	}
	return set, err
}

// receiver is a channel that keeps what it was sent, whoever dies.
type receiver string

func (r receiver) Send(_ context.Context, m store.Message) error {
	f, err := os.OpenFile(string(r), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = fmt.Fprintln(f, m.ID)
	return err
}

func crashAgent(raw string) int {
	var c crash
	err := json.Unmarshal([]byte(raw), &c)
	if err == nil {
		err = c.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (c crash) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := store.Open(ctx, c.Where)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	set, err := c.settings()
	if err != nil {
		return err
	}
	j, err := New(s, set)
	if err != nil {
		return err
	}
	return j.Run(ctx)
}

func (c crash) start(t *testing.T) *exec.Cmd {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(os.Args[0])
	agent.Env = append(os.Environ(), crashing+"="+string(raw))
	agent.Stderr = os.Stderr
	storetest.Bind(agent)
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	return agent
}

// TestKilled kills agents at random moments of their work, two at a time on one database.
// Afterwards every run is whole, there is one of a tenant and a period, and each of them was
// told.
func TestKilled(t *testing.T) {
	kills := 3
	if s := os.Getenv(moments); s != "" {
		kills, _ = strconv.Atoi(s)
	} else if testing.Short() {
		t.Skip("takes half a minute for each database")
	}
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		c := crash{Where: where, Receive: filepath.Join(t.TempDir(), "received"), Tenants: 60, Began: time.Now()}
		s := storetest.Open(t, where)
		steady := c.start(t) // one is never killed
		for range kills {
			agent, before := c.start(t), value(t, s, `SELECT COUNT(*) FROM runs`)
			until(t, "there is work to be killed at", func() bool { return value(t, s, `SELECT COUNT(*) FROM runs`) > before })
			time.Sleep(time.Duration(rand.Int64N(int64(1500 * time.Millisecond)))) // the moment
			agent, steady = steady, agent                                          // the older one, a leader perhaps
			if err := agent.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = agent.Wait()
		}
		last := c.now().UnixMilli()
		until(t, "every tenant is looked at again after the last moment", func() bool {
			return value(t, s, `SELECT COUNT(DISTINCT tenant) FROM runs WHERE period > $1`, last) == int64(c.Tenants)
		})
		if err := steady.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := steady.Wait(); err != nil {
			t.Errorf("the last agent did not stop well: %v", err)
		}
		c.settle(t, s)
		c.judge(t, s, kills)
	})
}

// settle lets one more agent deliver what is still to be delivered, with nothing new to do.
func (c crash) settle(t *testing.T, s *store.Store) {
	t.Helper()
	set, err := c.settings()
	if err != nil {
		t.Fatal(err)
	}
	at := c.now()
	set.Now = func() time.Time { return at }
	j, stop := work(t, s, set)
	t.Cleanup(func() {
		if list, err := j.Queue(context.Background(), 20); t.Failed() {
			t.Logf("left in the queue: %+v %v", list, err)
		}
	})
	until(t, "nothing waits any more", func() bool {
		return value(t, s, `SELECT COUNT(*) FROM outbox WHERE sent IS NULL`) == 0 &&
			value(t, s, `SELECT COUNT(*) FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')`) == 0
	})
	stop()
}

func (c crash) judge(t *testing.T, s *store.Store, kills int) {
	t.Helper()
	runs := value(t, s, `SELECT COUNT(*) FROM runs`)
	for what, query := range map[string]string{
		"documents that are not two of a run": `SELECT COUNT(*) FROM (SELECT r.id FROM runs r LEFT JOIN documents d ON d.run = r.id GROUP BY r.id HAVING COUNT(d.kind) <> 2) x`,
		"documents without a run":             `SELECT COUNT(*) FROM documents d WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = d.run)`,
		"runs without a report":               `SELECT COUNT(*) FROM runs WHERE verdict = ''`,
		"runs that were told otherwise than once": `SELECT COUNT(*) FROM (SELECT r.id FROM runs r LEFT JOIN outbox o ON o.id = r.tenant || '/' || CAST(r.period AS TEXT)
			GROUP BY r.id HAVING COUNT(o.id) <> 1) x`,
		"tenants whose memory misses a run, or has one twice": `SELECT COUNT(*) FROM tenants t WHERE t.memory <>
			(SELECT CAST(COUNT(*) AS TEXT) FROM runs r WHERE r.tenant = t.name)`,
		"jobs that were given up": `SELECT COUNT(*) FROM river_job WHERE state IN ('discarded', 'cancelled')`,
	} {
		if n := value(t, s, query); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	f, err := os.Open(c.Receive)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	received, twice := map[string]bool{}, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if received[lines.Text()] {
			twice++
		}
		received[lines.Text()] = true
	}
	if int64(len(received)) != runs {
		t.Errorf("%d messages were received for %d runs", len(received), runs)
	}
	// What a killed agent had sent and not yet written down is sent again, with the same id.
	if most := kills * deliverAtOnce; twice > most {
		t.Errorf("%d messages were received twice, and %d at most were on their way", twice, most)
	}
	t.Logf("%d kills, %d runs, %d messages sent again", kills, runs, twice)
}
