package report

import (
	"context"
	"crypto/sha256"
	_ "embed" // the style and the script are part of the page
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/checks"
)

// The page is one file that loads nothing: style and script are in it and are allowed by their
// hashes, and everything works without the script. Both languages are in it, each sentence once
// in each, and a rule of the style shows one of them. The components are in html.templ.

//go:generate go tool -modfile=../tools/go.mod templ generate -path .

//go:embed html.css
var pageStyle string

//go:embed html.js
var pageScript string

// WriteHTML writes the report as a page to read, to print and to hand in.
func WriteHTML(w io.Writer, r Report, v View) error {
	return sheetOf(r, v).page().Render(context.Background(), w)
}

// contentPolicy forbids everything but the style and the script of the page itself.
var contentPolicy = sync.OnceValue(func() string {
	return PagePolicy(pageStyle, pageScript) + "; form-action 'none'"
})

// PagePolicy is a Content-Security-Policy that forbids everything but one style and one script.
func PagePolicy(style, script string) string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; base-uri 'none'"
}

// How many of a list are shown before the rest is folded.
const (
	shownSubjects = 8
	shownEntries  = 12
)

// sheet is a report as its page shows it.
type sheet struct {
	Report
	lang     string // the language that it opens in
	only     bool   // and no other
	troubles []trouble
}

// trouble is a check with its place in the page.
type trouble struct {
	checks.Result
	anchor string
	causes []cause
}

// cause is a cause with its entries.
type cause struct {
	id      string
	text    checks.Text
	anchor  string
	entries []checks.Entry
	whole   *cause // of a part of the entries: the cause with all of them
}

// outcome are the subjects of a cause that stand alike.
type outcome struct {
	verdict, basis string
	waived         bool
	subjects       []string
}

func sheetOf(r Report, v View) sheet {
	d := sheet{Report: r, lang: "en", only: v.Only}
	if v.Lang == "ja" {
		d.lang = "ja"
	}
	for i, c := range r.Checks {
		t := trouble{Result: c, anchor: "check-" + strconv.Itoa(i+1)}
		// The id is what a reader links to; a file may hold anything in its place.
		if plainID(c.ID) && !slices.ContainsFunc(d.troubles, func(o trouble) bool { return o.anchor == c.ID }) {
			t.anchor = c.ID
		}
		for _, e := range c.Causes {
			last := len(t.causes) - 1
			if last < 0 || t.causes[last].id != e.ID {
				t.causes = append(t.causes, cause{id: e.ID, text: e.Text, anchor: t.anchor + "-cause-" + strconv.Itoa(last+2)})
				last++
			}
			t.causes[last].entries = append(t.causes[last].entries, e)
		}
		d.troubles = append(d.troubles, t)
	}
	return d
}

// plainID: letters, digits and hyphens that do not begin like an anchor of the page's own.
func plainID(s string) bool {
	return s != "" && len(s) <= 32 && s == strings.ToUpper(s) && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// titleText is the title of the page, which has no markup to switch.
func (d sheet) titleText() string {
	return Inert("casdoctor: " + d.Tenant + " – " + verdictWords[d.Verdict].in(d.lang))
}

// urgent are the troubles in the order of urgency.
func (d sheet) urgent() []trouble {
	out := slices.Clone(d.troubles)
	slices.SortStableFunc(out, func(a, b trouble) int { return Urgency(a.Status) - Urgency(b.Status) })
	return out
}

// outcomes groups the entries of a cause by how they stand.
func (c cause) outcomes() (out []outcome) {
	at := map[[3]string]int{}
	for _, e := range c.entries {
		key := [3]string{e.Verdict, e.Basis, strconv.FormatBool(e.Waived != nil)}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key], out = i, append(out, outcome{verdict: e.Verdict, basis: e.Basis, waived: e.Waived != nil})
		}
		out[i].subjects = append(out[i].subjects, e.Subject)
	}
	return out
}

