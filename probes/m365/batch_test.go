package m365_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	activePath   = "/v1.0/roleManagement/directory/roleAssignments"
	eligiblePath = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
	batchPath    = "/v1.0/$batch"
)

func nth(i int) string { return fmt.Sprintf("9a0c5000-0000-4000-8000-%012d", i) }

// manyGroups puts the admin into groups of which each has an active and an eligible role.
func manyGroups(n int) func(*lab.Organisation) {
	return func(o *lab.Organisation) {
		m := &o.Microsoft
		for i := range n {
			m.Groups = append(m.Groups, lab.Group{ID: nth(i), DisplayName: "assignable", Assignable: true})
			m.Users[0].MemberOf = append(m.Users[0].MemberOf, nth(i))
			r := lab.RoleAssignment{PrincipalID: nth(i), RoleDefinitionID: pointRole}
			m.RoleAssignments, m.EligibleRoles = append(m.RoleAssignments, r), append(m.EligibleRoles, r)
		}
	}
}

func (p *tenant) batches() []lab.Request {
	return slices.DeleteFunc(p.graph(), func(r lab.Request) bool { return r.Path != batchPath })
}

// JSON batching: at most 20 requests, answered in any order, each by its id.
func TestTheRolesOfManyGroups(t *testing.T) {
	p := start(t, manyGroups(25))
	ev := p.collect("m365.accounts")
	a := get(t, ev, facts.M365Accounts).Accounts[0]
	if !a.Roles.Complete() || !a.EligibleRoles.Complete() {
		t.Fatal(a.Roles.Failure, a.EligibleRoles.Failure)
	}
	wantActive, wantEligible := []string{adminID + " " + globalRole}, []string{adminID + " " + pointRole}
	for i := range 25 {
		wantActive, wantEligible = append(wantActive, nth(i)+" "+pointRole), append(wantEligible, nth(i)+" "+pointRole)
	}
	equal(t, wantActive, holders(*a.Roles.Value))
	equal(t, wantEligible, holders(*a.EligibleRoles.Value))

	var sizes []int
	for _, r := range p.batches() {
		var body struct{ Requests []json.RawMessage }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(body.Requests))
		// SDK pitfall: its middleware compresses the body, and sends it plain under the same
		// header when it sends it again.
		if r.Header.Get("Content-Encoding") != "" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("header %v", r.Header)
		}
	}
	slices.Sort(sizes)
	equal(t, []int{10, 20, 20}, sizes)
	inside := 0
	for _, r := range ev.Facts["m365.accounts"].Requests {
		if r.Batched {
			inside++
			if r.Method != "GET" || r.Status != 200 || r.Took != 0 || r.At.IsZero() ||
				!strings.HasSuffix(r.URL, activePath) && !strings.HasSuffix(r.URL, eligiblePath) {
				t.Errorf("recorded %+v", r)
			}
		}
	}
	if inside != 50 {
		t.Errorf("%d requests are recorded inside of batches, want 50", inside)
	}
}

// Every request of a batch is answered, and fails, by itself.
func TestWhatABatchAnswersInside(t *testing.T) {
	for name, tt := range map[string]struct {
		fault    lab.Fault
		complete bool
		kind     facts.Kind
		code     string
		batches  int
	}{
		"throttled for ever":     {lab.Fault{Status: 429, Body: refusal("TooManyRequests")}, false, facts.Throttled, "TooManyRequests", 4},
		"throttled once":         {lab.Fault{Status: 429, Times: 1, Header: http.Header{"Retry-After": {"0"}}}, true, "", "", 2},
		"unavailable once":       {lab.Fault{Status: 503, Times: 1}, true, "", "", 2},
		"an absurd Retry-After":  {lab.Fault{Status: 429, Header: http.Header{"Retry-After": {"99999"}}}, false, facts.Throttled, "", 1},
		"forbidden":              {lab.Fault{Status: 403, Body: refusal("Authorization_RequestDenied")}, false, facts.Forbidden, "Authorization_RequestDenied", 1},
		"not found":              {lab.Fault{Status: 404, Body: refusal("Request_ResourceNotFound")}, false, facts.NotFound, "Request_ResourceNotFound", 1},
		"failed dependency":      {lab.Fault{Status: 424, Body: refusal("FailedDependency")}, false, facts.Rejected, "FailedDependency", 1},
		"not JSON, so in base64": {lab.Fault{Status: 200, Body: "<html>"}, false, facts.Malformed, "", 1},
		"no list":                {lab.Fault{Status: 200, Body: "{}"}, false, facts.Malformed, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, manyGroups(3))
			f := tt.fault
			f.Service, f.Path, f.Query = lab.GraphService, activePath, nth(1)
			p.Fault(f)
			ev := p.collect("m365.accounts")
			a := get(t, ev, facts.M365Accounts).Accounts[0]
			got := a.Roles.Failure
			if tt.complete != a.Roles.Complete() || got != nil && (got.Kind != tt.kind || got.Code != tt.code) {
				t.Errorf("failure = %v", got)
			}
			want := []string{adminID + " " + globalRole, nth(0) + " " + pointRole, nth(2) + " " + pointRole}
			if tt.complete {
				want = slices.Insert(want, 2, nth(1)+" "+pointRole)
			}
			equal(t, want, holders(*a.Roles.Value))
			if !a.EligibleRoles.Complete() || len(*a.EligibleRoles.Value) != 4 {
				t.Errorf("eligible roles: %v", a.EligibleRoles.Failure)
			}
			if n := len(p.batches()); n != tt.batches {
				t.Errorf("%d batches, want %d", n, tt.batches)
			}
			again := 0 // only what was throttled goes again
			for _, r := range ev.Facts["m365.accounts"].Requests {
				if r.Batched && r.Attempt > 1 {
					again++
				}
			}
			if again != tt.batches-1 {
				t.Errorf("%d requests were sent again", again)
			}
		})
	}
}

