package workspace

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// customer is a practice customer that has everything that the probes need.
func customer() lab.Google {
	return lab.Google{
		Customer: "C0123abcd", Project: "project", ServiceAccount: testAccount, ClientID: testClient,
		Users:         []lab.GoogleUser{{Email: testAdmin, Admin: true}},
		GrantedScopes: []string{facts.ScopeControl, facts.ScopeDomains},
		Domains: []lab.GoogleDomain{{
			Name: "contoso.com", Primary: true, Created: time.UnixMilli(1361000000000),
			Aliases: []lab.GoogleDomain{{Name: "contoso.org", Created: time.UnixMilli(1361000000500)}},
		}},
	}
}

// practice is a run against the practice organisation, which was written apart from the probes.
func practice(t *testing.T, g lab.Google, declared func(*config.Google), faults ...lab.Fault) (*lab.Lab, *probes.Env) {
	t.Helper()
	o := lab.Organisation{Google: g, Faults: faults, Key: testKey(), Declared: config.Config{
		Tenant: "contoso", Google: &config.Google{Customer: "my_customer", Admin: testAdmin, CredentialsOf: config.OfCasdoctor},
	}}
	if declared != nil {
		declared(o.Declared.Google)
	}
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	dir := t.TempDir()
	cfg, err := l.Config(dir)
	if err != nil {
		t.Fatal(err)
	}
	if g.Keyless {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(dir, "adc.json"))
	}
	client, err := httpread.New(cfg, httpread.WithBackoff(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	return l, &probes.Env{Config: cfg, HTTP: client, Now: time.Now, Log: zerolog.Nop()}
}

func onLab(t *testing.T, g lab.Google, faults ...lab.Fault) *facts.Evidence {
	t.Helper()
	_, env := practice(t, g, nil, faults...)
	return run(t, env)
}

func TestLab(t *testing.T) {
	tests := []struct {
		name                   string
		change                 func(*lab.Google)
		self, control, domains string
		list                   facts.Kind // of the fact, or of the list in it; "" for a complete one
	}{
		{"healthy", func(*lab.Google) {}, "granted", "granted", "granted", ""},
		{"keyless", func(g *lab.Google) { g.Keyless = true }, "granted", "granted", "granted", ""},
		{"federated", func(g *lab.Google) { g.Keyless, g.Federated = true, true }, "granted", "granted", "granted", ""},
		{
			"without the domain scope", func(g *lab.Google) { g.GrantedScopes = g.GrantedScopes[:1] },
			"granted", "granted", "refused", facts.Forbidden,
		},
		{"not delegated", func(g *lab.Google) { g.GrantedScopes = nil }, "granted", "refused", "refused", facts.Forbidden},
		{
			"blocked", func(g *lab.Google) { g.Client = lab.ClientBlocked },
			"granted", "refused", "refused", facts.Forbidden,
		},
		{
			"key deleted", func(g *lab.Google) { g.Client = lab.ClientKeyDeleted },
			"unknown", "not_collected", "not_collected", facts.Unauthenticated,
		},
		{
			"client disabled", func(g *lab.Google) { g.Client = lab.ClientDisabled },
			"unknown", "not_collected", "not_collected", facts.Unauthenticated,
		},
		{
			"subject deleted", func(g *lab.Google) { g.Users[0].State = lab.SubjectDeleted },
			"granted", "unknown", "not_collected", facts.Unauthenticated,
		},
		{
			"subject suspended", func(g *lab.Google) { g.Users[0].State = lab.SubjectSuspended },
			"granted", "unknown", "unknown", facts.Forbidden,
		},
		{
			"subject is no admin", func(g *lab.Google) { g.Users[0].Admin = false },
			"granted", "granted", "granted", facts.Forbidden,
		},
		{
			"API off", func(g *lab.Google) { g.APIDisabled = true },
			"granted", "granted", "granted", facts.Forbidden,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := customer()
			tt.change(&g)
			e := onLab(t, g)
			d := ladder(t, e)
			if state(d.Self) != tt.self || state(d.Control) != tt.control || state(d.Domains) != tt.domains {
				t.Errorf("self %s, control %s, domains %s", state(d.Self), state(d.Control), state(d.Domains))
			}
			got := facts.Get(e, facts.WorkspaceDomains)
			list := kind(got)
			if got.Value != nil {
				list = kind(got.Value.Domains)
				if kind(got.Value.Aliases) != list {
					t.Errorf("aliases: %v", got.Value.Aliases.Why())
				}
			}
			if list != tt.list {
				t.Errorf("domains: %s, want %s", list, tt.list)
			}
		})
	}
}

func TestLabCutsTheConnection(t *testing.T) {
	e := onLab(t, customer(), lab.Fault{Service: lab.GoogleService, Method: http.MethodPost, Path: "/token", Reset: true})
	d := ladder(t, e)
	if kind(d.Self) != facts.Unreachable || kind(d.Clock) != facts.Unreachable {
		t.Errorf("self %v, clock %v", d.Self.Why(), d.Clock.Why())
	}
	if got := facts.Get(e, facts.WorkspaceDomains); kind(got) != facts.Unreachable {
		t.Errorf("domains: %v", got.Why())
	}
}
