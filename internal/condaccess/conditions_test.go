package condaccess

import (
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

func guestUser(k *knowledge) {
	k.user.UserType = new("Guest")
	k.user.UserPrincipalName = new("anna_fabrikam.com#EXT#@contoso.onmicrosoft.com")
	k.user.CreationType = new("Invitation")
}

func externalMember(k *knowledge) {
	guestUser(k)
	k.user.UserType = new("Member")
}

func localGuest(k *knowledge) { k.user.UserType = new("Guest") }

func includeGuests(types, tenants string) string {
	return `{"conditions":{"users":{"includeUsers":[],"includeGuestsOrExternalUsers":
		{"guestOrExternalUserTypes":"` + types + `","externalTenants":` + tenants + `}}}}`
}

func excludeGuests(types string) string {
	return `{"conditions":{"users":{"excludeGuestsOrExternalUsers":
		{"guestOrExternalUserTypes":"` + types + `","externalTenants":null}}}}`
}

const (
	everyGuestType = "internalGuest,b2bCollaborationGuest,b2bCollaborationMember,b2bDirectConnectUser," +
		"otherExternalUser,serviceProvider"
	allTenants = `{"@odata.type":"#microsoft.graph.conditionalAccessAllExternalTenants","membershipKind":"all"}`
	someTenant = `{"@odata.type":"#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
		"membershipKind":"enumerated","members":["84841066-274d-4ec0-a5c1-276be684bdd3"]}`
)

// "Conditional Access: Users, groups, and workload identities"; the guest types in
// "Authentication and Conditional Access for External ID".
var userCases = []scenario{
	{name: "All users includes guests", know: guestUser, patch: `{}`, other: otherStops, desktop: modernStops},
	{
		name:  "the id in capitals",
		patch: `{"conditions":{"users":{"includeUsers":["15DC174B-F34C-4588-AC45-61D6E05DCE93"]}}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name: "someone else", patch: `{"conditions":{"users":{"includeUsers":["` + someone + `"]}}}`,
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "a word that did not exist", patch: `{"conditions":{"users":{"includeUsers":["AllContractors"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeUnknownWord, arg: "AllContractors",
	},
	{
		name: "excluding a word that did not exist", patch: `{"conditions":{"users":{"excludeUsers":["AllContractors"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeUnknownWord, arg: "AllContractors", exclusion: true,
	},
	{
		// "Disable agent identities in your tenant", policy 2.
		name: "the accounts of agents", patch: `{"conditions":{"users":{"includeUsers":["AllAgentIdUsers"]}}}`,
		other: otherPasses, desktop: modernFree,
	},
	{
		// "Disable agent identities in your tenant", policy 1.
		name: "agent identities",
		patch: `{"conditions":{"users":null,"clientApplications":{"includeAgentIdServicePrincipals":["All"],
			"excludeAgentIdServicePrincipals":[],"agentIdServicePrincipalFilter":null}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeWorkload,
	},
	{
		name: "workload policy with users None",
		patch: `{"conditions":{"users":{"includeUsers":["None"]},
			"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeWorkload,
	},
	{
		name: "users and workload identities at once",
		patch: `{"conditions":{
			"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeWorkload,
	},
	{
		name:  "client applications that name none",
		patch: `{"conditions":{"clientApplications":{"includeServicePrincipals":[]}}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name: "an account that was not read", know: func(k *knowledge) { k.user = facts.User{} },
		patch: `{"conditions":{"users":{"includeUsers":["` + someone + `"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeMissing, arg: someone,
	},
	{
		name: "users not in the answer", patch: `{"conditions":{"users":null}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeMissing,
	},
	{
		name: "nobody named at all", patch: `{"conditions":{"users":{"includeUsers":[]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeMissing,
	},
	{
		name: "a group", patch: `{"conditions":{"users":{"includeUsers":[],"includeGroups":["` + myGroup + `"]}}}`,
		other: otherStops, desktop: modernStops, because: Users, code: CodeGroup, arg: myGroup,
	},
	{
		name:  "a group, memberships not read",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeGroups":["` + noGroup + `"]}}}`,
		know:  func(k *knowledge) { k.groups = facts.Partly(*k.groups.Value, notRead) },
		other: otherMay, desktop: modernMay, because: Users, code: CodeGroupsNotRead, arg: noGroup,
	},
	{
		name:  "a group that was seen before the list was cut",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeGroups":["` + myGroup + `"]}}}`,
		know:  func(k *knowledge) { k.groups = facts.Partly(*k.groups.Value, notRead) },
		other: otherStops, desktop: modernStops,
	},
	{
		name:  "an excluded group, memberships not read",
		patch: `{"conditions":{"users":{"excludeGroups":["` + noGroup + `"]}}}`,
		know:  func(k *knowledge) { k.groups = facts.Missed[[]facts.Group](notRead) },
		other: otherMay, desktop: modernMay, because: Users, code: CodeGroupsNotRead, arg: noGroup, exclusion: true,
	},
	{
		name: "a deleted group", patch: `{"conditions":{"users":{"includeUsers":[],"includeGroups":["` + noGroup + `"]}}}`,
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "a word in place of a group", patch: `{"conditions":{"users":{"includeUsers":[],"includeGroups":["AllGroups"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeUnknownWord, arg: "AllGroups",
	},
	{
		name: "an excluded word in place of a group", patch: `{"conditions":{"users":{"excludeGroups":["AllGroups"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeUnknownWord, arg: "AllGroups", exclusion: true,
	},
	{
		name: "a word in place of a role", patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["AllRoles"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeUnknownWord, arg: "AllRoles",
	},
	{
		name:  "a group among memberships without an id",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeGroups":["` + noGroup + `"]}}}`,
		know: func(k *knowledge) {
			k.groups = facts.Got([]facts.Group{{}, {ID: myGroup}, {DisplayName: new("a")}})
		},
		other: otherMay, desktop: modernMay, because: Users, code: CodeGroupsNotRead, arg: noGroup,
	},
	{
		name:  "a group that was seen beside memberships without an id",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeGroups":["` + myGroup + `"]}}}`,
		know: func(k *knowledge) {
			k.groups = facts.Got([]facts.Group{{}, {ID: myGroup}})
		},
		other: otherStops, desktop: modernStops, because: Users, code: CodeGroup, arg: myGroup,
	},
	{
		name:  "a role among assignments without an id",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + spoAdmin + `"]}}}`,
		know: func(k *knowledge) {
			k.roles = []facts.Seen[[]facts.RoleAssignment]{facts.Got([]facts.RoleAssignment{{}, role(ga, "/")})}
		},
		other: otherMay, desktop: modernMay, because: Users, code: CodeRolesNotRead, arg: spoAdmin,
	},
	{
		name:  "roles not read",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + ga + `"]}}}`,
		know: func(k *knowledge) {
			k.roles = []facts.Seen[[]facts.RoleAssignment]{facts.Missed[[]facts.RoleAssignment](notRead)}
		},
		other: otherMay, desktop: modernMay, because: Users, code: CodeRolesNotRead, arg: ga,
	},
	{
		name:  "another role, the list of roles cut",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + spoAdmin + `"]}}}`,
		know:  func(k *knowledge) { k.roles[0].Failure = notRead },
		other: otherMay, desktop: modernMay, because: Users, code: CodeRolesNotRead, arg: spoAdmin,
	},
	{
		name:  "a role whose scope is not in the answer",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + ga + `"]}}}`,
		know:  forgetScopes,
		other: otherMay, desktop: modernMay, because: Users, code: CodeRolesNotRead, arg: ga,
	},
	{
		name:  "a role that ended",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + ga + `"]}}}`,
		know:  func(k *knowledge) { (*k.roles[0].Value)[0].EndDateTime = new(at) },
		other: otherPasses, desktop: modernFree,
	},
	{
		name:  "a role that has not begun",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + ga + `"]}}}`,
		know:  func(k *knowledge) { (*k.roles[0].Value)[0].StartDateTime = new(at.Add(1)) },
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "guests as a whole: a member", patch: `{"conditions":{"users":{"includeUsers":["GuestsOrExternalUsers"]}}}`,
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "guests as a whole: an invited guest", know: guestUser,
		patch: `{"conditions":{"users":{"includeUsers":["GuestsOrExternalUsers"]}}}`,
		other: otherStops, desktop: modernStops, because: Users, code: CodeGuest, arg: "GuestsOrExternalUsers",
	},
	{
		name: "guests as a whole, excluded: an external member", know: externalMember,
		patch: `{"conditions":{"users":{"excludeUsers":["GuestsOrExternalUsers"]}}}`,
		other: otherPasses, desktop: modernFree,
	},
	{
		name:  "guests as a whole: a user type that did not exist",
		know:  func(k *knowledge) { k.user.UserType = new("Agent") },
		patch: `{"conditions":{"users":{"includeUsers":["GuestsOrExternalUsers"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeGuestUnseen, arg: "GuestsOrExternalUsers",
	},
	{
		name: "guests as a whole: not known", know: func(k *knowledge) { k.user.UserType = nil },
		patch: `{"conditions":{"users":{"includeUsers":["GuestsOrExternalUsers"]}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeGuestUnseen, arg: "GuestsOrExternalUsers",
	},
	{
		name: "every guest type excluded: a member of this tenant", patch: excludeGuests(everyGuestType),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "every guest type excluded: an invited guest", know: guestUser, patch: excludeGuests(everyGuestType),
		other: otherPasses, desktop: modernFree,
		because: Users, code: CodeGuestType, arg: "b2bCollaborationGuest", exclusion: true,
	},
	{
		name: "internal guests: a local guest", know: localGuest, patch: includeGuests("internalGuest", "null"),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "internal guests: an invited guest", know: guestUser, patch: includeGuests("internalGuest", "null"),
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "collaboration guests of all tenants", know: guestUser,
		patch: includeGuests("b2bCollaborationGuest", allTenants),
		other: otherStops, desktop: modernStops, because: Users, code: CodeGuestType, arg: "b2bCollaborationGuest",
	},
	{
		name: "collaboration guests of certain tenants", know: guestUser,
		patch: includeGuests("b2bCollaborationGuest", someTenant),
		other: otherMay, desktop: modernMay, because: Users, code: CodeHomeTenantUnseen, arg: "b2bCollaborationGuest",
	},
	{
		name: "collaboration members: an external member", know: externalMember,
		patch: includeGuests("b2bCollaborationMember", allTenants),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "collaboration members: an invited guest", know: guestUser,
		patch: includeGuests("b2bCollaborationMember", allTenants),
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "service providers: an invited guest", know: guestUser, patch: includeGuests("serviceProvider", allTenants),
		other: otherMay, desktop: modernMay, because: Users, code: CodeGuestTypeUnseen, arg: "serviceProvider",
	},
	{
		name: "direct connect: an invited guest", know: guestUser, patch: includeGuests("b2bDirectConnectUser", allTenants),
		other: otherMay, desktop: modernMay, because: Users, code: CodeGuestTypeUnseen, arg: "b2bDirectConnectUser",
	},
	{
		name: "service providers: a member of this tenant", patch: includeGuests("serviceProvider", allTenants),
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "no guest type", know: guestUser, patch: includeGuests("none", "null"),
		other: otherPasses, desktop: modernFree,
	},
	{
		name:  "guests of types that are not in the answer",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeGuestsOrExternalUsers":{}}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeMissing,
	},
	{
		name:  "excluded guests of types that are not in the answer",
		patch: `{"conditions":{"users":{"excludeGuestsOrExternalUsers":{}}}}`,
		other: otherMay, desktop: modernMay, because: Users, code: CodeMissing, exclusion: true,
	},
	{
		name: "a guest type that did not exist", patch: includeGuests("none,visitingProfessor", "null"),
		other: otherMay, desktop: modernMay, because: Users, code: CodeGuestTypeUnseen, arg: "visitingProfessor",
	},
}

// "Conditional Access: Target resources"; conditionalAccessApplications in Graph v1.0.
var applicationCases = []scenario{
	{
		name: "SharePoint Online by id", other: otherStops, desktop: modernStops,
		patch: `{"conditions":{"applications":{"includeApplications":["` + exchange + `","` + SharePointOnline + `"]}}}`,
	},
	{
		name: "SharePoint Online by id, in capitals", other: otherStops, desktop: modernStops,
		patch: `{"conditions":{"applications":{"includeApplications":["00000003-0000-0FF1-CE00-000000000000"]}}}`,
	},
	{
		name: "the Office 365 suite", other: otherStops, desktop: modernStops,
		patch:   `{"conditions":{"applications":{"includeApplications":["Office365"]}}}`,
		because: Applications, code: CodeApplication, arg: "Office365",
	},
	{
		name: "the Office 365 suite excluded", other: otherPasses, desktop: modernFree,
		patch: `{"conditions":{"applications":{"excludeApplications":["Office365"]}}}`,
	},
	{
		name: "another application", other: otherPasses, desktop: modernFree,
		patch: `{"conditions":{"applications":{"includeApplications":["` + exchange + `"]}}}`,
	},
	{
		name: "admin portals", other: otherPasses, desktop: modernFree,
		patch: `{"conditions":{"applications":{"includeApplications":["MicrosoftAdminPortals"]}}}`,
	},
	{
		name: "admin portals excluded", other: otherStops, desktop: modernStops,
		patch: `{"conditions":{"applications":{"excludeApplications":["MicrosoftAdminPortals"]}}}`,
	},
	{
		name: "None", other: otherPasses, desktop: modernFree,
		patch: `{"conditions":{"applications":{"includeApplications":["None"]}}}`,
	},
	{
		// "Disable agent identities in your tenant", policy 3.
		name: "agent resources", other: otherPasses, desktop: modernFree,
		patch: `{"conditions":{"applications":{"includeApplications":["AllAgentIdResources"]}}}`,
	},
	{
		name: "a group of applications that did not exist", other: otherMay, desktop: modernMay,
		patch:   `{"conditions":{"applications":{"includeApplications":["Office366"]}}}`,
		because: Applications, code: CodeUnknownWord, arg: "Office366",
	},
	{
		name: "excluding a group of applications that did not exist", other: otherMay, desktop: modernMay,
		patch:   `{"conditions":{"applications":{"excludeApplications":["Office366"]}}}`,
		because: Applications, code: CodeUnknownWord, arg: "Office366", exclusion: true,
	},
	{
		name: "an application filter", other: otherMay, desktop: modernMay,
		patch: `{"conditions":{"applications":{"includeApplications":[],"applicationFilter":
			{"mode":"include","rule":"CustomSecurityAttribute.Apps_Tier -eq \"1\""}}}}`,
		because: Applications, code: CodeApplicationFilter,
	},
	{
		name: "an application filter beside a known exclusion", other: otherPasses, desktop: modernFree,
		patch: `{"conditions":{"applications":{"excludeApplications":["Office365"],"applicationFilter":
			{"mode":"include","rule":"CustomSecurityAttribute.Apps_Tier -eq \"1\""}}}}`,
	},
	{
		name: "a user action that did not exist", other: otherMay, desktop: modernMay,
		patch: `{"conditions":{"applications":{"includeApplications":[],
			"includeUserActions":["urn:user:registerdevice","urn:user:openmailbox"]}}}`,
		because: Applications, code: CodeUnknownWord, arg: "urn:user:openmailbox",
	},
	{
		name: "applications not in the answer", patch: `{"conditions":{"applications":null}}`,
		other: otherMay, desktop: modernMay, because: Applications, code: CodeMissing,
	},
	{
		name: "no application named at all", patch: `{"conditions":{"applications":{"includeApplications":[]}}}`,
		other: otherMay, desktop: modernMay, because: Applications, code: CodeMissing,
	},
}

func filter(mode, rule string) string {
	return `{"conditions":{"devices":{"deviceFilter":{"mode":"` + mode + `","rule":"` + rule + `"}}}}`
}

// "Conditional Access: Conditions" and the pages of the single conditions.
var otherCases = []scenario{
	{
		name: "client apps not configured", patch: `{"conditions":{"clientAppTypes":[]}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name: "Exchange clients only", patch: `{"conditions":{"clientAppTypes":["exchangeActiveSync","easSupported"]}}`,
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "modern clients only", patch: `{"conditions":{"clientAppTypes":["browser","mobileAppsAndDesktopClients"]}}`,
		other: otherPasses, desktop: modernStops,
	},
	{
		name: "a client app that did not exist", patch: `{"conditions":{"clientAppTypes":["nativeAuth","browser"]}}`,
		other: otherMay, desktop: modernMay, browser: modernStops,
		because: ClientApps, code: CodeUnknownWord, arg: "nativeAuth",
	},
	{
		name: "all platforms", patch: `{"conditions":{"platforms":{"includePlatforms":["all"],"excludePlatforms":[]}}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name: "all but the known platforms",
		patch: `{"conditions":{"platforms":{"includePlatforms":["all"],
			"excludePlatforms":["android","iOS","windows","macOS","linux"]}}}`,
		other: otherMay, desktop: modernMay, because: DevicePlatforms, code: CodePlatformUnverified,
	},
	{
		name: "Windows", patch: `{"conditions":{"platforms":{"includePlatforms":["windows"],"excludePlatforms":[]}}}`,
		other: otherMay, desktop: modernMay,
	},
	{
		name:  "platforms that say nothing",
		patch: `{"conditions":{"platforms":{"includePlatforms":[],"excludePlatforms":[]}}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name: "filter, positive, exclude", patch: filter("exclude", `device.trustType -eq \"ServerAD\"`),
		other: otherStops, desktop: modernStops, because: DeviceFilter, code: CodeFilterNotApplied,
		arg: `device.trustType -eq "ServerAD"`, exclusion: true,
	},
	{
		name: "filter, positive, include", patch: filter("include", `device.trustType -eq \"ServerAD\"`),
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "filter, negative, include", patch: filter("include", `device.trustType -ne \"ServerAD\"`),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "filter, mixed", patch: filter("exclude", `device.trustType -eq \"ServerAD\" -or device.model -ne \"X\"`),
		other: otherMay, desktop: modernMay, because: DeviceFilter, code: CodeFilterUnclear,
		arg: `device.trustType -eq "ServerAD" -or device.model -ne "X"`, exclusion: true,
	},
	{
		name: "filter in a mode that did not exist", patch: filter("require", `device.trustType -eq \"ServerAD\"`),
		other: otherMay, desktop: modernMay, because: DeviceFilter, code: CodeUnknownWord, arg: "require",
	},
	{
		name: "filter without a rule", patch: filter("exclude", ""), other: otherMay, desktop: modernMay,
	},
	{
		name: "no filter", patch: `{"conditions":{"devices":{"deviceFilter":null}}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name: "sign-in risk", patch: `{"conditions":{"signInRiskLevels":["high","medium"]}}`,
		other: otherMay, desktop: modernMay, because: SignInRisk, code: CodeRisk, arg: "high",
	},
	{
		name: "risk of service principals", patch: `{"conditions":{"servicePrincipalRiskLevels":["high"]}}`,
		other: otherMay, desktop: modernMay, because: ServicePrincipalRisk, code: CodeRisk, arg: "high",
	},
	{
		name: "insider risk", patch: `{"conditions":{"insiderRiskLevels":"moderate,elevated"}}`,
		other: otherMay, desktop: modernMay, because: InsiderRisk, code: CodeRisk, arg: "moderate,elevated",
	},
	{
		name:  "authentication flows",
		patch: `{"conditions":{"authenticationFlows":{"transferMethods":"deviceCodeFlow,authenticationTransfer"}}}`,
		other: otherPasses, desktop: modernFree,
		because: AuthenticationFlows, code: CodeOtherFlow, arg: "authenticationTransfer",
	},
	{
		name: "no authentication flow", patch: `{"conditions":{"authenticationFlows":{"transferMethods":"none"}}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name:  "a flow that did not exist",
		patch: `{"conditions":{"authenticationFlows":{"transferMethods":"deviceCodeFlow,passwordFlow"}}}`,
		other: otherMay, desktop: modernMay, because: AuthenticationFlows, code: CodeUnknownWord, arg: "passwordFlow",
	},
	{
		name: "a condition that did not exist", patch: `{"conditions":{"times":{"includedRanges":[{"start":"2026-01-01"}]}}}`,
		other: otherMay, desktop: modernMay, because: Unplaced, code: CodeUnrecognised, arg: "conditions.times",
	},
	{
		name:  "a condition that did not exist, on somebody else",
		patch: `{"conditions":{"times":{"includedRanges":[{}]},"users":{"excludeUsers":["` + me + `"]}}}`,
		other: otherPasses, desktop: modernFree,
	},
	{
		name: "a part of the policy that did not exist", patch: `{"partialEnablementStrategy":"tenPercent"}`,
		other: otherMay, desktop: modernMay, because: Unplaced, code: CodeUnrecognised, arg: "partialEnablementStrategy",
	},
	{
		name:  "a way to name users that did not exist, beside a known exclusion",
		patch: `{"conditions":{"users":{"excludeUsers":["` + me + `"],"includeDepartments":["sales"]}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeUser, arg: me, exclusion: true,
	},
	{
		name:  "a way to name users that did not exist",
		patch: `{"conditions":{"users":{"includeUsers":["` + someone + `"],"includeDepartments":["sales"]}}}`,
		other: otherMay, desktop: modernMay,
		because: Users, code: CodeUnrecognised, arg: "conditions.users.includeDepartments",
	},
	{
		name: "no condition in the answer", patch: `{"conditions":null}`, other: otherMay, desktop: modernMay,
	},
}

func where(include, exclude string) string {
	return `{"conditions":{"locations":{"includeLocations":[` + include + `],"excludeLocations":[` + exclude + `]}}}`
}

func from(ip, country string) func(*knowledge) {
	return func(k *knowledge) { *k = k.from(ip, country) }
}

const (
	inferredOther  = "true inferred, blocked mfa"
	inferredModern = "true inferred, refused mfa"
)

// "Conditional Access: Network assignment".
var locationCases = []scenario{
	{name: "any location", patch: where(`"All"`, ""), other: otherStops, desktop: modernStops},
	{name: "locations that say nothing", patch: where("", ""), other: otherStops, desktop: modernStops},
	{
		name: "exclusions from nothing", patch: where("", `"`+partner+`"`), know: from("192.0.2.1", ""),
		other: otherMay, desktop: modernMay, because: Locations, code: CodeMissing,
	},
	{
		name: "in a range", patch: where(`"`+partner+`"`, ""), know: from("198.51.100.9", ""),
		other: otherStops, desktop: modernStops, because: Locations, code: CodeInLocation, arg: partner,
	},
	{
		name: "outside of a range", patch: where(`"`+partner+`"`, ""), know: from("192.0.2.1", ""),
		other: otherPasses, desktop: modernFree, because: Locations, code: CodeOutsideLocation, arg: partner,
	},
	{
		name: "in a range that has host bits", patch: where(`"`+office+`"`, ""), know: from("2001:db8:1:ffff::1", ""),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "an IPv4 address written as IPv6", patch: where(`"`+partner+`"`, ""), know: from("::ffff:198.51.100.9", ""),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "excluded range, address not declared", patch: where(`"All"`, `"`+partner+`"`),
		other: otherMay, desktop: modernMay,
		because: Locations, code: CodeAddressNotDeclared, arg: partner, exclusion: true,
	},
	{
		name: "excluded trusted range, address not declared", patch: where(`"All"`, `"`+office+`"`),
		other: inferredOther, desktop: inferredModern,
		because: Locations, code: CodeAddressNotDeclared, arg: office, exclusion: true,
	},
	{
		name: "an address that is none counts as not declared", patch: where(`"All"`, `"`+office+`"`),
		know: from("not an address", ""), other: inferredOther, desktop: inferredModern,
	},
	{
		name: "excluded trusted range, outside", patch: where(`"All"`, `"`+office+`"`), know: from("192.0.2.1", ""),
		other: otherStops, desktop: modernStops,
	},
	{
		name:  "a trusted range and another one excluded, address not declared",
		patch: where(`"All"`, `"`+office+`","`+partner+`"`), other: otherMay, desktop: modernMay,
		because: Locations, code: CodeAddressNotDeclared, arg: partner, exclusion: true,
	},
	{
		name: "trusted locations only, address not declared", patch: where(`"AllTrusted"`, ""),
		other: otherMay, desktop: modernMay, because: Locations, code: CodeAddressNotDeclared,
	},
	{
		name: "trusted locations only, inside", patch: where(`"AllTrusted"`, ""), know: from("203.0.113.1", ""),
		other: otherStops, desktop: modernStops, because: Locations, code: CodeInLocation, arg: office,
	},
	{
		name: "trusted locations only, outside of the ranges", patch: where(`"AllTrusted"`, ""), know: from("192.0.2.1", ""),
		other: otherMay, desktop: modernMay, because: Locations, code: CodeTrustedIPsUnseen,
	},
	{
		name: "trusted locations excluded, locations not read", patch: where(`"All"`, `"AllTrusted"`),
		know: func(k *knowledge) {
			*k = k.from("192.0.2.1", "")
			k.locations = facts.Missed[[]facts.NamedLocation](notRead)
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeLocationsNotRead, exclusion: true,
	},
	{
		name: "trusted locations excluded, neither locations nor address", patch: where(`"All"`, `"AllTrusted"`),
		know:  func(k *knowledge) { k.locations = facts.Missed[[]facts.NamedLocation](notRead) },
		other: inferredOther, desktop: inferredModern, because: Locations, code: CodeAddressNotDeclared, exclusion: true,
	},
	{
		name:  "trusted locations excluded, the address in a range whose trust was not read",
		patch: where(`"All"`, `"AllTrusted"`),
		know: func(k *knowledge) {
			*k = k.from("198.51.100.9", "")
			(*k.locations.Value)[1].IsTrusted = nil
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeTrustNotRead, arg: partner, exclusion: true,
	},
	{
		// "Create conditionalAccessPolicy", example 3, names this id among the excluded locations.
		name: "MFA trusted IPs excluded", patch: where(`"All"`, `"00000000-0000-0000-0000-000000000000"`),
		know: from("192.0.2.1", ""), other: inferredOther, desktop: inferredModern,
		because: Locations, code: CodeTrustedIPsUnseen, exclusion: true,
	},
	{
		name: "MFA trusted IPs only", patch: where(`"00000000-0000-0000-0000-000000000000"`, ""),
		know: from("192.0.2.1", ""), other: otherMay, desktop: modernMay,
	},
	{
		name: "excluded country, not declared", patch: where(`"All"`, `"`+germany+`"`),
		other: otherMay, desktop: modernMay,
		because: Locations, code: CodeCountryNotDeclared, arg: germany, exclusion: true,
	},
	{
		name: "excluded country, elsewhere", patch: where(`"All"`, `"`+germany+`"`), know: from("", "US"),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "excluded country, there", patch: where(`"All"`, `"`+germany+`"`), know: from("", "DE"),
		other: otherPasses, desktop: modernFree,
	},
	{
		// A service has no Authenticator app: it never gets the benefit of the exclusion.
		name: "excluded country by position", patch: where(`"All"`, `"`+position+`"`), know: from("192.0.2.1", "DE"),
		other: inferredOther, desktop: inferredModern,
		because: Locations, code: CodeAsksForPosition, arg: position, exclusion: true,
	},
	{
		// It is not inside, but the question for the position alone stops it.
		name: "country by position", patch: where(`"`+position+`"`, ""), know: from("192.0.2.1", "DE"),
		other: otherMay, desktop: modernMay, because: Locations, code: CodeAsksForPosition, arg: position,
	},
	{
		name: "a way to look countries up that did not exist", patch: where(`"`+germany+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("", "DE")
			(*k.locations.Value)[2].CountryLookup = new("starSight")
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeUnknownWord, arg: "starSight",
	},
	{
		// The documented example of a countryNamedLocation has no countryLookupMethod.
		name: "no way to look countries up: by address", patch: where(`"`+germany+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("", "DE")
			(*k.locations.Value)[2].CountryLookup = nil
		},
		other: otherStops, desktop: modernStops,
	},
	{
		name: "a kind of location that did not exist", patch: where(`"`+partner+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("198.51.100.9", "DE")
			(*k.locations.Value)[1].Type = "#microsoft.graph.compliantNetworkNamedLocation"
		},
		other: otherMay, desktop: modernMay,
		because: Locations, code: CodeUnknownWord, arg: "#microsoft.graph.compliantNetworkNamedLocation",
	},
	{
		name: "a range that cannot be read", patch: where(`"`+partner+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("192.0.2.1", "")
			(*k.locations.Value)[1].Ranges = []string{"198.51.100.0/24", "somewhere"}
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeRangeUnreadable, arg: partner,
	},
	{
		name: "a range that cannot be read beside one that fits", patch: where(`"`+partner+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("198.51.100.9", "")
			(*k.locations.Value)[1].Ranges = []string{"somewhere", "198.51.100.0/24"}
		},
		other: otherStops, desktop: modernStops,
	},
	{
		name: "a location without ranges", patch: where(`"`+partner+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("192.0.2.1", "")
			(*k.locations.Value)[1].Ranges = nil
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeRangeUnreadable, arg: partner,
	},
	{
		name: "a country location without countries", patch: where(`"`+germany+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("", "US")
			(*k.locations.Value)[2].Countries = nil
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeMissing, arg: germany,
	},
	{
		name: "an excluded country location without countries", patch: where(`"All"`, `"`+germany+`"`),
		know: func(k *knowledge) {
			*k = k.from("", "US")
			(*k.locations.Value)[2].Countries = nil
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeMissing, arg: germany, exclusion: true,
	},
	{
		name: "a country location of which a country is empty", patch: where(`"`+germany+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("", "US")
			(*k.locations.Value)[2].Countries = []string{"DE", ""}
		},
		other: otherMay, desktop: modernMay, because: Locations, code: CodeMissing, arg: germany,
	},
	{
		name: "a country that fits beside an empty one", patch: where(`"`+germany+`"`, ""),
		know: func(k *knowledge) {
			*k = k.from("", "DE")
			(*k.locations.Value)[2].Countries = []string{"DE", ""}
		},
		other: otherStops, desktop: modernStops, because: Locations, code: CodeInLocation, arg: germany,
	},
	{
		name: "a location that is not in the list", patch: where(`"All"`, `"`+someone+`"`), know: from("192.0.2.1", "DE"),
		other: otherMay, desktop: modernMay,
		because: Locations, code: CodeLocationUnknown, arg: someone, exclusion: true,
	},
	{
		name: "a location, the list not read", patch: where(`"`+someone+`"`, ""),
		know:  func(k *knowledge) { k.locations = facts.Partly(places(), notRead) },
		other: otherMay, desktop: modernMay, because: Locations, code: CodeLocationsNotRead, arg: someone,
	},
}

func TestUsers(t *testing.T)           { run(t, userCases) }
func TestApplications(t *testing.T)    { run(t, applicationCases) }
func TestOtherConditions(t *testing.T) { run(t, otherCases) }
func TestLocations(t *testing.T)       { run(t, locationCases) }

// TestExclusionWins pairs every way to name the account with every way to exclude it: the
// exclude action overrides the include action, in any mix.
func TestExclusionWins(t *testing.T) {
	ways := []string{
		`Users":["` + me + `"`, `Groups":["` + myGroup + `"`, `Roles":["` + ga + `"`,
		`GuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest"`,
	}
	closing := func(way string) string {
		if way == ways[3] {
			return way + "}"
		}
		return way + "]"
	}
	k := admin()
	guestUser(&k)
	for _, in := range ways {
		for _, out := range ways {
			users := `"include` + closing(in)
			if in != ways[0] {
				users += `,"includeUsers":[]`
			}
			p := policy(t, `{"conditions":{"users":{`+users+`}}}`)
			if r, _ := judged(t, p, k.signIn(Other)); r.Applies != True {
				t.Errorf("include %s: %v", in, r.Applies)
			}
			p = policy(t, `{"conditions":{"users":{`+users+`,"exclude`+closing(out)+`}}}`)
			if r, _ := judged(t, p, k.signIn(Other)); r.Applies != False {
				t.Errorf("include %s, exclude %s: %v", in, out, r.Applies)
			}
		}
	}
}

// TestExternal: an account is external by what its user object says, and by nothing less.
func TestExternal(t *testing.T) {
	for _, c := range []struct {
		name, creation *string
		want           Tri
	}{
		{new("admin@contoso.com"), nil, False},
		{new("admin@contoso.com"), new("EmailVerified"), False},
		{new("admin@contoso.com"), new("Invitation"), True},
		{new("admin@contoso.com"), new("SelfServiceSignUp"), True},
		{new("anna_fabrikam.com#EXT#@contoso.onmicrosoft.com"), nil, True},
		{new("anna_fabrikam.com#ext#@contoso.onmicrosoft.com"), new("EmailVerified"), True},
		{new("admin@contoso.com"), new("Teleported"), Unknown},
		{nil, nil, Unknown},
		{nil, new("Invitation"), True},
	} {
		if got := external(facts.User{UserPrincipalName: c.name, CreationType: c.creation}); got != c.want {
			t.Errorf("%v %v: %v, want %v", c.name, c.creation, got, c.want)
		}
	}
}

func TestIsGUID(t *testing.T) {
	for word, want := range map[string]bool{
		me: true, "15DC174B-F34C-4588-AC45-61D6E05DCE93": true, "": false, "All": false,
		"15dc174b-f34c-4588-ac45-61d6e05dce9g": false, "15dc174bxf34c-4588-ac45-61d6e05dce93": false,
		"15dc174b-f34c-4588-ac45-61d6e05dce9": false,
	} {
		if got := isGUID(word); got != want {
			t.Errorf("%q: %v", word, got)
		}
	}
}
