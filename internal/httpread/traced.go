package httpread

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/casdoctor/casdoctor/internal/spans"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// traced makes a span of one try. It names the service and not its host, and of the path only
// the words that are the service's own: a host can bear an organisation's name, and a path
// that of a person. Nothing is read of headers, queries and bodies. Attributes are those of
// OpenTelemetry's semantic conventions for HTTP clients.
func (t *transport) traced(ctx context.Context, r *http.Request, q *facts.Request) (*http.Response, error) {
	ctx, span := spans.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	resp, err := t.send(ctx, r, q)
	if !span.IsRecording() {
		return resp, err
	}
	service, path := t.client.service(r.URL), pathPattern(r.URL.Path)
	span.SetName(r.Method + " " + service + " " + path)
	span.SetAttributes(
		attribute.String("http.request.method", r.Method), attribute.String("casdoctor.service", service), attribute.String("url.template", path),
	)
	if q.Attempt > 1 {
		span.SetAttributes(attribute.Int("http.request.resend_count", q.Attempt-1))
	}
	failure := ""
	if err != nil {
		failure = string(Classify(err).Kind)
	} else {
		span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
		if resp.StatusCode >= http.StatusBadRequest {
			failure = string(Status(resp.StatusCode))
		}
	}
	if failure != "" {
		span.SetAttributes(attribute.String("error.type", failure))
		span.SetStatus(codes.Error, "")
	}
	return resp, err
}

// service is the name of the configured service at an address.
func (c *Client) service(u *url.URL) string {
	if s, ok := c.services[hostport(u)]; ok {
		return s
	}
	return "identity" // of a job's or a machine's platform: nothing else is let through
}

// words are the segments of paths that services give; everything else is somebody's.
var words = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`
		v1.0 beta v1 v2.0 oauth2 token tokeninfo $batch
		admin sharepoint settings applications auditLogs directoryAudits signIns authentication methods requirements domains
		federationConfiguration identity conditionalAccess evaluate namedLocations policies organization oauth2PermissionGrants
		appRoleAssignments authenticationStrengthPolicies identitySecurityDefaultsEnforcementPolicy reports authenticationMethods
		userRegistrationDetails roleManagement directory roleAssignments roleEligibilityScheduleInstances servicePrincipals
		subscribedSkus users licenseDetails memberOf transitiveMemberOf graph.group .well-known openid-configuration
		customer my_customer domainaliases activity all tokens projects - serviceAccounts mitigation mails siem
		security_events sweeping LMPI v3 customers subscriptions computeMetadata instance service-accounts default metadata`) {
		m[w] = true
	}
	return m
}()

// pathPattern is a path with what is not the service's own replaced.
func pathPattern(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if s != "" && !words[s] {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}
