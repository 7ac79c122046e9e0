package web

import (
	_ "embed" // the style and the script are part of each page
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/text/language"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

//go:embed web.css
var ownStyle string

//go:embed web.js
var ownScript string

var (
	style  = sync.OnceValue(func() string { return report.PageStyle() + ownStyle })
	script = sync.OnceValue(func() string { return report.PageScript() + ownScript })
	// policy forbids everything but the style and the script of the page, and forms to itself.
	policy = sync.OnceValue(func() string {
		return report.PagePolicy(style(), script()) + "; form-action 'self'; frame-ancestors 'none'"
	})
)

// frame is what is around every page.
type frame struct {
	lang    string
	title   string // of the document
	at      string // the path, for the menu
	here    string // path and query, for the switch of language
	by      person
	signed  bool // there is a sign-in
	notice  string
	pending bool // something runs: the page shows itself again
	zone    *time.Location
	now     time.Time
}

const languageCookie = "casdoctor-language"

var languages = language.NewMatcher([]language.Tag{language.English, language.Japanese})

// languageOf is the one that was chosen, now or before, or the one that the browser prefers.
func languageOf(r *http.Request) (lang string, chosen bool) {
	if l := r.URL.Query().Get("lang"); l == "en" || l == "ja" {
		return l, true
	}
	if c, err := r.Cookie(languageCookie); err == nil && (c.Value == "en" || c.Value == "ja") {
		return c.Value, false
	}
	wanted, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language")) // nonsense is no wish
	if _, i, _ := languages.Match(wanted...); i == 1 {
		return "ja", false
	}
	return "en", false
}

func (p *Page) frame(w http.ResponseWriter, r *http.Request, title text, args ...string) frame {
	lang, chosen := languageOf(r)
	if chosen {
		const year = 365 * 24 * time.Hour
		p.setCookie(w, r, languageCookie, lang, year)
	}
	w.Header().Add("Vary", "Accept-Language, Cookie")
	cfg := p.Config()
	query := r.URL.Query()
	query.Del("lang")
	query.Del("done")
	f := frame{
		lang: lang, title: say(lang, title, args...), at: r.URL.Path, here: (&url.URL{Path: r.URL.Path, RawQuery: query.Encode()}).String(),
		by: who(r), signed: signIn(cfg.Page), zone: cfg.TimeZone, now: p.Now(),
	}
	if f.zone == nil {
		f.zone = time.UTC
	}
	if done, ok := dones[r.URL.Query().Get("done")]; ok && r.Method == http.MethodGet {
		f.notice = f.say(done)
	}
	return f
}

// dones are what a page says after something was done.
var dones = map[string]text{"run": wDoneRun, "already": wDoneAlready, "waive": wDoneWaive, "end": wDoneEnd}

func (f frame) say(t text, args ...string) string { return report.Inert(say(f.lang, t, args...)) }

// named is the word for a name, or the name itself where there is none.
func (f frame) named(words map[string]text, name string) string {
	if w, ok := words[name]; ok {
		return f.say(w)
	}
	return report.Inert(name)
}

func (f frame) operator() bool { return f.by.may("operator") }

// in is this page in a language.
func (f frame) in(lang string) templ.SafeURL {
	u, err := url.Parse(f.here)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set("lang", lang)
	u.RawQuery = q.Encode()
	return templ.SafeURL(u.String())
}

// stamp is a time for machines, and when for people, in the time zone of the agent.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (f frame) when(t time.Time) string { return t.In(f.zone).Format("2006-01-02 15:04 MST") }

// brief is a time without what is the same for all.
func (f frame) brief(t time.Time) string {
	t = t.In(f.zone)
	if n := f.now.In(f.zone); t.Year() == n.Year() && t.YearDay() == n.YearDay() {
		return t.Format("15:04")
	}
	if t.Year() == f.now.In(f.zone).Year() {
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02")
}

func path(parts ...string) templ.SafeURL {
	var b strings.Builder
	for _, s := range parts {
		b.WriteString("/" + url.PathEscape(s))
	}
	return templ.SafeURL(b.String())
}

func (f frame) statusWord(s checks.Status) string { return report.StatusWord(s).In(f.lang) }

func (f frame) verdict(v string) string {
	if v == "" {
		return f.say(wNoReport)
	}
	return report.VerdictWord(checks.RunVerdict(v)).In(f.lang)
}

func verdictTone(v string) string {
	if v == "" {
		return "skip"
	}
	return report.VerdictSign(checks.RunVerdict(v))
}

// titleOf is the title of a check of this version.
func titleOf(id string) text {
	all := known()
	if i := slices.IndexFunc(all, func(c checks.Check) bool { return c.ID == id }); i >= 0 {
		return all[i].Title
	}
	return text{EN: id, JA: id}
}

var known = sync.OnceValue(checks.All)

// render writes a page.
func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := page.Render(r.Context(), w); err != nil {
		p.Log.Debug().Err(err).Msg("a page was not read to its end")
	}
}

// fail answers with a sentence: as a page to a browser, as text to a program.
func (p *Page) fail(w http.ResponseWriter, r *http.Request, status int, why text) {
	f := p.frame(w, r, why)
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, f.title, status)
		return
	}
	p.render(w, r, status, messagePage(f))
}

// broken answers when something of ours went wrong.
func (p *Page) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody waits
	}
	p.Log.Error().Err(err).Str("path", r.URL.Path).Msg("a page could not be made")
	p.fail(w, r, http.StatusInternalServerError, wBroken)
}

func (p *Page) notFound(w http.ResponseWriter, r *http.Request) {
	p.fail(w, r, http.StatusNotFound, wNotFound)
}

// current and chosen mark where one is.
func current(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

func chosen(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "true"}
}

// invalid marks a field whose content was not taken, and says what describes why.
func invalid(is bool, by string) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-errormessage": by}
}

func escape(s string) string { return url.QueryEscape(s) }

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return report.Inert(s)
}
