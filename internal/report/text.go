package report

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	defaultWidth = 80
	minWidth     = 20
	maxWidth     = 100 // longer lines are hard to follow
	// narrowWidth is from where labels stand beside their text and not above it.
	narrowWidth = 60
	labelWidth  = 14 // with the indentation before and the gap after the label
)

// The styles. A Style of its own for each meaning; colours are the terminal's own sixteen,
// so that they fit its background.
var (
	bold   = ansi.NewStyle().Bold()
	faint  = ansi.NewStyle().Faint()
	struck = ansi.NewStyle().Strikethrough(true)
	red    = ansi.NewStyle().Bold().ForegroundColor(ansi.Red)
	yellow = ansi.NewStyle().Bold().ForegroundColor(ansi.Yellow)
	cyan   = ansi.NewStyle().Bold().ForegroundColor(ansi.Cyan)
	green  = ansi.NewStyle().Bold().ForegroundColor(ansi.Green)
)

// mark is how a status or a verdict of the run looks at a glance.
type mark struct {
	sign  string
	style ansi.Style
}

var (
	marks = map[checks.Status]mark{
		checks.StatusFail:    {"✗", red},
		checks.StatusWarn:    {"!", yellow},
		checks.StatusUnknown: {"?", cyan},
		checks.StatusPass:    {"✓", green},
		checks.StatusSkip:    {"-", faint},
	}
	verdictStyles = map[checks.RunVerdict]ansi.Style{
		checks.NotReady: red, checks.Undetermined: cyan, checks.Ready: green,
	}
)

// The order in which the report lists the checks; the first ones need somebody's attention.
var (
	order     = checks.Statuses()
	attention = order[:3]
)

// WriteText writes the report for people: the verdict and the one thing to do about each
// trouble first, then the troubles, what could not be decided, and the rest in a line each.
func WriteText(w io.Writer, r Report, opts View) error {
	p := newPage(opts)
	p.report = r
	p.head()
	for _, s := range attention {
		for _, c := range p.having(s) {
			p.trouble(c)
		}
	}
	p.passed()
	p.skipped()
	p.retirements()
	p.notices()
	if opts.Verbose {
		p.facts()
	}
	p.foot()
	_, err := io.WriteString(w, p.out.String())
	return err
}

// page is the text while it is being written.
type page struct {
	opts   View
	width  int
	indent int  // of the text beside or below a label
	label  word // of the part before
	report Report
	out    strings.Builder
}

func newPage(opts View) *page {
	width := opts.Width
	if width <= 0 {
		width = defaultWidth
	}
	p := &page{opts: opts, width: min(max(width, minWidth), maxWidth), indent: 4}
	if p.width >= narrowWidth {
		p.indent = labelWidth
	}
	return p
}

func plain(s string) span                         { return span{text: s} }
func styled(s string, st ansi.Style) span         { return span{s, st} }
func (p *page) say(w word, args ...string) string { return w.in(p.opts.Lang, args...) }
func (p *page) in(t checks.Text) string           { return t.In(p.opts.Lang) }
func (p *page) gap()                              { p.out.WriteByte('\n') }

// line writes one paragraph.
func (p *page) line(hang int, spans ...span) {
	if !p.opts.Color {
		for i := range spans {
			spans[i].style = nil
		}
	}
	for _, l := range wrap(spans, p.width, hang) {
		p.out.WriteString(l)
		p.out.WriteByte('\n')
	}
}

// part writes a paragraph under a label; more another one of the same part. Parts of another
// kind than the one before stand apart.
func (p *page) part(label word, st ansi.Style, spans ...span) {
	if p.label != (word{}) && p.label != label {
		p.gap()
	}
	p.label = label
	l := "  " + p.say(label)
	if p.indent == labelWidth {
		l += strings.Repeat(" ", max(1, labelWidth-ansi.StringWidth(l)))
		p.line(p.indent, append([]span{styled(l, st)}, spans...)...)
		return
	}
	p.line(2, styled(l, st))
	p.more(spans...)
}

func (p *page) more(spans ...span) {
	p.line(p.indent, append([]span{plain(strings.Repeat(" ", p.indent))}, spans...)...)
}

