package alert

import (
	"cmp"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
)

// The sentences that only alerts use. Those about the organisation come with the report.

// fill puts values into the slots of a sentence; args alternate name and value.
func fill(t checks.Text, args ...string) checks.Text {
	for i := 0; i+1 < len(args); i += 2 {
		args[i] = "{" + args[i] + "}"
	}
	r := strings.NewReplacer(args...)
	return checks.Text{EN: r.Replace(t.EN), JA: r.Replace(t.JA)}
}

var (
	noLonger = checks.Text{EN: "No longer so: ", JA: "該当しなくなりました: "}
	gone     = checks.Text{
		EN: "There is nothing left to do.",
		JA: "対応は不要です。",
	}
	accepted = checks.Text{
		EN: "It is accepted until {until}: {reason}",
		JA: "{until} まで許容されています: {reason}",
	}
	cameAndWent = checks.Text{
		EN: "It came and went while messages were held back: from {from} to {to}. There is nothing left to do.",
		JA: "通知の保留中に発生し、解消しました ({from} から {to})。対応は不要です。",
	}
	noFix = checks.Text{
		EN: "No fix is certain to work here. Open the report, and a support ticket with it.",
		JA: "確実に使える対処はありません。レポートを開き、それを添えてサポートチケットを送信してください。",
	}
	domainMissing = checks.Text{
		EN: "The domain {domain} is not in the internal domains of Cloud App Security.",
		JA: "ドメイン {domain} が Cloud App Security の内部ドメインに登録されていません。",
	}
	undecided = checks.Text{
		EN: "Cannot be decided: {causes}.",
		JA: "判定できません: {causes}。",
	}
	decidedAgain = checks.Text{
		EN: "Everything about {check} can be decided again.",
		JA: "{check} のすべての項目を再び判定できます。",
	}
	runsAgain = checks.Text{
		EN: "The tenant is looked at again.",
		JA: "テナントの確認が再開されました。",
	}
)

// undecidedText names the causes, or the check when it is the check as a whole.
func undecidedText(check string, causes []string) checks.Text {
	named := make([]string, len(causes))
	for i, c := range causes {
		named[i] = cmp.Or(c, check)
	}
	return fill(undecided, "causes", strings.Join(named, ", "))
}

// endWords are the sentences about one kind of thing that ends.
type endWords struct{ ends, ended, renewed, next checks.Text }

