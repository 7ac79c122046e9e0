package probes

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

type thing struct {
	N *int `json:"n,omitempty"`
}

func probe(name string, collect func(context.Context, *Env) (thing, error), needs ...string) Probe {
	return New(facts.Key[thing]{Name: name}, Probe{Timeout: time.Minute, Needs: needs}, collect)
}

func number(n int) func(context.Context, *Env) (thing, error) {
	return func(context.Context, *Env) (thing, error) { return thing{&n}, nil }
}

func collect(ctx context.Context, list ...Probe) *facts.Evidence {
	env := &Env{Config: &config.Config{Tenant: "contoso"}, Now: time.Now, Log: zerolog.Nop()}
	return Collect(ctx, env, list, nil)
}

func kindOf(ev *facts.Evidence, name string) facts.Kind {
	if f := ev.Facts[name].Failure; f != nil {
		return f.Kind
	}
	return ""
}

func TestCollectRunsWhatDoesNotDependInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context, *Env) (thing, error) {
			time.Sleep(10 * time.Second)
			return thing{}, nil
		}
		start := time.Now()
		ev := collect(t.Context(), probe("a", slow), probe("b", slow), probe("c", slow, "a"))
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("took %v, want the 20 s of a and then c", took)
		}
		for _, n := range []string{"a", "b", "c"} {
			if ev.Facts[n].Failure != nil || ev.Facts[n].Took != 10*time.Second {
				t.Errorf("%s: %+v", n, ev.Facts[n])
			}
		}
	})
}

func TestCollectGivesAProbeTheFactsItNeeds(t *testing.T) {
	key := facts.Key[thing]{Name: "first"}
	second := func(_ context.Context, env *Env) (thing, error) {
		v := Fact(env, key)
		if v.Value == nil {
			return thing{}, errors.New("not there")
		}
		n := *v.Value.N + 1
		return thing{&n}, nil
	}
	ev := collect(t.Context(), probe("second", second, "first"), probe("first", number(41)))
	if got := string(ev.Facts["second"].Value); got != `{"n":42}` {
		t.Errorf("got %s, %v", got, ev.Facts["second"].Failure)
	}
}

// TestDeadlineHolds: a probe that ignores its context still ends at its deadline, and the run
// does not wait for it.
func TestDeadlineHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := func(context.Context, *Env) (thing, error) {
			<-release
			return thing{}, nil
		}
		start := time.Now()
		ev := collect(t.Context(), probe("deaf", deaf), probe("fine", number(1)))
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v, want the deadline of a minute", took)
		}
		if kindOf(ev, "deaf") != facts.Timeout || kindOf(ev, "fine") != "" {
			t.Errorf("deaf %v, fine %v", ev.Facts["deaf"].Failure, ev.Facts["fine"].Failure)
		}
		close(release) // the bubble ends only when no goroutine is left
	})
}

func TestInterruptEndsTheRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		deaf := func(context.Context, *Env) (thing, error) {
			cancel()
			<-release
			return thing{}, nil
		}
		start := time.Now()
		ev := collect(ctx, probe("deaf", deaf), probe("later", number(1), "deaf"))
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v after the interrupt", took)
		}
		if kindOf(ev, "deaf") != facts.Cancelled {
			t.Errorf("deaf: %v", ev.Facts["deaf"].Failure)
		}
		close(release)
	})
}

func TestPanicBecomesAFailure(t *testing.T) {
	broken := func(context.Context, *Env) (thing, error) { panic("secret-from-a-response") }
	ev := collect(t.Context(), probe("broken", broken))
	f := ev.Facts["broken"].Failure
	if f == nil || f.Kind != facts.Internal {
		t.Fatalf("got %v", f)
	}
	if want := "the probe panicked (string)"; f.Detail != want {
		t.Errorf("detail %q, want %q: the panic's text may come from a response", f.Detail, want)
	}
}

func TestErrorsAreClassified(t *testing.T) {
	forbidden := &facts.Failure{Kind: facts.Forbidden, Status: 403, Permission: "Policy.Read.All"}
	ev := collect(t.Context(),
		probe("classified", func(context.Context, *Env) (thing, error) {
			return thing{}, errors.Join(errors.New("policies"), forbidden)
		}),
		probe("plain", func(context.Context, *Env) (thing, error) { return thing{}, errors.New("token=abc") }))
	if diff := cmp.Diff(forbidden, ev.Facts["classified"].Failure); diff != "" {
		t.Error(diff)
	}
	if f := ev.Facts["plain"].Failure; f == nil || f.Kind != facts.Internal || ev.Facts["plain"].Value != nil {
		t.Errorf("an unknown error must not look like a value: %+v", ev.Facts["plain"])
	}
	raw, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(raw); strings.Contains(s, "abc") {
		t.Errorf("the text of an unknown error reached the evidence: %s", s)
	}
}

