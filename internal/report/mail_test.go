package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

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
		{[]facts.Message{letter("b", "fail"), unreadLetter}, domains, 2},
	} {
		if got := NewMail(tt.list, tt.internal).ExitCode(); got != tt.code {
			t.Errorf("%v: exit code %d, want %d", tt.list, got, tt.code)
		}
	}
}

func TestMailText(t *testing.T) {
	m := NewMail([]facts.Message{letter("a.eml", "fail"), letter("b.eml", "pass"), unreadLetter}, &[]string{"contoso.com"})
	for lang, wants := range map[string][]string{
		"en": {
			"✗ a.eml  does not count as internal mail", "✓ b.eml  passes as internal mail", "✗ notes.eml  could not be read",
			"Return-Path empty", "fail  contoso.com  203.0.113.50", "fail  mailer.example", "SFV=NSPM", "first came in here",
		},
		"ja": {"✗ a.eml  内部メールとして扱われません", "✓ b.eml  内部メールとして扱われます", "読み取れません", "ここで最初に受信"},
	} {
		var b bytes.Buffer
		if err := WriteMail(&b, m, TextOptions{Lang: lang, Width: 100}); err != nil {
			t.Fatal(err)
		}
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
			if err := WriteMail(&b, m, TextOptions{Lang: lang, Width: width}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > width {
					t.Errorf("%s, %d: a line of %d cells: %s", lang, width, w, line)
				}
			}
		}
	}
	if err := WriteMail(full{}, m, TextOptions{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// TestMailWithoutDomains: the sender is not decided then, and nothing passes as internal mail.
func TestMailWithoutDomains(t *testing.T) {
	var b bytes.Buffer
	if err := WriteData(&b, NewMail([]facts.Message{letter("a.eml", "pass"), unreadLetter}, nil)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema   string
		Messages []map[string]json.RawMessage
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Schema != "casdoctor.mail/v1" {
		t.Fatalf("%v: %s", err, b.String())
	}
	if s := string(got.Messages[0]["sender"]); !strings.Contains(s, `"unknown"`) || !strings.Contains(s, "not_declared") {
		t.Errorf("sender %s", s)
	}
	if s := string(got.Messages[1]["headers"]); s != "null" {
		t.Errorf("headers %s", s)
	}
}
