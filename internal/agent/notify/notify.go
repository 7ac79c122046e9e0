// Package notify sends messages to channels: one file for each kind of receiver.
//
// What belongs here: the shape that a receiver wants, its limits, and what its answer means:
// sent, later, or never. What does not: what is told and when (package alert), and when to try
// again (package jobs).
//
// This is the one place of casdoctor that writes to anybody. The transport lets a POST to the
// URL of a configured channel through and nothing else: no redirect is followed, and whatever
// else fails before it is sent. URLs and keys are secrets, and no error repeats them.
package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/wayout"
)

const (
	// sendTimeout bounds one message: Teams takes several seconds to begin a workflow.
	sendTimeout = 30 * time.Second
	// maxAnswer bounds what is read of an answer; the receivers say "ok", or a few words.
	maxAnswer = 4 << 10
	// maxWait bounds what a receiver can ask us to wait: a wrong clock must not silence a channel for a year.
	maxWait = time.Hour
)

// Error is why a message was not sent. It never holds a URL, a key or what the receiver wrote
// in prose.
type Error struct {
	Permanent bool          // it will not work later either
	After     time.Duration // when to try again; 0: the receiver does not say
	Status    int           // of HTTP or SMTP; 0: there was no answer
	Reason    string        // one line
}

func (e *Error) Error() string {
	kind := "not sent, try again later: "
	if e.Permanent {
		kind = "not sent: "
	}
	return kind + e.Reason
}

// Sender sends messages to the channels of a configuration.
type Sender struct {
	channels map[string]channel
	clock    func() time.Time
}

// channel sends one message to one receiver.
type channel interface {
	send(context.Context, alert.Message) error
}

// New makes the senders of a configuration. clock gives the time of signatures and mails.
func New(channels []config.Channel, network config.Network, clock func() time.Time) (*Sender, error) {
	way, err := wayout.New(network)
	if err != nil {
		return nil, err
	}
	s := &Sender{channels: map[string]channel{}, clock: clock}
	post := poster(way, addresses(channels))
	for _, c := range channels {
		switch {
		case c.Slack != nil:
			s.channels[c.Name] = slack{post, string(c.Slack.URL.Reveal())}
		case c.Teams != nil:
			s.channels[c.Name] = teams{post, string(c.Teams.URL.Reveal())}
		case c.PagerDuty != nil:
			s.channels[c.Name] = pagerDuty{post, enqueue(*c.PagerDuty), string(c.PagerDuty.RoutingKey.Reveal())}
		case c.Webhook != nil:
			s.channels[c.Name] = webhook{post, string(c.Webhook.URL.Reveal()), c.Webhook.Secret.Reveal(), clock}
		case c.Email != nil:
			s.channels[c.Name] = email{
				Email: *c.Email, implicit: c.Email.Port == submissions, clock: clock, dialer: way.Dialer(),
				tls: &tls.Config{ServerName: c.Email.Host, RootCAs: way.Roots(), MinVersion: tls.VersionTLS12},
			}
		}
	}
	return s, nil
}

// Send sends a message to its channel. Any failure is an *Error.
func (s *Sender) Send(ctx context.Context, m alert.Message) error {
	c, ok := s.channels[m.Channel]
	if !ok {
		return &Error{Permanent: true, Reason: "the configuration has no channel " + strconv.Quote(m.Channel) + " any more"}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return c.send(ctx, m)
}

// addresses are the URLs that may be posted to.
func addresses(channels []config.Channel) (all []string) {
	for _, c := range channels {
		switch {
		case c.Slack != nil:
			all = append(all, string(c.Slack.URL.Reveal()))
		case c.Teams != nil:
			all = append(all, string(c.Teams.URL.Reveal()))
		case c.PagerDuty != nil:
			all = append(all, enqueue(*c.PagerDuty))
		case c.Webhook != nil:
			all = append(all, string(c.Webhook.URL.Reveal()))
		}
	}
	return all
}

var errRefused = errors.New("refused before it was sent: only the URLs of channels are posted to")

// gate lets through POST to the URLs of channels.
type gate struct {
	may  []string
	base http.RoundTripper
}

func (g gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || !slices.Contains(g.may, r.URL.String()) {
		return nil, errRefused
	}
	return g.base.RoundTrip(r)
}

// poster is a client for the URLs.
func poster(way *wayout.Way, urls []string) *http.Client {
	var may []string
	for _, raw := range urls {
		if u, err := url.Parse(raw); err == nil {
			may = append(may, u.String())
		}
	}
	return &http.Client{
		Transport: gate{may, &http.Transport{
			Proxy:               func(r *http.Request) (*url.URL, error) { return way.Proxy(r.URL) },
			DialContext:         way.Dialer().DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: way.Roots(), MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 2,
			IdleConnTimeout:     30 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends JSON and returns the beginning of the answer. Every status but 2xx is an *Error.
func post(ctx context.Context, client *http.Client, address string, body []byte, header http.Header) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return "", &Error{Permanent: true, Reason: "the URL of the channel is no URL"}
	}
	for k, v := range header {
		r.Header[k] = v
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "casdoctor")
	resp, err := client.Do(r)
	if err != nil {
		return "", unsent(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // the status is there, and decides
	text := strings.TrimSpace(string(answer))
	if resp.StatusCode/100 == 2 {
		return text, nil
	}
	e := &Error{Status: resp.StatusCode, Reason: fmt.Sprintf("the receiver answered HTTP %d", resp.StatusCode), Permanent: true}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code >= 500:
		e.Permanent, e.After = false, retryAfter(resp.Header)
	case code >= 300 && code < 400:
		e.Reason += ", a redirect, which is not followed: correct the URL of the channel"
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusNotFound, code == http.StatusGone:
		e.Reason += ": the URL or the key of the channel is not valid there, or not any more; make a new one"
	default:
		e.Reason += ": it does not take this message; is the URL that of a channel of this kind?"
	}
	return text, e
}

// unsent is the error of a request that got no answer. The error's own text has the URL in it.
func unsent(err error) *Error {
	if errors.Is(err, errRefused) {
		return &Error{Permanent: true, Reason: errRefused.Error()}
	}
	return &Error{Reason: httpread.Classify(err).Detail}
}

// retryAfter is what the receiver asks us to wait (RFC 9110, 10.2.3): seconds, or a time, which
// is taken by the receiver's own clock.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		if now, err := http.ParseTime(h.Get("Date")); err == nil {
			wait = at.Sub(now)
		}
	}
	return min(max(wait, 0), maxWait)
}
