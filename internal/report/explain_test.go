package report

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
)

// sampleExplanation has a cause with several fixes and one with none, a fix with and one
// without conditions and dates, and sentences with what Markdown would take for markup.
func sampleExplanation(id string) Explanation {
	return Explanation{
		Check: checks.Check{
			ID:      "ACC-01",
			Title:   checks.Text{EN: "Provisioning fails while the account is asked for a second factor", JA: "アカウントに 2 つ目の要素が要求され、準備が失敗する"},
			Symptom: checks.Text{EN: "Provisioning ends with a <failure>.", JA: "準備が <失敗> します。"},
			Causes: []checks.Cause{
				{
					ID:   "ACC-01.C1",
					Text: checks.Text{EN: "A second factor is demanded of the account that provisioning signs in with.", JA: "準備に使うアカウントに、2 つ目の認証要素が要求されています。"},
					How:  checks.Text{EN: "Each policy is read, and a*b*c is compared with [the list].", JA: "各ポリシーを読み取り、a*b*c を [一覧] と比べます。"},
				},
				{
					ID:   "ACC-01.X1",
					Text: checks.Text{EN: "The account itself is locked.", JA: "アカウント自体がロックされています。"},
					How:  checks.Text{EN: "The account is looked up.", JA: "アカウントを確認します。"},
				},
			},
			Fixes: []checks.Fix{
				{
					ID: "ACC-01.F1", For: []string{"ACC-01.C1"},
					Text: checks.Text{EN: "Use an app password for the account.", JA: "アカウントのアプリ パスワードを使用します。"},
					When: checks.Text{EN: "Only with per-user MFA.", JA: "ユーザごとの MFA の場合だけです。"},
					Risk: checks.Text{EN: "It bypasses MFA.", JA: "MFA を迂回します。"},
					Links: []string{
						"https://learn.microsoft.com/en-us/entra/identity/authentication/howto-mfa-app-passwords",
					},
					ObsoleteAfter: checks.Dates{
						On: map[string]time.Time{
							"usgov":  time.Date(2027, 1, 15, 0, 0, 0, 0, time.UTC),
							"global": time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
						},
						Source: "message center MC1184649",
					},
				},
				{
					ID: "ACC-01.F2", For: []string{"ACC-01.C1"}, Ours: true,
					Text: checks.Text{EN: "Connect with an authorized account instead of a password.", JA: "パスワードの代わりに、認証アカウントで接続します。"},
				},
			},
		},
		ID: id,
		Grounds: map[string]Ground{
			"ACC-01.C1": {
				Facts: []string{"declared.run", "m365.accounts"}, Permissions: []string{"Policy.Read.All", "User.Read.All"},
				Declarations: []string{"phase", "microsoft365"},
			},
			"ACC-01.X1": {Facts: []string{"m365.accounts"}, Permissions: []string{"User.Read.All"}},
		},
		Grants: sampleGrants(),
	}
}

func sampleGrants() []Grant {
	return []Grant{
		{
			Service: "graph", Name: "AuditLog.Read.All", Checks: []string{"ACC-01"},
			Why: []checks.Text{{EN: "shows whether a second factor is registered", JA: "2 つ目の要素が登録済みかどうかを確認します"}},
		},
		{
			Service: "graph", Name: "User.Read.All", Checks: []string{"ACC-01"}, Costs: []string{"ACC-01.C1", "ACC-01.X1"},
			Why: []checks.Text{
				{EN: "shows whether the account exists", JA: "アカウントが存在するかどうかを確認します"},
				{EN: "shows its groups", JA: "所属グループを確認します"},
			},
		},
		{
			Service: "google", Name: "https://www.googleapis.com/auth/admin.directory.user.readonly", Optional: true,
			Checks: []string{"GDM-01"},
			Why:    []checks.Text{{EN: "asked for, never used", JA: "要求するだけで使用しません"}},
		},
	}
}

func sampleList() []Section {
	doc := checks.Text{EN: "the accounts that provisioning signs in with, their groups and their roles, one call each", JA: "準備に使うアカウント、そのグループとロール"}
	return []Section{
		{Name: "facts", Rows: []Row{
			{ID: "declared.run", Source: "declared", Causes: []string{"ACC-01.C1"}},
			{ID: "m365.accounts", Source: "observed", Causes: []string{"ACC-01.C1", "ACC-01.X1"}},
			{ID: "m365.tenant", Source: "observed"},
		}},
		{Name: "probes", Rows: []Row{{ID: "m365.accounts", Text: &doc, Configuration: "microsoft365", Permissions: []string{"User.Read.All"}}}},
	}
}

func sampleLinks() []Link {
	return []Link{
		{Service: "graph", URL: "https://login.microsoftonline.com/contoso/adminconsent?client_id=11111111-2222-3333-4444-555555555555",
			What: checks.Text{EN: "Open this link as a Global Administrator.", JA: "グローバル管理者としてこのリンクを開きます。"}},
		{Service: "google", What: checks.Text{EN: "There is nothing to consent to.", JA: "同意の操作はありません。"}},
	}
}

