package alert

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const day = 24 * time.Hour

var (
	monday = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	policy = Policy{Damping: 2, RemindBefore: []time.Duration{30 * day, 14 * day, 7 * day, day}}
)

// found makes the entry of a cause.
func found(cause, subject string, v checks.Verdict) checks.Entry {
	return checks.Entry{
		ID: cause, Subject: subject, Verdict: v.String(), Text: checks.Text{EN: cause + " is so", JA: cause + " です"},
		Reasons: []checks.Reason{{Code: "forbidden", Text: checks.Text{EN: "may not be read", JA: "読み取れません"}}},
	}
}

// result is a check with entries, its status as the engine makes it.
func result(id string, entries ...checks.Entry) checks.Result {
	r := checks.Result{ID: id, Status: checks.StatusPass, Causes: entries}
	for _, e := range entries {
		if s := e.Status(); s != checks.StatusSkip && worse(s, r.Status) {
			r.Status = s
		}
	}
	return r
}

func reportOf(at time.Time, results ...checks.Result) report.Report {
	return report.Report{Tenant: "contoso", Now: at, Checks: results}
}

// agent lives through runs; between any two of them it is restarted.
type agent struct {
	t      *testing.T
	memory Memory
	at     time.Time
	policy Policy
}

func newAgent(t *testing.T) *agent { return &agent{t: t, at: monday, policy: policy} }

func (a *agent) restart() {
	raw, err := json.Marshal(a.memory)
	if err != nil {
		a.t.Fatal(err)
	}
	a.memory = Memory{}
	if err := json.Unmarshal(raw, &a.memory); err != nil {
		a.t.Fatal(err)
	}
}

// run is one run an hour after the last one; it returns what is told as "kind cause subject".
func (a *agent) run(results ...checks.Result) []string {
	return a.with(func(r *report.Report) []Expiry { r.Checks = results; return nil })
}

func (a *agent) with(fill func(*report.Report) []Expiry) []string {
	a.restart()
	r := reportOf(a.at)
	expiries := fill(&r)
	var events []Event
	a.memory, events = Changes(a.memory, r, expiries, a.policy)
	a.at = a.at.Add(time.Hour)
	return lines(events)
}

func lines(events []Event) (out []string) {
	for _, e := range events {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, e.Cause, e.Subject)))
	}
	return out
}

func (a *agent) want(got []string, want ...string) {
	a.t.Helper()
	if !slices.Equal(got, want) {
		a.t.Errorf("told %q, want %q", got, want)
	}
}

const (
	c1 = "MFA-01.C1"
	c2 = "MFA-01.C2"
)

func mfa(entries ...checks.Entry) checks.Result { return result("MFA-01", entries...) }

func TestTroubleIsToldAtOnceAndOnce(t *testing.T) {
	a := newAgent(t)
	a.want(a.run(mfa(found(c1, "a", checks.Supported))), "trouble MFA-01.C1 a")
	a.want(a.run(mfa(found(c1, "a", checks.Supported))))
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed))), "worse MFA-01.C1 a")
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed), found(c1, "b", checks.Confirmed))), "trouble MFA-01.C1 b")
	a.want(a.run(mfa(found(c1, "a", checks.Supported), found(c1, "b", checks.Confirmed))))
	a.want(a.run(mfa(found(c1, "a", checks.Supported), found(c1, "b", checks.Confirmed))), "better MFA-01.C1 a")
	a.want(a.run(mfa(found(c1, "a", checks.Refuted))))
	a.want(a.run(mfa(found(c1, "a", checks.Refuted))), "recovered MFA-01.C1 a", "recovered MFA-01.C1 b")
	a.want(a.run(mfa(found(c1, "a", checks.Refuted))))
	if len(a.memory.Findings) != 0 {
		t.Errorf("the memory keeps %v", a.memory.Findings)
	}
}

func TestFlappingIsNotTold(t *testing.T) {
	a := newAgent(t)
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed))), "trouble MFA-01.C1 a")
	for range 5 {
		a.want(a.run(mfa(found(c1, "a", checks.Refuted))))
		a.want(a.run(mfa(found(c1, "a", checks.Confirmed))))
		a.want(a.run(mfa(found(c1, "a", checks.Unknown))))
		a.want(a.run(mfa(found(c1, "a", checks.Confirmed))))
	}
}

