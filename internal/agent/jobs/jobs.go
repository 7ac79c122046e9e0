// Package jobs says when something runs, and lets it run: River's queue in the agent's own
// database.
//
// Four kinds of jobs: Check looks at one tenant for one period, Digest tells how all of them
// are, Deliver sends one message to one channel, Clean forgets what is too old. What is due is found by Sweep, a loop of
// every agent: next-due times are rows of the database, and moving one on is one statement
// that only one agent can win. So any number of agents may share a database, none of them is
// special, and no time is lost while a leader is elected.
//
// What belongs here: schedules, the queue, retries and time limits, and the one transaction
// in which a run, its documents, its messages and the end of its job are written. What does
// not: how a tenant is looked at, what is told and how it is sent; those are the seams Look,
// Alerts and Sender.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"

	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// Tenant is what the jobs know of a tenant.
type Tenant struct {
	Name     string // the tenant of its casdoctor.yaml
	Schedule Schedule
	Timeout  time.Duration // of one look; what is not seen by then is unknown. Zero: DefaultTimeout
	Keep     store.Keep
}

// DefaultTimeout is several times what a large tenant takes.
const DefaultTimeout = 2 * time.Minute

// Outcome is a look that made a report, as it is to be remembered.
type Outcome struct {
	Failure          error  // why there is none; then the rest is empty
	Report, Evidence []byte // report.json and evidence.json
	Verdict          string
	ExitCode         int
	Statuses         map[string]string // of the checks
}

// Look looks at a tenant and judges. The waivers are those of the page. An error means that
// there is no report, and says why in words for the tenant's owner. When ctx ends by its
// deadline, what was seen by then is worth a report.
type Look func(ctx context.Context, tenant string, waivers []store.Waiver) (Outcome, error)

// Alerts decides what is told about a run, from what it remembers of the tenant. It has no
// clock and reaches out to nothing: it runs inside the transaction that writes the run.
type Alerts interface {
	// After judges a run. Without a report (run.Verdict is ""), o has only the failure.
	After(memory string, run store.Run, o Outcome) (newMemory string, send []store.Message, err error)
	// Join makes one message of those that the quiet hours have held back from a channel. passed
	// are those that went out meanwhile.
	Join(held, passed []store.Message) ([]store.Message, error)
	// Digest makes the messages about all tenants, from what it remembers of each.
	Digest(tenants []store.Tenant, memories map[string]string, at time.Time) ([]store.Message, error)
}

// Sender sends a message to its channel.
type Sender interface {
	Send(ctx context.Context, m store.Message) error
}

// ErrInside marks the failure of a look that is casdoctor's own mistake.
var ErrInside = errors.New("casdoctor failed inside")

// ErrRefused marks an error of Sender that no later attempt can mend.
var ErrRefused = errors.New("the channel refuses the message")

// Busy is an error of Sender: the channel says when it takes messages again.
type Busy struct {
	After time.Duration
	Err   error
}

func (b *Busy) Error() string { return b.Err.Error() }
func (b *Busy) Unwrap() error { return b.Err }

// Settings are how the jobs run.
type Settings struct {
	Tenants  []Tenant
	Digest   Schedule   // when the state of all tenants is told; the zero Schedule: never
	Keep     store.Keep // of tenants that are removed
	Look     Look
	Alerts   Alerts // nil: nothing is told
	Sender   Sender // nil: messages wait
	Parallel int    // looks at one time; zero: DefaultParallel. Not changed by Apply
	Version  string // of casdoctor
	Log      zerolog.Logger
	Now      func() time.Time // nil: time.Now
	Tracer   trace.Tracer     // nil: no traces
	// SoftStop is how long running looks may go on once the agent is to stop; then they are
	// put back. Zero: DefaultSoftStop. Not changed by Apply.
	SoftStop time.Duration
	// Rescue is how long after its time limit a job of a dead agent is taken over. Zero:
	// DefaultRescue. Not changed by Apply.
	Rescue time.Duration
	// Retry is the wait before a look that made no report is tried again, twice as long the
	// next time. Zero: DefaultRetry.
	Retry time.Duration

	// What tests cannot wait for.
	saveWithin, deliverWithin, poll time.Duration
}

// The defaults. The soft stop is below the 90 s of systemd and the 30 s of Kubernetes.
const (
	DefaultParallel = 8
	DefaultSoftStop = 25 * time.Second
	DefaultRescue   = time.Minute
	DefaultRetry    = time.Minute
)

