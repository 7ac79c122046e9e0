package checks

import (
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// explainMFA tells for every account of provisioning how its findings came about: which
// mechanisms demand a second factor, policy by policy and condition by condition, whether the
// password protocol is accepted, and what the account itself is like.
func explainMFA(x *Exam) []Chain {
	s := settingOf(x)
	if s.unseen != nil || !s.sites {
		return nil
	}
	var out []Chain
	for _, address := range s.subjects(x) {
		c := Chain{Subject: address}
		a, why := account(x, address)
		if why != nil {
			continue
		}
		if a.User.Value != nil && s.mode != "authorized" {
			c.Statements = append(c.Statements, factorStatement(x, a), protocolStatement(x, s))
		}
		c.Statements = append(c.Statements, accountStatement(x, a))
		out = append(out, c)
	}
	return out
}

// subjects are the accounts that the declared way of provisioning signs in with.
func (s setting) subjects(x *Exam) []string {
	switch {
	case s.mode != "manual" && s.globalAdmin != "":
		return []string{s.globalAdmin}
	case s.mode != "manual":
		return nil
	}
	list := slices.Clone(s.delegates)
	if set := Read(x, facts.M365Accounts); s.phase == "after" && set.Value != nil {
		for _, a := range set.Value.Accounts {
			if a.Role == facts.FoundDelegate {
				list = append(list, a.Address)
			}
		}
	}
	return list
}

func factorStatement(x *Exam, a facts.Account) Statement {
	m := demanded(x, a.Address)
	per := shown(x, facts.M365Accounts.Name, a.PerUserMFA)
	if given(stateOf(a)) == "enabled" {
		per = append(per, shown(x, facts.M365Accounts.Name, a.Registration)...)
	}
	return statement(because("q_factor", "account", a.Address), m.any(), nil,
		statement(because("q_per_user"), m.perUser, per),
		statement(because("q_defaults"), m.defaults, x.looks(facts.M365SecurityDefaults.Name, "EnforcementPolicy")),
		policiesStatement(x, a, m.policies),
		statement(because("q_idp"), m.idp, domainLooks(x)),
	)
}

func stateOf(a facts.Account) *string {
	if a.PerUserMFA.Value == nil {
		return nil
	}
	return a.PerUserMFA.Value.State
}

func domainLooks(x *Exam) []facts.Look {
	t := Read(x, facts.M365Tenant)
	if t.Value == nil {
		return x.looks(facts.M365Tenant.Name)
	}
	return shown(x, facts.M365Tenant.Name, t.Value.Domains)
}

func policiesStatement(x *Exam, a facts.Account, demand Claim) Statement {
	var seen []facts.Look
	ca := Read(x, facts.M365ConditionalAccess)
	if ca.Value != nil {
		seen = shown(x, facts.M365ConditionalAccess.Name, ca.Value.Policies)
	}
	list, _ := effects(x, a)
	names := namesFor(x, a)
	out := statement(because("q_policies"), anyOf(demand, policiesBlock(x, a)), seen)
	whole := out.Verdict != Unknown.String()
	off := 0
	for _, e := range list {
		if e.other.result.Mode == condaccess.Off {
			off++
			continue
		}
		out.Because = append(out.Because, e.statement(names))
	}
	if off > 0 {
		out.Because = append(out.Because, statement(because("policies_off", "count", strconv.Itoa(off)), refuted(Observed), nil))
	}
	l := logOf(x, a.Address)
	if l.password != nil {
		out.Because = append(out.Because, statement(because("q_log"), refuted(Observed, l.passed()), x.looks(facts.M365SignIns.Name, "/signIns")))
	}
	if l.factor != nil {
		out.Because = append(out.Because, statement(because("q_log"), supported(Observed, l.asked()), x.looks(facts.M365SignIns.Name, "/signIns")))
	}
	if whole && len(out.Because) > 0 {
		out.Reasons = nil // each policy says its own
	}
	return out
}

// statement is one policy: what it does to each kind of client, and every condition and
// control that led there. Conditions are those of the client that fares worst.
func (e effect) statement(names map[string]string) Statement {
	worst := e.clients[0]
	for _, o := range e.clients[1:] {
		if o.fails > worst.fails {
			worst = o
		}
	}
	c := e.overall(failsAtAll)
	about := because("policy", "policy", e.policy.DisplayName, "state", "state_"+string(worst.result.Mode))
	out := statement(about, Claim{Verdict: c.Verdict, Basis: c.Basis}, e.asked)
	for _, o := range e.clients {
		out.Reasons = append(out.Reasons, e.fate(o))
	}
	for _, r := range c.Reasons { // what it demands, and what a second opinion says; the steps say what is open
		if r.Code != "policy_undecided" {
			out.Reasons = append(out.Reasons, r)
		}
	}
	_, steps := condaccess.Explain(e.policy, &worst.signIn)
	outside := worst.result.Applies == condaccess.False
	for _, st := range steps {
		switch {
		case st.Code == condaccess.CodeNotConfigured: // it restricts nothing
			continue
		case outside && st.Value != condaccess.False: // one condition that does not hold settles it
			continue
		}
		out.Because = append(out.Because, stepStatement(st, e.named(st.Arg, names)))
		if outside {
			break
		}
	}
	return out
}

// fate is what becomes of one kind of client.
func (e effect) fate(o outcome) Reason {
	client := clientTerm(o.signIn.Client)
	r := o.result
	switch {
	case r.Applies == condaccess.False:
		return because("fate_not_concerned", "client", client)
	case r.Grant == condaccess.Satisfied:
		return because("fate_passes", "client", client)
	case r.Fails() != condaccess.True || r.Mode == condaccess.ModeUnknown:
		return because("fate_open", "client", client)
	case r.Mode == condaccess.ReportOnly:
		return because("fate_would_be_refused", "client", client)
	case o.later:
		return because("fate_refused_later", "client", client)
	case o.inferred:
		return because("fate_refused_inferred", "client", client)
	default:
		return because("fate_refused", "client", client)
	}
}

// namesFor are the names behind the ids that policies hold, for a reader.
func namesFor(x *Exam, a facts.Account) map[string]string {
	out := map[string]string{strings.ToLower(condaccess.SharePointOnline): "SharePoint Online"}
	for id, name := range roleNames {
		out[id] = name
	}
	if u := a.User.Value; u != nil {
		out[strings.ToLower(u.ID)] = a.Address
	}
	if a.Groups.Value != nil {
		for _, g := range *a.Groups.Value {
			if g.DisplayName != nil {
				out[strings.ToLower(g.ID)] = *g.DisplayName
			}
		}
	}
	ca := Read(x, facts.M365ConditionalAccess)
	if ca.Value != nil && ca.Value.Locations.Value != nil {
		for _, l := range *ca.Value.Locations.Value {
			if l.DisplayName != "" {
				out[strings.ToLower(l.ID)] = l.DisplayName
			}
		}
	}
	return out
}

// named is what a step is about, by its name where there is one.
func (e effect) named(arg string, names map[string]string) string {
	if g := e.policy.GrantControls; g != nil && g.AuthenticationStrength != nil && arg == g.AuthenticationStrength.ID &&
		g.AuthenticationStrength.DisplayName != "" {
		return g.AuthenticationStrength.DisplayName
	}
	if name := names[strings.ToLower(arg)]; name != "" {
		return name
	}
	return arg
}

// stepStatement is one condition or control. A condition that holds brings the sign-in into the
// policy's scope; a control that is not satisfied refuses it: so both count as confirmed.
func stepStatement(s condaccess.Step, arg string) Statement {
	code, what, v := "step", "is_", s.Value
	switch {
	case s.Condition == condaccess.GrantControl, s.Condition == condaccess.SessionControl:
		what, v = demandTerm, s.Value.Not()
	case s.Exclusion && s.Value == condaccess.False:
		code = "step_excluded"
	}
	if s.Value == condaccess.Unknown {
		what = "why_"
	}
	args := []string{"condition", "condition_" + string(s.Condition), "what", what + string(s.Code)}
	if arg != "" {
		args = append(args, "detail", arg)
	}
	c := unknown()
	switch {
	case v == condaccess.False:
		c = refuted(Observed)
	case v == condaccess.True && s.Inferred:
		c = supported(Inferred)
	case v == condaccess.True:
		c = confirmed(Observed)
	}
	return statement(because(code, args...), c, nil)
}

func protocolStatement(x *Exam, s setting) Statement {
	off, gone := switchOff(x, s.mode), retired(x, s.cloud)
	return statement(because("q_protocol"), anyOf(off, gone), nil,
		statement(because("q_switch"), off, x.looks(facts.M365SharePoint.Name, "/settings")),
		statement(because("q_retired"), gone, nil),
	)
}

func accountStatement(x *Exam, a facts.Account) Statement {
	seen := shown(x, facts.M365Accounts.Name, a.User)
	own := ownState(x, a)
	if a.User.Value == nil {
		return statement(because("q_account", "account", a.Address), own, seen)
	}
	return statement(because("q_account", "account", a.Address), own, nil,
		statement(because("q_state"), accountState(x, a), seen),
		statement(because("q_password"), passwordState(x, a), append(slices.Clone(seen), domainLooks(x)...)),
		statement(because("q_plan"), sharePointPlan(x), x.looks(facts.M365Tenant.Name, "/organization", "/subscribedSkus")),
	)
}
