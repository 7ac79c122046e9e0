package web

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Metrics counts what the agent does. What its memory knows is read from there at each scrape.
type Metrics struct {
	registry         *prometheus.Registry
	calls, throttled *prometheus.CounterVec
	looks            *prometheus.CounterVec
	slowest          *prometheus.GaugeVec
}

// NewMetrics makes them in a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		calls:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "casdoctor_api_requests_total", Help: "Requests to the services of a tenant."}, []string{"tenant"}),
		throttled: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "casdoctor_throttled_facts_total", Help: "Facts that could not be read because a service asked to come back later."}, []string{"tenant"}),
		looks:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "casdoctor_reports_total", Help: "Reports made since the start of the agent."}, []string{"tenant", "verdict"}),
		slowest:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "casdoctor_slowest_fact_seconds", Help: "How long the slowest fact of the last report took to read."}, []string{"tenant"}),
	}
	m.registry.MustRegister(m.calls, m.throttled, m.looks, m.slowest, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Looked counts a report.
func (m *Metrics) Looked(r report.Report) {
	requests, throttled, slowest := 0, 0, int64(0)
	for _, f := range r.Facts {
		requests += f.Requests
		slowest = max(slowest, f.TookMS)
		if f.Failure != nil && f.Failure.Kind == facts.Throttled {
			throttled++
		}
	}
	m.calls.WithLabelValues(r.Tenant).Add(float64(requests))
	m.throttled.WithLabelValues(r.Tenant).Add(float64(throttled))
	m.looks.WithLabelValues(r.Tenant, string(r.Verdict)).Inc()
	m.slowest.WithLabelValues(r.Tenant).Set((time.Duration(slowest) * time.Millisecond).Seconds())
}

// What is read at each scrape.
var (
	descUp       = prometheus.NewDesc("casdoctor_memory_up", "Whether the memory of the agent could be read for this scrape.", nil, nil)
	descStatus   = prometheus.NewDesc("casdoctor_check_status", "1 for the status that a check of a tenant has.", []string{"tenant", "check", "status"}, nil)
	descVerdict  = prometheus.NewDesc("casdoctor_tenant_verdict", "1 for the verdict of the last report of a tenant.", []string{"tenant", "verdict"}, nil)
	descGood     = prometheus.NewDesc("casdoctor_last_report_timestamp_seconds", "When the last report of a tenant was made.", []string{"tenant"}, nil)
	descDue      = prometheus.NewDesc("casdoctor_next_run_timestamp_seconds", "When a tenant is due.", []string{"tenant"}, nil)
	descFailed   = prometheus.NewDesc("casdoctor_last_run_failed", "1 when the last run of a tenant made no report.", []string{"tenant"}, nil)
	descDuration = prometheus.NewDesc("casdoctor_last_run_duration_seconds", "How long the last run of a tenant took.", []string{"tenant"}, nil)
	descOutbox   = prometheus.NewDesc("casdoctor_messages", "Messages by what became of them: waiting, failing, sent, given_up.", []string{"state"}, nil)
	descQueue    = prometheus.NewDesc("casdoctor_jobs", "Jobs that are not done, by kind and state.", []string{"kind", "state"}, nil)
)

// scrape reads the memory of the agent once for one answer.
type scrape struct {
	page *Page
	ctx  context.Context //nolint:containedctx // Collect has none, and the request's is the right one
}

// Describe is part of prometheus.Collector.
func (s scrape) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUp, descStatus, descVerdict, descGood, descDue, descFailed, descDuration, descOutbox, descQueue} {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (s scrape) Collect(to chan<- prometheus.Metric) {
	up := 1.0
	if err := s.collect(to); err != nil {
		up = 0
		s.page.Log.Warn().Err(err).Msg("the metrics are not complete")
	}
	to <- prometheus.MustNewConstMetric(descUp, prometheus.GaugeValue, up)
}

func (s scrape) collect(to chan<- prometheus.Metric) error {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	var tenants []store.Tenant
	var states []store.State
	var durations map[string]time.Duration
	var messages map[string]int64
	if err := s.page.Store.View(s.ctx, func(tx store.Tx) (err error) {
		if tenants, err = store.Tenants(s.ctx, tx); err != nil {
			return err
		}
		if states, err = store.States(s.ctx, tx, ""); err != nil {
			return err
		}
		if durations, err = store.LastDurations(s.ctx, tx); err != nil {
			return err
		}
		messages, err = store.MessageCounts(s.ctx, tx)
		return err
	}); err != nil {
		return err
	}
	configured := map[string]bool{}
	for _, t := range tenants {
		if !t.Removed.IsZero() {
			continue
		}
		configured[t.Name] = true
		for _, v := range []checks.RunVerdict{checks.NotReady, checks.Undetermined, checks.Ready} {
			gauge(descVerdict, truth(t.Verdict == string(v)), t.Name, string(v))
		}
		gauge(descFailed, truth(t.Failure != ""), t.Name)
		if !t.GoodAt.IsZero() {
			gauge(descGood, float64(t.GoodAt.Unix()), t.Name)
		}
		if !t.Due.IsZero() {
			gauge(descDue, float64(t.Due.Unix()), t.Name)
		}
		if d, ok := durations[t.Name]; ok {
			gauge(descDuration, d.Seconds(), t.Name)
		}
	}
	for _, st := range states {
		if configured[st.Tenant] {
			gauge(descStatus, 1, st.Tenant, st.Check, st.Status)
		}
	}
	for _, state := range []string{"waiting", "failing", "sent", "given_up"} {
		gauge(descOutbox, float64(messages[state]), state)
	}
	list, err := s.page.Jobs.Queue(s.ctx, mostJobs)
	type kindAndState struct{ kind, state string }
	counts := map[kindAndState]int{}
	for _, j := range list {
		counts[kindAndState{j.Kind, j.State}]++
	}
	for k, n := range counts {
		gauge(descQueue, float64(n), k.kind, k.state)
	}
	return err
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (p *Page) metrics(w http.ResponseWriter, r *http.Request) {
	once := prometheus.NewRegistry()
	once.MustRegister(scrape{p, r.Context()})
	from := prometheus.Gatherers{once}
	if p.Metrics != nil {
		from = append(from, p.Metrics.registry)
	}
	promhttp.HandlerFor(from, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
}
