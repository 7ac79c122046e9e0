package lab_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
)

func (p *practice) batch(version, body string, header ...string) reply {
	p.t.Helper()
	return p.do(p.request(http.MethodPost, p.cfg.Microsoft365.Endpoints.Graph+"/"+version+"/$batch", strings.NewReader(body),
		append([]string{"Authorization", "Bearer " + p.graphToken(), "Content-Type", "application/json"}, header...)...))
}

// "Combine multiple requests in one HTTP call using JSON batching": every request is
// answered by itself, in any order, under the version of the batch.
func TestBatch(t *testing.T) {
	p := start(t, nil)
	p.Fault(lab.Fault{Path: "/v1.0/domains", Status: 429, Header: http.Header{"Retry-After": {"10"}}, Body: `{"error":{"code":"TooManyRequests"}}`})
	p.Fault(lab.Fault{Path: "/v1.0/admin/sharepoint/settings", Status: 502, Body: "<html>"})
	r := p.batch("v1.0", `{"requests":[
		{"id":"a","method":"GET","url":"/organization"},
		{"id":"b","method":"GET","url":"domains"},
		{"id":"c","method":"PATCH","url":"/users/`+adminID()+`"},
		{"id":"d","method":"GET","url":"/users?$count=true&$filter=startswith(displayName,'Contoso')","headers":{"ConsistencyLevel":"eventual"}},
		{"id":"e","method":"GET","url":"/users?$count=true"},
		{"id":"f","method":"GET","url":"/users/`+adminID()+`/authentication/requirements"},
		{"id":"g","method":"GET","url":"/admin/sharepoint/settings"}]}`)
	if r.status != 200 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	var got struct {
		Responses []struct {
			ID      string
			Status  int
			Headers map[string]string
			Body    any
		}
	}
	if err := json.Unmarshal([]byte(r.raw), &got); err != nil {
		t.Fatal(err)
	}
	status := map[string]int{}
	for _, in := range got.Responses {
		status[in.ID] = in.Status
		_, isText := in.Body.(string)
		if in.ID == "b" && in.Headers["Retry-After"] != "10" || isText != (in.ID == "g") {
			t.Errorf("%s: headers %v, body %v", in.ID, in.Headers, in.Body)
		}
	}
	want := map[string]int{"a": 200, "b": 429, "c": 405, "d": 200, "e": 400, "f": 400, "g": 502}
	if fmt.Sprint(status) != fmt.Sprint(want) || got.Responses[0].ID == "a" {
		t.Errorf("%v, want %v in another order than asked", status, want)
	}
	inside := 0
	for _, q := range p.Requests() {
		if q.Batched {
			inside++
		}
	}
	if inside != 7 {
		t.Errorf("%d requests inside", inside)
	}
	if r := p.batch("beta", `{"requests":[{"id":"1","method":"GET","url":"/users/`+adminID()+`/authentication/requirements"}]}`); r.status != 200 ||
		!strings.Contains(string(r.raw), "perUserMfaState") {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestBatchesThatAreRefused(t *testing.T) {
	p := start(t, nil)
	const one = `{"requests":[{"id":"1","method":"GET","url":"/domains"}]}`
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"%d","method":"GET","url":"/organization"}`, i))
		}
		return `{"requests":[` + strings.Join(list, ",") + `]}`
	}
	for name, tt := range map[string]struct {
		version, body string
		header        []string
		status        int
		code          string
	}{
		"twenty":          {"v1.0", many(20), nil, 200, ""},
		"more":            {"v1.0", many(21), nil, 400, "MaximumValueExceeded"},
		"none":            {"v1.0", `{"requests":[]}`, nil, 400, "BadRequest"},
		"not JSON":        {"v1.0", `requests`, nil, 400, "BadRequest"},
		"compressed":      {"v1.0", one, []string{"Content-Encoding", "gzip"}, 400, "BadRequest"},
		"unknown version": {"v2.0", one, nil, 400, "BadRequest"},
		"not at the root": {"v1.0/me", one, nil, 400, "BadRequest"},
		"no id":           {"v1.0", `{"requests":[{"method":"GET","url":"/domains"}]}`, nil, 400, "BadRequest"},
		"the same id":     {"v1.0", `{"requests":[{"id":"1","method":"GET","url":"/domains"},{"id":"1","method":"GET","url":"/domains"}]}`, nil, 400, "BadRequest"},
		"another host":    {"v1.0", `{"requests":[{"id":"1","method":"GET","url":"https://graph.example.com/v1.0/domains"}]}`, nil, 400, "BadRequest"},
		"no token":        {"v1.0", one, []string{"Authorization", "Bearer x"}, 401, "InvalidAuthenticationToken"},
	} {
		r := p.batch(tt.version, tt.body, tt.header...)
		if code := r.at("error", "code"); r.status != tt.status || tt.code != "" && code != tt.code {
			t.Errorf("%s: %d %v, want %d %s", name, r.status, code, tt.status, tt.code)
		}
	}
	if r := p.graph("/v1.0/$batch"); r.status != 405 {
		t.Errorf("GET: %d", r.status)
	}
}

// TestLargeTenant: its size is what its title says, and its pages are those of any list.
func TestLargeTenant(t *testing.T) {
	var large lab.Organisation
	for _, s := range lab.Scenarios() {
		if s.Name == "large-tenant" {
			large = s.Organisation
		}
	}
	p := start(t, func(o *lab.Organisation) {
		large.Key = o.Key
		*o = large
	})
	if n := len(large.Microsoft.Users) + large.Microsoft.MoreUsers; n != 100_000 || len(large.Microsoft.Groups) != 5_000 {
		t.Errorf("%d users, %d groups", n, len(large.Microsoft.Groups))
	}
	ids := map[string]bool{}
	path := "/v1.0/users/" + adminID() + "/transitiveMemberOf/graph.group?$count=true&$top=999&$select=id"
	for _, want := range []int{999, 999, 2} {
		r := p.graph(path, eventual...)
		page := names(r, "id")
		if len(page) != want || r.body["@odata.count"] != 2000.0 {
			t.Fatalf("%d of %v groups, want %d of 2000: %.200s", len(page), r.body["@odata.count"], want, r.raw)
		}
		for _, id := range page {
			ids[id] = true
		}
		next, _ := r.body["@odata.nextLink"].(string)
		path = strings.TrimPrefix(next, p.cfg.Microsoft365.Endpoints.Graph)
		path = strings.NewReplacer("%24", "$", "%20", " ").Replace(path)
	}
	if len(ids) != 2000 || path != "" {
		t.Errorf("%d groups, then %q", len(ids), path)
	}
	one := p.graph("/v1.0/users/user-77777@contoso.com?$select=id,displayName")
	if found := p.graph("/v1.0/users?$count=true&$filter=startswith(displayName,'user-77777')", eventual...); one.status != 200 ||
		len(names(found, "id")) != 1 || names(found, "id")[0] != one.body["id"] {
		t.Errorf("%d %s, %s", one.status, one.raw, found.raw)
	}
}
