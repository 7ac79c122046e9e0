package lab_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/lab"
)

func (p *practice) evaluate(body string, header ...string) reply {
	p.t.Helper()
	return p.do(p.request(http.MethodPost, p.cfg.Microsoft365.Endpoints.Graph+"/v1.0/identity/conditionalAccess/evaluate",
		strings.NewReader(body), append([]string{
			"Authorization", "Bearer " + p.graphToken(), "Content-Type", "application/json",
		}, header...)...))
}

// question is the request of "conditionalAccessRoot: evaluate", first example.
func question(user, client, more string) string {
	return `{"signInIdentity":{"@odata.type":"#microsoft.graph.userSignIn","userId":"` + user + `"},
		"signInContext":{"@odata.type":"#microsoft.graph.applicationContext",
		"includeApplications":["00000003-0000-0ff1-ce00-000000000000"]},
		"signInConditions":{"clientAppType":"` + client + `","devicePlatform":"windows"` + more + `}}`
}

func rule(id, state, users, applications, clients, locations string) json.RawMessage {
	return json.RawMessage(`{"id":"` + id + `","displayName":"","state":"` + state + `","conditions":{"clientAppTypes":` + clients + `,
		"locations":` + locations + `,"applications":` + applications + `,"users":` + users + `}}`)
}

// What applies, and the reason when it does not, follows "conditionalAccessRoot: evaluate" and
// "whatIfAnalysisResult resource type": report-only policies apply as enabled ones do, and those
// that are off are not in the answer.
func TestEvaluate(t *testing.T) {
	const all, office = `{"includeUsers":["All"]}`, `{"includeApplications":["Office365"]}`
	const every, nowhere = `["all"]`, `null`
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.Policies = []json.RawMessage{
			rule("applies", "enabled", all, office, every, nowhere),
			rule("report", "enabledForReportingButNotEnforced", all, `{"includeApplications":["All"]}`, every, nowhere),
			rule("off", "disabled", all, office, every, nowhere),
			rule("left out", "enabled", `{"includeUsers":["All"],"excludeGroups":["2e3d4c5b-6f70-489a-8bcd-1ef023456789"]}`, office, every, nowhere),
			rule("by role", "enabled", `{"includeRoles":["`+globalAdministrator+`"]}`, office, every, nowhere),
			rule("elsewhere", "enabled", all, `{"includeApplications":["All"],"excludeApplications":["Office365"]}`, every, nowhere),
			rule("browser", "enabled", all, office, `["browser"]`, nowhere),
			rule("somewhere", "enabled", all, office, every, `{"includeLocations":["All"]}`),
			rule("other word", "enabled", all, office, every, nowhere),
			rule("other word too", "enabled", `{"includeUsers":["None"]}`, office, every, nowhere),
		}
		o.Microsoft.WhatIf = map[string]lab.WhatIf{"other word": {Reasons: "location"}, "other word too": {Applies: true}}
	})
	got := p.evaluate(question(strings.ToUpper(adminID()), "other", ""))
	var words []string
	for _, v := range got.body["value"].([]any) {
		e := v.(map[string]any)
		words = append(words, e["id"].(string)+": "+e["analysisReasons"].(string))
		if applies := e["policyApplies"].(bool); applies != (e["analysisReasons"] == "notSet") {
			t.Errorf("%v applies: %v", e["id"], applies)
		}
	}
	want := []string{
		"applies: notSet", "report: notSet", "left out: users", "by role: notSet", "elsewhere: application", "browser: clientApps",
		"somewhere: notEnoughInformation", "other word: location", "other word too: notSet",
	}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Error(diff)
	}
	here := p.evaluate(question(adminID(), "browser", `,"ipAddress":"203.0.113.7"`))
	if ids := names(here, "analysisReasons"); ids[5] != "notSet" || ids[6] != "notSet" {
		t.Errorf("from a browser at an address: %v", ids)
	}
	short := strings.Replace(question(adminID(), "other", ""), `"signInIdentity"`, `"appliedPoliciesOnly":true,"signInIdentity"`, 1)
	if reasons := names(p.evaluate(short), "analysisReasons"); len(reasons) != 4 || slices.Contains(reasons, "users") {
		t.Errorf("only those that apply: %v", reasons)
	}
}

func TestEvaluateRefusals(t *testing.T) {
	p := start(t, nil)
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
	}{
		"no type of the identity": {strings.Replace(question(adminID(), "other", ""), "#microsoft.graph.userSignIn", "", 1), nil, 400},
		"no type of the context":  {strings.Replace(question(adminID(), "other", ""), "#microsoft.graph.applicationContext", "", 1), nil, 400},
		"no conditions":           {strings.Replace(question(adminID(), "other", ""), "signInConditions", "conditions", 1), nil, 400},
		"nobody":                  {question("1", "other", ""), nil, 400},
		"no JSON":                 {"x", nil, 400},
		"compressed":              {question(adminID(), "other", ""), []string{"Content-Encoding", "gzip"}, 415},
	} {
		if got := p.evaluate(c.body, c.header...); got.status != c.status {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	p = start(t, func(o *lab.Organisation) { o.Microsoft.App.Permissions = []string{"User.Read.All"} })
	if got := p.evaluate(question(adminID(), "other", "")); got.status != 403 || got.at("error", "code") != "AccessDenied" {
		t.Errorf("without a permission: %d %s", got.status, got.raw)
	}
	p = start(t, func(o *lab.Organisation) { o.Microsoft.Premium = lab.Free })
	if got := p.graph("/beta/auditLogs/signIns"); got.status != 403 ||
		got.at("error", "code") != "Authentication_RequestFromNonPremiumTenantOrB2CTenant" {
		t.Errorf("the log without a licence: %d %s", got.status, got.raw)
	}
}
