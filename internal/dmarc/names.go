package dmarc

import "strings"

// maxQueries bounds the walk (RFC 9989, 4.10).
const maxQueries = 8

// parent is the next name of the walk: one label less, or, from more than eight labels, the
// seven on the right (RFC 9989, 4.10). It is "" above a top-level name.
func parent(name string) string {
	for strings.Count(name, ".") >= maxQueries {
		name = parentOf(name)
	}
	return parentOf(name)
}

func parentOf(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// below is the name one label below a public suffix, on the way to the domain.
func below(domain, suffix string) string {
	rest := strings.TrimSuffix(domain, "."+suffix)
	return rest[strings.LastIndexByte(rest, '.')+1:] + "." + suffix
}
