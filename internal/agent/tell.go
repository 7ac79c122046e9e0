package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/notify"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Tell lets package alert decide what is told of a run, and package notify send it.
func Tell(cfg *config.Agent) (jobs.Alerts, jobs.Sender, error) {
	out, err := notify.New(cfg.Alerts.Channels, cfg.Network, time.Now)
	if err != nil {
		return nil, nil, err
	}
	return decides{alert.PolicyOf(cfg.Alerts), alert.ChannelsOf(cfg.Alerts)}, sends{out}, nil
}

// decides is package alert, between the rows and documents of the memory.
type decides struct {
	policy   alert.Policy
	channels []alert.Channel
}

// After implements jobs.Alerts.
func (d decides) After(memory string, run store.Run, o jobs.Outcome) (string, []store.Message, error) {
	var told alert.Memory
	if memory != "" {
		if err := json.Unmarshal([]byte(memory), &told); err != nil {
			return "", nil, fmt.Errorf("what was told of %s cannot be read: %w", run.Tenant, err)
		}
	}
	var events []alert.Event
	if run.Verdict == "" {
		told, events = alert.Failed(told, run.Tenant, run.Ended, whyFailed(o.Failure), d.policy)
	} else {
		r, err := report.Read(bytes.NewReader(o.Report))
		if err != nil {
			return "", nil, err
		}
		ev, err := facts.Decode(o.Evidence)
		if err != nil {
			return "", nil, err
		}
		told, events = alert.Changes(told, r, alert.Expiries(ev), d.policy)
	}
	now, err := json.Marshal(told)
	if err != nil {
		return "", nil, err
	}
	var send []store.Message
	for _, m := range alert.Plan(events, d.channels, d.policy, run.Ended) {
		body, err := json.Marshal(m)
		if err != nil {
			return "", nil, err
		}
		send = append(send, store.Message{ID: m.ID, Tenant: run.Tenant, Channel: m.Channel, Body: string(body), NotBefore: m.NotBefore})
	}
	return string(now), send, nil
}

func whyFailed(err error) alert.Failure {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return alert.TookTooLong
	case errors.Is(err, jobs.ErrInside):
		return alert.Crashed
	default: // what keeps a look from beginning stands in the configuration, or in what it names
		return alert.Misconfigured
	}
}

// sends is package notify, from the rows of the outbox.
type sends struct{ to *notify.Sender }

// Send implements jobs.Sender.
func (s sends) Send(ctx context.Context, m store.Message) error {
	var msg alert.Message
	if err := json.Unmarshal([]byte(m.Body), &msg); err != nil {
		return fmt.Errorf("%w: it cannot be read: %w", jobs.ErrRefused, err)
	}
	err := s.to.Send(ctx, msg)
	if e := (*notify.Error)(nil); errors.As(err, &e) && e.Permanent {
		return fmt.Errorf("%w: %w", jobs.ErrRefused, err)
	}
	return err
}
