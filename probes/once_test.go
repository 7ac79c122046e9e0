package probes

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

func TestOnceBuildsOneValueForARun(t *testing.T) {
	var built atomic.Int32
	shared := func(_ context.Context, env *Env) (thing, error) {
		n, err := Once(env, "test.value", func() (*int, error) {
			made := int(built.Add(1))
			return &made, nil
		})
		return thing{n}, err
	}
	for run := 1; run <= 2; run++ {
		ev := collect(t.Context(), probe("a", shared), probe("b", shared), probe("c", shared, "a"))
		for _, name := range []string{"a", "b", "c"} {
			seen := facts.Get(ev, facts.Key[thing]{Name: name})
			if seen.Value == nil || *seen.Value.N != run {
				t.Errorf("run %d, %s: %+v, want the value number %d", run, name, seen, run)
			}
		}
	}
	if built.Load() != 2 {
		t.Errorf("built %d times in two runs", built.Load())
	}
}

func TestOnceGivesEveryCallerTheSameError(t *testing.T) {
	failing := func(_ context.Context, env *Env) (thing, error) {
		_, err := Once(env, "test.value", func() (*int, error) {
			return nil, &facts.Failure{Kind: facts.Unauthenticated}
		})
		return thing{}, err
	}
	ev := collect(t.Context(), probe("a", failing), probe("b", failing))
	for _, name := range []string{"a", "b"} {
		if kindOf(ev, name) != facts.Unauthenticated {
			t.Errorf("%s: %+v", name, ev.Facts[name].Failure)
		}
	}
}

func TestOnceRefusesASecondTypeUnderTheSameName(t *testing.T) {
	collect(t.Context(), probe("a", func(_ context.Context, env *Env) (thing, error) {
		if _, err := Once(env, "test.value", func() (int, error) { return 1, nil }); err != nil {
			t.Error(err)
		}
		_, err := Once(env, "test.value", func() (string, error) { return "", nil })
		var f *facts.Failure
		if !errors.As(err, &f) || f.Kind != facts.Internal {
			t.Errorf("err = %v, want an internal failure", err)
		}
		return thing{}, nil
	}))
}
