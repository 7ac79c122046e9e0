package workspace

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"google.golang.org/api/googleapi"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// The codes of the token endpoint that are told apart (Google Identity, "Using OAuth 2.0 for
// Server to Server Applications", JWT error codes).
const (
	// unauthorizedClient: the client may not have this scope, or is not delegated at all.
	unauthorizedClient = "unauthorized_client"
	// adminPolicyEnforced: the customer's app access control keeps the scope from the client.
	adminPolicyEnforced = "admin_policy_enforced"
	// accessDenied: with one scope asked, the subject cannot use the service (it is off in the
	// subject's organisational unit, or the account never signed in).
	accessDenied = "access_denied"
)

// granted is what an error code says about the scope that was asked: no, or nothing.
func granted(code string) *bool {
	if _, ok := grantSteps[code]; ok {
		return new(false)
	}
	return nil
}

// grantSteps say what lifts the refusals that are about a missing grant.
var grantSteps = map[string]string{
	unauthorizedClient: "add the scope to the client in the Admin console, " +
		"Security > API controls > Domain-wide delegation; it takes minutes, at most a day",
	adminPolicyEnforced: "trust the client in the Admin console, Security > API controls > App access control",
}

// aboutScope tells the refusals that another scope may not meet from those of the key, the
// clock, the client or the subject, which every scope meets alike.
func aboutScope(try facts.Seen[facts.TokenTry]) bool {
	if try.Value == nil {
		return false
	}
	switch try.Value.Error {
	case unauthorizedClient, adminPolicyEnforced, accessDenied:
		return true
	}
	return false
}

// oauthError reads the error body of RFC 6749, section 5.2; the code is empty when the body
// is something else.
func oauthError(body []byte) (code, description string) {
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "", ""
	}
	return httpread.Code(answer.Error), answer.Description
}

// oauthFailure classifies an answer of an OAuth endpoint that says nothing about a grant.
func oauthFailure(who string, w *witness) *facts.Failure {
	code, _ := oauthError(w.body)
	f := &facts.Failure{Kind: httpread.Status(w.status), Status: w.status, Code: code}
	switch {
	case f.Kind == facts.Throttled:
		f.Detail = later(who, w.header)
	case f.Kind == facts.Unavailable:
		f.Detail = who + " is not available: run again later"
	case code == "":
		f.Kind = facts.Malformed
		f.Detail = who + notGoogle
	default:
		f.Detail = who + " refused"
	}
	return f
}

const notGoogle = " did not answer with the documented JSON: a proxy or filter on the way may have answered instead"

func later(who string, h http.Header) string {
	if after := httpread.RetryAfter(h); after != "" {
		return who + " asks to wait (Retry-After: " + after + "): run again later"
	}
	return who + " asks to slow down: run again later"
}

// service is a Google API and the reasons of its refusals that call for a step of their own.
type service struct {
	name    string
	reasons map[string]reason
}

type reason struct {
	permission string // what to grant or switch on, in Google's words
	detail     string
}

// domainPrivilege is the admin role privilege that reading domains is expected to need
// (Admin console, Account > Admin roles > Admin API privileges). A super admin has it.
const domainPrivilege = "Domain Management (Admin API privilege)"

// adminSDK is the API as the Google Cloud console lists it.
const adminSDK = "Admin SDK API"

