package config

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"go.yaml.in/yaml/v4"
)

// LoadAgent reads agent.yaml and the casdoctor.yaml of every tenant. It is all or nothing: a
// mistake in any of the files gives an *Errors with everything that is wrong with all of them,
// and no Agent, so that a reload which fails leaves in force what was.
func LoadAgent(path string) (*Agent, error) {
	data, err := readConfiguration(path, beginAgent)
	if err != nil {
		return nil, err
	}
	return ParseAgent(data, path)
}

// ParseAgent is LoadAgent for an agent.yaml that is already in memory.
func ParseAgent(data []byte, filename string) (*Agent, error) {
	l := newLoader(filename)
	var a *Agent
	if root := l.parse(data); root != nil {
		a = l.agent(root)
	}
	if len(l.problems) > 0 {
		return nil, newErrors(filename, withoutRepeats(l.problems))
	}
	return a, nil
}

// withoutRepeats keeps each problem once: what is wrong with an inherited value is found again
// with every heir.
func withoutRepeats(problems []Problem) (once []Problem) {
	seen := map[Problem]bool{}
	for _, p := range problems {
		if !seen[p] {
			once = append(once, p)
		}
		seen[p] = true
	}
	return once
}

func (l *loader) agent(root *yaml.Node) *Agent {
	o := l.object("", root, root)
	a := &Agent{Version: required(o, "version", version())}
	a.Store = l.store(o)
	a.Schedule = defaulted(o, "schedule", schedule(), mustSchedule("0 6 * * *"))
	a.TimeZone = defaulted(o, "time_zone", zone(), time.UTC)
	a.Jitter = defaulted(o, "jitter", duration("10m", 0, 24*time.Hour), Duration(10*time.Minute))
	a.Timeout = defaulted(o, "timeout", duration("2m", time.Second, 24*time.Hour), Duration(2*time.Minute))
	a.Keep = group(o, "keep", func(o *object) Keep {
		return Keep{
			Days: defaulted(o, "days", number("days", 36500), 400),
			Runs: defaulted(o, "runs", number("runs", 1_000_000_000), 20000),
		}
	})
	defaults := o.member("defaults")
	if defaults != nil && (defaults.Kind != yaml.MappingNode || defaults.Tag != "!!map") {
		l.at(defaults, "defaults", wrongShape(defaults, "a group of keys (key: value)"), "")
		defaults = nil
	}
	if defaults != nil {
		l.refuse(defaults, "")
	}
	a.Tenants = l.tenants(o, a, defaults)
	a.Alerts = l.alerts(o, a)
	a.Page = group(o, "page", l.page)
	a.Network = group(o, "network", l.network)
	if a.Page.OIDC != nil && a.Alerts.Link == "" && !o.means("alerts") {
		o.complain("page", "oidc without alerts.link", "add alerts.link: the address of the page, which the identity provider sends people back to")
	}
	o.close()
	a.effective = o.shown
	return a
}

func (l *loader) store(o *object) Store {
	const key, file = "store", "agent.db"
	if !o.has(key) {
		o.known = append(o.known, key)
		o.show(key, pairs("sqlite", scalar(file, byDefault)))
		l.reading = l.file
		return Store{SQLite: l.resolve(file)}
	}
	return group(o, key, func(o *object) Store {
		s := Store{SQLite: maybe(o, "sqlite", l.path("a file")), Postgres: maybe(o, "postgres", l.secret(oneLine))}
		exactlyOne(o, "no database", "a second database", []string{"sqlite", "postgres"}, o.has)
		return s
	})
}

func (l *loader) tenants(o *object, a *Agent, defaults *yaml.Node) []Tenant {
	const key = "tenants"
	if !o.has(key) {
		o.need(key, "the list of tenants: - {config: casdoctor.yaml}")
	}
	names, files := map[string]string{}, map[string]bool{}
	list := groups(o, key, func(o *object) Tenant {
		t := Tenant{
			File: required(o, "config", l.path("the casdoctor.yaml of a tenant")),
			// Shown only where it is written: what holds without it is the agent's.
			Schedule: maybe(o, "schedule", schedule()), TimeZone: maybe(o, "time_zone", zone()),
		}
		if t.Schedule.IsZero() {
			t.Schedule = a.Schedule
		}
		if t.TimeZone == nil {
			t.TimeZone = a.TimeZone
		}
		switch {
		case t.File == "":
			return t
		case files[t.File]:
			o.complain("config", "is there twice", "keep one of them")
			return t
		}
		files[t.File] = true
		t.Config = l.tenant(o, t.File, defaults)
		if t.Config == nil || t.Config.Tenant == "" {
			return t
		}
		if first, taken := names[t.Config.Tenant]; taken {
			o.complain("config", fmt.Sprintf("a second tenant of the name %q, which is also that of %s", t.Config.Tenant, first),
				"every tenant has a name of its own: change tenant in one of the files")
			return t
		}
		names[t.Config.Tenant] = t.File
		return t
	})
	o.nonEmpty(key, "add the tenants: - {config: casdoctor.yaml}")
	return list
}

