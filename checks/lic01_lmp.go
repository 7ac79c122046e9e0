package checks

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// What the Licensing Management Platform shows of a licence. It is one subscription, that of the
// account that signs in, or of the only account there is; of any other account the declaration
// speaks alone.

// seenLicence is what the platform shows of the licence of an account.
type seenLicence struct {
	kind    string // trialLicence, fullLicence or ""
	certain bool   // the kind is the platform's own word, not read out of the name of a plan
	plan    string
	end     string // the last day; "" when the licences do not agree, or say none
	grace   int
	off     bool // the subscription or all of its licences are disabled
}

// seenOf is what the platform shows of an account; why is set when it was to be asked and gave
// nothing.
func seenOf(x *Exam, l facts.Licensing, account string, now time.Time) (seen *seenLicence, why *Reason) {
	s := Read(x, facts.LMPSubscription)
	signsIn := ""
	if l.SignIn != nil {
		signsIn = l.SignIn.Account
	}
	if signsIn == "" && len(l.Accounts) == 1 {
		signsIn = l.Accounts[0].ID
	}
	if signsIn != account {
		return nil, nil
	}
	if s.Value == nil {
		if kind := s.Why().Kind; kind == facts.NotConfigured || kind == facts.NotCollected {
			return nil, nil
		}
		r := failed("lmp", s.Why())
		return nil, &r
	}
	return readLicences(*s.Value, now), nil
}

// readLicences brings the licences of a subscription together. Those that are disabled do not
// count; of several that count, all must have ended for the subscription to have.
func readLicences(s facts.Subscription, now time.Time) *seenLicence {
	out := seenLicence{off: s.Enabled != nil && !*s.Enabled}
	if s.Name != nil {
		out.plan = *s.Name
		out.kind = kindInName(*s.Name)
	}
	counted := 0
	var latest time.Time
	unsaid := false
	for _, l := range s.Licenses {
		if l.Enabled != nil && !*l.Enabled {
			continue
		}
		counted++
		switch {
		case l.Expires == nil:
			unsaid = true
		case l.Expires.After(latest):
			latest = *l.Expires
		}
		if l.Grace != nil {
			out.grace = max(out.grace, *l.Grace)
		}
		if l.Version != nil {
			kind := strings.ToLower(*l.Version)
			if kind == trialLicence || kind == fullLicence {
				// Of two licences, a full one makes it more than a trial.
				if !out.certain || kind == fullLicence {
					out.kind = kind
				}
				out.certain = true
			}
		}
	}
	if len(s.Licenses) > 0 && counted == 0 {
		out.off = true
	}
	// One that ends later than now is enough; one whose end is not said may be it.
	if !latest.IsZero() && (!unsaid || !now.After(latest.AddDate(0, 0, 1))) {
		out.end = latest.UTC().Format(time.DateOnly)
	}
	return &out
}

// kindInName looks for the words in the name of a service plan, which is free text.
func kindInName(plan string) string {
	kind := ""
	for _, word := range strings.FieldsFunc(strings.ToLower(plan), func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch word {
		case trialLicence, "evaluation":
			if kind == fullLicence {
				return ""
			}
			kind = trialLicence
		case fullLicence:
			if kind == trialLicence {
				return ""
			}
			kind = fullLicence
		}
	}
	return kind
}

// ofKind is whether the licence is of this kind.
func (s *seenLicence) ofKind(account, kind string) Claim {
	args := []string{"account", account, "plan", s.plan}
	switch {
	case s.kind == "":
		return unknown(because("lmp_kind_unknown", args...))
	case s.certain && s.kind == kind:
		return confirmed(Observed, because("lmp_"+s.kind, args...))
	case s.certain:
		return refuted(Observed, because("lmp_"+s.kind, args...))
	case s.kind == kind:
		return supported(Observed, because("lmp_plan_"+s.kind, args...))
	default:
		return unknown(because("lmp_plan_"+s.kind, args...)) // a name does not refute
	}
}

// ends is what end says of the day that the platform has.
func (s *seenLicence) ends(account string, now time.Time, end func(facts.LicenseAccount, time.Time) Claim) Claim {
	switch {
	case s.off:
		return unknown(because("lmp_disabled", "account", account))
	case s.end == "":
		return unknown(because("lmp_end_unknown", "account", account))
	}
	c := end(facts.LicenseAccount{ID: account, Expires: s.end}, now)
	c.Basis = Observed
	for i, r := range c.Reasons {
		c.Reasons[i].Code = map[string]string{
			"licence_valid": "lmp_valid", "licence_ended": "lmp_ended", "licence_ends_soon": "lmp_ends_soon",
		}[r.Code]
	}
	if last, err := time.Parse(time.DateOnly, s.end); err == nil && c.Verdict == Confirmed && now.Before(last.AddDate(0, s.grace, 1)) {
		// Days or months: it may still be running.
		c = c.atMost(Supported, because("lmp_grace", "account", account, "grace", strconv.Itoa(s.grace)))
	}
	return c
}

