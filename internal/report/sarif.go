package report

import (
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// The members of SARIF 2.1.0 that are written (OASIS Standard, errata 01). A library for it
// would write every empty list and every default as well.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Language    string            `json:"language"`
	Automation  sarifAutomation   `json:"automationDetails"`
	Invocations []sarifInvocation `json:"invocations"`
	ColumnKind  string            `json:"columnKind"`
	Results     []sarifResult     `json:"results"`
	Properties  map[string]any    `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string            `json:"name"`
	Version        string            `json:"version"`
	InformationURI string            `json:"informationUri"`
	Rules          []sarifRule       `json:"rules"`
	Notifications  []sarifDescriptor `json:"notifications,omitempty"`
}

type sarifAutomation struct {
	ID string `json:"id"`
}

type sarifRule struct {
	ID         string         `json:"id"`
	Short      sarifText      `json:"shortDescription"`
	Full       sarifText      `json:"fullDescription"`
	Help       sarifText      `json:"help"`
	Properties map[string]any `json:"properties"`
}

type sarifDescriptor struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifInvocation struct {
	Successful      bool                `json:"executionSuccessful"`
	ExitCode        int                 `json:"exitCode"`
	ExitDescription string              `json:"exitCodeDescription"`
	Start           string              `json:"startTimeUtc"`
	Notifications   []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Descriptor sarifReference `json:"descriptor"`
	Level      string         `json:"level"`
	Message    sarifText      `json:"message"`
}

type sarifReference struct {
	ID    string `json:"id"`
	Index int    `json:"index"`
}

type sarifResult struct {
	Rule         string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Kind         string             `json:"kind"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Baseline     string             `json:"baselineState,omitempty"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Properties   map[string]any     `json:"properties"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Full string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homepage    = "https://github.com/casdoctor/casdoctor"
	// unreadable is the notification of a fact that could not be read, or not whole.
	unreadable = "fact-not-read"
)

