package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

var (
	mSymptom = word{"Symptom", "症状"}
	mTree    = word{"Which cause, which fix", "原因と対処の決定木"}
	mCauses  = word{"Causes", "原因"}
	mFixes   = word{"Fixes", "対処"}
	mGrants  = word{"Permissions", "権限"}
	mHow     = word{"How it is decided", "判定方法"}
	mReads   = word{"Rests on", "判定に使う情報"}
	mSettled = word{"If it is unknown", "不明の場合"}
	mFor     = word{"For", "対象"}
	mWhen    = word{"When it works", "条件"}
	mDates   = word{"Dates", "期限"}
	mRisk    = word{"Risk", "注意"}
	mLinks   = word{"Links", "リンク"}
	mGrant   = word{"| Permission | What it is for | Without it |", "| 権限 | 用途 | ない場合 |"}
)

// treeWidth fits beside the margins of a page that shows the repository.
const treeWidth = 90

// WriteMarkdown writes the page of a check: the same as WriteExplanation, for a reader who has
// no casdoctor at hand.
func WriteMarkdown(w io.Writer, e Explanation, lang string) error {
	m := &markdown{lang: lang}
	c := e.Check
	m.para("# " + c.ID + ": " + m.in(c.Title))
	m.heading(mSymptom)
	m.para(m.in(c.Symptom))
	m.heading(mTree)
	m.para(treeIntro.in(lang))
	tree := newPage(View{Lang: lang, Width: treeWidth})
	tree.tree(c)
	m.para("```text\n" + tree.out.String() + "```")
	m.heading(mCauses)
	for _, cause := range c.Causes {
		m.para("### " + cause.ID)
		m.para(m.in(cause.Text))
		g := e.Grounds[cause.ID]
		m.item(mHow, m.in(cause.How))
		m.item(mReads, code(g.Facts))
		m.item(mSettled, escape(g.settledBy(lang)))
		m.b.WriteByte('\n')
	}
	m.heading(mFixes)
	for _, f := range c.Fixes {
		m.fix(f)
	}
	if len(e.Grants) > 0 {
		m.heading(mGrants)
		m.b.WriteString(mGrant.in(lang) + "\n|---|---|---|\n")
		for _, g := range e.Grants {
			var why []string
			for _, t := range g.Why {
				why = append(why, m.in(t))
			}
			optional := ""
			if g.Optional {
				optional = pOptional.in(lang)
			}
			fmt.Fprintf(&m.b, "| `%s`%s | %s | %s |\n", g.Name, optional, strings.Join(why, "<br>"), escape(g.cost(lang)))
		}
	}
	_, err := io.WriteString(w, strings.TrimRight(m.b.String(), "\n")+"\n")
	return err
}

// markdown is a page while it is being written.
type markdown struct {
	lang string
	b    strings.Builder
}

func (m *markdown) in(t checks.Text) string { return escape(t.In(m.lang)) }
func (m *markdown) heading(w word)          { m.para("## " + w.in(m.lang)) }
func (m *markdown) para(s string)           { m.b.WriteString(s + "\n\n") }

// item writes a point of a list, unless there is nothing to say.
func (m *markdown) item(w word, s string) {
	if s != "" {
		fmt.Fprintf(&m.b, "- **%s**: %s\n", w.in(m.lang), s)
	}
}

func (m *markdown) fix(f checks.Fix) {
	m.para("### " + f.ID)
	ours := ""
	if f.Ours {
		ours = lOurs.in(m.lang)
	}
	m.para(m.in(f.Text) + ours)
	m.item(mFor, strings.Join(f.For, ", "))
	m.item(mWhen, m.in(f.When))
	if dates := dates(f, m.lang); dates != "" {
		m.item(mDates, escape(lOnlyBefore.in(m.lang, "dates", dates, "source", f.ObsoleteAfter.Source)))
	}
	m.item(mRisk, m.in(f.Risk))
	var links []string
	for _, l := range f.Links {
		links = append(links, "<"+l+">")
	}
	m.item(mLinks, strings.Join(links, " "))
	m.b.WriteByte('\n')
}

func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// escape keeps a sentence from being read as markup. Underscores stay: inside of names, such
// as those of settings, they are none.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "<", `\<`, "[", `\[`, "|", `\|`).Replace(s)
}