// withSeen brings a declared claim and an observed one together. What was seen is stronger, and
// where the two disagree, that is said. What only the name of a plan says does not overrule a
// declaration: it leaves it open, or makes it less sure.
func withSeen(declared, seen Claim, disagree []Reason) Claim {
	out := seen
	switch {
	case seen.Verdict == Unknown && declared.Verdict == Unknown:
		return unknown(slices.Concat(declared.Reasons, seen.Reasons)...)
	case seen.Verdict == Unknown && len(disagree) == 0:
		return declared
	case seen.Verdict == Unknown:
		out = declared
		out.Verdict = min(out.Verdict, Supported)
		out.Reasons = slices.Concat(declared.Reasons, seen.Reasons)
	case declared.Verdict == Refuted && hasReason(seen, "lmp_plan_trial", "lmp_plan_full"):
		out = unknown(seen.Reasons...)
	case declared.Verdict == Confirmed && hasReason(seen, "lmp_plan_trial", "lmp_plan_full"):
		return declared // the same, and surer
	}
	out.Reasons = slices.Concat(out.Reasons, disagree)
	return out
}

// contradicts is the reason when a declaration and what was seen are two different words.
func contradicts(code, account, declared, seen string) []Reason {
	if declared == "" || seen == "" || declared == seen {
		return nil
	}
	return []Reason{because(code, "account", account, "declared", declared, "observed", seen)}
}

// lmpWords are the sentences about what the platform shows.
var lmpWords = map[string]Text{
	"lmp": {"The subscription in the Licensing Management Platform (licensing.lmp)", "Licensing Management Platform のサブスクリプション (licensing.lmp)"},

	"lmp_trial": {
		"The Licensing Management Platform has a trial licence for {account} ({plan}).",
		"Licensing Management Platform によると、{account} のライセンスは体験版です ({plan})。",
	},
	"lmp_full": {
		"The Licensing Management Platform has a full licence for {account} ({plan}).",
		"Licensing Management Platform によると、{account} のライセンスは製品版です ({plan})。",
	},
	"lmp_plan_trial": {
		"The service plan of {account} in the Licensing Management Platform calls itself a trial ({plan}).",
		"Licensing Management Platform にある {account} のサービスプラン名は体験版を示しています ({plan})。",
	},
	"lmp_plan_full": {
		"The service plan of {account} in the Licensing Management Platform calls itself a full version ({plan}).",
		"Licensing Management Platform にある {account} のサービスプラン名は製品版を示しています ({plan})。",
	},
	"lmp_kind_unknown": {
		"The Licensing Management Platform does not say whether the licence of {account} is a trial ({plan}). Declare license in licensing.accounts.",
		"{account} のライセンスが体験版かどうかは Licensing Management Platform から分かりません ({plan})。licensing.accounts に license を宣言してください。",
	},
	"lmp_valid": {
		"The Licensing Management Platform has the licence of {account} valid up to and including {expires} (UTC).",
		"Licensing Management Platform によると、{account} のライセンスは {expires} (UTC、当日を含む) まで有効です。",
	},
	"lmp_ended": {
		"The Licensing Management Platform has {expires} (UTC) as the last valid day of the licence of {account}.",
		"Licensing Management Platform によると、{account} のライセンスの有効な最終日は {expires} (UTC) でした。",
	},
	"lmp_ends_soon": {
		"The Licensing Management Platform has the licence of {account} ending after {expires} (UTC); days left: {days}. Order the full licence now.",
		"Licensing Management Platform によると、{account} のライセンスは {expires} (UTC) で終了します (残り {days} 日)。今のうちに製品版ライセンスを手配してください。",
	},
	"lmp_grace": {
		"Its grace period ({grace}, in a unit that is not documented) may still be running.",
		"猶予期間 ({grace}、単位は文書化されていません) が続いている可能性があります。",
	},
	"lmp_end_unknown": {
		"The Licensing Management Platform shows no end that holds for all licences of {account}.",
		"Licensing Management Platform から、{account} のすべてのライセンスに共通する終了日が分かりません。",
	},
	"lmp_disabled": {
		"The subscription of {account} is disabled in the Licensing Management Platform, which keeps it from signing in as well. Ask the partner to enable it.",
		"{account} のサブスクリプションは Licensing Management Platform で無効になっており、それだけでもログオンできません。パートナーに有効化を依頼してください。",
	},
	"lmp_disagrees_kind": {
		"licensing.accounts says otherwise: license is {declared} for {account}, and the platform has {observed}. Correct what is wrong.",
		"licensing.accounts の宣言と一致しません ({account} の license は {declared}、Licensing Management Platform では {observed})。誤っている方を修正してください。",
	},
	"lmp_disagrees_end": {
		"licensing.accounts says otherwise: expires is {declared} for {account}, and the platform has {observed}. Correct what is wrong.",
		"licensing.accounts の宣言と一致しません ({account} の expires は {declared}、Licensing Management Platform では {observed})。誤っている方を修正してください。",
	},
}
