package checks

import (
	"net/netip"
	"slices"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/internal/mailtrace"
	"github.com/casdoctor/casdoctor/internal/spf"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// One message of SPM-01: what its headers show, whatever the policies say.

// failing: a message fails the checks in the back end.
func failing(m facts.Message, o organisation) Claim {
	if m.Headers.Value == nil {
		return unknown(unreadable(m))
	}
	return whole(m, backEnd(*m.Headers.Value, o))
}

// whole: headers of which a part is missing can show that something is wrong, never that
// nothing is.
func whole(m facts.Message, c Claim) Claim {
	if m.Headers.Complete() {
		return c
	}
	return anyOf(c, unknown(unreadable(m)))
}

// unreadable is the reason why a message says nothing.
func unreadable(m facts.Message) Reason {
	switch why := orMalformed(m.Headers.Why()); why.Kind {
	case facts.NotFound, facts.Forbidden, facts.Malformed:
		return because("message_"+string(why.Kind), "file", m.File, "detail", why.Detail)
	default:
		return failed("message", why)
	}
}

// MailContext is what is known about the organisation that a message is judged for.
type MailContext struct {
	Internal *[]string // the internal domains; nil: not known
	Tenant   string    // the directory id; "": not known
	Relays   []string  // addresses or ranges of Cloud App Security's relays
}

// MailJudgement is what Cloud App Security makes of one message, as far as its headers show.
type MailJudgement struct {
	Sender  Claim // the sender's domain does not count as internal (SPM-01.X1)
	BackEnd Claim // the message fails the checks for forged internal mail (SPM-01.C2)
	Why     []Why // why the message is taken for external or forged, the cause first
	// Deciding are the results of where the message first came in; nil when it has none.
	Deciding *facts.AuthResult
}

// Why is a row of the table of causes that fits a message, and the way out of it.
type Why struct {
	Reason
	Fix Text `json:"fix"`
	// Header is what the row rests on: from, reply_to, return_path, spf, dkim, dmarc, or exchange for the
	// stamps of Exchange Online.
	Header string `json:"header,omitempty"`
	// Presumed: it fits if the results and stamps are of Exchange Online, which the message, for lack
	// of its way, does not show.
	Presumed bool `json:"presumed,omitempty"`
}

// Explains reports whether the row is why a message has its verdict. Some are true of it and not the
// reason: the reasons of the verdict say more then.
func (w Why) Explains(verdict string) bool {
	switch mailtrace.Row(w.Code) {
	case mailtrace.Authenticated, mailtrace.FilterBypassed, mailtrace.ListedDifferently, mailtrace.Unexplained:
		return false
	case mailtrace.RelayLoop:
		return verdict != Unknown.String()
	default:
		return true
	}
}

// JudgeMail judges one message by itself, whatever the policies say.
func JudgeMail(h facts.MailHeaders, c MailContext) MailJudgement {
	o := organisation{internal: newDomainList(c.Internal), tenant: c.Tenant, relays: ranges(c.Relays)}
	j := MailJudgement{Sender: foreignSender(h, o.internal), BackEnd: backEnd(h, o), Why: whyOutside(h, o)}
	if d := mailtrace.Decide(h, o.relays); d.OK {
		j.Deciding = &d.Result
	}
	for _, c := range []*Claim{&j.Sender, &j.BackEnd} {
		for i := range c.Reasons {
			c.Reasons[i].Text = sentence(c.Reasons[i], mailWords)
		}
	}
	return j
}

// organisation is what a message is judged against.
type organisation struct {
	internal domainList
	tenant   string
	relays   []netip.Prefix
	verified []string     // the domains of the tenant
	initial  string       // the first of them, such as contoso.onmicrosoft.com
	zone     maildns.Zone // the recorded DNS answers, and the SPF policies in them; nil without them
	policies *spf.Checker
}

// ranges are addresses and ranges of addresses; the configuration takes no others.
func ranges(list []string) (out []netip.Prefix) {
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		} else if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// known is the organisation as the table of causes asks for it.
func (o organisation) known() mailtrace.Known {
	return mailtrace.Known{
		Tenant: o.tenant, Relays: o.relays, List: o.internal.membership,
	}
}

// whyOutside are the rows of the table of causes that fit, with their words.
func whyOutside(h facts.MailHeaders, o organisation) (out []Why) {
	for _, c := range mailtrace.Explain(h, o.known()) {
		r := because(string(c.Row), c.Args...)
		words := outsideWords[c.Row]
		r.Text = words.why.with(r.Args, spmWords)
		out = append(out, Why{Reason: r, Fix: words.fix.with(r.Args, spmWords), Header: words.header(r.Args["what"]), Presumed: c.Presumed})
	}
	return out
}

// backEnd: SPF fails, or a header names another domain that is not internal.
func backEnd(h facts.MailHeaders, o organisation) Claim {
	spf, envelope := spfFails(h, o)
	internal := o.internal
	claims := []Claim{
		spf, strangeHeader(h, "reply_to", h.ReplyTo, internal), strangeHeader(h, "return_path", h.ReturnPath, internal),
	}
	// The last server writes the envelope sender into Return-Path (RFC 5321, 4.4), but a sender can
	// write one too. The address that SPF was checked for is the server's own word.
	if envelope != "" && (h.ReturnPath == nil || !names(h.ReturnPath, envelope)) {
		claims = append(claims, strangeHeader(h, "envelope", &facts.Mailboxes{Domains: []string{envelope}}, internal))
	}
	if envelope == "" && spf.Verdict == Refuted { // nobody says whom the result is for
		claims = append(claims, unknown(because("envelope_not_said")))
	}
	return o.explained(anyOf(claims...), h, mailtrace.Decide(h, o.relays).Result)
}

// explained: a message that fails gets the reasons that DNS has besides SPF.
func (o organisation) explained(c Claim, h facts.MailHeaders, r facts.AuthResult) Claim {
	if c.Verdict >= Supported {
		c.Reasons = append(c.Reasons, o.besides(h, r)...)
	}
	return c
}

func names(m *facts.Mailboxes, domain string) bool {
	return slices.ContainsFunc(m.Domains, func(d string) bool { return domainKey(d) == domainKey(domain) })
}

// spfFails judges SPF where the message first came in, and gives the domain that was checked.
func spfFails(h facts.MailHeaders, o organisation) (c Claim, envelope string) {
	d := mailtrace.Decide(h, o.relays)
	r := d.Result
	switch {
	case d.OK && r.SPF != nil:
	case d.Reinjected:
		return unknown(because("spf_of_relay")), ""
	case ofExchangeInside(h):
		return recomputed(h, o), ""
	case !d.OK && len(h.Results) > 0, h.OtherResults > 0:
		return unknown(because("spf_of_others")), ""
	default:
		return unknown(because("spf_missing")), ""
	}
	args := []string{"result", r.SPF.Result, "domain", r.SPF.Domain, "ip", r.SPF.IP}
	// The words of RFC 7208, 2.6.
	switch r.SPF.Result {
	case "fail", "softfail":
		c = confirmed(Observed, append([]Reason{because("spf_failed", args...)}, o.policyReasons(*r.SPF)...)...)
	case "permerror":
		c = supported(Observed, append([]Reason{because("spf_permerror", args...)}, o.policyReasons(*r.SPF)...)...)
	case "temperror":
		c = unknown(because("spf_temperror", args...))
	case "pass", "neutral", "none":
		c = refuted(Observed, because("spf_not_failed", args...))
		switch {
		case d.Proven: // by the declared addresses of the relay
			c.Basis = Declared
		case d.Reinjected:
			c = unknown(because("spf_below_relay", append(args, "relay", d.Relay)...))
		}
	default:
		c = unknown(because("spf_word_unknown", args...))
	}
	if d.Reinjected {
		c.Reasons = append(c.Reasons, because("relay_left_out"))
	}
	return c, r.SPF.Domain
}

// recomputed: Exchange Online has no SPF result for mail inside the tenant. Who computes one from
// the hops gets a failure, because its own network is in no record.
func recomputed(h facts.MailHeaders, o organisation) Claim {
	c := unknown(because("spf_not_inside"))
	if h.From == nil || len(h.From.Domains) == 0 {
		return c
	}
	for _, hop := range h.Received {
		if !mailtrace.OnBackbone(hop) {
			continue
		}
		if r := o.evaluate(hop.IP, h.From.Domains[0]); r != nil && (r.Result == spf.Fail || r.Result == spf.SoftFail) {
			return supported(Inferred, because("spf_recomputed", "result", string(r.Result), "domain", h.From.Domains[0], "ip", hop.IP), c.Reasons[0])
		}
		break
	}
	return c
}

// ofExchangeInside: Exchange Online calls the message internal and gives it no SPF result, as it
// does with mail between mailboxes of one tenant.
func ofExchangeInside(h facts.MailHeaders) bool {
	return mailtrace.Inside(h) && h.OtherResults == 0 &&
		!slices.ContainsFunc(h.Results, func(r facts.AuthResult) bool { return r.SPF != nil })
}

// strangeHeader: a header names a domain that differs from the sender's and is not internal.
func strangeHeader(h facts.MailHeaders, what string, m *facts.Mailboxes, internal domainList) Claim {
	var claims []Claim
	switch {
	case m == nil:
		return refuted(Observed, because("header_absent", "what", what))
	case m.Unreadable, m.Domains == nil:
		claims = append(claims, unknown(because("address_unreadable", "what", what)))
	case len(m.Domains) == 0:
		return refuted(Observed, because("header_empty", "what", what))
	}
	for _, d := range m.Domains {
		if domainKey(d) != "" && h.From != nil && names(h.From, d) {
			claims = append(claims, refuted(Observed, because("same_as_sender", "what", what, "domain", d)))
			continue
		}
		claims = append(claims, internal.lacks(what, d))
	}
	return anyOf(claims...)
}

// foreignSender: a domain of the sender is not in the list.
func foreignSender(h facts.MailHeaders, internal domainList) Claim {
	if h.From == nil || len(h.From.Domains) == 0 {
		return unknown(because("no_sender"))
	}
	var claims []Claim
	if h.From.Unreadable {
		claims = append(claims, unknown(because("address_unreadable", "what", "from")))
	}
	for _, d := range h.From.Domains {
		claims = append(claims, internal.lacks("from", d))
	}
	return anyOf(claims...)
}

// domainList are the internal domains, or why they are not known.
type domainList struct {
	internalList
	why *Reason
}

// organisationOf is the organisation of the run.
func organisationOf(x *Exam) organisation {
	o := organisation{internal: internalDomains(x)}
	if cas := Read(x, facts.DeclaredCAS); cas.Value != nil && cas.Value.Relays != nil {
		o.relays = ranges(*cas.Value.Relays)
	}
	if dns := Read(x, facts.MailDNS); dns.Value != nil {
		o.zone = maildns.NewZone(dns.Value.Answers)
		o.policies = spf.New(o.zone)
	}
	// What is known of the tenant makes a reason fuller and decides nothing.
	if t := Aside(x, facts.M365Tenant); t.Value != nil {
		o.tenant = t.Value.ID
		for _, d := range t.Value.VerifiedDomains {
			o.verified = append(o.verified, d.Name)
			if d.IsInitial != nil && *d.IsInitial {
				o.initial = domainKey(d.Name)
			}
		}
		if all := t.Value.Domains.Value; all != nil && o.initial == "" {
			for _, d := range *all {
				if d.IsInitial != nil && *d.IsInitial {
					o.initial = domainKey(d.ID)
				}
			}
		}
	}
	return o
}

func internalDomains(x *Exam) domainList {
	list, why := internalListOf(x)
	return domainList{list, why}
}

// newDomainList reads entries as they are written.
func newDomainList(entries *[]string) domainList {
	if entries == nil {
		why := because("internal_not_named")
		return domainList{why: &why}
	}
	var l domainList
	for i, e := range *entries {
		l.internalList = append(l.internalList, newEntry(e, i+1))
	}
	return l
}

// membership is the same for the table of causes. A name in another spelling than the list has it
// in is listed as far as this goes, and a difference all the same: how Cloud App Security compares
// them is not documented.
func (l domainList) membership(domain string) mailtrace.Membership {
	key := domainKey(domain)
	if l.why != nil || key == "" {
		return mailtrace.Undecided
	}
	switch has, _ := l.of(key); {
	case has == blank:
		return mailtrace.Undecided
	case has == absent:
		return mailtrace.Missing
	case has == listed && l.spelt(domain):
		return mailtrace.Listed
	default:
		return mailtrace.Related
	}
}

// lacks: a domain is not in the list. Whether a listed domain stands for its sub-domains is not
// documented, so that theirs is a likelihood only.
func (l domainList) lacks(what, domain string) Claim {
	key := domainKey(domain)
	switch {
	case l.why != nil:
		return unknown(*l.why)
	case key == "":
		return unknown(because("address_unreadable", "what", what))
	}
	has, entry := l.of(key)
	args := entry.args("what", what, "domain", domain)
	switch has {
	case listed:
		return refuted(Declared, because("domain_listed", args...))
	case blank:
		return unknown(because("list_broken", args...))
	case byWildcard:
		return supported(Declared, because("only_wildcard", args...))
	case byParent:
		return supported(Declared, because("subdomain_listed", append(args, "parent", entry.key)...))
	case within:
		return supported(Declared, because("entry_garbled", args...))
	default:
		return confirmed(Declared, because("domain_not_listed", args...))
	}
}
