package checks

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// opinion is evidence with an opinion on every policy and every kind of client.
func opinion(t *testing.T, ev *facts.Evidence, applies bool) *facts.Evidence {
	t.Helper()
	set := facts.Get(ev, facts.M365Accounts)
	ca := facts.Get(ev, facts.M365ConditionalAccess)
	if set.Value == nil || ca.Value == nil || ca.Value.Policies.Value == nil {
		return nil
	}
	var policies []facts.WhatIfPolicy
	for _, p := range *ca.Value.Policies.Value {
		policies = append(policies, facts.WhatIfPolicy{ID: p.ID, State: p.State, PolicyApplies: &applies, Reasons: []string{"users"}})
	}
	var said facts.WhatIf
	for _, a := range set.Value.Accounts {
		w := facts.WhatIfAccount{Address: a.Address}
		for _, c := range []string{"other", "mobileAppsAndDesktopClients", "browser"} {
			w.Clients = append(w.Clients, facts.WhatIfClient{Client: c, Policies: facts.Got(policies)})
		}
		said.Accounts = append(said.Accounts, w)
	}
	return withFact(t, ev, facts.M365WhatIf.Name, said)
}

func withFact(t *testing.T, ev *facts.Evidence, name string, v any) *facts.Evidence {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out := *ev
	out.Facts = map[string]facts.Fact{name: {Source: facts.Observed, Value: raw}}
	for k, f := range ev.Facts {
		if k != name {
			out.Facts[k] = f
		}
	}
	return &out
}

// TestAnOpinionNeverDecidesAlone: over all cases, an opinion makes no confirmation, no
// refutation, and lets no finding disappear. It was heard in some of them.
func TestAnOpinionNeverDecidesAlone(t *testing.T) {
	allowed := map[string][]string{
		"confirmed": {"confirmed", "supported"}, "supported": {"supported"},
		"unknown": {"unknown", "supported"}, "refuted": {"refuted", "supported"},
		"not_applicable": {"not_applicable"},
	}
	heard := map[string]bool{}
	for _, f := range loadCases(t, "MFA-01") {
		bare := *f.evidence
		bare.Facts = map[string]facts.Fact{}
		for k, v := range f.evidence.Facts {
			if k != facts.M365WhatIf.Name && k != facts.M365SignIns.Name {
				bare.Facts[k] = v
			}
		}
		before := entriesOf(MFA01(), &bare)
		for _, applies := range []bool{true, false} {
			ev := opinion(t, &bare, applies)
			if ev == nil {
				continue
			}
			for key, got := range entriesOf(MFA01(), ev) {
				was := before[key]
				if key[:9] == "MFA-01.X3" { // the opposite of C1: its ends are swapped
					continue
				}
				ok := false
				for _, a := range allowed[was] {
					ok = ok || a == got
				}
				if !ok {
					t.Errorf("%s, %s, What If says %v: %s became %s", f.name, key, applies, was, got)
				}
				if got != was {
					heard[fmt.Sprint(applies)] = true
				}
			}
		}
	}
	if !heard["true"] || !heard["false"] {
		t.Errorf("no case heard both opinions: %v", heard)
	}
}

// TestWhoAskedIsNamed: the words of the sign-in log that Microsoft documents, and one that it
// does not: that one is shown as it is.
func TestWhoAskedIsNamed(t *testing.T) {
	for word, want := range map[string]string{
		"multiConditionalAccess": "Conditional Access", "authenticationStrengths": "Conditional Access",
		"riskBasedPolicy": "a risk policy", "enforcedForCspAdmins": "the rules for partners", "somethingNew": "somethingNew",
	} {
		ev := evidenceOf(t, word, "MFA-01", []string{"base automatic", "taken 2026-01-15T06:00:00Z"})
		mfa := "multiFactorAuthentication"
		ev = withFact(t, ev, facts.M365SignIns.Name, facts.SignIns{Accounts: []facts.AccountSignIns{{
			Address: "admin@contoso.com",
			SignIns: facts.Got([]facts.SignInEntry{{
				CreatedDateTime: time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC), AuthenticationRequirement: &mfa,
				RequirementPolicies: []facts.RequirementPolicy{{RequirementProvider: word}},
			}}),
		}}})
		e := Evaluate(ev, []Check{MFA01()}, Options{}).Results[0].Causes[0]
		sentence := "The sign-in log shows that this account was asked for a second factor at SharePoint Online on 2026-01-10, by " + want + "."
		if len(e.Reasons) != 1 || e.Reasons[0].Text.EN != sentence {
			t.Errorf("%s: %+v", word, e.Reasons)
		}
	}
}

