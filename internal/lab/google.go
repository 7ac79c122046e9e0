package lab

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What Google's OAuth endpoints are called. The audience is the same wherever the
// configuration moves the token endpoint.
const (
	googleAudience = "https://oauth2.googleapis.com/token"
	jwtBearer      = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // G101: a name of RFC 7523
	scopePrefix    = "https://www.googleapis.com/auth/"
	scopeEmail     = scopePrefix + "userinfo.email"
)

// The scopes that the Directory API takes for domains and for aliases (Admin SDK, Directory
// API, domains.list), and the one that IAM takes for signJwt.
var (
	domainScopes = []string{scopePrefix + "admin.directory.domain.readonly", scopePrefix + "admin.directory.domain"}
	iamScopes    = []string{scopePrefix + "cloud-platform", scopePrefix + "iam"}
	tokenScopes  = []string{scopePrefix + "admin.directory.user.security"}
	auditScopes  = []string{scopePrefix + "admin.reports.audit.readonly"}
)

// Google accepts assertions of at most an hour, and a clock that is five minutes off.
const (
	assertionLife = time.Hour
	clockSkew     = 5 * time.Minute
)

// The ids of the keys: the one that the admin holds, and the one that Google holds itself
// and signs with for callers of signJwt.
const (
	adminKeyID   = "5a7c1d0e9b8f4a63820d1c2b3e4f5a6978877665"
	managedKeyID = "0f1e2d3c4b5a69788796a5b4c3d2e1f000112233"
)

// google is Google's OAuth token endpoint, tokeninfo, the Directory and Reports APIs and IAM's signJwt.
type google struct {
	key     *rsa.PrivateKey
	url     string
	subject string // the token of the federated identity
	mux     *http.ServeMux

	mu       sync.Mutex
	customer Google // only its Domains change
	tokens   map[string]grant
}

// grant is what an access token stands for.
type grant struct {
	account, subject string // subject "": the service account itself
	scopes           []string
	expires          time.Time
}

func newGoogle(o Google, key *rsa.PrivateKey, url string) *google {
	g := &google{
		customer: o, key: key, url: url, subject: rand.Text(), mux: http.NewServeMux(), tokens: map[string]grant{},
	}
	g.mux.HandleFunc("POST /token", g.token)
	g.mux.HandleFunc("POST /sts", g.federate)
	g.mux.HandleFunc("GET /tokeninfo", g.tokenInfo)
	g.mux.HandleFunc("GET /admin/directory/v1/customer/{customer}/domains", g.directory(g.domains, "alt", "prettyPrint"))
	g.mux.HandleFunc("GET /admin/directory/v1/customer/{customer}/domainaliases",
		g.directory(g.aliases, "alt", "prettyPrint", "parentDomainName"))
	g.mux.HandleFunc("GET /admin/directory/v1/users/{user}/tokens", g.consents)
	g.mux.HandleFunc("GET /admin/reports/v1/activity/users/{user}/applications/{application}", g.activities)
	g.mux.HandleFunc("POST /v1/projects/-/serviceAccounts/{account}", g.serviceAccounts)
	return g
}

// ServeHTTP answers one request.
func (g *google) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// caller is the service account that may sign for the configured one.
// Only the domains of the customer change while the lab runs.
func (g *google) caller() string { return callerOf(Google{Project: g.customer.Project}) }

func callerOf(g Google) string { return "casdoctor-caller@" + g.Project + ".iam.gserviceaccount.com" }

// oauthError is a refusal of the token endpoint. The words are those of Google's "Using
// OAuth 2.0 for server to server applications", JWT error codes, and of the list that GAM
// keeps (GAM-team/GAM, gamlib/glapi.py).
type oauthError struct {
	status            int
	code, description string
}

func (f *oauthError) send(w http.ResponseWriter) {
	writeJSON(w, f.status, map[string]any{"error": f.code, "error_description": f.description})
}

