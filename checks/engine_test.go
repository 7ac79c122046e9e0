package checks

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

func TestKleeneLogic(t *testing.T) {
	v := []Verdict{Refuted, Unknown, Supported, Confirmed}
	for i, a := range v {
		for j, b := range v {
			x, y := Claim{Verdict: a, Reasons: []Reason{because("a")}}, Claim{Verdict: b, Reasons: []Reason{because("b")}}
			if got := all(x, y).Verdict; got != v[min(i, j)] {
				t.Errorf("all(%v, %v) = %v", a, b, got)
			}
			if got := anyOf(x, y).Verdict; got != v[max(i, j)] {
				t.Errorf("anyOf(%v, %v) = %v", a, b, got)
			}
		}
	}
	for a, want := range map[Verdict]Verdict{Confirmed: Refuted, Refuted: Confirmed, Supported: Unknown, Unknown: Unknown} {
		if got := a.Not(); got != want {
			t.Errorf("not %v = %v, want %v", a, got, want)
		}
	}
	var zero Verdict
	if zero != Unknown {
		t.Error("the zero verdict is not unknown")
	}
}

func TestBasisAndReasonsOfAJudgement(t *testing.T) {
	seen, said, guess := confirmed(Observed, because("seen")), confirmed(Declared, because("said")), supported(Inferred, because("guess"))
	for _, tt := range []struct {
		name    string
		got     Claim
		verdict Verdict
		basis   Basis
		codes   string
	}{
		{"a conjunction is as weak as its weakest operand", all(seen, said), Confirmed, Declared, ": seen said"},
		{"an inference weakens a conjunction", all(seen, guess), Supported, Inferred, ": seen guess"},
		{"one refuted operand decides alone", all(seen, refuted(Declared, because("no")), unknown(because("dark"))), Refuted, Declared, ": no"},
		{"an unseen operand keeps the rest from confirming", all(seen, unknown(because("dark"))), Unknown, Inferred, ": dark"},
		{"the strongest of a disjunction decides", anyOf(seen, guess, unknown(because("dark"))), Confirmed, Observed, ": seen"},
		{"nothing refutes a disjunction with an unseen operand", anyOf(refuted(Observed, because("no")), unknown(because("dark"))), Unknown, Inferred, ": dark"},
		{"a refuted disjunction rests on all operands", anyOf(refuted(Observed, because("no")), refuted(Inferred, because("neither"))), Refuted, Inferred, ": no neither"},
		{"inference never confirms", confirmed(Inferred, because("guess")), Supported, Inferred, ": guess"},
	} {
		if tt.got.Verdict != tt.verdict || tt.got.Basis != tt.basis || codes(tt.got.Reasons) != tt.codes {
			t.Errorf("%s: got %v %v%s", tt.name, tt.got.Verdict, tt.got.Basis, codes(tt.got.Reasons))
		}
	}
}

var thing = facts.Key[int]{Name: "thing"}

func evidence(t *testing.T, values map[string]any) *facts.Evidence {
	t.Helper()
	ev := &facts.Evidence{Schema: facts.Schema, Taken: day(2026, time.November, 20), Facts: map[string]facts.Fact{}}
	if _, ok := values["declared.run"]; !ok {
		values["declared.run"] = facts.Run{Sections: []string{"s"}}
	}
	for k, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		ev.Facts[k] = facts.Fact{Value: raw}
	}
	return ev
}

func checkOf(examine func(*Exam), fixes ...Fix) Check {
	return Check{
		ID: "TST-01", Section: "s", Needs: []string{"thing", "declared.run"},
		Causes: []Cause{{ID: "TST-01.C1", Examine: examine}}, Fixes: fixes,
	}
}

