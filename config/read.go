package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A kind is what one value may be. There is one for every shape of value that the
// configuration knows (values.go).
type kind[T any] struct {
	what string // completes "not …" and "missing; it is …"
	// tags are the YAML types that it may be written in; nil means text. A number or a date
	// is not silently text: 0101 is a number to every other reader of YAML.
	tags []string
	// lines says that the value may have several.
	lines bool
	// hidden says that a wrong value is never repeated: it could be, or hold, a secret.
	hidden bool
	// shape is said of a value of a wrong shape, instead of what is said of all kinds.
	shape *complaint
	// parse makes the value; a complaint without a message means "not " + what.
	parse func(string) (T, *complaint)
}

// The YAML types of scalars.
const (
	textTag  = "!!str"
	intTag   = "!!int"
	floatTag = "!!float"
	boolTag  = "!!bool"
	timeTag  = "!!timestamp"
	nullTag  = "!!null"
	mergeTag = "!!merge"
)

// object is one mapping of the file while its members are read. Reading a member makes its
// key known; close reports what nobody asked for. The order of reading is the order of Show.
type object struct {
	l       *loader
	path    string
	place   *yaml.Node // where to say what is missing
	members map[string]*yaml.Node
	pairs   []*yaml.Node // key, value, key, value …
	known   []string
	missing []missing
	// broken: the value is no mapping, which is said already; nothing more is said of it.
	broken bool
	// private: a secret belongs in it, so a wrong value or key could be one.
	private bool
	// listed: it is in a list, and lists are not inherited in parts.
	listed bool
	// shown is the mapping as it took effect.
	shown *yaml.Node
}

type missing struct{ key, what string }

// object starts reading a mapping; n is nil when it is left out.
func (l *loader) object(path string, place, n *yaml.Node) *object {
	o := &object{
		l: l, path: path, place: place, members: map[string]*yaml.Node{},
		shown: &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"},
	}
	if n == nil {
		return o
	}
	if n.Kind != yaml.MappingNode || n.Tag != "!!map" {
		o.broken = true
		l.at(n, path, wrongShape(n, "a group of keys (key: value)"), "")
		return o
	}
	o.pairs = n.Content
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Kind == yaml.ScalarNode {
			o.members[key.Value] = n.Content[i+1]
		}
	}
	return o
}

// wrongShape says what a node is instead of what it should be; never its content.
func wrongShape(n *yaml.Node, want string) complaint {
	switch {
	case n.Kind == yaml.AliasNode:
		return complaint{"an alias (*name) is not accepted", "write the value out, or quote a value that starts with *"}
	case n.Kind == yaml.ScalarNode && n.Tag == nullTag:
		return complaint{"no value", "write " + want + ", or remove the key"}
	case n.Kind == yaml.ScalarNode && !knownTag(n.Tag), n.Kind == yaml.MappingNode && n.Tag != "!!map",
		n.Kind == yaml.SequenceNode && n.Tag != "!!seq":
		return complaint{"a YAML tag (!name) is not accepted", "remove it, or quote a value that starts with !"}
	case n.Kind == yaml.MappingNode:
		return complaint{"a group of keys, not " + want, ""}
	case n.Kind == yaml.SequenceNode:
		return complaint{"a list, not " + want, ""}
	default:
		return complaint{"not " + want, ""}
	}
}

func knownTag(tag string) bool {
	return slices.Contains([]string{textTag, intTag, floatTag, boolTag, timeTag, nullTag}, tag)
}

