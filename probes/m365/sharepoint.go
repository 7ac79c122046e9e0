package m365

import (
	"context"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/admin"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// sharePointTimeout covers one call, which is slow in large tenants, and its back-off.
const sharePointTimeout = 45 * time.Second

func sharePointProbe() probes.Probe {
	return probes.New(facts.M365SharePoint, probes.Probe{
		Doc:     "SharePoint's switch for apps that do not use modern authentication (GET /admin/sharepoint/settings)",
		Section: section,
		Needs:   []string{facts.M365Tenant.Name},
		Timeout: sharePointTimeout,
		Permissions: []probes.Permission{
			grant(sharePointCall, "shows whether SharePoint accepts sign-ins with a password at all"),
		},
	}, sharePoint)
}

func sharePoint(ctx context.Context, env *probes.Env) (facts.SharePoint, error) {
	s, err := open(env)
	if err != nil {
		return facts.SharePoint{}, err
	}
	return whole(object(ctx, s, sharePointCall.ask(
		admin.NewSharepointSettingsRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx, nil),
	), as[facts.SharePoint]))
}
