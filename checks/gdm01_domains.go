package checks

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The comparison of internal domains has three sides: the domains and aliases of the Google
// customer, the verified domains of the Microsoft 365 tenant where one is configured, and the
// declared list of the console. C2 asks what the list lacks, X2 what it should not have.

// syncEvery is how long a daily synchronisation can take to bring a new domain. The hour of
// that of Gmail is not published (that of Microsoft 365 is, for each site), so that a whole
// day has to pass before a name can be called missing.
const syncEvery = 24 * time.Hour

// ownedName is a domain name of the organisation.
type ownedName struct {
	name     string
	key      string
	kind     string // the term: a primary domain, a secondary one, an alias, one of Microsoft 365
	who      string // the term for who says whether it is verified
	verified *bool
	created  *time.Time // Graph has none
	both     bool       // Google and Microsoft 365 have it
}

// testAlias is the end of an alias that Google adds to a domain by itself, for its own
// routing; nobody has an address in it.
const testAlias = ".test-google-a.com"

// forRouting are the names that both providers make up themselves. Whether they are listed
// says nothing about the organisation's own domains.
func forRouting(key string) bool {
	ends := func(end string) bool { return strings.HasSuffix(key, end) }
	return ends(testAlias) || slices.ContainsFunc(routing, ends)
}

func examineListedDomains(x *Exam) {
	list, why := internalListOf(x)
	if why != nil {
		x.Find("", unknown(*why))
		return
	}
	names, gaps := ownedNames(x)
	settled, looked, both := len(gaps) == 0, 0, 0
	for _, n := range names {
		if forRouting(n.key) {
			continue
		}
		looked++
		if n.both {
			both++
		}
		if has, _ := list.of(n.key); has == listed || n.verified != nil && !*n.verified {
			continue
		}
		settled = false
		x.Find(n.name, n.missing(x, list))
	}
	switch {
	case len(gaps) > 0:
		x.Find("", unknown(gaps...))
	case settled:
		all := []Reason{because("all_domains_listed", "count", strconv.Itoa(looked))}
		if both > 0 {
			all = append(all, because("domains_in_both", "count", strconv.Itoa(both)))
		}
		x.Find("", refuted(Declared, all...))
	}
}

// missing is the claim of a name that is not listed.
func (n ownedName) missing(x *Exam, list internalList) Claim {
	args := []string{"domain", n.name, "kind", n.kind, "who", n.who}
	has, entry := list.of(n.key)
	switch {
	case n.verified == nil:
		return unknown(because("verification_unknown", args...))
	case has == blank:
		return unknown(because("list_broken", append(args, entry.args()...)...))
	case n.created != nil && x.Now().Before(n.created.Add(syncEvery)) && x.Found("GDM-01.C1", "").Verdict < Supported:
		// Where the documented cause is there, no synchronisation brings it.
		return supported(Declared, because("domain_pending", append(args,
			"created", n.created.Format(time.RFC3339), "until", n.created.Add(syncEvery).Format(time.RFC3339))...))
	case has == byWildcard:
		return supported(Declared, because("only_wildcard", append(args, entry.args()...)...))
	case has == byParent:
		return supported(Declared, because("subdomain_listed", append(args, entry.args()...)...))
	case has == within:
		return supported(Declared, because("entry_garbled", append(args, entry.args()...)...))
	case n.kind == "domain_m365":
		return supported(Declared, because("domain_missing_m365", args...))
	default:
		return confirmed(Declared, because("domain_missing", args...))
	}
}

// ownedNames are the domains and aliases of the organisation, sorted, and why some may be
// missing: a part of them can show that a name is missing in the list, never that none is.
func ownedNames(x *Exam) (names []ownedName, gaps []Reason) {
	set := Read(x, facts.WorkspaceDomains)
	if why := set.Why(); why != nil {
		gaps = append(gaps, domainsUnread(x, why))
	}
	at := map[string]int{}
	add := func(n ownedName) {
		if n.key = domainKey(n.name); n.key == "" {
			what := "workspace_domains"
			if n.kind == "domain_alias" {
				what = "workspace_aliases"
			}
			gaps = append(gaps, failed(what, &facts.Failure{Kind: facts.Malformed, Detail: "a name is missing"}))
			return
		}
		i, seen := at[n.key]
		if !seen {
			at[n.key] = len(names)
			names = append(names, n)
			return
		}
		if old := &names[i]; n.kind == "domain_m365" {
			old.both = true
			if n.verified != nil && *n.verified {
				old.verified = n.verified
			}
		}
	}
	if set.Value != nil {
		addWorkspace(*set.Value, add, &gaps)
	}
	if microsoftToo(x) {
		tenant, gap := tenantDomains(x)
		for _, d := range tenant {
			add(ownedName{name: d.name, kind: "domain_m365", who: "by_microsoft", verified: d.verified})
		}
		if gap != nil {
			gaps = append(gaps, *gap)
		}
	}
	slices.SortFunc(names, func(a, b ownedName) int { return strings.Compare(a.name, b.name) })
	return names, gaps
}

