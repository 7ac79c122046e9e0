package m365

import (
	"bytes"
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
	"golang.org/x/sync/errgroup"

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
	return &session{adapter: adapter, http: env.HTTP, root: root}, nil
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
	body, failure := s.get(ctx, q.call, q.url)
	if failure != nil {
		return facts.Missed[T](failure)
	}
	var wrapped struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(body, &wrapped); err != nil {
		return facts.Missed[T](q.malformed(err))
	}
	if isObject(wrapped.Value) {
		body = wrapped.Value
	}
	v, err := decode(body)
	if err != nil {
		return facts.Missed[T](q.malformed(err))
	}
	return facts.Got(v)
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
	items := []T{} // an empty list is an answer: never nil
	var unreadable *facts.Failure
	asked := map[string]bool{}
	for u := q.url; u != nil; {
		asked[u.String()] = true
		page, failure := s.page(ctx, q.call, u)
		if failure != nil && u == q.url {
			return facts.Missed[[]T](failure)
		}
		if failure != nil {
			return facts.Partly(items, failure)
		}
		for _, raw := range page.elements {
			v, err := decode(raw)
			if err != nil {
				unreadable = q.malformed(err)
				continue
			}
			items = append(items, v)
		}
		if page.next != "" && len(asked) == q.pages {
			return facts.Partly(items, q.more())
		}
		if u, failure = s.next(q.call, page.next, asked); failure != nil {
			return facts.Partly(items, failure)
		}
	}
	if unreadable != nil {
		return facts.Partly(items, unreadable)
	}
	return facts.Got(items)
}

type page struct {
	elements []json.RawMessage
	next     string
}

func (s *session) page(ctx context.Context, c call, u *url.URL) (page, *facts.Failure) {
	body, failure := s.get(ctx, c, u)
	if failure != nil {
		return page{}, failure
	}
	var p struct {
		Value *[]json.RawMessage `json:"value"`
		Next  string             `json:"@odata.nextLink"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
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

// get sends one question and returns the raw body of the answer.
func (s *session) get(ctx context.Context, c call, u *url.URL) (json.RawMessage, *facts.Failure) {
	info := abstractions.NewRequestInformation()
	info.Method = abstractions.GET
	info.Headers.Add("Accept", "application/json")
	for name, value := range c.headers {
		info.Headers.Add(name, value)
	}
	info.SetUri(*u)
	if c.body != nil {
		info.Method = abstractions.POST
		info.SetStreamContentAndContentType(c.body, "application/json")
		info.Headers.Add("Content-Length", strconv.Itoa(len(c.body))) // without it the adapter sends it in chunks
	}

	var answer rawAnswer
	handler := abstractions.NewRequestHandlerOption()
	handler.SetResponseHandler(answer.read)
	info.AddRequestOptions([]abstractions.RequestOption{handler})
	if c.pace.family != "" {
		ctx = httpread.WithLimit(ctx, s.http.Limiter(c.pace.family, c.pace.perSecond))
	}
	if _, err := s.adapter.SendPrimitive(ctx, info, "[]byte", nil); err != nil {
		return nil, httpread.Classify(err)
	}
	switch {
	case answer.status != http.StatusOK:
		return nil, c.refused(answer.status, answer.body)
	case answer.err != nil:
		f := httpread.Classify(answer.err)
		f.Status = answer.status
		return nil, f
	case !isObject(answer.body):
		return nil, c.malformed(nil)
	}
	return answer.body, nil
}

// rawAnswer takes an answer as it came. Left to itself, the adapter makes an error of a
// refusal with the generated OData model: it loses the status when the body is a gateway's
// HTML, and the model's Error method dereferences members that a body may lack.
type rawAnswer struct {
	status int
	body   []byte
	err    error // while the body was read
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

// parallel is how many calls a probe makes at once when nothing else is said: the directory
// allows thousands in ten seconds, and more at once than this gains nothing.
const parallel = 4

// together runs the tasks, some at once, and returns when all are done. A panic in one of
// them is raised again here, where the collector makes a failure of it: the SDK has
// dereferences that an odd answer can reach.
func together(env *probes.Env, tasks ...func()) {
	limit := env.Limits.Parallel
	if limit <= 0 {
		limit = parallel
	}
	panics := make(chan any, len(tasks))
	var g errgroup.Group
	g.SetLimit(limit)
	for _, task := range tasks {
		g.Go(func() error {
			defer func() {
				if r := recover(); r != nil {
					panics <- r
				}
			}()
			task()
			return nil
		})
	}
	_ = g.Wait() // no task returns an error: what is missing is said inside of the fact
	select {
	case r := <-panics:
		panic(r)
	default:
	}
}

// inTime ends the calls of a probe a little before the probe's deadline: a call that hangs
// then costs its own member, not the whole fact.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/10))
}
