package notify

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/report"
)

// What every receiver shows: a title, and for each event a head, a sentence and what to do.

type item struct{ head, body, next, link string }

var kindWords = map[alert.Kind]checks.Text{
	config.Trouble:       {EN: "New trouble", JA: "新しい問題"},
	config.Worse:         {EN: "Worse", JA: "悪化"},
	config.Better:        {EN: "Better", JA: "改善"},
	config.Recovered:     {EN: "Recovered", JA: "解消"},
	config.Blind:         {EN: "Cannot be looked at", JA: "確認不能"},
	config.SeesAgain:     {EN: "Can be looked at again", JA: "確認再開"},
	config.WaiverEnds:    {EN: "Waiver ends", JA: "免除の終了予定"},
	config.WaiverEnded:   {EN: "Waiver ended", JA: "免除の終了"},
	config.Expires:       {EN: "Expiry", JA: "有効期限"},
	config.Retirement:    {EN: "Retirement", JA: "サービスの終了"},
	config.DomainMissing: {EN: "Domain missing", JA: "ドメインの未登録"},
	config.RunFailed:     {EN: "Run failed", JA: "実行の失敗"},
}

var severityWords = map[checks.Status]checks.Text{
	checks.StatusFail: {EN: "fail", JA: "異常"},
	checks.StatusWarn: {EN: "warn", JA: "注意"},
}

var verdictWords = map[checks.RunVerdict]checks.Text{
	"":                  {EN: "No report", JA: "レポートなし"},
	checks.Ready:        {EN: "Ready", JA: "準備完了"},
	checks.Undetermined: {EN: "Undetermined", JA: "判定不能"},
	checks.NotReady:     {EN: "Not ready", JA: "準備未完了"},
}

var (
	titleOne    = checks.Text{EN: "casdoctor: {tenant}: {what}", JA: "casdoctor: {tenant}: {what}"}
	titleMany   = checks.Text{EN: "casdoctor: {tenant}: {n} changes", JA: "casdoctor: {tenant}: 変化 {n} 件"}
	titleSome   = checks.Text{EN: "casdoctor: {n} changes, tenants: {tenants}", JA: "casdoctor: 変化 {n} 件、テナント {tenants}"}
	titleOpen   = checks.Text{EN: "casdoctor: digest, tenants to look at: {some} of {tenants}, open: {n}", JA: "casdoctor: 定期報告、要確認のテナント {some}/{tenants}、未解消 {n} 件"}
	titleNone   = checks.Text{EN: "casdoctor: digest, all quiet, tenants: {tenants}", JA: "casdoctor: 定期報告、異常なし、テナント {tenants}"}
	titleTest   = checks.Text{EN: "casdoctor: this channel works", JA: "casdoctor: このチャネルは動作しています"}
	bodyTest    = checks.Text{EN: "This is a test of the channel {channel}. Nothing has happened.", JA: "チャネル {channel} のテストです。問題は発生していません。"}
	moreItems   = checks.Text{EN: "and {n} more", JA: "他 {n} 件"}
	openPage    = checks.Text{EN: "Open the page", JA: "ページを開く"}
	allIsQuiet  = checks.Text{EN: "All tenants are ready, and nothing that this channel is told of is open. The oldest report: {report}.", JA: "すべてのテナントが準備完了で、このチャネルの通知対象に未解消のものはありません。最も古いレポート: {report}。"}
	othersQuiet = checks.Text{EN: "Ready, with nothing open: {tenants}", JA: "準備完了、未解消なし: {tenants}"}
	standing    = checks.Text{EN: "Open: {n}. Last report: {report}.", JA: "未解消 {n} 件。最新のレポート: {report}。"}
	noReport    = checks.Text{EN: "none yet", JA: "まだありません"}
	failedSince = checks.Text{EN: " The last run made no report.", JA: "前回の実行ではレポートを作成できませんでした。"}
	since       = checks.Text{EN: "since {day}", JA: "{day} から"}
	stillOpen   = checks.Text{EN: "Trouble", JA: "問題"}
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
	case quiet(m):
		s = say(titleNone, m.Lang, "tenants", strconv.Itoa(len(m.Standings)))
	case m.Digest:
		some := 0
		for _, st := range m.Standings {
			if !st.Quiet() {
				some++
			}
		}
		s = say(titleOpen, m.Lang, "some", strconv.Itoa(some), "tenants", strconv.Itoa(len(m.Standings)), "n", n)
	case len(m.Events) == 1:
		e := m.Events[0]
		what := kindWords[e.Kind].In(m.Lang)
		if about := cmp.Or(e.Check, e.Subject); about != "" {
			what += " · " + about
		}
		s = say(titleOne, m.Lang, "tenant", m.Tenant, "what", what)
	case m.Tenant == "":
		tenants := map[string]bool{}
		for _, e := range m.Events {
			tenants[e.Tenant] = true
		}
		s = say(titleSome, m.Lang, "tenants", strconv.Itoa(len(tenants)), "n", n)
	default:
		s = say(titleMany, m.Lang, "tenant", m.Tenant, "n", n)
	}
	return cut(report.Inert(s), titleCells)
}

