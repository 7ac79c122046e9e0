package spf

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// policy is what a domain publishes.
type policy struct {
	records []string // the SPF records
	record  *Record  // the one, when there is one
	// problems are those of its syntax.
	problems []*Problem
	// why there is no record to evaluate: NoRecord, ManyRecords or NotFoundOut, or the first
	// error of its syntax.
	why *Problem
	// looksLike are the TXT records that were meant to be SPF records and are none.
	looksLike []string
}

// policy reads the record of a domain, once (RFC 7208, 4.4 to 4.6).
func (c *Checker) policy(ctx context.Context, domain string) *policy {
	if p, ok := c.policies[domain]; ok {
		return p
	}
	p := &policy{}
	c.policies[domain] = p
	texts, failure := c.resolver.Lookup(ctx, domain, facts.TypeTXT)
	if failure != nil {
		if failure.Kind == facts.NotFound {
			p.why = &Problem{Code: NoRecord, Domain: domain}
		} else {
			p.why = unanswered(domain, facts.TypeTXT, failure)
			p.why.Domain = domain
		}
		return p
	}
	for _, t := range texts {
		switch {
		case IsRecord(t):
			p.records = append(p.records, t)
		case looksLikeRecord(t):
			p.looksLike = append(p.looksLike, t)
		}
	}
	switch len(p.records) {
	case 0:
		p.why = &Problem{Code: NoRecord, Domain: domain}
	case 1:
		p.record, p.problems = Parse(p.records[0])
		for _, problem := range p.problems {
			problem.Domain = domain
			if p.why == nil {
				p.why = problem
			}
		}
	default:
		p.why = &Problem{Code: ManyRecords, Domain: domain, Detail: strconv.Itoa(len(p.records))}
	}
	return p
}

func unanswered(name string, rr facts.RRType, failure *facts.Failure) *Problem {
	return &Problem{Code: NotFoundOut, Detail: name + " " + string(rr), Cause: failure}
}

// evaluation is one check_host() with those that it nests.
type evaluation struct {
	*Checker
	ctx    context.Context
	query  *Query
	ip     netip.Addr
	sender string // local part and domain
	local  string
	origin string // the sender's domain
	report *Report

	validated *[]string // the names of the client's address, once they were asked for
}

// Check is check_host() for one sender (RFC 7208, 4).
func (c *Checker) Check(ctx context.Context, q Query) *Report {
	e := &evaluation{Checker: c, ctx: ctx, query: &q, ip: q.IP.Unmap().WithZone(""), report: &Report{}}
	e.identity()
	r := e.report
	r.Domain = e.origin
	switch {
	case !isDomain(e.origin):
		r.Result, r.Why = None, &Problem{Code: NotADomain, Domain: e.origin, Detail: e.origin}
		return r
	case !q.IP.IsValid():
		r.Result, r.Why = TempError, &Problem{Code: NotFoundOut, Domain: e.origin, Cause: &facts.Failure{
			Kind: facts.NotCollected, Detail: "the address of the client is not known",
		}}
		return r
	}
	var exp *Term
	var at string
	r.Visit, r.Result, r.Why, exp, at = e.checkHost(e.origin)
	if r.Result == Fail && exp != nil {
		r.Explanation = e.explanation(exp, at)
	}
	return r
}

// identity splits the sender (RFC 7208, 4.1 and 4.3).
func (e *evaluation) identity() {
	address := e.query.Sender
	if address == "" {
		address = e.query.Helo
	}
	e.local = "postmaster"
	domain := address
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		domain = address[i+1:]
		if i > 0 {
			e.local = address[:i]
		}
	}
	e.origin = maildns.Name(domain)
	e.sender = e.local + "@" + e.origin
}

// isDomain: the identity can have a policy: more than one label, none empty or too long, and
// no address literal (RFC 7208, 4.3).
func isDomain(name string) bool {
	return isQuestion(name) && strings.IndexByte(name, '.') > 0 && !strings.ContainsAny(name, " []")
}

// isQuestion: a DNS question can be made of the name (RFC 1035, 2.3.4).
func isQuestion(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	label := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 0x80 || c < ' ' || c == 0x7f:
			return false
		case c != '.':
			if label++; label > 63 {
				return false
			}
		case label == 0:
			return false
		default:
			label = 0
		}
	}
	return label > 0
}

