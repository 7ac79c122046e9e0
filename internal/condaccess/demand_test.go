package condaccess

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

const accepted = "ce580154-086a-40fd-91df-8a60abac81a0" // terms of use

// TestDemanded: "Conditional Access: Grant", Multiple controls.
func TestDemanded(t *testing.T) {
	mfa := Control{Code: CodeMFA, Args: []string{"mfa"}}
	compliant := Control{Code: CodeDevice, Args: []string{"compliantDevice"}}
	const passwordAllowed = `"authenticationStrength":{"id":"1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d",
		"displayName":"Ours","requirementsSatisfied":"none","allowedCombinations":["password"]}`
	for _, c := range []struct {
		name, patch string
		other       Demand
		modern      *Demand // nil: the same
	}{
		{name: "one control needs no operator", patch: `{}`, other: Demand{AllOf, []Control{mfa}}},
		{
			name: "MFA or a managed device", patch: grants(`"OR"`, `"mfa","compliantDevice"`),
			other: Demand{AnyOf, []Control{mfa, compliant}},
		},
		{
			name: "MFA and a managed device", patch: grants(`"AND"`, `"mfa","compliantDevice"`),
			other: Demand{AllOf, []Control{mfa, compliant}},
		},
		{name: "all, when Graph does not say", patch: grants(`null`, `"mfa","compliantDevice"`), other: Demand{AllOf, []Control{mfa, compliant}}},
		{
			name: "two kinds of managed devices", patch: grants(`"OR"`, `"compliantDevice","domainJoinedDevice"`),
			other: Demand{AnyOf, []Control{{Code: CodeDevice, Args: []string{"compliantDevice", "domainJoinedDevice"}}}},
		},
		{
			name: "approved or protected clients", patch: grants(`"OR"`, `"approvedApplication","compliantApplication"`),
			other: Demand{AnyOf, []Control{{Code: CodeApprovedClient, Args: []string{"approvedApplication", "compliantApplication"}}}},
		},
		{
			name: "MFA and a changed password", patch: grants(`"AND"`, `"mfa","passwordChange"`),
			other: Demand{AllOf, []Control{mfa, {Code: CodeRemediation, Args: []string{"passwordChange"}}}},
		},
		{
			name: "a strength, by its name", patch: strength(`"requirementsSatisfied":"mfa","allowedCombinations":["fido2"]`),
			other: Demand{AllOf, []Control{{Code: CodeStrength, Args: []string{"Ours"}}}},
		},
		{
			name:  "a strength without a name, by its id",
			patch: `{"grantControls":{"builtInControls":[],"authenticationStrength":{"id":"7","requirementsSatisfied":"mfa"}}}`,
			other: Demand{AllOf, []Control{{Code: CodeStrength, Args: []string{"7"}}}},
		},
		{
			name: "a strength that takes the password", patch: `{"grantControls":{"builtInControls":[],` + passwordAllowed + `}}`,
			other:  Demand{AllOf, []Control{{Code: CodeStrength, Args: []string{"Ours"}}}},
			modern: &Demand{Operator: AllOf},
		},
		{
			name: "of two that are needed, the one that is lacking",
			patch: `{"grantControls":{"operator":"AND","builtInControls":["compliantDevice"],` +
				passwordAllowed + `}}`,
			other:  Demand{AllOf, []Control{compliant, {Code: CodeStrength, Args: []string{"Ours"}}}},
			modern: &Demand{AllOf, []Control{compliant}},
		},
		{
			name: "of two, one is enough and there",
			patch: `{"grantControls":{"operator":"OR","builtInControls":["compliantDevice"],` +
				passwordAllowed + `}}`,
			other:  Demand{AnyOf, []Control{compliant, {Code: CodeStrength, Args: []string{"Ours"}}}},
			modern: &Demand{Operator: AllOf},
		},
		{
			name: "terms that may have been accepted", patch: `{"grantControls":{"termsOfUse":["` + accepted + `"]}}`,
			other:  Demand{AnyOf, []Control{mfa, {Code: CodeTermsOfUse, Args: []string{accepted}}}},
			modern: &Demand{AnyOf, []Control{mfa, {Code: CodeTermsOfUse, Args: []string{accepted}, May: true}}},
		},
		{
			name: "another vendor's control", patch: `{"grantControls":{"builtInControls":[],"customAuthenticationFactors":["RequireDuoMfa"]}}`,
			other: Demand{AllOf, []Control{{Code: CodeCustomControl, Args: []string{"RequireDuoMfa"}}}},
		},
		{
			name: "a block leaves nothing to satisfy", patch: grants(`"OR"`, `"mfa","block","compliantDevice"`),
			other: Demand{AllOf, []Control{{Code: CodeBlock, Args: []string{"block"}}}},
		},
		{
			name: "a word that did not exist", patch: grants(`"OR"`, `"mfa","verifiedCredential"`),
			other: Demand{AnyOf, []Control{mfa, {Code: CodeUnknownWord, Args: []string{"verifiedCredential"}, May: true}}},
		},
		{
			name: "an operator that did not exist", patch: grants(`"XOR"`, `"mfa","compliantDevice"`),
			other: Demand{OperatorUnknown, []Control{mfa, compliant}},
		},
		{name: "an operator that did not exist, and one control", patch: grants(`"XOR"`, `"mfa"`), other: Demand{AllOf, []Control{mfa}}},
		{
			name: "session controls only", patch: `{"grantControls":null,"sessionControls":{"secureSignInSession":{"isEnabled":true}}}`,
			other: Demand{Operator: AllOf},
		},
		{name: "nothing in the answer", patch: `{"grantControls":null}`, other: Demand{AllOf, []Control{{Code: CodeMissing, May: true}}}},
		{name: "switched off", patch: `{"state":"disabled"}`, other: Demand{Operator: AllOf}},
	} {
		p := policy(t, c.patch)
		modern := c.other
		if c.modern != nil {
			modern = *c.modern
		}
		for client, want := range map[Client]Demand{Other: c.other, MobileAppsAndDesktop: modern, Browser: modern} {
			if diff := cmp.Diff(want, Demanded(&p, client)); diff != "" {
				t.Errorf("%s, %s:\n%s", c.name, client, diff)
			}
		}
	}
}

