package dmarc

import (
	"slices"
	"strconv"
	"strings"
)

// Policy is what a domain asks receivers to do with a message that fails.
type Policy string

// The policies.
const (
	NonePolicy Policy = "none"
	Quarantine Policy = "quarantine"
	Reject     Policy = "reject"
)

// Record is a DMARC record, taken apart. What it does not say has its default here, save that
// Policy, Subdomains and NonExistent are "".
type Record struct {
	Text        string `json:"text"`
	Tags        []Tag  `json:"-"`                     // in order, also those that are not known
	Policy      Policy `json:"p,omitempty"`           // of the domain itself
	Subdomains  Policy `json:"sp,omitempty"`          // of domains below, unless they have their own
	NonExistent Policy `json:"np,omitempty"`          // RFC 9989: of those that do not exist
	StrictDKIM  bool   `json:"strict_dkim,omitempty"` // adkim=s
	StrictSPF   bool   `json:"strict_spf,omitempty"`  // aspf=s
	Percent     int    `json:"pct"`                   // RFC 7489 only
	Testing     bool   `json:"t,omitempty"`           // RFC 9989: t=y, the policy is not meant yet
	PSD         string `json:"psd,omitempty"`         // RFC 9989: y, n or u
	// Reports: it names somewhere to send aggregate reports to (rua).
	Reports bool `json:"reports,omitempty"`
}

// Tag is one name=value, with its byte offsets in the record.
type Tag struct {
	Name, Value string
	Start, End  int
}

// Code names one kind of problem. The codes never change their meaning.
type Code string

// The problems.
const (
	ManyRecords    Code = "many_records"     // more than one record: no DMARC at all
	LooksLikeDMARC Code = "looks_like_dmarc" // a text that was meant to be a record and is not (Detail: the text)
	BadTag         Code = "bad_tag"          // not name=value
	BadValue       Code = "bad_value"        // a value that the tag does not have
	RepeatedTag    Code = "repeated_tag"     // the tag stands before; the first one counts
	NoPolicy       Code = "no_policy"        // p is missing or wrong: the record is ignored, or means none when it has rua
	PolicyNotFirst Code = "policy_not_first" // p does not follow v, which RFC 7489 demands
	RemovedTag     Code = "removed_tag"      // pct, rf or ri, which RFC 9989 removed
	NewTag         Code = "new_tag"          // np, psd or t, which readers of RFC 7489 ignore
	UnknownTag     Code = "unknown_tag"      // ignored
)

// Codes lists every code; the words are held against it.
func Codes() []Code {
	return []Code{
		ManyRecords, LooksLikeDMARC, BadTag, BadValue, RepeatedTag, NoPolicy, PolicyNotFirst, RemovedTag, NewTag, UnknownTag,
	}
}

// Problem is something that is wrong with a record, and where.
type Problem struct {
	Code   Code   `json:"code"`
	Domain string `json:"domain,omitempty"`
	Tag    string `json:"tag,omitempty"` // its text
	Start  int    `json:"start"`         // byte offsets in the record
	End    int    `json:"end"`
	Detail string `json:"detail,omitempty"`
}

// IsRecord reports whether the text begins with v=DMARC1, in this case, and its separator or the end follows
// (RFC 7489, 6.4).
func IsRecord(text string) bool {
	rest, ok := strings.CutPrefix(text, "v")
	rest, equals := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "=")
	rest, named := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "DMARC1")
	rest = strings.TrimLeft(rest, " \t")
	return ok && equals && named && (rest == "" || rest[0] == ';')
}

