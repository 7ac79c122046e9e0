package interview

import (
	"slices"

	"github.com/casdoctor/casdoctor/checks"
)

// question is one question. Its name is that of its flag.
type question struct {
	name    string
	account string // that it is about, when it is asked for each
	path    string // the key of the configuration that the answer goes to; its rules decide, unless choices do

	ask   checks.Text // the question
	why   checks.Text // in one sentence; the comment in the document, too
	more  checks.Text // for ?
	wrong checks.Text // what an answer has to be

	choices     []choice
	free        bool   // any host will do, too
	contradicts bool   // a choice can contradict an earlier answer
	several     bool   // words with commas between them
	preset      string // what Enter stands for; empty where every default would be a guess
	open        bool   // can be left open
	dispensable bool   // open, it leaves nothing unknown
	each        bool   // asked for each licence account
	when        func(Answers) bool
}

type choice struct {
	word string
	text checks.Text
}

func (q question) key() string {
	if q.account != "" {
		return q.name + "/" + q.account
	}
	return q.name
}

// questions are those that the answers so far lead to, in order.
func (a Answers) questions() (out []question) {
	var each []question
	for _, q := range all() {
		if q.when != nil && !q.when(a) {
			continue
		}
		if q.each {
			each = append(each, q) // what belongs to one account is asked together
			continue
		}
		for _, id := range split(a["accounts"]) {
			for _, of := range each {
				of.account = id
				out = append(out, of)
			}
		}
		each = nil
		switch q.name {
		case "name":
			q.preset = a.suggestedName()
		case "client-id":
			if a["credential"] == byManaged {
				q = ofManagedIdentity(q)
			}
		case "sign-in":
			q.preset = first(a["accounts"])
			for _, id := range split(a["accounts"]) {
				q.choices = append(q.choices, choice{word: id})
			}
		}
		out = append(out, q)
	}
	return out
}

// Flag is a question for a command line.
type Flag struct {
	Name, Usage string
	Choices     []string
	Several     bool // takes words with commas between them
	Each        bool // takes ACCOUNT=ANSWER
}

// Flags are all questions, in their order.
func Flags() (out []Flag) {
	for _, q := range all() {
		f := Flag{Name: q.name, Usage: q.ask.EN, Several: q.several, Each: q.each}
		for _, c := range q.choices {
			f.Choices = append(f.Choices, c.word)
		}
		out = append(out, f)
	}
	return out
}

func looksAt(section string) func(Answers) bool {
	return func(a Answers) bool { return a.sees(section) }
}

func answered(name string, words ...string) func(Answers) bool {
	return func(a Answers) bool { return slices.Contains(words, a[name]) }
}

// The sections that can be looked at.
const (
	microsoft365 = "microsoft365"
	google       = "google"
	cas          = "cas"
	licensing    = "licensing"
)

// The ways in which casdoctor signs in to Microsoft 365.
const (
	bySecret         = "secret"
	byCertificate    = "certificate"
	byTokenFile      = "token-file"
	byGitHub         = "github-actions"
	byAzurePipelines = "azure-pipelines"
	byManaged        = "managed-identity"
	byAzureCLI       = "azure-cli"
)

// The ways in which casdoctor signs in to Google.
const (
	byKey     = "key"
	byKeyless = "keyless"
)

// all are all questions, in the order in which they are asked.
func all() []question {
	return slices.Concat(general(), ofMicrosoft365(), credentialsOfMicrosoft365(), ofGoogle(), ofCAS(), ofLicensing(), []question{{
		name: "name", path: "tenant",
		ask:   checks.Text{EN: "What is the name of the organisation?", JA: "組織の名前を入力してください。"},
		why:   checks.Text{EN: "It heads the reports and is sent nowhere.", JA: "レポートの見出しに使います。どこにも送信しません。"},
		more:  checks.Text{EN: "Any name will do. With several configurations it tells their reports apart.", JA: "任意の名前で構いません。構成ファイルが複数あるときに、レポートを見分けられます。"},
		wrong: checks.Text{EN: "A name is text on one line.", JA: "名前は 1 行のテキストで入力してください。"},
	}})
}

