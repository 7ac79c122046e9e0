package m365_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// endpoint is one call with the place in the facts that it fills.
type endpoint struct {
	name, path, fact string
	query            string // tells apart calls of the same path
	permission       string // application permission, as Graph's permissions reference has it
	list             bool
	must             bool // nothing can be said without its members
	asked            int  // so many times in a run; 0: once
	// change makes an organisation in which it is asked; nil: it is in every one.
	change  func(*lab.Organisation)
	failure func(*testing.T, *facts.Evidence) (f *facts.Failure, some bool)
}

func whole(name string) func(*testing.T, *facts.Evidence) (*facts.Failure, bool) {
	return func(_ *testing.T, ev *facts.Evidence) (*facts.Failure, bool) {
		return ev.Facts[name].Failure, ev.Facts[name].Value != nil
	}
}

func member[T, M any](k facts.Key[T], of func(T) facts.Seen[M]) func(*testing.T, *facts.Evidence) (*facts.Failure, bool) {
	return func(t *testing.T, ev *facts.Evidence) (*facts.Failure, bool) {
		t.Helper()
		seen := of(get(t, ev, k))
		return seen.Failure, seen.Value != nil
	}
}

// ofAdmin is a member of the Global Administrator's account.
func ofAdmin[M any](of func(facts.Account) facts.Seen[M]) func(*testing.T, *facts.Evidence) (*facts.Failure, bool) {
	return member(facts.M365Accounts, func(s facts.AccountSet) facts.Seen[M] { return of(s.Accounts[0]) })
}

// ofApplication is a member of the first service principal of Trend Micro.
func ofApplication[M any](of func(facts.ServicePrincipal) facts.Seen[M]) func(*testing.T, *facts.Evidence) (*facts.Failure, bool) {
	return member(facts.M365Traces, func(v facts.Traces) facts.Seen[M] { return of((*v.ServicePrincipals.Value)[0]) })
}

