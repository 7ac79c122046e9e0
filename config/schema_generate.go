//go:build ignore

// This program writes schema.json; "go generate" runs it.
package main

import (
	"fmt"
	"os"

	"github.com/casdoctor/casdoctor/config/internal/schemagen"
)

func main() {
	schema, err := schemagen.Generate()
	if err == nil {
		err = os.WriteFile("schema.json", schema, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
