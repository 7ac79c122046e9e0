// Package mailtrace reads the header section of a message: who it says it is from, how it
// travelled, what Exchange Online found when it came in, and why it is taken for external or
// forged.
//
// What belongs here: a tolerant reader of header sections (Read), the dialects that Microsoft
// writes its results in, which of them counts (Decide), and the table of causes (Explain). What
// does not: finding and opening the files (probes/mail), SPF evaluation (internal/spf), the
// words, and what Cloud App Security makes of it (package checks). The package does no I/O.
//
// The reader takes what is there: headers in any case, folded or not, with NUL bytes and broken
// encodings. It keeps domains and results, and drops names, mailboxes, subjects and recipients.
package mailtrace

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// ErrNotMessage is returned for what is not the header section of a message.
var ErrNotMessage = errors.New("this does not begin with the headers of a message")

const (
	// maxHops bounds what is kept of the Received chain, which anybody can make longer: servers
	// give a message up as looping after far fewer (RFC 5321, 6.3, names 100 as a reasonable limit).
	maxHops = 100
	// maxResults bounds the authentication results that are kept; only the topmost can count.
	maxResults = 20
	// maxDomains bounds the domains that are kept of one header; what an honest sender or
	// Reply-To names can be counted on the fingers.
	maxDomains = 100
	// maxWord bounds one kept value. A domain name has at most 253 characters (RFC 1035, 3.1).
	maxWord = 255
)

// maxValue bounds one header before it is taken apart; an honest one is far shorter, because
// no line of a message has more than 998 characters (RFC 5322, 2.1.1).
const maxValue = 64 << 10

// telling are the fields that only a message has: one of them must be there, or any file of
// "name: value" lines would pass for a message (RFC 5322, 3.6; RFC 5321, 4.4). Of a message of
// which only a part was copied, those of Exchange (exchangePrefix) and SPF tell it as well.
var telling = []string{
	"from", "message-id", "received", "return-path", "mime-version", "authentication-results", spfResult, "x-forefront-antispam-report",
}

const exchangePrefix = "x-ms-exchange-"

// field is one header: its name in lower case, the name as it is written, and its value,
// unfolded. clipped says that the value is longer than what is read.
type field struct {
	name, written, value string
	clipped              bool
}

// Read reads a header section, which ends at the first empty line or with the input.
func Read(section []byte) (facts.MailHeaders, error) {
	fields, err := split(section)
	if err != nil {
		return facts.MailHeaders{}, err
	}
	var h facts.MailHeaders
	var from, replyTo, returnPath []field
	stamps := map[string]field{}
	for _, f := range fields {
		if canonical, ok := exchangeStamps[f.name]; ok {
			stamp(&h, stamps, f, canonical)
			continue
		}
		switch f.name {
		case "from":
			from = append(from, f)
		case "reply-to":
			replyTo = append(replyTo, f)
		case "return-path":
			returnPath = append(returnPath, f)
		case "x-forefront-antispam-report":
			if h.Forefront == nil {
				h.Forefront = forefront(f.value)
			}
		case "received":
			if len(h.Received) < maxHops {
				h.Received = append(h.Received, hop(f.value))
			}
		case "authentication-results", "authentication-results-original", "x-ms-exchange-authentication-results", "received-spf":
			addResult(&h, f)
		}
	}
	if len(from) > 0 {
		h.From = mailboxes(from...)
	}
	if len(replyTo) > 0 {
		h.ReplyTo = mailboxes(replyTo...)
	}
	if len(returnPath) > 0 {
		h.ReturnPath = mailboxes(returnPath...)
	}
	return h, nil
}