func endpoints() []endpoint {
	const accounts, access, traces = "m365.accounts", "m365.conditional_access", "m365.binding_traces"
	return []endpoint{
		{
			name: "organization", path: "/v1.0/organization", fact: "m365.tenant", permission: "Organization.Read.All",
			list: true, must: true, failure: whole("m365.tenant"),
		},
		{
			name: "domains", path: "/v1.0/domains", fact: "m365.tenant", permission: "Domain.Read.All", list: true,
			failure: member(facts.M365Tenant, func(v facts.Tenant) facts.Seen[[]facts.Domain] { return v.Domains }),
		},
		{
			name: "federation", path: "/v1.0/domains/" + federated + "/federationConfiguration", fact: "m365.tenant",
			permission: "Domain-InternalFederation.Read.All", list: true,
			failure: member(facts.M365Tenant, func(v facts.Tenant) facts.Seen[facts.Federation] {
				return *(*v.Domains.Value)[len(*v.Domains.Value)-1].Federation
			}),
		},
		{
			name: "subscriptions", path: "/v1.0/subscribedSkus", fact: "m365.tenant", permission: "Organization.Read.All", list: true,
			failure: member(facts.M365Tenant, func(v facts.Tenant) facts.Seen[[]facts.SKU] { return v.SKUs }),
		},
		{
			name: "user", path: "/v1.0/users/" + admin, fact: accounts, permission: "User.Read.All", must: true,
			failure: ofAdmin(func(a facts.Account) facts.Seen[facts.User] { return a.User }),
		},
		{
			name: "delegates", path: "/v1.0/users", fact: accounts, permission: "User.Read.All", list: true,
			failure: member(facts.M365Accounts, func(s facts.AccountSet) facts.Seen[[]string] { return s.DelegatesFound }),
		},
		{
			name: "per-user MFA", path: "/beta/users/" + adminID + "/authentication/requirements", fact: accounts,
			permission: "Policy.Read.All",
			failure:    ofAdmin(func(a facts.Account) facts.Seen[facts.PerUserMFA] { return a.PerUserMFA }),
		},
		{
			name: "registration", path: "/v1.0/reports/authenticationMethods/userRegistrationDetails/" + adminID, fact: accounts,
			permission: "AuditLog.Read.All",
			failure:    ofAdmin(func(a facts.Account) facts.Seen[facts.Registration] { return a.Registration }),
		},
		{
			name: "groups", path: "/v1.0/users/" + adminID + "/transitiveMemberOf/graph.group", fact: accounts,
			permission: "User.Read.All", list: true,
			failure: ofAdmin(func(a facts.Account) facts.Seen[[]facts.Group] { return a.Groups }),
		},
		{
			name: "roles", path: "/v1.0/roleManagement/directory/roleAssignments", query: adminID, fact: accounts,
			permission: "RoleManagement.Read.Directory", list: true,
			failure: ofAdmin(func(a facts.Account) facts.Seen[[]facts.RoleAssignment] { return a.Roles }),
		},
		{
			name: "eligible roles", path: "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances", query: adminID,
			fact: accounts, permission: "RoleEligibilitySchedule.Read.Directory", list: true,
			failure: ofAdmin(func(a facts.Account) facts.Seen[[]facts.RoleAssignment] { return a.EligibleRoles }),
		},
		{
			name: "security defaults", path: "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
			fact: "m365.security_defaults", permission: "Policy.Read.All", failure: whole("m365.security_defaults"),
		},
		{
			name: "policies", path: "/v1.0/identity/conditionalAccess/policies", fact: access, permission: "Policy.Read.All", list: true,
			failure: member(facts.M365ConditionalAccess,
				func(c facts.ConditionalAccess) facts.Seen[[]facts.Policy] { return c.Policies }),
		},
		{
			name: "named locations", path: "/v1.0/identity/conditionalAccess/namedLocations", fact: access,
			permission: "Policy.Read.All", list: true,
			failure: member(facts.M365ConditionalAccess,
				func(c facts.ConditionalAccess) facts.Seen[[]facts.NamedLocation] { return c.Locations }),
		},
		{
			name: "strengths", path: "/v1.0/policies/authenticationStrengthPolicies", fact: access,
			permission: "Policy.Read.All", list: true,
			failure: member(facts.M365ConditionalAccess,
				func(c facts.ConditionalAccess) facts.Seen[[]facts.Strength] { return c.Strengths }),
		},
		{
			name: "SharePoint", path: "/v1.0/admin/sharepoint/settings", fact: "m365.sharepoint",
			permission: "SharePointTenantSettings.Read.All", failure: whole("m365.sharepoint"),
		},
		{
			name: "service principals", path: "/v1.0/servicePrincipals", fact: traces, permission: "Application.Read.All", list: true,
			asked:   3,
			failure: member(facts.M365Traces, func(v facts.Traces) facts.Seen[[]facts.ServicePrincipal] { return v.ServicePrincipals }),
		},
		{
			name: "app role assignments", path: "/v1.0/servicePrincipals/" + casApp + "/appRoleAssignments", fact: traces,
			permission: "Application.Read.All", list: true,
			failure: ofApplication(func(p facts.ServicePrincipal) facts.Seen[[]facts.AppRoleAssignment] { return p.AppRoleAssignments }),
		},
		{
			name: "grants", path: "/v1.0/servicePrincipals/" + casApp + "/oauth2PermissionGrants", fact: traces,
			permission: "Directory.Read.All", list: true,
			failure: ofApplication(func(p facts.ServicePrincipal) facts.Seen[[]facts.OAuth2PermissionGrant] {
				return p.OAuth2PermissionGrants
			}),
		},
		{
			name: "sign-in log", path: "/v1.0/auditLogs/signIns", fact: "m365.sign_in_clients", permission: "AuditLog.Read.All", list: true,
			change: func(o *lab.Organisation) {
				o.Microsoft.SignIns = signIns("IE 11.0 on Windows 7")
			},
			failure: member(facts.M365SignInClients,
				func(c facts.SignInClients) facts.Seen[[]facts.SignInClient] { return c.Clients }),
		},
		{
			name: "consenter", path: "/v1.0/users/" + adminID, fact: traces, permission: "User.Read.All", must: true,
			failure: ofApplication(func(p facts.ServicePrincipal) facts.Seen[string] {
				return *(*p.OAuth2PermissionGrants.Value)[1].Principal
			}),
		},
		{
			name: "consents", path: "/v1.0/auditLogs/directoryAudits", fact: traces, permission: "AuditLog.Read.All", list: true,
			failure: member(facts.M365Traces, func(v facts.Traces) facts.Seen[[]facts.Consent] { return v.Consents }),
		},
		{
			name: "what if", path: "/v1.0/identity/conditionalAccess/evaluate", fact: "m365.what_if", permission: "Policy.Read.All",
			list: true, asked: 3, change: undecided,
			failure: member(facts.M365WhatIf, func(v facts.WhatIf) facts.Seen[[]facts.WhatIfPolicy] {
				return v.Accounts[1].Clients[0].Policies
			}),
		},
		{
			name: "sign-ins", path: "/beta/auditLogs/signIns", fact: "m365.sign_ins", permission: "AuditLog.Read.All", list: true,
			change:  undecided,
			failure: member(facts.M365SignIns, func(v facts.SignIns) facts.Seen[[]facts.SignInEntry] { return v.Accounts[1].SignIns }),
		},
	}
}

