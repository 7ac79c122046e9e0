package checks

import "github.com/casdoctor/casdoctor/probes/facts"

// tabulateMFA sets the accounts of provisioning beside what can refuse their sign-in.
func tabulateMFA(x *Exam) *Table {
	s := settingOf(x)
	if s.unseen != nil || !s.sites {
		return nil
	}
	t := &Table{About: because("table_accounts")}
	// With an authorized account a person signs in, and only the account itself can be in the way.
	if s.mode != "authorized" {
		t.Columns = []Reason{
			because("column_per_user"), because("column_defaults"), because("column_policies"), because("column_idp"),
			because("column_protocol"),
		}
	}
	t.Columns = append(t.Columns, because("column_account"))
	for _, address := range s.subjects(x) {
		a, why := account(x, address)
		if why != nil {
			continue
		}
		row := Row{Subject: address}
		if s.mode != "authorized" {
			row.Cells = s.mechanismCells(x, a)
		}
		row.Cells = append(row.Cells, claimCell(signInFails(x, setting{mode: "authorized"}, address), "account"))
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func (s setting) mechanismCells(x *Exam, a facts.Account) []Cell {
	m := demanded(x, a.Address)
	var out []Cell
	for _, c := range []Claim{m.perUser, m.defaults, m.policies, m.idp} {
		one := claimCell(c, "factor")
		if s.mode == "automatic" && s.phase == "after" {
			// The account has done its work: a factor protects it now, and that none is demanded is
			// the trouble (MFA-01.X3), which no single mechanism has to answer for.
			switch one.State {
			case StateTrouble, StatePerhaps:
				one.State = StateFine
			case StateFine:
				one.State = StateNone
			}
		}
		out = append(out, one)
	}
	return append(out, claimCell(anyOf(switchOff(x, s.mode), retired(x, s.cloud)), "protocol"))
}

// claimCell is a claim about an obstacle in a few words.
func claimCell(c Claim, what string) Cell {
	s := stateOfTrouble(c.Verdict)
	return cell(s, "cell_"+what+"_"+string(s))
}

// mfaTableWords are the words of the table.
var mfaTableWords = map[string]Text{
	"table_accounts": {
		"The accounts of provisioning, and what can refuse their sign-in",
		"プロビジョニングに使うアカウントと、サインインを妨げうるもの",
	},
	"column_per_user": {"Per-user MFA", "ユーザごとの MFA"},
	"column_defaults": {"Security defaults", "セキュリティの既定値"},
	"column_policies": {"Conditional Access", "条件付きアクセス"},
	"column_idp":      {"Identity provider", "ID プロバイダ"},
	"column_protocol": {"Password protocol", "パスワードの方式"},
	"column_account":  {"The account itself", "アカウント自体"},

	"cell_factor_trouble":   {"demands a factor", "要素を要求"},
	"cell_factor_perhaps":   {"may demand one", "要求の可能性"},
	"cell_factor_unknown":   {"not known", "不明"},
	"cell_factor_fine":      {"demands none", "要求なし"},
	"cell_protocol_trouble": {"refused", "拒否"},
	"cell_protocol_perhaps": {"likely refused", "拒否の可能性"},
	"cell_protocol_unknown": {"not known", "不明"},
	"cell_protocol_fine":    {"accepted", "許可"},
	"cell_account_trouble":  {"cannot sign in", "サインイン不可"},
	"cell_account_perhaps":  {"may not sign in", "不可の可能性"},
	"cell_account_unknown":  {"not known", "不明"},
	"cell_account_fine":     {"in order", "問題なし"},
}
