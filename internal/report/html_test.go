package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"go/format"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ/generator"
	templparser "github.com/a-h/templ/parser/v2"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// TestComponentsAreFresh: html_templ.go is what templ makes of html.templ.
func TestComponentsAreFresh(t *testing.T) {
	tree, err := templparser.Parse("html.templ")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := generator.Generate(tree, &b, generator.WithFileName("internal/report/html.templ")); err != nil {
		t.Fatal(err)
	}
	want, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("html_templ.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(withoutPlaces(string(want)), withoutPlaces(string(got))); diff != "" {
		t.Errorf("html_templ.go is stale; go generate ./internal/report (-want +got):\n%s", diff)
	}
}

// withoutPlaces leaves out the lines that a run of the command line adds or places elsewhere.
func withoutPlaces(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "// templ: version:") && !strings.Contains(line, "FileName: `") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// tabled is everything with a table, and a symptom and an end as new reports have them.
func tabled() Report {
	r := everything()
	mfa := &r.Checks[0]
	mfa.Symptom = checks.Text{EN: "Provisioning ends with an error.", JA: "準備がエラーで終了します。"}
	mfa.Fixes[1].Ends = &checks.End{On: "2026-05-01", Come: true, Source: "Microsoft 365 message center MC1184649"}
	mfa.Fixes[0].Steps = append(mfa.Fixes[0].Steps, checks.Text{EN: "Paste this:\nfirst\n  second", JA: "次を貼り付けます:\nfirst\n  second"})
	cells := func(states ...checks.State) (out []checks.Cell) {
		for _, s := range states {
			out = append(out, checks.Cell{State: s, About: reason("cell_"+string(s), string(s)+" cell", string(s)+" のセル")})
		}
		return out
	}
	mfa.Table = &checks.Table{
		About:   reason("table", "Accounts and mechanisms", "アカウントと方式"),
		Columns: []checks.Reason{reason("a", "One", "一"), reason("b", "Two", "二"), reason("c", "Three", "三"), reason("d", "Four", "四"), reason("e", "Five", "五")},
		Rows: []checks.Row{{
			Subject: admin, About: reason("row", "the first", "最初"),
			Cells: cells(checks.StateFine, checks.StateTrouble, checks.StatePerhaps, checks.StateUnknown, checks.StateNone),
		}},
	}
	return r
}

func pageOf(t testing.TB, r Report, v View) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, r, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func parsed(t testing.TB, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func elements(doc *html.Node) (out []*html.Node) {
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// outline writes a page as a person can review it: a line for each element that has text of its own or
// is linked to. Drawings, the style and the script are left out.
func outline(t *testing.T, page string) string {
	var b strings.Builder
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if n.Type == html.ElementNode && slices.Contains([]string{"svg", "style", "script", "head"}, n.Data) {
			return
		}
		var own []string
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if s := strings.TrimSpace(c.Data); c.Type == html.TextNode && s != "" {
				own = append(own, s)
			}
		}
		if n.Type == html.ElementNode && (len(own) > 0 || attr(n, "id") != "" || n.Data == "details" || n.Data == "tr") {
			b.WriteString(strings.Repeat(" ", depth) + n.Data)
			for _, key := range []string{"id", "href", "lang"} {
				if v := attr(n, key); v != "" {
					b.WriteString(" " + key + "=" + v)
				}
			}
			for _, s := range own {
				b.WriteString(" | " + s)
			}
			b.WriteByte('\n')
			depth++
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, depth)
		}
	}
	walk(parsed(t, page), 0)
	return b.String()
}

func TestPages(t *testing.T) {
	for name, c := range map[string]struct {
		report Report
		view   View
	}{
		"page.everything.1.txt":      {tabled(), View{Lang: "en", Only: true}},
		"page.everything.ja.1.txt":   {tabled(), View{Lang: "ja", Only: true}},
		"page.ready.both.0.txt":      {ready(), View{Lang: "ja"}},
		"page.undetermined.en.3.txt": {undetermined(), View{Lang: "en", Only: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if code := strconv.Itoa(c.report.ExitCode); !strings.HasSuffix(name, "."+code+".txt") {
				t.Errorf("its exit code is %s", code)
			}
			golden(t, name, outline(t, pageOf(t, c.report, c.view)))
		})
	}
}

