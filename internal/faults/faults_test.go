package faults_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/casdoctor/casdoctor/internal/lab"
)

// fault is one thing that can go wrong with a request. Exactly one of its members acts.
type fault struct {
	name string
	row  string // of the table; "" is name
	// service is the one that words the fault so; "" for any.
	service lab.Service

	lab lab.Fault // the service does it
	way func(*http.Request, http.RoundTripper) (*http.Response, error)
	dns func(dns.Question, *dns.Msg) []byte
	tcp func(int, net.Conn, func() (net.Conn, error)) bool

	// after: what comes after the request goes wrong as well, at the whole service.
	after bool
	waits bool // until the deadline
	// blinds: nothing of the answer is left, so that the fact has to say so.
	blinds bool
	// says: the answer is itself evidence of these causes, by the vendor's documentation.
	says []string
}

func quoted(s string) string {
	raw, _ := json.Marshal(s) // a string, which json never refuses
	return string(raw)
}

func jsonHeader(more ...string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// status is an answer with a status and a body, of which nothing that was asked for is in.
func status(name string, code int, body string, header ...string) fault {
	return fault{name: name, lab: lab.Fault{Status: code, Body: body, Header: jsonHeader(header...)}, blinds: true}
}

// edited is the good answer with changes.
func edited(name string, edit func([]byte) []byte) fault {
	return fault{name: name, lab: lab.Fault{Edit: edit}}
}

func replaced(name, old, with string) fault {
	return edited(name, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(with)) })
}

// graphRefusal and googleRefusal are a provider's bodies, by code (Microsoft Graph, "Error responses
// and resource types"; Google, "Admin SDK: Resolve errors", and AIP-193 for IAM).
func graphRefusal(code string) string {
	return `{"error":{"code":` + quoted(code) + `,"message":"Refused.","innerError":{"request-id":"00000000-0000-0000-0000-000000000001"}}}`
}

func googleRefusal(status int, reason string) string {
	return fmt.Sprintf(`{"error":{"code":%d,"message":"Refused.","status":"PERMISSION_DENIED","errors":[{"domain":"global","reason":%q,"message":"Refused."}]}}`,
		status, reason)
}

// bomb is 64 MiB of spaces around an empty list, compressed.
var bomb = func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, `{"value":[`)
	for range 64 {
		_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	_, _ = io.WriteString(z, `]}`)
	_ = z.Close()
	return b.String()
}()

// otherTenant and otherCustomer are somebody else's ids.
const (
	otherTenant   = "0b9e7c52-8d1f-4a36-b7e4-2c5d6f708192"
	otherCustomer = "C0someone"
)

// twice writes every member of every object a second time, with what value makes of it: readers
// take the first, the last, or neither (RFC 8259, 4).
func twice(value func(raw json.RawMessage) string) func([]byte) []byte {
	var write func(b *bytes.Buffer, raw json.RawMessage)
	write = func(b *bytes.Buffer, raw json.RawMessage) {
		var object map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case json.Unmarshal(raw, &object) == nil && object != nil:
			b.WriteByte('{')
			for i, k := range sorted(object) {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(quoted(k) + ":")
				write(b, object[k])
				b.WriteString("," + quoted(k) + ":" + value(object[k]))
			}
			b.WriteByte('}')
		case json.Unmarshal(raw, &list) == nil && list != nil:
			b.WriteByte('[')
			for i, v := range list {
				if i > 0 {
					b.WriteByte(',')
				}
				write(b, v)
			}
			b.WriteByte(']')
		default:
			b.Write(raw)
		}
	}
	return func(body []byte) []byte {
		var b bytes.Buffer
		write(&b, body)
		return b.Bytes()
	}
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// opposite is another value of the same kind: what a reader must not take for the first one.
func opposite(raw json.RawMessage) string {
	switch {
	case raw[0] == '[':
		return "[]"
	case raw[0] == '{':
		return "{}"
	case string(raw) == "true":
		return "false"
	case string(raw) == "false":
		return "true"
	case raw[0] == '"':
		return `"disabled"`
	default:
		return "null"
	}
}

