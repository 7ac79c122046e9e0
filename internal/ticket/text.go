package ticket

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// What the members of a bundle are, for who looks into it.
var (
	aboutTicket = checks.Text{
		EN: "The text of the ticket: what was found, which documented fixes do not work here and why, what is asked of Trend Micro, and blanks for what only you know.",
		JA: "チケットの本文: 判定の結果、使えない対処とその理由、トレンドマイクロへの依頼、および管理者だけが知る情報の記入欄。",
	}
	aboutReport = checks.Text{
		EN: "The report of casdoctor: findings, reasons, fixes, and the calls that showed them. Without who accepted what, and why.",
		JA: "casdoctor のレポート: 判定、理由、対処、根拠となった API 呼び出し。免除の理由と責任者は含みません。",
	}
	aboutEvidence = checks.Text{
		EN: "What was looked at, as far as it may leave the house: no secrets, no Conditional Access policies, no sign-in log, no group names.",
		JA: "確認した情報のうち、外部に出せるもの。シークレット、条件付きアクセス ポリシー、サインイン ログ、グループ名は含みません。",
	}
)

var (
	aboutManifest = checks.Text{
		EN: "What is in this bundle, with sizes and checksums, what was left out, and the versions of casdoctor, Go and the system.",
		JA: "このファイルの内容 (サイズとチェックサム)、含めなかった情報、casdoctor・Go・システムのバージョン。",
	}
	aboutMember = map[string]checks.Text{
		ticketEN: aboutTicket, ticketJA: aboutTicket, reportName: aboutReport, evidenceName: aboutEvidence,
	}
)

// KA-0010496 of Trend Micro lists what a request about provisioning has to bring, and what one
// about detection brings besides.
const whatToBring = "https://success.trendmicro.com/ja-JP/solution/KA-0010496"

// asks are what a ticket asks Trend Micro for, by the fix that ends in one.
var asks = map[string]checks.Text{
	"LIC-01.F2": {
		EN: "Unbind the CLP account from the Microsoft 365 tenant in Cloud App Security, and confirm it. We create the new account and provision again only after that.",
		JA: "Cloud App Security で、CLP アカウントと Microsoft 365 テナントのバインドを解除し、完了をお知らせください。新しいアカウントの作成と再度の準備は、その後に行います。",
	},
	"BND-01.F2": {
		EN: "Unbind the Microsoft 365 tenant from the CLP or LMP account that provisioned it before, and confirm it. We provision again only after that.",
		JA: "以前に準備に使用した CLP または LMP アカウントと、Microsoft 365 テナントのバインドを解除し、完了をお知らせください。再度の準備は、その後に行います。",
	},
	"LIC-01.F1": {
		EN: "Make a full licence of our trial licence, to which the same CLP account can be attached.",
		JA: "体験版ライセンスから製品版ライセンスを作成し、同じ CLP アカウントを追加できるようにしてください。",
	},
	"MFA-01.F3": {
		EN: "Tell us what replaces the step at _layouts/15/AppInv.aspx for an authorized account, since Azure ACS has been retired.",
		JA: "Azure ACS の廃止後、認証アカウントの手順にある _layouts/15/AppInv.aspx の操作に代わる方法をお知らせください。",
	},
}

// askWay is what is asked where no fix is certain to work.
var askWay = checks.Text{
	EN: "Tell us how to mend this here: no documented fix is certain to work, for the reasons above.",
	JA: "上記の理由により、確実に使える文書の対処がありません。この環境での対処方法をお知らせください。",
}

// writer writes a ticket in one language.
type writer struct {
	strings.Builder
	lang string
}

func (w *writer) say(en, ja string, args ...any) {
	if w.lang == "ja" {
		en = ja
	}
	_, _ = fmt.Fprintf(w, en+"\n", args...)
}

func (w *writer) in(t checks.Text) string { return plain(t.In(w.lang)) }

// blank is for what only the customer knows.
const blank = "____"

// plain makes a text one line without characters that a reader obeys or does not see.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// quoted is a name in a text that may be shown as Markdown.
func quoted(s string) string {
	if s == "" {
		return blank
	}
	return "`" + strings.ReplaceAll(plain(s), "`", "'") + "`"
}

func quotedAll(list []string) string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, quoted(s))
		}
	}
	if len(out) == 0 {
		return blank
	}
	return strings.Join(out, ", ")
}

