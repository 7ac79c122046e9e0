package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
)

// TestNoSecretInAnyFile: a check of an organisation whose services refuse and quote canaries, with
// every file that it and the commands after it can write. The secrets come in by the environment
// and by files; none is in a file, on standard output or in the log, and what is written is its
// owner's alone.
func TestNoSecretInAnyFile(t *testing.T) {
	const canary = "canary-Qx7vL2mZ9"
	o := lab.Healthy()
	o.Microsoft.App.Secret = canary + "-graph"
	o.CAS = &lab.CAS{Token: canary + "-cas"}
	quote := `{"error":{"code":"` + canary + ` is no code","message":"` + canary + `"},"msg":"` + canary + `","error_description":"` + canary + `"}`
	o.Faults = []lab.Fault{
		{Service: lab.GraphService, Path: "/v1.0/identity/*", Status: 403, Body: quote},
		{Service: lab.GraphService, Path: "/v1.0/policies/*", Status: 200, Body: `<html>` + canary + `</html>`},
		{Service: lab.GraphService, Path: "/v1.0/domains", Edit: func(b []byte) []byte {
			return bytes.Replace(b, []byte("{"), []byte(`{"@odata.nextLink":"https://elsewhere.test/?`+canary+`",`), 1)
		}},
		{Service: lab.GoogleService, Path: "/admin/*", Status: 401, Body: quote},
		{Service: lab.CASService, Status: 429, Body: quote, Header: map[string][]string{"Retry-After": {canary}}},
	}
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	in, out := t.TempDir(), t.TempDir()
	path, err := l.WriteConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	// The other door: a variable.
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CASDOCTOR_TEST_SECRET", o.Microsoft.App.Secret)
	moved := bytes.Replace(raw, []byte("file:graph-secret"), []byte("env:CASDOCTOR_TEST_SECRET"), 1)
	if bytes.Equal(moved, raw) {
		t.Fatal("the configuration of the practice organisation names no graph-secret")
	}
	if err := os.WriteFile(path, moved, 0o600); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(out, name) }
	printed := &bytes.Buffer{}
	for _, args := range [][]string{
		{"check", "-c", path, "-v", "--format", "json", "-o", file("report.json"), "--save-evidence", file("evidence.json"), "--report-dir", file("all")},
		{"check", "-c", path, "-v"},
		{"replay", file("evidence.json"), "-v"}, {"report", file("report.json"), "-v", "--format", "html", "-o", file("report.html")},
		{"diff", file("report.json"), file("report.json")}, {"config", "show", "-c", path}, {"config", "validate", "-c", path},
		{"bundle", file("report.json"), "--evidence", file("evidence.json"), "-o", file("ticket.zip")},
		{"bundle", file("report.json"), "--evidence", file("evidence.json"), "--pseudonyms", "--mapping", file("mapping.csv"), "-o", file("pseudonyms.zip")},
		{"bundle", "--inspect", file("ticket.zip")},
	} {
		var b bytes.Buffer
		if code := execute(t.Context(), args, streams{out: &b, err: &b}); code == 2 || code == 4 {
			t.Fatalf("%v: %s", args, b.String())
		}
		printed.Write(b.Bytes())
	}
	look := func(name string, text []byte) {
		if i := bytes.Index(text, []byte(canary)); i >= 0 {
			t.Errorf("%s: …%s…", name, text[max(0, i-120):min(len(text), i+40)])
		}
		if bytes.Contains(text, []byte("PRIVATE KEY")) || bytes.Contains(text, []byte("ya29.c.")) || bytes.Contains(text, []byte("eyJhbGciOi")) {
			t.Errorf("%s has a key or a token", name)
		}
	}
	look("what was printed", printed.Bytes())
	files := 0
	err = filepath.WalkDir(out, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		if info, err := d.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		look(name, text)
		if !strings.HasSuffix(name, ".zip") && !strings.HasSuffix(name, ".xlsx") {
			return nil
		}
		z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return err
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				return err
			}
			inside, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			look(name+"/"+f.Name, inside)
		}
		return nil
	})
	if err != nil || files < 12 {
		t.Errorf("%d files: %v", files, err)
	}
}
