package lab

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/casdoctor/casdoctor/internal/spf"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// practiceZone answers from the records of an organisation.
type practiceZone map[string][]dns.RR

func (z practiceZone) Lookup(_ context.Context, name string, rr facts.RRType) (out []string, _ *facts.Failure) {
	for _, record := range z[name+"."] {
		switch r := record.(type) {
		case *dns.TXT:
			if rr == facts.TypeTXT {
				out = append(out, strings.Join(r.Txt, ""))
			}
		case *dns.MX:
			if rr == facts.TypeMX {
				out = append(out, strconv.Itoa(int(r.Preference))+" "+r.Mx)
			}
		}
	}
	return out, nil
}

// TestMessagesAgreeWithDNS: what Exchange Online stamped on a practice message is what the SPF
// records of the practice organisation give for its client.
func TestMessagesAgreeWithDNS(t *testing.T) {
	zone, err := (&Lab{org: Organisation{Zone: mailRecords("contoso.com")}}).zone()
	if err != nil {
		t.Fatal(err)
	}
	checker := spf.New(practiceZone(zone))
	for _, want := range []spf.Result{spf.Pass, spf.Fail} {
		file := message{from: "a@contoso.com", spf: string(want)}.file()
		_, rest, _ := strings.Cut(file, "sender IP is ")
		ip, _, _ := strings.Cut(rest, ")")
		got := checker.Check(t.Context(), spf.Query{IP: netip.MustParseAddr(ip), Sender: "a@contoso.com"})
		if got.Result != want || strings.Count(file, ip) != 3 {
			t.Errorf("%s is stamped %s, and the records say %s (%v)", ip, want, got.Result, got.Why)
		}
	}
	if problems := checker.Tree(t.Context(), "contoso.com").All(); len(problems) > 0 {
		t.Errorf("a healthy policy has problems: %v", problems)
	}
}
