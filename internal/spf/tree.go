package spf

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Tree is the policy of a domain with all that it includes, looked at as a whole: what every
// term costs if no term before it matches, and all that is wrong.
type Tree struct {
	Domain  string   `json:"domain"`
	Records []string `json:"records,omitempty"` // the SPF records; a sound domain has one
	Terms   []Use    `json:"terms,omitempty"`
	// Lookups and Voids are what the whole tree costs. A %{p} macro, which costs one more, is
	// not in them.
	Lookups int   `json:"lookups"`
	Voids   Voids `json:"voids"`
	// Problems are those of this record. The record that the tree began with also has the
	// limits that the whole tree exceeds; they name the term that does, wherever it stands.
	Problems []*Problem `json:"problems,omitempty"`
}

// Voids are the questions without a record. Whether a host has an address depends on the
// family of the client's.
type Voids struct {
	IPv4 int `json:"ipv4"`
	IPv6 int `json:"ipv6"`
}

// Use is a term that is evaluated, and its cost.
type Use struct {
	Term    *Term  `json:"term"`
	Target  string `json:"target,omitempty"` // the name that it looks up
	Lookups int    `json:"lookups,omitempty"`
	Voids   Voids  `json:"voids"`
	// Varies: what is looked up depends on the sender (ptr, macros), and was not.
	Varies bool `json:"varies,omitempty"`
	// Tree is the record of include and redirect. A record that is reached twice is the same
	// Tree; one that leads back to itself is left out.
	Tree *Tree `json:"tree,omitempty"`
}

const (
	// maxRecords bounds the records of one tree. Ten times what one evaluation can read is
	// enough to say how far a policy is over the limit.
	maxRecords = 10 * MaxLookups
	// many bounds the counts: a record that is included twice by one that is included twice, and
	// so on, costs more than can be counted.
	many = 1 << 20
	// longRecord is the size from which a record may not fit into a DNS answer over UDP
	// (RFC 7208, 3.4).
	longRecord = 450
	// wide4 and wide6 are the prefix lengths below which a network is remarkable: no single
	// service sends from more addresses than a /16 of IPv4, or a /32 of IPv6, the size that
	// registries give to a whole provider.
	wide4, wide6 = 16, 32
)

// walk is one look at a tree.
type walk struct {
	*Checker
	ctx  context.Context
	root string
	seen map[string]*Tree
	path []string
}

// Tree looks at the policy of a domain. Everything that does not depend on the sender is looked
// up, for both address families, so that the resolver that records it has what an evaluation
// needs.
func (c *Checker) Tree(ctx context.Context, domain string) *Tree {
	domain = maildns.Name(domain)
	w := &walk{Checker: c, ctx: ctx, root: domain, seen: map[string]*Tree{}}
	if !isDomain(domain) {
		return &Tree{Domain: domain, Problems: []*Problem{{Code: NotADomain, Domain: domain, Detail: domain}}}
	}
	t := w.tree(domain)
	t.limits()
	return t
}

// All are the problems of the whole tree, each record once: its errors first, then its warnings.
func (t *Tree) All() []*Problem {
	var out []*Problem
	t.each(map[*Tree]bool{}, func(t *Tree) {
		for _, warnings := range []bool{false, true} {
			for _, p := range t.Problems {
				if p.Warning() == warnings {
					out = append(out, p)
				}
			}
		}
	})
	return out
}

// Includes are the names of all include and redirect terms of the tree. whole is set when no name
// depends on the sender, and no answer is missing.
func (t *Tree) Includes() (names []string, whole bool) {
	whole = true
	t.each(map[*Tree]bool{}, func(t *Tree) {
		whole = whole && !slices.ContainsFunc(t.Problems, func(p *Problem) bool { return p.Code == NotFoundOut })
		for _, u := range t.Terms {
			if u.Term.Name == "include" || u.Term.Name == "redirect" {
				names, whole = append(names, u.Target), whole && !u.Varies
			}
		}
	})
	return names, whole
}

func (t *Tree) each(seen map[*Tree]bool, f func(*Tree)) {
	if seen[t] {
		return
	}
	seen[t] = true
	f(t)
	for i := range t.Terms {
		if t.Terms[i].Tree != nil {
			t.Terms[i].Tree.each(seen, f)
		}
	}
}

func (w *walk) tree(domain string) *Tree {
	t := &Tree{Domain: domain}
	w.seen[domain] = t
	w.path = append(w.path, domain)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	p := w.policy(w.ctx, domain)
	t.Records = p.records
	t.Problems = append(t.Problems, p.problems...)
	for _, text := range p.looksLike {
		t.say(nil, LooksLikeSPF, text)
	}
	if p.record == nil {
		t.Problems = append(t.Problems, p.why)
		return t
	}
	t.shape(p.record)
	for _, term := range p.record.Terms {
		switch {
		case term.Name == "exp":
			w.explanation(t, term)
		case term.Modifier():
		case p.record.all != nil && term.Start > p.record.all.Start:
			t.say(term, NeverReached, "")
		default:
			w.use(t, term)
		}
	}
	if r := p.record.Redirect; r != nil && p.record.all == nil {
		w.use(t, r) // after all mechanisms, wherever it stands
	} else if r != nil {
		t.say(r, RedirectIgnored, "")
	}
	return t
}

