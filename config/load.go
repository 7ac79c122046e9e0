package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds the configuration and every file that it names. A configuration with a
// thousand accounts stays under 200 KiB; more than this is another file by mistake.
const maxFile = 1 << 20

// Load reads a configuration: its YAML (JSON is YAML), the secrets that it refers to and
// the lists that it names. A wrong configuration gives an *Errors with everything that is
// wrong with it; nothing that Load says or returns shows a secret.
func Load(path string) (*Config, error) {
	data, err := readConfiguration(path, beginTenant)
	if err != nil {
		return nil, err
	}
	return Parse(data, path)
}

// The commands that start a configuration.
const (
	beginTenant = "config init"
	beginAgent  = "config init --agent"
)

// readConfiguration reads a configuration that the command line names, and which the command begin
// would start. It may be a pipe.
func readConfiguration(path, begin string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, begin, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(path, begin, err)
	}
	return data, nil
}

// Parse is Load for a configuration that is already in memory. Relative paths in it start
// at the folder of filename, which is also the file that errors name.
func Parse(data []byte, filename string) (*Config, error) {
	l := newLoader(filename)
	return l.load(data)
}

// Outline is Parse for a configuration that is still being written, perhaps on another
// machine than the one it is for: everything is checked but what a reference leads to, that
// is whether a variable is set, a file is there, and what is in it.
func Outline(data []byte, filename string) error {
	l := newLoader(filename)
	l.outline = true
	_, err := l.load(data)
	return err
}

func (l *loader) load(data []byte) (*Config, error) {
	var c *Config
	if l.root = l.parse(data); l.root != nil {
		c = l.config(l.root)
	}
	if len(l.problems) > 0 {
		return nil, newErrors(l.file, l.problems)
	}
	return c, nil
}

func unreadable(path, begin string, err error) error {
	p := Problem{File: path, Message: "cannot be read: " + reason(err)}
	if errors.Is(err, fs.ErrNotExist) {
		p.Hint = "name the configuration with -c, or start one with: casdoctor " + begin
	}
	return &Errors{Problems: []Problem{p}}
}

// reason is a file error without the operation and the path, which are said already.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.Is(err, syscall.EISDIR):
		return "it is a folder"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// loader reads one configuration and gathers what is wrong with it.
type loader struct {
	file     string
	outline  bool // no reference is followed
	problems []Problem
	// root is the document of file, and inherited are the nodes in it that stand in another one.
	root      *yaml.Node
	inherited map[*yaml.Node]string
	// reading is the file that the value stands in whose text is being made sense of.
	reading string
}

func newLoader(file string) *loader { return &loader{file: file, reading: file} }

// fileOf is the file that a node stands in.
func (l *loader) fileOf(n *yaml.Node) string {
	if file, ok := l.inherited[n]; ok {
		return file
	}
	return l.file
}

// origin is where a value comes from, as Show says it.
func (l *loader) origin(n *yaml.Node) string {
	line := "line " + strconv.Itoa(n.Line)
	if file, ok := l.inherited[n]; ok {
		return line + " of " + filepath.Base(file)
	}
	return line
}

// at adds a problem at a place in the configuration.
func (l *loader) at(n *yaml.Node, path string, c complaint, excerpt string) {
	message := c.message
	if path != "" {
		message = path + ": " + message
	}
	l.problems = append(l.problems, Problem{
		File: l.fileOf(n), Line: n.Line, Column: n.Column, Path: path, Message: message, Hint: c.hint, Excerpt: excerpt,
	})
}

// parse makes nodes of the text: no value is judged yet, and no alias is followed.
func (l *loader) parse(data []byte) *yaml.Node {
	if p := notText(data); p != nil {
		p.File = l.file
		l.problems = append(l.problems, *p)
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		l.syntax(err)
		return nil
	}
	var doc, next yaml.Node
	switch err := loader.Load(&doc); {
	case errors.Is(err, io.EOF), err == nil && (len(doc.Content) == 0 || doc.Content[0].Tag == nullTag):
		l.problems = append(l.problems, Problem{
			File: l.file, Message: "is empty", Hint: "casdoctor config init starts a configuration",
		})
		return nil
	case err != nil:
		l.syntax(err)
		return nil
	}
	switch err := loader.Load(&next); {
	case err == nil:
		l.at(&next, "", complaint{
			"a second document", "a configuration is one YAML document: remove the --- and what follows",
		}, "")
		return nil
	case !errors.Is(err, io.EOF):
		l.syntax(err)
		return nil
	}
	return doc.Content[0]
}

