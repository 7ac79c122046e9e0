package m365

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// consented is the activity that a consent is logged as ("Microsoft Entra audit log categories
// and activities", core directory).
const consented = "Consent to application"

// consent is a directoryAudit as far as it tells about a consent. Its first target is the
// service principal; the account's address in the network and the permissions are not kept.
type consent struct {
	facts.Consent
	InitiatedBy *struct {
		User *struct {
			UserPrincipalName *string `json:"userPrincipalName"`
		} `json:"user"`
	} `json:"initiatedBy"`
	TargetResources []struct {
		ID          *string `json:"id"`
		DisplayName *string `json:"displayName"`
		Type        *string `json:"type"`
	} `json:"targetResources"`
}

func (s *session) consents(ctx context.Context) facts.Seen[[]consent] {
	filter := "activityDisplayName eq '" + consented + "'"
	return list(ctx, s, consentsCall.ask(
		auditlogs.NewDirectoryAuditsRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx,
			&auditlogs.DirectoryAuditsRequestBuilderGetRequestConfiguration{
				QueryParameters: &auditlogs.DirectoryAuditsRequestBuilderGetQueryParameters{Filter: &filter},
			}),
	), decodeConsent)
}

func decodeConsent(raw json.RawMessage) (consent, error) {
	c, err := as[consent](raw)
	if err != nil {
		return c, err
	}
	if c.ActivityDateTime.IsZero() {
		return c, errNoID
	}
	if c.InitiatedBy != nil && c.InitiatedBy.User != nil {
		c.By = c.InitiatedBy.User.UserPrincipalName
	}
	for _, target := range c.TargetResources {
		if target.Type == nil || strings.EqualFold(*target.Type, "ServicePrincipal") {
			c.ServicePrincipalID, c.AppDisplayName = target.ID, target.DisplayName
			break
		}
	}
	return c, nil
}

// ofVendor are the consents to the service principals that were found, and to those that bear
// one of the vendor's names and may be gone, the latest first.
func ofVendor(logged facts.Seen[[]consent], found facts.Seen[[]facts.ServicePrincipal]) facts.Seen[[]facts.Consent] {
	if logged.Value == nil {
		return with[[]facts.Consent](logged, nil)
	}
	there := func(id *string) bool {
		return id != nil && found.Value != nil && slices.ContainsFunc(*found.Value, func(p facts.ServicePrincipal) bool {
			return strings.EqualFold(p.ID, *id)
		})
	}
	kept := []facts.Consent{}
	for _, c := range *logged.Value {
		if vendors(c.AppDisplayName) || there(c.ServicePrincipalID) {
			kept = append(kept, c.Consent)
		}
	}
	slices.SortStableFunc(kept, func(a, b facts.Consent) int { return b.ActivityDateTime.Compare(a.ActivityDateTime) })
	seen := with(logged, &kept)
	// A consent to an application that is known by its configured id only can be missing.
	seen.Failure = cmp.Or(logged.Failure, found.Failure)
	return seen
}
