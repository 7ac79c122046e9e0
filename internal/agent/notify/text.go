package notify

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/report"
)

// What every receiver shows: a title, and for each event a head, a sentence and what to do.

type item struct{ head, body, next string }

var kindWords = map[alert.Kind]checks.Text{
	config.Trouble:       {EN: "New trouble", JA: "新しい問題"},
	config.Worse:         {EN: "Worse", JA: "悪化"},
	config.Better:        {EN: "Better", JA: "改善"},
	config.Recovered:     {EN: "Recovered", JA: "解消"},
	config.Blind:         {EN: "Cannot be looked at", JA: "確認不能"},
	config.SeesAgain:     {EN: "Can be looked at again", JA: "確認再開"},
	config.WaiverEnds:    {EN: "Waiver ends", JA: "免除の終了予定"},
	config.WaiverEnded:   {EN: "Waiver ended", JA: "免除の終了"},
	config.Expires:       {EN: "Expires", JA: "有効期限"},
	config.Retirement:    {EN: "Retirement", JA: "サービスの終了"},
	config.DomainMissing: {EN: "Domain missing", JA: "ドメインの未登録"},
	config.RunFailed:     {EN: "Run failed", JA: "実行の失敗"},
}

var severityWords = map[checks.Status]checks.Text{
	checks.StatusFail: {EN: "fail", JA: "異常"},
	checks.StatusWarn: {EN: "warn", JA: "注意"},
}

var (
	titleOne    = checks.Text{EN: "casdoctor: {tenant}: {what}", JA: "casdoctor: {tenant}: {what}"}
	titleMany   = checks.Text{EN: "casdoctor: {tenant}: {n} changes", JA: "casdoctor: {tenant}: 変化 {n} 件"}
	titleOpen   = checks.Text{EN: "casdoctor: digest, tenants: {tenants}, open: {n}", JA: "casdoctor: 定期報告、テナント {tenants}、未解消 {n} 件"}
	titleNone   = checks.Text{EN: "casdoctor: digest, tenants: {tenants}, nothing is open", JA: "casdoctor: 定期報告、テナント {tenants}、未解消なし"}
	titleTest   = checks.Text{EN: "casdoctor: this channel works", JA: "casdoctor: このチャネルは動作しています"}
	bodyTest    = checks.Text{EN: "This is a test of the channel {channel}. Nothing has happened.", JA: "チャネル {channel} のテストです。問題は発生していません。"}
	moreItems   = checks.Text{EN: "and {n} more", JA: "他 {n} 件"}
	openPage    = checks.Text{EN: "Open the page", JA: "ページを開く"}
	allIsQuiet  = checks.Text{EN: "No trouble, nothing about to expire, and every check could look.", JA: "問題、期限の近いもの、確認できない項目はありません。"}
	arrow       = "→ "
	titleCells  = 150 // a header of Slack holds no more, and a subject should not
	bodyLetters = 1000
)

func say(t checks.Text, lang string, args ...string) string {
	for i := 0; i+1 < len(args); i += 2 {
		args[i] = "{" + args[i] + "}"
	}
	return strings.NewReplacer(args...).Replace(t.In(lang))
}

// title is one line.
func title(m alert.Message) string {
	n := strconv.Itoa(len(m.Events))
	var s string
	switch {
	case m.Test:
		s = say(titleTest, m.Lang)
	case m.Digest && len(m.Events) == 0:
		s = say(titleNone, m.Lang, "tenants", strconv.Itoa(m.Tenants))
	case m.Digest:
		s = say(titleOpen, m.Lang, "tenants", strconv.Itoa(m.Tenants), "n", n)
	case len(m.Events) == 1:
		e := m.Events[0]
		what := kindWords[e.Kind].In(m.Lang)
		if e.Check != "" {
			what += " " + e.Check
		}
		s = say(titleOne, m.Lang, "tenant", m.Tenant, "what", what)
	default:
		s = say(titleMany, m.Lang, "tenant", m.Tenant, "n", n)
	}
	return cut(report.Inert(s), titleCells)
}

// items are the events in words; a message without any says what it is.
func items(m alert.Message) []item {
	switch {
	case m.Test:
		return []item{{body: say(bodyTest, m.Lang, "channel", m.Channel)}}
	case len(m.Events) == 0:
		return []item{{body: say(allIsQuiet, m.Lang)}}
	}
	list := make([]item, len(m.Events))
	for i, e := range m.Events {
		list[i] = itemOf(e, m)
	}
	return list
}

func itemOf(e alert.Event, m alert.Message) item {
	head := kindWords[e.Kind].In(m.Lang)
	if s, ok := severityWords[e.Is]; ok {
		head += " (" + s.In(m.Lang) + ")"
	}
	about := e.Check
	if e.Cause != "" {
		about = e.Cause
	}
	for _, part := range []string{about, e.Subject} {
		if part != "" {
			head += " · " + part
		}
	}
	if m.Digest {
		head = e.Tenant + ": " + head
	}
	show := func(s string) string { return cut(report.Inert(s), bodyLetters) }
	it := item{head: show(head), body: show(e.Text.In(m.Lang))}
	if next := e.Next.In(m.Lang); next != "" {
		it.next = arrow + show(next)
	}
	return it
}

// cut shortens to a number of characters.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// fit writes as many items as a receiver takes: all of them, or the first and how many more
// there are. write returns what is to be sent; ok says whether it may be.
func fit(m alert.Message, write func(list []item, more string) (body []byte, ok bool)) ([]byte, error) {
	list := items(m)
	// Of more items than these no receiver takes all, and each is tried with fewer.
	const most = 100
	for n := min(len(list), most); n >= 0; n-- {
		more := ""
		if n < len(list) {
			more = say(moreItems, m.Lang, "n", strconv.Itoa(len(list)-n))
		}
		if body, ok := write(list[:n], more); ok {
			return body, nil
		}
	}
	return nil, &Error{Permanent: true, Reason: "the message is larger than the receiver takes"}
}
