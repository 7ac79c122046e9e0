package checks

import (
	"slices"
	"strings"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// bndResult is the judgement of a case in testdata/BND-01.
func bndResult(t *testing.T, name string, change func(*facts.Evidence)) Result {
	t.Helper()
	for _, f := range loadCases(t, "BND-01") {
		if f.name == "BND-01/"+name {
			if change != nil {
				change(f.evidence)
			}
			return Evaluate(f.evidence, []Check{BND01()}, Options{}).Results[0]
		}
	}
	t.Fatalf("no case %s", name)
	return Result{}
}

// The Japanese page's first fix reads as if an Office 365 account were to be deleted; the
// English one says that the services are to be deprovisioned with the old account.
func TestNobodyIsToldToDeleteAnAccount(t *testing.T) {
	var texts []Text
	c := BND01()
	texts = append(texts, c.Title, c.Symptom)
	for _, cause := range c.Causes {
		texts = append(texts, cause.Text, cause.How)
	}
	for _, f := range c.Fixes {
		texts = append(texts, f.Text, f.When, f.Risk)
	}
	for _, w := range c.Words {
		texts = append(texts, w)
	}
	for _, name := range []string{"trial-then-full", "earlier-provisioning", "no-licensing"} {
		for _, f := range bndResult(t, name, nil).Fixes {
			texts = append(texts, f.Steps...)
		}
	}
	for _, s := range texts {
		if strings.Contains(strings.ToLower(s.EN), "delete") || strings.Contains(s.JA, "アカウントを削除") {
			t.Errorf("read as an order to delete: %+v", s)
		}
	}
}

// Trend Micro, "Deprovisioning Microsoft services" and KA-0016080: with the old account, the App
// Ids first, then Remove, then the app principals that are left.
func TestStepsOfTheOldAccount(t *testing.T) {
	en, ja := stepsOf(bndResult(t, "trial-then-full", nil), "BND-01.F1")
	at := -1
	for _, part := range []string{
		"with clp-a", "Administration > Service Account", "App Id", "Remove",
		"https://contoso-admin.sharepoint.com/_layouts/15/TA_AllAppPrincipals.aspx", "with clp-b",
	} {
		i := strings.Index(en, part)
		if i <= at {
			t.Errorf("%q is not there, or out of order, in:\n%s", part, en)
		}
		at = i
	}
	for _, part := range []string{"clp-a", "clp-b", "https://contoso-admin.sharepoint.com/_layouts/15/TA_AllAppPrincipals.aspx"} {
		if !strings.Contains(ja, part) {
			t.Errorf("%q is not in:\n%s", part, ja)
		}
	}
	// Nobody is named who is not declared, and no address is guessed.
	en, _ = stepsOf(bndResult(t, "earlier-provisioning", nil), "BND-01.F1")
	if !strings.Contains(en, "Find out which CLP or LMP account") || strings.Contains(en, "https://") ||
		!strings.Contains(en, "/_layouts/15/TA_AllAppPrincipals.aspx") {
		t.Errorf("steps:\n%s", en)
	}
}

// While the old account still signs in, the entry is for the account that is planned: provisioning
// again with the old one would bring back what the steps have just undone.
func TestStepsAreForThePlannedAccount(t *testing.T) {
	res := bndResult(t, "full-is-planned", nil)
	en, ja := stepsOf(res, "BND-01.F1")
	for _, part := range []string{"console with clp-a, the account that provisioned", "Sign in with clp-b and provision"} {
		if !strings.Contains(en, part) {
			t.Errorf("%q is not in:\n%s", part, en)
		}
	}
	if !strings.Contains(ja, "clp-b でログオンし、サービスを再度準備します") {
		t.Errorf("clp-b does not provision:\n%s", ja)
	}
	en, ja = stepsOf(res, "BND-01.F2")
	for _, part := range []string{"login ID (clp-b)", "Name clp-a as the account that provisioned the services on 2026-02-01"} {
		if !strings.Contains(en, part) {
			t.Errorf("%q is not in:\n%s", part, en)
		}
	}
	if !strings.Contains(ja, "ログイン ID (clp-b)") || !strings.Contains(ja, "アカウントとして clp-a を") {
		t.Errorf("the accounts are not named, or not in their places:\n%s", ja)
	}
}

// A full account whose day is still to come is planned like one without a day; one whose kind or
// day cannot be read may be.
func TestWhatMayBePlannedIsNotLeftOut(t *testing.T) {
	for change, want := range map[string]string{
		`"provisioned": "2026-11-21"`: "supported", `"provisioned": "soon"`: "unknown", `"license": "Full"`: "unknown",
		`"provisioned": "2026-11-20"`: "", `"license": "trial"`: "",
	} {
		const planned = `"tenant_id": "84841066-274d-4ec0-a5c1-276be684bdd3"`
		got := entriesOf(BND01(), evidenceOf(t, "here", "BND-01", []string{
			"base two", `declared.licensing:sign_in.account = "clp-a"`,
			`declared.licensing:accounts.1 = {"id": "clp-b", "license": "full", ` + planned + `, ` + change + `}`,
		}))
		if v := got["BND-01.C1 clp-b"]; v != want {
			t.Errorf("%s: %q, want %q", change, v, want)
		}
	}
}

// A grant or a role that is not there is not listed with an empty name.
func TestTracesHaveNoEmptyNames(t *testing.T) {
	res := Evaluate(evidenceOf(t, "here", "BND-01", []string{
		"base one", `m365.binding_traces:service_principals.value.0.appRoleAssignments.value = [null]`,
		`m365.binding_traces:service_principals.value.0.oauth2PermissionGrants.value = [null, {"id": "5", "principalId": "8f8d", "principal": {"value": ""}}]`,
		`m365.accounts:accounts.0.roles.value = [null]`,
	}), []Check{BND01()}, Options{}).Results[0]
	for _, e := range res.Causes {
		for _, r := range e.Reasons {
			for k, v := range r.Args {
				if v == "" && k != "scope" {
					t.Errorf("%s has an empty %s: %s", r.Code, k, r.Text.EN)
				}
			}
		}
	}
}

// The admin site of each cloud (Microsoft 365, "URLs and IP address ranges").
func TestSharePointAdminSites(t *testing.T) {
	for cloud, want := range map[string]string{
		"global": "https://contoso-admin.sharepoint.com/", "usgov": "https://contoso-admin.sharepoint.us/",
		"usgov-dod": "https://contoso-admin.sharepoint-mil.us/", "china": "https://contoso-admin.sharepoint.cn/",
		"moon": "In the SharePoint admin site open /_layouts",
	} {
		en, _ := stepsOf(bndResult(t, "trial-then-full", func(ev *facts.Evidence) {
			f := ev.Facts["declared.microsoft365"]
			f.Value = []byte(strings.Replace(string(f.Value), `"global"`, `"`+cloud+`"`, 1))
			ev.Facts["declared.microsoft365"] = f
		}), "BND-01.F1")
		if !strings.Contains(en, want) {
			t.Errorf("%s: %q is not in:\n%s", cloud, want, en)
		}
	}
}

// Trend Micro, KA-0010496: what a request about provisioning has to bring.
func TestTheTicketIsComplete(t *testing.T) {
	en, ja := stepsOf(bndResult(t, "trial-then-full", nil), "BND-01.F2")
	for _, part := range []string{
		"84841066-274d-4ec0-a5c1-276be684bdd3", "activation code", "login ID (clp-b)", "login ID of the console", "time",
		"reproduce", "screenshot", "which service", "clp-a", "2026-02-01",
	} {
		if !strings.Contains(en, part) {
			t.Errorf("%q is not in:\n%s", part, en)
		}
	}
	for _, part := range []string{"アクティベーションコード", "ログイン ID (clp-b)", "管理コンソール", "時刻", "再現手順", "スクリーンショット", "サービス"} {
		if !strings.Contains(ja, part) {
			t.Errorf("%q is not in:\n%s", part, ja)
		}
	}
	if strings.Contains(en, "traces") {
		t.Errorf("traces, where none were found:\n%s", en)
	}
	if en, _ = stepsOf(bndResult(t, "earlier-provisioning", nil), "BND-01.F2"); !strings.Contains(en, "traces") {
		t.Errorf("no traces, where some were found:\n%s", en)
	}
}

// Each trace says how strong it is, when it came, and who consented.
func TestTracesSayWhatTheyAre(t *testing.T) {
	var got []string
	for _, e := range bndResult(t, "earlier-provisioning", nil).Causes {
		if e.ID == "BND-01.X1" {
			for _, r := range e.Reasons {
				got = append(got, r.Text.EN)
			}
		}
	}
	const app = "Trend Micro Cloud App Security (0a1b2c3d-0000-4000-8000-000000000001)"
	for _, want := range []string{
		"The application " + app + " is in the tenant. Strength of this trace: strong.",
		app + " was created on 2024-01-31.",
		app + " was granted application permissions of: Microsoft Graph, Office 365 SharePoint Online (2024-01-31).",
		"An administrator consented to " + app + " for the whole organisation: Sites.Read.All User.Read.",
		"admin@contoso.com consented to " + app + ": User.Read.",
		"cas-1@contoso.com was created on 2024-02-01.",
		"Roles of cas-1@contoso.com: 00000000-0000-0000-0000-00000000c0de, Global Administrator, SharePoint Administrator.",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, strings.Join(got, "\n"))
		}
	}
	for name, want := range map[string]string{
		"own-teams-application": "medium", "newer-name": "medium", "grants-unread": "strong",
	} {
		res := bndResult(t, name, nil)
		if text := res.Causes[1].Reasons[0].Text.EN; !strings.HasSuffix(text, ": "+want+".") {
			t.Errorf("%s: %q, want %s", name, text, want)
		}
	}
}
