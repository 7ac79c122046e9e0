package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/spans"
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

// backOff doubles from ten seconds to longestWait.
func backOff(attempt int) time.Duration {
	return min(longestWait, 10*time.Second<<min(10, max(0, attempt-1)))
}

// NextRetry is part of River's worker.
func (w *deliverWorker) NextRetry(job *river.Job[Deliver]) time.Time {
	return time.Now().Add(backOff(job.Attempt))
}

// Work sends the message and then writes down that it is sent. A crash in between sends it
// again, with the same id, by which a receiver can tell.
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[Deliver]) error {
	j, id := w.jobs, job.Args.Message
	set := j.set.Load()
	if set.Sender == nil {
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
	case m.Held() && m.Attempts == 0 && set.Alerts != nil:
		if err := j.join(ctx, set.Alerts, job.JobRow, m); !errors.Is(err, errNotJoined) {
			return err
		}
	}
	log := j.log().With().Str("message", id).Str("channel", m.Channel).Logger()
	with, span := spans.Start(spans.With(ctx, set.Tracer), "deliver "+m.Channel)
	defer span.End()
	span.SetAttributes(attribute.String("casdoctor.tenant", m.Tenant), attribute.String("casdoctor.channel", m.Channel), attribute.Int("casdoctor.attempt", job.Attempt))
	sent := send(with, set.Sender, m)
	if sent != nil {
		span.SetStatus(codes.Error, "") // why is in the log: a receiver's words belong there
	}
	if ctx.Err() != nil && sent != nil {
		return ctx.Err()
	}
	// A wait that the channel asks for spends no attempt of the job, but one of the message.
	last := errors.Is(sent, ErrRefused) || max(job.Attempt, m.Attempts+1) >= deliverAttempts
	failure := ""
	switch {
	case sent == nil:
		log.Info().Msg("sent")
	case last:
		failure = sent.Error()
		log.Error().Err(sent).Int("attempt", m.Attempts+1).Bool("given_up", true).Msg("a message is given up: nobody was told what it says; casdoctor agent notify-test tries the channel")
	default:
		failure = sent.Error()
		log.Warn().Err(sent).Int("attempt", m.Attempts+1).Bool("given_up", false).Msg("a message could not be sent; it is tried again")
	}
	err = j.store.Update(ctx, func(tx store.Tx) error {
		if err := store.MessageTried(ctx, tx, id, failure, last, j.now()); err != nil || sent != nil {
			return err
		}
		return j.queue.complete(ctx, tx, job.JobRow)
	})
	var busy *Busy
	switch {
	case sent != nil && last:
		return river.JobCancel(errors.Join(sent, err))
	case err == nil && errors.As(sent, &busy) && busy.After > backOff(job.Attempt):
		return river.JobSnooze(min(busy.After, longestWait))
	}
	return errors.Join(sent, err)
}

// send turns a panic of the sender into an error, so that the message is given up one day.
func send(ctx context.Context, to Sender, m store.Message) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w (%T); please report it", ErrInside, r)
		}
	}()
	return to.Send(ctx, m)
}

// errNotJoined: the held messages are sent as they are.
var errNotJoined = errors.New("the messages that were held back cannot be joined")

// join puts one message in the place of all that the quiet hours have held back from a channel,
// and ends the job. The first job of them does it for all; the others find nothing left to send.
func (j *Jobs) join(ctx context.Context, alerts Alerts, job *rivertype.JobRow, m store.Message) error {
	return j.store.Update(ctx, func(tx store.Tx) error {
		// The job ends first: the joined message may have this one's id, and gets a job of its own.
		if err := j.queue.complete(ctx, tx, job); err != nil {
			return err
		}
		held, err := store.TakeHeld(ctx, tx, m)
		if err != nil || len(held) == 0 {
			return err
		}
		passed, err := store.Passed(ctx, tx, m.Channel, held[0].Made)
		if err != nil {
			return err
		}
		joined, err := alerts.Join(held, passed)
		if err != nil {
			j.log().Error().Err(err).Str("channel", m.Channel).Msg("the messages that were held back are sent one by one")
			return errNotJoined
		}
		now := j.now()
		for i := range joined { // their time has come, even if the clock has gone back since
			joined[i].NotBefore = earlier(joined[i].NotBefore, now)
		}
		return j.put(ctx, tx, joined, now)
	})
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
