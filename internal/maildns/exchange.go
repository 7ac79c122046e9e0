package maildns

import (
	"slices"
	"strings"
)

// Selectors are the DKIM selectors of Exchange Online for a domain of a customer (Microsoft
// Defender for Office 365, "Set up DKIM to sign mail from your Microsoft 365 domain").
func Selectors(domain string) []string {
	return []string{"selector1._domainkey." + domain, "selector2._domainkey." + domain}
}

// SelectorTargets are what the Selectors of a domain point to, in their order, in a tenant whose first
// domain is initial (contoso.onmicrosoft.com); nil when that is not known. A domain that was added
// since May 2025 has others, with a part that Microsoft chooses.
func SelectorTargets(domain, initial string) []string {
	if initial == "" {
		return nil
	}
	end := "-" + strings.ReplaceAll(domain, ".", "-") + "._domainkey." + initial
	return []string{"selector1" + end, "selector2" + end}
}

// SelectorTarget takes apart what a selector of Exchange Online points to. Two forms are in use:
// selector1-contoso-com._domainkey.contoso.onmicrosoft.com, and, for domains added since May 2025,
// selector1-contoso-com._domainkey.contoso.r-v1.dkim.mail.microsoft, with a letter that Microsoft
// chooses. ok is false for any other.
func SelectorTarget(target string) (selector, tenant string, ok bool) {
	host, zone, ok := strings.Cut(bare(target), "._domainkey.")
	selector, _, _ = strings.Cut(host, "-")
	if !ok || selector != "selector1" && selector != "selector2" {
		return "", "", false
	}
	tenant, rest, _ := strings.Cut(zone, ".")
	if tenant == "" || !slices.Contains(initialDomains, rest) && !strings.HasSuffix(rest, ".dkim.mail.microsoft") {
		return "", "", false
	}
	return selector, tenant, true
}

// initialDomains are those that the first domain of a tenant is made under, by cloud: worldwide,
// of the government of the United States, and in China.
var initialDomains = []string{"onmicrosoft.com", "onmicrosoft.us", "partner.onmschina.cn"}

// exchangers are what the mail exchangers of Exchange Online end in: worldwide, with DNSSEC, for
// the government of the United States, and in China (Microsoft 365, "External Domain Name System
// records", and "How SMTP DNS-based Authentication of Named Entities secures email").
var exchangers = []string{
	".mail.protection.outlook.com", ".mx.microsoft", ".mail.protection.office365.us", ".mail.protection.partner.outlook.cn",
}

// IsExchangeOnline reports whether a mail exchanger is that of Exchange Online, so that mail for the domain goes
// straight to Microsoft.
func IsExchangeOnline(host string) bool {
	return slices.ContainsFunc(exchangers, func(zone string) bool { return strings.HasSuffix(bare(host), zone) })
}

// IncludesExchangeOnline reports whether a name that an SPF record includes lets Exchange Online send, in one of
// the clouds. Domains under mail.onmicrosoft.com include outlook.com instead.
func IncludesExchangeOnline(name string) bool {
	switch bare(name) {
	case "spf.protection.outlook.com", "outlook.com", "spf.protection.office365.us", "spf.protection.partner.outlook.cn":
		return true
	}
	return false
}

func bare(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
