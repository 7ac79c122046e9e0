package config

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The sections of the configuration: their members in the order of the documentation, their
// defaults, and what contradicts what.

func (l *loader) config(root *yaml.Node) *Config {
	o := l.object("", root, root)
	c := &Config{
		Version: required(o, "version", version()),
		Tenant:  required(o, "tenant", word("the name of the organisation in reports")),
		Phase:   defaulted(o, "phase", oneOf(Before, After), Before),
	}
	c.Microsoft365 = optionalGroup(o, "microsoft365", l.microsoft365)
	c.Google = optionalGroup(o, "google", l.google)
	c.CAS = optionalGroup(o, "cas", l.cas)
	c.Licensing = optionalGroup(o, "licensing", l.licensing)
	c.Symptoms = groups(o, "symptoms", symptom)
	c.Network = group(o, "network", l.network)
	c.Waivers = groups(o, "waivers", waiver)
	if !o.means("microsoft365", "google", "cas", "licensing") {
		o.complain("", "nothing to check", "add at least one of microsoft365, google, cas, licensing")
	}
	o.close()
	c.effective = o.shown
	return c
}

func (l *loader) microsoft365(o *object) Microsoft365 {
	m := Microsoft365{
		TenantID: required(o, "tenant_id", uuid()),
		Cloud:    defaulted(o, "cloud", oneOf(CloudGlobal, CloudUSGov, CloudUSGovDoD, CloudChina), CloudGlobal),
	}
	m.Credentials = requiredGroup(o, "credentials", "client_id and one way to prove it", l.microsoftCredentials)
	m.Provisioning = pointer(o, "provisioning", oneOf(Automatic, Manual, Authorized))
	m.GlobalAdmin = maybe(o, "global_admin", address())
	m.Delegates = list(o, "delegates", address())
	m.CASAppIDs = list(o, "cas_app_ids", uuid())
	m.Services = services(o)
	m.CASEgress = optionalGroup(o, "cas_egress", egress)
	m.Endpoints = group(o, "endpoints", func(o *object) MicrosoftEndpoints {
		def := m.Cloud.endpoints()
		return MicrosoftEndpoints{
			Login: defaulted(o, "login", base(def.Login), def.Login),
			Graph: defaulted(o, "graph", base(def.Graph), def.Graph),
		}
	})
	switch {
	case m.Provisioning == nil:
	case *m.Provisioning == Automatic && !o.means("global_admin"):
		o.complain("provisioning", "automatic without global_admin",
			"add global_admin: the account that provisioning signs in with")
	case *m.Provisioning == Manual && (!o.means("delegates") || m.Delegates != nil && len(m.Delegates) == 0):
		o.complain("provisioning", "manual without delegates", "add delegates: the delegate accounts of the services")
	}
	return m
}