// canary stands where an answer could carry a secret. Nothing may keep it.
const canary = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.canary"

// refusal is Graph's error object ("Microsoft Graph error responses and resource types").
func refusal(code string) string {
	return `{"error":{"code":"` + code + `","message":"quotes ` + canary + `","innerError":{
		"date":"2026-01-15T09:00:00","request-id":"` + canary + `","client-request-id":"` + canary + `"}}}`
}

const gateway = `<!DOCTYPE html><html><head><title>Gateway</title></head><body>` + canary + `</body></html>`

// fault is one way in which a call goes wrong, and what must become of it.
type fault struct {
	name  string
	fault lab.Fault
	want  facts.Failure // without Detail; Permission "the call's" stands for the endpoint's own
	tries int           // 0: not counted
}

func faults() []fault {
	html, plain := http.Header{"Content-Type": {"text/html; charset=utf-8"}}, http.Header{"Content-Type": {"application/json"}}
	answer := func(status int, body string) lab.Fault { return lab.Fault{Status: status, Header: plain, Body: body} }
	later := plain.Clone()
	later.Set("Retry-After", "3600")
	const own = "the call's"
	return []fault{
		{
			// "Resolve Microsoft Graph authorization errors".
			name: "401", fault: answer(401, refusal("InvalidAuthenticationToken")), tries: 1,
			want: facts.Failure{Kind: facts.Unauthenticated, Status: 401, Code: "InvalidAuthenticationToken"},
		},
		{
			// "Combine multiple requests in one HTTP call using JSON batching".
			name: "403 of the directory", fault: answer(403, refusal("Authorization_RequestDenied")), tries: 1,
			want: facts.Failure{Kind: facts.Forbidden, Status: 403, Code: "Authorization_RequestDenied", Permission: own},
		},
		{
			name: "403 of policies", fault: answer(403, refusal("AccessDenied")), tries: 1,
			want: facts.Failure{Kind: facts.Forbidden, Status: 403, Code: "AccessDenied", Permission: own},
		},
		{
			// The same page shows a 403 with an empty code.
			name: "403 with an empty code", fault: answer(403, `{"error":{"code":"","message":""}}`),
			want: facts.Failure{Kind: facts.Forbidden, Status: 403, Permission: own},
		},
		{
			// turbot/steampipe-plugin-azuread issue 98.
			name: "403 without a licence", fault: answer(403, refusal("Authentication_RequestFromNonPremiumTenantOrB2CTenant")),
			want: facts.Failure{
				Kind: facts.Unlicensed, Status: 403, Code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
			},
		},
		{
			// maester365/maester issue 1421.
			name: "400 without a licence", fault: answer(400, refusal("AadPremiumLicenseRequired")),
			want: facts.Failure{Kind: facts.Unlicensed, Status: 400, Code: "AadPremiumLicenseRequired"},
		},
		{
			name: "400 that says so in words",
			fault: answer(400, `{"error":{"code":"BadRequest","message":"The tenant needs an AAD Premium 2 license. `+
				canary+`"}}`),
			want: facts.Failure{Kind: facts.Unlicensed, Status: 400, Code: "BadRequest"},
		},
		{
			name:  "403 that says so in words",
			fault: answer(403, `{"error":{"code":"Forbidden","message":"Your tenant is not licensed for this feature."}}`),
			want:  facts.Failure{Kind: facts.Unlicensed, Status: 403, Code: "Forbidden"},
		},
		{
			name: "400", fault: answer(400, refusal("BadRequest")), tries: 1,
			want: facts.Failure{Kind: facts.Rejected, Status: 400, Code: "BadRequest"},
		},
		{
			// The batching page shows a 404 and a 405 like these.
			name: "404", fault: answer(404, refusal("Request_ResourceNotFound")), tries: 1,
			want: facts.Failure{Kind: facts.NotFound, Status: 404, Code: "Request_ResourceNotFound"},
		},
		{
			name: "404 of another kind", fault: answer(404, refusal("UnknownError")),
			want: facts.Failure{Kind: facts.Rejected, Status: 404, Code: "UnknownError"},
		},
		{
			name: "405", fault: answer(405, refusal("Request_BadRequest")),
			want: facts.Failure{Kind: facts.Rejected, Status: 405, Code: "Request_BadRequest"},
		},
		{
			// "Microsoft Graph throttling guidance"; Conditional Access sends no Retry-After.
			name: "429 without Retry-After", fault: answer(429, refusal("TooManyRequests")), tries: 4,
			want: facts.Failure{Kind: facts.Throttled, Status: 429, Code: "TooManyRequests"},
		},
		{
			name: "429 with a Retry-After beyond the deadline", tries: 1,
			fault: lab.Fault{Status: 429, Header: later, Body: refusal("TooManyRequests")},
			want:  facts.Failure{Kind: facts.Throttled, Status: 429, Code: "TooManyRequests"},
		},
		{
			name: "500", fault: answer(500, refusal("InternalServerError")), tries: 1,
			want: facts.Failure{Kind: facts.Unavailable, Status: 500, Code: "InternalServerError"},
		},
		{
			name: "503 of a gateway", fault: lab.Fault{Status: 503, Header: html, Body: gateway}, tries: 4,
			want: facts.Failure{Kind: facts.Unavailable, Status: 503},
		},
		{
			name: "501 without a body", fault: answer(501, ""),
			want: facts.Failure{Kind: facts.Unavailable, Status: 501},
		},
		{
			name: "truncated", fault: lab.Fault{Truncate: true}, tries: 1,
			want: facts.Failure{Kind: facts.Malformed, Status: 200},
		},
		{
			name: "half of an object", fault: answer(200, `{"value":[{"id":"`+canary),
			want: facts.Failure{Kind: facts.Malformed, Status: 200},
		},
		{
			name: "HTML", fault: lab.Fault{Status: 200, Header: html, Body: gateway},
			want: facts.Failure{Kind: facts.Malformed, Status: 200},
		},
		{
			name: "403 in HTML", fault: lab.Fault{Status: 403, Header: html, Body: gateway},
			want: facts.Failure{Kind: facts.Malformed, Status: 403},
		},
		{
			name: "404 in HTML", fault: lab.Fault{Status: 404, Header: html, Body: gateway},
			want: facts.Failure{Kind: facts.Malformed, Status: 404},
		},
		{
			name:  "a redirect",
			fault: lab.Fault{Status: 302, Header: http.Header{"Location": {"https://login.example.com/" + canary}}},
			want:  facts.Failure{Kind: facts.Malformed, Status: 302},
		},
		{
			name: "no content", fault: lab.Fault{Status: 204},
			want: facts.Failure{Kind: facts.Malformed, Status: 204},
		},
		{
			name: "a list instead of an object", fault: answer(200, `[]`),
			want: facts.Failure{Kind: facts.Malformed, Status: 200},
		},
		{name: "reset", fault: lab.Fault{Reset: true}, want: facts.Failure{Kind: facts.Unreachable}},
	}
}

