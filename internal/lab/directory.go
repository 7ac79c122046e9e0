package lab

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types of Graph v1.0 that the probes read: their members, and what comes of a user
// without $select (Microsoft Graph, "user resource type" and "Get a user").
var (
	organizationKind = kind{name: "organization", members: []string{
		"id", "displayName", "verifiedDomains", "assignedPlans", "partnerTenantType", "tenantType",
		"countryLetterCode", "createdDateTime", "onPremisesSyncEnabled", "provisionedPlans", "technicalNotificationMails",
	}}
	domainKind = kind{name: "domain", members: []string{
		"id", "authenticationType", "isAdminManaged", "isDefault", "isInitial", "isRoot", "isVerified",
		"passwordNotificationWindowInDays", "passwordValidityPeriodInDays", "supportedServices",
	}}
	userKind = kind{
		name: "user",
		members: []string{
			"id", "userPrincipalName", "displayName", "userType", "accountEnabled", "creationType", "createdDateTime",
			"identities", "onPremisesSyncEnabled", "onPremisesImmutableId", "passwordPolicies", "passwordProfile",
			"lastPasswordChangeDateTime", "assignedPlans", "assignedLicenses", "businessPhones", "givenName", "jobTitle",
			"mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname", "externalUserState",
		},
		ordinary: []string{
			"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
			"preferredLanguage", "surname", "userPrincipalName",
		},
	}
	groupKind = kind{name: "group", members: []string{
		"id", "displayName", "description", "groupTypes", "mail", "securityEnabled", "isAssignableToRole",
	}}
	directoryObjectKind = kind{name: "directoryObject", members: []string{
		"id", "displayName", "roleTemplateId", "deletedDateTime",
	}}
	registrationKind = kind{name: "userRegistrationDetails", members: []string{
		"id", "userPrincipalName", "userDisplayName", "userType", "isAdmin", "isMfaRegistered", "isMfaCapable",
		"isPasswordlessCapable", "isSsprRegistered", "isSsprEnabled", "isSsprCapable", "methodsRegistered",
		"isSystemPreferredAuthenticationMethodEnabled", "systemPreferredAuthenticationMethods",
		"userPreferredMethodForSecondaryAuthentication", "lastUpdatedDateTime",
	}}
	requirementsKind     = kind{name: "strongAuthenticationRequirements", members: []string{"perUserMfaState"}}
	securityDefaultsKind = kind{name: "identitySecurityDefaultsEnforcementPolicy", members: []string{
		"id", "displayName", "description", "isEnabled",
	}}
	strengthKind = kind{name: "authenticationStrengthPolicy", members: []string{
		"id", "displayName", "description", "policyType", "requirementsSatisfied", "allowedCombinations",
		"createdDateTime", "modifiedDateTime",
	}}
	policyKind = kind{name: "conditionalAccessPolicy", members: []string{
		"id", "templateId", "displayName", "description", "createdDateTime", "modifiedDateTime", "deletedDateTime", "state",
		"conditions", "grantControls", "sessionControls",
	}}
	locationKind = kind{name: "namedLocation", members: []string{
		"id", "displayName", "createdDateTime", "modifiedDateTime", "deletedDateTime",
	}}
	roleAssignmentKind = kind{name: "unifiedRoleAssignment", members: []string{
		"id", "principalId", "roleDefinitionId", "directoryScopeId", "appScopeId", "condition", "resourceScope",
	}}
	eligibleRoleKind = kind{name: "unifiedRoleEligibilityScheduleInstance", members: []string{
		"id", "principalId", "roleDefinitionId", "directoryScopeId", "appScopeId", "startDateTime", "endDateTime",
		"memberType", "roleEligibilityScheduleId",
	}}
	sharePointKind = kind{name: "sharepointSettings", members: []string{
		"isLegacyAuthProtocolsEnabled", "sharingCapability", "isUnmanagedSyncAppForTenantRestricted", "isLoopEnabled",
		"deletedUserPersonalSiteRetentionPeriodInDays", "siteCreationDefaultManagedPath",
	}}
	servicePrincipalKind = kind{name: "servicePrincipal", members: []string{
		"id", "appId", "displayName", "accountEnabled", "appOwnerOrganizationId", "createdDateTime", "servicePrincipalType",
		"preferredSingleSignOnMode", "publisherName", "verifiedPublisher", "replyUrls", "tags", "servicePrincipalNames",
	}}
	appRoleAssignmentKind = kind{name: "appRoleAssignment", members: []string{
		"id", "appRoleId", "createdDateTime", "deletedDateTime", "principalDisplayName", "principalId", "principalType",
		"resourceDisplayName", "resourceId",
	}}
	federationKind = kind{name: "internalDomainFederation"}
	skuKind        = kind{name: "subscribedSku", members: []string{
		"id", "accountId", "accountName", "appliesTo", "capabilityStatus", "consumedUnits", "prepaidUnits", "servicePlans",
		"skuId", "skuPartNumber", "subscriptionIds",
	}}
	permissionGrantKind = kind{name: "oAuth2PermissionGrant", members: []string{
		"id", "clientId", "consentType", "principalId", "resourceId", "scope",
	}}
)

