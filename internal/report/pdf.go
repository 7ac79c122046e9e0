package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// browserVariable names the browser that prints, where it is none of the usual ones.
const browserVariable = "CASDOCTOR_CHROMIUM"

// browsers are the usual names of Chromium and its relatives, and where they are when they are
// in no folder of PATH.
var browsers = []string{
	"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge", "msedge",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
	`C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`,
}

// printing is how long the browser may take: some 4 seconds are usual, a report with thousands
// of entries takes longer.
const printing = 2 * time.Minute

// WritePDF prints the page of WriteHTML, in one language and with everything unfolded. It needs an
// installed Chromium: nothing else sets Japanese text by the rules of the script.
func WritePDF(w io.Writer, r Report, v View) error {
	browser, err := findBrowser()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), printing)
	defer cancel()
	v.Only = true // nobody can switch on paper
	var page bytes.Buffer
	if err := WriteHTML(&page, r, v); err != nil {
		return err
	}
	pdf, err := printPage(ctx, browser, page.Bytes())
	if err != nil {
		return err
	}
	_, err = w.Write(pdf)
	return err
}

func findBrowser() (string, error) {
	if named := os.Getenv(browserVariable); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("%s is %q, which cannot be run: %w", browserVariable, named, err)
		}
		return path, nil
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("a PDF is printed by Chromium, Chrome or Edge, and none was found: install one, name it in %s, or use --format html and print that", browserVariable)
}

// printPage runs the browser once. It gets a profile of its own, no network, and no port on which
// another process could reach it; what it wrote is gone afterwards.
func printPage(ctx context.Context, browser string, page []byte) (pdf []byte, err error) {
	dir, err := os.MkdirTemp("", "casdoctor-pdf-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the browser: %w", err)
	}
	defer func() {
		// The last of the browser's processes may still be writing its profile.
		for range 20 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	in, out := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.pdf")
	if err := os.WriteFile(in, page, 0o600); err != nil {
		return nil, fmt.Errorf("cannot write the page for the browser: %w", err)
	}
	args := []string{
		"--headless", "--print-to-pdf=" + out, "--no-pdf-header-footer", "--generate-pdf-document-outline",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--no-first-run", "--no-default-browser-check", "--disable-gpu",
		// The page loads nothing; the browser itself would look for updates and the like.
		"--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-extensions", "--disable-domain-reliability", "--disable-breakpad", "--no-pings", "--disable-quic",
	}
	if os.Geteuid() == 0 { // Chromium refuses to sandbox itself as root
		args = append(args, "--no-sandbox")
	}
	cmd := exec.CommandContext(ctx, browser, append(args, fileURL(in))...) //nolint:gosec // the browser that is installed, or that the user names
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("%s could not print the report: %w%s", browser, err, lastWords(said.String()))
	}
	pdf, err = os.ReadFile(out)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		return nil, fmt.Errorf("%s has printed nothing%s", browser, lastWords(said.String()))
	}
	return pdf, nil
}

// fileURL is the address of a file; a drive letter has a slash before it.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return "file://" + strings.NewReplacer("%", "%25", "#", "%23", "?", "%3F", " ", "%20").Replace(path)
}

// lastWords are the last line that the browser wrote about itself.
func lastWords(said string) string {
	list := strings.Split(strings.TrimSpace(said), "\n")
	if last := Inert(strings.TrimSpace(list[len(list)-1])); last != "" {
		return ": " + last
	}
	return ""
}
