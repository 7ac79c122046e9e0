// Package clientcert reads the certificate that casdoctor signs in to Microsoft 365 with.
//
// What belongs here: the formats of its file, and which of its certificates is the one that has
// the key. What does not: signing in with it (package m365).
package clientcert

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"
)

// Parse reads a certificate with its key and its chain, PEM or PFX. What azidentity reads PFX
// files with does not know the encryption (PBES2, AES) that OpenSSL 3 and Windows have used for
// years.
func Parse(data, password []byte) ([]*x509.Certificate, crypto.PrivateKey, error) {
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return azidentity.ParseCertificates(data, password)
	}
	key, leaf, rest, err := pkcs12.DecodeChain(data, string(password))
	return append([]*x509.Certificate{leaf}, rest...), key, err
}

// Leaf is the certificate of the key; a file may have those of its issuers before it.
func Leaf(data, password []byte) (*x509.Certificate, error) {
	chain, key, err := Parse(data, password)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	public, ok := signer.Public().(interface{ Equal(x crypto.PublicKey) bool })
	for _, c := range chain {
		if ok && public.Equal(c.PublicKey) {
			return c, nil
		}
	}
	return nil, errors.New("no certificate is that of the key")
}
