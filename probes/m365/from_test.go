package m365_test

import (
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// TestFrom: every member names the call that showed it, as a reader would repeat it, and
// when its answer was there; a refusal is an answer, too.
func TestFrom(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		manyGroups(2)(o)
		o.PageSize = 1
	})
	p.today = time.Time{}
	begun := time.Now()
	ev := p.collect()
	ended := time.Now()
	set := get(t, ev, facts.M365Accounts)
	access := get(t, ev, facts.M365ConditionalAccess)
	principals := get(t, ev, facts.M365Traces).ServicePrincipals
	a, found, principal := set.Accounts[0], set.Accounts[2], (*principals.Value)[0]
	for _, m := range []struct {
		from *facts.Look
		call string
	}{
		{get(t, ev, facts.M365Tenant).Domains.From, "GET /v1.0/domains"},
		{set.DelegatesFound.From, "GET /v1.0/users"},
		{a.User.From, "GET /v1.0/users/" + "admin%40contoso.com"},
		{found.User.From, "GET /v1.0/users/" + createdID},
		{a.PerUserMFA.From, "GET /beta/users/" + adminID + "/authentication/requirements"},
		{a.Registration.From, "GET /v1.0/reports/authenticationMethods/userRegistrationDetails/" + adminID},
		{found.Registration.From, "GET /v1.0/reports/authenticationMethods/userRegistrationDetails/" + createdID}, // 404
		{a.Groups.From, "GET /v1.0/users/" + adminID + "/transitiveMemberOf/graph.group"},
		{a.Roles.From, "GET " + activePath},
		{a.EligibleRoles.From, "GET " + eligiblePath},
		{access.Policies.From, "GET /v1.0/identity/conditionalAccess/policies"},
		{access.Locations.From, "GET /v1.0/identity/conditionalAccess/namedLocations"},
		{access.Strengths.From, "GET /v1.0/policies/authenticationStrengthPolicies"},
		{principals.From, "GET /v1.0/servicePrincipals"},
		{principal.AppRoleAssignments.From, "GET /v1.0/servicePrincipals/" + casApp + "/appRoleAssignments"},
		{principal.OAuth2PermissionGrants.From, "GET /v1.0/servicePrincipals/" + casApp + "/oauth2PermissionGrants"},
		{(*principal.OAuth2PermissionGrants.Value)[1].Principal.From, "GET /v1.0/users/" + adminID},
	} {
		switch {
		case m.from == nil:
			t.Errorf("%s: no call is named", m.call)
		case m.from.Call != m.call || m.from.At.Before(begun) || m.from.At.After(ended) || m.from.At.Location() != time.UTC:
			t.Errorf("%s: %+v", m.call, *m.from)
		}
	}
	// Answers of a batch and of later pages come after the first.
	if !a.Roles.From.At.After(a.Groups.From.At) {
		t.Errorf("the roles of groups were there at %v, the groups at %v", a.Roles.From.At, a.Groups.From.At)
	}
	unasked := start(t, func(o *lab.Organisation) { o.Declared.Microsoft365.Delegates = []string{"gone@contoso.com"} }).accounts().Accounts[1]
	if unasked.User.From == nil || unasked.Roles.From != nil {
		t.Errorf("what was not asked names a call: %v, %v", unasked.User.From, unasked.Roles.From)
	}
}

// TestPathsAreChains: no fact has a longer path than the run took, and that of the accounts
// is the token's, the tenant's and three calls of its own, however many accounts there are.
func TestPathsAreChains(t *testing.T) {
	const latency = 50 * time.Millisecond
	p := start(t, func(o *lab.Organisation) {
		manyGroups(3)(o)
		o.Latency = latency
	})
	begun := time.Now()
	ev := p.collect()
	took := time.Since(begun)
	for name, f := range ev.Facts {
		if f.Path > took {
			t.Errorf("%s: path %v of a run of %v", name, f.Path, took)
		}
	}
	// Discovery, token, organization; user, groups, batch. What runs beside them is not in it.
	var all time.Duration
	for _, r := range ev.Facts["m365.accounts"].Requests {
		all += r.Took
	}
	if got := ev.Facts["m365.accounts"].Path; got < 6*latency || got >= all {
		t.Errorf("the accounts' path is %v, want six answers of %v and less than the %v of all requests", got, latency, all)
	}
}
