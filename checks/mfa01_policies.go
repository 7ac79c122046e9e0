package checks

import (
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// effect is what one enforced policy does to an account's sign-in: over the password protocol,
// and as a modern client. How CAS signs in is not published; the password protocol is what the
// vendor documents, so the other kind can only support.
type effect struct {
	policy        *facts.Policy
	other, modern outcome
	missing       map[condaccess.Code]*facts.Failure // why a list that policies look at is not there
}

// outcome is whether a sign-in fails, and whether a second factor is part of what it lacks.
type outcome struct {
	fails, factor condaccess.Tri
	inferred      bool // it rests on CAS signing in from outside the organisation's network
	later         bool // only once a role is active that can be activated
	signIn        condaccess.SignIn
}

// effects evaluates every policy for an account. The claim is about policies that could not
// be read at all; nil effects and an unknown claim mean that nothing could be looked at.
func effects(x *Exam, a facts.Account) ([]effect, Claim) {
	ca := Read(x, facts.M365ConditionalAccess)
	m := Read(x, facts.DeclaredM365)
	if ca.Value == nil {
		return nil, unseen("policies", ca.Why())
	}
	if m.Value == nil {
		return nil, unseen("policies", m.Why())
	}
	rest := refuted(Observed)
	if f := ca.Value.Policies.Why(); f != nil {
		rest = unseen("policies", f)
	}
	if ca.Value.Policies.Value == nil {
		return nil, rest
	}
	origin := condaccess.NewOrigin(m.Value.Egress, ca.Value.Locations)
	list := *ca.Value.Policies.Value
	out := make([]effect, 0, len(list))
	now := signingIn(x, a, false)
	activated := signingIn(x, a, true)
	missing := map[condaccess.Code]*facts.Failure{
		condaccess.CodeGroupsNotRead:    a.Groups.Why(),
		condaccess.CodeRolesNotRead:     rolesMissing(a),
		condaccess.CodeLocationsNotRead: ca.Value.Locations.Why(),
	}
	for i := range list {
		e := effect{policy: &list[i], missing: missing}
		for _, client := range []condaccess.Client{condaccess.Other, condaccess.MobileAppsAndDesktop, condaccess.Browser} {
			o := outcomeOf(e.policy, condaccess.SignIn{Account: now, Origin: origin, Client: client})
			if later := outcomeOf(e.policy, condaccess.SignIn{Account: activated, Origin: origin, Client: client}); later.fails > o.fails {
				o, o.later = later, true
			}
			switch {
			case client == condaccess.Other:
				e.other = o
			case o.fails > e.modern.fails || client == condaccess.MobileAppsAndDesktop:
				e.modern = o
			}
		}
		out = append(out, e)
	}
	return out, rest
}

func rolesMissing(a facts.Account) *facts.Failure {
	if f := a.Roles.Why(); f != nil {
		return f
	}
	return a.EligibleRoles.Why()
}

// signingIn is the account as policies see it: with its active roles or, to provision, with
// those it can activate too. A tenant without the licence for PIM has no eligible roles.
func signingIn(x *Exam, a facts.Account, activated bool) condaccess.Account {
	roles := []facts.Seen[[]facts.RoleAssignment]{a.Roles}
	if f := a.EligibleRoles.Why(); activated && (f == nil || f.Kind != facts.Unlicensed) {
		roles = append(roles, a.EligibleRoles)
	}
	return condaccess.NewAccount(x.Now(), *a.User.Value, a.Groups, roles...)
}

func outcomeOf(p *facts.Policy, s condaccess.SignIn) outcome {
	r := condaccess.Evaluate(p, &s)
	o := outcome{fails: r.Fails(), factor: r.DemandsMFA, inferred: r.Inferred, signIn: s}
	switch r.Mode {
	case condaccess.Off, condaccess.ReportOnly: // report-only demands nothing now
		o.fails = condaccess.False
	case condaccess.ModeUnknown:
		o.fails = o.fails.And(condaccess.Unknown)
	}
	return o
}

// policiesDemand: does an enforced policy demand a second factor of the account?
func policiesDemand(x *Exam, a facts.Account) Claim {
	return overPolicies(x, a, "policy_demands_factor", "no_policy_demands", func(o outcome) condaccess.Tri { return o.fails.And(o.factor) })
}

// policiesBlock: does one refuse the sign-in for what is not a second factor?
func policiesBlock(x *Exam, a facts.Account) Claim {
	return overPolicies(x, a, "policy_blocks", "no_policy", func(o outcome) condaccess.Tri { return o.fails.And(o.factor.Not()) })
}

// policiesOnOther: does one stop the password protocol, for whatever reason? An app password
// does not help against that.
func policiesOnOther(x *Exam, a facts.Account) Claim {
	if a.User.Value == nil {
		return unseen("account", a.User.Why())
	}
	list, rest := effects(x, a)
	claims := []Claim{rest}
	for _, e := range list {
		claims = append(claims, e.claim("policy_blocks", e.other, e.other.fails))
	}
	return settled(anyOf(claims...), "no_policy", len(list))
}

func overPolicies(x *Exam, a facts.Account, code, none string, hit func(outcome) condaccess.Tri) Claim {
	if a.User.Value == nil {
		return unseen("account", a.User.Why())
	}
	list, rest := effects(x, a)
	claims := []Claim{rest}
	for _, e := range list {
		claims = append(claims, e.claim(code, e.other, hit(e.other)))
		if hit(e.other) != condaccess.True {
			claims = append(claims, e.claim(code, e.modern, hit(e.modern)).atMost(Supported, because("client_type_inferred")))
		}
	}
	return settled(anyOf(claims...), none, len(list))
}

// settled says in one sentence what a hundred refuted policies would say in a hundred.
func settled(c Claim, none string, count int) Claim {
	if c.Verdict == Refuted {
		c.Reasons = []Reason{because(none, "count", strconv.Itoa(count))}
	}
	return c
}

func (e effect) claim(code string, o outcome, hit condaccess.Tri) Claim {
	switch hit {
	case condaccess.False:
		return refuted(Observed)
	case condaccess.True:
		c := confirmed(Observed, because(code, "policy", e.policy.DisplayName, "controls", controls(e.policy)))
		if o.later {
			c = c.atMost(Supported, because("role_not_active_yet"))
		}
		if o.inferred {
			c = c.atMost(Supported, because("origin_inferred"))
			c.Basis = Inferred
		}
		return c
	}
	return unknown(e.undecided(o)...)
}

// undecided is the first thing that keeps a policy from being decided, and what settles it.
func (e effect) undecided(o outcome) []Reason {
	_, steps := condaccess.Explain(e.policy, &o.signIn)
	for _, s := range steps {
		if s.Value != condaccess.Unknown {
			continue
		}
		out := []Reason{because("policy_undecided", "policy", e.policy.DisplayName,
			"condition", "condition_"+string(s.Condition), "why", "why_"+string(s.Code), "detail", s.Arg)}
		if f := e.missing[s.Code]; f != nil {
			out = append(out, failed(missingTerm[s.Code], f))
		}
		return out
	}
	return []Reason{because("unknown_word", "what", "policies", "word", e.policy.State)}
}

// missingTerm names the list whose absence a step complains of.
var missingTerm = map[condaccess.Code]string{
	condaccess.CodeGroupsNotRead:    "groups",
	condaccess.CodeRolesNotRead:     "roles",
	condaccess.CodeLocationsNotRead: "named_locations",
}

// controls names what a policy demands, in the words of the policy.
func controls(p *facts.Policy) string {
	g := p.GrantControls
	if g == nil {
		return ""
	}
	names := append([]string{}, g.BuiltInControls...)
	if g.AuthenticationStrength != nil {
		names = append(names, "authenticationStrength: "+g.AuthenticationStrength.DisplayName)
	}
	names = append(names, g.CustomAuthentication...)
	if len(g.TermsOfUse) > 0 {
		names = append(names, "termsOfUse")
	}
	return strings.Join(names, " "+g.Operator+" ")
}
