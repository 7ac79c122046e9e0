package report

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	junit "github.com/joshdk/go-junit"

	"github.com/casdoctor/casdoctor/checks"
)

// outcomes are a report of each verdict.
var outcomes = []struct {
	name   string
	report func() Report
}{
	{"not_ready", everything}, {"undetermined", undetermined}, {"ready", ready},
}

func inFormat(t testing.TB, f Format, r Report, v View) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, r, v); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return b.Bytes()
}

// unprinted are the formats that need no browser: a PDF is the page of html, printed (TestPDF…).
func unprinted() []Format {
	return slices.DeleteFunc(Formats(), func(f Format) bool { return f.Name == "pdf" })
}

// TestFormats holds the files of every format to their golden ones, whose names have the exit code.
// Those of text, json and html are with their own tests.
func TestFormats(t *testing.T) {
	for _, f := range unprinted() {
		if f.Name == "text" || f.Name == "json" || f.Name == "html" {
			continue
		}
		ext := strings.TrimPrefix(f.File, "report.")
		if ext == "" {
			ext = f.Name + ".txt"
		}
		for _, o := range outcomes {
			r := o.report()
			for _, lang := range []string{"en", "ja"} {
				name := fmt.Sprintf("%s.%d.%s", o.name, f.Exit(r), ext)
				if lang == "ja" {
					if o.name != "not_ready" {
						continue
					}
					name = fmt.Sprintf("%s.%d.ja.%s", o.name, f.Exit(r), ext)
				}
				got := inFormat(t, f, r, View{Lang: lang})
				if again := inFormat(t, f, o.report(), View{Lang: lang}); !bytes.Equal(got, again) {
					t.Errorf("%s: the same report gives another file", name)
				}
				if !f.Binary {
					golden(t, filepath.Join("formats", name), string(got))
				} else if bytes.HasPrefix(got, []byte("PK")) {
					goldenZip(t, filepath.Join("testdata", "formats", name), got)
				}
			}
		}
	}
}

// goldenZip compares what is in two archives: how well it is packed differs from one release of Go to the next.
func goldenZip(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unzipped(t, want), unzipped(t, got)); diff != "" {
		t.Errorf("%s differs (-want +got); go test ./internal/report -update writes it anew\n%s", file, diff)
	}
}

func unzipped(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(part)
	}
	return parts
}

// TestExitCodes: the same for every format, but for nagios.
func TestExitCodes(t *testing.T) {
	for _, f := range Formats() {
		for _, o := range outcomes {
			r := o.report()
			if got := f.Exit(r); f.Name != "nagios" && got != r.ExitCode {
				t.Errorf("%s, %s: exit code %d, want %d", f.Name, o.name, got, r.ExitCode)
			}
		}
	}
}

// hostile are texts that some reader of some format would obey.
var hostile = map[string]string{
	"terminal":   "\x1b[2J\x1b]0;t\x07\u009b5m\x00\x7f",
	"direction":  "\u202egpj.exe\u2066\u200f\u200b\ufeff\u2028\u2029",
	"lines":      "x\r\nINJECTED\nINJECTED\u0085INJECTED",
	"html":       `"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;]]><!--`,
	"xml":        `]]></failure><!DOCTYPE a><x y='z'/>&amp;_x0041_`,
	"formula":    "=HYPERLINK(\"http://evil.example\")",
	"workflow":   "::error::INJECTED%0A::set-output name=a::b ##[error]x",
	"workflow2":  "\n::error file=a::INJECTED\n::stop-commands::x",
	"markdown":   "\n# INJECTED\n\n![i](http://evil.example/x.png) [l](javascript:alert(1)) ``` | a | b | @everyone #1 ~~x~~ **b** http://evil.example www.evil.example $x$ :tada:",
	"quotes":     "` `` ``` ` code",
	"properties": `",status="pass"} 1` + "\ncasdoctor_exit_code 0\n\\",
	"perfdata":   "| fail=0;;0 'a'=1 $(reboot) `reboot`; reboot & ~",
	"json":       `","status":"pass","x":"\u0000`,
	"broken":     "\xff\xfe\xc0\x80 utf-8",
	"long":       strings.Repeat("0123456789", 1024),
	"words":      strings.Repeat("管理者 ", 200),
}

