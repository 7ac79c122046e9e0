package lab_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/lab"
)

const (
	adminUPN = "admin@contoso.com"
	// The role template of Global Administrator (Microsoft Entra built-in roles).
	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
)

func adminID() string { return lab.Healthy().Microsoft.Users[0].ID }

// graph asks for a path, with a good token and more headers.
func (p *practice) graph(path string, header ...string) reply {
	p.t.Helper()
	return p.do(p.graphRequest(http.MethodGet, path, header...))
}

func (p *practice) graphRequest(method, path string, header ...string) *http.Request {
	p.t.Helper()
	path, query, _ := strings.Cut(path, "?")
	if query != "" { // as it is written in the documentation, then escaped
		values := url.Values{}
		for _, part := range strings.Split(query, "&") {
			name, value, _ := strings.Cut(part, "=")
			values.Add(name, value)
		}
		path += "?" + values.Encode()
	}
	return p.request(method, p.cfg.Microsoft365.Endpoints.Graph+path, nil,
		append([]string{"Authorization", "Bearer " + p.graphToken()}, header...)...)
}

func names(r reply, member string) []string {
	var out []string
	list, _ := r.body["value"].([]any)
	for _, e := range list {
		s, _ := e.(map[string]any)[member].(string)
		out = append(out, s)
	}
	return out
}

var eventual = []string{"ConsistencyLevel", "eventual"}

func TestGraphSingles(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Microsoft.Users[0].PerUserMFA = "enforced" })
	for _, c := range []struct {
		path string
		want map[string]any
	}{
		// The shapes are those of the pages of the Graph reference for each call.
		{"/v1.0/users/" + adminUPN, map[string]any{"userPrincipalName": adminUPN, "id": adminID(), "displayName": "Contoso Admin"}},
		{"/v1.0/users/" + strings.ToUpper(adminUPN) + "?$select=accountEnabled,userType,onPremisesSyncEnabled", map[string]any{
			"accountEnabled": true, "userType": "Member", "onPremisesSyncEnabled": nil,
		}},
		{"/beta/users/" + adminID() + "/authentication/requirements", map[string]any{"perUserMfaState": "enforced"}},
		{"/v1.0/reports/authenticationMethods/userRegistrationDetails/" + adminID(), map[string]any{
			"isMfaRegistered": true, "isMfaCapable": true, "methodsRegistered": []any{"microsoftAuthenticatorPush"},
		}},
		{"/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", map[string]any{
			"id": "00000000-0000-0000-0000-000000000005", "isEnabled": false,
		}},
		{"/v1.0/admin/sharepoint/settings", map[string]any{"isLegacyAuthProtocolsEnabled": true}},
		{"/v1.0/admin/sharepoint/settings?$select=isLegacyAuthProtocolsEnabled", map[string]any{"isLegacyAuthProtocolsEnabled": true}},
	} {
		t.Run(c.path, func(t *testing.T) {
			got := p.graph(c.path)
			if got.status != 200 {
				t.Fatalf("status %d: %s", got.status, got.raw)
			}
			for name, want := range c.want {
				v, ok := got.body[name]
				if diff := cmp.Diff(want, v); !ok || diff != "" {
					t.Errorf("%s (there: %v):\n%s", name, ok, diff)
				}
			}
		})
	}
}

