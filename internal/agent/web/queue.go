package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/internal/agent/jobs"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
)

type job = jobs.Job

// How much of each list is shown.
const (
	mostJobs    = 1000
	mostShown   = 100
	mostActions = 50
)

// queueView is what waits, what failed, and who did what.
type queueView struct {
	frame
	jobs             []job
	waiting, givenUp []store.Message
	actions          []store.Action
}

func (p *Page) queue(w http.ResponseWriter, r *http.Request) {
	var v queueView
	err := p.Store.View(r.Context(), func(tx store.Tx) (err error) {
		if v.waiting, err = store.Waiting(r.Context(), tx, mostShown); err != nil {
			return err
		}
		if v.givenUp, err = store.GivenUp(r.Context(), tx, mostShown); err != nil {
			return err
		}
		v.actions, err = store.Actions(r.Context(), tx, mostActions)
		return err
	})
	if err == nil {
		v.jobs, err = p.Jobs.Queue(r.Context(), mostShown)
	}
	if p.missing(w, r, err) {
		return
	}
	v.frame = p.frame(w, r, wQueue)
	p.render(w, r, http.StatusOK, queuePage(v))
}

// detail is what an action was about, in a line.
func detail(a store.Action) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(a.Detail)) {
		if a.Detail[k] != "" {
			parts = append(parts, k+": "+a.Detail[k])
		}
	}
	return report.Inert(strings.Join(parts, ", "))
}

// failure is an error in a line, without what would fill a page.
func failure(s string) string {
	const most = 300
	if line, _, more := strings.Cut(s, "\n"); more {
		s = line
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return report.Inert(s)
}
