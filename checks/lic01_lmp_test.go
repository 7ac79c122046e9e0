package checks

import (
	"strings"
	"testing"
)

// TestObservedAndDeclared: what the Licensing Management Platform shows of the account that signs
// in comes before what is declared of it, and a contradiction is said. On 2026-11-20.
func TestObservedAndDeclared(t *testing.T) {
	const (
		past, future, soon = "2026-03-31T00:00:00Z", "2027-12-31T00:00:00Z", "2026-12-04T00:00:00Z"
		licensed           = "declared.licensing = "
		trialOver          = `{"accounts":[{"id":"a","license":"trial","expires":"2026-03-31"}]}`
		trialRuns          = `{"accounts":[{"id":"a","license":"trial","expires":"2027-12-31"}]}`
		fullRuns           = `{"accounts":[{"id":"a","license":"full","expires":"2027-12-31"}]}`
		nothing            = `{"accounts":[{"id":"a"}]}`
	)
	lmp := func(name string, licences ...string) string {
		return `lmp.subscription = {"subscription_id":"s","name":"` + name + `","enabled":true,"licenses":[` + strings.Join(licences, ",") + `]}`
	}
	licence := func(version, expires string) string {
		return `{"version":"` + version + `","license_expiration_date":"` + expires + `","enabled":true}`
	}
	plain := func(expires string) string {
		return `{"license_expiration_date":"` + expires + `","grace_period":0,"enabled":true}`
	}
	for _, tt := range []struct {
		name, declared, observed string
		c1, x1, x2               string // verdict and reasons
	}{
		{
			"they agree: the trial is over", trialOver, lmp("CAS trial", licence("trial", past)),
			"confirmed observed: lmp_trial lmp_ended", "refuted observed: lmp_trial", "refuted observed: lmp_ended",
		},
		{
			"declared as running, and over", trialRuns, lmp("CAS", licence("trial", past)),
			"confirmed observed: lmp_trial lmp_ended lmp_disagrees_end", "refuted observed: lmp_trial", "refuted observed: lmp_ended lmp_disagrees_end",
		},
		{
			"declared as over, and running", trialOver, lmp("CAS", licence("trial", future)),
			"refuted observed: lmp_valid lmp_disagrees_end", "refuted observed: lmp_trial lmp_valid lmp_disagrees_end", "refuted observed: lmp_valid lmp_disagrees_end",
		},
		{
			"another day, with the same outcome", `{"accounts":[{"id":"a","license":"trial","expires":"2027-01-31"}]}`, lmp("CAS", licence("trial", future)),
			"refuted observed: lmp_valid lmp_disagrees_end", "refuted observed: lmp_trial lmp_valid lmp_disagrees_end", "refuted observed: lmp_valid lmp_disagrees_end",
		},
		{
			"declared as full, and a trial", fullRuns, lmp("CAS", licence("trial", past)),
			"confirmed observed: lmp_trial lmp_disagrees_kind lmp_ended lmp_disagrees_end", "refuted observed: lmp_trial lmp_disagrees_kind", "refuted observed: lmp_ended lmp_disagrees_end",
		},
		{
			"nothing declared", nothing, lmp("CAS", licence("trial", past)),
			"confirmed observed: lmp_trial lmp_ended", "refuted observed: lmp_trial", "refuted observed: lmp_ended",
		},
		{
			"nothing declared, and the name of the plan alone", nothing, lmp("Cloud App Security trial (yearly)", plain(past)),
			"supported observed: lmp_plan_trial lmp_ended", "unknown inferred: not_declared lmp_plan_trial", "refuted observed: lmp_ended",
		},
		{
			"the name of the plan against a declaration", fullRuns, lmp("Cloud App Security trial", plain(past)),
			"unknown inferred: lmp_plan_trial lmp_disagrees_kind", "supported declared: licence_full lmp_plan_trial lmp_disagrees_kind lmp_ended lmp_disagrees_end", "refuted observed: lmp_ended lmp_disagrees_end",
		},
		{
			"the name of the plan agrees", trialOver, lmp("Cloud App Security trial", plain(past)),
			"confirmed declared: licence_trial lmp_ended", "refuted declared: licence_trial", "refuted observed: lmp_ended",
		},
		{
			"a plan whose name says nothing", trialOver, lmp("Cloud App Security", plain(past)),
			"confirmed declared: licence_trial lmp_ended", "refuted declared: licence_trial", "refuted observed: lmp_ended",
		},
		{
			"soon", nothing, lmp("CAS", licence("trial", soon)),
			"refuted observed: lmp_valid", "refuted observed: lmp_trial lmp_valid", "supported observed: lmp_trial lmp_ends_soon",
		},
		{
			"in the grace period", nothing, lmp("CAS", `{"version":"trial","license_expiration_date":"2026-11-10T00:00:00Z","grace_period":1,"enabled":true}`),
			"supported observed: lmp_trial lmp_ended lmp_grace", "refuted observed: lmp_trial", "refuted observed: lmp_ended",
		},
		{
			"one of two is over", trialOver, lmp("CAS", licence("trial", past), licence("trial", future)),
			"refuted observed: lmp_valid lmp_disagrees_end", "refuted observed: lmp_trial lmp_valid lmp_disagrees_end", "refuted observed: lmp_valid lmp_disagrees_end",
		},
		{
			"one is over, of the other no end is said", nothing, lmp("CAS", licence("trial", past), `{"version":"trial"}`),
			"unknown inferred: not_declared lmp_end_unknown", "refuted observed: lmp_trial", "unknown inferred: not_declared lmp_end_unknown",
		},
		{
			"the licence that is over is disabled", trialOver, lmp("CAS", `{"version":"trial","license_expiration_date":"`+past+`","enabled":false}`, licence("full", future)),
			"refuted observed: lmp_full lmp_disagrees_kind lmp_valid lmp_disagrees_end", "refuted observed: lmp_valid lmp_disagrees_end", "refuted observed: lmp_full lmp_disagrees_kind lmp_valid lmp_disagrees_end",
		},
		{
			"all disabled", nothing, lmp("CAS", `{"version":"trial","license_expiration_date":"`+future+`","enabled":false}`),
			"unknown inferred: not_declared lmp_kind_unknown not_declared lmp_disabled", "unknown inferred: not_declared lmp_kind_unknown not_declared lmp_disabled", "unknown inferred: not_declared lmp_kind_unknown not_declared lmp_disabled",
		},
		{
			"not read, and declared", trialOver, `lmp.subscription! = {"kind":"unauthenticated","status":401}`,
			"confirmed declared: licence_trial licence_ended", "unknown inferred: licence_trial unauthenticated", "unknown inferred: licence_ended unauthenticated",
		},
		{
			"not read, and declared as valid", fullRuns, `lmp.subscription! = {"kind":"timeout"}`,
			"unknown inferred: licence_full licence_valid timeout", "unknown inferred: licence_valid timeout", "unknown inferred: licence_full licence_valid timeout",
		},
		{
			"not read, and nothing declared", nothing, `lmp.subscription! = {"kind":"unauthenticated","status":401}`,
			"unknown inferred: not_declared not_declared unauthenticated", "unknown inferred: not_declared not_declared unauthenticated", "unknown inferred: not_declared not_declared unauthenticated",
		},
		{
			"not configured, and nothing declared", nothing, `lmp.subscription! = {"kind":"not_configured"}`,
			"unknown inferred: not_declared not_declared", "unknown inferred: not_declared not_declared", "unknown inferred: not_declared not_declared",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := []string{licensed + tt.declared, tt.observed, `declared.run = {"tenant":"contoso","phase":"before","sections":["licensing"]}`}
			res := Evaluate(evidenceOf(t, t.Name(), "LIC-01", lines), []Check{LIC01()}, Options{}).Results[0]
			want := map[string]string{"LIC-01.C1": tt.c1, "LIC-01.X1": tt.x1, "LIC-01.X2": tt.x2}
			for _, e := range res.Causes {
				if got := e.Verdict + " " + e.Basis + codes(e.Reasons); got != want[e.ID] {
					t.Errorf("%s:\n got %s\nwant %s", e.ID, got, want[e.ID])
				}
				for _, r := range e.Reasons {
					if r.Text.EN == r.Code || r.Text.JA == r.Code || strings.ContainsAny(r.Text.EN+r.Text.JA, "{}") {
						t.Errorf("%s: %+v", r.Code, r.Text)
					}
				}
			}
		})
	}
}