// notText says why the data cannot be YAML at all.
func notText(data []byte) *Problem {
	switch {
	case len(data) > maxFile:
		return &Problem{
			Message: fmt.Sprintf("is larger than %d MiB, so it is no configuration of casdoctor", maxFile>>20),
			Hint:    "check the file name",
		}
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return &Problem{Message: "is UTF-16", Hint: "save it as UTF-8"}
	case bytes.IndexByte(data, 0) >= 0:
		return &Problem{Message: "is binary: it holds NUL bytes", Hint: "check the file name"}
	}
	line, column := 1, 1
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return &Problem{Line: line, Column: column, Message: "not UTF-8", Hint: "save the file as UTF-8"}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r >= 0x7F && r < 0xA0 && r != 0x85:
			return &Problem{
				Line: line, Column: column, Message: fmt.Sprintf("the control character %U is not allowed", r), Hint: "remove it",
			}
		}
		rest = rest[size:]
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return nil
}

// syntax reports text that is not YAML. The library's own message is not shown: it may
// quote the text, and the text may be a secret.
func (l *loader) syntax(err error) {
	p := Problem{
		File: l.file, Message: "not YAML", Hint: "check the indentation, the quotes and the brackets before this place",
	}
	var le *yaml.LoadError
	if errors.As(err, &le) {
		p.Line, p.Column = le.Mark.Line, le.Mark.Column
		if m := le.ContextMark; strings.Contains(le.Message, "end of stream") && m.Line > 0 {
			p.Line, p.Column = m.Line, m.Column // where the quote was opened
		}
		for _, s := range syntaxWords() {
			if strings.Contains(le.Message, s.of) {
				p.Message, p.Hint = s.message, s.hint
				break
			}
		}
	}
	l.problems = append(l.problems, p)
}

// syntaxWords are the library's messages, by a part of each, and what is said instead.
func syntaxWords() []struct{ of, message, hint string } {
	return []struct{ of, message, hint string }{
		{
			"cannot start any token", "not YAML: a tab, or a character that must be in quotes",
			"indent with spaces, and quote a value that starts with @, % or `",
		},
		{
			"mapping values are not allowed", "not YAML: a key where none can be",
			`check the indentation, and quote a value that holds ": "`,
		},
		{"end of stream", "not YAML: the quote is never closed", "close it"},
		{
			"expected ',' or", "not YAML: a bracket is not closed, or a comma is missing",
			"check the brackets before this place",
		},
		{
			"did not find expected key", "not YAML: neither a key nor the end of the group",
			"indent the keys of one group alike, and quote values as a whole",
		},
		{
			"'-' indicator", "not YAML: neither an item nor the end of the list",
			"indent the items of one list alike",
		},
		{"could not find expected ':'", "not YAML: a key without a colon", "write key: value, with a space after the colon"},
		{"unknown anchor", "an alias (*name) is not accepted", "write the value out, or quote a value that starts with *"},
		{"max depth", "too deeply nested", "check the brackets"},
	}
}

// resolve makes a path start at the folder of the file that it stands in.
func (l *loader) resolve(path string) string {
	// On Windows \folder and C:folder are not absolute, and do not start at another folder either.
	if filepath.IsAbs(path) || filepath.VolumeName(path) != "" || path != "" && os.IsPathSeparator(path[0]) {
		return path
	}
	return filepath.Join(filepath.Dir(l.reading), path)
}

// readFile reads a file that the configuration names. Only a regular file: a pipe or a
// device could give no end, or none at all. guard may refuse the open file before it is read.
func readFile(path string, guard func(*os.File) *complaint) ([]byte, *complaint) {
	cannot := func(err error) *complaint {
		return &complaint{"cannot read " + path + ": " + reason(err), "relative paths start at the folder of the configuration"}
	}
	info, err := os.Stat(path) // before it is opened: to open a pipe already waits for its writer
	if err != nil {
		return nil, cannot(err)
	}
	if !info.Mode().IsRegular() {
		return nil, &complaint{path + " is not a regular file", "name a file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cannot(err)
	}
	defer func() { _ = f.Close() }()
	if c := guard(f); c != nil {
		return nil, c
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, cannot(err)
	case len(data) > maxFile:
		return nil, &complaint{fmt.Sprintf("%s is larger than %d MiB", path, maxFile>>20), "check the file name"}
	}
	return data, nil
}

// anyone lets everybody's files be read: what they hold is no secret.
func anyone(*os.File) *complaint { return nil }
