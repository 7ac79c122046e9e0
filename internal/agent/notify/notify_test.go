package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
)

// canary is in every URL and key, and nothing may show it.
const canary = "hunter2-s3cr3t"

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func secret(value string) config.Secret { return config.NewSecret("env:X", []byte(value)) }

// receiver is a server on loopback with TLS; its certificate is network.ca_file.
func receiver(t *testing.T, h http.HandlerFunc) (address string, network config.Network) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, config.Network{CAFile: file}
}

// send sends a message to a channel that is called c.
func send(t *testing.T, c config.Channel, n config.Network, m alert.Message) error {
	t.Helper()
	c.Name, m.Channel = "c", "c"
	s, err := New([]config.Channel{c}, n, clock)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), m)
	if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), canary) {
		t.Errorf("a secret is shown: %v", err)
	}
	var known *Error
	if err != nil && !errors.As(err, &known) {
		t.Errorf("%T is not an *Error: %v", err, err)
	}
	return err
}

func message(lang string, events ...alert.Event) alert.Message {
	return alert.Message{
		ID: "0123456789abcdef", Lang: lang, Tenant: "contoso", At: now, Events: events, Link: "https://casdoctor.example.com/?a=1&b=2",
	}
}

func trouble(subject string) alert.Event {
	return alert.Event{
		Kind: config.Trouble, Key: "contoso/MFA-01/MFA-01.C1/" + subject + "/trouble", Tenant: "contoso", Check: "MFA-01", Cause: "MFA-01.C1",
		Subject: subject, Was: checks.StatusPass, Is: checks.StatusFail, At: now,
		Text: checks.Text{EN: "A policy asks for a second factor.", JA: "ポリシーが第二要素を要求しています。"},
		Next: checks.Text{EN: "MFA-01.F1: Exclude it.", JA: "MFA-01.F1: 除外する。"},
	}
}

const evil = "<!channel> *b* [x](http://evil.example) & <http://evil.example|y>"

// many is a message larger than any receiver takes.
func many(lang string) alert.Message {
	var events []alert.Event
	for i := range 400 {
		e := trouble(fmt.Sprintf("user%d@contoso.com", i))
		e.Text.JA = strings.Repeat("長い文", 300)
		events = append(events, e)
	}
	return message(lang, events...)
}

// decode reads a request as JSON that has no member twice and nothing else behind it.
func decode(t *testing.T, r *http.Request, into any) []byte {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%s with %s", r.Method, r.Header.Get("Content-Type"))
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Errorf("%v in %s", err, body)
	}
	return body
}

// slackReceiver refuses what Slack refuses: blocks of another shape, and more than its limits.
func slackReceiver(t *testing.T, got *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			Text   string
			Blocks []struct {
				Type string
				Text *struct {
					Type, Text string
					Verbatim   bool
				}
				Elements []struct{ Type, Text string }
			}
		}
		decode(t, r, &m)
		if r.URL.Path != "/services/T0/B0/"+canary {
			http.Error(w, "invalid_token", http.StatusForbidden)
			return
		}
		total := 0
		bad := m.Text == "" || len(m.Blocks) == 0 || len(m.Blocks) > 50
		var b strings.Builder
		for _, block := range m.Blocks {
			switch block.Type {
			case "header":
				bad = bad || block.Text.Type != "plain_text" || utf8.RuneCountInString(block.Text.Text) > 150
			case "section":
				bad = bad || block.Text.Type != "mrkdwn" || block.Text.Text == "" || utf8.RuneCountInString(block.Text.Text) > 3000 || !block.Text.Verbatim
			case "context":
				bad = bad || len(block.Elements) != 1
				b.WriteString(block.Elements[0].Text + "\n")
			default:
				bad = true
			}
			if block.Text != nil {
				total += utf8.RuneCountInString(block.Text.Text)
				b.WriteString(block.Text.Text + "\n")
			}
		}
		*got = b.String()
		if bad || total > 13000 {
			http.Error(w, "invalid_blocks", http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}
}

