package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/report"
)

// faults are what can go wrong with one answer. Retry-After is 0 so that nothing waits.
var faults = map[string]lab.Fault{
	"401":       {Status: 401, Body: `{"error":{"code":"InvalidAuthenticationToken"}}`},
	"403":       {Status: 403, Body: `{"error":{"code":"Authorization_RequestDenied"}}`},
	"404":       {Status: 404, Body: `{"error":{"code":"UnknownError"}}`},
	"429":       {Status: 429, Header: http.Header{"Retry-After": {"0"}}},
	"500":       {Status: 500, Body: `{"error":{"code":"generalException"}}`},
	"HTML":      {Status: 200, Body: "<html><body>Please sign in to the network</body></html>"},
	"empty":     {Status: 200},
	"{}":        {Status: 200, Body: "{}"},
	"null":      {Status: 200, Body: "null"},
	"truncated": {Truncate: true},
	"reset":     {Reset: true},
	// A policy that lost what it demands, or everything but its state.
	"no controls":   {Edit: replace(`"builtInControls":["mfa"]`, `"builtInControls":[]`)},
	"no grant":      {Edit: replace(`"grantControls"`, `"renamed"`)},
	"only a state":  {Edit: replace(`"conditions"`, `"renamed"`)},
	"null elements": {Edit: replace(`"value":[`, `"value":[null,`)},
}

func replace(old, with string) func([]byte) []byte {
	return func(body []byte) []byte { return bytes.ReplaceAll(body, []byte(old), []byte(with)) }
}

// troubled are organisations with a trouble, by the check that has to see it.
func troubled() []troubledCase {
	of := func(name, check string) troubledCase {
		all := lab.Scenarios()
		sc := all[slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == name })]
		return troubledCase{name, check, sc.Organisation, sc.Now}
	}
	// After manual provisioning: the trouble is at a delegate that only a search can find.
	found := of("mfa-conditional-access", "MFA-01")
	found.name = "found-delegate"
	found.org.Microsoft.Policies = nil
	found.org.Declared.Phase = config.After
	found.org.Microsoft.Users = append(slices.Clone(found.org.Microsoft.Users), lab.User{
		ID: "e6b3f092-4cb8-4f2d-8c3e-7f8091ab2c34", UserPrincipalName: "cas-service@contoso.onmicrosoft.com",
		DisplayName: "Cloud App Security Service Account for SharePoint", PerUserMFA: "enforced",
		PasswordPolicies: "DisablePasswordExpiration",
	})
	return []troubledCase{
		of("mfa-per-user", "MFA-01"), of("mfa-conditional-access", "MFA-01"), found, of("gmail-domain-missing", "GDM-01"),
		of("spam-detected", "SPM-01"),
		of("licence-contradicted", "LIC-01"),
	}
}

type troubledCase struct {
	name, check string
	org         lab.Organisation
	now         time.Time
}

// TestNoFaultMakesATroublePass: an organisation with a trouble, and every answer of its
// services going wrong in every way. The trouble is found, or it is unknown; it never passes,
// and a report is always made.
func TestNoFaultMakesATroublePass(t *testing.T) {
	for _, tt := range troubled() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, err := lab.Start(tt.org)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(l.Close)
			path, err := l.WriteConfig(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			run := func() (checks.Status, int, string) {
				var out, stderr bytes.Buffer
				args := []string{"check", "-c", path, "--format", "json", "--only", tt.check}
				if !tt.now.IsZero() {
					args = append(args, "--now", tt.now.Format("2006-01-02T15:04:05Z07:00"))
				}
				code := execute(t.Context(), args, streams{out: &out, err: &stderr})
				var r report.Report
				if err := json.Unmarshal(out.Bytes(), &r); err != nil {
					t.Fatalf("no report: %v\n%s", err, stderr.String())
				}
				for _, c := range r.Checks {
					if c.ID == tt.check {
						return c.Status, code, stderr.String()
					}
				}
				return "", code, stderr.String()
			}
			trouble, _, _ := run()
			if trouble != checks.StatusFail && trouble != checks.StatusWarn {
				t.Fatalf("without a fault: %s", trouble)
			}
			type place struct {
				service lab.Service
				path    string
			}
			var places []place
			for _, q := range l.Requests() {
				if p := (place{q.Service, q.Path}); !slices.Contains(places, p) {
					places = append(places, p)
				}
			}
			if len(places) == 0 {
				t.Fatalf("only %d places", len(places))
			}
			unknown := 0
			for _, p := range places {
				for name, f := range faults {
					f.Service, f.Path = p.service, p.path
					l.Fault(f)
					status, code, stderr := run()
					if status == checks.StatusPass || status == "" || code == checks.ExitOK {
						t.Errorf("%s %s: %s: %s, exit code %d", p.service, p.path, name, status, code)
					}
					if strings.Contains(stderr, "panic") {
						t.Errorf("%s %s: %s: %s", p.service, p.path, name, stderr)
					}
					if status == checks.StatusUnknown {
						unknown++
					}
				}
				l.Fault(lab.Fault{Service: p.service, Path: p.path}) // as if nothing were wrong
			}
			if unknown == 0 {
				t.Error("no fault made anything unknown: were they there at all?")
			}
			if s, _, _ := run(); s != trouble {
				t.Errorf("after the faults: %s", s)
			}
		})
	}
}

// TestInterrupt: Ctrl-C while a service hangs ends the run at once, without a report.
func TestInterrupt(t *testing.T) {
	o := lab.Healthy()
	o.Faults = append(o.Faults, lab.Fault{Service: lab.GraphService, Path: "/v1.0/organization", Hang: true})
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	path, err := l.WriteConfig(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		for !slices.ContainsFunc(l.Requests(), func(q lab.Request) bool { return q.Path == "/v1.0/organization" }) {
			runtime.Gosched()
		}
		interrupt()
	}()
	var out, stderr bytes.Buffer
	code := execute(ctx, []string{"check", "-c", path}, streams{out: &out, err: &stderr})
	if code != checks.ExitNoRun || out.Len() != 0 || !strings.Contains(stderr.String(), "interrupted: no report was made") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), stderr.String())
	}
}
