// Command cilint lints the GitHub workflow of docs/ci.md with actionlint, as a caller of the
// action in this repository: its inputs, and action.yml itself, are checked with it.
//
//	go -C internal/tools/cilint run . "$PWD"
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"
)

func main() {
	log.SetFlags(0)
	root := os.Args[1]
	doc, err := os.ReadFile(filepath.Join(root, "docs", "ci.md"))
	if err != nil {
		log.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml (\\.github/workflows/[a-z.]+)\n(.*?)```").FindSubmatch(doc)
	if block == nil {
		log.Fatal("docs/ci.md has no workflow")
	}
	workflow := strings.ReplaceAll(string(block[2]), "casdoctor/casdoctor@v1", "./")
	project, err := actionlint.NewProject(root)
	if err != nil {
		log.Fatal(err)
	}
	linter, err := actionlint.NewLinter(os.Stdout, &actionlint.LinterOptions{})
	if err != nil {
		log.Fatal(err)
	}
	found, err := linter.Lint(string(block[1]), []byte(workflow), project)
	if err != nil {
		log.Fatal(err)
	}
	if len(found) > 0 {
		log.Fatalf("%d mistakes", len(found))
	}
	fmt.Println("docs/ci.md and action.yml: nothing to complain about")
}
