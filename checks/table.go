package checks

// Table is what was looked at, side by side: a row for each subject, a column for each thing that
// can hold for it. It decides nothing, and says nothing that the causes do not rest on.
type Table struct {
	About   Reason   `json:"about"` // what the rows and the columns are
	Columns []Reason `json:"columns"`
	Rows    []Row    `json:"rows"`
}

// Row is one subject; it has a cell for each column.
type Row struct {
	Subject string `json:"subject"`
	About   Reason `json:"about,omitzero"` // what kind of subject it is, where there are several
	Cells   []Cell `json:"cells"`
}

// Cell is how one thing stands for one subject, and what it is in a few words.
type Cell struct {
	State State  `json:"state"`
	About Reason `json:"about"`
}

// State is how a cell stands for the trouble of its check: the same for whatever is compared.
type State string

// The states of a cell.
const (
	StateFine    State = "fine"    // as it should be
	StateTrouble State = "trouble" // stands in the way
	StatePerhaps State = "perhaps" // may stand in the way
	StateUnknown State = "unknown" // could not be looked at, or is not decided
	StateNone    State = "none"    // not there, and it need not be
)

// stateOfTrouble is the state of what a claim says is in the way.
func stateOfTrouble(v Verdict) State {
	return map[Verdict]State{Confirmed: StateTrouble, Supported: StatePerhaps, Unknown: StateUnknown, Refuted: StateFine}[v]
}

// cell makes one.
func cell(s State, code string) Cell { return Cell{s, because(code)} }

// say fills in the sentences.
func (t *Table) say(words map[string]Text) {
	t.About.Text = sentence(t.About, words)
	for i := range t.Columns {
		t.Columns[i].Text = sentence(t.Columns[i], words)
	}
	for _, r := range t.Rows {
		for i := range r.Cells {
			r.Cells[i].About.Text = sentence(r.Cells[i].About, words)
		}
	}
	for i := range t.Rows {
		if about := &t.Rows[i].About; about.Code != "" {
			about.Text = sentence(*about, words)
		}
	}
}
