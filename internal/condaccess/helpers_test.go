package condaccess

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The ids of the tests. The user and the application are those of the first example of
// "conditionalAccessRoot: evaluate" in the Microsoft Graph v1.0 reference; the roles are
// Microsoft's template ids.
const (
	me       = "15dc174b-f34c-4588-ac45-61d6e05dce93"
	someone  = "f7ca74b0-8562-4083-b66c-0476f942cfd0"
	myGroup  = "ba8e7ded-8b0f-4836-ba06-8ff1ecc5c8ba"
	noGroup  = "0d4f5d3a-1111-4c2b-8f7a-2b6f7d0c9e11"
	ga       = "62e90394-69f5-4237-9190-012177145e10" // Global Administrator
	spoAdmin = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c" // SharePoint Administrator
	exchange = "00000002-0000-0ff1-ce00-000000000000" // Office 365 Exchange Online
	office   = "198ad66e-87b3-4157-85a3-8a7b51794ee9" // a trusted range
	partner  = "d2136c9c-b049-47ae-b9cf-316e04ef7198" // a range that is not trusted
	germany  = "1b7f0916-7677-40d8-97a1-d606f4ed8fcf" // a country by address
	position = "3d46dbda-8382-466a-856d-eb00cbc6b910" // a country by the phone's position
)

// basePolicy has the shape of the policies in "conditionalAccessRoot: evaluate", example 1,
// with every null and every empty list that Graph sends: MFA for everybody, everywhere.
const basePolicy = `{
	"id": "df9e6f15-2b60-4e78-b990-b2da33a10886",
	"templateId": null,
	"displayName": "MFA for everybody",
	"createdDateTime": "2022-04-01T18:55:43.1454565Z",
	"modifiedDateTime": "2025-03-27T21:42:26.951558Z",
	"state": "enabled",
	"partialEnablementStrategy": null,
	"sessionControls": null,
	"conditions": {
		"userRiskLevels": [], "signInRiskLevels": [], "clientAppTypes": ["all"],
		"servicePrincipalRiskLevels": [], "insiderRiskLevels": null, "clients": null, "platforms": null,
		"locations": null, "times": null, "deviceStates": null, "devices": null, "clientApplications": null,
		"authenticationFlows": null,
		"applications": {
			"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [],
			"includeAuthenticationContextClassReferences": [], "applicationFilter": null,
			"networkAccess": null, "globalSecureAccess": null
		},
		"users": {
			"includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": [],
			"includeRoles": [], "excludeRoles": [],
			"includeGuestsOrExternalUsers": null, "excludeGuestsOrExternalUsers": null
		}
	},
	"grantControls": {
		"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": [], "termsOfUse": [],
		"authenticationStrength": null
	}
}`

