package spf

import (
	"context"
	"net"
	"net/netip"
	"testing"

	other "blitiri.com.ar/go/spf"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// asNet is a Resolver with the methods of net.Resolver.
type asNet struct{ maildns.Resolver }

func (r asNet) lookup(ctx context.Context, name string, rr facts.RRType) ([]string, error) {
	found, failure := r.Lookup(ctx, host(name), rr)
	switch {
	case failure != nil && failure.Kind != facts.NotFound:
		return nil, &net.DNSError{Err: failure.Error(), Name: name, IsTemporary: true}
	case len(found) == 0:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return found, nil
}

func (r asNet) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return r.lookup(ctx, name, facts.TypeTXT)
}

func (r asNet) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	found, err := r.lookup(ctx, name, facts.TypeMX)
	var out []*net.MX
	for _, m := range found {
		out = append(out, &net.MX{Host: exchanger(m)})
	}
	return out, err
}

func (r asNet) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	four, err := r.lookup(ctx, name, facts.TypeA)
	six, err6 := r.lookup(ctx, name, facts.TypeAAAA)
	var out []net.IPAddr
	for _, a := range append(append([]string{}, four...), six...) {
		out = append(out, net.IPAddr{IP: net.ParseIP(a)})
	}
	if len(out) > 0 {
		return out, nil
	}
	if err == nil {
		err = err6
	}
	return nil, err
}

func (r asNet) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return r.lookup(ctx, reverseName(netip.MustParseAddr(addr).Unmap()), facts.TypePTR)
}

// lenient are the cases of the suite in which blitiri.com.ar/go/spf v1.6.0 gives another result
// than RFC 7208 wants: mostly errors that it overlooks, because it stops at the first match.
var lenient = map[string]bool{
	"a-bad-domain":                 true,
	"a-bad-toplabel":               true,
	"a-colon-domain":               true,
	"a-colon-domain-ip4mapped":     true,
	"a-null":                       true,
	"a-numeric":                    true,
	"a-numeric-toplabel":           true,
	"a-only-toplabel":              true,
	"a-only-toplabel-trailing-dot": true,
	"bare-ip6":                     true,
	"cidr4-032":                    true,
	"control-char-policy":          true,
	"detect-errors-anywhere":       true,
	"exp-empty-domain":             true,
	"exp-only-macro-char":          true,
	"exp-syntax-error":             true,
	"exp-twice":                    true,
	"invalid-domain":               true,
	"mx-bad-domain":                true,
	"mx-bad-toplab":                true,
	"mx-colon-domain":              true,
	"mx-colon-domain-ip4mapped":    true,
	"mx-null":                      true,
	"mx-numeric-top-label":         true,
	"non-ascii-policy":             true,
	"p-macro-multiple":             true,
	"redirect-empty-domain":        true,
	"redirect-is-modifier":         true,
	"redirect-syntax-error":        true,
	"unknown-modifier-syntax":      true,
}

// TestAgainstAnother evaluates the suite with another implementation as well. Where both agree,
// it is not only the reading of one pair of eyes; where they do not, the suite decides
// (TestSuite), and the difference is one that is known.
func TestAgainstAnother(t *testing.T) {
	agree := 0
	for _, s := range suite(t, "rfc7208-tests.yml") {
		for name, c := range s.Tests {
			q := c.query(t)
			theirs, err := other.CheckHostWithSender(q.IP.AsSlice(), q.Helo, q.Sender, other.WithResolver(asNet{s.Zone}), other.WithContext(t.Context()))
			ours := New(s.Zone).Check(t.Context(), q)
			switch {
			case string(theirs) == string(ours.Result):
				agree++
				if lenient[name] {
					t.Errorf("%s: they agree now: take it off the list", name)
				}
			case !lenient[name]:
				t.Errorf("%s: %s (%v), the other has %s (%v)", name, ours.Result, ours.Why, theirs, err)
			}
		}
	}
	if agree+len(lenient) != 203 {
		t.Errorf("%d cases have the same result, %d differ", agree, len(lenient))
	}
}
