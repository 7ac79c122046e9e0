package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/iamcredentials/v1"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// scopeIAM is the caller's scope for signJwt; the narrower "iam" is not part of what
// "gcloud auth application-default login" grants.
const scopeIAM = "https://www.googleapis.com/auth/cloud-platform"

// keyless is a service account without a key: IAM signs its assertions for a caller that
// has proven itself with application-default credentials. Its steps, each with a failure of
// its own: the source of a federated identity, the Security Token Service, the account that
// it acts for (generateAccessToken), signJwt, and the token endpoint.
func keyless(ctx context.Context, env *probes.Env) (account, error) {
	g := env.Config.Google
	by, err := findCaller(ctx, env)
	if err != nil {
		return account{}, err
	}
	exchange := func(ctx context.Context, subject, scope string) (*witness, error) {
		assertion, err := signJWT(ctx, env, by, subject, scope)
		if err != nil {
			return nil, err
		}
		form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.Endpoints.Token, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w, _ := watch(ctx, env)
		return w, w.send(r)
	}
	return account{email: g.Credentials.Impersonate, exchange: exchange}, nil
}

func signJWT(ctx context.Context, env *probes.Env, by caller, subject, scope string) (string, error) {
	g := env.Config.Google
	// Ten seconds back, as Google's own libraries do, for a clock that is a little ahead.
	issued := env.Now().Add(-10 * time.Second)
	claims, err := json.Marshal(struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub,omitempty"`
		Scope    string `json:"scope"`
		Audience string `json:"aud"`
		IssuedAt int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}{g.Credentials.Impersonate, subject, scope, google.JWTTokenURL, issued.Unix(), issued.Add(time.Hour).Unix()})
	if err != nil {
		return "", err
	}
	_, hc := watch(ctx, env)
	svc, err := iamcredentials.NewService(ctx, apiOptions(hc, g.Endpoints.IAM, by.token)...)
	if err != nil {
		return "", err
	}
	call := svc.Projects.ServiceAccounts.SignJwt(accountName(g.Credentials.Impersonate),
		&iamcredentials.SignJwtRequest{Payload: string(claims)})
	by.bill(call.Header())
	signed, err := call.Context(ctx).Do()
	if err != nil {
		return "", iam.failure(err)
	}
	if signed.SignedJwt == "" {
		return "", iam.incomplete("without signedJwt")
	}
	return signed.SignedJwt, nil
}

// accountName is a service account as IAM addresses it; the project must be a dash.
func accountName(email string) string { return "projects/-/serviceAccounts/" + email }

// caller is who signs.
type caller struct {
	token string
	// quotaProject pays for a user's calls: without it, Google counts them for the project of
	// gcloud itself, where the IAM API is off.
	quotaProject string
}

func (c caller) bill(h http.Header) {
	if c.quotaProject != "" {
		h.Set("X-Goog-User-Project", c.quotaProject)
	}
}

// credentialsOf is a file with application-default credentials (Google Cloud, "How Application
// Default Credentials works", and AIP-4117 for external accounts).
type credentialsOf struct {
	Type             google.CredentialsType `json:"type"`
	QuotaProject     string                 `json:"quota_project_id"`
	ImpersonationURL string                 `json:"service_account_impersonation_url"`
	Delegates        []string               `json:"delegates"`
	Source           json.RawMessage        `json:"source_credentials"`
}

// findCaller finds application-default credentials where Google's libraries look for them: the
// file of GOOGLE_APPLICATION_CREDENTIALS, the file that gcloud writes, the metadata server. The
// library's own search is not used, because it asks the metadata server with a client of its
// own, past the read-only transport.
func findCaller(ctx context.Context, env *probes.Env) (caller, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	raw, err := credentialsFile()
	if errors.Is(err, fs.ErrNotExist) {
		w, _ := watch(ctx, env)
		return metadataToken(w)
	}
	var file credentialsOf
	if err != nil || json.Unmarshal(raw, &file) != nil {
		return caller{}, noCaller("the file with application-default credentials cannot be read")
	}
	by := caller{quotaProject: file.QuotaProject}
	kind := file.Type
	if kind == google.ImpersonatedServiceAccount {
		var source credentialsOf
		if json.Unmarshal(file.Source, &source) != nil || file.ImpersonationURL == "" {
			return caller{}, noCaller("the file with application-default credentials is not complete")
		}
		raw, kind = file.Source, source.Type
	}
	switch kind {
	case google.ServiceAccount, google.AuthorizedUser, google.ExternalAccount:
	default:
		return caller{}, noCaller("the file with application-default credentials has a type that casdoctor does not use")
	}
	if by.token, err = ownToken(ctx, env, raw, kind); err != nil || file.ImpersonationURL == "" {
		return by, err
	}
	by.token, err = impersonate(ctx, env, by, file)
	return by, err
}

// ownToken is the token of the credentials themselves. The account that a federated one acts
// for comes after it, with a request of its own: the library would ask at the address in the
// file, and keep its refusal in a text.
func ownToken(ctx context.Context, env *probes.Env, raw []byte, kind google.CredentialsType) (string, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return "", noCaller("the file with application-default credentials cannot be read")
	}
	delete(members, "service_account_impersonation_url")
	raw, err := json.Marshal(members)
	if err != nil {
		return "", err
	}
	w, hc := watch(ctx, env)
	hc.Transport = moved{w, env.Config.Google.Endpoints}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, hc)
	creds, err := google.CredentialsFromJSONWithType(ctx, raw, kind, scopeIAM)
	if err != nil {
		return "", noCaller("the file with application-default credentials is not complete")
	}
	token, err := creds.TokenSource.Token()
	switch {
	case err == nil && token.AccessToken != "":
		return token.AccessToken, nil
	case !w.asked:
		return "", noCaller("the source that the application-default credentials name cannot be read")
	case errors.Is(w.err, httpread.ErrNotRead):
		return "", noCaller("the application-default credentials ask a host or a service that casdoctor does not ask: " +
			"of a federation it reads the subject token from a file or from this machine's metadata server, so let the " +
			"job write its token into a file and name that in credential_source")
	}
	return "", callerFailure(w, env.Config.Google.Endpoints)
}

