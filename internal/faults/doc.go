// Package faults holds the fault matrix: every request of a complete run against the practice
// organisation, with everything that can go wrong with it. It has no code but tests.
//
// What belongs here: the faults, the way between casdoctor and the practice organisation on which
// they happen, and the oracle that says what a run with a fault may still claim. What does not:
// the services themselves and what they do by themselves (package lab), and a probe's own words
// for a failure, which the tests beside the probe look at.
//
// `make faults` runs all of it and prints the table; `go test` a part that is spread over all
// faults and all requests.
package faults
