package maildns

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// server answers with the name of the question, and counts.
type server struct{ asked atomic.Int32 }

func (s *server) Lookup(_ context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	s.asked.Add(1)
	switch name {
	case "silent.example":
		return nil, &facts.Failure{Kind: facts.Timeout}
	case "nowhere.example":
		return nil, &facts.Failure{Kind: facts.NotFound, Code: "NXDOMAIN"}
	case "empty.example":
		return nil, nil
	}
	return []string{string(rr) + " of " + name}, nil
}

// TestReplay: a Zone of what was recorded answers as the server did, also after a detour through
// the evidence file, and knows what nobody asked.
func TestReplay(t *testing.T) {
	live := &server{}
	rec := Record(live, 100)
	names := []string{"b.example", "silent.example", "a.example", "nowhere.example", "empty.example", "a.example"}
	for _, n := range names {
		for _, rr := range []facts.RRType{facts.TypeTXT, facts.TypeA} {
			_, _ = rec.Lookup(t.Context(), n, rr)
		}
	}
	if got := live.asked.Load(); got != 10 {
		t.Errorf("%d questions, want 10: each once", got)
	}
	answers := rec.Answers()
	var order []string
	for _, a := range answers {
		order = append(order, a.Name+" "+string(a.Type))
	}
	want := []string{
		"a.example A", "a.example TXT", "b.example A", "b.example TXT", "empty.example A", "empty.example TXT",
		"nowhere.example A", "nowhere.example TXT", "silent.example A", "silent.example TXT",
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	var again []facts.DNSAnswer
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	zone := NewZone(again)
	for _, n := range names {
		was, whyNot := rec.Lookup(t.Context(), n, facts.TypeTXT)
		is, why := zone.Lookup(t.Context(), n, facts.TypeTXT)
		if !slices.Equal(was, is) || (why == nil) != (whyNot == nil) || why != nil && why.Kind != whyNot.Kind {
			t.Errorf("%s: %v, %v; recorded %v, %v", n, is, why, was, whyNot)
		}
	}
	for name, kind := range map[string]facts.Kind{
		"silent.example": facts.Timeout, "nowhere.example": facts.NotFound, "empty.example": facts.NotFound, "other.example": facts.NotCollected,
	} {
		if got, why := zone.Lookup(t.Context(), name, facts.TypeTXT); got != nil || why == nil || why.Kind != kind {
			t.Errorf("%s: %v, %v, want %s", name, got, why, kind)
		}
	}
	if _, why := zone.Lookup(t.Context(), "a.example", facts.TypeMX); why == nil || why.Kind != facts.NotCollected {
		t.Errorf("another type: %v", why)
	}
}

// TestAnIncompleteAnswer is none that a policy could be judged by, and one that nobody filled in
// was not collected.
func TestAnIncompleteAnswer(t *testing.T) {
	zone := NewZone([]facts.DNSAnswer{
		{Name: "a.example", Type: facts.TypeTXT, Records: facts.Partly([]string{"x"}, &facts.Failure{Kind: facts.Malformed})},
		{Name: "b.example", Type: facts.TypeTXT},
	})
	for name, kind := range map[string]facts.Kind{"a.example": facts.Malformed, "b.example": facts.NotCollected} {
		if got, why := zone.Lookup(t.Context(), name, facts.TypeTXT); got != nil || why == nil || why.Kind != kind {
			t.Errorf("%s: %v, %v", name, got, why)
		}
	}
}

// waiting answers when it is let go.
type waiting chan struct{}

func (w waiting) Lookup(context.Context, string, facts.RRType) ([]string, *facts.Failure) {
	<-w
	return []string{"late"}, nil
}

// TestStillAwaited: nobody is held up by a question that another one has asked, and what is not
// there yet is a timeout.
func TestStillAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := make(waiting)
		rec := Record(server, 10)
		first := make(chan []string)
		go func() {
			got, _ := rec.Lookup(t.Context(), "a.example", facts.TypeA)
			first <- got
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, why := rec.Lookup(ctx, "a.example", facts.TypeA); got != nil || why == nil || why.Kind != facts.Timeout {
			t.Errorf("%v, %v", got, why)
		}
		if got := rec.Answers(); len(got) != 1 || got[0].Records.Why() == nil || got[0].Records.Why().Kind != facts.Timeout {
			t.Errorf("%v", got)
		}
		close(server)
		if got := <-first; len(got) != 1 {
			t.Errorf("%v", got)
		}
		if got := rec.Answers(); !got[0].Records.Complete() {
			t.Errorf("%v", got)
		}
	})
}

// TestRecorderIsShared: many at once ask each question once, and no more than the limit.
func TestRecorderIsShared(t *testing.T) {
	live := &server{}
	rec := Record(live, 10)
	var wg sync.WaitGroup
	var refused atomic.Int32
	for i := range 100 {
		wg.Go(func() {
			got, why := rec.Lookup(t.Context(), strconv.Itoa(i%12)+".example", facts.TypeA)
			switch {
			case why == nil && len(got) == 1:
			case why != nil && why.Kind == facts.NotCollected && why.Code == "limit":
				refused.Add(1)
			default:
				t.Errorf("%v, %v", got, why)
			}
		})
	}
	wg.Wait()
	if live.asked.Load() != 10 || len(rec.Answers()) != 10 || rec.Refused() != 2 || refused.Load() < 2 {
		t.Errorf("%d asked, %d kept, %d refused", live.asked.Load(), len(rec.Answers()), refused.Load())
	}
}

