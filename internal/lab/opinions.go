package lab

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// What Graph says of policies and sign-ins besides the policies themselves: the What If
// evaluation and the two logs.

// sharePointOnline is the application that provisioning signs in to, and office365 the group
// of applications that it belongs to ("Office 365 SharePoint Online" in Microsoft's list of
// first-party applications, and of the contents of the Office 365 group).
const (
	sharePointOnline = "00000003-0000-0ff1-ce00-000000000000"
	office365        = "Office365"
)

// logPage is the ordinary and the largest page of a log ("List signIns").
const logPage = 1000

var (
	whatIfKind = kind{name: "whatIfAnalysisResult"}
	signInKind = kind{name: "signIn", page: logPage}
	auditKind  = kind{name: "directoryAudit", page: logPage}
	// betaSignIn are the members of a sign-in that v1.0 does not have.
	betaSignIn = []string{
		"authenticationRequirement", "authenticationRequirementPolicies", "authenticationProtocol", "authenticationDetails",
		"mfaDetail", "networkLocationDetails", "signInEventTypes",
	}
)

// evaluation is the body of "conditionalAccessRoot: evaluate".
type evaluation struct {
	SignInIdentity *struct {
		Type   string `json:"@odata.type"`
		UserID string `json:"userId"`
	} `json:"signInIdentity"`
	SignInContext *struct {
		Type         string   `json:"@odata.type"`
		Applications []string `json:"includeApplications"`
	} `json:"signInContext"`
	SignInConditions *struct {
		ClientAppType   string `json:"clientAppType"`
		DevicePlatform  string `json:"devicePlatform"`
		Country         string `json:"country"`
		IPAddress       string `json:"ipAddress"`
		SignInRiskLevel string `json:"signInRiskLevel"`
		UserRiskLevel   string `json:"userRiskLevel"`
	} `json:"signInConditions"`
	AppliedPoliciesOnly bool `json:"appliedPoliciesOnly"`
}

