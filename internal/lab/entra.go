package lab

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// graphAudience is the resource that tokens for Microsoft Graph are made for, wherever the
// configuration moves its address.
const graphAudience = "https://graph.microsoft.com"

// tokenLife is how long an access token of Entra is good for, at least.
const tokenLife = time.Hour

// assertionType is the client_assertion_type of RFC 7523, section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// entra is the Microsoft identity platform as far as a daemon uses it: discovery and the
// client credentials grant. Codes and sentences are those of Microsoft's reference
// "Microsoft Entra authentication and authorization error codes".
type entra struct {
	tenant     Microsoft
	url        string
	app        *rsa.PrivateKey // of the certificate that the app registration holds
	federation string          // the token of the identity provider that the app trusts
	signing    []byte          // of access tokens, which are opaque to everybody but Graph
}

func newEntra(m Microsoft, url string, app *rsa.PrivateKey) *entra {
	return &entra{tenant: m, url: url, app: app, federation: rand.Text(), signing: []byte(rand.Text())}
}

// ServeHTTP answers discovery and token requests.
func (e *entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenant, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case path == "v2.0/.well-known/openid-configuration" && r.Method == http.MethodGet:
		e.discovery(w, tenant)
	case path == "oauth2/v2.0/token" && r.Method == http.MethodPost:
		e.token(w, r, tenant)
	case path == "oauth2/v2.0/token":
		entraError{http.StatusBadRequest, "invalid_request", 900561,
			"The endpoint only accepts POST requests. Received a " + r.Method + " request."}.send(w)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// entraError is a refusal.
type entraError struct {
	status int
	kind   string // the OAuth error
	code   int    // AADSTS…
	text   string
}

func (f entraError) send(w http.ResponseWriter) {
	now, trace, correlation := time.Now().UTC().Format("2006-01-02 15:04:05Z"), newID(), newID()
	writeJSON(w, f.status, map[string]any{
		"error": f.kind,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			f.code, f.text, trace, correlation, now),
		"error_codes":    []int{f.code},
		"timestamp":      now,
		"trace_id":       trace,
		"correlation_id": correlation,
		"error_uri":      fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", f.code),
	})
}

func (e *entra) knows(tenant string) bool {
	return slices.ContainsFunc(append(e.tenant.TokensFor, e.tenant.TenantID), func(id string) bool {
		return strings.EqualFold(id, tenant)
	})
}

func unknownTenant(kind, tenant string) entraError {
	return entraError{http.StatusBadRequest, kind, 90002, "Tenant '" + tenant + "' not found. Check to make sure you " +
		"have the correct tenant ID and are signing into the correct cloud."}
}

func (e *entra) discovery(w http.ResponseWriter, tenant string) {
	if !e.knows(tenant) {
		unknownTenant("invalid_tenant", tenant).send(w)
		return
	}
	base := e.url + "/" + tenant
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
	})
}

func (e *entra) token(w http.ResponseWriter, r *http.Request, tenant string) {
	if !e.knows(tenant) {
		unknownTenant("invalid_request", tenant).send(w)
		return
	}
	if refusal := e.examine(r, tenant); refusal != nil {
		refusal.send(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type":     "Bearer",
		"expires_in":     int(tokenLife.Seconds()) - 1,
		"ext_expires_in": int(tokenLife.Seconds()) - 1,
		"access_token":   e.issue(),
	})
}

// examine is the client credentials grant: nil when a token may be issued.
func (e *entra) examine(r *http.Request, tenant string) *entraError {
	if err := r.ParseForm(); err != nil {
		return &entraError{http.StatusBadRequest, "invalid_request", 900144, "The request body cannot be read."}
	}
	form := r.PostForm
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if form.Get(name) == "" {
			return &entraError{http.StatusBadRequest, "invalid_request", 900144,
				"The request body must contain the following parameter: '" + name + "'."}
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return &entraError{http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '" + grant + "'."}
	}
	app := e.tenant.App
	if client := form.Get("client_id"); client != app.ClientID {
		return &entraError{http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '" +
			client + "' was not found in the directory '" + e.tenant.DisplayName + "'. This can happen if the " +
			"application has not been installed by the administrator of the tenant or consented to by any user in " +
			"the tenant. You may have sent your authentication request to the wrong tenant."}
	}
	// MSAL asks for the OpenID scopes as well; the resource is the first.
	scope, _, _ := strings.Cut(form.Get("scope"), " ")
	audience, ok := strings.CutSuffix(scope, "/.default")
	switch {
	case !ok:
		return &entraError{http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope " +
			form.Get("scope") + " is not valid. Client credential flows must have a scope value with /.default " +
			"suffixed to the resource identifier (application ID URI)."}
	case audience != graphAudience:
		return &entraError{http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named " +
			audience + " was not found in the tenant named " + e.tenant.DisplayName + "."}
	}
	switch assertion := form.Get("client_assertion"); {
	case assertion != "" && form.Get("client_assertion_type") == assertionType:
		return e.assertion(assertion, tenant)
	case form.Get("client_secret") == "":
		return &entraError{http.StatusUnauthorized, "invalid_client", 7000216, "'client_assertion', " +
			"'client_secret' or 'request' is required for the 'client_credentials' grant type."}
	case app.Login != LoginSecret || !hmac.Equal([]byte(form.Get("client_secret")), []byte(app.Secret)):
		return &entraError{http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. " +
			"Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a " +
			"secret added to app '" + app.ClientID + "'."}
	}
	return nil
}

// assertion checks the two kinds of assertion: one that the app signed with its
// certificate's key, and one of an identity provider that the app trusts.
func (e *entra) assertion(assertion, tenant string) *entraError {
	app := e.tenant.App
	if app.Login == LoginFederated && hmac.Equal([]byte(assertion), []byte(e.federation)) {
		return nil
	}
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{"PS256", "RS256"}), jwt.WithExpirationRequired(),
		jwt.WithAudience(e.url+"/"+tenant+"/oauth2/v2.0/token"), jwt.WithIssuer(app.ClientID), jwt.WithSubject(app.ClientID),
	).Parse(assertion, func(*jwt.Token) (any, error) { return &e.app.PublicKey, nil })
	if app.Login != LoginCertificate || err != nil {
		return &entraError{http.StatusUnauthorized, "invalid_client", 700027, "The certificate with identifier used " +
			"to sign the client assertion is not registered on application, or the assertion is not valid."}
	}
	return nil
}

// issue makes an access token that carries the permissions of this moment, as the real ones
// do: a consent that is given later is not in it.
func (e *entra) issue() string {
	now := time.Now()
	token, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{ // HS256 with a []byte key never fails
		"aud": graphAudience, "iss": "https://sts.windows.net/" + e.tenant.TenantID + "/",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenLife).Unix(),
		"appid": e.tenant.App.ClientID, "idtyp": "app", "tid": e.tenant.TenantID, "roles": e.tenant.App.Permissions,
	}).SignedString(e.signing)
	return token
}

// permissions are the permissions in an access token, and false for one that is not good.
func (e *entra) permissions(token string) ([]string, bool) {
	var claims struct {
		jwt.RegisteredClaims
		Roles []string `json:"roles"`
	}
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience(graphAudience), jwt.WithExpirationRequired(),
	).ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return e.signing, nil })
	return claims.Roles, err == nil
}
