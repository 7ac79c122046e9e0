package lab

import (
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
)

// mapping is a YAML mapping in the order in which people read it.
type mapping []member

// member is a key with a string, int, *bool, []string, mapping or []mapping. What is
// empty is left out; a list that is empty but not nil is a statement and stays.
type member struct {
	key   string
	value any
}

// document is casdoctor.yaml with references in the place of secrets.
func document(c *config.Config) mapping {
	return mapping{
		{"version", c.Version},
		{"tenant", c.Tenant},
		{"phase", string(c.Phase)},
		{"microsoft365", microsoft365(c.Microsoft365)},
		{"google", workspace(c.Google)},
		{"cas", console(c.CAS)},
		{"licensing", licensing(c.Licensing)},
		{"symptoms", symptoms(c.Symptoms)},
		{"network", mapping{
			{"proxy", c.Network.Proxy},
			{"ca_file", c.Network.CAFile},
			{"resolver", c.Network.Resolver.String()},
		}},
		{"waivers", waivers(c.Waivers)},
	}
}

func microsoft365(m *config.Microsoft365) mapping {
	if m == nil {
		return nil
	}
	out := mapping{{"tenant_id", m.TenantID}, {"cloud", string(m.Cloud)}}
	credentials := mapping{
		{"client_id", m.Credentials.ClientID},
		{"client_secret", m.Credentials.ClientSecret.Ref()},
		{"certificate", m.Credentials.Certificate.Ref()},
	}
	if w := m.Credentials.WorkloadIdentity; w != nil {
		credentials = append(credentials, member{"workload_identity", mapping{{"token_file", w.TokenFile}}})
	}
	out = append(out, member{"credentials", credentials})
	if m.Provisioning != nil {
		out = append(out, member{"provisioning", string(*m.Provisioning)})
	}
	var services []string
	for _, s := range m.Services {
		services = append(services, string(s))
	}
	out = append(out, member{"global_admin", m.GlobalAdmin}, member{"delegates", m.Delegates},
		member{"cas_app_ids", m.CASAppIDs}, member{"services", services})
	if e := m.CASEgress; e != nil {
		out = append(out, member{"cas_egress", mapping{{"ip", e.IP}, {"country", e.Country}}})
	}
	return append(out, member{"endpoints", mapping{{"login", m.Endpoints.Login}, {"graph", m.Endpoints.Graph}}})
}

func workspace(g *config.Google) mapping {
	if g == nil {
		return nil
	}
	return mapping{
		{"customer", g.Customer},
		{"admin", g.Admin},
		{"credentials", mapping{
			{"service_account_key", g.Credentials.ServiceAccountKey.Ref()},
			{"impersonate", g.Credentials.Impersonate},
		}},
		{"credentials_of", string(g.CredentialsOf)},
		{"provisioned_during_preview", g.ProvisionedDuringPreview},
		{"granted_scopes", list(g.GrantedScopes)},
		{"endpoints", mapping{
			{"token", g.Endpoints.Token}, {"tokeninfo", g.Endpoints.TokenInfo}, {"directory", g.Endpoints.Directory},
			{"reports", g.Endpoints.Reports}, {"iam", g.Endpoints.IAM}, {"sts", g.Endpoints.STS},
		}},
	}
}

func console(s *config.CAS) mapping {
	if s == nil {
		return nil
	}
	var policies []mapping
	if s.SpamPolicies != nil {
		policies = []mapping{}
	}
	for _, p := range s.SpamPolicies {
		policies = append(policies, mapping{
			{"name", p.Name}, {"applies_to", string(p.AppliesTo)}, {"pass_internal_other_spam", p.PassInternalOtherSpam},
		})
	}
	var api mapping
	if s.API != nil {
		api = mapping{{"token", s.API.Token.Ref()}, {"token_created", s.API.TokenCreated.String()}, {"endpoint", s.API.Endpoint}}
	}
	return mapping{
		{"site", string(s.Site)},
		{"console", s.Console.Host + ":" + strconv.Itoa(s.Console.Port)},
		{"api", api},
		{"internal_domains", list(s.InternalDomains)},
		{"spam_policies", policies},
		{"messages", s.Messages},
		{"relays", s.Relays},
		{"clients", s.Clients},
	}
}

func licensing(l *config.Licensing) mapping {
	if l == nil {
		return nil
	}
	var accounts []mapping
	for _, a := range l.Accounts {
		accounts = append(accounts, mapping{
			{"id", a.ID}, {"company", a.Company}, {"primary", a.Primary}, {"license", string(a.License)},
			{"expires", a.Expires.String()}, {"tenant_id", a.TenantID}, {"provisioned", a.Provisioned.String()},
		})
	}
	out := mapping{{"accounts", accounts}}
	if l.SignIn != nil {
		out = append(out, member{"sign_in", mapping{{"account", l.SignIn.Account}, {"type", string(l.SignIn.Type)}}})
	}
	if p := l.LMP; p != nil {
		out = append(out, member{"lmp", mapping{
			{"access_token", p.AccessToken.Ref()}, {"secret_key", p.SecretKey.Ref()},
			{"customer_id", p.CustomerID}, {"subscription_id", p.SubscriptionID}, {"endpoint", p.Endpoint},
		}})
	}
	return out
}

func symptoms(all []config.Symptom) []mapping {
	var out []mapping
	for _, s := range all {
		m := mapping{{"check", s.Check}, {"text", s.Text}}
		if !s.At.IsZero() {
			m = append(m, member{"at", s.At.Format(time.RFC3339)})
		}
		out = append(out, m)
	}
	return out
}

func waivers(all []config.Waiver) []mapping {
	var out []mapping
	for _, w := range all {
		out = append(out, mapping{
			{"cause", w.Cause}, {"subject", w.Subject}, {"reason", w.Reason}, {"until", w.Until.String()}, {"owner", w.Owner},
		})
	}
	return out
}

func list(l config.List) []string {
	if l.Declared && l.Items == nil {
		return []string{}
	}
	return l.Items
}

// node is the mapping without its empty members; nil when nothing is left.
func (m mapping) node() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range m {
		if v := valueNode(e.value); v != nil {
			n.Content = append(n.Content, scalar("!!str", e.key), v)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func valueNode(value any) *yaml.Node {
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil
		}
		return scalar("!!str", v)
	case int:
		return scalar("!!int", strconv.Itoa(v))
	case *bool:
		if v == nil {
			return nil
		}
		return scalar("!!bool", strconv.FormatBool(*v))
	case []string:
		if v == nil {
			return nil
		}
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, s := range v {
			n.Content = append(n.Content, scalar("!!str", s))
		}
		return n
	case mapping:
		return v.node()
	case []mapping:
		if v == nil {
			return nil
		}
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, m := range v {
			n.Content = append(n.Content, m.node())
		}
		return n
	}
	return nil
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}
