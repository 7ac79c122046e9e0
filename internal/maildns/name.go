package maildns

import (
	"strings"

	"golang.org/x/net/idna"
)

// lookup maps names as a resolver does before it asks (UTS #46, non-transitional); "_" is allowed.
var lookup = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// Name is the form in which two spellings of a domain name are the same, and in which it is asked
// for: lower case, A-labels, no dot at the end. What is no domain name stays what it is.
func Name(name string) string {
	name = strings.TrimSuffix(strings.TrimSpace(name), ".")
	for i := range len(name) {
		if name[i] < 0x80 {
			continue
		}
		if ascii, err := lookup.ToASCII(name); err == nil {
			return strings.TrimSuffix(ascii, ".") // a dot of another script becomes one
		}
		break
	}
	return strings.ToLower(name)
}
