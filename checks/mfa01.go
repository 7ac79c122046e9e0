package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/internal/condaccess"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// legacySignInRetired is the day from which SharePoint Online refuses the password protocol
// (IDCRL) for good. Microsoft 365 message center MC1184649: blocked by default from
// 2026-02-16, an administrator's override until 2026-04-30, blocked permanently from
// 2026-05-01. No date is published for the other clouds. That CAS signs in with IDCRL is
// inferred: it types a password, and manual provisioning asks for "Apps that don't use modern
// authentication" to be allowed.
var legacySignInRetired = Dates{
	On:     map[string]time.Time{"global": day(2026, time.May, 1)},
	Reason: "legacy_sign_in_retired",
	Source: "Microsoft 365 message center MC1184649",
}

// MFA01 judges why SharePoint Online and OneDrive provisioning fails at the sign-in.
//
// Two questions are kept apart: is a second factor demanded of the account (C1, C2), and is
// the password protocol itself accepted (X1)? The documented fixes only touch the first.
func MFA01() Check {
	return Check{
		ID: "MFA-01", Section: "microsoft365",
		Title: Text{
			"SharePoint Online/OneDrive provisioning fails while MFA is on for the account it needs",
			"必要なアカウントで MFA が有効なため SharePoint Online/OneDrive の準備が失敗する",
		},
		Symptom: Text{
			"Automatic or manual provisioning of SharePoint Online or OneDrive ends with a failure. Cloud App Security cannot pass the second factor on to Microsoft.",
			"SharePoint Online または OneDrive の自動準備・手動準備が失敗します。Cloud App Security は 2 つ目の認証要素を Microsoft に引き渡せません。",
		},
		Needs: []string{
			facts.DeclaredRun.Name, facts.DeclaredM365.Name, facts.M365Tenant.Name, facts.M365Accounts.Name,
			facts.M365SecurityDefaults.Name, facts.M365ConditionalAccess.Name, facts.M365SharePoint.Name,
			facts.M365WhatIf.Name, facts.M365SignIns.Name,
		},
		Explain: explainMFA, Notes: noteMFA,
		Causes: []Cause{
			{
				ID: "MFA-01.C1",
				Text: Text{
					"A second factor is demanded of the Global Administrator account that automatic provisioning signs in with.",
					"自動準備に使うグローバル管理者アカウントに、2 つ目の認証要素が要求されています。",
				},
				How: Text{
					"Per-user MFA, security defaults and every Conditional Access policy are read and evaluated for this account, for SharePoint Online and a client that has only a password. A registered method alone proves nothing.",
					"ユーザごとの MFA、セキュリティの既定値、条件付きアクセスの各ポリシーを、このアカウント・SharePoint Online・パスワードしか使えないクライアントについて評価します。認証方法の登録だけでは判断しません。",
				},
				Examine: func(x *Exam) { examineFactor(x, facts.GlobalAdmin) },
			},
			{
				ID: "MFA-01.C2",
				Text: Text{
					"A second factor is demanded of the SharePoint Online delegate account of manual provisioning.",
					"手動準備に使う SharePoint Online のデリゲート アカウントに、2 つ目の認証要素が要求されています。",
				},
				How: Text{
					"As MFA-01.C1, for each delegate account; after provisioning also for delegate users that are found in the tenant by their display name.",
					"MFA-01.C1 と同じ方法で、各デリゲート アカウントを評価します。準備の後は、表示名で見つかったデリゲート ユーザも対象です。",
				},
				Examine: func(x *Exam) { examineFactor(x, facts.Delegate) },
			},
			{
				ID: "MFA-01.X1",
				Text: Text{
					"SharePoint Online refuses the password protocol itself, whatever MFA says.",
					"MFA の設定にかかわらず、SharePoint Online がパスワードによる古いサインイン方式そのものを拒否しています。",
				},
				How: Text{
					"The tenant's switch for apps that do not use modern authentication is read, and the date of judgement is compared with the retirement date of the cloud. That CAS uses this protocol is inferred.",
					"「先進認証を使用しないアプリ」のテナント設定を読み取り、判定日をクラウドごとの廃止日と比べます。CAS がこの方式を使うことは推定です。",
				},
				Examine: examineProtocol,
			},
			{
				ID: "MFA-01.X2",
				Text: Text{
					"The sign-in fails for a reason that is not MFA: the account itself, or a policy that blocks it.",
					"MFA 以外の理由でサインインが失敗します。アカウント自体の状態か、ブロックするポリシーが原因です。",
				},
				How: Text{
					"The account must exist in this tenant, be enabled, be no guest and have a password that is still valid; no policy may block it or demand what is not MFA.",
					"アカウントがこのテナントに存在し、有効で、ゲストではなく、パスワードの期限内であること、また MFA 以外を要求・ブロックするポリシーがないことを確認します。",
				},
				Examine: examineAccount,
			},
			{
				ID: "MFA-01.X3",
				Text: Text{
					"Provisioning is done, and MFA is still off for the Global Administrator.",
					"準備は完了していますが、グローバル管理者の MFA が無効のままです。",
				},
				How: Text{
					"The opposite of MFA-01.C1, after automatic provisioning: no mechanism demands a second factor any more.",
					"自動準備の後に、MFA-01.C1 の逆 (どの仕組みも 2 つ目の要素を要求していない) を確認します。",
				},
				Examine: examineStillOff,
			},
		},
		Fixes: []Fix{
			{
				ID: "MFA-01.F1", For: []string{"MFA-01.C1"},
				Text: Text{
					"Switch MFA off for the Global Administrator, provision, then switch it on again.",
					"グローバル管理者の MFA を無効にし、準備を実行した後、再び有効にします。",
				},
				When: Text{
					"Only where per-user MFA alone demands the factor, SharePoint Online still accepts the password protocol (no MFA-01.X1), and nothing else bars the sign-in (no MFA-01.X2). Automatic provisioning only.",
					"2 つ目の要素を要求しているのがユーザごとの MFA だけで、SharePoint Online がパスワードによる古いサインイン方式を受け付け (MFA-01.X1 なし)、ほかにサインインを妨げるものがない (MFA-01.X2 なし) 場合だけです。自動準備に限ります。",
				},
				Risk: Text{
					"Until MFA is on again, the password alone opens the most powerful account of the tenant. The admin who does this still needs MFA for the admin centers.",
					"再び有効にするまで、最も権限の強いアカウントがパスワードだけで守られます。作業する管理者自身は、管理センターで MFA が必要です。",
				},
				Links: []string{
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/troubleshooting-and-/troubleshooting.aspx",
					"https://learn.microsoft.com/en-us/entra/identity/authentication/howto-mfa-userstates",
				},
				ObsoleteAfter: legacySignInRetired,
				Applies:       switchOffApplies,
				Steps: func(x *Exam) []Text {
					a := []string{"account", x.Pair().Subject}
					return []Text{
						text("In the Microsoft Entra admin center, open Users > Per-user MFA, select {account} and disable MFA.",
							"Microsoft Entra 管理センターで [ユーザー] > [ユーザーごとの MFA] を開き、{account} を選んで MFA を無効にします。", a...),
						text("Provision SharePoint Online and OneDrive in the Cloud App Security console with {account}.",
							"Cloud App Security 管理コンソールで、{account} を使って SharePoint Online と OneDrive を準備します。", a...),
						text("Enforce MFA for {account} again at once, and run casdoctor with phase: after to confirm it.",
							"すぐに {account} の MFA を再び強制し、phase: after で casdoctor を実行して確認します。", a...),
					}
				},
			},
			{
				ID: "MFA-01.F2", For: []string{"MFA-01.C1", "MFA-01.C2"},
				Text: Text{
					"Use an app password for the account.",
					"アカウントのアプリ パスワードを使用します。",
				},
				When: Text{
					"Only with per-user MFA, without security defaults, without a policy on older clients and without federation, while neither MFA-01.X1 nor MFA-01.X2 is there.",
					"ユーザごとの MFA が有効で、セキュリティの既定値、古いクライアントを対象とするポリシー、フェデレーションがなく、MFA-01.X1 も MFA-01.X2 もない場合だけです。",
				},
				Risk: Text{
					"An app password bypasses MFA and stays valid when the password is reset. Microsoft refuses administrative actions with it, so a Global Administrator may still fail. Whether the tenant lets users create app passwords cannot be read from outside.",
					"アプリ パスワードは MFA を迂回し、パスワードを変更しても有効なままです。Microsoft は管理操作での使用を認めていないため、グローバル管理者では失敗することがあります。作成がテナントで許可されているかは外部から確認できません。",
				},
				Links: []string{
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/troubleshooting-and-/troubleshooting.aspx",
					"https://learn.microsoft.com/en-us/entra/identity/authentication/howto-mfa-app-passwords",
				},
				ObsoleteAfter: legacySignInRetired,
				Applies:       appPasswordApplies,
				Steps: func(x *Exam) []Text {
					a := []string{"account", x.Pair().Subject}
					return []Text{
						text("Sign in as {account} and create an app password under Security info. This gives Cloud App Security access to the account.",
							"{account} でサインインし、[セキュリティ情報] でアプリ パスワードを作成します。これにより Cloud App Security がアカウントにアクセスできます。", a...),
						text("When provisioning asks for the password of {account}, paste the app password.",
							"準備の途中で {account} のパスワードを求められたら、アプリ パスワードを貼り付けます。", a...),
					}
				},
			},
			{
				ID: "MFA-01.F3", For: []string{"MFA-01.C1", "MFA-01.C2", "MFA-01.X1", "MFA-01.X2"}, Ours: true,
				Text: Text{
					"Connect with an authorized account (OAuth consent) instead of a password.",
					"パスワードの代わりに、認証アカウント (OAuth の同意) で接続します。",
				},
				When: Text{
					"Wherever a person can sign in on Microsoft's page; not for an account that cannot sign in at all.",
					"Microsoft のページで人がサインインできる場合です。サインイン自体ができない状態のアカウントには使えません。",
				},
				Risk: Text{
					"The consent covers all sites of the tenant. Older guides end with a step at _layouts/15/AppInv.aspx, which relied on a service that Microsoft retired on 2026-04-02: ask Trend Micro what replaces it.",
					"同意はテナントのすべてのサイトに及びます。古い手順の最後にある _layouts/15/AppInv.aspx は、Microsoft が 2026-04-02 に廃止した機能に依存します。代わりの手順はトレンドマイクロに確認してください。",
				},
				Links: []string{
					"https://docs.trendmicro.com/en-us/documentation/article/trend-vision-one-migrate-sharepoint-onedrive-account",
				},
				Applies: authorizedApplies,
				Steps: func(x *Exam) []Text {
					return []Text{
						text("In the Cloud App Security console open Administration > Service Account. Choose Migration Available at SharePoint Online, or add the service with an authorized account.",
							"Cloud App Security 管理コンソールで [運用管理] > [サービスアカウント] を開き、SharePoint Online の移行を選ぶか、認証アカウントでサービスを追加します。"),
						text("Sign in on Microsoft's page as a Global Administrator, pass MFA there, and consent. Do the same for OneDrive.",
							"Microsoft のページでグローバル管理者としてサインインし、そこで MFA を通過して同意します。OneDrive でも同じ操作をします。"),
						text("Set provisioning: authorized in the configuration and run casdoctor again.",
							"設定を provisioning: authorized に変え、casdoctor を再実行します。"),
					}
				},
			},
			{
				ID: "MFA-01.F4", For: []string{"MFA-01.X3"}, Ours: true,
				Text: Text{
					"Switch MFA on again for the Global Administrator.",
					"グローバル管理者の MFA を再び有効にします。",
				},
				Risk: Text{
					"If the account is still used for synchronisation with a password, that stops. Move to an authorized account first.",
					"このアカウントをパスワードで同期に使い続けている場合、同期が止まります。先に認証アカウントへ移行してください。",
				},
				Links: []string{"https://learn.microsoft.com/en-us/entra/identity/authentication/howto-mfa-userstates"},
				Steps: func(x *Exam) []Text {
					return []Text{
						text("In the Microsoft Entra admin center, open Users > Per-user MFA and enforce MFA for {account}, or cover it with a Conditional Access policy.",
							"Microsoft Entra 管理センターの [ユーザー] > [ユーザーごとの MFA] で {account} の MFA を強制するか、条件付きアクセスの対象にします。", "account", x.Pair().Subject),
					}
				},
			},
			{
				ID: "MFA-01.F5", For: []string{"MFA-01.X2"}, Ours: true,
				Text: Text{
					"Put the account, or what it needs in the tenant, in order.",
					"アカウント、またはアカウントが必要とするテナントの状態を直します。",
				},
				When: Text{
					"Where it is the account's own state, or a missing service, that bars the sign-in, not a policy.",
					"サインインを妨げているのがポリシーではなく、アカウント自体の状態、またはサービスの欠如である場合です。",
				},
				Risk: Text{
					"Check first who else uses the account, and why it is as it is.",
					"先に、ほかに誰が使用しているか、なぜその状態なのかを確認してください。",
				},
				Links:   []string{"https://learn.microsoft.com/en-us/entra/fundamentals/how-to-manage-user-profile-info"},
				Applies: repairApplies,
				Steps: func(x *Exam) []Text {
					if sharePointPlan(x).Verdict > Unknown {
						return []Text{
							text("In the Microsoft 365 admin center, open Billing > Your products, and add or renew a subscription with SharePoint Online. Run casdoctor again.",
								"Microsoft 365 管理センターの [課金情報] > [お使いの製品] で、SharePoint Online を含むサブスクリプションを追加または更新します。casdoctor を再実行します。"),
						}
					}
					return []Text{
						text("In the Microsoft Entra admin center, open Users, look for {account}, and do what the finding says.",
							"Microsoft Entra 管理センターの [ユーザー] で {account} を確認し、検出内容に従って対処します。", "account", x.Pair().Subject),
						text("If {account} is not the account you mean, correct it in casdoctor.yaml. Run casdoctor again.",
							"{account} が意図したアカウントでない場合は casdoctor.yaml を修正します。casdoctor を再実行します。", "account", x.Pair().Subject),
					}
				},
			},
		},
		Words: together(mfaWords, mfaTableWords), Table: tabulateMFA,
	}
}

