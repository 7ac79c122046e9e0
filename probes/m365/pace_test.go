package m365_test

import (
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
)

// "Microsoft Graph service-specific throttling limits": which calls are counted together.
// The transport tests what comes of it.
func TestFamilies(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { byGroup(o); undecided(o) })
	seen := map[string]int{}
	for name, fact := range p.collect().Facts {
		if fact.Failure != nil {
			t.Fatalf("%s: %v", name, fact.Failure)
		}
		for _, r := range fact.Requests {
			want := "m365.directory"
			switch {
			case strings.Contains(r.URL, "/conditionalAccess/"):
				want = "m365.conditional_access"
			case strings.Contains(r.URL, "/reports/"), strings.Contains(r.URL, "/auditLogs/"):
				want = "m365.reports"
			case strings.Contains(r.URL, "/oauth2/"), strings.Contains(r.URL, "openid-configuration"),
				strings.HasSuffix(r.URL, "/sharepoint/settings"), strings.HasSuffix(r.URL, "/authentication/requirements"):
				want = "" // no limit is documented
			}
			if r.Family != want {
				t.Errorf("%s is counted with %q, want %q", r.URL, r.Family, want)
			}
			seen[want]++
		}
	}
	// Policies, locations and three evaluations; the registration of three accounts and three logs.
	if seen["m365.conditional_access"] != 5 || seen["m365.reports"] != 6 || seen["m365.directory"] < 10 {
		t.Errorf("requests by family: %v", seen)
	}
}
