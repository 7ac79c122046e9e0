package jobs

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own

	"github.com/robfig/cron/v3"
)

// Schedule says when a tenant is due: a cron expression in a time zone, and how far the
// tenants may be spread after that.
type Schedule struct {
	Expression string
	TimeZone   string // IANA name; "": UTC
	Jitter     time.Duration

	times cron.Schedule
	zone  *time.Location
}

// ParseSchedule reads "minute hour day-of-month month day-of-week", or @hourly and the like.
func ParseSchedule(expression, zone string, jitter time.Duration) (Schedule, error) {
	s := Schedule{Expression: expression, TimeZone: zone, Jitter: jitter}
	if strings.HasPrefix(expression, "@every") {
		return s, errors.New("@every counts from whenever the agent was started: write */30 * * * * for every half hour")
	}
	if strings.Contains(expression, "TZ=") {
		return s, errors.New("the time zone has a member of its own: time_zone")
	}
	if jitter < 0 {
		return s, errors.New("a jitter is not less than 0")
	}
	var err error
	if s.zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
		return s, fmt.Errorf("%q is no time zone: write one such as Asia/Tokyo or UTC", zone)
	}
	if s.times, err = cron.ParseStandard(expression); err != nil {
		return s, fmt.Errorf("%q is no schedule: write minute, hour, day, month and weekday, such as 0 6 * * *: %w", expression, err)
	}
	if s.next(time.Unix(0, 0)).IsZero() {
		return s, fmt.Errorf("%q never comes", expression)
	}
	return s, nil
}

// next is the first time of the schedule after t.
func (s Schedule) next(t time.Time) time.Time {
	n := s.times.Next(t.In(s.zone))
	if n.IsZero() {
		return n
	}
	return n.UTC()
}

// latest is the last time of the schedule that is not after t, looking back to since at most;
// since itself when there is none.
func (s Schedule) latest(t, since time.Time) time.Time {
	from := since
	// Far enough back to find one, and no further: after a year of rest nobody counts minutes.
	for back := time.Minute; t.Add(-back).After(since); back *= 2 {
		if n := s.next(t.Add(-back)); !n.IsZero() && !n.After(t) {
			from = t.Add(-back)
			break
		}
	}
	found := since
	for n := s.next(from); !n.IsZero() && !n.After(t); n = s.next(n) {
		found = n
	}
	return found
}

// offset is a tenant's share of the jitter: the same in every agent and after every start.
func (s Schedule) offset(tenant string) time.Duration {
	if s.Jitter < time.Second {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(tenant))
	return time.Duration(h.Sum64()%uint64(s.Jitter/time.Second)) * time.Second
}
