package workspace

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	admin "google.golang.org/api/admin/directory/v1"
	reports "google.golang.org/api/admin/reports/v1"
	"google.golang.org/api/option"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// casApp is how CAS's application calls itself in Google (the Marketplace app "Trend Micro
// Cloud App Security"); its client id is published nowhere.
const casApp = "cloud app security"

func grants() probes.Probe {
	return probes.New(facts.WorkspaceGrants, probes.Probe{
		Doc: "reads, where permitted and only while it can change the verdict, what the admin has consented to for " +
			"Cloud App Security, and the changes of grants in the admin audit log",
		Section: "google",
		Needs:   []string{facts.WorkspaceDelegation.Name},
		Permissions: []probes.Permission{
			{
				Service: "google", Name: facts.ScopeAuditLog, Optional: true, Members: []string{"log"},
				Why: "shows who granted which scopes to which client, and when, in the last 180 days: a grant that is " +
					"still spreading is told from one that is missing",
			},
			{
				Service: "google", Name: facts.ScopeTokens, Optional: true, Members: []string{"tokens"},
				Why: "shows which scopes the admin has consented to for Cloud App Security. Google has no read-only " +
					"variant of this scope; a list in google.granted_scopes says as much without it",
			},
		},
		// The caller's own token, two more, and two lists of which one has pages.
		Timeout: 5*callTimeout + 5*time.Second,
	}, readGrants)
}

func readGrants(ctx context.Context, env *probes.Env) (facts.Grants, error) {
	ladder := probes.Fact(env, facts.WorkspaceDelegation)
	if ladder.Value == nil {
		return facts.Grants{}, ladder.Why()
	}
	d := *ladder.Value
	for _, rung := range []facts.Seen[facts.TokenTry]{d.Self, d.Control} {
		if !issued(rung) && !aboutScope(rung) { // every other scope would be refused alike
			why := noToken("grants were not asked for", rung)
			return facts.Grants{Tokens: facts.Missed[[]facts.UserToken](why), Log: facts.Missed[[]facts.GrantEvent](why)}, nil
		}
	}
	const settled = "it could not change the verdict"
	g := facts.Grants{Tokens: notAsked[[]facts.UserToken](settled), Log: notAsked[[]facts.GrantEvent](settled)}
	open := casGrantOpen(env.Config.Google, d)
	if open {
		g.Tokens = listTokens(ctx, env, d)
	}
	if open || refused(d.Domains) || refused(d.Control) {
		g.Log = readLog(ctx, env, append(clients(g.Tokens), d.ClientID))
	}
	return g, nil
}

// casGrantOpen: what CAS's own client was granted decides, and nothing else says it.
func casGrantOpen(g *config.Google, d facts.Delegation) bool {
	switch {
	case g.ProvisionedDuringPreview != nil && !*g.ProvisionedDuringPreview:
		return false
	case slices.Contains(g.GrantedScopes.Items, facts.ScopeDomains):
		return false
	default:
		return g.CredentialsOf != config.OfCAS || d.Domains.Value == nil || d.Domains.Value.Granted == nil
	}
}

func issued(try facts.Seen[facts.TokenTry]) bool {
	return try.Value != nil && try.Value.Status == http.StatusOK
}

func refused(try facts.Seen[facts.TokenTry]) bool {
	return try.Value != nil && try.Value.Granted != nil && !*try.Value.Granted
}

func listTokens(ctx context.Context, env *probes.Env, d facts.Delegation) facts.Seen[[]facts.UserToken] {
	token, err := newToken(ctx, env, facts.ScopeTokens, "the admin's consents were not asked for")
	if err != nil {
		return facts.Missed[[]facts.UserToken](httpread.Classify(err))
	}
	user := env.Config.Google.Admin
	var answer *admin.Tokens
	_, err = grantsOfUsers.ask(ctx, env, env.Config.Google.Endpoints.Directory, token,
		func(ctx context.Context, options ...option.ClientOption) error {
			svc, err := admin.NewService(ctx, options...)
			if err != nil {
				return httpread.Classify(err)
			}
			answer, err = svc.Tokens.List(user).Context(ctx).Do()
			return err
		})
	if err != nil {
		return facts.Missed[[]facts.UserToken](grantsOfUsers.failure(err))
	}
	// Google leaves an empty list out, but not the kind of the answer.
	if len(answer.Items) == 0 && answer.Kind != "admin#directory#tokenList" {
		return facts.Missed[[]facts.UserToken](grantsOfUsers.incomplete("the list of tokens is not in the answer"))
	}
	// What else the admin uses is nobody's business.
	kept := []facts.UserToken{}
	for _, t := range answer.Items {
		if t != nil && t.ClientId != "" && (ofCAS(t.DisplayText) || d.ClientID != nil && *d.ClientID == t.ClientId) {
			kept = append(kept, facts.UserToken{ClientID: t.ClientId, DisplayText: named(t.DisplayText), Scopes: t.Scopes})
		}
	}
	slices.SortFunc(kept, func(a, b facts.UserToken) int { return strings.Compare(a.ClientID, b.ClientID) })
	return facts.Got(kept)
}

