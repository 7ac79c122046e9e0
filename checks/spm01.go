package checks

import (
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/mailtrace"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// SPM01 judges why internal Exchange Online mail is handled as spam against the settings.
//
// Three questions are kept apart. Is one of the two documented settings in place (C1)? Does a
// message fail what Cloud App Security checks behind either of them to find forged internal
// mail (C2)? And does it know that the sender's domain is internal at all (X1)?
func SPM01() Check {
	return Check{
		ID: "SPM-01", Section: "cas",
		Title: Text{
			"Internal Exchange Online mail is handled as spam against the settings",
			"管理者の設定に反して、Exchange Online の内部メールがスパムとして処理される",
		},
		Symptom: Text{
			"Advanced Spam Protection handles internal Exchange Online messages as spam, although the policy was set otherwise.",
			"ポリシーで設定したにもかかわらず、高度なスパムメール対策が Exchange Online の内部メールをスパムとして処理します。",
		},
		Needs: []string{
			facts.DeclaredCAS.Name, facts.MailMessages.Name, facts.CASAPI.Name, facts.CASDetections.Name,
			facts.MailRecords.Name, facts.MailDNS.Name, facts.M365Tenant.Name,
		},
		Causes: []Cause{
			{
				ID: "SPM-01.C1",
				Text: Text{
					"Neither documented setting is in place: incoming messages only, or all messages with the option to pass other spam from internal domains.",
					"文書化された設定のどちらも行われていません: 受信メッセージのみへの適用、またはすべてのメッセージへの適用と、内部ドメインからの「その他のスパムメール」を放置するオプション。",
				},
				How: Text{
					"No interface shows the policies: they are declared in cas.spam_policies, each with applies_to and pass_internal_other_spam. Each policy is judged.",
					"ポリシーを読み取る手段はないため、cas.spam_policies に applies_to と pass_internal_other_spam を宣言します。ポリシーごとに判定します。",
				},
				Examine: examineSpamSettings,
			},
			{
				ID: "SPM-01.C2",
				Text: Text{
					"The settings are in place, but the message fails what Cloud App Security checks in the back end to find forged internal mail: SPF, and the headers that name another domain.",
					"設定は行われていますが、偽の内部メールを見つけるためのバックエンドの確認 (SPF と、別のドメインを示すメールヘッダ) にメッセージが合格していません。",
				},
				How: Text{
					"The headers of the messages in cas.messages are read, and with cas.api those of the messages that Cloud App Security detected in the last 72 hours. Only results where Exchange Online received the message count. SPF fail or softfail where the message first came in, or a Reply-To, Return-Path or envelope sender that differs from the sender and is no internal domain, confirms it. SPF results of the re-injection by Cloud App Security do not count; a pass below it counts only when the relay's address is in cas.relays. Results that the API gives without the way of the message, and SPF that is only computed for mail inside the tenant, make it likely. With policies of which only some are set, it is at most likely. What DNS publishes for the sender (the term of the SPF record, DMARC, the DKIM selectors of Exchange Online, MX) explains a message that fails and decides nothing.",
					"cas.messages のメッセージのヘッダを読み取ります。cas.api があれば、Cloud App Security が過去 72 時間に検出したメッセージのヘッダも取得します。Exchange Online が受信した時点の結果だけを使います。最初に受信した時点の SPF が fail または softfail の場合、または送信者と異なり内部ドメインでもない Reply-To、Return-Path、エンベロープ送信者がある場合に確定します。Cloud App Security が再送したときの SPF の結果は使わず、それより前の pass は、中継サーバのアドレスが cas.relays にある場合だけ使います。API が返す経路のない結果と、テナント内のメールについて計算しただけの SPF は、可能性ありにとどまります。一部のポリシーだけが設定済みの場合も同様です。送信者について DNS に公開されている情報 (SPF レコードの項、DMARC、Exchange Online の DKIM セレクター、MX) は、失敗の説明に使い、判定には使いません。",
				},
				Examine: examineBackEnd,
			},
			{
				ID: "SPM-01.X1",
				Text: Text{
					"The sender's domain is not in the internal domains of Cloud App Security, so the message does not count as internal.",
					"送信者のドメインが Cloud App Security の内部ドメインにないため、メッセージが内部メールとして扱われません。",
				},
				How: Text{
					"The domains of the From header are compared with cas.internal_domains; without messages, the verified domains of the Microsoft 365 tenant are. Names under onmicrosoft.com are left out then. The same list is judged by GDM-01 for Google domains.",
					"From ヘッダのドメインを cas.internal_domains と比べます。メッセージがない場合は、Microsoft 365 テナントの確認済みドメインを比べます (onmicrosoft.com は対象外)。Google のドメインについては、同じ一覧を GDM-01 が判定します。",
				},
				Examine: examineSender,
			},
		},
		// The order is that of preference: the narrower change first.
		Fixes: []Fix{
			{
				ID: "SPM-01.F2", For: []string{"SPM-01.C1"},
				Text: Text{
					"Apply the filter to all messages, and pass other spam from internal domains.",
					"フィルタをすべてのメッセージに適用し、内部ドメインからの「その他のスパムメール」は放置します。",
				},
				Risk: Text{
					"It is for the category \"other spam\" only. A mailbox that somebody else has taken over can then send other spam inside the organisation.",
					"対象は「その他のスパムメール」だけです。乗っ取られたメールボックスから、組織内にその他のスパムメールが送られる可能性があります。",
				},
				Links: []string{documentedTroubles, spamArticle},
				Steps: passInternalSteps,
			},
			{
				ID: "SPM-01.F1", For: []string{"SPM-01.C1"},
				Text: Text{
					"Apply the filter to incoming messages only.",
					"フィルタを受信メッセージだけに適用します。",
				},
				Risk: Text{
					"Internal messages are not scanned for spam at all then. What fails the back-end checks (SPM-01.C2) may still be handled as spam.",
					"内部メールはスパムとして検索されなくなります。バックエンドの確認に合格しないメッセージ (SPM-01.C2) は、引き続きスパムとして処理されることがあります。",
				},
				Links: []string{documentedTroubles, spamArticle},
				Steps: incomingOnlySteps,
			},
			{
				ID: "SPM-01.F4", For: []string{"SPM-01.C2", "SPM-01.X1"}, Ours: true,
				Text: Text{
					"Make the one change that the failing message needs.",
					"該当するメッセージに必要な変更だけを行います。",
				},
				When: Text{
					"Not certain where Exchange Online itself calls the message internal and SPF fails all the same, nor for a domain that is not one of the tenant's: look at the message first (SPM-01.F3).",
					"Exchange Online が内部メールと判断しているのに SPF が失敗している場合と、テナントのものではないドメインの場合は、確実ではありません。先にメッセージを調べてください (SPM-01.F3)。",
				},
				Risk: Text{
					"Forged internal mail fails in the same way. Make sure that the message is yours before you let its kind pass.",
					"偽の内部メールも同じ結果になります。通過させる前に、自組織のメッセージであることを必ず確認してください。",
				},
				Links: []string{
					spamArticle,
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/administration/global-settings/configuring-internal_001.aspx",
					"https://learn.microsoft.com/en-us/defender-office-365/email-authentication-spf-configure",
				},
				Applies: oneChangeApplies,
				Steps:   oneChangeSteps,
			},
			{
				ID: "SPM-01.F3", For: []string{"SPM-01.C2"},
				Text: Text{
					"Inspect the affected messages and follow the linked solution.",
					"影響を受けるメッセージを確認し、リンク先の対策に従います。",
				},
				Risk: Text{
					"An approval lets forgeries pass as well. Choose the narrowest list, and never approve the sender's own domain globally.",
					"承認リストは偽のメールも通過させます。最も狭い範囲のリストを選び、送信者自身のドメイン全体を承認しないでください。",
				},
				Links: []string{spamArticle, documentedTroubles},
				Steps: inspectSteps,
			},
		},
		Words: mailWords,
	}
}

// spamArticle is the solution that the vendor's page links to.
const spamArticle = "https://success.trendmicro.com/solution/000253191"

// spamPolicies are the declared policies; nil with what is said instead.
func spamPolicies(x *Exam) ([]facts.SpamPolicy, Claim) {
	cas := Read(x, facts.DeclaredCAS)
	switch {
	case cas.Value == nil:
		return nil, unseen("spam_policies", cas.Why())
	case cas.Value.SpamPolicies == nil:
		return nil, unknown(because("not_declared", "what", "spam_policies"))
	default:
		return append([]facts.SpamPolicy{}, *cas.Value.SpamPolicies...), Claim{}
	}
}

func examineSpamSettings(x *Exam) {
	policies, why := spamPolicies(x)
	if policies == nil {
		x.Find("", why)
		return
	}
	if len(policies) == 0 {
		x.NotApplicable(because("no_policies"))
		return
	}
	for _, p := range policies {
		x.Find(p.Name, notSet(p))
	}
}

// notSet: neither documented setting is in place in a policy.
func notSet(p facts.SpamPolicy) Claim {
	switch {
	case p.AppliesTo == "incoming":
		return refuted(Declared, because("incoming_only", "policy", p.Name))
	case p.AppliesTo != "all":
		return unknown(because("scope_unknown", "policy", p.Name, "scope", p.AppliesTo))
	case p.PassInternalOtherSpam == nil:
		return unknown(because("not_declared", "what", "pass_option"))
	case *p.PassInternalOtherSpam:
		return refuted(Declared, because("passes_internal", "policy", p.Name))
	default:
		return confirmed(Declared, because("scans_internal", "policy", p.Name))
	}
}

// settingsInPlace over all policies: which of them handled a message is not known, so that
// some are enough for a likelihood only.
func settingsInPlace(policies []facts.SpamPolicy) Claim {
	var claims []Claim
	set := 0
	for _, p := range policies {
		c := notSet(p)
		if c.Verdict == Refuted {
			set++
		}
		c.Verdict = c.Verdict.Not()
		claims = append(claims, c)
	}
	switch {
	case set == len(policies):
		return all(claims...)
	case set > 0:
		return supported(Declared, because("some_policies_set", "count", strconv.Itoa(set), "of", strconv.Itoa(len(policies))))
	default:
		return anyOf(claims...)
	}
}

func examineBackEnd(x *Exam) {
	policies, settings := spamPolicies(x)
	if policies != nil && len(policies) == 0 {
		x.NotApplicable(because("no_policies"))
		return
	}
	if policies != nil {
		settings = settingsInPlace(policies)
	}
	messages := candidatesOf(x)
	switch {
	case messages.declared:
		x.NotApplicable(because("no_messages"))
		return
	case len(messages.gaps) > 0: // messages that pass show nothing of those that were not seen
		x.Find("", all(settings, anyOf(messages.gaps...)))
	case len(messages.list) == 0:
		x.Find("", all(settings, messages.why))
	}
	o := organisationOf(x)
	for _, c := range messages.list {
		x.Find(c.subject, all(settings, c.failing(o)))
	}
}

func examineSender(x *Exam) {
	internal := internalDomains(x)
	messages := candidatesOf(x).list
	if len(messages) == 0 {
		files := Read(x, facts.MailMessages)
		if why := files.Why(); files.Value == nil && why.Kind != facts.NotDeclared && why.Kind != facts.NotCollected {
			x.Find("", unseen("messages", why))
			return
		}
		examineTenantDomains(x, internal)
		return
	}
	tenant, gap := tenantDomains(x)
	for _, m := range messages {
		c := m.foreignSender(internal)
		switch why := foreign(m.senders(), tenant); {
		case c.Verdict != Confirmed || len(why) == 0:
		case gap == nil:
			c = c.atMost(Supported, why...)
		case gap.Code != string(facts.NotConfigured):
			// The tenant could have said that the sender is a stranger.
			c = c.atMost(Supported, *gap)
		}
		x.Find(m.subject, c)
	}
}

// foreign are the domains of the sender that the tenant does not have: mail from them may be
// rightly external.
func foreign(senders []string, tenant []tenantDomain) (why []Reason) {
	for _, d := range senders {
		if !slices.ContainsFunc(tenant, func(t tenantDomain) bool { return domainKey(t.name) == domainKey(d) }) {
			why = append(why, because("not_of_tenant", "domain", d))
		}
	}
	return why
}

// tenantDomain is a domain of the tenant with whether it is verified, if that is said.
type tenantDomain struct {
	name     string
	verified *bool
}

// tenantDomains are the domains of the tenant, and why some may be missing.
func tenantDomains(x *Exam) ([]tenantDomain, *Reason) {
	t := Read(x, facts.M365Tenant)
	if t.Value == nil {
		why := failed("tenant_domains", t.Why())
		return nil, &why
	}
	var out []tenantDomain
	if d := t.Value.Domains; d.Value != nil {
		for _, d := range *d.Value {
			out = append(out, tenantDomain{d.ID, d.IsVerified})
		}
	}
	verified := true // GET /organization lists no others
	for _, d := range t.Value.VerifiedDomains {
		if !slices.ContainsFunc(out, func(o tenantDomain) bool { return domainKey(o.name) == domainKey(d.Name) }) {
			out = append(out, tenantDomain{d.Name, &verified})
		}
	}
	slices.SortFunc(out, func(a, b tenantDomain) int { return strings.Compare(a.name, b.name) })
	named := slices.DeleteFunc(slices.Clone(out), func(d tenantDomain) bool { return domainKey(d.name) == "" })
	why := t.Value.Domains.Why()
	switch {
	case why != nil && len(t.Value.VerifiedDomains) == 0:
	case len(named) == 0, len(named) < len(out): // every tenant has a domain, and every domain a name
		why = orMalformed(nil)
	default:
		return named, nil
	}
	r := failed("tenant_domains", why)
	return named, &r
}

// routing are the domains that Microsoft gives to a tenant by itself, for its own routing:
// people seldom send from them. Global and US Government clouds, and China.
var routing = []string{".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"}

// examineTenantDomains stands in where no message is known.
func examineTenantDomains(x *Exam, internal domainList) {
	if internal.why != nil {
		x.Find("", unknown(*internal.why))
		return
	}
	domains, gap := tenantDomains(x)
	looked, settled := 0, gap == nil
	for _, d := range domains {
		key := domainKey(d.name)
		if d.verified != nil && !*d.verified || slices.ContainsFunc(routing, func(end string) bool { return strings.HasSuffix(key, end) }) {
			continue
		}
		looked++
		c := internal.lacks("tenant_domain", d.name)
		if c.Verdict == Refuted {
			continue
		}
		if settled = false; d.verified == nil {
			c = c.atMost(Unknown, because("verification_unknown", "domain", d.name))
		}
		x.Find(d.name, c)
	}
	switch {
	case gap != nil:
		x.Find("", unknown(*gap))
	case looked == 0:
		x.Find("", refuted(Observed, because("no_tenant_domains")))
	case settled:
		x.Find("", refuted(Declared, because("tenant_domains_listed", "count", strconv.Itoa(looked))))
	}
}

// The steps. The labels are those of the console (Cloud App Security online help, "Troubleshooting").

func passInternalSteps(x *Exam) []Text {
	return append(openPolicy(x),
		text("Under Rules, apply the filter to All messages.",
			"ルールで、[すべてのメッセージ] に適用されるように設定します。"),
		text("Under Action, select \"Pass all the messages sent from internal domains if detected as other spam\".",
			"[処理] で [内部ドメインから送信されたメッセージが、その他のスパムメールとして検出された場合は放置する] を選択します。"),
		text("The option knows internal mail by the list of internal domains. Keep it complete: GDM-01 and SPM-01.X1 tell what is missing.",
			"このオプションは内部ドメインの一覧で内部メールを判断します。一覧を完全に保ってください。不足は GDM-01 と SPM-01.X1 で確認できます。"),
		afterSetting())
}

func incomingOnlySteps(x *Exam) []Text {
	return append(openPolicy(x),
		text("Under Rules, apply the filter to Incoming messages only. Internal messages are not scanned then.",
			"ルールで、[受信メッセージ] にのみ適用されるように設定します。内部メールは検索されなくなります。"),
		afterSetting())
}

func openPolicy(x *Exam) []Text {
	return []Text{text("In the Cloud App Security console open Advanced Threat Protection, the Exchange Online policy {policy}, and Advanced Spam Protection in it.",
		"Cloud App Security 管理コンソールで [高度な脅威対策] を開き、Exchange Online のポリシー {policy} の [高度なスパムメール対策] を開きます。",
		"policy", x.Pair().Subject)}
}

func afterSetting() Text {
	return text("If internal messages are still handled as other spam, save some of them as .eml files, name them in cas.messages and run casdoctor again: SPM-01.C2 then tells why.",
		"それでも内部メールがその他のスパムメールとして処理される場合は、該当するメッセージを .eml で保存して cas.messages に指定し、casdoctor を再実行します。SPM-01.C2 が理由を示します。")
}

func inspectSteps(x *Exam) []Text {
	return []Text{
		text("Open the headers of {message}. Look for an SPF result of fail or softfail, and for a Reply-To or Return-Path that does not fit the sender and is no internal domain.",
			"{message} のヘッダを開き、SPF の結果が fail または softfail でないか、送信者と一致せず内部ドメインでもない Reply-To や Return-Path がないかを確認します。",
			"message", messageName(x)),
		text("Find out where the difference comes from: a system of your own that sends or rewrites mail, or a forgery. Leave a forgery as it is handled.",
			"不一致の理由を調べます。自組織のシステムによる送信やヘッダの書き換えか、偽のメールかを判断します。偽のメールであれば、現在の処理のままにします。"),
		text("If your own system changes the headers, change the system. Where that cannot be, use the approved header field list of the one policy with a value that only your system writes. Never approve the sender's own domain: every forgery names it too.",
			"自組織のシステムがヘッダを変更している場合は、そのシステムを直します。できない場合は、該当するポリシーだけの承認済みヘッダフィールドリストに、そのシステムだけが付ける値を登録します。送信者自身のドメインは承認しないでください。偽のメールも同じドメインを名乗ります。"),
		text("Follow the vendor's solution: {link}", "ベンダーの対策に従います: {link}", "link", spamArticle),
	}
}

func messageName(x *Exam) string {
	if s := x.Pair().Subject; s != "" {
		return s
	}
	return "cas.messages"
}

// oneChangeApplies: the change is certain where the message names what is wrong.
func oneChangeApplies(x *Exam) (Applicability, []Reason) {
	found := x.Found(x.Pair().Cause, x.Pair().Subject)
	switch h := headersOf(x); {
	case hasReason(found, "not_of_tenant"),
		found.Verdict == Supported && slices.ContainsFunc(found.Reasons, func(r Reason) bool { return r.Args["what"] == "tenant_domains" }):
		return Maybe, []Reason{because("only_if_yours")}
	case (hasReason(found, "spf_failed") || hasReason(found, "spf_recomputed")) && h != nil && mailtrace.Inside(*h):
		return Maybe, []Reason{because("internal_all_the_same")}
	default:
		return Yes, nil
	}
}

// candidateOf is the message that the fix is asked about; empty for a domain.
func candidateOf(x *Exam) candidate {
	messages := candidatesOf(x).list
	for _, m := range messages {
		if m.subject == x.Pair().Subject {
			return m
		}
	}
	return candidate{}
}

// headersOf are the headers of that message; nil for a domain.
func headersOf(x *Exam) *facts.MailHeaders { return candidateOf(x).headers }

func oneChangeSteps(x *Exam) []Text {
	pair := x.Pair()
	var steps []Text
	if pair.Cause == "SPM-01.C2" {
		steps = append(steps, text("Make sure that {message} is yours: find the server, device or service that sent it. If nobody knows it, treat it as a forgery and change nothing.",
			"{message} が自組織のメッセージであることを確認します。送信したサーバ、機器、サービスを特定してください。心当たりがなければ偽のメールとみなし、何も変更しません。", "message", messageName(x)))
	}
	o := organisationOf(x)
	elsewhere := false // the change is to something else than the SPF record
	if causes := candidateOf(x).causes(o); pair.Cause == "SPM-01.C2" && len(causes) > 0 {
		if c := causes[0]; slices.Contains(ownChange, c.Row) {
			steps = append(steps, outsideWords[c.Row].fix.with(because("", c.Args...).Args, spmWords))
			elsewhere = slices.Contains(notTheRecord, c.Row)
		}
	}
	for _, r := range x.Found(pair.Cause, pair.Subject).Reasons {
		switch r.Code {
		case "spf_failed", "spf_failed_somewhere", "spf_permerror":
			if !elsewhere {
				steps = append(steps, spfSteps(x, r, o)...)
			}
		case "domain_not_listed", "subdomain_listed", "only_wildcard", "entry_garbled":
			steps = append(steps, listSteps(r)...)
		default:
			steps = append(steps, dnsSteps(r, o)...)
		}
	}
	return steps
}

// ownChange are the rows whose change is narrower than what is said of SPF in general, and
// notTheRecord those of them that an SPF record does not mend.
var (
	notTheRecord = []mailtrace.Row{
		mailtrace.InsideTenant, mailtrace.HybridUnbelieved, mailtrace.RelayLoop, mailtrace.OtherTenant,
	}
	ownChange = append([]mailtrace.Row{
		mailtrace.HybridSPF, mailtrace.ServiceSends, mailtrace.SelfSpoof, mailtrace.DMARCEnforced, mailtrace.WeakRecords, mailtrace.BodyChanged,
	}, notTheRecord...)
)

// spfSteps mend SPF for the domain of a reason, as DNS has it today.
func spfSteps(x *Exam, r Reason, o organisation) []Text {
	domain := r.Args["domain"]
	if h := headersOf(x); domain == "" && h != nil && h.From != nil && len(h.From.Domains) > 0 {
		domain = h.From.Domains[0] // without an envelope domain the sender's own is the one to authorise for
	}
	args := []string{"domain", domain, "ip", r.Args["ip"]}
	var first Text
	switch records, published := spfRecords(x, domain); {
	case len(records) > 1:
		first = text("{domain} publishes {count} SPF records, and only one may stand: merge them.",
			"{domain} には SPF レコードが {count} 件あります。1 件だけにする必要があるため、統合します。",
			append(args, "count", strconv.Itoa(len(records)))...)
	case len(records) == 1 && r.Code == "spf_permerror":
		first = text("Correct the SPF record of {domain}: it has a mistake in its syntax, or needs more than ten look-ups. Today it is: {record}",
			"{domain} の SPF レコードを修正します。構文の誤りか、10 回を超える DNS 参照があります。現在の内容: {record}",
			append(args, "record", records[0])...)
	case len(records) == 1:
		first = text("Add the sender {ip}, or the include of the service that it belongs to, to the SPF record of {domain}. Today it is: {record}",
			"{domain} の SPF レコードに、送信元 {ip}、またはそのサービスの include を追加します。現在の内容: {record}",
			append(args, "record", records[0])...)
	case published:
		first = text("{domain} publishes no SPF record: publish one that names every service that sends for it, {ip} among them.",
			"{domain} には SPF レコードがありません。{ip} を含め、このドメインで送信するすべてのサービスを記載したレコードを公開します。", args...)
	default:
		first = text("Look up the SPF record of {domain}, and add the sender {ip} or the include of the service that it belongs to.",
			"{domain} の SPF レコードを調べ、送信元 {ip}、またはそのサービスの include を追加します。", args...)
	}
	steps := []Text{first}
	if r.Code == "spf_permerror" {
		for _, m := range o.mistakes(domain) {
			steps = append(steps, policyWords[m.Code].with(m.Args, nil))
		}
	} else if n, known := o.lookups(domain); known {
		steps = append(steps, text("The policy of {domain} needs {count} of the 10 DNS look-ups that are allowed. An address (ip4:, ip6:) needs none; an include needs at least one.",
			"{domain} のポリシーは、上限 10 回の DNS 参照のうち {count} 回を使用しています。アドレス (ip4:、ip6:) は参照を必要とせず、include は少なくとも 1 回必要です。",
			append(args, "count", strconv.Itoa(n))...))
	}
	return append(steps, text("If the sender is a device or an application, it can instead sign in to Exchange Online to send (SMTP AUTH), or use a connector of its own.",
		"送信元が機器やアプリケーションの場合は、代わりに Exchange Online へ認証して送信する (SMTP AUTH) か、専用のコネクタを使用できます。"))
}

// spfRecords are the SPF records of a domain, and whether it is known what is published.
func spfRecords(x *Exam, domain string) (records []string, known bool) {
	all := Read(x, facts.MailRecords)
	if all.Value == nil {
		return nil, false
	}
	for _, d := range *all.Value {
		switch {
		case domainKey(d.Domain) != domainKey(domain):
		case d.SPF.Value != nil:
			return *d.SPF.Value, true
		default:
			return nil, d.SPF.Why().Kind == facts.NotFound
		}
	}
	return nil, false
}

// listSteps mend the list, or the header that names a domain that is not in it.
func listSteps(r Reason) []Text {
	args := []string{"domain", r.Args["domain"]}
	if strings.HasPrefix(r.Args["domain"], "[") { // an address literal cannot be an entry
		return literalSteps(r.Args["what"])
	}
	steps := []Text{text("If the organisation owns {domain}, add it to the internal domains: Advanced Threat Protection > Internal Domains, or Administration > Global Settings > Internal Domains. Add it to cas.internal_domains as well.",
		"{domain} が組織のものであれば、内部ドメインに追加します: [高度な脅威対策] > [内部ドメイン] または [運用管理] > [グローバル設定] > [内部ドメイン]。cas.internal_domains にも追加します。", args...)}
	switch r.Args["what"] {
	case "reply_to":
		steps = append(steps, text("If not, let the sending application write a Reply-To of an internal domain, or none.",
			"組織のものでなければ、送信するアプリケーションの Reply-To を内部ドメインのものにするか、付けないようにします。"))
	case "return_path", "envelope":
		steps = append(steps, text("If not, let the sending service use a Return-Path (envelope sender) of an internal domain, such as a sub-domain of yours that is listed too.",
			"組織のものでなければ、送信サービスの Return-Path (エンベロープ送信者) を内部ドメイン (登録済みのサブドメインなど) に変更します。"))
	default:
		steps = append(steps, text("Look for other missing domains at the same time: while the list is incomplete, their mail is not internal either. GDM-01 compares it with the domains of Google.",
			"同時に、他の不足しているドメインも確認します。一覧が不完全な間は、それらのメールも内部として扱われません。Google のドメインとの比較は GDM-01 が行います。"))
	}
	return steps
}

// literalSteps mend a header that names an address instead of a domain (RFC 5321, 4.1.3).
func literalSteps(what string) []Text {
	switch what {
	case "reply_to":
		return []Text{text("Let the sending application write a Reply-To of an internal domain, or none.",
			"送信するアプリケーションの Reply-To を内部ドメインのものにするか、付けないようにします。")}
	case "return_path", "envelope":
		return []Text{text("Let the sending service use a Return-Path (envelope sender) of an internal domain.",
			"送信サービスの Return-Path (エンベロープ送信者) を内部ドメインに変更します。")}
	default:
		return []Text{text("Let the sending application use a sender address of an internal domain.",
			"送信するアプリケーションの送信者アドレスを内部ドメインのものにします。")}
	}
}

// mailWords are all sentences of this check.
var mailWords = together(spmWords, dnsWords, listWords, policyWords)

// spmWords are the sentences of this check's reasons, and its terms.
var spmWords = map[string]Text{
	// Terms.
	"spam_policies":    {"The settings of the Exchange Online policies (cas.spam_policies)", "Exchange Online のポリシーの設定 (cas.spam_policies)"},
	"pass_option":      {"Whether a policy for all messages passes other spam from internal domains (pass_internal_other_spam)", "すべてのメッセージに適用されるポリシーで、内部ドメインからのその他のスパムメールを放置するかどうか (pass_internal_other_spam)"},
	"messages":         {"The list of affected messages (cas.messages)", "影響を受けるメッセージの一覧 (cas.messages)"},
	"message":          {"The message", "メッセージ"},
	"internal_domains": {"The list of Cloud App Security's internal domains (cas.internal_domains)", "Cloud App Security の内部ドメインの一覧 (cas.internal_domains)"},
	"tenant_domains":   {"The domains of the Microsoft 365 tenant", "Microsoft 365 テナントのドメイン"},
	"tenant_domain":    {"the tenant", "テナント"},
	"from":             {"From", "From"},
	"log_sender":       {"sender in the log of Cloud App Security", "Cloud App Security のログの送信者"},
	"reply_to":         {"Reply-To", "Reply-To"},
	"return_path":      {"Return-Path", "Return-Path"},
	"envelope":         {"Envelope sender", "エンベロープ送信者"},

	"detections":       {"What Cloud App Security detected (cas.api)", "Cloud App Security の検出 (cas.api)"},
	"detected_headers": {"The headers of the detected message", "検出されたメッセージのヘッダ"},

	"nothing_detected": {
		"Cloud App Security logged no such message in the last 72 hours. It logs the targets of enabled policies only, so that this shows nothing: name affected messages in cas.messages.",
		"Cloud App Security の過去 72 時間のログに該当するメッセージはありません。有効なポリシーの対象だけが記録されるため、問題がないとは言えません。影響を受けるメッセージを cas.messages に指定してください。",
	},
	"cas_token_refused": {
		"Cloud App Security refused the token of cas.api: it is wrong, deleted, older than 365 days, or of another site. Make a new one under Administration > Automation and Integration APIs.",
		"Cloud App Security が cas.api のトークンを拒否しました。誤り、削除済み、365 日の期限切れ、または別のサイトのトークンです。[運用管理] > [自動化と統合 API] で新しいトークンを作成してください。",
	},
	"detected_without_headers": {
		"Cloud App Security detected {message}, and does not give its headers. Save the message as .eml and name it in cas.messages.",
		"Cloud App Security は {message} を検出しましたが、ヘッダを取得できません。メッセージを .eml で保存し、cas.messages に指定してください。",
	},
	"way_not_given": {
		"The API gives the results without the way of the message, so that nothing shows who wrote them. Save the message as .eml and name it in cas.messages to be certain.",
		"API の応答にはメッセージの経路がなく、結果を誰が書いたか確認できません。確実に判定するには、メッセージを .eml で保存して cas.messages に指定してください。",
	},
	"header_not_given": {
		"{what!} is not among the headers that the API gives, and may be in the message all the same. Save it as .eml and name it in cas.messages.",
		"{what!} は API が返すヘッダに含まれず、メッセージにあるかどうか分かりません。メッセージを .eml で保存して cas.messages に指定してください。",
	},
	"spf_decided_by": {
		"SPF of {domain} names {ip} nowhere before \"{term}\" (at {at}), which decided.",
		"{domain} の SPF には、判定を決めた「{term}」({at} 文字目) より前に {ip} がありません。",
	},
	"spf_passes_today": {
		"Today SPF of {domain} lets {ip} send: the record was changed after the message. Look at a newer message.",
		"現在の {domain} の SPF は {ip} からの送信を許可しています。メッセージの後にレコードが変更されています。新しいメッセージで確認してください。",
	},
	"spf_differs_today": {
		"Today SPF of {domain} ends with {result} for {ip}: the record was changed after the message.",
		"現在の {domain} の SPF の {ip} に対する結果は {result} です。メッセージの後にレコードが変更されています。",
	},
	"spf_recomputed": {
		"Computed from its way, SPF ends with {result} for {domain} and Microsoft's own address ({ip}). Whether Cloud App Security computes it is not documented; it would explain the detection.",
		"経路から計算すると、{domain} と Microsoft 内部のアドレス ({ip}) に対する SPF の結果は {result} です。Cloud App Security がこの計算を行うかどうかは文書化されていませんが、検出の説明になります。",
	},

	"no_policies": {
		"No Exchange Online policy is there, as declared.",
		"宣言により、Exchange Online のポリシーはありません。",
	},
	"no_messages": {
		"No message is affected, as declared.",
		"宣言により、影響を受けるメッセージはありません。",
	},
	"incoming_only": {
		"The policy {policy} applies to incoming messages only, as declared.",
		"宣言により、ポリシー {policy} は受信メッセージにのみ適用されます。",
	},
	"passes_internal": {
		"The policy {policy} applies to all messages and passes other spam from internal domains, as declared.",
		"宣言により、ポリシー {policy} はすべてのメッセージに適用され、内部ドメインからのその他のスパムメールを放置します。",
	},
	"scans_internal": {
		"The policy {policy} applies to all messages and does not pass other spam from internal domains.",
		"ポリシー {policy} はすべてのメッセージに適用され、内部ドメインからのその他のスパムメールを放置しません。",
	},
	"scope_unknown": {
		"What the policy {policy} applies to ({scope}) is not known to this version. Update casdoctor.",
		"ポリシー {policy} の適用対象 ({scope}) はこのバージョンでは不明です。casdoctor を更新してください。",
	},
	"some_policies_set": {
		"Only {count} of {of} policies are set as documented, and which of them handled the message is not known.",
		"文書どおりに設定されたポリシーは {of} 件中 {count} 件だけで、どのポリシーがこのメッセージを処理したかは分かりません。",
	},
	"message_not_found": {
		"{file} could not be read: {detail}. Correct cas.messages.",
		"{file} を読み取れません ({detail})。cas.messages を修正してください。",
	},
	"message_forbidden": {
		"{file} could not be read: casdoctor may not open it. Correct the file's permissions.",
		"{file} を読み取れません。casdoctor に読み取り権限がありません。ファイルの権限を修正してください。",
	},
	"message_malformed": {
		"{file} is not a message that can be read ({detail}). Save the original as .eml, with all its headers.",
		"{file} はメッセージとして読み取れません ({detail})。元のメッセージを、すべてのヘッダを含む .eml で保存してください。",
	},
	"spf_failed": {
		"SPF ended with {result} where the message first came in: sender ({ip}), envelope domain ({domain}).",
		"最初に受信した時点の SPF の結果は {result} です: 送信元 ({ip})、エンベロープのドメイン ({domain})。",
	},
	"spf_failed_somewhere": {
		"SPF ended with {result} in the results that Cloud App Security gives: sender ({ip}), envelope domain ({domain}).",
		"Cloud App Security が返す結果では、SPF は {result} です: 送信元 ({ip})、エンベロープのドメイン ({domain})。",
	},
	"spf_permerror": {
		"The SPF record of the envelope domain ({domain}) has a mistake (permerror), so that it lets nobody pass.",
		"エンベロープのドメイン ({domain}) の SPF レコードに誤りがあり (permerror)、どの送信元も合格しません。",
	},
	"envelope_not_said": {
		"The SPF result does not say for which envelope domain it holds. Save a copy from the recipient's mailbox, with all headers, or look at another affected message.",
		"SPF の結果に、対象のエンベロープのドメインがありません。受信者のメールボックスから、すべてのヘッダを含めて保存するか、影響を受ける別のメッセージで確認してください。",
	},
	"spf_temperror": {
		"DNS did not answer when SPF was checked (temperror) for the envelope domain ({domain}). Look at another affected message.",
		"エンベロープのドメイン ({domain}) の SPF を確認したときに DNS が応答しませんでした (temperror)。影響を受ける別のメッセージで確認してください。",
	},
	"spf_not_failed": {
		"SPF did not fail: {result} ({domain}).",
		"SPF は失敗していません: {result} ({domain})。",
	},
	"spf_word_unknown": {
		"The SPF result \"{result}\" is not known to this version; nothing is concluded from it.",
		"SPF の結果「{result}」はこのバージョンでは不明なため、判断しません。",
	},
	"spf_missing": {
		"The message has no SPF result of Exchange Online. Save a copy from the recipient's mailbox, with all headers.",
		"メッセージに Exchange Online による SPF の結果がありません。受信者のメールボックスから、すべてのヘッダを含めて保存してください。",
	},
	"spf_of_others": {
		"Nothing shows that the authentication results in the message are of Exchange Online. Save a copy from the recipient's mailbox, with all headers.",
		"メッセージの認証結果が Exchange Online のものであることを確認できません。受信者のメールボックスから、すべてのヘッダを含めて保存してください。",
	},
	"spf_not_inside": {
		"Exchange Online calls the message internal (AuthAs: Internal) and records no SPF result for mail inside the tenant, so that this cannot be decided from the headers. Apply the filter to incoming messages only (SPM-01.F1), or open a ticket with the vendor.",
		"Exchange Online はこのメッセージを内部メールと判断しており (AuthAs: Internal)、テナント内のメールには SPF の結果を記録しません。ヘッダからは判定できません。フィルタを受信メッセージだけに適用する (SPM-01.F1) か、ベンダーにサポートチケットを送信してください。",
	},
	"spf_below_relay": {
		"The first SPF result is {result} ({domain}), but it lies below a relay that is known only by the name it gives itself, which a forgery can use too. If its address ({relay}) is one that the IP Allow List of Exchange Online has for Cloud App Security, write it into cas.relays and run again.",
		"最初の SPF の結果は {result} ({domain}) ですが、その後の中継サーバは自ら名乗った名前でしか識別できず、偽のメールも同じ名前を名乗れます。そのアドレス ({relay}) が Exchange Online の IP 許可一覧に Cloud App Security のものとしてあれば、cas.relays に記載して再実行してください。",
	},
	"results_two_results": {
		"Two SPF results of the message contradict each other although they are for the same address, so that none counts. Save a copy from the recipient's mailbox, with all headers.",
		"同じアドレスに対する SPF の結果が 2 つあり、矛盾しているため、どちらも判定に使いません。受信者のメールボックスから、すべてのヘッダを含めて保存してください。",
	},
	"results_other_message": {
		"The authentication results are for another sender than the From header names, so that none counts. Save a copy from the recipient's mailbox, with all headers.",
		"認証結果が From ヘッダとは別の送信者のものであるため、判定に使いません。受信者のメールボックスから、すべてのヘッダを含めて保存してください。",
	},
	"spf_of_relay": {
		"The only SPF result in the message is of its re-injection by Cloud App Security: it says nothing about the sender.",
		"メッセージの SPF の結果は Cloud App Security が再送したときのものだけで、送信元については分かりません。",
	},
	"relay_left_out": {
		"The SPF result of the re-injection by Cloud App Security was left out.",
		"Cloud App Security が再送したときの SPF の結果は除外しました。",
	},
	"header_absent": {
		"The message has no {what!}.",
		"メッセージに {what!} はありません。",
	},
	"header_empty": {
		"{what!} names no address.",
		"{what!} にアドレスはありません。",
	},
	"address_unreadable": {
		"{what!} has something in it that is no address, so that a domain may be missing. Look at the header by hand.",
		"{what!} にアドレスとして読み取れない部分があり、ドメインを確認できません。ヘッダを直接確認してください。",
	},
	"no_tenant_domains": {
		"The tenant has no verified domain besides those that Microsoft gave it (onmicrosoft.com).",
		"テナントには、Microsoft が付与したドメイン (onmicrosoft.com) 以外に確認済みのドメインがありません。",
	},
	"same_as_sender": {
		"{what!} names the sender's own domain {domain}.",
		"{what!} のドメイン {domain} は送信者と同じです。",
	},
	"no_sender": {
		"The message has no From header with an address.",
		"メッセージにアドレスのある From ヘッダがありません。",
	},
	"domain_listed": {
		"{domain} ({what!}) is in the internal domains.",
		"{domain} ({what!}) は内部ドメインに登録されています。",
	},
	"domain_not_listed": {
		"{domain} ({what!}) is not in the internal domains.",
		"{domain} ({what!}) は内部ドメインに登録されていません。",
	},
	"subdomain_listed": {
		"{domain} ({what!}) is not in the internal domains, only {parent} is. Whether that stands for its sub-domains is not documented.",
		"{domain} ({what!}) は内部ドメインになく、{parent} だけが登録されています。サブドメインも含まれるかどうかは文書化されていません。",
	},
	"only_wildcard": {
		"{domain} ({what!}) is in the internal domains only as {entry}. Whether Cloud App Security knows wildcards there is not documented: add it by its own name.",
		"{domain} ({what!}) は、内部ドメインに {entry} としてだけ登録されています。Cloud App Security がワイルドカードを解釈するかどうかは文書化されていないため、このドメイン自体を追加してください。",
	},
	"internal_not_named": {
		"The internal domains are not known. Name them with --internal, or with -c a configuration that declares cas.internal_domains.",
		"内部ドメインが分かりません。--internal で指定するか、cas.internal_domains を宣言した設定ファイルを -c で指定してください。",
	},
	"not_of_tenant": {
		"{domain} is not a domain of the tenant either: mail from it may be rightly external.",
		"{domain} はテナントのドメインでもありません。外部メールとして正しく扱われている可能性があります。",
	},
	"verification_unknown": {
		"Whether {domain} is verified is not in the answer of Microsoft Graph. Look it up in the admin center.",
		"{domain} が確認済みかどうかは Microsoft Graph の応答にありません。管理センターで確認してください。",
	},
	"tenant_domains_listed": {
		"Every verified domain of the tenant is in the internal domains ({count} looked at).",
		"テナントの確認済みドメインは、すべて内部ドメインに登録されています (確認数 {count})。",
	},
	"only_if_yours": {
		"Only if the organisation owns the domain.",
		"組織がドメインを所有している場合に限ります。",
	},
	"internal_all_the_same": {
		"Exchange Online itself calls the message internal (AuthAs: Internal): then the addresses of its own network fail SPF, which no record of yours can mend. Ask the vendor, with this report.",
		"Exchange Online はこのメッセージを内部メールと判断しています (AuthAs: Internal)。SPF が失敗したのは Exchange Online 内部のアドレスのためで、自組織のレコードでは直せません。このレポートを添えてベンダーに問い合わせてください。",
	},
}
