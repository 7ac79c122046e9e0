package m365

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

var update = flag.Bool("update", false, "write testdata/documented/dropped.txt anew")

// fixture is an answer that Microsoft documents, and what the facts keep of it. Kept are the
// paths by hand, without indices; everything else that the answer says is in dropped.txt.
type fixture struct {
	file    string
	decode  func(json.RawMessage) (any, error)
	kept    []string
	renamed map[string]string // path in the answer, path in the fact
}

// decoding makes the fixtures' decoders of one type.
func decoding[T any](decode func(json.RawMessage) (T, error)) func(json.RawMessage) (any, error) {
	return func(raw json.RawMessage) (any, error) { return decode(raw) }
}

var (
	registrationKept = []string{"isMfaRegistered", "isMfaCapable", "methodsRegistered[]"}
	roleKept         = []string{"roleDefinitionId", "directoryScopeId", "principalId"}
	signInKept       = []string{
		"createdDateTime", "clientAppUsed", "conditionalAccessStatus", "authenticationRequirement", "authenticationProtocol",
	}
	policyKept = []string{
		"id", "displayName", "state", "createdDateTime", "modifiedDateTime",
		"conditions.users.includeUsers[]", "conditions.users.excludeUsers[]", "conditions.users.includeGroups[]",
		"conditions.users.excludeGroups[]", "conditions.users.includeRoles[]", "conditions.users.excludeRoles[]",
		"conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes",
		"conditions.users.includeGuestsOrExternalUsers.externalTenants.membershipKind",
		"conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes",
		"conditions.users.excludeGuestsOrExternalUsers.externalTenants.membershipKind",
		"conditions.applications.includeApplications[]", "conditions.applications.excludeApplications[]",
		"conditions.applications.includeUserActions[]",
		"conditions.applications.includeAuthenticationContextClassReferences[]",
		"conditions.clientAppTypes[]", "conditions.platforms.includePlatforms[]", "conditions.platforms.excludePlatforms[]",
		"conditions.locations.includeLocations[]", "conditions.locations.excludeLocations[]",
		"conditions.devices.deviceFilter.mode", "conditions.devices.deviceFilter.rule",
		"conditions.signInRiskLevels[]", "conditions.userRiskLevels[]", "conditions.servicePrincipalRiskLevels[]",
		"conditions.insiderRiskLevels",
		"grantControls.operator", "grantControls.builtInControls[]", "grantControls.customAuthenticationFactors[]",
		"grantControls.termsOfUse[]", "grantControls.authenticationStrength.id",
		"grantControls.authenticationStrength.displayName", "grantControls.authenticationStrength.requirementsSatisfied",
		"grantControls.authenticationStrength.allowedCombinations[]",
		"sessionControls.signInFrequency.value", "sessionControls.signInFrequency.type",
		"sessionControls.cloudAppSecurity.cloudAppSecurityType",
	}
	policyRenamed = map[string]string{
		"sessionControls.signInFrequency.value":                 "sessionControlDetails.signInFrequency.value",
		"sessionControls.signInFrequency.type":                  "sessionControlDetails.signInFrequency.type",
		"sessionControls.cloudAppSecurity.cloudAppSecurityType": "sessionControlDetails.cloudAppSecurityType",
	}
)

