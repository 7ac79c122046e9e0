package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

var update = flag.Bool("update", false, "write the golden files and the schemas anew")

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); go test ./internal/report -update writes it anew\n%s", name, diff)
	}
}

func reason(code, en, ja string, args ...string) checks.Reason {
	r := checks.Reason{Code: code, Text: checks.Text{EN: en, JA: ja}}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

func entry(id, subject, verdict, basis string, reasons ...checks.Reason) checks.Entry {
	return checks.Entry{
		ID: id, Text: causes[id], Subject: subject, Verdict: verdict, Basis: basis,
		Reasons: append([]checks.Reason{}, reasons...), Facts: []string{"m365.accounts"},
	}
}

func fix(id, applies, en, ja string, to ...checks.FixFor) checks.FixResult {
	f := checks.FixResult{
		ID: id, For: append([]checks.FixFor{}, to...), Applies: applies, Text: checks.Text{EN: en, JA: ja},
		Why: []checks.Reason{}, Steps: []checks.Text{}, Links: []string{},
	}
	for _, t := range to {
		f.Recommended = f.Recommended || t.Recommended
	}
	return f
}

func to(cause, subject, applies string, recommended bool) checks.FixFor {
	return checks.FixFor{Ref: checks.Ref{Cause: cause, Subject: subject}, Applies: applies, Recommended: recommended}
}

const (
	admin    = "admin@contoso.com"
	delegate = "cas-delegate@contoso.com"
)

var taken = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)

// everything is a report with every kind of entry, fix and remark.
func everything() Report {
	return New(sampleEvidence(), checks.Outcome{
		Now:     taken,
		Results: []checks.Result{sampleMFA(), sampleGDM(), sampleSPM(), sampleTLS(), sampleACC(), sampleBND(), sampleLIC()},
		Notices: []checks.Reason{
			reason("waiver_ended", "The waiver of TLS-01.C2 for * ended on 2026-10-31 (old kiosk); it counts again.",
				"TLS-01.C2 (*) の免除は 2026-10-31 に終了しました (old kiosk)。再び判定に含まれます。",
				"cause", "TLS-01.C2", "subject", "*", "until", "2026-10-31", "reason", "old kiosk"),
		},
	}, Options{Version: "1.0.0", FailOn: checks.StatusWarn})
}

// ready is a report without a trouble: one check passed, one was left out.
func ready() Report {
	passed := sampleSPM()
	passed.Status, passed.Symptoms, passed.Remarks = checks.StatusPass, nil, nil
	return New(&facts.Evidence{Schema: facts.Schema, Taken: taken, Tenant: "contoso"},
		checks.Outcome{Now: taken, Results: []checks.Result{passed, sampleLIC()}},
		Options{Version: "1.0.0", FailOn: checks.StatusWarn})
}

// undetermined is a report of a later judgement, with something that could not be looked at.
func undetermined() Report {
	return New(sampleEvidence(), checks.Outcome{Now: taken.AddDate(0, 6, 0), Results: []checks.Result{sampleGDM(), sampleBND()}},
		Options{Version: "1.0.0", FailOn: checks.StatusWarn})
}

// causes are the sentences of the causes.
var causes = map[string]checks.Text{
	"MFA-01.C1": {
		EN: "A second factor is demanded of the Global Administrator account that automatic provisioning signs in with.",
		JA: "自動準備に使うグローバル管理者アカウントに、2 つ目の認証要素が要求されています。",
	},
	"MFA-01.C2": {
		EN: "A second factor is demanded of the SharePoint Online delegate account of manual provisioning.",
		JA: "手動準備に使う SharePoint Online のデリゲート アカウントに、2 つ目の認証要素が要求されています。",
	},
	"MFA-01.X1": {
		EN: "SharePoint Online refuses the password protocol itself, whatever MFA says.",
		JA: "MFA の設定にかかわらず、SharePoint Online がパスワードによる古いサインイン方式そのものを拒否しています。",
	},
	"TLS-01.C1": {
		EN: "The browser offers only TLS 1.0 or 1.1.",
		JA: "ブラウザが TLS 1.0 または 1.1 しか使えません。",
	},
	"TLS-01.X2": {
		EN: "Something between here and the console answers in its place.",
		JA: "ここと管理コンソールの間にある機器が、代わりに応答しています。",
	},
	"ACC-01.C1": {
		EN: "An account that is not the primary one signs in.",
		JA: "プライマリではないアカウントでログオンしています。",
	},
	"BND-01.X1": {
		EN: "The tenant has traces of an earlier provisioning.",
		JA: "テナントに以前の準備の痕跡があります。",
	},
}

