package facts

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzDecode: what is read as evidence says its schema and its time, and is written and read back
// as the same. Get never takes a value of another shape for an empty one.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema":"casdoctor.evidence/v1","taken":"2026-11-20T06:00:00Z","tenant":"contoso","facts":{"m365.accounts":{"value":{"accounts":[]},"source":"observed"}}}`))
	f.Add([]byte(`{"schema":"casdoctor.evidence/v1","taken":"2026-11-20T06:00:00Z","facts":{"m365.accounts":{"value":null}}}`))
	f.Add([]byte(`{"schema":"casdoctor.evidence/v1","schema":"x","taken":"0001-01-01T00:00:00Z","facts":null}`))
	f.Add([]byte(`{"schema":"casdoctor.evidence/v2"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		ev, err := Decode(raw)
		if err != nil {
			if ev != nil {
				t.Fatal("evidence beside an error")
			}
			return
		}
		if ev.Schema != Schema || ev.Taken.IsZero() {
			t.Fatalf("read without its schema or its time: %q %v", ev.Schema, ev.Taken)
		}
		once, err := ev.Encode()
		if err != nil {
			return // a year that JSON cannot write: an error, and no file
		}
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		twice, err := again.Encode()
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("not the same when read back (%v):\n%s\n%s", err, once, twice)
		}
		for name, fact := range ev.Facts {
			seen := Get(ev, Key[AccountSet]{name})
			var object map[string]json.RawMessage
			if isObject := json.Unmarshal(fact.Value, &object) == nil && object != nil; !isObject && seen.Value != nil {
				t.Errorf("%s is read from %s", name, fact.Value)
			}
			if seen.Value == nil && seen.Failure == nil {
				t.Errorf("%s has neither a value nor a reason", name)
			}
		}
	})
}
