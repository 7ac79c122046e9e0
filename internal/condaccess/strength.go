package condaccess

import "github.com/casdoctor/casdoctor/probes/facts"

// Resolve completes the authentication strengths that policies name without saying what is in
// them, from the tenant's list of strengths (GET /policies/authenticationStrengthPolicies).
// What a policy says itself stays. It is done once, before any account is judged: Evaluate then
// has no list to search. The policies passed in are left as they are; those without such a
// strength are shared with the result.
//
// A strength that is not in the list, or in the part of it that was read, stays what it was.
func Resolve(policies []facts.Policy, strengths facts.Seen[[]facts.Strength]) []facts.Policy {
	if strengths.Value == nil {
		return policies
	}
	known := make(map[string]*facts.Strength, len(*strengths.Value))
	for i := range *strengths.Value {
		s := &(*strengths.Value)[i]
		known[fold(s.ID)] = s
	}
	resolved := append([]facts.Policy(nil), policies...)
	for i := range resolved {
		g := resolved[i].GrantControls
		if g == nil || g.AuthenticationStrength == nil {
			continue
		}
		listed, ok := known[fold(g.AuthenticationStrength.ID)]
		if !ok {
			continue
		}
		s := *g.AuthenticationStrength
		if len(s.AllowedCombinations) == 0 {
			s.AllowedCombinations = listed.AllowedCombinations
		}
		if s.RequirementsSatisfied == "" {
			s.RequirementsSatisfied = listed.RequirementsSatisfied
		}
		if s.DisplayName == "" {
			s.DisplayName = listed.DisplayName
		}
		controls := *g
		controls.AuthenticationStrength = &s
		resolved[i].GrantControls = &controls
	}
	return resolved
}
