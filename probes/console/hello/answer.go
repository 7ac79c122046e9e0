package hello

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
)

const (
	recordHandshake = 22
	recordAlert     = 21

	messageClientHello       = 1
	messageServerHello       = 2
	messageCertificate       = 11
	messageServerKeyExchange = 12
	messageServerHelloDone   = 14

	// maxRecord is the largest record (RFC 5246 section 6.2.1) with what TLS 1.2 allows for
	// encryption; a longer one is a lie.
	maxRecord = 1<<14 + 2048
	// maxFlight bounds what is read of one answer. Real chains need under 20 KB; a server that
	// sends more than this is not read any further.
	maxFlight = 256 << 10
	// maxFirst is how much is kept of an answer that is not TLS: a status line, not a page.
	maxFirst = 64
)

// Kind is what a server answers with.
type Kind int

// The kinds of answers; the zero value is no answer.
const (
	None Kind = iota
	ServerHello
	HelloRetryRequest // TLS 1.3: the choice is made, the key share is missing
	Alert
	NotTLS
)

// Answer is the first answer of a server, as far as it could be read.
type Answer struct {
	Kind    Kind
	Alert   int    // its description (RFC 8446 section 6)
	Version uint16 // the one that the server chose
	Suite   uint16
	Group   uint16 // of the HelloRetryRequest, or of the key exchange before TLS 1.3; 0: not seen
	// Sentinel is the version that a server says it could have spoken: TLS 1.3, or TLS 1.2 for
	// 1.2 or later; 0: none (RFC 8446 section 4.1.3).
	Sentinel uint16
	// Certificates is the chain, leaf first, as it was sent, with Whole.
	Certificates [][]byte
	First        []byte // of an answer that is not TLS
	// Bytes is how much came and was read, of an answer that breaks off as well.
	Bytes int
	// Rest is why what stands behind the ServerHello could not be read, with Whole: the
	// choice stands all the same.
	Rest error
}

// Depth is how far an answer is read.
type Depth int

// The depths.
const (
	// Choice stops behind the ServerHello.
	Choice Depth = iota
	// Whole reads the certificates and the group as well, which stand in clear before TLS 1.3.
	Whole
)

// The errors of an answer that cannot be read. What a connection says (io.EOF when it was
// closed without a word, a reset, a deadline) comes as it is.
var (
	ErrMalformed = errors.New("the answer begins like TLS and is not")
	ErrTooLong   = errors.New("the answer does not come to an end")
	// ErrNotOffered is an answer with a version or a suite that the hello did not offer.
	ErrNotOffered = errors.New("the server chose what was not offered")
)

// Ask sends a hello and reads the answer. The caller's deadline on conn bounds both.
func Ask(conn io.ReadWriter, s Spec, depth Depth) (Answer, error) {
	raw, err := s.Bytes()
	if err != nil {
		return Answer{}, err
	}
	_, werr := conn.Write(raw)
	a, err := Read(conn, depth)
	switch {
	case errors.Is(err, io.EOF) && werr != nil:
		return a, werr
	case a.Kind != ServerHello && a.Kind != HelloRetryRequest:
		return a, err
	case !slices.Contains(s.Suites, a.Suite):
		return a, fmt.Errorf("%w: suite 0x%04x", ErrNotOffered, a.Suite)
	case a.Version > s.highest(): // a lower one is the server's right: it has no higher one
		return a, fmt.Errorf("%w: version 0x%04x", ErrNotOffered, a.Version)
	}
	a.Rest = err
	return a, nil
}

// Read reads the first answer to a hello. With an error, the answer holds what came before it.
func Read(r io.Reader, depth Depth) (Answer, error) {
	f := flight{r: bufio.NewReaderSize(io.LimitReader(r, maxFlight), 4<<10)}
	err := f.read(depth)
	f.a.Bytes = max(f.taken, len(f.a.First))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		switch {
		case f.taken >= maxFlight:
			err = ErrTooLong
		case f.a.Kind == Alert: // a warning, and then the end
			err = nil
		}
	}
	return f.a, err
}

