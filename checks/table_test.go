package checks

import (
	"slices"
	"testing"
)

// eachTable gives the judgement of every case of a check that has a table.
func eachTable(t *testing.T, c Check, look func(t *testing.T, res Result)) {
	t.Helper()
	seen := 0
	for _, f := range loadCases(t, c.ID) {
		t.Run(f.name, func(t *testing.T) {
			if res := Evaluate(f.evidence, []Check{c}, Options{}).Results[0]; res.Table != nil {
				seen++
				look(t, res)
			}
		})
	}
	if seen < 5 {
		t.Errorf("only %d cases of %s have a table", seen, c.ID)
	}
}

func tabulated() (out []Check) {
	for _, c := range All() {
		if c.Table != nil {
			out = append(out, c)
		}
	}
	return out
}

// TestTablesAreWhole: each row has a cell for each column, and everything its words.
func TestTablesAreWhole(t *testing.T) {
	states := []State{StateFine, StateTrouble, StatePerhaps, StateUnknown, StateNone}
	for _, c := range tabulated() {
		eachTable(t, c, func(t *testing.T, res Result) {
			worded := func(r Reason) {
				if _, ok := c.Words[r.Code]; !ok || r.Text.EN == "" || r.Text.JA == "" {
					t.Errorf("%q has no words: %q, %q", r.Code, r.Text.EN, r.Text.JA)
				}
			}
			worded(res.Table.About)
			for _, col := range res.Table.Columns {
				worded(col)
			}
			var subjects []string
			for _, r := range res.Table.Rows {
				if r.Subject == "" || slices.Contains(subjects, r.Subject) {
					t.Errorf("the subject %q has no name, or two rows", r.Subject)
				}
				subjects = append(subjects, r.Subject)
				if len(r.Cells) != len(res.Table.Columns) {
					t.Errorf("%s: %d cells for %d columns", r.Subject, len(r.Cells), len(res.Table.Columns))
				}
				if r.About.Code != "" {
					worded(r.About)
				}
				for _, one := range r.Cells {
					worded(one.About)
					if !slices.Contains(states, one.State) {
						t.Errorf("%s: the state %q", r.Subject, one.State)
					}
				}
			}
		})
	}
}

// worst is the state that the found entries of some causes give a subject.
func worst(res Result, subject string, causes ...string) State {
	v := Refuted
	for _, e := range res.Causes {
		if e.Subject != subject || !slices.Contains(causes, e.ID) || e.Verdict == notApplicable {
			continue
		}
		for _, one := range []Verdict{Unknown, Supported, Confirmed} {
			if e.Verdict == one.String() {
				v = max(v, one)
			}
		}
	}
	return stateOfTrouble(v)
}

// TestTablesSayWhatTheCausesSay: whoever looks at the table and not at the findings learns the same.
func TestTablesSayWhatTheCausesSay(t *testing.T) {
	last := func(r Row) State { return r.Cells[len(r.Cells)-1].State }
	t.Run("clients", func(t *testing.T) {
		eachTable(t, TLS01(), func(t *testing.T, res Result) {
			for _, r := range res.Table.Rows[1:] { // the first is the console
				if want := worst(res, r.Subject, "TLS-01.C1", "TLS-01.C2"); last(r) != want {
					t.Errorf("%s: %s, and the causes say %s", r.Subject, last(r), want)
				}
			}
		})
	})
	t.Run("domains", func(t *testing.T) {
		eachTable(t, GDM01(), func(t *testing.T, res Result) {
			for _, r := range res.Table.Rows {
				missing, foreign := worst(res, r.Subject, "GDM-01.C2"), worst(res, r.Subject, "GDM-01.X2")
				if missing == StateFine && foreign == StateFine {
					if s := last(r); s == StateTrouble || s == StatePerhaps {
						t.Errorf("%s: %s, and no cause names it", r.Subject, s)
					}
					continue
				}
				if s := last(r); s != missing && s != foreign {
					t.Errorf("%s: %s, and the causes say %s and %s", r.Subject, s, missing, foreign)
				}
			}
		})
	})
	t.Run("accounts", func(t *testing.T) {
		eachTable(t, MFA01(), func(t *testing.T, res Result) {
			for _, r := range res.Table.Rows {
				demands := slices.ContainsFunc(r.Cells[:len(r.Cells)-1], func(one Cell) bool {
					return one.About.Code == "cell_factor_trouble"
				})
				for _, e := range res.Causes {
					if e.Subject != r.Subject {
						continue
					}
					switch factor := e.ID == "MFA-01.C1" || e.ID == "MFA-01.C2"; {
					case factor && e.Verdict == Confirmed.String() && !demands:
						t.Errorf("%s: %s is confirmed, and no mechanism demands a factor", r.Subject, e.ID)
					case factor && e.Verdict == Refuted.String() && demands:
						t.Errorf("%s: %s is refuted, and a mechanism demands a factor", r.Subject, e.ID)
					case e.ID == "MFA-01.X3" && e.Verdict == Refuted.String() && !demands:
						t.Errorf("%s: a factor is demanded, and no mechanism does", r.Subject)
					}
				}
			}
		})
	})
}