func (o *object) join(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// member makes a key known and returns its value; nil when it is left out.
func (o *object) member(key string) *yaml.Node {
	o.known = append(o.known, key)
	return o.members[key]
}

// has reports whether a key is written, whatever its value.
func (o *object) has(key string) bool { return o.members[key] != nil }

// means reports whether one of the keys is written, or nearly: then what is wrong is said of
// the key itself, and to call it missing would be one mistake said twice.
func (o *object) means(keys ...string) bool {
	for i := 0; i < len(o.pairs); i += 2 {
		word, _, _ := strings.Cut(o.pairs[i].Value, ":") // its value, when the space is missing
		if nearest(word, keys) != "" {
			return true
		}
	}
	return false
}

// need reports a key that is left out. It is said at the end, when all keys are known.
func (o *object) need(key, what string) {
	o.missing = append(o.missing, missing{key, what})
}

// complain says what is wrong with a member, or with the mapping when it is left out or
// key is empty.
func (o *object) complain(key, message, hint string) {
	if o.broken {
		return
	}
	if n := o.members[key]; n != nil {
		o.l.at(n, o.join(key), complaint{message, hint}, "")
		return
	}
	o.lacks(o.path, message, hint)
}

// lacks says that something is missing in the mapping. What is missing in an inherited one is
// for the heir to write, so it is said there.
func (o *object) lacks(path, message, hint string) {
	place := o.place
	if _, ok := o.l.inherited[place]; ok && !o.listed {
		section, _, _ := strings.Cut(o.path, ".")
		hint = strings.TrimPrefix(hint+fmt.Sprintf("; %s is inherited, and %s: null clears it", section, section), "; ")
		place = o.l.root
	}
	o.l.at(place, path, complaint{message, hint}, "")
}

var keyShape = pattern(`^[A-Za-z][A-Za-z0-9_-]{0,39}$`)

// close reports the keys that nobody asked for, those that are there twice, and those that
// are missing.
func (o *object) close() {
	first := map[string]int{}
	for i := 0; i < len(o.pairs); i += 2 {
		key := o.pairs[i]
		if key.Kind != yaml.ScalarNode {
			o.l.at(key, o.path, complaint{"a key that is not a word", "write key: value"}, "")
			continue
		}
		if key.Tag == mergeTag {
			o.l.at(key, o.path, complaint{"a merge key (<<) is not accepted", "write the keys out"}, "")
			continue
		}
		if !slices.Contains(o.known, key.Value) {
			o.l.at(key, o.path, o.unknown(key.Value), "")
			continue
		}
		if line, twice := first[key.Value]; twice {
			o.l.at(key, o.path, complaint{fmt.Sprintf("%q is there twice, first on line %d", key.Value, line), "keep one of them"}, "")
			continue
		}
		first[key.Value] = key.Line
	}
	for _, m := range o.missing {
		if !o.broken && !o.means(m.key) {
			o.lacks(o.join(m.key), "missing", "it is "+m.what)
		}
	}
}

// unknown words the complaint about an unknown key. A key that does not look like one is not
// repeated: without the space after its colon, "client_secret:…" is a key with its value.
func (o *object) unknown(key string) complaint {
	near := nearest(key, o.known)
	c := complaint{"unknown key", "the keys here are " + strings.Join(o.known, ", ")}
	if keyShape().MatchString(key) && (!o.private || near != "") {
		c.message = fmt.Sprintf("unknown key %q", key)
	}
	switch {
	case strings.Contains(key, ":"):
		c.hint = "write a space after the colon"
	case near != "":
		c.hint = fmt.Sprintf("did you mean %q?", near)
	}
	return c
}

// show adds a member to what Show prints.
func (o *object) show(key string, value *yaml.Node) {
	o.shown.Content = append(o.shown.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: textTag, Value: key}, value)
}

// read makes a value of a node, or says what is wrong with it. label is what stands before
// it in an excerpt.
func read[T any](o *object, key, label string, n *yaml.Node, k kind[T]) (v T, ok bool) {
	path := o.join(key)
	private := o.private || k.hidden
	if n.Kind != yaml.ScalarNode || !knownTag(n.Tag) || n.Tag == nullTag {
		c := wrongShape(n, k.what)
		if k.shape != nil && (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) {
			c = *k.shape
		}
		o.l.at(n, path, c, "")
		return v, false
	}
	tags := k.tags
	if tags == nil {
		tags = []string{textTag}
	}
	var c *complaint
	text := n.Value
	o.l.reading = o.l.fileOf(n)
	if k.lines {
		text = strings.TrimSpace(text)
	}
	switch {
	case !slices.Contains(tags, n.Tag) && slices.Contains(tags, textTag):
		c = &complaint{"text is expected", "put the value in quotes"}
	case !slices.Contains(tags, n.Tag):
		c = &complaint{}
		if _, wrong := k.parse(text); wrong == nil {
			c.hint = "write it without quotes"
		}
	case strings.ContainsFunc(text, func(r rune) bool { return invisible(r) && (!k.lines || r != '\n' && r != '\t') }):
		if c = k.shape; c == nil {
			c = &complaint{"a control character or a second line in the value", "write it as one plain line"}
		}
	default:
		v, c = k.parse(text)
	}
	if c == nil {
		return v, true
	}
	if c.message == "" {
		c.message = "not " + k.what
	}
	shown := ""
	if !private {
		shown = excerpt(label, asWritten(n))
	}
	o.l.at(n, path, *c, shown)
	return v, false
}