// having are the entries of a check for which it holds, cause by cause.
func (t trouble) having(is func(checks.Entry) bool) (out []cause) {
	for _, c := range t.causes {
		of := cause{id: c.id, text: c.text, anchor: c.anchor, whole: &c}
		for _, e := range c.entries {
			if is(e) {
				of.entries = append(of.entries, e)
			}
		}
		if len(of.entries) > 0 {
			out = append(out, of)
		}
	}
	return out
}

// The parts of a trouble that show entries. A cause is linked to where its most urgent one is.
const (
	homeFound = iota
	homeOpen
	homeSettled
	homeWaived
)

func (c cause) home() int {
	at := homeWaived
	for _, e := range c.entries {
		switch {
		case found(e):
			return homeFound
		case e.Waived != nil:
		case settledEntry(e):
			at = min(at, homeSettled)
		default:
			at = min(at, homeOpen)
		}
	}
	return at
}

// settledEntry: it was looked at and is not there, or a declaration excludes it.
func settledEntry(e checks.Entry) bool {
	return e.Waived == nil && (e.Verdict == checks.Refuted.String() || e.Verdict == notApplicable)
}

func waivedEntry(e checks.Entry) bool { return e.Waived != nil }

// todo are the fixes that the report recommends.
func (t trouble) todo() (out []checks.FixResult) {
	for _, f := range t.Fixes {
		if len(recommendedFor(t.Result, f)) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// kinds of fixes, in the order in which they are shown.
const (
	fixRecommended = "recommended"
	fixAlso        = "also"
	fixPerhaps     = "perhaps"
	fixNotHere     = "not-here"
)

var fixLabels = map[string]word{
	fixRecommended: hwRecommended, fixAlso: hwAlso, fixPerhaps: hwPerhaps, fixNotHere: hwNotHere,
}

var fixSigns = map[string]string{fixRecommended: "pass", fixAlso: "pass", fixPerhaps: "unknown", fixNotHere: "fail"}

// fixesOf are the fixes of one kind. One that is for nothing in the report has none.
func (t trouble) fixesOf(kind string) (out []checks.FixResult) {
	for _, f := range t.Fixes {
		of := map[string]string{
			checks.Yes.String(): fixAlso, checks.Maybe.String(): fixPerhaps, checks.No.String(): fixNotHere,
		}[applies(t.Result, f)]
		if len(recommendedFor(t.Result, f)) > 0 {
			of = fixRecommended
		}
		if of == kind {
			out = append(out, f)
		}
	}
	return out
}

// fixAnchor is the place of a fix.
func (t trouble) fixAnchor(f checks.FixResult) string {
	i := slices.IndexFunc(t.Fixes, func(o checks.FixResult) bool { return o.ID == f.ID })
	return t.anchor + "-fix-" + strconv.Itoa(i+1)
}

// forOf are the troubles that a shown fix is for.
func (t trouble) forOf(f checks.FixResult) (out []checks.Ref) {
	if list := recommendedFor(t.Result, f); len(list) > 0 {
		return list
	}
	for _, to := range targets(t.Result, f) {
		out = append(out, to.Ref)
	}
	return out
}

// byCause are the subjects of some entries, cause by cause.
func byCause(list []checks.Ref) (out []outcome) {
	for _, r := range list {
		if last := len(out) - 1; last >= 0 && out[last].verdict == r.Cause {
			out[last].subjects = append(out[last].subjects, r.Subject)
			continue
		}
		out = append(out, outcome{verdict: r.Cause, subjects: []string{r.Subject}})
	}
	return out
}

// several reports whether a check has more than one trouble, so that a fix has to say for which it is.
func (t trouble) several() bool {
	n := 0
	for _, e := range t.Causes {
		if found(e) {
			n++
		}
	}
	return n > 1
}

// step is a step of a fix: what to do, and a block of lines to paste, which may be the same
// in both languages.
type step struct {
	do, block checks.Text
}

func stepOf(t checks.Text) step {
	en, enBlock, _ := strings.Cut(t.EN, "\n")
	ja, jaBlock, _ := strings.Cut(t.JA, "\n")
	return step{checks.Text{EN: en, JA: ja}, checks.Text{EN: enBlock, JA: jaBlock}}
}

// lines makes each line of a block inert and keeps the line ends.
func lines(s string) string {
	list := strings.Split(s, "\n")
	for i := range list {
		list[i] = Inert(list[i])
	}
	return strings.Join(list, "\n")
}

// linked reports whether an address may be a link: https and a host, nothing else.
func linked(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && utf8.ValidString(address) && Inert(address) == address
}

// stateSigns and the others say which sign stands for what.
var (
	stateSigns = map[checks.State]string{
		checks.StateFine: "pass", checks.StateTrouble: "fail", checks.StatePerhaps: "warn",
		checks.StateUnknown: "unknown", checks.StateNone: "skip",
	}
	entrySigns = map[string]string{
		"confirmed": "fail", "supported": "warn", "unknown": "unknown", "refuted": "pass", notApplicable: "skip",
	}
	statementSigns = map[string]string{
		"confirmed": "holds", "supported": "fits", "unknown": "unknown", "refuted": "not",
	}
	statusSigns = map[checks.Status]string{
		checks.StatusFail: "fail", checks.StatusWarn: "warn", checks.StatusUnknown: "unknown",
		checks.StatusPass: "pass", checks.StatusSkip: "skip",
	}
	verdictSigns = map[checks.RunVerdict]string{
		checks.NotReady: "fail", checks.Undetermined: "unknown", checks.Ready: "pass",
	}
	factSigns = map[FactStatus]string{
		FactOK: "pass", FactPartial: "warn", FactFailed: "fail", FactSkipped: "skip",
	}
)

// signOf is a sign by a name from a file; what is not known looks unknown.
func signOf[K comparable](signs map[K]string, key K) string {
	if s, ok := signs[key]; ok {
		return s
	}
	return "unknown"
}

// wordOf is the word for a name from a file; what is not known shows itself.
func wordOf[K ~string](words map[K]word, key K) checks.Text {
	if w, ok := words[key]; ok {
		return w.text()
	}
	return checks.Text{EN: string(key), JA: string(key)}
}

// policies are the statements of a chain that tell of policies: each is a way through conditions
// to an end, and is drawn as one.
func isPolicy(s checks.Statement) bool { return s.About.Code == "policy" && len(s.Because) > 0 }

// subjects are those that a check looked at, each once.
func (t trouble) subjects() (out []string) {
	seen := map[string]bool{"": true}
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	if t.Table != nil {
		for _, r := range t.Table.Rows {
			add(r.Subject)
		}
	}
	for _, e := range t.Causes {
		add(e.Subject)
	}
	return out
}

// gaps are the facts that could not be read, or not to their end.
func (d sheet) gaps() (out []Fact) {
	for _, f := range d.Facts {
		if f.unread() {
			out = append(out, f)
		}
	}
	return out
}

// asked are the facts that somebody asked for, the slowest first.
func (d sheet) asked() (out []Fact) {
	for _, f := range d.Facts {
		if f.Status != FactSkipped {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b Fact) int { return int(b.TookMS - a.TookMS) })
	return out
}

// share is a part of the longest time in percent, for a bar.
func share(ms, longest int64) string {
	if longest <= 0 || ms <= 0 {
		return "0"
	}
	return strconv.FormatInt(max(1, min(100, ms*100/longest)), 10)
}

func (d sheet) hasOpen() bool {
	return slices.ContainsFunc(d.troubles, func(t trouble) bool { return t.Status != checks.StatusSkip && len(openIn(t.Result)) > 0 })
}

func (d sheet) hasWaived() bool {
	return slices.ContainsFunc(d.troubles, func(t trouble) bool { return slices.ContainsFunc(t.Causes, waivedEntry) })
}

func endSign(r checks.Retirement) string {
	switch {
	case r.Come:
		return "fail"
	case r.On == "":
		return "unknown"
	}
	return "warn"
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
