package checks

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/dmarc"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// What the recorded DNS answers say, besides the SPF policy, of a message that fails: the DMARC policy
// of its sender, whether Exchange Online can sign for that domain, and where its mail comes in. An
// answer that is not there says nothing. None of it changes a verdict: what Cloud App Security checks
// is documented for SPF and two headers only.

// besides are the reasons for a message with the given results.
func (o organisation) besides(h facts.MailHeaders, r facts.AuthResult) (out []Reason) {
	if o.zone == nil || h.From == nil || len(h.From.Domains) == 0 {
		return nil
	}
	from := domainKey(h.From.Domains[0])
	signed := slices.ContainsFunc(r.DKIM, func(d facts.AuthVerdict) bool {
		return d.Result == "pass" && dmarc.Aligned(from, d.Domain, false)
	})
	spfFailed := r.SPF != nil && (r.SPF.Result == "fail" || r.SPF.Result == "softfail")
	dmarcFailed := r.DMARC != nil && (r.DMARC.Result == "fail" || r.DMARC.Result == "permerror") || r.CompAuth != nil && r.CompAuth.Result == "fail"
	if spfFailed && domainKey(r.SPF.Domain) == from {
		out = append(out, o.withoutExchange(from)...)
	}
	if dmarcFailed {
		out = append(out, o.dmarcReasons(from)...)
	}
	if !signed && (spfFailed || dmarcFailed) {
		out = append(out, o.selectorReasons(from)...)
	}
	if spfFailed {
		out = append(out, o.exchangerReasons(from)...)
	}
	return out
}

// dmarcReasons are the policy that holds for a domain, by both standards, or what is wrong with it.
func (o organisation) dmarcReasons(domain string) (out []Reason) {
	now, next := dmarc.Discover(context.Background(), o.zone, domain), dmarc.Walk(context.Background(), o.zone, domain)
	switch {
	case now.Failure != nil: // it was not found out
		return nil
	case now.Record == nil && len(now.Problems) > 0:
		for _, p := range now.Problems[:min(len(now.Problems), mostMistakes)] {
			out = append(out, dmarcReason(p))
		}
	case now.Record == nil:
		out = append(out, because("dmarc_missing", "domain", domain, "organizational", now.Organizational))
	default:
		out = append(out, because("dmarc_holds", "domain", domain, "policy", string(now.Policy), "at", now.At))
	}
	if next.Failure == nil && dmarc.Differs(now, next) {
		out = append(out, because("dmarc_differs", "domain", domain,
			"policy", cmp.Or(string(now.Policy), "-"), "at", now.At, "organizational", now.Organizational,
			"policy9989", cmp.Or(string(next.Policy), "-"), "at9989", next.At, "organizational9989", next.Organizational))
	}
	return out
}

// dmarcMistakes are what is wrong with the record that holds, or with those in the place of one.
func (o organisation) dmarcMistakes(domain string) (out []Text) {
	if o.zone == nil {
		return nil
	}
	problems := dmarc.Discover(context.Background(), o.zone, domain).Problems
	for _, p := range problems[:min(len(problems), mostMistakes)] {
		r := dmarcReason(p)
		out = append(out, policyWords[r.Code].with(r.Args, nil))
	}
	return out
}

// sends: Exchange Online sends for a domain, because the tenant has it, or its SPF policy says so.
func (o organisation) sends(domain string) bool {
	lets, _ := o.lets(domain)
	return lets || o.has(domain)
}

// has: the tenant has the domain, verified.
func (o organisation) has(domain string) bool {
	return slices.ContainsFunc(o.verified, func(d string) bool { return domainKey(d) == domain })
}

// lets: the SPF policy of a domain names Exchange Online. whole is set when it is known whole.
func (o organisation) lets(domain string) (lets, whole bool) {
	if o.policies == nil {
		return false, false
	}
	t := o.policies.Tree(context.Background(), domain)
	names, whole := t.Includes()
	return slices.ContainsFunc(names, maildns.IncludesExchangeOnline), whole && len(t.Records) == 1
}

// withoutExchange: a domain of the tenant has an SPF policy that does not name Exchange Online.
func (o organisation) withoutExchange(domain string) []Reason {
	if lets, whole := o.lets(domain); !o.has(domain) || lets || !whole {
		return nil
	}
	return []Reason{because("spf_without_exchange", "domain", domain)}
}

