package checks

import (
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/internal/mailtrace"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// spmSteps are the steps of a fix of SPM-01 over the base "messages" with changes.
func spmSteps(t *testing.T, fix string, lines ...string) (en, ja string) {
	t.Helper()
	ev := evidenceOf(t, t.Name(), "SPM-01", append([]string{"base messages"}, lines...))
	return stepsOf(Evaluate(ev, []Check{SPM01()}, Options{}).Results[0], fix)
}

// TestTheLabelsOfTheConsole: the steps name the settings as the vendor's page does, in its words.
func TestTheLabelsOfTheConsole(t *testing.T) {
	const off = "declared.cas:spam_policies.0.pass_internal_other_spam = false"
	en, ja := spmSteps(t, "SPM-01.F2", off)
	for label, s := range map[string]string{
		"All messages": en, "Pass all the messages sent from internal domains if detected as other spam": en,
		"[すべてのメッセージ]": ja, "[処理]": ja, "[内部ドメインから送信されたメッセージが、その他のスパムメールとして検出された場合は放置する]": ja,
		"default": en,
	} {
		if !strings.Contains(s, label) {
			t.Errorf("F2: no %s in %s", label, s)
		}
	}
	en, ja = spmSteps(t, "SPM-01.F1", off)
	if !strings.Contains(en, "Incoming messages") || !strings.Contains(ja, "[受信メッセージ]") {
		t.Errorf("F1: %s %s", en, ja)
	}
}

// TestOneSPFRecord: the step fits what DNS publishes today.
func TestOneSPFRecord(t *testing.T) {
	const fail = `mail.messages:0.headers.value.results.0.spf.result = "fail"`
	const errors = `mail.messages:0.headers.value.results.0.spf.result = "permerror"`
	for name, tt := range map[string]struct {
		lines []string
		want  string
	}{
		"one":         {[]string{fail}, "Add the sender 203.0.113.50, or the include of the service that it belongs to, to the SPF record of contoso.com. Today it is: v=spf1 include"},
		"two":         {[]string{fail, `mail.records:0.spf = {"value":["v=spf1 -all","v=spf1 ~all"]}`}, "publishes 2 SPF records"},
		"none":        {[]string{fail, `mail.records:0.spf = {"failure":{"kind":"not_found"}}`}, "publishes no SPF record"},
		"not read":    {[]string{fail, `mail.records:0.spf = {"failure":{"kind":"timeout"}}`}, "Look up the SPF record of contoso.com"},
		"not asked":   {[]string{fail, `mail.records! = {"kind":"timeout"}`}, "Look up the SPF record of contoso.com"},
		"a mistake":   {[]string{errors}, "Correct the SPF record of contoso.com"},
		"a stranger":  {[]string{fail, `mail.messages:0.headers.value.results.0.spf.domain = "mailer.example"`}, "Look up the SPF record of mailer.example"},
		"not said":    {[]string{fail, `mail.messages:0.headers.value.results.0.spf.domain = ""`}, "SPF record of contoso.com"},
		"other place": {[]string{`mail.messages:0.headers.value.reply_to = {"domains":["mailer.example"]}`}, "If the organisation owns mailer.example, add it"},
	} {
		if en, ja := spmSteps(t, "SPM-01.F4", tt.lines...); !strings.Contains(en, tt.want) || ja == "" {
			t.Errorf("%s: no %q in %s", name, tt.want, en)
		}
	}
}

// TestNoGlobalApproval: an approval of the sender's own domain would let every forgery pass,
// because a forgery names it too.
func TestNoGlobalApproval(t *testing.T) {
	const fail = `mail.messages:0.headers.value.results.0.spf.result = "fail"`
	en, ja := spmSteps(t, "SPM-01.F3", fail)
	if !strings.Contains(en, "Never approve the sender's own domain") || !strings.Contains(ja, "送信者自身のドメインは承認しないでください") {
		t.Errorf("F3: %s %s", en, ja)
	}
	if !strings.Contains(en, "https://success.trendmicro.com/solution/000253191") {
		t.Errorf("F3 lacks the link: %s", en)
	}
	if en, _ = spmSteps(t, "SPM-01.F4", fail); !strings.HasPrefix(strings.TrimSpace(en), "Make sure that a.eml is yours") {
		t.Errorf("F4 does not begin with the question whose message it is: %s", en)
	}
}

// TestTheSettingsDoNotMendTheMessage: the page has messages handled as spam although either
// setting is in place, so neither is a way out of C2.
func TestTheSettingsDoNotMendTheMessage(t *testing.T) {
	for _, f := range SPM01().Fixes {
		for _, cause := range f.For {
			if (f.ID == "SPM-01.F1" || f.ID == "SPM-01.F2") && cause != "SPM-01.C1" {
				t.Errorf("%s is for %s", f.ID, cause)
			}
		}
	}
}

// TestJudgeMail: one message by itself, with and without the internal domains.
func TestJudgeMail(t *testing.T) {
	h := facts.MailHeaders{
		From: &facts.Mailboxes{Domains: []string{"contoso.com"}}, ReplyTo: &facts.Mailboxes{Domains: []string{"mailer.example"}},
		Results:  []facts.AuthResult{{Header: "authentication-results", Hop: new(0), SPF: &facts.AuthVerdict{Result: "pass", Domain: "contoso.com"}}},
		Received: []facts.Hop{{By: "x.mail.protection.outlook.com"}},
	}
	for name, tt := range map[string]struct {
		internal        *[]string
		sender, backEnd Verdict
	}{
		"not known":  {nil, Unknown, Unknown},
		"none":       {&[]string{}, Confirmed, Confirmed},
		"the sender": {&[]string{"contoso.com"}, Refuted, Confirmed},
		"a null":     {&[]string{"", "contoso.com"}, Refuted, Unknown},
		"both":       {&[]string{"contoso.com", "mailer.example"}, Refuted, Refuted},
	} {
		j := JudgeMail(h, MailContext{Internal: tt.internal})
		if j.Sender.Verdict != tt.sender || j.BackEnd.Verdict != tt.backEnd || j.Deciding == nil {
			t.Errorf("%s: sender %v, back end %v, %v", name, j.Sender.Verdict, j.BackEnd.Verdict, j.Deciding)
		}
		for _, r := range append(j.Sender.Reasons, j.BackEnd.Reasons...) {
			if r.Text.EN == "" || r.Text.EN == r.Code || strings.Contains(r.Text.EN+r.Text.JA, "{") {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

// TestAPartOfTheMessages: what was read of them still confirms, and the rest may be what fails.
func TestAPartOfTheMessages(t *testing.T) {
	const fail = `mail.messages:0.headers.value.results.0.spf.result = "fail"`
	for name, tt := range map[string]struct {
		lines []string
		part  string
		want  map[string]string
	}{
		"fails":     {[]string{fail}, "mail.messages", map[string]string{"SPM-01.C2": "confirmed", "SPM-01.X1": "unknown"}},
		"passes":    {nil, "mail.messages", map[string]string{"SPM-01.C2": "unknown", "SPM-01.X1": "unknown"}},
		"none":      {[]string{"mail.messages = []"}, "mail.messages", map[string]string{"SPM-01.C2": "unknown", "SPM-01.X1": "unknown"}},
		"a policy":  {[]string{"declared.cas:spam_policies.0.pass_internal_other_spam = false"}, "declared.cas", map[string]string{"SPM-01.C1": "confirmed"}},
		"no policy": {[]string{"declared.cas:spam_policies = []"}, "declared.cas", map[string]string{"SPM-01.C1": "unknown"}},
		"a domain": {
			[]string{"mail.messages = []", `declared.cas:internal_domains = ["contoso.com"]`},
			"m365.tenant", map[string]string{"SPM-01.X1": "confirmed"},
		},
		"every domain": {[]string{"mail.messages = []"}, "m365.tenant", map[string]string{"SPM-01.X1": "unknown"}},
	} {
		ev := evidenceOf(t, name, "SPM-01", append([]string{"base messages"}, tt.lines...))
		f := ev.Facts[tt.part]
		f.Failure = &facts.Failure{Kind: facts.Timeout}
		ev.Facts[tt.part] = f
		got := map[string]string{}
		for _, e := range Evaluate(ev, []Check{SPM01()}, Options{}).Results[0].Causes {
			got[e.ID] = e.Verdict
		}
		for cause, want := range tt.want {
			if got[cause] != want {
				t.Errorf("%s: %s is %s, want %s", name, cause, got[cause], want)
			}
		}
	}
}

// TestEveryRowHasWords: each row says why and what to do, in both languages, and none approves the
// sender's domain.
func TestEveryRowHasWords(t *testing.T) {
	if len(outsideWords) != 21 {
		t.Errorf("%d rows have words, want 21", len(outsideWords))
	}
	for row, w := range outsideWords {
		for _, s := range []string{w.why.EN, w.why.JA, w.fix.EN, w.fix.JA} {
			if strings.TrimSpace(s) == "" {
				t.Errorf("%s: no words", row)
			}
		}
		if s := w.fix.EN; strings.Contains(s, "pprove the whole domain") && !strings.Contains(s, "not approve the whole domain") {
			t.Errorf("%s: %s", row, s)
		}
	}
}

// TestTheNarrowestChange: the step is that of the cause: the term of the record, the look-ups that
// are left, the connector of the gateway; and never an approval of the sender's domain.
func TestTheNarrowestChange(t *testing.T) {
	const fail = `mail.messages:0.headers.value.results.0.spf.result = "fail"`
	const dns = `mail.dns = {"domains":["contoso.com"],"answers":[{"name":"contoso.com","type":"TXT","records":{"value":["RECORD"]}},` +
		`{"name":"spf.protection.outlook.com","type":"TXT","records":{"value":["v=spf1 ip4:40.92.0.0/15 -all"]}}]}`
	record := func(r string) string { return strings.Replace(dns, "RECORD", r, 1) }
	const sound = "v=spf1 include:spf.protection.outlook.com -all"
	for name, tt := range map[string]struct {
		lines    []string
		has, not string
	}{
		"look-ups": {[]string{fail, record(sound)}, "needs 1 of the 10 DNS look-ups", "connector that it uses"},
		"a mistake": {
			[]string{`mail.messages:0.headers.value.results.0.spf.result = "permerror"`, record("v=spf1 ip4:203.0.113.0/33 -all")},
			`"ip4:203.0.113.0/33" (at 23) has no valid prefix length`, "look-ups that are allowed",
		},
		"a service": {
			[]string{fail, `mail.messages:0.headers.value.received.0.from = "o1.ptr.sendgrid.net"`, record(sound)},
			"add include:sendgrid.net to the SPF record of contoso.com", "connector that it uses",
		},
		"a gateway": {
			[]string{
				fail, `mail.messages:0.headers.value.received = [{"from":"gateway.example","ip":"198.51.100.7","by":"x.mail.protection.outlook.com"},` +
					`{"from":"y.outbound.protection.outlook.com","ip":"40.107.1.2","by":"gateway.example"},{"from":"z","ip":"2603:10a6::1","by":"z.prod.outlook.com"}]`,
				record(sound),
			},
			"Enhanced Filtering for Connectors", "to the SPF record",
		},
	} {
		en, ja := spmSteps(t, "SPM-01.F4", tt.lines...)
		if !strings.Contains(en, tt.has) || strings.Contains(en, tt.not) || ja == "" || strings.Contains(en+ja, "{") {
			t.Errorf("%s: %q missing or %q there, in %s", name, tt.has, tt.not, en)
		}
		if strings.Contains(en, "pprove") {
			t.Errorf("%s: an approval: %s", name, en)
		}
	}
}

// TestWhatDNSAsksFor: the steps name the records of this tenant, and only where DNS showed that they lack.
func TestWhatDNSAsksFor(t *testing.T) {
	const failing = `mail.messages:0.headers.value.results.0.spf.result = "fail"`
	const dmarcFails = `mail.messages:0.headers.value.results.0.dmarc = {"result":"fail","domain":"contoso.com"}`
	const initial = `m365.tenant:verifiedDomains.0 = {"name":"contoso.onmicrosoft.com","isInitial":true}`
	answers := func(more ...string) string {
		all := []string{`{"name":"contoso.com","type":"TXT","records":{"value":["v=spf1 include:spf.protection.outlook.com -all"]}}`}
		return `mail.dns = {"domains":["contoso.com"],"answers":[` + strings.Join(append(all, more...), ",") + `]}`
	}
	record := func(name, rr, value string) string {
		return `{"name":"` + name + `","type":"` + rr + `","records":{"value":["` + value + `"]}}`
	}
	none := func(name, rr string) string {
		return `{"name":"` + name + `","type":"` + rr + `","records":{"failure":{"kind":"not_found"}}}`
	}
	const selector1, selector2 = "selector1._domainkey.contoso.com", "selector2._domainkey.contoso.com"
	unpublished := answers(none(selector1, "CNAME"), none(selector1, "TXT"), none(selector2, "CNAME"), none(selector2, "TXT"))
	for name, tt := range map[string]struct {
		lines    []string
		has, not string
	}{
		"selectors": {
			[]string{failing, initial, unpublished},
			selector2 + " CNAME selector2-contoso-com._domainkey.contoso.onmicrosoft.com", "with the values that the DKIM page",
		},
		"selectors of a tenant without a name": {[]string{failing, `m365.tenant! = {"kind":"timeout"}`, unpublished}, "with the values that the DKIM page", "onmicrosoft"},
		"selectors that nobody asked for":      {[]string{failing, initial, answers()}, "SPF record of contoso.com", "_domainkey"},
		"a DMARC record": {
			[]string{failing, dmarcFails, answers(record("_dmarc.contoso.com", "TXT", "v=DMARC1; p=none; pct=50"))},
			`"pct=50" (at 19) is no longer part of the standard`, "Publish a DMARC record",
		},
		"no DMARC record": {
			[]string{failing, dmarcFails, answers(none("_dmarc.contoso.com", "TXT"))}, "Publish a DMARC record at _dmarc.contoso.com", "pct",
		},
		"DMARC passes": {
			[]string{failing, answers(none("_dmarc.contoso.com", "TXT"))}, "SPF record of contoso.com", "Publish a DMARC record",
		},
		"a gateway in front": {
			[]string{failing, answers(record("contoso.com", "MX", "10 mx.gateway.example"))}, "of mx.gateway.example, leave the SPF record", "_domainkey",
		},
		"no mail at all": {[]string{failing, answers(record("contoso.com", "MX", "0 "))}, "SPF record of contoso.com", "leave the SPF record"},
	} {
		en, ja := spmSteps(t, "SPM-01.F4", tt.lines...)
		if !strings.Contains(en, tt.has) || strings.Contains(en, tt.not) || ja == "" || strings.Contains(en+ja, "{") {
			t.Errorf("%s: %q missing or %q there, in %s", name, tt.has, tt.not, en)
		}
	}
}

// TestWordsOfDNS: every reason has what its sentence speaks of, in both languages.
func TestWordsOfDNS(t *testing.T) {
	cases, said := loadCases(t, "SPM-01"), map[string]bool{}
	for _, f := range cases {
		for _, e := range Evaluate(f.evidence, []Check{SPM01()}, Options{}).Results[0].Causes {
			for _, r := range e.Reasons {
				words, ok := dnsWords[r.Code]
				said[r.Code] = true
				for _, s := range []string{words.EN, words.JA} {
					for rest := s; ok; {
						_, after, found := strings.Cut(rest, "{")
						if !found {
							break
						}
						slot, end, _ := strings.Cut(after, "}")
						if r.Args[strings.TrimSuffix(slot, "!")] == "" {
							t.Errorf("%s: %s: nothing fills in {%s}", f.name, r.Code, slot)
						}
						rest = end
					}
				}
			}
		}
	}
	for code := range dnsWords {
		if !said[code] {
			t.Errorf("no case says %s", code)
		}
	}
}

// TestTwoChecksOneList: what GDM-01.C2 says of a domain of the tenant, SPM-01.X1 says of its mail.
func TestTwoChecksOneList(t *testing.T) {
	for _, entries := range [][]string{
		{"contoso.com"}, {"contoso.example"}, {"*.contoso.com"}, {"com"}, {"https://contoso.com/"}, {"https://fabrikam.example/"}, {"contoso .com"},
		{""}, {"", "contoso.com"}, {"", "*.contoso.com"}, {"CONTOSO.com."}, {"smtp:@contoso.com"}, {"xn--zzzzzz.com"}, {},
	} {
		list := newDomainList(&entries)
		verified := true
		n := ownedName{name: "contoso.com", key: "contoso.com", kind: "domain_primary", verified: &verified}
		x := &Exam{check: new(GDM01())}
		gdm := Refuted
		if has, _ := list.of(n.key); has != listed {
			gdm = n.missing(x, list.internalList).Verdict
		}
		if spm := list.lacks("from", "contoso.com"); spm.Verdict != gdm {
			t.Errorf("%q: SPM-01 %v, GDM-01 %v", entries, spm.Verdict, gdm)
		}
	}
}

// TestSpellings: a list is compared as text, as far as is known, so that another spelling of a listed
// domain is a difference; the same one in other letters is not.
func TestSpellings(t *testing.T) {
	for _, tt := range []struct {
		entry, domain string
		want          mailtrace.Membership
	}{
		{"bücher.example", "bücher.example", mailtrace.Listed},
		{"BÜCHER.example.", "bücher.example", mailtrace.Listed},
		{"bücher.example", "xn--bcher-kva.example", mailtrace.Related},
		{"xn--bcher-kva.example", "bücher.example", mailtrace.Related},
		{"@Contoso.com", "contoso.com", mailtrace.Listed},
		{"bücher。example", "bücher.example", mailtrace.Related},
		{"faß.example", "fass.example", mailtrace.Missing},
		{"contoso.com", "news.contoso.com", mailtrace.Related},
		{"*.contoso.com", "contoso.com", mailtrace.Related},
		{"https://contoso.com/", "contoso.com", mailtrace.Related},
		{"", "contoso.com", mailtrace.Undecided},
		{"contoso.com", "", mailtrace.Undecided},
	} {
		if got := newDomainList(&[]string{tt.entry}).membership(tt.domain); got != tt.want {
			t.Errorf("%q in a list with %q: %d, want %d", tt.domain, tt.entry, got, tt.want)
		}
	}
}
