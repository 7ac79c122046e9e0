package checks

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// BND01 judges why provisioning is told that another Office 365 account has already registered
// the CLP or LMP account.
//
// Which account a tenant is bound to is known inside of CAS only. So C1 rests on declarations,
// and X1 on what an earlier provisioning has left in the tenant: that shows that there was one,
// not that it still holds the tenant, and therefore never confirms.
func BND01() Check {
	return Check{
		ID: "BND-01", Section: "licensing",
		Title: Text{
			"Provisioning says that the CLP or LMP account is already registered by another Office 365 account",
			"準備の際に、CLP または LMP アカウントが別の Office 365 アカウントによってすでに登録されていると表示される",
		},
		Symptom: Text{
			"While Office 365 services are being provisioned, the console shows \"This CLP or LMP account is already registered by another Office 365 account\".",
			"Office 365 サービスを準備する際に、「このCLPまたはLMPアカウントは別のOffice 365アカウントによってすでに登録されています」というエラーメッセージが表示されます。",
		},
		Needs: []string{
			facts.DeclaredRun.Name, facts.DeclaredLicensing.Name, facts.DeclaredM365.Name, facts.M365Tenant.Name,
			facts.M365Accounts.Name, facts.M365Traces.Name,
		},
		Causes: []Cause{
			{
				ID: "BND-01.C1",
				Text: Text{
					"The services were provisioned with an account that has a trial licence, and now another account, with a full licence, is to provision them again.",
					"体験版ライセンスのアカウントでサービスを準備した後、製品版ライセンスの別のアカウントで再度準備しようとしています。",
				},
				How: Text{
					"Declared: an account in licensing.accounts has license: trial, this tenant_id and the day on which it was provisioned, and licensing.sign_in names another one with license: full, in phase: before. A full account that has this tenant_id and no provisioned date supports it as well: it is meant for the tenant. Nothing public shows which account a tenant is bound to.",
					"宣言によります。licensing.accounts に、license: trial でこの tenant_id と準備した日 (provisioned) を持つアカウントがあり、phase: before で licensing.sign_in が license: full の別のアカウントを指す場合です。この tenant_id を持ち provisioned のない製品版アカウントも、このテナント用とみなして可能性ありとします。テナントがどのアカウントにバインドされているかを外部から読み取る方法はありません。",
				},
				Examine: examineSecondAccount,
			},
			{
				ID: "BND-01.X1",
				Text: Text{
					"The tenant bears traces of an earlier provisioning, and no declared account holds it.",
					"テナントに以前の準備の痕跡がありますが、このテナントを準備したアカウントが宣言されていません。",
				},
				How: Text{
					"The service principals of Cloud App Security are looked up in the tenant by name, publisher and microsoft365.cas_app_ids, with what was granted to them, when and by whom (the audit log's consents included, as far back as it goes), and its delegate users by name. The organisation's own SAML application of the same name and declared delegates do not count. Traces show that there was a provisioning, not that it still holds.",
					"Cloud App Security のサービス プリンシパルを名前・発行元・microsoft365.cas_app_ids でテナントから探し、付与された権限・日付・同意したアカウント (監査ログに残る同意を含む) を確認します。デリゲート ユーザも名前で探します。組織自身が作成した同名の SAML アプリケーションと、宣言済みのデリゲートは対象外です。痕跡は以前に準備があったことを示しますが、現在もバインドされている証明にはなりません。",
				},
				Examine: examineTraces,
			},
		},
		// The order is that of preference: the ticket is for what the old account cannot undo.
		Fixes: []Fix{
			{
				ID: "BND-01.F1", For: []string{"BND-01.C1", "BND-01.X1"},
				Text: Text{
					"Deprovision the Office 365 services in the Cloud App Security console with the account that provisioned them, then provision with the new one.",
					"先に準備に使用したアカウントで Cloud App Security 管理コンソールにログオンし、Office 365 サービスの準備を解除してから、新しいアカウントで準備します。",
				},
				When: Text{
					"While it is known which account that was, and its trial has not expired: an expired trial bars its sign-in (LIC-01).",
					"準備に使用したアカウントが分かっており、その体験版の期限が切れていない場合です。期限が切れていると、そのアカウントではログオンできません (LIC-01)。",
				},
				Risk: Text{
					"Only the services' connection to Cloud App Security is removed; every Office 365 account stays as it is. The services are not protected until they are provisioned again, and the old account's policies do not move. Removing the Exchange Online service account stops the Threat Investigation, Mitigation and Remediation APIs of the old account. Removing a service with a delegate account asks for a Global Administrator's credentials: MFA can keep that from working, too (MFA-01).",
					"解除するのはサービスと Cloud App Security の接続だけで、Office 365 のアカウントはそのまま残します。再度準備するまでサービスは保護されず、以前のアカウントのポリシーは引き継がれません。Exchange Online のサービスアカウントの接続を解除すると、以前のアカウントの Threat Investigation / Mitigation / Remediation API が停止します。デリゲート アカウントのサービスを解除するにはグローバル管理者の資格情報が必要で、MFA のために失敗することがあります (MFA-01)。",
				},
				Links: []string{
					documentedTroubles,
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/provisioning/deprovisioning-servi/deprovisioning-micro.aspx",
					"https://success.trendmicro.com/en-US/solution/KA-0016080",
				},
				Applies: oldAccountCan,
				Steps:   deprovisionSteps,
			},
			{
				ID: "BND-01.F2", For: []string{"BND-01.C1", "BND-01.X1"},
				Text: Text{
					"Send a support ticket to Trend Micro.",
					"サポートチケットをトレンドマイクロに送信します。",
				},
				Risk: Text{
					"Until the ticket is answered the services cannot be provisioned. Say which account is to keep the tenant: what belongs to the other one may be lost.",
					"回答があるまでサービスを準備できません。どのアカウントでテナントを使い続けるかを明記してください。もう一方のアカウントの設定は失われることがあります。",
				},
				Links: []string{documentedTroubles, "https://success.trendmicro.com/ja-JP/solution/KA-0010496"},
				Steps: bindingTicketSteps,
			},
		},
		Words: bndWords,
	}
}

