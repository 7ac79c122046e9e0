package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"

	"github.com/casdoctor/casdoctor/internal/lab"
)

// resolver asks the lab's DNS server, over one network.
func (p *practice) resolver(network string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, p.cfg.Network.Resolver.String())
	}}
}

// dial goes to the console as a browser does: by name, with the roots of the configuration.
func (p *practice) dial(config *tls.Config) (*tls.Conn, error) {
	config.RootCAs, config.ServerName = p.roots(), p.cfg.CAS.Console.Host
	d := tls.Dialer{NetDialer: &net.Dialer{Resolver: p.resolver("udp")}, Config: config}
	conn, err := d.DialContext(p.t.Context(), "tcp", p.cfg.CAS.Console.String())
	if err != nil {
		return nil, err
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	return conn.(*tls.Conn), nil
}

func TestConsoleServes(t *testing.T) {
	p := start(t, nil)
	conn, err := p.dial(&tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if s := conn.ConnectionState(); s.Version != tls.VersionTLS12 ||
		s.CipherSuite != tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 &&
			s.CipherSuite != tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 {
		t.Errorf("%s with %s", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite))
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if page, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(page), "HTTP/1.0 200 OK") {
		t.Errorf("answered %q, %v", page, err)
	}
}

// The names that crypto/tls gives the alerts 70 (protocol_version) and 40 (handshake_failure)
// of RFC 8446, section 6.
const (
	versionAlert = "remote error: tls: protocol version not supported"
	suiteAlert   = "remote error: tls: handshake failure"
)

func TestConsoleVersionsAndSuites(t *testing.T) {
	old := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}
	for _, c := range []struct {
		name    string
		console lab.Console
		client  *tls.Config
		version uint16 // 0: refused
		want    string // of the error
	}{
		{"old version", lab.Console{}, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, 0, versionAlert},
		{"old suite", lab.Healthy().Console, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: old}, 0, suiteAlert},
		{"old suite, still taken", lab.Console{Suites: old},
			&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: old}, tls.VersionTLS12, ""},
		{"TLS 1.3", lab.Console{MaxVersion: tls.VersionTLS13}, &tls.Config{}, tls.VersionTLS13, ""},
		{"no more than 1.1", lab.Console{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, &tls.Config{}, 0, versionAlert},
		{"1.0 to those who ask", lab.Console{MinVersion: tls.VersionTLS10},
			&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, tls.VersionTLS10, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.console.Host = lab.Healthy().Console.Host
			p := start(t, func(o *lab.Organisation) { o.Console = c.console })
			conn, err := p.dial(c.client)
			switch {
			case c.version != 0 && err != nil:
				t.Fatal(err)
			case c.version == 0:
				if err == nil || err.Error() != c.want {
					t.Errorf("error %v, want %s", err, c.want)
				}
			case conn.ConnectionState().Version != c.version:
				t.Errorf("version %s, want %s", tls.VersionName(conn.ConnectionState().Version), tls.VersionName(c.version))
			}
		})
	}
}

func TestConsoleCertificates(t *testing.T) {
	for kind, is := range map[lab.CertificateKind]func(error) bool{
		lab.CertificateGood: func(err error) bool { return err == nil },
		lab.CertificateExpired: func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		},
		lab.CertificateWrongHost: func(err error) bool {
			var e x509.HostnameError
			return errors.As(err, &e)
		},
		lab.CertificateUnknownCA: func(err error) bool {
			var e x509.UnknownAuthorityError
			return errors.As(err, &e)
		},
	} {
		p := start(t, func(o *lab.Organisation) { o.Console.Certificate = kind })
		if _, err := p.dial(&tls.Config{}); !is(err) {
			t.Errorf("certificate %q: %v", kind, err)
		}
	}
}

