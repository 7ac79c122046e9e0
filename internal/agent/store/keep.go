package store

import (
	"context"
	"time"
)

// Keep is how much is remembered of each tenant. Zero: without bound.
type Keep struct {
	Age  time.Duration
	Runs int
}

// batch is how many runs one transaction of Clean forgets, so that nobody waits long for it.
const batch = 500

// Clean forgets what is older than keep allows, and tells how many runs that were. The latest
// run with a report of a tenant that is configured stays whatever its age, and so does every
// whole document that another one rests on. The oldest go first, and one that is to stay
// (its clock was wrong, perhaps) does not keep those after it.
func (s *Store) Clean(ctx context.Context, now time.Time, keep func(tenant string) Keep) (runs int64, err error) {
	var tenants []Tenant
	if err := s.View(ctx, func(tx Tx) error {
		tenants, err = Tenants(ctx, tx)
		return err
	}); err != nil {
		return 0, err
	}
	longest := time.Duration(0) // that something of any tenant is kept
	for _, t := range tenants {
		k := keep(t.Name)
		n, err := s.cleanRuns(ctx, t, now, k)
		runs += n
		if err != nil {
			return runs, err
		}
		longest = max(longest, k.Age)
	}
	err = s.Update(ctx, func(tx Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM documents WHERE base IS NULL
			AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = documents.run)
			AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.base = documents.run AND o.kind = documents.kind)
			AND NOT EXISTS (SELECT 1 FROM bases b WHERE b.run = documents.run AND b.kind = documents.kind)`); err != nil || longest == 0 {
			return err
		}
		for _, query := range []string{
			`DELETE FROM outbox WHERE COALESCE(sent, given_up) < $1`,
			`DELETE FROM audit WHERE at < $1`,
			`DELETE FROM waivers WHERE ended_at < $1`,
		} {
			if _, err := tx.Exec(ctx, query, now.Add(-longest).UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && s.sqlite != nil {
		err = explain(s.shrink(ctx))
	}
	return runs, err
}

func (s *Store) cleanRuns(ctx context.Context, t Tenant, now time.Time, keep Keep) (all int64, err error) {
	latest := t.LastReport
	if !t.Removed.IsZero() {
		latest = 0
	}
	for {
		// Asked without the writer's lock: of most tenants there is nothing to forget.
		var ids []int64
		if err := s.View(ctx, func(tx Tx) (err error) {
			ids, err = oldRuns(ctx, tx, t.Name, latest, now, keep)
			return err
		}); err != nil {
			return all, err
		}
		if len(ids) == 0 {
			break
		}
		if err := s.Update(ctx, func(tx Tx) error {
			for _, id := range ids {
				for _, query := range []string{`DELETE FROM documents WHERE run = $1 AND base IS NOT NULL`, `DELETE FROM runs WHERE id = $1`} {
					if _, err := tx.Exec(ctx, query, id); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return all, err
		}
		all += int64(len(ids))
	}
	if t.Removed.IsZero() {
		return all, nil
	}
	return all, s.Update(ctx, func(tx Tx) error { return forget(ctx, tx, t.Name) })
}

// oldRuns are those of a tenant's oldest batch that are beyond the count or the age.
func oldRuns(ctx context.Context, tx Tx, tenant string, latest int64, now time.Time, keep Keep) (ids []int64, err error) {
	cutoff, over := int64(0), int64(0)
	if keep.Age > 0 {
		cutoff = now.Add(-keep.Age).UnixMilli()
	}
	if keep.Runs > 0 {
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM runs WHERE tenant = $1`, tenant).Scan(&over); err != nil {
			return nil, err
		}
		over = max(0, over-int64(keep.Runs))
	}
	rank := int64(0)
	err = each(ctx, tx, func(r Row) error {
		var id, ended int64
		if err := r.Scan(&id, &ended); err != nil {
			return err
		}
		if rank++; id != latest && (ended < cutoff || rank <= over) {
			ids = append(ids, id)
		}
		return nil
	}, `SELECT id, ended FROM runs WHERE tenant = $1 ORDER BY id LIMIT $2`, tenant, batch)
	return ids, err
}

// forget drops a removed tenant that has no runs any more.
func forget(ctx context.Context, tx Tx, tenant string) error {
	n, err := tx.Exec(ctx, `DELETE FROM tenants WHERE name = $1 AND removed IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM runs WHERE tenant = $1)`, tenant)
	if err != nil || n == 0 {
		return err
	}
	for _, query := range []string{`DELETE FROM states WHERE tenant = $1`, `DELETE FROM bases WHERE tenant = $1`} {
		if _, err := tx.Exec(ctx, query, tenant); err != nil {
			return err
		}
	}
	return nil
}