// bound is what the declarations say about accounts and the tenant.
type bound struct {
	licensing facts.Licensing
	signsIn   string // the id of the account to provision with; "" when none is named
	tenant    string // the tenant that is looked at
	noTenant  *facts.Failure
	now       time.Time
}

// boundOf reads them; without licensing it says why there is nothing to judge. The account to
// provision with is the one that signs in, but for a fix the one that needs it.
func boundOf(x *Exam) (b bound, unclear *Claim) {
	l, why := licensingOf(x)
	if l == nil {
		return bound{}, &why
	}
	b = bound{licensing: *l, now: x.Now()}
	if s := l.SignIn; s != nil {
		b.signsIn = s.Account
	}
	if subject := x.Pair().Subject; subject != "" {
		b = b.as(subject)
	}
	m := Read(x, facts.DeclaredM365)
	if m.Value == nil {
		b.noTenant = m.Why()
	} else {
		b.tenant = m.Value.TenantID
	}
	return b, nil
}

func examineSecondAccount(x *Exam) {
	b, unclear := boundOf(x)
	if unclear != nil {
		x.Find("", *unclear)
		return
	}
	x.Find(b.signsIn, all(aboutToProvision(x), b.fullSignsIn(), b.trialHolds()))
	for _, a := range b.licensing.Accounts {
		if meant := b.planned(a); a.ID != b.signsIn && meant.Verdict != Refuted {
			x.Find(a.ID, all(aboutToProvision(x), meant, b.as(a.ID).trialHolds()))
		}
	}
}

// planned: a full account is declared for this tenant and has not provisioned it. It is somebody
// else who signs in today, so this is what will happen, not what does: it supports.
func (b bound) planned(a facts.LicenseAccount) Claim {
	full, held := ofKind(a, fullLicence), b.holds(a)
	switch {
	case b.tenant == "" || !strings.EqualFold(a.TenantID, b.tenant) || held.Verdict == Confirmed:
		return refuted(Declared, held.Reasons...)
	case full.Verdict != Confirmed:
		return full
	case a.Provisioned == "" || held.Verdict == Refuted: // no day, or one that is still to come
		return supported(Declared, because("declared_for_tenant", "account", a.ID, "tenant", a.TenantID))
	default:
		return held
	}
}

// as is the same when another account is the one to provision with.
func (b bound) as(id string) bound {
	b.signsIn = id
	return b
}

func aboutToProvision(x *Exam) Claim {
	run := Read(x, facts.DeclaredRun)
	if run.Value == nil {
		return unseen("phase", run.Why())
	}
	switch run.Value.Phase {
	case "before":
		return confirmed(Declared, because("about_to_provision"))
	case "after":
		return refuted(Declared, because("already_provisioned"))
	case "":
		return unknown(because("not_declared", "what", "phase"))
	default:
		return unknown(because("phase_unknown", "phase", run.Value.Phase))
	}
}

// fullSignsIn: the account that signs in has a full licence, and is new to this tenant.
func (b bound) fullSignsIn() Claim {
	for _, a := range b.licensing.Accounts {
		if a.ID != b.signsIn {
			continue
		}
		if h := b.holds(a); h.Verdict == Confirmed {
			return refuted(Declared, h.Reasons...)
		}
		return ofKind(a, fullLicence)
	}
	return unknown(because("not_declared", "what", "sign_in_account"))
}

