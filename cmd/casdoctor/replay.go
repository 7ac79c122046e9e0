package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func replayCommand(s streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "replay evidence.json",
		Short: "judge saved evidence again, offline",
		Long: `Judge what an earlier check saved with --save-evidence, without asking any service: with this
version's knowledge, and as of the time of the evidence or of --now.`,
		Example: `  casdoctor replay evidence.json
  casdoctor replay evidence.json --now 2026-12-31T00:00:00Z --lang ja`,
		Args:              one("an evidence file"),
		ValidArgsFunction: files("json"),
		RunE: o.answered(s, func(c *cobra.Command, args []string) error {
			if err := o.complete(c); err != nil {
				return err
			}
			if err := o.overwrites(args[0]); err != nil {
				return usage(err)
			}
			ev, err := readEvidence(args[0])
			if err != nil {
				return usage(err)
			}
			if err := o.against(ev.Tenant); err != nil {
				return err
			}
			if o.timings {
				timings(s.err, ev, 0)
			}
			return o.judge(s, ev)
		}),
	}
	o.flags(c)
	return c
}

// maxEvidence bounds what is read: evidence of a tenant with 300 policies and accounts in
// 2,000 groups is some 2 MB.
const maxEvidence = 64 << 20

func readEvidence(path string) (*facts.Evidence, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxEvidence+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxEvidence {
		return nil, fmt.Errorf("%s is larger than any evidence of casdoctor", path)
	}
	ev, err := facts.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ev, nil
}

func reportCommand(s streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "report report.json",
		Short: "print a saved report in another format",
		Long: `Print the report that an earlier run wrote with --format json, in another format or language.
Nothing is judged again, so the exit code is that of the run.`,
		Example: `  casdoctor report report.json
  casdoctor report report.json --lang ja --report-dir reports`,
		Args:              one("a report file"),
		ValidArgsFunction: files("json"),
		RunE: o.answered(s, func(c *cobra.Command, args []string) error {
			if err := o.complete(c); err != nil {
				return err
			}
			if err := o.overwrites(args[0]); err != nil {
				return usage(err)
			}
			r, err := openReport(args[0])
			if err != nil {
				return err
			}
			return o.write(s, r)
		}),
	}
	o.outputs(c)
	return c
}

// openReport reads a saved report.
func openReport(path string) (report.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return report.Report{}, usage(err)
	}
	defer func() { _ = f.Close() }()
	r, err := report.Read(f)
	if err != nil {
		return report.Report{}, usage(fmt.Errorf("%s: %w", path, err))
	}
	return r, nil
}
