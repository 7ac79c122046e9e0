package condaccess

import (
	"net/netip"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The kinds of facts.NamedLocation that can be judged.
const (
	locationIP      = "ip"
	locationCountry = "country"
)

// mfaTrustedIPs is the id under which policies name the trusted IPs of the multifactor
// authentication service settings. Graph's documented example of a policy with every
// condition excludes it; the ranges themselves are not in Graph.
const mfaTrustedIPs = "00000000-0000-0000-0000-000000000000"

// Origin is where a sign-in comes from, as policies see it. Membership in every named
// location is settled once, whatever the number of policies and accounts.
type Origin struct {
	places   map[string]match
	trusted  match
	complete bool // all named locations were read
}

// NewOrigin takes what is declared about the network that CAS signs in from (nil: nothing)
// and the named locations of the tenant. A declared address that is none counts as not
// declared.
func NewOrigin(declared *facts.Egress, locations facts.Seen[[]facts.NamedLocation]) Origin {
	var ip netip.Addr
	var country string
	if declared != nil {
		if parsed, err := netip.ParseAddr(declared.IP); err == nil {
			ip = parsed.Unmap()
		}
		country = declared.Country
	}
	o := Origin{places: map[string]match{}, complete: locations.Complete()}
	// "Conditional Access: Network assignment", All trusted locations: every location marked as
	// trusted, and the MFA trusted IPs, which cannot be read. So "not in a trusted location" is
	// never seen, only inferred: both are the organisation's own networks, and CAS is a cloud.
	o.trusted = match{value: Unknown, code: CodeTrustedIPsUnseen, own: true}
	switch {
	case !ip.IsValid():
		o.trusted.code = CodeAddressNotDeclared
	case !o.complete:
		// Somebody knows where CAS signs in from, and may have listed that as trusted: what was not
		// read would have told.
		o.trusted = match{value: Unknown, code: CodeLocationsNotRead}
	}
	if locations.Value == nil {
		return o
	}
	for i := range *locations.Value {
		l := &(*locations.Value)[i]
		m := within(l, ip, country)
		o.places[fold(l.ID)] = m
		switch {
		case l.IsTrusted != nil && *l.IsTrusted:
			o.trusted = o.trusted.or(m)
		case l.IsTrusted == nil && l.Type == locationIP:
			// Every ipNamedLocation has isTrusted; without it the location may be a trusted one.
			o.trusted = o.trusted.or(match{value: m.value.And(Unknown), code: CodeTrustNotRead, arg: l.ID, own: m.own})
		}
	}
	return o
}

// within reports whether the origin is in a named location.
func within(l *facts.NamedLocation, ip netip.Addr, country string) match {
	m := match{value: Unknown, arg: l.ID}
	switch l.Type {
	case locationIP:
		return withinRanges(l, ip)
	case locationCountry:
		switch lookup := l.CountryLookup; {
		case lookup != nil && *lookup == "authenticatorAppGps":
			// Microsoft asks the Authenticator app on the user's phone. A service has none: it is
			// never inside. It is not simply outside either, for being asked breaks the sign-in.
			m.code, m.own = CodeAsksForPosition, true
		case lookup != nil && *lookup != "clientIpAddress":
			m.code, m.arg = CodeUnknownWord, *lookup
		case country == "":
			m.code = CodeCountryNotDeclared
		default:
			return withinCountries(l, country)
		}
	default:
		m.code, m.arg = CodeUnknownWord, l.Type
	}
	return m
}

func withinCountries(l *facts.NamedLocation, country string) match {
	m := match{value: False, code: CodeOutsideLocation, arg: l.ID}
	if len(l.Countries) == 0 {
		m.value, m.code = Unknown, CodeMissing // every countryNamedLocation has some
	}
	for _, c := range l.Countries {
		switch {
		case c == "":
			m.value, m.code = Unknown, CodeMissing
		case strings.EqualFold(c, country):
			return match{value: True, code: CodeInLocation, arg: l.ID}
		}
	}
	return m
}

func withinRanges(l *facts.NamedLocation, ip netip.Addr) match {
	m := match{value: False, code: CodeOutsideLocation, arg: l.ID}
	if !ip.IsValid() {
		// A location marked as trusted is the organisation's own network ("Network assignment",
		// Trusted locations). Any other range could as well list the addresses of CAS.
		return match{value: Unknown, code: CodeAddressNotDeclared, arg: l.ID, own: l.IsTrusted != nil && *l.IsTrusted}
	}
	if len(l.Ranges) == 0 {
		m.value, m.code = Unknown, CodeRangeUnreadable
	}
	for _, r := range l.Ranges {
		// Graph's documented example has host bits in its ranges; Contains does not mind them.
		prefix, err := netip.ParsePrefix(r)
		switch {
		case err != nil:
			m.value, m.code = Unknown, CodeRangeUnreadable
		case prefix.Contains(ip):
			return match{value: True, code: CodeInLocation, arg: l.ID}
		}
	}
	return m
}

// in reports whether the origin is in what a policy names as a location.
func (o *Origin) in(word string) match {
	switch {
	case strings.EqualFold(word, "All"):
		return match{value: True, code: CodeAll}
	case strings.EqualFold(word, "AllTrusted"):
		return o.trusted
	case word == mfaTrustedIPs:
		return match{value: Unknown, code: CodeTrustedIPsUnseen, own: true}
	}
	if m, ok := lookup(o.places, word); ok {
		return m
	}
	if !o.complete {
		return match{value: Unknown, code: CodeLocationsNotRead, arg: word}
	}
	// Deleted, or of a kind that the list does not have, e.g. the compliant network.
	return match{value: Unknown, code: CodeLocationUnknown, arg: word}
}