// TestIdentityFirst: until it is shown whose tenant it is, nothing is asked and nothing taken.
func TestIdentityFirst(t *testing.T) {
	for _, tt := range []struct {
		name string
		why  *facts.Failure
		want facts.Kind
	}{
		{"another tenant", &facts.Failure{Kind: facts.WrongIdentity, Detail: "the tenant is another"}, facts.WrongIdentity},
		{"no permission", &facts.Failure{Kind: facts.Forbidden, Permission: "Organization.Read.All"}, facts.Forbidden},
		{"the right one", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			identity := probe("tenant", func(context.Context, *Env) (thing, error) {
				if tt.why != nil {
					return thing{}, tt.why
				}
				return thing{}, nil
			})
			identity.Identity = true
			asked := false
			ev := collect(t.Context(), identity, probe("accounts", func(context.Context, *Env) (thing, error) {
				asked = true
				return thing{}, nil
			}, "tenant"))
			if kindOf(ev, "accounts") != tt.want || asked != (tt.want == "") {
				t.Errorf("accounts: %v, asked: %v", ev.Facts["accounts"].Failure, asked)
			}
			if tt.want == facts.Forbidden && ev.Facts["accounts"].Failure.Permission != "Organization.Read.All" {
				t.Error("the permission that settles it is lost")
			}
		})
	}
}

// call is a call of that length, as the transport accounts for it.
func call(ctx context.Context, d time.Duration) {
	time.Sleep(d)
	httpread.Waited(ctx, d)
	httpread.Record(ctx, facts.Request{Took: d})
}

// TestPath: a fact's path goes on from the longest of those that it needs. What makes no
// requests, and what never ended, was waited for as a whole.
func TestPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := func(d time.Duration) func(context.Context, *Env) (thing, error) {
			return func(ctx context.Context, _ *Env) (thing, error) {
				time.Sleep(time.Hour / 100) // casdoctor's own work
				call(ctx, d)
				return thing{}, nil
			}
		}
		hung := probe("hung", func(ctx context.Context, _ *Env) (thing, error) {
			call(ctx, time.Second)
			<-ctx.Done()
			return thing{}, ctx.Err()
		}, "b")
		list := []Probe{
			probe("a", calls(2*time.Second)), probe("b", calls(5*time.Second)), probe("c", calls(time.Second), "a", "b"),
			probe("dns", func(context.Context, *Env) (thing, error) {
				time.Sleep(3 * time.Second)
				return thing{}, nil
			}, "c"),
			hung,
		}
		ev := collect(t.Context(), list...)
		for name, want := range map[string]time.Duration{
			"a": 2 * time.Second, "b": 5 * time.Second, "c": 6 * time.Second, "dns": 9 * time.Second,
			"hung": 5*time.Second + time.Minute,
		} {
			if got := ev.Facts[name].Path; got != want {
				t.Errorf("%s: path %v, want %v", name, got, want)
			}
		}
	})
}

// TestIdentified: who needs the identity only does not wait for what else its probe looks
// at; who reads the fact does, and has that in its path.
func TestIdentified(t *testing.T) {
	key := facts.Key[thing]{Name: "tenant"}
	synctest.Test(t, func(t *testing.T) {
		identity := probe("tenant", func(ctx context.Context, env *Env) (thing, error) {
			call(ctx, time.Second)
			Identified(ctx, env)
			call(ctx, 5*time.Second)
			return number(41)(ctx, env)
		})
		identity.Identity = true
		start := time.Now()
		var begun time.Duration
		ev := collect(t.Context(), identity,
			probe("accounts", func(ctx context.Context, _ *Env) (thing, error) {
				begun = time.Since(start)
				call(ctx, time.Second)
				return thing{}, nil
			}, "tenant"),
			probe("domains", func(ctx context.Context, env *Env) (thing, error) {
				seen := Fact(env, key)
				if seen.Value == nil || *seen.Value.N != 41 {
					t.Errorf("the fact is %v, %v", seen.Value, seen.Failure)
				}
				call(ctx, time.Second)
				return thing{}, nil
			}, "tenant"))
		if begun != time.Second || ev.Facts["accounts"].Path != 2*time.Second || ev.Facts["domains"].Path != 7*time.Second {
			t.Errorf("accounts began after %v, path %v; domains: path %v", begun, ev.Facts["accounts"].Path, ev.Facts["domains"].Path)
		}
	})
}

// TestAfter: a probe waits for what it may use, and its failure does not keep it from looking.
func TestAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		identity := probe("tenant", func(context.Context, *Env) (thing, error) {
			time.Sleep(time.Second)
			return thing{}, &facts.Failure{Kind: facts.Forbidden}
		})
		identity.Identity = true
		late := probe("dns", func(_ context.Context, env *Env) (thing, error) {
			if why := Fact(env, facts.Key[thing]{Name: "tenant"}).Why(); why == nil || why.Kind != facts.Forbidden {
				t.Errorf("it did not wait: %v", why)
			}
			return thing{}, nil
		})
		late.After = []string{"tenant", "nobody makes it"}
		if ev := collect(t.Context(), late, identity); ev.Facts["dns"].Failure != nil {
			t.Errorf("it was not asked: %v", ev.Facts["dns"].Failure)
		}
	})
}

func TestSelect(t *testing.T) {
	list := []Probe{
		{Fact: "declared.run"},
		{Fact: "m365.tenant", Section: "microsoft365"},
		{Fact: "m365.accounts", Section: "microsoft365", Needs: []string{"m365.tenant"}},
		{Fact: "console.endpoint", Section: "cas", After: []string{"m365.traces"}},
		{Fact: "m365.traces", Section: "microsoft365"},
	}
	var got []string
	for _, p := range Select(list, []string{"declared.run", "m365.accounts", "console.endpoint"}, []string{"microsoft365"}) {
		got = append(got, p.Fact)
	}
	if diff := cmp.Diff([]string{"declared.run", "m365.tenant", "m365.accounts"}, got); diff != "" {
		t.Error(diff)
	}
}
