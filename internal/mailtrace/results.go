package mailtrace

import (
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// addResult keeps a header with authentication results, if it is in Microsoft's dialect: Exchange
// Online names no server in front of its results, everybody else does (RFC 8601, 2.2). Bare
// words between the results (";contoso.com;") are the receiving domain. Microsoft Defender for
// Office 365, "Anti-spam message headers", "Authentication-results message header".
func addResult(h *facts.MailHeaders, f field) {
	r := facts.AuthResult{Header: f.name, Hop: new(len(h.Received))}
	switch list := segments(f.value); {
	case f.name == spfResult:
		r.SPF = receivedSPF(f.value)
	case len(list) > 0 && !strings.Contains(list[0].words[0], "="):
		h.OtherResults++
		return
	default:
		for _, s := range list {
			s.addTo(&r)
		}
	}
	found := r.SPF != nil || r.DKIM != nil || r.DMARC != nil || r.CompAuth != nil
	if found && len(h.Results) < maxResults {
		h.Results = append(h.Results, r)
	}
}

// segment is one result with its properties: at least one word.
type segment struct {
	words    []string
	comments []string
}

// segments are the parts between semicolons. White space around "=" is allowed (RFC 8601, 2.2).
func segments(value string) (out []segment) {
	var s segment
	glue := false
	end := func() {
		if len(s.words) > 0 {
			out = append(out, s)
		}
		s, glue = segment{}, false
	}
	for _, t := range tokens(value) {
		switch {
		case t.comment:
			s.comments = append(s.comments, t.text)
			continue
		case t.text == ";" && !t.quoted:
			end()
			continue
		}
		last := len(s.words) - 1
		if last >= 0 && (glue || strings.HasPrefix(t.text, "=") && !t.quoted || t.quoted && strings.HasSuffix(s.words[last], "=")) {
			if len(s.words[last]) < maxValue/64 { // far more than a name and its value; else "= = =" would grow with the square
				s.words[last] += t.text
			}
		} else {
			s.words = append(s.words, t.text)
		}
		glue = !t.quoted && strings.HasSuffix(t.text, "=")
	}
	end()
	return out
}

// addTo adds the result, if its method is one that counts and has none yet.
func (s segment) addTo(r *facts.AuthResult) {
	method, result, ok := strings.Cut(s.words[0], "=")
	if !ok {
		return
	}
	method, _, _ = strings.Cut(strings.ToLower(method), "/") // spf/1
	v := &facts.AuthVerdict{Result: strings.ToLower(word(result))}
	property := func(name string) string {
		for _, w := range s.words[1:] {
			if k, value, ok := strings.Cut(w, "="); ok && strings.EqualFold(k, name) {
				return word(value)
			}
		}
		return ""
	}
	domain := func(name string) string {
		d := strings.ToLower(strings.Trim(property(name), "<>"))
		return d[strings.LastIndexByte(d, '@')+1:]
	}
	switch method {
	case "spf":
		v.Domain = domain("smtp.mailfrom")
		for _, c := range s.comments {
			if rest, ok := strings.CutPrefix(strings.ToLower(c), "sender ip is "); ok {
				v.IP = address(rest)
			}
		}
		if r.SPF == nil {
			r.SPF = v
		}
	case "dkim":
		v.Domain = domain("header.d")
		for _, c := range s.comments {
			if c = strings.ToLower(c); slices.Contains(signatureComments, c) {
				v.Reason = c
			}
		}
		if len(r.DKIM) < maxResults {
			r.DKIM = append(r.DKIM, *v)
		}
	case "dmarc":
		v.Domain, v.Action = domain("header.from"), strings.ToLower(property("action"))
		if r.DMARC == nil {
			r.DMARC = v
		}
	case "compauth":
		v.Reason = property("reason")
		if r.CompAuth == nil {
			r.CompAuth = v
		}
	}
}

// signatureComments are what Exchange Online writes beside a DKIM result. Other comments are not
// kept: a signature could have brought them.
var signatureComments = []string{
	"message not signed", "signature was verified", "signature did not verify", bodyChanged,
	"key query timeout", "no key for signature", "ignored public key size",
}

const bodyChanged = "body hash did not verify"

// receivedSPF reads the older header that Exchange Online writes beside its results (RFC 7208,
// 9.1); nil for that of another server.
func receivedSPF(value string) *facts.AuthVerdict {
	list := segments(value)
	if len(list) == 0 {
		return nil
	}
	v := &facts.AuthVerdict{Result: strings.ToLower(word(list[0].words[0]))}
	microsoft := false
	for _, s := range list {
		for _, c := range s.comments {
			server, _, _ := strings.Cut(c, ":")
			microsoft = microsoft || ofMicrosoft(server)
			_, of, ok := strings.Cut(c, "domain of ")
			if !ok { // where there is no record: "contoso.com does not designate permitted sender hosts"
				_, of, ok = strings.Cut(c, ": ")
				ok = ok && strings.Contains(of, " does not designate ")
			}
			if ok && v.Domain == "" {
				d, _, _ := strings.Cut(of, " ")
				d = strings.ToLower(word(d))
				v.Domain = d[strings.LastIndexByte(d, '@')+1:]
			}
		}
		for _, w := range s.words {
			switch k, value, _ := strings.Cut(w, "="); strings.ToLower(k) {
			case "client-ip":
				v.IP = address(value)
			case "receiver":
				microsoft = microsoft || ofMicrosoft(value)
			}
		}
	}
	if !microsoft {
		return nil
	}
	return v
}

// hop reads a Received header (RFC 5321, 4.4). The recipient ("for") is passed over. The address
// is the one in the comment beside the sender's name, which the receiving server writes; the name
// is chosen by the sender, so that a literal in its place counts only where no comment has one.
func hop(value string) facts.Hop {
	var h facts.Hop
	if i := strings.LastIndexByte(value, ';'); i >= 0 {
		if at, err := mail.ParseDate(strings.TrimSpace(value[i+1:])); err == nil {
			at = at.UTC()
			h.At = &at
		}
		value = value[:i]
	}
	key, claimed := "", ""
	for _, t := range tokens(value) {
		if t.comment {
			if key == "from" && h.IP == "" {
				h.IP = observed(t.text)
			}
			continue
		}
		switch lower := strings.ToLower(t.text); {
		case slices.Contains([]string{"from", "by", "with", "id", "via", "for"}, lower):
			key = lower
		case key == "from" && h.From == "":
			h.From, claimed = strings.TrimSuffix(word(lower), "."), address(literal(t.text))
		case key == "by" && h.By == "":
			h.By = strings.TrimSuffix(word(lower), ".")
		case key == "with":
			h.With = word(strings.TrimSpace(h.With + " " + t.text))
		}
	}
	if h.IP == "" {
		h.IP = claimed
	}
	return h
}

// observed is the address in a comment beside "from": the first in brackets, else the first that
// stands alone. Digits within a name ("203.0.113.1-static.example") are of the sender's DNS.
func observed(comment string) string {
	rest := comment
	for {
		_, after, ok := strings.Cut(rest, "[")
		if !ok {
			break
		}
		inside, end, closed := strings.Cut(after, "]")
		if ip := address(inside); closed && ip != "" {
			return ip
		}
		rest = end
	}
	for w := range strings.FieldsSeq(comment) {
		if a, err := netip.ParseAddr(strings.Trim(w, "[],;")); err == nil {
			return a.Unmap().String()
		}
	}
	return ""
}

// literal is the inside of an address literal ([192.0.2.1]), and "" for a name.
func literal(host string) string {
	if strings.HasPrefix(host, "[") {
		return host
	}
	return ""
}

// address is the first IP address in a text: "[192.0.2.1]", "HELO x [IPv6:2001:db8::1]".
func address(s string) string {
	s = strings.ReplaceAll(strings.ToLower(s), "ipv6:", " ")
	notInAddress := func(r rune) bool { return r != '.' && r != ':' && !unicode.Is(unicode.ASCII_Hex_Digit, r) }
	for w := range strings.FieldsFuncSeq(s, notInAddress) {
		if a, err := netip.ParseAddr(w); err == nil {
			return a.Unmap().String()
		}
	}
	return ""
}

// OfCAS reports whether a host is one of the relays of Cloud App Security, through which mail
// passes in inline mode before Exchange Online receives it a second time. They are hosts of the
// sites' domains (Cloud App Security online help, "Understanding the URI", names these).
func OfCAS(host string) bool {
	return within(host, "tmcas.trendmicro.com", "tmcas.trendmicro.co.jp", "tmcas.trendmicro.co.uk", "tmcas.trendmicro.com.sg")
}

func ofMicrosoft(host string) bool {
	return within(host, "outlook.com", "office365.com", "office365.us", "partner.outlook.cn", "exchangelabs.com")
}

func within(host string, domains ...string) bool {
	host = strings.ToLower(strings.TrimSpace(host))
	return slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}
