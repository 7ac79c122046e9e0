package hello

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
)

// FuzzRead: whatever a server says, reading ends, never panics, and what it returns fits
// together. The corpus in testdata is kept from earlier runs.
func FuzzRead(f *testing.F) {
	for _, a := range answers {
		f.Add(a.raw, true)
		f.Add(a.raw, false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, whole bool) {
		depth := Choice
		if whole {
			depth = Whole
		}
		a, err := Read(bytes.NewReader(raw), depth)
		switch a.Kind {
		case None:
			if err == nil {
				t.Fatal("no answer and no error")
			}
		case ServerHello, HelloRetryRequest:
			if a.Version < 0x0300 || a.Version > 0x0304 {
				t.Fatalf("version %04x", a.Version)
			}
			size := 0
			for _, c := range a.Certificates {
				size += len(c)
			}
			if size > len(raw) || !whole && a.Certificates != nil {
				t.Fatalf("%d bytes of certificates out of %d", size, len(raw))
			}
		case Alert:
			if a.Alert < 0 || a.Alert > 255 {
				t.Fatalf("alert %d", a.Alert)
			}
		case NotTLS:
			if err != nil || len(a.First) == 0 || len(a.First) > maxFirst || !bytes.HasPrefix(raw, a.First) {
				t.Fatalf("%q, %v", a.First, err)
			}
		}
	})
}

// FuzzBytes: every hello that is written can be read by crypto/tls's server, and says what was
// asked for; the others are refused.
func FuzzBytes(f *testing.F) {
	f.Add(uint16(0x0303), []byte{0x13, 1, 0xc0, 0x2f}, "console.test", []byte{0, 29}, []byte{8, 4}, true)
	f.Add(uint16(0x0301), []byte{0, 4, 0, 5}, "", []byte{}, []byte{}, false)
	f.Fuzz(func(t *testing.T, version uint16, suites []byte, name string, groups, signatures []byte, modern bool) {
		s := Spec{Version: version, Suites: list(suites), SNI: name, Groups: list(groups), SignatureAlgorithms: list(signatures)}
		if modern {
			s.Versions = []uint16{0x0304, version}
		}
		raw, err := s.Bytes()
		if err != nil {
			if !errors.Is(err, ErrSpec) {
				t.Fatal(err)
			}
			return
		}
		if version < 0x0301 || version > 0x0303 || len(raw) > 16<<10 {
			return // crypto/tls does not read it
		}
		client, server := net.Pipe()
		go func() {
			_, _ = client.Write(raw)
			_, _ = io.Copy(io.Discard, client)
		}()
		stop := errors.New("enough")
		err = tls.Server(server, &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			if !slices.Equal(h.CipherSuites, s.Suites) || h.ServerName != s.SNI {
				t.Errorf("asked for %v %q, written %v %q", s.Suites, s.SNI, h.CipherSuites, h.ServerName)
			}
			return nil, stop
		}}).Handshake()
		server.Close()
		// A name may be one that a server refuses to read: with a dot at its end, or empty labels.
		if !errors.Is(err, stop) && s.SNI == "" {
			t.Fatalf("% x: %v", raw, err)
		}
	})
}

func list(b []byte) []uint16 {
	var out []uint16
	for ; len(b) >= 2; b = b[2:] {
		out = append(out, uint16(b[0])<<8|uint16(b[1]))
	}
	return out
}