// What cannot be looked at is no recovery, and is told as what it is.
func TestBlindIsNotGood(t *testing.T) {
	a := newAgent(t)
	a.run(mfa(found(c1, "a", checks.Confirmed), found(c2, "a", checks.Refuted)))
	a.want(a.run(mfa(found(c1, "", checks.Unknown), found(c2, "", checks.Unknown))))
	a.want(a.run(mfa(found(c1, "", checks.Unknown), found(c2, "", checks.Unknown))), "blind")
	a.want(a.run(mfa(found(c1, "", checks.Unknown), found(c2, "", checks.Unknown))))
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed), found(c2, "", checks.Unknown))))
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed), found(c2, "", checks.Unknown))))
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed), found(c2, "a", checks.Refuted))))
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed), found(c2, "a", checks.Refuted))), "sees_again")
	a.want(a.run(mfa(found(c1, "", checks.Unknown), found(c2, "a", checks.Refuted))))
	if open := a.memory.Open(); len(open) != 1 || open[0].Cause != c1 {
		t.Errorf("open: %v", open)
	}
}

// A check that is unknown although every cause could be decided: a symptom that nothing explains.
func TestUnexplainedSymptom(t *testing.T) {
	a := newAgent(t)
	unexplained := checks.Result{
		ID: "BND-01", Status: checks.StatusUnknown, Causes: []checks.Entry{found("BND-01.C1", "", checks.Refuted)},
		Remarks: []checks.Reason{{Code: "seen_but_unexplained", Text: checks.Text{EN: "open a ticket"}}},
	}
	a.run(unexplained)
	r := reportOf(a.at, unexplained)
	_, events := Changes(a.memory, r, nil, policy)
	if len(events) != 1 || events[0].Text.EN != "Cannot be decided: BND-01." || events[0].Next.EN != "open a ticket" {
		t.Errorf("%+v", events)
	}
}

func TestDecisionsAreToldAtOnce(t *testing.T) {
	a := newAgent(t)
	waived := found(c1, "a", checks.Confirmed)
	waived.Waived = &checks.Waived{Reason: "ticket 4711", Until: "2026-12-31"}
	a.run(mfa(found(c1, "a", checks.Confirmed)))
	a.want(a.run(mfa(waived)), "recovered MFA-01.C1 a")
	a.want(a.run(mfa(found(c1, "a", checks.Confirmed))), "trouble MFA-01.C1 a")
	a.want(a.run(checks.Result{ID: "MFA-01", Status: checks.StatusSkip, Remarks: []checks.Reason{{Code: "left_out"}}}))
	skipped := checks.Result{ID: "MFA-01", Status: checks.StatusSkip, Remarks: []checks.Reason{{Code: "section_absent"}}}
	a.run(skipped)
	a.want(a.run(skipped), "recovered MFA-01.C1 a")
}

func TestDomainMissing(t *testing.T) {
	a := newAgent(t)
	a.want(a.run(result("GDM-01", found("GDM-01.C2", "sub.contoso.com", checks.Confirmed))), "domain_missing GDM-01.C2 sub.contoso.com")
	if e := a.memory.Open()[0]; e.Text.EN != "The domain sub.contoso.com is not in the internal domains of Cloud App Security." {
		t.Error(e.Text.EN)
	}
}

func TestRecommendedFix(t *testing.T) {
	r := mfa(found(c1, "a", checks.Confirmed), found(c1, "b", checks.Confirmed))
	r.Fixes = []checks.FixResult{{
		ID: "MFA-01.F1", Text: checks.Text{EN: "Exclude it.", JA: "除外する。"},
		For: []checks.FixFor{{Ref: checks.Ref{Cause: c1, Subject: "a"}, Recommended: true}, {Ref: checks.Ref{Cause: c1, Subject: "b"}}},
	}}
	_, events := Changes(Memory{}, reportOf(monday, r), nil, policy)
	if len(events) != 2 || events[0].Next.EN != "MFA-01.F1: Exclude it." || events[0].Next.JA != "MFA-01.F1: 除外する。" || events[1].Next != noFix {
		t.Errorf("%+v", events)
	}
}

