package checks

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Relations between two judgements that hold whatever the organisation is like. Nobody states an
// expected verdict here: the evidence is changed in a way whose effect is known, and the two
// judgements are compared. Each relation is tried on every case of testdata and on the evidence
// of whole runs in testdata/v1. That a live run and its replay are judged alike is shown by the
// scenarios of cmd/casdoctor (TestScenarios).

// specimen is evidence, and the checks that it is for.
type specimen struct {
	name     string
	checks   []Check
	evidence *facts.Evidence
}

func specimens(t *testing.T) []specimen {
	t.Helper()
	var out []specimen
	for _, c := range All() {
		for _, f := range loadCases(t, c.ID) {
			out = append(out, specimen{f.name, []Check{c}, f.evidence})
			if f.flip != nil {
				out = append(out, specimen{f.name + ", flipped", []Check{c}, f.flip})
			}
		}
	}
	for _, name := range runsOfV1(t) {
		out = append(out, specimen{"v1/" + filepath.Base(name), All(), evidenceFile(t, name)})
	}
	return out
}

func runsOfV1(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "v1", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no evidence in testdata/v1", err)
	}
	return files
}

func evidenceFile(t testing.TB, name string) *facts.Evidence {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := facts.Decode(raw)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return ev
}

func (s specimen) judge(ev *facts.Evidence) Outcome { return Evaluate(ev, s.checks, Options{}) }

// with is the same evidence with another fact of that name.
func (s specimen) with(name string, f facts.Fact) *facts.Evidence {
	ev := *s.evidence
	ev.Facts = maps.Clone(s.evidence.Facts)
	ev.Facts[name] = f
	return &ev
}

// changed is the same evidence, with the JSON of each fact changed by a function.
func (s specimen) changed(t *testing.T, change func(fact string, value any) any) *facts.Evidence {
	t.Helper()
	ev := *s.evidence
	ev.Facts = maps.Clone(s.evidence.Facts)
	for name, f := range ev.Facts {
		if f.Value == nil {
			continue
		}
		var value any
		if err := json.Unmarshal(f.Value, &value); err != nil {
			t.Fatal(err)
		}
		f.Value = encoded(t, change(name, value))
		ev.Facts[name] = f
	}
	return &ev
}

func encoded(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// observed are the names of the facts that were looked up.
func (s specimen) observed() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.evidence.Facts)), func(name string) bool { return strings.HasPrefix(name, "declared.") })
}

// about is the specimen with those checks alone that may read a fact.
func (s specimen) about(fact string) specimen {
	s.checks = slices.DeleteFunc(slices.Clone(s.checks), func(c Check) bool { return !slices.Contains(c.Needs, fact) })
	return s
}

func byRef(out Outcome) map[Ref]Entry {
	all := map[Ref]Entry{}
	for _, res := range out.Results {
		for _, e := range res.Causes {
			all[e.Ref()] = e
		}
	}
	return all
}

// doubts are what may make a verdict more certain when it is taken away, because it spoke
// against it, or said the same fault under another name. Each is a decision of the design.
var doubts = []struct{ causes, taken, why string }{
	{`MFA-01\..*`, `m365\.(what_if|sign_ins).*`, "a second opinion that could not be had costs nothing"},
	{`GDM-01\.[CX]1`, `workspace\.grants.*`, "the audit log is looked at to spare a new grant a verdict"},
	{`GDM-01\.[CX]1`, `workspace\.delegation:(info|control|domains_wide)`, "one missing scope is said once: by C1 where the client is shown to be good, else by X1"},
	{`BND-01\.X1`, `m365\.binding_traces:consents`, "the consents of deleted applications need a permission that is optional"},
	{`TLS-01\.X1`, `console\.endpoint:(addresses|certificate)`, "who answers is told by address and certificate together; no probe gives the one without the other"},
	{`(LIC|SPM)-01\..*`, `(lmp\.subscription|cas\.api|cas\.detections|mail\.messages) \(not collected\)`, "evidence of before the optional probe: it was not configured"},
}