// microsoftToo: the organisation has a Microsoft 365 tenant that is looked at.
func microsoftToo(x *Exam) bool {
	m := Read(x, facts.DeclaredM365)
	return m.Value != nil || m.Why().Kind != facts.NotConfigured && m.Why().Kind != facts.NotCollected
}

func addWorkspace(set facts.WorkspaceDomainSet, add func(ownedName), gaps *[]Reason) {
	if why := set.Domains.Why(); why != nil || set.Domains.Value == nil || len(*set.Domains.Value) == 0 {
		*gaps = append(*gaps, failed("workspace_domains", orMalformed(why)))
	}
	if why := set.Aliases.Why(); why != nil {
		*gaps = append(*gaps, failed("workspace_aliases", why))
	}
	const who = "by_google"
	if set.Domains.Value != nil {
		for _, d := range *set.Domains.Value {
			kind := "domain_secondary"
			if d.IsPrimary != nil && *d.IsPrimary {
				kind = "domain_primary"
			}
			add(ownedName{name: d.Name, kind: kind, who: who, verified: d.Verified, created: d.Created})
		}
	}
	if set.Aliases.Value != nil {
		for _, a := range *set.Aliases.Value {
			add(ownedName{name: a.Name, kind: "domain_alias", who: who, verified: a.Verified, created: a.Created})
		}
	}
	if set.Domains.Value != nil {
		for _, d := range *set.Domains.Value {
			for _, a := range d.Aliases {
				// Google repeats the aliases here. One that the list of aliases does not have (or
				// that could not be read) is an alias all the same; whether it is verified is open.
				add(ownedName{name: a, kind: "domain_alias", who: who})
			}
		}
	}
}

// examineListEntries looks for entries that are none of the organisation's: mail from what
// is listed counts as internal.
func examineListEntries(x *Exam) {
	list, why := internalListOf(x)
	if why != nil {
		x.Find("", unknown(*why))
		return
	}
	names, gaps := ownedNames(x)
	first, twice := map[string]listEntry{}, map[string]bool{}
	settled, unplaced := true, false
	for _, e := range list {
		if e.key != "" {
			key := e.key + map[bool]string{true: "*"}[e.wildcard]
			other, again := first[key]
			if again && !twice[key] {
				twice[key] = true
				x.Find(e.text, refuted(Declared, because("entry_twice", e.args("other", other.text)...)))
			}
			if again {
				continue
			}
			first[key] = e
		}
		c, placed := e.judge(x, names, len(gaps) > 0)
		if !placed {
			unplaced = true
			continue
		}
		if c.Verdict != Refuted {
			x.Find(e.text, c)
			settled = false
		}
	}
	switch {
	case unplaced:
		x.Find("", unknown(gaps...))
	case settled:
		x.Find("", refuted(Declared, because("entries_in_order", "count", strconv.Itoa(len(list)))))
	}
}

// judge is whether an entry should not be in the list. It is not placed when it may be one of
// the names that could not be read.
func (e listEntry) judge(x *Exam, names []ownedName, incomplete bool) (c Claim, placed bool) {
	in := because("entry_owned", e.args()...)
	if e.key == "" {
		return confirmed(Declared, because("entry_malformed", e.args()...)), true
	}
	var own *ownedName
	for i, n := range names {
		if n.key == e.key {
			own = &names[i]
		} else if n.verified != nil && *n.verified && strings.HasSuffix(e.key, "."+n.key) {
			return refuted(Declared, in), true
		}
	}
	switch {
	case own != nil && own.verified == nil:
		return unknown(because("entry_verification_unknown", e.args("who", own.who)...)), true
	case own != nil && !*own.verified:
		return supported(Declared, because("entry_unverified", e.args("who", own.who)...)), true
	case own != nil, forRouting(e.key):
		return refuted(Declared, in), true
	case shared(e.key):
		return confirmed(Declared, because("entry_public", e.args()...)), true
	case slices.Contains(consumer, e.key):
		return confirmed(Declared, because("entry_consumer", e.args()...)), true
	}
	for _, n := range names {
		if skeleton(n.key) == skeleton(e.key) {
			return supported(Declared, because("entry_lookalike", e.args("other", n.name, "ascii", e.key)...)), true
		}
	}
	switch {
	case incomplete:
		return Claim{}, false
	case !microsoftToo(x):
		return unknown(because("entry_unplaced", e.args()...)), true
	default:
		return supported(Declared, because("entry_foreign", e.args()...)), true
	}
}

