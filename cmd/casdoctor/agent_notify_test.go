package main

import (
	"bytes"
	"encoding/pem"
	"errors"
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
		{nil, checks.ExitNoRun, "ops: sent\n", "casdoctor: channel old: not sent: the receiver answered HTTP 404\n"},
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
