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

// ProxySource says where the proxy was named.
type ProxySource string

// Where a proxy is named.
const (
	ProxyConfigured  ProxySource = "configured"  // network.proxy, or --via
	ProxyEnvironment ProxySource = "environment" // HTTPS_PROXY and the like
)

// Console is the way to the console, phase by phase: name, connection, TLS, certificate.
// A phase that was not reached is NotCollected.
type Console struct {
	Host        string         `json:"host"`
	Port        int            `json:"port"`
	HostSource  HostSource     `json:"host_source"`
	Proxy       *string        `json:"proxy,omitempty"` // host:port of the proxy that was used; never its credentials
	ProxySource ProxySource    `json:"proxy_source,omitempty"`
	Addresses   Seen[[]string] `json:"addresses"` // of the host, or of the proxy when there is one
	// NoSuchName is what the resolver answers for a name beside the host's that nobody has
	// registered. It is asked when the host's addresses look odd; nil: it was not.
	NoSuchName *Seen[[]string] `json:"no_such_name,omitempty"`
	Connects   []Connect       `json:"connects,omitempty"`
	// Handshakes are what is known of each TLS version, oldest first; a version that is
	// missing was not asked for, and nothing implies an answer.
	Handshakes []Handshake `json:"handshakes,omitempty"`
	// Hellos are the hellos of known shape that were sent, in that order: three when all is
	// well, and as many as the diagnosis needs when it is not.
	Hellos []Hello           `json:"hellos,omitempty"`
	Suites Seen[[]SuiteSeen] `json:"suites"` // only when clients are declared, or on request
	// SuitesByReset: a reset was taken for a refusal while Suites was made. A filter on the way can
	// reset what the console would have accepted, so that what is not in Suites is not proven absent.
	SuitesByReset bool `json:"suites_by_reset,omitempty"`
	// SuitesTried are the cipher suites that were offered while Suites was made: a suite
	// outside of this list was not tried, and its absence from Suites says nothing.
	SuitesTried []uint16 `json:"suites_tried,omitempty"`
	// Preference says whose order decides between suites that both have; empty: not known.
	// With the server's, Suites stands in that order, version by version.
	Preference Preference `json:"preference,omitempty"`
	// Groups are the key exchange groups (IANA, "TLS Supported Groups") that the console was
	// seen to use. The list is complete when Groups.Complete(): then a group that is in
	// GroupsTried and not here is refused.
	Groups      Seen[[]uint16]    `json:"groups,omitzero"`
	GroupsTried []uint16          `json:"groups_tried,omitempty"`
	Certificate Seen[Certificate] `json:"certificate"`
	// Page is the console's answer to GET /, asked over the verified handshake's connection
	// when a proxy or an unverified certificate makes it doubtful who answers; nil: not asked.
	Page *Page `json:"page,omitempty"`
	// Direct is the attempt without the proxy, when one is configured: a remark, never a cause.
	Direct *Connect `json:"direct,omitempty"`
	// Local is whether a hello from this machine to this machine arrives as it was sent; nil:
	// not tried, because the console answered.
	Local *Local `json:"local,omitempty"`
	// Portal is the licensing portal, where a sign-in to the console starts; nil: not looked
	// at, because cas.console is set.
	Portal *Portal `json:"portal,omitempty"`
}

// Preference is whose order of cipher suites decides.
type Preference string

// Whose order decides.
const (
	PreferenceServer Preference = "server"
	PreferenceClient Preference = "client"
)

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
	OutcomeMalformed    Outcome = "malformed"     // an answer that begins like TLS and makes no sense
	OutcomeProxyRefused Outcome = "proxy_refused" // the proxy answered CONNECT with another status than 200
	OutcomeProxyAuth    Outcome = "proxy_auth"    // the proxy wants credentials, or other ones (407, 401)
	OutcomeProxyKind    Outcome = "proxy_kind"    // the proxy is not spoken to in plain HTTP: SOCKS, or HTTPS to itself
	OutcomeNoName       Outcome = "no_name"       // nothing to connect to: the name has no address here
	OutcomeFailed       Outcome = "failed"        // anything else
)

// Connect is one attempt to open a connection.
type Connect struct {
	Address string        `json:"address"`
	Outcome Outcome       `json:"outcome"`
	Status  int           `json:"status,omitempty"` // of the proxy's answer to CONNECT
	Auth    string        `json:"auth,omitempty"`   // the scheme that the proxy asks for: Basic, Negotiate, …
	Via     string        `json:"via,omitempty"`    // the proxy's name for itself, from its Via or Server header
	Detail  string        `json:"detail,omitempty"`
	Took    time.Duration `json:"took"`
}

// HelloName names the shape of a ClientHello.
type HelloName string

