// Package tlspath says what stands between this machine and the console, from what each step of
// the way met: the name, the connection, the proxy, the hellos of known shape, the certificate.
//
// One failed handshake is never enough to blame the way. What decides is how the answers to
// several hellos differ; the patterns stand in signatures, as data. Each situation has a code,
// what it is a case of (nothing reaches the console, or something else answers), its sentence
// and its remedy.
//
// What belongs here: the situations and how they are recognised, as pure functions of facts.
// What does not: looking (package probes/console), and the verdict about somebody's console
// (package checks). What was seen from this machine says nothing of another one's way.
package tlspath

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Cause is what a situation is a case of.
type Cause string

// The causes, by the ids of the check that judges them; None is for what is in order, or no
// trouble by itself.
const (
	Unreached Cause = "TLS-01.X1" // the console cannot be reached from here
	Between   Cause = "TLS-01.X2" // something on the way answers in its place, or breaks TLS
	None      Cause = ""
)

// Code names a situation.
type Code string

// Finding is a situation that was recognised, with what its sentences name.
type Finding struct {
	Situation
	Args map[string]string // host, port, proxy, status, …: see Text
}

// Diagnose lists the situations that the facts show, the one that decides first. It is empty
// when the facts do not tell any apart.
func Diagnose(c facts.Console) []Finding {
	d := diagnosis{c: c, args: map[string]string{"host": c.Host, "port": strconv.Itoa(c.Port), "asked": c.Host}}
	if c.Proxy != nil {
		d.args["proxy"], d.args["asked"] = *c.Proxy, *c.Proxy
	}
	if d.name(); len(d.found) == 0 {
		d.connection()
	}
	if len(c.Hellos) > 0 {
		d.hellos()
	}
	d.certificate()
	d.remarks()
	slices.SortStableFunc(d.found, func(a, b Finding) int { return weight(a) - weight(b) })
	return d.found
}

// weight: what is certain comes first, then what is likely, then remarks.
func weight(f Finding) int {
	switch {
	case f.Cause == None:
		return 2
	case !f.Sure:
		return 1
	default:
		return 0
	}
}

type diagnosis struct {
	c     facts.Console
	args  map[string]string
	found []Finding
}

func (d *diagnosis) add(code Code, more ...string) {
	args := map[string]string{}
	for k, v := range d.args {
		args[k] = v
	}
	for i := 0; i+1 < len(more); i += 2 {
		args[more[i]] = more[i+1]
	}
	d.found = append(d.found, Finding{situations[code], args})
}

func (d *diagnosis) name() {
	if d.c.Addresses.Value != nil {
		return
	}
	switch why := d.c.Addresses.Why(); why.Kind {
	case facts.NotFound:
		d.add(NameUnknown)
	case facts.Unavailable:
		d.add(NameRefused)
	case facts.Timeout, facts.Unreachable:
		d.add(NameSilent)
	}
}

// connection reads how the attempts to connect ended.
func (d *diagnosis) connection() {
	var outcomes []facts.Outcome
	for _, a := range d.c.Connects {
		if a.Outcome == facts.OutcomeOK {
			d.families()
			return
		}
		outcomes = append(outcomes, a.Outcome)
	}
	if len(outcomes) == 0 {
		return
	}
	last := d.c.Connects[len(d.c.Connects)-1]
	status := strconv.Itoa(last.Status)
	has := func(o facts.Outcome) bool { return slices.Contains(outcomes, o) }
	switch {
	case has(facts.OutcomeProxyAuth):
		d.add(ProxyAuth, "status", status, "scheme", last.Auth)
	case has(facts.OutcomeProxyRefused) && last.Status >= 500:
		d.add(ProxyCannotReach, "status", status)
	case has(facts.OutcomeProxyRefused) && last.Status == 400, has(facts.OutcomeProxyRefused) && last.Status == 405,
		has(facts.OutcomeProxyRefused) && last.Status/100 == 3, d.c.Proxy != nil && has(facts.OutcomeFailed):
		d.add(NotAProxy, "status", status)
	case has(facts.OutcomeProxyRefused):
		d.add(ProxyDenied, "status", status)
	case d.c.Proxy != nil:
		d.add(ProxyUnreached, "outcome", string(last.Outcome))
	case d.sinkholed():
		d.add(NameSinkholed, "address", last.Address)
	case has(facts.OutcomeRefused):
		d.add(PortRefused)
	case has(facts.OutcomeUnreachable):
		d.add(NoRoute)
	case has(facts.OutcomeTimeout):
		d.add(PortSilent)
	}
}

// sinkholed: all addresses are "this host" or loopback, which no console has.
func (d *diagnosis) sinkholed() bool {
	all := d.c.Addresses.Value
	return d.c.Proxy == nil && all != nil && len(*all) > 0 && d.named() && !slices.ContainsFunc(*all, func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err != nil || !a.IsLoopback() && !a.IsUnspecified() && !(a.Is4() && a.As4()[0] == 0)
	})
}

// named is whether the console is meant by a name, not by an address.
func (d *diagnosis) named() bool {
	_, err := netip.ParseAddr(d.c.Host)
	return err != nil && d.c.Host != "localhost"
}