func TestSlack(t *testing.T) {
	var got string
	address, network := receiver(t, slackReceiver(t, &got))
	c := config.Channel{Slack: &config.Webhook{URL: secret(address + "/services/T0/B0/" + canary)}}
	if err := send(t, c, network, message("en", trouble(evil))); err != nil {
		t.Fatal(err)
	}
	const want = "casdoctor: contoso: New trouble · MFA-01\n" +
		"*New trouble (fail) · MFA-01.C1 · &lt;!channel&gt; *b* [x](http://evil.example) &amp; &lt;http://evil.example|y&gt;*\n" +
		"A policy asks for a second factor.\n→ MFA-01.F1: Exclude it.\n" +
		"<https://casdoctor.example.com/?a=1&amp;b=2|Open the page>\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := send(t, c, network, many("ja")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(got, "変化 400 件") || !regexp.MustCompile(`他 \d+ 件`).MatchString(got) {
		t.Errorf("what was cut is not said: %.200s", got)
	}
	c.Slack.URL = secret(address + "/services/gone/" + canary)
	if err := send(t, c, network, message("en", trouble("a"))); err == nil || err.Error() != "not sent: the receiver answered HTTP 403: the URL or the key of the channel is not valid there, or not any more; make a new one (invalid_token)" {
		t.Error(err)
	}
}

func TestTeams(t *testing.T) {
	var card map[string]any
	var size int
	address, network := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			Type        string
			Attachments []struct {
				ContentType string
				Content     map[string]any
			}
		}
		size = len(decode(t, r, &m))
		switch {
		case r.URL.Query().Get("sig") != canary:
			w.WriteHeader(http.StatusUnauthorized)
			return
		case size > 28<<10:
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		case m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive",
			m.Attachments[0].Content["type"] != "AdaptiveCard", m.Attachments[0].Content["version"] != "1.4":
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		card = m.Attachments[0].Content
		for _, b := range card["body"].([]any) {
			block := b.(map[string]any)
			// A TextBlock would make a link of what looks like Markdown.
			if block["type"] != "RichTextBlock" || len(block["inlines"].([]any)) != 1 {
				t.Errorf("a block of type %v", block["type"])
			}
			if r := block["inlines"].([]any)[0].(map[string]any); r["type"] != "TextRun" || r["text"] == "" {
				t.Errorf("a run %v", r)
			}
		}
		w.WriteHeader(http.StatusAccepted)
	})
	c := config.Channel{Teams: &config.Webhook{URL: secret(address + "/workflows/w/triggers/manual/paths/invoke?api-version=1&sig=" + canary)}}
	if err := send(t, c, network, message("ja", trouble(evil))); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(card["body"])
	for _, want := range []string{"casdoctor: contoso: 新しい問題 · MFA-01", evil, "ポリシーが第二要素を要求しています。", "→ MFA-01.F1: 除外する。"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	if a := card["actions"].([]any)[0].(map[string]any); a["type"] != "Action.OpenUrl" || a["url"] != "https://casdoctor.example.com/?a=1&b=2" {
		t.Errorf("%v", a)
	}
	if err := send(t, c, network, many("ja")); err != nil {
		t.Error(err)
	}
	if size < 20<<10 {
		t.Errorf("only %d bytes were used", size)
	}
}

