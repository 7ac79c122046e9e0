package clientcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

func TestLeaf(t *testing.T) {
	ends := time.Date(2027, 3, 31, 12, 0, 0, 0, time.UTC)
	issuerKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	make := func(name string, ends time.Time, public any) *x509.Certificate {
		issuer := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "issuer"}}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: ends}, issuer, public, issuerKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	issuer, leaf := make("issuer", ends.AddDate(9, 0, 0), issuerKey.Public()), make("leaf", ends, key.Public())
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	// The issuer's certificate first, as some tools write it.
	text := append(append(block("CERTIFICATE", issuer.Raw), block("CERTIFICATE", leaf.Raw)...), block("PRIVATE KEY", pkcs8)...)
	pfx, err := pkcs12.Modern.Encode(key, leaf, []*x509.Certificate{issuer}, "secret")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		data     []byte
		password string
		ok       bool
	}{
		"PEM": {text, "", true}, "PFX": {pfx, "secret", true}, "wrong password": {pfx, "wrong", false},
		"no certificate of the key": {append(block("CERTIFICATE", issuer.Raw), block("PRIVATE KEY", pkcs8)...), "", false}, "nothing": {nil, "", false},
	} {
		c, err := Leaf(tt.data, []byte(tt.password))
		if (err == nil) != tt.ok || tt.ok && !c.NotAfter.Equal(ends) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}
