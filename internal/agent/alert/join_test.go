package alert

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
)

// night lives through the runs of a night, and then through the morning.
type night struct {
	t        *testing.T
	policy   Policy
	channel  Channel
	memories map[string]Memory
	hour     int
	held     []Message
	told     []Message
}

func newNight(t *testing.T) *night {
	t.Helper()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	p := policy
	p.Damping, p.Link = 1, "https://a.example"
	p.Quiet = &Quiet{From: config.TimeOfDay{Hour: 22}, To: config.TimeOfDay{Hour: 7}, Zone: tokyo, Except: checks.StatusFail}
	return &night{t: t, policy: p, channel: Channel{Name: "a", Changes: true}, memories: map[string]Memory{}}
}

// run is one of a tenant, an hour after the last one; the first is at 22:00 in Tokyo.
func (n *night) run(tenant string, results ...checks.Result) {
	at := time.Date(2026, 11, 23, 13+n.hour, 0, 0, 0, time.UTC)
	n.hour++
	r := reportOf(at, results...)
	r.Tenant = tenant
	var events []Event
	n.memories[tenant], events = Changes(n.memories[tenant], r, nil, n.policy)
	for _, m := range Plan(events, []Channel{n.channel}, n.policy, 1, at) {
		if m.NotBefore.After(at) {
			n.held = append(n.held, m)
			continue
		}
		n.told = append(n.told, m)
	}
}

// morning is what is told when the quiet hours are over.
func (n *night) morning() (out []string) {
	ids := map[string]bool{}
	for _, m := range Join(n.held, n.told, n.channel, n.policy) {
		line := m.To + m.Tenant + ":"
		for _, e := range m.Events {
			line += fmt.Sprintf(" [%s %s %s %s>%s]", e.Kind, e.Tenant, e.Subject, e.Was, e.Is)
		}
		out = append(out, line)
		if ids[m.ID] || m.ID == "" || !m.NotBefore.Equal(n.held[0].NotBefore) {
			n.t.Errorf("%+v", m)
		}
		ids[m.ID] = true
	}
	return out
}

