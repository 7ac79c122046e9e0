package report

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// clone is a copy that shares nothing.
func clone(t *testing.T, r Report) Report {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var out Report
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func compare(t *testing.T, a, b Report) Diff {
	t.Helper()
	d, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// judged makes the statuses and the verdict of a report follow from its entries again.
func judged(r Report) Report {
	for i, c := range r.Checks {
		if c.Status != checks.StatusSkip {
			r.Checks[i].Status = checks.Worst(c.Causes)
		}
	}
	r.Verdict = checks.Judge(r.Checks)
	return r
}

// random changes a report as another run could have it.
func random(t *testing.T, from Report, rng *rand.Rand) Report {
	r := clone(t, from)
	verdicts := []string{"refuted", "unknown", "supported", "confirmed", "not_applicable"}
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Status == checks.StatusSkip {
			continue
		}
		for j := range c.Causes {
			e := &c.Causes[j]
			switch rng.IntN(6) {
			case 0:
				e.Verdict = verdicts[rng.IntN(len(verdicts))]
			case 1:
				e.Basis = []string{"observed", "declared", "inferred"}[rng.IntN(3)]
			case 2:
				e.Reasons = append(e.Reasons, reason("new_reason", "Text.", "文。", "account", admin))
			case 3:
				e.Waived = &checks.Waived{Reason: "accepted", Until: "2026-12-31"}
			case 4:
				e.Subject += "x"
			}
			if s := e.Status(); s == checks.StatusPass {
				e.Waived = nil // only a finding can be waived
			}
		}
		for j := range c.Fixes {
			for k := range c.Fixes[j].For {
				if rng.IntN(3) == 0 {
					to := &c.Fixes[j].For[k]
					to.Applies = []string{"yes", "no", "unknown"}[rng.IntN(3)]
					to.Recommended = to.Applies == "yes" && rng.IntN(2) == 0
				}
			}
		}
	}
	for i := range r.Facts {
		r.Facts[i].Status = []FactStatus{FactOK, FactPartial, FactFailed, FactSkipped}[rng.IntN(4)]
	}
	for i := range r.Retirements {
		r.Retirements[i].Come = rng.IntN(2) == 0
	}
	if rng.IntN(2) == 0 {
		r.Retirements = r.Retirements[1:]
		r.Notices = append(r.Notices, reason("waiver_unused", "Text.", "文。", "cause", "MFA-01.C1"))
		for i := range r.Checks {
			c := &r.Checks[i]
			c.Symptoms = append(c.Symptoms, facts.Symptom{Check: c.ID, Text: "seen", At: &taken})
			c.Remarks = append(c.Remarks, reason("new_remark", "Text.", "文。"))
		}
	}
	return judged(r)
}

// shuffled is the same report with everything in another order, made at another time by
// another version, in other words.
func shuffled(t *testing.T, from Report, rng *rand.Rand) Report {
	r := clone(t, from)
	r.Tool.Version, r.Taken, r.Now = "9.9.9", r.Taken.AddDate(0, 0, 1), r.Now.AddDate(0, 0, 1)
	mix(rng, r.Checks)
	mix(rng, r.Facts)
	mix(rng, r.Retirements)
	for i := range r.Facts {
		r.Facts[i].TookMS += 7
		r.Facts[i].Requests++
	}
	mix(rng, r.Notices)
	for _, c := range r.Checks {
		mix(rng, c.Causes)
		mix(rng, c.Fixes)
		mix(rng, c.Symptoms)
		mix(rng, c.Remarks)
		for i := range c.Causes {
			mix(rng, c.Causes[i].Reasons)
			for j := range c.Causes[i].Reasons {
				c.Causes[i].Reasons[j].Text.EN += " In other words."
			}
		}
		for i := range c.Fixes {
			mix(rng, c.Fixes[i].For)
			mix(rng, c.Fixes[i].Why)
			c.Fixes[i].Text.JA += "別の言葉。"
		}
	}
	return r
}

func mix[T any](rng *rand.Rand, list []T) {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// samples are reports of one organisation that differ in everything.
func samples(t *testing.T, rng *rand.Rand) []Report {
	out := []Report{everything(), ready(), undetermined()}
	for range 60 {
		out = append(out, random(t, everything(), rng))
	}
	return out
}

func TestAReportDoesNotDifferFromItself(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i, r := range samples(t, rng) {
		for name, other := range map[string]Report{"itself": r, "its likeness": shuffled(t, r, rng)} {
			if d := compare(t, r, other); !d.Empty() || d.Effect != Same {
				raw, _ := json.MarshalIndent(d, "", " ")
				t.Fatalf("sample %d against %s: %s", i, name, raw)
			}
		}
	}
}

// TestDiffMirrors: what is new in one direction is gone in the other, what is worse is better;
// but where nobody looked, neither direction is good.
func TestDiffMirrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	list := samples(t, rng)
	opposite := map[Effect]Effect{Worse: Better, Better: Worse, Same: Same}
	for range 300 {
		a, b := list[rng.IntN(len(list))], list[rng.IntN(len(list))]
		there, back := compare(t, a, b), compare(t, b, a)
		if len(there.Checks) != len(back.Checks) || len(there.Facts) != len(back.Facts) ||
			len(there.Retirements) != len(back.Retirements) || len(there.Notices) != len(back.Notices) {
			t.Fatal("the two directions do not differ in the same things")
		}
		for i, c := range there.Checks {
			m := back.Checks[i]
			if c.ID != m.ID || c.From != m.To || c.To != m.From || len(c.Entries) != len(m.Entries) || len(c.Fixes) != len(m.Fixes) ||
				len(c.Symptoms) != len(m.Symptoms) || len(c.Remarks) != len(m.Remarks) {
				t.Fatalf("%s: %v and %v", c.ID, c, m)
			}
			if c.From != checks.StatusSkip && c.To != checks.StatusSkip && m.Effect != opposite[c.Effect] {
				t.Errorf("%s: %s and %s", c.ID, c.Effect, m.Effect)
			}
			for j, e := range c.Entries {
				r := m.Entries[j]
				if e.Ref != r.Ref || !cmp.Equal(e.From, r.To) || !cmp.Equal(e.To, r.From) || !slices.Equal(e.What, r.What) {
					t.Fatal(cmp.Diff(e, r))
				}
				want := opposite[e.Effect]
				if e.Presence == IsNew && r.Effect == Same { // hidden behind what could not be looked at
					want = Same
				}
				if e.Presence == IsGone && e.Effect == Same && !quiet(*e.From) {
					want = r.Effect
				}
				if r.Effect != want {
					t.Errorf("%v: %s and %s", e.Ref, e.Effect, r.Effect)
				}
			}
			for j, f := range c.Fixes {
				if r := m.Fixes[j]; f.Fix != r.Fix || f.Ref != r.Ref || !cmp.Equal(f.From, r.To) || r.Effect != opposite[f.Effect] {
					t.Fatal(cmp.Diff(f, r))
				}
			}
		}
	}
}

// TestWhatIsWorse goes through the definition.
func TestWhatIsWorse(t *testing.T) {
	entry := func(verdict string) func(*Report) {
		return func(r *Report) { r.Checks[0].Causes[0].Verdict = verdict }
	}
	// The check of the sample, with one entry that is as each case wants it.
	with := func(change func(*Report)) Report {
		r := clone(t, everything())
		r.Checks = r.Checks[:1]
		r.Checks[0].Causes, r.Checks[0].Fixes = r.Checks[0].Causes[:1], r.Checks[0].Fixes[:1]
		e := &r.Checks[0].Causes[0]
		e.Waived = nil
		r.Checks[0].Fixes[0].For = []checks.FixFor{{Ref: checks.Ref{Cause: e.ID, Subject: e.Subject}, Applies: "yes", Recommended: true}}
		change(&r)
		return judged(r)
	}
	skip := func(r *Report) { r.Checks[0].Status, r.Checks[0].Causes[0].Verdict = checks.StatusSkip, "unknown" }
	waived := func(r *Report) {
		entry("confirmed")(r)
		r.Checks[0].Causes[0].Waived = &checks.Waived{Reason: "accepted", Until: "2026-12-31"}
	}
	applies := func(how string, recommended bool) func(*Report) {
		return func(r *Report) {
			entry("confirmed")(r)
			r.Checks[0].Fixes[0].For[0].Applies, r.Checks[0].Fixes[0].For[0].Recommended = how, recommended
		}
	}
	unlisted := func(r *Report) {
		entry("confirmed")(r)
		r.Checks[0].Fixes = nil
	}
	nobody := func(r *Report) { // the account cannot be looked at, so that it is not even listed
		entry("unknown")(r)
		r.Checks[0].Causes[0].Subject = ""
	}
	come := func(yes bool) func(*Report) {
		return func(r *Report) {
			r.Retirements = []checks.Retirement{{ID: "x", On: "2026-05-01", Come: yes}}
		}
	}
	days := func(list ...checks.Retirement) func(*Report) {
		return func(r *Report) {
			r.Retirements = append([]checks.Retirement{{ID: "x", On: "2028-01-01"}}, list...)
		}
	}
	over, ahead := checks.Retirement{ID: "y", On: "2026-05-01", Come: true}, checks.Retirement{ID: "y", On: "2027-05-01"}
	quiet := func(*Report) {}
	said := func(r *Report) {
		r.Notices = append(r.Notices, reason("waiver_unused", "", "", "cause", "MFA-01.X1"))
		r.Checks[0].Remarks = append(r.Checks[0].Remarks, reason("delegate_left", "", "", "account", delegate))
		r.Checks[0].Symptoms = append(r.Checks[0].Symptoms, facts.Symptom{Check: "MFA-01", Text: "provisioning failed"})
	}
	for _, c := range []struct {
		name     string
		from, to func(*Report)
		want     Effect
	}{
		{"pass to unknown: it cannot look any more", entry("refuted"), entry("unknown"), Worse},
		{"unknown to warn", entry("unknown"), entry("supported"), Worse},
		{"warn to fail", entry("supported"), entry("confirmed"), Worse},
		{"fail to warn", entry("confirmed"), entry("supported"), Better},
		{"fail to unknown", entry("confirmed"), entry("unknown"), Better},
		{"unknown to pass", entry("unknown"), entry("refuted"), Better},
		{"excluded by a declaration", entry("refuted"), entry("not_applicable"), Same},
		{"not judged any more, from pass", entry("refuted"), skip, Worse},
		{"not judged any more, from fail", entry("confirmed"), skip, Worse},
		{"judged at last, and a trouble", skip, entry("confirmed"), Worse},
		{"judged at last, and unknown", skip, entry("unknown"), Worse}, // an entry that nobody can look at
		{"judged at last, and fine", skip, entry("refuted"), Better},
		{"a waiver ended", waived, entry("confirmed"), Worse},
		{"a waiver began", entry("confirmed"), waived, Better},
		{"the recommended fix is lost", applies("yes", true), applies("no", false), Worse},
		{"it is not even listed", applies("yes", true), unlisted, Worse},
		{"it is listed at last", unlisted, applies("yes", true), Better},
		{"it is not certain any more", applies("yes", true), applies("unknown", false), Worse},
		{"another one is preferred", applies("yes", true), applies("yes", false), Same},
		{"one that was not recommended is lost", applies("yes", false), applies("no", false), Same},
		{"a fix works at last", applies("no", false), applies("yes", true), Better},
		{"a trouble that nobody can see is not gone", entry("confirmed"), nobody, Worse},
		{"a day has come", come(false), come(true), Worse},
		{"a day that was not listed is over", days(), days(over), Worse},
		{"a day that was not listed is ahead", days(), days(ahead), Same},
		{"a day is not listed any more, and nothing says why", days(over), days(), Same},
		{"a symptom, a remark, a notice", quiet, said, Same},
		{"they are gone", said, quiet, Same},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := compare(t, with(c.from), with(c.to)); d.Effect != c.want || d.Empty() {
				raw, _ := json.MarshalIndent(d, "", " ")
				t.Errorf("%s, want %s: %s", d.Effect, c.want, raw)
			}
		})
	}
}

