package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// lastSpans is how long the end of the agent waits for a collector that does not answer.
const lastSpans = 5 * time.Second

// Traces makes the tracer that the environment asks for by OpenTelemetry's own variables, and
// what sends the last spans; nil: it asks for none. Where spans go, with which headers, how they
// are sampled and batched the SDK reads by itself from OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER*
// and OTEL_BSP_*. Only OTLP over HTTP is linked: over gRPC it would be a second HTTP stack.
//
// The tracer is not made the global one: see package spans.
func Traces(ctx context.Context, env func(string) string, version string, log zerolog.Logger) (trace.Tracer, func(), error) {
	off, err := tracesOff(env)
	if off || err != nil {
		return nil, func() {}, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	// What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes last, and counts.
	who, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("casdoctor"), semconv.ServiceVersion(version)), resource.WithFromEnv())
	if err != nil {
		return nil, nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn().Err(err).Msg("traces are not sent") }))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(who))
	return provider.Tracer("github.com/casdoctor/casdoctor", trace.WithInstrumentationVersion(version)), func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSpans)
		defer cancel()
		if err := provider.Shutdown(end); err != nil {
			log.Warn().Err(err).Msg("the last traces are not sent")
		}
	}, nil
}

// tracesOff reads what the specification's "Environment Variable Specification" says: no traces
// unless there is an address or an exporter is named, and none where they are switched off.
func tracesOff(env func(string) string) (off bool, err error) {
	first := func(names ...string) (value string) {
		for _, n := range names {
			if value = env(n); value != "" {
				return value
			}
		}
		return ""
	}
	exporter := env("OTEL_TRACES_EXPORTER")
	to := first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	switch {
	case strings.EqualFold(env("OTEL_SDK_DISABLED"), "true"), exporter == "none", exporter == "" && to == "":
		return true, nil
	case exporter != "" && exporter != "otlp":
		return true, fmt.Errorf("OTEL_TRACES_EXPORTER: casdoctor has otlp and none, not %q", exporter)
	}
	if p := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return true, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: casdoctor sends http/protobuf (port 4318), not %q", p)
	}
	return false, nil
}