// setting is what the declarations say about provisioning.
type setting struct {
	mode, phase, cloud string
	sites              bool // SharePoint Online or OneDrive is to be provisioned
	globalAdmin        string
	delegates          []string
	unseen             *facts.Failure
}

func settingOf(x *Exam) setting {
	run, m := Read(x, facts.DeclaredRun), Read(x, facts.DeclaredM365)
	s := setting{}
	switch {
	case m.Value == nil:
		s.unseen = m.Why()
		return s
	case run.Value == nil:
		s.unseen = run.Why()
		return s
	case m.Value.Provisioning == nil:
		s.unseen = &facts.Failure{Kind: facts.NotDeclared}
		return s
	}
	s.mode, s.phase, s.cloud = *m.Value.Provisioning, run.Value.Phase, m.Value.Cloud
	s.globalAdmin, s.delegates = m.Value.GlobalAdmin, m.Value.Delegates
	s.sites = slices.Contains(m.Value.Services, "sharepoint") || slices.Contains(m.Value.Services, "onedrive")
	// The configuration is strict, but evidence can be older, newer, or edited: a word that is
	// not known here must not read as "does not concern you".
	if !slices.Contains([]string{"automatic", "manual", "authorized"}, s.mode) ||
		!slices.Contains([]string{"before", "after"}, s.phase) ||
		!s.sites && !slices.Equal(m.Value.Services, []string{"exchange"}) {
		s.unseen = orMalformed(nil)
	}
	return s
}

