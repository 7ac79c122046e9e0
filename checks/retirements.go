package checks

import (
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Retirement is something that provisioning or Cloud App Security rests on and that its owner
// ends on a published day. Its JSON is part of casdoctor.report/v1.
type Retirement struct {
	ID     string `json:"id"`
	On     string `json:"on"`   // the UTC day from which it does not work any more; "": none is published for this cloud
	Come   bool   `json:"come"` // that day has come by the time of judgement
	Text   Text   `json:"text"`
	Source string `json:"source"`
}

// retirement is an entry of the calendar. On is the day by cloud; a cloud without a published
// day has no entry. "" stands for all clouds.
type retirement struct {
	id       string
	on       map[string]time.Time
	concerns func(facts.Microsoft365) bool // nil: everybody
	text     Text
	source   string
}

func connectsSites(m facts.Microsoft365) bool {
	return slices.Contains(m.Services, "sharepoint") || slices.Contains(m.Services, "onedrive")
}

// calendar is in the order of the days.
var calendar = []retirement{
	{
		id: "sharepoint_acs", on: map[string]time.Time{"global": day(2026, time.April, 2)}, concerns: connectsSites,
		text: Text{
			"Azure ACS for SharePoint: the step at _layouts/15/AppInv.aspx of older guides for authorized accounts. Ask Trend Micro what replaces it.",
			"SharePoint 用 Azure ACS: 認証アカウントの古い手順にある _layouts/15/AppInv.aspx の操作。代わりの手順はトレンドマイクロに確認してください。",
		},
		source: "Microsoft 365 message center MC693863",
	},
	{
		id: "sharepoint_password_sign_in", on: legacySignInRetired.On, concerns: connectsSites,
		text: Text{
			"Password sign-in to SharePoint Online (IDCRL): delegate accounts, and the fixes that switch MFA off or use an app password. Move to an authorized account.",
			"SharePoint Online へのパスワードによるサインイン (IDCRL): デリゲート アカウントと、MFA を無効にする対処・アプリ パスワードの対処。認証アカウントへ移行してください。",
		},
		source: legacySignInRetired.Source,
	},
	{
		id: "exchange_ews_off", on: map[string]time.Time{"global": day(2026, time.October, 1)},
		concerns: func(m facts.Microsoft365) bool { return slices.Contains(m.Services, "exchange") },
		text: Text{
			"Exchange Web Services, switched off in phases unless the application is on the tenant's allow list. Put the app id of Cloud App Security on it.",
			"Exchange Web Services の段階的な無効化 (テナントの許可リストにあるアプリを除く)。Cloud App Security のアプリ ID を許可リストに追加してください。",
		},
		source: "Exchange Team Blog, retirement of Exchange Web Services in Exchange Online",
	},
	{
		id: "exchange_ews", on: map[string]time.Time{"global": day(2027, time.April, 1)},
		concerns: func(m facts.Microsoft365) bool { return slices.Contains(m.Services, "exchange") },
		text: Text{
			"Exchange Web Services, for good. Ask Trend Micro what the Exchange Online connection uses then.",
			"Exchange Web Services の完全な廃止。Exchange Online の接続が代わりに使う方式をトレンドマイクロに確認してください。",
		},
		source: "Exchange Team Blog, retirement of Exchange Web Services in Exchange Online",
	},
	{
		id: "cloud_app_security", on: map[string]time.Time{"": day(2028, time.January, 1)},
		text: Text{
			"Support of Cloud App Security, whose last day is 2027-12-31. Plan the update to Trend Vision One Email and Collaboration Security.",
			"Cloud App Security のサポート (最終日 2027-12-31)。Trend Vision One Email and Collaboration Security への更新を計画してください。",
		},
		source: "Trend Micro KA-0015776",
	},
}

// Retirements are the days that concern the declared organisation, in their order.
func Retirements(ev *facts.Evidence, now time.Time) []Retirement {
	m := facts.Get(ev, facts.DeclaredM365)
	out := []Retirement{}
	for _, r := range calendar {
		if r.concerns != nil && (m.Value == nil || !r.concerns(*m.Value)) {
			continue
		}
		one := Retirement{ID: r.id, Text: r.text, Source: r.source}
		on, ok := r.on[""]
		if !ok {
			on, ok = r.on[m.Value.Cloud]
		}
		if ok {
			one.On, one.Come = on.Format(time.DateOnly), !now.Before(on)
		}
		out = append(out, one)
	}
	return out
}
