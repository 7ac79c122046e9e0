package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Service names one of the lab's HTTP services.
type Service string

// The services of the lab.
const (
	EntraService  Service = "entra"  // discovery and token
	GraphService  Service = "graph"  // v1.0 and beta
	CASService    Service = "cas"    // Log Retrieval, Threat Investigation
	GoogleService Service = "google" // token, tokeninfo, Directory and Reports APIs, IAM credentials, STS
	LMPService    Service = "lmp"    // the licensing API for partners
)

// Fault makes matching requests go wrong. What is left empty matches everything.
type Fault struct {
	Service Service
	Method  string
	Path    string // the decoded path, or the beginning of it when it ends in *
	Query   string // a part of the decoded query, e.g. "$skiptoken="
	Mark    string // the value of the header Mark, so that several runs can share a lab
	After   int    // so many matching requests go through first
	Times   int    // then so many go wrong; 0: all

	Reset    bool // the connection is reset
	Hang     bool // no answer until the client goes away or the lab closes
	Status   int  // answered with Body instead of asking the service; 0: ask it
	Body     string
	Header   http.Header         // set in the answer, e.g. Retry-After or Date
	Edit     func([]byte) []byte // changes the body of the answer
	Truncate bool                // half of the answer, then the connection ends
	Cut      bool                // half of the answer, then the connection is reset
	Drip     bool                // the answer comes byte by byte, and never ends
}

// Mark is the header by which a fault knows the requests of one run.
const Mark = "Lab-Mark"

// Family is calls of Graph that share a limit.
type Family int

// The families (Microsoft Graph, "Microsoft Graph service-specific throttling limits").
const (
	ConditionalAccessFamily Family = iota
	ReportsFamily
	DirectoryFamily
)

// Throttle makes the first calls of a family, of each of its kinds, meet its limit. Graph
// says when to come back, but not for Conditional Access.
func (l *Lab) Throttle(f Family, times int, retryAfter string) {
	paths := map[Family][]string{
		ConditionalAccessFamily: {"/v1.0/identity/conditionalAccess/*", "/beta/identity/conditionalAccess/*"},
		ReportsFamily:           {"/v1.0/reports/*", "/v1.0/auditLogs/*", "/beta/auditLogs/*"},
		DirectoryFamily:         {"/v1.0/organization", "/v1.0/domains*", "/v1.0/users*", "/v1.0/roleManagement/*", "/v1.0/servicePrincipals*"},
	}[f]
	header := http.Header{"Content-Type": {"application/json"}}
	if f != ConditionalAccessFamily {
		header.Set("Retry-After", retryAfter)
	}
	for _, path := range paths {
		l.Fault(Fault{
			Service: GraphService, Path: path, Times: times, Status: http.StatusTooManyRequests, Header: header,
			Body: `{"error":{"code":"TooManyRequests","message":"Too many requests."}}`,
		})
	}
}

// Request is one request that a service of the lab got.
type Request struct {
	Service Service
	Method  string
	Path    string      // decoded
	Query   string      // decoded
	Header  http.Header // Authorization is cut to its scheme
	Body    []byte      // with its secrets: for assertions in memory only
	Status  int         // 0: no answer was sent
	Batched bool        // it came inside of a $batch, a request of its own
}

// fault is a Fault with its count.
type fault struct {
	Fault
	matched int
}

// Fault puts a fault in. Of several that match a request, the one put in last decides.
func (l *Lab) Fault(f Fault) { l.fault(f) }

// Faulty puts a fault in, and returns what takes it out again.
func (l *Lab) Faulty(f Fault) (mend func()) {
	in := l.fault(f)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.faults = slices.DeleteFunc(l.faults, func(f *fault) bool { return f == in })
	}
}

func (l *Lab) fault(f Fault) *fault {
	in := &fault{Fault: f}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, in)
	return in
}

// Requests are the requests so far, in the order in which they arrived.
func (l *Lab) Requests() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.requests)
}

