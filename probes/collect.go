package probes

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Event tells that a probe has begun or ended, for a progress display.
type Event struct {
	Fact    string
	Done    bool
	Failure *facts.Failure
	Took    time.Duration
}

// Collect runs the probes and returns the evidence: one fact for each of them, whatever
// happens. A probe starts when the facts that it needs are there; all others run beside it.
// When ctx ends, what is not finished becomes Cancelled and Collect returns at once, even if
// a probe ignores its context. progress may be nil; it is called from several goroutines.
func Collect(ctx context.Context, env *Env, list []Probe, progress func(Event)) *facts.Evidence {
	if progress == nil {
		progress = func(Event) {}
	}
	s := &store{facts: map[string]facts.Fact{}, shared: map[string]func() (any, error){}}
	e := *env
	e.evidence = s
	taken := env.Now().UTC()

	done := make(map[string]chan struct{}, len(list))
	byFact := make(map[string]Probe, len(list))
	for _, p := range list {
		done[p.Fact] = make(chan struct{})
		byFact[p.Fact] = p
	}
	var wg sync.WaitGroup
	for _, p := range list {
		wg.Go(func() {
			defer close(done[p.Fact])
			for _, need := range slices.Concat(p.Needs, p.After) {
				if ch, ok := done[need]; ok {
					<-ch
				}
			}
			progress(Event{Fact: p.Fact})
			f := run(ctx, &e, p, byFact)
			s.put(p.Fact, f)
			progress(Event{Fact: p.Fact, Done: true, Failure: f.Failure, Took: f.Took})
		})
	}
	wg.Wait()
	return &facts.Evidence{Schema: facts.Schema, Taken: taken, Tenant: env.Config.Tenant, Facts: s.all()}
}

// run makes one fact. It returns at the probe's deadline or when ctx ends, whatever the
// probe does.
func run(ctx context.Context, env *Env, p Probe, byFact map[string]Probe) facts.Fact {
	start := env.Now()
	fact := facts.Fact{Source: p.source, Taken: start.UTC()}
	if f := notAsked(env.evidence, p, byFact); f != nil {
		fact.Failure = f
		return fact
	}
	rec := &httpread.Recorder{}
	ctx, cancel := context.WithTimeout(httpread.WithRecorder(ctx, rec), p.Timeout)
	defer cancel()

	type outcome struct {
		value any
		err   error
	}
	ch := make(chan outcome, 1) // buffered: a late answer must not leak the goroutine
	go func() {
		var o outcome
		defer func() {
			if r := recover(); r != nil {
				// The panic's value may hold what a service answered; its type is enough here,
				// and the log has the place.
				env.Log.Error().Str("fact", p.Fact).Bytes("stack", debug.Stack()).Msgf("probe panicked: %T", r)
				o = outcome{err: &facts.Failure{Kind: facts.Internal, Detail: fmt.Sprintf("the probe panicked (%T)", r)}}
			}
			ch <- o
		}()
		o.value, o.err = p.collect(ctx, env)
	}()
	select {
	case o := <-ch:
		fact.Value, fact.Failure = encode(o.value, o.err)
	case <-ctx.Done():
		fact.Failure = httpread.Classify(context.Cause(ctx))
	}
	fact.Took = env.Now().Sub(start)
	fact.Requests = rec.Requests()
	return fact
}

func encode(value any, err error) (json.RawMessage, *facts.Failure) {
	if err != nil {
		return nil, httpread.Classify(err)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, &facts.Failure{Kind: facts.Internal, Detail: "the fact cannot be written as JSON"}
	}
	return raw, nil
}

// notAsked is the reason why a probe is not started: its identity probe has failed, so
// nothing shows whose values it would bring.
func notAsked(s *store, p Probe, byFact map[string]Probe) *facts.Failure {
	for _, need := range p.Needs {
		f, ok := s.get(need)
		if !ok || !byFact[need].Identity || f.Failure == nil {
			continue
		}
		why := *f.Failure
		why.Detail = "not asked, because " + need + " failed: " + f.Failure.Detail
		return &why
	}
	return nil
}

// store is the evidence while it is being made, and what its probes share.
type store struct {
	mu     sync.Mutex
	facts  map[string]facts.Fact
	shared map[string]func() (any, error)
}

func (s *store) put(name string, f facts.Fact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts[name] = f
}

func (s *store) get(name string) (facts.Fact, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.facts[name]
	return f, ok
}

func (s *store) all() map[string]facts.Fact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.facts
}

// once is the maker of a shared value that runs once, whoever calls it first.
func (s *store) once(name string, build func() (any, error)) func() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared[name] == nil {
		s.shared[name] = sync.OnceValues(build)
	}
	return s.shared[name]
}

func read[T any](s *store, k facts.Key[T]) facts.Seen[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return facts.Get(&facts.Evidence{Facts: s.facts}, k)
}