// evaluate is the What If evaluation. Report-only policies apply as if they were enabled, as
// the first example of its page shows; those that are off are not evaluated ("The Conditional
// Access What If tool").
func (g *graph) evaluate(q *query) (any, *graphError) {
	var e evaluation
	decoder := json.NewDecoder(bytes.NewReader(q.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return nil, badRequest("BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is "+
			"set and payload is of valid JSON format.")
	}
	switch {
	case e.SignInIdentity == nil || e.SignInContext == nil || e.SignInConditions == nil:
		return nil, badRequest("BadRequest", "signInIdentity, signInContext and signInConditions are required.")
	case e.SignInIdentity.Type != "#microsoft.graph.userSignIn" || e.SignInContext.Type != "#microsoft.graph.applicationContext":
		return nil, badRequest("BadRequest", "A type named '' could not be resolved by the model.")
	}
	at := slices.IndexFunc(g.tenant.Users, func(u User) bool { return strings.EqualFold(u.ID, e.SignInIdentity.UserID) })
	if at < 0 {
		return nil, badRequest("BadRequest", "The user was not found.")
	}
	policies, refusal := raw(q, g.tenant.Policies)
	if refusal != nil {
		return nil, refusal
	}
	all := []entity{}
	for _, p := range policies {
		reason := g.whyNot(p, g.tenant.Users[at], e)
		id, _ := p["id"].(string)
		if other, ok := g.tenant.WhatIf[id]; ok {
			reason = other.Reasons
			if other.Applies {
				reason = ""
			}
		}
		if reason != "" && e.AppliedPoliciesOnly || p["state"] == "disabled" {
			continue
		}
		p["policyApplies"], p["analysisReasons"] = reason == "", reason
		if reason == "" {
			p["analysisReasons"] = "notSet"
		}
		all = append(all, p)
	}
	return g.list(q, whatIfKind, all)
}

// whyNot is the first reason for which a policy does not apply; empty when it does. The lab
// knows users, applications and clients; of the other conditions it only sees whether the
// question says enough about them.
func (g *graph) whyNot(policy entity, u User, e evaluation) string {
	conditions, _ := policy["conditions"].(map[string]any)
	users, _ := conditions["users"].(map[string]any)
	applications, _ := conditions["applications"].(map[string]any)
	groups := map[string]bool{}
	for _, group := range g.transitive(u) {
		groups[group.ID] = true
	}
	roles := map[string]bool{}
	for _, r := range g.tenant.RoleAssignments {
		if r.PrincipalID == u.ID && r.Scope == "" {
			roles[r.RoleDefinitionID] = true
		}
	}
	named := func(side string) bool {
		return has(users[side+"Users"], func(s string) bool { return s == "All" || s == u.ID }) ||
			has(users[side+"Groups"], func(s string) bool { return groups[s] }) ||
			has(users[side+"Roles"], func(s string) bool { return roles[s] })
	}
	asked := func(side string) bool {
		return has(applications[side+"Applications"], func(s string) bool {
			return s == "All" || s == office365 && slices.Contains(e.SignInContext.Applications, sharePointOnline) ||
				slices.Contains(e.SignInContext.Applications, s)
		})
	}
	client := func(s string) bool { return s == "all" || s == e.SignInConditions.ClientAppType }
	switch {
	case !named("include") || named("exclude"):
		return "users"
	case !asked("include") || asked("exclude"):
		return "application"
	case !has(conditions["clientAppTypes"], client):
		return "clientApps"
	case conditions["locations"] != nil && e.SignInConditions.IPAddress == "" && e.SignInConditions.Country == "":
		return "notEnoughInformation"
	default:
		return ""
	}
}

// has reports whether a list of strings has one that passes.
func has(list any, passes func(string) bool) bool {
	all, _ := list.([]any)
	return slices.ContainsFunc(all, func(v any) bool { s, ok := v.(string); return ok && passes(s) })
}

// signIns is the sign-in log, which needs a premium licence ("List signIns").
func (g *graph) signIns(q *query) (any, *graphError) {
	if g.tenant.Premium < P1 {
		return nil, &unlicensedP1
	}
	all, refusal := g.log(q, g.tenant.SignIns, "createdDateTime", "userId", "userPrincipalName", "clientAppUsed")
	if refusal != nil {
		return nil, refusal
	}
	if q.version != "beta" {
		for _, e := range all {
			for _, name := range betaSignIn {
				delete(e, name)
			}
		}
	}
	return g.list(q, signInKind, all)
}

func (g *graph) directoryAudits(q *query) (any, *graphError) {
	all, refusal := g.log(q, g.tenant.DirectoryAudits, "activityDateTime", "activityDisplayName")
	if refusal != nil {
		return nil, refusal
	}
	return g.list(q, auditKind, all)
}

// log are the entries of a log that pass the filter: a conjunction of what Graph documents for
// logs, eq for the members that have a name, ge and le for the date.
func (g *graph) log(q *query, entries []json.RawMessage, date string, members ...string) ([]entity, *graphError) {
	all, refusal := raw(q, entries)
	if refusal != nil || q.options["$filter"] == "" {
		return all, refusal
	}
	var passes []func(entity) bool
	for term := range strings.SplitSeq(q.options["$filter"], " and ") {
		words := strings.SplitN(term, " ", 3)
		if len(words) != 3 {
			return nil, badRequest("BadRequest", "Invalid filter clause")
		}
		switch member, op, value := words[0], words[1], words[2]; {
		case member == date && (op == "ge" || op == "le"):
			limit, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return nil, badRequest("BadRequest", "Invalid filter clause: "+date)
			}
			passes = append(passes, func(e entity) bool {
				written, _ := e[date].(string)
				at, err := time.Parse(time.RFC3339, written)
				return err != nil || op == "ge" && !at.Before(limit) || op == "le" && !at.After(limit)
			})
		case op == "eq" && slices.Contains(members, member) && len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\'':
			want := strings.ReplaceAll(value[1:len(value)-1], "''", "'")
			passes = append(passes, func(e entity) bool {
				have, _ := e[member].(string)
				return strings.EqualFold(have, want)
			})
		default:
			return nil, badRequest("Request_UnsupportedQuery", "Unsupported Query.")
		}
	}
	return slices.DeleteFunc(all, func(e entity) bool {
		return slices.ContainsFunc(passes, func(pass func(entity) bool) bool { return !pass(e) })
	}), nil
}