// shared: names under which anybody can register one, so that listing them trusts everybody.
func shared(key string) bool {
	suffix, _ := publicsuffix.PublicSuffix(key)
	if suffix == key || "."+key == testAlias {
		return true
	}
	return slices.Contains(routing, "."+key)
}

// consumer are the largest providers of free mail and, in Japan, the carriers' mail.
var consumer = []string{
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.jp", "live.com", "live.jp", "msn.com", "outlook.jp",
	"yahoo.com", "ymail.com", "yahoo.co.jp", "ybb.ne.jp", "icloud.com", "me.com", "mac.com", "aol.com", "gmx.com", "gmx.de", "gmx.net",
	"web.de", "t-online.de", "freenet.de", "mail.com", "mail.ru", "yandex.com", "yandex.ru", "qq.com", "163.com", "126.com",
	"proton.me", "protonmail.com", "zoho.com", "docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp",
	"nifty.com", "orange.fr", "free.fr", "laposte.net", "libero.it", "naver.com",
}

// skeleton maps a name to what it looks like: two names with the same one are easily taken for
// each other. A small part of the confusables of Unicode UTS #39, and the sharp s, which older
// rules (IDNA 2003) turned into ss.
func skeleton(key string) string {
	name, err := lookup.ToUnicode(key)
	if err != nil {
		name = key
	}
	return lookAlikes.Replace(name)
}

var lookAlikes = strings.NewReplacer(
	// Cyrillic.
	"а", "a", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "к", "k", "ӏ", "l", "о", "o", "р", "p", "ԛ", "q",
	"ѕ", "s", "т", "t", "ѵ", "v", "ԝ", "w", "х", "x", "у", "y",
	// Greek.
	"α", "a", "ι", "i", "κ", "k", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u",
	// Latin, and digits.
	"ß", "ss", "ı", "i", "ɡ", "g", "0", "o", "1", "l",
)

// addByHandApplies: it helps whatever keeps the domains from being synchronised, as long as
// there is something to add.
func addByHandApplies(x *Exam) (Applicability, []Reason) {
	if x.Found("GDM-01.C2", "").Verdict == Refuted {
		return No, []Reason{because("nothing_to_add")}
	}
	return Yes, nil
}

func addByHandSteps(x *Exam) []Text {
	steps := []Text{
		text("In the Cloud App Security console open Advanced Threat Protection > Internal Domains, or Administration > Global Settings > Internal Domains. Both lead to the same list.",
			"Cloud App Security 管理コンソールで [高度な脅威対策] > [内部ドメイン] または [運用管理] > [グローバル設定] > [内部ドメイン] を開きます。どちらも同じ一覧です。"),
	}
	missing, pending := missingDomains(x)
	if len(missing) > 0 {
		steps = append(steps, text("Add these domains:\n{list}", "次のドメインを追加します:\n{list}", "list", strings.Join(missing, "\n")))
	}
	if len(pending) > 0 {
		steps = append(steps, text("These are less than a day old. Wait for the next synchronisation, and add them only if they are still missing then:\n{list}",
			"次のドメインは作成から 1 日経っていません。次の同期を待ち、それでも不足している場合だけ追加します:\n{list}", "list", strings.Join(pending, "\n")))
	}
	if len(missing)+len(pending) == 0 {
		steps = append(steps, text("Add every domain and domain alias that the Google Admin console shows under Account > Domains > Manage domains.",
			"Google 管理コンソールの [アカウント] > [ドメイン] > [ドメインの管理] に表示される、すべてのドメインとドメイン エイリアスを追加します。"))
	}
	return append(steps, text("Do this again for every new domain. Keep cas.internal_domains up to date and run casdoctor on a schedule: it reports a domain that is missing.",
		"新しいドメインを作成するたびに繰り返します。cas.internal_domains を更新し、casdoctor を定期的に実行すると、不足しているドメインが報告されます。"))
}

