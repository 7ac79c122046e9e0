package condaccess

import "testing"

func grants(operator, controls string) string {
	return `{"grantControls":{"operator":` + operator + `,"builtInControls":[` + controls + `]}}`
}

func strength(members string) string {
	return `{"grantControls":{"builtInControls":[],"authenticationStrength":{
		"id":"1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d","displayName":"Ours","policyType":"custom",` + members + `}}}`
}

const (
	refusedElse = "true, refused"
	blockedElse = "true, blocked"
	// nothingAsked: the policy applies, and what it asks for is not in the answer.
	nothingAsked = "true, unknown mfa?"
)

// "Conditional Access: Grant"; for the client Other "Block legacy authentication with
// Conditional Access": whichever grant control is selected, the client is blocked.
var grantCases = []scenario{
	{name: "block", patch: grants(`"OR"`, `"block"`), other: blockedElse, desktop: "true, blocked"},
	{name: "block beside mfa", patch: grants(`"AND"`, `"mfa","block"`), other: blockedElse, desktop: "true, blocked"},
	{name: "compliant device", patch: grants(`"OR"`, `"compliantDevice"`), other: blockedElse, desktop: refusedElse},
	{name: "joined device", patch: grants(`"OR"`, `"domainJoinedDevice"`), other: blockedElse, desktop: refusedElse},
	{
		name: "approved client", patch: grants(`"OR"`, `"approvedApplication"`),
		other: blockedElse, desktop: refusedElse,
	},
	{
		name: "app protection", patch: grants(`"OR"`, `"compliantApplication"`),
		other: blockedElse, desktop: refusedElse,
	},
	{name: "password change", patch: grants(`"OR"`, `"passwordChange"`), other: blockedElse, desktop: refusedElse},
	{name: "risk remediation", patch: grants(`"OR"`, `"riskRemediation"`), other: blockedElse, desktop: refusedElse},
	{
		name: "MFA or a managed device", patch: grants(`"OR"`, `"mfa","compliantDevice"`),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "MFA and a managed device", patch: grants(`"AND"`, `"mfa","compliantDevice"`),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "MFA or a word that did not exist", patch: grants(`"OR"`, `"mfa","newControl"`),
		other: "true, unknown mfa", desktop: "true, unknown mfa",
	},
	{
		name: "MFA and a word that did not exist", patch: grants(`"AND"`, `"mfa","newControl"`),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "MFA and a word that did not exist, no operator", patch: grants(`null`, `"mfa","newControl"`),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "an operator that did not exist, and it matters", patch: grants(`"XOR"`, `"mfa","newControl"`),
		other: "true, unknown mfa", desktop: "true, unknown mfa",
	},
	{
		name: "an operator that did not exist, and it does not matter", patch: grants(`"XOR"`, `"mfa","compliantDevice"`),
		other: otherStops, desktop: modernStops,
	},
	{
		name:  "terms of use",
		patch: `{"grantControls":{"builtInControls":[],"termsOfUse":["ce580154-086a-40fd-91df-8a60abac81a0"]}}`,
		other: blockedElse, desktop: "true, unknown",
		because: GrantControl, code: CodeTermsOfUse, arg: "ce580154-086a-40fd-91df-8a60abac81a0",
	},
	{
		name:  "MFA and terms of use",
		patch: `{"grantControls":{"operator":"AND","termsOfUse":["ce580154-086a-40fd-91df-8a60abac81a0"]}}`,
		other: otherStops, desktop: modernStops,
	},
	{
		name:  "another vendor's control",
		patch: `{"grantControls":{"builtInControls":[],"customAuthenticationFactors":["RequireDuoMfa"]}}`,
		other: "true, blocked mfa?", desktop: "true, refused mfa?",
		because: GrantControl, code: CodeCustomControl, arg: "RequireDuoMfa",
	},
	{
		// A policy demands something or limits the session ("Building a Conditional Access policy",
		// access controls); with neither in the answer, what it demands is not known.
		name: "an empty list of controls", patch: `{"grantControls":{"builtInControls":[]}}`,
		other: nothingAsked, desktop: nothingAsked, because: GrantControl, code: CodeMissing,
	},
	{
		name: "no list of controls", patch: `{"grantControls":{"builtInControls":null}}`,
		other: nothingAsked, desktop: nothingAsked, because: GrantControl, code: CodeMissing,
	},
	{
		name: "controls not in the answer", patch: `{"grantControls":null}`,
		other: nothingAsked, desktop: nothingAsked, because: GrantControl, code: CodeMissing,
	},
	{
		name:  "controls not in the answer, on somebody else",
		patch: `{"grantControls":null,"conditions":{"users":{"excludeUsers":["` + me + `"]}}}`,
		other: "false, unknown mfa?", desktop: "false, unknown mfa?",
	},
	{
		name:  "a kind of control that did not exist",
		patch: `{"grantControls":{"builtInControls":[],"verifiableCredentials":["x"]}}`,
		other: "true, unknown mfa?", desktop: "true, unknown mfa?",
		because: GrantControl, code: CodeUnrecognised, arg: "grantControls.verifiableCredentials",
	},
	{
		name:  "a strength of one factor that is not the password",
		patch: strength(`"requirementsSatisfied":"none","allowedCombinations":["sms"]`),
		other: otherStops, desktop: modernStops,
	},
	{
		name:  "a strength whose combinations all contain more than the password",
		patch: strength(`"requirementsSatisfied":"none","allowedCombinations":["password,sms","fido2"]`),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "a strength without combinations that says MFA", patch: strength(`"requirementsSatisfied":"mfa"`),
		other: otherStops, desktop: modernStops,
	},
	{
		name: "a strength without combinations", patch: strength(`"requirementsSatisfied":"none"`),
		other: "true, blocked mfa?", desktop: "true, unknown mfa?", because: GrantControl, code: CodeStrengthUnread,
		arg: "1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d",
	},
	{
		name: "MFA or a strength that allows the password",
		patch: `{"grantControls":{"operator":"OR","builtInControls":["mfa"],"authenticationStrength":{
			"id":"1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d","requirementsSatisfied":"none","allowedCombinations":["password"]}}}`,
		other: otherStops, desktop: "true, satisfied",
	},
	{
		name: "sign-in frequency does not demand MFA",
		patch: `{"grantControls":null,"sessionControls":{"signInFrequency":{"value":null,"type":null,
			"authenticationType":"primaryAndSecondaryAuthentication","frequencyInterval":"everyTime","isEnabled":true}}}`,
		other: "true, satisfied", desktop: "true, satisfied", sessionWarning: "signInFrequency",
	},
	{
		name: "a session control that is switched off",
		patch: `{"grantControls":null,"sessionControls":{"persistentBrowser":{"mode":"never","isEnabled":false},
			"somethingNew":{"isEnabled":false},"disableResilienceDefaults":false}}`,
		other: nothingAsked, desktop: nothingAsked, because: GrantControl, code: CodeMissing,
	},
	{
		// "Token protection": what is not bound to a registered device is not accepted; what
		// becomes of a service is not documented.
		name:  "token protection",
		patch: `{"grantControls":null,"sessionControls":{"secureSignInSession":{"isEnabled":true}}}`,
		other: "true, unknown", desktop: "true, unknown", sessionWarning: "secureSignInSession",
		because: SessionControl, code: CodeTokenProtection, arg: "secureSignInSession",
	},
	{
		name:  "a session control that did not exist",
		patch: `{"grantControls":null,"sessionControls":{"somethingNew":{"isEnabled":true}}}`,
		other: "true, unknown", desktop: "true, unknown", sessionWarning: "somethingNew",
		because: SessionControl, code: CodeUnrecognised, arg: "somethingNew",
	},
	{
		name:  "a session control that did not exist beside MFA",
		patch: `{"sessionControls":{"somethingNew":{"isEnabled":true}}}`,
		other: otherStops, desktop: modernStops, sessionWarning: "somethingNew",
	},
}

func TestGrant(t *testing.T) { run(t, grantCases) }
