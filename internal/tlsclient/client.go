// Package tlsclient knows what real clients put into their TLS hello, and predicts whether
// one of them can connect to a server of which the answers are known.
//
// What belongs here: the table of clients (browsers, and the programs that use the TLS of
// Windows, of Java or of a library), as data with the source of every row; finding a row by a
// name, by a User-Agent string or by what a sign-in log says; the predictor; the documented
// settings that switch a version on. All of it is pure: nothing is sent.
// What does not: asking a server, building the bytes of a hello (package probes/console and
// below), and saying what a prediction means for somebody's console (package checks).
package tlsclient

import (
	"slices"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
)

// The protocol versions as they stand in a hello.
const (
	SSL30 = ciphersuite.SSL30
	TLS10 = ciphersuite.TLS10
	TLS11 = ciphersuite.TLS11
	TLS12 = ciphersuite.TLS12
	TLS13 = ciphersuite.TLS13
)

// Family is a line of clients.
type Family string

// The families in the table.
const (
	IE         Family = "IE"
	Edge       Family = "Edge"
	Chrome     Family = "Chrome"
	Firefox    Family = "Firefox"
	Safari     Family = "Safari"
	DotNet     Family = ".NET"
	PowerShell Family = "PowerShell"
	WinHTTP    Family = "WinHTTP"
	Java       Family = "Java"
	OpenSSL    Family = "OpenSSL"
	GnuTLS     Family = "GnuTLS"
	Curl       Family = "curl"
	Python     Family = "Python"
	Go         Family = "Go"
)

// Browser says whether a family is made to show pages: only such a client opens a console.
func (f Family) Browser() bool {
	return slices.Contains([]Family{IE, Edge, Chrome, Firefox, Safari}, f)
}

// OS is what a client runs on, as far as it decides what the client offers: Internet Explorer,
// Safari, .NET and WinHTTP use the TLS of the system, curl that of a library; the others
// bring their own ("").
type OS string

// The systems and libraries in the table. A server edition counts as the Windows that it shares
// its TLS with.
const (
	WindowsXP    OS = "Windows XP"
	WindowsVista OS = "Windows Vista"
	Windows7     OS = "Windows 7"
	Windows8     OS = "Windows 8"
	Windows81    OS = "Windows 8.1"
	Windows10    OS = "Windows 10"
	Windows11    OS = "Windows 11"
	// Windows10or11 is what a User-Agent string tells.
	Windows10or11 OS = "Windows 10 or 11"
	MacOS108      OS = "OS X 10.8 or older"
	MacOS109      OS = "OS X 10.9 or 10.10"
	MacOS1011     OS = "OS X 10.11 to macOS 10.13"
	MacOS1014     OS = "macOS 10.14 or newer"
	IOS           OS = "iOS"
	OpenSSL10     OS = "OpenSSL 1.0.0 or older"
	OpenSSL101    OS = "OpenSSL 1.0.1 or 1.0.2"
	OpenSSL110    OS = "OpenSSL 1.1.0"
	OpenSSL111    OS = "OpenSSL 1.1.1"
	OpenSSL30     OS = "OpenSSL 3.0 to 3.4"
	OpenSSL35     OS = "OpenSSL 3.5 or newer"
)

// Hello is what a client puts into its ClientHello: enough to send one like it. All numbers are
// IANA's ("TLS Cipher Suites", "TLS Supported Groups", "TLS SignatureScheme").
type Hello struct {
	Versions []uint16 // highest first; TLS 1.3 goes into supported_versions, with the others
	Suites   []uint16 // for all versions; a suite counts only at the versions that it exists in
	Groups   []uint16 // supported_groups; nil: the client sends none
	// SignatureAlgorithms are those of TLS 1.2 and later; nil: the client sends none.
	SignatureAlgorithms []uint16
	ALPN                []string
	SNI                 bool // whether it names the host
}

// Offer is what a row leaves open.
type Offer struct {
	Versions []uint16
	Suites   []uint16
	SNI      bool
}

// Support says whether a client can do something; the zero value is Yes.
type Support int

// Whether a client can.
const (
	Yes  Support = iota
	Open         // some releases or settings that the row stands for can
	No
)

// Client is a client with its default settings.
type Client struct {
	Name   string // "IE 11 / Windows 7"
	Family Family
	Major  int
	OS     OS
	Hello  // what it sends for certain
	// Ordered: Hello.Suites stand in the client's own order of preference.
	Ordered bool
	// Perhaps is what only some releases, update levels or applications that the row stands for
	// offer, or what its source leaves open. A prediction that hangs on it is undecided.
	Perhaps Offer
	// OffByDefault are versions that it could speak, with the same suites, if somebody switched
	// them on; Settings are the documented switches for TLS 1.2, all of which are needed.
	OffByDefault []uint16
	Settings     []Setting
	// SHA2 and SHA1: whether it accepts a certificate that was signed with that hash.
	SHA2, SHA1 Support
	Source     string // where the row comes from
}

// SwitchedOn is the client after somebody switched on what is off by default.
func (c Client) SwitchedOn() Client {
	c.Versions = slices.Concat(c.OffByDefault, c.Versions)
	slices.Sort(c.Versions)
	slices.Reverse(c.Versions)
	c.OffByDefault, c.Settings = nil, nil
	return c
}

// WindowsTLS says whether the client uses the TLS of Windows (Schannel): its suites then come
// with Windows and cannot be had by updating the client.
func (c Client) WindowsTLS() bool {
	switch c.Family {
	case IE, DotNet, PowerShell, WinHTTP:
		return true
	case Edge:
		return c.Major < 79
	default:
		return false
	}
}
