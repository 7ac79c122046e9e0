package httpread

import (
	"context"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Family is the calls that a service counts together: so many units in any period of that
// length, for one tenant. The zero value is a family that no run could meet the limit of.
type Family struct {
	Name  string
	Units int
	Per   time.Duration
}

type familyKey struct{}

type share struct {
	Family
	units int
}

// WithFamily makes every try of the requests of this context wait until the family allows
// so many units more, except towards loopback, where no service counts.
func WithFamily(ctx context.Context, f Family, units int) context.Context {
	return context.WithValue(ctx, familyKey{}, share{f, units})
}

// limit waits for the family of the context and fills in its name.
func (t *transport) limit(ctx context.Context, u *url.URL, q *facts.Request) (time.Duration, error) {
	s, _ := ctx.Value(familyKey{}).(share)
	q.Family = s.Name
	l := t.limiter(s, u)
	if l == nil {
		return 0, nil
	}
	start := time.Now()
	at, ok := l.reserve(ctx, start, s.units)
	if !ok {
		return 0, &facts.Failure{Kind: facts.Throttled, Detail: "the deadline comes before this tenant's rate limit lets the request go"}
	}
	if wait := at.Sub(start); wait > 0 {
		if err := Pause(ctx, wait); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// rest keeps the whole family quiet after one of its calls was told to be.
func (t *transport) rest(ctx context.Context, u *url.URL, d time.Duration) {
	s, _ := ctx.Value(familyKey{}).(share)
	if l := t.limiter(s, u); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if until := time.Now().Add(d); until.After(l.notBefore) {
			l.notBefore = until
		}
	}
}

// limiter is the limiter of a family, nil where there is none. All probes of a run share it,
// because the services count per tenant.
func (t *transport) limiter(s share, u *url.URL) *limiter {
	if s.Units == 0 || loopback(u.Hostname()) {
		return nil
	}
	c := t.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limiters[s.Name] == nil {
		c.limiters[s.Name] = &limiter{family: s.Family}
	}
	return c.limiters[s.Name]
}

// limiter keeps the times of what was let through. A token bucket would not do: one that
// never lets through more than five in any ten seconds lets through fewer than five at once.
type limiter struct {
	family Family

	mu        sync.Mutex
	granted   []grant // of the last period, and those to come; in order
	notBefore time.Time
}

type grant struct {
	at    time.Time
	units int
}

// reserve finds the first moment at which the family allows the units, and takes it. It is
// false when the context ends before.
func (l *limiter) reserve(ctx context.Context, now time.Time, units int) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	units = min(units, l.family.Units) // more than a period's would wait for ever
	at := now
	if l.notBefore.After(at) {
		at = l.notBefore
	}
	sum := 0
	for _, g := range l.granted {
		sum += g.units
		if g.at.After(at) {
			at = g.at // first come, first served
		}
	}
	gone := 0
	for _, g := range l.granted {
		if end := g.at.Add(l.family.Per); !end.After(at) {
			sum, gone = sum-g.units, gone+1
		} else if sum+units > l.family.Units {
			at, sum, gone = end, sum-g.units, gone+1
		} else {
			break
		}
	}
	if at.After(now) && TooLong(ctx, at.Sub(now)) {
		return time.Time{}, false
	}
	// What no longer counts at that moment counts for nobody: later calls are let through later.
	l.granted = append(l.granted[gone:], grant{at, units})
	return at, true
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
