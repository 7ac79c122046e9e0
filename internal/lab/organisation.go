package lab

import (
	"crypto/rsa"
	"encoding/json"
	"time"

	"github.com/casdoctor/casdoctor/config"
)

// Organisation is one practice organisation, as data: what its services hold and what its
// admin declares. The zero value of a member is the ordinary case wherever there is one.
type Organisation struct {
	Microsoft Microsoft
	Google    Google
	Console   Console
	// Zone are more DNS records, in master file format. The console's address is there anyway;
	// a name that is not does not exist.
	Zone []string
	// Messages are files of affected messages, by name. WriteConfig writes them and names them in
	// cas.messages; nil: what Declared says.
	Messages map[string]string
	// Declared is what the admin writes in casdoctor.yaml. Start fills in what only the lab
	// can know: addresses, credentials, the CA file and the resolver.
	Declared config.Config
	// Faults are there from the start.
	Faults []Fault
	// Latency is added to every answer over HTTP.
	Latency time.Duration
	// Key is the private key of everything that needs an RSA key: the service account, the
	// console, the app registration's certificate. nil: made at the start, which takes most of
	// its time; tests share one.
	Key *rsa.PrivateKey
	// PageSize is the size of one page of every Graph list; 0 means 100, as for users.
	PageSize int
}

// Microsoft is a tenant with its directory, as Entra and Graph show it.
type Microsoft struct {
	TenantID          string
	DisplayName       string
	PartnerTenantType string // "" is null: no partner
	Domains           []Domain
	AssignedPlans     []AssignedPlan
	App               App
	Premium           Premium
	Users             []User
	Groups            []Group
	RoleAssignments   []RoleAssignment // active
	EligibleRoles     []RoleAssignment // PIM
	SecurityDefaults  bool
	// Policies, NamedLocations and Strengths are in the wire shape of Graph v1.0.
	Policies       []json.RawMessage
	NamedLocations []json.RawMessage
	Strengths      []json.RawMessage
	LegacyAuth     bool // SharePoint's switch "Apps that don't use modern authentication"
	// ServicePrincipals and what was granted to them are in the wire shape, too: assignments
	// name theirs in principalId, grants in clientId.
	ServicePrincipals  []json.RawMessage
	AppRoleAssignments []json.RawMessage
	PermissionGrants   []json.RawMessage
	SignIns            []json.RawMessage // the sign-in log in the wire shape, newest first
	// TokensFor are other tenant ids for which a token of this tenant is issued: what a managed
	// identity or an Azure CLI session of the wrong tenant amounts to.
	TokensFor []string
}

// Premium is the Entra ID licence of a tenant.
type Premium int

// The Entra ID licences.
const (
	Free Premium = iota
	P1           // Conditional Access, registration report
	P2           // privileged identity management too
)

// Domain is a domain of the tenant.
type Domain struct {
	Name       string
	Federated  bool
	Unverified bool
	Initial    bool
	Default    bool
	Services   []string
}

// AssignedPlan is a service plan of the tenant.
type AssignedPlan struct {
	Service       string // "SharePoint", "exchange", …
	ServicePlanID string
	Status        string // "" is Enabled
}

// App is the app registration that asks.
type App struct {
	ClientID    string
	Login       Login
	Secret      string
	Permissions []string // application permissions with admin consent
}

// Login is how the app proves who it is.
type Login string

// The ways to prove it. A certificate and a federated token are made at the start.
const (
	LoginSecret      Login = ""
	LoginCertificate Login = "certificate"
	LoginFederated   Login = "federated"
)

// User is an account of the tenant.
type User struct {
	ID                string
	UserPrincipalName string
	DisplayName       string
	UserType          string // "" is Member
	CreationType      string
	Disabled          bool
	OnPremisesSync    bool
	PasswordPolicies  string
	PasswordChanged   time.Time
	MustChange        bool // at the next sign-in
	Created           time.Time
	PerUserMFA        string        // "" is disabled
	Registration      *Registration // nil: no row in the report
	MemberOf          []string      // ids of groups, directly
}

