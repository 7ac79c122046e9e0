// Package config is casdoctor.yaml: its types, its strict loading, its JSON Schema and the
// references to secrets.
//
// What belongs here: everything that can be said about a configuration without asking
// anybody: shapes, values, contradictions, defaults. Every mistake is reported with file,
// line, column and what to write instead, and all of them at once.
//
// What does not: what the configuration is used for. The package knows no probe and no check.
package config

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"
)

//go:generate go run schema_generate.go

// Config is the configuration of casdoctor, casdoctor.yaml. A Config that Load returned is
// complete: defaults are filled in, secrets are resolved, and relative paths start at the
// folder of the file.
//
// The comments of the types and their members are the descriptions in the JSON Schema.
type Config struct {
	// The version of this format.
	Version int `yaml:"version" jsonschema:"required"`
	// The name of the organisation in reports.
	Tenant string `yaml:"tenant" jsonschema:"required,minLength=1"`
	// Whether provisioning in CAS is still to come (before) or done (after).
	Phase Phase `yaml:"phase" jsonschema:"default=before"`
	// The Microsoft 365 tenant that is connected to CAS.
	Microsoft365 *Microsoft365 `yaml:"microsoft365"`
	// The Google Workspace customer whose Gmail is connected to CAS.
	Google *Google `yaml:"google"`
	// The Cloud App Security console and what was set in it.
	CAS *CAS `yaml:"cas"`
	// What is known of the CLP or LMP accounts.
	Licensing *Licensing `yaml:"licensing"`
	// Error messages that somebody saw.
	Symptoms []Symptom `yaml:"symptoms"`
	// The way out of this machine, for every probe.
	Network Network `yaml:"network"`
	// Findings that are accepted, each with a reason and an end.
	Waivers []Waiver `yaml:"waivers"`

	// effective is the configuration as it took effect, with the origin of every value as a
	// comment: what Show prints. nil unless Load or Parse made this Config.
	effective *yaml.Node
}

// Phase says whether provisioning is still to come.
type Phase string

// The phases.
const (
	Before Phase = "before"
	After  Phase = "after"
)

// Microsoft365 is the tenant that is connected to CAS.
type Microsoft365 struct {
	// The directory (tenant) ID.
	TenantID string `yaml:"tenant_id" jsonschema:"required,format=uuid"`
	// The Microsoft cloud that the tenant lives in.
	Cloud Cloud `yaml:"cloud" jsonschema:"default=global"`
	// The app registration that casdoctor signs in with.
	Credentials MicrosoftCredentials `yaml:"credentials" jsonschema:"required"`
	// How the services are connected in CAS. Left out: not declared.
	Provisioning *Provisioning `yaml:"provisioning"`
	// The Global Administrator that automatic provisioning signs in with.
	GlobalAdmin string `yaml:"global_admin" jsonschema:"format=email"`
	// The delegate accounts of manual provisioning.
	Delegates []string `yaml:"delegates" jsonschema:"format=email"`
	// The App Ids that the CAS console shows under Administration > Service Account, to know its applications by.
	CASAppIDs []string `yaml:"cas_app_ids" jsonschema:"format=uuid"`
	// The services that CAS protects. Left out: sharepoint and onedrive.
	Services []Service `yaml:"services" jsonschema:"minItems=1,uniqueItems=true"`
	// Where CAS signs in from, if known.
	CASEgress *Egress `yaml:"cas_egress"`
	// Other addresses than the cloud's own.
	Endpoints MicrosoftEndpoints `yaml:"endpoints"`
}

// Cloud is the Microsoft cloud that the tenant lives in.
type Cloud string

// The clouds.
const (
	CloudGlobal   Cloud = "global"
	CloudUSGov    Cloud = "usgov"
	CloudUSGovDoD Cloud = "usgov-dod"
	CloudChina    Cloud = "china"
)

// Provisioning is how the services are connected.
type Provisioning string

// The modes of provisioning.
const (
	Automatic  Provisioning = "automatic"
	Manual     Provisioning = "manual"
	Authorized Provisioning = "authorized"
)

// Service is a Microsoft 365 service that CAS protects.
type Service string

// The services.
const (
	SharePoint Service = "sharepoint"
	OneDrive   Service = "onedrive"
	Exchange   Service = "exchange"
)

