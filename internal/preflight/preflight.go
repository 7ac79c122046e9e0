// Package preflight is what lies between a configuration and a report: look at what the wanted
// checks need, then judge it. The command line and the agent do the same through it.
//
// What belongs here: choosing the probes and the checks, running both, and refusing a run in
// which nothing would be judged. What does not: flags, files, schedules and formats.
package preflight

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/all"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Nothing was asked for that this organisation has: no report could be anything but "ready"
// for want of looking.
var (
	ErrNothingConfigured = errors.New("nothing to check: the configuration has no section for the checks that were asked for")
	ErrNothingSeen       = errors.New("nothing to check: the evidence has no section for the checks that were asked for")
)

// Look says what to look at, and how.
type Look struct {
	Only     []string // check ids; empty: all
	Log      zerolog.Logger
	Progress func(probes.Event) // may be nil

	// For tests, which cannot wait, and have a clock of their own.
	Now       func() time.Time // nil: the machine's
	Limits    probes.Limits
	Transport []httpread.Option
}

// Collect looks at everything that the wanted checks may read. When ctx ends, what is not
// finished is Cancelled in the evidence: the caller decides whether that is worth a report.
// An error is one of the configuration.
func Collect(ctx context.Context, cfg *config.Config, l Look) (*facts.Evidence, error) {
	client, err := httpread.New(cfg, l.Transport...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	sections := cfg.Sections()
	wanted, judged := []string{
		facts.DeclaredRun.Name, facts.DeclaredSymptoms.Name, facts.DeclaredWaivers.Name,
	}, false
	for _, k := range checks.All() {
		if len(l.Only) > 0 && !slices.Contains(l.Only, k.ID) || !slices.Contains(sections, k.Section) {
			continue
		}
		judged = true
		wanted = append(wanted, k.Needs...)
	}
	if !judged {
		return nil, ErrNothingConfigured
	}
	env := &probes.Env{Config: cfg, HTTP: client, Now: l.Now, Log: l.Log, Limits: l.Limits}
	if env.Now == nil {
		env.Now = time.Now
	}
	return probes.Collect(ctx, env, probes.Select(all.Probes(), wanted, sections), l.Progress), nil
}

// Judge makes the report of the evidence.
func Judge(ev *facts.Evidence, how checks.Options, opts report.Options) (report.Report, error) {
	outcome := checks.Evaluate(ev, checks.All(), how)
	if !slices.ContainsFunc(outcome.Results, func(r checks.Result) bool { return r.Status != checks.StatusSkip }) {
		return report.Report{}, ErrNothingSeen // what was not looked at must not look ready
	}
	return report.New(ev, outcome, opts), nil
}
