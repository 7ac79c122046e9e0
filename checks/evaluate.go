package checks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Status is the state of one check.
type Status string

// The statuses, from good to bad; skip stands apart.
const (
	StatusPass    Status = "pass"
	StatusUnknown Status = "unknown"
	StatusWarn    Status = "warn"
	StatusFail    Status = "fail"
	StatusSkip    Status = "skip"
)

// Statuses are all of them, the most urgent first; skip stands apart, at the end.
func Statuses() []Status {
	return []Status{StatusFail, StatusWarn, StatusUnknown, StatusPass, StatusSkip}
}

// Rank grows with how bad a status is. What is skipped, or no status, ranks as a pass.
func (s Status) Rank() int {
	switch s {
	case StatusFail:
		return 3
	case StatusWarn:
		return 2
	case StatusUnknown:
		return 1
	default:
		return 0
	}
}

// Result is the outcome of one check. Its JSON is part of casdoctor.report/v1.
type Result struct {
	ID       string          `json:"id"`
	Status   Status          `json:"status"`
	Title    Text            `json:"title"`
	Symptom  Text            `json:"symptom,omitzero"` // what is seen where the trouble is
	Causes   []Entry         `json:"causes"`
	Fixes    []FixResult     `json:"fixes"`
	Symptoms []facts.Symptom `json:"symptoms,omitempty"` // what somebody saw
	Remarks  []Reason        `json:"remarks,omitempty"`  // why it is skipped or unexplained, and what is worth knowing
	Chains   []Chain         `json:"chains,omitempty"`   // how the findings came about, by subject
	Table    *Table          `json:"table,omitempty"`    // what was looked at, side by side
}

// Entry is what was found for one cause and one subject.
type Entry struct {
	ID      string   `json:"id"`
	Text    Text     `json:"text"` // the cause, in a sentence
	Subject string   `json:"subject"`
	Verdict string   `json:"verdict"` // confirmed | supported | unknown | refuted | not_applicable
	Basis   string   `json:"basis"`   // observed | declared | inferred
	Reasons []Reason `json:"reasons"`
	Facts   []string `json:"facts"`
	Waived  *Waived  `json:"waived"`
}

// Waived says who accepted an entry, why, and until when.
type Waived struct {
	Reason string `json:"reason"`
	Until  string `json:"until"`
	Owner  string `json:"owner,omitempty"`
}

// Ref names the entry.
func (e Entry) Ref() Ref { return Ref{e.ID, e.Subject} }

// Status is what the entry alone makes of its check: skip when it is out of scope, that is
// waived or excluded by a declaration.
func (e Entry) Status() Status {
	switch {
	case e.Waived != nil, e.Verdict == notApplicable:
		return StatusSkip
	case e.Verdict == Confirmed.String():
		return StatusFail
	case e.Verdict == Supported.String():
		return StatusWarn
	case e.Verdict == Unknown.String():
		return StatusUnknown
	default:
		return StatusPass
	}
}

const notApplicable = "not_applicable"

// FixResult is one fix: whether it works here, today, why or why not, and how.
type FixResult struct {
	ID          string   `json:"id"`
	For         []FixFor `json:"for"`
	Applies     string   `json:"applies"` // yes | no | unknown: the best over For
	Recommended bool     `json:"recommended"`
	Why         []Reason `json:"why"`
	Steps       []Text   `json:"steps"`
	Text        Text     `json:"text"`
	Risk        Text     `json:"risk"`
	Links       []string `json:"links"`
	Ends        *End     `json:"ends,omitempty"` // the published day on which it stops working
}

// End is the day from which something does not work any more, and where that is published.
type End struct {
	On     string `json:"on"`   // the UTC day
	Come   bool   `json:"come"` // that day has come by the time of judgement
	Source string `json:"source"`
}

// FixFor is an entry that the fix is for. Applicability is a matter of the entry: of two
// delegates one may be helped by a fix and the other not.
type FixFor struct {
	Ref
	Applies     string   `json:"applies"`
	Recommended bool     `json:"recommended"`
	Why         []Reason `json:"why,omitempty"` // of this entry alone
}

// Options change an evaluation.
type Options struct {
	Now  time.Time // the time of judgement; zero: the time the evidence was taken
	Only []string  // check ids; empty: all
}

