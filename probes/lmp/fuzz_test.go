package lmp

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzDecode: only the answer that names the configured subscription and has a list of licences is
// one, and no secret of it gets into the fact.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"subscription_id":"SUB-1","name":"Cloud App Security","enabled":true,"licenses":[{"ac_code":"SECRET","license_expiration_date":"2026-12-31T00:00:00Z"}],"service_url":"https://x/?t=SECRET"}`))
	f.Add([]byte(`{"subscription_id":"SUB-2","licenses":[]}`))
	f.Add([]byte(`{"subscription_id":"sub-1","licenses":null}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := decode(body, "SUB-1")
		if err != nil {
			if s.ID != "" || s.Licenses != nil {
				t.Errorf("a subscription beside an error: %+v", s)
			}
			return
		}
		if !strings.EqualFold(s.ID, "SUB-1") || s.Licenses == nil {
			t.Errorf("not the subscription that was asked for, or without licences: %+v", s)
		}
		raw, err := json.Marshal(s)
		if err != nil {
			return // a date that JSON cannot write
		}
		if !strings.Contains(s.ID, "SECRET") && strings.Contains(string(raw), "ac_code") {
			t.Errorf("kept more than it may: %s", raw)
		}
	})
}
