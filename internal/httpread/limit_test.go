package httpread

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// scripted is a service: every request takes a time and gets the next answer, the last for ever.
type scripted struct {
	took  time.Duration
	slow  time.Duration // of reading the body
	steps []step

	mu     sync.Mutex
	n      int
	bodies []string
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	at := step{status: http.StatusOK}
	if len(s.steps) > 0 {
		at = s.steps[min(s.n, len(s.steps)-1)]
	}
	s.n++
	if r.Body != nil {
		sent, _ := io.ReadAll(r.Body)
		s.bodies = append(s.bodies, string(sent))
	}
	s.mu.Unlock()
	select {
	case <-time.After(s.took):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	h := http.Header{}
	for k, v := range at.header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: at.status, Header: h, Body: io.NopCloser(&slowly{strings.NewReader(at.body), s.slow})}, nil
}

type slowly struct {
	io.Reader
	delay time.Duration
}

func (s *slowly) Read(p []byte) (int, error) {
	time.Sleep(s.delay)
	s.delay = 0
	return s.Reader.Read(p)
}

// over is the transport over a scripted service; nothing else of the client is used.
func over(t *testing.T, s *scripted) *transport {
	t.Helper()
	c, err := New(microsoft("https://graph.test"))
	if err != nil {
		t.Fatal(err)
	}
	return &transport{client: c, base: s}
}

func (t *transport) do(ctx context.Context, method, url, body string) (*http.Response, error) {
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		return nil, err
	}
	resp, err := t.RoundTrip(r)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return resp, err
}

const anything = "https://graph.test/v1.0/users"

// TestFamilies: at most so many units in any period, the waits recorded and part of the chain.
func TestFamilies(t *testing.T) {
	one := Family{Name: "one", Units: 1, Per: time.Second}
	five := Family{Name: "five", Units: 5, Per: 10 * time.Second}
	for _, tt := range []struct {
		name   string
		family Family
		units  []int
		url    string
		at     []time.Duration
	}{
		{"one a second", one, []int{1, 1, 1}, anything, []time.Duration{0, time.Second, 2 * time.Second}},
		{
			"five in any ten seconds", five, []int{1, 1, 1, 1, 1, 1, 1}, anything,
			[]time.Duration{0, 0, 0, 0, 0, 10 * time.Second, 10 * time.Second},
		},
		{"units of a batch", five, []int{3, 2, 4, 1, 1}, anything, []time.Duration{0, 0, 10 * time.Second, 10 * time.Second, 20 * time.Second}},
		{"more than a period's", five, []int{9, 1}, anything, []time.Duration{0, 10 * time.Second}},
		{"no limit is documented", Family{}, []int{0, 0}, anything, []time.Duration{0, 0}},
		{"loopback", one, []int{1, 1, 1}, "https://127.0.0.1:9/v1.0/users", []time.Duration{0, 0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := over(t, &scripted{})
				tr.client.rules = append(tr.client.rules, rules(microsoft("https://127.0.0.1:9"))...)
				start := time.Now()
				for i, want := range tt.at {
					rec := &Recorder{}
					before := time.Now()
					ctx := WithChain(WithRecorder(t.Context(), rec), 0)
					if _, err := tr.do(WithFamily(ctx, tt.family, tt.units[i]), "GET", tt.url, ""); err != nil {
						t.Fatal(err)
					}
					waited := time.Since(before)
					got := rec.Requests()[0]
					if time.Since(start) != want || got.Waited != waited || ChainLength(ctx) != waited || got.Family != tt.family.Name {
						t.Errorf("request %d after %v, want %v; recorded %+v, chain %v", i, time.Since(start), want, got, ChainLength(ctx))
					}
				}
			})
		})
	}
}

// Calls that wait at once are let through one by one, and one whose turn comes after its
// deadline does not take it.
func TestAFamilyInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := over(t, &scripted{})
		ctx := WithFamily(t.Context(), Family{Name: "one", Units: 1, Per: time.Second}, 1)
		start := time.Now()
		var g sync.WaitGroup
		for range 3 {
			g.Go(func() {
				if _, err := tr.do(ctx, "GET", anything, ""); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := tr.do(short, "GET", anything, "")
		if f := Classify(err); f == nil || f.Kind != facts.Throttled || time.Since(start) != 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		g.Wait()
		if _, err := tr.do(ctx, "GET", anything, ""); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v, want the fourth turn", err, time.Since(start))
		}
	})
}

// What one call of a family was told holds for the others.
func TestAFamilyRestsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := over(t, &scripted{steps: []step{{status: 429, header: map[string]string{"Retry-After": "30"}}, {status: 200}}})
		ctx := WithFamily(t.Context(), Family{Name: "many", Units: 100, Per: time.Second}, 1)
		start := time.Now()
		var g sync.WaitGroup
		g.Go(func() { _, _ = tr.do(ctx, "GET", anything, "") })
		synctest.Wait()
		if _, err := tr.do(ctx, "GET", anything, ""); err != nil || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %v, want 30 s", err, time.Since(start))
		}
		g.Wait()
	})
}

