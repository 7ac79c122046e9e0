package report

import (
	"time"

	"github.com/a-h/templ"

	"github.com/casdoctor/casdoctor/checks"
)

// The parts of the page that another page may be made of, so that both look and speak alike.

// PageStyle is the style sheet.
func PageStyle() string { return pageStyle }

// PageScript is the script, without which everything works too.
func PageScript() string { return pageScript }

// PageSigns draws the signs once; Sign shows one of them.
func PageSigns() templ.Component { return signs() }

// Sign is a drawn sign by its name: that of StatusSign or VerdictSign.
func Sign(name string) templ.Component { return sign(name) }

// PageSections are the sections of the page in one language, and PageContents the list of them.
func PageSections(r Report, lang string) templ.Component {
	return sheetOf(r, View{Lang: lang, Only: true}).sections()
}

// PageContents is the list of the sections.
func PageContents(r Report, lang string) templ.Component {
	return sheetOf(r, View{Lang: lang, Only: true}).contents()
}

// StatusSign is the sign of a status, and of its tone in the style sheet.
func StatusSign(s checks.Status) string { return signOf(statusSigns, s) }

// StatusWord is the word for a status.
func StatusWord(s checks.Status) checks.Text { return wordOf(statusWords, s) }

// VerdictSign is the sign of a verdict.
func VerdictSign(v checks.RunVerdict) string { return signOf(verdictSigns, v) }

// VerdictWord is the word for a verdict.
func VerdictWord(v checks.RunVerdict) checks.Text { return wordOf(titleVerdicts, v) }

// EntrySign is the sign of the verdict on an entry.
func EntrySign(verdict string) string { return signOf(entrySigns, verdict) }

// EntryWord is the word for the verdict on an entry.
func EntryWord(verdict string) checks.Text { return wordOf(entryWords, verdict) }

// FactWord is the word for how well a fact could be looked at.
func FactWord(s FactStatus) checks.Text { return wordOf(factWords, s) }

// Minute is a time as every format shows it.
func Minute(t time.Time) string { return minute(t) }