// What is out of the ordinary about accounts, domains and roles, in the words of the Graph
// reference (user, domain, organization, group, unifiedRoleAssignment).
func TestGraphOddities(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		m := &o.Microsoft
		m.PartnerTenantType = "microsoftSupport"
		m.Domains = append(m.Domains,
			lab.Domain{Name: "fed.contoso.com", Federated: true}, lab.Domain{Name: "new.contoso.com", Unverified: true})
		m.AssignedPlans = []lab.AssignedPlan{{Service: "SharePoint", Status: "Deleted"}}
		u := &m.Users[0]
		u.UserType, u.CreationType, u.Disabled, u.OnPremisesSync, u.MustChange = "Guest", "Invitation", true, true, true
		m.Groups[1].Assignable = true
		m.RoleAssignments[0].Scope = "/administrativeUnits/1"
		m.EligibleRoles = []lab.RoleAssignment{{PrincipalID: u.ID, End: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}}
	})
	user := p.graph("/v1.0/users/" + adminUPN +
		"?$select=userType,creationType,accountEnabled,onPremisesSyncEnabled,passwordProfile")
	delete(user.body, "@odata.context")
	if diff := cmp.Diff(map[string]any{
		"userType": "Guest", "creationType": "Invitation", "accountEnabled": false, "onPremisesSyncEnabled": true,
		"passwordProfile": map[string]any{
			"password": nil, "forceChangePasswordNextSignIn": true, "forceChangePasswordNextSignInWithMfa": false,
		},
	}, user.body); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		path, member string
		want         []string
	}{
		{"/v1.0/domains", "authenticationType", []string{"Managed", "Managed", "Federated", "Managed"}},
		{"/v1.0/roleManagement/directory/roleAssignments", "directoryScopeId", []string{"/administrativeUnits/1"}},
		{"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances", "endDateTime", []string{"2026-03-01T00:00:00Z"}},
	} {
		if diff := cmp.Diff(c.want, names(p.graph(c.path), c.member)); diff != "" {
			t.Errorf("%s of %s:\n%s", c.member, c.path, diff)
		}
	}
	organization := p.graph("/v1.0/organization").body["value"].([]any)[0].(map[string]any)
	if verified := organization["verifiedDomains"].([]any); len(verified) != 3 ||
		verified[2].(map[string]any)["type"] != "Federated" {
		t.Errorf("verified domains %v", verified)
	}
	if plan := organization["assignedPlans"].([]any)[0].(map[string]any); plan["capabilityStatus"] != "Deleted" ||
		organization["partnerTenantType"] != "microsoftSupport" {
		t.Errorf("organization %v", organization)
	}
	groups := p.graph("/v1.0/users/"+adminUPN+"/transitiveMemberOf/graph.group?$count=true&$select=isAssignableToRole", eventual...)
	want := []any{map[string]any{"isAssignableToRole": nil}, map[string]any{"isAssignableToRole": true}}
	if diff := cmp.Diff(want, groups.body["value"]); diff != "" {
		t.Error(diff)
	}
}

