package checks

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The judgement is tested with cases in testdata/<check>/*.txtar. A case starts from a base
// (testdata/<check>/<base>.json: fact name to value), changes members, and states the whole
// judgement of its check. An optional flip changes one more member and states the new one.
//
//	-- case --
//	base automatic
//	taken 2026-01-15T06:00:00Z
//	m365.accounts:accounts.0.per_user_mfa.value.perUserMfaState = "enforced"
//	m365.sharepoint! = {"kind":"forbidden","permission":"SharePointTenantSettings.Read.All"}
//	-- want --
//	MFA-01 fail
//	MFA-01.C1 admin@contoso.com confirmed observed: per_user_mfa
//	MFA-01.F1 yes recommended for MFA-01.C1 admin@contoso.com: …
//	-- flip --
//	m365.accounts:accounts.0.per_user_mfa.value.perUserMfaState = "disabled"
//	-- want flip --
//	…
//
// "name:path = JSON" sets a member of a fact's value (null removes it), "name = JSON" the whole
// value, and "name! = JSON" makes the fact a failure. The subject "" is written -.
type caseFile struct {
	name       string
	evidence   *facts.Evidence
	want       string
	flip       *facts.Evidence
	wantFlip   string
	flippedSet []string
}

func TestCases(t *testing.T) {
	for _, c := range All() {
		for _, f := range loadCases(t, c.ID) {
			t.Run(f.name, func(t *testing.T) {
				compare(t, c, f.evidence, f.want)
				if f.flip != nil {
					if len(f.flippedSet) != 1 {
						t.Fatalf("a flip changes one member, not %d", len(f.flippedSet))
					}
					compare(t, c, f.flip, f.wantFlip)
				}
			})
		}
	}
}

func compare(t *testing.T, c Check, ev *facts.Evidence, want string) {
	t.Helper()
	res := Evaluate(ev, []Check{c}, Options{}).Results[0]
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(render(res))); diff != "" {
		t.Errorf("judgement differs (-want +got):\n%s", diff)
	}
}

// render writes a judgement as the lines of a case.
func render(res Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s%s\n", res.ID, res.Status, codes(res.Remarks))
	for _, e := range res.Causes {
		fmt.Fprintf(&b, "%s %s %s %s%s\n", e.ID, dash(e.Subject), e.Verdict, e.Basis, codes(e.Reasons))
	}
	for _, f := range res.Fixes {
		fmt.Fprintf(&b, "%s %s", f.ID, f.Applies)
		for _, r := range f.For {
			if r.Recommended {
				fmt.Fprintf(&b, " recommended for %s %s", r.Cause, dash(r.Subject))
			}
		}
		b.WriteString(codes(f.Why) + "\n")
	}
	return b.String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func codes(list []Reason) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Code)
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, " ")
}

func loadCases(t *testing.T, check string) []caseFile {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", check, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var out []caseFile
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := caseFile{name: strings.TrimSuffix(filepath.ToSlash(strings.TrimPrefix(name, "testdata"+string(filepath.Separator))), ".txtar")}
		var lines []string
		for _, f := range ar.Files {
			body := string(f.Data)
			switch f.Name {
			case "case":
				lines = sentences(body)
				c.evidence = evidenceOf(t, name, check, lines)
			case "want":
				c.want = body
			case "flip":
				c.flippedSet = sentences(body)
				c.flip = evidenceOf(t, name, check, append(slices.Clone(lines), c.flippedSet...))
			case "want flip":
				c.wantFlip = body
			default:
				t.Fatalf("%s: unknown section %q", name, f.Name)
			}
		}
		if c.evidence == nil || c.want == "" || (c.flip == nil) != (c.wantFlip == "") {
			t.Fatalf("%s: a case needs case and want, and a flip its want flip", name)
		}
		out = append(out, c)
	}
	return out
}

func sentences(body string) []string {
	var out []string
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func evidenceOf(t *testing.T, file, check string, lines []string) *facts.Evidence {
	t.Helper()
	values := map[string]any{}
	ev := &facts.Evidence{Schema: facts.Schema, Tenant: "contoso", Facts: map[string]facts.Fact{}}
	ev.Taken = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "base":
			raw, err := os.ReadFile(filepath.Join("testdata", check, rest+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &values); err != nil {
				t.Fatalf("%s.json: %v", rest, err)
			}
		case "taken":
			at, err := time.Parse(time.RFC3339, rest)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			ev.Taken = at
		default:
			name, raw, ok := strings.Cut(line, " = ")
			var v any
			if !ok || json.Unmarshal([]byte(raw), &v) != nil {
				t.Fatalf("%s: not a change: %s", file, line)
			}
			fact, path, deep := strings.Cut(name, ":")
			switch f, failed := strings.CutSuffix(fact, "!"); {
			case failed:
				var why facts.Failure
				if err := json.Unmarshal([]byte(raw), &why); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				delete(values, f)
				ev.Facts[f] = facts.Fact{Source: facts.Observed, Failure: &why}
			case deep:
				if !set(values[fact], strings.Split(path, "."), v) {
					t.Fatalf("%s: no such member: %s", file, name)
				}
			default:
				values[fact] = v
			}
		}
	}
	for name, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		ev.Facts[name] = facts.Fact{Source: facts.Observed, Value: raw}
	}
	return ev
}

// set changes a member; the last step of the path may be new, the others must be there.
func set(v any, path []string, to any) bool {
	switch at := v.(type) {
	case map[string]any:
		if len(path) == 1 {
			if to == nil {
				delete(at, path[0])
			} else {
				at[path[0]] = to
			}
			return true
		}
		return set(at[path[0]], path[1:], to)
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(at) {
			return false
		}
		if len(path) == 1 {
			at[i] = to
			return true
		}
		return set(at[i], path[1:], to)
	default:
		return false
	}
}

// TestEveryCauseHasItsCases: a cause that was never seen confirmed (or supported, where more
// is impossible), refuted, unknown and flipped is a cause that nobody has tried.
func TestEveryCauseHasItsCases(t *testing.T) {
	for _, c := range All() {
		verdicts, flips := map[string]map[string]bool{}, map[string]bool{}
		for _, f := range loadCases(t, c.ID) {
			before := entriesOf(c, f.evidence)
			for key, v := range before {
				cause, _, _ := strings.Cut(key, " ")
				if verdicts[cause] == nil {
					verdicts[cause] = map[string]bool{}
				}
				verdicts[cause][v] = true
			}
			if f.flip == nil {
				continue
			}
			for key, v := range entriesOf(c, f.flip) {
				cause, _, _ := strings.Cut(key, " ")
				if was, ok := before[key]; ok && was != v {
					flips[cause] = true
				}
			}
		}
		for _, cause := range c.Causes {
			got := verdicts[cause.ID]
			if !got["confirmed"] && !got["supported"] {
				t.Errorf("%s: no case confirms or supports it", cause.ID)
			}
			for _, v := range []string{"refuted", "unknown"} {
				if !got[v] {
					t.Errorf("%s: no case is %s", cause.ID, v)
				}
			}
			if !flips[cause.ID] {
				t.Errorf("%s: no flip changes its verdict", cause.ID)
			}
		}
	}
}

func entriesOf(c Check, ev *facts.Evidence) map[string]string {
	out := map[string]string{}
	for _, e := range Evaluate(ev, []Check{c}, Options{}).Results[0].Causes {
		out[e.ID+" "+e.Subject] = e.Verdict
	}
	return out
}
