package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var morning = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)

func do(t *testing.T, s *store.Store, f func(context.Context, store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx store.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func run(tenant string, at time.Time, statuses map[string]string) store.Run {
	return store.Run{
		Tenant: tenant, Period: at, Begun: at, Ended: at.Add(3 * time.Second), Version: "1.0", Verdict: "not_ready", ExitCode: 1,
		Statuses: statuses,
	}
}

// add remembers a run with documents.
func add(t *testing.T, s *store.Store, r store.Run, evidence []byte) int64 {
	t.Helper()
	var id int64
	do(t, s, func(ctx context.Context, tx store.Tx) (err error) {
		var fresh bool
		if id, fresh, err = store.AddRun(ctx, tx, r); err != nil || !fresh {
			return errors.Join(err, fmt.Errorf("fresh: %t", fresh))
		}
		return store.AddDocument(ctx, tx, r.Tenant, id, store.Evidence, evidence)
	})
	return id
}

func document(s *store.Store, id int64) (raw []byte, err error) {
	err = s.View(context.Background(), func(tx store.Tx) error {
		raw, err = store.Document(context.Background(), tx, id, store.Evidence)
		return err
	})
	return raw, err
}

func count(t *testing.T, s *store.Store, query string, args ...any) (n int) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx store.Tx) error { return tx.QueryRow(ctx, query, args...).Scan(&n) })
	return n
}

func TestOneRunOfAPeriod(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			return store.AddTenant(ctx, tx, store.Tenant{Name: "contoso", Schedule: "0 6 * * *", Period: morning, Due: morning})
		})
		first := run("contoso", morning, map[string]string{"MFA-01": "pass", "TLS-01": "fail"})
		second := first
		second.Verdict = "ready"
		for i, r := range []store.Run{first, second} {
			do(t, s, func(ctx context.Context, tx store.Tx) error {
				_, fresh, err := store.AddRun(ctx, tx, r)
				if fresh != (i == 0) {
					t.Errorf("run %d of the same period: fresh is %t", i+1, fresh)
				}
				return err
			})
		}
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			got, err := store.RunOf(ctx, tx, "contoso", morning)
			first.ID = got.ID
			if diff := cmp.Diff(first, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
	})
}

// TestStates: a state is as old as its last change, and a run without a report changes none.
func TestStates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			return store.AddTenant(ctx, tx, store.Tenant{Name: "contoso"})
		})
		hour := func(n int) time.Time { return morning.Add(time.Duration(n) * time.Hour) }
		first := add(t, s, run("contoso", hour(0), map[string]string{"MFA-01": "pass", "TLS-01": "fail", "OLD-01": "pass"}), []byte("{}"))
		second := add(t, s, run("contoso", hour(1), map[string]string{"MFA-01": "warn", "TLS-01": "fail"}), []byte("{}"))
		failed := run("contoso", hour(2), nil)
		failed.Verdict, failed.Failure = "", "the secret is not there"
		third := add(t, s, failed, []byte("{}"))
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			states, err := store.States(ctx, tx, "contoso")
			if err != nil {
				return err
			}
			if diff := cmp.Diff([]store.State{
				{Tenant: "contoso", Check: "MFA-01", Status: "warn", Since: hour(1).Add(3 * time.Second), Run: second},
				{Tenant: "contoso", Check: "TLS-01", Status: "fail", Since: hour(0).Add(3 * time.Second), Run: first},
			}, states); diff != "" {
				t.Error(diff)
			}
			took, err := store.LastDurations(ctx, tx)
			if diff := cmp.Diff(map[string]time.Duration{"contoso": 3 * time.Second}, took); diff != "" || err != nil {
				t.Error(diff, err)
			}
			got, err := store.TenantNamed(ctx, tx, "contoso")
			if diff := cmp.Diff(store.Tenant{
				Name: "contoso", LastRun: third, LastAt: hour(2).Add(3 * time.Second), LastReport: second, GoodAt: hour(1).Add(3 * time.Second),
				Verdict: "not_ready", ExitCode: 1, Failure: "the secret is not there",
			}, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
	})
}