// TestTheEngineSaysUnknown: whatever a check does wrong, it cannot end as good or bad.
func TestTheEngineSaysUnknown(t *testing.T) {
	for name, examine := range map[string]func(*Exam){
		"a panic":                     func(*Exam) { panic("boom") },
		"a panic after a finding":     func(x *Exam) { x.Find("", confirmed(Observed, because("c"))); panic("boom") },
		"nothing found":               func(*Exam) {},
		"an undeclared read":          func(x *Exam) { Read(x, facts.M365Accounts); x.Find("", confirmed(Observed, because("c"))) },
		"refuted without a reason":    func(x *Exam) { Read(x, thing); x.Find("", refuted(Observed)) },
		"refuted having seen nothing": func(x *Exam) { x.Find("", refuted(Observed, because("c"))) },
		"a nil dereference":           func(x *Exam) { _ = *Read(x, facts.Key[string]{Name: "thing"}).Value },
	} {
		res := Evaluate(evidence(t, map[string]any{"thing": 1}), []Check{checkOf(examine)}, Options{}).Results[0]
		if res.Status != StatusUnknown || len(res.Causes) != 1 || codes(res.Causes[0].Reasons) != ": internal" {
			t.Errorf("%s: %s", name, render(res))
		}
	}
}

func TestAFailedFactIsUnknownWithItsReason(t *testing.T) {
	ev := evidence(t, map[string]any{})
	ev.Facts["thing"] = facts.Fact{Failure: &facts.Failure{Kind: facts.Forbidden, Permission: "Policy.Read.All"}}
	c := checkOf(func(x *Exam) {
		if s := Read(x, thing); s.Value == nil {
			x.Find("", unseen("judgement", s.Why()))
		}
	})
	e := Evaluate(ev, []Check{c}, Options{}).Results[0].Causes[0]
	if e.Verdict != "unknown" || !strings.Contains(e.Reasons[0].Text.EN, "Policy.Read.All") {
		t.Errorf("got %+v", e)
	}
	delete(ev.Facts, "thing")
	if e := Evaluate(ev, []Check{c}, Options{}).Results[0].Causes[0]; codes(e.Reasons) != ": not_collected" {
		t.Errorf("a key that an old file lacks: %+v", e)
	}
}

func found(v ...Claim) func(*Exam) {
	return func(x *Exam) {
		Read(x, thing)
		for i, c := range v {
			x.Find(fmt.Sprint(i), c)
		}
	}
}

func TestStatusAndExitCode(t *testing.T) {
	bad, fits := confirmed(Observed, because("c")), supported(Observed, because("c"))
	good, dark := refuted(Observed, because("c")), unknown(because("c"))
	for _, tt := range []struct {
		name                             string
		examine                          func(*Exam)
		status                           Status
		verdict                          RunVerdict
		exit, failOn, allow, failOnAllow int
	}{
		{"confirmed", found(good, dark, fits, bad), StatusFail, NotReady, 1, 1, 1, 1},
		{"supported", found(good, dark, fits), StatusWarn, NotReady, 1, 0, 1, 0},
		{"unknown", found(good, dark), StatusUnknown, Undetermined, 3, 3, 0, 0},
		{"refuted", found(good, good), StatusPass, Ready, 0, 0, 0, 0},
		{"excluded", func(x *Exam) { x.NotApplicable(because("c")) }, StatusPass, Ready, 0, 0, 0, 0},
	} {
		res := Evaluate(evidence(t, map[string]any{"thing": 1}), []Check{checkOf(tt.examine)}, Options{}).Results
		got := []int{
			ExitCode(res, StatusWarn, false), ExitCode(res, StatusFail, false),
			ExitCode(res, StatusWarn, true), ExitCode(res, StatusFail, true),
		}
		want := []int{tt.exit, tt.failOn, tt.allow, tt.failOnAllow}
		if res[0].Status != tt.status || Judge(res) != tt.verdict || !slices.Equal(got, want) {
			t.Errorf("%s: %s %s, exit codes %v, want %s %s %v", tt.name, res[0].Status, Judge(res), got, tt.status, tt.verdict, want)
		}
	}
}

func TestSkipped(t *testing.T) {
	c := checkOf(found(confirmed(Observed, because("c"))))
	absent := evidence(t, map[string]any{"thing": 1, "declared.run": facts.Run{Sections: []string{"other"}}})
	if res := Evaluate(absent, []Check{c}, Options{}).Results[0]; res.Status != StatusSkip || len(res.Causes) != 1 {
		t.Errorf("an absent section: %s", render(res))
	}
	here := evidence(t, map[string]any{"thing": 1})
	if res := Evaluate(here, []Check{c}, Options{Only: []string{"MFA-01"}}).Results[0]; res.Status != StatusSkip {
		t.Errorf("left out by --only: %s", render(res))
	}
	if Judge([]Result{{Status: StatusSkip}, {Status: StatusPass}}) != Ready {
		t.Error("a skipped check changes the verdict")
	}
}

