// Package house holds the tests that keep the repository's own rules: who may import whom,
// and which imports would undo a promise. It has no code.
package house

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/casdoctor/casdoctor/"

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-tags", "grpcnotrace", "-json=ImportPath,Imports", module+"...").Output()
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
	probe := append([]string{"probes", "probes/facts", "config", "internal/httpread"}, engines...)
	everything := []string{"*"}
	allowed := map[string][]string{
		"config":                    {},
		"config/internal/schemagen": {"config"},
		"probes/facts":              {},
		"internal/httpread":         {"config", "probes/facts"},
		"probes":                    {"config", "probes/facts", "internal/httpread"},
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
		"internal/guide":       {"checks", "config", "internal/report", "probes", "probes/all", "probes/facts"},
		"cmd/casdoctor":        everything,
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
