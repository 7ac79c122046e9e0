package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// Clean forgets what is too old. Several agents may ask for it; it is done once an hour.
type Clean struct {
	Hour time.Time `json:"hour" river:"unique"`
}

// Kind is River's name of the job.
func (Clean) Kind() string { return "clean" }

// InsertOpts is part of River's job. Those that are done count: an hour is cleaned once.
func (Clean) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: upkeepQueue, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

type cleanWorker struct {
	river.WorkerDefaults[Clean]
	jobs *Jobs
}

// Work deletes in small transactions: what there is no time for is forgotten an hour later.
func (w *cleanWorker) Work(ctx context.Context, _ *river.Job[Clean]) error {
	j := w.jobs
	n, err := j.store.Clean(ctx, j.now(), func(tenant string) store.Keep {
		if t, ok := j.tenant(tenant); ok {
			return t.Keep
		}
		return j.set.Load().Keep
	})
	if n > 0 {
		j.log().Info().Int64("runs", n).Msg("forgot old runs")
	}
	return err
}
