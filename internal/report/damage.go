package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// damage is the first thing in a report that no run has written, named by the member that holds it:
// a word that v1 does not have, a thing listed twice, or two members that contradict each other.
// Whoever edits a report, or makes one, does not get it shown as if casdoctor had judged so.
func damage(r Report) error {
	known := map[string]bool{}
	for _, c := range checks.All() {
		known[c.ID] = true
	}
	seen := map[string]bool{}
	for _, c := range r.Checks {
		switch {
		case !known[c.ID]:
			return fmt.Errorf("this report has a check %q, which this casdoctor does not know: update casdoctor", c.ID)
		case seen[c.ID]:
			return damaged("the check %q is listed twice", c.ID)
		}
		seen[c.ID] = true
		if err := damageOf(c); err != nil {
			return err
		}
	}
	for _, f := range r.Facts {
		switch {
		case !slices.Contains(v1FactStatuses, f.Status):
			return damaged("the fact %q has the status %q", f.Name, f.Status)
		case seen[f.Name]:
			return damaged("the fact %q is listed twice", f.Name)
		}
		seen[f.Name] = true
	}
	switch {
	case len(r.Checks) == 0 || r.Verdict != checks.Judge(r.Checks):
		return damaged("its verdict %q does not follow from its checks", r.Verdict)
	case !slices.Contains(codes[r.Verdict], r.ExitCode):
		return damaged("a run that is %q does not end with %d", r.Verdict, r.ExitCode)
	}
	return nil
}

func damageOf(c checks.Result) error {
	if !slices.Contains(v1Statuses, c.Status) {
		return damaged("the check %q has the status %q", c.ID, c.Status)
	}
	shown := false // by an entry: the status
	for _, e := range c.Causes {
		name := joined(e.ID, e.Subject)
		switch {
		case !strings.HasPrefix(e.ID, c.ID+"."):
			return damaged("the check %q has an entry of another check, %q", c.ID, name)
		case !slices.Contains(v1Verdicts, e.Verdict):
			return damaged("%q has the verdict %q", name, e.Verdict)
		case !slices.Contains(v1Bases, e.Basis):
			return damaged("%q has the basis %q", name, e.Basis)
		case c.Status != checks.StatusSkip && e.Status().Rank() > c.Status.Rank():
			return damaged("the check %q has the status %q, and its entry %q is %s", c.ID, c.Status, name, e.Verdict)
		}
		shown = shown || e.Status() == c.Status
	}
	// A check can be unknown beyond its entries, where somebody saw what none of them explains.
	if (c.Status == checks.StatusFail || c.Status == checks.StatusWarn) && !shown {
		return damaged("the check %q has the status %q, and none of its entries is a cause of that", c.ID, c.Status)
	}
	seen := map[string]bool{}
	for _, f := range c.Fixes {
		switch {
		case !strings.HasPrefix(f.ID, c.ID+"."):
			return damaged("the check %q has a fix of another check, %q", c.ID, f.ID)
		case seen[f.ID]:
			return damaged("the fix %q is listed twice", f.ID)
		case !slices.Contains(v1Applies, f.Applies):
			return damaged(`the fix %q has the word %q under "applies"`, f.ID, f.Applies)
		}
		seen[f.ID] = true
		for _, to := range f.For {
			if to.Applies != "" && !slices.Contains(v1Applies, to.Applies) { // the first reports of v1 do not say it here
				return damaged(`the fix %q has the word %q under "applies", for %q`, f.ID, to.Applies, joined(to.Cause, to.Subject))
			}
		}
	}
	return nil
}

func damaged(what string, args ...any) error {
	return fmt.Errorf("this report is damaged: "+what, args...)
}

// The words of v1.
var (
	v1Statuses = []checks.Status{
		checks.StatusPass, checks.StatusUnknown, checks.StatusWarn, checks.StatusFail, checks.StatusSkip,
	}
	v1Verdicts = []string{
		checks.Confirmed.String(), checks.Supported.String(), checks.Unknown.String(), checks.Refuted.String(), notApplicable,
	}
	v1Bases        = []string{checks.Observed.String(), checks.Declared.String(), checks.Inferred.String()}
	v1Applies      = []string{checks.Yes.String(), checks.No.String(), checks.Maybe.String()}
	v1FactStatuses = []FactStatus{FactOK, FactPartial, FactFailed, FactSkipped}
)

// codes are those that a run can end with. What --fail-on, --allow-unknown and --baseline
// accept changes the code, and never the verdict.
var codes = map[checks.RunVerdict][]int{
	checks.Ready:        {checks.ExitOK},
	checks.Undetermined: {checks.ExitOK, checks.ExitUnknown},
	checks.NotReady:     {checks.ExitOK, checks.ExitTrouble, checks.ExitUnknown},
}
