package main

import (
	"bytes"
	"errors"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/mail"
)

func mailCommand(s streams) *cobra.Command {
	var path, format, output string
	var internal []string
	c := &cobra.Command{
		Use:   "mail FILE...",
		Short: "say what the headers of a message decide, and what Cloud App Security makes of them",
		Long: `Read the headers of messages (.eml files, folders, patterns), never their bodies, and say
whether Cloud App Security can take them for internal mail. No configuration is needed; the
internal domains come from --internal or from the configuration that -c names. Without them no
message is said to pass as internal.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			opts, err := textOptions(c, s)
			if err != nil {
				return err
			}
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			domains, err := domainsOf(path, internal)
			if err != nil {
				return usage(err)
			}
			list, err := mail.Messages(c.Context(), args)
			if err != nil {
				return failed(err)
			}
			m := report.NewMail(list, domains)
			var b bytes.Buffer
			if format == "json" {
				err = report.WriteData(&b, m)
			} else {
				opts.Color = opts.Color && output == ""
				err = report.WriteMail(&b, m, opts)
			}
			if err == nil {
				err = deliver(s, output, b.Bytes())
			}
			if err != nil {
				return failed(err)
			}
			if code := m.ExitCode(); code != checks.ExitOK {
				return &exitError{code: code}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&path, "config", "c", "", "take cas.internal_domains from this configuration")
	f.StringSliceVar(&internal, "internal", nil, "the internal domains, e.g. contoso.com,contoso.net")
	f.StringVar(&format, "format", "text", "text or json")
	f.StringVarP(&output, "output", "o", "", "write to this file (0600) instead of standard output")
	return c
}

// domainsOf are the internal domains that were named in either way; nil for none.
func domainsOf(path string, internal []string) (*[]string, error) {
	var out *[]string
	if len(internal) > 0 {
		out = &internal
	}
	if path == "" {
		return out, nil
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	if cfg.CAS == nil || !cfg.CAS.InternalDomains.Declared {
		return nil, errors.New("the configuration declares no cas.internal_domains; add them, or name them with --internal")
	}
	all := append(append([]string{}, internal...), cfg.CAS.InternalDomains.Items...)
	return &all, nil
}