// excluded states the declarations that take a cause out of the question. It reports whether
// the cause is settled.
func (s setting) excluded(x *Exam, modes ...string) bool {
	switch {
	case s.unseen != nil:
		x.Find("", unseen("provisioning_mode", s.unseen))
	case !s.sites:
		x.NotApplicable(because("services_not_used"))
	case !slices.Contains(modes, s.mode):
		x.NotApplicable(because("other_mode", "mode", s.mode))
	default:
		return false
	}
	return true
}

// account finds an account of the fact by its address.
func account(x *Exam, address string) (facts.Account, *facts.Failure) {
	set := Read(x, facts.M365Accounts)
	if set.Value == nil {
		return facts.Account{}, set.Why()
	}
	for _, a := range set.Value.Accounts {
		if strings.EqualFold(a.Address, address) {
			return a, nil
		}
	}
	return facts.Account{}, &facts.Failure{Kind: facts.NotCollected, Detail: "the account was not looked at"}
}

func examineFactor(x *Exam, role facts.AccountRole) {
	s := settingOf(x)
	if role == facts.GlobalAdmin {
		if s.excluded(x, "automatic") {
			return
		}
		if s.phase == "after" {
			x.NotApplicable(because("already_provisioned"))
			return
		}
		x.Find(s.globalAdmin, demanded(x, s.globalAdmin).any())
		return
	}
	if s.excluded(x, "manual") {
		return
	}
	s.eachDelegate(x, func(d string) Claim { return demanded(x, d).any() })
}