// add is a problem of the record, or of one of its terms.
func (t *Tree) add(term *Term, p Problem) {
	p.Domain = t.Domain
	if term != nil {
		p.Term, p.Start, p.End = term.Text, term.Start, term.End
	}
	t.Problems = append(t.Problems, &p)
}

func (t *Tree) say(term *Term, code Code, detail string) {
	t.add(term, Problem{Code: code, Detail: detail})
}

// shape are the warnings that need no look-up.
func (t *Tree) shape(r *Record) {
	if len(r.Text) > longRecord {
		t.say(nil, LongRecord, strconv.Itoa(len(r.Text)))
	}
	if r.all == nil && r.Redirect == nil {
		t.say(nil, OpenEnd, "")
	}
	for i, term := range r.Terms {
		switch {
		case term.Name == "all" && term.Qualifier == Pass:
			t.say(term, PassAll, "")
		case term.Name == "ptr":
			t.say(term, UsesPTR, "")
		case term.Name == "ip4" && term.Network.Bits() < wide4, term.Name == "ip6" && term.Network.Bits() < wide6:
			t.say(term, WideNetwork, term.Network.String())
		case term.Name == "ip6" && term.Network.Addr().Is4In6():
			t.say(term, MappedNetwork, term.Network.String())
		case term.Name == "default":
			t.say(term, ObsoleteDefault, string(obsolete(term.Domain.Text)))
		case term.Modifier() && term.Name != "redirect" && term.Name != "exp":
			t.say(term, UnknownModifier, term.Name)
		}
		if slices.ContainsFunc(r.Terms[:i], func(o *Term) bool { return strings.EqualFold(o.Text, term.Text) }) {
			t.say(term, Repeated, "")
		}
	}
}

// obsolete is the result that default= had in the drafts before RFC 4408.
func obsolete(value string) Result {
	switch strings.ToLower(value) {
	case "-", "fail", "deny":
		return Fail
	case "~", "softfail":
		return SoftFail
	case "+", "pass":
		return Pass
	}
	return Neutral
}

// use looks at one term that asks DNS, or not.
func (w *walk) use(t *Tree, term *Term) {
	t.Terms = append(t.Terms, Use{Term: term})
	u := &t.Terms[len(t.Terms)-1]
	if !term.asks() {
		return
	}
	u.Lookups = 1
	u.Target = t.Domain
	u.Varies = term.Name == "ptr"
	if term.Domain != nil {
		u.Target = term.Domain.Text
		u.Varies = u.Varies || !term.Domain.Fixed()
		if !u.Varies {
			u.Target = w.literal(term.Domain, t.Domain)
		}
	}
	if !u.Varies {
		switch term.Name {
		case "include", "redirect":
			w.nested(t, u)
		case "a":
			w.addresses(t, u, u.Target)
		case "mx":
			w.exchangers(t, u)
		case "exists":
			w.void(t, u, w.ask(t, u, u.Target, facts.TypeA))
		}
	}
	t.Lookups = min(t.Lookups+u.Lookups, many)
	t.Voids.IPv4 = min(t.Voids.IPv4+u.Voids.IPv4, many)
	t.Voids.IPv6 = min(t.Voids.IPv6+u.Voids.IPv6, many)
}

// literal is a domain-spec without a macro that varies, as the name to look up.
func (w *walk) literal(m *MacroString, domain string) string {
	e := evaluation{report: &Report{}, origin: w.root}
	return e.expandName(nil, nil, m, domain)
}

// nested is the record that include or redirect names.
func (w *walk) nested(t *Tree, u *Use) {
	switch {
	case !isQuestion(u.Target):
		t.say(u.Term, NoRecord, u.Target)
		return
	case slices.Contains(w.path, u.Target):
		t.say(u.Term, Loop, u.Target)
		return
	}
	p := w.policy(w.ctx, u.Target)
	if p.why != nil && (p.why.Code == NoRecord || p.why.Code == NotFoundOut) {
		t.add(u.Term, Problem{Code: p.why.Code, Detail: cmp.Or(p.why.Detail, u.Target), Cause: p.why.Cause})
		for _, text := range p.looksLike {
			t.say(u.Term, LooksLikeSPF, text)
		}
		return
	}
	nested, known := w.seen[u.Target]
	if !known {
		if len(w.seen) >= maxRecords {
			t.say(u.Term, TooManyLookups, "")
			return
		}
		nested = w.tree(u.Target)
	}
	u.Tree = nested
	u.Lookups = min(u.Lookups+nested.Lookups, many)
	u.Voids = nested.Voids
}