// asWritten is a value with the quotes that it has in the file.
func asWritten(n *yaml.Node) string {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return `"` + n.Value + `"`
	case n.Style&yaml.SingleQuotedStyle != 0:
		return "'" + n.Value + "'"
	default:
		return n.Value
	}
}

// optional reads a value that may be left out; ok is false when it is, or is wrong.
func optional[T any](o *object, key string, k kind[T]) (v T, ok bool) {
	n := o.member(key)
	if n == nil {
		return v, false
	}
	if v, ok = read(o, key, key+": ", n, k); ok {
		o.show(key, scalar(v, o.l.origin(n)))
	}
	return v, ok
}

// maybe is optional for a member whose zero value says that it is left out.
func maybe[T any](o *object, key string, k kind[T]) T {
	v, _ := optional(o, key, k)
	return v
}

// pointer is optional for a member that is nil when it is left out.
func pointer[T any](o *object, key string, k kind[T]) *T {
	if v, ok := optional(o, key, k); ok {
		return &v
	}
	return nil
}

// required reads a value that must be there.
func required[T any](o *object, key string, k kind[T]) T {
	if !o.has(key) {
		o.need(key, k.what)
	}
	return maybe(o, key, k)
}

// defaulted reads a value that has a default.
func defaulted[T any](o *object, key string, k kind[T], def T) T {
	if o.has(key) {
		return maybe(o, key, k)
	}
	o.known = append(o.known, key)
	o.show(key, scalar(def, byDefault))
	return def
}