func doubted(cause, taken string) bool {
	for _, d := range doubts {
		if regexp.MustCompile("^"+d.causes+"$").MatchString(cause) && regexp.MustCompile("^"+d.taken+"$").MatchString(taken) {
			return true
		}
	}
	return false
}

// TestLessKnowledgeMovesOnlyTowardsUnknown: what was seen is taken away, call by call and fact by
// fact, as when a permission is withdrawn, a service is down or an answer is garbage. No verdict
// becomes another certainty, no unknown is settled by it, and nothing begins to pass.
func TestLessKnowledgeMovesOnlyTowardsUnknown(t *testing.T) {
	// Confirmed may weaken, refuted may become unknown, and unknown stays.
	may := map[string][]string{
		"confirmed":      {"confirmed", "supported", "unknown"},
		"supported":      {"supported", "unknown"},
		"unknown":        {"unknown"},
		"refuted":        {"refuted", "unknown"},
		"not_applicable": {"not_applicable", "unknown"},
	}
	tried := 0
	for _, all := range specimens(t) {
		judged := map[string]Outcome{} // as it was, by the fact that is taken from
		less := func(taken string, ev *facts.Evidence) {
			tried++
			fact, _, _ := strings.Cut(strings.Fields(taken)[0], ":")
			s := all.about(fact)
			before, ok := judged[fact]
			if !ok {
				before = s.judge(all.evidence)
				judged[fact] = before
			}
			after := s.judge(ev)
			is := byRef(after)
			for ref, e := range byRef(before) {
				now, there := is[ref]
				if !there || slices.Contains(may[e.Verdict], now.Verdict) || doubted(ref.Cause, taken) {
					continue
				}
				t.Errorf("%s without %s: %s %s is %s%s, was %s%s", all.name, taken, ref.Cause, ref.Subject,
					now.Verdict, codes(now.Reasons), e.Verdict, codes(e.Reasons))
			}
			for i, res := range after.Results {
				if res.Status == StatusPass && before.Results[i].Status != StatusPass &&
					!slices.ContainsFunc(res.Causes, func(e Entry) bool { return doubted(e.ID, taken) }) {
					t.Errorf("%s without %s: %s passes, was %s", all.name, taken, res.ID, before.Results[i].Status)
				}
			}
		}
		for _, name := range all.observed() {
			f := all.evidence.Facts[name]
			less(name+" (refused)", all.with(name, facts.Fact{Source: f.Source, Failure: &facts.Failure{Kind: facts.Forbidden, Permission: "Some.Read.All"}}))
			gone := all.with(name, f)
			delete(gone.Facts, name)
			less(name+" (not collected)", gone)
			if f.Value == nil {
				continue
			}
			less(name+" (cut)", all.with(name, facts.Fact{Source: f.Source, Value: f.Value, Failure: &facts.Failure{Kind: facts.Timeout}}))
			if len(all.checks) == 1 {
				continue // to the judgement both of these are a fact that is not there
			}
			less(name+" (garbage)", all.with(name, facts.Fact{Source: f.Source, Value: json.RawMessage(`"<html>"`)}))
			less(name+" (another tenant's)", all.with(name, facts.Fact{Source: f.Source, Value: f.Value, Failure: &facts.Failure{Kind: facts.WrongIdentity}}))
		}
		withoutEach(t, all.evidence, less)
	}
	if tried < 3000 {
		t.Fatalf("only %d pieces of knowledge were taken away", tried)
	}
}