// evidence of one hour: much that stays, and something that is new each time.
func evidence(hour, size int) []byte {
	var b bytes.Buffer
	for i := range size {
		fmt.Fprintf(&b, "{\"name\": \"policy %d\", \"state\": %q, \"id\": \"%x\"}\n", i, []string{"on", "off"}[i%2], i*i*7919)
	}
	fmt.Fprintf(&b, "{\"taken\": %d, \"took\": %d}", hour, hour*7919%1000)
	return b.Bytes()
}

func TestUnchangedIsKeptOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		ids, hours := []int64{}, 50
		for h := range hours {
			ids = append(ids, add(t, s, run("contoso", morning.Add(time.Duration(h)*time.Hour), nil), evidence(h, 2000)))
		}
		for h, id := range ids {
			got, err := document(s, id)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, evidence(h, 2000)) {
				t.Errorf("hour %d is not what was put there", h)
			}
		}
		all, whole := count(t, s, `SELECT SUM(length(body)) FROM documents`), count(t, s, `SELECT MAX(length(body)) FROM documents`)
		if all > 2*whole {
			t.Errorf("%d hours take %d bytes, and the first one alone %d", hours, all, whole)
		}
		t.Logf("%d hours of %d bytes: %d in all, %d of them whole", hours, len(evidence(0, 2000)), all, whole)
	})
}

// TestChangedIsKeptWhole: when the tenant changes for good, differences to what it was are
// not paid for ever.
func TestChangedIsKeptWhole(t *testing.T) {
	s := storetest.Open(t, store.Settings{SQLite: filepath.Join(t.TempDir(), "agent.db")})
	for h := range 60 {
		raw := evidence(h, 2000)
		if h >= 10 { // everything is called something else from now on
			raw = bytes.ReplaceAll(raw, []byte("policy"), fmt.Appendf(nil, "rule of %d", 4711))
			for i := range 200 {
				raw = fmt.Appendf(raw, "%x", i*i*i*104729)
			}
		}
		add(t, s, run("contoso", morning.Add(time.Duration(h)*time.Hour), nil), raw)
	}
	if n := count(t, s, `SELECT COUNT(*) FROM documents WHERE base IS NULL`); n < 2 || n > 4 {
		t.Errorf("%d whole documents for one change", n)
	}
	last := count(t, s, `SELECT length(body) FROM documents ORDER BY run DESC LIMIT 1`)
	early := count(t, s, `SELECT length(body) FROM documents WHERE run = 5`)
	if last > 2*early {
		t.Errorf("a difference takes %d bytes before the change and %d long after it", early, last)
	}
}

// renamed is evidence in which, from hour 7 on, everything is another: what came before rests
// on a whole document that is no longer the tenant's latest.
func renamed(hour, size int) []byte {
	raw, random := evidence(hour, size), rand.New(rand.NewPCG(7, 7))
	for range size {
		if hour >= 7 {
			raw = fmt.Appendf(raw, "%x", random.Uint64())
		}
	}
	return raw
}

