// Package storetest opens empty databases for tests: an SQLite file, and PostgreSQL where
// Debian's package is installed.
package storetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// Required is set where PostgreSQL has to be there (make test-agent): a test that needs it
// then fails instead of being skipped.
const Required = "CASDOCTOR_TEST_POSTGRES"

// Each runs a test on a database of either kind that is up to date and holds nothing, at the
// same time as others: such tests wait more than they work.
func Each(t *testing.T, test func(t *testing.T, where store.Settings)) {
	t.Helper()
	t.Parallel()
	each(t, func(t *testing.T, where func(*testing.T) store.Settings) {
		t.Parallel()
		test(t, where(t))
	}, []func(*testing.T) store.Settings{SQLite, Postgres})
}

// EachInTurn is Each for a test that has the process for itself, because of its environment.
func EachInTurn(t *testing.T, test func(t *testing.T, where store.Settings)) {
	t.Helper()
	each(t, func(t *testing.T, where func(*testing.T) store.Settings) { test(t, where(t)) }, []func(*testing.T) store.Settings{SQLite, Postgres})
}

// EachNew is Each on a database in which there is nothing yet, tables neither.
func EachNew(t *testing.T, test func(t *testing.T, where store.Settings)) {
	t.Helper()
	t.Parallel()
	each(t, func(t *testing.T, where func(*testing.T) store.Settings) {
		t.Parallel()
		test(t, where(t))
	}, []func(*testing.T) store.Settings{newSQLite, newPostgres})
}

func each(t *testing.T, run func(*testing.T, func(*testing.T) store.Settings), kinds []func(*testing.T) store.Settings) {
	t.Helper()
	for i, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) { run(t, kinds[i]) })
	}
}

func newSQLite(t *testing.T) store.Settings {
	t.Helper()
	return store.Settings{SQLite: filepath.Join(t.TempDir(), "agent.db")}
}

// SQLite makes a file that is up to date: a copy of one that all tests share.
func SQLite(t *testing.T) store.Settings {
	t.Helper()
	raw, err := upToDate()
	if err != nil {
		t.Fatal(err)
	}
	where := newSQLite(t)
	if err := os.WriteFile(where.SQLite, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return where
}

var upToDate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "casdoctor-sqlite-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "agent.db")
	if err := migrated(store.Settings{SQLite: path}); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func migrated(where store.Settings) error {
	s, err := store.Open(context.Background(), where)
	if err != nil {
		return err
	}
	return s.Close()
}

// Open opens a database for a test.
func Open(t *testing.T, where store.Settings) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Main runs the tests of a package, and ends the server that they have started.
func Main(m *testing.M) {
	const atOnce = "8"
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	code := m.Run()
	if s := started.Load(); s != nil {
		s.stop()
	}
	os.Exit(code)
}

type postgres struct {
	process *exec.Cmd
	dir     string
	port    int
	count   atomic.Int64
}

var (
	started atomic.Pointer[postgres]
	server  = sync.OnceValues(func() (*postgres, error) {
		bin, err := binaries()
		if err != nil {
			return nil, err
		}
		return start(bin)
	})
	template = sync.OnceValue(func() error {
		s := started.Load()
		if err := s.create(context.Background(), upToDateName, ""); err != nil {
			return err
		}
		return migrated(store.Settings{Postgres: s.url(upToDateName)})
	})
)

const upToDateName = "up_to_date"

var errNotInstalled = errors.New("PostgreSQL is not installed: apt-get install postgresql, or make test-agent")

// Postgres makes a database that is up to date, on a server on loopback that this package's
// tests share.
func Postgres(t *testing.T) store.Settings {
	t.Helper()
	s := running(t)
	if err := template(); err != nil {
		t.Fatal(err)
	}
	return s.database(t, upToDateName)
}

func newPostgres(t *testing.T) store.Settings {
	t.Helper()
	return running(t).database(t, "")
}

func running(t *testing.T) *postgres {
	t.Helper()
	s, err := server()
	if errors.Is(err, errNotInstalled) && os.Getenv(Required) == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *postgres) database(t *testing.T, template string) store.Settings {
	t.Helper()
	name := fmt.Sprintf("test%d", s.count.Add(1))
	if err := s.create(t.Context(), name, template); err != nil {
		t.Fatal(err)
	}
	return store.Settings{Postgres: s.url(name)}
}

// create makes a database: a copy of template, or an empty one.
func (s *postgres) create(ctx context.Context, name, template string) error {
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	query := "CREATE DATABASE " + name
	if template != "" {
		query += " TEMPLATE " + template
	}
	_, err = c.Exec(ctx, query)
	return err
}

func (s *postgres) url(name string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, name)
}

func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errNotInstalled
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func start(bin string) (*postgres, error) {
	dir, err := os.MkdirTemp("", "casdoctor-postgres-")
	if err != nil {
		return nil, err
	}
	s := &postgres{dir: dir}
	as, err := serverProcess(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C") //nolint:gosec // Debian's
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	// fsync guards against the loss of power, which no test causes.
	s.process = exec.Command(filepath.Join(bin, "postgres"), //nolint:gosec // Debian's
		"-D", data, "-p", strconv.Itoa(s.port), "-k", dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200")
	s.process.SysProcAttr, s.process.Dir = as, dir
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			started.Store(s)
			return s, c.Close(ctx)
		}
		select {
		case <-ctx.Done():
			s.stop()
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *postgres) stop() {
	_ = s.process.Process.Signal(syscall.SIGQUIT) // at once: nothing of it is kept
	_ = s.process.Wait()
	_ = os.RemoveAll(s.dir)
}
