package web

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
)

func number(n int) string { return strconv.Itoa(n) }

// tenantView is one tenant.
type tenantView struct {
	frame
	tenantRow
	ids     []string
	runs    []store.Run
	older   int64 // the runs before this one are on the next page
	waivers []waiverRow
	running bool
}

// waiverRow is a waiver of the page or of the file.
type waiverRow struct {
	store.Waiver
	file bool
	over bool
}

const runsOnAPage = 30

func (p *Page) tenant(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("tenant")
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // nonsense is the beginning
	v := tenantView{}
	err := p.Store.View(r.Context(), func(tx store.Tx) (err error) {
		if v.tenantRow, err = p.row(r.Context(), tx, name); err != nil {
			return err
		}
		if v.runs, err = store.Runs(r.Context(), tx, name, before, runsOnAPage+1); err != nil {
			return err
		}
		v.waivers, err = p.waiversOf(r.Context(), tx, name)
		return err
	})
	if err == nil {
		v.running, err = p.isRunning(r.Context(), name)
	}
	if p.missing(w, r, err) {
		return
	}
	if len(v.runs) > runsOnAPage {
		v.runs = v.runs[:runsOnAPage]
		v.older = v.runs[runsOnAPage-1].ID
	}
	var states []store.State
	for _, s := range v.states {
		states = append(states, s)
	}
	v.ids = checkIDs(states)
	v.frame = p.frame(w, r, text{EN: name, JA: name})
	v.pending = v.running
	p.render(w, r, http.StatusOK, tenantPage(v))
}

// missing answers where something is not there, or cannot be read.
func (p *Page) missing(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		p.notFound(w, r)
	case err != nil:
		p.broken(w, r, err)
	}
	return err != nil
}

func (p *Page) row(ctx context.Context, tx store.Tx, name string) (t tenantRow, err error) {
	if t.Tenant, err = store.TenantNamed(ctx, tx, name); err != nil {
		return t, err
	}
	states, err := store.States(ctx, tx, name)
	t.states = map[string]store.State{}
	for _, s := range states {
		t.states[s.Check] = s
	}
	return t, err
}

func (p *Page) isRunning(ctx context.Context, tenant string) (bool, error) {
	jobs, err := p.Jobs.Queue(ctx, mostJobs)
	return slices.ContainsFunc(jobs, func(j job) bool { return j.Kind == "check" && j.Tenant == tenant && j.State != "discarded" }), err
}

// configured is the configuration of a tenant; nil when there is none any more.
func (p *Page) configured(name string) *config.Config {
	for _, t := range p.Config().Tenants {
		if t.Config.Tenant == name {
			return t.Config
		}
	}
	return nil
}

func (p *Page) waiversOf(ctx context.Context, tx store.Tx, name string) (list []waiverRow, err error) {
	made, err := store.Waivers(ctx, tx, name)
	today := p.Now().UTC().Format(time.DateOnly)
	for _, w := range made {
		list = append(list, waiverRow{w, false, w.Until < today})
	}
	if cfg := p.configured(name); cfg != nil {
		for _, w := range cfg.Waivers {
			until := w.Until.Format(time.DateOnly)
			list = append(list, waiverRow{
				store.Waiver{Tenant: name, Cause: w.Cause, Subject: w.Subject, Reason: w.Reason, Until: until, MadeBy: w.Owner}, true, until < today,
			})
		}
	}
	return list, err
}

// troubleView is one trouble of one tenant.
type troubleView struct {
	frame
	tenantRow
	check    string
	result   *checks.Result // of the last report; nil: there is none
	spans    []span
	from, to time.Time
	runs     int
	running  bool
	// The form that was sent and not taken: the entry that it was for, what was written, and what is wrong with it.
	sent  store.Waiver
	wrong string
}

// span is a time in which every run said the same.
type span struct {
	status   checks.Status // "": the runs made no report
	from, to time.Time
	run      int64 // the first
	runs     int
}

// mostRuns of a history: a year of a run every four hours, three months of hourly ones.
const mostRuns = 2200

func (p *Page) trouble(w http.ResponseWriter, r *http.Request) {
	p.showTrouble(w, r, http.StatusOK, r.PathValue("check"), store.Waiver{}, text{})
}

