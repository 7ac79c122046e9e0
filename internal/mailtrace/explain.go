package mailtrace

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/internal/dmarc"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Row is a row of the table of causes: why a message that looks internal is taken for external
// or forged. Each has its own way out. The words are part of casdoctor.mail/v1.
type Row string

// The rows, in the order in which they are tried.
const (
	SenderNotListed   Row = "sender_not_listed"     // the sender's domain is not in the internal domains
	OtherNotListed    Row = "other_not_listed"      // Reply-To, Return-Path or envelope names a stranger
	InsideTenant      Row = "inside_tenant"         // Exchange Online calls it internal; SPF cannot pass on its own network
	HybridSPF         Row = "hybrid_spf"            // it calls it internal, from on premises, and SPF does not pass
	HybridUnbelieved  Row = "hybrid_not_attributed" // the on-premises server's stamps were not believed
	RelayLoop         Row = "relay_loop"            // a gateway brought it in again
	DirectSend        Row = "direct_send"           // a device or application of the organisation, without sign-in
	ServiceSends      Row = "service_sends"         // a third party's service that SPF does not name
	Authenticated     Row = "authenticated_outside" // SPF or DMARC passed, and still it came from outside
	SelfSpoof         Row = "self_spoof"            // Microsoft itself calls it spoofing of one's own domain
	DMARCEnforced     Row = "dmarc_enforced"        // DMARC failed under quarantine or reject
	WeakRecords       Row = "weak_records"          // no records, or weak ones
	RecordBroken      Row = "record_broken"         // permerror
	DNSFailed         Row = "dns_failed"            // temperror, or a key that DNS did not give in time
	BodyChanged       Row = "body_changed"          // changed after it was signed
	FilterBypassed    Row = "filter_bypassed"       // a rule let it past Microsoft's filter
	OtherTenant       Row = "other_tenant"          // internal, but of another tenant
	StrayStamps       Row = "stray_stamps"          // results or stamps that Exchange Online did not write
	WayMissing        Row = "way_missing"           // no Received: nothing shows who wrote its results and stamps
	ListedDifferently Row = "listed_differently"    // only a parent or another spelling is listed
	Unexplained       Row = "unexplained"           // none of these
)

// Membership is what the internal domains say of a domain.
type Membership int8

// The answers. The zero value says nothing.
const (
	Undecided Membership = iota
	Listed
	Related // a listed one is its parent, or the same name spelt otherwise
	Missing
)

// Known is what is known about the organisation besides the message. What is left out is not
// known, and no row rests on it then.
type Known struct {
	Tenant string                         // the directory id
	List   func(domain string) Membership // the internal domains
	Relays []netip.Prefix                 // of Cloud App Security's inline protection
}

// Cause is a row that fits a message, with what it names: argument and value by turns.
type Cause struct {
	Row  Row
	Args []string
	// Presumed: it fits if Exchange Online wrote the results and stamps, which a message without its
	// way cannot show. It tells what a whole copy will most likely be found to be.
	Presumed bool
}

// Explain finds the rows that fit, in their order: the first one is the cause, the others are
// there besides, and the presumed ones come last. There is always one.
func Explain(h facts.MailHeaders, k Known) []Cause {
	out := fitting(h, k)
	has := func(row Row) bool { return slices.ContainsFunc(out, func(c Cause) bool { return c.Row == row }) }
	if has(WayMissing) {
		h.Received = []facts.Hop{{By: "mail.protection.outlook.com"}}
		for _, c := range fitting(h, k) {
			if c.Presumed = true; !has(c.Row) {
				out = append(out, c)
			}
		}
	}
	if out == nil {
		out = []Cause{{Row: Unexplained}}
	}
	return out
}

func fitting(h facts.MailHeaders, k Known) (out []Cause) {
	m := newMessage(h, k)
	for _, r := range table {
		if args, fits := r.fits(m); fits {
			out = append(out, Cause{Row: r.row, Args: args})
		}
	}
	return out
}

// Inside reports whether Exchange Online calls a message internal to its tenant: the stamp is
// believed only in a copy that Microsoft's own servers delivered last, since they strip it from
// what comes in from outside.
func Inside(h facts.MailHeaders) bool { return newMessage(h, Known{}).authAs == "internal" }

