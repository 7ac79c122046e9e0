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
	"runtime"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/iamcredentials/v1"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// scopeIAM is the caller's scope for signJwt; the narrower "iam" is not part of what
// "gcloud auth application-default login" grants.
const scopeIAM = "https://www.googleapis.com/auth/cloud-platform"

// keyless is a service account without a key: IAM signs its assertions for a caller that
// has proven itself with application-default credentials.
func keyless(ctx context.Context, env *probes.Env) (account, error) {
	g := env.Config.Google
	caller, err := callerToken(ctx, env)
	if err != nil {
		return account{}, err
	}
	exchange := func(ctx context.Context, subject, scope string) (*witness, error) {
		assertion, err := signJWT(ctx, env, caller, subject, scope)
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

func signJWT(ctx context.Context, env *probes.Env, caller, subject, scope string) (string, error) {
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
	svc, err := iamcredentials.NewService(ctx, apiOptions(hc, g.Endpoints.IAM, caller)...)
	if err != nil {
		return "", err
	}
	name := "projects/-/serviceAccounts/" + g.Credentials.Impersonate
	signed, err := svc.Projects.ServiceAccounts.
		SignJwt(name, &iamcredentials.SignJwtRequest{Payload: string(claims)}).Context(ctx).Do()
	if err != nil {
		return "", iam.failure(err)
	}
	if signed.SignedJwt == "" {
		return "", &facts.Failure{
			Kind: facts.Malformed, Status: http.StatusOK, Detail: iam.name + " answered without signedJwt",
		}
	}
	return signed.SignedJwt, nil
}

// callerToken finds application-default credentials where Google's libraries look for them:
// the file of GOOGLE_APPLICATION_CREDENTIALS, the file that gcloud writes, the metadata
// server. The library's own search is not used, because it asks the metadata server with a
// client of its own, past the read-only transport.
func callerToken(ctx context.Context, env *probes.Env) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	w, hc := watch(ctx, env)
	raw, err := credentialsFile()
	if errors.Is(err, fs.ErrNotExist) {
		return metadataToken(w)
	}
	var file struct {
		Type google.CredentialsType `json:"type"`
	}
	if err != nil || json.Unmarshal(raw, &file) != nil {
		return "", noCaller("the file with application-default credentials cannot be read")
	}
	switch file.Type {
	case google.ServiceAccount, google.AuthorizedUser, google.ExternalAccount:
	default:
		return "", noCaller("the file with application-default credentials has a type that casdoctor does not use")
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, hc)
	creds, err := google.CredentialsFromJSONWithType(ctx, raw, file.Type, scopeIAM)
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
		return "", noCaller("the application-default credentials ask a host or a service that casdoctor does not ask; " +
			"for workload identity federation, read the token from a file and leave service_account_impersonation_url out")
	}
	return "", callerFailure(w)
}

func callerFailure(w *witness) *facts.Failure {
	if w.err != nil {
		return httpread.Classify(w.err)
	}
	f := oauthFailure("the token endpoint of the caller's application-default credentials", w)
	if f.Kind == facts.Rejected { // 400 invalid_grant: expired, revoked, or a new sign-in is due
		f.Kind = facts.Unauthenticated
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

func metadataToken(w *witness) (string, error) {
	r, err := http.NewRequestWithContext(w.ctx, http.MethodGet, metadataURL, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Metadata-Flavor", "Google")
	if err := w.send(r); err != nil {
		return "", noCaller("there is no file with application-default credentials " +
			"(gcloud auth application-default login makes one), and this machine has no metadata server")
	}
	if w.status == http.StatusNotFound {
		return "", noCaller("the metadata server knows no service account of this machine: attach one")
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if w.status != http.StatusOK || json.Unmarshal(w.body, &answer) != nil || answer.AccessToken == "" {
		return "", oauthFailure("the metadata server", w)
	}
	return answer.AccessToken, nil
}