// directory has the reasons of the Directory API (Google Workspace Admin SDK, "Handle API
// errors", and google.rpc.ErrorInfo for the newer ones).
var directory = service{name: "the Directory API", reasons: map[string]reason{
	"forbidden": {
		domainPrivilege,
		"google.admin may not read the customer's domains: give it the privilege or name a super admin; " +
			"a google.customer that belongs to somebody else is answered like this too",
	},
	"insufficientPermissions":         {facts.ScopeDomains, "the token does not have the scope that the call needs"},
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT": {facts.ScopeDomains, "the token does not have the scope that the call needs"},
	"accessNotConfigured":             {adminSDK, apiOff},
	"SERVICE_DISABLED":                {adminSDK, apiOff},
	"domainCannotUseApis": {"", "API access is switched off for this customer: " +
		"Admin console, Security > API controls; after an upgrade it comes by itself"},
	"domainPolicy":        {"", adminCannot},
	"serviceNotAvailable": {"", adminCannot},
	"PERMISSION_DENIED":   {"", adminCannot},
	"notFound":            {"", "Google does not know this customer: " + customerIDs},
	"invalid":             {"", customerShape},
	"badRequest":          {"", customerShape},
	"authError":           {"", "Google refused the token that it had just issued: run again"},
}}

const (
	apiOff      = "the API is off in the service account's Google Cloud project: enable it there and wait a few minutes"
	adminCannot = "google.admin cannot use this service: check the account's licence and the services that are on " +
		"in its organisational unit, or name another admin"
	customerIDs   = "use my_customer, or the C… id of the Admin console's account settings"
	customerShape = "google.customer is not an id: " + customerIDs
)

// grantsOfUsers is the Directory API where it lists what a user has consented to.
var grantsOfUsers = directory.but("the Directory API", map[string]reason{
	"forbidden": {
		securityPrivilege,
		"google.admin may not read what users have consented to: give it the privilege or name a super admin",
	},
	"insufficientPermissions":         {facts.ScopeTokens, "the token does not have the scope that the call needs"},
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT": {facts.ScopeTokens, "the token does not have the scope that the call needs"},
	"notFound":                        {"", "Google does not know google.admin by this address: write the primary address"},
})

// auditLog is the Reports API where it reads the admin audit log.
var auditLog = directory.but("the Reports API", map[string]reason{
	"forbidden": {reportsPrivilege, "google.admin may not read the audit log: give it the privilege or name a super admin"},
	// The Reports API's own word for the same (Admin SDK, Reports API, "Handle API errors").
	"authError":                       {reportsPrivilege, "google.admin may not read the audit log: give it the privilege or name a super admin"},
	"insufficientPermissions":         {facts.ScopeAuditLog, "the token does not have the scope that the call needs"},
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT": {facts.ScopeAuditLog, "the token does not have the scope that the call needs"},
})

// The privileges of an admin role (Admin console, Account > Admin roles).
const (
	securityPrivilege = "User Security Management (Admin console privilege)"
	reportsPrivilege  = "Reports (Admin console privilege)"
)

// but is the same API with other reasons for another call.
func (s service) but(name string, other map[string]reason) service {
	reasons := maps.Clone(s.reasons)
	maps.Copy(reasons, other)
	return service{name, reasons}
}

// signJWTPermission is what the caller needs on the service account (IAM Service Account
// Credentials API, projects.serviceAccounts.signJwt).
const signJWTPermission = "iam.serviceAccounts.signJwt"

// iam has the reasons of the IAM Service Account Credentials API. None says anything about
// delegation.
var iam = service{name: "the IAM Service Account Credentials API", reasons: map[string]reason{
	"IAM_PERMISSION_DENIED": {signJWTPermission, signJWTRole},
	"PERMISSION_DENIED":     {signJWTPermission, signJWTRole},
	"forbidden":             {signJWTPermission, signJWTRole},
	"SERVICE_DISABLED":      {"IAM Service Account Credentials API", apiOff},
	"accessNotConfigured":   {"IAM Service Account Credentials API", apiOff},
	"NOT_FOUND":             {"", "there is no such service account: check google.credentials.impersonate"},
	"notFound":              {"", "there is no such service account: check google.credentials.impersonate"},
}}

// impersonation is the same API where a federated caller becomes the service account that its
// credentials name.
var impersonation = iam.but("the IAM Service Account Credentials API (generateAccessToken)", map[string]reason{
	"IAM_PERMISSION_DENIED": {accessTokenPermission, accessTokenRole},
	"PERMISSION_DENIED":     {accessTokenPermission, accessTokenRole},
	"forbidden":             {accessTokenPermission, accessTokenRole},
	"NOT_FOUND":             {"", noImpersonated},
	"notFound":              {"", noImpersonated},
})