// TestAnExclusionAffectsNoOneMore: an exclusion that is added to a policy, or a policy that is
// switched off, takes a demand away from somebody. Nobody is asked for more by it.
func TestAnExclusionAffectsNoOneMore(t *testing.T) {
	exclusions := map[string]func(policy map[string]any){}
	for member, words := range map[string][]string{
		"users.excludeUsers":               {"071cc716-8147-4397-a5ba-b2105951cc0b", "GuestsOrExternalUsers", "a-word-of-tomorrow"},
		"users.excludeGroups":              {"0a1b2c3d-0000-4000-8000-000000000009"},
		"users.excludeRoles":               {"62e90394-69f5-4237-9190-012177145e10"},
		"applications.excludeApplications": {"00000003-0000-0ff1-ce00-000000000000", "Office365"},
		"platforms.excludePlatforms":       {"windows"},
	} {
		condition, list, _ := strings.Cut(member, ".")
		for _, word := range words {
			exclusions[member+" "+word] = func(policy map[string]any) {
				conditions, _ := policy["conditions"].(map[string]any)
				in, _ := conditions[condition].(map[string]any)
				if in == nil {
					return // without the condition an exclusion means nothing to Graph
				}
				have, _ := in[list].([]any)
				in[list] = append(slices.Clone(have), word)
			}
		}
	}
	exclusions["state disabled"] = func(policy map[string]any) { policy["state"] = "disabled" }
	order := []string{"refuted", "unknown", "supported", "confirmed"}
	tried := 0
	for _, s := range specimens(t) {
		s = s.about(facts.M365ConditionalAccess.Name)
		for what, exclude := range exclusions {
			ev, any := excluding(t, s, exclude)
			if !any || len(s.checks) == 0 {
				continue
			}
			tried++
			was, is := byRef(s.judge(s.evidence)), byRef(s.judge(ev))
			for ref, e := range was {
				before, after := slices.Index(order, e.Verdict), slices.Index(order, is[ref].Verdict)
				if ref.Cause == "MFA-01.X3" { // nobody asks any more: the other way round
					before, after = after, before
				}
				if before >= 0 && after > before {
					t.Errorf("%s with %s: %s %s is %s, was %s", s.name, what, ref.Cause, ref.Subject, is[ref].Verdict, e.Verdict)
				}
			}
		}
	}
	if tried < 200 {
		t.Fatalf("only %d exclusions were tried", tried)
	}
}

// excluding changes every policy, without the second opinions on what it was before.
func excluding(t *testing.T, s specimen, change func(map[string]any)) (*facts.Evidence, bool) {
	t.Helper()
	found := false
	ev := s.changed(t, func(fact string, value any) any {
		ca, _ := value.(map[string]any)
		seen, _ := ca["policies"].(map[string]any)
		list, _ := seen["value"].([]any)
		if fact != facts.M365ConditionalAccess.Name {
			return value
		}
		for _, p := range list {
			if policy, ok := p.(map[string]any); ok {
				change(policy)
				found = true
			}
		}
		return value
	})
	delete(ev.Facts, facts.M365WhatIf.Name)
	delete(ev.Facts, facts.M365SignIns.Name)
	return ev, found && s.evidence.Facts[facts.M365WhatIf.Name].Value == nil && s.evidence.Facts[facts.M365SignIns.Name].Value == nil
}

// ordered are the lists whose order is a statement: hops and results stand in the order of a
// message, hellos as they were sent, suites in the server's order, chains leaf first.
var ordered = []string{
	"received", "results", "hellos", "handshakes", "connects", "suites", "chain", "addresses", "messages",
	"internal_domain_entries", "internal_domains", // two lists that belong together, line by line
}

// TestOrderChangesNothing: policies, groups, domains, accounts, relays, DNS answers and whatever
// else a service returns in an order of its own.
func TestOrderChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var shuffle func(string, any) any
	shuffle = func(name string, v any) any {
		switch at := v.(type) {
		case map[string]any:
			for member, child := range at {
				if member == "value" {
					at[member] = shuffle(name, child)
				} else {
					at[member] = shuffle(member, child)
				}
			}
		case []any:
			for i := range at {
				at[i] = shuffle("", at[i])
			}
			if !slices.Contains(ordered, name) {
				random.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
			}
		}
		return v
	}
	for _, s := range specimens(t) {
		want := unordered(t, s.judge(s.evidence))
		for range 2 {
			if diff := cmp.Diff(want, unordered(t, s.judge(s.changed(t, shuffle)))); diff != "" {
				t.Errorf("%s: the order makes a difference:\n%s", s.name, diff)
			}
		}
	}
}

