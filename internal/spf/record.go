package spf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Record is an SPF record, taken apart.
type Record struct {
	Text  string
	Terms []*Term // those without an error, in order
	// Redirect and Explanation are the modifiers; nil when there is none. They are among Terms.
	Redirect, Explanation *Term
	// all is the first all mechanism, after which nothing is evaluated.
	all *Term
}

// Term is a mechanism with its qualifier, or a modifier.
type Term struct {
	Text string `json:"text"`
	// Start and End are the byte offsets in the record.
	Start int `json:"start"`
	End   int `json:"end"`
	// Name is that of the mechanism or modifier, in lower case.
	Name      string `json:"name"`
	Qualifier Result `json:"qualifier,omitempty"` // pass, fail, softfail or neutral; "" for a modifier
	// Domain is the domain-spec, or the value of an unknown modifier; nil when there is none.
	Domain *MacroString `json:"-"`
	// Network is that of ip4 and ip6.
	Network netip.Prefix `json:"-"`
	// Bits4 and Bits6 are the prefix lengths of a and mx.
	Bits4 int `json:"-"`
	Bits6 int `json:"-"`
}

// Modifier reports whether the term is name=value and not a mechanism.
func (t *Term) Modifier() bool { return t.Qualifier == "" }

// asks: the term counts against MaxLookups.
func (t *Term) asks() bool {
	switch t.Name {
	case "include", "a", "mx", "ptr", "exists", "redirect":
		return true
	}
	return false
}

const version = "v=spf1"

// IsRecord reports whether the text begins with the version, whole and in any case (RFC 7208, 4.5). What follows
// may be wrong all the same.
func IsRecord(text string) bool {
	return len(text) >= len(version) && strings.EqualFold(text[:len(version)], version) &&
		(len(text) == len(version) || text[len(version)] == ' ')
}

// Parse takes a record apart. Every problem in it is found, not just the first one; a record
// with any error (a problem that is no warning) evaluates to PermError as a whole.
func Parse(text string) (*Record, []*Problem) {
	r := &Record{Text: text}
	if !IsRecord(text) {
		return r, []*Problem{{Code: NoRecord, End: len(text)}}
	}
	var problems []*Problem
	for at := len(version); at < len(text); {
		if text[at] == ' ' {
			at++
			continue
		}
		end := at
		for end < len(text) && text[end] != ' ' {
			end++
		}
		t := &Term{Text: text[at:end], Start: at, End: end}
		if p := t.parse(); p != nil {
			problems = append(problems, p)
		} else if p := r.add(t); p != nil {
			problems = append(problems, p)
		}
		at = end
	}
	return r, problems
}

func (r *Record) add(t *Term) *Problem {
	switch t.Name {
	case "redirect":
		if r.Redirect != nil {
			return t.problem(TwiceModifier, 0, len(t.Text), t.Name)
		}
		r.Redirect = t
	case "exp":
		if r.Explanation != nil {
			return t.problem(TwiceModifier, 0, len(t.Text), t.Name)
		}
		r.Explanation = t
	case "all":
		if r.all == nil {
			r.all = t
		}
	}
	r.Terms = append(r.Terms, t)
	return nil
}

// problem is one with the part of the term from from to to.
func (t *Term) problem(code Code, from, to int, detail string) *Problem {
	return &Problem{Code: code, Term: t.Text, Start: t.Start + from, End: t.Start + to, Detail: detail}
}

func (t *Term) parse() *Problem {
	for i := range len(t.Text) {
		if c := t.Text[i]; c <= ' ' || c > '~' {
			r, size := utf8.DecodeRuneInString(t.Text[i:])
			name := fmt.Sprintf("U+%04X", r)
			if r == utf8.RuneError && size == 1 {
				name = fmt.Sprintf("0x%02X", c)
			}
			return t.problem(BadCharacter, i, i+size, name)
		}
	}
	// A modifier has its "=" before any ":" or "/" (RFC 7208, 4.6.1).
	if i := strings.IndexAny(t.Text, "=:/"); i >= 0 && t.Text[i] == '=' {
		return t.modifier(i)
	}
	return t.mechanism()
}

func (t *Term) modifier(eq int) *Problem {
	name := t.Text[:eq]
	if !isName(name) {
		return t.problem(BadModifierName, 0, eq, name)
	}
	t.Name = strings.ToLower(name)
	value, bad := parseMacroString(t.Text[eq+1:], false)
	if bad >= 0 {
		return t.problem(BadMacro, eq+1+bad, len(t.Text), t.Text[eq+1+bad:])
	}
	t.Domain = value
	if t.Name == "redirect" || t.Name == "exp" {
		return t.domainSpec(eq + 1)
	}
	return nil
}

// isName is name of RFC 7208, 4.6.1.
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case isAlpha(c):
		case i > 0 && (isDigit(c) || c == '-' || c == '_' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}

