package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one mistake in the configuration, or in a file that it names.
type Problem struct {
	File         string
	Line, Column int    // from 1; 0 when the mistake is the file as a whole
	Path         string // of the key, such as google.admin; empty where there is none to name
	Message      string
	Hint         string // what to write instead; may be empty
	// Excerpt is the value that is wrong after its key, and a caret below it. It is made of
	// that one value and nothing else of the line, and it is empty where somebody could have
	// written a secret by mistake.
	Excerpt string
}

// String is file:line:col: message; hint. The excerpt is not part of it.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": " + p.Message)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Errors are all the mistakes of a configuration: at least one, in the order of the file,
// and those of the files that it names after its own.
type Errors struct{ Problems []Problem }

// Error is one line for each mistake, and the excerpt below it where there is one.
func (e *Errors) Error() string {
	// Nobody reads more at once. A megabyte of something else than a configuration has
	// hundreds of thousands.
	const most = 100
	var lines []string
	for i, p := range e.Problems {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Problems)-most))
			break
		}
		lines = append(lines, p.String())
		if p.Excerpt != "" {
			lines = append(lines, p.Excerpt)
		}
	}
	return strings.Join(lines, "\n")
}

func newErrors(main string, problems []Problem) *Errors {
	file := func(p Problem) string {
		if p.File == main {
			return ""
		}
		return p.File
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(file(a), file(b)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Errors{Problems: problems}
}

// complaint is what is wrong with one value: the sentence that follows its path.
type complaint struct{ message, hint string }

// excerpt shows a value after its label ("key: " or "- "). A value that would not fit on
// one line of a terminal is not shown.
func excerpt(label, value string) string {
	const indent, most = "    ", 80
	if value == "" || utf8.RuneCountInString(value) > most || strings.ContainsFunc(value, invisible) {
		return ""
	}
	return indent + label + value + "\n" + indent + strings.Repeat(" ", len(label)) + "^"
}

// invisible are the characters that a terminal obeys instead of showing: controls, and the
// marks that turn the direction of writing.
func invisible(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// didYouMean is the hint for a word that is nearly one of the known ones, and empty when
// none is near: a far-fetched guess is worse than none.
func didYouMean(word string, known []string) string {
	if k := nearest(word, known); k != "" {
		return fmt.Sprintf("did you mean %q?", k)
	}
	return ""
}

// nearest is the known word that at most a third of the letters turn into the word.
func nearest(word string, known []string) string {
	const longest = 64 // no key and no value of a list is longer; the comparison is quadratic
	if len(word) > longest {
		return ""
	}
	best, distance := "", 1+max(1, len(word)/3)
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours that
// make b of a (the optimal string alignment distance).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