func TestFailedRuns(t *testing.T) {
	a := newAgent(t)
	fail := func() []string {
		a.restart()
		var events []Event
		a.memory, events = Failed(a.memory, "contoso", a.at, TookTooLong, policy)
		return lines(events)
	}
	a.want(fail())
	a.want(fail(), "run_failed")
	a.want(fail())
	a.want(a.run(mfa()), "sees_again")
	a.want(fail())
	a.want(a.run(mfa()))
}

func TestReminders(t *testing.T) {
	a := newAgent(t)
	ends := monday.Add(40 * day)
	at := func(days float64, e Expiry) []string {
		a.at = ends.Add(-time.Duration(days * float64(day)))
		return a.with(func(*report.Report) []Expiry { return []Expiry{e} })
	}
	token := Expiry{What: APIToken, Subject: "api.example", Ends: ends, Last: "2027-01-01"}
	a.want(at(40, token))
	a.want(at(30, token), "expires  api.example")
	a.want(at(29, token))
	a.want(at(31, token))                        // the clock jumped back
	a.want(at(6, token), "expires  api.example") // two at once are one
	a.want(at(10, token))                        // back, past a reminder that was skipped
	a.want(at(0.5, token), "expires  api.example")
	a.want(at(0, token), "expires  api.example")
	a.want(at(-100, token))
	renewed := token
	renewed.Ends = ends.Add(365 * day)
	a.want(at(-100, renewed), "recovered  api.example")
	a.want(at(-100, renewed))
	if open := a.memory.Open(); len(open) != 0 {
		t.Errorf("open: %v", open)
	}
	// A check tells of the end of a licence.
	licence := Expiry{What: Licence, Check: "LIC-01", Subject: "clp-a", Ends: ends, Last: "2027-01-01"}
	a.want(at(1, licence), "expires  clp-a")
	a.want(at(0, licence))
}

func TestRetirements(t *testing.T) {
	a := newAgent(t)
	run := func(at time.Time) []string {
		a.at = at
		return a.with(func(r *report.Report) []Expiry {
			for id, on := range map[string]string{"old": "2026-04-02", "new": "2027-04-01", "unknown": ""} {
				r.Retirements = append(r.Retirements, checks.Retirement{ID: id, On: on, Come: on != "" && at.Format(time.DateOnly) >= on})
			}
			return nil
		})
	}
	a.want(run(monday))
	a.want(run(time.Date(2027, 3, 10, 0, 0, 0, 0, time.UTC)), "retirement  new")
	a.want(run(time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)), "retirement  new")
	a.want(run(time.Date(2028, 4, 1, 0, 0, 0, 0, time.UTC)))
}

func TestWaivers(t *testing.T) {
	a := newAgent(t)
	e := found(c1, "a@contoso.com", checks.Confirmed)
	e.Waived = &checks.Waived{Until: "2026-11-26"}
	w := []Expiry{
		{What: Waiver, Check: "MFA-01", Cause: c1, Subject: "A@contoso.com", Ends: monday.Add(3 * day), Last: "2026-11-26"},
		{What: Waiver, Check: "MFA-01", Cause: c2, Subject: "*", Ends: monday.Add(3 * day), Last: "2026-11-26"}, // covers nothing
	}
	with := func(entry checks.Entry, expiries []Expiry, notices ...checks.Reason) []string {
		return a.with(func(r *report.Report) []Expiry {
			r.Checks, r.Notices = []checks.Result{mfa(entry)}, notices
			return expiries
		})
	}
	a.want(with(e, w), "waiver_ends MFA-01.C1 A@contoso.com")
	a.want(with(e, w))
	ended := checks.Reason{Code: "waiver_ended", Args: map[string]string{"cause": c1, "subject": "A@contoso.com", "until": "2026-11-26"}}
	e.Waived = nil
	a.want(with(e, nil, ended), "trouble MFA-01.C1 a@contoso.com", "waiver_ended MFA-01.C1 A@contoso.com")
	a.want(with(e, nil, ended))
}

