package report

import (
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/checks"
)

const (
	// shownRows is how many entries of a check a summary has: GitHub takes 1 MiB of a step.
	shownRows = 100
	// openRows are those that need no click.
	openRows = 10
	// nameLength is what is shown of a name; report.json has the rest.
	nameLength = 200
)

// WriteSummary writes Markdown for the summary of a job, a merge request or a ticket: how it
// stands, then each trouble with its fix, what is not known, and the rest in a line each. It has no
// tables, because a bar cannot be quoted in all of their readers.
func WriteSummary(w io.Writer, r Report, v View) error {
	s := &summary{View: v}
	s.para("# " + marked(r.Verdict) + " " + verdictWords[r.Verdict].in(v.Lang) + ": " + s.quote(r.Tenant))
	when := asOf.in(v.Lang, "taken", minute(r.Taken))
	if !r.Now.Equal(r.Taken) {
		when = judgedFor.in(v.Lang, "taken", minute(r.Taken), "now", minute(r.Now))
	}
	s.para(quoted(when) + "  \n" + quoted(meaningWords[r.Verdict].in(v.Lang)) + "  \n" + counts(r, v.Lang))
	for _, line := range against(r, v.Lang) {
		s.para(s.quote(line))
	}
	for _, status := range order {
		for _, c := range r.Checks {
			if c.Status == status {
				s.item(0, escapeMarkup(marks[status].sign)+" **"+s.quote(c.ID)+"** "+s.quote(c.Title.In(v.Lang))+" ("+statusWords[status].in(v.Lang)+")")
				if !slices.Contains(attention, status) {
					s.aside(c)
				}
			}
		}
	}
	for _, status := range attention {
		for _, c := range r.Checks {
			if c.Status == status {
				s.check(c)
			}
		}
	}
	if len(r.Retirements) > 0 {
		s.heading(hRetired.in(v.Lang))
		for _, ret := range r.Retirements {
			on := ret.On
			if on == "" {
				on = noDay.in(v.Lang)
			}
			if ret.Come {
				on = marks[checks.StatusFail].sign + " " + on
			}
			s.item(0, "**"+s.quote(on)+"** "+s.quote(ret.Text.In(v.Lang)+" ("+ret.Source+")"))
		}
	}
	if len(r.Notices) > 0 {
		s.heading(hNotices.in(v.Lang))
		for _, n := range r.Notices {
			s.item(0, s.quote(n.Text.In(v.Lang)))
		}
	}
	var gaps []string
	for _, f := range r.Facts {
		if f.unread() {
			gaps = append(gaps, s.quote(f.Name+" ("+factWords[f.Status].in(v.Lang)+")"))
		}
	}
	if len(gaps) > 0 {
		s.heading(lUnknown.in(v.Lang))
		for _, g := range gaps {
			s.item(0, g)
		}
	}
	s.b.WriteString("\n---\n" + s.quote("casdoctor "+r.Tool.Version) + "\n")
	_, err := io.WriteString(w, s.b.String())
	return err
}

// summary is the Markdown while it is being written.
type summary struct {
	View
	b strings.Builder
}

func (s *summary) para(text string)    { s.b.WriteString(text + "\n\n") }
func (s *summary) heading(text string) { s.b.WriteString("\n## " + text + "\n\n") }
func (s *summary) item(in int, text string) {
	s.b.WriteString(strings.Repeat("  ", in) + "- " + text + "\n")
}
func (s *summary) quote(text string) string { return quoted(short(text, 10*nameLength)) }

// check writes a trouble, or what is not known: its entries, and its fixes once for all of them.
func (s *summary) check(c checks.Result) {
	s.heading(marks[c.Status].sign + " " + s.quote(c.ID+" "+c.Title.In(s.Lang)))
	for _, seen := range c.Symptoms {
		s.item(0, "**"+lSeen.in(s.Lang)+"** “"+s.quote(seen.Text)+"”")
	}
	for _, r := range c.Remarks {
		s.item(0, "**"+lNote.in(s.Lang)+"** "+s.quote(r.Text.In(s.Lang)))
	}
	list := worstFirst(slices.DeleteFunc(rowsOf(c, nil), func(w row) bool {
		return w.status == checks.StatusPass || w.status == checks.StatusSkip && w.entry.Waived == nil || w.entry.ID == c.ID
	}))
	s.rows(list[:min(len(list), openRows)])
	if more := list[min(len(list), openRows):]; len(more) > 0 {
		s.para("\n<details><summary>" + moreEntries.in(s.Lang, "n", strconv.Itoa(len(more))) + "</summary>")
		s.rows(more[:min(len(more), shownRows-openRows)])
		if left := len(more) - (shownRows - openRows); left > 0 {
			s.item(0, andMore.in(s.Lang, "n", strconv.Itoa(left)))
		}
		s.b.WriteString("\n</details>\n\n")
	}
	for _, f := range c.Fixes {
		s.fix(c, f)
	}
	if len(unmended(c)) > 0 {
		s.item(0, "**"+lFix.in(s.Lang)+"** "+quoted(noFix.in(s.Lang)))
	}
}

// aside writes what there is to know of a check that needs nobody: its notes, and what was accepted.
func (s *summary) aside(c checks.Result) {
	for _, r := range c.Remarks {
		s.item(1, s.quote(r.Text.In(s.Lang)))
	}
	for _, e := range c.Causes {
		if e.Waived != nil {
			s.item(1, "**"+lWaived.in(s.Lang)+"** "+codeSpan(short(strings.TrimSpace(e.ID+" "+e.Subject), nameLength))+" "+s.quote(accepted(*e.Waived, s.Lang)))
		}
	}
}