// selectorReasons: the DKIM selectors of Exchange Online that a domain of its own does not publish,
// or that lead elsewhere. Names under onmicrosoft.com are signed for by Microsoft itself.
func (o organisation) selectorReasons(domain string) []Reason {
	if forRouting(domain) || !o.sends(domain) {
		return nil
	}
	var missing, missingTargets []string
	var elsewhere, keyless []Reason
	targets := maildns.SelectorTargets(domain, o.initial)
	for i, name := range maildns.Selectors(domain) {
		target, why := o.zone.Lookup(context.Background(), name, facts.TypeCNAME)
		keys, noKey := o.zone.Lookup(context.Background(), name, facts.TypeTXT)
		gone := noKey != nil && noKey.Kind == facts.NotFound
		switch {
		case why != nil && why.Kind == facts.NotFound && gone:
			missing = append(missing, name)
			if targets != nil {
				missingTargets = append(missingTargets, targets[i])
			}
		case why != nil || len(target) == 0: // not found out, or a key that somebody else put there
		case !o.ownSelector(target[0]):
			elsewhere = append(elsewhere, because("dkim_selector_elsewhere", "selector", name, "target", target[0],
				"own", strings.Join(targets, ", ")))
		case gone && len(keys) == 0:
			keyless = append(keyless, because("dkim_without_key", "domain", domain, "selector", name, "target", target[0]))
		}
	}
	switch {
	case len(missing) > 0:
		return append([]Reason{because("dkim_selector_missing", "domain", domain,
			"selectors", strings.Join(missing, ", "), "targets", strings.Join(missingTargets, ", "))}, elsewhere...)
	case len(keyless) == len(targets) && len(keyless) > 0: // one of the two may rest
		return keyless[:1]
	default:
		return elsewhere
	}
}

// ownSelector: it leads to Exchange Online, and to this tenant as far as that is known.
func (o organisation) ownSelector(target string) bool {
	_, tenant, ok := maildns.SelectorTarget(target)
	own, _, _ := strings.Cut(o.initial, ".")
	return ok && (own == "" || strings.EqualFold(tenant, own))
}

// exchangerReasons: the first mail exchanger of a domain is not that of Exchange Online.
func (o organisation) exchangerReasons(domain string) []Reason {
	hosts, why := o.zone.Lookup(context.Background(), domain, facts.TypeMX)
	if why != nil {
		return nil
	}
	first, best := "", -1
	for _, mx := range hosts {
		preference, host, _ := strings.Cut(mx, " ")
		n, err := strconv.Atoi(preference)
		if err != nil || host == "" { // a null MX takes no mail (RFC 7505)
			return nil
		}
		if best < 0 || n < best || n == best && maildns.IsExchangeOnline(host) {
			first, best = host, n
		}
	}
	if first == "" || maildns.IsExchangeOnline(first) {
		return nil
	}
	return []Reason{because("mx_elsewhere", "domain", domain, "host", first)}
}

// dnsSteps are the steps of one of these reasons.
func dnsSteps(r Reason, o organisation) []Text {
	args := make([]string, 0, 2*len(r.Args))
	for k, v := range r.Args {
		args = append(args, k, v)
	}
	switch r.Code {
	case "dmarc_holds":
		return o.dmarcMistakes(r.Args["domain"])
	case "dmarc_missing":
		return []Text{text("Publish a DMARC record at _dmarc.{domain}, at first v=DMARC1; p=none with rua= to be told who sends in its name.",
			"_dmarc.{domain} に DMARC レコードを公開します。まず v=DMARC1; p=none とし、rua= でこのドメインを名乗る送信元の報告を受け取ります。", args...)}
	case "dmarc_differs":
		return []Text{text("Publish a DMARC record at _dmarc.{domain} itself, with the policy that you mean: both standards find it first.",
			"_dmarc.{domain} 自体に、意図するポリシーの DMARC レコードを公開します。どちらの標準でもこのレコードが最初に使われます。", args...)}
	case "dkim_selector_missing":
		return selectorSteps(r, args)
	case "dkim_selector_elsewhere":
		return []Text{text("Let the CNAME {selector} point at the key of this tenant, as the DKIM page of Microsoft Defender shows it. If another service uses this name, it needs another selector.",
			"CNAME {selector} を、Microsoft Defender の DKIM のページに表示されるこのテナントの値に変更します。別のサービスがこの名前を使用している場合は、そのサービスのセレクターを変更します。", args...)}
	case "dkim_without_key":
		return []Text{signingOn(args)}
	case "mx_elsewhere":
		return []Text{text("If the address that failed is of {host}, leave the SPF record as it is: switch on Enhanced Filtering for Connectors on the inbound connector of that gateway.",
			"失敗したアドレスが {host} のものであれば、SPF レコードは変更せず、そのゲートウェイの受信コネクタでコネクタの拡張フィルター処理を有効にします。", args...)}
	case "spf_without_exchange":
		return []Text{text("If Exchange Online sends for {domain}, add include:spf.protection.outlook.com to its SPF record (in the clouds of governments and of China the name that the Microsoft 365 admin center shows).",
			"Exchange Online が {domain} で送信する場合は、SPF レコードに include:spf.protection.outlook.com を追加します (政府機関向けと中国のクラウドでは Microsoft 365 管理センターに表示される名前)。", args...)}
	}
	if words, ok := policyWords[r.Code]; ok && strings.HasPrefix(r.Code, "dmarc_") {
		return []Text{words.with(r.Args, nil)}
	}
	return nil
}

