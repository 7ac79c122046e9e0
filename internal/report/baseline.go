package report

import (
	"slices"
	"strconv"
	"time"

	"github.com/casdoctor/casdoctor/checks"
)

// Baseline holds a run against an earlier report: which of its troubles were known then. What
// could not be looked at is in neither list, because nobody has seen it: --allow-unknown
// accepts it, a baseline does not.
type Baseline struct {
	Taken time.Time    `json:"taken"` // when the evidence of the earlier report was taken
	Known []checks.Ref `json:"known"` // troubles that were there, and have not become worse
	New   []checks.Ref `json:"new"`   // troubles that were not, or have become worse
}

// since sorts the troubles of a report by whether an earlier one had them. Worse is what
// Compare says: a verdict that ranks higher, a waiver that has ended, a recommended fix that
// is lost.
func since(before, now Report) *Baseline {
	b := &Baseline{Taken: before.Taken, Known: []checks.Ref{}, New: []checks.Ref{}}
	before.Tenant = now.Tenant // the caller has refused another organisation
	d, _ := Compare(before, now)
	for _, c := range now.Checks {
		for _, e := range c.Causes {
			ref := checks.Ref{Cause: e.ID, Subject: e.Subject}
			switch {
			case !found(e):
			case d.worsened(ref):
				b.New = append(b.New, ref)
			default:
				b.Known = append(b.Known, ref)
			}
		}
	}
	return b
}

// worsened: the entry, or the way out of it, is worse than it was.
func (d Diff) worsened(ref checks.Ref) bool {
	for _, c := range d.Checks {
		if slices.ContainsFunc(c.Entries, func(e EntryDiff) bool { return e.Ref == ref && e.Effect == Worse }) ||
			slices.ContainsFunc(c.Fixes, func(f FixDiff) bool { return f.Ref == ref && f.Effect == Worse }) {
			return true
		}
	}
	return false
}

// beside are the results as they count beside what is known: with the worst status of the
// other entries. A check that is unknown without an entry that is stays so.
func beside(results []checks.Result, known []checks.Ref) []checks.Result {
	out := slices.Clone(results)
	for i, c := range out {
		if c.Status != checks.StatusFail && c.Status != checks.StatusWarn {
			continue
		}
		worst := checks.StatusPass
		for _, e := range c.Causes {
			s := e.Status()
			if !slices.Contains(known, checks.Ref{Cause: e.ID, Subject: e.Subject}) && rank(s) > rank(worst) {
				worst = s
			}
		}
		out[i].Status = worst
	}
	return out
}

// The places of a trouble beside a baseline, as the machine formats name them.
const (
	baselineKnown = "known"
	baselineNew   = "new"
)

// place is the place of a row: known, new, or "" for what is no trouble or has no baseline.
func (b *Baseline) place(w row) string {
	ref := checks.Ref{Cause: w.entry.ID, Subject: w.entry.Subject}
	switch {
	case b == nil:
		return ""
	case slices.Contains(b.Known, ref):
		return baselineKnown
	case slices.Contains(b.New, ref):
		return baselineNew
	}
	return ""
}

// against says how a report stands to its baseline, in a line or two; nothing when there is none.
// Without it nobody understands an exit code of 0 beside a trouble.
func against(r Report, lang string) (lines []string) {
	b := r.Baseline
	if b == nil {
		return nil
	}
	lines = append(lines, againstBaseline.in(lang,
		"taken", minute(b.Taken), "known", strconv.Itoa(len(b.Known)), "new", strconv.Itoa(len(b.New))))
	if len(b.New) > 0 {
		lines = append(lines, newSince.in(lang, "list", refs(b.New)))
	}
	return lines
}