// eachDelegate finds a claim for every delegate account: those that are named and, after
// provisioning, those that were found in the tenant by their display name. That CAS uses one
// of the latter is not proven, so they can only support.
func (s setting) eachDelegate(x *Exam, claim func(address string) Claim) {
	for _, d := range s.delegates {
		x.Find(d, claim(d))
	}
	if s.phase != "after" {
		return
	}
	set := Read(x, facts.M365Accounts)
	if set.Value == nil {
		return // said for each named delegate already
	}
	if f := set.Value.DelegatesFound.Why(); f != nil {
		x.Find("", unseen("delegates_found", f))
	}
	for _, a := range set.Value.Accounts {
		if a.Role == facts.FoundDelegate {
			x.Find(a.Address, claim(a.Address).atMost(Supported, because("found_by_name")))
		}
	}
}

// mechanisms are the three ways in which a second factor can be demanded of an account, each
// judged apart, because each fix depends on which of them hold.
type mechanisms struct {
	perUser, defaults, policies, idp Claim
}

func (m mechanisms) any() Claim { return anyOf(m.perUser, m.defaults, m.policies, m.idp) }

// besides is whether anything but per-user MFA demands a factor.
func (m mechanisms) besides() Claim { return anyOf(m.defaults, m.policies, m.idp) }

