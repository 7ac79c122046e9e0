package condaccess

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The files in testdata are bodies that the Microsoft Graph v1.0 reference prints:
//
//	create-1 to create-4  "Create conditionalAccessPolicy", the responses of examples 1 to 4
//	list-1                "List policies", the first policy
//	evaluate-1a, -1b, -2  "conditionalAccessRoot: evaluate", the responses of examples 1 and 2

func documented(t *testing.T, name string) facts.Policy {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Unrecognised) > 0 {
		t.Errorf("%s: unrecognised %v", name, p.Unrecognised)
	}
	return p
}

// TestDocumentedPolicies judges the documented policies for an account that each of them is
// for, changing nothing but what is named here.
func TestDocumentedPolicies(t *testing.T) {
	sharePoint := func(p *facts.Policy) { p.Conditions.Applications.Include = []string{SharePointOnline} }
	for _, c := range []struct {
		file    string
		change  func(*facts.Policy)
		ip      string
		mode    Mode
		other   string
		desktop string
	}{
		{file: "create-1", mode: Enforced, other: otherPasses, desktop: modernFree}, // Exchange Online only
		{file: "create-1", change: sharePoint, mode: Enforced, other: otherPasses, desktop: inferredModern},
		{file: "create-1", change: sharePoint, ip: "203.0.113.1", mode: Enforced, other: otherPasses, desktop: modernFree},
		{file: "create-2", mode: Enforced, other: "false, blocked", desktop: "false, blocked"},
		{file: "create-2", change: sharePoint, mode: Enforced, other: "unknown, blocked", desktop: "unknown, blocked"},
		{
			file: "create-2", change: sharePoint, ip: "203.0.113.1",
			mode: Enforced, other: "true, blocked", desktop: "true, blocked",
		},
		{file: "create-3", mode: Off, other: "false, satisfied", desktop: "false, satisfied"},
		{
			// Switched on for this account: risk, platform and trusted locations stay open, and
			// one of the controls might be satisfied by terms that were accepted before.
			file: "create-3", mode: Enforced, other: otherMay, desktop: "unknown, unknown mfa",
			change: func(p *facts.Policy) {
				p.State = "enabled"
				p.Conditions.Users.IncludeUsers = []string{me}
			},
		},
		{file: "create-4", change: sharePoint, mode: Enforced, other: otherStops, desktop: modernStops},
		{file: "list-1", mode: Off, other: "false, satisfied", desktop: "false, satisfied"},
		{file: "evaluate-1a", mode: ReportOnly, other: "true, satisfied", desktop: "true, satisfied"},
		{file: "evaluate-1b", mode: ReportOnly, other: otherMay, desktop: modernMay},
		{file: "evaluate-2", mode: ReportOnly, other: otherPasses, desktop: modernFree},
		{
			file: "evaluate-2", mode: ReportOnly, other: otherStops, desktop: modernStops,
			change: func(p *facts.Policy) { p.Conditions.Applications.Include = []string{"All"} },
		},
	} {
		p := documented(t, c.file)
		if c.change != nil {
			c.change(&p)
		}
		k := admin()
		if c.ip != "" {
			k = k.from(c.ip, "")
		}
		for client, want := range map[Client]string{Other: c.other, MobileAppsAndDesktop: c.desktop} {
			r, steps := judged(t, p, k.signIn(client))
			if got := summary(r); got != want || r.Mode != c.mode {
				t.Errorf("%s, %s: %s, %s; want %s, %s\n%+v", c.file, client, r.Mode, got, c.mode, want, steps)
			}
		}
	}
}

