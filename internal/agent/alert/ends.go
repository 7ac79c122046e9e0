package alert

import (
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// What ends on a known day.

// What is a kind of thing that ends.
type What string

// The things that end, as far as evidence knows the day. A Google key has none.
const (
	Licence           What = "licence"            // declared, or read from the licensing platform
	APIToken          What = "api_token"          // of the CAS REST API; its day of creation is declared
	ClientSecret      What = "client_secret"      // that casdoctor signs in to Microsoft 365 with; its day is declared
	ClientCertificate What = "client_certificate" // the same, and the certificate itself knows
	Certificate       What = "certificate"        // of the console
	Waiver            What = "waiver"
	Service           What = "service" // a retirement
)

// Expiry is something that ends.
type Expiry struct {
	What    What
	Subject string    // the account, host or service; of a waiver the subject, or *
	Check   string    // that tells of the end itself when it has come; "": none does
	Cause   string    // of a waiver
	Ends    time.Time // from then on it does not hold
	Last    string    // the last day on which it does, YYYY-MM-DD
}

// DaysLeft is how many days are left after today, in UTC: 0 on the last day, and below that it is over.
func (e Expiry) DaysLeft(now time.Time) int {
	const day = 24 * time.Hour
	last, err := time.Parse(time.DateOnly, e.Last)
	if err != nil || !now.Before(e.Ends) {
		return -1
	}
	return int(last.Sub(now.UTC().Truncate(day)) / day)
}

// Expiries are the ends that the evidence knows of.
func Expiries(ev *facts.Evidence) (all []Expiry) {
	lastDay := func(what What, subject, check, cause, day string) {
		if d, err := time.Parse(time.DateOnly, day); err == nil {
			all = append(all, Expiry{what, subject, check, cause, d.AddDate(0, 0, 1), day})
		}
	}
	moment := func(what What, subject, check string, ends time.Time) {
		if !ends.IsZero() {
			all = append(all, Expiry{what, subject, check, "", ends.UTC(), ends.UTC().Format(time.DateOnly)})
		}
	}
	if m := facts.Get(ev, facts.DeclaredM365).Value; m != nil {
		lastDay(ClientSecret, m.TenantID, "", "", m.SecretExpires)
		if m.CertificateEnds != nil {
			moment(ClientCertificate, m.TenantID, "", *m.CertificateEnds)
		}
	}
	if l := facts.Get(ev, facts.DeclaredLicensing).Value; l != nil {
		for _, a := range l.Accounts {
			lastDay(Licence, a.ID, "LIC-01", "", a.Expires)
		}
	}
	if s := facts.Get(ev, facts.LMPSubscription).Value; s != nil {
		name := s.ID
		if s.Name != nil && *s.Name != "" {
			name = *s.Name
		}
		// As LIC-01 reads them: of several that count, the last to end is the one that matters.
		var last time.Time
		for _, l := range s.Licenses {
			if l.Expires != nil && (l.Enabled == nil || *l.Enabled) && l.Expires.After(last) {
				last = *l.Expires
			}
		}
		if !last.IsZero() {
			lastDay(Licence, name, "LIC-01", "", last.UTC().Format(time.DateOnly))
		}
	}
	if a := facts.Get(ev, facts.CASAPI).Value; a != nil {
		lastDay(APIToken, a.Host, "", "", a.TokenEnds)
	}
	if c := facts.Get(ev, facts.ConsoleEndpoint).Value; c != nil && c.Certificate.Value != nil {
		moment(Certificate, c.Host, "TLS-01", c.Certificate.Value.NotAfter)
	}
	if w := facts.Get(ev, facts.DeclaredWaivers).Value; w != nil {
		for _, v := range *w {
			check, _, _ := strings.Cut(v.Cause, ".")
			lastDay(Waiver, v.Subject, check, v.Cause, v.Until)
		}
	}
	return all
}

// RetirementEnd is the end of a service that its owner retires; false where no day is published.
// Its last day is the one before the day from which it does not work.
func RetirementEnd(t checks.Retirement) (e Expiry, published bool) {
	on, err := time.Parse(time.DateOnly, t.On)
	return Expiry{What: Service, Subject: t.ID, Ends: on, Last: on.AddDate(0, 0, -1).Format(time.DateOnly)}, err == nil
}

// End is what was told of something that ends.
type End struct {
	Ends time.Time `json:"ends"`
	// Stage is how far before the end it was told last, in seconds; 0: not yet, -1: that it has come.
	Stage int64  `json:"stage,omitempty"`
	Event *Event `json:"event,omitempty"` // that told it
}

const come = -1

// stage is the last reminder that is due; 0: none is.
func stage(ends, now time.Time, before []time.Duration) (due int64) {
	left := ends.Sub(now)
	if left <= 0 {
		return come
	}
	for _, b := range before {
		if s := int64(b / time.Second); left <= b && (due == 0 || s < due) {
			due = s
		}
	}
	return due
}

// later reports whether stage a comes after b.
func later(a, b int64) bool { return a != 0 && a != b && b != come && (a == come || b == 0 || a < b) }

func (c *comparison) ends(r report.Report, expiries []Expiry) {
	current := map[string]bool{}
	for _, e := range expiries {
		if e.What == Waiver && !inUse(r, e) {
			continue
		}
		current[c.endKey(e)] = true
		c.end(e, checks.Text{}, false)
	}
	for _, t := range r.Retirements {
		e, published := RetirementEnd(t)
		if !published {
			continue
		}
		current[c.endKey(e)] = true
		c.end(e, t.Text, t.Come)
	}
	// Of what this run did not see nothing is known, so that it is kept; but not for ever. A
	// waiver that is in no use any more is a decision.
	const forget = 90 * 24 * time.Hour
	for k, e := range c.memory.Ends {
		if !current[k] && (c.at.Sub(e.Ends) > forget || strings.HasSuffix(k, "/"+topicWaiver)) {
			delete(c.memory.Ends, k)
		}
	}
}

// inUse reports whether the waiver covers a finding of the report.
func inUse(r report.Report, w Expiry) bool {
	for _, res := range r.Checks {
		for _, e := range res.Causes {
			if e.Waived != nil && e.ID == w.Cause && e.Waived.Until == w.Last && (w.Subject == "*" || strings.EqualFold(w.Subject, e.Subject)) {
				return true
			}
		}
	}
	return false
}

func (c *comparison) endKey(e Expiry) string {
	topic := topicEnd
	if e.What == Waiver {
		topic = topicWaiver
	}
	return key(c.tenant, e.Check, e.Cause, string(e.What)+" "+safe(e.Subject), topic)
}

// end brings one end up to date. Of a service that was gone before anybody looked, and of
// anything whose end a check tells, the end itself is not news.
func (c *comparison) end(e Expiry, text checks.Text, gone bool) {
	k := c.endKey(e)
	have, known := c.memory.Ends[k]
	due := stage(e.Ends, c.at, c.policy.RemindBefore)
	if gone {
		due = come
	}
	if known && !have.Ends.Equal(e.Ends) {
		if have.Event != nil && due == 0 && e.Ends.After(have.Ends) {
			over := *have.Event
			over.Kind, over.Text, over.Next = config.Recovered, renewal(e), checks.Text{}
			c.tell(over)
		}
		have = End{}
	}
	have.Ends = e.Ends
	if later(due, have.Stage) {
		have.Stage = due
		untold := due == come && (e.Check != "" || e.What == Service && !known)
		switch {
		case untold && have.Event != nil:
			have.Event = nil // the check has it now
		case !untold:
			event := Event{Key: k, Check: e.Check, Cause: e.Cause, Subject: safe(e.Subject), Next: nextOf(e.What)}
			event.Kind, event.Text = ending(e, text, due == come)
			told := c.tell(event)
			if have.Event = &told; e.What == Service && due == come {
				have.Event = nil // it stays so, and the checks know it
			}
		}
	}
	c.memory.Ends[k] = have
}

// waiversEnded tells of waivers that have ended and whose finding counts again.
func (c *comparison) waiversEnded(notices []checks.Reason) {
	ended := map[string]string{}
	for _, n := range notices {
		if n.Code != "waiver_ended" && n.Code != "waiver_over" {
			continue
		}
		cause, until := n.Args["cause"], n.Args["until"]
		check, _, _ := strings.Cut(cause, ".")
		e := Expiry{What: Waiver, Subject: n.Args["subject"], Check: check, Cause: cause}
		k := c.endKey(e)
		if c.memory.Ended[k] == until {
			ended[k] = until
			continue
		}
		if n.Code == "waiver_ended" {
			ended[k] = until
			c.tell(Event{Kind: config.WaiverEnded, Key: k, Check: check, Cause: cause, Subject: safe(e.Subject), Text: n.Text, Next: nextOf(Waiver)})
		}
	}
	c.memory.Ended = ended
}