// list reads a list of values: nil when it is left out, never nil when it is written.
func list[T any](o *object, key string, k kind[T]) []T {
	n := o.member(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode || n.Tag != "!!seq" {
		o.l.at(n, o.join(key), wrongShape(n, "a list: ["+k.what+", …]"), "")
		return nil
	}
	values := make([]T, 0, len(n.Content))
	shown := sequence()
	for _, item := range n.Content {
		if v, ok := read(o, key, "- ", item, k); ok {
			values = append(values, v)
			shown.Content = append(shown.Content, scalar(v, o.l.origin(item)))
		}
	}
	o.show(key, shown)
	return values
}

// words reads a list, or file:PATH and the list in that file: one per line, # starts a
// comment.
func words(o *object, key string, k kind[string]) List {
	n := o.members[key]
	if n == nil || n.Kind == yaml.SequenceNode {
		values := List{Items: list(o, key, k)}
		values.Declared = values.Items != nil
		for i := 0; i < len(values.Items) && len(values.Items) == len(n.Content); i++ {
			values.Written = append(values.Written, Written{Text: n.Content[i].Value, Line: n.Content[i].Line})
		}
		return values
	}
	o.known = append(o.known, key)
	path, ok := read(o, key, key+": ", n, kind[string]{
		what: "a list, nor file:PATH",
		parse: func(s string) (string, *complaint) {
			path, ok := strings.CutPrefix(s, "file:")
			if !ok || path == "" {
				return "", &complaint{hint: "write [" + k.what + ", …], or file: and the path of a file with one per line"}
			}
			return o.l.resolve(path), nil
		},
	})
	if !ok || o.l.outline {
		return List{}
	}
	data, c := readFile(path, anyone)
	if c != nil {
		o.l.at(n, o.join(key), *c, "")
		return List{}
	}
	if p := notText(data); p != nil {
		p.File = path
		o.l.problems = append(o.l.problems, *p)
		return List{}
	}
	values := List{Items: []string{}, Declared: true}
	shown := sequence()
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	for i, line := range strings.Split(string(data), "\n") {
		word := strings.TrimSpace(withoutComment(line))
		if word == "" {
			continue
		}
		v, c := k.parse(word)
		if c != nil {
			if c.message == "" {
				c.message = "not " + k.what
			}
			o.l.problems = append(o.l.problems, Problem{
				File: path, Line: i + 1, Column: 1, Message: c.message, Hint: c.hint, Excerpt: excerpt("", word),
			})
			continue
		}
		values.Items = append(values.Items, v)
		values.Written = append(values.Written, Written{Text: word, Line: i + 1})
		item := scalar(v, o.l.origin(n))
		item.LineComment += fmt.Sprintf(", %s:%d", n.Value, i+1)
		shown.Content = append(shown.Content, item)
	}
	o.show(key, shown)
	return values
}

// withoutComment cuts a line at a # that starts it or follows a space.
func withoutComment(line string) string {
	for i, r := range line {
		if r == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

// exactlyOne sees to it that one of the keys is chosen, and returns those that are. none and
// second are what is said otherwise.
func exactlyOne(o *object, none, second string, keys []string, isChosen func(string) bool) (chosen []string) {
	for _, k := range keys {
		if isChosen(k) {
			chosen = append(chosen, k)
		}
	}
	switch {
	case len(chosen) > 1:
		o.complain(chosen[1], second+" beside "+chosen[0], "keep one of them")
	case len(chosen) == 1, slices.ContainsFunc(keys, func(k string) bool { return !o.has(k) && o.means(k) }): // or misspelt
	default:
		o.complain("", none, "add one of "+strings.Join(keys, ", "))
	}
	return chosen
}

// nonEmpty refuses a list that is written without an item.
func (o *object) nonEmpty(key, hint string) {
	if n := o.members[key]; n != nil && n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		o.complain(key, "an empty list", hint)
	}
}

// unique refuses a name that another group of the same list has; seen are theirs.
func (o *object) unique(key, name string, seen map[string]bool, message, hint string) {
	if name != "" && seen[name] {
		o.complain(key, message, hint)
	}
	seen[name] = true
}

// child starts reading a mapping inside this one.
func (o *object) child(key string) *object {
	n := o.member(key)
	place := o.place
	for i := 0; i < len(o.pairs); i += 2 {
		if o.pairs[i+1] == n {
			place = o.pairs[i]
		}
	}
	c := o.l.object(o.join(key), place, n)
	c.private, c.listed = o.private, o.listed
	return c
}

// group reads a mapping inside this one; left out, it is read as if it were empty, so that
// it has its defaults.
func group[T any](o *object, key string, members func(*object) T) T {
	c := o.child(key)
	v := members(c)
	c.close()
	if len(c.shown.Content) > 0 {
		o.show(key, c.shown)
	}
	return v
}

// requiredGroup is group for a mapping that must be there.
func requiredGroup[T any](o *object, key, what string, members func(*object) T) T {
	if !o.has(key) {
		o.need(key, what)
		o.known = append(o.known, key)
		var none T
		return none
	}
	return group(o, key, members)
}

// optionalGroup is group for a mapping that is nil when it is left out.
func optionalGroup[T any](o *object, key string, members func(*object) T) *T {
	if !o.has(key) {
		o.known = append(o.known, key)
		return nil
	}
	v := group(o, key, members)
	return &v
}

// groups reads a list of mappings: nil when it is left out, never nil when it is written.
func groups[T any](o *object, key string, members func(*object) T) []T {
	n := o.member(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode || n.Tag != "!!seq" {
		o.l.at(n, o.join(key), wrongShape(n, "a list of groups of keys: - {…}"), "")
		return nil
	}
	values := make([]T, 0, len(n.Content))
	shown := sequence()
	for _, item := range n.Content {
		c := o.l.object(o.join(key), item, item)
		c.listed = true
		values = append(values, members(c))
		c.close()
		shown.Content = append(shown.Content, c.shown)
	}
	o.show(key, shown)
	return values
}

func sequence() *yaml.Node { return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"} }

// byDefault is the origin of a value that is written nowhere.
const byDefault = "default"

// scalar is a value as Show prints it, with its origin.
func scalar(value any, origin string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: textTag, LineComment: "# " + origin}
	switch v := value.(type) {
	case Secret:
		n.Value, n.LineComment = v.String(), "# "+v.Ref()+", "+origin
	case bool:
		n.Value, n.Tag = strconv.FormatBool(v), boolTag
	case int:
		n.Value, n.Tag = strconv.Itoa(v), intTag
	case Date:
		n.Value, n.Tag = v.String(), timeTag
	case time.Time:
		n.Value, n.Tag = v.Format(time.RFC3339), timeTag
	default:
		n.Value = fmt.Sprint(v)
	}
	return n
}
