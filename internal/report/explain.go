package report

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/checks"
)

// Explanation is a check and what its causes hang on.
type Explanation struct {
	Check   checks.Check
	ID      string            // what is explained: the check, or one of its causes or fixes
	Grounds map[string]Ground // by cause
	Grants  []Grant           // those that the check needs
}

// Ground is what settles a cause that is unknown.
type Ground struct {
	Facts        []string // that it reads
	Permissions  []string // that they need
	Declarations []string // parts of casdoctor.yaml
}

// The words of an explanation.
var (
	lSymptom    = word{"SYMPTOM", "症状"}
	lTree       = word{"WHICH CAUSE, WHICH FIX", "原因と対処の決定木"}
	lCauses     = word{"CAUSES", "原因"}
	lFixes      = word{"FIXES", "対処"}
	lPermission = word{"PERMISSIONS", "権限"}
	lHow        = word{"How it is decided: ", "判定方法: "}
	lFor        = word{"For ", "対象: "}
	lWhen       = word{"When: ", "条件: "}
	lOurs       = word{" (not in the vendor's document)", " (ベンダー文書外)"}
	lOnlyBefore = word{"Works only before {dates}. Source: {source}.", "{dates} より前に限り有効です。出典: {source}。"}
	lBefore     = word{" Only before {dates}.", " — {dates} より前のみ"}
	lInCloud    = word{"{date} in the cloud {cloud}", "{date} (クラウド {cloud})"}
	lSettled    = word{"If it is unknown: ", "不明の場合: "}
	lGrant      = word{"grant {permissions}", "{permissions} を付与する"}
	lDeclare    = word{"declare in casdoctor.yaml what is named there ({declarations})", "そこに挙げた項目を casdoctor.yaml に宣言する ({declarations})"}
	treeIntro   = word{
		"Every cause is looked at, and several can hold. Below each: its fixes; the first one that works here is recommended.",
		"すべての原因を確認します。複数が該当することもあります。各原因の下は対処で、この環境で使える最初のものを推奨します。",
	}
	treeNone = word{
		"None of these, but it was seen: open a support ticket with the message and its time (casdoctor bundle makes what to attach).",
		"どれにも該当しないのに現象がある場合: メッセージと時刻を添えてサポートチケットを送信します (添付するファイルは casdoctor bundle で作成できます)。",
	}
)

// WriteExplanation tells everything that a check, or one cause or fix of it, says of itself.
func WriteExplanation(w io.Writer, e Explanation, opts View) error {
	p := newPage(opts)
	p.indent = 4
	whole := e.ID == e.Check.ID
	p.line(2, styled(e.Check.ID, bold), plain("  "), styled(p.in(e.Check.Title), bold))
	if whole {
		p.heading(lSymptom)
		p.line(2, plain("  "+p.in(e.Check.Symptom)))
		p.heading(lTree)
		p.line(2, plain("  "+p.say(treeIntro)))
		p.gap()
		p.tree(e.Check)
		p.heading(lCauses)
	} else {
		p.gap()
	}
	for _, c := range e.Check.Causes {
		if whole || e.ID == c.ID {
			p.explainCause(c, e.Grounds[c.ID])
		}
	}
	if whole {
		p.heading(lFixes)
	}
	for _, f := range e.Check.Fixes {
		// A cause is told with its fixes: they are what its reader wants next.
		if whole || e.ID == f.ID || slices.Contains(f.For, e.ID) {
			p.explainFix(f)
		}
	}
	if whole && len(e.Grants) > 0 {
		p.heading(lPermission)
		for _, g := range e.Grants {
			p.grant(g)
		}
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

// tree draws the causes in their order, and below each its fixes in the order of preference.
// Its characters are ASCII: terminals disagree about how wide lines and corners are beside
// Japanese.
func (p *page) tree(c checks.Check) {
	for _, cause := range c.Causes {
		p.branch("  +- ", "  |  ", styled(cause.ID, bold), plain("  "+p.in(cause.Text)))
		var fixes []checks.Fix
		for _, f := range c.Fixes {
			if slices.Contains(f.For, cause.ID) {
				fixes = append(fixes, f)
			}
		}
		for i, f := range fixes {
			first, rest := "  |  +- ", "  |  |  "
			if i == len(fixes)-1 {
				first, rest = "  |  `- ", "  |     "
			}
			before := ""
			if dates := dates(f, p.opts.Lang); dates != "" {
				before = p.say(lBefore, "dates", dates)
			}
			p.branch(first, rest, styled(f.ID, green), plain("  "+p.in(f.Text)), styled(before, yellow))
		}
	}
	p.branch("  `- ", "     ", plain(p.say(treeNone)))
}

// branch writes one branch of a tree, whose lines after the first one go on with rest.
func (p *page) branch(first, rest string, spans ...span) {
	if !p.opts.Color {
		for i := range spans {
			spans[i].style = nil
		}
	}
	for i, l := range wrap(spans, p.width-len(first), 0) {
		if i > 0 {
			first = rest
		}
		p.out.WriteString(first + l + "\n")
	}
}

func (p *page) explainCause(c checks.Cause, g Ground) {
	p.line(4, plain("  "), styled(c.ID, bold), plain("  "+p.in(c.Text)))
	p.more(styled(p.say(lHow), faint), plain(p.in(c.How)))
	if s := g.settledBy(p.opts.Lang); s != "" {
		p.more(styled(p.say(lSettled), faint), plain(s))
	}
}

// settledBy is what settles an unknown, in a sentence; "" when nothing can be granted or declared.
func (g Ground) settledBy(lang string) string {
	var parts []string
	if len(g.Permissions) > 0 {
		parts = append(parts, lGrant.in(lang, "permissions", strings.Join(g.Permissions, ", ")))
	}
	if len(g.Declarations) > 0 {
		parts = append(parts, lDeclare.in(lang, "declarations", strings.Join(g.Declarations, ", ")))
	}
	switch {
	case len(parts) == 0:
		return ""
	case lang == "ja":
		return strings.Join(parts, "、") + "。"
	default:
		return strings.Join(parts, "; ") + "."
	}
}

func (p *page) explainFix(f checks.Fix) {
	ours := ""
	if f.Ours {
		ours = p.say(lOurs)
	}
	p.line(4, plain("  "), styled(f.ID, bold), plain("  "+p.in(f.Text)), styled(ours, faint))
	p.more(styled(p.say(lFor)+strings.Join(f.For, ", "), faint))
	if when := p.in(f.When); when != "" {
		p.more(styled(p.say(lWhen), faint), plain(when))
	}
	if dates := dates(f, p.opts.Lang); dates != "" {
		p.more(styled(p.say(lOnlyBefore, "dates", dates, "source", f.ObsoleteAfter.Source), yellow))
	}
	if risk := p.in(f.Risk); risk != "" {
		p.more(styled(p.say(lRisk), yellow), plain(risk))
	}
	for _, l := range f.Links {
		p.more(styled(l, faint))
	}
}

// dates are the days from which a fix does not work any more, each with its cloud.
func dates(f checks.Fix, lang string) string {
	var out []string
	for _, c := range f.ObsoleteAfter.Clouds() {
		out = append(out, lInCloud.in(lang, "date", f.ObsoleteAfter.On[c].Format(time.DateOnly), "cloud", c))
	}
	return strings.Join(out, ", ")
}
