package checks

import (
	"strings"

	"golang.org/x/net/idna"
)

// lookup maps names as a resolver does before it asks (UTS #46, non-transitional); "_" is allowed.
var lookup = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// domainKey is the form in which two spellings of a domain name are the same.
func domainKey(name string) string {
	name = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
	if ascii, err := lookup.ToASCII(name); err == nil {
		return ascii
	}
	return name
}
