package lab

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxBatch is how many requests a $batch takes (Microsoft Graph, "Combine multiple requests
// in one HTTP call using JSON batching").
const maxBatch = 20

// batch answers a $batch of requests that do not depend on each other. Each is a request of
// its own, with its own faults, under the token of the whole.
func (g *graph) batch(r *http.Request) (any, *graphError) {
	q, refusal := g.open(r)
	switch {
	case refusal != nil:
		return nil, refusal
	case q.path != "$batch":
		return nil, noSegment("$batch")
	case r.Method != http.MethodPost:
		return nil, &graphError{http.StatusMethodNotAllowed, "Request_BadRequest",
			"Specified HTTP method is not allowed for the request target."}
	case r.Header.Get("Content-Encoding") != "":
		return nil, badRequest("BadRequest", "Invalid batch payload format.")
	}
	var body struct {
		Requests []struct {
			ID, Method, URL string
			Headers         map[string]string
			DependsOn       []string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Requests) == 0 {
		return nil, badRequest("BadRequest", "Invalid batch payload format.")
	}
	if len(body.Requests) > maxBatch {
		return nil, badRequest("MaximumValueExceeded", "Number of batch request steps exceeds the maximum value of 20.")
	}
	ids := map[string]bool{}
	responses := []entity{}
	for _, in := range body.Requests {
		u, err := url.Parse(in.URL)
		switch {
		case in.ID == "" || ids[in.ID]:
			return nil, badRequest("BadRequest", "Every request of a batch must have an id of its own.")
		case err != nil || u.IsAbs() || u.Host != "" || in.Method == "":
			return nil, badRequest("BadRequest", "Invalid batch payload format.")
		case len(in.DependsOn) > 0:
			return nil, badRequest("BadRequest", "The practice organisation does not know dependsOn.")
		}
		ids[in.ID] = true
		one, err := http.NewRequestWithContext(r.Context(), in.Method,
			g.url+"/"+q.version+"/"+strings.TrimPrefix(in.URL, "/"), http.NoBody)
		if err != nil {
			return nil, badRequest("BadRequest", "Invalid batch payload format.")
		}
		for name, value := range in.Headers {
			one.Header.Set(name, value)
		}
		one.Header.Set("Authorization", r.Header.Get("Authorization"))
		one.Header.Set(Mark, r.Header.Get(Mark))
		a := &answer{header: http.Header{}, status: http.StatusOK}
		g.inside.ServeHTTP(a, one)
		responses = append(responses, a.inBatch(in.ID))
	}
	slices.Reverse(responses) // Graph keeps no order
	return entity{"responses": responses}, nil
}

// inBatch is the answer as an element of a batch's. A body that is not JSON is in base64.
func (a *answer) inBatch(id string) entity {
	headers := map[string]string{}
	for name := range a.header {
		headers[name] = a.header.Get(name)
	}
	var body any = json.RawMessage(a.body.Bytes())
	if !json.Valid(a.body.Bytes()) {
		body = a.body.Bytes()
	}
	return entity{"id": id, "status": a.status, "headers": headers, "body": body}
}
