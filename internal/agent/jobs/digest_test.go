package jobs

import (
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/agent/store/storetest"
)

// TestDigestIsDue drives the clock through days, as TestSweep does for tenants.
func TestDigestIsDue(t *testing.T) {
	for name, steps := range map[string][]struct {
		at       string
		schedule string // of settings that are applied at this time; "": as before
		digest   string // that is queued; "": none
		next     string // "": never
	}{
		"the weeks go by": {
			{at: "11-20 06:00", schedule: "0 8 * * MON", next: "11-23 08:00"}, // new: at its time
			{at: "11-23 07:59", next: "11-23 08:00"},
			{at: "11-23 08:03", digest: "11-23 08:00", next: "11-30 08:00"},
			{at: "11-23 08:04", next: "11-30 08:00"},
		},
		"missed ones are caught up once, with the latest": {
			{at: "11-20 06:00", schedule: "0 8 * * *", next: "11-20 08:00"},
			{at: "11-24 07:00", schedule: "0 8 * * *", digest: "11-23 08:00", next: "11-24 08:00"}, // after a restart
			{at: "11-24 07:01", next: "11-24 08:00"},
		},
		"the clock goes back": {
			{at: "11-20 09:00", schedule: "0 8 * * *", next: "11-21 08:00"},
			{at: "11-21 08:00", digest: "11-21 08:00", next: "11-22 08:00"},
			{at: "11-20 07:00", next: "11-20 08:00"},
			{at: "11-20 08:00", digest: "11-20 08:00", next: "11-21 08:00"},
			{at: "11-21 08:00", next: "11-22 08:00"}, // that time has its digest
		},
		"another schedule counts from now on": {
			{at: "11-20 06:00", schedule: "0 8 * * *", next: "11-20 08:00"},
			{at: "11-20 07:00", schedule: "0 9 * * *", next: "11-20 09:00"},
			{at: "11-20 07:30", schedule: "never"},
			{at: "11-20 10:00"},
			{at: "11-20 10:30", schedule: "0 9 * * *", next: "11-21 09:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, where store.Settings) {
				s, w, c := storetest.Open(t, where), &world{}, &clock{}
				set := w.settings(t)
				set.Now = c.now
				var j *Jobs
				seen := 0
				for _, step := range steps {
					at, err := time.Parse("2006-01-02 15:04", "2026-"+step.at)
					if err != nil {
						t.Fatal(err)
					}
					c.set(at)
					switch step.schedule {
					case "":
					case "never":
						set.Digest = Schedule{}
						j = begin(t, s, set)
					default:
						set.Digest = schedule(t, step.schedule, "UTC", 0)
						j = begin(t, s, set)
					}
					next, err := j.Sweep(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					got := ""
					if !next.IsZero() {
						got = next.Format("01-02 15:04")
					}
					if got != step.next {
						t.Errorf("at %s: next at %q, want %q", step.at, got, step.next)
					}
					list, err := j.Queue(t.Context(), 100)
					if err != nil {
						t.Fatal(err)
					}
					var digests []string
					for _, job := range list {
						if job.Kind == "digest" {
							digests = append(digests, job.At.Format("01-02 15:04"))
						}
					}
					if step.digest != "" {
						seen++
					}
					if len(digests) != seen {
						t.Fatalf("at %s: %d digests, want %d", step.at, len(digests), seen)
					}
					if step.digest != "" {
						n := value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'digest' AND CAST(args AS TEXT) LIKE $1`, "%2026-"+step.digest[:5]+"T"+step.digest[6:]+"%")
						if n != 1 {
							t.Errorf("at %s: %d digests of %s", step.at, n, step.digest)
						}
					}
				}
			})
		})
	}
}

// TestDigest: what is remembered of all tenants becomes one message, in one transaction with the
// end of the job, and two agents that ask for the same digest get one.
func TestDigest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, where store.Settings) {
		s, w := storetest.Open(t, where), &world{}
		set := w.settings(t, "contoso", "fabrikam")
		set.Digest = schedule(t, "0 8 * * *", "UTC", 0)
		_, stop := work(t, s, set)
		receive(t, w.sent)
		receive(t, w.sent)
		until(t, "both are sent", func() bool { return value(t, s, `SELECT COUNT(*) FROM outbox WHERE sent IS NOT NULL`) == 2 })
		stop()
		at := time.Now().UTC().Truncate(24 * time.Hour).Add(-16 * time.Hour) // yesterday at eight
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE schedules SET next_due = $1`, at.UnixMilli())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		begun := time.Now().UTC()
		work(t, s, set)
		work(t, s, set)
		m := receive(t, w.sent)
		latest := at
		if eight := at.AddDate(0, 0, 1); !eight.After(begun) {
			latest = eight
		}
		if want := latest.Format(time.RFC3339) + " contoso:not_ready:1 fabrikam:not_ready:1"; m.Channel != "weekly" || m.Body != want {
			t.Errorf("%+v, want %q", m, want)
		}
		until(t, "the job has ended", func() bool {
			return value(t, s, `SELECT COUNT(*) FROM river_job WHERE kind = 'digest' AND state = 'completed'`) == 1
		})
		if n := value(t, s, `SELECT COUNT(*) FROM outbox WHERE channel = 'weekly'`); n != 1 {
			t.Errorf("%d digests", n)
		}
	})
}
