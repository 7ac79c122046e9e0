package notify

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
)

// smtpServer is a server for submissions as RFC 5321, 3207, 4954 and 6409 have it: it takes no
// mail without TLS and without a sign-in.
type smtpServer struct {
	host       string
	port       int
	roots      *x509.CertPool
	implicit   bool
	noSTARTTLS bool
	noAuth     bool   // it wants none
	refuse     string // the answer to RCPT TO
	only       string // whom refuse is for; "": everybody
	hangUp     bool   // it ends the connection when it has the mail

	mu    sync.Mutex
	mails []string
	plain []string // commands that came without TLS
}

func (s *smtpServer) start(t *testing.T) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate, which is for 127.0.0.1
	t.Cleanup(web.Close)
	s.roots = x509.NewCertPool()
	s.roots.AddCert(web.Certificate())
	serverTLS := &tls.Config{Certificates: web.TLS.Certificates}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s.host, s.port = "127.0.0.1", l.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if s.implicit {
				conn = tls.Server(conn, serverTLS)
			}
			go s.serve(conn, serverTLS)
		}
	}()
}

func (s *smtpServer) serve(conn net.Conn, serverTLS *tls.Config) {
	defer func() { _ = conn.Close() }()
	secure, signedIn := s.implicit, s.noAuth
	text := textproto.NewConn(conn)
	say := func(line string) { _ = text.PrintfLine("%s", line) }
	say("220 mail.example ESMTP")
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		if !secure {
			s.mu.Lock()
			s.plain = append(s.plain, line)
			s.mu.Unlock()
		}
		switch verb = strings.ToUpper(verb); {
		case verb == "EHLO":
			say("250-mail.example")
			if !secure && !s.noSTARTTLS {
				say("250-STARTTLS")
			}
			if secure && !s.noAuth {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case verb == "STARTTLS" && !secure && !s.noSTARTTLS:
			say("220 go ahead")
			tlsConn := tls.Server(conn, serverTLS)
			if tlsConn.Handshake() != nil {
				return
			}
			conn, secure = tlsConn, true
			text = textproto.NewConn(conn)
		case verb == "QUIT":
			say("221 bye")
			return
		case !secure:
			say("530 5.7.0 Must issue a STARTTLS command first")
		case verb == "AUTH":
			if rest == "PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00user\x00"+canary)) {
				signedIn = true
				say("235 2.7.0 welcome")
			} else {
				say("535 5.7.8 " + canary + " is wrong")
			}
		case !signedIn:
			say("530 5.7.0 Authentication required")
		case verb == "RCPT" && s.refuse != "" && strings.Contains(rest, s.only):
			say(s.refuse)
		case verb == "MAIL", verb == "RCPT", verb == "RSET", verb == "NOOP":
			say("250 2.0.0 ok")
		case verb == "DATA":
			say("354 go on")
			raw, err := io.ReadAll(text.DotReader())
			if err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, string(raw))
			s.mu.Unlock()
			say("250 2.0.0 taken")
			if s.hangUp {
				return
			}
		default:
			say("502 5.5.1 what?")
		}
	}
}

// channel is the sender for this server, which trusts it.
func (s *smtpServer) channel(password string) email {
	e := email{
		Email: config.Email{
			Host: s.host, Port: s.port, From: "casdoctor@example.com", To: []string{"it@example.com", "duty@example.com"}, User: "user", Password: secret(password),
		},
		implicit: s.implicit, clock: clock, dialer: &net.Dialer{}, tls: &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12},
	}
	if s.noAuth {
		e.User = ""
	}
	return e
}

