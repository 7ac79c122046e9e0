package config

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
)

// The kinds of values, one for each shape that the configuration knows.

// oneOf is one of a few words.
func oneOf[T ~string](values ...T) kind[T] {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return kind[T]{
		what: "one of " + strings.Join(words, ", "),
		parse: func(s string) (T, *complaint) {
			if !slices.Contains(words, s) {
				return "", &complaint{hint: didYouMean(s, words)}
			}
			return T(s), nil
		},
	}
}

// word is text on one line; what says which.
func word(what string) kind[string] {
	return kind[string]{what: what, parse: func(s string) (string, *complaint) {
		if strings.TrimSpace(s) == "" {
			return "", &complaint{"empty", "write " + what}
		}
		return s, nil
	}}
}

// prose is text that may have several lines.
func prose(what string) kind[string] {
	k := word(what)
	k.lines = true
	return k
}

func boolean() kind[bool] {
	return kind[bool]{what: "true or false", tags: []string{boolTag}, parse: func(s string) (bool, *complaint) {
		// YAML writes both words in three ways.
		v, err := strconv.ParseBool(strings.ToLower(s))
		if err != nil {
			return false, &complaint{}
		}
		return v, nil
	}}
}

func version() kind[int] {
	return kind[int]{what: "1, the version of this format", tags: []string{intTag}, parse: func(s string) (int, *complaint) {
		if s != "1" {
			return 0, &complaint{hint: "a newer casdoctor may know it"}
		}
		return 1, nil
	}}
}

// pattern is compiled for its first use: what reads no configuration needs none of them.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

var uuidShape = pattern(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// uuid is a UUID in small letters: the services write them so, and they are compared.
func uuid() kind[string] {
	const what = "a UUID such as 84841066-274d-4ec0-a5c1-276be684bdd3"
	return kind[string]{what: what, parse: func(s string) (string, *complaint) {
		s = strings.ToLower(s)
		if !uuidShape().MatchString(s) {
			return "", &complaint{}
		}
		return s, nil
	}}
}

// address is a mail address, which is also the shape of a user principal name.
func address() kind[string] {
	return kind[string]{what: "an address such as admin@contoso.com", parse: func(s string) (string, *complaint) {
		a, err := mail.ParseAddress(s)
		if err != nil || a.Address != s {
			return "", &complaint{}
		}
		domain, ok := hostname(s[strings.LastIndexByte(s, '@')+1:])
		if !ok || !strings.Contains(domain, ".") {
			return "", &complaint{}
		}
		return s, nil
	}}
}

// serviceAccount is the address of a Google service account. Google makes all of them end
// alike; a user's address here is the commonest mistake.
func serviceAccount() kind[string] {
	return kind[string]{
		what: "the address of a service account such as sa@project.iam.gserviceaccount.com",
		parse: func(s string) (string, *complaint) {
			if _, c := address().parse(s); c != nil || !strings.HasSuffix(s, ".gserviceaccount.com") {
				return "", &complaint{}
			}
			return s, nil
		},
	}
}

var customerShape = pattern(`^(my_customer|C[0-9A-Za-z]+)$`)

func customer() kind[string] {
	return kind[string]{what: "my_customer, or a customer ID such as C01abc2de", parse: func(s string) (string, *complaint) {
		if !customerShape().MatchString(s) {
			return "", &complaint{}
		}
		return s, nil
	}}
}

// identifier is an id that becomes part of a URL's path.
func identifier(what string) kind[string] {
	return kind[string]{what: what, hidden: true, parse: func(s string) (string, *complaint) {
		if s == "" || url.PathEscape(s) != s {
			return "", &complaint{hint: "it is one word, without spaces and slashes"}
		}
		return s, nil
	}}
}

// scope is an OAuth scope. RFC 6749, 3.3 allows neither spaces nor quotes in one; a comma
// is a list that was pasted as one word.
func scope() kind[string] {
	return kind[string]{
		what: "one scope such as https://www.googleapis.com/auth/admin.directory.domain.readonly",
		parse: func(s string) (string, *complaint) {
			if s == "" || strings.ContainsAny(s, " \t,\"\\") {
				return "", &complaint{hint: "write one scope for each item or line"}
			}
			return s, nil
		},
	}
}

var label = pattern(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// hostname is a host name in the letters of DNS, without the dot at its end.
func hostname(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	ascii, err := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false)).ToASCII(strings.ToLower(s))
	if err != nil || len(ascii) > 253 {
		return "", false
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		if !label().MatchString(l) {
			return "", false
		}
	}
	// A number at the end makes it an IPv4 address, and those were looked at before.
	if _, err := strconv.Atoi(labels[len(labels)-1]); err == nil {
		return "", false
	}
	return ascii, true
}

