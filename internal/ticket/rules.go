package ticket

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// rule is what of a fact may leave the house.
type rule struct {
	stays checks.Text // why all of it stays at home; empty: keep says what does not
	tells checks.Text // why it stays at home when there are pseudonyms
	keep  func(json.RawMessage) (json.RawMessage, error)
}

// kept is the rule of a fact that leaves the house, but for what cut takes out of it. Only the
// members of this version are in it: what a newer one has added has no rule here.
func kept[T any](k facts.Key[T], cut func(*T)) (string, rule) {
	return k.Name, rule{keep: func(raw json.RawMessage) (json.RawMessage, error) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		if cut != nil {
			cut(&v)
		}
		out, err := json.Marshal(v)
		return bytes.TrimSpace(out), err
	}}
}

// stays is the rule of a fact that does not leave the house.
func stays[T any](k facts.Key[T], en, ja string) (string, rule) {
	return k.Name, rule{stays: checks.Text{EN: en, JA: ja}}
}

var (
	noRule = checks.Text{
		EN: "A fact that this version of casdoctor does not know, and so has no rule for.",
		JA: "このバージョンの casdoctor が認識できず、扱いの規則もない情報です。",
	}
	noShape = checks.Text{
		EN: "It does not have the shape that this version of casdoctor knows.",
		JA: "このバージョンの casdoctor が知る形式ではありません。",
	}
	publicButTelling = checks.Text{
		EN: "Public DNS answers name the organisation by themselves, whatever stands for its name.",
		JA: "公開 DNS の応答は、名前を置き換えても組織を特定できるためです。",
	}
)

// rules are those of all facts that this version knows.
var rules = sync.OnceValue(func() map[string]rule {
	out := map[string]rule{}
	add := func(name string, r rule) { out[name] = r }

	// What the admin declares is what a ticket asks for. Who accepted what, and why, is not.
	add(kept(facts.DeclaredRun, nil))
	add(kept(facts.DeclaredM365, nil))
	add(kept(facts.DeclaredGoogle, nil))
	add(kept(facts.DeclaredCAS, nil))
	add(kept(facts.DeclaredLicensing, nil))
	add(kept(facts.DeclaredSymptoms, nil))
	add(kept(facts.DeclaredWaivers, func(list *[]facts.Waiver) {
		for i := range *list {
			(*list)[i].Reason, (*list)[i].Owner = "", ""
		}
	}))

	// The tenant and the accounts of provisioning: without the people's names and the names of
	// the groups that they are in.
	add(kept(facts.M365Tenant, nil))
	add(kept(facts.M365Accounts, func(s *facts.AccountSet) {
		for i := range s.Accounts {
			a := &s.Accounts[i]
			if u := a.User.Value; u != nil && u.DisplayName != nil && !vendorName(*u.DisplayName) {
				u.DisplayName = nil
			}
			if g := a.Groups.Value; g != nil {
				for j := range *g {
					(*g)[j].DisplayName = nil
				}
			}
		}
	}))
	add(kept(facts.M365SecurityDefaults, nil))
	add(kept(facts.M365SharePoint, nil))
	add(kept(facts.M365Traces, nil))
	add(stays(facts.M365ConditionalAccess,
		"The Conditional Access policies, with the accounts that they leave out, are how the organisation defends itself. The report names those that decide.",
		"条件付きアクセス ポリシーとその除外アカウントは、組織の防御方法そのものです。判定を左右したものはレポートにあります。"))
	add(stays(facts.M365WhatIf,
		"What the Conditional Access policies make of each account; the report has what decides.",
		"アカウントごとの条件付きアクセス ポリシーの評価です。判定を左右した内容はレポートにあります。"))
	add(stays(facts.M365SignIns,
		"The sign-in log is about people; the report has what decides.",
		"サインイン ログは個人に関する情報です。判定を左右した内容はレポートにあります。"))
	add(kept(facts.M365SignInClients, nil)) // counts, without people

	add(kept(facts.WorkspaceDelegation, nil))
	add(kept(facts.WorkspaceDomains, nil))
	add(kept(facts.WorkspaceGrants, func(g *facts.Grants) {
		if list := g.Log.Value; list != nil {
			for i := range *list {
				(*list)[i].Actor = nil // who clicked
			}
		}
	}))

	add(kept(facts.ConsoleEndpoint, nil))
	add(kept(facts.CASAPI, nil))
	add(kept(facts.CASDetections, func(d *facts.DetectionSet) {
		if list := d.List.Value; list != nil {
			for i := range *list {
				knownForefront((*list)[i].Headers.Value)
			}
		}
	}))
	add(kept(facts.LMPSubscription, nil))

	// Messages: domains, results and hops. File names are often subjects; names.go replaces them.
	add(kept(facts.MailMessages, func(list *[]facts.Message) {
		for i := range *list {
			knownForefront((*list)[i].Headers.Value)
		}
	}))
	for _, public := range []func() (string, rule){
		func() (string, rule) { return kept(facts.MailRecords, nil) },
		func() (string, rule) { return kept(facts.MailDNS, nil) },
	} {
		name, r := public()
		r.tells = publicButTelling
		add(name, r)
	}
	return out
})

// vendorName: the display name is one that Cloud App Security gives to its accounts.
func vendorName(s string) bool {
	return strings.HasPrefix(s, "Cloud App Security") || strings.HasPrefix(s, "Trend Micro")
}

// knownForefront leaves the members of X-Forefront-Antispam-Report that a fact documents.
func knownForefront(h *facts.MailHeaders) {
	if h != nil {
		maps.DeleteFunc(h.Forefront, func(k, _ string) bool {
			return !slices.Contains([]string{"SFV", "CAT", "SCL", "CIP", "IPV", "DIR", "PTR"}, k)
		})
	}
}