func TestWaivers(t *testing.T) {
	bad := func(x *Exam) {
		Read(x, thing)
		x.Find("admin@contoso.com", confirmed(Observed, because("c")))
	}
	waiver := facts.Waiver{Cause: "TST-01.C1", Subject: "Admin@contoso.com", Reason: "ticket 4711", Until: "2026-11-20"}
	for _, tt := range []struct {
		name    string
		waiver  facts.Waiver
		now     string
		status  Status
		notices string
	}{
		{"its last day is included", waiver, "2026-11-20T23:59:59Z", StatusPass, ""},
		{"the day after it counts again", waiver, "2026-11-21T00:00:00Z", StatusFail, ": waiver_ended"},
		{"for any subject", with(waiver, func(w *facts.Waiver) { w.Subject = "*" }), "2026-11-20T00:00:00Z", StatusPass, ""},
		{"for another subject", with(waiver, func(w *facts.Waiver) { w.Subject = "b@contoso.com" }), "2026-11-20T00:00:00Z", StatusFail, ": waiver_unused"},
		{"for another cause", with(waiver, func(w *facts.Waiver) { w.Cause = "TST-01.C2" }), "2026-11-20T00:00:00Z", StatusFail, ": waiver_unused"},
		{"ended, and for another cause", with(waiver, func(w *facts.Waiver) { w.Cause = "TST-01.C2" }), "2026-11-21T00:00:00Z", StatusFail, ": waiver_over"},
		{"with a date that is none", with(waiver, func(w *facts.Waiver) { w.Until = "soon" }), "2026-11-20T00:00:00Z", StatusFail, ": waiver_ended"},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		ev := evidence(t, map[string]any{"thing": 1, "declared.waivers": []facts.Waiver{tt.waiver}})
		out := Evaluate(ev, []Check{checkOf(bad)}, Options{Now: now})
		res := out.Results[0]
		if res.Status != tt.status || codes(out.Notices) != tt.notices {
			t.Errorf("%s: %s, notices%s", tt.name, res.Status, codes(out.Notices))
		}
		if res.Causes[0].Verdict != "confirmed" {
			t.Errorf("%s: a waiver changed the verdict", tt.name)
		}
	}
}

func with(w facts.Waiver, change func(*facts.Waiver)) facts.Waiver {
	change(&w)
	return w
}

func TestASymptomWithoutACauseIsUnknown(t *testing.T) {
	seen := evidence(t, map[string]any{"thing": 1, "declared.symptoms": []facts.Symptom{{Check: "TST-01", Text: "message"}}})
	res := Evaluate(seen, []Check{checkOf(found(refuted(Observed, because("c"))))}, Options{}).Results[0]
	if res.Status != StatusUnknown || codes(res.Remarks) != ": seen_but_unexplained" {
		t.Errorf("got %s", render(res))
	}
	res = Evaluate(seen, []Check{checkOf(found(confirmed(Observed, because("c"))))}, Options{}).Results[0]
	if res.Status != StatusFail || len(res.Remarks) != 0 || len(res.Symptoms) != 1 {
		t.Errorf("a symptom with a cause: %s", render(res))
	}
}

func TestASymptomOfAWaivedCause(t *testing.T) {
	ev := evidence(t, map[string]any{
		"thing": 1, "declared.symptoms": []facts.Symptom{{Check: "TST-01", Text: "message"}},
		"declared.waivers": []facts.Waiver{{Cause: "TST-01.C1", Subject: "*", Reason: "known", Until: "2026-12-31"}},
	})
	res := Evaluate(ev, []Check{checkOf(found(confirmed(Observed, because("c"))))}, Options{}).Results[0]
	if res.Status != StatusUnknown || codes(res.Remarks) != ": seen_but_waived" {
		t.Errorf("got %s", render(res))
	}
}

