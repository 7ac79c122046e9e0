package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/config"
)

func configCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use: "config", Short: "start, validate or show a configuration, or print its schema",
		Long: `A configuration says where to look, and what only its organisation can know. It is one file, by
default casdoctor.yaml in the current folder. Secrets are references (env:NAME, file:PATH), never
values.`,
		Example: `  casdoctor config init
  casdoctor config validate
  casdoctor config show -c casdoctor.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return helpless(c, s) },
	}
	var path string
	validate := &cobra.Command{
		Use: "validate", Short: "report every mistake of a configuration", Args: cobra.NoArgs,
		Long: `Read a configuration, the secrets that it refers to and the lists that it names, and report every
mistake at once with its place and what to write instead. Nothing is asked of any service.`,
		Example: "  casdoctor config validate -c casdoctor.yaml",
		RunE: func(*cobra.Command, []string) error {
			if _, err := config.LoadEither(path); err != nil {
				return usage(err)
			}
			_, err := fmt.Fprintf(s.out, "%s is valid\n", path)
			return err
		},
	}
	show := &cobra.Command{
		Use: "show", Short: "print what is in force, where each value comes from, and no secret", Args: cobra.NoArgs,
		Long: `Print the configuration as it takes effect: every value with its line, or with the word default,
and every secret as *** with its reference.`,
		Example: "  casdoctor config show -c casdoctor.yaml",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.LoadEither(path)
			if err != nil {
				return usage(err)
			}
			return config.Show(s.out, cfg)
		},
	}
	for _, sub := range []*cobra.Command{validate, show} {
		sub.Flags().StringVarP(&path, "config", "c", "casdoctor.yaml", "a casdoctor.yaml, or an agent.yaml with all its tenants")
	}
	var agent bool
	schema := &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of casdoctor.yaml or agent.yaml, for editors", Args: cobra.NoArgs,
		Long: `Print the JSON Schema (2020-12) of casdoctor.yaml, or with --agent of agent.yaml, which describes
every key. An editor that knows it completes keys and marks mistakes.`,
		Example: "  casdoctor config schema > casdoctor.schema.json",
		RunE: func(*cobra.Command, []string) error {
			text := config.Schema()
			if agent {
				text = config.AgentSchema()
			}
			_, err := s.out.Write(text)
			return err
		},
	}
	schema.Flags().BoolVar(&agent, "agent", false, "of agent.yaml, the configuration of casdoctor agent")
	c.AddCommand(initCommand(s), validate, show, schema)
	return c
}
