package checks

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// GDM01 judges why the scheduled synchronisation of Gmail user data cannot synchronise
// internal domains.
//
// CAS provisions Gmail with its own Marketplace app and its own key, so that what the
// configured credentials may do speaks of CAS's grant only when they are CAS's
// (google.credentials_of); each reason names whose client it speaks of.
func GDM01() Check {
	return Check{
		ID: "GDM-01", Section: "google",
		Title: Text{
			"The scheduled sync of Gmail user data cannot synchronise internal domains",
			"Gmail のユーザデータの予約同期で内部ドメインを同期できない",
		},
		Symptom: Text{
			"The scheduled synchronisation of Gmail user data ends with an error message that internal domains cannot be synchronised.",
			"Gmail のユーザデータの予約同期で、内部ドメインを同期できないというエラーメッセージが表示されます。",
		},
		Needs: []string{
			facts.DeclaredGoogle.Name, facts.DeclaredCAS.Name, facts.DeclaredM365.Name,
			facts.WorkspaceDelegation.Name, facts.WorkspaceGrants.Name, facts.WorkspaceDomains.Name, facts.M365Tenant.Name,
		},
		Causes: []Cause{
			{
				ID: "GDM-01.C1",
				Text: Text{
					"Gmail was provisioned during the public preview, and Cloud App Security was not given the read-only permission on domains then.",
					"公開プレビュー中に Gmail を準備したため、Cloud App Security にドメインの読み取り専用権限が付与されていません。",
				},
				How: Text{
					"The preview is declared (google.provisioned_during_preview). With the credentials of CAS, one token is asked for per scope: a control scope must be granted and the domain scope refused; a grant that the audit log shows to be less than a day old leaves it open. With casdoctor's own credentials a declared list (google.granted_scopes) or the admin's own consents (tokens.list) speak of the grant, and at most support.",
					"プレビューかどうかは宣言 (google.provisioned_during_preview) によります。CAS の資格情報ではスコープごとにトークンを要求し、基準のスコープが許可されドメインのスコープが拒否されることを確認します。監査ログで付与から 1 日以内と分かる場合は判断しません。casdoctor 自身の資格情報では、宣言された一覧 (google.granted_scopes) または管理者自身の同意 (tokens.list) が判断材料で、確定にはなりません。",
				},
				Examine: examinePreviewGrant,
			},
			{
				ID: "GDM-01.C2",
				Text: Text{
					"A verified domain or domain alias of the organisation is missing in the internal domains of Cloud App Security.",
					"組織の確認済みドメインまたはドメイン エイリアスが、Cloud App Security の内部ドメインに登録されていません。",
				},
				How: Text{
					"All domains and aliases of Google and, with a section microsoft365, the domains of the tenant are compared with cas.internal_domains. Unverified names do not count, nor do those that the providers make up themselves (test-google-a.com, onmicrosoft.com). A domain that Google created less than a day ago may still be brought by the daily synchronisation: it is a warning, as are one that only Microsoft 365 has and one whose parent domain is listed.",
					"Google のすべてのドメインとエイリアス、および microsoft365 の項がある場合はテナントのドメインを、cas.internal_domains と比べます。未確認の名前と、各社が自動的に付与する名前 (test-google-a.com、onmicrosoft.com) は対象外です。Google での作成から 1 日以内のドメインは毎日の同期で追加される可能性があるため警告にとどめます。Microsoft 365 だけにあるドメインと、親ドメインが登録されているドメインも警告です。",
				},
				Examine: examineListedDomains,
			},
			{
				ID: "GDM-01.X1",
				Text: Text{
					"The delegation, an API switch or the admin's privilege keeps the domains from being read.",
					"委任、API の設定、または管理者の権限のために、ドメインを読み取れません。",
				},
				How: Text{
					"The domains are read with the configured credentials. Only an answer of Google that says what bars the way confirms this; a refusal for another reason (clock, key, admin, Google itself) leaves it open and says what to put right first.",
					"設定された資格情報でドメインを読み取ります。妨げになるものを明示する Google の応答だけが確定の根拠です。それ以外の拒否 (時計、鍵、管理者、Google 側の障害) では判断せず、先に直すべきことを示します。",
				},
				Examine: examineReading,
			},
			{
				ID: "GDM-01.X2",
				Text: Text{
					"The internal domains of Cloud App Security have an entry that is not a domain of the organisation, or no domain at all.",
					"Cloud App Security の内部ドメインに、組織のものではないドメイン、またはドメインではないエントリがあります。",
				},
				How: Text{
					"Each entry of cas.internal_domains is looked for among the domains of Google and, with a section microsoft365, of the tenant. What is no domain, a public suffix or a provider of mail for everybody confirms this; a domain that is unverified, looks like another one or is in neither of the two supports it.",
					"cas.internal_domains の各エントリを、Google のドメインと、microsoft365 の項がある場合はテナントのドメインから探します。ドメインではないもの、パブリック サフィックス、一般向けのメール サービスは確定、未確認のもの、よく似た別のドメイン、どちらにもないドメインは警告です。",
				},
				Examine: examineListEntries,
			},
		},
		// The order is that of preference: the work-around comes last.
		Fixes: []Fix{
			{
				ID: "GDM-01.F1", For: []string{"GDM-01.C1"},
				Text: Text{
					"Remove the Gmail service account of the public preview and provision Gmail again.",
					"公開プレビューで使用した Gmail 用サービスアカウントを削除して、再度準備します。",
				},
				When: Text{
					"Not where an access control of the Google customer blocks the app: provisioning again does not lift it.",
					"Google の組織のアクセス制御がアプリをブロックしている場合は使えません。再度準備しても解除されません。",
				},
				Risk: Text{
					"Gmail is not protected between the removal and the new provisioning. Check the Gmail policies afterwards.",
					"削除してから再度準備するまで、Gmail は保護されません。準備の後に Gmail のポリシーを確認してください。",
				},
				Links: []string{
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/troubleshooting-and-/troubleshooting.aspx",
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/provisioning/deprovisioning-servi/deprovisioning-a-ser_001.aspx",
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/provisioning/provisioning-gmail.aspx",
				},
				Applies: provisionAgainApplies,
				Steps:   provisionAgainSteps,
			},
			{
				ID: "GDM-01.F3", For: []string{"GDM-01.C1", "GDM-01.X1"}, Ours: true,
				Text: Text{
					"Grant what is missing: the scope, the admin's privilege or the API.",
					"不足しているもの (スコープ、管理者の権限、または API) を付与します。",
				},
				When: Text{
					"For GDM-01.X1 always. For GDM-01.C1 only with the credentials of Cloud App Security, and certain only where an access control blocks the app.",
					"GDM-01.X1 には常に使えます。GDM-01.C1 では Cloud App Security の資格情報の場合だけで、確実なのはアクセス制御がアプリをブロックしているときに限ります。",
				},
				Risk: Text{
					"A delegated scope holds for the whole organisation. Grant the read-only scopes only, and leave the scopes that the client already has in place.",
					"委任したスコープは組織全体に及びます。読み取り専用のスコープだけを付与し、クライアントの既存のスコープは残してください。",
				},
				Links: []string{
					"https://support.google.com/a/answer/162106",
					"https://support.google.com/a/answer/7281227",
					"https://support.google.com/a/answer/1219251",
				},
				Applies: grantApplies,
				Steps:   grantSteps,
			},
			{
				ID: "GDM-01.F2", For: []string{"GDM-01.C1", "GDM-01.C2", "GDM-01.X1"},
				Text: Text{
					"Add the internal domains by hand, and again for every new domain.",
					"内部ドメインを手動で追加します。新しいドメインを作成するたびに繰り返します。",
				},
				When: Text{
					"As long as a verified domain is missing in the list, whatever keeps it out.",
					"原因にかかわらず、確認済みのドメインが一覧に不足している間は使えます。",
				},
				Risk: Text{
					"The list grows old with every new domain. List only domains that the organisation owns: mail from them counts as internal.",
					"新しいドメインができるたびに一覧は古くなります。組織が所有するドメインだけを登録してください。そこからのメールは内部として扱われます。",
				},
				Links: []string{
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/troubleshooting-and-/troubleshooting.aspx",
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/administration/global-settings/configuring-internal_001.aspx",
				},
				Applies: addByHandApplies,
				Steps:   addByHandSteps,
			},
			{
				ID: "GDM-01.F4", For: []string{"GDM-01.X2"}, Ours: true,
				Text: Text{
					"Correct the list of internal domains.",
					"内部ドメインの一覧を修正します。",
				},
				Risk: Text{
					"Mail from a domain that is taken off the list counts as incoming again. Make sure that the organisation does not send from it.",
					"一覧から削除したドメインからのメールは、再び受信メールとして扱われます。組織がそのドメインから送信していないことを確認してください。",
				},
				Links: []string{
					"https://docs.trendmicro.com/en-us/enterprise/cloud-app-security-online-help/administration/global-settings/configuring-internal_001.aspx",
				},
				Steps: correctListSteps,
			},
		},
		Words: together(gdmWords, grantWords, domainWords, listWords, domainTableWords), Table: tabulateDomains,
	}
}