func sampleMFA() checks.Result {
	noRight := reason("forbidden_permission",
		"The directory roles of the account may not be read: the permission RoleManagement.Read.Directory is missing. Grant it and run again.",
		"アカウントのディレクトリ ロールを読み取れません。RoleManagement.Read.Directory の権限がありません。付与して再実行してください。",
		"what", "roles", "permission", "RoleManagement.Read.Directory")
	retired := reason("legacy_sign_in_retired",
		"Microsoft has refused password sign-in to SharePoint Online for good since 2026-05-01.",
		"Microsoft は 2026-05-01 以降、SharePoint Online へのパスワードによる古いサインイン方式を恒久的に拒否しています。",
		"since", "2026-05-01")
	oauth := fix("MFA-01.F3", "yes",
		"Provision with an authorized account: sign in on Microsoft's page and consent, instead of giving CAS a password.",
		"認証済みアカウントを使って準備します。CAS にパスワードを渡さず、Microsoft のページでサインインして同意します。",
		to("MFA-01.C1", admin, "yes", true), to("MFA-01.X1", "", "yes", true))
	oauth.Why = []checks.Reason{reason("second_factor_possible",
		"A person signs in, so a second factor can be given.", "人がサインインするため、2 つ目の要素に対応できます。")}
	oauth.Steps = []checks.Text{
		{EN: "In the console, open Administration > Service Account and choose Add > Authorized Account.",
			JA: "管理コンソールで [運用管理] > [サービスアカウント] を開き、[追加] > [認証済みアカウント] を選びます。"},
		{EN: "Sign in as " + admin + " on Microsoft's page, give the second factor, and accept the permissions.",
			JA: "Microsoft のページで " + admin + " としてサインインし、2 つ目の要素を入力して、アクセス許可に同意します。"},
		{EN: "Run casdoctor again with phase: after.", JA: "phase: after で casdoctor を再実行します。"},
	}
	oauth.Risk = checks.Text{
		EN: "The consent holds for the whole tenant until it is withdrawn.",
		JA: "同意は、取り消すまでテナント全体に有効です。",
	}
	oauth.Links = []string{
		"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/provisioning-cloud-a/provisioning-office-/authorized-account.aspx",
	}
	off := fix("MFA-01.F1", "no", "Switch MFA off for the Global Administrator, provision, then switch it on again.",
		"グローバル管理者の MFA を無効にし、準備を実行した後、再び有効にします。", to("MFA-01.C1", admin, "no", false))
	off.Why = []checks.Reason{retired}
	app := fix("MFA-01.F2", "no", "Use an app password.", "アプリ パスワードを使います。", to("MFA-01.C1", admin, "no", false))
	app.Why = []checks.Reason{retired, reason("security_defaults_on", "Security defaults are on.", "セキュリティの既定値が有効です。")}
	again := fix("MFA-01.F4", "no", "Switch MFA on again.", "MFA を再び有効にします。")
	again.Why = []checks.Reason{reason("cause_not_found", "Not needed: what it mends was not found.", "不要です。対象となる原因は見つかりませんでした。")}
	return checks.Result{
		ID: "MFA-01", Status: checks.StatusFail, Chains: []checks.Chain{sampleChain()},
		Title: checks.Text{
			EN: "SharePoint Online/OneDrive provisioning fails while MFA is on for the account it needs",
			JA: "必要なアカウントで MFA が有効なため SharePoint Online/OneDrive の準備が失敗する",
		},
		Causes: []checks.Entry{
			entry("MFA-01.C1", admin, "confirmed", "observed", reason("per_user_mfa",
				"Per-user MFA is enforced: every password sign-in is asked for a second factor.",
				"ユーザごとの MFA が enforced です。パスワードでのサインインには必ず 2 つ目の要素が要求されます。", "state", "enforced")),
			entry("MFA-01.C2", "", "not_applicable", "declared", reason("other_mode",
				"Does not concern provisioning: automatic, as declared.", "宣言された準備の方式 (automatic) には関係しません。", "mode", "automatic")),
			entry("MFA-01.X1", "", "supported", "inferred", retired, reason("protocol_inferred",
				"That automatic provisioning signs in that way is inferred, not documented.", "自動準備がこの方式でサインインすることは推定であり、文書化されていません。")),
			entry("MFA-01.X2", admin, "unknown", "inferred", noRight),
			entry("MFA-01.X2", delegate, "unknown", "inferred", noRight),
			entry("MFA-01.X3", admin, "refuted", "observed", reason("per_user_mfa",
				"Per-user MFA is enforced.", "ユーザごとの MFA が enforced です。", "state", "enforced")),
		},
		Fixes: []checks.FixResult{oauth, off, app, again},
	}
}