// heading opens a section.
func (p *page) heading(w word) {
	p.gap()
	p.line(0, styled(p.say(w), bold))
}

// check writes the line that names a check.
func (p *page) check(c checks.Result) {
	m := marks[c.Status]
	p.line(2, styled(m.sign+" "+c.ID, m.style), plain("  "), styled(p.in(c.Title), bold))
}

func (p *page) having(s checks.Status) (out []checks.Result) {
	for _, c := range p.report.Checks {
		if c.Status == s {
			out = append(out, c)
		}
	}
	return out
}

// head is what a tired admin reads: how it stands, and what to do.
func (p *page) head() {
	r := p.report
	when := p.say(asOf, "taken", minute(r.Taken))
	if !r.Now.Equal(r.Taken) {
		when = p.say(judgedFor, "taken", minute(r.Taken), "now", minute(r.Now))
	}
	p.line(2, styled(p.say(verdictWords[r.Verdict]), verdictStyles[r.Verdict]), plain("  "),
		styled(r.Tenant, bold), plain(" · "+when))
	p.line(0, plain(p.say(meaningWords[r.Verdict])))
	p.gap()
	if r.Verdict == checks.NotReady {
		for _, s := range attention {
			for _, c := range p.having(s) {
				p.check(c)
				for _, todo := range p.todo(c) {
					p.line(4, styled("  → ", green), plain(todo))
				}
			}
		}
		p.gap()
	}
	p.line(0, styled(counts(p.report, p.opts.Lang), faint))
	for i, line := range against(r, p.opts.Lang) {
		if i == 0 {
			p.line(0, plain(line))
			continue
		}
		p.line(2, styled("  "+line, red))
	}
}

// todo is the one thing to do about each trouble of a check.
func (p *page) todo(c checks.Result) (out []string) {
	for _, f := range c.Fixes {
		if len(recommendedFor(c, f)) > 0 {
			out = append(out, p.in(f.Text))
		}
	}
	if len(unmended(c)) > 0 {
		out = append(out, p.say(noFix))
	}
	return out
}

// trouble writes everything about a check that did not pass.
func (p *page) trouble(c checks.Result) {
	p.gap()
	p.check(c)
	p.gap()
	p.label = word{}
	for _, s := range c.Symptoms {
		p.part(lSeen, bold, p.seen(s, "")...)
	}
	for _, r := range c.Remarks {
		p.part(lNote, bold, plain(p.in(r.Text)))
	}
	last := ""
	for _, e := range c.Causes {
		if !found(e) {
			continue
		}
		if e.ID != last {
			p.part(lCause, bold, plain(p.in(e.Text)))
			last = e.ID
		}
		p.about(e)
		p.because(e.Reasons)
	}
	p.fixes(c)
	p.undecided(c)
	p.accepted(c)
	p.excluded(c)
	if p.opts.Verbose {
		p.chains(c)
	}
}

// seen is a message that somebody saw, and when.
func (p *page) seen(s facts.Symptom, before string) []span {
	spans := []span{plain(before + "“" + s.Text + "”")}
	if s.At != nil {
		spans = append(spans, styled(" "+minute(*s.At), faint))
	}
	return spans
}

// about writes how sure an entry is, and what it is about.
func (p *page) about(e checks.Entry) {
	st := yellow
	if e.Verdict == checks.Confirmed.String() {
		st = red
	}
	p.more(styled(p.say(howFound(e)), st), styled(" · "+joined(e.Subject, e.ID), faint))
}

// because writes reasons as one paragraph.
func (p *page) because(reasons []checks.Reason) {
	if s := p.sentences(reasons); s != "" {
		p.more(plain(s))
	}
}

func (p *page) sentences(reasons []checks.Reason) string { return p.in(sentences(reasons)) }

