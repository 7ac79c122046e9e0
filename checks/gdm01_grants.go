package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Whose grant it is: a client shows only what it may do itself. Of CAS's client, which signs
// with the vendor's key, speak the declared list, what the admin has consented to, and the
// changes in the audit log; none of them as surely as a token.

// spreadIn is how long a change of the delegation can take to be everywhere (Google Workspace
// Admin Help, "Control API access with domain-wide delegation": at most 24 hours).
const spreadIn = 24 * time.Hour

// The events of the audit log.
const (
	authorized = "AUTHORIZE_API_CLIENT_ACCESS"
	removed    = "REMOVE_API_CLIENT_ACCESS"
	installed  = "ADD_APPLICATION"
)

// shownOfCAS: CAS's grant has no read access to domains, by what is declared and what Google
// shows to an admin.
func shownOfCAS(x *Exam, g facts.Google) Claim {
	list := listLacksDomains(g)
	if list.Verdict == Refuted {
		return list
	}
	grants := Read(x, facts.WorkspaceGrants)
	if grants.Value == nil {
		return list
	}
	consent := consentLacksDomains(*grants.Value, g)
	log := loggedForCAS(*grants.Value)
	switch {
	// A consent and a log that have the scope speak against the cause, and do not refute it:
	// whether that is the grant that the synchronisation uses is not documented.
	case consent != nil && consent.Verdict == Unknown:
		return unknown(append(list.Reasons, consent.Reasons...)...)
	case len(log) > 0 && log[0].Code == "log_has_scope":
		return unknown(append(list.Reasons, log...)...)
	case consent != nil && list.Verdict == Supported:
		list = anyOf(list, *consent)
	case consent != nil && g.GrantedScopes == nil:
		list = *consent
	}
	list.Reasons = append(slices.Clip(list.Reasons), log...)
	return list
}

// consentLacksDomains reads what the admin has consented to for CAS; nil when it is not in the
// list: an application that is installed for everybody need not be.
func consentLacksDomains(grants facts.Grants, g facts.Google) *Claim {
	if grants.Tokens.Value == nil {
		return nil
	}
	for _, t := range *grants.Tokens.Value {
		if t.DisplayText == nil || !nameOfCAS(*t.DisplayText) {
			continue
		}
		args := []string{"of", "client_cas", "client", t.ClientID, "subject", g.Admin, "scope", facts.ScopeDomains}
		var c Claim
		switch {
		case slices.Contains(t.Scopes, facts.ScopeDomains):
			c = unknown(because("consent_has_scope", args...))
		case slices.Contains(t.Scopes, facts.ScopeDomainsWide):
			c = unknown(because("only_wide_scope", "of", "client_cas", "scope", facts.ScopeDomainsWide))
		default:
			c = supported(Observed, because("consent_lacks_scope", args...))
		}
		return &c
	}
	return nil
}

func nameOfCAS(name string) bool {
	return strings.Contains(strings.ToLower(name), "cloud app security")
}

// loggedForCAS is what the audit log says of CAS's application, the last word first.
func loggedForCAS(grants facts.Grants) (out []Reason) {
	if grants.Log.Value == nil {
		return nil
	}
	ids := map[string]bool{}
	if grants.Tokens.Value != nil {
		for _, t := range *grants.Tokens.Value {
			if t.DisplayText != nil && nameOfCAS(*t.DisplayText) {
				ids[t.ClientID] = true
			}
		}
	}
	ofCAS := func(e facts.GrantEvent) bool {
		return e.Client != nil && (ids[*e.Client] || nameOfCAS(*e.Client)) || e.Application != nil && nameOfCAS(*e.Application)
	}
	for _, e := range slices.Backward(*grants.Log.Value) {
		if !ofCAS(e) {
			continue
		}
		switch {
		case e.Name == authorized && slices.Contains(e.Scopes, facts.ScopeDomains):
			return append(out, because("log_has_scope", eventArgs(e, "of", "client_cas", "scope", facts.ScopeDomains)...))
		case e.Name == removed:
			return append(out, because("grant_removed", eventArgs(e, "of", "client_cas")...))
		case e.Name == installed:
			return append(out, because("app_installed", eventArgs(e)...))
		}
	}
	return out
}

func eventArgs(e facts.GrantEvent, more ...string) []string {
	args := append(more, "at", e.Time.UTC().Format(time.RFC3339))
	for name, v := range map[string]*string{"by": e.Actor, "client": e.Client} {
		if v != nil {
			args = append(args, name, *v)
		}
	}
	return args
}

