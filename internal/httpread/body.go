package httpread

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// deepest bounds the nesting of an answer; the deepest honest one (a Conditional Access policy in
// a page of a $batch) has ten levels.
const deepest = 64

var (
	errNotUTF8 = &facts.Failure{Kind: facts.Malformed, Detail: "the answer is not UTF-8"}
	errTwice   = &facts.Failure{Kind: facts.Malformed, Detail: "the answer has two members of one name in one object, and readers would not agree which one counts"}
	errTooDeep = &facts.Failure{Kind: facts.Malformed, Detail: "the answer is nested deeper than any that the services document"}
)

// plain is the body of a good answer, read whole before any of it is given out: JSON that two
// readers could read differently (RFC 8259, 4 and 8.1) is malformed, and not what the last of them
// makes of it. A body that is no JSON stays as it is: its reader has the words for that.
type plain struct {
	io.ReadCloser

	whole *bytes.Reader // nil: not read yet
	err   error
}

func (p *plain) Read(b []byte) (int, error) {
	if p.whole == nil {
		raw, err := io.ReadAll(p.ReadCloser)
		if err == nil {
			err = unambiguous(raw)
		}
		p.err = err
		p.whole = bytes.NewReader(raw)
	}
	n, err := p.whole.Read(b)
	if err == io.EOF && p.err != nil { //nolint:errorlint // a bytes.Reader gives just this one
		err = p.err
	}
	return n, err
}

// success: the answers whose body is what was asked for.
func success(status int) bool { return status >= http.StatusOK && status < http.StatusMultipleChoices }

// unambiguous is why JSON can be read in more than one way, or nil. Whether it is JSON at all is
// for its reader to say.
func unambiguous(raw []byte) error {
	if first := bytes.TrimLeft(raw, " \t\r\n"); len(first) == 0 || first[0] != '{' && first[0] != '[' {
		return nil
	}
	if !utf8.Valid(raw) {
		return errNotUTF8
	}
	// The open objects and lists, each with the names that it has; nil for a list.
	var open []map[string]bool
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			var names map[string]bool
			if raw[i] == '{' {
				names = map[string]bool{}
			}
			if open = append(open, names); len(open) > deepest {
				return errTooDeep
			}
		case '}', ']':
			if len(open) == 0 {
				return nil
			}
			open = open[:len(open)-1]
		case '"':
			from := i
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			if i >= len(raw) || len(open) == 0 || open[len(open)-1] == nil || !named(raw[i+1:]) {
				continue
			}
			name, names := nameOf(raw[from:i+1]), open[len(open)-1]
			if names[name] {
				return errTwice
			}
			names[name] = true
		}
	}
	return nil
}

// named: what stood before is the name of a member.
func named(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

// nameOf is a name as encoding/json compares it, which takes no notice of case.
func nameOf(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var s string
		if json.Unmarshal(quoted, &s) == nil {
			return string(bytes.ToLower([]byte(s)))
		}
	}
	return string(bytes.ToLower(quoted[1 : len(quoted)-1]))
}
