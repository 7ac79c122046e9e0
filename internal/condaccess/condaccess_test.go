package condaccess

import (
	"encoding/json"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// scenario is a policy, what is known, and the outcome per client. An empty outcome for the
// browser means that of the desktop client.
type scenario struct {
	name           string
	patch          string
	know           func(*knowledge)
	other          string
	desktop        string
	browser        string
	mode           Mode      // "" means Enforced
	because        Condition // the step that decides …
	code           Code      // … and why, for the client Other
	arg            string
	exclusion      bool
	sessionWarning string
}

// The outcomes of a policy that demands MFA and applies, or does not.
const (
	otherStops  = "true, blocked mfa"
	modernStops = "true, refused mfa"
	otherPasses = "false, blocked mfa"
	modernFree  = "false, refused mfa"
	otherMay    = "unknown, blocked mfa"
	modernMay   = "unknown, refused mfa"
)

// The cases that every evaluator must get right.
var essential = []scenario{
	{
		name: "exclude user beats include All", patch: `{"conditions":{"users":{"excludeUsers":["` + me + `"]}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeUser, arg: me, exclusion: true,
	},
	{
		name:  "excluded via nested group",
		patch: `{"conditions":{"users":{"excludeGroups":["` + noGroup + `","` + myGroup + `"]}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeGroup, arg: myGroup, exclusion: true,
	},
	{
		name:  "excluded via role while included by user",
		patch: `{"conditions":{"users":{"includeUsers":["` + me + `"],"excludeRoles":["` + ga + `"]}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeRole, arg: ga, exclusion: true,
	},
	{
		name:  "eligible-only GA: today",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + ga + `"]}}}`,
		know: func(k *knowledge) {
			k.roles = []facts.Seen[[]facts.RoleAssignment]{facts.Got([]facts.RoleAssignment{})}
		},
		other: otherPasses, desktop: modernFree, because: Users, code: CodeNotNamed,
	},
	{
		name:  "eligible-only GA: with the role activated",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + ga + `"]}}}`,
		know: func(k *knowledge) {
			k.roles = []facts.Seen[[]facts.RoleAssignment]{
				facts.Got([]facts.RoleAssignment{}), facts.Got([]facts.RoleAssignment{role(ga, "/")}),
			}
		},
		other: otherStops, desktop: modernStops, because: Users, code: CodeRole, arg: ga,
	},
	{
		name:  "AU-scoped SharePoint admin",
		patch: `{"conditions":{"users":{"includeUsers":[],"includeRoles":["` + spoAdmin + `"]}}}`,
		know: func(k *knowledge) {
			k.roles = []facts.Seen[[]facts.RoleAssignment]{facts.Got([]facts.RoleAssignment{
				role(spoAdmin, "/administrativeUnits/9a9bc1f3-3c5f-4b35-8a3b-5b1f7a5f5a5e"),
			})}
		},
		other: otherPasses, desktop: modernFree, because: Users, code: CodeNotNamed,
	},
	{
		name: "Office365 included, SharePoint Online excluded",
		patch: `{"conditions":{"applications":{
			"includeApplications":["Office365"],"excludeApplications":["` + SharePointOnline + `"]}}}`,
		other: otherPasses, desktop: modernFree,
		because: Applications, code: CodeApplication, arg: SharePointOnline, exclusion: true,
	},
	{
		name:  "All with SharePoint Online excluded",
		patch: `{"conditions":{"applications":{"excludeApplications":["` + SharePointOnline + `"]}}}`,
		other: otherPasses, desktop: modernFree,
		because: Applications, code: CodeApplication, arg: SharePointOnline, exclusion: true,
	},
	{
		name: "block legacy authentication",
		patch: `{"conditions":{"clientAppTypes":["exchangeActiveSync","other"]},
			"grantControls":{"builtInControls":["block"]}}`,
		other: "true, blocked", desktop: "false, blocked", because: ClientApps, code: CodeClient, arg: "other",
	},
	{
		name: "MFA in browsers only", patch: `{"conditions":{"clientAppTypes":["browser"]}}`,
		other: otherPasses, desktop: modernFree, browser: modernStops, because: ClientApps, code: CodeNotNamed,
	},
	{
		name:  "All minus AllTrusted, egress not declared",
		patch: `{"conditions":{"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}}}`,
		other: "true inferred, blocked mfa", desktop: "true inferred, refused mfa",
		because: Locations, code: CodeAddressNotDeclared, exclusion: true,
	},
	{
		name:  "All minus AllTrusted, egress outside of every trusted range",
		patch: `{"conditions":{"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}}}`,
		know:  func(k *knowledge) { *k = k.from("192.0.2.1", "") },
		other: "true inferred, blocked mfa", desktop: "true inferred, refused mfa",
		because: Locations, code: CodeTrustedIPsUnseen, exclusion: true,
	},
	{
		name:  "All minus AllTrusted, egress in a trusted range",
		patch: `{"conditions":{"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}}}`,
		know:  func(k *knowledge) { *k = k.from("203.0.113.200", "") },
		other: otherPasses, desktop: modernFree, because: Locations, code: CodeInLocation, arg: office, exclusion: true,
	},
	{
		name:  "country location, country not declared",
		patch: `{"conditions":{"locations":{"includeLocations":["` + germany + `"],"excludeLocations":[]}}}`,
		other: otherMay, desktop: modernMay, because: Locations, code: CodeCountryNotDeclared, arg: germany,
	},
	{
		name:  "country location, inside",
		patch: `{"conditions":{"locations":{"includeLocations":["` + germany + `"],"excludeLocations":[]}}}`,
		know:  func(k *knowledge) { *k = k.from("", "de") },
		other: otherStops, desktop: modernStops, because: Locations, code: CodeInLocation, arg: germany,
	},
	{
		name:  "country location, outside",
		patch: `{"conditions":{"locations":{"includeLocations":["` + germany + `"],"excludeLocations":[]}}}`,
		know:  func(k *knowledge) { *k = k.from("", "US") },
		other: otherPasses, desktop: modernFree, because: Locations, code: CodeOutsideLocation, arg: germany,
	},
	{
		// "Conditional Access: Filter for devices": the example in the section Filter for devices
		// Graph API, and the last rows of its last table.
		name: "device filter excludes what is not a SAW",
		patch: `{"conditions":{"devices":{"deviceFilter":
			{"mode":"exclude","rule":"device.extensionAttribute1 -ne \"SAW\""}}}}`,
		other: otherPasses, desktop: modernFree, because: DeviceFilter, code: CodeFilterApplied,
		arg: `device.extensionAttribute1 -ne "SAW"`, exclusion: true,
	},
	{
		name: "strength-only policy",
		patch: `{"grantControls":{"builtInControls":[],"authenticationStrength":{
			"id":"00000000-0000-0000-0000-000000000004","displayName":"Phishing resistant MFA","policyType":"builtIn",
			"requirementsSatisfied":"mfa",
			"allowedCombinations":["windowsHelloForBusiness","fido2","x509CertificateMultiFactor"]}}}`,
		other: otherStops, desktop: modernStops,
		because: GrantControl, code: CodeStrength, arg: "00000000-0000-0000-0000-000000000004",
	},
	{
		name: "custom strength that allows the password",
		patch: `{"grantControls":{"builtInControls":[],"authenticationStrength":{
			"id":"1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d","displayName":"Password will do","policyType":"custom",
			"requirementsSatisfied":"none","allowedCombinations":["password","password,sms"]}}}`,
		other: "true, blocked", desktop: "true, satisfied",
		because: GrantControl, code: CodeStrength, arg: "1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d",
	},
	{
		name:  "MFA or terms of use",
		patch: `{"grantControls":{"termsOfUse":["ce580154-086a-40fd-91df-8a60abac81a0"]}}`,
		other: otherStops, desktop: "true, unknown mfa", because: GrantControl, code: CodeMFA, arg: "mfa",
	},
	{
		// "conditionalAccessRoot: evaluate", example 1, second policy.
		name: "MFA and password change at user risk",
		patch: `{"conditions":{"userRiskLevels":["high"]},
			"grantControls":{"operator":"AND","builtInControls":["mfa","passwordChange"]}}`,
		other: otherMay, desktop: modernMay, because: UserRisk, code: CodeRisk, arg: "high",
	},
	{
		// "conditionalAccessRoot: evaluate", example 1, first policy.
		name: "session-only policy",
		patch: `{"grantControls":null,"sessionControls":{"disableResilienceDefaults":null,"cloudAppSecurity":null,
			"signInFrequency":null,"persistentBrowser":null,"continuousAccessEvaluation":null,
			"secureSignInSession":null,"networkAccessSecurity":null,"globalSecureAccessFilteringProfile":null,
			"applicationEnforcedRestrictions":{"isEnabled":true}}}`,
		other: "true, satisfied", desktop: "true, satisfied", because: GrantControl, code: CodeNoControl,
		sessionWarning: "applicationEnforcedRestrictions",
	},
	{
		name: "report-only Microsoft-managed",
		patch: `{"displayName":"Microsoft-managed: Multifactor authentication for admins",
			"state":"enabledForReportingButNotEnforced",
			"conditions":{"users":{"includeUsers":[],"includeRoles":["` + ga + `"]}}}`,
		mode: ReportOnly, other: otherStops, desktop: modernStops, because: Users, code: CodeRole, arg: ga,
	},
	{
		name: "unknown grant string", patch: `{"grantControls":{"builtInControls":["verifiedCredential"]}}`,
		other: "true, unknown mfa?", desktop: "true, unknown mfa?",
		because: GrantControl, code: CodeUnknownWord, arg: "verifiedCredential",
	},
	{
		name: "workload policy with users null",
		patch: `{"conditions":{"users":null,
			"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeWorkload,
	},
	{
		name: "include users None", patch: `{"conditions":{"users":{"includeUsers":["None"]}}}`,
		other: otherPasses, desktop: modernFree, because: Users, code: CodeNotNamed,
	},
	{
		name: "user action only",
		patch: `{"conditions":{"applications":{"includeApplications":[],
			"includeUserActions":["urn:user:registersecurityinfo"]}}}`,
		other: otherPasses, desktop: modernFree,
		because: Applications, code: CodeUserAction, arg: "urn:user:registersecurityinfo",
	},
	{
		// "conditionalAccessRoot: evaluate", example 2.
		name: "authentication context only",
		patch: `{"conditions":{"applications":{"includeApplications":[],
			"includeAuthenticationContextClassReferences":["c1","c37"]}}}`,
		other: otherPasses, desktop: modernFree, because: Applications, code: CodeAuthContext, arg: "c37",
	},
}

func TestEssentialCases(t *testing.T) { run(t, essential) }

func run(t *testing.T, list []scenario) {
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			p, k := policy(t, c.patch), c.knowledge()
			want := map[Client]string{Other: c.other, MobileAppsAndDesktop: c.desktop, Browser: c.browser}
			if c.browser == "" {
				want[Browser] = c.desktop
			}
			for _, client := range clients {
				r, steps := judged(t, p, k.signIn(client))
				if got := summary(r); got != want[client] {
					t.Errorf("%s: got %q, want %q\n%+v", client, got, want[client], steps)
				}
				mode := c.mode
				if mode == "" {
					mode = Enforced
				}
				if r.Mode != mode {
					t.Errorf("mode %q, want %q", r.Mode, mode)
				}
				if s := step(steps, SessionControl); s.Arg != c.sessionWarning {
					t.Errorf("session warning %q, want %q", s.Arg, c.sessionWarning)
				}
				if client != Other || c.because == "" {
					continue
				}
				s := step(steps, c.because)
				if s.Code != c.code || s.Arg != c.arg || s.Exclusion != c.exclusion {
					t.Errorf("step %+v, want code %q, argument %q, exclusion %v", s, c.code, c.arg, c.exclusion)
				}
			}
		})
	}
}

func TestMode(t *testing.T) {
	for state, want := range map[string]string{
		"enabled":                           "enforced true true",
		"enabledForReportingButNotEnforced": "report_only true true",
		"disabled":                          "off false false",
		"enabledForSomeOtherReason":         "unknown true true",
		"":                                  "unknown true true",
		"Enabled":                           "unknown true true", // Graph's words have one spelling
	} {
		p := policy(t, `{"state":"`+state+`"}`)
		r, steps := judged(t, p, admin().signIn(Other))
		if got := string(r.Mode) + " " + r.Applies.String() + " " + r.Fails().String(); got != want {
			t.Errorf("state %q: %s, want %s", state, got, want)
		}
		if (len(steps) == 0) != (r.Mode == Off) {
			t.Errorf("state %q has %d steps", state, len(steps))
		}
	}
}

// TestLogic holds the operations against the truth tables of Kleene's strong logic.
func TestLogic(t *testing.T) {
	values := []Tri{False, Unknown, True}
	and := [][]Tri{{False, False, False}, {False, Unknown, Unknown}, {False, Unknown, True}}
	or := [][]Tri{{False, Unknown, True}, {Unknown, Unknown, True}, {True, True, True}}
	for i, a := range values {
		for j, b := range values {
			if got := a.And(b); got != and[i][j] {
				t.Errorf("%v and %v is %v", a, b, got)
			}
			if got := a.Or(b); got != or[i][j] {
				t.Errorf("%v or %v is %v", a, b, got)
			}
		}
		if got := a.Not(); got != values[2-i] {
			t.Errorf("not %v is %v", a, got)
		}
	}
	if zero := *new(Tri); zero != Unknown {
		t.Errorf("the zero value is %v", zero)
	}
}

func TestFails(t *testing.T) {
	for _, c := range []struct {
		applies Tri
		grant   Grant
		want    Tri
	}{
		{True, Blocked, True}, {True, Refused, True}, {True, Satisfied, False}, {True, GrantUnknown, Unknown},
		{Unknown, Blocked, Unknown}, {Unknown, Satisfied, False}, {Unknown, GrantUnknown, Unknown},
		{False, Blocked, False}, {False, Satisfied, False}, {False, GrantUnknown, False},
	} {
		if got := (Result{Applies: c.applies, Grant: c.grant}).Fails(); got != c.want {
			t.Errorf("%v, %q: %v, want %v", c.applies, c.grant, got, c.want)
		}
	}
}

// TestHalfAPolicyDecidesNothing: what lacks its controls, or its state and its conditions,
// lets no sign-in through for certain. One that is off needs neither.
func TestHalfAPolicyDecidesNothing(t *testing.T) {
	for body, want := range map[string]Tri{
		`{"id":"1"}`:                                   Unknown,
		`{"id":"1","state":"enabled"}`:                 Unknown,
		`{"id":"1","state":"enabled","conditions":{}}`: Unknown,
		`{"id":"1","state":"disabled"}`:                False,
		`{"id":"1","sessionControls":{"persistentBrowser":{"isEnabled":true}}}`: Unknown,
		`{"id":"1","conditions":{"clientAppTypes":["all"]},
			"sessionControls":{"persistentBrowser":{"isEnabled":true}}}`: Unknown,
		`{"id":"1","grantControls":{"authenticationStrength":{"id":"1","allowedCombinations":["password"]}}}`: Unknown,
		`{"id":"1","state":"enabled","sessionControls":{"persistentBrowser":{"isEnabled":true}}}`:             False,
	} {
		p, err := Decode(json.RawMessage(body))
		if err != nil {
			t.Fatal(err)
		}
		r, steps := judged(t, p, admin().signIn(Browser))
		if r.Fails() != want || want == Unknown && (r.DemandsMFA != Unknown || len(unknownSteps(steps)) == 0) {
			t.Errorf("%s: %v, %s, want %v\n%+v", body, r.Fails(), summary(r), want, steps)
		}
	}
	// What null or {} in evidence.json reads as.
	r, _ := judged(t, facts.Policy{}, admin().signIn(Other))
	if r.Fails() != Unknown || r.DemandsMFA != Unknown {
		t.Errorf("an empty policy: %v, %s", r.Fails(), summary(r))
	}
}

// less takes one thing away from what is known.
var less = map[string]func(*knowledge){
	"groups":            func(k *knowledge) { k.groups = facts.Missed[[]facts.Group](notRead) },
	"groups cut":        func(k *knowledge) { k.groups.Failure = notRead },
	"roles":             func(k *knowledge) { k.roles = nil },
	"roles cut":         func(k *knowledge) { k.roles[0].Failure = notRead },
	"scopes":            forgetScopes,
	"locations":         func(k *knowledge) { k.locations = facts.Missed[[]facts.NamedLocation](notRead) },
	"user type":         func(k *knowledge) { k.user.UserType = nil },
	"principal name":    func(k *knowledge) { k.user.UserPrincipalName = nil },
	"egress":            func(k *knowledge) { k.egress = nil },
	"everything but id": func(k *knowledge) { *k = knowledge{user: facts.User{ID: k.user.ID}} },
}

// TestKnowingLessNeverDecides takes knowledge away from every scenario. What was decided may
// become unknown; it must not become its opposite, except where the result itself says that
// it is inferred.
func TestKnowingLessNeverDecides(t *testing.T) {
	for _, c := range scenarios(t) {
		p := policy(t, c.patch)
		for what, forget := range less {
			full, k := c.knowledge(), c.knowledge()
			forget(&k)
			for _, client := range clients {
				notOpposite(t, what+" in "+c.name, Evaluate(&p, full.signIn(client)), Evaluate(&p, k.signIn(client)))
			}
		}
	}
}

// knowledge is made anew each time: what is in it may be changed.
func (c scenario) knowledge() knowledge {
	k := admin()
	if c.know != nil {
		c.know(&k)
	}
	return k
}

func forgetScopes(k *knowledge) {
	for _, list := range k.roles {
		if list.Value == nil {
			continue
		}
		for i := range *list.Value {
			(*list.Value)[i].DirectoryScopeID = nil
		}
	}
}

// scenarios are all tables and files of this package.
func scenarios(t testing.TB) []scenario {
	all := ownScenarios(t)
	for _, list := range [][]scenario{essential, userCases, applicationCases, otherCases, locationCases, grantCases} {
		all = append(all, list...)
	}
	return all
}

// TestNewsNeverDecides adds members that this version does not know, one at a time, to every
// scenario. A new member can take a decision away; only a known exclusion stands.
func TestNewsNeverDecides(t *testing.T) {
	for _, c := range scenarios(t) {
		p, k := policy(t, c.patch), c.knowledge()
		for _, path := range []string{
			"conditions.agentIdRiskLevels", "conditions.users.includeAgents", "conditions.applications.networkAccess",
			"conditions.locations.includeNetworks", "conditions.platforms.includeVersions", "partialEnablementStrategy",
			"conditions.devices.includeDeviceStates", "conditions.authenticationFlows.protocols",
		} {
			news := p
			news.Unrecognised = append([]string{path}, p.Unrecognised...)
			for _, client := range clients {
				before := Evaluate(&p, k.signIn(client))
				after, steps := Explain(&news, k.signIn(client))
				if after.Applies == True {
					t.Errorf("%s, with %s: still applies for certain", c.name, path)
				}
				if after.Applies == False && before.Applies != False {
					t.Errorf("%s, with %s: excluded by something that is not known", c.name, path)
				}
				if after.Mode != Off && after.Applies == Unknown && before.Applies == True &&
					len(unknownSteps(steps)) == 0 {
					t.Errorf("%s, with %s: no step says why", c.name, path)
				}
			}
		}
	}
}

func unknownSteps(steps []Step) []Step {
	var out []Step
	for _, s := range steps {
		if s.Value == Unknown {
			out = append(out, s)
		}
	}
	return out
}
