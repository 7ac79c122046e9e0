package report

import (
	"github.com/casdoctor/casdoctor/checks"
)

// What the page says besides what every format says.
var (
	hwTitle     = word{"Audit report", "監査レポート"}
	hwSkip      = word{"To the report", "レポート本文へ"}
	hwLanguage  = word{"Language", "言語"}
	hwContents  = word{"Contents", "目次"}
	hwFirst     = word{"What to do first", "最初に行うこと"}
	hwMatrix    = word{"The seven troubles", "7 つのトラブル"}
	hwAllLooked = word{"What was looked at", "確認の対象"}
	hwNotSeen   = word{"What could not be looked at", "確認できなかったもの"}
	hwTimings   = word{"How long it took", "所要時間"}
	hwWaived    = word{"What was accepted", "免除した項目"}
	hwReading   = word{"How to read this", "このレポートの読み方"}

	hwTaken   = word{"Evidence taken", "情報の取得"}
	hwNow     = word{"Judged for", "判定日時"}
	hwTool    = word{"Made by", "作成"}
	hwExit    = word{"Exit code", "終了コード"}
	hwCause   = word{"Cause", "原因"}
	hwSubject = word{"Subject", "対象"}
	hwVerdict = word{"Verdict", "判定"}
	hwBasis   = word{"Basis", "根拠"}
	hwMore    = word{"{n} more", "他 {n} 件"}
	hwWhole   = word{"the organisation", "組織全体"}

	hwReported = word{"Reported", "報告された症状"}
	hwCauses   = word{"Why", "原因"}
	hwEvidence = word{"How it was found", "判定の経緯"}
	hwFixes    = word{"What helps", "対処"}
	hwOther    = word{"What does not help here", "この環境では使えない対処"}
	hwOpen     = word{"Not known", "不明"}
	hwRuledOut = word{"Looked at, and not there", "確認した結果、該当なし"}
	hwNotes    = word{"Worth knowing", "備考"}

	hwRecommended = word{"Recommended", "推奨"}
	hwAlso        = word{"Also works", "他の対処"}
	hwPerhaps     = word{"Perhaps", "条件次第"}
	hwNotHere     = word{"Not here", "使用不可"}
	hwFor         = word{"For", "対象"}
	hwSteps       = word{"Steps", "手順"}
	hwRisk        = word{"Risk", "注意"}
	hwEnded       = word{"Does not work since {on} ({source}).", "{on} 以降は使えません ({source})。"}
	hwWillEnd     = word{"Works until {on} ({source}).", "{on} から使えなくなります ({source})。"}

	hwKey = word{"Each step of the chain holds, fits without being proof, is not known, or does not hold.", "各段階は、該当、可能性あり (証拠ではない)、不明、該当せずのいずれかです。"}

	hwEnds    = word{"Ends", "終了"}
	hwEndedOn = word{"has ended", "終了済み"}
	hwEndsOn  = word{"will end", "終了予定"}
	hwWhat    = word{"What", "内容"}

	hwSettles = word{"What settles it, and what it leaves open", "解決方法と、未確定の項目"}
	hwGapNone = word{"Everything that was asked for could be read, and nothing is left open.", "確認すべき情報はすべて取得でき、未確定の項目はありません。"}
	hwFact    = word{"Fact", "情報"}
	hwStatus  = word{"Status", "状態"}
	hwWhy     = word{"Why", "理由"}
	hwInside  = word{"Something in it could not be read. What needs it says so below.", "一部の内容を読み取れません。影響する項目は下に示します。"}
	hwGrant   = word{"Grant {permission}, then run casdoctor again.", "{permission} を付与し、casdoctor を再実行してください。"}
	hwTime    = word{"Time", "時間"}
	hwCalls   = word{"Requests", "リクエスト"}
	hwLooked  = word{"Facts that were read, with their requests. They are read beside each other, so the times do not add up to the wait.", "取得した情報とリクエスト数です。並行して取得するため、合計は待ち時間と一致しません。"}

	hwOwner  = word{"Owner", "担当"}
	hwReason = word{"Reason", "理由"}
	hwUntil  = word{"Until", "期限"}
	hwNobody = word{"not named", "記載なし"}

	hwTrouble = word{"Trouble", "トラブル"}
	hwNothing = word{"Nothing is to be done.", "必要な対処はありません。"}
	hwSettle  = word{"Settle what is not known in {id}.", "{id} の不明点を解決します。"}
)

// How a verdict, a basis, a statement of a chain and a cell are called.
var (
	entryWords = map[string]word{
		"confirmed":   {"confirmed", "該当 (確定)"},
		"supported":   {"supported", "可能性あり"},
		"unknown":     {"unknown", "不明"},
		"refuted":     {"not there", "該当なし"},
		notApplicable: {"excluded", "対象外"},
	}
	statementWords = map[string]word{
		"confirmed": {"holds", "該当"}, "supported": {"fits", "可能性あり"},
		"unknown": {"not known", "不明"}, "refuted": {"does not hold", "該当せず"},
	}
	titleVerdicts = map[checks.RunVerdict]word{
		checks.NotReady: {"Not ready", "問題あり"}, checks.Undetermined: {"Undetermined", "判定不能"}, checks.Ready: {"Ready", "問題なし"},
	}
	waivedWord = word{"accepted", "免除"}
)

// readings explain the words of the report.
var readings = []struct {
	sign  string
	term  word
	about word
}{
	{"fail", word{"confirmed", "該当 (確定)"}, word{
		"The cause is there. What shows it was seen, or you declared it.",
		"原因が存在します。根拠を観測したか、管理者が宣言しました。"}},
	{"warn", word{"supported", "可能性あり"}, word{
		"What was seen fits the cause and is no proof of it.",
		"状況は原因と一致しますが、証拠ではありません。"}},
	{"unknown", word{"unknown", "不明"}, word{
		"It could not be looked at or decided. That is neither good nor bad; the report says what settles it.",
		"確認または判断ができませんでした。良いとも悪いとも言えません。解決方法はレポートに記載されています。"}},
	{"pass", word{"not there", "該当なし"}, word{
		"It was looked at, and the cause is not there.",
		"確認した結果、原因は存在しません。"}},
	{"skip", word{"excluded", "対象外"}, word{
		"A declaration of yours takes it out of the question.",
		"管理者の宣言により対象外です。"}},
}

// bases explain what a verdict rests on.
var bases = []struct{ term, about word }{
	{word{"observed", "観測"}, word{"casdoctor saw it in this run.", "今回の実行で casdoctor が確認しました。"}},
	{word{"declared", "宣言"}, word{
		"It is in your configuration; casdoctor cannot see it.",
		"設定に記載された内容です。casdoctor からは確認できません。"}},
	{word{"inferred", "推定"}, word{
		"It follows from what is documented. It can support a cause and never confirms one.",
		"文書化された内容からの推定です。可能性を示すだけで、確定の根拠にはなりません。"}},
}

// exits explain the exit code.
var exits = word{
	"0: nothing in the way. 1: a trouble. 3: something is not known. 2 and 4 make no report: a mistake in the configuration, or in the run.",
	"0: 問題なし。1: トラブルあり。3: 不明あり。2 と 4 は設定または実行の誤りで、レポートは作成されません。",
}

// text is a word as the text of a report; args alternate name and value.
func (w word) text(args ...string) checks.Text {
	return checks.Text{EN: w.in("en", args...), JA: w.in("ja", args...)}
}