// tenant reads the casdoctor.yaml of a tenant with the defaults of the agent.
func (l *loader) tenant(o *object, file string, defaults *yaml.Node) *Config {
	data, c := readFile(file, anyone)
	if c != nil {
		o.complain("config", c.message, c.hint)
		return nil
	}
	own := newLoader(file)
	own.inherited = map[*yaml.Node]string{}
	var cfg *Config
	if own.root = own.parse(data); own.root != nil {
		if defaults != nil && own.root.Kind == yaml.MappingNode {
			own.inherit(own.root, defaults, l.file)
		}
		cfg = own.config(own.root)
	}
	l.problems = append(l.problems, own.problems...)
	return cfg
}

func (l *loader) alerts(o *object, a *Agent) Alerts {
	return group(o, "alerts", func(o *object) Alerts {
		var t Alerts
		t.Language = defaulted(o, "language", oneOf(English, Japanese), English)
		t.Link = maybe(o, "link", link())
		t.Damping = defaulted(o, "damping", number("runs", 100), 2)
		t.RemindBefore = remindBefore(o)
		t.QuietHours = optionalGroup(o, "quiet_hours", func(o *object) QuietHours {
			q := QuietHours{From: required(o, "from", timeOfDay()), To: required(o, "to", timeOfDay())}
			q.TimeZone = defaulted(o, "time_zone", zone(), a.TimeZone)
			q.Except = maybe(o, "except", oneOf(Warn, Fail))
			if o.has("from") && o.has("to") && q.From == q.To {
				o.complain("to", "the same time as from", "the quiet hours end at another time than they begin")
			}
			return q
		})
		t.Digest = maybe(o, "digest", schedule())
		t.Channels = l.channels(o, a, t)
		return t
	})
}

func remindBefore(o *object) []Duration {
	const key = "remind_before"
	k := duration("30d", time.Hour, 3650*24*time.Hour)
	if o.has(key) {
		spans := list(o, key, k)
		slices.SortFunc(spans, func(a, b Duration) int { return int(b/Duration(time.Second)) - int(a/Duration(time.Second)) })
		return slices.Compact(spans)
	}
	o.known = append(o.known, key)
	shown := sequence()
	var spans []Duration
	for _, days := range []int{30, 14, 7, 1} {
		d := Duration(time.Duration(days) * dayLength)
		spans = append(spans, d)
		shown.Content = append(shown.Content, scalar(d, byDefault))
	}
	o.show(key, shown)
	return spans
}

func (l *loader) channels(o *object, a *Agent, of Alerts) []Channel {
	tenants := []string{}
	for _, t := range a.Tenants {
		if t.Config != nil {
			tenants = append(tenants, t.Config.Tenant)
		}
	}
	names := map[string]bool{}
	return groups(o, "channels", func(o *object) Channel {
		c := Channel{Name: required(o, "name", channelName())}
		o.unique("name", c.Name, names, "a second channel of this name", "every channel has a name of its own")
		c.Slack = optionalGroup(o, "slack", l.webhook)
		c.Teams = optionalGroup(o, "teams", l.webhook)
		c.Email = optionalGroup(o, "email", l.email)
		c.PagerDuty = optionalGroup(o, "pagerduty", l.pagerDuty)
		c.Webhook = optionalGroup(o, "webhook", l.signedWebhook)
		receivers := exactlyOne(o, "no receiver", "a second receiver", []string{"slack", "teams", "email", "pagerduty", "webhook"}, o.has)
		if len(receivers) > 0 && receivers[0] == "teams" && c.Teams != nil {
			if u, err := url.Parse(string(c.Teams.URL.Reveal())); err == nil && strings.HasSuffix(u.Hostname(), ".webhook.office.com") {
				o.complain("teams", "the URL of an Office 365 connector, which Microsoft has retired",
					"make a workflow in Teams that begins when a webhook request is received, and use its URL")
			}
		}
		c.Only = list(o, "only", oneOf(Trouble, Worse, Better, Recovered, Blind, SeesAgain, WaiverEnds, WaiverEnded,
			Expires, Retirement, DomainMissing, RunFailed))
		c.Tenants = list(o, "tenants", word("the name of a tenant"))
		for _, key := range []string{"only", "tenants"} {
			o.nonEmpty(key, "name at least one, or remove the key")
		}
		for _, t := range c.Tenants {
			if !slices.Contains(tenants, t) && len(tenants) == len(a.Tenants) {
				o.complain("tenants", fmt.Sprintf("there is no tenant %q", t), didYouMean(t, tenants))
			}
		}
		c.Minimum = defaulted(o, "minimum", oneOf(Warn, Fail), Warn)
		sends := SendBoth
		if c.PagerDuty != nil {
			sends = SendChanges
		}
		c.Send = defaulted(o, "send", oneOf(SendChanges, SendDigest, SendBoth), sends)
		switch {
		case c.Send == SendChanges:
		case c.PagerDuty != nil:
			o.complain("send", "a digest to pagerduty", "a digest opens no incident: write changes, or remove the key")
		case o.has("send") && of.Digest.IsZero():
			o.complain("send", "a digest without alerts.digest", "add alerts.digest: when it is sent")
		}
		c.Language = defaulted(o, "language", oneOf(English, Japanese), of.Language)
		return c
	})
}

