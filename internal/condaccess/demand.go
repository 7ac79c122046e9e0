package condaccess

import (
	"slices"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Demand is what the controls of a policy ask for beyond what a client with nothing but a
// password brings, as data for a sentence: "MFA or a managed device is demanded". Session
// controls are not in it; see Warnings.
type Demand struct {
	Operator Operator
	Controls []Control // none: nothing is lacking
}

// Operator joins the controls of a Demand.
type Operator string

// The operators. A single control needs none and has AllOf.
const (
	AllOf           Operator = "all"
	AnyOf           Operator = "any"
	OperatorUnknown Operator = "unknown" // a word that this version does not know
)

// Control is one kind of control that is lacking.
type Control struct {
	Code Code // of a control: CodeMFA, CodeDevice, CodeStrength, CodeTermsOfUse, …
	// Args are what the policy names of this kind: its own words (compliantDevice,
	// passwordChange, a custom control), the name of the strength, the ids of the terms of use.
	Args []string
	May  bool // it may be there: terms that were accepted before, a word that is not known
}

// Demanded is what a policy demands of a client, whether or not it applies. It follows
// Evaluate: a grant that is Satisfied demands nothing, one that is Refused or Blocked always
// something, and a policy that blocks demands nothing but CodeBlock.
func Demanded(p *facts.Policy, client Client) Demand {
	d := Demand{Operator: AllOf}
	if mode(p.State) == Off {
		return d
	}
	var steps []Step
	outcome, _ := grant(p, client, &steps)
	if outcome == Satisfied {
		return d
	}
	if g := p.GrantControls; g != nil {
		switch g.Operator {
		case "AND", "":
		case "OR":
			d.Operator = AnyOf
		default:
			d.Operator = OperatorUnknown
		}
	}
	satisfied := false // one of them
	for _, s := range steps {
		switch {
		case s.Condition != GrantControl, s.Code == CodeOperator, s.Code == CodeNoControl:
		case s.Code == CodeBlock:
			return Demand{Operator: AllOf, Controls: []Control{{Code: CodeBlock, Args: []string{s.Arg}}}}
		case s.Value == True:
			satisfied = true
		default:
			d.add(s, p.GrantControls)
		}
	}
	switch {
	case satisfied && d.Operator == AnyOf:
		return Demand{Operator: AllOf} // what is unknown about this policy is not a control
	case satisfied: // AND needs the others as well; of another word nobody knows
	case len(d.Controls) == 0, len(d.Controls) == 1 && len(d.Controls[0].Args) < 2:
		d.Operator = AllOf
	}
	return d
}

func (d *Demand) add(s Step, g *facts.GrantControls) {
	arg := s.Arg
	if g != nil && g.AuthenticationStrength != nil && s.Arg == g.AuthenticationStrength.ID && isStrength(s.Code) &&
		g.AuthenticationStrength.DisplayName != "" {
		arg = g.AuthenticationStrength.DisplayName
	}
	i := slices.IndexFunc(d.Controls, func(c Control) bool { return c.Code == s.Code })
	if i < 0 {
		i = len(d.Controls)
		d.Controls = append(d.Controls, Control{Code: s.Code, May: s.Value == Unknown})
	}
	c := &d.Controls[i]
	if arg != "" && !slices.Contains(c.Args, arg) {
		c.Args = append(c.Args, arg)
	}
}

func isStrength(c Code) bool {
	return c == CodeStrength || c == CodeStrengthUnread || c == CodeStrengthFederated
}
