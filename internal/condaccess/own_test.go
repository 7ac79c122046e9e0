package condaccess

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// The files in testdata/own are policies as organisations write them, each judged twice: as it
// is, and with one thing changed that turns the verdict for at least one kind of client. The
// comment says what the policy is for, and which of Microsoft's pages decides about it.
//
//	policy        what differs from basePolicy, MFA for everybody
//	sign-in       who signs in, and from where: "delegate from 192.0.2.1 DE"; without it, admin
//	want          the verdict per kind of client; what is demanded of a browser, and the warnings
//	change        members of the policy, or sign-in
//	want changed  the same after the change
const ownPolicies = "testdata/own/*.txtar"

func own(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	files, err := filepath.Glob(ownPolicies)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", ownPolicies, err)
	}
	all := map[string]*txtar.Archive{}
	for _, name := range files {
		if all[name], err = txtar.ParseFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func section(t testing.TB, a *txtar.Archive, name string) string {
	t.Helper()
	for _, f := range a.Files {
		if f.Name == name {
			return strings.TrimSpace(string(f.Data))
		}
	}
	return ""
}

// strengths are those of the tenant: the three that are built in ("List
// authenticationStrengthPolicies"; their combinations shortened) and one of its own.
func strengths() facts.Seen[[]facts.Strength] {
	return facts.Got([]facts.Strength{
		{
			ID: "00000000-0000-0000-0000-000000000002", DisplayName: "Multifactor authentication",
			RequirementsSatisfied: "mfa", AllowedCombinations: []string{"fido2", "password,microsoftAuthenticatorPush", "password,sms"},
		},
		{
			ID: "00000000-0000-0000-0000-000000000003", DisplayName: "Passwordless MFA",
			RequirementsSatisfied: "mfa", AllowedCombinations: []string{"fido2", "deviceBasedPush"},
		},
		{
			ID: "00000000-0000-0000-0000-000000000004", DisplayName: "Phishing resistant MFA",
			RequirementsSatisfied: "mfa", AllowedCombinations: []string{"fido2", "x509CertificateMultiFactor"},
		},
		{
			ID: "1d9d5f9a-24f4-4f2c-9f0b-7a2a7b1b2c3d", DisplayName: "Password will do",
			RequirementsSatisfied: "none", AllowedCombinations: []string{"password"},
		},
	})
}

// knowing reads "who from address country", where "-" is not declared.
func knowing(t testing.TB, text string) knowledge {
	t.Helper()
	who, origin, _ := strings.Cut(text, " from ")
	k := admin()
	roles := func(list ...facts.RoleAssignment) { k.roles = []facts.Seen[[]facts.RoleAssignment]{facts.Got(list)} }
	switch who {
	case "admin", "":
	case "delegate", "promoted", "eligible":
		roles()
	case "activated":
		roles()
		k.roles = append(k.roles, facts.Got([]facts.RoleAssignment{role(ga, "/")}))
	case "scoped":
		roles(role(spoAdmin, "/administrativeUnits/9a9bc1f3-3c5f-4b35-8a3b-5b1f7a5f5a5e"))
	case "sharepoint-admin":
		roles(role(spoAdmin, "/"))
	case "guest":
		roles()
		guestUser(&k)
	case "groups-unread":
		k.groups = facts.Missed[[]facts.Group](notRead)
	default:
		t.Fatalf("nobody is called %q", who)
	}
	if origin != "" {
		address, country, _ := strings.Cut(origin, " ")
		k = k.from(strings.TrimPrefix(address, "-"), country)
	}
	return k
}

func signingIn(t testing.TB, text string, c Client) *SignIn {
	s := knowing(t, text).signIn(c)
	if strings.HasPrefix(text, "promoted") {
		s.Account = s.Account.With(GlobalAdministrator)
	}
	return s
}

// verdict is what a check makes of a result.
func verdict(r Result) string {
	var b strings.Builder
	fails := r.Fails()
	switch r.Mode {
	case Off:
		return "off"
	case ReportOnly:
		b.WriteString("report-only: ")
	case ModeUnknown:
		fails = fails.And(Unknown)
	}
	b.WriteString(map[Tri]string{True: "fails", Unknown: "may fail", False: "passes"}[fails])
	if fails == False {
		return b.String()
	}
	b.WriteString(map[Tri]string{True: ", mfa", Unknown: ", mfa?"}[r.DemandsMFA])
	if r.Inferred {
		b.WriteString(", inferred")
	}
	return b.String()
}

func (d Demand) String() string {
	if len(d.Controls) == 0 {
		return "nothing"
	}
	var b strings.Builder
	b.WriteString(string(d.Operator))
	for _, c := range d.Controls {
		fmt.Fprintf(&b, " %s", c.Code)
		// The words mfa and block say nothing that the code does not.
		if len(c.Args) != 1 || c.Args[0] != string(c.Code) {
			fmt.Fprintf(&b, "(%s)", strings.Join(c.Args, ","))
		}
		if c.May {
			b.WriteString("?")
		}
	}
	return b.String()
}

func (w Warning) String() string {
	var b strings.Builder
	b.WriteString(string(w.Code))
	if w.Arg != "" {
		fmt.Fprintf(&b, "(%s)", w.Arg)
	}
	if w.Value == Unknown {
		b.WriteString("?")
	}
	if !w.From.IsZero() {
		b.WriteString(" from " + w.From.Format(time.RFC3339))
	}
	return b.String()
}

// lines are what the files want, and what the engine gives.
func lines(t *testing.T, patch map[string]any, who string) map[string]string {
	t.Helper()
	text, err := json.Marshal(patch)
	if err != nil {
		t.Fatal(err)
	}
	p := Resolve([]facts.Policy{policy(t, string(text))}, strengths())[0]
	got := map[string]string{}
	for _, client := range clients {
		r, _ := judged(t, p, signingIn(t, who, client))
		got[string(client)] = verdict(r)
	}
	got["demands"] = Demanded(&p, Browser).String()
	var warns []string
	for _, w := range Warnings(&p, signingIn(t, who, Browser)) {
		warns = append(warns, w.String())
	}
	if len(warns) > 0 {
		got["warns"] = strings.Join(warns, " ")
	}
	return got
}

func wanted(t *testing.T, text string) map[string]string {
	t.Helper()
	want := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			t.Fatalf("no expectation: %q", line)
		}
		want[name] = value
	}
	for _, client := range clients {
		if want[string(client)] == "" {
			t.Fatalf("no verdict for %s", client)
		}
	}
	return want
}

