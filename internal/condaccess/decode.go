package condaccess

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Decode reads one conditionalAccessPolicy as Microsoft Graph v1.0 sends it (also the one
// inside a whatIfAnalysisResult).
//
// It is strict about shape: a member of the wrong type, or two members whose names differ
// only in case, are a facts.Failure of kind Malformed. It is tolerant about news: a word
// that it does not know stays a word, and a member that it does not know is listed by its
// path in Policy.Unrecognised when it carries something. The generated models of the Graph
// SDK cannot do that: in a collection they turn an unknown word into the first known one.
func Decode(raw json.RawMessage) (facts.Policy, error) {
	var d decoder
	o := d.object("", raw)
	p := facts.Policy{
		ID:               o.id(),
		TemplateID:       o.optional("templateId"),
		DisplayName:      o.text("displayName"),
		State:            o.text("state"),
		CreatedDateTime:  o.time("createdDateTime"),
		ModifiedDateTime: o.time("modifiedDateTime"),
	}
	// The last two belong to whatIfAnalysisResult: the service's own verdict, not the policy.
	o.ignore("description", "deletedDateTime", "policyApplies", "analysisReasons")
	if c, ok := o.member("conditions"); ok {
		p.Conditions = c.conditions()
	}
	if g, ok := o.member("grantControls"); ok {
		p.GrantControls = g.grantControls()
	}
	if s, ok := o.member("sessionControls"); ok {
		p.SessionControls, p.SessionDetails = s.sessionControls()
	}
	o.end()
	p.Unrecognised = d.unrecognised
	if d.failure != nil {
		return facts.Policy{}, d.failure
	}
	return p, nil
}

// DecodeLocation reads one namedLocation. A kind other than ranges of addresses and
// countries keeps its @odata.type as Type, which leaves membership in it unknown.
func DecodeLocation(raw json.RawMessage) (facts.NamedLocation, error) {
	var d decoder
	o := d.object("", raw)
	l := facts.NamedLocation{
		ID:             o.id(),
		DisplayName:    o.text("displayName"),
		Type:           o.text("@odata.type"),
		IsTrusted:      o.boolean("isTrusted"),
		Countries:      o.texts("countriesAndRegions"),
		IncludeUnknown: o.boolean("includeUnknownCountriesAndRegions"),
		CountryLookup:  o.optional("countryLookupMethod"),
	}
	switch l.Type {
	case "#microsoft.graph.ipNamedLocation":
		l.Type = locationIP
	case "#microsoft.graph.countryNamedLocation":
		l.Type = locationCountry
	}
	for _, r := range o.members("ipRanges") {
		cidr := r.text("cidrAddress")
		if cidr == "" {
			r.malformed("cidrAddress", "is missing")
		}
		l.Ranges = append(l.Ranges, cidr)
	}
	if d.failure != nil {
		return facts.NamedLocation{}, d.failure
	}
	return l, nil
}

// DecodeStrength reads one authenticationStrengthPolicy.
func DecodeStrength(raw json.RawMessage) (facts.Strength, error) {
	var d decoder
	s := d.object("", raw).strength()
	if d.failure != nil {
		return facts.Strength{}, d.failure
	}
	return s, nil
}

func (o object) conditions() facts.Conditions {
	var c facts.Conditions
	if u, ok := o.member("users"); ok {
		c.Users = &facts.PolicyUsers{
			IncludeUsers:  u.texts("includeUsers"),
			ExcludeUsers:  u.texts("excludeUsers"),
			IncludeGroups: u.texts("includeGroups"),
			ExcludeGroups: u.texts("excludeGroups"),
			IncludeRoles:  u.texts("includeRoles"),
			ExcludeRoles:  u.texts("excludeRoles"),
			IncludeGuests: u.guests("includeGuestsOrExternalUsers"),
			ExcludeGuests: u.guests("excludeGuestsOrExternalUsers"),
		}
		u.end()
	}
	if a, ok := o.member("applications"); ok {
		c.Applications = &facts.PolicyApplications{
			Include:      a.texts("includeApplications"),
			Exclude:      a.texts("excludeApplications"),
			UserActions:  a.texts("includeUserActions"),
			AuthContexts: a.texts("includeAuthenticationContextClassReferences"),
			HasFilter:    a.carries("applicationFilter"),
		}
		a.end()
	}
	c.ClientAppTypes = o.texts("clientAppTypes")
	if p, ok := o.member("platforms"); ok {
		c.Platforms = &facts.Platforms{Include: p.texts("includePlatforms"), Exclude: p.texts("excludePlatforms")}
		p.end()
	}
	if l, ok := o.member("locations"); ok {
		c.Locations = &facts.Locations{Include: l.texts("includeLocations"), Exclude: l.texts("excludeLocations")}
		l.end()
	}
	if d, ok := o.member("devices"); ok {
		c.Devices = &facts.Devices{}
		if f, ok := d.member("deviceFilter"); ok {
			c.Devices.FilterMode, c.Devices.FilterRule = f.text("mode"), f.text("rule")
			f.end()
		}
		d.end()
	}
	c.SignInRiskLevels = o.texts("signInRiskLevels")
	c.UserRiskLevels = o.texts("userRiskLevels")
	c.ServicePrincipalRiskLevels = o.texts("servicePrincipalRiskLevels")
	c.InsiderRiskLevels = o.optional("insiderRiskLevels")
	if f, ok := o.member("authenticationFlows"); ok {
		c.AuthenticationFlows = f.optional("transferMethods")
		f.end()
	}
	if a, ok := o.member("clientApplications"); ok {
		for _, name := range []string{
			"includeServicePrincipals", "excludeServicePrincipals", "servicePrincipalFilter",
			// Agent identities ("Disable agent identities in your tenant", Microsoft Entra Agent ID).
			"includeAgentIdServicePrincipals", "excludeAgentIdServicePrincipals", "agentIdServicePrincipalFilter",
		} {
			c.ClientApplications = a.carries(name) || c.ClientApplications
		}
		a.end()
	}
	o.end()
	return c
}

func (o object) guests(name string) *facts.GuestFilter {
	g, ok := o.member(name)
	if !ok {
		return nil
	}
	f := &facts.GuestFilter{Types: g.flags("guestOrExternalUserTypes")}
	if t, ok := g.member("externalTenants"); ok {
		f.MembershipKind = t.text("membershipKind")
		if f.MembershipKind == "" { // empty stands for "any tenant" in GuestFilter
			t.malformed("membershipKind", "is missing")
		}
		f.ExternalTenants = t.texts("members")
		t.end()
	}
	g.end()
	return f
}

func (o object) grantControls() *facts.GrantControls {
	g := &facts.GrantControls{
		Operator:             o.text("operator"),
		BuiltInControls:      o.texts("builtInControls"),
		CustomAuthentication: o.texts("customAuthenticationFactors"),
		TermsOfUse:           o.texts("termsOfUse"),
	}
	if s, ok := o.member("authenticationStrength"); ok {
		strength := s.strength()
		s.end()
		g.AuthenticationStrength = &strength
	}
	o.end()
	return g
}

func (o object) strength() facts.Strength {
	// combinationConfigurations narrow methods that are not the password, e.g. which security keys.
	o.ignore("description", "policyType", "createdDateTime", "modifiedDateTime", "combinationConfigurations")
	return facts.Strength{
		ID:                    o.id(),
		DisplayName:           o.text("displayName"),
		RequirementsSatisfied: o.text("requirementsSatisfied"),
		AllowedCombinations:   o.texts("allowedCombinations"),
	}
}

// sessionControls names the controls that are set, and keeps what is inside two of them. None
// of that decides about a sign-in, except isEnabled. A control that this version does not know
// is named, and unrecognised as well.
func (o object) sessionControls() ([]string, *facts.SessionDetails) {
	o.ignore("applicationEnforcedRestrictions", "cloudAppSecurity", "persistentBrowser", "signInFrequency",
		"disableResilienceDefaults", "secureSignInSession", "continuousAccessEvaluation")
	var set []string
	var details facts.SessionDetails
	for _, name := range o.names {
		if isAnnotation(name) || !carries(o.values[name]) {
			continue
		}
		var control struct {
			IsEnabled *bool `json:"isEnabled"`
		}
		if json.Unmarshal(o.values[name], &control) == nil && control.IsEnabled != nil && !*control.IsEnabled {
			o.ignore(name) // switched off, whatever it is
			continue
		}
		set = append(set, name)
		switch name {
		case "signInFrequency":
			if f, ok := o.member(name); ok {
				details.SignInFrequency = &facts.SignInFrequency{
					FrequencyInterval: f.text("frequencyInterval"), AuthenticationType: f.text("authenticationType"),
					Value: f.integer("value"), Type: f.text("type"),
				}
			}
		case "cloudAppSecurity":
			if c, ok := o.member(name); ok {
				details.CloudAppSecurityType = c.text("cloudAppSecurityType")
			}
		}
	}
	o.end()
	if details == (facts.SessionDetails{}) {
		return set, nil
	}
	return set, &details
}

// decoder collects what is found on the way through one value: the first mismatch, and the
// members that nobody asked for.
type decoder struct {
	failure      *facts.Failure
	unrecognised []string
}

// object is one JSON object. Each accessor marks its member as known; end lists the rest.
// After a mismatch the accessors go on with empty values, and the caller throws the result away.
type object struct {
	d      *decoder
	path   string
	names  []string // in the order of the text
	values map[string]json.RawMessage
	known  map[string]bool
}

func (d *decoder) object(path string, raw json.RawMessage) object {
	o := object{d: d, path: path, values: map[string]json.RawMessage{}, known: map[string]bool{}}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		o.malformed("", "is not an object")
		return o
	}
	folded := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err == nil && ok {
			err = dec.Decode(&value)
		}
		if err != nil || !ok {
			o.malformed("", "is not valid JSON")
			return o
		}
		// Property names of OData are unique; two spellings of one name could make two readers
		// of the same answer see different policies.
		if f := strings.ToLower(name); folded[f] {
			o.malformed("", "has the member "+strconv.Quote(name)+" twice")
			return o
		} else {
			folded[f] = true
		}
		o.names = append(o.names, name)
		o.values[name] = value
	}
	if _, err := dec.Token(); err != nil {
		o.malformed("", "is not valid JSON")
	} else if _, err := dec.Token(); err != io.EOF {
		o.malformed("", "is followed by something else")
	}
	return o
}