// TestTheSubscriptionIsOfOneAccount: of an account that does not sign in, the platform shows nothing.
func TestTheSubscriptionIsOfOneAccount(t *testing.T) {
	res := Evaluate(evidenceOf(t, t.Name(), "LIC-01", []string{
		`declared.licensing = {"accounts":[{"id":"a","license":"trial","expires":"2027-12-31"},{"id":"b","license":"trial","expires":"2027-12-31"}]}`,
		`lmp.subscription = {"subscription_id":"s","licenses":[{"version":"trial","license_expiration_date":"2026-03-31T00:00:00Z"}]}`,
		`declared.run = {"tenant":"contoso","phase":"before","sections":["licensing"]}`,
	}), []Check{LIC01()}, Options{}).Results[0]
	for _, e := range res.Causes {
		if e.Basis != "declared" {
			t.Errorf("%s %s: %s%s", e.ID, e.Subject, e.Basis, codes(e.Reasons))
		}
	}
}

// TestKindInName: the name of a plan is free text; only the two words count, and not both.
func TestKindInName(t *testing.T) {
	for name, want := range map[string]string{
		"Worry Free Business full version (yearly)": "full", "Cloud App Security Trial": "trial", "CAS evaluation": "trial",
		"Cloud App Security": "", "Full trial": "", "Industrial edition": "", "Fulltime": "", "": "",
	} {
		if got := kindInName(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
