package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/agent/notify"
)

// notifyTestCommand is casdoctor agent notify-test: a message to one channel or to all, so that
// an admin sees that they work before they are needed.
func notifyTestCommand(s streams) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "notify-test [CHANNEL]", Short: "send a test message to one channel, or to all of them",
		Long: `Send a test message to one channel of agent.yaml, or to all of them, so that what is wrong with a
channel shows before it is needed. The message says that it is a test.`,
		Example: `  casdoctor agent notify-test
  casdoctor agent notify-test ops -c agent.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			agent, err := config.LoadAgent(path)
			if err != nil {
				return usage(err)
			}
			return notifyTest(c.Context(), s, agent.Alerts, agent.Network, args)
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "agent.yaml", "the configuration of the agent")
	return c
}

func notifyTest(ctx context.Context, s streams, a config.Alerts, network config.Network, names []string) error {
	channels := alert.ChannelsOf(a)
	var known []string
	for _, c := range channels {
		known = append(known, c.Name)
	}
	switch {
	case len(channels) == 0:
		return usage(errors.New("agent.yaml has no channels: add alerts.channels"))
	case len(names) == 0:
		names = known
	}
	sender, err := notify.New(a.Channels, network, time.Now)
	if err != nil {
		return usage(err)
	}
	broken := 0
	for _, name := range names {
		at := slices.Index(known, name)
		if at < 0 {
			return usage(fmt.Errorf("there is no channel %q; there are %s", name, strings.Join(known, ", ")))
		}
		works := true
		for _, m := range alert.Test(channels[at], alert.PolicyOf(a), time.Now()) {
			shown := name
			if m.To != "" {
				shown += " (" + m.To + ")"
			}
			if err := sender.Send(ctx, m); err != nil {
				works = false
				_, _ = fmt.Fprintf(s.err, "casdoctor: channel %s: %v\n", shown, err)
				continue
			}
			if _, err := fmt.Fprintf(s.out, "%s: sent\n", shown); err != nil {
				return err
			}
		}
		if !works {
			broken++
		}
	}
	if broken > 0 {
		return failed(fmt.Errorf("channels that do not work: %d of %d", broken, len(names)))
	}
	return nil
}
