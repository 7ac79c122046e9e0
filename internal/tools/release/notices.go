package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licences are those that casdoctor may be linked with, each with sentences that only its text has.
// The first that fits counts: the longer texts of a family come first.
var licences = []struct {
	id      string
	phrases []string
}{
	{"Apache-2.0", []string{"apache license version 2.0, january 2004"}},
	{"Apache-2.0", []string{"licensed under the apache license, version 2.0"}},
	{"MPL-2.0", []string{"mozilla public license version 2.0"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "may be used to endorse or promote products"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "used to endorse or promote products derived from"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms", "in binary form must reproduce the above copyright notice"}},
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "the software is provided \"as is\""}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"}},
	{"ISC", []string{"permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
	{"CC0-1.0", []string{"cc0 1.0 universal"}},
	{"public domain", []string{"has been dedicated to the public domain by the authors"}}, // SQLite
}

var spaces = regexp.MustCompile(`[\s#*/]+`)

// licenceOf names the licence that a text is, and reports whether it is one of those.
func licenceOf(text string) (string, bool) {
	plain := strings.ToLower(spaces.ReplaceAllString(text, " "))
	plain = strings.NewReplacer("“", `"`, "”", `"`, "``", `"`, "''", `"`).Replace(plain)
next:
	for _, l := range licences {
		for _, p := range l.phrases {
			if !strings.Contains(plain, p) {
				continue next
			}
		}
		return l.id, true
	}
	return "", false
}

// licenceFile and noticeFile are how projects call them.
var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-._].*)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^(notice|patents|copyright)([-._].*)?$`)
)

// notLinked are licence files of what is in a module and never in a binary.
var notLinked = map[string]bool{
	"modernc.org/memory/LICENSE-LOGO": true, // of a picture
}

type module struct {
	Path, Version, Dir string
	Replace            *module
}

type pkg struct {
	ImportPath, Dir string
	Standard        bool
	Module          *module
}

// linked are the packages of one platform's casdoctor.
func (r *release) linked(t target) ([]pkg, error) {
	out, err := output(r.source, []string{"CGO_ENABLED=0", "GOFLAGS=", "GOOS=" + t.os, "GOARCH=" + t.arch},
		"go", "list", "-deps", "-tags", tags, "-json=ImportPath,Dir,Standard,Module", "./cmd/casdoctor")
	if err != nil {
		return nil, err
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case err == io.EOF:
			return list, nil
		case err != nil:
			return nil, err
		}
		list = append(list, p)
	}
}

// notices are the licences of everything that is linked on any of the platforms: the files of each
// package's folder and of those above it, up to its module. A module without a licence that is
// known here ends the release.
func (r *release) notices() ([]byte, error) {
	files := map[string]map[string]bool{} // by module
	dirs := map[string]string{}
	for _, t := range r.targets {
		packages, err := r.linked(t)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			if p.Standard || p.Module == nil || p.Module.Version == "" { // Go's own, and ours
				continue
			}
			name := p.Module.Path + " " + p.Module.Version
			if files[name] == nil {
				files[name] = map[string]bool{}
			}
			dirs[name] = p.Module.Dir
			for dir := p.Dir; ; dir = filepath.Dir(dir) {
				if err := gather(files[name], dir); err != nil {
					return nil, err
				}
				if dir == p.Module.Dir || len(dir) < len(p.Module.Dir) {
					break
				}
			}
		}
	}
	root, err := output("", nil, "go", "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	goroot, version, _ := strings.Cut(root, "\n")
	name := "Go " + version
	files[name], dirs[name] = map[string]bool{}, goroot
	if err := gather(files[name], goroot); err != nil {
		return nil, err
	}
	var head, body bytes.Buffer
	fmt.Fprintf(&head, "casdoctor %s is linked with the modules below, each under its own licence. Their sources are at the\nmodule's address, in the version that stands beside it; modules under MPL-2.0 are used unchanged.\n\n", r.version)
	var unknown []string
	for _, name := range sorted(files) {
		var ids []string
		for _, f := range sorted(files[name]) {
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			short, err := filepath.Rel(dirs[name], f)
			if err != nil {
				return nil, err
			}
			if path, _, _ := strings.Cut(name, " "); notLinked[path+"/"+filepath.ToSlash(short)] {
				continue
			}
			if licenceFile.MatchString(filepath.Base(f)) {
				id, ok := licenceOf(string(text))
				if !ok {
					unknown = append(unknown, name+": "+short)
				}
				if !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
			fmt.Fprintf(&body, "%s\n%s: %s\n%s\n\n%s\n\n", strings.Repeat("=", 80), name, filepath.ToSlash(short), strings.Repeat("=", 80), bytes.TrimSpace(text))
		}
		if len(ids) == 0 {
			unknown = append(unknown, name+": no licence file")
		}
		fmt.Fprintf(&head, "  %-70s %s\n", name, strings.Join(ids, ", "))
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("licences that are not known to be allowed:\n  %s", strings.Join(unknown, "\n  "))
	}
	fmt.Fprintln(&head)
	return append(head.Bytes(), body.Bytes()...), nil
}

// gather adds the licence files of a folder.
func gather(to map[string]bool, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && filepath.Ext(e.Name()) != ".go" && (licenceFile.MatchString(e.Name()) || noticeFile.MatchString(e.Name())) {
			to[filepath.Join(dir, e.Name())] = true
		}
	}
	return nil
}

func sorted[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
