package report

import (
	"io"
	"slices"
	"strconv"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
)

var (
	effectWords = map[Effect]word{
		Worse:  {"WORSE", "悪化"},
		Better: {"BETTER", "改善"},
		Same:   {"NEITHER BETTER NOR WORSE", "改善も悪化もなし"},
	}
	effectMarks = map[Effect]mark{
		Worse:  {"✗", red},
		Better: {"✓", green},
		Same:   {"·", faint},
	}
	presenceWords = map[Presence]word{
		IsNew:     {"New", "新規"},
		IsGone:    {"Gone", "解消"},
		IsChanged: {"Changed", "変化"},
	}
	lNotListed    = word{"Not listed", "一覧外"}
	diffNothing   = word{"Nothing has changed.", "変化はありません。"}
	diffBetween   = word{"{from} → {to}", "{from} → {to}"}
	diffRun       = word{"{taken} ({verdict})", "{taken} ({verdict})"}
	diffRunJudged = word{"{taken}, judged for {now} ({verdict})", "{taken}、判定日時 {now} ({verdict})"}
	diffNotGone   = word{
		"It is not listed any more, but its cause could not be looked at: it may still be there.",
		"一覧にはありませんが、原因を確認できていないため、残っている可能性があります。",
	}
	diffSkipped = word{
		"It was not judged this time, so it is not known how it stands.",
		"今回は判定していないため、現在の状態は不明です。",
	}
	diffBasis      = word{"The basis: {from} → {to}.", "根拠: {from} → {to}。"}
	diffAccepted   = word{"Accepted until {until}: {reason}", "{until} まで許容: {reason}"}
	diffUnaccepted = word{"The waiver is not there any more; it counts again.", "免除がなくなり、再び判定に含まれます。"}
	diffNowFix     = word{"Fix: {id}", "対処: {id}"}
	diffFixLost    = word{
		"{id} was the way out for {whom} and is not certain to work any more.",
		"{id} は {whom} への対処でしたが、確実には使えなくなりました。",
	}
	diffFixGained = word{"{id} now works for {whom}.", "{id} が {whom} に使えるようになりました。"}
	diffFixMoved  = word{"{id} for {whom}: {from} → {to}.", "{id} (対象: {whom}): {from} → {to}。"}
	diffFixWhy    = word{"{id} for {whom}: another reason why.", "{id} (対象: {whom}): 理由が変わりました。"}
	hDiffFacts    = word{"What could be looked at", "確認できた情報"}
	diffCome      = word{"{on} has come", "{on} になりました"}
	diffNotYet    = word{"{on} is still to come", "{on} はまだ先です"}
	diffNewPast   = word{"{on}, not listed before, is over", "{on} (前回の一覧になし) は過ぎています"}
	diffNewDay    = word{"{on}, not listed before", "{on} (前回の一覧になし)"}
	diffDayGone   = word{"{on}, not listed any more", "{on} (今回の一覧になし)"}
	diffPresent   = word{"{presence}: {text}", "{presence}: {text}"}
	diffDay       = word{"the day was {from} and is {to}", "日付が {from} から {to} に変わりました"}
	appliesWords  = map[string]word{
		checks.Yes.String():   {"works", "使用可"},
		checks.No.String():    {"does not work", "使用不可"},
		checks.Maybe.String(): {"not certain", "条件次第"},
		"":                    {"not listed", "記載なし"},
	}
	recommendedWord = word{"recommended", "推奨"}
	basisWords      = map[string]word{
		checks.Observed.String(): {"observed", "観測"},
		checks.Declared.String(): {"declared", "宣言"},
		checks.Inferred.String(): {"inferred", "推定"},
	}
	diffLeft = word{
		"Entries that are ruled out or excluded, before and now, and differ otherwise: {n}. The option -v shows them.",
		"前回も今回も該当なしまたは対象外で、ほかの点が変わった項目: {n} 件。-v で表示されます。",
	}
	noFactStatus = word{"not in the report", "レポートになし"}
)

