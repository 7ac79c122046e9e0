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
			if _, err := config.Load(path); err != nil {
				return usage(err)
			}
			_, err := fmt.Fprintf(s.out, "%s is valid\n", path)
			return err
		},
	}
	show := &cobra.Command{
		Use: "show", Short: "print what is in force, where each value comes from, and no secret", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return usage(err)
			}
			return config.Show(s.out, cfg)
		},
	}
	for _, sub := range []*cobra.Command{validate, show} {
		sub.Flags().StringVarP(&path, "config", "c", "casdoctor.yaml", "the configuration")
	}
	schema := &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of casdoctor.yaml, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := s.out.Write(config.Schema())
			return err
		},
	}
	c.AddCommand(initCommand(s), validate, show, schema)
	return c
}