// declared is what the configuration declares; without evidence nothing is known of it.
func declared[T any](ev *facts.Evidence, k facts.Key[T]) (v T) {
	if ev != nil {
		if got := facts.Get(ev, k); got.Value != nil {
			v = *got.Value
		}
	}
	return v
}

// troubles are the checks that a ticket is about: where something was found or seen, or where it
// could not be decided.
func troubles(r report.Report) (out []checks.Result) {
	for _, s := range checks.Statuses()[:3] {
		for _, c := range r.Checks {
			if c.Status == s {
				out = append(out, c)
			}
		}
	}
	return out
}

func writeTicket(to io.Writer, lang string, r report.Report, ev *facts.Evidence, m Manifest) error {
	w := &writer{lang: lang}
	w.say("# Support ticket: Trend Micro Cloud App Security", "# サポートチケット: Trend Micro Cloud App Security")
	w.say("\nPaste this text into the ticket, fill in the blanks (%s) there, and attach the zip that it came in.", "\nこの文をチケットに貼り付けて空欄 (%s) に記入し、元の zip を添付してください。", blank)
	if m.Pseudonyms {
		w.say("\nNames, domains, addresses and ids are pseudonyms, the same ones in all files of this bundle. The form of Trend Micro needs the real login ID and tenant: enter them there.",
			"\n名前、ドメイン、アドレス、ID は仮名です。このファイル内では同じ仮名が同じものを表します。実際のログイン ID とテナントは、トレンドマイクロのフォームに直接記入してください。")
	}
	w.head(r, ev, m)
	list := troubles(r)
	if len(list) == 0 {
		w.say("\n## Symptom\n\ncasdoctor found none of the documented troubles. Describe what you see, with the message word for word: %s",
			"\n## 症状\n\ncasdoctor では、文書に記載されたトラブルは見つかりませんでした。現象とメッセージをそのまま記入してください: %s", blank)
	}
	for _, c := range list {
		w.trouble(c)
	}
	w.asked(list, ev)
	w.attached(ev)
	_, err := io.WriteString(to, w.String())
	return err
}

// head is the vendor's own list of what to bring.
func (w *writer) head(r report.Report, ev *facts.Evidence, m Manifest) {
	ms, lic, cas := declared(ev, facts.DeclaredM365), declared(ev, facts.DeclaredLicensing), declared(ev, facts.DeclaredCAS)
	run := declared(ev, facts.DeclaredRun)
	var accounts []string
	for _, a := range lic.Accounts {
		accounts = append(accounts, a.ID)
	}
	signIn := ""
	if lic.SignIn != nil {
		signIn = lic.SignIn.Account
	}
	if signIn != "" {
		accounts = slices.DeleteFunc(accounts, func(s string) bool { return s == signIn })
	}
	seen := ""
	for _, c := range r.Checks {
		for _, s := range c.Symptoms {
			if s.At != nil && seen == "" {
				seen = report.Minute(*s.At)
			}
		}
	}
	if seen == "" {
		seen = blank
	}
	mode := ""
	if ms.Provisioning != nil {
		mode = *ms.Provisioning
	}
	w.say("\n## What Trend Micro asks for\n\n(%s)\n", "\n## トレンドマイクロが求める情報\n\n(%s)\n", whatToBring)
	w.say("- Activation code: %s", "- アクティベーションコード: %s", blank)
	w.say("- CLP or LMP login ID: %s", "- CLP または LMP のログイン ID: %s", quoted(signIn))
	if len(accounts) > 0 {
		w.say("- Other CLP or LMP accounts concerned: %s", "- 関係するその他の CLP または LMP アカウント: %s", quotedAll(accounts))
	}
	w.say("- Login ID of the Cloud App Security console: %s", "- Cloud App Security 管理コンソールのログイン ID: %s", blank)
	w.say("- Time at which it happened: %s", "- 発生時刻: %s", seen)
	w.say("- How to reproduce it: %s", "- 再現手順: %s", blank)
	w.say("- Screenshot of the message: attach it (%s)", "- メッセージのスクリーンショット: 添付してください (%s)", blank)
	w.say("- Protected services: %s", "- 保護対象のサービス: %s", quotedAll(services(ms, declared(ev, facts.DeclaredGoogle))))
	w.say("- Provisioning mode: %s, phase: %s", "- 準備の方式: %s、段階: %s", quoted(mode), quoted(run.Phase))
	w.say("- Microsoft 365 tenant: %s, cloud: %s", "- Microsoft 365 テナント: %s、クラウド: %s", quoted(ms.TenantID), quoted(ms.Cloud))
	if people := append([]string{ms.GlobalAdmin}, ms.Delegates...); quotedAll(people) != blank {
		w.say("- Accounts of provisioning: %s", "- 準備に使用するアカウント: %s", quotedAll(people))
	}
	w.say("- Site and console: %s", "- サイトと管理コンソール: %s", quotedAll([]string{cas.Site, cas.Console}))
	w.say("- Looked at on %s with casdoctor %s; this bundle with casdoctor %s (%s, %s)",
		"- 確認日時: %s (casdoctor %s)、このファイルの作成: casdoctor %s (%s, %s)",
		report.Minute(r.Taken), plain(m.Versions.Report), m.Versions.Bundle, m.Versions.Go, m.Versions.System)
}

