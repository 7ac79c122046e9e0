// Package agent is casdoctor that stays: it looks at every tenant of agent.yaml when it is
// due, remembers what it saw, and tells what has changed.
//
// What belongs here: putting the parts together (store, jobs, and whatever tells and shows),
// how a tenant is looked at, reloading, and the life of the process. What does not: each part,
// which has a folder of its own below.
package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/preflight"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Options are what an agent is made of.
type Options struct {
	// Load reads agent.yaml and everything that it names: at the start, and at each reload.
	Load func() (*config.Agent, error)
	// Reload asks for one. A configuration with mistakes is reported, and the old one stays.
	Reload  <-chan os.Signal
	Log     zerolog.Logger
	Version string // of casdoctor
	// Now is the clock of schedules, retention and quiet hours; nil: time.Now.
	Now func() time.Time
	// Tell makes what decides on messages and what sends them; nil: nothing is told.
	Tell func(*config.Agent) (jobs.Alerts, jobs.Sender, error)
	// Looked is told every report that was made, before it is remembered; nil: nobody counts.
	Looked func(report.Report)
	// Tracer begins the spans of runs and deliveries; nil: there are none.
	Tracer trace.Tracer
	// Serve is the page: it answers until ctx ends. nil: there is none.
	Serve func(ctx context.Context, a *Agent) error
}

// Agent is a running one, as its page sees it.
type Agent struct {
	Store *store.Store
	Jobs  *jobs.Jobs
	Log   zerolog.Logger

	options Options
	current atomic.Pointer[config.Agent]
}

// Config is the configuration in force.
func (a *Agent) Config() *config.Agent { return a.current.Load() }

// Run works until ctx ends, and then lets what runs come to its end.
func Run(ctx context.Context, o Options) error {
	cfg, err := o.Load()
	if err != nil {
		return err
	}
	a := &Agent{Log: o.Log, options: o}
	a.current.Store(cfg)
	set, err := a.settings(cfg)
	if err != nil {
		return err
	}
	if a.Store, err = store.Open(ctx, Database(cfg)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Store.Close()) }()
	if a.Jobs, err = jobs.New(a.Store, set); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.Jobs.Run(ctx) })
	g.Go(func() error { return a.reloads(ctx) })
	if o.Serve != nil {
		g.Go(func() error { return o.Serve(ctx, a) })
	}
	a.notify("READY=1")
	o.Log.Info().Int("tenants", len(cfg.Tenants)).Str("version", o.Version).Msg("the agent is up")
	context.AfterFunc(ctx, func() { a.notify("STOPPING=1") })
	err = g.Wait()
	o.Log.Info().Msg("the agent has stopped")
	return err
}

// Database is where the memory of the agent is.
func Database(cfg *config.Agent) store.Settings {
	return store.Settings{SQLite: cfg.Store.SQLite, Postgres: string(cfg.Store.Postgres.Reveal())}
}

func (a *Agent) reloads(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.options.Reload:
		}
		a.notify(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic().Microseconds()))
		if err := a.reload(ctx); err != nil {
			a.Log.Error().Err(err).Msg("the new configuration is not taken; the old one stays in force")
		} else {
			a.Log.Info().Int("tenants", len(a.Config().Tenants)).Msg("the new configuration is in force")
		}
		a.notify("READY=1")
	}
}

func (a *Agent) reload(ctx context.Context) error {
	cfg, err := a.options.Load()
	if err != nil {
		return err
	}
	if Database(cfg) != Database(a.Config()) {
		return errors.New("store has changed: another database is opened at a start only")
	}
	// What lets people in is read anew, so it has to fit the address that is open.
	if was := a.Config().Page; cfg.Page.Listen != was.Listen || (cfg.Page.TLS == nil) != (was.TLS == nil) {
		return errors.New("page.listen or page.tls has changed: another address is opened at a start only")
	}
	set, err := a.settings(cfg)
	if err != nil {
		return err
	}
	if err := a.Jobs.Apply(ctx, set); err != nil {
		return err
	}
	a.current.Store(cfg)
	return nil
}

// settings are what the jobs make of the configuration.
func (a *Agent) settings(cfg *config.Agent) (jobs.Settings, error) {
	set := jobs.Settings{
		Log: a.Log, Version: a.options.Version, Now: a.options.Now, Keep: kept(cfg), Tracer: a.options.Tracer,
		Digest: jobs.Schedule{Times: cfg.Alerts.Digest, Zone: cfg.TimeZone},
	}
	tenants := map[string]*config.Config{}
	for _, t := range cfg.Tenants {
		tenants[t.Config.Tenant] = t.Config
		set.Tenants = append(set.Tenants, jobs.Tenant{
			Name:     t.Config.Tenant,
			Schedule: jobs.Schedule{Times: t.Schedule, Zone: t.TimeZone, Jitter: time.Duration(cfg.Jitter)},
			Timeout:  time.Duration(cfg.Timeout), Keep: set.Keep,
		})
	}
	set.Look = func(ctx context.Context, tenant string, waivers []store.Waiver) (jobs.Outcome, error) {
		return a.look(ctx, tenants[tenant], waivers)
	}
	if a.options.Tell != nil {
		var err error
		if set.Alerts, set.Sender, err = a.options.Tell(cfg); err != nil {
			return jobs.Settings{}, err
		}
	}
	return set, nil
}

func kept(cfg *config.Agent) store.Keep {
	const day = 24 * time.Hour
	return store.Keep{Age: time.Duration(cfg.Keep.Days) * day, Runs: cfg.Keep.Runs}
}

// look is casdoctor check, with the waivers of the page beside those of the file.
func (a *Agent) look(ctx context.Context, cfg *config.Config, waivers []store.Waiver) (jobs.Outcome, error) {
	with := *cfg
	with.Waivers = slices.Clip(with.Waivers)
	for _, w := range waivers {
		until, err := time.Parse(time.DateOnly, w.Until)
		if err != nil {
			return jobs.Outcome{}, fmt.Errorf("waiver %d ends on %q, which is no day: %w", w.ID, w.Until, err)
		}
		with.Waivers = append(with.Waivers, config.Waiver{
			Cause: w.Cause, Subject: w.Subject, Reason: w.Reason, Until: config.Date{Time: until}, Owner: w.MadeBy,
		})
	}
	log := a.Log.With().Str("tenant", cfg.Tenant).Logger()
	ev, err := preflight.Collect(ctx, &with, preflight.Look{Log: log})
	if err != nil {
		return jobs.Outcome{}, err
	}
	o, r, err := Judge(ev, a.options.Version)
	if err == nil && a.options.Looked != nil {
		a.options.Looked(r)
	}
	return o, err
}

// Judge makes of evidence what is remembered of a run.
func Judge(ev *facts.Evidence, version string) (jobs.Outcome, report.Report, error) {
	r, err := preflight.Judge(ev, checks.Options{}, report.Options{Version: version, FailOn: checks.StatusWarn})
	if err != nil {
		return jobs.Outcome{}, r, err
	}
	o := jobs.Outcome{Verdict: string(r.Verdict), ExitCode: r.ExitCode, Statuses: map[string]string{}}
	for _, c := range r.Checks {
		o.Statuses[c.ID] = string(c.Status)
	}
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r, report.View{}); err != nil {
		return jobs.Outcome{}, r, err
	}
	o.Report = b.Bytes()
	o.Evidence, err = ev.Encode()
	return o, r, err
}