func TestExpiriesOfEvidence(t *testing.T) {
	ev := &facts.Evidence{Facts: map[string]facts.Fact{}}
	put := func(name string, v any) {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		ev.Facts[name] = facts.Fact{Value: raw}
	}
	end := time.Date(2027, 3, 31, 12, 0, 0, 0, time.UTC)
	early, off := end.AddDate(-1, 0, 0), false
	put("declared.microsoft365", facts.Microsoft365{TenantID: "t", SecretExpires: "2027-05-31", CertificateEnds: &end})
	put("declared.licensing", facts.Licensing{Accounts: []facts.LicenseAccount{{ID: "clp-a", Expires: "2027-01-31"}, {ID: "clp-b"}}})
	put("lmp.subscription", facts.Subscription{ID: "s", Licenses: []facts.Licence{{Expires: &early}, {Expires: &end}, {Expires: ptr(end.AddDate(1, 0, 0)), Enabled: &off}}})
	put("cas.api", facts.CASAccess{Host: "api.example", TokenEnds: "2027-02-01"})
	put("console.endpoint", facts.Console{Host: "admin.example", Certificate: facts.Got(facts.Certificate{NotAfter: end})})
	put("declared.waivers", []facts.Waiver{{Cause: c1, Subject: "*", Until: "2026-12-31"}})
	want := []Expiry{
		{ClientSecret, "t", "", "", time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), "2027-05-31"},
		{ClientCertificate, "t", "", "", end, "2027-03-31"},
		{Licence, "clp-a", "LIC-01", "", time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), "2027-01-31"},
		{Licence, "s", "LIC-01", "", time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC), "2027-03-31"},
		{APIToken, "api.example", "", "", time.Date(2027, 2, 2, 0, 0, 0, 0, time.UTC), "2027-02-01"},
		{Certificate, "admin.example", "TLS-01", "", end, "2027-03-31"},
		{Waiver, "*", "MFA-01", c1, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "2026-12-31"},
	}
	if diff := cmp.Diff(want, Expiries(ev)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if got := Expiries(&facts.Evidence{}); len(got) != 0 {
		t.Errorf("of no evidence: %v", got)
	}
}

func ptr[T any](v T) *T { return &v }

