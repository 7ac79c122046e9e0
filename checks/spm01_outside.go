package checks

import (
	"strings"

	"github.com/casdoctor/casdoctor/internal/mailtrace"
)

// outsideRow are the words of a row, and the header that it rests on, unless the row names it itself.
type outsideRow struct {
	why, fix Text
	rests    string
}

func (r outsideRow) header(what string) string {
	switch what = strings.ToLower(what); {
	case r.rests != "":
		return r.rests
	case what == "envelope":
		return "spf"
	default:
		return what
	}
}

// outsideWords say each row of the table of causes, and the one change that it calls for. None
// approves the sender's own domain: every forgery names it too.
var outsideWords = map[mailtrace.Row]outsideRow{
	mailtrace.SenderNotListed: {
		Text{
			"{domain}, the sender's domain, is not in the internal domains: Cloud App Security has no reason to call the message internal.",
			"送信者のドメイン {domain} は内部ドメインにないため、Cloud App Security は内部メールと判断できません。",
		},
		Text{
			"If the organisation owns {domain}, add it to the internal domains. A domain that is new in Microsoft 365 comes with the next daily synchronisation.",
			"組織が {domain} を所有している場合は、内部ドメインに追加します。Microsoft 365 に追加したばかりのドメインは、次の毎日の同期で反映されます。",
		},
		"from",
	},
	mailtrace.OtherNotListed: {
		Text{
			"{what!} names {domain}, which differs from the sender and is no internal domain: forged internal mail looks like that.",
			"{what!} のドメイン {domain} は送信者と異なり、内部ドメインでもありません。偽の内部メールに見られる特徴です。",
		},
		Text{
			"If the organisation owns {domain}, add it to the internal domains. If not, let the sending application use an address of an internal domain there.",
			"組織が {domain} を所有している場合は、内部ドメインに追加します。そうでなければ、送信するアプリケーションで内部ドメインのアドレスを使用します。",
		},
		"",
	},
	mailtrace.InsideTenant: {
		Text{
			"Exchange Online calls the message internal, from mailbox to mailbox of the tenant. Microsoft's own servers ({ip}) are in no SPF record: computed from the way, SPF fails for {domain}.",
			"Exchange Online は、テナントのメールボックス間の内部メールと判断しています。どの SPF レコードにも Microsoft 内部のサーバはないため ({ip})、経路から計算した SPF は {domain} で失敗します。",
		},
		Text{
			"No DNS record mends this; never add Microsoft's addresses, which every tenant shares. Apply the filter to incoming messages only (SPM-01.F1), or open a ticket with this report.",
			"DNS レコードでは直せません (全テナントで共有される Microsoft のアドレスは追加しないでください)。フィルタを受信メッセージだけに適用する (SPM-01.F1) か、このレポートを添えてサポートチケットを送信します。",
		},
		"exchange",
	},
	mailtrace.HybridSPF: {
		Text{
			"Exchange Online calls the message internal, from the organisation's own Exchange server, whose address ({ip}) does not pass SPF for {domain} ({result}).",
			"Exchange Online は、組織のオンプレミスの Exchange サーバからの内部メールと判断していますが、そのアドレス ({ip}) は {domain} の SPF に合格しません ({result})。",
		},
		Text{
			"Add {ip} to the SPF record of {domain}, and keep the connector by which Exchange Online knows the server.",
			"{domain} の SPF レコードに {ip} を追加します。Exchange Online がサーバを識別するコネクタはそのまま残します。",
		},
		"spf",
	},
	mailtrace.HybridUnbelieved: {
		Text{
			"An on-premises Exchange server stamped the message as its own, and Exchange Online did not believe it: a certificate or connector does not fit, or a gateway stands between.",
			"オンプレミスの Exchange サーバが自組織のメールと記録しましたが、Exchange Online に認められていません。証明書かコネクタの不一致、または途中のゲートウェイが原因です。",
		},
		Text{
			"Run the Hybrid Configuration Wizard again, or correct the certificate's name in the inbound connector. Let nothing stand between the two.",
			"ハイブリッド構成ウィザードを再実行するか、受信コネクタの証明書の名前を修正します。両者の間に中継を置かないでください。",
		},
		"exchange",
	},
	mailtrace.RelayLoop: {
		Text{
			"{gateway} took the message out of Exchange Online and brought it in again: Exchange Online then judges the gateway's address ({ip}), not the sender's.",
			"{gateway} がメッセージを Exchange Online から取り出して再送しています。Exchange Online は送信者ではなくゲートウェイのアドレス ({ip}) を判定します。",
		},
		Text{
			"If {gateway} ({ip}) is the organisation's, switch on Enhanced Filtering for Connectors on its inbound connector, or make it a trusted ARC sealer. With Cloud App Security, check that all connectors and rules \"TMCAS Inline ...\" are there. If nobody knows it, it is a forgery: change nothing.",
			"{gateway} ({ip}) が自組織のものであれば、その受信コネクタでコネクタの拡張フィルター処理を有効にするか、信頼された ARC シーラーにします。Cloud App Security の場合は、「TMCAS Inline ...」のコネクタとルールがすべてあることを確認します。心当たりがなければ偽のメールです。何も変更しません。",
		},
		"spf",
	},
	mailtrace.DirectSend: {
		Text{
			"The message came in from outside in the name of an internal domain, and SPF of {domain} does not allow its sender ({ip}).",
			"内部ドメインを名乗るメッセージが外部から届き、送信元 ({ip}) は {domain} の SPF で許可されていません。",
		},
		Text{
			"If the device or application is yours, let it sign in (SMTP AUTH) or use a connector of its own, or add {ip} to the SPF record of {domain}. If nobody knows it, it is a forgery: change nothing.",
			"自組織の機器やアプリケーションであれば、認証して送信する (SMTP AUTH) か専用のコネクタを使用するか、{domain} の SPF レコードに {ip} を追加します。心当たりがなければ偽のメールです。何も変更しません。",
		},
		"spf",
	},
	mailtrace.ServiceSends: {
		Text{
			"{service}, by its host's name, sent the message in the name of an internal domain, and SPF of {domain} does not allow its address ({ip}).",
			"ホスト名から {service} と見られるサービスが内部ドメインを名乗って送信し、そのアドレス ({ip}) は {domain} の SPF で許可されていません。",
		},
		Text{
			"If the organisation uses {service}, let it sign with DKIM for the sender's domain, or add include:{include} to the SPF record of {domain}. A sub-domain of its own for the service is better still.",
			"組織が {service} を使用している場合は、送信者のドメインで DKIM 署名を行うか、{domain} の SPF レコードに include:{include} を追加します。サービス専用のサブドメインを使うとさらに安全です。",
		},
		"spf",
	},
	mailtrace.Authenticated: {
		Text{
			"{how} passed, and the message came in from outside all the same: what is exempt for internal mail does not hold for it.",
			"{how} は合格していますが、メッセージは外部から届いています。内部メールに対する除外は適用されません。",
		},
		Text{
			"Accept it, or approve this one sender address in the policy. Do not approve the whole domain.",
			"そのまま受け入れるか、ポリシーでこの送信者アドレスだけを承認します。ドメイン全体は承認しないでください。",
		},
		"dmarc",
	},
	mailtrace.SelfSpoof: {
		Text{
			"Microsoft itself calls it a spoof of the organisation's own domain ({by}).",
			"Microsoft 自身が、自組織のドメインのなりすましと判断しています ({by})。",
		},
		Text{
			"If it is yours, let SPF or DKIM pass for it, or allow this pair of sender and sending server under spoofed senders in the Tenant Allow/Block List. If not, it is a forgery: change nothing.",
			"自組織のメッセージであれば、SPF または DKIM に合格するようにするか、テナント許可/禁止リストのスプーフィングされた送信者でこの送信者と送信サーバの組み合わせだけを許可します。そうでなければ偽のメールです。何も変更しません。",
		},
		"exchange",
	},
	mailtrace.DMARCEnforced: {
		Text{
			"DMARC failed for {domain}, whose policy is quarantine or reject (compauth reason {reason}).",
			"{domain} の DMARC が失敗し、ポリシーは quarantine または reject です (compauth の理由 {reason})。",
		},
		Text{
			"Let SPF pass for an envelope domain that belongs to {domain}, or sign with DKIM for {domain}.",
			"{domain} に属するエンベロープのドメインで SPF に合格するようにするか、{domain} で DKIM 署名を行います。",
		},
		"dmarc",
	},
	mailtrace.WeakRecords: {
		Text{
			"{domain} has no records for SPF, DKIM and DMARC or weak ones, and nothing else vouches for the message (compauth reason {reason}).",
			"{domain} の SPF、DKIM、DMARC のレコードがないか弱く、メッセージを保証するものがありません (compauth の理由 {reason})。",
		},
		Text{
			"Publish SPF, DKIM and DMARC for {domain} and for each sub-domain that sends.",
			"{domain} と、送信に使うすべてのサブドメインに SPF、DKIM、DMARC を設定します。",
		},
		"dmarc",
	},
	mailtrace.RecordBroken: {
		Text{
			"The {what} record of {domain} has a mistake (permerror).",
			"{domain} の {what} レコードに誤りがあります (permerror)。",
		},
		Text{
			"Correct it: one record only, its syntax, and for SPF at most ten look-ups. SPM-01.F4 names the term when {domain} is in cas.internal_domains.",
			"修正します。レコードは 1 件だけにし、構文を直し、SPF の DNS 参照は 10 回までにします。{domain} が cas.internal_domains にあれば、SPM-01.F4 が該当する項を示します。",
		},
		"",
	},
	mailtrace.DNSFailed: {
		Text{
			"DNS did not answer in time when {what} was checked for {domain}.",
			"{domain} の {what} を確認したときに、DNS が時間内に応答しませんでした。",
		},
		Text{
			"Look at another affected message. If it is the same there, check the name servers of {domain}, and let the records live for an hour or more.",
			"影響を受ける別のメッセージで確認します。同じ結果であれば、{domain} のネームサーバを確認し、レコードの TTL を 1 時間以上にします。",
		},
		"",
	},
	mailtrace.BodyChanged: {
		Text{
			"The message was changed after it had been signed: the DKIM signature of {domain} no longer fits the body.",
			"署名後にメッセージが変更されたため、{domain} の DKIM 署名が本文と一致しません。",
		},
		Text{
			"Let disclaimers, signatures and transport rules do their work before the message is signed, or let what changes it seal it with ARC.",
			"免責事項、署名、トランスポートルールの処理を DKIM 署名の前に行うか、変更するシステムで ARC を使用します。",
		},
		"dkim",
	},
	mailtrace.FilterBypassed: {
		Text{
			"A rule let the message past Microsoft's own filter ({by}); Cloud App Security judges it all the same.",
			"ルールによって Microsoft のフィルタを通過していますが ({by})、Cloud App Security は独自に判定します。",
		},
		Text{
			"Narrow the allow rule, and do not expect it to bind Cloud App Security: its own policies decide.",
			"許可ルールの範囲を狭めます。このルールは Cloud App Security には影響せず、そのポリシーで判定されます。",
		},
		"exchange",
	},
	mailtrace.OtherTenant: {
		Text{
			"Exchange Online calls the message internal of a tenant that is not known to be yours ({tenant}).",
			"Exchange Online はこのメッセージを内部メールとしていますが、自組織のものと確認できないテナント ({tenant}) のものです。",
		},
		Text{
			"Compare it with your directory id. If they differ this is external mail: what counts is SPF, DKIM and DMARC.",
			"自組織のディレクトリ ID と比べます。異なる場合は外部メールで、SPF、DKIM、DMARC で判断されます。",
		},
		"exchange",
	},
	mailtrace.WayMissing: {
		Text{
			"The way of the message is missing (no Received header), so that nothing shows who wrote its results and stamps ({headers}). They were not used.",
			"メッセージの経路 (Received ヘッダ) がなく、結果や記録 ({headers}) を誰が書いたか確認できません。判定には使用していません。",
		},
		Text{
			"Save the message from the recipient's mailbox, with all headers, and look at that.",
			"受信者のメールボックスから、すべてのヘッダを含めてメッセージを保存し、確認します。",
		},
		"exchange",
	},
	mailtrace.StrayStamps: {
		Text{
			"The message bears results or stamps that nothing shows to be of Exchange Online ({headers}): forged, or of another server. They were not used.",
			"Exchange Online のものと確認できない結果や記録があります ({headers})。偽造されたか、別のサーバのものです。判定には使用していません。",
		},
		Text{
			"Save a copy from the recipient's mailbox and look at that. If they are there too, find the server that wrote them: a message that Exchange Online passed on to a server of yours has them by right. Only one that is not yours makes it a forgery.",
			"受信者のメールボックスからメッセージを保存して確認します。そこにもあれば、書き込んだサーバを特定します。Exchange Online から自組織のサーバに配信されたメッセージに残っているのは正常です。自組織のものでないサーバが書き込んだ場合だけ、偽のメールとして扱います。",
		},
		"exchange",
	},
	mailtrace.ListedDifferently: {
		Text{
			"{domain} itself is not in the internal domains, only its parent, a wildcard, another spelling, or an entry that is no domain. Whether that counts is not documented.",
			"{domain} 自体は内部ドメインになく、上位のドメイン、ワイルドカード、別の表記、ドメインではない項目のいずれかだけが登録されています。それで十分かどうかは文書化されていません。",
		},
		Text{
			"Add {domain} as the message spells it.",
			"メッセージの表記どおりに {domain} を追加します。",
		},
		"from",
	},
	mailtrace.Unexplained: {
		Text{
			"The headers show no cause.",
			"ヘッダからは原因が見つかりません。",
		},
		Text{
			"Give the vendor the message with this report.",
			"このレポートとメッセージをベンダーに送付します。",
		},
		"",
	},
}
