package m365

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// signInsTimeout covers a few pages for each of a few accounts at one every two seconds, after
// the other reports, from a log that is slow to search.
const signInsTimeout = 90 * time.Second

const (
	// signInWindow is how long Entra keeps sign-ins for a tenant with a premium licence, which the
	// log needs anyway ("Microsoft Entra data retention"). Provisioning is tried seldom: a shorter
	// window would miss the very attempt that is asked about.
	signInWindow = 30 * 24 * time.Hour
	// mostSignIns are kept of an account. They are evidence, not a copy of the log.
	mostSignIns = 50
)

func signInsProbe() probes.Probe {
	return probes.New(facts.M365SignIns, probes.Probe{
		Doc: "the recent sign-ins to SharePoint Online of the accounts whose verdict hangs on the policies, and what asked " +
			"for a second factor there (GET /auditLogs/signIns, beta)",
		Section: section,
		Needs:   opinionsNeed(),
		Timeout: signInsTimeout,
		Permissions: []probes.Permission{
			{
				Service: "graph", Name: signInsCall.permission, Optional: true,
				Why: "shows what asked for a second factor at the sign-ins that there were",
			},
			{
				// microsoftgraph/microsoft-graph-docs-contrib issue 3581.
				Service: "graph", Name: "Directory.Read.All", Optional: true,
				Why: "without it Microsoft Graph can refuse the sign-in log as if the tenant had no licence for it",
			},
		},
	}, signIns)
}

func signIns(ctx context.Context, env *probes.Env) (facts.SignIns, error) {
	accounts, failure := subjects(env)
	if failure != nil {
		return facts.SignIns{}, failure
	}
	s, err := open(env)
	if err != nil {
		return facts.SignIns{}, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()

	found := facts.SignIns{
		Since:    env.Now().Add(-signInWindow).UTC().Truncate(time.Second),
		Accounts: make([]facts.AccountSignIns, len(accounts)),
	}
	var questions []func(context.Context)
	for i, a := range accounts {
		answer := &found.Accounts[i]
		answer.Address, answer.NotAsked = a.Address, a.notAsked
		if a.notAsked == toBeAsked {
			questions = append(questions, func(ctx context.Context) { answer.SignIns = s.signIns(ctx, a.User.Value.ID, found.Since) })
		}
	}
	together(ctx, questions...)
	return found, nil
}

// entry is an entry of the log with the resource that it was for.
type entry struct {
	facts.SignInEntry
	ResourceID string `json:"resourceId"`
}

// signIns asks the beta version: v1.0 does not say what asked for the factor.
func (s *session) signIns(ctx context.Context, user string, since time.Time) facts.Seen[[]facts.SignInEntry] {
	u := s.root.JoinPath("beta", "auditLogs", "signIns")
	u.RawQuery = "$filter=" + strings.ReplaceAll(url.QueryEscape(
		"userId eq '"+quoted(user)+"' and createdDateTime ge "+since.Format(time.RFC3339)), "+", "%20")
	q := question{call: signInsCall, url: u}
	all := list(ctx, s, q, decodeEntry)
	if all.Failure != nil && all.Failure.Code == codeNonPremium {
		// Graph says so to tenants that have the licence as well, and then not every time.
		all = list(ctx, s, q, decodeEntry)
	}
	if all.Value == nil {
		return with[[]facts.SignInEntry](all, nil)
	}
	kept := []facts.SignInEntry{}
	for _, e := range *all.Value {
		if strings.EqualFold(e.ResourceID, condaccess.SharePointOnline) {
			kept = append(kept, e.SignInEntry)
		}
	}
	slices.SortStableFunc(kept, func(a, b facts.SignInEntry) int { return b.CreatedDateTime.Compare(a.CreatedDateTime) })
	kept = kept[:min(len(kept), mostSignIns)]
	return with(all, &kept)
}

func decodeEntry(raw json.RawMessage) (entry, error) {
	type wire struct {
		entry
		Status *struct {
			ErrorCode *int `json:"errorCode"`
		} `json:"status"`
	}
	w, err := as[wire](raw)
	switch {
	case err != nil:
		return entry{}, err
	case w.CreatedDateTime.IsZero():
		return entry{}, errNoID
	case w.Status != nil:
		w.ErrorCode = w.Status.ErrorCode
	}
	return w.entry, nil
}

// quoted is text inside of a string of OData: a quote is doubled (OData 4.01, URL conventions, 5.1.1.14.1).
func quoted(s string) string { return strings.ReplaceAll(s, "'", "''") }