// message is a message with what its headers amount to.
type message struct {
	facts.MailHeaders
	known    Known
	decision Decision
	authAs   string   // in lower case; "" when it is not there or not believed
	stray    []string // headers that Exchange Online did not write
	from     []string
}

func newMessage(h facts.MailHeaders, k Known) *message {
	if k.List == nil {
		k.List = func(string) Membership { return Undecided }
	}
	m := &message{MailHeaders: h, known: k, decision: Decide(h, k.Relays), stray: slices.Clone(h.Odd)}
	if h.From != nil {
		m.from = h.From.Domains
	}
	const stamp = "X-MS-Exchange-Organization-AuthAs"
	if h.AuthAs != nil {
		as := strings.ToLower(*h.AuthAs)
		switch {
		case slices.Contains(h.Odd, stamp):
		case !received(h, 0), !slices.Contains([]string{"internal", "anonymous", "external", "partner"}, as):
			m.stray = append(m.stray, stamp)
		default:
			m.authAs = as
		}
	}
	// These are stamps like it: a copy that another server delivered can have them of anybody.
	if !received(h, 0) {
		if m.CrossTenant != nil {
			m.stray, m.CrossTenant = append(m.stray, "X-MS-Exchange-CrossTenant"), nil
		}
		if m.Forefront != nil {
			m.stray, m.Forefront = append(m.stray, "X-Forefront-Antispam-Report"), nil
		}
	}
	for _, r := range h.Results {
		if r.Hop != nil && ofExchange(r.Header) && r.Header != originalResults && !received(h, *r.Hop) {
			if !slices.Contains(m.stray, r.Header) {
				m.stray = append(m.stray, r.Header)
			}
		}
	}
	return m
}

// outside: it came from outside of the tenant, as far as Exchange Online says. Without the stamp
// an SPF result says so: inside, none is recorded.
func (m *message) outside() bool {
	return m.authAs == "anonymous" || m.authAs == "" && m.spf() != ""
}

// spf is the result where the message first came in, in the words of RFC 7208, 2.6.
func (m *message) spf() string {
	if !m.decision.OK || m.decision.Result.SPF == nil {
		return ""
	}
	return m.decision.Result.SPF.Result
}

func (m *message) spfFailed() bool { return m.spf() == "fail" || m.spf() == "softfail" }

// sender is the address that the message came in from, and its name, as Microsoft saw them.
func (m *message) sender() (ip, host string) {
	if r := m.decision.Result; m.decision.OK {
		if r.SPF != nil {
			ip = r.SPF.IP
		}
		if hop := m.Received[*r.Hop]; !m.decision.Reinjected || m.decision.Proven {
			host = hop.From
			if ip == "" {
				ip = hop.IP
			}
		}
	}
	if cip := m.Forefront["CIP"]; ip == "" && cip != submittedInside {
		ip = cip
	}
	// The name that DNS has for the address is Microsoft's own finding; the other one is only claimed.
	if ptr := strings.ToLower(m.Forefront["PTR"]); ptr != "" && m.Forefront["CIP"] == ip {
		host = ptr
	}
	return ip, host
}

// submittedInside is the connecting address of mail that a mailbox of Exchange Online sends.
const submittedInside = "255.255.255.255"

// ours: every domain of the sender is one of the internal domains, as far as they are known.
func (m *message) ours() bool {
	return len(m.from) > 0 && !slices.ContainsFunc(m.from, func(d string) bool {
		is := m.known.List(d)
		return is != Listed && is != Related
	})
}

func (m *message) firstFrom() string {
	if len(m.from) == 0 {
		return ""
	}
	return m.from[0]
}

// aligned: a domain is of the sender's organisation (RFC 7489, 3.1, relaxed).
func (m *message) aligned(domain string) bool {
	return slices.ContainsFunc(m.from, func(f string) bool { return dmarc.Aligned(f, domain, false) })
}

// ownTenant: the tenant that the message says it is internal to is the configured one, or none
// is named.
func (m *message) ownTenant() bool {
	c := m.CrossTenant
	return c == nil || c.ID == nil || m.known.Tenant == "" || strings.EqualFold(*c.ID, m.known.Tenant)
}

func said(v *string, word string) bool { return v != nil && strings.EqualFold(*v, word) }

