package mail

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/casdoctor/casdoctor/internal/dmarc"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/internal/spf"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// dnsTimeout bounds all look-ups together. It leaves the probe time to return what was
	// answered: what was not is a timeout of its own.
	dnsTimeout = recordsTimeout - 5*time.Second
	// maxDomains bounds the domains that are asked about: what a large organisation has. A message
	// can name any domain, and many messages many.
	maxDomains = 200
	// maxQuestions bounds the look-ups of a run: about twenty for each domain.
	maxQuestions = 20 * maxDomains
	// maxSenders bounds the addresses per domain that its policy is evaluated for; only
	// policies with ptr or macros need a look-up of their own for each.
	maxSenders = 20
	// maxAnswer bounds the text of one answer. The longest honest ones are TXT records, and no
	// SPF record of that size could be evaluated.
	maxAnswer = 16 << 10
)

// dnsProbe records the answers that decide what becomes of the organisation's mail.
func dnsProbe() probes.Probe {
	return probes.New(facts.MailDNS, probes.Probe{
		Doc: "Looks up what DNS says about the mail of every internal domain, verified tenant domain and sender of an affected " +
			"message, with the configured resolver: the SPF policy with all that it includes, DMARC, the DKIM selectors of Exchange Online, and MX.",
		Section: "cas", Timeout: recordsTimeout,
		After: []string{facts.M365Tenant.Name, facts.MailMessages.Name, facts.CASDetections.Name},
	}, func(ctx context.Context, env *probes.Env) (facts.MailAnswers, error) {
		var internal []string
		if cas := env.Config.CAS; cas != nil {
			internal = cas.InternalDomains.Items
		}
		asked := mailDomains(internal, probes.Fact(env, facts.M365Tenant),
			seenHeaders(probes.Fact(env, facts.MailMessages), probes.Fact(env, facts.CASDetections)))
		if len(asked) == 0 {
			return facts.MailAnswers{}, &facts.Failure{
				Kind: facts.NotDeclared, Detail: "no domain is known: cas.internal_domains is not declared, and neither the tenant nor a message names one",
			}
		}
		ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
		defer cancel()
		rec, err := recorder(env)
		if err != nil {
			return facts.MailAnswers{}, err
		}
		return answers(ctx, rec, asked, cmp.Or(env.Limits.Parallel, parallel)), nil
	})
}

// recorder is that of the run: the probes of this package ask each question once.
func recorder(env *probes.Env) (*maildns.Recorder, error) {
	return probes.Once(env, "mail.dns", func() (*maildns.Recorder, error) {
		return maildns.Record(resolver{env.HTTP.Resolver()}, maxQuestions), nil
	})
}

// mailDomain is a domain to ask about, and the clients that sent in its name.
type mailDomain struct {
	name    string
	senders []client
}

type client struct {
	ip   netip.Addr
	helo string
}

// seenHeaders are those of the messages that the admin named, and of the detected ones.
func seenHeaders(messages facts.Seen[[]facts.Message], detected facts.Seen[facts.DetectionSet]) (out []*facts.MailHeaders) {
	if messages.Value != nil {
		for _, m := range *messages.Value {
			out = append(out, m.Headers.Value)
		}
	}
	if detected.Value != nil && detected.Value.List.Value != nil {
		for _, d := range *detected.Value.List.Value {
			out = append(out, d.Headers.Value)
		}
	}
	return slices.DeleteFunc(out, func(h *facts.MailHeaders) bool { return h == nil })
}

// mailDomains are the domains to ask about: the internal ones first, those of the tenant, and
// those of the messages.
func mailDomains(internal []string, tenant facts.Seen[facts.Tenant], messages []*facts.MailHeaders) []mailDomain {
	var out []mailDomain
	add := func(name string) *mailDomain {
		name = maildns.Name(name)
		if !askable(name) || !strings.Contains(name, ".") {
			return &mailDomain{}
		}
		i := slices.IndexFunc(out, func(d mailDomain) bool { return d.name == name })
		if i < 0 {
			i = len(out)
			out = append(out, mailDomain{name: name})
		}
		return &out[i]
	}
	for _, name := range slices.Sorted(slices.Values(internal)) {
		add(name)
	}
	if tenant.Value != nil {
		for _, d := range tenant.Value.VerifiedDomains {
			add(d.Name)
		}
	}
	for _, h := range messages {
		for _, name := range senders(h) {
			d := add(name)
			for _, c := range clients(h) {
				if len(d.senders) < maxSenders && !slices.Contains(d.senders, c) {
					d.senders = append(d.senders, c)
				}
			}
		}
	}
	return out
}

// senders are the domains that a message comes from, by its headers.
func senders(h *facts.MailHeaders) []string {
	var out []string
	for _, m := range []*facts.Mailboxes{h.From, h.ReturnPath} {
		if m != nil {
			out = append(out, m.Domains...)
		}
	}
	for _, r := range h.Results {
		if r.SPF != nil {
			out = append(out, r.SPF.Domain)
		}
	}
	return out
}

// clients are the public addresses that a server may have judged the message by.
func clients(h *facts.MailHeaders) []client {
	var out []client
	add := func(ip, helo string) {
		a, err := netip.ParseAddr(ip)
		if err != nil || !a.IsGlobalUnicast() || a.IsPrivate() {
			return
		}
		out = append(out, client{a.Unmap(), helo})
	}
	for _, hop := range h.Received {
		add(hop.IP, hop.From)
	}
	for _, r := range h.Results {
		if r.SPF != nil && !slices.ContainsFunc(h.Received, func(hop facts.Hop) bool { return hop.IP == r.SPF.IP }) {
			add(r.SPF.IP, "")
		}
	}
	return out
}

