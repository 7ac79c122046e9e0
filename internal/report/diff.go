package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// DiffSchemaID is the version of what WriteDiff writes as JSON. Within v1 it only ever gains members.
const DiffSchemaID = "casdoctor.diff/v1"

// Diff is what differs between two reports of one organisation. It is empty when nothing that
// a reader would act on differs: when a run was made, how long it took, by which version, in
// which order things stand and how they are worded is no difference.
//
// # What is worse
//
// Statuses are ordered pass < unknown < warn < fail: from pass to unknown is worse, because it
// cannot be looked at any more. An entry that is waived, excluded by a declaration or not there
// ranks as pass. So these are worse: an entry or a check that ranks higher than before (a waiver
// that has ended is one); a check that is not judged any more; a fix that was the recommended
// one for a trouble that is still there, and does not certainly apply any more; a published day
// that has come, or that was not listed before and is over. The opposite is better, with three
// exceptions: a check that nobody looked at before is worse when it finds a trouble; a trouble
// that is not listed any more, where its cause cannot be looked at, is not better; nor is a day
// that is not listed any more, because nothing says that it was put off. What a fact that cannot
// be read any more, a message that somebody saw, a remark or a notice changes is seen in the
// checks; by themselves they are neither.
type Diff struct {
	Schema      string           `json:"schema"`
	Tenant      string           `json:"tenant"`
	From        Run              `json:"from"`
	To          Run              `json:"to"`
	Effect      Effect           `json:"effect"` // worse when anything is, else better when anything is
	Checks      []CheckDiff      `json:"checks"` // those in which something differs, by id
	Facts       []FactDiff       `json:"facts"`
	Retirements []RetirementDiff `json:"retirements"`
	Notices     []ReasonDiff     `json:"notices"` // about the run itself
}

// Run names one of the two reports.
type Run struct {
	Taken   time.Time         `json:"taken"`
	Now     time.Time         `json:"now"`
	Verdict checks.RunVerdict `json:"verdict"`
}

// Effect is what a difference means for the organisation.
type Effect string

// The effects.
const (
	Worse  Effect = "worse"
	Better Effect = "better"
	Same   Effect = "same" // neither
)

// Presence says whether something is in both reports.
type Presence string

// The presences.
const (
	IsNew     Presence = "new"
	IsGone    Presence = "gone"
	IsChanged Presence = "changed"
)

// CheckDiff is what differs in one check. A check that a report does not have counts as skipped.
type CheckDiff struct {
	ID      string        `json:"id"`
	Title   checks.Text   `json:"title"`
	From    checks.Status `json:"from"`
	To      checks.Status `json:"to"`
	Effect  Effect        `json:"effect"` // of the status alone
	Entries []EntryDiff   `json:"entries"`
	Fixes   []FixDiff     `json:"fixes"`
	// Symptoms and remarks are those that only one of the reports has.
	Symptoms []SymptomDiff `json:"symptoms"`
	Remarks  []ReasonDiff  `json:"remarks"`
}

// SymptomDiff is a message that somebody saw, by the word of one report only.
type SymptomDiff struct {
	Presence Presence `json:"presence"`
	facts.Symptom
}

// ReasonDiff is a remark or a notice of one report only.
type ReasonDiff struct {
	Presence Presence `json:"presence"`
	checks.Reason
}

// EntryDiff is what differs in one entry: a cause and a subject.
type EntryDiff struct {
	checks.Ref
	Text     checks.Text `json:"text"` // the cause, in a sentence
	Presence Presence    `json:"presence"`
	What     []string    `json:"what,omitempty"` // of an entry in both: verdict, basis, reasons, waiver
	Effect   Effect      `json:"effect"`
	From     *EntryState `json:"from"`
	To       *EntryState `json:"to"`
}

// EntryState is an entry as one of the reports has it.
type EntryState struct {
	Verdict string          `json:"verdict"`
	Basis   string          `json:"basis"`
	Reasons []checks.Reason `json:"reasons"`
	Waived  *checks.Waived  `json:"waived"`
	Fix     string          `json:"fix,omitempty"` // the recommended one for it
}

