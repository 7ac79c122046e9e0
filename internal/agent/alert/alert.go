// Package alert decides what is told to whom and when: from a report and what was told before,
// to events; from events, to messages for channels.
//
// What belongs here: the comparison with what was told, damping, reminders, routing, grouping,
// quiet hours, and the sentences of all that. Everything is a pure function of its arguments:
// there is no I/O and no clock. What does not: keeping Memory and the messages (package store),
// sending (package notify), and judging (package checks).
//
// # Told once
//
// A state is told when it differs from the one that was told last. What was told is in Memory,
// which the caller stores in one transaction with the messages: then nothing is told twice or
// lost, whatever crashes. What could not be looked at changes nothing about what was told: it
// is neither a trouble nor a recovery, but an event of its own.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
)

// Kind is the kind of an event; the words are those of agent.yaml.
type Kind = config.Change

// Event is one thing to tell. It holds no evidence: what is said is the sentence of the cause,
// whom it concerns, and what to do.
type Event struct {
	Kind Kind `json:"kind"`
	// Key is the same for everything that is told about one thing, its beginning and its end
	// included: tenant/check/cause/subject/topic.
	Key     string        `json:"key"`
	Tenant  string        `json:"tenant"`
	Check   string        `json:"check,omitempty"`
	Cause   string        `json:"cause,omitempty"`
	Subject string        `json:"subject,omitempty"`
	Was     checks.Status `json:"was,omitempty"` // of what has a status: as it was told last
	Is      checks.Status `json:"is,omitempty"`
	Text    checks.Text   `json:"text"`           // one sentence
	Next    checks.Text   `json:"next"`           // what to do; may be empty
	At      time.Time     `json:"at"`             // the time of judgement
	Link    string        `json:"link,omitempty"` // the page about it; in messages only, when there is a page
}

// Ends reports whether the event is the end of what was told with the same key.
func (e Event) Ends() bool { return e.Kind == config.Recovered || e.Kind == config.SeesAgain }

// Severity is the worse of what it was and is. What has no status is as bad as a warning.
func (e Event) Severity() checks.Status {
	if e.Was == checks.StatusFail || e.Is == checks.StatusFail {
		return checks.StatusFail
	}
	return checks.StatusWarn
}

// Policy is what agent.yaml says about telling.
type Policy struct {
	Damping      int             // in how many runs in a row a change must be seen; at least 1
	RemindBefore []time.Duration // longest first
	Link         string          // of the page; "": there is none
	Quiet        *Quiet
}

// PolicyOf is the policy of an agent.
func PolicyOf(a config.Alerts) Policy {
	p := Policy{Damping: a.Damping, Link: a.Link}
	for _, d := range a.RemindBefore {
		p.RemindBefore = append(p.RemindBefore, time.Duration(d))
	}
	if q := a.QuietHours; q != nil {
		p.Quiet = &Quiet{From: q.From, To: q.To, Zone: q.TimeZone, Except: checks.Status(q.Except)}
	}
	return p
}

// Channel is whom a channel tells of what.
type Channel struct {
	Name, Lang      string
	Only            []Kind        // empty: all
	Tenants         []string      // empty: all
	Minimum         checks.Status // the least severity
	Changes, Digest bool
	Single          bool     // it takes one event at a time
	To              []string // recipients that are told one by one; empty: it has one
}

// ChannelsOf are the channels of an agent.
func ChannelsOf(a config.Alerts) (all []Channel) {
	for _, c := range a.Channels {
		one := Channel{
			Name: c.Name, Lang: string(c.Language), Only: c.Only, Tenants: c.Tenants, Minimum: checks.Status(c.Minimum),
			Changes: c.Send != config.SendDigest, Digest: c.Send != config.SendChanges, Single: c.PagerDuty != nil,
		}
		if c.Email != nil {
			one.To = c.Email.To
		}
		all = append(all, one)
	}
	return all
}

// safe makes a name from somewhere else harmless, and of a length that can be shown. Long ones
// that differ stay different.
func safe(s string) string {
	const most, kept = 200, 160
	s = report.Inert(s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return string([]rune(s)[:kept]) + "… " + hex.EncodeToString(sum[:8])
}

func safeText(t checks.Text) checks.Text {
	return checks.Text{EN: report.Inert(t.EN), JA: report.Inert(t.JA)}
}
