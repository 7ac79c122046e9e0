package spf

import (
	"fmt"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Code names one kind of problem. The words for readers are elsewhere; the codes never change
// their meaning.
type Code string

// Syntax: the record cannot be interpreted, wherever in it the term stands (RFC 7208, 4.6).
const (
	BadCharacter      Code = "bad_character"       // not visible ASCII (Detail: the character as U+XXXX, or the byte as 0xXX)
	UnknownMechanism  Code = "unknown_mechanism"   // no mechanism has this name (Detail: the name)
	ModifierWithColon Code = "modifier_with_colon" // redirect: or exp: instead of redirect= or exp=
	BadModifierName   Code = "bad_modifier_name"   // not a letter followed by letters, digits and - _ .
	TwiceModifier     Code = "modifier_twice"      // a second redirect= or exp=
	NoArgument        Code = "argument_missing"    // a name or an address has to follow
	NeedlessArgument  Code = "argument_needless"   // nothing may follow all; no prefix length ptr, include and exists
	BadMacro          Code = "bad_macro"           // not the syntax of a macro (Detail: from where on)
	BadDomain         Code = "bad_domain"          // the name does not end in a macro or in a dot and a top-level name
	AddressAsDomain   Code = "address_as_domain"   // a: or mx: with an address: ip4: or ip6: was meant
	BadAddress        Code = "bad_address"         // ip4: or ip6: with what is no such address
	BadPrefix         Code = "bad_prefix"          // a prefix length that is none, or too long
)

// Evaluation: the record can be read, and does not lead to a result.
const (
	NotADomain     Code = "not_a_domain"     // the identity has no domain that could publish a policy
	NoRecord       Code = "no_record"        // the domain publishes no SPF record
	ManyRecords    Code = "many_records"     // it publishes more than one (Detail: how many)
	NotFoundOut    Code = "not_found_out"    // DNS did not answer (Detail: name and type; Cause: why)
	TooManyLookups Code = "too_many_lookups" // this is the term after MaxLookups that ask DNS (Detail: how many the policy needs in all, where that is known)
	TooManyVoids   Code = "too_many_voids"   // this is the one question without a record too many (Detail: the name)
	TooManyNames   Code = "too_many_names"   // the mx has more than MaxNames hosts (Detail: how many)
	Loop           Code = "loop"             // the record is one that led here
)

// Warnings: the policy has a result, and it may not be what its owner thinks.
const (
	NeverReached    Code = "never_reached"    // the term stands after all
	RedirectIgnored Code = "redirect_ignored" // redirect= beside all has no effect
	OpenEnd         Code = "open_end"         // neither all nor redirect=: what matches nothing is neutral
	PassAll         Code = "pass_all"         // everybody in the world may send
	WideNetwork     Code = "wide_network"     // a network of more than 65,536 IPv4 addresses, or larger than a /32 of IPv6
	UsesPTR         Code = "uses_ptr"         // slow and unreliable; RFC 7208, 5.5: do not publish
	VoidTarget      Code = "void_target"      // the name has no record (Detail: the name)
	MappedNetwork   Code = "mapped_network"   // an IPv4-mapped network matches nobody: use ip4:
	Repeated        Code = "repeated"         // the same term stands before
	UnknownModifier Code = "unknown_modifier" // no effect (Detail: the name)
	ObsoleteDefault Code = "obsolete_default" // default= of old drafts: no effect by the RFC (Detail: the result that some checkers still take from it)
	LongRecord      Code = "long_record"      // more than 450 characters; RFC 7208, 3.4 (Detail: how many)
	LooksLikeSPF    Code = "looks_like_spf"   // a TXT record that was meant to be one and is not (Detail: the record)
	BadExplanation  Code = "bad_explanation"  // exp= leads to no text: failing senders get none
)

// Codes lists every code; the words are held against it.
func Codes() []Code {
	return []Code{
		BadCharacter, UnknownMechanism, ModifierWithColon, BadModifierName, TwiceModifier, NoArgument, NeedlessArgument,
		BadMacro, BadDomain, AddressAsDomain, BadAddress, BadPrefix,
		NotADomain, NoRecord, ManyRecords, NotFoundOut, TooManyLookups, TooManyVoids, TooManyNames, Loop,
		NeverReached, RedirectIgnored, OpenEnd, PassAll, WideNetwork, UsesPTR, VoidTarget, MappedNetwork, Repeated,
		UnknownModifier, ObsoleteDefault, LongRecord, LooksLikeSPF, BadExplanation,
	}
}

// Problem is something that is wrong with a policy, and where.
type Problem struct {
	Code   Code   `json:"code"`
	Domain string `json:"domain,omitempty"` // whose record; Parse does not know it
	Term   string `json:"term,omitempty"`   // the term's text; "" when it is the record as a whole
	// Start and End are the byte offsets of the term in the record, or of the part of it that
	// is wrong. The record is the text of its DNS answer, the strings joined.
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Detail string `json:"detail,omitempty"` // see the codes
	// Cause is why DNS gave no answer.
	Cause *facts.Failure `json:"cause,omitempty"`
}

// Warning reports whether the policy has a result in spite of it.
func (p *Problem) Warning() bool {
	switch p.Code {
	case NeverReached, RedirectIgnored, OpenEnd, PassAll, WideNetwork, UsesPTR, VoidTarget, MappedNetwork, Repeated,
		UnknownModifier, ObsoleteDefault, LongRecord, LooksLikeSPF, BadExplanation:
		return true
	}
	return false
}

// Error is one line for a log.
func (p *Problem) Error() string {
	var b strings.Builder
	if p.Domain != "" {
		b.WriteString(p.Domain + ": ")
	}
	if p.Term != "" {
		fmt.Fprintf(&b, "%q at %d: ", p.Term, p.Start)
	}
	b.WriteString(string(p.Code))
	if p.Detail != "" {
		fmt.Fprintf(&b, " %q", p.Detail)
	}
	if p.Cause != nil {
		b.WriteString(" (" + p.Cause.Error() + ")")
	}
	return b.String()
}
