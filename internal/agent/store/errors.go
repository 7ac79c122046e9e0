package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What keeps a database from being written to. None of them loses what it already holds, and
// each of them can end while the agent runs.
var (
	ErrFull        = errors.New("no space is left for the database: free some, or let fewer runs be kept; the agent goes on by itself")
	ErrReadOnly    = errors.New("the database cannot be written to: check who owns the file and its folder, and whether the file system is mounted read-only")
	ErrUnreachable = errors.New("the database cannot be reached")
	ErrBusy        = errors.New("the database is locked by another program")
	ErrDamaged     = errors.New("the database is damaged, or no database of casdoctor: put back a backup, or name a new file")
)

// Passing reports whether what went wrong can go away by itself, so that trying again helps.
func Passing(err error) bool {
	for _, e := range []error{ErrFull, ErrReadOnly, ErrUnreachable, ErrBusy} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// explain puts a sentence that helps before what the database says.
func explain(err error) error {
	if err == nil {
		return nil
	}
	for _, e := range []error{ErrFull, ErrReadOnly, ErrUnreachable, ErrBusy, ErrDamaged} {
		if errors.Is(err, e) {
			return err // a transaction inside of one that explains
		}
	}
	if why := cause(err); why != nil {
		return fmt.Errorf("%w (%w)", why, err)
	}
	return err
}

func cause(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteCause(e.Code() & 0xff) // the upper bits say more of the same
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresCause(e.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return ErrUnreachable
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return ErrUnreachable
	}
	if pgconn.SafeToRetry(err) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return ErrUnreachable // nothing was done
	}
	for _, lost := range []error{io.ErrUnexpectedEOF, io.EOF, driver.ErrBadConn, sql.ErrConnDone, net.ErrClosed} {
		if errors.Is(err, lost) {
			return ErrUnreachable
		}
	}
	return nil
}

// https://www.sqlite.org/rescode.html
func sqliteCause(code int) error {
	switch code {
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return ErrReadOnly
	case sqlite3.SQLITE_IOERR:
		return ErrUnreachable
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrDamaged
	}
	return nil
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
func postgresCause(code string) error {
	switch {
	case code == "53100":
		return ErrFull
	case code == "25006":
		return ErrReadOnly
	case code == "55P03", code == "40001", code == "40P01": // lock, serialization, deadlock
		return ErrBusy
	case code[:2] == "08", code[:2] == "57", code == "53300": // connection, shutdown, too many clients
		return ErrUnreachable
	case code[:2] == "XX":
		return ErrDamaged
	}
	return nil
}
