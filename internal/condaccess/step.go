package condaccess

// Step is one condition or one control of a policy and why it has its value.
type Step struct {
	Condition Condition
	Value     Tri // a condition holds for the sign-in; a control is satisfied by it
	Inferred  bool
	Exclusion bool // Code speaks about what the policy excludes
	Code      Code
	Arg       string // an id, a word of the policy or a JSON path; see Code
}

// Condition names a part of a policy that a Step is about.
type Condition string

// The parts of a policy, in the order of the steps.
const (
	Users                Condition = "users"
	Applications         Condition = "applications"
	ClientApps           Condition = "client_apps"
	DevicePlatforms      Condition = "platforms"
	Locations            Condition = "locations"
	DeviceFilter         Condition = "devices"
	SignInRisk           Condition = "sign_in_risk"
	UserRisk             Condition = "user_risk"
	ServicePrincipalRisk Condition = "service_principal_risk"
	InsiderRisk          Condition = "insider_risk"
	AuthenticationFlows  Condition = "authentication_flows"
	Unplaced             Condition = "unplaced" // a member that belongs to none of the others
	GrantControl         Condition = "grant_control"
	SessionControl       Condition = "session_control"
)

// Code says why a step has its value. Behind each is what Arg holds.
type Code string

// The codes of conditions. With Step.Exclusion they speak about what the policy excludes.
const (
	CodeNotConfigured      Code = "not_configured"         // the condition restricts nothing
	CodeMissing            Code = "missing"                // the answer did not have it
	CodeAll                Code = "all"                    // everything is named
	CodeNotNamed           Code = "not_named"              // nothing that is named fits
	CodeUnknownWord        Code = "unknown_word"           // word
	CodeUnrecognised       Code = "unrecognised"           // JSON path of a member that is new
	CodeWorkload           Code = "workload"               // for applications that sign in by themselves
	CodeUser               Code = "user"                   // user id
	CodeGroup              Code = "group"                  // group id
	CodeGroupsNotRead      Code = "groups_not_read"        // group id that may fit
	CodeRole               Code = "role"                   // role template id
	CodeRolesNotRead       Code = "roles_not_read"         // role template id that may fit
	CodeGuest              Code = "guest"                  // guests and external users as a whole
	CodeGuestUnseen        Code = "guest_unseen"           // … and the user object does not say
	CodeGuestType          Code = "guest_type"             // guestOrExternalUserTypes word
	CodeGuestTypeUnseen    Code = "guest_type_unseen"      // … that cannot be told from the user object
	CodeHomeTenantUnseen   Code = "home_tenant_unseen"     // … of certain tenants only
	CodeApplication        Code = "application"            // application id or group of applications
	CodeApplicationFilter  Code = "application_filter"     // by custom security attributes
	CodeUserAction         Code = "user_action"            // the policy is for a user action: word
	CodeAuthContext        Code = "authentication_context" // the policy is for a context: word
	CodeClient             Code = "client"                 // clientAppTypes word
	CodePlatformUnverified Code = "platform_unverified"    // told by the client's user agent, if at all
	CodeInLocation         Code = "in_location"            // named location id
	CodeOutsideLocation    Code = "outside_location"       // named location id
	CodeAddressNotDeclared Code = "address_not_declared"   // named location id, or "" for all trusted ones
	CodeCountryNotDeclared Code = "country_not_declared"   // named location id
	CodeLocationsNotRead   Code = "locations_not_read"     // named location id, or "" for all trusted ones
	CodeLocationUnknown    Code = "location_unknown"       // named location id that is not in the list
	CodeRangeUnreadable    Code = "range_unreadable"       // named location id
	CodeTrustedIPsUnseen   Code = "trusted_ips_unseen"     // MFA trusted IPs are not in Graph
	CodeTrustNotRead       Code = "trust_not_read"         // named location id
	CodeAsksForPosition    Code = "asks_for_position"      // named location id; needs the Authenticator app
	CodeFilterApplied      Code = "filter_applied"         // the device filter fits a device that is not registered
	CodeFilterNotApplied   Code = "filter_not_applied"     // the device filter does not fit it
	CodeFilterUnclear      Code = "filter_unclear"         // mixed, or not understood: rule
	CodeRisk               Code = "risk"                   // depends on the live risk: first level
	CodeOtherFlow          Code = "other_flow"             // for a flow that is no password sign-in: word
)

// The codes of controls, beside CodeMissing; Arg is the control's own word.
const (
	CodeNoControl         Code = "no_control"              // nothing is demanded: session controls only
	CodeBlock             Code = "block"                   // the policy blocks
	CodeMFA               Code = "mfa"                     // multifactor authentication
	CodeStrength          Code = "authentication_strength" // Arg: the strength's id
	CodeStrengthUnread    Code = "strength_combinations"   // … whose combinations are not in the answer
	CodeStrengthFederated Code = "strength_federated"      // … that takes the password of a federated domain
	CodeDevice            Code = "device"                  // a managed device
	CodeApprovedClient    Code = "approved_client"         // an approved or protected client application
	CodeRemediation       Code = "remediation"             // a changed password or a lowered risk
	CodeCustomControl     Code = "custom_control"          // another vendor's control
	CodeTermsOfUse        Code = "terms_of_use"            // Arg: the agreement's id
	CodeOperator          Code = "unknown_operator"        // neither AND nor OR, and it matters which
	CodeSession           Code = "session_control"         // limits the session, lets the sign-in through
	CodeTokenProtection   Code = "token_protection"        // only sessions that are bound to a device
)

// Codes lists every code; a check holds its sentences against it.
func Codes() []Code {
	return []Code{
		CodeNotConfigured, CodeMissing, CodeAll, CodeNotNamed, CodeUnknownWord,
		CodeUnrecognised, CodeWorkload, CodeUser, CodeGroup, CodeGroupsNotRead,
		CodeRole, CodeRolesNotRead, CodeGuest, CodeGuestUnseen, CodeGuestType,
		CodeGuestTypeUnseen, CodeHomeTenantUnseen, CodeApplication, CodeApplicationFilter, CodeUserAction,
		CodeAuthContext, CodeClient, CodePlatformUnverified, CodeInLocation, CodeOutsideLocation,
		CodeAddressNotDeclared, CodeCountryNotDeclared, CodeLocationsNotRead, CodeLocationUnknown, CodeRangeUnreadable,
		CodeTrustedIPsUnseen, CodeTrustNotRead, CodeAsksForPosition, CodeFilterApplied, CodeFilterNotApplied,
		CodeFilterUnclear, CodeRisk, CodeOtherFlow, CodeNoControl, CodeBlock,
		CodeMFA, CodeStrength, CodeStrengthUnread, CodeStrengthFederated, CodeDevice,
		CodeApprovedClient, CodeRemediation, CodeCustomControl, CodeTermsOfUse, CodeOperator,
		CodeSession, CodeTokenProtection,
	}
}