// Parse takes a record apart. It finds every problem, and goes on after each as a receiver does.
// A text that is no record (see IsRecord) has no tags.
func Parse(text string) (*Record, []*Problem) {
	r := &Record{Text: text, Percent: 100}
	if !IsRecord(text) {
		return r, []*Problem{{Code: LooksLikeDMARC, End: len(text), Detail: text}}
	}
	var problems []*Problem
	say := func(t Tag, code Code, detail string) {
		problems = append(problems, &Problem{Code: code, Tag: text[t.Start:t.End], Start: t.Start, End: t.End, Detail: detail})
	}
	seen := map[string]bool{}
	at, n := 0, 0
	for piece := range strings.SplitSeq(text, ";") {
		start := at + len(piece) - len(strings.TrimLeft(piece, " \t"))
		at += len(piece) + 1
		piece = strings.Trim(piece, " \t")
		if piece == "" {
			continue
		}
		n++
		t := Tag{Start: start, End: start + len(piece)}
		name, value, ok := strings.Cut(piece, "=")
		t.Name, t.Value = strings.ToLower(strings.TrimRight(name, " \t")), strings.TrimLeft(value, " \t")
		switch {
		case !ok || t.Name == "":
			say(t, BadTag, piece)
			continue
		case seen[t.Name]:
			say(t, RepeatedTag, t.Name)
			continue
		}
		seen[t.Name] = true
		r.Tags = append(r.Tags, t)
		if t.Name == "p" && n != 2 {
			say(t, PolicyNotFirst, "")
		}
		switch t.Name {
		case "pct", "rf", "ri":
			say(t, RemovedTag, t.Name)
		case "np", "psd", "t":
			say(t, NewTag, t.Name)
		}
		known, valid := r.set(t)
		switch {
		case !known:
			say(t, UnknownTag, t.Name)
		case !valid:
			say(t, BadValue, t.Value)
		}
	}
	if r.Policy == "" {
		problems = append(problems, &Problem{Code: NoPolicy, End: len(text)})
	}
	return r, problems
}

// set takes a tag over; a value that is none leaves the default.
func (r *Record) set(t Tag) (known, valid bool) {
	value := strings.ToLower(t.Value)
	policy := func(to *Policy) bool {
		switch p := Policy(value); p {
		case NonePolicy, Quarantine, Reject:
			*to = p
			return true
		}
		return false
	}
	switch t.Name {
	case "v":
		return true, true
	case "p":
		return true, policy(&r.Policy)
	case "sp":
		return true, policy(&r.Subdomains)
	case "np":
		return true, policy(&r.NonExistent)
	case "adkim":
		r.StrictDKIM = value == "s"
		return true, value == "s" || value == "r"
	case "aspf":
		r.StrictSPF = value == "s"
		return true, value == "s" || value == "r"
	case "t":
		r.Testing = value == "y"
		return true, value == "y" || value == "n"
	case "psd":
		if value != "y" && value != "n" && value != "u" {
			return true, false
		}
		r.PSD = value
		return true, true
	case "pct":
		n, err := strconv.ParseUint(value, 10, 8)
		if err != nil || n > 100 {
			return true, false
		}
		r.Percent = int(n)
		return true, true
	case "ri":
		_, err := strconv.ParseUint(value, 10, 32)
		return true, err == nil
	case "rua", "ruf":
		ok := addresses(value)
		r.Reports = r.Reports || ok && t.Name == "rua"
		return true, ok
	case "fo":
		return true, list(value, ":", "0", "1", "d", "s")
	case "rf":
		return true, list(value, ":", "afrf")
	}
	return false, false
}

// list: every part of the value is one of the words.
func list(value, separator string, words ...string) bool {
	for part := range strings.SplitSeq(value, separator) {
		if !slices.Contains(words, strings.Trim(part, " \t")) {
			return false
		}
	}
	return true
}

// addresses: a list of URIs, each with its scheme; mail is the only way that is in use.
func addresses(value string) bool {
	for part := range strings.SplitSeq(value, ",") {
		scheme, rest, ok := strings.Cut(strings.Trim(part, " \t"), ":")
		if !ok || rest == "" || scheme == "" || strings.ContainsAny(rest, " \t") || scheme == "mailto" && !strings.Contains(rest, "@") {
			return false
		}
	}
	return true
}

// broken: one of the tags has a value that is none.
func (r *Record) broken(names []string) bool {
	return slices.ContainsFunc(r.Tags, func(t Tag) bool {
		_, valid := (&Record{}).set(t)
		return !valid && slices.Contains(names, t.Name)
	})
}
