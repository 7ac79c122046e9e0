package mail

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/dmarc"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/internal/spf"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// contoso is what the domains of an organisation publish; the names of Microsoft's are real, the
// addresses are for documentation.
var contoso = []string{
	`contoso.com. 5 IN TXT "v=spf1 include:spf.protection.outlook.com a:old.contoso.com exists:%{i}._spf.contoso.com ptr:contoso.com -all"`,
	`contoso.com. 5 IN TXT "MS=ms12345678"`,
	`contoso.com. 5 IN MX 10 contoso-com.mail.protection.outlook.com.`,
	`spf.protection.outlook.com. 5 IN TXT "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:1::/48 -all"`,
	`2.100.51.198.in-addr.arpa. 5 IN PTR mail.contoso.com.`,
	`9.113.0.203.in-addr.arpa. 5 IN PTR mail.contoso.com.`,
	`mail.contoso.com. 5 IN A 203.0.113.9`,
	`_dmarc.contoso.com. 5 IN TXT "v=DMARC1; p=reject; sp=quarantine"`,
	`selector1._domainkey.contoso.com. 5 IN CNAME selector1-contoso-com._domainkey.contoso.onmicrosoft.com.`,
	`shop.contoso.com. 5 IN TXT "v=spf1 include:broken.example -all"`,
	`contoso.onmicrosoft.com. 5 IN TXT "v=spf1 include:spf.protection.outlook.com -all"`,
}

const received = "Received: from mail.contoso.com (203.0.113.9) by DB5EUR01FT002.mail.protection.outlook.com (10.152.4.2)\r\n" +
	"From: a@contoso.com\r\nReturn-Path: <a@mailer.example>\r\n\r\n"

func dnsFact(t *testing.T, cas *config.CAS, zone []string) facts.MailAnswers {
	t.Helper()
	cfg := &config.Config{Tenant: "contoso", CAS: cas}
	cfg.Network.Resolver = nameserver(t, zone...).AddrPort()
	// What was written is what is read: through JSON.
	got := facts.Get(collect(t, cfg), facts.MailDNS)
	if !got.Complete() {
		t.Fatal(got.Why())
	}
	return *got.Value
}

