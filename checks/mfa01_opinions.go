package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Second opinions judge the evaluation of policies, not the organisation: what Microsoft's own
// engine says of a policy (m365.what_if), and what the sign-in log shows (m365.sign_ins). One
// that agrees changes nothing. One that contradicts is shown beside the evaluation, and neither
// of the two is believed further than Supported. One that could not be had costs nothing.

// whatIf is what Microsoft's engine says, by policy and kind of client.
type whatIf map[string]map[condaccess.Client]condaccess.Tri

func whatIfOf(x *Exam, address string) whatIf {
	out := whatIf{}
	fact := Aside(x, facts.M365WhatIf)
	if fact.Value == nil {
		return out
	}
	for _, a := range fact.Value.Accounts {
		if !strings.EqualFold(a.Address, address) {
			continue
		}
		for _, c := range a.Clients {
			if c.Policies.Value == nil {
				continue
			}
			for _, p := range *c.Policies.Value {
				if out[p.ID] == nil {
					out[p.ID] = map[condaccess.Client]condaccess.Tri{}
				}
				out[p.ID][condaccess.Client(c.Client)] = saysApplies(p)
			}
		}
	}
	return out
}

// saysApplies is the engine's answer about a policy. It calls a policy that hangs on something
// that was not in the question not applicable, with this reason ("conditionalAccessRoot:
// evaluate", analysisReasons): that is no answer. Report-only policies "apply" too.
func saysApplies(p facts.WhatIfPolicy) condaccess.Tri {
	switch {
	case p.State != "enabled" || p.PolicyApplies == nil:
		return condaccess.Unknown
	case *p.PolicyApplies:
		return condaccess.True
	case len(p.Reasons) == 0 || slices.ContainsFunc(p.Reasons, func(r string) bool { return !definite[r] }):
		return condaccess.Unknown
	}
	return condaccess.False
}

// definite are the reasons of conditionalAccessWhatIf that a password sign-in to one
// application by one user answers in full. What hangs on signals of the moment does not: the
// question states no risk and no place.
var definite = map[string]bool{
	"users": true, "workloadIdentities": true, "application": true, "userActions": true,
	"authenticationContext": true, "clientApps": true, "authenticationFlow": true, "policyNotEnabled": true,
}

// against compares one policy's evaluation with the second opinion on it.
func (e effect) against(c Claim, o outcome, hit func(outcome) condaccess.Tri) Claim {
	theirs := e.second[o.signIn.Client]
	if theirs == condaccess.Unknown || o.result.Mode != condaccess.Enforced {
		return c
	}
	args := []string{"policy", e.policy.DisplayName, "client", clientTerm(o.signIn.Client)}
	switch would := hit(o.ifItApplied()); {
	case theirs == condaccess.False && hit(o) == condaccess.True:
		return c.atMost(Supported, because("what_if_denies", args...))
	case theirs == condaccess.False && o.result.Applies != condaccess.False && c.Verdict == Unknown:
		c.Reasons = append(slices.Clip(c.Reasons), because("what_if_denies", args...))
		return c
	case theirs == condaccess.True && o.result.Applies != condaccess.True && would == condaccess.True && !e.assumed(o):
		return supported(Observed, e.reason(o.signIn.Client), because("what_if_applies", args...))
	}
	return c
}

// assumed: the evaluation is open for want of something that What If was told anyway, a platform
// and no risk. Its "applies" then only repeats what it was told.
func (e effect) assumed(o outcome) bool {
	if o.result.Applies != condaccess.Unknown {
		return false
	}
	_, steps := condaccess.Explain(e.policy, &o.signIn)
	return slices.ContainsFunc(steps, func(s condaccess.Step) bool {
		if s.Value != condaccess.Unknown {
			return false
		}
		switch s.Condition {
		case condaccess.DevicePlatforms, condaccess.SignInRisk, condaccess.UserRisk, condaccess.InsiderRisk, condaccess.ServicePrincipalRisk:
			return true
		}
		return false
	})
}

// log is what the sign-in log says about an account at SharePoint Online since the policies
// were last changed: what came before shows another tenant than today's.
type log struct {
	factor   *facts.SignInEntry // the latest that was asked for a second factor
	password *facts.SignInEntry // the latest that an older protocol passed with the password alone
	whole    bool               // all policies were read: none was changed later than is known
}

