package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func TestFactStatus(t *testing.T) {
	why := func(k facts.Kind) *facts.Failure { return &facts.Failure{Kind: k} }
	for _, c := range []struct {
		name string
		fact facts.Fact
		want FactStatus
	}{
		{"a whole value", facts.Fact{Value: json.RawMessage(`{"a":{"value":1}}`)}, FactOK},
		{"an empty object", facts.Fact{Value: json.RawMessage(`{}`)}, FactOK},
		{"a list that was cut", facts.Fact{Value: json.RawMessage(`[1]`), Failure: why(facts.Timeout)}, FactPartial},
		{"a member was forbidden", facts.Fact{Value: json.RawMessage(`{"a":{"failure":{"kind":"forbidden"}}}`)}, FactPartial},
		{"a member was cut", facts.Fact{Value: json.RawMessage(`{"a":{"value":[1],"failure":{"kind":"throttled"}}}`)}, FactPartial},
		{"deep in a list", facts.Fact{Value: json.RawMessage(`{"a":[{},{"b":[{"c":{"failure":{"kind":"timeout"}}}]}]}`)}, FactPartial},
		{"a kind of the future", facts.Fact{Value: json.RawMessage(`{"a":{"failure":{"kind":"melted"}}}`)}, FactPartial},
		{"behind a harmless one", facts.Fact{Value: json.RawMessage(`{"failure":{"kind":"not_found"},"value":{"failure":{"kind":"rejected"}}}`)}, FactPartial},
		{"what does not exist is an answer", facts.Fact{Value: json.RawMessage(`{"a":{"failure":{"kind":"not_found"}}}`)}, FactOK},
		{"what nobody asked for cuts nothing", facts.Fact{Value: json.RawMessage(`{"a":{"failure":{"kind":"not_collected"}}}`)}, FactOK},
		{"nor what is not configured", facts.Fact{Value: json.RawMessage(`{"a":{"failure":{"kind":"not_configured"}}}`)}, FactOK},
		{"nor what is not declared", facts.Fact{Value: json.RawMessage(`{"a":{"failure":{"kind":"not_declared"}}}`)}, FactOK},
		{"a word called failure", facts.Fact{Value: json.RawMessage(`{"failure":"forbidden"}`)}, FactOK},
		{"no value", facts.Fact{Failure: why(facts.Forbidden)}, FactFailed},
		{"a null value", facts.Fact{Value: json.RawMessage(`null`), Failure: why(facts.NotFound)}, FactFailed},
		{"not configured", facts.Fact{Failure: why(facts.NotConfigured)}, FactSkipped},
		{"not collected", facts.Fact{Failure: why(facts.NotCollected)}, FactSkipped},
		{"neither value nor failure", facts.Fact{}, FactFailed},
		{"a value that is no JSON", facts.Fact{Value: json.RawMessage(`{`)}, FactFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := factOf("x", c.fact)
			if got.Status != c.want {
				t.Errorf("%s, want %s", got.Status, c.want)
			}
			if got.Status == FactFailed && got.Failure == nil {
				t.Error("a failed fact must say why")
			}
		})
	}
}