func invalidGrant(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_grant", description}
}

func (g *google) token(w http.ResponseWriter, r *http.Request) {
	granted, refusal := g.exchange(r)
	if refusal != nil {
		refusal.send(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": g.issue(granted), "expires_in": 3599, "token_type": "Bearer"})
}

func (g *google) issue(of grant) string {
	token := "ya29.c." + rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens[token] = of
	return token
}

// The federation that the customer's project trusts.
const (
	federationPool   = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/practice/providers/ci"
	federated        = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/practice/subject/ci"
	subjectTokenType = "urn:ietf:params:oauth:token-type:jwt"            //nolint:gosec // G101: a name of RFC 8693
	tokenExchange    = "urn:ietf:params:oauth:grant-type:token-exchange" //nolint:gosec // G101: a name of RFC 8693
)

// federate is the Security Token Service (RFC 8693; Google's words).
func (g *google) federate(w http.ResponseWriter, r *http.Request) {
	var refusal *oauthError
	refuse := func(code, description string) { refusal = &oauthError{http.StatusBadRequest, code, description} }
	scopes := strings.Fields(r.PostFormValue("scope"))
	switch {
	case r.PostFormValue("grant_type") != tokenExchange:
		refuse("unsupported_grant_type", "Invalid value for \"grant_type\".")
	case r.PostFormValue("audience") != federationPool || !g.customer.Federated:
		refuse("invalid_target", "The target service indicated by the \"audience\" parameters is invalid. This might either be "+
			"because the pool or provider is disabled or deleted or because it doesn't exist.")
	case r.PostFormValue("subject_token_type") != subjectTokenType:
		refuse("invalid_request", "Invalid value for \"subject_token_type\".")
	case r.PostFormValue("subject_token") != g.subject:
		refuse("invalid_grant", "The subject token is not one of the provider.")
	case len(scopes) == 0:
		refuse("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
	}
	if refusal != nil {
		refusal.send(w)
		return
	}
	token := g.issue(grant{account: federated, scopes: scopes, expires: time.Now().Add(time.Hour)})
	writeJSON(w, http.StatusOK, map[string]any{ //nolint:gosec // G101: a name of RFC 8693
		"access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer",
		"expires_in": 3599,
	})
}

// exchange is the jwt-bearer grant.
func (g *google) exchange(r *http.Request) (grant, *oauthError) {
	if err := r.ParseForm(); err != nil {
		return grant{}, &oauthError{http.StatusBadRequest, "invalid_request", "Bad Request"}
	}
	if kind := r.PostForm.Get("grant_type"); kind != jwtBearer {
		return grant{}, &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: " + kind}
	}
	var c claims
	token, parts, err := jwt.NewParser().ParseUnverified(r.PostForm.Get("assertion"), &c)
	if err != nil {
		return grant{}, invalidGrant("Bad Request")
	}
	if refusal := g.client(c.Issuer); refusal != nil {
		return grant{}, refusal
	}
	if id, _ := token.Header["kid"].(string); id != managedKeyID && g.customer.Client == ClientKeyDeleted {
		return grant{}, invalidGrant("Invalid JWT Signature.")
	}
	signed := strings.Join(parts[:2], ".") // RS256, whatever the header says: Google takes nothing else
	if jwt.SigningMethodRS256.Verify(signed, token.Signature, &g.key.PublicKey) != nil {
		return grant{}, invalidGrant("Invalid JWT Signature.")
	}
	if refusal := g.reasonable(c); refusal != nil {
		return grant{}, refusal
	}
	scopes := strings.Fields(c.Scope)
	unknown := func(s string) bool { return !strings.HasPrefix(s, scopePrefix) }
	if len(scopes) == 0 || slices.ContainsFunc(scopes, unknown) {
		return grant{}, &oauthError{http.StatusBadRequest, "invalid_scope",
			"Invalid OAuth scope or ID token audience provided."}
	}
	if refusal := g.delegated(c, scopes); refusal != nil {
		return grant{}, refusal
	}
	return grant{account: c.Issuer, subject: c.Subject, scopes: scopes, expires: time.Now().Add(time.Hour)}, nil
}

// claims are the members of an assertion that count.
type claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

// client is what became of the service account that signed.
func (g *google) client(issuer string) *oauthError {
	switch {
	case issuer == g.caller() && g.customer.Keyless:
		return nil
	case issuer == g.customer.ServiceAccount:
	case strings.HasSuffix(issuer, ".iam.gserviceaccount.com"):
		return invalidGrant("Invalid grant: account not found")
	default:
		return invalidGrant("Invalid JWT: No valid verifier found for issuer")
	}
	switch g.customer.Client {
	case ClientDisabled:
		return &oauthError{http.StatusUnauthorized, "disabled_client", "The OAuth client was disabled."}
	case ClientDeleted:
		return &oauthError{http.StatusUnauthorized, "deleted_client", "The OAuth client was deleted."}
	}
	return nil
}

// reasonable checks the times and the audience.
func (g *google) reasonable(c claims) *oauthError {
	for name, at := range map[string]*jwt.NumericDate{"iat": c.IssuedAt, "exp": c.ExpiresAt} {
		if at == nil {
			return invalidGrant("Invalid JWT: " + name + " is not set.")
		}
	}
	now := time.Now()
	if c.IssuedAt.After(now.Add(clockSkew)) || c.ExpiresAt.Before(now.Add(-clockSkew)) ||
		c.ExpiresAt.Sub(c.IssuedAt.Time) > assertionLife {
		return invalidGrant("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. " +
			"Check your iat and exp values in the JWT claim.")
	}
	// The caller's credentials are read by Google's own libraries, which make the audience of
	// the address that adc.json names; that address is this one.
	if slices.Contains(c.Audience, googleAudience) || c.Issuer == g.caller() && slices.Contains(c.Audience, g.url+"/token") {
		return nil
	}
	return invalidGrant("Invalid JWT: Failed audience check.")
}

// delegated checks the subject and what is delegated. A service account needs nobody's leave
// to act as itself.
func (g *google) delegated(c claims, scopes []string) *oauthError {
	if c.Subject == "" || c.Subject == c.Issuer {
		return nil
	}
	local, domain, _ := strings.Cut(c.Subject, "@")
	if local == "" || domain == "" || strings.ContainsAny(c.Subject, `"' `) {
		return &oauthError{http.StatusBadRequest, "invalid_request", `Invalid impersonation "sub" field: ` + c.Subject}
	}
	i := slices.IndexFunc(g.customer.Users, func(u GoogleUser) bool { return strings.EqualFold(u.Email, c.Subject) })
	if i < 0 {
		return invalidGrant("Invalid email or User ID")
	}
	granted := 0
	for _, s := range scopes {
		if c.Issuer == g.customer.ServiceAccount && slices.Contains(g.customer.GrantedScopes, s) { // by exact string
			granted++
		}
	}
	state := g.customer.Users[i].State
	switch {
	case state == SubjectDeleted:
		return invalidGrant("The account has been deleted")
	case state == SubjectSuspended:
		return &oauthError{http.StatusForbidden, "access_denied", "Account restricted"}
	case g.customer.Client == ClientBlocked:
		return &oauthError{http.StatusBadRequest, "admin_policy_enforced", "Access is blocked by your administrator."}
	case granted == 0:
		return &oauthError{http.StatusUnauthorized, "unauthorized_client", "Client is unauthorized to retrieve access tokens " +
			"using this method, or client not authorized for any of the scopes requested."}
	case granted < len(scopes), state == SubjectServiceOff:
		return &oauthError{http.StatusForbidden, "access_denied", "Requested client not authorized."}
	}
	return nil
}

// find is what a token stands for, while it is good.
func (g *google) find(token string) (grant, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, ok := g.tokens[token]
	return t, ok && time.Now().Before(t.expires)
}

func (g *google) tokenInfo(w http.ResponseWriter, r *http.Request) {
	t, ok := g.find(r.URL.Query().Get("access_token"))
	if !ok {
		(&oauthError{http.StatusBadRequest, "invalid_token", "Invalid Value"}).send(w)
		return
	}
	info := map[string]any{
		"azp": g.customer.ClientID, "aud": g.customer.ClientID, "scope": strings.Join(t.scopes, " "),
		"exp": strconv.FormatInt(t.expires.Unix(), 10), "expires_in": strconv.Itoa(int(time.Until(t.expires).Seconds())),
		"access_type": "online",
	}
	if slices.Contains(t.scopes, scopeEmail) {
		info["email"], info["email_verified"] = t.account, "true"
		if t.subject != "" {
			info["email"] = t.subject
		}
	}
	writeJSON(w, http.StatusOK, info)
}

// apiError is a refusal of a Google API (Google API errors, AIP-193, with the older list of
// errors that the Admin SDK still sends).
type apiError struct {
	status                int
	reason, word, message string
	info                  string   // ErrorInfo.reason
	scopes                []string // that the call takes, and the token has none of
	challenge             bool
}

func (f *apiError) send(w http.ResponseWriter) {
	e := map[string]any{
		"code": f.status, "message": f.message, "status": f.word,
		"errors": []map[string]any{{"message": f.message, "domain": "global", "reason": f.reason}},
	}
	if f.info != "" {
		e["details"] = []map[string]any{{
			"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": f.info, "domain": "googleapis.com",
			"metadata": map[string]any{"service": "admin.googleapis.com"},
		}}
	}
	switch {
	case f.scopes != nil:
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="`+
			strings.Join(f.scopes, " ")+`"`)
	case f.challenge:
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/"`)
	}
	writeJSON(w, f.status, map[string]any{"error": e})
}

// bearer is the grant behind the request's token.
func (g *google) bearer(r *http.Request) (grant, *apiError) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return grant{}, &apiError{status: http.StatusUnauthorized, reason: "required", word: "UNAUTHENTICATED",
			message: "Login Required.", info: "CREDENTIALS_MISSING", challenge: true}
	}
	t, ok := g.find(token)
	if !ok {
		return grant{}, &apiError{status: http.StatusUnauthorized, reason: "authError", word: "UNAUTHENTICATED",
			message: "Invalid Credentials", challenge: true}
	}
	return t, nil
}