func (l *loader) webhook(o *object) Webhook {
	o.private = true
	return Webhook{URL: required(o, "url", l.secretURL())}
}

func (l *loader) signedWebhook(o *object) SignedWebhook {
	o.private = true
	w := SignedWebhook{URL: required(o, "url", l.secretURL()), Secret: required(o, "secret", l.secret(oneLine))}
	// RFC 2104, 3: a key shorter than the hash weakens the signature; half of it is still out of reach.
	const least = 16
	if key := w.Secret.Reveal(); key != nil && len(key) < least {
		o.complain("secret", "shorter than 16 bytes", "make one: openssl rand -hex 32")
	}
	return w
}

func (l *loader) email(o *object) Email {
	o.private = true
	e := Email{
		Host: required(o, "host", host()), Port: defaulted(o, "port", number("a port", 65535), 587),
		From: required(o, "from", address()), User: maybe(o, "user", word("the name that the server knows the sender by")),
		Password: maybe(o, "password", l.secret(oneLine)),
	}
	if !o.has("to") {
		o.need("to", "a list of mail addresses")
	}
	e.To = list(o, "to", address())
	o.nonEmpty("to", "name at least one recipient")
	switch {
	case o.has("user") && !o.means("password"):
		o.complain("user", "user without password", "add password: env:NAME or file:PATH")
	case o.has("password") && !o.means("user"):
		o.complain("password", "password without user", "add user, or remove it")
	}
	return e
}

func (l *loader) pagerDuty(o *object) PagerDuty {
	o.private = true
	const endpoint = "https://events.pagerduty.com"
	p := PagerDuty{
		RoutingKey: required(o, "routing_key", l.secret(oneLine)),
		Endpoint:   defaulted(o, "endpoint", base(endpoint), endpoint),
	}
	// Events API v2, "routing_key": "A GUID (32 characters)".
	if key := p.RoutingKey.Reveal(); key != nil && !routingKey().Match(key) {
		o.complain("routing_key", "not an integration key of Events API v2", "it has 32 letters and digits; copy it from the service's integrations")
	}
	return p
}

var routingKey = pattern(`^[0-9A-Za-z]{32}$`)

func (l *loader) page(o *object) Page {
	p := Page{Listen: defaulted(o, "listen", listen(), HostPort{Host: "127.0.0.1", Port: 8642})}
	p.TLS = optionalGroup(o, "tls", func(o *object) PageTLS {
		t := PageTLS{Certificate: required(o, "certificate", l.certificates()), Key: required(o, "key", l.secret(asItIs))}
		if t.Certificate == "" || t.Key.IsZero() {
			return t
		}
		chain, c := readFile(t.Certificate, anyone)
		if c != nil {
			o.complain("certificate", c.message, c.hint)
		} else if _, err := tls.X509KeyPair(chain, t.Key.Reveal()); err != nil {
			o.complain("key", "not the key of the certificate, or not PEM", "the first certificate in the file must be that of the key")
		}
		return t
	})
	names := map[string]bool{}
	p.Tokens = groups(o, "tokens", func(o *object) Token {
		o.private = true
		t := Token{
			Name: required(o, "name", word("a name for the audit log")),
			Role: required(o, "role", oneOf(Reader, Operator)),
			Hash: required(o, "hash", tokenHash()),
		}
		o.unique("name", t.Name, names, "a second token of this name", "every token has a name of its own")
		return t
	})
	p.OIDC = optionalGroup(o, "oidc", func(o *object) OIDC {
		o.private = true
		i := OIDC{
			Issuer: required(o, "issuer", issuer()), ClientID: required(o, "client_id", word("the id of a client")),
			ClientSecret: maybe(o, "client_secret", l.secret(oneLine)),
			Operators:    list(o, "operators", word("a group or a mail address")),
			Readers:      list(o, "readers", word("a group or a mail address")),
		}
		empty := i.Operators != nil || i.Readers != nil
		if len(i.Operators)+len(i.Readers) == 0 && (empty || !o.means("operators", "readers")) {
			o.complain("", "neither operators nor readers", "nobody may sign in: name groups or mail addresses")
		}
		return i
	})
	switch {
	case p.Listen.Loopback(), p.Listen == HostPort{}: // wrong, which is said already
	case !o.means("tls"):
		o.complain("listen", "outside of this machine without tls", "add tls, or listen on 127.0.0.1 behind a proxy that has it")
	case !o.means("tokens", "oidc"), p.Tokens != nil && len(p.Tokens) == 0 && p.OIDC == nil:
		o.complain("listen", "outside of this machine without a sign-in", "add tokens or oidc")
	}
	return p
}