func (n *night) want(lines ...string) {
	n.t.Helper()
	if diff := cmp.Diff(lines, n.morning()); diff != "" {
		n.t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestOneMessageOfTheNight(t *testing.T) {
	n := newNight(t)
	for i := range 20 {
		n.run(fmt.Sprintf("tenant%02d", i%4), mfa(found(c1, fmt.Sprint(i), checks.Supported)))
	}
	got := Join(n.held, nil, n.channel, n.policy)
	if len(got) != 1 || got[0].Tenant != "" || got[0].Link != "https://a.example/" {
		t.Fatalf("%d messages: %+v", len(got), got)
	}
	n.channel.Single = true
	if single := Join(n.held, nil, n.channel, n.policy); len(single) != len(got[0].Events) {
		t.Errorf("%d messages for %d things", len(single), len(got[0].Events))
	}
}

func TestWhatChangedTwiceInTheNight(t *testing.T) {
	s, r := checks.Supported, checks.Refuted
	unknown := checks.Unknown
	for name, tt := range map[string]struct {
		before, night []checks.Verdict
		want          string
	}{
		"came":                   {nil, []checks.Verdict{s}, "trouble contoso a pass>warn"},
		"came and went":          {nil, []checks.Verdict{s, r}, "recovered contoso a pass>pass"},
		"came, went and is back": {nil, []checks.Verdict{s, r, s}, "trouble contoso a pass>warn"},
		"went":                   {[]checks.Verdict{s}, []checks.Verdict{r}, "recovered contoso a warn>pass"},
		"went and is back":       {[]checks.Verdict{s}, []checks.Verdict{r, s}, ""},
		"back, and gone at last": {[]checks.Verdict{s}, []checks.Verdict{r, s, r}, "recovered contoso a warn>pass"},
		"not seen for a while":   {[]checks.Verdict{r}, []checks.Verdict{unknown, r}, "sees_again contoso  >"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNight(t)
			for _, v := range tt.before {
				n.run("contoso", mfa(found(c1, "a", v)))
			}
			n.held, n.told = nil, nil
			for _, v := range tt.night {
				n.run("contoso", mfa(found(c1, "a", v)))
			}
			if tt.want == "" {
				n.want()
			} else {
				n.want("contoso: [" + tt.want + "]")
			}
		})
	}
}

// What came and went says when, by the clock of the quiet hours, and that nothing is to be done.
func TestCameAndWent(t *testing.T) {
	n := newNight(t)
	n.run("contoso", mfa(found(c1, "a", checks.Supported)), result("TLS-01", found("TLS-01.C1", "", checks.Unknown)))
	n.hour++
	n.hour++
	n.run("contoso", mfa(found(c1, "a", checks.Refuted)), result("TLS-01", found("TLS-01.C1", "", checks.Refuted)))
	got := Join(n.held, nil, n.channel, n.policy)
	const want = "It came and went while messages were held back: from 2026-11-23 22:00 to 2026-11-24 01:00 JST. There is nothing left to do."
	if len(got) != 1 || len(got[0].Events) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, e := range got[0].Events {
		if e.Next.EN != want {
			t.Errorf("%s: %q, want %q", e.Kind, e.Next.EN, want)
		}
	}
}

// What went out in the night, because it was bad enough, is newer than what waited since before.
func TestTheMorningTakesNothingBack(t *testing.T) {
	n := newNight(t)
	n.run("contoso", mfa(found(c1, "a", checks.Supported), found(c1, "b", checks.Supported))) // held
	n.run("contoso", mfa(found(c1, "a", checks.Confirmed), found(c1, "b", checks.Supported))) // a is told at once
	n.run("contoso", mfa(found(c1, "a", checks.Refuted), found(c1, "b", checks.Supported)))   // and so is its end
	if len(n.told) != 2 {
		t.Fatalf("told in the night: %+v", n.told)
	}
	n.want("contoso: [trouble contoso b pass>warn]")
	n.held = n.held[:1]
	n.held[0].Events = n.held[0].Events[:1]
	n.want()
}

func TestRecipientsOfTheNight(t *testing.T) {
	n := newNight(t)
	n.channel.To = []string{"x@a.example", "y@a.example"}
	n.run("contoso", mfa(found(c1, "a", checks.Supported)))
	n.run("contoso", mfa(found(c1, "a", checks.Refuted)))
	n.want("x@a.examplecontoso: [recovered contoso a pass>pass]", "y@a.examplecontoso: [recovered contoso a pass>pass]")
}

func TestPages(t *testing.T) {
	p := Policy{Link: "https://a.example/base"}
	c := Channel{Name: "a", Changes: true}
	one := func(e Event) []Event { return []Event{e} }
	check := Event{Kind: config.Trouble, Key: "1", Tenant: "a b/c", Check: "MFA-01"}
	run := Event{Kind: config.RunFailed, Key: "2", Tenant: "a b/c"}
	ends := Event{Kind: config.Expires, Key: "3", Tenant: "a b/c", Check: "LIC-01"}
	other := Event{Kind: config.Trouble, Key: "4", Tenant: "other", Check: "MFA-01"}
	for _, tt := range []struct {
		events []Event
		run    int64
		want   string
	}{
		{one(check), 7, "/tenants/a%20b%2Fc/checks/MFA-01"},
		{one(run), 7, "/tenants/a%20b%2Fc"},
		{one(ends), 7, "/ends"},
		{[]Event{check, run}, 7, "/runs/7"},
		{[]Event{check, run}, 0, "/tenants/a%20b%2Fc"},
		{[]Event{check, other}, 0, "/"},
	} {
		if got := c.message(tt.events, p, tt.run).Link; got != "https://a.example/base"+tt.want {
			t.Errorf("%v: %s, want %s", lines(tt.events), got, tt.want)
		}
		if m := c.message(tt.events, Policy{}, tt.run); m.Link != "" || m.Events[0].Link != "" {
			t.Errorf("a link without a page: %+v", m)
		}
	}
}

func TestDaysLeft(t *testing.T) {
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	lastDay := Expiry{Ends: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Last: "2026-11-30"}
	moment := Expiry{Ends: noon, Last: "2026-11-30"}
	for _, tt := range []struct {
		e    Expiry
		now  time.Time
		want int
	}{
		{lastDay, noon.Add(-day), 1}, {lastDay, noon, 0}, {lastDay, noon.Add(12 * time.Hour), -1},
		{moment, noon.Add(-36 * time.Hour), 1}, {moment, noon.Add(-time.Second), 0}, {moment, noon, -1},
	} {
		if got := tt.e.DaysLeft(tt.now); got != tt.want {
			t.Errorf("%v at %v: %d, want %d", tt.e, tt.now, got, tt.want)
		}
	}
}

// The alert and the page name one last day: the one before the day from which it does not work.
func TestLastDayOfARetirement(t *testing.T) {
	r := reportOf(time.Date(2027, 3, 31, 6, 0, 0, 0, time.UTC))
	r.Retirements = []checks.Retirement{{ID: "old", On: "2027-04-01", Text: checks.Text{EN: "A service.", JA: "サービス。"}}, {ID: "unknown"}}
	_, events := Changes(Memory{}, r, nil, policy)
	e, published := RetirementEnd(r.Retirements[0])
	if len(events) != 1 || !published || e.Last != "2027-03-31" || events[0].Text.EN != "2027-03-31 is the last day of: A service." ||
		events[0].Text.JA != "2027-03-31 が最終日です: サービス。" || e.DaysLeft(r.Now) != 0 {
		t.Errorf("%+v, %+v", e, events)
	}
	if _, published := RetirementEnd(r.Retirements[1]); published {
		t.Error("an end without a published day")
	}
}
