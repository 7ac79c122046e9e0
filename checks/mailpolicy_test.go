package checks

import (
	"regexp"
	"slices"
	"testing"

	"github.com/casdoctor/casdoctor/internal/dmarc"
	"github.com/casdoctor/casdoctor/internal/spf"
)

// TestPolicyWords: every problem of a policy has a sentence in both languages, whose placeholders
// its reason fills in.
func TestPolicyWords(t *testing.T) {
	placeholder := regexp.MustCompile(`\{(\w+)\}`)
	used := map[string]bool{}
	holds := func(r Reason) {
		words, ok := policyWords[r.Code]
		if !ok {
			t.Errorf("%s has no words", r.Code)
			return
		}
		used[r.Code] = true
		var en, ja []string
		for _, m := range placeholder.FindAllStringSubmatch(words.EN, -1) {
			en = append(en, m[1])
			if r.Args[m[1]] == "" {
				t.Errorf("%s: nothing fills in {%s}", r.Code, m[1])
			}
		}
		for _, m := range placeholder.FindAllStringSubmatch(words.JA, -1) {
			ja = append(ja, m[1])
		}
		slices.Sort(en)
		slices.Sort(ja)
		if !slices.Equal(slices.Compact(en), slices.Compact(ja)) {
			t.Errorf("%s: {%v} in English, {%v} in Japanese", r.Code, en, ja)
		}
	}
	for _, c := range spf.Codes() {
		holds(spfReason(&spf.Problem{Code: c, Domain: "contoso.com", Term: "a:x", Detail: "detail"}))
	}
	for _, p := range []spf.Problem{{Code: spf.NoRecord}, {Code: spf.NotFoundOut}, {Code: spf.TooManyLookups, Term: "a:x"}} {
		p.Domain = "contoso.com"
		holds(spfReason(&p))
	}
	for _, c := range dmarc.Codes() {
		holds(dmarcReason(&dmarc.Problem{Code: c, Domain: "contoso.com", Tag: "p=x", Detail: "detail"}))
	}
	for code := range policyWords {
		if !used[code] {
			t.Errorf("nothing says %s", code)
		}
	}
	if got := spfReason(&spf.Problem{Code: spf.BadMacro, Start: 7}); got.Args["at"] != "8" {
		t.Errorf("people count from one: %v", got)
	}
}
