package web

import (
	"context"
	"net/http"
	"time"
)

// readyWithin bounds the question to the database: who asks asks every few seconds.
const readyWithin = 2 * time.Second

// healthz: the process answers.
func (p *Page) healthz(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }

// readyz: and its database can be written to.
func (p *Page) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	if err := p.Store.Ping(ctx); err != nil {
		p.Log.Warn().Err(err).Msg("not ready")
		answer(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	answer(w, http.StatusOK, "ready")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // who is gone needs nothing
}
