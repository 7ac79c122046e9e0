// Package manual makes the man pages of casdoctor from its commands.
//
// What belongs here: what a manual says beside the commands' own words, that is exit codes,
// files and the environment. What does not: anything that casdoctor links. Cobra's generator
// would undo the linker's work; only the program that makes the pages and tests import this.
package manual

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Pages are the pages of a command and all below it, by file name. The date is that of the
// source, so that the same source makes the same pages.
func Pages(root *cobra.Command, version string, date time.Time) (map[string][]byte, error) {
	root.InitDefaultCompletionCmd()
	pages := map[string][]byte{}
	var visit func(*cobra.Command) error
	visit = func(c *cobra.Command) error {
		page, err := page(c, version, date.UTC())
		if err != nil {
			return fmt.Errorf("%s: %w", c.CommandPath(), err)
		}
		pages[strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"] = page
		for _, sub := range c.Commands() {
			if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
				continue
			}
			if err := visit(sub); err != nil {
				return err
			}
		}
		return nil
	}
	return pages, visit(root)
}

func page(c *cobra.Command, version string, date time.Time) ([]byte, error) {
	c.DisableAutoGenTag = true
	var b bytes.Buffer
	err := doc.GenMan(c, &doc.GenManHeader{
		Section: "1", Date: &date, Source: "casdoctor " + version, Manual: "casdoctor manual",
	}, &b)
	if err != nil {
		return nil, err
	}
	text := strings.Replace(b.String(), "\n.SH EXAMPLE\n", "\n.SH EXAMPLES\n", 1)
	// Cobra ends with what else to see, and that is where a reader looks for it.
	before, after, _ := strings.Cut(text, "\n.SH SEE ALSO\n")
	var own strings.Builder
	section(&own, "EXIT STATUS", exits)
	if f := filesOf(c); len(f) > 0 {
		section(&own, "FILES", f)
	}
	section(&own, "ENVIRONMENT", environmentOf(c))
	return []byte(strings.TrimRight(before, "\n") + own.String() + "\n.SH SEE ALSO\n" + after), nil
}

// entry is a term and what it stands for.
type entry struct{ term, text string }

func section(b *strings.Builder, title string, entries []entry) {
	fmt.Fprintf(b, "\n.SH %s\n", title)
	for i, e := range entries {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fP\n%s", escape(e.term), escape(e.text))
	}
}

// escape makes text of troff's own characters. A hyphen in a name that is copied is a minus.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(s)
}

var exits = []entry{
	{"0", "nothing found, or what was asked for was done"},
	{"1", "a trouble at or above --fail-on: a failure or a warning, unless --fail-on fail"},
	{"2", "usage or configuration error"},
	{"3", "nothing found, but something could not be looked at (with --allow-unknown: 0)"},
	{"4", "no report could be made: an internal error, or an interrupt"},
	// A sentence of its own, because programs that read this format expect other numbers.
	{"with --format nagios", "0 ok, 1 warning, 2 critical, 3 unknown"},
}

// has reports whether a command takes a flag.
func has(c *cobra.Command, flag string) bool { return c.Flags().Lookup(flag) != nil }

func filesOf(c *cobra.Command) (out []entry) {
	all := !c.HasParent()
	if all || has(c, "config") || c.Name() == "init" || c.CommandPath() == "casdoctor config" {
		out = append(out,
			entry{"casdoctor.yaml", "the configuration, in the current folder unless -c names another; casdoctor config schema describes it"},
			entry{"files that it names with file:PATH", "secrets, which only their owner may be able to read (0600), and lists; a relative path starts at the folder of the configuration"})
	}
	if all || has(c, "save-evidence") || c.Name() == "replay" {
		out = append(out, entry{"evidence.json", "what was seen (--save-evidence, 0600), for casdoctor replay; it holds no secret"})
	}
	if all || has(c, "report-dir") {
		out = append(out, entry{"report.json and others", "the report in the folder of --report-dir (0600), in every format that is a file"})
	}
	return out
}

func environmentOf(c *cobra.Command) []entry {
	out := []entry{
		{"CASDOCTOR_LANG, LC_ALL, LC_MESSAGES, LANG", "the language of sentences: the first that is set; Japanese when it begins with ja, else English. --lang goes before it"},
		{"NO_COLOR, TERM", "no colour when NO_COLOR is set, or TERM is dumb; none without a terminal"},
		{"COLUMNS", "the width of text in a pipe, where it is exported; a terminal says its own"},
	}
	all := !c.HasParent()
	looks := all || has(c, "save-evidence") || has(c, "via")
	if looks {
		out = append(out,
			entry{"HTTPS_PROXY, NO_PROXY", "the way out, unless the configuration names a proxy"},
			entry{"SSL_CERT_FILE, SSL_CERT_DIR", "the trusted root certificates, instead of the system's"})
	}
	if all || has(c, "config") {
		out = append(out,
			entry{"variables that the configuration names with env:NAME", "secrets"},
			entry{"CREDENTIALS_DIRECTORY", "where systemd puts credentials; files in it are taken whatever their mode"},
			entry{"ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN", "where a job of GitHub Actions gets its token (workload_identity: {github_actions: true})"},
			entry{"SYSTEM_OIDCREQUESTURI", "where a job of Azure Pipelines gets its token (workload_identity: {azure_pipelines: …})"},
			entry{"IDENTITY_ENDPOINT", "where App Service, Container Apps and Azure Arc give out tokens (managed_identity)"},
			entry{"GOOGLE_APPLICATION_CREDENTIALS", "the caller's own Google credentials, with google.credentials.impersonate; else those of gcloud, else the machine's"},
			entry{"APPDATA", "on Windows the folder of gcloud's credentials"})
	}
	return out
}
