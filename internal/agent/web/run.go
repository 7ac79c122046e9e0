package web

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strconv"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
)

// runView is one run: what changed, and its report.
type runView struct {
	frame
	store.Run
	report *report.Report
	before store.Run // the run that it is compared with; ID 0: there is none
	diff   report.Diff
}

func (p *Page) run(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("run"), 10, 64)
	if err != nil {
		p.notFound(w, r)
		return
	}
	against, _ := strconv.ParseInt(r.URL.Query().Get("against"), 10, 64) // nonsense is the run before
	var v runView
	err = p.Store.View(r.Context(), func(tx store.Tx) (err error) {
		if v.Run, err = store.RunByID(r.Context(), tx, id); err != nil || v.Verdict == "" {
			return err
		}
		if v.report, err = reportOf(r.Context(), tx, id); err != nil {
			return err
		}
		if v.before, err = comparedWith(r.Context(), tx, v.Run, against); err != nil || v.before.ID == 0 {
			return err
		}
		before, err := reportOf(r.Context(), tx, v.before.ID)
		if err != nil {
			return err
		}
		v.diff, err = report.Compare(*before, *v.report)
		return err
	})
	if p.missing(w, r, err) {
		return
	}
	v.frame = p.frame(w, r, wRunOf, "n", strconv.FormatInt(id, 10), "tenant", v.Tenant)
	p.render(w, r, http.StatusOK, runPage(v))
}

func reportOf(ctx context.Context, tx store.Tx, run int64) (*report.Report, error) {
	raw, err := store.Document(ctx, tx, run, store.Report)
	if err != nil {
		return nil, err
	}
	rep, err := report.Read(bytes.NewReader(raw))
	return &rep, err
}

// comparedWith is a named run of the same tenant, or the last one before that made a report.
func comparedWith(ctx context.Context, tx store.Tx, run store.Run, against int64) (store.Run, error) {
	if against != 0 {
		other, err := store.RunByID(ctx, tx, against)
		if err == nil && (other.Tenant != run.Tenant || other.Verdict == "") {
			err = sql.ErrNoRows
		}
		return other, err
	}
	before, err := store.ReportBefore(ctx, tx, run.Tenant, run.ID)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return before, err
}

func (p *Page) reportFile(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("run"), 10, 64)
	if err != nil {
		p.notFound(w, r)
		return
	}
	var raw []byte
	err = p.Store.View(r.Context(), func(tx store.Tx) (err error) {
		raw, err = store.Document(r.Context(), tx, id, store.Report)
		return err
	})
	if p.missing(w, r, err) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="report-`+strconv.FormatInt(id, 10)+`.json"`)
	_, _ = w.Write(raw) // a reader who is gone needs nothing
}

func effectTone(e report.Effect) string {
	switch e {
	case report.Worse:
		return "fail"
	case report.Better:
		return "pass"
	}
	return "skip"
}

func (f frame) effect(e report.Effect) string {
	switch e {
	case report.Worse:
		return f.say(wWorse)
	case report.Better:
		return f.say(wBetter)
	}
	return f.say(wSame)
}

func (f frame) presence(p report.Presence) string {
	switch p {
	case report.IsNew:
		return f.say(wNew)
	case report.IsGone:
		return f.say(wGone)
	}
	return f.say(wOther)
}

// entryState is an entry as one side of the comparison has it.
func (f frame) entryState(s *report.EntryState) (sign, word string) {
	if s == nil {
		return "skip", "–"
	}
	if s.Waived != nil {
		return "skip", f.say(wAccepted, "until", s.Waived.Until, "reason", s.Waived.Reason)
	}
	return report.EntrySign(s.Verdict), report.EntryWord(s.Verdict).In(f.lang)
}

// sameVerdict: only the reasons differ, and they are what is worth reading.
func sameVerdict(e report.EntryDiff) bool {
	return e.From != nil && e.To != nil && e.From.Verdict == e.To.Verdict && e.From.Waived == nil && e.To.Waived == nil
}

var applicability = map[string]text{
	"yes": {EN: "works", JA: "使用可"}, "no": {EN: "not here", JA: "使用不可"}, "unknown": {EN: "perhaps", JA: "条件次第"},
}

func (f frame) fixState(s report.FixState) string {
	word := f.named(applicability, s.Applies)
	if s.Recommended {
		word += " ★"
	}
	return word
}

func (f frame) fact(s report.FactStatus) string {
	if s == "" {
		return "–"
	}
	return report.FactWord(s).In(f.lang)
}

// worstOf are the checks of a run that need somebody.
func worstOf(r store.Run) (list []string) {
	for _, id := range checkIDs(nil) {
		switch checks.Status(r.Statuses[id]) {
		case checks.StatusFail, checks.StatusWarn, checks.StatusUnknown:
			list = append(list, id)
		}
	}
	return list
}