// WriteDiff writes a difference for people, or nothing but a sentence when there is none.
func WriteDiff(w io.Writer, d Diff, opts View) error {
	p := newPage(opts)
	p.diffHead(d)
	left := 0
	for _, c := range d.Checks {
		if !opts.Verbose {
			n := len(c.Entries)
			c.Entries = slices.DeleteFunc(slices.Clone(c.Entries), EntryDiff.quiet)
			if left += n - len(c.Entries); len(c.Entries)+len(c.Fixes)+len(c.Symptoms)+len(c.Remarks) == 0 && c.From == c.To {
				continue
			}
		}
		p.checkDiff(c)
	}
	p.retirementDiffs(d.Retirements)
	p.factDiffs(d.Facts)
	p.noticeDiffs(d.Notices)
	if left > 0 {
		p.gap()
		p.line(0, styled(p.say(diffLeft, "n", strconv.Itoa(left)), faint))
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

func (p *page) diffHead(d Diff) {
	run := func(r Run) string {
		w := diffRun
		if !r.Now.Equal(r.Taken) {
			w = diffRunJudged
		}
		return p.say(w, "taken", minute(r.Taken), "now", minute(r.Now), "verdict", p.say(verdictWords[r.Verdict]))
	}
	m := effectMarks[d.Effect]
	p.line(2, styled(p.say(effectWords[d.Effect]), m.style), plain("  "), styled(d.Tenant, bold))
	p.line(2, plain("  "+p.say(diffBetween, "from", run(d.From), "to", run(d.To))))
	if d.Empty() {
		p.line(0, plain(p.say(diffNothing)))
	}
}

func (p *page) checkDiff(c CheckDiff) {
	p.gap()
	m := effectMarks[c.sum()]
	p.line(2, styled(m.sign+" "+c.ID, m.style), plain("  "), styled(p.in(c.Title), bold))
	if c.From != c.To {
		p.line(2, plain("  "+p.say(statusWords[c.From])+" → "+p.say(statusWords[c.To])))
	}
	p.label = word{}
	for _, s := range c.Symptoms {
		p.part(lSeen, bold, p.seen(s.Symptom, p.say(presenceWords[s.Presence])+": ")...)
	}
	for _, r := range c.Remarks {
		p.part(lNote, bold, plain(p.one(r)))
	}
	for _, e := range c.Entries {
		p.entryDiff(c, e)
	}
	for _, f := range c.Fixes {
		p.fixDiff(f)
	}
}

func (p *page) entryDiff(c CheckDiff, e EntryDiff) {
	label := presenceWords[e.Presence]
	if e.Presence == IsGone && e.Effect != Better {
		label = lNotListed
	}
	p.part(label, effectMarks[e.Effect].style, plain(p.in(e.Text)))
	p.more(p.states(e), styled(" · "+joined(e.Subject, e.Cause), faint))
	switch {
	case e.Presence == IsGone && e.Effect == Better:
		return
	case e.Presence == IsGone && c.To == checks.StatusSkip:
		p.more(plain(p.say(diffSkipped)))
		return
	case e.Presence == IsGone:
		if !quiet(*e.From) {
			p.more(plain(p.say(diffNotGone)))
		}
		return
	}
	p.because(e.To.Reasons)
	if e.From != nil {
		if e.From.Basis != e.To.Basis {
			p.more(plain(p.say(diffBasis, "from", p.say(basisWords[e.From.Basis]), "to", p.say(basisWords[e.To.Basis]))))
		}
		if e.From.Waived != nil && e.To.Waived == nil && !quiet(*e.To) {
			p.more(plain(p.say(diffUnaccepted)))
		}
	}
	if a := e.To.Waived; a != nil {
		p.more(plain(p.say(diffAccepted, "until", a.Until, "reason", a.Reason)))
	}
	if e.To.Fix != "" {
		p.more(styled("→ ", green), plain(p.say(diffNowFix, "id", e.To.Fix)))
	}
}

// quiet: it is ruled out or excluded in every report that has it. What was never a trouble comes
// and goes with the accounts and clients that are looked at.
func (e EntryDiff) quiet() bool {
	return (e.From == nil || quiet(*e.From)) && (e.To == nil || quiet(*e.To))
}

// quiet: neither a trouble nor an open question.
func quiet(s EntryState) bool {
	return s.Verdict == checks.Refuted.String() || s.Verdict == notApplicable
}

// states is how an entry stood, and stands.
func (p *page) states(e EntryDiff) span {
	say := func(s *EntryState) string {
		switch s.Verdict {
		case checks.Refuted.String():
			return p.say(lRuledOut)
		case notApplicable:
			return p.say(lExcluded)
		default:
			return p.say(howFound(checks.Entry{Verdict: s.Verdict, Basis: s.Basis}))
		}
	}
	st := effectMarks[e.Effect].style
	switch {
	case e.From == nil:
		return styled(say(e.To), st)
	case e.To == nil:
		return styled(say(e.From), st)
	case say(e.From) == say(e.To):
		return styled(say(e.To), st)
	default:
		return styled(say(e.From)+" → "+say(e.To), st)
	}
}

func (p *page) fixDiff(f FixDiff) {
	whom := joined(f.Subject, f.Cause)
	say := func(s FixState) string {
		if s.Recommended {
			return p.say(recommendedWord)
		}
		return p.say(appliesWords[s.Applies])
	}
	var st ansi.Style
	text := ""
	switch {
	case f.Effect == Worse:
		st, text = red, p.say(diffFixLost, "id", f.Fix, "whom", whom)
	case f.Effect == Better:
		st, text = green, p.say(diffFixGained, "id", f.Fix, "whom", whom)
	case say(f.From) != say(f.To):
		text = p.say(diffFixMoved, "id", f.Fix, "whom", whom, "from", say(f.From), "to", say(f.To))
	default:
		text = p.say(diffFixWhy, "id", f.Fix, "whom", whom)
	}
	p.part(lFix, effectMarks[f.Effect].style, styled(text, st))
	p.more(styled(p.in(f.Text), faint))
	p.because(f.To.Why)
}

func (p *page) retirementDiffs(list []RetirementDiff) {
	if len(list) == 0 {
		return
	}
	p.heading(hRetired)
	for _, r := range list {
		m := effectMarks[r.Effect]
		on, w := r.To, diffDay
		switch {
		case r.Presence == IsNew && r.Come:
			w = diffNewPast
		case r.Presence == IsNew:
			w = diffNewDay
		case r.Presence == IsGone:
			on, w = r.From, diffDayGone
		case r.Effect == Worse:
			w = diffCome
		case r.Effect == Better:
			w = diffNotYet
		}
		day := func(s string) string {
			if s == "" {
				return p.say(noDay)
			}
			return s
		}
		p.line(p.indent, styled(m.sign+" "+p.say(w, "on", day(on), "from", day(r.From), "to", day(r.To)), m.style),
			plain("  "+p.in(r.Text)), styled(" ("+r.Source+")", faint))
	}
}

func (p *page) factDiffs(list []FactDiff) {
	if len(list) == 0 {
		return
	}
	p.heading(hDiffFacts)
	say := func(s FactStatus) string {
		if s == "" {
			return p.say(noFactStatus)
		}
		return p.say(factWords[s])
	}
	for _, f := range list {
		about := say(f.From) + " → " + say(f.To)
		if f.Kind != "" {
			about += " (" + f.Kind + ")"
		}
		p.line(2, plain("  "+f.Name+"  "), styled(about, faint))
	}
}

func (p *page) noticeDiffs(list []ReasonDiff) {
	if len(list) == 0 {
		return
	}
	p.heading(hNotices)
	for _, n := range list {
		p.line(2, plain("  "+p.one(n)))
	}
}

// one is a remark or notice of one report only.
func (p *page) one(r ReasonDiff) string {
	return p.say(diffPresent, "presence", p.say(presenceWords[r.Presence]), "text", p.in(r.Text))
}
