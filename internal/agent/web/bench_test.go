package web_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/web"
)

// BenchmarkOverview: the overview of 200 tenants with 90 days of hourly runs behind them, from
// the request to the last byte.
func BenchmarkOverview(b *testing.B) {
	st, err := store.Open(b.Context(), store.Settings{SQLite: b.TempDir() + "/agent.db"})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	statuses := []string{"pass", "fail", "pass", "unknown", "pass", "warn", "pass"}
	if err := st.Update(b.Context(), func(tx store.Tx) error {
		for i := range 200 {
			name := fmt.Sprintf("tenant-%03d", i)
			if err := store.AddTenant(b.Context(), tx, store.Tenant{Name: name, Schedule: "@hourly", TimeZone: "UTC", Period: now, Due: now}); err != nil {
				return err
			}
			run := store.Run{Tenant: name, Period: now, Begun: now, Ended: now, Version: "1", Verdict: "ready", Statuses: map[string]string{}}
			for k, id := range []string{"LIC-01", "ACC-01", "BND-01", "MFA-01", "GDM-01", "SPM-01", "TLS-01"} {
				run.Statuses[id] = statuses[(i*3+k)%len(statuses)]
				if run.Statuses[id] == "fail" {
					run.Verdict = "not_ready"
				}
			}
			if _, _, err := store.AddRun(b.Context(), tx, run); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	if err := st.Update(b.Context(), func(tx store.Tx) error {
		_, err := tx.Exec(b.Context(), `WITH RECURSIVE h (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM h WHERE n < 90 * 24)
			INSERT INTO runs (tenant, period, asked_by, begun, ended, version, verdict, exit_code, statuses, failure)
			SELECT tenant, period - n * 3600000, '', begun - n * 3600000, ended - n * 3600000, version, verdict, exit_code, statuses, ''
			FROM runs CROSS JOIN h`)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	cfg := &config.Agent{Page: config.Page{Listen: here()}, TimeZone: time.UTC}
	p, err := web.New(web.Settings{Store: st, Config: func() *config.Agent { return cfg }, Log: zerolog.Nop(), Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, request("GET", "/", "", nil))
		if w.Code != 200 || w.Body.Len() < 200_000 {
			b.Fatal(w.Code, w.Body.Len())
		}
	}
}
