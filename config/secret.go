package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// Secret is a reference to a secret (env:NAME or file:PATH) and, once resolved, the secret
// itself. It prints as *** in every verb, in JSON and in YAML; only Reveal gives the value,
// and only to the code that puts it on the wire.
//
// A secret file must not be readable by anybody but its owner. On Unix its mode says so
// (0600 or less); exempt are files under /run/secrets and $CREDENTIALS_DIRECTORY and on
// read-only mounts, where the platform that put them there decides who can look. On Windows
// its access list says so: nobody but the owner, the running user, SYSTEM and the
// administrators may read it.
type Secret struct {
	ref string
	// value is a function because fmt does not ask Format for %p, %w, nor for a Secret in an
	// unexported field of somebody's struct. Of a function it never prints more than an address.
	value func() []byte
}

// NewSecret is a resolved secret; ref says where it came from.
func NewSecret(ref string, value []byte) Secret {
	return Secret{ref: ref, value: func() []byte { return value }}
}

// IsZero reports whether no secret is configured.
func (s Secret) IsZero() bool { return s.ref == "" }

// Ref is the reference, which is not secret: env:NAME or file:PATH.
func (s Secret) Ref() string { return s.ref }

// Reveal is the secret itself; nil when there is none.
func (s Secret) Reveal() []byte {
	if s.value == nil {
		return nil
	}
	return s.value()
}

const mask = "***"

// Format hides the secret in every verb, %#v and %x included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// String hides the secret.
func (s Secret) String() string { return mask }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(mask) }

// MarshalText hides the secret from every encoder that uses text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// lineEnd says what the newline at the end of a secret file is.
type lineEnd bool

const (
	oneLine lineEnd = true  // the editor's: the secret is the line before it
	asItIs  lineEnd = false // perhaps the secret's own: a PFX file may end in any byte
)

var envName = pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)

func literalSecret() *complaint {
	return &complaint{"a secret must not stand here", "write env:NAME or file:PATH"}
}

// secret is a reference to a secret, which is resolved at once. The value is never repeated
// when it is wrong: then it is most likely the secret itself.
func (l *loader) secret(end lineEnd) kind[Secret] {
	return kind[Secret]{
		what: "env:NAME or file:PATH", hidden: true, shape: literalSecret(),
		// An unquoted number or date is as much a secret in the clear as text is.
		tags: []string{textTag, intTag, floatTag, boolTag, timeTag},
		parse: func(ref string) (Secret, *complaint) {
			if name, ok := strings.CutPrefix(ref, "env:"); ok && envName().MatchString(name) {
				if l.outline {
					return NewSecret(ref, nil), nil
				}
				value := os.Getenv(name)
				if value == "" {
					return Secret{}, &complaint{notSet(name), "set it, or use file:PATH"}
				}
				return NewSecret(ref, []byte(value)), nil
			}
			path, ok := strings.CutPrefix(ref, "file:")
			if !ok || path == "" {
				return Secret{}, literalSecret()
			}
			if l.outline {
				return NewSecret(ref, nil), nil
			}
			path = l.resolve(path)
			data, c := readFile(path, onlyOwner)
			if c != nil {
				return Secret{}, c
			}
			if end == oneLine {
				data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
			}
			if len(data) == 0 {
				return Secret{}, &complaint{path + " is empty", "put the secret into it"}
			}
			return NewSecret(ref, data), nil
		},
	}
}
