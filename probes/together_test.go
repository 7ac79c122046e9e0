package probes

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/casdoctor/casdoctor/internal/httpread"
)

// What does not depend on each other runs at once, and the chain goes on from the longest.
func TestTogetherJoinsTheLongestChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := httpread.WithChain(t.Context(), time.Second)
		call := func(d time.Duration) func(context.Context) {
			return func(ctx context.Context) {
				time.Sleep(d)
				httpread.Waited(ctx, d)
			}
		}
		start := time.Now()
		Together(ctx, call(2*time.Second), call(5*time.Second), func(ctx context.Context) {
			Together(ctx, call(time.Second), call(3*time.Second))
			call(time.Second)(ctx)
		})
		call(time.Second)(ctx)
		if length, took := httpread.ChainLength(ctx), time.Since(start); length != 7*time.Second || took != 6*time.Second {
			t.Errorf("a chain of %v in %v, want 1+5+1 s in 6 s", length, took)
		}
	})
}

// A panic must reach the collector's own goroutine: in another one it ends the program.
func TestTogetherRaisesAPanicAgain(t *testing.T) {
	var done atomic.Int32
	defer func() {
		if r := recover(); r != "odd answer" || done.Load() != 2 {
			t.Errorf("recovered %v after %d other tasks", r, done.Load())
		}
	}()
	count := func(context.Context) { done.Add(1) }
	Together(t.Context(), count, func(context.Context) { panic("odd answer") }, count)
}