// Loopback reports whether only this machine can reach it.
func (h HostPort) Loopback() bool {
	a, err := netip.ParseAddr(h.Host)
	return h.Host == "localhost" || err == nil && a.IsLoopback()
}

func pairs(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: textTag, Value: key}, value}}
}

// The kinds of values that only agent.yaml has.

func schedule() kind[Schedule] {
	return kind[Schedule]{
		what: `a cron expression such as "30 6 * * 1-5", or @hourly`,
		parse: func(s string) (Schedule, *complaint) {
			const fields = "five fields: minute hour day-of-month month day-of-week; or @hourly, @daily, @weekly, @monthly, @every 30m"
			if strings.Contains(s, "TZ=") {
				return Schedule{}, &complaint{hint: "the zone has a key of its own: time_zone"}
			}
			at, err := cron.ParseStandard(s)
			if err != nil {
				return Schedule{}, &complaint{hint: fields}
			}
			// The parser takes any day of any month. Five years on, Next gives up.
			if at.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
				return Schedule{}, &complaint{"it never comes", "check the day and the month"}
			}
			return Schedule{text: s, at: at}, nil
		},
	}
}

func mustSchedule(text string) Schedule {
	s, err := ParseSchedule(text)
	if err != nil {
		panic(err)
	}
	return s
}

func zone() kind[*time.Location] {
	return kind[*time.Location]{what: "a time zone such as Asia/Tokyo", parse: func(s string) (*time.Location, *complaint) {
		if s == "" || s == "Local" {
			return nil, &complaint{hint: "name the zone: the machine's own may be another one tomorrow"}
		}
		z, err := time.LoadLocation(s)
		if err != nil {
			return nil, &complaint{hint: "the names are those of the IANA database: a region, a slash, a city"}
		}
		return z, nil
	}}
}

func duration(example string, least, most time.Duration) kind[Duration] {
	return kind[Duration]{what: "a time span such as " + example, parse: func(s string) (Duration, *complaint) {
		d, ok := parseDuration(s)
		switch {
		case !ok:
			return 0, &complaint{hint: "the units are d, h, m and s, the largest first: 1d12h"}
		case time.Duration(d) < least || time.Duration(d) > most:
			return 0, &complaint{fmt.Sprintf("not between %s and %s", Duration(least), Duration(most)), ""}
		}
		return d, nil
	}}
}

func number(what string, most int) kind[int] {
	return kind[int]{
		what: fmt.Sprintf("%s as a number from 1 to %d", what, most), tags: []string{intTag},
		parse: func(s string) (int, *complaint) {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 || n > most {
				return 0, &complaint{}
			}
			return n, nil
		},
	}
}

var clockShape = pattern(`^([01]\d|2[0-3]):([0-5]\d)$`)

func timeOfDay() kind[TimeOfDay] {
	return kind[TimeOfDay]{what: `a time of day such as "22:00"`, parse: func(s string) (TimeOfDay, *complaint) {
		m := clockShape().FindStringSubmatch(s)
		if m == nil {
			return TimeOfDay{}, &complaint{hint: "write two digits for the hour and two for the minute"}
		}
		hour, _ := strconv.Atoi(m[1])
		minute, _ := strconv.Atoi(m[2])
		return TimeOfDay{hour, minute}, nil
	}}
}

