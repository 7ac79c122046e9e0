// Package spf reads, checks and evaluates SPF policies (RFC 7208), strictly.
//
// Three things are here. Parse reads one record and says of everything that is wrong with it
// which term it is and where in the record that stands. Checker.Tree looks at the whole policy of
// a domain, with all that it includes, as its owner would want it looked at: what is wrong, what
// is risky, and what every term costs. Checker.Check is check_host(), the evaluation for one
// sender, with the way that it took.
//
// What does not belong here: asking DNS. A maildns.Resolver does, and the package neither knows nor
// cares whether it asks a name server or answers from recorded facts. So the same
// evaluation gives the same result live and offline, as long as the answers are the same. What
// the results mean to Exchange Online or to Cloud App Security is not here either (package
// checks). The package does no I/O.
//
// Where RFC 7208 leaves a choice, the one that its test suite prefers is taken. A domain name
// that no DNS question can be made of (an empty label, or one of more than 63 characters) does
// not exist.
package spf

import (
	"net/netip"
	"time"

	"github.com/casdoctor/casdoctor/internal/maildns"
)

// Result is what check_host() returns (RFC 7208, 2.6).
type Result string

// The results.
const (
	None      Result = "none"      // no policy, or no domain that could have one
	Neutral   Result = "neutral"   // the owner says neither yes nor no
	Pass      Result = "pass"      // the owner lets this address send
	Fail      Result = "fail"      // the owner says that this address may not send
	SoftFail  Result = "softfail"  // the owner says that this address probably may not send
	TempError Result = "temperror" // DNS did not answer: it was not found out
	PermError Result = "permerror" // the policy cannot be interpreted; its owner has to mend it
)

// The limits of RFC 7208, 4.6.4.
const (
	// MaxLookups bounds the terms of one evaluation that ask DNS.
	MaxLookups = 10
	// MaxVoids bounds the questions of one evaluation that bring no record.
	MaxVoids = 2
	// MaxNames bounds the names that one mx or ptr brings.
	MaxNames = 10
)

// Query is one sender.
type Query struct {
	// IP is the client's; an IPv4 address that is mapped into IPv6 counts as IPv4. Without one
	// nothing can be found out.
	IP   netip.Addr
	Helo string // what the client calls itself
	// Sender is the address of MAIL FROM. Without one the identity is postmaster at Helo, and
	// without a local part (@contoso.com) it is postmaster at the domain (RFC 7208, 2.4 and 4.3).
	Sender   string
	Receiver string    // who checks; expands %{r}, "unknown" when empty
	At       time.Time // expands %{t}
}

// Report is the outcome of one evaluation and the way that led to it.
type Report struct {
	Result Result `json:"result"`
	Domain string `json:"domain"` // whose policy was evaluated, in A-labels
	// Why is the reason of None, TempError and PermError.
	Why *Problem `json:"why,omitempty"`
	// Explanation is what the owner says to the sender of a message that fails (exp=).
	Explanation string `json:"explanation,omitempty"`
	Lookups     int    `json:"lookups"` // terms that asked DNS, at most MaxLookups and the one too many
	Voids       int    `json:"voids"`   // questions without a record, at most MaxVoids and the one too many
	// Unsure are questions for names of the client (ptr, %{p}) that got no answer. RFC 7208, 5.5,
	// passes over them, and the result is the one that it demands; another receiver, whose questions
	// were answered, may have had another.
	Unsure []*Problem `json:"unsure,omitempty"`
	// Macros are the letters of the macros that were expanded, each once. With l or s in it
	// the result can hang on the local part of the sender, with h on the name of the client.
	Macros string `json:"macros,omitempty"`
	// Visit is the domain's record; nil when there is none that could be read.
	Visit *Visit `json:"visit,omitempty"`
}

// Decided is the term that decided, and the record that it stands in: that of the domain, or
// the one that it redirects to. It is nil when no term did.
func (r *Report) Decided() (*Visit, *Step) {
	v := r.Visit
	for v != nil {
		if len(v.Steps) == 0 {
			return nil, nil
		}
		last := &v.Steps[len(v.Steps)-1]
		switch {
		case last.Term.Name == "redirect" && last.Visit != nil:
			v = last.Visit
		case last.Match || last.Why != nil:
			return v, last
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// Visit is one record on the way of an evaluation.
type Visit struct {
	Domain string `json:"domain"`
	Record string `json:"record"`
	Steps  []Step `json:"steps,omitempty"` // the terms that were evaluated, in order
	Result Result `json:"result"`
}

// Step is one evaluated term.
type Step struct {
	Term   *Term  `json:"term"`
	Target string `json:"target,omitempty"` // the name that was looked up, expanded
	Match  bool   `json:"match"`
	// Lookups and Voids are what the term cost, with all that it includes.
	Lookups int      `json:"lookups,omitempty"`
	Voids   int      `json:"voids,omitempty"`
	Why     *Problem `json:"why,omitempty"`   // the error that ended the evaluation here
	Visit   *Visit   `json:"visit,omitempty"` // of include and redirect: the record that was read
}

// A Checker evaluates senders and looks at policies. It keeps the records that it has read, so
// that one Checker sees one state of DNS; make a new one to look anew. It is not safe for
// concurrent use.
type Checker struct {
	resolver maildns.Resolver
	policies map[string]*policy
}

// New makes a Checker that asks r.
func New(r maildns.Resolver) *Checker { return &Checker{resolver: r, policies: map[string]*policy{}} }
