package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/report"
)

// The recipes for CI are run here as their platforms run them: the steps of action.yml, and
// the blocks of docs/ci.md, in a real shell, against the practice organisation.

// job is a machine of a platform: a workspace with a configuration, a casdoctor, and what the
// platform says in the environment.
type job struct {
	t                *testing.T
	work, temp, path string
	env              map[string]string
	tokens           *tokenService
}

// tokenService gives a job its tokens, as GitHub's and Azure's do.
type tokenService struct {
	*httptest.Server
	values map[string]string // by audience; "" for Azure, which is asked for none
	asked  []string
}

const jobToken = "the-token-of-the-job"

func newJob(t *testing.T, scenario string, change func(*lab.Organisation)) *job {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	all := lab.Scenarios()
	o := all[slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == scenario })].Organisation
	o.Microsoft.App.Login = lab.LoginFederated
	if change != nil {
		change(&o)
	}
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	j := &job{t: t, work: t.TempDir(), temp: t.TempDir(), path: commandFolder(t), env: map[string]string{}}
	if _, err := l.WriteConfig(j.work); err != nil {
		t.Fatal(err)
	}
	j.tokens = &tokenService{values: map[string]string{}}
	j.tokens.Server = httptest.NewTLSServer(http.HandlerFunc(j.tokens.answer))
	t.Cleanup(j.tokens.Close)
	ca := j.read("ca.pem") + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: j.tokens.Certificate().Raw}))
	j.write("ca.pem", ca)
	j.env["CURL_CA_BUNDLE"] = filepath.Join(j.work, "ca.pem")
	return j
}

func (s *tokenService) answer(w http.ResponseWriter, r *http.Request) {
	audience := r.URL.Query().Get("audience")
	s.asked = append(s.asked, r.Method+" "+audience)
	token, ok := s.values[audience]
	if r.Header.Get("Authorization") != "bearer "+jobToken && r.Header.Get("Authorization") != "Bearer "+jobToken || !ok {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.URL.Path == "/azure" {
		_ = json.NewEncoder(w).Encode(map[string]string{"oidcToken": token})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": token})
}

func (j *job) read(name string) string {
	j.t.Helper()
	raw, err := os.ReadFile(filepath.Join(j.work, name))
	if err != nil {
		j.t.Fatal(err)
	}
	return string(raw)
}

func (j *job) write(name, text string) {
	j.t.Helper()
	if err := os.WriteFile(filepath.Join(j.work, name), []byte(text), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

// credentials makes the configuration sign in as a job of a platform does.
func (j *job) credentials(identity string) {
	j.t.Helper()
	text := j.read("casdoctor.yaml")
	changed := regexp.MustCompile(`workload_identity:\s*\{?\s*token_file: graph-federated-token(\s*\})?`).
		ReplaceAllString(text, "workload_identity: "+identity)
	if changed == text {
		j.t.Fatalf("the configuration has no token file\n%s", text)
	}
	j.write("casdoctor.yaml", changed)
}

// command puts a program of that name before all others.
func (j *job) command(name, script string) {
	j.t.Helper()
	if err := os.WriteFile(filepath.Join(j.path, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		j.t.Fatal(err)
	}
}

// run runs a script in the workspace. Formats that this casdoctor does not have are not asked for.
func (j *job) run(script string, shell []string, env map[string]string) (exit int, out string) {
	j.t.Helper()
	if !slices.Contains(report.FormatNames(), "github") {
		script = strings.ReplaceAll(script, "--format github", "--format json")
	}
	file := filepath.Join(j.t.TempDir(), "step.sh")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		j.t.Fatal(err)
	}
	args := slices.Clone(shell)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "{0}", file)
	}
	if !slices.Contains(args, file) {
		args = append(args, file)
	}
	c := exec.CommandContext(j.t.Context(), args[0], args[1:]...)
	c.Dir = j.work
	all := map[string]string{"PATH": j.path + ":" + os.Getenv("PATH"), "HOME": j.temp, "LC_ALL": "C.UTF-8"}
	maps.Copy(all, j.env)
	maps.Copy(all, env)
	for k, v := range all { // and nothing of this machine's
		c.Env = append(c.Env, k+"="+v)
	}
	raw, err := c.CombinedOutput()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), string(raw)
	} else if err != nil {
		j.t.Fatal(err)
	}
	return 0, string(raw)
}