// around are the writers of the words around the checks, each with its sample.
func around() map[string]func(io.Writer, View) error {
	writers := map[string]func(io.Writer, View) error{
		"permissions": func(w io.Writer, o View) error { return WriteGrants(w, sampleGrants(), o) },
		"list":        func(w io.Writer, o View) error { return WriteList(w, sampleList(), o) },
		"links":       func(w io.Writer, o View) error { return WriteLinks(w, sampleLinks(), o) },
	}
	for name, id := range map[string]string{"check": "ACC-01", "cause": "ACC-01.C1", "fix": "ACC-01.F1"} {
		writers["explain."+name] = func(w io.Writer, o View) error { return WriteExplanation(w, sampleExplanation(id), o) }
	}
	return writers
}

func written(t *testing.T, write func(io.Writer, View) error, opts View) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWordsAroundGolden(t *testing.T) {
	for name, write := range around() {
		for _, lang := range []string{"en", "ja"} {
			for _, width := range []int{80, 40} {
				golden(t, fmt.Sprintf("%s.%s.%d.txt", name, lang, width), written(t, write, View{Lang: lang, Width: width}))
			}
		}
	}
	for _, lang := range []string{"en", "ja"} {
		var b strings.Builder
		if err := WriteMarkdown(&b, sampleExplanation("ACC-01"), lang); err != nil {
			t.Fatal(err)
		}
		golden(t, "explain."+lang+".md", b.String())
	}
	var b strings.Builder
	if err := WriteListJSON(&b, sampleList()); err != nil {
		t.Fatal(err)
	}
	golden(t, "list.json", b.String())
}

func TestWordsAroundFitEveryWidth(t *testing.T) {
	for name, write := range around() {
		for _, lang := range []string{"en", "ja"} {
			for width := minWidth; width <= maxWidth; width++ {
				plain := written(t, write, View{Lang: lang, Width: width})
				for line := range strings.Lines(plain) {
					line = strings.TrimSuffix(line, "\n")
					if w := ansi.StringWidth(line); w > width && !strings.Contains(line, "https://") {
						t.Errorf("%s, %s, %d cells: %d in %q", name, lang, width, w, line)
					}
					if strings.TrimRight(line, " ") != line {
						t.Errorf("%s, %s, %d cells: spaces at the end of %q", name, lang, width, line)
					}
				}
				if got := ansi.Strip(written(t, write, View{Lang: lang, Width: width, Color: true})); got != plain {
					t.Errorf("%s, %s, %d cells: colour changes the text", name, lang, width)
				}
			}
		}
	}
}

// TestTreeIsASCII: the lines of the tree are as wide on every terminal.
func TestTreeIsASCII(t *testing.T) {
	p := newPage(View{Width: 60})
	p.tree(sampleExplanation("ACC-01").Check)
	for _, r := range p.out.String() {
		if r > '~' {
			t.Fatalf("%q in\n%s", r, p.out.String())
		}
	}
}

func TestWordsAroundAreThere(t *testing.T) {
	for _, s := range []string{"checks", "causes", "fixes", "facts", "probes"} {
		if sectionWords[s] == (word{}) {
			t.Errorf("no words for the section %s", s)
		}
	}
	for name, write := range around() {
		if err := write(full{}, View{}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := WriteMarkdown(full{}, sampleExplanation("ACC-01"), "en"); !errors.Is(err, errFull) {
		t.Errorf("markdown: %v", err)
	}
	if err := WriteListJSON(full{}, sampleList()); !errors.Is(err, errFull) {
		t.Errorf("list as JSON: %v", err)
	}
}

// TestExplainsOnlyWhatWasAskedFor: a cause with its fixes, a fix alone.
func TestExplainsOnlyWhatWasAskedFor(t *testing.T) {
	for id, want := range map[string][]bool{ // C1, X1, F1, F2
		"ACC-01": {true, true, true, true}, "ACC-01.C1": {true, false, true, true},
		"ACC-01.X1": {false, true, false, false}, "ACC-01.F1": {false, false, true, false},
	} {
		out := written(t, func(w io.Writer, o View) error { return WriteExplanation(w, sampleExplanation(id), o) }, View{Width: 100})
		var got []bool
		for _, s := range []string{"  ACC-01.C1  ", "  ACC-01.X1  ", "  ACC-01.F1  ", "  ACC-01.F2  "} {
			got = append(got, strings.Contains(out, "\n"+s))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s tells %v, want %v:\n%s", id, got, want, out)
		}
	}
}

// TestChainsGolden: the way to a finding, as explain --report tells it.
func TestChainsGolden(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		for _, width := range []int{80, 40} {
			var b strings.Builder
			if err := WriteChains(&b, everything(), "MFA-01", View{Lang: lang, Width: width}); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("chains.%s.%d.txt", lang, width), b.String())
		}
	}
}

// TestAReportWithoutChains says what to do.
func TestAReportWithoutChains(t *testing.T) {
	var b strings.Builder
	if err := WriteChains(&b, everything(), "SPM-01", View{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "Make a new one") {
		t.Errorf("%s", b.String())
	}
}