func TestPagerDuty(t *testing.T) {
	key := strings.Repeat("0123456789abcdef", 2)
	open := map[string]string{} // dedup key and severity
	var summary string
	address, network := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		var e struct {
			RoutingKey  string `json:"routing_key"`
			EventAction string `json:"event_action"`
			DedupKey    string `json:"dedup_key"`
			Payload     struct {
				Summary, Source, Severity, Timestamp string
			}
		}
		decode(t, r, &e)
		bad := r.URL.Path != "/v2/enqueue" || e.RoutingKey != key || e.DedupKey == "" || len(e.DedupKey) > 255
		switch e.EventAction {
		case "trigger":
			p := e.Payload
			bad = bad || p.Summary == "" || utf8.RuneCountInString(p.Summary) > 1024 || p.Source == "" ||
				!strings.Contains(" critical error warning info ", " "+p.Severity+" ")
			if _, err := time.Parse(time.RFC3339, p.Timestamp); p.Timestamp != "" && err != nil {
				bad = true
			}
			open[e.DedupKey], summary = p.Severity, p.Summary
		case "resolve":
			delete(open, e.DedupKey)
		default:
			bad = true
		}
		if bad {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	c := config.Channel{PagerDuty: &config.PagerDuty{RoutingKey: secret(key), Endpoint: address}}
	long := trouble(strings.Repeat("長", 190))
	long.Key, long.Text.EN = strings.Repeat("長", 400), strings.Repeat("x", 5000)
	for range 2 { // sent again, it is the same
		if err := send(t, c, network, message("en", long)); err != nil {
			t.Fatal(err)
		}
	}
	if len(open) != 1 || !strings.HasPrefix(summary, "contoso: New trouble (fail) · MFA-01.C1 · 長") {
		t.Errorf("%v %s", open, summary)
	}
	over := long
	over.Kind, over.Is = config.Recovered, checks.StatusPass
	if err := send(t, c, network, message("en", over)); err != nil {
		t.Error(err)
	}
	test := message("en")
	test.Test = true
	if err := send(t, c, network, test); err != nil || len(open) != 0 || summary != "casdoctor: this channel works" {
		t.Errorf("%v; open: %v; %s", err, open, summary)
	}
}

func TestWebhook(t *testing.T) {
	var got map[string]any
	seen := map[string]int{}
	address, network := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body := decode(t, r, &got)
		stamp, err := strconv.ParseInt(r.Header.Get("Casdoctor-Timestamp"), 10, 64)
		if err != nil || time.Unix(stamp, 0).Sub(now).Abs() > 5*time.Minute {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, []byte(canary))
		_, _ = fmt.Fprintf(mac, "%d.%s", stamp, body)
		if given, err := hex.DecodeString(strings.TrimPrefix(r.Header.Get("Casdoctor-Signature"), "v1=")); err != nil || !hmac.Equal(given, mac.Sum(nil)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		seen[r.Header.Get("Idempotency-Key")]++
	})
	c := config.Channel{Webhook: &config.SignedWebhook{URL: secret(address + "/" + canary), Secret: secret(canary)}}
	for range 2 {
		if err := send(t, c, network, message("en", trouble("a"))); err != nil {
			t.Fatal(err)
		}
	}
	if seen["0123456789abcdef"] != 2 || got["schema"] != "casdoctor.message/v1" || got["id"] != "0123456789abcdef" || got["tenant"] != "contoso" ||
		got["events"].([]any)[0].(map[string]any)["kind"] != "trouble" {
		t.Errorf("%v: %v", seen, got)
	}
	c.Webhook.Secret = secret("another secret of mine")
	var e *Error
	if err := send(t, c, network, message("en")); !errors.As(err, &e) || e.Status != http.StatusUnauthorized || !e.Permanent {
		t.Error(err)
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		status    int
		header    http.Header
		permanent bool
		after     time.Duration
	}{
		{http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}}, false, 30 * time.Second},
		{http.StatusTooManyRequests, http.Header{"Retry-After": {"999999"}}, false, time.Hour},
		{http.StatusTooManyRequests, http.Header{"Retry-After": {"-1"}}, false, 0},
		{http.StatusServiceUnavailable, http.Header{"Retry-After": {"Mon, 23 Nov 2026 06:02:00 GMT"}, "Date": {"Mon, 23 Nov 2026 06:00:00 GMT"}}, false, 2 * time.Minute},
		{http.StatusServiceUnavailable, http.Header{"Retry-After": {"Mon, 23 Nov 2020 06:02:00 GMT"}, "Date": {"Mon, 23 Nov 2026 06:00:00 GMT"}}, false, 0},
		{http.StatusBadGateway, nil, false, 0},
		{http.StatusRequestTimeout, nil, false, 0},
		{http.StatusBadRequest, nil, true, 0},
		{http.StatusNotFound, nil, true, 0},
		{http.StatusGone, http.Header{"Retry-After": {"30"}}, true, 0},
		{http.StatusFound, http.Header{"Location": {"/elsewhere"}}, true, 0},
	} {
		var requests atomic.Int32
		address, network := receiver(t, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			for k, v := range tt.header {
				w.Header()[k] = v
			}
			w.WriteHeader(tt.status)
			// A page that repeats the URL, and that does not end.
			for range 1000 {
				if _, err := io.WriteString(w, strings.Repeat(canary+" ", 100)); err != nil {
					return
				}
			}
		})
		err := send(t, config.Channel{Teams: &config.Webhook{URL: secret(address + "/?sig=" + canary)}}, network, message("en", trouble("a")))
		var e *Error
		if !errors.As(err, &e) || e.Status != tt.status || e.Permanent != tt.permanent || e.After != tt.after || requests.Load() != 1 {
			t.Errorf("%d %v: %+v after %d requests", tt.status, tt.header, e, requests.Load())
		}
	}
}

