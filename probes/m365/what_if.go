package m365

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// whatIfTimeout covers three calls for each of a few accounts at one a second, after the
// policies have had their turn.
const whatIfTimeout = 60 * time.Second

func whatIfProbe() probes.Probe {
	return probes.New(facts.M365WhatIf, probes.Probe{
		Doc: "what Microsoft's own What If evaluation makes of the Conditional Access policies, for the accounts whose " +
			"verdict hangs on them and each kind of client (POST /identity/conditionalAccess/evaluate, which changes nothing)",
		Section: section,
		Needs:   opinionsNeed(),
		Timeout: whatIfTimeout,
		Permissions: []probes.Permission{{
			Service: "graph", Name: whatIfCall.permission, Optional: true,
			Why: "asks Microsoft's own evaluation of the policies for a second opinion",
		}},
	}, whatIf)
}

func whatIf(ctx context.Context, env *probes.Env) (facts.WhatIf, error) {
	accounts, failure := subjects(env)
	if failure != nil {
		return facts.WhatIf{}, failure
	}
	s, err := open(env)
	if err != nil {
		return facts.WhatIf{}, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()

	found := facts.WhatIf{Accounts: make([]facts.WhatIfAccount, len(accounts))}
	var questions []func(context.Context)
	for i, a := range accounts {
		found.Accounts[i] = facts.WhatIfAccount{Address: a.Address, NotAsked: a.notAsked}
		if a.notAsked != toBeAsked {
			continue
		}
		clients := []condaccess.Client{condaccess.Other, condaccess.MobileAppsAndDesktop, condaccess.Browser}
		found.Accounts[i].Clients = make([]facts.WhatIfClient, len(clients))
		for j, client := range clients {
			answer := &found.Accounts[i].Clients[j]
			answer.Client = string(client)
			questions = append(questions, func(ctx context.Context) {
				answer.Policies = list(ctx, s, s.evaluation(a.User.Value.ID, client, env.Config.Microsoft365.CASEgress), decodeWhatIf)
			})
		}
	}
	together(ctx, questions...)
	return found, nil
}

// signIn is the body of "conditionalAccessRoot: evaluate": its @odata.type members are mandatory.
type signIn struct {
	Identity struct {
		Type   string `json:"@odata.type"`
		UserID string `json:"userId"`
	} `json:"signInIdentity"`
	Context struct {
		Type         string   `json:"@odata.type"`
		Applications []string `json:"includeApplications"`
	} `json:"signInContext"`
	Conditions  signInConditions `json:"signInConditions"`
	AppliedOnly bool             `json:"appliedPoliciesOnly"`
}

// signInConditions are what is known of how CAS signs in. A condition that is not said makes
// the policies that ask for it not apply, for the reason notEnoughInformation.
type signInConditions struct {
	ClientAppType   string `json:"clientAppType"`
	DevicePlatform  string `json:"devicePlatform"`
	SignInRiskLevel string `json:"signInRiskLevel"`
	UserRiskLevel   string `json:"userRiskLevel"`
	Country         string `json:"country,omitempty"`
	IPAddress       string `json:"ipAddress,omitempty"`
}

// evaluation asks about SharePoint Online by its own id: the evaluation does not know the names
// of groups of applications, and OneDrive is the same application.
func (s *session) evaluation(user string, client condaccess.Client, from *config.Egress) question {
	var body signIn
	body.Identity.Type, body.Identity.UserID = "#microsoft.graph.userSignIn", user
	body.Context.Type, body.Context.Applications = "#microsoft.graph.applicationContext", []string{condaccess.SharePointOnline}
	body.Conditions = signInConditions{
		// Some platform must be said, or every policy with a platform is left out. None is claimed
		// by CAS as far as is known; most servers that sign in so claim this one.
		ClientAppType: string(client), DevicePlatform: "windows", SignInRiskLevel: "none", UserRiskLevel: "none",
	}
	if from != nil {
		body.Conditions.Country, body.Conditions.IPAddress = from.Country, from.IP
	}
	q := question{call: whatIfCall, url: s.root.JoinPath("v1.0", "identity", "conditionalAccess", "evaluate")}
	q.body, q.err = json.Marshal(body)
	return q
}

func decodeWhatIf(raw json.RawMessage) (facts.WhatIfPolicy, error) {
	type wire struct {
		facts.WhatIfPolicy
		Reasons *string `json:"analysisReasons"` // flags: words with commas between them
	}
	w, err := known(func(w wire) string { return w.ID })(raw)
	if err != nil || w.Reasons == nil {
		return w.WhatIfPolicy, err
	}
	for word := range strings.SplitSeq(*w.Reasons, ",") {
		if word = strings.TrimSpace(word); word != "" {
			w.WhatIfPolicy.Reasons = append(w.WhatIfPolicy.Reasons, word)
		}
	}
	return w.WhatIfPolicy, nil
}
