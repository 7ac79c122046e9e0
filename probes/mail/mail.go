// Package mail looks at what the mail of the organisation says of itself: the header sections of
// the affected messages that the admin names, and what DNS says about the mail of its domains.
//
// What belongs here: finding and opening the files, reading no more than the headers, and asking
// DNS. What does not: reading a header section (internal/mailtrace), evaluating SPF and DMARC
// (internal/spf, internal/dmarc) and what it means (package checks). Nothing is sent to a mail
// server, and no body is read.
package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/internal/mailtrace"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// maxHeaders bounds the header section that is read; Exchange Online itself refuses messages
	// whose headers exceed 256 KB in all (Exchange Online limits, "Message header size limit").
	maxHeaders = 1 << 20
	// messagesTimeout is for files on a slow share.
	messagesTimeout = 60 * time.Second
	// recordsTimeout leaves a resolver that is silent its two tries (5 s each) per name, for
	// some dozen domains beside each other.
	recordsTimeout = 60 * time.Second
	// parallel is how many domains are asked about at once, unless the run says otherwise.
	parallel = 4
)

// Probes lists the probes of this package.
func Probes() []probes.Probe {
	return []probes.Probe{
		probes.New(facts.MailMessages, probes.Probe{
			Doc: "Reads the header sections of the messages in cas.messages, never a body: the domains of From, " +
				"Reply-To and Return-Path, the authentication results and the way of the message.",
			Section: "cas", Timeout: messagesTimeout,
		}, func(ctx context.Context, env *probes.Env) ([]facts.Message, error) {
			if env.Config.CAS == nil || env.Config.CAS.Messages == nil {
				return nil, &facts.Failure{Kind: facts.NotDeclared, Detail: "cas.messages is not declared"}
			}
			return Messages(ctx, env.Config.CAS.Messages)
		}),
		probes.New(facts.MailRecords, probes.Probe{
			Doc:     "Looks up the SPF and DMARC records of every domain in cas.internal_domains, with the configured resolver.",
			Section: "cas", Timeout: recordsTimeout,
		}, records),
		dnsProbe(),
	}
}

// Messages reads the messages that the patterns name: files, folders (their .eml files) and
// patterns of file names. Everything named has an entry: what could not be read says why.
func Messages(ctx context.Context, patterns []string) ([]facts.Message, error) {
	out := []facts.Message{}
	err := EachMessage(ctx, patterns, func(m facts.Message) error {
		out = append(out, m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// EachMessage gives the messages one after the other, so that only one of them is in memory. An
// error of yield ends it.
func EachMessage(ctx context.Context, patterns []string, yield func(facts.Message) error) error {
	seen := map[string]bool{}
	for _, p := range patterns {
		found, why := expand(p)
		if why != nil {
			m := facts.Message{File: word(filepath.Base(p)), Headers: facts.Missed[facts.MailHeaders](why)}
			if err := yield(m); err != nil {
				return err
			}
		}
		for _, f := range found {
			seen[f] = true
		}
	}
	paths := slices.Sorted(maps.Keys(seen))
	for i, name := range apart(paths) {
		if err := ctx.Err(); err != nil {
			return httpread.Classify(context.Cause(ctx))
		}
		if err := yield(facts.Message{File: name, Headers: message(paths[i])}); err != nil {
			return err
		}
	}
	return nil
}

// expand is the files that a pattern names. A name that exists is taken as it is, whatever
// characters are in it.
func expand(pattern string) ([]string, *facts.Failure) {
	found := []string{pattern}
	switch info, err := os.Stat(pattern); {
	case err == nil && info.IsDir():
		return folder(pattern)
	case err == nil:
		return found, nil
	case !strings.ContainsAny(pattern, "*?["):
		return nil, unread(err)
	}
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return nil, &facts.Failure{Kind: facts.NotFound, Detail: "no file fits the pattern"}
	}
	var out []string
	for _, f := range found {
		info, err := os.Stat(f)
		if err != nil || !info.IsDir() {
			out = append(out, f) // with an error, reading it says why
			continue
		}
		inside, why := folder(f)
		if why != nil {
			return out, why
		}
		out = append(out, inside...)
	}
	return out, nil
}

// folder is the messages right in a folder.
func folder(dir string) ([]string, *facts.Failure) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, unread(err)
	}
	var out []string
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ".eml") && !e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	if out == nil {
		return nil, &facts.Failure{Kind: facts.NotFound, Detail: "there is no .eml file in the folder"}
	}
	return out, nil
}

// apart names each file by its last element, and by as many more as tell it from the others:
// the rest of a path says who keeps the files where, and is nobody's business.
func apart(paths []string) []string {
	out := make([]string, len(paths))
	alike := make([]int, len(paths)) // those that are not told apart yet
	for i, p := range paths {
		alike[i], out[i] = i, filepath.ToSlash(p)
	}
	tails := make(map[string]int, len(paths))
	for n := 1; len(alike) > 0; n++ {
		clear(tails)
		for _, i := range alike {
			tails[lastSteps(out[i], n)]++
		}
		left := alike[:0]
		for _, i := range alike {
			if tail := lastSteps(out[i], n); tails[tail] == 1 || len(tail) == len(out[i]) {
				out[i] = word(tail)
			} else {
				left = append(left, i)
			}
		}
		alike = left
	}
	return out
}

