package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// noteMFA is what is worth knowing about the accounts of provisioning and decides nothing today:
// policies that wait to be switched on, session controls that come after the sign-in, what a
// promotion would change, and what an earlier provisioning has left behind.
func noteMFA(x *Exam) []Reason {
	s := settingOf(x)
	if s.unseen != nil || !s.sites {
		return nil
	}
	var out []Reason
	if s.mode != "authorized" {
		for _, address := range s.subjects(x) {
			a, why := account(x, address)
			if why != nil || a.User.Value == nil {
				continue
			}
			out = append(out, warnings(x, a)...)
			if s.mode == "manual" {
				out = append(out, promotion(x, a.Address, signingIn(x, a, false))...)
			}
		}
	}
	if s.mode == "automatic" && s.phase == "before" {
		out = append(out, promotion(x, "", newAccount(x))...)
	}
	if s.phase == "after" {
		out = append(out, leftBehind(x, s)...)
	}
	return out
}

// warnings are those of every policy, each once, at the kind of client that it concerns most.
func warnings(x *Exam, a facts.Account) []Reason {
	list, _ := effects(x, a)
	var out []Reason
	for _, e := range list {
		told := map[condaccess.WarningCode]bool{}
		for _, o := range e.clients {
			for _, w := range condaccess.Warnings(e.policy, &o.signIn) {
				if told[w.Code] {
					continue
				}
				told[w.Code] = true
				out = append(out, e.warning(w, o, a.Address))
			}
		}
	}
	return out
}

func (e effect) warning(w condaccess.Warning, o outcome, address string) Reason {
	demand := e.reason(o.signIn.Client)
	args := []string{"policy", e.policy.DisplayName, "account", address}
	switch w.Code {
	case condaccess.WarnReportOnly, condaccess.WarnMicrosoftManaged:
		code := "warn_" + string(w.Code)
		if what := demand.Args["demand"]; what != "" {
			args = append(args, "demand", what)
		} else {
			args = append(args, "demand", demandTerm+string(condaccess.CodeBlock))
		}
		if !w.From.IsZero() {
			code += "_from"
			args = append(args, "from", w.From.UTC().Format(time.DateOnly))
		}
		if w.Value == condaccess.Unknown {
			code += "_maybe"
		}
		return because(code, args...)
	}
	if w.Arg != "" {
		args = append(args, "detail", w.Arg)
	}
	return because("warn_"+string(w.Code), args...)
}

// newAccount is the delegate account that automatic provisioning is going to create: a member of
// the tenant in no group, with no role. No policy can name it yet.
func newAccount(x *Exam) condaccess.Account {
	const nobody = "00000000-0000-0000-0000-000000000000"
	member, name := "Member", "new"
	return condaccess.NewAccount(x.Now(), facts.User{ID: nobody, UserType: &member, UserPrincipalName: &name},
		facts.Got([]facts.Group{}), facts.Got([]facts.RoleAssignment{}))
}

// promotion tells which enforced policies start to refuse the delegate account once it is
// promoted to Global Administrator, which the console offers.
func promotion(x *Exam, address string, a condaccess.Account) []Reason {
	ca, m := Read(x, facts.M365ConditionalAccess), Read(x, facts.DeclaredM365)
	if ca.Value == nil || ca.Value.Policies.Value == nil || m.Value == nil {
		return nil
	}
	origin := condaccess.NewOrigin(m.Value.Egress, ca.Value.Locations)
	promoted := a.With(condaccess.GlobalAdministrator)
	var names []string
	for _, p := range condaccess.Resolve(*ca.Value.Policies.Value, ca.Value.Strengths) {
		now := outcomeOf(&p, condaccess.SignIn{Account: a, Origin: origin, Client: condaccess.Other})
		then := outcomeOf(&p, condaccess.SignIn{Account: promoted, Origin: origin, Client: condaccess.Other})
		if then.fails == condaccess.True && now.fails != condaccess.True {
			names = append(names, p.DisplayName)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	if address == "" {
		return []Reason{because("promotion_of_new", "policies", strings.Join(names, ", "))}
	}
	return []Reason{because("promotion", "account", address, "policies", strings.Join(names, ", "))}
}

// leftBehind: after provisioning, a delegate that is a Global Administrator, and one that the
// declared way of provisioning has no use for.
func leftBehind(x *Exam, s setting) []Reason {
	set := Read(x, facts.M365Accounts)
	if set.Value == nil {
		return nil
	}
	var out []Reason
	for _, a := range set.Value.Accounts {
		if a.Role != facts.Delegate && a.Role != facts.FoundDelegate || a.User.Value == nil {
			continue
		}
		if isGlobalAdministrator(x, a) {
			out = append(out, because("delegate_promoted", "account", a.Address))
		}
		if a.Role == facts.FoundDelegate && s.mode == "authorized" {
			args := []string{"account", a.Address}
			if at := a.User.Value.CreatedDateTime; at != nil {
				args = append(args, "since", at.UTC().Format(time.DateOnly))
			}
			out = append(out, because("delegate_left", args...))
		}
	}
	return out
}

func isGlobalAdministrator(x *Exam, a facts.Account) bool {
	return a.Roles.Value != nil && slices.ContainsFunc(*a.Roles.Value, func(r facts.RoleAssignment) bool {
		over := r.EndDateTime != nil && !x.Now().Before(*r.EndDateTime) || r.StartDateTime != nil && x.Now().Before(*r.StartDateTime)
		return strings.EqualFold(r.RoleDefinitionID, condaccess.GlobalAdministrator) && given(r.DirectoryScopeID) == "/" && !over
	})
}