func TestEmail(t *testing.T) {
	for name, s := range map[string]*smtpServer{"STARTTLS": {}, "TLS": {implicit: true}, "no sign-in": {noAuth: true}} {
		t.Run(name, func(t *testing.T) {
			s.start(t)
			m := message("ja", trouble("a@contoso.com"), trouble(evil))
			m.To, m.Events[0].Link, m.Events[1].Link = "it@example.com", "https://casdoctor.example.com/1", "https://casdoctor.example.com/2"
			m.Tenant = "コントソ株式会社\r\nBcc: everybody@example.com"
			for range 2 {
				if err := s.channel(canary).send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			if len(s.mails) != 2 {
				t.Fatalf("%d mails", len(s.mails))
			}
			got, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(s.mails[0])))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
			if err != nil {
				t.Fatal(err)
			}
			if want := "casdoctor: コントソ株式会社  Bcc: everybody@example.com: 変化 2 件"; subject != want {
				t.Errorf("subject %q, want %q", subject, want)
			}
			if got.Header.Get("Bcc") != "" || got.Header.Get("Message-Id") != "<0123456789abcdef@example.com>" || got.Header.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("headers %v", got.Header)
			}
			if date, err := got.Header.Date(); err != nil || !date.Equal(now) {
				t.Errorf("date %v, %v", date, err)
			}
			for _, line := range strings.Split(s.mails[0], "\n") {
				if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > 0x7e }) {
					t.Errorf("a line that is too long, or not ASCII: %q", line)
				}
			}
			if got.Header.Get("To") != "<it@example.com>" {
				t.Errorf("to %s", got.Header.Get("To"))
			}
			text, page := parts(t, s.mails[0])
			want := "新しい問題 (異常) · MFA-01.C1 · a@contoso.com\nポリシーが第二要素を要求しています。\n→ MFA-01.F1: 除外する。\nhttps://casdoctor.example.com/1\n\n" +
				"新しい問題 (異常) · MFA-01.C1 · " + evil + "\nポリシーが第二要素を要求しています。\n→ MFA-01.F1: 除外する。\nhttps://casdoctor.example.com/2\n\nhttps://casdoctor.example.com/?a=1&b=2"
			if text != want {
				t.Errorf("text\n%s\nwant\n%s", text, want)
			}
			elements, words := read(t, page)
			for _, want := range []string{"コントソ株式会社  Bcc: everybody@example.com: 変化 2 件", "MFA-01.C1 · " + evil, "→ MFA-01.F1: 除外する。"} {
				if !strings.Contains(words, want) {
					t.Errorf("%q is not in the page: %s", want, words)
				}
			}
			wantLinks := "a https://casdoctor.example.com/1, a https://casdoctor.example.com/2, a https://casdoctor.example.com/?a=1&b=2"
			if got := strings.Join(elements, ", "); got != wantLinks {
				t.Errorf("what leads out of the page: %s, want %s", got, wantLinks)
			}
			for _, line := range s.plain {
				if !strings.HasPrefix(line, "EHLO") && line != "STARTTLS" {
					t.Errorf("without TLS: %s", line)
				}
			}
		})
	}
}

// parts are the text and the page of a mail, which says the same twice (RFC 2046, 5.1.4: the
// plainest first).
func parts(t *testing.T, raw string) (text, page string) {
	t.Helper()
	m, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	var bodies []string
	r := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"} {
		p, err := r.NextPart() // undoes quoted-printable
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if err != nil || p.Header.Get("Content-Type") != want {
			t.Fatalf("%v, %v", p.Header, err)
		}
		bodies = append(bodies, strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n")))
	}
	if _, err := r.NextPart(); !errors.Is(err, io.EOF) {
		t.Errorf("a third part: %v", err)
	}
	return bodies[0], bodies[1]
}

// read is what a browser makes of a page: the attributes that lead elsewhere, and the words. No
// element is there that fetches or runs anything.
func read(t *testing.T, page string) (leads []string, words string) {
	t.Helper()
	known := strings.Fields("html head meta title body h1 h2 div p a")
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return leads, words
		case html.TextToken:
			words += z.Token().Data
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if !slices.Contains(known, token.Data) {
				t.Errorf("an element %s", token.Data)
			}
			for _, a := range token.Attr {
				switch a.Key {
				case "lang", "charset", "name", "content":
				case "style":
					if strings.Contains(a.Val, "url") {
						t.Errorf("style %s", a.Val)
					}
				case "href":
					leads = append(leads, token.Data+" "+a.Val)
				default:
					t.Errorf("%s %s=%s", token.Data, a.Key, a.Val)
				}
			}
		}
	}
}

