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
	worse := d.worsened()
	for _, c := range now.Checks {
		for _, e := range c.Causes {
			ref := e.Ref()
			switch {
			case !found(e):
			case worse[ref]:
				b.New = append(b.New, ref)
			default:
				b.Known = append(b.Known, ref)
			}
		}
	}
	return b
}

// worsened are the entries that are worse than they were, or the way out of them is.
func (d Diff) worsened() map[checks.Ref]bool {
	worse := map[checks.Ref]bool{}
	for _, c := range d.Checks {
		for _, e := range c.Entries {
			worse[e.Ref] = worse[e.Ref] || e.Effect == Worse
		}
		for _, f := range c.Fixes {
			worse[f.Ref] = worse[f.Ref] || f.Effect == Worse
		}
	}
	return worse
}

// beside are the results as they count beside what is known: with the worst status of the
// other entries. A check that is unknown without an entry that is stays so.
func (b *Baseline) beside(results []checks.Result) []checks.Result {
	if b == nil {
		return results
	}
	places, out := b.places(), slices.Clone(results)
	for i, c := range out {
		if c.Status == checks.StatusFail || c.Status == checks.StatusWarn {
			out[i].Status = checks.Worst(slices.DeleteFunc(slices.Clone(c.Causes), func(e checks.Entry) bool {
				return places[e.Ref()] == baselineKnown
			}))
		}
	}
	return out
}

// The places of a trouble beside a baseline, as the machine formats name them.
const (
	baselineKnown = "known"
	baselineNew   = "new"
)

// places are those of the troubles; what is none, or has no baseline, has none.
func (b *Baseline) places() map[checks.Ref]string {
	if b == nil {
		return nil
	}
	at := map[checks.Ref]string{}
	for _, ref := range b.New {
		at[ref] = baselineNew
	}
	for _, ref := range b.Known {
		at[ref] = baselineKnown
	}
	return at
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
