package condaccess

import (
	"strings"
	"unicode/utf8"
)

// maxRule is the documented length of a rule, in characters ("Conditional Access: Filter for
// devices"). It also bounds how deep a rule can nest.
const maxRule = 3072

// unregistered reports whether the rule of a device filter fits a device that is not
// registered.
//
// "Conditional Access: Filter for devices", the table of what the filter does: all properties of such a device
// are null; with positive operators the filter is not applied, with negative ones it is. The
// page says nothing about a rule that mixes both, nor does this function. The syntax is that
// of "Manage rules for dynamic membership groups": operators with or without a hyphen, in
// any case.
func unregistered(rule string) Tri {
	if utf8.RuneCountInString(rule) > maxRule {
		return Unknown
	}
	r := ruleReader{rest: rule}
	v := r.expression()
	if r.space(); r.rest != "" {
		return Unknown
	}
	return v
}

// ruleReader is a recursive-descent reader. Whatever it does not understand makes the whole
// rule Unknown, since Unknown stays Unknown in every operation.
type ruleReader struct{ rest string }

// expression: operand { ("and" | "or") operand }. Precedence does not matter: as long as all
// operands agree, so do AND and OR, and when they do not, the rule is a mixed one.
func (r *ruleReader) expression() Tri {
	v := r.operand()
	for {
		before := r.rest
		switch r.operator() {
		case "and", "or":
			if r.operand() != v {
				v = Unknown
			}
		default:
			r.rest = before
			return v
		}
	}
}

// operand: "not" operand | "(" expression ")" | comparison. "not" turns a positive operator
// into a negative one, and it binds weaker than a comparison.
func (r *ruleReader) operand() Tri {
	if r.take("(") {
		v := r.expression()
		if !r.take(")") {
			return r.fail()
		}
		return v
	}
	before := r.rest
	if r.operator() == "not" {
		return r.operand().Not()
	}
	r.rest = before
	return r.comparison()
}

// comparison: "device." property operator value.
func (r *ruleReader) comparison() Tri {
	if !strings.EqualFold(r.word(), "device") || !r.take(".") || r.word() == "" {
		return r.fail()
	}
	var v Tri
	var list bool
	switch r.operator() {
	case "eq", "startswith", "endswith", "contains":
		v = False
	case "ne", "notstartswith", "notendswith", "notcontains":
		v = True
	case "in":
		v, list = False, true
	case "notin":
		v, list = True, true
	default:
		return r.fail()
	}
	if !list {
		if !r.value() {
			return r.fail()
		}
		return v
	}
	if !r.take("[") {
		return r.fail()
	}
	for {
		if !r.value() {
			return r.fail()
		}
		if r.take("]") {
			return v
		}
		if !r.take(",") {
			return r.fail()
		}
	}
}

// value reads a string, a number or a boolean, and reports whether it is something that a
// property without a value cannot equal: null, "" and anything else are not understood.
func (r *ruleReader) value() bool {
	r.space()
	if r.rest == "" {
		return false
	}
	if quote := r.rest[0]; quote == '"' || quote == '\'' {
		for i := 1; i < len(r.rest); i++ {
			switch r.rest[i] {
			case '\\', '`': // both are in use as the escape character
				i++
			case quote:
				r.rest = r.rest[i+1:]
				return i > 1
			}
		}
		return false
	}
	word := r.word()
	return word != "" && !strings.EqualFold(word, "null")
}

// operators are those that a rule can have, in lower case.
var operators = [...]string{
	"and", "or", "not", "eq", "ne", "in", "notin", "contains", "notcontains",
	"startswith", "notstartswith", "endswith", "notendswith",
}

// operator reads one of the operators, with or without a hyphen, in any case. It is "" for
// anything else. It allocates nothing: every policy is read for every account.
func (r *ruleReader) operator() string {
	r.take("-")
	word := r.word()
	for _, o := range operators {
		if strings.EqualFold(word, o) {
			return o
		}
	}
	return ""
}

// word reads letters and digits. A hyphen or anything else ends it.
func (r *ruleReader) word() string {
	r.space()
	n := 0
	for n < len(r.rest) {
		c := r.rest[n] | 0x20 // lower case
		if (c < 'a' || 'z' < c) && (r.rest[n] < '0' || '9' < r.rest[n]) {
			break
		}
		n++
	}
	word := r.rest[:n]
	r.rest = r.rest[n:]
	return word
}

func (r *ruleReader) take(s string) bool {
	r.space()
	rest, ok := strings.CutPrefix(r.rest, s)
	r.rest = rest
	return ok
}

func (r *ruleReader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// fail gives the rest of the rule up.
func (r *ruleReader) fail() Tri {
	r.rest = ""
	return Unknown
}
