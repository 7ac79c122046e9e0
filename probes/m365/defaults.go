package m365

import (
	"context"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/policies"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// defaultsTimeout covers one call and its back-off.
const defaultsTimeout = 30 * time.Second

func defaultsProbe() probes.Probe {
	return probes.New(facts.M365SecurityDefaults, probes.Probe{
		Doc:     "whether security defaults are on (GET /policies/identitySecurityDefaultsEnforcementPolicy)",
		Section: section,
		Needs:   []string{facts.M365Tenant.Name},
		Timeout: defaultsTimeout,
		Permissions: []probes.Permission{
			grant(defaultsCall, "shows whether security defaults demand a second factor of everybody"),
		},
	}, securityDefaults)
}

func securityDefaults(ctx context.Context, env *probes.Env) (facts.SecurityDefaults, error) {
	s, err := open(env)
	if err != nil {
		return facts.SecurityDefaults{}, err
	}
	return whole(object(ctx, s, defaultsCall.ask(
		policies.NewIdentitySecurityDefaultsEnforcementPolicyRequestBuilderInternal(s.base(), s.adapter).
			ToGetRequestInformation(ctx, nil),
	), as[facts.SecurityDefaults]))
}

// whole is a fact that one call makes.
func whole[T any](seen facts.Seen[T]) (T, error) {
	if seen.Value == nil {
		var none T
		return none, seen.Failure
	}
	return *seen.Value, nil
}
