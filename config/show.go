package config

import (
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"
)

// Show writes a configuration as it took effect, as YAML: every value with the line that it
// comes from, or "default", and every secret as *** with its reference. What an agent's tenants
// have in force follows as a document for each.
func Show(w io.Writer, l Loaded) error {
	documents := l.inForce()
	if documents == nil {
		return errors.New("this configuration was not loaded")
	}
	for i, d := range documents {
		text, err := yaml.Dump(d)
		if err != nil {
			return fmt.Errorf("show the configuration: %w", err)
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err = w.Write(text); err != nil {
			return err
		}
	}
	return nil
}