// exchangeStamps are the headers in which Exchange says whose a message is, by their names in
// lower case. Those that decide have the spelling that Exchange gives them; of the others it
// writes several (CrossTenant-Id and CrossTenant-id).
var exchangeStamps = map[string]string{
	"x-ms-exchange-organization-authas":          "X-MS-Exchange-Organization-AuthAs",
	"x-ms-exchange-organization-scl":             "X-MS-Exchange-Organization-SCL",
	"x-ms-exchange-crosstenant-id":               "",
	"x-ms-exchange-crosstenant-authas":           "",
	"x-ms-exchange-crosstenant-fromentityheader": "",
	"x-ms-exchange-skiplistedinternetsender":     "",
	"x-organizationheaderspreserved":             "",
	"x-crosspremisesheaderspromoted":             "",
}

// stamp keeps the topmost stamp of a name, and notes those that Exchange does not write so.
func stamp(h *facts.MailHeaders, seen map[string]field, f field, canonical string) {
	before, twice := seen[f.name]
	if canonical != "" && (f.written != canonical || twice && before.value != f.value) && !slices.Contains(h.Odd, canonical) {
		h.Odd = append(h.Odd, canonical)
	}
	if twice {
		return
	}
	seen[f.name] = f
	cross := func() *facts.CrossTenant {
		if h.CrossTenant == nil {
			h.CrossTenant = &facts.CrossTenant{}
		}
		return h.CrossTenant
	}
	value := word(f.value)
	switch f.name {
	case "x-ms-exchange-organization-authas":
		h.AuthAs = &value
	case "x-ms-exchange-organization-scl":
		h.SCL = &value
	case "x-ms-exchange-crosstenant-id":
		cross().ID = &value
	case "x-ms-exchange-crosstenant-authas":
		cross().AuthAs = &value
	case "x-ms-exchange-crosstenant-fromentityheader":
		cross().FromEntity = &value
	case "x-ms-exchange-skiplistedinternetsender":
		h.SkippedTo = address(value)
	case "x-organizationheaderspreserved":
		h.Preserved = true
	case "x-crosspremisesheaderspromoted":
		h.Promoted = true
	}
}

// split unfolds the fields. A line that is no field is passed over, but not the first one.
func split(section []byte) ([]field, error) {
	section = bytes.ReplaceAll(section, []byte{0}, nil)
	section = bytes.TrimLeft(bytes.TrimPrefix(section, []byte("\xef\xbb\xbf")), "\r\n")
	var out []field
	var value strings.Builder
	written, message, begun := "", false, false
	end := func() {
		if written != "" {
			name := strings.ToLower(written)
			out = append(out, field{name, written, clip(value.String(), maxValue), value.Len() > maxValue})
			message = message || slices.Contains(telling, name) || strings.HasPrefix(name, exchangePrefix)
		}
		written = ""
		value.Reset()
	}
	for line := range bytes.Lines(section) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			value.WriteByte(' ')
			value.Write(bytes.TrimSpace(line))
			continue
		}
		end()
		n, v, ok := bytes.Cut(line, []byte(":"))
		n = bytes.TrimRight(n, " \t")
		switch {
		case ok && isName(n):
			written, begun = string(n), true
			value.Write(bytes.TrimSpace(v))
		case !begun && !bytes.HasPrefix(line, []byte("From ")): // which mailbox files put before a message
			return nil, ErrNotMessage
		}
	}
	end()
	if !message {
		return nil, ErrNotMessage
	}
	return out, nil
}

// isName: printable ASCII without a colon (RFC 5322, 2.2).
func isName(n []byte) bool {
	return len(n) > 0 && !bytes.ContainsFunc(n, func(r rune) bool { return r <= ' ' || r > '~' })
}

// word is a value that is kept: valid text of one line, and not longer than a name can be.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return clip(strings.TrimSpace(s), maxWord)
}

// clip cuts at a character's boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// forefront are the members of the report that count, by their names (Microsoft Defender for
// Office 365, "Anti-spam message headers").
func forefront(value string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(value, ";") {
		k, v, ok := strings.Cut(part, ":")
		k = strings.ToUpper(strings.TrimSpace(k))
		if v = word(v); ok && v != "" && out[k] == "" && slices.Contains([]string{"SFV", "CAT", "SCL", "CIP", "IPV", "DIR", "PTR"}, k) {
			out[k] = v
		}
	}
	return out
}
