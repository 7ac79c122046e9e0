//go:build !manpages

// Command casdoctor finds out which of the documented troubles of Trend Micro Cloud App
// Security an organisation has, and which documented fix still works there, today. It only
// reads.
//
// # Exit codes
//
//	0  nothing found
//	1  a trouble at or above --fail-on (fail, or warn, the default)
//	2  usage or configuration error
//	3  nothing found, but something could not be looked at (--allow-unknown: 0)
//	4  no report could be made: an internal error, or an interrupt
//
// They are the same for every format but nagios, which ends as a monitoring plugin does: 0 OK,
// 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
//
// # Limitations
//
// A sign-in by another machine's browser is predicted, not tried. Which CLP account a tenant
// is bound to, what the console's policies say, and whether an app password exists cannot be
// read by anybody from outside: they are declared in casdoctor.yaml.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones of schedules, where the machine has no list of them
)

func main() { os.Exit(Main()) }

// Main runs the command and returns its exit code; tests run the real one through it.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return execute(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
}
