package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// MailSchemaID is the version of the JSON that casdoctor mail writes.
const MailSchemaID = "casdoctor.mail/v1"

// MailMessage is one message: its headers and what Cloud App Security makes of them, or why it
// could not be read.
type MailMessage struct {
	File    string             `json:"file"`
	Failure *facts.Failure     `json:"failure"`
	Headers *facts.MailHeaders `json:"headers"`
	// Why are the rows of the table of causes that fit, the cause first.
	Why      []checks.Why      `json:"why"`
	Deciding *facts.AuthResult `json:"deciding"` // of the hop where the message first came in
	BackEnd  *MailClaim        `json:"back_end"` // it fails the checks for forged internal mail
	Sender   *MailClaim        `json:"sender"`   // its sender's domain is not internal; unknown without internal domains
}

// MailClaim is one statement about a message.
type MailClaim struct {
	Verdict string          `json:"verdict"` // confirmed | supported | unknown | refuted
	Reasons []checks.Reason `json:"reasons"`
}

// NewMailMessage judges one message by itself.
func NewMailMessage(msg facts.Message, c checks.MailContext) MailMessage {
	out := MailMessage{File: msg.File, Failure: msg.Headers.Why(), Headers: msg.Headers.Value, Why: []checks.Why{}}
	if out.Headers != nil {
		j := checks.JudgeMail(*out.Headers, c)
		out.Why, out.Deciding = append(out.Why, j.Why...), j.Deciding
		out.BackEnd, out.Sender = claimOf(j.BackEnd), claimOf(j.Sender)
	}
	return out
}

func claimOf(c checks.Claim) *MailClaim {
	return &MailClaim{Verdict: c.Verdict.String(), Reasons: append([]checks.Reason{}, c.Reasons...)}
}

// MailWriter writes messages one after the other, so that ten thousand need no more memory than
// one. Close ends the report.
type MailWriter struct {
	w    io.Writer
	json bool
	opts View
	n    int
	code int // the exit code so far
}

// NewMailText writes for people.
func NewMailText(w io.Writer, opts View) *MailWriter { return &MailWriter{w: w, opts: opts} }

// NewMailJSON writes one document of the schema casdoctor.mail/v1: its messages in "messages".
func NewMailJSON(w io.Writer) *MailWriter { return &MailWriter{w: w, json: true} }