// trialHolds: another account, with a trial licence, is provisioned with this tenant.
func (b bound) trialHolds() Claim {
	if len(b.licensing.Accounts) == 0 {
		return unknown(because("not_declared", "what", "accounts"))
	}
	var others []Claim
	for _, a := range b.licensing.Accounts {
		if a.ID != b.signsIn {
			others = append(others, all(ofKind(a, trialLicence), b.holds(a)))
		}
	}
	if len(others) == 0 {
		return refuted(Declared, because("no_other_account"))
	}
	return anyOf(others...)
}

// holds: the account is provisioned with this tenant.
func (b bound) holds(a facts.LicenseAccount) Claim {
	switch {
	case a.TenantID == "":
		return unknown(because("not_declared", "what", "tenant_id"))
	case b.noTenant != nil:
		return unseen("microsoft365", b.noTenant)
	case b.tenant == "":
		return unknown(because("not_declared", "what", "microsoft365"))
	case !strings.EqualFold(a.TenantID, b.tenant):
		return refuted(Declared, because("holds_other_tenant", "account", a.ID, "tenant", a.TenantID))
	case a.Provisioned == "":
		return unknown(because("not_declared", "what", "provisioned"))
	}
	since, err := time.Parse(time.DateOnly, a.Provisioned)
	switch {
	case err != nil:
		return unknown(because("provisioned_unreadable", "account", a.ID, "provisioned", a.Provisioned))
	case b.now.Before(since):
		return refuted(Declared, because("not_yet_provisioned", "account", a.ID, "since", a.Provisioned))
	default:
		return confirmed(Declared, because("holds_tenant", "account", a.ID, "tenant", a.TenantID, "since", a.Provisioned))
	}
}

// nobodyHolds: no declared account is provisioned with this tenant. An account without a
// tenant is not declared to hold one.
func (b bound) nobodyHolds() Claim {
	claims := []Claim{confirmed(Declared, because("no_holder_declared"))}
	for _, a := range b.licensing.Accounts {
		if a.TenantID == "" {
			continue
		}
		if h := b.holds(a); h.Verdict != Refuted {
			claims = append(claims, Claim{Verdict: h.Verdict.Not(), Basis: h.Basis, Reasons: h.Reasons})
		}
	}
	return all(claims...)
}

func examineTraces(x *Exam) {
	switch still := aboutToProvision(x); still.Verdict {
	case Refuted:
		x.NotApplicable(still.Reasons[0])
		return
	case Unknown:
		x.Find("", still)
		return
	}
	m := Read(x, facts.DeclaredM365)
	if m.Value == nil {
		x.Find("", unseen("microsoft365", m.Why()))
		return
	}
	b, unclear := boundOf(x)
	if unclear != nil {
		x.Find("", *unclear)
		return
	}
	x.Find("", all(provisionedBefore(x, *m.Value), b.nobodyHolds()))
}

// provisionedBefore: something in the tenant comes from an earlier provisioning. It is refuted
// only when everything was read; what could not be read stays open.
func provisionedBefore(x *Exam, m facts.Microsoft365) Claim {
	claims := []Claim{refuted(Observed, because("no_traces"))}
	traces := Read(x, facts.M365Traces)
	principals := facts.Missed[[]facts.ServicePrincipal](traces.Failure)
	if traces.Value != nil {
		principals = traces.Value.ServicePrincipals
	}
	if why := principals.Why(); why != nil {
		claims = append(claims, unseen("trace_principals", why))
	}
	var consents []facts.Consent
	if traces.Value != nil && traces.Value.Consents.Value != nil { // one more look at the same: it may fail
		consents = *traces.Value.Consents.Value
	}
	if principals.Value != nil {
		for _, p := range *principals.Value {
			c := principalTrace(p, m)
			if c.Verdict > Unknown {
				c.Reasons = append(c.Reasons, consentsTo(p, consents)...)
			}
			claims = append(claims, c)
		}
		claims = append(claims, consentsToDeleted(*principals.Value, consents)...)
	}
	set := Read(x, facts.M365Accounts)
	delegates := facts.Missed[[]string](set.Failure)
	if set.Value != nil {
		delegates = set.Value.DelegatesFound
	}
	if why := delegates.Why(); why != nil {
		claims = append(claims, unseen("trace_delegates", why))
	}
	if delegates.Value != nil {
		for _, address := range *delegates.Value {
			claims = append(claims, delegateTrace(address, m, *set.Value))
		}
	}
	return anyOf(claims...)
}

// The names of the applications of CAS: Cloud App Security Online Help, "Changes Made by Cloud
// App Security"; the second is the product's name in Trend Vision One, where no page gives the
// application's.
const (
	casApplication   = "Trend Micro Cloud App Security"
	cecpInItsNewName = "Cloud Email and Collaboration Protection"
)

// The strengths of a trace, as terms.
const (
	strong = "strength_strong"
	medium = "strength_medium"
)

