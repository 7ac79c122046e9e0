package httpread

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/config"
)

// Host is a class of hosts, by what names them: a member of casdoctor.yaml, or an address that a
// platform documents.
type Host string

// The classes of hosts.
const (
	Login     Host = "microsoft365.endpoints.login"
	Graph     Host = "microsoft365.endpoints.graph"
	Token     Host = "google.endpoints.token"
	TokenInfo Host = "google.endpoints.tokeninfo"
	Directory Host = "google.endpoints.directory"
	Reports   Host = "google.endpoints.reports"
	IAM       Host = "google.endpoints.iam"
	STS       Host = "google.endpoints.sts"
	CASAPI    Host = "cas.api.endpoint"
	LMP       Host = "licensing.lmp.endpoint"

	// Where a machine or a job gets a token of its own. Only this machine reaches the first three.
	Metadata       Host = "http://169.254.169.254"
	Arc            Host = "http://127.0.0.1:40342"
	Identity       Host = "$IDENTITY_ENDPOINT"
	GitHubActions  Host = "$ACTIONS_ID_TOKEN_REQUEST_URL"
	AzurePipelines Host = "$SYSTEM_OIDCREQUESTURI"
)

// Entry is one kind of request that can be sent. Nothing that matches none is.
type Entry struct {
	Host   Host
	Method string
	// Path is the path, with {name} for one segment; {tenant}, {customer_id} and
	// {subscription_id} are those of the configuration. "" is the path of the configured address.
	Path string
	// Does says what for.
	Does string

	// With are the credentials without which it is never sent; "" for any.
	With Credentials

	// repeat: a POST that asks and nothing more, so that it may be sent again like a GET. A token
	// request is an entry in somebody's sign-in log, and a signature is one in an audit log.
	repeat bool
	batch  bool // the body must hold only GETs that are entries themselves
}

// Credentials are credentials that need requests of their own.
type Credentials string

// The credentials that need requests of their own.
const (
	ManagedIdentity  Credentials = "microsoft365.credentials.managed_identity"
	InGitHubActions  Credentials = "microsoft365.credentials.workload_identity, in GitHub Actions"
	InAzurePipelines Credentials = "microsoft365.credentials.workload_identity, in Azure Pipelines"
	Impersonate      Credentials = "google.credentials.impersonate"
)