func (g *graph) organization(q *query) (any, *graphError) {
	t := g.tenant
	e := entity{
		"id": t.TenantID, "displayName": t.DisplayName, "partnerTenantType": text(t.PartnerTenantType), "tenantType": "AAD",
	}
	domains, plans := []entity{}, []entity{}
	for _, d := range t.Domains {
		if d.Unverified {
			continue
		}
		domains = append(domains, entity{
			"name": d.Name, "type": authentication(d), "isDefault": d.Default, "isInitial": d.Initial,
			"capabilities": capabilities(d.Services),
		})
	}
	for _, p := range t.AssignedPlans {
		status := p.Status
		if status == "" {
			status = "Enabled"
		}
		plans = append(plans, entity{"service": p.Service, "servicePlanId": p.ServicePlanID, "capabilityStatus": status})
	}
	e["verifiedDomains"], e["assignedPlans"] = domains, plans
	return g.list(q, organizationKind, []entity{e})
}

// capabilities is how an organization writes what a domain is used for; domains have a list.
func capabilities(services []string) string {
	if len(services) == 0 {
		return "None"
	}
	return strings.Join(services, ", ")
}

func authentication(d Domain) string {
	if d.Federated {
		return "Federated"
	}
	return "Managed"
}

func (g *graph) domains(q *query) (any, *graphError) {
	var all []entity
	for _, d := range g.tenant.Domains {
		services := d.Services
		if services == nil {
			services = []string{}
		}
		all = append(all, entity{
			"id": d.Name, "authenticationType": authentication(d), "isVerified": !d.Unverified, "isInitial": d.Initial,
			"isDefault": d.Default, "isRoot": true, "isAdminManaged": true, "supportedServices": services,
		})
	}
	return g.list(q, domainKind, all)
}

// federation is the one object of a federated domain; a domain without one has nothing here
// ("List internalDomainFederations").
func (g *graph) federation(q *query) (any, *graphError) {
	for _, d := range g.tenant.Domains {
		if strings.EqualFold(d.Name, q.id) && d.Federation != nil {
			all, refusal := raw(q, []json.RawMessage{d.Federation})
			if refusal != nil {
				return nil, refusal
			}
			return g.list(q, federationKind, all)
		}
	}
	return nil, notFound(q.id)
}

func (g *graph) subscribedSKUs(q *query) (any, *graphError) {
	all, refusal := raw(q, g.tenant.SubscribedSKUs)
	if refusal != nil {
		return nil, refusal
	}
	return g.list(q, skuKind, all)
}

func (g *graph) users(q *query) (any, *graphError) {
	passes, refusal := q.filter("startswith", "displayName")
	if refusal != nil {
		return nil, refusal
	}
	var found []int
	for i := range len(g.tenant.Users) + g.tenant.MoreUsers {
		if passes(g.tenant.userAt(i).DisplayName) {
			found = append(found, i)
		}
	}
	return g.page(q, userKind, len(found), func(i int) (entity, *graphError) {
		return g.userEntity(g.tenant.userAt(found[i])), nil
	})
}

// userAt is the i-th user: one that the organisation names, or one of those besides.
func (m Microsoft) userAt(i int) User {
	if i < len(m.Users) {
		return m.Users[i]
	}
	name := "user-" + strconv.Itoa(i)
	return User{ID: numbered("0e3b1000", i), UserPrincipalName: name + "@" + tenantDomain, DisplayName: name, Created: day(2023, 1, 9)}
}

func (g *graph) user(q *query) (any, *graphError) {
	u, refusal := g.find(q)
	if refusal != nil {
		return nil, refusal
	}
	return g.one(q, userKind, g.userEntity(u))
}

// find is the user that the path names, by id or by user principal name.
func (g *graph) find(q *query) (User, *graphError) {
	for i := range len(g.tenant.Users) + g.tenant.MoreUsers {
		u := g.tenant.userAt(i)
		if strings.EqualFold(u.ID, q.id) || strings.EqualFold(u.UserPrincipalName, q.id) {
			return u, nil
		}
	}
	return User{}, notFound(q.id)
}

