package all

import (
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes"
)

// TestProbes: a probe without a sentence, a deadline, or the permissions it needs is not
// finished, and one that asks for a right to write has no place here.
func TestProbes(t *testing.T) {
	list := Probes()
	if len(list) < 9 {
		t.Fatalf("only %d probes", len(list))
	}
	known := map[string]probes.Probe{}
	for _, p := range list {
		if _, twice := known[p.Fact]; twice {
			t.Errorf("%s is made by two probes", p.Fact)
		}
		known[p.Fact] = p
	}
	for _, p := range list {
		if p.Doc == "" || p.Timeout <= 0 {
			t.Errorf("%s: doc %q, timeout %v", p.Fact, p.Doc, p.Timeout)
		}
		if p.Section != "" && !slices.Contains([]string{"microsoft365", "google", "cas", "licensing"}, p.Section) {
			t.Errorf("%s: no section %q", p.Fact, p.Section)
		}
		for _, n := range slices.Concat(p.Needs, p.After) {
			if _, ok := known[n]; !ok {
				t.Errorf("%s needs %s, which no probe makes", p.Fact, n)
			}
		}
		for _, perm := range p.Permissions {
			if perm.Service == "" || perm.Name == "" || perm.Why == "" {
				t.Errorf("%s: %+v", p.Fact, perm)
			}
			for _, w := range []string{"Write", ".Manage", "FullControl", "full_access"} {
				if strings.Contains(perm.Name, w) {
					t.Errorf("%s asks for %s, which can change something", p.Fact, perm.Name)
				}
			}
		}
		if circle(known, p.Fact, nil) {
			t.Errorf("%s needs itself", p.Fact)
		}
	}
}

func circle(known map[string]probes.Probe, name string, path []string) bool {
	if slices.Contains(path, name) {
		return true
	}
	for _, n := range slices.Concat(known[name].Needs, known[name].After) {
		if circle(known, n, append(path, name)) {
			return true
		}
	}
	return false
}