func hasScope(t grant, scopes []string) bool {
	return slices.ContainsFunc(t.scopes, func(s string) bool { return slices.Contains(scopes, s) })
}

// directory is what every call of the Directory API checks before it answers.
func (g *google) directory(answer func(url.Values) any, options ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, refusal := g.bearer(r)
		if refusal == nil {
			refusal = g.mayRead(t, r.PathValue("customer"))
		}
		for name := range r.URL.Query() {
			if refusal == nil && !slices.Contains(options, name) {
				refusal = &apiError{status: http.StatusBadRequest, reason: "invalid", word: "INVALID_ARGUMENT",
					message: "Invalid JSON payload received. Unknown name \"" + name + "\": Cannot bind query parameter."}
			}
		}
		if refusal != nil {
			refusal.send(w)
			return
		}
		writeJSON(w, http.StatusOK, answer(r.URL.Query()))
	}
}

// isAdmin: the token is one on behalf of an admin of the customer.
func (g *google) isAdmin(t grant) bool {
	return slices.ContainsFunc(g.customer.Users, func(u GoogleUser) bool {
		return u.Admin && strings.EqualFold(u.Email, t.subject)
	})
}

// mayAsk is what every call of the Admin SDK checks first.
func (g *google) mayAsk(t grant, scopes []string) *apiError {
	switch {
	case g.customer.APIDisabled:
		return &apiError{status: http.StatusForbidden, reason: "accessNotConfigured", word: "PERMISSION_DENIED",
			info: "SERVICE_DISABLED", message: fmt.Sprintf("Admin SDK API has not been used in project %s before or it is "+
				"disabled. Enable it by visiting https://console.developers.google.com/apis/api/admin.googleapis.com/overview"+
				"?project=%[1]s then retry. If you enabled this API recently, wait a few minutes for the action to propagate "+
				"to our systems and retry.", g.customer.Project)}
	case !hasScope(t, scopes):
		return &apiError{status: http.StatusForbidden, reason: "insufficientPermissions", word: "PERMISSION_DENIED",
			info: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", message: "Request had insufficient authentication scopes.",
			scopes: scopes}
	}
	return nil
}

