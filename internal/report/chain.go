package report

import (
	"io"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// verdictMarks are how a statement of a chain stands, at a glance.
var verdictMarks = map[string]mark{
	checks.Confirmed.String(): {"●", red},
	checks.Supported.String(): {"◐", yellow},
	checks.Unknown.String():   {"?", cyan},
	checks.Refuted.String():   {"○", green},
}

var (
	chainKey = word{
		"● holds  ◐ fits, not proof  ? not known  ○ does not hold",
		"● 該当  ◐ 可能性あり  ? 不明  ○ 該当せず",
	}
	hChains = word{"HOW IT WAS FOUND FOR {tenant}", "{tenant} での判定の経緯"}
	noChain = word{
		"The report holds no explanation of this check. Make a new one with this version.",
		"このレポートには、このチェックの経緯がありません。このバージョンで作り直してください。",
	}
	hFixesHere = word{"FIXES HERE", "この環境での対処"}
)

// WriteChains tells how the findings of one check came about in a report, and why each of its
// fixes applies or not.
func WriteChains(w io.Writer, r Report, id string, opts View) error {
	p := newPage(opts)
	p.report = r
	i := slices.IndexFunc(r.Checks, func(c checks.Result) bool { return c.ID == id })
	if i < 0 || len(r.Checks[i].Chains) == 0 {
		p.heading(hChainsIn(r.Tenant))
		p.line(2, plain("  "+p.say(noChain)))
	} else {
		c := r.Checks[i]
		p.heading(hChainsIn(r.Tenant))
		p.line(2, styled("  "+p.say(asOf, "taken", minute(r.Taken)), faint))
		p.chains(c)
		p.heading(hFixesHere)
		p.label = word{}
		p.fixes(c)
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

func hChainsIn(tenant string) word {
	return word{hChains.in("en", "tenant", tenant), hChains.in("ja", "tenant", tenant)}
}

// chains writes the chains of a check, one account after the other.
func (p *page) chains(c checks.Result) {
	if len(c.Chains) == 0 {
		return
	}
	p.gap()
	p.line(2, styled("  "+p.say(chainKey), faint))
	for _, chain := range c.Chains {
		p.gap()
		p.line(2, styled("  "+chain.Subject, bold))
		p.statements(chain.Statements, 4)
	}
}

// statements writes a level of a chain, each statement with its reasons, the calls that showed
// it, and what it rests on, further in.
func (p *page) statements(list []checks.Statement, in int) {
	// On a narrow page deep levels must leave room for their text.
	in = min(in, p.width/3)
	for _, s := range list {
		m := verdictMarks[s.Verdict]
		if m.sign == "" {
			m = mark{"?", cyan}
		}
		p.line(in+2, plain(spaces(in)), styled(m.sign+" ", m.style), plain(p.in(s.About.Text)))
		if text := p.sentences(s.Reasons); text != "" {
			p.line(in+2, plain(spaces(in+2)+text))
		}
		for _, l := range s.Seen {
			p.line(in+2, styled(spaces(in+2)+p.say(seenBy, "call", l.Call, "at", minute(l.At)), faint))
		}
		p.statements(s.Because, in+2)
	}
}

func spaces(n int) string { return strings.Repeat(" ", n) }
