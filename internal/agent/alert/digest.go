package alert

import (
	"cmp"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
)

// Standing is how a tenant is when a digest is made.
type Standing struct {
	Tenant  string            `json:"tenant"`
	Verdict checks.RunVerdict `json:"verdict,omitempty"` // of the last report; "": there is none yet
	Report  *time.Time        `json:"report,omitempty"`  // when it was made
	Failed  bool              `json:"failed,omitempty"`  // the last run made no report: what is told is from before it
	Open    int               `json:"open"`              // events whose state lasts, of those that the channel is told
	Link    string            `json:"link,omitempty"`    // the page about the tenant

	Memory Memory `json:"-"`
}

// Quiet reports whether there is nothing to do.
func (s Standing) Quiet() bool { return s.Verdict == checks.Ready && !s.Failed && s.Open == 0 }

// Digest makes the messages that tell how all tenants are: what is open, or that nothing is.
// It is sent when it is due, quiet hours or not: its time was chosen.
func Digest(tenants []Standing, channels []Channel, p Policy, at time.Time) (out []Message) {
	for _, c := range channels {
		if !c.Digest {
			continue
		}
		var standings []Standing
		open := map[string][]Event{}
		var all []Event
		for _, s := range tenants {
			if len(c.Tenants) > 0 && !slices.Contains(c.Tenants, s.Tenant) {
				continue
			}
			s.Tenant, s.Link = safe(s.Tenant), p.pageOfTenant(safe(s.Tenant))
			for _, e := range s.Memory.Open() {
				if c.wants(e) {
					open[s.Tenant] = append(open[s.Tenant], e)
				}
			}
			s.Open, s.Memory = len(open[s.Tenant]), Memory{}
			slices.SortStableFunc(open[s.Tenant], bySeverity)
			standings = append(standings, s)
		}
		slices.SortStableFunc(standings, func(a, b Standing) int {
			return cmp.Or(urgency(a, open[a.Tenant])-urgency(b, open[b.Tenant]), cmp.Compare(a.Tenant, b.Tenant))
		})
		for _, s := range standings {
			all = append(all, open[s.Tenant]...)
		}
		m := Message{Channel: c.Name, Lang: c.Lang, Digest: true, Standings: standings, Events: all, At: at.UTC(), NotBefore: at.UTC()}
		for i, e := range m.Events {
			m.Events[i].Link = p.pageOf(e)
		}
		if p.Link != "" {
			m.Link = p.Link + "/"
		}
		out = append(out, c.addressed(m)...)
	}
	return out
}

// urgency puts the tenant first that somebody must look after first.
func urgency(s Standing, open []Event) int {
	worst := 4
	if len(open) > 0 {
		worst = rank(open[0])
	}
	switch {
	case s.Quiet():
		return 10
	case s.Verdict == checks.NotReady:
		return worst
	default:
		return 5 + worst
	}
}
