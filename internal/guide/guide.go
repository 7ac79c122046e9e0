// Package guide is the knowledge around the checks: which facts, permissions and declarations
// a cause hangs on, what a missing permission costs, and where and how to grant one. It is
// what explain, list, permissions and the pages in docs/ say.
//
// What belongs here: joining the checks with the probes that look for them, and the links and
// scripts that grant what the probes need. What does not: how it is set on a page
// (internal/report), and everything about one organisation's findings.
package guide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/all"
	"github.com/casdoctor/casdoctor/probes/facts"
)

//go:generate go test -tags grpcnotrace -run ^TestPages . -update

// declared begins the names of the facts that the configuration says.
const declared = "declared."

// Explain is everything about a check, or about the check that a cause or a fix belongs to.
func Explain(id string) (report.Explanation, bool) {
	for _, c := range checks.All() {
		if c.ID == id ||
			slices.ContainsFunc(c.Causes, func(x checks.Cause) bool { return x.ID == id }) ||
			slices.ContainsFunc(c.Fixes, func(f checks.Fix) bool { return f.ID == id }) {
			return explanation(c, id), true
		}
	}
	return report.Explanation{}, false
}

func explanation(c checks.Check, id string) report.Explanation {
	e := report.Explanation{Check: c, ID: id, Grounds: map[string]report.Ground{}, Grants: Permissions(c.ID)}
	for _, cause := range c.Causes {
		g := report.Ground{Facts: reads(c, cause)}
		for _, grant := range e.Grants {
			if slices.Contains(grant.Costs, cause.ID) {
				g.Permissions = append(g.Permissions, grant.Name)
			}
		}
		for _, p := range all.Probes() {
			if strings.HasPrefix(p.Fact, declared) && slices.Contains(g.Facts, p.Fact) {
				// What no section holds and a cause can read is how far provisioning is.
				g.Declarations = append(g.Declarations, cmp.Or(p.Section, "phase"))
			}
		}
		e.Grounds[cause.ID] = g
	}
	return e
}

// reads are the facts that a cause reads; for one that no case examines, all that it may read.
func reads(c checks.Check, cause checks.Cause) []string {
	if seen := checks.Reads(cause.ID); seen != nil {
		return seen
	}
	return c.Needs
}

// Permissions are what the checks need to be granted, all of them or only some, sorted by
// service and name.
func Permissions(only ...string) []report.Grant {
	var out []report.Grant
	list := all.Probes()
	for _, p := range list {
		for _, perm := range p.Permissions {
			told := []string{p.Fact}
			if perm.Whole {
				told = append(told, dependents(list, p.Fact)...)
			}
			leans := checks.Leans
			if perm.Optional {
				leans = checks.Tells // no verdict hangs on it, but what is said does
			}
			of, causes := readers(told, perm.Members, only, leans)
			if len(of) == 0 {
				continue
			}
			at := slices.IndexFunc(out, func(g report.Grant) bool { return g.Service == perm.Service && g.Name == perm.Name })
			if at < 0 {
				at = len(out)
				out = append(out, report.Grant{Service: perm.Service, Name: perm.Name, Optional: true, Costs: []string{}})
			}
			g := &out[at]
			g.Optional = g.Optional && perm.Optional
			g.Why = appendNew(g.Why, bilingual(perm.Why))
			g.Facts, g.Checks = appendNew(g.Facts, told...), appendNew(g.Checks, of...)
			if !perm.Optional {
				g.Costs = appendNew(g.Costs, causes...)
			}
		}
	}
	for i := range out {
		g := &out[i]
		for _, names := range [][]string{g.Facts, g.Checks, g.Costs} {
			slices.Sort(names)
		}
	}
	slices.SortFunc(out, func(a, b report.Grant) int {
		return cmp.Or(cmp.Compare(b.Service, a.Service), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// readers are the checks that read one of the facts, and their causes that hang on it: on the
// whole of it or, when only some members are meant, on one of those that they lean on.
func readers(told, members, only []string, leans func(cause string) []string) (of, causes []string) {
	among := func(list []string) bool {
		return slices.ContainsFunc(list, func(m string) bool {
			fact, member, _ := strings.Cut(m, ":")
			return slices.Contains(told, fact) && slices.Contains(members, member)
		})
	}
	for _, c := range checks.All() {
		if len(only) > 0 && !slices.Contains(only, c.ID) {
			continue
		}
		for _, cause := range c.Causes {
			whole := len(members) == 0 &&
				slices.ContainsFunc(reads(c, cause), func(f string) bool { return slices.Contains(told, f) })
			if whole || among(leans(cause.ID)) {
				of = appendNew(of, c.ID)
			}
			if whole || among(checks.Hangs(cause.ID)) {
				causes = append(causes, cause.ID)
			}
		}
	}
	return of, causes
}

// dependents are the facts whose probes need a fact, directly or through others.
func dependents(list []probes.Probe, fact string) (out []string) {
	need := []string{fact}
	for i := 0; i < len(need); i++ {
		for _, p := range list {
			if slices.Contains(p.Needs, need[i]) {
				need = appendNew(need, p.Fact)
			}
		}
	}
	return need[1:]
}

// The sections of the list.
const (
	Checks = "checks"
	Causes = "causes"
	Fixes  = "fixes"
	Facts  = "facts"
	Probes = "probes"
)

// Sections are the names of the sections, in their order.
func Sections() []string { return []string{Checks, Causes, Fixes, Facts, Probes} }

// List is everything that casdoctor has, section by section.
func List() []report.Section {
	rows := map[string][]report.Row{}
	for _, c := range checks.All() {
		rows[Checks] = append(rows[Checks], report.Row{ID: c.ID, Text: &c.Title, Configuration: c.Section, Facts: c.Needs})
		for _, cause := range c.Causes {
			rows[Causes] = append(rows[Causes], report.Row{ID: cause.ID, Text: &cause.Text, Check: c.ID, Facts: reads(c, cause)})
		}
		for _, f := range c.Fixes {
			rows[Fixes] = append(rows[Fixes], report.Row{ID: f.ID, Text: &f.Text, Check: c.ID, For: f.For})
		}
	}
	for _, p := range all.Probes() {
		source := facts.Observed
		if strings.HasPrefix(p.Fact, declared) {
			source = facts.Declared
		}
		_, causes := readers([]string{p.Fact}, nil, nil, checks.Leans)
		rows[Facts] = append(rows[Facts], report.Row{ID: p.Fact, Source: string(source), Causes: causes})
		doc := bilingual(p.Doc)
		row := report.Row{ID: p.Fact, Text: &doc, Configuration: p.Section, Facts: p.Needs}
		for _, perm := range p.Permissions {
			row.Permissions = append(row.Permissions, perm.Name)
		}
		rows[Probes] = append(rows[Probes], row)
	}
	var out []report.Section
	for _, name := range Sections() {
		out = append(out, report.Section{Name: name, Rows: rows[name]})
	}
	return out
}

func appendNew[T comparable](have []T, more ...T) []T {
	for _, m := range more {
		if !slices.Contains(have, m) {
			have = append(have, m)
		}
	}
	return have
}
