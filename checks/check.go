// Package checks is the judgement: seven documented troubles as data and pure functions.
//
// What belongs here: the contract of a check, its evaluation, and one file per trouble with
// its causes, its fixes and its words beside its logic. A check is a pure function of facts
// and a given time. What does not: looking (package probes), formats (internal/report), and
// engines that are worth a package of their own (internal/condaccess and its neighbours).
// Nothing here imports net/http, os, an SDK or a probe.
//
// # How to add a check
//
// Write one file with a function that returns a Check, and add it to All. The registry test
// then asks for both languages, for links on known hosts, and for a confirming, a refuting,
// an unknown and a flip case in testdata.
//
// # What a check can never do
//
// Say good or bad when it could not look. Facts arrive as facts.Seen; the claim made of a
// failed one is Unknown; All and Any keep it so; and the engine turns a panic, an undeclared
// read, a cause that finds nothing, and a refutation that rests on nothing seen into Unknown.
package checks

import (
	"maps"
	"slices"
	"time"
)

// Verdict is how far a statement holds. The values are ordered, so that AND is the minimum
// and OR the maximum; the zero value is Unknown.
type Verdict int8

// The verdicts.
const (
	Refuted Verdict = iota - 1
	Unknown
	Supported // fits, but is not proof
	Confirmed
)

func (v Verdict) String() string {
	return [...]string{"refuted", "unknown", "supported", "confirmed"}[v+1]
}

// Not swaps the ends. The opposite of "supported" is not "somewhat refuted" but Unknown.
func (v Verdict) Not() Verdict {
	switch v {
	case Confirmed:
		return Refuted
	case Refuted:
		return Confirmed
	default:
		return Unknown
	}
}

// Basis is what a verdict rests on. The basis of a conjunction is its weakest operand.
type Basis int8

// The bases. Inferred can support, never confirm.
const (
	Inferred Basis = iota
	Declared
	Observed
)

func (b Basis) String() string { return [...]string{"inferred", "declared", "observed"}[b] }

// Text is a sentence in both languages. Slots are {name}; {name!} is a term that is
// translated too (see terms).
type Text struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// In is the sentence in a language: "ja", or English.
func (t Text) In(lang string) string {
	if lang == "ja" {
		return t.JA
	}
	return t.EN
}

// Reason says why, as a code with arguments. The sentence is made from them at the end, so
// that logic never depends on wording and machines never parse prose.
type Reason struct {
	Code string            `json:"code"`
	Args map[string]string `json:"args,omitempty"`
	Text Text              `json:"text"`
}

// because makes a reason; args alternate name and value.
func because(code string, args ...string) Reason {
	r := Reason{Code: code}
	if len(args) > 0 {
		r.Args = make(map[string]string, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			r.Args[args[i]] = args[i+1]
		}
	}
	return r
}

// Claim is one statement about the organisation: how far it holds, on what basis, and why.
type Claim struct {
	Verdict Verdict
	Basis   Basis
	Reasons []Reason
}

// Claims for the four answers. Inferred claims that would confirm only support.

func confirmed(b Basis, r ...Reason) Claim {
	if b == Inferred {
		return Claim{Supported, b, r}
	}
	return Claim{Confirmed, b, r}
}
func supported(b Basis, r ...Reason) Claim { return Claim{Supported, b, r} }
func refuted(b Basis, r ...Reason) Claim   { return Claim{Refuted, b, r} }
func unknown(r ...Reason) Claim            { return Claim{Unknown, Inferred, r} }

// all is the conjunction: the least of the verdicts, the weakest basis that it rests on, and
// the reasons that decided it. One operand that was seen and is refuted decides alone.
func all(claims ...Claim) Claim {
	out := Claim{Verdict: Confirmed, Basis: Observed}
	for _, c := range claims {
		out.Verdict = min(out.Verdict, c.Verdict)
	}
	return decide(out, claims, out.Verdict > Unknown)
}

// anyOf is the disjunction: the greatest of the verdicts. It is refuted only when every operand is.
func anyOf(claims ...Claim) Claim {
	out := Claim{Verdict: Refuted, Basis: Observed}
	for _, c := range claims {
		out.Verdict = max(out.Verdict, c.Verdict)
	}
	return decide(out, claims, out.Verdict == Refuted)
}

// decide collects basis and reasons: from every operand when it took all of them, else from
// those whose verdict is the result; of these the strongest basis is enough.
func decide(out Claim, claims []Claim, tookAll bool) Claim {
	first := true
	for _, c := range claims {
		if !tookAll && c.Verdict != out.Verdict {
			continue
		}
		switch {
		case first:
			out.Basis, first = c.Basis, false
		case tookAll:
			out.Basis = min(out.Basis, c.Basis)
		default:
			out.Basis = max(out.Basis, c.Basis)
		}
		for _, r := range c.Reasons {
			out.Reasons = addReason(out.Reasons, r)
		}
	}
	return out
}

// atMost caps a verdict, with the reason for the cap.
func (c Claim) atMost(v Verdict, why ...Reason) Claim {
	if c.Verdict > v {
		c.Verdict = v
		c.Reasons = append(slices.Clip(c.Reasons), why...)
	}
	return c
}

// Check is one documented trouble.
type Check struct {
	ID      string   // "MFA-01", never reused
	Section string   // of the configuration; without it the check is skipped
	Title   Text     // the trouble, as the one who has it would say it
	Symptom Text     // what is seen, with the vendor's message where there is one
	Needs   []string // the facts it may read
	Causes  []Cause
	Fixes   []Fix
	Words   map[string]Text // the sentences of its reason codes

	// Explain tells, subject by subject, how the findings came about; nil: the reasons say it all.
	Explain func(*Exam) []Chain
	// Notes are what is worth knowing and no cause: what is about to change, what was left behind.
	Notes func(*Exam) []Reason
	// Table sets side by side what a person wants to compare; nil: there is nothing to compare.
	Table func(*Exam) *Table
}

// Cause is one reason for the trouble: documented (.C), or of the same symptom (.X).
type Cause struct {
	ID      string
	Text    Text
	How     Text // how it is decided, and what settles an unknown
	Examine func(*Exam)
}

// Fix is one way out: documented, or ours.
type Fix struct {
	ID            string
	For           []string // the causes it is for
	Text          Text
	When          Text // the conditions that Applies asks for, in words; empty: there are none
	Risk          Text
	Ours          bool // not the document's
	Links         []string
	ObsoleteAfter Dates // from this day on it does not work any more
	Applies       func(*Exam) (Applicability, []Reason)
	Steps         func(*Exam) []Text
}

// Applicability is whether a fix works here, today. The values are ordered; the zero value is Maybe.
type Applicability int8

// Whether a fix applies.
const (
	No Applicability = iota - 1
	Maybe
	Yes
)

func (a Applicability) String() string { return [...]string{"no", "unknown", "yes"}[a+1] }

// Dates are the days from which something holds, per Microsoft cloud. A cloud that is not in
// On has no published date: nothing is concluded from the calendar there.
type Dates struct {
	On     map[string]time.Time
	Reason string // the reason code that names the event; its argument is since
	Source string // where the dates are published
}

// Since is the day for a cloud, and whether it has come by now.
func (d Dates) Since(cloud string, now time.Time) (day time.Time, known, come bool) {
	day, known = d.On[cloud]
	return day, known, known && !now.Before(day)
}

// Clouds lists the clouds that have a date, sorted.
func (d Dates) Clouds() []string { return slices.Sorted(maps.Keys(d.On)) }

// day is midnight UTC of a calendar day.
func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
