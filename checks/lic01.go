package checks

import (
	"slices"
	"strconv"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// warnDays is how long before its end a trial is worth a warning. It is ours: a full licence
// has to be ordered, and what Cloud App Security cleans up after the end does not come back.
const warnDays = 30

// The kinds of licence that an account can have been created with (licensing.accounts[].license).
const (
	trialLicence = "trial"
	fullLicence  = "full"
)

// LIC01 judges why a valid account is told at sign-in that its licence has expired.
//
// The account itself is in order, so what is judged is the licence it was created with: its
// kind and its last day. Both are declared; for an account that a partner manages they are also
// read (licensing.lmp), which nothing public does for a direct customer.
func LIC01() Check {
	return Check{
		ID: "LIC-01", Section: "licensing",
		Title: Text{
			"Signing in with a valid CLP account shows a message that the licence has expired",
			"有効な CLP アカウントでログオンすると、ライセンスの有効期限に関するエラーメッセージが表示される",
		},
		Symptom: Text{
			"The sign-in to the Cloud App Security console shows an error message about the end of the licence, although the Customer Licensing Portal (CLP) account is valid.",
			"Customer Licensing Portal (CLP) アカウントは有効なのに、Cloud App Security 管理コンソールへのログオン時にライセンスの有効期限に関するエラーメッセージが表示されます。",
		},
		Needs: []string{facts.DeclaredLicensing.Name, facts.DeclaredM365.Name, facts.LMPSubscription.Name},
		Causes: []Cause{
			{
				ID: "LIC-01.C1",
				Text: Text{
					"The account was created with a trial licence, and the trial has expired.",
					"アカウントが体験版ライセンスで作成されており、その有効期限が切れています。",
				},
				How: Text{
					"license and expires of the account in licensing.accounts are compared with the date of judgement; the day in expires is the last valid one (UTC). The account is licensing.sign_in.account, or every account when none is named. With licensing.lmp, what the Licensing Management Platform shows of its subscription comes first, and a contradiction is said.",
					"licensing.accounts の license と expires を判定日と比べます。expires の日は有効な最終日です (UTC)。対象は licensing.sign_in.account のアカウントで、指定がなければすべてのアカウントです。licensing.lmp がある場合は Licensing Management Platform のサブスクリプションの内容を優先し、宣言との矛盾を示します。",
				},
				Examine: licencesOf(trialLicence, ended),
			},
			{
				ID: "LIC-01.X1",
				Text: Text{
					"The account was created with a full licence, and that has expired.",
					"アカウントが製品版ライセンスで作成されており、その有効期限が切れています。",
				},
				How: Text{
					"As LIC-01.C1, for a full licence. The vendor's page names the trial only.",
					"製品版ライセンスについて、LIC-01.C1 と同じ方法で確認します。文書に記載されているのは体験版だけです。",
				},
				Examine: licencesOf(fullLicence, ended),
			},
			{
				ID: "LIC-01.X2",
				Text: Text{
					"The account was created with a trial licence that ends within 30 days.",
					"アカウントが体験版ライセンスで作成されており、30 日以内に期限が切れます。",
				},
				How: Text{
					"As LIC-01.C1, before the end: a trial with 30 days or fewer to go is a warning.",
					"期限の前に LIC-01.C1 と同じ方法で確認します。残り 30 日以内の体験版は警告になります。",
				},
				Examine: licencesOf(trialLicence, endsSoon),
			},
		},
		// The order is that of preference: what keeps the account comes before the new account.
		Fixes: []Fix{
			{
				ID: "LIC-01.F1", For: []string{"LIC-01.C1", "LIC-01.X2"},
				Text: Text{
					"Hand the trial licence in to Trend Micro, have a full licence made of it, and attach the same CLP account to the full licence.",
					"体験版ライセンスをトレンドマイクロに提示して製品版ライセンスを作成し、お使いの CLP アカウントを追加します。",
				},
				Risk: licenceEndRisk,
				Links: []string{
					documentedTroubles,
					"https://docs.trendmicro.com/en-us/documentation/article/cloud-app-security-online-help-faqs",
					"https://clp.trendmicro.com",
				},
				Steps: func(x *Exam) []Text {
					a := []string{"account", x.Pair().Subject}
					return []Text{
						text("Give the trial licence of the account ({account}) to Trend Micro or your reseller and order the full licence for it. For an LMP account this is done by the partner that manages it.",
							"アカウント ({account}) の体験版ライセンスをトレンドマイクロまたは販売店に提示し、製品版ライセンスを依頼します。LMP アカウントの場合は、管理しているパートナーが行います。", a...),
						text("If you were given a registration key: sign in to https://clp.trendmicro.com with the account ({account}), open My Products/Services > Provide Key, and enter the registration key (not the activation code).",
							"登録キーを受け取った場合は、https://clp.trendmicro.com にアカウント ({account}) でログオンし、[My Products/Services] > [Provide Key] で登録キー (アクティベーションコードではありません) を入力します。", a...),
						text("Sign in to the Cloud App Security console with the account ({account}): the configuration of the trial is carried over. Check that every service is still provisioned.",
							"アカウント ({account}) で Cloud App Security 管理コンソールにログオンします。体験版の設定は引き継がれます。すべてのサービスが準備済みのままか確認します。", a...),
						newEnd(x),
					}
				},
			},
			{
				ID: "LIC-01.F3", For: []string{"LIC-01.X1"}, Ours: true,
				Text: Text{
					"Renew the full licence and keep the account.",
					"製品版ライセンスを更新し、同じアカウントを使い続けます。",
				},
				Risk:  licenceEndRisk,
				Links: []string{"https://clp.trendmicro.com", "https://success.trendmicro.com/en-US/solution/KA-0008291"},
				Steps: func(x *Exam) []Text {
					a := []string{"account", x.Pair().Subject}
					return []Text{
						text("Renew the licence of the account ({account}) with Trend Micro or your reseller. For an LMP account this is done by the partner that manages it.",
							"アカウント ({account}) のライセンスをトレンドマイクロまたは販売店で更新します。LMP アカウントの場合は、管理しているパートナーが行います。", a...),
						text("Sign in to the Cloud App Security console with the account ({account}) and check that every service is still provisioned.",
							"アカウント ({account}) で Cloud App Security 管理コンソールにログオンし、すべてのサービスが準備済みのままか確認します。", a...),
						newEnd(x),
					}
				},
			},
			{
				ID: "LIC-01.F2", For: []string{"LIC-01.C1", "LIC-01.X1"},
				Text: Text{
					"Send a support ticket: Trend Micro unbinds the account from the Microsoft 365 tenant; only then create a new account with a valid licence and provision again.",
					"サポートチケットを送信し、アカウントと Microsoft 365 テナントのバインドを解除します。その後に、有効なライセンスで新しいアカウントを作成し、再度準備します。",
				},
				Risk: Text{
					"The order matters. A new account that provisions before the old one is unbound ends at \"This CLP or LMP account is already registered by another Office 365 account\" (BND-01). The services are not protected until they are provisioned again, and the new account starts without the old configuration.",
					"順序が重要です。解除の前に新しいアカウントで準備すると、「このCLPまたはLMPアカウントは別のOffice 365アカウントによってすでに登録されています」(BND-01) で失敗します。再度準備するまでサービスは保護されず、新しいアカウントに以前の設定はありません。",
				},
				Links: []string{documentedTroubles, "https://success.trendmicro.com/ja-JP/solution/KA-0010496"},
				Steps: newAccountSteps,
			},
		},
		Words: together(licWords, lmpWords),
	}
}

// licenceEndRisk is what an ended licence costs. Cloud App Security Online Help, "Changes Made
// by Cloud App Security", and KA-0008291.
var licenceEndRisk = Text{
	"Do not wait: when a licence ends, Cloud App Security deprovisions its service accounts by itself and cleans up most data, and one month after the grace period the data of several features is deleted. What is gone has to be provisioned again, what is left behind removed by hand.",
	"早めに対処してください。ライセンスが切れると、Cloud App Security はサービスアカウントの準備を自動的に解除し、大部分のデータを削除します。猶予期間の 1 か月後には、複数の機能のデータも削除されます。失われたものは再度準備し、残ったものは手動で削除する必要があります。",
}

// newEnd is the last step of a fix that keeps the account.
func newEnd(x *Exam) Text {
	return text("Set the new expires of the account ({account}) in licensing.accounts and run casdoctor again.",
		"licensing.accounts のアカウント ({account}) の expires を新しい日付に変え、casdoctor を再実行します。", "account", x.Pair().Subject)
}

// newAccountSteps tell the ticket's contents. The vendor's page on support requests asks for
// the activation code, the sign-in names, the time, the way to reproduce it and a screenshot.
func newAccountSteps(x *Exam) []Text {
	account := x.Pair().Subject
	a := []string{"account", account, "tenant", tenantOf(x, account)}
	return []Text{
		text("Open a support ticket: ask Trend Micro to unbind the account ({account}) from the Microsoft 365 tenant ({tenant}) in Cloud App Security. Add the activation code, the sign-in name, the time of the message and a screenshot. casdoctor bundle makes the text of the ticket and what to attach.",
			"サポートチケットを送信し、Cloud App Security でアカウント ({account}) と Microsoft 365 テナント ({tenant}) のバインドの解除を依頼します。アクティベーションコード、ログオン ID、メッセージの時刻、スクリーンショットを添えます。チケットの本文と添付ファイルは casdoctor bundle で作成できます。", a...),
		text("Wait until Trend Micro confirms that the account ({account}) is unbound. Going on without it leads to BND-01.",
			"アカウント ({account}) のバインドが解除されたという回答を待ちます。待たずに進めると BND-01 になります。", a...),
		text("Create a new account with a valid licence, and provision the services again with it.",
			"有効なライセンスで新しいアカウントを作成し、そのアカウントでサービスを再度準備します。"),
		text("In licensing.accounts replace the account ({account}) by the new one, name it in licensing.sign_in, and run casdoctor again.",
			"licensing.accounts のアカウント ({account}) を新しいアカウントに置き換え、licensing.sign_in にも指定して、casdoctor を再実行します。", a...),
	}
}

// tenantOf is the tenant that the account is declared to be provisioned with, or else the one
// that is looked at; "" when neither is declared.
func tenantOf(x *Exam, id string) string {
	l, _ := licensingOf(x) // without it, only the tenant that is looked at is known
	if a := licenceAccount(l, id); a != nil && a.TenantID != "" {
		return a.TenantID
	}
	if m := Read(x, facts.DeclaredM365).Value; m != nil {
		return m.TenantID
	}
	return ""
}

// licensingOf are the declarations about licensing; nil, and why, when they cannot be judged. An id
// stands for one account: which of two entries holds is not known, and so nothing that rests on them.
func licensingOf(x *Exam) (*facts.Licensing, Claim) {
	l := Read(x, facts.DeclaredLicensing)
	if l.Value == nil {
		return nil, unseen("licensing", l.Why())
	}
	seen := map[string]bool{}
	for _, a := range l.Value.Accounts {
		switch {
		case a.ID == "":
			return nil, unknown(because("not_declared", "what", "id"))
		case seen[a.ID]:
			return nil, unknown(because("account_twice", "account", a.ID))
		}
		seen[a.ID] = true
	}
	return l.Value, Claim{}
}

// licenceAccount is the declared account of an id; nil when there is none.
func licenceAccount(l *facts.Licensing, id string) *facts.LicenseAccount {
	if l == nil {
		return nil
	}
	for i := range l.Accounts {
		if l.Accounts[i].ID == id {
			return &l.Accounts[i]
		}
	}
	return nil
}

// licencesOf judges whether a licence is of this kind and its end is so: that of the account that
// signs in, or of every account when none is named.
func licencesOf(kind string, end func(facts.LicenseAccount, time.Time) Claim) func(*Exam) {
	return func(x *Exam) {
		l, unclear := licensingOf(x)
		if l == nil {
			x.Find("", unclear)
			return
		}
		accounts, signsIn := l.Accounts, ""
		if s := l.SignIn; s != nil && s.Account != "" {
			accounts, signsIn = nil, s.Account
			if a := licenceAccount(l, signsIn); a != nil {
				accounts = []facts.LicenseAccount{*a}
			}
		}
		if len(accounts) == 0 {
			x.Find(signsIn, unknown(because("not_declared", "what", "account")))
		}
		for _, a := range accounts {
			is, over := ofKind(a, kind), end(a, x.Now())
			seen, why := seenOf(x, *l, a.ID, x.Now())
			switch {
			case seen != nil:
				is = withSeen(is, seen.ofKind(a.ID, kind), contradicts("lmp_disagrees_kind", a.ID, a.License, seen.kind))
				over = withSeen(over, seen.ends(a.ID, x.Now(), end), contradicts("lmp_disagrees_end", a.ID, a.Expires, seen.end))
			case why != nil && over.Verdict == Unknown:
				over.Reasons = append(over.Reasons, *why)
			}
			if a.License == "" || is.Verdict != Unknown || seen != nil { // what an unknown kind does at its end is not known either
				is = all(is, over)
			}
			if why != nil && is.Verdict == Refuted { // what was to be looked up could say otherwise
				is = unknown(append(slices.Clip(is.Reasons), *why)...)
			}
			x.Find(a.ID, is)
		}
	}
}

// ofKind is whether the account was created with a licence of this kind.
func ofKind(a facts.LicenseAccount, kind string) Claim {
	switch a.License {
	case "":
		return unknown(because("not_declared", "what", "license"))
	case trialLicence, fullLicence:
		why := because("licence_"+a.License, "account", a.ID)
		if a.License != kind {
			return refuted(Declared, why)
		}
		return confirmed(Declared, why)
	default:
		return unknown(because("licence_kind_unknown", "account", a.ID, "license", a.License))
	}
}

// ended is whether the licence is over. Its last day is a valid one, in UTC.
func ended(a facts.LicenseAccount, now time.Time) Claim {
	if a.Expires == "" {
		return unknown(because("not_declared", "what", "expires"))
	}
	last, err := time.Parse(time.DateOnly, a.Expires)
	switch {
	case err != nil:
		return unknown(because("expires_unreadable", "account", a.ID, "expires", a.Expires))
	case now.Before(last.AddDate(0, 0, 1)):
		return refuted(Declared, because("licence_valid", "account", a.ID, "expires", a.Expires))
	default:
		return confirmed(Declared, because("licence_ended", "account", a.ID, "expires", a.Expires))
	}
}

// endsSoon is whether the licence is in its last days, today included, and not over.
func endsSoon(a facts.LicenseAccount, now time.Time) Claim {
	over := ended(a, now)
	if over.Verdict != Refuted {
		over.Verdict = over.Verdict.Not() // over is past "soon"; not known stays not known
		return over
	}
	last, err := time.Parse(time.DateOnly, a.Expires)
	if err != nil || now.Before(last.AddDate(0, 0, -warnDays)) {
		return over
	}
	const wholeDay = 24 * time.Hour // Truncate counts from midnight UTC
	left := strconv.Itoa(int(last.Sub(now.Truncate(wholeDay)) / wholeDay))
	return supported(Declared, because("licence_ends_soon", "account", a.ID, "expires", a.Expires, "days", left))
}

// licWords are the sentences of this check's reasons, and its terms.
var licWords = map[string]Text{
	// Terms.
	"licensing": {"The licensing section of the configuration", "設定の licensing の項"},
	"account":   {"The account whose licence is to be judged (licensing.accounts)", "ライセンスを判定するアカウント (licensing.accounts)"},
	"id":        {"The id of an account (id in licensing.accounts)", "アカウントの ID (licensing.accounts の id)"},
	"license":   {"The kind of licence that the account was created with (license in licensing.accounts: trial or full)", "アカウント作成時のライセンスの種類 (licensing.accounts の license: trial または full)"},
	"expires":   {"The last valid day of the licence (expires in licensing.accounts)", "ライセンスの有効な最終日 (licensing.accounts の expires)"},

	"account_twice": {
		"{account} stands more than once in licensing.accounts, and it is not known which entry holds. Keep one of them.",
		"licensing.accounts に {account} が複数あり、どれが正しいか分かりません。1 つだけ残してください。",
	},
	"licence_trial": {
		"{account} was created with a trial licence, as declared.",
		"宣言により、{account} は体験版ライセンスで作成されました。",
	},
	"licence_full": {
		"{account} was created with a full licence, as declared.",
		"宣言により、{account} は製品版ライセンスで作成されました。",
	},
	"licence_kind_unknown": {
		"This version does not know the kind of licence of {account} ({license}). Write trial or full.",
		"{account} のライセンスの種類 ({license}) は、このバージョンでは認識できません。trial または full を指定してください。",
	},
	"expires_unreadable": {
		"The last valid day of the licence of {account} ({expires}) is no date. Write it as 2026-03-31.",
		"{account} のライセンスの最終日 ({expires}) は日付ではありません。2026-03-31 の形で指定してください。",
	},
	"licence_valid": {
		"The licence of {account} is valid up to and including {expires} (UTC).",
		"{account} のライセンスは {expires} (UTC、当日を含む) まで有効です。",
	},
	"licence_ended": {
		"The last valid day of the licence of {account} was {expires} (UTC).",
		"{account} のライセンスの有効な最終日は {expires} (UTC) でした。",
	},
	"licence_ends_soon": {
		"The licence of {account} ends after {expires} (UTC); days left: {days}. Order the full licence now.",
		"{account} のライセンスは {expires} (UTC) で終了します (残り {days} 日)。今のうちに製品版ライセンスを手配してください。",
	},
}
