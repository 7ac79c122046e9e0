package console

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

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

// maxChain bounds how many certificates of a chain are kept and used. Public chains have up to
// four, a sender of everything it has perhaps ten.
const maxChain = 32

// sctExtension marks the certificate timestamps that stand in the certificate itself (RFC 6962
// section 3.3).
var sctExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}

// describe describes a chain, leaf first, and verifies it as a browser on this machine would.
func (p *prober) describe(got shown) facts.Certificate {
	chain := got.chain()
	leaf := chain[0]
	sum, spki := sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	scts := got.scts + embeddedSCTs(leaf)
	pointers := len(leaf.IssuingCertificateURL)+len(leaf.OCSPServer)+len(leaf.CRLDistributionPoints) > 0 || got.staple
	c := facts.Certificate{
		Subject:   leaf.Subject.String(),
		Issuer:    leaf.Issuer.String(),
		DNSNames:  leaf.DNSNames,
		NotBefore: leaf.NotBefore,
		NotAfter:  leaf.NotAfter,
		KeyType:   keyType(leaf),
		KeyBits:   keyBits(leaf),
		Signature: leaf.SignatureAlgorithm.String(),
		SHA256:    hex.EncodeToString(sum[:]),
		SPKI:      hex.EncodeToString(spki[:]),
		SCTs:      &scts,
		Pointers:  &pointers,
		// A leaf that names itself as its issuer: whether it signed itself plays no part.
		SelfSigned: bytes.Equal(leaf.RawIssuer, leaf.RawSubject),
	}
	for _, cert := range chain {
		c.Chain = append(c.Chain, cert.Subject.String())
	}
	how := p.terms(chain)
	err := p.verify(leaf, how)
	verified := err == nil
	c.Verified = &verified
	c.Problem = problemOf(err, how.CurrentTime)
	c.Public = p.public(chain)
	return c
}

func (s shown) chain() []*x509.Certificate { return s.certs[:min(len(s.certs), maxChain)] }

// terms are those on which a chain is verified, whatever the roots are. A zone is this machine's own name
// for a link: no certificate has one.
func (p *prober) terms(chain []*x509.Certificate) x509.VerifyOptions {
	intermediates := x509.NewCertPool()
	for _, cert := range chain {
		intermediates.AddCert(cert)
	}
	name := p.host
	if a, err := netip.ParseAddr(name); err == nil {
		name = a.WithZone("").String()
	}
	return x509.VerifyOptions{DNSName: name, Intermediates: intermediates, CurrentTime: p.now()}
}

// public is whether a chain leads to a root of the browsers; nil: their list cannot be read.
func (p *prober) public(chain []*x509.Certificate) *bool {
	how := p.terms(chain)
	if how.Roots = browserRoots(chain); how.Roots == nil {
		return nil
	}
	_, err := chain[0].Verify(how)
	public := err == nil
	return &public
}

// browserRoots are those of the roots that Mozilla ships which can have issued one of a chain: they
// hold the issuer's name, byte for byte. The others need not be parsed. Nil: one cannot be read.
func browserRoots(chain []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		if !slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return bytes.Contains(root.Certificate, c.RawIssuer) }) {
			continue
		}
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil
		}
		if root.Constraint != nil {
			pool.AddCertWithConstraint(cert, root.Constraint)
		} else {
			pool.AddCert(cert)
		}
	}
	return pool
}

// embeddedSCTs is the number of timestamps in the certificate: a list of lists with lengths of
// two bytes, in an octet string.
func embeddedSCTs(cert *x509.Certificate) int {
	for _, e := range cert.Extensions {
		if !e.Id.Equal(sctExtension) {
			continue
		}
		var list []byte
		if rest, err := asn1.Unmarshal(e.Value, &list); err != nil || len(rest) > 0 || len(list) < 2 {
			return 0
		}
		n := 0
		for list = list[2:]; len(list) >= 2; n++ {
			size := int(binary.BigEndian.Uint16(list)) + 2
			if size > len(list) {
				return n
			}
			list = list[size:]
		}
		return n
	}
	return 0
}

func keyBits(cert *x509.Certificate) int {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize
	default:
		return 0
	}
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
