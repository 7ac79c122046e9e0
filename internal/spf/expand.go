package spf

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/internal/maildns"
)

// target expands the name that a term looks up: its domain-spec, or the domain of the record.
// It is false when no question can be made of it, or when expanding it has ended the evaluation.
func (e *evaluation) target(v *Visit, s *Step) bool {
	s.Target = v.Domain
	if s.Term.Domain != nil {
		s.Target = e.expandName(v, s, s.Term.Domain, v.Domain)
	}
	return s.Why == nil && isQuestion(s.Target)
}

// expandName is a domain-spec expanded: too long a name loses labels on the left (RFC 7208,
// 7.3).
func (e *evaluation) expandName(v *Visit, s *Step, m *MacroString, domain string) string {
	var name string
	if len(m.parts) == 1 && m.parts[0].letter == 0 {
		name = m.parts[0].literal
	} else {
		var buf [256]byte
		name = string(e.expand(buf[:0], v, s, m, domain))
	}
	name = maildns.Name(name)
	for len(name) > 253 {
		_, rest, ok := strings.Cut(name, ".")
		if !ok {
			break
		}
		name = rest
	}
	return name
}

func (e *evaluation) expand(to []byte, v *Visit, s *Step, m *MacroString, domain string) []byte {
	for i := range m.parts {
		p := &m.parts[i]
		if p.letter == 0 {
			to = append(to, p.literal...)
			continue
		}
		if strings.IndexByte(e.report.Macros, p.letter) < 0 {
			e.report.Macros += string(p.letter)
		}
		value := p.transform(e.value(v, s, p.letter, domain))
		if p.escape {
			to = appendEscaped(to, value)
		} else {
			to = append(to, value...)
		}
	}
	return to
}

// value is what a letter stands for (RFC 7208, 7.2).
func (e *evaluation) value(v *Visit, s *Step, letter byte, domain string) string {
	switch letter {
	case 's':
		return e.sender
	case 'l':
		return e.local
	case 'o':
		return e.origin
	case 'd':
		return domain
	case 'i':
		if e.ip.Is4() {
			return e.ip.String()
		}
		return nibbles(e.ip, false)
	case 'p':
		return e.validatedName(v, s, domain)
	case 'v':
		if e.ip.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return strings.TrimSuffix(e.query.Helo, ".")
	case 'c':
		return e.ip.String()
	case 'r':
		if e.query.Receiver != "" {
			return e.query.Receiver
		}
		return "unknown"
	default: // t; there is no other
		return strconv.FormatInt(e.query.At.Unix(), 10)
	}
}

// validatedName is a validated name of the client: the domain itself, one below it, or any,
// "unknown" when there is none. Asking for it counts as one term (RFC 7208, 4.6.4).
func (e *evaluation) validatedName(v *Visit, s *Step, domain string) string {
	if s != nil && e.validated == nil {
		e.count(v, s)
	}
	names := e.names(v, s)
	best := "unknown"
	for _, n := range names {
		switch {
		case n == domain:
			return n
		case within(n, domain) && !within(best, domain), best == "unknown":
			best = n
		}
	}
	return best
}

// transform splits, reverses and cuts.
func (p *part) transform(value string) string {
	if p.keep == 0 && !p.reverse && (p.delimiters == "" || p.delimiters == ".") {
		return value
	}
	delimiters := p.delimiters
	if delimiters == "" {
		delimiters = "."
	}
	var parts []string
	for value != "" {
		i := strings.IndexAny(value, delimiters)
		if i < 0 {
			break
		}
		parts = append(parts, value[:i])
		value = value[i+1:]
	}
	parts = append(parts, value)
	if p.reverse {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	if p.keep > 0 && p.keep < len(parts) {
		parts = parts[len(parts)-p.keep:]
	}
	return strings.Join(parts, ".")
}

// appendEscaped escapes everything but the unreserved characters of RFC 3986.
func appendEscaped(to []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case isAlpha(c), isDigit(c), c == '-', c == '.', c == '_', c == '~':
			to = append(to, c)
		default:
			to = append(to, '%', hex[c>>4], hex[c&15])
		}
	}
	return to
}

// nibbles are the 32 hexadecimal digits of an IPv6 address with dots between them.
func nibbles(ip netip.Addr, reverse bool) string {
	const hex = "0123456789ABCDEF"
	raw := ip.As16()
	out := make([]byte, 0, 63)
	for i := range 32 {
		n := i
		if reverse {
			n = 31 - i
		}
		d := raw[n/2] >> 4
		if n%2 == 1 {
			d = raw[n/2] & 15
		}
		if i > 0 {
			out = append(out, '.')
		}
		out = append(out, hex[d])
	}
	return string(out)
}

// reverseName is the name of an address in the reverse tree.
func reverseName(ip netip.Addr) string {
	if !ip.Is4() {
		return strings.ToLower(nibbles(ip, true)) + ".ip6.arpa"
	}
	a := ip.As4()
	out := make([]byte, 0, 32)
	for i := 3; i >= 0; i-- {
		out = append(strconv.AppendUint(out, uint64(a[i]), 10), '.')
	}
	return string(out) + "in-addr.arpa"
}
