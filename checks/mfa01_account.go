package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// defaultPasswordDays is the validity of a password in a domain that does not say otherwise
// (Microsoft Graph, resource type domain, passwordValidityPeriodInDays); neverExpires is the
// value that means never. longestPassword is the most that the Microsoft 365 admin center takes
// ("Set the password expiration policy for your organization": 14 to 730 days).
const (
	defaultPasswordDays = 90
	longestPassword     = 730
	neverExpires        = 2147483647
)

// signInFails: for a reason that is not a second factor. A person who consents with an
// authorized account can satisfy what a policy demands, so policies do not count there.
func signInFails(x *Exam, s setting, address string) Claim {
	a, why := account(x, address)
	if why != nil {
		return unseen("account", why)
	}
	if a.User.Value == nil || s.mode == "authorized" {
		return ownState(x, a)
	}
	return anyOf(ownState(x, a), policiesBlock(x, a))
}

// ownState is what bars the sign-in whoever types it: the account, its password, or a tenant
// without SharePoint Online.
func ownState(x *Exam, a facts.Account) Claim {
	if a.User.Value == nil {
		return accountState(x, a)
	}
	return anyOf(accountState(x, a), passwordState(x, a), sharePointPlan(x))
}

// accountState: not there, switched off, or a guest from another directory.
func accountState(x *Exam, a facts.Account) Claim {
	u := a.User
	if u.Value == nil {
		if why := u.Why(); why.Kind != facts.NotFound {
			return unseen("account", why)
		}
		// The tenant is proven right: an accounts fact is only taken after its identity was shown.
		reasons := []Reason{because("account_not_found", "account", a.Address)}
		if domain := foreignDomain(x, a.Address); domain != "" {
			reasons = append(reasons, because("domain_not_verified", "domain", domain))
		}
		return confirmed(Observed, reasons...)
	}
	var enabled, guest Claim
	switch {
	case u.Value.AccountEnabled == nil:
		enabled = unseen("account_enabled", orMalformed(nil))
	case !*u.Value.AccountEnabled:
		enabled = confirmed(Observed, append([]Reason{because("account_disabled")}, synced(*u.Value)...)...)
	default:
		enabled = refuted(Observed, because("account_enabled_yes"))
	}
	switch {
	case u.Value.UserType == nil:
		guest = unseen("user_type", orMalformed(nil))
	case strings.EqualFold(*u.Value.UserType, "Guest"):
		guest = confirmed(Observed, because("account_guest"))
	case strings.EqualFold(*u.Value.UserType, "Member"):
		guest = refuted(Observed, because("account_member"))
	default:
		guest = unknown(because("unknown_word", "what", "user_type", "word", *u.Value.UserType))
	}
	return anyOf(enabled, guest)
}

// foreignDomain is the domain of an address when the tenant has not verified it; "" when it has,
// and when that could not be looked at. An account of such a domain cannot be in the tenant:
// the address, or the tenant, is the wrong one.
func foreignDomain(x *Exam, address string) string {
	t := Read(x, facts.M365Tenant)
	_, domain, ok := strings.Cut(address, "@")
	if !ok || t.Value == nil || len(t.Value.VerifiedDomains) == 0 {
		return ""
	}
	if slices.ContainsFunc(t.Value.VerifiedDomains, func(d facts.TenantDomain) bool { return strings.EqualFold(d.Name, domain) }) {
		return ""
	}
	return domain
}

// synced says where an account of a directory on premises is changed: not in the cloud.
func synced(u facts.User) []Reason {
	if u.OnPremisesSyncEnabled == nil || !*u.OnPremisesSyncEnabled {
		return nil
	}
	return []Reason{because("account_synced")}
}