func TestPauses(t *testing.T) {
	// The bubble's clock begins at this moment.
	const begin, later = "Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:20 GMT"
	after := func(status int, pairs ...string) step {
		s := step{status: status, header: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			s.header[pairs[i]] = pairs[i+1]
		}
		return s
	}
	ok := step{status: 200}
	for _, tt := range []struct {
		name     string
		steps    []step
		deadline time.Duration
		status   int
		took     time.Duration
	}{
		{"seconds", []step{after(429, "Retry-After", "20"), ok}, time.Minute, 200, 20 * time.Second},
		{"a date", []step{after(429, "Retry-After", later), ok}, time.Minute, 200, 20 * time.Second},
		{"a date of a service whose clock is an hour ahead", []step{
			after(429, "Retry-After", "Sat, 01 Jan 2000 01:00:20 GMT", "Date", "Sat, 01 Jan 2000 01:00:00 GMT"), ok,
		}, time.Minute, 200, 20 * time.Second},
		{"a date that is past", []step{after(429, "Retry-After", begin, "Date", later), ok}, time.Minute, 200, 0},
		{"no header: 1, 2 and 4 seconds", []step{{status: 429}}, time.Minute, 429, 7 * time.Second},
		{"nonsense", []step{after(503, "Retry-After", "-5"), ok}, time.Minute, 200, time.Second},
		{"beyond the deadline", []step{after(429, "Retry-After", "60")}, time.Minute, 429, 0},
		{"absurd", []step{after(429, "Retry-After", "99999999999999999999999")}, time.Minute, 429, 0},
		{"an absurd date", []step{after(429, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")}, time.Minute, 429, 0},
		{"without a deadline", []step{after(429, "Retry-After", "600")}, 0, 429, 0},
		// SDK pitfall: its client's timeout of 100 s covers all tries, and hides the 429.
		{"longer than the SDK's own timeout", []step{after(429, "Retry-After", "150"), ok}, 5 * time.Minute, 200, 150 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := WithChain(t.Context(), 0)
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				tr := over(t, &scripted{steps: tt.steps})
				rec := &Recorder{}
				start := time.Now()
				c := *tr.client.http
				c.Transport = tr
				r, err := http.NewRequestWithContext(WithRecorder(ctx, rec), http.MethodGet, anything, nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := c.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				var paused time.Duration
				for _, q := range rec.Requests() {
					paused += q.Paused
				}
				if took := time.Since(start); resp.StatusCode != tt.status || took != tt.took || paused != took || ChainLength(ctx) != took {
					t.Errorf("%d after %v, want %d after %v; paused %v, chain %v",
						resp.StatusCode, took, tt.status, tt.took, paused, ChainLength(ctx))
				}
			})
		})
	}
}

// A read that was told to come back, and then had no time left, was throttled: the deadline
// must not hide it.
func TestTheDeadlineDoesNotHideARefusal(t *testing.T) {
	for status, want := range map[int]facts.Kind{429: facts.Throttled, 503: facts.Unavailable} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			tr := over(t, &scripted{took: 10 * time.Second, steps: []step{{status: status, header: map[string]string{"Retry-After": "10"}}}})
			_, err := tr.do(ctx, "GET", anything, "")
			if f := Classify(err); f == nil || f.Kind != want || f.Status != status {
				t.Errorf("%d: %v", status, err)
			}
		})
	}
}

// Graph's two POSTs that only ask are sent again, with their bodies. What makes an entry in
// somebody's log is sent once.
func TestWhichPostsAreSentAgain(t *testing.T) {
	const batch = `{"requests":[{"id":"1","method":"GET","url":"/users/1"}]}`
	for url, tt := range map[string]struct {
		body  string
		tries int
	}{
		"https://graph.test/v1.0/$batch":                              {batch, 2},
		"https://graph.test/v1.0/identity/conditionalAccess/evaluate": {"{}", 2},
		"https://login.test/" + tenant + "/oauth2/v2.0/token":         {"grant_type=client_credentials", 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{steps: []step{{status: 503}, {status: 200}}}
			if _, err := over(t, s).do(t.Context(), "POST", url, tt.body); err != nil {
				t.Fatal(err)
			}
			if len(s.bodies) != tt.tries || s.bodies[tt.tries-1] != tt.body {
				t.Errorf("%s: sent %q, want %d times", url, s.bodies, tt.tries)
			}
		})
	}
}

// The chain has the time of the calls and of reading their answers, and not the wait for one
// of the slots of a host.
func TestTheChainOfARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{took: 2 * time.Second, slow: time.Second, steps: []step{{status: 200, body: "{}"}}}
		tr := over(t, s)
		ctx := WithChain(t.Context(), time.Minute)
		if _, err := tr.do(ctx, "GET", anything, ""); err != nil || ChainLength(ctx) != time.Minute+3*time.Second {
			t.Errorf("%v, chain %v, want 1m3s", err, ChainLength(ctx))
		}
		start := time.Now()
		var g sync.WaitGroup
		var longest atomic.Int64
		for range maxInFlight + 1 {
			g.Go(func() {
				branch := Branch(ctx)
				if _, err := tr.do(branch, "GET", anything, ""); err != nil {
					t.Error(err)
				}
				for n, old := int64(ChainLength(branch)), longest.Load(); n > old && !longest.CompareAndSwap(old, n); old = longest.Load() {
				}
			})
		}
		g.Wait()
		if took := time.Since(start); took != 5*time.Second || time.Duration(longest.Load()) != time.Minute+6*time.Second {
			t.Errorf("%d requests took %v, chain %v; want 5 s (one waited for a slot), 1m6s", maxInFlight+1, took, time.Duration(longest.Load()))
		}
	})
}

// First come, first served: a small request does not overtake a large one that waits.
func TestNobodyOvertakes(t *testing.T) {
	l := &limiter{family: Family{Units: 5, Per: 10 * time.Second}}
	now := time.Now()
	for i, tt := range []struct {
		units int
		after time.Duration
	}{{3, 0}, {4, 10 * time.Second}, {1, 10 * time.Second}, {1, 20 * time.Second}} {
		if at, ok := l.reserve(t.Context(), now, tt.units); !ok || at.Sub(now) != tt.after {
			t.Errorf("request %d of %d units after %v, %v; want %v", i, tt.units, at.Sub(now), ok, tt.after)
		}
	}
}
