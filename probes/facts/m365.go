package facts

import "time"

// The facts that package m365 observes. JSON members keep the names of Microsoft Graph
// where they are Graph's own, so that evidence can be held beside Graph's reference.
var (
	M365Tenant            = Key[Tenant]{"m365.tenant"}
	M365Accounts          = Key[AccountSet]{"m365.accounts"}
	M365SecurityDefaults  = Key[SecurityDefaults]{"m365.security_defaults"}
	M365ConditionalAccess = Key[ConditionalAccess]{"m365.conditional_access"}
	M365SharePoint        = Key[SharePoint]{"m365.sharepoint"}
	M365Traces            = Key[Traces]{"m365.binding_traces"}
	M365WhatIf            = Key[WhatIf]{"m365.what_if"}
	M365SignIns           = Key[SignIns]{"m365.sign_ins"}
)

// Tenant is the directory that the credentials reach (GET /organization) and its domains
// (GET /domains).
type Tenant struct {
	ID                string         `json:"id"`
	DisplayName       *string        `json:"displayName,omitempty"`
	PartnerTenantType *string        `json:"partnerTenantType,omitempty"` // not null: a partner (CSP) tenant
	VerifiedDomains   []TenantDomain `json:"verifiedDomains,omitempty"`   // as /organization has them
	AssignedPlans     []AssignedPlan `json:"assignedPlans,omitempty"`
	Domains           Seen[[]Domain] `json:"domains"` // GET /domains
	// SKUs are the subscriptions (GET /subscribedSkus), of each the service plans of SharePoint.
	SKUs Seen[[]SKU] `json:"subscribedSkus,omitzero"`
}

// SKU is a subscription of the tenant.
type SKU struct {
	SKUPartNumber    *string       `json:"skuPartNumber,omitempty"`
	CapabilityStatus *string       `json:"capabilityStatus,omitempty"` // Enabled | Warning | Suspended | Deleted | LockedOut
	ServicePlans     []ServicePlan `json:"servicePlans,omitempty"`     // only those with SHAREPOINT in their name
}

// ServicePlan is a service in a subscription.
type ServicePlan struct {
	ServicePlanName    *string `json:"servicePlanName,omitempty"`
	ProvisioningStatus *string `json:"provisioningStatus,omitempty"` // Success | Disabled | PendingInput | …
}

// TenantDomain is a member of organization.verifiedDomains.
type TenantDomain struct {
	Name      string  `json:"name"`
	Type      *string `json:"type,omitempty"` // Managed | Federated
	IsDefault *bool   `json:"isDefault,omitempty"`
	IsInitial *bool   `json:"isInitial,omitempty"`
}

// AssignedPlan is a service plan of the tenant.
type AssignedPlan struct {
	Service          *string `json:"service,omitempty"` // "SharePoint", "exchange", …
	CapabilityStatus *string `json:"capabilityStatus,omitempty"`
	ServicePlanID    *string `json:"servicePlanId,omitempty"`
}

// Domain is one entry of GET /domains.
type Domain struct {
	ID                 string  `json:"id"`
	AuthenticationType *string `json:"authenticationType,omitempty"` // Managed | Federated
	IsVerified         *bool   `json:"isVerified,omitempty"`
	IsInitial          *bool   `json:"isInitial,omitempty"`
	IsDefault          *bool   `json:"isDefault,omitempty"`
	// PasswordValidityPeriodInDays: absent means the documented default of 90; 2147483647 means never.
	PasswordValidityPeriodInDays *int     `json:"passwordValidityPeriodInDays,omitempty"`
	SupportedServices            []string `json:"supportedServices,omitempty"`
	// Federation is the domain's federationConfiguration, asked for federated domains only.
	Federation *Seen[Federation] `json:"federation,omitempty"`
}

// Federation is an internalDomainFederation: what Entra does with the second factor of the
// domain's own identity provider.
type Federation struct {
	DisplayName *string `json:"displayName,omitempty"`
	// FederatedIdpMfaBehavior: acceptIfMfaDoneByFederatedIdp | enforceMfaByFederatedIdp | rejectMfaByFederatedIdp
	FederatedIdpMfaBehavior *string `json:"federatedIdpMfaBehavior,omitempty"`
}

// AccountRole says why an account is looked at.
type AccountRole string

// The roles of an account in provisioning.
const (
	GlobalAdmin   AccountRole = "global_admin"   // named in the configuration
	Delegate      AccountRole = "delegate"       // named in the configuration
	FoundDelegate AccountRole = "found_delegate" // found in the tenant by the display name that CAS gives it
)