// TestWhatCannotBeSeenIsNotGone: the entry of a cause that cannot be looked at has no subject, so
// that the trouble of an account is not listed any more.
func TestWhatCannotBeSeenIsNotGone(t *testing.T) {
	a := clone(t, everything())
	a.Checks = a.Checks[:1]
	a.Checks[0].Causes = a.Checks[0].Causes[:1]
	for verdict, want := range map[string]Effect{"unknown": Same, "refuted": Better} {
		b := clone(t, a)
		b.Checks[0].Causes[0].Subject, b.Checks[0].Causes[0].Verdict = "", verdict
		d := compare(t, judged(a), judged(b))
		i := slices.IndexFunc(d.Checks[0].Entries, func(e EntryDiff) bool { return e.Presence == IsGone })
		if got := d.Checks[0].Entries[i].Effect; got != want {
			t.Errorf("%s: %s, want %s", verdict, got, want)
		}
	}
}

// TestDiffTellsWhatIsSaid: symptoms, remarks and notices are told apart by what they say and not
// by their words, and each is shown as new or gone.
func TestDiffTellsWhatIsSaid(t *testing.T) {
	a, b := clone(t, everything()), clone(t, everything())
	i := slices.IndexFunc(a.Checks, func(c checks.Result) bool { return c.ID == "SPM-01" })
	b.Checks[i].Symptoms[0].Text = "quarantined again"
	b.Checks[i].Remarks = []checks.Reason{reason("seen_but_waived", "It was accepted.", "許容されています。")}
	b.Notices = append(b.Notices, reason("waiver_unused", "A waiver matches nothing.", "一致しない免除があります。", "cause", "X"))
	b.Retirements = append(b.Retirements, checks.Retirement{
		ID: "basic_smtp", On: "2026-03-01", Come: true, Text: checks.Text{EN: "SMTP AUTH.", JA: "SMTP AUTH。"}, Source: "MC1",
	})
	d := compare(t, a, b)
	if len(d.Checks) != 1 || d.Checks[0].ID != "SPM-01" || d.Effect != Worse {
		t.Fatalf("%+v", d)
	}
	shown := diffText(t, d, View{Lang: "en"})
	for _, want := range []string{
		"Gone: “quarantined:", "New: “quarantined again” 2026-11-19 22:15 UTC", "Gone: It was seen, but nothing", "New: It was accepted.",
		"About this run\n  New: A waiver matches nothing.", "✗ 2026-03-01, not listed before, is over  SMTP AUTH. (MC1)",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in\n%s", want, shown)
		}
	}
	if shown := diffText(t, compare(t, b, a), View{Lang: "ja"}); !strings.Contains(shown, "· 2026-03-01 (今回の一覧になし)") {
		t.Errorf("the day is not told:\n%s", shown)
	}
}

