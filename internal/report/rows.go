package report

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// row is one line of a format that is a list: an entry, or a whole check where none of its
// entries says how it stands (a symptom that nothing explains, a check without entries). So a
// reader who only counts the rows cannot think better of a check than the report does.
type row struct {
	check  checks.Result
	entry  checks.Entry  // of a whole check: its id, its title and its remarks, and no verdict
	status checks.Status // of this row alone; skip: waived, excluded, or the check was left out
	place  string        // beside the baseline: known, new, or "" for what is no trouble or has none
}

// rows are those of all checks, in the order of the report.
func rows(r Report) (out []row) {
	places := r.Baseline.places()
	for _, c := range r.Checks {
		out = append(out, rowsOf(c, places)...)
	}
	return out
}

// rowsOf are those of one check; places are nil where nobody asks for them.
func rowsOf(c checks.Result, places map[checks.Ref]string) (out []row) {
	told := len(c.Causes) > 0 && c.Status == checks.StatusPass
	for _, e := range c.Causes {
		w := row{check: c, entry: e, status: e.Status(), place: places[e.Ref()]}
		if c.Status == checks.StatusSkip {
			w.status = checks.StatusSkip
		}
		told = told || w.status == c.Status
		out = append(out, w)
	}
	if told {
		return out
	}
	whole := row{check: c, entry: checks.Entry{ID: c.ID, Text: c.Title, Reasons: c.Remarks}, status: c.Status}
	return append([]row{whole}, out...)
}

// worstFirst is for formats whose readers show only the first rows.
func worstFirst(list []row) []row {
	return slices.SortedStableFunc(slices.Values(list), func(a, b row) int {
		return Urgency(a.status) - Urgency(b.status)
	})
}

// count is how many rows have a status.
func count(list []row, s checks.Status) (n int) {
	for _, w := range list {
		if w.status == s {
			n++
		}
	}
	return n
}

// title names a row: its cause and its subject.
func (w row) title() string { return strings.TrimSpace(w.entry.ID + " " + w.entry.Subject) }

// how says how sure the row is, in a word or two.
func (w row) how(lang string) string {
	switch {
	case w.entry.Waived != nil:
		return joined(lWaived.in(lang), howFound(w.entry).in(lang))
	case w.entry.Verdict == notApplicable:
		return lExcluded.in(lang)
	case w.entry.Verdict == checks.Refuted.String() && w.status == checks.StatusPass:
		return lRuledOut.in(lang)
	case found(w.entry) && w.status != checks.StatusSkip:
		return howFound(w.entry).in(lang)
	default:
		return statusWords[w.status].in(lang)
	}
}

// remedy is how one fix stands for one row.
type remedy struct {
	checks.FixResult
	of checks.FixFor
}

// reasons are why it stands so: of this row, or in a report of an older version of the whole fix.
func (m remedy) reasons() []checks.Reason {
	if len(m.of.Why) > 0 {
		return m.of.Why
	}
	return m.Why
}

// remedies are the fixes for a trouble, in order of preference; nothing else needs one.
func (w row) remedies() (out []remedy) {
	if !found(w.entry) {
		return nil
	}
	for _, f := range w.check.Fixes {
		for _, to := range f.For {
			if to.Ref == w.entry.Ref() {
				out = append(out, remedy{f, to})
			}
		}
	}
	return out
}

// recommended is the fix to use.
func (w row) recommended() (remedy, bool) {
	list := w.remedies()
	i := slices.IndexFunc(list, func(m remedy) bool { return m.of.Recommended })
	if i < 0 {
		return remedy{}, false
	}
	return list[i], true
}

// barred are the fixes that do not, or not certainly, work here.
func (w row) barred() []remedy {
	return slices.DeleteFunc(w.remedies(), func(m remedy) bool { return m.of.Applies == checks.Yes.String() })
}

// paragraphs tell a row whole, a paragraph a line: the cause, how sure it is and why, the fix
// with its steps, and why other fixes do not work.
func (w row) paragraphs(lang string) []string {
	out := []string{w.entry.Text.In(lang), labelled(w.how(lang), sentences(w.entry.Reasons).In(lang))}
	if w.entry.Waived != nil {
		out = append(out, accepted(*w.entry.Waived, lang))
	}
	if f, ok := w.recommended(); ok {
		out = append(out, labelled(lFix.in(lang)+" "+f.ID, f.Text.In(lang)))
		for i, s := range f.Steps {
			first, block := stepLines(s.In(lang))
			out = append(out, strconv.Itoa(i+1)+". "+first)
			for _, l := range block {
				out = append(out, "   "+l)
			}
		}
		if risk := f.Risk.In(lang); risk != "" {
			out = append(out, lRisk.in(lang)+risk)
		}
		out = append(out, f.Links...)
	} else if found(w.entry) {
		out = append(out, labelled(lFix.in(lang), noFix.in(lang)))
	}
	for _, m := range w.barred() {
		label := lNotHere
		if m.of.Applies != checks.No.String() {
			label = lPerhaps
		}
		out = append(out, labelled(label.in(lang)+" "+m.ID, m.Text.In(lang)+" "+sentences(m.reasons()).In(lang)))
	}
	for i := range out {
		out[i] = strings.TrimRight(Inert(out[i]), " ")
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// stepLines are the sentence of a step, and the lines of the block to paste that it may hold.
func stepLines(step string) (sentence string, block []string) {
	lines := strings.Split(strings.TrimSpace(step), "\n")
	return lines[0], lines[1:]
}

// labelled is a text after what it is.
func labelled(label, text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return label
	}
	return label + ": " + text
}

// short cuts a text that a reader of the format would cut, or refuse.
func short(s string, runes int) string {
	n := 0
	for i := range s {
		if n++; n == runes {
			if rest := s[i:]; len([]rune(rest)) > 1 {
				return s[:i] + "…"
			}
		}
	}
	return s
}

// fingerprint is the same for the same finding in every run: of a tenant, a cause and a subject.
func (w row) fingerprint(r Report) string {
	sum := sha256.Sum256([]byte(r.Tenant + "\x00" + w.entry.ID + "\x00" + w.entry.Subject))
	return hex.EncodeToString(sum[:16])
}

// why is why a row stands as it does; of one that was accepted, until when.
func (w row) why(lang string) string {
	if w.entry.Waived != nil {
		return accepted(*w.entry.Waived, lang)
	}
	return sentences(w.entry.Reasons).In(lang)
}

// unwaived is the status that the row would have if nobody had accepted it.
func (w row) unwaived() checks.Status {
	if w.entry.Waived == nil || w.check.Status == checks.StatusSkip {
		return w.status
	}
	e := w.entry
	e.Waived = nil
	return e.Status()
}