// WriteSARIF writes a rule for each cause, and a result for each trouble and each unknown; verbosely
// for every entry. GitHub takes every result for an alert, whatever its kind, and knows no
// suppressions: what passed or was accepted would stand there as open (microsoft/PSRule#955). The place of a result is
// the configuration, because GitHub shows only results that have a file; what it is about is the
// logical location.
func WriteSARIF(w io.Writer, r Report, v View) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: Inert(r.Tool.Name), Version: Inert(r.Tool.Version), InformationURI: homepage, Rules: []sarifRule{}}},
		Language:   v.language(),
		Automation: sarifAutomation{"casdoctor/" + Inert(r.Tenant) + "/"},
		ColumnKind: "utf16CodeUnits",
		Results:    []sarifResult{},
		Properties: map[string]any{"verdict": r.Verdict, "tenant": Inert(r.Tenant), "now": r.Now},
	}
	ruleAt := map[string]int{}
	for _, row := range rows(r) {
		at, ok := ruleAt[row.entry.ID]
		if !ok {
			at = len(run.Tool.Driver.Rules)
			ruleAt[row.entry.ID] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(row, v))
		}
		if !v.Verbose && (row.status == checks.StatusPass || row.status == checks.StatusSkip) {
			continue
		}
		result := sarifResultOf(r, row, v)
		result.RuleIndex = at
		result.Baseline = map[string]string{baselineKnown: "unchanged", baselineNew: "new"}[row.place]
		run.Results = append(run.Results, result)
	}
	inv := sarifInvocation{
		Successful: true, ExitCode: r.ExitCode, ExitDescription: verdictWords[r.Verdict].in(v.Lang),
		Start: r.Taken.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	for _, f := range r.Facts {
		if !f.unread() {
			continue
		}
		about := f.Name + " (" + factWords[f.Status].in(v.Lang) + ")"
		if f.Failure != nil {
			about = labelled(about, f.Failure.Error())
		}
		inv.Notifications = append(inv.Notifications, sarifNotification{
			Descriptor: sarifReference{ID: unreadable}, Level: "warning",
			Message: sarifMessage(about),
		})
	}
	if inv.Notifications != nil {
		run.Tool.Driver.Notifications = []sarifDescriptor{{unreadable, sarifMessage(notRead.in(v.Lang))}}
	}
	run.Invocations = []sarifInvocation{inv}
	return WriteData(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifMessage is plain text: [a](b) would be a link, and {0} a placeholder (2.1.0, 3.11.5 and 3.11.6).
func sarifMessage(paragraphs ...string) sarifText {
	lines := make([]string, len(paragraphs))
	for i, p := range paragraphs {
		lines[i] = strings.NewReplacer("](", "] (", "{", "{{", "}", "}}").Replace(Inert(p))
	}
	return sarifText{Text: strings.Join(lines, "\n")}
}

// sarifRuleOf tells of the cause what the report holds: its sentence, the trouble that it is a
// cause of, and the fixes that there are, whether they work here or not.
func sarifRuleOf(w row, v View) sarifRule {
	about := []string{w.check.ID + ": " + w.check.Title.In(v.Lang)}
	if text := w.entry.Text.In(v.Lang); text != "" && w.entry.ID != w.check.ID {
		about = []string{text, about[0]}
	}
	help := slices.Clone(about)
	md := make([]string, 0, len(about)+len(w.check.Fixes)+1)
	for _, s := range about {
		md = append(md, quoted(s))
	}
	for _, f := range w.check.Fixes {
		help = append(help, f.ID+": "+f.Text.In(v.Lang))
		md = append(md, "- **"+quoted(f.ID)+"** "+quoted(f.Text.In(v.Lang)))
	}
	more := moreAbout.in(v.Lang, "id", w.entry.ID)
	r := sarifRule{
		ID: Inert(w.entry.ID), Short: sarifMessage(about[0]), Full: sarifMessage(strings.Join(about, " ")),
		Help: sarifMessage(append(help, more)...), Properties: map[string]any{"tags": []string{Inert(w.check.ID)}},
	}
	r.Help.Markdown = strings.Join(append(md, quoted(more)), "\n\n")
	return r
}

// sarifResultOf: what is unknown is "open", which the standard has for just that: evaluated, and
// not enough information to decide. Everything that is not "fail" must have the level "none" (3.27.10).
func sarifResultOf(r Report, w row, v View) sarifResult {
	kind, level := "pass", "none"
	switch w.unwaived() {
	case checks.StatusFail:
		kind, level = "fail", "error"
	case checks.StatusWarn:
		kind, level = "fail", "warning"
	case checks.StatusUnknown:
		kind = "open"
	case checks.StatusSkip:
		kind = "notApplicable"
	}
	about := Inert(w.entry.Subject)
	if about == "" {
		about = Inert(r.Tenant)
	}
	out := sarifResult{
		Rule: Inert(w.entry.ID), Kind: kind, Level: level, Message: sarifMessage(w.paragraphs(v.Lang)...),
		Locations: []sarifLocation{{
			Physical: sarifPhysical{
				Artifact: sarifArtifact{URI: (&url.URL{Path: v.config()}).String(), Base: "%SRCROOT%"},
				Region:   sarifRegion{StartLine: 1},
			},
			Logical: []sarifLogical{{Name: about, Full: Inert(r.Tenant) + "/" + Inert(w.check.ID) + "/" + about, Kind: "resource"}},
		}},
		Fingerprints: map[string]string{
			"casdoctorFinding/v1": w.fingerprint(r),
			// What GitHub tells results apart by. Its own would be the same for all that is in one line.
			"primaryLocationLineHash": w.fingerprint(r) + ":1",
		},
		Properties: map[string]any{"check": Inert(w.check.ID), "status": w.status},
	}
	for name, value := range map[string]string{"subject": w.entry.Subject, "verdict": w.entry.Verdict, "basis": w.entry.Basis} {
		if value != "" {
			out.Properties[name] = Inert(value)
		}
	}
	if f, ok := w.recommended(); ok {
		out.Properties["fix"] = Inert(f.ID)
	}
	if w.entry.Waived != nil {
		out.Suppressions = []sarifSuppression{{
			Kind: "external", Status: "accepted", Justification: Inert(accepted(*w.entry.Waived, v.Lang)),
		}}
	}
	return out
}