// Registration is a row of the report of registered authentication methods.
type Registration struct {
	Registered bool
	Capable    bool
	Methods    []string
}

// Group is a group of the tenant.
type Group struct {
	ID          string
	DisplayName string
	Assignable  bool     // to roles
	MemberOf    []string // ids of the groups that it is in, directly
}

// RoleAssignment gives a directory role to a user or a group.
type RoleAssignment struct {
	PrincipalID      string
	RoleDefinitionID string    // the template id
	Scope            string    // "" is "/", the whole tenant
	Start, End       time.Time // of an eligible one; zero End: for ever
}

// Google is a Workspace customer and the service account that reads it.
type Google struct {
	Customer       string // C…
	Users          []GoogleUser
	ClientID       string // numeric; what domain-wide delegation lists
	ServiceAccount string
	Project        string
	Client         ClientState
	// GrantedScopes are delegated to ClientID; nil: the client is not in the table at all.
	GrantedScopes []string
	APIDisabled   bool // the Admin SDK API of the client's project
	Domains       []GoogleDomain
	// Keyless: the configuration names the service account, and WriteConfig writes the
	// credentials of a caller that may sign for it (adc.json) instead of its key.
	Keyless bool
}

// ClientState is what became of the service account.
type ClientState string

// The states of the service account.
const (
	ClientGood       ClientState = ""
	ClientDisabled   ClientState = "disabled"    // in IAM
	ClientDeleted    ClientState = "deleted"     // the OAuth client, restorable
	ClientKeyDeleted ClientState = "key_deleted" // the key that the admin holds
	ClientBlocked    ClientState = "blocked"     // by the customer's API access control
)

// GoogleUser is somebody on whose behalf tokens can be asked for.
type GoogleUser struct {
	Email string
	Admin bool // may read domains
	State SubjectState
}

// SubjectState is why a user cannot be acted for.
type SubjectState string

// The states of a user.
const (
	SubjectGood       SubjectState = ""
	SubjectSuspended  SubjectState = "suspended"
	SubjectDeleted    SubjectState = "deleted"
	SubjectServiceOff SubjectState = "service_off" // never signed in, or the service is off for the unit
)

// GoogleDomain is a domain of the customer.
type GoogleDomain struct {
	Name       string
	Primary    bool
	Unverified bool
	Created    time.Time
	Aliases    []GoogleDomain // their Aliases are not used
}

// Console is the CAS management console.
type Console struct {
	Host        string // the name that it is reached by; "" is 127.0.0.1
	MinVersion  uint16 // 0 is TLS 1.2
	MaxVersion  uint16 // 0 is TLS 1.2
	Suites      []uint16
	Certificate CertificateKind
	Behaviour   Behaviour
}

// CertificateKind is what is wrong with the console's certificate.
type CertificateKind string

// The kinds of certificate.
const (
	CertificateGood      CertificateKind = ""
	CertificateExpired   CertificateKind = "expired"
	CertificateWrongHost CertificateKind = "wrong_host"
	CertificateUnknownCA CertificateKind = "unknown_ca" // as behind a gateway that inspects TLS
)

// Behaviour is what the console's port does.
type Behaviour string

// The behaviours of the console's port.
const (
	Serve      Behaviour = ""
	Reset      Behaviour = "reset"       // resets the connection on the first bytes
	Drop       Behaviour = "drop"        // closes it without a word
	Silent     Behaviour = "silent"      // accepts, never answers
	ResetTLS12 Behaviour = "reset_tls12" // resets hellos that offer TLS 1.2 or later, as some gateways do
	PlainHTTP  Behaviour = "plain_http"  // answers, but not with TLS
	Refused    Behaviour = "refused"     // the port is closed
	NoName     Behaviour = "no_name"     // the name does not exist
)
