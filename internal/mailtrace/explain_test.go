package mailtrace

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ownTenant = "84841066-274d-4ec0-a5c1-276be684bdd3"

// contoso is the organisation of the tests: it has one domain and knows its relays.
func contoso() Known {
	return Known{
		Tenant: ownTenant,
		List: func(d string) Membership {
			switch {
			case d == "contoso.com":
				return Listed
			case strings.HasSuffix(d, ".contoso.com"):
				return Related
			default:
				return Missing
			}
		},
		Relays: []netip.Prefix{netip.MustParsePrefix("20.160.56.80/29")},
	}
}

// explained writes the rows that fit, the cause first, the presumed ones with a question mark.
func explained(t *testing.T, section string, k Known) string {
	t.Helper()
	var rows []string
	for _, c := range Explain(read(t, section), k) {
		row := string(c.Row)
		if c.Presumed {
			row += "?"
		}
		rows = append(rows, row)
	}
	return strings.Join(rows, " ")
}

// The parts of the messages below.
const (
	fromUs    = "From: a@contoso.com\n"
	anonymous = "X-MS-Exchange-Organization-AuthAs: Anonymous\n"
	internal  = "X-MS-Exchange-Organization-AuthAs: Internal\n"
	entry     = "Received: from printer.contoso.com (203.0.113.50) by y.mail.protection.outlook.com\n"
	between   = "Received: from a.eurprd01.prod.outlook.com (2603:10a6:400:49::16) by b.eurprd01.prod.outlook.com\n"
)

func results(s string) string { return "Authentication-Results: " + s + "\n" }

