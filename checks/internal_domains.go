package checks

import (
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// The declared list of internal domains. GDM-01 and SPM-01 read its entries in one way
// (internal/maildns), and get one answer to what it has of a domain.

// internalList are the entries, as they are written.
type internalList []listEntry

// listEntry is one of them.
type listEntry struct {
	text     string
	line     int
	key      string // "": it is no domain
	wildcard bool   // *.contoso.com: whether the console reads it so is not documented
}

func (e listEntry) args(more ...string) []string {
	args := append([]string{"entry", e.text}, more...)
	if e.line > 0 {
		args = append(args, "line", strconv.Itoa(e.line))
	}
	return args
}

// internalListOf is the declared list; why is set when there is none.
func internalListOf(x *Exam) (list internalList, why *Reason) {
	cas := Read(x, facts.DeclaredCAS)
	none := because("not_declared", "what", "internal_domains")
	switch {
	case cas.Value == nil && cas.Why().Kind != facts.NotCollected && cas.Why().Kind != facts.NotConfigured:
		none = failed("internal_domains", cas.Why())
		return nil, &none
	case cas.Value == nil || cas.Value.InternalDomains == nil:
		return nil, &none
	}
	for _, e := range writtenEntries(cas.Value) {
		list = append(list, newEntry(e.Text, e.Line))
	}
	return list, nil
}

func newEntry(text string, line int) listEntry {
	key, wildcard := maildns.Entry(text)
	return listEntry{text, line, key, wildcard}
}

// writtenEntries are the entries of the declared list as they are written.
func writtenEntries(cas *facts.CAS) []facts.ListEntry {
	if cas.InternalDomains == nil || len(cas.InternalDomainEntries) == len(*cas.InternalDomains) {
		return cas.InternalDomainEntries
	}
	var out []facts.ListEntry // evidence of an older version has no others
	for _, d := range *cas.InternalDomains {
		out = append(out, facts.ListEntry{Text: d})
	}
	return out
}

// holding is what a list has of a domain.
type holding int8

const (
	absent     holding = iota
	listed             // an entry of its own
	blank              // none, but an entry is empty: what stood there may have been it
	byWildcard         // a wildcard that covers it
	byParent           // a domain above it
	within             // an entry that is no domain, with the name in it (https://contoso.com/)
)

// of is what the list has of a domain, and the entry that says so.
func (l internalList) of(key string) (holding, listEntry) {
	has := func(is func(listEntry) bool) (listEntry, bool) {
		i := slices.IndexFunc(l, is)
		if i < 0 {
			return listEntry{}, false
		}
		return l[i], true
	}
	if e, ok := has(func(e listEntry) bool { return e.key == key && !e.wildcard }); ok {
		return listed, e
	}
	if e, ok := has(func(e listEntry) bool { return strings.TrimSpace(e.text) == "" }); ok {
		return blank, e
	}
	if e, ok := has(func(e listEntry) bool {
		return e.key != "" && (e.wildcard && e.key == key || strings.HasSuffix(key, "."+e.key))
	}); ok {
		if e.wildcard {
			return byWildcard, e
		}
		return byParent, e
	}
	if e, ok := has(func(e listEntry) bool { return e.key == "" && e.mentions(key) }); ok {
		return within, e
	}
	return absent, listEntry{}
}

// mentions: the domain stands in an entry that is none.
func (e listEntry) mentions(key string) bool {
	parts := strings.FieldsFunc(e.text, func(r rune) bool { return strings.ContainsRune(" \t/:@<>,;()[]\"'", r) })
	return slices.ContainsFunc(append(parts, strings.Join(strings.Fields(e.text), "")), func(part string) bool {
		domain, _ := maildns.Entry(part)
		return domain == key
	})
}

// spelt: one of the entries has the domain in the very spelling of a message.
func (l internalList) spelt(domain string) bool {
	return slices.ContainsFunc(l, func(e listEntry) bool {
		return !e.wildcard && maildns.Spelling(e.text) == maildns.Spelling(domain)
	})
}

// listWords are the sentences on an entry that is in the way of an answer.
var listWords = map[string]Text{
	"list_broken": {
		"The internal domains have an empty entry (line {line}), so that {domain} may be missing there or have been it. Correct cas.internal_domains.",
		"内部ドメインの一覧に空の項目 ({line} 行目) があり、{domain} が欠けているかどうか判断できません。cas.internal_domains を修正してください。",
	},
	"entry_garbled": {
		"{domain} is in the internal domains only within {entry} (line {line}), which is no domain. Write the domain alone, here and in the console.",
		"{domain} は内部ドメインに {entry} ({line} 行目) の一部としてだけあり、この項目はドメインではありません。ここと管理コンソールの両方で、ドメインだけを登録してください。",
	},
}
