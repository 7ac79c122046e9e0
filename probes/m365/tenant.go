package m365

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/domains"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// tenantTimeout covers a token, two calls and their back-off (seven seconds each at most).
const tenantTimeout = 60 * time.Second

func tenantProbe() probes.Probe {
	return probes.New(facts.M365Tenant, probes.Probe{
		Doc:      "the tenant that the credentials reach, its domains and service plans (GET /organization, /domains)",
		Section:  section,
		Identity: true,
		Timeout:  tenantTimeout,
		Permissions: []probes.Permission{
			{
				Service: "graph", Name: organizationCall.permission, Whole: true,
				Why: "shows that the credentials belong to this tenant, and which services it has",
			},
			grant(domainsCall, "shows which domains sign in elsewhere (federation)", "domains"),
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
	t.Domains = list(ctx, s, domainsCall.ask(
		domains.NewDomainsRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx, nil),
	), known(func(d facts.Domain) string { return d.ID }))
	return t, nil
}
