package checks

import (
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// tabulateDomains sets the domains of the organisation, and what else the declared list has,
// beside the places where they are: Google Workspace, Microsoft 365 where a tenant is looked
// at, and the list.
func tabulateDomains(x *Exam) *Table {
	list, unlisted := internalListOf(x)
	names, _ := ownedNames(x)
	t := &Table{About: because("table_domains"), Columns: []Reason{because("column_google")}}
	if microsoftToo(x) {
		t.Columns = append(t.Columns, because("column_microsoft"))
	}
	t.Columns = append(t.Columns, because("column_list"))
	p := places{x: x, list: list, declared: unlisted == nil}
	for _, n := range names {
		if !forRouting(n.key) {
			t.Rows = append(t.Rows, p.row(n.name, &n))
		}
	}
	for i, e := range list {
		again := slices.ContainsFunc(list[:i], func(o listEntry) bool { return o.text == e.text })
		if e.key == "" || e.wildcard || !slices.ContainsFunc(names, func(n ownedName) bool { return n.key == e.key }) {
			if !again {
				t.Rows = append(t.Rows, p.row(e.text, nil))
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// places is what the cells of the table are made of.
type places struct {
	x        *Exam
	list     internalList
	declared bool // there is a list
}

// row is one name; n is nil for an entry of the list that none of the directories has.
func (p places) row(subject string, n *ownedName) Row {
	r := Row{Subject: subject, Cells: []Cell{p.google(n)}}
	if microsoftToo(p.x) {
		r.Cells = append(r.Cells, p.microsoft(n))
	}
	return Row{Subject: subject, Cells: append(r.Cells, p.listed(subject, n))}
}

func (p places) google(n *ownedName) Cell {
	if n == nil || n.kind == "domain_m365" {
		set := Read(p.x, facts.WorkspaceDomains)
		if set.Value == nil || set.Failure != nil || !set.Value.Domains.Complete() || !set.Value.Aliases.Complete() {
			return cell(StateUnknown, "cell_unread")
		}
		return cell(StateNone, "cell_absent")
	}
	// Verified where both have it may be what Microsoft says; then it is the organisation's all the same.
	return n.held("cell_" + strings.TrimPrefix(n.kind, "domain_"))
}

func (p places) microsoft(n *ownedName) Cell {
	switch {
	case n != nil && n.both:
		return cell(StateFine, "cell_tenant")
	case n != nil && n.kind == "domain_m365":
		return n.held("cell_tenant")
	}
	if _, gap := tenantDomains(p.x); gap != nil {
		return cell(StateUnknown, "cell_unread")
	}
	return cell(StateNone, "cell_absent")
}

// held is the cell of a place that has the name.
func (n ownedName) held(code string) Cell {
	switch {
	case n.verified == nil:
		return cell(StateUnknown, "cell_verification_unknown")
	case !*n.verified:
		return cell(StatePerhaps, "cell_unverified")
	}
	return cell(StateFine, code)
}

// lists: the name has an entry of its own.
func (p places) lists(key string) bool {
	has, _ := p.list.of(key)
	return has == listed
}

// listed is what the causes found about a name in the list.
func (p places) listed(subject string, n *ownedName) Cell {
	if !p.declared {
		return cell(StateUnknown, "cell_undeclared")
	}
	if n == nil || p.lists(n.key) {
		v := Refuted
		for _, f := range p.x.found["GDM-01.X2"] {
			own := n != nil && domainKey(f.subject) == n.key
			if f.subject == subject || own {
				v = max(v, f.claim.Verdict)
			}
		}
		return claimCell(Claim{Verdict: v}, "listed")
	}
	for _, f := range p.x.found["GDM-01.C2"] {
		if f.subject == subject {
			return claimCell(f.claim, "missing")
		}
	}
	return cell(StateNone, "cell_not_needed")
}

// domainTableWords are the words of the table.
var domainTableWords = map[string]Text{
	"table_domains": {
		"The organisation's domains, and where they were seen",
		"組織のドメインと、確認された場所",
	},
	"column_google":    {"Google Workspace", "Google Workspace"},
	"column_microsoft": {"Microsoft 365", "Microsoft 365"},
	"column_list":      {"Internal domains (declared)", "内部ドメイン (宣言)"},

	"cell_primary":              {"primary domain", "プライマリ"},
	"cell_secondary":            {"domain", "ドメイン"},
	"cell_alias":                {"domain alias", "エイリアス"},
	"cell_tenant":               {"verified", "確認済み"},
	"cell_unverified":           {"not verified", "未確認"},
	"cell_verification_unknown": {"verified or not: unknown", "確認の有無が不明"},
	"cell_absent":               {"not there", "なし"},
	"cell_unread":               {"could not be read", "読み取り不可"},
	"cell_undeclared":           {"not declared", "宣言なし"},
	"cell_not_needed":           {"not needed", "不要"},
	"cell_listed_fine":          {"listed", "登録済み"},
	"cell_listed_perhaps":       {"listed, likely by mistake", "登録済み (誤りの可能性)"},
	"cell_listed_trouble":       {"listed by mistake", "登録済み (誤り)"},
	"cell_listed_unknown":       {"listed, owner not known", "登録済み (所有者不明)"},
	"cell_missing_trouble":      {"missing", "不足"},
	"cell_missing_perhaps":      {"missing for now", "未登録"},
	"cell_missing_unknown":      {"not listed", "登録なし"},
	"cell_missing_fine":         {"not needed", "不要"},
}