func services(m facts.Microsoft365, g facts.Google) []string {
	out := slices.Clone(m.Services)
	if g.Admin != "" {
		out = append(out, "gmail")
	}
	return out
}

// trouble is one of the documented troubles: symptom, findings, and the fixes that do not work.
func (w *writer) trouble(c checks.Result) {
	w.say("\n## %s %s", "\n## %s %s", c.ID, w.in(c.Title))
	w.say("\n### Symptom\n", "\n### 症状\n")
	for _, known := range checks.All() {
		if known.ID == c.ID {
			w.say("%s", "%s", w.in(known.Symptom))
		}
	}
	for _, s := range c.Symptoms {
		at := blank
		if s.At != nil {
			at = report.Minute(*s.At)
		}
		w.say("- Seen: %s (%s)", "- 表示されたメッセージ: %s (%s)", quoted(s.Text), at)
	}
	if len(c.Symptoms) == 0 {
		w.say("- The message, word for word: %s", "- メッセージの全文: %s", blank)
	}
	w.say("\n### What was found\n", "\n### 判定の結果\n")
	for _, e := range c.Causes {
		if s := e.Status(); s != checks.StatusPass && s != checks.StatusSkip {
			w.entry(e)
		}
	}
	for _, r := range c.Remarks {
		w.say("- %s", "- %s", w.in(r.Text))
	}
	w.seen(c)
	w.fixes(c)
	if c.ID == "SPM-01" {
		w.say("\n### Detection\n", "\n### 検出に関する情報\n")
		w.say("- An affected message as a file: attach it (%s)", "- 影響を受けたメッセージのファイル: 添付してください (%s)", blank)
		w.say("- The detection logs, exported from the Logs menu: attach them (%s)", "- [ログ] メニューからエクスポートした検出ログ: 添付してください (%s)", blank)
		w.say("- Screenshots of the policy: attach them (%s)", "- ポリシー画面のスクリーンショット: 添付してください (%s)", blank)
	}
}

// verdicts are the words for how sure an entry is.
var verdicts = map[string]checks.Text{
	checks.Confirmed.String(): {EN: "confirmed", JA: "確定"},
	checks.Supported.String(): {EN: "fits, not proof", JA: "状況は一致、証拠ではない"},
	checks.Unknown.String():   {EN: "could not be decided", JA: "判定不能"},
}

var bases = map[string]checks.Text{
	checks.Observed.String(): {EN: "observed", JA: "観測"},
	checks.Declared.String(): {EN: "as declared by us", JA: "当方の宣言"},
	checks.Inferred.String(): {EN: "inferred", JA: "推定"},
}

func (w *writer) entry(e checks.Entry) {
	about := e.ID
	if e.Subject != "" {
		about += " " + quoted(e.Subject)
	}
	how := w.in(verdicts[e.Verdict])
	if e.Verdict != checks.Unknown.String() {
		how += ", " + w.in(bases[e.Basis])
	}
	w.say("- %s (%s): %s", "- %s (%s): %s", about, how, w.in(e.Text))
	for _, r := range e.Reasons {
		w.say("  - %s", "  - %s", w.in(r.Text))
	}
}

