package facts

import "time"

// ConsoleEndpoint is what package console observes of the CAS management console from this machine.
var ConsoleEndpoint = Key[Console]{"console.endpoint"}

// HostSource says how sure the console's host name is.
type HostSource string

// Where a console host name comes from.
const (
	HostConfigured HostSource = "configured" // cas.console
	HostDocumented HostSource = "documented" // the vendor prints it for this site
	HostInferred   HostSource = "inferred"   // by analogy with the site's API host; no page prints it
)

// Console is the way to the console, phase by phase: name, connection, TLS, certificate.
// A phase that was not reached is NotCollected.
type Console struct {
	Host       string            `json:"host"`
	Port       int               `json:"port"`
	HostSource HostSource        `json:"host_source"`
	Proxy      *string           `json:"proxy,omitempty"` // host:port of the proxy that was used; never its credentials
	Addresses  Seen[[]string]    `json:"addresses"`       // of the host, or of the proxy when there is one
	Connects   []Connect         `json:"connects,omitempty"`
	Handshakes []Handshake       `json:"handshakes,omitempty"` // one per TLS version, oldest first
	Suites     Seen[[]SuiteSeen] `json:"suites"`               // only when clients are declared
	// SuitesTried are the cipher suites that were offered while Suites was made: a suite
	// outside of this list was not tried, and its absence from Suites says nothing.
	SuitesTried []uint16          `json:"suites_tried,omitempty"`
	Certificate Seen[Certificate] `json:"certificate"`
	// Direct is the attempt without the proxy, when one is configured: a remark, never a cause.
	Direct *Connect `json:"direct,omitempty"`
}

// Outcome is how a step ended, in words that tell the possible culprits apart.
type Outcome string

// The outcomes of a connection or a handshake.
const (
	OutcomeOK           Outcome = "ok"
	OutcomeAlert        Outcome = "alert"         // the peer refused with a TLS alert: deliberate
	OutcomeReset        Outcome = "reset"         // connection reset
	OutcomeClosed       Outcome = "closed"        // closed without a word
	OutcomeTimeout      Outcome = "timeout"       // silence
	OutcomeRefused      Outcome = "refused"       // the port is closed
	OutcomeUnreachable  Outcome = "unreachable"   // no route, or forbidden by ICMP
	OutcomeNotTLS       Outcome = "not_tls"       // an answer that is not TLS, e.g. plain HTTP
	OutcomeProxyRefused Outcome = "proxy_refused" // the proxy answered CONNECT with another status than 200
	OutcomeProxyAuth    Outcome = "proxy_auth"    // the proxy wants credentials, or other ones (407, 401)
	OutcomeFailed       Outcome = "failed"        // anything else
)

// Connect is one attempt to open a connection.
type Connect struct {
	Address string        `json:"address"`
	Outcome Outcome       `json:"outcome"`
	Status  int           `json:"status,omitempty"` // of the proxy's answer to CONNECT
	Detail  string        `json:"detail,omitempty"`
	Took    time.Duration `json:"took"`
}

// Handshake is one TLS handshake at exactly one version, with every suite that can be offered.
type Handshake struct {
	Version string        `json:"version"` // "1.0" to "1.3"
	Outcome Outcome       `json:"outcome"`
	Alert   int           `json:"alert,omitempty"` // 40 handshake_failure, 70 protocol_version, …
	Suite   uint16        `json:"suite,omitempty"` // the one the peer chose
	Detail  string        `json:"detail,omitempty"`
	Took    time.Duration `json:"took"`
}

// SuiteSeen is a cipher suite that the peer chose at a version.
type SuiteSeen struct {
	Version string `json:"version"`
	ID      uint16 `json:"id"`
}

// Certificate is the chain that the peer showed, and whether it verifies with the roots of
// this machine and network.ca_file at the machine's own time.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	DNSNames  []string  `json:"dns_names,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	KeyType   string    `json:"key_type,omitempty"` // RSA | ECDSA | Ed25519
	SHA256    string    `json:"sha256"`
	Chain     []string  `json:"chain,omitempty"` // subjects, leaf first
	Verified  *bool     `json:"verified,omitempty"`
	// Problem is why it does not verify: expired | not_yet_valid | wrong_host | unknown_authority | other
	Problem string `json:"problem,omitempty"`
}