// TestRandomWalk: whatever the reports are, in any order and with restarts between them, what
// was told tracks what is. A state that lasts is told exactly once; one that does not last as
// long as the damping is not told to have ended; blindness changes no level.
func TestRandomWalk(t *testing.T) {
	verdicts := []checks.Verdict{checks.Refuted, checks.Unknown, checks.Supported, checks.Confirmed}
	level := map[checks.Verdict]checks.Status{
		checks.Refuted: checks.StatusPass, checks.Supported: checks.StatusWarn, checks.Confirmed: checks.StatusFail,
	}
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 8))
		p := policy
		p.Damping = 1 + rng.IntN(4)
		subjects := []string{"", "a", "b/c", "b%2Fc"}
		state := map[[2]string]checks.Verdict{}
		told := map[string]checks.Status{}                         // by key, as the reader of the messages knows it
		history := map[string][]checks.Status{}                    // of what could be seen
		blindTold := map[string]bool{}                             // by check
		blindRuns, sightRuns := map[string]int{}, map[string]int{} // by cause, and by check
		a := &agent{t: t, at: monday, policy: p}
		for step := range 80 {
			var results []checks.Result
			for _, check := range []string{"MFA-01", "TLS-01"} {
				var entries []checks.Entry
				for _, cause := range []string{check + ".C1", check + ".C2"} {
					for _, s := range subjects {
						k := [2]string{cause, s}
						if _, ok := state[k]; !ok || rng.IntN(6) == 0 {
							state[k] = verdicts[rng.IntN(len(verdicts))]
						}
						entries = append(entries, found(cause, s, state[k]))
					}
				}
				rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
				results = append(results, result(check, entries...))
			}
			rng.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
			a.restart()
			var events []Event
			before := a.memory
			a.memory, events = Changes(a.memory, reportOf(a.at, results...), nil, p)
			slices.Reverse(results)
			other, again := Changes(before, reportOf(a.at, results...), nil, p)
			if !reflect.DeepEqual(events, again) || !reflect.DeepEqual(a.memory, other) {
				t.Fatalf("seed %d, step %d: the order of the checks matters:\n%s", seed, step, cmp.Diff(events, again)+cmp.Diff(a.memory, other))
			}
			a.at = a.at.Add(time.Hour)
			for k, v := range state {
				if v != checks.Unknown {
					id := key("contoso", k[0][:6], k[0], k[1], topicTrouble)
					history[id] = append(history[id], level[v])
				}
			}
			seenKey := map[string]bool{}
			for _, e := range events {
				if seenKey[e.Key] {
					t.Fatalf("seed %d, step %d: told twice in one run: %s", seed, step, e.Key)
				}
				seenKey[e.Key] = true
				switch e.Kind {
				case config.Blind:
					blindTold[e.Check] = true
					continue
				case config.SeesAgain:
					if !blindTold[e.Check] {
						t.Fatalf("seed %d, step %d: sees again without having been blind", seed, step)
					}
					blindTold[e.Check] = false
					continue
				}
				was := told[e.Key]
				if was == "" {
					was = checks.StatusPass
				}
				if e.Was != was || e.Is == was {
					t.Fatalf("seed %d, step %d: %s from %s to %s, but %s was told", seed, step, e.Kind, e.Was, e.Is, was)
				}
				told[e.Key] = e.Is
				if h := history[e.Key]; worse(was, e.Is) {
					for _, s := range h[len(h)-p.Damping:] {
						if !worse(was, s) {
							t.Fatalf("seed %d, step %d: flapping was told: %v", seed, step, h)
						}
					}
				}
			}
			for id, h := range history {
				is := told[id]
				if is == "" {
					is = checks.StatusPass
				}
				if worse(h[len(h)-1], is) {
					t.Fatalf("seed %d, step %d: %s is %s and %s was told", seed, step, id, h[len(h)-1], is)
				}
				// Twice the damping: fail, warn, pass may be told as two steps.
				if n := 2 * p.Damping; len(h) >= n && len(slices.Compact(slices.Clone(h[len(h)-n:]))) == 1 && is != h[len(h)-1] {
					t.Fatalf("seed %d, step %d: %s has been %s for long, and %s was told", seed, step, id, h[len(h)-1], is)
				}
			}
			for _, r := range results {
				sightRuns[r.ID]++
				undecided := undecidedCauses(r)
				for _, cause := range []string{r.ID + ".C1", r.ID + ".C2"} {
					blindRuns[cause]++
					if _, is := undecided[cause]; is {
						sightRuns[r.ID] = 0
					} else {
						blindRuns[cause] = 0
					}
					if blindRuns[cause] >= p.Damping && !blindTold[r.ID] {
						t.Fatalf("seed %d, step %d: %s cannot be decided, which is not told", seed, step, cause)
					}
				}
				if sightRuns[r.ID] >= p.Damping && blindTold[r.ID] {
					t.Fatalf("seed %d, step %d: %s sees again, which is not told", seed, step, r.ID)
				}
			}
		}
	}
}

// Slashes in names do not make one key of two things.
func TestKeys(t *testing.T) {
	keys := map[string]bool{}
	for _, parts := range [][]string{{"a/b", "c"}, {"a", "b/c"}, {"a", "b%2Fc"}, {"a/b/c"}, {"a", "b", "c"}} {
		keys[key(slices.Clone(parts)...)] = true
	}
	if len(keys) != 5 {
		t.Errorf("%d keys of 5 things: %v", len(keys), keys)
	}
}