func TestEveryEndpointAndEveryRefusal(t *testing.T) {
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			p := start(t, e.change)
			for _, tt := range faults() {
				t.Run(tt.name, func(t *testing.T) {
					p := p.in(t)
					f := tt.fault
					f.Service, f.Path, f.Query = lab.GraphService, e.path, e.query
					before := p.hits(e)
					p.Fault(f)
					defer p.heal(e)
					ev := p.collect(e.fact)
					want := tt.want
					if want.Permission != "" {
						want.Permission = e.permission
					}
					if e.name == "federation" && tt.name == "404 of another kind" {
						want.Kind = facts.NotFound // "List internalDomainFederations" documents the status only
					}
					e.holds(t, ev, want)
					times := tt.tries * max(e.asked, 1)
					if tries := p.hits(e) - before; tt.tries > 0 && tries != times {
						t.Errorf("asked %d times, want %d", tries, times)
					}
				})
			}
			if f, _ := e.failure(t, p.collect(e.fact)); f != nil {
				t.Errorf("without a fault: %v", f)
			}
		})
	}
}

// holds checks the failure, that there is no value beside it, and that nothing was kept of
// what the answer carried.
func (e endpoint) holds(t *testing.T, ev *facts.Evidence, want facts.Failure) {
	t.Helper()
	got, some := e.failure(t, ev)
	if got == nil {
		t.Fatalf("no failure, want %v", &want)
	}
	if some {
		t.Error("there is a value beside the failure")
	}
	if got.Detail == "" {
		t.Error("no detail")
	}
	bare := *got
	bare.Detail, want.Detail = "", ""
	if bare.Kind == facts.Unreachable {
		bare.Code = "" // the step that failed: "read"
	}
	equal(t, want, bare)
	keepsNothing(t, ev)
}