// TestDNSIsRecorded: from the recorded answers alone, policies give the results that they would
// give live.
func TestDNSIsRecorded(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.eml", received)
	got := dnsFact(t, &config.CAS{
		InternalDomains: config.List{Declared: true, Items: []string{"contoso.com", "shop.contoso.com", "Contoso.com", "*.contoso.com"}},
		Messages:        []string{dir},
	}, contoso)
	if diff := cmp.Diff([]string{"contoso.com", "mailer.example", "shop.contoso.com"}, got.Domains); diff != "" {
		t.Errorf("domains (-want +got):\n%s", diff)
	}
	if !slices.IsSortedFunc(got.Answers, func(a, b facts.DNSAnswer) int {
		return strings.Compare(a.Name+" "+string(a.Type), b.Name+" "+string(b.Type))
	}) {
		t.Error("the answers are in no order")
	}
	zone := maildns.NewZone(got.Answers)
	checker := spf.New(zone)
	check := func(ip, domain string) *spf.Report {
		return checker.Check(t.Context(), spf.Query{IP: netip.MustParseAddr(ip), Sender: "@" + domain})
	}
	for _, tt := range []struct {
		ip, domain string
		want       spf.Result
		why        facts.Kind
	}{
		{"198.51.100.2", "contoso.com", spf.Pass, ""},
		{"203.0.113.9", "contoso.com", spf.Pass, ""},                            // by ptr, asked for the message's client
		{"203.0.113.10", "contoso.com", spf.TempError, facts.NotCollected},      // exists, which nobody asked for this one
		{"203.0.113.9", "shop.contoso.com", spf.TempError, facts.Unavailable},   // the name server failed
		{"203.0.113.9", "mailer.example", spf.None, ""},                         // there is no record
		{"203.0.113.9", "elsewhere.example", spf.TempError, facts.NotCollected}, // nobody asked
	} {
		r := check(tt.ip, tt.domain)
		var why facts.Kind
		if r.Why != nil && r.Why.Cause != nil {
			why = r.Why.Cause.Kind
		}
		if r.Result != tt.want || why != tt.why {
			t.Errorf("%s for %s: %s (%v), want %s because of %q", tt.ip, tt.domain, r.Result, r.Why, tt.want, tt.why)
		}
	}
	if d := dmarc.Discover(t.Context(), zone, "shop.contoso.com"); d.At != "contoso.com" || d.Policy != dmarc.Quarantine {
		t.Errorf("DMARC: %+v", d)
	}
	if d := dmarc.Walk(t.Context(), zone, "mailer.example"); d.Failure != nil || d.Record != nil {
		t.Errorf("DMARC by the walk: %+v", d)
	}
	want := map[string]string{
		"contoso.com MX":                         "10 contoso-com.mail.protection.outlook.com",
		"selector1._domainkey.contoso.com CNAME": "selector1-contoso-com._domainkey.contoso.onmicrosoft.com",
		"selector2._domainkey.contoso.com CNAME": "not_found",
		"shop.contoso.com MX":                    "not_found",
		"broken.example TXT":                     "unavailable",
		"contoso.com TXT": " | v=spf1 include:spf.protection.outlook.com a:old.contoso.com exists:%{i}._spf.contoso.com " +
			"ptr:contoso.com -all",
	}
	shown := map[string]string{}
	for _, a := range got.Answers {
		key := a.Name + " " + string(a.Type)
		if _, wanted := want[key]; wanted && a.Records.Value != nil {
			shown[key] = strings.Join(*a.Records.Value, " | ")
		} else if wanted {
			shown[key] = string(a.Records.Why().Kind)
		}
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if raw, err := json.Marshal(got); err != nil || strings.Contains(string(raw), "ms12345678") {
		t.Errorf("a proof of ownership is in the evidence: %v", err)
	}
}

// TestWhichDomains: the internal domains come first, the tenant's and the messages' follow, each
// once and in A-labels; what is no domain is left out.
func TestWhichDomains(t *testing.T) {
	tenant := facts.Got(facts.Tenant{VerifiedDomains: []facts.TenantDomain{{Name: "Contoso.com"}, {Name: "contoso.onmicrosoft.com"}}})
	messages := facts.Got([]facts.Message{
		{File: "a.eml", Headers: facts.Got(facts.MailHeaders{
			From:    &facts.Mailboxes{Domains: []string{"bücher.example"}},
			Results: []facts.AuthResult{{SPF: &facts.AuthVerdict{Domain: "mailer.example", IP: "198.51.100.7"}}},
			Received: []facts.Hop{
				{IP: "10.0.0.1", From: "inside"}, {IP: "::ffff:198.51.100.8", From: "mail.example"}, {IP: "none"},
			},
		})},
		{File: "b.eml", Headers: facts.Missed[facts.MailHeaders](&facts.Failure{Kind: facts.NotFound})},
	})
	got := mailDomains([]string{"contoso.com", "localhost", "no domain", "*.contoso.com"}, tenant, seenHeaders(messages, facts.Seen[facts.DetectionSet]{}))
	var names []string
	for _, d := range got {
		names = append(names, d.name)
	}
	want := []string{"contoso.com", "contoso.onmicrosoft.com", "xn--bcher-kva.example", "mailer.example"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	clients := []client{{netip.MustParseAddr("198.51.100.8"), "mail.example"}, {netip.MustParseAddr("198.51.100.7"), ""}}
	if !slices.Equal(got[3].senders, clients) || got[0].senders != nil {
		t.Errorf("senders %v, want %v", got[3].senders, clients)
	}
}

// TestSendersAreBounded: a domain is evaluated for so many clients, however many messages name it.
func TestSendersAreBounded(t *testing.T) {
	var h facts.MailHeaders
	h.From = &facts.Mailboxes{Domains: []string{"contoso.com"}}
	for i := range 2 * maxSenders {
		h.Received = append(h.Received, facts.Hop{IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String()})
	}
	messages := facts.Got([]facts.Message{{Headers: facts.Got(h)}, {Headers: facts.Got(h)}})
	if got := mailDomains(nil, facts.Seen[facts.Tenant]{}, seenHeaders(messages, facts.Seen[facts.DetectionSet]{})); len(got) != 1 || len(got[0].senders) != maxSenders {
		t.Errorf("%v", got)
	}
}

// TestALongAnswer is one that could not be judged by: it is refused whole.
func TestALongAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		texts := 1
		if r.Question[0].Name == "long.example." {
			texts = 80
		}
		for range texts {
			m.Answer = append(m.Answer, &dns.TXT{
				Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET},
				Txt: []string{"v=spf1 " + strings.Repeat("a", 240)},
			})
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = l.Close() })
	r := resolver{&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	}}}
	if got, why := r.Lookup(t.Context(), "long.example", facts.TypeTXT); got != nil || why == nil || why.Kind != facts.Malformed {
		t.Errorf("%d records, %v", len(got), why)
	}
	if got, why := r.Lookup(t.Context(), "short.example", facts.TypeTXT); len(got) != 1 || why != nil {
		t.Errorf("%d records, %v", len(got), why)
	}
}

