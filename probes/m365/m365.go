// Package m365 observes a Microsoft 365 tenant through Microsoft Graph: the tenant, the
// accounts that provisioning signs in with, security defaults, Conditional Access,
// SharePoint's switch for legacy passwords, and the traces of an earlier provisioning.
//
// What belongs here: which requests are made, with which headers and how slowly, how an
// answer is read, and what Graph's and Entra's error codes mean. What does not: whether an
// answer is good or bad (package checks), how a policy applies (internal/condaccess), and
// the transport with its back-off (internal/httpread).
//
// The SDK's request builders make the requests, and its adapter sends them; the answers are
// read from their raw bodies, because the SDK's generated models lose the difference between
// "false" and "not in the answer", and turn enumeration members that are newer than the SDK
// into wrong known ones.
package m365

import "github.com/casdoctor/casdoctor/probes"

// section is the part of the configuration that says which tenant to ask.
const section = "microsoft365"

// Probes are the probes of this package. The first is the identity of the others.
func Probes() []probes.Probe {
	return []probes.Probe{
		tenantProbe(), accountsProbe(), defaultsProbe(), conditionalAccessProbe(), sharePointProbe(), tracesProbe(),
		whatIfProbe(), signInsProbe(),
		signInClientsProbe(),
	}
}