// MicrosoftCredentials are client_id and exactly one way to prove it.
type MicrosoftCredentials struct {
	// The application (client) ID. Not needed with azure_cli, nor with the managed identity of the machine itself.
	ClientID string `yaml:"client_id" jsonschema:"format=uuid"`
	// A client secret.
	ClientSecret Secret `yaml:"client_secret"`
	// The last day of the client secret, as Microsoft Entra shows it beside the secret. The agent tells before it ends.
	ClientSecretExpires Date `yaml:"client_secret_expires"`
	// A certificate with its private key, PEM or PFX.
	Certificate Secret `yaml:"certificate"`
	// The password of the certificate's file.
	CertificatePassword Secret `yaml:"certificate_password"`
	// A federated credential.
	WorkloadIdentity *WorkloadIdentity `yaml:"workload_identity"`
	// The managed identity of the Azure machine that casdoctor runs on; with client_id, a user-assigned one.
	ManagedIdentity bool `yaml:"managed_identity" jsonschema:"default=false"`
	// Whoever is signed in to the Azure CLI on this machine.
	AzureCLI bool `yaml:"azure_cli" jsonschema:"default=false"`
}

// WorkloadIdentity is a federated credential. Exactly one of them says where its token is.
type WorkloadIdentity struct {
	// The file that the platform keeps a fresh token in, as Kubernetes does.
	TokenFile string `yaml:"token_file" jsonschema:"minLength=1"`
	// The job of GitHub Actions that casdoctor runs in. It needs the permission id-token: write.
	GitHubActions bool `yaml:"github_actions" jsonschema:"default=false"`
	// The job of Azure Pipelines that casdoctor runs in.
	AzurePipelines *AzurePipelines `yaml:"azure_pipelines"`

	// Request is where a job asks its platform for the token: what the platform says in the
	// environment. Empty with TokenFile.
	Request TokenRequest `yaml:"-"`
}

// AzurePipelines is the service connection whose token a job asks for.
type AzurePipelines struct {
	// The id of the service connection.
	ServiceConnection string `yaml:"service_connection" jsonschema:"required,format=uuid"`
	// The job's own token, which a step gets by mapping $(System.AccessToken) into its environment.
	AccessToken Secret `yaml:"access_token" jsonschema:"required"`
}

// TokenRequest is an address that gives out tokens, and what it wants to see for one.
type TokenRequest struct {
	URL    string
	Bearer Secret
}

// Egress is where CAS signs in from; an address, a country, or both.
type Egress struct {
	// An IPv4 or IPv6 address.
	IP string `yaml:"ip"`
	// A country, as two letters of ISO 3166-1.
	Country string `yaml:"country" jsonschema:"pattern=^[A-Z][A-Z]$"`
}

// MicrosoftEndpoints move the addresses; the audience of the tokens stays the cloud's.
type MicrosoftEndpoints struct {
	// The base address of the sign-in service. Left out: the cloud's own.
	Login string `yaml:"login" jsonschema:"format=uri,pattern=^https://"`
	// The base address of Microsoft Graph. Left out: the cloud's own.
	Graph string `yaml:"graph" jsonschema:"format=uri,pattern=^https://"`
}

// Google is the Workspace customer whose Gmail is connected to CAS.
type Google struct {
	// The customer ID (C and letters or digits), or my_customer: the customer of the admin.
	Customer string `yaml:"customer" jsonschema:"default=my_customer,pattern=^(my_customer|C[0-9A-Za-z]+)$"`
	// The administrator that the service account acts for.
	Admin string `yaml:"admin" jsonschema:"required,format=email"`
	// The service account that casdoctor signs in with.
	Credentials GoogleCredentials `yaml:"credentials" jsonschema:"required"`
	// Whose client the credentials are: casdoctor's own, or the one that CAS was provisioned with.
	CredentialsOf CredentialsOf `yaml:"credentials_of" jsonschema:"default=casdoctor"`
	// Whether Gmail was provisioned during the preview. Left out: not declared.
	ProvisionedDuringPreview *bool `yaml:"provisioned_during_preview"`
	// The scopes that the admin console shows for CAS. Left out: not declared.
	GrantedScopes List `yaml:"granted_scopes"`
	// Other addresses than Google's own.
	Endpoints GoogleEndpoints `yaml:"endpoints"`
}

// GoogleCredentials are a service account's key, or its address when the caller's own
// credentials may sign for it (keyless). Exactly one of them.
type GoogleCredentials struct {
	// The JSON key of the service account.
	ServiceAccountKey Secret `yaml:"service_account_key"`
	// The address of the service account that this machine's own credentials may sign for.
	Impersonate string `yaml:"impersonate" jsonschema:"format=email"`
}

// CredentialsOf says whose client the credentials are.
type CredentialsOf string

// The owners of the configured Google credentials.
const (
	OfCasdoctor CredentialsOf = "casdoctor"
	OfCAS       CredentialsOf = "cas"
)

