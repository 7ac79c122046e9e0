// Package maildns holds what DNS says about the mail of a domain, as data: answers that were kept
// and can be asked again (Zone, Recorder), and the names that
// Exchange Online uses in it.
//
// What belongs here: recorded answers as a resolver for the packages spf and dmarc, and pure
// knowledge of names. What does not: asking a name server (probes/mail), policies (packages spf
// and dmarc) and what they mean for a message (package checks). The package does no I/O.
package maildns

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// A Resolver answers one DNS question, live or from what was recorded. The name has the form that
// Name gives it; it is absolute. Records have the text forms of facts.DNSAnswer.
//
// A failure of kind not_found says that the name or the record does not exist, as no failure and no
// record do. Any other says that it was not found out.
type Resolver interface {
	Lookup(ctx context.Context, name string, rr facts.RRType) ([]string, *facts.Failure)
}

type question struct {
	name string
	rr   facts.RRType
}

// Zone answers from recorded answers. It is a resolver for the packages spf and dmarc.
type Zone map[question]facts.Seen[[]string]

// NewZone makes a Zone of answers.
func NewZone(answers []facts.DNSAnswer) Zone {
	z := make(Zone, len(answers))
	for _, a := range answers {
		z[question{a.Name, a.Type}] = a.Records
	}
	return z
}

// Lookup is the recorded answer. What was not asked when it was recorded is a failure of kind
// not_collected, never "no record".
func (z Zone) Lookup(_ context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	seen, asked := z[question{name, rr}]
	if !asked || seen.Value == nil {
		return nil, seen.Why()
	}
	// An incomplete answer is not one that a policy could be judged by.
	if seen.Failure != nil {
		return nil, seen.Failure
	}
	return *seen.Value, nil
}

// Recorder asks another resolver, each question once, and keeps what it answered. It is safe for
// concurrent use if the other one is.
type Recorder struct {
	from  Resolver
	limit int

	mu      sync.Mutex
	asked   map[question]*answer
	refused map[question]bool
}

// answer is there once done is closed.
type answer struct {
	done chan struct{}
	seen facts.Seen[[]string]
}

// Record asks from, at most limit questions. What is asked beyond is answered with a failure of
// kind not_collected.
func Record(from Resolver, limit int) *Recorder {
	return &Recorder{from: from, limit: limit, asked: map[question]*answer{}, refused: map[question]bool{}}
}

// Lookup is the answer to a question, from the first time that it was asked. It waits for an
// answer that somebody else has asked for until ctx ends.
func (r *Recorder) Lookup(ctx context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	q := question{name, rr}
	r.mu.Lock()
	a, asked := r.asked[q]
	if !asked && len(r.asked) >= r.limit {
		r.refused[q] = true
		r.mu.Unlock()
		return nil, &facts.Failure{
			Kind: facts.NotCollected, Code: "limit", Detail: "not asked: the mail of the organisation needs too many DNS look-ups",
		}
	}
	if !asked {
		a = &answer{done: make(chan struct{})}
		r.asked[q] = a
	}
	r.mu.Unlock()
	if !asked {
		a.seen = r.ask(ctx, q)
		close(a.done)
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, unfinished()
	}
	if a.seen.Value == nil {
		return nil, a.seen.Failure
	}
	return *a.seen.Value, nil
}

func (r *Recorder) ask(ctx context.Context, q question) facts.Seen[[]string] {
	records, failure := r.from.Lookup(ctx, q.name, q.rr)
	switch {
	case failure != nil:
		return facts.Missed[[]string](failure)
	case len(records) == 0:
		return facts.Missed[[]string](&facts.Failure{Kind: facts.NotFound, Code: "no_record", Detail: "no such record is published"})
	}
	return facts.Got(records)
}

func unfinished() *facts.Failure {
	return &facts.Failure{Kind: facts.Timeout, Code: "dns", Detail: "the answer was still awaited when time ran out"}
}

// Refused counts the questions beyond the limit.
func (r *Recorder) Refused() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.refused)
}

// Answers are all that was asked, in the order of names and types. What is still awaited is a
// timeout.
func (r *Recorder) Answers() []facts.DNSAnswer {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]facts.DNSAnswer, 0, len(r.asked))
	for q, a := range r.asked {
		seen := facts.Missed[[]string](unfinished())
		select {
		case <-a.done:
			seen = a.seen
		default:
		}
		out = append(out, facts.DNSAnswer{Name: q.name, Type: q.rr, Records: seen})
	}
	slices.SortFunc(out, func(a, b facts.DNSAnswer) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.Type), string(b.Type)))
	})
	return out
}