// seen are the calls that showed it, each once, at its last answer.
func (w *writer) seen(c checks.Result) {
	last := map[string]time.Time{}
	var walk func([]checks.Statement)
	walk = func(list []checks.Statement) {
		for _, s := range list {
			for _, l := range s.Seen {
				if l.At.After(last[l.Call]) {
					last[l.Call] = l.At
				}
			}
			walk(s.Because)
		}
	}
	for _, chain := range c.Chains {
		walk(chain.Statements)
	}
	var calls []string
	for call, at := range last {
		calls = append(calls, quoted(call)+" "+at.UTC().Format(time.RFC3339))
	}
	slices.Sort(calls)
	for _, call := range calls {
		w.say("- Shown by: %s", "- 根拠となった呼び出し: %s", call)
	}
}

var applicability = map[string]checks.Text{
	checks.Yes.String():   {EN: "works here", JA: "使用可"},
	checks.No.String():    {EN: "does not work here", JA: "使用不可"},
	checks.Maybe.String(): {EN: "not certain", JA: "条件次第"},
}

func (w *writer) fixes(c checks.Result) {
	if !slices.ContainsFunc(c.Fixes, func(f checks.FixResult) bool { return len(f.For) > 0 }) {
		w.say("- What we have tried, and what happened: %s", "- 実施した対処とその結果: %s", blank)
		return
	}
	w.say("\n### The fixes, and whether they work here\n", "\n### 対処と、この環境で使えるかどうか\n")
	ours := map[string]bool{}
	for _, known := range checks.All() {
		for _, f := range known.Fixes {
			ours[f.ID] = f.Ours
		}
	}
	for _, f := range c.Fixes {
		if len(f.For) == 0 {
			continue
		}
		from := checks.Text{EN: "documented", JA: "文書に記載"}
		if ours[f.ID] {
			from = checks.Text{EN: "not in the document", JA: "文書に記載なし"}
		}
		w.say("- %s (%s; %s): %s", "- %s (%s、%s): %s", f.ID, w.in(from), w.in(applicability[f.Applies]), w.in(f.Text))
		for _, r := range f.Why {
			w.say("  - %s", "  - %s", w.in(r.Text))
		}
	}
	w.say("- What we have tried, and what happened: %s", "- 実施した対処とその結果: %s", blank)
}

// about says which account and tenant are meant. The subject of BND-01 is the account that is to
// provision; the one to unbind is another.
func (w *writer) about(ref checks.Ref, ev *facts.Evidence) {
	ms := declared(ev, facts.DeclaredM365)
	switch {
	case strings.HasPrefix(ref.Cause, "BND-01"):
		var old []string
		for _, a := range declared(ev, facts.DeclaredLicensing).Accounts {
			if a.ID != ref.Subject && a.Provisioned != "" && strings.EqualFold(a.TenantID, ms.TenantID) {
				old = append(old, a.ID)
			}
		}
		w.say("  - Account that provisioned before, to be unbound: %s", "  - 以前に準備に使用した、バインドを解除するアカウント: %s", quotedAll(old))
		w.say("  - Account to provision with: %s", "  - これから準備に使用するアカウント: %s", quoted(ref.Subject))
		w.say("  - Tenant: %s", "  - テナント: %s", quoted(ms.TenantID))
	case strings.HasPrefix(ref.Cause, "LIC-01"):
		w.say("  - Account: %s, tenant: %s", "  - アカウント: %s、テナント: %s", quoted(ref.Subject), quoted(ms.TenantID))
	}
}

// asked is what Trend Micro is to do.
func (w *writer) asked(list []checks.Result, ev *facts.Evidence) {
	w.say("\n## What we ask for\n", "\n## 依頼内容\n")
	for _, c := range list {
		if c.Status == checks.StatusUnknown {
			continue
		}
		settled := false
		for _, f := range c.Fixes {
			if ask, ok := asks[f.ID]; ok && f.Recommended {
				w.say("- %s: %s", "- %s: %s", c.ID, w.in(ask))
				for _, to := range f.For {
					if to.Recommended {
						w.about(to.Ref, ev)
					}
				}
			}
			settled = settled || f.Recommended
		}
		if !settled {
			w.say("- %s: %s", "- %s: %s", c.ID, w.in(askWay))
		}
	}
	w.say("- Anything else: %s", "- その他の依頼: %s", blank)
}

func (w *writer) attached(ev *facts.Evidence) {
	w.say("\n## Attached\n", "\n## 添付\n")
	w.say("- %s: %s", "- %s: %s", reportName, w.in(aboutReport))
	if ev != nil {
		w.say("- %s: %s", "- %s: %s", evidenceName, w.in(aboutEvidence))
	}
}