// principalTrace is whether a service principal comes from a provisioning by CAS. The name
// alone is not enough: the vendor's guide for single sign-on has admins make a SAML application
// of the same name, and that one is registered in their own tenant.
func principalTrace(p facts.ServicePrincipal, m facts.Microsoft365) Claim {
	args := applicationArgs(p)
	publisher := publisherOf(p)
	own := p.AppOwnerOrganizationID != nil && strings.EqualFold(*p.AppOwnerOrganizationID, m.TenantID)
	saml := strings.EqualFold(given(p.PreferredSingleSignOnMode), "saml") || repliesTo(p, "/ssoLogin")
	ours := beginsWith(given(p.DisplayName), casApplication)
	trace := func(strength string) Claim {
		why := []Reason{because("trace_application", append(args, "strength", strength)...)}
		return supported(Observed, append(why, grantsOf(p)...)...)
	}
	empty := func(s *string) bool { return s != nil && *s == "" }
	switch {
	case p.ID == "" || empty(p.AppID) || empty(p.AppOwnerOrganizationID):
		return unknown(because("malformed", "what", "trace_principals"))
	case m.TenantID == "": // whose the application is cannot be told
		return unknown(because("not_declared", "what", "microsoft365"))
	case own && saml:
		return refuted(Observed, because("own_saml_application", args...))
	case p.AppID != nil && slices.ContainsFunc(m.CASAppIDs, func(id string) bool { return strings.EqualFold(id, *p.AppID) }):
		return trace(strong)
	case own && repliesTo(p, "/provision.html"): // Teams Chat is connected with an application of the customer's own
		return trace(medium)
	case own:
		return refuted(Observed, because("own_application", args...))
	case given(p.DisplayName) == "":
		return unknown(because("malformed", "what", "trace_principals"))
	case !ours && !strings.Contains(strings.ToLower(*p.DisplayName), strings.ToLower(cecpInItsNewName)):
		return refuted(Observed, because("other_product", args...))
	case p.AppOwnerOrganizationID == nil && saml:
		return unknown(because("owner_unknown", args...))
	case publisher == "":
		return trace(medium)
	case !beginsWith(strings.ReplaceAll(publisher, " ", ""), "TrendMicro"):
		return unknown(because("other_publisher", append(args, "publisher", publisher)...))
	case ours:
		return trace(strong)
	default:
		return trace(medium)
	}
}

func applicationArgs(p facts.ServicePrincipal) []string {
	args := []string{"name", p.ID}
	if name := given(p.DisplayName); name != "" {
		args[1] = name
	}
	if p.AppID != nil {
		args = append(args, "app", *p.AppID)
	}
	return slices.Clip(args)
}

// publisherOf is the publisher that Microsoft has verified, or else the one that is named.
func publisherOf(p facts.ServicePrincipal) string {
	if v := p.VerifiedPublisher; v != nil && given(v.DisplayName) != "" {
		return *v.DisplayName
	}
	return given(p.PublisherName)
}

// vendorHosts end the addresses of the consoles of CAS ("Understanding the URI" in the
// Integration API part of Cloud App Security's online help has one for each site).
var vendorHosts = []string{".trendmicro.com", ".trendmicro.co.jp", ".trendmicro.co.uk", ".trendmicro.com.sg"}

// repliesTo: the application's answers go to a console of the vendor, at an address that ends so.
func repliesTo(p facts.ServicePrincipal, path string) bool {
	return slices.ContainsFunc(p.ReplyURLs, func(reply string) bool {
		u, err := url.Parse(reply)
		return err == nil && strings.HasSuffix(strings.ToLower(u.Path), strings.ToLower(path)) &&
			slices.ContainsFunc(vendorHosts, func(end string) bool { return strings.HasSuffix(strings.ToLower(u.Hostname()), end) })
	})
}