// action is what the runner reads of action.yml.
type action struct {
	Inputs map[string]struct {
		Description string
		Default     string
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, If, Uses, Shell, Run string
			With, Env                map[string]string
		}
	}
}

func readAction(t *testing.T) (a action) {
	t.Helper()
	raw, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(raw, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// ran is what became of the action.
type ran struct {
	exit               int
	log, summary       string
	outputs            map[string]string
	uses               []string
	with               map[string]map[string]string // of each used action
	exported, reportIn string
}

var expression = regexp.MustCompile(`\$\{\{ ([a-z_.-]+) \}\}`)

// act runs the action as the runner does: expressions are put in, outputs are files, and the
// first step that fails ends it.
func (j *job) act(inputs map[string]string) ran {
	j.t.Helper()
	a := readAction(j.t)
	known := map[string]string{"github.action_path": "ACTION"}
	for name, in := range a.Inputs {
		known["inputs."+name] = in.Default
	}
	for name, v := range inputs {
		if _, ok := a.Inputs[name]; !ok {
			j.t.Fatalf("no input %s", name)
		}
		known["inputs."+name] = v
	}
	fill := func(s string) string {
		return expression.ReplaceAllStringFunc(s, func(e string) string { return known[expression.FindStringSubmatch(e)[1]] })
	}
	r := ran{outputs: map[string]string{}, with: map[string]map[string]string{}}
	dir := j.t.TempDir()
	summary, path, environment := filepath.Join(dir, "summary"), filepath.Join(dir, "path"), filepath.Join(dir, "env")
	root, err := filepath.Abs("../..")
	if err != nil {
		j.t.Fatal(err)
	}
	for i, step := range a.Runs.Steps {
		if !j.condition(step.If, known) {
			continue
		}
		if step.Uses != "" {
			r.uses = append(r.uses, step.Uses)
			r.with[step.Uses] = map[string]string{}
			for k, v := range step.With {
				r.with[step.Uses][k] = fill(v)
			}
			continue
		}
		outputs := filepath.Join(dir, fmt.Sprint("output", i))
		env := map[string]string{
			"GITHUB_OUTPUT": outputs, "GITHUB_STEP_SUMMARY": summary, "GITHUB_PATH": path, "GITHUB_ENV": environment,
			"GITHUB_ACTION_PATH": root, "RUNNER_TEMP": j.temp,
		}
		for k, v := range step.Env {
			env[k] = fill(v)
		}
		exit, out := j.run(step.Run, strings.Fields(step.Shell), env)
		r.log += out
		for line := range strings.Lines(text(outputs)) {
			k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			known["steps."+step.ID+".outputs."+k] = v
		}
		for line := range strings.Lines(text(environment)) {
			k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			j.env[k] = v
		}
		if exit != 0 {
			r.exit = exit
			break
		}
	}
	for name, o := range a.Outputs {
		r.outputs[name] = fill(o.Value)
	}
	r.summary, r.exported, r.reportIn = text(summary), text(path), r.outputs["report-dir"]
	return r
}

func text(path string) string {
	raw, _ := os.ReadFile(path)
	return string(raw)
}

// condition knows the conditions that the action has.
func (j *job) condition(s string, known map[string]string) bool {
	if s == "" {
		return true
	}
	m := regexp.MustCompile(`^([a-z.-]+) (==|!=) '([a-z]*)'$`).FindStringSubmatch(s)
	if m == nil {
		j.t.Fatalf("a condition that the test cannot read: %s", s)
	}
	return (known[m[1]] == m[3]) == (m[2] == "==")
}

// github is a job of GitHub Actions with the permission id-token: write.
func github(t *testing.T, scenario string, change func(*lab.Organisation)) *job {
	j := newJob(t, scenario, change)
	j.credentials("{github_actions: true}")
	j.tokens.values["api://AzureADTokenExchange"] = j.read("graph-federated-token")
	j.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = j.tokens.URL + "/idtoken?api-version=2.0"
	j.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = jobToken
	return j
}

func TestActionPasses(t *testing.T) {
	j := github(t, "healthy", nil)
	r := j.act(nil)
	if r.exit != 0 || r.outputs["exit-code"] != "0" {
		t.Fatalf("exit %d, %v\n%s", r.exit, r.outputs, r.log)
	}
	if !slices.Equal(r.uses, []string{"actions/upload-artifact@v4"}) {
		t.Errorf("used %v", r.uses)
	}
	if with := r.with["actions/upload-artifact@v4"]; with["path"] != r.reportIn || with["name"] != "casdoctor-report" {
		t.Errorf("uploads %v", with)
	}
	wantReport(t, r.reportIn)
	if !slices.Contains(j.tokens.asked, "GET api://AzureADTokenExchange") {
		t.Errorf("asked for %v: the job did not sign in with its own identity", j.tokens.asked)
	}
	if strings.Contains(r.log+r.summary, jobToken) {
		t.Error("the token of the job is in the log")
	}
}

// wantReport: every format that is a file is there.
func wantReport(t *testing.T, dir string) {
	t.Helper()
	for _, f := range report.Formats() {
		if f.File != "" && text(filepath.Join(dir, f.File)) == "" {
			t.Errorf("no %s in %s", f.File, dir)
		}
	}
}

func TestActionFails(t *testing.T) {
	for name, tt := range map[string]struct {
		scenario string
		inputs   map[string]string
		prepare  func(*job)
		exit     int
		uses     []string
	}{
		"a trouble":                       {"mfa-security-defaults", map[string]string{"sarif": "true"}, nil, 1, []string{"actions/upload-artifact@v4", "github/codeql-action/upload-sarif@v3"}},
		"a trouble that is not asked for": {"mfa-security-defaults", map[string]string{"only": "TLS-01", "artifact": ""}, nil, 0, nil},
		"could not look":                  {"google-offline", nil, nil, 3, []string{"actions/upload-artifact@v4"}},
		"may leave it unknown":            {"google-offline", map[string]string{"allow-unknown": "true"}, nil, 0, []string{"actions/upload-artifact@v4"}},
		"no configuration":                {"healthy", map[string]string{"config": "missing.yaml"}, nil, 2, []string{"actions/upload-artifact@v4"}},
		"a hostile input":                 {"healthy", map[string]string{"only": `$(touch owned); "; touch owned #`}, nil, 2, []string{"actions/upload-artifact@v4"}},
		"no identity": {"healthy", nil, func(j *job) {
			delete(j.env, "ACTIONS_ID_TOKEN_REQUEST_URL")
		}, 2, []string{"actions/upload-artifact@v4"}},
	} {
		t.Run(name, func(t *testing.T) {
			j := github(t, tt.scenario, nil)
			if tt.prepare != nil {
				tt.prepare(j)
			}
			r := j.act(tt.inputs)
			if r.exit != tt.exit || r.outputs["exit-code"] != fmt.Sprint(tt.exit) {
				t.Errorf("exit %d, want %d; %v\n%s", r.exit, tt.exit, r.outputs, r.log)
			}
			if !slices.Equal(r.uses, tt.uses) {
				t.Errorf("used %v, want %v", r.uses, tt.uses)
			}
			if tt.exit != 2 {
				wantReport(t, r.reportIn)
			} else if !strings.Contains(r.summary, "exit code 2") {
				t.Errorf("the summary says %q", r.summary)
			}
			if _, err := os.Stat(filepath.Join(j.work, "owned")); err == nil {
				t.Error("an input was run")
			}
			if slices.Contains(report.FormatNames(), "markdown") && tt.exit == 1 && !strings.Contains(r.summary, "MFA-01") {
				t.Errorf("the summary says\n%s", r.summary)
			}
			if slices.Contains(report.FormatNames(), "github") && tt.exit == 1 && !strings.Contains(r.log, "\n::error ") {
				t.Errorf("no annotation in\n%s", r.log)
			}
		})
	}
}

// TestActionWithGoogle: the job's identity for Google, too, with no key anywhere.
func TestActionWithGoogle(t *testing.T) {
	for _, program := range []string{"curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed; GitHub's runners have it")
		}
	}
	const provider = "projects/123456789012/locations/global/workloadIdentityPools/practice/providers/ci"
	var caller string
	j := github(t, "healthy", func(o *lab.Organisation) {
		o.Google.Keyless, o.Google.Federated = true, true
		caller = "casdoctor-caller@" + o.Google.Project + ".iam.gserviceaccount.com"
	})
	j.tokens.values["https://iam.googleapis.com/"+provider] = j.read("federated-identity")
	r := j.act(map[string]string{"google-provider": provider, "google-caller": caller, "only": "GDM-01"})
	if r.exit != 0 {
		t.Fatalf("exit %d\n%s", r.exit, r.log)
	}
	if info, err := os.Stat(filepath.Join(j.temp, "casdoctor-google-token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token: %v, %v", info, err)
	}
	delete(j.env, "ACTIONS_ID_TOKEN_REQUEST_URL")
	if r := j.act(map[string]string{"google-provider": provider, "google-caller": caller}); r.exit == 0 || !strings.Contains(r.log, "id-token: write") {
		t.Errorf("without an identity: exit %d\n%s", r.exit, r.log)
	}
}