// flight reads records and puts the handshake messages in them together.
type flight struct {
	r       *bufio.Reader
	a       Answer
	taken   int    // bytes of r
	pending []byte // of handshake messages that are not complete
}

func (f *flight) read(depth Depth) error {
	for {
		kind, payload, err := f.record()
		if err != nil || f.a.Kind == NotTLS {
			return err
		}
		switch kind {
		case recordAlert:
			done, err := f.alert(payload)
			if done || err != nil {
				return err
			}
		case recordHandshake:
			done, err := f.handshake(payload, depth)
			if done || err != nil {
				return err
			}
		default:
			if f.a.Kind == ServerHello { // TLS 1.3 goes on encrypted
				return nil
			}
			return fmt.Errorf("%w: a record of type %d", ErrMalformed, kind)
		}
	}
}

// record is the next record. An answer that does not begin like one is NotTLS.
func (f *flight) record() (byte, []byte, error) {
	head, err := f.r.Peek(5)
	if err != nil {
		if f.taken == 0 && len(head) > 0 && !tlsBegin(head) {
			f.notTLS()
			return 0, nil, nil
		}
		if len(head) > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		f.taken += len(head)
		return 0, nil, err
	}
	if !tlsBegin(head) {
		if f.taken == 0 {
			f.notTLS()
			return 0, nil, nil
		}
		return 0, nil, fmt.Errorf("%w: a record that begins with %q", ErrMalformed, head)
	}
	f.taken += 5
	kind, n := head[0], int(binary.BigEndian.Uint16(head[3:]))
	if n > maxRecord || n == 0 {
		return 0, nil, fmt.Errorf("%w: a record of %d bytes", ErrMalformed, n)
	}
	_, _ = f.r.Discard(5)
	payload := make([]byte, n)
	got, err := io.ReadFull(f.r, payload)
	f.taken += got
	return kind, payload, err
}

// tlsBegin is whether bytes can be the head of a record: its type, and the major version 3.
func tlsBegin(head []byte) bool {
	return head[0] >= 20 && head[0] <= 24 && (len(head) < 2 || head[1] == 3)
}

func (f *flight) notTLS() {
	first, _ := f.r.Peek(min(maxFirst, max(1, f.r.Buffered())))
	f.a = Answer{Kind: NotTLS, First: bytes.Clone(first)}
}

// alert reports whether the answer ends with it. A warning does not end it (RFC 6066 section 3:
// a server that does not know the name may say so and go on).
func (f *flight) alert(payload []byte) (bool, error) {
	const warning, closeNotify = 1, 0
	if len(payload) < 2 || payload[0] == 0 || payload[0] > 2 {
		return true, fmt.Errorf("%w: an alert of %d bytes", ErrMalformed, len(payload))
	}
	if f.a.Kind == ServerHello { // the choice stands
		return true, nil
	}
	f.a.Kind, f.a.Alert = Alert, int(payload[1])
	return payload[0] != warning || payload[1] == closeNotify, nil
}

// handshake takes the messages that are complete with these bytes.
func (f *flight) handshake(payload []byte, depth Depth) (bool, error) {
	f.pending = append(f.pending, payload...)
	for len(f.pending) >= 4 {
		n := int(f.pending[1])<<16 | int(f.pending[2])<<8 | int(f.pending[3])
		if n > maxFlight {
			return true, fmt.Errorf("%w: a message of %d bytes", ErrMalformed, n)
		}
		if len(f.pending) < 4+n {
			return false, nil
		}
		kind, body := f.pending[0], f.pending[4:4+n]
		f.pending = f.pending[4+n:]
		if done, err := f.message(kind, body, depth); done || err != nil {
			return true, err
		}
	}
	return false, nil
}