func demanded(x *Exam, address string) mechanisms {
	a, why := account(x, address)
	if why == nil && a.User.Value == nil {
		why = a.User.Why()
		if why.Kind == facts.NotFound {
			// Nothing can be said about the factor of an account that is not there; X2 says that.
			gone := unknown(because("account_not_found", "account", address))
			return mechanisms{gone, gone, gone, gone}
		}
	}
	if why != nil {
		c := unseen("account", why)
		return mechanisms{c, c, c, c}
	}
	return mechanisms{
		perUser:  perUser(a),
		defaults: securityDefaults(x),
		policies: logOf(x, a.Address).on(policiesDemand(x, a)),
		idp:      federated(x, a),
	}
}

// perUser reads the per-user state. Microsoft Entra, "Enable per-user multifactor
// authentication": enforced asks always; enabled lets the password of older protocols through
// until a method is registered.
func perUser(a facts.Account) Claim {
	p := a.PerUserMFA
	if p.Value == nil || p.Value.State == nil {
		return unseen("per_user_mfa_state", orMalformed(p.Why()))
	}
	state := *p.Value.State
	switch state {
	case "enforced":
		return confirmed(Observed, because("per_user_mfa", "state", state))
	case "enabled":
		r := a.Registration
		if r.Value != nil && r.Value.IsMfaRegistered != nil && *r.Value.IsMfaRegistered {
			return confirmed(Observed, because("per_user_mfa_registered", "state", state))
		}
		return supported(Observed, because("per_user_mfa_pending", "state", state))
	case "disabled":
		return refuted(Observed, because("per_user_mfa_off"))
	default:
		return unknown(because("unknown_word", "what", "per_user_mfa_state", "word", state))
	}
}

