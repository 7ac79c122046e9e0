package spans_test

import (
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/casdoctor/casdoctor/internal/spans"
)

func TestNoTracerCostsNothing(t *testing.T) {
	ctx := spans.With(t.Context(), nil)
	if n := testing.AllocsPerRun(100, func() {
		_, span := spans.Start(ctx, "probe")
		span.End()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if in, span := spans.Start(ctx, "probe"); in != ctx || span.IsRecording() {
		t.Error("a span without a tracer")
	}
}

// TestAnSDKBetween: an SDK on the way begins a span with its own tracer, which does nothing.
func TestAnSDKBetween(t *testing.T) {
	kept := tracetest.NewSpanRecorder()
	ctx := spans.With(t.Context(), sdk.NewTracerProvider(sdk.WithSpanProcessor(kept)).Tracer("test"))
	ctx, outer := spans.Start(ctx, "outer")
	ctx, theirs := noop.NewTracerProvider().Tracer("sdk").Start(trace.ContextWithSpan(ctx, noop.Span{}), "theirs")
	_, inner := spans.Start(ctx, "inner", trace.WithSpanKind(trace.SpanKindClient))
	inner.End()
	theirs.End()
	outer.End()
	ended := kept.Ended()
	if len(ended) != 2 || ended[0].Name() != "inner" || ended[0].Parent().SpanID() != ended[1].SpanContext().SpanID() || ended[0].SpanKind() != trace.SpanKindClient {
		t.Errorf("%v", ended)
	}
}