// TestDecodeDocumented compares the two richest bodies with what they say, word for word.
func TestDecodeDocumented(t *testing.T) {
	got := documented(t, "create-3")
	want := facts.Policy{
		ID: "6b5e999b-0ba8-4186-a106-e0296c1c4358", DisplayName: "Demo app for documentation", State: "disabled",
		CreatedDateTime: got.CreatedDateTime,
		Conditions: facts.Conditions{
			Users: &facts.PolicyUsers{
				IncludeUsers: []string{"a702a13d-a437-4a07-8a7e-8c052de62dfd"},
				ExcludeUsers: []string{"124c5b6a-ffa5-483a-9b88-04c3fce5574a", "GuestsOrExternalUsers"},
				IncludeRoles: []string{
					"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "cf1c38e5-3621-4004-a7cb-879624dced7c",
					"c4e39bd9-1100-46d3-8c65-fb160da0071f",
				},
				ExcludeRoles: []string{"b0f54661-2d74-4c50-afa3-1ec803f12efe"},
			},
			Applications: &facts.PolicyApplications{
				Include: []string{"All"},
				Exclude: []string{
					"499b84ac-1321-427f-aa17-267ca6975798", "00000007-0000-0000-c000-000000000000",
					"de8bc8b5-d9f9-48b1-a8ad-b748da725064", "00000012-0000-0000-c000-000000000000",
					"797f4846-ba00-4fd7-ba43-dac1f8f63013", "05a65629-4c1b-48c1-a78b-804c4abdd4af",
					"7df0a125-d3be-4c96-aa54-591f83ff541c",
				},
			},
			ClientAppTypes: []string{"mobileAppsAndDesktopClients", "exchangeActiveSync", "other"},
			Platforms:      &facts.Platforms{Include: []string{"all"}, Exclude: []string{"iOS", "windowsPhone"}},
			Locations: &facts.Locations{
				Include: []string{"AllTrusted"},
				Exclude: []string{"00000000-0000-0000-0000-000000000000", "d2136c9c-b049-47ae-b9cf-316e04ef7198"},
			},
			SignInRiskLevels: []string{"high", "medium"},
		},
		GrantControls: &facts.GrantControls{
			Operator: "OR",
			BuiltInControls: []string{
				"mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication",
			},
			TermsOfUse: []string{"ce580154-086a-40fd-91df-8a60abac81a0", "7f29d675-caff-43e1-8a53-1b8516ed2075"},
		},
		SessionControls: []string{"cloudAppSecurity", "signInFrequency"},
		SessionDetails: &facts.SessionDetails{
			CloudAppSecurityType: "blockDownloads", SignInFrequency: &facts.SignInFrequency{Value: new(4), Type: "hours"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c := got.CreatedDateTime; c == nil || !c.Equal(time.Date(2019, 9, 26, 23, 12, 16, 79270600, time.UTC)) {
		t.Errorf("created %v", got.CreatedDateTime)
	}
	strength := documented(t, "evaluate-2").GrantControls.AuthenticationStrength
	if strength == nil || strength.RequirementsSatisfied != "mfa" || len(strength.AllowedCombinations) != 19 ||
		strength.AllowedCombinations[6] != "password,microsoftAuthenticatorPush" {
		t.Errorf("strength %+v", strength)
	}
}

// TestDecodeLocation reads the bodies of "List namedLocations", example 1.
func TestDecodeLocation(t *testing.T) {
	for _, c := range []struct {
		body string
		want facts.NamedLocation
	}{
		{
			`{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"06e4ff15-ca6b-4843-9c34-3fdd1ce8f739",
			"displayName":"IPv4 named location","modifiedDateTime":"2019-07-26T18:00:43.5796446Z","isTrusted":false,
			"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"6.5.4.3/32"},
				{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"127.126.125.0/24"}]}`,
			facts.NamedLocation{
				ID: "06e4ff15-ca6b-4843-9c34-3fdd1ce8f739", DisplayName: "IPv4 named location", Type: "ip",
				IsTrusted: new(false), Ranges: []string{"6.5.4.3/32", "127.126.125.0/24"},
			},
		},
		{
			`{"@odata.type":"#microsoft.graph.countryNamedLocation","id":"1b7f0916-7677-40d8-97a1-d606f4ed8fcf",
			"displayName":"Country named location","countriesAndRegions":["US","CA"],
			"includeUnknownCountriesAndRegions":false}`,
			facts.NamedLocation{
				ID: "1b7f0916-7677-40d8-97a1-d606f4ed8fcf", DisplayName: "Country named location", Type: "country",
				Countries: []string{"US", "CA"}, IncludeUnknown: new(false),
			},
		},
		{
			`{"@odata.type":"#microsoft.graph.compliantNetworkNamedLocation","id":"3d46dbda-8382-466a-856d-eb00cbc6b910"}`,
			facts.NamedLocation{
				ID: "3d46dbda-8382-466a-856d-eb00cbc6b910", Type: "#microsoft.graph.compliantNetworkNamedLocation",
			},
		},
	} {
		got, err := DecodeLocation(json.RawMessage(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
	// The third body of the example, with host bits behind its prefix, is a location that fits.
	ipv6 := `{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"05239353-9117-4d29-a6a1-89724cb61b8c",
		"isTrusted":true,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv6CidrRange",
		"cidrAddress":"2001:4898:80e8:7:d92a:7695:fda1:9d62/48"}]}`
	l, err := DecodeLocation(json.RawMessage(ipv6))
	if err != nil {
		t.Fatal(err)
	}
	o := NewOrigin(&facts.Egress{IP: "2001:4898:80e8:ffff::1"}, facts.Got([]facts.NamedLocation{l}))
	if m := o.in("AllTrusted"); m.value != True || m.arg != l.ID {
		t.Errorf("%+v", m)
	}
}

// TestDecodeStrength reads a body of "List authenticationStrengthPolicies".
func TestDecodeStrength(t *testing.T) {
	got, err := DecodeStrength(json.RawMessage(`{"id":"00000000-0000-0000-0000-000000000004",
		"createdDateTime":"2021-12-01T00:00:00Z","displayName":"Phishing resistant MFA","description":"…",
		"policyType":"builtIn","requirementsSatisfied":"mfa",
		"allowedCombinations":["windowsHelloForBusiness","fido2","x509CertificateMultiFactor"],
		"combinationConfigurations@odata.context":"https://graph.microsoft.com/v1.0/$metadata#policies",
		"combinationConfigurations":[]}`))
	want := facts.Strength{
		ID: "00000000-0000-0000-0000-000000000004", DisplayName: "Phishing resistant MFA", RequirementsSatisfied: "mfa",
		AllowedCombinations: []string{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"},
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
}

func TestUnrecognised(t *testing.T) {
	for _, c := range []struct {
		patch string
		want  string // paths, joined by spaces
	}{
		{`{}`, ""},
		{`{"@odata.etag":"W/\"1\"","grantControls@odata.context":"https://x/","@microsoft.graph.tips":"…"}`, ""},
		{`{"new1":null,"new2":false,"new3":"","new4":[],"new5":{},"new6":[ ],"new7":{ }}`, ""},
		{`{"new":0}`, "new"},
		{`{"new":[null]}`, "new"},
		{`{"State":"disabled"}`, "malformed"}, // a second spelling of a name
		{`{"conditions":{"times":{"x":1},"agentIdRiskLevels":"high"}}`, "conditions.agentIdRiskLevels conditions.times"},
		{`{"conditions":{"users":{"includeAgents":["All"]}}}`, "conditions.users.includeAgents"},
		{`{"conditions":{"users":{"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"none","x":1}}}}`,
			"conditions.users.includeGuestsOrExternalUsers.x"},
		{`{"conditions":{"devices":{"includeDevices":["All"],"deviceFilter":{"x":1}}}}`,
			"conditions.devices.deviceFilter.x conditions.devices.includeDevices"},
		{`{"conditions":{"clientApplications":{"x":1}}}`, "conditions.clientApplications.x"},
		{`{"grantControls":{"x":1,"authenticationStrength":{"id":"1","x":1}}}`,
			"grantControls.authenticationStrength.x grantControls.x"},
		{`{"sessionControls":{"signInFrequency":{"isEnabled":true,"x":1},"x":{"isEnabled":true}}}`, "sessionControls.x"},
	} {
		p, err := Decode(raw(t, c.patch))
		got := strings.Join(p.Unrecognised, " ")
		if err != nil {
			got = "malformed"
		}
		if got != c.want {
			t.Errorf("%s: %q (%v), want %q", c.patch, got, err, c.want)
		}
	}
}
