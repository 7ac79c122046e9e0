package cas_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/cas"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const token = "canary-token-of-the-lab"

// logged is an API that has logged one message of contoso.com to itself, and what else there is.
func logged(more ...lab.SecurityEvent) *lab.CAS {
	return &lab.CAS{Token: token, Events: append([]lab.SecurityEvent{{
		Age: time.Hour, Policy: "default", Action: "Quarantine", MessageID: "<1@mail.contoso.com>",
		Sender: "Payroll <canary@contoso.com>", Mailbox: "canary@contoso.com", Subject: "canary subject",
		Headers: [][2]string{
			{"From", "canary <canary@contoso.com>"}, {"Return-Path", "bounce@mailer.example"},
			{"Authentication-Results", "spf=softfail (sender IP is 203.0.113.50)\r\n smtp.mailfrom=contoso.com; dkim=none header.d=none"},
		},
	}}, more...)}
}

// sharedKey is one for all labs: making it takes most of their start.
var sharedKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// practice is a running API and the configuration that asks it.
func practice(t *testing.T, api *lab.CAS, change func(*config.CAS)) (*lab.Lab, *config.Config) {
	t.Helper()
	declared := config.CAS{Site: config.SiteEU, InternalDomains: config.List{Items: []string{"contoso.com"}, Declared: true}}
	if change != nil {
		change(&declared)
	}
	key, err := sharedKey()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(lab.Organisation{CAS: api, Key: key, Declared: config.Config{Tenant: "contoso", CAS: &declared}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	cfg, err := l.Config(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return l, cfg
}

// run is the evidence of the probes.
func run(t *testing.T, cfg *config.Config) *facts.Evidence {
	t.Helper()
	client, err := httpread.New(cfg, httpread.WithBackoff(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	env := &probes.Env{Config: cfg, HTTP: client, Now: time.Now, Log: zerolog.Nop()}
	return probes.Collect(t.Context(), env, cas.Probes(), nil)
}

func asked(t *testing.T, api *lab.CAS, change func(*config.CAS), faults ...lab.Fault) (*facts.Evidence, *lab.Lab) {
	t.Helper()
	l, cfg := practice(t, api, change)
	for _, f := range faults {
		l.Fault(f)
	}
	return run(t, cfg), l
}

func detected(t *testing.T, ev *facts.Evidence) facts.DetectionSet {
	t.Helper()
	got := facts.Get(ev, facts.CASDetections)
	if got.Value == nil {
		t.Fatalf("cas.detections: %v", got.Why())
	}
	return *got.Value
}

func TestAccess(t *testing.T) {
	ev, l := asked(t, logged(), func(c *config.CAS) {
		c.API = &config.CASAPI{TokenCreated: config.Date{Time: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}}
	})
	got := facts.Get(ev, facts.CASAPI)
	want := facts.Got(facts.CASAccess{Host: "127.0.0.1", TokenCreated: "2026-02-01", TokenEnds: "2027-02-01"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	first := l.Requests()[0]
	if first.Method != http.MethodGet || first.Path != "/v1/siem/security_events" || first.Header.Get("Authorization") != "Bearer" {
		t.Errorf("%+v", first)
	}
}

// TestDetections: the message is found by its sender and comes with its headers, and nothing
// that is nobody's business comes along.
func TestDetections(t *testing.T) {
	ev, _ := asked(t, logged(
		lab.SecurityEvent{Age: 2 * time.Hour, MessageID: "<2@x>", Sender: "a@stranger.example", Mailbox: "b@contoso.com"},
		lab.SecurityEvent{Age: 3 * time.Hour, MessageID: "<3@x>", Sender: "a@contoso.com", Mailbox: "b@contoso.com", Filter: "Malware Scanning"},
		lab.SecurityEvent{Age: 4 * time.Hour, MessageID: "<4@x>", Sender: "a@contoso.com", Mailbox: "b@contoso.com", Event: "dlp"},
		lab.SecurityEvent{Age: 80 * time.Hour, MessageID: "<5@x>", Sender: "a@contoso.com", Mailbox: "b@contoso.com"},
		// Missing in the internal domains, but the mailbox's own.
		lab.SecurityEvent{Age: 5 * time.Hour, MessageID: "<6@x>", Sender: "a@CONTOSO.net", Mailbox: "b@contoso.net"},
		lab.SecurityEvent{Age: 6 * time.Hour, MessageID: "<1@mail.contoso.com>", Sender: "a@contoso.com", Mailbox: "c@contoso.com"},
	), nil)
	set := detected(t, ev)
	if set.Events != 5 || !set.List.Complete() || len(*set.List.Value) != 2 {
		t.Fatalf("%+v", set)
	}
	if d := set.End.Sub(set.Start); d > 72*time.Hour || d < 71*time.Hour {
		t.Errorf("a window of %s", d)
	}
	first, second := (*set.List.Value)[0], (*set.List.Value)[1]
	if first.At == nil || time.Since(*first.At) < time.Hour {
		t.Errorf("at %v", first.At)
	}
	first.At = nil
	want := facts.Detection{
		Message: "<1@mail.contoso.com>", Sender: "contoso.com", Policy: "default", Filter: "Advanced Spam Protection", Action: "Quarantine",
		Headers: facts.Got(facts.MailHeaders{
			From: &facts.Mailboxes{Domains: []string{"contoso.com"}}, ReturnPath: &facts.Mailboxes{Domains: []string{"mailer.example"}},
			Results: []facts.AuthResult{{
				Header: "authentication-results", Hop: new(0),
				SPF:  &facts.AuthVerdict{Result: "softfail", Domain: "contoso.com", IP: "203.0.113.50"},
				DKIM: []facts.AuthVerdict{{Result: "none", Domain: "none"}},
			}},
		}),
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	if second.Message != "<6@x>" || second.Sender != "contoso.net" || second.Headers.Why().Kind != facts.NotFound {
		t.Errorf("%+v", second)
	}
	raw, err := json.Marshal(ev)
	if err != nil || strings.Contains(string(raw), "canary") {
		t.Errorf("%v: %s", err, raw)
	}
}

// TestPages: next_link is followed, and only within the same call of the same host: it would take
// the token elsewhere.
func TestPages(t *testing.T) {
	var many []lab.SecurityEvent
	for i := range 1200 {
		many = append(many, lab.SecurityEvent{
			Age: time.Duration(i+2) * time.Minute, MessageID: fmt.Sprintf("<%d@x>", i), Sender: "a@stranger.example", Mailbox: "b@contoso.com",
		})
	}
	many[1150].Sender = "a@contoso.com"
	ev, l := asked(t, logged(many...), nil)
	if set := detected(t, ev); set.Events != 1201 || len(*set.List.Value) != 2 || !set.List.Complete() {
		t.Errorf("%+v", set)
	}
	for _, q := range l.Requests() {
		if q.Status != http.StatusOK {
			t.Errorf("%+v", q)
		}
	}
	for name, link := range map[string]string{
		"another host": "https://evil.example/v1/siem/security_events?skiptoken=1",
		"another path": "https://{host}/v1/sweeping/mails?skiptoken=1",
		"no TLS":       "http://{host}/v1/siem/security_events?skiptoken=1",
		"a user":       "https://a@{host}/v1/siem/security_events?skiptoken=1",
		"no address":   "::",
	} {
		l, cfg := practice(t, logged(), nil)
		link = strings.Replace(link, "{host}", strings.TrimPrefix(cfg.CAS.API.Endpoint, "https://"), 1)
		l.Fault(lab.Fault{
			Service: lab.CASService, Path: "/v1/siem/security_events", Query: "start=", Edit: edit(`"next_link":""`, `"next_link":"`+link+`"`),
		})
		set := detected(t, run(t, cfg))
		if set.List.Why() == nil || set.List.Why().Kind != facts.Malformed || len(*set.List.Value) != 1 {
			t.Errorf("%s: %+v", name, set.List)
		}
		for _, q := range l.Requests() {
			if strings.Contains(q.Query, "skiptoken") {
				t.Errorf("%s: %s?%s was asked", name, q.Path, q.Query)
			}
		}
	}
	// A tenant with more events than are read is told so.
	l, cfg := practice(t, logged(), nil)
	l.Fault(lab.Fault{
		Service: lab.CASService, Path: "/v1/siem/security_events",
		Edit: edit(`"next_link":""`, `"next_link":"`+cfg.CAS.API.Endpoint+`/v1/siem/security_events?service=exchange\u0026event=securityrisk"`),
	})
	if why := detected(t, run(t, cfg)).List.Why(); why == nil || why.Kind != facts.NotCollected || why.Code != "limit" {
		t.Errorf("endless: %+v", why)
	}
}

// TestManyMessages: headers are asked for the latest only, because of the pace.
func TestManyMessages(t *testing.T) {
	var many []lab.SecurityEvent
	for i := range 30 {
		many = append(many, lab.SecurityEvent{
			Age: time.Duration(30-i) * time.Minute, MessageID: fmt.Sprintf("<%d@x>", i), Sender: "a@contoso.com", Mailbox: "b@contoso.com",
			Headers: [][2]string{{"From", "a@contoso.com"}},
		})
	}
	ev, l := asked(t, &lab.CAS{Token: token, Events: many}, nil)
	asks := 0
	for _, q := range l.Requests() {
		if q.Path == "/v1/sweeping/mails" {
			asks++
		}
	}
	list := *detected(t, ev).List.Value
	if asks != 12 || list[0].Message != "<29@x>" || list[11].Headers.Value == nil || list[12].Headers.Why().Kind != facts.NotCollected || len(list) != 30 {
		t.Errorf("%d asked, first %s, %d messages, 13th %v", asks, list[0].Message, len(list), list[12].Headers.Why())
	}
}

// TestRefusals: each refusal is classified, and says what to do.
func TestRefusals(t *testing.T) {
	body := func(msg string) string { return `{"code":-1,"traceId":"x","msg":"` + msg + `"}` }
	for name, tt := range map[string]struct {
		fault      lab.Fault
		change     func(*config.CAS)
		kind       facts.Kind
		code, says string
	}{
		"wrong token": {lab.Fault{Status: 401, Body: body("Authentication token not found")}, nil, facts.Unauthenticated, "-1", "another site than cas.site (eu)"},
		"old token": {
			lab.Fault{Status: 401, Body: body("Authentication token not found")},
			func(c *config.CAS) {
				c.API = &config.CASAPI{TokenCreated: config.Date{Time: time.Now().AddDate(-1, 0, -1)}}
			},
			facts.Unauthenticated, "-1", "lives for 365 days",
		},
		"young token": {
			lab.Fault{Status: 401, Body: body("Authentication token not found")},
			func(c *config.CAS) {
				c.API = &config.CASAPI{TokenCreated: config.Date{Time: time.Now().AddDate(0, 0, -1)}}
			},
			facts.Unauthenticated, "-1", "it is wrong, deleted",
		},
		"no permission":        {lab.Fault{Status: 403, Body: body("Forbidden")}, nil, facts.Forbidden, "-1", "may not use this API"},
		"throttled":            {lab.Fault{Status: 429, Body: body("Too many")}, nil, facts.Throttled, "-1", "20 requests a minute"},
		"throttled by message": {lab.Fault{Status: 400, Body: body("Maximum allowed requests exceeded")}, nil, facts.Throttled, "-1", "20 requests"},
		"bad request":          {lab.Fault{Status: 400, Body: body("Invalid")}, nil, facts.Rejected, "-1", "refused the request"},
		"no such API":          {lab.Fault{Status: 404, Body: body("Not found")}, nil, facts.NotFound, "-1", ""},
		"their trouble":        {lab.Fault{Status: 500, Body: body("Internal")}, nil, facts.Unavailable, "-1", "run again later"},
		"down":                 {lab.Fault{Status: 503}, nil, facts.Unavailable, "", "run again later"},
		"a proxy":              {lab.Fault{Status: 403, Body: "<html>blocked</html>"}, nil, facts.Malformed, "", "proxy"},
		"HTML":                 {lab.Fault{Status: 200, Body: "<html>sign in</html>"}, nil, facts.Malformed, "", ""},
		"empty":                {lab.Fault{Status: 200}, nil, facts.Malformed, "", ""},
		"{}":                   {lab.Fault{Status: 200, Body: "{}"}, nil, facts.Malformed, "", ""},
		"null":                 {lab.Fault{Status: 200, Body: "null"}, nil, facts.Malformed, "", ""},
		"a redirect":           {lab.Fault{Status: 302, Header: http.Header{"Location": {"https://evil.example"}}}, nil, facts.Malformed, "", ""},
		"cut off":              {lab.Fault{Truncate: true}, nil, facts.Malformed, "", ""},
		"reset":                {lab.Fault{Reset: true}, nil, facts.Unreachable, "", ""},
	} {
		tt.fault.Service = lab.CASService
		ev, _ := asked(t, logged(), tt.change, tt.fault)
		for _, key := range []string{facts.CASAPI.Name, facts.CASDetections.Name} {
			f := ev.Facts[key]
			if f.Value != nil || f.Failure == nil || f.Failure.Kind != tt.kind || f.Failure.Code != tt.code && tt.kind != facts.Unreachable ||
				!strings.Contains(f.Failure.Detail, tt.says) || strings.Contains(f.Failure.Detail, token) {
				t.Errorf("%s: %s: %v", name, key, f.Failure)
			}
		}
	}
}

// TestHeadersAreAPartOfItsOwn: Log Retrieval can work where Threat Investigation does not.
func TestHeadersAreAPartOfItsOwn(t *testing.T) {
	for name, tt := range map[string]struct {
		fault lab.Fault
		kind  facts.Kind
	}{
		"no permission": {lab.Fault{Status: 403, Body: `{"code":1,"msg":"x"}`}, facts.Forbidden},
		"no message":    {lab.Fault{Status: 200, Body: `{"value":[],"traceId":"x"}`}, facts.NotFound},
		"another one":   {lab.Fault{Edit: edit("1@mail.", "2@mail.")}, facts.NotFound},
		"no headers":    {lab.Fault{Edit: edit(`"HeaderName":"`, `"HeaderName":"X-`)}, facts.Malformed},
		"renamed":       {lab.Fault{Edit: edit(`"value":`, `"values":`)}, facts.NotFound},
		"{}":            {lab.Fault{Status: 200, Body: "{}"}, facts.Malformed},
	} {
		tt.fault.Service, tt.fault.Path = lab.CASService, "/v1/sweeping/mails"
		ev, _ := asked(t, logged(), nil, tt.fault)
		set := detected(t, ev)
		if h := (*set.List.Value)[0].Headers; h.Value != nil || h.Why().Kind != tt.kind {
			t.Errorf("%s: %v", name, h.Why())
		}
		if name == "no permission" && (*set.List.Value)[0].Headers.Why().Permission != "Threat Investigation" {
			t.Errorf("%s: %v", name, (*set.List.Value)[0].Headers.Why())
		}
	}
	// A value cannot bring a header of its own.
	ev, _ := asked(t, &lab.CAS{Token: token, Events: []lab.SecurityEvent{{
		Age: time.Hour, MessageID: "<1@x>", Sender: "a@contoso.com", Mailbox: "b@contoso.com",
		Headers: [][2]string{{"From", "a@contoso.com\r\nReply-To: x@evil.example\r\n\r\nbody"}},
	}}}, nil)
	if h := (*detected(t, ev).List.Value)[0].Headers.Value; h == nil || h.ReplyTo != nil {
		t.Errorf("%+v", h)
	}
}

func edit(old, with string) func([]byte) []byte {
	return func(body []byte) []byte { return bytes.ReplaceAll(body, []byte(old), []byte(with)) }
}

// TestNotConfigured: the API is optional.
func TestNotConfigured(t *testing.T) {
	ev, l := asked(t, nil, nil)
	for _, key := range []string{facts.CASAPI.Name, facts.CASDetections.Name} {
		if f := ev.Facts[key].Failure; f == nil || f.Kind != facts.NotConfigured {
			t.Errorf("%s: %v", key, f)
		}
	}
	if n := len(l.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestPace: the calls wait for each other, as the service demands of its callers: 20 a minute. On
// loopback nobody counts, so that what is recorded is looked at.
func TestPace(t *testing.T) {
	ev, _ := asked(t, logged(), nil)
	n := 0
	for _, f := range ev.Facts {
		for _, r := range f.Requests {
			n++
			if r.Family != cas.Family.Name {
				t.Errorf("%s is of the family %q", r.URL, r.Family)
			}
		}
	}
	if rate := cas.Family.Units * int(time.Minute/cas.Family.Per); n == 0 || rate != 20 {
		t.Errorf("%d requests, %d a minute", n, rate)
	}
}

// TestTheLabRefuses: the practice API refuses what the real one refuses.
func TestTheLabRefuses(t *testing.T) {
	l, cfg := practice(t, &lab.CAS{Token: token, Denied: []string{"/v1/sweeping/mails"}, PerMinute: 12}, nil)
	client, err := httpread.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	// casdoctor's own transport would not even ask.
	direct := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: client.Roots(), MinVersion: tls.VersionTLS12}}}
	const events = "/v1/siem/security_events?service=exchange&event=securityrisk"
	old := time.Now().Add(-73 * time.Hour).UTC().Format(time.RFC3339)
	for _, tt := range []struct {
		path, auth string
		status     int
	}{
		{events, "Bearer " + token, 200},
		{events, "Bearer wrong", 401},
		{events, token, 401},
		{"/v1/siem/security_events?service=exchange", "Bearer " + token, 400},
		{"/v1/siem/security_events?event=securityrisk&service=mail", "Bearer " + token, 400},
		{events + "&limit=501", "Bearer " + token, 400},
		{events + "&start=" + old, "Bearer " + token, 400},
		{events + "&start=yesterday", "Bearer " + token, 400},
		{events + "&page=2", "Bearer " + token, 400},
		{"/v1/sweeping/mails?message_id=1", "Bearer " + token, 403},
		{"/v1/mitigation/mails", "Bearer " + token, 404},
		{events, "Bearer " + token, 200},
		{events, "Bearer " + token, 200},
		{events, "Bearer " + token, 200},
		{events, "Bearer " + token, 429},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cfg.CAS.API.Endpoint+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", tt.auth)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a 429 is asked again only when there is time
		resp, err := direct.Do(r.WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Msg, TraceID string }
		err = json.NewDecoder(resp.Body).Decode(&answer)
		_ = resp.Body.Close()
		cancel()
		if resp.StatusCode != tt.status || err != nil || answer.TraceID == "" || (answer.Msg == "") != (tt.status == 200) {
			t.Errorf("%s (%s): %d, want %d; %v %+v", tt.path, tt.auth, resp.StatusCode, tt.status, err, answer)
		}
	}
	if n := len(l.Requests()); n != 15 {
		t.Errorf("%d requests", n)
	}
}
