package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"sync"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
	"github.com/casdoctor/casdoctor/probes/mail"
)

func mailCommand(s streams) *cobra.Command {
	var path, format, output string
	var given checks.MailContext
	var internal []string
	c := &cobra.Command{
		Use:   "mail FILE...",
		Short: "say what the headers of a message decide, and what Cloud App Security makes of them",
		Long: `Read the headers of messages (.eml files, folders, patterns), never their bodies, and say
whether Cloud App Security can take them for internal mail, why not, and what to do about it. No
configuration is needed; the internal domains come from --internal or from the configuration that
-c names. Without them no message is said to pass as internal. With -v all of the evidence follows.`,
		Example: `  casdoctor mail message.eml --internal contoso.com
  casdoctor mail samples -c casdoctor.yaml --format json -o mail.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			opts, err := view(c, s)
			if err != nil {
				return err
			}
			opts.Verbose, _ = c.Flags().GetBool("verbose")
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			if len(internal) > 0 {
				given.Internal = &internal
			}
			known, err := mailContext(path, given)
			if err != nil {
				return usage(err)
			}
			code := checks.ExitOK
			write := func(w io.Writer) error {
				b := bufio.NewWriter(w)
				m := report.NewMailJSON(b)
				if format == "text" {
					opts.Color = opts.Color && output == ""
					m = report.NewMailText(b, opts)
				}
				err := mail.EachMessage(c.Context(), args, func(msg facts.Message) error {
					return m.Write(report.NewMailMessage(msg, known))
				})
				code = m.ExitCode()
				return errors.Join(err, m.Close(), b.Flush())
			}
			if output != "" {
				err = report.StreamFile(output, write)
			} else {
				err = write(s.out)
			}
			if err != nil {
				return failed(err)
			}
			if code != checks.ExitOK {
				return &exitError{code: code}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&path, "config", "c", "", "take the internal domains, the tenant and the relays from this configuration")
	f.StringSliceVar(&internal, "internal", nil, "the internal domains, e.g. contoso.com,contoso.net")
	f.StringVar(&given.Tenant, "tenant", "", "the directory (tenant) ID, to tell the tenant's own mail from another's")
	f.StringSliceVar(&given.Relays, "relay", nil, "addresses of Cloud App Security's inline protection, e.g. 203.0.113.0/29")
	f.StringVar(&format, "format", "text", "text or json")
	f.StringVarP(&output, "output", "o", "", "write to this file (0600) instead of standard output")
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"eml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return c
}

// directoryID is the shape of a UUID (RFC 9562, 4).
var directoryID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`) })

// mailContext is what is known about the organisation: from the flags, and from a configuration.
func mailContext(path string, given checks.MailContext) (checks.MailContext, error) {
	for _, r := range given.Relays {
		if _, err := netip.ParseAddr(r); err == nil {
			continue
		}
		if _, err := netip.ParsePrefix(r); err != nil {
			return given, fmt.Errorf("--relay %q is neither an IP address nor a range such as 203.0.113.0/29", r)
		}
	}
	if given.Internal != nil {
		for _, e := range *given.Internal {
			if domain, _ := maildns.Entry(e); domain == "" {
				return given, fmt.Errorf("--internal %q is not a domain such as contoso.com", e)
			}
		}
	}
	if given.Tenant != "" && !directoryID().MatchString(given.Tenant) {
		return given, fmt.Errorf("--tenant %q is not a directory (tenant) ID such as 84841066-274d-4ec0-a5c1-276be684bdd3", given.Tenant)
	}
	if path == "" {
		return given, nil
	}
	cfg, err := config.Load(path)
	if err != nil {
		return given, err
	}
	if cfg.CAS == nil || !cfg.CAS.InternalDomains.Declared {
		return given, errors.New("the configuration declares no cas.internal_domains; add them, or name them with --internal")
	}
	all := []string{}
	for _, e := range cfg.CAS.InternalDomains.Written {
		all = append(all, e.Text)
	}
	if given.Internal != nil {
		all = append(all, *given.Internal...)
	}
	given.Internal = &all
	given.Relays = append(given.Relays, cfg.CAS.Relays...)
	if given.Tenant == "" && cfg.Microsoft365 != nil {
		given.Tenant = cfg.Microsoft365.TenantID
	}
	return given, nil
}
