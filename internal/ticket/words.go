package ticket

import (
	"regexp"
	"strings"
	"sync"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// What is no name: the words that stay when names are replaced.

// kinds are the pseudonyms of names without a shape, by the member or argument that they stand in.
var kinds = map[string]string{
	"tenant": "organisation", "account": "account", "subject": "account", "primary": "account", "company": "company",
	"policy": "policy", "policies": "policy", "client": "client", "certificate": "certificate", "host": "host", "id": "id",
}

// freeText are members and arguments that a service or a person wrote: they can say anything.
var freeText = map[string]bool{"detail": true, "error_description": true, "first": true, "reason": true, "owner": true, "plan": true}

// counted are the arguments that are numbers when they consist of digits; elsewhere digits can be
// a company id.
var counted = map[string]bool{"days": true, "count": true, "status": true, "people": true, "of": true, "line": true, "n": true, "port": true}

// pattern is compiled for its first use: most runs make no bundle, and together these would take a
// tenth of the start of the program.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// shapes are those of dates, versions and other values that name nobody.
var shapes = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC|[+-]\d\d:\d\d)?)?$`),
		regexp.MustCompile(`^-?\d{1,2}$`),
		regexp.MustCompile(`^((TLS|SSL) )?[1-3]\.[0-3]$`),
		regexp.MustCompile(`^TLS_[A-Z0-9_]{8,}$`),
		regexp.MustCompile(`^AADSTS\d{5,8}$`),
		regexp.MustCompile(`^-?[0-9.]+(ms|s|µs)$`),
		regexp.MustCompile(`^[A-Z][A-Za-z]+\.Read(Write)?(\.(All|Directory))?$`), // Graph's permissions
		regexp.MustCompile(`^https://www\.googleapis\.com/auth/[a-z]+(\.[a-z]+)*$`),
		// As Microsoft's sign-in log writes them.
		regexp.MustCompile(`^(IE|Chrome|Chrome Mobile|Edge|Firefox|Safari|Mobile Safari|Opera)( \d[\d.]*)?$`),
		regexp.MustCompile(`^(Windows|MacOs|Ios|Android|Linux)( \d[\d.]*)?$`),
	}
})

// vocabulary are the words of the protocols, of the services and of casdoctor.
var vocabulary = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	add := func(words ...string) {
		for _, w := range words {
			out[w] = true
		}
	}
	for _, c := range checks.All() {
		add(c.ID)
		for _, cause := range c.Causes {
			add(cause.ID)
		}
		for _, f := range c.Fixes {
			add(f.ID)
		}
		for w := range c.Words {
			add(w)
		}
	}
	for name := range rules() {
		add(name)
	}
	for _, k := range facts.Kinds() {
		add(string(k))
	}
	add(strings.Fields(words)...)
	// Names of more than one word.
	add("Trend Micro", "Trend Micro Cloud App Security", "Cloud App Security", "Microsoft Graph", "Microsoft SMTP Server",
		"Office 365 SharePoint Online", "Office 365 Exchange Online", "Windows Azure Active Directory",
		"Cloud App Security Service Account for SharePoint", "Global Administrator", "SharePoint Administrator", "Exchange Administrator",
		"Advanced Spam Protection", "Other clients", "Mobile Apps and Desktop clients", "Exchange ActiveSync", "SSL 3.0", "1.2 or later",
		"message not signed")
	// Ids that are the same in every tenant: role templates (Microsoft Entra built-in roles), the first-party
	// applications of Microsoft, and its own two tenants.
	add("62e90394-69f5-4237-9190-012177145e10", "f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "29232cdf-9323-42fd-ade2-1d097af3e4de",
		"00000003-0000-0000-c000-000000000000", "00000003-0000-0ff1-ce00-000000000000", "00000002-0000-0ff1-ce00-000000000000",
		"00000002-0000-0000-c000-000000000000", "f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47",
		"32eb7c81-01f8-4f56-b847-687b755fb160")
	return out
})

