// Package tlsclient knows which TLS versions and cipher suites real browsers offer, and
// predicts whether one of them can connect to a server of which the answers are known.
//
// What belongs here: the table of clients, as data with the source of every row; finding a
// row by a name or a User-Agent string; the predictor. All of it is pure: nothing is sent.
// What does not: asking a server (package probes/console) and saying what a prediction
// means for somebody's console (package checks).
package tlsclient

import "slices"

// The protocol versions as they stand in a hello.
const (
	SSL30 uint16 = 0x0300
	TLS10 uint16 = 0x0301
	TLS11 uint16 = 0x0302
	TLS12 uint16 = 0x0303
	TLS13 uint16 = 0x0304
)

// Family is a line of browsers.
type Family string

// The families in the table.
const (
	IE      Family = "IE"
	Edge    Family = "Edge"
	Chrome  Family = "Chrome"
	Firefox Family = "Firefox"
	Safari  Family = "Safari"
)

// OS is the operating system, as far as it decides what a browser offers: Internet Explorer
// and Safari use the TLS of the system, the others bring their own ("").
type OS string

// The systems in the table.
const (
	WindowsXP    OS = "Windows XP"
	WindowsVista OS = "Windows Vista"
	Windows7     OS = "Windows 7"
	Windows8     OS = "Windows 8"
	Windows81    OS = "Windows 8.1"
	Windows10    OS = "Windows 10"
	MacOS108     OS = "OS X 10.8 or older"
	MacOS109     OS = "OS X 10.9 or 10.10"
	MacOS1011    OS = "OS X 10.11 to macOS 10.13"
	MacOS1014    OS = "macOS 10.14 or newer"
	IOS          OS = "iOS"
)

// Offer is what a client puts into its hello.
type Offer struct {
	Versions []uint16
	Suites   []uint16 // for all versions; a suite counts only at the versions that it exists in
}

// Client is a browser with its default settings.
type Client struct {
	Name   string // "IE 11 / Windows 7"
	Family Family
	Major  int
	OS     OS
	Offer  // what it offers for certain
	// Perhaps is what only some releases or update levels that the row stands for offer, or
	// what its source leaves open. A prediction that hangs on it is undecided.
	Perhaps Offer
	// OffByDefault are versions that it could speak, with the same suites, if somebody
	// switched them on in its settings.
	OffByDefault []uint16
	Groups       []uint16 // elliptic curves that it offers for certain
	SNI          bool     // whether it names the host in the hello
	Source       string   // where the row comes from
}

// SwitchedOn is the client after somebody switched on what is off by default.
func (c Client) SwitchedOn() Client {
	c.Versions = slices.Concat(c.Versions, c.OffByDefault)
	c.OffByDefault = nil
	return c
}