// checkHost evaluates the record of a domain. exp is the explanation that a fail has, and at
// the domain whose it is.
func (e *evaluation) checkHost(domain string) (v *Visit, result Result, why *Problem, exp *Term, at string) {
	p := e.policy(e.ctx, domain)
	if p.record == nil {
		switch p.why.Code {
		case NoRecord:
			return nil, None, p.why, nil, ""
		case NotFoundOut:
			return nil, TempError, p.why, nil, ""
		default:
			return nil, PermError, p.why, nil, ""
		}
	}
	v = &Visit{Domain: domain, Record: p.record.Text}
	if p.why != nil {
		v.Result = PermError
		return v, PermError, p.why, nil, ""
	}
	v.Steps = make([]Step, 0, len(p.record.Terms))
	for _, t := range p.record.Terms {
		if t.Modifier() {
			continue
		}
		s := e.evaluate(v, t)
		switch {
		case s.Why != nil:
			v.Result = TempError
			if s.Why.Code != NotFoundOut {
				v.Result = PermError
			}
			return v, v.Result, s.Why, nil, ""
		case s.Match:
			v.Result = t.Qualifier
			return v, v.Result, nil, p.record.Explanation, domain
		}
	}
	if p.record.Redirect == nil {
		v.Result = Neutral
		return v, Neutral, nil, nil, ""
	}
	result, why, exp, at = e.redirect(v, p.record.Redirect)
	v.Result = result
	return v, result, why, exp, at
}

// step begins the evaluation of a term.
func (v *Visit) step(t *Term) *Step {
	v.Steps = append(v.Steps, Step{Term: t})
	return &v.Steps[len(v.Steps)-1]
}

// evaluate is one mechanism.
func (e *evaluation) evaluate(v *Visit, t *Term) *Step {
	s := v.step(t)
	lookups, voids := e.report.Lookups, e.report.Voids
	if t.asks() {
		e.count(v, s)
	}
	if s.Why == nil {
		e.match(v, s)
	}
	s.Lookups, s.Voids = e.report.Lookups-lookups, e.report.Voids-voids
	return s
}

func (e *evaluation) match(v *Visit, s *Step) {
	t := s.Term
	switch t.Name {
	case "all":
		s.Match = true
	case "ip4", "ip6":
		s.Match = t.Network.Contains(e.ip)
	case "include":
		if !e.target(v, s) {
			s.Why = t.at(v, &Problem{Code: NoRecord, Detail: s.Target})
			return
		}
		var result Result
		var why *Problem
		s.Visit, result, why, _, _ = e.checkHost(s.Target)
		switch result {
		case Pass:
			s.Match = true
		case TempError, PermError:
			s.Why = t.from(v, why)
		case None:
			s.Why = t.at(v, &Problem{Code: NoRecord, Detail: s.Target})
		}
	case "a":
		s.Match = e.target(v, s) && e.hasAddress(v, s, s.Target)
	case "mx":
		e.mx(v, s)
	case "exists":
		if e.target(v, s) {
			found := e.ask(v, s, s.Target, facts.TypeA)
			s.Match = len(found) > 0
		}
	case "ptr":
		if e.target(v, s) {
			for _, name := range e.names(v, s) {
				if within(name, s.Target) {
					s.Match = true
					return
				}
			}
		}
	}
}

func (e *evaluation) mx(v *Visit, s *Step) {
	if !e.target(v, s) {
		return
	}
	hosts := e.ask(v, s, s.Target, facts.TypeMX)
	if len(hosts) > MaxNames {
		s.Why = s.Term.at(v, &Problem{Code: TooManyNames, Detail: strconv.Itoa(len(hosts))})
		return
	}
	for _, h := range hosts {
		// The null MX "." (RFC 7505) names no host.
		if name := exchanger(h); name != "" && e.hasAddress(v, s, name) {
			s.Match = true
		}
		if s.Match || s.Why != nil {
			return
		}
	}
}

