package hello

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
)

// record wraps handshake messages of a version.
func record(kind byte, version uint16, payload []byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{kind}, version)
	return append(binary.BigEndian.AppendUint16(out, uint16(len(payload))), payload...)
}

func message(kind byte, body []byte) []byte {
	return append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// serverHello is one as RFC 5246 section 7.4.1.3 and RFC 8446 section 4.1.3 lay it out.
func serverHello(version, suite uint16, random []byte, extensions ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, version)
	b = append(b, random...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, suite)
	b = append(b, 0)
	if len(extensions) > 0 {
		b = append16(b, extensions)
	}
	return message(2, b)
}

var random = bytes.Repeat([]byte{7}, 32)

func sentinel(last byte) []byte {
	return append(bytes.Repeat([]byte{7}, 24), 'D', 'O', 'W', 'N', 'G', 'R', 'D', last)
}

// chain is a Certificate message before TLS 1.3.
func chain(certs ...[]byte) []byte {
	var list []byte
	for _, c := range certs {
		list = append(append(list, byte(len(c)>>16), byte(len(c)>>8), byte(len(c))), c...)
	}
	return message(11, append([]byte{byte(len(list) >> 16), byte(len(list) >> 8), byte(len(list))}, list...))
}

// answers are what servers say, and what has to be read in it.
var answers = []struct {
	name string
	raw  []byte
	want Answer
	err  error
}{
	{"SSL 3.0", record(22, 0x0300, serverHello(0x0300, 0x0004, random)), Answer{Kind: ServerHello, Version: 0x0300, Suite: 4}, io.EOF},
	{
		"TLS 1.2 with a chain and a curve",
		record(22, 0x0303, slices.Concat(serverHello(0x0303, 0xc02f, random), chain([]byte("leaf"), []byte("ca")), message(12, []byte{3, 0, 29, 1, 9}))),
		Answer{Kind: ServerHello, Version: 0x0303, Suite: 0xc02f, Group: 29, Certificates: [][]byte{[]byte("leaf"), []byte("ca")}}, nil,
	},
	{
		"the same in records of two bytes",
		split(slices.Concat(serverHello(0x0303, 0xc02f, random), chain([]byte("leaf")), message(12, []byte{3, 0, 23, 1, 9}))),
		Answer{Kind: ServerHello, Version: 0x0303, Suite: 0xc02f, Group: 23, Certificates: [][]byte{[]byte("leaf")}}, nil,
	},
	{
		"DHE: no curve",
		record(22, 0x0303, slices.Concat(serverHello(0x0303, 0x009e, random), message(12, []byte{3, 0, 1, 2}))),
		Answer{Kind: ServerHello, Version: 0x0303, Suite: 0x009e}, nil,
	},
	{
		"TLS 1.3 asks again (RFC 8446 section 4.1.4)",
		record(22, 0x0303, serverHello(0x0303, 0x1301, retry, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 0x1d)),
		Answer{Kind: HelloRetryRequest, Version: 0x0304, Suite: 0x1301, Group: 0x1d}, nil,
	},
	{
		"TLS 1.3", record(22, 0x0303, serverHello(0x0303, 0x1302, random, 0, 43, 0, 2, 3, 4)),
		Answer{Kind: ServerHello, Version: 0x0304, Suite: 0x1302}, nil,
	},
	{
		"sentinel of TLS 1.3", record(22, 0x0303, slices.Concat(serverHello(0x0303, 0x002f, sentinel(1)), message(14, nil))),
		Answer{Kind: ServerHello, Version: 0x0303, Suite: 0x2f, Sentinel: 0x0304}, nil,
	},
	{
		"sentinel of TLS 1.2", record(22, 0x0302, slices.Concat(serverHello(0x0302, 0x002f, sentinel(0)), message(14, nil))),
		Answer{Kind: ServerHello, Version: 0x0302, Suite: 0x2f, Sentinel: 0x0303}, nil,
	},
	{"alert", record(21, 0x0303, []byte{2, 70}), Answer{Kind: Alert, Alert: 70}, nil},
	{"a warning and the end", record(21, 0x0303, []byte{1, 112}), Answer{Kind: Alert, Alert: 112}, nil},
	{
		"a warning, then a choice (RFC 6066 section 3)",
		slices.Concat(record(21, 0x0303, []byte{1, 112}), record(22, 0x0303, slices.Concat(serverHello(0x0303, 0x002f, random), message(14, nil)))),
		Answer{Kind: ServerHello, Version: 0x0303, Suite: 0x2f}, nil,
	},
	{"HTTP", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), Answer{Kind: NotTLS, First: []byte("HTTP/1.1 400 Bad Request\r\n\r\n")}, nil},
	{"SSH, cut short", []byte("SSH"), Answer{Kind: NotTLS, First: []byte("SSH")}, nil},
	{"nothing", nil, Answer{}, io.EOF},
	{"half a head", []byte{22, 3, 3}, Answer{}, io.ErrUnexpectedEOF},
	{"half a record", []byte{22, 3, 3, 0, 9, 2}, Answer{}, io.ErrUnexpectedEOF},
	{"an empty record", []byte{22, 3, 3, 0, 0}, Answer{}, ErrMalformed},
	{"a record that is too long", []byte{22, 3, 3, 0xff, 0xff}, Answer{}, ErrMalformed},
	{"a message that is too long", record(22, 0x0303, []byte{2, 0xff, 0xff, 0xff}), Answer{}, ErrMalformed},
	{"another message first", record(22, 0x0303, message(11, []byte{0, 0, 0})), Answer{}, ErrMalformed},
	{"an alert of one byte", record(21, 0x0303, []byte{2}), Answer{}, ErrMalformed},
	{"a ServerHello of nothing", record(22, 0x0303, message(2, nil)), Answer{}, ErrMalformed},
	{"a version of the future", record(22, 0x0303, serverHello(0x0399, 0x002f, random)), Answer{}, ErrMalformed},
	{"a session id that lies", record(22, 0x0303, message(2, slices.Concat([]byte{3, 3}, random, []byte{200, 0, 0x2f, 0}))), Answer{}, ErrMalformed},
	{"extensions that lie", record(22, 0x0303, message(2, slices.Concat([]byte{3, 3}, random, []byte{0, 0, 0x2f, 0, 0, 9, 1}))), Answer{}, ErrMalformed},
	{"an extension that lies", record(22, 0x0303, serverHello(0x0303, 0x002f, random, 0, 43, 0, 200)), Answer{}, ErrMalformed},
	{
		"a chain that lies", record(22, 0x0303, slices.Concat(serverHello(0x0303, 0x002f, random), message(11, []byte{0, 0, 9, 0, 0, 200}))),
		Answer{Kind: ServerHello, Version: 0x0303, Suite: 0x2f}, ErrMalformed,
	},
	{"application data first", record(23, 0x0303, []byte{1}), Answer{}, ErrMalformed},
}