func TestGraphLists(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.EligibleRoles = []lab.RoleAssignment{{PrincipalID: adminID(), RoleDefinitionID: globalAdministrator}}
		o.Microsoft.Users = append(o.Microsoft.Users, lab.User{ID: "4", UserPrincipalName: "oneill@contoso.com", DisplayName: "O'Neill"})
		o.Microsoft.ServicePrincipals = []json.RawMessage{
			json.RawMessage(`{"id":"1","displayName":"Trend Micro Cloud App Security"}`),
			json.RawMessage(`{"id":"2","appId":"a-2","displayName":"Other"}`),
		}
		o.Microsoft.App.Permissions = append(o.Microsoft.App.Permissions, "Directory.Read.All", "Domain-InternalFederation.Read.All")
		o.Microsoft.Domains = append(o.Microsoft.Domains, lab.Domain{
			Name: "fed.contoso.com", Federated: true, Federation: json.RawMessage(`{"id":"1","displayName":"Contoso"}`),
		})
		o.Microsoft.SubscribedSKUs = []json.RawMessage{json.RawMessage(`{"id":"1","skuPartNumber":"ENTERPRISEPREMIUM"}`)}
		audit := func(id, activity string) json.RawMessage {
			return json.RawMessage(`{"id":"` + id + `","activityDisplayName":"` + activity + `","activityDateTime":"2026-01-01T00:00:00Z"}`)
		}
		o.Microsoft.DirectoryAudits = []json.RawMessage{
			audit("a1", "Consent to application"), audit("a2", "Add application"), audit("a3", "Consent to application"),
		}
		signIn := func(id, user, day string) json.RawMessage {
			return json.RawMessage(`{"id":"` + id + `","userId":"` + user + `","createdDateTime":"2026-01-` + day + `T00:00:00Z",
				"authenticationRequirement":"multiFactorAuthentication"}`)
		}
		o.Microsoft.SignIns = []json.RawMessage{signIn("s3", "2", "03"), signIn("s2", "1", "02"), signIn("s1", "1", "01")}
		o.Microsoft.AppRoleAssignments = []json.RawMessage{
			json.RawMessage(`{"id":"r1","principalId":"1"}`), json.RawMessage(`{"id":"r2","principalId":"2"}`),
		}
		o.Microsoft.PermissionGrants = []json.RawMessage{
			json.RawMessage(`{"id":"g1","clientId":"1"}`), json.RawMessage(`{"id":"g2","clientId":"2"}`),
		}
	})
	for _, c := range []struct {
		path, member string
		header       []string
		want         []string
	}{
		{"/v1.0/organization", "displayName", nil, []string{"Contoso"}},
		{"/v1.0/domains", "id", nil, []string{"contoso.onmicrosoft.com", "contoso.com", "fed.contoso.com"}},
		{"/v1.0/users", "userPrincipalName", nil, []string{
			adminUPN, "cas-delegate@contoso.com", "adele@contoso.com", "oneill@contoso.com",
		}},
		{"/v1.0/users?$filter=startswith(displayName,'contoso ADMIN')&$count=true", "userPrincipalName", eventual, []string{adminUPN}},
		{"/v1.0/users?$filter=startswith(displayName,'O''N')", "userPrincipalName", nil, []string{"oneill@contoso.com"}},
		{"/v1.0/users/" + adminUPN + "/transitiveMemberOf/graph.group?$count=true&$select=id", "id", eventual, []string{
			"1d2c3b4a-5e6f-4789-9abc-0def12345678", "2e3d4c5b-6f70-489a-8bcd-1ef023456789", // the second through the first
		}},
		{"/v1.0/users/" + adminUPN + "/transitiveMemberOf", "@odata.type", nil, []string{
			"#microsoft.graph.group", "#microsoft.graph.group", "#microsoft.graph.directoryRole",
		}},
		{"/v1.0/identity/conditionalAccess/policies", "state", nil, []string{"enabled", "enabledForReportingButNotEnforced"}},
		{"/v1.0/identity/conditionalAccess/namedLocations", "@odata.type", nil, []string{"#microsoft.graph.ipNamedLocation"}},
		{"/v1.0/policies/authenticationStrengthPolicies", "displayName", nil, []string{
			"Multifactor authentication", "Passwordless MFA", "Phishing resistant MFA",
		}},
		{"/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '" + adminID() + "'", "roleDefinitionId", nil,
			[]string{globalAdministrator}},
		{"/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq 'nobody'", "roleDefinitionId", nil, nil},
		{"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId eq '" + adminID() + "'", "directoryScopeId", nil,
			[]string{"/"}},
		{"/v1.0/servicePrincipals?$filter=startswith(displayName,'Trend Micro')&$count=true", "id", eventual, []string{"1"}},
		{"/v1.0/servicePrincipals?$filter=appId eq 'A-2'&$count=true&$select=id,publisherName", "id", eventual, []string{"2"}},
		{"/v1.0/servicePrincipals/1/appRoleAssignments", "id", nil, []string{"r1"}},
		{"/v1.0/domains/fed.contoso.com/federationConfiguration", "displayName", nil, []string{"Contoso"}},
		{"/v1.0/subscribedSkus?$select=id,skuPartNumber", "skuPartNumber", nil, []string{"ENTERPRISEPREMIUM"}},
		{"/v1.0/auditLogs/directoryAudits", "id", nil, []string{"a1", "a2", "a3"}},
		{"/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Consent to application'", "id", nil, []string{"a1", "a3"}},
		{"/beta/auditLogs/signIns?$filter=userId eq '1' and createdDateTime ge 2026-01-02T00:00:00Z", "id", nil, []string{"s2"}},
		{"/beta/auditLogs/signIns?$filter=userId eq '1'", "authenticationRequirement", nil,
			[]string{"multiFactorAuthentication", "multiFactorAuthentication"}},
		// signIn of v1.0 has no such member.
		{"/v1.0/auditLogs/signIns?$filter=userId eq '1'", "authenticationRequirement", nil, []string{"", ""}},
		{"/v1.0/servicePrincipals/2/oauth2PermissionGrants", "id", nil, []string{"g2"}},
	} {
		t.Run(c.path, func(t *testing.T) {
			got := p.graph(c.path, c.header...)
			if got.status != 200 {
				t.Fatalf("status %d: %s", got.status, got.raw)
			}
			if diff := cmp.Diff(c.want, names(got, c.member)); diff != "" {
				t.Error(diff)
			}
			if _, ok := got.body["@odata.nextLink"]; ok {
				t.Error("a next page, where there is none")
			}
			if _, ok := got.body["value"].([]any); !ok {
				t.Errorf("no list in %s", got.raw)
			}
			if n, ok := got.body["@odata.count"]; ok != strings.Contains(c.path, "$count=true") ||
				ok && n != float64(len(c.want)) {
				t.Errorf("@odata.count is %v", n)
			}
		})
	}
}