// TestRows: each row of the table with a message that it fits, and with the change of one thing
// after which it does not. The evidence is Microsoft's ("Anti-spam message headers", "Email
// authentication in Microsoft 365").
func TestRows(t *testing.T) {
	tests := []struct {
		row      Row
		message  string
		old, new string // what unmakes it
		args     string // of the cause
	}{
		{
			SenderNotListed, results("spf=pass smtp.mailfrom=contoso.net") + entry + "From: a@contoso.net\n",
			"contoso.net", "contoso.com", "domain=contoso.net",
		},
		{
			OtherNotListed, results("spf=pass smtp.mailfrom=contoso.com") + entry + fromUs + "Reply-To: a@mailer.example\n",
			"a@mailer.example", "a@contoso.com", "what=reply_to domain=mailer.example",
		},
		{
			OtherNotListed, results("spf=pass smtp.mailfrom=mailer.example") + entry + fromUs + "Return-Path: <>\n",
			"mailfrom=mailer.example", "mailfrom=contoso.com", "what=envelope domain=mailer.example",
		},
		{
			InsideTenant, between + results("dkim=none header.d=none;dmarc=none action=none header.from=contoso.com") + internal + fromUs,
			"Internal", "Anonymous", "domain=contoso.com ip=2603:10a6:400:49::16",
		},
		{
			InsideTenant, between + internal + fromUs + "X-MS-Exchange-CrossTenant-Id: " + ownTenant + "\n",
			ownTenant, "0b9e7c52-8d1f-4a36-b7e4-2c5d6f708192", "domain=contoso.com ip=2603:10a6:400:49::16",
		},
		{
			HybridSPF, "Received-SPF: SoftFail (protection.outlook.com: x) client-ip=192.0.2.16;\n" + entry + internal + fromUs +
				"X-OrganizationHeadersPreserved: edge1\nX-CrossPremisesHeadersPromoted: x\n",
			"X-CrossPremisesHeadersPromoted: x", "X-A: b", "result=softfail ip=192.0.2.16 domain=contoso.com",
		},
		{
			HybridUnbelieved, entry + anonymous + fromUs + "X-OrganizationHeadersPreserved: edge1\n",
			"X-OrganizationHeadersPreserved", "X-A", "",
		},
		{
			RelayLoop, results("spf=fail (sender IP is 198.51.100.7) smtp.mailfrom=contoso.com") +
				"Received: from gateway.example (198.51.100.7) by y.mail.protection.outlook.com\n" +
				"Received: from z.outbound.protection.outlook.com (40.107.1.2) by gateway.example\n" + between + anonymous + fromUs,
			"by b.eurprd01.prod.outlook.com", "by b.contoso.com", "ip=198.51.100.7 gateway=gateway.example",
		},
		{
			DirectSend, results("spf=softfail (sender IP is 203.0.113.50) smtp.mailfrom=contoso.com") + entry + anonymous + fromUs,
			"spf=softfail", "spf=neutral", "result=softfail ip=203.0.113.50 host=printer.contoso.com domain=contoso.com",
		},
		{
			ServiceSends, results("spf=fail (sender IP is 203.0.113.50) smtp.mailfrom=contoso.com") +
				"Received: from o1.ptr.sendgrid.net (203.0.113.50) by y.mail.protection.outlook.com\n" + anonymous + fromUs,
			"sendgrid.net", "sendgrid.net.example", "result=fail ip=203.0.113.50 service=SendGrid include=sendgrid.net domain=contoso.com",
		},
		{
			Authenticated, results("spf=softfail smtp.mailfrom=contoso.com;dmarc=pass action=none header.from=contoso.com") + entry + internal + fromUs,
			"", "", "",
		},
		{
			Authenticated, results("spf=pass smtp.mailfrom=mail.contoso.com") + entry + anonymous + fromUs,
			"spf=pass", "spf=neutral", "how=SPF",
		},
		{
			SelfSpoof, results("spf=none smtp.mailfrom=contoso.com;compauth=fail reason=601") + entry + anonymous + fromUs,
			"reason=601", "reason=002", "by=compauth=fail reason=601",
		},
		{
			SelfSpoof, entry + anonymous + fromUs + "X-Forefront-Antispam-Report: CIP:203.0.113.50;CAT:INTOS;\n",
			"INTOS", "NONE", "by=CAT:INTOS",
		},
		{
			DMARCEnforced, results("spf=none;dmarc=fail action=oreject header.from=contoso.com;compauth=fail reason=000") + entry + fromUs,
			"reason=000", "reason=100", "domain=contoso.com reason=000",
		},
		{
			WeakRecords, results("spf=none;dmarc=none action=none header.from=contoso.com;compauth=fail reason=001") + entry + fromUs,
			"compauth=fail", "compauth=pass", "domain=contoso.com reason=001",
		},
		{
			RecordBroken, results("spf=permerror smtp.mailfrom=contoso.com") + entry + fromUs,
			"permerror", "none", "what=SPF domain=contoso.com",
		},
		{
			RecordBroken, results("dmarc=permerror action=none header.from=contoso.com") + entry + fromUs,
			"permerror", "none", "what=DMARC domain=contoso.com",
		},
		{
			DNSFailed, results("spf=temperror smtp.mailfrom=contoso.com") + entry + fromUs,
			"temperror", "none", "what=SPF domain=contoso.com",
		},
		{
			DNSFailed, results("dkim=timeout (key query timeout) header.d=contoso.com") + entry + fromUs,
			"timeout (key query timeout)", "none", "what=DKIM domain=contoso.com",
		},
		{
			BodyChanged, results("dkim=fail (body hash did not verify) header.d=contoso.com") + entry + fromUs,
			"body hash", "signature", "domain=contoso.com",
		},
		{
			BodyChanged, results("dkim=fail (body hash did not verify) header.d=contoso.com") + entry + fromUs,
			"header.d=contoso.com", "header.d=list.example", "domain=contoso.com",
		},
		{
			FilterBypassed, results("compauth=none reason=451") + entry + fromUs,
			"reason=451", "reason=100", "by=compauth=none reason=451",
		},
		{
			FilterBypassed, entry + fromUs + "X-Forefront-Antispam-Report: IPV:NLI;SFV:SKN;\n",
			"SKN", "NSPM", "by=SFV:SKN",
		},
		{
			FilterBypassed, entry + fromUs + "X-Forefront-Antispam-Report: IPV:CAL;\n",
			"CAL", "NLI", "by=IPV:CAL",
		},
		{
			OtherTenant, entry + anonymous + fromUs + "X-MS-Exchange-CrossTenant-AuthAs: Internal\nX-MS-Exchange-CrossTenant-Id: other\n",
			"AuthAs: Internal\nX-MS-Exchange-CrossTenant-Id", "AuthAs: Anonymous\nX-MS-Exchange-CrossTenant-Id", "tenant=other",
		},
		{
			StrayStamps, entry + fromUs + "X-Ms-Exchange-Organization-Authas: Internal\n",
			"X-Ms-Exchange-Organization-Authas: Internal\n", "", "headers=X-MS-Exchange-Organization-AuthAs",
		},
		{
			StrayStamps, entry + fromUs + internal + anonymous,
			anonymous, "", "headers=X-MS-Exchange-Organization-AuthAs",
		},
		{
			StrayStamps, "Received: from x by mx.google.com\n" + results("spf=pass") + entry + fromUs,
			"by mx.google.com", "by x.outlook.com", "headers=authentication-results",
		},
		{
			WayMissing, results("spf=pass") + fromUs, "From:", "Received: from a by mx.google.com\nFrom:", "headers=authentication-results",
		},
		{
			ListedDifferently, entry + "From: a@news.contoso.com\n", "news.", "", "domain=news.contoso.com",
		},
		{Unexplained, results("spf=neutral smtp.mailfrom=contoso.com") + entry + anonymous + fromUs, "neutral", "fail", ""},
	}
	tried := map[Row]bool{}
	for _, tt := range tests {
		if tt.old == "" && tt.row == Authenticated { // the one row that must not fit an internal message
			if got := explained(t, tt.message, contoso()); strings.Contains(got, string(tt.row)) {
				t.Errorf("%s fits an internal message: %s", tt.row, got)
			}
			continue
		}
		tried[tt.row] = true
		causes := Explain(read(t, tt.message), contoso())
		if causes[0].Row != tt.row {
			t.Errorf("%s: %v, of\n%s", tt.row, causes, tt.message)
			continue
		}
		var args []string
		for i := 0; i+1 < len(causes[0].Args); i += 2 {
			args = append(args, causes[0].Args[i]+"="+causes[0].Args[i+1])
		}
		if got := strings.Join(args, " "); got != tt.args {
			t.Errorf("%s: %s, want %s", tt.row, got, tt.args)
		}
		// What speaks of an internal domain is not said without the list, and the rest all the same.
		unlisted := contoso()
		unlisted.List = nil
		fits := slices.ContainsFunc(Explain(read(t, tt.message), unlisted), func(c Cause) bool { return c.Row == tt.row })
		if needs := slices.Contains(needList, tt.row); fits == needs {
			t.Errorf("%s without the list: fits %v", tt.row, fits)
		}
		changed := strings.ReplaceAll(tt.message, tt.old, tt.new)
		if changed == tt.message {
			t.Fatalf("%s: nothing to change", tt.row)
		}
		if got := Explain(read(t, changed), contoso()); got[0].Row == tt.row {
			t.Errorf("%s still fits after %q became %q", tt.row, tt.old, tt.new)
		}
	}
	for _, r := range table {
		if !tried[r.row] {
			t.Errorf("no message for %s", r.row)
		}
	}
}