func general() []question {
	return []question{
		{
			name: "services", several: true, preset: microsoft365 + "," + cas,
			ask:  checks.Text{EN: "What should casdoctor look at?", JA: "何を調べますか。"},
			why:  checks.Text{EN: "Only what is named gets a section in the file; the other checks are skipped.", JA: "選んだものだけがファイルに書かれます。ほかの検査は省かれます。"},
			more: checks.Text{EN: "Two of the seven troubles need no credentials at all: the console and the licences. You can start with those and add a section later.", JA: "7 つの問題のうち、コンソールとライセンスに関するものは資格情報なしで調べられます。まずそれだけで始め、後から項目を追加することもできます。"},
			choices: []choice{
				{microsoft365, checks.Text{EN: "the tenant: MFA, policies, provisioning", JA: "テナント: MFA、ポリシー、プロビジョニング"}},
				{google, checks.Text{EN: "Google Workspace: Gmail and its domains", JA: "Google Workspace: Gmail とドメイン"}},
				{cas, checks.Text{EN: "the console, and internal mail taken for spam", JA: "コンソール、スパムと判定される内部メール"}},
				{licensing, checks.Text{EN: "the CLP or LMP accounts, by your declaration", JA: "CLP または LMP アカウント (申告に基づく)"}},
			},
			wrong: notOneOf,
		},
		{
			name: "phase", path: "phase", preset: "before",
			ask:  checks.Text{EN: "Is provisioning in Cloud App Security still to come?", JA: "Cloud App Security でのサービスの準備 (プロビジョニング) はこれからですか。"},
			why:  checks.Text{EN: "Before it, casdoctor says what would stop it; after it, what it left behind.", JA: "準備の前は妨げになるものを、後は元に戻すべきものを調べます。"},
			more: checks.Text{EN: "Afterwards, for example, MFA that was switched off for provisioning should be on again.", JA: "例えば、準備のために無効にした MFA が有効に戻っているかを、準備の後に調べます。"},
			choices: []choice{
				{"before", checks.Text{EN: "it is still to come, or failed", JA: "これから行う、または失敗した"}},
				{"after", checks.Text{EN: "it is done", JA: "完了した"}},
			},
			wrong: notOneOf,
		},
	}
}

