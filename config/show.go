package config

import (
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"
)

// Show writes the configuration as it took effect, as YAML: every value with the line that
// it comes from, or "default", and every secret as *** with its reference.
func Show(w io.Writer, c *Config) error {
	if c.effective == nil {
		return errors.New("this configuration was not loaded")
	}
	text, err := yaml.Dump(c.effective)
	if err != nil {
		return fmt.Errorf("show the configuration: %w", err)
	}
	_, err = w.Write(text)
	return err
}
