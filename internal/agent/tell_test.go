package agent_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// toldBy is an agent.yaml with one webhook on this machine.
func toldBy(t *testing.T, answer int) (*config.Agent, func() []map[string]any) {
	t.Helper()
	got := make(chan map[string]any, 10)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Error(err)
		}
		got <- m
		w.WriteHeader(answer)
	}))
	t.Cleanup(srv.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Agent{Network: config.Network{CAFile: ca}}
	cfg.Alerts.Damping = 1
	cfg.Alerts.Channels = []config.Channel{{
		Name: "hook", Language: "ja", Minimum: "warn", Send: config.SendChanges,
		Webhook: &config.SignedWebhook{
			URL: config.NewSecret("env:U", []byte(srv.URL+"/hook")), Secret: config.NewSecret("env:S", []byte("0123456789abcdef")),
		},
	}}
	return cfg, func() (all []map[string]any) {
		for {
			select {
			case m := <-got:
				all = append(all, m)
			default:
				return all
			}
		}
	}
}

// TestTell carries a run without a report from the memory through the outbox to a receiver:
// told once, and that it is over once.
func TestTell(t *testing.T) {
	cfg, received := toldBy(t, http.StatusNoContent)
	alerts, sender, err := agent.Tell(cfg)
	if err != nil {
		t.Fatal(err)
	}
	run := store.Run{ID: 1, Tenant: "contoso", Ended: time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC), Failure: "x"}
	memory, send, err := alerts.After("", run, jobs.Outcome{Failure: jobs.ErrInside})
	if err != nil || len(send) != 1 || send[0].Channel != "hook" || send[0].ID == "" {
		t.Fatalf("%+v, %v", send, err)
	}
	if err := sender.Send(t.Context(), send[0]); err != nil {
		t.Fatal(err)
	}
	if all := received(); len(all) != 1 || !strings.Contains(mustJSON(t, all[0]), "casdoctor の不具合") {
		t.Errorf("received %v", all)
	}
	if _, again, err := alerts.After(memory, run, jobs.Outcome{Failure: jobs.ErrInside}); err != nil || len(again) != 0 {
		t.Errorf("told again: %+v, %v", again, err)
	}
	if _, _, err := alerts.After("{", run, jobs.Outcome{}); err == nil {
		t.Error("a memory that cannot be read is taken for an empty one: everything would be told again")
	}
	if _, _, err := alerts.After("", store.Run{Verdict: "ready"}, jobs.Outcome{Report: []byte("{}")}); err == nil {
		t.Error("a report that cannot be read is no error")
	}
}

// TestTellReasons holds each failure to the sentence that is told.
func TestTellReasons(t *testing.T) {
	cfg, _ := toldBy(t, http.StatusNoContent)
	alerts, _, err := agent.Tell(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for failure, want := range map[error]string{
		jobs.ErrInside:           "casdoctor の不具合",
		context.DeadlineExceeded: "制限時間",
		os.ErrNotExist:           "設定に誤り",
	} {
		_, send, err := alerts.After("", store.Run{Tenant: "contoso"}, jobs.Outcome{Failure: failure})
		if err != nil || len(send) != 1 {
			t.Fatalf("%v: %+v, %v", failure, send, err)
		}
		var m alert.Message
		if err := json.Unmarshal([]byte(send[0].Body), &m); err != nil || !strings.Contains(m.Events[0].Text.JA, want) {
			t.Errorf("%v: %s, %v", failure, send[0].Body, err)
		}
	}
}

// TestTellRefused: only what no later attempt can mend is given up.
func TestTellRefused(t *testing.T) {
	for status, refused := range map[int]bool{http.StatusGone: true, http.StatusServiceUnavailable: false} {
		cfg, _ := toldBy(t, status)
		_, sender, err := agent.Tell(cfg)
		if err != nil {
			t.Fatal(err)
		}
		body := mustJSON(t, alert.Message{ID: "1", Channel: "hook", Lang: "en"})
		if err := sender.Send(t.Context(), store.Message{ID: "1", Channel: "hook", Body: body}); err == nil || errors.Is(err, jobs.ErrRefused) != refused {
			t.Errorf("%d: %v", status, err)
		}
		if err := sender.Send(t.Context(), store.Message{ID: "1", Channel: "hook", Body: "{"}); !errors.Is(err, jobs.ErrRefused) {
			t.Errorf("a message that cannot be read: %v", err)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