// Outcome is the whole judgement.
type Outcome struct {
	Now     time.Time
	Results []Result
	Notices []Reason // about the run itself: waivers that ended or matched nothing
}

// Evaluate judges the evidence: every check of the list appears in the outcome.
func Evaluate(ev *facts.Evidence, list []Check, opts Options) Outcome {
	now := opts.Now
	if now.IsZero() {
		now = ev.Taken
	}
	out := Outcome{Now: now}
	w := newWaivers(ev, now)
	decoded := map[string]any{}
	for i := range list {
		x := &Exam{check: &list[i], evidence: ev, now: now, decoded: decoded}
		out.Results = append(out.Results, evaluate(x, opts.Only, w))
	}
	out.Notices = w.notices()
	for i := range out.Notices {
		out.Notices[i].Text = sentence(out.Notices[i], nil)
	}
	return out
}

// evaluate judges one check. Each cause and each fix gets an exam of its own, like base.
func evaluate(base *Exam, only []string, w *waivers) Result {
	ev, c := base.evidence, base.check
	symptoms, unread := symptomsOf(ev, c.ID)
	res := Result{ID: c.ID, Title: c.Title, Symptom: c.Symptom, Symptoms: symptoms}
	if why := skipped(ev, c, only); why != nil {
		res.Status, res.Remarks = StatusSkip, []Reason{*why}
		for _, cause := range c.Causes {
			res.Causes = append(res.Causes, entry(cause, finding{claim: unknown(*why)}))
		}
		for _, f := range c.Fixes {
			res.Fixes = append(res.Fixes, fixResult(f, Maybe, []Reason{*why}))
		}
		return say(res, c.Words)
	}
	found := map[string][]finding{}
	base.found = found
	for _, cause := range c.Causes {
		x := base.anew()
		found[cause.ID] = x.examine(cause)
		for _, f := range found[cause.ID] {
			e := entry(cause, f)
			e.Waived = w.match(cause.ID, f)
			res.Causes = append(res.Causes, e)
		}
	}
	res.Status = Worst(res.Causes)
	switch {
	case res.Status != StatusPass:
	case len(res.Symptoms) > 0 && slices.ContainsFunc(res.Causes, func(e Entry) bool { return e.Waived != nil }):
		res.Status = StatusUnknown
		res.Remarks = append(res.Remarks, because("seen_but_waived"))
	case len(res.Symptoms) > 0:
		res.Status = StatusUnknown
		res.Remarks = append(res.Remarks, because("seen_but_unexplained"))
	case unread != nil:
		res.Status = StatusUnknown
		res.Remarks = append(res.Remarks, failed("symptoms", unread))
	}
	res.Fixes = judgeFixes(base)
	res.Remarks = append(res.Remarks, told(base.anew(), c.Notes)...)
	res.Chains = told(base.anew(), c.Explain)
	res.Table = told(base.anew(), c.Table)
	return say(res, c.Words)
}

func entry(cause Cause, f finding) Entry {
	e := Entry{
		ID: cause.ID, Text: cause.Text, Subject: f.subject, Verdict: f.claim.Verdict.String(), Basis: f.claim.Basis.String(),
		Reasons: f.claim.Reasons, Facts: slices.Sorted(slices.Values(f.facts)),
	}
	if f.notApplicable {
		e.Verdict = notApplicable
	}
	return e
}

func skipped(ev *facts.Evidence, c *Check, only []string) *Reason {
	if len(only) > 0 && !slices.Contains(only, c.ID) {
		r := because("left_out")
		return &r
	}
	run := facts.Get(ev, facts.DeclaredRun)
	declared := len(ev.Facts["declared."+c.Section].Value) > 0
	if run.Value != nil && !declared && !slices.Contains(run.Value.Sections, c.Section) {
		r := because("section_absent", "section", c.Section)
		return &r
	}
	return nil
}