func (g *graph) userEntity(u User) entity {
	e := entity{
		"id": u.ID, "userPrincipalName": u.UserPrincipalName, "displayName": u.DisplayName, "userType": userType(u),
		"accountEnabled": !u.Disabled, "creationType": text(u.CreationType), "passwordPolicies": text(u.PasswordPolicies),
		"createdDateTime": moment(u.Created), "lastPasswordChangeDateTime": moment(u.PasswordChanged),
		"mail": u.UserPrincipalName, "businessPhones": []string{}, "assignedPlans": []string{}, "assignedLicenses": []string{},
		"identities": []entity{{
			"signInType": "userPrincipalName", "issuer": g.initialDomain(), "issuerAssignedId": u.UserPrincipalName,
		}},
	}
	if u.OnPremisesSync { // a cloud account has null here, not false
		e["onPremisesSyncEnabled"] = true
	}
	if u.MustChange {
		e["passwordProfile"] = entity{
			"password": nil, "forceChangePasswordNextSignIn": true, "forceChangePasswordNextSignInWithMfa": false,
		}
	}
	return e
}

func (g *graph) initialDomain() any {
	for _, d := range g.tenant.Domains {
		if d.Initial {
			return d.Name
		}
	}
	return nil
}

func userType(u User) string {
	if u.UserType == "" {
		return "Member"
	}
	return u.UserType
}

// transitive are all groups that the user is in, each once.
func (g *graph) transitive(u User) []Group {
	var found []Group
	seen := map[string]bool{}
	next := slices.Clone(u.MemberOf)
	for len(next) > 0 {
		id := next[0]
		next = next[1:]
		if group, ok := g.groupByID[id]; ok && !seen[id] {
			seen[id] = true
			found = append(found, group)
			next = append(next, group.MemberOf...)
		}
	}
	return found
}

// groupEntity is a group. An application that may read users but not groups learns no more
// of a group than that it exists (Microsoft Graph, "List a user's memberships", limited
// information for inaccessible member objects).
func groupEntity(q *query, group Group) entity {
	e := entity{"id": group.ID}
	if q.may("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All") {
		e["displayName"], e["securityEnabled"], e["groupTypes"] = group.DisplayName, true, []string{}
		if group.Assignable { // an ordinary group has null here
			e["isAssignableToRole"] = true
		}
	}
	return e
}

// groups is the membership cast to groups, which is an advanced query.
func (g *graph) groups(q *query) (any, *graphError) {
	u, refusal := g.find(q)
	if refusal != nil {
		return nil, refusal
	}
	if !q.eventual || q.options["$count"] != "true" {
		return nil, badRequest("Request_UnsupportedQuery",
			"The specified query requires ConsistencyLevel: eventual and $count=true.")
	}
	all := g.transitive(u)
	return g.page(q, groupKind, len(all), func(i int) (entity, *graphError) { return groupEntity(q, all[i]), nil })
}

// memberships are the groups and the active roles of the whole tenant.
func (g *graph) memberships(q *query) (any, *graphError) {
	u, refusal := g.find(q)
	if refusal != nil {
		return nil, refusal
	}
	var all []entity
	for _, group := range g.transitive(u) {
		e := groupEntity(q, group)
		e["@odata.type"] = "#microsoft.graph.group"
		all = append(all, e)
	}
	for i, r := range g.tenant.RoleAssignments {
		if r.PrincipalID == u.ID && r.Scope == "" {
			e := entity{"@odata.type": "#microsoft.graph.directoryRole", "id": numbered("d1ec7047", i)}
			if q.may("RoleManagement.Read.Directory", "Directory.Read.All") {
				e["roleTemplateId"] = r.RoleDefinitionID
			}
			all = append(all, e)
		}
	}
	return g.list(q, directoryObjectKind, all)
}

func (g *graph) requirements(q *query) (any, *graphError) {
	u, refusal := g.find(q)
	if refusal != nil {
		return nil, refusal
	}
	state := u.PerUserMFA
	if state == "" {
		state = "disabled"
	}
	return g.one(q, requirementsKind, entity{"perUserMfaState": state})
}

func (g *graph) registration(q *query) (any, *graphError) {
	if g.tenant.Premium < P1 {
		return nil, &unlicensedP1
	}
	for _, u := range g.tenant.Users {
		if u.ID != q.id || u.Registration == nil { // the report is by object id only
			continue
		}
		methods := u.Registration.Methods
		if methods == nil {
			methods = []string{}
		}
		return g.one(q, registrationKind, entity{
			"id": u.ID, "userPrincipalName": u.UserPrincipalName, "userDisplayName": u.DisplayName,
			"userType": strings.ToLower(userType(u)), "isAdmin": g.isAdmin(u),
			"isMfaRegistered": u.Registration.Registered, "isMfaCapable": u.Registration.Capable, "methodsRegistered": methods,
		})
	}
	return nil, notFound(q.id)
}