// Write writes one message.
func (m *MailWriter) Write(msg MailMessage) error {
	m.count(msg)
	m.n++
	if !m.json {
		p := newPage(m.opts)
		if m.n > 1 {
			p.gap()
		}
		p.message(msg)
		_, err := io.WriteString(m.w, p.out.String())
		return err
	}
	before := ",\n"
	if m.n == 1 {
		before = mailHead + "\n"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("    ", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(msg); err != nil {
		return fmt.Errorf("cannot be written as JSON: %w", err)
	}
	_, err := io.WriteString(m.w, before+"    "+escapeActive(strings.TrimSuffix(b.String(), "\n")))
	return err
}

// mailHead opens the document, as WriteData would write it as a whole.
const mailHead = "{\n  \"schema\": \"" + MailSchemaID + "\",\n  \"messages\": ["

// Close ends the report.
func (m *MailWriter) Close() error {
	if !m.json {
		return nil
	}
	end := "\n  ]\n}\n"
	if m.n == 0 {
		end = mailHead + "]\n}\n"
	}
	_, err := io.WriteString(m.w, end)
	return err
}

// count follows the table of all commands: a name that leads to no file is a mistake of usage, a
// message that fails is a trouble, and one that could not be read or decided is an unknown.
func (m *MailWriter) count(msg MailMessage) {
	code := checks.ExitOK
	switch v := msg.verdict(); {
	case msg.Headers == nil && msg.Failure != nil && msg.Failure.Kind == facts.NotFound:
		code = checks.ExitUsage
	case msg.Headers == nil:
		code = checks.ExitUnknown
	case v == checks.Confirmed.String(), v == checks.Supported.String():
		code = checks.ExitTrouble
	case v == checks.Unknown.String():
		code = checks.ExitUnknown
	}
	order := []int{checks.ExitOK, checks.ExitUnknown, checks.ExitTrouble, checks.ExitUsage}
	if slices.Index(order, code) > slices.Index(order, m.code) {
		m.code = code
	}
}

// ExitCode is that of the messages so far.
func (m *MailWriter) ExitCode() int { return m.code }

// verdict is the worse of the two claims.
func (m MailMessage) verdict() string {
	has := func(v checks.Verdict) bool {
		return m.BackEnd != nil && m.BackEnd.Verdict == v.String() || m.Sender != nil && m.Sender.Verdict == v.String()
	}
	for _, v := range []checks.Verdict{checks.Confirmed, checks.Supported, checks.Unknown} {
		if has(v) {
			return v.String()
		}
	}
	return checks.Refuted.String()
}

// The words of a message.
var (
	mailVerdicts = map[string]word{
		"confirmed": {"does not count as internal mail", "内部メールとして扱われません"},
		"supported": {"may not count as internal mail", "内部メールとして扱われない可能性があります"},
		"unknown":   {"not decided", "判定できません"},
		"refuted":   {"passes as internal mail", "内部メールとして扱われます"},
	}
	mailUnread = word{"could not be read", "読み取れません"}
	lWhy       = word{"Why", "理由"}
	lBesides   = word{"Besides", "その他"}
	lSender    = word{"From", "From"}
	lReplyTo   = word{"Reply-To", "Reply-To"}
	lReturn    = word{"Return-Path", "Return-Path"}
	lSPF       = word{"SPF", "SPF"}
	lDKIM      = word{"DKIM", "DKIM"}
	lDMARC     = word{"DMARC", "DMARC"}
	lCompAuth  = word{"compauth", "compauth"}
	lExchange  = word{"Exchange", "Exchange"}
	lRoute     = word{"Route", "経路"}
	lHops      = word{"Hops", "ホップ"}
	lCAS       = word{"Judgement", "判定"}
	lPresumed  = word{"If genuine", "本物なら"}
	moreCauses = word{"{n} more; the option -v shows it all", "ほか {n} 件。-v ですべて表示します"}
	firstHop   = word{"first came in", "最初に受信"}
	noHeader   = word{"none", "なし"}
	nullPath   = word{"empty", "空"}
	notAll     = word{"not all of it is readable", "一部を読み取れません"}
)

var mailMarks = map[string]mark{
	"confirmed": {"✗", red}, "supported": {"!", yellow}, "unknown": {"?", cyan}, "refuted": {"✓", green},
}

// message writes one message in about ten lines: why, by which header and where it stood, and what to
// do. With -v all of the evidence follows.
func (p *page) message(m MailMessage) {
	if m.Headers == nil {
		p.line(2, styled("? "+m.File, cyan), plain("  "+p.say(mailUnread)))
		if m.Failure != nil {
			p.line(2, plain("  "+m.Failure.Detail))
		}
		return
	}
	p.label = word{}
	v := mailMarks[m.verdict()]
	p.line(2, styled(v.sign+" "+m.File, v.style), plain("  "), styled(p.say(mailVerdicts[m.verdict()]), bold))
	r := facts.AuthResult{}
	if m.Deciding != nil {
		r = *m.Deciding
	}
	evidence := p.evidence(*m.Headers, r)
	header := lSPF
	if m.verdict() == checks.Refuted.String() { // it needs no cause
		p.header(evidence, lSPF)
		p.fact(lRoute, p.route(*m.Headers, m.Deciding))
	} else {
		header = p.causes(m, evidence)
	}
	if !p.opts.Verbose {
		return
	}
	for _, e := range evidence {
		if e.label != header {
			p.fact(e.label, e.text)
		}
	}
	for i := range m.Headers.Received {
		p.fact(lHops, p.hop(m.Headers.Received, i))
	}
	for _, r := range m.reasons(m.verdict()) {
		p.fact(lCAS, p.in(r.Text))
	}
}

// causes write why, and what to do, and give the header that decides.
func (p *page) causes(m MailMessage, evidence []evidence) (header word) {
	top, rest := m.Why[0], m.Why[1:]
	header = mailHeaders[top.Header]
	decided := slices.DeleteFunc(m.reasons(m.verdict()), func(r checks.Reason) bool { return r.Code == "relay_left_out" })
	byReason := !top.Explains(m.verdict()) && len(decided) > 0
	if byReason {
		rest = m.Why
		if header = lSPF; mailHeaders[decided[0].Args["what"]] != (word{}) {
			header = mailHeaders[decided[0].Args["what"]]
		}
		for _, r := range decided[:min(len(decided), 2)] {
			p.fact(lWhy, p.in(r.Text))
		}
	} else {
		p.fact(lWhy, p.in(top.Text))
		for _, r := range decided {
			// Besides what the row says is missing, if anything is.
			if m.verdict() == checks.Unknown.String() && (r.Code == "no_sender" || r.Code == "internal_not_named") {
				p.fact(lWhy, p.in(r.Text))
			}
		}
	}
	if len(rest) > 0 && rest[0].Presumed {
		p.fact(lPresumed, p.in(rest[0].Text))
		rest = rest[1:]
	}
	if header == lExchange && p.exchange(*m.Headers) == p.say(noHeader) {
		header = word{} // the row names the headers itself
	}
	p.header(evidence, header)
	p.fact(lRoute, p.route(*m.Headers, m.Deciding))
	if !byReason {
		p.fact(lFix, p.in(top.Fix))
	} else if m.verdict() != checks.Unknown.String() {
		// What is still open says what to do, and so do the reasons of an unknown themselves.
		for _, r := range m.reasons(checks.Unknown.String()) {
			if r.Code == "internal_not_named" {
				p.fact(lFix, p.in(r.Text))
			}
		}
	}
	rest = slices.DeleteFunc(slices.Clone(rest), func(w checks.Why) bool { return w.Code == "unexplained" })
	switch {
	case p.opts.Verbose:
		for _, why := range rest {
			p.fact(lBesides, p.in(why.Text))
		}
	case len(rest) > 0:
		p.fact(lBesides, p.say(moreCauses, "n", strconv.Itoa(len(rest))))
	}
	return header
}

// mailHeaders are the lines of the headers that a row or a reason names.
var mailHeaders = map[string]word{
	"from": lSender, "reply_to": lSender, "return_path": lSender, "spf": lSPF, "envelope": lSPF, "dkim": lDKIM, "dmarc": lDMARC, "exchange": lExchange,
}

// evidence is a line of what the headers say.
type evidence struct {
	label word
	text  string
}

func (p *page) evidence(h facts.MailHeaders, r facts.AuthResult) []evidence {
	dkim := []string{}
	for _, d := range r.DKIM {
		dkim = append(dkim, p.results(&d))
	}
	if len(dkim) == 0 {
		dkim = []string{p.say(noHeader)}
	}
	return []evidence{
		{lSender, p.mailboxes(h.From) + mailGap + p.say(lReplyTo) + " " + p.mailboxes(h.ReplyTo) + mailGap + p.say(lReturn) + " " + p.mailboxes(h.ReturnPath)},
		{lSPF, p.results(r.SPF)},
		{lDKIM, strings.Join(dkim, mailGap)},
		{lDMARC, p.results(r.DMARC) + mailGap + p.say(lCompAuth) + " " + p.results(r.CompAuth)},
		{lExchange, p.exchange(h)},
	}
}

// header writes the one with the label.
func (p *page) header(list []evidence, label word) {
	for _, e := range list {
		if e.label == label {
			p.fact(e.label, e.text)
		}
	}
}

// reasons are those of the claims with a verdict, each once.
func (m MailMessage) reasons(verdict string) (out []checks.Reason) {
	for _, claim := range []*MailClaim{m.BackEnd, m.Sender} {
		if claim.Verdict != verdict {
			continue
		}
		for _, r := range claim.Reasons {
			if !slices.ContainsFunc(out, func(o checks.Reason) bool { return o.Text == r.Text }) {
				out = append(out, r)
			}
		}
	}
	return out
}

// mailGap parts what stands on one line.
const mailGap = "; "

// fact writes a labelled line; the label stands before the first of several of the same, and
// above it where the page is narrow.
func (p *page) fact(label word, text string) {
	l := strings.Repeat(" ", p.indent)
	switch {
	case p.label == label:
	case p.indent != labelWidth:
		p.line(2, styled("  "+p.say(label), faint))
	default:
		l = "  " + p.say(label)
		l += strings.Repeat(" ", max(1, labelWidth-ansi.StringWidth(l)))
	}
	p.label = label
	p.line(p.indent, styled(l, faint), plain(text))
}

func (p *page) mailboxes(m *facts.Mailboxes) string {
	if m == nil {
		return p.say(noHeader)
	}
	out := strings.Join(m.Domains, ", ")
	if out == "" && !m.Unreadable {
		out = p.say(nullPath)
	}
	if m.Unreadable {
		out = strings.TrimSpace(out + " (" + p.say(notAll) + ")")
	}
	return out
}

func (p *page) results(v *facts.AuthVerdict) string {
	if v == nil {
		return p.say(noHeader)
	}
	out := v.Result
	for _, part := range [][2]string{{"", v.Domain}, {"", v.IP}, {"action=", v.Action}} {
		if part[1] != "" {
			out += "  " + part[0] + part[1]
		}
	}
	switch {
	case strings.Contains(v.Reason, " "): // a comment
		out += "  (" + v.Reason + ")"
	case v.Reason != "":
		out += "  reason=" + v.Reason
	}
	return out
}

// exchange are the stamps of Exchange Online, in its own words.
func (p *page) exchange(h facts.MailHeaders) string {
	var out []string
	if h.AuthAs != nil {
		out = append(out, "AuthAs="+*h.AuthAs)
	}
	if h.SCL != nil {
		out = append(out, "SCL="+*h.SCL)
	}
	for _, k := range []string{"SFV", "CAT", "CIP", "IPV"} {
		if v := h.Forefront[k]; v != "" {
			out = append(out, k+"="+v)
		}
	}
	if out == nil {
		return p.say(noHeader)
	}
	return strings.Join(out, "  ")
}

// route is where the message first came in, or its last hop when none decides; -v and the JSON have
// all of them.
func (p *page) route(h facts.MailHeaders, decides *facts.AuthResult) string {
	switch {
	case len(h.Received) == 0:
		return p.say(noHeader)
	case decides == nil || decides.Hop == nil || *decides.Hop >= len(h.Received):
		return p.hop(h.Received, 0)
	default:
		return p.say(firstHop) + ": " + hopNumber(h.Received, *decides.Hop) + sender(h.Received[*decides.Hop])
	}
}

// hop is one of the hops, the last one first.
func (p *page) hop(all []facts.Hop, i int) string {
	out := hopNumber(all, i) + strings.TrimSpace(sender(all[i])+" → "+all[i].By)
	if all[i].At != nil {
		out += "  " + minute(*all[i].At)
	}
	return out
}

func hopNumber(all []facts.Hop, i int) string {
	return strconv.Itoa(i+1) + "/" + strconv.Itoa(len(all)) + "  "
}

func sender(h facts.Hop) string {
	if h.IP == "" {
		return h.From
	}
	return strings.TrimSpace(h.From + " (" + h.IP + ")")
}
