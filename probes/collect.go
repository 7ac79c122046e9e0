package probes

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/spans"
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
	s := newStore(list)
	taken := env.Now().UTC()
	byFact := make(map[string]Probe, len(list))
	for _, p := range list {
		byFact[p.Fact] = p
	}
	var wg sync.WaitGroup
	for _, p := range list {
		wg.Go(func() {
			var path time.Duration
			for _, need := range slices.Concat(p.Needs, p.After) {
				path = max(path, s.begin(need))
			}
			progress(Event{Fact: p.Fact})
			e := *env
			e.evidence, e.fact = s, p.Fact
			f := run(httpread.WithChain(ctx, path), &e, p, byFact)
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
	ctx, span := spans.Start(ctx, "probe")
	defer span.End()
	begun := httpread.ChainLength(ctx)
	rec := &httpread.Recorder{}
	timeout := p.Timeout
	if most := env.Limits.Probe; most > 0 {
		timeout = min(timeout, most)
	}
	ctx, cancel := context.WithTimeout(httpread.WithRecorder(ctx, rec), timeout)
	defer cancel()
	env.ctx = ctx

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
	var hung bool
	select {
	case o := <-ch:
		fact.Value, fact.Failure = encode(o.value, o.err)
	case <-ctx.Done():
		hung = true
		fact.Failure = httpread.Classify(context.Cause(ctx))
	}
	fact.Took = env.Now().Sub(start)
	fact.Requests = rec.Requests()
	fact.Path = httpread.ChainLength(ctx)
	if hung || len(fact.Requests) == 0 {
		// Handshakes, DNS and what never ended are not taken apart: all of it was waited for.
		fact.Path = begun + fact.Took
	}
	if span.IsRecording() {
		span.SetName("probe " + p.Fact)
		span.SetAttributes(attribute.String("casdoctor.fact", p.Fact))
		if fact.Failure != nil {
			span.SetAttributes(attribute.String("error.type", string(fact.Failure.Kind)))
			span.SetStatus(codes.Error, "")
		}
	}
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
	// The probes of the run, by fact.
	begins map[string]*gate // those that need it may begin
	made   map[string]*gate // the fact is there

	mu     sync.Mutex
	facts  map[string]facts.Fact
	shared map[string]func() (any, error)
}

func newStore(list []Probe) *store {
	s := &store{
		begins: map[string]*gate{}, made: map[string]*gate{},
		facts: map[string]facts.Fact{}, shared: map[string]func() (any, error){},
	}
	for _, p := range list {
		s.begins[p.Fact], s.made[p.Fact] = newGate(), newGate()
	}
	return s
}

// gate opens once, at the end of a chain of calls.
type gate struct {
	once sync.Once
	open chan struct{}
	path time.Duration
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) release(path time.Duration) {
	g.once.Do(func() {
		g.path = path
		close(g.open)
	})
}

func (s *store) release(fact string, path time.Duration) {
	if g := s.begins[fact]; g != nil {
		g.release(path)
	}
}

// begin waits until what needs the fact may begin, and returns the chain that led there.
func (s *store) begin(fact string) time.Duration {
	g := s.begins[fact]
	if g == nil { // not in this run
		return 0
	}
	<-g.open
	return g.path
}

// wait waits until the fact is there; a probe that needs it for sure cannot wait for itself.
func (s *store) wait(ctx context.Context, fact string) {
	g := s.made[fact]
	if g == nil || ctx == nil {
		return
	}
	select {
	case <-g.open:
		httpread.Reach(ctx, g.path)
	case <-ctx.Done():
	}
}

func (s *store) put(name string, f facts.Fact) {
	s.mu.Lock()
	s.facts[name] = f
	s.mu.Unlock()
	s.made[name].release(f.Path)
	s.begins[name].release(f.Path)
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
