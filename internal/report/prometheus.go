package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// WritePrometheus writes metrics for the textfile collector of node_exporter, which refuses
// timestamps, and the same name with another help text: so they are in English always, and the
// time of the evidence is a metric. Labels are ids only. Subjects are none: there is no bound
// to how many there are.
func WritePrometheus(w io.Writer, r Report, _ View) error {
	m := &metrics{tenant: r.Tenant}
	m.family("casdoctor_info", "The version of casdoctor that made the report.")
	m.sample(1, "version", r.Tool.Version)
	m.family("casdoctor_evidence_timestamp_seconds", "When the evidence was taken, in seconds since 1970.")
	m.sample(r.Taken.Unix())
	m.family("casdoctor_judged_timestamp_seconds", "The time for which it was judged, in seconds since 1970.")
	m.sample(r.Now.Unix())
	m.family("casdoctor_exit_code", "The exit code of the report.")
	m.sample(int64(r.ExitCode))
	m.family("casdoctor_verdict", "The verdict of the run: 1 for the one that holds, 0 for the others.")
	for _, v := range []checks.RunVerdict{checks.NotReady, checks.Undetermined, checks.Ready} {
		m.sample(one(r.Verdict == v), "verdict", string(v))
	}
	m.family("casdoctor_check_status", "The status of a check: 1 for the one that holds, 0 for the others.")
	for _, c := range r.Checks {
		for _, s := range order {
			m.sample(one(c.Status == s), "check", c.ID, "status", string(s))
		}
	}
	m.family("casdoctor_entries", "How many entries of a check have a status; skip are those that were waived, excluded or left out.")
	for _, c := range r.Checks {
		list := rowsOf(c, nil)
		for _, s := range order {
			m.sample(int64(count(list, s)), "check", c.ID, "status", string(s))
		}
	}
	if b := r.Baseline; b != nil {
		m.family("casdoctor_baseline_entries", "How many troubles the baseline knows, and how many are new or worse.")
		m.sample(int64(len(b.Known)), "state", baselineKnown)
		m.sample(int64(len(b.New)), "state", baselineNew)
	}
	m.family("casdoctor_fact_status", "How well a fact could be looked at: 1 for the status that holds, 0 for the others.")
	for _, f := range r.Facts {
		for _, s := range []FactStatus{FactOK, FactPartial, FactFailed, FactSkipped} {
			m.sample(one(f.Status == s), "fact", f.Name, "status", string(s))
		}
	}
	m.family("casdoctor_fact_duration_seconds", "How long it took to look at a fact.")
	for _, f := range r.Facts {
		m.sample(float64(f.TookMS)/1000, "fact", f.Name)
	}
	m.family("casdoctor_fact_requests", "How many requests it took to look at a fact.")
	for _, f := range r.Facts {
		m.sample(int64(f.Requests), "fact", f.Name)
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}

// metrics is the text exposition format while it is being written.
type metrics struct {
	tenant string
	name   string
	help   string
	b      strings.Builder
}

func (m *metrics) family(name, help string) { m.name, m.help = name, help }

// sample writes a value of the family; labels alternate name and value. A family without a
// sample is not written.
func (m *metrics) sample(value any, labels ...string) {
	if m.help != "" {
		fmt.Fprintf(&m.b, "# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		m.help = ""
	}
	fmt.Fprintf(&m.b, `%s{tenant="%s"`, m.name, label(m.tenant))
	for i := 0; i+1 < len(labels); i += 2 {
		fmt.Fprintf(&m.b, `,%s="%s"`, labels[i], label(labels[i+1]))
	}
	fmt.Fprintf(&m.b, "} %v\n", value)
}

// label escapes a label's value (exposition formats, text format 0.0.4). Ids and names of
// tenants are short; a longer one is an attack on the memory of the server.
func label(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(short(Inert(s), 200))
}

func one(holds bool) int64 {
	if holds {
		return 1
	}
	return 0
}