func (g *google) mayRead(t grant, customer string) *apiError {
	if refusal := g.mayAsk(t, domainScopes); refusal != nil {
		return refusal
	}
	switch {
	case customer != "my_customer" && !strings.HasPrefix(customer, "C"):
		return &apiError{status: http.StatusBadRequest, reason: "invalid", word: "INVALID_ARGUMENT",
			message: "Invalid Customer Id"}
	case !g.isAdmin(t) || customer != "my_customer" && customer != g.customer.Customer:
		return &apiError{status: http.StatusForbidden, reason: "forbidden", word: "PERMISSION_DENIED",
			message: "Not Authorized to access this resource/api"}
	}
	return nil
}

// current are the domains of the customer at this moment.
func (g *google) current() []GoogleDomain {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.customer.Domains)
}

func (g *google) domains(url.Values) any {
	list := []map[string]any{}
	for _, d := range g.current() {
		e := map[string]any{
			"kind": "admin#directory#domain", "domainName": d.Name, "isPrimary": d.Primary, "verified": !d.Unverified,
			"creationTime": milliseconds(d.Created),
		}
		var aliases []map[string]any
		for _, a := range d.Aliases {
			aliases = append(aliases, aliasEntry(d, a))
		}
		if aliases != nil {
			e["domainAliases"] = aliases
		}
		list = append(list, e)
	}
	return map[string]any{"kind": "admin#directory#domains", "domains": list}
}

