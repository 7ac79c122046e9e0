package report

import (
	"io"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
)

// The attributes of an OCSF 1.8.0 Compliance Finding that are written (schema.ocsf.io, class
// compliance_finding).

type ocsfFinding struct {
	ActivityID   int              `json:"activity_id"`
	Activity     string           `json:"activity_name"`
	CategoryUID  int              `json:"category_uid"`
	Category     string           `json:"category_name"`
	ClassUID     int              `json:"class_uid"`
	Class        string           `json:"class_name"`
	TypeUID      int64            `json:"type_uid"`
	Type         string           `json:"type_name"`
	Time         int64            `json:"time"`
	SeverityID   int              `json:"severity_id"`
	Severity     string           `json:"severity"`
	StatusID     int              `json:"status_id"`
	Status       string           `json:"status"`
	StatusDetail string           `json:"status_detail,omitempty"`
	ConfidenceID int              `json:"confidence_id"`
	Confidence   string           `json:"confidence"`
	Message      string           `json:"message"`
	Comment      string           `json:"comment,omitempty"`
	Metadata     ocsfMetadata     `json:"metadata"`
	FindingInfo  ocsfFindingInfo  `json:"finding_info"`
	Compliance   ocsfCompliance   `json:"compliance"`
	Remediation  *ocsfRemediation `json:"remediation,omitempty"`
	Resources    []ocsfResource   `json:"resources"`
	Unmapped     map[string]any   `json:"unmapped"`
}

type ocsfMetadata struct {
	Version   string      `json:"version"`
	UID       string      `json:"uid"`
	TenantUID string      `json:"tenant_uid"`
	Product   ocsfProduct `json:"product"`
	EventCode string      `json:"event_code"`
}

type ocsfProduct struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version"`
	Lang    string `json:"lang"`
}

type ocsfFindingInfo struct {
	UID         string   `json:"uid"`
	Title       string   `json:"title"`
	Desc        string   `json:"desc"`
	Types       []string `json:"types"`
	DataSources []string `json:"data_sources,omitempty"`
}

type ocsfCompliance struct {
	Standards    []string `json:"standards"`
	Control      string   `json:"control"`
	Requirements []string `json:"requirements"`
	Desc         string   `json:"desc"`
	StatusID     int      `json:"status_id"`
	Status       string   `json:"status"`
	StatusCode   string   `json:"status_code"`
	Details      []string `json:"status_details,omitempty"`
}

type ocsfRemediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

type ocsfResource struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
	Type string `json:"type"`
}

// ocsfEnum is an id and its caption, which OCSF wants side by side.
type ocsfEnum struct {
	id      int
	caption string
}

// ocsfRating is what a status is in the words of OCSF. Compliance has no "unknown": "Warning" is
// defined as "did not yield a result due to missing information".
type ocsfRating struct{ compliance, severity, confidence ocsfEnum }

var ocsfRatings = map[checks.Status]ocsfRating{
	checks.StatusFail:    {ocsfEnum{3, "Fail"}, ocsfEnum{4, "High"}, ocsfEnum{3, "High"}},
	checks.StatusWarn:    {ocsfEnum{3, "Fail"}, ocsfEnum{3, "Medium"}, ocsfEnum{2, "Medium"}},
	checks.StatusUnknown: {ocsfEnum{2, "Warning"}, ocsfEnum{0, "Unknown"}, ocsfEnum{0, "Unknown"}},
	checks.StatusPass:    {ocsfEnum{1, "Pass"}, ocsfEnum{1, "Informational"}, ocsfEnum{3, "High"}},
	checks.StatusSkip:    {ocsfEnum{99, "Not Applicable"}, ocsfEnum{1, "Informational"}, ocsfEnum{0, "Unknown"}},
}

const ocsfStandard = "Trend Micro Cloud App Security: documented troubles and fixes"

// WriteOCSF writes a list of Compliance Findings, one for each entry.
func WriteOCSF(w io.Writer, r Report, v View) error {
	out := []ocsfFinding{}
	for _, row := range rows(r) {
		out = append(out, ocsfOf(r, row, v))
	}
	return WriteData(w, out)
}

func ocsfOf(r Report, w row, v View) ocsfFinding {
	rating := ocsfRatings[w.unwaived()]
	uid, taken := w.fingerprint(r), r.Taken.UTC()
	status := ocsfEnum{1, "New"}
	if w.entry.Waived != nil {
		status = ocsfEnum{3, "Suppressed"}
	}
	code := w.entry.Verdict
	if code == "" {
		code = string(w.status)
	}
	f := ocsfFinding{
		ActivityID: 1, Activity: "Create", CategoryUID: 2, Category: "Findings", ClassUID: 2003, Class: "Compliance Finding",
		TypeUID: 200301, Type: "Compliance Finding: Create", Time: taken.UnixMilli(),
		SeverityID: rating.severity.id, Severity: rating.severity.caption,
		ConfidenceID: rating.confidence.id, Confidence: rating.confidence.caption,
		StatusID: status.id, Status: status.caption,
		Message: strings.Join(w.paragraphs(v.Lang), "\n"),
		Metadata: ocsfMetadata{
			Version: "1.8.0", UID: uid + "-" + taken.Format("20060102T150405Z"), TenantUID: Inert(r.Tenant), EventCode: Inert(w.entry.ID),
			Product: ocsfProduct{Name: Inert(r.Tool.Name), Vendor: "casdoctor", Version: Inert(r.Tool.Version), Lang: v.language()},
		},
		FindingInfo: ocsfFindingInfo{
			UID: uid, Title: Inert(w.title()), Desc: Inert(w.entry.Text.In(v.Lang)), Types: []string{Inert(w.check.ID)},
			DataSources: inertAll(w.entry.Facts),
		},
		Compliance: ocsfCompliance{
			Standards: []string{ocsfStandard}, Control: Inert(w.entry.ID),
			Requirements: []string{Inert(w.check.ID + ": " + w.check.Title.In(v.Lang))}, Desc: Inert(w.entry.Text.In(v.Lang)),
			StatusID: rating.compliance.id, Status: rating.compliance.caption, StatusCode: Inert(code),
		},
		Resources: []ocsfResource{{Inert(r.Tenant), Inert(r.Tenant), "tenant"}},
		Unmapped:  map[string]any{"status": w.status, "check_status": w.check.Status, "verdict": Inert(code), "basis": Inert(w.entry.Basis)},
	}
	if w.place != "" {
		f.Unmapped["baseline"] = w.place
	}
	for _, reason := range w.entry.Reasons {
		f.Compliance.Details = append(f.Compliance.Details, Inert(reason.Text.In(v.Lang)))
	}
	if w.entry.Subject != "" {
		f.Resources = append([]ocsfResource{{Inert(w.entry.Subject), Inert(w.entry.Subject), "subject"}}, f.Resources...)
	}
	if w.entry.Waived != nil {
		f.Comment = Inert(accepted(*w.entry.Waived, v.Lang))
	}
	if fix, ok := w.recommended(); ok {
		f.Remediation = &ocsfRemediation{Desc: Inert(fix.ID + ": " + fix.Text.In(v.Lang)), References: inertAll(fix.Links)}
	}
	return f
}

func inertAll(list []string) (out []string) {
	for _, s := range list {
		out = append(out, Inert(s))
	}
	return out
}
