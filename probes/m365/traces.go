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
// account that consented, a few pages of the audit log behind the other reports, and their
// back-off.
const tracesTimeout = 90 * time.Second

// publisherPrefix is what is asked for: everything that CAS was ever called begins with it, or
// with what appNames says besides. Graph's filter knows beginnings only.
const publisherPrefix = "Trend"

// appNames begin the display names of the vendor's applications: "Trend Micro Cloud App
// Security" (Trend Micro, "Changes Made under Inline Protection for Exchange Online"), and the
// names of the product that came after it, "Cloud Email and Collaboration Protection" of Trend
// Vision One or TrendAI Vision One. "Trend" alone is a word that others use.
var appNames = []string{
	"Trend Micro", "Trend Vision One", "TrendAI", "Cloud App Security", "Cloud Email and Collaboration Protection",
}

// vendors reports whether a display name is one of the vendor's.
func vendors(name *string) bool {
	return name != nil && slices.ContainsFunc(appNames, func(begin string) bool {
		return len(*name) >= len(begin) && strings.EqualFold((*name)[:len(begin)], begin)
	})
}

func tracesProbe() probes.Probe {
	return probes.New(facts.M365Traces, probes.Probe{
		Doc: "the applications of Trend Micro in the tenant, by name and by configured app id, with what was granted to " +
			"them, when and by whom (GET /servicePrincipals and below), and the consents to such applications in the audit log " +
			"(GET /auditLogs/directoryAudits)",
		Section: section,
		Needs:   []string{facts.M365Tenant.Name},
		Timeout: tracesTimeout,
		Permissions: []probes.Permission{
			grant(principalsCall, "shows the applications that an earlier provisioning has left in the tenant, and what was granted to them"),
			{
				Service: "graph", Name: grantsCall.permission, Optional: true,
				Why: "shows which account consented to these applications",
			},
			{
				Service: "graph", Name: consentsCall.permission, Optional: true, Members: []string{"consents"},
				Why: "shows who consented to such an application in the last days, also to one that is gone since",
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

	var found facts.Seen[[]facts.ServicePrincipal]
	var logged facts.Seen[[]consent]
	together(ctx,
		func(ctx context.Context) { found = s.principals(ctx, env) },
		func(ctx context.Context) { logged = s.consents(ctx) })
	t := facts.Traces{ServicePrincipals: found, Consents: ofVendor(logged, found)}
	if found.Value == nil {
		return t, nil
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
	return t, nil
}

// principals are the service principals by name and by each configured app id, every one
// once, sorted: Graph promises no order, and evidence of the same tenant should be the same.
// A question that failed leaves the answers of the others.
func (s *session) principals(ctx context.Context, env *probes.Env) facts.Seen[[]facts.ServicePrincipal] {
	filters := []string{"startswith(displayName,'" + publisherPrefix + "')"}
	for _, name := range appNames {
		if !strings.HasPrefix(name, publisherPrefix) {
			filters = append(filters, "startswith(displayName,'"+name+"')")
		}
	}
	byName := len(filters)
	for _, id := range env.Config.Microsoft365.CASAppIDs {
		filters = append(filters, "appId eq '"+id+"'")
	}
	answers := make([]facts.Seen[[]facts.ServicePrincipal], len(filters))
	var questions []func(context.Context)
	for i, filter := range filters {
		questions = append(questions, func(ctx context.Context) { answers[i] = s.principalsBy(ctx, filter) })
	}
	together(ctx, questions...)
	for _, a := range answers[:byName] {
		if a.Value != nil {
			*a.Value = slices.DeleteFunc(*a.Value, func(p facts.ServicePrincipal) bool { return !vendors(p.DisplayName) })
		}
	}

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