// unordered is what a judgement says, without the order in which it says it: entries, reasons with
// their arguments, fixes and remarks.
func unordered(t *testing.T, out Outcome) []string {
	t.Helper()
	var all []string
	reasons := func(list []Reason) string {
		var said []string
		for _, r := range list {
			for name, arg := range r.Args {
				r.Args[name] = words(arg)
			}
			said = append(said, r.Code+string(encoded(t, r.Args)))
		}
		slices.Sort(said)
		return strings.Join(said, " ")
	}
	for _, res := range out.Results {
		all = append(all, fmt.Sprintf("%s %s: %s", res.ID, res.Status, reasons(res.Remarks)))
		for _, e := range res.Causes {
			all = append(all, fmt.Sprintf("%s %q %s %s: %s", e.ID, e.Subject, e.Verdict, e.Basis, reasons(e.Reasons)))
		}
		for _, f := range res.Fixes {
			all = append(all, fmt.Sprintf("%s %s %v: %s", f.ID, f.Applies, f.Recommended, reasons(f.Why)))
			for _, of := range f.For {
				all = append(all, fmt.Sprintf("%s for %v %s %v: %s", f.ID, of.Ref, of.Applies, of.Recommended, reasons(of.Why)))
			}
		}
	}
	slices.Sort(all)
	return all
}

// words are those of an argument, sorted: many are lists.
func words(arg string) string {
	list := strings.FieldsFunc(arg, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	slices.Sort(list)
	return strings.Join(list, " ")
}

// TestNamesChangeOnlyNames: other object ids, other people and other domains, one for one, are
// the same organisation under other names. The judgement, renamed back, is the same.
func TestNamesChangeOnlyNames(t *testing.T) {
	guid := regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	// An id that the code names (a role, an application, a strength) is a word and not a name.
	known := map[string]bool{}
	for _, pattern := range []string{"*.go", filepath.Join("..", "internal", "condaccess", "*.go")} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no source at "+pattern, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range guid.FindAllString(string(source), -1) {
				known[strings.ToLower(id)] = true
			}
		}
	}
	var there, again []string
	for _, pair := range [][2]string{{"contoso", "qvortzy"}, {"fabrikam", "wimplex"}, {"admin@", "ykfz@"}, {"cas@", "zpt@"}, {"cas-delegate@", "xq-jwvnyzhk@"}} {
		for _, write := range []func(string) string{strings.ToLower, strings.ToUpper, func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }} {
			there = append(there, write(pair[0]), write(pair[1]))
			again = append(again, write(pair[1]), write(pair[0]))
		}
	}
	names, back := strings.NewReplacer(there...), strings.NewReplacer(again...)
	turned := func(text string, r *strings.Replacer) string {
		return guid.ReplaceAllStringFunc(r.Replace(text), func(id string) string {
			if known[strings.ToLower(id)] {
				return id
			}
			return strings.Map(func(c rune) rune { // its own inverse
				for _, digits := range []string{"0123456789", "abcdef", "ABCDEF"} {
					if i := strings.IndexRune(digits, c); i >= 0 {
						return rune(digits[len(digits)-1-i])
					}
				}
				return c
			}, id)
		})
	}
	for _, s := range specimens(t) {
		raw, err := s.evidence.Encode()
		if err != nil {
			t.Fatal(err)
		}
		ev, err := facts.Decode([]byte(turned(string(raw), names)))
		if err != nil {
			t.Fatal(err)
		}
		want, got := unordered(t, s.judge(s.evidence)), unordered(t, s.judge(ev))
		for i := range got {
			got[i] = turned(got[i], back)
		}
		for _, list := range [][]string{want, got} { // names in a list stand in another order
			for i := range list {
				list[i] = words(list[i])
			}
			slices.Sort(list)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: names make a difference:\n%s", s.name, diff)
		}
	}
}

