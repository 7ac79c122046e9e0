package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// loop finds what is due until ctx ends. It sleeps until the next tenant is due.
func (j *Jobs) loop(ctx context.Context) {
	for {
		next, err := j.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			j.log().Error().Err(err).Msg("cannot find out what is due; it is tried again")
		}
		wait := sweepEvery
		if !next.IsZero() {
			// At least a second: a tenant whose last look still runs stays due.
			wait = min(sweepEvery, max(time.Second, next.Sub(j.now())))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-j.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// Sweep queues a look at every tenant that is due, and returns when the next one is. What was
// missed is caught up once, for the latest of the periods that were missed. A tenant whose
// last look has not ended yet stays due until it has.
//
// The clock may jump. Forwards, that is a time in which nothing ran, as above. Backwards, the
// next period lies further ahead than the schedule wants, and is reckoned anew; a period that
// has its run already gets no second one.
func (j *Jobs) Sweep(ctx context.Context) (next time.Time, err error) {
	var known []store.Tenant
	err = j.store.View(ctx, func(tx store.Tx) error {
		known, err = store.Tenants(ctx, tx)
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	now := j.now()
	var errs []error
	for _, was := range known {
		t, ok := j.tenant(was.Name)
		if !ok || was.Period.IsZero() {
			continue
		}
		is, due := t.plan(was, now)
		if due || !is.Period.Equal(was.Period) {
			errs = append(errs, j.moveOn(ctx, was, is, due, now))
		}
		if next.IsZero() || is.Due.Before(next) {
			next = is.Due
		}
	}
	digest, err := j.digest(ctx, now)
	if next.IsZero() || !digest.IsZero() && digest.Before(next) {
		next = digest
	}
	errs = append(errs, err, j.clean(ctx, now))
	return next, errors.Join(errs...)
}

// next is the first period after now, and when the tenant is due for it.
func (t Tenant) next(now time.Time) (period, due time.Time) {
	offset := t.Schedule.offset(t.Name)
	period = t.Schedule.next(now.Add(-offset))
	return period, period.Add(offset)
}

// plan is when the tenant is due next, and whether it is due now.
func (t Tenant) plan(was store.Tenant, now time.Time) (is store.Tenant, due bool) {
	is = was
	is.Schedule, is.TimeZone = t.Schedule.Times.String(), t.Schedule.Zone.String()
	is.Period, is.Due = t.next(now)
	switch {
	case !was.Due.After(now):
		return is, true
	case was.Period.After(is.Period): // the clock went back, or the schedule is a denser one
		return is, false
	}
	is.Period, is.Due = was.Period, was.Due
	return is, false
}

var (
	errStillRunning = errors.New("its last look has not ended")
	errMoved        = errors.New("another agent was first")
)

// moveOn queues the look that is due and reckons the next one, both or neither.
func (j *Jobs) moveOn(ctx context.Context, was, is store.Tenant, due bool, now time.Time) error {
	err := j.store.Update(ctx, func(tx store.Tx) error {
		if moved, err := store.Schedule(ctx, tx, was, is); err != nil || !moved {
			return errors.Join(err, errMoved)
		}
		if !due {
			return nil
		}
		t, _ := j.tenant(was.Name)
		period := t.Schedule.latest(now.Add(-t.Schedule.offset(t.Name)), was.Period)
		queued, err := j.queue.insert(ctx, tx, Check{Tenant: was.Name, Period: period}, nil)
		if err != nil {
			return err
		}
		if !queued {
			return errStillRunning
		}
		return nil
	})
	switch {
	case err == nil && due:
		j.bell.ring(lookQueue)
	case errors.Is(err, errStillRunning):
		j.log().Debug().Str("tenant", was.Name).Msg("due, but its last look has not ended; it is next")
		return nil
	case errors.Is(err, errMoved) && !store.Passing(err):
		return nil
	}
	return err
}

// clean queues the hour's cleaning.
func (j *Jobs) clean(ctx context.Context, now time.Time) error {
	hour := now.Truncate(time.Hour)
	if last := j.cleaned.Load(); last != nil && hour.Equal(*last) {
		return nil
	}
	err := j.store.Update(ctx, func(tx store.Tx) error {
		_, err := j.queue.insert(ctx, tx, Clean{Hour: hour}, nil)
		return err
	})
	if err == nil {
		j.bell.ring(upkeepQueue)
		j.cleaned.Store(&hour)
	}
	return err
}

// adopt makes the database's tenants those of the settings. A new one is due at once: nobody
// wants to wait for the morning to see whether it works. One that was due while no agent ran
// stays due; else a changed schedule counts from now on.
func (j *Jobs) adopt(ctx context.Context) error {
	now := j.now()
	return j.store.Update(ctx, func(tx store.Tx) error {
		if err := j.adoptDigest(ctx, tx, now); err != nil {
			return err
		}
		known, err := store.Tenants(ctx, tx)
		if err != nil {
			return err
		}
		have := map[string]store.Tenant{}
		for _, was := range known {
			have[was.Name] = was
			if _, ok := j.tenant(was.Name); !ok {
				if err := store.RemoveTenant(ctx, tx, was.Name, now); err != nil {
					return err
				}
			}
		}
		for _, t := range j.set.Load().Tenants {
			was, ok := have[t.Name]
			if !ok || was.Period.IsZero() {
				if err := j.welcome(ctx, tx, t, was, ok, now); err != nil {
					return err
				}
				continue
			}
			is, due := t.plan(was, now)
			changed := was.Schedule != t.Schedule.Times.String() || was.TimeZone != t.Schedule.Zone.String()
			switch {
			case due:
				continue // Sweep
			case changed:
				is.Period, is.Due = t.next(now)
			}
			if is == was {
				continue
			}
			if _, err := store.Schedule(ctx, tx, was, is); err != nil {
				return err
			}
		}
		return nil
	})
}

func (j *Jobs) welcome(ctx context.Context, tx store.Tx, t Tenant, was store.Tenant, known bool, now time.Time) error {
	is := store.Tenant{Name: t.Name, Schedule: t.Schedule.Times.String(), TimeZone: t.Schedule.Zone.String(), Period: now, Due: now}
	if !known {
		return store.AddTenant(ctx, tx, is)
	}
	_, err := store.Schedule(ctx, tx, was, is) // one that was removed and is back
	return err
}
