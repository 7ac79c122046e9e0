package m365

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// session is one credential and one adapter: all probes of a run share it, so that a run
// asks for one token.
type session struct {
	adapter *core.GraphRequestAdapterBase
	http    *httpread.Client
	root    *url.URL // endpoints.graph, without a version
	now     func() time.Time
}

func open(env *probes.Env) (*session, error) {
	return probes.Once(env, "m365.session", func() (*session, error) { return newSession(env) })
}

func newSession(env *probes.Env) (*session, error) {
	m := env.Config.Microsoft365
	root, err := url.Parse(m.Endpoints.Graph)
	if err != nil {
		return nil, &facts.Failure{Kind: facts.Internal, Detail: "microsoft365.endpoints.graph is not an address"}
	}
	credential, err := newCredential(m, env.HTTP)
	if err != nil {
		return nil, err
	}
	keeper := &tokenKeeper{credential: credential, scope: audience(m.Cloud) + "/.default", root: root, now: env.Now}
	// Our own HTTP client instead of the SDK's: the SDK's middleware would retry what the
	// transport has already retried.
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		keeper, core.GraphClientOptions{}, nil, nil, env.HTTP.HTTP())
	if err != nil {
		return nil, &facts.Failure{Kind: facts.Internal, Detail: "the Graph SDK refused its adapter"}
	}
	return &session{adapter: adapter, http: env.HTTP, root: root, now: env.Now}, nil
}

// base is what the SDK's builders start from.
func (s *session) base() map[string]string {
	return map[string]string{"baseurl": s.root.JoinPath("v1.0").String()}
}

// question is one request that can be sent.
type question struct {
	call
	url *url.URL
	err error // of the builder
}

// object asks for one object. Graph's reference shows some single objects inside of a
// "value" member, and some services really send them so: both shapes are read. No object
// that is read here has a member of that name itself.
func object[T any](ctx context.Context, s *session, q question, decode func(json.RawMessage) (T, error)) facts.Seen[T] {
	if q.err != nil {
		return facts.Missed[T](q.broken())
	}
	a := s.get(ctx, q.call, q.url)
	if a.failure != nil {
		return seenBy(facts.Missed[T](a.failure), a)
	}
	body := a.body
	var wrapped struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(body, &wrapped); err != nil {
		return seenBy(facts.Missed[T](q.malformed(err)), a)
	}
	if isObject(wrapped.Value) {
		body = wrapped.Value
	}
	v, err := decode(body)
	if err != nil {
		return seenBy(facts.Missed[T](q.malformed(err)), a)
	}
	return seenBy(facts.Got(v), a)
}

// seenBy names the call that a value, or the reason why there is none, comes from.
func seenBy[T any](seen facts.Seen[T], a answer) facts.Seen[T] {
	seen.From = &facts.Look{Call: a.call, At: a.at}
	return seen
}

// with is what was made of an answer, by the same call.
func with[U, T any](of facts.Seen[T], made *U) facts.Seen[U] {
	return facts.Seen[U]{Value: made, Failure: of.Failure, From: of.From}
}

// list asks for all pages of a collection. A page that fails leaves what came before it, and
// an element that cannot be read leaves the others; both make the list incomplete.
//
// The SDK's own PageIterator drops the headers of the first request on every later page,
// which advanced queries do not survive.
func list[T any](ctx context.Context, s *session, q question, decode func(json.RawMessage) (T, error)) facts.Seen[[]T] {
	if q.err != nil {
		return facts.Missed[[]T](q.broken())
	}
	return pages(ctx, s, q, s.get(ctx, q.call, q.url), decode)
}

// lists asks for several collections that do not depend on each other, their first pages in
// as few round trips as Graph takes.
func lists[T any](ctx context.Context, s *session, qs []question, decode func(json.RawMessage) (T, error)) []facts.Seen[[]T] {
	first := s.batch(ctx, qs)
	found := make([]facts.Seen[[]T], len(qs))
	var tasks []func(context.Context)
	for i, q := range qs {
		if q.err != nil {
			found[i] = facts.Missed[[]T](q.broken())
			continue
		}
		tasks = append(tasks, func(ctx context.Context) { found[i] = pages(ctx, s, q, first[i], decode) })
	}
	together(ctx, tasks...)
	return found
}

// pages reads the page that is there, and those that it leads to. The next one is asked for
// while the elements of the last are read: it depends on the link only.
func pages[T any](
	ctx context.Context, s *session, q question, first answer, decode func(json.RawMessage) (T, error),
) facts.Seen[[]T] {
	items := []T{} // an empty list is an answer: never nil
	var unreadable *facts.Failure
	asked := map[string]bool{q.url.String(): true}
	for a := first; ; {
		last := a
		last.call = first.call // one call, whose answer is there with its last page
		p, failure := q.page(a)
		if failure != nil && len(asked) == 1 {
			return seenBy(facts.Missed[[]T](failure), last)
		}
		if failure != nil {
			return seenBy(facts.Partly(items, failure), last)
		}
		elements := func(context.Context) {
			for _, raw := range p.elements {
				v, err := decode(raw)
				if err != nil {
					unreadable = q.malformed(err)
					continue
				}
				items = append(items, v)
			}
		}
		u, failure := s.next(q.call, p.next, asked)
		if u != nil && len(asked) == q.pages {
			u, failure = nil, q.more()
		}
		if u == nil {
			elements(ctx)
			return seenBy(facts.Partly(items, cmp.Or(failure, unreadable)), last)
		}
		asked[u.String()] = true
		together(ctx, elements, func(ctx context.Context) { a = s.get(ctx, q.call, u) })
	}
}

