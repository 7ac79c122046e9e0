package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
)

// startConsole opens the console's port.
func (l *Lab) startConsole() error {
	listener, err := listen()
	if err != nil {
		return err
	}
	l.closers = append(l.closers, func() { _ = listener.Close() })
	l.console = portOf(listener.Addr())
	switch l.org.Console.Behaviour {
	case Refused:
		return l.refuse()
	case Reset, Drop, Silent, PlainHTTP:
		ctx, end := context.WithCancel(context.Background())
		l.closers = append(l.closers, end)
		l.running.Go(func() { l.misbehave(ctx, listener) })
		return nil
	}
	config, err := l.consoleTLS()
	if err != nil {
		return err
	}
	l.serve(tls.NewListener(listener, config), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>Cloud App Security</title>")
	}))
	return nil
}

func (l *Lab) consoleTLS() (*tls.Config, error) {
	c := l.org.Console
	issuer, want := l.ca, leaf{hosts: []string{c.Host}, key: l.org.Key, expired: c.Certificate == CertificateExpired}
	switch c.Certificate {
	case CertificateWrongHost:
		want.hosts = []string{"another-host.invalid"}
	case CertificateUnknownCA:
		var err error
		if issuer, err = newAuthority("practice gateway CA"); err != nil {
			return nil, err
		}
	}
	certificate, err := issuer.issue(want)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   c.MinVersion, MaxVersion: c.MaxVersion, CipherSuites: c.Suites,
		NextProtos: []string{"http/1.1"},
	}
	if config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS12
	}
	if config.MaxVersion == 0 {
		config.MaxVersion = tls.VersionTLS12
	}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		wait(hello.Context(), l.org.Latency)
		if c.Behaviour == ResetTLS12 && slices.Max(hello.SupportedVersions) >= tls.VersionTLS12 {
			resetConn(hello.Conn)
		}
		return nil, nil
	}
	return config, nil
}

// refuse turns the console's address into a port that refuses connections: the near end of
// a connection of our own. Nobody listens there, and nobody else can be given it.
func (l *Lab) refuse() error {
	conn, err := net.Dial("tcp", l.console.String())
	if err != nil {
		return fmt.Errorf("reserve a closed port: %w", err)
	}
	l.closers = append(l.closers, func() { _ = conn.Close() })
	l.console = portOf(conn.LocalAddr())
	return nil
}

// misbehave does to every connection what the behaviour says, until ctx ends.
func (l *Lab) misbehave(ctx context.Context, listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		l.running.Go(func() {
			defer func() { _ = conn.Close() }()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			// A whole hello: closing with something unread would reset the connection.
			if _, err := conn.Read(make([]byte, 16<<10)); err != nil {
				return
			}
			switch l.org.Console.Behaviour {
			case Reset:
				resetConn(conn)
			case PlainHTTP:
				_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			case Silent:
				_, _ = io.Copy(io.Discard, conn)
			}
		})
	}
}
