package console

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// errNotTried says that an attempt was not made: nothing can be said about the peer.
var errNotTried = errors.New("not tried: the time for the console was over")

// outcomeOf names how a step ended: the outcome, the number of the peer's TLS alert, and one
// line of detail. What this side refused by itself is OutcomeFailed, never the peer's
// refusal.
func outcomeOf(err error) (facts.Outcome, int, string) {
	var op *net.OpError
	var record tls.RecordHeaderError
	var proxy *proxyError
	var errno syscall.Errno
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return facts.OutcomeOK, 0, ""
	case errors.Is(err, errNotTried):
		return facts.OutcomeFailed, 0, errNotTried.Error()
	case errors.As(err, &proxy):
		if proxy.status == 401 || proxy.status == 407 { // tinyproxy answers wrong credentials with 401
			return facts.OutcomeProxyAuth, 0, proxy.Error()
		}
		return facts.OutcomeProxyRefused, 0, proxy.Error()
	case errors.As(err, &op) && op.Op == "remote error":
		n := alertNumber(op.Err)
		return facts.OutcomeAlert, n, strings.TrimPrefix(op.Err.Error(), "tls: ")
	case errors.As(err, &record):
		return facts.OutcomeNotTLS, 0, fmt.Sprintf("the answer begins with %q", record.RecordHeader[:])
	case errors.Is(err, hello.ErrMalformed), errors.Is(err, hello.ErrTooLong), errors.Is(err, hello.ErrNotOffered):
		return facts.OutcomeMalformed, 0, err.Error()
	case errors.As(err, &errno):
		return outcomeOfErrno(errno), 0, errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return facts.OutcomeClosed, 0, "closed without an answer"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return facts.OutcomeTimeout, 0, "no answer in time"
	default:
		return facts.OutcomeFailed, 0, err.Error()
	}
}

// outcomeOfErrno knows the numbers of this system and those of Windows Sockets, which
// package syscall does not map to its names (Microsoft, "Windows Sockets Error Codes").
func outcomeOfErrno(errno syscall.Errno) facts.Outcome {
	switch errno {
	case syscall.ECONNREFUSED, 10061:
		return facts.OutcomeRefused
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, 10053, 10054:
		return facts.OutcomeReset
	case syscall.ETIMEDOUT, 10060:
		return facts.OutcomeTimeout
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EACCES, syscall.EPERM, 10013, 10051, 10065:
		return facts.OutcomeUnreachable // EACCES and EPERM: a firewall on this machine
	default:
		return facts.OutcomeFailed
	}
}

// alertNumber is the number of a received alert. crypto/tls does not export its alerts, but
// AlertError gives each number the same text.
func alertNumber(err error) int {
	for n := range 256 {
		if tls.AlertError(n).Error() == err.Error() {
			return n
		}
	}
	return 0
}

// alertText is the name of an alert, as crypto/tls writes it.
func alertText(n int) string {
	return strings.TrimPrefix(tls.AlertError(n).Error(), "tls: ") //nolint:gosec // G115: read from one byte
}
