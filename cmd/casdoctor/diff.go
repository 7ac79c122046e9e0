package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

func diffCommand(s streams) *cobra.Command {
	var to differenceOptions
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
			if err := to.complete(c, s); err != nil {
				return err
			}
			if err := overwritten(to.output, args...); err != nil {
				return usage(err)
			}
			earlier, err := openReport(args[0])
			if err != nil {
				return err
			}
			later, err := openReport(args[1])
			if err != nil {
				return err
			}
			return to.write(s, earlier, later)
		},
	}
	to.flags(c)
	return c
}

// differenceOptions say how a difference is written, and where.
type differenceOptions struct {
	format, output string
	view           report.View
}

func (o *differenceOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.format, "format", "text", "text or json")
	c.Flags().StringVarP(&o.output, "output", "o", "", "write to this file (0600) instead of standard output")
}

func (o *differenceOptions) complete(c *cobra.Command, s streams) (err error) {
	if o.view, err = view(c, s); err != nil {
		return err
	}
	o.view.Verbose, _ = c.Flags().GetBool("verbose")
	if o.output != "" {
		o.view.Width, o.view.Color = 0, false
	}
	return oneOf("--format", o.format, "text", "json")
}

// write writes what has changed; an exitError says that something got worse.
func (o *differenceOptions) write(s streams, earlier, later report.Report) error {
	d, err := report.Compare(earlier, later)
	if err != nil {
		return usage(err)
	}
	var b bytes.Buffer
	if o.format == "json" {
		err = report.WriteData(&b, d)
	} else {
		err = report.WriteDiff(&b, d, o.view)
	}
	if err == nil {
		err = deliver(s, o.output, b.Bytes())
	}
	if err != nil {
		return failed(fmt.Errorf("the difference could not be written: %w", err))
	}
	if d.Effect == report.Worse {
		return &exitError{code: checks.ExitTrouble}
	}
	return nil
}
