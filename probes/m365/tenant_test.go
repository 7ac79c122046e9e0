package m365_test

import (
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
	"github.com/casdoctor/casdoctor/probes/m365"
)

// Credentials of another tenant bring nothing: every fact says so, and nothing is asked
// after the question whose tenant this is.
func TestAnotherTenant(t *testing.T) {
	const configured = "0b9e7c52-8d1f-4a36-b7e4-2c5d6f708192"
	p := start(t, func(o *lab.Organisation) {
		o.Declared.Microsoft365.TenantID = configured
		o.Microsoft.TokensFor = []string{configured}
	})
	ev := p.collect()
	for _, probe := range m365.Probes() {
		f := ev.Facts[probe.Fact].Failure
		if f == nil || f.Kind != facts.WrongIdentity || ev.Facts[probe.Fact].Value != nil {
			t.Errorf("%s: %v, %s", probe.Fact, f, ev.Facts[probe.Fact].Value)
			continue
		}
		if !strings.Contains(f.Detail, tenantID) || !strings.Contains(f.Detail, configured) {
			t.Errorf("%s: the detail names not both tenants: %s", probe.Fact, f.Detail)
		}
	}
	for _, r := range p.graph() {
		if r.Path != "/v1.0/organization" {
			t.Errorf("asked %s", r.Path)
		}
	}
}

func TestNoOrganizationOrTwo(t *testing.T) {
	p := start(t, nil)
	for _, body := range []string{`{"value":[]}`, `{"value":[{"id":"` + tenantID + `"},{"id":"` + tenantID + `"}]}`} {
		p.Fault(lab.Fault{Service: lab.GraphService, Path: "/v1.0/organization", Status: 200, Body: body})
		endpoints()[0].holds(t, p.collect("m365.tenant"), facts.Failure{Kind: facts.Malformed, Status: 200})
	}
}