type page struct {
	elements []json.RawMessage
	next     string
}

func (c call) page(a answer) (page, *facts.Failure) {
	if a.failure != nil {
		return page{}, a.failure
	}
	var p struct {
		Value *[]json.RawMessage `json:"value"`
		Next  string             `json:"@odata.nextLink"`
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		return page{}, c.malformed(err)
	}
	if p.Value == nil { // no list at all is not an empty list
		return page{}, c.malformed(nil)
	}
	return page{elements: *p.Value, next: p.Next}, nil
}

// next is the address of the next page, nil when there is none. A link that repeats would
// never end, and one to another host would carry the token there.
func (s *session) next(c call, link string, asked map[string]bool) (*url.URL, *facts.Failure) {
	if link == "" {
		return nil, nil
	}
	u, err := url.Parse(link)
	switch {
	case c.body != nil: // "Evaluate" documents one page, and a link could not carry the question
		f := c.malformed(nil)
		f.Code, f.Detail = "next_link", "there are more pages of "+c.what+" than Microsoft Graph documents"
		return nil, f
	case err != nil || !sameHost(u, s.root):
		f := c.malformed(nil)
		f.Code, f.Detail = "next_link", "the link to the next page of "+c.what+" does not lead to "+s.root.Host
		return nil, f
	case asked[u.String()]:
		f := c.malformed(nil)
		f.Code, f.Detail = "next_link", "the pages of "+c.what+" repeat themselves"
		return nil, f
	}
	return u, nil
}

func sameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// answer is what one question brought.
type answer struct {
	body    json.RawMessage
	failure *facts.Failure
	call    string    // method and path
	at      time.Time // when it was there
}

// get sends one question.
func (s *session) get(ctx context.Context, c call, u *url.URL) answer {
	info := abstractions.NewRequestInformation()
	info.Method = abstractions.GET
	for name, value := range c.headers {
		info.Headers.Add(name, value)
	}
	info.SetUri(*u)
	if c.body != nil {
		info.Method = abstractions.POST
		info.SetStreamContentAndContentType(c.body, "application/json")
		info.Headers.Add("Content-Length", strconv.Itoa(len(c.body))) // without it the adapter sends it in chunks
	}
	a := s.named(u)
	a.call = info.Method.String() + " " + path(u)
	return c.take(s.send(ctx, c.pace, info), a)
}

// named is an answer for the call of an address, without its query.
func (s *session) named(u *url.URL) answer {
	return answer{call: http.MethodGet + " " + path(u), at: s.now().UTC()}
}

// path is what is recorded of an address; JoinPath makes one without its first slash.
func path(u *url.URL) string { return "/" + strings.TrimPrefix(u.EscapedPath(), "/") }

// take classifies what came back.
func (c call) take(raw rawAnswer, a answer) answer {
	switch {
	case raw.status == 0:
		a.failure = httpread.Classify(raw.err)
	case raw.status != http.StatusOK:
		a.failure = c.refused(raw.status, raw.body)
	case raw.err != nil:
		a.failure = httpread.Classify(raw.err)
		a.failure.Status = raw.status
	case !isObject(raw.body):
		a.failure = c.malformed(nil)
	default:
		a.body = raw.body
	}
	return a
}

// send sends a request of the SDK's and returns the answer as it came.
func (s *session) send(ctx context.Context, p pace, info *abstractions.RequestInformation) rawAnswer {
	info.Headers.Add("Accept", "application/json")
	var raw rawAnswer
	handler := abstractions.NewRequestHandlerOption()
	handler.SetResponseHandler(raw.read)
	info.AddRequestOptions([]abstractions.RequestOption{handler})
	if _, err := s.adapter.SendPrimitive(httpread.WithFamily(ctx, p.family, p.units), info, "[]byte", nil); err != nil {
		return rawAnswer{err: err}
	}
	return raw
}

// rawAnswer takes an answer as it came. Left to itself, the adapter makes an error of a
// refusal with the generated OData model: it loses the status when the body is a gateway's
// HTML, and the model's Error method dereferences members that a body may lack.
type rawAnswer struct {
	status int // 0: there was none
	body   []byte
	err    error // instead of an answer, or while its body was read
}

func (a *rawAnswer) read(response any, _ abstractions.ErrorMappings) (any, error) {
	r, ok := response.(*http.Response)
	if !ok {
		return nil, &facts.Failure{Kind: facts.Internal, Detail: "the Graph SDK answers with something that is not HTTP"}
	}
	a.status = r.StatusCode
	a.body, a.err = io.ReadAll(r.Body)
	_ = r.Body.Close()
	return nil, nil
}

func isObject(raw []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }

// as reads an object whose members may all be missing.
func as[T any](raw json.RawMessage) (T, error) {
	var v T
	if !isObject(raw) {
		return v, errNotAnObject
	}
	err := json.Unmarshal(raw, &v)
	return v, err
}

// known reads an object that says nothing without the member that identifies it.
func known[T any](id func(T) string) func(json.RawMessage) (T, error) {
	return func(raw json.RawMessage) (T, error) {
		v, err := as[T](raw)
		if err == nil && id(v) == "" {
			err = errNoID
		}
		return v, err
	}
}

// together runs tasks that do not depend on each other.
func together(ctx context.Context, tasks ...func(context.Context)) { probes.Together(ctx, tasks...) }

// inTime ends the calls of a probe a little before the probe's deadline: a call that hangs
// then costs its own member, not the whole fact.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/10))
}
