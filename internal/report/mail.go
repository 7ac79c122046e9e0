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
	opts TextOptions
	n    int
	code int // the exit code so far
}

// NewMailText writes for people.
func NewMailText(w io.Writer, opts TextOptions) *MailWriter { return &MailWriter{w: w, opts: opts} }

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
	lCAS       = word{"Judgement", "判定"}
	firstHop   = word{"first came in", "最初に受信"}
	noHeader   = word{"none", "なし"}
	nullPath   = word{"empty", "空"}
	notAll     = word{"not all of it is readable", "一部を読み取れません"}
)

var mailMarks = map[string]mark{
	"confirmed": {"✗", red}, "supported": {"!", yellow}, "unknown": {"?", cyan}, "refuted": {"✓", green},
}

// message writes one message in about ten lines: why and what to do, then the evidence.
func (p *page) message(m MailMessage) {
	if m.Headers == nil {
		p.line(2, styled("? "+m.File, cyan), plain("  "+p.say(mailUnread)))
		if m.Failure != nil {
			p.line(2, plain("  "+m.Failure.Detail))
		}
		return
	}
	v := mailMarks[m.verdict()]
	p.line(2, styled(v.sign+" "+m.File, v.style), plain("  "), styled(p.say(mailVerdicts[m.verdict()]), bold))
	// A message that passes needs no cause.
	if m.verdict() != checks.Refuted.String() {
		for i, why := range m.Why {
			if i == 0 {
				p.fact(lWhy, p.in(why.Text))
				p.fact(lFix, p.in(why.Fix))
			} else {
				p.fact(lBesides, p.in(why.Text))
			}
		}
	}
	h := *m.Headers
	p.fact(lSender, p.mailboxes(h.From)+mailGap+p.say(lReplyTo)+" "+p.mailboxes(h.ReplyTo)+mailGap+p.say(lReturn)+" "+p.mailboxes(h.ReturnPath))
	r := facts.AuthResult{}
	if m.Deciding != nil {
		r = *m.Deciding
	}
	p.fact(lSPF, p.results(r.SPF))
	dkim := []string{}
	for _, d := range r.DKIM {
		dkim = append(dkim, p.results(&d))
	}
	if len(dkim) == 0 {
		dkim = []string{p.say(noHeader)}
	}
	p.fact(lDKIM, strings.Join(dkim, mailGap))
	p.fact(lDMARC, p.results(r.DMARC)+mailGap+p.say(lCompAuth)+" "+p.results(r.CompAuth))
	p.fact(lExchange, p.exchange(h))
	p.fact(lRoute, p.route(h, m.Deciding))
	said := map[string]bool{}
	for _, claim := range []*MailClaim{m.BackEnd, m.Sender} {
		if claim.Verdict != m.verdict() {
			continue // it did not decide
		}
		for _, reason := range claim.Reasons {
			if s := p.sentences([]checks.Reason{reason}); !said[s] {
				said[s] = true
				p.fact(lCAS, s)
			}
		}
	}
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

// route is the hop that decides, or the last one when none does; the JSON has all of them.
func (p *page) route(h facts.MailHeaders, decides *facts.AuthResult) string {
	if len(h.Received) == 0 {
		return p.say(noHeader)
	}
	i, mark := 0, ""
	if decides != nil && decides.Hop != nil && *decides.Hop < len(h.Received) {
		i, mark = *decides.Hop, p.say(firstHop)+": "
	}
	hop := h.Received[i]
	from := hop.From
	if hop.IP != "" {
		from += " (" + hop.IP + ")"
	}
	out := mark + strconv.Itoa(i+1) + "/" + strconv.Itoa(len(h.Received)) + "  " + strings.TrimSpace(from+" → "+hop.By)
	if hop.At != nil {
		out += "  " + minute(*hop.At)
	}
	return out
}