// TestActionBuilds: a runner without a casdoctor builds the one of the action.
func TestActionBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("links casdoctor")
	}
	j := github(t, "healthy", nil)
	if err := os.Remove(filepath.Join(j.path, "casdoctor")); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("casdoctor"); err == nil {
		t.Skip("this machine has a casdoctor")
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		j.env[name] = strings.TrimSpace(string(out))
	}
	bin := filepath.Join(j.temp, "casdoctor-bin")
	j.path += ":" + bin // what the runner makes of GITHUB_PATH
	r := j.act(map[string]string{"only": "TLS-01"})
	if r.exit != 0 || !slices.Contains(r.uses, "actions/setup-go@v5") || strings.TrimSpace(r.exported) != bin {
		t.Errorf("exit %d, used %v, exported %q\n%s", r.exit, r.uses, r.exported, r.log)
	}
}

// TestActionIsSafe: nothing that a caller gives becomes part of a script, and every script stops
// at its first error.
func TestActionIsSafe(t *testing.T) {
	a := readAction(t)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) < 5 {
		t.Fatalf("runs %+v", a.Runs)
	}
	for i, s := range a.Runs.Steps {
		if (s.Run == "") == (s.Uses == "") {
			t.Errorf("step %d neither runs nor uses, or both", i)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %d has an expression in its script", i)
		}
		if s.Run != "" && !strings.Contains(s.Shell, " -euo pipefail ") {
			t.Errorf("step %d goes on after an error: %q", i, s.Shell)
		}
	}
	for name, in := range a.Inputs {
		if in.Description == "" {
			t.Errorf("input %s is not described", name)
		}
	}
}

