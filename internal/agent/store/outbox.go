package store

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Message is something to be sent to a channel. What it says is package alert's.
type Message struct {
	ID        string // the same event makes the same id: it is sent once, and receivers can tell
	Tenant    string // "" when it is about several
	Channel   string
	Body      string // JSON
	Made      time.Time
	NotBefore time.Time
	Sent      time.Time // zero: not yet
	GivenUp   time.Time // zero: still tried
	Attempts  int
	Error     string // of the last attempt
}

const messageColumns = `id, tenant, channel, body, made, not_before, sent, given_up, attempts, error`

func (m *Message) scan(r Row) error {
	return r.Scan(&m.ID, &m.Tenant, &m.Channel, &m.Body, instant{&m.Made}, instant{&m.NotBefore}, instant{&m.Sent}, instant{&m.GivenUp},
		&m.Attempts, &m.Error)
}

// AddMessage puts a message into the outbox. One that is or was there is not put twice, and
// fresh is false.
func AddMessage(ctx context.Context, tx Tx, m Message) (fresh bool, err error) {
	n, err := tx.Exec(ctx, `INSERT INTO outbox (id, tenant, channel, body, made, not_before) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO NOTHING`, m.ID, m.Tenant, m.Channel, m.Body, moment(m.Made), moment(m.NotBefore))
	return n == 1, err
}

// MessageByID is one message; sql.ErrNoRows when there is none.
func MessageByID(ctx context.Context, tx Tx, id string) (m Message, err error) {
	return m, m.scan(tx.QueryRow(ctx, `SELECT `+messageColumns+` FROM outbox WHERE id = $1`, id))
}

// Held reports whether a message waits for the end of the quiet hours.
func (m Message) Held() bool { return m.NotBefore.After(m.Made) }

// TakeHeld takes what waits with a message for the same end of the quiet hours out of the
// outbox, the oldest first, so that one message is made of it. Of several who ask, one gets it.
func TakeHeld(ctx context.Context, tx Tx, like Message) (list []Message, err error) {
	list, err = messages(ctx, tx, `DELETE FROM outbox WHERE channel = $1 AND not_before = $2 AND made < not_before
		AND sent IS NULL AND given_up IS NULL AND attempts = 0 RETURNING `+messageColumns, like.Channel, moment(like.NotBefore))
	slices.SortFunc(list, func(a, b Message) int { return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.ID, b.ID)) })
	return list, err
}

// Passed lists the messages to a channel that were made since then and that nothing held back.
func Passed(ctx context.Context, tx Tx, channel string, since time.Time) ([]Message, error) {
	return messages(ctx, tx, `SELECT `+messageColumns+` FROM outbox WHERE channel = $1 AND made >= $2 AND made >= not_before ORDER BY made, id`,
		channel, moment(since))
}

func messages(ctx context.Context, tx Tx, query string, args ...any) (list []Message, err error) {
	err = each(ctx, tx, func(r Row) error {
		var m Message
		defer func() { list = append(list, m) }()
		return m.scan(r)
	}, query, args...)
	return list, err
}

// Waiting lists the messages that are neither sent nor given up, the next one first.
func Waiting(ctx context.Context, tx Tx, limit int) ([]Message, error) {
	return messages(ctx, tx, `SELECT `+messageColumns+` FROM outbox WHERE sent IS NULL AND given_up IS NULL ORDER BY not_before, id LIMIT $1`, limit)
}

// MessageTried writes down how an attempt to send a message ended: with "" it is sent, and
// with another text it failed, for good when last.
func MessageTried(ctx context.Context, tx Tx, id, failure string, last bool, at time.Time) error {
	sent, givenUp := moment(at), (*int64)(nil)
	if failure != "" {
		sent = nil
		if last {
			givenUp = moment(at)
		}
	}
	_, err := tx.Exec(ctx, `UPDATE outbox SET sent = $1, given_up = $2, attempts = attempts + 1, error = $3 WHERE id = $4 AND sent IS NULL`,
		sent, givenUp, failure, id)
	return err
}

// GivenUp lists the messages that could not be sent, the latest first.
func GivenUp(ctx context.Context, tx Tx, limit int) ([]Message, error) {
	return messages(ctx, tx, `SELECT `+messageColumns+` FROM outbox WHERE given_up IS NOT NULL ORDER BY given_up DESC, id LIMIT $1`, limit)
}

// MessageCounts counts the messages: waiting, failing (tried, and tried again), sent, given_up.
func MessageCounts(ctx context.Context, tx Tx) (map[string]int64, error) {
	counts := map[string]int64{}
	err := each(ctx, tx, func(r Row) error {
		var state string
		var n int64
		if err := r.Scan(&state, &n); err != nil {
			return err
		}
		counts[state] = n
		return nil
	}, `SELECT CASE WHEN sent IS NOT NULL THEN 'sent' WHEN given_up IS NOT NULL THEN 'given_up' WHEN attempts > 0 THEN 'failing' ELSE 'waiting' END AS state,
		COUNT(*) FROM outbox GROUP BY 1`)
	return counts, err
}