func (t *Term) mechanism() *Problem {
	at := 0
	t.Qualifier = Pass
	switch t.Text[0] {
	case '+':
		at = 1
	case '-':
		t.Qualifier, at = Fail, 1
	case '~':
		t.Qualifier, at = SoftFail, 1
	case '?':
		t.Qualifier, at = Neutral, 1
	}
	end := len(t.Text)
	if i := strings.IndexAny(t.Text[at:], ":/"); i >= 0 {
		end = at + i
	}
	t.Name = strings.ToLower(t.Text[at:end])
	switch t.Name {
	case "all":
		if end < len(t.Text) {
			return t.problem(NeedlessArgument, end, len(t.Text), t.Text[end:])
		}
		return nil
	case "include", "exists":
		return t.named(end, true)
	case "ptr":
		return t.named(end, false)
	case "a", "mx":
		return t.addresses(end)
	case "ip4", "ip6":
		return t.network(end)
	case "redirect", "exp":
		return t.problem(ModifierWithColon, at, end, t.Name)
	}
	return t.problem(UnknownMechanism, at, end, t.Text[at:end])
}

// named is a mechanism with a domain-spec and no prefix length.
func (t *Term) named(at int, needed bool) *Problem {
	switch {
	case at == len(t.Text) && needed:
		return t.problem(NoArgument, 0, at, t.Name)
	case at == len(t.Text):
		return nil
	case t.Text[at] == '/':
		return t.problem(NeedlessArgument, at, len(t.Text), t.Text[at:])
	}
	if i, _, ok := cutBits(t.Text); ok && i > at {
		// A slash is a character like any other in a name, but no top-level name has one.
		return t.problem(NeedlessArgument, i, len(t.Text), t.Text[i:])
	}
	return t.domain(at+1, len(t.Text))
}

// addresses is a or mx: an optional domain-spec, an optional length for IPv4, and one for IPv6.
func (t *Term) addresses(at int) *Problem {
	t.Bits4, t.Bits6 = 32, 128
	end := len(t.Text)
	if i, n, ok := cutBits(t.Text); ok && i >= at+1 && t.Text[i-1] == '/' {
		if n > 128 {
			return t.problem(BadPrefix, i-1, end, t.Text[i-1:end])
		}
		t.Bits6, end = n, i-1
	}
	if i, n, ok := cutBits(t.Text[:end]); ok && i >= at {
		if n > 32 {
			return t.problem(BadPrefix, i, end, t.Text[i:end])
		}
		t.Bits4, end = n, i
	}
	switch {
	case at == end:
		return nil
	case t.Text[at] == '/':
		return t.problem(BadPrefix, at, len(t.Text), t.Text[at:])
	}
	return t.domain(at+1, end)
}

// network is ip4 or ip6.
func (t *Term) network(at int) *Problem {
	if at == len(t.Text) || t.Text[at] == '/' || at+1 == len(t.Text) {
		return t.problem(NoArgument, 0, at, t.Name)
	}
	six := t.Name == "ip6"
	length, end := 32, len(t.Text)
	if six {
		length = 128
	}
	if slash := strings.IndexByte(t.Text, '/'); slash >= 0 {
		i, n, ok := cutBits(t.Text)
		if !ok || i != slash || n > length {
			return t.problem(BadPrefix, slash, end, t.Text[slash:])
		}
		length, end = n, i
	}
	word := t.Text[at+1 : end]
	addr, err := netip.ParseAddr(word)
	if err != nil || addr.Is6() != six || addr.Zone() != "" {
		return t.problem(BadAddress, at+1, end, word)
	}
	t.Network = netip.PrefixFrom(addr, length).Masked()
	return nil
}

// domain is the domain-spec from from to to.
func (t *Term) domain(from, to int) *Problem {
	if from == to {
		return t.problem(NoArgument, 0, len(t.Text), t.Name)
	}
	spec, bad := parseMacroString(t.Text[from:to], false)
	if bad >= 0 {
		return t.problem(BadMacro, from+bad, to, t.Text[from+bad:to])
	}
	t.Domain = spec
	return t.domainSpec(from)
}

// domainSpec: the macro string is one that ends as a domain-spec does (RFC 7208, 7.1).
func (t *Term) domainSpec(from int) *Problem {
	text := t.Domain.Text
	switch {
	case text == "":
		return t.problem(NoArgument, 0, len(t.Text), t.Name)
	case t.Domain.endsInDomain():
		return nil
	}
	host := text
	if i := strings.IndexByte(host, '/'); i >= 0 {
		host = host[:i]
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return t.problem(AddressAsDomain, from, from+len(text), host)
	}
	if i := strings.LastIndexByte(text, '/'); i >= 0 && strings.Trim(text[i+1:], "0123456789") == "" {
		return t.problem(BadPrefix, from+i, from+len(text), text[i:])
	}
	return t.problem(BadDomain, from, from+len(text), text)
}

// cutBits is the prefix length that ends the text, and where its slash is. A length has no
// leading zero.
func cutBits(s string) (slash, n int, ok bool) {
	i := len(s)
	for i > 0 && isDigit(s[i-1]) {
		i--
	}
	digits := s[i:]
	if i == 0 || s[i-1] != '/' || digits == "" || len(digits) > 3 || (digits[0] == '0' && len(digits) > 1) {
		return 0, 0, false
	}
	n, _ = strconv.Atoi(digits)
	return i - 1, n, true
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
