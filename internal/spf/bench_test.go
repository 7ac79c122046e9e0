package spf

import (
	"net/netip"
	"testing"
)

// warm is the policy of an organisation that sends from Exchange Online, two services and a server
// of its own: nine look-ups, eight records, the sizes of real ones.
func warm(t testing.TB) zone {
	return records(t,
		"contoso.com TXT v=spf1 mx a:mail.contoso.com include:spf.protection.outlook.com include:_spf.crm.example include:_spf.news.example -all",
		"contoso.com MX 0 contoso-com.mail.protection.outlook.com", "mail.contoso.com A 203.0.113.9",
		"contoso-com.mail.protection.outlook.com A 198.51.100.1",
		"spf.protection.outlook.com TXT v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/26 ip4:198.51.100.0/25 ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 ip6:2001:db8:3::/48 -all",
		"_spf.crm.example TXT v=spf1 include:_a.crm.example include:_b.crm.example ~all",
		"_a.crm.example TXT v=spf1 ip4:198.51.100.128/27 ip4:198.51.100.160/27 ip4:198.51.100.192/27 ~all",
		"_b.crm.example TXT v=spf1 ip4:198.51.100.224/27 ip6:2001:db8:4::/48 ~all",
		"_spf.news.example TXT v=spf1 include:_c.news.example exists:%{i}._spf.news.example ~all",
		"_c.news.example TXT v=spf1 ip4:203.0.113.128/25 ~all",
	)
}

// BenchmarkCheck is one evaluation that walks the whole of a warm record tree and fails at its end.
func BenchmarkCheck(b *testing.B) {
	c := New(warm(b))
	q := Query{IP: netip.MustParseAddr("203.0.113.77"), Helo: "mail.contoso.com", Sender: "adele@contoso.com"}
	if r := c.Check(b.Context(), q); r.Result != Fail || r.Lookups != 9 {
		b.Fatal(r.Result, r.Lookups, r.Why)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Check(b.Context(), q)
	}
}

// BenchmarkCheckFirst is the same with a new Checker each time: every record is parsed.
func BenchmarkCheckFirst(b *testing.B) {
	z := warm(b)
	q := Query{IP: netip.MustParseAddr("203.0.113.77"), Helo: "mail.contoso.com", Sender: "adele@contoso.com"}
	b.ReportAllocs()
	for b.Loop() {
		New(z).Check(b.Context(), q)
	}
}

// BenchmarkTree is the look at the whole policy.
func BenchmarkTree(b *testing.B) {
	c := New(warm(b))
	if t := c.Tree(b.Context(), "contoso.com"); t.Lookups != 9 {
		b.Fatal(t.Lookups, problems(t))
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Tree(b.Context(), "contoso.com")
	}
}

// BenchmarkParse is one record of the length that most have.
func BenchmarkParse(b *testing.B) {
	text := warm(b)["contoso.com"]["TXT"][0]
	b.ReportAllocs()
	for b.Loop() {
		Parse(text)
	}
}
