package checks

import (
	"strconv"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// ACC01 judges why the console says at sign-in that the account is invalid.
//
// Everything is declared: no public interface reads the company ID, its accounts, or which of
// them is the primary one. A company ID is text: 0042 and 42 are two companies.
func ACC01() Check {
	return Check{
		ID: "ACC-01", Section: "licensing",
		Title: Text{
			"Signing in to the console shows a message that the account is invalid",
			"管理コンソールにログオンすると、ログオンアカウントが無効であることを示すエラーメッセージが表示される",
		},
		Symptom: Text{
			"The sign-in to the Cloud App Security console ends with an error message that the sign-in account is invalid.",
			"Cloud App Security 管理コンソールにログオンすると、ログオンアカウントが無効であることを示すエラーメッセージが表示されます。",
		},
		Needs: []string{facts.DeclaredLicensing.Name},
		Causes: []Cause{{
			ID: "ACC-01.C1",
			Text: Text{
				"There are several CLP accounts under one CLP company ID, and the one that signs in is not the primary account.",
				"CLP の 1 つの会社 ID の下に複数の CLP アカウントがあり、プライマリ以外のアカウントでログオンしようとしています。",
			},
			How: Text{
				"licensing.sign_in says who signs in and how; licensing.accounts says which accounts share a company ID and which of them is primary. Company IDs are compared as text, leading zeros included. A local or single sign-on account refutes this; for an LMP account it does not apply.",
				"licensing.sign_in がログオンするアカウントと方法を、licensing.accounts が同じ会社 ID のアカウントとプライマリアカウントを示します。会社 ID は文字列として、先頭のゼロも含めて比べます。ローカルアカウントとシングルサインオンの場合は該当せず、LMP アカウントは対象外です。",
			},
			Examine: examineSignIn,
		}},
		Fixes: []Fix{
			{
				ID: "ACC-01.F1", For: []string{"ACC-01.C1"},
				Text: Text{
					"Sign in to the console with the primary CLP account.",
					"プライマリ CLP アカウントで管理コンソールにログオンします。",
				},
				When: Text{
					"The licence of the primary account must not have ended: that bars its sign-in too (LIC-01).",
					"プライマリアカウントのライセンスが有効なことが条件です。期限が切れていると、そのログオンもできません (LIC-01)。",
				},
				Risk: Text{
					"Do not share the primary account between several people: nobody could tell any more who changed what.",
					"プライマリアカウントを複数の人で共有しないでください。誰が何を変更したか分からなくなります。",
				},
				Links:   []string{documentedTroubles},
				Applies: primaryOpens,
				Steps: func(x *Exam) []Text {
					if a := primaryArgs(x); a != nil {
						return []Text{
							text("Sign out, and sign in to the Cloud App Security console with {primary}, the primary account of the company ID {company}.",
								"いったんログオフし、会社 ID {company} のプライマリアカウント {primary} で Cloud App Security 管理コンソールにログオンします。", a...),
							text("Name {primary} in licensing.sign_in.account and run casdoctor again.",
								"licensing.sign_in.account に {primary} を指定し、casdoctor を再実行します。", a...),
						}
					}
					return []Text{
						text("Find out which account is the primary one of the company ID. If nobody knows, ask Trend Micro.",
							"会社 ID のプライマリアカウントを確認します。分からない場合は、トレンドマイクロに問い合わせます。"),
						text("Mark it with primary: true in licensing.accounts, and run casdoctor again.",
							"licensing.accounts で primary: true を指定し、casdoctor を再実行します。"),
					}
				},
			},
			{
				ID: "ACC-01.F2", For: []string{"ACC-01.C1"}, Ours: true,
				Text: Text{
					"Give the person a local account in the console.",
					"管理コンソールに、その利用者のローカルアカウントを作成します。",
				},
				When: Text{
					"The primary account has to sign in first, so its licence must not have ended (LIC-01).",
					"先にプライマリアカウントでログオンするため、そのライセンスが有効なことが条件です (LIC-01)。",
				},
				Risk: Text{
					"A local account opens only the Cloud App Security tenant in which it was made, and it is not removed with the CLP account: remove it when its owner leaves.",
					"ローカルアカウントでは、作成した Cloud App Security テナントにしかログオンできません。CLP アカウントを削除しても残るため、不要になったら削除してください。",
				},
				Links: []string{
					"https://docs.trendmicro.com/en-us/documentation/article/cloud-app-security-online-help-user-management",
					"https://success.trendmicro.com/solution/1111760-creating-a-local-account-for-cloud-app-security-tmcas",
				},
				Applies: primaryOpens,
				Steps: func(x *Exam) []Text {
					var out []Text
					if a := primaryArgs(x); a != nil {
						out = append(out, text("Have the owner of the primary account {primary} sign in to the Cloud App Security console.",
							"プライマリアカウント {primary} の所有者が Cloud App Security 管理コンソールにログオンします。", a...))
					} else {
						out = append(out, text("Have the owner of the primary account sign in to the Cloud App Security console.",
							"プライマリアカウントの所有者が Cloud App Security 管理コンソールにログオンします。"))
					}
					return append(out,
						text("There, open Administration > Administrator and Role > Administrators (older consoles: Administration > User Management), choose Add, and create a local account with the role that is needed.",
							"[運用管理] で [Administrator and Role] > [Administrators] (以前のバージョンでは [User Management]) を開き、[Add] で必要な役割のローカルアカウントを作成します。"),
						text("Sign in with the local account. Set licensing.sign_in to type: local and run casdoctor again.",
							"ローカルアカウントでログオンします。licensing.sign_in を type: local に変え、casdoctor を再実行します。"),
					)
				},
			},
		},
		Words: accWords,
	}
}

func examineSignIn(x *Exam) {
	l, unclear := licensingOf(x)
	if l == nil {
		x.Find("", unclear)
		return
	}
	var in facts.SignIn // without a declaration its members are not declared either
	if l.SignIn != nil {
		in = *l.SignIn
	}
	switch in.Type {
	case "", "clp", "local", "sso":
		self := licenceAccount(l, in.Account)
		x.Find(in.Account, all(clpSignIn(in.Type), severalAccounts(l.Accounts, self), notPrimary(l.Accounts, self)))
	case "lmp":
		x.NotApplicable(because("lmp_sign_in"))
	default: // whether it knows a primary account at all is not known
		x.Find(in.Account, unknown(because("sign_in_type_unknown", "type", in.Type)))
	}
}

// clpSignIn is whether a CLP account signs in. Accounts of the console's own, and those of
// the organisation's identity provider, know no primary one.
func clpSignIn(kind string) Claim {
	switch kind {
	case "clp":
		return confirmed(Declared, because("clp_sign_in"))
	case "local", "sso":
		return refuted(Declared, because("other_sign_in", "type", "sign_in_"+kind))
	default:
		return unknown(because("not_declared", "what", "sign_in_type"))
	}
}

// severalAccounts: another account stands under the company ID of the one that signs in.
func severalAccounts(accounts []facts.LicenseAccount, self *facts.LicenseAccount) Claim {
	if self == nil {
		return unknown(because("not_declared", "what", "sign_in_account"))
	}
	same, silent := 1, false
	for _, a := range accounts {
		switch {
		case a.ID == self.ID:
		case a.Company == "" || self.Company == "":
			silent = true
		case a.Company == self.Company:
			same++
		}
	}
	args := []string{"account", self.ID, "company", self.Company, "count", strconv.Itoa(same)}
	switch {
	case same > 1:
		return confirmed(Declared, because("several_accounts", args...))
	case silent:
		return unknown(because("not_declared", "what", "company"))
	case self.Primary != nil && !*self.Primary: // so there is another, which is
		return unknown(because("primary_not_declared", args[:4]...))
	default:
		return refuted(Declared, because("only_account", args[:4]...))
	}
}

// notPrimary: another account is the primary one of the company ID. A company has one, so it
// need not be said of the account itself; but an account that is said not to be primary, with
// no other marked, leaves open who is, and so do two that are marked.
func notPrimary(accounts []facts.LicenseAccount, self *facts.LicenseAccount) Claim {
	if self == nil {
		return unknown(because("not_declared", "what", "sign_in_account"))
	}
	marked := primariesOf(accounts, self.Company)
	switch {
	case self.Company != "" && len(marked) > 1:
		return unknown(because("several_primaries", "company", self.Company))
	case self.Primary != nil && *self.Primary:
		return refuted(Declared, because("is_primary", "account", self.ID))
	case self.Company == "":
		return unknown(because("not_declared", "what", "company"))
	case len(marked) == 0:
		return unknown(because("no_primary", "company", self.Company))
	default:
		return confirmed(Declared, because("not_primary", "account", self.ID, "primary", marked[0].ID))
	}
}

// primariesOf are the accounts that are marked primary under a company ID.
func primariesOf(accounts []facts.LicenseAccount, company string) []facts.LicenseAccount {
	var out []facts.LicenseAccount
	for _, a := range accounts {
		if a.Company == company && a.Primary != nil && *a.Primary {
			out = append(out, a)
		}
	}
	return out
}

// primaryAccount is the primary account of the company whose account signs in; nil when it is not known.
func primaryAccount(x *Exam) *facts.LicenseAccount {
	l, _ := licensingOf(x) // without it, no account is found
	self := licenceAccount(l, x.Pair().Subject)
	if self == nil || self.Company == "" {
		return nil
	}
	if marked := primariesOf(l.Accounts, self.Company); len(marked) == 1 {
		return &marked[0]
	}
	return nil
}

func primaryArgs(x *Exam) []string {
	p := primaryAccount(x)
	if p == nil {
		return nil
	}
	return []string{"primary", p.ID, "company", p.Company}
}

// primaryOpens: both fixes begin with a sign-in of the primary account, which an ended licence
// bars (LIC-01).
func primaryOpens(x *Exam) (Applicability, []Reason) {
	p := primaryAccount(x)
	if p != nil && ended(*p, x.Now()).Verdict == Confirmed {
		return No, []Reason{because("primary_ended", "primary", p.ID, "expires", p.Expires)}
	}
	return Yes, nil
}

// accWords are the sentences of this check's reasons, and its terms.
var accWords = map[string]Text{
	// Terms.
	"licensing":       {"The licensing section of the configuration", "設定の licensing の項"},
	"sign_in_account": {"The account that signs in to the console (licensing.sign_in.account, one of licensing.accounts)", "管理コンソールにログオンするアカウント (licensing.sign_in.account。licensing.accounts の 1 つ)"},
	"sign_in_type":    {"The way of signing in to the console (licensing.sign_in.type: clp, lmp, local or sso)", "管理コンソールへのログオンの方法 (licensing.sign_in.type: clp、lmp、local、sso)"},
	"company":         {"The company ID of an account (company in licensing.accounts)", "アカウントの会社 ID (licensing.accounts の company)"},
	"sign_in_local":   {"a local account of the console", "管理コンソールのローカルアカウント"},
	"sign_in_sso":     {"single sign-on", "シングルサインオン"},

	// An account is found by its id as in LIC-01.
	"id":            licWords["id"],
	"account_twice": licWords["account_twice"],

	"clp_sign_in": {
		"A CLP account is used to sign in, as declared.",
		"宣言により、CLP アカウントでログオンします。",
	},
	"other_sign_in": {
		"The sign-in uses {type!}, as declared: which CLP account is primary does not matter for it.",
		"宣言により、ログオンには{type!}を使用します。どの CLP アカウントがプライマリかは関係しません。",
	},
	"lmp_sign_in": {
		"The sign-in uses an LMP account, as declared. This cause is about CLP accounts.",
		"宣言により、LMP アカウントでログオンします。この原因は CLP アカウントだけのものです。",
	},
	"sign_in_type_unknown": {
		"This version does not know the way of signing in {type}. Write clp, lmp, local or sso.",
		"ログオンの方法 {type} は、このバージョンでは認識できません。clp、lmp、local、sso のいずれかを指定してください。",
	},
	"several_accounts": {
		"The company ID {company} has {count} declared accounts; {account} is one of them.",
		"会社 ID {company} に {count} 個のアカウントが宣言されており、{account} はその 1 つです。",
	},
	"only_account": {
		"No other account is declared under the company ID of {account} ({company}). If there are others, declare them too.",
		"{account} の会社 ID ({company}) に、ほかのアカウントは宣言されていません。ほかにもある場合は宣言してください。",
	},
	"primary_not_declared": {
		"{account} is not the primary account, as declared, so its company ID ({company}) has another one, which is not declared. Add it to licensing.accounts.",
		"宣言により {account} はプライマリアカウントではないため、会社 ID ({company}) にはほかのアカウントがあるはずですが、宣言されていません。licensing.accounts に追加してください。",
	},
	"several_primaries": {
		"The company ID {company} has more than one account that is marked as primary. Keep primary: true at the one that is.",
		"会社 ID {company} に、プライマリと指定されたアカウントが複数あります。該当する 1 つだけを primary: true にしてください。",
	},
	"is_primary": {
		"{account} is the primary account of its company ID, as declared.",
		"宣言により、{account} は会社 ID のプライマリアカウントです。",
	},
	"not_primary": {
		"{account} is not the primary account of its company ID; {primary} is.",
		"{account} は会社 ID のプライマリアカウントではありません。プライマリは {primary} です。",
	},
	"no_primary": {
		"No account of the company ID {company} is marked as primary. Add primary: true to the one that is.",
		"会社 ID {company} のアカウントに、プライマリの指定がありません。該当するアカウントに primary: true を指定してください。",
	},
	"primary_ended": {
		"The licence of the primary account {primary} ended after {expires}, which bars its sign-in too. Mend that first (LIC-01).",
		"プライマリアカウント {primary} のライセンスは {expires} で終了しており、そのログオンもできません。先に LIC-01 の対処をしてください。",
	},
}