func TestHostileNames(t *testing.T) {
	evil := "\x1b]0;owned\a\u202eevil\n" + strings.Repeat("長", 1000)
	e := found(c1, evil, checks.Confirmed)
	e.Text = checks.Text{EN: evil, JA: evil}
	m, events := Changes(Memory{}, report.Report{Tenant: evil, Now: monday, Checks: []checks.Result{mfa(e)}}, nil, policy)
	raw, err := json.Marshal([]any{m, events})
	if err != nil {
		t.Fatal(err)
	}
	var back any
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if i := strings.IndexFunc(v, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }); i >= 0 {
				t.Errorf("a control character in %q", v[:min(len(v), 80)])
			}
		case []any:
			for _, m := range v {
				walk(m)
			}
		case map[string]any:
			for k, m := range v {
				walk(k)
				walk(m)
			}
		}
	}
	walk(back)
	if n := len([]rune(events[0].Subject)); n > 200 {
		t.Errorf("a subject of %d characters", n)
	}
	_, again := Changes(m, report.Report{Tenant: evil, Now: monday, Checks: []checks.Result{mfa(e)}}, nil, policy)
	if len(again) != 0 {
		t.Errorf("told again: %v", lines(again))
	}
}

func event(kind Kind, tenant string, is checks.Status) Event {
	return Event{Kind: kind, Key: key(tenant, "MFA-01", c1, string(is), topicTrouble), Tenant: tenant, Check: "MFA-01", Is: is, At: monday}
}

func TestRouting(t *testing.T) {
	events := []Event{
		event(config.Recovered, "contoso", checks.StatusPass), event(config.Trouble, "contoso", checks.StatusWarn),
		event(config.Trouble, "contoso", checks.StatusFail), event(config.Expires, "contoso", ""),
	}
	channels := []Channel{
		{Name: "all", Changes: true, Minimum: checks.StatusWarn},
		{Name: "kinds", Changes: true, Only: []Kind{config.Recovered, config.Expires}},
		{Name: "others", Changes: true, Tenants: []string{"fabrikam"}},
		{Name: "fail", Changes: true, Minimum: checks.StatusFail},
		{Name: "digest", Digest: true},
		{Name: "single", Changes: true, Single: true, Only: []Kind{config.Trouble}},
	}
	var got []string
	ids := map[string]bool{}
	for _, m := range Plan(events, channels, policy, 7, monday) {
		var kinds []string
		for _, e := range m.Events {
			kinds = append(kinds, string(e.Kind)+":"+string(e.Is))
		}
		got = append(got, m.Channel+" "+strings.Join(kinds, " "))
		if m.Tenant != "contoso" || !m.NotBefore.Equal(monday) || ids[m.ID] {
			t.Errorf("%+v", m)
		}
		ids[m.ID] = true
	}
	want := []string{
		"all trouble:fail trouble:warn expires: recovered:pass", "kinds expires: recovered:pass", "fail trouble:fail",
		"single trouble:warn", "single trouble:fail",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	slices.Reverse(events)
	for _, m := range Plan(events, channels[:1], policy, 7, monday.Add(time.Minute)) {
		if !ids[m.ID] {
			t.Error("the ID is another one for the same events")
		}
	}
}

func TestQuietHours(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := &Quiet{From: config.TimeOfDay{Hour: 22}, To: config.TimeOfDay{Hour: 7}, Zone: berlin, Except: checks.StatusFail}
	noon := &Quiet{From: config.TimeOfDay{Hour: 12}, To: config.TimeOfDay{Hour: 13, Minute: 30}, Zone: berlin}
	spring := &Quiet{From: config.TimeOfDay{Hour: 1}, To: config.TimeOfDay{Hour: 2, Minute: 30}, Zone: berlin}
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, berlin)
	}
	for _, tt := range []struct {
		quiet     *Quiet
		now, want time.Time
		is        checks.Status
	}{
		{night, at(11, 23, 21, 59), at(11, 23, 21, 59), checks.StatusWarn},
		{night, at(11, 23, 22, 0), at(11, 24, 7, 0), checks.StatusWarn},
		{night, at(11, 24, 6, 59), at(11, 24, 7, 0), checks.StatusWarn},
		{night, at(11, 24, 7, 0), at(11, 24, 7, 0), checks.StatusWarn},
		{night, at(11, 30, 23, 0), at(12, 1, 7, 0), checks.StatusWarn},
		{night, at(11, 24, 3, 0), at(11, 24, 3, 0), checks.StatusFail},
		{noon, at(11, 24, 12, 30), at(11, 24, 13, 30), checks.StatusFail},
		{noon, at(11, 24, 11, 59), at(11, 24, 11, 59), checks.StatusFail},
		{nil, at(11, 24, 3, 0), at(11, 24, 3, 0), checks.StatusWarn},
		// The nights of the change: seven hours and nine, not eight.
		{night, at(3, 28, 23, 0), time.Date(2026, 3, 29, 5, 0, 0, 0, time.UTC), checks.StatusWarn},
		{night, at(10, 24, 23, 0), time.Date(2026, 10, 25, 6, 0, 0, 0, time.UTC), checks.StatusWarn},
		// 02:30 does not exist: an hour beside it, and never before now.
		{spring, at(3, 29, 1, 30), time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), checks.StatusWarn},
	} {
		m := Plan([]Event{event(config.Trouble, "contoso", tt.is)}, []Channel{{Name: "a", Changes: true}}, Policy{Quiet: tt.quiet}, 0, tt.now)
		if len(m) != 1 || !m[0].NotBefore.Equal(tt.want) {
			t.Errorf("at %v: %v, want %v", tt.now, m[0].NotBefore, tt.want)
		}
	}
	both := []Event{event(config.Trouble, "contoso", checks.StatusWarn), event(config.Trouble, "contoso", checks.StatusFail)}
	if m := Plan(both, []Channel{{Name: "a", Changes: true}}, Policy{Quiet: night}, 0, at(11, 24, 3, 0)); len(m) != 2 || m[0].ID == m[1].ID ||
		m[0].Events[0].Is != checks.StatusFail || m[1].Events[0].Is != checks.StatusWarn {
		t.Errorf("%+v", m)
	}
}