func ofMicrosoft365() []question {
	return []question{
		{
			name: "tenant-id", path: "microsoft365.tenant_id", when: looksAt(microsoft365),
			ask:   checks.Text{EN: "What is the directory (tenant) ID?", JA: "ディレクトリ (テナント) ID を入力してください。"},
			why:   checks.Text{EN: "casdoctor compares it with the tenant it reaches, and judges no other.", JA: "接続先のテナントがこの ID であることを確かめ、ほかのテナントは判定しません。"},
			more:  checks.Text{EN: "Microsoft Entra admin center (entra.microsoft.com), Overview, Tenant ID.", JA: "Microsoft Entra 管理センター (entra.microsoft.com) の [概要] にある [テナント ID] です。"},
			wrong: uuidWanted,
		},
		{
			name: "cloud", path: "microsoft365.cloud", preset: "global", when: looksAt(microsoft365),
			ask:  checks.Text{EN: "Which Microsoft cloud is it in?", JA: "テナントはどの Microsoft クラウドにありますか。"},
			why:  checks.Text{EN: "The addresses and the retirement dates differ.", JA: "接続先と、機能の廃止日が異なります。"},
			more: checks.Text{EN: "Who signs in at portal.azure.com is in global, at portal.azure.us in usgov or usgov-dod, at portal.azure.cn in china.", JA: "portal.azure.com でサインインする場合は global、portal.azure.us は usgov または usgov-dod、portal.azure.cn は china です。"},
			choices: []choice{
				{"global", checks.Text{EN: "the commercial cloud", JA: "商用クラウド"}},
				{"usgov", checks.Text{EN: "US government (GCC High)", JA: "米国政府 (GCC High)"}},
				{"usgov-dod", checks.Text{EN: "US Department of Defense", JA: "米国国防総省"}},
				{"china", checks.Text{EN: "operated by 21Vianet", JA: "21Vianet が運用する中国のクラウド"}},
			},
			wrong: notOneOf,
		},
		{
			name: "protected", path: "microsoft365.services", several: true, preset: "sharepoint,onedrive", when: looksAt(microsoft365),
			ask:  checks.Text{EN: "Which services does Cloud App Security protect?", JA: "Cloud App Security で保護するサービスはどれですか。"},
			why:  checks.Text{EN: "The MFA trouble is one of SharePoint and OneDrive only.", JA: "MFA の問題は SharePoint と OneDrive でのみ起こります。"},
			more: checks.Text{EN: "Name those that are provisioned or about to be.", JA: "準備済み、またはこれから準備するサービスを選んでください。"},
			choices: []choice{
				{"sharepoint", checks.Text{EN: "SharePoint Online", JA: "SharePoint Online"}},
				{"onedrive", checks.Text{EN: "OneDrive", JA: "OneDrive"}},
				{"exchange", checks.Text{EN: "Exchange Online", JA: "Exchange Online"}},
			},
			wrong: notOneOf,
		},
		{
			name: "mode", path: "microsoft365.provisioning", open: true, preset: Open, when: looksAt(microsoft365),
			ask:  checks.Text{EN: "How are they provisioned?", JA: "どの方法で準備しますか。"},
			why:  checks.Text{EN: "It decides which account types a password, and so which fixes can work.", JA: "どのアカウントがパスワードでサインインするか、つまりどの対処が有効かが決まります。"},
			more: checks.Text{EN: "The console shows it under Administration > Service Account. Left open, whether MFA stands in the way stays unknown.", JA: "コンソールの [運用管理] > [サービスアカウント] に表示されます。空けておくと、MFA が妨げになるかどうかは不明のままです。"},
			choices: []choice{
				{"automatic", checks.Text{EN: "a Global Administrator signs in once, CAS makes the rest", JA: "グローバル管理者が一度サインインし、残りは CAS が行う"}},
				{"manual", checks.Text{EN: "delegate accounts that you made", JA: "自分で作成したデリゲートアカウント"}},
				{"authorized", checks.Text{EN: "an authorized account, with consent (OAuth)", JA: "同意 (OAuth) による認証アカウント"}},
			},
			wrong: notOneOf,
		},
		{
			name: "global-admin", path: "microsoft365.global_admin", when: answered("mode", "automatic"),
			ask:   checks.Text{EN: "Which Global Administrator does it sign in with?", JA: "サインインに使うグローバル管理者のアカウントを入力してください。"},
			why:   checks.Text{EN: "This account is looked at: whether a second factor is demanded of it, and by what.", JA: "このアカウントに多要素認証が要求されるか、何によるものかを調べます。"},
			more:  checks.Text{EN: "The name it signs in with (user principal name).", JA: "サインインに使う名前 (ユーザー プリンシパル名) です。"},
			wrong: addressWanted,
		},
		{
			name: "delegates", path: "microsoft365.delegates", several: true, when: answered("mode", "manual"),
			ask:   checks.Text{EN: "Which are the delegate accounts?", JA: "デリゲートアカウントを入力してください。"},
			why:   checks.Text{EN: "These accounts are looked at: whether a second factor is demanded of them, and by what.", JA: "これらのアカウントに多要素認証が要求されるか、何によるものかを調べます。"},
			more:  checks.Text{EN: "The names they sign in with (user principal names).", JA: "サインインに使う名前 (ユーザー プリンシパル名) です。"},
			wrong: addressWanted,
		},
	}
}

