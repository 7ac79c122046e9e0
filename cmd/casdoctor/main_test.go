package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/report"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"casdoctor": func() {
		if os.Getenv(forbidden) != "" {
			if err := noSockets(); err != nil {
				panic(err)
			}
		}
		os.Exit(Main())
	}})
}

// TestScripts runs what a user could have typed: the real command, in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LC_ALL", "C.UTF-8")
			e.Setenv("NO_COLOR", "1")
			e.Setenv("TMPDIR", e.WorkDir)
			e.Values[labKey{}] = new(*lab.Lab)
			e.Values[agentKey{}] = new(*running)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "mode": mode, "schema": schema, "lab": practice, "replace": replaceText, "agent": theAgent,
		},
	})
}

// code N command…: the command ends with the exit code N. Its output is for stdout and stderr.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [argument ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// mode 0600 file…: the files have that mode.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode MODE file ...")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := info.Mode().Perm(); got != os.FileMode(want) {
			ts.Fatalf("%s has mode %o, want %o", name, got, want)
		}
	}
}

type labKey struct{}

// lab start SCENARIO: runs that practice organisation until the script ends, and writes its
// casdoctor.yaml. lab domain NAME AGE: gives its Google customer a domain of that age.
func practice(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.Value(labKey{}).(**lab.Lab)
	switch {
	case !neg && len(args) == 2 && args[0] == "start":
		all := lab.Scenarios()
		i := slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == args[1] })
		if i < 0 {
			ts.Fatalf("there is no scenario %s", args[1])
		}
		l, err := lab.Start(all[i].Organisation)
		ts.Check(err)
		ts.Defer(l.Close)
		_, err = l.WriteConfig(ts.Getenv("WORK"))
		ts.Check(err)
		*running = l
	case !neg && len(args) == 3 && args[0] == "domain" && *running != nil:
		age, err := time.ParseDuration(args[2])
		ts.Check(err)
		(*running).AddGoogleDomain(lab.GoogleDomain{Name: args[1], Created: time.Now().Add(-age)})
	default:
		ts.Fatalf("usage: lab start SCENARIO | lab domain NAME AGE")
	}
}

// replace OLD NEW file: \n in NEW is a new line. OLD must be there.
func replaceText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace OLD NEW file")
	}
	text := ts.ReadFile(args[2])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("%s has no %q", args[2], args[0])
	}
	text = strings.Replace(text, args[0], strings.ReplaceAll(args[1], `\n`, "\n"), 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o600))
}

// schema evidence|report file: the file is valid by its JSON Schema.
func schema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: schema evidence|report file")
	}
	doc := map[string][]byte{"report": report.Schema(), "evidence": report.EvidenceSchema()}[args[0]]
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	ts.Check(err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	ts.Check(c.AddResource("schema.json", parsed))
	compiled, err := c.Compile("schema.json")
	ts.Check(err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(ts.ReadFile(args[1]))))
	ts.Check(err)
	ts.Check(compiled.Validate(value))
}

// TestScenarios: every scenario is judged as its title says, and its report is the same live
// and replayed.
func TestScenarios(t *testing.T) {
	for _, sc := range lab.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := scenarioWants[sc.Name]
			if !ok {
				t.Fatal("a scenario without an expectation")
			}
			dir := t.TempDir()
			saved := filepath.Join(dir, "evidence.json")
			now := []string{}
			if !sc.Now.IsZero() {
				now = []string{"--now", sc.Now.Format("2006-01-02T15:04:05Z07:00")}
			}
			var live, again, stderr bytes.Buffer
			exit := execute(t.Context(), append([]string{"demo", sc.Name, "--format", "json", "--save-evidence", saved}, now...),
				streams{out: &live, err: &stderr})
			if exit != want.exit {
				t.Errorf("exit code %d, want %d\n%s", exit, want.exit, stderr.String())
			}
			if code := execute(t.Context(), append([]string{"replay", saved, "--format", "json"}, now...),
				streams{out: &again, err: &stderr}); code != exit {
				t.Errorf("replay ends with %d, live with %d", code, exit)
			}
			if !bytes.Equal(live.Bytes(), again.Bytes()) {
				t.Error("the replayed report differs from the live one")
			}
			var r report.Report
			if err := json.Unmarshal(live.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			var found, recommended []string
			for _, c := range r.Checks {
				for _, e := range c.Causes {
					if e.Verdict == "confirmed" || e.Verdict == "supported" {
						found = append(found, e.ID)
					}
				}
				for _, f := range c.Fixes {
					if f.Recommended {
						recommended = append(recommended, f.ID)
					}
				}
			}
			slices.Sort(found)
			if found = slices.Compact(found); !slices.Equal(found, want.found) {
				t.Errorf("found %v, want %v", found, want.found)
			}
			if !slices.Equal(recommended, want.recommended) {
				t.Errorf("recommended %v, want %v", recommended, want.recommended)
			}
		})
	}
}