// families: one of the two families of addresses does not connect, and the other does.
func (d *diagnosis) families() {
	good, bad := map[bool]bool{}, map[bool]bool{}
	for _, a := range d.c.Connects {
		if to, err := netip.ParseAddrPort(a.Address); err == nil {
			if a.Outcome == facts.OutcomeOK {
				good[to.Addr().Is4()] = true
			} else {
				bad[to.Addr().Is4()] = true
			}
		}
	}
	for is4, family := range map[bool]string{true: "IPv4", false: "IPv6"} {
		if bad[is4] && !good[is4] && good[!is4] {
			d.add(FamilyBroken, "family", family)
		}
	}
}

// hellos finds the signature that fits.
func (d *diagnosis) hellos() {
	v := vectorOf(d.c.Hellos)
	if v.modern&answered != 0 {
		d.answered(v)
		return
	}
	if d.c.Local != nil && d.c.Local.Altered {
		d.add(LocalFilter)
	}
	for _, s := range signatures {
		if s.fits(v) {
			code := s.code
			if code == PlainHTTP && d.c.Proxy != nil {
				code = ProxyOwnPage // it said 200, and then spoke for itself
			}
			d.add(code, "first", v.first, "alert", v.alerts, "versions", v.oldVersions)
			break
		}
	}
}

// answered: the hello of a current browser was answered. What else was?
func (d *diagnosis) answered(v vector) {
	switch {
	case v.sentinel:
		d.add(HelloEdited)
	case v.oldVersions != "":
		d.add(OldAnswered, "versions", v.oldVersions)
	case v.modern&new13 != 0 && v.tls12 == version:
		d.add(OnlyTLS13)
	default:
		d.add(Answered)
	}
	if v.weak&answered != 0 {
		d.add(WeakAnswered, "suite", v.weakSuite)
	}
	if d.c.Page != nil && (d.c.Page.ProxyError != "" || d.c.Proxy != nil && (d.c.Page.Status == 407 || d.c.Page.Status == 511)) {
		d.add(ProxyErrorPage, "status", strconv.Itoa(d.c.Page.Status), "error", d.c.Page.ProxyError)
	}
	if v.noSNI&(refused|reset|closed) != 0 {
		d.add(SNIRequired)
	}
}

// gateways are words in the names of issuers that belong to devices and programs which inspect
// TLS. The list of tailscale.com/net/tlsdial/blockblame was the start; the others are the names
// of products of the kind.
var gateways = []string{
	"Aruba", "Avast", "Bitdefender", "Blue Coat", "Check Point", "Cisco", "ESET", "Forcepoint", "Fortinet", "FortiGate", "Huawei",
	"InterScan", "IWSA", "Kaspersky", "McAfee", "mitmproxy", "Netskope", "PAN-FW", "Palo Alto", "Sophos", "SSL Inspection",
	"Symantec Web", "Trend Micro Web Security", "UniFi", "Ubiquiti", "WatchGuard", "Zscaler",
}

func (d *diagnosis) certificate() {
	c := d.c.Certificate.Value
	if c == nil || c.Verified == nil {
		return
	}
	args := []string{"issuer", c.Issuer, "subject", c.Subject}
	gateway := slices.ContainsFunc(gateways, func(name string) bool {
		return strings.Contains(strings.ToLower(c.Issuer), strings.ToLower(name))
	})
	switch {
	case *c.Verified && c.Public != nil && !*c.Public:
		if gateway || c.SCTs != nil && *c.SCTs == 0 {
			d.add(PrivateRoot, args...)
		}
	case *c.Verified:
	case c.Problem == "expired":
		d.add(CertificateExpired, args...)
	case c.Problem == "not_yet_valid":
		d.add(CertificateNotYet, args...)
	case c.Problem == "wrong_host":
		d.add(CertificateOtherHost, args...)
	case c.SelfSigned:
		d.add(CertificateSelfSigned, args...)
	case gateway:
		d.add(Inspected, args...)
	default:
		d.add(CertificateUnknown, args...)
	}
}

// remarks are about odd addresses and the way without the proxy.
func (d *diagnosis) remarks() {
	c := d.c
	proven := c.Certificate.Value != nil && c.Certificate.Value.Verified != nil && *c.Certificate.Value.Verified
	if c.Addresses.Value != nil && c.Proxy == nil && d.named() && !proven {
		switch same := d.catchAll(); {
		case same:
			d.add(NameCatchAll)
		case !d.has(NameSinkholed) && slices.ContainsFunc(*c.Addresses.Value, func(s string) bool {
			a, err := netip.ParseAddr(s)
			return err == nil && Odd(a)
		}):
			d.add(NamePrivate, "addresses", strings.Join(*c.Addresses.Value, ", "))
		}
	}
	if c.Proxy == nil || c.Direct == nil {
		return
	}
	switch through := len(c.Hellos) > 0; {
	case through && c.Direct.Outcome != facts.OutcomeOK:
		d.add(OnlyThroughProxy, "outcome", string(c.Direct.Outcome))
	case !through && c.Direct.Outcome == facts.OutcomeOK:
		d.add(OnlyDirect)
	}
}

// catchAll: the resolver gives the console's addresses for a name that does not exist, too.
func (d *diagnosis) catchAll() bool {
	n := d.c.NoSuchName
	return n != nil && n.Value != nil && len(*n.Value) > 0 && !slices.ContainsFunc(*n.Value, func(a string) bool {
		return !slices.Contains(*d.c.Addresses.Value, a)
	})
}

func (d *diagnosis) has(code Code) bool {
	return slices.ContainsFunc(d.found, func(f Finding) bool { return f.Code == code })
}