// hostOrIP is a host name or an address.
func hostOrIP(s string) (string, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" && !a.IsUnspecified() {
		return a.String(), true
	}
	return hostname(s)
}

func port(s string) (int, bool) {
	p, err := strconv.ParseUint(s, 10, 16)
	return int(p), err == nil && p > 0
}

func hostPort() kind[HostPort] {
	return kind[HostPort]{
		what: "host or host:port such as admin-eu.tmcas.trendmicro.com:443", hidden: true,
		parse: func(s string) (HostPort, *complaint) {
			if strings.Contains(s, "/") {
				return HostPort{}, &complaint{hint: "leave out https:// and the path"}
			}
			if host, ok := hostOrIP(strings.Trim(s, "[]")); ok {
				return HostPort{Host: host}, nil
			}
			h, p, err := net.SplitHostPort(s)
			host, hostOK := hostOrIP(h)
			number, portOK := port(p)
			switch {
			case err != nil || !hostOK:
				return HostPort{}, &complaint{}
			case !portOK:
				return HostPort{}, &complaint{hint: "a port is a number from 1 to 65535"}
			}
			return HostPort{Host: host, Port: number}, nil
		},
	}
}

// base is the address of a service: https, a host, perhaps a port, and nothing more,
// because the paths of the requests are the service's own.
func base(example string) kind[string] {
	what := "a base address such as " + example
	return kind[string]{what: what, hidden: true, parse: func(s string) (string, *complaint) {
		u, c := webURL(s, "https")
		if c != nil {
			return "", c
		}
		if u.Path != "" && u.Path != "/" {
			return "", &complaint{hint: "leave out the path"}
		}
		return u.Scheme + "://" + u.Host, nil
	}}
}

// whole is a URL with its path.
func whole(example string) kind[string] {
	return kind[string]{what: "a whole URL such as " + example, hidden: true, parse: func(s string) (string, *complaint) {
		u, c := webURL(s, "https")
		if c != nil {
			return "", c
		}
		if u.Path == "" || u.Path == "/" {
			return "", &complaint{hint: "the path is missing"}
		}
		return u.String(), nil
	}}
}

// proxy is the address of a proxy. The user and the password that some write into it are
// secrets, and have no place in the configuration.
func proxy() kind[string] {
	const what = "the URL of a proxy such as http://proxy:3128"
	return kind[string]{what: what, hidden: true, parse: func(s string) (string, *complaint) {
		u, c := webURL(s, "http", "https")
		if c != nil {
			return "", c
		}
		if u.Path != "" && u.Path != "/" {
			return "", &complaint{hint: "leave out the path"}
		}
		return u.Scheme + "://" + u.Host, nil
	}}
}