func TestNoAnswer(t *testing.T) {
	address, network := receiver(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	closed := httptest.NewTLSServer(nil)
	closed.Close()
	for name, tt := range map[string]struct {
		url     string
		network config.Network
		want    string
	}{
		"cut off":     {address, network, "closed"},
		"refused":     {closed.URL, network, "connection refused"},
		"certificate": {address, config.Network{}, "certificate does not verify"},
	} {
		err := send(t, config.Channel{Slack: &config.Webhook{URL: secret(tt.url + "/" + canary)}}, tt.network, message("en", trouble("a")))
		var e *Error
		if !errors.As(err, &e) || e.Permanent || e.Status != 0 || !strings.Contains(e.Reason, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := New([]config.Channel{{Name: "c", Slack: &config.Webhook{URL: secret(address + "/" + canary)}}}, network, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(ctx, alert.Message{Channel: "c"}); err == nil || strings.Contains(err.Error(), canary) {
		t.Error(err)
	}
	if err := s.Send(t.Context(), alert.Message{Channel: "gone"}); err == nil || !strings.HasPrefix(err.Error(), "not sent: ") {
		t.Error(err)
	}
}

// TestOnlyChannelsArePostedTo: the transport itself refuses every other URL and method.
func TestOnlyChannelsArePostedTo(t *testing.T) {
	var paths []string
	address, network := receiver(t, func(_ http.ResponseWriter, r *http.Request) { paths = append(paths, r.Method+" "+r.URL.Path) })
	channels := []config.Channel{
		{Name: "a", Slack: &config.Webhook{URL: secret(address + "/slack")}},
		{Name: "b", PagerDuty: &config.PagerDuty{RoutingKey: secret("x"), Endpoint: address}},
	}
	s, err := New(channels, network, clock)
	if err != nil {
		t.Fatal(err)
	}
	client := s.channels["a"].(slack).client
	for _, request := range []string{"POST /slack", "POST /v2/enqueue", "GET /slack", "POST /slack/more", "POST /", "DELETE /v2/enqueue", "POST /slack?x=1"} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err == nil {
			resp.Body.Close()
		} else if !errors.Is(err, errRefused) {
			t.Error(err)
		}
	}
	if got := strings.Join(paths, ", "); got != "POST /slack, POST /v2/enqueue" {
		t.Errorf("sent: %s", got)
	}
}

// TestProxy: messages take the proxy of the configuration, which sees the host and nothing more.
func TestProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	err := send(t, config.Channel{Slack: &config.Webhook{URL: secret("https://hooks.slack.example/services/" + canary)}}, config.Network{Proxy: proxy.URL}, message("en"))
	if err == nil || len(asked) == 0 || asked[0] != "CONNECT hooks.slack.example:443" {
		t.Errorf("%v: %v", asked, err)
	}
}

func TestTitles(t *testing.T) {
	test := message("ja")
	test.Test = true
	hostile := message("en", trouble("a"))
	hostile.Tenant = "a\r\nBcc: everybody@example.com\x1b[2J" + strings.Repeat("x", 500)
	two := message("en", trouble("a"), trouble("b"))
	two.Tenant, two.Events[1].Tenant = "", "fabrikam"
	for want, m := range map[string]alert.Message{
		"casdoctor: contoso: New trouble · MFA-01":                                      message("en", trouble("a")),
		"casdoctor: contoso: 2 changes":                                                 message("en", trouble("a"), trouble("b")),
		"casdoctor: contoso: 変化 2 件":                                                    message("ja", trouble("a"), trouble("b")),
		"casdoctor: 2 changes, tenants: 2":                                              two,
		"casdoctor: このチャネルは動作しています":                                                     test,
		"casdoctor: a  Bcc: everybody@example.com␛[2J" + strings.Repeat("x", 105) + "…": hostile,
	} {
		if got := title(m); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if it := items(two)[1]; !strings.HasPrefix(it.head, "fabrikam: New trouble") {
		t.Errorf("%+v", it)
	}
}

func TestEveryKindHasWords(t *testing.T) {
	for _, k := range []alert.Kind{
		config.Trouble, config.Worse, config.Better, config.Recovered, config.Blind, config.SeesAgain, config.WaiverEnds,
		config.WaiverEnded, config.Expires, config.Retirement, config.DomainMissing, config.RunFailed,
	} {
		if w := kindWords[k]; w.EN == "" || w.JA == "" {
			t.Errorf("%s has no words", k)
		}
	}
}

func TestURLsThatAreNone(t *testing.T) {
	if err := send(t, config.Channel{Slack: &config.Webhook{URL: secret("https://a\x7f/" + canary)}}, config.Network{}, message("en")); err == nil {
		t.Error("sent to no URL")
	}
	if _, err := New(nil, config.Network{CAFile: "none"}, clock); err == nil {
		t.Error("no error for a ca_file that is not there")
	}
}

// The values for receivers to test themselves with were computed with OpenSSL.
func TestSignatureInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "`v1=" + Sign([]byte("correct horse battery staple"), "1795413600", []byte(`{"schema":"casdoctor.message/v1"}`)) + "`"
	if !strings.Contains(string(text), want) {
		t.Errorf("docs/alerts.md does not have %s", want)
	}
}
