package checks

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

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
		"user": "per-user MFA", "multiConditionalAccess": "Conditional Access", "securityDefaults": "security defaults",
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
