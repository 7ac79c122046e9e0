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
			"Why         The message came in from outside in the name of an internal domain",
			"Fix         If the device or application is yours, let it sign in",
		},
		"ja": {"✗ a.eml  内部メールとして扱われません", "✓ b.eml  内部メールとして扱われます", "読み取れません", "最初に受信"},
	} {
		var b bytes.Buffer
		posted(t, NewMailText(&b, View{Lang: lang, Width: 100}), list, known)
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

// TestMailInTenLines: a person reads why, what to do, and the evidence, in about ten lines.
func TestMailInTenLines(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		var b bytes.Buffer
		m := posted(t, NewMailText(&b, View{Lang: lang, Width: 240}), []facts.Message{letter("a.eml", "fail")},
			checks.MailContext{Internal: &[]string{"contoso.com"}})
		if strings.Contains(b.String(), "is in the internal domains") || strings.Contains(b.String(), "登録されています") {
			t.Errorf("%s: what did not decide is said:\n%s", lang, b.String())
		}
		n := 0
		for line := range strings.Lines(b.String()) {
			if !strings.HasPrefix(line, strings.Repeat(" ", labelWidth)) { // not the rest of a long one
				n++
			}
		}
		if n < 9 || n > 11 || m.ExitCode() != checks.ExitTrouble {
			t.Errorf("%s: %d lines, exit code %d:\n%s", lang, n, m.ExitCode(), b.String())
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