// keepsNothing checks that the evidence holds nothing that an answer could carry.
func keepsNothing(t *testing.T, ev *facts.Evidence) {
	t.Helper()
	written, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{canary, "<html", "practice-secret-of-the-lab"} {
		if strings.Contains(string(written), secret) {
			t.Errorf("the evidence holds %q", secret)
		}
	}
}

func (p *tenant) hits(e endpoint) int {
	n := 0
	for _, r := range p.graph() {
		if r.Path == e.path && strings.Contains(r.Query, e.query) {
			n++
		}
	}
	return n
}

// heal ends the faults of an endpoint: of several, the one put in last decides.
func (p *tenant) heal(e endpoint) {
	p.Fault(lab.Fault{Service: lab.GraphService, Path: e.path, Edit: func(b []byte) []byte { return b }})
}

// Without a permission Graph gives its own code, another for each family of calls.
func TestMissingPermissions(t *testing.T) {
	for _, e := range endpoints() {
		if slices.Contains([]string{"app role assignments", "consenter", "what if", "subscriptions"}, e.name) {
			continue // what the call before them needs opens them as well
		}
		t.Run(e.name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) {
				if e.change != nil {
					e.change(o)
				}
				o.Microsoft.App.Permissions = slices.DeleteFunc(without(e.permission), func(name string) bool {
					// RoleManagement.Read.Directory opens the eligible roles as well.
					return e.name == "eligible roles" && name == "RoleManagement.Read.Directory"
				})
			})
			f, _ := e.failure(t, p.collect(e.fact))
			if f == nil || f.Kind != facts.Forbidden || f.Permission != e.permission || f.Code == "" {
				t.Errorf("failure = %v, want forbidden with a code and %s", f, e.permission)
			}
		})
	}
}

func TestThrottledOnceIsNoFailure(t *testing.T) {
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			p := start(t, e.change)
			p.Fault(lab.Fault{
				Service: lab.GraphService, Path: e.path, Query: e.query, Times: 1, Status: 429,
				Header: http.Header{"Retry-After": {"0"}, "Content-Type": {"application/json"}}, Body: refusal("TooManyRequests"),
			})
			if f, _ := e.failure(t, p.collect(e.fact)); f != nil {
				t.Error(f)
			}
			if p.hits(e) < 2 {
				t.Error("not asked again")
			}
		})
	}
}

