package m365_test

import (
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Of several questions for service principals, each answer counts that came.
func TestServicePrincipalsOfOneQuestionOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		fails string
		want  []string
	}{
		"by name":   {"startswith", []string{namedApp}},
		"by app id": {"appId eq", []string{casApp, ssoApp}},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(o *lab.Organisation) { o.Declared.Microsoft365.CASAppIDs = []string{casAppID} })
			p.Fault(lab.Fault{Service: lab.GraphService, Path: "/v1.0/servicePrincipals", Query: tt.fails, Status: 500})
			got := get(t, p.collect("m365.binding_traces"), facts.M365Traces).ServicePrincipals
			if got.Value == nil || got.Failure == nil || got.Failure.Kind != facts.Unavailable {
				t.Fatalf("service principals = %v, %v", got.Value, got.Failure)
			}
			var ids []string
			for _, s := range *got.Value {
				ids = append(ids, s.ID)
				if !s.AppRoleAssignments.Complete() || !s.OAuth2PermissionGrants.Complete() {
					t.Errorf("%s: %v, %v", s.ID, s.AppRoleAssignments.Failure, s.OAuth2PermissionGrants.Failure)
				}
			}
			equal(t, tt.want, ids)
		})
	}
}

// An account that has consented is asked for once, and one that is gone is not there.
func TestAccountsThatConsented(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		grants := &o.Microsoft.PermissionGrants
		again := strings.Replace(string((*grants)[1]), `"id":"5"`, `"id":"6"`, 1)
		gone := strings.NewReplacer(`"id":"6"`, `"id":"7"`, adminID, "gone").Replace(again)
		*grants = append(*grants, []byte(again), []byte(gone))
	})
	got := get(t, p.collect("m365.binding_traces"), facts.M365Traces).ServicePrincipals
	grants := *(*got.Value)[0].OAuth2PermissionGrants.Value
	if len(grants) != 4 || grants[0].Principal != nil || *grants[1].Principal.Value != admin || *grants[2].Principal.Value != admin {
		t.Fatalf("grants = %+v", grants)
	}
	if f := grants[3].Principal.Failure; f == nil || f.Kind != facts.NotFound {
		t.Errorf("an account that is gone: %v", f)
	}
	asked := 0
	for _, r := range p.graph() {
		if r.Path == "/v1.0/users/"+adminID {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times for the same account", asked)
	}
}

func TestNoServicePrincipals(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.ServicePrincipals, o.Microsoft.DirectoryAudits = o.Microsoft.ServicePrincipals[2:], nil
	})
	equal(t, facts.Traces{ServicePrincipals: facts.Got([]facts.ServicePrincipal{}), Consents: facts.Got([]facts.Consent{})},
		get(t, p.collect("m365.binding_traces"), facts.M365Traces))
}

// The names that the product has had since, and those of others that begin alike (Trend Micro,
// "Trend Vision One: Cloud Email and Collaboration Protection").
func TestNamesOfTheProduct(t *testing.T) {
	names := []string{
		"Trend Micro Cloud App Security", "trend micro Vision One", "TrendAI Vision One", "Trend Vision One - Email",
		"Cloud App Security for Teams", "Cloud Email and Collaboration Protection",
		"Trendy Fashion", "Trends", "Cloud Application", "Microsoft Cloud App Security", "Trend",
	}
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.ServicePrincipals = nil
		for i, name := range names {
			o.Microsoft.ServicePrincipals = append(o.Microsoft.ServicePrincipals,
				[]byte(`{"id":"`+string(rune('a'+i))+`","displayName":"`+name+`"}`))
		}
	})
	var found []string
	for _, s := range *get(t, p.collect("m365.binding_traces"), facts.M365Traces).ServicePrincipals.Value {
		found = append(found, *s.DisplayName)
	}
	equal(t, names[:6], found)
}

// A consent can only be told to be CAS's when the applications are known.
func TestConsentsWithoutTheApplications(t *testing.T) {
	p := start(t, nil)
	p.Fault(lab.Fault{Service: lab.GraphService, Path: "/v1.0/servicePrincipals", Status: 500})
	got := get(t, p.collect("m365.binding_traces"), facts.M365Traces).Consents
	if got.Value == nil || len(*got.Value) != 1 || *(*got.Value)[0].ServicePrincipalID != "gone-1" {
		t.Errorf("consents = %v", got.Value)
	}
	if got.Failure == nil || got.Failure.Kind != facts.Unavailable {
		t.Errorf("failure = %v", got.Failure)
	}
}
