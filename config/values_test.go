package config

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestNormalDomain(t *testing.T) {
	for in, want := range map[string]string{
		"contoso.com":           "contoso.com",
		" Contoso.COM. ":        "contoso.com",
		"@contoso.com":          "contoso.com",
		"*.contoso.com":         "contoso.com",
		"SMTP:@contoso.com":     "contoso.com",
		"bücher.example":        "xn--bcher-kva.example",
		"xn--bcher-kva.example": "xn--bcher-kva.example",
		"bücher。example":        "xn--bcher-kva.example", // the ideographic full stop
		"BÜCHER.example":        "xn--bcher-kva.example",
		"faß.de":                "xn--fa-hia.de", // not fass.de: IDNA 2008
		"_dmarc.contoso.com":    "_dmarc.contoso.com",
		// Not domains: as they are written.
		"xn--zzzzzz.com":       "xn--zzzzzz.com",
		"https://contoso.com/": "https://contoso.com/",
		"Admin@Contoso.com":    "Admin@Contoso.com",
		"two words.com":        "two words.com",
		"192.0.2.1":            "192.0.2.1",
		"*.*.Contoso.com":      "*.*.Contoso.com",
		"@":                    "@",
		".":                    ".",
	} {
		if got := normalDomain(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// ISO 3166-1 has 249 officially assigned codes; each is held against the regions of the
// Unicode CLDR.
func TestCountries(t *testing.T) {
	const assigned = 249 // and XK beside them
	known := strings.Fields(countries)
	if len(known) != assigned+1 || !slices.IsSorted(known) || len(slices.Compact(known)) != assigned+1 {
		t.Errorf("%d countries, want %d, sorted, each once", len(known), assigned+1)
	}
	for _, c := range known {
		r, err := language.ParseRegion(c)
		if err != nil || !r.IsCountry() || r.Canonicalize().String() != c {
			t.Errorf("%s is not a country: %v", c, err)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"tenant", "tenant_id", "client_secret", "eu", "us"}
	for in, want := range map[string]string{
		"tennant": "tenant", "tenantid": "tenant_id", "clientSecret": "client_secret", "ue": "eu", "EU": "eu",
		"colour": "", "x": "", "": "", strings.Repeat("tenant", 100): "",
	} {
		if got := nearest(in, known); got != want {
			t.Errorf("%.20q: got %q, want %q", in, got, want)
		}
	}
}
