package lab

import "fmt"

// The size of a large tenant, and of what concerns the Global Administrator in it.
const (
	manyUsers    = 100_000
	manyGroups   = 5_000
	manyPolicies = 1_000 // Entra ID takes fewer; the pages of more are what is looked at

	// Of every 25 groups the first ten are nested in each other, and the administrator is in
	// the innermost: 2,000 groups through 200 memberships.
	nestEvery, nestDepth = 25, 10
	// A group that can have a role cannot be inside of another (Microsoft Entra, "Use Microsoft
	// Entra groups to manage role assignments"), but it can be in one.
	assignableEvery = 125

	sharePointAdministrator = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"
)

// large is a tenant in which one of a thousand policies reaches the Global Administrator,
// through groups that are nested ten deep.
func large(o *Organisation) {
	automatic(o)
	m := &o.Microsoft
	m.MoreUsers = manyUsers - len(m.Users)
	admin := &m.Users[0]
	admin.MemberOf = nil
	m.Groups = make([]Group, manyGroups)
	id := func(i int) string { return numbered("9a0c5000", i) }
	for i := range m.Groups {
		g := &m.Groups[i]
		*g = Group{ID: id(i), DisplayName: fmt.Sprintf("Department %04d", i), Assignable: i%assignableEvery == 0}
		nested := i % nestEvery
		if nested < nestDepth-1 {
			g.MemberOf = []string{id(i + 1)}
		}
		if nested == 0 {
			admin.MemberOf = append(admin.MemberOf, g.ID)
		}
		if g.Assignable {
			r := RoleAssignment{PrincipalID: g.ID, RoleDefinitionID: sharePointAdministrator}
			m.RoleAssignments, m.EligibleRoles = append(m.RoleAssignments, r), append(m.EligibleRoles, r)
		}
	}
	m.Policies = nil
	for i := range manyPolicies {
		group := nestDepth + i*nestEvery%manyGroups // nobody's here
		if i == manyPolicies/2 {
			group = nestDepth - 1 // the outermost of the first nest
		}
		m.Policies = append(m.Policies, policyForGroup(numbered("5a1f6e2b", i), fmt.Sprintf("MFA for department %04d", group), id(group)))
	}
}
