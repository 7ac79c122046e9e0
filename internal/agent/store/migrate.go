package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// The schema is written once for each database: ids, bytes and partial indexes have other
// names. A test holds the two against each other.
//
//go:embed migrations
var migrations embed.FS

// migrationLock is the key of the advisory lock under which one agent of several brings a
// PostgreSQL up to date: "casd" in ASCII.
const migrationLock = 0x63617364

// migrate makes the tables of this package and those of River.
func (s *Store) migrate(ctx context.Context) error {
	var err error
	if s.pool != nil {
		err = s.locked(ctx, s.migrateOnce)
	} else {
		// Two agents can open a new file at once. Each step is a transaction: the one that comes
		// second fails, and finds at its next try that there is nothing left to do.
		for range 3 {
			if err = s.migrateOnce(ctx); err == nil || ctx.Err() != nil {
				break
			}
		}
	}
	if err != nil {
		return fmt.Errorf("cannot bring the database up to this version: %w", explain(err))
	}
	return nil
}

func (s *Store) locked(ctx context.Context, do func(context.Context) error) error {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if _, err := c.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_, _ = c.Exec(ctx, `SELECT pg_advisory_unlock($1)`, migrationLock) // the end of the session unlocks as well
	}()
	return do(ctx)
}

func (s *Store) migrateOnce(ctx context.Context) error {
	if err := s.newer(ctx); err != nil {
		return err
	}
	err := s.goose(func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if s.pool != nil {
		return migrateRiver(ctx, riverpgxv5.New(s.pool))
	}
	return migrateRiver(ctx, riversqlite.New(s.sqlite))
}

func migrateRiver[T any](ctx context.Context, d riverdriver.Driver[T]) error {
	m, err := rivermigrate.New(d, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// goose gives the migrations of this database to do.
func (s *Store) goose(do func(*goose.Provider) error) error {
	dialect, dir, db := goose.DialectSQLite3, "migrations/sqlite", s.sqlite
	if s.pool != nil {
		dialect, dir, db = goose.DialectPostgres, "migrations/postgres", stdlib.OpenDBFromPool(s.pool)
		defer func(db *sql.DB) { _ = db.Close() }(db)
	}
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, goose.WithTableName("casdoctor_version"), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	return do(p)
}

// newer refuses a database of a later casdoctor, which this one would misread.
func (s *Store) newer(ctx context.Context) error {
	return s.goose(func(p *goose.Provider) error {
		have, want, err := p.GetVersions(ctx)
		if err == nil && have > want {
			return errNewer(have, want)
		}
		return err
	})
}

// upToDate is migrate for who only reads.
func (s *Store) upToDate(ctx context.Context) error {
	var have int64
	err := s.View(ctx, func(tx Tx) error {
		return tx.QueryRow(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM casdoctor_version`).Scan(&have)
	})
	if err != nil {
		return fmt.Errorf("there is no memory of an agent in the database; start casdoctor agent once: %w", err)
	}
	return s.goose(func(p *goose.Provider) error {
		all := p.ListSources()
		switch want := all[len(all)-1].Version; {
		case have > want:
			return errNewer(have, want)
		case have < want:
			return errors.New("the database is of an older casdoctor: start this version's casdoctor agent once")
		}
		return nil
	})
}

func errNewer(have, want int64) error {
	return fmt.Errorf("the database is of a later casdoctor (version %d of its tables, this one knows %d): update casdoctor", have, want)
}
