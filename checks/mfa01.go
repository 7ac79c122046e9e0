package checks

import (
	"slices"
	"strings"
	"time"

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

// defaultPasswordDays is the validity of a password in a domain that does not say otherwise
// (Microsoft Graph, resource type domain, passwordValidityPeriodInDays); neverExpires is the
// value that means never.
const (
	defaultPasswordDays = 90
	neverExpires        = 2147483647
)

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
		},
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
					"Put the account itself in order.",
					"アカウント自体の状態を直します。",
				},
				When: Text{
					"Where it is the account's own state that bars the sign-in, not a policy.",
					"サインインを妨げているのがポリシーではなく、アカウント自体の状態である場合です。",
				},
				Risk: Text{
					"Check first who else uses the account, and why it is as it is.",
					"先に、ほかに誰が使用しているか、なぜその状態なのかを確認してください。",
				},
				Links:   []string{"https://learn.microsoft.com/en-us/entra/fundamentals/how-to-manage-user-profile-info"},
				Applies: repairApplies,
				Steps: func(x *Exam) []Text {
					return []Text{
						text("In the Microsoft Entra admin center, open Users, look for {account}, and do what the finding says.",
							"Microsoft Entra 管理センターの [ユーザー] で {account} を確認し、検出内容に従って対処します。", "account", x.Pair().Subject),
						text("If {account} is not the account you mean, correct it in casdoctor.yaml. Run casdoctor again.",
							"{account} が意図したアカウントでない場合は casdoctor.yaml を修正します。casdoctor を再実行します。", "account", x.Pair().Subject),
					}
				},
			},
		},
		Words: mfaWords,
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
		policies: policiesDemand(x, a),
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
		return unknown(because("federated_domain", "domain", d.ID))
	case strings.EqualFold(*d.AuthenticationType, "Managed"):
		return refuted(Observed, because("managed_domain", "domain", d.ID))
	}
	return unknown(because("unknown_word", "what", "domains", "word", *d.AuthenticationType))
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

// signInFails: for a reason that is not a second factor. A person who consents with an
// authorized account can satisfy what a policy demands, so policies do not count there.
func signInFails(x *Exam, s setting, address string) Claim {
	a, why := account(x, address)
	if why != nil {
		return unseen("account", why)
	}
	if a.User.Value == nil {
		return accountState(a)
	}
	if s.mode == "authorized" {
		return anyOf(accountState(a), passwordState(x, a))
	}
	return anyOf(accountState(a), passwordState(x, a), policiesBlock(x, a))
}

// accountState: not there, switched off, or a guest from another directory.
func accountState(a facts.Account) Claim {
	u := a.User
	if u.Value == nil {
		if why := u.Why(); why.Kind != facts.NotFound {
			return unseen("account", why)
		}
		// The tenant is proven right: an accounts fact is only taken after its identity was shown.
		return confirmed(Observed, because("account_not_found", "account", a.Address))
	}
	var enabled, guest Claim
	switch {
	case u.Value.AccountEnabled == nil:
		enabled = unseen("account_enabled", orMalformed(nil))
	case !*u.Value.AccountEnabled:
		enabled = confirmed(Observed, because("account_disabled"))
	default:
		enabled = refuted(Observed, because("account_enabled_yes"))
	}
	switch {
	case u.Value.UserType == nil:
		guest = unseen("user_type", orMalformed(nil))
	case strings.EqualFold(*u.Value.UserType, "Guest"):
		guest = confirmed(Observed, because("account_guest"))
	case strings.EqualFold(*u.Value.UserType, "Member"):
		guest = refuted(Observed, because("account_member"))
	default:
		guest = unknown(because("unknown_word", "what", "user_type", "word", *u.Value.UserType))
	}
	return anyOf(enabled, guest)
}