const (
	// How often the queue is asked without an occasion, and so how long a job waits that another
	// agent has queued, or that is tried again. What this agent queues begins at once (bell).
	defaultPoll = 10 * time.Second
	// sweepEvery bounds how late a changed clock, or what another agent did, is noticed.
	sweepEvery = 30 * time.Second
	// How long a finished look may try to be remembered.
	defaultSaveWithin = time.Minute
	// The bound of one attempt to send a message.
	defaultDeliverWithin = time.Minute

	lookAttempts    = 3  // that made no report; then a run without one is remembered
	lookDeaths      = 20 // attempts, those that the agent did not survive included; then as well
	lookMost        = 40 // River's own limit, behind which the period would be lost
	deliverAttempts = 40 // some 30 hours, with at most longestWait between two
	longestWait     = time.Hour
	deliverAtOnce   = 4 // messages on their way at one time
)

const (
	lookQueue   = "looks"
	upkeepQueue = "upkeep"
)

// Jobs are the running jobs of one agent.
type Jobs struct {
	store *store.Store
	queue queue
	bell  bell
	set   atomic.Pointer[Settings]
	wake  chan struct{}
	// cleaned is the hour for which this agent has last asked for Clean.
	cleaned atomic.Pointer[time.Time]
}

// queue is River on either database.
type queue interface {
	start(ctx context.Context) error
	stop(ctx context.Context) error
	// insert reports false when the job is already there.
	insert(ctx context.Context, tx store.Tx, args river.JobArgs, opts *river.InsertOpts) (bool, error)
	complete(ctx context.Context, tx store.Tx, job *rivertype.JobRow) error
	list(ctx context.Context, params *river.JobListParams) ([]*rivertype.JobRow, error)
}

// New prepares the jobs on an open store. They run from Run on.
func New(s *store.Store, set Settings) (*Jobs, error) {
	j := &Jobs{store: s, bell: newBell(), wake: make(chan struct{}, 1)}
	j.use(set)
	var err error
	if s.Postgres() != nil {
		j.queue, err = on(riverpgxv5.New(s.Postgres()), j, func(tx store.Tx) pgxTx { return tx.(store.PostgresTx).Tx })
	} else {
		j.queue, err = on(riversqlite.New(s.SQLite()), j, func(tx store.Tx) sqlTx { return tx.(store.SQLiteTx).Tx })
	}
	if err != nil {
		return nil, fmt.Errorf("cannot prepare the queue: %w", err)
	}
	return j, nil
}

func (j *Jobs) use(set Settings) {
	if set.Now == nil {
		set.Now = time.Now
	}
	set.Parallel = orDefault(set.Parallel, DefaultParallel)
	set.SoftStop, set.Rescue, set.Retry = orDefault(set.SoftStop, DefaultSoftStop), orDefault(set.Rescue, DefaultRescue), orDefault(set.Retry, DefaultRetry)
	set.saveWithin, set.deliverWithin = orDefault(set.saveWithin, defaultSaveWithin), orDefault(set.deliverWithin, defaultDeliverWithin)
	set.poll = orDefault(set.poll, defaultPoll)
	set.Tenants = slices.Clone(set.Tenants) // the caller's may serve another agent
	for i := range set.Tenants {
		set.Tenants[i].Timeout = orDefault(set.Tenants[i].Timeout, DefaultTimeout)
	}
	j.set.Store(&set)
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (j *Jobs) tenant(name string) (Tenant, bool) {
	for _, t := range j.set.Load().Tenants {
		if t.Name == name {
			return t, true
		}
	}
	return Tenant{}, false
}

func (j *Jobs) now() time.Time       { return j.set.Load().Now().UTC().Truncate(time.Millisecond) }
func (j *Jobs) log() *zerolog.Logger { return &j.set.Load().Log }

// Run applies the settings and works until ctx ends; then running looks may finish for
// SoftStop, and those that do not are put back.
func (j *Jobs) Run(ctx context.Context) error {
	if err := j.adopt(ctx); err != nil {
		return err
	}
	// The queue outlives ctx: what runs is to end well.
	if err := j.queue.start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("cannot start the queue: %w", err)
	}
	j.loop(ctx)
	set := j.set.Load()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), set.SoftStop+set.saveWithin)
	defer cancel()
	if err := j.queue.stop(end); err != nil {
		return fmt.Errorf("the queue did not stop in time: %w", err)
	}
	return nil
}

// Apply takes new settings while the jobs run.
func (j *Jobs) Apply(ctx context.Context, set Settings) error {
	j.use(set)
	defer j.rouse()
	return j.adopt(ctx)
}

func (j *Jobs) rouse() {
	select {
	case j.wake <- struct{}{}:
	default: // it is awake
	}
}

