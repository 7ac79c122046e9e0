package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joshdk/go-junit"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	validate "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/casdoctor/casdoctor/checks"
)

// readers read a format back with a reader that is not ours, and hold what it reads against the
// report: nothing is lost, nothing is gained, nothing is active. The workbook's is in
// internal/tools/readers, because it takes long to compile.
var readers = map[string]func(*testing.T, Report, []byte){
	"json": readJSON, "junit": readJUnit, "sarif": readSARIF, "ocsf": readOCSF, "csv": readCSV, "xlsx": readParts,
	"markdown": readMarkdown, "github": readGitHub, "nagios": readNagios, "prometheus": readPrometheus,
}

func TestReaders(t *testing.T) {
	for _, f := range Formats() {
		read := readers[f.Name]
		if read == nil {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			many := manyEntries(1000)
			read(t, many, inFormat(t, f, many, View{Lang: "en"}))
			for _, o := range outcomes {
				for _, lang := range []string{"en", "ja"} {
					read(t, o.report(), inFormat(t, f, o.report(), View{Lang: lang}))
				}
			}
		})
	}
}

func readJSON(t *testing.T, _ Report, out []byte) {
	t.Helper()
	if !json.Valid(out) {
		t.Error("not JSON")
	}
}

// following validates by a schema of others.
func following(t *testing.T, name string, out []byte) {
	t.Helper()
	compiled := compiledSchemas[name]
	if compiled == nil {
		raw, err := os.ReadFile(filepath.Join("testdata", "schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := validate.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		c := validate.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(name, doc); err != nil {
			t.Fatal(err)
		}
		if compiled, err = c.Compile(name); err != nil {
			t.Fatal(err)
		}
		compiledSchemas[name] = compiled
	}
	value, err := validate.UnmarshalJSON(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("not valid by %s: %v", name, err)
	}
	everyString(value, func(s string) {
		if i := strings.IndexFunc(s, func(r rune) bool { return r != '\n' && active(r) }); i >= 0 {
			t.Fatalf("an active character in %.100q", s[i:])
		}
	})
}

var compiledSchemas = map[string]*validate.Schema{}

func everyString(v any, do func(string)) {
	switch v := v.(type) {
	case string:
		do(v)
	case []any:
		for _, e := range v {
			everyString(e, do)
		}
	case map[string]any:
		for k, e := range v {
			do(k)
			everyString(e, do)
		}
	}
}

func readSARIF(t *testing.T, r Report, out []byte) {
	t.Helper()
	following(t, "sarif-2.1.0.json", out)
	var log sarifLog
	if err := json.Unmarshal(out, &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	list := rows(r)
	if len(run.Results) != len(list) { // not verbose: troubles and unknowns only
		list = slices.DeleteFunc(list, func(w row) bool { return w.status == checks.StatusPass || w.status == checks.StatusSkip })
	}
	if len(run.Results) != len(list) || run.Invocations[0].ExitCode != r.ExitCode {
		t.Errorf("%d results of %d entries, exit code %d", len(run.Results), len(list), run.Invocations[0].ExitCode)
	}
	seen := map[string]bool{}
	link := regexp.MustCompile(`\[[^\]]*\]\(`)
	for i, res := range run.Results {
		if got := run.Tool.Driver.Rules[res.RuleIndex].ID; got != res.Rule {
			t.Errorf("the rule of %s is %s", res.Rule, got)
		}
		if res.Kind != "fail" && res.Level != "none" { // 2.1.0, 3.27.10
			t.Errorf("%s is %s and has the level %s", res.Rule, res.Kind, res.Level)
		}
		if found(list[i].entry) != (res.Kind == "fail" && res.Suppressions == nil) && list[i].entry.ID != list[i].check.ID {
			t.Errorf("%s is %s", list[i].title(), res.Kind)
		}
		if link.MatchString(res.Message.Text) {
			t.Fatalf("a link in %.200q", res.Message.Text)
		}
		if fp := res.Fingerprints["primaryLocationLineHash"]; fp == "" || seen[fp] {
			t.Errorf("%s: the fingerprint %q is there twice, or not at all", res.Rule, fp)
		} else {
			seen[fp] = true
		}
	}
}

func readOCSF(t *testing.T, r Report, out []byte) {
	t.Helper()
	following(t, "ocsf-1.8.0-compliance-finding.json", out)
	var list []ocsfFinding
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	if want := rows(r); len(list) != len(want) {
		t.Errorf("%d findings of %d entries", len(list), len(want))
	}
	for _, f := range list {
		if f.TypeUID != int64(f.ClassUID*100+f.ActivityID) || f.ClassUID/1000 != f.CategoryUID { // how OCSF makes them
			t.Errorf("type_uid %d, class_uid %d, category_uid %d", f.TypeUID, f.ClassUID, f.CategoryUID)
		}
	}
}

func readJUnit(t *testing.T, r Report, out []byte) {
	t.Helper()
	suites, err := junit.Ingest(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(suites) != len(r.Checks) {
		t.Fatalf("%d suites of %d checks", len(suites), len(r.Checks))
	}
	var total junit.Totals
	for i, s := range suites {
		total.Tests += s.Totals.Tests
		total.Failed += s.Totals.Failed
		total.Error += s.Totals.Error
		total.Skipped += s.Totals.Skipped
		for j, w := range rowsOf(r.Checks[i], nil) {
			c := s.Tests[j]
			want := map[checks.Status]junit.Status{
				checks.StatusFail: junit.StatusFailed, checks.StatusWarn: junit.StatusFailed, checks.StatusUnknown: junit.StatusError,
				checks.StatusPass: junit.StatusPassed, checks.StatusSkip: junit.StatusSkipped,
			}[w.status]
			if c.Status != want || c.Name != Inert(w.title()) {
				t.Errorf("%.100q is %s, want %s", c.Name, c.Status, want)
			}
		}
	}
	list := rows(r)
	if total.Tests != len(list) || total.Failed != count(list, checks.StatusFail)+count(list, checks.StatusWarn) ||
		total.Error != count(list, checks.StatusUnknown) || total.Skipped != count(list, checks.StatusSkip) {
		t.Errorf("the totals are %+v", total)
	}
	if r.Verdict == checks.Undetermined && total.Error == 0 {
		t.Error("what could not be looked at looks green")
	}
}

func readCSV(t *testing.T, r Report, out []byte) {
	t.Helper()
	in := csv.NewReader(bytes.NewReader(out))
	records, err := in.ReadAll() // wants as many fields in each
	if err != nil {
		t.Fatal(err)
	}
	if want := len(rows(r)) + 1; len(records) != want {
		t.Errorf("%d records, want %d", len(records), want)
	}
	for _, rec := range records {
		for _, field := range rec {
			noFormula(t, field)
		}
	}
}

// noFormula: OWASP, CSV Injection, has the signs that begin one.
func noFormula(t *testing.T, field string) {
	t.Helper()
	if strings.ContainsAny(field, "\t\r\n") || field != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(strings.TrimSpace(field) + " ")[0]) {
		t.Fatalf("a formula: %.100q", field)
	}
}

// readParts reads the XML of a workbook, as far as it can be read without knowing workbooks.
func readParts(t *testing.T, r Report, out []byte) {
	t.Helper()
	found := 0
	for name, part := range unzipped(t, out) {
		d := xml.NewDecoder(strings.NewReader(part))
		text := false
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			switch tok := tok.(type) {
			case xml.StartElement:
				text = tok.Name.Local == "t"
				if slices.Contains([]string{"f", "hyperlink", "externalReference"}, tok.Name.Local) {
					t.Errorf("%s: an element %s", name, tok.Name.Local)
				}
				if tok.Name.Local == "row" && strings.HasSuffix(name, "sheet2.xml") {
					found++
				}
			case xml.EndElement:
				text = false
			case xml.CharData:
				if text {
					noFormula(t, string(tok))
					if i := bytes.IndexFunc(tok, active); i >= 0 {
						t.Fatalf("an active character in %.100q", tok[i:])
					}
				}
			}
		}
	}
	if want := len(rows(r)) + 1; found != want {
		t.Errorf("%d rows of findings, want %d", found, want)
	}
}

var (
	codeElement = regexp.MustCompile(`(?s)<code[^>]*>.*?</code>`)
	linkElement = regexp.MustCompile(`(?s)<a href="([^"]*)">(.*?)</a>`)
	anyElement  = regexp.MustCompile(`<(/?[a-zA-Z][a-zA-Z0-9]*|!)`)
	// mentions are what GitHub and GitLab make of text that is no code, after Markdown.
	mentions = regexp.MustCompile(`(^|\W)@\w|(^|\W)[#!]\d|https?://|www\.|mailto:|\$\w|:[a-z]+:`)
	headings = regexp.MustCompile(`<h[1-6]`)
)

// readMarkdown renders as GitHub does, raw HTML included, and looks at what has become an element.
func readMarkdown(t *testing.T, r Report, out []byte) {
	t.Helper()
	if len(out) > 1<<20 { // GitHub: a step's summary
		t.Errorf("%d bytes are more than GitHub takes", len(out))
	}
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert(out, &b); err != nil {
		t.Fatal(err)
	}
	var links []string
	for _, c := range r.Checks {
		for _, f := range c.Fixes {
			links = append(links, f.Links...)
		}
	}
	page := codeElement.ReplaceAllString(b.String(), "")
	page = linkElement.ReplaceAllStringFunc(page, func(a string) string {
		m := linkElement.FindStringSubmatch(a)
		if !slices.Contains(links, m[1]) || !strings.HasPrefix(m[1], "https://docs.trendmicro.com/") && !strings.HasPrefix(m[1], "https://learn.microsoft.com/") {
			t.Fatalf("a link to %.100q", m[1])
		}
		return ""
	})
	for _, m := range anyElement.FindAllStringSubmatch(page, -1) {
		if !slices.Contains(strings.Fields("h1 h2 p br hr ul ol li strong del details summary pre"), strings.TrimPrefix(m[1], "/")) {
			t.Fatalf("an element %s", m[1])
		}
	}
	if m := mentions.FindString(strings.NewReplacer("&quot;", `"`, "&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(page)); m != "" {
		t.Errorf("%q becomes a mention, a reference or a link", m)
	}
	want := 1
	for _, c := range r.Checks {
		if c.Status == checks.StatusFail || c.Status == checks.StatusWarn || c.Status == checks.StatusUnknown {
			want++
		}
	}
	for _, part := range []bool{
		len(r.Retirements) > 0, len(r.Notices) > 0,
		slices.ContainsFunc(r.Facts, func(f Fact) bool { return f.Status == FactPartial || f.Status == FactFailed }),
	} {
		if part {
			want++
		}
	}
	if got := len(headings.FindAllString(page, -1)); got != want {
		t.Errorf("%d headings, want %d", got, want)
	}
}

// command is a workflow command (GitHub Actions runner, ActionCommand.TryParseV2).
var command = regexp.MustCompile(`^::(error|warning|notice) file=([^:,\n]+),line=1,title=([^:,\n]+)::(.+)\n$`)

func readGitHub(t *testing.T, r Report, out []byte) {
	t.Helper()
	got := map[string]int{}
	for line := range strings.Lines(string(out)) {
		m := command.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("not one command: %.200q", line)
		}
		if len([]rune(m[3])) > 3*255 {
			t.Errorf("a title of %d characters", len([]rune(m[3])))
		}
		got[m[1]]++
	}
	list := rows(r)
	if got["error"] != count(list, checks.StatusFail) || got["warning"] != count(list, checks.StatusWarn)+count(list, checks.StatusUnknown) || got["notice"] != 1 {
		t.Errorf("commands: %v", got)
	}
}

// status is the first line of a plugin (Monitoring Plugins Development Guidelines, 2.6 for the performance data).
var status = regexp.MustCompile(`^CASDOCTOR (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \|( [a-z]+=\d+;\d*;\d*;0;\d+)+\n`)

func readNagios(t *testing.T, r Report, out []byte) {
	t.Helper()
	m := status.FindSubmatch(out)
	if m == nil {
		t.Fatalf("no status line: %.300q", out)
	}
	if want := map[string]int{"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}[string(m[1])]; want != nagiosState(r) {
		t.Errorf("says %s and exits with %d", m[1], nagiosState(r))
	}
	if bytes.Count(out, []byte("|")) != 1 || bytes.ContainsAny(out, "<>`$'\"&~\\") {
		t.Errorf("active for a shell, a page or Nagios: %.300q", out)
	}
	if len(out) > 8192 { // MAX_PLUGIN_OUTPUT_LENGTH of Nagios Core
		t.Errorf("%d bytes are cut by Nagios", len(out))
	}
}

func readPrometheus(t *testing.T, r Report, out []byte) {
	t.Helper()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range families {
		for _, m := range f.Metric {
			if m.TimestampMs != nil || f.GetHelp() == "" || f.GetType().String() != "GAUGE" {
				t.Errorf("%s: %v", name, m)
			}
			for _, l := range m.Label {
				if !slices.Contains([]string{"tenant", "version", "verdict", "check", "status", "fact"}, l.GetName()) {
					t.Errorf("%s has a label %s", name, l.GetName())
				}
			}
		}
	}
	if got := families["casdoctor_exit_code"].Metric[0].Gauge.GetValue(); got != float64(r.ExitCode) {
		t.Errorf("the exit code is %v", got)
	}
	if got := len(families["casdoctor_check_status"].Metric); got != 5*len(r.Checks) {
		t.Errorf("%d samples for %d checks", got, len(r.Checks))
	}
	if _, err := strconv.Atoi(strings.TrimSpace(string(out[bytes.LastIndexByte(bytes.TrimSpace(out), ' '):]))); err != nil {
		t.Errorf("the last value: %v", err)
	}
}

// TestSARIFKinds: what GitHub would show as an alert is one, and the whole is there for other readers.
func TestSARIFKinds(t *testing.T) {
	f, _ := FormatNamed("sarif")
	for verbose, want := range map[bool]map[string]int{
		false: {"fail error": 3, "fail warning": 3, "open none": 5},
		true: {
			"fail error": 3, "fail warning": 3, "open none": 5, "pass none": 2, "notApplicable none": 2, "fail warning suppressed": 1,
		},
	} {
		out := inFormat(t, f, everything(), View{Verbose: verbose})
		readSARIF(t, everything(), out)
		var log sarifLog
		if err := json.Unmarshal(out, &log); err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, r := range log.Runs[0].Results {
			name := r.Kind + " " + r.Level
			if len(r.Suppressions) > 0 {
				name += " suppressed"
			}
			got[name]++
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("verbose %v (-want +got):\n%s", verbose, diff)
		}
	}
}

// TestNagiosStates: the word and the exit code are those of a plugin, and follow the flags of the run.
func TestNagiosStates(t *testing.T) {
	for _, c := range []struct {
		name   string
		result checks.Result
		opts   Options
		want   int
		word   string
	}{
		{"a fail", sampleTLS(), Options{FailOn: checks.StatusWarn}, 2, "CRITICAL"},
		{"a warning", sampleACC(), Options{FailOn: checks.StatusWarn}, 1, "WARNING"},
		{"a warning that is let through", sampleACC(), Options{FailOn: checks.StatusFail}, 0, "OK"},
		{"an unknown", sampleGDM(), Options{FailOn: checks.StatusWarn}, 3, "UNKNOWN"},
		{"an unknown that is let through", sampleGDM(), Options{FailOn: checks.StatusWarn, AllowUnknown: true}, 0, "OK"},
		{"nothing", sampleBND(), Options{FailOn: checks.StatusWarn}, 0, "OK"},
	} {
		r := New(sampleEvidence(), checks.Outcome{Now: taken, Results: []checks.Result{c.result}}, c.opts)
		f, _ := FormatNamed("nagios")
		out := string(inFormat(t, f, r, View{}))
		if f.Exit(r) != c.want || !strings.HasPrefix(out, "CASDOCTOR "+c.word+" - ") {
			t.Errorf("%s: exit code %d, %.40q", c.name, f.Exit(r), out)
		}
	}
	var b bytes.Buffer
	if code := failNagios(&b, errors.New("a.yaml:3: | <b>\n2")); code != 3 || b.String() != "CASDOCTOR UNKNOWN - a.yaml:3: ¦ ‹b› 2\n" {
		t.Errorf("exit code %d, %q", code, b.String())
	}
}
