package mailtrace

import (
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// parser decodes display names only to pass over them, so that no charset is unknown to it.
var parser = mail.AddressParser{WordDecoder: &mime.WordDecoder{
	CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil },
}}

// mailboxes are the domains of the addresses in the values of one header. A header that stands
// more than once is read as one list: which of them counts differs from program to program.
func mailboxes(fields ...field) *facts.Mailboxes {
	m := &facts.Mailboxes{Domains: []string{}}
	for _, f := range fields {
		m.Unreadable = m.Unreadable || f.clipped
		v := strings.TrimSpace(f.value)
		if v == "" || v == "<>" {
			continue
		}
		domains, whole := addresses(v)
		m.Unreadable = m.Unreadable || !whole
		for _, d := range domains {
			switch {
			case slices.Contains(m.Domains, d):
			case len(m.Domains) == maxDomains:
				m.Unreadable = true
			default:
				m.Domains = append(m.Domains, d)
			}
		}
	}
	return m
}

// addresses are the domains of an address list, and whether all of it could be read.
func addresses(value string) (domains []string, whole bool) {
	list, err := parser.ParseList(value)
	if err != nil {
		return salvage(value)
	}
	whole = true
	for _, a := range list {
		if d := domainOf(a.Address); d != "" {
			domains = append(domains, d)
		} else {
			whole = false
		}
	}
	return domains, whole
}

// salvage reads what the standard's grammar refuses: names with bare commas or broken encoded
// words. An address within a quoted name or a comment is not one; but where such a part holds
// an "@", or has no end, other programs may part the header elsewhere and find an address there.
func salvage(value string) (domains []string, whole bool) {
	var bare strings.Builder
	whole = true
	for _, t := range tokens(value) {
		if !t.comment && !t.quoted {
			bare.WriteString(t.text + " ")
		} else if t.open || strings.Contains(t.text, "@") {
			whole = false
		}
	}
	for part := range strings.SplitSeq(bare.String(), ",") {
		angles := strings.Split(part, "<")
		if len(angles) == 1 && !strings.Contains(part, "@") {
			continue // a piece of a name
		}
		for i, a := range angles {
			if i == 0 && len(angles) > 1 {
				continue // the name
			}
			a, _, _ = strings.Cut(a, ">")
			if d := domainOf(strings.TrimSpace(a)); d != "" {
				domains = append(domains, d)
			} else {
				whole = false
			}
		}
	}
	return domains, whole && len(domains) > 0
}

// domainOf is the domain of an address in lower case; "" when it has none.
func domainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 || len(address)-i > maxWord {
		return ""
	}
	d := word(strings.ToLower(address[i+1:]))
	if strings.ContainsAny(d, " \t<>\",;") {
		return ""
	}
	return strings.TrimSuffix(d, ".")
}

// token is a word of a structured header, a quoted string or a comment, without its delimiters.
// An open one lacks the last delimiter.
type token struct {
	text                  string
	quoted, comment, open bool
	glued                 bool // it stands directly behind a quoted string, as in "a b"@contoso.com
}

// tokens takes a structured header apart (RFC 5322, 3.2): words end at white space; a ';' is a
// word of its own. What is not closed goes on to the end.
func tokens(value string) (out []token) {
	var text strings.Builder
	behind := false // a quoted string
	end := func(quoted, comment bool) {
		if text.Len() > 0 || quoted {
			out = append(out, token{text: text.String(), quoted: quoted, comment: comment, glued: behind && !comment})
		}
		behind = quoted
		text.Reset()
	}
	depth, quoted := 0, false
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && (quoted || depth > 0) && i+1 < len(value):
			i++
			text.WriteByte(value[i])
		case quoted && c == '"':
			end(true, false)
			quoted = false
		case quoted:
			text.WriteByte(c)
		case c == '(':
			if depth++; depth == 1 {
				end(false, false)
			} else {
				text.WriteByte(' ')
			}
		case c == ')' && depth > 0:
			if depth--; depth == 0 {
				end(false, true)
			} else {
				text.WriteByte(' ')
			}
		case depth > 0:
			text.WriteByte(c)
		case c == '"':
			again := behind && text.Len() == 0
			end(false, false)
			quoted, behind = true, again
		case c == ' ', c == '\t':
			end(false, false)
		case c == ';':
			end(false, false)
			out = append(out, token{text: ";"})
		default:
			text.WriteByte(c)
		}
	}
	if end(quoted, depth > 0); len(out) > 0 {
		out[len(out)-1].open = quoted || depth > 0
	}
	return out
}