func (m *message) hybrid() bool {
	return m.Promoted || m.CrossTenant != nil && said(m.CrossTenant.FromEntity, "HybridOnPrem")
}

// table has the rows in the order in which they are tried.
var table = []struct {
	row  Row
	fits func(*message) (args []string, fits bool)
}{
	{SenderNotListed, func(m *message) ([]string, bool) {
		for _, d := range m.from {
			if m.known.List(d) == Missing {
				return []string{"domain", d}, true
			}
		}
		return nil, false
	}},
	{OtherNotListed, otherNotListed},
	{InsideTenant, insideTenant},
	{HybridSPF, func(m *message) ([]string, bool) {
		spf := m.spf()
		ip, _ := m.sender()
		return []string{"result", spf, "ip", ip, "domain", m.envelope()},
			m.authAs == "internal" && m.hybrid() && slices.Contains([]string{"neutral", "softfail", "fail"}, spf)
	}},
	{HybridUnbelieved, func(m *message) ([]string, bool) {
		return nil, m.authAs == "anonymous" && m.Preserved && !m.Promoted
	}},
	{RelayLoop, relayLoop},
	{DirectSend, func(m *message) ([]string, bool) {
		ip, host := m.sender()
		_, known := serviceOf(host)
		return []string{"result", m.spf(), "ip", ip, "host", host, "domain", m.envelope()},
			m.strangerAsUs() && !known
	}},
	{ServiceSends, func(m *message) ([]string, bool) {
		ip, host := m.sender()
		s, known := serviceOf(host)
		return []string{"result", m.spf(), "ip", ip, "service", s.name, "include", s.include, "domain", m.envelope()},
			m.strangerAsUs() && known
	}},
	{Authenticated, func(m *message) ([]string, bool) {
		r := m.decision.Result
		passed := r.DMARC != nil && r.DMARC.Result == "pass"
		failed := r.DMARC != nil && r.DMARC.Result == "fail" // a strict record demands more
		spf := m.spf() == "pass" && m.aligned(r.SPF.Domain) && !failed
		how := "DMARC"
		if !passed {
			how = "SPF"
		}
		believed := !m.decision.Reinjected || m.decision.Proven
		return []string{"how", how}, m.outside() && m.ours() && believed && (passed || spf)
	}},
	{SelfSpoof, func(m *message) ([]string, bool) {
		result, reason := m.compAuth()
		cat := strings.ToUpper(m.Forefront["CAT"])
		by := "CAT:" + cat
		own := result == "fail" && (reason == "010" || strings.HasPrefix(reason, "6"))
		if own {
			by = "compauth=fail reason=" + reason
		}
		return []string{"by", by}, own || cat == "SPOOF" || cat == "INTOS"
	}},
	{DMARCEnforced, compAuthFailed("000")},
	{WeakRecords, compAuthFailed("001")},
	{RecordBroken, func(m *message) ([]string, bool) {
		r := m.decision.Result
		switch {
		case m.spf() == "permerror":
			return []string{"what", "SPF", "domain", m.envelope()}, true
		case r.DMARC != nil && r.DMARC.Result == "permerror":
			return []string{"what", "DMARC", "domain", m.firstFrom()}, true
		}
		return nil, false
	}},
	{DNSFailed, func(m *message) ([]string, bool) {
		r := m.decision.Result
		if m.spf() == "temperror" {
			return []string{"what", "SPF", "domain", m.envelope()}, true
		}
		for _, d := range r.DKIM {
			if d.Result == "timeout" || d.Result == "temperror" || d.Reason == "key query timeout" {
				return []string{"what", "DKIM", "domain", d.Domain}, true
			}
		}
		return []string{"what", "DMARC", "domain", m.firstFrom()}, r.DMARC != nil && r.DMARC.Result == "temperror"
	}},
	{BodyChanged, func(m *message) ([]string, bool) {
		for _, d := range m.decision.Result.DKIM {
			if d.Result == "fail" && d.Reason == bodyChanged && m.aligned(d.Domain) {
				return []string{"domain", d.Domain}, true
			}
		}
		return nil, false
	}},
	{FilterBypassed, func(m *message) ([]string, bool) {
		result, reason := m.compAuth()
		sfv, ipv := strings.ToUpper(m.Forefront["SFV"]), strings.ToUpper(m.Forefront["IPV"])
		switch {
		case slices.Contains([]string{"SKN", "SKA", "SFE"}, sfv):
			return []string{"by", "SFV:" + sfv}, true
		case ipv == "CAL":
			return []string{"by", "IPV:CAL"}, true
		}
		return []string{"by", "compauth=none reason=" + reason}, result == "none" && reason != "" && strings.ContainsAny(reason[:1], "349")
	}},
	{OtherTenant, func(m *message) ([]string, bool) {
		c := m.CrossTenant
		if c == nil || !said(c.AuthAs, "Internal") || m.authAs == "internal" && m.ownTenant() {
			return nil, false
		}
		id := ""
		if c.ID != nil {
			id = *c.ID
		}
		if id != "" && strings.EqualFold(id, m.known.Tenant) {
			return nil, false
		}
		// Without the tenant's id a copy that left the tenant cannot be told from another's.
		return []string{"tenant", id}, m.authAs == "anonymous" || !m.ownTenant() || m.known.Tenant == ""
	}},
	{StrayStamps, func(m *message) ([]string, bool) {
		stray := m.stray
		if len(m.Received) == 0 {
			stray = m.Odd // those are wrong by themselves
		}
		return []string{"headers", strings.Join(stray, ", ")}, len(stray) > 0
	}},
	{WayMissing, func(m *message) ([]string, bool) {
		unshown := slices.DeleteFunc(slices.Clone(m.stray), func(s string) bool { return slices.Contains(m.Odd, s) })
		return []string{"headers", strings.Join(unshown, ", ")}, len(unshown) > 0 && len(m.Received) == 0
	}},
	{ListedDifferently, func(m *message) ([]string, bool) {
		for _, d := range m.from {
			if m.known.List(d) == Related {
				return []string{"domain", d}, true
			}
		}
		return nil, false
	}},
}

