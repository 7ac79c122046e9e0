// Package dmarc reads DMARC policies and finds the one that holds for a domain (RFC 7489), and says
// where RFC 9989, which replaces it, leads elsewhere.
//
// What belongs here: the record, the organizational domain, and the discovery over a resolver's
// answers, live or recorded. What does not: asking DNS (probes/mail), SPF (package spf), and what
// a policy means for a message (package checks). The package does no I/O.
package dmarc

import (
	"context"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// A Resolver answers one DNS question; see package spf, whose Resolver it is.
type Resolver interface {
	Lookup(ctx context.Context, name string, rr facts.RRType) ([]string, *facts.Failure)
}