// AccountSet is every account that provisioning depends on.
type AccountSet struct {
	Accounts []Account `json:"accounts"`
	// DelegatesFound are the addresses of users whose display name is the one that automatic
	// provisioning gives its delegate account ("Cloud App Security Service Account …").
	// Each of them that is not already named is also in Accounts, as FoundDelegate.
	DelegatesFound Seen[[]string] `json:"delegates_found"`
}

// Account is one account with everything that decides whether a password sign-in works.
// Each member came from a call of its own and can be missing on its own.
type Account struct {
	Address       string                 `json:"address"` // as configured, or the user principal name
	Role          AccountRole            `json:"role"`
	User          Seen[User]             `json:"user"`
	PerUserMFA    Seen[PerUserMFA]       `json:"per_user_mfa"`
	Registration  Seen[Registration]     `json:"registration"`
	Groups        Seen[[]Group]          `json:"groups"`         // transitive
	Roles         Seen[[]RoleAssignment] `json:"roles"`          // active
	EligibleRoles Seen[[]RoleAssignment] `json:"eligible_roles"` // can be activated (PIM)
}

// User is GET /users/{id}. A user that does not exist is Failure{NotFound}, not an empty User.
type User struct {
	ID                         string     `json:"id"`
	UserPrincipalName          *string    `json:"userPrincipalName,omitempty"`
	DisplayName                *string    `json:"displayName,omitempty"`
	UserType                   *string    `json:"userType,omitempty"` // Member | Guest
	CreationType               *string    `json:"creationType,omitempty"`
	AccountEnabled             *bool      `json:"accountEnabled,omitempty"`
	OnPremisesSyncEnabled      *bool      `json:"onPremisesSyncEnabled,omitempty"`
	PasswordPolicies           *string    `json:"passwordPolicies,omitempty"` // comma separated, e.g. DisablePasswordExpiration
	LastPasswordChangeDateTime *time.Time `json:"lastPasswordChangeDateTime,omitempty"`
	CreatedDateTime            *time.Time `json:"createdDateTime,omitempty"`
	// ForceChangePasswordNextSignIn is passwordProfile's member of that name; Graph seldom returns it.
	ForceChangePasswordNextSignIn *bool `json:"forceChangePasswordNextSignIn,omitempty"`
}

// PerUserMFA is GET /beta/users/{id}/authentication/requirements: disabled | enabled |
// enforced, or a word that did not exist when this was written.
type PerUserMFA struct {
	State *string `json:"perUserMfaState,omitempty"`
}

// Registration is the account's row of userRegistrationDetails. It says what the account
// could do, never what is demanded of it.
type Registration struct {
	IsMfaRegistered   *bool    `json:"isMfaRegistered,omitempty"`
	IsMfaCapable      *bool    `json:"isMfaCapable,omitempty"`
	MethodsRegistered []string `json:"methodsRegistered,omitempty"`
}

// Group is a group that the account is in, directly or through other groups.
type Group struct {
	ID          string  `json:"id"`
	DisplayName *string `json:"displayName,omitempty"`
}

// RoleAssignment is an active or eligible directory role.
type RoleAssignment struct {
	RoleDefinitionID string     `json:"roleDefinitionId"` // the template id, for built-in roles
	DirectoryScopeID *string    `json:"directoryScopeId,omitempty"`
	PrincipalID      *string    `json:"principalId,omitempty"` // the account, or a group it is in
	StartDateTime    *time.Time `json:"startDateTime,omitempty"`
	EndDateTime      *time.Time `json:"endDateTime,omitempty"`
}

// SecurityDefaults is GET /policies/identitySecurityDefaultsEnforcementPolicy.
type SecurityDefaults struct {
	IsEnabled *bool `json:"isEnabled,omitempty"`
}

// SharePoint is GET /admin/sharepoint/settings: the tenant's switch for apps that do not
// use modern authentication.
type SharePoint struct {
	IsLegacyAuthProtocolsEnabled *bool `json:"isLegacyAuthProtocolsEnabled,omitempty"`
}

// ConditionalAccess is what decides about a sign-in besides the account itself.
type ConditionalAccess struct {
	Policies  Seen[[]Policy]        `json:"policies"`
	Locations Seen[[]NamedLocation] `json:"named_locations"`
	Strengths Seen[[]Strength]      `json:"authentication_strengths"`
}