// fixes writes what to do: the recommended ones whole, the others in short, and those that do
// not work here with the reason why.
func (p *page) fixes(c checks.Result) {
	linked := map[string]bool{}
	several := len(slices.DeleteFunc(slices.Clone(c.Causes), func(e checks.Entry) bool { return !found(e) })) > 1
	for _, f := range c.Fixes {
		to := recommendedFor(c, f)
		if len(to) == 0 {
			continue
		}
		p.part(lFix, green, styled(p.in(f.Text), bold))
		about := f.ID
		if several {
			about = p.say(forWhom, "id", f.ID, "whom", refs(to))
		}
		p.more(styled(about, faint))
		if left := notHelped(c, f); len(left) > 0 {
			p.more(plain(p.say(notFor, "whom", refs(left), "why", p.sentences(whyNot(c, f)))))
		} else {
			p.because(f.Why)
		}
		for i, s := range f.Steps {
			n := strconv.Itoa(i+1) + ". "
			// A step may hold a block to paste, which keeps its lines.
			for line := range strings.SplitSeq(p.in(s), "\n") {
				p.line(p.indent+len(n), plain(strings.Repeat(" ", p.indent)+n+line))
				n = strings.Repeat(" ", len(n))
			}
		}
		if risk := p.in(f.Risk); risk != "" {
			p.more(styled(p.say(lRisk), yellow), plain(risk))
		}
		for _, l := range f.Links {
			if !linked[l] { // the fixes of a check stand on one page of the vendor
				p.more(styled(l, faint))
			}
			linked[l] = true
		}
	}
	if left := unmended(c); len(left) > 0 {
		p.part(lFix, green, styled(p.say(noFix), bold))
		p.more(styled(refs(left), faint))
	}
	others := []struct {
		applies string
		label   word
		labels  ansi.Style
		text    ansi.Style
	}{
		{checks.Yes.String(), lAlso, bold, nil},
		{checks.Maybe.String(), lPerhaps, bold, nil},
		{checks.No.String(), lNotHere, red, struck},
	}
	for _, o := range others {
		for _, f := range c.Fixes {
			if applies(c, f) != o.applies || len(recommendedFor(c, f)) > 0 {
				continue
			}
			p.part(o.label, o.labels, styled(p.in(f.Text), o.text), styled(" "+f.ID, faint))
			if o.applies != checks.Yes.String() {
				p.because(f.Why)
			}
		}
	}
}

// undecided writes what could not be looked at, once for all entries that it left open.
func (p *page) undecided(c checks.Result) {
	for _, g := range openIn(c) {
		p.part(lUnknown, cyan, plain(p.in(g.about)))
		p.more(styled(refs(g.refs), faint))
	}
}

// accepted writes the entries that were waived.
func (p *page) accepted(c checks.Result) {
	for _, e := range c.Causes {
		if e.Waived == nil {
			continue
		}
		p.part(lWaived, bold, plain(p.in(e.Text)))
		p.about(e)
		p.more(plain(accepted(*e.Waived, p.opts.Lang)))
	}
}

// excluded writes, when asked for, what was refuted and what a declaration leaves out.
func (p *page) excluded(c checks.Result) {
	if !p.opts.Verbose {
		return
	}
	for _, e := range c.Causes {
		switch e.Verdict {
		case checks.Refuted.String():
			p.part(lRuledOut, bold, plain(p.sentences(e.Reasons)))
		case notApplicable:
			p.part(lExcluded, bold, plain(p.sentences(e.Reasons)))
		default:
			continue
		}
		p.more(styled(joined(e.Subject, e.ID), faint))
	}
}

// passed writes one line for each check that passed. Its title names the trouble that is not
// there and is cut where the line ends.
func (p *page) passed() {
	list := p.having(checks.StatusPass)
	if len(list) == 0 {
		return
	}
	p.heading(hPassed)
	for _, c := range list {
		m := marks[c.Status]
		id := m.sign + " " + c.ID
		title := ansi.Truncate(Inert(p.in(c.Title)), max(1, p.width-ansi.StringWidth(id)-2), "…")
		p.line(2, styled(id, m.style), plain("  "+title))
		p.label = word{}
		for _, r := range c.Remarks {
			p.part(lNote, bold, plain(p.in(r.Text)))
		}
		p.accepted(c)
		p.excluded(c)
		if p.opts.Verbose {
			p.chains(c)
		}
	}
}