// passwordState: a password that has expired, or must be changed at the next sign-in.
func passwordState(x *Exam, a facts.Account) Claim {
	u := *a.User.Value
	if u.ForceChangePasswordNextSignIn != nil && *u.ForceChangePasswordNextSignIn {
		return confirmed(Observed, because("password_must_change"))
	}
	if u.PasswordPolicies != nil && strings.Contains(*u.PasswordPolicies, "DisablePasswordExpiration") {
		return refuted(Observed, because("password_never_expires"))
	}
	t := Read(x, facts.M365Tenant)
	if t.Value == nil {
		return unseen("tenant", t.Why())
	}
	d, why := domainOf(t.Value, a)
	if d == nil {
		return unseen("domains", why)
	}
	if d.AuthenticationType != nil && strings.EqualFold(*d.AuthenticationType, "Federated") {
		return unknown(because("federated_domain", "domain", d.ID)) // its password lives at the identity provider
	}
	days, byDefault := defaultPasswordDays, d.PasswordValidityPeriodInDays == nil
	if !byDefault {
		days = *d.PasswordValidityPeriodInDays
	}
	if days == neverExpires {
		return refuted(Observed, because("password_never_expires"))
	}
	if u.LastPasswordChangeDateTime == nil {
		return unseen("password_age", orMalformed(nil))
	}
	end := u.LastPasswordChangeDateTime.AddDate(0, 0, days)
	if x.Now().Before(end) {
		return refuted(Observed, because("password_valid", "until", end.UTC().Format(time.DateOnly)))
	}
	expired := confirmed(Observed, because("password_expired", "since", end.UTC().Format(time.DateOnly)))
	if byDefault {
		return expired.atMost(Supported, because("password_default_period"))
	}
	return expired
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
	return condition(m.besides(), x.Found("MFA-01.X1", ""), x.Found("MFA-01.X2", x.Pair().Subject))
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

// authorizedApplies: a person signs in on Microsoft's page, so a second factor and the end of
// the password protocol do not matter; an account that cannot sign in at all still does.
func authorizedApplies(x *Exam) (Applicability, []Reason) {
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

// mfaWords are the sentences of this check's reasons, and its terms.
var mfaWords = map[string]Text{
	// Terms.
	"provisioning_mode":   {"The provisioning mode (microsoft365.provisioning)", "準備の方式 (microsoft365.provisioning)"},
	"account":             {"The account", "アカウント"},
	"delegates_found":     {"The search for delegate users in the tenant", "テナント内のデリゲート ユーザの検索"},
	"account_enabled":     {"Whether the account is enabled", "アカウントが有効かどうか"},
	"user_type":           {"Whether the account is a guest", "アカウントがゲストかどうか"},
	"per_user_mfa_state":  {"The per-user MFA state", "ユーザごとの MFA の状態"},
	"security_defaults":   {"The security defaults", "セキュリティの既定値"},
	"policies":            {"The Conditional Access policies", "条件付きアクセス ポリシー"},
	"groups":              {"The groups of the account", "アカウントの所属グループ"},
	"roles":               {"The directory roles of the account", "アカウントのディレクトリ ロール"},
	"named_locations":     {"The named locations", "ネームド ロケーション"},
	"tenant":              {"The tenant", "テナント"},
	"domains":             {"The tenant's domain of this account", "このアカウントのドメイン"},
	"sharepoint_settings": {"The SharePoint setting for apps without modern authentication", "先進認証を使用しないアプリに関する SharePoint の設定"},
	"password_age":        {"The age of the password", "パスワードの経過日数"},

	"services_not_used": {
		"Neither SharePoint Online nor OneDrive is to be provisioned, as declared.",
		"宣言により、SharePoint Online と OneDrive は準備の対象外です。",
	},
	"other_mode": {
		"Does not concern provisioning: {mode}, as declared.",
		"宣言された準備の方式 ({mode}) には関係しません。",
	},
	"already_provisioned": {
		"Provisioning is done, as declared; this account is not needed for it any more.",
		"宣言により準備は完了しており、このアカウントは準備にはもう必要ありません。",
	},
	"not_provisioned_yet": {
		"Provisioning is still to come, as declared.",
		"宣言により、準備はまだ行われていません。",
	},
	"account_not_found": {
		"{account} does not exist in this tenant. Correct the address or create the account.",
		"{account} はこのテナントに存在しません。アドレスを修正するか、アカウントを作成してください。",
	},
	"per_user_mfa": {
		"Per-user MFA is {state}: every password sign-in is asked for a second factor.",
		"ユーザごとの MFA が {state} です。パスワードでのサインインには必ず 2 つ目の要素が要求されます。",
	},
	"per_user_mfa_registered": {
		"Per-user MFA is {state}, and a method is registered.",
		"ユーザごとの MFA が {state} で、認証方法も登録済みです。",
	},
	"per_user_mfa_pending": {
		"Per-user MFA is {state}; it takes effect for older protocols as soon as a method is registered.",
		"ユーザごとの MFA が {state} です。認証方法が登録されると、古い方式のサインインにも適用されます。",
	},
	"per_user_mfa_off": {"Per-user MFA is off.", "ユーザごとの MFA は無効です。"},
	"unknown_word": {
		"{what!} has a value that this version does not know ({word}). Update casdoctor.",
		"{what!}に、このバージョンが知らない値があります ({word})。casdoctor を更新してください。",
	},
	"security_defaults_on": {
		"Security defaults are on: administrators need MFA, and older protocols are blocked for everybody.",
		"セキュリティの既定値が有効です。管理者には MFA が必要で、古い方式は全員に対してブロックされます。",
	},
	"security_defaults_off": {"Security defaults are off.", "セキュリティの既定値は無効です。"},
	"federated_domain": {
		"{domain} is federated: its own identity provider may demand a factor, which cannot be seen from here. Ask its administrator.",
		"{domain} はフェデレーション ドメインです。そちらの ID プロバイダが要素を要求するかは確認できません。管理者に確認してください。",
	},
	"managed_domain": {"{domain} is not federated.", "{domain} はフェデレーション ドメインではありません。"},
	"found_by_name": {
		"Found in the tenant by its display name; whether Cloud App Security uses it is not proven.",
		"表示名によりテナントで見つかったアカウントです。Cloud App Security が使用しているとは限りません。",
	},
	"legacy_switch_off": {
		"SharePoint does not accept apps that do not use modern authentication (isLegacyAuthProtocolsEnabled is false).",
		"SharePoint は先進認証を使用しないアプリを受け付けません (isLegacyAuthProtocolsEnabled が false)。",
	},
	"legacy_switch_on": {
		"The tenant's switch for apps without modern authentication is on.",
		"先進認証を使用しないアプリに関するテナントの設定は、許可になっています。",
	},
	"protocol_inferred": {
		"That automatic provisioning signs in that way is inferred, not documented.",
		"自動準備がこの方式でサインインすることは推定であり、文書化されていません。",
	},
	"legacy_sign_in_retired": {
		"Microsoft has refused password sign-in to SharePoint Online for good since {since}.",
		"Microsoft は {since} 以降、SharePoint Online へのパスワードによる古いサインイン方式を恒久的に拒否しています。",
	},
	"legacy_sign_in_not_retired": {
		"Password sign-in to SharePoint Online ends on {since}; until then it can still be allowed.",
		"SharePoint Online へのパスワードによる古いサインイン方式は {since} に終了します。それまでは許可できます。",
	},
	"retirement_not_published": {
		"Microsoft has published no retirement date of password sign-in for the cloud {cloud}. Ask Microsoft.",
		"クラウド {cloud} について、古いサインイン方式の廃止日は公表されていません。Microsoft に確認してください。",
	},
	"account_disabled":       {"The account is disabled. Enable it.", "アカウントが無効です。有効にしてください。"},
	"account_enabled_yes":    {"The account is enabled.", "アカウントは有効です。"},
	"account_guest":          {"The account is a guest of this tenant. Use an account of the tenant itself.", "アカウントはゲストです。このテナント自身のアカウントを使用してください。"},
	"account_member":         {"The account is a member of this tenant.", "アカウントはこのテナントのメンバーです。"},
	"password_must_change":   {"The password must be changed at the next sign-in. Sign in once and change it.", "次回サインイン時にパスワードの変更が必要です。一度サインインして変更してください。"},
	"password_never_expires": {"The password does not expire.", "パスワードに期限はありません。"},
	"password_valid":         {"The password is valid until {until}.", "パスワードは {until} まで有効です。"},
	"password_expired":       {"The password expired on {since}. Change it.", "パスワードは {since} に期限切れになりました。変更してください。"},
	"password_default_period": {
		"The domain states no period, so the default of 90 days was taken.",
		"ドメインに期間の設定がないため、既定の 90 日で判断しました。",
	},
	"app_password_needs_per_user_mfa": {
		"App passwords exist only with per-user MFA, which is off for this account.",
		"アプリ パスワードはユーザごとの MFA でのみ作成できますが、このアカウントでは無効です。",
	},
	"second_factor_possible": {
		"A person signs in on Microsoft's page, so a second factor can be given and no password protocol is needed.",
		"Microsoft のページで人がサインインするため、2 つ目の要素に対応でき、古い方式も不要です。",
	},
	"policy_allows_consent": {
		"The policy concerns the sign-in of Cloud App Security; with consent, a person signs in instead.",
		"このポリシーは Cloud App Security のサインインに関するものです。同意による接続では人がサインインします。",
	},
	"account_in_order": {
		"The account itself is in order; it is a policy that refuses the sign-in.",
		"アカウント自体に問題はありません。サインインを拒否しているのはポリシーです。",
	},
	"no_policy": {
		"No enforced Conditional Access policy refuses this sign-in ({count} looked at).",
		"このサインインを拒否する有効な条件付きアクセス ポリシーはありません (確認数 {count})。",
	},
	"no_policy_demands": {
		"No enforced Conditional Access policy demands a second factor here ({count} looked at).",
		"ここで 2 つ目の要素を要求する有効な条件付きアクセス ポリシーはありません (確認数 {count})。",
	},
	"policy_demands_factor": {
		"The Conditional Access policy \"{policy}\" demands a second factor ({controls}).",
		"条件付きアクセス ポリシー「{policy}」が 2 つ目の要素を要求しています ({controls})。",
	},
	"policy_blocks": {
		"The Conditional Access policy \"{policy}\" refuses the sign-in ({controls}).",
		"条件付きアクセス ポリシー「{policy}」がサインインを拒否します ({controls})。",
	},
	"client_type_inferred": {
		"It covers only modern clients; that Cloud App Security signs in as one is inferred.",
		"対象は先進認証のクライアントのみです。Cloud App Security がそれに当たるかは推定です。",
	},
	"role_not_active_yet": {
		"Not today, but as soon as a role that the account is eligible for is activated, which provisioning needs.",
		"現時点では該当しませんが、準備に必要なロールが有効化されると対象になります。",
	},
	"origin_inferred": {
		"Cloud App Security signs in from its own network, not from yours; that is inferred.",
		"Cloud App Security は自社ではなくサービス側のネットワークからサインインします。これは推定です。",
	},
	"policy_undecided": {
		"Whether the policy \"{policy}\" concerns this sign-in cannot be decided: {condition!}: {why!} ({detail}).",
		"ポリシー「{policy}」がこのサインインに関係するか判断できません。{condition!}: {why!} ({detail})。",
	},
	"condition_users":                  {"its users", "対象のユーザー"},
	"condition_applications":           {"its applications", "対象のアプリ"},
	"condition_client_apps":            {"its client apps", "対象のクライアント アプリ"},
	"condition_platforms":              {"its platforms", "対象のプラットフォーム"},
	"condition_locations":              {"its locations", "対象の場所"},
	"condition_devices":                {"its device filter", "デバイスのフィルター"},
	"condition_sign_in_risk":           {"its sign-in risk", "サインインのリスク"},
	"condition_user_risk":              {"its user risk", "ユーザーのリスク"},
	"condition_service_principal_risk": {"its risk of applications", "アプリのリスク"},
	"condition_insider_risk":           {"its insider risk", "インサイダー リスク"},
	"condition_authentication_flows":   {"its authentication flows", "認証フロー"},
	"condition_unplaced":               {"a condition that is new", "新しい種類の条件"},
	"condition_grant_control":          {"what it demands", "要求する内容"},
	"condition_session_control":        {"its session controls", "セッションの制御"},
	"why_missing":                      {"Graph did not send it", "Graph の応答に含まれていません"},
	"why_unknown_word":                 {"this version does not know the word", "このバージョンが知らない語です"},
	"why_unrecognised":                 {"this version does not know the member", "このバージョンが知らない項目です"},
	"why_groups_not_read":              {"the account's groups could not be read", "所属グループを読み取れません"},
	"why_roles_not_read":               {"the account's roles could not be read", "ロールを読み取れません"},
	"why_guest_unseen":                 {"the account does not say whether it is a guest", "アカウントがゲストかどうか分かりません"},
	"why_guest_type_unseen":            {"this kind of guest cannot be told from the account", "この種類のゲストかどうかをアカウントから判断できません"},
	"why_home_tenant_unseen":           {"the guest's home tenant cannot be read", "ゲストのホーム テナントを読み取れません"},
	"why_application_filter":           {"it selects applications by attributes that are not read", "アプリを属性で選んでおり、その属性は読み取られません"},
	"why_platform_unverified":          {"the platform is what the client claims", "プラットフォームはクライアントの自己申告です"},
	"why_address_not_declared":         {"the address that CAS signs in from is not declared; add microsoft365.cas_egress", "CAS のサインイン元アドレスが宣言されていません。microsoft365.cas_egress を追加してください"},
	"why_country_not_declared":         {"the country that CAS signs in from is not declared; add microsoft365.cas_egress", "CAS のサインイン元の国が宣言されていません。microsoft365.cas_egress を追加してください"},
	"why_locations_not_read":           {"the named locations could not be read", "ネームド ロケーションを読み取れません"},
	"why_location_unknown":             {"the named location is not in the tenant's list", "ネームド ロケーションが一覧にありません"},
	"why_range_unreadable":             {"a range of the named location cannot be read", "ネームド ロケーションの範囲を解釈できません"},
	"why_trusted_ips_unseen":           {"the trusted IPs of the MFA service cannot be read by anybody", "MFA サービスの信頼できる IP は外部から読み取れません"},
	"why_trust_not_read":               {"whether the named location is trusted was not sent", "ネームド ロケーションが信頼済みかどうかが応答にありません"},
	"why_filter_unclear":               {"the rule cannot be decided for an unregistered device", "未登録のデバイスについて規則を判断できません"},
	"why_risk":                         {"it depends on the risk at the moment of the sign-in", "サインイン時点のリスクによって変わります"},
}
