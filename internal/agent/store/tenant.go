package store

import (
	"context"
	"time"
)

// Tenant is what the overview shows of a tenant.
type Tenant struct {
	Name               string
	Schedule, TimeZone string    // as they were when Next was reckoned
	Period             time.Time // the next one; zero when the tenant is removed
	Due                time.Time // when its run begins
	Removed            time.Time // since when it is no longer configured; zero: it is
	LastRun            int64     // 0: none yet
	LastAt             time.Time
	LastReport         int64 // the latest run that made a report
	GoodAt             time.Time
	Verdict            string // of LastReport
	ExitCode           int
	Failure            string // why LastRun made no report; "" when it did
}

const tenantColumns = `name, schedule, time_zone, next_period, next_due, removed, COALESCE(last_run, 0), last_at, ` +
	`COALESCE(last_report, 0), good_at, verdict, exit_code, failure`

func (t *Tenant) scan(r Row) error {
	return r.Scan(&t.Name, &t.Schedule, &t.TimeZone, instant{&t.Period}, instant{&t.Due}, instant{&t.Removed}, &t.LastRun,
		instant{&t.LastAt}, &t.LastReport, instant{&t.GoodAt}, &t.Verdict, &t.ExitCode, &t.Failure)
}

// Tenants lists the tenants by name, removed ones too.
func Tenants(ctx context.Context, tx Tx) (list []Tenant, err error) {
	err = each(ctx, tx, func(r Row) error {
		var t Tenant
		defer func() { list = append(list, t) }()
		return t.scan(r)
	}, `SELECT `+tenantColumns+` FROM tenants ORDER BY name`)
	return list, err
}

// TenantNamed is one tenant; sql.ErrNoRows when nobody has heard of it.
func TenantNamed(ctx context.Context, tx Tx, name string) (t Tenant, err error) {
	return t, t.scan(tx.QueryRow(ctx, `SELECT `+tenantColumns+` FROM tenants WHERE name = $1`, name))
}

// AddTenant makes a tenant known. One that is known stays as it is.
func AddTenant(ctx context.Context, tx Tx, t Tenant) error {
	_, err := tx.Exec(ctx, `INSERT INTO tenants (name, schedule, time_zone, next_period, next_due) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO NOTHING`, t.Name, t.Schedule, t.TimeZone, moment(t.Period), moment(t.Due))
	return err
}

// Schedule sets when a tenant is due next, and by what rule. It reports false, and changes
// nothing, when another agent has moved the tenant on since was was read.
func Schedule(ctx context.Context, tx Tx, was, is Tenant) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE tenants SET schedule = $1, time_zone = $2, next_period = $3, next_due = $4, removed = NULL
		WHERE name = $5 AND COALESCE(next_period, -1) = $6`,
		is.Schedule, is.TimeZone, moment(is.Period), moment(is.Due), was.Name, orMinusOne(was.Period))
	return n == 1, err
}

func orMinusOne(t time.Time) int64 {
	if m := moment(t); m != nil {
		return *m
	}
	return -1
}

// RemoveTenant stops a tenant's runs. What is remembered of it ages like everything else.
func RemoveTenant(ctx context.Context, tx Tx, name string, at time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE tenants SET next_period = NULL, next_due = NULL, removed = $1 WHERE name = $2 AND removed IS NULL`,
		moment(at), name)
	return err
}

// Memory reads what package alert remembers of a tenant, and keeps others from changing the
// tenant until the transaction ends.
func Memory(ctx context.Context, tx Tx, tenant string) (memory string, err error) {
	err = tx.QueryRow(ctx, `UPDATE tenants SET name = name WHERE name = $1 RETURNING memory`, tenant).Scan(&memory)
	return memory, err
}

// Memories reads what package alert remembers of every tenant that is configured, by its name.
func Memories(ctx context.Context, tx Tx) (map[string]string, error) {
	all := map[string]string{}
	err := each(ctx, tx, func(r Row) error {
		var name, memory string
		err := r.Scan(&name, &memory)
		all[name] = memory
		return err
	}, `SELECT name, memory FROM tenants WHERE removed IS NULL`)
	return all, err
}

// Remember is the other half of Memory.
func Remember(ctx context.Context, tx Tx, tenant, memory string) error {
	_, err := tx.Exec(ctx, `UPDATE tenants SET memory = $1 WHERE name = $2`, memory, tenant)
	return err
}

// State is what one check of a tenant is now.
type State struct {
	Tenant, Check, Status string
	Since                 time.Time
	Run                   int64 // in which it became so
}

// States lists the state of every check, of one tenant or, with "", of all.
func States(ctx context.Context, tx Tx, tenant string) (list []State, err error) {
	err = each(ctx, tx, func(r Row) error {
		var s State
		defer func() { list = append(list, s) }()
		return r.Scan(&s.Tenant, &s.Check, &s.Status, instant{&s.Since}, &s.Run)
	}, `SELECT tenant, check_id, status, since, run FROM states WHERE $1 = '' OR tenant = $1 ORDER BY tenant, check_id`, tenant)
	return list, err
}
