package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// TestMetricValues: what is known of two tenants, one of which has never been looked at.
func TestMetricValues(t *testing.T) {
	p := newPage(t, config.Page{Listen: here()})
	at := now.Add(-time.Hour)
	if err := p.store.Update(t.Context(), func(tx store.Tx) error {
		for id, of := range map[string]struct {
			sent   bool
			failed string
			last   bool
		}{"waits": {}, "is late": {failed: "HTTP 503"}, "gone": {sent: true}, "lost": {failed: "HTTP 404", last: true}} {
			if _, err := store.AddMessage(t.Context(), tx, store.Message{ID: id, Tenant: "contoso", Channel: "ops", Body: "{}", Made: at, NotBefore: at}); err != nil {
				return err
			}
			if of.sent || of.failed != "" {
				if err := store.MessageTried(t.Context(), tx, id, of.failed, of.last, at); err != nil {
					return err
				}
			}
		}
		_, _, err := store.AddRun(t.Context(), tx, store.Run{
			Tenant: "contoso", Period: at, Begun: at, Ended: at.Add(2500 * time.Millisecond), Version: "1.0", Failure: "no secret",
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ask(p, request("POST", "/tenants/contoso/run", "", nil))
	for range 2 {
		p.m.Looked(report.Report{Tenant: "contoso", Verdict: checks.NotReady, Facts: []report.Fact{
			{Name: "a", Requests: 3, TookMS: 400}, {Name: "b", Requests: 4, TookMS: 1500, Failure: &facts.Failure{Kind: facts.Throttled}},
		}})
	}
	got, body := ask(p, request("GET", "/metrics", "", nil))
	if got.StatusCode != http.StatusOK {
		t.Fatal(got.Status)
	}
	lines := strings.Split(body, "\n")
	for _, want := range []string{
		`casdoctor_memory_up 1`,
		`casdoctor_tenant_verdict{tenant="contoso",verdict="not_ready"} 1`,
		`casdoctor_tenant_verdict{tenant="contoso",verdict="ready"} 0`,
		`casdoctor_tenant_verdict{tenant="contoso",verdict="undetermined"} 0`,
		`casdoctor_tenant_verdict{tenant="fabrikam",verdict="ready"} 0`, // nobody has looked: no verdict
		`casdoctor_tenant_verdict{tenant="fabrikam",verdict="not_ready"} 0`,
		`casdoctor_check_status{check="MFA-01",status="fail",tenant="contoso"} 1`,
		`casdoctor_last_report_timestamp_seconds{tenant="contoso"} ` + seconds(now.Add(-24*time.Hour+time.Second)),
		`casdoctor_next_run_timestamp_seconds{tenant="contoso"} ` + seconds(now.Add(time.Hour)),
		`casdoctor_last_run_failed{tenant="contoso"} 1`,
		`casdoctor_last_run_failed{tenant="fabrikam"} 0`,
		`casdoctor_last_run_duration_seconds{tenant="contoso"} 2.5`,
		`casdoctor_messages{state="waiting"} 1`,
		`casdoctor_messages{state="failing"} 1`,
		`casdoctor_messages{state="sent"} 1`,
		`casdoctor_messages{state="given_up"} 1`,
		`casdoctor_jobs{kind="check",state="available"} 1`,
		`casdoctor_api_requests_total{tenant="contoso"} 14`,
		`casdoctor_throttled_facts_total{tenant="contoso"} 2`,
		`casdoctor_reports_total{tenant="contoso",verdict="not_ready"} 2`,
		`casdoctor_slowest_fact_seconds{tenant="contoso"} 1.5`,
	} {
		if !slices.Contains(lines, want) {
			name, _, _ := strings.Cut(want, " ")
			is := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+" ") })
			if is < 0 {
				t.Errorf("%s is missing", want)
			} else {
				t.Errorf("%s, want %s", lines[is], want)
			}
		}
	}
	for _, never := range []string{`casdoctor_last_report_timestamp_seconds{tenant="fabrikam"}`, `casdoctor_last_run_duration_seconds{tenant="fabrikam"}`, `casdoctor_check_status{tenant="fabrikam"`} {
		if strings.Contains(body, never) {
			t.Errorf("%s: it was never looked at", never)
		}
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range problems {
		t.Errorf("promlint: %s: %s", x.Metric, x.Text)
	}

	// The manual names what there is, and nothing else.
	documented := regexp.MustCompile(`casdoctor_[a-z_]+`).FindAllString(manual(t), -1)
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (casdoctor_\w+)`).FindAllStringSubmatch(body, -1) {
		if !slices.Contains(documented, name[1]) {
			t.Errorf("docs/agent.md does not name %s", name[1])
		}
	}
	for _, name := range documented {
		if !strings.Contains(body, "# TYPE "+name+" ") {
			t.Errorf("docs/agent.md names %s, which there is not", name)
		}
	}
}

// seconds is a time as the text format writes it.
func seconds(t time.Time) string { return strconv.FormatFloat(float64(t.Unix()), 'g', -1, 64) }

func manual(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "agent.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
