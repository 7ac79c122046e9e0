package condaccess

import (
	"fmt"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// tenant is 300 policies of every kind that the tests have.
func tenant(t testing.TB) []facts.Policy {
	all := scenarios()
	list := make([]facts.Policy, 300)
	for i := range list {
		list[i] = policy(t, all[i%len(all)].patch)
		list[i].ID = fmt.Sprint(i)
	}
	return list
}

// TestEvaluateAllocatesNothing: with 300 policies and 10,000 accounts, anything that one
// evaluation allocates is allocated nine million times.
func TestEvaluateAllocatesNothing(t *testing.T) {
	policies := tenant(t)
	for _, client := range clients {
		s := admin().signIn(client)
		for i := range policies {
			if n := testing.AllocsPerRun(1, func() { Evaluate(&policies[i], s) }); n != 0 {
				t.Errorf("policy %q allocates %v times", policies[i].DisplayName, n)
			}
		}
	}
}

// BenchmarkEvaluate is one account against 300 policies, as a password client.
func BenchmarkEvaluate(b *testing.B) {
	policies := tenant(b)
	s := admin().signIn(Other)
	b.ReportAllocs()
	for b.Loop() {
		for i := range policies {
			Evaluate(&policies[i], s)
		}
	}
}

// BenchmarkExplain is the same with every step written down.
func BenchmarkExplain(b *testing.B) {
	policies := tenant(b)
	s := admin().signIn(Other)
	b.ReportAllocs()
	for b.Loop() {
		for i := range policies {
			Explain(&policies[i], s)
		}
	}
}

// BenchmarkAccount prepares one account that is in 100 groups.
func BenchmarkAccount(b *testing.B) {
	k := admin()
	for i := range 100 {
		*k.groups.Value = append(*k.groups.Value, facts.Group{ID: fmt.Sprintf("%08x-0000-0000-0000-000000000000", i)})
	}
	b.ReportAllocs()
	for b.Loop() {
		NewAccount(at, k.user, k.groups, k.roles...)
	}
}
