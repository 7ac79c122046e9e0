package checks

import (
	"fmt"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Exam is everything that a check may touch: facts, the time of judgement, and what has been
// found so far. It is made anew for each cause and each fix.
type Exam struct {
	check    *Check
	evidence *facts.Evidence
	now      time.Time
	found    map[string][]finding // by cause; for fixes, and for causes that look at earlier ones
	pair     Ref                  // for fixes: what is to be mended
	decoded  map[string]any       // facts.Seen of the facts that were read, shared by the exams of an evaluation

	findings []finding
	read     []string // the facts that were read, in order
	seen     bool     // one of them was there, besides what the whole run is about
	cut      *Reason  // one of them is incomplete as a whole, and why
	broken   string   // a mistake of the check itself
}

// anew is an exam of the same evidence that has read and found nothing yet.
func (x *Exam) anew() *Exam {
	return &Exam{check: x.check, evidence: x.evidence, now: x.now, found: x.found, decoded: x.decoded}
}

// Ref names an entry: a cause and the subject it was found for.
type Ref struct {
	Cause   string `json:"cause"`
	Subject string `json:"subject"`
}

type finding struct {
	subject       string
	claim         Claim
	notApplicable bool
	facts         []string
}

// Read is the only way to a fact. A fact that the check does not declare in Needs is a
// mistake: it reads as not there, and everything that the cause finds becomes unknown.
func Read[T any](x *Exam, k facts.Key[T]) facts.Seen[T] {
	if !slices.Contains(x.check.Needs, k.Name) {
		x.broken = "it reads " + k.Name + " without declaring it"
		return facts.Missed[T](&facts.Failure{Kind: facts.Internal, Detail: x.broken})
	}
	if !slices.Contains(x.read, k.Name) {
		x.read = append(x.read, k.Name)
	}
	s := get(x, k)
	x.seen = x.seen || s.Value != nil && k.Name != facts.DeclaredRun.Name
	if s.Value != nil && s.Failure != nil {
		r := failed(k.Name, s.Failure)
		x.cut = &r
	}
	return s
}

// get decodes a fact once in an evaluation: a tenant's policies are some megabytes, and each
// cause and each fix looks at them again. Nobody changes what is read.
func get[T any](x *Exam, k facts.Key[T]) facts.Seen[T] {
	if s, ok := x.decoded[k.Name].(facts.Seen[T]); ok {
		return s
	}
	s := facts.Get(x.evidence, k)
	if x.decoded != nil {
		x.decoded[k.Name] = s
	}
	return s
}

// Aside reads a fact that a finding can do without, such as a second opinion: where it is not
// there, or not whole, that costs nothing.
func Aside[T any](x *Exam, k facts.Key[T]) facts.Seen[T] {
	if !slices.Contains(x.check.Needs, k.Name) {
		return Read(x, k) // says that it is a mistake
	}
	s := get(x, k)
	if s.Value != nil && !slices.Contains(x.read, k.Name) {
		x.read = append(x.read, k.Name)
	}
	return s
}

// Now is the time of judgement.
func (x *Exam) Now() time.Time { return x.now }

// takenAt is when a fact was taken; of evidence that does not say so, when the whole was.
func (x *Exam) takenAt(fact string) time.Time {
	if at := x.evidence.Facts[fact].Taken; !at.IsZero() {
		return at
	}
	return x.evidence.Taken
}

// Find states what holds for a subject: an account, a domain, a client, a message, or "".
func (x *Exam) Find(subject string, c Claim) {
	if c.Basis == Inferred && c.Verdict == Confirmed {
		c.Verdict = Supported
	}
	if c.Verdict == Refuted && (len(c.Reasons) == 0 || !x.seen) {
		x.broken = "it refutes without having seen anything"
	}
	if c.Verdict == Refuted && x.cut != nil {
		c = unknown(*x.cut) // what is missing could say otherwise
	}
	x.findings = append(x.findings, finding{subject: subject, claim: c, facts: slices.Clone(x.read)})
}

// NotApplicable states that a declaration excludes the cause.
func (x *Exam) NotApplicable(why Reason) {
	if x.cut != nil {
		x.Find("", unknown(*x.cut))
		return
	}
	x.findings = append(x.findings, finding{
		claim: Claim{Basis: Declared, Reasons: []Reason{why}}, notApplicable: true, facts: slices.Clone(x.read),
	})
}

// Pair is what a fix is asked about: the cause and the subject that need it.
func (x *Exam) Pair() Ref { return x.pair }

// Found is what was found for a cause and a subject; the subject "" of a cause that has only
// one entry stands for all. Not found at all is unknown.
func (x *Exam) Found(cause, subject string) Claim {
	for _, f := range x.found[cause] {
		if f.subject == subject {
			return f.state()
		}
	}
	if fs := x.found[cause]; len(fs) == 1 && fs[0].subject == "" {
		return fs[0].state()
	}
	return unknown()
}

// state is the claim of a finding; a cause that is not applicable is not there.
func (f finding) state() Claim {
	if f.notApplicable {
		return refuted(Declared, f.claim.Reasons...)
	}
	return f.claim
}

// unseen is the claim of a value that could not be looked at: unknown, and why. what is the
// term for it.
func unseen(what string, f *facts.Failure) Claim { return unknown(failed(what, f)) }

// failed is the reason of a failure.
func failed(what string, f *facts.Failure) Reason {
	if f == nil {
		f = &facts.Failure{Kind: facts.NotCollected}
	}
	args := []string{"what", what}
	for _, a := range [][2]string{{"permission", f.Permission}, {"code", f.Code}, {"detail", f.Detail}} {
		if a[1] != "" {
			args = append(args, a[0], a[1])
		}
	}
	if f.Status != 0 {
		args = append(args, "status", fmt.Sprint(f.Status))
	}
	code := string(f.Kind)
	if f.Kind == facts.Forbidden && f.Permission != "" {
		code = "forbidden_permission"
	}
	return because(code, args...)
}

// examine runs a cause. Whatever happens, it ends with at least one finding.
func (x *Exam) examine(c Cause) (out []finding) {
	defer func() {
		if r := recover(); r != nil {
			x.broken = fmt.Sprintf("it panicked (%T)", r)
		}
		out = x.findings
		if len(out) == 0 && x.broken == "" {
			x.broken = "it found nothing"
		}
		if x.broken != "" {
			broken := unknown(because("internal", "what", "judgement", "detail", c.ID+": "+x.broken))
			out = []finding{{claim: broken, facts: x.read}}
		}
	}()
	c.Examine(x)
	return x.findings
}