// RunNow asks for a look at a tenant at once. It reports false when one is already waiting
// or running.
func (j *Jobs) RunNow(ctx context.Context, tenant, by string) (asked bool, err error) {
	if _, ok := j.tenant(tenant); !ok {
		return false, fmt.Errorf("there is no tenant %q", tenant)
	}
	now := j.now()
	err = j.store.Update(ctx, func(tx store.Tx) error {
		if asked, err = j.queue.insert(ctx, tx, Check{Tenant: tenant, Period: now, By: by}, nil); err != nil {
			return err
		}
		return store.AddAction(ctx, tx, store.Action{At: now, Who: by, What: "run_now", Tenant: tenant})
	})
	if err == nil {
		j.bell.ring(lookQueue)
	}
	return asked, err
}

// Job is one that waits, runs, or was given up.
type Job struct {
	ID      int64
	Kind    string
	State   string // River's word
	Tenant  string // of a Check
	Period  time.Time
	Message string // of a Deliver
	Attempt int
	At      time.Time // when it is to run, or ran
	Error   string    // of the last attempt
}

// Queue lists the jobs that are not done, the next one first.
func (j *Jobs) Queue(ctx context.Context, limit int) ([]Job, error) {
	rows, err := j.queue.list(ctx, river.NewJobListParams().First(limit).
		States(rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled, rivertype.JobStateDiscarded).
		OrderBy(river.JobListOrderByID, river.SortOrderAsc))
	if err != nil {
		return nil, err
	}
	list := make([]Job, 0, len(rows))
	for _, r := range rows {
		var args struct {
			Tenant  string    `json:"tenant"`
			Period  time.Time `json:"period"`
			Message string    `json:"message"`
		}
		_ = json.Unmarshal(r.EncodedArgs, &args) // a kind of a later version shows no details
		job := Job{
			ID: r.ID, Kind: r.Kind, State: string(r.State), Tenant: args.Tenant, Period: args.Period, Message: args.Message,
			Attempt: r.Attempt, At: r.ScheduledAt,
		}
		if n := len(r.Errors); n > 0 {
			job.Error = r.Errors[n-1].Error
		}
		list = append(list, job)
	}
	return list, nil
}

// rivers is the queue for one type of transaction.
type rivers[T any] struct {
	client *river.Client[T]
	native func(store.Tx) T
}

func on[T any](driver riverdriver.Driver[T], j *Jobs, native func(store.Tx) T) (queue, error) {
	set := j.set.Load()
	workers := river.NewWorkers()
	river.AddWorker(workers, &checkWorker{jobs: j})
	river.AddWorker(workers, &deliverWorker{jobs: j})
	river.AddWorker(workers, &cleanWorker{jobs: j})
	river.AddWorker(workers, &digestWorker{jobs: j})
	client, err := river.NewClient(belled[T]{driver, j.bell}, &river.Config{
		Workers:           workers,
		Queues:            map[string]river.QueueConfig{lookQueue: {MaxWorkers: set.Parallel}, upkeepQueue: {MaxWorkers: deliverAtOnce}},
		FetchPollInterval: set.poll,
		FetchCooldown:     min(river.FetchCooldownDefault, set.poll),
		Logger:            slog.New(quiet{zerolog.NewSlogHandler(set.Log)}),
		// A job of a kind that a later version has put there waits for that version.
		FetchOnlyKnownKinds: true,
		JobTimeout:          set.deliverWithin,
		// A job that has a longer limit of its own is left alone until that is over.
		RescueStuckJobsAfter: set.deliverWithin + set.Rescue,
		SoftStopTimeout:      set.SoftStop,
	})
	if err != nil {
		return nil, err
	}
	return &rivers[T]{client, native}, nil
}

func (r *rivers[T]) start(ctx context.Context) error { return r.client.Start(ctx) }
func (r *rivers[T]) stop(ctx context.Context) error  { return r.client.Stop(ctx) }

func (r *rivers[T]) insert(ctx context.Context, tx store.Tx, args river.JobArgs, opts *river.InsertOpts) (bool, error) {
	res, err := r.client.InsertTx(ctx, r.native(tx), args, opts)
	if err != nil {
		return false, fmt.Errorf("queue a job: %w", err)
	}
	return !res.UniqueSkippedAsDuplicate, nil
}

// anyArgs are arguments that nobody looks at: completing a job is the same for all kinds.
type anyArgs struct{}

func (anyArgs) Kind() string { return "any" }

func (r *rivers[T]) complete(ctx context.Context, tx store.Tx, job *rivertype.JobRow) error {
	_, err := river.JobCompleteTx[riverdriver.Driver[T]](ctx, r.native(tx), &river.Job[anyArgs]{JobRow: job})
	return err
}

func (r *rivers[T]) list(ctx context.Context, params *river.JobListParams) ([]*rivertype.JobRow, error) {
	res, err := r.client.JobList(ctx, params)
	if err != nil {
		return nil, err
	}
	return res.Jobs, nil
}
