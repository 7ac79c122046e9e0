package checks

import (
	"strconv"

	"github.com/casdoctor/casdoctor/internal/dmarc"
	"github.com/casdoctor/casdoctor/internal/spf"
)

// spfReason is what is wrong with an SPF policy, as a reason. Its words are in policyWords.
func spfReason(p *spf.Problem) Reason {
	code := "policy_" + string(p.Code)
	if p.Term != "" && (p.Code == spf.NoRecord || p.Code == spf.NotFoundOut) {
		code += "_for_term"
	}
	if p.Code == spf.TooManyLookups && p.Detail == "" {
		code += "_here"
	}
	return because(code, "domain", p.Domain, "term", p.Term, "at", strconv.Itoa(p.Start+1), "detail", p.Detail)
}

// dmarcReason is what is wrong with a DMARC record, as a reason. Its words are in policyWords.
func dmarcReason(p *dmarc.Problem) Reason {
	return because("dmarc_"+string(p.Code), "domain", p.Domain, "tag", p.Tag, "at", strconv.Itoa(p.Start+1), "detail", p.Detail)
}

// policyWords are the sentences for the problems of SPF policies and DMARC records.
var policyWords = map[string]Text{
	// SPF: the record cannot be interpreted.
	"policy_bad_character": {
		"SPF of {domain}: \"{term}\" (at {at}) holds a character that may not stand there ({detail}). Type the term anew.",
		"{domain} の SPF: 「{term}」({at} 文字目) に使用できない文字 ({detail}) があります。この項を入力し直してください。",
	},
	"policy_unknown_mechanism": {
		"SPF of {domain}: \"{term}\" (at {at}) is not a mechanism that exists. Correct its spelling or remove it.",
		"{domain} の SPF: 「{term}」({at} 文字目) というメカニズムはありません。つづりを修正するか、削除してください。",
	},
	"policy_modifier_with_colon": {
		"SPF of {domain}: \"{term}\" (at {at}) needs \"=\" in the place of \":\".",
		"{domain} の SPF: 「{term}」({at} 文字目) の「:」を「=」に変更してください。",
	},
	"policy_bad_modifier_name": {
		"SPF of {domain}: \"{term}\" (at {at}) has a name that no modifier can have. Correct or remove it.",
		"{domain} の SPF: 「{term}」({at} 文字目) の名前は修飾子として使用できません。修正するか、削除してください。",
	},
	"policy_modifier_twice": {
		"SPF of {domain}: \"{term}\" (at {at}) is the second {detail}=. Keep one of them.",
		"{domain} の SPF: 「{term}」({at} 文字目) は 2 つ目の {detail}= です。1 つだけ残してください。",
	},
	"policy_argument_missing": {
		"SPF of {domain}: \"{term}\" (at {at}) needs a name or an address after it. Add it or remove the term.",
		"{domain} の SPF: 「{term}」({at} 文字目) の後に名前またはアドレスが必要です。追記するか、この項を削除してください。",
	},
	"policy_argument_needless": {
		"SPF of {domain}: \"{term}\" (at {at}) may not have \"{detail}\". Remove that part.",
		"{domain} の SPF: 「{term}」({at} 文字目) に「{detail}」は付けられません。その部分を削除してください。",
	},
	"policy_bad_macro": {
		"SPF of {domain}: \"{term}\" (at {at}) holds a macro that is written wrongly, from \"{detail}\" on. Correct it; a percent sign itself is %%.",
		"{domain} の SPF: 「{term}」({at} 文字目) のマクロは「{detail}」から先が誤っています。修正してください (パーセント記号そのものは %% と書きます)。",
	},
	"policy_bad_domain": {
		"SPF of {domain}: \"{term}\" (at {at}) does not name a full domain. Write it with its top-level name, and without a port.",
		"{domain} の SPF: 「{term}」({at} 文字目) は完全なドメイン名ではありません。トップレベル ドメインまで含め、ポート番号を付けずに記載してください。",
	},
	"policy_address_as_domain": {
		"SPF of {domain}: \"{term}\" (at {at}) has an address where a name belongs. Use ip4: or ip6: for {detail}.",
		"{domain} の SPF: 「{term}」({at} 文字目) には名前が必要ですが、アドレスが書かれています。{detail} には ip4: または ip6: を使用してください。",
	},
	"policy_bad_address": {
		"SPF of {domain}: \"{term}\" (at {at}) has no valid address ({detail}). Correct it.",
		"{domain} の SPF: 「{term}」({at} 文字目) のアドレス ({detail}) が正しくありません。修正してください。",
	},
	"policy_bad_prefix": {
		"SPF of {domain}: \"{term}\" (at {at}) has no valid prefix length ({detail}): 0 to 32 for IPv4, 0 to 128 for IPv6.",
		"{domain} の SPF: 「{term}」({at} 文字目) のプレフィックス長 ({detail}) が正しくありません。IPv4 は 0 から 32、IPv6 は 0 から 128 です。",
	},

	// SPF: it leads to no result.
	"policy_not_a_domain": {
		"{domain} is not a domain that could publish an SPF record.",
		"{domain} は SPF レコードを公開できるドメインではありません。",
	},
	"policy_no_record": {
		"{domain} publishes no SPF record. Publish one that names every service that sends for it.",
		"{domain} には SPF レコードがありません。このドメインで送信するすべてのサービスを記載したレコードを公開してください。",
	},
	"policy_no_record_for_term": {
		"SPF of {domain}: \"{term}\" (at {at}) needs the record of {detail}, which publishes none. Correct the name or remove the term.",
		"{domain} の SPF: 「{term}」({at} 文字目) が参照する {detail} に SPF レコードがありません。名前を修正するか、この項を削除してください。",
	},
	"policy_many_records": {
		"{domain} publishes {detail} SPF records, and only one may stand. Merge them into one.",
		"{domain} には SPF レコードが {detail} 件あります。1 件だけにする必要があるため、統合してください。",
	},
	"policy_not_found_out": {
		"The SPF record of {domain} could not be read: DNS did not answer. Check the name servers of the domain and run again.",
		"{domain} の SPF レコードを読み取れません。DNS から応答がありません。ドメインのネーム サーバーを確認し、再実行してください。",
	},
	"policy_not_found_out_for_term": {
		"SPF of {domain}: \"{term}\" (at {at}) could not be evaluated, because DNS did not answer for {detail}. Run again; if it stays, check the name servers of that domain.",
		"{domain} の SPF: 「{term}」({at} 文字目) を評価できません。{detail} について DNS から応答がありません。再実行しても続く場合は、そのドメインのネーム サーバーを確認してください。",
	},
	"policy_too_many_lookups": {
		"SPF of {domain}: \"{term}\" (at {at}) is the eleventh look-up; the whole policy needs {detail}, and ten are allowed. Remove services that no longer send, or move some to a sub-domain.",
		"{domain} の SPF: 「{term}」({at} 文字目) が 11 回目の DNS 参照です。ポリシー全体で {detail} 回必要ですが、上限は 10 回です。送信に使用していないサービスを削除するか、一部をサブドメインに移してください。",
	},
	"policy_too_many_lookups_here": {
		"SPF of {domain}: \"{term}\" (at {at}) is one look-up too many; ten are allowed. Remove services that no longer send, or move some to a sub-domain.",
		"{domain} の SPF: 「{term}」({at} 文字目) で DNS 参照が上限の 10 回を超えます。送信に使用していないサービスを削除するか、一部をサブドメインに移してください。",
	},
	"policy_too_many_voids": {
		"SPF of {domain}: \"{term}\" (at {at}) is the third look-up that finds nothing, and two are allowed. Remove the names that no longer exist.",
		"{domain} の SPF: 「{term}」({at} 文字目) が結果のない 3 回目の DNS 参照です (上限は 2 回)。存在しない名前を削除してください。",
	},
	"policy_too_many_names": {
		"SPF of {domain}: \"{term}\" (at {at}) leads to {detail} mail servers, and ten are allowed. Name their addresses with ip4: or ip6: instead.",
		"{domain} の SPF: 「{term}」({at} 文字目) の参照先のメール サーバーが {detail} 台あります (上限は 10 台)。代わりに ip4: または ip6: でアドレスを記載してください。",
	},
	"policy_loop": {
		"SPF of {domain}: \"{term}\" (at {at}) leads back to {detail}, a record on the way to it. Remove the term.",
		"{domain} の SPF: 「{term}」({at} 文字目) は、参照元の {detail} に戻ります。この項を削除してください。",
	},

	// SPF: warnings.
	"policy_never_reached": {
		"SPF of {domain}: \"{term}\" (at {at}) stands after all and has no effect. Move it before all, or remove it.",
		"{domain} の SPF: 「{term}」({at} 文字目) は all より後にあるため効果がありません。all の前に移すか、削除してください。",
	},
	"policy_redirect_ignored": {
		"SPF of {domain}: \"{term}\" (at {at}) has no effect beside all. Keep one of the two.",
		"{domain} の SPF: 「{term}」({at} 文字目) は all があるため効果がありません。どちらか一方を残してください。",
	},
	"policy_open_end": {
		"SPF of {domain} ends without all: it says nothing about other senders. End it with ~all or -all.",
		"{domain} の SPF は all で終わっていないため、その他の送信元について何も示しません。末尾に ~all または -all を付けてください。",
	},
	"policy_pass_all": {
		"SPF of {domain}: \"{term}\" (at {at}) lets everybody send in its name. End the record with ~all or -all.",
		"{domain} の SPF: 「{term}」({at} 文字目) により、誰でもこのドメインとして送信できます。末尾を ~all または -all にしてください。",
	},
	"policy_wide_network": {
		"SPF of {domain}: \"{term}\" (at {at}) lets a very large network send. Narrow it to the addresses that do.",
		"{domain} の SPF: 「{term}」({at} 文字目) の範囲が非常に広くなっています。実際に送信するアドレスに絞り込んでください。",
	},
	"policy_uses_ptr": {
		"SPF of {domain}: \"{term}\" (at {at}) is slow and unreliable, and the standard says not to use it. Name the addresses with ip4: or ip6: instead.",
		"{domain} の SPF: 「{term}」({at} 文字目) は遅く不確実で、標準でも非推奨です。代わりに ip4: または ip6: でアドレスを記載してください。",
	},
	"policy_void_target": {
		"SPF of {domain}: \"{term}\" (at {at}) leads to {detail}, which has no record. Correct the name or remove the term.",
		"{domain} の SPF: 「{term}」({at} 文字目) の参照先 {detail} にレコードがありません。名前を修正するか、この項を削除してください。",
	},
	"policy_mapped_network": {
		"SPF of {domain}: \"{term}\" (at {at}) matches nobody: IPv4 addresses belong in ip4:.",
		"{domain} の SPF: 「{term}」({at} 文字目) はどの送信元にも一致しません。IPv4 アドレスは ip4: で記載してください。",
	},
	"policy_repeated": {
		"SPF of {domain}: \"{term}\" (at {at}) is there twice. Remove one.",
		"{domain} の SPF: 「{term}」({at} 文字目) が重複しています。一方を削除してください。",
	},
	"policy_unknown_modifier": {
		"SPF of {domain}: \"{term}\" (at {at}) has no effect. Remove it, unless a service asked for it.",
		"{domain} の SPF: 「{term}」({at} 文字目) には効果がありません。サービスから指定されたものでなければ、削除してください。",
	},
	"policy_obsolete_default": {
		"SPF of {domain}: \"{term}\" (at {at}) is of an old draft and has no effect; a few old checkers take it for {detail}. Use all instead.",
		"{domain} の SPF: 「{term}」({at} 文字目) は古い草案の書式で効果がありません (一部の古い実装は {detail} と解釈します)。代わりに all を使用してください。",
	},
	"policy_long_record": {
		"SPF of {domain} has {detail} characters and may not fit into a DNS answer. Keep it below 450.",
		"{domain} の SPF は {detail} 文字あり、DNS の応答に収まらない可能性があります。450 文字以下にしてください。",
	},
	"policy_looks_like_spf": {
		"{domain} publishes a text that was meant to be an SPF record and is none: {detail} It has to begin with \"v=spf1\" and a space, without quotes.",
		"{domain} に、SPF レコードのつもりと思われるテキストがあります: {detail} 引用符なしの「v=spf1」と空白で始める必要があります。",
	},
	"policy_bad_explanation": {
		"SPF of {domain}: \"{term}\" (at {at}) leads to no text, so that refused senders get no explanation. Correct or remove it.",
		"{domain} の SPF: 「{term}」({at} 文字目) の参照先にテキストがないため、拒否された送信者に説明が表示されません。修正するか、削除してください。",
	},

	// DMARC.
	"dmarc_many_records": {
		"{domain} publishes more than one DMARC record, so that none counts. Keep one.",
		"{domain} には DMARC レコードが複数あるため、どれも無効です。1 件だけ残してください。",
	},
	"dmarc_looks_like_dmarc": {
		"{domain} publishes a text that was meant to be a DMARC record and is none: {detail} It has to begin with \"v=DMARC1;\".",
		"{domain} に、DMARC レコードのつもりと思われるテキストがあります: {detail} 「v=DMARC1;」で始める必要があります。",
	},
	"dmarc_bad_tag": {
		"DMARC of {domain}: \"{tag}\" (at {at}) is not of the form name=value. Correct it; tags are parted by semicolons.",
		"{domain} の DMARC: 「{tag}」({at} 文字目) が「名前=値」の形式ではありません。修正してください (タグはセミコロンで区切ります)。",
	},
	"dmarc_bad_value": {
		"DMARC of {domain}: \"{tag}\" (at {at}) has a value that this tag cannot have. Correct it.",
		"{domain} の DMARC: 「{tag}」({at} 文字目) の値はこのタグには使用できません。修正してください。",
	},
	"dmarc_repeated_tag": {
		"DMARC of {domain}: \"{tag}\" (at {at}) is there twice. Keep the one that you mean.",
		"{domain} の DMARC: 「{tag}」({at} 文字目) のタグが重複しています。正しい方だけを残してください。",
	},
	"dmarc_no_policy": {
		"DMARC of {domain} has no valid p=, so that the record counts for nothing, or for p=none where it names rua=. Add p=none, p=quarantine or p=reject.",
		"{domain} の DMARC に有効な p= がないため、レコードは無効になるか、rua= があれば p=none とみなされます。p=none、p=quarantine、p=reject のいずれかを追記してください。",
	},
	"dmarc_policy_not_first": {
		"DMARC of {domain}: \"{tag}\" (at {at}) should follow v=DMARC1 directly; older receivers demand it. Move it there.",
		"{domain} の DMARC: 「{tag}」({at} 文字目) は v=DMARC1 の直後に置いてください。古い受信サーバーではこの順序が必須です。",
	},
	"dmarc_removed_tag": {
		"DMARC of {domain}: \"{tag}\" (at {at}) is no longer part of the standard (RFC 9989). Remove it.",
		"{domain} の DMARC: 「{tag}」({at} 文字目) は現在の標準 (RFC 9989) で廃止されました。削除してください。",
	},
	"dmarc_new_tag": {
		"DMARC of {domain}: \"{tag}\" (at {at}) is new in RFC 9989; older receivers pass over it. Do not rely on it alone.",
		"{domain} の DMARC: 「{tag}」({at} 文字目) は RFC 9989 で追加されたタグで、古い受信サーバーでは無視されます。これだけに頼らないでください。",
	},
	"dmarc_unknown_tag": {
		"DMARC of {domain}: \"{tag}\" (at {at}) is not a tag that exists and has no effect. Correct its spelling or remove it.",
		"{domain} の DMARC: 「{tag}」({at} 文字目) というタグは存在せず、効果がありません。つづりを修正するか、削除してください。",
	},
}