// arrived records a request, and returns its number and the fault that hits it, if any.
func (l *Lab) arrived(q Request) (int, *Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, q)
	n := len(l.requests) - 1
	for _, f := range slices.Backward(l.faults) {
		if !f.hits(q) {
			continue
		}
		f.matched++
		if f.matched > f.After && (f.Times == 0 || f.matched <= f.After+f.Times) {
			return n, &f.Fault
		}
	}
	return n, nil
}

func (l *Lab) answered(n, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests[n].Status = status
}

func (f *Fault) hits(q Request) bool {
	if f.Service != "" && f.Service != q.Service || f.Method != "" && f.Method != q.Method {
		return false
	}
	if prefix, ok := strings.CutSuffix(f.Path, "*"); ok {
		if !strings.HasPrefix(q.Path, prefix) {
			return false
		}
	} else if f.Path != "" && f.Path != q.Path {
		return false
	}
	return strings.Contains(q.Query, f.Query) && (f.Mark == "" || f.Mark == q.Header.Get(Mark))
}

// maxRequest bounds the body of a request; the largest that a service takes here is a token
// request with an assertion of a few KiB.
const maxRequest = 1 << 20

// faulty records every request, delays it by the organisation's latency and lets a fault
// have its way before, after or instead of the service. What came inside of a $batch is not
// delayed again.
func (l *Lab) faulty(service Service, batched bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, "the request cannot be read", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil {
			query = r.URL.RawQuery
		}
		header := r.Header.Clone()
		if scheme, _, ok := strings.Cut(header.Get("Authorization"), " "); ok {
			header.Set("Authorization", scheme)
		}
		n, f := l.arrived(Request{
			Service: service, Method: r.Method, Path: r.URL.Path, Query: query, Header: header, Body: body,
			Batched: batched,
		})
		if !batched && !wait(r.Context(), l.org.Latency) {
			return
		}
		switch {
		case f == nil:
			f = &Fault{}
		case f.Hang:
			<-r.Context().Done() // the lab's Close ends it too
			return
		case f.Reset:
			reset(w)
			return
		}
		a := &answer{header: http.Header{}, status: f.Status}
		if f.Status == 0 {
			a.status = http.StatusOK
			next.ServeHTTP(a, r)
		} else {
			a.body.WriteString(f.Body)
		}
		maps.Copy(a.header, f.Header)
		if f.Edit != nil {
			a.body = *bytes.NewBuffer(f.Edit(a.body.Bytes()))
		}
		l.answered(n, a.status)
		switch {
		case f.Drip:
			a.drip(r.Context(), w)
		case f.Cut:
			a.cut(w)
		default:
			a.send(w, f.Truncate)
		}
	})
}

// wait is false when the client or the lab went away first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer is an answer that is not sent yet.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// send sends the answer, or announces all of it, sends half and ends the connection.
func (a *answer) send(w http.ResponseWriter, half bool) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	w.WriteHeader(a.status)
	if !half {
		_, _ = w.Write(a.body.Bytes())
		return
	}
	_, _ = w.Write(a.body.Bytes()[:a.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // net/http's way to end a connection in the middle of an answer
}

// cut announces all of the answer, sends half and resets the connection.
func (a *answer) cut(w http.ResponseWriter) {
	conn, to, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = fmt.Fprintf(to, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", a.status, http.StatusText(a.status), a.body.Len())
	_ = a.header.Write(to)
	_, _ = to.WriteString("\r\n")
	_, _ = to.Write(a.body.Bytes()[:a.body.Len()/2])
	_ = to.Flush()
	resetConn(conn)
}

// dripEvery is shorter than any wait for the next byte of an answer.
const dripEvery = 20 * time.Millisecond

// drip sends the answer byte by byte, and spaces when it has ended, until the client or the lab
// goes away.
func (a *answer) drip(ctx context.Context, w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	for i := 0; ; i++ {
		next := byte(' ')
		if i < a.body.Len() {
			next = a.body.Bytes()[i]
		}
		if _, err := w.Write([]byte{next}); err != nil || http.NewResponseController(w).Flush() != nil || !wait(ctx, dripEvery) {
			return
		}
	}
}

// reset ends the connection with a TCP reset instead of an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	resetConn(conn)
}

func resetConn(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // closing the TLS layer would say goodbye first
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = conn.Close()
}
