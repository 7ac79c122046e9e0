package lab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The largest and the ordinary page of Graph's directory objects (Microsoft Graph, "Paging
// Microsoft Graph data in your app" and "List users").
const (
	maxPage      = 999
	ordinaryPage = 100
)

// graph is Microsoft Graph, v1.0 and beta, as far as the probes ask it. What they do not
// ask is refused, as Graph refuses what it does not know.
type graph struct {
	tenant   Microsoft
	entra    *entra
	url      string
	pageSize int // 0: as asked
}

func newGraph(o Organisation, e *entra, url string) *graph {
	return &graph{tenant: o.Microsoft, entra: e, url: url, pageSize: o.PageSize}
}

// graphError is Graph's error object with its status.
type graphError struct {
	status        int
	code, message string
}

func (f *graphError) send(w http.ResponseWriter) {
	id := newID()
	w.Header().Set("request-id", id)
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate",
			`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`)
	}
	writeJSON(w, f.status, map[string]any{"error": map[string]any{
		"code": f.code, "message": f.message,
		"innerError": map[string]any{
			"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id,
		},
	}})
}

func badRequest(code, message string) *graphError {
	return &graphError{http.StatusBadRequest, code, message}
}

func noSegment(segment string) *graphError {
	return badRequest("BadRequest", "Resource not found for the segment '"+segment+"'.")
}

