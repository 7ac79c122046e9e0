package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// letter is a message of contoso.com with an SPF result.
func letter(file, spf string) facts.Message {
	at := time.Date(2026, 11, 20, 8, 59, 58, 0, time.UTC)
	as := "Anonymous\x1b[31m"
	return facts.Message{File: file, Headers: facts.Got(facts.MailHeaders{
		From: &facts.Mailboxes{Domains: []string{"contoso.com"}}, ReturnPath: &facts.Mailboxes{Domains: []string{}},
		ReplyTo: &facts.Mailboxes{Domains: []string{"contoso.com"}, Unreadable: spf == "unreadable"},
		Results: []facts.AuthResult{{
			Header: "authentication-results", Hop: new(0),
			SPF:  &facts.AuthVerdict{Result: spf, Domain: "contoso.com", IP: "203.0.113.50"},
			DKIM: []facts.AuthVerdict{{Result: "pass", Domain: "contoso.com"}, {Result: "fail", Domain: "mailer.example"}},
		}},
		AuthAs: &as, Forefront: map[string]string{"SFV": "NSPM"},
		Received: []facts.Hop{{From: "mail.contoso.com", IP: "203.0.113.50", By: "x.mail.protection.outlook.com", At: &at}},
	})}
}

// posted is what a writer makes of the messages.
func posted(t *testing.T, m *MailWriter, list []facts.Message, c checks.MailContext) *MailWriter {
	t.Helper()
	for _, msg := range list {
		if err := m.Write(NewMailMessage(msg, c)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return m
}

var unreadLetter = facts.Message{
	File: "notes.eml", Headers: facts.Missed[facts.MailHeaders](&facts.Failure{Kind: facts.Malformed, Detail: "no headers"}),
}

// TestMailExitCode: the worst of the messages counts, by the table of all commands.
func TestMailExitCode(t *testing.T) {
	domains := &[]string{"contoso.com"}
	for _, tt := range []struct {
		list     []facts.Message
		internal *[]string
		code     int
	}{
		{nil, nil, 0},
		{[]facts.Message{letter("a", "pass")}, nil, 3}, // without a list nothing is internal or not
		{[]facts.Message{letter("a", "fail")}, nil, 1},
		{[]facts.Message{letter("a", "pass")}, domains, 0},
		{[]facts.Message{letter("a", "pass")}, &[]string{"contoso.net"}, 1}, // its sender is not internal
		{[]facts.Message{letter("a", "temperror")}, domains, 3},
		{[]facts.Message{letter("a", "temperror"), letter("b", "fail"), letter("c", "pass")}, domains, 1},
		{[]facts.Message{letter("b", "permerror"), letter("a", "temperror")}, domains, 1},
		{[]facts.Message{letter("b", "fail"), unreadLetter}, domains, 1}, // which a file beside it does not hide
		{[]facts.Message{letter("b", "pass"), unreadLetter}, domains, 3},
		{[]facts.Message{letter("b", "pass"), {File: "gone.eml", Headers: facts.Missed[facts.MailHeaders](&facts.Failure{Kind: facts.NotFound})}}, domains, 2},
	} {
		m := posted(t, NewMailText(&bytes.Buffer{}, View{}), tt.list, checks.MailContext{Internal: tt.internal})
		if got := m.ExitCode(); got != tt.code {
			t.Errorf("%v: exit code %d, want %d", tt.list, got, tt.code)
		}
	}
}

func TestMailText(t *testing.T) {
	list := []facts.Message{letter("a.eml", "fail"), letter("b.eml", "pass"), unreadLetter}
	known := checks.MailContext{Internal: &[]string{"contoso.com"}}
	for lang, wants := range map[string][]string{
		"en": {
			"✗ a.eml  does not count as internal mail", "✓ b.eml  passes as internal mail", "? notes.eml  could not be read",
			"Return-Path empty", "fail  contoso.com  203.0.113.50", "fail  mailer.example", "SFV=NSPM", "first came in",
			"Why         The message came in from outside in the name of an internal domain", "Besides", "Hops        1/1  mail.contoso.com",
			"Fix         If the device or application is yours, let it sign in",
		},
		"ja": {"✗ a.eml  内部メールとして扱われません", "✓ b.eml  内部メールとして扱われます", "読み取れません", "最初に受信"},
	} {
		var b bytes.Buffer
		posted(t, NewMailText(&b, View{Lang: lang, Width: 100, Verbose: true}), list, known)
		for _, w := range wants {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: no %q in\n%s", lang, w, b.String())
			}
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: a header reached the terminal:\n%q", lang, b.String())
		}
		for _, width := range []int{20, 40, 60, 80} {
			b.Reset()
			posted(t, NewMailText(&b, View{Lang: lang, Width: width}), list, known)
			for line := range strings.Lines(b.String()) {
				if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > width {
					t.Errorf("%s, %d: a line of %d cells: %s", lang, width, w, line)
				}
			}
		}
	}
	for name, m := range map[string]*MailWriter{"text": NewMailText(full{}, View{}), "json": NewMailJSON(full{})} {
		if err := m.Write(NewMailMessage(list[0], known)); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMailWithoutDomains: the sender is not decided then, and nothing passes as internal mail.
func TestMailWithoutDomains(t *testing.T) {
	var b bytes.Buffer
	posted(t, NewMailJSON(&b), []facts.Message{letter("a.eml", "pass"), unreadLetter}, checks.MailContext{})
	var got struct {
		Schema   string
		Messages []map[string]json.RawMessage
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Schema != "casdoctor.mail/v1" {
		t.Fatalf("%v: %s", err, b.String())
	}
	if s := string(got.Messages[0]["sender"]); !strings.Contains(s, `"unknown"`) || !strings.Contains(s, "internal_not_named") {
		t.Errorf("sender %s", s)
	}
	if s := string(got.Messages[1]["headers"]); s != "null" {
		t.Errorf("headers %s", s)
	}
}

// TestMailInTenLines: at the width of a terminal a person reads the verdict, why, the header that
// decides, where it stood, and what to do, in about ten lines; the rest is behind -v.
func TestMailInTenLines(t *testing.T) {
	known := checks.MailContext{Internal: &[]string{"contoso.com"}, Tenant: "84841066-274d-4ec0-a5c1-276be684bdd3"}
	with := func(spf string, change func(*facts.MailHeaders)) facts.Message {
		m := letter("a.eml", spf)
		h := *m.Headers.Value
		h.AuthAs = new("Anonymous")
		h.ReplyTo = nil
		change(&h)
		return facts.Message{File: m.File, Headers: facts.Got(h)}
	}
	inside := func(h *facts.MailHeaders) {
		h.AuthAs, h.Results = new("Internal"), nil
		h.Received = []facts.Hop{{From: "a.eurprd01.prod.outlook.com", IP: "2603:10a6:400:49::16", By: "b.eurprd01.prod.outlook.com"}}
	}
	for name, tt := range map[string]struct {
		message  facts.Message
		known    checks.MailContext
		most     int
		has, not string // in English
	}{
		"SPF":          {with("fail", func(*facts.MailHeaders) {}), known, 11, "SPF         fail  contoso.com  203.0.113.50", "Judgement"},
		"a mistake":    {with("permerror", func(*facts.MailHeaders) {}), known, 11, "SPF         permerror", "DKIM"},
		"Reply-To":     {with("pass", func(h *facts.MailHeaders) { h.ReplyTo = &facts.Mailboxes{Domains: []string{"mailer.example"}} }), known, 11, "Reply-To mailer.example", "DKIM"},
		"the sender":   {with("pass", func(h *facts.MailHeaders) { h.From = &facts.Mailboxes{Domains: []string{"evil.example"}} }), known, 11, "From        evil.example", "SPF  "},
		"inside":       {with("pass", inside), known, 12, "Exchange    AuthAs=Internal", "Judgement"},
		"no way":       {with("fail", func(h *facts.MailHeaders) { h.Received = nil }), known, 13, "If genuine  The message came in from outside", "Judgement"},
		"passes":       {with("pass", func(*facts.MailHeaders) {}), known, 3, "Route       first came in: 1/1", "Fix"},
		"without list": {with("pass", func(*facts.MailHeaders) {}), checks.MailContext{}, 6, "Name them with --internal", "Fix"},
		"a service":    {with("fail", func(h *facts.MailHeaders) { h.Received[0].From = "o1.ptr.sendgrid.net" }), known, 11, "SendGrid", "Judgement"},
	} {
		for _, lang := range []string{"en", "ja"} {
			var b bytes.Buffer
			posted(t, NewMailText(&b, View{Lang: lang, Width: 80}), []facts.Message{tt.message}, tt.known)
			if n := strings.Count(b.String(), "\n"); n > tt.most {
				t.Errorf("%s, %s: %d lines, want %d at most:\n%s", name, lang, n, tt.most, b.String())
			}
			if lang == "en" && (!strings.Contains(strings.Join(strings.Fields(b.String()), " "), strings.Join(strings.Fields(tt.has), " ")) || strings.Contains(b.String(), tt.not)) {
				t.Errorf("%s: %q missing, or %q there:\n%s", name, tt.has, tt.not, b.String())
			}
			if strings.Contains(b.String(), "{") {
				t.Errorf("%s, %s: a slot is open:\n%s", name, lang, b.String())
			}
			short := b.String()
			b.Reset()
			posted(t, NewMailText(&b, View{Lang: lang, Width: 80, Verbose: true}), []facts.Message{tt.message}, tt.known)
			for _, label := range []string{"SPF ", "DKIM ", "DMARC ", "Exchange ", "From "} {
				if strings.Count(b.String(), "\n  "+label) != 1 {
					t.Errorf("%s, %s: %q does not stand there once with -v:\n%s", name, lang, label, b.String())
				}
			}
			if len(b.String()) <= len(short) {
				t.Errorf("%s, %s: -v tells no more", name, lang)
			}
		}
	}
}

// TestMailJSONIsOneDocument: written message by message, it is what it would be as a whole.
func TestMailJSONIsOneDocument(t *testing.T) {
	known := checks.MailContext{Internal: &[]string{"contoso.com"}}
	for _, list := range [][]facts.Message{nil, {letter("a.eml", "fail")}, {letter("a.eml", "pass"), letter("b.eml", "fail"), unreadLetter}} {
		var b bytes.Buffer
		posted(t, NewMailJSON(&b), list, known)
		whole := struct {
			Schema   string        `json:"schema"`
			Messages []MailMessage `json:"messages"`
		}{MailSchemaID, []MailMessage{}}
		for _, m := range list {
			whole.Messages = append(whole.Messages, NewMailMessage(m, known))
		}
		var want bytes.Buffer
		if err := WriteData(&want, whole); err != nil {
			t.Fatal(err)
		}
		if b.String() != want.String() {
			t.Errorf("%d messages:\n%s\nwant\n%s", len(list), b.String(), want.String())
		}
	}
}