func (p *Page) showTrouble(w http.ResponseWriter, r *http.Request, status int, check string, sent store.Waiver, wrong text) {
	name := r.PathValue("tenant")
	v := troubleView{check: check, sent: sent}
	var runs []store.Run
	err := p.Store.View(r.Context(), func(tx store.Tx) (err error) {
		if v.tenantRow, err = p.row(r.Context(), tx, name); err != nil {
			return err
		}
		if _, seen := v.states[check]; !seen && !slices.ContainsFunc(known(), func(c checks.Check) bool { return c.ID == check }) {
			return sql.ErrNoRows
		}
		if runs, err = store.Runs(r.Context(), tx, name, 0, mostRuns); err != nil {
			return err
		}
		if v.LastReport == 0 {
			return nil
		}
		rep, err := reportOf(r.Context(), tx, v.LastReport)
		if err == nil {
			v.result = resultOf(rep, check)
		}
		return err
	})
	if err == nil {
		v.running, err = p.isRunning(r.Context(), name)
	}
	if p.missing(w, r, err) {
		return
	}
	slices.Reverse(runs)
	v.spans, v.runs = spansOf(runs, check), len(runs)
	if v.runs > 0 {
		v.from, v.to = runs[0].Ended, runs[v.runs-1].Ended
	}
	v.frame = p.frame(w, r, text{EN: check + " – " + name, JA: check + " – " + name})
	v.at = string(path("tenants", name)) // the address of a form that was not taken is that of its action
	v.here = string(path("tenants", name, "checks", check))
	v.pending = v.running && wrong == text{}
	if wrong != (text{}) {
		v.wrong = v.say(wrong)
	}
	p.render(w, r, status, troublePage(v))
}

// resultOf is a check of a report; nil: one of another version may not have it.
func resultOf(rep *report.Report, check string) *checks.Result {
	for i := range rep.Checks {
		if rep.Checks[i].ID == check {
			return &rep.Checks[i]
		}
	}
	return nil
}

// spansOf joins the runs, the oldest first, that said the same of a check.
func spansOf(runs []store.Run, check string) (out []span) {
	for _, r := range runs {
		s := checks.Status(r.Statuses[check])
		if r.Verdict != "" && s == "" {
			s = checks.StatusSkip
		}
		if last := len(out) - 1; last >= 0 && out[last].status == s {
			out[last].to = r.Ended
			out[last].runs++
			continue
		}
		if last := len(out) - 1; last >= 0 {
			out[last].to = r.Ended // until then nothing else was seen
		}
		out = append(out, span{status: s, from: r.Ended, to: r.Ended, run: r.ID, runs: 1})
	}
	return out
}

// inScope: what a person can waive is what counts.
func inScope(e checks.Entry) bool {
	s := e.Status()
	return s == checks.StatusFail || s == checks.StatusWarn || s == checks.StatusUnknown
}

// shownEntries are the findings, and what was accepted.
func (v troubleView) shownEntries() (out []checks.Entry) {
	if v.result == nil {
		return nil
	}
	for _, e := range v.result.Causes {
		if e.Waived != nil || inScope(e) {
			out = append(out, e)
		}
	}
	return out
}

// isSent reports whether the form that was not taken is the one of this entry.
func (v troubleView) isSent(e checks.Entry) bool {
	return v.wrong != "" && v.sent.Cause == e.ID && v.sent.Subject == subjectOf(e)
}

// subjectOf is how a waiver names the subject of an entry.
func subjectOf(e checks.Entry) string {
	if e.Subject == "" {
		return "*"
	}
	return e.Subject
}

func (f frame) subject(s string) string {
	switch s {
	case "":
		return f.say(wWhole)
	case "*":
		return f.say(wEverySub)
	}
	return report.Inert(s)
}

// The timeline: lanes from the worst to the best, and a step through them.
var lanes = checks.Statuses()

const (
	timelineWidth = 1000.0
	laneHeight    = 28.0
)

// lane is the place of a status; runs without a report have none.
func lane(s checks.Status) int { return slices.Index(lanes, s) }

// used are the lanes down to the lowest that the history needs, so that none is empty below.
func (v troubleView) used() []checks.Status {
	n := 4
	for _, s := range v.spans {
		if s.status == checks.StatusSkip {
			n = 5
		}
	}
	return lanes[:n]
}

// bar is a span as it is drawn.
type bar struct {
	x, y, width float64
	tone        string
}

func (v troubleView) bars() (out []bar) {
	length := v.to.Sub(v.from).Seconds()
	if length <= 0 {
		length = 1
	}
	for i, s := range v.spans {
		x := s.from.Sub(v.from).Seconds() / length * timelineWidth
		end := timelineWidth
		if i+1 < len(v.spans) {
			end = v.spans[i+1].from.Sub(v.from).Seconds() / length * timelineWidth
		}
		if at := lane(s.status); at >= 0 {
			out = append(out, bar{x, float64(at) * laneHeight, max(3, end-x), report.StatusSign(s.status)})
		}
	}
	return out
}

// steps joins the bars by upright lines.
func (v troubleView) steps() (out []bar) {
	bars := v.bars()
	for i := 1; i < len(bars); i++ {
		top, bottom := min(bars[i-1].y, bars[i].y), max(bars[i-1].y, bars[i].y)
		out = append(out, bar{x: bars[i].x, y: top + laneHeight/2, width: bottom - top})
	}
	return out
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// What the form of an entry begins with.
func (v troubleView) reasonFor(e checks.Entry) string {
	if v.isSent(e) {
		return v.sent.Reason
	}
	return ""
}

func (v troubleView) untilFor(e checks.Entry) string {
	if v.isSent(e) {
		return v.sent.Until
	}
	const quarter = 3
	return v.now.UTC().AddDate(0, quarter, 0).Format(time.DateOnly)
}
