package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

func explainCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "tell what a check, a cause or a fix is, how it is decided, and what it needs",
		Args:  one("the id of a check, a cause or a fix"),
		RunE: func(c *cobra.Command, args []string) error {
			lang, err := language(c)
			if err != nil {
				return err
			}
			id := strings.ToUpper(args[0])
			check, ok := owner(id)
			if !ok {
				return usage(fmt.Errorf("there is no check, cause or fix %q; see casdoctor list", args[0]))
			}
			width, _, color := screen(s.out)
			return report.WriteExplanation(s.out, check, id, needsOf(check), report.TextOptions{
				Lang: lang, Width: width, Color: color,
			})
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, k := range checks.All() {
				ids = append(ids, k.ID+"\t"+k.Title.EN)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// owner is the check that an id belongs to: its own, or that of a cause or a fix.
func owner(id string) (checks.Check, bool) {
	for _, k := range checks.All() {
		if k.ID == id ||
			slices.ContainsFunc(k.Causes, func(c checks.Cause) bool { return c.ID == id }) ||
			slices.ContainsFunc(k.Fixes, func(f checks.Fix) bool { return f.ID == id }) {
			return k, true
		}
	}
	return checks.Check{}, false
}

func needsOf(k checks.Check) []report.Need {
	var out []report.Need
	for _, g := range grants() {
		if slices.Contains(g.checks, k.ID) {
			out = append(out, report.Need{Name: g.name, Why: g.why})
		}
	}
	return out
}
