package condaccess

import (
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Warning is what a policy does besides letting a sign-in through or not, as data for a
// sentence.
type Warning struct {
	Code WarningCode
	Arg  string // see WarningCode
	// Value is True or Unknown. For a policy that is not enforced: whether it would stop the
	// sign-in once it is. For a session control: whether the policy applies to the sign-in.
	Value Tri
	Later bool      // not now: once the policy is switched on
	From  time.Time // not before; zero: no date is known
}

// WarningCode says what a Warning is about. Behind each is what Arg holds.
type WarningCode string

// The codes of warnings.
const (
	// The policy is evaluated and logged only. An administrator may switch it on at any time.
	WarnReportOnly WarningCode = "report_only"
	// The same, and it is Microsoft's: left as it is, Microsoft switches it on, not before From.
	WarnMicrosoftManaged WarningCode = "microsoft_managed"
	// "Token protection": only sessions that are bound to a registered device are accepted.
	WarnTokenProtection WarningCode = "token_protection"
	// "Conditional Access application control": the session goes through the reverse proxy of
	// Defender for Cloud Apps, made for people with browsers. Arg: cloudAppSecurityType.
	WarnAppControl WarningCode = "app_control"
	// "Application enforced restrictions": SharePoint gives what has no managed device limited
	// access only, or none, after the sign-in.
	WarnAppRestrictions WarningCode = "app_enforced_restrictions"
	// "Sign-in frequency": nobody is there to sign in again. Arg: "everyTime", or e.g. "4 hours".
	WarnSignInFrequency WarningCode = "sign_in_frequency"
	// A session control that this version does not know. Arg: its name.
	WarnUnknownSession WarningCode = "unknown_session_control"
)

// WarningCodes lists every code; a check holds its sentences against it.
func WarningCodes() []WarningCode {
	return []WarningCode{
		WarnReportOnly, WarnMicrosoftManaged, WarnTokenProtection, WarnAppControl, WarnAppRestrictions,
		WarnSignInFrequency, WarnUnknownSession,
	}
}

// managedGrace: "Microsoft-managed Conditional Access policies": switched on no less than 45
// days after they were introduced in the tenant. The page also says that some come faster,
// and that this is then announced in the message center.
const managedGrace = 45 * 24 * time.Hour

// Managed reports whether the policy is one of Microsoft's, which can be switched off, and can
// exclude accounts, but cannot be renamed or deleted. That is told by its name, for the same
// reason. templateId does not tell: it names the template that a policy was made from, by
// whomever.
func Managed(p *facts.Policy) bool {
	return strings.HasPrefix(p.DisplayName, "Microsoft-managed:")
}

// Warnings are what there is to know about a policy that Evaluate does not say. A policy that
// is off, or that is not for this sign-in, has none.
func Warnings(p *facts.Policy, s *SignIn) []Warning {
	r := Evaluate(p, s)
	if r.Mode == Off || r.Applies == False {
		return nil
	}
	var out []Warning
	later := r.Mode == ReportOnly
	if fails := r.Fails(); later && fails != False {
		w := Warning{Code: WarnReportOnly, Value: fails, Later: true}
		if Managed(p) {
			w.Code = WarnMicrosoftManaged
			if p.CreatedDateTime != nil {
				w.From = p.CreatedDateTime.Add(managedGrace)
			}
		}
		out = append(out, w)
	}
	for _, name := range p.SessionControls {
		w := Warning{Value: r.Applies, Later: later}
		switch name {
		case "secureSignInSession":
			w.Code = WarnTokenProtection
		case "cloudAppSecurity":
			w.Code = WarnAppControl
			if p.SessionDetails != nil {
				w.Arg = p.SessionDetails.CloudAppSecurityType
			}
		case "applicationEnforcedRestrictions":
			w.Code = WarnAppRestrictions
		case "signInFrequency":
			w.Code, w.Arg = WarnSignInFrequency, frequency(p.SessionDetails)
		case "persistentBrowser", "disableResilienceDefaults", "continuousAccessEvaluation":
			continue // cookies, outages, and how soon a change is noticed: nothing that a service lacks
		default:
			w.Code, w.Arg = WarnUnknownSession, name
		}
		out = append(out, w)
	}
	return out
}

// frequency: signInFrequencySessionControl in Microsoft Graph v1.0.
func frequency(d *facts.SessionDetails) string {
	if d == nil || d.SignInFrequency == nil {
		return ""
	}
	f := d.SignInFrequency
	if f.FrequencyInterval != "" && f.FrequencyInterval != "timeBased" {
		return f.FrequencyInterval
	}
	if f.Value == nil {
		return ""
	}
	return strings.TrimSpace(strconv.Itoa(*f.Value) + " " + f.Type)
}
