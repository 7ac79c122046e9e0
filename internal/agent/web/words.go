package web

import (
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// What this page says. The words of a report are package report's, and the sentences about an
// organisation come with its report.

// say is a text in a language with its slots filled; args alternate name and value.
func say(lang string, t checks.Text, args ...string) string {
	s := t.In(lang)
	for i := 0; i+1 < len(args); i += 2 {
		s = strings.ReplaceAll(s, "{"+args[i]+"}", args[i+1])
	}
	return s
}

type text = checks.Text

var (
	wSkip     = text{EN: "To the content", JA: "本文へ"}
	wMenu     = text{EN: "Pages", JA: "ページ"}
	wLanguage = text{EN: "Language", JA: "言語"}
	wOverview = text{EN: "Tenants", JA: "テナント"}
	wEnds     = text{EN: "What ends soon", JA: "まもなく終了するもの"}
	wQueue    = text{EN: "Queue", JA: "キュー"}
	wSignIn   = text{EN: "Sign in", JA: "サインイン"}
	wSignOut  = text{EN: "Sign out", JA: "サインアウト"}
	wYouAre   = text{EN: "{who} ({role})", JA: "{who} ({role})"}
	wRoles    = map[string]text{
		"reader": {EN: "reader", JA: "閲覧者"}, "operator": {EN: "operator", JA: "操作担当"},
	}

	// The overview.
	wNoTenants  = text{EN: "There are no tenants yet. The first run begins as soon as one is configured.", JA: "テナントはまだありません。設定するとすぐに最初の実行が始まります。"}
	wNoneFound  = text{EN: "No tenant fits this choice.", JA: "条件に合うテナントはありません。"}
	wSummary    = text{EN: "{n} of {all} tenants have a trouble", JA: "{all} テナント中 {n} 件に問題があります"}
	wSummaryOne = text{EN: "1 of {all} tenants has a trouble", JA: "{all} テナント中 1 件に問題があります"}
	wUndecided  = text{EN: "No trouble is known, but {n} of {all} tenants could not be judged", JA: "問題は見つかっていませんが、{all} テナント中 {n} 件は判定できません"}
	wAllReady   = text{EN: "All {all} tenants are ready", JA: "全 {all} テナント、問題なし"}
	wWaiting    = text{EN: "The first run is not finished yet", JA: "最初の実行がまだ終わっていません"}
	wInTheWay   = text{EN: "What stands in the way", JA: "現在の問題"}
	wMatrix     = text{EN: "Tenants and troubles", JA: "テナントとトラブル"}
	wTenant     = text{EN: "Tenant", JA: "テナント"}
	wVerdict    = text{EN: "Verdict", JA: "判定"}
	wLastRun    = text{EN: "Last run", JA: "前回の実行"}
	wNextRun    = text{EN: "Next run", JA: "次回の実行"}
	wNever      = text{EN: "none yet", JA: "未実行"}
	wNotDue     = text{EN: "no longer configured", JA: "設定から削除済み"}
	wNoReport   = text{EN: "no report", JA: "レポートなし"}
	wFind       = text{EN: "Find a tenant", JA: "テナントを検索"}
	wShow       = text{EN: "Show", JA: "表示"}
	wEverything = text{EN: "all", JA: "すべて"}
	wOnlyBad    = text{EN: "with a trouble", JA: "問題あり"}
	wOnlyOpen   = text{EN: "undetermined", JA: "判定不能"}
	wOnlyGood   = text{EN: "ready", JA: "問題なし"}
	wApply      = text{EN: "Apply", JA: "適用"}
	wTenantsN   = text{EN: "{n} tenants", JA: "{n} テナント"}
	wShown      = text{EN: "{n} of {all} are shown.", JA: "{all} 件中 {n} 件を表示しています。"}

	// A tenant.
	wRunNow    = text{EN: "Run now", JA: "今すぐ実行"}
	wChecks    = text{EN: "The seven troubles", JA: "7 つのトラブル"}
	wSince     = text{EN: "Since", JA: "開始"}
	wStatus    = text{EN: "Status", JA: "状態"}
	wRuns      = text{EN: "Runs", JA: "実行の記録"}
	wRun       = text{EN: "Run {n}", JA: "実行 {n}"}
	wFull      = text{EN: "Open the last report", JA: "最新のレポートを開く"}
	wWhen      = text{EN: "When", JA: "日時"}
	wFound     = text{EN: "Found", JA: "結果"}
	wAskedBy   = text{EN: "asked for by {who}", JA: "{who} が実行"}
	wOlder     = text{EN: "Older runs", JA: "以前の実行"}
	wNoRuns    = text{EN: "There are no runs yet.", JA: "実行の記録はまだありません。"}
	wSchedule  = text{EN: "Schedule", JA: "スケジュール"}
	wWaivers   = text{EN: "Waivers", JA: "免除"}
	wNoWaivers = text{EN: "Nothing is waived.", JA: "免除はありません。"}
	wCause     = text{EN: "Cause", JA: "原因"}
	wSubject   = text{EN: "Subject", JA: "対象"}
	wReason    = text{EN: "Reason", JA: "理由"}
	wUntil     = text{EN: "Until", JA: "期限"}
	wBy        = text{EN: "By", JA: "登録者"}
	wInFile    = text{EN: "casdoctor.yaml", JA: "casdoctor.yaml"}
	wEverySub  = text{EN: "every subject", JA: "すべての対象"}
	wWhole     = text{EN: "the organisation", JA: "組織全体"}
	wEndWaiver = text{EN: "End waiver", JA: "免除を終了"}
	wEndThis   = text{EN: "End the waiver of {cause} for {subject}", JA: "{cause} ({subject}) の免除を終了"}
	wOver      = text{EN: "over", JA: "期限切れ"}
	wFailure   = text{EN: "The last run made no report: {why}", JA: "前回の実行ではレポートを作成できませんでした: {why}"}
	wStale     = text{EN: "What is shown is from {when}.", JA: "表示内容は {when} 時点のものです。"}

	// A trouble.
	wHistory   = text{EN: "History", JA: "履歴"}
	wTimeline  = text{EN: "From {from} to {to}: {n} runs, {changes} changes. The table says the same in words.", JA: "{from} から {to} まで: 実行 {n} 回、変化 {changes} 回。同じ内容を下の表に示します。"}
	wFrom      = text{EN: "From", JA: "開始"}
	wRunsN     = text{EN: "Runs", JA: "実行回数"}
	wNow       = text{EN: "now", JA: "現在"}
	wFindings  = text{EN: "What was found", JA: "見つかったもの"}
	wNothing   = text{EN: "The last report found nothing here.", JA: "最新のレポートでは何も見つかりませんでした。"}
	wWhatToDo  = text{EN: "What helps, step by step, is in the report.", JA: "対処の手順はレポートに記載されています。"}
	wWaive     = text{EN: "Waive", JA: "免除する"}
	wWaiveThis = text{EN: "Waive {cause} for {subject}", JA: "{cause} ({subject}) を免除"}
	wWaiveHelp = text{EN: "It keeps its verdict and does not count any more, until the end of the day that you name. Your name and the reason are recorded.", JA: "判定はそのまま残りますが、指定した日の終わりまで結果に含まれません。登録者名と理由は記録されます。"}
	wReasonTip = text{EN: "For example a ticket.", JA: "例: チケット番号"}
	wAccepted  = text{EN: "accepted until {until}: {reason}", JA: "{until} まで免除: {reason}"}

	// A run.
	wRunOf         = text{EN: "Run {n} of {tenant}", JA: "{tenant} の実行 {n}"}
	wTook          = text{EN: "Took", JA: "所要時間"}
	wVersion       = text{EN: "Version", JA: "バージョン"}
	wChanged       = text{EN: "What changed since the run before", JA: "前回の実行からの変化"}
	wUnchanged     = text{EN: "Nothing that you would act on has changed since {run}.", JA: "{run} から、対応が必要な変化はありません。"}
	wFirstRun      = text{EN: "There is no run before it to compare with.", JA: "比較できる以前の実行はありません。"}
	wWorse         = text{EN: "worse", JA: "悪化"}
	wBetter        = text{EN: "better", JA: "改善"}
	wSame          = text{EN: "other", JA: "その他"}
	wNew           = text{EN: "new", JA: "新規"}
	wGone          = text{EN: "gone", JA: "解消"}
	wOther         = text{EN: "changed", JA: "変化"}
	wTo            = text{EN: "to", JA: "→"}
	wDownload      = text{EN: "report.json", JA: "report.json"}
	wDownloadLabel = text{EN: "Data", JA: "データ"}
	wFix           = text{EN: "Fix", JA: "対処"}
	wRead          = text{EN: "How well it could be read", JA: "取得状況"}
	wDay           = text{EN: "Published day", JA: "公表された日付"}

	// What ends.
	wNoEnds = text{EN: "No end is known.", JA: "終了予定のものはありません。"}
	wEnd    = text{EN: "Ends", JA: "終了"}
	wWhat   = text{EN: "What", JA: "内容"}
	wInDays = text{EN: "in {n} days", JA: "あと {n} 日"}
	wInDay  = text{EN: "in 1 day", JA: "あと 1 日"}
	wToday  = text{EN: "today", JA: "本日"}
	wEnded  = text{EN: "has ended", JA: "終了済み"}
	wKinds  = map[string]text{
		"licence": {EN: "Licence", JA: "ライセンス"}, "api_token": {EN: "API token", JA: "API トークン"},
		"client_secret": {EN: "Client secret", JA: "クライアント シークレット"}, "client_certificate": {EN: "Client certificate", JA: "クライアント証明書"},
		"certificate": {EN: "Certificate", JA: "証明書"}, "waiver": {EN: "Waiver", JA: "免除"}, "service": {EN: "Service", JA: "サービス"},
	}
	wEndsHelp = text{EN: "As the last run of each tenant saw it: licences, certificates, tokens, waivers, and what its owner switches off.", JA: "各テナントの最新の実行に基づく、ライセンス、証明書、トークン、免除、提供終了の予定です。"}

	// The queue.
	wJobs      = text{EN: "What waits and runs", JA: "待機中と実行中"}
	wNoJobs    = text{EN: "Nothing waits, and nothing runs.", JA: "待機中・実行中のものはありません。"}
	wOutbox    = text{EN: "Messages that wait", JA: "送信待ちのメッセージ"}
	wNoOutbox  = text{EN: "No message waits.", JA: "送信待ちのメッセージはありません。"}
	wGivenUp   = text{EN: "Messages that could not be sent", JA: "送信できなかったメッセージ"}
	wNoGivenUp = text{EN: "Every message was sent.", JA: "すべて送信済みです。"}
	wAudit     = text{EN: "Who did what", JA: "操作の記録"}
	wNoAudit   = text{EN: "Nobody has done anything yet.", JA: "操作の記録はまだありません。"}
	wJob       = text{EN: "Job", JA: "ジョブ"}
	wState     = text{EN: "State", JA: "状態"}
	wAttempt   = text{EN: "Attempts", JA: "試行"}
	wError     = text{EN: "Last error", JA: "直近のエラー"}
	wChannel   = text{EN: "Channel", JA: "チャネル"}
	wAfter     = text{EN: "Not before", JA: "送信予定"}
	wWho       = text{EN: "Who", JA: "実行者"}
	wDid       = text{EN: "What", JA: "操作"}
	wDetail    = text{EN: "Detail", JA: "詳細"}
	wJobKinds  = map[string]text{
		"check": {EN: "look at a tenant", JA: "テナントの確認"}, "deliver": {EN: "send a message", JA: "メッセージの送信"}, "clean": {EN: "forget what is old", JA: "古い記録の削除"},
	}
	wJobStates = map[string]text{
		"available": {EN: "waits", JA: "待機中"}, "running": {EN: "runs", JA: "実行中"}, "retryable": {EN: "is tried again", JA: "再試行待ち"},
		"scheduled": {EN: "waits for its time", JA: "時刻待ち"}, "discarded": {EN: "was given up", JA: "断念"},
	}
	wActions = map[string]text{
		"run_now": {EN: "asked for a run", JA: "実行を要求"}, "waive": {EN: "waived", JA: "免除を登録"}, "end_waiver": {EN: "ended a waiver", JA: "免除を終了"},
		"sign_in": {EN: "signed in", JA: "サインイン"}, "sign_in_failed": {EN: "was refused at the sign-in", JA: "サインインを拒否"}, "refused": {EN: "was refused", JA: "操作を拒否"},
	}

	// The sign-in.
	wToken      = text{EN: "Token", JA: "トークン"}
	wTokenHelp  = text{EN: "It was given to you by whoever runs this agent.", JA: "このエージェントの管理者から渡されたものです。"}
	wWrongToken = text{EN: "This token is not known. Check that it was copied whole.", JA: "このトークンは登録されていません。全体がコピーされているか確認してください。"}
	wWithOIDC   = text{EN: "Sign in with your organisation's account", JA: "組織のアカウントでサインイン"}
	wOr         = text{EN: "or", JA: "または"}

	wNoProvider  = text{EN: "The identity provider does not answer. Try again, or sign in with a token.", JA: "ID プロバイダが応答しません。再度試すか、トークンでサインインしてください。"}
	wSignInAgain = text{EN: "The sign-in did not succeed, or took too long. Begin again.", JA: "サインインできなかったか、時間がかかりすぎました。もう一度始めてください。"}
	wNoRole      = text{EN: "You are signed in there, and have no role here. Ask whoever runs this agent.", JA: "認証は成功しましたが、権限がありません。このエージェントの管理者に依頼してください。"}

	// What was done, and what went wrong.
	wDoneRun     = text{EN: "A run was asked for. It begins within seconds; this page shows it when it is finished.", JA: "実行を要求しました。数秒で開始し、完了するとこのページに表示されます。"}
	wDoneAlready = text{EN: "A run is already waiting or running.", JA: "すでに待機中または実行中の実行があります。"}
	wDoneWaive   = text{EN: "The waiver is recorded. It counts from the next run on.", JA: "免除を登録しました。次の実行から反映されます。"}
	wDoneEnd     = text{EN: "The waiver is ended. The finding counts again from the next run on.", JA: "免除を終了しました。次の実行から再び結果に含まれます。"}
	wRunning     = text{EN: "A run is on its way.", JA: "実行中です。"}
	wNoReason    = text{EN: "Write a reason, of at most 500 characters.", JA: "理由を 500 文字以内で入力してください。"}
	wBadDay      = text{EN: "Choose a last day between today and ten years from now.", JA: "今日から 10 年以内の最終日を指定してください。"}
	wNoCause     = text{EN: "This cause is not one of casdoctor's.", JA: "この原因は casdoctor に存在しません。"}
	wNotFound    = text{EN: "There is nothing here. It may have been forgotten, or its name was written differently.", JA: "ページが見つかりません。記録が削除されたか、名前が異なる可能性があります。"}
	wBroken      = text{EN: "The page could not be made. The agent's log says why.", JA: "ページを作成できませんでした。原因はエージェントのログに記録されています。"}
	wNotAllowed  = text{EN: "Your role may look, and not do this. Ask an operator.", JA: "閲覧のみ許可されています。操作担当に依頼してください。"}
	wSignInFirst = text{EN: "Sign in, or send a bearer token.", JA: "サインインするか、Bearer トークンを送信してください。"}
	wTooMany     = text{EN: "There were too many attempts. Wait a minute.", JA: "試行回数が多すぎます。1 分待ってください。"}
	wCrossOrigin = text{EN: "This was sent from the page of another site, and nothing was done.", JA: "別のサイトのページから送信されたため、何も実行していません。"}
	wBack        = text{EN: "To the tenants", JA: "テナント一覧へ"}
)
