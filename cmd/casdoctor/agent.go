package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/web"
	"github.com/casdoctor/casdoctor/internal/report"
)

func agentCommand(s streams) *cobra.Command {
	var path string
	var demonstration bool
	c := &cobra.Command{
		Use:   "agent -c agent.yaml",
		Short: "look at every tenant when it is due, remember what was seen, and tell what has changed",
		Long: `Look at every tenant of agent.yaml when it is due, remember what was seen, and tell what
has changed, until it is stopped. Its page is at http://127.0.0.1:8642/ unless the configuration says
otherwise. SIGHUP reads the configuration and the certificate of the page again. The log goes to
standard error, one JSON object in a line. With OTEL_EXPORTER_OTLP_ENDPOINT it also sends traces.`,
		Example: `  casdoctor agent -c agent.yaml
  casdoctor agent --demo`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if demonstration {
				return agentDemo(c, s)
			}
			reload := make(chan os.Signal, 1)
			signal.Notify(reload, syscall.SIGHUP)
			defer signal.Stop(reload)
			level := zerolog.InfoLevel
			if v, _ := c.Flags().GetBool("verbose"); v {
				level = zerolog.DebugLevel
			}
			log := zerolog.New(s.err).Level(level).With().Timestamp().Logger()
			tracer, sent, err := agent.Traces(c.Context(), os.Getenv, version(), log)
			if err != nil {
				return usage(err)
			}
			m := web.NewMetrics()
			err = agent.Run(c.Context(), agent.Options{
				Load: func() (*config.Agent, error) { return config.LoadAgent(path) }, Reload: reload, Looked: m.Looked, Serve: servePage(m, nil, nil),
				Log: log, Version: version(), Tell: agent.Tell, Tracer: tracer,
			})
			sent()
			if mistakes := (*config.Errors)(nil); errors.As(err, &mistakes) {
				return usage(err)
			}
			if err != nil {
				return failed(err)
			}
			return nil
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "agent.yaml", "the configuration")
	c.Flags().BoolVar(&demonstration, "demo", false, "bring up practice organisations, an agent for them and its page, until Ctrl-C")
	c.AddCommand(agentHistoryCommand(s), agentShowCommand(s), agentDiffCommand(s), notifyTestCommand(s))
	return c
}

// memory is where the agent's memory is read from.
type memory struct{ path, database string }

func (m *memory) flags(c *cobra.Command) {
	c.Flags().StringVarP(&m.path, "config", "c", "agent.yaml", "the agent's configuration")
	c.Flags().StringVar(&m.database, "database", "", "read this SQLite file; the configuration, and its secrets, are not needed then")
}

// view reads the memory of an agent, which may be running.
func (m *memory) view(ctx context.Context, do func(context.Context, store.Tx) error) error {
	where := store.Settings{SQLite: m.database}
	if m.database == "" {
		cfg, err := config.LoadAgent(m.path)
		if err != nil {
			return usage(err)
		}
		where = agent.Database(cfg)
	}
	st, err := store.OpenToRead(ctx, where)
	if err != nil {
		return failed(err)
	}
	err = st.View(ctx, func(tx store.Tx) error { return do(ctx, tx) })
	if e := (*exitError)(nil); err != nil && !errors.As(err, &e) {
		err = failed(err)
	}
	return errors.Join(err, st.Close())
}