// refusal is what an answer of Google means. A health check must not read more out of one
// than it says: most refusals are about the clock, the key or the admin, and leave open what
// was asked.
type refusal struct {
	code        string // "error" of the token endpoint, "reason" of the Directory API
	description string // what error_description begins with; "" fits every one
	reason      string // its sentence has the meaning and the next step
	refuses     bool   // it says that the way is barred; else it could not tell
	// doubt is the reason in place of the other, and the answer then refuses nothing, as long
	// as it is not certain that the right admin (or the right customer) was asked for: Google
	// uses the same words for a wrong one.
	doubt string
}

// tokenRefusals are the answers of the token endpoint to a request for one scope; the first
// row that fits counts. Google Identity, "Using OAuth 2.0 for Server to Server Applications",
// JWT error codes; the descriptions as they are sent.
var tokenRefusals = []refusal{
	{code: "unauthorized_client", reason: "scope_missing", refuses: true,
		description: "Client is unauthorized to retrieve access tokens using this method, or client not authorized"},
	{code: "unauthorized_client", reason: "scope_missing", refuses: true, doubt: "client_or_subject"},
	{code: "admin_policy_enforced", reason: "blocked_by_policy", refuses: true},
	// With several scopes this means "one of them"; with one, the admin cannot use it.
	{code: "access_denied", description: "Account restricted", reason: "subject_restricted"},
	{code: "access_denied", reason: "subject_cannot_use"},
	{code: "invalid_account", reason: "subject_restricted"},
	{code: "invalid_grant", description: "Invalid email or User ID", reason: "subject_unknown"},
	{code: "invalid_grant", description: "Not a valid email", reason: "subject_unknown"},
	{code: "invalid_grant", description: "The account has been deleted", reason: "subject_deleted"},
	{code: "invalid_request", description: "Invalid impersonation", reason: "subject_malformed"},
	{code: "invalid_grant", description: "Invalid JWT: Token must be a short-lived token", reason: "clock_wrong"},
	{code: "invalid_grant", description: "Invalid JWT Signature", reason: "key_refused"},
	{code: "invalid_grant", description: "Invalid grant: account not found", reason: "service_account_gone"},
	{code: "invalid_grant", description: "Invalid JWT: No valid verifier found for issuer", reason: "issuer_unknown"},
	{code: "invalid_grant", description: "Invalid JWT: Failed audience check", reason: "audience_refused"},
	{code: "invalid_grant", description: "Invalid JWT", reason: "request_malformed"},
	{code: "invalid_grant", description: "Bad Request", reason: "request_malformed"},
	{code: "invalid_grant", description: "reauth related error", reason: "caller_expired"},
	{code: "invalid_grant", description: "Token has been expired or revoked", reason: "caller_expired"},
	{code: "invalid_scope", reason: "scope_unknown"},
	{code: "invalid_client", reason: "service_account_gone"},
	{code: "disabled_client", reason: "service_account_disabled"},
	{code: "deleted_client", reason: "service_account_deleted"},
	{code: "org_internal", reason: "client_of_others"},
	{code: "internal_failure", reason: "unavailable"},
}

