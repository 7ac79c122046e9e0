package workspace

import (
	"context"
	"time"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// scopeSelf is what the service account asks for in its own name: every service account may
// have it, so a refusal is about the key, the clock or the client.
const scopeSelf = "https://www.googleapis.com/auth/userinfo.email"

// delegation is the identity probe of the section: its tokens are the admin's, and with
// my_customer the admin's customer is the one that is asked. A C… id is proven by the calls
// of the domains probe, which Google refuses for the id of another customer.
func delegation() probes.Probe {
	return probes.New(facts.WorkspaceDelegation, probes.Probe{
		Doc: "asks Google's token endpoint, one scope at a time, what the service account may do " +
			"on behalf of the admin, and lets tokeninfo confirm it",
		Section: "google",
		Permissions: []probes.Permission{
			{
				Service: "google", Name: facts.ScopeDomains,
				Why: "domain-wide delegation of this scope lets casdoctor read the customer's domains",
			},
			{
				Service: "google", Name: facts.ScopeControl, Optional: true,
				Why: "asked for, never used: it tells a client without any delegation from one that only lacks " +
					"the domain scope",
			},
			{
				Service: "google", Name: signJWTPermission, Whole: true,
				Why: "only with google.credentials.impersonate: lets the caller sign for the service account " +
					"(Service Account Token Creator)",
			},
		},
		// The caller's own token, and four rungs.
		Timeout:  5*callTimeout + 5*time.Second,
		Identity: true,
	}, climb)
}

// climb goes up the ladder and stops where the next rung could not say anything new. The
// first answer shows two things: the clock, by its Date, and the key.
func climb(ctx context.Context, env *probes.Env) (facts.Delegation, error) {
	acct, err := newAccount(ctx, env)
	if err != nil {
		return facts.Delegation{}, err
	}
	const below = "an earlier step of the ladder failed"
	admin := env.Config.Google.Admin
	d := facts.Delegation{
		ClientID:       acct.clientID,
		ServiceAccount: acct.email,
		Subject:        admin,
		Control:        notAsked[facts.TokenTry](below),
		Domains:        notAsked[facts.TokenTry](below),
		DomainsWide:    notAsked[facts.TokenTry](below),
	}
	rung := func(subject, email, scope string) attempt {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		got := acct.issue(ctx, subject, scope)
		got.confirm(ctx, env, email)
		return got
	}

	self := rung("", acct.email, scopeSelf)
	d.Clock, d.Self = self.clock, self.try
	if self.token == "" {
		return d, nil
	}
	// What Google says of the token comes before what the key file says of itself.
	if info := self.try.Value.Info.Value; info != nil && info.Azp != nil {
		d.ClientID = info.Azp
	}

	control := rung(admin, admin, facts.ScopeControl)
	d.Control = control.try
	if control.token == "" && !aboutScope(control.try) {
		return d, nil
	}

	domains := rung(admin, admin, facts.ScopeDomains)
	d.Domains = domains.try
	switch {
	case domains.token != "":
		d.DomainsWide = notAsked[facts.TokenTry]("the narrower scope is enough")
	case aboutScope(domains.try):
		d.DomainsWide = rung(admin, admin, facts.ScopeDomainsWide).try
	}
	return d, nil
}

func notAsked[T any](why string) facts.Seen[T] {
	return facts.Missed[T](&facts.Failure{Kind: facts.NotCollected, Detail: "not asked: " + why})
}
