package checks

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// common are the sentences of the reason codes that every check uses: the kinds of failure,
// and what the engine itself says. Each tells what to do next.
var common = map[string]Text{
	"not_configured": {
		"{what!} could not be looked at: the configuration does not say where. Add it and run again.",
		"{what!}を確認できません。設定に情報がありません。追記して再実行してください。",
	},
	"not_declared": {
		"{what!} is not declared, and only you can know it. Add it to the configuration.",
		"{what!}が宣言されていません。これは管理者にしか分かりません。設定に追記してください。",
	},
	"not_collected": {
		"{what!} was not looked at in this run.",
		"{what!}は今回の実行では確認されていません。",
	},
	"forbidden": {
		"{what!} may not be read with these credentials ({code}). Ask for the missing right and run again.",
		"{what!}は、この資格情報では読み取れません ({code})。不足している権限を付与して再実行してください。",
	},
	"forbidden_permission": {
		"{what!} may not be read: the permission {permission} is missing. Grant it and run again.",
		"{what!}を読み取れません。{permission} の権限がありません。付与して再実行してください。",
	},
	"unauthenticated": {
		"{what!} could not be read: the credentials were refused ({code}). Check the client id and its secret or key.",
		"{what!}を読み取れません。資格情報が拒否されました ({code})。クライアント ID とシークレットまたは鍵を確認してください。",
	},
	"unlicensed": {
		"{what!} cannot be read: the tenant has no licence for it, or the app lacks {permission}.",
		"{what!}を読み取れません。テナントにライセンスがないか、アプリに {permission} がありません。",
	},
	"throttled": {
		"{what!} could not be read: the service was still limiting requests when time ran out. Run again later.",
		"{what!}を読み取れません。時間切れまでサービスの要求制限が続きました。後で再実行してください。",
	},
	"timeout": {
		"{what!} could not be read: no complete answer in time. Check the way there and run again.",
		"{what!}を読み取れません。時間内に完全な応答がありませんでした。経路を確認して再実行してください。",
	},
	"unreachable": {
		"{what!} could not be read: the service cannot be reached from here ({detail}).",
		"{what!}を読み取れません。ここからサービスに接続できません ({detail})。",
	},
	"unavailable": {
		"{what!} could not be read: the service has a fault of its own (HTTP {status}). Run again later.",
		"{what!}を読み取れません。サービス側の障害です (HTTP {status})。後で再実行してください。",
	},
	"rejected": {
		"{what!} could not be read: the service refused the request (HTTP {status} {code}).",
		"{what!}を読み取れません。サービスが要求を拒否しました (HTTP {status} {code})。",
	},
	"malformed": {
		"{what!} could not be read: the answer is not what the service documents. A proxy may have answered in its place.",
		"{what!}を読み取れません。応答が仕様と異なります。プロキシが代わりに応答した可能性があります。",
	},
	"not_found": {
		"{what!} does not exist there.",
		"{what!}は存在しません。",
	},
	"wrong_identity": {
		"{what!} was not taken: the credentials belong to another organisation ({detail}). Correct the configuration.",
		"{what!}は採用しません。資格情報が別の組織のものです ({detail})。設定を修正してください。",
	},
	"cancelled": {
		"{what!} was not read: the run was interrupted.",
		"{what!}は読み取られていません。実行が中断されました。",
	},
	"internal": {
		"{what!} ended with a mistake in casdoctor ({detail}). Please report it.",
		"{what!}は casdoctor の不具合で終了しました ({detail})。報告をお願いします。",
	},
	"left_out": {
		"Left out of this run by --only.",
		"--only により今回の実行から除外されています。",
	},
	"section_absent": {
		"Not judged: the configuration has no section {section}.",
		"判定しません。設定に {section} の項がありません。",
	},
	"seen_but_unexplained": {
		"It was seen, but nothing that can be looked at explains it. Open a support ticket with the message and its time; casdoctor bundle makes what to attach.",
		"現象は報告されていますが、確認できる範囲では説明できません。メッセージと時刻を添えてサポートチケットを送信してください。添付するファイルは casdoctor bundle で作成できます。",
	},
	"seen_but_waived": {
		"It was seen, and what was accepted below may be why. Lift the waiver if the message is to go away.",
		"現象が報告されています。下の免除した項目が原因かもしれません。解消するには免除を取り消してください。",
	},
	"cause_not_found": {
		"Not needed: what it mends was not found.",
		"不要です。対象となる原因は見つかりませんでした。",
	},
	"cause_unknown": {
		"It is not known whether {cause} is there.",
		"{cause} があるかどうか分かりません。",
	},
	"waiver_ended": {
		"The waiver of {cause} for {subject} ended on {until} ({reason}); it counts again.",
		"{cause} ({subject}) の免除は {until} に終了しました ({reason})。再び判定に含まれます。",
	},
	"waiver_over": {
		"The waiver of {cause} for {subject} ended on {until} and matches nothing. Remove it.",
		"{cause} ({subject}) の免除は {until} に終了しており、該当する項目もありません。削除してください。",
	},
	"waiver_unused": {
		"The waiver of {cause} for {subject} matches nothing. Remove it, or correct it.",
		"{cause} ({subject}) の免除に該当する項目がありません。削除または修正してください。",
	},
}

