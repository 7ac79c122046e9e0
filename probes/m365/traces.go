package m365

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// tracesTimeout covers the list, two calls for each of a few service principals, one for each
// account that consented, and their back-off.
const tracesTimeout = 60 * time.Second

// publisherPrefix begins the display name of the applications of CAS ("Trend Micro Cloud App
// Security": Trend Micro, "Changes Made under Inline Protection for Exchange Online"). The
// shorter beginning also finds those of the names that came later.
const publisherPrefix = "Trend Micro"

func tracesProbe() probes.Probe {
	return probes.New(facts.M365Traces, probes.Probe{
		Doc: "the applications of Trend Micro in the tenant, by name and by configured app id, with what was granted to " +
			"them, when and by whom (GET /servicePrincipals and below)",
		Section: section,
		Needs:   []string{facts.M365Tenant.Name},
		Timeout: tracesTimeout,
		Permissions: []probes.Permission{
			grant(principalsCall, "shows the applications that an earlier provisioning has left in the tenant, and what was granted to them"),
			{
				Service: "graph", Name: grantsCall.permission, Optional: true,
				Why: "shows which account consented to these applications",
			},
		},
	}, traces)
}

func traces(ctx context.Context, env *probes.Env) (facts.Traces, error) {
	s, err := open(env)
	if err != nil {
		return facts.Traces{}, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()

	found := s.principals(ctx, env)
	if found.Value == nil {
		return facts.Traces{ServicePrincipals: found}, nil
	}
	var members []func(context.Context)
	for i := range *found.Value {
		p := &(*found.Value)[i]
		members = append(members,
			func(ctx context.Context) { p.AppRoleAssignments = s.assignments(ctx, p.ID) },
			func(ctx context.Context) { p.OAuth2PermissionGrants = s.grants(ctx, p.ID) })
	}
	together(ctx, members...)
	s.nameConsenters(ctx, *found.Value)
	return facts.Traces{ServicePrincipals: found}, nil
}

// principals are the service principals by name and by each configured app id, every one
// once, sorted: Graph promises no order, and evidence of the same tenant should be the same.
// A question that failed leaves the answers of the others.
func (s *session) principals(ctx context.Context, env *probes.Env) facts.Seen[[]facts.ServicePrincipal] {
	filters := []string{"startswith(displayName,'" + publisherPrefix + "')"}
	for _, id := range env.Config.Microsoft365.CASAppIDs {
		filters = append(filters, "appId eq '"+id+"'")
	}
	answers := make([]facts.Seen[[]facts.ServicePrincipal], len(filters))
	var questions []func(context.Context)
	for i, filter := range filters {
		questions = append(questions, func(ctx context.Context) { answers[i] = s.principalsBy(ctx, filter) })
	}
	together(ctx, questions...)

	all := []facts.ServicePrincipal{}
	var failure *facts.Failure
	some := false
	from := answers[0].From
	for _, a := range answers {
		failure = cmp.Or(failure, a.Failure)
		if from == nil || a.From != nil && a.From.At.After(from.At) {
			from = a.From
		}
		if a.Value != nil {
			all, some = append(all, *a.Value...), true
		}
	}
	if !some {
		return facts.Seen[[]facts.ServicePrincipal]{Failure: failure, From: from}
	}
	slices.SortFunc(all, func(a, b facts.ServicePrincipal) int { return strings.Compare(a.ID, b.ID) })
	all = slices.CompactFunc(all, func(a, b facts.ServicePrincipal) bool { return a.ID == b.ID })
	return facts.Seen[[]facts.ServicePrincipal]{Value: &all, Failure: failure, From: from}
}

func (s *session) principalsBy(ctx context.Context, filter string) facts.Seen[[]facts.ServicePrincipal] {
	count := true
	return list(ctx, s, principalsCall.ask(
		serviceprincipals.NewServicePrincipalsRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx,
			&serviceprincipals.ServicePrincipalsRequestBuilderGetRequestConfiguration{
				QueryParameters: &serviceprincipals.ServicePrincipalsRequestBuilderGetQueryParameters{
					Filter: &filter, Count: &count, Select: []string{
						"id", "appId", "displayName", "createdDateTime", "accountEnabled", "servicePrincipalType",
						"appOwnerOrganizationId", "publisherName", "verifiedPublisher", "preferredSingleSignOnMode", "replyUrls",
					},
				},
			}),
	), known(func(p facts.ServicePrincipal) string { return p.ID }))
}

func (s *session) assignments(ctx context.Context, id string) facts.Seen[[]facts.AppRoleAssignment] {
	return list(ctx, s, assignmentsCall.ask(
		serviceprincipals.NewServicePrincipalsRequestBuilderInternal(s.base(), s.adapter).ByServicePrincipalId(id).
			AppRoleAssignments().ToGetRequestInformation(ctx, nil),
	), known(func(a facts.AppRoleAssignment) string { return a.ID }))
}

func (s *session) grants(ctx context.Context, id string) facts.Seen[[]facts.OAuth2PermissionGrant] {
	return list(ctx, s, grantsCall.ask(
		serviceprincipals.NewServicePrincipalsRequestBuilderInternal(s.base(), s.adapter).ByServicePrincipalId(id).
			Oauth2PermissionGrants().ToGetRequestInformation(ctx, nil),
	), known(func(g facts.OAuth2PermissionGrant) string { return g.ID }))
}

// nameConsenters fills in the names of the accounts that the grants are for, asking for each
// account once.
func (s *session) nameConsenters(ctx context.Context, principals []facts.ServicePrincipal) {
	names := map[string]*facts.Seen[string]{}
	var questions []func(context.Context)
	for _, p := range principals {
		if p.OAuth2PermissionGrants.Value == nil {
			continue
		}
		for i := range *p.OAuth2PermissionGrants.Value {
			g := &(*p.OAuth2PermissionGrants.Value)[i]
			if g.PrincipalID == nil || *g.PrincipalID == "" {
				continue
			}
			id := *g.PrincipalID
			if names[id] == nil {
				name := &facts.Seen[string]{}
				names[id] = name
				questions = append(questions, func(ctx context.Context) { *name = s.userName(ctx, id) })
			}
			g.Principal = names[id]
		}
	}
	together(ctx, questions...)
}

func (s *session) userName(ctx context.Context, id string) facts.Seen[string] {
	type name struct {
		UserPrincipalName string `json:"userPrincipalName"`
	}
	u := object(ctx, s, consenterCall.ask(
		users.NewUsersRequestBuilderInternal(s.base(), s.adapter).ByUserId(id).ToGetRequestInformation(ctx,
			&users.UserItemRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{"id", "userPrincipalName"}},
			}),
	), known(func(n name) string { return n.UserPrincipalName }))
	if u.Value == nil {
		return facts.Seen[string]{Failure: u.Failure, From: u.From}
	}
	return facts.Seen[string]{Value: &u.Value.UserPrincipalName, From: u.From}
}
