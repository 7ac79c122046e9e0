package demo_test

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/demo"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// open connects to the host of an address.
func open(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	c, err := net.Dial("tcp", u.Host) //nolint:noctx // on loopback
	if err != nil {
		return err
	}
	return c.Close()
}

// TestDemo: what is brought up is a configuration that the agent takes, organisations that
// answer, and a past that has a story; and all of it goes again.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	d, err := demo.Start(t.Context(), "1.0", "*/5 * * * *", "127.0.0.1:8642")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.LoadAgent(d.Config)
	if err != nil {
		t.Fatal(err)
	}
	if !cfg.Page.Listen.Loopback() || len(cfg.Page.Tokens) > 0 {
		t.Errorf("the page: %+v", cfg.Page)
	}
	var names, hosts []string
	for _, c := range cfg.Tenants {
		names, hosts = append(names, c.Config.Tenant), append(hosts, c.Config.Microsoft365.Endpoints.Graph)
	}
	if !slices.Equal(names, []string{"contoso", "fabrikam", "northwind", "wingtip"}) {
		t.Errorf("tenants: %v", names)
	}

	st, err := store.OpenToRead(t.Context(), store.Settings{SQLite: cfg.Store.SQLite})
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string][]string{} // of each tenant, the latest first, without repetitions
	if err := st.View(t.Context(), func(tx store.Tx) error {
		for _, name := range names {
			runs, err := store.Runs(t.Context(), tx, name, 0, 1000)
			if err != nil {
				return err
			}
			if len(runs) < 50 {
				t.Errorf("%s has a past of %d runs", name, len(runs))
			}
			if age := time.Since(runs[0].Ended); age < 0 || age > 13*time.Hour {
				t.Errorf("the last run of %s was %v ago", name, age)
			}
			for i, r := range runs {
				if i == 0 || r.Verdict != runs[i-1].Verdict {
					verdicts[name] = append(verdicts[name], r.Verdict)
				}
				if i > 0 && !r.Ended.Before(runs[i-1].Ended) {
					t.Errorf("run %d of %s is not before run %d", r.ID, name, runs[i-1].ID)
				}
			}
			for _, kind := range []store.Kind{store.Report, store.Evidence} {
				for _, r := range []store.Run{runs[0], runs[len(runs)-1]} {
					if raw, err := store.Document(t.Context(), tx, r.ID, kind); err != nil || len(raw) == 0 {
						t.Errorf("a document of run %d: %v", r.ID, err)
					}
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{ // as their stories in demo.go say
		"contoso":   {"not_ready", "ready", "not_ready", "ready"},
		"fabrikam":  {"not_ready", "ready", "not_ready"},
		"northwind": {"undetermined", "not_ready", "ready"},
		"wingtip":   {"ready", "not_ready"},
	} {
		if !slices.Equal(verdicts[name], want) {
			t.Errorf("the past of %s: %v, want %v", name, verdicts[name], want)
		}
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}

	for _, at := range hosts {
		if err := open(at); err != nil {
			t.Errorf("an organisation does not answer: %v", err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for _, at := range hosts {
		if open(at) == nil {
			t.Errorf("%s still answers", at)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if _, err := os.Stat(d.Config); !os.IsNotExist(err) {
		t.Errorf("the configuration: %v", err)
	}
}