// lastSteps are the last n elements of a path with slashes.
func lastSteps(path string, n int) string {
	at := len(path)
	for range n {
		if at = strings.LastIndexByte(path[:at], '/'); at < 0 {
			return path
		}
	}
	return path[at+1:]
}

// word is a file name as valid text.
func word(name string) string { return strings.ToValidUTF8(name, "\ufffd") }

// message reads the header section of one file.
func message(path string) facts.Seen[facts.MailHeaders] {
	missed := facts.Missed[facts.MailHeaders]
	// Before it is opened: a pipe would wait for a writer.
	if info, err := os.Stat(path); err != nil {
		return missed(unread(err))
	} else if !info.Mode().IsRegular() {
		return missed(&facts.Failure{Kind: facts.Malformed, Code: "not_a_file", Detail: "this is not a regular file"})
	}
	f, err := os.Open(path)
	if err != nil {
		return missed(unread(err))
	}
	defer func() { _ = f.Close() }()
	section, err := headers(f)
	if err != nil {
		return missed(unread(err))
	}
	h, err := mailtrace.Read(section)
	if err != nil {
		return missed(&facts.Failure{Kind: facts.Malformed, Code: "not_a_message", Detail: err.Error()})
	}
	return facts.Got(h)
}

var errTooLong = &facts.Failure{
	Kind: facts.Malformed, Code: "headers_too_long", Detail: "the header section is longer than 1 MiB",
}

// headers reads up to the first empty line after a header, or to the end.
func headers(r io.Reader) ([]byte, error) {
	var section []byte
	chunk := make([]byte, 32<<10)
	for {
		n, err := r.Read(chunk)
		section = append(section, chunk[:n]...)
		begin := len(section) - len(bytes.TrimLeft(section, "\r\n"))
		// The end may lie across two reads.
		from := max(begin, len(section)-n-3)
		if i := empty(section[from:]); i >= 0 {
			return section[:from+i], nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return section, nil
		case err != nil:
			return nil, err
		case len(section) > maxHeaders:
			return nil, errTooLong
		}
	}
}

// empty is where the first empty line ends the section; -1 when there is none.
func empty(b []byte) int {
	at := -1
	for _, end := range []string{"\n\n", "\n\r\n"} {
		if i := bytes.Index(b, []byte(end)); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	if at >= 0 {
		at++ // the line end before it belongs to the last header
	}
	return at
}

// unread is why a file could not be read; its path stays out of it.
func unread(err error) *facts.Failure {
	var f *facts.Failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, fs.ErrNotExist):
		return &facts.Failure{Kind: facts.NotFound, Detail: "there is no such file"}
	case errors.Is(err, fs.ErrPermission):
		return &facts.Failure{Kind: facts.Forbidden, Detail: "the file may not be read"}
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &facts.Failure{Kind: facts.Unavailable, Detail: "reading the file failed: " + err.Error()}
}

// records asks DNS about every internal domain.
func records(ctx context.Context, env *probes.Env) ([]facts.MailDomain, error) {
	cas := env.Config.CAS
	if cas == nil || !cas.InternalDomains.Declared {
		return nil, &facts.Failure{Kind: facts.NotDeclared, Detail: "cas.internal_domains is not declared"}
	}
	domains := slices.Compact(slices.Sorted(slices.Values(cas.InternalDomains.Items)))
	out := make([]facts.MailDomain, len(domains))
	limit := env.Limits.Parallel
	if limit <= 0 {
		limit = parallel
	}
	slots := make(chan struct{}, limit)
	rec, err := recorder(env)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for i, d := range domains {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out[i] = facts.MailDomain{
				Domain: d,
				SPF:    published(ctx, rec, d, "v=spf1"),
				DMARC:  published(ctx, rec, "_dmarc."+d, "v=DMARC1"),
			}
		})
	}
	wg.Wait()
	return out, nil
}

// published are the TXT records of a name that begin with a version. The version is followed by
// a space or the end (RFC 7208, 4.5), or by a semicolon (RFC 7489, 6.3); its case does not count.
func published(ctx context.Context, from maildns.Resolver, name, version string) facts.Seen[[]string] {
	all, failure := from.Lookup(ctx, maildns.Name(name), facts.TypeTXT)
	if failure != nil {
		return facts.Missed[[]string](failure)
	}
	var found []string
	for _, txt := range all {
		if len(txt) < len(version) || !strings.EqualFold(txt[:len(version)], version) {
			continue
		}
		if rest := txt[len(version):]; rest == "" || strings.ContainsAny(rest[:1], " ;\t") {
			found = append(found, txt)
		}
	}
	if found == nil {
		return facts.Missed[[]string](noRecord())
	}
	return facts.Got(found)
}

// refused is what the resolver's error means for a record.
func refused(err error) *facts.Failure {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return noRecord()
	case errors.As(err, &dns) && dns.IsTemporary && !dns.IsTimeout:
		return &facts.Failure{Kind: facts.Unavailable, Code: "dns", Detail: "the resolver could not answer (SERVFAIL)"}
	}
	return httpread.Classify(err)
}