func credentialsOfMicrosoft365() []question {
	credential := func(kinds ...string) func(Answers) bool { return answered("credential", kinds...) }
	return []question{
		{
			name: "credential", preset: bySecret, when: looksAt(microsoft365),
			ask:  checks.Text{EN: "How does casdoctor sign in to Microsoft 365?", JA: "casdoctor は Microsoft 365 にどの方法でサインインしますか。"},
			why:  checks.Text{EN: "It uses an app registration that can only read; casdoctor permissions lists what it needs.", JA: "読み取り専用のアプリ登録を使います。必要な許可は casdoctor permissions で確認できます。"},
			more: checks.Text{EN: "In a CI job and on Azure no secret is needed: choose what the machine already is. azure-cli is for a first try at your own desk.", JA: "CI ジョブや Azure 上ではシークレットは不要です。実行環境の ID を選んでください。azure-cli は手元での試用に向いています。"},
			choices: []choice{
				{bySecret, checks.Text{EN: "a client secret", JA: "クライアント シークレット"}},
				{byCertificate, checks.Text{EN: "a certificate, PEM or PFX", JA: "証明書 (PEM または PFX)"}},
				{byTokenFile, checks.Text{EN: "workload identity: a token file, as in Kubernetes", JA: "ワークロード ID: トークン ファイル (Kubernetes など)"}},
				{byGitHub, checks.Text{EN: "workload identity: a job of GitHub Actions", JA: "ワークロード ID: GitHub Actions のジョブ"}},
				{byAzurePipelines, checks.Text{EN: "workload identity: a job of Azure Pipelines", JA: "ワークロード ID: Azure Pipelines のジョブ"}},
				{byManaged, checks.Text{EN: "the managed identity of an Azure machine", JA: "Azure のマシンのマネージド ID"}},
				{byAzureCLI, checks.Text{EN: "whoever is signed in with az login", JA: "az login でサインインしている人"}},
			},
			wrong: notOneOf,
		},
		{
			name: "client-id", path: "microsoft365.credentials.client_id",
			when:  credential(bySecret, byCertificate, byTokenFile, byGitHub, byAzurePipelines, byManaged),
			ask:   checks.Text{EN: "What is the application (client) ID?", JA: "アプリケーション (クライアント) ID を入力してください。"},
			why:   checks.Text{EN: "It names the app registration that casdoctor signs in as.", JA: "casdoctor がサインインに使うアプリ登録を示します。"},
			more:  checks.Text{EN: "Microsoft Entra admin center, App registrations, your app, Overview. casdoctor permissions --script az prints a script that creates one.", JA: "Microsoft Entra 管理センターの [アプリの登録] で、アプリの [概要] に表示されます。casdoctor permissions --script az で、アプリ登録を作成するスクリプトを出力できます。"},
			wrong: uuidWanted,
		},
		{
			name: "client-secret", path: "microsoft365.credentials.client_secret", preset: "env:CASDOCTOR_GRAPH_SECRET", when: credential(bySecret),
			ask:   checks.Text{EN: "Where will the client secret be?", JA: "クライアント シークレットの保存場所を入力してください。"},
			why:   checks.Text{EN: "The file holds only where it is: env:NAME or file:PATH, never the secret.", JA: "構成ファイルには保存場所 (env:名前 または file:パス) だけを書き、シークレット自体は書きません。"},
			more:  moreReference,
			wrong: referenceWanted,
		},
		{
			name: "certificate", path: "microsoft365.credentials.certificate", preset: "file:casdoctor.pem", when: credential(byCertificate),
			ask:   checks.Text{EN: "Where will the certificate with its private key be?", JA: "秘密鍵を含む証明書の保存場所を入力してください。"},
			why:   checks.Text{EN: "The file holds only where it is: env:NAME or file:PATH.", JA: "構成ファイルには保存場所 (env:名前 または file:パス) だけを書きます。"},
			more:  moreReference,
			wrong: referenceWanted,
		},
		{
			name: "certificate-password", path: "microsoft365.credentials.certificate_password", open: true, preset: Open, dispensable: true, when: credential(byCertificate),
			ask:   checks.Text{EN: "Where will the password of that file be?", JA: "そのファイルのパスワードの保存場所を入力してください。"},
			why:   checks.Text{EN: "Only if it has one.", JA: "パスワードがある場合だけ必要です。"},
			more:  moreReference,
			wrong: referenceWanted,
		},
		{
			name: "token-file", path: "microsoft365.credentials.workload_identity.token_file",
			preset: "/var/run/secrets/azure/tokens/azure-identity-token", when: credential(byTokenFile),
			ask:   checks.Text{EN: "In which file does the platform keep the token?", JA: "プラットフォームがトークンを置くファイルを入力してください。"},
			why:   checks.Text{EN: "casdoctor reads it afresh whenever it signs in.", JA: "サインインのたびに読み直します。"},
			more:  checks.Text{EN: "The default is where Azure Workload Identity mounts it in a pod.", JA: "既定値は、Azure ワークロード ID がポッドにマウントする場所です。"},
			wrong: checks.Text{EN: "Give the path of a file.", JA: "ファイルのパスを入力してください。"},
		},
		{
			name: "service-connection", path: "microsoft365.credentials.workload_identity.azure_pipelines.service_connection", when: credential(byAzurePipelines),
			ask:   checks.Text{EN: "What is the ID of the service connection?", JA: "サービス接続の ID を入力してください。"},
			why:   checks.Text{EN: "The job asks Azure DevOps for a token of this connection.", JA: "ジョブは、この接続のトークンを Azure DevOps に要求します。"},
			more:  checks.Text{EN: "Azure DevOps, Project settings, Service connections; it is the resourceId in the address of the page.", JA: "Azure DevOps の [プロジェクト設定] > [サービス接続] で開いたページの URL にある resourceId です。"},
			wrong: uuidWanted,
		},
	}
}

