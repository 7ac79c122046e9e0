package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/all"
)

func listCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list checks, causes, fixes, facts and probes", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			lang, err := language(c)
			if err != nil {
				return err
			}
			var b strings.Builder
			for _, k := range checks.All() {
				fmt.Fprintf(&b, "%s  %s\n", k.ID, k.Title.In(lang))
				for _, cause := range k.Causes {
					fmt.Fprintf(&b, "  %s  %s\n", cause.ID, cause.Text.In(lang))
				}
				for _, f := range k.Fixes {
					fmt.Fprintf(&b, "  %s  %s\n", f.ID, f.Text.In(lang))
				}
				fmt.Fprintf(&b, "  facts      %s\n\n", strings.Join(k.Needs, " "))
			}
			for _, p := range all.Probes() {
				fmt.Fprintf(&b, "%-24s  %s\n", p.Fact, p.Doc)
			}
			_, err = s.out.Write([]byte(b.String()))
			return err
		},
	}
}

func permissionsCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "permissions", Short: "the least permissions, what each is for and which checks need it", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var b strings.Builder
			for _, g := range grants() {
				need := "needed by"
				if g.optional {
					need = "second opinion for"
				}
				fmt.Fprintf(&b, "%-7s %s\n        %s; %s %s\n", g.service, g.name, g.why, need, strings.Join(g.checks, ", "))
			}
			_, err := s.out.Write([]byte(b.String()))
			return err
		},
	}
}

type grant struct {
	service, name, why string
	optional           bool
	checks             []string
}

// grants are the permissions of all probes with the checks that read their facts.
func grants() []grant {
	var out []grant
	for _, p := range all.Probes() {
		for _, perm := range p.Permissions {
			i := slices.IndexFunc(out, func(g grant) bool { return g.service == perm.Service && g.name == perm.Name })
			if i < 0 {
				i = len(out)
				out = append(out, grant{service: perm.Service, name: perm.Name, why: perm.Why, optional: perm.Optional})
			}
			out[i].optional = out[i].optional && perm.Optional
			for _, k := range checks.All() {
				if slices.Contains(k.Needs, p.Fact) && !slices.Contains(out[i].checks, k.ID) {
					out[i].checks = append(out[i].checks, k.ID)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b grant) int { return strings.Compare(a.service+a.name, b.service+b.name) })
	return out
}
