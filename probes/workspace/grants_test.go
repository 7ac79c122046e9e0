package workspace

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
	"github.com/google/go-cmp/cmp"
)

// withGrants is a customer whose admin has consented to CAS and to another application, and whose
// log has what both did. Events and parameters are those of "Admin Audit Activity Events - Domain
// Settings" (Reports API).
func withGrants() lab.Google {
	g := customer()
	g.GrantedScopes = append(g.GrantedScopes, facts.ScopeTokens, facts.ScopeAuditLog)
	g.Consents = []lab.GoogleConsent{
		{User: testAdmin, ClientID: "900", DisplayText: "Trend Micro Cloud App Security", Scopes: []string{facts.ScopeControl}},
		{User: testAdmin, ClientID: "901", DisplayText: "Private calendar", Scopes: []string{"https://www.googleapis.com/auth/calendar"}},
		{User: "other@contoso.com", ClientID: "900", DisplayText: "Trend Micro Cloud App Security", Scopes: []string{facts.ScopeDomains}},
	}
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	grant := func(hours int, name, client, scopes string) lab.GoogleEvent {
		return lab.GoogleEvent{
			Time: at.Add(time.Duration(hours) * time.Hour), Name: name, Actor: testAdmin,
			Parameters: map[string]string{"API_CLIENT_NAME": client, "API_SCOPES": scopes, "DOMAIN_NAME": "contoso.com"},
		}
	}
	g.AuditLog = []lab.GoogleEvent{
		grant(4, "REMOVE_API_CLIENT_ACCESS", testClient, ""),
		grant(3, "AUTHORIZE_API_CLIENT_ACCESS", "901", "https://www.googleapis.com/auth/calendar"),
		grant(2, "AUTHORIZE_API_CLIENT_ACCESS", testClient, facts.ScopeControl+","+facts.ScopeDomains),
		grant(1, "AUTHORIZE_API_CLIENT_ACCESS", "900", facts.ScopeControl),
		{Time: at, Name: "ADD_APPLICATION", Actor: testAdmin, Parameters: map[string]string{
			"APP_ID": "1", "APPLICATION_ENABLED": "true", "APPLICATION_NAME": "Trend Micro Cloud App Security",
		}},
		{Time: at, Name: "ADD_APPLICATION", Actor: testAdmin, Parameters: map[string]string{"APPLICATION_NAME": "Private calendar"}},
	}
	return g
}

func grantsOn(t *testing.T, g lab.Google, declared func(*config.Google), faults ...lab.Fault) (facts.Grants, *lab.Lab) {
	t.Helper()
	l, env := practice(t, g, declared, faults...)
	e := collect(t, env, delegation(), grants())
	got := facts.Get(e, facts.WorkspaceGrants)
	if !got.Complete() {
		t.Fatal(got.Why())
	}
	return *got.Value, l
}

func TestGrants(t *testing.T) {
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	want := facts.Grants{
		Tokens: facts.Got([]facts.UserToken{
			{ClientID: "900", DisplayText: new("Trend Micro Cloud App Security"), Scopes: []string{facts.ScopeControl}},
		}),
		Log: facts.Got([]facts.GrantEvent{
			{Time: at, Name: "ADD_APPLICATION", Actor: new(testAdmin), Application: new("Trend Micro Cloud App Security")},
			{Time: at.Add(1 * time.Hour), Name: "AUTHORIZE_API_CLIENT_ACCESS", Actor: new(testAdmin), Client: new("900"), Scopes: []string{facts.ScopeControl}},
			{
				Time: at.Add(2 * time.Hour), Name: "AUTHORIZE_API_CLIENT_ACCESS", Actor: new(testAdmin), Client: new(testClient),
				Scopes: []string{facts.ScopeControl, facts.ScopeDomains},
			},
			{Time: at.Add(4 * time.Hour), Name: "REMOVE_API_CLIENT_ACCESS", Actor: new(testAdmin), Client: new(testClient)},
		}),
	}
	for _, page := range []int{0, 1} { // in one page each, and one event a page
		g := withGrants()
		g.AuditPage = page
		got, _ := grantsOn(t, g, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", page, diff)
		}
	}
}

// TestGrantsAreAskedOnlyWhenTheyDecide: a second opinion costs a token and the admin's privacy.
func TestGrantsAreAskedOnlyWhenTheyDecide(t *testing.T) {
	for _, tt := range []struct {
		name        string
		change      func(*lab.Google)
		declared    func(*config.Google)
		tokens, log bool
	}{
		{"not said whether in the preview", nil, nil, true, true},
		{"in the preview", nil, func(g *config.Google) { g.ProvisionedDuringPreview = new(true) }, true, true},
		{"not in the preview", nil, func(g *config.Google) { g.ProvisionedDuringPreview = new(false) }, false, false},
		{"the declared list has the scope", nil, func(g *config.Google) {
			g.GrantedScopes = config.List{Items: []string{facts.ScopeDomains}, Declared: true}
		}, false, false},
		{"CAS's client answers for itself", nil, func(g *config.Google) { g.CredentialsOf = config.OfCAS }, false, false},
		{"the client is refused: since when?", func(g *lab.Google) {
			g.GrantedScopes = []string{facts.ScopeControl, facts.ScopeAuditLog}
		}, func(g *config.Google) { g.ProvisionedDuringPreview = new(false) }, false, true},
		{"the key is bad", func(g *lab.Google) { g.Client = lab.ClientKeyDeleted }, nil, false, false},
		{"the admin is unknown", func(g *lab.Google) { g.Users[0].Email = "else@contoso.com" }, nil, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := withGrants()
			if tt.change != nil {
				tt.change(&g)
			}
			got, l := grantsOn(t, g, tt.declared)
			asked := func(path string) bool {
				return slices.ContainsFunc(l.Requests(), func(q lab.Request) bool { return q.Path == path })
			}
			if got.Tokens.Complete() != tt.tokens || asked("/admin/directory/v1/users/"+testAdmin+"/tokens") != tt.tokens {
				t.Errorf("tokens: %v", got.Tokens.Why())
			}
			if got.Log.Complete() != tt.log || asked("/admin/reports/v1/activity/users/all/applications/admin") != tt.log {
				t.Errorf("log: %v", got.Log.Why())
			}
		})
	}
}

func TestGrantsNotPermitted(t *testing.T) {
	g := withGrants()
	g.GrantedScopes = g.GrantedScopes[:2]
	got, _ := grantsOn(t, g, nil)
	want(t, got.Tokens.Why(), facts.Forbidden, "unauthorized_client", facts.ScopeTokens)
	want(t, got.Log.Why(), facts.Forbidden, "unauthorized_client", facts.ScopeAuditLog)

	g = withGrants()
	g.Users[0].Admin = false
	got, _ = grantsOn(t, g, nil)
	want(t, got.Tokens.Why(), facts.Forbidden, "forbidden", securityPrivilege)
	want(t, got.Log.Why(), facts.Unauthenticated, "authError", reportsPrivilege)
}

func TestGrantFaults(t *testing.T) {
	for _, path := range []string{"/admin/directory/v1/users/*", "/admin/reports/*"} {
		for _, tt := range []struct {
			name  string
			fault lab.Fault
			kind  facts.Kind
		}{
			{"429", lab.Fault{Status: 429, Header: http.Header{"Retry-After": {"3600"}}}, facts.Throttled},
			{"500", lab.Fault{Status: 500}, facts.Unavailable},
			{"403 in HTML", lab.Fault{Status: 403, Body: googleHTML}, facts.Malformed},
			{"200 in HTML", lab.Fault{Status: 200, Body: googleHTML}, facts.Malformed},
			{"empty object", lab.Fault{Status: 200, Body: "{}"}, facts.Malformed},
			{"cut off", lab.Fault{Truncate: true}, facts.Malformed},
			{"reset", lab.Fault{Reset: true}, facts.Unreachable},
		} {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				tt.fault.Path = path
				got, _ := grantsOn(t, withGrants(), nil, tt.fault)
				hit, other := got.Tokens.Why(), got.Log.Why()
				if path == "/admin/reports/*" {
					hit, other = other, hit
				}
				if hit == nil || hit.Kind != tt.kind || hit.Detail == "" || other != nil {
					t.Errorf("%v and %v, want %s", hit, other, tt.kind)
				}
			})
		}
	}
	// What was read before a page failed is kept, and is not the whole.
	got, _ := grantsOn(t, withGrants(), nil, lab.Fault{Path: "/admin/reports/*", Query: "REMOVE_API", Status: 500})
	if got.Log.Value == nil || len(*got.Log.Value) != 2 || kind(got.Log) != facts.Unavailable {
		t.Errorf("%+v, %v", got.Log.Value, got.Log.Why())
	}
}