// words are what services and casdoctor itself write into facts and arguments.
const words = `
before after microsoft365 google cas licensing network global usgov usgov-dod china automatic manual authorized
sharepoint onedrive exchange teams gmail googledrive us eu jp au uk ca sg in casdoctor my_customer incoming all
trial full clp lmp local sso true false yes no none / * - judgement symptoms this-machine default
observed declared inferred confirmed supported refuted global_admin delegate found_delegate
Managed Federated Enabled Warning Suspended Deleted LockedOut Success Disabled PendingInput Member Guest
Invitation LocalAccount EmailVerified DisablePasswordExpiration DisableStrongPassword disabled enabled enforced
Email OfficeCommunicationsOnline OrgIdAuthentication Yammer Intune SharePoint exchange AADPremiumService MicrosoftOffice
acceptIfMfaDoneByFederatedIdp enforceMfaByFederatedIdp rejectMfaByFederatedIdp
microsoftAuthenticatorPush softwareOneTimePasscode mobilePhone email fido2SecurityKey windowsHelloForBusiness passKeyDeviceBound
Application Legacy ManagedIdentity SocialIdp saml oidc password notSupported Principal AllPrincipals success failure
User.Read Sites.FullControl.All Sites.Read.All
AUTHORIZE_API_CLIENT_ACCESS REMOVE_API_CLIENT_ACCESS CHANGE_API_ACCESS ADD_APPLICATION
unauthorized_client invalid_grant invalid_client access_denied invalid_scope invalid_request admin_policy_enforced
accessDenied AccessDenied Authorization_RequestDenied Request_ResourceNotFound TooManyRequests NXDOMAIN read page_limit
configured documented environment ok alert reset closed timeout refused unreachable not_tls malformed proxy_refused proxy_auth failed
modern small small_full tls12 tls11 tls10 ssl30 weak no_sni other_sni http server client
RSA ECDSA Ed25519 SHA256-RSA SHA384-RSA SHA512-RSA ECDSA-SHA256 ECDSA-SHA384 expired not_yet_valid wrong_host unknown_authority other
pass fail softfail neutral permerror temperror bestguesspass quarantine reject oreject hardfail authentication-results
x-ms-exchange-authentication-results arc-authentication-results Anonymous Internal External HybridOnPrem Hosted
NONE BULK DIMP GIMP HSPM HPHISH HPHSH INTOS MALW OSPM PHSH SAP SPM SPOOF UIMP AMP FTBP
NSPM SKA SKB SKI SKN SKQ SKS SFE BLK CAL NLI REP INB OUT INT SMTP ESMTP ESMTPS ESMTPSA ESMTPA HTTPS HTTP MAPI LMTP
000 001 002 010 100 130 Quarantine Pass Delete Tag -all ~all ?all +all all a mx
casdoctor.report casdoctor.evidence casdoctor.bundle casdoctor.yaml manifest.json ticket.en.md ticket.ja.md report.json evidence.json
graph.group declared.run cas.site google.admin
`

// stay: a value that is no name.
func stay(s string) bool {
	if vocabulary()[s] {
		return true
	}
	for _, shape := range shapes() {
		if shape.MatchString(s) {
			return true
		}
	}
	c, ok := tlsclient.Find(s)
	return ok && c.Name == s
}

// publicHosts are hosts of the vendor, Microsoft and Google that serve everybody.
var publicHosts = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, h := range strings.Fields(`
		trendmicro.com clp.trendmicro.com success.trendmicro.com docs.trendmicro.com
		graph.microsoft.com graph.microsoft.us dod-graph.microsoft.us microsoftgraph.chinacloudapi.cn
		login.microsoftonline.com login.microsoftonline.us login.chinacloudapi.cn login.partner.microsoftonline.cn
		oauth2.googleapis.com www.googleapis.com admin.googleapis.com iamcredentials.googleapis.com sts.googleapis.com
		spf.protection.outlook.com _spf.google.com aspmx.l.google.com`) {
		out[h] = true
	}
	return out
})

// vendorHost are the consoles and APIs of Cloud App Security by site (Cloud App Security Integration API Online
// Help, "Understanding the URL").
var vendorHost = pattern(`^(admin|api)(-(eu|au|uk|ca|sg|in|jp))?\.tmcas\.trendmicro\.(com|co\.jp|co\.uk|com\.sg)$`)

// publicDomains are domains that stay under a host that is somebody's.
var publicDomains = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, d := range strings.Fields(`trendmicro.com trendmicro.co.jp trendmicro.co.uk trendmicro.com.sg microsoft.com microsoftonline.com
		outlook.com hotmail.com live.com google.com googleapis.com gmail.com googlemail.com sharepoint.com
		gserviceaccount.com iam.gserviceaccount.com developer.gserviceaccount.com appspot.gserviceaccount.com`) {
		out[d] = true
	}
	return out
})

// pathWords are the words in the paths of the calls that casdoctor makes.
var pathWords = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{"": true}
	for _, w := range strings.Fields(`v1.0 beta v1 v3 users organization domains policies identity conditionalAccess namedLocations
		authenticationStrength authenticationStrengths identitySecurityDefaultsEnforcementPolicy auditLogs signIns directoryAudits admin
		sharepoint settings subscribedSkus servicePrincipals appRoleAssignments oauth2PermissionGrants reports authenticationMethods
		userRegistrationDetails roleManagement directory roleAssignments roleEligibilityScheduleInstances authentication requirements
		transitiveMemberOf graph.group evaluate federationConfiguration customer domainaliases tokens token tokeninfo activity
		applications groups siem security_events sweeping mails LMPI customers subscriptions getByIds $batch`) {
		out[w] = true
	}
	return out
})