// ofManagedIdentity is the question for the client ID where there may be none.
func ofManagedIdentity(q question) question {
	q.open, q.preset, q.dispensable = true, Open, true
	q.ask = checks.Text{EN: "What is the client ID of the user-assigned identity?", JA: "ユーザー割り当てマネージド ID のクライアント ID を入力してください。"}
	q.why = checks.Text{EN: "A machine can have several; left open, it is the machine's own.", JA: "マシンには複数の ID を割り当てられます。空けておくと、マシン自身の ID を使います。"}
	q.more = checks.Text{EN: "Azure portal, Managed Identities, the identity, Client ID.", JA: "Azure portal の [マネージド ID] で、その ID の [クライアント ID] に表示されます。"}
	return q
}

func ofGoogle() []question {
	return []question{
		{
			name: "google-admin", path: "google.admin", when: looksAt(google),
			ask:   checks.Text{EN: "On behalf of which administrator are the domains read?", JA: "どの管理者の代理としてドメインを読み取りますか。"},
			why:   checks.Text{EN: "Google answers a service account only on behalf of somebody who may see the domains.", JA: "Google は、ドメインを閲覧できる管理者の代理としてのみサービスアカウントに応答します。"},
			more:  checks.Text{EN: "A super administrator, or one whose role may read domains.", JA: "特権管理者、またはドメインを読み取れる役割を持つ管理者です。"},
			wrong: addressWanted,
		},
		{
			name: "google-credential", preset: byKey, when: looksAt(google),
			ask:  checks.Text{EN: "How does casdoctor sign in to Google?", JA: "casdoctor は Google にどの方法でサインインしますか。"},
			why:  checks.Text{EN: "It uses a service account with domain-wide delegation of one or two scopes that only read.", JA: "読み取り専用のスコープを 1 つか 2 つ委任したサービスアカウントを使います。"},
			more: checks.Text{EN: "Keyless is better where it is possible: on Google Cloud and in a CI job with workload identity federation.", JA: "Google Cloud 上や、Workload Identity 連携を使う CI ジョブでは、鍵なしの方法が適しています。"},
			choices: []choice{
				{byKey, checks.Text{EN: "a key file of the service account", JA: "サービスアカウントの鍵ファイル"}},
				{byKeyless, checks.Text{EN: "this machine's own credentials may sign for it", JA: "このマシンの資格情報で署名する (鍵なし)"}},
			},
			wrong: notOneOf,
		},
		{
			name: "google-key", path: "google.credentials.service_account_key", preset: "file:sa.json", when: answered("google-credential", byKey),
			ask:   checks.Text{EN: "Where will the key file be?", JA: "鍵ファイルの保存場所を入力してください。"},
			why:   checks.Text{EN: "The file holds only where it is: file:PATH or env:NAME.", JA: "構成ファイルには保存場所 (file:パス または env:名前) だけを書きます。"},
			more:  moreReference,
			wrong: referenceWanted,
		},
		{
			name: "impersonate", path: "google.credentials.impersonate", when: answered("google-credential", byKeyless),
			ask:   checks.Text{EN: "What is the address of the service account?", JA: "サービスアカウントのアドレスを入力してください。"},
			why:   checks.Text{EN: "The caller signs for this account through the IAM Credentials API.", JA: "呼び出し元は、IAM Credentials API を通じてこのアカウントとして署名します。"},
			more:  checks.Text{EN: "The caller needs the role Service Account Token Creator on it.", JA: "呼び出し元には、このアカウントに対する「サービス アカウント トークン作成者」ロールが必要です。"},
			wrong: checks.Text{EN: "It looks like name@project.iam.gserviceaccount.com; a person's address is none.", JA: "name@project.iam.gserviceaccount.com の形式です。個人のアドレスは使えません。"},
		},
		{
			name: "google-credentials-of", path: "google.credentials_of", preset: "casdoctor", when: looksAt(google),
			ask:  checks.Text{EN: "Whose service account is it?", JA: "それは誰のサービスアカウントですか。"},
			why:  checks.Text{EN: "Only with the one that Cloud App Security was provisioned with, its own grant is seen.", JA: "Cloud App Security の準備に使ったものであれば、CAS 自身に与えられた許可を確かめられます。"},
			more: checks.Text{EN: "With an account of its own, casdoctor reads the domains and infers the grant from other evidence.", JA: "専用のアカウントの場合は、ドメインを読み取り、CAS の許可はほかの証拠から推定します。"},
			choices: []choice{
				{"casdoctor", checks.Text{EN: "made for casdoctor", JA: "casdoctor のために作成した"}},
				{"cas", checks.Text{EN: "the one that Gmail was provisioned with", JA: "Gmail の準備に使った"}},
			},
			wrong: notOneOf,
		},
		{
			name: "preview", path: "google.provisioned_during_preview", open: true, preset: Open, when: looksAt(google), choices: yesNo,
			ask:   checks.Text{EN: "Was Gmail provisioned during its public preview?", JA: "Gmail は公開プレビューの期間中に準備しましたか。"},
			why:   checks.Text{EN: "The grant of that time lacks the scope that domains are read with.", JA: "当時の許可には、ドメインの読み取りに必要なスコープが含まれていません。"},
			more:  checks.Text{EN: "The granted scopes show it as well: Admin console, Security > Access and data control > API controls > Domain-wide delegation.", JA: "管理コンソールの [セキュリティ] > [アクセスとデータ管理] > [API の制御] > [ドメイン全体の委任] に表示されるスコープでも分かります。"},
			wrong: notOneOf,
		},
	}
}

