package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/store/storetest"
	"github.com/casdoctor/casdoctor/internal/agent/web"
)

// fast is set in a copy of this test binary that is an agent: how fast its clock runs.
const fast = "CASDOCTOR_SOAK_SPEED"

func TestMain(m *testing.M) {
	if speed, err := strconv.Atoi(os.Getenv(fast)); err == nil {
		if err := fastAgent(os.Args[1], speed); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	storetest.Main(m)
}

func fastAgent(path string, speed int) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	began, m := time.Now(), web.NewMetrics()
	return agent.Run(ctx, agent.Options{
		Load: func() (*config.Agent, error) { return config.LoadAgent(path) }, Reload: reload, Tell: agent.Tell, Looked: m.Looked,
		Log: zerolog.New(os.Stderr).Level(zerolog.WarnLevel), Version: "1.0",
		Now: func() time.Time { return began.Add(time.Since(began) * time.Duration(speed)) },
		Serve: func(ctx context.Context, a *agent.Agent) error {
			p, err := web.New(web.Settings{Store: a.Store, Jobs: a.Jobs, Config: a.Config, Log: a.Log, Metrics: m})
			if err != nil {
				return err
			}
			l, err := p.Listen(ctx)
			if err != nil {
				return err
			}
			return p.Serve(ctx, l)
		},
	})
}

// TestSoak is the short form: an agent whose minutes take three seconds, until it has told of
// a trouble and of its end.
func TestSoak(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		var out, log bytes.Buffer
		const tenants, speed = 2, 20
		s := soak{
			// Each turn is a reload, which also lets the agent see how fast its clock is.
			tenants: tenants, speed: speed, time: 4 * time.Second, turn: time.Second, database: where.Postgres, out: &out, log: &log,
			command: func(config string) *exec.Cmd {
				agent := exec.Command(os.Args[0], config)
				agent.Env = append(os.Environ(), fast+"="+strconv.Itoa(speed))
				return agent
			},
			enough: func(received int) bool { return received >= 2*tenants },
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		ok, err := s.run(ctx)
		if !ok || err != nil {
			t.Errorf("%v\n%s\n%s", err, out.String(), log.String())
		}
		t.Log(out.String())
	})
}

var minute0 = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)

// past is what an agent remembers of a tenant, the latest first: a status for each minute, and
// a space where there is no run.
func past(statuses string) (runs []store.Run) {
	for i, c := range statuses {
		if c == ' ' {
			continue
		}
		at := minute0.Add(time.Duration(i) * time.Minute)
		status := map[rune]string{'p': "pass", 'f': "fail", 'u': "unknown"}[c]
		runs = append([]store.Run{{Period: at, Begun: at, Ended: at.Add(time.Second), Verdict: "ready", Statuses: map[string]string{changing: status}}}, runs...)
	}
	return runs
}

// TestCount: what is wrong is counted.
func TestCount(t *testing.T) {
	slow := past("p  p")
	slow[1].Ended = slow[0].Period // the first look took three minutes
	for what, c := range map[string]struct {
		runs  []store.Run
		until int    // minutes
		got   string // what was received: t and r
		want  counts
	}{
		"all is well":                       {past("ppffp"), 6, "tr", counts{runs: 5, changes: 2}},
		"a minute without a run":            {past("pp pp"), 6, "", counts{runs: 4, lost: 1}},
		"it has ended early":                {past("ppp"), 7, "", counts{runs: 3, lost: 2}},
		"it has not begun":                  {nil, 7, "", counts{lost: 4}},
		"a look that took too long":         {slow, 5, "", counts{runs: 2, merged: 2}},
		"a change that was not told":        {past("pfp"), 4, "t", counts{runs: 3, changes: 2, untold: 1}},
		"a change that was told twice":      {past("pf"), 3, "tt", counts{runs: 2, changes: 1, twice: 1}},
		"what could not be looked at":       {past("pufuf"), 6, "t", counts{runs: 5, changes: 1}},
		"what was bad from the first on":    {past("fp"), 3, "tr", counts{runs: 2, changes: 2}},
		"a change that has never been seen": {past("pp"), 3, "t", counts{runs: 2, twice: 1}},
	} {
		t.Run(what, func(t *testing.T) {
			r := &receiver{changes: map[change]int{
				{"contoso", config.Trouble}: strings.Count(c.got, "t"), {"contoso", config.Recovered}: strings.Count(c.got, "r"),
			}}
			var got counts
			got.tenant(c.runs, minute0, minute0.Add(time.Duration(c.until)*time.Minute))
			got.told(r, "contoso", c.runs)
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// TestGrowth: what grows steadily is told from what only goes up and down.
func TestGrowth(t *testing.T) {
	for what, c := range map[string]struct {
		memory func(i int) int
		grows  bool
	}{
		"flat":             {func(int) int { return 50 << 10 }, false},
		"a warm start":     {func(i int) int { return 50<<10 - max(0, 20-i)<<10 }, false},
		"up and down":      {func(i int) int { return 50<<10 + i%7<<10 }, false},
		"a leak":           {func(i int) int { return 50<<10 + i*100 }, true},
		"slow, but a leak": {func(i int) int { return 50<<10 + i*70 }, true},
	} {
		t.Run(what, func(t *testing.T) {
			w := &watch{}
			for i := range 100 {
				w.samples = append(w.samples, sample{at: minute0.Add(time.Duration(i) * 10 * time.Second), resident: c.memory(i), goroutines: 50, files: 20})
			}
			if got := w.tell(func(string, any) {}); (len(got) > 0) != c.grows {
				t.Errorf("grows: %v", got)
			}
		})
	}
}