// moved sends what the file addresses to Google to where the configuration has Google. The
// file itself stays as it is: the audience of an assertion is made of its address.
type moved struct {
	base http.RoundTripper
	to   config.GoogleEndpoints
}

// RoundTrip sends one request.
func (m moved) RoundTrip(r *http.Request) (*http.Response, error) {
	to := ""
	switch r.URL.Scheme + "://" + r.URL.Host + r.URL.Path {
	case google.JWTTokenURL, "https://accounts.google.com/o/oauth2/token", "https://www.googleapis.com/oauth2/v4/token":
		to = m.to.Token // and two addresses that older files have
	case "https://sts.googleapis.com/v1/token":
		to = m.to.STS
	default:
		return m.base.RoundTrip(r)
	}
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL, r.Host = u, u.Host
	return m.base.RoundTrip(r)
}

var impersonationURL = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^https://iamcredentials\.googleapis\.com/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken$`)
})

// impersonate is the token of the service account that the credentials act for.
func impersonate(ctx context.Context, env *probes.Env, by caller, file credentialsOf) (string, error) {
	account := impersonationURL().FindStringSubmatch(file.ImpersonationURL)
	if account == nil {
		return "", noCaller("service_account_impersonation_url is not the documented address of generateAccessToken")
	}
	_, hc := watch(ctx, env)
	svc, err := iamcredentials.NewService(ctx, apiOptions(hc, env.Config.Google.Endpoints.IAM, by.token)...)
	if err != nil {
		return "", err
	}
	call := svc.Projects.ServiceAccounts.GenerateAccessToken(accountName(account[1]),
		&iamcredentials.GenerateAccessTokenRequest{Scope: []string{scopeIAM}, Delegates: file.Delegates})
	by.bill(call.Header())
	answer, err := call.Context(ctx).Do()
	if err != nil {
		return "", impersonation.failure(err)
	}
	if answer.AccessToken == "" {
		return "", impersonation.incomplete("without accessToken")
	}
	return answer.AccessToken, nil
}

// callerFailure says which step of the caller's own credentials failed.
func callerFailure(w *witness, to config.GoogleEndpoints) *facts.Failure {
	who, federated := "the token endpoint of the caller's application-default credentials", false
	switch {
	case w.url.String() == to.STS:
		who, federated = "the Security Token Service of the federation", true
	case w.url.Scheme == "http": // no address of Google's but this machine's own service
		who = "the metadata server that the federation reads its subject token from"
	}
	if w.err != nil {
		f := *httpread.Classify(w.err)
		f.Detail = who + ": " + f.Detail
		return &f
	}
	f := oauthFailure(who, w)
	if f.Kind != facts.Rejected && f.Kind != facts.Unauthenticated && f.Kind != facts.Forbidden {
		return f
	}
	f.Kind = facts.Unauthenticated
	switch step, known := federationSteps[f.Code]; {
	case federated && known:
		f.Detail += ": " + step
	case federated:
		f.Detail += ": compare the pool, the provider and the subject token with the Google Cloud console"
	case f.Code == "invalid_grant": // expired, revoked, or a new sign-in is due
		f.Detail += ": sign the caller in again (gcloud auth application-default login)"
	}
	return f
}

// noCaller is the failure of credentials that cannot be used as they are.
func noCaller(why string) *facts.Failure {
	return &facts.Failure{
		Kind: facts.Unauthenticated, Code: "application_default_credentials",
		Detail: "google.credentials.impersonate needs credentials of the caller: " + why,
	}
}

// credentialsFile is fs.ErrNotExist when no file is named and gcloud has written none.
func credentialsFile() ([]byte, error) {
	if name := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"); name != "" {
		raw, err := os.ReadFile(name) //nolint:gosec // G703: the file that the caller names, as Google documents
		if errors.Is(err, fs.ErrNotExist) {
			// A file that is named must be there; the metadata server would be another identity.
			return nil, errors.New("the file that GOOGLE_APPLICATION_CREDENTIALS names does not exist")
		}
		return raw, err
	}
	const name = "application_default_credentials.json"
	if runtime.GOOS == "windows" {
		return os.ReadFile(filepath.Join(os.Getenv("APPDATA"), "gcloud", name)) //nolint:gosec // G703: gcloud's own place
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(filepath.Join(home, ".config", "gcloud", name))
}

// metadataURL is where a machine in Google Cloud gets the token of its service account
// (Compute Engine, "Authenticate workloads using service accounts"). By address, because
// network.resolver need not know the name.
const metadataURL = "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"

func metadataToken(w *witness) (caller, error) {
	r, err := http.NewRequestWithContext(w.ctx, http.MethodGet, metadataURL, nil)
	if err != nil {
		return caller{}, err
	}
	r.Header.Set("Metadata-Flavor", "Google")
	if err := w.send(r); err != nil {
		return caller{}, noCaller("there is no file with application-default credentials " +
			"(gcloud auth application-default login makes one), and this machine has no metadata server")
	}
	if w.status == http.StatusNotFound {
		return caller{}, noCaller("the metadata server knows no service account of this machine: attach one")
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if w.status != http.StatusOK || json.Unmarshal(w.body, &answer) != nil || answer.AccessToken == "" {
		return caller{}, oauthFailure("the metadata server", w)
	}
	return caller{token: answer.AccessToken}, nil
}