// selectorSteps publish the selectors and switch the signing on (Microsoft Defender for Office 365, "Set
// up DKIM to sign mail from your Microsoft 365 domain").
func selectorSteps(r Reason, args []string) []Text {
	var lines []string
	targets := strings.Split(r.Args["targets"], ", ")
	for i, name := range strings.Split(r.Args["selectors"], ", ") {
		if r.Args["targets"] != "" {
			lines = append(lines, name+" CNAME "+targets[i])
		}
	}
	first := text("If Exchange Online sends mail of {domain}, publish {selectors} as CNAME records, with the values that the DKIM page of Microsoft Defender shows.",
		"Exchange Online が {domain} のメールを送信する場合は、{selectors} を CNAME レコードとして公開します。値は Microsoft Defender の DKIM のページに表示されます。", args...)
	if lines != nil {
		first = text("If Exchange Online sends mail of {domain}, publish these records. For a domain that was added since May 2025 the values end otherwise; the DKIM page of Microsoft Defender shows them:\n{list}",
			"Exchange Online が {domain} のメールを送信する場合は、次のレコードを公開します。2025 年 5 月以降に追加したドメインでは値の末尾が異なるため、Microsoft Defender の DKIM のページで確認します:\n{list}",
			append(args, "list", strings.Join(lines, "\n"))...)
	}
	return []Text{first, signingOn(args)}
}

func signingOn(args []string) Text {
	return text("Then switch on \"Sign messages for this domain with DKIM signatures\" for {domain}: Email & collaboration > Policies & rules > Threat policies > Email authentication settings > DKIM.",
		"その後、[メールとコラボレーション] > [ポリシーとルール] > [脅威ポリシー] > [メール認証の設定] > [DKIM] で、{domain} の [DKIM 署名でこのドメインのメッセージに署名する] を有効にします。", args...)
}

// dnsWords are the sentences of these reasons.
var dnsWords = map[string]Text{
	"dmarc_holds": {
		"The DMARC policy of {domain} is {policy}, by the record of {at}.",
		"{domain} の DMARC ポリシーは {policy} です ({at} のレコード)。",
	},
	"dmarc_missing": {
		"Neither {domain} nor the domain of its organisation ({organizational}) publishes a DMARC record.",
		"{domain} にも、その組織のドメイン ({organizational}) にも DMARC レコードがありません。",
	},
	"dmarc_differs": {
		"The two DMARC standards differ for {domain}, and receivers follow either. RFC 7489: {policy} ({at}), organisation {organizational}. RFC 9989: {policy9989} ({at9989}), organisation {organizational9989}.",
		"{domain} では DMARC の 2 つの標準の結果が異なり、どちらに従うかは受信側によります。RFC 7489: {policy} ({at})、組織は {organizational}。RFC 9989: {policy9989} ({at9989})、組織は {organizational9989}。",
	},
	"dkim_selector_missing": {
		"Exchange Online cannot sign for {domain} with DKIM: {selectors} is not published.",
		"{selectors} が公開されていないため、Exchange Online は {domain} の DKIM 署名を行えません。",
	},
	"dkim_selector_elsewhere": {
		"The DKIM selector {selector} leads to {target}, which is not the key of this tenant in Exchange Online.",
		"DKIM のセレクター {selector} の参照先 {target} は、Exchange Online のこのテナントの鍵ではありません。",
	},
	"dkim_without_key": {
		"The DKIM selectors of {domain} lead to Exchange Online, but there is no key there: signing is not switched on.",
		"{domain} の DKIM のセレクターは Exchange Online を参照していますが、鍵がありません。署名が有効になっていません。",
	},
	"mx_elsewhere": {
		"The MX of {domain} leads to {host}, not to Exchange Online: mail from outside passes it first, and Exchange Online then judges its address.",
		"{domain} の MX は Exchange Online ではなく {host} です。外部からのメールはそこを経由し、Exchange Online はそのアドレスを判定します。",
	},
	"spf_without_exchange": {
		"{domain} is a domain of the tenant, and its SPF record does not name Exchange Online: what Exchange Online sends for it fails.",
		"{domain} はテナントのドメインですが、SPF レコードに Exchange Online がありません。Exchange Online から送信したメールは失敗します。",
	},
}