// TestThePageLoadsNothing: nothing from elsewhere, nothing that runs but the one script, no
// style that the policy forbids, and every place that is named is there.
func TestThePageLoadsNothing(t *testing.T) {
	for name, r := range map[string]Report{"everything": tabled(), "ready": ready(), "undetermined": undetermined(), "hostile": attacked(t), "large": large(1000)} {
		for _, v := range []View{{Lang: "en"}, {Lang: "ja", Only: true}} {
			t.Run(fmt.Sprint(name, v), func(t *testing.T) { inspect(t, parsed(t, pageOf(t, r, v)), v) })
		}
	}
}

func inspect(t *testing.T, doc *html.Node, v View) {
	t.Helper()
	ids, level, policy := map[string]int{}, 0, ""
	var wanted, inPage []string
	for _, n := range elements(doc) {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch n.Data {
		case "html":
			if attr(n, "lang") != v.Lang {
				t.Errorf("the language is %q", attr(n, "lang"))
			}
		case "meta":
			if attr(n, "http-equiv") == "Content-Security-Policy" {
				policy = attr(n, "content")
			}
		case "style", "script":
			sum := sha256.Sum256([]byte(textOf(n)))
			wanted = append(wanted, n.Data+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		case "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video", "source", "template", "math":
			t.Errorf("the page has a <%s>", n.Data)
		case "h1", "h2", "h3", "h4":
			at := int(n.Data[1] - '0')
			if at > level+1 {
				t.Errorf("a heading of level %d after one of level %d: %q", at, level, textOf(n))
			}
			level = at
		case "th":
			if attr(n, "scope") == "" {
				t.Errorf("a table heading without a scope: %q", textOf(n))
			}
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcset", a.Key == "action":
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#"), a.Key == "for", a.Key == "aria-labelledby":
				inPage = append(inPage, strings.TrimPrefix(a.Val, "#"))
			case a.Key == "href" && (n.Data != "a" || !strings.HasPrefix(a.Val, "https://")):
				t.Errorf("<%s href=%q>", n.Data, a.Val)
			}
		}
	}
	for id, n := range ids {
		if n > 1 || strings.ContainsAny(id, " \t\n\"'<>") {
			t.Errorf("the id %q is there %d times", id, n)
		}
	}
	for _, to := range inPage {
		if ids[to] == 0 {
			t.Errorf("nothing has the id %q", to)
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	if len(wanted) != 2 {
		t.Errorf("%d styles and scripts, want one of each", len(wanted))
	}
	for _, w := range wanted {
		if !strings.Contains(policy, w) {
			t.Errorf("the policy lacks %s: %s", w, policy)
		}
	}
}

// attacks is text that would do something if it were not inert.
const attacks = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)></style><style>*{display:none}\x1b[31m\u202egnp.exe\u2066\u0000javascript:alert(1)"

// attacked has attacks in every sentence, name and address, and names of 10 kB.
func attacked(t *testing.T) Report {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, tabled(), View{}); err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	// What the reader of report.json holds against known words stays.
	closed := []string{"schema", "taken", "now", "at", "verdict", "status", "kind"}
	var spoil func(v any, key string) any
	spoil = func(v any, key string) any {
		switch at := v.(type) {
		case map[string]any:
			for k, member := range at {
				at[k] = spoil(member, k)
			}
		case []any:
			for i := range at {
				at[i] = spoil(at[i], key)
			}
		case string:
			switch {
			case slices.Contains(closed, key):
			case key == "links":
				return []string{"javascript:alert(1)", "http://example.com/", "https://", "https://u:p@example.com/", "https://example.com/\u202e", "data:text/html,x"}[len(at)%6]
			case key == "subject":
				return at + strings.Repeat("x", 10_000) + attacks
			default:
				return at + attacks
			}
		}
		return v
	}
	raw, err := json.Marshal(spoil(all, ""))
	if err != nil {
		t.Fatal(err)
	}
	var r Report // not with Read, which knows the ids of its checks
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHostileTextIsInertInThePage(t *testing.T) {
	page := pageOf(t, attacked(t), View{Lang: "en"})
	if i := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && r != '\t' && active(r) }); i >= 0 {
		t.Errorf("an active character: %q", page[max(0, i-40):min(len(page), i+40)])
	}
	doc := parsed(t, page)
	for _, n := range elements(doc) {
		if n.Data == "a" && !strings.HasPrefix(attr(n, "href"), "#") {
			t.Errorf("a link to %q", attr(n, "href"))
		}
	}
	if body := textOf(doc); !strings.Contains(body, "<script>alert(1)</script>") || strings.Count(page, "<script>") != 1 {
		t.Error("the attacks are not in the page as text")
	}
}

