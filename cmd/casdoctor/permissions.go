package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/guide"
	"github.com/casdoctor/casdoctor/internal/report"
)

func permissionsCommand(s streams) *cobra.Command {
	var format, script, path string
	var consent bool
	c := &cobra.Command{
		Use:   "permissions [CHECK]...",
		Short: "the least permissions, what each is for, and what a missing one costs",
		Long: `List the least permissions that the checks need, all of them to read: what each is for, and what
cannot be said without it. An optional one gives a second opinion.

--script prints a script that creates the app registration with them, and --consent the pages
where an administrator grants them. casdoctor itself grants nothing.`,
		Example: `  casdoctor permissions MFA-01
  casdoctor permissions --script az > register.sh
  casdoctor permissions --consent -c casdoctor.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			opts, err := view(c, s)
			if err != nil {
				return err
			}
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			grants, err := grantsOf(args)
			if err != nil {
				return err
			}
			switch {
			case script != "":
				text, err := guide.Script(script, grants)
				if err != nil {
					return usage(err)
				}
				_, err = io.WriteString(s.out, text)
				return err
			case consent:
				return writeConsent(s, path, grants, format, opts)
			case format == "json":
				return report.WriteData(s.out, grants)
			default:
				return report.WriteGrants(s.out, grants, opts)
			}
		},
		ValidArgsFunction: checkIDs,
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	c.Flags().BoolVar(&consent, "consent", false, "print the links where an administrator grants them")
	c.Flags().StringVarP(&path, "config", "c", "casdoctor.yaml", "the configuration, for --consent")
	c.Flags().StringVar(&script, "script", "", "print a script that creates the app registration: az or powershell")
	_ = c.RegisterFlagCompletionFunc("script", words([]string{guide.AzureCLI, guide.PowerShell}))
	c.MarkFlagsMutuallyExclusive("consent", "script")
	return c
}

// grantsOf are the permissions of the checks that are named, or of all.
func grantsOf(args []string) ([]report.Grant, error) {
	var ids []string
	for _, a := range args {
		id := strings.ToUpper(a)
		if !slices.ContainsFunc(checks.All(), func(k checks.Check) bool { return k.ID == id }) {
			return nil, usage(fmt.Errorf("there is no check %q; see casdoctor list checks", a))
		}
		ids = append(ids, id)
	}
	return guide.Permissions(ids...), nil
}

func writeConsent(s streams, path string, grants []report.Grant, format string, opts report.View) error {
	cfg, err := config.Load(path)
	if err != nil {
		return usage(err)
	}
	links, err := guide.Consent(cfg, grants)
	switch {
	case err != nil:
		return usage(err)
	case format == "json":
		return report.WriteData(s.out, links)
	default:
		return report.WriteLinks(s.out, links, opts)
	}
}
