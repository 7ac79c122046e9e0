package report

import (
	"io"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/checks"
)

// The words of an explanation.
var (
	lSymptom    = word{"SYMPTOM", "症状"}
	lCauses     = word{"CAUSES", "原因"}
	lFixes      = word{"FIXES", "対処"}
	lPermission = word{"NEEDS", "権限"}
	lHow        = word{"How it is decided: ", "判定方法: "}
	lFor        = word{"For ", "対象: "}
	lOurs       = word{" (not in the vendor's document)", " (ベンダー文書外)"}
	lUntil      = word{"Works until {dates} ({source}).", "{dates} より前に有効 ({source})。"}
)

// Need is a permission with what it is for, as an explanation lists it.
type Need struct{ Name, Why string }

// WriteExplanation tells everything that a check, or one cause or fix of it, says of itself.
// id is that of the check, the cause or the fix.
func WriteExplanation(w io.Writer, c checks.Check, id string, needs []Need, opts TextOptions) error {
	p := newPage(opts)
	p.indent = 4
	whole := id == c.ID
	p.line(2, styled(c.ID, bold), plain("  "), styled(p.in(c.Title), bold))
	if whole {
		p.heading(lSymptom)
		p.line(2, plain("  "+p.in(c.Symptom)))
		p.heading(lCauses)
	} else {
		p.gap()
	}
	for _, cause := range c.Causes {
		if !whole && id != cause.ID {
			continue
		}
		p.line(4, plain("  "), styled(cause.ID, bold), plain("  "+p.in(cause.Text)))
		p.more(styled(p.say(lHow), faint), plain(p.in(cause.How)))
	}
	if whole {
		p.heading(lFixes)
	}
	for _, f := range c.Fixes {
		if whole || id == f.ID {
			p.explainFix(f)
		}
	}
	if whole && len(needs) > 0 {
		p.heading(lPermission)
		for _, n := range needs {
			p.line(4, plain("  "), styled(n.Name, bold), plain("  "+n.Why))
		}
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

func (p *page) explainFix(f checks.Fix) {
	ours := ""
	if f.Ours {
		ours = p.say(lOurs)
	}
	p.line(4, plain("  "), styled(f.ID, bold), plain("  "+p.in(f.Text)), styled(ours, faint))
	p.more(styled(p.say(lFor)+strings.Join(f.For, ", "), faint))
	if clouds := f.ObsoleteAfter.Clouds(); len(clouds) > 0 {
		var dates []string
		for _, c := range clouds {
			dates = append(dates, c+" "+f.ObsoleteAfter.On[c].Format(time.DateOnly))
		}
		p.more(styled(p.say(lUntil, "dates", strings.Join(dates, ", "), "source", f.ObsoleteAfter.Source), yellow))
	}
	p.more(styled(p.say(lRisk), yellow), plain(p.in(f.Risk)))
	for _, l := range f.Links {
		p.more(styled(l, faint))
	}
}
