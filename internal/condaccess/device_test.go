package condaccess

import (
	"strings"
	"testing"
)

// TestUnregistered: "Conditional Access: Filter for devices", the table of what the filter does and
// the examples of the table of supported attributes.
func TestUnregistered(t *testing.T) {
	for rule, want := range map[string]Tri{
		// Positive operators: the filter is not applied.
		`(device.deviceid -eq "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb")`:        False,
		`(device.displayName -contains "ABC")`:                                False,
		`(device.enrollmentProfileName -startsWith "AutoPilot Profile")`:      False,
		`device.model -endsWith "Pro"`:                                        False,
		`(device.isCompliant -eq "True")`:                                     False,
		`device.isCompliant -eq True`:                                         False,
		`(device.mdmAppId -in ["00001111-aaaa-2222-bbbb-3333cccc4444"])`:      False,
		`(device.operatingSystemVersion -in ["10.0.18363", "10.0.19041"])`:    False,
		`(device.physicalIds -contains "[ZTDId]:value")`:                      False,
		`device.trustType -eq "ServerAD" -or device.isCompliant -eq True`:     False,
		`(device.trustType -eq "ServerAD") -and (device.model -contains "A")`: False,
		`-not (device.model -notContains "Surface")`:                          False,
		`-not -not device.model -contains "Surface"`:                          False,
		`(((device.model -eq "A" -or (device.model -eq "B"))))`:               False,
		"\tdevice.model\n-eq\r\n\"A\" ":                                       False,
		// Negative operators: it is.
		`device.extensionAttribute1 -ne "SAW"`:                               True,
		`(device.model -notContains "Surface")`:                              True,
		`device.model -notStartsWith "A" -and device.model -notEndsWith "B"`: True,
		`device.mdmAppId -notIn ["a","b"]`:                                   True,
		`-not (device.trustType -eq "ServerAD")`:                             True,
		`-not device.trustType -eq "ServerAD" -and device.model -ne "x"`:     True,
		`device.model -NE 'it''s'`:                                           Unknown, // two strings in a row
		`device.model -ne 'x'`:                                               True,
		`device.model ne "x" and device.model notcontains "y"`:               True, // without hyphens
		`DEVICE.model -Ne "x" -AND device.model -NOTIN ["y"]`:                True,
		`device.model -ne "a \"quoted\" word"`:                               True,
		"device.model -ne \"a `\"quoted`\" word\"":                           True,
		// Both at once, or what is not documented: nothing is said.
		`device.model -eq "A" -or device.model -ne "B"`:         Unknown,
		`device.model -ne "A" -and -not (device.model -ne "B")`: Unknown,
		`device.model -eq null`:                                 Unknown,
		`device.model -ne null`:                                 Unknown,
		`device.model -ne NULL`:                                 Unknown,
		`device.model -eq ""`:                                   Unknown,
		`device.model -ne ""`:                                   Unknown,
		`device.model -notIn []`:                                Unknown,
		`device.model -notIn ["a",""]`:                          Unknown,
		`device.model -notIn "a"`:                               Unknown,
		`device.model -ne ["a"]`:                                Unknown,
		`device.model -match "^A"`:                              Unknown,
		`device.model -notMatch "^A"`:                           Unknown,
		`device.model -ge "5"`:                                  Unknown,
		`user.department -ne "Sales"`:                           Unknown,
		`model -ne "A"`:                                         Unknown,
		`device. -ne "A"`:                                       Unknown,
		`device.model`:                                          Unknown,
		`device.model -ne`:                                      Unknown,
		`device.model -ne "A`:                                   Unknown,
		`device.model -ne "A" -and`:                             Unknown,
		`device.model -ne "A" -xor device.model -ne "B"`:        Unknown,
		`device.model -ne "A" "B"`:                              Unknown,
		`device.model –ne "A"`:                                  Unknown, // a dash, not a hyphen
		`(device.model -ne "A"`:                                 Unknown,
		`device.model -ne "A")`:                                 Unknown,
		`()`:                                                    Unknown,
		`-not`:                                                  Unknown,
		``:                                                      Unknown,
		` `:                                                     Unknown,
	} {
		if got := unregistered(rule); got != want {
			t.Errorf("%q: %v, want %v", rule, got, want)
		}
	}
}

func TestLongestRule(t *testing.T) {
	prefix, suffix := `device.model -ne "`, `"`
	fits := prefix + strings.Repeat("é", maxRule-len(prefix)-len(suffix)) + suffix
	if got := unregistered(fits); got != True {
		t.Errorf("a rule of the documented length: %v", got)
	}
	if got := unregistered(fits + " "); got != Unknown {
		t.Errorf("a longer rule: %v", got)
	}
	if got := unregistered(strings.Repeat("(", maxRule)); got != Unknown {
		t.Errorf("parentheses: %v", got)
	}
}

// FuzzUnregistered: no rule makes the reader panic or hang, NOT turns a definite answer
// around, a rule that agrees with itself still does, and a part that is not understood takes
// every answer away.
func FuzzUnregistered(f *testing.F) {
	for _, rule := range []string{
		`device.extensionAttribute1 -ne "SAW"`,
		`-not (device.model -in ["a", 'b'] -or device.isCompliant -eq True)`,
		`((device.model -notContains "x") -and (device.model -notStartsWith "y")) -or device.model -ne 'z'`,
	} {
		f.Add(rule)
	}
	for _, c := range scenarios(f) {
		if d := policy(f, c.patch).Conditions.Devices; d != nil {
			f.Add(d.FilterRule)
		}
	}
	f.Fuzz(func(t *testing.T, rule string) {
		v := unregistered(rule)
		if len(rule) > maxRule/3 {
			return
		}
		if not := unregistered("-not (" + rule + ")"); v != Unknown && not != v.Not() {
			t.Errorf("%q is %v, its negation %v", rule, v, not)
		}
		if twice := unregistered("(" + rule + ") -and (" + rule + ")"); v != Unknown && twice != v {
			t.Errorf("%q is %v, twice %v", rule, v, twice)
		}
		for _, news := range []string{" -and device.model -resembles \"x\"", " -or user.department -ne \"x\"", " -xor"} {
			if more := unregistered(rule + news); more != Unknown {
				t.Errorf("%q is %v, with %q %v", rule, v, news, more)
			}
		}
	})
}