func TestDiffCountsNoDays(t *testing.T) {
	a, b := clone(t, everything()), clone(t, everything())
	a.Checks[0].Causes[0].Reasons = []checks.Reason{reason("licence_ends_soon", "", "", "account", "clp-a", "days", "14")}
	b.Checks[0].Causes[0].Reasons = []checks.Reason{reason("licence_ends_soon", "", "", "account", "clp-a", "days", "13")}
	if d := compare(t, a, b); !d.Empty() {
		t.Errorf("a day that has passed is no difference: %+v", d.Checks)
	}
	b.Checks[0].Causes[0].Reasons[0].Args["account"] = "clp-b"
	if d := compare(t, a, b); d.Empty() || d.Effect != Same || !slices.Equal(d.Checks[0].Entries[0].What, []string{"reasons"}) {
		t.Errorf("another account is one: %+v", d.Checks)
	}
}

// TestDiffOfAnOlderReport: a report of v1 may say how a fix applies for the whole fix only, and
// have neither chains nor published days.
func TestDiffOfAnOlderReport(t *testing.T) {
	old := clone(t, everything())
	old.Retirements = nil
	for i := range old.Checks {
		old.Checks[i].Chains = nil
		for j := range old.Checks[i].Fixes {
			f := &old.Checks[i].Fixes[j]
			for k := range f.For {
				f.For[k] = checks.FixFor{Ref: f.For[k].Ref}
			}
		}
	}
	if d := compare(t, old, everything()); d.Effect == Worse || len(d.Retirements) > 0 {
		raw, _ := json.MarshalIndent(d, "", " ")
		t.Errorf("got worse: %s", raw)
	}
}