// Entries are all requests that can be sent: the list that the transport enforces, and that
// docs/requests.md shows.
func Entries() []Entry {
	get := func(h Host, path, does string) Entry {
		return Entry{Host: h, Method: http.MethodGet, Path: path, Does: does}
	}
	post := func(h Host, path, does string) Entry {
		return Entry{Host: h, Method: http.MethodPost, Path: path, Does: does}
	}
	with := func(c Credentials, e Entry) Entry { e.With = c; return e }
	return []Entry{
		get(Login, "/{tenant}/v2.0/.well-known/openid-configuration", "where the token endpoint is"),
		post(Login, "/{tenant}/oauth2/v2.0/token", "an access token for Microsoft Graph"),

		get(Graph, "/v1.0/organization", "whose tenant it is, and its service plans"),
		get(Graph, "/v1.0/domains", "the tenant's domains"),
		get(Graph, "/v1.0/domains/{domain}/federationConfiguration", "who signs in for a federated domain"),
		get(Graph, "/v1.0/subscribedSkus", "the subscriptions"),
		get(Graph, "/v1.0/users", "users with a delegate account's name"),
		get(Graph, "/v1.0/users/{user}", "a named account"),
		get(Graph, "/v1.0/users/{user}/transitiveMemberOf/{type}", "its groups"),
		get(Graph, "/beta/users/{user}/authentication/requirements", "its per-user MFA state"),
		get(Graph, "/v1.0/reports/authenticationMethods/userRegistrationDetails/{user}", "what it has registered"),
		get(Graph, "/v1.0/roleManagement/directory/roleAssignments", "its active roles"),
		get(Graph, "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances", "its eligible roles"),
		get(Graph, "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", "security defaults"),
		get(Graph, "/v1.0/policies/authenticationStrengthPolicies", "authentication strengths"),
		get(Graph, "/v1.0/identity/conditionalAccess/policies", "Conditional Access policies"),
		get(Graph, "/v1.0/identity/conditionalAccess/namedLocations", "named locations"),
		{
			Host: Graph, Method: http.MethodPost, Path: "/v1.0/identity/conditionalAccess/evaluate", repeat: true,
			Does: "Microsoft's own evaluation of the policies (What If)",
		},
		get(Graph, "/v1.0/admin/sharepoint/settings", "SharePoint's settings"),
		get(Graph, "/v1.0/servicePrincipals", "service principals of Trend Micro"),
		get(Graph, "/v1.0/servicePrincipals/{principal}/appRoleAssignments", "their application permissions"),
		get(Graph, "/v1.0/servicePrincipals/{principal}/oauth2PermissionGrants", "their delegated permissions"),
		get(Graph, "/v1.0/auditLogs/directoryAudits", "who consented, and when"),
		get(Graph, "/v1.0/auditLogs/signIns", "which programs people sign in with"),
		get(Graph, "/beta/auditLogs/signIns", "who asked an account for a second factor"),
		{
			Host: Graph, Method: http.MethodPost, Path: "/v1.0/$batch", repeat: true, batch: true,
			Does: "up to 20 of the GETs above in one request",
		},

		post(Token, "", "an access token for the service account"),
		get(TokenInfo, "", "the scopes of that token"),
		get(Directory, "/admin/directory/v1/customer/{customer}/domains", "the customer's domains"),
		get(Directory, "/admin/directory/v1/customer/{customer}/domainaliases", "the domains' aliases"),
		get(Directory, "/admin/directory/v1/users/{user}/tokens", "what the administrator has let applications do"),
		get(Reports, "/admin/reports/v1/activity/users/{user}/applications/{application}", "when delegation was granted"),
		with(Impersonate, post(IAM, "/v1/projects/-/serviceAccounts/{account}:signJwt", "a signature for the service account")),
		with(Impersonate, post(IAM, "/v1/projects/-/serviceAccounts/{account}:generateAccessToken", "a token for the account that a federated caller acts for")),
		with(Impersonate, post(STS, "", "a token for a federated caller")),
		with(Impersonate, get(Metadata, "/computeMetadata/v1/instance/service-accounts/default/token", "the token of this machine in Google Cloud")),
		with(Impersonate, get(Metadata, "/computeMetadata/v1/instance/service-accounts/default/identity", "the identity of this machine in Google Cloud, for a federation")),
		with(Impersonate, get(Metadata, "/metadata/identity/oauth2/token", "the identity of this machine in Azure, for a federation")),
		with(ManagedIdentity, get(Metadata, "/metadata/identity/oauth2/token", "the token of this machine in Azure")),

		get(CASAPI, "/v1/siem/security_events", "messages that were detected as spam"),
		get(CASAPI, "/v1/sweeping/mails", "the headers of such a message"),
		get(LMP, "/LMPI/v3/customers/{customer_id}/subscriptions/{subscription_id}", "the kind and the end of the licence"),

		with(ManagedIdentity, get(Arc, "/metadata/identity/oauth2/token", "the token of this machine in Azure Arc")),
		with(ManagedIdentity, get(Identity, "", "the token of this application in App Service, Functions or Container Apps")),
		with(InGitHubActions, get(GitHubActions, "", "the token of this job")),
		with(InAzurePipelines, post(AzurePipelines, "", "the token of this job")),
	}
}

// rule is an entry with the address that the configuration gives it.
type rule struct {
	Entry

	scheme, hostport string
	segments         []string // of the escaped path
}

// rules are the entries that a configuration has use for.
func rules(cfg *config.Config) []rule {
	var out []rule
	for _, e := range Entries() {
		address, names := place(cfg, e)
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			continue
		}
		path := e.Path
		if path == "" {
			path = u.EscapedPath()
		}
		segments := strings.Split(path, "/")
		for i, s := range segments {
			if v, ok := names[s]; ok {
				segments[i] = url.PathEscape(v)
			}
		}
		out = append(out, rule{Entry: e, scheme: u.Scheme, hostport: hostport(u), segments: segments})
	}
	return out
}

