package m365

import (
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
)

// call is one kind of question that is put to Graph.
type call struct {
	what       string // completes "Microsoft Graph did not give …"
	permission string // the least privileged application permission that the answer needs
	headers    map[string]string
	pace       pace
	pages      int    // of a list, at most so many; 0: all
	body       []byte // makes it a POST that reads
}

// pace is the family of calls that Graph counts a call with, and what it counts for.
type pace struct {
	family httpread.Family // the zero value: no limit is documented
	units  int
}

// The limits of one tenant (Microsoft Graph, "Microsoft Graph service-specific throttling
// limits"). Graph answers more with 429; of Conditional Access without Retry-After.
var (
	// Identity protection and Conditional Access: all applications of the tenant share one
	// request a second. evaluate is not listed, and is counted with the policies that it reads.
	conditionalAccessFamily = httpread.Family{Name: "m365.conditional_access", Units: 1, Per: time.Second}
	// Identity and access reports: the report of registrations, sign-ins and directory audits.
	reportsFamily = httpread.Family{Name: "m365.reports", Units: 5, Per: 10 * time.Second}
	// Directory objects, in resource units; a small tenant's allowance, because nothing tells
	// how large this one is. $select makes a call one unit cheaper, but none costs less than one.
	directoryFamily = httpread.Family{Name: "m365.directory", Units: 3500, Per: 10 * time.Second}

	conditionalAccessPace = pace{family: conditionalAccessFamily, units: 1}
	reportsPace           = pace{family: reportsFamily, units: 1}
	directoryPace         = pace{family: directoryFamily, units: 1}
	// appRoleAssignments and oauth2PermissionGrants, which are read whole.
	directoryPace2 = pace{family: directoryFamily, units: 2}
	// subscribedSkus.
	directoryPace3 = pace{family: directoryFamily, units: 3}
)

// logPages bounds what is read of a log: 1000 entries a page, the latest first ("List signIns").
const logPages = 3

var (
	// Members that an enumeration got after unknownFutureValue are sent only to clients that
	// ask for them ("Best practices for working with Microsoft Graph", evolvable enumerations).
	newWords = map[string]string{"Prefer": "include-unknown-enum-members"}
	// Casts and startswith on directory objects are advanced queries ("Advanced query
	// capabilities on Microsoft Entra ID objects"); every page of them needs the header.
	eventual = map[string]string{"ConsistencyLevel": "eventual"}
)

// The calls, with the permission that Graph's permissions reference lists as the least
// privileged one that gives the members that are read here.
var (
	organizationCall = call{what: "the organization", permission: "Organization.Read.All", pace: directoryPace}
	domainsCall      = call{what: "the domains", permission: "Domain.Read.All", pace: directoryPace}
	// User.ReadBasic.All also opens /users/{id}, but leaves out accountEnabled and the password members.
	userCall      = call{what: "the account", permission: "User.Read.All", pace: directoryPace}
	delegatesCall = call{
		what: "the users with the delegate account's name", permission: "User.Read.All", headers: eventual, pace: directoryPace,
	}
	groupsCall = call{what: "the account's groups", permission: "User.Read.All", headers: eventual, pace: directoryPace}
	// The only source of the per-user state is beta.
	perUserMFACall   = call{what: "the account's per-user MFA state", permission: "Policy.Read.All"}
	registrationCall = call{
		what: "the account's row of the registration report", permission: "AuditLog.Read.All", pace: reportsPace,
	}
	rolesCall         = call{what: "the active roles", permission: "RoleManagement.Read.Directory", pace: directoryPace}
	eligibleRolesCall = call{what: "the eligible roles", permission: "RoleEligibilitySchedule.Read.Directory", pace: directoryPace}
	defaultsCall      = call{what: "security defaults", permission: "Policy.Read.All", pace: directoryPace}
	policiesCall      = call{
		what: "the Conditional Access policies", permission: "Policy.Read.All",
		headers: newWords, pace: conditionalAccessPace,
	}
	locationsCall = call{
		what: "the named locations", permission: "Policy.Read.All",
		headers: newWords, pace: conditionalAccessPace,
	}
	// Policy.Read.AuthenticationMethod is less privileged, but Policy.Read.All is needed anyway.
	strengthsCall  = call{what: "the authentication strengths", permission: "Policy.Read.All", headers: newWords, pace: directoryPace}
	sharePointCall = call{what: "SharePoint's settings", permission: "SharePointTenantSettings.Read.All"}

	principalsCall = call{
		what: "the service principals of Trend Micro", permission: "Application.Read.All", headers: eventual, pace: directoryPace,
	}
	assignmentsCall = call{what: "the application permissions of a service principal", permission: "Application.Read.All", pace: directoryPace2}
	grantsCall      = call{what: "the delegated permissions of a service principal", permission: "Directory.Read.All", pace: directoryPace2}
	// The audit log is asked for with AuditLog.Read.All; a known issue of Graph has it ask for
	// Directory.Read.All as well ("List directoryAudits").
	consentsCall = call{
		what: "the consents in the audit log", permission: "AuditLog.Read.All", pace: reportsPace, pages: logPages,
	}
	// Policy.Read.ConditionalAccess is less privileged, but Policy.Read.All is needed anyway, and
	// "conditionalAccessRoot: evaluate" takes either.
	whatIfCall = call{
		what: "the What If evaluation", permission: "Policy.Read.All", headers: newWords, pace: conditionalAccessPace,
	}
	// Who asked for a factor is in the beta version only.
	signInsCall = call{
		what: "the account's sign-ins", permission: "AuditLog.Read.All", headers: newWords, pace: reportsPace, pages: logPages,
	}
	federationCall = call{
		what: "the federation of a domain", permission: "Domain-InternalFederation.Read.All", pace: directoryPace,
	}
	// LicenseAssignment.Read.All is less privileged, but Organization.Read.All is needed anyway.
	skusCall = call{what: "the subscriptions", permission: "Organization.Read.All", pace: directoryPace3}

	// Whoever may read the grants may read the accounts, too.
	consenterCall = call{what: "the account that consented", permission: "User.Read.All", pace: directoryPace}
)

// ask makes a question of a call and the request that one of the SDK's builders has made:
// c.ask(builder.ToGetRequestInformation(ctx, options)).
func (c call) ask(info *abstractions.RequestInformation, err error) question {
	if err != nil {
		return question{call: c, err: err}
	}
	u, err := info.GetUri()
	if err != nil {
		return question{call: c, err: err}
	}
	// The builders write $select as %24select, and count on a middleware to turn that back.
	u.RawQuery = strings.ReplaceAll(u.RawQuery, "%24", "$")
	return question{call: c, url: u}
}

// grant is a permission of Graph that a probe needs, for the whole fact or for some members.
func grant(c call, why string, members ...string) probes.Permission {
	return probes.Permission{Service: "graph", Name: c.permission, Why: why, Members: members}
}
