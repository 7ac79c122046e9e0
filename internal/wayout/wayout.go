// Package wayout is the way out of this machine: the proxy, the trusted roots and the DNS
// server that a configuration names, or the system's.
//
// What belongs here: what is the same for everything that opens a connection. What does not:
// what may be sent. That each transport decides for itself: internal/httpread for the probes,
// internal/agent/notify for messages.
package wayout

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/casdoctor/casdoctor/config"
)

// dialTimeout bounds one connection attempt; a black hole must not eat a deadline.
const dialTimeout = 5 * time.Second

// Way is a way out.
type Way struct {
	added    *x509.CertPool        // network.ca_file; nil: none
	roots    func() *x509.CertPool // the system's and these, once: reading them takes longer than a handshake
	proxy    func(*url.URL) (*url.URL, error)
	resolver *net.Resolver
}

// New makes the way that a configuration describes.
func New(n config.Network) (*Way, error) {
	w := &Way{proxy: httpproxy.FromEnvironment().ProxyFunc(), resolver: net.DefaultResolver}
	var added []byte
	if n.CAFile != "" {
		var err error
		if added, err = os.ReadFile(n.CAFile); err != nil {
			return nil, fmt.Errorf("network.ca_file: %w", err)
		}
		w.added = x509.NewCertPool()
		if !w.added.AppendCertsFromPEM(added) {
			return nil, fmt.Errorf("network.ca_file: no certificate in %s", n.CAFile)
		}
	}
	w.roots = sync.OnceValue(func() *x509.CertPool {
		roots, err := x509.SystemCertPool()
		if err != nil || roots == nil {
			roots = x509.NewCertPool()
		}
		roots.AppendCertsFromPEM(added)
		return roots
	})
	if n.Proxy != "" {
		u, err := url.Parse(n.Proxy)
		if err != nil {
			return nil, fmt.Errorf("network.proxy: %w", err)
		}
		w.proxy = func(*url.URL) (*url.URL, error) { return u, nil }
	}
	if n.Resolver.IsValid() {
		addr := n.Resolver.String()
		w.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: dialTimeout}
			return d.DialContext(ctx, network, addr)
		}}
	}
	return w, nil
}

// Roots are the system's trusted certificates and those of network.ca_file.
func (w *Way) Roots() *x509.CertPool { return w.roots() }

// Added reports whether network.ca_file adds certificates.
func (w *Way) Added() bool { return w.added != nil }

// Verify verifies a certificate against what connections trust: network.ca_file and the
// system's roots. Those are read only for a chain that the file does not settle.
func (w *Way) Verify(cert *x509.Certificate, o x509.VerifyOptions) error {
	if o.Roots = w.added; w.added != nil {
		if _, err := cert.Verify(o); err == nil {
			return nil
		}
	}
	o.Roots = w.roots()
	_, err := cert.Verify(o)
	return err
}

// Resolver is the configured DNS server, or the system's.
func (w *Way) Resolver() *net.Resolver { return w.resolver }

// Proxy is the proxy for a URL; nil: none.
func (w *Way) Proxy(u *url.URL) (*url.URL, error) { return w.proxy(u) }

// Dialer connects with the configured resolver.
func (w *Way) Dialer() *net.Dialer { return &net.Dialer{Timeout: dialTimeout, Resolver: w.resolver} }
