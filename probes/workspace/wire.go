package workspace

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// callTimeout bounds one rung of the ladder or one list. Google answers within a second; a
// call that hangs must not take what was already seen down with the probe's deadline.
const callTimeout = 15 * time.Second

// witness keeps the last answer that came over the wire, because the SDKs lose parts of it:
// the JWT flow of x/oauth2 posts without the caller's context, flattens transport errors into
// text and leaves RetrieveError.ErrorCode empty; the Directory client's structs cannot tell an
// absent boolean from false.
type witness struct {
	ctx  context.Context // of the call; see above
	now  func() time.Time
	base http.RoundTripper

	asked          bool
	url            *url.URL // of the last request
	err            error    // from below HTTP: no complete answer
	status         int
	header         http.Header
	body           []byte
	sent, received time.Time
}

// watch makes a client for one call, and the witness of what it brings.
func watch(ctx context.Context, env *probes.Env) (*witness, *http.Client) {
	hc := *env.HTTP.HTTP()
	w := &witness{ctx: ctx, now: env.Now, base: hc.Transport}
	hc.Transport = w
	return w, &hc
}

// RoundTrip sends the request under the call's context and reads the whole answer.
func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	w.url = r.URL
	w.asked, w.err, w.status, w.header, w.body = true, nil, 0, nil, nil
	w.sent = w.now()
	resp, err := w.base.RoundTrip(r.WithContext(w.ctx))
	w.received = w.now()
	if err != nil {
		w.err = err
		return nil, err
	}
	body, err := io.ReadAll(resp.Body) // the transport below caps it
	_ = resp.Body.Close()
	if err != nil {
		w.err = err
		return nil, err
	}
	w.status, w.header, w.body = resp.StatusCode, resp.Header, body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// send makes a request that no SDK makes. The answer is in the witness.
func (w *witness) send(r *http.Request) error {
	resp, err := w.RoundTrip(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// clock compares this machine's clock with the Date of the answer, which was written about
// half a round trip before it arrived. Date counts whole seconds, so the offset is no finer.
func (w *witness) clock() facts.Seen[facts.Clock] {
	date, err := http.ParseTime(w.header.Get("Date"))
	if err != nil {
		return facts.Missed[facts.Clock](&facts.Failure{
			Kind: facts.Malformed, Status: w.status, Detail: "the token endpoint's answer has no readable Date header",
		})
	}
	middle := w.sent.Add(w.received.Sub(w.sent) / 2)
	return facts.Got(facts.Clock{Offset: middle.Sub(date)})
}

// apiOptions let a Google API client use our transport and a token that is already there.
// The logger is set because the SDK's own, switched on by an environment variable, writes
// answers, a signed assertion among them.
func apiOptions(hc *http.Client, endpoint, token string) []option.ClientOption {
	hc.Transport = &oauth2.Transport{
		Source: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}),
		Base:   hc.Transport,
	}
	return []option.ClientOption{
		option.WithHTTPClient(hc), option.WithEndpoint(endpoint), option.WithLogger(slog.New(slog.DiscardHandler)),
	}
}