// spoiled is everything() with a text after (or before) every string that is data.
func spoiled(bad string, front bool) Report {
	r := everything()
	if len(bad) > 1000 { // long enough with fewer of them
		r.Checks, r.Retirements = r.Checks[:1], nil
	}
	r.Checks[0].Fixes[0].Links = append(r.Checks[0].Fixes[0].Links, "javascript:alert(1)//", "https://user@evil.example/")
	spoilAs(reflect.ValueOf(&r).Elem(), func(s string) string {
		if front {
			return bad + s
		}
		return s + bad
	}, "Verdict", "Basis", "Applies", "Status", "Kind")
	return r
}

// TestFormatsAreInert: whatever stands in a report, no format makes more of it than text.
func TestFormatsAreInert(t *testing.T) {
	for _, f := range unprinted() {
		for name, bad := range hostile {
			for _, front := range []bool{false, true} {
				if front && name == "long" {
					continue // a second time says nothing new
				}
				t.Run(fmt.Sprintf("%s/%s/%v", f.Name, name, front), func(t *testing.T) {
					r := spoiled(bad, front)
					out := inFormat(t, f, r, View{Lang: "ja", Width: 60, Verbose: true, Config: "a" + bad + ".yaml"})
					if !f.Binary {
						inertText(t, string(out))
					}
					if !f.Binary && f.Name != "text" && f.Name != "html" { // steps keep their lines in both
						ownLines(t, string(out))
					}
					if read := readers[f.Name]; read != nil {
						read(t, r, out)
					}
				})
			}
		}
	}
}

// inertText holds for every format that is text.
func inertText(t *testing.T, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Error("not UTF-8")
	}
	for _, c := range strings.ReplaceAll(out, "\r\n", "\n") {
		if c != '\n' && active(c) {
			t.Fatalf("%U came through", c)
		}
	}
}

// ownLines: what is no paragraph that was set in lines begins none with data.
func ownLines(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "INJECTED") || strings.HasPrefix(line, "# INJECTED") {
			t.Fatalf("data made a line of its own: %q", line)
		}
	}
}

