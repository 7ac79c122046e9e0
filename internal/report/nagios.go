package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// The states of a monitoring plugin, which are its exit codes (Monitoring Plugins Development
// Guidelines, "Plugin Return Codes").
const (
	nagiosOK = iota
	nagiosWarning
	nagiosCritical
	nagiosUnknown
)

var nagiosStates = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

const (
	nagiosLine = 80 // characters of a subject in the status line, which is one line of a table or of a message
	// nagiosBytes: Nagios keeps 8 kB of what a plugin says, the performance data included.
	nagiosBytes = 6000
)

// nagiosState is both the word in the status line and the exit code, so that they agree. It
// follows the exit code of the report, and with it --fail-on and --allow-unknown.
func nagiosState(r Report) int {
	switch r.ExitCode {
	case checks.ExitOK:
		return nagiosOK
	case checks.ExitUnknown:
		return nagiosUnknown
	}
	if having(r.Baseline.beside(r.Checks), checks.StatusFail) > 0 {
		return nagiosCritical
	}
	return nagiosWarning
}

// WriteNagios writes what a monitoring plugin says: a status line with performance data, and a
// line for each trouble and each unknown.
func WriteNagios(w io.Writer, r Report, v View) error {
	list := worstFirst(rows(r))
	numbers := counts(r, v.Lang)
	if b := r.Baseline; b != nil { // else an OK stands beside failures, and many see this line alone
		numbers += "; " + besideBaseline.in(v.Lang, "known", fmt.Sprint(len(b.Known)), "new", fmt.Sprint(len(b.New)))
	}
	line := fmt.Sprintf("CASDOCTOR %s - %s: %s (%s)", nagiosStates[nagiosState(r)], short(r.Tenant, nagiosLine),
		verdictWords[r.Verdict].in(v.Lang), numbers)
	counted := slices.IndexFunc(list, func(w row) bool { return w.place != baselineKnown })
	if counted >= 0 && found(list[counted].entry) {
		line += " " + short(list[counted].title(), nagiosLine)
	}
	var b strings.Builder
	b.WriteString(nagiosText(line) + " |")
	results := r.Baseline.beside(r.Checks) // as the state counts them
	for _, s := range order {
		// warning and critical ranges: anything above zero
		ranges := map[checks.Status]string{checks.StatusFail: ";;0", checks.StatusWarn: ";0;"}[s]
		if ranges == "" {
			ranges = ";;"
		}
		fmt.Fprintf(&b, " %s=%d%s;0;%d", s, having(results, s), ranges, len(results))
	}
	if r.Baseline != nil {
		fmt.Fprintf(&b, " known=%d;;;0; new=%d;0;;0;", len(r.Baseline.Known), len(r.Baseline.New))
	}
	b.WriteByte('\n')
	for _, about := range against(r, v.Lang) {
		b.WriteString(nagiosText(short(about, 1000)) + "\n")
	}
	left := 0
	for _, row := range list {
		if row.status == checks.StatusPass || row.status == checks.StatusSkip {
			continue
		}
		about := row.entry.Text.In(v.Lang)
		if row.status == checks.StatusUnknown { // the reason says what settles it
			about = row.why(v.Lang)
		}
		text := statusWords[row.status].in(v.Lang)
		if row.place == baselineKnown {
			text += " (" + knownBefore.in(v.Lang) + ")"
		}
		text += " " + short(row.title(), nagiosLine) + ": " + short(about, 300)
		if f := row.fixText(v.Lang); f != "" {
			text += " " + lFix.in(v.Lang) + ": " + short(f, 300)
		}
		if b.Len()+len(text) > nagiosBytes || left > 0 {
			left++
			continue
		}
		b.WriteString(nagiosText(text) + "\n")
	}
	if left > 0 {
		b.WriteString(andMore.in(v.Lang, "n", fmt.Sprint(left)) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// nagiosText replaces what ends the text (the bar), what a web page would read as markup, and
// what a shell would obey where a notification command has the text in its command line.
func nagiosText(s string) string {
	return strings.NewReplacer("|", "¦", "<", "‹", ">", "›", "`", "’", "'", "’", `"`, "”", "$", "＄", "&", "＆", "~", "～", `\`, "＼").
		Replace(Inert(s))
}

// failNagios says why there is no report, and with which state.
func failNagios(w io.Writer, why error) int {
	_, _ = fmt.Fprintf(w, "CASDOCTOR %s - %s\n", nagiosStates[nagiosUnknown], nagiosText(short(why.Error(), 1000)))
	return nagiosUnknown
}