// Policy is one Conditional Access policy, word for word: states, controls and ids stay the
// strings that Graph sent, because a generated enum turns a new word into a wrong known one.
type Policy struct {
	ID               string         `json:"id"`
	TemplateID       *string        `json:"templateId,omitempty"`
	DisplayName      string         `json:"displayName"`
	State            string         `json:"state"`
	CreatedDateTime  *time.Time     `json:"createdDateTime,omitempty"`
	ModifiedDateTime *time.Time     `json:"modifiedDateTime,omitempty"`
	Conditions       Conditions     `json:"conditions"`
	GrantControls    *GrantControls `json:"grantControls,omitempty"`
	// SessionControls are the names of the session controls that are set, e.g. signInFrequency.
	SessionControls []string `json:"sessionControls,omitempty"`
	// SessionDetails is what is inside those of them where it makes a difference.
	SessionDetails *SessionDetails `json:"sessionControlDetails,omitempty"`
	// Unrecognised are the JSON paths of members that carry something and that this version
	// does not know, e.g. "conditions.agentIdRiskLevels": they make what they touch unknown.
	Unrecognised []string `json:"unrecognised,omitempty"`
}

// Conditions are the assignments of a policy; all of them must hold for it to apply.
type Conditions struct {
	Users                      *PolicyUsers        `json:"users,omitempty"` // nil: null or absent
	Applications               *PolicyApplications `json:"applications,omitempty"`
	ClientAppTypes             []string            `json:"clientAppTypes,omitempty"`
	Platforms                  *Platforms          `json:"platforms,omitempty"`
	Locations                  *Locations          `json:"locations,omitempty"`
	Devices                    *Devices            `json:"devices,omitempty"`
	SignInRiskLevels           []string            `json:"signInRiskLevels,omitempty"`
	UserRiskLevels             []string            `json:"userRiskLevels,omitempty"`
	ServicePrincipalRiskLevels []string            `json:"servicePrincipalRiskLevels,omitempty"`
	InsiderRiskLevels          *string             `json:"insiderRiskLevels,omitempty"`
	AuthenticationFlows        *string             `json:"authenticationFlows,omitempty"` // transferMethods
	// ClientApplications true: the policy is for workload identities.
	ClientApplications bool `json:"clientApplications,omitempty"`
}

// PolicyUsers are the users, groups, roles and guests that a policy names.
type PolicyUsers struct {
	IncludeUsers  []string     `json:"includeUsers,omitempty"`
	ExcludeUsers  []string     `json:"excludeUsers,omitempty"`
	IncludeGroups []string     `json:"includeGroups,omitempty"`
	ExcludeGroups []string     `json:"excludeGroups,omitempty"`
	IncludeRoles  []string     `json:"includeRoles,omitempty"` // role template ids
	ExcludeRoles  []string     `json:"excludeRoles,omitempty"`
	IncludeGuests *GuestFilter `json:"includeGuestsOrExternalUsers,omitempty"`
	ExcludeGuests *GuestFilter `json:"excludeGuestsOrExternalUsers,omitempty"`
}

// GuestFilter names kinds of guests and the tenants they come from.
type GuestFilter struct {
	Types           []string `json:"guestOrExternalUserTypes,omitempty"`       // split at the commas
	MembershipKind  string   `json:"externalTenants.membershipKind,omitempty"` // all | enumerated
	ExternalTenants []string `json:"externalTenants.members,omitempty"`
}

// PolicyApplications are the applications and user actions that a policy names.
type PolicyApplications struct {
	Include      []string `json:"includeApplications,omitempty"`
	Exclude      []string `json:"excludeApplications,omitempty"`
	UserActions  []string `json:"includeUserActions,omitempty"`
	AuthContexts []string `json:"includeAuthenticationContextClassReferences,omitempty"`
	HasFilter    bool     `json:"applicationFilter,omitempty"` // by custom security attributes
}

// Platforms are the operating systems that a policy names.
type Platforms struct {
	Include []string `json:"includePlatforms,omitempty"`
	Exclude []string `json:"excludePlatforms,omitempty"`
}

// Locations are the named locations that a policy names: ids, "All" or "AllTrusted".
type Locations struct {
	Include []string `json:"includeLocations,omitempty"`
	Exclude []string `json:"excludeLocations,omitempty"`
}

// Devices is the device filter of a policy.
type Devices struct {
	FilterMode string `json:"deviceFilter.mode,omitempty"` // include | exclude; empty: no filter
	FilterRule string `json:"deviceFilter.rule,omitempty"`
}

