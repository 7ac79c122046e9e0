package ticket

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes/facts"
)

var taken = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)

// values are the types of all facts.
var values = map[string]any{
	facts.DeclaredRun.Name: facts.Run{}, facts.DeclaredM365.Name: facts.Microsoft365{}, facts.DeclaredGoogle.Name: facts.Google{},
	facts.DeclaredCAS.Name: facts.CAS{}, facts.DeclaredLicensing.Name: facts.Licensing{}, facts.DeclaredSymptoms.Name: []facts.Symptom{},
	facts.DeclaredWaivers.Name: []facts.Waiver{}, facts.M365Tenant.Name: facts.Tenant{}, facts.M365Accounts.Name: facts.AccountSet{},
	facts.M365SecurityDefaults.Name: facts.SecurityDefaults{}, facts.M365ConditionalAccess.Name: facts.ConditionalAccess{},
	facts.M365SharePoint.Name: facts.SharePoint{}, facts.M365Traces.Name: facts.Traces{}, facts.M365WhatIf.Name: facts.WhatIf{},
	facts.M365SignIns.Name: facts.SignIns{}, facts.M365SignInClients.Name: facts.SignInClients{}, facts.CASAPI.Name: facts.CASAccess{},
	facts.CASDetections.Name: facts.DetectionSet{}, facts.ConsoleEndpoint.Name: facts.Console{}, facts.MailMessages.Name: []facts.Message{},
	facts.MailRecords.Name: []facts.MailDomain{}, facts.MailDNS.Name: facts.MailAnswers{}, facts.WorkspaceDelegation.Name: facts.Delegation{},
	facts.WorkspaceDomains.Name: facts.WorkspaceDomainSet{}, facts.WorkspaceGrants.Name: facts.Grants{}, facts.LMPSubscription.Name: facts.Subscription{},
}

// TestEveryFactHasARule finds the keys in the source, so that a new fact cannot be forgotten.
func TestEveryFactHasARule(t *testing.T) {
	files, err := filepath.Glob("../../probes/facts/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	key := regexp.MustCompile(`Key\[.+\]\{"(.+)"\}`)
	found := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(src), -1) {
			found++
			if _, ok := rules()[m[1]]; !ok {
				t.Errorf("%s has no rule for what of it leaves the house", m[1])
			}
			if _, ok := values[m[1]]; !ok {
				t.Errorf("%s is not in this test", m[1])
			}
		}
	}
	if found != len(rules()) {
		t.Errorf("%d facts, %d rules", found, len(rules()))
	}
}

