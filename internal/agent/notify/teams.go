package notify

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/casdoctor/casdoctor/internal/agent/alert"
)

// teamsMost is the size of a message to Teams ("Limits and specifications for Microsoft Teams",
// 28 KB for a card that a webhook posts).
const teamsMost = 28 << 10

// teams is a workflow that begins when a webhook request is received. It takes an Adaptive Card
// in an attachment. Version 1.4 is the newest that all Teams clients show.
type teams struct {
	client *http.Client
	url    string
}

// A RichTextBlock shows text as it is, where a TextBlock obeys Markdown: names come from
// somewhere else, and a link in one must not become a link.
type richText struct {
	Type      string    `json:"type"`
	Inlines   []textRun `json:"inlines"`
	Separator bool      `json:"separator,omitempty"`
}

type textRun struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Select *open  `json:"selectAction,omitempty"`
}

// open is an Action.OpenUrl.
type open struct {
	Type  string `json:"type"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url"`
}

func opens(address, title string) open { return open{"Action.OpenUrl", title, address} }

func run(text, weight, size string) richText {
	return richText{Type: "RichTextBlock", Inlines: []textRun{{Type: "TextRun", Text: text, Weight: weight, Size: size}}}
}

func (t teams) send(ctx context.Context, m alert.Message) error {
	body, err := fit(m, func(list []item, more string) ([]byte, bool) {
		b, err := json.Marshal(teamsMessage(m, list, more))
		return b, err == nil && len(b) <= teamsMost
	})
	if err != nil {
		return err
	}
	_, err = post(ctx, t.client, t.url, body, nil) // 202: the workflow has begun
	return err
}

func teamsMessage(m alert.Message, list []item, more string) map[string]any {
	blocks := []richText{run(title(m), "Bolder", "Medium")}
	for _, it := range list {
		first := true
		add := func(text, weight, link string) {
			if text == "" {
				return
			}
			r := run(text, weight, "")
			if link != "" {
				to := opens(link, "")
				r.Inlines[0].Select = &to
			}
			r.Separator, first = first, false
			blocks = append(blocks, r)
		}
		add(it.head, "Bolder", it.link)
		add(it.body, "", "")
		add(it.next, "", "")
	}
	if more != "" {
		blocks = append(blocks, run(more, "", ""))
	}
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"body": blocks, "msteams": map[string]string{"width": "Full"},
	}
	if m.Link != "" {
		card["actions"] = []open{opens(m.Link, say(openPage, m.Lang))}
	}
	return map[string]any{
		"type":        "message",
		"attachments": []map[string]any{{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}},
	}
}