// envelope is the domain that SPF was checked for; the sender's, when there is none.
func (m *message) envelope() string {
	if m.decision.OK && m.decision.Result.SPF != nil && m.decision.Result.SPF.Domain != "" {
		return m.decision.Result.SPF.Domain
	}
	return m.firstFrom()
}

func (m *message) compAuth() (result, reason string) {
	if c := m.decision.Result.CompAuth; c != nil {
		return c.Result, c.Reason
	}
	return "", ""
}

func compAuthFailed(with string) func(*message) ([]string, bool) {
	return func(m *message) ([]string, bool) {
		result, reason := m.compAuth()
		domain := m.firstFrom()
		if d := m.decision.Result.DMARC; domain == "" && d != nil {
			domain = d.Domain // header.from
		}
		return []string{"domain", domain, "reason", reason}, result == "fail" && reason == with
	}
}

// otherNotListed: the envelope is Microsoft's own word, the headers are the message's.
func otherNotListed(m *message) ([]string, bool) {
	if !m.ours() {
		return nil, false
	}
	for _, o := range []struct {
		what    string
		domains *facts.Mailboxes
	}{
		{"reply_to", m.ReplyTo},
		{"return_path", m.ReturnPath},
		{"envelope", &facts.Mailboxes{Domains: []string{m.envelope()}}},
	} {
		if o.domains == nil {
			continue
		}
		for _, d := range o.domains.Domains {
			own := slices.ContainsFunc(m.from, func(f string) bool { return maildns.Name(f) == maildns.Name(d) })
			if !own && m.known.List(d) == Missing {
				return []string{"what", o.what, "domain", d}, true
			}
		}
	}
	return nil, false
}

// backbone are the addresses between Exchange Online's own servers. They are in no SPF record,
// which spf.protection.outlook.com shows at any time.
var backbone = netip.MustParsePrefix("2603:1000::/24")

// OnBackbone reports whether a hop lies between Exchange Online's own servers.
func OnBackbone(hop facts.Hop) bool {
	a, err := netip.ParseAddr(hop.IP)
	return err == nil && backbone.Contains(a) && ofMicrosoft(hop.By)
}