// An object without its members is an answer that leaves them open, unless nothing can be
// said without them; an answer without a list is no empty list.
func TestMissingMembers(t *testing.T) {
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			p := start(t, e.change)
			p.Fault(lab.Fault{
				Service: lab.GraphService, Path: e.path, Query: e.query, Status: 200,
				Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"@odata.context":"x"}`,
			})
			ev := p.collect(e.fact)
			if e.list || e.must {
				e.holds(t, ev, facts.Failure{Kind: facts.Malformed, Status: 200})
				return
			}
			if f, some := e.failure(t, ev); f != nil || !some {
				t.Errorf("failure = %v", f)
			}
			for _, word := range []string{`"isEnabled"`, `"isLegacyAuthProtocolsEnabled"`} {
				if strings.Contains(string(ev.Facts[e.fact].Value), word) {
					t.Errorf("%s was not in the answer, and is in the fact: %s", word, ev.Facts[e.fact].Value)
				}
			}
		})
	}
}

// An element without what identifies it makes a list incomplete, and leaves the others.
func TestAnElementThatCannotBeRead(t *testing.T) {
	for _, e := range endpoints() {
		if !e.list || e.must {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			p := start(t, e.change)
			p.Fault(lab.Fault{
				Service: lab.GraphService, Path: e.path, Query: e.query,
				Edit: func(b []byte) []byte {
					return []byte(strings.Replace(string(b), `"value":[`, `"value":[{"id":17},`, 1))
				},
			})
			ev := p.collect(e.fact)
			f, some := e.failure(t, ev)
			if !some || f == nil || f.Kind != facts.Malformed {
				t.Errorf("failure = %v, a value: %v", f, some)
			}
		})
	}
}

// What came before a body broke off proves nothing, not even when it is a whole object.
func TestABodyThatBreaksOff(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want facts.Kind
	}{
		"cut": {io.ErrUnexpectedEOF, facts.Malformed}, "too late": {context.DeadlineExceeded, facts.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil)
			client := p.client()
			tap(client, func(r *http.Request, send http.RoundTripper) (*http.Response, error) {
				resp, err := send.RoundTrip(r)
				if err == nil && r.URL.Path == "/v1.0/admin/sharepoint/settings" {
					resp.Body = io.NopCloser(io.MultiReader(resp.Body, iotest.ErrReader(tt.err)))
				}
				return resp, err
			})
			fact := p.collectWith(client, 0, "m365.sharepoint").Facts["m365.sharepoint"]
			if fact.Failure == nil || fact.Failure.Kind != tt.want || fact.Failure.Status != 200 || fact.Value != nil {
				t.Errorf("failure = %v, value %s", fact.Failure, fact.Value)
			}
		})
	}
}

// A call that hangs costs its own member; the fact comes with all others.
func TestACallThatHangs(t *testing.T) {
	p := start(t, nil)
	p.Fault(lab.Fault{Service: lab.GraphService, Path: "/beta/users/" + adminID + "/authentication/requirements", Hang: true})
	set := get(t, p.collectWithin(2*time.Second, "m365.accounts"), facts.M365Accounts)
	if f := set.Accounts[0].PerUserMFA.Failure; f == nil || f.Kind != facts.Timeout {
		t.Errorf("per-user MFA: %v, want a timeout", f)
	}
	for _, a := range set.Accounts {
		if !a.User.Complete() || !a.Groups.Complete() || !a.Roles.Complete() || !a.EligibleRoles.Complete() {
			t.Errorf("%s: %+v", a.Address, a)
		}
	}
}

// SDK pitfall: the generated error model's Error method dereferences error and message.
// Bodies that lack them must not panic, and keep their status.
func TestErrorBodiesThatLackMembers(t *testing.T) {
	p := start(t, nil)
	e := endpoints()[0]
	for body, code := range map[string]string{
		``: "", `{}`: "", `null`: "", `{"error":null}`: "", `{"error":{}}`: "", `{"error":{"message":"no code"}}`: "",
		`{"error":{"code":"AccessDenied"}}`:           "AccessDenied",
		`{"error":{"code":"AccessDenied","extra":1}}`: "AccessDenied",
		`{"error":{"code":"` + canary + ` words"}}`:   "", // not what a code looks like
	} {
		for _, kind := range []string{"application/json", "text/plain", ""} {
			p.Fault(lab.Fault{Service: lab.GraphService, Path: e.path, Status: 403, Body: body, Header: http.Header{"Content-Type": {kind}}})
			e.holds(t, p.collect(e.fact), facts.Failure{
				Kind: facts.Forbidden, Status: 403, Code: code, Permission: "Organization.Read.All",
			})
		}
	}
}

// SDK pitfall: an unknown member of an enumeration in a collection decodes as the first
// known one: a new grant control would become "block", a new client app "all".
func TestNewWordsStayWhatTheyAre(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		policy := string(wirePolicy("10ef4fe6-5e51-4f5e-b5a2-8fed19d0be67", `riskRemediation","controlOfTomorrow`))
		policy = strings.Replace(policy, `"clientAppTypes":["all"]`, `"clientAppTypes":["nativeAuth","other"]`, 1)
		policy = strings.Replace(policy, `"state":"disabled"`, `"state":"stateOfTomorrow"`, 1)
		policy = strings.Replace(policy, `"platforms":null`,
			`"platforms":{"includePlatforms":["linux","platformOfTomorrow"],"excludePlatforms":[]}`, 1)
		o.Microsoft.Policies = []json.RawMessage{json.RawMessage(policy)}
	})
	access := get(t, p.collect("m365.conditional_access"), facts.M365ConditionalAccess)
	if !access.Policies.Complete() {
		t.Fatal(access.Policies.Failure)
	}
	policy := (*access.Policies.Value)[0]
	equal(t, []string{"riskRemediation", "controlOfTomorrow"}, policy.GrantControls.BuiltInControls)
	equal(t, []string{"nativeAuth", "other"}, policy.Conditions.ClientAppTypes)
	equal(t, []string{"linux", "platformOfTomorrow"}, policy.Conditions.Platforms.Include)
	equal(t, "stateOfTomorrow", policy.State)
}

// A policy that cannot be read is not dropped: without it nothing is complete.
func TestAPolicyThatCannotBeRead(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		odd := strings.Replace(string(o.Microsoft.Policies[0]), `"state":"disabled"`, `"state":7`, 1)
		o.Microsoft.Policies = append([]json.RawMessage{json.RawMessage(odd)}, o.Microsoft.Policies[1:]...)
	})
	policies := get(t, p.collect("m365.conditional_access"), facts.M365ConditionalAccess).Policies
	if policies.Value == nil || len(*policies.Value) != 1 || policies.Failure == nil || policies.Failure.Kind != facts.Malformed ||
		!strings.Contains(policies.Failure.Detail, "state") {
		t.Errorf("policies = %+v, failure %v", policies.Value, policies.Failure)
	}
}

// The pages "Get sharepointSettings" and "Get userRegistrationDetails" show the object in a
// "value" member; the ids of the first are no GUIDs, and the second has a member that is in
// no schema.
func TestObjectsInsideOfValue(t *testing.T) {
	p := start(t, nil)
	put := func(path, body string) {
		p.Fault(lab.Fault{
			Service: lab.GraphService, Path: path, Status: 200, Body: body, Header: http.Header{"Content-Type": {"application/json"}},
		})
	}
	put("/v1.0/admin/sharepoint/settings", `{"value":{"@odata.type":"#microsoft.graph.sharepointSettings",
		"allowedDomainGuidsForSyncApp":["bdd1ab9b-3fd0-4def-a761-ec8d7471732c","ad31vb6b-5zd0-7tyg-m231-kj8d6578432c"],
		"isLegacyAuthProtocolsEnabled":false,"sharingCapability":"externalUserAndGuestSharing"}}`)
	put("/v1.0/reports/authenticationMethods/userRegistrationDetails/"+adminID, `{"value":{"id":"`+adminID+`",
		"userPrincipalName":"AlexW@Contoso.com","isMfaRegistered":true,"isMfaCapable":true,
		"methodsRegistered":["microsoftAuthenticatorPush","softwareOneTimePasscode"],"defaultMfaMethod":"microsoftAuthenticatorPush"}}`)
	ev := p.collect("m365.sharepoint", "m365.accounts")
	equal(t, facts.SharePoint{IsLegacyAuthProtocolsEnabled: new(false)}, get(t, ev, facts.M365SharePoint))
	equal(t, facts.Got(facts.Registration{
		IsMfaRegistered: new(true), IsMfaCapable: new(true),
		MethodsRegistered: []string{"microsoftAuthenticatorPush", "softwareOneTimePasscode"},
	}), get(t, ev, facts.M365Accounts).Accounts[0].Registration)
}
