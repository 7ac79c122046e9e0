package mail

import (
	"context"
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const sample = "From: a@contoso.com\r\nSubject: canary\r\n\r\nReply-To: a@body.example\r\n"

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// summary is one line per message: its name, and the sender's domain or the kind of failure.
func summary(t *testing.T, patterns ...string) []string {
	t.Helper()
	list, err := Messages(t.Context(), patterns)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range list {
		s := m.File + " "
		if h := m.Headers.Value; h != nil && h.From != nil {
			s += strings.Join(h.From.Domains, ",")
		} else if h == nil {
			s += string(m.Headers.Why().Kind) + " " + m.Headers.Why().Code
		}
		out = append(out, s)
	}
	return out
}

func TestMessages(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "in/a.eml", sample)
	write(t, dir, "in/B.EML", sample)
	write(t, dir, "in/notes.txt", "notes")
	write(t, dir, "in/deeper/c.eml", sample)
	write(t, dir, "other/a.eml", sample)
	write(t, dir, "odd/[1] mail.eml", sample)
	write(t, dir, "empty/readme", "")
	if err := os.Symlink(filepath.Join(dir, "in", "a.eml"), filepath.Join(dir, "odd", "link.eml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "odd", "dangling.eml")); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for name, tt := range map[string]struct{ patterns, want []string }{
		"none":               {nil, nil},
		"a file":             {[]string{at("in/a.eml")}, []string{"a.eml contoso.com"}},
		"a file, twice":      {[]string{at("in/a.eml"), at("in/*.eml")}, []string{"a.eml contoso.com"}},
		"a folder":           {[]string{at("in")}, []string{"B.EML contoso.com", "a.eml contoso.com"}},
		"the same name":      {[]string{at("*/a.eml")}, []string{"in/a.eml contoso.com", "other/a.eml contoso.com"}},
		"brackets in a name": {[]string{at("odd/[1] mail.eml")}, []string{"[1] mail.eml contoso.com"}},
		"symbolic links":     {[]string{at("odd/*link*"), at("odd/d*")}, []string{"dangling.eml not_found ", "link.eml contoso.com"}},
		"no such file":       {[]string{at("gone.eml")}, []string{"gone.eml not_found "}},
		"nothing fits":       {[]string{at("in/*.msg")}, []string{"*.msg not_found "}},
		"an empty folder":    {[]string{at("empty")}, []string{"empty not_found "}},
		"folders by pattern": {[]string{at("o*")}, []string{
			"[1] mail.eml contoso.com", "dangling.eml not_found ", "link.eml contoso.com", "a.eml contoso.com",
		}},
	} {
		if diff := cmp.Diff(tt.want, summary(t, tt.patterns...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestWhatCannotBeRead: every file has its entry, and none of these keeps the probe waiting.
func TestWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "empty.eml", "")
	write(t, dir, "prose.eml", "Dear all,\n\nFrom: a@contoso.com\n")
	write(t, dir, "nul.eml", strings.Repeat("\x00", 1<<20))
	write(t, dir, "endless.eml", "From: a@contoso.com\n"+strings.Repeat("X-A: b\n", 300_000))
	write(t, dir, "many.eml", "From: a@contoso.com\n"+strings.Repeat("X-A: b\n", 10_000)+"\n")
	write(t, dir, "case.eml", "fROM: a@contoso.com")
	write(t, dir, "nofrom.eml", "Received: from a by b\n\n")
	write(t, dir, "broken.eml", "From: =?utf-8?B?//broken <a@contoso.com>\nSubject: \xff\xfe\n\n")
	want := []string{
		"broken.eml contoso.com", "case.eml contoso.com", "empty.eml malformed not_a_message",
		"endless.eml malformed headers_too_long", "many.eml contoso.com", "nofrom.eml ",
		"nul.eml malformed not_a_message", "prose.eml malformed not_a_message",
	}
	if diff := cmp.Diff(want, summary(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := unread(&fs.PathError{Op: "open", Path: "/home/adele/a.eml", Err: syscall.EACCES}); got.Kind != facts.Forbidden {
		t.Errorf("got %v", got)
	}
	if got := unread(&fs.PathError{Op: "read", Path: "/home/adele/a.eml", Err: syscall.EIO}); got.Kind != facts.Unavailable || strings.Contains(got.Detail, "adele") {
		t.Errorf("got %v", got)
	}
}

// TestTheBodyIsNotRead: a message of 100 MB costs what its headers cost.
func TestTheBodyIsNotRead(t *testing.T) {
	path := write(t, t.TempDir(), "large.eml", sample)
	if err := os.Truncate(path, 100<<20); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"large.eml contoso.com"}, summary(t, path)); diff != "" {
		t.Error(diff)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	section, err := headers(f)
	if err != nil || string(section) != "From: a@contoso.com\r\nSubject: canary\r\n" {
		t.Errorf("%q, %v", section, err)
	}
	if at, err := f.Seek(0, 1); err != nil || at > 64<<10 {
		t.Errorf("%d bytes were read, %v", at, err)
	}
}

// TestTheEndAcrossReads: however the bytes come, the section ends at the first empty line.
func TestTheEndAcrossReads(t *testing.T) {
	for _, s := range []string{"A: b\n\nbody\n\n", "A: b\r\n\r\nbody", "\r\n\r\nA: b\n\r\nbody", "A: b\n"} {
		got, err := headers(iotest.OneByteReader(strings.NewReader(s)))
		if err != nil || strings.Contains(string(got), "body") || !strings.Contains(string(got), "A: b") {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
}

// nameserver is a DNS server with the records of a zone. The name "broken" in it is a failure of
// the server, and "silent" gets no answer.
func nameserver(t *testing.T, zone ...string) *net.UDPAddr {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answer := func(w dns.ResponseWriter, r *dns.Msg) {
		name := strings.ToLower(r.Question[0].Name)
		m := new(dns.Msg).SetReply(r)
		switch {
		case strings.Contains(name, "silent"):
			return
		case strings.Contains(name, "broken"):
			m.Rcode = dns.RcodeServerFailure
		default:
			m.Rcode = dns.RcodeNameError
			for _, record := range zone {
				rr, err := dns.NewRR(record)
				if err != nil {
					t.Error(err)
				}
				if rr.Header().Name == name {
					m.Rcode = dns.RcodeSuccess
					m.Answer = append(m.Answer, rr)
				}
			}
		}
		_ = w.WriteMsg(m)
	}
	s := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(answer)}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = pc.Close() })
	return pc.LocalAddr().(*net.UDPAddr)
}

func collect(t *testing.T, cfg *config.Config) *facts.Evidence {
	t.Helper()
	client, err := httpread.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	env := &probes.Env{Config: cfg, HTTP: client, Now: time.Now, Log: zerolog.Nop()}
	return probes.Collect(t.Context(), env, Probes(), nil)
}

func TestRecords(t *testing.T) {
	at := nameserver(
		t,
		`contoso.com. 5 IN TXT "v=spf1 include:spf.protection.outlook.com" " -all"`,
		`contoso.com. 5 IN TXT "MS=ms1234"`,
		`_dmarc.contoso.com. 5 IN TXT "v=DMARC1; p=reject"`,
		`two.example. 5 IN TXT "v=spf1 -all"`,
		`two.example. 5 IN TXT "V=SPF1 ~all"`,
		`two.example. 5 IN TXT "v=spf10 -all"`,
		`xn--bcher-kva.example. 5 IN TXT "hello"`,
	)
	cfg := &config.Config{Tenant: "contoso", CAS: &config.CAS{InternalDomains: config.List{Declared: true, Items: []string{
		"contoso.com", "two.example", "xn--bcher-kva.example", "nowhere.example", "broken.example", "no domain", "contoso.com",
	}}}}
	cfg.Network.Resolver = at.AddrPort()
	got := facts.Get(collect(t, cfg), facts.MailRecords)
	if !got.Complete() {
		t.Fatal(got.Why())
	}
	show := func(s facts.Seen[[]string]) string {
		if s.Value == nil {
			return string(s.Why().Kind)
		}
		return strings.Join(*s.Value, " | ")
	}
	var lines []string
	for _, d := range *got.Value {
		lines = append(lines, d.Domain+": "+show(d.SPF)+"; "+show(d.DMARC))
	}
	want := []string{
		"broken.example: unavailable; unavailable",
		"contoso.com: v=spf1 include:spf.protection.outlook.com -all; v=DMARC1; p=reject",
		"no domain: malformed; malformed",
		"nowhere.example: not_found; not_found",
		"two.example: V=SPF1 ~all | v=spf1 -all; not_found",
		"xn--bcher-kva.example: not_found; not_found",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestASilentResolver: no answer before the deadline is a timeout, never "no record".
func TestASilentResolver(t *testing.T) {
	cfg := &config.Config{Tenant: "contoso"}
	cfg.Network.Resolver = nameserver(t).AddrPort()
	client, err := httpread.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got := published(ctx, resolver{client.Resolver()}, "silent.example", "v=spf1"); got.Value != nil || got.Why().Kind != facts.Timeout {
		t.Errorf("got %v", got.Why())
	}
}

// TestNotDeclared: a list that is missing is not an empty one.
func TestNotDeclared(t *testing.T) {
	ev := collect(t, &config.Config{Tenant: "contoso", CAS: &config.CAS{}})
	if got := facts.Get(ev, facts.MailMessages); got.Why() == nil || got.Why().Kind != facts.NotDeclared {
		t.Errorf("messages: %v", got.Why())
	}
	if got := facts.Get(ev, facts.MailRecords); got.Why() == nil || got.Why().Kind != facts.NotDeclared {
		t.Errorf("records: %v", got.Why())
	}
	ev = collect(t, &config.Config{Tenant: "contoso", CAS: &config.CAS{Messages: []string{}, InternalDomains: config.List{Declared: true}}})
	if got := facts.Get(ev, facts.MailMessages); !got.Complete() || len(*got.Value) != 0 {
		t.Errorf("messages: %v", got.Why())
	}
	if got := facts.Get(ev, facts.MailRecords); !got.Complete() || len(*got.Value) != 0 {
		t.Errorf("records: %v", got.Why())
	}
}

// TestNoSubjectInTheEvidence: subjects and bodies stay in the file.
func TestNoSubjectInTheEvidence(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.eml", sample)
	raw, err := json.Marshal(collect(t, &config.Config{Tenant: "contoso", CAS: &config.CAS{Messages: []string{dir}}}))
	if err != nil || strings.Contains(string(raw), "canary") || strings.Contains(string(raw), "body.example") ||
		strings.Contains(string(raw), dir) {
		t.Errorf("%v: %s", err, raw)
	}
}
