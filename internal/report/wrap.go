package report

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/rivo/uniseg"
)

// active reports whether a terminal would obey or hide a character instead of showing it:
// C0 and C1 controls, bidirectional overrides and other format characters, and the Unicode
// line separators. The two joiners stay, because scripts and emoji are spelled with them.
func active(r rune) bool {
	const zwnj, zwj = '\u200c', '\u200d'
	return r != zwnj && r != zwj && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Inert makes data harmless on a terminal, and for everybody else who shows it: names and messages come from services and files,
// and a policy may be called anything. White space becomes a space, the other C0 controls
// their pictures (␛), the rest the replacement character.
func Inert(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case !active(r):
			return r
		case r == '\t', r == '\n', r == '\r':
			return ' '
		case r < 0x20:
			return '\u2400' + r
		case r == 0x7f:
			return '\u2421'
		default:
			return unicode.ReplacementChar
		}
	}, s)
}

// span is text in one style.
type span struct {
	text  string
	style ansi.Style // empty: plain
}

// wrap sets spans in lines of at most width cells, all but the first indented by hang. Only a
// web address may be longer than a line: cut in two it could not be opened.
func wrap(spans []span, width, hang int) []string {
	var text strings.Builder
	ends := make([]int, len(spans))
	for i, s := range spans {
		text.WriteString(Inert(s.text))
		ends[i] = text.Len()
	}
	whole := text.String()
	var out []string
	for i, l := range layout(whole, width, width-hang) {
		from, to := l[0], l[0]+len(strings.TrimRight(whole[l[0]:l[1]], " "))
		var line strings.Builder
		if i > 0 {
			line.WriteString(strings.Repeat(" ", hang))
		}
		for j, end := range ends {
			if part := min(end, to); part > from {
				line.WriteString(spans[j].style.Styled(whole[from:part])) //nolint:gosec // G602: ends has one element for each span
				from = part
			}
		}
		out = append(out, line.String())
	}
	return out
}

// layout breaks text into lines, given as [from, to): the first has room for first cells, the
// others for rest.
func layout(text string, first, rest int) (lines [][2]int) {
	from, at, used, room := 0, 0, 0, first
	end := func() {
		lines = append(lines, [2]int{from, at})
		from, used, room = at, 0, rest
	}
	for _, next := range breaks(text) {
		piece := strings.TrimRight(text[at:next], " ") // a line end swallows spaces
		w := uniseg.StringWidth(piece)
		spaces := next - at - len(piece)
		if used+w > room && strings.TrimSpace(text[from:at]) != "" {
			end()
		}
		if !strings.Contains(piece, "://") {
			for used+w > room && piece != "" {
				n, cells := fitting(piece, room-used)
				at, piece, w = at+n, piece[n:], w-cells
				end()
			}
		}
		used += w + spaces
		at = next
	}
	end()
	return lines
}

// breaks are the places after which a line may end, by the Unicode line breaking algorithm
// (UAX #14): anywhere between ideographs, never before closing punctuation. Two of its places
// are left out: inside a web address, and after a hyphen, because most hyphens here are part
// of a name that is copied (an id, an address, a host, an option).
func breaks(text string) (out []int) {
	at, state, url := 0, -1, 0
	for rest := text; rest != ""; {
		var segment string
		segment, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		for i := range segment {
			if s := text[at+i:]; at+i >= url && (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) {
				url = at + i + addressLen(s)
			}
		}
		at += len(segment)
		if rest == "" || at >= url && !strings.HasSuffix(segment, "-") {
			out = append(out, at)
		}
	}
	return out
}

// addressLen is the length of the web address that s begins with.
func addressLen(s string) int {
	if i := strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>`, r) }); i >= 0 {
		return i
	}
	return len(s)
}

// fitting is how many bytes, and cells, of a piece that is wider than a line fit into room: at
// least one character, and not so many that the next line would begin with what closes.
func fitting(piece string, room int) (n, cells int) {
	state, lastN, lastCells := -1, 0, 0
	for rest := piece; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n > 0 && cells+w > room {
			if strings.ContainsAny(cluster, closing) && lastN > 0 {
				return lastN, lastCells
			}
			break
		}
		lastN, lastCells = n, cells
		n, cells = n+len(cluster), cells+w
	}
	return n, cells
}

// closing is punctuation that no line begins with.
const closing = "、。，．！？：；）］｝」』】〕〉》・ー…,.!?:;)]}"

// Lines sets a sentence in lines of at most width cells, all but the first indented by hang:
// for what is said on a terminal beside a report.
func Lines(text string, width, hang int) []string { return wrap([]span{{text: text}}, width, hang) }