// The batch as a whole can fail like any other call; an answer that leaves a request out
// says nothing about it.
func TestWhatBecomesOfABatch(t *testing.T) {
	for name, tt := range map[string]struct {
		fault    lab.Fault
		kind     facts.Kind
		complete bool
	}{
		"throttled once":   {lab.Fault{Status: 429, Times: 1, Header: http.Header{"Retry-After": {"0"}}}, "", true},
		"500":              {lab.Fault{Status: 500}, facts.Unavailable, false},
		"403 of a gateway": {lab.Fault{Status: 403, Body: "<html>no POST here</html>"}, facts.Malformed, false},
		"reset":            {lab.Fault{Reset: true}, facts.Unreachable, false},
		"truncated":        {lab.Fault{Truncate: true}, facts.Malformed, false},
		"no responses":     {lab.Fault{Edit: func([]byte) []byte { return []byte(`{"responses":[]}`) }}, facts.Malformed, false},
		"not an object":    {lab.Fault{Edit: func([]byte) []byte { return []byte(`[1]`) }}, facts.Malformed, false},
		"other ids":        {lab.Fault{Edit: func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), `"id":"`, `"id":"x`)) }}, facts.Malformed, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, manyGroups(3))
			f := tt.fault
			f.Service, f.Path = lab.GraphService, batchPath
			p.Fault(f)
			a := get(t, p.collect("m365.accounts"), facts.M365Accounts).Accounts[0]
			for _, seen := range []facts.Seen[[]facts.RoleAssignment]{a.Roles, a.EligibleRoles} {
				if seen.Complete() != tt.complete || seen.Value == nil || seen.Failure != nil && seen.Failure.Kind != tt.kind {
					t.Errorf("%v, %v", seen.Value, seen.Failure)
				}
			}
		})
	}
}

// Pages of a list that began inside of a batch are asked for one by one.
func TestPagesOfABatchedList(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		manyGroups(2)(o)
		o.PageSize = 1
		o.Microsoft.RoleAssignments = append(o.Microsoft.RoleAssignments, lab.RoleAssignment{PrincipalID: nth(0), RoleDefinitionID: globalRole})
	})
	a := p.accounts().Accounts[0]
	if !a.Roles.Complete() {
		t.Fatal(a.Roles.Failure)
	}
	equal(t, []string{adminID + " " + globalRole, nth(0) + " " + pointRole, nth(0) + " " + globalRole, nth(1) + " " + pointRole}, holders(*a.Roles.Value))
}

// Every family that meets its limit once is asked again, and nothing is lost.
func TestThrottledFamilies(t *testing.T) {
	for _, f := range []lab.Family{lab.ConditionalAccessFamily, lab.ReportsFamily, lab.DirectoryFamily} {
		p := start(t, manyGroups(2))
		p.Throttle(f, 1, "0")
		ev := p.collect()
		a := get(t, ev, facts.M365Accounts).Accounts[0]
		access := get(t, ev, facts.M365ConditionalAccess)
		if !a.Registration.Complete() || !a.Roles.Complete() || !a.Groups.Complete() || !access.Policies.Complete() || !access.Locations.Complete() {
			t.Errorf("family %d: %v %v %v", f, a.Registration.Failure, a.Roles.Failure, access.Policies.Failure)
		}
		again := 0
		for _, fact := range ev.Facts {
			for _, r := range fact.Requests {
				if r.Attempt > 1 {
					again++
				}
			}
		}
		if again == 0 {
			t.Errorf("family %d: nothing was asked again", f)
		}
	}
}
