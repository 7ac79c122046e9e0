package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/report"
)

// The limits of PagerDuty's Events API v2 ("Send an Alert Event").
const (
	pdSummary = 1024
	pdKey     = 255
)

// pagerDuty opens and resolves alerts. What ends has the key of what began.
type pagerDuty struct {
	client     *http.Client
	url        string
	routingKey string
}

func enqueue(p config.PagerDuty) string { return p.Endpoint + "/v2/enqueue" }

type pdEvent struct {
	RoutingKey string     `json:"routing_key"`
	Action     string     `json:"event_action"`
	DedupKey   string     `json:"dedup_key"`
	Payload    *pdPayload `json:"payload,omitempty"`
	Client     string     `json:"client,omitempty"`
	ClientURL  string     `json:"client_url,omitempty"`
}

type pdPayload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp string            `json:"timestamp,omitempty"`
	Component string            `json:"component,omitempty"`
	Class     string            `json:"class,omitempty"`
	Details   map[string]string `json:"custom_details,omitempty"`
}

// send sends the events one by one. When one fails all are sent again: their keys keep
// PagerDuty from taking one twice.
func (p pagerDuty) send(ctx context.Context, m alert.Message) error {
	events := []pdEvent{}
	if m.Test {
		trigger := pdEvent{
			RoutingKey: p.routingKey, Action: "trigger", DedupKey: "casdoctor/test/" + m.Channel, Client: "casdoctor", ClientURL: m.Link,
			Payload: &pdPayload{Summary: title(m), Source: "casdoctor", Severity: "info"},
		}
		events = append(events, trigger, pdEvent{RoutingKey: p.routingKey, Action: "resolve", DedupKey: trigger.DedupKey})
	}
	for _, e := range m.Events {
		events = append(events, p.event(e, m))
	}
	for _, e := range events {
		body, err := json.Marshal(e)
		if err != nil {
			return &Error{Permanent: true, Reason: "the message cannot be written as JSON"}
		}
		if _, err := post(ctx, p.client, p.url, body, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p pagerDuty) event(e alert.Event, m alert.Message) pdEvent {
	out := pdEvent{RoutingKey: p.routingKey, Action: "resolve", DedupKey: dedupKey(e.Key)}
	if e.Ends() {
		return out
	}
	m.Tenant = e.Tenant // the summary names it
	it := itemOf(e, m)
	out.Action, out.Client, out.ClientURL = "trigger", "casdoctor", e.Link
	out.Payload = &pdPayload{
		Summary: cut(report.Inert(e.Tenant)+": "+it.head+": "+it.body, pdSummary), Source: report.Inert(e.Tenant), Severity: "warning",
		Timestamp: e.At.UTC().Format(time.RFC3339), Component: e.Check, Class: string(e.Kind),
		Details: map[string]string{"sentence": it.body, "next": it.next, "message": m.ID},
	}
	if e.Is == checks.StatusFail {
		out.Payload.Severity = "critical"
	}
	return out
}

// dedupKey is the key of an event, or what stands for one that is too long.
func dedupKey(k string) string {
	if len(k) <= pdKey {
		return k
	}
	sum := sha256.Sum256([]byte(k))
	return "casdoctor/" + hex.EncodeToString(sum[:])
}