func ofCAS() []question {
	var sites []choice
	for _, s := range []struct{ word, en, ja string }{
		{"us", "United States", "米国"}, {"eu", "Europe", "欧州"}, {"jp", "Japan", "日本"}, {"au", "Australia and New Zealand", "オーストラリア、ニュージーランド"},
		{"uk", "United Kingdom", "英国"}, {"ca", "Canada", "カナダ"}, {"sg", "Singapore", "シンガポール"}, {"in", "India", "インド"},
	} {
		sites = append(sites, choice{s.word, checks.Text{EN: s.en, JA: s.ja}})
	}
	return []question{
		{
			name: "console", path: "cas.console", choices: sites, free: true, when: looksAt(cas),
			ask:   checks.Text{EN: "Which site serves your console, or what is its host?", JA: "コンソールのサイト、またはホスト名を入力してください。"},
			why:   checks.Text{EN: "The console of each site has an address of its own, and that one is tried.", JA: "コンソールのアドレスはサイトごとに異なります。そのアドレスへの接続を試します。"},
			more:  checks.Text{EN: "The address bar shows it once you are signed in: admin.tmcas.trendmicro.com is us, admin-eu.tmcas.trendmicro.com eu, admin.tmcas.trendmicro.co.jp jp. If it is none that you know, give the host itself, without https:// and the path.", JA: "サインイン後のアドレスバーで分かります。admin.tmcas.trendmicro.com は us、admin-eu.tmcas.trendmicro.com は eu、admin.tmcas.trendmicro.co.jp は jp です。分からない場合は、https:// とパスを省いたホスト名を入力してください。"},
			wrong: checks.Text{EN: "Answer with a site, or with a host such as admin-eu.tmcas.trendmicro.com, and :PORT if it is not 443.", JA: "サイト、または admin-eu.tmcas.trendmicro.com のようなホスト名で答えてください。443 以外の場合は :ポート を付けます。"},
		},
		{
			name: "internal-domains", path: "cas.internal_domains", several: true, open: true, preset: Open, when: looksAt(cas),
			ask:   checks.Text{EN: "Which internal domains are set in the console?", JA: "コンソールに登録されている内部ドメインを入力してください。"},
			why:   checks.Text{EN: "A domain that is missing there makes its mail external; casdoctor compares the list with the real domains.", JA: "一覧にないドメインのメールは外部とみなされます。casdoctor は一覧を実際のドメインと比べます。"},
			more:  checks.Text{EN: "Advanced Threat Protection > Internal Domains, or Administration > Global Settings > Internal Domains. Copy the list as it is, with its mistakes; or give file:PATH, with one per line. none says that it is empty.", JA: "[高度な脅威対策] > [内部ドメイン] または [運用管理] > [グローバル設定] > [内部ドメイン] の一覧を、誤りも含めてそのまま入力します。1 行に 1 つ書いたファイルを file:パス で指定することもできます。一覧が空の場合は none と入力します。"},
			wrong: checks.Text{EN: "Give domains such as contoso.com, or file: and the path of one file.", JA: "contoso.com のようなドメイン、または file: に続けてファイル 1 つのパスを入力してください。"},
		},
	}
}

