package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// How SQLite is opened. A transaction takes its lock at once, because one that begins by
// reading cannot wait when it wants to write later. WAL lets readers go on meanwhile; with
// FULL a finished transaction also survives the loss of power. auto_vacuum comes before what
// writes to a new file: later it has no effect.
const (
	sqliteWrite = "_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=auto_vacuum(incremental)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	sqliteRead  = "_pragma=busy_timeout(10000)&_pragma=query_only(1)"

	// readers: the page's requests at one time.
	readers = 4
)

func openSQLite(ctx context.Context, path string) (*Store, error) {
	if err := private(path); err != nil {
		return nil, err
	}
	name := (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}).String()
	s := &Store{}
	for _, of := range []struct {
		db      **sql.DB
		options string
		max     int
	}{{&s.sqlite, sqliteWrite, 1}, {&s.reader, sqliteRead, readers}} {
		db, err := sql.Open("sqlite", name+"?"+of.options)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		db.SetMaxOpenConns(of.max)
		db.SetMaxIdleConns(1)
		*of.db = db
		s.close = append(s.close, db.Close)
		if err := db.PingContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot open the database %s: %w", path, explain(err)), s.Close())
		}
	}
	return s, nil
}

// private makes the file before SQLite does: it is for its owner only, and SQLite gives its
// companions the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot make the database: %w", err)
	}
	return f.Close()
}

func present(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no database: %w", err)
	}
	return nil
}

func (s *Store) inSQLite(ctx context.Context, db *sql.DB, do func(Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after Commit
	if err := do(SQLiteTx{tx}); err != nil {
		return err
	}
	return tx.Commit()
}

// SQLiteTx is a transaction on SQLite.
type SQLiteTx struct{ *sql.Tx }

// Exec is part of Tx.
func (t SQLiteTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query is part of Tx.
func (t SQLiteTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	r, err := t.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return sqliteRows{r}, nil
}

// QueryRow is part of Tx.
func (t SQLiteTx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return t.QueryRowContext(ctx, query, args...)
}

type sqliteRows struct{ *sql.Rows }

func (r sqliteRows) Close() { _ = r.Rows.Close() } // Err has said it

// shrink gives the file system back what Clean has freed, but for a part that the next runs
// will fill: without it a file that was large once stays large.
func (s *Store) shrink(ctx context.Context) error {
	const (
		part   = 10   // of the file that may be free
		atOnce = 1000 // pages, 4 MB: nobody waits long
	)
	for {
		var pages, free, after int64
		for query, into := range map[string]*int64{`PRAGMA page_count`: &pages, `PRAGMA freelist_count`: &free} {
			if err := s.sqlite.QueryRowContext(ctx, query).Scan(into); err != nil {
				return err
			}
		}
		if free <= pages/part {
			return nil
		}
		if _, err := s.sqlite.ExecContext(ctx, fmt.Sprintf(`PRAGMA incremental_vacuum(%d)`, min(atOnce, free-pages/(2*part)))); err != nil {
			return err
		}
		if err := s.sqlite.QueryRowContext(ctx, `PRAGMA freelist_count`).Scan(&after); err != nil || after >= free {
			return err // a file of a time before auto_vacuum: what is free is reused
		}
	}
}