// missingDomains are the names that C2 found, in its order; pending are those that the next
// synchronisation may still bring.
func missingDomains(x *Exam) (missing, pending []string) {
	for _, f := range x.found["GDM-01.C2"] {
		switch {
		case f.claim.Verdict < Supported:
		case hasReason(f.claim, "domain_pending"):
			pending = append(pending, f.subject)
		default:
			missing = append(missing, f.subject)
		}
	}
	return missing, pending
}

// correctListSteps name the entries that X2 found, with where each stands.
func correctListSteps(x *Exam) []Text {
	var lines []string
	for _, f := range x.found["GDM-01.X2"] {
		if f.claim.Verdict >= Supported {
			lines = append(lines, f.subject)
		}
	}
	steps := []Text{
		text("In the Cloud App Security console open Advanced Threat Protection > Internal Domains, or Administration > Global Settings > Internal Domains.",
			"Cloud App Security 管理コンソールで [高度な脅威対策] > [内部ドメイン] または [運用管理] > [グローバル設定] > [内部ドメイン] を開きます。"),
	}
	if len(lines) > 0 {
		steps = append(steps, text("Remove these entries, or correct what is misspelt:\n{list}", "次のエントリを削除するか、誤記を修正します:\n{list}",
			"list", strings.Join(lines, "\n")))
	}
	return append(steps,
		text("Partners that may be trusted belong into an approved list of senders, not into the internal domains.",
			"信頼するパートナーのドメインは、内部ドメインではなく承認済み送信者の一覧に登録します。"),
		text("Change cas.internal_domains in the same way and run casdoctor again. An entry that is right although casdoctor cannot see it is accepted with a waiver.",
			"cas.internal_domains も同じように変更し、casdoctor を再実行します。casdoctor から確認できなくても正しいエントリは、waivers で免除します。"))
}

