package clientcert

import (
	"testing"
)

// FuzzCertificate: a file that is taken for a certificate has one, with its key.
func FuzzCertificate(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "")
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"), "x")
	f.Add([]byte{0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03}, "password")
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		chain, key, err := Parse(data, []byte(password))
		if err == nil && (len(chain) == 0 || chain[0] == nil || key == nil) {
			t.Errorf("no error, and %d certificates, key %v", len(chain), key != nil)
		}
	})
}
