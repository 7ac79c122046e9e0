package m365_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func (p *tenant) accounts() facts.AccountSet {
	p.t.Helper()
	return get(p.t, p.collect("m365.accounts"), facts.M365Accounts)
}

func TestAnAccountThatDoesNotExist(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Declared.Microsoft365.Delegates = []string{"gone@contoso.com"} })
	a := p.accounts().Accounts[1]
	if a.Address != "gone@contoso.com" || a.Role != facts.Delegate || a.User.Value != nil {
		t.Errorf("account = %+v", a)
	}
	for name, f := range map[string]*facts.Failure{
		"user": a.User.Failure, "per-user MFA": a.PerUserMFA.Failure, "registration": a.Registration.Failure,
		"groups": a.Groups.Failure, "roles": a.Roles.Failure, "eligible roles": a.EligibleRoles.Failure,
	} {
		if f == nil || f.Kind != facts.NotFound || f.Code != "Request_ResourceNotFound" {
			t.Errorf("%s: %v", name, f)
		}
		if name != "user" && !strings.HasPrefix(f.Detail, "not asked") {
			t.Errorf("%s: %q", name, f.Detail)
		}
	}
}

// A user that cannot be read is not asked about further, and says what to grant.
func TestAnAccountThatMayNotBeRead(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Microsoft.App.Permissions = without("User.Read.All") })
	set := p.accounts()
	for _, a := range set.Accounts {
		if f := a.PerUserMFA.Failure; f == nil || f.Kind != facts.Forbidden || f.Permission != "User.Read.All" {
			t.Errorf("%s: %v", a.Address, f)
		}
	}
	if f := set.DelegatesFound.Failure; f == nil || f.Permission != "User.Read.All" {
		t.Errorf("delegates found: %v", f)
	}
	for _, r := range p.graph() {
		if strings.Contains(r.Path, "/authentication") || strings.Contains(r.Path, "roleManagement") {
			t.Errorf("asked %s", r.Path)
		}
	}
}

// SDK pitfall: a guest's name holds #, which must not end the path.
func TestAGuestsName(t *testing.T) {
	const guest = "adele_fabrikam.com#EXT#@contoso.onmicrosoft.com"
	p := start(t, func(o *lab.Organisation) {
		o.Declared.Microsoft365.GlobalAdmin = guest
		o.Microsoft.Users[0].UserPrincipalName, o.Microsoft.Users[0].UserType = guest, "Guest"
		o.Microsoft.Users[0].CreationType = "Invitation"
	})
	a := p.accounts().Accounts[0]
	if !a.User.Complete() || *a.User.Value.UserPrincipalName != guest || *a.User.Value.UserType != "Guest" ||
		*a.User.Value.CreationType != "Invitation" {
		t.Fatalf("user = %+v, %v", a.User.Value, a.User.Failure)
	}
	if !a.PerUserMFA.Complete() || !a.Registration.Complete() || !a.Groups.Complete() {
		t.Errorf("account = %+v", a)
	}
	byName := 0
	for _, r := range p.graph() {
		if strings.Contains(r.Path, "EXT") {
			byName++
		}
	}
	if byName != 1 {
		t.Errorf("%d requests by name, want the first only", byName)
	}
}

func TestNoAccountIsNamed(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Declared.Microsoft365.GlobalAdmin, o.Declared.Microsoft365.Delegates = "", nil
		o.Microsoft.Users = o.Microsoft.Users[:2]
	})
	equal(t, facts.AccountSet{Accounts: []facts.Account{}, DelegatesFound: facts.Got([]string{})}, p.accounts())
}

// An account in two roles is looked at in each; one that is named twice, or found under the
// name that the configuration has, once.
func TestAccountsThatAreNamedMoreThanOnce(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Declared.Microsoft365.Delegates = []string{admin, helper, strings.ToUpper(helper), "CAS-1@contoso.com"}
	})
	set := p.accounts()
	var got []string
	for _, a := range set.Accounts {
		got = append(got, string(a.Role)+" "+a.Address)
	}
	equal(t, []string{
		"global_admin " + admin, "delegate " + admin, "delegate " + helper, "delegate CAS-1@contoso.com",
	}, got)
	equal(t, facts.Got([]string{"cas-1@contoso.com"}), set.DelegatesFound)
}

func TestWithoutALicence(t *testing.T) {
	for _, tt := range []struct {
		premium      lab.Premium
		registration facts.Kind
		eligible     facts.Kind
	}{
		{lab.Free, facts.Unlicensed, facts.Unlicensed}, {lab.P1, "", facts.Unlicensed}, {lab.P2, "", ""},
	} {
		a := start(t, func(o *lab.Organisation) { o.Microsoft.Premium = tt.premium }).accounts().Accounts[0]
		kind := func(f *facts.Failure) facts.Kind {
			if f == nil {
				return ""
			}
			return f.Kind
		}
		if kind(a.Registration.Failure) != tt.registration || kind(a.EligibleRoles.Failure) != tt.eligible {
			t.Errorf("licence %v: registration %v, eligible %v", tt.premium, a.Registration.Failure, a.EligibleRoles.Failure)
		}
		if !a.PerUserMFA.Complete() || !a.Roles.Complete() {
			t.Errorf("licence %v: per-user MFA %v, roles %v", tt.premium, a.PerUserMFA.Failure, a.Roles.Failure)
		}
	}
}