// recipe is the block of docs/ci.md with that name.
func recipe(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile("(?s)```[a-z]+ " + regexp.QuoteMeta(name) + "[^\n]*\n(.*?)```").FindStringSubmatch(text("../../docs/ci.md"))
	if m == nil {
		t.Fatalf("docs/ci.md has no block %s", name)
	}
	return m[1]
}

// outcomes are the organisations that every recipe is tried on.
var outcomes = map[string]int{"healthy": 0, "mfa-security-defaults": 1, "google-offline": 3}

func TestGitLabRecipe(t *testing.T) {
	var ci map[string]struct {
		IDTokens     map[string]struct{ Aud string } `yaml:"id_tokens"`
		BeforeScript []string                        `yaml:"before_script"`
		Script       []string
		AfterScript  []string `yaml:"after_script"`
		AllowFailure struct {
			ExitCodes []int `yaml:"exit_codes"`
		} `yaml:"allow_failure"`
		Artifacts struct {
			When    string
			Paths   []string
			Reports map[string]string
		}
	}
	if err := yaml.Load([]byte(recipe(t, ".gitlab-ci.yml")), &ci); err != nil {
		t.Fatal(err)
	}
	r := ci["casdoctor"]
	if !slices.Equal(r.AllowFailure.ExitCodes, []int{3}) || r.Artifacts.When != "always" || !slices.Equal(r.Artifacts.Paths, []string{"report"}) {
		t.Errorf("%+v", r)
	}
	for scenario, want := range outcomes {
		t.Run(scenario, func(t *testing.T) {
			j := newJob(t, scenario, nil)
			j.credentials("{token_file: entra-token}")
			for name, token := range r.IDTokens {
				if token.Aud != "api://AzureADTokenExchange" {
					t.Errorf("%s is for %s", name, token.Aud)
				}
				j.env[name] = j.read("graph-federated-token")
			}
			// The runner joins both, and stops at the first error.
			script := "set -eo pipefail\n" + strings.Join(append(r.BeforeScript, r.Script...), "\n")
			if exit, out := j.run(script, []string{"bash"}, nil); exit != want {
				t.Errorf("exit %d, want %d\n%s", exit, want, out)
			}
			if info, err := os.Stat(filepath.Join(j.work, "entra-token")); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the token: %v, %v", info, err)
			}
			wantReport(t, filepath.Join(j.work, "report"))
			wantFile(t, "junit", "report/report.junit.xml", r.Artifacts.Reports["junit"])
			j.run(strings.Join(r.AfterScript, "\n"), []string{"bash"}, nil)
			if _, err := os.Stat(filepath.Join(j.work, "entra-token")); err == nil {
				t.Error("the token is left behind")
			}
		})
	}
}

