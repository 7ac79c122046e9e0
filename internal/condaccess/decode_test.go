package condaccess

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// TestMalformed: what has the wrong shape is no policy, and the failure names the member, but
// never repeats a value.
func TestMalformed(t *testing.T) {
	for _, c := range []struct{ body, detail string }{
		{``, "the object is not an object"},
		{`null`, "the object is not an object"},
		{`[]`, "the object is not an object"},
		{`"secret"`, "the object is not an object"},
		{`{"id":"1"`, "the object is not valid JSON"},
		{`{"id":"1",}`, "the object is not valid JSON"},
		{`{"id":"1"} {}`, "the object is followed by something else"},
		{`{}`, "id is missing"},
		{`{"id":null}`, "id is missing"},
		{`{"id":7}`, "id is not a string"},
		{`{"id":"1","state":true}`, "state is not a string"},
		{`{"id":"1","state":"enabled","state":"disabled"}`, `the object has the member "state" twice`},
		{`{"id":"1","state":"enabled","STATE":"disabled"}`, `the object has the member "STATE" twice`},
		{`{"id":"1","createdDateTime":"secret"}`, "createdDateTime is not a date and time"},
		{`{"id":"1","conditions":[]}`, "conditions is not an object"},
		{`{"id":"1","conditions":{"clientAppTypes":"all"}}`, "conditions.clientAppTypes is not a list of strings"},
		{`{"id":"1","conditions":{"clientAppTypes":["all",null]}}`, "conditions.clientAppTypes is not a list of strings"},
		{`{"id":"1","conditions":{"clientAppTypes":[{"secret":1}]}}`,
			"conditions.clientAppTypes is not a list of strings"},
		{`{"id":"1","conditions":{"users":{"includeUsers":"All"}}}`,
			"conditions.users.includeUsers is not a list of strings"},
		{`{"id":"1","conditions":{"users":{"includeUsers":[],"IncludeUsers":[]}}}`,
			`conditions.users has the member "IncludeUsers" twice`},
		{`{"id":"1","conditions":{"users":{"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":["none"]}}}}`,
			"conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes is not a string"},
		{`{"id":"1","conditions":{"users":{"includeGuestsOrExternalUsers":{"externalTenants":{}}}}}`,
			"conditions.users.includeGuestsOrExternalUsers.externalTenants.membershipKind is missing"},
		{`{"id":"1","conditions":{"devices":{"deviceFilter":"secret"}}}`, "conditions.devices.deviceFilter is not an object"},
		{`{"id":"1","grantControls":{"builtInControls":[1]}}`, "grantControls.builtInControls is not a list of strings"},
		{`{"id":"1","grantControls":{"authenticationStrength":{}}}`, "grantControls.authenticationStrength.id is missing"},
		{`{"id":"1","sessionControls":true}`, "sessionControls is not an object"},
		{`{"id":"1","sessionControls":{"signInFrequency":{"value":"secret"}}}`,
			"sessionControls.signInFrequency.value is not an integer"},
		{`{"id":"1","sessionControls":{"cloudAppSecurity":"secret"}}`, "sessionControls.cloudAppSecurity is not an object"},
	} {
		p, err := Decode(json.RawMessage(c.body))
		var f *facts.Failure
		if !errors.As(err, &f) || f.Kind != facts.Malformed || f.Detail != c.detail {
			t.Errorf("%s: %v, want %q", c.body, err, c.detail)
			continue
		}
		if strings.Contains(f.Detail, "secret") {
			t.Errorf("%s: the failure repeats a value", c.body)
		}
		if !cmp.Equal(p, facts.Policy{}) {
			t.Errorf("%s: half a policy: %+v", c.body, p)
		}
	}
}

func TestMalformedLocation(t *testing.T) {
	for body, detail := range map[string]string{
		`[]`:                               "the object is not an object",
		`{"displayName":"x"}`:              "id is missing",
		`{"id":"1","isTrusted":"yes"}`:     "isTrusted is not a boolean",
		`{"id":"1","ipRanges":{}}`:         "ipRanges is not a list",
		`{"id":"1","ipRanges":[{}]}`:       "ipRanges[0].cidrAddress is missing",
		`{"id":"1","ipRanges":["1/8"]}`:    "ipRanges[0] is not an object",
		`{"id":"1","id":"2"}`:              `the object has the member "id" twice`,
		`{"id":"1","@odata.type":{"x":1}}`: "@odata.type is not a string",
	} {
		l, err := DecodeLocation(json.RawMessage(body))
		var f *facts.Failure
		if !errors.As(err, &f) || f.Kind != facts.Malformed || f.Detail != detail || !cmp.Equal(l, facts.NamedLocation{}) {
			t.Errorf("%s: %+v, %v, want %q", body, l, err, detail)
		}
	}
	if s, err := DecodeStrength(json.RawMessage(`{"id":"1","allowedCombinations":"password"}`)); err == nil {
		t.Errorf("a strength whose combinations are no list: %+v", s)
	}
}

// FuzzDecode: no input makes the decoders or the evaluation panic, and a policy that was
// decoded says the same after it has been through evidence.json.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, c := range scenarios() {
		f.Add([]byte(raw(f, c.patch)))
	}
	f.Add([]byte(`{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"1","ipRanges":[{"cidrAddress":"::/0"}]}`))
	k := admin().from("203.0.113.1", "DE")
	f.Fuzz(func(t *testing.T, body []byte) {
		if l, err := DecodeLocation(body); err == nil {
			NewOrigin(&facts.Egress{IP: "203.0.113.1", Country: "DE"}, facts.Got([]facts.NamedLocation{l}))
		}
		if _, err := DecodeStrength(body); err != nil {
			if f := new(facts.Failure); !errors.As(err, &f) || f.Kind != facts.Malformed {
				t.Errorf("not classified: %v", err)
			}
		}
		p, err := Decode(body)
		if err != nil {
			if f := new(facts.Failure); !errors.As(err, &f) || f.Kind != facts.Malformed {
				t.Errorf("not classified: %v", err)
			}
			return
		}
		if p.ID == "" {
			t.Error("a policy without an id")
		}
		for _, client := range clients {
			judged(t, p, k.signIn(client))
		}
	})
}
