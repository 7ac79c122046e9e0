package report

import (
	"io"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// MailSchemaID is the version of the JSON that casdoctor mail writes.
const MailSchemaID = "casdoctor.mail/v1"

// Mail is what the headers of some messages decide.
type Mail struct {
	Schema   string        `json:"schema"`
	Messages []MailMessage `json:"messages"`
}

// MailMessage is one message: its headers and what Cloud App Security makes of them, or why it
// could not be read.
type MailMessage struct {
	File     string             `json:"file"`
	Failure  *facts.Failure     `json:"failure"`
	Headers  *facts.MailHeaders `json:"headers"`
	Deciding *facts.AuthResult  `json:"deciding"` // of the hop where the message first came in
	BackEnd  *MailClaim         `json:"back_end"` // it fails the checks for forged internal mail
	Sender   *MailClaim         `json:"sender"`   // its sender's domain is not internal; unknown without internal domains
}

// MailClaim is one statement about a message.
type MailClaim struct {
	Verdict string          `json:"verdict"` // confirmed | supported | unknown | refuted
	Reasons []checks.Reason `json:"reasons"`
}

// NewMail judges each message by itself. internal are the internal domains; nil when they are
// not known.
func NewMail(list []facts.Message, internal *[]string) Mail {
	m := Mail{Schema: MailSchemaID, Messages: []MailMessage{}}
	for _, msg := range list {
		out := MailMessage{File: msg.File, Failure: msg.Headers.Why(), Headers: msg.Headers.Value}
		if out.Headers != nil {
			j := checks.JudgeMail(*out.Headers, internal)
			out.Deciding, out.BackEnd, out.Sender = j.Deciding, claimOf(j.BackEnd), claimOf(j.Sender)
		}
		m.Messages = append(m.Messages, out)
	}
	return m
}

func claimOf(c checks.Claim) *MailClaim {
	return &MailClaim{Verdict: c.Verdict.String(), Reasons: append([]checks.Reason{}, c.Reasons...)}
}

// ExitCode follows the table of all commands: a file that is no message is a mistake of usage,
// a message that fails is a trouble, and one that could not be decided is an unknown.
func (m Mail) ExitCode() int {
	code := checks.ExitOK
	for _, msg := range m.Messages {
		switch v := msg.verdict(); {
		case msg.Headers == nil:
			return checks.ExitUsage
		case v == checks.Confirmed.String(), v == checks.Supported.String():
			code = checks.ExitTrouble
		case v == checks.Unknown.String() && code == checks.ExitOK:
			code = checks.ExitUnknown
		}
	}
	return code
}

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
	firstHop   = word{"first came in here", "ここで最初に受信"}
	noHeader   = word{"none", "なし"}
	nullPath   = word{"empty", "空"}
	notAll     = word{"not all of it is readable", "一部を読み取れません"}
)

var mailMarks = map[string]mark{
	"confirmed": {"✗", red}, "supported": {"!", yellow}, "unknown": {"?", cyan}, "refuted": {"✓", green},
}

// WriteMail writes the messages for people.
func WriteMail(w io.Writer, m Mail, opts TextOptions) error {
	p := newPage(opts)
	for i, msg := range m.Messages {
		if i > 0 {
			p.gap()
		}
		p.message(msg)
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

func (p *page) message(m MailMessage) {
	if m.Headers == nil {
		p.line(2, styled("✗ "+m.File, red), plain("  "+p.say(mailUnread)))
		if m.Failure != nil {
			p.line(2, plain("  "+m.Failure.Detail))
		}
		return
	}
	v := mailMarks[m.verdict()]
	p.line(2, styled(v.sign+" "+m.File, v.style), plain("  "), styled(p.say(mailVerdicts[m.verdict()]), bold))
	p.fact(lSender, p.mailboxes(m.Headers.From))
	p.fact(lReplyTo, p.mailboxes(m.Headers.ReplyTo))
	p.fact(lReturn, p.mailboxes(m.Headers.ReturnPath))
	r := facts.AuthResult{}
	if m.Deciding != nil {
		r = *m.Deciding
	}
	p.fact(lSPF, p.results(r.SPF))
	if len(r.DKIM) == 0 {
		p.fact(lDKIM, p.say(noHeader))
	}
	for _, d := range r.DKIM {
		p.fact(lDKIM, p.results(&d))
	}
	p.fact(lDMARC, p.results(r.DMARC))
	p.fact(lCompAuth, p.results(r.CompAuth))
	p.fact(lExchange, p.exchange(*m.Headers))
	for i, hop := range m.Headers.Received {
		p.fact(lRoute, p.hop(i, hop, m.Deciding))
	}
	p.fact(lCAS, p.sentences(m.BackEnd.Reasons))
	p.fact(lCAS, p.sentences(m.Sender.Reasons))
}

// fact writes a labelled line; the label stands before the first of several of the same.
func (p *page) fact(label word, text string) {
	l := strings.Repeat(" ", p.indent)
	if p.label != label || p.indent != labelWidth {
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
	for _, part := range [][2]string{{"", v.Domain}, {"", v.IP}, {"action=", v.Action}, {"reason=", v.Reason}} {
		if part[1] != "" {
			out += "  " + part[0] + part[1]
		}
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

// hop is one step of the way, the last one first, with the one that decides marked.
func (p *page) hop(i int, h facts.Hop, decides *facts.AuthResult) string {
	from := h.From
	if h.IP != "" {
		from += " (" + h.IP + ")"
	}
	out := strconv.Itoa(i+1) + ". " + strings.TrimSpace(from+" → "+h.By)
	if h.At != nil {
		out += "  " + minute(*h.At)
	}
	if decides != nil && decides.Hop != nil && *decides.Hop == i {
		out += "  ← " + p.say(firstHop)
	}
	return out
}
