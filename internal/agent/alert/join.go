package alert

import (
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
)

// Join makes one message of those that the quiet hours held back from a channel; one for each
// thing where the channel takes one at a time, one for each recipient where it has several.
// What changed more than once is told as it is now, and what came and went in one line. told
// are the messages that went out meanwhile: what they say about a thing is newer than what was
// held back before, and is not taken back.
func Join(held, told []Message, c Channel, p Policy) (out []Message) {
	latest := map[[2]string]time.Time{} // by recipient and key
	for _, m := range told {
		for _, e := range m.Events {
			if k := [2]string{m.To, e.Key}; !m.Digest && e.At.After(latest[k]) {
				latest[k] = e.At
			}
		}
	}
	type about struct{ to, key string }
	events := map[about][]Event{}
	var order []about
	for _, m := range held {
		for _, e := range m.Events {
			if e.At.Before(latest[[2]string{m.To, e.Key}]) {
				continue
			}
			a := about{to: m.To}
			if c.Single {
				a.key = e.Key
			}
			if !slices.Contains(order, a) {
				order = append(order, a)
			}
			events[a] = append(events[a], e)
		}
	}
	for _, a := range order {
		now := folded(events[a], p)
		if len(now) == 0 {
			continue
		}
		m := c.message(now, p, 0)
		m.To, m.NotBefore = a.to, held[0].NotBefore
		for _, e := range m.Events {
			if m.At.Before(e.At) {
				m.At = e.At
			}
		}
		m.ID = identify(m)
		out = append(out, m)
	}
	return out
}

// folded keeps one event of each key.
func folded(events []Event, p Policy) (out []Event) {
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	at := map[string]int{}
	for _, e := range events {
		i, known := at[e.Key]
		if !known {
			at[e.Key] = len(out)
			out = append(out, e)
			continue
		}
		out[i] = fold(out[i], e, p)
	}
	// What went and is back is what its reader knows.
	return slices.DeleteFunc(out, func(e Event) bool {
		return (e.Kind == config.Trouble || e.Kind == config.DomainMissing) && e.Was == e.Is
	})
}

// fold is what two events about one thing say together. What was there before the first of
// them stays the state that it is compared with.
func fold(first, last Event, p Policy) Event {
	both := last
	both.Was = first.Was
	if last.Ends() {
		if begins(first) {
			zone := time.UTC
			if p.Quiet != nil {
				zone = p.Quiet.Zone
			}
			both.Next = passed(first.At.In(zone), last.At.In(zone))
		}
		return both
	}
	if begins(first) && (last.Kind == config.Worse || last.Kind == config.Better) {
		both.Kind = first.Kind // to who reads it it is new
	}
	return both
}

// begins reports whether there was nothing of it before.
func begins(e Event) bool {
	switch e.Kind {
	case config.Trouble, config.DomainMissing, config.RunFailed:
		return true
	case config.Blind:
		return e.Was == ""
	}
	return e.Was == checks.StatusPass && !e.Ends()
}

// passed says when something came and went.
func passed(from, to time.Time) checks.Text {
	const minute = "2006-01-02 15:04"
	until := minute
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		until = "15:04"
	}
	return fill(cameAndWent, "from", from.Format(minute), "to", to.Format(until)+" "+to.Format("MST"))
}