// directoryRefusals are the answers of the Directory API to the list of domains, once there
// is a token: the scope is granted then, and something else bars the way. Google Workspace
// Admin SDK, "Handle API errors" and "Limits and quotas"; google.rpc.ErrorInfo for the
// reasons in capitals.
var directoryRefusals = []refusal{
	{code: "forbidden", reason: "subject_lacks_privilege", refuses: true, doubt: "privilege_or_customer"},
	{code: "accessNotConfigured", reason: "api_off", refuses: true},
	{code: "SERVICE_DISABLED", reason: "api_off", refuses: true},
	{code: "domainCannotUseApis", reason: "api_off_for_customer", refuses: true},
	{code: "domainPolicy", reason: "service_off_by_policy", refuses: true},
	{code: "insufficientPermissions", reason: "token_lacks_scope"},
	{code: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", reason: "token_lacks_scope"},
	{code: "serviceNotAvailable", reason: "subject_without_service"},
	{code: "PERMISSION_DENIED", reason: "subject_without_service"},
	{code: "notFound", reason: "customer_unknown"},
	{code: "invalid", reason: "customer_malformed"},
	{code: "badRequest", reason: "customer_malformed"},
	{code: "authError", reason: "token_refused"},
	{code: "UNAUTHENTICATED", reason: "token_refused"},
	{code: "userRateLimitExceeded", reason: "throttled"},
	{code: "rateLimitExceeded", reason: "throttled"},
	{code: "quotaExceeded", reason: "throttled"},
	{code: "RESOURCE_EXHAUSTED", reason: "throttled"},
	{code: "backendError", reason: "unavailable"},
	{code: "internalError", reason: "unavailable"},
}

// meaning is the row of an answer.
func meaning(table []refusal, code, description string) (refusal, bool) {
	for _, r := range table {
		if r.code == code && strings.HasPrefix(description, r.description) {
			return r, true
		}
	}
	return refusal{}, false
}

// claim is what a row says of "the way is open".
func (r refusal) claim(certain bool, args []string) Claim {
	switch {
	case r.refuses && (certain || r.doubt == ""):
		return refuted(Observed, because(r.reason, args...))
	case r.refuses:
		return unknown(because(r.doubt, args...))
	default:
		return unknown(because(r.reason, args...))
	}
}

// ladder is, rung by rung, whether a scope is granted to the configured client.
type ladder struct {
	google                       facts.Google
	delegation                   facts.Delegation
	self, control, domains, wide Claim
	// keyGood: a token was issued without an admin, so the clock and the key are good.
	// subjectGood: one was issued on behalf of the admin, so the admin is the right one too.
	keyGood, subjectGood bool
}

func issued(try facts.Seen[facts.TokenTry]) bool {
	return try.Value != nil && try.Value.Status == 200 && try.Value.Error == ""
}

func ladderOf(x *Exam, g facts.Google) (ladder, *facts.Failure) {
	d := Read(x, facts.WorkspaceDelegation)
	if d.Value == nil {
		return ladder{google: g}, d.Why()
	}
	l := ladder{google: g, delegation: *d.Value, keyGood: issued(d.Value.Self), subjectGood: issued(d.Value.Control)}
	l.self = l.granted("scope_self", d.Value.Self)
	l.control = l.granted("scope_control", d.Value.Control)
	l.domains = l.granted("scope_domains", d.Value.Domains)
	l.wide = l.granted("scope_wide", d.Value.DomainsWide)
	return l, nil
}

// granted is whether a scope is granted. Only tokeninfo says yes (of a whole answer, for this
// scope and this client), and only an answer that names the client says no, once the clock, the
// key and the admin are not in doubt.
func (l ladder) granted(what string, try facts.Seen[facts.TokenTry]) Claim {
	if try.Value == nil {
		return unseen(what, try.Why())
	}
	t := *try.Value
	args := l.args("what", what, "scope", t.Scope, "code", t.Error, "detail", t.Description, "status", strconv.Itoa(t.Status))
	if clock := l.delegation.Clock.Value; clock != nil {
		args = append(args, "offset", clock.Offset.String())
	}
	switch said := t.Granted != nil && *t.Granted; {
	case said && issued(try) && try.Complete() && l.confirms(t, scopesTried[what]):
		return confirmed(Observed, because("scope_granted", args...))
	case issued(try), said: // said beside a refusal: they contradict each other
		return unknown(because("token_unconfirmed", args...))
	}
	r, ok := meaning(tokenRefusals, t.Error, t.Description)
	switch {
	case !ok && t.Error == "" && t.Status >= 500:
		return unknown(because("unavailable", args...))
	case !ok:
		return unknown(because("token_answer_unknown", args...))
	case r.refuses && !l.keyGood:
		return unknown(because("refused_unproven", args...))
	}
	return r.claim(l.subjectGood, args)
}

// scopesTried are the scopes of the rungs that a verdict rests on.
var scopesTried = map[string]string{
	"scope_control": facts.ScopeControl, "scope_domains": facts.ScopeDomains, "scope_wide": facts.ScopeDomainsWide,
}

// confirms says whether tokeninfo names the scope that was to be asked for, and the client that was.
func (l ladder) confirms(t facts.TokenTry, scope string) bool {
	if scope == "" { // the service account's own token: its scope shows the key good, and no more
		scope = t.Scope
	}
	return t.Info.Complete() && t.Scope == scope && slices.Contains(t.Info.Value.Scopes, scope) &&
		(t.Info.Value.Azp == nil || l.delegation.ClientID == nil || *t.Info.Value.Azp == *l.delegation.ClientID)
}

// args name whose client a reason speaks of, and add the others that are not empty.
func (l ladder) args(more ...string) []string {
	of := "client_" + l.google.CredentialsOf
	args := []string{"of", of, "client", l.client(), "account", l.delegation.ServiceAccount, "subject", l.subject()}
	var out []string
	for args = append(args, more...); len(args) > 1; args = args[2:] {
		if args[1] != "" {
			out = append(out, args[0], args[1])
		}
	}
	return out
}

// client is the numeric id that the Admin console lists, or else the address.
func (l ladder) client() string {
	if l.delegation.ClientID != nil {
		return *l.delegation.ClientID
	}
	return l.delegation.ServiceAccount
}

func (l ladder) subject() string {
	if l.delegation.Subject != "" {
		return l.delegation.Subject
	}
	return l.google.Admin
}

func examinePreviewGrant(x *Exam) {
	g := Read(x, facts.DeclaredGoogle)
	if g.Value == nil {
		x.Find("", unseen("google", g.Why()))
		return
	}
	x.Find("", all(preview(*g.Value), lacksDomains(x, *g.Value)))
}

func preview(g facts.Google) Claim {
	switch p := g.ProvisionedDuringPreview; {
	case p == nil:
		return unknown(because("not_declared", "what", "preview"))
	case *p:
		return confirmed(Declared, because("provisioned_in_preview"))
	default:
		return refuted(Declared, because("not_provisioned_in_preview"))
	}
}

// lacksDomains: CAS's grant has no read access to domains. The client of CAS answers for
// itself; where it could not be asked, and for any other client, the declared list speaks.
func lacksDomains(x *Exam, g facts.Google) Claim {
	if g.CredentialsOf != "cas" {
		shown := shownOfCAS(x, g)
		if shown.Verdict == Unknown && g.GrantedScopes == nil {
			shown.Reasons = append(shown.Reasons, because("own_client"))
		}
		return shown
	}
	asked := clientLacksDomains(x, g)
	if asked.Verdict != Unknown {
		return asked
	}
	if shown := shownOfCAS(x, g); shown.Verdict != Unknown && !hasReason(asked, "grant_spreading") {
		return shown
	}
	return asked
}

func clientLacksDomains(x *Exam, g facts.Google) Claim {
	l, why := ladderOf(x, g)
	switch {
	case why != nil:
		return unseen("delegation", why)
	case l.domains.Verdict == Confirmed:
		return refuted(Observed, l.domains.Reasons...)
	case !l.keyGood:
		return l.self
	case l.control.Verdict != Confirmed:
		// Not the preview's grant, which had the control scope: X1 judges this.
		return unknown(l.control.Reasons...)
	case l.domains.Verdict == Unknown:
		return l.domains
	case l.wide.Verdict == Confirmed:
		return unknown(because("only_wide_scope", l.args("scope", facts.ScopeDomainsWide)...))
	case l.spreading(x) != nil:
		return unknown(*l.spreading(x))
	case l.wide.Verdict == Unknown: // it may be granted, and nothing would be certain then
		return confirmed(Observed, l.domains.Reasons...).atMost(Supported, l.wide.Reasons...)
	default:
		return confirmed(Observed, append(l.domains.Reasons, l.removed(x)...)...)
	}
}

// listLacksDomains reads the declared list. It is a copy of what somebody saw, and where one
// looks in the Admin console decides what it shows: without the scope it supports at most.
func listLacksDomains(g facts.Google) Claim {
	switch list := g.GrantedScopes; {
	case list == nil:
		return unknown(because("not_declared", "what", "granted_scopes"))
	case slices.Contains(*list, facts.ScopeDomains):
		return refuted(Declared, because("list_has_scope", "scope", facts.ScopeDomains))
	case slices.Contains(*list, facts.ScopeDomainsWide):
		return unknown(because("only_wide_scope", "of", "client_cas", "scope", facts.ScopeDomainsWide))
	default:
		return supported(Declared, because("list_lacks_scope", "scope", facts.ScopeDomains))
	}
}

func examineReading(x *Exam) {
	g := Read(x, facts.DeclaredGoogle)
	if g.Value == nil {
		x.Find("", unseen("google", g.Why()))
		return
	}
	c := barred(x, *g.Value)
	if g.Value.CredentialsOf == "cas" && hasReason(c, "scope_missing") && x.Found("GDM-01.C1", "").Verdict >= Supported {
		// The one missing scope of CAS's client is the documented cause, and is said there.
		c = refuted(Observed, because("documented_cause"))
	}
	x.Find("", c)
}

// barred: something keeps the domains from being read.
func barred(x *Exam, g facts.Google) Claim {
	l, why := ladderOf(x, g)
	set := Read(x, facts.WorkspaceDomains)
	if set.Value != nil && set.Value.Domains.Value != nil && len(*set.Value.Domains.Value) > 0 {
		n := strconv.Itoa(len(*set.Value.Domains.Value))
		return refuted(Observed, because("domains_read", l.args("count", n)...))
	}
	answer := l.directoryAnswer(set)
	switch {
	case answer.Verdict == Refuted: // the way is not open
		return confirmed(Observed, answer.Reasons...)
	case why != nil:
		return unseen("delegation", why)
	case !l.keyGood:
		return l.self
	case issued(l.delegation.Domains), issued(l.delegation.DomainsWide):
		return answer // a token can be had: what the Directory API answered is the reason
	}
	top := l.domains
	if l.delegation.Domains.Value == nil && l.delegation.Domains.Why().Kind == facts.NotCollected {
		top = l.control // the ladder ended there
	}
	switch {
	case top.Verdict == Refuted && hasReason(top, "scope_missing") && l.spreading(x) != nil:
		// It is refused now, and settles by itself.
		return supported(Observed, *l.spreading(x))
	case top.Verdict == Refuted && hasReason(l.control, "scope_missing"):
		return confirmed(Observed, append([]Reason{because("delegation_missing", l.args()...)}, l.removed(x)...)...)
	case top.Verdict == Refuted:
		return confirmed(Observed, append(top.Reasons, l.removed(x)...)...)
	default:
		return unknown(top.Reasons...)
	}
}

// directoryAnswer is whether the Directory API lets the domains be read: refuted by an
// answer that says no, else unknown.
func (l ladder) directoryAnswer(set facts.Seen[facts.WorkspaceDomainSet]) Claim {
	if set.Value == nil { // it was not asked
		return unseen("workspace_domains", set.Why())
	}
	why, customer := orMalformed(set.Value.Domains.Why()), set.Value.Customer
	r, ok := meaning(directoryRefusals, why.Code, "")
	if !ok || why.Kind == facts.WrongIdentity {
		return unseen("workspace_domains", why)
	}
	args := l.args("what", "workspace_domains", "customer", customer, "code", why.Code, "status", strconv.Itoa(why.Status))
	return r.claim(customer == myCustomer, args)
}

// myCustomer is the customer of the admin on whose behalf the API is called (Directory API,
// domains.list); any other id may be somebody else's.
const myCustomer = "my_customer"

func hasReason(c Claim, codes ...string) bool {
	return slices.ContainsFunc(c.Reasons, func(r Reason) bool { return slices.Contains(codes, r.Code) })
}

// domainsUnread is why the domains could not be read. Where the documented cause keeps them from
// being read, that is settled first: to grant the scope, as the failure itself asks for, may not
// help a service account of the preview.
func domainsUnread(x *Exam, why *facts.Failure) Reason {
	g := Read(x, facts.DeclaredGoogle)
	if g.Value != nil && g.Value.CredentialsOf == "cas" && why.Kind == facts.Forbidden &&
		x.Found("GDM-01.C1", "").Verdict >= Supported {
		return because("settle_c1_first")
	}
	return failed("workspace_domains", why)
}

// provisionAgainApplies: a new consent does not lift a policy of the customer.
func provisionAgainApplies(x *Exam) (Applicability, []Reason) {
	if hasReason(x.Found("GDM-01.C1", ""), "blocked_by_policy") {
		return No, []Reason{because("policy_stays")}
	}
	return Yes, nil
}

func provisionAgainSteps(*Exam) []Text {
	return []Text{
		text("In the Cloud App Security console, as a Global administrator, open Administration > Service Account, select the Gmail service account and click Remove.",
			"Cloud App Security 管理コンソールにグローバル管理者でログオンし、[運用管理] > [サービスアカウント] で Gmail のサービスアカウントを選択して [削除] をクリックします。"),
		text("Never uninstall the Marketplace app \"Trend Micro Cloud App Security\" for this: Google Drive, Gmail and Gmail (Inline Mode) share it.",
			"このとき、Marketplace アプリ「Trend Micro Cloud App Security」は絶対にアンインストールしないでください。Google ドライブ、Gmail、Gmail (インラインモード) が共有しています。"),
		text("Provision Gmail again from the Dashboard, with Google super admin credentials. The app is already installed, so open Apps > Google Workspace Marketplace apps > Apps list > Trend Micro Cloud App Security in the Google Admin console and click Grant access under Data access.",
			"[ダッシュボード] から、Google の特権管理者の認証情報で Gmail を再度準備します。アプリはインストール済みなので、Google 管理コンソールの [アプリ] > [Google Workspace Marketplace アプリ] > [アプリのリスト] > [Trend Micro Cloud App Security] を開き、データ アクセスの項でアクセス権を付与します。"),
		text("After the next scheduled synchronisation, copy the internal domains into cas.internal_domains and run casdoctor again.",
			"次の予約同期の後、内部ドメインを cas.internal_domains に転記し、casdoctor を再実行します。"),
	}
}

// grantApplies: for X1, whatever Google says is missing can be granted. For C1 it can help
// only when the client is CAS's, and only lifting a policy surely does: no page says whether
// a service account of the preview asks for the scope once it is granted.
func grantApplies(x *Exam) (Applicability, []Reason) {
	g := Read(x, facts.DeclaredGoogle)
	switch {
	case x.Pair().Cause == "GDM-01.X1":
		return Yes, nil
	case g.Value == nil:
		return Maybe, []Reason{failed("google", g.Why())}
	case g.Value.CredentialsOf != "cas":
		return No, []Reason{because("grants_own_client")}
	case hasReason(x.Found("GDM-01.C1", ""), "blocked_by_policy"):
		return Yes, nil
	default:
		return Maybe, []Reason{because("grant_not_documented")}
	}
}

// grantSteps are the steps for what was found for the entry.
func grantSteps(x *Exam) []Text {
	g := Read(x, facts.DeclaredGoogle)
	if a, _ := grantApplies(x); g.Value == nil || a == No {
		return nil
	}
	l, _ := ladderOf(x, *g.Value)
	found := x.Found(x.Pair().Cause, x.Pair().Subject)
	args := l.args("link", l.delegationLink(x))
	var steps []Text
	if hasReason(found, "grant_spreading") {
		steps = append(steps, text("Wait: the scope was granted less than a day ago. Run casdoctor again after {until}; only if it is still refused then, look at the scope and the client in the domain-wide delegation once more.",
			"待ちます。スコープの付与から 1 日経っていません。{until} より後に casdoctor を再実行し、それでも拒否される場合だけ、ドメイン全体の委任のスコープとクライアントを見直します。",
			"until", found.Reasons[0].Args["until"]))
	}
	if hasReason(found, "scope_missing", "delegation_missing", "only_wide_scope") {
		steps = append(steps,
			text("Sign in to the Google Admin console as a super admin and open this link, which fills in the form for client {client}; look at it before you authorise: {link}",
				"Google 管理コンソールに特権管理者でログインし、次のリンクを開きます。クライアント {client} の入力欄が自動で埋まるので、承認する前に内容を確認します: {link}", args...),
			text("If the client is listed already, edit its row and add the scope to those that it has. Never put overwriteClientId=true into the link: it replaces all scopes of the client.",
				"クライアントが既に登録されている場合は、その行を編集し、既存のスコープに追加します。リンクに overwriteClientId=true を付けないでください。クライアントのすべてのスコープが置き換えられます。"),
			text("Wait until the change has spread (minutes, at most 24 hours), then run casdoctor again.",
				"変更が反映されるまで待ってから (数分、最大 24 時間)、casdoctor を再実行します。"))
	}
	if hasReason(found, "blocked_by_policy") {
		steps = append(steps, text("In the Google Admin console open Security > Access and data control > API controls > Manage Third-Party App Access, find client {client} and set it to Trusted.",
			"Google 管理コンソールで [セキュリティ] > [アクセスとデータ管理] > [API の制御] > [サードパーティ製アプリのアクセスを管理] を開き、クライアント {client} を「信頼できる」に設定します。", args...))
	}
	if hasReason(found, "subject_lacks_privilege", "privilege_or_customer") {
		steps = append(steps, text("Give {subject} an admin role with the Domain Management privilege, or name a super admin in google.admin. A super admin always has it.",
			"{subject} に Domain Management (ドメイン管理) 権限を持つ管理者ロールを割り当てるか、google.admin に特権管理者を指定します。特権管理者には必ずこの権限があります。", args...))
	}
	if hasReason(found, "api_off") {
		steps = append(steps, text("In the Google Cloud console, open the project of {account} and enable the Admin SDK API. Wait a few minutes.",
			"Google Cloud コンソールで {account} のプロジェクトを開き、Admin SDK API を有効にします。反映まで数分待ちます。", args...))
	}
	if hasReason(found, "api_off_for_customer") {
		steps = append(steps, text("In the Google Admin console open Security > Access and data control > API controls and allow API access. After an upgrade of the edition it comes by itself: wait.",
			"Google 管理コンソールで [セキュリティ] > [アクセスとデータ管理] > [API の制御] を開き、API アクセスを許可します。エディションの変更直後は自動的に有効になるので、しばらく待ちます。"))
	}
	if hasReason(found, "service_off_by_policy") {
		steps = append(steps, text("In the Google Admin console, switch the service on for the organisational unit of {subject}, or name another admin in google.admin.",
			"Google 管理コンソールで、{subject} の組織部門のサービスを有効にするか、google.admin に別の管理者を指定します。", args...))
	}
	return steps
}

// delegationLink opens the Admin console's form with every scope that the client is to have:
// those that it is known to have, and those that are missing. It leaves overwriteClientId out,
// which would replace the scopes of the client with these: it may have some that nothing shows.
func (l ladder) delegationLink(x *Exam) string {
	scopes := l.known(x)
	for _, s := range []string{facts.ScopeControl, facts.ScopeDomains} {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	link := "https://admin.google.com/ac/owl/domainwidedelegation?clientScopeToAdd=" + url.QueryEscape(strings.Join(scopes, ","))
	if id := l.delegation.ClientID; id != nil {
		link += "&clientIdToAdd=" + url.QueryEscape(*id)
	}
	return link
}

// gdmWords are the sentences of this check's reasons, and its terms.
var gdmWords = map[string]Text{
	// Terms.
	"google":            {"The google section of the configuration", "設定の google の項"},
	"preview":           {"Whether Gmail was provisioned during the public preview (google.provisioned_during_preview)", "公開プレビュー中に Gmail を準備したかどうか (google.provisioned_during_preview)"},
	"granted_scopes":    {"The list of Cloud App Security's scopes (google.granted_scopes)", "Cloud App Security のスコープの一覧 (google.granted_scopes)"},
	"internal_domains":  {"The list of Cloud App Security's internal domains (cas.internal_domains)", "Cloud App Security の内部ドメインの一覧 (cas.internal_domains)"},
	"delegation":        {"The delegation of the service account", "サービスアカウントの委任"},
	"workspace_domains": {"The domains of the Google customer", "Google の組織のドメイン"},
	"workspace_aliases": {"The domain aliases of the Google customer", "Google の組織のドメイン エイリアス"},
	"scope_self":        {"The service account's own token", "サービスアカウント自身のトークン"},
	"scope_control":     {"The token for the control scope", "基準のスコープのトークン"},
	"scope_domains":     {"The token for the domain scope", "ドメインのスコープのトークン"},
	"scope_wide":        {"The token for the wider domain scope", "広い方のドメインのスコープのトークン"},
	"client_cas":        {"Cloud App Security's client", "Cloud App Security のクライアント"},
	"client_casdoctor":  {"casdoctor's own client", "casdoctor 自身のクライアント"},

	"provisioned_in_preview": {
		"Gmail was first provisioned during the public preview, as declared.",
		"宣言により、Gmail は公開プレビュー中に準備されました。",
	},
	"not_provisioned_in_preview": {
		"Gmail was not provisioned during the public preview, as declared.",
		"宣言により、Gmail は公開プレビュー中には準備されていません。",
	},
	"list_has_scope": {
		"The declared scopes of Cloud App Security include {scope}.",
		"宣言された Cloud App Security のスコープに {scope} が含まれています。",
	},
	"list_lacks_scope": {
		"The declared scopes of Cloud App Security do not include {scope}. Compare the list with the Admin console once more.",
		"宣言された Cloud App Security のスコープに {scope} が含まれていません。管理コンソールの表示ともう一度照合してください。",
	},
	"only_wide_scope": {
		"Of the two domain scopes, {of!} has only the wider one ({scope}). Google compares scopes word by word, and which one Cloud App Security asks for is not documented: grant the read-only one as well.",
		"ドメインの 2 つのスコープのうち、{of!}には広い方 ({scope}) だけが許可されています。Google はスコープを文字列の一致で判断し、Cloud App Security がどちらを要求するかは文書化されていません。読み取り専用の方も許可してください。",
	},
	"own_client": {
		"The configured credentials are casdoctor's own: what they may do says nothing about Cloud App Security. Declare what the Admin console shows for Cloud App Security.",
		"設定された資格情報は casdoctor 自身のもので、Cloud App Security の権限については何も分かりません。管理コンソールに表示される Cloud App Security のスコープを宣言してください。",
	},
	"scope_granted": {
		"Google grants {of!} ({client}) the scope {scope}; tokeninfo confirms it.",
		"Google は {of!} ({client}) にスコープ {scope} を許可しています (tokeninfo で確認済み)。",
	},
	"documented_cause": {
		"What keeps the domains from being read is the documented cause itself (GDM-01.C1).",
		"ドメインを読み取れない理由は、文書に記載された原因そのものです (GDM-01.C1)。",
	},
	"scope_missing": {
		"Google refuses {of!} ({client}) the scope {scope}: it is not delegated, or a change of the delegation has not spread yet (at most 24 hours).",
		"Google は {of!} ({client}) にスコープ {scope} を許可していません。委任されていないか、委任の変更がまだ反映されていません (最大 24 時間)。",
	},
	"delegation_missing": {
		"Google refuses {of!} ({client}) every scope on behalf of {subject}: the client is not in the domain-wide delegation, is listed by its e-mail address instead of its numeric id, or was added less than 24 hours ago.",
		"Google は {of!} ({client}) に、{subject} の代理としてのスコープを一つも許可していません。ドメイン全体の委任に登録されていないか、数字の ID ではなくメール アドレスで登録されたか、登録から 24 時間経っていません。",
	},
	"client_or_subject": {
		"Google refuses {of!} ({client}), in words that it also uses for a wrong admin. Check google.admin ({subject}) first, then the domain-wide delegation.",
		"Google は {of!} ({client}) を拒否していますが、管理者の指定が誤っている場合も同じ応答になります。まず google.admin ({subject})、次にドメイン全体の委任を確認してください。",
	},
	"refused_unproven": {
		"Google refuses {of!} ({client}), but its key and this machine's clock were not shown to be good. Check the key and run again.",
		"Google は {of!} ({client}) を拒否していますが、鍵とこのコンピュータの時計が正しいことを確認できていません。鍵を確認して再実行してください。",
	},
	"blocked_by_policy": {
		"The customer's app access control blocks {of!} ({client}) for the scope {scope}.",
		"組織のアプリのアクセス制御が、スコープ {scope} について {of!} ({client}) をブロックしています。",
	},
	"subject_cannot_use": {
		"{subject} cannot use the scope {scope}: the service is off for the account's organisational unit, or the account has never signed in. Name another admin in google.admin.",
		"{subject} はスコープ {scope} を使用できません。組織部門でサービスが無効か、一度もログインしていない可能性があります。google.admin に別の管理者を指定してください。",
	},
	"subject_restricted": {
		"{subject} is suspended or restricted. Name another admin in google.admin.",
		"{subject} は停止または制限されています。google.admin に別の管理者を指定してください。",
	},
	"subject_unknown": {
		"Google knows no user {subject} here. Correct google.admin.",
		"Google にユーザ {subject} は存在しません。google.admin を修正してください。",
	},
	"subject_deleted": {
		"{subject} has been deleted. Name another admin in google.admin.",
		"{subject} は削除されています。google.admin に別の管理者を指定してください。",
	},
	"subject_malformed": {
		"Google does not accept {subject} as a user. Correct google.admin; look for stray quotes.",
		"Google は {subject} をユーザとして受け付けません。google.admin を修正してください。余分な引用符がないか確認してください。",
	},
	"clock_wrong": {
		"Google refuses the request because of this machine's clock ({offset}). Set the clock (NTP) and run again.",
		"このコンピュータの時計のずれ ({offset}) により、Google が要求を拒否しています。時刻を合わせて (NTP) 再実行してください。",
	},
	"key_refused": {
		"Google does not accept the signature of {account}: its key was deleted or disabled. Create a new key.",
		"Google は {account} の署名を受け付けません。鍵が削除または無効にされています。新しい鍵を作成してください。",
	},
	"service_account_gone": {
		"The service account {account} does not exist any more. Create it again, or correct google.credentials.",
		"サービスアカウント {account} は既に存在しません。作成し直すか、google.credentials を修正してください。",
	},
	"service_account_disabled": {
		"The service account {account} is disabled. Enable it in the Google Cloud console.",
		"サービスアカウント {account} は無効です。Google Cloud コンソールで有効にしてください。",
	},
	"service_account_deleted": {
		"The client of {account} was deleted. It can be restored for 30 days.",
		"{account} のクライアントは削除されています。30 日以内であれば復元できます。",
	},
	"issuer_unknown": {
		"{account} is no service account. Check client_email in the key file.",
		"{account} はサービスアカウントではありません。鍵ファイルの client_email を確認してください。",
	},
	"audience_refused": {
		"The token endpoint refuses the audience of the request. google.endpoints.token must lead to Google's own endpoint.",
		"トークン エンドポイントが要求の宛先 (audience) を拒否しています。google.endpoints.token は Google 自身のエンドポイントに到達する必要があります。",
	},
	"request_malformed": {
		"Google cannot read the request for a token ({detail}). Please report it to casdoctor.",
		"Google がトークンの要求を解釈できません ({detail})。casdoctor への報告をお願いします。",
	},
	"caller_expired": {
		"The sign-in of the caller that signs for {account} has expired or was revoked. Sign in again.",
		"{account} の代わりに署名する呼び出し元のログインが、期限切れまたは取り消し済みです。ログインし直してください。",
	},
	"scope_unknown": {
		"Google does not know the scope {scope}. Please report it to casdoctor.",
		"Google はスコープ {scope} を認識しません。casdoctor への報告をお願いします。",
	},
	"client_of_others": {
		"The service account {account} is restricted to users of its own organisation. Use one of this organisation.",
		"サービスアカウント {account} は、自身の組織のユーザに限定されています。この組織のサービスアカウントを使用してください。",
	},
	"token_unconfirmed": {
		"That the scope {scope} is granted was not confirmed: tokeninfo did not say so of a token for this scope and this client. Check the way to tokeninfo and run again.",
		"スコープ {scope} の許可は確認できませんでした。このスコープとこのクライアントのトークンについて、tokeninfo で裏付けが取れていません。tokeninfo への経路を確認して再実行してください。",
	},
	"token_answer_unknown": {
		"Google gives no token for {scope}, with an answer that this version does not know (HTTP {status} {code}: {detail}). Nothing is concluded from it.",
		"Google は {scope} のトークンを発行しません。このバージョンが知らない応答のため (HTTP {status} {code}: {detail})、判断しません。",
	},
	"domains_read": {
		"The domains were read with {of!} ({client}): {count}.",
		"{of!} ({client}) でドメインを読み取れました ({count} 件)。",
	},
	"subject_lacks_privilege": {
		"The scope is granted to {of!} ({client}), but {subject} has no privilege to read domains.",
		"スコープは {of!} ({client}) に許可されていますが、{subject} にドメインを読み取る権限がありません。",
	},
	"privilege_or_customer": {
		"Google refuses the domains of {customer}: {subject} lacks the privilege, or the id belongs to another customer. Set google.customer to my_customer and run again.",
		"Google は {customer} のドメインの読み取りを拒否しました。{subject} に権限がないか、この ID が別の組織のものです。google.customer を my_customer にして再実行してください。",
	},
	"api_off": {
		"The Admin SDK API is off in the Google Cloud project of {of!} ({client}).",
		"{of!} ({client}) の Google Cloud プロジェクトで、Admin SDK API が無効です。",
	},
	"api_off_for_customer": {
		"API access is switched off for the whole Google customer.",
		"Google の組織全体で API アクセスが無効になっています。",
	},
	"service_off_by_policy": {
		"A policy of the Google customer keeps {subject} from the service.",
		"Google の組織のポリシーにより、{subject} はこのサービスを使用できません。",
	},
	"token_lacks_scope": {
		"The token lacks the scope that the call needs, although it was asked for. Please report it to casdoctor.",
		"要求したはずのスコープがトークンにありません。casdoctor への報告をお願いします。",
	},
	"subject_without_service": {
		"{subject} cannot use this service: check the account's licence and organisational unit, or name another admin in google.admin.",
		"{subject} はこのサービスを使用できません。アカウントのライセンスと組織部門を確認するか、google.admin に別の管理者を指定してください。",
	},
	"customer_unknown": {
		"Google knows no customer {customer}. Set google.customer to my_customer.",
		"Google に組織 {customer} は存在しません。google.customer を my_customer にしてください。",
	},
	"customer_malformed": {
		"{customer} is no customer id. Set google.customer to my_customer, or to the id that begins with C.",
		"{customer} は組織の ID ではありません。google.customer を my_customer か、C で始まる ID にしてください。",
	},
	"token_refused": {
		"The Directory API refuses the token that Google has just issued. Run again.",
		"Google が発行したばかりのトークンを Directory API が拒否しました。再実行してください。",
	},
	"policy_stays": {
		"Provisioning again does not lift the app access control of the Google customer.",
		"再度準備しても、Google の組織のアプリのアクセス制御は解除されません。",
	},
	"grants_own_client": {
		"It would change the grant of casdoctor's own client, not that of Cloud App Security.",
		"変更されるのは casdoctor 自身のクライアントの権限で、Cloud App Security の権限ではありません。",
	},
	"grant_not_documented": {
		"No page says whether a service account of the preview uses the scope once it is granted.",
		"プレビュー時のサービスアカウントが、許可された後にスコープを使用するかどうかは文書化されていません。",
	},
}
