package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/interview"
	"github.com/casdoctor/casdoctor/internal/report"
)

// initFlags are the flags of casdoctor config init that are no answers.
type initFlags struct {
	output            string
	print, yes, force bool
	agent             bool
}

func initCommand(s streams) *cobra.Command {
	var o initFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "start a configuration: a dialogue on a terminal, else an example to edit",
		Long: `Ask what only an administrator can know, and write a configuration of it: which services, which
provisioning mode, which accounts, which kind of credentials. Each question says why it is asked;
? tells more, < goes back. No secret is asked for, only where it will be, and nothing is written
before the last answer.

Each question is a flag, too. With --yes, or without a terminal, nothing is asked: what has no
flag takes its default, and what has no default is reported. A list is one flag with commas.

Without a terminal and without answers the example is printed: a configuration with every kind
of section and credential, to be edited.`,
		Example: `  casdoctor config init
  casdoctor config init > casdoctor.yaml
  casdoctor config init -o casdoctor.yaml --services cas --console eu --name contoso`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVarP(&o.output, "output", "o", "", "write to this file (0600), or with - to standard output (default: casdoctor.yaml on a terminal)")
	f.BoolVar(&o.print, "print", false, "print the example, with every kind of section and credential, and ask nothing")
	f.BoolVar(&o.yes, "yes", false, "ask nothing: take the default of what no flag answers")
	f.BoolVar(&o.force, "force", false, "replace the file if it is there")
	f.BoolVar(&o.agent, "agent", false, "print an example of agent.yaml, the configuration of casdoctor agent, and ask nothing")
	answers := answerFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		lang, err := language(c)
		if err != nil {
			return err
		}
		return o.run(c.Context(), s, lang, answers())
	}
	return c
}

// answerFlags makes a flag of every question, and returns what reads the answers from them.
func answerFlags(c *cobra.Command) func() interview.Answers {
	flags := interview.Flags()
	each := map[string]*map[string]string{}
	for _, q := range flags {
		usage := q.Usage
		if len(q.Choices) > 0 {
			usage += " " + strings.Join(q.Choices, ", ")
		}
		if q.Each {
			each[q.Name] = c.Flags().StringToString(q.Name, nil, usage)
			c.Flags().Lookup(q.Name).Usage += " (`ACCOUNT=answer,...`)"
			continue
		}
		// No slices: a list is one answer, as it is in the dialogue.
		c.Flags().String(q.Name, "", usage)
		complete := words(q.Choices)
		if q.Several {
			complete = completeList(words(q.Choices))
		}
		_ = c.RegisterFlagCompletionFunc(q.Name, complete)
	}
	return func() interview.Answers {
		given := interview.Answers{}
		c.Flags().Visit(func(f *pflag.Flag) {
			i := slices.IndexFunc(flags, func(q interview.Flag) bool { return q.Name == f.Name })
			switch {
			case i < 0:
			case flags[i].Each:
				for account, answer := range *each[f.Name] {
					given[f.Name+"/"+account] = answer
				}
			default:
				given[f.Name] = f.Value.String()
			}
		})
		return given
	}
}

func (o *initFlags) run(ctx context.Context, s streams, lang string, given interview.Answers) error {
	_, outTerminal, _ := screen(s.out)
	width, errTerminal, _ := screen(s.err)
	asks := isTerminal(s.in) && errTerminal && (outTerminal || o.output != "") && !o.print && !o.yes
	if o.agent {
		if len(given) > 0 {
			return usage(errors.New("--agent prints the example; it takes no answers"))
		}
		return deliver(s, strings.TrimPrefix(o.output, "-"), config.AgentExample())
	}
	if o.print && len(given) > 0 {
		return usage(errors.New("--print prints the example; it takes no answers"))
	}
	path := o.output
	if path == "" && outTerminal && !o.print && (asks || len(given) > 0 || o.yes) {
		path = "casdoctor.yaml"
	}
	if path == "-" {
		path = ""
	}
	if !asks {
		document := config.Example()
		if len(given) > 0 || o.yes {
			answers, mistakes := interview.Complete(given)
			if len(mistakes) > 0 {
				return usage(wrongAnswers(mistakes, lang))
			}
			var err error
			if document, err = answers.Document(lang); err != nil {
				return failed(err)
			}
			given = answers
		}
		if path != "" && !o.force && there(path) {
			return usage(fmt.Errorf("%s is there already; replace it with --force, or name another file with -o", path))
		}
		if len(given) == 0 && !o.yes && !o.print && piped(s.in) {
			aloud(s.err, checks.Text{
				EN: "This is the example: standard input is no terminal, so nothing was asked, and what came through it was not read. " +
					"Give the answers as flags (casdoctor config init --help), such as --services cas --console eu --name contoso.",
				JA: "これは設定例です。標準入力が端末ではないため質問せず、標準入力の内容も読み取っていません。" +
					"回答はフラグで指定してください (casdoctor config init --help)。例: --services cas --console eu --name contoso",
			}, lang)
		}
		return o.write(s, path, document, given, lang)
	}
	d := &interview.Dialogue{In: s.in, Out: s.err, Lang: lang, Width: width}
	return o.converse(ctx, s, d, path, given)
}

