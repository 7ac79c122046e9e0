package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// counts are what is wrong with a soak, and how much there was of it.
type counts struct {
	runs, lost, doubled, merged, failed               int
	changes, messages, refused, untold, twice, forged int
	left                                              int // in the outbox: not lost
}

// count holds what the agent remembers and what was received against what was to happen.
func (s soak) count(ctx context.Context, w *world, began, stopped time.Time) (c counts, err error) {
	st, err := store.OpenToRead(ctx, w.where)
	if err != nil {
		return c, err
	}
	defer func() { _ = st.Close() }()
	err = st.View(ctx, func(tx store.Tx) error {
		left, err := store.Waiting(ctx, tx, 1<<30)
		if err != nil {
			return err
		}
		for _, m := range left {
			var body alert.Message
			if err := json.Unmarshal([]byte(m.Body), &body); err != nil {
				return err
			}
			w.receiver.takes(body)
		}
		c.left = len(left)
		for i := range s.tenants {
			runs, err := store.Runs(ctx, tx, name(i), 0, 1<<30)
			if err != nil {
				return err
			}
			c.tenant(runs, began, began.Add(stopped.Sub(began)*time.Duration(s.speed)))
			c.told(w.receiver, name(i), runs)
		}
		return c.jobs(ctx, tx)
	})
	r := w.receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	c.messages, c.refused, c.forged = len(r.accepted), len(r.refused), r.forged
	for _, n := range r.accepted {
		c.twice += n - 1
	}
	return c, err
}

// tenant counts the runs of one, the latest first, between two times of the agent's clock. A
// minute without a run is lost, unless the tenant's last look still ran when the next one came:
// then that is caught up by the next look, as it should be.
func (c *counts) tenant(runs []store.Run, began, stopped time.Time) {
	c.runs += len(runs)
	runs = slices.SortedFunc(slices.Values(runs), func(a, b store.Run) int { return a.Period.Compare(b.Period) })
	period, ended := began, began
	between := func(next time.Time) int {
		return int(next.Add(-1).Truncate(time.Minute).Sub(period.Truncate(time.Minute)) / time.Minute)
	}
	for i, r := range runs {
		if r.Verdict == "" {
			c.failed++
		}
		switch missing := between(r.Period); {
		case i == 0 || missing <= 0 || r.Period.After(stopped): // the first one is at once
		case ended.Add(time.Minute / 2).Before(r.Period):
			c.lost += missing
		default:
			c.merged += missing
		}
		period = r.Period
		if r.Ended.After(ended) {
			ended = r.Ended
		}
	}
	// The tenant's share of the jitter and the look itself keep the last two from being seen.
	if last := stopped.Add(-2 * time.Minute); ended.Before(last) {
		c.lost += max(0, between(last))
	}
}

// told counts the changes between runs, and holds them against what was received.
func (c *counts) told(r *receiver, tenant string, runs []store.Run) {
	want := map[change]int{}
	was := string(checks.StatusPass) // what is well at first is not told
	for i := range runs {
		is := runs[len(runs)-1-i].Statuses[changing]
		if is == was || is != string(checks.StatusPass) && is != string(checks.StatusFail) {
			continue // what could not be looked at has changed nothing
		}
		kind := config.Trouble
		if is == string(checks.StatusPass) {
			kind = config.Recovered
		}
		want[change{tenant, kind}]++
		was = is
		c.changes++
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	got := maps.Clone(r.changes)
	for _, kind := range []config.Change{config.Trouble, config.Recovered} {
		k := change{tenant, kind}
		c.untold += max(0, want[k]-got[k])
		c.twice += max(0, got[k]-want[k])
	}
}

// jobs counts the looks that were made more than once for one period.
func (c *counts) jobs(ctx context.Context, tx store.Tx) error {
	rows, err := tx.Query(ctx, `SELECT args ->> 'tenant', args ->> 'period', attempt FROM river_job WHERE kind = 'check' AND state = 'completed'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	looks := map[string]int{}
	for rows.Next() {
		var tenant, period string
		var attempt int
		if err := rows.Scan(&tenant, &period, &attempt); err != nil {
			return err
		}
		looks[tenant+" "+period] += attempt
	}
	for _, n := range looks {
		c.doubled += n - 1
	}
	return rows.Err()
}
