package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// outline writes chains as indented English sentences, each with how far it holds.
func outline(chains []Chain) string {
	var b strings.Builder
	var tell func(depth int, list []Statement)
	tell = func(depth int, list []Statement) {
		for _, s := range list {
			fmt.Fprintf(&b, "%s%s: %s", strings.Repeat("  ", depth), s.About.Text.EN, s.Verdict)
			for _, r := range s.Reasons {
				b.WriteString(" | " + r.Text.EN)
			}
			for _, l := range s.Seen {
				b.WriteString(" | " + l.Call + " at " + l.At.UTC().Format(time.RFC3339))
			}
			b.WriteString("\n")
			tell(depth+1, s.Because)
		}
	}
	for _, c := range chains {
		b.WriteString(c.Subject + "\n")
		tell(1, c.Statements)
	}
	return b.String()
}

// TestTheChainOfAnAccount: every mechanism, every policy that is on, every condition that
// restricts, and the call that showed it.
func TestTheChainOfAnAccount(t *testing.T) {
	const user = "071cc716-8147-4397-a5ba-b2105951cc0b"
	ev := evidenceOf(t, t.Name(), "MFA-01", []string{
		"base automatic", "taken 2026-01-15T06:00:00Z",
		`m365.accounts:accounts.0.per_user_mfa = {"value":{"perUserMfaState":"disabled"},"from":{"call":"GET /beta/users/` + user + `/authentication/requirements","at":"2026-01-15T06:00:02Z"}}`,
		`m365.accounts:accounts.0.groups = {"value":[{"id":"11111111-aaaa-4aaa-8aaa-111111111111","displayName":"Admins"}]}`,
		`m365.conditional_access:named_locations.value = [{"id":"22222222-bbbb-4bbb-8bbb-222222222222","displayName":"Head office","type":"ip","isTrusted":true,"ipRanges":["203.0.113.0/24"]}]`,
		`m365.conditional_access:policies.value = [
			{"id":"p1","displayName":"MFA or managed device","state":"enabled","conditions":{"users":{"includeGroups":["11111111-aaaa-4aaa-8aaa-111111111111"]},"applications":{"includeApplications":["Office365"]},"clientAppTypes":["browser","mobileAppsAndDesktopClients"],"locations":{"includeLocations":["All"],"excludeLocations":["22222222-bbbb-4bbb-8bbb-222222222222"]}},"grantControls":{"operator":"OR","builtInControls":["mfa","compliantDevice"]}},
			{"id":"p2","displayName":"Block legacy","state":"enabled","conditions":{"users":{"includeUsers":["All"],"excludeUsers":["` + user + `"]},"applications":{"includeApplications":["All"]},"clientAppTypes":["other"]},"grantControls":{"operator":"OR","builtInControls":["block"]}},
			{"id":"p3","displayName":"Old","state":"disabled","conditions":{}}
		]`,
	})
	f := ev.Facts[facts.M365SecurityDefaults.Name]
	f.Requests = []facts.Request{{
		Method: "GET", URL: "https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", Status: 200,
		At: time.Date(2026, 1, 15, 6, 0, 1, 0, time.UTC),
	}}
	ev.Facts[facts.M365SecurityDefaults.Name] = f
	res := Evaluate(ev, []Check{MFA01()}, Options{}).Results[0]
	want := `admin@contoso.com
  Is a second factor demanded of admin@contoso.com at SharePoint Online?: supported
    Per-user MFA: refuted | Per-user MFA is off. | GET /beta/users/071cc716-8147-4397-a5ba-b2105951cc0b/authentication/requirements at 2026-01-15T06:00:02Z
    Security defaults: refuted | Security defaults are off. | GET /v1.0/policies/identitySecurityDefaultsEnforcementPolicy at 2026-01-15T06:00:01Z
    Conditional Access: supported
      Policy "MFA or managed device" (on): supported | Does not concern a password over an older protocol. | Refuses a modern app from outside the organisation's own network, where Cloud App Security signs in from; that is inferred. | Refuses a browser from outside the organisation's own network, where Cloud App Security signs in from; that is inferred. | The Conditional Access policy "MFA or managed device" demands MFA or a managed device (compliantDevice). | Cloud App Security signs in from its own network, not from yours; that is inferred.
        its users: a group of the account (Admins): confirmed
        its applications: SharePoint Online (Office365): confirmed
        its client apps: this kind of client (mobileAppsAndDesktopClients): confirmed
        its locations: the organisation's own network (Head office): supported
        what it demands: MFA (mfa): confirmed
        what it demands: a managed device (compliantDevice): confirmed
      Policy "Block legacy" (on): refuted | Does not concern a password over an older protocol. | Does not concern a modern app. | Does not concern a browser.
        its users: excluded is the account (admin@contoso.com): refuted
      Policies that are off: 1: refuted
    The identity provider of the account's domain: refuted | contoso.com is not federated.
  Does SharePoint Online refuse the password protocol itself?: refuted
    The tenant's switch: refuted | The tenant's switch for apps without modern authentication is on.
    Microsoft's calendar: refuted | Password sign-in to SharePoint Online ends on 2026-05-01; until then it can still be allowed.
  Does the sign-in of admin@contoso.com fail for a reason of its own?: refuted
    The account: refuted | The account is enabled. | The account is a member of this tenant.
    The password: refuted | The password does not expire.
    The service: refuted | The tenant has SharePoint Online.
`
	if diff := cmp.Diff(want, outline(res.Chains)); diff != "" {
		t.Errorf("the chain differs (-want +got):\n%s", diff)
	}
}

