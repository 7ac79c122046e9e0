package m365

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// mostBatched is how many requests one $batch takes ("Combine multiple requests in one HTTP
// call using JSON batching"). The SDK's own collection cuts at 19, stops at four batches and
// repeats nothing that was throttled inside.
const mostBatched = 20

// batch asks all questions of v1.0 in as few round trips as Graph takes, and returns their
// answers in the same order. One question goes by itself: the call is easier to repeat by hand.
func (s *session) batch(ctx context.Context, qs []question) []answer {
	answers := make([]answer, len(qs))
	var some []int
	for i, q := range qs {
		if q.err == nil {
			some = append(some, i)
		}
	}
	if len(some) == 1 {
		q := qs[some[0]]
		answers[some[0]] = s.get(ctx, q.call, q.url)
		return answers
	}
	var tasks []func(context.Context)
	for part := range slices.Chunk(some, mostBatched) {
		tasks = append(tasks, func(ctx context.Context) { s.oneBatch(ctx, qs, part, answers) })
	}
	together(ctx, tasks...)
	return answers
}

// oneBatch fills in the answers of up to 20 questions. Every request in a batch is throttled
// by itself, while the batch is answered with 200: those are sent once more, in a batch of
// their own, when all of them may be.
func (s *session) oneBatch(ctx context.Context, qs []question, pending []int, answers []answer) {
	for attempt := 1; ; attempt++ {
		outer, inner := s.sendBatch(ctx, qs, pending)
		var again []int
		var pause time.Duration
		for _, i := range pending {
			q := qs[i]
			raw := outer
			if outer.status == http.StatusOK && outer.err == nil {
				raw = inner[strconv.Itoa(i)].raw()
				httpread.Record(ctx, facts.Request{
					Method: http.MethodGet, URL: s.root.Scheme + "://" + s.root.Host + path(q.url),
					Status: raw.status, Attempt: attempt, Family: q.pace.family.Name, Batched: true, At: s.now().UTC(),
				})
				if d, ok := s.http.Retry(raw.status, inner[strconv.Itoa(i)].header(), attempt); ok {
					again, pause = append(again, i), max(pause, d)
				}
			}
			answers[i] = q.take(raw, s.named(q.url))
		}
		if len(again) == 0 || httpread.TooLong(ctx, pause) || httpread.Pause(ctx, pause) != nil {
			return
		}
		pending, ctx = again, httpread.WithPaused(ctx, pause)
	}
}

// inner is one answer inside of a batch's.
type inner struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// raw is the answer as if it had come by itself. A request that the batch does not answer
// has a batch that is not what Graph documents. A body that is not JSON comes as a string.
func (in inner) raw() rawAnswer {
	if in.ID == "" {
		return rawAnswer{status: http.StatusOK}
	}
	return rawAnswer{status: in.Status, body: in.Body}
}

func (in inner) header() http.Header {
	h := http.Header{}
	for name, value := range in.Headers {
		h.Set(name, value)
	}
	return h
}

// sendBatch sends one batch and returns its answers by the id of the question, which is its
// number: Graph keeps no order.
func (s *session) sendBatch(ctx context.Context, qs []question, pending []int) (rawAnswer, map[string]inner) {
	type request struct {
		ID      string            `json:"id"`
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers,omitempty"`
	}
	version := s.root.JoinPath("v1.0")
	p := qs[pending[0]].pace
	p.units = 0
	requests := make([]request, 0, len(pending))
	for _, i := range pending {
		q := qs[i]
		p.units += q.pace.units
		requests = append(requests, request{
			ID: strconv.Itoa(i), Method: http.MethodGet,
			URL: strings.TrimPrefix(q.url.String(), version.String()), Headers: q.headers,
		})
	}
	body, err := json.Marshal(map[string]any{"requests": requests})
	if err != nil {
		return rawAnswer{err: &facts.Failure{Kind: facts.Internal, Detail: "a $batch cannot be written as JSON"}}, nil
	}
	info := abstractions.NewRequestInformation()
	info.Method = abstractions.POST
	info.SetUri(*version.JoinPath("$batch"))
	// The adapter has our own HTTP client, and so not the SDK's middleware that would compress
	// the body, and forget to when it sends it once more.
	info.SetStreamContentAndContentType(body, "application/json")
	outer := s.send(ctx, p, info)
	var whole struct {
		Responses []inner `json:"responses"`
	}
	if outer.status == http.StatusOK && outer.err == nil {
		outer.err = json.Unmarshal(outer.body, &whole)
	}
	answers := make(map[string]inner, len(whole.Responses))
	for _, in := range whole.Responses {
		answers[in.ID] = in
	}
	return outer, answers
}