// raw is basePolicy with some members replaced: objects are merged, all else is taken over.
func raw(t testing.TB, patch string) json.RawMessage {
	t.Helper()
	var base, change map[string]any
	for text, into := range map[string]*map[string]any{basePolicy: &base, patch: &change} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	merge(base, change)
	out, err := json.Marshal(base)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func merge(base, change map[string]any) {
	for name, value := range change {
		if object, ok := value.(map[string]any); ok {
			if old, ok := base[name].(map[string]any); ok {
				merge(old, object)
				continue
			}
		}
		base[name] = value
	}
}

func policy(t testing.TB, patch string) facts.Policy {
	t.Helper()
	p, err := Decode(raw(t, patch))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at is when the tests judge; nothing here depends on the machine's clock.
var at = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// knowledge is everything that a sign-in is made of. Its zero value knows nothing.
type knowledge struct {
	user      facts.User
	groups    facts.Seen[[]facts.Group]
	roles     []facts.Seen[[]facts.RoleAssignment]
	locations facts.Seen[[]facts.NamedLocation]
	egress    *facts.Egress
}

// admin is a Global Administrator of the tenant, seen completely; where CAS signs in from is
// not declared.
func admin() knowledge {
	return knowledge{
		user:      facts.User{ID: me, UserType: new("Member"), UserPrincipalName: new("admin@contoso.com")},
		groups:    facts.Got([]facts.Group{{ID: myGroup}}),
		roles:     []facts.Seen[[]facts.RoleAssignment]{facts.Got([]facts.RoleAssignment{role(ga, "/")})},
		locations: facts.Got(places()),
	}
}

func places() []facts.NamedLocation {
	return []facts.NamedLocation{
		{ID: office, Type: "ip", IsTrusted: new(true), Ranges: []string{"203.0.113.77/24", "2001:db8:1:2::3/48"}},
		{ID: partner, Type: "ip", IsTrusted: new(false), Ranges: []string{"198.51.100.0/24"}},
		{ID: germany, Type: "country", Countries: []string{"DE"}, CountryLookup: new("clientIpAddress")},
		{ID: position, Type: "country", Countries: []string{"DE"}, CountryLookup: new("authenticatorAppGps")},
	}
}

func role(id, scope string) facts.RoleAssignment {
	return facts.RoleAssignment{RoleDefinitionID: id, DirectoryScopeID: &scope}
}

func (k knowledge) from(ip, country string) knowledge {
	k.egress = &facts.Egress{IP: ip, Country: country}
	return k
}

func (k knowledge) signIn(c Client) *SignIn {
	return &SignIn{
		Account: NewAccount(at, k.user, k.groups, k.roles...),
		Origin:  NewOrigin(k.egress, k.locations),
		Client:  c,
	}
}

var clients = []Client{Other, MobileAppsAndDesktop, Browser}

// notRead is a failure of the kind that takes a list away.
var notRead = &facts.Failure{Kind: facts.Forbidden}

// summary is a Result in a form that reads well in a table, e.g. "true inferred, refused mfa".
func summary(r Result) string {
	var b strings.Builder
	b.WriteString(r.Applies.String())
	if r.Inferred {
		b.WriteString(" inferred")
	}
	b.WriteString(", ")
	if r.Grant == GrantUnknown {
		b.WriteString("unknown")
	}
	b.WriteString(string(r.Grant))
	switch r.DemandsMFA {
	case True:
		b.WriteString(" mfa")
	case Unknown:
		b.WriteString(" mfa?")
	}
	return b.String()
}

// judged evaluates a policy for one sign-in and holds Evaluate, Explain and a policy that has
// been through evidence.json against each other.
func judged(t *testing.T, p facts.Policy, s *SignIn) (Result, []Step) {
	t.Helper()
	r := Evaluate(&p, s)
	explained, steps := Explain(&p, s)
	if r != explained {
		t.Errorf("Evaluate: %+v, Explain: %+v", r, explained)
	}
	applies, inferred := True, false
	for _, step := range steps {
		if !slices.Contains(Codes(), step.Code) {
			t.Errorf("step %+v has a code that Codes does not list", step)
		}
		if step.Condition != GrantControl && step.Condition != SessionControl {
			applies, inferred = applies.And(step.Value), inferred || step.Inferred
		}
	}
	if r.Mode != Off && (applies != r.Applies || (inferred && applies == True) != r.Inferred) {
		t.Errorf("the steps say %v (inferred %v), the result %v (%v)", applies, inferred, r.Applies, r.Inferred)
	}
	evidence, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var replayed facts.Policy
	if err := json.Unmarshal(evidence, &replayed); err != nil {
		t.Fatal(err)
	}
	again, stepsAgain := Explain(&replayed, s)
	if again != r || !cmp.Equal(stepsAgain, steps) {
		t.Errorf("replayed: %+v, live: %+v\n%s", again, r, cmp.Diff(steps, stepsAgain))
	}
	return r, steps
}

// step is the step of a condition.
func step(steps []Step, c Condition) Step {
	i := slices.IndexFunc(steps, func(s Step) bool { return s.Condition == c })
	if i < 0 {
		return Step{}
	}
	return steps[i]
}
