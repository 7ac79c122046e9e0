package lab

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
)

// The files beside casdoctor.yaml.
const (
	configName      = "casdoctor.yaml"
	caName          = "ca.pem"
	secretName      = "graph-secret"
	certificateName = "graph-app.pem"
	federationName  = "graph-federated-token"
	keyName         = "google-key.json"
	callerName      = "adc.json"
	casAPIName      = "cas-api"
	subjectName     = "federated-identity"
	lmpTokenName    = "lmp-access-token"
	lmpKeyName      = "lmp-secret-key"
)

// Config writes the configuration into dir and loads it.
func (l *Lab) Config(dir string) (*config.Config, error) {
	path, err := l.WriteConfig(dir)
	if err != nil {
		return nil, err
	}
	return config.Load(path)
}

// WriteConfig writes casdoctor.yaml and the files that it refers to into dir. Everything is
// readable by its owner only, as casdoctor demands of secrets.
func (l *Lab) WriteConfig(dir string) (path string, err error) {
	c, files, err := l.settings(dir)
	if err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	if files[configName], err = yaml.Marshal(document(c).node()); err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", fmt.Errorf("lab: %w", err)
		}
	}
	return filepath.Join(dir, configName), nil
}

// settings is what the admin declares with what only the lab knows, and the files that it
// refers to.
func (l *Lab) settings(dir string) (*config.Config, map[string][]byte, error) {
	c := l.org.Declared
	c.Version = 1
	files := map[string][]byte{caName: l.ca.pem()}
	secret := func(name string, value []byte) config.Secret {
		files[name] = value
		return config.NewSecret("file:"+name, value)
	}
	c.Network.CAFile = caName
	c.Network.Resolver = l.resolver

	if c.Microsoft365 != nil {
		m := *c.Microsoft365
		if m.TenantID == "" {
			m.TenantID = l.org.Microsoft.TenantID
		}
		m.Endpoints = config.MicrosoftEndpoints{Login: l.entraURL, Graph: l.graphURL}
		m.Credentials = config.MicrosoftCredentials{ClientID: l.org.Microsoft.App.ClientID}
		switch l.org.Microsoft.App.Login {
		case LoginCertificate:
			pair, err := l.appCertificate()
			if err != nil {
				return nil, nil, err
			}
			m.Credentials.Certificate = secret(certificateName, pair)
		case LoginFederated:
			files[federationName] = []byte(l.entra.federation)
			m.Credentials.WorkloadIdentity = &config.WorkloadIdentity{TokenFile: federationName}
		default:
			m.Credentials.ClientSecret = secret(secretName, []byte(l.org.Microsoft.App.Secret))
		}
		c.Microsoft365 = &m
	}
	if c.Google != nil {
		g := *c.Google
		g.Endpoints = config.GoogleEndpoints{
			Token: l.googleURL + "/token", TokenInfo: l.googleURL + "/tokeninfo",
			Directory: l.googleURL, Reports: l.googleURL, IAM: l.googleURL, STS: l.googleURL + "/sts",
		}
		account, tokenURI := l.org.Google.ServiceAccount, googleAudience
		if l.org.Google.Keyless {
			account, tokenURI = callerOf(l.org.Google), g.Endpoints.Token
		}
		key, err := l.serviceAccountKey(account, tokenURI)
		if err != nil {
			return nil, nil, err
		}
		if l.org.Google.Keyless {
			files[callerName] = key
			if l.org.Google.Federated {
				if files[callerName], err = l.federation(dir); err != nil {
					return nil, nil, err
				}
				files[subjectName] = []byte(l.google.subject)
			}
			g.Credentials = config.GoogleCredentials{Impersonate: l.org.Google.ServiceAccount}
		} else {
			g.Credentials = config.GoogleCredentials{ServiceAccountKey: secret(keyName, key)}
		}
		c.Google = &g
	}
	if c.CAS != nil {
		s := *c.CAS
		if l.org.CAS != nil {
			api := config.CASAPI{Token: secret(casAPIName, []byte(l.org.CAS.Token)), Endpoint: l.casURL}
			if s.API != nil {
				api.TokenCreated = s.API.TokenCreated
			}
			s.API = &api
		}
		s.Console = config.HostPort{Host: l.org.Console.Host, Port: int(l.console.Port())}
		if l.org.Messages != nil {
			s.Messages = slices.Sorted(maps.Keys(l.org.Messages))
		}
		for name, content := range l.org.Messages {
			files[name] = []byte(content)
		}
		c.CAS = &s
	}
	if c.Licensing != nil && l.org.LMP != nil {
		licensing := *c.Licensing
		licensing.LMP = &config.LMP{
			AccessToken: secret(lmpTokenName, []byte(l.org.LMP.AccessToken)), SecretKey: secret(lmpKeyName, []byte(l.org.LMP.SecretKey)),
			CustomerID: l.org.LMP.CustomerID, SubscriptionID: l.org.LMP.SubscriptionID, Endpoint: l.lmpURL,
		}
		c.Licensing = &licensing
	}
	return &c, files, nil
}

// appCertificate is the app registration's certificate with its key, as PEM.
func (l *Lab) appCertificate() ([]byte, error) {
	certificate, err := l.ca.issue(leaf{hosts: []string{"casdoctor"}, key: l.org.Key})
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(l.org.Key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})...), nil
}

// federation are the credentials of workload identity federation as gcloud writes them, which act
// for the caller (Google Cloud, "Configure workload identity federation"). The addresses in it
// are Google's; the configuration moves them.
func (l *Lab) federation(dir string) ([]byte, error) {
	return json.MarshalIndent(map[string]any{ //nolint:gosec // G101: addresses, and no secret
		"universe_domain":    "googleapis.com",
		"type":               "external_account",
		"audience":           federationPool,
		"subject_token_type": subjectTokenType,
		"token_url":          "https://sts.googleapis.com/v1/token",
		"credential_source":  map[string]any{"file": filepath.Join(dir, subjectName)},
		"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" +
			callerOf(l.org.Google) + ":generateAccessToken",
	}, "", "  ")
}

// serviceAccountKey is a key file as Google Cloud's console downloads it. In that of the
// configured account the token URI is Google's: the configuration moves the endpoint.
func (l *Lab) serviceAccountKey(account, tokenURI string) ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(l.org.Key)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(map[string]string{
		"type":           "service_account",
		"project_id":     l.org.Google.Project,
		"private_key_id": adminKeyID,
		"private_key":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"client_email":   account,
		"client_id":      l.org.Google.ClientID,
		"auth_uri":       "https://accounts.google.com/o/oauth2/auth",
		"token_uri":      tokenURI,
	}, "", "  ")
}