func TestDigest(t *testing.T) {
	standing := func(tenant string, verdict checks.RunVerdict, results ...checks.Result) Standing {
		r := reportOf(monday, results...)
		r.Tenant = tenant
		m, _ := Changes(Memory{}, r, nil, policy)
		return Standing{Tenant: tenant, Verdict: verdict, Report: &monday, Memory: m}
	}
	failed := standing("adatum", checks.Ready)
	failed.Failed = true
	tenants := []Standing{
		standing("northwind", checks.Ready, mfa(found(c1, "b", checks.Refuted))),
		standing("contoso", checks.NotReady, mfa(found(c1, "a", checks.Supported))),
		standing("fabrikam", checks.NotReady, mfa(found(c1, "b", checks.Confirmed), found(c2, "b", checks.Supported))),
		standing("tailspin", checks.Undetermined), {Tenant: "new"}, failed,
	}
	p := policy
	p.Link = "https://a.example"
	channels := []Channel{
		{Name: "a", Digest: true},
		{Name: "b", Changes: true},
		{Name: "c", Digest: true, Tenants: []string{"northwind"}},
		{Name: "d", Digest: true, Minimum: checks.StatusFail, To: []string{"x@a.example", "y@a.example"}},
	}
	var got []string
	ids := map[string]bool{}
	for _, m := range Digest(tenants, channels, p, monday) {
		line := m.Channel + " " + m.To + ":"
		for _, s := range m.Standings {
			line += fmt.Sprintf(" %s %s %d %t %s;", s.Tenant, s.Verdict, s.Open, s.Quiet(), s.Link)
		}
		for _, e := range m.Events {
			line += " " + e.Tenant + " " + string(e.Is)
		}
		got = append(got, line)
		if ids[m.ID] || !m.Digest || m.Link != "https://a.example/" || !m.NotBefore.Equal(monday) {
			t.Errorf("%+v", m)
		}
		ids[m.ID] = true
	}
	row := func(tenant, verdict string, open int, quiet bool) string {
		return fmt.Sprintf(" %s %s %d %t https://a.example/tenants/%s;", tenant, verdict, open, quiet, tenant)
	}
	rest := row("adatum", "ready", 0, false) + row("new", "", 0, false) + row("tailspin", "undetermined", 0, false) + row("northwind", "ready", 0, true)
	all := func(contoso int, warnings ...string) string {
		fabrikam := 1 + len(warnings)/2
		return row("fabrikam", "not_ready", fabrikam, false) + row("contoso", "not_ready", contoso, false) + rest + strings.Join(append([]string{" fabrikam fail"}, warnings...), "")
	}
	want := []string{
		"a :" + all(1, " fabrikam warn", " contoso warn"), "c :" + row("northwind", "ready", 0, true), "d x@a.example:" + all(0), "d y@a.example:" + all(0),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	// The same time makes the same message, whatever has changed since.
	for _, m := range Digest(nil, channels, p, monday) {
		if !ids[m.ID] {
			t.Errorf("the digest of %v to %s has two ids", m.At, m.Channel)
		}
	}
}

func TestEverySentenceHasBothLanguages(t *testing.T) {
	all := map[string]checks.Text{
		"gone": gone, "accepted": accepted, "noFix": noFix, "domainMissing": domainMissing, "undecided": undecided,
		"decidedAgain": decidedAgain, "runsAgain": runsAgain, "cameAndWent": cameAndWent, "noLonger": noLonger,
	}
	for w, e := range endings {
		all[string(w)+" ends"], all[string(w)+" ended"], all[string(w)+" renewed"] = e.ends, e.ended, e.renewed
		if w != Service { // the calendar says it
			all[string(w)+" next"] = e.next
		}
	}
	for f, w := range failures {
		all[string(f)], all[string(f)+" next"] = w[0], w[1]
	}
	for name, text := range all {
		if text.EN == "" || !strings.ContainsFunc(text.JA, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) }) {
			t.Errorf("%s: %+v", name, text)
		}
	}
	for _, w := range []What{Licence, APIToken, ClientSecret, ClientCertificate, Certificate, Waiver, Service} {
		if _, ok := endings[w]; !ok {
			t.Errorf("%s has no sentences", w)
		}
	}
}