func notFound(what string) *graphError {
	return &graphError{http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '" + what + "' does not exist or one of its queried reference-property objects are not present."}
}

// The refusals of a call whose permission is missing: each family of calls has its own.
var (
	// Directory objects: Microsoft Graph, "Combine multiple requests in one HTTP call using JSON batching".
	deniedDirectory = graphError{http.StatusForbidden, "Authorization_RequestDenied",
		"Insufficient privileges to complete the operation."}
	// Conditional Access and the policies beside it.
	deniedPolicy = graphError{http.StatusForbidden, "AccessDenied",
		"You cannot perform the requested operation, required scopes are missing in the token."}
	// Authentication methods and strengths.
	deniedMethods = graphError{http.StatusForbidden, "accessDenied", "Request Authorization failed"}
	// Reports: microsoftgraph/microsoft-graph-docs-contrib issue 1852.
	deniedReports = graphError{http.StatusForbidden, "Authentication_MSGraphPermissionMissing",
		"The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API."}
	// PIM wraps its own error: hashicorp/terraform-provider-azuread issue 1386.
	deniedPIM = graphError{http.StatusForbidden, "UnknownError", `{"errorCode":"PermissionScopeNotGranted",` +
		`"message":"Authorization failed due to missing permission scope RoleEligibilitySchedule.Read.Directory.",` +
		`"instanceAnnotations":[]}`}
	deniedSharePoint = graphError{http.StatusForbidden, "accessDenied",
		"Caller does not have required permissions for this API"}
)

// The refusals of a call whose licence is missing.
var (
	// turbot/steampipe-plugin-azuread issue 98.
	unlicensedP1 = graphError{http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
		"Neither tenant is B2C or tenant doesn't have premium license"}
	// maester365/maester issue 1421.
	unlicensedP2 = graphError{http.StatusBadRequest, "AadPremiumLicenseRequired",
		"The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."}
)

// operation is one kind of call.
type operation struct {
	path        string // {…} stands for one segment
	betaOnly    bool
	permissions []string // each of them is enough
	denied      *graphError
	options     string // the query options that it takes
	answer      func(*graph, *query) (any, *graphError)
}

// Permissions by call follow Microsoft Graph's permissions reference. Directory.Read.All
// covers every directory object.
var operations = []operation{
	{
		path:        "organization",
		permissions: []string{"Organization.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select",
		answer:      (*graph).organization,
	},
	{
		path:        "domains",
		permissions: []string{"Domain.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $top",
		answer:      (*graph).domains,
	},
	{
		path:        "users",
		permissions: []string{"User.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $filter $count $top",
		answer:      (*graph).users,
	},
	{
		path:        "users/{user}",
		permissions: []string{"User.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select",
		answer:      (*graph).user,
	},
	{
		path:        "users/{user}/transitiveMemberOf",
		permissions: []string{"User.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $count $top",
		answer:      (*graph).memberships,
	},
	{
		path:        "users/{user}/transitiveMemberOf/graph.group",
		permissions: []string{"User.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $count $top",
		answer:      (*graph).groups,
	},
	{
		path:        "users/{user}/authentication/requirements",
		betaOnly:    true,
		permissions: []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"},
		denied:      &deniedMethods,
		answer:      (*graph).requirements,
	},
	{
		path:        "reports/authenticationMethods/userRegistrationDetails/{user}",
		permissions: []string{"AuditLog.Read.All"},
		denied:      &deniedReports,
		answer:      (*graph).registration,
	},
	{
		path:        "policies/identitySecurityDefaultsEnforcementPolicy",
		permissions: []string{"Policy.Read.All"},
		denied:      &deniedPolicy,
		answer:      (*graph).securityDefaults,
	},
	{
		path:        "policies/authenticationStrengthPolicies",
		permissions: []string{"Policy.Read.AuthenticationMethod", "Policy.Read.All"},
		denied:      &deniedMethods,
		options:     "$select",
		answer:      (*graph).strengths,
	},
	{
		path:        "identity/conditionalAccess/policies",
		permissions: []string{"Policy.Read.All", "Policy.Read.ConditionalAccess"},
		denied:      &deniedPolicy,
		options:     "$select $top",
		answer:      (*graph).policies,
	},
	{
		path:        "identity/conditionalAccess/namedLocations",
		permissions: []string{"Policy.Read.All", "Policy.Read.ConditionalAccess"},
		denied:      &deniedPolicy,
		options:     "$select $top",
		answer:      (*graph).namedLocations,
	},
	{
		path:        "roleManagement/directory/roleAssignments",
		permissions: []string{"RoleManagement.Read.Directory", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $filter $top",
		answer:      (*graph).roleAssignments,
	},
	{
		path:        "roleManagement/directory/roleEligibilityScheduleInstances",
		permissions: []string{"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory"},
		denied:      &deniedPIM,
		options:     "$select $filter $top",
		answer:      (*graph).eligibleRoles,
	},
	{
		path:        "admin/sharepoint/settings",
		permissions: []string{"SharePointTenantSettings.Read.All"},
		denied:      &deniedSharePoint,
		options:     "$select",
		answer:      (*graph).sharePoint,
	},
	{
		path:        "servicePrincipals",
		permissions: []string{"Application.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $filter $count $top",
		answer:      (*graph).servicePrincipals,
	},
	{
		path:        "servicePrincipals/{principal}/appRoleAssignments",
		permissions: []string{"Application.Read.All", "Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $top",
		answer:      (*graph).appRoleAssignments,
	},
	{
		path:        "servicePrincipals/{principal}/oauth2PermissionGrants",
		permissions: []string{"Directory.Read.All"},
		denied:      &deniedDirectory,
		options:     "$select $top",
		answer:      (*graph).permissionGrants,
	},
	{
		path:        "auditLogs/signIns",
		permissions: []string{"AuditLog.Read.All"},
		denied:      &deniedReports,
		options:     "$filter $top",
		answer:      (*graph).signIns,
	},
}

// query is one request, taken apart.
type query struct {
	version     string
	path        string
	id          string // the segment that stands for {user} or {principal}
	options     map[string]string
	eventual    bool // ConsistencyLevel: eventual
	newWords    bool // Prefer: include-unknown-enum-members
	permissions []string
}

// ServeHTTP answers one request.
func (g *graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	value, refusal := g.serve(r)
	if refusal != nil {
		refusal.send(w)
		return
	}
	w.Header().Set("request-id", newID())
	w.Header().Set("OData-Version", "4.0")
	writeJSON(w, http.StatusOK, value)
}

func (g *graph) serve(r *http.Request) (any, *graphError) {
	q := &query{
		eventual: strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual"),
		newWords: strings.Contains(strings.Join(r.Header.Values("Prefer"), ","), "include-unknown-enum-members"),
	}
	q.version, q.path, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if q.version != "v1.0" && q.version != "beta" {
		return nil, badRequest("BadRequest", "Invalid version: "+q.version)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, &graphError{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty."}
	}
	if q.permissions, ok = g.entra.permissions(token); !ok {
		return nil, &graphError{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure."}
	}
	op, refusal := route(q)
	if refusal != nil {
		return nil, refusal
	}
	if r.Method != http.MethodGet {
		return nil, &graphError{http.StatusMethodNotAllowed, "Request_BadRequest",
			"Specified HTTP method is not allowed for the request target."}
	}
	if r.ContentLength > 0 {
		return nil, badRequest("BadRequest", "A request with the method GET must not have a body.")
	}
	if !q.may(op.permissions...) {
		return nil, op.denied
	}
	if refusal := q.read(r.URL.RawQuery, op.options); refusal != nil {
		return nil, refusal
	}
	return op.answer(g, q)
}

func (q *query) may(permissions ...string) bool {
	return slices.ContainsFunc(permissions, func(p string) bool { return slices.Contains(q.permissions, p) })
}

// route finds the operation of a path, or names the first segment that no operation has there.
func route(q *query) (operation, *graphError) {
	asked := strings.Split(q.path, "/")
	known := 0 // so many segments begin the path of some operation
	for _, op := range operations {
		have := strings.Split(op.path, "/")
		n, id := 0, ""
		for n < min(len(have), len(asked)) && (have[n] == asked[n] || have[n][0] == '{' && asked[n] != "") {
			if have[n][0] == '{' {
				id = asked[n]
			}
			n++
		}
		if op.betaOnly && q.version != "beta" {
			n = min(n, len(have)-1) // the last segment is what v1.0 lacks
		}
		if n == len(have) && n == len(asked) {
			q.id = id
			return op, nil
		}
		known = max(known, n)
	}
	return operation{}, noSegment(asked[min(known, len(asked)-1)])
}

// read takes the query options, and refuses those that the operation does not take.
func (q *query) read(raw, takes string) *graphError {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return badRequest("BadRequest", "The query cannot be read.")
	}
	q.options = map[string]string{}
	for name, v := range values {
		if name != "$skiptoken" && !slices.Contains(strings.Fields(takes), name) {
			return badRequest("Request_UnsupportedQuery", "The query parameter '"+name+"' is not supported.")
		}
		if len(v) != 1 || v[0] == "" {
			return badRequest("BadRequest", "Query option '"+name+"' must have exactly one value.")
		}
		q.options[name] = v[0]
	}
	// Advanced queries: Microsoft Graph, "Advanced query capabilities on Microsoft Entra ID objects".
	if _, counts := q.options["$count"]; counts && (q.options["$count"] != "true" || !q.eventual) {
		return badRequest("Request_UnsupportedQuery", "$count is not currently supported.")
	}
	return nil
}

// filter takes $filter apart when it has one of the two forms that the probes use:
// startswith(member,'value') or member eq 'value'. Without $filter, everything passes.
func (q *query) filter(form, member string) (func(string) bool, *graphError) {
	raw, ok := q.options["$filter"]
	if !ok {
		return func(string) bool { return true }, nil
	}
	refused := badRequest("Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.")
	before, after := member+" eq '", "'"
	if form == "startswith" {
		before, after = "startswith("+member+",'", "')"
	}
	value, ok := strings.CutPrefix(raw, before)
	if !ok {
		return nil, refused
	}
	if value, ok = strings.CutSuffix(value, after); !ok {
		return nil, refused
	}
	// A quote inside of a string is doubled (OData 4.01, URL conventions, 5.1.1.14.1).
	if strings.Contains(strings.ReplaceAll(value, "''", ""), "'") {
		return nil, refused
	}
	value = strings.ToLower(strings.ReplaceAll(value, "''", "'"))
	return func(s string) bool {
		s = strings.ToLower(s)
		return s == value || form == "startswith" && strings.HasPrefix(s, value)
	}, nil
}

// entity is an object as Graph sends it.
type entity = map[string]any

// kind is a type of Graph: its members, and those that come without $select (nil: all).
type kind struct {
	name     string
	members  []string
	ordinary []string
	page     int // how many come at once without $top; 0: ordinaryPage
}

// pick keeps what $select names, or what comes without it.
func (q *query) pick(k kind, e entity) (entity, *graphError) {
	names := k.ordinary
	if raw, ok := q.options["$select"]; ok {
		names = strings.Split(raw, ",")
	} else if names == nil {
		return e, nil
	}
	out := entity{}
	for _, name := range names {
		name = strings.TrimSpace(name)
		if !slices.Contains(k.members, name) {
			return nil, badRequest("BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '"+
				name+"' on type 'microsoft.graph."+k.name+"'.")
		}
		out[name] = e[name]
	}
	if t, ok := e["@odata.type"]; ok {
		out["@odata.type"] = t
	}
	return out, nil
}

func (g *graph) context(q *query) string { return g.url + "/" + q.version + "/$metadata#" + q.path }

// one is the answer that holds a single object.
func (g *graph) one(q *query, k kind, e entity) (any, *graphError) {
	picked, refusal := q.pick(k, e)
	if refusal != nil {
		return nil, refusal
	}
	out := entity{"@odata.context": g.context(q) + "/$entity"}
	for name, v := range picked {
		out[name] = v
	}
	return out, nil
}

// list is one page of a collection.
func (g *graph) list(q *query, k kind, all []entity) (any, *graphError) {
	size := cmp.Or(k.page, ordinaryPage)
	if raw, ok := q.options["$top"]; ok {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 || n > maxPage {
			return nil, badRequest("Request_UnsupportedQuery",
				"Invalid page size specified: '"+raw+"'. Must be between 1 and 999 inclusive.")
		}
		size = n
	}
	if g.pageSize > 0 {
		size = min(size, g.pageSize)
	}
	from := 0
	if raw, ok := q.options["$skiptoken"]; ok {
		n, err := strconv.Atoi(strings.TrimPrefix(raw, "page-"))
		if err != nil || n < 1 || n >= len(all) || !strings.HasPrefix(raw, "page-") {
			return nil, badRequest("Directory_ExpiredPageToken",
				"The specified page token value has expired and can no longer be included in your request.")
		}
		from = n
	}
	to := min(from+size, len(all))
	page := make([]entity, 0, to-from)
	for _, e := range all[from:to] {
		picked, refusal := q.pick(k, e)
		if refusal != nil {
			return nil, refusal
		}
		page = append(page, picked)
	}
	out := entity{"@odata.context": g.context(q), "value": page}
	if q.options["$count"] == "true" {
		out["@odata.count"] = len(all)
	}
	if to < len(all) {
		next := url.Values{"$skiptoken": {"page-" + strconv.Itoa(to)}}
		for name, v := range q.options {
			if name != "$skiptoken" {
				next.Set(name, v)
			}
		}
		out["@odata.nextLink"] = g.url + "/" + q.version + "/" + q.path + "?" + next.Encode()
	}
	if len(all) == 0 { // a wrong $select is refused even when there is nothing to select from
		if _, refusal := q.pick(k, entity{}); refusal != nil {
			return nil, refusal
		}
	}
	return out, nil
}

// raw makes entities of objects that the organisation holds in wire shape.
func raw(q *query, objects []json.RawMessage) ([]entity, *graphError) {
	out := make([]entity, 0, len(objects))
	for _, o := range objects {
		if !q.newWords {
			o = oldWords(o)
		}
		var e entity
		if err := json.Unmarshal(o, &e); err != nil {
			return nil, &graphError{http.StatusInternalServerError, "generalException",
				"the organisation's data is not JSON: " + err.Error()}
		}
		out = append(out, e)
	}
	return out, nil
}

// oldWords is what a client gets that has not said include-unknown-enum-members: members
// of an evolvable enumeration that came after unknownFutureValue arrive as that (Microsoft
// Graph, "Best practices for working with Microsoft Graph", evolvable enumerations).
func oldWords(object []byte) []byte {
	for _, word := range []string{`"linux"`, `"riskRemediation"`} {
		object = bytes.ReplaceAll(object, []byte(word), []byte(`"unknownFutureValue"`))
	}
	return object
}
