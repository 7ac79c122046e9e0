package workspace

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

func domainSet(t *testing.T, e *facts.Evidence) facts.WorkspaceDomainSet {
	t.Helper()
	d := facts.Get(e, facts.WorkspaceDomains)
	if !d.Complete() {
		t.Fatalf("workspace.domains: %v", d.Why())
	}
	return *d.Value
}

func TestDomains(t *testing.T) {
	g := newGoogle(t, facts.ScopeDomains)
	got := domainSet(t, run(t, g.env(t)))
	want := facts.WorkspaceDomainSet{
		Customer: "my_customer",
		Domains: facts.Got([]facts.WorkspaceDomain{
			{
				Name: "contoso.com", IsPrimary: new(true), Verified: new(true), Aliases: []string{"contoso.org"},
				Created: new(time.Date(2013, 2, 16, 7, 33, 20, 0, time.UTC)), // 1361000000 s
			},
			{Name: "fabrikam.com", IsPrimary: new(false), Verified: new(false)},
			{Name: "example.net"}, // neither member is in the answer: not the same as false
		}),
		Aliases: facts.Got([]facts.WorkspaceDomainAlias{
			{
				Name: "contoso.org", Parent: new("contoso.com"), Verified: new(true),
				Created: new(time.Date(2013, 2, 16, 7, 33, 20, 500_000_000, time.UTC)),
			},
			{Name: "example.org", Verified: new(false)},
		}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The lists are read with a token for exactly the scope that was granted.
func TestDomainsScope(t *testing.T) {
	for _, scope := range []string{facts.ScopeDomains, facts.ScopeDomainsWide} {
		g := newGoogle(t, scope)
		set := domainSet(t, run(t, g.env(t)))
		if !set.Domains.Complete() || !set.Aliases.Complete() {
			t.Errorf("%s: %v %v", scope, set.Domains.Why(), set.Aliases.Why())
		}
		asked := g.scopes()
		if asked[len(asked)-1] != scope {
			t.Errorf("read with a token for %s, want %s", asked[len(asked)-1], scope)
		}
	}
}

// A token that tokeninfo could not confirm is still worth a try: the list itself proves it.
func TestDomainsWithoutTokenInfo(t *testing.T) {
	g := newGoogle(t, facts.ScopeDomains)
	g.paths["/moved/tokeninfo"] = answer{status: 500}
	if set := domainSet(t, run(t, g.env(t))); !set.Domains.Complete() {
		t.Errorf("domains: %v", set.Domains.Why())
	}
}

func TestDomainsNotAsked(t *testing.T) {
	tests := []struct {
		name       string
		scope      string
		answer     answer
		kind       facts.Kind
		code       string
		permission string
	}{
		{"neither scope is granted", "", answer{}, facts.Forbidden, "unauthorized_client", facts.ScopeDomains},
		{
			"blocked by app access control", facts.ScopeDomains, answer{status: 400, body: `{"error":"admin_policy_enforced"}`},
			facts.Forbidden, "admin_policy_enforced", facts.ScopeDomains,
		},
		{
			"the subject cannot use it", facts.ScopeDomains,
			refusal(403, "access_denied", "Account restricted"),
			facts.Forbidden, "access_denied", "",
		},
		{
			"the key is bad", scopeSelf, refusal(400, "invalid_grant", "Invalid JWT Signature."),
			facts.Unauthenticated, "invalid_grant", "",
		},
		{
			"the subject is unknown", facts.ScopeControl, refusal(400, "invalid_grant", "Invalid email or User ID"),
			facts.Unauthenticated, "invalid_grant", "",
		},
		{"throttled", facts.ScopeDomains, answer{status: 429}, facts.Throttled, "", ""},
		{"unavailable", scopeSelf, answer{status: 500}, facts.Unavailable, "", ""},
		{"HTML", facts.ScopeControl, answer{status: 403, body: googleHTML}, facts.Malformed, "", ""},
		{"throttled after the ladder", facts.ScopeDomains, answer{status: 429, after: 1}, facts.Throttled, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t, facts.ScopeControl)
			g.granted[facts.ScopeDomains] = tt.answer.after > 0
			if tt.scope != "" {
				g.tokens[tt.scope] = tt.answer
			}
			got := facts.Get(run(t, g.env(t)), facts.WorkspaceDomains)
			f := got.Failure
			if got.Value != nil {
				t.Errorf("domains without a token: %+v", got.Value)
			}
			want(t, f, tt.kind, tt.code, tt.permission)
			if n := g.got("GET /admin/"); n != 0 {
				t.Errorf("%d requests without a token", n)
			}
		})
	}
}

func TestDomainsWithoutLadder(t *testing.T) {
	g := newGoogle(t, facts.ScopeDomains)
	e := probes.Collect(t.Context(), g.env(t), []probes.Probe{domains()}, nil)
	if got := facts.Get(e, facts.WorkspaceDomains); kind(got) != facts.NotCollected || len(g.requests) != 0 {
		t.Errorf("%v, %v", got.Why(), g.requests)
	}
}

// The reasons are Google's (Admin SDK, "Handle API errors"; google.rpc.ErrorInfo).
func TestDirectoryFaults(t *testing.T) {
	tests := []struct {
		name       string
		answer     answer
		kind       facts.Kind
		code       string
		permission string
	}{
		{
			"authError",
			apiError(401, "authError", "Invalid Credentials", ""),
			facts.Unauthenticated, "authError", "",
		},
		{
			"token without the scope",
			apiError(403, "insufficientPermissions", "Insufficient Permission", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
			facts.Forbidden, "insufficientPermissions", facts.ScopeDomains,
		},
		{
			"token without the scope, new format",
			apiError(403, "", "Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
			facts.Forbidden, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", facts.ScopeDomains,
		},
		{
			"no privilege",
			apiError(403, "forbidden", "Not Authorized to access this resource/api", ""),
			facts.Forbidden, "forbidden", domainPrivilege,
		},
		{
			"API off",
			apiError(403, "accessNotConfigured", "Admin SDK API has not been used", "SERVICE_DISABLED"),
			facts.Forbidden, "accessNotConfigured", adminSDK,
		},
		{
			"API off, new format",
			apiError(403, "", "Admin SDK API has not been used", "SERVICE_DISABLED"),
			facts.Forbidden, "SERVICE_DISABLED", adminSDK,
		},
		{
			"API access off",
			apiError(403, "domainCannotUseApis", "Domain cannot use apis.", ""),
			facts.Forbidden, "domainCannotUseApis", "",
		},
		{
			"policy",
			apiError(403, "domainPolicy", "The domain administrators have disabled x apps", ""),
			facts.Forbidden, "domainPolicy", "",
		},
		{
			"service",
			apiError(403, "serviceNotAvailable", "the authenticated user cannot access this service", ""),
			facts.Forbidden, "serviceNotAvailable", "",
		},
		{
			"PERMISSION_DENIED",
			answer{status: 403, body: `{"error":{"code":403,"message":"The caller …","status":"PERMISSION_DENIED"}}`},
			facts.Forbidden, "PERMISSION_DENIED", "",
		},
		{
			"a reason of next year",
			apiError(403, "newReason", "x", ""),
			facts.Forbidden, "newReason", "",
		},
		{
			"user rate",
			apiError(403, "userRateLimitExceeded", "x", ""),
			facts.Throttled, "userRateLimitExceeded", "",
		},
		{
			"rate",
			apiError(403, "rateLimitExceeded", "x", ""),
			facts.Throttled, "rateLimitExceeded", "",
		},
		{
			"quota",
			apiError(403, "quotaExceeded", "x", ""),
			facts.Throttled, "quotaExceeded", "",
		},
		{
			"429 with Retry-After",
			answer{status: 429, header: map[string]string{"Retry-After": "3600"}},
			facts.Throttled, "", "",
		},
		{
			"429 without Retry-After",
			apiError(429, "rateLimitExceeded", "x", ""),
			facts.Throttled, "rateLimitExceeded", "",
		},
		{
			"not found",
			apiError(404, "notFound", "Domain not found", ""),
			facts.NotFound, "notFound", "",
		},
		{
			"bad id",
			apiError(400, "invalid", "Invalid Customer Id", ""),
			facts.Rejected, "invalid", "",
		},
		{
			"bad request",
			apiError(400, "badRequest", "Invalid Input", ""),
			facts.Rejected, "badRequest", "",
		},
		{
			"500",
			apiError(500, "backendError", "Backend Error", ""),
			facts.Unavailable, "backendError", "",
		},
		{
			"503",
			apiError(503, "", "quota exceeded for the current request", ""),
			facts.Unavailable, "", "",
		},
		{"502 in HTML", answer{status: 502, body: googleHTML}, facts.Unavailable, "", ""},
		{"403 in HTML", answer{status: 403, body: googleHTML}, facts.Malformed, "", ""},
		{"404 in HTML", answer{status: 404, body: googleHTML}, facts.Malformed, "", ""},
		{"200 in HTML", answer{status: 200, body: googleHTML}, facts.Malformed, "", ""},
		{"truncated", answer{status: 200, body: `{"domains":[{"domainName":"conto`}, facts.Malformed, "", ""},
		{"cut connection", answer{status: 200, body: `{"domains":[`, cut: true}, facts.Malformed, "", ""},
		{"empty object", answer{status: 200, body: `{}`}, facts.Malformed, "", ""},
		{"no content", answer{status: 204}, facts.Malformed, "", ""},
		{
			"another shape",
			answer{status: 200, body: `{"domains":{"a":1},"domainAliases":{"a":1}}`},
			facts.Malformed, "", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGoogle(t, facts.ScopeDomains)
			g.paths[domainsPath] = tt.answer
			set := domainSet(t, run(t, g.env(t)))
			want(t, set.Domains.Why(), tt.kind, tt.code, tt.permission)
			if set.Domains.Value != nil {
				t.Errorf("a failure with a value: %+v", set.Domains.Value)
			}
			if !set.Aliases.Complete() {
				t.Errorf("aliases fell with domains: %v", set.Aliases.Why())
			}

			g = newGoogle(t, facts.ScopeDomains)
			g.paths[aliasesPath] = tt.answer
			set = domainSet(t, run(t, g.env(t)))
			want(t, set.Aliases.Why(), tt.kind, tt.code, tt.permission)
			if set.Aliases.Value != nil || !set.Domains.Complete() {
				t.Errorf("aliases %+v, domains %v", set.Aliases.Value, set.Domains.Why())
			}
		})
	}
}

func TestAnotherCustomer(t *testing.T) {
	for customer, want := range map[string]facts.Kind{"C0foreign": facts.Forbidden, "C0nobody": facts.NotFound} {
		g := newGoogle(t, facts.ScopeDomains)
		set := domainSet(t, run(t, g.env(t, func(c *config.Config) { c.Google.Customer = customer })))
		if kind(set.Domains) != want || kind(set.Aliases) != want || set.Customer != customer {
			t.Errorf("%s: %v, %v; want %s", customer, set.Domains.Why(), set.Aliases.Why(), want)
		}
	}
}

func TestMissingMembers(t *testing.T) {
	g := newGoogle(t, facts.ScopeDomains)
	g.paths[domainsPath] = answer{status: 200, body: `{"domains":[{"verified":true},{"domainName":"contoso.com"}]}`}
	// Google leaves the list out when there is none.
	g.paths[aliasesPath] = answer{status: 200, body: `{"kind":"admin#directory#domainAliases","etag":"\"e\""}`}
	set := domainSet(t, run(t, g.env(t)))
	if v := set.Domains.Value; v == nil || len(*v) != 1 || (*v)[0].Name != "contoso.com" || kind(set.Domains) != facts.Malformed {
		t.Errorf("domains %+v, %v: the rows with a name, and that one is missing", v, set.Domains.Why())
	}
	if !set.Aliases.Complete() || len(*set.Aliases.Value) != 0 {
		t.Errorf("aliases %+v, %v: want none, seen", set.Aliases.Value, set.Aliases.Why())
	}

	g.paths[aliasesPath] = answer{status: 200, body: `{"domainAliases":[{"verified":true}]}`}
	set = domainSet(t, run(t, g.env(t)))
	if kind(set.Aliases) != facts.Malformed {
		t.Errorf("aliases: %v", set.Aliases.Why())
	}

	g.paths[domainsPath] = answer{status: 200, body: `{"domains":[{"domainName":"contoso.com","creationTime":"soon"}]}`}
	set = domainSet(t, run(t, g.env(t)))
	if kind(set.Domains) != facts.Malformed {
		t.Errorf("domains with a date that is no number: %v", set.Domains.Why())
	}
}

func TestPermissions(t *testing.T) {
	names := map[string]bool{}
	for _, p := range Probes() {
		if p.Section != "google" || p.Doc == "" || p.Timeout <= 0 || p.Identity != (p.Fact == facts.WorkspaceDelegation.Name) {
			t.Errorf("%+v", p)
		}
		for _, m := range p.Permissions {
			if m.Service != "google" || m.Why == "" {
				t.Errorf("%s: %+v", p.Fact, m)
			}
			names[m.Name] = true
		}
	}
	for _, name := range []string{
		facts.ScopeControl, facts.ScopeDomains, adminSDK, domainPrivilege, "iam.serviceAccounts.signJwt",
	} {
		if !names[name] {
			t.Errorf("%s is needed and not listed", name)
		}
	}
	if names[facts.ScopeDomainsWide] {
		t.Error("the wider scope is never asked of an admin")
	}
}