func (g *google) aliases(query url.Values) any {
	var list []map[string]any
	for _, d := range g.current() {
		if parent := query.Get("parentDomainName"); parent != "" && parent != d.Name {
			continue
		}
		for _, a := range d.Aliases {
			list = append(list, aliasEntry(d, a))
		}
	}
	out := map[string]any{"kind": "admin#directory#domainAliases"}
	if list != nil { // Google leaves empty lists out
		out["domainAliases"] = list
	}
	return out
}

func aliasEntry(d, a GoogleDomain) map[string]any {
	return map[string]any{
		"kind": "admin#directory#domainAlias", "domainAliasName": a.Name, "parentDomainName": d.Name,
		"verified": !a.Unverified, "creationTime": milliseconds(a.Created),
	}
}

// consents is Directory API, tokens.list.
func (g *google) consents(w http.ResponseWriter, r *http.Request) {
	t, refusal := g.bearer(r)
	if refusal == nil {
		refusal = g.mayAsk(t, tokenScopes)
	}
	user := r.PathValue("user")
	known := func(u GoogleUser) bool { return strings.EqualFold(u.Email, user) }
	switch {
	case refusal != nil:
	case !g.isAdmin(t):
		refusal = &apiError{status: http.StatusForbidden, reason: "forbidden", word: "PERMISSION_DENIED",
			message: "Not Authorized to access this resource/api"}
	case !slices.ContainsFunc(g.customer.Users, known):
		refusal = &apiError{status: http.StatusNotFound, reason: "notFound", word: "NOT_FOUND",
			message: "Resource Not Found: userKey"}
	}
	if refusal != nil {
		refusal.send(w)
		return
	}
	out := map[string]any{"kind": "admin#directory#tokenList", "etag": `"practice"`}
	var items []map[string]any
	for _, c := range g.customer.Consents {
		if strings.EqualFold(c.User, user) {
			items = append(items, map[string]any{
				"kind": "admin#directory#token", "clientId": c.ClientID, "displayText": c.DisplayText, "anonymous": false,
				"nativeApp": false, "userKey": c.User, "scopes": c.Scopes,
			})
		}
	}
	if items != nil {
		out["items"] = items
	}
	writeJSON(w, http.StatusOK, out)
}

