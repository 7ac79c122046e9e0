package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/internal/agent/alert"
)

// The limits of Slack's Block Kit ("Blocks", "Section block", "Header block"). That all blocks
// together may not have much more than 13,000 characters is not documented; the API refuses
// them with msg_blocks_too_long.
const (
	slackBlocks  = 50
	slackSection = 3000
	slackTotal   = 12000
)

// slack is an incoming webhook.
type slack struct {
	client *http.Client
	url    string
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Verbatim keeps Slack from making links and mentions of what looks like one.
	Verbatim bool `json:"verbatim,omitempty"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

// slackEscape is the escaping of "Formatting text for app surfaces": three characters, no more.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

func mrkdwn(s string) slackText { return slackText{Type: "mrkdwn", Text: s, Verbatim: true} }

// slackLink is a text that leads to an address, or only the text.
func slackLink(address, text string) string {
	if address == "" {
		return slackEscape(text)
	}
	return "<" + slackEscape(address) + "|" + slackEscape(text) + ">"
}

// slackCode is the shape of Slack's own error codes, such as channel_is_archived.
var slackCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z_]{1,40}$`) })

func (s slack) send(ctx context.Context, m alert.Message) error {
	body, err := fit(m, func(list []item, more string) ([]byte, bool) { return slackMessage(m, list, more) })
	if err != nil {
		return err
	}
	answer, err := post(ctx, s.client, s.url, body, nil)
	if e, ok := err.(*Error); ok && slackCode().MatchString(answer) { //nolint:errorlint // post wraps nothing
		e.Reason += " (" + answer + ")"
	}
	return err
}

func slackMessage(m alert.Message, list []item, more string) ([]byte, bool) {
	head := title(m)
	blocks := []slackBlock{{Type: "header", Text: &slackText{Type: "plain_text", Text: head}}}
	total := utf8.RuneCountInString(head)
	section := func(lines ...string) bool {
		text := strings.Join(lines, "\n")
		n := utf8.RuneCountInString(text)
		total += n
		t := mrkdwn(text)
		blocks = append(blocks, slackBlock{Type: "section", Text: &t})
		return n <= slackSection
	}
	ok := true
	for _, it := range list {
		var lines []string
		if it.head != "" {
			lines = append(lines, "*"+slackLink(it.link, it.head)+"*")
		}
		for _, l := range []string{it.body, it.next} {
			if l != "" {
				lines = append(lines, slackEscape(l))
			}
		}
		ok = section(lines...) && ok
	}
	if more != "" {
		ok = section(slackEscape(more)) && ok
	}
	if m.Link != "" {
		blocks = append(blocks, slackBlock{Type: "context", Elements: []slackText{mrkdwn(slackLink(m.Link, say(openPage, m.Lang)))}})
	}
	body, err := json.Marshal(map[string]any{"text": slackEscape(head), "blocks": blocks})
	return body, err == nil && ok && len(blocks) <= slackBlocks && total <= slackTotal
}
