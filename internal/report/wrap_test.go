package report

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, text  string
		width, hang int
		want        []string
	}{
		{"fits", "short", 10, 0, []string{"short"}},
		{"nothing", "", 10, 0, []string{""}},
		{"between words, the rest indented", "one two three", 8, 2, []string{"one two", "  three"}},
		{"between ideographs, two cells each", "管理者の設定", 8, 0, []string{"管理者の", "設定"}},
		{"an odd width", "管理者の設定", 7, 0, []string{"管理者", "の設定"}},
		// JIS X 4051: closing brackets and full stops do not begin a line, opening ones do not end it.
		{"not before a full stop", "設定が無効。次へ", 10, 0, []string{"設定が無", "効。次へ"}},
		{"not before a comma", "設定が無効、次へ", 10, 0, []string{"設定が無", "効、次へ"}},
		{"not before a closing bracket", "（設定無効）次へ", 10, 0, []string{"（設定無", "効）次へ"}},
		{"not after an opening bracket", "設定無「効」次へ", 8, 0, []string{"設定無", "「効」次", "へ"}},
		{"not before a long vowel mark", "設定のユーザ", 8, 0, []string{"設定の", "ユーザ"}},
		{"Latin words in Japanese stay whole", "必要なSharePointの準備", 12, 0, []string{"必要な", "SharePointの", "準備"}},
		{"a name with hyphens stays whole", "see cas-delegate now", 12, 0, []string{"see", "cas-delegate", "now"}},
		{"an option stays whole", "left out by --only", 15, 0, []string{"left out by", "--only"}},
		{"an id stays whole", "casdoctor explain MFA-01", 22, 0, []string{"casdoctor explain", "MFA-01"}},
		{"a word that is too long is cut", "x 0123456789abcdef", 8, 2, []string{"x", "  012345", "  6789ab", "  cdef"}},
		{"and its full stop does not begin a line", "abcdefgh。次", 8, 0, []string{"abcdefg", "h。次"}},
		{"a web address is not cut", "see https://docs.example.com/a-b/c?d=e now", 10, 2,
			[]string{"see", "  https://docs.example.com/a-b/c?d=e", "  now"}},
		{"an indented web address stays on its line", "    https://docs.example.com/a", 10, 4, []string{"    https://docs.example.com/a"}},
		{"a web address ends at a Japanese full stop", "https://docs.example.com/a。次の行です", 10, 0,
			[]string{"https://docs.example.com/a。", "次の行です"}},
		{"emoji and combining marks", "👩‍👩‍👧 e\u0301e\u0301e\u0301", 5, 0, []string{"👩‍👩‍👧", "e\u0301e\u0301e\u0301"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, wrap([]span{plain(c.text)}, c.width, c.hang)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWrapKeepsStyles(t *testing.T) {
	got := wrap([]span{styled("one two ", bold), plain("three "), styled("four", struck)}, 9, 2)
	want := []string{"\x1b[1mone two\x1b[m", "  three", "  \x1b[9mfour\x1b[m"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestInert(t *testing.T) {
	for in, want := range map[string]string{
		"plain 管理者 (ok)":         "plain 管理者 (ok)",
		"a\x1b[31mb\x1b]0;t\x07": "a␛[31mb␛]0;t␇",
		"a\tb\r\nc":              "a b  c",
		"nul\x00 del\x7f":        "nul␀ del␡",
		"csi \u009b31m":          "csi �31m",
		"admin\u202egpj.exe":     "admin�gpj.exe",
		"\u2066x\u2069\u200f":    "�x��",
		"a\u2028b\ufeff":         "a�b�",
		"bad \xff utf-8":         "bad � utf-8",
		"joined 👩‍👧":             "joined 👩‍👧",
	} {
		if got := Inert(in); got != want {
			t.Errorf("Inert(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzWrap holds for any text: nothing is lost, nothing active comes out, no line is too wide.
func FuzzWrap(f *testing.F) {
	f.Add("設定が無効。次へ (SharePoint Online/OneDrive) https://docs.example.com/a-b", 20, 4)
	f.Add("\x1b[31m\u202e👩‍👩‍👧🇯🇵🇯 e\u0301 ーー、。", 9, 0)
	f.Add(strings.Repeat("x", 50)+"。）", 8, 3)
	f.Fuzz(func(t *testing.T, text string, width, hang int) {
		width, hang = 8+abs(width)%100, abs(hang)%5
		lines := wrap([]span{plain(text)}, width, hang)
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == ' ' {
					return -1
				}
				return r
			}, s)
		}
		if got, want := letters(strings.Join(lines, "")), letters(Inert(text)); got != want {
			t.Errorf("lost or gained: got %q, want %q", got, want)
		}
		for _, l := range lines {
			if w := uniseg.StringWidth(l); w > width && !strings.Contains(l, "://") {
				t.Errorf("%q is %d cells wide, more than %d", l, w, width)
			}
			if !utf8.ValidString(l) || strings.ContainsFunc(l, unicode.IsControl) {
				t.Errorf("active: %q", l)
			}
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }
