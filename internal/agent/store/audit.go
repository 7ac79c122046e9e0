package store

import (
	"context"
	"encoding/json"
	"time"
)

// Action is something that a person did.
type Action struct {
	ID     int64
	At     time.Time
	Who    string
	What   string // "run_now", "waive", "sign_in_failed", …
	Tenant string
	Detail map[string]string
}

// AddAction writes down what a person did, in the transaction in which it is done.
func AddAction(ctx context.Context, tx Tx, a Action) error {
	detail, err := json.Marshal(a.Detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO audit (at, who, action, tenant, detail) VALUES ($1, $2, $3, $4, $5)`,
		moment(a.At), a.Who, a.What, a.Tenant, string(detail))
	return err
}

// Actions lists what people did, the latest first.
func Actions(ctx context.Context, tx Tx, limit int) (list []Action, err error) {
	err = each(ctx, tx, func(r Row) error {
		var a Action
		var detail string
		if err := r.Scan(&a.ID, instant{&a.At}, &a.Who, &a.What, &a.Tenant, &detail); err != nil {
			return err
		}
		list = append(list, a)
		return json.Unmarshal([]byte(detail), &list[len(list)-1].Detail)
	}, `SELECT id, at, who, action, tenant, detail FROM audit ORDER BY id DESC LIMIT $1`, limit)
	return list, err
}
