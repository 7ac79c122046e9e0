package checks

import (
	"context"
	"net/netip"
	"strconv"

	"github.com/casdoctor/casdoctor/internal/spf"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// What the recorded DNS answers say of the SPF of a message: the term that decided, the look-up
// too many, the mistake. They are of the time of the run, which may be later than the message.

// evaluate is SPF for an address that sends for a domain; nil when that was not recorded.
func (o organisation) evaluate(ip, domain string) *spf.Report {
	a, err := netip.ParseAddr(ip)
	if o.policies == nil || err != nil || domain == "" {
		return nil
	}
	r := o.policies.Check(context.Background(), spf.Query{IP: a, Sender: "@" + domain})
	if r.Result == spf.TempError {
		return nil
	}
	return r
}

// policyReasons say why SPF ended as it did.
func (o organisation) policyReasons(v facts.AuthVerdict) []Reason {
	r := o.evaluate(v.IP, v.Domain)
	switch {
	case r == nil:
		if v.Result == "permerror" { // the mistake is in the record, whoever sends
			return o.mistakes(v.Domain)
		}
		return nil
	case r.Result == spf.Pass:
		return []Reason{because("spf_passes_today", "domain", v.Domain, "ip", v.IP)}
	case r.Result == spf.PermError, r.Result == spf.None:
		if r.Why == nil {
			return nil
		}
		return []Reason{spfReason(r.Why)}
	case string(r.Result) != v.Result:
		return []Reason{because("spf_differs_today", "domain", v.Domain, "ip", v.IP, "result", string(r.Result))}
	}
	visit, step := r.Decided()
	if step == nil {
		return nil
	}
	return []Reason{because("spf_decided_by", "domain", visit.Domain, "term", step.Term.Text,
		"at", strconv.Itoa(step.Term.Start+1), "ip", v.IP)}
}

// mostMistakes bounds what is said of one policy: after a few the owner has enough to do.
const mostMistakes = 3

// mistakes are the errors in the SPF policy of a domain, with all that it includes.
func (o organisation) mistakes(domain string) (out []Reason) {
	if o.policies == nil || domain == "" {
		return nil
	}
	for _, p := range o.policies.Tree(context.Background(), domainKey(domain)).All() {
		if p.Warning() || len(out) == mostMistakes {
			break // errors come first
		}
		if p.Code != spf.NotFoundOut { // which is no mistake of the owner
			out = append(out, spfReason(p))
		}
	}
	return out
}

// lookups are the DNS look-ups that the policy of a domain needs; false when they are not known.
func (o organisation) lookups(domain string) (int, bool) {
	if o.policies == nil || domain == "" {
		return 0, false
	}
	t := o.policies.Tree(context.Background(), domainKey(domain))
	return t.Lookups, len(t.Records) == 1
}
