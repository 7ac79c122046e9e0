package httpread

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Classify makes a Failure of an error that came from below HTTP: the name, the route, the
// connection, TLS, the deadline, the body. An error that is already classified stays as it
// is. The detail never repeats the error's own text where that could hold a URL with a
// query; it says which step failed.
func Classify(err error) *facts.Failure {
	if err == nil {
		return nil
	}
	var f *facts.Failure
	if errors.As(err, &f) {
		own := *f // the caller adds what it knows, and the error may be everybody's
		return &own
	}
	switch {
	case errors.Is(err, ErrNotRead):
		return &facts.Failure{Kind: facts.Internal, Code: "not_read", Detail: ErrNotRead.Error()}
	case errors.Is(err, context.Canceled):
		return &facts.Failure{Kind: facts.Cancelled, Detail: "the run was interrupted"}
	case errors.Is(err, context.DeadlineExceeded):
		return &facts.Failure{Kind: facts.Timeout, Detail: "no complete answer before the deadline"}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		detail := "the name " + dns.Name + " could not be resolved"
		switch {
		case dns.IsNotFound:
			detail = "the name " + dns.Name + " does not exist"
		case dns.IsTimeout:
			return &facts.Failure{Kind: facts.Timeout, Code: "dns", Detail: "the resolver did not answer for " + dns.Name}
		}
		return &facts.Failure{Kind: facts.Unreachable, Code: "dns", Detail: detail}
	}
	var unknownCA x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		// Before any answer has a Date, this is how a clock that is far off shows itself.
		return &facts.Failure{
			Kind: facts.Unreachable, Code: "certificate",
			Detail: "the certificate is not valid at this machine's time: check the clock (NTP), then the certificate",
		}
	case errors.As(err, &unknownCA), errors.As(err, &hostname), errors.As(err, &invalid), errors.As(err, &verify):
		return &facts.Failure{
			Kind: facts.Unreachable, Code: "certificate",
			Detail: "the certificate does not verify; if this network inspects TLS, set network.ca_file to its root certificate",
		}
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch) {
		return &facts.Failure{Kind: facts.Unreachable, Code: "not_tls", Detail: "the answer is not TLS"}
	}
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax), errors.As(err, &shape), errors.Is(err, io.ErrUnexpectedEOF):
		return &facts.Failure{Kind: facts.Malformed, Detail: "the answer is cut off or not the documented JSON"}
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &facts.Failure{Kind: facts.Timeout, Detail: "no connection or no complete answer in time"}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return &facts.Failure{Kind: facts.Unreachable, Code: op.Op, Detail: "the connection failed: " + op.Err.Error()}
	}
	if errors.Is(err, io.EOF) {
		return &facts.Failure{Kind: facts.Unreachable, Code: "closed", Detail: "the connection was closed without an answer"}
	}
	return &facts.Failure{Kind: facts.Internal, Detail: "an error that casdoctor does not know: " + typeName(err)}
}

// Status classifies an HTTP status that carries no code that the probe knows better.
func Status(status int) facts.Kind {
	switch {
	case status == http.StatusUnauthorized:
		return facts.Unauthenticated
	case status == http.StatusForbidden:
		return facts.Forbidden
	case status == http.StatusNotFound:
		return facts.NotFound
	case status == http.StatusTooManyRequests:
		return facts.Throttled
	case status >= 500:
		return facts.Unavailable
	case status >= 400:
		return facts.Rejected
	default: // 1xx, 3xx, an odd 2xx: not an answer that is documented
		return facts.Malformed
	}
}

// mostCode is longer than any code that a provider documents, and shorter than any of its tokens.
const mostCode = 80

// Code is what stands where a service has its error code, if it looks like one. Whatever else
// stands there (a sentence, a token, HTML) is "", and not repeated in evidence and reports: an
// error can quote what was sent.
func Code(s string) string {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_-.", r)) {
			return ""
		}
	}
	if len(s) > mostCode {
		return ""
	}
	return s
}

// RetryAfter is the Retry-After of an answer as it came, "" when it is neither seconds nor a date
// (RFC 9110, 10.2.3) and so nothing to repeat.
func RetryAfter(h http.Header) string {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if _, err := strconv.ParseUint(v, 10, 64); err == nil {
		return v
	}
	if at, err := http.ParseTime(v); err == nil {
		return at.UTC().Format(http.TimeFormat)
	}
	return ""
}

// typeName names the innermost error's type: enough for a bug report, and never its text.
func typeName(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			break
		}
		err = next
	}
	return fmt.Sprintf("%T", err)
}
