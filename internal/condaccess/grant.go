package condaccess

import (
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The paths of members that the decoder did not know, where they touch the controls.
const (
	grantPath   = "grantControls."
	sessionPath = "sessionControls."
)

// grant judges the controls for a client that has only a password. "Conditional Access:
// Grant" for the controls; "Conditional Access: Conditions" and "Block legacy authentication
// with Conditional Access" for Other: whichever grant control is selected, such a client is
// blocked.
func grant(p *facts.Policy, client Client, steps *[]Step) (Grant, Tri) {
	t := tally{client: client, steps: steps, all: True, any: False, mfa: False}
	var operator string
	if g := p.GrantControls; g != nil {
		operator = g.Operator
		for _, word := range g.BuiltInControls {
			t.builtIn(word)
		}
		if g.AuthenticationStrength != nil {
			t.strength(g.AuthenticationStrength)
		}
		for _, word := range g.CustomAuthentication {
			// Custom controls redirect the user to another vendor's page. Whether what happens
			// there is a second factor is not in the policy.
			t.count(False, Unknown, CodeCustomControl, word)
		}
		for _, id := range g.TermsOfUse {
			// Satisfied when this account has accepted before, which Graph v1.0 tells only to
			// those who may read every acceptance. A legacy client cannot show the terms.
			t.count(t.modern(Unknown), False, CodeTermsOfUse, id)
		}
	}
	if path := unrecognised(p, grantPath); path != "" {
		t.count(Unknown, Unknown, CodeUnrecognised, path)
	}
	if t.n == 0 && len(p.SessionControls) == 0 {
		// "Building a Conditional Access policy": assignments and access controls make a policy. The
		// documented ones without a grant control have a session control; where that is not set
		// either, what the policy demands may have been lost on the way.
		t.count(Unknown, Unknown, CodeMissing, "")
	}

	var outcome Grant
	switch v := t.outcome(operator); {
	case t.block:
		return Blocked, False
	case v == True:
		t.mfa = False
		outcome = Satisfied
	case v == False && client == Other:
		outcome = Blocked
	case v == False:
		outcome = Refused
	}
	if session(p, steps) == Unknown && outcome == Satisfied {
		outcome = GrantUnknown
	}
	if outcome == Satisfied && bare(p) {
		return GrantUnknown, Unknown
	}
	return outcome, t.mfa
}

// bare reports that an answer has neither the state nor the conditions of a policy. Where so
// much is missing, the controls that it has may not be all of them either.
func bare(p *facts.Policy) bool {
	return p.State == "" && p.Conditions.Users == nil && p.Conditions.Applications == nil
}

// tally counts the controls of one policy.
type tally struct {
	client   Client
	steps    *[]Step
	n        int
	all, any Tri
	block    bool
	mfa      Tri // a factor beyond the password is among what is not satisfied
}

// modern is the value of a control for a client that Microsoft can talk to; Other satisfies none.
func (t *tally) modern(v Tri) Tri {
	if t.client == Other {
		return False
	}
	return v
}

// count adds a control: whether it is satisfied, and whether it is a factor beyond the password.
func (t *tally) count(v, mfa Tri, code Code, arg string) {
	t.n++
	t.all, t.any = t.all.And(v), t.any.Or(v)
	if v != True {
		t.mfa = t.mfa.Or(mfa)
	}
	if t.steps != nil {
		*t.steps = append(*t.steps, Step{Condition: GrantControl, Value: v, Code: code, Arg: arg})
	}
}

// builtIn: conditionalAccessGrantControls, property builtInControls, in Microsoft Graph v1.0.
func (t *tally) builtIn(word string) {
	switch word {
	case "block":
		t.block = true
		t.count(False, False, CodeBlock, word)
	case "mfa":
		t.count(False, True, CodeMFA, word)
	case "compliantDevice", "domainJoinedDevice":
		t.count(False, False, CodeDevice, word)
	case "approvedApplication", "compliantApplication":
		t.count(False, False, CodeApprovedClient, word)
	case "passwordChange", "riskRemediation":
		t.count(False, False, CodeRemediation, word)
	default:
		t.count(Unknown, Unknown, CodeUnknownWord, word)
	}
}

// strength: authenticationStrengthPolicy in Microsoft Graph v1.0. A combination is a list of
// methods that are all needed, so only "password" by itself lets a password through.
// requirementsSatisfied "none" says that MFA is not reached, not that a password is enough.
func (t *tally) strength(s *facts.Strength) {
	switch {
	case slices.Contains(s.AllowedCombinations, "password"):
		t.count(t.modern(True), False, CodeStrength, s.ID)
	case slices.Contains(s.AllowedCombinations, "federatedSingleFactor"):
		// The password at the identity provider of a federated domain ("Conditional Access
		// authentication strength" lists it by itself). Where the account signs in is not known here.
		t.count(t.modern(Unknown), Unknown, CodeStrengthFederated, s.ID)
	case len(s.AllowedCombinations) == 0 && s.RequirementsSatisfied != "mfa":
		t.count(t.modern(Unknown), Unknown, CodeStrengthUnread, s.ID)
	default:
		t.count(False, True, CodeStrength, s.ID)
	}
}

// outcome joins the controls. "Conditional Access: Grant": by default all selected controls
// are required. For one control the operator has no meaning, though Graph sends one.
func (t *tally) outcome(operator string) Tri {
	switch {
	case t.n == 0: // a session-only policy
		if t.steps != nil {
			*t.steps = append(*t.steps, Step{Condition: GrantControl, Value: True, Code: CodeNoControl})
		}
		return True
	case operator == "AND", operator == "", t.all == t.any:
		return t.all
	case operator == "OR":
		return t.any
	}
	if t.steps != nil {
		*t.steps = append(*t.steps, Step{Condition: GrantControl, Code: CodeOperator, Arg: operator})
	}
	return Unknown
}

// session: "Conditional Access: Session". These controls limit what follows the sign-in and
// let it through, with one exception. "Token protection": only sign-in sessions that are bound
// to a registered device are accepted, and PowerShell modules that access SharePoint are
// blocked; what becomes of a service is not documented.
func session(p *facts.Policy, steps *[]Step) Tri {
	v := True
	for _, word := range p.SessionControls {
		step := Step{Condition: SessionControl, Value: True, Code: CodeSession, Arg: word}
		if word == "secureSignInSession" {
			step.Value, step.Code = Unknown, CodeTokenProtection
		}
		for _, path := range p.Unrecognised {
			if name, ok := strings.CutPrefix(path, sessionPath); ok && name == word {
				step.Value, step.Code = Unknown, CodeUnrecognised
			}
		}
		v = v.And(step.Value)
		if steps != nil {
			*steps = append(*steps, step)
		}
	}
	return v
}
