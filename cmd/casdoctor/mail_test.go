package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/maildns"
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
