package store

import (
	"context"
	"time"
)

// Waiver is one that was made on the page; those of casdoctor.yaml stay there.
type Waiver struct {
	ID                             int64
	Tenant, Cause, Subject, Reason string
	Until                          string // a day, included
	MadeBy                         string
	MadeAt                         time.Time
	EndedBy                        string // who took it back before its end
	EndedAt                        time.Time
}

// AddWaiver remembers a waiver.
func AddWaiver(ctx context.Context, tx Tx, w Waiver) (id int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO waivers (tenant, cause, subject, reason, until, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		RETURNING id`, w.Tenant, w.Cause, w.Subject, w.Reason, w.Until, w.MadeBy, moment(w.MadeAt)).Scan(&id)
	return id, err
}

// EndWaiver takes a waiver back. It reports false when there is none to take back.
func EndWaiver(ctx context.Context, tx Tx, id int64, by string, at time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE waivers SET ended_by = $1, ended_at = $2 WHERE id = $3 AND ended_at IS NULL`, by, moment(at), id)
	return n == 1, err
}

// Waivers lists the waivers of a tenant that nobody has taken back, the latest first. Those
// past their end are in it: a report says so of them.
func Waivers(ctx context.Context, tx Tx, tenant string) (list []Waiver, err error) {
	err = each(ctx, tx, func(r Row) error {
		var w Waiver
		defer func() { list = append(list, w) }()
		return r.Scan(&w.ID, &w.Tenant, &w.Cause, &w.Subject, &w.Reason, &w.Until, &w.MadeBy, instant{&w.MadeAt})
	}, `SELECT id, tenant, cause, subject, reason, until, made_by, made_at FROM waivers WHERE tenant = $1 AND ended_at IS NULL
		ORDER BY id DESC`, tenant)
	return list, err
}
