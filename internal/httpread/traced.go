package httpread

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/casdoctor/casdoctor/internal/spans"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// traced makes a span of one try. It names the entry of the list that the request is, and not
// its host and path: a host can bear an organisation's name, and a path that of a person.
// Nothing is read of headers, queries and bodies. Attributes are those of OpenTelemetry's
// semantic conventions for HTTP clients.
func (t *transport) traced(ctx context.Context, r *http.Request, entry Entry, q *facts.Request) (*http.Response, error) {
	ctx, span := spans.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	resp, err := t.send(ctx, r, q)
	if !span.IsRecording() {
		return resp, err
	}
	service := string(entry.Host)
	span.SetName(strings.TrimSpace(entry.Method + " " + service + " " + entry.Path))
	span.SetAttributes(
		attribute.String("http.request.method", entry.Method), attribute.String("casdoctor.service", service), attribute.String("url.template", entry.Path),
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
