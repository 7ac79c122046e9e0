package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

func openPostgres(ctx context.Context, connection string) (*Store, error) {
	config, err := pgxpool.ParseConfig(connection)
	if err != nil {
		// The parser's message quotes the string, and with it the password.
		return nil, errors.New("the connection string of PostgreSQL cannot be read: write postgres://user@host:5432/name")
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: %w", explain(err))
	}
	s := &Store{pool: pool, close: []func() error{func() error { pool.Close(); return nil }}}
	if err := pool.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open the database: %w", explain(err)), s.Close())
	}
	return s, nil
}

func (s *Store) inPostgres(ctx context.Context, do func(Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return do(PostgresTx{tx}) })
}

func (s *Store) viewPostgres(ctx context.Context, do func(Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error { return do(PostgresTx{tx}) })
}

// PostgresTx is a transaction on PostgreSQL.
type PostgresTx struct{ pgx.Tx }

// Exec is part of Tx.
func (t PostgresTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.Tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

// Query is part of Tx.
func (t PostgresTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	return t.Tx.Query(ctx, query, args...)
}

// QueryRow is part of Tx.
func (t PostgresTx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return t.Tx.QueryRow(ctx, query, args...)
}
