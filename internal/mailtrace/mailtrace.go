// Package mailtrace reads the header section of a message: who it says it is from, how it
// travelled, and what Exchange Online found when it came in.
//
// What belongs here: a tolerant reader of header sections, the dialects that Microsoft writes
// its results in, and which of them counts (Deciding). What does not: finding and opening the
// files (probes/mail), SPF evaluation, and what Cloud App Security makes of it (package checks).
// The package does no I/O.
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
	// maxWord bounds one kept value. A domain name has at most 253 characters (RFC 1035, 3.1).
	maxWord = 255
)

// maxValue bounds one header before it is taken apart; an honest one is far shorter, because
// no line of a message has more than 998 characters (RFC 5322, 2.1.1).
const maxValue = 64 << 10

// telling are the fields that only a message has: one of them must be there, or any file of
// "name: value" lines would pass for a message (RFC 5322, 3.6; RFC 5321, 4.4).
var telling = []string{"from", "message-id", "received", "return-path", "mime-version", "authentication-results"}

// field is one header: its name in lower case and its value, unfolded. clipped says that the
// value is longer than what is read.
type field struct {
	name, value string
	clipped     bool
}

// Read reads a header section, which ends at the first empty line or with the input.
func Read(section []byte) (facts.MailHeaders, error) {
	fields, err := split(section)
	if err != nil {
		return facts.MailHeaders{}, err
	}
	var h facts.MailHeaders
	var from, replyTo, returnPath []field
	for _, f := range fields {
		switch f.name {
		case "from":
			from = append(from, f)
		case "reply-to":
			replyTo = append(replyTo, f)
		case "return-path":
			returnPath = append(returnPath, f)
		case "x-ms-exchange-organization-authas":
			first(&h.AuthAs, f.value)
		case "x-ms-exchange-organization-scl":
			first(&h.SCL, f.value)
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

// first keeps the topmost header of a name: servers put theirs on top.
func first(at **string, value string) {
	if *at == nil {
		v := word(value)
		*at = &v
	}
}

// split unfolds the fields. A line that is no field is passed over, but not the first one.
func split(section []byte) ([]field, error) {
	section = bytes.ReplaceAll(section, []byte{0}, nil)
	section = bytes.TrimLeft(bytes.TrimPrefix(section, []byte("\xef\xbb\xbf")), "\r\n")
	var out []field
	var value strings.Builder
	name, message, begun := "", false, false
	end := func() {
		if name != "" {
			out = append(out, field{name, clip(value.String(), maxValue), value.Len() > maxValue})
			message = message || slices.Contains(telling, name)
		}
		name = ""
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
			name, begun = strings.ToLower(string(n)), true
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
		if v = word(v); ok && v != "" && out[k] == "" && slices.Contains([]string{"SFV", "CAT", "SCL", "CIP", "IPV"}, k) {
			out[k] = v
		}
	}
	return out
}