// wantFile: a recipe names the file of a format as the table of formats does.
func wantFile(t *testing.T, format, want, got string) {
	t.Helper()
	if f, ok := report.FormatNamed(format); ok && filepath.Base(want) != f.File || got != want {
		t.Errorf("the recipe keeps %q, the format %s is %q", got, format, want)
	}
}

func TestAzureRecipe(t *testing.T) {
	var ci struct {
		Schedules []struct{ Cron string }
		Steps     []struct {
			Bash string
			Env  map[string]string
		}
	}
	if err := yaml.Load([]byte(recipe(t, "azure-pipelines.yml")), &ci); err != nil {
		t.Fatal(err)
	}
	const connection = "22222222-3333-4444-5555-666666666666"
	ran := 0
	for _, step := range ci.Steps {
		if step.Bash == "" {
			continue
		}
		ran++
		if strings.Contains(step.Bash, "$(System") || strings.Contains(step.Bash, "$(Build") || !strings.HasPrefix(step.Bash, "set -eu\n") {
			t.Error("a macro in the script, or it goes on after an error")
		}
		for scenario, want := range outcomes {
			j := newJob(t, scenario, nil)
			j.credentials("{azure_pipelines: {service_connection: " + connection + ", access_token: env:SYSTEM_ACCESSTOKEN}}")
			j.command("go", "[ \"$1\" = env ] && echo /nowhere\n")
			j.tokens.values[""] = j.read("graph-federated-token")
			j.env["SYSTEM_OIDCREQUESTURI"] = j.tokens.URL + "/azure"
			env := map[string]string{}
			for k, v := range step.Env {
				v = strings.ReplaceAll(v, "$(System.AccessToken)", jobToken)
				env[k] = strings.ReplaceAll(v, "$(Build.ArtifactStagingDirectory)", j.temp)
			}
			if exit, out := j.run(step.Bash, []string{"bash"}, env); exit != want {
				t.Errorf("%s: exit %d, want %d\n%s", scenario, exit, want, out)
			}
			wantReport(t, filepath.Join(j.temp, "casdoctor"))
			if !slices.Contains(j.tokens.asked, "POST ") {
				t.Errorf("asked %v", j.tokens.asked)
			}
		}
	}
	if ran != 1 || len(ci.Schedules) != 1 {
		t.Errorf("%d scripts, %d schedules", ran, len(ci.Schedules))
	}
}

