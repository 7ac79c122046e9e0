package condaccess

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

func sessions(controls string) string {
	return `{"grantControls":null,"sessionControls":{` + controls + `}}`
}

// TestWarnings: "Conditional Access: Session", "Token protection", "Report-only mode" and
// "Microsoft-managed Conditional Access policies". The policy was created on 2022-04-01.
func TestWarnings(t *testing.T) {
	const (
		reportOnly = `"state":"enabledForReportingButNotEnforced"`
		managed    = `"displayName":"Microsoft-managed: Multifactor authentication for all users"`
	)
	for _, c := range []struct {
		name, patch string
		want        []Warning
	}{
		{"an ordinary policy", `{}`, nil},
		{"switched off", `{"state":"disabled","sessionControls":{"secureSignInSession":{"isEnabled":true}}}`, nil},
		{
			"token protection", sessions(`"secureSignInSession":{"isEnabled":true}`),
			[]Warning{{Code: WarnTokenProtection, Value: True}},
		},
		{
			"application enforced restrictions", sessions(`"applicationEnforcedRestrictions":{"isEnabled":true}`),
			[]Warning{{Code: WarnAppRestrictions, Value: True}},
		},
		{
			"application control", sessions(`"cloudAppSecurity":{"cloudAppSecurityType":"monitorOnly","isEnabled":true}`),
			[]Warning{{Code: WarnAppControl, Arg: "monitorOnly", Value: True}},
		},
		{
			"application control, the kind not sent", sessions(`"cloudAppSecurity":{"isEnabled":true}`),
			[]Warning{{Code: WarnAppControl, Value: True}},
		},
		{
			"sign in every time",
			sessions(`"signInFrequency":{"value":null,"type":null,"frequencyInterval":"everyTime","isEnabled":true}`),
			[]Warning{{Code: WarnSignInFrequency, Arg: "everyTime", Value: True}},
		},
		{
			"sign in every 4 hours",
			sessions(`"signInFrequency":{"value":4,"type":"hours","frequencyInterval":"timeBased","isEnabled":true}`),
			[]Warning{{Code: WarnSignInFrequency, Arg: "4 hours", Value: True}},
		},
		{
			"sign in again, when is not in the answer", sessions(`"signInFrequency":{"isEnabled":true}`),
			[]Warning{{Code: WarnSignInFrequency, Value: True}},
		},
		{
			"a control that did not exist", sessions(`"somethingNew":{"isEnabled":true}`),
			[]Warning{{Code: WarnUnknownSession, Arg: "somethingNew", Value: True}},
		},
		{
			"what a service does not lack",
			sessions(`"persistentBrowser":{"mode":"never","isEnabled":true},"disableResilienceDefaults":true,
				"continuousAccessEvaluation":{"mode":"disabled"}`), nil,
		},
		{"switched off inside", sessions(`"secureSignInSession":{"isEnabled":false}`), nil},
		{
			"not for this sign-in",
			`{"conditions":{"users":{"excludeUsers":["` + me + `"]}},"sessionControls":{"secureSignInSession":{"isEnabled":true}}}`,
			nil,
		},
		{
			"perhaps for this sign-in",
			`{"conditions":{"signInRiskLevels":["high"]},"sessionControls":{"secureSignInSession":{"isEnabled":true}}}`,
			[]Warning{{Code: WarnTokenProtection, Value: Unknown}},
		},
		{"report-only", `{` + reportOnly + `}`, []Warning{{Code: WarnReportOnly, Value: True, Later: true}}},
		{
			"report-only, depends", `{` + reportOnly + `,"conditions":{"signInRiskLevels":["high"]}}`,
			[]Warning{{Code: WarnReportOnly, Value: Unknown, Later: true}},
		},
		{"report-only, not for this sign-in", `{` + reportOnly + `,"conditions":{"users":{"excludeUsers":["` + me + `"]}}}`, nil},
		{
			"report-only, would let it through",
			`{` + reportOnly + `,"grantControls":null,"sessionControls":{"applicationEnforcedRestrictions":{"isEnabled":true}}}`,
			[]Warning{{Code: WarnAppRestrictions, Value: True, Later: true}},
		},
		{
			"Microsoft-managed, report-only", `{` + managed + `,` + reportOnly + `}`,
			[]Warning{{
				Code: WarnMicrosoftManaged, Value: True, Later: true,
				From: time.Date(2022, 5, 16, 18, 55, 43, 145456500, time.UTC), // 29 days of April, 16 of May
			}},
		},
		{
			"Microsoft-managed, report-only, no date", `{` + managed + `,` + reportOnly + `,"createdDateTime":null}`,
			[]Warning{{Code: WarnMicrosoftManaged, Value: True, Later: true}},
		},
		{"Microsoft-managed, enforced", `{` + managed + `}`, nil},
		{
			"made from a template by an administrator", `{` + reportOnly + `,"templateId":"c7503427-338e-4c5e-902d-abe252abfb43"}`,
			[]Warning{{Code: WarnReportOnly, Value: True, Later: true}},
		},
	} {
		p := policy(t, c.patch)
		got := Warnings(&p, admin().signIn(Browser))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		for _, w := range got {
			if !slices.Contains(WarningCodes(), w.Code) {
				t.Errorf("%s: %q is not listed", c.name, w.Code)
			}
		}
	}
}

// TestWith: a delegate who is promoted becomes one of those that policies for the role name.
func TestWith(t *testing.T) {
	p := policy(t, `{"conditions":{"users":{"includeUsers":[],"includeRoles":["`+ga+`"]}}}`)
	k := admin()
	k.roles = []facts.Seen[[]facts.RoleAssignment]{facts.Got([]facts.RoleAssignment{})}
	s := k.signIn(Other)
	if r := Evaluate(&p, s); r.Applies != False {
		t.Errorf("an ordinary delegate: %v", r.Applies)
	}
	promoted := *s
	promoted.Account = s.Account.With(GlobalAdministrator)
	if r := Evaluate(&p, &promoted); r.Applies != True {
		t.Errorf("promoted: %v", r.Applies)
	}
	if r := Evaluate(&p, s); r.Applies != False {
		t.Errorf("the account before was promoted as well: %v", r.Applies)
	}
	// Of roles that were not read, one is known now, and no more.
	k.roles[0].Failure = notRead
	s = k.signIn(Other)
	s.Account = s.Account.With("F28A1F50-F6E7-4571-818B-6A12F2AF6B6C")
	for id, want := range map[string]Tri{ga: Unknown, spoAdmin: True} {
		p := policy(t, `{"conditions":{"users":{"includeUsers":[],"includeRoles":["`+id+`"]}}}`)
		if r := Evaluate(&p, s); r.Applies != want {
			t.Errorf("%s: %v, want %v", id, r.Applies, want)
		}
	}
	if zero := (Account{}).With(ga); zero.roles.has(ga) != True {
		t.Error("an account of which nothing is known did not take the role")
	}
}
