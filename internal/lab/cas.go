package lab

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// CAS is the REST API of Cloud App Security, with what it has logged.
type CAS struct {
	Token string
	// Denied are the paths that the token may not ask.
	Denied []string
	Events []SecurityEvent
	// PerMinute is the most requests in a minute; 0: they are not counted.
	PerMinute int
}

// SecurityEvent is an event of Exchange Online and the message that it is about.
type SecurityEvent struct {
	Age       time.Duration // before now
	Event     string        // "" is securityrisk
	Filter    string        // "" is Advanced Spam Protection
	Policy    string
	Action    string
	MessageID string
	Sender    string
	Mailbox   string
	Subject   string
	// Headers are those that Threat Investigation has of the message; nil: it does not know it.
	Headers [][2]string
}

// casAPI is Log Retrieval and Threat Investigation (Cloud App Security Integration API Online
// Help, "Get Security Logs", "Sweep for Email Messages", "API Responses").
type casAPI struct {
	CAS
	url string
	mux *http.ServeMux

	mu    sync.Mutex
	since time.Time // the first request of the minute
	count int
}

func newCAS(c CAS, url string) *casAPI {
	a := &casAPI{CAS: c, url: url, mux: http.NewServeMux()}
	a.mux.HandleFunc("GET /v1/siem/security_events", a.events)
	a.mux.HandleFunc("GET /v1/sweeping/mails", a.mails)
	return a
}

// The most that one answer of Log Retrieval holds, and its default; likewise of Threat
// Investigation.
const (
	mostEvents, mostMails       = 500, 1000
	defaultEvents, defaultMails = 500, 20
)

// ServeHTTP answers one request. The refusals have the statuses and the body of "API Responses".
func (a *casAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, pattern := a.mux.Handler(r)
	switch token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); {
	case !ok, a.Token == "", token != a.Token:
		casRefusal(w, http.StatusUnauthorized, "Authentication token not found")
	case a.tooMany():
		casRefusal(w, http.StatusTooManyRequests, "Maximum allowed requests exceeded")
	case slices.Contains(a.Denied, r.URL.Path):
		casRefusal(w, http.StatusForbidden, "No permission")
	case pattern == "" && (strings.HasPrefix(r.URL.Path, "/v1/siem/") || strings.HasPrefix(r.URL.Path, "/v1/sweeping/")) && r.Method != http.MethodGet:
		casRefusal(w, http.StatusMethodNotAllowed, "Method not allowed")
	case pattern == "":
		casRefusal(w, http.StatusNotFound, "The requested API could not be found")
	default:
		a.mux.ServeHTTP(w, r)
	}
}

func casRefusal(w http.ResponseWriter, status int, msg string) {
	writeJSON(w, status, map[string]any{"code": -status, "traceId": newID(), "msg": msg})
}

// tooMany counts the requests of a minute, which begins with its first one.
func (a *casAPI) tooMany() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := time.Now(); now.Sub(a.since) >= time.Minute {
		a.since, a.count = now, 0
	}
	a.count++
	return a.PerMinute > 0 && a.count > a.PerMinute
}

// reach is how far back events are given.
const reach = 72 * time.Hour

func (a *casAPI) events(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	services := []string{
		"exchange", "sharepoint", "onedrive", "dropbox", "box", "googledrive", "gmail", "teams", "exchangeserver",
		"salesforce_sandbox", "salesforce_production", "teams_chat",
	}
	kinds := []string{"securityrisk", "virtualanalyzer", "ransomware", "dlp"}
	limit, skip, bad := numbers(q, defaultEvents, mostEvents)
	start, end, badTime := times(q)
	now := time.Now()
	switch {
	case bad || badTime, unknownKey(q, "service", "event", "start", "end", "limit", "skiptoken"):
		casRefusal(w, http.StatusBadRequest, "Invalid parameter")
		return
	case !slices.Contains(services, q.Get("service")), !slices.Contains(kinds, q.Get("event")):
		casRefusal(w, http.StatusBadRequest, "Missing or invalid service or event")
		return
	case !start.IsZero() && now.Sub(start) > reach, !start.IsZero() && end.Before(start) && !end.IsZero():
		casRefusal(w, http.StatusBadRequest, "Invalid time range")
		return
	}
	if start.IsZero() && end.IsZero() {
		start, end = now.Add(-5*time.Minute), now
	}
	rows := []any{}
	for _, e := range a.Events {
		at := now.Add(-e.Age)
		kind := e.Event
		if kind == "" {
			kind = "securityrisk"
		}
		if q.Get("service") != "exchange" || kind != q.Get("event") || at.Before(start) || at.After(end.Add(time.Second)) {
			continue
		}
		filter := e.Filter
		if filter == "" {
			filter = "Advanced Spam Protection"
		}
		rows = append(rows, map[string]any{
			"service": "Exchange Online", "event": "security_risk_scan", "log_item_id": newID(),
			"message": map[string]any{
				"scan_type": "Real-time scan", "affected_user": e.Mailbox, "location": e.Mailbox, "detection_time": stamp(at),
				"triggered_policy_name": e.Policy, "triggered_security_filter": filter, "action": e.Action, "action_result": "success",
				"mail_message_id": e.MessageID, "mail_message_sender": e.Sender, "mail_message_recipient": []string{e.Mailbox},
				"mail_message_subject": e.Subject, "security_risk_name": e.Subject, "detected_by": "", "risk_level": "",
			},
		})
	}
	page, next := a.page(r.URL, rows, limit, skip)
	writeJSON(w, http.StatusOK, map[string]any{
		"next_link": next, "last_log_item_generation_time": stamp(now), "security_events": page, "traceId": newID(),
	})
}

