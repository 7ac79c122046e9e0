package m365_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// lists are the calls with more than one element in the practice organisation.
func lists() []endpoint {
	var list []endpoint
	for _, e := range endpoints() {
		switch e.name {
		case "domains", "groups", "roles", "policies", "named locations", "strengths", "delegates", "eligible roles",
			"service principals", "app role assignments", "grants", "consents", "subscriptions":
			list = append(list, e)
		}
	}
	return list
}

// pages makes every list two elements long and every page one.
func pages(o *lab.Organisation) {
	o.PageSize = 1
	m := &o.Microsoft
	m.RoleAssignments = append(m.RoleAssignments, lab.RoleAssignment{PrincipalID: adminID, RoleDefinitionID: pointRole})
	m.EligibleRoles = append(m.EligibleRoles, lab.RoleAssignment{PrincipalID: adminID, RoleDefinitionID: globalRole})
	m.AppRoleAssignments, m.PermissionGrants = m.AppRoleAssignments[:2], m.PermissionGrants[:2]
	m.DirectoryAudits, m.SubscribedSKUs = m.DirectoryAudits[:2], slices.Delete(m.SubscribedSKUs, 1, 2)
	m.Domains = m.Domains[1:]
	m.Users = append(m.Users, lab.User{
		ID: "7b8c9d0e-1f2a-4b3c-8d4e-5f6a7b8c9d0e", UserPrincipalName: "cas-0@contoso.com", DisplayName: created,
	})
}

// SDK pitfall: the PageIterator drops the headers of the first request, and Graph refuses
// page two of an advanced query without them; so does the lab.
func TestEveryPageIsRead(t *testing.T) {
	p := start(t, pages)
	ev := p.collect()
	tenant, set := get(t, ev, facts.M365Tenant), get(t, ev, facts.M365Accounts)
	access := get(t, ev, facts.M365ConditionalAccess)
	admin := set.Accounts[0]
	traces := get(t, ev, facts.M365Traces)
	principals := traces.ServicePrincipals
	equal(t, []int{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, []int{
		length(t, traces.Consents), length(t, tenant.SKUs),
		length(t, tenant.Domains), length(t, set.DelegatesFound), length(t, admin.Groups), length(t, admin.Roles),
		length(t, admin.EligibleRoles), length(t, access.Policies), length(t, access.Locations), length(t, access.Strengths),
		length(t, principals), length(t, (*principals.Value)[0].AppRoleAssignments),
		length(t, (*principals.Value)[0].OAuth2PermissionGrants),
	})
	equal(t, []string{"cas-0@contoso.com", "cas-1@contoso.com"}, *set.DelegatesFound.Value)
	for _, r := range p.graph() {
		advanced := strings.HasSuffix(r.Path, "/graph.group") || r.Path == "/v1.0/users" || r.Path == "/v1.0/servicePrincipals"
		if advanced && r.Header.Get("ConsistencyLevel") != "eventual" {
			t.Errorf("%s?%s without ConsistencyLevel", r.Path, r.Query)
		}
		if strings.Contains(r.Path, "conditionalAccess") && r.Header.Get("Prefer") == "" {
			t.Errorf("%s?%s without Prefer", r.Path, r.Query)
		}
	}
}

func length[T any](t *testing.T, seen facts.Seen[[]T]) int {
	t.Helper()
	if !seen.Complete() {
		t.Errorf("%v", seen.Failure)
		return -1
	}
	return len(*seen.Value)
}

func TestAPageThatFails(t *testing.T) {
	for _, e := range lists() {
		for name, tt := range map[string]struct {
			fault lab.Fault
			want  facts.Kind
		}{
			"500":       {lab.Fault{Status: 500}, facts.Unavailable},
			"throttled": {lab.Fault{Status: 429}, facts.Throttled},
			"truncated": {lab.Fault{Truncate: true}, facts.Malformed},
			"expired":   {lab.Fault{Status: 400, Body: refusal("Directory_ExpiredPageToken")}, facts.Rejected},
			"forbidden": {lab.Fault{Status: 403, Body: refusal("AccessDenied")}, facts.Forbidden},
		} {
			t.Run(e.name+" "+name, func(t *testing.T) {
				p := start(t, pages)
				f := tt.fault
				f.Service, f.Path, f.Query = lab.GraphService, e.path, "$skiptoken="
				p.Fault(f)
				got, some := e.failure(t, p.collect(e.fact))
				if got == nil || got.Kind != tt.want || !some {
					t.Errorf("failure = %v, a value: %v; want %s beside the first page", got, some, tt.want)
				}
			})
		}
	}
}

// A link that repeats would be followed for ever, and one to another host would carry the
// token there.
func TestLinksThatAreNotFollowed(t *testing.T) {
	for _, e := range lists() {
		for name, link := range map[string]string{
			"repeats": "", "another host": "https://graph.example.com/v1.0/x?$skiptoken=1", "no https": "http://", "no address": "::",
			"a path": "/v1.0/users",
		} {
			t.Run(e.name+" "+name, func(t *testing.T) {
				p := start(t, pages)
				p.Fault(lab.Fault{
					Service: lab.GraphService, Path: e.path, Query: e.query,
					Edit: func(b []byte) []byte {
						own := link
						if name == "no https" {
							own += strings.TrimPrefix(p.Config.Microsoft365.Endpoints.Graph, "https://") + e.path
						}
						if name == "repeats" {
							own = p.Config.Microsoft365.Endpoints.Graph + e.path + "?again"
						}
						return withLink(b, own)
					},
				})
				if name == "repeats" {
					p.Fault(lab.Fault{
						Service: lab.GraphService, Path: e.path, Query: "again", Status: 200,
						Header: http.Header{"Content-Type": {"application/json"}},
						Body:   `{"value":[],"@odata.nextLink":"` + p.Config.Microsoft365.Endpoints.Graph + e.path + `?again"}`,
					})
				}
				f, some := e.failure(t, p.collect(e.fact))
				if f == nil || f.Kind != facts.Malformed || f.Code != "next_link" || !some {
					t.Errorf("failure = %v, a value: %v", f, some)
				}
			})
		}
	}
}

// withLink is the page with another link to the next one.
func withLink(body []byte, link string) []byte {
	var page map[string]any
	if err := json.Unmarshal(body, &page); err != nil {
		return []byte(err.Error())
	}
	page["@odata.nextLink"] = link
	body, _ = json.Marshal(page) // what was just decoded can be encoded
	return body
}
