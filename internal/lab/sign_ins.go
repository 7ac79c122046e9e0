package lab

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// signInKind is an entry of the sign-in log (Microsoft Graph, "signIn resource type", and the page
// size of "List signIns").
var signInKind = kind{name: "signIn", page: 1000, members: []string{
	"id", "createdDateTime", "userDisplayName", "userPrincipalName", "userId", "appId", "appDisplayName", "ipAddress",
	"clientAppUsed", "correlationId", "conditionalAccessStatus", "isInteractive", "riskDetail", "riskLevelAggregated",
	"riskLevelDuringSignIn", "riskState", "riskEventTypes", "riskEventTypes_v2", "resourceDisplayName", "resourceId",
	"status", "deviceDetail", "location", "appliedConditionalAccessPolicies",
}}

// signIns is the log, newest first. Without Entra ID P1 there is none (Microsoft Graph, "List signIns").
func (g *graph) signIns(q *query) (any, *graphError) {
	if g.tenant.Premium < P1 {
		return nil, &unlicensedP1
	}
	all, refusal := raw(q, g.tenant.SignIns)
	if refusal != nil {
		return nil, refusal
	}
	var found []entity
	for _, e := range all {
		ok, refusal := passesSignIn(e, q.options["$filter"])
		if refusal != nil {
			return nil, refusal
		}
		if ok {
			found = append(found, e)
		}
	}
	return g.list(q, signInKind, found)
}

// passesSignIn understands a conjunction of the comparisons that Graph documents for the log: eq
// for the members that have a name, ge and le for the time.
func passesSignIn(e entity, filter string) (bool, *graphError) {
	if filter == "" {
		return true, nil
	}
	refused := badRequest("BadRequest", "Invalid filter clause")
	for _, term := range strings.Split(filter, " and ") {
		words := strings.Fields(term)
		if len(words) != 3 {
			return false, refused
		}
		switch member, op := words[0], words[1]; {
		case member == "createdDateTime" && (op == "ge" || op == "le"):
			limit, err := time.Parse(time.RFC3339, words[2])
			text, _ := e[member].(string)
			at, broken := time.Parse(time.RFC3339, text)
			if err != nil || broken != nil {
				return false, refused
			}
			if op == "ge" && at.Before(limit) || op == "le" && at.After(limit) {
				return false, nil
			}
		case op == "eq" && (member == "userId" || member == "clientAppUsed" || member == "userPrincipalName"):
			value, quoted := strings.CutPrefix(words[2], "'")
			value, closed := strings.CutSuffix(value, "'")
			if !quoted || !closed {
				return false, refused
			}
			if have, _ := e[member].(string); !strings.EqualFold(have, value) {
				return false, nil
			}
		default:
			return false, &graphError{http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported Query."}
		}
	}
	return true, nil
}

// browserSignIn is one sign-in with a browser, in the shape of Graph's example ("List signIns",
// example 1).
func browserSignIn(id, user, browser, system string, at time.Time) json.RawMessage {
	raw, err := json.Marshal(entity{
		"id": id, "createdDateTime": at.UTC().Format(time.RFC3339), "userId": user, "userDisplayName": "Somebody of Contoso",
		"userPrincipalName": "somebody-" + id + "@" + tenantDomain, "appDisplayName": "Office 365",
		"clientAppUsed": "Browser", "conditionalAccessStatus": "notApplied", "isInteractive": true, "ipAddress": "203.0.113.77",
		"status": entity{"errorCode": 0, "failureReason": nil, "additionalDetails": nil},
		"deviceDetail": entity{
			"deviceId": "", "displayName": nil, "operatingSystem": system, "browser": browser, "isCompliant": nil,
			"isManaged": nil, "trustType": nil,
		},
	})
	if err != nil { // strings and times always can be written
		panic(err)
	}
	return raw
}

// signInsOfOldBrowsers are those of seven people with Internet Explorer 11 on Windows 7, one of whom
// also uses a current browser, as three others do.
func signInsOfOldBrowsers(now time.Time) []json.RawMessage {
	var list []json.RawMessage
	add := func(user int, browser, system string) {
		at := now.Add(-time.Duration(len(list)+1) * time.Hour)
		list = append(list, browserSignIn(numbered("51616e00", len(list)), numbered("0e0b1e00", user), browser, system, at))
	}
	for user := range 7 {
		add(user, "IE 11.0", "Windows 7")
	}
	add(0, "IE 11.0", "Windows 7") // again: counted once
	for user := range 4 {
		add(user+6, "Chrome 142.0.7444", "Windows10")
	}
	return list
}