// GrantControls are what a policy demands.
type GrantControls struct {
	Operator               string    `json:"operator,omitempty"` // AND | OR
	BuiltInControls        []string  `json:"builtInControls,omitempty"`
	CustomAuthentication   []string  `json:"customAuthenticationFactors,omitempty"`
	TermsOfUse             []string  `json:"termsOfUse,omitempty"`
	AuthenticationStrength *Strength `json:"authenticationStrength,omitempty"`
}

// Strength is an authentication strength: the combinations of methods it accepts.
type Strength struct {
	ID                    string   `json:"id"`
	DisplayName           string   `json:"displayName,omitempty"`
	RequirementsSatisfied string   `json:"requirementsSatisfied,omitempty"` // none | mfa
	AllowedCombinations   []string `json:"allowedCombinations,omitempty"`   // e.g. "password,microsoftAuthenticatorPush"
}

// SessionDetails is what is inside the session controls signInFrequency and cloudAppSecurity.
type SessionDetails struct {
	SignInFrequency      *SignInFrequency `json:"signInFrequency,omitempty"`
	CloudAppSecurityType string           `json:"cloudAppSecurityType,omitempty"` // mcasConfigured | monitorOnly | blockDownloads
}

// SignInFrequency is how long a sign-in is good for.
type SignInFrequency struct {
	FrequencyInterval  string `json:"frequencyInterval,omitempty"`  // timeBased | everyTime
	AuthenticationType string `json:"authenticationType,omitempty"` // primaryAndSecondaryAuthentication | secondaryAuthentication
	Value              *int   `json:"value,omitempty"`              // in units of Type
	Type               string `json:"type,omitempty"`               // days | hours
}

// NamedLocation is a range of addresses or a list of countries.
type NamedLocation struct {
	ID             string   `json:"id"`
	DisplayName    string   `json:"displayName,omitempty"`
	Type           string   `json:"type"` // ip | country | the @odata.type of anything else
	IsTrusted      *bool    `json:"isTrusted,omitempty"`
	Ranges         []string `json:"ipRanges,omitempty"` // CIDR, as sent
	Countries      []string `json:"countriesAndRegions,omitempty"`
	IncludeUnknown *bool    `json:"includeUnknownCountriesAndRegions,omitempty"`
	CountryLookup  *string  `json:"countryLookupMethod,omitempty"` // clientIpAddress | authenticatorAppGps
}

// Traces are what an earlier provisioning by Cloud App Security can have left in the tenant.
// The delegate users that it makes are in AccountSet: DelegatesFound, with their dates and
// roles in Accounts.
type Traces struct {
	// ServicePrincipals are those whose name begins with "Trend Micro", and those with a
	// configured app id (microsoft365.cas_app_ids). Whose they are is for the reader to judge.
	ServicePrincipals Seen[[]ServicePrincipal] `json:"service_principals"`
	// Consents are the events "Consent to application" of such applications in the audit log,
	// within its retention: also of those that have been deleted since.
	Consents Seen[[]Consent] `json:"consents,omitzero"`
}

// Consent is a directoryAudit: who consented to an application, and when.
type Consent struct {
	ActivityDateTime   time.Time `json:"activityDateTime"`
	Result             *string   `json:"result,omitempty"` // success | failure | …
	By                 *string   `json:"by,omitempty"`     // the actor's user principal name; nil: an application, or not said
	ServicePrincipalID *string   `json:"servicePrincipalId,omitempty"`
	AppDisplayName     *string   `json:"appDisplayName,omitempty"`
}

// ServicePrincipal is an application in the tenant with what was granted to it. The lists came
// from calls of their own and can be missing on their own.
type ServicePrincipal struct {
	ID                        string             `json:"id"`
	AppID                     *string            `json:"appId,omitempty"`
	DisplayName               *string            `json:"displayName,omitempty"`
	CreatedDateTime           *time.Time         `json:"createdDateTime,omitempty"`
	AccountEnabled            *bool              `json:"accountEnabled,omitempty"`
	ServicePrincipalType      *string            `json:"servicePrincipalType,omitempty"`   // Application | Legacy | …
	AppOwnerOrganizationID    *string            `json:"appOwnerOrganizationId,omitempty"` // the tenant that the application is registered in
	PublisherName             *string            `json:"publisherName,omitempty"`
	VerifiedPublisher         *VerifiedPublisher `json:"verifiedPublisher,omitempty"`
	PreferredSingleSignOnMode *string            `json:"preferredSingleSignOnMode,omitempty"` // saml | oidc | …
	ReplyURLs                 []string           `json:"replyUrls,omitempty"`

	AppRoleAssignments     Seen[[]AppRoleAssignment]     `json:"appRoleAssignments"`
	OAuth2PermissionGrants Seen[[]OAuth2PermissionGrant] `json:"oauth2PermissionGrants"`
}

