package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// What every format asks of a report. None of it decides anything: it picks out what the
// judgement has written down.

// notApplicable is the verdict of an entry that a declaration excludes.
const notApplicable = "not_applicable"

// found: the entry counts, and it is a trouble.
func found(e checks.Entry) bool {
	s := e.Status()
	return s == checks.StatusFail || s == checks.StatusWarn
}

// targets are the troubles in the report that a fix is for.
func targets(c checks.Result, f checks.FixResult) (out []checks.FixFor) {
	troubles := map[checks.Ref]bool{} // there may be a thousand of both
	for _, e := range c.Causes {
		if found(e) {
			troubles[e.Ref()] = true
		}
	}
	for _, to := range f.For {
		if troubles[to.Ref] {
			out = append(out, to)
		}
	}
	return out
}

// recommendedFor are the troubles that a fix is the recommended one for.
func recommendedFor(c checks.Result, f checks.FixResult) (out []checks.Ref) {
	for _, to := range targets(c, f) {
		if to.Recommended {
			out = append(out, to.Ref)
		}
	}
	return out
}

// applies is whether a fix works for any trouble in the report; "" when it is for none.
// (FixResult.Applies also counts entries that were waived or are unknown.)
func applies(c checks.Result, f checks.FixResult) string {
	best := ""
	for _, to := range targets(c, f) {
		switch {
		case to.Applies == checks.Yes.String(), best == "":
			best = to.Applies
		case best == checks.No.String():
			best = to.Applies
		}
	}
	return best
}

// notHelped are the troubles that a fix is for, but does not certainly mend.
func notHelped(c checks.Result, f checks.FixResult) (out []checks.Ref) {
	for _, to := range targets(c, f) {
		if to.Applies != checks.Yes.String() {
			out = append(out, to.Ref)
		}
	}
	return out
}

// whyNot are the reasons of the troubles that a fix does not certainly mend; a report of an
// older version has only those of the whole fix.
func whyNot(c checks.Result, f checks.FixResult) (out []checks.Reason) {
	for _, to := range targets(c, f) {
		if to.Applies == checks.Yes.String() {
			continue
		}
		for _, r := range to.Why {
			if !slices.ContainsFunc(out, func(have checks.Reason) bool { return have.Text == r.Text }) {
				out = append(out, r)
			}
		}
	}
	if len(out) == 0 {
		return f.Why
	}
	return out
}

// unmended are the troubles that no fix is recommended for.
func unmended(c checks.Result) (out []checks.Ref) {
	mended := map[checks.Ref]bool{}
	for _, f := range c.Fixes {
		for _, ref := range recommendedFor(c, f) {
			mended[ref] = true
		}
	}
	for _, e := range c.Causes {
		if ref := e.Ref(); found(e) && !mended[ref] {
			out = append(out, ref)
		}
	}
	return out
}

// sentences are reasons in a row. Japanese sentences follow each other without a space.
func sentences(reasons []checks.Reason) checks.Text {
	var en, ja strings.Builder
	for _, r := range checks.Once(reasons) {
		if en.Len() > 0 {
			en.WriteByte(' ')
		}
		if ja.Len() > 0 && !strings.HasSuffix(ja.String(), "。") {
			ja.WriteByte(' ')
		}
		en.WriteString(r.Text.EN)
		ja.WriteString(r.Text.JA)
	}
	return checks.Text{EN: en.String(), JA: ja.String()}
}

// accepted says until when a finding was accepted, why, and by whom.
func accepted(w checks.Waived, lang string) string {
	why := w.Reason
	if w.Owner != "" {
		why += " (" + w.Owner + ")"
	}
	return waivedUntil.in(lang, "until", w.Until, "reason", why)
}

// counts are how many checks have which status, and how many findings were accepted.
func counts(r Report, lang string) string {
	var parts []string
	add := func(w word, n int) {
		if n > 0 {
			parts = append(parts, w.in(lang)+" "+strconv.Itoa(n))
		}
	}
	for _, s := range order {
		add(statusWords[s], having(r.Checks, s))
	}
	waived := 0
	for _, c := range r.Checks {
		for _, e := range c.Causes {
			if e.Waived != nil {
				waived++
			}
		}
	}
	add(waivedCount, waived)
	return strings.Join(parts, " · ")
}

// having is how many checks have a status.
func having(list []checks.Result, s checks.Status) (n int) {
	for _, c := range list {
		if c.Status == s {
			n++
		}
	}
	return n
}

// unread: the fact could not be read, or not to its end.
func (f Fact) unread() bool { return f.Status == FactPartial || f.Status == FactFailed }

// open is a reason why something is not known, and the entries that it leaves open.
type open struct {
	about checks.Text
	refs  []checks.Ref
}

// openIn are the entries of a check that could not be decided, those with the same reasons together.
func openIn(c checks.Result) (out []open) {
	at := map[checks.Text]int{}
	for _, e := range c.Causes {
		if e.Status() != checks.StatusUnknown {
			continue
		}
		about := sentences(e.Reasons)
		i, ok := at[about]
		if !ok {
			i = len(out)
			at[about], out = i, append(out, open{about: about})
		}
		out[i].refs = append(out[i].refs, e.Ref())
	}
	return out
}