// TestDemandedAgrees: a policy that refuses demands something, one that is satisfied nothing,
// and a second factor is among the controls exactly when Evaluate says so.
func TestDemandedAgrees(t *testing.T) {
	for _, c := range scenarios() {
		p := policy(t, c.patch)
		for _, client := range clients {
			r, d := Evaluate(&p, admin().signIn(client)), Demanded(&p, client)
			switch r.Grant {
			case Satisfied:
				if len(d.Controls) > 0 {
					t.Errorf("%s, %s: satisfied, and demands %+v", c.name, client, d)
				}
			case Refused, Blocked:
				if len(d.Controls) == 0 {
					t.Errorf("%s, %s: %s, and demands nothing", c.name, client, r.Grant)
				}
			}
			factor := False
			for _, control := range d.Controls {
				switch control.Code {
				case CodeMFA, CodeStrength:
					factor = True
				case CodeBlock, CodeDevice, CodeApprovedClient, CodeRemediation, CodeTermsOfUse:
				default:
					factor = factor.Or(Unknown)
				}
			}
			// A strength that takes the password is not satisfied by the client Other, for lack of
			// the protocol and not of a factor.
			if factor != r.DemandsMFA && (client != Other || factor != True || r.DemandsMFA != False) {
				t.Errorf("%s, %s: demands MFA: %v, demands %+v", c.name, client, r.DemandsMFA, d)
			}
		}
	}
}

// TestResolve: a strength that a policy names only by its id is what the tenant's list says.
func TestResolve(t *testing.T) {
	const id = "1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d"
	bare := policy(t, `{"grantControls":{"builtInControls":[],"authenticationStrength":{"id":"`+id+`"}}}`)
	said := policy(t, strength(`"requirementsSatisfied":"mfa","allowedCombinations":["fido2"]`))
	other := policy(t, `{}`)
	listed := func(combinations ...string) facts.Seen[[]facts.Strength] {
		return facts.Got([]facts.Strength{
			{ID: "00000000-0000-0000-0000-000000000004"},
			{ID: "1D9D5F9A-24F4-4F2C-9F0B-7A2A7B1B2C3D", DisplayName: "Listed", RequirementsSatisfied: "none", AllowedCombinations: combinations},
		})
	}
	for _, c := range []struct {
		name      string
		policy    facts.Policy
		strengths facts.Seen[[]facts.Strength]
		desktop   string
		code      Code
		display   string
	}{
		{"not read", bare, facts.Missed[[]facts.Strength](notRead), "true, unknown mfa?", CodeStrengthUnread, ""},
		{"not in the list", bare, facts.Got([]facts.Strength{{ID: "7"}}), "true, unknown mfa?", CodeStrengthUnread, ""},
		{"the list is cut before it", bare, facts.Partly([]facts.Strength{{ID: "7"}}, notRead), "true, unknown mfa?", CodeStrengthUnread, ""},
		{"of more than a password", bare, listed("fido2", "password,sms"), modernStops, CodeStrength, "Listed"},
		{"of a password", bare, listed("password"), "true, satisfied", CodeStrength, "Listed"},
		{"the list has no combinations either", bare, listed(), "true, unknown mfa?", CodeStrengthUnread, "Listed"},
		{"what the policy says stays", said, listed("password"), modernStops, CodeStrength, "Ours"},
		{"a policy without a strength", other, listed("password"), modernStops, CodeMFA, ""},
	} {
		before := cmp.Diff(facts.Policy{}, c.policy)
		resolved := Resolve([]facts.Policy{other, c.policy}, c.strengths)
		if len(resolved) != 2 || !cmp.Equal(resolved[0], other) {
			t.Fatalf("%s: %+v", c.name, resolved)
		}
		r, steps := judged(t, resolved[1], admin().signIn(MobileAppsAndDesktop))
		s := step(steps, GrantControl)
		if summary(r) != c.desktop || s.Code != c.code {
			t.Errorf("%s: %s, %s; want %s, %s", c.name, summary(r), s.Code, c.desktop, c.code)
		}
		if g := resolved[1].GrantControls.AuthenticationStrength; g != nil && g.DisplayName != c.display {
			t.Errorf("%s: the name is %q", c.name, g.DisplayName)
		}
		if before != cmp.Diff(facts.Policy{}, c.policy) {
			t.Errorf("%s: the policy itself was changed", c.name)
		}
	}
}

// TestFederatedPassword: a strength that takes the password of a federated domain is open, as
// long as nothing says where the account signs in.
func TestFederatedPassword(t *testing.T) {
	run(t, []scenario{
		{
			name:    "federated single-factor",
			patch:   strength(`"requirementsSatisfied":"none","allowedCombinations":["federatedSingleFactor"]`),
			other:   "true, blocked mfa?",
			desktop: "true, unknown mfa?", because: GrantControl, code: CodeStrengthFederated,
			arg: "1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d",
		},
		{
			name:  "federated single-factor with something else",
			patch: strength(`"requirementsSatisfied":"mfa","allowedCombinations":["federatedSingleFactor,sms"]`),
			other: otherStops, desktop: modernStops,
		},
	})
}
