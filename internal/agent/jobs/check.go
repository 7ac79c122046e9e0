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

// Check is the look at one tenant for one period. Of each tenant only one waits or runs at a
// time, so what is told about it is told in order.
type Check struct {
	Tenant string    `json:"tenant" river:"unique"`
	Period time.Time `json:"period"`
	By     string    `json:"by,omitempty"` // who asked for it; "": the schedule
}

// Kind is River's name of the job.
func (Check) Kind() string { return "check" }

// unfinished are the states in which a job still has something to do.
func unfinished() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}
}

// InsertOpts is part of River's job.
func (Check) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: lookQueue, MaxAttempts: lookMost, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished()}}
}

type checkWorker struct {
	river.WorkerDefaults[Check]
	jobs *Jobs
}

// Timeout leaves time to remember what was seen.
func (w *checkWorker) Timeout(job *river.Job[Check]) time.Duration {
	t, _ := w.jobs.tenant(job.Args.Tenant)
	return t.Timeout + w.jobs.set.Load().saveWithin
}

// NextRetry waits longer each time.
func (w *checkWorker) NextRetry(job *river.Job[Check]) time.Time {
	return time.Now().Add(w.jobs.set.Load().Retry << min(lookAttempts, max(0, job.Attempt-1)))
}

// rescued is what River writes down of an attempt whose agent has died.
const rescued = "Stuck job rescued by JobRescuer"

// failures are the attempts that ended without a report. One that the agent did not survive
// says nothing about the tenant.
func failures(job *rivertype.JobRow) (n int) {
	for _, e := range job.Errors {
		if e.Error != rescued {
			n++
		}
	}
	return n
}

// errDied is why a look that the agent does not survive is not tried for ever.
var errDied = fmt.Errorf("%w: the agent ended during each of %d attempts to look; its log says why", ErrInside, lookDeaths)

// elsewhere is how long a job waits for another agent when this one does not know the tenant.
const elsewhere = 10 * time.Second

func (w *checkWorker) Work(ctx context.Context, job *river.Job[Check]) error {
	j, a := w.jobs, job.Args
	defer j.rouse() // what is due and could not be queued because of this job can now
	log := j.log().With().Str("tenant", a.Tenant).Time("period", a.Period).Logger()
	t, ok := j.tenant(a.Tenant)
	var done, removed bool
	var waivers []store.Waiver
	if err := j.store.View(ctx, func(tx store.Tx) (err error) {
		row, err := store.TenantNamed(ctx, tx, a.Tenant)
		if removed = errors.Is(err, sql.ErrNoRows) || !row.Removed.IsZero(); removed || err != nil {
			return nil //nolint:nilerr // gone is an answer, and what else went wrong shows in the next statement
		}
		_, err = store.RunOf(ctx, tx, a.Tenant, a.Period)
		if done = err == nil; err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		waivers, err = store.Waivers(ctx, tx, a.Tenant)
		return err
	}); err != nil {
		return err
	}
	switch {
	case removed:
		return river.JobCancel(errors.New("the tenant is no longer configured"))
	case !ok:
		return river.JobSnooze(elsewhere)
	case done:
		log.Info().Msg("the period has its run")
		return nil
	}

	run := store.Run{Tenant: a.Tenant, Period: a.Period, AskedBy: a.By, Begun: j.now(), Version: j.set.Load().Version}
	ctx, span := spans.Start(spans.With(ctx, j.set.Load().Tracer), "run "+a.Tenant)
	defer span.End()
	span.SetAttributes(attribute.String("casdoctor.tenant", a.Tenant), attribute.String("casdoctor.period", a.Period.UTC().Format(time.RFC3339)))
	o, err := Outcome{}, errDied
	if job.Attempt <= lookDeaths {
		o, err = j.look(ctx, t, waivers)
	}
	if ctx.Err() != nil { // the agent stops: River puts the job back
		span.SetStatus(codes.Error, "cut short")
		return ctx.Err()
	}
	run.Ended = j.now()
	if err != nil {
		span.SetStatus(codes.Error, "no report")
	} else {
		span.SetAttributes(attribute.String("casdoctor.verdict", o.Verdict))
	}
	if err != nil {
		if failures(job.JobRow)+1 < lookAttempts && job.Attempt <= lookDeaths {
			log.Warn().Err(err).Int("attempt", job.Attempt).Msg("no report; it is tried again")
			return err
		}
		run.Failure, o = err.Error(), Outcome{Failure: err}
		log.Error().Err(err).Msg("no report")
	} else {
		run.Verdict, run.ExitCode, run.Statuses = o.Verdict, o.ExitCode, o.Statuses
		log.Info().Str("verdict", o.Verdict).Dur("took", run.Ended.Sub(run.Begun)).Msg("looked")
	}
	return j.save(ctx, job.JobRow, run, o)
}

