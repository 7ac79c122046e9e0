package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/report"
)

// completed are the words that a shell is given, without their descriptions, and the directive.
func completed(t *testing.T, args ...string) (words []string, directive string) {
	t.Helper()
	var out bytes.Buffer
	if code := execute(t.Context(), append([]string{"__complete"}, args...), streams{out: &out, err: &bytes.Buffer{}}); code != 0 {
		t.Fatalf("exit code %d for %v", code, args)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(out.String()), "\n") {
		if strings.HasPrefix(line, ":") {
			return words, line
		}
		word, _, _ := strings.Cut(line, "\t")
		words = append(words, word)
	}
	t.Fatalf("no directive in %q", out.String())
	return nil, ""
}

// The directives of cobra's protocol (ShellCompDirective).
const (
	plainFiles = ":0"
	noFiles    = ":4"
	noSpace    = ":6" // and no files
	byEnding   = ":8"
)

func TestCompletion(t *testing.T) {
	var scenarioNames []string
	for _, s := range lab.Scenarios() {
		scenarioNames = append(scenarioNames, s.Name)
	}
	ids := known()
	var mfa []string
	for _, k := range checks.All() {
		if k.ID != "MFA-01" {
			continue
		}
		mfa = append(mfa, k.ID)
		for _, c := range k.Causes {
			mfa = append(mfa, c.ID)
		}
		for _, f := range k.Fixes {
			mfa = append(mfa, f.ID)
		}
	}
	for _, tt := range []struct {
		typed     string
		want      []string
		directive string
	}{
		{"check --format ", report.FormatNames(), noFiles},
		{"report --format ", report.FormatNames(), noFiles},
		{"check --lang ", []string{"en", "ja"}, noFiles},
		{"config init --lang ", []string{"en", "ja"}, noFiles},
		{"check --only ", ids, noSpace},
		{"check --only MFA-01,TLS-01,L", []string{"MFA-01,TLS-01,LIC-01"}, noSpace},
		{"replay --fail-on ", []string{"warn", "fail"}, noFiles},
		{"check -c ", []string{"yaml", "yml", "json"}, byEnding},
		{"check ", nil, plainFiles}, // takes no argument
		{"replay ", []string{"json"}, byEnding},
		{"replay evidence.json ", nil, noFiles},
		{"mail ", []string{"eml"}, byEnding},
		{"explain ", ids, noFiles},
		{"explain MFA-01", mfa, noFiles},
		{"explain MFA-01 ", nil, noFiles},
		{"explain --format ", []string{"text", "markdown"}, noFiles},
		{"permissions ", ids, noFiles},
		{"permissions --script ", []string{"az", "powershell"}, noFiles},
		{"demo ", scenarioNames, noFiles},
		{"demo healthy ", nil, noFiles},
		{"list checks ", []string{"causes", "fixes", "facts", "probes"}, noFiles},
		{"console --enumerate=", []string{"exact", "inferred"}, noFiles},
		{"config ", []string{"init", "schema", "show", "validate"}, noFiles},
		{"config init --services google,", []string{"google,microsoft365", "google,cas", "google,licensing"}, noSpace},
		{"config init --mode ", []string{"automatic", "manual", "authorized"}, noFiles},
	} {
		args := strings.Split(tt.typed, " ")
		got, directive := completed(t, args...)
		if directive != byEnding { // as each shell does
			begun := args[len(args)-1]
			begun = begun[strings.IndexByte(begun, '=')+1:]
			got = slices.DeleteFunc(got, func(word string) bool { return !strings.HasPrefix(word, begun) })
		}
		if !slices.Equal(got, tt.want) || directive != tt.directive {
			t.Errorf("casdoctor %s: %v %s, want %v %s", tt.typed, got, directive, tt.want, tt.directive)
		}
	}
}

// TestCompletionDescribes in the language of the shell.
func TestCompletionDescribes(t *testing.T) {
	for lang, want := range map[string]string{"C": checks.All()[0].Title.EN, "ja_JP.UTF-8": checks.All()[0].Title.JA} {
		t.Setenv("LC_ALL", lang)
		var out bytes.Buffer
		execute(t.Context(), []string{"__complete", "explain", checks.All()[0].ID[:3]}, streams{out: &out, err: &bytes.Buffer{}})
		if !strings.Contains(out.String(), "\t"+want+"\n") {
			t.Errorf("%s: %s", lang, out.String())
		}
	}
}

// bashPart is what the script takes from the package bash-completion: the words of the line.
// The real one is used where it is installed.
const bashPart = `
if [ -r /usr/share/bash-completion/bash_completion ]; then
  . /usr/share/bash-completion/bash_completion
else
  _get_comp_words_by_ref() {
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  }
  __ltrim_colon_completions() { :; }
fi
. ./casdoctor.bash
type -t __start_casdoctor >/dev/null
complete -p casdoctor | grep -q __start_casdoctor
try() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_KEY=9 COMPREPLY=()
  compopt() { :; } # only a running completion may call it
  __start_casdoctor
  printf '%s\n' "${COMPREPLY[@]}"
  echo --
}
try casdoctor explain TLS
try casdoctor check --format js
try casdoctor demo mfa-still
try casdoctor check --only MFA-01,TL
`

// TestCompletionInBash runs the script in a real bash, with the real command behind it.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	dir := commandFolder(t)
	var script bytes.Buffer
	if code := execute(t.Context(), []string{"completion", "bash"}, streams{out: &script, err: &bytes.Buffer{}}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if err := os.WriteFile(filepath.Join(dir, "casdoctor.bash"), script.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), bash, "--norc", "--noprofile", "-c", bashPart)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := "TLS-01\n--\njson\n--\nmfa-still-off\n--\nMFA-01\\,TLS-01\n--\n"
	if got := strings.ReplaceAll(string(out), " \n", "\n"); got != want {
		t.Errorf("bash completes\n%s\nwant\n%s", got, want)
	}
}

// TestCompletionScripts: each shell that is here reads its script without a complaint.
func TestCompletionScripts(t *testing.T) {
	for shell, check := range map[string][]string{
		"bash": {"-n"}, "zsh": {"-n"}, "fish": {"--no-execute"}, "powershell": nil,
	} {
		var script, complaints bytes.Buffer
		if code := execute(t.Context(), []string{"completion", shell}, streams{out: &script, err: &complaints}); code != 0 || complaints.Len() > 0 {
			t.Errorf("%s: exit code %d %s", shell, code, complaints.String())
		}
		if !strings.Contains(script.String(), "casdoctor") {
			t.Errorf("%s: no script", shell)
		}
		path, err := exec.LookPath(shell)
		if err != nil || check == nil {
			continue
		}
		file := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(file, script.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), path, append(check, file)...).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v %s", shell, err, out)
		}
	}
}

// commandFolder is a folder with a casdoctor in it that runs this test's own.
func commandFolder(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "casdoctor")); err != nil { // testscript.Main goes by the name
		t.Fatal(err)
	}
	return dir
}
