// Package condaccess reads Microsoft Entra Conditional Access policies and judges what each
// of them does to one sign-in: a user name and a password, handed to SharePoint Online by a
// service that has no second factor, no managed device and no human.
//
// What belongs here: decoding of Graph's policies, named locations and strengths into facts,
// word for word; and the three-valued evaluation of one policy. What does not: I/O, the clock,
// sentences, and what the outcome means for an organisation (package checks). Steps carry
// codes and arguments, from which the checks make sentences.
//
// Unknown is an outcome, not an error: a condition that needs something that was not read, a
// word that did not exist when this was written, or a signal that only exists at the moment
// of a sign-in. A definite answer never rests on such a thing.
package condaccess

import (
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// SharePointOnline is the application that is signed in to, for OneDrive as well: "Office 365
// SharePoint Online" in Microsoft's list of first-party applications.
const SharePointOnline = "00000003-0000-0ff1-ce00-000000000000"

// Tri is a truth value in Kleene's three-valued logic. The order makes AND the minimum and
// OR the maximum; the zero value is Unknown, so that nothing is decided by being forgotten.
type Tri int8

// The truth values.
const (
	False Tri = iota - 1
	Unknown
	True
)

// And is True when both are, and False as soon as one is.
func (t Tri) And(u Tri) Tri { return min(t, u) }

// Or is True as soon as one is, and False when both are.
func (t Tri) Or(u Tri) Tri { return max(t, u) }

// Not swaps True and False.
func (t Tri) Not() Tri { return -t }

func (t Tri) String() string {
	switch t {
	case False:
		return "false"
	case True:
		return "true"
	}
	return "unknown"
}

// tri is the value of something that was seen.
func tri(b bool) Tri {
	if b {
		return True
	}
	return False
}

// Client is the kind of client that signs in, in the words of clientAppTypes.
type Client string

// The kinds of client that reach SharePoint Online ("Conditional Access: Conditions",
// Client apps). How CAS signs in is not published: a typed password over the old protocol is
// Other; the OAuth password grant is one of the modern two, a public client
// MobileAppsAndDesktop, a confidential one Browser.
const (
	Other                Client = "other"
	MobileAppsAndDesktop Client = "mobileAppsAndDesktopClients"
	Browser              Client = "browser"
)

// SignIn is one attempt to sign in.
type SignIn struct {
	Account Account
	Origin  Origin
	Client  Client
}

// Mode is what the state of a policy makes of it.
type Mode string

// The modes.
const (
	Off         Mode = "off"
	Enforced    Mode = "enforced"
	ReportOnly  Mode = "report_only" // evaluated and logged, demands nothing now
	ModeUnknown Mode = "unknown"     // a state that this version does not know
)

// Grant is what the controls of a policy do to a client that has only a password.
type Grant string

// The outcomes of the controls. Blocked cannot be lifted by any factor: the policy blocks, or
// the client is Other, which satisfies no control at all.
const (
	GrantUnknown Grant = ""
	Satisfied    Grant = "satisfied"
	Refused      Grant = "refused"
	Blocked      Grant = "blocked"
)

// Result is what one policy does to one sign-in.
type Result struct {
	Mode    Mode
	Applies Tri // whether the sign-in is in the policy's scope; False for a policy that is off
	// Inferred: Applies is True because a service signs in from a network of its own (neither
	// one that this organisation trusts, nor with a phone that tells its position). That is how
	// services are; nothing here has shown it for this one.
	Inferred bool
	Grant    Grant
	// DemandsMFA: a factor or a method beyond the password is part of what is not satisfied.
	// False for a policy that blocks, or that asks only for something else.
	DemandsMFA Tri
}

// Fails reports whether the sign-in fails because of this policy, given that it is enforced.
// A policy whose controls are satisfied refuses nobody, whomever it is for; an answer too
// bare to be a policy never counts as Satisfied.
func (r Result) Fails() Tri {
	switch r.Grant {
	case Refused, Blocked:
		return r.Applies
	case Satisfied:
		return False
	}
	return r.Applies.And(Unknown)
}

// Evaluate judges one policy. It allocates nothing. Authentication strengths that a policy names
// only by their ids are to be completed first; see Resolve.
func Evaluate(p *facts.Policy, s *SignIn) Result { return evaluate(p, s, nil) }

// Explain is Evaluate with the steps in the order of the policy: every condition first, then
// every control. A policy that is off has no steps.
func Explain(p *facts.Policy, s *SignIn) (Result, []Step) {
	steps := []Step{}
	r := evaluate(p, s, &steps)
	return r, steps
}

func evaluate(p *facts.Policy, s *SignIn, steps *[]Step) Result {
	r := Result{Mode: mode(p.State)}
	if r.Mode == Off {
		r.Applies, r.Grant, r.DemandsMFA = False, Satisfied, False
		return r
	}
	// All assignments must hold ("Building a Conditional Access policy": assignments are ANDed).
	r.Applies = True
	for i := range conditions {
		f := conditions[i].find(p, s)
		r.Applies = r.Applies.And(f.value)
		r.Inferred = r.Inferred || f.inferred
		if steps != nil {
			*steps = append(*steps, f.step(conditions[i].name))
		} else if r.Applies == False {
			break
		}
	}
	for _, path := range p.Unrecognised {
		if !placed(path) {
			r.Applies = r.Applies.And(Unknown)
			if steps != nil {
				*steps = append(*steps, Step{Condition: Unplaced, Code: CodeUnrecognised, Arg: path})
			}
		}
	}
	r.Inferred = r.Inferred && r.Applies == True
	r.Grant, r.DemandsMFA = grant(p, s.Client, steps)
	return r
}

// mode: conditionalAccessPolicy, property state, in Microsoft Graph v1.0.
func mode(state string) Mode {
	switch state {
	case "enabled":
		return Enforced
	case "disabled":
		return Off
	case "enabledForReportingButNotEnforced":
		return ReportOnly
	}
	return ModeUnknown
}

// unrecognised is the first member under a path that the decoder did not know, or "".
func unrecognised(p *facts.Policy, under string) string {
	for _, path := range p.Unrecognised {
		if strings.HasPrefix(path, under) {
			return path
		}
	}
	return ""
}

// placed reports whether a path is judged where it belongs. The rest (a new condition, a new
// member of the policy itself) may narrow the policy in a way that nobody here knows.
func placed(path string) bool {
	if strings.HasPrefix(path, grantPath) || strings.HasPrefix(path, sessionPath) {
		return true
	}
	for i := range conditions {
		if under := conditions[i].path; under != "" && strings.HasPrefix(path, under) {
			return true
		}
	}
	return false
}