// malformed records the first mismatch. The detail names the member, never its value.
func (o object) malformed(name, what string) {
	if o.d.failure != nil {
		return
	}
	path := o.join(name)
	if path == "" {
		path = "the object"
	}
	o.d.failure = &facts.Failure{Kind: facts.Malformed, Detail: path + " " + what}
}

func (o object) join(name string) string {
	switch {
	case o.path == "":
		return name
	case name == "":
		return o.path
	}
	return o.path + "." + name
}

// into decodes a member and reports whether it is there and not null.
func (o object) into(name, kind string, v any) bool {
	o.known[name] = true
	raw, ok := o.values[name]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		o.malformed(name, "is not "+kind)
		return false
	}
	return true
}

func (o object) optional(name string) *string {
	var s string
	if !o.into(name, "a string", &s) {
		return nil
	}
	return &s
}

func (o object) text(name string) string {
	var s string
	o.into(name, "a string", &s)
	return s
}

// id is text that must be there: what has no id cannot be named to the reader.
func (o object) id() string {
	s := o.text("id")
	if s == "" {
		o.malformed("id", "is missing")
	}
	return s
}

func (o object) boolean(name string) *bool {
	var b bool
	if !o.into(name, "a boolean", &b) {
		return nil
	}
	return &b
}

func (o object) integer(name string) *int {
	var n int
	if !o.into(name, "an integer", &n) {
		return nil
	}
	return &n
}

