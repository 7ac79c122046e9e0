package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/config"
)

// FuzzAgent is FuzzLoad for agent.yaml: no panic, an error that says where, no secret in it.
func FuzzAgent(f *testing.F) {
	example, err := os.ReadFile("agent.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("tenants: [contoso.yaml]\nschedule: \"@every 30m\"\n"))
	f.Add([]byte("tenants: []\n"))
	f.Add([]byte("tenants: &a [*a]\n"))
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "contoso.yaml"), []byte(contoso), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := config.ParseAgent(data, filepath.Join(dir, "agent.yaml"))
		if err == nil {
			if len(a.Tenants) == 0 {
				t.Error("an agent without a tenant")
			}
			return
		}
		var all *config.Errors
		if a != nil || !errors.As(err, &all) || len(all.Problems) == 0 {
			t.Fatalf("got (%v, %v), want a *config.Errors alone", a, err)
		}
		for _, p := range all.Problems {
			if p.File == "" || p.Message == "" || p.Line < 0 || p.Column < 0 {
				t.Errorf("not a place or not a message: %+v", p)
			}
		}
	})
}

// FuzzSchedule: what is a schedule is its own text, and comes later than now, or never.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"0 6 * * 1-5", "@hourly", "@every 30m", "@every 0s", "* * 31 2 *", "TZ=UTC 0 0 * * *", "60 * * * *", "@every -1h", ""} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 29, 0, 59, 30, 0, time.UTC) // a change of the clock in Europe is half a minute away
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := config.ParseSchedule(text)
		if err != nil {
			if !s.IsZero() || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("a schedule beside an error, or an error that moves the cursor: %q", err)
			}
			return
		}
		if s.IsZero() || s.String() != text {
			t.Errorf("%q is not its own text: %q", text, s.String())
		}
		if next := s.Next(now, zone); !next.IsZero() && !next.After(now) {
			t.Errorf("%q comes at %v, which is not after %v", text, next, now)
		}
	})
}
