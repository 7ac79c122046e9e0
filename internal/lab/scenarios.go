package lab

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/casdoctor/casdoctor/config"
)

// Text is a sentence in both languages.
type Text struct{ EN, JA string }

// Scenario is an organisation with one trouble.
type Scenario struct {
	Name  string
	Title Text
	// Now is the time to judge at, for troubles that come with a date; zero: now.
	Now          time.Time
	Organisation Organisation
}

// The names in every scenario.
const (
	tenantDomain = "contoso.com"
	globalAdmin  = "admin@contoso.com"
	delegate     = "cas-delegate@contoso.com"
	googleAdmin  = "super@contoso.com"

	globalAdminID = "8f8d0c1e-6f3b-4a57-9d0e-0c7b1a2f3e41"
	delegateID    = "c4b1de70-2a96-4f0b-8a1c-5d6e7f809a12"
	adminsID      = "1d2c3b4a-5e6f-4789-9abc-0def12345678"
	staffID       = "2e3d4c5b-6f70-489a-8bcd-1ef023456789"

	// The role template of Global Administrator (Microsoft Entra built-in roles).
	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

	scopeUsers   = scopePrefix + "admin.directory.user.readonly"
	scopeDomains = scopePrefix + "admin.directory.domain.readonly"
)

// The moments that scenarios are judged at: SharePoint Online accepts legacy passwords at
// the first, and refuses them for good at the second (Microsoft message center, MC1184649:
// blocked from 2026-05-01).
var (
	beforeRetirement = time.Date(2026, time.January, 15, 9, 0, 0, 0, time.UTC)
	afterRetirement  = time.Date(2026, time.November, 20, 9, 0, 0, 0, time.UTC)
)