// webURL parses a URL and checks what is the same for all of them.
func webURL(s string, schemes ...string) (*url.URL, *complaint) {
	if strings.Contains(s, "@") {
		return nil, &complaint{"a secret must not stand here", "leave out user:password@"}
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		hint := ""
		if !strings.Contains(s, "://") {
			hint = "it starts with " + strings.Join(schemes, ":// or ") + "://"
		}
		return nil, &complaint{hint: hint}
	}
	host, ok := hostOrIP(u.Hostname())
	if !ok {
		return nil, &complaint{hint: "the host is not a name or an address"}
	}
	_, portOK := port(u.Port())
	switch {
	case !slices.Contains(schemes, u.Scheme):
		return nil, &complaint{hint: "it starts with " + strings.Join(schemes, ":// or ") + "://"}
	case u.Port() != "" && !portOK, strings.HasSuffix(u.Host, ":"):
		return nil, &complaint{hint: "a port is a number from 1 to 65535"}
	case u.RawQuery != "", u.ForceQuery, u.Fragment != "", strings.HasSuffix(s, "#"):
		return nil, &complaint{hint: "leave out what follows ? or #"}
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p := u.Port(); p != "" {
		host += ":" + p
	}
	u.Host = host
	return u, nil
}

func ip() kind[string] {
	return kind[string]{what: "an IP address such as 203.0.113.7", parse: func(s string) (string, *complaint) {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
			return "", &complaint{}
		}
		return a.Unmap().String(), nil
	}}
}

// addresses is an address or a range of them; an address stands for itself.
func addresses() kind[string] {
	return kind[string]{what: "an IP address or a range such as 203.0.113.0/29", parse: func(s string) (string, *complaint) {
		if p, err := netip.ParsePrefix(s); err == nil {
			if p != p.Masked() {
				return "", &complaint{hint: "did you mean " + p.Masked().String() + "?"}
			}
			return p.String(), nil
		}
		return ip().parse(s)
	}}
}

func resolver() kind[netip.AddrPort] {
	return kind[netip.AddrPort]{what: "IP:port such as 192.0.2.53:53", parse: func(s string) (netip.AddrPort, *complaint) {
		if a, err := netip.ParseAddr(s); err == nil {
			return netip.AddrPort{}, &complaint{hint: "did you mean " + netip.AddrPortFrom(a, 53).String() + "?"}
		}
		a, err := netip.ParseAddrPort(s)
		if err != nil || a.Port() == 0 {
			return netip.AddrPort{}, &complaint{}
		}
		return a, nil
	}}
}

// countries are the officially assigned two-letter codes of ISO 3166-1, and XK, which
// Microsoft's and other lists use for Kosovo.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW " +
	"BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK " +
	"FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS " +
	"IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM " +
	"MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS " +
	"PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK " +
	"TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

func country() kind[string] {
	const what = "a country as two letters of ISO 3166-1 such as DE"
	return kind[string]{what: what, parse: func(s string) (string, *complaint) {
		known := strings.Fields(countries)
		switch upper := strings.ToUpper(s); {
		case slices.Contains(known, s):
			return s, nil
		case slices.Contains(known, upper):
			return "", &complaint{hint: fmt.Sprintf("did you mean %q?", upper)}
		case upper == "UK":
			return "", &complaint{hint: `did you mean "GB"?`}
		}
		return "", &complaint{}
	}}
}

var dateShape = pattern(`^\d{4}-\d{2}-\d{2}$`)

// date is a calendar day. Days before 2000 are typing errors, and the zero Date is "not said".
func date() kind[Date] {
	return kind[Date]{
		what: "a date such as 2026-03-31", tags: []string{textTag, timeTag},
		parse: func(s string) (Date, *complaint) {
			if !dateShape().MatchString(s) {
				return Date{}, &complaint{}
			}
			t, err := time.Parse(time.DateOnly, s)
			if err != nil {
				return Date{}, &complaint{"not a day of the calendar", ""}
			}
			if t.Year() < 2000 {
				return Date{}, &complaint{"before the year 2000", "check the year"}
			}
			return Date{t}, nil
		},
	}
}

func moment() kind[time.Time] {
	return kind[time.Time]{
		what: "a time with its zone such as 2026-11-20T09:00:00Z", tags: []string{textTag, timeTag},
		parse: func(s string) (time.Time, *complaint) {
			t, err := time.Parse(time.RFC3339, s)
			if err != nil {
				return time.Time{}, &complaint{}
			}
			if t.Year() < 2000 {
				return time.Time{}, &complaint{"before the year 2000", "check the year"}
			}
			return t, nil
		},
	}
}

