package alert

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
)

// Memory is what a tenant's channels were told, and what waits to be told. Its zero value is
// that of a new tenant. It survives as JSON.
type Memory struct {
	Findings map[string]Finding `json:"findings,omitempty"` // by key
	Sights   map[string]Sight   `json:"sights,omitempty"`   // by check
	Ends     map[string]End     `json:"ends,omitempty"`     // by key
	Ended    map[string]string  `json:"ended,omitempty"`    // waivers that have, by key: their last day
	Failed   Failures           `json:"failed,omitzero"`
}

// Finding is what was told of a cause and a subject.
type Finding struct {
	Told checks.Status `json:"told"` // warn or fail; what has passed is not kept
	// Lower is the worst of what was seen in the last Runs runs, all of them better than Told.
	Lower checks.Status `json:"lower,omitempty"`
	Runs  int           `json:"runs,omitempty"`
	Event Event         `json:"event"` // that told it
}

// Sight is what was told of how well a check can look.
type Sight struct {
	Blind []string `json:"blind,omitempty"` // the causes that were told to be undecided, sorted
	// Pending counts, for each cause, the runs in a row that say the opposite of Blind.
	Pending map[string]int `json:"pending,omitempty"`
	Event   *Event         `json:"event,omitempty"` // that told Blind
}

// Failures are runs without a report.
type Failures struct {
	Runs  int    `json:"runs,omitempty"`  // in a row
	Event *Event `json:"event,omitempty"` // that told it
}

// Open are the events whose state lasts, in the order of their keys.
func (m Memory) Open() (open []Event) {
	for _, f := range m.Findings {
		open = append(open, f.Event)
	}
	for _, s := range m.Sights {
		if s.Event != nil {
			open = append(open, *s.Event)
		}
	}
	for _, e := range m.Ends {
		if e.Event != nil {
			open = append(open, *e.Event)
		}
	}
	if m.Failed.Event != nil {
		open = append(open, *m.Failed.Event)
	}
	slices.SortFunc(open, func(a, b Event) int { return cmp.Compare(a.Key, b.Key) })
	return open
}

// The topics of keys.
const (
	topicTrouble = "trouble"
	topicSight   = "sight"
	topicEnd     = "end"
	topicWaiver  = "waiver"
	topicRun     = "run"
)

// key separates by slashes; in the parts they are escaped, so that no two things have one key.
func key(parts ...string) string {
	escape := strings.NewReplacer("%", "%25", "/", "%2F")
	for i := range parts {
		parts[i] = escape.Replace(parts[i])
	}
	return strings.Join(parts, "/")
}

// Changes compares a report with what was told, and returns what is to be told, and what will
// have been. The events are in the order of their keys, whatever the order in the report.
func Changes(m Memory, r report.Report, expiries []Expiry, p Policy) (Memory, []Event) {
	c := comparison{policy: p, tenant: safe(r.Tenant), at: r.Now.UTC(), memory: m.copy()}
	if c.memory.Failed.Event != nil {
		c.tell(Event{Kind: config.SeesAgain, Key: c.memory.Failed.Event.Key, Text: runsAgain})
	}
	c.memory.Failed = Failures{}
	c.findings(r)
	c.sights(r)
	c.ends(r, expiries)
	c.waiversEnded(r.Notices)
	return c.memory, c.sorted()
}

// Failed takes note of a run that made no report.
func Failed(m Memory, tenant string, at time.Time, why Failure, p Policy) (Memory, []Event) {
	c := comparison{policy: p, tenant: safe(tenant), at: at.UTC(), memory: m.copy()}
	c.memory.Failed.Runs++
	if c.memory.Failed.Event == nil && c.memory.Failed.Runs >= p.Damping {
		e := c.tell(Event{Kind: config.RunFailed, Key: key(c.tenant, "", "", "", topicRun), Text: why.text(), Next: why.next()})
		c.memory.Failed.Event = &e
	}
	return c.memory, c.sorted()
}

