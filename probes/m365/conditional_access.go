package m365

import (
	"context"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/identity"
	"github.com/microsoftgraph/msgraph-sdk-go/policies"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// conditionalAccessTimeout covers a tenant's policies and locations at one page a second,
// beside other applications that use up the same allowance.
const conditionalAccessTimeout = 90 * time.Second

func conditionalAccessProbe() probes.Probe {
	return probes.New(facts.M365ConditionalAccess, probes.Probe{
		Doc: "Conditional Access policies, named locations and authentication strengths, word for word " +
			"(GET /identity/conditionalAccess/policies, …/namedLocations, /policies/authenticationStrengthPolicies)",
		Section: section,
		Needs:   []string{facts.M365Tenant.Name},
		Timeout: conditionalAccessTimeout,
		Permissions: []probes.Permission{
			grant(policiesCall, "shows which Conditional Access policy demands what of a sign-in to SharePoint"),
		},
	}, conditionalAccess)
}

func conditionalAccess(ctx context.Context, env *probes.Env) (facts.ConditionalAccess, error) {
	s, err := open(env)
	if err != nil {
		return facts.ConditionalAccess{}, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()

	base, adapter := s.base(), s.adapter
	var found facts.ConditionalAccess
	together(ctx,
		func(ctx context.Context) {
			found.Policies = list(ctx, s, policiesCall.ask(
				identity.NewConditionalAccessPoliciesRequestBuilderInternal(base, adapter).ToGetRequestInformation(ctx, nil),
			), condaccess.Decode)
		},
		func(ctx context.Context) {
			found.Locations = list(ctx, s, locationsCall.ask(
				identity.NewConditionalAccessNamedLocationsRequestBuilderInternal(base, adapter).ToGetRequestInformation(ctx, nil),
			), condaccess.DecodeLocation)
		},
		func(ctx context.Context) {
			found.Strengths = list(ctx, s, strengthsCall.ask(
				policies.NewAuthenticationStrengthPoliciesRequestBuilderInternal(base, adapter).ToGetRequestInformation(ctx, nil),
			), condaccess.DecodeStrength)
		},
	)
	return found, nil
}