// needList are the rows that say of a domain that it is, or is not, an internal one.
var needList = []Row{SenderNotListed, OtherNotListed, RelayLoop, DirectSend, ServiceSends, Authenticated, ListedDifferently}

// TestTheCauseComesFirst: a message can fit several rows, and the order of the table decides.
func TestTheCauseComesFirst(t *testing.T) {
	const both = "spf=fail (sender IP is 203.0.113.50) smtp.mailfrom=contoso.com;dmarc=fail action=quarantine header.from=contoso.com;compauth=fail reason=000"
	if got := explained(t, results(both)+entry+anonymous+fromUs, contoso()); got != "direct_send dmarc_enforced" {
		t.Errorf("got %s", got)
	}
	// Nothing that needs the list is said without it.
	k := contoso()
	k.List = nil
	if got := explained(t, entry+"From: a@stranger.example\nReply-To: b@other.example\n", k); got != "unexplained" {
		t.Errorf("without the list: %s", got)
	}
}

// TestWhoIsOfTheSendersOrganisation: by the public suffix list, not by the ends of names (RFC 7489,
// 3.1.1 and 3.2); and what a strict record refuses is not authenticated.
func TestWhoIsOfTheSendersOrganisation(t *testing.T) {
	k := contoso()
	k.List = func(string) Membership { return Listed }
	for _, tt := range []struct {
		from, envelope, dmarc string
		authenticated         bool
	}{
		{"contoso.co.uk", "contoso.co.uk", "none", true},
		{"news.contoso.co.uk", "mail.contoso.co.uk", "none", true}, // neither is the end of the other
		{"contoso.co.uk", "co.uk", "none", false},
		{"contoso.co.uk", "fabrikam.co.uk", "none", false},
		{"contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com", "none", false},
		{"bücher.example", "xn--bcher-kva.example", "none", true},
		{"contoso.com", "mail.contoso.com", "fail", false}, // aspf=s
	} {
		got := explained(t, results("spf=pass smtp.mailfrom="+tt.envelope+";dmarc="+tt.dmarc+" header.from="+tt.from)+entry+anonymous+
			"From: a@"+tt.from+"\n", k)
		if strings.Contains(got, string(Authenticated)) != tt.authenticated {
			t.Errorf("%s by %s: %s", tt.from, tt.envelope, got)
		}
	}
}