// What Graph refuses, and how. (Microsoft Graph: "Error responses and resource types",
// "Advanced query capabilities on Microsoft Entra ID objects", "Query parameters".)
func TestGraphRefusals(t *testing.T) {
	p := start(t, nil)
	user := "/v1.0/users/" + adminUPN
	for _, c := range []struct {
		name, method, path string
		header             []string
		status             int
		code               string
	}{
		{"per-user MFA is beta only", "GET", user + "/authentication/requirements", nil, 400, "BadRequest"},
		{"unknown path", "GET", "/v1.0/casdoctor", nil, 400, "BadRequest"},
		{"unknown segment", "GET", user + "/casdoctor", nil, 400, "BadRequest"},
		{"unfinished path", "GET", "/v1.0/identity/conditionalAccess", nil, 400, "BadRequest"},
		{"unknown version", "GET", "/v3.0/organization", nil, 400, "BadRequest"},
		{"unknown user", "GET", "/v1.0/users/nobody@contoso.com", nil, 404, "Request_ResourceNotFound"},
		{"unknown user's groups", "GET", "/v1.0/users/nobody@contoso.com/transitiveMemberOf", nil,
			404, "Request_ResourceNotFound"},
		{"no row in the report", "GET", "/v1.0/reports/authenticationMethods/userRegistrationDetails/" +
			lab.Healthy().Microsoft.Users[2].ID, nil, 404, "Request_ResourceNotFound"},
		{"wrong method", "PATCH", user, nil, 405, "Request_BadRequest"},
		{"delete", "DELETE", "/v1.0/identity/conditionalAccess/policies", nil, 405, "Request_BadRequest"},
		{"unknown member", "GET", user + "?$select=id,perUserMfaState", nil, 400, "BadRequest"},
		{"unknown member of a list", "GET", "/v1.0/users?$select=id,mfa", nil, 400, "BadRequest"},
		{"unknown option", "GET", "/v1.0/organization?$magic=1", nil, 400, "Request_UnsupportedQuery"},
		{"option that the call does not take", "GET", "/v1.0/identity/conditionalAccess/policies?$filter=state eq 'enabled'", nil,
			400, "Request_UnsupportedQuery"},
		{"filter that is not parsed", "GET", "/v1.0/users?$filter=endswith(mail,'x')", nil,
			400, "Request_UnsupportedQuery"},
		{"filter on another member", "GET", "/v1.0/servicePrincipals?$filter=publisherName eq 'Trend Micro'", nil,
			400, "Request_UnsupportedQuery"},
		{"no federation", "GET", "/v1.0/domains/contoso.com/federationConfiguration", nil, 404, "Request_ResourceNotFound"},
		{"filter of the skus", "GET", "/v1.0/subscribedSkus?$filter=skuPartNumber eq 'E'", nil, 400, "Request_UnsupportedQuery"},
		{"log filtered by another member", "GET", "/v1.0/auditLogs/directoryAudits?$filter=category eq 'Policy'", nil,
			400, "Request_UnsupportedQuery"},
		{"log since no date", "GET", "/beta/auditLogs/signIns?$filter=userId eq '1' and createdDateTime ge yesterday", nil, 400, "BadRequest"},
		{"evaluation by GET", "GET", "/v1.0/identity/conditionalAccess/evaluate", nil, 405, "Request_BadRequest"},
		{"evaluation without a question", "POST", "/v1.0/identity/conditionalAccess/evaluate", []string{"Content-Type", "application/json"},
			400, "BadRequest"},
		{"evaluation of another type", "POST", "/v1.0/identity/conditionalAccess/evaluate", nil, 415, "RequestBodyRead"},
		{"unknown service principal", "GET", "/v1.0/servicePrincipals/1/appRoleAssignments", nil, 404, "Request_ResourceNotFound"},
		{"filter with a loose quote", "GET", "/v1.0/users?$filter=startswith(displayName,'O'Neill')", nil,
			400, "Request_UnsupportedQuery"},
		{"count without ConsistencyLevel", "GET", "/v1.0/users?$filter=startswith(displayName,'A')&$count=true", nil,
			400, "Request_UnsupportedQuery"},
		{"cast without ConsistencyLevel", "GET", user + "/transitiveMemberOf/graph.group", nil,
			400, "Request_UnsupportedQuery"},
		{"cast without count", "GET", user + "/transitiveMemberOf/graph.group", eventual, 400, "Request_UnsupportedQuery"},
		{"page too large", "GET", "/v1.0/users?$top=1000", nil, 400, "Request_UnsupportedQuery"},
		{"page token of nobody", "GET", "/v1.0/users?$skiptoken=abc", nil, 400, "Directory_ExpiredPageToken"},
		{"token that is not good", "GET", user, []string{"Authorization", "Bearer nonsense"},
			401, "InvalidAuthenticationToken"},
		{"other scheme", "GET", user, []string{"Authorization", "Basic YTpi"}, 401, "InvalidAuthenticationToken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := p.do(p.graphRequest(c.method, c.path, c.header...))
			if got.status != c.status || got.at("error", "code") != c.code {
				t.Errorf("answered %d %s, want %d %s", got.status, got.raw, c.status, c.code)
			}
			if message, _ := got.at("error", "message").(string); message == "" {
				t.Error("no message")
			}
			if id, _ := got.at("error", "innerError", "request-id").(string); id == "" {
				t.Error("no request-id")
			}
		})
	}
	t.Run("body on GET", func(t *testing.T) {
		r := p.request(http.MethodGet, p.cfg.Microsoft365.Endpoints.Graph+user, strings.NewReader("{}"),
			"Authorization", "Bearer "+p.graphToken())
		if got := p.do(r); got.status != 400 {
			t.Errorf("answered %d, want 400", got.status)
		}
	})
}