// split puts each two bytes into a record of their own.
func split(b []byte) []byte {
	var out []byte
	for part := range slices.Chunk(b, 2) {
		out = append(out, record(22, 0x0303, part)...)
	}
	return out
}

func TestRead(t *testing.T) {
	for _, tc := range answers {
		for name, r := range map[string]io.Reader{
			"": bytes.NewReader(tc.raw), " byte by byte": iotest.OneByteReader(bytes.NewReader(tc.raw)),
		} {
			got, err := Read(r, Whole)
			if got.Kind == NotTLS && len(got.First) > 0 && bytes.HasPrefix(tc.want.First, got.First) {
				got.First = tc.want.First // as much as has come
			}
			got.Bytes = 0 // TestReadCounts
			if diff := cmp.Diff(tc.want, got); diff != "" || !errors.Is(err, tc.err) {
				t.Errorf("%s%s: error %v, want %v (-want +got):\n%s", tc.name, name, err, tc.err, diff)
			}
		}
	}
}

// endless says the same for ever and counts.
type endless struct {
	b []byte
	n int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.b)
	e.n += n
	return n, nil
}

// A server that never comes to an end is left.
func TestReadEndless(t *testing.T) {
	certificates := record(22, 0x0303, bytes.Repeat([]byte{0}, 1000))
	for name, tc := range map[string]struct {
		first []byte
		then  []byte
	}{
		"warnings":         {nil, record(21, 0x0303, []byte{1, 112})},
		"empty messages":   {record(22, 0x0303, serverHello(0x0303, 0x002f, random)), record(22, 0x0303, message(22, nil))},
		"one long message": {record(22, 0x0303, slices.Concat(serverHello(0x0303, 0x002f, random), []byte{11, 3, 0, 0})), certificates},
		"not TLS":          {nil, []byte("HTTP/1.1 200 OK\r\n")},
	} {
		e := &endless{b: bytes.Repeat(tc.then, 1+4096/len(tc.then))}
		_, err := Read(io.MultiReader(bytes.NewReader(tc.first), e), Whole)
		if e.n > maxFlight+16<<10 {
			t.Errorf("%s: %d bytes were read", name, e.n)
		}
		if err == nil && name != "not TLS" {
			t.Errorf("%s: no error", name)
		}
	}
}

