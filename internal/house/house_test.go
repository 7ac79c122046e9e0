// Package house holds the tests that keep the repository's own rules: who may import whom,
// and which imports would undo a promise. It has no code.
package house

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/casdoctor/casdoctor/"

type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-tags", "grpcnotrace", "-json=ImportPath,Dir,GoFiles,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]listed{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(p.ImportPath, module)] = p
	}
	if len(found) < 10 {
		t.Fatalf("only %d packages found", len(found))
	}
	return found
}

// engines are the pure engines of judgement.
var engines = []string{
	"internal/ciphersuite", "internal/condaccess", "internal/dmarc", "internal/maildns", "internal/mailtrace", "internal/spf", "internal/tlsclient",
}

// TestDirections: "A → B" means that A imports B. A package that is not named here may import
// nothing of ours, so a new one has to be given its place.
func TestDirections(t *testing.T) {
	probe := append([]string{"probes", "probes/facts", "config", "internal/clientcert", "internal/httpread"}, engines...)
	everything := []string{"*"}
	allowed := map[string][]string{
		"config":                    {},
		"config/internal/schemagen": {"config"},
		"probes/facts":              {},
		"internal/httpread":         {"config", "internal/spans", "internal/wayout", "probes/facts"},
		"internal/spans":            {},
		"internal/wayout":           {"config"},
		"internal/clientcert":       {},
		"internal/agent/alert":      {"checks", "config", "internal/report", "probes/facts"},
		"internal/agent/notify":     {"checks", "config", "internal/agent/alert", "internal/httpread", "internal/report", "internal/wayout"},
		"probes":                    {"config", "internal/httpread", "internal/spans", "probes/facts"},
		"probes/m365":               probe, "probes/workspace": probe, "probes/declared": probe, "probes/mail": probe, "probes/cas": probe, "probes/lmp": probe,
		"probes/all":           {"probes", "probes/m365", "probes/workspace", "probes/console", "probes/declared", "probes/mail", "probes/cas", "probes/lmp"},
		"internal/condaccess":  {"probes/facts"},
		"internal/dmarc":       {"internal/maildns", "probes/facts"},
		"internal/maildns":     {"probes/facts"},
		"internal/spf":         {"internal/maildns", "probes/facts"},
		"internal/tlsclient":   {"internal/ciphersuite"},
		"internal/ciphersuite": {},
		"probes/console":       append([]string{"probes/console/hello"}, probe...),
		"probes/console/hello": {"internal/ciphersuite"},
		"internal/mailtrace":   {"internal/dmarc", "internal/maildns", "probes/facts"},
		"checks":               append([]string{"probes/facts"}, engines...),
		"internal/report":      {"checks", "probes/facts", "internal/ciphersuite", "internal/tlsclient"},
		"internal/ticket":      {"checks", "probes/facts", "internal/report", "internal/tlsclient"},
		"internal/lab":         {"config"},
		"internal/preflight":   {"checks", "config", "internal/httpread", "internal/report", "probes", "probes/all", "probes/facts"},
		"internal/guide":       {"checks", "config", "internal/report", "probes", "probes/all", "probes/facts"},
		"internal/interview":   {"checks", "config", "internal/report"},
		// The agent's parts go downwards: what has no I/O first, then the memory, then what runs.
		"internal/agent/store":           {},
		"internal/agent/store/storetest": {"internal/agent/store"},
		"internal/agent/agentload":       {"internal/agent/proc", "internal/agent/store"},
		"internal/agent/proc":            {},
		"internal/agent/soak":            {"checks", "config", "internal/agent/alert", "internal/agent/notify", "internal/agent/proc", "internal/agent/store", "internal/lab"},
		"internal/agent/jobs":            {"config", "internal/agent/store", "internal/spans"},
		"internal/agent/demo":            {"config", "internal/agent", "internal/agent/store", "internal/lab", "internal/preflight", "probes/facts"},
		"internal/agent/web":             {"checks", "config", "internal/agent/alert", "internal/agent/jobs", "internal/agent/store", "internal/report", "internal/wayout", "probes/facts"},
		"internal/agent":                 everything,
		"cmd/casdoctor":                  everything,
	}
	for name, p := range packages(t) {
		may, placed := allowed[name]
		for _, imp := range p.Imports {
			ours, ok := strings.CutPrefix(imp, module)
			if !ok || slices.Equal(may, everything) {
				continue
			}
			if !placed {
				t.Errorf("%s imports %s, but has no place in the house: name it in this test", name, ours)
			} else if !slices.Contains(may, ours) {
				t.Errorf("%s may not import %s", name, ours)
			}
		}
	}
}

