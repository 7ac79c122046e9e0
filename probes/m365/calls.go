package m365

import (
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"

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

// pace is how fast a family of calls may be made. All applications of a tenant, or all
// calls of this one, share what Graph allows.
type pace struct {
	family    string // "" for no limit that a run could meet
	perSecond float64
}

// Microsoft Graph, "Microsoft Graph service-specific throttling limits": identity
// protection and Conditional Access allow one request a second for a tenant, all
// applications together; identity and access reports five in ten seconds.
var (
	conditionalAccessPace = pace{family: "m365.conditional_access", perSecond: 1}
	reportsPace           = pace{family: "m365.reports", perSecond: 0.5}
)

// logPages bounds what is read of a log: 1000 entries a page ("List signIns"), the latest
// first, one page every two seconds.
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
	organizationCall = call{what: "the organization", permission: "Organization.Read.All"}
	domainsCall      = call{what: "the domains", permission: "Domain.Read.All"}
	// User.ReadBasic.All also opens /users/{id}, but leaves out accountEnabled and the password members.
	userCall      = call{what: "the account", permission: "User.Read.All"}
	delegatesCall = call{
		what: "the users with the delegate account's name", permission: "User.Read.All", headers: eventual,
	}
	groupsCall = call{what: "the account's groups", permission: "User.Read.All", headers: eventual}
	// The only source of the per-user state is beta.
	perUserMFACall   = call{what: "the account's per-user MFA state", permission: "Policy.Read.All"}
	registrationCall = call{
		what: "the account's row of the registration report", permission: "AuditLog.Read.All", pace: reportsPace,
	}
	rolesCall         = call{what: "the active roles", permission: "RoleManagement.Read.Directory"}
	eligibleRolesCall = call{what: "the eligible roles", permission: "RoleEligibilitySchedule.Read.Directory"}
	defaultsCall      = call{what: "security defaults", permission: "Policy.Read.All"}
	policiesCall      = call{
		what: "the Conditional Access policies", permission: "Policy.Read.All",
		headers: newWords, pace: conditionalAccessPace,
	}
	locationsCall = call{
		what: "the named locations", permission: "Policy.Read.All",
		headers: newWords, pace: conditionalAccessPace,
	}
	// Policy.Read.AuthenticationMethod is less privileged, but Policy.Read.All is needed anyway.
	strengthsCall  = call{what: "the authentication strengths", permission: "Policy.Read.All", headers: newWords}
	sharePointCall = call{what: "SharePoint's settings", permission: "SharePointTenantSettings.Read.All"}

	principalsCall = call{
		what: "the service principals of Trend Micro", permission: "Application.Read.All", headers: eventual,
	}
	assignmentsCall = call{what: "the application permissions of a service principal", permission: "Application.Read.All"}
	grantsCall      = call{what: "the delegated permissions of a service principal", permission: "Directory.Read.All"}
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
	federationCall = call{what: "the federation of a domain", permission: "Domain-InternalFederation.Read.All"}
	// LicenseAssignment.Read.All is less privileged, but Organization.Read.All is needed anyway.
	skusCall = call{what: "the subscriptions", permission: "Organization.Read.All"}

	// Whoever may read the grants may read the accounts, too.
	consenterCall = call{what: "the account that consented", permission: "User.Read.All"}
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