// maxActivities is the largest page of the Reports API.
const maxActivities = 1000

// activities is Reports API, activities.list, for the admin audit log.
func (g *google) activities(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	t, refusal := g.bearer(r)
	if refusal == nil {
		refusal = g.mayAsk(t, auditScopes)
	}
	invalid := func(message string) *apiError {
		return &apiError{status: http.StatusBadRequest, reason: "invalid", word: "INVALID_ARGUMENT", message: message}
	}
	size, start := maxActivities, 0
	var sizeErr, startErr error
	if s := q.Get("maxResults"); s != "" {
		size, sizeErr = strconv.Atoi(s)
	}
	if s := q.Get("pageToken"); s != "" {
		start, startErr = strconv.Atoi(strings.TrimPrefix(s, "page-"))
	}
	customer := q.Get("customerId")
	switch {
	case refusal != nil:
	case !g.isAdmin(t), customer != "" && customer != g.customer.Customer:
		refusal = &apiError{status: http.StatusUnauthorized, reason: "authError", word: "UNAUTHENTICATED",
			message: "Access denied. You are not authorized to read activity records."}
	case r.PathValue("user") != "all" || r.PathValue("application") != "admin":
		refusal = invalid("Invalid value for parameter.")
	case sizeErr != nil || size < 1 || size > maxActivities || startErr != nil:
		refusal = invalid("Invalid value for maxResults or pageToken.")
	}
	if refusal != nil {
		refusal.send(w)
		return
	}
	if g.customer.AuditPage > 0 {
		size = min(size, g.customer.AuditPage)
	}
	var items []map[string]any
	for _, e := range g.customer.AuditLog {
		if name := q.Get("eventName"); name == "" || name == e.Name {
			items = append(items, e.activity(g.customer.Customer))
		}
	}
	out := map[string]any{"kind": "admin#reports#activities", "etag": `"practice"`}
	end := min(start+size, len(items))
	if start < end {
		out["items"] = items[start:end]
	}
	if end < len(items) {
		out["nextPageToken"] = "page-" + strconv.Itoa(end)
	}
	writeJSON(w, http.StatusOK, out)
}

func (e GoogleEvent) activity(customer string) map[string]any {
	parameters := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(e.Parameters)) {
		parameters = append(parameters, map[string]any{"name": name, "value": e.Parameters[name]})
	}
	return map[string]any{
		"kind": "admin#reports#activity",
		"id": map[string]any{
			"time": e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), "uniqueQualifier": strconv.FormatInt(e.Time.UnixNano(), 10),
			"applicationName": "admin", "customerId": customer,
		},
		"actor":  map[string]any{"callerType": "USER", "email": e.Actor, "profileId": "104512345678901234567"},
		"events": []map[string]any{{"type": "DOMAIN_SETTINGS", "name": e.Name, "parameters": parameters}},
	}
}

// AddGoogleDomain gives the customer one more domain, from now on.
func (l *Lab) AddGoogleDomain(d GoogleDomain) {
	l.google.mu.Lock()
	defer l.google.mu.Unlock()
	l.google.customer.Domains = append(slices.Clone(l.google.customer.Domains), d)
}

