package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v4"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/config/internal/schemagen"
)

const (
	contoso = `version: 1
tenant: contoso
cas: {site: eu}
`
	fabrikam = `version: 1
tenant: fabrikam
cas: {site: jp}
`
)

// agentFolder has two tenants beside what folder has.
func agentFolder(t testing.TB) string {
	t.Helper()
	dir := folder(t)
	write(t, dir, "contoso.yaml", contoso, 0o644)
	write(t, dir, "fabrikam.yaml", fabrikam, 0o644)
	t.Setenv("SLACK_URL", "https://hooks.slack.com/services/T0/B0/"+canary)
	t.Setenv("TEAMS_URL", "https://prod-1.logic.azure.com/workflows/w/triggers/manual/paths/invoke?sig="+canary)
	t.Setenv("OLD_TEAMS_URL", "https://contoso.webhook.office.com/webhookb2/"+canary)
	t.Setenv("PD_KEY", "0123456789abcdef0123456789ABCDEF")
	return dir
}

func parseAgent(t testing.TB, dir, text string) *config.Agent {
	t.Helper()
	a, err := config.ParseAgent([]byte(text), filepath.Join(dir, "agent.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func agentComplaints(t testing.TB, dir, text string) string {
	t.Helper()
	a, err := config.ParseAgent([]byte(text), filepath.Join(dir, "agent.yaml"))
	var all *config.Errors
	if a != nil || !errors.As(err, &all) || len(all.Problems) == 0 {
		t.Fatalf("got (%v, %v), want no configuration and a *config.Errors", a, err)
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("a secret is shown: %v", err)
	}
	return strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

func zoneNamed(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

const fullAgent = `version: 1
store: {postgres: env:CANARY}
schedule: "@hourly"
time_zone: Asia/Tokyo
jitter: 30s
timeout: 5m
keep: {days: 90, runs: 2000}
defaults:
  network: {ca_file: corp.pem}
tenants:
  - config: contoso.yaml
  - {config: fabrikam.yaml, schedule: "*/30 8-18 * * MON-FRI", time_zone: Europe/Berlin}
alerts:
  language: ja
  link: https://casdoctor.example.com/
  damping: 3
  remind_before: [1d, 30d, 12h]
  quiet_hours: {from: "22:00", to: "07:30", time_zone: Europe/Berlin, except: fail}
  digest: "0 8 * * MON"
  channels:
    - {name: ops, slack: {url: env:SLACK_URL}, language: en}
    - {name: team, teams: {url: env:TEAMS_URL}, tenants: [contoso], send: digest}
    - {name: mail, email: {host: smtp.example.com, port: 465, from: casdoctor@example.com, to: [it@example.com], user: u, password: env:CANARY}}
    - {name: duty, pagerduty: {routing_key: env:PD_KEY, endpoint: https://events.eu.pagerduty.com}, minimum: fail, only: [trouble, worse, recovered]}
    - {name: hook, webhook: {url: env:SLACK_URL, secret: env:CANARY}}
page:
  listen: 127.0.0.1:9000
  tokens: [{name: grafana, role: reader, hash: "sha256:` + "0000000000000000000000000000000000000000000000000000000000000000" + `"}]
  oidc: {issuer: https://login.example.com/tenant/v2.0, client_id: casdoctor, client_secret: env:CANARY, operators: [it@example.com], readers: [everybody]}
network: {proxy: "http://proxy:3128"}
`

func TestLoadAgentFull(t *testing.T) {
	dir := agentFolder(t)
	got := parseAgent(t, dir, fullAgent)
	schedule := func(text string) config.Schedule {
		s, err := config.ParseSchedule(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const d = config.Duration(24 * time.Hour)
	tokyo, berlin := zoneNamed(t, "Asia/Tokyo"), zoneNamed(t, "Europe/Berlin")
	slack := config.NewSecret("env:SLACK_URL", []byte("https://hooks.slack.com/services/T0/B0/"+canary))
	want := &config.Agent{
		Version: 1, Store: config.Store{Postgres: env("CANARY")}, Schedule: schedule("@hourly"), TimeZone: tokyo,
		Jitter: config.Duration(30 * time.Second), Timeout: config.Duration(5 * time.Minute), Keep: config.Keep{Days: 90, Runs: 2000},
		Tenants: []config.Tenant{
			{File: filepath.Join(dir, "contoso.yaml"), Schedule: schedule("@hourly"), TimeZone: tokyo},
			{File: filepath.Join(dir, "fabrikam.yaml"), Schedule: schedule("*/30 8-18 * * MON-FRI"), TimeZone: berlin},
		},
		Alerts: config.Alerts{
			Language: config.Japanese, Link: "https://casdoctor.example.com", Damping: 3, RemindBefore: []config.Duration{30 * d, d, d / 2},
			QuietHours: &config.QuietHours{
				From: config.TimeOfDay{Hour: 22}, To: config.TimeOfDay{Hour: 7, Minute: 30}, TimeZone: berlin, Except: config.Fail,
			},
			Digest: schedule("0 8 * * MON"),
			Channels: []config.Channel{
				{Name: "ops", Slack: &config.Webhook{URL: slack}, Minimum: config.Warn, Send: config.SendBoth, Language: config.English},
				{
					Name: "team", Tenants: []string{"contoso"}, Minimum: config.Warn, Send: config.SendDigest, Language: config.Japanese,
					Teams: &config.Webhook{URL: config.NewSecret("env:TEAMS_URL", []byte("https://prod-1.logic.azure.com/workflows/w/triggers/manual/paths/invoke?sig="+canary))},
				},
				{
					Name: "mail", Minimum: config.Warn, Send: config.SendBoth, Language: config.Japanese,
					Email: &config.Email{Host: "smtp.example.com", Port: 465, From: "casdoctor@example.com", To: []string{"it@example.com"}, User: "u", Password: env("CANARY")},
				},
				{
					Name: "duty", Minimum: config.Fail, Send: config.SendChanges, Language: config.Japanese,
					Only: []config.Change{config.Trouble, config.Worse, config.Recovered},
					PagerDuty: &config.PagerDuty{
						RoutingKey: config.NewSecret("env:PD_KEY", []byte("0123456789abcdef0123456789ABCDEF")), Endpoint: "https://events.eu.pagerduty.com",
					},
				},
				{
					Name: "hook", Minimum: config.Warn, Send: config.SendBoth, Language: config.Japanese,
					Webhook: &config.SignedWebhook{URL: slack, Secret: env("CANARY")},
				},
			},
		},
		Page: config.Page{
			Listen: config.HostPort{Host: "127.0.0.1", Port: 9000},
			Tokens: []config.Token{{Name: "grafana", Role: config.Reader, Hash: "sha256:" + strings.Repeat("0", 64)}},
			OIDC: &config.OIDC{
				Issuer: "https://login.example.com/tenant/v2.0", ClientID: "casdoctor", ClientSecret: env("CANARY"),
				Operators: []string{"it@example.com"}, Readers: []string{"everybody"},
			},
		},
		Network: config.Network{Proxy: "http://proxy:3128"},
	}
	same := append(slices.Clone(sameConfig),
		cmpopts.IgnoreUnexported(config.Agent{}), cmpopts.IgnoreFields(config.Tenant{}, "Config"),
		cmp.Comparer(func(a, b config.Schedule) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }))
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	for i, name := range []string{"contoso", "fabrikam"} {
		if c := got.Tenants[i].Config; c.Tenant != name || c.Network.CAFile != filepath.Join(dir, "corp.pem") {
			t.Errorf("tenant %d: %+v", i, c)
		}
	}
}

func TestAgentDefaults(t *testing.T) {
	dir := agentFolder(t)
	a := parseAgent(t, dir, "version: 1\ntenants: [{config: contoso.yaml}]\n")
	switch {
	case a.Store.SQLite != filepath.Join(dir, "agent.db"), a.Schedule.String() != "0 6 * * *", a.TimeZone != time.UTC,
		a.Jitter.String() != "10m", a.Timeout.String() != "2m", a.Keep != config.Keep{Days: 400, Runs: 20000},
		a.Tenants[0].Schedule.String() != "0 6 * * *", a.Alerts.Damping != 2, len(a.Alerts.RemindBefore) != 4,
		a.Alerts.RemindBefore[0].String() != "30d", a.Page.Listen.String() != "127.0.0.1:8642", !a.Alerts.Digest.IsZero():
		t.Errorf("%+v", a)
	}
}

// TestInheritance: maps merge, lists replace, null clears, and a path starts at the folder of the
// file that it stands in.
func TestInheritance(t *testing.T) {
	dir := agentFolder(t)
	sub := filepath.Join(dir, "folder")
	write(t, sub, "t.yaml", `version: 1
tenant: t
phase: after
microsoft365:
  tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3
  credentials: {client_secret: file:key}
  delegates: [own@t.example]
cas: {site: jp, messages: [own.eml], relays: ~}
licensing: ~
`, 0o644)
	write(t, sub, "key", canary, 0o600)
	a := parseAgent(t, dir, `version: 1
tenants: [{config: folder/t.yaml}]
defaults:
  phase: before
  microsoft365:
    credentials: {client_id: 11111111-2222-3333-4444-555555555555}
    delegates: [a@contoso.com, b@contoso.com]
    cas_egress: {country: JP}
  cas: {site: eu, messages: [inherited.eml], relays: [203.0.113.0/29], internal_domains: file:domains.txt}
  licensing: {accounts: [{id: a}]}
  network: {ca_file: corp.pem}
`)
	c := a.Tenants[0].Config
	got := []any{
		c.Phase, c.Microsoft365.Credentials.ClientID, c.Microsoft365.Credentials.ClientSecret.Ref(), c.Microsoft365.Delegates, c.Microsoft365.CASEgress.Country,
		c.CAS.Site, c.CAS.Messages, c.CAS.Relays, c.CAS.InternalDomains.Items, c.Licensing == nil, c.Network.CAFile,
	}
	want := []any{
		config.After, "11111111-2222-3333-4444-555555555555", "file:key", []string{"own@t.example"}, "JP",
		config.SiteJP, []string{filepath.Join(sub, "own.eml")}, []string(nil), []string{"contoso.com"}, true, filepath.Join(dir, "corp.pem"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	var shown strings.Builder
	if err := config.Show(&shown, a); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"schedule: 0 6 * * * # default", "phase: after # line 3\n", "client_secret: '***' # file:key, line 6\n",
		"country: JP # line 8 of agent.yaml\n", "- contoso.com # line 9 of agent.yaml, file:domains.txt:1\n",
		"---\n# " + filepath.Join(sub, "t.yaml") + "\n",
	} {
		if !strings.Contains(shown.String(), line) {
			t.Errorf("%q is not shown in\n%s", line, shown.String())
		}
	}
}

// A tenant must not change what the next one inherits.
func TestInheritanceIsApart(t *testing.T) {
	dir := agentFolder(t)
	write(t, dir, "contoso.yaml", "version: 1\ntenant: contoso\ncas: {site: eu, clients: [own]}\n", 0o644)
	a := parseAgent(t, dir, `version: 1
defaults: {cas: {relays: [203.0.113.0/29]}, network: {proxy: "http://proxy:3128"}}
tenants: [{config: contoso.yaml}, {config: fabrikam.yaml}]
`)
	if c := a.Tenants[1].Config.CAS; len(c.Clients) != 0 || len(c.Relays) != 1 {
		t.Errorf("%+v", c)
	}
}

func TestBadAgents(t *testing.T) {
	dir := agentFolder(t)
	write(t, dir, "wrong.yaml", "version: 1\ntenant: wrong\ncas: {site: mars}\ncolour: blue\n", 0o644)
	write(t, dir, "again.yaml", "version: 1\ntenant: contoso\ncas: {site: eu}\n", 0o644)
	const head = "version: 1\ntenants: [{config: contoso.yaml}]\n"
	channel := func(c string) string { return head + "alerts: {channels: [" + c + "]}\n" }
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":         {"version: 1\n", "agent.yaml:1:1: tenants: missing; it is the list of tenants: - {config: casdoctor.yaml}"},
		"no tenants":      {"version: 1\ntenants: []\n", "agent.yaml:2:10: tenants: an empty list; add the tenants: - {config: casdoctor.yaml}"},
		"missing tenant":  {"version: 1\ntenants: [{config: none.yaml}]\n", "agent.yaml:2:20: tenants.config: cannot read none.yaml: there is no such file; relative paths start at the folder of the configuration"},
		"every mistake":   {"version: 1\ntenants: [{config: wrong.yaml}, {config: contoso.yaml, shedule: a}]\n", "agent.yaml:2:56: tenants: unknown key \"shedule\"; did you mean \"schedule\"?\nwrong.yaml:3:13: cas.site: not one of us, eu, jp, au, uk, ca, sg, in\n    site: mars\n          ^\nwrong.yaml:4:1: unknown key \"colour\"; the keys here are version, tenant, phase, microsoft365, google, cas, licensing, symptoms, network, waivers"},
		"same name":       {"version: 1\ntenants: [{config: contoso.yaml}, {config: again.yaml}]\n", "agent.yaml:2:44: tenants.config: a second tenant of the name \"contoso\", which is also that of contoso.yaml; every tenant has a name of its own: change tenant in one of the files"},
		"same file":       {"version: 1\ntenants: [{config: contoso.yaml}, {config: ./contoso.yaml}]\n", "agent.yaml:2:44: tenants.config: is there twice; keep one of them"},
		"inherited value": {"version: 1\ntenants: [{config: contoso.yaml}, {config: fabrikam.yaml}]\ndefaults:\n  network: {proxy: \"ftp://a\"}\n", "agent.yaml:4:20: network.proxy: not the URL of a proxy such as http://proxy:3128; it starts with http:// or https://"},
		"inherited list":  {head + "defaults:\n  waivers: [{cause: MFA-01.C1, until: 2026-12-31}]\n", "agent.yaml:4:13: waivers.reason: missing; it is the reason why the finding is accepted"},
		"missing in inherited": {head + "defaults:\n  google: {credentials_of: cas, credentials: {impersonate: sa@p.iam.gserviceaccount.com}}\n",
			"contoso.yaml:1:1: google.admin: missing; it is an address such as admin@contoso.com; google is inherited, and google: null clears it"},
		"secret inherited": {head + "defaults: {cas: {api: {token: env:CANARY}}, microsoft365: {tenant_id: 84841066-274d-4ec0-a5c1-276be684bdd3}, licensing: {accounts: [{id: a, tenant_id: x}]}}\n",
			"agent.yaml:3:24: defaults.cas.api.token: is never inherited; write it into each casdoctor.yaml\nagent.yaml:3:60: defaults.microsoft365.tenant_id: is never inherited; write it into each casdoctor.yaml\nagent.yaml:3:141: defaults.licensing.accounts.tenant_id: is never inherited; write it into each casdoctor.yaml"},
		"two stores":     {head + "store: {sqlite: a, postgres: env:CANARY}\n", "agent.yaml:3:30: store.postgres: a second database beside sqlite; keep one of them"},
		"cron":           {head + "schedule: 0 6 * *\n", "agent.yaml:3:11: schedule: not a cron expression such as \"30 6 * * 1-5\", or @hourly; five fields: minute hour day-of-month month day-of-week; or @hourly, @daily, @weekly, @monthly, @every 30m\n    schedule: 0 6 * *\n              ^"},
		"cron zone":      {head + "schedule: TZ=Asia/Tokyo 0 6 * * *\n", "agent.yaml:3:11: schedule: not a cron expression such as \"30 6 * * 1-5\", or @hourly; the zone has a key of its own: time_zone\n    schedule: TZ=Asia/Tokyo 0 6 * * *\n              ^"},
		"cron never":     {head + "schedule: 0 0 30 2 *\n", "agent.yaml:3:11: schedule: it never comes; check the day and the month\n    schedule: 0 0 30 2 *\n              ^"},
		"zone":           {head + "time_zone: Tokyo\n", "agent.yaml:3:12: time_zone: not a time zone such as Asia/Tokyo; the names are those of the IANA database: a region, a slash, a city\n    time_zone: Tokyo\n               ^"},
		"duration":       {head + "jitter: 10 minutes\n", "agent.yaml:3:9: jitter: not a time span such as 10m; the units are d, h, m and s, the largest first: 1d12h\n    jitter: 10 minutes\n            ^"},
		"quiet":          {head + "alerts: {quiet_hours: {from: \"22:00\", to: \"22:00\"}}\n", "agent.yaml:3:43: alerts.quiet_hours.to: the same time as from; the quiet hours end at another time than they begin"},
		"literal url":    {channel("{name: a, slack: {url: \"https://hooks.slack.com/" + canary + "\"}}"), "agent.yaml:3:44: alerts.channels.slack.url: a secret must not stand here; write env:NAME or file:PATH"},
		"no url":         {channel("{name: a, slack: {url: env:CANARY}}"), "agent.yaml:3:44: alerts.channels.slack.url: env:CANARY does not hold an https URL; copy the whole URL, from https:// on"},
		"connector":      {channel("{name: a, teams: {url: env:OLD_TEAMS_URL}}"), "agent.yaml:3:38: alerts.channels.teams: the URL of an Office 365 connector, which Microsoft has retired; make a workflow in Teams that begins when a webhook request is received, and use its URL"},
		"two receivers":  {channel("{name: a, slack: {url: env:SLACK_URL}, teams: {url: env:TEAMS_URL}}"), "agent.yaml:3:67: alerts.channels.teams: a second receiver beside slack; keep one of them"},
		"same channel":   {channel("{name: a, slack: {url: env:SLACK_URL}}, {name: a, slack: {url: env:SLACK_URL}}"), "agent.yaml:3:68: alerts.channels.name: a second channel of this name; every channel has a name of its own"},
		"unknown tenant": {channel("{name: a, slack: {url: env:SLACK_URL}, tenants: [contose]}"), "agent.yaml:3:69: alerts.channels.tenants: there is no tenant \"contose\"; did you mean \"contoso\"?"},
		"kind":           {channel("{name: a, slack: {url: env:SLACK_URL}, only: [troubles]}"), "agent.yaml:3:67: alerts.channels.only: not one of trouble, worse, better, recovered, blind, sees_again, waiver_ends, waiver_ended, expires, retirement, domain_missing, run_failed; did you mean \"trouble\"?\n    - troubles\n      ^"},
		"routing key":    {channel("{name: a, pagerduty: {routing_key: env:CANARY}}"), "agent.yaml:3:56: alerts.channels.pagerduty.routing_key: not an integration key of Events API v2; it has 32 letters and digits; copy it from the service's integrations"},
		"user alone":     {channel("{name: a, email: {host: a.example, from: a@a.example, to: [b@a.example], user: u}}"), "agent.yaml:3:100: alerts.channels.email.user: user without password; add password: env:NAME or file:PATH"},
		"digest without": {channel("{name: a, slack: {url: env:SLACK_URL}, send: digest}"), "agent.yaml:3:66: alerts.channels.send: a digest without alerts.digest; add alerts.digest: when it is sent"},
		"outside":        {head + "page: {listen: \"0.0.0.0:80\"}\n", "agent.yaml:3:16: page.listen: outside of this machine without tls; add tls, or listen on 127.0.0.1 behind a proxy that has it"},
		"port alone":     {head + "page: {listen: \":80\"}\n", "agent.yaml:3:16: page.listen: not host:port such as 127.0.0.1:8642; write 0.0.0.0:80 for every interface, or 127.0.0.1:80\n    listen: \":80\"\n            ^"},
		"token in clear": {head + "page: {tokens: [{name: a, role: reader, hash: " + canary + "}]}\n", "agent.yaml:3:47: page.tokens.hash: not the hash of a token: sha256: and 64 hexadecimal digits; not the token itself, but its SHA-256"},
		"nobody":         {head + "alerts: {link: \"https://a.example\"}\npage: {oidc: {issuer: \"https://a.example\", client_id: a, operators: []}}\n", "agent.yaml:4:8: page.oidc: neither operators nor readers; nobody may sign in: name groups or mail addresses"},
		"oidc without link": {head + "page: {oidc: {issuer: \"https://a.example\", client_id: a, operators: [a]}}\n",
			"agent.yaml:3:7: page: oidc without alerts.link; add alerts.link: the address of the page, which the identity provider sends people back to"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, agentComplaints(t, dir, tt.text)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestNeverInherited: what the schema calls a secret or a tenant_id, the defaults refuse, member
// by member.
func TestNeverInherited(t *testing.T) {
	dir := agentFolder(t)
	type schema struct {
		Ref        string `json:"$ref"`
		Pattern    string
		Items      *schema
		Properties map[string]*schema
		Defs       map[string]*schema `json:"$defs"`
	}
	var root schema
	if err := json.Unmarshal(config.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var found int
	var walk func(s *schema, path []string, list []bool)
	walk = func(s *schema, path []string, list []bool) {
		if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
			s = root.Defs[name]
		}
		if s.Items != nil {
			list = slices.Clone(list)
			list[len(list)-1] = true
			walk(s.Items, path, list)
		}
		for key, p := range s.Properties {
			here, lists := append(slices.Clone(path), key), append(slices.Clone(list), false)
			if key != "tenant_id" && !strings.HasPrefix(p.Pattern, "^(env:") {
				walk(p, here, lists)
				continue
			}
			found++
			text := "x"
			for i := len(here) - 1; i >= 0; i-- {
				if lists[i] {
					text = "[" + text + "]"
				}
				text = "{" + here[i] + ": " + text + "}"
			}
			got := agentComplaints(t, dir, "version: 1\ntenants: [{config: contoso.yaml}]\ndefaults: "+text+"\n")
			if want := "defaults." + strings.Join(here, ".") + ": is never inherited; write it into each casdoctor.yaml"; !strings.Contains(got, want) {
				t.Errorf("%s: got\n%s\nwant %q", text, got, want)
			}
		}
	}
	walk(&root, nil, nil)
	if found < 10 {
		t.Errorf("only %d secrets found in the schema", found)
	}
}

func TestAgentSchemaIsCurrent(t *testing.T) {
	want, err := schemagen.GenerateAgent()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, config.AgentSchema()) {
		t.Error("agent.schema.json is not what the types say; run: go generate ./config")
	}
}

func TestAgentSchemaOfTheFullSample(t *testing.T) {
	valid := validatorOf(t, config.AgentSchema())
	for _, sample := range []string{fullAgent, string(config.AgentExample())} {
		if err := valid([]byte(sample)); err != nil {
			t.Error(err)
		}
	}
	for name, change := range map[string][2]string{
		"unknown key":     {"jitter: 30s", "jiter: 30s"},
		"duration":        {"jitter: 30s", "jitter: 30 s"},
		"kind":            {"only: [trouble,", "only: [troubles,"},
		"literal secret":  {"{url: env:SLACK_URL}", "{url: \"https://a\"}"},
		"default unknown": {"network: {ca_file", "network: {cafile"},
		"default secret":  {"network: {ca_file: corp.pem}", "cas: {api: {token: env:A}}"},
		"hash":            {"sha256:00", "md5:00"},
		"no tenants":      {"tenants:\n", "tenant:\n"},
	} {
		text := strings.Replace(fullAgent, change[0], change[1], 1)
		if text == fullAgent {
			t.Fatalf("%s: the sample has no %q", name, change[0])
		}
		if err := valid([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := valid([]byte(strings.Replace(fullAgent, "network: {ca_file: corp.pem}", "cas: {relays: [203.0.113.0/29]}", 1))); err != nil {
		t.Errorf("a part of a group in the defaults: %v", err)
	}
}

// The example is right, also with every comment that is a setting taken as one.
func TestAgentExample(t *testing.T) {
	dir := agentFolder(t)
	write(t, dir, "casdoctor.yaml", contoso, 0o644)
	parseAgent(t, dir, string(config.AgentExample()))
	for _, name := range []string{"HOOK_URL"} {
		t.Setenv(name, "https://hook.example.com/casdoctor")
	}
	for _, name := range []string{"HOOK_SECRET", "SMTP_PASSWORD", "OIDC_SECRET"} {
		t.Setenv(name, canary+canary)
	}
	write(t, dir, "fabrikam.yaml", fabrikam, 0o644)
	write(t, dir, "page.pem", certificate(t), 0o644)
	var lines []string
	for _, line := range strings.Split(string(config.AgentExample()), "\n")[2:] {
		rest, commented := strings.CutPrefix(strings.TrimLeft(line, " "), "# ")
		prose := strings.Contains(rest, ". ") || strings.HasSuffix(rest, ".")
		if commented && !prose && !strings.HasPrefix(rest, "tls:") {
			line = line[:len(line)-len(strings.TrimLeft(line, " "))] + rest
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "\n")
	text = strings.Replace(text, "sha256:…", "sha256:"+strings.Repeat("0", 64), 1)
	text = strings.Replace(text, "file:/run/secrets/teams", "env:TEAMS_URL", 1)
	a := parseAgent(t, dir, text)
	if len(a.Alerts.Channels) != 5 || len(a.Tenants) != 2 || a.Page.OIDC == nil || a.Network.Proxy == "" || a.Alerts.QuietHours == nil {
		t.Errorf("not everything of the example was taken:\n%s", text)
	}
}

func TestLoadEither(t *testing.T) {
	dir := agentFolder(t)
	write(t, dir, "agent.yaml", "version: 1\ntenants: [{config: contoso.yaml}]\n", 0o644)
	for name, want := range map[string]string{"agent.yaml": "tenants:", "contoso.yaml": "tenant: contoso"} {
		l, err := config.LoadEither(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := config.Show(&b, l); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
	}
	if l, err := config.LoadEither(filepath.Join(dir, "none")); l != nil || err == nil {
		t.Errorf("got (%v, %v) for a file that is not there", l, err)
	}
}

// TestShowAgent: what is shown is YAML with an origin for every value, and no secret.
func TestShowAgent(t *testing.T) {
	dir := agentFolder(t)
	var b strings.Builder
	if err := config.Show(&b, parseAgent(t, dir, fullAgent)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), canary) {
		t.Errorf("a secret is shown:\n%s", b.String())
	}
	documents := strings.Split(b.String(), "---\n")
	if len(documents) != 3 {
		t.Fatalf("%d documents in\n%s", len(documents), b.String())
	}
	for _, d := range documents {
		var v map[string]any
		if err := yaml.Load([]byte(d), &v); err != nil {
			t.Errorf("%v in\n%s", err, d)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(documents[0]), "\n") {
		if value := !strings.HasSuffix(line, ":"); value != strings.Contains(line, " # ") {
			t.Errorf("a value without its origin: %q", line)
		}
	}
}

func TestScheduleAcrossTheChangeOfTheClock(t *testing.T) {
	berlin := zoneNamed(t, "Europe/Berlin")
	s, err := config.ParseSchedule("30 2 * * *")
	if err != nil {
		t.Fatal(err)
	}
	// On 2026-03-29 the clock goes from 02:00 to 03:00, and on 2026-10-25 from 03:00 to 02:00.
	at := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin)
	if got, want := s.Next(at, berlin), time.Date(2026, 3, 30, 2, 30, 0, 0, berlin); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	first := s.Next(time.Date(2026, 10, 24, 12, 0, 0, 0, berlin), berlin)
	if second := s.Next(first, berlin); second.Sub(first) != time.Hour {
		t.Errorf("got %v and %v, want an hour between them", first, second)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 30 * 24 * time.Hour: "30d", 36 * time.Hour: "1d12h", 90 * time.Second: "1m30s",
	} {
		if got := config.Duration(d).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
