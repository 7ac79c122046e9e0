package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
	only                                       []string
	allowUnknown, timings, verbose             bool
	lang                                       string
	oneLang                                    bool // --lang was given
	at                                         time.Time
}

func (o *options) flags(c *cobra.Command) {
	f := c.Flags()
	o.outputs(c)
	f.StringSliceVar(&o.only, "only", nil, "judge only these checks, e.g. MFA-01,TLS-01")
	f.StringVar(&o.failOn, "fail-on", "warn", "exit with 1 from this status on: warn or fail")
	f.BoolVar(&o.allowUnknown, "allow-unknown", false, "do not exit with 3 when something could not be looked at")
	f.StringVar(&o.now, "now", "", "judge as of this time (RFC 3339) instead of the time of the evidence")
	f.BoolVar(&o.timings, "timings", false, "print on standard error how long each fact took, and what was waited for")
}

// outputs are the flags of whatever writes a report.
func (o *options) outputs(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.format, "format", "text", "one of "+strings.Join(report.FormatNames(), ", "))
	f.StringVarP(&o.output, "output", "o", "", "write the report to this file (0600) instead of standard output")
	f.StringVar(&o.dir, "report-dir", "", "also write the report to this folder, in every format that is a file")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(report.FormatNames(), cobra.ShellCompDirectiveNoFileComp))
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

// overwrites: a report in the place of what was read, or of the evidence, would be its end.
func (o *options) overwrites(input string) error {
	same := func(a, b string) bool { return a != "" && b != "" && filepath.Clean(a) == filepath.Clean(b) }
	switch {
	case same(o.output, input), same(o.evidence, input):
		return fmt.Errorf("%s is what is read; write to another file", input)
	case same(o.output, o.evidence):
		return errors.New("--output and --save-evidence name the same file")
	}
	return nil
}

func checkCommand(s streams) *cobra.Command {
	var o options
	var path string
	c := &cobra.Command{
		Use:   "check -c casdoctor.yaml",
		Short: "look, judge and print the report",
		Long: `Look at Microsoft 365, Google Workspace and the console, judge what was seen, and print
which documented trouble is there, why, and which fix still works. Nothing is changed.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(c); err != nil {
				return err
			}
			if err := o.overwrites(path); err != nil {
				return usage(err)
			}
			cfg, err := config.Load(path)
			if err != nil {
				return usage(err)
			}
			return o.check(c, s, cfg)
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "casdoctor.yaml", "the configuration")
	c.Flags().StringVar(&o.evidence, "save-evidence", "", "also write what was seen to this file (0600), for replay")
	o.flags(c)
	return c
}

// check is the main job: collect, judge, write.
func (o *options) check(c *cobra.Command, s streams, cfg *config.Config) error {
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
		Version: version(), FailOn: checks.Status(o.failOn), AllowUnknown: o.allowUnknown,
	})
	if err != nil {
		return usage(err)
	}
	return o.write(s, r)
}

// write writes the report where it is wanted, and ends with its exit code.
func (o *options) write(s streams, r report.Report) error {
	f, _ := report.FormatNamed(o.format) // complete has checked it
	v := report.View{Lang: o.lang, Width: 80, Verbose: o.verbose, Only: o.oneLang}
	if o.output == "" {
		var terminal bool
		v.Width, terminal, v.Color = screen(s.out)
		if f.Binary && terminal {
			return usage(fmt.Errorf("%s is not for a terminal: name a file with -o", f.Name))
		}
	}
	var b bytes.Buffer
	err := f.Write(&b, r, v)
	if err == nil {
		err = deliver(s, o.output, b.Bytes())
	}
	if err == nil && o.dir != "" {
		err = report.WriteAll(o.dir, r, v)
	}
	if err != nil {
		return failed(fmt.Errorf("the report could not be written: %w", err))
	}
	if code := f.Exit(r); code != checks.ExitOK {
		return &exitError{code: code}
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
