// Package demo is an agent to try: practice organisations on this machine, an agent.yaml for
// them, and some weeks that the agent remembers of them.
//
// What belongs here: which organisations, and their past. What does not: the organisations
// themselves (package lab), and the agent, which is the real one.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/preflight"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// The past: a run every twelve hours.
const (
	every = 12 * time.Hour
	weeks = 4
)

// organisation is a tenant with its story: scenarios of the lab, and from how many days ago on
// each of them held. The last one holds now.
type organisation struct {
	name  string
	story []chapter
}

type chapter struct {
	scenario string
	from     float64 // days ago
}

var organisations = []organisation{
	{"contoso", []chapter{{"healthy", 7 * weeks}, {"gmail-domain-missing", 19}, {"healthy", 17}, {"mfa-per-user-retired", 5}}},
	{"fabrikam", []chapter{{"spam-settings", 7 * weeks}, {"healthy", 22}, {"console-unreachable", 9}, {"spam-domain-missing", 8}}},
	{"northwind", []chapter{{"healthy", 7 * weeks}, {"tls-old-client", 12}, {"google-offline", 2}}},
	{"wingtip", []chapter{{"earlier-provisioning", 7 * weeks}, {"healthy", 15}}},
}

// Demo is what was brought up.
type Demo struct {
	Config string // path of agent.yaml
	dir    string
	labs   []*lab.Lab
}

// Start brings everything up. schedule is that of the agent, listen the address of its page.
func Start(ctx context.Context, version, schedule, listen string) (*Demo, error) {
	dir, err := os.MkdirTemp("", "casdoctor-agent-")
	if err != nil {
		return nil, err
	}
	d := &Demo{Config: filepath.Join(dir, "agent.yaml"), dir: dir}
	if err := d.fill(ctx, version, schedule, listen); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close ends the organisations and forgets everything.
func (d *Demo) Close() error {
	for _, l := range d.labs {
		l.Close()
	}
	return os.RemoveAll(d.dir)
}

func (d *Demo) fill(ctx context.Context, version, schedule, listen string) error {
	text := []string{
		"version: 1", "store: {sqlite: agent.db}", fmt.Sprintf("schedule: %q", schedule), "jitter: 20s",
		fmt.Sprintf("page: {listen: %q}", listen), "tenants:",
	}
	for _, o := range organisations {
		path, err := d.live(o)
		if err != nil {
			return err
		}
		text = append(text, fmt.Sprintf("  - {config: %q}", path))
	}
	const private = 0o600
	if err := os.WriteFile(d.Config, []byte(strings.Join(text, "\n")+"\n"), private); err != nil {
		return err
	}
	st, err := store.Open(ctx, store.Settings{SQLite: filepath.Join(d.dir, "agent.db")})
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Minute)
	for _, o := range organisations {
		if err := past(ctx, st, o, version, schedule, now); err != nil {
			return errors.Join(fmt.Errorf("the past of %s: %w", o.name, err), st.Close())
		}
	}
	return st.Close()
}

// live starts the organisation as it is now, and keeps it up.
func (d *Demo) live(o organisation) (path string, err error) {
	dir := filepath.Join(d.dir, o.name)
	const private = 0o700
	if err := os.Mkdir(dir, private); err != nil {
		return "", err
	}
	l, err := start(o.name, o.story[len(o.story)-1].scenario)
	if err != nil {
		return "", err
	}
	d.labs = append(d.labs, l)
	_, err = l.WriteConfig(dir)
	return o.name + "/casdoctor.yaml", err
}

func start(tenant, scenario string) (*lab.Lab, error) {
	all := lab.Scenarios()
	i := slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == scenario })
	if i < 0 {
		return nil, fmt.Errorf("there is no scenario %q", scenario)
	}
	org := all[i].Organisation
	org.Declared.Tenant = tenant
	return lab.Start(org)
}

// past looks at each chapter once, and remembers it for every time at which it held.
func past(ctx context.Context, st *store.Store, o organisation, version, schedule string, now time.Time) error {
	seen := map[string]*facts.Evidence{}
	for _, c := range o.story {
		if seen[c.scenario] == nil {
			ev, err := look(ctx, o.name, c.scenario)
			if err != nil {
				return err
			}
			seen[c.scenario] = ev
		}
	}
	return st.Update(ctx, func(tx store.Tx) error {
		if err := store.AddTenant(ctx, tx, store.Tenant{Name: o.name, Schedule: schedule, TimeZone: "UTC", Period: now, Due: now}); err != nil {
			return err
		}
		const day = 24 * time.Hour
		for at := now.Add(-weeks * 7 * day); at.Before(now.Add(-time.Hour)); at = at.Add(every) {
			var scenario string
			for _, c := range o.story {
				if !at.Before(now.Add(-time.Duration(c.from * float64(day)))) {
					scenario = c.scenario
				}
			}
			if err := remember(ctx, tx, o.name, version, *seen[scenario], at); err != nil {
				return err
			}
		}
		return nil
	})
}

func look(ctx context.Context, tenant, scenario string) (*facts.Evidence, error) {
	l, err := start(tenant, scenario)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	dir, err := os.MkdirTemp("", "casdoctor-agent-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path, err := l.WriteConfig(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	return preflight.Collect(ctx, cfg, preflight.Look{Log: zerolog.Nop()})
}

func remember(ctx context.Context, tx store.Tx, tenant, version string, ev facts.Evidence, at time.Time) error {
	took := time.Duration(0)
	for _, f := range ev.Facts {
		took = max(took, f.Took)
	}
	ev.Taken = at
	out, _, err := agent.Judge(&ev, version)
	if err != nil {
		return err
	}
	id, _, err := store.AddRun(ctx, tx, store.Run{
		Tenant: tenant, Period: at, Begun: at, Ended: at.Add(took), Version: version, Verdict: out.Verdict, ExitCode: out.ExitCode, Statuses: out.Statuses,
	})
	if err != nil {
		return err
	}
	if err := store.AddDocument(ctx, tx, tenant, id, store.Report, out.Report); err != nil {
		return err
	}
	return store.AddDocument(ctx, tx, tenant, id, store.Evidence, out.Evidence)
}