// TestAnIncompleteFactRefutesNothing: a fact with a value and a failure can show what is
// there, never that something is not, and no declaration in it excludes anything.
func TestAnIncompleteFactRefutesNothing(t *testing.T) {
	for name, examine := range map[string]func(*Exam){
		"refuted":        found(refuted(Observed, because("c"))),
		"not applicable": func(x *Exam) { Read(x, thing); x.NotApplicable(because("c")) },
	} {
		ev := evidence(t, map[string]any{"thing": 1})
		ev.Facts["thing"] = facts.Fact{Value: ev.Facts["thing"].Value, Failure: &facts.Failure{Kind: facts.Timeout}}
		res := Evaluate(ev, []Check{checkOf(examine)}, Options{}).Results[0]
		if res.Status != StatusUnknown || codes(res.Causes[0].Reasons) != ": timeout" {
			t.Errorf("%s: %s", name, render(res))
		}
	}
	ev := evidence(t, map[string]any{"thing": 1})
	ev.Facts["thing"] = facts.Fact{Value: ev.Facts["thing"].Value, Failure: &facts.Failure{Kind: facts.Timeout}}
	if res := Evaluate(ev, []Check{checkOf(found(confirmed(Observed, because("c"))))}, Options{}).Results[0]; res.Status != StatusFail {
		t.Errorf("what was seen of it no longer confirms: %s", render(res))
	}
}

func TestExactlyOneFixIsRecommended(t *testing.T) {
	says := func(a Applicability) func(*Exam) (Applicability, []Reason) {
		return func(*Exam) (Applicability, []Reason) { return a, nil }
	}
	fix := func(id string, applies func(*Exam) (Applicability, []Reason)) Fix {
		return Fix{ID: id, For: []string{"TST-01.C1"}, Applies: applies}
	}
	dated := fix("F0", nil)
	dated.ObsoleteAfter = Dates{On: map[string]time.Time{"": day(2026, time.May, 1)}, Reason: "gone"}
	fixes := []Fix{
		dated,
		fix("F1", says(No)), fix("F2", says(Maybe)),
		// Of two accounts, the fix helps only the second.
		fix("F3", func(x *Exam) (Applicability, []Reason) {
			if x.Pair().Subject == "1" {
				return Yes, nil
			}
			return No, []Reason{because("other")}
		}),
		fix("F4", says(Yes)), fix("F5", says(Yes)), fix("F6", func(*Exam) (Applicability, []Reason) { panic("boom") }),
	}
	two := found(confirmed(Observed, because("c")), supported(Observed, because("c")), unknown(because("d")), refuted(Observed, because("e")))
	res := Evaluate(evidence(t, map[string]any{"thing": 1}), []Check{checkOf(two, fixes...)}, Options{}).Results[0]
	got := strings.Join(strings.Split(strings.TrimSpace(render(res)), "\n")[5:], "\n")
	want := `F0 no: gone
F1 no
F2 unknown
F3 yes recommended for TST-01.C1 1: other
F4 yes recommended for TST-01.C1 0: cause_unknown
F5 yes: cause_unknown
F6 unknown: internal`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	none := Evaluate(evidence(t, map[string]any{"thing": 1}), []Check{checkOf(found(refuted(Observed, because("c"))), fixes[4])}, Options{}).Results[0]
	if none.Fixes[0].Applies != "no" || codes(none.Fixes[0].Why) != ": cause_not_found" {
		t.Errorf("a fix without a cause: %s", render(none))
	}
}

// TestReplayIsJudgement: evidence that went through its file is judged as it was live.
func TestReplayIsJudgement(t *testing.T) {
	for _, c := range All() {
		for _, f := range loadCases(t, c.ID) {
			raw, err := json.Marshal(f.evidence)
			if err != nil {
				t.Fatal(err)
			}
			var again facts.Evidence
			if err := json.Unmarshal(raw, &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Evaluate(f.evidence, All(), Options{}), Evaluate(&again, All(), Options{})); diff != "" {
				t.Errorf("%s: %s", f.name, diff)
			}
		}
	}
}

// linkHosts are the hosts that a fix may send a reader to.
var linkHosts = []string{
	"docs.trendmicro.com", "success.trendmicro.com", "clp.trendmicro.com", "learn.microsoft.com", "support.microsoft.com",
	"developers.google.com", "support.google.com", "admin.google.com",
}

var term = regexp.MustCompile(`\{([a-z_]+)!\}`)

var slot = regexp.MustCompile(`\{[a-z_]+!?\}`)

func sameSlots(a, b string) bool {
	x, y := slot.FindAllString(a, -1), slot.FindAllString(b, -1)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(slices.Compact(x), slices.Compact(y))
}

