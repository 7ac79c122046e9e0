package workspace

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/option"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func domains() probes.Probe {
	return probes.New(facts.WorkspaceDomains, probes.Probe{
		Doc:     "reads the customer's domains and domain aliases from the Directory API, on behalf of the admin",
		Section: "google",
		Needs:   []string{facts.WorkspaceDelegation.Name},
		Permissions: []probes.Permission{
			{
				Service: "google", Name: facts.ScopeDomains,
				Why: "lets casdoctor compare the customer's domains with the internal domains of CAS",
			},
			{
				Service: "google", Name: adminSDK,
				Why: "to be enabled in the service account's Google Cloud project; the Directory API is part of it",
			},
			{
				Service: "google", Name: domainPrivilege,
				Why: "of google.admin, on whose behalf domains are read; a super admin has it",
			},
		},
		// The caller's own token, one for the scope, and two lists.
		Timeout: 4*callTimeout + 5*time.Second,
	}, readDomains)
}

func readDomains(ctx context.Context, env *probes.Env) (facts.WorkspaceDomainSet, error) {
	ladder := probes.Fact(env, facts.WorkspaceDelegation)
	if ladder.Value == nil {
		return facts.WorkspaceDomainSet{}, ladder.Why()
	}
	scope, why := readingScope(*ladder.Value)
	if why != nil {
		return facts.WorkspaceDomainSet{}, why
	}
	token, err := newToken(ctx, env, scope, "domains were not asked for")
	if err != nil {
		return facts.WorkspaceDomainSet{}, err
	}
	customer := env.Config.Google.Customer
	set := facts.WorkspaceDomainSet{Customer: customer}
	probes.Together(ctx,
		func(ctx context.Context) { set.Domains = listDomains(ctx, env, token, customer) },
		func(ctx context.Context) { set.Aliases = listAliases(ctx, env, token, customer) },
	)
	return set, nil
}

// readingScope is the scope that a token can be had for, or the reason why there is none.
func readingScope(d facts.Delegation) (string, *facts.Failure) {
	for _, try := range []facts.Seen[facts.TokenTry]{d.Domains, d.DomainsWide} {
		if issued(try) {
			return try.Value.Scope, nil
		}
	}
	// The highest rung that was reached is the reason.
	for _, try := range []facts.Seen[facts.TokenTry]{d.Domains, d.Control} {
		if try.Value != nil || try.Why().Kind != facts.NotCollected {
			return "", noToken("domains were not asked for", try)
		}
	}
	return "", noToken("domains were not asked for", d.Self)
}

// noToken says why a call was not made at all; what is what was not done.
func noToken(what string, try facts.Seen[facts.TokenTry]) *facts.Failure {
	if try.Value == nil {
		f := *try.Why()
		f.Detail = what + ", because there is no token: " + f.Detail
		return &f
	}
	f := &facts.Failure{
		Kind: facts.Unauthenticated, Status: try.Value.Status, Code: try.Value.Error,
		Detail: what + ", because Google gives no token for " + try.Value.Scope,
	}
	if aboutScope(try) {
		f.Kind = facts.Forbidden
	}
	if try.Value.Granted != nil {
		f.Permission = try.Value.Scope
		f.Detail += ": " + grantSteps[try.Value.Error]
	}
	return f
}

// newToken asks for a token on behalf of the admin; the ladder's own are not in its fact, and
// must not be. what is what is not done without it.
func newToken(ctx context.Context, env *probes.Env, scope, what string) (string, error) {
	acct, err := newAccount(ctx, env)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	got := acct.issue(ctx, env.Config.Google.Admin, scope)
	if got.token == "" {
		return "", noToken(what, got.try)
	}
	return got.token, nil
}

