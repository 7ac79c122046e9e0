package checks

import (
	"slices"
	"strings"
	"testing"
)

// pageSentence is one of the 54 sentences of the vendor's page "Troubleshooting" (Cloud App
// Security Online Help, Japanese edition, split at line ends and full stops): what it means,
// the entries of the catalogue that cover it, and what they have to say for that.
type pageSentence struct {
	number  int
	meaning string
	covers  []string // a check (its title and symptom), a cause or a fix; none: the page's title
	says    []string // in the English texts of these entries: names, menus, steps, links
}

func ids(s ...string) []string  { return s }
func says(s ...string) []string { return s }

var page = []pageSentence{
	{1, "the page's title: troubleshooting", nil, nil},

	{2, "symptom: a valid CLP account signs in, a message about the licence's end is shown", ids("LIC-01"),
		says("valid", "Customer Licensing Portal (CLP)", "licence")},
	{3, "lead-in: a possible cause", ids("LIC-01"), nil},
	{4, "the account was created with a trial licence", ids("LIC-01.C1"), says("created with a trial licence")},
	{5, "the message is shown when the trial has expired at sign-in", ids("LIC-01.C1"), says("has expired")},
	{6, "lead-in: either of the two", ids("LIC-01"), nil},
	{7, "hand in the trial, have a full licence made, attach the same account to it", ids("LIC-01.F1"),
		says("trial licence", "full licence", "attach the same CLP account")},
	{8, "or send a support ticket, for two things", ids("LIC-01.F2"), says("support ticket")},
	{9, "first: the account is unbound from the provisioned tenant", ids("LIC-01.F2"), says("unbind", "tenant")},
	{10, "then: a new account with a valid licence, provisioned again", ids("LIC-01.F2"),
		says("new account with a valid licence", "provision the services again")},

	{11, "symptom: the console says that the sign-in account is invalid", ids("ACC-01"), says("account is invalid")},
	{12, "lead-in: the reason", ids("ACC-01"), nil},
	{13, "several accounts under one company ID, and not the primary one signs in", ids("ACC-01.C1"),
		says("several CLP accounts under one CLP company ID", "not the primary account")},
	{14, "lead-in: the one thing to do", ids("ACC-01"), nil},
	{15, "sign in to the console with the primary account", ids("ACC-01.F1"), says("sign in to the console with the primary CLP account")},

	{16, "symptom: while provisioning, the account is said to be registered by another one", ids("BND-01"),
		says("already registered by another Office 365 account")},
	{17, "lead-in: a possible cause", ids("BND-01"), nil},
	{18, "a trial account was provisioned, then another account with a full licence tries the same tenant", ids("BND-01.C1"),
		says("trial", "full")},
	{19, "lead-in: either of the two", ids("BND-01"), nil},
	{20, "with the old account, deprovision the services (not: delete an Office 365 account)", ids("BND-01.F1"), says("deprovision")},
	{21, "or send a support ticket", ids("BND-01.F2"), says("ticket")},

	{22, "symptom: provisioning of SharePoint Online or OneDrive fails, automatic or manual, while MFA is on", ids("MFA-01"),
		says("SharePoint Online/OneDrive", "Automatic or manual provisioning", "MFA")},
	{23, "a factor is demanded of the Global Administrator or of the delegate account", ids("MFA-01.C1", "MFA-01.C2"),
		says("Global Administrator", "delegate account")},
	{24, "lead-in: either of the two", ids("MFA-01"), nil},
	{25, "automatic: MFA off, provision, MFA on again", ids("MFA-01.F1"), says("switch MFA off", "provision", "on again")},
	{26, "not for manual: its account is used afterwards too (TestSwitchingOffIsForAutomaticOnly)", ids("MFA-01.F1"), says("automatic provisioning only")},
	{27, "automatic and manual: an app password", ids("MFA-01.F2"), says("app password")},
	{28, "step 1: create one for the account that provisioning uses", ids("MFA-01.F2"), says("create an app password")},
	{29, "which gives Cloud App Security access to that account", ids("MFA-01.F2"), says("gives Cloud App Security access to the account")},
	{30, "how to create one is on Microsoft's site", ids("MFA-01.F2"), says("https://learn.microsoft.com/", "app-passwords")},
	{31, "step 2: paste it where provisioning asks for the password", ids("MFA-01.F2"), says("asks for the password", "paste the app password")},

	{32, "symptom: the scheduled sync of Gmail user data cannot synchronise internal domains", ids("GDM-01"),
		says("scheduled synchronisation of Gmail user data", "internal domains cannot be synchronised")},
	{33, "lead-in: a possible cause", ids("GDM-01"), nil},
	{34, "Gmail protection was first used in its public preview", ids("GDM-01.C1"), says("public preview")},
	{35, "whose grant had no read-only permission on domains", ids("GDM-01.C1"), says("read-only permission on domains")},
	{36, "lead-in: either of the two", ids("GDM-01"), nil},
	{37, "remove the preview's service account and provision again", ids("GDM-01.F1"),
		says("remove the Gmail service account of the public preview", "provision Gmail again")},
	{38, "or add the domains by hand, at either menu path", ids("GDM-01.F2"),
		says("Advanced Threat Protection > Internal Domains", "Administration > Global Settings > Internal Domains")},
	{39, "again for every new domain; what that duty leaves open is a cause", ids("GDM-01.F2", "GDM-01.C2"), says("every new domain", "missing")},

	{40, "symptom: internal Exchange Online mail is handled as spam against the settings", ids("SPM-01"), says("internal", "spam")},
	{41, "the policy has two settings for it", ids("SPM-01.C1"), nil},
	{42, "setting A: the filter applies to incoming messages only", ids("SPM-01.F1", "SPM-01.C1"), says("incoming messages")},
	{43, "setting B: all messages, and the option to pass internal ones detected as other spam", ids("SPM-01.F2", "SPM-01.C1"), says("all messages", "pass")},
	{44, "the back-end checks for forged internal mail: SPF and headers", ids("SPM-01.C2"), says("SPF")},
	{45, "with the settings in place, look at the messages that are still other spam", ids("SPM-01.C2", "SPM-01.F3"), says("messages")},
	{46, "the article with the measures", ids("SPM-01.F3"), says("https://success.trendmicro.com/solution/000253191")},

	{47, "symptom: the console is not found, or the connection is closed", ids("TLS-01"), says("server not found", "connection closed")},
	{48, "lead-in: a possible cause", ids("TLS-01"), nil},
	{49, "TLS 1.0 and 1.1 are off, only TLS 1.2 can be used", ids("TLS-01.C1"), says("TLS 1.0 or 1.1")},
	{50, "weak cipher suites are removed", ids("TLS-01.C2"), says("cipher suites", "removed")},
	{51, "so clients with either are not let in", ids("TLS-01.C1", "TLS-01.C2"), says("client")},
	{52, "lead-in: which of the two, the client decides", ids("TLS-01"), nil},
	{53, "Internet Explorer 10 and older: update to a browser that meets the requirements", ids("TLS-01.F1"),
		says("Internet Explorer 10 and older", "meets the system requirements")},
	{54, "Internet Explorer 11 on Windows 7 and 8: another browser", ids("TLS-01.F2"),
		says("Internet Explorer 11 on Windows 7, 8", "Google Chrome, Mozilla Firefox or Microsoft Edge")},
}

