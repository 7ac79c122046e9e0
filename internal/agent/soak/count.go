package main

import (
	"context"
	"maps"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// counts are what is wrong with a soak, and how much there was of it.
type counts struct {
	runs, lost, doubled, merged, failed               int
	changes, messages, refused, untold, twice, forged int
}

// count holds what the agent remembers and what was received against what was to happen.
func (s soak) count(ctx context.Context, w *world, began, stopped time.Time) (c counts, err error) {
	st, err := store.OpenToRead(ctx, w.where)
	if err != nil {
		return c, err
	}
	defer func() { _ = st.Close() }()
	err = st.View(ctx, func(tx store.Tx) error {
		for i := range s.tenants {
			runs, err := store.Runs(ctx, tx, name(i), 0, 1<<30)
			if err != nil {
				return err
			}
			c.tenant(runs, s.expected(began, stopped))
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

// expected is how many minutes of the agent's clock went by. A tenant's share of the jitter
// and the last look keep up to two of them from being seen.
func (s soak) expected(began, stopped time.Time) int {
	return int(stopped.Sub(began)/s.minute()) - 2
}

// tenant counts the runs of one: the latest first.
func (c *counts) tenant(runs []store.Run, expected int) {
	c.runs += len(runs)
	var minutes []store.Run
	for i := range runs {
		r := runs[len(runs)-1-i]
		if r.Verdict == "" {
			c.failed++
		}
		if r.Period.Equal(r.Period.Truncate(time.Minute)) { // the first one, at once, is for no minute
			minutes = append(minutes, r)
		}
	}
	if len(minutes) == 0 {
		c.lost += max(0, expected)
		return
	}
	seen := 1
	for i := 1; i < len(minutes); i++ {
		before, after := minutes[i-1], minutes[i]
		missing := int(after.Period.Sub(before.Period)/time.Minute) - 1
		switch {
		case missing > 0 && before.Ended.Add(time.Minute/2).Before(after.Period):
			c.lost += missing // nothing kept the tenant from being looked at
		case missing > 0:
			c.merged += missing
		}
		seen += missing + 1
	}
	c.lost += max(0, expected-seen) // at the beginning, or at the end
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
