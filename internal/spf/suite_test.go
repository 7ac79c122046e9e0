package spf

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// scenario is one document of a test suite.
type scenario struct {
	Description string
	Tests       map[string]suiteCase
	Zone        zone
}

type suiteCase struct {
	Helo, Host, MailFrom string
	Results              []string
	Explanation          string
	Strict               string
}

// zone is the zonedata of a scenario: for every name its records, in the form of DNSAnswer, and
// "TIMEOUT" where only some of its types answer.
type zone map[string]map[facts.RRType][]string

const timeout facts.RRType = "TIMEOUT"

// maxAliases bounds a chain of CNAMEs; a resolver gives up on a loop.
const maxAliases = 10

func (z zone) Lookup(_ context.Context, name string, rr facts.RRType) ([]string, *facts.Failure) {
	for range maxAliases {
		records, ok := z[name]
		switch {
		case !ok:
			return nil, &facts.Failure{Kind: facts.NotFound, Code: "NXDOMAIN"}
		case len(records[rr]) > 0:
			return records[rr], nil
		case len(records[facts.TypeCNAME]) > 0:
			if name = records[facts.TypeCNAME][0]; name == "" {
				return nil, &facts.Failure{Kind: facts.NotFound}
			}
		case records[timeout] != nil:
			return nil, &facts.Failure{Kind: facts.Timeout}
		default:
			return nil, nil // no error, no answer
		}
	}
	return nil, &facts.Failure{Kind: facts.Unavailable, Code: "SERVFAIL", Detail: "a loop of CNAMEs"}
}

// latin1 is the text with each character as the byte that it stands for: the suites write bytes
// that are no UTF-8 as YAML escapes.
func latin1(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return s
		}
		out = append(out, byte(r))
	}
	return string(out)
}

func host(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

// suite reads a test suite. The YAML is read as nodes: an address is not to become a number.
func suite(t testing.TB, file string) []scenario {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []scenario
	for d := yaml.NewDecoder(f); ; {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
			continue
		}
		s := scenario{Tests: map[string]suiteCase{}, Zone: zone{}}
		for key, v := range pairs(doc.Content[0]) {
			switch key {
			case "description", "comment":
				s.Description = v.Value
			case "tests":
				for name, c := range pairs(v) {
					s.Tests[name] = readCase(c)
				}
			case "zonedata":
				for name, records := range pairs(v) {
					s.Zone[host(name)] = readRecords(t, records)
				}
			}
		}
		out = append(out, s)
	}
}

func pairs(n *yaml.Node) func(func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

func readCase(n *yaml.Node) suiteCase {
	var c suiteCase
	for key, v := range pairs(n) {
		switch key {
		case "helo":
			c.Helo = v.Value
		case "host":
			c.Host = v.Value
		case "mailfrom":
			c.MailFrom = v.Value
		case "explanation":
			c.Explanation = v.Value
		case "strict":
			c.Strict = v.Value
		case "result":
			c.Results = []string{v.Value}
			if v.Kind == yaml.SequenceNode {
				c.Results = nil
				for _, r := range v.Content {
					c.Results = append(c.Results, r.Value)
				}
			}
		}
	}
	return c
}

// readRecords: records of type SPF stand for TXT where the name has none of that type.
func readRecords(t testing.TB, list *yaml.Node) map[facts.RRType][]string {
	t.Helper()
	out := map[facts.RRType][]string{}
	var legacy []string
	txt := false
	for _, n := range list.Content {
		if n.Kind == yaml.ScalarNode {
			if n.Value != "TIMEOUT" {
				t.Fatalf("not known: %q", n.Value)
			}
			out[timeout] = []string{""}
			continue
		}
		for rr, v := range pairs(n) {
			value := latin1(v.Value)
			if v.Kind == yaml.SequenceNode {
				value = ""
				for i, c := range v.Content {
					if rr == "MX" && i == 1 {
						value += " "
					}
					value += latin1(c.Value)
				}
			}
			switch rr {
			case "SPF":
				legacy = append(legacy, value)
			case "TXT":
				txt = true
				if value != "NONE" {
					out[facts.TypeTXT] = append(out[facts.TypeTXT], value)
				}
			case "CNAME", "PTR":
				out[facts.RRType(rr)] = append(out[facts.RRType(rr)], host(value))
			case "A", "AAAA", "MX":
				out[facts.RRType(rr)] = append(out[facts.RRType(rr)], value)
			default:
				t.Fatalf("not known: %q", rr)
			}
		}
	}
	if !txt {
		out[facts.TypeTXT] = legacy
	}
	return out
}

func (c *suiteCase) query(t testing.TB) Query {
	t.Helper()
	ip, err := netip.ParseAddr(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	return Query{IP: ip, Helo: c.Helo, Sender: c.MailFrom}
}

// TestSuite is the public test suite of RFC 7208, all of it. Where the RFC leaves a choice, the
// result that the suite names first is the one that is wanted.
func TestSuite(t *testing.T) {
	n := 0
	for _, s := range suite(t, "rfc7208-tests.yml") {
		for name, c := range s.Tests {
			n++
			t.Run(s.Description+"/"+name, func(t *testing.T) {
				got := New(s.Zone).Check(t.Context(), c.query(t))
				if string(got.Result) != c.Results[0] {
					t.Errorf("got %s (%v), want %v", got.Result, got.Why, c.Results)
				}
				if want := strings.TrimPrefix(c.Explanation, "DEFAULT"); c.Explanation != "" && got.Explanation != want {
					t.Errorf("the explanation is %q, want %q", got.Explanation, want)
				}
				if (got.Why == nil) != !slices.Contains([]Result{None, TempError, PermError}, got.Result) {
					t.Errorf("%s, but the problem is %v", got.Result, got.Why)
				}
			})
		}
	}
	if n != 203 {
		t.Errorf("%d cases, the suite has 203", n)
	}
}

// TestPyspf are the cases of pyspf. Two of them are about its own modes for the default=
// modifier of old drafts: lax, where it counts, and harsh, where it makes the result
// "ambiguous". By the RFC it has no effect (the suite's default-modifier-obsolete); here the
// look at the policy says what the record was meant to do, and that is compared.
func TestPyspf(t *testing.T) {
	n := 0
	for _, s := range suite(t, "pyspf-test.yml") {
		for name, c := range s.Tests {
			n++
			t.Run(name, func(t *testing.T) {
				checker := New(s.Zone)
				got := checker.Check(t.Context(), c.query(t))
				if c.Strict == "" {
					if string(got.Result) != c.Results[0] {
						t.Errorf("got %s (%v), want %v", got.Result, got.Why, c.Results)
					}
					return
				}
				if got.Result != Neutral {
					t.Errorf("got %s, want neutral: default= has no effect", got.Result)
				}
				problems := checker.Tree(t.Context(), got.Domain).All()
				i := slices.IndexFunc(problems, func(p *Problem) bool { return p.Code == ObsoleteDefault })
				switch {
				case i < 0:
					t.Errorf("the record is not called ambiguous: %v", problems)
				case c.Strict == "0" && problems[i].Detail != c.Results[0]:
					t.Errorf("it says that the record meant %s, want %v", problems[i].Detail, c.Results)
				}
			})
		}
	}
	if n != 16 {
		t.Errorf("%d cases, the file has 16", n)
	}
}