func (o object) time(name string) *time.Time {
	var t time.Time
	if !o.into(name, "a date and time", &t) {
		return nil
	}
	return &t
}

func (o object) texts(name string) []string {
	var list []*string
	if !o.into(name, "a list of strings", &list) {
		return nil
	}
	var texts []string
	for _, s := range list {
		if s == nil { // null in a collection of words is no word
			o.malformed(name, "is not a list of strings")
			return nil
		}
		texts = append(texts, *s)
	}
	return texts
}

// flags is an enumeration of flags, which Graph sends as one string: "a,b".
func (o object) flags(name string) []string {
	var words []string
	for word := range strings.SplitSeq(o.text(name), ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

func (o object) member(name string) (object, bool) {
	var raw json.RawMessage
	if !o.into(name, "an object", &raw) {
		return object{}, false
	}
	return o.d.object(o.join(name), raw), true
}

func (o object) members(name string) []object {
	var list []json.RawMessage
	o.into(name, "a list", &list)
	var objects []object
	for i, raw := range list {
		objects = append(objects, o.d.object(fmt.Sprintf("%s[%d]", o.join(name), i), raw))
	}
	return objects
}

// carries reads only whether a member says anything.
func (o object) carries(name string) bool {
	o.known[name] = true
	return carries(o.values[name])
}

// ignore marks members that are known and do not decide anything here.
func (o object) ignore(names ...string) {
	for _, name := range names {
		o.known[name] = true
	}
}

func (o object) end() {
	for _, name := range o.names {
		if !o.known[name] && !isAnnotation(name) && carries(o.values[name]) {
			o.d.unrecognised = append(o.d.unrecognised, o.join(name))
		}
	}
}

// isAnnotation: the OData JSON format (4.01, section 4.6) marks control information and
// instance annotations by the "@" in their names; they speak about the message.
func isAnnotation(name string) bool { return strings.Contains(name, "@") }

// carries reports whether a value says anything. Graph fills in null, false, "" and empty
// collections for what is not configured, also for members of later versions.
func carries(raw json.RawMessage) bool {
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return len(raw) > 0
	}
	switch compact.String() {
	case "", "null", "false", `""`, "[]", "{}":
		return false
	}
	return true
}