func TestFactNumbers(t *testing.T) {
	got := factOf("m365.accounts", facts.Fact{
		Value: json.RawMessage(`{}`), Took: 1499 * time.Microsecond, Requests: make([]facts.Request, 3),
	})
	if diff := cmp.Diff(Fact{Name: "m365.accounts", Status: FactOK, TookMS: 1, Requests: 3}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNew(t *testing.T) {
	r := everything()
	if r.Verdict != checks.NotReady || r.ExitCode != checks.ExitTrouble {
		t.Errorf("verdict %s, exit code %d", r.Verdict, r.ExitCode)
	}
	// --allow-unknown changes the exit code, never the verdict.
	open := checks.Outcome{Now: taken, Results: []checks.Result{sampleGDM()}}
	for allow, want := range map[bool]int{false: checks.ExitUnknown, true: checks.ExitOK} {
		r := New(sampleEvidence(), open, Options{FailOn: checks.StatusWarn, AllowUnknown: allow})
		if r.Verdict != checks.Undetermined || r.ExitCode != want {
			t.Errorf("allow unknown %v: verdict %s, exit code %d", allow, r.Verdict, r.ExitCode)
		}
	}
	warn := checks.Outcome{Now: taken, Results: []checks.Result{sampleACC()}}
	if r := New(sampleEvidence(), warn, Options{FailOn: checks.StatusFail}); r.Verdict != checks.NotReady || r.ExitCode != checks.ExitOK {
		t.Errorf("fail on fail: verdict %s, exit code %d", r.Verdict, r.ExitCode)
	}
	var names []string
	for _, f := range r.Facts {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"declared.licensing", "declared.microsoft365", "declared.run", "m365.accounts", "m365.security_defaults", "workspace.domains"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestSameEvidenceSameBytes(t *testing.T) {
	first := new(bytes.Buffer)
	if err := WriteJSON(first, everything(), View{}); err != nil {
		t.Fatal(err)
	}
	for range 20 { // map order differs from run to run
		again := new(bytes.Buffer)
		if err := WriteJSON(again, everything(), View{}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Fatal(cmp.Diff(first.String(), again.String()))
		}
	}
	// Another time zone of the machine is no other report.
	ev := sampleEvidence()
	ev.Taken = ev.Taken.In(time.FixedZone("JST", 9*60*60))
	here, there := new(bytes.Buffer), new(bytes.Buffer)
	for buf, r := range map[*bytes.Buffer]Report{
		here:  New(sampleEvidence(), checks.Outcome{Now: taken, Results: []checks.Result{sampleGDM()}}, Options{}),
		there: New(ev, checks.Outcome{Now: ev.Taken, Results: []checks.Result{sampleGDM()}}, Options{}),
	} {
		if err := WriteJSON(buf, r, View{}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(here.String(), there.String()); diff != "" {
		t.Error(diff)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, everything(), View{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "everything.json", b.String())

	back, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everything(), back); diff != "" {
		t.Errorf("a saved report differs from the fresh one (-fresh +saved):\n%s", diff)
	}
}

func TestJSONIsInertAndExact(t *testing.T) {
	const name = "\x1b[31m\u009b1m\u202e<&>\u2028\U000e0041é管"
	r := ready()
	r.Tenant = name
	var b bytes.Buffer
	if err := WriteJSON(&b, r, View{}); err != nil {
		t.Fatal(err)
	}
	want := `"tenant": "\u001b[31m\u009b1m\u202e<&>\u2028\udb40\udc41é管"`
	if !strings.Contains(b.String(), want) {
		t.Errorf("lacks %s:\n%s", want, b.String())
	}
	back, err := Read(&b)
	if err != nil || back.Tenant != name {
		t.Errorf("%q, %v", back.Tenant, err)
	}
}

func TestRead(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, undetermined(), View{}); err != nil {
		t.Fatal(err)
	}
	whole := b.String()
	if r, err := Read(strings.NewReader(strings.Replace(whole, "{", `{"new": [1], `, 1))); err != nil || r.Tenant != "contoso" {
		t.Errorf("an unknown member must be ignored: %v", err)
	}
	for name, c := range map[string]struct{ in, want string }{
		"empty":              {"", "not a whole casdoctor report"},
		"cut":                {whole[:len(whole)/2], "not a whole casdoctor report"},
		"two of them":        {whole + whole, "not a whole casdoctor report"},
		"binary":             {"\x00\x01\x02", "not a whole casdoctor report"},
		"another JSON":       {`{"a": 1}`, `it has no "schema"`},
		"a list":             {`[]`, "not a whole casdoctor report"},
		"evidence":           {`{"schema": "casdoctor.evidence/v1"}`, "casdoctor replay"},
		"a later version":    {strings.Replace(whole, "report/v1", "report/v2", 1), "update casdoctor"},
		"another schema":     {strings.Replace(whole, "casdoctor.report/v1", "junit", 1), `its schema is "junit"`},
		"a wrong type":       {strings.Replace(whole, `"tenant": "contoso"`, `"tenant": 7`, 1), "wrong type"},
		"nothing in it":      {`{"schema": "casdoctor.report/v1"}`, "damaged"},
		"an edited verdict":  {strings.Replace(whole, `"undetermined"`, `"ready"`, 1), "does not follow"},
		"an unknown status":  {strings.Replace(whole, `"status": "unknown"`, `"status": "fine"`, 1), `the status "fine"`},
		"ready with nothing": {`{"schema": "casdoctor.report/v1", "verdict": "ready", "checks": []}`, "damaged"},
	} {
		r, err := Read(strings.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it (report %v)", name, err, c.want, r.Verdict)
		}
	}
}

// TestReadRefusesWhatNoRunWrites: a report that somebody edited, or that another program made.
func TestReadRefusesWhatNoRunWrites(t *testing.T) {
	first := func(r *Report, status checks.Status) *checks.Result {
		i := slices.IndexFunc(r.Checks, func(c checks.Result) bool { return c.Status == status })
		return &r.Checks[i]
	}
	for name, c := range map[string]struct {
		spoil func(*Report)
		want  string
	}{
		"a check twice":         {func(r *Report) { r.Checks = append(r.Checks, r.Checks[0]) }, `the check "MFA-01" is listed twice`},
		"a foreign check":       {func(r *Report) { r.Checks[0].ID = "AWS-01" }, `a check "AWS-01", which this casdoctor does not know`},
		"a foreign entry":       {func(r *Report) { r.Checks[0].Causes[0].ID = "GDM-01.C1" }, `has an entry of another check, "GDM-01.C1 · admin@contoso.com"`},
		"a foreign fix":         {func(r *Report) { r.Checks[0].Fixes[0].ID = "GDM-01.F1" }, `has a fix of another check, "GDM-01.F1"`},
		"a fix twice":           {func(r *Report) { r.Checks[0].Fixes[1].ID = r.Checks[0].Fixes[0].ID }, `the fix "MFA-01.F3" is listed twice`},
		"a fact twice":          {func(r *Report) { r.Facts = append(r.Facts, r.Facts[0]) }, "the fact \"" + everything().Facts[0].Name + "\" is listed twice"},
		"fail without causes":   {func(r *Report) { first(r, checks.StatusFail).Causes = nil }, `the status "fail", and none of its entries`},
		"warn, all refuted":     {func(r *Report) { first(r, checks.StatusWarn).Causes[0].Verdict = "refuted" }, `the status "warn", and none of its entries`},
		"better than its entry": {func(r *Report) { r.Checks[0].Status = checks.StatusPass }, `the status "pass", and its entry "MFA-01.C1 · admin@contoso.com" is confirmed`},
		"a status":              {func(r *Report) { r.Checks[0].Status = "bad" }, `the check "MFA-01" has the status "bad"`},
		"a verdict":             {func(r *Report) { r.Checks[0].Causes[0].Verdict = "fine" }, `"MFA-01.C1 · admin@contoso.com" has the verdict "fine"`},
		"a basis":               {func(r *Report) { r.Checks[0].Causes[0].Basis = "hearsay" }, `"MFA-01.C1 · admin@contoso.com" has the basis "hearsay"`},
		"applies":               {func(r *Report) { r.Checks[0].Fixes[0].Applies = "sometimes" }, `the fix "MFA-01.F3" has the word "sometimes"`},
		"applies, for one":      {func(r *Report) { r.Checks[0].Fixes[0].For[0].Applies = "often" }, `the word "often" under "applies", for "MFA-01.C1 · admin@contoso.com"`},
		"a fact's status":       {func(r *Report) { r.Facts[0].Status = "good" }, `has the status "good"`},
		"a foreign exit code":   {func(r *Report) { r.ExitCode = 77 }, "does not end with 77"},
		"not ready, verdict":    {func(r *Report) { r.Verdict = checks.Ready }, "does not follow from its checks"},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(r Report) error {
				var b bytes.Buffer
				if err := WriteJSON(&b, r, View{}); err != nil {
					t.Fatal(err)
				}
				_, err := Read(&b)
				return err
			}
			r := clone(t, everything())
			if err := read(r); err != nil {
				t.Fatalf("the sample itself: %v", err)
			}
			c.spoil(&r)
			if err := read(r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}
