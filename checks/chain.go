package checks

import (
	"net/url"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Chain is the way from what was seen to what was found about one subject: a tree of
// statements that a person can follow and repeat by hand. It decides nothing; causes do.
type Chain struct {
	Subject    string      `json:"subject"`
	Statements []Statement `json:"statements"`
}

// Statement is one link: what it is about, how far it holds and why, which calls showed it, and
// the statements that it rests on.
type Statement struct {
	About   Reason       `json:"about"` // a code with arguments, in words as every reason
	Verdict string       `json:"verdict"`
	Basis   string       `json:"basis"`
	Reasons []Reason     `json:"reasons,omitempty"`
	Seen    []facts.Look `json:"seen,omitempty"`
	Because []Statement  `json:"because,omitempty"`
}

// statement makes a link of a claim. What it rests on says why; only where that could not be
// seen whole, the claim says what is missing.
func statement(about Reason, c Claim, seen []facts.Look, because ...Statement) Statement {
	s := Statement{About: about, Verdict: c.Verdict.String(), Basis: c.Basis.String(), Seen: seen, Because: because}
	if len(because) == 0 || c.Verdict == Unknown {
		s.Reasons = c.Reasons
	}
	return s
}

// shown is the call that showed a value: its own, or those of the whole fact.
func shown[T any](x *Exam, fact string, s facts.Seen[T]) []facts.Look {
	if s.From != nil {
		return []facts.Look{*s.From}
	}
	return x.looks(fact)
}

// looks are the calls that were made for a fact, each path once, at its last answer: all of
// them, or those whose path ends in one of the given ways.
func (x *Exam) looks(fact string, ends ...string) []facts.Look {
	f := x.evidence.Facts[fact]
	var out []facts.Look
	for _, r := range f.Requests {
		u, err := url.Parse(r.URL)
		if err != nil || r.Status == 0 || len(ends) > 0 &&
			!slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(u.Path, end) }) {
			continue
		}
		l := facts.Look{Call: r.Method + " " + u.Path, At: r.At}
		if l.At.IsZero() { // an older file knows only when the fact was taken
			l.At = f.Taken
		}
		if i := slices.IndexFunc(out, func(o facts.Look) bool { return o.Call == l.Call }); i >= 0 {
			out[i] = l
			continue
		}
		out = append(out, l)
	}
	return out
}

// told asks for something beside the judgement: chains, notes, a table, the steps of a fix; nil where
// there is none to tell. A mistake in it must not cost the judgement.
func told[T any](x *Exam, tell func(*Exam) T) (out T) {
	var nothing T
	defer func() {
		if recover() != nil {
			out = nothing
		}
	}()
	if tell == nil {
		return nothing
	}
	return tell(x)
}