// The hellos that tell the situations apart. All but HelloNoSNI and HelloOtherSNI name the
// console.
const (
	HelloModern    HelloName = "modern"     // TLS 1.3 and 1.2 with post-quantum key shares, as a current browser: over 1,400 bytes, two segments
	HelloSmall     HelloName = "small"      // TLS 1.3 and 1.2 in one segment, without key shares
	HelloSmallFull HelloName = "small_full" // a handshake carried through as modern, with classic key shares in one segment; sent when small was answered
	HelloTLS12     HelloName = "tls12"      // TLS 1.2 or lower, every suite
	HelloTLS11     HelloName = "tls11"      // TLS 1.1 or lower, every suite
	HelloTLS10     HelloName = "tls10"      // TLS 1.0 or lower, every suite
	HelloSSL30     HelloName = "ssl30"      // SSL 3.0, every suite
	HelloWeak      HelloName = "weak"       // TLS 1.2 with nothing but suites that are considered weak: CBC, RC4, 3DES, DES, export, anonymous, NULL
	HelloNoSNI     HelloName = "no_sni"     // as tls12, without a server name
	HelloOtherSNI  HelloName = "other_sni"  // as tls12, with an unrelated server name
	HelloHTTP      HelloName = "http"       // no hello at all: GET / in clear text
)

// Hello is one ClientHello, over a connection of its own, and the first answer to it.
type Hello struct {
	Name    HelloName `json:"name"`
	Size    int       `json:"size,omitempty"` // bytes that were sent; 0: not known
	Outcome Outcome   `json:"outcome"`
	Bytes   int       `json:"bytes,omitempty"` // of the answer, whole or not
	Alert   int       `json:"alert,omitempty"`
	Version string    `json:"version,omitempty"` // of the answer: "SSL 3.0", "1.0" to "1.3"
	Suite   uint16    `json:"suite,omitempty"`
	Group   uint16    `json:"group,omitempty"`
	// Sentinel is the version that the server says it would have spoken if the hello had
	// offered it (RFC 8446 section 4.1.3): "1.3" or "1.2 or later". From an answer to a hello that did
	// offer it, something on the way has changed the hello.
	Sentinel string        `json:"sentinel,omitempty"`
	First    string        `json:"first,omitempty"` // the first bytes of an answer that is not TLS
	Detail   string        `json:"detail,omitempty"`
	Took     time.Duration `json:"took"`
}

// Handshake is what is known of exactly one TLS version: whether the console speaks it with
// any suite at all.
type Handshake struct {
	Version string `json:"version"` // "SSL 3.0", "1.0" to "1.3"
	// Implied: no hello was sent for this version alone. It follows from the answer to one
	// for other versions too: a server that answers with 1.2 where 1.3 was offered does not
	// have 1.3, and one that refuses "1.1 or lower" has no 1.0 either. The outcome is the
	// alert that it amounts to.
	Implied bool          `json:"implied,omitempty"`
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
	// Inferred: the peer did not choose it at this version. It did at a higher one, and at
	// this one it accepts the suites of the higher one together, and nothing else.
	Inferred bool `json:"inferred,omitempty"`
}

// Page is the head of an HTTP answer; the body is not read.
type Page struct {
	Outcome Outcome `json:"outcome"`
	Status  int     `json:"status,omitempty"`
	Server  string  `json:"server,omitempty"`
	Via     string  `json:"via,omitempty"`
	// ProxyError is the error that a proxy names in a header of its own (X-Squid-Error).
	ProxyError string `json:"proxy_error,omitempty"`
	Location   string `json:"location,omitempty"` // the host that it redirects to
}

// Local is a hello that this machine sent to itself.
type Local struct {
	Outcome Outcome `json:"outcome"`
	Altered bool    `json:"altered,omitempty"` // it arrived as something else: a filter on this machine
	Detail  string  `json:"detail,omitempty"`
}

// Portal is the way to the licensing portal.
type Portal struct {
	Host      string         `json:"host"`
	Port      int            `json:"port"`
	Addresses Seen[[]string] `json:"addresses"`
	Connects  []Connect      `json:"connects,omitempty"`
	Hellos    []Hello        `json:"hellos,omitempty"`
	// Certificate is judged as the console's is.
	Certificate Seen[Certificate] `json:"certificate"`
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
	KeyBits   int       `json:"key_bits,omitempty"`
	Signature string    `json:"signature,omitempty"` // how the leaf is signed: SHA256-RSA, …
	SHA256    string    `json:"sha256"`
	SPKI      string    `json:"spki,omitempty"`  // SHA-256 of the public key, which outlives a renewal
	Chain     []string  `json:"chain,omitempty"` // subjects, leaf first
	Verified  *bool     `json:"verified,omitempty"`
	// Public is whether it also verifies with the roots that browsers ship with. Verified and
	// not public: its root was installed on this machine, or in network.ca_file, on purpose.
	Public *bool `json:"public,omitempty"`
	// SCTs is the number of signed certificate timestamps that came with it. Public CAs log
	// every certificate, so none at all is a sign of a private one.
	SCTs *int `json:"scts,omitempty"`
	// Pointers is whether it says where its issuer or its revocation can be asked for (AIA,
	// OCSP, CRL), as public CAs must.
	Pointers *bool `json:"pointers,omitempty"`
	// SelfSigned is a leaf that is its own issuer.
	SelfSigned bool `json:"self_signed,omitempty"`
	// Problem is why it does not verify: expired | not_yet_valid | wrong_host | unknown_authority | other
	Problem string `json:"problem,omitempty"`
}
