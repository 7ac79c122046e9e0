package spf

import (
	"strings"
)

// MacroString is a text with macros (RFC 7208, 7.1).
type MacroString struct {
	Text  string
	parts []part
}

// part is a literal, or a macro.
type part struct {
	literal    string // of %%, %_ and %- what they stand for
	macro      bool
	letter     byte // in lower case; 0 for a literal
	escape     bool // the letter was in upper case: what it expands to is URL-escaped
	keep       int  // how many parts on the right are kept; 0: all
	reverse    bool
	delimiters string
}

// String is the text.
func (m *MacroString) String() string { return m.Text }

// Fixed reports whether no macro is there but those of the domain (d, o), so that the text expands to the same for
// every sender of one.
func (m *MacroString) Fixed() bool {
	for i := range m.parts {
		switch m.parts[i].letter {
		case 0, 'd', 'o':
		default:
			return false
		}
	}
	return true
}

// parseMacroString takes a text apart; bad is the offset of what is no macro, -1 when there is
// no such thing. The letters c, r and t are for explanations only, and so are spaces, which no
// term has.
func parseMacroString(text string, explanation bool) (m *MacroString, bad int) {
	m = &MacroString{Text: text}
	letters := "slodiphv"
	if explanation {
		letters += "crt"
	}
	literal := 0
	flush := func(to int) {
		if to > literal {
			m.parts = append(m.parts, part{literal: text[literal:to]})
		}
	}
	for i := 0; i < len(text); {
		if text[i] != '%' {
			if text[i] < ' ' || text[i] > '~' {
				return nil, i
			}
			i++
			continue
		}
		flush(i)
		if i+1 == len(text) {
			return nil, i
		}
		start := i
		switch text[i+1] {
		case '%':
			m.parts = append(m.parts, part{literal: "%", macro: true})
			i += 2
		case '_':
			m.parts = append(m.parts, part{literal: " ", macro: true})
			i += 2
		case '-':
			m.parts = append(m.parts, part{literal: "%20", macro: true})
			i += 2
		case '{':
			p, n := parseMacro(text[i:], letters)
			if n == 0 {
				return nil, start
			}
			m.parts = append(m.parts, p)
			i += n
		default:
			return nil, start
		}
		literal = i
	}
	flush(len(text))
	return m, -1
}

// maxKeep bounds the digits of a macro: no name has more than 127 labels (RFC 1035, 3.1), so
// that more keeps everything, as the number itself would.
const maxKeep = 128

// parseMacro reads "%{" letter transformers delimiters "}"; n is its length, 0 when it is none.
func parseMacro(s, letters string) (p part, n int) {
	if len(s) < 4 || !isAlpha(s[2]) {
		return p, 0
	}
	p.letter, p.escape = s[2]|0x20, s[2] < 'a'
	if strings.IndexByte(letters, p.letter) < 0 {
		return p, 0
	}
	p.macro = true
	i := 3
	for i < len(s) && isDigit(s[i]) {
		p.keep = min(p.keep*10+int(s[i]-'0'), maxKeep)
		i++
	}
	if i > 3 && p.keep == 0 {
		return p, 0 // the number of parts must not be zero (RFC 7208, 7.1)
	}
	if i < len(s) && s[i]|0x20 == 'r' {
		p.reverse = true
		i++
	}
	from := i
	for i < len(s) && strings.IndexByte(".-+,/_=", s[i]) >= 0 {
		i++
	}
	p.delimiters = s[from:i]
	if i == len(s) || s[i] != '}' {
		return p, 0
	}
	return p, i + 1
}

// endsInDomain: the text ends in a macro, or in a dot and a top-level name (domain-end of
// RFC 7208, 7.1).
func (m *MacroString) endsInDomain() bool {
	last := &m.parts[len(m.parts)-1]
	if last.macro {
		return true
	}
	text := strings.TrimSuffix(last.literal, ".")
	dot := strings.LastIndexByte(text, '.')
	return dot >= 0 && isTopLabel(text[dot+1:])
}

// isTopLabel: letters, digits and inner hyphens, and not digits only.
func isTopLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	digits := true
	for i := range len(s) {
		switch c := s[i]; {
		case isAlpha(c), c == '-':
			digits = false
		case !isDigit(c):
			return false
		}
	}
	return !digits
}