var bare = regexp.MustCompile(`:(-?\d+|true|false)([,}])`)

// asText writes numbers and booleans as strings.
func asText(body []byte) []byte { return bare.ReplaceAll(body, []byte(`:"$1"$2`)) }

// notUTF8 puts bytes that are no UTF-8 into every string value.
func notUTF8(body []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(body, []byte(`: "`), []byte(`:"`)), []byte(`:"`), []byte(":\"\xff\xfe"))
}

// linked adds a link to more pages, as every service writes it.
func linked(to func() string) func([]byte) []byte {
	return func(body []byte) []byte {
		at := quoted(to())
		return bytes.Replace(body, []byte("{"), []byte(`{"@odata.nextLink":`+at+`,"next_link":`+at+`,"nextPageToken":`+at+`,`), 1)
	}
}

// httpFaults are those of requests over HTTP. closed is an address where connections are refused,
// elsewhere a server that nobody may ask, inside a configured host.
func httpFaults(closed string, elsewhere, inside func() string) []fault {
	moved := func(name, status string, to func() string) fault {
		return fault{name: name, row: "redirect", blinds: true, way: func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			resp, err := echo(r, next)
			if err == nil {
				resp.StatusCode, _ = strconv.Atoi(status)
				resp.Header.Set("Location", to())
			}
			return resp, err
		}}
	}
	off := func(d time.Duration) fault {
		return fault{name: "date " + d.String(), row: "clock of the service off by 1 h", way: func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil {
				resp.Header.Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
			}
			return resp, err
		}}
	}
	all := []fault{
		{name: "refused", way: refused(closed), blinds: true},
		{name: "reset before the header", lab: lab.Fault{Reset: true}, blinds: true},
		{name: "reset after the header", lab: lab.Fault{Cut: true}, blinds: true},
		{name: "timeout", lab: lab.Fault{Hang: true}, waits: true, blinds: true},
		{name: "slow bytes", lab: lab.Fault{Drip: true}, waits: true, blinds: true},
		{name: "truncated", lab: lab.Fault{Truncate: true}, blinds: true},
		{name: "truncated, and whole by its length", lab: lab.Fault{Edit: func(b []byte) []byte { return b[:len(b)/2] }}, row: "truncated", blinds: true},
		status("empty", http.StatusOK, ""),
		{name: "no content", row: "empty", lab: lab.Fault{Status: http.StatusNoContent}, blinds: true},
		{name: "HTML that quotes the request", row: "HTML", way: echo, blinds: true},
		{name: "another content type", lab: lab.Fault{Header: http.Header{"Content-Type": {"text/html"}}}},
		{name: "gzip bomb", lab: lab.Fault{Status: http.StatusOK, Body: bomb, Header: jsonHeader("Content-Encoding", "gzip")}, blinds: true},
		{name: "not gzip", row: "gzip bomb", lab: lab.Fault{Header: http.Header{"Content-Encoding": {"gzip"}}}, blinds: true},
		status("deep nesting", http.StatusOK, `{"value":`+strings.Repeat("[", 1<<20)),
		{name: "deep nesting, closed", row: "deep nesting", lab: lab.Fault{Status: http.StatusOK, Body: `{"value":` + strings.Repeat(`{"value":`, 9000) + "[]" + strings.Repeat("}", 9001), Header: jsonHeader()}, blinds: true},
		{name: "invalid UTF-8", lab: lab.Fault{Edit: notUTF8}, blinds: true},
		{name: "duplicate keys, the last is the opposite", row: "duplicate keys", lab: lab.Fault{Edit: twice(opposite)}, blinds: true},
		{name: "duplicate keys, the last is null", row: "duplicate keys", lab: lab.Fault{Edit: twice(func(json.RawMessage) string { return "null" })}, blinds: true},
		edited("numbers as strings", asText),
		edited("wrong tenant", func(b []byte) []byte {
			b = bytes.ReplaceAll(b, []byte(lab.Healthy().Microsoft.TenantID), []byte(otherTenant))
			return bytes.ReplaceAll(b, []byte(lab.Healthy().Google.Customer), []byte(otherCustomer))
		}),
		{name: "an empty object", row: "members missing", lab: lab.Fault{Status: http.StatusOK, Body: "{}", Header: jsonHeader()}},
		{name: "null", row: "members missing", lab: lab.Fault{Status: http.StatusOK, Body: "null", Header: jsonHeader()}, blinds: true},
		{name: "an empty list", row: "members missing", lab: lab.Fault{Status: http.StatusOK, Body: "[]", Header: jsonHeader()}, blinds: true},
		replaced("null elements", `"value":[`, `"value":[null,`),
		replaced("no controls", `"builtInControls":["mfa"]`, `"builtInControls":[]`),
		replaced("no grant", `"grantControls"`, `"renamed"`),
		replaced("only a state", `"conditions"`, `"renamed"`),
		status("400", http.StatusBadRequest, graphRefusal("BadRequest")),
		status("401", http.StatusUnauthorized, graphRefusal("InvalidAuthenticationToken"), "WWW-Authenticate", `Bearer error="invalid_token"`),
		{name: "401 that quotes the request", row: "401", way: parrot(http.StatusUnauthorized), blinds: true},
		{name: "403 that quotes the request", row: "403", way: parrot(http.StatusForbidden), blinds: true},
		{name: "500 that quotes the request", row: "500", way: parrot(http.StatusInternalServerError), blinds: true},
		status("403 without a body", http.StatusForbidden, ""),
		status("404", http.StatusNotFound, graphRefusal("UnknownError")),
		status("409", http.StatusConflict, graphRefusal("Conflict")),
		status("410", http.StatusGone, graphRefusal("Gone")),
		status("429 without Retry-After", http.StatusTooManyRequests, graphRefusal("TooManyRequests")),
		status("429 with Retry-After", http.StatusTooManyRequests, graphRefusal("TooManyRequests"), "Retry-After", "0"),
		status("429 with Retry-After: 99999999999", http.StatusTooManyRequests, graphRefusal("TooManyRequests"), "Retry-After", "99999999999"),
		status("429 with Retry-After: -1", http.StatusTooManyRequests, graphRefusal("TooManyRequests"), "Retry-After", "-1"),
		status("429 with Retry-After of another year", http.StatusTooManyRequests, graphRefusal("TooManyRequests"), "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"),
		status("500", http.StatusInternalServerError, graphRefusal("generalException")),
		status("502", http.StatusBadGateway, "<html>bad gateway</html>", "Content-Type", "text/html"),
		status("503", http.StatusServiceUnavailable, ""),
		status("504", http.StatusGatewayTimeout, ""),
		status("206, a part as if it were all", http.StatusPartialContent, `{"value":[]}`),
		moved("redirect to elsewhere", "302", elsewhere),
		moved("307 to elsewhere", "307", elsewhere),
		moved("redirect to a configured host", "308", inside),
		{name: "next link to elsewhere", row: "next link", lab: lab.Fault{Edit: linked(elsewhere)}},
		{name: "next link to the same host in the clear", row: "next link", lab: lab.Fault{Edit: linked(func() string { return strings.Replace(inside(), "https:", "http:", 1) })}},
		{
			name: "token expires in the middle", after: true, // requests have no fixed order: the one itself may have come first
			lab: lab.Fault{Status: http.StatusUnauthorized, Body: graphRefusal("InvalidAuthenticationToken"), Header: jsonHeader("WWW-Authenticate", `Bearer error="invalid_token"`)},
		},
		off(time.Hour), off(-time.Hour),
	}
	with := func(service lab.Service, row string, f fault, says ...string) {
		f.service, f.row, f.says = service, row, says
		all = append(all, f)
	}
	for _, code := range []string{
		"Authorization_RequestDenied", "Forbidden", "accessDenied", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "AadPremiumLicenseRequired",
		"UnknownError",
	} {
		with(lab.GraphService, "403", status("403 "+code, http.StatusForbidden, graphRefusal(code)))
	}
	// The one word that says that there is no such object: an account that does not exist cannot sign in.
	gone := status("404 Request_ResourceNotFound", http.StatusNotFound, graphRefusal("Request_ResourceNotFound"))
	gone.blinds = false
	with(lab.GraphService, "404", gone, "MFA-01.X2")
	// What keeps the domains from being read is itself a cause of GDM-01, when Google says it.
	const reads = "GDM-01.X1"
	for _, reason := range []string{
		"forbidden", "insufficientPermissions", "accessNotConfigured", "domainCannotUseApis", "domainPolicy", "serviceNotAvailable",
		"userRateLimitExceeded", "quotaExceeded", "something_new",
	} {
		with(lab.GoogleService, "403", status("403 "+reason, http.StatusForbidden, googleRefusal(http.StatusForbidden, reason)), reads)
	}
	unknown := status("404 notFound", http.StatusNotFound, googleRefusal(http.StatusNotFound, "notFound"))
	unknown.blinds = false
	with(lab.GoogleService, "404", unknown, reads)
	oauth := func(answer int, code string) {
		f := status(strconv.Itoa(answer)+" "+code, answer, `{"error":`+quoted(code)+`,"error_description":"Refused."}`)
		f.blinds = false // a refusal is what the ladder of delegation looks for
		with(lab.GoogleService, strconv.Itoa(answer), f, reads)
	}
	for _, code := range []string{"unauthorized_client", "access_denied", "admin_policy_enforced", "invalid_grant", "invalid_scope", "deleted_client", "org_internal"} {
		oauth(http.StatusBadRequest, code)
		oauth(http.StatusUnauthorized, code)
		oauth(http.StatusForbidden, code)
	}
	for _, code := range []int{90002, 700016, 7000215, 7000222, 700027, 53003, 7000112, 50196} {
		with(lab.EntraService, "401", status("401 AADSTS"+strconv.Itoa(code), http.StatusUnauthorized,
			fmt.Sprintf(`{"error":"invalid_client","error_codes":[%d],"error_description":"AADSTS%d: Refused."}`, code, code)))
	}
	with(lab.CASService, "403", status("403 No permission", http.StatusForbidden, `{"code":-403,"msg":"No permission"}`))
	with(lab.CASService, "400", status("400 Maximum allowed requests exceeded", http.StatusBadRequest, `{"code":-400,"msg":"Maximum allowed requests exceeded"}`))
	with(lab.LMPService, "403", status("403 of the partner API", http.StatusForbidden, `{"code":"forbidden","message":"Forbidden"}`))
	return all
}