func TestOwnPolicies(t *testing.T) {
	for name, a := range own(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			if len(strings.Split(strings.TrimSpace(string(a.Comment)), "\n")) < 2 {
				t.Error("the comment does not say what the policy is for and where its meaning is from")
			}
			var patch map[string]any
			if err := json.Unmarshal([]byte(section(t, a, "policy")), &patch); err != nil {
				t.Fatal(err)
			}
			who := section(t, a, "sign-in")
			before, want := lines(t, patch, who), wanted(t, section(t, a, "want"))
			if !maps.Equal(before, want) {
				t.Errorf("got  %v\nwant %v", before, want)
			}
			for line := range strings.Lines(section(t, a, "change")) {
				path, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
				switch {
				case !ok:
					t.Fatalf("no change: %q", line)
				case path == "sign-in":
					who = value
				default:
					var v any
					if err := json.Unmarshal([]byte(value), &v); err != nil {
						t.Fatalf("%v in %s", err, line)
					}
					names := strings.Split(path, ".")
					for i := len(names) - 1; i >= 0; i-- {
						v = map[string]any{names[i]: v}
					}
					merge(patch, v.(map[string]any))
				}
			}
			after, want := lines(t, patch, who), wanted(t, section(t, a, "want changed"))
			if !maps.Equal(after, want) {
				t.Errorf("changed: got  %v\nwant %v", after, want)
			}
			turned := false
			for _, client := range clients {
				turned = turned || before[string(client)] != after[string(client)]
			}
			if !turned {
				t.Error("the change turns no verdict")
			}
		})
	}
}

// ownScenarios are the same policies for the tests that change what is known.
func ownScenarios(t testing.TB) []scenario {
	var list []scenario
	for name, a := range own(t) {
		who := section(t, a, "sign-in")
		list = append(list, scenario{
			name: name, patch: section(t, a, "policy"), know: func(k *knowledge) { *k = knowing(t, who) },
		})
	}
	slices.SortFunc(list, func(a, b scenario) int { return strings.Compare(a.name, b.name) })
	return list
}