var channelShape = pattern(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// channelName is one word: it is an argument of notify-test and a label of metrics.
func channelName() kind[string] {
	return kind[string]{what: "a name such as ops", parse: func(s string) (string, *complaint) {
		if !channelShape().MatchString(s) {
			return "", &complaint{hint: "letters, digits, and . _ - within"}
		}
		return s, nil
	}}
}

// link is an address that people open.
func link() kind[string] {
	return kind[string]{what: "the address of the page such as https://casdoctor.example.com", parse: func(s string) (string, *complaint) {
		u, c := webURL(s, "https", "http")
		if c != nil {
			return "", c
		}
		return strings.TrimSuffix(u.String(), "/"), nil
	}}
}

// issuer is compared byte by byte with what the provider says of itself (OpenID Connect
// Discovery 1.0, 4.3), so it stays as it is written.
func issuer() kind[string] {
	return kind[string]{what: "an issuer such as https://accounts.google.com", parse: func(s string) (string, *complaint) {
		if _, c := webURL(s, "https"); c != nil {
			return "", c
		}
		return s, nil
	}}
}

func host() kind[string] {
	return kind[string]{what: "a host such as smtp.example.com", parse: func(s string) (string, *complaint) {
		h, ok := hostOrIP(s)
		if !ok {
			return "", &complaint{}
		}
		return h, nil
	}}
}

// listen is where a server listens. Every interface is 0.0.0.0 or [::], said in so many words.
func listen() kind[HostPort] {
	return kind[HostPort]{what: "host:port such as 127.0.0.1:8642", parse: func(s string) (HostPort, *complaint) {
		if a, err := netip.ParseAddrPort(s); err == nil && a.Addr().IsUnspecified() && a.Port() > 0 {
			return HostPort{Host: a.Addr().String(), Port: int(a.Port())}, nil
		}
		h, c := hostPort().parse(s)
		switch {
		case strings.HasPrefix(s, ":"):
			return HostPort{}, &complaint{hint: "write 0.0.0.0" + s + " for every interface, or 127.0.0.1" + s}
		case c != nil:
			return HostPort{}, c
		case h.Port == 0:
			return HostPort{}, &complaint{hint: "the port is missing"}
		}
		return h, nil
	}}
}

var hashShape = pattern(`^sha256:[0-9a-f]{64}$`)

func tokenHash() kind[string] {
	return kind[string]{what: "the hash of a token: sha256: and 64 hexadecimal digits", hidden: true, parse: func(s string) (string, *complaint) {
		if !hashShape().MatchString(s) {
			return "", &complaint{hint: "not the token itself, but its SHA-256"}
		}
		return s, nil
	}}
}

// secretURL is a secret that is an https URL. What is wrong with it is said without it.
func (l *loader) secretURL() kind[Secret] {
	k := l.secret(oneLine)
	resolved := k.parse
	k.parse = func(ref string) (Secret, *complaint) {
		s, c := resolved(ref)
		if c != nil {
			return s, c
		}
		u, err := url.Parse(string(s.Reveal()))
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
			return Secret{}, &complaint{ref + " does not hold an https URL", "copy the whole URL, from https:// on"}
		}
		return s, nil
	}
	return k
}

// Loaded is a configuration that was loaded: a *Config or an *Agent.
type Loaded interface{ inForce() []*yaml.Node }

func (c *Config) inForce() []*yaml.Node {
	if c.effective == nil {
		return nil
	}
	return []*yaml.Node{c.effective}
}

// inForce is agent.yaml, and after it the configuration of every tenant.
func (a *Agent) inForce() []*yaml.Node {
	if a.effective == nil {
		return nil
	}
	all := []*yaml.Node{a.effective}
	for _, t := range a.Tenants {
		shown := *t.Config.effective
		shown.HeadComment = "# " + t.File
		all = append(all, &shown)
	}
	return all
}

// LoadEither loads a casdoctor.yaml or an agent.yaml. It is the latter if it has a key tenants,
// which only an agent.yaml has.
func LoadEither(path string) (Loaded, error) {
	data, err := readConfiguration(path, beginTenant)
	if err != nil {
		return nil, err
	}
	if !ofAgent(data) {
		return loaded(Parse(data, path))
	}
	return loaded(ParseAgent(data, path))
}

// loaded keeps a nil pointer from becoming a Loaded that is not nil.
func loaded[T Loaded](l T, err error) (Loaded, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

func ofAgent(data []byte) bool {
	var n yaml.Node
	if notText(data) != nil || yaml.Load(data, &n) != nil || len(n.Content) == 0 {
		return false
	}
	return slices.ContainsFunc(keys(n.Content[0]), func(k *yaml.Node) bool { return k.Value == "tenants" })
}