// answers asks about every domain, and returns what was answered until ctx ends.
func answers(ctx context.Context, rec *maildns.Recorder, domains []mailDomain, limit int) facts.MailAnswers {
	out := facts.MailAnswers{Domains: []string{}, Omitted: max(0, len(domains)-maxDomains)}
	slots := make(chan struct{}, limit)
	var wg sync.WaitGroup
	for _, d := range domains[:min(len(domains), maxDomains)] {
		out.Domains = append(out.Domains, d.name)
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ask(ctx, rec, d)
		})
	}
	wg.Wait()
	slices.Sort(out.Domains)
	out.Answers, out.Refused = rec.Answers(), rec.Refused()
	return out
}

// ask asks all that an evaluation will want to know about one domain.
func ask(ctx context.Context, rec *maildns.Recorder, d mailDomain) {
	checker := spf.New(rec)
	checker.Tree(ctx, d.name)
	for _, c := range d.senders {
		checker.Check(ctx, spf.Query{IP: c.ip, Helo: c.helo, Sender: "@" + d.name})
	}
	dmarc.Discover(ctx, rec, d.name)
	dmarc.Walk(ctx, rec, d.name)
	_, _ = rec.Lookup(ctx, d.name, facts.TypeMX)
	for _, s := range maildns.Selectors(d.name) {
		_, _ = rec.Lookup(ctx, s, facts.TypeCNAME)
		_, _ = rec.Lookup(ctx, s, facts.TypeTXT)
	}
}

// askable: package net asks about the name. It takes any other for one that does not exist,
// which nobody has said.
func askable(name string) bool {
	return name != "" && len(name) <= 253 && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// resolver asks a name server.
type resolver struct{ net *net.Resolver }

// Lookup is one question. A failure says what is known: that there is no such record, or why it
// was not found out.
func (r resolver) Lookup(ctx context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	if !askable(name) {
		return nil, &facts.Failure{Kind: facts.Malformed, Code: "not_a_domain", Detail: "this is not a domain"}
	}
	found, err := r.records(ctx, name, rr)
	size := 0
	for i := range found {
		found[i] = strings.ToValidUTF8(found[i], "\ufffd")
		size += len(found[i])
	}
	switch {
	case err != nil:
		return nil, refused(err)
	case len(found) == 0:
		return nil, noRecord()
	case size > maxAnswer:
		return nil, &facts.Failure{Kind: facts.Malformed, Code: "too_large", Detail: "the answer is longer than 16 KiB"}
	}
	slices.Sort(found) // DNS answers in any order
	return found, nil
}

func (r resolver) records(ctx context.Context, name string, rr facts.RRType) (out []string, err error) {
	absolute := name + "." // no search list
	switch rr {
	case facts.TypeTXT:
		texts, err := r.net.LookupTXT(ctx, absolute)
		for _, t := range texts {
			out = append(out, policyOnly(t))
		}
		return out, err
	case facts.TypeA, facts.TypeAAAA:
		network := map[facts.RRType]string{facts.TypeA: "ip4", facts.TypeAAAA: "ip6"}[rr]
		addresses, err := r.net.LookupNetIP(ctx, network, absolute)
		for _, a := range addresses {
			out = append(out, a.Unmap().WithZone("").String())
		}
		return out, err
	case facts.TypeMX:
		hosts, err := r.net.LookupMX(ctx, absolute)
		for _, h := range hosts {
			out = append(out, strconv.Itoa(int(h.Pref))+" "+bare(h.Host))
		}
		return out, err
	case facts.TypePTR:
		names, err := r.net.LookupAddr(ctx, address(name))
		for _, n := range names {
			out = append(out, bare(n))
		}
		return out, err
	case facts.TypeCNAME:
		target, err := r.net.LookupCNAME(ctx, absolute)
		if target = bare(target); target != name && target != "" {
			out = append(out, target)
		}
		return out, err
	}
	return nil, &facts.Failure{Kind: facts.Internal, Detail: "a type of DNS records that casdoctor does not ask for: " + string(rr)}
}

func bare(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// policyOnly is a text that concerns mail. Any other is kept as "", so that only its being there
// is known: a domain's texts hold the proofs of ownership for all kinds of services.
func policyOnly(text string) string {
	lower := strings.ToLower(text)
	for _, word := range []string{"spf", "dmarc", "dkim", "k=rsa", "p="} {
		if strings.Contains(lower, word) {
			return text
		}
	}
	return ""
}

// address is that of a name in the reverse tree, as package net wants it.
func address(name string) string {
	if v4, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		parts := strings.Split(v4, ".")
		slices.Reverse(parts)
		return strings.Join(parts, ".")
	}
	digits := strings.Split(strings.TrimSuffix(name, ".ip6.arpa"), ".")
	slices.Reverse(digits)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && i%4 == 0 {
			b.WriteByte(':')
		}
		b.WriteString(d)
	}
	return b.String()
}

// noRecord is the answer of a name server that there is none.
func noRecord() *facts.Failure {
	return &facts.Failure{Kind: facts.NotFound, Code: "no_record", Detail: "no such record is published"}
}
