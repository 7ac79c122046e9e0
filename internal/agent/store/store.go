// Package store is the memory of the agent: one database, an SQLite file or PostgreSQL, with
// the runs of every tenant, their documents, what the tenants are like now, messages that are
// to be sent, waivers, and who did what.
//
// What belongs here: every SQL statement of the agent, the migrations, and how documents are
// kept small. What does not: when something runs (package jobs, whose own tables are in the
// same database, so that a report and the end of its job are one transaction) and what is
// told to whom (package alert): its memory and its messages are opaque texts here.
//
// One text of SQL serves both databases: placeholders are $1, times are milliseconds since
// 1970 in UTC, and documents are bytes. Only the migrations are written twice.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Settings say where the database is: exactly one of the two.
type Settings struct {
	SQLite   string // path of the file
	Postgres string // connection string; it holds a password and is never shown
}

// Store is the open database.
type Store struct {
	sqlite *sql.DB // one connection: SQLite has one writer at a time
	reader *sql.DB // SQLite only; cannot write
	pool   *pgxpool.Pool
	close  []func() error
}

// Tx is a transaction on either database.
type Tx interface {
	// Exec returns how many rows it has changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) Row
}

// Rows are the answer to a query.
type Rows interface {
	Row
	Next() bool
	Err() error
	Close()
}

// Row is one row of an answer. Where there is none, Scan says sql.ErrNoRows.
type Row interface{ Scan(into ...any) error }

// Open opens the database, makes it when it is new, and brings it up to this version.
func Open(ctx context.Context, s Settings) (*Store, error) {
	st, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := st.migrate(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// OpenToRead opens a database that is there, without changing it, beside a running agent.
func OpenToRead(ctx context.Context, s Settings) (*Store, error) {
	if s.SQLite != "" {
		if err := present(s.SQLite); err != nil {
			return nil, err
		}
	}
	st, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := st.upToDate(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

func connect(ctx context.Context, s Settings) (*Store, error) {
	switch {
	case s.SQLite != "" && s.Postgres != "":
		return nil, errors.New("the agent has one database: name an SQLite file or PostgreSQL, not both")
	case s.SQLite != "":
		return openSQLite(ctx, s.SQLite)
	case s.Postgres != "":
		return openPostgres(ctx, s.Postgres)
	}
	return nil, errors.New("the agent needs a database: name an SQLite file or PostgreSQL")
}

// Close closes the connections.
func (s *Store) Close() error {
	var errs []error
	for _, c := range s.close {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// SQLite is the writing connection; nil on PostgreSQL.
func (s *Store) SQLite() *sql.DB { return s.sqlite }

// Postgres is the pool; nil on SQLite.
func (s *Store) Postgres() *pgxpool.Pool { return s.pool }

// Update does what do does, whole or not at all.
func (s *Store) Update(ctx context.Context, do func(Tx) error) error {
	if s.pool != nil {
		return explain(s.inPostgres(ctx, do))
	}
	return explain(s.inSQLite(ctx, s.sqlite, do))
}

// View reads one state of the database, which nobody changes meanwhile.
func (s *Store) View(ctx context.Context, do func(Tx) error) error {
	if s.pool != nil {
		return explain(s.viewPostgres(ctx, do))
	}
	return explain(s.inSQLite(ctx, s.reader, do))
}

// Ping reports whether the database answers and can be written to.
func (s *Store) Ping(ctx context.Context) error {
	return s.Update(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, `UPDATE tenants SET name = name WHERE name = ''`)
		return err
	})
}

// moment and instant carry a time into the database and back. No time is NULL.
func moment(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

type instant struct{ to *time.Time }

func (i instant) Scan(v any) error {
	switch ms := v.(type) {
	case nil:
		*i.to = time.Time{}
	case int64:
		*i.to = time.UnixMilli(ms).UTC()
	default:
		return fmt.Errorf("a time is %T", v)
	}
	return nil
}

// each calls scan for every row of a query.
func each(ctx context.Context, tx Tx, scan func(Row) error, query string, args ...any) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