// Each family of calls refuses a missing permission with words of its own.
func TestGraphPermissions(t *testing.T) {
	user := "/v1.0/users/" + adminUPN
	for _, c := range []struct {
		permission, path string
		status           int
		code             string
	}{
		{"Organization.Read.All", "/v1.0/organization", 403, "Authorization_RequestDenied"},
		{"Domain.Read.All", "/v1.0/domains", 403, "Authorization_RequestDenied"},
		{"User.Read.All", user, 403, "Authorization_RequestDenied"},
		{"User.Read.All", user + "/transitiveMemberOf", 403, "Authorization_RequestDenied"},
		{"Policy.Read.All", "/beta/users/" + adminUPN + "/authentication/requirements", 403, "accessDenied"},
		{"Policy.Read.All", "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", 403, "AccessDenied"},
		{"Policy.Read.All", "/v1.0/identity/conditionalAccess/policies", 403, "AccessDenied"},
		{"Policy.Read.All", "/v1.0/identity/conditionalAccess/namedLocations", 403, "AccessDenied"},
		{"Policy.Read.All", "/v1.0/policies/authenticationStrengthPolicies", 403, "accessDenied"},
		{"AuditLog.Read.All", "/v1.0/reports/authenticationMethods/userRegistrationDetails/" + adminID(),
			403, "Authentication_MSGraphPermissionMissing"},
		{"RoleManagement.Read.Directory", "/v1.0/roleManagement/directory/roleAssignments",
			403, "Authorization_RequestDenied"},
		{"RoleEligibilitySchedule.Read.Directory RoleManagement.Read.Directory",
			"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances", 403, "UnknownError"},
		{"SharePointTenantSettings.Read.All", "/v1.0/admin/sharepoint/settings", 403, "accessDenied"},
		{"Application.Read.All", "/v1.0/servicePrincipals", 403, "Authorization_RequestDenied"},
		{"Application.Read.All", "/v1.0/servicePrincipals/1/appRoleAssignments", 403, "Authorization_RequestDenied"},
		{"AuditLog.Read.All", "/beta/auditLogs/signIns", 403, "Authentication_MSGraphPermissionMissing"},
		{"AuditLog.Read.All", "/v1.0/auditLogs/directoryAudits", 403, "Authentication_MSGraphPermissionMissing"},
		{"Domain-InternalFederation.Read.All", "/v1.0/domains/contoso.com/federationConfiguration", 403, "Authorization_RequestDenied"},
		{"Organization.Read.All", "/v1.0/subscribedSkus", 403, "Authorization_RequestDenied"},
		{"Directory.Read.All", "/v1.0/servicePrincipals/1/oauth2PermissionGrants", 403, "Authorization_RequestDenied"},
	} {
		t.Run(c.path, func(t *testing.T) {
			// Directory.Read.All covers every directory object: it is there only where it is asked about.
			with := func(change func(*lab.Organisation)) func(*lab.Organisation) {
				return func(o *lab.Organisation) {
					o.Microsoft.ServicePrincipals = []json.RawMessage{json.RawMessage(`{"id":"1"}`)}
					o.Microsoft.Domains[1].Federation = json.RawMessage(`{"id":"1"}`)
					if c.permission == "Directory.Read.All" {
						o.Microsoft.App.Permissions = append(o.Microsoft.App.Permissions, c.permission)
					}
					change(o)
				}
			}
			p := start(t, with(func(*lab.Organisation) {}))
			if got := p.graph(c.path); got.status != 200 {
				t.Fatalf("with every permission: %d %s", got.status, got.raw)
			}
			p = start(t, with(without(strings.Fields(c.permission)...)))
			if got := p.graph(c.path); got.status != c.status || got.at("error", "code") != c.code {
				t.Errorf("without %s: %d %s, want %d %s", c.permission, got.status, got.raw, c.status, c.code)
			}
		})
	}
}

