// Package facts holds what casdoctor observes: plain data, the keys that name it,
// and the evidence file that carries it. It is the only thing that probes and checks share.
//
// What belongs here: structs that mirror what a service answered or an admin declared,
// with pointers wherever "not in the answer" and "false" differ. Every struct is also the
// list of the members that may be written to evidence.json: a secret, a token, a message
// subject or a body has no field here, so it cannot be written.
//
// What does not: I/O (package probes and its folders) and judgement (package checks and
// the engines it uses). Within schema v1 a struct only ever gains members.
package facts

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Schema is the version of evidence.json. Readers ignore members that they do not know.
const Schema = "casdoctor.evidence/v1"

// Key names a fact and fixes its type, so that the probe that writes it and the check
// that reads it cannot disagree about its shape.
type Key[T any] struct{ Name string }

// Seen is a value that came from a call of its own.
//
// Value nil: there is none, and Failure says why. Both set: the value is incomplete
// (a list that was cut on page 3). Failure nil: the whole answer is there.
type Seen[T any] struct {
	Value   *T       `json:"value,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
	// From is the call that showed it, for a reader who wants to look for himself. It decides nothing.
	From *Look `json:"from,omitempty"`
}

// Look is one call, and when its answer was there.
type Look struct {
	Call string    `json:"call"` // method and path, e.g. "GET /v1.0/users/{id}"; never a query
	At   time.Time `json:"at"`
}

// Got is a complete value.
func Got[T any](v T) Seen[T] { return Seen[T]{Value: &v} }

// Partly is an incomplete value and the reason why the rest is missing.
func Partly[T any](v T, f *Failure) Seen[T] { return Seen[T]{Value: &v, Failure: f} }

// Missed is no value at all. A nil failure would read as "seen", so it becomes an internal one.
func Missed[T any](f *Failure) Seen[T] {
	if f == nil {
		f = &Failure{Kind: Internal, Detail: "a value is missing and no reason was given"}
	}
	return Seen[T]{Failure: f}
}

// Complete reports whether the value is there and nothing of it is missing.
func (s Seen[T]) Complete() bool { return s.Value != nil && s.Failure == nil }

// Why is the reason why the value is missing or incomplete, and nil for a complete one.
// A Seen that nobody filled in (an evidence file of an older version) is NotCollected.
func (s Seen[T]) Why() *Failure {
	if s.Value == nil && s.Failure == nil {
		return &Failure{Kind: NotCollected}
	}
	return s.Failure
}

// Kind classifies why something could not be looked at. The words are part of
// evidence.json and report.json and never change their meaning.
type Kind string

// The kinds of failure. Each calls for another next step of the reader.
const (
	NotConfigured   Kind = "not_configured"  // the section that would say where to look is absent
	NotDeclared     Kind = "not_declared"    // only the admin can say, and has not
	NotCollected    Kind = "not_collected"   // nobody asked: an older evidence file, or --only
	Forbidden       Kind = "forbidden"       // the credentials lack a permission or a role
	Unauthenticated Kind = "unauthenticated" // the credentials themselves were refused
	Unlicensed      Kind = "unlicensed"      // the tenant has no licence for this call
	Throttled       Kind = "throttled"       // still 429 when the deadline came
	Timeout         Kind = "timeout"         // no (complete) answer before the deadline
	Unreachable     Kind = "unreachable"     // no connection: name, route, refusal, TLS
	Unavailable     Kind = "unavailable"     // 5xx: the service's own trouble
	Rejected        Kind = "rejected"        // any other 4xx: the request was understood and refused
	Malformed       Kind = "malformed"       // an answer that is not what the service documents
	NotFound        Kind = "not_found"       // the service says that there is no such thing
	WrongIdentity   Kind = "wrong_identity"  // the credentials belong to another tenant or customer
	Cancelled       Kind = "cancelled"       // the run was interrupted
	Internal        Kind = "internal"        // a mistake in casdoctor itself
)

// Kinds lists every kind, in the order above; tests hold texts and schemas against it.
func Kinds() []Kind {
	return []Kind{
		NotConfigured, NotDeclared, NotCollected, Forbidden, Unauthenticated, Unlicensed, Throttled, Timeout,
		Unreachable, Unavailable, Rejected, Malformed, NotFound, WrongIdentity, Cancelled, Internal,
	}
}

// Failure says why a value is missing: the class, what the service said, and, for
// Forbidden, the permission that the call needed. It is an error so that it can be
// returned where the knowledge is; it never carries a verdict.
type Failure struct {
	Kind       Kind   `json:"kind"`
	Status     int    `json:"status,omitempty"`     // HTTP status, when there was one
	Code       string `json:"code,omitempty"`       // the service's own error code
	Permission string `json:"permission,omitempty"` // what to grant, in the service's own words
	Detail     string `json:"detail,omitempty"`     // one line in English, without secrets
}

// Error makes one line of it.
func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(string(f.Kind))
	if f.Status != 0 {
		fmt.Fprintf(&b, " %d", f.Status)
	}
	if f.Code != "" {
		b.WriteString(" " + f.Code)
	}
	if f.Permission != "" {
		b.WriteString(" (needs " + f.Permission + ")")
	}
	if f.Detail != "" {
		b.WriteString(": " + f.Detail)
	}
	return b.String()
}

// Source says where a fact comes from.
type Source string

// A fact is either looked up or declared in the configuration.
const (
	Observed Source = "observed"
	Declared Source = "declared"
)

// Request is one HTTP request that was made for a fact. The URL has no query: queries
// can carry tokens, and the path is what a reader needs.
type Request struct {
	Method  string        `json:"method"`
	URL     string        `json:"url"`
	Status  int           `json:"status,omitempty"` // 0: no answer
	Took    time.Duration `json:"took"`             // nanoseconds
	Waited  time.Duration `json:"waited,omitempty"` // nanoseconds in rate limits and back-off before it
	Attempt int           `json:"attempt,omitempty"`
	At      time.Time     `json:"at,omitzero"` // when it was sent
}

// Fact is one entry of the evidence.
type Fact struct {
	Value    json.RawMessage `json:"value,omitempty"`
	Failure  *Failure        `json:"failure,omitempty"`
	Source   Source          `json:"source"`
	Taken    time.Time       `json:"taken"`
	Took     time.Duration   `json:"took"` // nanoseconds
	Requests []Request       `json:"requests,omitempty"`
	// Path is the longest chain of dependent calls that ends with this fact, nanoseconds, waits
	// included: no run can have it sooner.
	Path time.Duration `json:"path,omitempty"`
}

// Evidence is everything a run looked at: the input of every judgement, replayable offline.
type Evidence struct {
	Schema string          `json:"schema"`
	Taken  time.Time       `json:"taken"`
	Tenant string          `json:"tenant"`
	Facts  map[string]Fact `json:"facts"`
}

// Decode reads an evidence file.
func Decode(raw []byte) (*Evidence, error) {
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("not evidence of casdoctor: %w", err)
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("the schema is %q; this casdoctor reads %q", head.Schema, Schema)
	}
	var e Evidence
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fmt.Errorf("not evidence of casdoctor: %w", err)
	}
	if e.Taken.IsZero() {
		return nil, errors.New("the evidence does not say when it was taken; without that nothing with a date can be judged")
	}
	return &e, nil
}

// Encode writes an evidence file.
func (e *Evidence) Encode() ([]byte, error) {
	raw, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return append(raw, '\n'), nil
}

// Get decodes one fact. A value beside the failure wrong_identity is somebody else's and is
// not given out. A key that the evidence lacks is NotCollected; a value that does
// not fit its type is Malformed: neither ever looks like an empty value.
func Get[T any](e *Evidence, k Key[T]) Seen[T] {
	f, ok := e.Facts[k.Name]
	if !ok {
		return Missed[T](&Failure{Kind: NotCollected, Detail: k.Name + " is not in the evidence"})
	}
	if len(f.Value) == 0 || string(f.Value) == "null" {
		if f.Failure == nil {
			return Missed[T](&Failure{Kind: Malformed, Detail: k.Name + " has neither a value nor a failure"})
		}
		return Missed[T](f.Failure)
	}
	if f.Failure != nil && f.Failure.Kind == WrongIdentity {
		return Missed[T](f.Failure)
	}
	var v T
	if err := json.Unmarshal(f.Value, &v); err != nil {
		return Missed[T](&Failure{Kind: Malformed, Detail: k.Name + " in the evidence does not have the expected shape"})
	}
	return Seen[T]{Value: &v, Failure: f.Failure}
}