// orMalformed: an answer without the member that was asked for is not what is documented.
func orMalformed(f *facts.Failure) *facts.Failure {
	if f == nil {
		return &facts.Failure{Kind: facts.Malformed, Detail: "the member is missing"}
	}
	return f
}

func securityDefaults(x *Exam) Claim {
	d := Read(x, facts.M365SecurityDefaults)
	if d.Value == nil || d.Value.IsEnabled == nil {
		return unseen("security_defaults", orMalformed(d.Why()))
	}
	if *d.Value.IsEnabled {
		return confirmed(Observed, because("security_defaults_on"))
	}
	return refuted(Observed, because("security_defaults_off"))
}

// federated: a federated domain's own identity provider may ask for a factor, and nothing in
// the tenant shows whether it does.
func federated(x *Exam, a facts.Account) Claim {
	t := Read(x, facts.M365Tenant)
	if t.Value == nil {
		return unseen("tenant", t.Why())
	}
	d, why := domainOf(t.Value, a)
	switch {
	case d == nil:
		return unseen("domains", why)
	case d.AuthenticationType == nil:
		return unseen("domains", orMalformed(nil))
	case strings.EqualFold(*d.AuthenticationType, "Federated"):
		return unknown(append([]Reason{because("federated_domain", "domain", d.ID)}, federationOf(*d)...)...)
	case strings.EqualFold(*d.AuthenticationType, "Managed"):
		return refuted(Observed, because("managed_domain", "domain", d.ID))
	}
	return unknown(because("unknown_word", "what", "domains", "word", *d.AuthenticationType))
}

// federationOf tells what Entra does with a factor that the identity provider has asked for. It
// decides nothing: whether the provider asks is not in it.
func federationOf(d facts.Domain) []Reason {
	if d.Federation == nil || d.Federation.Value == nil {
		return nil
	}
	switch word := given(d.Federation.Value.FederatedIdpMfaBehavior); word {
	case "acceptIfMfaDoneByFederatedIdp", "enforceMfaByFederatedIdp", "rejectMfaByFederatedIdp":
		return []Reason{because("federated_mfa", "domain", d.ID, "behavior", word, "meaning", "federated_"+word)}
	}
	return nil
}

// domainOf is the tenant's domain of an account's address.
func domainOf(t *facts.Tenant, a facts.Account) (*facts.Domain, *facts.Failure) {
	address := a.Address
	if a.User.Value != nil && a.User.Value.UserPrincipalName != nil {
		address = *a.User.Value.UserPrincipalName
	}
	if t.Domains.Value == nil {
		return nil, t.Domains.Why()
	}
	_, name, _ := strings.Cut(address, "@")
	for _, d := range *t.Domains.Value {
		if strings.EqualFold(d.ID, name) {
			return &d, nil
		}
	}
	if f := t.Domains.Why(); f != nil {
		return nil, f
	}
	return nil, &facts.Failure{Kind: facts.NotFound, Detail: "the address is not in a domain of this tenant"}
}