func beginsWith(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// given is a member that may be missing, as text.
func given(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// grantsOf are the date of a trace, what was granted to it, and who consented: they do not make
// it stronger, but a support ticket needs them.
func grantsOf(p facts.ServicePrincipal) []Reason {
	var out []Reason
	name := applicationArgs(p)
	if p.CreatedDateTime != nil {
		out = append(out, because("trace_created", append(name, "created", p.CreatedDateTime.UTC().Format(time.DateOnly))...))
	}
	if list := p.AppRoleAssignments.Value; list != nil && len(*list) > 0 {
		var of []string
		var first *time.Time
		for _, a := range *list {
			if r := given(a.ResourceDisplayName); r != "" && !slices.Contains(of, r) {
				of = append(of, r)
			}
			if at := a.CreatedDateTime; at != nil && (first == nil || at.Before(*first)) {
				first = at
			}
		}
		slices.Sort(of)
		args := append(name, "of", strings.Join(of, ", "))
		if first != nil {
			args = append(args, "granted", first.UTC().Format(time.DateOnly))
		}
		if len(of) > 0 {
			out = append(out, because("trace_application_permissions", args...))
		} else {
			out = append(out, because("malformed", "what", "trace_grants"))
		}
	}
	if list := p.OAuth2PermissionGrants.Value; list != nil {
		for _, g := range *list {
			scope := strings.Join(strings.Fields(given(g.Scope)), " ")
			switch {
			case g.Principal != nil && given(g.Principal.Value) != "":
				out = append(out, because("trace_consent", append(name, "scope", scope, "account", *g.Principal.Value)...))
			case given(g.PrincipalID) != "":
				out = append(out, because("trace_consent", append(name, "scope", scope, "account", *g.PrincipalID)...))
			case given(g.ConsentType) == "AllPrincipals":
				out = append(out, because("trace_consent_for_all", append(name, "scope", scope)...))
			}
		}
	}
	for _, why := range []*facts.Failure{p.AppRoleAssignments.Why(), p.OAuth2PermissionGrants.Why()} {
		if why != nil {
			out = append(out, failed("trace_grants", why))
		}
	}
	return out
}

// consentsTo are the events of the audit log about one application: who consented to it, and when.
func consentsTo(p facts.ServicePrincipal, events []facts.Consent) []Reason {
	var out []Reason
	for _, e := range events {
		if given(e.ServicePrincipalID) != "" && strings.EqualFold(*e.ServicePrincipalID, p.ID) && succeeded(e) {
			out = append(out, because("trace_consent_event", append(applicationArgs(p), consentArgs(e)...)...))
		}
	}
	return out
}

// consentsToDeleted: the audit log tells of a consent to an application of CAS that is not in
// the tenant any more. It was there, within the retention of the log.
func consentsToDeleted(there []facts.ServicePrincipal, events []facts.Consent) []Claim {
	var out []Claim
	for _, e := range events {
		id, name := given(e.ServicePrincipalID), given(e.AppDisplayName)
		ours := beginsWith(name, casApplication) || strings.Contains(strings.ToLower(name), strings.ToLower(cecpInItsNewName))
		if id == "" || !ours || !succeeded(e) ||
			slices.ContainsFunc(there, func(p facts.ServicePrincipal) bool { return strings.EqualFold(p.ID, id) }) {
			continue
		}
		out = append(out, supported(Observed, because("trace_consent_deleted",
			append([]string{"name", name, "strength", medium}, consentArgs(e)...)...)))
	}
	return out
}

func succeeded(e facts.Consent) bool { return strings.EqualFold(given(e.Result), "success") }

func consentArgs(e facts.Consent) []string {
	args := []string{"at", e.ActivityDateTime.UTC().Format(time.DateOnly)}
	if by := given(e.By); by != "" {
		args = append(args, "account", by)
	}
	return args
}

// roleNames are the roles that provisioning gives to its accounts (Microsoft Entra built-in roles).
var roleNames = map[string]string{
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
	"f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
	"29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
}

// delegateTrace: a user has the name that automatic provisioning gives to its delegate account.
func delegateTrace(address string, m facts.Microsoft365, set facts.AccountSet) Claim {
	if address == "" {
		return unknown(because("malformed", "what", "trace_delegates"))
	}
	same := func(other string) bool { return strings.EqualFold(other, address) }
	if slices.ContainsFunc(m.Delegates, same) {
		return refuted(Declared, because("declared_delegate", "account", address))
	}
	args := []string{"account", address, "strength", strong}
	why := []Reason{because("trace_delegate", args...)}
	i := slices.IndexFunc(set.Accounts, func(a facts.Account) bool { return same(a.Address) })
	if i < 0 {
		return supported(Observed, why...)
	}
	a := set.Accounts[i]
	if u := a.User.Value; u != nil && u.CreatedDateTime != nil {
		why = append(why, because("trace_created", "name", address, "created", u.CreatedDateTime.UTC().Format(time.DateOnly)))
	}
	var roles []string
	if a.Roles.Value != nil {
		for _, r := range *a.Roles.Value {
			name, ok := roleNames[r.RoleDefinitionID]
			if !ok {
				name = r.RoleDefinitionID
			}
			if name != "" && !slices.Contains(roles, name) {
				roles = append(roles, name)
			}
		}
	}
	if len(roles) > 0 {
		slices.Sort(roles)
		why = append(why, because("trace_delegate_roles", "account", address, "roles", strings.Join(roles, ", ")))
	}
	return supported(Observed, why...)
}

// oldAccounts are the trial accounts that hold the tenant, other than the one to provision with.
func (b bound) oldAccounts() []facts.LicenseAccount {
	var out []facts.LicenseAccount
	for _, a := range b.licensing.Accounts {
		if a.ID != b.signsIn && all(ofKind(a, trialLicence), b.holds(a)).Verdict == Confirmed {
			out = append(out, a)
		}
	}
	return out
}

// oldAccountCan is whether the account that provisioned the services can still sign in.
func oldAccountCan(x *Exam) (Applicability, []Reason) {
	b, unclear := boundOf(x)
	if unclear != nil {
		return Maybe, unclear.Reasons
	}
	old := b.oldAccounts()
	if len(old) == 0 {
		return Maybe, []Reason{because("old_account_unknown")}
	}
	best := No
	var reasons []Reason
	for _, a := range old {
		over := ended(a, x.Now())
		can := Maybe
		switch over.Verdict {
		case Confirmed:
			can = No
			over.Reasons = []Reason{because("old_trial_expired", "account", a.ID, "expires", a.Expires)}
		case Refuted:
			can = Yes
		}
		best = max(best, can)
		reasons = append(reasons, over.Reasons...)
	}
	return best, reasons
}

func deprovisionSteps(x *Exam) []Text {
	b, _ := boundOf(x) // without declarations the steps name nobody
	var steps []Text
	if old := b.oldAccounts(); len(old) > 0 {
		for _, a := range old {
			steps = append(steps, text("Sign in to the Cloud App Security console with {account}, the account that provisioned the services.",
				"準備に使用した {account} で Cloud App Security 管理コンソールにログオンします。", "account", a.ID))
		}
	} else {
		steps = append(steps, text("Find out which CLP or LMP account provisioned the services earlier, and sign in to the Cloud App Security console with it. Declare it in licensing.accounts (tenant_id, provisioned).",
			"以前に準備に使用した CLP または LMP アカウントを確認し、そのアカウントで Cloud App Security 管理コンソールにログオンします。licensing.accounts にも宣言します (tenant_id、provisioned)。"))
	}
	steps = append(steps,
		text("Open Administration > Service Account. Note the App Id of SharePoint Online, OneDrive and Teams.",
			"[運用管理] > [サービスアカウント] を開き、SharePoint Online、OneDrive、Teams の App Id を控えます。"),
		text("Select each Office 365 service and choose Remove. A service with a delegate account asks for a Global Administrator; a delegate account that is not valid any more can be removed by force.",
			"Office 365 の各サービスを選んで解除 (Remove) します。デリゲート アカウントのサービスではグローバル管理者の資格情報が求められます。無効になったデリゲート アカウントは強制的に解除できます。"))
	const page = "/_layouts/15/TA_AllAppPrincipals.aspx"
	if site := sharePointAdmin(x); site != "" {
		steps = append(steps, text("Open {page} and remove the app principals \"Trend Micro Cloud App Security\" with the App Ids that you noted. (The address follows from the tenant's first name; a tenant that was renamed has another one.)",
			"{page} を開き、控えた App Id を持つアプリ プリンシパル「Trend Micro Cloud App Security」を取り除きます (アドレスはテナントの最初の名前によります。名前を変更したテナントでは異なります)。", "page", site+page))
	} else {
		steps = append(steps, text("In the SharePoint admin site open {page} and remove the app principals \"Trend Micro Cloud App Security\" with the App Ids that you noted.",
			"SharePoint 管理サイトの {page} を開き、控えた App Id を持つアプリ プリンシパル「Trend Micro Cloud App Security」を取り除きます。", "page", page))
	}
	if b.signsIn != "" {
		return append(steps, text("Sign in with {account} and provision the services again. Then correct licensing.accounts.",
			"{account} でログオンし、サービスを再度準備します。その後、licensing.accounts を修正します。", "account", b.signsIn))
	}
	return append(steps, text("Sign in with the new account and provision the services again. Then correct licensing.accounts.",
		"新しいアカウントでログオンし、サービスを再度準備します。その後、licensing.accounts を修正します。"))
}

// sharePointHosts end the addresses of SharePoint Online by cloud (Microsoft 365, "URLs and IP
// address ranges", of each cloud).
var sharePointHosts = map[string]string{
	"global": "sharepoint.com", "usgov": "sharepoint.us", "usgov-dod": "sharepoint-mil.us", "china": "sharepoint.cn",
}

// sharePointAdmin is the address of the SharePoint admin site, from the first domain of the
// tenant; "" when that is not known.
func sharePointAdmin(x *Exam) string {
	t, host := Read(x, facts.M365Tenant), sharePointHosts[x.cloud()]
	if t.Value == nil || host == "" {
		return ""
	}
	for _, d := range t.Value.VerifiedDomains {
		if name, _, ok := strings.Cut(d.Name, "."); ok && d.IsInitial != nil && *d.IsInitial {
			return "https://" + name + "-admin." + host
		}
	}
	return ""
}

// bindingTicketSteps tell what the ticket has to bring: Trend Micro, KA-0010496, on requests
// about provisioning.
func bindingTicketSteps(x *Exam) []Text {
	b, _ := boundOf(x) // without declarations the steps name nobody
	steps := []Text{
		text("Open a support ticket with the message \"This CLP or LMP account is already registered by another Office 365 account\" and the tenant ({tenant}). Ask Trend Micro to unbind the tenant from the account that provisioned it before.",
			"「このCLPまたはLMPアカウントは別のOffice 365アカウントによってすでに登録されています」というメッセージとテナント ({tenant}) を記載してサポートチケットを送信し、以前に準備したアカウントとテナントのバインドの解除を依頼します。", "tenant", b.tenant),
		text("Add: the activation code, the CLP or LMP login ID ({account}), the login ID of the console, the time of the message, how to reproduce it, a screenshot, and which service was being provisioned. casdoctor bundle makes the text of the ticket with what it knows of these, and what to attach.",
			"次の情報を添えます: アクティベーションコード、CLP または LMP のログイン ID ({account})、管理コンソールのログイン ID、発生時刻、再現手順、スクリーンショット、準備しようとしたサービス。casdoctor bundle で、分かる範囲を記入した本文と添付ファイルを作成できます。", "account", b.signsIn),
	}
	for _, a := range b.oldAccounts() {
		steps = append(steps, text("Name {account} as the account that provisioned the services on {since}.",
			"{since} にサービスを準備したアカウントとして {account} を記載します。", "account", a.ID, "since", a.Provisioned))
	}
	if x.Pair().Cause == "BND-01.X1" {
		steps = append(steps, text("Add the traces that are listed here: applications with App Ids, dates, and the accounts that consented.",
			"ここに示した痕跡 (アプリケーションと App Id、日付、同意したアカウント) を添えます。"))
	}
	return append(steps, text("Wait until Trend Micro confirms, then provision the services again.",
		"回答を待ってから、サービスを再度準備します。"))
}

var bndWords = map[string]Text{
	"declared_for_tenant": {
		"{account} has a full licence, is declared for the tenant {tenant}, and has not provisioned it yet.",
		"{account} は製品版ライセンスのアカウントで、テナント {tenant} 用に宣言されていますが、まだ準備に使用されていません。",
	},
	// Terms.
	"licensing":        licWords["licensing"],
	"id":               licWords["id"],
	"account_twice":    licWords["account_twice"],
	"license":          licWords["license"],
	"expires":          licWords["expires"],
	"microsoft365":     {"The tenant (the microsoft365 section of the configuration)", "テナント (設定の microsoft365 の項)"},
	"phase":            {"The phase of provisioning", "準備の段階 (phase)"},
	"accounts":         {"The list of CLP or LMP accounts (licensing.accounts)", "CLP または LMP アカウントの一覧 (licensing.accounts)"},
	"sign_in_account":  {"The account that signs in to the console (licensing.sign_in.account)", "管理コンソールにログオンするアカウント (licensing.sign_in.account)"},
	"tenant_id":        {"The tenant that the account is provisioned with (tenant_id in licensing.accounts)", "アカウントで準備したテナント (licensing.accounts の tenant_id)"},
	"provisioned":      {"The day on which the account was provisioned (provisioned in licensing.accounts)", "アカウントで準備した日 (licensing.accounts の provisioned)"},
	"trace_principals": {"The list of Trend Micro's applications in the tenant", "テナント内のトレンドマイクロのアプリケーションの一覧"},
	"trace_delegates":  {"The list of delegate users in the tenant", "テナント内のデリゲート ユーザの一覧"},
	"trace_grants":     {"The list of permissions that were granted to an application", "アプリケーションに付与された権限の一覧"},
	strong:             {"strong", "強"},
	medium:             {"medium", "中"},

	// The kind and the end of a licence are judged as in LIC-01.
	"licence_trial":        licWords["licence_trial"],
	"licence_full":         licWords["licence_full"],
	"licence_kind_unknown": licWords["licence_kind_unknown"],
	"expires_unreadable":   licWords["expires_unreadable"],
	"licence_valid":        licWords["licence_valid"],

	"already_provisioned": {
		"Provisioning is declared as done (phase: after).",
		"準備は完了していると宣言されています (phase: after)。",
	},
	"phase_unknown": {
		"This version does not know the phase {phase}. Write before or after.",
		"準備の段階 {phase} は、このバージョンでは認識できません。before または after を指定してください。",
	},
	"about_to_provision": {
		"Provisioning is still to come (phase: before).",
		"準備はこれからです (phase: before)。",
	},
	"no_other_account": {
		"No account is declared beside the one that signs in.",
		"ログオンするアカウント以外のアカウントは宣言されていません。",
	},
	"holds_tenant": {
		"{account} was provisioned with this tenant ({tenant}) on {since}, as declared.",
		"宣言により、このテナント ({tenant}) は {since} に {account} で準備されています。",
	},
	"holds_other_tenant": {
		"{account} is provisioned with another tenant ({tenant}).",
		"{account} が準備しているのは別のテナント ({tenant}) です。",
	},
	"not_yet_provisioned": {
		"{account} is declared to be provisioned on {since}, which is still to come.",
		"{account} の準備日として宣言されている {since} は、まだ先の日付です。",
	},
	"provisioned_unreadable": {
		"The day on which {account} was provisioned ({provisioned}) is no date. Write it as 2026-03-31.",
		"{account} の準備日 ({provisioned}) は日付ではありません。2026-03-31 の形で指定してください。",
	},
	"no_holder_declared": {
		"No declared account is provisioned with this tenant. If you know which one is, add its tenant_id and provisioned to licensing.accounts.",
		"このテナントを準備したアカウントは宣言されていません。分かっている場合は、licensing.accounts に tenant_id と provisioned を追加してください。",
	},
	"no_traces": {
		"No application of Cloud App Security and no delegate user of an earlier provisioning is in the tenant.",
		"以前の準備による Cloud App Security のアプリケーションもデリゲート ユーザも、テナントにありません。",
	},
	"trace_application": {
		"The application {name} ({app}) is in the tenant. Strength of this trace: {strength!}.",
		"アプリケーション {name} ({app}) がテナントにあります。痕跡の強さ: {strength!}。",
	},
	"trace_created": {
		"{name} ({app}) was created on {created}.",
		"{name} ({app}) の作成日は {created} です。",
	},
	"trace_application_permissions": {
		"{name} ({app}) was granted application permissions of: {of} ({granted}).",
		"{name} ({app}) に付与されたアプリケーションのアクセス許可の対象: {of} ({granted})。",
	},
	"trace_consent": {
		"{account} consented to {name} ({app}): {scope}.",
		"{account} が {name} ({app}) に同意しました: {scope}。",
	},
	"trace_consent_for_all": {
		"An administrator consented to {name} ({app}) for the whole organisation: {scope}.",
		"管理者が組織全体として {name} ({app}) に同意しました: {scope}。",
	},
	"trace_consent_event": {
		"The audit log has a consent to {name} ({app}) on {at} ({account}).",
		"監査ログに、{at} の {name} ({app}) への同意が記録されています ({account})。",
	},
	"trace_consent_deleted": {
		"The audit log has a consent to {name} on {at} ({account}), and the application is not in the tenant any more. Strength of this trace: {strength!}.",
		"監査ログに、{at} の {name} への同意が記録されていますが ({account})、アプリケーションはもうテナントにありません。痕跡の強さ: {strength!}。",
	},
	"trace_delegate": {
		"The user {account} bears the name that automatic provisioning gives to its delegate account. Strength of this trace: {strength!}. If it is yours, add it to microsoft365.delegates.",
		"ユーザ {account} の表示名は、自動準備がデリゲート アカウントに付ける名前です。痕跡の強さ: {strength!}。使用中のものであれば microsoft365.delegates に追加してください。",
	},
	"trace_delegate_roles": {
		"Roles of {account}: {roles}.",
		"{account} のロール: {roles}。",
	},
	"own_saml_application": {
		"{name} ({app}) is your own application for single sign-on to the console, not one of Cloud App Security.",
		"{name} ({app}) は管理コンソールへのシングルサインオン用に組織自身が登録したもので、Cloud App Security のアプリケーションではありません。",
	},
	"own_application": {
		"{name} ({app}) is registered in this tenant itself; the applications of Cloud App Security are not.",
		"{name} ({app}) はこのテナント自身に登録されています。Cloud App Security のアプリケーションはそうではありません。",
	},
	"other_product": {
		"{name} ({app}) belongs to another product. If the console of Cloud App Security shows this App Id, add it to microsoft365.cas_app_ids.",
		"{name} ({app}) は別の製品のものです。Cloud App Security 管理コンソールにこの App Id が表示される場合は、microsoft365.cas_app_ids に追加してください。",
	},
	"declared_delegate": {
		"{account} is a declared delegate account.",
		"{account} は宣言済みのデリゲート アカウントです。",
	},
	"owner_unknown": {
		"{name} ({app}) is an application for single sign-on, and the answer does not say who owns it. Look it up in the Microsoft Entra admin center under Enterprise applications.",
		"{name} ({app}) はシングルサインオン用のアプリケーションですが、所有者が応答にありません。Microsoft Entra 管理センターの [エンタープライズ アプリケーション] で確認してください。",
	},
	"other_publisher": {
		"{name} ({app}) has the name of Cloud App Security, but is published by {publisher}. Compare its App Id with those under Administration > Service Account in the console.",
		"{name} ({app}) は Cloud App Security と同じ名前ですが、発行元は {publisher} です。管理コンソールの [運用管理] > [サービスアカウント] の App Id と比べてください。",
	},
	"old_account_unknown": {
		"It is not declared which account provisioned the services. Add its tenant_id and provisioned to licensing.accounts.",
		"サービスを準備したアカウントが宣言されていません。licensing.accounts に tenant_id と provisioned を追加してください。",
	},
	"old_trial_expired": {
		"The trial of {account} expired on {expires}: it cannot sign in to the console any more (LIC-01).",
		"{account} の体験版は {expires} に期限が切れたため、管理コンソールにログオンできません (LIC-01)。",
	},
}
