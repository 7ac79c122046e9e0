package facts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type shape struct {
	N *int `json:"n,omitempty"`
}

var key = Key[shape]{"thing"}

// TestGet: what is missing, of another shape, or failed never looks like an empty value.
func TestGet(t *testing.T) {
	forbidden := &Failure{Kind: Forbidden, Status: 403, Permission: "Policy.Read.All"}
	for _, tt := range []struct {
		name  string
		facts map[string]Fact
		kind  Kind // of why there is none; "" for a value
	}{
		{"a value", map[string]Fact{"thing": {Value: json.RawMessage(`{"n":1}`)}}, ""},
		{"members that nobody knows yet", map[string]Fact{"thing": {Value: json.RawMessage(`{"n":1,"new":true}`)}}, ""},
		{"an old file", map[string]Fact{}, NotCollected},
		{"a failure", map[string]Fact{"thing": {Failure: forbidden}}, Forbidden},
		{"a value of somebody else", map[string]Fact{"thing": {Value: json.RawMessage(`{"n":1}`), Failure: &Failure{Kind: WrongIdentity}}}, WrongIdentity},
		{"neither", map[string]Fact{"thing": {}}, Malformed},
		{"null", map[string]Fact{"thing": {Value: json.RawMessage(`null`)}}, Malformed},
		{"another shape", map[string]Fact{"thing": {Value: json.RawMessage(`{"n":"one"}`)}}, Malformed},
		{"cut off", map[string]Fact{"thing": {Value: json.RawMessage(`{"n":`)}}, Malformed},
	} {
		s := Get(&Evidence{Facts: tt.facts}, key)
		if tt.kind == "" {
			if !s.Complete() || *s.Value.N != 1 {
				t.Errorf("%s: %+v", tt.name, s)
			}
			continue
		}
		if s.Value != nil || s.Why() == nil || s.Why().Kind != tt.kind {
			t.Errorf("%s: value %v, why %v", tt.name, s.Value, s.Why())
		}
	}
}

func TestSeen(t *testing.T) {
	if s := Got([]int{}); !s.Complete() {
		t.Error("an empty list that was read is a complete value")
	}
	if s := Partly([]int{1}, &Failure{Kind: Timeout}); s.Complete() || s.Value == nil || s.Why().Kind != Timeout {
		t.Errorf("a list that was cut: %+v", s)
	}
	if s := Missed[int](nil); s.Why() == nil || s.Why().Kind != Internal {
		t.Error("a value that is missing without a reason reads as seen")
	}
	var nobody Seen[int]
	if nobody.Complete() || nobody.Why().Kind != NotCollected {
		t.Error("a member that nobody filled in reads as seen")
	}
}

func TestEvidenceFile(t *testing.T) {
	e := &Evidence{
		Schema: Schema, Tenant: "contoso", Taken: time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC),
		Facts: map[string]Fact{"thing": {Value: json.RawMessage(`{"n":1}`), Source: Observed}},
	}
	raw, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Get(again, key), Get(e, key); !cmp.Equal(got, want) || !again.Taken.Equal(e.Taken) {
		t.Errorf("the file changed the evidence: %s", cmp.Diff(want, got))
	}
	for body, want := range map[string]string{
		"":                                       "not evidence",
		"[]":                                     "not evidence",
		`{}`:                                     `the schema is ""`,
		`{"schema":"casdoctor.evidence/v2"}`:     `the schema is "casdoctor.evidence/v2"`,
		`{"schema":"` + Schema + `","facts":1}`:  "not evidence",
		`{"schema":"` + Schema + `","facts":{}}`: "does not say when it was taken",
	} {
		if _, err := Decode([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestFailureInOneLine(t *testing.T) {
	f := &Failure{Kind: Forbidden, Status: 403, Code: "Authorization_RequestDenied", Permission: "Policy.Read.All", Detail: "policies"}
	if got, want := f.Error(), "forbidden 403 Authorization_RequestDenied (needs Policy.Read.All): policies"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