func (a *casAPI) mails(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, skip, bad := numbers(q, defaultMails, mostMails)
	_, _, badTime := times(q)
	switch {
	case bad || badTime, q.Has("lastndays") && (q.Has("start") || q.Has("end")),
		unknownKey(q, "mailbox", "lastndays", "start", "end", "subject", "file_sha1", "file_sha256", "file_name", "file_extension", "url",
			"sender", "recipient", "message_id", "source_ip", "source_domain", "limit", "skiptoken"):
		casRefusal(w, http.StatusBadRequest, "Invalid parameter")
		return
	}
	rows := []any{}
	for _, e := range a.Events {
		if e.Headers == nil || q.Has("message_id") && q.Get("message_id") != e.MessageID {
			continue
		}
		headers := []any{}
		for _, h := range e.Headers {
			headers = append(headers, map[string]string{"HeaderName": h[0], "Value": h[1]})
		}
		rows = append(rows, map[string]any{
			"mailbox": e.Mailbox, "mail_message_id": e.MessageID, "mail_unique_id": newID(), "mail_message_sender": e.Sender,
			"mail_message_recipient": []string{e.Mailbox}, "mail_message_subject": e.Subject, "mail_urls": []string{},
			"mail_attachments": []any{}, "mail_internet_headers": headers, "source_domain": "", "source_ip": "",
			"mail_message_delivery_time": stamp(time.Now().Add(-e.Age)),
		})
	}
	page, next := a.page(r.URL, rows, limit, skip)
	writeJSON(w, http.StatusOK, map[string]any{"current_link": a.url + r.URL.RequestURI(), "next_link": next, "value": page, "traceId": newID()})
}

// page is a part of the rows, and the link to the next one.
func (a *casAPI) page(u *url.URL, rows []any, limit, skip int) (page []any, next string) {
	rows = rows[min(skip, len(rows)):]
	if len(rows) <= limit {
		return rows, ""
	}
	q := u.Query()
	q.Set("skiptoken", strconv.Itoa(skip+limit))
	return rows[:limit], a.url + u.Path + "?" + q.Encode()
}

func numbers(q url.Values, fallback, most int) (limit, skip int, bad bool) {
	limit = fallback
	if q.Has("limit") {
		n, err := strconv.Atoi(q.Get("limit"))
		limit, bad = n, err != nil || n < 1 || n > most
	}
	if q.Has("skiptoken") {
		n, err := strconv.Atoi(q.Get("skiptoken"))
		skip, bad = n, bad || err != nil || n < 0
	}
	return limit, skip, bad
}

// times reads start and end: UTC, to the second or millisecond, with a Z.
func times(q url.Values) (start, end time.Time, bad bool) {
	for key, at := range map[string]*time.Time{"start": &start, "end": &end} {
		if !q.Has(key) {
			continue
		}
		t, err := time.Parse("2006-01-02T15:04:05Z", q.Get(key)) // fractions are read as well
		*at, bad = t, bad || err != nil
	}
	return start, end, bad
}

func unknownKey(q url.Values, known ...string) bool {
	for k := range q {
		if !slices.Contains(known, k) {
			return true
		}
	}
	return false
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// headersOf are the headers that Threat Investigation documents of a message.
func headersOf(from, returnPath, results string) [][2]string {
	return [][2]string{
		{"From", fmt.Sprintf("Contoso <%s>", from)}, {"Return-Path", returnPath}, {"Authentication-Results", results},
	}
}