// logged are the changes of the configured client's own grant, oldest first.
func (l ladder) logged(x *Exam) (out []facts.GrantEvent) {
	grants := Read(x, facts.WorkspaceGrants)
	if grants.Value == nil || grants.Value.Log.Value == nil || l.delegation.ClientID == nil {
		return nil
	}
	for _, e := range *grants.Value.Log.Value {
		if e.Client != nil && *e.Client == *l.delegation.ClientID && (e.Name == authorized || e.Name == removed) {
			out = append(out, e)
		}
	}
	return out
}

// spreading is why a refusal of the domain scope may end by itself: it was granted less than a
// day ago, and not taken back since.
func (l ladder) spreading(x *Exam) *Reason {
	events := l.logged(x)
	if len(events) == 0 {
		return nil
	}
	last := events[len(events)-1]
	until := last.Time.Add(spreadIn)
	if last.Name != authorized || !slices.Contains(last.Scopes, facts.ScopeDomains) || !x.Now().Before(until) {
		return nil
	}
	r := because("grant_spreading", l.args(eventArgs(last, "scope", facts.ScopeDomains, "until", until.UTC().Format(time.RFC3339))...)...)
	return &r
}

// removed says who took the client's grant away, if that is the last that happened to it.
func (l ladder) removed(x *Exam) []Reason {
	events := l.logged(x)
	if len(events) == 0 || events[len(events)-1].Name != removed {
		return nil
	}
	return []Reason{because("grant_removed", l.args(eventArgs(events[len(events)-1])...)...)}
}

// known are the scopes that something shows the client to have, in a stable order.
func (l ladder) known(x *Exam) (scopes []string) {
	add := func(list ...string) {
		for _, s := range list {
			if !slices.Contains(scopes, s) {
				scopes = append(scopes, s)
			}
		}
	}
	for _, try := range []facts.Seen[facts.TokenTry]{l.delegation.Control, l.delegation.Domains, l.delegation.DomainsWide} {
		if issued(try) {
			add(try.Value.Scope)
		}
	}
	if g := l.google; g.CredentialsOf == "cas" && g.GrantedScopes != nil {
		add(*g.GrantedScopes...)
	}
	if events := l.logged(x); len(events) > 0 && events[len(events)-1].Name == authorized {
		add(events[len(events)-1].Scopes...)
	}
	return scopes
}

// grantWords are the sentences about whose grant it is.
var grantWords = map[string]Text{
	"consent_has_scope": {
		"What {subject} has consented to for {of!} ({client}) includes {scope}, which speaks against it: compare with the scopes under Data access of the app in the Admin console, and declare them in google.granted_scopes.",
		"{subject} が{of!} ({client}) に同意した内容には {scope} が含まれており、この原因とは一致しません。管理コンソールのアプリの「データ アクセス」に表示されるスコープと照合し、google.granted_scopes に宣言してください。",
	},
	"consent_lacks_scope": {
		"What {subject} has consented to for {of!} ({client}) does not include {scope}. Another admin may have consented to more: compare with the Admin console.",
		"{subject} が{of!} ({client}) に同意した内容に {scope} が含まれていません。別の管理者がより広く同意している可能性があるため、管理コンソールと照合してください。",
	},
	"log_has_scope": {
		"The audit log has {by} granting {scope} to {of!} ({client}) at {at}, which speaks against it: declare the scopes that the Admin console shows in google.granted_scopes.",
		"監査ログによると、{by} が {at} に{of!} ({client}) へ {scope} を付与しており、この原因とは一致しません。管理コンソールに表示されるスコープを google.granted_scopes に宣言してください。",
	},
	"app_installed": {
		"The audit log has {by} adding the application of Cloud App Security at {at}.",
		"監査ログによると、{by} が {at} に Cloud App Security のアプリケーションを追加しています。",
	},
	"grant_removed": {
		"The audit log has {by} removing the grant of {of!} ({client}) at {at}. Ask why before you grant it again.",
		"監査ログによると、{by} が {at} に{of!} ({client}) の権限を削除しています。再び付与する前に理由を確認してください。",
	},
	"grant_spreading": {
		"Google refuses {of!} ({client}) the scope {scope}, but {by} granted it at {at}: it can take a day to be everywhere. Run again after {until}.",
		"Google は{of!} ({client}) のスコープ {scope} を拒否していますが、{by} が {at} に付与しています。反映に最大 1 日かかるため、{until} より後に再実行してください。",
	},
}
