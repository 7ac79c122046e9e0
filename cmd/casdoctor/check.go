package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/preflight"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// options are the flags that check, replay and demo share.
type options struct {
	format, output, dir, evidence, failOn, now string
	baseline                                   string
	only                                       []string
	allowUnknown, timings, verbose             bool
	lang                                       string
	oneLang                                    bool // --lang was given
	at                                         time.Time
	known                                      *report.Report // what --baseline names
	config                                     string         // where the configuration is; "" when there is none
}

func (o *options) flags(c *cobra.Command) {
	f := c.Flags()
	o.outputs(c)
	f.StringSliceVar(&o.only, "only", nil, "judge only these checks, e.g. MFA-01,TLS-01")
	f.StringVar(&o.failOn, "fail-on", "warn", "exit with 1 from this status on: warn or fail")
	f.BoolVar(&o.allowUnknown, "allow-unknown", false, "do not exit with 3 when something could not be looked at")
	f.StringVar(&o.baseline, "baseline", "", "a saved report (report.json): exit with 1 only for what is new or worse since")
	f.StringVar(&o.now, "now", "", "judge as of this time (RFC 3339) instead of the time of the evidence")
	f.BoolVar(&o.timings, "timings", false, "print on standard error how long each fact took, and what was waited for")
}

// outputs are the flags of whatever writes a report.
func (o *options) outputs(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.format, "format", "text", "one of "+strings.Join(report.FormatNames(), ", "))
	f.StringVarP(&o.output, "output", "o", "", "write the report to this file (0600) instead of standard output")
	f.StringVar(&o.dir, "report-dir", "", "also write the report to this folder, in every format that is a file")
	_ = c.RegisterFlagCompletionFunc("format", words(report.FormatNames()))
}

// complete checks the flags; every mistake is one of usage.
func (o *options) complete(c *cobra.Command) error {
	var err error
	if o.lang, err = language(c); err != nil {
		return err
	}
	o.verbose, _ = c.Flags().GetBool("verbose")
	o.oneLang = c.Flags().Changed("lang")
	if err = oneOf("--format", o.format, report.FormatNames()...); err != nil {
		return err
	}
	if f, _ := report.FormatNamed(o.format); o.output == "" {
		_, terminal, _ := screen(c.OutOrStdout())
		if err = suits(f, terminal); err != nil {
			return usage(err)
		}
	}
	if o.failOn != "" { // report has no such flag
		if err = oneOf("--fail-on", o.failOn, "warn", "fail"); err != nil {
			return err
		}
	}
	if o.now != "" {
		if o.at, err = time.Parse(time.RFC3339, o.now); err != nil {
			return usage(fmt.Errorf("--now wants a time such as 2026-11-20T06:00:00Z, not %q", o.now))
		}
	}
	var known []string
	for _, k := range checks.All() {
		known = append(known, k.ID)
	}
	for i, id := range o.only {
		o.only[i] = strings.ToUpper(strings.TrimSpace(id))
		if !slices.Contains(known, o.only[i]) {
			return usage(fmt.Errorf("--only: there is no check %q; there are %s", id, strings.Join(known, ", ")))
		}
	}
	return nil
}

// overwrites: a report in the place of what was read, or of another output, would be its end.
func (o *options) overwrites(input string) error {
	var all []string // that --report-dir writes
	if o.dir != "" {
		all = append(all, o.dir)
		for _, f := range report.Formats() {
			if f.File != "" {
				all = append(all, filepath.Join(o.dir, f.File))
			}
		}
	}
	for _, w := range append([]string{o.output, o.evidence}, all...) {
		if err := overwritten(w, input, o.baseline); err != nil {
			return err
		}
	}
	if overwritten(o.output, o.evidence) != nil {
		return errors.New("--output and --save-evidence name the same file")
	}
	for _, w := range all {
		if overwritten(w, o.output) != nil {
			return fmt.Errorf("--report-dir writes %s too; name another file with --output", o.output)
		}
		if overwritten(w, o.evidence) != nil {
			return fmt.Errorf("--report-dir writes %s too; name another file with --save-evidence", o.evidence)
		}
	}
	return nil
}

// answered runs a command. Where it makes no report, and the readers of the format expect to
// hear so on standard output, they do.
func (o *options) answered(s streams, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		err := run(c, args)
		var e *exitError
		if err == nil || errors.As(err, &e) && e.err == nil { // a report's own exit code
			return err
		}
		if f, ok := report.FormatNamed(o.format); ok && f.Fail != nil {
			return &exitError{f.Fail(s.out, err), err}
		}
		return err
	}
}

// inRepository is a path as the readers of a report know it: from the folder that the run was
// started in, with slashes. Of what lies elsewhere only the name is theirs to know.
func inRepository(path string) string {
	abs, err := filepath.Abs(path)
	here, err2 := os.Getwd()
	if path == "" || err != nil || err2 != nil {
		return ""
	}
	rel, err := filepath.Rel(here, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return filepath.Base(abs)
	}
	return filepath.ToSlash(rel)
}

// against reads the baseline of an organisation.
func (o *options) against(tenant string) error {
	if o.baseline == "" {
		return nil
	}
	r, err := openReport(o.baseline)
	if err != nil {
		return err
	}
	if r.Tenant != tenant {
		return usage(fmt.Errorf("--baseline: %s is a report of %q, and this run is about %q", o.baseline, r.Tenant, tenant))
	}
	o.known = &r
	return nil
}