func TestConsoleBehaviours(t *testing.T) {
	for behaviour, is := range map[lab.Behaviour]func(error) bool{
		lab.Reset:   func(err error) bool { return errors.Is(err, syscall.ECONNRESET) },
		lab.Drop:    func(err error) bool { return errors.Is(err, io.EOF) },
		lab.Refused: func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) },
		lab.PlainHTTP: func(err error) bool {
			var e tls.RecordHeaderError
			return errors.As(err, &e) && string(e.RecordHeader[:]) == "HTTP/"
		},
		lab.NoName: func(err error) bool {
			var e *net.DNSError
			return errors.As(err, &e) && e.IsNotFound
		},
		lab.ResetTLS12: func(err error) bool { return errors.Is(err, syscall.ECONNRESET) },
	} {
		p := start(t, func(o *lab.Organisation) { o.Console.Behaviour = behaviour })
		if _, err := p.dial(&tls.Config{}); !is(err) {
			t.Errorf("behaviour %q: %v", behaviour, err)
		}
	}
}

// A gateway that cannot do TLS 1.2 lets older hellos through.
func TestConsoleResetTLS12(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Console.Behaviour, o.Console.MinVersion = lab.ResetTLS12, tls.VersionTLS10
	})
	conn, err := p.dial(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}})
	if err == nil {
		t.Fatalf("connected with %v: the healthy console has no suite for TLS 1.1", conn.ConnectionState())
	}
	p = start(t, func(o *lab.Organisation) {
		o.Console.Behaviour, o.Console.MinVersion, o.Console.Suites = lab.ResetTLS12, tls.VersionTLS10, nil
	})
	if _, err := p.dial(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err != nil {
		t.Errorf("TLS 1.1: %v", err)
	}
}

// A silent console takes the connection and says nothing: only the client's patience ends it.
func TestConsoleSilent(t *testing.T) {
	p := start(t, func(o *lab.Organisation) { o.Console.Behaviour = lab.Silent })
	conn, err := net.Dial("tcp", p.console())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	select {
	case err := <-read:
		t.Fatalf("it answered, or ended: %v", err)
	default:
	}
	p.Close()
	if err := <-read; err == nil {
		t.Error("it answered at its end")
	}
}

func TestDNS(t *testing.T) {
	p := start(t, func(o *lab.Organisation) {
		o.Zone = []string{
			`contoso.com. 300 IN TXT "v=spf1 include:spf.protection.outlook.com -all"`, "contoso.com. 300 IN MX 10 mail.contoso.com.",
		}
	})
	for _, network := range []string{"udp", "tcp"} {
		r := p.resolver(network)
		if got, err := r.LookupHost(t.Context(), p.cfg.CAS.Console.Host); err != nil || len(got) != 1 ||
			got[0] != "127.0.0.1" {
			t.Errorf("%s: the console is at %v, %v", network, got, err)
		}
		if got, err := r.LookupTXT(t.Context(), "contoso.com"); err != nil || len(got) != 1 ||
			!strings.HasPrefix(got[0], "v=spf1") {
			t.Errorf("%s: TXT %q, %v", network, got, err)
		}
		if got, err := r.LookupMX(t.Context(), "Contoso.COM"); err != nil || len(got) != 1 ||
			got[0].Host != "mail.contoso.com." {
			t.Errorf("%s: MX %v, %v", network, got, err)
		}
		// RFC 8020: a name that does not exist is not a name without such a record.
		for name, rcode := range map[string]int{"nobody.test.": dns.RcodeNameError, "contoso.com.": dns.RcodeSuccess} {
			q := new(dns.Msg).SetQuestion(name, dns.TypeAAAA)
			got, _, err := (&dns.Client{Net: network}).ExchangeContext(t.Context(), q, p.cfg.Network.Resolver.String())
			if err != nil || got.Rcode != rcode || len(got.Answer) != 0 {
				t.Errorf("%s: AAAA of %s: %v, %v", network, name, got, err)
			}
		}
	}
	o := lab.Healthy()
	o.Key, o.Zone = key(), []string{"this is no record"}
	if l, err := lab.Start(o); err == nil {
		l.Close()
		t.Error("a zone that cannot be read was taken")
	}
}
