package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/term"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

// The rules of the user interface: standard output carries only what was asked for (a
// report, a list, a document); everything else goes to standard error, without capitals and
// with what to do next. Colour and progress only on a terminal, and never with NO_COLOR.

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitError carries the exit code of an outcome; its text, when there is one, goes to stderr.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is an error of usage or configuration; failed one that kept a report from being made.
func usage(err error) error  { return &exitError{checks.ExitUsage, err} }
func failed(err error) error { return &exitError{checks.ExitNoRun, err} }

func execute(ctx context.Context, args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	return exitCode(root.ExecuteContext(ctx), s.err)
}

// exitCode is the exit code of an outcome, whose text goes to w.
func exitCode(err error, w io.Writer) int {
	if err == nil {
		return checks.ExitOK
	}
	code := checks.ExitUsage // what cobra itself refuses is wrong usage
	var e *exitError
	if errors.As(err, &e) {
		code, err = e.code, e.err
	}
	if err != nil {
		_, _ = fmt.Fprintln(w, "casdoctor: "+err.Error())
	}
	return code
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "casdoctor",
		Short: "find the documented troubles of Cloud App Security, and the fix that still works",
		Long: `casdoctor looks at a Microsoft 365 tenant, a Google Workspace customer, the management console
of Trend Micro Cloud App Security and what is declared about its licences. It says which of the
vendor's seven documented troubles are there, why, and which documented fix still works for this
organisation, today. It changes nothing, and it never says good or bad when it could not look.`,
		Example: `  casdoctor demo mfa-per-user-retired
  casdoctor config init
  casdoctor check -c casdoctor.yaml
  casdoctor explain MFA-01`,
		SilenceErrors: true,
		SilenceUsage:  true,
		// No Args: cobra's own rule for a root suggests the command that was meant.
		RunE: func(c *cobra.Command, _ []string) error { return helpless(c, s) },
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.PersistentFlags().String("lang", "", "language of sentences: en or ja (default: from the environment)")
	root.PersistentFlags().BoolP("verbose", "v", false, "tell more: refuted causes, facts, and a log on standard error")
	root.AddCommand(
		checkCommand(s), replayCommand(s), reportCommand(s), diffCommand(s), demoCommand(s), explainCommand(s), listCommand(s),
		permissionsCommand(s), configCommand(s), mailCommand(s), consoleCommand(s), bundleCommand(s), agentCommand(s),
		versionCommand(s),
	)
	completeFlags(root)
	return root
}

// helpless answers a command that does nothing by itself: help, where errors go.
func helpless(c *cobra.Command, s streams) error {
	c.SetOut(s.err)
	_ = c.Help()
	return usage(nil)
}

// one wants exactly one argument, and says which.
func one(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s wants %s: casdoctor %s", c.Name(), what, c.Use)
		}
		return nil
	}
}

// two is one for two arguments.
func two(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 2 {
			return fmt.Errorf("%s wants %s: casdoctor %s", c.Name(), what, c.Use)
		}
		return nil
	}
}

// overwritten: what is written must not take the place of what is read.
func overwritten(output string, inputs ...string) error {
	for _, in := range inputs {
		if output == "" || in == "" {
			continue
		}
		same := filepath.Clean(output) == filepath.Clean(in)
		if a, err := os.Stat(output); err == nil && a.Mode().IsRegular() { // by another name
			b, err := os.Stat(in)
			same = same || err == nil && os.SameFile(a, b)
		}
		if same {
			return fmt.Errorf("%s is what is read; write to another file", in)
		}
	}
	return nil
}

// language is --lang, or the first of the usual variables that names one.
func language(c *cobra.Command) (string, error) {
	lang, _ := c.Flags().GetString("lang")
	if lang != "" {
		return lang, oneOf("--lang", lang, "en", "ja")
	}
	for _, v := range []string{"CASDOCTOR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if s := os.Getenv(v); s != "" {
			if strings.HasPrefix(s, "ja") {
				return "ja", nil
			}
			return "en", nil
		}
	}
	if strings.HasPrefix(systemLanguage(), "ja") {
		return "ja", nil
	}
	return "en", nil
}

// screen is the width and colour of a stream: those of a terminal, else 80 columns and none.
func screen(w io.Writer) (width int, terminal, color bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		// A pipe has no width of its own; a shell or a script can export the one it has in mind.
		if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
			return width, false, false
		}
		return 80, false, false
	}
	width, _, err := term.GetSize(f.Fd())
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true, os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && colours(f)
}

// logger writes to standard error: warnings, or with -v what the probes do.
func logger(c *cobra.Command, s streams) zerolog.Logger {
	level := zerolog.WarnLevel
	if v, _ := c.Flags().GetBool("verbose"); v {
		level = zerolog.InfoLevel
	}
	_, _, color := screen(s.err)
	return zerolog.New(zerolog.ConsoleWriter{Out: s.err, NoColor: !color}).Level(level).With().Timestamp().Logger()
}

// view are those of a text for this terminal.
func view(c *cobra.Command, s streams) (report.View, error) {
	lang, err := language(c)
	width, _, color := screen(s.out)
	return report.View{Lang: lang, Width: width, Color: color}, err
}

// oneOf refuses a word that is not one of those that a flag or an argument takes.
func oneOf(what, got string, words ...string) error {
	if slices.Contains(words, got) {
		return nil
	}
	last := len(words) - 1
	return usage(fmt.Errorf("%s is %s or %s, not %q", what, strings.Join(words[:last], ", "), words[last], got))
}

// deliver writes what was asked for to the file that -o names, or to standard output.
func deliver(s streams, output string, raw []byte) error {
	if output != "" {
		return report.WriteFile(output, raw)
	}
	_, err := s.out.Write(raw)
	return err
}