// endpoints are the addresses of the cloud: Microsoft's "National cloud deployments" page of
// the Graph documentation, and "National clouds" of the Microsoft identity platform.
func (c Cloud) endpoints() MicrosoftEndpoints {
	switch c {
	case CloudUSGov:
		return MicrosoftEndpoints{Login: "https://login.microsoftonline.us", Graph: "https://graph.microsoft.us"}
	case CloudUSGovDoD:
		return MicrosoftEndpoints{Login: "https://login.microsoftonline.us", Graph: "https://dod-graph.microsoft.us"}
	case CloudChina:
		return MicrosoftEndpoints{
			Login: "https://login.partner.microsoftonline.cn", Graph: "https://microsoftgraph.chinacloudapi.cn",
		}
	default:
		return MicrosoftEndpoints{Login: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com"}
	}
}

func services(o *object) []Service {
	const key = "services"
	if !o.has(key) {
		o.known = append(o.known, key)
		shown := sequence()
		def := []Service{SharePoint, OneDrive}
		for _, s := range def {
			shown.Content = append(shown.Content, scalar(s, byDefault))
		}
		o.show(key, shown)
		return def
	}
	values := list(o, key, oneOf(SharePoint, OneDrive, Exchange))
	o.nonEmpty(key, "name at least one of sharepoint, onedrive, exchange, or remove the key")
	seen := map[Service]bool{}
	for _, s := range values {
		if seen[s] {
			o.complain(key, fmt.Sprintf("%q is there twice", s), "keep one of them")
		}
		seen[s] = true
	}
	return values
}

func (l *loader) microsoftCredentials(o *object) MicrosoftCredentials {
	o.private = true
	c := MicrosoftCredentials{
		ClientID:            maybe(o, "client_id", uuid()),
		ClientSecret:        maybe(o, "client_secret", l.secret(oneLine)),
		ClientSecretExpires: maybe(o, "client_secret_expires", date()),
		Certificate:         maybe(o, "certificate", l.secret(asItIs)),
		CertificatePassword: maybe(o, "certificate_password", l.secret(oneLine)),
	}
	c.WorkloadIdentity = optionalGroup(o, "workload_identity", l.workloadIdentity)
	c.ManagedIdentity = maybe(o, "managed_identity", boolean())
	c.AzureCLI = maybe(o, "azure_cli", boolean())

	chosen := oneCredential(o, "client_secret", "certificate", "workload_identity", "managed_identity", "azure_cli")
	if chosen != "" && chosen != "managed_identity" && chosen != "azure_cli" && !o.has("client_id") {
		o.need("client_id", uuid().what)
	}
	if o.has("certificate_password") && !o.has("certificate") {
		o.complain("certificate_password", "no certificate that it belongs to", "add certificate, or remove it")
	}
	if o.has("client_secret_expires") && !o.has("client_secret") {
		o.complain("client_secret_expires", "no client secret that it belongs to", "add client_secret, or remove it")
	}
	return c
}

// The variables in which the platforms tell a job where to ask for its token: GitHub, "OpenID
// Connect reference", and Azure Pipelines, "Use predefined variables".
const (
	githubRequestURL   = "ACTIONS_ID_TOKEN_REQUEST_URL"
	githubRequestToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN" //nolint:gosec // G101: the name of a variable
	azureRequestURL    = "SYSTEM_OIDCREQUESTURI"
)

func (l *loader) workloadIdentity(o *object) WorkloadIdentity {
	o.private = true
	w := WorkloadIdentity{
		TokenFile:     maybe(o, "token_file", l.tokenFile()),
		GitHubActions: maybe(o, "github_actions", boolean()),
	}
	w.AzurePipelines = optionalGroup(o, "azure_pipelines", func(o *object) AzurePipelines {
		o.private = true
		return AzurePipelines{
			ServiceConnection: required(o, "service_connection", uuid()),
			AccessToken:       required(o, "access_token", l.secret(oneLine)),
		}
	})
	switch chosen := oneCredential(o, "token_file", "github_actions", "azure_pipelines"); {
	case l.outline: // the job is another day's
	case chosen == "github_actions":
		w.Request.URL = ofTheJob(o, "github_actions", githubRequestURL, "give the job the permission id-token: write")
		if token := os.Getenv(githubRequestToken); token != "" {
			w.Request.Bearer = NewSecret("env:"+githubRequestToken, []byte(token))
		} else if w.Request.URL != "" {
			o.complain("github_actions", notSet(githubRequestToken), "give the job the permission id-token: write")
		}
	case chosen == "azure_pipelines":
		w.Request.URL = ofTheJob(o, "azure_pipelines", azureRequestURL, "run casdoctor in a job of Azure Pipelines, with a current agent")
		if w.AzurePipelines != nil {
			w.Request.Bearer = w.AzurePipelines.AccessToken
		}
	}
	return w
}

func notSet(name string) string { return "the environment variable " + name + " is not set, or empty" }

// ofTheJob is an address that the platform of a job says in the environment.
func ofTheJob(o *object, key, name, hint string) string {
	address := os.Getenv(name)
	if address == "" {
		o.complain(key, notSet(name), hint)
		return ""
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" {
		o.complain(key, "the environment variable "+name+" is no https address", "the platform sets it; nothing else should")
		return ""
	}
	return address
}

// oneCredential sees to it that exactly one of the kinds of credentials is written, and
// returns it; a kind that is switched off with false is not.
func oneCredential(o *object, kinds ...string) string {
	chosen := exactlyOne(o, "no credentials", "a second kind of credentials", kinds, func(k string) bool {
		return o.has(k) && !strings.EqualFold(o.members[k].Value, "false")
	})
	if len(chosen) != 1 {
		return ""
	}
	return chosen[0]
}

func egress(o *object) Egress {
	e := Egress{IP: maybe(o, "ip", ip()), Country: maybe(o, "country", country())}
	if !o.means("ip", "country") {
		o.complain("", "neither ip nor country", "add what is known, or remove cas_egress")
	}
	return e
}

func (l *loader) google(o *object) Google {
	g := Google{
		Customer: defaulted(o, "customer", customer(), "my_customer"),
		Admin:    required(o, "admin", address()),
	}
	g.Credentials = requiredGroup(o, "credentials", "service_account_key or impersonate", l.googleCredentials)
	g.CredentialsOf = defaulted(o, "credentials_of", oneOf(OfCasdoctor, OfCAS), OfCasdoctor)
	g.ProvisionedDuringPreview = pointer(o, "provisioned_during_preview", boolean())
	g.GrantedScopes = words(o, "granted_scopes", scope())
	g.Endpoints = group(o, "endpoints", googleEndpoints)
	return g
}

func (l *loader) googleCredentials(o *object) GoogleCredentials {
	o.private = true
	c := GoogleCredentials{
		ServiceAccountKey: maybe(o, "service_account_key", l.secret(asItIs)),
		Impersonate:       maybe(o, "impersonate", serviceAccount()),
	}
	oneCredential(o, "service_account_key", "impersonate")
	return c
}

// googleEndpoints defaults to the addresses of Google's OAuth 2.0 and REST references.
func googleEndpoints(o *object) GoogleEndpoints {
	const (
		oauth = "https://oauth2.googleapis.com/token"
		info  = "https://oauth2.googleapis.com/tokeninfo"
		admin = "https://admin.googleapis.com" // of the Directory and the Reports API
		iam   = "https://iamcredentials.googleapis.com"
		sts   = "https://sts.googleapis.com/v1/token"
	)
	return GoogleEndpoints{
		Token:     defaulted(o, "token", whole(oauth), oauth),
		TokenInfo: defaulted(o, "tokeninfo", whole(info), info),
		Directory: defaulted(o, "directory", base(admin), admin),
		Reports:   defaulted(o, "reports", base(admin), admin),
		IAM:       defaulted(o, "iam", base(iam), iam),
		STS:       defaulted(o, "sts", whole(sts), sts),
	}
}

func (l *loader) cas(o *object) CAS {
	c := CAS{
		Site:    maybe(o, "site", oneOf(SiteUS, SiteEU, SiteJP, SiteAU, SiteUK, SiteCA, SiteSG, SiteIN)),
		Console: maybe(o, "console", hostPort()),
	}
	if !o.means("site", "console") {
		o.complain("", "neither site nor console", "add site: the CAS site that serves the organisation")
	}
	c.API = optionalGroup(o, "api", func(api *object) CASAPI {
		api.private = true
		a := CASAPI{Token: required(api, "token", l.secret(oneLine)), TokenCreated: maybe(api, "token_created", date())}
		const example = "https://api-eu.tmcas.trendmicro.com"
		if def := c.Site.api(); def != "" {
			a.Endpoint = defaulted(api, "endpoint", base(example), def)
		} else {
			a.Endpoint = maybe(api, "endpoint", base(example))
			if !api.means("endpoint") && !o.means("site") {
				api.complain("", "neither endpoint here nor site in cas", "add site: the CAS site that serves the organisation")
			}
		}
		return a
	})
	c.InternalDomains = words(o, "internal_domains", domain())
	names := map[string]bool{}
	c.SpamPolicies = groups(o, "spam_policies", func(o *object) SpamPolicy {
		p := SpamPolicy{
			Name:                  required(o, "name", word("the name of a policy")),
			AppliesTo:             required(o, "applies_to", oneOf(IncomingMessages, AllMessages)),
			PassInternalOtherSpam: pointer(o, "pass_internal_other_spam", boolean()),
		}
		o.unique("name", p.Name, names, "a second policy of this name", "keep one of them")
		return p
	})
	c.Messages = list(o, "messages", l.pattern("a file such as samples/*.eml"))
	c.Relays = list(o, "relays", addresses())
	c.Clients = list(o, "clients", word(`a browser such as "IE 11 / Windows 7"`))
	return c
}

// api is the base address of the site's REST API, from "Understanding the URI" in the
// Integration API part of Cloud App Security's online help; empty for no site.
func (s Site) api() string {
	switch s {
	case SiteUS:
		return "https://api.tmcas.trendmicro.com"
	case SiteEU:
		return "https://api-eu.tmcas.trendmicro.com"
	case SiteJP:
		return "https://api.tmcas.trendmicro.co.jp"
	case SiteAU:
		return "https://api-au.tmcas.trendmicro.com"
	case SiteUK:
		return "https://api.tmcas.trendmicro.co.uk"
	case SiteCA:
		return "https://api-ca.tmcas.trendmicro.com"
	case SiteSG:
		return "https://api.tmcas.trendmicro.com.sg"
	case SiteIN:
		return "https://api-in.tmcas.trendmicro.com"
	default:
		return ""
	}
}

func (l *loader) licensing(o *object) Licensing {
	ids, primaries := map[string]bool{}, map[string]string{}
	var c Licensing
	c.Accounts = groups(o, "accounts", func(o *object) LicenseAccount {
		a := LicenseAccount{
			ID:          required(o, "id", word("the name of an account")),
			Company:     maybe(o, "company", word("a company ID")),
			Primary:     pointer(o, "primary", boolean()),
			License:     maybe(o, "license", oneOf(Trial, Full)),
			Expires:     maybe(o, "expires", date()),
			TenantID:    maybe(o, "tenant_id", uuid()),
			Provisioned: maybe(o, "provisioned", date()),
		}
		if a.ID != "" && ids[a.ID] {
			o.complain("id", "a second account of this id", "every account has its own id")
		}
		ids[a.ID] = true
		if a.Primary != nil && *a.Primary && a.Company != "" {
			if other, ok := primaries[a.Company]; ok {
				o.complain("primary", fmt.Sprintf("a second primary account of company %q", a.Company),
					fmt.Sprintf("%q is its primary account; a company has one", other))
			} else {
				primaries[a.Company] = a.ID
			}
		}
		if !a.Expires.IsZero() && a.Expires.Before(a.Provisioned.Time) {
			o.complain("expires", "before provisioned", "check both dates")
		}
		return a
	})
	c.SignIn = optionalGroup(o, "sign_in", func(o *object) SignIn {
		s := SignIn{
			Account: maybe(o, "account", word("the id of an account")),
			Type:    maybe(o, "type", oneOf(SignInCLP, SignInLMP, SignInLocal, SignInSSO)),
		}
		switch {
		case !o.means("account", "type"):
			o.complain("", "neither account nor type", "add what is known, or remove sign_in")
		case s.Account != "" && !ids[s.Account]:
			known := make([]string, 0, len(c.Accounts))
			for _, a := range c.Accounts {
				known = append(known, a.ID)
			}
			hint := didYouMean(s.Account, known)
			if hint == "" {
				hint = "add the account with this id to licensing.accounts; a local or sso sign-in needs no account"
			}
			o.complain("account", "not the id of an account in licensing.accounts", hint)
		}
		return s
	})
	c.LMP = optionalGroup(o, "lmp", l.lmp)
	if !o.means("accounts", "sign_in", "lmp") {
		o.complain("", "nothing is declared", "add accounts, sign_in or lmp, or remove licensing")
	}
	return c
}

func (l *loader) lmp(o *object) LMP {
	o.private = true
	// A public client of the API uses this host; the vendor's documents leave it out.
	const endpoint = "https://cspi.trendmicro.com"
	return LMP{
		AccessToken:    required(o, "access_token", l.secret(oneLine)),
		SecretKey:      required(o, "secret_key", l.secret(oneLine)),
		CustomerID:     required(o, "customer_id", identifier("the id of the customer")),
		SubscriptionID: required(o, "subscription_id", identifier("the id of the subscription")),
		Endpoint:       defaulted(o, "endpoint", base(endpoint), endpoint),
	}
}

func symptom(o *object) Symptom {
	return Symptom{
		Check: required(o, "check", oneOf(checkIDs()...)),
		Text:  maybe(o, "text", prose("the message")),
		At:    maybe(o, "at", moment()),
	}
}

func (l *loader) network(o *object) Network {
	return Network{
		Proxy:    maybe(o, "proxy", proxy()),
		CAFile:   maybe(o, "ca_file", l.certificates()),
		Resolver: maybe(o, "resolver", resolver()),
	}
}

func waiver(o *object) Waiver {
	return Waiver{
		Cause:   required(o, "cause", cause()),
		Subject: defaulted(o, "subject", word("a subject of the report, or *"), "*"),
		Reason:  required(o, "reason", prose("the reason why the finding is accepted")),
		Until:   required(o, "until", date()),
		Owner:   maybe(o, "owner", word("the name of who answers for it")),
	}
}