// look bounds the look in time, and turns its panic into an error.
func (j *Jobs) look(ctx context.Context, t Tenant, waivers []store.Waiver) (o Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w (%T); please report it", ErrInside, r)
		}
	}()
	return j.set.Load().Look(ctx, t.Name, waivers)
}

// save remembers the run. While the database cannot, because its disk is full or it is not
// reachable, the report in hand is kept and tried again until the job's time is over.
func (j *Jobs) save(ctx context.Context, job *rivertype.JobRow, run store.Run, o Outcome) error {
	wait, until := 500*time.Millisecond, time.Now().Add(j.set.Load().saveWithin*9/10)
	for {
		err := j.saveOnce(ctx, job, run, o)
		if err == nil || !store.Passing(err) || ctx.Err() != nil || time.Now().Add(wait).After(until) {
			return err
		}
		j.log().Error().Err(err).Str("tenant", run.Tenant).Msg("the run cannot be remembered yet; it is tried again")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 5*time.Second)
	}
}

// saveOnce is the one transaction of a run: the run, its documents, the tenant's state, what
// is to be told, and the end of the job. Whatever crashes, all of it is there or nothing.
func (j *Jobs) saveOnce(ctx context.Context, job *rivertype.JobRow, run store.Run, o Outcome) error {
	err := j.store.Update(ctx, func(tx store.Tx) error {
		memory, err := store.Memory(ctx, tx, run.Tenant) // also keeps others from the tenant
		if err != nil {
			return err
		}
		id, fresh, err := store.AddRun(ctx, tx, run)
		if err != nil {
			return err
		}
		if fresh {
			run.ID = id
			if err := j.remember(ctx, tx, memory, run, o); err != nil {
				return err
			}
		}
		err = j.queue.complete(ctx, tx, job)
		if errors.Is(err, rivertype.ErrNotFound) && !fresh {
			return nil // another worker has made this run and ended the job
		}
		return err
	})
	if err == nil {
		j.bell.ring(upkeepQueue) // there may be something to send
	}
	return err
}

func (j *Jobs) remember(ctx context.Context, tx store.Tx, memory string, run store.Run, o Outcome) error {
	if run.Verdict != "" {
		for kind, raw := range map[store.Kind][]byte{store.Evidence: o.Evidence, store.Report: o.Report} {
			if err := store.AddDocument(ctx, tx, run.Tenant, run.ID, kind, raw); err != nil {
				return err
			}
		}
	}
	alerts := j.set.Load().Alerts
	if alerts == nil {
		return nil
	}
	told, send, err := alerts.After(memory, run, o)
	if err != nil { // the run is worth more than what would have been told of it
		j.log().Error().Err(err).Str("tenant", run.Tenant).Int64("run", run.ID).Msg("cannot tell what has changed")
		return nil
	}
	if err := store.Remember(ctx, tx, run.Tenant, told); err != nil {
		return err
	}
	return j.put(ctx, tx, send, run.Ended)
}

// put puts messages into the outbox, each with the job that sends it.
func (j *Jobs) put(ctx context.Context, tx store.Tx, send []store.Message, made time.Time) error {
	for _, m := range send {
		m.Made = made
		fresh, err := store.AddMessage(ctx, tx, m)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		var opts *river.InsertOpts
		if m.NotBefore.After(j.now()) { // a scheduled job waits for the queue's leader, even if its time has come
			opts = &river.InsertOpts{ScheduledAt: m.NotBefore}
		}
		if _, err := j.queue.insert(ctx, tx, Deliver{Message: m.ID}, opts); err != nil {
			return err
		}
	}
	return nil
}