// TestServices: a service is known by the end of its host's name, and each is to be included by a name
// that its own page gives.
func TestServices(t *testing.T) {
	for host, want := range map[string]string{
		"a8-31.smtp-out.amazonses.com": "amazonses.com", "smtp-07.na31.mta.salesforce.com": "_spf.salesforce.com", "outbyoip1.pod17.use1.zdsys.com": "",
		"outpod17.zendesk.com": "mail.zendesk.com", "o11.p8.mailjet.com": "spf.mailjet.com", "mail-ej1-f41.google.com": "_spf.google.com",
		"notgoogle.com": "", "google.com.evil.example": "", "": "",
	} {
		if s, ok := serviceOf(host); s.include != want || ok != (want != "") {
			t.Errorf("%s: %+v, %v", host, s, ok)
		}
	}
}

// TestForgeryThroughTheRelay: the address of the relay is good and the sender behind it is not. It is
// the forgery that is to blame, whatever the relay does to the results.
func TestForgeryThroughTheRelay(t *testing.T) {
	inline := samples(t, "inline.txt")[0]
	forged := strings.Replace(inline, "spf=pass (sender IP is 203.0.113.50)", "spf=fail (sender IP is 198.51.100.7)", 1)
	before, own, _ := strings.Cut(forged, "spf=fail (sender IP is 198.51.100.7)")
	own = strings.NewReplacer("dkim=pass (signature was verified)", "dkim=none (message not signed)", "dmarc=pass", "dmarc=fail",
		"compauth=pass reason=100", "compauth=fail reason=000").Replace(own)
	forged = before + "spf=fail (sender IP is 198.51.100.7)" + own
	if got := explained(t, forged, contoso()); forged == inline || got != "direct_send dmarc_enforced" {
		t.Errorf("got %s", got)
	}
	nobody := contoso()
	nobody.Relays = nil
	literal := strings.ReplaceAll(inline, "repost-eu.tmcas.trendmicro.com (20.160.56.82)", "[20.160.56.82] (198.51.100.7)")
	literal = strings.ReplaceAll(literal, "sender IP is 20.160.56.82", "sender IP is 198.51.100.7")
	if got := explained(t, literal, contoso()); literal == inline || !strings.HasPrefix(got, "direct_send") || strings.Contains(got, "relay_loop") {
		t.Errorf("with hops that it wrote itself: %s", got)
	}
	if got := explained(t, forged, nobody); !strings.HasPrefix(got, "direct_send") || strings.Contains(got, "relay_loop") {
		t.Errorf("with a relay that is known by its name only: %s", got)
	}
}