func sampleGDM() checks.Result {
	perhaps := fix("GDM-01.F3", "unknown", "Grant the missing scope.", "不足しているスコープを付与します。", to("GDM-01.C1", "", "unknown", false))
	return checks.Result{
		ID: "GDM-01", Status: checks.StatusUnknown,
		Title: checks.Text{EN: "Gmail sync cannot synchronise the internal domains", JA: "Gmail の予約同期で内部ドメインを同期できない"},
		Causes: []checks.Entry{
			entry("GDM-01.C1", "", "unknown", "inferred", reason("not_declared",
				"Whether Gmail protection was set up during the public preview is not declared, and only you can know it. Add it to the configuration.",
				"公開プレビュー中に Gmail 保護を設定したかどうかが宣言されていません。これは管理者にしか分かりません。設定に追記してください。", "what", "preview")),
			entry("GDM-01.C2", "", "unknown", "inferred", reason("unreachable",
				"The domains could not be read: the service cannot be reached from here (connection refused).",
				"ドメインを読み取れません。ここからサービスに接続できません (connection refused)。", "what", "domains", "detail", "connection refused")),
		},
		Fixes: []checks.FixResult{perhaps},
	}
}

func sampleSPM() checks.Result {
	at := time.Date(2026, 11, 19, 22, 15, 0, 0, time.UTC)
	return checks.Result{
		ID: "SPM-01", Status: checks.StatusUnknown,
		Title:    checks.Text{EN: "Internal Exchange Online mail is handled as spam", JA: "Exchange Online の内部メールがスパムとして処理される"},
		Symptoms: []facts.Symptom{{Check: "SPM-01", Text: "quarantined: \x1b[31mminutes\nof Monday", At: &at}},
		Remarks: []checks.Reason{reason("seen_but_unexplained",
			"It was seen, but nothing that can be looked at explains it. Open a support ticket with the message and its time.",
			"現象は報告されていますが、確認できる範囲では説明できません。メッセージと時刻を添えてサポートチケットを送信してください。")},
		Causes: []checks.Entry{entry("SPM-01.C1", "default", "refuted", "declared", reason("setting_in_place",
			"The filter applies to incoming messages only.", "フィルタは受信メッセージにのみ適用されます。"))},
		Fixes: []checks.FixResult{},
	}
}