func (m Memory) copy() Memory {
	m.Findings, m.Ends, m.Ended = cloned(m.Findings), cloned(m.Ends), cloned(m.Ended)
	m.Sights = cloned(m.Sights)
	for check, s := range m.Sights {
		s.Blind, s.Pending = slices.Clone(s.Blind), cloned(s.Pending)
		m.Sights[check] = s
	}
	return m
}

func cloned[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

// comparison is one call of Changes or Failed while it goes on.
type comparison struct {
	policy Policy
	tenant string
	at     time.Time
	memory Memory
	events []Event
}

func (c *comparison) tell(e Event) Event {
	e.Tenant, e.At = c.tenant, c.at
	e.Text, e.Next = safeText(e.Text), safeText(e.Next)
	c.events = append(c.events, e)
	return e
}

func (c *comparison) sorted() []Event {
	slices.SortStableFunc(c.events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind))
	})
	return c.events
}

// seen is what a report says of a cause and a subject.
type seen struct {
	status checks.Status // pass, unknown, warn or fail
	entry  checks.Entry
	result checks.Result
}

func worse(a, b checks.Status) bool { return a.Rank() > b.Rank() }

func (c *comparison) findings(r report.Report) {
	found := map[string]seen{}
	undecided := map[string]bool{} // causes of which anything could be so
	untouched := map[string]bool{} // checks that this run was not to look at
	for _, res := range r.Checks {
		if leftOut(res) {
			untouched[res.ID] = true
			continue
		}
		if res.Status == checks.StatusSkip {
			continue // the section is gone, and with it everything that was found
		}
		for _, e := range res.Causes {
			s := seen{e.Status(), e, res}
			if s.status == checks.StatusSkip {
				s.status = checks.StatusPass
			}
			if s.status == checks.StatusUnknown && e.Subject == "" {
				undecided[e.ID] = true
			}
			k := c.findingKey(res.ID, e.ID, e.Subject)
			if have, ok := found[k]; !ok || worse(s.status, have.status) {
				found[k] = s
			}
		}
	}
	for k, f := range c.memory.Findings {
		switch _, ok := found[k]; {
		case untouched[f.Event.Check]:
		case ok, undecided[f.Event.Cause]: // judged below, or neither there nor gone
		default:
			c.finding(k, seen{status: checks.StatusPass, entry: checks.Entry{ID: f.Event.Cause, Subject: f.Event.Subject}, result: checks.Result{ID: f.Event.Check}})
		}
	}
	for k, s := range found {
		c.finding(k, s)
	}
}

func (c *comparison) findingKey(check, cause, subject string) string {
	return key(c.tenant, check, cause, safe(subject), topicTrouble)
}

// leftOut: the run was told not to look at this check.
func leftOut(r checks.Result) bool {
	return r.Status == checks.StatusSkip && slices.ContainsFunc(r.Remarks, func(r checks.Reason) bool { return r.Code == "left_out" })
}

// finding brings one finding up to date.
func (c *comparison) finding(k string, s seen) {
	f, known := c.memory.Findings[k]
	told := f.Told
	if !known {
		told = checks.StatusPass
	}
	event := func(kind Kind, is checks.Status) Event {
		return Event{
			Kind: kind, Key: k, Check: s.result.ID, Cause: s.entry.ID, Subject: safe(s.entry.Subject), Was: told, Is: is,
			Text: s.entry.Text, Next: next(s),
		}
	}
	switch {
	case s.status == checks.StatusUnknown:
		return // what was told holds until somebody can look again
	case worse(s.status, told):
		e := event(config.Worse, s.status)
		if told == checks.StatusPass {
			e.Kind = config.Trouble
			if s.entry.ID == "GDM-01.C2" {
				e.Kind, e.Text = config.DomainMissing, fill(domainMissing, "domain", e.Subject)
			}
		}
		c.memory.Findings[k] = Finding{Told: s.status, Event: c.tell(e)}
		return
	case s.status == told:
		if known {
			f.Lower, f.Runs = "", 0
			c.memory.Findings[k] = f
		}
		return
	}
	if f.Runs == 0 || worse(s.status, f.Lower) {
		f.Lower = s.status
	}
	f.Runs++
	// What somebody decided is no flapping.
	if decided := s.entry.Waived != nil || s.entry.Verdict == "not_applicable"; f.Runs < c.policy.Damping && !decided {
		c.memory.Findings[k] = f
		return
	}
	e := event(config.Better, f.Lower)
	if f.Lower != checks.StatusPass {
		c.memory.Findings[k] = Finding{Told: f.Lower, Event: c.tell(e)}
		return
	}
	e.Kind, e.Text, e.Next = config.Recovered, checks.Text{EN: noLonger.EN + f.Event.Text.EN, JA: noLonger.JA + f.Event.Text.JA}, gone
	if w := s.entry.Waived; w != nil {
		e.Text, e.Next = f.Event.Text, fill(accepted, "until", w.Until, "reason", safe(w.Reason))
	}
	c.tell(e)
	delete(c.memory.Findings, k)
}

