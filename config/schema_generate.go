//go:build ignore

// This program writes schema.json and agent.schema.json; "go generate" runs it.
package main

import (
	"fmt"
	"os"

	"github.com/casdoctor/casdoctor/config/internal/schemagen"
)

func main() {
	for name, generate := range map[string]func() ([]byte, error){
		"schema.json": schemagen.Generate, "agent.schema.json": schemagen.GenerateAgent,
	} {
		schema, err := generate()
		if err == nil {
			err = os.WriteFile(name, schema, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
