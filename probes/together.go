package probes

import (
	"context"
	"sync"

	"github.com/casdoctor/casdoctor/internal/httpread"
)

// Together runs tasks that do not depend on each other, each with a context of its own, and
// returns when all are done. How many calls run at once is the transport's concern. A panic
// in one of the tasks is raised again here, where the collector makes a failure of it: an
// SDK can have dereferences that an odd answer reaches.
func Together(ctx context.Context, tasks ...func(context.Context)) {
	panics := make(chan any, len(tasks))
	branches := make([]context.Context, len(tasks))
	var wg sync.WaitGroup
	for i, task := range tasks {
		branches[i] = httpread.Branch(ctx)
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					panics <- r
				}
			}()
			task(branches[i])
		})
	}
	wg.Wait()
	httpread.Join(ctx, branches...)
	select {
	case r := <-panics:
		panic(r)
	default:
	}
}