// accessTokenPermission is what a federated identity needs on the account that it acts for
// (IAM Service Account Credentials API, projects.serviceAccounts.generateAccessToken).
const (
	accessTokenPermission = "iam.serviceAccounts.getAccessToken" //nolint:gosec // G101: the name of a permission
	accessTokenRole       = "the federated identity may not act for the service account of its credentials: grant it the role " +
		"Workload Identity User (roles/iam.workloadIdentityUser) on it"
	noImpersonated = "there is no such service account: check service_account_impersonation_url"
)

// federationSteps are what the refusals of the Security Token Service ask for (RFC 8693, 2.2.2,
// and Google Cloud, "Troubleshoot Workload Identity Federation").
var federationSteps = map[string]string{
	"invalid_target": "the pool or the provider in audience does not exist, is disabled or was deleted: " +
		"compare audience with the provider in the Google Cloud console",
	"invalid_grant": "the subject token has expired, or its issuer, its audience or its signature is not what the provider " +
		"expects: look at the token's claims and at this machine's clock",
	"unauthorized_client": "the attribute condition of the provider keeps this identity out: look at the condition",
	"invalid_request":     "the subject token is not of the type that subject_token_type says",
}

// gcloudProject is the project of the gcloud client itself: a user's call that names no other is
// counted for it, and the APIs are off there.
const gcloudProject = "764086051850"

const signJWTRole = "the caller may not sign for the service account: " +
	"grant it the role Service Account Token Creator (roles/iam.serviceAccountTokenCreator) on it"

// throttles are the reasons with which Google slows callers down under the status 403
// (Directory API, "Limits and quotas").
var throttles = map[string]bool{
	"userRateLimitExceeded": true, "rateLimitExceeded": true, "quotaExceeded": true, "RATE_LIMIT_EXCEEDED": true,
}

// failure classifies what a call of a generated client returned.
func (s service) failure(err error) *facts.Failure {
	var e *googleapi.Error
	if !errors.As(err, &e) {
		return httpread.Classify(err)
	}
	code := httpread.Code(reasonOf(e))
	f := &facts.Failure{Kind: httpread.Status(e.Code), Status: e.Code, Code: code}
	if throttles[code] {
		f.Kind = facts.Throttled
	}
	switch f.Kind {
	case facts.Throttled:
		f.Detail = later(s.name, e.Header)
		return f
	case facts.Unavailable:
		f.Detail = s.name + " is not available: run again later"
		return f
	}
	if code == "" {
		f.Kind = facts.Malformed
		f.Detail = s.name + notGoogle
		return f
	}
	f.Detail = s.name + " refused"
	if r, ok := s.reasons[code]; ok {
		f.Permission, f.Detail = r.permission, r.detail
		if r.detail == apiOff && strings.Contains(e.Body, gcloudProject) {
			f.Detail = "the call was counted for the project of gcloud itself, where the API is off: name one of yours " +
				"(gcloud auth application-default set-quota-project)"
		}
	}
	return f
}

// reasonOf is Google's own code: the reason of the older error format, else that of
// google.rpc.ErrorInfo, else the canonical status. It is empty for a body that is none of them.
func reasonOf(e *googleapi.Error) string {
	if len(e.Errors) > 0 && e.Errors[0].Reason != "" {
		return e.Errors[0].Reason
	}
	for _, d := range e.Details {
		if m, ok := d.(map[string]any); ok {
			if r, ok := m["reason"].(string); ok && r != "" {
				return r
			}
		}
	}
	var answer struct {
		Error struct {
			Status string `json:"status"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(e.Body), &answer) != nil {
		return ""
	}
	return answer.Error.Status
}