// GoogleEndpoints move Google's addresses; token and tokeninfo are whole URLs, the others bases.
type GoogleEndpoints struct {
	// The URL of the token endpoint.
	Token string `yaml:"token" jsonschema:"format=uri,pattern=^https://"`
	// The URL that tells about a token.
	TokenInfo string `yaml:"tokeninfo" jsonschema:"format=uri,pattern=^https://"`
	// The base address of the Directory API.
	Directory string `yaml:"directory" jsonschema:"format=uri,pattern=^https://"`
	// The base address of the Reports API.
	Reports string `yaml:"reports" jsonschema:"format=uri,pattern=^https://"`
	// The base address of the IAM Credentials API, which signs for impersonate.
	IAM string `yaml:"iam" jsonschema:"format=uri,pattern=^https://"`
	// The whole URL of the Security Token Service, which workload identity federation asks.
	STS string `yaml:"sts" jsonschema:"format=uri,pattern=^https://"`
}

// CAS is the Cloud App Security console and what was set in it. It needs site or console:
// nothing else says where the console is.
type CAS struct {
	// The CAS site that serves the organisation.
	Site Site `yaml:"site"`
	// The console's host or host:port, when it is not the site's own.
	Console HostPort `yaml:"console"`
	// The REST API; optional.
	API *CASAPI `yaml:"api"`
	// The internal domains that are set in the console. Left out: not declared.
	InternalDomains List `yaml:"internal_domains"`
	// The Exchange Online ATP policies. Left out: not declared; an empty list: there are none.
	SpamPolicies []SpamPolicy `yaml:"spam_policies"`
	// Files of affected messages; * and ? stand for any characters and any one.
	Messages []string `yaml:"messages" jsonschema:"minLength=1"`
	// The addresses or ranges that inline protection brings mail in again from, as the IP Allow List of Exchange Online has them. Left out: not declared.
	Relays []string `yaml:"relays" jsonschema:"minLength=1"`
	// The browsers that open the console, by name or User-Agent. Left out: not declared; an empty list: none but this machine.
	Clients []string `yaml:"clients" jsonschema:"minLength=1"`
}

// Site is the CAS site that serves the organisation.
type Site string

// The sites. The vendor's pages on the integration API name eight of them.
const (
	SiteUS Site = "us"
	SiteEU Site = "eu"
	SiteJP Site = "jp"
	SiteAU Site = "au"
	SiteUK Site = "uk"
	SiteCA Site = "ca"
	SiteSG Site = "sg"
	SiteIN Site = "in"
)

// CASAPI is the optional REST API.
type CASAPI struct {
	// The authentication token.
	Token Secret `yaml:"token" jsonschema:"required"`
	// The day on which the token was made; it lives for 365 days.
	TokenCreated Date `yaml:"token_created"`
	// The base address of the API. Left out: the site's own.
	Endpoint string `yaml:"endpoint" jsonschema:"format=uri,pattern=^https://"`
}

// SpamPolicy is one Exchange Online ATP policy.
type SpamPolicy struct {
	// The name of the policy.
	Name string `yaml:"name" jsonschema:"required,minLength=1"`
	// Which messages Advanced Spam Protection is applied to.
	AppliesTo AppliesTo `yaml:"applies_to" jsonschema:"required"`
	// Whether other spam from internal domains is passed. Left out: not declared.
	PassInternalOtherSpam *bool `yaml:"pass_internal_other_spam"`
}

// AppliesTo is the scope of the Advanced Spam Protection filter.
type AppliesTo string

// The scopes of the filter.
const (
	IncomingMessages AppliesTo = "incoming"
	AllMessages      AppliesTo = "all"
)

// Licensing is what the organisation knows of its CLP or LMP accounts. At least one member.
type Licensing struct {
	// The accounts.
	Accounts []LicenseAccount `yaml:"accounts"`
	// The account that signs in to the console.
	SignIn *SignIn `yaml:"sign_in"`
	// The licensing API for partners; optional.
	LMP *LMP `yaml:"lmp"`
}

// LicenseAccount is one CLP or LMP account.
type LicenseAccount struct {
	// The name of the account, as it signs in.
	ID string `yaml:"id" jsonschema:"required,minLength=1"`
	// The company ID, as text: leading zeros count.
	Company string `yaml:"company" jsonschema:"minLength=1"`
	// Whether it is the primary account of its company. Left out: not declared.
	Primary *bool `yaml:"primary"`
	// The kind of licence that the account was created with.
	License License `yaml:"license"`
	// The last day on which the licence is valid.
	Expires Date `yaml:"expires"`
	// The tenant that the account is provisioned with.
	TenantID string `yaml:"tenant_id" jsonschema:"format=uuid"`
	// The day on which it was provisioned.
	Provisioned Date `yaml:"provisioned"`
}