// insideTenant: Exchange Online calls it internal to this tenant and recorded no SPF result, as
// it does between the mailboxes of one tenant. Who computes SPF from the hops gets a failure. The
// id of a tenant is public, so that it says nothing where the stamp says otherwise.
func insideTenant(m *message) ([]string, bool) {
	internal := m.authAs == "internal"
	if c := m.CrossTenant; m.authAs == "" && c != nil && said(c.AuthAs, "Internal") && c.ID != nil && m.known.Tenant != "" {
		internal = m.ownTenant()
	}
	noResult := m.spf() == "" || strings.EqualFold(m.Forefront["SFV"], "SKI") || m.Forefront["CIP"] == submittedInside
	if !internal || !m.ownTenant() || m.hybrid() || !noResult {
		return nil, false
	}
	args := []string{"domain", m.firstFrom()}
	for _, hop := range m.Received {
		if OnBackbone(hop) {
			args = append(args, "ip", hop.IP)
			break
		}
	}
	return args, true
}

// relayLoop: the message was at Microsoft before, and something that is not Microsoft brought
// it in again, so that Exchange Online sees the gateway's address. With enhanced filtering it
// looks past the gateway. Where SPF failed before the relay of Cloud App Security, the loop is not
// to blame: whoever sent the message had no right to the domain. Nor is there one where the hops below
// name that relay and Exchange Online had the message from somebody else.
func relayLoop(m *message) ([]string, bool) {
	if m.SkippedTo != "" || !m.outside() && !m.decision.Reinjected || !m.ours() {
		return nil, false
	}
	if m.decision.Reinjected {
		if m.spfFailed() {
			return nil, false
		}
		return []string{"ip", m.decision.Relay, "gateway", "Cloud App Security"}, true
	}
	if !m.decision.OK {
		return nil, false
	}
	entry := *m.decision.Result.Hop
	below := m.Received[entry+1:]
	gateway := slices.IndexFunc(below, func(h facts.Hop) bool { return h.By != "" && !ofMicrosoft(h.By) })
	if gateway < 0 || OfCAS(below[gateway].By) || !slices.ContainsFunc(below[gateway:], func(h facts.Hop) bool { return ofMicrosoft(h.By) }) {
		return nil, false
	}
	return []string{"ip", m.Received[entry].IP, "gateway", below[gateway].By}, true
}

// strangerAsUs: mail with an internal sender came in from outside, and SPF does not let its
// address send.
func (m *message) strangerAsUs() bool {
	_, loop := relayLoop(m)
	return m.outside() && m.ours() && m.spfFailed() && !loop
}

// service is a sender for many, with what to put into an SPF record for it.
type service struct{ name, include string }

// services are those that organisations often let send in their name, by the ends of their hosts'
// names, with the include that the service's own page asks for. A service that wants its own envelope
// domain (HubSpot, Mailchimp's campaigns) fails no SPF of the organisation and has no place here.
var services = map[string]service{
	"amazonses.com":   {"Amazon SES", "amazonses.com"},                            // SES Developer Guide, "Authenticating Email with SPF"
	"sendgrid.net":    {"SendGrid", "sendgrid.net"},                               // Twilio SendGrid, "SPF Records"
	"mailgun.net":     {"Mailgun", "mailgun.org"},                                 // Mailgun, "Domain Verification"
	"mailgun.org":     {"Mailgun", "mailgun.org"},                                 // the same
	"mailjet.com":     {"Mailjet", "spf.mailjet.com"},                             // Mailjet, "Authenticating Domains with SPF and DKIM"
	"mandrillapp.com": {"Mailchimp Transactional", "spf.mandrillapp.com"},         // Mailchimp, "Set up a sending domain"
	"salesforce.com":  {"Salesforce", "_spf.salesforce.com"},                      // Salesforce Help 000382664
	"exacttarget.com": {"Salesforce Marketing Cloud", "cust-spf.exacttarget.com"}, // Marketing Cloud, "Sender Policy Framework"
	"zendesk.com":     {"Zendesk", "mail.zendesk.com"},                            // Zendesk Help 115015746187
	"freshdesk.com":   {"Freshdesk", "email.freshdesk.com"},                       // Freshdesk, "SPF record"
	"google.com":      {"Google Workspace", "_spf.google.com"},                    // Google Workspace Admin Help 33786
}

func serviceOf(host string) (service, bool) {
	for end, s := range services {
		if within(host, end) {
			return s, true
		}
	}
	return service{}, false
}
