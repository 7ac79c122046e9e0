package report

import (
	"io"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// Grant is one thing that a service has to grant, and what hangs on it.
type Grant struct {
	Service  string        `json:"service"` // graph | google | cas
	Name     string        `json:"name"`    // in the service's own words
	Optional bool          `json:"optional"`
	Why      []checks.Text `json:"why"`
	Facts    []string      `json:"facts"`  // that are looked at with it
	Checks   []string      `json:"checks"` // that read them
	// Costs are the causes that can stay unknown without it; none when only certainty is lost.
	Costs []string `json:"unknown_without"`
}

// Link is a page where somebody grants something.
type Link struct {
	Service string      `json:"service"`
	URL     string      `json:"url,omitempty"` // empty: there is no such page, and What says what to do instead
	What    checks.Text `json:"what"`
}

var (
	services = map[string]word{
		"graph":  {"MICROSOFT GRAPH (application permissions, with admin consent)", "MICROSOFT GRAPH (アプリケーションの許可、管理者の同意が必要)"},
		"google": {"GOOGLE WORKSPACE", "GOOGLE WORKSPACE"},
		"cas":    {"CLOUD APP SECURITY (REST API, a token for an external application)", "CLOUD APP SECURITY (REST API、外部アプリケーション用のトークン)"},
		"lmp":    {"LICENSING MANAGEMENT PLATFORM", "LICENSING MANAGEMENT PLATFORM"},
	}
	pOptional = word{" (optional)", " (任意)"}
	pCosts    = word{"Without it these can stay unknown: {causes}.", "ないと不明になりうる原因: {causes}。"}
	pOpinion  = word{
		"Without it a second opinion is lost, not a verdict ({checks}).",
		"なくても判定は可能です。補足の確認だけが失われます ({checks})。",
	}
	pWeaker = word{
		"Without it nothing stays unknown, but what {checks} finds is less certain.",
		"なくても不明にはなりませんが、{checks} の判定の確実さが下がります。",
	}
	pReadOnly = word{
		"No permission of Graph here can change anything, and no scope but an optional one that says so. A link to grant them: casdoctor permissions --consent -c casdoctor.yaml. A script that creates the app registration: --script az or --script powershell.",
		"Graph の許可に変更の権限は含まれません。スコープも、任意でその旨を記したもの以外は同様です。付与のためのリンク: casdoctor permissions --consent -c casdoctor.yaml。アプリ登録を作成するスクリプト: --script az または --script powershell。",
	}
)

// cost is what a missing grant costs, in a sentence.
func (g Grant) cost(lang string) string {
	switch of := strings.Join(g.Checks, ", "); {
	case g.Optional:
		return pOpinion.in(lang, "checks", of)
	case len(g.Costs) == 0:
		return pWeaker.in(lang, "checks", of)
	default:
		return pCosts.in(lang, "causes", strings.Join(g.Costs, ", "))
	}
}

// WriteGrants writes what has to be granted, service by service.
func WriteGrants(w io.Writer, grants []Grant, opts View) error {
	p := newPage(opts)
	p.indent = 4
	service := ""
	for _, g := range grants {
		if g.Service != service {
			if service != "" {
				p.gap()
			}
			service = g.Service
			p.line(0, styled(p.say(services[service]), bold))
		}
		p.grant(g)
	}
	p.gap()
	p.line(0, plain(p.say(pReadOnly)))
	_, err := io.WriteString(w, p.out.String())
	return err
}

func (p *page) grant(g Grant) {
	name := []span{plain("  "), styled(g.Name, bold)}
	if g.Optional {
		name = append(name, styled(p.say(pOptional), faint))
	}
	p.line(4, name...)
	for _, why := range g.Why {
		p.more(plain(p.in(why)))
	}
	p.more(styled(g.cost(p.opts.Lang), faint))
}

// WriteLinks writes where to grant it.
func WriteLinks(w io.Writer, links []Link, opts View) error {
	p := newPage(opts)
	for i, l := range links {
		if i > 0 {
			p.gap()
		}
		p.line(0, styled(p.say(services[l.Service]), bold))
		p.line(2, plain("  "+p.in(l.What)))
		if l.URL != "" {
			p.line(2, plain("  "+l.URL))
		}
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}
