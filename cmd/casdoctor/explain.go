package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/internal/guide"
	"github.com/casdoctor/casdoctor/internal/report"
)

func explainCommand(s streams) *cobra.Command {
	var format, saved string
	c := &cobra.Command{
		Use:   "explain ID",
		Short: "tell what a check, a cause or a fix is, how it is decided, and what it needs",
		Long: `Tell what is known about a check, one of its causes or one of its fixes: the document that it
comes from, the facts that decide it, what leaves it unknown, and the permissions it needs.

With --report it tells how the finding of a saved report came about: account by account, policy
by policy, with the call that showed it.`,
		Example: `  casdoctor explain MFA-01
  casdoctor explain MFA-01.F3 --lang ja
  casdoctor explain MFA-01 --report report.json`,
		Args: one("the id of a check, a cause or a fix"),
		RunE: func(c *cobra.Command, args []string) error {
			opts, err := view(c, s)
			if err != nil {
				return err
			}
			if err := oneOf("--format", format, "text", "markdown"); err != nil {
				return err
			}
			if saved != "" && format != "text" {
				return usage(errors.New("--report is told as text"))
			}
			e, ok := guide.Explain(strings.ToUpper(args[0]))
			if !ok {
				return usage(fmt.Errorf("there is no check, cause or fix %q; see casdoctor list", args[0]))
			}
			if format == "markdown" {
				return report.WriteMarkdown(s.out, e, opts.Lang)
			}
			if saved != "" {
				return explainReport(s, saved, e, opts)
			}
			return report.WriteExplanation(s.out, e, opts)
		},
		ValidArgsFunction: allIDs,
	}
	c.Flags().StringVar(&format, "format", "text", "text, or markdown for the whole check")
	c.Flags().StringVar(&saved, "report", "", "tell how it was found in this saved report (report.json): account by account, call by call")
	_ = c.RegisterFlagCompletionFunc("format", words([]string{"text", "markdown"}))
	_ = c.RegisterFlagCompletionFunc("report", files("json"))
	return c
}

// explainReport tells how the findings of a saved report came about.
func explainReport(s streams, path string, e report.Explanation, opts report.View) error {
	r, err := openReport(path)
	if err != nil {
		return err
	}
	return report.WriteChains(s.out, r, e.Check.ID, opts)
}
