package jobs

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// Deliver sends one message of the outbox.
type Deliver struct {
	Message string `json:"message" river:"unique"`
}

// Kind is River's name of the job.
func (Deliver) Kind() string { return "deliver" }

// InsertOpts is part of River's job.
func (Deliver) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: upkeepQueue, MaxAttempts: deliverAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished()}}
}

type deliverWorker struct {
	river.WorkerDefaults[Deliver]
	jobs *Jobs
}

// NextRetry doubles from ten seconds to an hour.
func (w *deliverWorker) NextRetry(job *river.Job[Deliver]) time.Time {
	return time.Now().Add(min(time.Hour, 10*time.Second<<min(10, max(0, job.Attempt-1))))
}

// Work sends the message and then writes down that it is sent. A crash in between sends it
// again, with the same id, by which a receiver can tell.
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[Deliver]) error {
	j, id := w.jobs, job.Args.Message
	sender := j.set.Load().Sender
	if sender == nil {
		return river.JobSnooze(elsewhere)
	}
	var m store.Message
	err := j.store.View(ctx, func(tx store.Tx) (err error) {
		m, err = store.MessageByID(ctx, tx, id)
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !m.Sent.IsZero():
		return nil
	case err != nil:
		return err
	}
	log := j.log().With().Str("message", id).Str("channel", m.Channel).Logger()
	sent := sender.Send(ctx, m)
	if ctx.Err() != nil && sent != nil {
		return ctx.Err()
	}
	last := errors.Is(sent, ErrRefused) || job.Attempt >= job.MaxAttempts
	failure := ""
	if sent != nil {
		failure = sent.Error()
		log.Warn().Err(sent).Bool("given_up", last).Msg("a message could not be sent")
	} else {
		log.Info().Msg("sent")
	}
	err = j.store.Update(ctx, func(tx store.Tx) error {
		if err := store.MessageTried(ctx, tx, id, failure, last, j.now()); err != nil || sent != nil {
			return err
		}
		return j.queue.complete(ctx, tx, job.JobRow)
	})
	if sent != nil && last {
		return river.JobCancel(errors.Join(sent, err))
	}
	return errors.Join(sent, err)
}
