package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/httpread"
)

// submissions is the port on which TLS begins at once (RFC 8314, 3.3); on every other one
// STARTTLS is asked for, and nothing is sent without it.
const submissions = 465

// mailMost bounds the items of a mail: a digest of ten thousand is for the page.
const mailMost = 500

// email is a mail server. Mail goes to it directly: an HTTP proxy does not carry SMTP.
type email struct {
	config.Email
	implicit bool // TLS from the beginning
	clock    func() time.Time
	dialer   *net.Dialer
	tls      *tls.Config
}

//go:generate go tool -modfile=../../tools/go.mod templ generate -path .

func (e email) send(ctx context.Context, m alert.Message) error {
	if !slices.Contains(e.To, m.To) {
		return &Error{Permanent: true, Reason: "the channel has no recipient " + strconv.Quote(m.To) + " any more"}
	}
	msg, err := e.compose(ctx, m)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(e.Host, e.options()...)
	if err != nil {
		return &Error{Permanent: true, Reason: "the settings of the channel are refused by the mail library"}
	}
	// What the server has taken is sent, however the connection ends after that.
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() {
		return unsentMail(err, m.To)
	}
	return nil
}

func (e email) options() []mail.Option {
	opts := []mail.Option{
		mail.WithPort(e.Port), mail.WithTimeout(sendTimeout), mail.WithTLSConfig(e.tls), mail.WithTLSPolicy(mail.TLSMandatory),
	}
	if e.implicit {
		// With its own dialer only the library knows that the connection is encrypted, and offers
		// every way to sign in. network.resolver has no effect then.
		opts = append(opts, mail.WithSSL())
	} else {
		opts = append(opts, mail.WithDialContextFunc(e.dialer.DialContext))
	}
	if e.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(e.User), mail.WithPassword(string(e.Password.Reveal())))
	}
	return opts
}

func (e email) compose(ctx context.Context, m alert.Message) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if errors.Join(msg.From(e.From), msg.To(m.To)) != nil {
		return nil, &Error{Permanent: true, Reason: "an address of the channel is refused by the mail library"}
	}
	_, domain, _ := strings.Cut(e.From, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain) // the same when it is sent again
	msg.SetDateWithValue(e.clock())
	head := title(m)
	msg.Subject(head)
	// RFC 3834, 5: no vacation note answers it.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	list, more := items(m), ""
	if n := len(list) - mailMost; n > 0 {
		list, more = list[:mailMost], say(moreItems, m.Lang, "n", strconv.Itoa(n))
	}
	var b strings.Builder
	for _, it := range list {
		for _, l := range []string{it.head, it.body, it.next, it.link} {
			if l != "" {
				b.WriteString(l + "\n")
			}
		}
		b.WriteString("\n")
	}
	for _, l := range []string{more, m.Link} {
		if l != "" {
			b.WriteString(l + "\n")
		}
	}
	msg.SetBodyString(mail.TypeTextPlain, b.String())
	var page strings.Builder
	if err := mailPage(m.Lang, head, list, more, m.Link, say(openPage, m.Lang)).Render(ctx, &page); err != nil {
		return nil, &Error{Reason: "the mail cannot be written"}
	}
	msg.AddAlternativeString(mail.TypeTextHTML, page.String())
	return msg, nil
}

// unsentMail classifies what the server said by its code (RFC 5321, 4.2.1). Its text may quote
// what it was told, and is not repeated.
func unsentMail(err error, to string) *Error {
	code := 0
	var send *mail.SendError
	var reply *textproto.Error
	switch {
	case errors.As(err, &send) && send.ErrorCode() != 0:
		code = send.ErrorCode()
	case errors.As(err, &reply):
		code = reply.Code
	}
	switch {
	case code != 0 && send != nil && send.Reason == mail.ErrSMTPRcptTo:
		return &Error{Permanent: code >= 500, Status: code, Reason: fmt.Sprintf("the mail server answered %d for %s", code, to)}
	case code != 0:
		return &Error{Permanent: code >= 500, Status: code, Reason: fmt.Sprintf("the mail server answered %d", code)}
	case strings.Contains(err.Error(), "STARTTLS"):
		return &Error{Permanent: true, Reason: "the mail server offers no STARTTLS, and nothing is sent without it"}
	case errors.Is(err, mail.ErrPlainAuthNotSupported), strings.Contains(err.Error(), "AUTH"):
		return &Error{Permanent: true, Reason: "the mail server offers no way to sign in that can be used"}
	}
	return &Error{Reason: httpread.Classify(err).Detail}
}
