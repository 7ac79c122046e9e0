package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
)

// overview is how all tenants are.
type overview struct {
	frame
	all    int // tenants that are configured
	judged int
	bad    int
	open   int
	ids    []string // of the checks
	inWay  []inWay
	rows   []tenantRow
	find   string
	show   string
}

// inWay is a trouble and whom it is in the way of.
type inWay struct {
	id      string
	worst   checks.Status
	tenants []string
	since   time.Time // of the latest
}

// tenantRow is one tenant.
type tenantRow struct {
	store.Tenant
	states map[string]store.State
}

func (t tenantRow) status(check string) checks.Status {
	if s, ok := t.states[check]; ok {
		return checks.Status(s.Status)
	}
	return checks.StatusSkip
}

// urgency orders tenants: what is in the way first, then what is not known, then what is well.
func (t tenantRow) urgency() int {
	switch {
	case !t.Removed.IsZero():
		return 5
	case t.Verdict == string(checks.NotReady):
		return 0
	case t.Failure != "":
		return 1
	case t.Verdict == string(checks.Undetermined):
		return 2
	case t.Verdict == "":
		return 3
	}
	return 4
}

func (t tenantRow) count(s checks.Status) (n int) {
	for _, state := range t.states {
		if checks.Status(state.Status) == s {
			n++
		}
	}
	return n
}

// shown are the choices of the overview.
var shown = []struct {
	name string
	word text
	fits func(tenantRow) bool
}{
	{"", wEverything, func(tenantRow) bool { return true }},
	{"trouble", wOnlyBad, func(t tenantRow) bool { return t.Verdict == string(checks.NotReady) || t.Failure != "" }},
	{"undetermined", wOnlyOpen, func(t tenantRow) bool { return t.Verdict == string(checks.Undetermined) }},
	{"ready", wOnlyGood, func(t tenantRow) bool { return t.Verdict == string(checks.Ready) }},
}

func (p *Page) overview(w http.ResponseWriter, r *http.Request) {
	var tenants []store.Tenant
	var states []store.State
	if err := p.Store.View(r.Context(), func(tx store.Tx) (err error) {
		if tenants, err = store.Tenants(r.Context(), tx); err != nil {
			return err
		}
		states, err = store.States(r.Context(), tx, "")
		return err
	}); err != nil {
		p.broken(w, r, err)
		return
	}
	o := overview{frame: p.frame(w, r, wOverview), find: r.URL.Query().Get("find"), show: r.URL.Query().Get("show")}
	rows := rowsOf(tenants, states)
	o.ids = checkIDs(states)
	o.sum(rows)
	fits := shown[0].fits
	for _, s := range shown {
		if s.name == o.show {
			fits = s.fits
		}
	}
	for _, t := range rows {
		if fits(t) && strings.Contains(strings.ToLower(t.Name), strings.ToLower(strings.TrimSpace(o.find))) {
			o.rows = append(o.rows, t)
		}
	}
	p.render(w, r, http.StatusOK, overviewPage(o))
}

func rowsOf(tenants []store.Tenant, states []store.State) (rows []tenantRow) {
	of := map[string]map[string]store.State{}
	for _, s := range states {
		if of[s.Tenant] == nil {
			of[s.Tenant] = map[string]store.State{}
		}
		of[s.Tenant][s.Check] = s
	}
	for _, t := range tenants {
		rows = append(rows, tenantRow{t, of[t.Name]})
	}
	slices.SortStableFunc(rows, func(a, b tenantRow) int {
		return cmp.Or(a.urgency()-b.urgency(), b.count(checks.StatusFail)-a.count(checks.StatusFail),
			b.count(checks.StatusWarn)-a.count(checks.StatusWarn), cmp.Compare(a.Name, b.Name))
	})
	return rows
}

// checkIDs are the checks of this version, and those that only the memory knows.
func checkIDs(states []store.State) (ids []string) {
	for _, c := range known() {
		ids = append(ids, c.ID)
	}
	for _, s := range states {
		if !slices.Contains(ids, s.Check) {
			ids = append(ids, s.Check)
		}
	}
	return ids
}

func (o *overview) sum(rows []tenantRow) {
	way := map[string]*inWay{}
	for _, t := range rows {
		if !t.Removed.IsZero() {
			continue
		}
		o.all++
		switch {
		case t.Verdict == string(checks.NotReady):
			o.bad++
		case t.Verdict == string(checks.Undetermined), t.Failure != "":
			o.open++
		}
		if t.Verdict != "" {
			o.judged++
		}
		for _, id := range o.ids {
			s := t.status(id)
			if s != checks.StatusFail && s != checks.StatusWarn {
				continue
			}
			if way[id] == nil {
				way[id] = &inWay{id: id, worst: s}
			}
			at := way[id]
			at.tenants = append(at.tenants, t.Name)
			if report.Urgency(s) < report.Urgency(at.worst) {
				at.worst = s
			}
			if since := t.states[id].Since; since.After(at.since) {
				at.since = since
			}
		}
	}
	for _, id := range o.ids {
		if at := way[id]; at != nil {
			o.inWay = append(o.inWay, *at)
		}
	}
	slices.SortStableFunc(o.inWay, func(a, b inWay) int {
		return cmp.Or(report.Urgency(a.worst)-report.Urgency(b.worst), len(b.tenants)-len(a.tenants))
	})
}

// verdictOfAll is the heading: sign and sentence.
func (o overview) verdictOfAll() (tone, sentence string) {
	all, bad, open := number(o.all), number(o.bad), number(o.open)
	switch {
	case o.bad == 1:
		return "fail", o.say(wSummaryOne, "all", all)
	case o.bad > 1:
		return "fail", o.say(wSummary, "n", bad, "all", all)
	case o.open > 0:
		return "unknown", o.say(wUndecided, "n", open, "all", all)
	case o.judged < o.all || o.all == 0:
		return "unknown", o.say(wWaiting)
	}
	return "pass", o.say(wAllReady, "all", all)
}
