package m365

import (
	"slices"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// A second opinion is what Microsoft itself makes of a sign-in: the What If evaluation, and
// the log of the sign-ins that there were. It is asked for only where it can change a verdict:
// it is on the evaluation of the policies, and where a switch that is read decides, or nobody
// signs in with a password, there is nothing to evaluate.

// The reasons for not asking, as WhatIfAccount.NotAsked and AccountSignIns.NotAsked have them.
const (
	settled   = "settled"
	unread    = "account"
	noPolicy  = "policies"
	toBeAsked = ""
)

// opinionsNeed are the facts that tell whether a second opinion can change anything.
func opinionsNeed() []string {
	return []string{
		facts.M365Tenant.Name, facts.M365Accounts.Name, facts.M365SecurityDefaults.Name, facts.M365ConditionalAccess.Name,
	}
}

// subject is an account, with the reason why no second opinion on it is asked for.
type subject struct {
	facts.Account
	notAsked string
}

// subjects are the accounts that provisioning depends on. The failure is that of the fact
// which names them.
func subjects(env *probes.Env) ([]subject, *facts.Failure) {
	accounts := probes.Fact(env, facts.M365Accounts)
	if accounts.Value == nil {
		why := *accounts.Failure
		why.Detail = "not asked, because the accounts could not be read: " + why.Detail
		return nil, &why
	}
	all := reasonForAll(env)
	list := []subject{}
	for _, a := range accounts.Value.Accounts {
		s := subject{Account: a, notAsked: all}
		switch {
		case all == settled || !judged(env.Config, a.Role) || perUserDecides(a):
			s.notAsked = settled
		case a.User.Value == nil:
			s.notAsked = unread
		}
		list = append(list, s)
	}
	return list, nil
}

// reasonForAll is the reason that holds for every account.
func reasonForAll(env *probes.Env) string {
	m := env.Config.Microsoft365
	if !slices.Contains(m.Services, config.SharePoint) && !slices.Contains(m.Services, config.OneDrive) {
		return settled
	}
	if d := probes.Fact(env, facts.M365SecurityDefaults); d.Value != nil && d.Value.IsEnabled != nil && *d.Value.IsEnabled {
		return settled
	}
	access := probes.Fact(env, facts.M365ConditionalAccess)
	if access.Value == nil || access.Value.Policies.Value == nil {
		return noPolicy
	}
	policies := access.Value.Policies
	if slices.ContainsFunc(*policies.Value, func(p facts.Policy) bool { return p.State == "enabled" }) {
		return toBeAsked
	}
	if policies.Failure != nil { // what is missing may be enabled
		return noPolicy
	}
	return settled
}

// judged reports whether the sign-in of such an account is judged at all: with the mode of
// provisioning goes whose password is typed, and found delegates count once provisioning is done.
func judged(cfg *config.Config, role facts.AccountRole) bool {
	mode := cfg.Microsoft365.Provisioning
	switch {
	case mode == nil:
		return false
	case *mode == config.Automatic:
		return role == facts.GlobalAdmin
	case *mode == config.Manual:
		return role == facts.Delegate || role == facts.FoundDelegate && cfg.Phase == config.After
	default:
		return false
	}
}

// perUserDecides reports whether per-user MFA demands a factor, whatever the policies do
// (Microsoft Entra, "Enable per-user multifactor authentication": enabled does so once a
// method is registered).
func perUserDecides(a facts.Account) bool {
	if a.PerUserMFA.Value == nil || a.PerUserMFA.Value.State == nil {
		return false
	}
	switch *a.PerUserMFA.Value.State {
	case "enforced":
		return true
	case "enabled":
		r := a.Registration.Value
		return r != nil && r.IsMfaRegistered != nil && *r.IsMfaRegistered
	default:
		return false
	}
}