// byGroup gives roles to the outer group, which the admin is in through the inner one.
func byGroup(o *lab.Organisation) {
	m := &o.Microsoft
	m.RoleAssignments = append(m.RoleAssignments, lab.RoleAssignment{PrincipalID: outer, RoleDefinitionID: pointRole})
	m.EligibleRoles = append(m.EligibleRoles, lab.RoleAssignment{PrincipalID: outer, RoleDefinitionID: globalRole})
}

func holders(list []facts.RoleAssignment) []string {
	var out []string
	for _, r := range list {
		out = append(out, *r.PrincipalID+" "+r.RoleDefinitionID)
	}
	return out
}

// Only groups that can have a role are asked about, when Graph tells which.
func TestRolesThroughAGroup(t *testing.T) {
	p := start(t, byGroup)
	p.Fault(lab.Fault{
		Service: lab.GraphService, Path: "/v1.0/users/" + adminID + "/transitiveMemberOf/graph.group", Status: 200,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body: `{"value":[{"id":"` + inner + `","displayName":"ordinary","isAssignableToRole":null},
			{"id":"` + outer + `","displayName":"assignable","isAssignableToRole":true}]}`,
	})
	a := p.accounts().Accounts[0]
	if !a.Roles.Complete() || !a.EligibleRoles.Complete() {
		t.Fatal(a.Roles.Failure, a.EligibleRoles.Failure)
	}
	equal(t, []string{adminID + " " + globalRole, outer + " " + pointRole}, holders(*a.Roles.Value))
	equal(t, []string{adminID + " " + pointRole, outer + " " + globalRole}, holders(*a.EligibleRoles.Value))
	for _, r := range p.graph() {
		if strings.Contains(r.Query, inner) {
			t.Errorf("asked for the roles of a group that cannot have any: %s", r.Query)
		}
	}
}

// "List a user's memberships": of a group that the application may not read, everything but
// the id is null.
func TestRolesThroughAGroupThatMayNotBeRead(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		byGroup(o)
		o.Microsoft.App.Permissions = without("GroupMember.Read.All")
	})
	a := p.accounts().Accounts[0]
	equal(t, facts.Got([]facts.Group{{ID: inner}, {ID: outer}}), a.Groups)
	if !a.Roles.Complete() {
		t.Fatal(a.Roles.Failure)
	}
	equal(t, []string{adminID + " " + globalRole, outer + " " + pointRole}, holders(*a.Roles.Value))
}

func TestRolesThroughTooManyGroupsThatMayNotBeRead(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.App.Permissions = without("GroupMember.Read.All")
		for i := range 19 {
			id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
			o.Microsoft.Groups = append(o.Microsoft.Groups, lab.Group{ID: id, DisplayName: "one of many"})
			o.Microsoft.Users[0].MemberOf = append(o.Microsoft.Users[0].MemberOf, id)
		}
	})
	a := p.accounts().Accounts[0]
	if !a.Groups.Complete() || len(*a.Groups.Value) != 21 {
		t.Fatalf("groups = %v, %v", a.Groups.Value, a.Groups.Failure)
	}
	for name, seen := range map[string]facts.Seen[[]facts.RoleAssignment]{"active": a.Roles, "eligible": a.EligibleRoles} {
		f := seen.Failure
		if seen.Value == nil || len(*seen.Value) != 1 || f == nil || f.Kind != facts.Forbidden || f.Permission != "GroupMember.Read.All" {
			t.Errorf("%s: %v, %v", name, seen.Value, f)
		}
	}
}

// Without the groups, the roles that the account has itself are still worth something.
func TestRolesWithoutTheGroups(t *testing.T) {
	p := start(t, nil)
	p.Fault(lab.Fault{Service: lab.GraphService, Path: "/v1.0/users/" + adminID + "/transitiveMemberOf/graph.group", Status: 500})
	a := p.accounts().Accounts[0]
	if a.Groups.Value != nil || a.Groups.Failure == nil {
		t.Errorf("groups = %+v", a.Groups)
	}
	if a.Roles.Value == nil || len(*a.Roles.Value) != 1 || a.Roles.Failure == nil || a.Roles.Failure.Kind != facts.Unavailable {
		t.Errorf("roles = %v, %v", a.Roles.Value, a.Roles.Failure)
	}
}
