package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// licensed judges declared accounts on 2026-11-20.
func licensed(t *testing.T, c Check, l facts.Licensing) Result {
	t.Helper()
	ev := evidence(t, map[string]any{"declared.licensing": l, "declared.run": facts.Run{Sections: []string{"licensing"}}})
	return Evaluate(ev, []Check{c}, Options{}).Results[0]
}

func fixOf(t *testing.T, res Result, id string) FixResult {
	t.Helper()
	i := slices.IndexFunc(res.Fixes, func(f FixResult) bool { return f.ID == id })
	if i < 0 {
		t.Fatalf("no fix %s", id)
	}
	return res.Fixes[i]
}

// TestTheNewAccountComesAfterTheUnbinding: the vendor's page has the account unbound and then
// a new one made. The second half alone ends in BND-01, so no step may come to it first.
func TestTheNewAccountComesAfterTheUnbinding(t *testing.T) {
	trial := facts.LicenseAccount{ID: "clp-a", License: "trial", Expires: "2026-03-31", TenantID: "84841066-274d-4ec0-a5c1-276be684bdd3"}
	f := fixOf(t, licensed(t, LIC01(), facts.Licensing{Accounts: []facts.LicenseAccount{trial}}), "LIC-01.F2")
	order := func(words ...string) (at []int) {
		for _, w := range words {
			at = append(at, slices.IndexFunc(f.Steps, func(s Text) bool { return strings.Contains(s.EN+s.JA, w) }))
		}
		return at
	}
	at := order("unbind the account (clp-a)", "is unbound", "Create a new account", "casdoctor again")
	if at[0] != 0 || !slices.IsSorted(at) {
		t.Errorf("unbinding, its confirmation, the new account and the next run are the steps %v", at)
	}
	if !strings.Contains(f.Steps[0].EN, trial.TenantID) || !strings.Contains(f.Steps[0].JA, trial.TenantID) {
		t.Errorf("the tenant is not named: %+v", f.Steps[0])
	}
	if !strings.Contains(f.Risk.EN, "BND-01") || !strings.Contains(f.Risk.JA, "BND-01") {
		t.Errorf("the risk does not name BND-01: %+v", f.Risk)
	}
}

// TestTheRegistrationKeyIsNamed: the vendor's FAQ asks for the registration key; the
// activation code, which people have at hand, is refused there.
func TestTheRegistrationKeyIsNamed(t *testing.T) {
	trial := facts.LicenseAccount{ID: "clp-a", License: "trial", Expires: "2026-03-31"}
	f := fixOf(t, licensed(t, LIC01(), facts.Licensing{Accounts: []facts.LicenseAccount{trial}}), "LIC-01.F1")
	for _, w := range []string{"My Products/Services", "Provide Key", "registration key", "clp-a"} {
		if !strings.Contains(f.Steps[1].EN, w) {
			t.Errorf("the second step does not name %s: %s", w, f.Steps[1].EN)
		}
	}
}

// TestStepsNameThePrimaryAccount: with its name where it is known, with the way to it where not,
// and never with an empty place.
func TestStepsNameThePrimaryAccount(t *testing.T) {
	yes, no := true, false
	accounts := []facts.LicenseAccount{
		{ID: "経理部", Company: "0042", Primary: &yes}, {ID: "clp-b", Company: "0042", Primary: &no}, {ID: "clp-c", Company: "42", Primary: &yes},
	}
	signIn := &facts.SignIn{Account: "clp-b", Type: "clp"}
	res := licensed(t, ACC01(), facts.Licensing{Accounts: accounts, SignIn: signIn})
	for _, id := range []string{"ACC-01.F1", "ACC-01.F2"} {
		if s := fixOf(t, res, id).Steps[0]; !strings.Contains(s.EN, "経理部") || !strings.Contains(s.JA, "経理部") {
			t.Errorf("%s does not name the primary account: %+v", id, s)
		}
	}
	accounts[0].Primary = nil
	res = licensed(t, ACC01(), facts.Licensing{Accounts: accounts, SignIn: signIn})
	if s := fixOf(t, res, "ACC-01.F1").Steps; len(s) != 2 || !strings.Contains(s[1].EN, "primary: true") {
		t.Errorf("without a primary account: %+v", s)
	}
	accounts[0] = facts.LicenseAccount{ID: "elsewhere", Primary: &yes} // two that name no company are no company
	accounts[1].Company = ""
	res = licensed(t, ACC01(), facts.Licensing{Accounts: accounts, SignIn: signIn})
	if s := fixOf(t, res, "ACC-01.F1").Steps; len(s) != 2 || strings.Contains(s[0].EN, "elsewhere") {
		t.Errorf("without a company ID: %+v", s)
	}
}

