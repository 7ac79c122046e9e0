package agent_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/lab"
)

// receiver is a collector as the OTLP specification describes it (OTLP/HTTP, binary protobuf):
// it takes POST of application/x-protobuf at /v1/traces and nothing else.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*otlp.Span
	of    map[string]string // attributes of the resource
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	c := &receiver{of: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("X-Key") != "of-the-collector" {
			t.Errorf("%s %s of %s with the key %q", r.Method, r.URL, r.Header.Get("Content-Type"), r.Header.Get("X-Key"))
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		var sent collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(raw, &sent); err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, rs := range sent.GetResourceSpans() {
			for k, v := range texts(rs.GetResource().GetAttributes()) {
				c.of[k] = v
			}
			for _, ss := range rs.GetScopeSpans() {
				c.spans = append(c.spans, ss.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func texts(list []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		if s, ok := a.GetValue().GetValue().(*common.AnyValue_StringValue); ok {
			m[a.GetKey()] = s.StringValue
		} else {
			m[a.GetKey()] = strings.TrimSpace(a.GetValue().String())
		}
	}
	return m
}

// TestTraces: a run of the agent against the practice organisation, as a collector receives it.
func TestTraces(t *testing.T) {
	to := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", to.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of-the-collector")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_SERVICE_NAME", "preflight")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	tracer, sent, err := agent.Traces(t.Context(), os.Getenv, "1.0", zerolog.Nop())
	if err != nil || tracer == nil {
		t.Fatal(tracer, err)
	}

	all := lab.Scenarios()
	sc := all[slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == "all-troubles" })]
	l, err := lab.Start(sc.Organisation)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	tenant, err := l.WriteConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "agent.yaml")
	if err := os.WriteFile(path, []byte("version: 1\nstore: {sqlite: agent.db}\nschedule: \"0 6 1 1 *\"\ntenants:\n  - {config: "+tenant+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	tell, done := teller{make(chan store.Message, 10)}, make(chan error, 1)
	go func() {
		done <- agent.Run(ctx, agent.Options{
			Load: func() (*config.Agent, error) { return config.LoadAgent(path) }, Log: zerolog.Nop(), Version: "1.0", Tracer: tracer,
			Tell: func(*config.Agent) (jobs.Alerts, jobs.Sender, error) { return tell, tell, nil },
		})
	}()
	r := told(t, tell)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	sent()

	if to.of["service.name"] != "preflight" || to.of["service.version"] != "1.0" || to.of["deployment.environment.name"] != "test" {
		t.Errorf("the resource: %v", to.of)
	}
	byID, runs, deliveries, probed, requests, inside := map[string]*otlp.Span{}, []*otlp.Span{}, 0, map[string]bool{}, map[string]int{}, 0
	for _, s := range to.spans {
		byID[string(s.GetSpanId())] = s
	}
	up := func(s *otlp.Span) string {
		kind, _, _ := strings.Cut(byID[string(s.GetParentSpanId())].GetName(), " ")
		return kind
	}
	for _, s := range to.spans {
		a := texts(s.GetAttributes())
		switch kind, _, _ := strings.Cut(s.GetName(), " "); kind {
		case "run":
			runs = append(runs, s)
			if a["casdoctor.tenant"] != r.Tenant || !regexp.MustCompile(`^20\d\d-\d\d-\d\dT`).MatchString(a["casdoctor.period"]) || a["casdoctor.verdict"] != string(r.Verdict) {
				t.Errorf("the run: %v", a)
			}
		case "probe":
			probed[a["casdoctor.fact"]] = true
			if up(s) != "run" {
				t.Errorf("%s is below %q", s.GetName(), up(s))
			}
		case "deliver":
			deliveries++
			if a["casdoctor.channel"] != "ops" || a["casdoctor.tenant"] != r.Tenant {
				t.Errorf("the delivery: %v", a)
			}
		case http.MethodGet, http.MethodPost:
			requests[s.GetName()]++
			if up(s) == "probe" {
				inside++
			}
			if s.GetKind() != otlp.Span_SPAN_KIND_CLIENT || a["http.request.method"] != kind || a["http.response.status_code"] == "" || a["casdoctor.service"] == "" {
				t.Errorf("%s: %v", s.GetName(), a)
			}
		default:
			t.Errorf("a span %q", s.GetName())
		}
		// Nothing that is somebody's: no address of a person, no query, no host, no id, no token.
		for _, text := range append(slices.Collect(maps.Values(a)), s.GetName()) {
			if hit := personal.FindString(text); hit != "" && text != a["casdoctor.period"] {
				t.Errorf("%s tells %q", s.GetName(), hit)
			}
		}
	}
	if len(runs) != 1 || deliveries != 1 {
		t.Errorf("%d runs and %d deliveries", len(runs), deliveries)
	}
	for _, f := range r.Facts {
		if !probed[f.Name] {
			t.Errorf("no span of the probe %s", f.Name)
		}
	}
	for _, want := range []string{"POST microsoft365.endpoints.login /{tenant}/oauth2/v2.0/token", "GET microsoft365.endpoints.graph /v1.0/identity/conditionalAccess/policies", "GET microsoft365.endpoints.graph /v1.0/users/{user}", "GET google.endpoints.directory /admin/directory/v1/customer/{customer}/domains"} {
		if requests[want] == 0 {
			t.Errorf("no request %q: %v", want, requests)
		}
	}
	seen := 0
	for _, f := range r.Facts {
		seen += f.Requests
	}
	if total := sum(requests); inside == 0 || total < seen/2 {
		t.Errorf("%d requests are traced, %d of them inside of a probe; the report counts %d", total, inside, seen)
	}
}

var personal = regexp.MustCompile(`@|\?|127\.0\.0\.1|localhost|[0-9a-f]{8}-[0-9a-f]{4}|eyJ|[Bb]earer|contoso\.|\.example`)

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// TestWhetherThereAreTraces by OpenTelemetry's "Environment Variable Specification".
func TestWhetherThereAreTraces(t *testing.T) {
	const at = "http://127.0.0.1:1"
	for _, c := range []struct {
		env     map[string]string
		on      bool
		mistake string
	}{
		{nil, false, ""},
		{map[string]string{"OTEL_SERVICE_NAME": "x"}, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at}, true, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": at}, true, ""},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at, "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at, "OTEL_SDK_DISABLED": "TRUE"}, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at, "OTEL_SDK_DISABLED": "1"}, true, ""}, // only true is true
		{map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "4318"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, true, ""},
	} {
		for name := range map[string]bool{"OTEL_EXPORTER_OTLP_ENDPOINT": true, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": true} {
			t.Setenv(name, c.env[name]) // the exporter reads it by itself
		}
		tracer, sent, err := agent.Traces(t.Context(), func(name string) string { return c.env[name] }, "1.0", zerolog.Nop())
		if (tracer != nil) != c.on || (err != nil) != (c.mistake != "") || err != nil && !strings.Contains(err.Error(), c.mistake) {
			t.Errorf("%v: traces %t, %v", c.env, tracer != nil, err)
		}
		if err == nil {
			sent()
		}
	}
}

// TestACollectorThatIsDown keeps nothing from working, and is told in the log.
func TestACollectorThatIsDown(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", gone.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "200")
	var log bytes.Buffer
	tracer, sent, err := agent.Traces(t.Context(), os.Getenv, "1.0", zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracer.Start(t.Context(), "run")
	span.End()
	sent()
	var line struct{ Level, Message string }
	if err := json.Unmarshal(bytes.SplitN(log.Bytes(), []byte("\n"), 2)[0], &line); err != nil || line.Level != "warn" || !strings.Contains(line.Message, "traces are not sent") {
		t.Errorf("%v: %s", err, log.Bytes())
	}
}
