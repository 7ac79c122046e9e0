package maildns

import "strings"

// Selectors are the DKIM selectors of Exchange Online for a domain of a customer (Microsoft
// Defender for Office 365, "Set up DKIM to sign mail from your Microsoft 365 domain").
func Selectors(domain string) []string {
	return []string{"selector1._domainkey." + domain, "selector2._domainkey." + domain}
}

// SelectorTarget takes apart what a selector of Exchange Online points to. Two forms are in use:
// selector1-contoso-com._domainkey.contoso.onmicrosoft.com, and, for domains added since May 2025,
// selector1-contoso-com._domainkey.contoso.r-v1.dkim.mail.microsoft, with a letter that Microsoft
// chooses. ok is false for any other.
func SelectorTarget(target string) (selector, tenant string, ok bool) {
	host, zone, ok := strings.Cut(strings.ToLower(strings.TrimSuffix(target, ".")), "._domainkey.")
	if !ok {
		return "", "", false
	}
	selector, _, _ = strings.Cut(host, "-")
	if selector != "selector1" && selector != "selector2" {
		return "", "", false
	}
	tenant, rest, _ := strings.Cut(zone, ".")
	switch {
	case tenant == "":
		return "", "", false
	case rest == "onmicrosoft.com", strings.HasSuffix(rest, ".dkim.mail.microsoft"):
		return selector, tenant, true
	}
	return "", "", false
}

// IsExchangeOnline: a mail exchanger is Exchange Online Protection, that is, mail for the domain
// goes straight to Microsoft (Microsoft 365, "External DNS records required for email"). The
// second form is that of domains with DNSSEC (SMTP DANE).
func IsExchangeOnline(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, zone := range []string{".mail.protection.outlook.com", ".mx.microsoft", ".mail.protection.office365.us", ".mail.protection.partner.outlook.cn"} {
		if strings.HasSuffix(host, zone) {
			return true
		}
	}
	return false
}
