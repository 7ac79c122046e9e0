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
	Lang    string `json:"lang"`
	// NotBefore is when it may be sent.
	NotBefore time.Time `json:"not_before"`
	Tenant    string    `json:"tenant,omitempty"` // whom all events are about; "" in a digest
	Digest    bool      `json:"digest,omitempty"`
	Tenants   int       `json:"tenants,omitempty"` // in a digest: how many it is about
	Test      bool      `json:"test,omitempty"`
	Link      string    `json:"link,omitempty"`
	At        time.Time `json:"at"`
	Events    []Event   `json:"events"` // the worst first; a digest of nothing has none
}

// Plan makes the messages of one run: one for each channel that is told of any of the events,
// or two when the quiet hours hold some of them back.
func Plan(events []Event, channels []Channel, p Policy, now time.Time) (out []Message) {
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
				m := c.message(g, p)
				m.NotBefore, m.Tenant, m.At = when, m.Events[0].Tenant, m.Events[0].At
				m.ID = identify(m)
				out = append(out, m)
			}
		}
	}
	return out
}

// Digest makes the messages that tell how all tenants are: what is open, and that nothing is.
// It is sent when it is due, quiet hours or not: its time was chosen.
func Digest(tenants map[string]Memory, channels []Channel, p Policy, at time.Time) (out []Message) {
	for _, c := range channels {
		if !c.Digest {
			continue
		}
		var open []Event
		about := 0
		for tenant, m := range tenants {
			if len(c.Tenants) > 0 && !slices.Contains(c.Tenants, tenant) {
				continue
			}
			about++
			for _, e := range m.Open() {
				if c.wants(e) {
					open = append(open, e)
				}
			}
		}
		m := c.message(open, p)
		m.Digest, m.Tenants, m.At, m.NotBefore = true, about, at.UTC(), at.UTC()
		m.ID = identify(m)
		out = append(out, m)
	}
	return out
}

// Test is a message that shows that a channel works.
func Test(c Channel, p Policy, at time.Time) Message {
	m := c.message(nil, p)
	m.Test, m.At, m.NotBefore = true, at.UTC(), at.UTC()
	m.ID = identify(m)
	return m
}

func (c Channel) message(events []Event, p Policy) Message {
	m := Message{Channel: c.Name, Lang: c.Lang, Link: p.Link, Events: slices.Clone(events)}
	slices.SortStableFunc(m.Events, func(a, b Event) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind))
	})
	return m
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
	write(m.Channel, m.At.UTC().Format(time.RFC3339Nano))
	if m.Digest {
		write("digest")
	}
	if m.Test {
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
