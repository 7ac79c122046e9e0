package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/internal/report"
)

// TestEntriesOfTheConfiguration: the configuration normalises internal domains by itself, because
// it imports nothing of ours. It means the same domains as the checks do.
func TestEntriesOfTheConfiguration(t *testing.T) {
	entries := []string{
		"contoso.com", " Contoso.com. ", "@contoso.com", "smtp:contoso.com", "SMTP:@Contoso.com", "*.contoso.com", "smtp:*.contoso.com",
		"bücher.example", "BÜCHER.example", "bücher。example", "bücher.example。", "faß.de", "FASS.de", "xn--zzzzzz.com", "_dmarc.contoso.com",
		"https://contoso.com", "a@contoso.com", "a b", "10.0.0.1", "2001:db8::1", "*", "contoso.com:25",
		"contoso.com..", ".contoso.com", "a..b", "@*.contoso.com", "smtp:", "@", ".", "*.", "xn--bcher-kva.example",
	}
	file := "version: 1\ntenant: contoso\ncas:\n  site: eu\n  internal_domains:\n"
	for _, e := range entries {
		file += "    - " + strconv.Quote(e) + "\n"
	}
	path := filepath.Join(t.TempDir(), "casdoctor.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	list := cfg.CAS.InternalDomains
	if len(list.Items) != len(entries) || len(list.Written) != len(entries) {
		t.Fatalf("%d items, %d written", len(list.Items), len(list.Written))
	}
	for i, w := range list.Written {
		key, _ := maildns.Entry(w.Text)
		item, _ := maildns.Entry(list.Items[i])
		if item != key || key != "" && list.Items[i] != key {
			t.Errorf("%q: %q in the configuration, %q in the checks", w.Text, list.Items[i], key)
		}
	}
}

// rawSamples are the samples of a file as they stand, each without the comment above it.
func rawSamples(t *testing.T, name string) (out []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "internal", "mailtrace", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(raw), "\n\n") {
		var kept []string
		for line := range strings.Lines(part) {
			if !strings.HasPrefix(line, "#") {
				kept = append(kept, line)
			}
		}
		if s := strings.Join(kept, ""); strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
	}
	return out
}

// TestSamples: every public sample goes through the command as it is. They are parts of messages, without
// the way that they came: the command says what is missing, that it takes nothing in them for granted,
// and what each would be if it were whole, which is what its comment says. Only the one that an outside
// sender wrote itself is called forged.
func TestSamples(t *testing.T) {
	const zeros = "00000000-0000-0000-0000-000000000000" // the tenant of the third sample
	for _, tt := range []struct {
		file, class string
		sample      int
		args        []string
		verdict     string
		why         string // the rows; those that are presumed with a question mark
		says        []string
	}{
		{"real-internal-shapes.txt", "cloud mailbox to cloud mailbox", 0, nil, "unknown", "way_missing inside_tenant?",
			[]string{"no Received header", "from mailbox to mailbox of the tenant"}},
		{"real-internal-shapes.txt", "hybrid, promoted", 1, nil, "unknown", "way_missing hybrid_spf?",
			[]string{"no Received header", "no From header", "the organisation's own Exchange server", "(192.0.2.16)"}},
		{"real-internal-shapes.txt", "hosted, after it left its tenant", 2, nil, "unknown", "way_missing other_tenant?",
			[]string{"no Received header", "no From header", "internal of a tenant that is not known to be yours"}},
		{"real-internal-shapes.txt", "hosted, in its own tenant", 2, []string{"--tenant", zeros}, "unknown", "way_missing inside_tenant?",
			[]string{"no Received header", "from mailbox to mailbox of the tenant"}},
		{"real-internal-shapes.txt", "forged", 3, nil, "unknown", "stray_stamps", []string{"forged, or of another server", "X-MS-Exchange-Organization-AuthAs"}},
		{"real-internal-shapes.txt", "inbound", 4, nil, "unknown", "way_missing", []string{"no Received header", "no From header", "AuthAs=Anonymous"}},

		{"ms-docs-examples.txt", "a stranger's envelope, and weak records", 0, nil, "unknown", "way_missing other_not_listed? weak_records?",
			[]string{"no Received header", "Envelope sender names maliciousdomain.com"}},
		{"ms-docs-examples.txt", "from another organisation, without authentication", 1, nil, "confirmed", "sender_not_listed way_missing weak_records?",
			[]string{"fabrikam.com, the sender's domain, is not in the internal domains"}},
		{"ms-docs-examples.txt", "from another organisation, a best-guess pass", 2, nil, "confirmed", "sender_not_listed way_missing",
			[]string{"fabrikam.com, the sender's domain, is not in the internal domains"}},
		{"ms-docs-examples.txt", "DMARC failed under quarantine", 3, nil, "unknown", "way_missing dmarc_enforced?",
			[]string{"no Received header", "DMARC failed for contoso.com"}},
		{"ms-docs-examples.txt", "not spam", 4, nil, "unknown", "way_missing", []string{"no Received header", "no From header"}},
	} {
		t.Run(tt.file+"/"+tt.class, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sample.eml")
			if err := os.WriteFile(path, []byte(rawSamples(t, tt.file)[tt.sample]), 0o600); err != nil {
				t.Fatal(err)
			}
			run := func(format string) (string, int) {
				var out, stderr bytes.Buffer
				args := append([]string{"mail", path, "--internal", "contoso.com", "--lang", "en", "--format", format}, tt.args...)
				code := execute(t.Context(), args, streams{out: &out, err: &stderr})
				return out.String(), code
			}
			data, code := run("json")
			var doc struct{ Messages []report.MailMessage }
			if err := json.Unmarshal([]byte(data), &doc); err != nil || len(doc.Messages) != 1 {
				t.Fatalf("%v: %s", err, data)
			}
			want := map[string]int{"unknown": checks.ExitUnknown, "confirmed": checks.ExitTrouble}[tt.verdict]
			if code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			var rows []string
			for _, w := range doc.Messages[0].Why {
				rows = append(rows, w.Code+map[bool]string{true: "?"}[w.Presumed])
			}
			if got := strings.Join(rows, " "); got != tt.why {
				t.Errorf("%s, want %s", got, tt.why)
			}
			text, _ := run("text")
			flat := strings.Join(strings.Fields(text), " ")
			for _, s := range tt.says {
				if !strings.Contains(flat, s) {
					t.Errorf("no %q in\n%s", s, text)
				}
			}
			if forged := strings.Contains(flat, "forged, or"); forged != (tt.class == "forged") || strings.Contains(flat, "{") {
				t.Errorf("forged %v:\n%s", forged, text)
			}
			if strings.Contains(flat, "passes as internal mail") {
				t.Errorf("it passes:\n%s", text)
			}
		})
	}
}