func TestClean(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			return errors.Join(store.AddTenant(ctx, tx, store.Tenant{Name: "contoso", Period: morning, Due: morning}),
				store.AddTenant(ctx, tx, store.Tenant{Name: "fabrikam", Period: morning, Due: morning}))
		})
		var ids []int64
		for h := range 10 {
			ids = append(ids, add(t, s, run("contoso", morning.Add(time.Duration(h)*time.Hour), nil), renamed(h, 500)))
		}
		if n := count(t, s, `SELECT COUNT(*) FROM documents WHERE base IS NULL`); n != 2 {
			t.Errorf("%d whole documents, want that of the first hour and that of hour 7", n)
		}
		// A clock that was wrong for one run, and a tenant whose only run is old.
		wrong := run("contoso", morning.AddDate(-3, 0, 0), nil)
		add(t, s, wrong, evidence(99, 500))
		only := add(t, s, run("fabrikam", morning.AddDate(-1, 0, 0), nil), evidence(0, 500))

		now := morning.Add(10 * time.Hour)
		n, err := s.Clean(t.Context(), now, func(string) store.Keep { return store.Keep{Age: 5 * time.Hour} })
		if err != nil {
			t.Fatal(err)
		}
		if n != 5 {
			t.Errorf("%d runs are forgotten, and 5 are too old (the one of the wrong clock is the latest)", n)
		}
		for h := 5; h < 10; h++ {
			got, err := document(s, ids[h])
			if err != nil || !bytes.Equal(got, renamed(h, 500)) {
				t.Errorf("hour %d cannot be read any more, though it is to be kept: %v", h, err)
			}
		}
		if _, err := document(s, ids[1]); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("the difference of a forgotten run is still there: %v", err)
		}
		if _, err := document(s, only); err != nil {
			t.Errorf("the only run of a tenant is gone: %v", err)
		}
		if n, err := s.Clean(t.Context(), now, func(string) store.Keep { return store.Keep{Runs: 2} }); err != nil || n != 4 {
			t.Errorf("%d runs beyond the two that are to be kept, want 4 (%v)", n, err)
		}

		// Once a tenant is gone its memory ages to its end.
		do(t, s, func(ctx context.Context, tx store.Tx) error { return store.RemoveTenant(ctx, tx, "contoso", now) })
		if _, err := s.Clean(t.Context(), now.AddDate(1, 0, 0), func(string) store.Keep { return store.Keep{Age: time.Hour} }); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"tenants WHERE name", "runs WHERE tenant", "bases WHERE tenant"} {
			if n := count(t, s, `SELECT COUNT(*) FROM `+table+` = 'contoso'`); n != 0 {
				t.Errorf("%d rows are left of a tenant that is long gone: %s", n, table)
			}
		}
		if n := count(t, s, `SELECT COUNT(*) FROM documents`); n != 1 {
			t.Errorf("%d documents are left, and one run", n)
		}
	})
}

// TestYear: a year of runs, cleaned every week. What is kept stays within its bounds and can
// be read, and the file does not grow once it holds what is kept.
func TestYear(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			return store.AddTenant(ctx, tx, store.Tenant{Name: "contoso", Period: morning, Due: morning})
		})
		const days, week, most = 364, 7, 60
		keep := func(string) store.Keep { return store.Keep{Age: 65 * 24 * time.Hour, Runs: most} }
		raw := func(day int) []byte { // in every season everything is called something else
			b := bytes.ReplaceAll(evidence(day, 200), []byte("policy"), fmt.Appendf(nil, "rule %x", day/90*7919))
			random := rand.New(rand.NewPCG(uint64(day), 7))
			for range 500 {
				b = fmt.Appendf(b, "%x", random.Uint64())
			}
			return b
		}
		pages := func() (n int) {
			if where.SQLite != "" {
				n = count(t, s, `SELECT page_count FROM pragma_page_count`)
			}
			return n
		}
		ids, settled := make([]int64, days), 0
		for day := 0; day < days; day += week {
			do(t, s, func(ctx context.Context, tx store.Tx) (err error) {
				for d := day; d < day+week && err == nil; d++ {
					ids[d], _, err = store.AddRun(ctx, tx, run("contoso", morning.AddDate(0, 0, d), map[string]string{"MFA-01": "pass"}))
					err = errors.Join(err, store.AddDocument(ctx, tx, "contoso", ids[d], store.Evidence, raw(d)))
				}
				return err
			})
			if _, err := s.Clean(t.Context(), morning.AddDate(0, 0, day+week), keep); err != nil {
				t.Fatal(err)
			}
			if day == 14*week {
				settled = pages()
			}
		}
		if n := count(t, s, `SELECT COUNT(*) FROM runs`); n != most {
			t.Errorf("%d runs are left", n)
		}
		for d := days - most; d < days; d++ {
			if got, err := document(s, ids[d]); err != nil || !bytes.Equal(got, raw(d)) {
				t.Errorf("day %d cannot be read: %v", d, err)
			}
		}
		before := pages()
		if before > settled*3/2 {
			t.Errorf("the file has %d pages after a year, and had %d after a quarter", before, settled)
		}
		if _, err := s.Clean(t.Context(), morning.AddDate(0, 0, days), func(string) store.Keep { return store.Keep{Runs: 1} }); err != nil {
			t.Fatal(err)
		}
		if n := pages(); n > 0 && n > before/2 {
			t.Errorf("one run is left, and the file has %d of %d pages", n, before)
		}
	})
}