func checkCommand(s streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "check -c casdoctor.yaml",
		Short: "look, judge and print the report",
		Long: `Look at Microsoft 365, Google Workspace and the console, judge what was seen, and print
which documented trouble is there, why, and which fix still works. Nothing is changed.

What was seen can be saved and judged again without the services, by another version or for
another day; it holds no secret. The exit code is the same in every format.`,
		Example: `  casdoctor check
  casdoctor check -c casdoctor.yaml --only MFA-01,TLS-01 --fail-on fail
  casdoctor check --format json -o report.json --save-evidence evidence.json`,
		Args: cobra.NoArgs,
		RunE: o.answered(s, func(c *cobra.Command, _ []string) error {
			if err := o.complete(c); err != nil {
				return err
			}
			if err := o.overwrites(o.config); err != nil {
				return usage(err)
			}
			cfg, err := config.Load(o.config)
			if err != nil {
				return usage(err)
			}
			return o.check(c, s, cfg)
		}),
	}
	c.Flags().StringVarP(&o.config, "config", "c", "casdoctor.yaml", "the configuration")
	c.Flags().StringVar(&o.evidence, "save-evidence", "", "also write what was seen to this file (0600), for replay")
	o.flags(c)
	return c
}

// check is the main job: collect, judge, write.
func (o *options) check(c *cobra.Command, s streams, cfg *config.Config) error {
	if err := o.against(cfg.Tenant); err != nil {
		return err
	}
	begun := time.Now()
	ev, err := o.collect(c, s, cfg)
	if err != nil {
		return err
	}
	if o.timings {
		defer func() { timings(s.err, ev, time.Since(begun)) }() // the report is part of the wait
	}
	if o.evidence != "" {
		raw, err := ev.Encode()
		if err == nil {
			err = report.WriteFile(o.evidence, raw)
		}
		if err != nil {
			return failed(fmt.Errorf("the evidence could not be saved: %w", err))
		}
	}
	return o.judge(s, ev)
}

func (o *options) collect(c *cobra.Command, s streams, cfg *config.Config) (*facts.Evidence, error) {
	p := newProgress(s.err)
	ev, err := preflight.Collect(c.Context(), cfg, preflight.Look{Only: o.only, Log: logger(c, s), Progress: p.event})
	p.clear()
	if err != nil {
		return nil, usage(err)
	}
	if err := c.Context().Err(); err != nil {
		return nil, failed(errors.New("interrupted: no report was made"))
	}
	return ev, nil
}

// judge judges evidence, writes the report, and carries its exit code.
func (o *options) judge(s streams, ev *facts.Evidence) error {
	r, err := preflight.Judge(ev, checks.Options{Now: o.at, Only: o.only}, report.Options{
		Version: version(), FailOn: checks.Status(o.failOn), AllowUnknown: o.allowUnknown, Baseline: o.known,
	})
	if err != nil {
		return usage(err)
	}
	return o.write(s, r)
}

// write writes the report where it is wanted, and ends with its exit code.
func (o *options) write(s streams, r report.Report) error {
	f, _ := report.FormatNamed(o.format) // complete has checked it
	v := report.View{Lang: o.lang, Width: 80, Verbose: o.verbose, Only: o.oneLang, Config: inRepository(o.config)}
	if o.output == "" {
		v.Width, _, v.Color = screen(s.out)
	}
	var elsewhere error
	if o.dir != "" {
		elsewhere = report.WriteAll(o.dir, r, v)
	}
	err := elsewhere
	if elsewhere == nil || f.Fail == nil { // a format with a say of its own must not say both
		var b bytes.Buffer
		here := f.Write(&b, r, v)
		if here == nil {
			here = deliver(s, o.output, b.Bytes())
		}
		err = errors.Join(here, elsewhere)
	}
	if err != nil {
		return failed(fmt.Errorf("the report could not be written: %w", err))
	}
	if code := f.Exit(r); code != checks.ExitOK {
		return &exitError{code: code}
	}
	return nil
}

// suits: a terminal would show a file that is no text as noise, and obey some of it.
func suits(f report.Format, terminal bool) error {
	if f.Binary && terminal {
		return fmt.Errorf("%s is not for a terminal: name a file with -o", f.Name)
	}
	return nil
}

// progress is one line on a terminal that says what is being looked at; elsewhere nothing.
type progress struct {
	mu      sync.Mutex
	w       io.Writer
	on      bool
	width   int
	running []string
}

func newProgress(w io.Writer) *progress {
	width, terminal, _ := screen(w)
	return &progress{w: w, on: terminal, width: width}
}

func (p *progress) event(e probes.Event) {
	if !p.on {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Done {
		p.running = slices.DeleteFunc(p.running, func(s string) bool { return s == e.Fact })
	} else {
		p.running = append(p.running, e.Fact)
	}
	line := "looking at " + strings.Join(p.running, ", ")
	if len(line) >= p.width {
		line = line[:max(0, p.width-2)] + "…"
	}
	_, _ = fmt.Fprint(p.w, "\r\x1b[K"+line)
}

func (p *progress) clear() {
	if p.on {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
}
