package m365

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/casdoctor/casdoctor/probes"
)

func TestTogetherKeepsTheLimit(t *testing.T) {
	for limit, want := range map[int]int32{0: 4, 1: 1, 3: 3} {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int32
			var tasks []func()
			for range 9 {
				tasks = append(tasks, func() {
					n := running.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					time.Sleep(time.Second)
					running.Add(-1)
				})
			}
			together(&probes.Env{Limits: probes.Limits{Parallel: limit}}, tasks...)
			if most.Load() != want || running.Load() != 0 {
				t.Errorf("limit %d: %d at once, %d still running", limit, most.Load(), running.Load())
			}
		})
	}
}

// A panic must reach the collector's own goroutine: in another one it ends the program.
func TestTogetherRaisesAPanicAgain(t *testing.T) {
	var done atomic.Int32
	defer func() {
		if r := recover(); r != "odd answer" || done.Load() != 2 {
			t.Errorf("recovered %v after %d other tasks", r, done.Load())
		}
	}()
	count := func() { done.Add(1) }
	together(&probes.Env{}, count, func() { panic("odd answer") }, count)
}

func TestInTimeLeavesAMargin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outer, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		inner, cancel := inTime(outer)
		defer cancel()
		start := time.Now()
		<-inner.Done()
		if took := time.Since(start); took != 54*time.Second || outer.Err() != nil || !errors.Is(inner.Err(), context.DeadlineExceeded) {
			t.Errorf("ended after %v, %v", took, inner.Err())
		}
	})
}

func TestKnownWantsAnObjectWithItsID(t *testing.T) {
	type thing struct {
		ID string `json:"id"`
	}
	decode := known(func(v thing) string { return v.ID })
	for raw, ok := range map[string]bool{
		`{"id":"a"}`: true, ` {"id":"a","more":1}`: true, `{}`: false, `{"id":""}`: false, `{"id":null}`: false,
		`{"id":1}`: false, `null`: false, `"a"`: false, `[]`: false, `{`: false, ``: false,
	} {
		if _, err := decode(json.RawMessage(raw)); (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
