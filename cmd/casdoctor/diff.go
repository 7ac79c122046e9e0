package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

func diffCommand(s streams) *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use:   "diff OLD.json NEW.json",
		Short: "say what has changed between two reports, and whether something got worse",
		Long: `Compare two saved reports (report.json) of one organisation: what is new, what is gone, and what
has changed in verdict, basis or reason, in the fixes, the waivers, the published days, the
facts that could be read, and in symptoms, remarks and notices. Times, order, wording and versions are no difference.

The exit code is 0 when nothing got worse, 1 when something did, 2 for wrong usage.`,
		Example: `  casdoctor diff yesterday.json today.json
  casdoctor diff yesterday.json today.json --lang ja`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
		},
		Args: two("two reports, the older one first"),
		RunE: func(c *cobra.Command, args []string) error {
			opts, err := view(c, s)
			if err != nil {
				return err
			}
			opts.Verbose, _ = c.Flags().GetBool("verbose")
			if output != "" {
				opts.Width, opts.Color = 0, false
			}
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			if err := overwritten(output, args...); err != nil {
				return usage(err)
			}
			from, err := openReport(args[0])
			if err != nil {
				return err
			}
			to, err := openReport(args[1])
			if err != nil {
				return err
			}
			d, err := report.Compare(from, to)
			if err != nil {
				return usage(err)
			}
			var b bytes.Buffer
			if format == "json" {
				err = report.WriteData(&b, d)
			} else {
				err = report.WriteDiff(&b, d, opts)
			}
			if err == nil {
				err = deliver(s, output, b.Bytes())
			}
			if err != nil {
				return failed(fmt.Errorf("the difference could not be written: %w", err))
			}
			if d.Effect == report.Worse {
				return &exitError{code: checks.ExitTrouble}
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	c.Flags().StringVarP(&output, "output", "o", "", "write to this file (0600) instead of standard output")
	return c
}