// checkIDs are the troubles that a symptom or a waiver can name. They are part of every
// report and never change their meaning.
func checkIDs() []string {
	return []string{"LIC-01", "ACC-01", "BND-01", "MFA-01", "GDM-01", "SPM-01", "TLS-01"}
}

var causeShape = pattern(`^([A-Z]{3}-\d{2})\.([CXF])[1-9]$`)

// cause is the id of a cause. Whether there is such a cause is the checks' to say.
func cause() kind[string] {
	return kind[string]{what: "the id of a cause such as MFA-01.C1", parse: func(s string) (string, *complaint) {
		m := causeShape().FindStringSubmatch(s)
		switch {
		case m == nil:
			return "", &complaint{hint: "casdoctor list shows the ids"}
		case m[2] == "F":
			return "", &complaint{hint: "this is the id of a fix; a waiver accepts a cause"}
		case !slices.Contains(checkIDs(), m[1]):
			return "", &complaint{hint: "casdoctor list shows the ids"}
		}
		return s, nil
	}}
}

// domain is an entry of an internal-domain list. Admins write them in many ways; those that
// mean the same domain become the same text, in the letters of DNS. What cannot be a domain
// stays as it is written: that the console has such an entry is worth a finding, so it is
// not refused here.
func domain() kind[string] {
	k := word("a domain such as contoso.com")
	nonEmpty := k.parse
	k.parse = func(s string) (string, *complaint) {
		s, c := nonEmpty(s)
		if c != nil {
			return "", c
		}
		return normalDomain(s), nil
	}
	return k
}

func normalDomain(entry string) string {
	d := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(entry), "."))
	for _, prefix := range []string{"smtp:", "@", "*."} {
		d = strings.TrimPrefix(d, prefix)
	}
	if _, err := netip.ParseAddr(d); err == nil || d == "" || strings.ContainsAny(d, " \t/:@*") {
		return entry
	}
	// MapForLookup also turns the ideographic full stop U+3002 into a dot (UTS #46, 4).
	ascii, err := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false)).ToASCII(d)
	if err != nil || strings.Trim(ascii, ".") == "" {
		return entry
	}
	return strings.TrimSuffix(ascii, ".")
}

// path is a file or folder; relative ones start at the configuration's folder.
func (l *loader) path(what string) kind[string] {
	k := word(what)
	nonEmpty := k.parse
	k.parse = func(s string) (string, *complaint) {
		s, c := nonEmpty(s)
		if c != nil {
			return "", c
		}
		return l.resolve(s), nil
	}
	return k
}

// pattern is a path whose last parts may hold * and ?.
func (l *loader) pattern(what string) kind[string] {
	k := l.path(what)
	resolved := k.parse
	k.parse = func(s string) (string, *complaint) {
		if _, err := filepath.Match(s, ""); err != nil {
			return "", &complaint{"not a pattern of file names", "check the brackets"}
		}
		return resolved(s)
	}
	return k
}

// tokenFile is a file that must be there; the platform keeps it fresh, so it is not read now.
func (l *loader) tokenFile() kind[string] {
	k := l.path("a file")
	resolved := k.parse
	k.parse = func(s string) (string, *complaint) {
		s, c := resolved(s)
		if c != nil || l.outline {
			return s, c
		}
		if info, err := os.Stat(s); err != nil {
			return "", &complaint{"cannot read " + s + ": " + reason(err), "relative paths start at the folder of the configuration"}
		} else if !info.Mode().IsRegular() {
			return "", &complaint{s + " is not a regular file", "name a file"}
		}
		return s, nil
	}
	return k
}

// certificates is a PEM file with at least one certificate.
func (l *loader) certificates() kind[string] {
	k := l.path("a PEM file of certificates")
	resolved := k.parse
	k.parse = func(s string) (string, *complaint) {
		s, c := resolved(s)
		if c != nil || l.outline {
			return s, c
		}
		data, c := readFile(s, anyone)
		if c != nil {
			return "", c
		}
		for rest := data; ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				return "", &complaint{"no certificate in " + s, "it must be PEM: -----BEGIN CERTIFICATE-----"}
			}
			if _, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
				return s, nil
			}
		}
	}
	return k
}