// TestRecipients: each has a mail of their own, and who is refused keeps nothing from the others.
func TestRecipients(t *testing.T) {
	for refuse, want := range map[string]*Error{
		"550 5.1.1 no":                    {Permanent: true, Status: 550, Reason: "the mail server answered 550 for it@example.com"},
		"451 4.7.1 greylisted, come back": {Status: 451, Reason: "the mail server answered 451 for it@example.com"},
	} {
		s := &smtpServer{refuse: refuse, only: "it@example.com"}
		s.start(t)
		c := config.Channel{Name: "m", Send: config.SendChanges, Minimum: config.Warn, Email: &config.Email{To: []string{"it@example.com", "duty@example.com"}}}
		for _, m := range alert.Plan([]alert.Event{trouble("a")}, alert.ChannelsOf(config.Alerts{Channels: []config.Channel{c}}), alert.Policy{}, 1, now) {
			err := s.channel(canary).send(t.Context(), m)
			var e *Error
			if refused := m.To == "it@example.com"; refused != (err != nil) || refused && (!errors.As(err, &e) || *e != *want) {
				t.Errorf("%s: %v", m.To, err)
			}
		}
		if len(s.mails) != 1 || !strings.Contains(s.mails[0], "To: <duty@example.com>") {
			t.Errorf("mails: %q", s.mails)
		}
	}
	gone := message("en")
	gone.To = "former@example.com"
	var e *Error
	if err := (email{}).send(t.Context(), gone); !errors.As(err, &e) || !e.Permanent {
		t.Errorf("a recipient that is not in the configuration: %v", err)
	}
}

// TestTaken: what the server has taken is sent, even if it is rude after that.
func TestTaken(t *testing.T) {
	s := &smtpServer{hangUp: true}
	s.start(t)
	m := message("en", trouble("a"))
	m.To = "it@example.com"
	if err := s.channel(canary).send(t.Context(), m); err != nil || len(s.mails) != 1 {
		t.Errorf("%v, %d mails", err, len(s.mails))
	}
}

func TestEmailRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		server    *smtpServer
		password  string
		distrust  bool
		permanent bool
		want      string
	}{
		"no STARTTLS":    {server: &smtpServer{noSTARTTLS: true}, password: canary, permanent: true, want: "the mail server offers no STARTTLS, and nothing is sent without it"},
		"wrong password": {server: &smtpServer{}, password: "wrong", permanent: true, want: "the mail server answered 535"},
		"mailbox full":   {server: &smtpServer{refuse: "452 4.2.2 " + canary}, password: canary, want: "the mail server answered 452 for it@example.com"},
		"no mailbox":     {server: &smtpServer{refuse: "550 5.1.1 " + canary}, password: canary, permanent: true, want: "the mail server answered 550 for it@example.com"},
		"certificate":    {server: &smtpServer{}, password: canary, distrust: true, want: "the certificate does not verify; if this network inspects TLS, set network.ca_file to its root certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tt.server
			s.start(t)
			c := s.channel(tt.password)
			if tt.distrust {
				c.tls.RootCAs = x509.NewCertPool()
			}
			m := message("en", trouble("a"))
			m.To = "it@example.com"
			err := c.send(t.Context(), m)
			var e *Error
			if !errors.As(err, &e) || e.Permanent != tt.permanent || e.Reason != tt.want || strings.Contains(fmt.Sprintf("%+v", err), canary) {
				t.Errorf("got %+v, want %q", err, tt.want)
			}
			if len(s.mails) != 0 {
				t.Error("a mail was sent")
			}
		})
	}
}

func TestLargeEmail(t *testing.T) {
	s := &smtpServer{}
	s.start(t)
	m := message("en")
	m.To = "it@example.com"
	for i := range 2000 {
		m.Events = append(m.Events, trouble(fmt.Sprint(i)))
	}
	if err := s.channel(canary).send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.mails[0], "and 1500 more") {
		t.Error("what was cut is not said")
	}
}

// TestPortDecidesTLS: 465 begins with TLS, and every other port must offer STARTTLS.
func TestPortDecidesTLS(t *testing.T) {
	for port, implicit := range map[int]bool{465: true, 587: false, 25: false} {
		s, err := New([]config.Channel{{Name: "c", Email: &config.Email{Host: "smtp.example.com", Port: port}}}, config.Network{}, clock)
		if err != nil {
			t.Fatal(err)
		}
		if e := s.channels["c"].(email); e.implicit != implicit || e.tls.InsecureSkipVerify || e.tls.ServerName != "smtp.example.com" {
			t.Errorf("port %d: %+v", port, e)
		}
	}
}