// The answers that are read, each with the decoder of its call. The README in
// testdata/documented names the page of each.
var fixtures = []fixture{
	{file: "per-user-mfa", decode: decoding(as[facts.PerUserMFA]), kept: []string{"perUserMfaState"}},
	{file: "registration-get", decode: decoding(as[facts.Registration]), kept: registrationKept},
	{file: "registration-list", decode: decoding(as[facts.Registration]), kept: registrationKept},
	{file: "user-get", decode: decoding(decodeUser), kept: []string{"id", "userPrincipalName", "displayName"}},
	{
		file: "memberships-4", decode: decoding(known(func(g group) string { return g.ID })),
		kept: []string{"id", "displayName"},
	},
	{file: "security-defaults", decode: decoding(as[facts.SecurityDefaults]), kept: []string{"isEnabled"}},
	{file: "role-assignments-1", decode: decoding(as[facts.RoleAssignment]), kept: roleKept},
	{file: "role-assignments-2", decode: decoding(as[facts.RoleAssignment]), kept: roleKept},
	{file: "role-assignment-instances", decode: decoding(as[facts.RoleAssignment]), kept: roleKept},
	{
		file: "role-eligibility-instances", decode: decoding(as[facts.RoleAssignment]),
		kept: append([]string{"startDateTime", "endDateTime"}, roleKept...),
	},
	{file: "sign-ins", decode: decoding(as[facts.SignInEntry]), kept: signInKept},
	{file: "sign-ins-beta", decode: decoding(as[facts.SignInEntry]), kept: signInKept},
	{
		file: "organization", decode: decoding(known(func(t facts.Tenant) string { return t.ID })),
		kept: []string{
			"id", "displayName", "partnerTenantType", "verifiedDomains[].name", "verifiedDomains[].type",
			"verifiedDomains[].isDefault", "verifiedDomains[].isInitial", "assignedPlans[].service",
			"assignedPlans[].capabilityStatus", "assignedPlans[].servicePlanId",
		},
	},
	{
		file: "domains", decode: decoding(known(func(d facts.Domain) string { return d.ID })),
		kept: []string{"id", "authenticationType", "isDefault", "isInitial", "supportedServices[]"},
	},
	{
		file: "federation", decode: decoding(as[facts.Federation]),
		kept: []string{"displayName", "federatedIdpMfaBehavior"},
	},
	{
		file: "skus", decode: decoding(as[facts.SKU]),
		kept: []string{
			"skuPartNumber", "capabilityStatus", "servicePlans[].servicePlanName", "servicePlans[].provisioningStatus",
		},
	},
	{
		file: "grants", decode: decoding(known(func(g facts.OAuth2PermissionGrant) string { return g.ID })),
		kept: []string{"id", "consentType", "scope"},
	},
	{
		file: "app-role-assignments", decode: decoding(known(func(a facts.AppRoleAssignment) string { return a.ID })),
		kept: []string{"id", "appRoleId", "resourceDisplayName", "createdDateTime"},
	},
	{file: "sharepoint", decode: decoding(as[facts.SharePoint]), kept: []string{"isLegacyAuthProtocolsEnabled"}},
	{
		file: "named-locations", decode: decoding(condaccess.DecodeLocation),
		kept: []string{
			"id", "displayName", "isTrusted", "ipRanges[].cidrAddress", "countriesAndRegions[]",
			"includeUnknownCountriesAndRegions",
		},
		renamed: map[string]string{"ipRanges[].cidrAddress": "ipRanges[]"},
	},
	{
		file: "strengths", decode: decoding(condaccess.DecodeStrength),
		kept: []string{"id", "displayName", "requirementsSatisfied", "allowedCombinations[]"},
	},
	{file: "policies", decode: decoding(condaccess.Decode), kept: policyKept, renamed: policyRenamed},
	{file: "policies-created", decode: decoding(condaccess.Decode), kept: policyKept, renamed: policyRenamed},
	{file: "what-if-1", decode: decoding(condaccess.Decode), kept: policyKept, renamed: policyRenamed},
	{file: "what-if-2", decode: decoding(condaccess.Decode), kept: policyKept, renamed: policyRenamed},
}

const documented = "testdata/documented"

