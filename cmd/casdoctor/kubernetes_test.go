package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
)

// The configurations in the manifests are valid, once what Kubernetes mounts is there. The
// manifests themselves are held against the API's types by internal/tools/release.
func TestConfigurationOfKubernetesManifests(t *testing.T) {
	mounted := t.TempDir()
	secret := func(name string, content []byte) {
		path := filepath.Join(mounted, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page := httptest.NewTLSServer(http.NotFoundHandler())
	defer page.Close()
	pair := page.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	secret("casdoctor/graph-secret", []byte("a secret"))
	secret("page/tls.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	secret("page/tls.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))

	for manifest, first := range map[string]string{"check.yaml": "casdoctor.yaml", "agent.yaml": "agent.yaml"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "deploy", "kubernetes", manifest))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for _, doc := range bytes.Split(raw, []byte("\n---\n")) {
			var object struct {
				Kind string            `yaml:"kind"`
				Data map[string]string `yaml:"data"`
			}
			if err := yaml.Unmarshal(doc, &object); err != nil {
				t.Fatalf("%s: %v", manifest, err)
			}
			for name, text := range object.Data {
				text := bytes.ReplaceAll([]byte(text), []byte("/run/secrets"), []byte(filepath.ToSlash(mounted)))
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := config.LoadEither(filepath.Join(dir, first)); err != nil {
			t.Errorf("%s: %v", manifest, err)
		}
	}
}