func examineProtocol(x *Exam) {
	s := settingOf(x)
	if s.excluded(x, "automatic", "manual") {
		return
	}
	x.Find("", anyOf(switchOff(x, s.mode), retired(x, s.cloud)))
}

// switchOff is the tenant's own switch. Manual provisioning documents it as a prerequisite;
// for automatic provisioning the same protocol is inferred.
func switchOff(x *Exam, mode string) Claim {
	sp := Read(x, facts.M365SharePoint)
	if sp.Value == nil || sp.Value.IsLegacyAuthProtocolsEnabled == nil {
		return unseen("sharepoint_settings", orMalformed(sp.Why()))
	}
	if *sp.Value.IsLegacyAuthProtocolsEnabled {
		return refuted(Observed, because("legacy_switch_on"))
	}
	off := confirmed(Observed, because("legacy_switch_off"))
	if mode != "manual" {
		return off.atMost(Supported, because("protocol_inferred"))
	}
	return off
}

func retired(x *Exam, cloud string) Claim {
	since, known, come := legacySignInRetired.Since(cloud, x.Now())
	switch {
	case !known:
		return unknown(because("retirement_not_published", "cloud", cloud))
	case come:
		return supported(Inferred, because("legacy_sign_in_retired", "since", since.Format(time.DateOnly)))
	}
	return refuted(Inferred, because("legacy_sign_in_not_retired", "since", since.Format(time.DateOnly)))
}

func examineAccount(x *Exam) {
	s := settingOf(x)
	if s.unseen != nil {
		x.Find("", unseen("provisioning_mode", s.unseen))
		return
	}
	if !s.sites {
		x.NotApplicable(because("services_not_used"))
		return
	}
	switch {
	case s.mode == "manual":
		s.eachDelegate(x, func(d string) Claim { return signInFails(x, s, d) })
	case s.globalAdmin == "":
		// Only with an authorized account, where a person signs in and sees what is wrong.
		x.NotApplicable(because("other_mode", "mode", s.mode))
	default:
		x.Find(s.globalAdmin, signInFails(x, s, s.globalAdmin))
	}
}

func examineStillOff(x *Exam) {
	s := settingOf(x)
	if s.excluded(x, "automatic") {
		return
	}
	if s.phase != "after" {
		x.NotApplicable(because("not_provisioned_yet"))
		return
	}
	d := demanded(x, s.globalAdmin).any()
	if d.Verdict == Refuted && x.cut != nil {
		d = unknown(*x.cut) // what is missing could demand one
	}
	d.Verdict = d.Verdict.Not()
	x.Find(s.globalAdmin, d)
}

// condition turns a claim about an obstacle into whether a fix applies: an obstacle that is
// there, or that fits, forbids it; one that could not be looked at leaves it open.
func condition(obstacles ...Claim) (Applicability, []Reason) {
	c := anyOf(obstacles...)
	switch {
	case c.Verdict >= Supported:
		return No, c.Reasons
	case c.Verdict == Unknown:
		return Maybe, c.Reasons
	default:
		return Yes, nil
	}
}

// switchOffApplies: only where per-user MFA is the sole mechanism, the protocol is accepted,
// and nothing else bars the sign-in.
func switchOffApplies(x *Exam) (Applicability, []Reason) {
	if x.Pair().Subject == "" { // which account it is could not be seen
		return Maybe, x.Found(x.Pair().Cause, "").Reasons
	}
	m := demanded(x, x.Pair().Subject)
	return condition(partner(x), m.besides(), x.Found("MFA-01.X1", ""), x.Found("MFA-01.X2", x.Pair().Subject))
}