// dnsFaults are those of a question to the resolver. That a name does not exist, or has no such
// record, is an answer and no fault.
func dnsFaults() []fault {
	code := func(name string, rcode int) fault {
		return fault{name: "DNS " + name, dns: func(_ dns.Question, m *dns.Msg) []byte {
			m.Answer, m.Rcode = nil, rcode
			raw, _ := m.Pack()
			return raw
		}}
	}
	bytesOf := func(name string, change func(*dns.Msg) []byte) fault {
		return fault{name: "DNS " + name, dns: func(_ dns.Question, m *dns.Msg) []byte { return change(m) }}
	}
	pack := func(m *dns.Msg) []byte { raw, _ := m.Pack(); return raw }
	all := []fault{
		code("SERVFAIL", dns.RcodeServerFailure), code("REFUSED", dns.RcodeRefused), code("FORMERR", dns.RcodeFormatError),
		code("NOTIMP", dns.RcodeNotImplemented),
		{name: "DNS timeout", dns: func(dns.Question, *dns.Msg) []byte { return nil }, waits: true},
		bytesOf("garbage", func(*dns.Msg) []byte { return []byte("not a DNS message, and longer than a header") }),
		bytesOf("cut off", func(m *dns.Msg) []byte { raw := pack(m); return raw[:len(raw)-len(raw)/3] }),
		bytesOf("truncated for ever", func(m *dns.Msg) []byte { m.Answer, m.Truncated = nil, true; return pack(m) }),
		bytesOf("another question's answer", func(m *dns.Msg) []byte { m.Question[0].Name = "elsewhere.test."; return pack(m) }),
		bytesOf("another id", func(m *dns.Msg) []byte { m.Id++; return pack(m) }),
	}
	for i := range all {
		all[i].row = "DNS"
		// An answer that is thrown away is waited for.
		all[i].waits = all[i].waits || slices.Contains([]string{"DNS garbage", "DNS cut off", "DNS another question's answer", "DNS another id"}, all[i].name)
	}
	return all
}

