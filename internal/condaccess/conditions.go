package condaccess

import (
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// match is whether something that a policy names fits the sign-in.
type match struct {
	value Tri
	own   bool // Unknown, but names the organisation's own networks, where no cloud service signs in
	code  Code
	arg   string
}

// or keeps the stronger of two matches. Between two unknown ones, the one that could really
// fit outweighs the one that only a network of the organisation itself could fulfil.
func (m match) or(n match) match {
	if n.value > m.value || n.value == m.value && n.value == Unknown && m.own && !n.own {
		return n
	}
	return m
}

// finding is the value of one condition.
type finding struct {
	value     Tri
	inferred  bool
	exclusion bool
	code      Code
	arg       string
}

func (f finding) step(c Condition) Step {
	return Step{Condition: c, Value: f.value, Inferred: f.inferred, Exclusion: f.exclusion, Code: f.code, Arg: f.arg}
}

// scope joins what a policy includes and excludes. The exclusion wins, in whatever way either
// was named ("Users, groups, and workload identities": the exclude action overrides).
func scope(include, exclude match) finding {
	in := finding{value: include.value, code: include.code, arg: include.arg}
	out := finding{value: exclude.value.Not(), exclusion: true, code: exclude.code, arg: exclude.arg}
	switch {
	case out.value == False:
		return out
	case in.value != True:
		return in
	case out.value == Unknown:
		if exclude.own {
			out.value, out.inferred = True, true
		}
		return out
	}
	return in
}

// condition is one assignment of a policy. Path leads to its members, when it is an object.
type condition struct {
	name  Condition
	path  string
	judge func(*facts.Policy, *SignIn) finding
}

var conditions = [...]condition{
	{Users, "conditions.users.", users},
	{Applications, "conditions.applications.", applications},
	{ClientApps, "", clientApps},
	{DevicePlatforms, "conditions.platforms.", platforms},
	{Locations, "conditions.locations.", locations},
	{DeviceFilter, "conditions.devices.", devices},
	{SignInRisk, "", func(p *facts.Policy, _ *SignIn) finding { return risk(p.Conditions.SignInRiskLevels) }},
	{UserRisk, "", func(p *facts.Policy, _ *SignIn) finding { return risk(p.Conditions.UserRiskLevels) }},
	{ServicePrincipalRisk, "", func(p *facts.Policy, _ *SignIn) finding {
		return risk(p.Conditions.ServicePrincipalRiskLevels)
	}},
	{InsiderRisk, "", insiderRisk},
	{AuthenticationFlows, "conditions.authenticationFlows.", authenticationFlows},
}

// find judges the condition. A member of it that the decoder did not know could name
// anything, to include or to exclude: then only an exclusion that is known stands.
func (c *condition) find(p *facts.Policy, s *SignIn) finding {
	f := c.judge(p, s)
	if c.path == "" || f.exclusion && f.value == False {
		return f
	}
	if path := unrecognised(p, c.path); path != "" {
		return finding{value: Unknown, code: CodeUnrecognised, arg: path}
	}
	return f
}

// users: conditionalAccessUsers in Microsoft Graph v1.0; "Conditional Access: Users, groups,
// and workload identities".
func users(p *facts.Policy, s *SignIn) finding {
	u := p.Conditions.Users
	if p.Conditions.ClientApplications && (u == nil || nobody(u)) {
		return finding{value: False, code: CodeWorkload}
	}
	if u == nil {
		return finding{value: Unknown, code: CodeMissing}
	}
	a := &s.Account
	f := scope(
		a.named(u.IncludeUsers, u.IncludeGroups, u.IncludeRoles, u.IncludeGuests),
		a.named(u.ExcludeUsers, u.ExcludeGroups, u.ExcludeRoles, u.ExcludeGuests),
	)
	switch {
	case f.value == False && !f.exclusion && nothing(u):
		// "None" says that nobody is named; nothing at all is no documented answer.
		return finding{value: Unknown, code: CodeMissing}
	case f.value == True && p.Conditions.ClientApplications:
		// A policy is for users or for workload identities; both at once is not documented.
		return finding{value: Unknown, code: CodeWorkload}
	}
	return f
}

func nobody(u *facts.PolicyUsers) bool {
	for _, word := range u.IncludeUsers {
		if !strings.EqualFold(word, "None") {
			return false
		}
	}
	return len(u.IncludeGroups) == 0 && len(u.IncludeRoles) == 0 && u.IncludeGuests == nil
}

func nothing(u *facts.PolicyUsers) bool { return nobody(u) && len(u.IncludeUsers) == 0 }

// named reports whether the account is among what one side of a policy names.
func (a *Account) named(users, groups, roles []string, guests *facts.GuestFilter) match {
	m := match{value: False, code: CodeNotNamed}
	for _, word := range users {
		m = m.or(a.called(word))
	}
	// Ids of groups and roles that were deleted fit nobody.
	for _, id := range groups { // nested memberships count
		m = m.or(member(a.groups, id, CodeGroup, CodeGroupsNotRead))
	}
	for _, id := range roles { // of active assignments, by template id
		m = m.or(member(a.roles, id, CodeRole, CodeRolesNotRead))
	}
	if guests != nil {
		m = m.or(a.isOneOf(guests))
	}
	return m
}

func member(s set, id string, known, unread Code) match {
	if !isGUID(id) {
		return match{value: Unknown, code: CodeUnknownWord, arg: id}
	}
	v := s.has(id)
	if v == Unknown {
		known = unread
	}
	return match{value: v, code: known, arg: id}
}

func (a *Account) called(word string) match {
	switch {
	case strings.EqualFold(word, "All"): // all users of the directory, guests included
		return match{value: True, code: CodeAll}
	case strings.EqualFold(word, "None"):
		return match{value: False, code: CodeNotNamed}
	case strings.EqualFold(word, "GuestsOrExternalUsers"):
		v := a.guest.Or(a.external)
		code := CodeGuest
		if v == Unknown {
			code = CodeGuestUnseen
		}
		return match{value: v, code: code, arg: word}
	case word == "AllAgentIdUsers":
		// The accounts of AI agents ("Disable agent identities in your tenant", Microsoft Entra
		// Agent ID); provisioning is never done with one of these.
		return match{value: False, code: CodeNotNamed}
	case !isGUID(word):
		return match{value: Unknown, code: CodeUnknownWord, arg: word}
	case a.id == "": // an account that was not read
		return match{value: Unknown, code: CodeMissing, arg: word}
	}
	return match{value: tri(strings.EqualFold(word, a.id)), code: CodeUser, arg: word}
}

// applications: conditionalAccessApplications in Microsoft Graph v1.0; "Conditional Access:
// Target resources".
func applications(p *facts.Policy, _ *SignIn) finding {
	a := p.Conditions.Applications
	if a == nil {
		return finding{value: Unknown, code: CodeMissing}
	}
	f := scope(targets(a.Include), targets(a.Exclude))
	if f.exclusion && f.value == False {
		return f
	}
	if a.HasFilter { // it adds or removes applications by attributes that are not read
		return finding{value: Unknown, code: CodeApplicationFilter}
	}
	if len(a.Include) > 0 {
		return f
	}
	for _, action := range a.UserActions {
		switch action {
		case "urn:user:registersecurityinfo", "urn:user:registerdevice":
			f = finding{value: False, code: CodeUserAction, arg: action}
		default:
			return finding{value: Unknown, code: CodeUnknownWord, arg: action}
		}
	}
	// A site may ask for a context after the sign-in; the sign-in itself has none.
	for _, context := range a.AuthContexts {
		f = finding{value: False, code: CodeAuthContext, arg: context}
	}
	if f.code == CodeNotNamed {
		return finding{value: Unknown, code: CodeMissing}
	}
	return f
}

// targets reports whether SharePoint Online is among what one side of a policy names.
func targets(words []string) match {
	m := match{value: False, code: CodeNotNamed}
	for _, word := range words {
		n := match{value: False, code: CodeNotNamed}
		switch {
		case strings.EqualFold(word, "All"):
			n = match{value: True, code: CodeAll}
		case strings.EqualFold(word, "Office365"):
			// "Apps included in Conditional Access Office 365 app suite" lists SharePoint Online.
			n = match{value: True, code: CodeApplication, arg: word}
		case strings.EqualFold(word, "None"),
			// "Target resources", Microsoft Admin Portals: Azure, Exchange, Microsoft 365,
			// Defender, Entra, Intune, Purview and Teams, not SharePoint.
			strings.EqualFold(word, "MicrosoftAdminPortals"),
			// AI agents ("Disable agent identities in your tenant", Microsoft Entra Agent ID).
			word == "AllAgentIdResources":
		case !isGUID(word):
			n = match{value: Unknown, code: CodeUnknownWord, arg: word}
		case strings.EqualFold(word, SharePointOnline):
			n = match{value: True, code: CodeApplication, arg: word}
		}
		m = m.or(n)
	}
	return m
}

// clientApps: "Conditional Access: Conditions", Client apps. A policy whose client apps are
// not configured applies to all of them, legacy clients included.
func clientApps(p *facts.Policy, s *SignIn) finding {
	f := finding{value: False, code: CodeNotNamed}
	if len(p.Conditions.ClientAppTypes) == 0 {
		return finding{value: True, code: CodeNotConfigured}
	}
	for _, word := range p.Conditions.ClientAppTypes {
		switch word {
		case "all":
			return finding{value: True, code: CodeAll}
		case string(s.Client):
			return finding{value: True, code: CodeClient, arg: word}
		case string(Other), string(MobileAppsAndDesktop), string(Browser),
			"exchangeActiveSync", "easSupported": // these two reach Exchange only
		default:
			f = finding{value: Unknown, code: CodeUnknownWord, arg: word}
		}
	}
	return f
}

// platforms: "Conditional Access: Conditions", Device platforms: read from what the client
// says about itself, such as its user agent, and unverified. What CAS says is not known, so
// only a policy that makes no difference between platforms is certain to apply.
func platforms(p *facts.Policy, _ *SignIn) finding {
	c := p.Conditions.Platforms
	switch {
	case c == nil || len(c.Include) == 0 && len(c.Exclude) == 0:
		return finding{value: True, code: CodeNotConfigured}
	case len(c.Exclude) == 0:
		for _, word := range c.Include {
			if word == "all" {
				return finding{value: True, code: CodeAll}
			}
		}
	}
	return finding{value: Unknown, code: CodePlatformUnverified}
}

// locations: "Conditional Access: Network assignment". Any location, when not configured.
func locations(p *facts.Policy, s *SignIn) finding {
	c := p.Conditions.Locations
	if c == nil || len(c.Include) == 0 && len(c.Exclude) == 0 {
		return finding{value: True, code: CodeNotConfigured}
	}
	f := scope(s.Origin.among(c.Include), s.Origin.among(c.Exclude))
	if len(c.Include) == 0 && !f.exclusion {
		return finding{value: Unknown, code: CodeMissing}
	}
	return f
}

func (o *Origin) among(words []string) match {
	m := match{value: False, code: CodeNotNamed}
	for _, word := range words {
		n := o.in(word)
		if n.value == False && m.value == False {
			m = n // names the last place that was looked at
		}
		m = m.or(n)
	}
	return m
}

// devices: "Conditional Access: Filter for devices". CAS has no registered device.
func devices(p *facts.Policy, _ *SignIn) finding {
	d := p.Conditions.Devices
	if d == nil || d.FilterMode == "" && d.FilterRule == "" {
		return finding{value: True, code: CodeNotConfigured}
	}
	fits := unregistered(d.FilterRule)
	f := finding{value: fits, code: CodeFilterApplied, arg: d.FilterRule}
	switch fits {
	case False:
		f.code = CodeFilterNotApplied
	case Unknown:
		f.code = CodeFilterUnclear
	}
	switch d.FilterMode {
	case "include":
	case "exclude":
		f.value, f.exclusion = fits.Not(), true
	default:
		return finding{value: Unknown, code: CodeUnknownWord, arg: d.FilterMode}
	}
	return f
}

// risk: "Conditional Access: Conditions", Sign-in risk and User risk: computed by ID
// Protection at each sign-in. The first sign-in from a cloud's address can raise it.
func risk(levels []string) finding {
	if len(levels) == 0 {
		return finding{value: True, code: CodeNotConfigured}
	}
	return finding{value: Unknown, code: CodeRisk, arg: levels[0]}
}

// insiderRisk comes from Adaptive Protection in Microsoft Purview, outside of Graph.
func insiderRisk(p *facts.Policy, _ *SignIn) finding {
	if l := p.Conditions.InsiderRiskLevels; l != nil && *l != "" {
		return finding{value: Unknown, code: CodeRisk, arg: *l}
	}
	return finding{value: True, code: CodeNotConfigured}
}

// authenticationFlows: "Conditional Access: Authentication flows". The policy is for the flows
// that it names, and a sign-in with a password is neither of the two that exist.
func authenticationFlows(p *facts.Policy, _ *SignIn) finding {
	f := finding{value: True, code: CodeNotConfigured}
	if p.Conditions.AuthenticationFlows == nil {
		return f
	}
	for word := range strings.SplitSeq(*p.Conditions.AuthenticationFlows, ",") {
		switch word = strings.TrimSpace(word); word {
		case "", "none":
		case "deviceCodeFlow", "authenticationTransfer":
			f = finding{value: False, code: CodeOtherFlow, arg: word}
		default:
			return finding{value: Unknown, code: CodeUnknownWord, arg: word}
		}
	}
	return f
}

// isGUID tells an id from a word: a word that is not known could stand for anything.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}
