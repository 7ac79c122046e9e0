package checks

import "testing"

// TestMFAWordsThatAreNotKnown: evidence can be newer than this version, older, or edited. A
// word or a shape that is not known here must end as unknown: never as "in order", and never
// as "does not concern you".
func TestMFAWordsThatAreNotKnown(t *testing.T) {
	for _, line := range []string{
		`declared.microsoft365:provisioning = "semi"`,
		`declared.microsoft365:provisioning = ""`,
		`declared.microsoft365:services = []`,
		`declared.microsoft365:services = null`,
		`declared.microsoft365:services = ["exchange","teams"]`,
		`declared.run:phase = "later"`,
		`declared.run:phase = null`,
		`m365.tenant:domains.value.0.authenticationType = "Hybrid"`,
		`m365.tenant:domains.value = []`,
		`m365.accounts:accounts = []`,
		`m365.accounts:accounts.0.user.value.userType = "Alien"`,
		`m365.accounts:accounts.0.user.value.accountEnabled = null`,
		`m365.accounts:accounts.0.per_user_mfa.value.perUserMfaState = "paused"`,
		`m365.accounts:accounts.0.per_user_mfa.value = {}`,
		`m365.security_defaults = {}`,
		`m365.conditional_access = {}`,
		`m365.sharepoint = {}`,
	} {
		ev := evidenceOf(t, line, "MFA-01", []string{"base automatic", "taken 2026-01-15T06:00:00Z", line})
		if res := Evaluate(ev, []Check{MFA01()}, Options{}).Results[0]; res.Status != StatusUnknown {
			t.Errorf("%s: %s\n%s", line, res.Status, render(res))
		}
	}
}