// TestStepsWithoutANameHaveNoEmptyPlace: nothing is declared but how somebody signs in.
func TestStepsWithoutANameHaveNoEmptyPlace(t *testing.T) {
	for _, c := range []Check{LIC01(), ACC01()} {
		for _, f := range licensed(t, c, facts.Licensing{SignIn: &facts.SignIn{Type: "clp"}}).Fixes {
			for _, s := range f.Steps {
				for _, said := range []string{s.EN, s.JA} {
					if strings.Contains(said, "()") || strings.Contains(said, "  ") || strings.Contains(said, " ,") {
						t.Errorf("%s: %q", f.ID, said)
					}
				}
			}
		}
	}
}

// TestTheDaysThatAreLeft are whole days in UTC, whatever the zone of the time of judgement.
func TestTheDaysThatAreLeft(t *testing.T) {
	for now, want := range map[string]string{
		"2026-11-20T00:00:00Z":      "11",
		"2026-11-20T23:59:59Z":      "11",
		"2026-11-21T08:59:59+09:00": "11",
		"2026-11-21T09:00:00+09:00": "10",
		"2026-12-01T12:00:00Z":      "0",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		c := endsSoon(facts.LicenseAccount{ID: "a", Expires: "2026-12-01"}, at)
		if c.Verdict != Supported || c.Reasons[0].Args["days"] != want {
			t.Errorf("at %s: %v with %v days, want %s", now, c.Verdict, c.Reasons[0].Args["days"], want)
		}
	}
}