func sampleTLS() checks.Result {
	const kiosk, office = "IE 10 / Windows 7", "IE 11 / Windows 8.1"
	browser := fix("TLS-01.F1", "yes", "Update to a supported browser.", "サポート対象のブラウザに更新します。",
		to("TLS-01.C1", kiosk, "yes", true), to("TLS-01.C1", office, "no", false))
	browser.Why = []checks.Reason{reason("not_ie10", "Internet Explorer 11 has no update.", "Internet Explorer 11 には更新版がありません。")}
	browser.Steps = []checks.Text{{EN: "Install Chrome, Firefox or Edge on the machine.", JA: "その端末に Chrome、Firefox または Edge を導入します。"}}
	other := fix("TLS-01.F2", "yes", "Use another browser.", "別のブラウザを使います。",
		to("TLS-01.C1", kiosk, "yes", false), to("TLS-01.C1", office, "yes", true))
	proxy := fix("TLS-01.F3", "unknown", "Change the network.", "ネットワークの設定を変更します。", to("TLS-01.X2", "", "unknown", false))
	proxy.Why = []checks.Reason{reason("cause_unknown", "Which device answers is not known.", "どの機器が応答しているか分かりません。")}
	return checks.Result{
		ID: "TLS-01", Status: checks.StatusFail,
		Title: checks.Text{
			EN: "The console shows that the server is not found or the connection is closed",
			JA: "管理コンソールで、サーバが見つからないか接続が閉じていると表示される",
		},
		Causes: []checks.Entry{
			entry("TLS-01.C1", kiosk, "confirmed", "declared", reason("only_old", "It offers TLS 1.0 only; the console takes TLS 1.2.", "TLS 1.0 だけに対応していますが、管理コンソールには TLS 1.2 が必要です。")),
			entry("TLS-01.C1", office, "confirmed", "declared", reason("only_old", "It offers TLS 1.1 only; the console takes TLS 1.2.", "TLS 1.1 だけに対応していますが、管理コンソールには TLS 1.2 が必要です。")),
			entry("TLS-01.X2", "", "supported", "observed", reason("certificate", "The certificate was issued by “Contoso Inspection CA”.", "証明書の発行元は “Contoso Inspection CA” です。")),
		},
		Fixes: []checks.FixResult{browser, other, proxy},
	}
}

func sampleACC() checks.Result {
	also := fix("ACC-01.F2", "yes", "Sign in with a local account of the console.", "管理コンソールのローカル アカウントでログオンします。",
		to("ACC-01.C1", "clp-b", "yes", false))
	return checks.Result{
		ID: "ACC-01", Status: checks.StatusWarn,
		Title: checks.Text{EN: "The console says that the account is invalid", JA: "ログオンアカウントが無効であると表示される"},
		Causes: []checks.Entry{entry("ACC-01.C1", "clp-b", "supported", "declared", reason("not_primary",
			"clp-a is the primary account of company 1001.", "会社 1001 のプライマリ アカウントは clp-a です。"))},
		Fixes: []checks.FixResult{
			fix("ACC-01.F1", "yes", "Sign in with the primary account clp-a.", "プライマリ アカウント clp-a でログオンします。", to("ACC-01.C1", "clp-b", "yes", true)),
			also,
		},
	}
}

func sampleBND() checks.Result {
	e := entry("BND-01.X1", "", "supported", "observed", reason("service_principal", "A service principal of CAS is there.", "CAS のサービス プリンシパルがあります。"))
	e.Waived = &checks.Waived{Reason: "ticket 4711", Until: "2026-12-31", Owner: "Mori"}
	return checks.Result{
		ID: "BND-01", Status: checks.StatusPass,
		Title: checks.Text{
			EN: "“This account is already registered by another Office 365 account” is shown while services are provisioned",
			JA: "「このアカウントは別の Office 365 アカウントによってすでに登録されています」と表示される",
		},
		Causes: []checks.Entry{e}, Fixes: []checks.FixResult{},
	}
}

func sampleLIC() checks.Result {
	absent := reason("section_absent", "Not judged: the configuration has no section licensing.", "判定しません。設定に licensing の項がありません。", "section", "licensing")
	return checks.Result{
		ID: "LIC-01", Status: checks.StatusSkip,
		Title:  checks.Text{EN: "A message about the licence's end is shown at sign-in", JA: "ライセンスの有効期限に関するメッセージが表示される"},
		Causes: []checks.Entry{entry("LIC-01.C1", "", "unknown", "inferred", absent)},
		Fixes:  []checks.FixResult{}, Remarks: []checks.Reason{absent},
	}
}