// VerifiedPublisher is the publisher that Microsoft has verified; without one its name is null.
type VerifiedPublisher struct {
	DisplayName *string `json:"displayName,omitempty"`
}

// AppRoleAssignment is an application permission that was granted.
type AppRoleAssignment struct {
	ID                  string     `json:"id"`
	AppRoleID           *string    `json:"appRoleId,omitempty"`
	ResourceDisplayName *string    `json:"resourceDisplayName,omitempty"` // the API, e.g. "Microsoft Graph"
	CreatedDateTime     *time.Time `json:"createdDateTime,omitempty"`
}

// OAuth2PermissionGrant are delegated permissions that were granted.
type OAuth2PermissionGrant struct {
	ID          string  `json:"id"`
	ConsentType *string `json:"consentType,omitempty"` // AllPrincipals | Principal
	Scope       *string `json:"scope,omitempty"`       // separated by spaces
	// PrincipalID is the account that the grant is for, which is the one that consented; null
	// for AllPrincipals.
	PrincipalID *string `json:"principalId,omitempty"`
	// Principal is the user principal name of PrincipalID; nil: there was no account to ask for.
	Principal *Seen[string] `json:"principal,omitempty"`
}

// WhatIf is what Microsoft's own engine makes of the policies (POST
// /identity/conditionalAccess/evaluate): a second opinion on the evaluation of this program,
// for the accounts whose verdict hangs on it.
type WhatIf struct {
	Accounts []WhatIfAccount `json:"accounts"`
}

// WhatIfAccount is the second opinion for an account, one for each kind of client.
type WhatIfAccount struct {
	Address string `json:"address"`
	// Clients are by clientAppType. An account that was not asked about has none, and says why.
	Clients  []WhatIfClient `json:"clients,omitempty"`
	NotAsked string         `json:"not_asked,omitempty"` // settled (cannot change the verdict) | account (it was not read) | policies (they were not read)
}

// WhatIfClient is the answer for one kind of client.
type WhatIfClient struct {
	Client   string               `json:"client"` // other | mobileAppsAndDesktopClients | browser
	Policies Seen[[]WhatIfPolicy] `json:"policies"`
}

// WhatIfPolicy is a whatIfAnalysisResult without the policy itself.
type WhatIfPolicy struct {
	ID            string   `json:"id"`
	DisplayName   string   `json:"displayName,omitempty"`
	State         string   `json:"state,omitempty"`
	PolicyApplies *bool    `json:"policyApplies,omitempty"`
	Reasons       []string `json:"analysisReasons,omitempty"` // split at the commas: notEnoughInformation, users, …
}

// SignIns are recent sign-ins to SharePoint Online from the sign-in log (GET
// /beta/auditLogs/signIns), for the same accounts.
type SignIns struct {
	Since    time.Time        `json:"since"` // the window begins here
	Accounts []AccountSignIns `json:"accounts"`
}

// AccountSignIns are the sign-ins of an account, the latest first.
type AccountSignIns struct {
	Address  string              `json:"address"`
	SignIns  Seen[[]SignInEntry] `json:"sign_ins,omitzero"`
	NotAsked string              `json:"not_asked,omitempty"` // as in WhatIfAccount
}

// SignInEntry is one entry of the sign-in log. Addresses and devices are not kept.
type SignInEntry struct {
	CreatedDateTime           time.Time           `json:"createdDateTime"`
	ClientAppUsed             *string             `json:"clientAppUsed,omitempty"`             // "Browser", "Mobile Apps and Desktop clients", "Other clients", …
	AuthenticationRequirement *string             `json:"authenticationRequirement,omitempty"` // singleFactorAuthentication | multiFactorAuthentication
	RequirementPolicies       []RequirementPolicy `json:"authenticationRequirementPolicies,omitempty"`
	AuthenticationProtocol    *string             `json:"authenticationProtocol,omitempty"`  // ropc, oAuth2, …
	ConditionalAccessStatus   *string             `json:"conditionalAccessStatus,omitempty"` // success | failure | notApplied
	ErrorCode                 *int                `json:"errorCode,omitempty"`               // status.errorCode, the AADSTS number; 0: signed in
}

// RequirementPolicy names a mechanism that asked for a factor.
type RequirementPolicy struct {
	RequirementProvider string `json:"requirementProvider"` // user, multiConditionalAccess, securityDefaults, …
	Detail              string `json:"detail,omitempty"`
}