func (s *summary) rows(list []row) {
	last := ""
	for _, w := range list {
		if text := w.entry.Text.In(s.Lang); text != last || last == "" {
			s.item(0, "**"+lCause.in(s.Lang)+"** "+s.quote(labelled(w.entry.ID, text)))
			last = text
		}
		s.item(1, w.how(s.Lang)+" · "+codeSpan(short(w.title(), nameLength)))
		if why := w.why(s.Lang); why != "" {
			s.item(2, s.quote(why))
		}
	}
}

// fix writes a fix that some trouble in the report is waiting for.
func (s *summary) fix(c checks.Result, f checks.FixResult) {
	to := recommendedFor(c, f)
	label, text := lFix, s.quote(f.Text.In(s.Lang))
	switch {
	case len(to) > 0:
		text = "**" + text + "**"
	case applies(c, f) == checks.Yes.String():
		label = lAlso
	case applies(c, f) == checks.Maybe.String():
		label = lPerhaps
	case applies(c, f) == checks.No.String():
		label, text = lNotHere, "~~"+text+"~~"
	default:
		return
	}
	s.item(0, "**"+label.in(s.Lang)+"** "+codeSpan(f.ID)+" "+text)
	if len(to) > 0 {
		s.item(1, mFor.in(s.Lang)+": "+codeSpan(short(refs(to), nameLength)))
	}
	if left := notHelped(c, f); len(left) > 0 {
		s.item(1, s.quote(notFor.in(s.Lang, "whom", short(refs(left), nameLength), "why", sentences(whyNot(c, f)).In(s.Lang))))
	} else if why := sentences(f.Why).In(s.Lang); why != "" {
		s.item(1, s.quote(why))
	}
	if len(to) == 0 {
		return
	}
	for i, step := range f.Steps {
		first, block := stepLines(step.In(s.Lang))
		s.b.WriteString("  " + strconv.Itoa(i+1) + ". " + s.quote(first) + "\n")
		if len(block) > 0 {
			fence := fenceFor(strings.Join(block, "\n"), 3)
			s.b.WriteString("\n     " + fence + "text\n")
			for _, l := range block {
				s.b.WriteString("     " + Inert(l) + "\n")
			}
			s.b.WriteString("     " + fence + "\n\n")
		}
	}
	if risk := f.Risk.In(s.Lang); risk != "" {
		s.item(1, "**"+strings.TrimSpace(lRisk.in(s.Lang))+"** "+s.quote(risk))
	}
	for _, l := range f.Links {
		s.item(1, autolink(l))
	}
}

func marked(v checks.RunVerdict) string {
	return marks[map[checks.RunVerdict]checks.Status{
		checks.NotReady: checks.StatusFail, checks.Undetermined: checks.StatusUnknown, checks.Ready: checks.StatusPass,
	}[v]].sign
}

// quoted makes a text inert for Markdown and for what GitHub and GitLab make of it afterwards. A
// word that they would turn into something (an address, a mention, a reference, a formula, an
// emoji, emphasis inside of a name) becomes code, where nothing is turned into anything. The signs
// of the markup in what is left are escaped.
func quoted(s string) string {
	s = Inert(s)
	var b strings.Builder
	at := 0
	for _, m := range tokens().FindAllStringIndex(s, -1) {
		token := s[m[0]:m[1]]
		if !magic().MatchString(token) {
			continue
		}
		core := strings.Trim(token, `"'()[],.;:!?`)
		if core == "" || !magic().MatchString(core) { // what is active is at an end
			core = token
		}
		from := m[0] + strings.Index(token, core)
		b.WriteString(escapeMarkup(s[at:from]) + codeSpan(core))
		at = from + len(core)
	}
	b.WriteString(escapeMarkup(s[at:]))
	return b.String()
}

// pattern is compiled for its first use: few runs write Markdown.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

var (
	tokens = pattern(`[!-~]+`)
	// magic are the words that readers turn into something, by the rules of GitHub and GitLab.
	magic = pattern(`[@#$%^_]|!\d|://|(?i:www\.|mailto:|xmpp:)|:[a-z0-9_+-]+:|&\d|GH-\d`)
	// leading is what would begin a block: a heading, a list, a line under a heading.
	leading = pattern(`^(\s*)([-+=#]|\d+[.)])`)
)

func escapeMarkup(s string) string {
	s = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "<", `\<`, ">", `\>`, "[", `\[`, "]", `\]`, "~", `\~`, "&", `\&`, "|", `\|`).Replace(s)
	if m := leading().FindStringSubmatchIndex(s); m != nil {
		s = s[:m[5]-1] + `\` + s[m[5]-1:]
	}
	return s
}

// codeSpan is code in a line.
func codeSpan(s string) string {
	s = Inert(s)
	fence := fenceFor(s, 1)
	if strings.Contains(s, "`") || strings.TrimSpace(s) != s || s == "" {
		s = " " + s + " "
	}
	return fence + s + fence
}

// fenceFor is a fence around code: longer than any in it.
func fenceFor(s string, least int) string {
	run := 0
	for _, c := range s {
		if c != '`' {
			run = 0
			continue
		}
		run++
		least = max(least, run+1)
	}
	return strings.Repeat("`", least)
}

// autolink is a link, if it is a plain web address; a report may have been edited.
func autolink(l string) string {
	if !linked(l) || strings.ContainsFunc(l, func(c rune) bool {
		return c <= ' ' || c >= utf8.RuneSelf || strings.ContainsRune("<>\\`\"", c)
	}) {
		return codeSpan(l)
	}
	return "<" + l + ">"
}
