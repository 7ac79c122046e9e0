package checks

import (
	"testing"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// A prediction rests on inferred suites when it hangs on them, for or against the client.
func TestRestsOnInferred(t *testing.T) {
	console := func(inferred bool, at10 ...uint16) facts.Console {
		suites := []facts.SuiteSeen{{Version: "1.0", ID: 0x0087}, {Version: "1.2", ID: 0xc030}}
		for _, id := range at10 {
			suites = append(suites, facts.SuiteSeen{Version: "1.0", ID: id, Inferred: inferred})
		}
		verified := true
		return facts.Console{
			Host: "console.test",
			Handshakes: []facts.Handshake{
				{Version: "1.0", Outcome: facts.OutcomeOK, Suite: 0x0087}, // DHE-DSS with Camellia, which nobody here has
				{Version: "1.2", Outcome: facts.OutcomeOK, Suite: 0xc030}, {Version: "1.3", Outcome: facts.OutcomeAlert, Alert: 70, Implied: true},
			},
			Suites: facts.Got(suites), SuitesTried: ciphersuite.At(ciphersuite.TLS12), Preference: facts.PreferenceServer,
			Groups:      facts.Got([]uint16{0x1d, 0x17}),
			Certificate: facts.Got(facts.Certificate{Verified: &verified, KeyType: "RSA", Signature: "SHA256-RSA"}),
		}
	}
	for _, tt := range []struct {
		client string
		con    facts.Console
		want   bool
	}{
		{"Chrome 120", console(true, 0x002f), false}, // at TLS 1.2, where every suite was tried
		{"Java 6", console(true, 0x002f), true},      // connects with what was inferred
		{"Java 6", console(false, 0x002f), false},
		{"IE 8 / Windows 7", console(true, 0x0041), true}, // refused if nothing else is there
		{"IE 8 / Windows 7", console(false, 0x0041), false},
	} {
		c, ok := tlsclient.Find(tt.client)
		if got := RestsOnInferred(c, tt.con); !ok || got != tt.want {
			t.Errorf("%s: %v (in the table: %v), %+v", tt.client, got, ok, PredictClient(c, tt.con))
		}
	}
}
