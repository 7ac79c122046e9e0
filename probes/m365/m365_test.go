package m365_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
	"github.com/casdoctor/casdoctor/probes/m365"
)

// The people and ids of the practice organisation. Object ids are those of Microsoft's own
// examples ("List roleAssignments", "Get authentication method states").
const (
	tenantID   = "84841066-274d-4ec0-a5c1-276be684bdd3" // "List organizations"
	admin      = "admin@contoso.com"
	adminID    = "f1847572-48aa-47aa-96a3-2ec61904f41f"
	helper     = "cas-delegate@contoso.com"
	helperID   = "071cc716-8147-4397-a5ba-b2105951cc0b"
	created    = "Cloud App Security Service Account for SharePoint"
	createdID  = "cdcb0d2e-2d1c-4a5a-9a4e-5a3a6a8f0c11"
	inner      = "02bd9fd6-8f93-4758-87c3-1fb73740a315"
	outer      = "6a7a3fd6-9f04-4a69-98d4-2fc84851b426"
	casApp     = "00063ffc-54e9-405d-b8f3-56124728e051" // "List oauth2PermissionGrants granted to a service principal"
	ssoApp     = "59e617e5-e447-4adc-8b88-00af644d7c92" // "List servicePrincipals"
	namedApp   = "7d31b6a4-3c55-4e0c-8a43-0f1d2c3b4a59"
	casAppID   = "65415bb1-9267-4313-bbf5-ae259732ee12"
	shownID    = "0a1b2c3d-4e5f-4061-8273-94a5b6c7d8e9"
	vendor     = "1bc1c026-2f7b-48a5-98da-afa2fd8bc7bc"
	federated  = "fed.contoso.com"
	globalRole = "62e90394-69f5-4237-9190-012177145e10"
	pointRole  = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"
)

// everything are the application permissions that the probes name.
func everything() []string {
	var all []string
	for _, p := range m365.Probes() {
		for _, n := range p.Permissions {
			if !slices.Contains(all, n.Name) {
				all = append(all, n.Name)
			}
		}
	}
	return all
}

// without takes a permission away, and the one that covers every directory object.
func without(permission string) []string {
	return slices.DeleteFunc(everything(), func(p string) bool { return p == permission || p == "Directory.Read.All" })
}