// License is the kind of licence that an account was created with.
type License string

// The kinds of licence.
const (
	Trial License = "trial"
	Full  License = "full"
)

// SignIn is the account that signs in to the console.
type SignIn struct {
	// One of the accounts in the list.
	Account string `yaml:"account" jsonschema:"minLength=1"`
	// How it signs in.
	Type SignInType `yaml:"type"`
}

// SignInType is how an account signs in to the console.
type SignInType string

// The ways to sign in to the console.
const (
	SignInCLP   SignInType = "clp"
	SignInLMP   SignInType = "lmp"
	SignInLocal SignInType = "local"
	SignInSSO   SignInType = "sso"
)

// LMP is the licensing API for partners.
type LMP struct {
	// The access token.
	AccessToken Secret `yaml:"access_token" jsonschema:"required"`
	// The secret key that signs the requests.
	SecretKey Secret `yaml:"secret_key" jsonschema:"required"`
	// The customer.
	CustomerID string `yaml:"customer_id" jsonschema:"required,minLength=1"`
	// The customer's subscription of Cloud App Security.
	SubscriptionID string `yaml:"subscription_id" jsonschema:"required,minLength=1"`
	// The base address of the API.
	Endpoint string `yaml:"endpoint" jsonschema:"default=https://cspi.trendmicro.com,format=uri,pattern=^https://"`
}

// Symptom is a message that somebody saw.
type Symptom struct {
	// The check of the trouble that the message belongs to.
	Check string `yaml:"check" jsonschema:"required,enum=LIC-01,enum=ACC-01,enum=BND-01,enum=MFA-01,enum=GDM-01,enum=SPM-01,enum=TLS-01"`
	// The message.
	Text string `yaml:"text" jsonschema:"minLength=1"`
	// When it was seen: a date with a time and a zone.
	At time.Time `yaml:"at"` // zero: not said
}

// Network is the way out of this machine, for every probe.
type Network struct {
	// The proxy, http://host:port. A user and a password have no place here. Left out: the environment's. Behind
	// an https:// proxy everything but the console can be looked at.
	Proxy string `yaml:"proxy" jsonschema:"format=uri,pattern=^https?://"`
	// A PEM file of certificates that are trusted beside the system's, for networks that inspect TLS.
	CAFile string `yaml:"ca_file" jsonschema:"minLength=1"`
	// The DNS server, IP:port. Left out: the system's.
	Resolver netip.AddrPort `yaml:"resolver"`
}

// Waiver accepts one finding, with a reason and an end.
type Waiver struct {
	// The id of the cause, for example MFA-01.C1.
	Cause string `yaml:"cause" jsonschema:"required,pattern=^[A-Z]{3}-01[.][CX][1-9]$"`
	// The subject of the finding as the report names it, or * for every one.
	Subject string `yaml:"subject" jsonschema:"default=*,minLength=1"`
	// Why it is accepted.
	Reason string `yaml:"reason" jsonschema:"required,minLength=1"`
	// The last day on which it is, in UTC.
	Until Date `yaml:"until" jsonschema:"required"`
	// Who answers for it.
	Owner string `yaml:"owner" jsonschema:"minLength=1"`
}

// Date is a calendar day, quoted or bare: 2026-03-31. The zero Date is "not said".
type Date struct{ time.Time }

// String is YYYY-MM-DD, and empty for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// List is a list of words, written in the configuration or in a file (file:PATH), one per
// line. Declared tells an empty list from none.
type List struct {
	Items    []string
	Declared bool
	// Written are the items as they stand in the file, one for each of Items.
	Written []Written
}

// Written is an item of a List before it was normalised.
type Written struct {
	Text string
	Line int // in the file of the list: the configuration, what it is inherited from, or the one that file: names
}

// HostPort is host:port; the port may be left out.
type HostPort struct {
	Host string
	Port int // 0: not said
}

// String is host:port, host alone when there is no port, and empty for the zero HostPort.
func (h HostPort) String() string {
	if h.Port == 0 {
		return h.Host
	}
	return net.JoinHostPort(h.Host, strconv.Itoa(h.Port))
}

// Sections are the names of the sections that are present. Each brings its own checks.
func (c *Config) Sections() []string {
	present := []string{}
	for _, s := range []struct {
		name string
		is   bool
	}{
		{"microsoft365", c.Microsoft365 != nil}, {"google", c.Google != nil},
		{"cas", c.CAS != nil}, {"licensing", c.Licensing != nil},
	} {
		if s.is {
			present = append(present, s.name)
		}
	}
	return present
}