// FixDiff is what differs in a fix, for a trouble that both reports have.
type FixDiff struct {
	Fix  string      `json:"fix"`
	Text checks.Text `json:"text"`
	checks.Ref
	Effect Effect   `json:"effect"`
	From   FixState `json:"from"`
	To     FixState `json:"to"`
}

// FixState is a fix for one trouble as one of the reports has it.
type FixState struct {
	Applies     string          `json:"applies"` // "" stands for a report without the fix
	Recommended bool            `json:"recommended"`
	Why         []checks.Reason `json:"why"`
}

// FactDiff is a fact that could be read better or worse; "" stands for a report without it.
type FactDiff struct {
	Name string     `json:"name"`
	From FactStatus `json:"from"`
	To   FactStatus `json:"to"`
	Kind string     `json:"kind,omitempty"` // of the failure now
}

// RetirementDiff is a published day that has come since, that its owner has moved, or that only
// one of the reports lists.
type RetirementDiff struct {
	ID       string      `json:"id"`
	Presence Presence    `json:"presence"`
	Text     checks.Text `json:"text"`
	Source   string      `json:"source"`
	From     string      `json:"from"` // the day as it was published; "" where none is, or not listed
	To       string      `json:"to"`
	Come     bool        `json:"come"` // by the time of the report that lists it, of the second if both do
	Effect   Effect      `json:"effect"`
}

