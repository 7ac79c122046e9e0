// Package dmarc reads DMARC policies and finds the one that holds for a domain: by RFC 7489, which
// most receivers still follow, and by RFC 9989, which replaces it and may lead elsewhere.
//
// What belongs here: the record, the organizational domain, alignment, and the discovery over a
// resolver's answers, live or recorded. What does not: asking DNS (probes/mail), SPF (package spf),
// and what a policy means for a message (package checks). The package does no I/O.
package dmarc

import (
	"context"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Discovery is the policy that holds for the domain of a From header.
type Discovery struct {
	Domain string `json:"domain"` // in A-labels
	// Organizational is the domain that alignment is relaxed to.
	Organizational string `json:"organizational"`
	// At is the domain whose record holds; "" when none does, or when it is broken.
	At     string  `json:"at,omitempty"`
	Record *Record `json:"record,omitempty"`
	// Policy is what holds for the domain: p, or sp of a record above it; "" without a record.
	Policy   Policy     `json:"policy,omitempty"`
	Problems []*Problem `json:"problems,omitempty"`
	// Failure is why it was not found out what holds, or, beside a Record, what the organizational
	// domain is.
	Failure *facts.Failure `json:"failure,omitempty"`
}

// Discover finds the policy of a domain by RFC 7489, 6.6.3: its own record, or that of its
// organizational domain.
func Discover(ctx context.Context, r maildns.Resolver, domain string) *Discovery {
	domain = maildns.Name(domain)
	d := &Discovery{Domain: domain, Organizational: OrganizationalDomain(domain)}
	for _, at := range []string{domain, d.Organizational} {
		found := published(ctx, r, at)
		d.Problems = append(d.Problems, found.problems...)
		if found.failure != nil {
			d.Failure = found.failure
			return d
		}
		// Any record ends the search. More than one, or a broken one, means that DMARC is not
		// applied.
		if found.record != nil {
			d.hold(at, found.record, "sp")
		}
		if found.any || at == d.Organizational {
			return d
		}
	}
	return d
}

// Walk finds the policy of a domain by RFC 9989, 4.10: up the tree of names. A policy for
// names that do not exist (np) is not looked at: that would need to know whether the domain does.
func Walk(ctx context.Context, r maildns.Resolver, domain string) *Discovery {
	domain = maildns.Name(domain)
	d := &Discovery{Domain: domain, Organizational: domain}
	records := map[string]*Record{}
	for at := domain; at != ""; at = parent(at) {
		found := published(ctx, r, at)
		d.Problems = append(d.Problems, found.problems...)
		if found.failure != nil {
			d.Failure = found.failure
			if own := records[domain]; own != nil {
				d.hold(domain, own, "sp", "np")
			}
			return d
		}
		if found.record == nil {
			continue // also with more than one, which count as none
		}
		records[at] = found.record
		d.Organizational = at // the last one has the fewest labels
		if found.record.PSD == "y" && at != domain {
			d.Organizational = below(domain, at)
		}
		if found.record.PSD == "y" || found.record.PSD == "n" {
			break
		}
	}
	suffix := parentOf(d.Organizational)
	for _, at := range []string{domain, d.Organizational, suffix} {
		if rec := records[at]; rec != nil && (at != suffix || rec.PSD == "y") {
			d.hold(at, rec, "sp", "np")
			break
		}
	}
	return d
}

// hold takes the record for the one that holds. Without a sound p, or with a broken policy for
// other names, it means no policy, or none where it wants reports (RFC 7489, 6.6.3; RFC 9989,
// 4.10.1).
func (d *Discovery) hold(at string, r *Record, others ...string) {
	policy := r.Policy
	if at != d.Domain && r.Subdomains != "" {
		policy = r.Subdomains
	}
	if r.Policy == "" || r.broken(others) {
		if !r.Reports {
			return
		}
		policy = NonePolicy
	}
	d.At, d.Record, d.Policy = at, r, policy
}

// Differs reports whether the two ways lead to another policy, or to another domain to align with.
func Differs(a, b *Discovery) bool {
	return a.At != b.At || a.Policy != b.Policy || a.Organizational != b.Organizational
}

// publication is what a domain publishes.
type publication struct {
	record   *Record
	any      bool // a record, of whatever kind, is there
	problems []*Problem
	failure  *facts.Failure
}

func published(ctx context.Context, r maildns.Resolver, domain string) publication {
	texts, failure := r.Lookup(ctx, "_dmarc."+domain, facts.TypeTXT)
	if failure != nil && failure.Kind != facts.NotFound {
		return publication{failure: failure}
	}
	var p publication
	var records []string
	for _, t := range texts {
		switch {
		case IsRecord(t):
			records = append(records, t)
		case strings.Contains(strings.ToLower(t), "dmarc"):
			p.problems = append(p.problems, &Problem{Code: LooksLikeDMARC, Domain: domain, End: len(t), Detail: t})
		}
	}
	switch {
	case len(records) == 0:
		return p
	case len(records) > 1:
		p.any = true
		p.problems = append(p.problems, &Problem{Code: ManyRecords, Domain: domain})
		return p
	}
	p.any = true
	rec, problems := Parse(records[0])
	for _, problem := range problems {
		problem.Domain = domain
	}
	p.record, p.problems = rec, append(p.problems, problems...)
	return p
}

// OrganizationalDomain is the registered domain by the public suffix list (RFC 7489, 3.2). The
// names of tenants under onmicrosoft.com belong to different organisations, and the list, whose
// part for companies registers only what they asked for, does not say so.
func OrganizationalDomain(domain string) string {
	domain = maildns.Name(domain)
	for _, shared := range []string{"onmicrosoft.com", "onmicrosoft.us", "partner.onmschina.cn"} {
		if rest, ok := strings.CutSuffix(domain, "."+shared); ok {
			return rest[strings.LastIndexByte(rest, '.')+1:] + "." + shared
		}
	}
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return registered
	}
	return domain // itself a public suffix, or no domain
}

// Aligned reports whether an authenticated domain is that of the From header, or, relaxed, of the same
// organisation (RFC 7489, 3.1).
func Aligned(from, authenticated string, strict bool) bool {
	from, authenticated = maildns.Name(from), maildns.Name(authenticated)
	if from == "" || authenticated == "" {
		return false
	}
	return from == authenticated || !strict && OrganizationalDomain(from) == OrganizationalDomain(authenticated)
}
