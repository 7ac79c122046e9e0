package httpread

import (
	"context"
	"sync"
	"time"
)

// chain is the length of the longest sequence of calls of which each began because the one
// before it had ended: work and span, with the span only. It travels in the context. A call
// adds to the chain of its context; calls that do not depend on each other have a branch
// each, and what follows them all continues the longest.
//
// Only what a service or a limit makes casdoctor wait for is counted, and nothing that
// casdoctor does to itself: not its own work between two calls, and not the wait for one of
// the connections that it allows itself.
type chain struct {
	mu     sync.Mutex
	length time.Duration
}

type chainKey struct{}

func chainOf(ctx context.Context) *chain {
	c, _ := ctx.Value(chainKey{}).(*chain)
	return c
}

// WithChain begins a chain that continues one of the given length.
func WithChain(ctx context.Context, length time.Duration) context.Context {
	return context.WithValue(ctx, chainKey{}, &chain{length: length})
}

// ChainLength is the length of the context's chain so far; 0 without a chain.
func ChainLength(ctx context.Context) time.Duration {
	c := chainOf(ctx)
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.length
}

// Waited adds to the context's chain. The transport does so for every request; whoever
// waits for what another call brings (a token) does it for that wait.
func Waited(ctx context.Context, d time.Duration) {
	if c := chainOf(ctx); c != nil {
		c.mu.Lock()
		c.length += d
		c.mu.Unlock()
	}
}

// Branch is a context whose calls do not lengthen the chain of ctx until it is joined.
func Branch(ctx context.Context) context.Context { return WithChain(ctx, ChainLength(ctx)) }

// Join makes the chain of ctx at least as long as that of every branch.
func Join(ctx context.Context, branches ...context.Context) {
	for _, b := range branches {
		Reach(ctx, ChainLength(b))
	}
}

// Reach makes the chain of ctx at least that long: what it waited for has a chain of its own.
func Reach(ctx context.Context, length time.Duration) {
	if c := chainOf(ctx); c != nil {
		c.mu.Lock()
		c.length = max(c.length, length)
		c.mu.Unlock()
	}
}