func agentHistoryCommand(s streams) *cobra.Command {
	var m memory
	var tenant, format string
	var limit int
	c := &cobra.Command{
		Use:   "history",
		Short: "list the runs that the agent remembers, the latest first",
		Long: `List the runs that the agent remembers, the latest first: when, for which tenant, who asked, and
how each check stood. The agent may be running.`,
		Example: `  casdoctor agent history --tenant contoso --limit 30
  casdoctor agent history --database agent.db --format json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, err := view(c, s)
			if err != nil {
				return err
			}
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			if limit < 1 {
				return usage(errors.New("--limit is 1 or more"))
			}
			runs := []report.Past{}
			if err := m.view(c.Context(), func(ctx context.Context, tx store.Tx) error {
				found, err := store.Runs(ctx, tx, tenant, 0, limit)
				for _, r := range found {
					runs = append(runs, report.Past{
						Run: r.ID, Tenant: r.Tenant, Period: r.Period, Ended: r.Ended, AskedBy: r.AskedBy,
						Verdict: checks.RunVerdict(r.Verdict), Statuses: r.Statuses, Failure: r.Failure,
					})
				}
				return err
			}); err != nil {
				return err
			}
			if format == "json" {
				return report.WriteData(s.out, runs)
			}
			return report.WriteHistory(s.out, runs, v)
		},
	}
	m.flags(c)
	c.Flags().StringVar(&tenant, "tenant", "", "only the runs of this tenant")
	c.Flags().StringVar(&format, "format", "text", "text or json")
	c.Flags().IntVar(&limit, "limit", 20, "how many")
	return c
}

func agentShowCommand(s streams) *cobra.Command {
	var m memory
	var o options
	var evidence bool
	c := &cobra.Command{
		Use:   "show RUN",
		Short: "print the report of a run, by its number or, for the latest, by the name of its tenant",
		Long: `Print the report of a run that the agent remembers, in any format, or with --evidence what was seen.
The exit code is the one of the run.`,
		Example: `  casdoctor agent show contoso
  casdoctor agent show 4711 --format html -o report.html`,
		Args: one("the number of a run, or the name of a tenant"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(c); err != nil {
				return err
			}
			kind := store.Report
			if evidence {
				kind = store.Evidence
			}
			var raw []byte
			if err := m.view(c.Context(), func(ctx context.Context, tx store.Tx) error {
				id, err := runNamed(ctx, tx, args[0])
				if err != nil {
					return err
				}
				raw, err = document(ctx, tx, id, kind)
				return err
			}); err != nil {
				return err
			}
			if evidence {
				return deliver(s, o.output, raw)
			}
			r, err := report.Read(bytes.NewReader(raw))
			if err != nil {
				return failed(err)
			}
			return o.write(s, r)
		},
	}
	m.flags(c)
	o.outputs(c)
	c.Flags().BoolVar(&evidence, "evidence", false, "write what was seen instead, for casdoctor replay")
	return c
}

func document(ctx context.Context, tx store.Tx, run int64, kind store.Kind) ([]byte, error) {
	raw, err := store.Document(ctx, tx, run, kind)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, failed(fmt.Errorf("run %d made no report; casdoctor agent history says why", run))
	}
	return raw, err
}

func agentDiffCommand(s streams) *cobra.Command {
	var m memory
	var to differenceOptions
	c := &cobra.Command{
		Use:   "diff [TENANT | OLD NEW]",
		Short: "say what has changed between two runs, or the last two of a tenant",
		Long: `Compare the reports of two runs that the agent remembers, the older one first: by their numbers,
or the last two of a tenant. Without arguments it is the only tenant that there is.

The exit code is 0 when nothing got worse, 1 when something did, 2 for wrong usage.`,
		Example: `  casdoctor agent diff contoso
  casdoctor agent diff 4711 4801 --lang ja`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usage(errors.New("agent diff wants two runs, the older one first, or a tenant"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := to.complete(c, s); err != nil {
				return err
			}
			var reports [2]report.Report
			if err := m.view(c.Context(), func(ctx context.Context, tx store.Tx) error {
				runs, err := runsToCompare(ctx, tx, args)
				if err != nil {
					return err
				}
				for i, id := range runs {
					raw, err := document(ctx, tx, id, store.Report)
					if err != nil {
						return err
					}
					if reports[i], err = report.Read(bytes.NewReader(raw)); err != nil {
						return fmt.Errorf("run %d: %w", id, err)
					}
				}
				return nil
			}); err != nil {
				return err
			}
			return to.write(s, reports[0], reports[1])
		},
	}
	m.flags(c)
	to.flags(c)
	return c
}

// runsToCompare are the two that the arguments of agent diff name.
func runsToCompare(ctx context.Context, tx store.Tx, args []string) (runs [2]int64, err error) {
	if len(args) == 2 {
		for i, name := range args {
			if runs[i], err = runNamed(ctx, tx, name); err != nil {
				return runs, err
			}
		}
		return runs, nil
	}
	if len(args) == 0 {
		all, err := store.Tenants(ctx, tx)
		if err != nil {
			return runs, err
		}
		if len(all) != 1 {
			return runs, usage(fmt.Errorf("the agent remembers %d tenants: name one, or two runs", len(all)))
		}
		args = []string{all[0].Name}
	}
	if runs[1], err = runNamed(ctx, tx, args[0]); err != nil {
		return runs, err
	}
	last, err := store.RunByID(ctx, tx, runs[1])
	if err != nil {
		return runs, err
	}
	before, err := store.ReportBefore(ctx, tx, last.Tenant, last.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return runs, failed(fmt.Errorf("%s has no report before run %d to compare with", last.Tenant, last.ID))
	}
	runs[0] = before.ID
	return runs, err
}

// runNamed is the number of a run: itself, or the latest with a report of a tenant.
func runNamed(ctx context.Context, tx store.Tx, name string) (int64, error) {
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		_, err := store.RunByID(ctx, tx, id)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, usage(fmt.Errorf("there is no run %d, or it is forgotten; see casdoctor agent history", id))
		}
		return id, err
	}
	t, err := store.TenantNamed(ctx, tx, name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, usage(fmt.Errorf("there is no tenant %q; see casdoctor agent history", name))
	case err == nil && t.LastReport == 0:
		return 0, failed(fmt.Errorf("no run of %s has made a report yet", name))
	}
	return t.LastReport, err
}