// TestWithoutTheWay: nothing is believed then, and what it would be is said all the same. Stamps that
// Exchange does not write so are wrong without the way as well.
func TestWithoutTheWay(t *testing.T) {
	for section, want := range map[string]string{
		internal + fromUs: "way_missing inside_tenant?",
		results("spf=fail (sender IP is 203.0.113.50) smtp.mailfrom=contoso.com;compauth=fail reason=000") + fromUs: "way_missing direct_send? dmarc_enforced?",
		results("spf=pass") + "From: a@fabrikam.com\n":                                                              "sender_not_listed way_missing",
		"X-Ms-Exchange-Organization-Authas: Internal\n" + fromUs:                                                    "stray_stamps",
		fromUs: "unexplained",
	} {
		if got := explained(t, section, contoso()); got != want {
			t.Errorf("%s: %s, want %s", section, got, want)
		}
	}
}

// TestSamplesOfMicrosoft: the documentation's own examples, for the organisations they speak of.
func TestSamplesOfMicrosoft(t *testing.T) {
	want := []string{
		"other_not_listed weak_records", // the envelope is a stranger's, and DMARC has nothing to say
		"sender_not_listed weak_records",
		"sender_not_listed", // a best-guess pass
		"direct_send dmarc_enforced",
		"unexplained", // not spam, and nothing more
	}
	var got []string
	for _, s := range samples(t, "ms-docs-examples.txt") {
		if !strings.Contains(s, "From:") {
			s = fromUs + s
		}
		got = append(got, explained(t, s+exchange, contoso()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSamplesOfInternalMail: each is what its comment says.
func TestSamplesOfInternalMail(t *testing.T) {
	all := samples(t, "real-internal-shapes.txt")
	const zeros = "00000000-0000-0000-0000-000000000000"
	own := contoso()
	own.Tenant = zeros
	unknown := contoso()
	unknown.Tenant = ""
	for i, tt := range []struct {
		sample int
		known  Known
		want   string
	}{
		{0, contoso(), "inside_tenant"}, // cloud mailbox to cloud mailbox
		{1, contoso(), "hybrid_spf"},    // from on premises, believed, and the address is in no record
		{2, contoso(), "other_tenant"},  // internal when it left, to a tenant that is not ours
		{2, own, "inside_tenant"},
		{2, unknown, "other_tenant"}, // whose it is cannot be told
		{3, contoso(), "stray_stamps"},
		{4, contoso(), "unexplained"}, // an ordinary message of a sender that the sample leaves out
	} {
		s := all[tt.sample] + exchange
		if !strings.Contains(s, "From:") {
			s = fromUs + s
		}
		if got := explained(t, s, tt.known); got != tt.want {
			t.Errorf("%d, sample %d: %s, want %s", i, tt.sample+1, got, tt.want)
		}
	}
	// Ordinary mail from outside is external because of its sender.
	if got := explained(t, "From: a@fabrikam.com\n"+all[4]+exchange, contoso()); got != "sender_not_listed" {
		t.Errorf("from outside: %s", got)
	}
}

// TestInlineRelay: what the relay of Cloud App Security brought in again is known by its
// address. Without it nothing below passes, whatever it calls itself.
func TestInlineRelay(t *testing.T) {
	inline := samples(t, "inline.txt")[0]
	nobody := contoso()
	nobody.Relays = nil
	for name, tt := range map[string]struct {
		section string
		known   Known
		proven  bool
	}{
		"known":                         {inline, contoso(), true},
		"not known":                     {inline, nobody, false},
		"another address":               {strings.ReplaceAll(inline, "20.160.56.82", "192.0.2.66"), contoso(), false},
		"not from Exchange Online":      {strings.ReplaceAll(inline, "40.107.1.2", "192.0.2.66"), contoso(), false},
		"under a name that says little": {strings.ReplaceAll(inline, "from repost-eu.tmcas.trendmicro.com", "from outmta"), contoso(), true},
	} {
		h := read(t, tt.section)
		d := Decide(h, tt.known.Relays)
		if !d.OK || !d.Reinjected || d.Proven != tt.proven || d.Result.SPF.Result != "pass" {
			t.Errorf("%s: %+v (%s)", name, d, line(d.Result))
		}
		if got := Explain(h, tt.known)[0]; got.Row != RelayLoop {
			t.Errorf("%s: %v", name, got)
		}
	}
	// A sender names the relay's address in HELO; Exchange Online wrote its own beside it.
	forged := strings.ReplaceAll(inline, "repost-eu.tmcas.trendmicro.com (20.160.56.82)", "[20.160.56.82] (198.51.100.7)")
	forged = strings.ReplaceAll(forged, "sender IP is 20.160.56.82", "sender IP is 198.51.100.7")
	if d := Decide(read(t, forged), contoso().Relays); forged == inline || !d.OK || d.Proven || d.Reinjected || d.Result.SPF.Result != "fail" {
		t.Errorf("the address in HELO: %+v (%s)", d, line(d.Result))
	}
	// Enhanced filtering looks past the relay.
	if got := explained(t, inline+"\nX-MS-Exchange-SkipListedInternetSender: ip=[203.0.113.50];domain=mail.contoso.com\n", contoso()); strings.Contains(got, "relay_loop") {
		t.Errorf("with enhanced filtering: %s", got)
	}
	// Of outgoing mail Exchange Online kept what it found before the relay: a mailbox's own message.
	h := read(t, samples(t, "inline-outbound.txt")[0])
	d := Decide(h, contoso().Relays)
	if !d.OK || !d.Proven || d.Relay != "20.160.56.82" || line(d.Result) != "dkim=none none, dmarc=none none contoso.com" {
		t.Errorf("outgoing: %+v (%s)", d, line(d.Result))
	}
}

// TestStampsOfOthers: the tenant's id is public, and anybody can write all of these headers. They
// count only in a copy that Microsoft delivered last, and not against what Exchange Online stamped.
func TestStampsOfOthers(t *testing.T) {
	const (
		stranger = "Received: from evil (198.51.100.7) by mx.other.example\n"
		crossed  = "X-MS-Exchange-CrossTenant-AuthAs: Internal\nX-MS-Exchange-CrossTenant-Id: " + ownTenant + "\n"
		report   = "X-Forefront-Antispam-Report: CIP:255.255.255.255;SFV:SKN;CAT:SPOOF\n"
	)
	for name, tt := range map[string]struct{ section, want string }{
		"delivered by Microsoft":       {crossed + between + fromUs, "inside_tenant"},
		"by another server":            {crossed + stranger + fromUs, "stray_stamps"},
		"against the stamp":            {crossed + between + anonymous + fromUs, "unexplained"},
		"a report of Microsoft":        {report + between + fromUs, "self_spoof filter_bypassed"},
		"a report of another":          {report + stranger + fromUs, "stray_stamps"},
		"the own tenant is no other":   {crossed + results("spf=fail smtp.mailfrom=contoso.com") + entry + anonymous + fromUs, "direct_send"},
		"another tenant, not received": {strings.ReplaceAll(crossed, ownTenant, "other") + stranger + fromUs, "stray_stamps"},
	} {
		if got := explained(t, tt.section, contoso()); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	// What is left out is named.
	got := Explain(read(t, crossed+report+stranger+fromUs), contoso())[0]
	if diff := cmp.Diff([]string{"headers", "X-MS-Exchange-CrossTenant, X-Forefront-Antispam-Report"}, got.Args); diff != "" {
		t.Error(diff)
	}
}

// TestInside: the stamp is believed only where nobody outside of Microsoft wrote after it.
func TestInside(t *testing.T) {
	for name, tt := range map[string]struct {
		section string
		want    bool
	}{
		"delivered by Microsoft": {between + internal + fromUs, true},
		"by another server":      {"Received: from x by mx.google.com\n" + between + internal + fromUs, false},
		"no hop":                 {internal + fromUs, false},
		"anonymous":              {between + anonymous + fromUs, false},
		"in other letters":       {between + strings.ToLower(internal) + fromUs, false},
	} {
		if got := Inside(read(t, tt.section)); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// BenchmarkRead is one message's header section: reading it, deciding what counts and why.
func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"ms-docs-examples.txt", "inline.txt", "inline-outbound.txt"} {
		section := []byte(samples(b, name)[0] + exchange)
		b.Run(strings.TrimSuffix(name, ".txt"), func(b *testing.B) {
			k := contoso()
			b.SetBytes(int64(len(section)))
			b.ReportAllocs()
			for b.Loop() {
				h, err := Read(section)
				if err != nil {
					b.Fatal(err)
				}
				Explain(h, k)
			}
		})
	}
}
