package console

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The problems of a certificate, as facts.Certificate lists them.
const (
	problemExpired          = "expired"
	problemNotYetValid      = "not_yet_valid"
	problemWrongHost        = "wrong_host"
	problemUnknownAuthority = "unknown_authority"
	problemOther            = "other"
)

// certificate describes a chain, leaf first, and verifies it as a browser on this machine
// would.
func certificate(chain []*x509.Certificate, host string, roots *x509.CertPool, now time.Time) facts.Certificate {
	leaf := chain[0]
	sum := sha256.Sum256(leaf.Raw)
	c := facts.Certificate{
		Subject:   leaf.Subject.String(),
		Issuer:    leaf.Issuer.String(),
		DNSNames:  leaf.DNSNames,
		NotBefore: leaf.NotBefore,
		NotAfter:  leaf.NotAfter,
		KeyType:   keyType(leaf),
		SHA256:    hex.EncodeToString(sum[:]),
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain {
		c.Chain = append(c.Chain, cert.Subject.String())
		intermediates.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		DNSName: host, Roots: roots, Intermediates: intermediates, CurrentTime: now,
	})
	verified := err == nil
	c.Verified = &verified
	c.Problem = problemOf(err, now)
	return c
}

func problemOf(err error, now time.Time) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired: // before and after its time
		if invalid.Cert != nil && now.Before(invalid.Cert.NotBefore) {
			return problemNotYetValid
		}
		return problemExpired
	case errors.As(err, &host):
		return problemWrongHost
	case errors.As(err, &authority):
		return problemUnknownAuthority
	default:
		return problemOther
	}
}

func keyType(cert *x509.Certificate) string {
	switch cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "ECDSA"
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return cert.PublicKeyAlgorithm.String()
	}
}