// What is written is what crypto/tls's server reads, a reader that knows nothing of this one.
func TestBytes(t *testing.T) {
	spec := Spec{
		Version: ciphersuite.TLS12, Versions: []uint16{ciphersuite.TLS13, ciphersuite.TLS12},
		Suites: []uint16{0x1301, 0xc02f, 0x0005}, SNI: "console.test", Groups: []uint16{29, 23},
		SignatureAlgorithms: []uint16{0x0804, 0x0401}, ALPN: []string{"h2", "http/1.1"},
	}
	raw, err := spec.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if got := Suites(raw); !slices.Equal(got, spec.Suites) || Suites(raw[:20]) != nil || Suites([]byte("HTTP/1.1 400 Bad Request\r\nServer: some server with a name\r\n")) != nil {
		t.Errorf("read back %04x", got)
	}
	client, server := net.Pipe()
	go func() {
		_, _ = client.Write(raw)
		_, _ = io.Copy(io.Discard, client)
	}()
	var got *tls.ClientHelloInfo
	stop := errors.New("enough")
	err = tls.Server(server, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		got = h
		return nil, stop
	}}).Handshake()
	server.Close()
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if got.ServerName != spec.SNI || !slices.Equal(got.CipherSuites, spec.Suites) || !slices.Equal(got.SupportedVersions, spec.Versions) ||
		!slices.Equal(got.SupportedProtos, spec.ALPN) ||
		!slices.Equal(got.SupportedCurves, []tls.CurveID{29, 23}) ||
		!slices.Equal(got.SignatureSchemes, []tls.SignatureScheme{0x0804, 0x0401}) {
		t.Errorf("%+v", got)
	}
}