// organisation is a tenant with one of everything.
func organisation() lab.Organisation {
	o := lab.Healthy()
	o.Key = key()
	m := &o.Microsoft
	m.TenantID = tenantID
	m.App.Permissions = everything()
	m.Premium = lab.P2
	m.Users = []lab.User{
		{
			ID: adminID, UserPrincipalName: admin, DisplayName: "MOD Administrator", PasswordPolicies: "DisablePasswordExpiration",
			Created: day(2021, 4, 1), PasswordChanged: day(2025, 9, 1), PerUserMFA: "enforced", MemberOf: []string{inner},
			Registration: &lab.Registration{Registered: true, Capable: true, Methods: []string{"microsoftAuthenticatorPush"}},
		},
		{
			ID: helperID, UserPrincipalName: helper, DisplayName: "CAS delegate", MustChange: true, Created: day(2026, 1, 5),
			PasswordChanged: day(2026, 1, 5), Registration: &lab.Registration{},
		},
		{ID: createdID, UserPrincipalName: "cas-1@contoso.com", DisplayName: created, Disabled: true, OnPremisesSync: true},
		{ID: "4c9c0e9b-0b0d-4f5e-8f0c-3f3f3f3f3f3f", UserPrincipalName: "adele@contoso.com", DisplayName: "Adele Vance"},
	}
	m.Groups = []lab.Group{
		{ID: inner, DisplayName: "CAS administrators", MemberOf: []string{outer}},
		{ID: outer, DisplayName: "All administrators"},
	}
	m.RoleAssignments = []lab.RoleAssignment{{PrincipalID: adminID, RoleDefinitionID: globalRole}}
	m.EligibleRoles = []lab.RoleAssignment{
		{PrincipalID: adminID, RoleDefinitionID: pointRole, Start: day(2026, 1, 1), End: day(2027, 1, 1)},
	}
	// "List policies" of Conditional Access, first example: both of its policies.
	m.Policies = []json.RawMessage{wirePolicy("10ef4fe6-5e51-4f5e-b5a2-8fed19d0be67", "block"),
		wirePolicy("3d112ca4-f1e0-4d95-b3a8-a3f2a4ee5a7d", "mfa")}
	// "List namedLocations", first example.
	m.NamedLocations = []json.RawMessage{
		json.RawMessage(`{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"0854951d-5fc0-4eb1-b392-9b2c9d7949c2",
			"displayName":"Untrusted named location","isTrusted":false,
			"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"12.34.221.11/32"}]}`),
		json.RawMessage(`{"@odata.type":"#microsoft.graph.countryNamedLocation","id":"8ab45aad-cd3f-47d4-aaa8-8c4a2d1b1a0b",
			"displayName":"Named location with unknown countries","countriesAndRegions":["US","CA"],
			"includeUnknownCountriesAndRegions":true}`),
	}
	// "List authenticationStrengthPolicies".
	m.Strengths = []json.RawMessage{
		json.RawMessage(`{"id":"00000000-0000-0000-0000-000000000002","displayName":"Multifactor authentication",
			"requirementsSatisfied":"mfa","policyType":"builtIn","allowedCombinations":["windowsHelloForBusiness","password,sms"]}`),
		json.RawMessage(`{"id":"00000000-0000-0000-0000-000000000004","displayName":"Phishing resistant MFA",
			"requirementsSatisfied":"mfa","policyType":"builtIn","allowedCombinations":["fido2"]}`),
	}
	m.SignIns = signIns("Edge 80.0.361 on Windows 10")
	// The shapes of "List servicePrincipals", "List appRoleAssignments granted to a service
	// principal" and "List oauth2PermissionGrants granted to a service principal".
	m.ServicePrincipals = []json.RawMessage{
		json.RawMessage(`{"id":"` + ssoApp + `","appId":"a1","displayName":"Trend Micro Cloud App Security","createdDateTime":null,
			"accountEnabled":true,"servicePrincipalType":"Application","appOwnerOrganizationId":"` + tenantID + `","publisherName":"Contoso",
			"verifiedPublisher":{"displayName":null,"verifiedPublisherId":null,"addedDateTime":null},"preferredSingleSignOnMode":"saml",
			"replyUrls":["https://admin-eu.tmcas.trendmicro.com/ssoLogin"]}`),
		json.RawMessage(`{"id":"` + casApp + `","appId":"` + shownID + `","displayName":"Trend Micro Cloud App Security",
			"createdDateTime":"2024-02-01T00:00:00Z","accountEnabled":false,"servicePrincipalType":"Application",
			"appOwnerOrganizationId":"` + vendor + `","publisherName":"Trend Micro","verifiedPublisher":{"displayName":"Trend Micro Inc.",
			"verifiedPublisherId":"1","addedDateTime":"2021-04-24T17:49:44Z"},"preferredSingleSignOnMode":null,"replyUrls":[],
			"notes":"` + canary + `"}`),
		json.RawMessage(`{"id":"` + namedApp + `","appId":"` + casAppID + `","displayName":"My App","replyUrls":[]}`),
		json.RawMessage(`{"id":"0","appId":"a3","displayName":"Other"}`),
	}
	m.AppRoleAssignments = []json.RawMessage{
		json.RawMessage(`{"id":"1jHo","deletedDateTime":null,"appRoleId":"df021288-bdef-4463-88db-98f22de89214",
			"createdDateTime":"2024-02-01T00:00:00Z","principalDisplayName":"Trend Micro Cloud App Security","principalId":"` + casApp + `",
			"principalType":"ServicePrincipal","resourceDisplayName":"Microsoft Graph","resourceId":"8fce32da"}`),
		json.RawMessage(`{"id":"2","principalId":"` + casApp + `","createdDateTime":null}`),
		json.RawMessage(`{"id":"3","principalId":"` + ssoApp + `"}`),
	}
	m.PermissionGrants = []json.RawMessage{
		json.RawMessage(`{"id":"l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk","clientId":"` + casApp + `","consentType":"AllPrincipals",
			"principalId":null,"resourceId":"943603e4-e787-4fe9-93d1-e30f749aae39","scope":"DelegatedPermissionGrant.ReadWrite.All"}`),
		json.RawMessage(`{"id":"5","clientId":"` + casApp + `","consentType":"Principal","principalId":"` + adminID + `","scope":" User.Read "}`),
	}
	// "List internalDomainFederations".
	m.Domains = append(m.Domains, lab.Domain{Name: federated, Federated: true, Federation: json.RawMessage(`{
		"@odata.type":"#microsoft.graph.internalDomainFederation","id":"6601d14b-d113-8f64-fda2-9b5ddda18ecc","displayName":"Contoso",
		"issuerUri":"http://contoso.com/adfs/services/trust","signingCertificate":"` + canary + `",
		"preferredAuthenticationProtocol":"wsFed","promptLoginBehavior":"nativeSupport",
		"federatedIdpMfaBehavior":"rejectMfaByFederatedIdp"}`)})
	// "List subscribedSkus", with plans of SharePoint (Microsoft Entra, "Product names and service
	// plan identifiers for licensing").
	m.SubscribedSKUs = []json.RawMessage{
		json.RawMessage(`{"id":"48a80680-7326-48cd-9935-b556b81d3a4e_c7df2760-2c81-4ef7-b578-5b5392b571df","capabilityStatus":"Enabled",
			"skuPartNumber":"ENTERPRISEPREMIUM","servicePlans":[
			{"servicePlanId":"8c098270-9dd4-4350-9b30-ba4703f3b36b","servicePlanName":"ADALLOM_S_O365","provisioningStatus":"Success"},
			{"servicePlanId":"5dbe027f-2339-4123-9542-606e4d348a72","servicePlanName":"SHAREPOINTENTERPRISE","provisioningStatus":"Success"}]}`),
		json.RawMessage(`{"id":"48a80680-7326-48cd-9935-b556b81d3a4e_d17b27af-3f49-4822-99f9-56a661538792","capabilityStatus":"Suspended",
			"skuPartNumber":"CRMSTANDARD","servicePlans":[
			{"servicePlanId":"f9646fb2-e3b2-4309-95de-dc4833737456","servicePlanName":"CRMSTANDARD","provisioningStatus":"Disabled"}]}`),
		json.RawMessage(`{"id":"48a80680-7326-48cd-9935-b556b81d3a4e_18181a46-0d4e-45cd-891e-60aabd171b4e","capabilityStatus":"Warning",
			"skuPartNumber":"STANDARDPACK","servicePlans":[
			{"servicePlanId":"c7699d2e-19aa-44de-8edf-1736da088ca1","servicePlanName":"SHAREPOINTSTANDARD","provisioningStatus":"Disabled"}]}`),
	}
	// The shape of "List directoryAudits".
	m.DirectoryAudits = []json.RawMessage{
		audit("2026-01-04T10:00:00Z", "Consent to application", admin, "gone-1", "Trend Micro Cloud App Security"),
		audit("2026-01-05T10:00:00Z", "Consent to application", admin, casApp, "renamed since"),
		audit("2026-01-03T10:00:00Z", "Consent to application", "adele@contoso.com", "0", "Trendy Fashion"),
		audit("2026-01-02T10:00:00Z", "Add application", admin, casApp, "Trend Micro Cloud App Security"),
	}
	m.SignIns = []json.RawMessage{
		logged("2026-01-10T09:00:00Z", helperID, sharePoint), logged("2026-01-11T09:00:00Z", helperID, sharePoint),
		logged("2026-01-12T09:00:00Z", helperID, "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
		logged("2026-01-12T09:00:00Z", adminID, sharePoint),
	}
	o.Declared.Microsoft365.TenantID = ""
	o.Declared.Microsoft365.GlobalAdmin = admin
	o.Declared.Microsoft365.Delegates = []string{helper}
	return o
}

// sharePoint is the application that CAS signs in to (Microsoft, "Verify first-party Microsoft
// applications in sign-in reports").
const sharePoint = "00000003-0000-0ff1-ce00-000000000000"

// undecided is the same tenant with manual provisioning and a policy that is on: now the verdict
// on the delegate account hangs on the policies.
func undecided(o *lab.Organisation) {
	o.Declared.Microsoft365.Provisioning = new(config.Manual)
	on := strings.Replace(string(wirePolicy(enabledID, "mfa")), `"state":"disabled"`, `"state":"enabled"`, 1)
	o.Microsoft.Policies = append(o.Microsoft.Policies, json.RawMessage(on))
}

const enabledID = "37d51c45-8c60-4f82-98e0-6e1451cecf7c"

func audit(at, activity, by, id, name string) json.RawMessage {
	return json.RawMessage(`{"id":"Directory_` + at + `","category":"ApplicationManagement","result":"success",
		"activityDisplayName":"` + activity + `","activityDateTime":"` + at + `","loggedByService":"Core Directory",
		"initiatedBy":{"app":null,"user":{"id":"1","displayName":null,"userPrincipalName":"` + by + `","ipAddress":"` + canary + `"}},
		"targetResources":[{"id":"` + id + `","displayName":"` + name + `","type":"ServicePrincipal","userPrincipalName":null,
		"modifiedProperties":[{"displayName":"ConsentAction.Permissions","oldValue":null,"newValue":"` + canary + `"}]}]}`)
}

// logged is a sign-in in the shape of beta ("List signIns", first example).
func logged(at, user, resource string) json.RawMessage {
	return json.RawMessage(`{"id":"` + at + user + `","createdDateTime":"` + at + `","userId":"` + user + `","resourceId":"` + resource + `",
		"ipAddress":"` + canary + `","clientAppUsed":"Other clients","conditionalAccessStatus":"failure","authenticationProtocol":"none",
		"authenticationRequirement":"multiFactorAuthentication","authenticationRequirementPolicies":[
		{"requirementProvider":"multiConditionalAccess","detail":"Conditional Access"}],
		"status":{"errorCode":50076,"failureReason":"` + canary + `","additionalDetails":null},
		"deviceDetail":{"browser":"` + canary + `"}}`)
}

func wirePolicy(id, control string) json.RawMessage {
	return json.RawMessage(`{"id":"` + id + `","displayName":"Simple Policy","createdDateTime":"2019-07-18T17:16:16.3266666Z",
		"modifiedDateTime":null,"state":"disabled","sessionControls":null,
		"conditions":{"signInRiskLevels":[],"clientAppTypes":["all"],"platforms":null,"locations":null,
			"applications":{"includeApplications":["None"],"excludeApplications":[],"includeUserActions":[]},
			"users":{"includeUsers":["None"],"excludeUsers":[],"includeGroups":[],"excludeGroups":[],"includeRoles":[],"excludeRoles":[]}},
		"grantControls":{"operator":"OR","builtInControls":["` + control + `"],"customAuthenticationFactors":[],"termsOfUse":[]}}`)
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

func at(year int, month time.Month, d int) *time.Time { return new(day(year, month, d)) }

// key is one RSA key for all labs: making one is most of a start.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// tenant is a lab that runs, with a client of it.
type tenant struct {
	*lab.Lab
	t      *testing.T
	Config *config.Config
	today  time.Time // when the probes look
	looks  atomic.Int64
}

// now is a moment later at every look, so that what came first can be told.
func (p *tenant) now() time.Time {
	return p.today.Add(time.Duration(p.looks.Add(1)) * time.Microsecond)
}

func start(t *testing.T, change func(*lab.Organisation)) *tenant {
	t.Helper()
	o := organisation()
	if change != nil {
		change(&o)
	}
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	cfg, err := l.Config(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{Lab: l, t: t, Config: cfg, today: time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)}
}

// in is the same lab in a subtest.
func (p *tenant) in(t *testing.T) *tenant {
	return &tenant{Lab: p.Lab, t: t, Config: p.Config, today: p.today}
}

// collect runs the identity probe and the named ones, or all.
func (p *tenant) collect(wanted ...string) *facts.Evidence {
	p.t.Helper()
	return p.collectWithin(0, wanted...)
}

// collectWithin gives every probe another deadline than its own.
func (p *tenant) collectWithin(timeout time.Duration, wanted ...string) *facts.Evidence {
	p.t.Helper()
	return p.collectWith(p.client(), timeout, wanted...)
}

func (p *tenant) client() *httpread.Client {
	p.t.Helper()
	client, err := httpread.New(p.Config, httpread.WithBackoff(0))
	if err != nil {
		p.t.Fatal(err)
	}
	return client
}

// tap lets a function see, change or replace what a client sends and gets.
func tap(client *httpread.Client, see func(*http.Request, http.RoundTripper) (*http.Response, error)) {
	next := client.HTTP().Transport
	client.HTTP().Transport = roundTripper(func(r *http.Request) (*http.Response, error) { return see(r, next) })
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (p *tenant) collectWith(client *httpread.Client, timeout time.Duration, wanted ...string) *facts.Evidence {
	p.t.Helper()
	var list []probes.Probe
	for _, probe := range m365.Probes() {
		if slices.Contains(wanted, probe.Fact) {
			wanted = append(wanted, probe.Needs...)
		}
	}
	for _, probe := range m365.Probes() {
		if timeout > 0 {
			probe.Timeout = timeout
		}
		if len(wanted) == 0 || probe.Identity || slices.Contains(wanted, probe.Fact) {
			list = append(list, probe)
		}
	}
	env := &probes.Env{Config: p.Config, HTTP: client, Now: p.now, Log: zerolog.Nop()}
	return probes.Collect(p.t.Context(), env, list, nil)
}

// graph are the requests that Graph has got.
func (p *tenant) graph() []lab.Request {
	return slices.DeleteFunc(p.Requests(), func(r lab.Request) bool { return r.Service != lab.GraphService })
}

func get[T any](t *testing.T, ev *facts.Evidence, k facts.Key[T]) T {
	t.Helper()
	seen := facts.Get(ev, k)
	if !seen.Complete() {
		t.Fatalf("%s: %v", k.Name, seen.Failure)
	}
	return *seen.Value
}

// equal leaves out which call showed a value; TestFrom is about that.
func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(&facts.Look{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTenant(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.PartnerTenantType = "resellerPartnerDelegatedAdmin"
		o.Microsoft.AssignedPlans = []lab.AssignedPlan{{Service: "SharePoint", ServicePlanID: "5dbe027f-2339-4123-9542-606e4d348a72"}}
		o.Microsoft.Domains = []lab.Domain{
			{Name: "contoso.onmicrosoft.com", Initial: true, Services: []string{"Email"}},
			{Name: "contoso.com", Default: true, Federated: true},
			{Name: "new.contoso.com", Unverified: true},
		}
	})
	p.Config.Microsoft365.TenantID = strings.ToUpper(tenantID) // ids are compared without case
	equal(t, facts.Tenant{
		ID: tenantID, DisplayName: new("Contoso"), PartnerTenantType: new("resellerPartnerDelegatedAdmin"),
		VerifiedDomains: []facts.TenantDomain{
			{Name: "contoso.onmicrosoft.com", Type: new("Managed"), IsDefault: new(false), IsInitial: new(true)},
			{Name: "contoso.com", Type: new("Federated"), IsDefault: new(true), IsInitial: new(false)},
		},
		AssignedPlans: []facts.AssignedPlan{{
			Service: new("SharePoint"), CapabilityStatus: new("Enabled"), ServicePlanID: new("5dbe027f-2339-4123-9542-606e4d348a72"),
		}},
		Domains: facts.Got([]facts.Domain{
			{
				ID: "contoso.onmicrosoft.com", AuthenticationType: new("Managed"), IsVerified: new(true), IsInitial: new(true),
				IsDefault: new(false), SupportedServices: []string{"Email"},
			},
			{
				ID: "contoso.com", AuthenticationType: new("Federated"), IsVerified: new(true), IsInitial: new(false),
				IsDefault: new(true),
				Federation: new(facts.Missed[facts.Federation](&facts.Failure{
					Kind: facts.NotFound, Status: 404, Code: "Request_ResourceNotFound", Detail: "the domain has no federation configured",
				})),
			},
			{
				ID: "new.contoso.com", AuthenticationType: new("Managed"), IsVerified: new(false), IsInitial: new(false),
				IsDefault: new(false),
			},
		}),
		SKUs: facts.Got([]facts.SKU{
			{SKUPartNumber: new("ENTERPRISEPREMIUM"), CapabilityStatus: new("Enabled"), ServicePlans: []facts.ServicePlan{
				{ServicePlanName: new("SHAREPOINTENTERPRISE"), ProvisioningStatus: new("Success")},
			}},
			{SKUPartNumber: new("STANDARDPACK"), CapabilityStatus: new("Warning"), ServicePlans: []facts.ServicePlan{
				{ServicePlanName: new("SHAREPOINTSTANDARD"), ProvisioningStatus: new("Disabled")},
			}},
		}),
	}, get(t, p.collect("m365.tenant"), facts.M365Tenant))
}

func TestAccounts(t *testing.T) {
	p := start(t, nil)
	equal(t, facts.AccountSet{
		DelegatesFound: facts.Got([]string{"cas-1@contoso.com"}),
		Accounts: []facts.Account{
			{
				Address: admin, Role: facts.GlobalAdmin,
				User: facts.Got(facts.User{
					ID: adminID, UserPrincipalName: new(admin), DisplayName: new("MOD Administrator"), UserType: new("Member"),
					AccountEnabled: new(true), PasswordPolicies: new("DisablePasswordExpiration"),
					CreatedDateTime: at(2021, 4, 1), LastPasswordChangeDateTime: at(2025, 9, 1),
				}),
				PerUserMFA: facts.Got(facts.PerUserMFA{State: new("enforced")}),
				Registration: facts.Got(facts.Registration{
					IsMfaRegistered: new(true), IsMfaCapable: new(true), MethodsRegistered: []string{"microsoftAuthenticatorPush"},
				}),
				Groups: facts.Got([]facts.Group{
					{ID: inner, DisplayName: new("CAS administrators")}, {ID: outer, DisplayName: new("All administrators")},
				}),
				Roles: facts.Got([]facts.RoleAssignment{
					{RoleDefinitionID: globalRole, DirectoryScopeID: new("/"), PrincipalID: new(adminID)},
				}),
				EligibleRoles: facts.Got([]facts.RoleAssignment{{
					RoleDefinitionID: pointRole, DirectoryScopeID: new("/"), PrincipalID: new(adminID),
					StartDateTime: at(2026, 1, 1), EndDateTime: at(2027, 1, 1),
				}}),
			},
			{
				Address: helper, Role: facts.Delegate,
				User: facts.Got(facts.User{
					ID: helperID, UserPrincipalName: new(helper), DisplayName: new("CAS delegate"), UserType: new("Member"),
					AccountEnabled: new(true), CreatedDateTime: at(2026, 1, 5), LastPasswordChangeDateTime: at(2026, 1, 5),
					ForceChangePasswordNextSignIn: new(true),
				}),
				PerUserMFA:    facts.Got(facts.PerUserMFA{State: new("disabled")}),
				Registration:  facts.Got(facts.Registration{IsMfaRegistered: new(false), IsMfaCapable: new(false)}),
				Groups:        facts.Got([]facts.Group{}),
				Roles:         facts.Got([]facts.RoleAssignment{}),
				EligibleRoles: facts.Got([]facts.RoleAssignment{}),
			},
			{
				Address: "cas-1@contoso.com", Role: facts.FoundDelegate,
				User: facts.Got(facts.User{
					ID: createdID, UserPrincipalName: new("cas-1@contoso.com"), DisplayName: new(created), UserType: new("Member"),
					AccountEnabled: new(false), OnPremisesSyncEnabled: new(true),
				}),
				PerUserMFA: facts.Got(facts.PerUserMFA{State: new("disabled")}),
				Registration: facts.Missed[facts.Registration](&facts.Failure{
					Kind: facts.NotFound, Status: 404, Code: "Request_ResourceNotFound",
					Detail: "the tenant has no such object: the account's row of the registration report",
				}),
				Groups:        facts.Got([]facts.Group{}),
				Roles:         facts.Got([]facts.RoleAssignment{}),
				EligibleRoles: facts.Got([]facts.RoleAssignment{}),
			},
		},
	}, get(t, p.collect("m365.accounts"), facts.M365Accounts))
}

func TestConditionalAccess(t *testing.T) {
	got := get(t, start(t, nil).collect("m365.conditional_access"), facts.M365ConditionalAccess)
	var policies, locations, strengths []string
	for _, f := range []*facts.Failure{got.Policies.Failure, got.Locations.Failure, got.Strengths.Failure} {
		if f != nil {
			t.Fatal(f)
		}
	}
	for _, p := range *got.Policies.Value {
		policies = append(policies, p.ID+" "+p.State+" "+strings.Join(p.GrantControls.BuiltInControls, ","))
	}
	for _, l := range *got.Locations.Value {
		locations = append(locations, l.Type+" "+strings.Join(append(l.Ranges, l.Countries...), ","))
	}
	for _, s := range *got.Strengths.Value {
		strengths = append(strengths, s.ID+" "+strings.Join(s.AllowedCombinations, " "))
	}
	equal(t, []string{
		"10ef4fe6-5e51-4f5e-b5a2-8fed19d0be67 disabled block", "3d112ca4-f1e0-4d95-b3a8-a3f2a4ee5a7d disabled mfa",
	}, policies)
	equal(t, []string{"ip 12.34.221.11/32", "country US,CA"}, locations)
	equal(t, []string{
		"00000000-0000-0000-0000-000000000002 windowsHelloForBusiness password,sms",
		"00000000-0000-0000-0000-000000000004 fido2",
	}, strengths)
}

func TestTraces(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Declared.Microsoft365.CASAppIDs = []string{casAppID, shownID, casAppID} })
	none := facts.Got([]facts.OAuth2PermissionGrant{})
	equal(t, facts.Traces{Consents: facts.Got([]facts.Consent{
		{
			ActivityDateTime: day(2026, 1, 5).Add(10 * time.Hour), Result: new("success"), By: new(admin),
			ServicePrincipalID: new(casApp), AppDisplayName: new("renamed since"),
		},
		{
			ActivityDateTime: day(2026, 1, 4).Add(10 * time.Hour), Result: new("success"), By: new(admin),
			ServicePrincipalID: new("gone-1"), AppDisplayName: new("Trend Micro Cloud App Security"),
		},
	}), ServicePrincipals: facts.Got([]facts.ServicePrincipal{
		{
			ID: casApp, AppID: new(shownID), DisplayName: new("Trend Micro Cloud App Security"), CreatedDateTime: at(2024, 2, 1),
			AccountEnabled: new(false), ServicePrincipalType: new("Application"), AppOwnerOrganizationID: new(vendor),
			PublisherName: new("Trend Micro"), VerifiedPublisher: &facts.VerifiedPublisher{DisplayName: new("Trend Micro Inc.")},
			AppRoleAssignments: facts.Got([]facts.AppRoleAssignment{
				{
					ID: "1jHo", AppRoleID: new("df021288-bdef-4463-88db-98f22de89214"), ResourceDisplayName: new("Microsoft Graph"),
					CreatedDateTime: at(2024, 2, 1),
				},
				{ID: "2"},
			}),
			OAuth2PermissionGrants: facts.Got([]facts.OAuth2PermissionGrant{
				{
					ID: "l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk", ConsentType: new("AllPrincipals"),
					Scope: new("DelegatedPermissionGrant.ReadWrite.All"),
				},
				{
					ID: "5", ConsentType: new("Principal"), Scope: new(" User.Read "), PrincipalID: new(adminID),
					Principal: new(facts.Got(admin)),
				},
			}),
		},
		{
			ID: ssoApp, AppID: new("a1"), DisplayName: new("Trend Micro Cloud App Security"), AccountEnabled: new(true),
			ServicePrincipalType: new("Application"), AppOwnerOrganizationID: new(tenantID), PublisherName: new("Contoso"),
			VerifiedPublisher: &facts.VerifiedPublisher{}, PreferredSingleSignOnMode: new("saml"),
			ReplyURLs:          []string{"https://admin-eu.tmcas.trendmicro.com/ssoLogin"},
			AppRoleAssignments: facts.Got([]facts.AppRoleAssignment{{ID: "3"}}), OAuth2PermissionGrants: none,
		},
		{
			ID: namedApp, AppID: new(casAppID), DisplayName: new("My App"),
			AppRoleAssignments: facts.Got([]facts.AppRoleAssignment{}), OAuth2PermissionGrants: none,
		},
	})}, get(t, p.collect("m365.binding_traces"), facts.M365Traces))
	for _, r := range p.graph() {
		if r.Path == "/v1.0/servicePrincipals" && r.Header.Get("ConsistencyLevel") != "eventual" {
			t.Errorf("%s?%s without ConsistencyLevel", r.Path, r.Query)
		}
	}
}

func TestSwitches(t *testing.T) {
	for _, on := range []bool{true, false} {
		p := start(t, func(o *lab.Organisation) { o.Microsoft.SecurityDefaults, o.Microsoft.LegacyAuth = on, on })
		ev := p.collect("m365.security_defaults", "m365.sharepoint")
		equal(t, facts.SecurityDefaults{IsEnabled: new(on)}, get(t, ev, facts.M365SecurityDefaults))
		equal(t, facts.SharePoint{IsLegacyAuthProtocolsEnabled: new(on)}, get(t, ev, facts.M365SharePoint))
	}
}

// A host that the SDK's own token provider does not know is asked without a token, and
// nobody hears of it; the lab's addresses have ports, which that provider does not match.
func TestEveryRequestCarriesTheTokenAndReads(t *testing.T) {
	p := start(t, nil)
	p.collect()
	if len(p.graph()) < 20 {
		t.Fatalf("only %d requests", len(p.graph()))
	}
	for _, r := range p.graph() {
		if r.Header.Get("Authorization") != "Bearer" {
			t.Errorf("%s %s: Authorization %q", r.Method, r.Path, r.Header.Get("Authorization"))
		}
		if r.Method != "GET" || r.Status != 200 && r.Status != 404 {
			t.Errorf("%s %s: %d", r.Method, r.Path, r.Status)
		}
		if strings.Contains(r.Path, "/conditionalAccess/") && r.Header.Get("Prefer") != "include-unknown-enum-members" {
			t.Errorf("%s: Prefer %q", r.Path, r.Header.Get("Prefer"))
		}
	}
}

// Graph's reference writes its query options with a dollar sign, not with %24.
func TestQueryOptionsAreWrittenAsDocumented(t *testing.T) {
	p := start(t, nil)
	client, options := p.client(), atomic.Int32{}
	tap(client, func(r *http.Request, send http.RoundTripper) (*http.Response, error) {
		if strings.Contains(r.URL.RawQuery, "%24") {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		options.Add(int32(strings.Count(r.URL.RawQuery, "$")))
		return send.RoundTrip(r)
	})
	p.collectWith(client, 0)
	if options.Load() == 0 {
		t.Error("no query options at all")
	}
}

// All probes of a run share one credential, and it keeps its token.
func TestOneTokenForARun(t *testing.T) {
	p := start(t, nil)
	p.collect()
	tokens := 0
	for _, r := range p.Requests() {
		if r.Service == lab.EntraService && r.Method == "POST" {
			tokens++
			if form := string(r.Body); !strings.Contains(form, "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default") {
				t.Errorf("the audience is not the cloud's own: %s", form)
			}
		}
	}
	if tokens != 1 {
		t.Errorf("%d token requests", tokens)
	}
}

func TestProbesSayWhatTheyNeed(t *testing.T) {
	for i, p := range m365.Probes() {
		if p.Section != "microsoft365" || p.Doc == "" || p.Timeout <= 0 || len(p.Permissions) == 0 {
			t.Errorf("%s: incomplete: %+v", p.Fact, p)
		}
		if identity := i == 0; p.Identity != identity || !identity && !slices.Contains(p.Needs, "m365.tenant") {
			t.Errorf("%s: identity %v, needs %v", p.Fact, p.Identity, p.Needs)
		}
		for _, n := range p.Permissions {
			if n.Service != "graph" || n.Name == "" || n.Why == "" {
				t.Errorf("%s: %+v", p.Fact, n)
			}
		}
	}
}