// terms are the names that {what!} translates; a check adds its own to its Words.
var terms = map[string]Text{
	"judgement": {"The judgement", "判定"},
	"symptoms":  {"The list of symptoms", "症状の一覧"},
}

// sentence fills a reason's text. An unknown code shows itself; a test keeps that from happening.
func sentence(r Reason, words map[string]Text) Text {
	t, ok := words[r.Code]
	if !ok {
		if t, ok = common[r.Code]; !ok {
			return Text{r.Code, r.Code}
		}
	}
	return t.with(r.Args, words)
}

// with fills the slots. A slot without an argument leaves nothing behind, brackets included.
func (t Text) with(args map[string]string, words map[string]Text) Text {
	return Text{fill(t.EN, args, words, "en"), fill(t.JA, args, words, "ja")}
}

func fill(s string, args map[string]string, words map[string]Text, lang string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '{')
		j := strings.IndexByte(s, '}')
		if i < 0 || j < i {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		name, isTerm := strings.CutSuffix(s[i+1:j], "!")
		v := args[name]
		if isTerm {
			v = named(v, words, lang)
		}
		b.WriteString(v)
		s = s[j+1:]
	}
	out := strings.ReplaceAll(b.String(), " ()", "")
	return strings.ReplaceAll(out, "( )", "")
}

// joints join the terms of an argument that holds several of them.
var joints = []struct{ en, ja string }{{" or ", "または"}, {" and ", "と"}, {", ", "、"}}

// named translates a term, or several that are joined; what is no term stays as it is.
func named(v string, words map[string]Text, lang string) string {
	for _, j := range joints {
		if a, b, ok := strings.Cut(v, j.en); ok {
			first, then, joint := named(a, words, lang), named(b, words, lang), j.en
			if lang == "ja" {
				joint = j.ja
			}
			for _, start := range []string{"The ", "Whether "} { // a term can begin a sentence; here it does not
				if rest, ok := strings.CutPrefix(then, start); ok {
					then = strings.ToLower(start) + rest
				}
			}
			return first + joint + then
		}
	}
	if term, ok := words[v]; ok {
		return term.In(lang)
	}
	if term, ok := terms[v]; ok {
		return term.In(lang)
	}
	return v
}

// text is a sentence with its slots filled; args alternate name and value.
func text(en, ja string, args ...string) Text {
	return Text{en, ja}.with(because("", args...).Args, nil)
}

// together are the sentences of a check whose logic is in several files; no code
// stands in two of them.
func together(lists ...map[string]Text) map[string]Text {
	out := map[string]Text{}
	for _, words := range lists {
		maps.Copy(out, words)
	}
	return out
}

// Sentence makes the words of a reason anew from its code and arguments: of a check, or with "" of
// the run. A reader who changes arguments (a bundle with pseudonyms) cannot leave the old ones in
// the words then.
func Sentence(check string, r Reason) Text { return sentence(r, wordsOf()[check]) }

// Once are reasons as a reader wants them: what keeps several things from being read stands once, at
// the first of them, with all their names. Where the words are not those of this version, nothing
// changes.
func Once(reasons []Reason) []Reason {
	if several := slices.DeleteFunc(slices.Clone(reasons), func(r Reason) bool { return !ofMany(r) }); len(several) < 2 {
		return reasons
	}
	words := saying(reasons)
	if words == nil {
		return reasons
	}
	var out []Reason
	names := map[Text][]string{} // of what one sentence is about
	at := map[Text]int{}
	for _, r := range reasons {
		if !ofMany(r) {
			out = append(out, r)
			continue
		}
		rest := maps.Clone(r.Args)
		delete(rest, "what")
		key := sentence(Reason{Code: r.Code, Args: rest}, words) // arguments that it does not show may differ
		if i, said := at[key]; said && !slices.Contains(names[key], r.Args["what"]) {
			names[key] = append(names[key], r.Args["what"])
			last := len(names[key]) - 1
			rest["what"] = strings.Join(names[key][:last], ", ") + " and " + names[key][last]
			out[i] = Reason{Code: r.Code, Args: rest}
			out[i].Text = sentence(out[i], words)
		} else if !said {
			at[key], names[key] = len(out), []string{r.Args["what"]}
			out = append(out, r)
		}
	}
	return out
}

// ofMany: the sentence can name several things, because its verb has one form for one and for many.
func ofMany(r Reason) bool {
	t := common[r.Code].EN
	return strings.HasPrefix(t, "{what!} may not ") || strings.HasPrefix(t, "{what!} could not ")
}

// saying are the words of the check that says all of these, or nil.
func saying(reasons []Reason) map[string]Text {
	for _, id := range slices.Sorted(maps.Keys(wordsOf())) {
		words := wordsOf()[id]
		if !slices.ContainsFunc(reasons, func(r Reason) bool { return ofMany(r) && sentence(r, words) != r.Text }) {
			return words
		}
	}
	return nil
}

var wordsOf = sync.OnceValue(func() map[string]map[string]Text {
	out := map[string]map[string]Text{}
	for _, c := range All() {
		out[c.ID] = c.Words
	}
	return out
})