// sampleEvidence has a fact of every status.
// sampleChain has a statement of every verdict, at every depth.
func sampleChain() checks.Chain {
	seen := facts.Look{Call: "GET /v1.0/identity/conditionalAccess/policies", At: taken}
	return checks.Chain{Subject: admin, Statements: []checks.Statement{{
		About:   reason("q_factor", "Is a second factor demanded of "+admin+"?", admin+" に 2 つ目の要素が要求されるか"),
		Verdict: "confirmed", Basis: "observed",
		Because: []checks.Statement{
			{
				About: reason("q_per_user", "Per-user MFA", "ユーザごとの MFA"), Verdict: "confirmed", Basis: "observed",
				Reasons: []checks.Reason{reason("per_user_mfa", "Per-user MFA is enforced.", "ユーザごとの MFA が enforced です。")},
				Seen:    []facts.Look{{Call: "GET /beta/users/071cc716-8147-4397-a5ba-b2105951cc0b/authentication/requirements", At: taken}},
			},
			{
				About: reason("q_policies", "Conditional Access", "条件付きアクセス"), Verdict: "supported", Basis: "inferred", Seen: []facts.Look{seen},
				Because: []checks.Statement{{
					About:   reason("policy", "Policy \"MFA outside the office\" (on)", "ポリシー「MFA outside the office」 (オン)"),
					Verdict: "supported", Basis: "inferred",
					Reasons: []checks.Reason{reason("fate_refused", "Refuses a modern app.", "先進認証のアプリを拒否します。")},
					Because: []checks.Statement{
						{About: reason("step", "its users: all", "対象のユーザー: すべて"), Verdict: "confirmed", Basis: "observed"},
						{About: reason("step", "its sign-in risk: it depends on the risk at the moment of the sign-in",
							"サインインのリスク: サインイン時点のリスクによって変わります"), Verdict: "unknown", Basis: "inferred"},
					},
				}},
			},
			{About: reason("q_idp", "The identity provider", "ID プロバイダ"), Verdict: "refuted", Basis: "observed"},
		},
	}}}
}

func sampleEvidence() *facts.Evidence {
	value := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return raw
	}
	off := false
	return &facts.Evidence{
		Schema: facts.Schema, Taken: taken, Tenant: "contoso",
		Facts: map[string]facts.Fact{
			facts.DeclaredRun.Name: {
				Source: facts.Declared, Taken: taken,
				Value: value(facts.Run{Tenant: "contoso", Phase: "before", Sections: []string{"microsoft365", "google", "cas"}}),
			},
			facts.DeclaredM365.Name: {
				Source: facts.Declared, Taken: taken,
				Value: value(facts.Microsoft365{Cloud: "global", Services: []string{"sharepoint", "exchange"}}),
			},
			facts.DeclaredLicensing.Name: {Source: facts.Declared, Taken: taken, Failure: &facts.Failure{Kind: facts.NotConfigured}},
			facts.M365SecurityDefaults.Name: {
				Source: facts.Observed, Taken: taken, Took: 87 * time.Millisecond, Value: value(facts.SecurityDefaults{IsEnabled: &off}),
				Requests: []facts.Request{{Method: "GET", URL: "https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", Status: 200, Took: 80 * time.Millisecond}},
			},
			facts.M365Accounts.Name: {
				Source: facts.Observed, Taken: taken, Took: 412 * time.Millisecond,
				Value: value(facts.AccountSet{
					Accounts: []facts.Account{{
						Address: admin, Role: facts.GlobalAdmin,
						User:  facts.Got(facts.User{ID: "1"}),
						Roles: facts.Missed[[]facts.RoleAssignment](&facts.Failure{Kind: facts.Forbidden, Status: 403, Permission: "RoleManagement.Read.Directory"}),
					}},
					DelegatesFound: facts.Got([]string{}),
				}),
				Requests: make([]facts.Request, 9),
			},
			facts.WorkspaceDomains.Name: {
				Source: facts.Observed, Taken: taken, Took: 5 * time.Second,
				Failure:  &facts.Failure{Kind: facts.Unreachable, Detail: "connection refused"},
				Requests: []facts.Request{{Method: "GET", URL: "https://admin.googleapis.com/admin/directory/v1/customer/my_customer/domains", Took: 5 * time.Second}},
			},
		},
	}
}

func text(t *testing.T, r Report, opts View) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteText(&b, r, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
