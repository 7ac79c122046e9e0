package checks

import (
	"golang.org/x/net/idna"

	"github.com/casdoctor/casdoctor/internal/maildns"
)

// lookup maps names as a resolver does before it asks (UTS #46, non-transitional); "_" is allowed.
// It is for names that may be none, and for showing them.
var lookup = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// domainKey is the form in which two spellings of a domain name are the same.
func domainKey(name string) string { return maildns.Name(name) }