// place is the address of an entry's host, "" where the configuration has no use for it, and the
// names in its path that the configuration fixes.
func place(cfg *config.Config, e Entry) (address string, names map[string]string) {
	m, g := cfg.Microsoft365, cfg.Google
	switch {
	case e.With == ManagedIdentity && (m == nil || !m.Credentials.ManagedIdentity),
		e.With == InGitHubActions && !runsIn(m, false), e.With == InAzurePipelines && !runsIn(m, true),
		e.With == Impersonate && (g == nil || g.Credentials.Impersonate == ""):
		return "", nil
	}
	switch e.Host {
	case Login, Graph:
		if m == nil {
			return "", nil
		}
		return map[Host]string{Login: m.Endpoints.Login, Graph: m.Endpoints.Graph}[e.Host], map[string]string{"{tenant}": m.TenantID}
	case Token, TokenInfo, Directory, Reports, IAM, STS:
		if g == nil {
			return "", nil
		}
		at := g.Endpoints
		return map[Host]string{
			Token: at.Token, TokenInfo: at.TokenInfo, Directory: at.Directory, Reports: at.Reports, IAM: at.IAM, STS: at.STS,
		}[e.Host], nil
	case CASAPI:
		if cfg.CAS != nil && cfg.CAS.API != nil {
			return cfg.CAS.API.Endpoint, nil
		}
	case LMP:
		if cfg.Licensing != nil && cfg.Licensing.LMP != nil {
			p := cfg.Licensing.LMP
			return p.Endpoint, map[string]string{"{customer_id}": p.CustomerID, "{subscription_id}": p.SubscriptionID}
		}
	case Metadata, Arc:
		return string(e.Host), nil
	case Identity:
		return os.Getenv(identityEndpoint), nil
	case GitHubActions, AzurePipelines:
		return m.Credentials.WorkloadIdentity.Request.URL, nil
	}
	return "", nil
}

// identityEndpoint is the variable in which App Service, Functions, Container Apps and Azure Arc
// say where a managed identity gets its tokens; a plain virtual machine has the metadata service
// (Microsoft, "Managed identities in App Service", REST endpoint reference).
const identityEndpoint = "IDENTITY_ENDPOINT"

// runsIn: the credentials are those of a job in Azure Pipelines, or in GitHub Actions.
func runsIn(m *config.Microsoft365, pipelines bool) bool {
	if m == nil || m.Credentials.WorkloadIdentity == nil || m.Credentials.WorkloadIdentity.Request.URL == "" {
		return false
	}
	return (m.Credentials.WorkloadIdentity.AzurePipelines != nil) == pipelines
}

// own: only this machine reaches the host, and a proxy would answer with the proxy's tokens.
func (r rule) own() bool { return slices.Contains([]Host{Metadata, Arc, Identity}, r.Host) }

// matches says whether a request is one of the rule's. The path is compared as it is sent, and a
// name stands for exactly one segment, which is none of the two that servers resolve.
func (r rule) matches(method string, u *url.URL) bool {
	if r.Method != method || r.scheme != u.Scheme || r.hostport != hostport(u) {
		return false
	}
	// The SDK of Graph makes paths without the first slash; net/url adds it.
	got := strings.Split("/"+strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if len(got) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		if !segment(want, got[i]) {
			return false
		}
	}
	return true
}

// segment compares without case where it is literal: Entra and Graph do, and so do the links that
// they send.
func segment(pattern, got string) bool {
	name, suffix, named := strings.Cut(pattern, "}")
	if !named || !strings.HasPrefix(name, "{") {
		return strings.EqualFold(pattern, got)
	}
	got, ok := strings.CutSuffix(got, suffix)
	plain, err := url.PathUnescape(got)
	return ok && err == nil && plain != "" && plain != "." && plain != ".." && !strings.ContainsAny(plain, `/\:`)
}