// passwordState: a password that has expired, or must be changed at the next sign-in.
func passwordState(x *Exam, a facts.Account) Claim {
	u := *a.User.Value
	if u.ForceChangePasswordNextSignIn != nil && *u.ForceChangePasswordNextSignIn {
		return confirmed(Observed, append([]Reason{because("password_must_change")}, synced(u)...)...)
	}
	if u.PasswordPolicies != nil && strings.Contains(*u.PasswordPolicies, "DisablePasswordExpiration") {
		return refuted(Observed, because("password_never_expires"))
	}
	t := Read(x, facts.M365Tenant)
	if t.Value == nil {
		return unseen("tenant", t.Why())
	}
	d, why := domainOf(t.Value, a)
	if d == nil {
		return unseen("domains", why)
	}
	if d.AuthenticationType != nil && strings.EqualFold(*d.AuthenticationType, "Federated") {
		return unknown(because("federated_domain", "domain", d.ID)) // its password lives at the identity provider
	}
	if len(synced(u)) > 0 {
		// "Implement password hash synchronization with Microsoft Entra Connect Sync": the sync sets
		// the cloud password to never expire, so one that is not set so is checked on premises
		// (pass-through authentication) or follows a rule that Graph does not show.
		return unknown(because("password_on_premises"))
	}
	days, byDefault := defaultPasswordDays, d.PasswordValidityPeriodInDays == nil
	if !byDefault {
		days = *d.PasswordValidityPeriodInDays
	}
	switch {
	case days == neverExpires:
		return refuted(Observed, because("password_never_expires"))
	case days < 1 || days > longestPassword:
		return unseen("domains", orMalformed(nil))
	}
	if u.LastPasswordChangeDateTime == nil {
		return unseen("password_age", orMalformed(nil))
	}
	end := u.LastPasswordChangeDateTime.AddDate(0, 0, days)
	if x.Now().Before(end) {
		return refuted(Observed, because("password_valid", "until", end.UTC().Format(time.DateOnly)))
	}
	expired := confirmed(Observed, because("password_expired", "since", end.UTC().Format(time.DateOnly)))
	if byDefault {
		return expired.atMost(Supported, because("password_default_period"))
	}
	return expired
}

// sharePointPlan: does the tenant lack the service that is signed in to? Two lists tell of it:
// organization.assignedPlans, and the service plans of the subscriptions. One that has the
// service is enough; that it is missing is only certain when both say so.
func sharePointPlan(x *Exam) Claim {
	t := Read(x, facts.M365Tenant)
	if t.Value == nil {
		return unseen("tenant", t.Why())
	}
	assigned, subscribed := assignedPlan(t.Value.AssignedPlans), subscribedPlan(t.Value.SKUs)
	there := refuted(Observed, because("sharepoint_plan"))
	switch {
	case assigned == Confirmed, subscribed == Confirmed:
		return there
	case assigned == Refuted && subscribed == Refuted:
		return confirmed(Observed, because("no_sharepoint_plan"))
	case assigned == Refuted, subscribed == Refuted:
		return supported(Observed, because("no_sharepoint_plan"))
	}
	return unseen("sharepoint_plans", orMalformed(nil))
}

// assignedPlan: "SharePoint" is the service's name in assignedPlan; a plan serves while its
// capabilityStatus is Enabled, and in the grace period of Warning.
func assignedPlan(plans []facts.AssignedPlan) Verdict {
	if len(plans) == 0 { // every tenant has some
		return Unknown
	}
	best := Refuted
	for _, p := range plans {
		switch {
		case p.Service == nil:
			best = max(best, Unknown)
		case strings.EqualFold(*p.Service, "SharePoint"):
			best = max(best, serving(p.CapabilityStatus))
		}
	}
	return best
}

func subscribedPlan(skus facts.Seen[[]facts.SKU]) Verdict {
	best := Refuted
	if !skus.Complete() {
		best = Unknown
	}
	if skus.Value == nil {
		return best
	}
	for _, sku := range *skus.Value {
		for _, p := range sku.ServicePlans {
			// SHAREPOINTWAC is Office for the web, which needs no SharePoint Online.
			name := strings.ToUpper(given(p.ServicePlanName))
			if strings.HasPrefix(name, "SHAREPOINT") && !strings.HasPrefix(name, "SHAREPOINTWAC") || p.ServicePlanName == nil {
				best = max(best, min(serving(sku.CapabilityStatus), provisioned(p.ProvisioningStatus)))
			}
		}
	}
	return best
}

// serving reads capabilityStatus ("subscribedSku" and "assignedPlan resource type").
func serving(status *string) Verdict {
	switch strings.ToLower(given(status)) {
	case "enabled", "warning":
		return Confirmed
	case "suspended", "deleted", "lockedout":
		return Refuted
	}
	return Unknown
}

// provisioned reads provisioningStatus ("servicePlanInfo resource type"): what waits for
// somebody or something may be there soon.
func provisioned(status *string) Verdict {
	switch strings.ToLower(given(status)) {
	case "success":
		return Confirmed
	case "disabled", "error":
		return Refuted
	}
	return Unknown
}