func (f *flight) message(kind byte, body []byte, depth Depth) (bool, error) {
	if f.a.Kind != ServerHello && kind != messageServerHello {
		return true, fmt.Errorf("%w: a message of type %d before the ServerHello", ErrMalformed, kind)
	}
	switch kind {
	case messageServerHello:
		if f.a.Kind == ServerHello {
			return true, fmt.Errorf("%w: two ServerHellos", ErrMalformed)
		}
		f.a = Answer{}
		if !f.a.serverHello(body) {
			f.a = Answer{}
			return true, fmt.Errorf("%w: a ServerHello with wrong lengths", ErrMalformed)
		}
		return depth == Choice || f.a.Kind == HelloRetryRequest || f.a.Version >= ciphersuite.TLS13, nil
	case messageCertificate:
		if !f.a.certificate(body) {
			return true, fmt.Errorf("%w: a Certificate with wrong lengths", ErrMalformed)
		}
	case messageServerKeyExchange:
		// ECParameters: 3 is a named curve (RFC 8422 section 5.4).
		if len(body) >= 4 && body[0] == 3 && ciphersuite.ECDHE(f.a.Suite) {
			f.a.Group = binary.BigEndian.Uint16(body[1:])
		}
		return true, nil
	case messageServerHelloDone:
		return true, nil
	}
	return false, nil
}

// retry is the random of a HelloRetryRequest (RFC 8446 section 4.1.3).
var retry = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

func (a *Answer) serverHello(b []byte) bool {
	s := reader(b)
	var random, session []byte
	var compression byte
	if !s.word(&a.Version) || !s.bytes(&random, 32) || !s.list8(&session) || len(session) > 32 ||
		!s.word(&a.Suite) || !s.byte(&compression) || a.Version < ciphersuite.SSL30 || a.Version > ciphersuite.TLS12 {
		return false
	}
	a.Kind = ServerHello
	if bytes.Equal(random, retry) {
		a.Kind = HelloRetryRequest
	}
	switch tail := random[24:]; {
	case bytes.HasPrefix(tail, []byte("DOWNGRD\x01")):
		a.Sentinel = ciphersuite.TLS13
	case bytes.HasPrefix(tail, []byte("DOWNGRD\x00")):
		a.Sentinel = ciphersuite.TLS12
	}
	if len(s) == 0 {
		return a.Kind == ServerHello // a retry without extensions would ask for nothing
	}
	var list []byte
	if !s.list16(&list) || len(s) != 0 {
		return false
	}
	for e := reader(list); len(e) > 0; {
		var id uint16
		var data []byte
		if !e.word(&id) || !e.list16(&data) {
			return false
		}
		switch d := reader(data); id {
		case extSupportedVersions:
			if !d.word(&a.Version) || len(d) != 0 || a.Version != ciphersuite.TLS13 {
				return false
			}
		case extKeyShare:
			if !d.word(&a.Group) {
				return false
			}
		}
	}
	return a.Kind == ServerHello || a.Version == ciphersuite.TLS13
}

func (a *Answer) certificate(b []byte) bool {
	s := reader(b)
	var list []byte
	if !s.list24(&list) || len(s) != 0 {
		return false
	}
	for c := reader(list); len(c) > 0; {
		var der []byte
		if !c.list24(&der) || len(der) == 0 {
			return false
		}
		a.Certificates = append(a.Certificates, bytes.Clone(der))
	}
	return true
}

// reader takes values off the front; each reports whether they were there.
type reader []byte

func (r *reader) bytes(to *[]byte, n int) bool {
	if len(*r) < n {
		return false
	}
	*to, *r = (*r)[:n], (*r)[n:]
	return true
}

func (r *reader) byte(to *byte) bool {
	var b []byte
	if !r.bytes(&b, 1) {
		return false
	}
	*to = b[0]
	return true
}

func (r *reader) word(to *uint16) bool {
	var b []byte
	if !r.bytes(&b, 2) {
		return false
	}
	*to = binary.BigEndian.Uint16(b)
	return true
}

func (r *reader) list8(to *[]byte) bool {
	var n byte
	return r.byte(&n) && r.bytes(to, int(n))
}

func (r *reader) list16(to *[]byte) bool {
	var n uint16
	return r.word(&n) && r.bytes(to, int(n))
}

func (r *reader) list24(to *[]byte) bool {
	var b []byte
	return r.bytes(&b, 3) && r.bytes(to, int(b[0])<<16|int(b[1])<<8|int(b[2]))
}