func logOf(x *Exam, address string) log {
	fact := Aside(x, facts.M365SignIns)
	if fact.Value == nil {
		return log{}
	}
	since, whole := lastChange(x)
	l := log{whole: whole}
	for _, a := range fact.Value.Accounts {
		if !strings.EqualFold(a.Address, address) || a.SignIns.Value == nil {
			continue
		}
		for _, s := range *a.SignIns.Value {
			if !s.CreatedDateTime.After(since) || s.CreatedDateTime.After(x.Now()) {
				continue
			}
			switch given(s.AuthenticationRequirement) {
			case "multiFactorAuthentication":
				if !bySwitch(s) {
					l.factor = latest(l.factor, s)
				}
			case "singleFactorAuthentication":
				if s.ErrorCode != nil && *s.ErrorCode == 0 && olderClient(given(s.ClientAppUsed)) {
					l.password = latest(l.password, s)
				}
			}
		}
	}
	return l
}

// bySwitch: only per-user MFA or security defaults asked for the factor. How these stand is read
// directly, so such an entry tells of the past: it is there after every MFA-01.F1.
func bySwitch(s facts.SignInEntry) bool {
	return len(s.RequirementPolicies) > 0 && !slices.ContainsFunc(s.RequirementPolicies, func(p facts.RequirementPolicy) bool {
		term := providerTerm(p.RequirementProvider)
		return term != "provider_per_user" && term != "provider_security_defaults"
	})
}

func latest(have *facts.SignInEntry, s facts.SignInEntry) *facts.SignInEntry {
	if have == nil || s.CreatedDateTime.After(have.CreatedDateTime) {
		return &s
	}
	return have
}

// lastChange is when a policy was last made or changed, as far as they were read, and whether
// that was all of them.
func lastChange(x *Exam) (at time.Time, whole bool) {
	ca := Read(x, facts.M365ConditionalAccess)
	if ca.Value == nil || ca.Value.Policies.Value == nil {
		return at, false
	}
	for _, p := range *ca.Value.Policies.Value {
		for _, t := range []*time.Time{p.CreatedDateTime, p.ModifiedDateTime} {
			if t != nil && t.After(at) {
				at = *t
			}
		}
	}
	return at, ca.Complete() && ca.Value.Policies.Complete()
}

// olderClient: the names that the sign-in log has for protocols without modern authentication
// ("signIn resource type", clientAppUsed). A name that is not known says nothing.
func olderClient(used string) bool {
	switch used {
	case "Other clients", "Exchange ActiveSync", "Authenticated SMTP", "SMTP", "IMAP4", "IMAP", "POP3", "POP", "MAPI Over HTTP", "Exchange Web Services",
		"Autodiscover", "Offline Address Book", "Outlook Anywhere (RPC over HTTP)", "Exchange Online PowerShell",
		"Reporting Web Services":
		return true
	}
	return false
}

// on is the evaluation of the policies beside what the log shows. Where not all policies were read,
// an entry can take certainty away and not give any: it may be older than their last change.
func (l log) on(policies Claim) Claim {
	switch {
	case l.password != nil && policies.Verdict == Confirmed:
		return policies.atMost(Supported, l.passed())
	case l.factor != nil && policies.Verdict < Supported && l.whole:
		return supported(Observed, l.asked())
	}
	return policies
}

func (l log) passed() Reason {
	return because("log_password_passed",
		"at", l.password.CreatedDateTime.UTC().Format(time.DateOnly), "client", given(l.password.ClientAppUsed))
}

// asked names who asked for the factor, in the log's own words where this version has none.
func (l log) asked() Reason {
	var by []string
	for _, p := range l.factor.RequirementPolicies {
		if term := providerTerm(p.RequirementProvider); !slices.Contains(by, term) {
			by = append(by, term)
		}
	}
	at := l.factor.CreatedDateTime.UTC().Format(time.DateOnly)
	if len(by) == 0 {
		return because("log_factor_asked", "at", at)
	}
	return because("log_factor_asked_by", "at", at, "by", strings.Join(by, " and "))
}

// providerTerm: signIn resource type (beta), authenticationRequirementPolicies,
// requirementProvider.
func providerTerm(word string) string {
	switch word {
	case "user":
		return "provider_per_user"
	case "multiConditionalAccess", "v1ConditionalAccess", "v1ConditionalAccessDependency", "authenticationStrengths",
		"mfaRegistrationRequiredByMultiConditionalAccess":
		return "provider_conditional_access"
	case "securityDefaults", "mfaRegistrationRequiredBySecurityDefaults", "baselineProtection",
		"mfaRegistrationRequiredByBaselineProtection":
		return "provider_security_defaults"
	case "tenantSessionRiskPolicy", "accountCompromisePolicies", "riskBasedPolicy",
		"mfaRegistrationRequiredByIdentityProtectionPolicy":
		return "provider_risk"
	case "enforcedForCspAdmins":
		return "provider_partner"
	}
	return word
}

func clientTerm(c condaccess.Client) string { return "client_" + string(c) }
