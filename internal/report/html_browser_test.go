package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browse opens pages in a headless Chromium, and fails the test when one of them says an error or
// does what its policy forbids. Without a browser the test is skipped.
func browse(t *testing.T) (ctx context.Context, open func(page string)) {
	t.Helper()
	path, err := findBrowser()
	if err != nil {
		t.Skip(err)
	}
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Headless}
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	browser, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(browser)
	t.Cleanup(done)
	var mu sync.Mutex
	var said []string
	listen := func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *cdplog.EventEntryAdded:
			said = append(said, ev.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			said = append(said, fmt.Sprint("console.", ev.Type))
		case *runtime.EventExceptionThrown:
			said = append(said, ev.ExceptionDetails.Text)
		}
	}
	if err := chromedp.Do(ctx); err != nil { // starts the browser, which no later deadline may stop
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, listen); err != nil {
		t.Fatal(err)
	}
	limited, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		if len(said) > 0 {
			t.Errorf("the browser says: %s", strings.Join(said, "\n"))
		}
	})
	return limited, func(page string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(limited, chromedp.Navigate(fileURL(file))); err != nil {
			t.Fatal(err)
		}
	}
}

func ask[T any](ctx context.Context, t *testing.T, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// shows is the text that a person sees in the heading.
const shows = `document.querySelector("h1").innerText.trim()`

func TestTheLanguageIsSwitchedByKeyboard(t *testing.T) {
	ctx, open := browse(t)
	for _, script := range []bool{true, false} {
		t.Run(fmt.Sprint("script ", script), func(t *testing.T) {
			if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script}); err != nil {
				t.Fatal(err)
			}
			open(pageOf(t, tabled(), View{Lang: "en"}))
			// The first Tab leads to the link over everything else, the second to the switch.
			if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab)); err != nil {
				t.Fatal(err)
			}
			if got := ask[string](ctx, t, "document.activeElement.id"); got != "lang-en" {
				t.Fatalf("the second Tab leads to %q", got)
			}
			if got := ask[string](ctx, t, shows); !strings.HasSuffix(got, "Not ready") {
				t.Errorf("it opens with %q", got)
			}
			if n := ask[int](ctx, t, `[...document.querySelectorAll(".ja")].filter(e => e.getClientRects().length).length`); n > 0 {
				t.Errorf("%d Japanese texts are in the English page", n)
			}
			if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.ArrowRight)); err != nil {
				t.Fatal(err)
			}
			if got := ask[string](ctx, t, shows); !strings.HasSuffix(got, "問題あり") {
				t.Errorf("switched, it says %q", got)
			}
			if got := ask[string](ctx, t, "document.documentElement.lang"); script && got != "ja" {
				t.Errorf("switched, its language is %q", got)
			}
			if n := ask[int](ctx, t, `[...document.querySelectorAll(".en")].filter(e => e.getClientRects().length).length`); n > 0 {
				t.Errorf("%d English texts are left", n)
			}
		})
	}
}

func TestThePageFitsItsWindow(t *testing.T) {
	ctx, open := browse(t)
	for _, c := range []struct {
		what string
		of   Report
		lang string
	}{{"everything", tabled(), "en"}, {"everything", tabled(), "ja"}, {"hostile", attacked(t), "en"}} {
		open(pageOf(t, c.of, View{Lang: c.lang}))
		ask[int](ctx, t, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
		for _, width := range []int64{390, 820, 1440} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900)); err != nil {
				t.Fatal(err)
			}
			if got := ask[int64](ctx, t, "document.documentElement.scrollWidth"); got > width {
				t.Errorf("%s in %s at %d: the page is %d wide", c.what, c.lang, width, got)
			}
		}
	}
}

// TestNothingIsCutInPrint: on A4 what is folded is there, headings of tables are repeated, and rows
// and steps are kept whole.
func TestNothingIsCutInPrint(t *testing.T) {
	ctx, open := browse(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(680, 960)); err != nil { // A4 without its margins
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	open(pageOf(t, tabled(), View{Lang: "ja"}))
	for what, expression := range map[string]string{
		"rows that may be cut":            `[...document.querySelectorAll("tr, .entry, .steps > li")].filter(e => getComputedStyle(e).breakInside != "avoid").length`,
		"table heads that do not repeat":  `[...document.querySelectorAll("thead")].filter(e => getComputedStyle(e).display != "table-header-group").length`,
		"folded parts that are missing":   `[...document.querySelectorAll("details .what, details .entry")].filter(e => !e.checkVisibility({contentVisibilityAuto: true}) || !e.getClientRects().length).length`,
		"parts that are only for screens": `[...document.querySelectorAll("nav, .switch")].filter(e => e.getClientRects().length).length`,
		"width beyond the paper":          `Math.max(0, document.documentElement.scrollWidth - 680)`,
	} {
		if n := ask[int](ctx, t, expression); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
}

// TestALinkOpensWhatIsFolded: the matrix leads to entries that are folded.
func TestALinkOpensWhatIsFolded(t *testing.T) {
	ctx, open := browse(t)
	open(pageOf(t, tabled(), View{Lang: "en"}))
	n := ask[int](ctx, t, `[...document.querySelectorAll(".matrix a")].filter(a => {
		const to = document.querySelector(CSS.escape ? "#" + CSS.escape(a.hash.slice(1)) : a.hash);
		location.hash = ""; location.hash = a.hash; dispatchEvent(new HashChangeEvent("hashchange"));
		for (let e = to; e; e = e.parentElement) if (e.tagName == "DETAILS" && !e.open) return true;
		return false;
	}).length`)
	if n != 0 {
		t.Errorf("%d links lead to something that stays folded", n)
	}
}

// TestThePageIsAccessible asks axe-core, where make test-html has installed it.
func TestThePageIsAccessible(t *testing.T) {
	const folder = "../tools/page"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no Node is installed")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "axe-core")); err != nil {
		t.Skip("axe-core is not installed: make test-html does it")
	}
	browser, err := findBrowser()
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(pageOf(t, tabled(), View{Lang: "en"})), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join(folder, "axe.mjs"), file)
	cmd.Env = append(os.Environ(), browserVariable+"="+browser)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