func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"Contoso.COM.": "contoso.com", "bücher.example": "xn--bcher-kva.example", "BÜCHER。example。": "xn--bcher-kva.example",
		"faß.example": "xn--fa-hia.example", " a.example ": "a.example", "_dmarc.A.example": "_dmarc.a.example",
		"not a domain": "not a domain", "": "", "a..b": "a..b",
	} {
		if got := Name(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestExchange: the names that Microsoft documents, and some that only look like them.
func TestExchange(t *testing.T) {
	for target, want := range map[string]string{
		"selector1-contoso-com._domainkey.contoso.onmicrosoft.com":              "selector1 of contoso",
		"Selector2-Contoso-Com._domainkey.Contoso.onmicrosoft.com.":             "selector2 of contoso",
		"selector1-contoso-com._domainkey.contoso.r-v1.dkim.mail.microsoft":     "selector1 of contoso",
		"selector2-contoso-com._domainkey.contoso.n-v1.dkim.mail.microsoft":     "selector2 of contoso",
		"selector1._domainkey.contoso.onmicrosoft.com":                          "selector1 of contoso",
		"selector1-contoso-com._domainkey.contoso.onmicrosoft.us":               "selector1 of contoso",
		"selector3-contoso-com._domainkey.contoso.onmicrosoft.com":              "",
		"selector1-contoso-com._domainkey.contoso.example":                      "",
		"selector1-contoso-com._domainkey.contoso.onmicrosoft.com.evil.example": "",
		"s1.domainkey.u1.wl.sendgrid.net":                                       "",
		"":                                                                      "",
	} {
		got := ""
		if selector, tenant, ok := SelectorTarget(target); ok {
			got = selector + " of " + tenant
		}
		if got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
	for host, want := range map[string]bool{
		"contoso-com.mail.protection.outlook.com": true, "CONTOSO-COM.MAIL.PROTECTION.OUTLOOK.COM.": true,
		"contoso-com.v-v1.mx.microsoft": true, "contoso-us.mail.protection.office365.us": true,
		"contoso-cn.mail.protection.partner.outlook.cn": true,
		"mail.protection.outlook.com.evil.example":      false, "mx.contoso.com": false, "": false,
		"evilmail.protection.outlook.com": false,
	} {
		if IsExchangeOnline(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
	for name, want := range map[string]bool{
		"spf.protection.outlook.com": true, "SPF.protection.outlook.com.": true, "spf.protection.office365.us": true,
		"_spf.google.com": false, "spf.protection.outlook.com.example": false, "": false,
	} {
		if IncludesExchangeOnline(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if diff := cmp.Diff([]string{"selector1._domainkey.contoso.com", "selector2._domainkey.contoso.com"}, Selectors("contoso.com")); diff != "" {
		t.Error(diff)
	}
}

// TestSelectorTargets: the form that Microsoft documents, which its own reader takes apart again.
func TestSelectorTargets(t *testing.T) {
	want := []string{"selector1-mail-contoso-com._domainkey.contoso.onmicrosoft.com", "selector2-mail-contoso-com._domainkey.contoso.onmicrosoft.com"}
	got := SelectorTargets("mail.contoso.com", "contoso.onmicrosoft.com")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, target := range got {
		if _, tenant, ok := SelectorTarget(target); !ok || tenant != "contoso" {
			t.Errorf("%s: %q, %v", target, tenant, ok)
		}
	}
	if got := SelectorTargets("contoso.com", ""); got != nil {
		t.Errorf("without a tenant: %v", got)
	}
}

// TestEntry: how a name may be written, and what it is then. The values were measured
// with golang.org/x/net/idna.
func TestEntry(t *testing.T) {
	for text, want := range map[string]string{
		" contoso.com ": "contoso.com", "contoso.com.": "contoso.com", "CONTOSO.com": "contoso.com", "@contoso.com": "contoso.com",
		"smtp:contoso.com": "contoso.com", "SMTP:@Contoso.com": "contoso.com", "_dmarc.contoso.com": "_dmarc.contoso.com",
		"bücher.example": "xn--bcher-kva.example", "xn--bcher-kva.example": "xn--bcher-kva.example", "bücher。example": "xn--bcher-kva.example",
		"BÜCHER.example": "xn--bcher-kva.example", "faß.de": "xn--fa-hia.de", "fass.de": "fass.de",
		"xn--zzzzzz.com": "", "contoso .com": "", "contoso.com/mail": "", "contoso.com:25": "", "192.0.2.1": "", "2001:db8::1": "",
		"": "", ".": "", "a..b": "", ".contoso.com": "", "*": "", "*.": "",
	} {
		if got, wildcard := Entry(text); got != want || wildcard && want != "" {
			t.Errorf("%q is %q (wildcard %v), want %q", text, got, wildcard, want)
		}
	}
	if got, wildcard := Entry("*.contoso.com"); got != "contoso.com" || !wildcard {
		t.Errorf("a wildcard is %q, %v", got, wildcard)
	}
}
