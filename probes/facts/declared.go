package facts

import "time"

// What the admin declares, copied from the configuration: section by section, so that an
// absent section is an absent fact.
var (
	DeclaredRun       = Key[Run]{"declared.run"}
	DeclaredM365      = Key[Microsoft365]{"declared.microsoft365"}
	DeclaredGoogle    = Key[Google]{"declared.google"}
	DeclaredCAS       = Key[CAS]{"declared.cas"}
	DeclaredLicensing = Key[Licensing]{"declared.licensing"}
	DeclaredSymptoms  = Key[[]Symptom]{"declared.symptoms"}
	DeclaredWaivers   = Key[[]Waiver]{"declared.waivers"}
)

// Run is what the whole run is about.
type Run struct {
	Tenant   string   `json:"tenant"`
	Phase    string   `json:"phase"`    // before | after provisioning
	Sections []string `json:"sections"` // of the configuration that are present: microsoft365, google, cas, licensing
}

// Microsoft365 is the microsoft365 section without its credentials.
type Microsoft365 struct {
	TenantID     string   `json:"tenant_id"`
	Cloud        string   `json:"cloud"`
	Provisioning *string  `json:"provisioning,omitempty"` // automatic | manual | authorized; nil: not declared
	GlobalAdmin  string   `json:"global_admin,omitempty"`
	Delegates    []string `json:"delegates,omitempty"`
	CASAppIDs    []string `json:"cas_app_ids,omitempty"` // of CAS's applications, as its console shows them
	Services     []string `json:"services"`
	Egress       *Egress  `json:"cas_egress,omitempty"`
	// When what casdoctor itself signs in with ends: the last day of the client secret as it is
	// declared, YYYY-MM-DD, or the notAfter of the certificate.
	SecretExpires   string     `json:"client_secret_expires,omitempty"`
	CertificateEnds *time.Time `json:"certificate_ends,omitempty"`
}

// Egress is where CAS signs in from, if known.
type Egress struct {
	IP      string `json:"ip,omitempty"`
	Country string `json:"country,omitempty"`
}

// Google is the google section without its credentials.
type Google struct {
	Customer                 string    `json:"customer"`
	Admin                    string    `json:"admin"`
	CredentialsOf            string    `json:"credentials_of"` // casdoctor | cas
	ProvisionedDuringPreview *bool     `json:"provisioned_during_preview,omitempty"`
	GrantedScopes            *[]string `json:"granted_scopes,omitempty"` // nil: not declared; empty: declared as none
}

// CAS is the cas section without its token.
type CAS struct {
	Site            string    `json:"site,omitempty"`
	Console         string    `json:"console,omitempty"`
	InternalDomains *[]string `json:"internal_domains,omitempty"` // normalised; nil: not declared
	// InternalDomainEntries are the same entries as they are written, one for each of InternalDomains.
	InternalDomainEntries []ListEntry   `json:"internal_domain_entries,omitempty"`
	SpamPolicies          *[]SpamPolicy `json:"spam_policies,omitempty"` // nil: not declared
	Clients               *[]string     `json:"clients,omitempty"`       // nil: not declared
	Relays                *[]string     `json:"relays,omitempty"`        // addresses or ranges; nil: not declared
}

// ListEntry is an entry of a declared list as it is written, and the line of its file.
type ListEntry struct {
	Text string `json:"text"`
	Line int    `json:"line,omitempty"`
}

// SpamPolicy is one Exchange Online ATP policy's Advanced Spam Protection setting.
type SpamPolicy struct {
	Name                  string `json:"name"`
	AppliesTo             string `json:"applies_to"` // incoming | all
	PassInternalOtherSpam *bool  `json:"pass_internal_other_spam,omitempty"`
}

// Licensing is the licensing section without its secrets.
type Licensing struct {
	Accounts []LicenseAccount `json:"accounts,omitempty"`
	SignIn   *SignIn          `json:"sign_in,omitempty"`
}

// LicenseAccount is one CLP or LMP account.
type LicenseAccount struct {
	ID          string `json:"id"`
	Company     string `json:"company,omitempty"` // text: leading zeros count
	Primary     *bool  `json:"primary,omitempty"`
	License     string `json:"license,omitempty"` // trial | full
	Expires     string `json:"expires,omitempty"` // YYYY-MM-DD, the day included
	TenantID    string `json:"tenant_id,omitempty"`
	Provisioned string `json:"provisioned,omitempty"` // YYYY-MM-DD
}

// SignIn is the account that signs in to the console.
type SignIn struct {
	Account string `json:"account,omitempty"`
	Type    string `json:"type,omitempty"` // clp | lmp | local | sso
}

// Symptom is a message that somebody saw.
type Symptom struct {
	Check string     `json:"check"`
	Text  string     `json:"text,omitempty"`
	At    *time.Time `json:"at,omitempty"`
}

// Waiver accepts one finding until a day, which is included (UTC).
type Waiver struct {
	Cause   string `json:"cause"`
	Subject string `json:"subject"` // or "*"
	Reason  string `json:"reason"`
	Until   string `json:"until"` // YYYY-MM-DD
	Owner   string `json:"owner,omitempty"`
}
