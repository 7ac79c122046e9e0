package config

import (
	"encoding/json"
	"fmt"
	"io"
)

// Secret is a reference to a secret (env:NAME or file:PATH) and, once resolved, the secret
// itself. It prints as *** in every verb, in JSON and in YAML; only Reveal gives the value,
// and only to the code that puts it on the wire.
type Secret struct {
	ref   string
	value []byte
}

// NewSecret is a resolved secret; ref says where it came from.
func NewSecret(ref string, value []byte) Secret { return Secret{ref: ref, value: value} }

// IsZero reports whether no secret is configured.
func (s Secret) IsZero() bool { return s.ref == "" }

// Ref is the reference, which is not secret: env:NAME or file:PATH.
func (s Secret) Ref() string { return s.ref }

// Reveal is the secret itself.
func (s Secret) Reveal() []byte { return s.value }

const mask = "***"

// Format hides the secret in every verb, %#v and %x included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// String hides the secret.
func (s Secret) String() string { return mask }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(mask) }

// MarshalText hides the secret from every encoder that uses text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }
