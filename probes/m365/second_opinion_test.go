package m365_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
	"github.com/casdoctor/casdoctor/probes/m365"
)

// applied is what the evaluation says of the policies of the practice organisation: those that
// are off are not in it.
func applied(client string) facts.WhatIfClient {
	return facts.WhatIfClient{Client: client, Policies: facts.Got([]facts.WhatIfPolicy{{
		ID: enabledID, DisplayName: "Simple Policy", State: "enabled", PolicyApplies: new(false), Reasons: []string{"users"},
	}})}
}

func TestWhatIf(t *testing.T) {
	p := start(t, undecided)
	equal(t, facts.WhatIf{Accounts: []facts.WhatIfAccount{
		{Address: admin, NotAsked: "settled"}, // manual provisioning does not sign in with it
		{Address: helper, Clients: []facts.WhatIfClient{applied("other"), applied("mobileAppsAndDesktopClients"), applied("browser")}},
		{Address: "cas-1@contoso.com", NotAsked: "settled"}, // nothing has been provisioned yet
	}}, get(t, p.collect("m365.what_if"), facts.M365WhatIf))
}

// The body is that of "conditionalAccessRoot: evaluate", and says only what is known.
func TestWhatIsAskedOfWhatIf(t *testing.T) {
	for name, tt := range map[string]struct {
		egress *config.Egress
		want   string
	}{
		"nowhere":    {nil, ``},
		"an address": {&config.Egress{IP: "203.0.113.7"}, `,"ipAddress":"203.0.113.7"`},
		"both":       {&config.Egress{IP: "203.0.113.7", Country: "DE"}, `,"country":"DE","ipAddress":"203.0.113.7"`},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) {
				undecided(o)
				o.Declared.Microsoft365.CASEgress = tt.egress
			})
			p.collect("m365.what_if")
			var clients []string
			for _, r := range p.graph() {
				if r.Method != "POST" {
					continue
				}
				if r.Path != "/v1.0/identity/conditionalAccess/evaluate" || r.Header.Get("Content-Type") != "application/json" ||
					r.Header.Get("Content-Encoding") != "" || r.Header.Get("Content-Length") != fmt.Sprint(len(r.Body)) ||
					r.Header.Get("Prefer") != "include-unknown-enum-members" {
					t.Errorf("%s with %v", r.Path, r.Header)
				}
				var body struct {
					Conditions struct {
						Client string `json:"clientAppType"`
					} `json:"signInConditions"`
				}
				if err := json.Unmarshal(r.Body, &body); err != nil {
					t.Fatal(err)
				}
				clients = append(clients, body.Conditions.Client)
				equal(t, `{"signInIdentity":{"@odata.type":"#microsoft.graph.userSignIn","userId":"`+helperID+`"},`+
					`"signInContext":{"@odata.type":"#microsoft.graph.applicationContext","includeApplications":["`+sharePoint+`"]},`+
					`"signInConditions":{"clientAppType":"`+body.Conditions.Client+`","devicePlatform":"windows",`+
					`"signInRiskLevel":"none","userRiskLevel":"none"`+tt.want+`},"appliedPoliciesOnly":false}`, string(r.Body))
			}
			if len(clients) != 3 {
				t.Errorf("asked for %v", clients)
			}
		})
	}
}

func TestWordsOfWhatIf(t *testing.T) {
	p := start(t, undecided)
	put := func(body string) {
		p.Fault(lab.Fault{
			Service: lab.GraphService, Path: "/v1.0/identity/conditionalAccess/evaluate", Status: 200, Body: body,
			Header: map[string][]string{"Content-Type": {"application/json"}},
		})
	}
	first := func() facts.Seen[[]facts.WhatIfPolicy] {
		return get(t, p.collect("m365.what_if"), facts.M365WhatIf).Accounts[1].Clients[0].Policies
	}
	// "whatIfAnalysisResult resource type": reasons are flags, and new ones can come.
	put(`{"value":[{"id":"1","state":"stateOfTomorrow","policyApplies":false,"analysisReasons":"location,  reasonOfTomorrow"},
		{"id":"2","policyApplies":true,"analysisReasons":"notSet"},{"id":"3","analysisReasons":null}]}`)
	equal(t, facts.Got([]facts.WhatIfPolicy{
		{ID: "1", State: "stateOfTomorrow", PolicyApplies: new(false), Reasons: []string{"location", "reasonOfTomorrow"}},
		{ID: "2", PolicyApplies: new(true), Reasons: []string{"notSet"}},
		{ID: "3"},
	}), first())
	// A link could not carry the question.
	put(`{"value":[{"id":"1"}],"@odata.nextLink":"` + p.Config.Microsoft365.Endpoints.Graph + `/v1.0/more"}`)
	if got := first(); got.Value == nil || len(*got.Value) != 1 || got.Failure == nil || got.Failure.Code != "next_link" {
		t.Errorf("with another page: %v, %v", got.Value, got.Failure)
	}
}

// A second opinion is asked for only where it can change a verdict.
func TestWhenNobodyIsAsked(t *testing.T) {
	only := func(reason string) []string { return []string{"settled", reason, "settled"} }
	for name, tt := range map[string]struct {
		change func(*lab.Organisation)
		fault  lab.Fault
		want   []string // of the admin, the delegate and the found one; "" is asked
	}{
		"manual":    {func(*lab.Organisation) {}, lab.Fault{}, only("")},
		"after":     {func(o *lab.Organisation) { o.Declared.Phase = config.After }, lab.Fault{}, []string{"settled", "", ""}},
		"automatic": {automatic("disabled", false), lab.Fault{}, []string{"", "settled", "settled"}},
		// The switches decide.
		"enforced":               {automatic("enforced", true), lab.Fault{}, only("settled")},
		"enabled and registered": {automatic("enabled", true), lab.Fault{}, only("settled")},
		"enabled only":           {automatic("enabled", false), lab.Fault{}, []string{"", "settled", "settled"}},
		"security defaults":      {func(o *lab.Organisation) { o.Microsoft.SecurityDefaults = true }, lab.Fault{}, only("settled")},
		// Nobody types a password, or nobody said.
		"authorized": {mode(new(config.Authorized)), lab.Fault{}, only("settled")},
		"undeclared": {mode(nil), lab.Fault{}, only("settled")},
		"mail only": {
			func(o *lab.Organisation) { o.Declared.Microsoft365.Services = []config.Service{config.Exchange} }, lab.Fault{}, only("settled"),
		},
		"one service": {
			func(o *lab.Organisation) { o.Declared.Microsoft365.Services = []config.Service{config.OneDrive} }, lab.Fault{}, only(""),
		},
		// Nothing that could be evaluated.
		"no policy is on": {
			func(o *lab.Organisation) { o.Microsoft.Policies = o.Microsoft.Policies[:2] }, lab.Fault{}, only("settled"),
		},
		"no policies": {
			func(*lab.Organisation) {}, lab.Fault{Path: "/v1.0/identity/conditionalAccess/policies", Status: 500},
			[]string{"settled", "policies", "settled"},
		},
		"some policies, none on": {
			func(o *lab.Organisation) { o.PageSize = 1 },
			lab.Fault{Path: "/v1.0/identity/conditionalAccess/policies", Query: "page-2", Status: 500}, only("policies"),
		},
		"no account": {
			func(*lab.Organisation) {}, lab.Fault{Path: "/v1.0/users/" + helper, Status: 500}, only("account"),
		},
		// What could not be read settles nothing.
		"no security defaults": {
			func(*lab.Organisation) {}, lab.Fault{Path: "/v1.0/policies/*", Status: 500}, only(""),
		},
		"no per-user state": {func(*lab.Organisation) {}, lab.Fault{Path: "/beta/users/*", Status: 500}, only("")},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) {
				undecided(o)
				tt.change(o)
			})
			if tt.fault.Status != 0 {
				tt.fault.Service = lab.GraphService
				p.Fault(tt.fault)
			}
			ev := p.collect("m365.what_if", "m365.sign_ins")
			var first, second, asked []string
			for _, a := range get(t, ev, facts.M365WhatIf).Accounts {
				first = append(first, a.NotAsked)
				if (a.NotAsked == "") != (len(a.Clients) == 3) {
					t.Errorf("%s: %+v", a.Address, a)
				}
			}
			for _, a := range get(t, ev, facts.M365SignIns).Accounts {
				second = append(second, a.NotAsked)
				if (a.NotAsked == "") != (a.SignIns.Value != nil) {
					t.Errorf("%s: %+v", a.Address, a)
				}
			}
			equal(t, tt.want, first)
			equal(t, tt.want, second)
			for _, r := range p.graph() {
				if r.Method == "POST" || strings.HasSuffix(r.Path, "/signIns") {
					asked = append(asked, r.Path)
				}
			}
			if want := 4 * count(tt.want, ""); len(asked) != want {
				t.Errorf("asked %d times, want %d: %v", len(asked), want, asked)
			}
		})
	}
}

func count(list []string, word string) int {
	n := 0
	for _, s := range list {
		if s == word {
			n++
		}
	}
	return n
}

func mode(m *config.Provisioning) func(*lab.Organisation) {
	return func(o *lab.Organisation) { o.Declared.Microsoft365.Provisioning = m }
}

func automatic(perUser string, registered bool) func(*lab.Organisation) {
	return func(o *lab.Organisation) {
		o.Declared.Microsoft365.Provisioning = new(config.Automatic)
		o.Microsoft.Users[0].PerUserMFA = perUser
		o.Microsoft.Users[0].Registration = &lab.Registration{Registered: registered}
	}
}

func TestNoAccountsNoSecondOpinion(t *testing.T) {
	p := start(t, undecided)
	var list []probes.Probe // without the accounts, as an interrupt can leave them
	for _, probe := range m365.Probes() {
		if probe.Fact != "m365.accounts" {
			list = append(list, probe)
		}
	}
	ev := probes.Collect(t.Context(), &probes.Env{Config: p.Config, HTTP: p.client(), Now: time.Now, Log: zerolog.Nop()}, list, nil)
	for _, fact := range []string{"m365.what_if", "m365.sign_ins"} {
		if f := ev.Facts[fact].Failure; f == nil || !strings.Contains(f.Detail, "accounts could not be read") {
			t.Errorf("%s: %v", fact, f)
		}
	}
}

func TestSignIns(t *testing.T) {
	p := start(t, undecided)
	entry := func(d int) facts.SignInEntry {
		return facts.SignInEntry{
			CreatedDateTime: day(2026, 1, d).Add(9 * time.Hour), ClientAppUsed: new("Other clients"),
			AuthenticationRequirement: new("multiFactorAuthentication"), ErrorCode: new(50076),
			RequirementPolicies:    []facts.RequirementPolicy{{RequirementProvider: "multiConditionalAccess", Detail: "Conditional Access"}},
			AuthenticationProtocol: new("none"), ConditionalAccessStatus: new("failure"),
		}
	}
	ev := p.collect("m365.sign_ins")
	equal(t, facts.SignIns{
		Since: time.Date(2025, 12, 16, 9, 0, 0, 0, time.UTC),
		Accounts: []facts.AccountSignIns{
			{Address: admin, NotAsked: "settled"},
			{Address: helper, SignIns: facts.Got([]facts.SignInEntry{entry(11), entry(10)})},
			{Address: "cas-1@contoso.com", NotAsked: "settled"},
		},
	}, get(t, ev, facts.M365SignIns))
	if strings.Contains(string(ev.Facts["m365.sign_ins"].Value), canary) {
		t.Error("an address or a device is kept")
	}
	for _, r := range p.graph() {
		if strings.HasSuffix(r.Path, "/signIns") {
			equal(t, "$filter=userId eq '"+helperID+"' and createdDateTime ge 2025-12-16T09:00:00Z", r.Query)
		}
	}
}

