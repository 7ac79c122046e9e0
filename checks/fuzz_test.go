package checks

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// FuzzJudge puts any bytes in the place of one fact of a healthy run, as a service of tomorrow or
// somebody who edits evidence would. For every input: no check panics, and a value that is not
// the fact's own shape is worth no more than a fact that is missing.
func FuzzJudge(f *testing.F) {
	healthy := evidenceFile(f, filepath.Join("testdata", "v1", "healthy.json"))
	names := slices.Sorted(maps.Keys(healthy.Facts))
	for i, name := range names {
		f.Add(uint8(i), []byte(healthy.Facts[name].Value))
	}
	for _, s := range []string{"null", "{}", "[]", `"<html>"`, `{"policies":{"value":[null]}}`, `{"accounts":[{}]}`, `{"value":{"value":[]}}`} {
		f.Add(uint8(0), []byte(s))
	}
	list := All()
	f.Fuzz(func(t *testing.T, which uint8, value []byte) {
		if len(value) > 1<<16 || !json.Valid(value) {
			t.Skip("never gets so far: the reader of evidence refuses it")
		}
		ev := *healthy
		name := names[int(which)%len(names)]
		ev.Facts = maps.Clone(ev.Facts)
		ev.Facts[name] = facts.Fact{Source: facts.Observed, Value: value}
		out := Evaluate(&ev, list, Options{})
		for _, res := range out.Results {
			for _, e := range res.Causes {
				for _, r := range e.Reasons {
					if r.Code == "internal" && strings.Contains(r.Args["detail"], "panicked") {
						t.Errorf("%s = %s: %s", name, value, r.Args["detail"])
					}
				}
			}
		}
		if strings.HasPrefix(name, "declared.") || string(value)[0] == '{' || string(value)[0] == '[' {
			return
		}
		// A text, a number or null is no fact of any kind.
		missing := *healthy
		missing.Facts = maps.Clone(missing.Facts)
		missing.Facts[name] = facts.Fact{Source: facts.Observed, Failure: &facts.Failure{Kind: facts.Malformed}}
		for i, res := range Evaluate(&missing, list, Options{}).Results {
			if out.Results[i].Status != res.Status {
				t.Errorf("%s = %s: %s is %s, and %s when it is missing", name, value, res.ID, out.Results[i].Status, res.Status)
			}
		}
	})
}