func TestOnlyHTTPSIsLinked(t *testing.T) {
	for address, want := range map[string]bool{
		"https://learn.microsoft.com/en-us/entra": true, "https://example.com": true,
		"http://example.com": false, "javascript:alert(1)": false, "https:///path": false, "//example.com": false,
		"https://user@example.com": false, "https://example.com/\x1b": false, "HTTPS://example.com": true, "": false,
		"https://example.com/\u202egpj": false, "https://example.com/\xff": false,
	} {
		if linked(address) != want {
			t.Errorf("linked(%q) = %v", address, !want)
		}
	}
}

// large is a report of so many entries that are all troubles.
func large(n int) Report {
	c := sampleMFA()
	c.Causes, c.Fixes[0].For = nil, nil
	for i := range n {
		who := fmt.Sprintf("user%04d@contoso.com", i)
		c.Causes = append(c.Causes, entry("MFA-01.C1", who, "confirmed", "observed", reason("per_user_mfa",
			"Per-user MFA is enforced: every password sign-in is asked for a second factor.", "ユーザごとの MFA が enforced です。", "state", "enforced")))
		c.Fixes[0].For = append(c.Fixes[0].For, to("MFA-01.C1", who, "yes", true))
	}
	return New(sampleEvidence(), checks.Outcome{Now: taken, Results: []checks.Result{c}}, Options{FailOn: checks.StatusWarn})
}

// TestManyEntriesAreFolded: what is shown at once stays a page.
func TestManyEntriesAreFolded(t *testing.T) {
	var shown, folded int
	for _, n := range elements(parsed(t, pageOf(t, large(1000), View{Lang: "en"}))) {
		if n.Data != "bdi" || !strings.HasPrefix(textOf(n), "user") {
			continue
		}
		in := false
		for p := n.Parent; p != nil; p = p.Parent {
			in = in || p.Data == "details"
		}
		if in {
			folded++
		} else {
			shown++
		}
	}
	if shown > 60 || folded < 2900 {
		t.Errorf("%d names are shown and %d are folded", shown, folded)
	}
}

func BenchmarkPage(b *testing.B) {
	for _, n := range []int{7, 1000} {
		r := large(n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(len(pageOf(b, r, View{Lang: "en"}))))
			for b.Loop() {
				if err := WriteHTML(io.Discard, r, View{Lang: "en"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestOldReportsHaveAPage: what newer versions added is not there.
func TestOldReportsHaveAPage(t *testing.T) {
	r := everything()
	for i := range r.Checks {
		r.Checks[i].Chains, r.Checks[i].Remarks = nil, nil
	}
	r.Retirements, r.Facts = nil, []Fact{{Name: "later.fact", Status: "new", Failure: &facts.Failure{Kind: "new_kind"}}}
	r.Checks[0].Causes[0].Verdict, r.Checks[0].Causes[0].Basis = "certain", "told"
	page := pageOf(t, r, View{Lang: "en"})
	inspect(t, parsed(t, page), View{Lang: "en"})
	for _, want := range []string{"certain", "told", "later.fact"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q", want)
		}
	}
}