// addresses asks for the addresses of a host, in both families.
func (w *walk) addresses(t *Tree, u *Use, name string) {
	four, six := w.ask(t, u, name, facts.TypeA), w.ask(t, u, name, facts.TypeAAAA)
	if len(four) == 0 && four != nil {
		u.Voids.IPv4++
	}
	if len(six) == 0 && six != nil {
		u.Voids.IPv6++
	}
	if len(four)+len(six) == 0 && four != nil && six != nil {
		t.say(u.Term, VoidTarget, name)
	}
}

func (w *walk) exchangers(t *Tree, u *Use) {
	hosts := w.ask(t, u, u.Target, facts.TypeMX)
	if len(hosts) > MaxNames {
		t.say(u.Term, TooManyNames, strconv.Itoa(len(hosts)))
		return
	}
	w.void(t, u, hosts)
	for _, h := range hosts {
		if name := exchanger(h); name != "" {
			w.addresses(t, u, name)
		}
	}
}

// void counts an answer without a record, whatever the client's family.
func (w *walk) void(t *Tree, u *Use, found []string) {
	if len(found) == 0 && found != nil {
		u.Voids.IPv4++
		u.Voids.IPv6++
		t.say(u.Term, VoidTarget, u.Target)
	}
}

// ask is one question. Without a record the answer is empty; it is nil when it was not found
// out, which is a problem of the term.
func (w *walk) ask(t *Tree, u *Use, name string, rr facts.RRType) []string {
	if !isQuestion(name) {
		return []string{}
	}
	found, failure := w.resolver.Lookup(w.ctx, name, rr)
	switch {
	case failure != nil && failure.Kind != facts.NotFound:
		t.add(u.Term, *unanswered(name, rr, failure))
		return nil
	case found == nil:
		return []string{}
	}
	return found
}

func (w *walk) explanation(t *Tree, term *Term) {
	if !term.Domain.Fixed() {
		return
	}
	name := w.literal(term.Domain, t.Domain)
	var texts []string
	var failure *facts.Failure
	if isQuestion(name) {
		texts, failure = w.resolver.Lookup(w.ctx, name, facts.TypeTXT)
	}
	if failure != nil && failure.Kind != facts.NotFound {
		return // nothing hangs on it
	}
	if len(texts) == 1 {
		if _, bad := parseMacroString(texts[0], true); bad < 0 {
			return
		}
	}
	t.say(term, BadExplanation, name)
}

// limits adds what the whole tree exceeds, at the term that does.
func (t *Tree) limits() {
	if t.Lookups > MaxLookups {
		at, term := t.exceeds(MaxLookups, func(u *Use) (own, total int) { return min(u.Lookups, 1), u.Lookups })
		t.over(at, term, TooManyLookups, t.Lookups)
	}
	voids := func(u *Use) int { return u.Voids.IPv4 }
	n := t.Voids.IPv4
	if t.Voids.IPv6 > n {
		voids = func(u *Use) int { return u.Voids.IPv6 }
		n = t.Voids.IPv6
	}
	if n > MaxVoids {
		at, term := t.exceeds(MaxVoids, func(u *Use) (own, total int) {
			if u.Tree != nil {
				return 0, voids(u)
			}
			return voids(u), voids(u)
		})
		t.over(at, term, TooManyVoids, n)
	}
}

// over is a problem of the whole tree, at a term of one of its records.
func (t *Tree) over(at *Tree, term *Term, code Code, n int) {
	root := Tree{Domain: at.Domain}
	root.say(term, code, strconv.Itoa(n))
	t.Problems = append(t.Problems, root.Problems...)
}

// exceeds finds the term that needs more than what is left, in the order of evaluation, in a
// tree that does as a whole.
func (t *Tree) exceeds(left int, cost func(*Use) (own, total int)) (*Tree, *Term) {
	for i := range t.Terms {
		u := &t.Terms[i]
		own, total := cost(u)
		switch {
		case total <= left:
			left -= total
		case own > left || u.Tree == nil:
			return t, u.Term
		default:
			return u.Tree.exceeds(left-own, cost)
		}
	}
	return t, nil
}

// looksLikeRecord: a text that is no SPF record was meant to be one, by how it begins: in quotes,
// with spaces in the version, without its number, or without a space after it.
func looksLikeRecord(text string) bool {
	text = strings.NewReplacer(" ", "", "\t", "", "\"", "", "\\", "", "'", "").Replace(text[:min(len(text), 32)])
	text = strings.ToLower(text)
	for _, begin := range []string{"v=spf1", "v=spf", "spf1", "vspf1"} {
		if rest, ok := strings.CutPrefix(text, begin); ok {
			return rest == "" || !isDigit(rest[0])
		}
	}
	return false
}
