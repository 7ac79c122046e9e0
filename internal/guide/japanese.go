package guide

import (
	"cmp"

	"github.com/casdoctor/casdoctor/checks"
)

// bilingual is a sentence of a probe in both languages. Probes speak English only: what they
// write goes to logs and evidence files. The Japanese is found by the English sentence, so
// that it cannot outlive it; a test asks for one for every sentence.
func bilingual(en string) checks.Text { return checks.Text{EN: en, JA: cmp.Or(japanese[en], en)} }

var japanese = map[string]string{ //nolint:gosec // G101: sentences about credentials, and none in them
	// What probes look at.
	"copies the name, the phase and the sections of the configuration":                           "設定の名前、phase、各項の有無を写します",
	"copies the microsoft365 section of the configuration, without its secrets":                  "設定の microsoft365 の項を、シークレットを除いて写します",
	"copies the google section of the configuration, without its secrets":                        "設定の google の項を、シークレットを除いて写します",
	"copies the cas section of the configuration, without its secrets":                           "設定の cas の項を、シークレットを除いて写します",
	"copies the licensing section of the configuration, without its secrets":                     "設定の licensing の項を、シークレットを除いて写します",
	"copies the declared error messages":                                                         "宣言されたエラーメッセージを写します",
	"copies the waivers":                                                                         "免除の宣言を写します",
	"whether security defaults are on (GET /policies/identitySecurityDefaultsEnforcementPolicy)": "セキュリティの既定値が有効かどうか (GET /policies/identitySecurityDefaultsEnforcementPolicy)",
	"the tenant that the credentials reach, its domains with their federation, service plans and subscriptions " +
		"(GET /organization, /domains and below, /subscribedSkus)": "資格情報が到達するテナントと、そのドメインとフェデレーション、サービス プラン、サブスクリプション (GET /organization、/domains 以下、/subscribedSkus)",
	"Makes one cheap call of the Cloud App Security REST API (cas.api), which shows that the host answers and takes the token.": "Cloud App Security の REST API (cas.api) を 1 回だけ呼び出し、ホストが応答してトークンを受け付けることを確認します。",
	"Reads the security events of Exchange Online of the last 72 hours, keeps those that Advanced Spam Protection " +
		"raised for a sender that looks internal, and asks Threat Investigation for the headers of these messages.": "Exchange Online の過去 72 時間のセキュリティイベントを読み取り、内部と見られる送信者に対して高度なスパムメール対策が検出したものだけを残し、Threat Investigation でヘッダを取得します。",
	"a token of cas.api for it lets casdoctor find the messages that Advanced Spam Protection detected": "cas.api のトークンにこの API を許可すると、高度なスパムメール対策が検出したメッセージを casdoctor が見つけられます",
	"a token of cas.api for it lets casdoctor look at the headers of the detected messages":             "cas.api のトークンにこの API を許可すると、検出されたメッセージのヘッダを casdoctor が確認できます",
	"the accounts that provisioning signs in with: existence, per-user MFA (beta), registered methods, " +
		"groups and roles (GET /users/{id} and below, /roleManagement/directory)": "準備に使うアカウントの存在、ユーザごとの MFA (beta)、登録済みの認証方法、グループとロール (GET /users/{id} 以下、/roleManagement/directory)",
	"Conditional Access policies, named locations and authentication strengths, word for word " +
		"(GET /identity/conditionalAccess/policies, …/namedLocations, /policies/authenticationStrengthPolicies)": "条件付きアクセス ポリシー、ネームド ロケーション、認証強度を原文のまま (GET /identity/conditionalAccess/policies、…/namedLocations、/policies/authenticationStrengthPolicies)",
	"SharePoint's switch for apps that do not use modern authentication (GET /admin/sharepoint/settings)": "先進認証を使用しないアプリに関する SharePoint の設定 (GET /admin/sharepoint/settings)",
	"the applications of Trend Micro in the tenant, by name and by configured app id, with what was granted to " +
		"them, when and by whom (GET /servicePrincipals and below), and the consents to such applications in the audit log " +
		"(GET /auditLogs/directoryAudits)": "名前または設定されたアプリ ID で見つかるトレンドマイクロのアプリと、付与された許可、その日時と同意したアカウント (GET /servicePrincipals 以下)、および監査ログに残るそれらのアプリへの同意 (GET /auditLogs/directoryAudits)",
	"what Microsoft's own What If evaluation makes of the Conditional Access policies, for the accounts whose " +
		"verdict hangs on them and each kind of client (POST /identity/conditionalAccess/evaluate, which changes nothing)": "判定が条件付きアクセスに左右されるアカウントについて、Microsoft 自身の What If 評価の結果をクライアントの種類ごとに (POST /identity/conditionalAccess/evaluate、何も変更しません)",
	"the recent sign-ins to SharePoint Online of the accounts whose verdict hangs on the policies, and what asked " +
		"for a second factor there (GET /auditLogs/signIns, beta)": "判定がポリシーに左右されるアカウントの SharePoint Online への最近のサインインと、2 つ目の要素を要求した仕組み (GET /auditLogs/signIns、beta)",
	"which browsers and systems people signed in with in the last 7 days, counted, without names " +
		"(GET /auditLogs/signIns, 10,000 sign-ins at most)": "直近 7 日間のサインインに使われたブラウザと OS (人数のみ。名前は保存しません) (GET /auditLogs/signIns、最大 10,000 件)",
	"shows how many people still use a browser that the console refuses": "管理コンソールが受け付けないブラウザを使っている人数が分かる",
	"is asked for by the sign-in log's licence check":                    "サインイン ログのライセンス確認で求められる",
	"asks Google's token endpoint, one scope at a time, what the service account may do " +
		"on behalf of the admin, and lets tokeninfo confirm it": "サービスアカウントが管理者の代わりに何をできるかを、スコープを 1 つずつトークン エンドポイントに尋ね、tokeninfo で確認します",
	"reads the customer's domains and domain aliases from the Directory API, on behalf of the admin": "管理者の代わりに、Directory API から組織のドメインとドメイン エイリアスを読み取ります",
	"reads the kind and the end of the configured subscription from the Licensing Management Platform, " +
		"with a partner's credentials (GET /LMPI/v3/customers/{id}/subscriptions/{id})": "パートナーの資格情報で、設定されたサブスクリプションの種類と終了日を Licensing Management Platform から読み取ります (GET /LMPI/v3/customers/{id}/subscriptions/{id})",
	"reads, where permitted and only while it can change the verdict, what the admin has consented to for " +
		"Cloud App Security, and the changes of grants in the admin audit log": "許可されていて判定が変わり得る場合だけ、管理者が Cloud App Security に同意した内容と、監査ログにある権限の変更を読み取ります",
	"Reads the header sections of the messages in cas.messages, never a body: the domains of From, " +
		"Reply-To and Return-Path, the authentication results and the way of the message.": "cas.messages のメッセージのヘッダだけを読み取ります (本文は読みません)。From、Reply-To、Return-Path のドメイン、認証結果、経路を確認します",
	"Looks up the SPF and DMARC records of every domain in cas.internal_domains, with the configured resolver.": "設定されたリゾルバで、cas.internal_domains の各ドメインの SPF レコードと DMARC レコードを調べます",
	"Looks up what DNS says about the mail of every internal domain, verified tenant domain and sender of an affected " +
		"message, with the configured resolver: the SPF policy with all that it includes, DMARC, the DKIM selectors of Exchange Online, and MX.": "設定されたリゾルバで、内部ドメイン、テナントの確認済みドメイン、影響を受けるメッセージの送信元について、メールに関する DNS の情報を調べます: SPF ポリシーとその include 先、DMARC、Exchange Online の DKIM セレクター、MX",
	"Resolves the CAS console's name, connects to it, makes one TLS handshake and verifies the certificate; " +
		"asks with hand-made hellos what else it accepts, and which suites when clients are declared. " +
		"Looks at the licensing portal in the same way, unless cas.console is set.": "CAS 管理コンソールの名前を解決して接続し、TLS ハンドシェイクを 1 回行って証明書を検証します。" +
		"ほかに何を受け付けるかを手製の ClientHello で確認し、クライアントの宣言があれば暗号化スイートも一覧します。" +
		"cas.console の設定がない場合は、ライセンス ポータルも同じ方法で確認します",

	// What permissions are for.
	"shows that the credentials belong to this tenant, and which services it has":                                    "資格情報がこのテナントのものであることと、テナントのサービスを確認します",
	"shows which domains the tenant has, for the list of internal domains, and which sign in elsewhere (federation)": "テナントのドメイン (内部ドメインの一覧と比較) と、ほかでサインインするドメイン (フェデレーション) を確認します",
	"shows whether the accounts exist, can sign in, and which groups they are in":                                    "アカウントが存在しサインインできるか、どのグループに所属するかを確認します",
	"shows the per-user MFA state of the accounts":                                                                   "アカウントのユーザごとの MFA の状態を確認します",
	"shows whether an account has registered a second factor":                                                        "アカウントが 2 つ目の要素を登録済みかどうかを確認します",
	"shows the directory roles that policies go by":                                                                  "ポリシーの対象となるディレクトリ ロールを確認します",
	"shows the roles that an account can activate":                                                                   "アカウントが有効化できるロールを確認します",
	"shows which groups can carry a role, for accounts in more than 20 groups":                                       "20 を超えるグループに所属するアカウントについて、ロールを持ち得るグループを確認します",
	"shows whether security defaults demand a second factor of everybody":                                            "セキュリティの既定値により全員に 2 つ目の要素が要求されるかを確認します",
	"shows which Conditional Access policy demands what of a sign-in to SharePoint":                                  "SharePoint へのサインインに何を要求する条件付きアクセス ポリシーがあるかを確認します",
	"shows whether SharePoint accepts sign-ins with a password at all":                                               "SharePoint がパスワードによるサインインを受け付けるかを確認します",
	"shows the applications that an earlier provisioning has left in the tenant, and what was granted to them":       "以前の準備でテナントに残ったアプリと、それに付与された許可を確認します",
	"asks Microsoft's own evaluation of the policies for a second opinion":                                           "ポリシーについて、Microsoft 自身の評価をセカンドオピニオンとして求めます",
	"shows what becomes of a second factor that a domain's own identity provider asks for":                           "ドメイン自身の ID プロバイダが要求した 2 つ目の要素を Entra ID がどう扱うかを確認します",
	"shows who consented to such an application in the last days, also to one that is gone since":                    "これらのアプリに最近同意したアカウントを、既に削除されたアプリも含めて確認します",
	"shows what asked for a second factor at the sign-ins that there were":                                           "実際のサインインで何が 2 つ目の要素を要求したかを確認します",
	"without it Microsoft Graph can refuse the sign-in log as if the tenant had no licence for it":                   "これがないと、ライセンスがないテナントのように Microsoft Graph がサインインログの読み取りを拒否することがあります",
	"shows which account consented to these applications":                                                            "これらのアプリに同意したアカウントを確認します",
	"domain-wide delegation of this scope lets casdoctor read the customer's domains":                                "このスコープのドメイン全体の委任により、組織のドメインを読み取れます",
	"asked for, never used: it tells a client without any delegation from one that only lacks " +
		"the domain scope": "要求するだけで使用しません。委任がまったくないクライアントと、ドメインのスコープだけがないクライアントを区別します",
	"only with google.credentials.impersonate: lets the caller sign for the service account " +
		"(Service Account Token Creator)": "google.credentials.impersonate の場合だけ必要です。呼び出し元がサービスアカウントの代わりに署名できます (サービス アカウント トークン作成者)",
	"shows the kind and the end of the licence; the credentials are those of a distributor, ISP, MSP or " +
		"reseller, and there is no such API for a customer of CLP": "ライセンスの種類と終了日を確認します。資格情報はディストリビュータ、ISP、MSP、またはリセラーのものです。CLP の顧客向けには同様の API がありません",
	"shows who granted which scopes to which client, and when, in the last 180 days: a grant that is " +
		"still spreading is told from one that is missing": "過去 180 日間に、だれが、どのクライアントに、いつ、どのスコープを付与したかを確認し、反映待ちの付与と未付与を区別します",
	"shows which scopes the admin has consented to for Cloud App Security. Google has no read-only " +
		"variant of this scope; a list in google.granted_scopes says as much without it": "管理者が Cloud App Security に同意したスコープを確認します。このスコープに読み取り専用のものはありません。google.granted_scopes の一覧を宣言すれば不要です",
	"lets casdoctor compare the customer's domains with the internal domains of CAS":               "組織のドメインを CAS の内部ドメインと比べます",
	"to be enabled in the service account's Google Cloud project; the Directory API is part of it": "サービスアカウントの Google Cloud プロジェクトで有効にします。Directory API を含みます",
	"of google.admin, on whose behalf domains are read; a super admin has it":                      "ドメインを読み取る管理者 (google.admin) に必要です。特権管理者にはこの権限があります",
}