func (g *graph) isAdmin(u User) bool {
	return slices.ContainsFunc(g.tenant.RoleAssignments, func(r RoleAssignment) bool { return r.PrincipalID == u.ID })
}

func (g *graph) securityDefaults(q *query) (any, *graphError) {
	return g.one(q, securityDefaultsKind, entity{
		"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults",
		"isEnabled": g.tenant.SecurityDefaults,
	})
}

func (g *graph) strengths(q *query) (any, *graphError) {
	return g.listed(q, strengthKind, g.tenant.Strengths)
}

func (g *graph) policies(q *query) (any, *graphError) {
	return g.listed(q, policyKind, g.tenant.Policies)
}

func (g *graph) namedLocations(q *query) (any, *graphError) {
	return g.listed(q, locationKind, g.tenant.NamedLocations)
}

func (g *graph) roleAssignments(q *query) (any, *graphError) {
	passes, refusal := q.filter("eq", "principalId")
	if refusal != nil {
		return nil, refusal
	}
	var all []entity
	for i, r := range g.tenant.RoleAssignments {
		if passes(r.PrincipalID) {
			all = append(all, entity{
				"id": numbered("a551641e", i), "principalId": r.PrincipalID, "roleDefinitionId": r.RoleDefinitionID,
				"directoryScopeId": scope(r),
			})
		}
	}
	return g.list(q, roleAssignmentKind, all)
}

func (g *graph) eligibleRoles(q *query) (any, *graphError) {
	if g.tenant.Premium < P2 {
		return nil, &unlicensedP2
	}
	passes, refusal := q.filter("eq", "principalId")
	if refusal != nil {
		return nil, refusal
	}
	var all []entity
	for i, r := range g.tenant.EligibleRoles {
		if passes(r.PrincipalID) {
			all = append(all, entity{
				"id": numbered("e1161b1e", i), "principalId": r.PrincipalID, "roleDefinitionId": r.RoleDefinitionID,
				"directoryScopeId": scope(r), "startDateTime": moment(r.Start), "endDateTime": moment(r.End), "memberType": "Direct",
			})
		}
	}
	return g.list(q, eligibleRoleKind, all)
}

func scope(r RoleAssignment) string {
	if r.Scope == "" {
		return "/"
	}
	return r.Scope
}

func (g *graph) sharePoint(q *query) (any, *graphError) {
	return g.one(q, sharePointKind, entity{
		"isLegacyAuthProtocolsEnabled": g.tenant.LegacyAuth, "sharingCapability": "externalUserSharingOnly",
		"isUnmanagedSyncAppForTenantRestricted": false, "isLoopEnabled": true,
	})
}

func (g *graph) servicePrincipals(q *query) (any, *graphError) {
	form, member := "startswith", "displayName"
	if strings.HasPrefix(q.options["$filter"], "appId ") {
		form, member = "eq", "appId"
	}
	passes, refusal := q.filter(form, member)
	if refusal != nil {
		return nil, refusal
	}
	return g.those(q, servicePrincipalKind, g.tenant.ServicePrincipals, member, passes)
}

func (g *graph) appRoleAssignments(q *query) (any, *graphError) {
	return g.ofPrincipal(q, appRoleAssignmentKind, g.tenant.AppRoleAssignments, "principalId")
}

func (g *graph) permissionGrants(q *query) (any, *graphError) {
	return g.ofPrincipal(q, permissionGrantKind, g.tenant.PermissionGrants, "clientId")
}

// ofPrincipal are the objects that belong to the service principal that the path names.
func (g *graph) ofPrincipal(q *query, k kind, objects []json.RawMessage, owner string) (any, *graphError) {
	principals, refusal := raw(q, g.tenant.ServicePrincipals)
	if refusal != nil {
		return nil, refusal
	}
	if !slices.ContainsFunc(principals, func(e entity) bool { return e["id"] == q.id }) {
		return nil, notFound(q.id)
	}
	return g.those(q, k, objects, owner, func(id string) bool { return id == q.id })
}

// those are the objects of which a member passes.
func (g *graph) those(q *query, k kind, objects []json.RawMessage, member string, passes func(string) bool) (any, *graphError) {
	found, refusal := raw(q, objects)
	if refusal != nil {
		return nil, refusal
	}
	var all []entity
	for _, e := range found {
		if value, _ := e[member].(string); passes(value) {
			all = append(all, e)
		}
	}
	return g.list(q, k, all)
}

// text is a string member, null when there is nothing in it.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// moment is a date member, null for the zero time.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