func TestOfTheConfiguration(t *testing.T) {
	a := config.Alerts{
		Damping: 3, Link: "https://a.example", RemindBefore: []config.Duration{config.Duration(day)},
		QuietHours: &config.QuietHours{From: config.TimeOfDay{Hour: 1}, To: config.TimeOfDay{Hour: 2}, TimeZone: time.UTC, Except: config.Fail},
		Channels: []config.Channel{
			{Name: "a", Send: config.SendBoth, Minimum: config.Warn, Language: config.Japanese, Only: []config.Change{config.Blind}, Tenants: []string{"x"}},
			{Name: "m", Send: config.SendChanges, Email: &config.Email{To: []string{"a@x.example", "b@x.example"}}},
			{Name: "b", Send: config.SendChanges, PagerDuty: &config.PagerDuty{}, Minimum: config.Fail},
			{Name: "c", Send: config.SendDigest},
		},
	}
	wantPolicy := Policy{Damping: 3, Link: "https://a.example", RemindBefore: []time.Duration{day}, Quiet: &Quiet{From: config.TimeOfDay{Hour: 1}, To: config.TimeOfDay{Hour: 2}, Zone: time.UTC, Except: checks.StatusFail}}
	wantChannels := []Channel{
		{Name: "a", Lang: "ja", Only: []Kind{config.Blind}, Tenants: []string{"x"}, Minimum: checks.StatusWarn, Changes: true, Digest: true},
		{Name: "m", Changes: true, To: []string{"a@x.example", "b@x.example"}},
		{Name: "b", Minimum: checks.StatusFail, Changes: true, Single: true}, {Name: "c", Digest: true},
	}
	zones := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(wantPolicy, PolicyOf(a), zones) + cmp.Diff(wantChannels, ChannelsOf(a)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// Of two entries about one thing the worse counts, in either order.
func TestTwoEntriesAboutOneThing(t *testing.T) {
	for _, entries := range [][]checks.Entry{
		{found(c1, "a", checks.Supported), found(c1, "a", checks.Confirmed)},
		{found(c1, "a", checks.Confirmed), found(c1, "a", checks.Supported)},
	} {
		_, events := Changes(Memory{}, reportOf(monday, mfa(entries...)), nil, policy)
		if len(events) != 1 || events[0].Is != checks.StatusFail {
			t.Errorf("%+v", events)
		}
	}
}