// TestWhatIfAnswers: "conditionalAccessRoot: evaluate". A policy that "does not apply" for lack of
// information was not judged, and one that is only reported applies without demanding anything.
func TestWhatIfAnswers(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		name string
		p    facts.WhatIfPolicy
		want condaccess.Tri
	}{
		{"applies", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &yes, Reasons: []string{"notSet"}}, condaccess.True},
		{"another user", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &no, Reasons: []string{"users"}}, condaccess.False},
		{"another client", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &no, Reasons: []string{"clientApps"}}, condaccess.False},
		{"too little was said", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &no, Reasons: []string{"users", "notEnoughInformation"}}, condaccess.Unknown},
		{"the place was not said", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &no, Reasons: []string{"location"}}, condaccess.Unknown},
		{"the risk was made up", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &no, Reasons: []string{"signInRisk"}}, condaccess.Unknown},
		{"no reason", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &no}, condaccess.Unknown},
		{"a new reason", facts.WhatIfPolicy{State: "enabled", PolicyApplies: &no, Reasons: []string{"weather"}}, condaccess.Unknown},
		{"no answer", facts.WhatIfPolicy{State: "enabled"}, condaccess.Unknown},
		{"report-only", facts.WhatIfPolicy{State: "enabledForReportingButNotEnforced", PolicyApplies: &yes}, condaccess.Unknown},
	} {
		if got := saysApplies(tt.p); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestWhatTheLogShows: only what came after the last change of a policy, only the latest, and a
// password only where the sign-in succeeded over a protocol without modern authentication.
func TestWhatTheLogShows(t *testing.T) {
	at := func(d int) time.Time { return time.Date(2026, 1, d, 9, 0, 0, 0, time.UTC) }
	entry := func(d int, requirement, client string, code int) facts.SignInEntry {
		e := facts.SignInEntry{CreatedDateTime: at(d), AuthenticationRequirement: &requirement, ErrorCode: &code}
		if client != "" {
			e.ClientAppUsed = &client
		}
		return e
	}
	const one, many = "singleFactorAuthentication", "multiFactorAuthentication"
	switched := func(d int, providers ...string) facts.SignInEntry {
		e := entry(d, many, "Browser", 0)
		for _, p := range providers {
			e.RequirementPolicies = append(e.RequirementPolicies, facts.RequirementPolicy{RequirementProvider: p})
		}
		return e
	}
	for _, tt := range []struct {
		name             string
		modified         string
		entries          []facts.SignInEntry
		factor, password int // the day of the entry; 0: none
	}{
		{"asked for a factor", "", []facts.SignInEntry{entry(9, many, "Browser", 0), entry(11, many, "Browser", 50074)}, 11, 0},
		{"an older protocol passed", "", []facts.SignInEntry{entry(9, one, "Other clients", 0)}, 0, 9},
		{"an older protocol failed", "", []facts.SignInEntry{entry(9, one, "Other clients", 50126)}, 0, 0},
		{"a browser passed", "", []facts.SignInEntry{entry(9, one, "Browser", 0)}, 0, 0},
		{"a modern app passed", "", []facts.SignInEntry{entry(9, one, "Mobile Apps and Desktop clients", 0)}, 0, 0},
		{"nobody says with what", "", []facts.SignInEntry{entry(9, one, "", 0)}, 0, 0},
		{"before the policy was made", "", []facts.SignInEntry{entry(4, many, "Browser", 0)}, 0, 0},
		{"before the policy was changed", "2026-01-10T09:00:00Z", []facts.SignInEntry{entry(9, many, "Browser", 0), entry(9, one, "Other clients", 0)}, 0, 0},
		{"of a switch that is off since", "", []facts.SignInEntry{switched(9, "user"), switched(10, "securityDefaults")}, 0, 0},
		{"of a switch and a policy", "", []facts.SignInEntry{switched(9, "user", "multiConditionalAccess")}, 9, 0},
		{"after the time of judgement", "", []facts.SignInEntry{entry(16, many, "Browser", 0), entry(16, one, "Other clients", 0)}, 0, 0},
		{"a client that is not known", "", []facts.SignInEntry{entry(9, one, "Quantum client", 0)}, 0, 0},
		{"a new word", "", []facts.SignInEntry{entry(9, "threeFactors", "Browser", 0)}, 0, 0},
	} {
		policy := `{"id":"p1","displayName":"P","state":"enabled","createdDateTime":"2026-01-05T09:00:00Z","conditions":{}}`
		if tt.modified != "" {
			policy = strings.Replace(policy, `"conditions"`, `"modifiedDateTime":"`+tt.modified+`","conditions"`, 1)
		}
		ev := evidenceOf(t, tt.name, "MFA-01", []string{
			"base automatic", "taken 2026-01-15T06:00:00Z", `m365.conditional_access:policies.value = [` + policy + `]`,
		})
		ev = withFact(t, ev, facts.M365SignIns.Name, facts.SignIns{Accounts: []facts.AccountSignIns{{
			Address: "Admin@contoso.com", SignIns: facts.Got(tt.entries),
		}}})
		c := MFA01()
		l := logOf(&Exam{check: &c, evidence: ev, now: ev.Taken}, "admin@contoso.com")
		day := func(e *facts.SignInEntry) int {
			if e == nil {
				return 0
			}
			return e.CreatedDateTime.Day()
		}
		if day(l.factor) != tt.factor || day(l.password) != tt.password {
			t.Errorf("%s: a factor on %d, a password on %d; want %d and %d", tt.name, day(l.factor), day(l.password), tt.factor, tt.password)
		}
	}
}

// TestWhoseDomainAnAddressIs: nothing is said of a domain when the list was not sent.
func TestWhoseDomainAnAddressIs(t *testing.T) {
	c := MFA01()
	for line, want := range map[string]string{
		`m365.tenant:verifiedDomains = [{"name":"Contoso.com"}]`:  "",
		`m365.tenant:verifiedDomains = [{"name":"fabrikam.com"}]`: "contoso.com",
		`m365.tenant:verifiedDomains = []`:                        "",
		`m365.tenant! = {"kind":"timeout"}`:                       "",
	} {
		ev := evidenceOf(t, line, "MFA-01", []string{"base automatic", line})
		if got := foreignDomain(&Exam{check: &c, evidence: ev}, "admin@contoso.com"); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// TestAnOpinionOnTodayIsNotOneOnTomorrow: What If speaks of the roles that are active now; a role that
// provisioning is going to activate is another question.
func TestAnOpinionOnTodayIsNotOneOnTomorrow(t *testing.T) {
	for _, f := range loadCases(t, "MFA-01") {
		if f.name != "MFA-01/eligible-role" {
			continue
		}
		got := Evaluate(opinion(t, f.evidence, false), []Check{MFA01()}, Options{}).Results[0].Causes[0]
		if got.Verdict != "supported" || codes(got.Reasons) != ": policy_demands_factor role_not_active_yet" {
			t.Errorf("%s%s", got.Verdict, codes(got.Reasons))
		}
		return
	}
	t.Fatal("the case of an eligible role is gone")
}

// TestWhatIfRepeatsWhatItWasTold: it is told a platform and no risk; a policy that hangs on these stays
// unknown, whatever it says.
func TestWhatIfRepeatsWhatItWasTold(t *testing.T) {
	for condition, want := range map[string]string{
		`"platforms":{"includePlatforms":["windows"]}`:    "unknown",
		`"signInRiskLevels":["high"]`:                     "unknown",
		`"locations":{"includeLocations":["unknown-id"]}`: "supported",
	} {
		ev := evidenceOf(t, condition, "MFA-01", []string{
			"base automatic", "taken 2026-01-15T06:00:00Z",
			`m365.conditional_access:policies.value = [{"id":"p1","displayName":"P","state":"enabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]},"clientAppTypes":["all"],` + condition + `},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}]`,
		})
		if got := Evaluate(opinion(t, ev, true), []Check{MFA01()}, Options{}).Results[0].Causes[0]; got.Verdict != want {
			t.Errorf("%s: %s%s, want %s", condition, got.Verdict, codes(got.Reasons), want)
		}
	}
}

// TestWordsOfPlans: a word that is not documented never says that a service is missing.
func TestWordsOfPlans(t *testing.T) {
	for line, want := range map[string]Verdict{
		`[{"service":"SharePoint","capabilityStatus":"Enabled"}]`:     Confirmed,
		`[{"service":"sharepoint","capabilityStatus":"Warning"}]`:     Confirmed,
		`[{"service":"SharePoint","capabilityStatus":"Deleted"}]`:     Refuted,
		`[{"service":"exchange","capabilityStatus":"Enabled"}]`:       Refuted,
		`[{"service":"SharePoint","capabilityStatus":"Hibernating"}]`: Unknown,
		`[{"service":"SharePoint"}]`:                                  Unknown,
		`[{"capabilityStatus":"Enabled"}]`:                            Unknown,
		`[]`:                                                          Unknown,
	} {
		var plans []facts.AssignedPlan
		if err := json.Unmarshal([]byte(line), &plans); err != nil {
			t.Fatal(err)
		}
		if got := assignedPlan(plans); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
	for line, want := range map[string]Verdict{
		`[{"capabilityStatus":"Enabled","servicePlans":[{"servicePlanName":"SHAREPOINTSTANDARD","provisioningStatus":"Success"}]}]`:      Confirmed,
		`[{"capabilityStatus":"Enabled","servicePlans":[{"servicePlanName":"SHAREPOINTSTANDARD","provisioningStatus":"PendingInput"}]}]`: Unknown,
		`[{"capabilityStatus":"Enabled","servicePlans":[{"servicePlanName":"SHAREPOINTSTANDARD"}]}]`:                                     Unknown,
		`[{"servicePlans":[{"servicePlanName":"SHAREPOINTSTANDARD","provisioningStatus":"Success"}]}]`:                                   Unknown,
		`[{"capabilityStatus":"Suspended","servicePlans":[{"servicePlanName":"SHAREPOINTSTANDARD","provisioningStatus":"Success"}]}]`:    Refuted,
		`[{"capabilityStatus":"Enabled","servicePlans":[{"servicePlanName":"SHAREPOINTWAC","provisioningStatus":"Success"}]}]`:           Refuted,
	} {
		var skus []facts.SKU
		if err := json.Unmarshal([]byte(line), &skus); err != nil {
			t.Fatal(err)
		}
		if got := subscribedPlan(facts.Got(skus)); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
}