// next is what to do about a finding: the fix that is recommended for it.
func next(s seen) checks.Text {
	for _, f := range s.result.Fixes {
		for _, to := range f.For {
			if to.Recommended && to.Ref == s.entry.Ref() {
				return checks.Text{EN: f.ID + ": " + f.Text.EN, JA: f.ID + ": " + f.Text.JA}
			}
		}
	}
	return noFix
}

func (c *comparison) sights(r report.Report) {
	looked := map[string]bool{}
	for _, res := range r.Checks {
		looked[res.ID] = true
		if leftOut(res) {
			continue
		}
		c.sight(res)
	}
	for check := range c.memory.Sights {
		if !looked[check] { // of an older version
			delete(c.memory.Sights, check)
		}
	}
}

// undecidedCauses are the causes of a check that could not be decided, with the reason. The
// cause "" is a check that ends in unknown although all of them could.
func undecidedCauses(res checks.Result) map[string]checks.Text {
	out := map[string]checks.Text{}
	if res.Status == checks.StatusSkip {
		return out
	}
	for _, e := range res.Causes {
		if _, have := out[e.ID]; e.Status() == checks.StatusUnknown && !have {
			var why checks.Text
			if len(e.Reasons) > 0 {
				why = e.Reasons[0].Text
			}
			out[e.ID] = why
		}
	}
	if res.Status == checks.StatusUnknown && len(out) == 0 {
		var why checks.Text
		if len(res.Remarks) > 0 {
			why = res.Remarks[0].Text
		}
		out[""] = why
	}
	return out
}

func (c *comparison) sight(res checks.Result) {
	s := c.memory.Sights[res.ID]
	undecided := undecidedCauses(res)
	pending := map[string]int{}
	count := func(cause string) bool {
		pending[cause] = s.Pending[cause] + 1
		if pending[cause] < c.policy.Damping {
			return false
		}
		delete(pending, cause)
		return true
	}
	var blinded []string
	for _, cause := range slices.Sorted(maps.Keys(undecided)) {
		if !slices.Contains(s.Blind, cause) && count(cause) {
			blinded = append(blinded, cause)
		}
	}
	var blind []string
	for _, cause := range s.Blind {
		if _, still := undecided[cause]; still || !count(cause) {
			blind = append(blind, cause)
		}
	}
	was := checks.Status("")
	if s.Event != nil {
		was = checks.StatusUnknown
	}
	saw := len(s.Blind) > 0 && len(blind) == 0 && len(blinded) == 0
	s.Blind, s.Pending = slices.Sorted(slices.Values(append(blind, blinded...))), pending
	e := Event{Key: key(c.tenant, res.ID, "", "", topicSight), Check: res.ID}
	switch {
	case len(blinded) > 0:
		e.Kind, e.Text, e.Next = config.Blind, undecidedText(res.ID, blinded), undecided[blinded[0]]
		e.Was, e.Is = was, checks.StatusUnknown
		told := c.tell(e)
		s.Event = &told
	case saw:
		e.Kind, e.Text, e.Was = config.SeesAgain, fill(decidedAgain, "check", res.ID), checks.StatusUnknown
		c.tell(e)
		s.Event = nil
	}
	if len(s.Blind)+len(s.Pending) == 0 {
		delete(c.memory.Sights, res.ID)
		return
	}
	c.memory.Sights[res.ID] = s
}