// Of a long log the latest entries count, and that there are more is said.
func TestALongSignInLog(t *testing.T) {
	for name, tt := range map[string]struct {
		entries, pageSize, want int
		more                    bool
	}{
		"a page":      {60, 0, 50, false},
		"three pages": {30, 10, 30, false},
		"four pages":  {31, 10, 30, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) {
				undecided(o)
				o.Microsoft.SignIns, o.PageSize = nil, tt.pageSize
				for i := range tt.entries {
					at := day(2026, 1, 15).Add(-time.Duration(i) * time.Hour).Format(time.RFC3339)
					o.Microsoft.SignIns = append(o.Microsoft.SignIns, logged(at, helperID, sharePoint))
				}
			})
			p.today = day(2026, 1, 16)
			got := get(t, p.collect("m365.sign_ins"), facts.M365SignIns).Accounts[1].SignIns
			if got.Value == nil || len(*got.Value) != tt.want || !(*got.Value)[0].CreatedDateTime.Equal(day(2026, 1, 15)) {
				t.Errorf("sign-ins = %v, %v", got.Value, got.Failure)
			}
			if f := got.Failure; (f != nil) != tt.more || tt.more && (f.Kind != facts.NotCollected || f.Code != "page_limit") {
				t.Errorf("failure = %v", f)
			}
		})
	}
}

// microsoftgraph/microsoft-graph-docs-contrib issue 3581: a tenant that has the licence can be
// told that it has not, and not the next time.
func TestASignInLogThatDeniesTheLicence(t *testing.T) {
	const path = "/beta/auditLogs/signIns"
	for times, want := range map[int]facts.Kind{1: "", 2: facts.Unlicensed} {
		p := start(t, undecided)
		p.Fault(lab.Fault{
			Service: lab.GraphService, Path: path, Times: times, Status: 403,
			Body: refusal("Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
		})
		got := get(t, p.collect("m365.sign_ins"), facts.M365SignIns).Accounts[1].SignIns
		if f := got.Failure; want == "" && f != nil || want != "" && (f == nil || f.Kind != want || !strings.Contains(f.Detail, "Directory.Read.All")) {
			t.Errorf("refused %d times: %v", times, f)
		}
		if asked := p.hits(endpoint{path: path}); asked != 2 {
			t.Errorf("refused %d times: asked %d times", times, asked)
		}
	}
	// Without the licence the answer is the same each time.
	p := start(t, func(o *lab.Organisation) {
		undecided(o)
		o.Microsoft.Premium = lab.Free
	})
	got := get(t, p.collect("m365.sign_ins"), facts.M365SignIns).Accounts[1].SignIns
	if got.Value != nil || got.Failure == nil || got.Failure.Kind != facts.Unlicensed {
		t.Errorf("without a licence: %v", got.Failure)
	}
}

// An entry that does not say what it was for is not one of SharePoint's.
func TestASignInWithoutItsResource(t *testing.T) {
	p := start(t, undecided)
	p.Fault(lab.Fault{
		Service: lab.GraphService, Path: "/beta/auditLogs/signIns", Status: 200,
		Header: map[string][]string{"Content-Type": {"application/json"}},
		Body: `{"value":[{"createdDateTime":"2026-01-10T09:00:00Z","resourceId":null},
			{"createdDateTime":"2026-01-10T10:00:00Z","resourceId":"` + strings.ToUpper(sharePoint) + `"}]}`,
	})
	equal(t, facts.Got([]facts.SignInEntry{{CreatedDateTime: day(2026, 1, 10).Add(10 * time.Hour)}}),
		get(t, p.collect("m365.sign_ins"), facts.M365SignIns).Accounts[1].SignIns)
}