// plant fills every string of a value with what next gives, and every pointer and list with one.
// failures says whether what could not be looked at is filled too.
func plant(v reflect.Value, next func() string, failures bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !failures && v.Type() == reflect.TypeFor[*facts.Failure]() {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		plant(v.Elem(), next, failures)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			plant(v.Index(i), next, failures)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range []string{next(), "SFV"} {
			e := reflect.New(v.Type().Elem()).Elem()
			plant(e, next, failures)
			v.SetMapIndex(reflect.ValueOf(k), e)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(taken))
			return
		}
		for i := range v.NumField() {
			plant(v.Field(i), next, failures)
		}
	case reflect.String:
		v.SetString(next())
	case reflect.Int:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// planted is evidence in which every string is a canary of a shape.
func planted(t *testing.T, shape string, failures bool) *facts.Evidence {
	t.Helper()
	n := 0
	next := func() string {
		n++
		return strings.ReplaceAll(shape, "#", fmt.Sprint(n))
	}
	ev := &facts.Evidence{Schema: facts.Schema, Taken: taken, Tenant: next(), Facts: map[string]facts.Fact{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := reflect.New(reflect.TypeOf(values[name]))
		plant(v.Elem(), next, failures)
		if run, ok := v.Interface().(*facts.Run); ok {
			run.Sections = []string{"microsoft365", "google", "cas", "licensing"} // or nothing would be judged
			run.Phase = "before"
		}
		raw, err := json.Marshal(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		f := facts.Fact{Value: raw, Source: facts.Observed, Taken: taken, Requests: []facts.Request{{Method: "GET", URL: "https://" + next()}}}
		if failures {
			f.Failure = &facts.Failure{Kind: facts.Forbidden, Code: next(), Permission: next(), Detail: next()}
		}
		ev.Facts[name] = f
	}
	ev.Facts[next()] = facts.Fact{Value: json.RawMessage(`"` + next() + `"`), Source: facts.Observed, Taken: taken}
	return ev
}

func reportOf(ev *facts.Evidence) report.Report {
	return report.New(ev, checks.Evaluate(ev, checks.All(), checks.Options{}), report.Options{Version: "1.0.0", FailOn: checks.StatusWarn})
}

func unzip(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

func made(t *testing.T, in Input) (map[string]string, []byte, []Mapping) {
	t.Helper()
	raw, _, names, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return unzip(t, raw), raw, names
}

// TestNoCanaryLeaves: whatever stands in a string of the evidence, none of it is left in a bundle
// with pseudonyms.
func TestNoCanaryLeaves(t *testing.T) {
	for _, shape := range []string{
		"zqcanary#", "Zqcanary Name #", "zqcanary#@zqcanary#.com", "zqcanary#.zqcanary#.co.jp", "zqcanary#.onmicrosoft.com",
		"zqcanary#.mail.protection.outlook.com", "zqcanary#.trendmicro.com", "zqcanary#@zqcanary#.iam.gserviceaccount.com", "<zqcanary#@mail.zqcanary.com>", "CN=zqcanary#", "CN=zqcanary#, O=Zqcanary#",
		"https://admin.tmcas.trendmicro.com/zqcanary#", "https://zqcanary#.com/a", "zqcanary#:443", "zqcanary# and zqcanary", "default zqcanary#",
		"Mozilla/5.0 (Windows NT 6.1; zqcanary#; Trident/7.0; rv:11.0) like Gecko", "GET /v1.0/users/zqcanary#", "v=spf1 include:zqcanary#.com -all",
		"zqcanary#.eml", "AADSTS50076 zqcanary#", "TLS 1.2 zqcanary#",
	} {
		for _, failures := range []bool{false, true} {
			ev := planted(t, shape, failures)
			files, _, _ := made(t, Input{Report: reportOf(ev), Evidence: ev, Pseudonyms: true})
			for name, text := range files {
				if i := strings.Index(strings.ToLower(text), "zqcanary"); i >= 0 {
					t.Errorf("%q (failures %v): %s has …%s…", shape, failures, name, text[max(0, i-120):min(len(text), i+60)])
				}
			}
		}
	}
	for shape, left := range map[string]string{
		"20010db8-0000-4000-8000-#00000000000": "20010db8", "203.0.113.#": "203.0.113.", "2001:db8::#": "2001:db8", "198.51.100.#/32": "198.51.100", "770000#": "770000",
	} {
		ev := planted(t, shape, false)
		files, _, _ := made(t, Input{Report: reportOf(ev), Evidence: ev, Pseudonyms: true})
		for name, text := range files {
			if i := strings.Index(text, left); i >= 0 {
				t.Errorf("%q: %s has …%s…", shape, name, text[max(0, i-120):min(len(text), i+60)])
			}
		}
	}
}

// TestWhatStaysAtHome: what has no rule, and what a rule takes out, is in no bundle.
func TestWhatStaysAtHome(t *testing.T) {
	ev := planted(t, "plain#", false)
	put := func(name, value string) {
		ev.Facts[name] = facts.Fact{Value: json.RawMessage(value), Source: facts.Observed, Taken: taken}
	}
	put("m365.future_fact", `{"token":"secret-of-the-future"}`)
	put(facts.M365SharePoint.Name, `{"isLegacyAuthProtocolsEnabled":true,"future_member":"secret-member"}`)
	put(facts.M365Accounts.Name, `{"accounts":[{"address":"admin@contoso.com","user":{"value":{"id":"1","displayName":"Ada Lovelace"}},
		"groups":{"value":[{"id":"2","displayName":"secret-group"}]}},{"address":"d@contoso.com","user":{"value":{"id":"3",
		"displayName":"Cloud App Security Service Account for SharePoint"}}}],"delegates_found":{}}`)
	put(facts.M365ConditionalAccess.Name, `{"policies":{"value":[{"id":"p","displayName":"secret-policy","state":"on","conditions":{}}]},"named_locations":{},"authentication_strengths":{}}`)
	put(facts.DeclaredWaivers.Name, `[{"cause":"MFA-01.C1","subject":"*","reason":"secret-reason","owner":"secret-owner","until":"2026-12-31"}]`)
	put(facts.LMPSubscription.Name, `"not the shape, secret-shape"`)
	put(facts.MailMessages.Name, `[{"file":"secret-subject.eml","headers":{"value":{}}}]`)
	put(facts.MailRecords.Name, `[{"domain":"contoso.com","spf":{"value":["v=spf1 -all"]},"dmarc":{"failure":{"kind":"not_found"}}}]`)
	r := reportOf(ev)
	r.Checks[0].Causes[0].Waived = &checks.Waived{Reason: "secret-reason", Until: "2026-12-31", Owner: "secret-owner"}
	files, _, _ := made(t, Input{Report: r, Evidence: ev})
	for name, text := range files {
		if i := strings.Index(text, "secret-"); i >= 0 {
			t.Errorf("%s has …%s…", name, text[max(0, i-100):min(len(text), i+40)])
		}
		if strings.Contains(text, "Lovelace") {
			t.Errorf("%s names somebody", name)
		}
	}
	for name, want := range map[string]string{
		evidenceName: "Cloud App Security Service Account for SharePoint", manifestName: facts.M365ConditionalAccess.Name,
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s lacks %q", name, want)
		}
	}
	if !strings.Contains(files[evidenceName], "message-1.eml") || !strings.Contains(files[evidenceName], "v=spf1 -all") {
		t.Error("the message and the public records belong into it")
	}
	if strings.Contains(files[evidenceName], `"requests"`) {
		t.Error("the requests are of no use to a supporter")
	}
	var kept facts.Evidence
	if err := json.Unmarshal([]byte(files[evidenceName]), &kept); err != nil || kept.Facts[facts.M365SharePoint.Name].Value == nil {
		t.Errorf("it is no evidence: %v", err)
	}
}

// TestOneNameOnePseudonym: the same name has the same pseudonym in all files, and what serves
// everybody keeps its own.
func TestOneNameOnePseudonym(t *testing.T) {
	ev := &facts.Evidence{Schema: facts.Schema, Taken: taken, Tenant: "contoso", Facts: map[string]facts.Fact{}}
	put := func(name, value string) {
		ev.Facts[name] = facts.Fact{Value: json.RawMessage(value), Source: facts.Declared, Taken: taken}
	}
	put(facts.DeclaredRun.Name, `{"tenant":"contoso","phase":"before","sections":["microsoft365","licensing","cas"]}`)
	put(facts.DeclaredM365.Name, `{"tenant_id":"84841066-274d-4ec0-a5c1-276be684bdd3","cloud":"global","provisioning":"automatic","global_admin":"Admin@contoso.com","services":["sharepoint"]}`)
	put(facts.DeclaredLicensing.Name, `{"accounts":[{"id":"clp-a","company":"1001","primary":true,"license":"trial","expires":"2026-01-31"}],"sign_in":{"account":"clp-a","type":"clp"}}`)
	put(facts.DeclaredCAS.Name, `{"site":"eu","console":"admin-eu.tmcas.trendmicro.com:443","internal_domains":["contoso.com","mail.contoso.com"]}`)
	files, _, mapping := made(t, Input{Report: reportOf(ev), Evidence: ev, Pseudonyms: true})
	stands := map[string]string{}
	for _, m := range mapping {
		if other, twice := stands[m.Pseudonym]; twice {
			t.Errorf("%s stands for %s and %s", m.Pseudonym, other, m.Stands)
		}
		stands[m.Pseudonym] = m.Stands
	}
	for pseudonym, want := range map[string]string{"organisation-1": "contoso", "account-1": "clp-a", "company-1": "1001", "domain-1.example": "contoso.com"} {
		if stands[pseudonym] != want {
			t.Errorf("%s stands for %q, want %q", pseudonym, stands[pseudonym], want)
		}
	}
	for _, name := range []string{reportName, evidenceName, ticketEN, ticketJA} {
		for _, want := range []string{"account-1", "user-1@domain-1.example"} {
			if name == reportName && want != "account-1" {
				continue // without an answer of the tenant the report names no user
			}
			if !strings.Contains(files[name], want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
	for _, want := range []string{"admin-eu.tmcas.trendmicro.com:443", `"global"`, `"automatic"`, `"2026-01-31"`, `"trial"`, ".domain-1.example"} {
		if !strings.Contains(files[evidenceName], want) {
			t.Errorf("the evidence lost %s", want)
		}
	}
	if !strings.Contains(files[ticketEN], "The last valid day of the licence of account-1 was 2026-01-31") {
		t.Error("the sentences are not made anew:\n" + files[ticketEN])
	}
}

func TestSameInputSameBytes(t *testing.T) {
	for _, pseudonyms := range []bool{false, true} {
		ev := planted(t, "same#.contoso.com", false)
		_, first, _ := made(t, Input{Report: reportOf(ev), Evidence: ev, Pseudonyms: pseudonyms})
		for range 3 {
			if _, again, _ := made(t, Input{Report: reportOf(ev), Evidence: ev, Pseudonyms: pseudonyms}); !bytes.Equal(first, again) {
				t.Fatal("the same input gave other bytes")
			}
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	ev := planted(t, "a#", false)
	r := reportOf(ev)
	other, later := *ev, *ev
	other.Tenant, later.Taken = "b", ev.Taken.Add(time.Hour)
	for want, e := range map[string]*facts.Evidence{"the report of": &other, "two runs": &later} {
		if _, _, _, err := Make(Input{Report: r, Evidence: e}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestInspectRefuses: a bundle is what casdoctor made and nobody changed.
func TestInspectRefuses(t *testing.T) {
	ev := planted(t, "a#", false)
	files, good, _ := made(t, Input{Report: reportOf(ev), Evidence: ev})
	if _, err := Inspect(good); err != nil {
		t.Fatal(err)
	}
	pack := func(members ...[2]string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, m := range members {
			w, err := z.Create(m[0])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, m[1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var all [][2]string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, [2]string{name, files[name]})
	}
	change := func(name, content string) [][2]string {
		out := slices.Clone(all)
		for i := range out {
			if out[i][0] == name {
				out[i][1] = content
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":                 {nil, "no whole zip"},
		"no zip":                  {[]byte("PK\x03\x04 and no more"), "no whole zip"},
		"cut short":               {good[:len(good)/2], "no whole zip"},
		"somebody else's":         {pack([2]string{"a.txt", "a"}), `"a.txt" is no member`},
		"a path":                  {pack([2]string{"../report.json", "{}"}), "is no member"},
		"an absolute path":        {pack([2]string{"/etc/report.json", "{}"}), "is no member"},
		"a folder":                {pack([2]string{"report.json/", ""}), "is no member"},
		"a name twice":            {pack(append(slices.Clone(all), all[0])...), "twice"},
		"no manifest":             {pack([2]string{reportName, "{}"}), "casdoctor did not make it"},
		"an empty zip":            {pack(), "casdoctor did not make it"},
		"a manifest of no JSON":   {pack(change(manifestName, "{")...), "cannot be read"},
		"another schema":          {pack(change(manifestName, `{"schema":"x/v1"}`)...), `its schema is "x/v1"`},
		"a changed member":        {pack(change(ticketEN, "other")...), "it was changed"},
		"one byte of it":          {pack(change(ticketEN, "!"+files[ticketEN][1:])...), "it was changed"},
		"a member less":           {pack(all[1:]...), "does not hold what its manifest says"},
		"a bomb":                  {pack(change(reportName, strings.Repeat("0", maxMember+1))...), "larger than any member"},
		"a control in a name":     {pack([2]string{"\x1b[31m", ""}), "is no member"},
		"a manifest that grew":    {pack(change(manifestName, strings.Replace(files[manifestName], `"size": `, `"size": 1`, 1))...), "it was changed"},
		"the manifest of itself?": {pack([2]string{manifestName, `{"schema":"casdoctor.bundle/v1","members":[{"name":"report.json"}]}`}), "does not hold"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Inspect(c.raw)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

// TestInspectBelievesNoHeader: lying is a zip whose header says that a member is small.
func TestInspectBelievesNoHeader(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: reportName, Method: zip.Deflate})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	i := bytes.LastIndex(raw, []byte("PK\x01\x02")) // the central directory; its size is at 24
	copy(raw[i+24:], []byte{1, 0, 0, 0})
	if _, err := Inspect(raw); err == nil {
		t.Error("it was believed")
	}
}

func TestFind(t *testing.T) {
	f := findIn(`Admin@contoso.com を開き、user@fabrikam.co.jp microsoft365.delegates licensing.accounts m365.security_defaults report.json
		https://learn.microsoft.com/en-us/entra contoso-admin.sharepoint.com contoso-com.mail.protection.outlook.com mail.contoso.test
		203.0.113.7 127.0.0.1 2001:db8::7 12:30:15 version 1.2.3 84841066-274d-4ec0-a5c1-276be684bdd3 62e90394-69f5-4237-9190-012177145e10
		Policy.Read.All admin.directory.domain.readonly e.g. this`)
	for what, c := range map[string][2][]string{
		"addresses": {f.Addresses, {"admin@contoso.com", "user@fabrikam.co.jp"}},
		"domains": {f.Domains, {"contoso-admin.sharepoint.com", "contoso-com.mail.protection.outlook.com", "contoso.com", "fabrikam.co.jp",
			"mail.contoso.test"}},
		"ips": {f.IPs, {"2001:db8::7", "203.0.113.7"}},
		"ids": {f.IDs, {"84841066-274d-4ec0-a5c1-276be684bdd3"}},
	} {
		if !slices.Equal(c[0], c[1]) {
			t.Errorf("%s: %q, want %q", what, c[0], c[1])
		}
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// bound is evidence of a tenant that is held by a trial account, whose trial is over: the second
// documented fix is the only one left.
func bound() *facts.Evidence {
	ev := &facts.Evidence{Schema: facts.Schema, Taken: taken, Tenant: "contoso", Facts: map[string]facts.Fact{}}
	for name, value := range map[string]string{
		facts.DeclaredRun.Name: `{"tenant":"contoso","phase":"before","sections":["microsoft365","licensing"]}`,
		facts.DeclaredM365.Name: `{"tenant_id":"84841066-274d-4ec0-a5c1-276be684bdd3","cloud":"global","provisioning":"automatic",
			"global_admin":"admin@contoso.com","services":["sharepoint","onedrive"]}`,
		facts.DeclaredLicensing.Name: `{"accounts":[
			{"id":"clp-trial","company":"1001","license":"trial","expires":"2026-03-31","tenant_id":"84841066-274d-4ec0-a5c1-276be684bdd3","provisioned":"2025-02-01"},
			{"id":"clp-full","company":"1002","primary":true,"license":"full","expires":"2027-03-31"}],"sign_in":{"account":"clp-full","type":"clp"}}`,
		facts.DeclaredSymptoms.Name: `[{"check":"BND-01","text":"This CLP or LMP account is already registered by another Office 365 account","at":"2026-11-19T09:00:00Z"},
			{"check":"LIC-01","text":"` + "evil `\\u001b[31m\\u202e\\n# heading`" + `"}]`,
	} {
		ev.Facts[name] = facts.Fact{Value: json.RawMessage(value), Source: facts.Declared, Taken: taken}
	}
	return ev
}

// TestTicket: the text of the ticket has what the vendor asks for, and asks for the right account.
func TestTicket(t *testing.T) {
	ev := bound()
	r := reportOf(ev)
	for i := range r.Checks { // MFA-01 has nothing to do with it
		if r.Checks[i].ID == "MFA-01" {
			r.Checks[i].Status = checks.StatusSkip
		}
	}
	m := Manifest{Versions: Versions{Report: "1.0.0", Bundle: "1.1.0", Go: "go1.26", System: "linux/amd64"}}
	for lang, want := range map[string][]string{
		"en": {
			"CLP or LMP login ID: `clp-full`", "Activation code: ____", "Time at which it happened: 2026-11-19 09:00 UTC",
			"Account that provisioned before, to be unbound: `clp-trial`", "Account to provision with: `clp-full`",
			"BND-01.F1 (documented; does not work here)", "expired on 2026-03-31",
		},
		"ja": {"バインドを解除するアカウント: `clp-trial`", "アクティベーションコード: ____", "BND-01.F1 (文書に記載、使用不可)"},
	} {
		var b bytes.Buffer
		if err := writeTicket(&b, lang, r, ev, m); err != nil {
			t.Fatal(err)
		}
		for _, s := range want {
			if !strings.Contains(b.String(), s) {
				t.Errorf("%s lacks %q", lang, s)
			}
		}
		if strings.ContainsAny(b.String(), "\x1b\u202e") || strings.Contains(b.String(), "\n# heading") {
			t.Error("what was typed is not inert")
		}
		file := filepath.Join("testdata", "ticket."+lang+".md")
		if *update {
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(golden), b.String()); diff != "" {
			t.Errorf("%s differs (-want +got); go test ./internal/ticket -update writes it anew\n%s", file, diff)
		}
	}
}

// TestFreeTextStaysAtHome: with pseudonyms only the vendor's own message is left of what was typed.
func TestFreeTextStaysAtHome(t *testing.T) {
	ev := bound()
	files, _, _ := made(t, Input{Report: reportOf(ev), Evidence: ev, Pseudonyms: true})
	for _, name := range []string{reportName, ticketEN} {
		if !strings.Contains(files[name], "already registered by another Office 365 account") || strings.Contains(files[name], "evil") {
			t.Errorf("%s: the vendor's message stays, anything else does not", name)
		}
	}
}

func TestEveryAskIsOfAFix(t *testing.T) {
	fixes := map[string]bool{}
	for _, c := range checks.All() {
		for _, f := range c.Fixes {
			fixes[f.ID] = true
		}
	}
	for id, ask := range asks {
		if !fixes[id] || ask.EN == "" || ask.JA == "" {
			t.Errorf("%s: there is no such fix, or a language is missing", id)
		}
	}
}

// TestPublicDomainsStay: what belongs to somebody is replaced, and the domain of the service that
// everybody has stays, so that the reader still sees what kind of thing it is.
func TestPublicDomainsStay(t *testing.T) {
	n := newNames(Input{Pseudonyms: true})
	for _, c := range []struct{ was, want string }{
		{"preflight@contoso-it.iam.gserviceaccount.com", "user-1@host-1.iam.gserviceaccount.com"},
		{"other@contoso-it.iam.gserviceaccount.com", "user-2@host-1.iam.gserviceaccount.com"},
		{"123456789012-compute@developer.gserviceaccount.com", "user-3@developer.gserviceaccount.com"},
		{"contoso-com.mail.protection.outlook.com", "host-2.outlook.com"},
		{"somebody@gmail.com", "user-4@gmail.com"},
		{"admin@contoso.com", "user-5@domain-1.example"},
	} {
		if got := n.value(c.was, ""); got != c.want {
			t.Errorf("%s: %s, want %s", c.was, got, c.want)
		}
	}
	if f := findIn("preflight@contoso-it.iam.gserviceaccount.com developer.gserviceaccount.com"); !slices.Contains(f.Addresses, "preflight@contoso-it.iam.gserviceaccount.com") {
		t.Errorf("it is not listed as leaving the house: %+v", f)
	}
}
