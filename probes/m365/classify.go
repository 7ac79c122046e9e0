package m365

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

var (
	errNotAnObject = errors.New("not an object")
	errNoID        = errors.New("an object without its id")
)

// Codes of Graph that say more than their status.
const (
	// The report of registered methods, without Entra ID P1. Graph also gives it to licensed
	// tenants when the application lacks Directory.Read.All
	// (microsoftgraph/microsoft-graph-docs-contrib issue 3581).
	codeNonPremium = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
	// Privileged Identity Management, without Entra ID P2 or Governance (Microsoft Graph, PIM for Entra roles).
	codePremiumRequired = "AadPremiumLicenseRequired"
	// The only word that says that there is no such object ("Combine multiple requests in one
	// HTTP call using JSON batching" shows it). A bare 404 can be a wrong path or a gateway.
	codeNotFound = "Request_ResourceNotFound"
)

// refused classifies an answer that is not 200, by its status and by error.code. Graph's
// message is read but never kept: it can quote what was sent.
func (c call) refused(status int, body []byte) *facts.Failure {
	var answer struct {
		Error *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	f := &facts.Failure{Kind: httpread.Status(status), Status: status}
	unreadable := len(body) > 0 && json.Unmarshal(body, &answer) != nil
	message := ""
	if answer.Error != nil {
		f.Code = httpread.Code(answer.Error.Code)
		message = answer.Error.Message
	}
	switch {
	case f.Kind == facts.Throttled:
		f.Detail = "Microsoft Graph asked for patience with " + c.what + " until the deadline came; run again later"
	case f.Kind == facts.Unavailable:
		f.Detail = "Microsoft Graph could not give " + c.what + ": its own trouble; run again later"
	case unreadable:
		f.Kind = facts.Malformed
		f.Detail = "something that is not Microsoft Graph answered for " + c.what + ": look for a gateway in between"
	case f.Code == codeNonPremium:
		f.Kind = facts.Unlicensed
		f.Detail = c.what + " needs Microsoft Entra ID P1; a tenant that has it needs the permission Directory.Read.All"
	case f.Code == codePremiumRequired, unlicensed(status, message):
		f.Kind = facts.Unlicensed
		f.Detail = c.what + " needs a Microsoft Entra ID licence that the tenant does not have"
	case f.Kind == facts.Forbidden:
		f.Permission = c.permission
		f.Detail = "the application may not read " + c.what +
			": grant the permission and consent to it; a token that was issued before does not have it"
	case f.Kind == facts.Unauthenticated:
		f.Detail = "Microsoft Graph refused the token for " + c.what + ": check cloud, tenant and this machine's clock"
	case f.Kind == facts.NotFound && f.Code != codeNotFound:
		f.Kind = facts.Rejected
		f.Detail = "Microsoft Graph has no such call for " + c.what + " at this address"
	case f.Kind == facts.NotFound:
		f.Detail = "the tenant has no such object: " + c.what
	case f.Kind == facts.Rejected:
		f.Detail = "Microsoft Graph refused the request for " + c.what
	default:
		f.Detail = "Microsoft Graph answered for " + c.what + " with a status that it does not document"
	}
	return f
}

// unlicensed reads the message where Graph has no code of its own for a missing licence:
// calls of Privileged Identity Management name it in words only.
func unlicensed(status int, message string) bool {
	if status != http.StatusForbidden && status != http.StatusBadRequest {
		return false
	}
	m := strings.ToLower(message)
	return strings.Contains(m, "premium") && strings.Contains(m, "licens") || strings.Contains(m, "not licensed")
}

// malformed is an answer of 200 that is not what Graph documents for the call.
func (c call) malformed(err error) *facts.Failure {
	f := &facts.Failure{
		Kind: facts.Malformed, Status: http.StatusOK,
		Detail: "the answer about " + c.what + " is not what Microsoft Graph documents",
	}
	var known *facts.Failure
	if errors.As(err, &known) && known.Detail != "" {
		f.Detail += ": " + known.Detail
	}
	return f
}

// more is a list of which only the first pages were read, on purpose.
func (c call) more() *facts.Failure {
	return &facts.Failure{
		Kind: facts.NotCollected, Code: "page_limit",
		Detail: "there is more of " + c.what + " than the " + strconv.Itoa(c.pages) + " pages that were read",
	}
}

// broken is a request that the SDK's builder could not make.
func (q question) broken() *facts.Failure {
	return &facts.Failure{Kind: facts.Internal, Detail: "the request for " + q.what + " could not be made"}
}

// The codes of the sign-in service that call for a step of their own (Microsoft identity
// platform, "Microsoft Entra authentication and authorization error codes"). Its own
// sentences quote ids and times, and can change; the numbers are the hint that is documented.
var signInAdvice = map[string]string{
	"AADSTS90002":   "there is no such tenant in this cloud: check microsoft365.tenant_id and microsoft365.cloud",
	"AADSTS700016":  "the tenant does not know the application: check client_id, tenant_id and the admin consent",
	"AADSTS7000215": "the client secret is wrong: configure the secret's value, not its id",
	"AADSTS7000222": "the client secret has expired: make a new one in the app registration",
	"AADSTS700027":  "the application does not know the certificate: upload it to the app registration",
	"AADSTS700024":  "the assertion is not valid at this time: check this machine's clock",
	"AADSTS70021":   "no federated credential of the application matches the token of workload_identity: compare issuer, subject and audience",
	"AADSTS500011":  "the tenant does not know Microsoft Graph under this audience: check microsoft365.cloud",
	"AADSTS53003":   "a Conditional Access policy for workload identities blocks the application",
	"AADSTS7000112": "the application is disabled in the tenant",
}

// tokenFailure says why there is no token. Of the service's answer it keeps the code only.
func tokenFailure(ctx context.Context, err error, last *tokenAnswer) *facts.Failure {
	if ctx.Err() != nil {
		return httpread.Classify(context.Cause(ctx))
	}
	if last.err != nil {
		return httpread.Classify(last.err)
	}
	var refused *azidentity.AuthenticationFailedError
	if errors.As(err, &refused) && refused.RawResponse != nil {
		return tokenRefused(refused.RawResponse)
	}
	if last.status != 0 {
		return &facts.Failure{
			Kind: facts.Malformed, Status: last.status,
			Detail: "the answer of the sign-in service cannot be read: check endpoints.login, look for a gateway in between",
		}
	}
	return unusable("credentials", "this machine has no token for the application: with azure_cli run az login, "+
		"with managed_identity check that the machine has one")
}

func tokenRefused(r *http.Response) *facts.Failure {
	var answer struct {
		Error string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	f := &facts.Failure{Kind: httpread.Status(r.StatusCode), Status: r.StatusCode}
	if r.Body != nil {
		// A body that is not JSON leaves the members empty, which is what is asked below.
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &answer)
	}
	switch {
	case len(answer.Codes) > 0:
		f.Code = "AADSTS" + strconv.Itoa(answer.Codes[0])
	default:
		f.Code = httpread.Code(answer.Error)
	}
	switch {
	case f.Kind == facts.Throttled, f.Kind == facts.Unavailable:
		f.Detail = "the sign-in service could not give a token: its own trouble; run again later"
	case f.Code == "":
		f.Kind = facts.Malformed
		f.Detail = "something that is not the sign-in service answered: check endpoints.login, look for a gateway in between"
	default:
		f.Kind = facts.Unauthenticated
		f.Detail = "the sign-in service refused the application's credentials"
		if advice, ok := signInAdvice[f.Code]; ok {
			f.Detail = advice
		}
	}
	return f
}