// milliseconds is a time as the Directory API writes it: a number in a string.
func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// serviceAccounts is IAM Service Account Credentials API, projects.serviceAccounts.
func (g *google) serviceAccounts(w http.ResponseWriter, r *http.Request) {
	account, method, _ := strings.Cut(r.PathValue("account"), ":")
	var answer map[string]any
	refusal := &apiError{status: http.StatusNotFound, reason: "notFound", word: "NOT_FOUND", message: "Method not found."}
	switch method {
	case "signJwt":
		var signed string
		signed, refusal = g.sign(account, r)
		answer = map[string]any{"keyId": managedKeyID, "signedJwt": signed}
	case "generateAccessToken":
		answer, refusal = g.accessToken(account, r)
	}
	if refusal != nil {
		refusal.send(w)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func noAccount(email string) *apiError {
	return &apiError{status: http.StatusNotFound, reason: "notFound", word: "NOT_FOUND",
		message: "Not found; Gaia id not found for email " + email}
}

// accessToken lets the federated identity act for the caller.
func (g *google) accessToken(account string, r *http.Request) (map[string]any, *apiError) {
	t, refusal := g.bearer(r)
	if refusal != nil {
		return nil, refusal
	}
	var body struct {
		Scope []string `json:"scope"`
	}
	switch {
	case !hasScope(t, iamScopes):
		return nil, &apiError{status: http.StatusForbidden, reason: "insufficientPermissions", word: "PERMISSION_DENIED",
			info: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", message: "Request had insufficient authentication scopes.", scopes: iamScopes}
	case account != g.caller() && account != g.customer.ServiceAccount:
		return nil, noAccount(account)
	case t.account != federated || account != g.caller():
		return nil, &apiError{status: http.StatusForbidden, reason: "forbidden", word: "PERMISSION_DENIED",
			info:    "IAM_PERMISSION_DENIED",
			message: "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."}
	case json.NewDecoder(r.Body).Decode(&body) != nil || len(body.Scope) == 0:
		return nil, &apiError{status: http.StatusBadRequest, reason: "badRequest", word: "INVALID_ARGUMENT",
			message: "Request contains an invalid argument."}
	}
	expires := time.Now().Add(time.Hour)
	return map[string]any{
		"accessToken": g.issue(grant{account: account, scopes: body.Scope, expires: expires}),
		"expireTime":  expires.UTC().Format(time.RFC3339),
	}, nil
}

func (g *google) sign(account string, r *http.Request) (string, *apiError) {
	t, refusal := g.bearer(r)
	if refusal != nil {
		return "", refusal
	}
	switch {
	case !hasScope(t, iamScopes):
		return "", &apiError{status: http.StatusForbidden, reason: "insufficientPermissions", word: "PERMISSION_DENIED",
			info: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", message: "Request had insufficient authentication scopes.",
			scopes: iamScopes}
	case account != g.customer.ServiceAccount:
		return "", noAccount(account)
	case t.account != g.caller() || t.subject != "":
		return "", &apiError{status: http.StatusForbidden, reason: "forbidden", word: "PERMISSION_DENIED",
			info:    "IAM_PERMISSION_DENIED",
			message: "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist)."}
	}
	var body struct {
		Payload   string   `json:"payload"`
		Delegates []string `json:"delegates"`
	}
	var payload jwt.MapClaims
	if json.NewDecoder(r.Body).Decode(&body) != nil || json.Unmarshal([]byte(body.Payload), &payload) != nil {
		return "", &apiError{status: http.StatusBadRequest, reason: "badRequest", word: "INVALID_ARGUMENT",
			message: "Request contains an invalid argument."}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, payload)
	token.Header["kid"] = managedKeyID
	signed, err := token.SignedString(g.key)
	if err != nil {
		return "", &apiError{status: http.StatusInternalServerError, reason: "backendError", word: "INTERNAL",
			message: err.Error()}
	}
	return signed, nil
}