// quiet: a digest in which there is nothing to do.
func quiet(m alert.Message) bool {
	return m.Digest && len(m.Events) == 0 && !slices.ContainsFunc(m.Standings, func(s alert.Standing) bool { return !s.Quiet() })
}

// items are the events in words; a message without any says what it is.
func items(m alert.Message) (list []item) {
	switch {
	case m.Test:
		return []item{{body: say(bodyTest, m.Lang, "channel", m.Channel)}}
	case m.Digest:
		return digest(m)
	}
	for _, e := range m.Events {
		it := itemOf(e, m)
		if len(m.Events) > 1 { // of one event it is the message's own
			it.link = e.Link
		}
		list = append(list, it)
	}
	return list
}

// digest tells of each tenant how it stands and what is open, and of those without anything
// only the names.
func digest(m alert.Message) (list []item) {
	report := func(s alert.Standing) string {
		if s.Report == nil {
			return say(noReport, m.Lang)
		}
		return s.Report.UTC().Format(minute)
	}
	if quiet(m) {
		oldest := ""
		for _, s := range m.Standings {
			if r := report(s); oldest == "" || r < oldest {
				oldest = r
			}
		}
		return []item{{body: say(allIsQuiet, m.Lang, "report", cmp.Or(oldest, say(noReport, m.Lang)))}}
	}
	var others []string
	for _, s := range m.Standings {
		if s.Quiet() {
			others = append(others, s.Tenant)
			continue
		}
		body := say(standing, m.Lang, "n", strconv.Itoa(s.Open), "report", report(s))
		if s.Failed {
			body += say(failedSince, m.Lang)
		}
		list = append(list, item{head: show(s.Tenant + ": " + verdictWords[s.Verdict].In(m.Lang)), body: show(body), link: s.Link})
		for _, e := range m.Events {
			if e.Tenant == s.Tenant {
				it := itemOf(e, m)
				it.link = e.Link
				list = append(list, it)
			}
		}
	}
	if len(others) > 0 {
		list = append(list, item{body: show(say(othersQuiet, m.Lang, "tenants", strings.Join(others, ", ")))})
	}
	return list
}

const minute = "2006-01-02 15:04 MST"

func show(s string) string { return cut(report.Inert(s), bodyLetters) }

func itemOf(e alert.Event, m alert.Message) item {
	head := kindWords[e.Kind].In(m.Lang)
	if _, ok := severityWords[e.Is]; ok && m.Digest {
		head = stillOpen.In(m.Lang) // it may be news of a month ago
	}
	if s, ok := severityWords[e.Is]; ok {
		head += " (" + s.In(m.Lang) + ")"
	}
	about := e.Check
	if e.Cause != "" {
		about = e.Cause
	}
	parts := []string{about, e.Subject}
	if m.Digest {
		parts = append(parts, say(since, m.Lang, "day", e.At.UTC().Format(time.DateOnly)))
	}
	for _, part := range parts {
		if part != "" {
			head += " · " + part
		}
	}
	if m.Tenant == "" && !m.Digest {
		head = e.Tenant + ": " + head
	}
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