// partner: the administrators of a partner (CSP) tenant have to use MFA ("Partner security
// requirements", Partner Center), by whatever mechanism. That alone demands nothing of a
// sign-in to SharePoint Online, but it forbids to switch MFA off.
func partner(x *Exam) Claim {
	t := Read(x, facts.M365Tenant)
	if t.Value == nil {
		return unseen("tenant", t.Why())
	}
	if given(t.Value.PartnerTenantType) != "" {
		return confirmed(Observed, because("partner_tenant"))
	}
	return refuted(Observed)
}

// appPasswordApplies: an app password exists only with per-user MFA, and security defaults, a
// policy for older clients and a refused protocol each make it worthless (Microsoft Entra,
// "Enforce Microsoft Entra multifactor authentication with legacy applications using app
// passwords").
func appPasswordApplies(x *Exam) (Applicability, []Reason) {
	if x.Pair().Subject == "" {
		return Maybe, x.Found(x.Pair().Cause, "").Reasons
	}
	m := demanded(x, x.Pair().Subject)
	if m.perUser.Verdict == Refuted {
		return No, []Reason{because("app_password_needs_per_user_mfa")}
	}
	a, why := account(x, x.Pair().Subject)
	if why != nil {
		return Maybe, []Reason{failed("account", why)}
	}
	applies, reasons := condition(m.defaults, policiesOnOther(x, a), m.idp,
		x.Found("MFA-01.X1", ""), x.Found("MFA-01.X2", x.Pair().Subject))
	switch {
	case applies == Yes && m.perUser.Verdict == Unknown:
		return Maybe, m.perUser.Reasons
	case applies == Yes && m.policies.Verdict >= Supported:
		// A policy for modern clients only: whether CAS is one is inferred, and so is whether
		// the app password gets past it.
		return Maybe, m.policies.Reasons
	}
	return applies, reasons
}

// repairApplies: where it is the account's own state that bars the sign-in, not a policy.
func repairApplies(x *Exam) (Applicability, []Reason) {
	if x.Pair().Subject == "" {
		return Maybe, x.Found("MFA-01.X2", "").Reasons
	}
	switch own := signInFails(x, setting{mode: "authorized"}, x.Pair().Subject); own.Verdict {
	case Refuted:
		return No, []Reason{because("account_in_order")}
	case Unknown:
		return Maybe, own.Reasons
	default:
		return Yes, nil
	}
}

// blocksPerson is an enforced policy that blocks a person with a browser as well, wherever the
// person is: then another Global Administrator has to consent.
func blocksPerson(x *Exam, address string) *Reason {
	a, why := account(x, address)
	if why != nil || a.User.Value == nil {
		return nil
	}
	list, _ := effects(x, a)
	for _, e := range list {
		for _, o := range e.clients {
			c, blocks := e.policy.Conditions, e.policy.GrantControls != nil && slices.Contains(e.policy.GrantControls.BuiltInControls, "block")
			if o.signIn.Client == condaccess.Browser && blocks && o.fails == condaccess.True && !o.inferred && c.Locations == nil && c.Devices == nil {
				r := because("policy_blocks_person", "policy", e.policy.DisplayName, "account", address)
				return &r
			}
		}
	}
	return nil
}

// authorizedApplies: a person signs in on Microsoft's page, so a second factor and the end of
// the password protocol do not matter; an account that cannot sign in at all still does.
func authorizedApplies(x *Exam) (Applicability, []Reason) {
	if by := blocksPerson(x, x.Pair().Subject); by != nil {
		return Maybe, []Reason{*by}
	}
	if x.Pair().Cause != "MFA-01.X2" {
		return Yes, []Reason{because("second_factor_possible")}
	}
	if x.Pair().Subject == "" {
		return condition(x.Found("MFA-01.X2", ""))
	}
	// What remains without policies is the account's own trouble, and bars a person too.
	if applies, reasons := condition(signInFails(x, setting{mode: "authorized"}, x.Pair().Subject)); applies != Yes {
		return applies, reasons
	}
	return Yes, []Reason{because("policy_allows_consent")}
}
