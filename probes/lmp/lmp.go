// Package lmp looks at a subscription in Trend Micro's Licensing Management Platform, through
// its API for partners (LMPI). It is asked only when the configuration has the credentials of
// the partner that manages the organisation's licence.
//
// What belongs here: how the API is asked (its signature) and what its answers mean. What does
// not: whether a licence has ended; that is judged in package checks.
package lmp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// timeout is for one read with its repetitions.
const timeout = 30 * time.Second

// allowedOffset is how far the time of a request may be from the service's (LMPI, "Invoking
// LMPI": a difference of more than 15 minutes is denied).
const allowedOffset = 15 * time.Minute

// Probes are the probes of this package.
func Probes() []probes.Probe {
	return []probes.Probe{
		probes.New(facts.LMPSubscription, probes.Probe{
			Doc: "reads the kind and the end of the configured subscription from the Licensing Management Platform, " +
				"with a partner's credentials (GET /LMPI/v3/customers/{id}/subscriptions/{id})",
			Section: "licensing", Timeout: timeout,
			Permissions: []probes.Permission{{
				Service: "lmp", Name: "access token and secret key of a partner (LMPI)", Optional: true,
				Why: "shows the kind and the end of the licence; the credentials are those of a distributor, ISP, MSP or " +
					"reseller, and there is no such API for a customer of CLP",
			}},
		}, read),
	}
}

func read(ctx context.Context, env *probes.Env) (facts.Subscription, error) {
	if env.Config.Licensing == nil || env.Config.Licensing.LMP == nil {
		return facts.Subscription{}, &facts.Failure{
			Kind: facts.NotConfigured, Detail: "licensing.lmp is not configured: only a partner's credentials read a subscription",
		}
	}
	c := env.Config.Licensing.LMP
	path := "/LMPI/v3/customers/" + url.PathEscape(c.CustomerID) + "/subscriptions/" + url.PathEscape(c.SubscriptionID)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Endpoint+path, nil)
	if err != nil {
		return facts.Subscription{}, httpread.Classify(err)
	}
	sent := env.Now()
	posix := strconv.FormatInt(sent.Unix(), 10)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-Access-Token", secret(c.AccessToken.Reveal()))
	r.Header.Set("X-Posix-Time", posix)
	r.Header.Set("X-Signature", sign(secret(c.SecretKey.Reveal()), posix, r.Method, r.URL.RequestURI()))
	r.Header.Set("X-Traceid", uuid.NewString())
	resp, err := env.HTTP.HTTP().Do(r)
	if err != nil {
		return facts.Subscription{}, httpread.Classify(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return facts.Subscription{}, httpread.Classify(err)
	}
	if resp.StatusCode != http.StatusOK {
		return facts.Subscription{}, refusal(resp, body, sent)
	}
	return decode(body, c.SubscriptionID)
}

// secret is the text of a secret from a file or a variable, without the line end of an editor.
func secret(raw []byte) string { return strings.TrimSpace(string(raw)) }

// sign makes the signature of a request without a body: Base64 of HMAC-SHA256, with the secret
// key, over the time, the method and the path with its query (LMPI, "Invoking LMPI" and its
// sample code).
func sign(key, posix, method, uri string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(mac, posix+method+uri) // a hash never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

const who = "the Licensing Management Platform"

// refusal classifies an answer that is not the subscription. The API's own codes are not
// published in full, so that the status decides; a code that comes with it is kept.
func refusal(resp *http.Response, body []byte, sent time.Time) *facts.Failure {
	f := &facts.Failure{Kind: httpread.Status(resp.StatusCode), Status: resp.StatusCode}
	var answer map[string]json.RawMessage
	if json.Unmarshal(body, &answer) != nil {
		if f.Kind != facts.Throttled && f.Kind != facts.Unavailable {
			f.Kind = facts.Malformed
			f.Detail = who + " did not answer with JSON: a proxy or filter on the way may have answered instead"
			return f
		}
	}
	f.Code = code(answer)
	switch f.Kind {
	case facts.Throttled:
		f.Detail = who + " asks to slow down: run again later"
		if after := httpread.RetryAfter(resp.Header); after != "" {
			f.Detail = who + " asks to wait (Retry-After: " + after + "): run again later"
		}
	case facts.Unavailable:
		f.Detail = who + " is not available: run again later"
	case facts.Unauthenticated, facts.Forbidden:
		f.Detail = who + " refused: check licensing.lmp.access_token and secret_key, and that they are those of the partner " +
			"that manages this customer"
		if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil && sent.Sub(at).Abs() > allowedOffset {
			f.Kind = facts.Unauthenticated
			f.Detail = fmt.Sprintf("%s refused, and this machine's clock differs by %s from its own, of which it allows %s: "+
				"set the clock (NTP)", who, sent.Sub(at).Round(time.Second), allowedOffset)
		}
	case facts.NotFound:
		f.Detail = who + " does not know this customer or subscription: check licensing.lmp.customer_id and subscription_id"
	default:
		f.Detail = who + " refused the request"
	}
	return f
}

// code is the code among the members that errors usually carry it in.
func code(answer map[string]json.RawMessage) string {
	for _, name := range []string{"code", "error_code", "error"} {
		var v any
		if json.Unmarshal(answer[name], &v) != nil {
			continue
		}
		switch v := v.(type) {
		case string:
			if s := httpread.Code(v); s != "" {
				return s
			}
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}

func decode(body []byte, configured string) (facts.Subscription, error) {
	var s struct {
		facts.Subscription
		Licenses *[]facts.Licence `json:"licenses"`
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return facts.Subscription{}, malformed("the answer is not the documented JSON")
	}
	switch {
	case s.ID == "":
		return facts.Subscription{}, malformed("the answer does not say which subscription it is")
	case !strings.EqualFold(s.ID, configured):
		return facts.Subscription{}, &facts.Failure{Kind: facts.WrongIdentity, Detail: "the answer is of another subscription: " + s.ID}
	case s.Licenses == nil:
		return facts.Subscription{}, malformed("the licences are not in the answer")
	}
	s.Subscription.Licenses = *s.Licenses
	return s.Subscription, nil
}

func malformed(what string) *facts.Failure {
	return &facts.Failure{Kind: facts.Malformed, Status: http.StatusOK, Detail: who + " answered, but " + what}
}
