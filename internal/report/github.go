package report

import (
	"io"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// titleLength: GitHub refuses an annotation whose title has more than 255 characters.
const titleLength = 200

// WriteGitHub writes workflow commands, which GitHub Actions shows as annotations of the
// configuration file: a trouble as an error or a warning, what could not be looked at as a
// warning, and how it stands as a notice. The worst come first, because GitHub keeps ten of
// each kind from a step.
func WriteGitHub(w io.Writer, r Report, v View) error {
	var b strings.Builder
	command := func(kind, title string, message ...string) {
		b.WriteString("::" + kind + " file=" + property(v.config()) + ",line=1,title=" + property(short(Inert(title), titleLength)) + "::")
		for i, m := range message {
			if i > 0 {
				b.WriteString("%0A")
			}
			b.WriteString(data(Inert(m)))
		}
		b.WriteByte('\n')
	}
	kinds := map[checks.Status]string{
		checks.StatusFail: "error", checks.StatusWarn: "warning", checks.StatusUnknown: "warning",
	}
	for _, row := range worstFirst(rows(r)) {
		if kind, ok := kinds[row.status]; ok {
			if row.place == baselineKnown {
				kind = "notice"
			}
			command(kind, row.title(), row.paragraphs(v.Lang)...)
		}
	}
	command("notice", "casdoctor: "+verdictWords[r.Verdict].in(v.Lang)+" "+r.Tenant,
		append([]string{meaningWords[r.Verdict].in(v.Lang), counts(r, v.Lang)}, against(r, v.Lang)...)...)
	_, err := io.WriteString(w, b.String())
	return err
}

// data and property escape as the toolkit of GitHub Actions does (@actions/core, command.ts).
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
