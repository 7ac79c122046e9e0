package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/lab"
)

func demoCommand(s streams) *cobra.Command {
	var o options
	var list, serve bool
	var latency time.Duration
	c := &cobra.Command{
		Use:   "demo [SCENARIO]",
		Short: "run the real check against a practice organisation on this machine",
		Long: `Start a practice organisation on this machine, run the real check against it, and print the
report. The protocols are the real ones, on loopback; nothing leaves the machine, and no account
is needed. Without a scenario it is the healthy organisation.

With --serve the organisation stays up until Ctrl-C, for checks of your own: the configuration
that is named holds its addresses.`,
		Example: `  casdoctor demo --list
  casdoctor demo all-troubles --lang ja
  casdoctor demo healthy --serve`,
		Args: cobra.MaximumNArgs(1),
		RunE: o.answered(s, func(c *cobra.Command, args []string) error {
			if err := o.complete(c); err != nil {
				return err
			}
			if err := o.overwrites(""); err != nil {
				return usage(err)
			}
			all := lab.Scenarios()
			if list {
				return listScenarios(s, all, o.lang)
			}
			sc := all[0]
			if len(args) == 1 {
				i := slices.IndexFunc(all, func(sc lab.Scenario) bool { return sc.Name == args[0] })
				if i < 0 {
					return usage(fmt.Errorf("there is no scenario %q; see casdoctor demo --list", args[0]))
				}
				sc = all[i]
			}
			sc.Organisation.Latency = latency
			return o.demo(c, s, sc, serve)
		}),
		ValidArgsFunction: scenarios,
	}
	o.flags(c)
	c.Flags().StringVar(&o.evidence, "save-evidence", "", "also write what was seen to this file (0600), for replay")
	c.Flags().BoolVar(&list, "list", false, "name the scenarios")
	c.Flags().DurationVar(&latency, "latency", 0, "let every answer take so much longer, e.g. 80ms")
	c.Flags().BoolVar(&serve, "serve", false, "keep the practice organisation up and say where its configuration is")
	return c
}

func (o *options) demo(c *cobra.Command, s streams, sc lab.Scenario, serve bool) error {
	l, err := lab.Start(sc.Organisation)
	if err != nil {
		return failed(err)
	}
	defer l.Close()
	dir, err := os.MkdirTemp("", "casdoctor-demo-")
	if err != nil {
		return failed(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path, err := l.WriteConfig(dir)
	if err != nil {
		return failed(err)
	}
	if serve {
		now := ""
		if !sc.Now.IsZero() {
			now = " --now " + sc.Now.UTC().Format("2006-01-02T15:04:05Z")
		}
		_, _ = fmt.Fprintf(s.out, "%s: %s\n\ncasdoctor check -c %s%s\n\n", sc.Name, sc.Title.EN, path, now)
		_, _ = fmt.Fprintln(s.err, "the practice organisation is up; Ctrl-C ends it")
		<-c.Context().Done()
		return nil
	}
	cfg, err := config.Load(path)
	if err != nil {
		return failed(err)
	}
	if o.at.IsZero() {
		o.at = sc.Now
	}
	return o.check(c, s, cfg)
}

func listScenarios(s streams, all []lab.Scenario, lang string) error {
	width := 0
	for _, sc := range all {
		width = max(width, len(sc.Name))
	}
	for _, sc := range all {
		title := sc.Title.EN
		if lang == "ja" {
			title = sc.Title.JA
		}
		if _, err := fmt.Fprintf(s.out, "%s%s  %s\n", sc.Name, strings.Repeat(" ", width-len(sc.Name)), title); err != nil {
			return err
		}
	}
	return nil
}
