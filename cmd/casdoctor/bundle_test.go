package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/lab"
)

// identifying are the shapes of what names somebody: every string of a practice organisation that
// has one of them, and every display name, has to be gone from a bundle with pseudonyms.
var identifying = regexp.MustCompile(`(?i)contoso|fabrikam|@|clp-|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|\.(test|example|com|net)$|^\d+\.\d+\.\d+\.\d+|^\d{10,}$`)

// public are the same in every organisation.
var public = regexp.MustCompile(`(?i)^administrators$|^127\.|^(62e90394|f28a1f50|29232cdf)-|^00000000-|^0000000\d-0000-0|trendmicro\.com|^[a-z.]*(google|googleapis|microsoft|gmail)\.com|` +
	`^(spf\.protection\.outlook|googlemail|outlook)\.com$|^https://www\.googleapis\.com|\.All$`)

// identifiers are the strings of an organisation that must not leave the house.
func identifiers(v reflect.Value, member string, out map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			identifiers(v.Elem(), member, out)
		}
	case reflect.Slice:
		if raw, ok := v.Interface().(json.RawMessage); ok {
			var doc any
			if json.Unmarshal(raw, &doc) == nil && doc != nil {
				identifiers(reflect.ValueOf(doc), member, out)
			}
			return
		}
		for i := range v.Len() {
			identifiers(v.Index(i), member, out)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			identifiers(v.MapIndex(k), k.String(), out)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				identifiers(v.Field(i), f.Name, out)
			}
		}
	case reflect.String:
		s := v.String()
		named := strings.EqualFold(member, "displayName") && !strings.Contains(s, "Trend Micro") && !strings.Contains(s, "Cloud App Security")
		if len(s) >= 4 && (named || identifying.MatchString(s)) && !public.MatchString(s) && !strings.ContainsAny(s, "\n{") {
			out[strings.ToLower(s)] = true
		}
	}
}

// TestNoNameOfAnOrganisationLeaves runs every practice organisation, and looks for its names in the
// bundle with pseudonyms.
func TestNoNameOfAnOrganisationLeaves(t *testing.T) {
	for _, sc := range lab.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			dir := t.TempDir()
			evidence, saved, out := filepath.Join(dir, "evidence.json"), filepath.Join(dir, "report.json"), filepath.Join(dir, "ticket.zip")
			run := func(args ...string) {
				var stdout, stderr bytes.Buffer
				if code := execute(t.Context(), args, streams{out: &stdout, err: &stderr}); code == 2 || code == 4 {
					t.Fatalf("%v: %s", args, stderr.String())
				}
			}
			run("demo", sc.Name, "--format", "json", "-o", saved, "--save-evidence", evidence)
			run("bundle", saved, "--evidence", evidence, "--pseudonyms", "-o", out)
			names := map[string]bool{"contoso": true}
			identifiers(reflect.ValueOf(sc.Organisation), "", names)
			if len(names) < 15 {
				t.Fatalf("only %d names in the organisation: %v", len(names), names)
			}
			z, err := zip.OpenReader(out)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = z.Close() }()
			if len(z.File) != 5 {
				t.Errorf("%d members", len(z.File))
			}
			for _, f := range z.File {
				r, err := f.Open()
				if err != nil {
					t.Fatal(err)
				}
				raw, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				text := strings.ToLower(string(raw))
				for name := range names {
					if i := strings.Index(text, name); i >= 0 {
						t.Errorf("%s has %q: …%s…", f.Name, name, text[max(0, i-80):min(len(text), i+60)])
					}
				}
			}
		})
	}
}
