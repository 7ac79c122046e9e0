package web_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// browser opens the page of a fixture in a headless Chromium; without one the test is skipped.
func browser(t *testing.T) (ctx context.Context, p fixture, address string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed")
	}
	p = newPage(t, config.Page{Listen: here()})
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Headless}
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	all, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(all)
	t.Cleanup(done)
	if err := chromedp.Do(ctx); err != nil { // starts the browser, which no later deadline may stop
		t.Fatal(err)
	}
	limited, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return limited, p, s.URL
}

// TestClicks goes the ways that people go: with a mouse, with and without the script.
func TestClicks(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		name := "with scripts"
		if !scripts {
			name = "without scripts"
		}
		t.Run(name, func(t *testing.T) {
			ctx, p, address := browser(t)
			do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				step, cancel := context.WithTimeout(ctx, 15*time.Second)
				defer cancel()
				if err := chromedp.Do(step, actions...); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			said := func(what, want string) {
				t.Helper()
				do(what, chromedp.WaitVisible(`//p[contains(@class, "said")]//span[contains(., "`+want+`")]`))
			}
			if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts}); err != nil {
				t.Fatal(err)
			}
			do("open", chromedp.Navigate(address))
			do("to the trouble", chromedp.Click(`.way a[href="/tenants/contoso/checks/MFA-01"]`), chromedp.WaitVisible("#findings"))
			do("open the form", chromedp.Click("details summary"), chromedp.WaitVisible("#reason-0"))
			do("write the reason", chromedp.SendKeys("#reason-0", "ticket 4711"))
			do("waive", chromedp.SendKeys("#reason-0", "\r")) // by keyboard
			said("waive", "counts from the next run on")
			do("to the tenant", chromedp.Click(`.label a[href="/tenants/contoso"]`), chromedp.WaitVisible("#waivers"))
			row, err := chromedp.Run(ctx, chromedp.Text("#waivers + table tbody tr"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"MFA-01.C1", "ticket 4711", "local"} {
				if !strings.Contains(row, want) {
					t.Errorf("the waiver does not say %q: %q", want, row)
				}
			}
			do("end the waiver", chromedp.Click(".act button"))
			said("end the waiver", "counts again")
			do("run now", chromedp.Click(".actions button"))
			said("run now", "A run was asked for")
			do("switch", chromedp.Click(`.switch a[lang="ja"]`), chromedp.WaitVisible(`html[lang="ja"] h1`))
			do("stays", chromedp.Navigate(address+"/queue"), chromedp.WaitVisible(`html[lang="ja"] #jobs`))

			var done []string
			if err := p.store.View(t.Context(), func(tx store.Tx) error {
				actions, err := store.Actions(t.Context(), tx, 10)
				for _, a := range actions {
					done = append(done, a.What)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(done, " "); got != "run_now end_waiver waive" {
				t.Errorf("the audit log: %s", got)
			}
		})
	}
}

// TestNothingIsWiderThanTheScreen: no page scrolls sideways, at three widths and in both languages.
func TestNothingIsWiderThanTheScreen(t *testing.T) {
	ctx, _, address := browser(t)
	for _, width := range []int64{390, 820, 1440} {
		for _, path := range []string{"/", "/tenants/contoso", "/tenants/contoso/checks/MFA-01", "/runs/2", "/ends", "/queue"} {
			for _, lang := range []string{"en", "ja"} {
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(address+path+"?lang="+lang)); err != nil {
					t.Fatal(err)
				}
				over, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - innerWidth`))
				if err != nil {
					t.Fatal(err)
				}
				if over > 0 {
					t.Errorf("%s in %s at %d: %d pixels too wide", path, lang, width, over)
				}
			}
		}
	}
}

// TestAccessible asks axe-core, where make test-html has installed it.
func TestAccessible(t *testing.T) {
	folder, err := filepath.Abs(filepath.Join("..", "..", "tools", "page"))
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "axe-core")); err != nil {
		t.Skip("axe-core is not installed: make test-html does it")
	}
	open, signed := newPage(t, config.Page{Listen: here()}), newPage(t, config.Page{Listen: here(), Tokens: tokens(), OIDC: &config.OIDC{}})
	dir := t.TempDir()
	var files []string
	for name, path := range map[string]string{
		"sign-in": "/sign-in", "sign-in-ja": "/sign-in?lang=ja",
		"overview": "/", "tenant": "/tenants/contoso", "trouble": "/tenants/contoso/checks/MFA-01", "run": "/runs/2", "ends": "/ends", "queue": "/queue?lang=ja",
	} {
		p := open
		if strings.HasPrefix(name, "sign-in") {
			p = signed
		}
		_, body := ask(p, request("GET", path, "", nil))
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{filepath.Join(folder, "axe.mjs")}, files...)...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
