package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// DigestSchedule is the name of the digest among the schedules of the agent as a whole.
const DigestSchedule = "digest"

// Due is when something that concerns all tenants is due next.
type Due struct {
	Schedule, TimeZone string // as they were when At was reckoned
	At                 time.Time
}

// NextDue reads when something is due; the zero Due when it is never.
func NextDue(ctx context.Context, tx Tx, name string) (d Due, err error) {
	err = tx.QueryRow(ctx, `SELECT schedule, time_zone, next_due FROM schedules WHERE name = $1`, name).
		Scan(&d.Schedule, &d.TimeZone, instant{&d.At})
	if errors.Is(err, sql.ErrNoRows) {
		return Due{}, nil
	}
	return d, err
}

// MoveDue sets when something is due; a zero is: never. It reports false, and changes nothing,
// when another agent has moved it since was was read.
func MoveDue(ctx context.Context, tx Tx, name string, was, is Due) (moved bool, err error) {
	var n int64
	switch {
	case was.At.IsZero() && is.At.IsZero():
		return true, nil
	case was.At.IsZero():
		n, err = tx.Exec(ctx, `INSERT INTO schedules (name, schedule, time_zone, next_due) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`,
			name, is.Schedule, is.TimeZone, moment(is.At))
	case is.At.IsZero():
		n, err = tx.Exec(ctx, `DELETE FROM schedules WHERE name = $1 AND next_due = $2`, name, moment(was.At))
	default:
		n, err = tx.Exec(ctx, `UPDATE schedules SET schedule = $1, time_zone = $2, next_due = $3 WHERE name = $4 AND next_due = $5`,
			is.Schedule, is.TimeZone, moment(is.At), name, moment(was.At))
	}
	return n == 1, err
}
