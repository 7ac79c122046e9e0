package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
)

// Message is what one channel is to get at once. It survives as JSON.
type Message struct {
	// ID is the same for the same events: a receiver that gets it twice may drop one.
	ID      string `json:"id"`
	Channel string `json:"channel"`
	// To is whom a mail goes to. Of several recipients each has a message of its own, so that one
	// who is refused keeps nothing from the others.
	To   string `json:"to,omitempty"`
	Lang string `json:"lang"`
	// NotBefore is when it may be sent.
	NotBefore time.Time  `json:"not_before"`
	Tenant    string     `json:"tenant,omitempty"` // whom all events are about; "": several
	Digest    bool       `json:"digest,omitempty"`
	Standings []Standing `json:"standings,omitempty"` // in a digest: every tenant, the worst first
	Test      bool       `json:"test,omitempty"`
	Link      string     `json:"link,omitempty"` // the page about all of it
	At        time.Time  `json:"at"`
	Events    []Event    `json:"events"` // the worst first, in a digest tenant by tenant; a digest of nothing has none
}

// Plan makes the messages of one run: one for each channel that is told of any of the events,
// or two when the quiet hours hold some of them back. run is the page's number of it.
func Plan(events []Event, channels []Channel, p Policy, run int64, now time.Time) (out []Message) {
	for _, c := range channels {
		if !c.Changes {
			continue
		}
		at := map[time.Time][]Event{}
		for _, e := range events {
			if c.wants(e) {
				when := p.Quiet.hold(e, now)
				at[when] = append(at[when], e)
			}
		}
		for _, when := range slices.SortedFunc(maps.Keys(at), time.Time.Compare) {
			groups := [][]Event{at[when]}
			if c.Single {
				groups = slices.Collect(slices.Chunk(at[when], 1))
			}
			for _, g := range groups {
				m := c.message(g, p, run)
				m.NotBefore, m.At = when, m.Events[0].At
				out = append(out, c.addressed(m)...)
			}
		}
	}
	return out
}

// Test are the messages that show that a channel works.
func Test(c Channel, p Policy, at time.Time) []Message {
	m := c.message(nil, p, 0)
	m.Test, m.At, m.NotBefore = true, at.UTC(), at.UTC()
	return c.addressed(m)
}

func (c Channel) message(events []Event, p Policy, run int64) Message {
	m := Message{Channel: c.Name, Lang: c.Lang, Events: slices.Clone(events)}
	for i, e := range m.Events {
		m.Events[i].Link = p.pageOf(e)
	}
	if len(events) > 0 && !slices.ContainsFunc(events, func(e Event) bool { return e.Tenant != events[0].Tenant }) {
		m.Tenant = events[0].Tenant
	}
	slices.SortStableFunc(m.Events, bySeverity)
	m.Link = p.pageAbout(m, run)
	return m
}

func bySeverity(a, b Event) int {
	return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind))
}

// addressed is the message, or one for each recipient of a channel that has some.
func (c Channel) addressed(m Message) (out []Message) {
	if len(c.To) == 0 {
		m.ID = identify(m)
		return []Message{m}
	}
	for _, m.To = range c.To {
		m.ID = identify(m)
		out = append(out, m)
	}
	return out
}

// rank puts what is bad first and what is over last.
func rank(e Event) int {
	switch {
	case e.Ends():
		return 3
	case e.Is == checks.StatusFail, e.Kind == config.RunFailed:
		return 0
	case e.Is == checks.StatusWarn:
		return 1
	default:
		return 2
	}
}

// identify makes the ID of a message from what it says and to whom.
func identify(m Message) string {
	h := sha256.New()
	write := func(parts ...string) {
		for _, s := range parts {
			h.Write([]byte(s + "\x00"))
		}
	}
	write(m.Channel, m.To, m.At.UTC().Format(time.RFC3339Nano))
	switch {
	case m.Digest: // of one time there is one, whatever it says
		write("digest")
		return hex.EncodeToString(h.Sum(nil)[:16])
	case m.Test:
		write("test")
	}
	for _, e := range m.Events {
		write(e.Key, string(e.Kind))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// wants reports whether a channel is told of an event. The names of tenants are compared as
// they are shown.
func (c Channel) wants(e Event) bool {
	return (len(c.Only) == 0 || slices.Contains(c.Only, e.Kind)) &&
		(len(c.Tenants) == 0 || slices.ContainsFunc(c.Tenants, func(t string) bool { return safe(t) == e.Tenant })) &&
		(c.Minimum != checks.StatusFail || e.Severity() == checks.StatusFail)
}

// Quiet are the hours at which messages wait.
type Quiet struct {
	From, To config.TimeOfDay
	Zone     *time.Location
	Except   checks.Status // from this severity on nothing waits; "": everything does
}

// hold is when an event may be told: now, or when the quiet hours are over.
func (q *Quiet) hold(e Event, now time.Time) time.Time {
	now = now.UTC()
	if q == nil || q.Except == checks.StatusWarn || q.Except == checks.StatusFail && e.Severity() == checks.StatusFail {
		return now
	}
	local := now.In(q.Zone)
	minute := func(t config.TimeOfDay) int { return t.Hour*60 + t.Minute }
	from, to, at := minute(q.From), minute(q.To), local.Hour()*60+local.Minute()
	over := from > to // midnight
	if over && at < from && at >= to || !over && (at < from || at >= to) {
		return now
	}
	day := local.Day()
	if over && at >= from {
		day++
	}
	// Where a change of the clock leaves this time out, Date takes one an hour beside it.
	end := time.Date(local.Year(), local.Month(), day, q.To.Hour, q.To.Minute, 0, 0, q.Zone).UTC()
	if end.Before(now) {
		return now
	}
	return end
}