func ofLicensing() []question {
	return []question{
		{
			name: "accounts", path: "licensing.accounts.id", several: true, when: looksAt(licensing),
			ask:   checks.Text{EN: "Which CLP or LMP accounts does the organisation have?", JA: "組織の CLP または LMP アカウントを入力してください。"},
			why:   checks.Text{EN: "Nobody can read from outside which account is the primary one, or which a tenant is bound to.", JA: "どれがプライマリアカウントか、テナントがどのアカウントに結び付いているかは、外部から読み取れません。"},
			more:  checks.Text{EN: "The names they sign in with, those of old trials included.", JA: "サインインに使う名前です。以前の体験版のアカウントも含めてください。"},
			wrong: checks.Text{EN: "Give each account once.", JA: "各アカウントを 1 回ずつ入力してください。"},
		},
		{
			name: "license", path: "licensing.accounts.license", each: true, open: true, preset: Open,
			ask:  checks.Text{EN: "What kind of licence was the account created with?", JA: "アカウントを作成したときのライセンスの種類は何ですか。"},
			why:  checks.Text{EN: "An account of a trial keeps its end, even when a full licence was bought since.", JA: "体験版で作成したアカウントは、後で製品版を購入しても体験版の期限のままです。"},
			more: checks.Text{EN: "What it was when the account was made, not what is in force today.", JA: "現在のものではなく、アカウントを作成したときのものです。"},
			choices: []choice{
				{"trial", checks.Text{EN: "a trial", JA: "体験版"}},
				{"full", checks.Text{EN: "a full licence", JA: "製品版"}},
			},
			wrong: notOneOf,
		},
		{
			name: "provisioned", path: "licensing.accounts.provisioned", each: true, open: true, preset: Open, dispensable: true, when: looksAt(microsoft365),
			ask:   checks.Text{EN: "On which day was this tenant provisioned with it?", JA: "このテナントをこのアカウントで準備した日はいつですか。"},
			why:   checks.Text{EN: "A tenant is bound to the account that provisioned it first; every other one is refused.", JA: "テナントは最初に準備したアカウントに結び付き、ほかのアカウントは拒否されます。"},
			more:  checks.Text{EN: "Leave it open if this account never was.", JA: "このアカウントで準備したことがなければ、空けておいてください。"},
			wrong: dateWanted,
		},
		{
			name: "expires", path: "licensing.accounts.expires", each: true, open: true, preset: Open,
			ask:   checks.Text{EN: "What is the last day of its licence?", JA: "ライセンスの最終日はいつですか。"},
			why:   checks.Text{EN: "After that day, signing in shows that the licence has expired.", JA: "この日を過ぎると、サインイン時に期限切れのメッセージが表示されます。"},
			more:  checks.Text{EN: "The portal shows it with the product.", JA: "ポータルの製品の欄に表示されます。"},
			wrong: checks.Text{EN: "Give a day such as 2026-03-31 that is not before the day of provisioning.", JA: "2026-03-31 の形式で、準備した日以降の日付を入力してください。"},
		},
		{
			name: "company", path: "licensing.accounts.company", each: true, open: true, preset: Open,
			ask:   checks.Text{EN: "What is its company ID?", JA: "会社 ID を入力してください。"},
			why:   checks.Text{EN: "Accounts of one company share it, and only its primary account can sign in to the console.", JA: "同じ会社のアカウントは会社 ID を共有し、そのプライマリアカウントだけがコンソールにサインインできます。"},
			more:  checks.Text{EN: "Any name that tells the companies apart will do, as long as accounts of one company have the same.", JA: "同じ会社のアカウントに同じ値を付けるのであれば、区別できる任意の値で構いません。"},
			wrong: checks.Text{EN: "A company ID is text on one line.", JA: "会社 ID は 1 行のテキストで入力してください。"},
		},
		{
			name: "primary", path: "licensing.accounts.primary", each: true, open: true, preset: Open, choices: yesNo, contradicts: true,
			ask:   checks.Text{EN: "Is it the primary account of its company?", JA: "会社のプライマリアカウントですか。"},
			why:   checks.Text{EN: "Any other account is told that it is invalid.", JA: "それ以外のアカウントには、無効であると表示されます。"},
			more:  checks.Text{EN: "Usually the first account that was created for the company.", JA: "通常は、会社のために最初に作成したアカウントです。"},
			wrong: checks.Text{EN: "Answer yes or no, or leave it open; a company has one primary account.", JA: "yes または no で答えるか、空けておいてください。プライマリアカウントは会社に 1 つです。"},
		},
		{
			name: "sign-in", path: "licensing.sign_in.account", open: true, preset: Open, when: looksAt(licensing),
			ask:   checks.Text{EN: "Which of them signs in to the console?", JA: "コンソールにサインインするアカウントはどれですか。"},
			why:   checks.Text{EN: "The licence and sign-in troubles are those of this account.", JA: "ライセンスとサインインの問題は、このアカウントについて調べます。"},
			more:  checks.Text{EN: "Left open, all accounts are judged.", JA: "空けておくと、すべてのアカウントを調べます。"},
			wrong: notOneOf,
		},
		{
			name: "sign-in-type", path: "licensing.sign_in.type", open: true, preset: Open, when: looksAt(licensing),
			ask:  checks.Text{EN: "How does it sign in?", JA: "どの方法でサインインしますか。"},
			why:  checks.Text{EN: "A local account and single sign-on are not tied to the primary account.", JA: "ローカルアカウントとシングルサインオンには、プライマリアカウントの制限がありません。"},
			more: checks.Text{EN: "CLP is the Customer Licensing Portal, LMP the Licensing Management Platform of partners.", JA: "CLP は Customer Licensing Portal、LMP はパートナー向けの Licensing Management Platform です。"},
			choices: []choice{
				{"clp", checks.Text{EN: "with the CLP account", JA: "CLP アカウント"}},
				{"lmp", checks.Text{EN: "with the LMP account", JA: "LMP アカウント"}},
				{"local", checks.Text{EN: "with a local account of the console", JA: "コンソールのローカルアカウント"}},
				{"sso", checks.Text{EN: "with single sign-on", JA: "シングルサインオン"}},
			},
			wrong: notOneOf,
		},
	}
}