func TestOutbox(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		m := store.Message{ID: "contoso/MFA-01/2026-11-20", Tenant: "contoso", Channel: "ops", Body: `{}`, Made: morning, NotBefore: morning}
		for i := range 2 {
			do(t, s, func(ctx context.Context, tx store.Tx) error {
				fresh, err := store.AddMessage(ctx, tx, m)
				if fresh != (i == 0) {
					t.Errorf("time %d: fresh is %t", i+1, fresh)
				}
				return err
			})
		}
		tried := func(failure string, last bool) store.Message {
			do(t, s, func(ctx context.Context, tx store.Tx) error {
				return store.MessageTried(ctx, tx, m.ID, failure, last, morning)
			})
			var got store.Message
			do(t, s, func(ctx context.Context, tx store.Tx) (err error) {
				got, err = store.MessageByID(ctx, tx, m.ID)
				return err
			})
			return got
		}
		if got := tried("503", false); got.Error != "503" || !got.Sent.IsZero() || !got.GivenUp.IsZero() || got.Attempts != 1 {
			t.Errorf("after a failure: %+v", got)
		}
		if got := tried("", false); !got.Sent.Equal(morning) || got.Attempts != 2 || got.Error != "" {
			t.Errorf("after it was sent: %+v", got)
		}
		if got := tried("late", true); !got.Sent.Equal(morning) || !got.GivenUp.IsZero() {
			t.Errorf("what was sent is given up: %+v", got)
		}
	})
}

