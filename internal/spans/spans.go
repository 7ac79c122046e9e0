// Package spans begins the spans of a trace, where somebody wants one.
//
// What belongs here: how a tracer travels in a context. What does not: which exporter there is
// (package agent), and what a span says of its work (whoever does the work).
//
// There is no global tracer: the SDKs that casdoctor uses would write into it as well, and what
// they write holds addresses with names of people in them.
package spans

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

type key struct{}

// place is where a new span belongs. It has a key of its own: an SDK on the way, whose own
// tracer is the global one that does nothing, hides the span of the context it was given.
type place struct {
	tracer trace.Tracer
	parent trace.Span
}

// With lets spans of ctx begin in a tracer; nil: there are none.
func With(ctx context.Context, t trace.Tracer) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, place{tracer: t})
}

// Start begins a span below the one of ctx. Without a tracer it costs a look into the context;
// attributes are for a span that IsRecording.
func Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	at, ok := ctx.Value(key{}).(place)
	if !ok {
		return ctx, noop.Span{}
	}
	_, span := at.tracer.Start(trace.ContextWithSpan(ctx, at.parent), name, opts...)
	return context.WithValue(ctx, key{}, place{at.tracer, span}), span
}