func TestShellRecipes(t *testing.T) {
	for scenario, want := range outcomes {
		t.Run(scenario, func(t *testing.T) {
			j := newJob(t, scenario, nil)
			exit, out := j.run(recipe(t, "Jenkins"), []string{"sh"}, nil)
			if exit != want || strings.Contains(out, "could not be looked at; the report") != (want == 3) {
				t.Errorf("Jenkins: exit %d, want %d\n%s", exit, want, out)
			}
			wantReport(t, filepath.Join(j.work, "report"))

			script := strings.ReplaceAll(recipe(t, "crontab"), "/etc/casdoctor/casdoctor.yaml", "casdoctor.yaml")
			exit, out = j.run(script, []string{"sh"}, nil)
			if exit != want || (out == "") != (want == 0) {
				t.Errorf("cron: exit %d, want %d; a mail only when there is something to say\n%s", exit, want, out)
			}

			service := unit(recipe(t, "/etc/systemd/system/casdoctor.service"))
			start := strings.NewReplacer("/etc/casdoctor/casdoctor.yaml", "casdoctor.yaml", "/var/lib/casdoctor", j.temp, "/usr/bin/", "").
				Replace(service["ExecStart"])
			if exit, out := j.run("exec "+start, []string{"sh"}, nil); exit != want {
				t.Errorf("systemd: exit %d, want %d\n%s", exit, want, out)
			}
			wantReport(t, filepath.Join(j.temp, "report"))
		})
	}
}

// unit are the settings of a unit file.
func unit(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(k, "#") {
			out[k] = v
		}
	}
	return out
}

// TestUnits: systemd itself has no complaint, where it is installed.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, name := range []string{"casdoctor.service", "casdoctor.timer"} {
		file := filepath.Join(dir, name)
		text := strings.ReplaceAll(recipe(t, "/etc/systemd/system/"+name), "/usr/bin/casdoctor", self) // it has to be there
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	out, err := exec.CommandContext(t.Context(), analyze, append([]string{"verify", "--man=no"}, files...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, dir) || strings.Contains(line, "casdoctor.") {
			t.Errorf("%s", line)
		}
	}
	if err != nil && len(out) == 0 {
		t.Error(err)
	}
}

// TestVulnerabilityRecipe: it builds, and its failure is the job's. The tool itself asks a
// server, so another answers in its place.
func TestVulnerabilityRecipe(t *testing.T) {
	for _, want := range []int{0, 3} { // 3: govulncheck found something
		j := newJob(t, "healthy", nil)
		j.command("go", fmt.Sprintf("echo \"$@\" >> calls\n[ \"$1\" != run ] || exit %d\n", want))
		if exit, out := j.run(recipe(t, "govulncheck"), []string{"sh"}, nil); exit != want {
			t.Errorf("exit %d, want %d\n%s", exit, want, out)
		}
		calls := j.read("calls")
		if !strings.Contains(calls, "build -tags grpcnotrace -o casdoctor ./cmd/casdoctor\n") || !strings.Contains(calls, "-mode binary casdoctor\n") {
			t.Errorf("called\n%s", calls)
		}
	}
}

// TestWorkflowUsesTheAction with inputs that it has, the permission that it needs, and a schedule.
func TestWorkflowUsesTheAction(t *testing.T) {
	var w struct {
		On          struct{ Schedule []struct{ Cron string } }
		Permissions map[string]string
		Jobs        map[string]struct {
			Steps []struct {
				Uses string
				With map[string]string
			}
		}
	}
	if err := yaml.Load([]byte(recipe(t, ".github/workflows/casdoctor.yml")), &w); err != nil {
		t.Fatal(err)
	}
	a := readAction(t)
	used := false
	for _, job := range w.Jobs {
		for _, s := range job.Steps {
			if !strings.HasPrefix(s.Uses, "casdoctor/casdoctor@") {
				continue
			}
			used = true
			for name := range s.With {
				if _, ok := a.Inputs[name]; !ok {
					t.Errorf("the action has no input %s", name)
				}
			}
		}
	}
	if !used || w.Permissions["id-token"] != "write" || w.Permissions["contents"] != "read" || len(w.On.Schedule) != 1 {
		t.Errorf("%+v", w)
	}
}
