package report

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// fakeBrowser is a program in the browser's place. $out is where it is to print.
func fakeBrowser(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the browser's place is taken by a shell script")
	}
	path := filepath.Join(t.TempDir(), "browser")
	head := "#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) out=${a#*=};; --user-data-dir=*) mkdir -p \"${a#*=}\";; file://*) in=${a#file://};; esac; done\n"
	if err := os.WriteFile(path, []byte(head+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPDF(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"printed":              {`printf '%%PDF-1.7 ' > "$out"; grep -c 'Content-Security-Policy' "$in" >> "$out"`, ""},
		"it ends with a word":  {"echo first >&2; printf 'no \\033[31mdisplay\\n' >&2; exit 3", "exit status 3: no ␛[31mdisplay"},
		"nothing is printed":   {"exit 0", "has printed nothing"},
		"not a PDF is printed": {`echo '<html>' > "$out"`, "has printed nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			t.Setenv(browserVariable, fakeBrowser(t, c.script))
			var b bytes.Buffer
			err := WritePDF(&b, ready(), View{Lang: "en"})
			switch {
			case c.want == "" && (err != nil || b.String() != "%PDF-1.7 1\n"):
				t.Errorf("%q, %v", b.String(), err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q in it", err, c.want)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestPDFHasADeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := printPage(ctx, fakeBrowser(t, "exec sleep 60"), []byte("x"))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestPDFWithoutABrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(browserVariable, "")
	installed := browsers
	browsers = []string{"chromium"}
	defer func() { browsers = installed }()
	err := WritePDF(new(bytes.Buffer), ready(), View{})
	if err == nil || !strings.Contains(err.Error(), browserVariable) || !strings.Contains(err.Error(), "--format html") {
		t.Errorf("%v", err)
	}
	t.Setenv(browserVariable, "/no/such/browser")
	if err := WritePDF(new(bytes.Buffer), ready(), View{}); err == nil || !strings.Contains(err.Error(), "/no/such/browser") {
		t.Errorf("%v", err)
	}
}

// TestPDFOfARealBrowser prints what is folded, in Japanese. What it says is read by pdftotext, where
// there is one.
func TestPDFOfARealBrowser(t *testing.T) {
	if _, err := findBrowser(); err != nil {
		t.Skip(err)
	}
	var b bytes.Buffer
	if err := WritePDF(&b, tabled(), View{Lang: "ja"}); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) || !bytes.Contains(b.Bytes(), []byte("/StructTreeRoot")) {
		t.Error("it is no tagged PDF")
	}
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("no pdftotext (poppler-utils) reads the text back")
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(reader, "-raw", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(out)), "")
	for _, want := range []string{
		"監査レポート", "管理コンソールで", "認証済みアカウントを使って準備します", "サインインのリスク", // the last is folded on a screen
		"次を貼り付けます", "ticket4711",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
}
