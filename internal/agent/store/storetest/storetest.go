// Package storetest opens empty databases for tests: an SQLite file, and PostgreSQL where
// Debian's package is installed.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// Each runs a test on an empty database of either kind.
func Each(t *testing.T, test func(t *testing.T, where store.Settings)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, store.Settings{SQLite: filepath.Join(t.TempDir(), "agent.db")}) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
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
	code := m.Run()
	if s := server.Load(); s != nil {
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

var server atomic.Pointer[postgres]

// Postgres makes an empty database on a server on loopback that this package's tests share.
func Postgres(t *testing.T) store.Settings {
	t.Helper()
	s := server.Load()
	if s == nil {
		bin, err := binaries()
		if err != nil {
			if os.Getenv(Required) != "" {
				t.Fatal(err)
			}
			t.Skip("PostgreSQL is not installed: apt-get install postgresql, or make test-agent")
		}
		if s, err = start(bin); err != nil {
			t.Fatal(err)
		}
		server.Store(s)
	}
	name := fmt.Sprintf("test%d", s.count.Add(1))
	c, err := pgx.Connect(t.Context(), s.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	if _, err := c.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return store.Settings{Postgres: s.url(name)}
}

func (s *postgres) url(name string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, name)
}

func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed")
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