// converse asks, and writes what comes of it. Until then nothing is written.
func (o *initFlags) converse(ctx context.Context, s streams, d *interview.Dialogue, path string, given interview.Answers) error {
	ended := func(err error) error {
		if ctx.Err() != nil || errors.Is(err, interview.ErrEnd) {
			_, _ = fmt.Fprintln(s.err)
			return failed(errors.New("the dialogue was ended: nothing was written"))
		}
		return failed(err)
	}
	if path != "" && !o.force && there(path) {
		replace, err := d.Confirm(ctx, checks.Text{
			EN: path + " is there already. Replace it at the end?",
			JA: path + " は既にあります。最後に置き換えますか。",
		})
		if err != nil {
			return ended(err)
		}
		if !replace {
			return usage(fmt.Errorf("%s stays as it is; name another file with -o", path))
		}
		o.force = true
	}
	answers, err := d.Ask(ctx, given)
	if err != nil {
		return ended(err)
	}
	document, err := answers.Document(d.Lang)
	if err == nil {
		err = config.Outline(document, path) // a mistake of casdoctor, not of who answered
	}
	if err != nil {
		return failed(err)
	}
	if path != "" && !o.force && there(path) { // somebody was faster
		return usage(fmt.Errorf("%s is there already; name another file with -o", path))
	}
	return o.write(s, path, document, answers, d.Lang)
}

// write writes the document, and says what comes next where that is not in the way.
func (o *initFlags) write(s streams, path string, document []byte, answers interview.Answers, lang string) error {
	if err := deliver(s, path, document); err != nil {
		return failed(err)
	}
	if path == "" {
		return nil
	}
	say := func(t checks.Text) { aloud(s.err, t, lang) }
	_, _ = fmt.Fprintln(s.err)
	say(checks.Text{EN: path + " is written.", JA: path + " を書き込みました。"})
	if refs := answers.References(); len(refs) > 0 {
		list := strings.Join(refs, ", ")
		say(checks.Text{
			EN: "It refers to " + list + ": set the variables; give the files the mode 0600.",
			JA: "参照先: " + list + "。環境変数を設定し、ファイルのモードは 0600 にしてください。",
		})
	}
	if names := answers.Opened(); len(names) > 0 {
		list := strings.Join(names, ", ")
		say(checks.Text{
			EN: "Left open: " + list + ". What depends on them stays unknown in the report.",
			JA: "空けた項目: " + list + "。これらに関わる判定は、レポートで不明になります。",
		})
	}
	say(checks.Text{EN: "Next:", JA: "次に実行するコマンド:"})
	_, _ = fmt.Fprintf(s.err, "  casdoctor config validate -c %s\n  casdoctor check -c %[1]s\n", path)
	return nil
}

// wrongAnswers are mistakes as one error, by the flags that would settle them.
func wrongAnswers(mistakes []interview.Mistake, lang string) error {
	var lines []string
	for _, m := range mistakes {
		flag := "--" + m.Name
		if m.Account != "" {
			flag += " " + m.Account + "=…"
		}
		lines = append(lines, flag+": "+m.Sentence.In(lang))
	}
	return errors.New(strings.Join(lines, "\n"))
}

// aloud writes a sentence, as wide as the terminal is.
func aloud(w io.Writer, t checks.Text, lang string) {
	width, _, _ := screen(w)
	for _, line := range report.Lines(t.In(lang), width, 0) {
		_, _ = fmt.Fprintln(w, line)
	}
}

// piped: somebody may have put answers there. It is not read to find out: a pipe that nobody
// writes to would keep a script waiting.
func piped(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && (info.Mode()&os.ModeNamedPipe != 0 || info.Mode().IsRegular() && info.Size() > 0)
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// there reports whether a name is taken, whatever by. A device or a pipe is made to be written to.
func there(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && (info.Mode().IsRegular() || info.Mode()&os.ModeSymlink != 0)
}
