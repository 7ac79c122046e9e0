// Package workspace looks at a Google Workspace customer: what the configured service
// account may do on behalf of the admin (the delegation ladder), which domains the customer
// has, and what Google shows of the scopes that clients were given.
//
// What belongs here: how Google is asked, and what its answers and error codes mean. What
// does not: whose client the credentials are and what a refused scope proves; that is
// judged in package checks.
//
// Every token is asked for exactly one scope: when several are asked for at once, one
// missing scope refuses them all and nothing shows which one it was.
package workspace

import "github.com/casdoctor/casdoctor/probes"

// Probes are the probes of this package.
func Probes() []probes.Probe {
	return []probes.Probe{delegation(), domains(), grants()}
}
