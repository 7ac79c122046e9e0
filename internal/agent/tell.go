package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/checks"
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
	told, err := memoryOf(run.Tenant, memory)
	if err != nil {
		return "", nil, err
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
	send, err := rows(alert.Plan(events, d.channels, d.policy, run.ID, run.Ended))
	return string(now), send, err
}

// Join implements jobs.Alerts. A channel that is gone from the configuration keeps what it was
// to get; sending it says so.
func (d decides) Join(held, passed []store.Message) ([]store.Message, error) {
	waiting, err := messages(held)
	if err != nil {
		return nil, err
	}
	told, err := messages(passed)
	if err != nil {
		return nil, err
	}
	c := alert.Channel{Name: waiting[0].Channel, Lang: waiting[0].Lang}
	if i := slices.IndexFunc(d.channels, func(known alert.Channel) bool { return known.Name == c.Name }); i >= 0 {
		c = d.channels[i]
	}
	return rows(alert.Join(waiting, told, c, d.policy))
}

// Digest implements jobs.Alerts.
func (d decides) Digest(tenants []store.Tenant, memories map[string]string, at time.Time) ([]store.Message, error) {
	var all []alert.Standing
	for _, t := range tenants {
		told, err := memoryOf(t.Name, memories[t.Name])
		if err != nil {
			return nil, err
		}
		s := alert.Standing{Tenant: t.Name, Verdict: checks.RunVerdict(t.Verdict), Failed: t.Failure != "", Memory: told}
		if !t.GoodAt.IsZero() {
			s.Report = &t.GoodAt
		}
		all = append(all, s)
	}
	return rows(alert.Digest(all, d.channels, d.policy, at))
}

func memoryOf(tenant, memory string) (told alert.Memory, err error) {
	if memory == "" {
		return told, nil
	}
	if err := json.Unmarshal([]byte(memory), &told); err != nil {
		return told, fmt.Errorf("what was told of %s cannot be read: %w", tenant, err)
	}
	return told, nil
}

// rows are messages as the outbox has them.
func rows(list []alert.Message) (out []store.Message, err error) {
	for _, m := range list {
		body, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		out = append(out, store.Message{ID: m.ID, Tenant: m.Tenant, Channel: m.Channel, Body: string(body), NotBefore: m.NotBefore})
	}
	return out, nil
}

// messages are the rows of the outbox as package alert has them.
func messages(rows []store.Message) ([]alert.Message, error) {
	out := make([]alert.Message, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(r.Body), &out[i]); err != nil {
			return nil, fmt.Errorf("the message %s cannot be read: %w", r.ID, err)
		}
	}
	return out, nil
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
	e := (*notify.Error)(nil)
	switch {
	case !errors.As(err, &e):
		return err
	case e.Permanent:
		return fmt.Errorf("%w: %w", jobs.ErrRefused, err)
	case e.After > 0:
		return &jobs.Busy{After: e.After, Err: err}
	}
	return err
}
