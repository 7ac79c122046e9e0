package interview

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

// Document is the casdoctor.yaml that the answers amount to, with the reason for each key as a
// comment.
func (a Answers) Document(lang string) ([]byte, error) {
	raw, err := yaml.Dump(a.document(), yaml.WithIndent(2))
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	why := map[string]checks.Text{}
	for _, q := range a.questions() {
		why[q.path] = q.comment()
	}
	// One question for two keys, and two whose keys stand in one line with others.
	why["cas.site"] = why["cas.console"]
	why["licensing.accounts"], why["licensing.sign_in"] = why["licensing.accounts.id"], why["licensing.sign_in.account"]
	var b strings.Builder
	comment := func(indent string, t checks.Text) {
		for _, line := range report.Lines(t.In(lang), 76-len(indent), 0) {
			b.WriteString(indent + "# " + line + "\n")
		}
	}
	comment("", checks.Text{
		EN: "casdoctor.yaml: where to look, and what only you can know. Secrets are references (env:NAME, file:PATH), never values. Check it with: casdoctor config validate",
		JA: "casdoctor.yaml: 調べる場所と、管理者だけが分かること。シークレットは参照 (env:名前、file:パス) で書き、値は書きません。確認: casdoctor config validate",
	})
	comment("", checks.Text{
		EN: "There are more keys than these: casdoctor config schema, and casdoctor config init --print.",
		JA: "ほかのキーについては casdoctor config schema と casdoctor config init --print を参照してください。",
	})
	var at []string // the keys that lead to a line
	for line := range strings.Lines(string(raw)) {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		key, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		if depth := len(indent) / 2; depth <= len(at) && keyShape().MatchString(key) {
			at = append(at[:depth:depth], key)
			path := strings.Join(at, ".")
			if depth == 0 && (path == microsoft365 || path == google || path == cas || path == licensing) {
				b.WriteString("\n")
			}
			if t, ok := why[path]; ok {
				comment(indent, t)
			}
		}
		b.WriteString(line)
	}
	return []byte(b.String()), nil
}

// comment is why a key is there, and what else it could be.
func (q question) comment() checks.Text {
	var list []string
	for _, c := range q.choices {
		list = append(list, c.word)
	}
	if list == nil || list[0] == "yes" || q.name == "sign-in" {
		return q.why
	}
	words := " (" + strings.Join(list, " | ") + ")"
	return checks.Text{EN: q.why.EN + words, JA: q.why.JA + words}
}

var keyShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9_]+$`) })

// bare is the document without comments, for package config to judge.
func (a Answers) bare() []byte {
	raw, err := yaml.Dump(a.document())
	if err != nil {
		return nil // and an empty document is refused
	}
	return raw
}

// document are the answers under their keys. Whatever has no answer is left out.
func (a Answers) document() *yaml.Node {
	root := mapping()
	put(root, "version", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "1"})
	put(root, "tenant", a.text("name"))
	put(root, "phase", a.text("phase"))
	if a.sees(microsoft365) {
		put(root, "microsoft365", a.microsoft365())
	}
	if a.sees(google) {
		put(root, "google", a.google())
	}
	if a.sees(cas) {
		s := mapping()
		where := "site"
		if strings.ContainsAny(a["console"], ".:") {
			where = "console"
		}
		put(s, where, a.text("console"))
		switch v := a["internal-domains"]; {
		case v == "none":
			s.Content = append(s.Content, text("internal_domains"), sequence())
		case strings.HasPrefix(v, "file:"):
			put(s, "internal_domains", text(v))
		default:
			put(s, "internal_domains", a.list("internal-domains"))
		}
		put(root, "cas", s)
	}
	if a.sees(licensing) {
		put(root, "licensing", a.licensing())
	}
	return root
}

func (a Answers) microsoft365() *yaml.Node {
	m := mapping()
	put(m, "tenant_id", a.text("tenant-id"))
	put(m, "cloud", a.text("cloud"))
	c := mapping()
	put(c, "client_id", a.text("client-id"))
	put(c, "client_secret", a.text("client-secret"))
	put(c, "certificate", a.text("certificate"))
	put(c, "certificate_password", a.text("certificate-password"))
	w := mapping()
	switch a["credential"] {
	case byTokenFile:
		put(w, "token_file", a.text("token-file"))
	case byGitHub:
		put(w, "github_actions", boolean(true))
	case byAzurePipelines:
		p := mapping()
		put(p, "service_connection", a.text("service-connection"))
		// The name that Azure's own documentation maps $(System.AccessToken) to.
		put(p, "access_token", text("env:SYSTEM_ACCESSTOKEN"))
		put(w, "azure_pipelines", p)
	case byManaged:
		put(c, "managed_identity", boolean(true))
	case byAzureCLI:
		put(c, "azure_cli", boolean(true))
	}
	put(c, "workload_identity", w)
	put(m, "credentials", c)
	put(m, "provisioning", a.text("mode"))
	put(m, "global_admin", a.text("global-admin"))
	put(m, "delegates", a.list("delegates"))
	put(m, "services", a.list("protected"))
	return m
}

func (a Answers) google() *yaml.Node {
	g := mapping()
	put(g, "admin", a.text("google-admin"))
	c := mapping()
	put(c, "service_account_key", a.text("google-key"))
	put(c, "impersonate", a.text("impersonate"))
	put(g, "credentials", c)
	put(g, "credentials_of", a.text("google-credentials-of"))
	put(g, "provisioned_during_preview", a.truth("preview"))
	return g
}

func (a Answers) licensing() *yaml.Node {
	l := mapping()
	accounts := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"} // one to a line
	for _, id := range split(a["accounts"]) {
		of := func(name string) string { return name + "/" + id }
		n := mapping()
		n.Style = yaml.FlowStyle
		put(n, "id", text(id))
		put(n, "company", a.text(of("company")))
		put(n, "primary", a.truth(of("primary")))
		put(n, "license", a.text(of("license")))
		put(n, "expires", a.text(of("expires")))
		if day := a.text(of("provisioned")); day != nil {
			put(n, "tenant_id", a.text("tenant-id"))
			put(n, "provisioned", day)
		}
		accounts.Content = append(accounts.Content, n)
	}
	if len(accounts.Content) > 0 {
		put(l, "accounts", accounts)
	}
	s := mapping()
	s.Style = yaml.FlowStyle
	put(s, "account", a.text("sign-in"))
	put(s, "type", a.text("sign-in-type"))
	put(l, "sign_in", s)
	return l
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

func sequence() *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
}

// put adds a key, unless there is nothing to say under it.
func put(m *yaml.Node, key string, value *yaml.Node) {
	if value == nil || value.Kind != yaml.ScalarNode && len(value.Content) == 0 {
		return
	}
	m.Content = append(m.Content, text(key), value)
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func boolean(v bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(v)}
}

func (a Answers) text(name string) *yaml.Node {
	if v := a[name]; v != "" && v != Open {
		return text(v)
	}
	return nil
}

func (a Answers) truth(name string) *yaml.Node {
	if a.text(name) == nil {
		return nil
	}
	return boolean(a[name] == "yes")
}

func (a Answers) list(name string) *yaml.Node {
	n := sequence()
	for _, w := range split(a[name]) {
		n.Content = append(n.Content, text(w))
	}
	return n
}