// TestOutboxLists: what the page and the metrics ask of the outbox.
func TestOutboxLists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			var errs []error
			for i, id := range []string{"late", "failing", "sent", "refused", "early"} {
				_, err := store.AddMessage(ctx, tx, store.Message{ID: id, Channel: "ops", Body: "{}", Made: morning, NotBefore: morning.Add(-time.Duration(i) * time.Minute)})
				errs = append(errs, err)
			}
			return errors.Join(append(errs,
				store.MessageTried(ctx, tx, "failing", "503", false, morning), store.MessageTried(ctx, tx, "sent", "", false, morning),
				store.MessageTried(ctx, tx, "refused", "404", true, morning))...)
		})
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			names := func(list []store.Message) (ids []string) {
				for _, m := range list {
					ids = append(ids, m.ID)
				}
				return ids
			}
			waiting, err := store.Waiting(ctx, tx, 2)
			if diff := cmp.Diff([]string{"early", "failing"}, names(waiting)); diff != "" {
				t.Error(diff)
			}
			lost, err2 := store.GivenUp(ctx, tx, 10)
			if diff := cmp.Diff([]string{"refused"}, names(lost)); diff != "" {
				t.Error(diff)
			}
			counts, err3 := store.MessageCounts(ctx, tx)
			if diff := cmp.Diff(map[string]int64{"waiting": 2, "failing": 1, "sent": 1, "given_up": 1}, counts); diff != "" {
				t.Error(diff)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

func TestWaiversAndActions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		w := store.Waiver{Tenant: "contoso", Cause: "MFA-01.C1", Subject: "*", Reason: "ticket 4711", Until: "2026-12-31", MadeBy: "kim", MadeAt: morning}
		do(t, s, func(ctx context.Context, tx store.Tx) (err error) {
			w.ID, err = store.AddWaiver(ctx, tx, w)
			return errors.Join(err, store.AddAction(ctx, tx, store.Action{At: morning, Who: "kim", What: "waive", Tenant: "contoso", Detail: map[string]string{"cause": w.Cause}}))
		})
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			got, err := store.Waivers(ctx, tx, "contoso")
			if diff := cmp.Diff([]store.Waiver{w}, got); diff != "" {
				t.Error(diff)
			}
			acts, err2 := store.Actions(ctx, tx, 10)
			if len(acts) != 1 || acts[0].Who != "kim" || acts[0].Detail["cause"] != w.Cause {
				t.Errorf("%+v", acts)
			}
			for i := range 2 {
				ended, err := store.EndWaiver(ctx, tx, w.ID, "lee", morning)
				if ended != (i == 0) || err != nil {
					t.Errorf("taken back: %t %v", ended, err)
				}
			}
			left, err3 := store.Waivers(ctx, tx, "contoso")
			if len(left) != 0 {
				t.Errorf("%+v", left)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

// TestSameTables: the two schemas are written twice and say the same.
func TestSameTables(t *testing.T) {
	read := func(of string) []string {
		raw, err := os.ReadFile("migrations/" + of + "/00001_memory.sql")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("INTEGER PRIMARY KEY AUTOINCREMENT", "ID", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "ID", "BYTEA", "BYTES", "BLOB", "BYTES").
			Replace(string(raw))
		var lines []string
		for l := range strings.Lines(text) {
			lines = append(lines, strings.Join(strings.Fields(l), " "))
		}
		return lines
	}
	if diff := cmp.Diff(read("sqlite"), read("postgres")); diff != "" {
		t.Error(diff)
	}
}

// TestOpenedAtOnce: several agents may open a new database at the same moment.
func TestOpenedAtOnce(t *testing.T) {
	storetest.EachNew(t, func(t *testing.T, where store.Settings) {
		errs := make(chan error)
		for range 3 {
			go func() {
				s, err := store.Open(context.Background(), where)
				if err == nil {
					err = s.Close()
				}
				errs <- err
			}()
		}
		for range 3 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestLaterDatabaseIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		do(t, s, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO casdoctor_version (version_id, is_applied) VALUES (9999, $1)`, true)
			return err
		})
		for name, open := range map[string]func(context.Context, store.Settings) (*store.Store, error){"open": store.Open, "open to read": store.OpenToRead} {
			if _, err := open(t.Context(), where); err == nil || !strings.Contains(err.Error(), "update casdoctor") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestViewCannotWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s := storetest.Open(t, where)
		err := s.View(t.Context(), func(tx store.Tx) error {
			_, err := tx.Exec(t.Context(), `DELETE FROM runs`)
			return err
		})
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("a view deletes: %v", err)
		}
	})
}

func TestUpdateIsWholeOrNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, stop := storetest.Open(t, where), errors.New("stop")
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(store.AddTenant(t.Context(), tx, store.Tenant{Name: "contoso"}), stop)
		})
		if !errors.Is(err, stop) {
			t.Error(err)
		}
		if n := count(t, s, `SELECT COUNT(*) FROM tenants`); n != 0 {
			t.Errorf("%d tenants of a transaction that failed", n)
		}
	})
}

// TestErrorsHelp: what is wrong with a database is said in words, and never with a password.
func TestErrorsHelp(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		where store.Settings
		want  []string
	}{
		{store.Settings{}, []string{"needs a database"}},
		{store.Settings{SQLite: "a", Postgres: "b"}, []string{"not both"}},
		{store.Settings{SQLite: text}, []string{"damaged", text}},
		{store.Settings{SQLite: filepath.Join(dir, "no", "agent.db")}, []string{"cannot make the database", "no such file"}},
		{store.Settings{Postgres: "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable"}, []string{"cannot be reached"}},
		{store.Settings{Postgres: "postgres://u:hunter2@[::1/x"}, []string{"write postgres://user@host"}},
	} {
		s, err := store.Open(t.Context(), c.where)
		if err == nil {
			t.Errorf("%+v opens", c.where)
			_ = s.Close()
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
		if i := slices.IndexFunc(c.want, func(w string) bool { return !strings.Contains(err.Error(), w) }); i >= 0 {
			t.Errorf("%v: does not say %q", err, c.want[i])
		}
	}
}