// TestTheManualIsNotLinked: the generator of man pages is for the program that makes them.
func TestTheManualIsNotLinked(t *testing.T) {
	for name, p := range packages(t) {
		if slices.Contains(p.Imports, module+"internal/manual") || name != "internal/manual" && slices.Contains(p.Imports, "github.com/spf13/cobra/doc") {
			t.Errorf("%s links the generator of man pages", name)
		}
	}
}

// TestJudgementCannotReachOut: checks and the pure engines have no way to look for themselves.
func TestJudgementCannotReachOut(t *testing.T) {
	all := packages(t)
	for _, name := range append([]string{"checks"}, engines...) {
		p, ok := all[name]
		if !ok {
			continue // an engine of a later day
		}
		for _, imp := range p.Imports {
			switch {
			case imp == "net/netip", imp == "net/mail", imp == "net/url":
			case imp == "os", strings.HasPrefix(imp, "os/"), imp == "net", strings.HasPrefix(imp, "net/"), imp == "crypto/tls",
				strings.Contains(imp, "msgraph"), strings.Contains(imp, "azure"), strings.HasPrefix(imp, "google.golang.org/api"):
				t.Errorf("%s imports %s, which can reach out", name, imp)
			}
		}
	}
}

// TestNoGraphRootPackage: the root package of the Graph SDK imports all of it and doubles the cold build.
func TestNoGraphRootPackage(t *testing.T) {
	for name, p := range packages(t) {
		if slices.Contains(p.Imports, "github.com/microsoftgraph/msgraph-sdk-go") {
			t.Errorf("%s imports the Graph root package; use its sub-packages", name)
		}
	}
}

// TestWhoMaySend: HTTP clients are made in two places. The probes' lets reads through, and that
// of messages lets POST through to the URLs of channels; both have tests of their own that they
// refuse everything else. Mail is sent from the latter.
func TestWhoMaySend(t *testing.T) {
	clients := []string{"internal/httpread", "internal/agent/notify", "internal/agent/web"}
	// These make a client of package net/http, or send with one that is there for everybody.
	ways := []string{"Client", "Transport", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"}
	found := 0
	for name, p := range packages(t) {
		mails := slices.ContainsFunc(p.Imports, func(imp string) bool {
			return imp == "net/smtp" || strings.HasPrefix(imp, "github.com/wneessen/go-mail")
		})
		if mails && name != "internal/agent/notify" {
			t.Errorf("%s can send mail", name)
		}
		if !slices.Contains(p.Imports, "net/http") || strings.HasPrefix(name, "internal/tools") {
			continue
		}
		for _, file := range p.GoFiles {
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				var used ast.Expr
				switch n := n.(type) {
				case *ast.StarExpr: // a type, which makes nothing
					return false
				case *ast.CompositeLit:
					used = n.Type
				case *ast.CallExpr:
					used = n.Fun
					if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "new" {
						used = n.Args[0]
					}
				case *ast.SelectorExpr:
					if strings.HasPrefix(n.Sel.Name, "Default") {
						used = n
					}
				case *ast.ValueSpec: // var c http.Client
					used = n.Type
				}
				sel, ok := used.(*ast.SelectorExpr)
				if !ok || !slices.Contains(ways, sel.Sel.Name) {
					return true
				}
				if from, ok := sel.X.(*ast.Ident); ok && from.Name == "http" {
					found++
					if !slices.Contains(clients, name) {
						t.Errorf("%s/%s makes or uses http.%s", name, file, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
	if found < 4 {
		t.Errorf("only %d uses found: this test does not see them any more", found)
	}
}

// TestNothingIsCompiledAtStart: an expression of a package is compiled by the first who needs it.
// Every command pays for what stands in a variable, `casdoctor version` as well.
func TestNothingIsCompiledAtStart(t *testing.T) {
	seen := 0
	for name, p := range packages(t) {
		if name == "internal/load" || name == "internal/agent/agentload" { // programs of their own
			continue
		}
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				vars, ok := d.(*ast.GenDecl)
				if !ok || vars.Tok != token.VAR {
					continue
				}
				seen++
				ast.Inspect(vars, func(n ast.Node) bool {
					call, ok := n.(*ast.CallExpr)
					if !ok {
						_, lazy := n.(*ast.FuncLit)
						return !lazy
					}
					if s, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "MustCompile") {
						t.Errorf("%s: compiled at every start; use sync.OnceValue", fset.Position(call.Pos()))
					}
					return true
				})
			}
		}
	}
	if seen < 100 {
		t.Fatalf("only %d declarations were looked at", seen)
	}
}
