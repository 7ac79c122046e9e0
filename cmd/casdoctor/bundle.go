package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/internal/ticket"
)

func bundleCommand(s streams) *cobra.Command {
	var evidence, output, mapping string
	var pseudonyms, inspect bool
	c := &cobra.Command{
		Use:   "bundle report.json [--evidence evidence.json] [-o ticket.zip]",
		Short: "make the zip that a support ticket asks for, or show what is in one (--inspect ticket.zip)",
		Long: `Make the bundle for a support ticket with Trend Micro: the text of the ticket in English and
Japanese, the report, and what may leave the house of the evidence. Paste the text into
the ticket and fill in its blanks there; --inspect lists what leaves the house.

With --pseudonyms, names, domains, addresses and ids are replaced, the same way in all files. Only
--mapping writes which stands for what, to a file that stays with you.`,
		Example: `  casdoctor bundle report.json --evidence evidence.json -o ticket.zip
  casdoctor bundle --inspect ticket.zip`,
		Args: one("a report"),
		RunE: func(c *cobra.Command, args []string) error {
			lang, err := language(c)
			if err != nil {
				return err
			}
			if inspect {
				if evidence != "" || output != "" || mapping != "" || pseudonyms {
					return usage(errors.New("--inspect looks into a bundle and makes none: name only the zip"))
				}
				return inspectBundle(c, s, args[0])
			}
			if mapping != "" && !pseudonyms {
				return usage(errors.New("--mapping says what pseudonyms stand for: add --pseudonyms"))
			}
			in := ticket.Input{Version: version(), Pseudonyms: pseudonyms}
			if in.Report, err = openReport(args[0]); err != nil {
				return err
			}
			if evidence != "" {
				if in.Evidence, err = readEvidence(evidence); err != nil {
					return usage(err)
				}
			}
			if output == "" {
				output = bundleName(in.Report, pseudonyms)
			}
			for _, written := range []string{output, mapping} {
				if err := overwritten(written, args[0], evidence); err != nil {
					return usage(err)
				}
			}
			if overwritten(output, mapping) != nil {
				return usage(errors.New("--output and --mapping name the same file"))
			}
			return writeBundle(s, in, lang, output, mapping)
		},
	}
	c.Flags().StringVar(&evidence, "evidence", "", "the evidence of the same run (check --save-evidence): what may leave the house of it comes along")
	c.Flags().StringVarP(&output, "output", "o", "", "the zip (0600; default casdoctor-ticket-TENANT-DATE.zip)")
	c.Flags().BoolVar(&pseudonyms, "pseudonyms", false, "replace names, domains, addresses and ids")
	c.Flags().StringVar(&mapping, "mapping", "", "write to this file (0600) which pseudonym stands for what; keep it")
	c.Flags().BoolVar(&inspect, "inspect", false, "show every file of a bundle, and which names and addresses are in it")
	return c
}

// bundleName is where a bundle is written that nobody has named: in this folder, by what it is about.
func bundleName(r report.Report, pseudonyms bool) string {
	tenant := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		default:
			return '-'
		}
	}, r.Tenant)
	if pseudonyms { // the name of the file leaves the house too
		tenant = "pseudonyms"
	}
	return "casdoctor-ticket-" + tenant + "-" + r.Taken.UTC().Format("2006-01-02") + ".zip"
}

func writeBundle(s streams, in ticket.Input, lang, output, mapping string) error {
	raw, m, names, err := ticket.Make(in)
	if err != nil {
		return usage(err)
	}
	if mapping != "" {
		if err := report.StreamFile(mapping, func(w io.Writer) error { return ticket.WriteMapping(w, names) }); err != nil {
			return failed(err)
		}
	}
	if err := report.WriteFile(output, raw); err != nil {
		return failed(err)
	}
	say := func(en, ja string, args ...any) {
		if lang == "ja" {
			en = ja
		}
		_, _ = fmt.Fprintf(s.err, en+"\n", args...)
	}
	say("wrote %s (%d files)", "%s を書き込みました (%d ファイル)", output, len(m.Members)+1)
	say("1. see what leaves the house: casdoctor bundle --inspect %s", "1. 外部に出る内容を確認します: casdoctor bundle --inspect %s", output)
	say("2. open a ticket with Trend Micro at https://success.trendmicro.com (an LMP account: through the partner that manages it)",
		"2. トレンドマイクロのサポート https://success.trendmicro.com でチケットを開きます (LMP アカウントの場合は、管理しているパートナーを通じて)")
	say("3. paste ticket.en.md or ticket.ja.md of the zip into it, fill in the blanks (____), and attach the zip",
		"3. zip 内の ticket.ja.md または ticket.en.md を貼り付けて空欄 (____) に記入し、zip を添付します")
	if mapping != "" {
		say("keep %s: it says what the pseudonyms stand for", "%s は手元に保管してください。仮名の対応表です", mapping)
	}
	return nil
}

// inspectBundle shows what leaves the house with a bundle.
func inspectBundle(c *cobra.Command, s streams, path string) error {
	opts, err := view(c, s)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return usage(err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, ticket.MaxBundle+1))
	if err == nil && len(raw) > ticket.MaxBundle {
		err = errors.New("larger than any bundle of casdoctor")
	}
	var i ticket.Inspection
	if err == nil {
		i, err = ticket.Inspect(raw)
	}
	if err != nil {
		return usage(fmt.Errorf("%s: %w", path, err))
	}
	var b bytes.Buffer
	verbose, _ := c.Flags().GetBool("verbose")
	ticket.WriteInspection(&b, i, opts.Lang, verbose)
	_, err = s.out.Write(b.Bytes())
	return err
}
