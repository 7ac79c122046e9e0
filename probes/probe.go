// Package probes is the contract of a probe and the collector that runs them.
//
// A probe only looks: it asks one service and returns what was answered, as a fact. It
// never says good or bad; what could not be looked at is a classified facts.Failure, never
// an empty value. The collector runs the probes in parallel, in the order that Needs asks
// for, each under its own deadline, and turns whatever happens (a panic, a probe that
// ignores its context, an interrupt) into evidence.
//
// What belongs here: what all probes share. What does not: the knowledge of one service
// (the folders below), the transport (internal/httpread) and judgement (package checks).
package probes

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Permission is something that a probe needs to be granted.
type Permission struct {
	Service string // "graph", "google"
	Name    string // in the service's own words: Policy.Read.All, a scope URL, …
	Why     string // what it lets casdoctor look at; what a missing one costs follows from the facts
	// Optional: without it a second opinion is lost, not a verdict.
	Optional bool
	// Members are those of the fact that it opens; none: all of them.
	Members []string
	// Whole: without it the fact tells nothing, and neither do the facts that need it.
	Whole bool
}

// Probe looks at one thing. It is a value: make it with New.
type Probe struct {
	Fact    string // the name of the fact that it produces
	Doc     string // one sentence: what it looks at and how
	Section string // the configuration section that says where to look; "" for none
	Needs   []string
	// After are facts that the probe uses where they are there: it waits for those that are
	// made, and looks without the others all the same.
	After       []string
	Permissions []Permission
	Timeout     time.Duration
	// Identity marks the probe that shows whose tenant the credentials reach. Until it has
	// (Identified, or its end), the probes that need it are not asked; they fail as it did.
	Identity bool

	source  facts.Source
	collect func(context.Context, *Env) (any, error)
}

// New makes a probe for a fact. collect returns the fact, or a classified error (a
// *facts.Failure, possibly wrapped) when there is none. What is incomplete is said inside
// the fact, by its facts.Seen members.
func New[T any](k facts.Key[T], p Probe, collect func(context.Context, *Env) (T, error)) Probe {
	p.Fact = k.Name
	if p.source == "" {
		p.source = facts.Observed
	}
	p.collect = func(ctx context.Context, env *Env) (any, error) {
		v, err := collect(ctx, env)
		if err != nil {
			return nil, err
		}
		return v, nil
	}
	return p
}

// Declaring marks a probe whose fact comes from the configuration.
func Declaring(p Probe) Probe {
	p.source = facts.Declared
	return p
}

// Env is everything that a probe may use of the outside world. There are no globals.
type Env struct {
	Config *config.Config
	HTTP   *httpread.Client
	Now    func() time.Time // this machine's clock: tokens, certificates, offsets
	Log    zerolog.Logger
	Limits Limits

	evidence *store
	fact     string          // of the probe whose Env it is
	ctx      context.Context //nolint:containedctx // that probe's, for the chain of what it waits for
}

// Limits are the bounds that a probe keeps. The zero value means the defaults.
type Limits struct {
	Parallel int           // questions to the resolver at once; default 4
	Phase    time.Duration // of one network phase of the console probe; default 5 s
	Probe    time.Duration // of a whole probe, where that is less than its own Timeout
}

// Fact reads a fact that the probe needs, and that the collector has therefore already made.
// Only that of an identity probe may still be in the making, and is waited for.
func Fact[T any](env *Env, k facts.Key[T]) facts.Seen[T] {
	env.evidence.wait(env.ctx, k.Name)
	return read(env.evidence, k)
}

// Identified is what an identity probe says as soon as it has shown whose tenant it is, when
// it goes on to look at more: nobody has to wait for that.
func Identified(ctx context.Context, env *Env) {
	env.evidence.release(env.fact, httpread.ChainLength(ctx))
}

// Once is a value that the probes of one run share, such as a credential with the token
// that it keeps. The first caller builds it; every other one gets the same value, or the
// same error. The name is the package's and the value's: "m365.session". A build must not
// depend on the context of the probe that happens to come first.
func Once[T any](env *Env, name string, build func() (T, error)) (T, error) {
	v, err := env.evidence.once(name, func() (any, error) { return build() })()
	t, ok := v.(T)
	if err == nil && !ok {
		err = &facts.Failure{Kind: facts.Internal, Detail: "two kinds of values share the name " + name}
	}
	return t, err
}