// Compare says what has changed from one report to another. Reports of two organisations
// cannot be compared.
func Compare(from, to Report) (Diff, error) {
	if from.Tenant != to.Tenant {
		return Diff{}, fmt.Errorf("the reports are of two organisations, %q and %q", from.Tenant, to.Tenant)
	}
	d := Diff{
		Schema: DiffSchemaID, Tenant: to.Tenant, From: runOf(from), To: runOf(to),
		Checks: []CheckDiff{}, Facts: compareFacts(from, to), Retirements: compareRetirements(from, to),
		Notices: compareReasons(from.Notices, to.Notices),
	}
	of := func(r Report, id string) checks.Result {
		if i := slices.IndexFunc(r.Checks, func(c checks.Result) bool { return c.ID == id }); i >= 0 {
			return r.Checks[i]
		}
		return checks.Result{ID: id, Status: checks.StatusSkip}
	}
	ids := map[string]bool{}
	for _, c := range append(slices.Clone(from.Checks), to.Checks...) {
		ids[c.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if c, differs := compareCheck(of(from, id), of(to, id)); differs {
			d.Checks = append(d.Checks, c)
		}
	}
	d.Effect = d.sum()
	return d, nil
}

// Empty reports that nothing differs.
func (d Diff) Empty() bool {
	return len(d.Checks)+len(d.Facts)+len(d.Retirements)+len(d.Notices) == 0
}

func runOf(r Report) Run { return Run{r.Taken, r.Now, r.Verdict} }

// sum is the effect of everything together.
func (d Diff) sum() Effect {
	var all []Effect
	for _, c := range d.Checks {
		all = append(all, c.sum())
	}
	for _, r := range d.Retirements {
		all = append(all, r.Effect)
	}
	return worst(all)
}

// sum is the effect of everything in a check.
func (c CheckDiff) sum() Effect {
	all := []Effect{c.Effect}
	for _, e := range c.Entries {
		all = append(all, e.Effect)
	}
	for _, f := range c.Fixes {
		all = append(all, f.Effect)
	}
	return worst(all)
}

func worst(all []Effect) Effect {
	switch {
	case slices.Contains(all, Worse):
		return Worse
	case slices.Contains(all, Better):
		return Better
	default:
		return Same
	}
}

// effect is that of a number that grows when things get worse.
func effect(from, to int) Effect {
	switch cmp.Compare(to, from) {
	case 1:
		return Worse
	case -1:
		return Better
	default:
		return Same
	}
}

// checkEffect is that of a status. Nobody looked where a check was skipped.
func checkEffect(from, to checks.Status) Effect {
	const skip = checks.StatusSkip
	switch {
	case from == to:
		return Same
	case to == skip:
		return Worse
	case from == skip && to == checks.StatusPass:
		return Better
	case from == skip && to == checks.StatusUnknown: // nobody knew before either
		return Same
	default:
		return effect(from.Rank(), to.Rank())
	}
}

func compareCheck(from, to checks.Result) (CheckDiff, bool) {
	d := CheckDiff{
		ID: to.ID, Title: to.Title, From: from.Status, To: to.Status, Effect: checkEffect(from.Status, to.Status),
		Entries: []EntryDiff{}, Fixes: []FixDiff{},
		Symptoms: compareSymptoms(from.Symptoms, to.Symptoms), Remarks: compareReasons(from.Remarks, to.Remarks),
	}
	if d.Title == (checks.Text{}) {
		d.Title = from.Title
	}
	had, has := entriesOf(from), entriesOf(to)
	keys := map[entryKey]bool{}
	for _, list := range []map[entryKey]checks.Entry{had, has} {
		for k := range list {
			keys[k] = true
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(keys), entryKey.compare) {
		old, was := had[k]
		now, is := has[k]
		e := EntryDiff{Ref: k.Ref, Text: now.Text, Presence: IsChanged}
		if was {
			e.From = stateOf(from, old)
		}
		if is {
			e.To = stateOf(to, now)
		} else {
			e.Text = old.Text
		}
		switch {
		case !was:
			e.Presence, e.Effect = IsNew, effect(0, now.Status().Rank())
		case !is:
			e.Presence, e.Effect = IsGone, effect(old.Status().Rank(), 0)
			if hidden(to, has, k.Cause) {
				e.Effect = Same
			}
		default:
			e.What = changed(old, now)
			if len(e.What) == 0 {
				continue
			}
			e.Effect = effect(old.Status().Rank(), now.Status().Rank())
		}
		d.Entries = append(d.Entries, e)
	}
	d.Fixes = compareFixes(from, to, had, has)
	return d, d.From != d.To || len(d.Entries)+len(d.Fixes)+len(d.Symptoms)+len(d.Remarks) > 0
}

// oneSided are the elements of two lists that only one of them has, those that are gone first,
// each in the order of its key. What a list has twice counts once.
func oneSided[T any](from, to []T, key func(T) string, differs func(Presence, T)) {
	was, is := map[string]T{}, map[string]T{}
	for _, v := range from {
		was[key(v)] = v
	}
	for _, v := range to {
		is[key(v)] = v
	}
	for _, k := range slices.Sorted(maps.Keys(was)) {
		if _, both := is[k]; !both {
			differs(IsGone, was[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(is)) {
		if _, both := was[k]; !both {
			differs(IsNew, is[k])
		}
	}
}

func compareReasons(from, to []checks.Reason) []ReasonDiff {
	out := []ReasonDiff{}
	oneSided(from, to, func(r checks.Reason) string { return canonical([]checks.Reason{r}) },
		func(p Presence, r checks.Reason) { out = append(out, ReasonDiff{p, r}) })
	return out
}

func compareSymptoms(from, to []facts.Symptom) []SymptomDiff {
	out := []SymptomDiff{}
	key := func(s facts.Symptom) string {
		at := ""
		if s.At != nil {
			at = s.At.UTC().Format(time.RFC3339Nano)
		}
		return at + " " + s.Text
	}
	oneSided(from, to, key, func(p Presence, s facts.Symptom) { out = append(out, SymptomDiff{p, s}) })
	return out
}

// hidden: a trouble that is not listed any more may still be there, because its cause could
// not be looked at or nobody looked.
func hidden(c checks.Result, list map[entryKey]checks.Entry, cause string) bool {
	if c.Status == checks.StatusSkip {
		return true
	}
	for k, e := range list {
		if k.Cause == cause && e.Verdict == checks.Unknown.String() {
			return true
		}
	}
	return false
}

// entryKey names an entry. A cause that finds something twice for one subject is told apart
// by the nth place among those, in an order that does not depend on the report's.
type entryKey struct {
	checks.Ref
	nth int
}

func (k entryKey) compare(o entryKey) int {
	return cmp.Or(cmp.Compare(k.Cause, o.Cause), cmp.Compare(k.Subject, o.Subject), cmp.Compare(k.nth, o.nth))
}

// entriesOf are the entries of a check; a skipped one has looked at nothing.
func entriesOf(c checks.Result) map[entryKey]checks.Entry {
	out := map[entryKey]checks.Entry{}
	if c.Status == checks.StatusSkip {
		return out
	}
	list := slices.SortedStableFunc(slices.Values(c.Causes), func(a, b checks.Entry) int {
		return cmp.Or(cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(canonical(a.Reasons), canonical(b.Reasons)))
	})
	for _, e := range list {
		k := entryKey{Ref: e.Ref()}
		for _, taken := out[k]; taken; _, taken = out[k] {
			k.nth++
		}
		out[k] = e
	}
	return out
}

func stateOf(c checks.Result, e checks.Entry) *EntryState {
	s := &EntryState{Verdict: e.Verdict, Basis: e.Basis, Reasons: e.Reasons, Waived: e.Waived}
	for _, f := range c.Fixes {
		if slices.Contains(recommendedFor(c, f), e.Ref()) {
			s.Fix = f.ID
		}
	}
	return s
}

// changed names what differs between two states of an entry.
func changed(a, b checks.Entry) (what []string) {
	for _, of := range []struct {
		name    string
		differs bool
	}{
		{"verdict", a.Verdict != b.Verdict},
		{"basis", a.Basis != b.Basis},
		{"reasons", canonical(a.Reasons) != canonical(b.Reasons)},
		{"waiver", (a.Waived == nil) != (b.Waived == nil) || a.Waived != nil && *a.Waived != *b.Waived},
	} {
		if of.differs {
			what = append(what, of.name)
		}
	}
	return what
}

// moving are the arguments that are counted from the moment of the run: they differ from run to
// run without anything having changed.
var moving = map[string]bool{"days": true, "offset": true, "people": true}

// canonical is what reasons say: codes and arguments, in no order, without the words.
func canonical(reasons []checks.Reason) string {
	var out []string
	for _, r := range reasons {
		args := maps.Clone(r.Args)
		maps.DeleteFunc(args, func(name, _ string) bool { return moving[name] })
		raw, _ := json.Marshal(args) // sorts the names; strings cannot fail
		out = append(out, r.Code+" "+string(raw))
	}
	slices.Sort(out)
	raw, _ := json.Marshal(out)
	return string(raw)
}

type fixKey struct {
	fix string
	checks.Ref
}

// compareFixes compares the fixes of the troubles that both reports have: those of a new or a
// gone trouble come and go with it.
func compareFixes(from, to checks.Result, had, has map[entryKey]checks.Entry) []FixDiff {
	was, is := fixesOf(from, had, has), fixesOf(to, had, has)
	keys := map[fixKey]bool{}
	for _, list := range []map[fixKey]FixState{was, is} {
		for k := range list {
			keys[k] = true
		}
	}
	out := []FixDiff{}
	for _, k := range slices.SortedFunc(maps.Keys(keys), func(a, b fixKey) int {
		return cmp.Or(cmp.Compare(a.fix, b.fix), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Subject, b.Subject))
	}) {
		old, had := was[k]
		now, has := is[k]
		if (!had || !has) && !old.Recommended && !now.Recommended { // one that a version did not know, and nobody relies on
			continue
		}
		if old.Applies == now.Applies && old.Recommended == now.Recommended && canonical(old.Why) == canonical(now.Why) {
			continue
		}
		d := FixDiff{Fix: k.fix, Text: fixText(k.fix, to, from), Ref: k.Ref, Effect: Same, From: old, To: now}
		yes := checks.Yes.String()
		switch {
		case old.Recommended && now.Applies != yes:
			d.Effect = Worse
		case now.Recommended && old.Applies != yes:
			d.Effect = Better
		}
		out = append(out, d)
	}
	return out
}

// fixesOf are the fixes of a check by what they are for, where both reports have the trouble. A
// report of an older version says how a fix applies for all of them together: that is known of
// a trouble only where it is the one that the fix is for.
func fixesOf(c checks.Result, had, has map[entryKey]checks.Entry) map[fixKey]FixState {
	out := map[fixKey]FixState{}
	for _, f := range c.Fixes {
		for _, to := range f.For {
			old, was := had[entryKey{Ref: to.Ref}]
			now, is := has[entryKey{Ref: to.Ref}]
			if !was || !is || !found(old) || !found(now) {
				continue
			}
			s := FixState{Applies: to.Applies, Recommended: to.Recommended, Why: to.Why}
			if s.Applies == "" {
				if len(f.For) > 1 {
					continue
				}
				s = FixState{Applies: f.Applies, Recommended: f.Recommended, Why: f.Why}
			}
			if s.Why == nil {
				s.Why = []checks.Reason{}
			}
			out[fixKey{f.ID, to.Ref}] = s
		}
	}
	return out
}

func fixText(id string, in ...checks.Result) (t checks.Text) {
	for _, c := range in {
		if i := slices.IndexFunc(c.Fixes, func(f checks.FixResult) bool { return f.ID == id }); i >= 0 {
			return c.Fixes[i].Text
		}
	}
	return t
}

func compareFacts(from, to Report) []FactDiff {
	out := []FactDiff{}
	was, is := map[string]Fact{}, map[string]Fact{}
	for _, f := range from.Facts {
		was[f.Name] = f
	}
	for _, f := range to.Facts {
		is[f.Name] = f
	}
	names := maps.Clone(was)
	maps.Copy(names, is)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d := FactDiff{Name: name, From: was[name].Status, To: is[name].Status}
		if asked(d.From) == asked(d.To) && (!asked(d.From) || d.From == d.To) {
			continue
		}
		if why := is[name].Failure; why != nil {
			d.Kind = string(why.Kind)
		}
		out = append(out, d)
	}
	return out
}

// asked: somebody looked. A report without the fact and one that skipped it are the same.
func asked(s FactStatus) bool { return s != "" && s != FactSkipped }

func compareRetirements(from, to Report) []RetirementDiff {
	out := []RetirementDiff{}
	// The support of Cloud App Security itself ends on a published day, so that a report without
	// any is of a version that had no calendar.
	if len(from.Retirements) == 0 || len(to.Retirements) == 0 {
		return out
	}
	was := map[string]checks.Retirement{}
	for _, r := range from.Retirements {
		was[r.ID] = r
	}
	for _, now := range to.Retirements {
		old, both := was[now.ID]
		delete(was, now.ID)
		d := RetirementDiff{
			ID: now.ID, Presence: IsChanged, Text: now.Text, Source: now.Source,
			From: old.On, To: now.On, Come: now.Come, Effect: Same,
		}
		switch {
		case !both:
			d.Presence = IsNew
			if now.Come {
				d.Effect = Worse
			}
		case now.Come && !old.Come:
			d.Effect = Worse
		case old.Come && !now.Come:
			d.Effect = Better
		case old.On == now.On:
			continue
		}
		out = append(out, d)
	}
	for _, old := range was {
		out = append(out, RetirementDiff{
			ID: old.ID, Presence: IsGone, Text: old.Text, Source: old.Source, From: old.On, Come: old.Come, Effect: Same,
		})
	}
	slices.SortFunc(out, func(a, b RetirementDiff) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
