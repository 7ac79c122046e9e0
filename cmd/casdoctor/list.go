package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/internal/guide"
	"github.com/casdoctor/casdoctor/internal/report"
)

func listCommand(s streams) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "list [checks|causes|fixes|facts|probes]...",
		Short: "list checks, causes, fixes, facts and probes",
		Long: `List the checks with their causes and fixes, the facts that they read, and the probes that
observe them. The ids are those of reports, of waivers and of casdoctor explain.`,
		Example: `  casdoctor list
  casdoctor list causes fixes
  casdoctor list --format json`,
		ValidArgsFunction: sections,
		RunE: func(c *cobra.Command, args []string) error {
			opts, err := view(c, s)
			if err != nil {
				return err
			}
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			for _, a := range args {
				if err := oneOf("a section", a, guide.Sections()...); err != nil {
					return err
				}
			}
			sections := slices.DeleteFunc(guide.List(), func(l report.Section) bool {
				return len(args) > 0 && !slices.Contains(args, l.Name)
			})
			if format == "json" {
				return report.WriteListJSON(s.out, sections)
			}
			return report.WriteList(s.out, sections, opts)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}
