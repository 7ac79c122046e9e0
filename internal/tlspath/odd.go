package tlspath

import "net/netip"

// shared is the address space that providers use behind their own translation (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// Odd is whether an address cannot be that of a service on the internet: "this host", loopback,
// private, shared or link-local. A name that resolves to one is sink-holed, answered by a
// portal, or served inside. (Linux connects to itself when asked for 0.0.0.0.)
func Odd(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || shared.Contains(a) ||
		a.Is4() && a.As4()[0] == 0
}
