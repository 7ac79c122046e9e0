// Package readers reads files of casdoctor with the readers of others that take long to compile. It
// reads the golden files of internal/report, which the tests there hold to what is written.
package readers

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

const golden = "../../report/testdata/formats"

func TestWorkbooks(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden, "*.xlsx"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d workbooks, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f, err := excelize.OpenFile(file)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			sheets := f.GetSheetList()
			want := []string{"Verdict", "Findings", "Fixes", "Facts"}
			if strings.Contains(file, ".ja.") {
				want = []string{"判定", "結果", "対処", "情報"}
			}
			if strings.Join(sheets, " ") != strings.Join(want, " ") {
				t.Fatalf("sheets %v, want %v", sheets, want)
			}
			for _, s := range sheets {
				table(t, f, s)
			}
			if v, err := f.GetCellValue(sheets[0], "B2"); err != nil || !strings.HasPrefix(filepath.Base(file), v+".") {
				t.Errorf("the verdict is %q, %v", v, err)
			}
		})
	}
}

// table holds for each sheet: a header that stays, a filter over all of it, wide columns, text or numbers.
func table(t *testing.T, f *excelize.File, name string) {
	t.Helper()
	rows, err := f.GetRows(name)
	if err != nil || len(rows) == 0 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	if p, err := f.GetPanes(name); err != nil || !p.Freeze || p.YSplit != 1 || p.TopLeftCell != "A2" {
		t.Errorf("%s: the header does not stay: %+v, %v", name, p, err)
	}
	last, err := excelize.CoordinatesToCellName(len(rows[0]), len(rows))
	if err != nil {
		t.Fatal(err)
	}
	if d, err := f.GetSheetDimension(name); err != nil || d != "A1:"+last {
		t.Errorf("%s spans %s, want A1:%s (%v)", name, d, last, err)
	}
	filtered := false
	for _, n := range f.GetDefinedName() {
		absolute, _ := excelize.CoordinatesToCellName(len(rows[0]), len(rows), true)
		filtered = filtered || n.Name == "_xlnm._FilterDatabase" && n.RefersTo == "'"+name+"'!$A$1:"+absolute
	}
	if !filtered {
		t.Errorf("%s: no filter over all of it", name)
	}
	for i, head := range rows[0] {
		column, _ := excelize.ColumnNumberToName(i + 1)
		if w, err := f.GetColWidth(name, column); err != nil || w < 9 || head == "" {
			t.Errorf("%s: column %s %q is %v wide, %v", name, column, head, w, err)
		}
	}
	for r, row := range rows {
		for c, value := range row {
			cell, _ := excelize.CoordinatesToCellName(c+1, r+1)
			if formula, err := f.GetCellFormula(name, cell); err != nil || formula != "" {
				t.Errorf("%s!%s: a formula %q, %v", name, cell, formula, err)
			}
			kind, err := f.GetCellType(name, cell)
			number := r > 0 && (rows[0][c] == "took_ms" || rows[0][c] == "requests" || row[0] == "exit_code" && c == 1)
			if number && kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber ||
				!number && value != "" && kind != excelize.CellTypeInlineString || err != nil {
				t.Errorf("%s!%s is of type %v, %v", name, cell, kind, err)
			}
		}
	}
}