func listDomains(ctx context.Context, env *probes.Env, token, customer string) facts.Seen[[]facts.WorkspaceDomain] {
	body, err := list(ctx, env, token, func(ctx context.Context, svc *admin.Service) error {
		_, err := svc.Domains.List(customer).Context(ctx).Do()
		return err
	})
	var answer struct {
		Domains []struct {
			Name      string      `json:"domainName"`
			IsPrimary *bool       `json:"isPrimary"`
			Verified  *bool       `json:"verified"`
			Created   json.Number `json:"creationTime"`
			Aliases   []struct {
				Name string `json:"domainAliasName"`
			} `json:"domainAliases"`
		} `json:"domains"`
	}
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		return facts.Missed[[]facts.WorkspaceDomain](directory.failure(err))
	}
	// Every customer has its primary domain; an answer without any is not one.
	if len(answer.Domains) == 0 {
		return facts.Missed[[]facts.WorkspaceDomain](directory.incomplete("the list of domains is not in the answer"))
	}
	rows := make([]facts.WorkspaceDomain, 0, len(answer.Domains))
	var cut *facts.Failure
	for _, d := range answer.Domains {
		if d.Name == "" {
			cut = directory.incomplete("a domain has no name")
			continue
		}
		row := facts.WorkspaceDomain{Name: d.Name, IsPrimary: d.IsPrimary, Verified: d.Verified, Created: created(d.Created)}
		for _, a := range d.Aliases {
			if a.Name != "" { // domainAliases.list is the list that is compared
				row.Aliases = append(row.Aliases, a.Name)
			}
		}
		rows = append(rows, row)
	}
	return facts.Partly(rows, cut)
}

func listAliases(
	ctx context.Context, env *probes.Env, token, customer string,
) facts.Seen[[]facts.WorkspaceDomainAlias] {
	body, err := list(ctx, env, token, func(ctx context.Context, svc *admin.Service) error {
		_, err := svc.DomainAliases.List(customer).Context(ctx).Do()
		return err
	})
	var answer struct {
		Kind    string `json:"kind"`
		Aliases []struct {
			Name     string      `json:"domainAliasName"`
			Parent   *string     `json:"parentDomainName"`
			Verified *bool       `json:"verified"`
			Created  json.Number `json:"creationTime"`
		} `json:"domainAliases"`
	}
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		return facts.Missed[[]facts.WorkspaceDomainAlias](directory.failure(err))
	}
	// Google leaves an empty list out, but not the kind of the answer.
	if len(answer.Aliases) == 0 && answer.Kind != "admin#directory#domainAliases" {
		return facts.Missed[[]facts.WorkspaceDomainAlias](directory.incomplete("the list of domain aliases is not in the answer"))
	}
	rows := make([]facts.WorkspaceDomainAlias, 0, len(answer.Aliases))
	var cut *facts.Failure
	for _, a := range answer.Aliases {
		if a.Name == "" {
			cut = directory.incomplete("a domain alias has no name")
			continue
		}
		rows = append(rows, facts.WorkspaceDomainAlias{
			Name: a.Name, Parent: a.Parent, Verified: a.Verified, Created: created(a.Created),
		})
	}
	return facts.Partly(rows, cut)
}

// list makes one call of the Directory API and returns the body as it came.
func list(
	ctx context.Context, env *probes.Env, token string, call func(context.Context, *admin.Service) error,
) ([]byte, error) {
	return directory.ask(ctx, env, env.Config.Google.Endpoints.Directory, token,
		func(ctx context.Context, options ...option.ClientOption) error {
			svc, err := admin.NewService(ctx, options...)
			if err != nil {
				return httpread.Classify(err)
			}
			return call(ctx, svc)
		})
}

// ask makes one call with a generated client and returns the body as it came.
func (s service) ask(
	ctx context.Context, env *probes.Env, endpoint, token string, call func(context.Context, ...option.ClientOption) error,
) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	w, hc := watch(ctx, env)
	if err := call(ctx, apiOptions(hc, endpoint, token)...); err != nil {
		if w.status == http.StatusOK {
			return nil, s.incomplete("the answer is not the documented JSON")
		}
		return nil, err
	}
	return w.body, nil
}

func (s service) incomplete(what string) *facts.Failure {
	return &facts.Failure{Kind: facts.Malformed, Status: http.StatusOK, Detail: s.name + " answered, but " + what}
}

// created reads an int64 that Google writes as a string: milliseconds since 1970. The SDK has
// refused what is not a number.
func created(ms json.Number) *time.Time {
	n, err := ms.Int64()
	if err != nil {
		return nil
	}
	return new(time.UnixMilli(n).UTC())
}
