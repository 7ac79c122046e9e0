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
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/casdoctor/casdoctor/config"
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
		case verb == "RCPT" && s.refuse != "":
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
			m := message("ja", trouble("a@contoso.com"))
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
			if want := "casdoctor: コントソ株式会社  Bcc: everybody@example.com: 新しい問題 MFA-01"; subject != want {
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
			body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
			if err != nil {
				t.Fatal(err)
			}
			want := "新しい問題 (異常) · MFA-01.C1 · a@contoso.com\r\nポリシーが第二要素を要求しています。\r\n→ MFA-01.F1: 除外する。\r\n\r\nhttps://casdoctor.example.com/?a=1&b=2"
			if normal := strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(string(body)), "\r\n", "\n"), "\n", "\r\n"); normal != want {
				t.Errorf("body\n%s\nwant\n%s", body, want)
			}
			for _, line := range s.plain {
				if !strings.HasPrefix(line, "EHLO") && line != "STARTTLS" {
					t.Errorf("without TLS: %s", line)
				}
			}
		})
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
		"mailbox full":   {server: &smtpServer{refuse: "452 4.2.2 " + canary}, password: canary, want: "the mail server answered 452"},
		"no mailbox":     {server: &smtpServer{refuse: "550 5.1.1 " + canary}, password: canary, permanent: true, want: "the mail server answered 550"},
		"certificate":    {server: &smtpServer{}, password: canary, distrust: true, want: "the certificate does not verify; if this network inspects TLS, set network.ca_file to its root certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tt.server
			s.start(t)
			c := s.channel(tt.password)
			if tt.distrust {
				c.tls.RootCAs = x509.NewCertPool()
			}
			err := c.send(t.Context(), message("en", trouble("a")))
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
	m.Digest, m.Tenants = true, 2000
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
