package m365

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// exchange is whom a job's token must be for to be taken in place of a secret (Microsoft Entra,
// "Workload identity federation", audiences of a federated identity credential). It is the same
// in every cloud, unless the credential was made with another one.
const exchange = "api://AzureADTokenExchange"

// pipelinesAPI is the version of Azure Pipelines' REST API that has the request ("Oidctoken - Create").
const pipelinesAPI = "7.1"

// jobToken asks the platform of a job for the token that says which job it is, each time that
// the sign-in service wants one. azidentity has a credential of its own for Azure Pipelines; of
// the reason why there is no token it keeps no more than the text, as it does of this one's, so
// the reason is remembered beside it.
func jobToken(client *http.Client, w config.WorkloadIdentity) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		token, err := askPlatform(ctx, client, w)
		if last, ok := ctx.Value(tokenAnswerKey{}).(*tokenAnswer); ok && err != nil {
			*last = tokenAnswer{err: err}
		}
		return token, err
	}
}

func askPlatform(ctx context.Context, client *http.Client, w config.WorkloadIdentity) (string, error) {
	r, err := tokenRequest(ctx, w)
	if err != nil {
		return "", unusable("workload_identity", "the address that the platform gives to the job cannot be used")
	}
	r.Header.Set("Authorization", "Bearer "+string(w.Request.Bearer.Reveal()))
	r.Header.Set("Accept", "application/json")
	resp, err := client.Do(r) //nolint:gosec // G704: the transport lets through this one request only
	if err != nil {
		return "", fmt.Errorf("ask the job's platform: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // what was read counts
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("read the job's token: %w", err)
	}
	var answer struct {
		GitHub string `json:"value"`
		Azure  string `json:"oidcToken"`
	}
	token := ""
	if resp.StatusCode == http.StatusOK && json.Unmarshal(body, &answer) == nil {
		token = answer.GitHub
		if w.AzurePipelines != nil {
			token = answer.Azure
		}
	}
	if token == "" {
		return "", noJobToken(resp.StatusCode, w)
	}
	return token, nil
}

// noJobToken says why there is no token. Nothing of the answer is repeated: it can hold one.
func noJobToken(status int, w config.WorkloadIdentity) *facts.Failure {
	f := &facts.Failure{Kind: httpread.Status(status), Status: status, Code: "workload_identity"}
	switch {
	case f.Kind == facts.Throttled, f.Kind == facts.Unavailable:
		f.Detail = "the platform of the job could not give a token: its own trouble; run again later"
	case status == http.StatusOK:
		f.Kind, f.Detail = facts.Malformed, "the answer of the job's platform is not what it documents: look for a gateway in between"
	case w.AzurePipelines != nil:
		f.Kind = facts.Unauthenticated
		f.Detail = "Azure Pipelines gave no token: check workload_identity.azure_pipelines, and that the job may use the service connection"
	default:
		f.Kind = facts.Unauthenticated
		f.Detail = "GitHub Actions gave no token: give the job the permission id-token: write"
	}
	return f
}

// tokenRequest is the request that each platform documents: GitHub, "OpenID Connect reference",
// and Azure DevOps, "Oidctoken - Create".
func tokenRequest(ctx context.Context, w config.WorkloadIdentity) (*http.Request, error) {
	u, err := url.Parse(w.Request.URL)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	method := http.MethodGet
	if p := w.AzurePipelines; p != nil {
		method = http.MethodPost
		q.Set("api-version", pipelinesAPI)
		q.Set("serviceConnectionId", p.ServiceConnection)
	} else {
		q.Set("audience", exchange)
	}
	u.RawQuery = q.Encode()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("") // Content-Length: 0, which a POST must have
	}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err == nil && method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-TFS-FedAuthRedirect", "Suppress") // 401 instead of a page to sign in on
	}
	return r, err
}
