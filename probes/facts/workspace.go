package facts

import "time"

// The facts that package workspace observes.
var (
	WorkspaceDelegation = Key[Delegation]{"workspace.delegation"}
	WorkspaceDomains    = Key[WorkspaceDomainSet]{"workspace.domains"}
	WorkspaceGrants     = Key[Grants]{"workspace.grants"}
)

// The scopes that the ladder asks for, one at a time.
const (
	// ScopeControl is one that the CAS grant always had: it tells a client that is not
	// delegated at all from one that only lacks the domain scope.
	ScopeControl = "https://www.googleapis.com/auth/admin.directory.user.readonly"
	// ScopeDomains is the read-only permission on domains that the preview did not grant.
	ScopeDomains = "https://www.googleapis.com/auth/admin.directory.domain.readonly"
	// ScopeDomainsWide can read domains too; a grant is matched by exact string, so it is
	// asked for apart, and only when ScopeDomains is refused.
	ScopeDomainsWide = "https://www.googleapis.com/auth/admin.directory.domain"
)

// The scopes of the evidence on whose grant it is. Neither is needed for anything else.
const (
	// ScopeAuditLog reads the admin audit log.
	ScopeAuditLog = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
	// ScopeTokens reads what users have consented to. Google has no read-only variant of it.
	ScopeTokens = "https://www.googleapis.com/auth/admin.directory.user.security" //nolint:gosec // G101: the name of a scope
)

// Delegation is the ladder: each rung isolates one reason why a service account cannot
// read domains on behalf of an admin. A rung that was not reached, because a lower one
// was red, is NotCollected.
type Delegation struct {
	ClientID       *string        `json:"client_id,omitempty"` // the numeric id that the admin console lists
	ServiceAccount string         `json:"service_account"`
	Subject        string         `json:"subject"` // the admin on whose behalf tokens are asked for
	Clock          Seen[Clock]    `json:"clock"`
	Self           Seen[TokenTry] `json:"self"` // without a subject: is the key itself good?
	Control        Seen[TokenTry] `json:"control"`
	Domains        Seen[TokenTry] `json:"domains"`
	DomainsWide    Seen[TokenTry] `json:"domains_wide"`
}

// Clock is this machine's clock against the Date header of the token endpoint.
type Clock struct {
	Offset time.Duration `json:"offset"` // nanoseconds; positive: this machine is ahead
}

// TokenTry is one request to the token endpoint for exactly one scope, answered. (A request
// that was not answered is a Failure beside it.) Granted is true only when tokeninfo
// confirmed the scope; it is false only for an answer of the token endpoint that names a
// refusal, kept in Error and Description word for word.
type TokenTry struct {
	Scope       string          `json:"scope"`
	Status      int             `json:"status"`
	Granted     *bool           `json:"granted,omitempty"`
	Error       string          `json:"error,omitempty"`
	Description string          `json:"error_description,omitempty"`
	Info        Seen[TokenInfo] `json:"info"`
}

// TokenInfo is what the tokeninfo endpoint says of a token: never the token itself.
type TokenInfo struct {
	Scopes []string `json:"scopes,omitempty"`
	Email  *string  `json:"email,omitempty"`
	Azp    *string  `json:"azp,omitempty"`
	// Expires is when the token ends.
	Expires *time.Time `json:"exp,omitempty"`
}

// Grants is what Google shows of the scopes that clients were given, besides what a client can
// show of itself. There is no API that lists domain-wide delegation: the log has changes of the
// last 180 days, and the tokens are what one user has consented to.
type Grants struct {
	Tokens Seen[[]UserToken]  `json:"tokens"` // of the admin, for CAS and for the configured client
	Log    Seen[[]GrantEvent] `json:"log"`    // about the same clients, oldest first
}

// UserToken is one row of tokens.list.
type UserToken struct {
	ClientID    string   `json:"clientId"`
	DisplayText *string  `json:"displayText,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
}

// GrantEvent is an entry of the admin audit log (Reports API, "Domain Settings" events).
type GrantEvent struct {
	Time        time.Time `json:"time"`
	Name        string    `json:"name"` // AUTHORIZE_API_CLIENT_ACCESS, …
	Actor       *string   `json:"actor,omitempty"`
	Client      *string   `json:"client,omitempty"`      // API_CLIENT_NAME
	Scopes      []string  `json:"scopes,omitempty"`      // API_SCOPES
	Application *string   `json:"application,omitempty"` // APPLICATION_NAME
}

// WorkspaceDomainSet is every domain name of the customer. The two lists come from two
// calls; Google repeats the aliases of a domain inside it as well.
type WorkspaceDomainSet struct {
	Customer string                       `json:"customer"`
	Domains  Seen[[]WorkspaceDomain]      `json:"domains"`
	Aliases  Seen[[]WorkspaceDomainAlias] `json:"aliases"`
}

// WorkspaceDomain is one row of domains.list.
type WorkspaceDomain struct {
	Name      string     `json:"domainName"`
	IsPrimary *bool      `json:"isPrimary,omitempty"`
	Verified  *bool      `json:"verified,omitempty"`
	Created   *time.Time `json:"creationTime,omitempty"` // Google sends milliseconds in a string
	Aliases   []string   `json:"domainAliases,omitempty"`
}

// WorkspaceDomainAlias is one row of domainAliases.list.
type WorkspaceDomainAlias struct {
	Name     string     `json:"domainAliasName"`
	Parent   *string    `json:"parentDomainName,omitempty"`
	Verified *bool      `json:"verified,omitempty"`
	Created  *time.Time `json:"creationTime,omitempty"`
}
