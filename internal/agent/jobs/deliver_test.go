package jobs

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/store/storetest"
)

// atOnce lets the messages that wait be sent now.
func atOnce(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE river_job SET state = 'available', scheduled_at = created_at WHERE kind = 'deliver' AND state <> 'completed'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestAfterTheQuietHours: of the messages that were held back one is made, whichever of their
// jobs comes first. Where none can be made, each is sent.
func TestAfterTheQuietHours(t *testing.T) {
	for name, broken := range map[string]error{"joined": nil, "one by one": errors.New("cannot be read")} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, where store.Settings) {
				s, w := storetest.Open(t, where), &world{hold: time.Now().Add(time.Hour), joins: broken}
				set := w.settings(t, "adatum", "contoso", "fabrikam")
				_, stop := work(t, s, set)
				until(t, "all have run", func() bool { return value(t, s, `SELECT COUNT(*) FROM outbox`) == 3 })
				stop()
				atOnce(t, s)
				work(t, s, set)
				want := []string{"3 held, 0 passed"}
				if broken != nil {
					want = []string{"", "", ""}
				}
				var got []string
				for range want {
					got = append(got, receive(t, w.sent).Body)
				}
				until(t, "no job is left", func() bool {
					return value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'deliver' AND state <> 'completed'`) == 0
				})
				if n := value(t, s, `SELECT COUNT(*) FROM outbox WHERE sent IS NOT NULL`); !slices.Equal(got, want) || n != int64(len(want)) || len(w.sent) != 0 {
					t.Errorf("sent %q, and %d are marked so", got, n)
				}
			})
		})
	}
}

// TestBusyChannel: what the channel asks for sets the next attempt, up to an hour.
func TestBusyChannel(t *testing.T) {
	for name, tt := range map[string]struct{ after, least, most time.Duration }{
		"longer than the back-off": {20 * time.Minute, 19 * time.Minute, 21 * time.Minute},
		"for ever":                 {100 * time.Hour, 59 * time.Minute, 61 * time.Minute},
		"shorter":                  {time.Millisecond, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, where store.Settings) {
				s, w := storetest.Open(t, where), &world{fail: &Busy{tt.after, errors.New("429")}}
				begun := time.Now()
				j, _ := work(t, s, w.settings(t, "contoso"))
				receive(t, w.sent)
				var waits Job
				until(t, "the job waits", func() bool {
					list, err := j.Queue(t.Context(), 10)
					i := slices.IndexFunc(list, func(j Job) bool { return j.Kind == "deliver" && (j.State == "scheduled" || j.State == "retryable") })
					if i >= 0 {
						waits = list[i]
					}
					return err == nil && i >= 0
				})
				if wait := waits.At.Sub(begun); wait < tt.least || wait > tt.most {
					t.Errorf("tried again after %v, want %v to %v", wait, tt.least, tt.most)
				}
				if n := value(t, s, `SELECT COUNT(*) FROM outbox WHERE attempts = 1 AND error = '429' AND given_up IS NULL`); n != 1 {
					t.Error("the attempt is not written down")
				}
			})
		})
	}
}

// TestGivenUp: after the last attempt nobody tries again, and the log, the counts and the list of
// the page say so. A wait that a channel asks for is an attempt, and so is a panic.
func TestGivenUp(t *testing.T) {
	for name, fail := range map[string]error{"down": errors.New("503"), "busy for ever": &Busy{time.Hour, errors.New("429")}, "a defect": nil} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, where store.Settings) {
				s, w, log := storetest.Open(t, where), &world{fail: errors.New("first")}, &lines{}
				set := w.settings(t, "contoso")
				_, stop := work(t, s, set)
				receive(t, w.sent)
				until(t, "it is tried once", func() bool { return value(t, s, `SELECT COUNT(*) FROM outbox WHERE attempts = 1`) == 1 })
				stop()
				if err := s.Update(t.Context(), func(tx store.Tx) error {
					_, err := tx.Exec(t.Context(), `UPDATE outbox SET attempts = $1`, deliverAttempts-1)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				atOnce(t, s)
				w.fail = fail
				set.Log = zerolog.New(log)
				if fail == nil {
					set.Sender = broken{}
				}
				j, _ := work(t, s, set)
				until(t, "it is given up", func() bool { return value(t, s, `SELECT COUNT(*) FROM outbox WHERE given_up IS NOT NULL`) == 1 })
				until(t, "the job has ended", func() bool {
					list, err := j.Queue(t.Context(), 10)
					return err == nil && !slices.ContainsFunc(list, func(j Job) bool { return j.Kind == "deliver" })
				})
				if !log.has(`"given_up":true`) || !log.has(`"level":"error"`) || !log.has("given up: nobody was told") {
					t.Errorf("the log: %s", log.b.String())
				}
				if err := s.View(t.Context(), func(tx store.Tx) error {
					list, err := store.GivenUp(t.Context(), tx, 10)
					if err != nil {
						return err
					}
					counts, err := store.MessageCounts(t.Context(), tx)
					if len(list) != 1 || list[0].Attempts != deliverAttempts || list[0].Error == "" || counts["given_up"] != 1 || counts["failing"] != 0 {
						t.Errorf("%+v, %v", list, counts)
					}
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// broken is a sender with a defect.
type broken struct{}

func (broken) Send(context.Context, store.Message) error { panic("a defect") }