func TestDiffOfTwoOrganisations(t *testing.T) {
	other := everything()
	other.Tenant = "fabrikam"
	if _, err := Compare(everything(), other); err == nil || !strings.Contains(err.Error(), `"contoso" and "fabrikam"`) {
		t.Errorf("got %v", err)
	}
}

func diffText(t *testing.T, d Diff, v View) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteDiff(&b, d, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDiffGolden(t *testing.T) {
	d := compare(t, everything(), random(t, everything(), rand.New(rand.NewPCG(5, 6))))
	for _, lang := range []string{"en", "ja"} {
		golden(t, "diff."+lang+".txt", diffText(t, d, View{Lang: lang, Width: 80}))
	}
	golden(t, "diff.nothing.txt", diffText(t, compare(t, ready(), ready()), View{Lang: "en"}))
}

func TestDiffFitsAndIsInert(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	a, b := everything(), random(t, everything(), rng)
	b.Checks[0].Causes[0].Subject = "ev\x1b[31mil\u202e" + strings.Repeat("x", 300)
	d := compare(t, a, b)
	for width := minWidth; width <= maxWidth; width++ {
		for _, lang := range []string{"en", "ja"} {
			for line := range strings.Lines(diffText(t, d, View{Lang: lang, Width: width, Verbose: true})) {
				line = strings.TrimSuffix(line, "\n")
				if w := ansi.StringWidth(line); w > width || strings.TrimRight(line, " ") != line || strings.ContainsFunc(line, active) {
					t.Fatalf("%s, %d cells: %d in %q", lang, width, w, line)
				}
			}
		}
	}
	plain, colored := diffText(t, d, View{}), diffText(t, d, View{Color: true})
	if plain == colored || ansi.Strip(colored) != plain {
		t.Error("colour must only add")
	}
}

// TestBaseline: what is known changes the exit code, never the report or its verdict.
func TestBaseline(t *testing.T) {
	outcome := func(change func(*checks.Result)) checks.Outcome {
		r := clone(t, everything())
		c := r.Checks[0]
		if change != nil {
			change(&c)
		}
		return checks.Outcome{Now: taken, Results: []checks.Result{c}}
	}
	base := New(sampleEvidence(), outcome(nil), Options{FailOn: checks.StatusWarn})
	found := func(c checks.Result) (out []int) {
		for i, e := range c.Causes {
			if s := e.Status(); s == checks.StatusFail || s == checks.StatusWarn {
				out = append(out, i)
			}
		}
		return out
	}
	troubles := found(base.Checks[0])
	if len(troubles) < 2 {
		t.Fatal("the sample has too few troubles")
	}
	// Nothing that could not be looked at is in the way of the exit code of these.
	settled := func(c *checks.Result) {
		c.Causes = slices.DeleteFunc(c.Causes, func(e checks.Entry) bool { return e.Status() == checks.StatusUnknown })
	}
	for _, c := range []struct {
		name             string
		change           func(*checks.Result)
		known, new, exit int
	}{
		{"the same", settled, len(troubles), 0, checks.ExitOK},
		{"an open question beside it stays one", nil, len(troubles), 0, checks.ExitUnknown},
		{"one more account", func(c *checks.Result) {
			settled(c)
			e := c.Causes[0]
			e.Subject, e.Verdict = "other@contoso.com", "supported"
			c.Causes = append(c.Causes, e)
		}, len(troubles), 1, checks.ExitTrouble},
		{"one is mended", func(c *checks.Result) {
			settled(c)
			c.Causes[0].Verdict = "refuted"
		}, len(troubles) - 1, 0, checks.ExitOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := outcome(c.change)
			r := New(sampleEvidence(), o, Options{FailOn: checks.StatusWarn, Baseline: &base})
			if r.ExitCode != c.exit || len(r.Baseline.Known) != c.known || len(r.Baseline.New) != c.new {
				t.Errorf("exit code %d, known %v, new %v", r.ExitCode, r.Baseline.Known, r.Baseline.New)
			}
			without := New(sampleEvidence(), o, Options{FailOn: checks.StatusWarn})
			r.Baseline, r.ExitCode = nil, without.ExitCode
			if d := cmp.Diff(without, r); d != "" {
				t.Error("the baseline changes the report: " + d)
			}
		})
	}
	// A waiver of the baseline that has ended makes its entry new.
	waived := clone(t, base)
	waived.Checks[0].Causes[troubles[0]].Waived = &checks.Waived{Reason: "accepted", Until: "2026-11-01"}
	r := New(sampleEvidence(), outcome(settled), Options{FailOn: checks.StatusWarn, Baseline: &waived})
	if r.ExitCode != checks.ExitTrouble || len(r.Baseline.New) != 1 {
		t.Errorf("a waiver has ended: exit code %d, new %v", r.ExitCode, r.Baseline.New)
	}
	for lang, want := range map[string]string{"en": "1 new or worse", "ja": "新規または悪化 1 件"} {
		if out := text(t, r, View{Lang: lang}); !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}
