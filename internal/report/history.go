package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
)

// Past is one run of the agent, in a list of them.
type Past struct {
	Run      int64             `json:"run"`
	Tenant   string            `json:"tenant"`
	Period   time.Time         `json:"period"`
	Ended    time.Time         `json:"ended"`
	AskedBy  string            `json:"asked_by,omitempty"` // "": the schedule
	Verdict  checks.RunVerdict `json:"verdict,omitempty"`  // "": there is no report
	Statuses map[string]string `json:"statuses,omitempty"`
	Failure  string            `json:"failure,omitempty"` // why there is no report
}

var (
	noRuns   = word{"There are no runs yet.", "実行の記録はまだありません。"}
	noReport = word{"NO REPORT", "レポートなし"}
	askedFor = word{"asked for by {who}", "{who} が実行"}
)

// WriteHistory writes the runs, one in a line, and below it what is wrong.
func WriteHistory(w io.Writer, runs []Past, opts View) error {
	p := newPage(opts)
	if len(runs) == 0 {
		p.line(0, plain(p.say(noRuns)))
	}
	number, tenant := 0, 0
	for _, r := range runs {
		number, tenant = max(number, len(fmt.Sprint(r.Run))), max(tenant, ansi.StringWidth(r.Tenant))
	}
	for _, r := range runs {
		verdict := p.say(noReport)
		if r.Verdict != "" {
			verdict = p.say(verdictWords[r.Verdict])
		}
		pad := strings.Repeat(" ", tenant-ansi.StringWidth(r.Tenant))
		p.line(number+2, styled(fmt.Sprintf("%*d", number, r.Run), bold), plain("  "+minute(r.Ended)+"  "+r.Tenant+pad+"  "), styled(verdict, bold),
			plain(p.past(r)))
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

// past is what a run found, and who wanted it.
func (p *page) past(r Past) string {
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(r.Statuses)) {
		switch s := checks.Status(r.Statuses[id]); s {
		case checks.StatusFail, checks.StatusWarn, checks.StatusUnknown:
			parts = append(parts, id+" "+p.say(statusWords[s]))
		}
	}
	if r.Failure != "" {
		parts = append(parts, r.Failure)
	}
	if r.AskedBy != "" {
		parts = append(parts, p.say(askedFor, "who", r.AskedBy))
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + strings.Join(parts, ", ")
}
