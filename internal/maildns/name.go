package maildns

import (
	"net/netip"
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

// Spelling is an entry of a list of internal domains without what admins write around the domain
// (@contoso.com, smtp:contoso.com, *.contoso.com), in lower case and else as it is written.
func Spelling(text string) string {
	d, _ := spelling(text)
	return d
}

func spelling(text string) (domain string, wildcard bool) {
	d := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "."))
	d = strings.TrimPrefix(strings.TrimPrefix(d, "smtp:"), "@")
	return strings.CutPrefix(d, "*.")
}

// Entry is the domain that an entry of a list of internal domains means, as Name gives it; "" when
// it can be none. Addresses of people, URLs and IP addresses are not domains. wildcard is set for
// *.contoso.com.
func Entry(text string) (domain string, wildcard bool) {
	d, wildcard := spelling(text)
	if _, err := netip.ParseAddr(d); err == nil || strings.ContainsAny(d, " \t/:@*") {
		return "", wildcard
	}
	ascii, err := lookup.ToASCII(d)
	ascii = strings.TrimSuffix(ascii, ".")
	if err != nil || ascii == "" || strings.Contains(ascii, "..") || strings.HasPrefix(ascii, ".") {
		return "", wildcard
	}
	return ascii, wildcard
}