// symptomsOf are the declared symptoms of a check. Evidence without any declares none;
// a list that cannot be read may hold one.
func symptomsOf(ev *facts.Evidence, check string) ([]facts.Symptom, *facts.Failure) {
	all := facts.Get(ev, facts.DeclaredSymptoms)
	if f := all.Why(); f != nil && f.Kind != facts.NotCollected {
		return nil, f
	}
	var out []facts.Symptom
	if all.Value != nil {
		for _, s := range *all.Value {
			if s.Check == check {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// Worst is the state of a check over the entries in scope. An empty scope in a configured
// check is a pass: everything was waived or excluded by a declaration.
func Worst(entries []Entry) Status {
	worst := StatusPass
	for _, e := range entries {
		if s := e.Status(); s.Rank() > worst.Rank() {
			worst = s
		}
	}
	return worst
}

// judgeFixes asks every fix about every entry that it is for, and recommends, for each entry
// that is supported or confirmed, the first of the applying fixes: their order in the check
// is the order of preference.
func judgeFixes(base *Exam) []FixResult {
	c, found := base.check, base.found
	recommended := map[Ref]bool{}
	var out []FixResult
	for _, f := range c.Fixes {
		res, best := fixResult(f, No, nil), No
		if since, known, come := f.ObsoleteAfter.Since(base.cloud(), base.now); known {
			res.Ends = &End{On: since.Format(time.DateOnly), Come: come, Source: f.ObsoleteAfter.Source}
		}
		for _, cause := range f.For {
			for _, got := range found[cause] {
				if got.notApplicable || got.claim.Verdict == Refuted {
					continue
				}
				x := base.anew()
				x.pair = Ref{cause, got.subject}
				a, why := x.applies(f)
				if got.claim.Verdict == Unknown && a == Yes {
					a, why = Maybe, append(why, because("cause_unknown", "cause", cause))
				}
				ref := FixFor{Ref: x.pair, Applies: a.String(), Why: why}
				if a == Yes && !recommended[x.pair] {
					recommended[x.pair], ref.Recommended, res.Recommended = true, true, true
				}
				if a > best { // the steps of what works better, alone
					best, res.Applies, res.Steps = a, a.String(), nil
				}
				if a == best {
					res.Steps = appendNew(res.Steps, told(x, f.Steps))
				}
				res.For = append(res.For, ref)
				for _, r := range why {
					res.Why = addReason(res.Why, r)
				}
			}
		}
		if len(res.For) == 0 {
			res.Why = []Reason{because("cause_not_found")}
		}
		out = append(out, res)
	}
	return out
}

func fixResult(f Fix, a Applicability, why []Reason) FixResult {
	return FixResult{ID: f.ID, Applies: a.String(), Why: why, Text: f.Text, Risk: f.Risk, Links: f.Links, For: []FixFor{}, Steps: []Text{}}
}

func appendNew(have, more []Text) []Text {
	for _, t := range more {
		if !slices.Contains(have, t) {
			have = append(have, t)
		}
	}
	return have
}

func addReason(have []Reason, r Reason) []Reason {
	for _, h := range have {
		if h.Code == r.Code && maps.Equal(h.Args, r.Args) {
			return have
		}
	}
	return append(have, r)
}

// applies asks a fix, after the calendar. A panic makes it unknown.
func (x *Exam) applies(f Fix) (a Applicability, why []Reason) {
	defer func() {
		if r := recover(); r != nil {
			a, why = Maybe, []Reason{because("internal", "what", "judgement", "detail", fmt.Sprintf("%s panicked (%T)", f.ID, r))}
		}
	}()
	if f.ObsoleteAfter.On != nil {
		if since, _, come := f.ObsoleteAfter.Since(x.cloud(), x.now); come {
			return No, []Reason{because(f.ObsoleteAfter.Reason, "since", since.Format(time.DateOnly))}
		}
	}
	if f.Applies == nil {
		return Yes, nil
	}
	return f.Applies(x)
}

// cloud is the Microsoft cloud of the tenant; "" when none is declared.
func (x *Exam) cloud() string {
	if m := facts.Get(x.evidence, facts.DeclaredM365); m.Value != nil {
		return m.Value.Cloud
	}
	return ""
}

// say turns every reason code of a result into its sentences, and nil lists into empty ones:
// readers of the JSON need not tell null from [].
func say(res Result, words map[string]Text) Result {
	fill := func(list []Reason) []Reason {
		out := make([]Reason, 0, len(list))
		for _, r := range list {
			r.Text = sentence(r, words)
			out = append(out, r)
		}
		return out
	}
	for i := range res.Causes {
		res.Causes[i].Reasons = fill(res.Causes[i].Reasons)
		res.Causes[i].Facts = append([]string{}, res.Causes[i].Facts...)
	}
	for i := range res.Fixes {
		res.Fixes[i].Why = fill(res.Fixes[i].Why)
		for j := range res.Fixes[i].For {
			if of := &res.Fixes[i].For[j]; len(of.Why) > 0 {
				of.Why = fill(of.Why)
			}
		}
		res.Fixes[i].Links = append([]string{}, res.Fixes[i].Links...)
		res.Fixes[i].Steps = append([]Text{}, res.Fixes[i].Steps...)
	}
	if len(res.Remarks) > 0 {
		res.Remarks = fill(res.Remarks)
	}
	var tell func([]Statement)
	tell = func(list []Statement) {
		for i := range list {
			list[i].About.Text = sentence(list[i].About, words)
			list[i].Reasons = fill(list[i].Reasons)
			tell(list[i].Because)
		}
	}
	for _, c := range res.Chains {
		tell(c.Statements)
	}
	if res.Table != nil {
		res.Table.say(words)
	}
	return res
}

// RunVerdict is the verdict of a whole run.
type RunVerdict string

// The verdicts of a run. No flag changes them.
const (
	Ready        RunVerdict = "ready"
	Undetermined RunVerdict = "undetermined"
	NotReady     RunVerdict = "not_ready"
)

// Judge is the verdict of a run over its results.
func Judge(results []Result) RunVerdict {
	v := Ready
	for _, r := range results {
		switch r.Status {
		case StatusFail, StatusWarn:
			return NotReady
		case StatusUnknown:
			v = Undetermined
		}
	}
	return v
}

// The exit codes, the same for every format.
const (
	ExitOK      = 0 // none of the others
	ExitTrouble = 1 // a status at or above --fail-on
	ExitUsage   = 2 // usage or configuration error
	ExitUnknown = 3 // an unknown, unless allowed
	ExitNoRun   = 4 // no report could be made
)

// ExitCode is the exit code of a finished report.
func ExitCode(results []Result, failOn Status, allowUnknown bool) int {
	unknown := false
	for _, r := range results {
		switch {
		case r.Status == StatusFail, r.Status == StatusWarn && failOn == StatusWarn:
			return ExitTrouble
		case r.Status == StatusUnknown:
			unknown = true
		}
	}
	if unknown && !allowUnknown {
		return ExitUnknown
	}
	return ExitOK
}

// waivers match entries and remember which of them were used.
type waivers struct {
	now  time.Time
	list []facts.Waiver
	used []bool
	late []bool
}

func newWaivers(ev *facts.Evidence, now time.Time) *waivers {
	w := &waivers{now: now}
	if s := facts.Get(ev, facts.DeclaredWaivers); s.Value != nil {
		w.list = *s.Value
	}
	w.used, w.late = make([]bool, len(w.list)), make([]bool, len(w.list))
	return w
}

// match finds the waiver of an entry. Only a finding can be accepted: what is refuted or not
// applicable needs no waiver, and one for it is unused.
func (w *waivers) match(cause string, f finding) *Waived {
	if f.notApplicable || f.claim.Verdict == Refuted {
		return nil
	}
	for i, v := range w.list {
		if v.Cause != cause || v.Subject != "*" && !strings.EqualFold(v.Subject, f.subject) {
			continue
		}
		if w.ended(v) {
			w.late[i] = true
			continue
		}
		w.used[i] = true
		return &Waived{Reason: v.Reason, Until: v.Until, Owner: v.Owner}
	}
	return nil
}

// ended: the last day is included, in UTC. A date that cannot be read waives nothing.
func (w *waivers) ended(v facts.Waiver) bool {
	until, err := time.Parse(time.DateOnly, v.Until)
	return err != nil || !w.now.Before(until.AddDate(0, 0, 1))
}

func (w *waivers) notices() []Reason {
	var out []Reason
	for i, v := range w.list {
		switch {
		case w.late[i]:
			out = append(out, because("waiver_ended", "cause", v.Cause, "subject", v.Subject, "until", v.Until, "reason", v.Reason))
		case !w.used[i] && w.ended(v):
			out = append(out, because("waiver_over", "cause", v.Cause, "subject", v.Subject, "until", v.Until))
		case !w.used[i]:
			out = append(out, because("waiver_unused", "cause", v.Cause, "subject", v.Subject))
		}
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return cmp.Compare(a.Args["cause"], b.Args["cause"]) })
	return out
}