var endings = map[What]endWords{
	Licence: {
		checks.Text{EN: "The licence of {subject} ends on {day}.", JA: "{subject} のライセンスは {day} に終了します。"},
		checks.Text{EN: "The licence of {subject} ended on {day}.", JA: "{subject} のライセンスは {day} に終了しました。"},
		checks.Text{EN: "The licence of {subject} was renewed until {day}.", JA: "{subject} のライセンスは {day} まで更新されました。"},
		checks.Text{EN: "Renew it, and correct the day in casdoctor.yaml if it is declared there.", JA: "更新してください。casdoctor.yaml に宣言した日付があれば修正してください。"},
	},
	APIToken: {
		checks.Text{EN: "The token for the API at {subject} ends on {day}.", JA: "{subject} の API のトークンは {day} に終了します。"},
		checks.Text{EN: "The token for the API at {subject} ended on {day}.", JA: "{subject} の API のトークンは {day} に終了しました。"},
		checks.Text{EN: "There is a new token for the API at {subject}, until {day}.", JA: "{subject} の API の新しいトークンは {day} まで有効です。"},
		checks.Text{EN: "Make a new one in the console under Administration > Automation and Integration APIs, and set token_created.", JA: "コンソールの Administration > Automation and Integration APIs で新しいトークンを作成し、token_created を更新してください。"},
	},
	ClientSecret: {
		checks.Text{EN: "The client secret that casdoctor signs in with to {subject} ends on {day}.", JA: "casdoctor が {subject} へのサインインに使うクライアント シークレットは {day} に失効します。"},
		checks.Text{EN: "The client secret that casdoctor signs in with to {subject} ended on {day}.", JA: "casdoctor が {subject} へのサインインに使うクライアント シークレットは {day} に失効しました。"},
		checks.Text{EN: "There is a new client secret for {subject}, until {day}.", JA: "{subject} の新しいクライアント シークレットは {day} まで有効です。"},
		checks.Text{EN: "Make a new one under Certificates & secrets of the app registration, and set client_secret_expires in casdoctor.yaml.", JA: "アプリの登録の「証明書とシークレット」で新しいシークレットを作成し、casdoctor.yaml の client_secret_expires を更新してください。"},
	},
	ClientCertificate: {
		checks.Text{EN: "The certificate that casdoctor signs in with to {subject} ends on {day}.", JA: "casdoctor が {subject} へのサインインに使う証明書は {day} に失効します。"},
		checks.Text{EN: "The certificate that casdoctor signs in with to {subject} ended on {day}.", JA: "casdoctor が {subject} へのサインインに使う証明書は {day} に失効しました。"},
		checks.Text{EN: "There is a new certificate for {subject}, until {day}.", JA: "{subject} の新しい証明書は {day} まで有効です。"},
		checks.Text{EN: "Make a new one, upload it under Certificates & secrets of the app registration, and put it into the file that casdoctor.yaml names.", JA: "新しい証明書を作成し、アプリの登録の「証明書とシークレット」にアップロードして、casdoctor.yaml が指定するファイルを置き換えてください。"},
	},
	Certificate: {
		checks.Text{EN: "The certificate of {subject} ends on {day}.", JA: "{subject} の証明書は {day} に失効します。"},
		checks.Text{EN: "The certificate of {subject} ended on {day}.", JA: "{subject} の証明書は {day} に失効しました。"},
		checks.Text{EN: "The certificate of {subject} was renewed until {day}.", JA: "{subject} の証明書は {day} まで更新されました。"},
		checks.Text{EN: "Its owner renews it: Trend Micro, or whoever runs the proxy that shows its own.", JA: "更新するのは所有者です。トレンドマイクロ、または独自の証明書を提示するプロキシの管理者に確認してください。"},
	},
	Waiver: {
		checks.Text{EN: "The waiver of {cause} for {subject} ends on {day}; then the finding counts again.", JA: "{cause} ({subject}) の免除は {day} に終了し、その後は再び判定に含まれます。"},
		checks.Text{EN: "The waiver of {cause} for {subject} ended on {day}.", JA: "{cause} ({subject}) の免除は {day} に終了しました。"},
		checks.Text{EN: "The waiver of {cause} for {subject} was extended until {day}.", JA: "{cause} ({subject}) の免除は {day} まで延長されました。"},
		checks.Text{EN: "Mend the cause, or extend the waiver with its reason.", JA: "原因に対処するか、理由を添えて免除を延長してください。"},
	},
	Service: {
		checks.Text{EN: "{day} is the last day of: ", JA: "{day} が最終日です: "},
		checks.Text{EN: "{day} was the last day of: ", JA: "{day} が最終日でした: "},
		checks.Text{EN: "The last day of this service was moved to {day}: {subject}.", JA: "このサービスの最終日は {day} に変更されました: {subject}。"},
		checks.Text{},
	},
}

func nextOf(w What) checks.Text { return endings[w].next }

// ending is the kind and the sentence of an end that is near, or has come.
func ending(e Expiry, text checks.Text, hasCome bool) (Kind, checks.Text) {
	w := endings[e.What]
	t := w.ends
	if hasCome {
		t = w.ended
	}
	t = about(t, e)
	switch e.What {
	case Waiver:
		return config.WaiverEnds, t
	case Service:
		return config.Retirement, checks.Text{EN: t.EN + text.EN, JA: t.JA + text.JA}
	default:
		return config.Expires, t
	}
}

func renewal(e Expiry) checks.Text { return about(endings[e.What].renewed, e) }

func about(t checks.Text, e Expiry) checks.Text {
	return fill(t, "subject", safe(e.Subject), "day", e.Last, "cause", e.Cause)
}

// Failure is why a run made no report.
type Failure string

// The failures of runs.
const (
	TookTooLong   Failure = "timeout"
	Misconfigured Failure = "configuration"
	Crashed       Failure = "internal"
)

var failures = map[Failure][2]checks.Text{
	TookTooLong: {
		{EN: "The run took too long and was ended.", JA: "実行が制限時間を超えたため、打ち切られました。"},
		{EN: "Look at the way to the services, or raise timeout in agent.yaml.", JA: "サービスへの経路を確認するか、agent.yaml の timeout を延ばしてください。"},
	},
	Misconfigured: {
		{EN: "The run could not begin: its configuration is wrong.", JA: "設定に誤りがあるため、実行を開始できません。"},
		{EN: "Run: casdoctor config validate -c agent.yaml", JA: "casdoctor config validate -c agent.yaml を実行してください。"},
	},
	Crashed: {
		{EN: "The run ended with a mistake in casdoctor.", JA: "casdoctor の不具合により、実行が終了しました。"},
		{EN: "Look into the agent's log, and please report it.", JA: "エージェントのログを確認し、報告をお願いします。"},
	},
}

func (f Failure) words() [2]checks.Text {
	if w, ok := failures[f]; ok {
		return w
	}
	return failures[Crashed]
}

func (f Failure) text() checks.Text { return f.words()[0] }
func (f Failure) next() checks.Text { return f.words()[1] }
