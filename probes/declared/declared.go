// Package declared copies what the admin declares from the configuration into facts.
//
// What belongs here: the copying, section by section, so that a section that is absent is an
// absent fact, and when a configured certificate ends. What does not: secrets and addresses of services (a fact has no member for
// them), what a declaration means (package checks), and files that the configuration names,
// which the probe of their kind reads.
package declared

import (
	"context"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/clientcert"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Probes copy the declarations, one probe for each section.
func Probes() []probes.Probe {
	return []probes.Probe{
		always(facts.DeclaredRun, "copies the name, the phase and the sections of the configuration", run),
		section(facts.DeclaredM365, "microsoft365", microsoft365,
			func(c *config.Config) *config.Microsoft365 { return c.Microsoft365 }),
		section(facts.DeclaredGoogle, "google", google,
			func(c *config.Config) *config.Google { return c.Google }),
		section(facts.DeclaredCAS, "cas", cas,
			func(c *config.Config) *config.CAS { return c.CAS }),
		section(facts.DeclaredLicensing, "licensing", licensing,
			func(c *config.Config) *config.Licensing { return c.Licensing }),
		always(facts.DeclaredSymptoms, "copies the declared error messages", symptoms),
		always(facts.DeclaredWaivers, "copies the waivers", waivers),
	}
}

// timeout is for memory to be copied; nothing is asked.
const timeout = 5 * time.Second

// always is a probe for what every configuration says.
func always[T any](k facts.Key[T], doc string, from func(*config.Config) T) probes.Probe {
	return probes.Declaring(probes.New(k, probes.Probe{Doc: doc, Timeout: timeout},
		func(_ context.Context, env *probes.Env) (T, error) { return from(env.Config), nil }))
}

// section is a probe for a section that may be absent.
func section[S, T any](k facts.Key[T], name string, from func(*S) T, of func(*config.Config) *S) probes.Probe {
	p := probes.Probe{
		Doc:     "copies the " + name + " section of the configuration, without its secrets",
		Section: name, Timeout: timeout,
	}
	return probes.Declaring(probes.New(k, p, func(_ context.Context, env *probes.Env) (T, error) {
		s := of(env.Config)
		if s == nil {
			var none T
			return none, &facts.Failure{Kind: facts.NotConfigured, Detail: "the configuration has no section " + name}
		}
		return from(s), nil
	}))
}

func run(c *config.Config) facts.Run {
	return facts.Run{Tenant: c.Tenant, Phase: string(c.Phase), Sections: c.Sections()}
}

func microsoft365(m *config.Microsoft365) facts.Microsoft365 {
	f := facts.Microsoft365{
		TenantID: m.TenantID, Cloud: string(m.Cloud), Provisioning: (*string)(m.Provisioning),
		GlobalAdmin: m.GlobalAdmin, Delegates: m.Delegates, CASAppIDs: m.CASAppIDs,
		Services: words(m.Services), SecretExpires: m.Credentials.ClientSecretExpires.String(),
	}
	// One that cannot be read is told by whoever signs in with it.
	if c := m.Credentials; !c.Certificate.IsZero() {
		if leaf, err := clientcert.Leaf(c.Certificate.Reveal(), c.CertificatePassword.Reveal()); err == nil {
			ends := leaf.NotAfter.UTC()
			f.CertificateEnds = &ends
		}
	}
	if e := m.CASEgress; e != nil {
		f.Egress = &facts.Egress{IP: e.IP, Country: e.Country}
	}
	return f
}

func google(g *config.Google) facts.Google {
	return facts.Google{
		Customer: g.Customer, Admin: g.Admin, CredentialsOf: string(g.CredentialsOf),
		ProvisionedDuringPreview: g.ProvisionedDuringPreview, GrantedScopes: list(g.GrantedScopes),
	}
}

func cas(c *config.CAS) facts.CAS {
	f := facts.CAS{Site: string(c.Site), Console: c.Console.String(), InternalDomains: list(c.InternalDomains)}
	for _, w := range c.InternalDomains.Written {
		f.InternalDomainEntries = append(f.InternalDomainEntries, facts.ListEntry{Text: w.Text, Line: w.Line})
	}
	if c.SpamPolicies != nil {
		policies := make([]facts.SpamPolicy, 0, len(c.SpamPolicies))
		for _, p := range c.SpamPolicies {
			policies = append(policies, facts.SpamPolicy{
				Name: p.Name, AppliesTo: string(p.AppliesTo), PassInternalOtherSpam: p.PassInternalOtherSpam,
			})
		}
		f.SpamPolicies = &policies
	}
	if c.Relays != nil {
		f.Relays = &c.Relays
	}
	if c.Clients != nil {
		f.Clients = &c.Clients
	}
	return f
}

func licensing(l *config.Licensing) facts.Licensing {
	var f facts.Licensing
	for _, a := range l.Accounts {
		f.Accounts = append(f.Accounts, facts.LicenseAccount{
			ID: a.ID, Company: a.Company, Primary: a.Primary, License: string(a.License), Expires: a.Expires.String(),
			TenantID: a.TenantID, Provisioned: a.Provisioned.String(),
		})
	}
	if s := l.SignIn; s != nil {
		f.SignIn = &facts.SignIn{Account: s.Account, Type: string(s.Type)}
	}
	return f
}

// symptoms and waivers are never nil: a fact that is null has no value, and "none" is one.
func symptoms(c *config.Config) []facts.Symptom {
	out := make([]facts.Symptom, 0, len(c.Symptoms))
	for _, s := range c.Symptoms {
		f := facts.Symptom{Check: s.Check, Text: s.Text}
		if !s.At.IsZero() {
			f.At = &s.At
		}
		out = append(out, f)
	}
	return out
}

func waivers(c *config.Config) []facts.Waiver {
	out := make([]facts.Waiver, 0, len(c.Waivers))
	for _, w := range c.Waivers {
		out = append(out, facts.Waiver{
			Cause: w.Cause, Subject: w.Subject, Reason: w.Reason, Until: w.Until.String(), Owner: w.Owner,
		})
	}
	return out
}

// list is nil for a list that is not declared.
func list(l config.List) *[]string {
	if !l.Declared {
		return nil
	}
	items := append([]string{}, l.Items...)
	return &items
}

func words[T ~string](values []T) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}