// tcpFaults are those of a connection to the console. That it cannot be reached, or that something
// else answers in its place, are causes themselves.
func tcpFaults() []fault {
	hello := func(conn net.Conn) bool {
		_, err := conn.Read(make([]byte, 16<<10))
		return err == nil
	}
	reset := func(conn net.Conn) {
		if t, ok := conn.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		_ = conn.Close()
	}
	says := func(what string) func(int, net.Conn, func() (net.Conn, error)) bool {
		return func(_ int, conn net.Conn, _ func() (net.Conn, error)) bool {
			if hello(conn) {
				_, _ = io.WriteString(conn, what)
			}
			return true
		}
	}
	// part lets so many bytes of the console's answer through.
	part := func(n int64, then func(net.Conn)) func(int, net.Conn, func() (net.Conn, error)) bool {
		return func(_ int, conn net.Conn, dial func() (net.Conn, error)) bool {
			far, err := dial()
			if err != nil {
				return true
			}
			defer far.Close() //nolint:errcheck // it ends here
			go func() { _, _ = io.Copy(far, conn) }()
			_, _ = io.CopyN(conn, far, n)
			then(conn)
			return true
		}
	}
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	all := []fault{
		{name: "TLS reset at once", tcp: func(_ int, c net.Conn, _ func() (net.Conn, error)) bool { reset(c); return true }},
		{name: "TLS reset after the hello", tcp: func(_ int, c net.Conn, _ func() (net.Conn, error)) bool { hello(c); reset(c); return true }},
		{name: "TLS closed after the hello", tcp: says("")},
		{name: "TLS silent", waits: true, tcp: func(_ int, c net.Conn, _ func() (net.Conn, error)) bool { silent(c); return true }},
		{name: "TLS answered by HTTP", tcp: says("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")},
		{name: "TLS answered by noise", tcp: says("\x16\x03\x03\xff\xff" + strings.Repeat("\x00", 64))},
		{name: "TLS handshake_failure", tcp: says("\x15\x03\x03\x00\x02\x02\x28")},
		{name: "TLS internal_error", tcp: says("\x15\x03\x03\x00\x02\x02\x50")},
		{name: "TLS cut in the record's header", tcp: part(3, func(net.Conn) {})},
		{name: "TLS cut in the server's hello", tcp: part(40, func(net.Conn) {})},
		{name: "TLS reset in the certificate", tcp: part(400, reset)},
		{name: "TLS silent in the certificate", waits: true, tcp: part(400, silent)},
	}
	for i := range all {
		all[i].row, all[i].says = "TLS", []string{"TLS-01.X1", "TLS-01.X2"}
	}
	return all
}