// Healthy is an organisation in which every check passes: provisioned with an authorized
// account, delegation and internal domains complete, a current console. It is made anew at
// every call, to be changed.
func Healthy() Organisation {
	return Organisation{
		Microsoft: Microsoft{
			TenantID:    "84841066-274d-4ec0-a5c1-276be684bdd3",
			DisplayName: "Contoso",
			Domains: []Domain{
				{Name: "contoso.onmicrosoft.com", Initial: true, Services: []string{"Email", "OfficeCommunicationsOnline"}},
				{Name: tenantDomain, Default: true, Services: []string{"Email"}},
			},
			AssignedPlans: []AssignedPlan{
				{Service: "SharePoint", ServicePlanID: "5dbe027f-2339-4123-9542-606e4d348a72"},
				{Service: "exchange", ServicePlanID: "efb87545-963c-4e0d-99df-69c6916d9eb0"},
				{Service: "AADPremiumService", ServicePlanID: "41781fb2-bc02-4b7c-bd55-b576c07bb09d"},
				{Service: "AADPremiumService", ServicePlanID: "eec0eb4f-6444-4f95-aba0-50c24d67f998"},
			},
			App: App{
				ClientID: "11111111-2222-3333-4444-555555555555",
				Secret:   "practice-secret-of-the-lab",
				Permissions: []string{
					"Application.Read.All", "AuditLog.Read.All", "Domain-InternalFederation.Read.All", "Domain.Read.All",
					"GroupMember.Read.All",
					"Organization.Read.All", "Policy.Read.All", "RoleEligibilitySchedule.Read.Directory",
					"RoleManagement.Read.Directory",
					"SharePointTenantSettings.Read.All", "User.Read.All",
				},
			},
			Premium: P2,
			Users: []User{
				{
					ID: globalAdminID, UserPrincipalName: globalAdmin, DisplayName: "Contoso Admin",
					PasswordPolicies: "DisablePasswordExpiration", MemberOf: []string{adminsID},
					Created: day(2021, 4, 1), PasswordChanged: day(2025, 9, 1),
					Registration: &Registration{Registered: true, Capable: true, Methods: []string{"microsoftAuthenticatorPush"}},
				},
				{
					ID: delegateID, UserPrincipalName: delegate, DisplayName: "SharePoint delegate",
					PasswordPolicies: "DisablePasswordExpiration", MemberOf: []string{staffID},
					Created: day(2024, 2, 1), PasswordChanged: day(2025, 9, 1),
					Registration: &Registration{Methods: []string{}},
				},
				{
					ID: "d5a2ef81-3ba7-4e1c-9b2d-6e7f8091ab23", UserPrincipalName: "adele@contoso.com", DisplayName: "Adele Vance",
					MemberOf: []string{staffID}, Created: day(2022, 6, 1), PasswordChanged: day(2025, 5, 1),
				},
			},
			Groups: []Group{
				{ID: adminsID, DisplayName: "Administrators", MemberOf: []string{staffID}},
				{ID: staffID, DisplayName: "All staff"},
			},
			RoleAssignments: []RoleAssignment{{PrincipalID: globalAdminID, RoleDefinitionID: globalAdministrator}},
			// One for an application that provisioning does not use, and one that demands nothing yet.
			Policies: []json.RawMessage{
				policy("5a1f6e2b-0c3d-4e5f-8a9b-1c2d3e4f5a6b", "MFA for Azure management", "enabled",
					"797f4846-ba00-4fd7-ba43-dac1f8f63013", []string{"All"}, []string{}),
				policy("6b207f3c-1d4e-4f60-9bac-2d3e4f5a6b7c",
					"Microsoft-managed: Multifactor authentication for admins accessing Microsoft Admin Portals",
					"enabledForReportingButNotEnforced", "MicrosoftAdminPortals", []string{}, []string{globalAdministrator}),
			},
			NamedLocations: []json.RawMessage{headOffice()},
			Strengths:      builtInStrengths(),
			LegacyAuth:     true,
		},
		Google: Google{
			Customer:       "C01abc23d",
			Users:          []GoogleUser{{Email: googleAdmin, Admin: true}, {Email: "adele@contoso.com"}},
			ClientID:       "112233445566778899001",
			ServiceAccount: "casdoctor@practice-project.iam.gserviceaccount.com",
			Project:        "practice-project",
			GrantedScopes:  []string{scopeUsers, scopeDomains},
			Domains: []GoogleDomain{
				{
					Name: tenantDomain, Primary: true, Created: day(2020, 3, 2),
					Aliases: []GoogleDomain{{Name: "contoso.net", Created: day(2021, 7, 9)}},
				},
				{Name: "contoso-labs.com", Created: day(2023, 1, 16)},
			},
		},
		Console: Console{
			Host: "console.cas.test",
			Suites: []uint16{
				tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			},
		},
		Zone:     mailRecords(tenantDomain, "contoso.net", "contoso-labs.com"),
		Messages: map[string]string{"staff-notice.eml": message{from: "notices@" + tenantDomain, spf: "pass"}.file()},
		Declared: config.Config{
			Tenant: "contoso",
			Phase:  config.Before,
			Microsoft365: &config.Microsoft365{
				Cloud:        config.CloudGlobal,
				Provisioning: new(config.Authorized),
				GlobalAdmin:  globalAdmin,
				Services:     []config.Service{config.SharePoint, config.OneDrive},
			},
			Google: &config.Google{
				Customer:                 "my_customer",
				Admin:                    googleAdmin,
				CredentialsOf:            config.OfCasdoctor,
				ProvisionedDuringPreview: new(false),
				GrantedScopes:            config.List{Items: []string{scopeUsers, scopeDomains}, Declared: true},
			},
			CAS: &config.CAS{
				Site:            "eu",
				InternalDomains: config.List{Items: []string{tenantDomain, "contoso.net", "contoso-labs.com"}, Declared: true},
				SpamPolicies:    []config.SpamPolicy{{Name: "default", AppliesTo: config.IncomingMessages}},
				Clients:         []string{currentChrome},
			},
			Licensing: &config.Licensing{
				Accounts: []config.LicenseAccount{{
					ID: "clp-contoso", Company: "1001", Primary: new(true), License: config.Full,
					Expires: config.Date{Time: day(2099, 12, 31)},
				}},
				SignIn: &config.SignIn{Account: "clp-contoso", Type: config.SignInCLP},
			},
		},
	}
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// currentChrome is the User-Agent string of a current browser (RFC 9110, 10.1.5; Chromium
// reduces it to the major version).
const currentChrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
	"(KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

// Scenarios are all scenarios, the healthy one first.
func Scenarios() []Scenario {
	return []Scenario{
		scenario("healthy", time.Time{},
			"everything is in order", "すべて正常", func(*Organisation) {}),

		scenario("mfa-per-user", beforeRetirement,
			"per-user MFA on the Global Administrator, in January 2026: the documented workarounds still work",
			"グローバル管理者のユーザごとの MFA(2026年1月時点): 文書の回避策がまだ有効", func(o *Organisation) {
				automatic(o)
				o.Microsoft.Users[0].PerUserMFA = "enforced"
			}),
		scenario("mfa-per-user-retired", afterRetirement,
			"the same tenant in November 2026: password sign-in is retired, only an authorized account works",
			"同じテナント(2026年11月時点): パスワード認証は廃止済みで、認証アカウントだけが有効", func(o *Organisation) {
				automatic(o)
				o.Microsoft.Users[0].PerUserMFA = "enforced"
			}),
		scenario("mfa-security-defaults", beforeRetirement,
			"security defaults demand a second factor of every administrator",
			"セキュリティの既定値が管理者全員に2 つ目の要素を要求", func(o *Organisation) {
				automatic(o)
				o.Microsoft.SecurityDefaults = true
				o.Microsoft.Policies = nil // the two exclude each other
			}),
		scenario("mfa-conditional-access", beforeRetirement,
			"a Conditional Access policy demands MFA of the delegate account (manual provisioning)",
			"条件付きアクセスがデリゲートアカウントにMFAを要求(手動準備)", mfaForAll),
		scenario("mfa-what-if-differs", beforeRetirement,
			"a policy demands MFA of the delegate account, and Microsoft's own evaluation leaves the account out",
			"ポリシーがデリゲートアカウントにMFAを要求しているが、Microsoft自身の評価では対象外になる", func(o *Organisation) {
				mfaForAll(o)
				o.Microsoft.WhatIf = map[string]WhatIf{mfaForAllID: {Reasons: "users"}}
			}),
		scenario("mfa-sign-in-log-differs", time.Time{},
			"a policy demands MFA of the delegate account, and in the sign-in log its password was enough",
			"ポリシーがデリゲートアカウントにMFAを要求しているが、サインインログではパスワードだけで成功している", func(o *Organisation) {
				mfaForAll(o)
				o.Microsoft.SignIns = []json.RawMessage{signInOf(delegateID, delegate, time.Now().Add(-24*time.Hour))}
			}),
		scenario("mfa-still-off", beforeRetirement,
			"provisioning is done, and nobody switched MFA on again for the Global Administrator",
			"準備は完了したが、グローバル管理者のMFAが無効のまま", func(o *Organisation) {
				automatic(o)
				o.Declared.Phase = config.After
				o.Microsoft.Users = append(o.Microsoft.Users, User{
					ID: "e6b3f092-4cb8-4f2d-8c3e-7f8091ab2c34", UserPrincipalName: "cas-service@contoso.onmicrosoft.com",
					DisplayName: "Cloud App Security Service Account for SharePoint", PasswordPolicies: "DisablePasswordExpiration",
					Created: day(2025, 12, 1), PasswordChanged: day(2025, 12, 1),
				})
			}),
		scenario("legacy-switch-off", beforeRetirement,
			"SharePoint refuses applications without modern authentication (manual provisioning)",
			"SharePointが先進認証を使わないアプリを拒否(手動準備)", func(o *Organisation) {
				m := o.Declared.Microsoft365
				m.Provisioning, m.GlobalAdmin, m.Delegates = new(config.Manual), "", []string{delegate}
				o.Microsoft.LegacyAuth = false
			}),
		scenario("blocked-account", beforeRetirement,
			"the Global Administrator's account is blocked: the sign-in fails, but not for MFA",
			"グローバル管理者のアカウントがブロックされている: 失敗の原因はMFAではない", func(o *Organisation) {
				automatic(o)
				o.Microsoft.Users[0].Disabled = true
			}),

		scenario("large-tenant", beforeRetirement,
			"100,000 users, 5,000 groups, 1,000 policies: one of them reaches the Global Administrator through nested groups",
			"10万ユーザ、5,000グループ、1,000ポリシー: 入れ子のグループを通じて1件がグローバル管理者に適用", large),

		scenario("gmail-preview-grant", time.Time{},
			"Gmail was provisioned during the preview, and CAS's grant cannot read domains",
			"Gmailをプレビュー期間中に準備したため、CASの権限ではドメインを読めない", func(o *Organisation) {
				g := o.Declared.Google
				g.CredentialsOf, g.ProvisionedDuringPreview, g.GrantedScopes = config.OfCAS, new(true), config.List{}
				o.Google.GrantedScopes = []string{scopeUsers}
			}),
		scenario("gmail-domain-missing", time.Time{},
			"a new domain of the customer is missing in the internal domain list",
			"新しく追加したドメインが内部ドメインのリストにない", func(o *Organisation) {
				o.Google.Domains = append(o.Google.Domains, GoogleDomain{Name: "contoso-new.com", Created: day(2026, 1, 7)})
			}),
		scenario("gmail-foreign-entry", time.Time{},
			"a provider of mail for everybody is in the internal domain list",
			"一般向けのメール サービスのドメインが内部ドメインのリストにある", func(o *Organisation) {
				o.Declared.CAS.InternalDomains.Items = append(o.Declared.CAS.InternalDomains.Items, "gmail.com")
			}),
		scenario("gmail-no-delegation", time.Time{},
			"nothing is delegated to the service account",
			"サービスアカウントに何も委任されていない", func(o *Organisation) {
				o.Google.GrantedScopes = nil
			}),

		scenario("tls-old-client", time.Time{},
			"Internet Explorer on Windows 7 cannot reach the console, a current browser can",
			"Windows 7のInternet Explorerはコンソールに接続できず、最新のブラウザは接続できる", func(o *Organisation) {
				o.Declared.CAS.Clients = []string{"IE 10 / Windows 7", "IE 11 / Windows 7", currentChrome}
			}),
		scenario("tls-people", time.Time{},
			"seven people still sign in with Internet Explorer 11 on Windows 7, which the console refuses",
			"7人がWindows 7のInternet Explorer 11でサインインしているが、コンソールは受け付けない", func(o *Organisation) {
				o.Microsoft.SignIns = signInsOfOldBrowsers(time.Now())
			}),
		scenario("tls-intercepted", time.Time{},
			"a gateway answers in the console's place with a certificate of its own",
			"ゲートウェイが独自の証明書でコンソールの代わりに応答", func(o *Organisation) {
				o.Console.Certificate = CertificateUnknownCA
			}),
		scenario("console-unreachable", time.Time{},
			"the console's port is closed from here",
			"ここからコンソールのポートに接続できない", func(o *Organisation) {
				o.Console.Behaviour = Refused
			}),

		scenario("no-permission", beforeRetirement,
			"the app registration lacks Policy.Read.All: what decides cannot be read",
			"アプリ登録にPolicy.Read.Allがなく、判断に必要な情報を読めない", func(o *Organisation) {
				automatic(o)
				o.Microsoft.App.Permissions = slices.DeleteFunc(o.Microsoft.App.Permissions, func(p string) bool {
					return p == "Policy.Read.All"
				})
			}),
		scenario("throttled", beforeRetirement,
			"Graph throttles the Conditional Access policies for the whole run",
			"Graphが条件付きアクセスポリシーの読み取りを制限し続ける", func(o *Organisation) {
				automatic(o)
				o.Faults = []Fault{{
					Service: GraphService, Path: "/v1.0/identity/conditionalAccess/policies", Status: http.StatusTooManyRequests,
					Header: http.Header{"Content-Type": {"application/json"}},
					Body:   `{"error":{"code":"TooManyRequests","message":"Too Many Requests"}}`,
				}}
			}),
		scenario("wrong-tenant", time.Time{},
			"the credentials reach another tenant than the configured one",
			"資格情報が設定とは別のテナントに到達する", func(o *Organisation) {
				const configured = "0b9e7c52-8d1f-4a36-b7e4-2c5d6f708192"
				o.Declared.Microsoft365.TenantID = configured
				o.Microsoft.TokensFor = []string{configured}
			}),
		scenario("google-offline", time.Time{},
			"Google cannot be reached from here",
			"ここからGoogleに接続できない", func(o *Organisation) {
				o.Faults = []Fault{{Service: GoogleService, Reset: true}}
			}),

		scenario("trial-expired", afterRetirement,
			"the account that signs in was created with a trial licence, and the trial is over",
			"ログオンするアカウントの体験版ライセンスの有効期限が切れている", func(o *Organisation) {
				a := &o.Declared.Licensing.Accounts[0]
				a.License, a.Expires = config.Trial, config.Date{Time: day(2026, 10, 31)}
			}),
		scenario("trial-ending-soon", afterRetirement,
			"the trial licence of the account that signs in ends in two weeks",
			"ログオンするアカウントの体験版ライセンスの期限が2週間後に切れる", func(o *Organisation) {
				a := &o.Declared.Licensing.Accounts[0]
				a.License, a.Expires = config.Trial, config.Date{Time: day(2026, 12, 4)}
			}),
		scenario("licence-contradicted", afterRetirement,
			"the partner's licensing platform has a trial that is over, and the declaration says otherwise",
			"パートナーのライセンス管理プラットフォームでは体験版の期限が切れているが、宣言と異なる", func(o *Organisation) {
				o.Declared.Licensing.SignIn.Type = config.SignInLMP
				o.LMP = &LMP{ //nolint:gosec // G101: of the practice organisation
					AccessToken: "975f9ce9-1234-5678-8c2e-9f0b1f27e1b3", SecretKey: "practice-secret-key-of-the-partner",
					CustomerID: "bd369fc5-61ad-4d40-8d68-11a757369a8f", SubscriptionID: "050c20ca-033d-412e-94f3-cfcfc3d61cb7",
					Plan: "Cloud App Security trial",
					Licences: []Licence{{
						ProductID: "CASXXE3X", Version: "trial", Starts: day(2025, 10, 1), Expires: day(2026, 9, 30),
					}},
				}
			}),
		scenario("wrong-account", time.Time{},
			"two accounts under one company ID, and the one that is not primary signs in",
			"1つの会社IDに2つのアカウントがあり、プライマリではない方でログオンしている", func(o *Organisation) {
				l := o.Declared.Licensing
				second := l.Accounts[0]
				second.ID, second.Primary = "clp-contoso-2", new(false)
				l.Accounts, l.SignIn.Account = append(l.Accounts, second), second.ID
			}),

		scenario("spam-settings", time.Time{},
			"an Exchange Online policy scans all messages and does not pass other spam from internal domains",
			"Exchange Onlineのポリシーがすべてのメッセージを検索し、内部ドメインのその他のスパムメールを放置しない", func(o *Organisation) {
				o.Declared.CAS.SpamPolicies = []config.SpamPolicy{
					{Name: "default", AppliesTo: config.AllMessages, PassInternalOtherSpam: new(false)},
				}
			}),
		scenario("spam-spf-fail", time.Time{},
			"the settings are right, but an internal message comes from a server that SPF does not allow",
			"設定は正しいが、SPFで許可されていないサーバから内部メールが送信されている", func(o *Organisation) {
				o.Messages["payroll.eml"] = message{from: "payroll@" + tenantDomain, spf: "fail"}.file()
			}),
		scenario("spam-domain-missing", time.Time{},
			"an internal message comes from a domain of the tenant that is missing in the internal domain list",
			"内部メールの送信元であるテナントのドメインが、内部ドメインのリストにない", func(o *Organisation) {
				o.Microsoft.Domains = append(o.Microsoft.Domains, Domain{Name: "contoso-sales.com", Services: []string{"Email"}})
				o.Messages["offer.eml"] = message{from: "sales@contoso-sales.com", spf: "pass"}.file()
			}),

		scenario("spam-detected", time.Time{},
			"nobody named a message; the API of Cloud App Security names one that it detected, whose bounces go to a stranger",
			"メッセージは指定されていないが、Cloud App Security の API が検出したメッセージを示し、その返送先が外部のドメイン", func(o *Organisation) {
				o.Messages = nil
				o.CAS = &CAS{Token: "practice-token-of-the-lab", Events: []SecurityEvent{{
					Age: 26 * time.Hour, Policy: "default", Action: "Quarantine", MessageID: "<20261119-77@mail." + tenantDomain + ">",
					Sender: "newsletter@" + tenantDomain, Mailbox: "adele@" + tenantDomain, Subject: "practice message",
					Headers: headersOf("newsletter@"+tenantDomain, "bounces@mailer.example",
						"spf=pass (sender IP is 198.51.100.9)\r\n smtp.mailfrom=mailer.example; dkim=none (message not signed)\r\n header.d=none; "+
							"dmarc=fail action=none\r\n header.from="+tenantDomain+";compauth=fail reason=001"),
				}}}
			}),

		scenario("bound-by-trial", beforeRetirement,
			"a trial account provisioned the tenant, and another account with a full licence is to do so again",
			"体験版のアカウントで準備したテナントを、製品版の別のアカウントで再度準備しようとしている", boundByTrial),
		scenario("bound-trial-expired", afterRetirement,
			"the same accounts when the trial is over: the old account cannot sign in to let go of the tenant",
			"体験版の期限が切れた後の同じアカウント: 以前のアカウントではログオンできず、解除できない", boundByTrial),
		scenario("earlier-provisioning", time.Time{},
			"an application and a delegate user of an earlier provisioning are in the tenant, and nobody is declared to hold it",
			"以前の準備によるアプリケーションとデリゲートユーザがテナントに残り、準備したアカウントが宣言されていない", func(o *Organisation) {
				provisionedEarlier(o)
				o.Microsoft.Users = append(o.Microsoft.Users, User{
					ID: "e6b3f092-4cb8-4f2d-8c3e-7f8091ab2c34", UserPrincipalName: "cas-service@contoso.onmicrosoft.com",
					DisplayName: "Cloud App Security Service Account for SharePoint", Created: day(2024, 5, 7), PasswordChanged: day(2024, 5, 7),
				})
			}),

		scenario("all-troubles", beforeRetirement,
			"every trouble at once, with every documented cause that can stand beside the others",
			"すべての問題が同時に発生 (文書の原因のうち、両立するもの)", allTroubles),
	}
}

// allTroubles has every documented cause that can stand beside the others: all but MFA-01.C2,
// because provisioning is either automatic (C1) or manual (C2). The trial that provisioned the
// tenant has expired and signs in, with an account that is not the primary one, and the full
// account that is meant for the same tenant will meet the message of BND-01.
func allTroubles(o *Organisation) {
	boundByTrial(o)
	l := o.Declared.Licensing
	l.Accounts[len(l.Accounts)-1].Expires = config.Date{Time: day(2025, 12, 31)}
	l.Accounts = append(l.Accounts, config.LicenseAccount{
		ID: "clp-sales", Company: "1001", Primary: new(false), License: config.Full,
		Expires: config.Date{Time: day(2027, 12, 31)}, TenantID: o.Microsoft.TenantID,
	})
	l.SignIn.Account = "clp-trial"

	automatic(o)
	o.Microsoft.Users[0].PerUserMFA = "enforced"

	g := o.Declared.Google
	g.ProvisionedDuringPreview = new(true)
	g.GrantedScopes = config.List{Items: []string{scopeUsers}, Declared: true}
	o.Google.Domains = append(o.Google.Domains, GoogleDomain{Name: "contoso-new.com", Created: day(2026, 1, 7)})

	o.Declared.CAS.SpamPolicies = append(o.Declared.CAS.SpamPolicies,
		config.SpamPolicy{Name: "sales", AppliesTo: config.AllMessages, PassInternalOtherSpam: new(false)})
	o.Messages["payroll.eml"] = message{from: "payroll@" + tenantDomain, spf: "fail"}.file()

	o.Declared.CAS.Clients = []string{"IE 10 / Windows 7", "IE 11 / Windows 7"}
}

// scenario is the healthy organisation with one change.
func scenario(name string, now time.Time, en, ja string, change func(*Organisation)) Scenario {
	o := Healthy()
	change(&o)
	return Scenario{Name: name, Title: Text{EN: en, JA: ja}, Now: now, Organisation: o}
}

// mfaForAllID is the id of the policy that mfaForAll adds.
const mfaForAllID = "7c31804d-2e5f-4071-8cbd-3e4f5a6b7c8d"

// mfaForAll provisions with a delegate account's password, of which a policy demands MFA.
func mfaForAll(o *Organisation) {
	m := o.Declared.Microsoft365
	m.Provisioning, m.GlobalAdmin, m.Delegates = new(config.Manual), "", []string{delegate}
	o.Microsoft.Policies = append(o.Microsoft.Policies,
		policy(mfaForAllID, "MFA for all users", "enabled", "All", []string{"All"}, []string{}))
}

// signInOf is a sign-in to SharePoint Online for which the password was enough, in the wire
// shape of beta (Microsoft Graph, "List signIns", first example).
func signInOf(id, name string, at time.Time) json.RawMessage {
	return wire(entity{
		"id": "66ea54eb-6301-4ee5-be62-ff5a759b0100", "createdDateTime": at.UTC().Format(time.RFC3339),
		"userId": id, "userPrincipalName": name, "userDisplayName": "SharePoint delegate",
		"appId": "08e18876-6177-487e-b8b5-cf950c1e598c", "appDisplayName": "SharePoint Online Web Client Extensibility",
		"ipAddress": "203.0.113.7", "clientAppUsed": "Other clients", "userAgent": nil,
		"resourceId": sharePointOnline, "resourceDisplayName": "Office 365 SharePoint Online",
		"conditionalAccessStatus": "notApplied", "appliedConditionalAccessPolicies": []entity{}, "isInteractive": true,
		"authenticationProtocol": "none", "authenticationRequirement": "singleFactorAuthentication",
		"authenticationRequirementPolicies": []entity{}, "authenticationDetails": []entity{},
		"signInEventTypes": []string{"interactiveUser"},
		"status":           entity{"errorCode": 0, "failureReason": "Other.", "additionalDetails": nil},
	})
}

// automatic provisions with the Global Administrator's password instead.
func automatic(o *Organisation) { o.Declared.Microsoft365.Provisioning = new(config.Automatic) }

// boundByTrial has an account with a trial that provisioned the tenant, beside the one that signs in.
func boundByTrial(o *Organisation) {
	provisionedEarlier(o)
	l := o.Declared.Licensing
	l.Accounts = append(l.Accounts, config.LicenseAccount{
		ID: "clp-trial", Company: "1001", Primary: new(false), License: config.Trial,
		Expires:  config.Date{Time: day(2026, 3, 31)},
		TenantID: o.Microsoft.TenantID, Provisioned: config.Date{Time: day(2024, 5, 7)},
	})
}

// provisionedEarlier is what a provisioning with an authorized account leaves in the tenant, and
// beside it the admin's own application of the same name, which the vendor's guide for single
// sign-on asks for (Microsoft Graph, "servicePrincipal", "appRoleAssignment" and
// "oAuth2PermissionGrant" resource types). The application ids are made up.
func provisionedEarlier(o *Organisation) {
	const application, principal = "7c21d4ab-5e0f-4b6d-9a38-1f2e3d4c5b6a", "b3f1a0c2-9d47-4e58-8c16-2a3b4c5d6e7f"
	m := &o.Microsoft
	m.App.Permissions = append(m.App.Permissions, "Directory.Read.All")
	m.ServicePrincipals = []json.RawMessage{
		wire(entity{
			"id": principal, "appId": application, "displayName": "Trend Micro Cloud App Security",
			"createdDateTime": "2024-05-07T08:12:31Z", "accountEnabled": true, "servicePrincipalType": "Application",
			"appOwnerOrganizationId": "4d6e8f10-2a3b-4c5d-8e7f-90a1b2c3d4e5", "publisherName": "Trend Micro",
			"verifiedPublisher":         entity{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil},
			"preferredSingleSignOnMode": nil, "replyUrls": []string{"https://admin-eu.tmcas.trendmicro.com/provision.html"},
		}),
		wire(entity{
			"id": "c4a2b1d3-0e58-4f69-9d27-3b4c5d6e7f80", "appId": "8d32e5bc-6f10-4c7e-8b49-203f4e5d6c7b",
			"displayName": "Trend Micro Cloud App Security", "createdDateTime": "2024-06-03T10:00:00Z", "accountEnabled": true,
			"servicePrincipalType": "Application", "appOwnerOrganizationId": m.TenantID, "publisherName": m.DisplayName,
			"verifiedPublisher":         entity{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil},
			"preferredSingleSignOnMode": "saml", "replyUrls": []string{"https://admin-eu.tmcas.trendmicro.com/ssoLogin"},
		}),
	}
	m.AppRoleAssignments = []json.RawMessage{wire(entity{
		"id": "wqDxs0edWE6MFio7TF1ufw", "appRoleId": "9e640839-a198-48fb-8b9a-013fd6f6cbcd", "principalId": principal,
		"principalType": "ServicePrincipal", "principalDisplayName": "Trend Micro Cloud App Security",
		"resourceId": "d5b3c2e4-1f69-407a-8e38-4c5d6e7f8091", "resourceDisplayName": "Office 365 SharePoint Online",
		"createdDateTime": "2024-05-07T08:12:33Z", "deletedDateTime": nil,
	})}
	m.PermissionGrants = []json.RawMessage{wire(entity{
		"id": "wqDxs0edWE6MFio7TF1uf-TDsdVpH3pAjjhMXW5_gJE", "clientId": principal, "consentType": "Principal",
		"principalId": globalAdminID, "resourceId": "d5b3c2e4-1f69-407a-8e38-4c5d6e7f8091", "scope": "User.Read",
	})}
}

// policy is a Conditional Access policy in the wire shape of Graph v1.0 that demands MFA of
// users or roles in one application (Microsoft Graph, "conditionalAccessPolicy resource type").
func policy(id, name, state, application string, users, roles []string) json.RawMessage {
	return policyFor(id, name, state, application, users, []string{}, roles)
}

// policyForGroup is a policy that demands MFA of a group everywhere.
func policyForGroup(id, name, group string) json.RawMessage {
	return policyFor(id, name, "enabled", "All", []string{}, []string{group}, []string{})
}

func policyFor(id, name, state, application string, users, groups, roles []string) json.RawMessage {
	return wire(entity{
		"id": id, "templateId": nil, "displayName": name, "state": state,
		"createdDateTime": "2025-02-11T14:30:00.0Z", "modifiedDateTime": nil,
		"conditions": entity{
			"clientAppTypes":   []string{"all"},
			"signInRiskLevels": []string{}, "userRiskLevels": []string{}, "servicePrincipalRiskLevels": []string{},
			"insiderRiskLevels": nil, "platforms": nil, "locations": nil, "devices": nil,
			"clientApplications": nil, "authenticationFlows": nil,
			"applications": entity{
				"includeApplications": []string{application}, "excludeApplications": []string{}, "includeUserActions": []string{},
				"includeAuthenticationContextClassReferences": []string{}, "applicationFilter": nil,
			},
			"users": entity{
				"includeUsers": users, "excludeUsers": []string{}, "includeGroups": groups, "excludeGroups": []string{},
				"includeRoles": roles, "excludeRoles": []string{},
				"includeGuestsOrExternalUsers": nil, "excludeGuestsOrExternalUsers": nil,
			},
		},
		"grantControls": entity{
			"operator": "OR", "builtInControls": []string{"mfa"}, "customAuthenticationFactors": []string{},
			"termsOfUse": []string{}, "authenticationStrength": nil,
		},
		"sessionControls": nil,
	})
}

// headOffice is a trusted range (Microsoft Graph, "ipNamedLocation resource type").
func headOffice() json.RawMessage {
	return wire(entity{
		"@odata.type": "#microsoft.graph.ipNamedLocation", "id": "0a1b2c3d-4e5f-4061-9273-8495a6b7c8d9",
		"displayName": "Head office", "createdDateTime": "2024-03-05T08:00:00.0Z", "modifiedDateTime": "2024-03-05T08:00:00.0Z",
		"isTrusted": true,
		"ipRanges":  []entity{{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}},
	})
}

// builtInStrengths are the strengths that every tenant has, each with some of its
// combinations (Microsoft Graph, "List authenticationStrengthPolicies").
func builtInStrengths() []json.RawMessage {
	strength := func(id, name string, combinations ...string) json.RawMessage {
		return wire(entity{
			"id": id, "displayName": name, "description": "", "policyType": "builtIn", "requirementsSatisfied": "mfa",
			"allowedCombinations": combinations, "createdDateTime": "2021-12-01T08:00:00Z", "modifiedDateTime": "2021-12-01T08:00:00Z",
		})
	}
	return []json.RawMessage{
		strength("00000000-0000-0000-0000-000000000002", "Multifactor authentication",
			"fido2", "windowsHelloForBusiness", "password,microsoftAuthenticatorPush", "password,softwareOath", "password,sms"),
		strength("00000000-0000-0000-0000-000000000003", "Passwordless MFA",
			"fido2", "windowsHelloForBusiness", "deviceBasedPush"),
		strength("00000000-0000-0000-0000-000000000004", "Phishing resistant MFA", "fido2", "windowsHelloForBusiness"),
	}
}

// wire is an object as Graph sends it.
func wire(e entity) json.RawMessage {
	raw, _ := json.Marshal(e) // plain values, which json never refuses
	return raw
}
