package web

import (
	"cmp"
	"net/http"
	"slices"
	"sync"

	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// endsView is what ends, of all tenants.
type endsView struct {
	frame
	rows []end
}

// end is something that ends, and whose it is.
type end struct {
	alert.Expiry
	tenant string
	text   text // of a service
}

func (v endsView) tone(e end) string {
	switch d := e.DaysLeft(v.now); {
	case d < 0:
		return "fail"
	case d <= 30:
		return "warn"
	}
	return "skip"
}

func (v endsView) left(e end) string {
	switch d := e.DaysLeft(v.now); {
	case d < 0:
		return v.say(wEnded)
	case d == 0:
		return v.say(wToday)
	case d == 1:
		return v.say(wInDay)
	default:
		return v.say(wInDays, "n", number(d))
	}
}

// endsCache keeps what the last evidence of each tenant knows. Documents do not change, so
// that it holds until there is a new one.
type endsCache struct {
	mu sync.Mutex
	of map[string]endsOf
}

type endsOf struct {
	run  int64
	ends []end
}

func (p *Page) endings(w http.ResponseWriter, r *http.Request) {
	var all []end
	err := p.Store.View(r.Context(), func(tx store.Tx) error {
		tenants, err := store.Tenants(r.Context(), tx)
		if err != nil {
			return err
		}
		for _, t := range tenants {
			if t.LastReport == 0 || !t.Removed.IsZero() {
				continue
			}
			p.ends.mu.Lock()
			known, ok := p.ends.of[t.Name]
			p.ends.mu.Unlock()
			if !ok || known.run != t.LastReport {
				if known, err = readEnds(r, tx, t); err != nil {
					return err
				}
				p.ends.mu.Lock()
				if p.ends.of == nil {
					p.ends.of = map[string]endsOf{}
				}
				p.ends.of[t.Name] = known
				p.ends.mu.Unlock()
			}
			all = append(all, known.ends...)
		}
		return nil
	})
	if p.missing(w, r, err) {
		return
	}
	slices.SortStableFunc(all, func(a, b end) int {
		return cmp.Or(a.Ends.Compare(b.Ends), cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.Subject, b.Subject))
	})
	p.render(w, r, http.StatusOK, endsPage(endsView{p.frame(w, r, wEnds), all}))
}

func readEnds(r *http.Request, tx store.Tx, t store.Tenant) (endsOf, error) {
	out := endsOf{run: t.LastReport}
	raw, err := store.Document(r.Context(), tx, t.LastReport, store.Evidence)
	if err != nil {
		return out, err
	}
	ev, err := facts.Decode(raw)
	if err != nil {
		return out, err
	}
	for _, e := range alert.Expiries(ev) {
		out.ends = append(out.ends, end{Expiry: e, tenant: t.Name})
	}
	rep, err := reportOf(r.Context(), tx, t.LastReport)
	if err != nil {
		return out, err
	}
	for _, s := range rep.Retirements {
		if e, published := alert.RetirementEnd(s); published && !s.Come {
			out.ends = append(out.ends, end{Expiry: e, tenant: t.Name, text: s.Text})
		}
	}
	return out, nil
}

func (v endsView) what(e end) string {
	if e.text != (text{}) {
		return report.Inert(e.text.In(v.lang))
	}
	if e.What == alert.Waiver {
		return report.Inert(e.Cause) + ": " + v.subject(e.Subject)
	}
	return report.Inert(e.Subject)
}
