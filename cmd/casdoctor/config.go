package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/config"
)

func configCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use: "config", Short: "start, validate or show a configuration, or print its schema",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return helpless(c, s) },
	}
	var path string
	validate := &cobra.Command{
		Use: "validate", Short: "report every mistake of a configuration", Args: cobra.NoArgs,
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
		RunE: func(*cobra.Command, []string) error {
			text := config.Schema()
			if agent {
				text = config.AgentSchema()
			}
			_, err := s.out.Write(text)
			return err
		},
	}
	start := &cobra.Command{
		Use: "init", Short: "print a configuration to start from: casdoctor config init > casdoctor.yaml", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text := config.Example()
			if agent {
				text = config.AgentExample()
			}
			_, err := s.out.Write(text)
			return err
		},
	}
	for _, sub := range []*cobra.Command{start, schema} {
		sub.Flags().BoolVar(&agent, "agent", false, "of agent.yaml, the configuration of casdoctor agent")
	}
	c.AddCommand(start, validate, show, schema)
	return c
}
