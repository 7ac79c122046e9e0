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
	clients       []outcome                            // of every kind of client apart, the older protocol first
	missing       map[condaccess.Code]*facts.Failure   // why a list that policies look at is not there
	second        map[condaccess.Client]condaccess.Tri // whether Microsoft's engine says that the policy applies
	asked         []facts.Look                         // the calls that asked it
}

// outcome is whether a sign-in fails, and whether a second factor is part of what it lacks.
type outcome struct {
	fails, factor condaccess.Tri
	inferred      bool // it rests on CAS signing in from outside the organisation's network
	later         bool // only once a role is active that can be activated
	signIn        condaccess.SignIn
	result        condaccess.Result
}

// ifItApplied is the outcome for a sign-in that is in the policy's scope after all.
func (o outcome) ifItApplied() outcome {
	r := o.result
	r.Applies, o.inferred = condaccess.True, false
	o.fails = r.Fails()
	return o
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
	list := condaccess.Resolve(*ca.Value.Policies.Value, ca.Value.Strengths)
	out := make([]effect, 0, len(list))
	now := signingIn(x, a, false)
	activated := signingIn(x, a, true)
	missing := map[condaccess.Code]*facts.Failure{
		condaccess.CodeGroupsNotRead:    a.Groups.Why(),
		condaccess.CodeRolesNotRead:     rolesMissing(a),
		condaccess.CodeLocationsNotRead: ca.Value.Locations.Why(),
	}
	second, asked := whatIfOf(x, a.Address), x.looks(facts.M365WhatIf.Name, "/evaluate")
	for i := range list {
		e := effect{policy: &list[i], missing: missing, second: second[list[i].ID]}
		if len(e.second) > 0 {
			e.asked = asked
		}
		for _, client := range []condaccess.Client{condaccess.Other, condaccess.MobileAppsAndDesktop, condaccess.Browser} {
			o := outcomeOf(e.policy, condaccess.SignIn{Account: now, Origin: origin, Client: client})
			if later := outcomeOf(e.policy, condaccess.SignIn{Account: activated, Origin: origin, Client: client}); later.fails > o.fails {
				o, o.later = later, true
			}
			e.clients = append(e.clients, o)
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
	o := outcome{fails: r.Fails(), factor: r.DemandsMFA, inferred: r.Inferred, signIn: s, result: r}
	switch r.Mode {
	case condaccess.Off, condaccess.ReportOnly: // report-only demands nothing now
		o.fails = condaccess.False
	case condaccess.ModeUnknown:
		o.fails = o.fails.And(condaccess.Unknown)
	}
	return o
}

// A question about one outcome: whether the sign-in fails, and whether that is for a second factor.
var (
	failsAtAll    = func(o outcome) condaccess.Tri { return o.fails }
	failsForMFA   = func(o outcome) condaccess.Tri { return o.fails.And(o.factor) }
	failsForOther = func(o outcome) condaccess.Tri { return o.fails.And(o.factor.Not()) }
)

// policiesDemand: does an enforced policy demand a second factor of the account?
func policiesDemand(x *Exam, a facts.Account) Claim {
	return overPolicies(x, a, "no_policy_demands", failsForMFA)
}

// policiesBlock: does one refuse the sign-in for what is not a second factor?
func policiesBlock(x *Exam, a facts.Account) Claim {
	return overPolicies(x, a, "no_policy", failsForOther)
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
		claims = append(claims, e.claim(e.other, failsAtAll))
	}
	return settled(anyOf(claims...), "no_policy", len(list))
}

func overPolicies(x *Exam, a facts.Account, none string, hit func(outcome) condaccess.Tri) Claim {
	if a.User.Value == nil {
		return unseen("account", a.User.Why())
	}
	list, rest := effects(x, a)
	claims := []Claim{rest}
	for _, e := range list {
		claims = append(claims, e.overall(hit))
	}
	return settled(anyOf(claims...), none, len(list))
}

// overall is the claim about a policy over all kinds of clients. The password protocol is what
// the vendor documents; that CAS could be a modern client is inferred, and only supports.
func (e effect) overall(hit func(outcome) condaccess.Tri) Claim {
	c := e.claim(e.other, hit)
	if hit(e.other) == condaccess.True {
		return c
	}
	return anyOf(c, e.claim(e.modern, hit).atMost(Supported, because("client_type_inferred")))
}

// settled says in one sentence what a hundred refuted policies would say in a hundred.
func settled(c Claim, none string, count int) Claim {
	if c.Verdict == Refuted {
		c.Reasons = []Reason{because(none, "count", strconv.Itoa(count))}
	}
	return c
}

// claim is what a policy does to one sign-in, beside the second opinion on it.
func (e effect) claim(o outcome, hit func(outcome) condaccess.Tri) Claim {
	var c Claim
	switch hit(o) {
	case condaccess.False:
		c = refuted(Observed)
	case condaccess.True:
		c = confirmed(Observed, e.reason(o.signIn.Client))
		if o.later {
			c = c.atMost(Supported, because("role_not_active_yet"))
		}
		if o.inferred {
			c = c.atMost(Supported, because("origin_inferred"))
			c.Basis = Inferred
		}
	default:
		c = unknown(e.undecided(o)...)
	}
	return e.against(c, o, hit)
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
	return []Reason{because("policy_state_unknown", "policy", e.policy.DisplayName, "word", e.policy.State)}
}

// missingTerm names the list whose absence a step complains of.
var missingTerm = map[condaccess.Code]string{
	condaccess.CodeGroupsNotRead:    "groups",
	condaccess.CodeRolesNotRead:     "roles",
	condaccess.CodeLocationsNotRead: "named_locations",
}

// reason says what a policy does to a client, in plain words: "demands MFA or a managed device".
func (e effect) reason(client condaccess.Client) Reason {
	d := condaccess.Demanded(e.policy, client)
	args := []string{"policy", e.policy.DisplayName}
	var what, named []string
	code := "policy_demands_other"
	for _, c := range d.Controls {
		what = append(what, demandTerm+string(c.Code))
		switch c.Code {
		case condaccess.CodeBlock:
			return because("policy_blocks", args...)
		case condaccess.CodeMFA:
			code = "policy_demands_factor"
			continue // its own word says no more
		case condaccess.CodeStrength, condaccess.CodeStrengthUnread, condaccess.CodeStrengthFederated, condaccess.CodeCustomControl:
			code = "policy_demands_factor"
		}
		named = append(named, c.Args...)
	}
	joint := " and "
	if d.Operator == condaccess.AnyOf {
		joint = " or "
	}
	args = append(args, "demand", strings.Join(what, joint))
	if len(named) > 0 {
		args = append(args, "named", strings.Join(named, ", "))
	}
	return because(code, args...)
}

const demandTerm = "demand_"
