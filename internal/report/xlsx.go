package report

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/checks"
)

// A workbook is a zip of XML parts (ECMA-376, Office Open XML). Strings stand in the cells, so
// that there is no table of shared ones; there are no formulas, no links and no macros.

// worksheet is one table of a workbook, with a header that stays in view and can be filtered by.
type worksheet struct {
	name   string
	widths []int
	header []string
	rows   [][]any // string or int64
}

// cellLength is the most that Excel takes in a cell (Excel specifications and limits), in UTF-16 units.
const cellLength = 32767

// WriteXLSX writes a workbook for auditors: the verdict, the findings, the fixes, and what was
// looked at.
func WriteXLSX(w io.Writer, r Report, v View) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	sheets := []worksheet{verdictSheet(r, v), findingsSheet(r, v), fixesSheet(r, v), factsSheet(r, v)}
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes(len(sheets))},
		{"_rels/.rels", packageRels},
		{"xl/workbook.xml", workbookPart(sheets)},
		{"xl/_rels/workbook.xml.rels", workbookRels(len(sheets))},
		{"xl/styles.xml", stylesPart},
	}
	for i, s := range sheets {
		parts = append(parts, struct{ name, text string }{sheetPath(i), s.part()})
	}
	for _, p := range parts {
		// No time: the same report is the same file.
		f, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate})
		if err != nil {
			return fmt.Errorf("cannot be written as a workbook: %w", err)
		}
		if _, err := io.WriteString(f, xml.Header+p.text); err != nil {
			return fmt.Errorf("cannot be written as a workbook: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("cannot be written as a workbook: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func verdictSheet(r Report, v View) worksheet {
	s := worksheet{name: sVerdict.in(v.Lang), widths: []int{24, 90}, header: []string{"item", "value"}}
	add := func(name string, value any) { s.rows = append(s.rows, []any{name, value}) }
	add("verdict", string(r.Verdict))
	add("meaning", verdictWords[r.Verdict].in(v.Lang)+". "+meaningWords[r.Verdict].in(v.Lang))
	add("tenant", r.Tenant)
	add("taken", r.Taken.UTC().Format(time.RFC3339))
	add("now", r.Now.UTC().Format(time.RFC3339))
	add("exit_code", int64(r.ExitCode))
	add("casdoctor", r.Tool.Version)
	for _, c := range r.Checks {
		add(c.ID, statusWords[c.Status].in(v.Lang)+" · "+c.Title.In(v.Lang))
	}
	for _, c := range r.Checks {
		for _, remark := range c.Remarks {
			add(c.ID+" "+lNote.in(v.Lang), remark.Text.In(v.Lang))
		}
		for _, seen := range c.Symptoms {
			add(c.ID+" "+lSeen.in(v.Lang), seen.Text)
		}
	}
	for _, n := range r.Notices {
		add(hNotices.in(v.Lang), n.Text.In(v.Lang))
	}
	for _, ret := range r.Retirements {
		add(hRetired.in(v.Lang), joined(ret.On, ret.Text.In(v.Lang), ret.Source))
	}
	return s
}

func findingsSheet(r Report, v View) worksheet {
	s := worksheet{name: sFindings.in(v.Lang)}
	for _, c := range columns {
		s.header = append(s.header, c.name)
		s.widths = append(s.widths, c.width)
	}
	for _, w := range rows(r) {
		cells := make([]any, len(columns))
		for i, c := range columns {
			cells[i] = c.value(r, w, v.Lang)
		}
		s.rows = append(s.rows, cells)
	}
	return s
}

func fixesSheet(r Report, v View) worksheet {
	s := worksheet{
		name:   sFixes.in(v.Lang),
		header: []string{"check", "fix", "fix_text", "cause", "subject", "applies", "recommended", "why", "steps", "risk", "links"},
		widths: []int{9, 11, 50, 11, 30, 10, 13, 60, 60, 40, 40},
	}
	for _, c := range r.Checks {
		for _, f := range c.Fixes {
			var steps []string
			for i, step := range f.Steps {
				steps = append(steps, strconv.Itoa(i+1)+". "+step.In(v.Lang))
			}
			rest := []any{strings.Join(steps, " "), f.Risk.In(v.Lang), strings.Join(f.Links, " ")}
			if len(f.For) == 0 { // it is for nothing that was found
				s.rows = append(s.rows, append([]any{c.ID, f.ID, f.Text.In(v.Lang), "", "", f.Applies, "no", sentences(f.Why).In(v.Lang)}, rest...))
			}
			for _, to := range f.For {
				recommended := checks.No.String()
				if to.Recommended {
					recommended = checks.Yes.String()
				}
				why := sentences(remedy{f, to}.reasons()).In(v.Lang)
				s.rows = append(s.rows, append([]any{c.ID, f.ID, f.Text.In(v.Lang), to.Cause, to.Subject, to.Applies, recommended, why}, rest...))
			}
		}
	}
	return s
}

func factsSheet(r Report, v View) worksheet {
	s := worksheet{
		name:   sFacts.in(v.Lang),
		header: []string{"fact", "status", "failure", "took_ms", "requests"}, widths: []int{30, 12, 70, 10, 10},
	}
	for _, f := range r.Facts {
		failure := ""
		if f.Failure != nil {
			failure = f.Failure.Error()
		}
		s.rows = append(s.rows, []any{f.Name, string(f.Status), failure, f.TookMS, int64(f.Requests)})
	}
	return s
}

// The styles of stylesPart, by their place in it.
const (
	styleHeader = 1
	styleText   = 2 // wrapped, at the top of its row
)

// part is the worksheet.
func (s worksheet) part() string {
	var b strings.Builder
	last := cellName(len(s.header)-1, len(s.rows))
	b.WriteString(`<worksheet xmlns="` + mainSpace + `"><dimension ref="A1:` + last + `"/>` +
		`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`)
	for i, width := range s.widths {
		fmt.Fprintf(&b, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, width)
	}
	b.WriteString(`</cols><sheetData>`)
	header := make([]any, len(s.header))
	for i, h := range s.header {
		header[i] = h
	}
	writeRow(&b, 0, styleHeader, header)
	for i, row := range s.rows {
		writeRow(&b, i+1, styleText, row)
	}
	b.WriteString(`</sheetData><autoFilter ref="A1:` + last + `"/></worksheet>`)
	return b.String()
}

func writeRow(b *strings.Builder, at, style int, cells []any) {
	fmt.Fprintf(b, `<row r="%d">`, at+1)
	for i, value := range cells {
		name := cellName(i, at)
		switch value := value.(type) {
		case int64:
			fmt.Fprintf(b, `<c r="%s" s="%d"><v>%d</v></c>`, name, style, value)
		case string:
			if value == "" {
				continue
			}
			fmt.Fprintf(b, `<c r="%s" s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, name, style, xmlText(units(cell(value), cellLength)))
		}
	}
	b.WriteString(`</row>`)
}

// cellName is a cell by its column and row, both from 0.
func cellName(column, row int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name + strconv.Itoa(row+1)
}

// units cuts a text to so many UTF-16 units.
func units(s string, most int) string {
	n := 0
	for i, r := range s {
		n++
		if r > 0xffff {
			n++
		}
		if n > most {
			cut := []rune(s[:i])
			return string(cut[:len(cut)-1]) + "…"
		}
	}
	return s
}

// excelEscape: Excel reads _x0041_ in a string as the character of that number (ECMA-376 part 1, 22.9.2.19).
var excelEscape = strings.NewReplacer("_x", "_x005F_x", "_X", "_x005F_X")

func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(excelEscape.Replace(s))) // a Builder takes everything
	return b.String()
}

const (
	mainSpace     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relationSpace = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageSpace  = "http://schemas.openxmlformats.org/package/2006/"
	partTypes     = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

func sheetPath(i int) string { return fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1) }

func contentTypes(sheets int) string {
	s := `<Types xmlns="` + packageSpace + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + partTypes + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + partTypes + `styles+xml"/>`
	for i := range sheets {
		s += `<Override PartName="/` + sheetPath(i) + `" ContentType="` + partTypes + `worksheet+xml"/>`
	}
	return s + `</Types>`
}

const packageRels = `<Relationships xmlns="` + packageSpace + `relationships">` +
	`<Relationship Id="rId1" Type="` + relationSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`

func workbookPart(sheets []worksheet) string {
	s := `<workbook xmlns="` + mainSpace + `" xmlns:r="` + relationSpace + `"><sheets>`
	for i, sh := range sheets {
		s += fmt.Sprintf(`<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, xmlText(sh.name), i+1, i+1)
	}
	s += `</sheets><definedNames>`
	for i, sh := range sheets { // what the filter of a sheet spans; Excel repairs a workbook without it
		s += fmt.Sprintf(`<definedName name="_xlnm._FilterDatabase" localSheetId="%d" hidden="1">'%s'!$A$1:$%s$%d</definedName>`,
			i, xmlText(sh.name), strings.TrimRight(cellName(len(sh.header)-1, 0), "1"), len(sh.rows)+1)
	}
	return s + `</definedNames></workbook>`
}

func workbookRels(sheets int) string {
	s := `<Relationships xmlns="` + packageSpace + `relationships">`
	for i := range sheets {
		s += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/worksheet" Target="%s"/>`, i+1, relationSpace, strings.TrimPrefix(sheetPath(i), "xl/"))
	}
	return s + fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/></Relationships>`, sheets+1, relationSpace)
}

const stylesPart = `<styleSheet xmlns="` + mainSpace + `">` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
	`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>` +
	`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf></cellXfs>` +
	`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