func TestGraphLicences(t *testing.T) {
	report := "/v1.0/reports/authenticationMethods/userRegistrationDetails/" + adminID()
	const pim = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
	for premium, want := range map[lab.Premium][2]int{lab.Free: {403, 400}, lab.P1: {200, 400}, lab.P2: {200, 200}} {
		p := start(t, func(o *lab.Organisation) { o.Microsoft.Premium = premium })
		gotReport, gotPIM := p.graph(report), p.graph(pim)
		if gotReport.status != want[0] || gotPIM.status != want[1] {
			t.Errorf("licence %d: report %s, PIM %s; want status %v", premium, gotReport.raw, gotPIM.raw, want)
		}
		if want[0] == 403 && gotReport.at("error", "code") != "Authentication_RequestFromNonPremiumTenantOrB2CTenant" {
			t.Errorf("report without P1: %s", gotReport.raw)
		}
		if want[1] == 400 && gotPIM.at("error", "code") != "AadPremiumLicenseRequired" {
			t.Errorf("PIM without P2: %s", gotPIM.raw)
		}
	}
}

func TestGraphPaging(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.PageSize = 2 })
	path := "/v1.0/users?$select=userPrincipalName&$filter=startswith(displayName,'')&$count=true"
	first := p.graph(path, eventual...)
	next, _ := first.body["@odata.nextLink"].(string)
	if len(names(first, "userPrincipalName")) != 2 || !strings.HasPrefix(next, p.cfg.Microsoft365.Endpoints.Graph+"/v1.0/users?") {
		t.Fatalf("first page: %s", first.raw)
	}
	token := []string{"Authorization", "Bearer " + p.graphToken()}
	second := p.do(p.request(http.MethodGet, next, nil, append(token, eventual...)...))
	if diff := cmp.Diff([]string{"adele@contoso.com"}, names(second, "userPrincipalName")); diff != "" ||
		second.body["@odata.nextLink"] != nil {
		t.Errorf("second page: %s", second.raw)
	}
	if e := second.body["value"].([]any)[0].(map[string]any); len(e) != 1 {
		t.Errorf("the second page has forgotten $select: %v", e)
	}
	// The headers of an advanced query are needed on every page.
	if got := p.do(p.request(http.MethodGet, next, nil, token...)); got.status != 400 {
		t.Errorf("second page without ConsistencyLevel: status %d, want 400", got.status)
	}
	if got := names(p.graph("/v1.0/users?$top=1"), "id"); len(got) != 1 {
		t.Errorf("$top=1 gave %d", len(got))
	}
}