func ofCAS(name string) bool { return strings.Contains(strings.ToLower(name), casApp) }

func named(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func clients(tokens facts.Seen[[]facts.UserToken]) (ids []*string) {
	if tokens.Value != nil {
		for _, t := range *tokens.Value {
			ids = append(ids, &t.ClientID)
		}
	}
	return ids
}

// The events of the log that speak of grants (Reports API, "Admin Audit Activity Events -
// Domain Settings"); the API takes one name at a time.
var grantEvents = []string{
	"AUTHORIZE_API_CLIENT_ACCESS", "REMOVE_API_CLIENT_ACCESS", "ADD_APPLICATION", "REMOVE_APPLICATION",
}

// maxPages bounds one event's pages of a thousand. Grants change a few times a year.
const maxPages = 3

func readLog(ctx context.Context, env *probes.Env, clients []*string) facts.Seen[[]facts.GrantEvent] {
	token, err := newToken(ctx, env, facts.ScopeAuditLog, "the audit log was not read")
	if err != nil {
		return facts.Missed[[]facts.GrantEvent](httpread.Classify(err))
	}
	events := []facts.GrantEvent{}
	var cut *facts.Failure
	for _, name := range grantEvents {
		page := ""
		for n := 1; ; n++ {
			answer, err := readPage(ctx, env, token, name, page)
			if err != nil {
				cut = auditLog.failure(err)
				break
			}
			for _, a := range answer.Items {
				events = append(events, about(a, clients)...)
			}
			if page = answer.NextPageToken; page == "" {
				break
			}
			if n == maxPages {
				cut = auditLog.incomplete("there are more pages than casdoctor reads")
				break
			}
		}
		if cut != nil && len(events) == 0 {
			return facts.Missed[[]facts.GrantEvent](cut)
		}
		if cut != nil {
			break
		}
	}
	slices.SortStableFunc(events, func(a, b facts.GrantEvent) int { return a.Time.Compare(b.Time) })
	return facts.Partly(events, cut)
}

func readPage(ctx context.Context, env *probes.Env, token, event, page string) (answer *reports.Activities, err error) {
	_, err = auditLog.ask(ctx, env, env.Config.Google.Endpoints.Reports, token,
		func(ctx context.Context, options ...option.ClientOption) error {
			svc, err := reports.NewService(ctx, options...)
			if err != nil {
				return httpread.Classify(err)
			}
			call := svc.Activities.List("all", "admin").EventName(event).MaxResults(1000)
			if customer := env.Config.Google.Customer; customer != "my_customer" {
				call = call.CustomerId(customer)
			}
			if page != "" {
				call = call.PageToken(page)
			}
			answer, err = call.Context(ctx).Do()
			return err
		})
	if err == nil && len(answer.Items) == 0 && answer.Kind != "admin#reports#activities" {
		return nil, auditLog.incomplete("the list of activities is not in the answer")
	}
	return answer, err
}

// about are the events of an activity that speak of CAS or of one of the clients.
func about(a *reports.Activity, clients []*string) (out []facts.GrantEvent) {
	if a == nil || a.Id == nil {
		return nil
	}
	at, err := time.Parse(time.RFC3339, a.Id.Time)
	if err != nil {
		return nil
	}
	for _, e := range a.Events {
		if e == nil {
			continue
		}
		g := facts.GrantEvent{Time: at.UTC(), Name: e.Name}
		if a.Actor != nil {
			g.Actor = named(a.Actor.Email)
		}
		for _, p := range e.Parameters {
			switch {
			case p == nil:
			case p.Name == "API_CLIENT_NAME":
				g.Client = named(p.Value)
			case p.Name == "APPLICATION_NAME":
				g.Application = named(p.Value)
			case p.Name == "API_SCOPES":
				// One string with commas, or several.
				g.Scopes = strings.FieldsFunc(strings.Join(append(p.MultiValue, p.Value), ","), separator)
			}
		}
		known := func(id *string) bool { return id != nil && g.Client != nil && *id == *g.Client }
		if g.Application != nil && ofCAS(*g.Application) || g.Client != nil && ofCAS(*g.Client) || slices.ContainsFunc(clients, known) {
			out = append(out, g)
		}
	}
	return out
}

func separator(r rune) bool { return r == ',' || r == ' ' || r == '[' || r == ']' }