// TestEveryStepHasItsSentence holds the words against every code of the engine.
func TestEveryStepHasItsSentence(t *testing.T) {
	for _, code := range condaccess.Codes() {
		if code == condaccess.CodeNotConfigured { // not told
			continue
		}
		if !slices.ContainsFunc([]string{"is_", "why_", demandTerm}, func(p string) bool { return mfaWords[p+string(code)].EN != "" }) {
			t.Errorf("no sentence for the code %s", code)
		}
	}
	for _, code := range condaccess.WarningCodes() {
		if mfaWords["warn_"+string(code)].EN == "" {
			t.Errorf("no sentence for the warning %s", code)
		}
	}
}

// TestAnExplanationNeverCostsTheJudgement: a mistake in an explanation or a note leaves the rest.
func TestAnExplanationNeverCostsTheJudgement(t *testing.T) {
	c := MFA01()
	ev := evidenceOf(t, t.Name(), "MFA-01", []string{"base automatic", "taken 2026-01-15T06:00:00Z"})
	want := Evaluate(ev, []Check{c}, Options{}).Results[0]
	c.Explain = func(*Exam) []Chain { panic("a mistake") }
	c.Notes = func(*Exam) []Reason { panic("a mistake") }
	c.Table = func(*Exam) *Table { panic("a mistake") }
	got := Evaluate(ev, []Check{c}, Options{}).Results[0]
	if got.Status != want.Status || got.Chains != nil || got.Table != nil || render(got) != render(want) {
		t.Errorf("%s, want %s", render(got), render(want))
	}
}

// TestRetirements: the published days, by what is declared.
func TestRetirements(t *testing.T) {
	of := func(now time.Time, services ...string) map[string]bool {
		ev := evidence(t, map[string]any{facts.DeclaredM365.Name: facts.Microsoft365{Cloud: "global", Services: services}})
		out := map[string]bool{}
		for _, r := range Retirements(ev, now) {
			out[r.ID+" "+r.On] = r.Come
			if r.Text.EN == "" || r.Text.JA == "" || r.Source == "" {
				t.Errorf("%s lacks a sentence or a source", r.ID)
			}
		}
		return out
	}
	for _, tt := range []struct {
		now      time.Time
		services []string
		want     map[string]bool
	}{
		{day(2026, time.March, 1), []string{"sharepoint"}, map[string]bool{
			"sharepoint_acs 2026-04-02": false, "sharepoint_password_sign_in 2026-05-01": false, "cloud_app_security 2028-01-01": false,
		}},
		{day(2026, time.May, 1), []string{"onedrive", "exchange"}, map[string]bool{
			"sharepoint_acs 2026-04-02": true, "sharepoint_password_sign_in 2026-05-01": true,
			"exchange_ews_off 2026-10-01": false, "exchange_ews 2027-04-01": false, "cloud_app_security 2028-01-01": false,
		}},
		{day(2028, time.January, 1), nil, map[string]bool{"cloud_app_security 2028-01-01": true}},
	} {
		if got := of(tt.now, tt.services...); !maps.Equal(got, tt.want) {
			t.Errorf("%v %v: %v, want %v", tt.now, tt.services, got, tt.want)
		}
	}
	ev := evidence(t, map[string]any{facts.DeclaredM365.Name: facts.Microsoft365{Cloud: "usgov", Services: []string{"sharepoint", "exchange"}}})
	// No day is published for the cloud: said, and nothing concluded from the calendar.
	for _, r := range Retirements(ev, day(2027, time.June, 1)) {
		if published := r.ID == "cloud_app_security"; r.Come || (r.On != "") != published {
			t.Errorf("a day without a publication for the cloud: %+v", r)
		}
	}
	if got := len(Retirements(ev, day(2027, time.June, 1))); got != 5 {
		t.Errorf("%d retirements, want 5", got)
	}
}

// TestWhoIsAGlobalAdministrator: tenant-wide, and not over yet.
func TestWhoIsAGlobalAdministrator(t *testing.T) {
	const role = `"roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10"`
	c := MFA01()
	for roles, want := range map[string]bool{
		`{` + role + `,"directoryScopeId":"/"}`:                                              true,
		`{` + role + `,"directoryScopeId":"/","endDateTime":"2026-02-01T00:00:00Z"}`:         true,
		`{` + role + `,"directoryScopeId":"/","endDateTime":"2026-01-15T06:00:00Z"}`:         false,
		`{` + role + `,"directoryScopeId":"/administrativeUnits/1"}`:                         false,
		`{"roleDefinitionId":"f28a1f50-f6e7-4571-818b-6a12f2af6b6c","directoryScopeId":"/"}`: false,
	} {
		ev := evidenceOf(t, roles, "MFA-01", []string{
			"base automatic", "taken 2026-01-15T06:00:00Z", `m365.accounts:accounts.0.roles.value = [` + roles + `]`,
		})
		x := &Exam{check: &c, evidence: ev, now: ev.Taken}
		a, why := account(x, "admin@contoso.com")
		if got := isGlobalAdministrator(x, a); got != want || why != nil {
			t.Errorf("%s: %v, want %v (%v)", roles, got, want, why)
		}
	}
}