func TestGraphSelect(t *testing.T) {
	p := start(t, nil)
	selected := p.graph("/v1.0/users/" + adminUPN + "?$select=userType,accountEnabled")
	delete(selected.body, "@odata.context")
	if diff := cmp.Diff(map[string]any{"userType": "Member", "accountEnabled": true}, selected.body); diff != "" {
		t.Error(diff)
	}
	// "user resource type": without $select, accountEnabled and userType do not come.
	ordinary := p.graph("/v1.0/users/" + adminUPN)
	for _, name := range []string{"accountEnabled", "userType", "lastPasswordChangeDateTime"} {
		if _, ok := ordinary.body[name]; ok {
			t.Errorf("%s came without $select", name)
		}
	}
}

// "List a user's memberships": what the application may not read has an id and nothing else.
func TestGraphLimitedInformation(t *testing.T) {
	path := "/v1.0/users/" + adminUPN + "/transitiveMemberOf/graph.group?$count=true&$select=id,displayName"
	if got := names(start(t, nil).graph(path, eventual...), "displayName"); !slices.Equal(got, []string{"Administrators", "All staff"}) {
		t.Errorf("names %q with a permission for groups", got)
	}
	p := start(t, without("GroupMember.Read.All"))
	if got := names(p.graph(path, eventual...), "displayName"); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("names %q without a permission for groups", got)
	}
	if got := names(p.graph(path, eventual...), "id"); slices.Contains(got, "") {
		t.Errorf("ids %q without a permission for groups", got)
	}
}

// without takes permissions away from the app.
func without(permissions ...string) func(*lab.Organisation) {
	return func(o *lab.Organisation) {
		o.Microsoft.App.Permissions = slices.DeleteFunc(o.Microsoft.App.Permissions, func(s string) bool {
			return slices.Contains(permissions, s)
		})
	}
}

// Members that came after unknownFutureValue are only for those who ask for them.
func TestGraphNewWords(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.Policies = []json.RawMessage{json.RawMessage(
			`{"id":"1","displayName":"risk","grantControls":{"operator":"OR","builtInControls":["riskRemediation"]}}`)}
	})
	const path = "/v1.0/identity/conditionalAccess/policies"
	if got := p.graph(path); !strings.Contains(string(got.raw), `"unknownFutureValue"`) ||
		strings.Contains(string(got.raw), "riskRemediation") {
		t.Errorf("without Prefer: %s", got.raw)
	}
	if got := p.graph(path, "Prefer", "include-unknown-enum-members"); !strings.Contains(string(got.raw), `"riskRemediation"`) {
		t.Errorf("with Prefer: %s", got.raw)
	}
}