// TestRegistry: a check that lacks a language, a link on a known host, or a sentence for one
// of its reasons is not finished.
func TestRegistry(t *testing.T) {
	ids := map[string]bool{}
	id := func(s, pattern string) {
		if ids[s] {
			t.Errorf("%s stands twice", s)
		}
		ids[s] = true
		if !regexp.MustCompile("^" + pattern + "$").MatchString(s) {
			t.Errorf("%s is not of the form %s", s, pattern)
		}
	}
	both := func(where string, texts ...Text) {
		for _, x := range texts {
			if strings.TrimSpace(x.EN) == "" || strings.TrimSpace(x.JA) == "" {
				t.Errorf("%s: a sentence is missing: %+v", where, x)
			}
			if !sameSlots(x.EN, x.JA) {
				t.Errorf("%s: the slots differ: %+v", where, x)
			}
		}
	}
	for _, c := range All() {
		id(c.ID, `[A-Z]{3}-\d\d`)
		both(c.ID, c.Title, c.Symptom)
		for _, cause := range c.Causes {
			id(cause.ID, c.ID+`\.[CX]\d`)
			both(cause.ID, cause.Text, cause.How)
		}
		for _, f := range c.Fixes {
			id(f.ID, c.ID+`\.F\d`)
			both(f.ID, f.Text, f.Risk)
			if f.Applies != nil || f.When != (Text{}) { // a condition that is not told is a surprise
				both(f.ID, f.When)
			}
			if len(f.For) == 0 || len(f.Links) == 0 {
				t.Errorf("%s: a fix names its causes and at least one document", f.ID)
			}
			for _, cause := range f.For {
				if !slices.ContainsFunc(c.Causes, func(k Cause) bool { return k.ID == cause }) {
					t.Errorf("%s: no cause %s", f.ID, cause)
				}
			}
			for _, l := range f.Links {
				u, err := url.Parse(l)
				if err != nil || u.Scheme != "https" || !slices.Contains(linkHosts, u.Host) {
					t.Errorf("%s: not a link to a known host: %s", f.ID, l)
				}
			}
		}
		for code, text := range c.Words {
			both(c.ID+" "+code, text)
		}
	}
	for code, text := range common {
		both(code, text)
	}
	for _, k := range facts.Kinds() {
		if _, ok := common[string(k)]; !ok {
			t.Errorf("no sentence for the failure %s", k)
		}
	}
}

// reasonsOf are all reasons of statements, at any depth.
func reasonsOf(list []Statement) (out []Reason) {
	for _, s := range list {
		out = append(append(append(out, s.About), s.Reasons...), reasonsOf(s.Because)...)
	}
	return out
}

// TestEveryReasonHasItsSentence: over all cases, no code and no term is printed raw, and no
// sentence is left with an empty place where its argument should be.
func TestEveryReasonHasItsSentence(t *testing.T) {
	for _, c := range All() {
		for _, f := range loadCases(t, c.ID) {
			for _, ev := range []*facts.Evidence{f.evidence, f.flip} {
				if ev == nil {
					continue
				}
				res := Evaluate(ev, []Check{c}, Options{}).Results[0]
				var reasons []Reason
				for _, e := range res.Causes {
					reasons = append(reasons, e.Reasons...)
				}
				for _, x := range res.Fixes {
					reasons = append(reasons, x.Why...)
				}
				reasons = append(reasons, res.Remarks...)
				for _, chain := range res.Chains {
					reasons = append(reasons, reasonsOf(chain.Statements)...)
				}
				for _, r := range reasons {
					if r.Text.EN == r.Code {
						t.Errorf("%s: no sentence for %s", f.name, r.Code)
					}
					template, own := c.Words[r.Code]
					if !own {
						template = common[r.Code]
					}
					for _, name := range term.FindAllStringSubmatch(template.EN, -1) {
						for _, v := range strings.FieldsFunc(r.Args[name[1]], func(r rune) bool { return r == ' ' }) {
							if c.Words[v].EN == "" && terms[v].EN == "" && v != "and" && v != "or" {
								t.Errorf("%s: %s: no term for %s=%q", f.name, r.Code, name[1], v)
							}
						}
					}
				}
			}
		}
	}
}