func documentedBody(t *testing.T, file string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(documented, file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// elements are the objects in an answer: of a list, of an object inside of "value", or the
// object itself.
func elements(t *testing.T, body []byte) []json.RawMessage {
	t.Helper()
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	var list []json.RawMessage
	switch {
	case answer.Value == nil:
		return []json.RawMessage{body}
	case isObject(answer.Value):
		return []json.RawMessage{answer.Value}
	}
	if err := json.Unmarshal(answer.Value, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

var index = regexp.MustCompile(`\[\d+\]`)

// TestDocumentedAnswersAreDecodedWithoutLoss: every member that a fact has holds what
// Microsoft's example says, and what no fact has is on the list.
func TestDocumentedAnswersAreDecodedWithoutLoss(t *testing.T) {
	var report strings.Builder
	for _, f := range fixtures {
		kept, dropped := map[string]bool{}, map[string]bool{}
		for i, raw := range elements(t, documentedBody(t, f.file)) {
			fact, err := f.decode(raw)
			if err != nil {
				t.Errorf("%s, element %d: %v", f.file, i, err)
				continue
			}
			text, err := json.Marshal(fact)
			if err != nil {
				t.Fatal(err)
			}
			said, holds := flat(t, raw), flat(t, text)
			for path, value := range said {
				name := index.ReplaceAllString(path, "[]")
				if !slices.Contains(f.kept, name) {
					dropped[name] = true
					continue
				}
				kept[name] = true
				if got := holds[f.in(path)]; !same(got, value) {
					t.Errorf("%s, element %d: %s is %v, the fact says %v", f.file, i, path, value, got)
				}
			}
		}
		if len(kept) == 0 {
			t.Errorf("%s: nothing is kept", f.file)
		}
		fmt.Fprintf(&report, "%s\n", f.file)
		for _, name := range slices.Sorted(maps.Keys(dropped)) {
			fmt.Fprintf(&report, "\t%s\n", name)
		}
	}
	golden := filepath.Join(documented, "dropped.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(report.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), report.String()); diff != "" {
		t.Errorf("what is dropped has changed; go test ./probes/m365 -update writes %s anew\n%s", golden, diff)
	}
}

// in is the path of a member in the fact. Indices stay at their places.
func (f fixture) in(path string) string {
	name := index.ReplaceAllString(path, "[]")
	to, ok := f.renamed[name]
	if !ok {
		return path
	}
	for _, i := range index.FindAllString(path, -1) {
		to = strings.Replace(to, "[]", i, 1)
	}
	return to
}

// flat lists what a JSON text says, by path. Null and what is empty say nothing.
func flat(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	paths := map[string]any{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), member)
			}
		case []any:
			for i, element := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), element)
			}
		case nil:
		default:
			if v != "" {
				paths[path] = v
			}
		}
	}
	walk("", v)
	return paths
}

// same compares two values; of times the moment.
func same(a, b any) bool {
	if a == b {
		return true
	}
	s, ok := a.(string)
	u, also := b.(string)
	if !ok || !also {
		return false
	}
	x, err := time.Parse(time.RFC3339, s)
	y, err2 := time.Parse(time.RFC3339, u)
	return err == nil && err2 == nil && x.Equal(y)
}

// TestEveryDocumentedAnswerIsUsed: a file that no test reads proves nothing.
func TestEveryDocumentedAnswerIsUsed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(documented, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	read := map[string]bool{"memberships-1": true, "batch": true}
	for _, f := range fixtures {
		read[f.file] = true
	}
	origin, err := os.ReadFile(filepath.Join(documented, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		name = strings.TrimSuffix(filepath.Base(name), ".json")
		if !read[name] {
			t.Errorf("%s is read by no test", name)
		}
		if !strings.Contains(string(origin), "| "+name+".json |") {
			t.Errorf("the README does not say where %s is from", name)
		}
	}
}

// TestAGroupWithoutAnIDIsNoGroup: the first example of the memberships shows a group without
// its id, which a policy could name all the same.
func TestAGroupWithoutAnIDIsNoGroup(t *testing.T) {
	for _, raw := range elements(t, documentedBody(t, "memberships-1")) {
		if g, err := known(func(g group) string { return g.ID })(raw); !errors.Is(err, errNoID) {
			t.Errorf("%+v, %v", g, err)
		}
	}
}

// TestDocumentedBatch: the answers inside of a batch are classified as they would be outside.
func TestDocumentedBatch(t *testing.T) {
	var batch struct {
		Responses []struct {
			ID     string          `json:"id"`
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(documentedBody(t, "batch"), &batch); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range batch.Responses {
		if r.Status == 200 {
			for _, raw := range elements(t, r.Body) {
				g, err := as[struct {
					Name string `json:"displayName"`
				}](raw)
				if err != nil {
					t.Error(err)
				}
				got[r.ID] = g.Name
			}
			continue
		}
		f := userCall.refused(r.Status, r.Body)
		got[r.ID] = strings.TrimSpace(string(f.Kind) + " " + f.Code)
	}
	want := map[string]string{
		"1": "User Administrator", "5": "Lynne Robbins",
		"2": "forbidden", "3": "forbidden Authorization_RequestDenied", "4": "rejected Request_BadRequest",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
