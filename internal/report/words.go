package report

import (
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// word is what the formats themselves say, in both languages. Slots are {name}. The
// sentences about the organisation come with the report and are not here.
type word struct{ en, ja string }

// in is the word in a language ("ja", or English) with its slots filled; args alternate name
// and value.
func (w word) in(lang string, args ...string) string {
	s := w.en
	if lang == "ja" {
		s = w.ja
	}
	for i := 0; i+1 < len(args); i += 2 {
		s = strings.ReplaceAll(s, "{"+args[i]+"}", args[i+1])
	}
	return s
}

// The verdict of the run, and what it means.
var (
	verdictWords = map[checks.RunVerdict]word{
		checks.NotReady:     {"NOT READY", "問題あり"},
		checks.Undetermined: {"UNDETERMINED", "判定不能"},
		checks.Ready:        {"READY", "問題なし"},
	}
	meaningWords = map[checks.RunVerdict]word{
		checks.NotReady: {
			"Something stands in the way. Mend what is listed here, then run casdoctor again.",
			"対処が必要です。次の項目に対処してから、casdoctor を再実行してください。",
		},
		checks.Undetermined: {
			"No trouble was found, but not everything could be looked at: this is not a pass. Settle what is listed here, then run casdoctor again.",
			"問題は見つかりませんでしたが、確認できない項目があるため、合格ではありません。次の項目を解決してから、casdoctor を再実行してください。",
		},
		checks.Ready: {
			"Nothing that was checked stands in the way.",
			"確認した範囲に問題はありません。",
		},
	}
	asOf      = word{"as of {taken}", "{taken} 時点"}
	judgedFor = word{"as of {taken}, judged for {now}", "{taken} 時点、判定日時 {now}"}
)

// The statuses of the checks, in the line that counts them.
var statusWords = map[checks.Status]word{
	checks.StatusFail:    {"fail", "異常"},
	checks.StatusWarn:    {"warn", "注意"},
	checks.StatusUnknown: {"unknown", "不明"},
	checks.StatusPass:    {"pass", "正常"},
	checks.StatusSkip:    {"skipped", "対象外"},
}

// How an entry was found.
var (
	wConfirmed         = word{"confirmed", "該当 (確定)"}
	wConfirmedDeclared = word{"confirmed, by your declaration", "該当 (宣言により確定)"}
	wSupported         = word{"supported (fits, not proof)", "可能性あり (状況は一致、証拠ではない)"}
	wSupportedDeclared = word{"supported, by your declaration (fits, not proof)", "可能性あり (宣言による。状況は一致、証拠ではない)"}
)

// The labels of a check's parts. None is wider than labelWidth allows.
var (
	lCause    = word{"Cause", "原因"}
	lFix      = word{"Fix", "対処"}
	lAlso     = word{"Also", "他の対処"}
	lPerhaps  = word{"Perhaps", "条件次第"}
	lNotHere  = word{"✗ not here", "✗ 使用不可"}
	lUnknown  = word{"Unknown", "確認不能"}
	lWaived   = word{"Waived", "免除"}
	lSeen     = word{"Seen", "症状"}
	lNote     = word{"Note", "備考"}
	lRuledOut = word{"Ruled out", "該当なし"}
	lExcluded = word{"Excluded", "対象外"}
	lRisk     = word{"Risk: ", "注意: "}
)

// Sentences and headings.
var (
	noFix = word{
		"No fix is certain to work here. Open a support ticket; casdoctor bundle makes what to attach.",
		"この環境で確実に使える対処はありません。サポートチケットを送信してください。添付するファイルは casdoctor bundle で作成できます。",
	}
	forWhom     = word{"{id} for {whom}", "{id} (対象: {whom})"}
	notFor      = word{"Not for {whom}: {why}", "次には使えません: {whom}。{why}"}
	waivedUntil = word{"accepted until {until}: {reason}", "{until} まで許容: {reason}"}
	waivedCount = word{"waived", "免除"}

	againstBaseline = word{
		"Against the baseline of {taken}: {known} known, {new} new or worse. Only the latter change the exit code.",
		"{taken} の基準との比較: 既知 {known} 件、新規または悪化 {new} 件。終了コードに反映されるのは後者だけです。",
	}
	besideBaseline = word{"{known} known, {new} new or worse", "既知 {known} 件、新規または悪化 {new} 件"}
	knownBefore    = word{"known", "既知"}
	newSince       = word{"New or worse: {list}", "新規または悪化: {list}"}

	hPassed    = word{"Looked at, and not there", "確認した結果、該当なし"}
	hSkipped   = word{"Skipped", "対象外"}
	hNotices   = word{"About this run", "今回の実行について"}
	hFacts     = word{"What was looked at", "確認した情報"}
	hRetired   = word{"What stops working, and when", "使えなくなるものと時期"}
	noDay      = word{"no day yet", "日付未公表"}
	seenBy     = word{"{call} at {at}", "{call} ({at})"}
	requests   = word{"requests: {n}", "リクエスト: {n}"}
	incomplete = word{
		"Not everything could be read: {facts}. The option -v says why.",
		"読み取れない情報があります: {facts}。理由は -v で表示されます。",
	}
	moreAbout = word{"More about a check: casdoctor explain {id}", "詳しい説明: casdoctor explain {id}"}
)

// The statuses of the facts.
var factWords = map[FactStatus]word{
	FactOK:      {"ok", "取得済み"},
	FactPartial: {"partial", "一部のみ"},
	FactFailed:  {"failed", "取得不可"},
	FactSkipped: {"skipped", "対象外"},
}

// What the other formats add.
var (
	moreEntries = word{"{n} more", "ほか {n} 件"}
	andMore     = word{"and {n} more, not listed here (--format json has all)", "ほか {n} 件 (ここには表示していません。--format json ですべて出力されます)"}
	notRead     = word{
		"Something could not be read, or not whole. What depends on it is unknown.",
		"読み取れない、または一部しか読み取れない情報があります。それに依存する判定は不明になります。",
	}
)

// The sheets of a workbook: at most 31 characters, and none of \ / ? * [ ] :
var (
	sVerdict  = word{"Verdict", "判定"}
	sFindings = word{"Findings", "結果"}
	sFixes    = word{"Fixes", "対処"}
	sFacts    = word{"Facts", "情報"}
)