var yesNo = []choice{
	{"yes", checks.Text{EN: "", JA: "はい"}},
	{"no", checks.Text{EN: "", JA: "いいえ"}},
}

// What is said of more than one question.
var (
	opening = checks.Text{
		EN: "casdoctor asks what only you can know. Nothing is looked at now, and nothing is written before the last answer. Enter takes the answer in [brackets], ? tells more, < goes back, Ctrl-C ends.",
		JA: "管理者だけが分かることを質問します。今は何も調べず、最後の質問に答えるまで何も書き込みません。Enter で [ ] 内の値を使い、? で説明を表示し、< で 1 つ前に戻ります。Ctrl-C で終了します。",
	}
	commas    = checks.Text{EN: "one or more, with commas between them", JA: "複数の場合はコンマで区切る"}
	leave     = checks.Text{EN: "- leaves it open", JA: "- で空けておく"}
	semicolon = checks.Text{EN: "; ", JA: "、"}
	missing   = checks.Text{EN: "This one needs an answer; ? tells where to find it.", JA: "この質問には回答が必要です。? で調べ方を表示します。"}
	pointless = checks.Text{EN: "Nothing asks for this with the other answers; leave it out.", JA: "ほかの回答では使われません。省いてください。"}

	notOneOf        = checks.Text{EN: "Answer with one of the words above, its number, or its beginning.", JA: "上の語、その番号、または語の先頭の文字で答えてください。"}
	uuidWanted      = checks.Text{EN: "An ID has 32 hexadecimal digits in five groups, such as 84841066-274d-4ec0-a5c1-276be684bdd3.", JA: "ID は 84841066-274d-4ec0-a5c1-276be684bdd3 のような、5 つに区切られた 32 桁の 16 進数です。"}
	addressWanted   = checks.Text{EN: "Give an address such as admin@contoso.com.", JA: "admin@contoso.com のようなアドレスを入力してください。"}
	dateWanted      = checks.Text{EN: "Give a day such as 2026-03-31.", JA: "2026-03-31 の形式で日付を入力してください。"}
	referenceWanted = checks.Text{EN: "Give env:NAME or file:PATH. The secret itself has no place here.", JA: "env:名前 または file:パス を入力してください。シークレット自体はここに入力しないでください。"}
	moreReference   = checks.Text{EN: "env:NAME is an environment variable. file:PATH is a file that only you can read (chmod 600); a relative path starts at the folder of casdoctor.yaml.", JA: "env:名前 は環境変数、file:パス は本人だけが読めるファイル (chmod 600) です。相対パスは casdoctor.yaml のフォルダーから始まります。"}
)
