package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// done goes back to a page, which says what was done.
func done(w http.ResponseWriter, r *http.Request, to string, what string) {
	http.Redirect(w, r, to+"?done="+url.QueryEscape(what), http.StatusSeeOther)
}

func (p *Page) runNow(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("tenant")
	if p.configured(name) == nil {
		p.notFound(w, r)
		return
	}
	asked, err := p.Jobs.RunNow(r.Context(), name, who(r).name)
	if err != nil {
		p.broken(w, r, err)
		return
	}
	what := "run"
	if !asked {
		what = "already"
	}
	done(w, r, string(path("tenants", name)), what)
}

const (
	longestReason = 500
	longestWaiver = 10 // years
)

func (p *Page) waive(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("tenant")
	if p.configured(name) == nil {
		p.notFound(w, r)
		return
	}
	now := p.Now().UTC()
	made := store.Waiver{
		Tenant: name, Cause: r.PostFormValue("cause"), Subject: strings.TrimSpace(r.PostFormValue("subject")),
		Reason: strings.TrimSpace(r.PostFormValue("reason")), Until: r.PostFormValue("until"), MadeBy: who(r).name, MadeAt: now,
	}
	check, _, _ := strings.Cut(made.Cause, ".")
	if wrong := wrongWith(made, now); wrong != (text{}) {
		if wrong == wNoCause {
			p.fail(w, r, http.StatusUnprocessableEntity, wrong)
			return
		}
		p.showTrouble(w, r, http.StatusUnprocessableEntity, check, made, wrong)
		return
	}
	if err := p.Store.Update(r.Context(), func(tx store.Tx) error {
		id, err := store.AddWaiver(r.Context(), tx, made)
		if err != nil {
			return err
		}
		return store.AddAction(r.Context(), tx, store.Action{
			At: now, Who: made.MadeBy, What: "waive", Tenant: name, Detail: map[string]string{
				"waiver": strconv.FormatInt(id, 10), "cause": made.Cause, "subject": made.Subject, "reason": made.Reason, "until": made.Until,
			},
		})
	}); err != nil {
		p.broken(w, r, err)
		return
	}
	done(w, r, string(path("tenants", name, "checks", check)), "waive")
}

// wrongWith is what keeps a waiver from being taken; nothing: it is taken.
func wrongWith(v store.Waiver, now time.Time) text {
	if v.Subject == "" || !slices.ContainsFunc(known(), func(c checks.Check) bool {
		return slices.ContainsFunc(c.Causes, func(k checks.Cause) bool { return k.ID == v.Cause })
	}) {
		return wNoCause
	}
	if v.Reason == "" || utf8.RuneCountInString(v.Reason) > longestReason || !utf8.ValidString(v.Reason) {
		return wNoReason
	}
	until, err := time.Parse(time.DateOnly, v.Until)
	if err != nil || until.Before(now.Truncate(24*time.Hour)) || until.After(now.AddDate(longestWaiver, 0, 0)) {
		return wBadDay
	}
	return text{}
}

func (p *Page) endWaiver(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("tenant")
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		p.notFound(w, r)
		return
	}
	ended := false
	if err := p.Store.Update(r.Context(), func(tx store.Tx) error {
		// A waiver of another tenant is none here.
		of, err := store.Waivers(r.Context(), tx, name)
		if err != nil || !slices.ContainsFunc(of, func(w store.Waiver) bool { return w.ID == id }) {
			return err
		}
		if ended, err = store.EndWaiver(r.Context(), tx, id, who(r).name, p.Now()); err != nil || !ended {
			return err
		}
		return store.AddAction(r.Context(), tx, store.Action{
			At: p.Now(), Who: who(r).name, What: "end_waiver", Tenant: name, Detail: map[string]string{"waiver": fmt.Sprint(id)},
		})
	}); err != nil {
		p.broken(w, r, err)
		return
	}
	if !ended {
		p.notFound(w, r)
		return
	}
	done(w, r, string(path("tenants", name)), "end")
}