// domainWords are the sentences of the comparison.
var domainWords = map[string]Text{
	"tenant_domains":   {"The domains of the Microsoft 365 tenant", "Microsoft 365 テナントのドメイン"},
	"domain_primary":   {"primary domain", "プライマリ ドメイン"},
	"domain_secondary": {"domain", "ドメイン"},
	"domain_alias":     {"domain alias", "ドメイン エイリアス"},
	"domain_m365":      {"domain of the Microsoft 365 tenant", "Microsoft 365 テナントのドメイン"},
	"by_google":        {"Google", "Google"},
	"by_microsoft":     {"Microsoft 365", "Microsoft 365"},

	"domain_missing": {
		"The verified {kind!} {domain} is not in cas.internal_domains.",
		"確認済みの{kind!} {domain} が cas.internal_domains にありません。",
	},
	"domain_missing_m365": {
		"The verified domain {domain} of the Microsoft 365 tenant is not in cas.internal_domains, and the synchronisation of Gmail does not bring it: Google does not have it. Add it.",
		"Microsoft 365 テナントの確認済みドメイン {domain} が cas.internal_domains にありません。Google にはないドメインなので、Gmail の同期では追加されません。追加してください。",
	},
	"domain_pending": {
		"The {kind!} {domain} is not in cas.internal_domains, but it was created at {created}: the daily synchronisation may not have run since. Run again after {until}.",
		"{kind!} {domain} は cas.internal_domains にありませんが、作成が {created} なので、毎日の同期がまだ実行されていない可能性があります。{until} より後に再実行してください。",
	},
	"subdomain_listed": {
		"The verified {kind!} {domain} is not in cas.internal_domains, only {entry} is. Whether Cloud App Security counts sub-domains is not documented: add it by its own name.",
		"確認済みの{kind!} {domain} 自体は cas.internal_domains になく、{entry} だけがあります。Cloud App Security がサブドメインを含めるかどうかは文書化されていないため、このドメイン自体を追加してください。",
	},
	"only_wildcard": {
		"The verified {kind!} {domain} is in cas.internal_domains only as {entry}. Whether Cloud App Security knows wildcards there is not documented: add it by its own name.",
		"確認済みの{kind!} {domain} は、cas.internal_domains に {entry} としてだけ登録されています。Cloud App Security がワイルドカードを解釈するかどうかは文書化されていないため、このドメイン自体を追加してください。",
	},
	"verification_unknown": {
		"The {kind!} {domain} is not in cas.internal_domains, and {who!} does not say whether it is verified. Look it up in the admin console.",
		"{kind!} {domain} は cas.internal_domains になく、確認済みかどうかが {who!} の応答にありません。管理コンソールで確認してください。",
	},
	"all_domains_listed": {
		"Every verified domain and domain alias is in cas.internal_domains ({count} looked at).",
		"確認済みのドメインとドメイン エイリアスは、すべて cas.internal_domains にあります (確認数 {count})。",
	},
	"domains_in_both": {
		"Google and Microsoft 365 both have some of them ({count}): with mail delivered to both, a message can arrive from outside its own side.",
		"そのうち {count} 件は Google と Microsoft 365 の両方にあります。分割配信では、メッセージが他方の側を経由して届くことがあります。",
	},
	"settle_c1_first": {
		"Google does not let Cloud App Security's client read the domains, for the reason that GDM-01.C1 gives. Settle GDM-01.C1 first, then run again.",
		"GDM-01.C1 に示す理由により、Cloud App Security のクライアントではドメインを読み取れません。先に GDM-01.C1 を解決してから再実行してください。",
	},
	"nothing_to_add": {
		"Nothing to add today: every verified domain is in the list.",
		"現在、追加するドメインはありません。確認済みのドメインはすべて登録されています。",
	},

	"entries_in_order": {
		"Every entry of cas.internal_domains is a domain of the organisation ({count} looked at).",
		"cas.internal_domains のエントリは、すべて組織のドメインです (確認数 {count})。",
	},
	"entry_owned": {
		"{entry} is a domain of the organisation.",
		"{entry} は組織のドメインです。",
	},
	"entry_twice": {
		"{entry} (line {line}) is the same domain as {other}: Cloud App Security may list it twice. Keep one of them.",
		"{entry} ({line} 行目) は {other} と同じドメインです。Cloud App Security で二重に表示される可能性があります。1 つだけ残してください。",
	},
	"entry_malformed": {
		"{entry} (line {line}) in cas.internal_domains is no domain, so it makes nothing internal. Correct it here and in the console.",
		"cas.internal_domains の {entry} ({line} 行目) はドメインではないため、内部として扱われるものがありません。ここと管理コンソールの両方を修正してください。",
	},
	"entry_public": {
		"{entry} (line {line}) in cas.internal_domains is a name under which anybody can have a domain. Remove it and list the organisation's own names.",
		"cas.internal_domains の {entry} ({line} 行目) は、誰でもその下にドメインを持てる名前です。削除して、組織自身の名前を登録してください。",
	},
	"entry_consumer": {
		"{entry} (line {line}) in cas.internal_domains is a provider of mail for everybody: all mail from there counts as internal. Remove it.",
		"cas.internal_domains の {entry} ({line} 行目) は一般向けのメール サービスです。そこからのメールがすべて内部として扱われます。削除してください。",
	},
	"entry_unverified": {
		"{entry} (line {line}) in cas.internal_domains is not verified at {who!}: it may belong to somebody else, and mail from it counts as internal. Verify it or remove it.",
		"cas.internal_domains の {entry} ({line} 行目) は {who!} で未確認です。他者のドメインの可能性があり、そこからのメールが内部として扱われます。確認を済ませるか、削除してください。",
	},
	"entry_verification_unknown": {
		"{who!} does not say whether {entry} (line {line}) in cas.internal_domains is verified. Look it up in the admin console.",
		"cas.internal_domains の {entry} ({line} 行目) が確認済みかどうかが {who!} の応答にありません。管理コンソールで確認してください。",
	},
	"entry_lookalike": {
		"{entry} ({ascii}, line {line}) in cas.internal_domains looks like {other}, but is another domain. Remove it unless it is yours.",
		"cas.internal_domains の {entry} ({ascii}、{line} 行目) は {other} に似ていますが、別のドメインです。組織のものでなければ削除してください。",
	},
	"entry_foreign": {
		"{entry} (line {line}) in cas.internal_domains is neither a domain of the Google customer nor of the Microsoft 365 tenant, and mail from it counts as internal. Remove it unless it is yours.",
		"cas.internal_domains の {entry} ({line} 行目) は、Google の組織のドメインでも Microsoft 365 テナントのドメインでもありませんが、そこからのメールが内部として扱われます。組織のものでなければ削除してください。",
	},
	"entry_unplaced": {
		"{entry} (line {line}) in cas.internal_domains is no domain of the Google customer. If it is one of a Microsoft 365 tenant, add the section microsoft365; if it is not the organisation's, remove it.",
		"cas.internal_domains の {entry} ({line} 行目) は Google の組織のドメインではありません。Microsoft 365 テナントのドメインであれば microsoft365 の項を追加し、組織のものでなければ削除してください。",
	},
}