// TestAWaiverHidesNothing: it takes entries out of the status. What was found, why, and what
// mends it stay in the report word for word.
func TestAWaiverHidesNothing(t *testing.T) {
	tried := 0
	for _, s := range specimens(t) {
		plain := s.with(facts.DeclaredWaivers.Name, facts.Fact{Value: json.RawMessage("[]")})
		before := s.judge(plain)
		var waivers []facts.Waiver
		for ref := range byRef(before) {
			waivers = append(waivers, facts.Waiver{Cause: ref.Cause, Subject: "*", Reason: "accepted", Until: "9999-12-30"})
		}
		waived := s.judge(s.with(facts.DeclaredWaivers.Name, facts.Fact{Value: encoded(t, waivers)}))
		for i, res := range waived.Results {
			was := before.Results[i]
			for j := range res.Causes {
				if res.Causes[j].Waived != nil {
					tried++
				}
				res.Causes[j].Waived = nil
			}
			if diff := cmp.Diff(was.Causes, res.Causes); diff != "" {
				t.Errorf("%s: a waiver changed what %s found:\n%s", s.name, res.ID, diff)
			}
			if diff := cmp.Diff(was.Fixes, res.Fixes); diff != "" {
				t.Errorf("%s: a waiver changed a fix of %s:\n%s", s.name, res.ID, diff)
			}
			if res.Status.Rank() > was.Status.Rank() {
				// A symptom that only a waived cause explains: unknown instead of a pass.
				t.Errorf("%s: %s is %s with everything accepted, was %s", s.name, res.ID, res.Status, was.Status)
			}
		}
	}
	if tried < 300 {
		t.Fatalf("only %d entries were waived", tried)
	}
}

// TestTheUnrelatedChangesNothing: facts that no check reads, and members that this version does
// not know, are of another version. The judgement is the same to the letter.
func TestTheUnrelatedChangesNothing(t *testing.T) {
	var add func(any)
	add = func(v any) {
		switch at := v.(type) {
		case map[string]any:
			for name, child := range at {
				if name != "forefront" { // a map of what a header says
					add(child)
				}
			}
			at["x_member_of_tomorrow"] = map[string]any{"a": []int{1}}
		case []any:
			for _, child := range at {
				add(child)
			}
		}
	}
	for _, s := range specimens(t) {
		ev := s.changed(t, func(_ string, value any) any {
			if m, ok := value.(map[string]any); ok {
				forefront := m["forefront"]
				add(value)
				if forefront != nil {
					m["forefront"] = forefront
				}
				return m
			}
			add(value)
			return value
		})
		ev.Facts["m365.of_tomorrow"] = facts.Fact{Value: json.RawMessage(`{"isEnabled":true}`)}
		if diff := cmp.Diff(s.judge(s.evidence), s.judge(ev)); diff != "" {
			t.Errorf("%s: what is unrelated makes a difference:\n%s", s.name, diff)
		}
	}
}

// TestRunsOfV1AreJudgedAsEver: evidence that a released schema wrote is read by every later
// version, with the same verdicts.
func TestRunsOfV1AreJudgedAsEver(t *testing.T) {
	for _, name := range runsOfV1(t) {
		var b strings.Builder
		for _, res := range Evaluate(evidenceFile(t, name), All(), Options{}).Results {
			b.WriteString(render(res))
		}
		golden := strings.TrimSuffix(name, ".json") + ".want"
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s is judged differently (-want +got):\n%s", name, diff)
		}
	}
}
