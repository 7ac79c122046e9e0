package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Run is one look at a tenant: with a report, or with the reason why there is none.
type Run struct {
	ID       int64
	Tenant   string
	Period   time.Time // what it is for: the time of the schedule, or of the request
	AskedBy  string    // "": the schedule
	Begun    time.Time
	Ended    time.Time
	Version  string            // of casdoctor
	Verdict  string            // "": there is no report
	ExitCode int               // of the report
	Statuses map[string]string // of the checks
	Failure  string            // why there is no report
}

const runColumns = `id, tenant, period, asked_by, begun, ended, version, verdict, exit_code, statuses, failure`

func (r *Run) scan(row Row) error {
	var statuses string
	err := row.Scan(&r.ID, &r.Tenant, instant{&r.Period}, &r.AskedBy, instant{&r.Begun}, instant{&r.Ended}, &r.Version, &r.Verdict,
		&r.ExitCode, &statuses, &r.Failure)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(statuses), &r.Statuses)
}

// AddRun remembers a run, and moves its tenant's state on. There is one run of a tenant and
// a period: of a second one nothing is kept, and fresh is false.
func AddRun(ctx context.Context, tx Tx, r Run) (id int64, fresh bool, err error) {
	statuses, err := json.Marshal(r.Statuses)
	if err != nil {
		return 0, false, err
	}
	err = tx.QueryRow(ctx, `INSERT INTO runs (tenant, period, asked_by, begun, ended, version, verdict, exit_code, statuses, failure)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, period) DO NOTHING RETURNING id`,
		r.Tenant, moment(r.Period), r.AskedBy, moment(r.Begun), moment(r.Ended), r.Version, r.Verdict, r.ExitCode, string(statuses), r.Failure,
	).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	r.ID = id
	return id, true, settle(ctx, tx, r)
}

// settle makes the run the latest of its tenant. One without a report leaves the states as
// they are: they were seen, and this time nothing was.
func settle(ctx context.Context, tx Tx, r Run) error {
	if r.Verdict == "" {
		_, err := tx.Exec(ctx, `UPDATE tenants SET last_run = $1, last_at = $2, failure = $3 WHERE name = $4`,
			r.ID, moment(r.Ended), r.Failure, r.Tenant)
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE tenants SET last_run = $1, last_at = $2, last_report = $1, good_at = $2, verdict = $3, exit_code = $4,
		failure = '' WHERE name = $5`, r.ID, moment(r.Ended), r.Verdict, r.ExitCode, r.Tenant)
	if err != nil {
		return err
	}
	for _, check := range slices.Sorted(maps.Keys(r.Statuses)) {
		_, err := tx.Exec(ctx, `INSERT INTO states (tenant, check_id, status, since, run, seen) VALUES ($1, $2, $3, $4, $5, $5)
			ON CONFLICT (tenant, check_id) DO UPDATE SET status = excluded.status, seen = excluded.seen,
				since = CASE WHEN states.status = excluded.status THEN states.since ELSE excluded.since END,
				run = CASE WHEN states.status = excluded.status THEN states.run ELSE excluded.run END`,
			r.Tenant, check, r.Statuses[check], moment(r.Ended), r.ID)
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `DELETE FROM states WHERE tenant = $1 AND seen <> $2`, r.Tenant, r.ID)
	return err
}

// RunByID is one run; sql.ErrNoRows when there is none.
func RunByID(ctx context.Context, tx Tx, id int64) (r Run, err error) {
	return r, r.scan(tx.QueryRow(ctx, `SELECT `+runColumns+` FROM runs WHERE id = $1`, id))
}

// RunOf is the run of a tenant and a period; sql.ErrNoRows when there is none.
func RunOf(ctx context.Context, tx Tx, tenant string, period time.Time) (r Run, err error) {
	return r, r.scan(tx.QueryRow(ctx, `SELECT `+runColumns+` FROM runs WHERE tenant = $1 AND period = $2`, tenant, moment(period)))
}

// Runs lists the latest runs of one tenant or, with "", of all: the last first, those before
// the run before (0: from the end), and at most limit.
func Runs(ctx context.Context, tx Tx, tenant string, before int64, limit int) (list []Run, err error) {
	query, args := `SELECT `+runColumns+` FROM runs WHERE ($1 = 0 OR id < $1)`, []any{before, limit}
	if tenant != "" {
		query += ` AND tenant = $3`
		args = append(args, tenant)
	}
	err = each(ctx, tx, func(row Row) error {
		var r Run
		if err := r.scan(row); err != nil {
			return fmt.Errorf("run %d: %w", r.ID, err)
		}
		list = append(list, r)
		return nil
	}, query+` ORDER BY id DESC LIMIT $2`, args...)
	return list, err
}

// ReportBefore is the last run of a tenant before a run that made a report; sql.ErrNoRows when
// there is none.
func ReportBefore(ctx context.Context, tx Tx, tenant string, run int64) (r Run, err error) {
	return r, r.scan(tx.QueryRow(ctx, `SELECT `+runColumns+` FROM runs WHERE tenant = $1 AND id < $2 AND verdict <> '' ORDER BY id DESC LIMIT 1`, tenant, run))
}

// LastDurations are how long the last run of each tenant took.
func LastDurations(ctx context.Context, tx Tx) (map[string]time.Duration, error) {
	took := map[string]time.Duration{}
	err := each(ctx, tx, func(r Row) error {
		var tenant string
		var ms int64
		if err := r.Scan(&tenant, &ms); err != nil {
			return err
		}
		took[tenant] = time.Duration(ms) * time.Millisecond
		return nil
	}, `SELECT t.name, r.ended - r.begun FROM tenants t JOIN runs r ON r.id = t.last_run`)
	return took, err
}
