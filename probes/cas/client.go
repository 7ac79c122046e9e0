package cas

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// client asks the API at its pace.
type client struct {
	http  *httpread.Client
	base  *url.URL
	token config.Secret
	made  config.Date
	now   time.Time
	site  string
}

func newClient(env *probes.Env) (*client, error) {
	if env.Config.CAS == nil || env.Config.CAS.API == nil {
		return nil, &facts.Failure{Kind: facts.NotConfigured, Detail: "cas.api is not configured; it is optional"}
	}
	api := env.Config.CAS.API
	base, err := url.Parse(api.Endpoint)
	if err != nil || base.Host == "" {
		return nil, &facts.Failure{Kind: facts.NotConfigured, Detail: "cas.api.endpoint is no address"}
	}
	return &client{
		http: env.HTTP, base: base, token: api.Token, made: api.TokenCreated, now: env.Now(), site: string(env.Config.CAS.Site),
	}, nil
}

func (c *client) address(path string, query url.Values) *url.URL {
	u := *c.base
	u.Path, u.RawQuery = path, query.Encode()
	return &u
}

// get makes one call and reads the answer into v.
func (c *client) get(ctx context.Context, api string, u *url.URL, v any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	ctx = httpread.WithFamily(ctx, family, 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return httpread.Classify(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(c.token.Reveal())))
	r.Header.Set("Accept", "application/json")
	resp, err := c.http.HTTP().Do(r)
	if err != nil {
		return httpread.Classify(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body) // the transport caps it
	if err != nil {
		return httpread.Classify(err)
	}
	if resp.StatusCode != http.StatusOK {
		return c.refusal(api, resp.StatusCode, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return httpread.Classify(err)
	}
	return nil
}

// refusal classifies an answer that is not 200. The body has a code, a trace id and a message;
// the message is looked at and never repeated.
func (c *client) refusal(api string, status int, body []byte) *facts.Failure {
	var answer struct {
		Code *int    `json:"code"`
		Msg  *string `json:"msg"`
	}
	documented := json.Unmarshal(body, &answer) == nil && (answer.Code != nil || answer.Msg != nil)
	f := &facts.Failure{Kind: httpread.Status(status), Status: status}
	if answer.Code != nil {
		f.Code = strconv.Itoa(*answer.Code)
	}
	// A public client of the API has met this message under other statuses too.
	if answer.Msg != nil && strings.Contains(*answer.Msg, "Maximum allowed requests exceeded") {
		f.Kind = facts.Throttled
	}
	switch {
	case f.Kind == facts.Throttled:
		f.Detail = "the API allows 20 requests a minute, those of other programs with tokens of the organisation included: run again later"
	case f.Kind == facts.Unavailable:
		f.Detail = "the API is not available: run again later"
	case !documented:
		f.Kind = facts.Malformed
		f.Detail = "the API did not answer with the documented JSON: a proxy may have answered in its place"
	case f.Kind == facts.Unauthenticated:
		f.Detail = c.refusedToken()
	case f.Kind == facts.Forbidden:
		f.Permission = api
		f.Detail = "the token may not use this API: make one for it under Administration > Automation and Integration APIs"
	default:
		f.Detail = "the API refused the request"
	}
	return f
}

// refusedToken says why a token can be refused. The API answers the same to one that is wrong,
// deleted, too old, or of another site.
func (c *client) refusedToken() string {
	if !c.made.IsZero() && !c.now.Before(c.made.Add(tokenLife)) {
		return "the token was refused: it was made on " + c.made.String() + " and lives for 365 days. " +
			"Make a new one under Administration > Automation and Integration APIs"
	}
	where := "cas.api.endpoint"
	if c.site != "" {
		where = "cas.site (" + c.site + ")"
	}
	return "the token was refused: it is wrong, deleted, older than 365 days, or of another site than " + where + " says"
}
