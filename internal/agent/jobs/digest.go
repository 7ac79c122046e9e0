package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// Digest tells how all tenants are, at a time of its own schedule. Several agents may ask for
// it; of each time there is one.
type Digest struct {
	At time.Time `json:"at" river:"unique"`
}

// Kind is River's name of the job.
func (Digest) Kind() string { return "digest" }

// InsertOpts is part of River's job. Those that are done count, as with Clean.
func (Digest) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: upkeepQueue, MaxAttempts: deliverAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

type digestWorker struct {
	river.WorkerDefaults[Digest]
	jobs *Jobs
}

// NextRetry is that of a message: a digest waits for nothing but the database.
func (w *digestWorker) NextRetry(job *river.Job[Digest]) time.Time {
	return time.Now().Add(backOff(job.Attempt))
}

// Work makes the messages and ends the job, both or neither.
func (w *digestWorker) Work(ctx context.Context, job *river.Job[Digest]) error {
	j := w.jobs
	alerts := j.set.Load().Alerts
	if alerts == nil {
		return river.JobSnooze(elsewhere)
	}
	return j.store.Update(ctx, func(tx store.Tx) error {
		known, err := store.Tenants(ctx, tx)
		if err != nil {
			return err
		}
		var tenants []store.Tenant
		for _, t := range known {
			if t.Removed.IsZero() {
				tenants = append(tenants, t)
			}
		}
		memories, err := store.Memories(ctx, tx)
		if err != nil {
			return err
		}
		send, err := alerts.Digest(tenants, memories, job.Args.At)
		if err != nil {
			return err
		}
		if err := j.put(ctx, tx, send, j.now()); err != nil {
			return err
		}
		return j.queue.complete(ctx, tx, job.JobRow)
	})
}

// digest queues the digest that is due, and returns when the next one is; zero: never. As with
// tenants, what was missed is caught up once, for the latest, and a clock that goes back makes
// the next one be reckoned anew.
func (j *Jobs) digest(ctx context.Context, now time.Time) (time.Time, error) {
	s := j.set.Load().Digest
	if s.Times.IsZero() {
		return time.Time{}, nil
	}
	var was store.Due
	if err := j.store.View(ctx, func(tx store.Tx) (err error) {
		was, err = store.NextDue(ctx, tx, store.DigestSchedule)
		return err
	}); err != nil || was.At.IsZero() {
		return time.Time{}, err
	}
	is := s.due(now)
	switch due := !was.At.After(now); {
	case due:
		return is.At, j.store.Update(ctx, func(tx store.Tx) error {
			if moved, err := store.MoveDue(ctx, tx, store.DigestSchedule, was, is); err != nil || !moved {
				return err // another agent was first
			}
			_, err := j.queue.insert(ctx, tx, Digest{At: s.latest(now, was.At)}, nil)
			return err
		})
	case was.At.After(is.At):
		return is.At, j.store.Update(ctx, func(tx store.Tx) error {
			_, err := store.MoveDue(ctx, tx, store.DigestSchedule, was, is)
			return err
		})
	}
	return was.At, nil
}

// due is the first time of a schedule after now.
func (s Schedule) due(now time.Time) store.Due {
	return store.Due{Schedule: s.Times.String(), TimeZone: s.Zone.String(), At: s.next(now)}
}

// adoptDigest makes the database's schedule of the digest that of the settings. One that was due
// while no agent ran stays due; else a new or changed one counts from now on.
func (j *Jobs) adoptDigest(ctx context.Context, tx store.Tx, now time.Time) error {
	was, err := store.NextDue(ctx, tx, store.DigestSchedule)
	if err != nil {
		return err
	}
	var is store.Due
	if s := j.set.Load().Digest; !s.Times.IsZero() {
		is = s.due(now)
		same := was.Schedule == is.Schedule && was.TimeZone == is.TimeZone
		if due := !was.At.IsZero() && !was.At.After(now); same || due {
			return nil // Sweep
		}
	}
	_, err = store.MoveDue(ctx, tx, store.DigestSchedule, was, is)
	return err
}
