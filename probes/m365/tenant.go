package m365

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/domains"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"
	"github.com/microsoftgraph/msgraph-sdk-go/subscribedskus"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// tenantTimeout covers a token, three calls that wait for each other (the organization, the
// domains, their federations) and their back-off (seven seconds each at most).
const tenantTimeout = 60 * time.Second

func tenantProbe() probes.Probe {
	return probes.New(facts.M365Tenant, probes.Probe{
		Doc: "the tenant that the credentials reach, its domains with their federation, service plans and subscriptions " +
			"(GET /organization, /domains and below, /subscribedSkus)",
		Section:  section,
		Identity: true,
		Timeout:  tenantTimeout,
		Permissions: []probes.Permission{
			{
				Service: "graph", Name: organizationCall.permission, Whole: true,
				Why: "shows that the credentials belong to this tenant, and which services it has",
			},
			grant(domainsCall, "shows which domains the tenant has, for the list of internal domains, and which sign in elsewhere (federation)", "domains"),
			{
				Service: "graph", Name: federationCall.permission, Optional: true, Members: []string{"federation"},
				Why: "shows what becomes of a second factor that a domain's own identity provider asks for",
			},
		},
	}, tenant)
}

func tenant(ctx context.Context, env *probes.Env) (facts.Tenant, error) {
	s, err := open(env)
	if err != nil {
		return facts.Tenant{}, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()

	organizations := list(ctx, s, organizationCall.ask(
		organization.NewOrganizationRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx,
			&organization.OrganizationRequestBuilderGetRequestConfiguration{
				QueryParameters: &organization.OrganizationRequestBuilderGetQueryParameters{
					Select: []string{"id", "displayName", "partnerTenantType", "verifiedDomains", "assignedPlans"},
				},
			}),
	), known(func(t facts.Tenant) string { return t.ID }))
	switch {
	case organizations.Failure != nil:
		return facts.Tenant{}, organizations.Failure
	case len(*organizations.Value) != 1: // a token is for one tenant
		return facts.Tenant{}, organizationCall.malformed(nil)
	}
	t := (*organizations.Value)[0]
	if want := env.Config.Microsoft365.TenantID; !strings.EqualFold(t.ID, want) {
		return facts.Tenant{}, &facts.Failure{
			Kind:   facts.WrongIdentity,
			Detail: fmt.Sprintf("the credentials reach the tenant %.64q, microsoft365.tenant_id is %s", t.ID, want),
		}
	}
	probes.Identified(ctx, env)
	together(ctx,
		func(ctx context.Context) { t.Domains = s.domains(ctx) },
		func(ctx context.Context) { t.SKUs = s.skus(ctx) })
	return t, nil
}

// domains are the domains of the tenant, each federated one with what is configured for it.
func (s *session) domains(ctx context.Context) facts.Seen[[]facts.Domain] {
	found := list(ctx, s, domainsCall.ask(
		domains.NewDomainsRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx, nil),
	), known(func(d facts.Domain) string { return d.ID }))
	if found.Value == nil {
		return found
	}
	var questions []func(context.Context)
	for i := range *found.Value {
		d := &(*found.Value)[i]
		if d.AuthenticationType == nil || *d.AuthenticationType != "Federated" {
			continue
		}
		questions = append(questions, func(ctx context.Context) { d.Federation = new(s.federation(ctx, d.ID)) })
	}
	together(ctx, questions...)
	return found
}

// federation is the one internalDomainFederation of a domain. Graph documents 404 for a domain
// that has none, and no code with it.
func (s *session) federation(ctx context.Context, domain string) facts.Seen[facts.Federation] {
	q := federationCall.ask(
		domains.NewDomainsRequestBuilderInternal(s.base(), s.adapter).ByDomainId(domain).FederationConfiguration().
			ToGetRequestInformation(ctx, nil))
	type wire struct {
		ID string `json:"id"`
		facts.Federation
	}
	all := list(ctx, s, q, known(func(w wire) string { return w.ID }))
	seen := with[facts.Federation](all, nil)
	if all.Value != nil && len(*all.Value) > 0 {
		seen.Value = &(*all.Value)[0].Federation
		return seen
	}
	none := facts.Failure{Kind: facts.NotFound, Status: http.StatusNotFound, Detail: "the domain has no federation configured"}
	switch f := all.Failure; {
	case f == nil:
		seen.Failure = &none
	case f.Status == http.StatusNotFound && f.Kind != facts.Malformed:
		none.Code, seen.Failure = f.Code, &none
	}
	return seen
}

// skus are the subscriptions with a plan of SharePoint among their service plans.
func (s *session) skus(ctx context.Context) facts.Seen[[]facts.SKU] {
	type wire struct {
		ID string `json:"id"`
		facts.SKU
	}
	all := list(ctx, s, skusCall.ask(
		subscribedskus.NewSubscribedSkusRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx,
			&subscribedskus.SubscribedSkusRequestBuilderGetRequestConfiguration{
				QueryParameters: &subscribedskus.SubscribedSkusRequestBuilderGetQueryParameters{
					Select: []string{"id", "skuPartNumber", "capabilityStatus", "servicePlans"},
				},
			}),
	), known(func(w wire) string { return w.ID }))
	if all.Value == nil {
		return with[[]facts.SKU](all, nil)
	}
	kept := []facts.SKU{}
	for _, w := range *all.Value {
		w.ServicePlans = slices.DeleteFunc(w.ServicePlans, func(p facts.ServicePlan) bool {
			return p.ServicePlanName == nil || !strings.Contains(*p.ServicePlanName, "SHAREPOINT")
		})
		if len(w.ServicePlans) > 0 {
			kept = append(kept, w.SKU)
		}
	}
	return with(all, &kept)
}
