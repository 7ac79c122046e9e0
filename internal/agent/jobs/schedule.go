package jobs

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own

	"github.com/casdoctor/casdoctor/config"
)

// Schedule says when a tenant is due, and how far the tenants may be spread after that.
type Schedule struct {
	Times  config.Schedule
	Zone   *time.Location
	Jitter time.Duration
}

// next is the first time of the schedule after t.
func (s Schedule) next(t time.Time) time.Time { return s.Times.Next(t, s.Zone).UTC() }

// latest is the last time of the schedule that is not after t, looking back to since at most;
// since itself when there is none.
func (s Schedule) latest(t, since time.Time) time.Time {
	from := since
	// Far enough back to find one, and no further: after a year of rest nobody counts minutes.
	for back := time.Minute; t.Add(-back).After(since); back *= 2 {
		if !s.next(t.Add(-back)).After(t) {
			from = t.Add(-back)
			break
		}
	}
	found := since
	for n := s.next(from); !n.After(t); n = s.next(n) {
		found = n
	}
	return found
}

// offset is a tenant's share of the jitter: the same in every agent and after every start.
func (s Schedule) offset(tenant string) time.Duration {
	if s.Jitter < time.Second {
		return 0
	}
	// A hash that mixes well: names often differ in their last digit only.
	h := sha256.Sum256([]byte(tenant))
	return time.Duration(binary.BigEndian.Uint32(h[:])) * time.Second % s.Jitter.Truncate(time.Second)
}
