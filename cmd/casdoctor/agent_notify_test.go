package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/checks"
)

func TestNotifyTest(t *testing.T) {
	const canary = "hunter2-s3cr3t"
	posted := map[string]int{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posted[r.URL.Path]++
		if strings.HasPrefix(r.URL.Path, "/gone/") {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"ca.pem":      string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
		"tenant.yaml": "version: 1\ntenant: contoso\ncas: {site: eu}\n",
		"agent.yaml": `version: 1
tenants: [{config: tenant.yaml}]
network: {ca_file: ca.pem}
alerts:
  channels:
    - {name: ops, slack: {url: env:OPS_URL}}
    - {name: old, teams: {url: env:OLD_URL}}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("OPS_URL", server.URL+"/ops/"+canary)
	t.Setenv("OLD_URL", server.URL+"/gone/"+canary)
	for _, tt := range []struct {
		args        []string
		code        int
		out, errors string
	}{
		{[]string{"ops"}, checks.ExitOK, "ops: sent\n", ""},
		{nil, checks.ExitNoRun, "ops: sent\n", "casdoctor: channel old: not sent: the receiver answered HTTP 404: the URL or the key of the channel is not valid there, or not any more; make a new one\n"},
		{[]string{"opps"}, checks.ExitUsage, "", ""},
	} {
		var out, stderr bytes.Buffer
		c := notifyTestCommand(streams{out: &out, err: &stderr})
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(append([]string{"-c", filepath.Join(dir, "agent.yaml")}, tt.args...))
		err := c.ExecuteContext(t.Context())
		code := checks.ExitOK
		var e *exitError
		if errors.As(err, &e) {
			code = e.code
		}
		if code != tt.code || out.String() != tt.out || stderr.String() != tt.errors {
			t.Errorf("%v: code %d (%v), out %q, err %q", tt.args, code, err, out.String(), stderr.String())
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("a secret is shown: %v", err)
		}
	}
	if posted["/ops/"+canary] != 2 || posted["/gone/"+canary] != 1 {
		t.Errorf("posted: %v", posted)
	}
}

// TestNotifyTestSaysWhatIsWrong walks as somebody does who sets a channel up: each mistake ends with
// its exit code and a sentence that names it, and none with the secret.
func TestNotifyTestSaysWhatIsWrong(t *testing.T) {
	const canary = "hunter2-s3cr3t"
	down := httptest.NewTLSServer(nil)
	down.Close()
	t.Setenv("DOWN_URL", down.URL+"/"+canary)
	t.Setenv("PLAIN_URL", "http://hooks.example.com/"+canary)
	t.Setenv("OPS_URL", "https://127.0.0.1:1/"+canary)
	for name, tt := range map[string]struct {
		alerts string
		args   []string
		code   int
		want   string
	}{
		"no channels":      {"alerts: {language: en}", nil, checks.ExitUsage, "agent.yaml has no channels: add alerts.channels"},
		"unknown channel":  {"alerts: {channels: [{name: ops, slack: {url: env:OPS_URL}}]}", []string{"opps"}, checks.ExitUsage, `there is no channel "opps"; there are ops`},
		"channel down":     {"alerts: {channels: [{name: ops, slack: {url: env:DOWN_URL}}]}", nil, checks.ExitNoRun, "casdoctor: channel ops: not sent, try again later: the connection failed: connect: connection refused"},
		"no https":         {"alerts: {channels: [{name: ops, slack: {url: env:PLAIN_URL}}]}", nil, checks.ExitUsage, "env:PLAIN_URL does not hold an https URL; copy the whole URL, from https:// on"},
		"no secret":        {"alerts: {channels: [{name: ops, slack: {url: env:NOT_SET_URL}}]}", nil, checks.ExitUsage, "the environment variable NOT_SET_URL is not set, or empty"},
		"secret in file":   {"alerts: {channels: [{name: ops, slack: {url: file:nowhere}}]}", nil, checks.ExitUsage, "nowhere"},
		"secret in place":  {"alerts: {channels: [{name: ops, slack: {url: https://hooks.example.com/" + canary + "}}]}", nil, checks.ExitUsage, "a secret must not stand here; write env:NAME or file:PATH"},
		"no configuration": {"", []string{"-c", "elsewhere.yaml"}, checks.ExitUsage, "elsewhere.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{
				"tenant.yaml": "version: 1\ntenant: contoso\ncas: {site: eu}\n",
				"agent.yaml":  "version: 1\ntenants: [{config: tenant.yaml}]\n" + tt.alerts + "\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out, stderr bytes.Buffer
			c := notifyTestCommand(streams{out: &out, err: &stderr})
			c.SilenceErrors, c.SilenceUsage = true, true
			c.SetArgs(append([]string{"-c", filepath.Join(dir, "agent.yaml")}, tt.args...))
			err := c.ExecuteContext(t.Context())
			var e *exitError
			said := fmt.Sprint(stderr.String(), err)
			if !errors.As(err, &e) || e.code != tt.code || !strings.Contains(said, tt.want) || out.Len() > 0 {
				t.Errorf("code %+v, said %q; want %d, %q", e, said, tt.code, tt.want)
			}
			if strings.Contains(said, canary) {
				t.Errorf("a secret is shown: %s", said)
			}
		})
	}
}