// exchanger is the host of an MX record, "" for the null MX.
func exchanger(record string) string {
	_, host, _ := strings.Cut(record, " ")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// redirect is the modifier: the result of another domain (RFC 7208, 6.1).
func (e *evaluation) redirect(v *Visit, t *Term) (result Result, why *Problem, exp *Term, at string) {
	s := v.step(t)
	lookups, voids := e.report.Lookups, e.report.Voids
	defer func() { s.Lookups, s.Voids = e.report.Lookups-lookups, e.report.Voids-voids }()
	e.count(v, s)
	if s.Why == nil && e.target(v, s) {
		s.Visit, result, why, exp, at = e.checkHost(s.Target)
		s.Match = result != None
	}
	switch {
	case s.Why == nil && !s.Match:
		s.Why = t.at(v, &Problem{Code: NoRecord, Detail: s.Target})
	case result == TempError || result == PermError:
		s.Why = t.from(v, why)
	}
	if s.Why != nil {
		s.Match = false
		if s.Why.Code == NotFoundOut {
			return TempError, s.Why, nil, ""
		}
		return PermError, s.Why, nil, ""
	}
	return result, nil, exp, at
}

// at puts a problem at the term.
func (t *Term) at(v *Visit, p *Problem) *Problem {
	p.Domain, p.Term, p.Start, p.End = v.Domain, t.Text, t.Start, t.End
	return p
}

// from is the problem of a nested record. It keeps its place; that DNS did not give the record
// is a problem of the term that needs it.
func (t *Term) from(v *Visit, p *Problem) *Problem {
	if p.Code != NotFoundOut || p.Term != "" {
		return p
	}
	here := *p
	return t.at(v, &here)
}

// count is one more term that asks DNS.
func (e *evaluation) count(v *Visit, s *Step) {
	if e.report.Lookups++; e.report.Lookups > MaxLookups && s.Why == nil {
		s.Why = s.Term.at(v, &Problem{Code: TooManyLookups})
	}
}

// ask is one question for a mechanism. No record is a void lookup, and one void too many, like
// no answer, ends the evaluation.
func (e *evaluation) ask(v *Visit, s *Step, name string, rr facts.RRType) []string {
	if !isQuestion(name) {
		return nil
	}
	found, failure := e.resolver.Lookup(e.ctx, name, rr)
	if failure != nil && failure.Kind != facts.NotFound {
		s.Why = s.Term.at(v, unanswered(name, rr, failure))
		return nil
	}
	if len(found) == 0 {
		if e.report.Voids++; e.report.Voids > MaxVoids {
			s.Why = s.Term.at(v, &Problem{Code: TooManyVoids, Detail: name})
		}
	}
	return found
}

// hasAddress: the name has an address in the network that the term makes around the client's.
func (e *evaluation) hasAddress(v *Visit, s *Step, name string) bool {
	for _, a := range e.ask(v, s, name, family(e.ip)) {
		addr, err := netip.ParseAddr(a)
		if err != nil || addr.Is4() != e.ip.Is4() {
			continue
		}
		bits := s.Term.Bits4
		if addr.Is6() {
			bits = s.Term.Bits6
		}
		if netip.PrefixFrom(addr, bits).Masked().Contains(e.ip) {
			return true
		}
	}
	return false
}

func family(ip netip.Addr) facts.RRType {
	if ip.Is4() {
		return facts.TypeA
	}
	return facts.TypeAAAA
}

// names are the validated names of the client's address, at most MaxNames of them asked about
// (RFC 7208, 5.5). An error in looking for them is no match.
func (e *evaluation) names(v *Visit, s *Step) []string {
	if e.validated != nil {
		return *e.validated
	}
	e.validated = &[]string{}
	pointer := reverseName(e.ip)
	found, answered := e.passing(v, s, pointer, facts.TypePTR)
	if !answered {
		return nil
	}
	if len(found) == 0 && s != nil {
		if e.report.Voids++; e.report.Voids > MaxVoids {
			s.Why = s.Term.at(v, &Problem{Code: TooManyVoids, Detail: pointer})
		}
	}
	for _, n := range found[:min(len(found), MaxNames)] {
		name := strings.ToLower(strings.TrimSuffix(n, "."))
		if !isQuestion(name) {
			continue
		}
		addresses, _ := e.passing(v, s, name, family(e.ip))
		if slices.ContainsFunc(addresses, func(a string) bool {
			addr, err := netip.ParseAddr(a)
			return err == nil && addr == e.ip
		}) {
			*e.validated = append(*e.validated, name)
		}
	}
	return *e.validated
}

// passing is one question that an evaluation goes on without (RFC 7208, 5.5). One that nobody asked
// when the answers were recorded is another thing: what comes of it is not known.
func (e *evaluation) passing(v *Visit, s *Step, name string, rr facts.RRType) (found []string, answered bool) {
	found, failure := e.resolver.Lookup(e.ctx, name, rr)
	if failure == nil || failure.Kind == facts.NotFound {
		return found, true
	}
	p := unanswered(name, rr, failure)
	if s != nil {
		p = s.Term.at(v, p)
	}
	if s != nil && s.Why == nil && failure.Kind == facts.NotCollected {
		s.Why = p
	} else {
		e.report.Unsure = append(e.report.Unsure, p)
	}
	return nil, false
}

// within: the name is the domain or below it.
func within(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// explanation is the text that exp= leads to; "" when it leads to none (RFC 7208, 6.2). It
// costs nothing and cannot fail.
func (e *evaluation) explanation(t *Term, domain string) string {
	name := e.expandName(nil, nil, t.Domain, domain)
	if !isQuestion(name) {
		return ""
	}
	texts, _ := e.resolver.Lookup(e.ctx, name, facts.TypeTXT)
	if len(texts) != 1 {
		return ""
	}
	m, bad := parseMacroString(texts[0], true)
	if bad >= 0 {
		return ""
	}
	return string(e.expand(nil, nil, nil, m, domain))
}