// skipped writes one line for each check that was left out, and why.
func (p *page) skipped() {
	list := p.having(checks.StatusSkip)
	if len(list) == 0 {
		return
	}
	p.heading(hSkipped)
	for _, c := range list {
		p.line(2, styled(marks[c.Status].sign+" "+c.ID, faint), plain("  "+p.sentences(c.Remarks)))
		for _, s := range c.Symptoms {
			p.line(4, plain("    "+p.say(lSeen)+": “"+s.Text+"”"))
		}
	}
}

// retirements writes the published days that concern this organisation.
func (p *page) retirements() {
	if len(p.report.Retirements) == 0 {
		return
	}
	p.heading(hRetired)
	for _, r := range p.report.Retirements {
		m, on := marks[checks.StatusWarn], r.On
		switch {
		case r.Come:
			m = marks[checks.StatusFail]
		case r.On == "":
			m, on = marks[checks.StatusUnknown], p.say(noDay)
		}
		p.line(p.indent, styled(m.sign+" "+on, m.style), plain("  "+p.in(r.Text)), styled(" ("+r.Source+")", faint))
	}
}

func (p *page) notices() {
	if len(p.report.Notices) == 0 {
		return
	}
	p.heading(hNotices)
	for _, n := range p.report.Notices {
		p.line(2, styled("! ", yellow), plain(p.in(n.Text)))
	}
}

// facts writes what was looked at, how well, and how long it took.
func (p *page) facts() {
	if len(p.report.Facts) == 0 {
		return
	}
	p.heading(hFacts)
	for _, f := range p.report.Facts {
		about := joined(p.say(factWords[f.Status]), strconv.FormatInt(f.TookMS, 10)+" ms",
			p.say(requests, "n", strconv.Itoa(f.Requests)))
		p.line(2, plain(f.Name+"  "), styled(about, faint))
		if f.Failure != nil {
			p.line(2, plain("  "+f.Failure.Error()))
		}
	}
}

func (p *page) foot() {
	var gaps []string
	for _, f := range p.report.Facts {
		// What only the configuration can say was not read, and could not be.
		declared := f.Failure != nil && f.Failure.Kind == facts.NotDeclared
		if f.unread() && (f.Status == FactPartial || !declared) {
			gaps = append(gaps, f.Name+" ("+p.say(factWords[f.Status])+")")
		}
	}
	p.gap()
	if len(gaps) > 0 && !p.opts.Verbose {
		p.line(0, styled(p.say(incomplete, "facts", strings.Join(gaps, ", ")), faint))
	}
	if len(p.report.Checks) > 0 {
		worst := slices.MinFunc(p.report.Checks, func(a, b checks.Result) int { return cmp.Compare(Urgency(a.Status), Urgency(b.Status)) })
		p.line(0, styled(p.say(moreAbout, "id", worst.ID), faint))
	}
}

// Urgency orders statuses as the report lists the checks: the smaller, the sooner somebody has
// to look.
func Urgency(s checks.Status) int { return slices.Index(order, s) }

func howFound(e checks.Entry) word {
	declared := e.Basis == checks.Declared.String()
	switch {
	case e.Verdict == checks.Confirmed.String() && declared:
		return wConfirmedDeclared
	case e.Verdict == checks.Confirmed.String():
		return wConfirmed
	case e.Verdict == checks.Supported.String() && declared:
		return wSupportedDeclared
	case e.Verdict == checks.Supported.String():
		return wSupported
	default: // a waiver can accept an unknown too
		return statusWords[checks.StatusUnknown]
	}
}

// refs lists entries: each cause once, with its subjects.
func refs(list []checks.Ref) string {
	var b strings.Builder
	for i, r := range list {
		switch {
		case i > 0 && r.Cause == list[i-1].Cause:
			b.WriteString(", " + r.Subject)
			continue
		case i > 0:
			b.WriteString(" · ")
		}
		b.WriteString(strings.TrimSpace(r.Cause + " " + r.Subject))
	}
	return b.String()
}

// joined are the parts that are not empty, with a dot between them.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