// TestWhatIsNotUnderstoodIsUnknown: evidence can be edited, or come from another version. A word,
// a date or an entry that nobody can read decides nothing: it neither passes nor finds.
func TestWhatIsNotUnderstoodIsUnknown(t *testing.T) {
	const (
		accounts   = "declared.licensing:accounts"
		principals = "m365.binding_traces:service_principals"
		found      = "m365.accounts:delegates_found"
		noTraces   = principals + ` = {"value": []}`
		noFound    = found + ` = {"value": []}`
		twice      = `{"id": "clp-a", "license": "full", "expires": "2099-12-31"}, {"id": "clp-a", "license": "trial", "expires": "2020-12-31"}`
		cas        = `"id": "c", "displayName": "Trend Micro Cloud App Security", "publisherName": "Trend Micro"`
		read       = `"appRoleAssignments": {"value": []}, "oauth2PermissionGrants": {"value": []}`
	)
	for _, c := range []struct {
		check Check
		cause string // whose entries are all unknown
		lines []string
	}{
		{LIC01(), "LIC-01.C1", []string{"base trial", accounts + ` = [` + twice + `]`}},
		{LIC01(), "LIC-01.C1", []string{"base trial", `declared.licensing = {"accounts": [` + twice + `]}`}},
		{LIC01(), "LIC-01.C1", []string{"base trial", `declared.licensing = {"accounts": [null]}`}},
		{LIC01(), "LIC-01.C1", []string{"base trial", `declared.licensing = {"accounts": [{"license": "full", "expires": "2099-12-31"}]}`}},
		{LIC01(), "LIC-01.C1", []string{"base trial", accounts + `.0.license = "Trial"`, accounts + `.0.expires = "2099-12-31"`}},
		{LIC01(), "LIC-01.X1", []string{"base trial", accounts + `.0.license = "demo"`, accounts + `.0.expires = "2099-12-31"`}},
		{LIC01(), "LIC-01.X2", []string{"base trial", accounts + `.0.license = "Trial"`}},
		{LIC01(), "LIC-01.C1", []string{"base trial", accounts + `.0.expires = "31.12.2099"`}},
		{LIC01(), "LIC-01.X2", []string{"base trial", accounts + `.0.expires = "2099-12-31T00:00:00Z"`}},

		{ACC01(), "ACC-01.C1", []string{"base two", accounts + ` = [{"id": "clp-b", "company": "1001", "primary": false}]`}},
		{ACC01(), "ACC-01.C1", []string{"base two", accounts + ` = [{"id": "clp-b", "primary": false}]`}},
		{ACC01(), "ACC-01.C1", []string{"base two", accounts + `.1.primary = true`}},
		{ACC01(), "ACC-01.C1", []string{
			"base two", accounts + ` = [{"id": "clp-a", "company": "1", "primary": true}, {"id": "clp-b", "company": "1"}, {"id": "clp-c", "company": "1", "primary": true}]`,
		}},
		{ACC01(), "ACC-01.C1", []string{"base two", `declared.licensing = {"accounts": [` + twice + `], "sign_in": {"account": "clp-a", "type": "clp"}}`}},
		{ACC01(), "ACC-01.C1", []string{"base two", `declared.licensing = {"accounts": [null], "sign_in": {"type": "clp"}}`}},
		{ACC01(), "ACC-01.C1", []string{"base two", `declared.licensing:sign_in = {"account": "clp-a", "type": "saml"}`}},
		{ACC01(), "ACC-01.C1", []string{"base two", `declared.licensing:sign_in = {"account": "clp-a", "type": "LMP"}`}},

		{BND01(), "BND-01.C1", []string{"base two", `declared.run:phase = "After"`}},
		{BND01(), "BND-01.C1", []string{"base two", `declared.run:phase = "later"`}},
		{BND01(), "BND-01.C1", []string{"base two", `declared.run:phase = ""`}},
		{BND01(), "BND-01.X1", []string{"base one", `declared.run:phase = "After"`}},
		{BND01(), "BND-01.X1", []string{"base one", `declared.run:phase = ""`}},
		{BND01(), "BND-01.C1", []string{"base two", accounts + ` = [` + twice + `]`}},
		{BND01(), "BND-01.X1", []string{"base one", accounts + ` = [` + twice + `]`}},
		{BND01(), "BND-01.C1", []string{"base two", accounts + ` = [null]`}},
		{BND01(), "BND-01.C1", []string{"base two", accounts + `.0.license = "Trial"`}},
		{BND01(), "BND-01.C1", []string{"base two", accounts + `.1.license = "Full"`}},
		{BND01(), "BND-01.C1", []string{"base two", accounts + `.0.provisioned = "soon"`}},
		{BND01(), "BND-01.C1", []string{"base two", `declared.microsoft365:tenant_id = ""`}},
		{BND01(), "BND-01.X1", []string{"base one", noFound, principals + `.value = [null]`}},
		{BND01(), "BND-01.X1", []string{"base one", noFound, principals + `.value = [{` + cas + `, "appId": "", ` + read + `}]`, `declared.microsoft365:cas_app_ids = [""]`}},
		{BND01(), "BND-01.X1", []string{"base one", noFound, principals + `.value = [{"id": "c", "displayName": "", "appOwnerOrganizationId": "o", ` + read + `}]`}},
		{BND01(), "BND-01.X1", []string{"base one", noTraces, found + `.value = [null]`}},
		{BND01(), "BND-01.X1", []string{"base one", noTraces, found + `.value = [""]`, `declared.microsoft365:delegates = [""]`}},
		{BND01(), "BND-01.X1", []string{
			"base one", noFound, `declared.microsoft365:tenant_id = ""`,
			principals + `.value = [{` + cas + `, "appOwnerOrganizationId": "", ` + read + `}]`,
		}},
		{BND01(), "BND-01.X1", []string{"base one", noFound, principals + `.value = [{` + cas + `, "appOwnerOrganizationId": "", ` + read + `}]`}},
		{BND01(), "BND-01.X1", []string{
			"base one", noFound, `declared.microsoft365:tenant_id = ""`,
			principals + `.value = [{` + cas + `, "appOwnerOrganizationId": "84841066-274d-4ec0-a5c1-276be684bdd3", ` + read + `}]`,
		}},
	} {
		res := Evaluate(evidenceOf(t, "here", c.check.ID, c.lines), []Check{c.check}, Options{}).Results[0]
		for _, e := range res.Causes {
			if e.ID == c.cause && e.Verdict != "unknown" {
				t.Errorf("%q:\n%s is %s%s", c.lines, c.cause, e.Verdict, codes(e.Reasons))
			}
		}
		if res.Status == "pass" {
			t.Errorf("%q:\n%s passes", c.lines, res.ID)
		}
	}
}