// The formats that crypto/tls does not read, byte by byte: RFC 6101 section 5.6.1.2 for SSL 3.0,
// RFC 5246 appendix E.2 for the hello of SSL 2.0.
func TestBytesOld(t *testing.T) {
	raw, err := Spec{Version: ciphersuite.SSL30, Suites: []uint16{4, 5}, SNI: "not.sent", Groups: []uint16{23}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{22, 3, 0, 0, 47, 1, 0, 0, 43, 3, 0}
	want = append(append(want, raw[11:43]...), 0, 0, 4, 0, 4, 0, 5, 1, 0)
	if !bytes.Equal(raw, want) {
		t.Errorf("SSL 3.0: % x", raw)
	}
	raw, err = Spec{Version: ciphersuite.TLS10, Suites: []uint16{4, 5}, SSL2: true}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	want = []byte{0x80, 31, 1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 4, 0, 0, 5}
	if !bytes.Equal(raw, append(want, raw[17:]...)) || len(raw) != 33 {
		t.Errorf("SSL 2.0: % x", raw)
	}
}

func TestBytesRefuses(t *testing.T) {
	for name, s := range map[string]Spec{
		"no suites":             {Version: ciphersuite.TLS12},
		"a name that is long":   {Version: ciphersuite.TLS12, Suites: []uint16{1}, SNI: strings.Repeat("a", 256)},
		"too much for a record": {Version: ciphersuite.TLS12, Suites: make([]uint16, 20000)},
		"a protocol of 300":     {Version: ciphersuite.TLS12, Suites: []uint16{1}, ALPN: []string{strings.Repeat("h", 300)}},
		"an extension of 70 KB": {Version: ciphersuite.TLS12, Suites: []uint16{1}, Extensions: []Extension{{Type: 21, Data: make([]byte, 70000)}}},
		"SSL 2.0 with a name":   {Version: ciphersuite.TLS10, Suites: []uint16{1}, SSL2: true, SNI: "a"},
	} {
		if _, err := s.Bytes(); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type exchange struct {
	io.Reader
	io.Writer
}

// A choice of what was not offered is none.
func TestAsk(t *testing.T) {
	for name, tc := range map[string]struct {
		spec Spec
		raw  []byte
		err  error
	}{
		"as offered":           {Spec{Version: 0x0303, Suites: []uint16{0x2f}}, serverHello(0x0303, 0x2f, random), nil},
		"a lower version":      {Spec{Version: 0x0303, Suites: []uint16{0x2f}}, serverHello(0x0301, 0x2f, random), nil},
		"a higher version":     {Spec{Version: 0x0301, Suites: []uint16{0x2f}}, serverHello(0x0303, 0x2f, random), ErrNotOffered},
		"another suite":        {Spec{Version: 0x0303, Suites: []uint16{0x2f}}, serverHello(0x0303, 0x35, random), ErrNotOffered},
		"1.3 without offering": {Spec{Version: 0x0303, Suites: []uint16{0x1301}}, serverHello(0x0303, 0x1301, random, 0, 43, 0, 2, 3, 4), ErrNotOffered},
	} {
		got, err := Ask(exchange{bytes.NewReader(record(22, 0x0303, tc.raw)), io.Discard}, tc.spec, Whole)
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: %v, want %v", name, err, tc.err)
		}
		if tc.err == nil && !errors.Is(got.Rest, io.EOF) {
			t.Errorf("%s: the rest is missing, says %v", name, got.Rest)
		}
	}
}

// An answer that breaks off, or goes silent, has been seen to begin: that is not silence.
func TestReadCounts(t *testing.T) {
	whole := record(22, 0x0303, serverHello(0x0303, 0x002f, random))
	for name, tc := range map[string]struct {
		raw  []byte
		want int
	}{
		"nothing":              {nil, 0},
		"half a record's head": {whole[:3], 3},
		"half a ServerHello":   {whole[:20], 20},
		"a ServerHello":        {whole, len(whole)},
		"a head that lies":     {[]byte{22, 3, 3, 0, 0}, 5},
		"an alert":             {record(21, 0x0303, []byte{2, 40}), 7},
		"not TLS":              {[]byte("HTTP/1.1 400"), 12},
	} {
		for how, end := range map[string]error{"closed": io.EOF, "silent": os.ErrDeadlineExceeded} {
			if got, _ := Read(io.MultiReader(bytes.NewReader(tc.raw), iotest.ErrReader(end)), Choice); got.Bytes != tc.want {
				t.Errorf("%s, then %s: %d bytes, want %d", name, how, got.Bytes, tc.want)
			}
		}
	}
}