// TestAllTroubles: the scenario of that name shows every documented cause (C, not X) at once.
// MFA-01.C2 alone cannot stand beside C1: provisioning is automatic or manual.
func TestAllTroubles(t *testing.T) {
	for _, c := range checks.All() {
		for _, cause := range c.Causes {
			documented := strings.Contains(cause.ID, ".C") && cause.ID != "MFA-01.C2"
			if documented != slices.Contains(scenarioWants["all-troubles"].found, cause.ID) {
				t.Errorf("%s: documented and possible: %v", cause.ID, documented)
			}
		}
	}
}

type scenarioWant struct {
	exit               int
	found, recommended []string
}

// scenarioWants follow from the titles of the scenarios and the vendor's document: the cause
// that the title names, and the fix that can still work for it.
var scenarioWants = map[string]scenarioWant{
	"healthy":                {exit: 0},
	"mfa-per-user":           {1, []string{"MFA-01.C1"}, []string{"MFA-01.F1"}},
	"mfa-per-user-retired":   {1, []string{"MFA-01.C1", "MFA-01.X1"}, []string{"MFA-01.F3"}},
	"mfa-security-defaults":  {1, []string{"MFA-01.C1"}, []string{"MFA-01.F3"}},
	"mfa-conditional-access": {1, []string{"MFA-01.C2"}, []string{"MFA-01.F3"}},
	// The password protocol is retired as well on the day of the log.
	"mfa-sign-in-log-differs": {1, []string{"MFA-01.C2", "MFA-01.X1"}, []string{"MFA-01.F3"}},
	"mfa-what-if-differs":     {1, []string{"MFA-01.C2"}, []string{"MFA-01.F3"}},
	"mfa-still-off":           {1, []string{"MFA-01.X3"}, []string{"MFA-01.F4"}},
	"legacy-switch-off":       {1, []string{"MFA-01.X1"}, []string{"MFA-01.F3"}},
	"blocked-account":         {1, []string{"MFA-01.X2"}, []string{"MFA-01.F5"}},
	"large-tenant":            {1, []string{"MFA-01.C1"}, []string{"MFA-01.F3"}},
	"gmail-preview-grant":     {1, []string{"GDM-01.C1"}, []string{"GDM-01.F1"}},
	"gmail-domain-missing":    {1, []string{"GDM-01.C2"}, []string{"GDM-01.F2"}},
	"gmail-no-delegation":     {1, []string{"GDM-01.X1"}, []string{"GDM-01.F3"}},
	"tls-old-client":          {1, []string{"TLS-01.C1", "TLS-01.C2"}, []string{"TLS-01.F1", "TLS-01.F2"}},
	"tls-intercepted":         {1, []string{"TLS-01.X2"}, []string{"TLS-01.F3"}},
	"console-unreachable":     {1, []string{"TLS-01.X1"}, []string{"TLS-01.F3"}},
	"no-permission":           {3, nil, nil},
	"throttled":               {3, nil, nil},
	"wrong-tenant":            {3, nil, nil},
	"google-offline":          {3, nil, nil},
	"spam-settings":           {1, []string{"SPM-01.C1"}, []string{"SPM-01.F2"}},
	"spam-spf-fail":           {1, []string{"SPM-01.C2"}, []string{"SPM-01.F4"}},
	"gmail-foreign-entry":     {1, []string{"GDM-01.X2"}, []string{"GDM-01.F4"}},
	"spam-domain-missing":     {1, []string{"GDM-01.C2", "SPM-01.X1"}, []string{"GDM-01.F2", "SPM-01.F4"}},
	"spam-detected":           {1, []string{"SPM-01.C2"}, []string{"SPM-01.F4"}},
	"tls-people":              {},
	"all-troubles": {
		1,
		[]string{
			"ACC-01.C1", "BND-01.C1", "GDM-01.C1", "GDM-01.C2", "LIC-01.C1", "MFA-01.C1", "SPM-01.C1", "SPM-01.C2",
			"TLS-01.C1", "TLS-01.C2",
		},
		[]string{
			"LIC-01.F1", "ACC-01.F1", "BND-01.F2", "MFA-01.F1", "GDM-01.F1", "GDM-01.F2", "SPM-01.F2", "SPM-01.F4",
			"TLS-01.F1", "TLS-01.F2",
		},
	},
	"trial-expired":        {1, []string{"LIC-01.C1"}, []string{"LIC-01.F1"}},
	"trial-ending-soon":    {1, []string{"LIC-01.X2"}, []string{"LIC-01.F1"}},
	"licence-contradicted": {1, []string{"LIC-01.C1"}, []string{"LIC-01.F1"}},
	"wrong-account":        {1, []string{"ACC-01.C1"}, []string{"ACC-01.F1"}},
	"bound-by-trial":       {1, []string{"BND-01.C1"}, []string{"BND-01.F1"}},
	"bound-trial-expired":  {1, []string{"BND-01.C1"}, []string{"BND-01.F2"}},
	"earlier-provisioning": {1, []string{"BND-01.X1"}, []string{"BND-01.F2"}},
}
