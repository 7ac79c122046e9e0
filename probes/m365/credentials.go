package m365

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/clientcert"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// audience is the resource that tokens for Graph are made for: the cloud's own address of
// Graph, also when endpoints.graph moves the address that is asked (Microsoft Graph,
// "National cloud deployments").
func audience(c config.Cloud) string {
	switch c {
	case config.CloudUSGov:
		return "https://graph.microsoft.us"
	case config.CloudUSGovDoD:
		return "https://dod-graph.microsoft.us"
	case config.CloudChina:
		return "https://microsoftgraph.chinacloudapi.cn"
	default:
		return "https://graph.microsoft.com"
	}
}

// newCredential is the configured way to prove who casdoctor is. Nothing is sent yet.
func newCredential(m *config.Microsoft365, client *httpread.Client) (azcore.TokenCredential, error) {
	c := m.Credentials
	options := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: m.Endpoints.Login},
		Transport: tokenTransport{client.HTTP()},
		// The transport repeats reads. A token request is not one, and a second one with a wrong
		// secret would be a second failed sign-in in the tenant's log.
		Retry: policy.RetryOptions{MaxRetries: -1},
	}
	// Instance discovery asks Microsoft whether the sign-in host is one of its own. Here the
	// configuration says which host it is, and no other one may be asked.
	const undiscovered = true
	var made azcore.TokenCredential
	var err error
	switch {
	case !c.ClientSecret.IsZero():
		made, err = azidentity.NewClientSecretCredential(m.TenantID, c.ClientID, string(c.ClientSecret.Reveal()),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: undiscovered})
	case !c.Certificate.IsZero():
		certificates, key, bad := clientcert.Parse(c.Certificate.Reveal(), c.CertificatePassword.Reveal())
		if bad != nil {
			return nil, unusable("certificate", "the certificate is no PEM or PFX with a private key, or its password is wrong")
		}
		made, err = azidentity.NewClientCertificateCredential(m.TenantID, c.ClientID, certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: undiscovered})
	case c.WorkloadIdentity != nil && c.WorkloadIdentity.Request.URL != "":
		made, err = azidentity.NewClientAssertionCredential(m.TenantID, c.ClientID, jobToken(client.HTTP(), *c.WorkloadIdentity),
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: undiscovered})
	case c.WorkloadIdentity != nil:
		// azidentity reads the file when it needs it, and keeps no more of the error than its text.
		if _, bad := os.ReadFile(c.WorkloadIdentity.TokenFile); bad != nil {
			return nil, unusable("token_file", "the token file of the workload identity cannot be read")
		}
		made, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: undiscovered,
			TenantID: m.TenantID, ClientID: c.ClientID, TokenFilePath: c.WorkloadIdentity.TokenFile,
		})
	case c.ManagedIdentity:
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if c.ClientID != "" {
			o.ID = azidentity.ClientID(c.ClientID)
		}
		made, err = azidentity.NewManagedIdentityCredential(o)
	case c.AzureCLI:
		made, err = azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: m.TenantID})
	default:
		return nil, &facts.Failure{Kind: facts.NotConfigured, Detail: "microsoft365.credentials prove nothing"}
	}
	if err != nil { // its text may quote the configuration
		return nil, unusable("credentials", "microsoft365.credentials cannot be used: check the ids and the certificate")
	}
	return made, nil
}

func unusable(code, detail string) *facts.Failure {
	return &facts.Failure{Kind: facts.Unauthenticated, Code: code, Detail: detail}
}

// tokenKeeper puts the access token into the requests of the adapter, and keeps it while it
// is good: azidentity's credential for the Azure CLI starts a process for every token.
//
// The SDK's own provider compares host names without their ports, and sends a request to a
// host that it does not know without a token and without a word. Here that is an error.
type tokenKeeper struct {
	credential azcore.TokenCredential
	scope      string
	root       *url.URL
	now        func() time.Time

	mu    sync.Mutex
	token azcore.AccessToken
}

// leeway is what a token must still be good for: longer than any call may take.
const leeway = 2 * time.Minute

// AuthenticateRequest implements the SDK's AuthenticationProvider.
func (k *tokenKeeper) AuthenticateRequest(
	ctx context.Context, r *abstractions.RequestInformation, _ map[string]any,
) error {
	u, err := r.GetUri()
	if err != nil || !sameHost(u, k.root) {
		return &facts.Failure{Kind: facts.Internal, Detail: "another host than endpoints.graph was to get the token"}
	}
	token, err := k.get(ctx)
	if err != nil {
		return err
	}
	r.Headers.Remove("Authorization")
	r.Headers.Add("Authorization", "Bearer "+token)
	return nil
}

func (k *tokenKeeper) get(ctx context.Context) (string, error) {
	start := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	httpread.Waited(ctx, time.Since(start)) // for the token that another call has asked for
	if k.token.Token != "" && k.now().Add(leeway).Before(k.token.ExpiresOn) {
		return k.token.Token, nil
	}
	// The sign-in service counts its requests itself, not with the call that needs the token.
	ctx = httpread.WithFamily(ctx, httpread.Family{}, 0)
	last := &tokenAnswer{}
	token, err := k.credential.GetToken(context.WithValue(ctx, tokenAnswerKey{}, last),
		policy.TokenRequestOptions{Scopes: []string{k.scope}})
	if err != nil {
		return "", tokenFailure(ctx, err, last)
	}
	k.token = token
	return token.Token, nil
}

// tokenTransport remembers how the last exchange with the sign-in service went, because
// azidentity keeps no more than the text of an error that came from below HTTP.
type tokenTransport struct{ client *http.Client }

type tokenAnswerKey struct{}

type tokenAnswer struct {
	status int
	err    error
}

// Do implements azcore's policy.Transporter.
func (t tokenTransport) Do(r *http.Request) (*http.Response, error) {
	resp, err := t.client.Do(r) //nolint:gosec // G704: the transport lets through the configured hosts only
	if last, ok := r.Context().Value(tokenAnswerKey{}).(*tokenAnswer); ok {
		*last = tokenAnswer{err: err}
		if resp != nil {
			last.status = resp.StatusCode
		}
	}
	return resp, err
}
