package condaccess

import (
	"fmt"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// tenant is 300 policies of every kind that the tests have.
func tenant(t testing.TB) []facts.Policy {
	all := scenarios(t)
	list := make([]facts.Policy, 300)
	for i := range list {
		list[i] = policy(t, all[i%len(all)].patch)
		list[i].ID = fmt.Sprint(i)
	}
	return list
}

// TestEvaluateAllocatesNothing: with 300 policies and 10,000 accounts, anything that one
// evaluation allocates is allocated nine million times. That holds for every policy of the
// tests, and for one that writes every id in capitals.
func TestEvaluateAllocatesNothing(t *testing.T) {
	capitals := strings.ToUpper
	policies := map[string]facts.Policy{
		"capitals": policy(t, `{"conditions":{
			"users":{"includeUsers":["`+capitals(someone)+`"],"includeGroups":["`+capitals(noGroup)+`","`+capitals(myGroup)+`"],
				"excludeRoles":["`+capitals(spoAdmin)+`"]},
			"applications":{"includeApplications":["`+capitals(SharePointOnline)+`"]},
			"locations":{"includeLocations":["All"],"excludeLocations":["`+capitals(partner)+`","`+capitals(office)+`"]}}}`),
	}
	for _, c := range scenarios(t) {
		policies[c.name] = policy(t, c.patch)
	}
	for _, client := range clients {
		s := admin().signIn(client)
		for name, p := range policies {
			if n := testing.AllocsPerRun(1, func() { Evaluate(&p, s) }); n != 0 {
				t.Errorf("%s: allocates %v times", name, n)
			}
		}
	}
}

// everybody is 10,000 accounts, of which every tenth is an administrator.
func everybody() []Account {
	list := make([]Account, 10_000)
	for i := range list {
		k := admin()
		k.user.ID = fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
		if i%10 != 0 {
			k.roles = []facts.Seen[[]facts.RoleAssignment]{facts.Got([]facts.RoleAssignment{})}
		}
		list[i] = NewAccount(at, k.user, k.groups, k.roles...)
	}
	return list
}

// count judges every policy for every account, and counts the sign-ins that fail.
func count(policies []facts.Policy, accounts []Account, origin Origin) int {
	n := 0
	s := SignIn{Origin: origin, Client: Other}
	for i := range accounts {
		s.Account = accounts[i]
		for j := range policies {
			if Evaluate(&policies[j], &s).Fails() == True {
				n++
			}
		}
	}
	return n
}

// BenchmarkTenant is 10,000 accounts against 300 policies: three million evaluations.
func BenchmarkTenant(b *testing.B) {
	policies, accounts, origin := tenant(b), everybody(), NewOrigin(nil, admin().locations)
	b.ReportAllocs()
	for b.Loop() {
		count(policies, accounts, origin)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(policies)*len(accounts)), "ns/evaluation")
}

// BenchmarkResolve completes the strengths of 300 policies, once for a tenant.
func BenchmarkResolve(b *testing.B) {
	policies, listed := tenant(b), strengths()
	b.ReportAllocs()
	for b.Loop() {
		Resolve(policies, listed)
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
