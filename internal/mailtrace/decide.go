package mailtrace

import (
	"net/netip"
	"slices"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Decision is what Exchange Online found when a message first came in.
type Decision struct {
	Result facts.AuthResult
	OK     bool // there is one
	// Reinjected says that results of a re-injection by Cloud App Security were left out, and
	// Relay is the address that it came from.
	Reinjected bool
	Relay      string
	// Proven says that the re-injection came from an address that is known to be the relay's,
	// and that the relay had the message from Exchange Online: what stands below is Microsoft's.
	Proven bool
	// Conflict says that the results contradict each other or the message, so that none counts.
	Conflict Conflict
}

// Conflict is how results contradict.
type Conflict string

// The ways.
const (
	TwoResults   Conflict = "two_results"   // of SPF, for the same address, at the same hop
	OtherMessage Conflict = "other_message" // DMARC was checked for another sender than From names
)

// Contradicted finds what contradicts one of the results of a message. An SPF result without an
// address is for the same one.
func Contradicted(h facts.MailHeaders, r facts.AuthResult) Conflict {
	differs := func(o facts.AuthResult) bool {
		same := o.Hop != nil && r.Hop != nil && *o.Hop == *r.Hop && o.SPF != nil && ofExchange(o.Header) && o.Header != originalResults
		return same && (o.SPF.IP == "" || r.SPF.IP == "" || o.SPF.IP == r.SPF.IP) && o.SPF.Result != r.SPF.Result
	}
	if r.SPF != nil && r.Header != originalResults && slices.ContainsFunc(h.Results, differs) {
		return TwoResults
	}
	if r.DMARC == nil || r.DMARC.Domain == "" || h.From == nil || h.From.Unreadable || len(h.From.Domains) == 0 {
		return ""
	}
	if checked := maildns.Name(r.DMARC.Domain); checked != "" && !slices.ContainsFunc(h.From.Domains, func(d string) bool { return maildns.Name(d) == checked }) {
		return OtherMessage
	}
	return ""
}

// Decide finds the results that count: the topmost, except those of the re-injection by Cloud
// App Security, which were found for the relay's address and say nothing about the sender.
//
// Results count only where Microsoft received the message, and every hop above was received by
// Microsoft or by Cloud App Security: all lower ones may be anybody's.
//
// A relay is known by the name that it gives itself, and a forgery can give itself that name:
// then results may be passed over that speak of the sender, and those below be written by it. So
// a result below a re-injection that is not proven can show that a message fails, never that it
// does not. Its address proves it, because Microsoft wrote that down: relays are the addresses
// that are known to be the relay's.
func Decide(h facts.MailHeaders, relays []netip.Prefix) Decision {
	var d Decision
	relay, others := -1, false // results that were passed over name another address than the relay's
	for i, c := range h.Results {
		if c.Hop == nil || !ofExchange(c.Header) {
			return d
		}
		if at, is := reinjection(h, c, relays); is {
			relay = max(relay, at)
			d.Reinjected, d.Relay = true, h.Received[relay].IP
			others = others || c.SPF != nil && c.SPF.IP != "" && c.SPF.IP != h.Received[at].IP
			continue
		}
		switch {
		case !d.Reinjected && c.Header == originalResults:
			continue // of a server before Exchange Online, which renamed it
		case !received(h, *c.Hop, relays), d.Reinjected && !passedRelay(h, relay, *c.Hop), !d.Reinjected && belowRelay(h, *c.Hop, relays):
			return d
		}
		r := completed(c, h.Results[i+1:])
		if d.Conflict = Contradicted(h, r); d.Conflict != "" {
			return d
		}
		d.Result, d.OK = r, true
		d.Proven = d.Reinjected && !others && seen(h, *c.Hop, relays)
		return d
	}
	return d
}

// InPrefixes reports whether an address is in one of the prefixes.
func InPrefixes(ip string, prefixes []netip.Prefix) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// exchangeSends are the addresses that Exchange Online sends mail from ("Office 365 URLs and IP
// address ranges", Exchange Online, id 10, *.mail.protection.outlook.com, TCP 25). One that
// Microsoft adds later is not known, which leaves a message undecided, never decided wrongly.
var exchangeSends = []netip.Prefix{
	netip.MustParsePrefix("40.92.0.0/15"), netip.MustParsePrefix("40.107.0.0/16"), netip.MustParsePrefix("52.100.0.0/14"),
	netip.MustParsePrefix("104.47.0.0/17"), netip.MustParsePrefix("2a01:111:f400::/48"), netip.MustParsePrefix("2a01:111:f403::/48"),
}

// SentByExchange reports whether an address is one that Exchange Online sends mail from.
func SentByExchange(ip string) bool { return InPrefixes(ip, exchangeSends) }

// seen: every hop above is of a server that wrote down where it had the message from, by its address:
// Microsoft's, which had it from one of its own or from the relay, and the relay's, which had it from
// Exchange Online. It goes down from the top, because below a hop of anybody else all is the sender's.
func seen(h facts.MailHeaders, hop int, relays []netip.Prefix) bool {
	relayed := false // whose hop comes next is the relay's
	for _, above := range h.Received[:hop] {
		a, err := netip.ParseAddr(above.IP)
		switch {
		case relayed && (err != nil || !OfCAS(above.By)):
			return false
		case relayed && !a.IsPrivate():
			if relayed = false; !InPrefixes(above.IP, exchangeSends) {
				return false
			}
		case relayed:
		case !ofMicrosoft(above.By):
			return false
		case InPrefixes(above.IP, relays):
			relayed = true
		case !betweenServers(above):
			return false
		}
	}
	return !relayed
}

// belowRelay: Cloud App Security, or what calls itself so, had the message above the hop, or brought it
// in, and no results of that were passed over.
func belowRelay(h facts.MailHeaders, hop int, relays []netip.Prefix) bool {
	return slices.ContainsFunc(h.Received[:hop], func(above facts.Hop) bool {
		a, err := netip.ParseAddr(above.IP)
		handed := err == nil && a.IsPrivate() || InPrefixes(above.IP, exchangeSends)
		return OfCAS(above.From) && !OfCAS(above.By) || InPrefixes(above.IP, relays) || OfCAS(above.By) && !handed
	})
}

// The headers with results that Exchange Online writes or renames.
const (
	spfResult       = "received-spf"
	originalResults = "authentication-results-original"
)

func ofExchange(header string) bool {
	return slices.Contains([]string{"authentication-results", originalResults, "x-ms-exchange-authentication-results", spfResult}, header)
}

// reinjection is the hop at which the relay of Cloud App Security sent a message in again, if
// the results are of that.
func reinjection(h facts.MailHeaders, r facts.AuthResult, relays []netip.Prefix) (hop int, is bool) {
	relay := func(h facts.Hop) bool { return OfCAS(h.From) || InPrefixes(h.IP, relays) }
	if *r.Hop >= 0 && *r.Hop < len(h.Received) && relay(h.Received[*r.Hop]) {
		return *r.Hop, true
	}
	// A server further up may have stamped them, or the same one below its own hop.
	for i, hop := range h.Received {
		if i > *r.Hop && !ofMicrosoft(hop.By) {
			break // from here on the hops may be anybody's
		}
		if r.SPF != nil && r.SPF.IP != "" && hop.IP == r.SPF.IP && relay(hop) {
			return i, true
		}
	}
	return 0, false
}

// received: Microsoft wrote the hop, and nobody else could write above it, other than Cloud App Security
// or who calls itself so.
func received(h facts.MailHeaders, hop int, relays []netip.Prefix) bool {
	if hop < 0 || hop >= len(h.Received) || !ofMicrosoft(h.Received[hop].By) {
		return false
	}
	return !slices.ContainsFunc(h.Received[:hop], func(above facts.Hop) bool {
		switch {
		case OfCAS(above.By):
			return false
		case !ofMicrosoft(above.By):
			return true
		}
		return !OfCAS(above.From) && !InPrefixes(above.IP, relays) && !betweenServers(above)
	})
}

// betweenServers: Microsoft had the message from a server of its own. Below a hop that it had from an
// address of the Internet everything is the sender's. In some regions its front servers have addresses
// of its outgoing mail; mail from outside comes in at mail.protection.outlook.com only.
func betweenServers(hop facts.Hop) bool {
	a, err := netip.ParseAddr(hop.IP)
	front := within(hop.By, "outlook.office365.com") && within(hop.From, "prod.protection.outlook.com") && frontServers.Contains(a)
	return err != nil || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || backbone.Contains(a) || front
}

// frontServers are in exchangeSends as well.
var frontServers = netip.MustParsePrefix("2a01:111:f400::/48")

// passedRelay: mail that the relay sent on came to the relay before.
func passedRelay(h facts.MailHeaders, relay, hop int) bool {
	return relay < hop && slices.ContainsFunc(h.Received[relay+1:hop], func(between facts.Hop) bool { return OfCAS(between.By) })
}

// completed adds the other methods to the header that is for SPF alone. SPF itself is never
// taken from another header than the topmost: where Exchange Online recorded none, a lower one
// is the sender's.
func completed(r facts.AuthResult, others []facts.AuthResult) facts.AuthResult {
	if r.Header != spfResult {
		return r
	}
	for _, o := range others {
		if o.Hop != nil && *o.Hop == *r.Hop && o.Header != originalResults && o.Header != spfResult {
			r.DKIM, r.DMARC, r.CompAuth = o.DKIM, o.DMARC, o.CompAuth
			break
		}
	}
	return r
}