func TestFormatsReportErrors(t *testing.T) {
	for _, f := range unprinted() {
		if err := f.Write(full{}, everything(), View{}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

func TestFormatNames(t *testing.T) {
	names, files := FormatNames(), []string{}
	for _, f := range Formats() {
		files = append(files, f.File)
		if got, ok := FormatNamed(f.Name); !ok || got.Name != f.Name {
			t.Errorf("%s is not found by its name", f.Name)
		}
	}
	files = slices.DeleteFunc(files, func(s string) bool { return s == "" })
	for _, list := range [][]string{names, files} {
		slices.Sort(list)
		if len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("a name twice: %v", list)
		}
	}
	if _, ok := FormatNamed("yaml"); ok {
		t.Error("there is no format yaml")
	}
}

func TestWriteAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out")
	if err := WriteAll(dir, everything(), View{Lang: "en", Width: 20, Color: true}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
	for _, f := range Formats() {
		if f.File == "" {
			continue
		}
		path := filepath.Join(dir, f.File)
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", f.File, info.Mode().Perm())
		}
		if got, err := os.ReadFile(path); err != nil || !f.Binary && bytes.Contains(got, []byte("\x1b")) {
			t.Errorf("%s: an escape in a file (%v)", f.File, err)
		}
	}
	file := filepath.Join(dir, "report.json")
	if err := WriteAll(file, ready(), View{}); err == nil || !strings.Contains(err.Error(), "cannot make the folder") {
		t.Errorf("a file in the place of the folder: %v", err)
	}
}

// TestRows: a reader who only counts rows must not think better of a check than the report does.
func TestRows(t *testing.T) {
	const admin = "a@contoso.com"
	refuted, unknown := entry("ACC-01.C1", admin, "refuted", "declared"), entry("ACC-01.C1", "b", "unknown", "inferred")
	confirmed, excluded := entry("ACC-01.C1", "c", "confirmed", "observed"), entry("ACC-01.C1", "d", "not_applicable", "declared")
	waived := confirmed
	waived.Waived = &checks.Waived{Reason: "r", Until: "2026-12-31"}
	for _, c := range []struct {
		name    string
		status  checks.Status
		entries []checks.Entry
		want    []checks.Status
	}{
		{"as its entries", checks.StatusFail, []checks.Entry{refuted, confirmed, unknown},
			[]checks.Status{checks.StatusPass, checks.StatusFail, checks.StatusUnknown}},
		{"seen, and nothing explains it", checks.StatusUnknown, []checks.Entry{refuted},
			[]checks.Status{checks.StatusUnknown, checks.StatusPass}},
		{"seen, and waived", checks.StatusUnknown, []checks.Entry{waived}, []checks.Status{checks.StatusUnknown, checks.StatusSkip}},
		{"all of it excluded", checks.StatusPass, []checks.Entry{excluded}, []checks.Status{checks.StatusSkip}},
		{"left out", checks.StatusSkip, []checks.Entry{unknown}, []checks.Status{checks.StatusSkip}},
		{"no entries, passed", checks.StatusPass, nil, []checks.Status{checks.StatusPass}},
		{"no entries, failed", checks.StatusFail, nil, []checks.Status{checks.StatusFail}},
	} {
		var got []checks.Status
		for _, w := range rowsOf(checks.Result{ID: "ACC-01", Status: c.status, Causes: c.entries}, nil) {
			got = append(got, w.status)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestFingerprints: the same finding has the same in every run and language, another one another.
func TestFingerprints(t *testing.T) {
	all := map[string]string{}
	for _, w := range rows(everything()) {
		fp := w.fingerprint(everything())
		if other, ok := all[fp]; ok {
			t.Errorf("%s and %s have the same", other, w.title())
		}
		all[fp] = w.title()
	}
	later := everything()
	later.Now, later.Taken = later.Now.AddDate(1, 0, 0), later.Taken.AddDate(1, 0, 0)
	later.Checks[0].Causes[0].Verdict, later.Checks[0].Status = "supported", checks.StatusWarn
	if a, b := rows(everything())[0].fingerprint(everything()), rows(later)[0].fingerprint(later); a != b {
		t.Errorf("%s, a year later %s", a, b)
	}
}

func TestShort(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"管理者の", 3, "管理…"}, {"管理者", 3, "管理者"}} {
		if got := short(c.in, c.n); got != c.want {
			t.Errorf("short(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

// manyEntries is a report of an organisation with a thousand findings, half of them troubles.
func manyEntries(n int) Report {
	c := sampleACC()
	c.Status, c.Causes = checks.StatusFail, nil
	for i := range c.Fixes {
		c.Fixes[i].For = nil
	}
	for i := range n {
		subject := fmt.Sprintf("account-%04d@contoso.com", i)
		verdict := []string{"confirmed", "supported", "unknown", "refuted"}[i%4]
		e := entry("ACC-01.C1", subject, verdict, "observed", reason("not_primary",
			"clp-a is the primary account of company 1001.", "会社 1001 のプライマリ アカウントは clp-a です。"))
		c.Causes = append(c.Causes, e)
		if verdict == "confirmed" || verdict == "supported" {
			c.Fixes[0].For = append(c.Fixes[0].For, to("ACC-01.C1", subject, "yes", true))
			c.Fixes[1].For = append(c.Fixes[1].For, to("ACC-01.C1", subject, "no", false))
		}
	}
	return New(sampleEvidence(), checks.Outcome{Now: taken, Results: []checks.Result{c}}, Options{Version: "1.0.0", FailOn: checks.StatusWarn})
}

// BenchmarkFormats: a report of a thousand entries must not take a second.
func BenchmarkFormats(b *testing.B) {
	r := manyEntries(1000)
	for _, f := range unprinted() {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				if err := f.Write(io.Discard, r, View{Lang: "ja", Width: 80}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestFormatsForPeopleShowTheBaseline: whoever reads that a run with a trouble ended with 0 reads why.
func TestFormatsForPeopleShowTheBaseline(t *testing.T) {
	r := everything()
	r.ExitCode = checks.ExitOK
	r.Baseline = &Baseline{
		Taken: r.Taken, Known: []checks.Ref{{Cause: "MFA-01.C1", Subject: "one"}}, New: []checks.Ref{{Cause: "GDM-01.C2", Subject: "fresh"}},
	}
	for _, name := range []string{"text", "markdown", "nagios", "html"} {
		f, _ := FormatNamed(name)
		var b strings.Builder
		if err := f.Write(&b, r, View{Lang: "en", Width: 200}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"1 known, 1 new or worse", "fresh"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
	var cells []string
	for _, row := range verdictSheet(r, View{Lang: "en"}).rows {
		cells = append(cells, fmt.Sprint(row...))
	}
	if all := strings.Join(cells, "\n"); !strings.Contains(all, "1 known, 1 new or worse") || !strings.Contains(all, "fresh") {
		t.Errorf("xlsx lacks the baseline: %s", all)
	}
}

// TestMachinesToldOfTheBaseline: a reader of the file comes to what the exit code says: with every
// trouble known nothing fails, and one that is new fails alone.
func TestMachinesToldOfTheBaseline(t *testing.T) {
	var troubles []checks.Ref
	for _, w := range rows(everything()) {
		if found(w.entry) && w.status != checks.StatusSkip {
			troubles = append(troubles, checks.Ref{Cause: w.entry.ID, Subject: w.entry.Subject})
		}
	}
	if len(troubles) < 2 {
		t.Fatal("the sample has too few troubles")
	}
	for fresh := range 2 {
		r := everything()
		r.Baseline = &Baseline{Taken: r.Taken, Known: troubles[fresh:], New: troubles[:fresh]}
		r.ExitCode = fresh
		in := func(name string) string {
			f, _ := FormatNamed(name)
			return string(inFormat(t, f, r, View{Lang: "en", Width: 80}))
		}
		known := len(troubles) - fresh
		for name, want := range map[string]map[string]int{
			"junit":  {"<failure": fresh, `name="baseline" value="known"`: known, `name="baseline" value="new"`: fresh},
			"sarif":  {`"baselineState": "unchanged"`: known, `"baselineState": "new"`: fresh},
			"csv":    {",known\r\n": known, ",new\r\n": fresh},
			"github": {"::error ": fresh, "::notice ": known + 1},
			"ocsf":   {`"baseline": "known"`: known, `"baseline": "new"`: fresh},
			"nagios": {
				"CASDOCTOR OK": 1 - fresh, "CASDOCTOR CRITICAL": fresh,
				fmt.Sprintf("; %d known, %d new or worse) ", known, fresh): 1,
				fmt.Sprintf("fail=%d;;0;0;7", fresh):                       1, // as the state counts, not as the report does
				"warn=0;0;;0;7":                                            1,
				fmt.Sprintf(" known=%d;;;0; new=%d;0;;0;\n", known, fresh): 1,
				"(known) ": known,
			},
			"prometheus": {
				fmt.Sprintf(`state="known"} %d`, known): 1, fmt.Sprintf(`state="new"} %d`, fresh): 1,
			},
		} {
			out := in(name)
			for text, n := range want {
				if got := strings.Count(out, text); got != n {
					t.Errorf("%s, %d new: %q is there %d times, want %d", name, fresh, text, got, n)
				}
			}
		}
		if f := junitFailures(t, in("junit")); f != fresh {
			t.Errorf("junit counts %d failures, want %d", f, fresh)
		}
	}
}

func junitFailures(t *testing.T, out string) int {
	t.Helper()
	suites, err := junit.Ingest([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range suites {
		n += s.Totals.Failed
	}
	return n
}