// TestNobodyToAskAbout: without a domain the fact says so; an empty list of answers would say that
// there is nothing to see.
func TestNobodyToAskAbout(t *testing.T) {
	got := facts.Get(collect(t, &config.Config{Tenant: "contoso", CAS: &config.CAS{}}), facts.MailDNS)
	if got.Value != nil || got.Why().Kind != facts.NotDeclared {
		t.Errorf("got %v, %v", got.Value, got.Why())
	}
}

// TestDNSIsBounded: more domains than are asked about are counted, and more questions than the
// limit are failures of their own.
func TestDNSIsBounded(t *testing.T) {
	var many []mailDomain
	for range maxDomains + 3 {
		many = append(many, mailDomain{name: strings.Repeat("a", len(many)%60+1) + string(rune('a'+len(many)/60)) + ".example"})
	}
	rec := maildns.Record(maildns.NewZone(nil), 5)
	got := answers(t.Context(), rec, many, 1)
	if len(got.Domains) != maxDomains || got.Omitted != 3 || len(got.Answers) != 5 || got.Refused < maxDomains {
		t.Errorf("%d domains, %d omitted, %d answers, %d refused", len(got.Domains), got.Omitted, len(got.Answers), got.Refused)
	}
	if _, why := rec.Lookup(t.Context(), "one.more.example", facts.TypeMX); why == nil || why.Kind != facts.NotCollected {
		t.Errorf("beyond the limit: %v", why)
	}
}

// TestWhatDNSDoesNotSay: a name server that fails or is silent, and a name that it cannot be asked
// for, are never "there is no record".
func TestWhatDNSDoesNotSay(t *testing.T) {
	cfg := &config.Config{Tenant: "contoso"}
	cfg.Network.Resolver = nameserver(t, contoso...).AddrPort()
	client, err := httpread.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := resolver{client.Resolver()}
	for _, rr := range []facts.RRType{facts.TypeA, facts.TypeAAAA, facts.TypeMX, facts.TypeTXT, facts.TypeCNAME} {
		for name, want := range map[string]facts.Kind{
			"broken.example": facts.Unavailable, "nowhere.example": facts.NotFound, "a:b.example": facts.Malformed,
			strings.Repeat("a.", 130) + "example": facts.Malformed,
		} {
			if found, why := r.Lookup(t.Context(), name, rr); why == nil || why.Kind != want {
				t.Errorf("%s of %s: %v, %v, want %s", rr, name, found, why, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if found, why := r.Lookup(ctx, "silent.example", rr); why == nil || why.Kind != facts.Timeout {
			t.Errorf("%s of a silent server: %v, %v", rr, found, why)
		}
		cancel()
	}
	for _, name := range []string{"2.100.51.198.in-addr.arpa", "1.100.51.198.in-addr.arpa"} {
		found, why := r.Lookup(t.Context(), name, facts.TypePTR)
		if name[0] == '2' && !slices.Equal(found, []string{"mail.contoso.com"}) || name[0] == '1' && (why == nil || why.Kind != facts.NotFound) {
			t.Errorf("%s: %v, %v", name, found, why)
		}
	}
	if got := address("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"); netip.MustParseAddr(got) != netip.MustParseAddr("2001:db8::1") {
		t.Error(got)
	}
}

// TestDetectedSenders: what Cloud App Security detected is asked about like the admin's messages.
func TestDetectedSenders(t *testing.T) {
	detected := facts.Got(facts.DetectionSet{List: facts.Got([]facts.Detection{
		{Headers: facts.Got(facts.MailHeaders{From: &facts.Mailboxes{Domains: []string{"fabrikam.com"}}})},
		{Headers: facts.Missed[facts.MailHeaders](nil)},
	})})
	got := mailDomains(nil, facts.Seen[facts.Tenant]{}, seenHeaders(facts.Seen[[]facts.Message]{}, detected))
	if len(got) != 1 || got[0].name != "fabrikam.com" {
		t.Errorf("%+v", got)
	}
}