// catalogued is what the catalogue says under one id, in English.
type catalogued struct {
	words      string
	documented bool // a cause or a fix that the page must know
}

// catalogue has every id of All. The steps of a fix are those of all the cases in testdata:
// which are shown depends on the organisation.
func catalogue(t *testing.T) map[string]catalogued {
	t.Helper()
	out := map[string]catalogued{}
	for _, c := range All() {
		out[c.ID] = catalogued{words: c.Title.EN + "\n" + c.Symptom.EN}
		for _, k := range c.Causes {
			out[k.ID] = catalogued{k.Text.EN + "\n" + k.How.EN, strings.HasPrefix(k.ID, c.ID+".C")}
		}
		for _, f := range c.Fixes {
			words := f.Text.EN + "\n" + f.When.EN + "\n" + f.Risk.EN + "\n" + strings.Join(f.Links, "\n")
			out[f.ID] = catalogued{words, !f.Ours}
		}
		for _, f := range loadCases(t, c.ID) {
			for _, r := range Evaluate(f.evidence, []Check{c}, Options{}).Results[0].Fixes {
				e := out[r.ID]
				for _, s := range r.Steps {
					if !strings.Contains(e.words, s.EN) {
						e.words += "\n" + s.EN
					}
				}
				out[r.ID] = e
			}
		}
	}
	return out
}

// TestEverySentenceOfThePageIsCovered: every sentence has its place in the catalogue, which
// says what the sentence says; and nothing is called documented that no sentence names.
func TestEverySentenceOfThePageIsCovered(t *testing.T) {
	known, covered := catalogue(t), map[string]bool{}
	for i, s := range page {
		if s.number != i+1 {
			t.Fatalf("sentence %d stands at place %d: every number stands once, in order", s.number, i+1)
		}
		if len(s.covers) == 0 && s.number != 1 {
			t.Errorf("sentence %d (%s) is not covered", s.number, s.meaning)
		}
		var words strings.Builder
		for _, id := range s.covers {
			e, ok := known[id]
			if !ok {
				t.Errorf("sentence %d (%s): there is no %s", s.number, s.meaning, id)
			}
			covered[id] = true
			words.WriteString(strings.ToLower(e.words) + "\n")
		}
		for _, w := range s.says {
			if !strings.Contains(words.String(), strings.ToLower(w)) {
				t.Errorf("sentence %d (%s): %v do not say %q", s.number, s.meaning, s.covers, w)
			}
		}
	}
	if len(page) != 54 {
		t.Errorf("%d sentences, the page has 54", len(page))
	}
	for id, e := range known {
		if e.documented && !covered[id] {
			t.Errorf("%s counts as documented, but no sentence of the page is about it", id)
		}
	}
}

// TestSwitchingOffIsForAutomaticOnly: sentence 26. The delegate account of manual provisioning
// signs in afterwards too, so switching MFA off for a while does not help there.
func TestSwitchingOffIsForAutomaticOnly(t *testing.T) {
	fixes := MFA01().Fixes
	i := slices.IndexFunc(fixes, func(f Fix) bool { return f.ID == "MFA-01.F1" })
	if i < 0 || !slices.Equal(fixes[i].For, []string{"MFA-01.C1"}) {
		t.Error("MFA-01.F1 is for the Global Administrator of automatic provisioning, and for nobody else")
	}
}
