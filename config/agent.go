package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"go.yaml.in/yaml/v4"
)

// Agent is the configuration of casdoctor agent, agent.yaml, together with that of every
// tenant. An Agent that LoadAgent returned is complete, as a Config is.
//
// The comments of the types and their members are the descriptions in the JSON Schema.
type Agent struct {
	// The version of this format.
	Version int `yaml:"version" jsonschema:"required"`
	// The database. Left out: the file agent.db beside this one.
	Store Store `yaml:"store"`
	// When the tenants are looked at, as a cron expression of five fields, or @hourly and its like.
	Schedule Schedule `yaml:"schedule" jsonschema:"default=0 6 * * *"`
	// The time zone of the schedules and the quiet hours.
	TimeZone *time.Location `yaml:"time_zone" jsonschema:"default=UTC"`
	// The most by which a run begins later than scheduled, so that not all begin at once.
	Jitter Duration `yaml:"jitter" jsonschema:"default=10m"`
	// How long one run may take.
	Timeout Duration `yaml:"timeout" jsonschema:"default=2m"`
	// How much of the past is kept, for each tenant. What comes first ends it.
	Keep Keep `yaml:"keep"`
	// The tenants, at least one.
	Tenants []Tenant `yaml:"tenants" jsonschema:"required,minItems=1"`
	// What is told, when, and to whom.
	Alerts Alerts `yaml:"alerts"`
	// The page.
	Page Page `yaml:"page"`
	// The way out of this machine for the agent's own connections: messages and the sign-in. The tenants have theirs.
	Network Network `yaml:"network"`

	effective *yaml.Node
}

// Store is the database. Exactly one of them.
type Store struct {
	// The file of an SQLite database. It is made when it is not there.
	SQLite string `yaml:"sqlite" jsonschema:"minLength=1"`
	// The connection string of a PostgreSQL database.
	Postgres Secret `yaml:"postgres"`
}

// Keep is how much of the past is kept.
type Keep struct {
	// The age in days.
	Days int `yaml:"days" jsonschema:"default=400,minimum=1,maximum=36500"`
	// The number of runs.
	Runs int `yaml:"runs" jsonschema:"default=20000,minimum=1,maximum=1000000000"`
}

// Tenant is one organisation.
type Tenant struct {
	// Its casdoctor.yaml.
	File string `yaml:"config" jsonschema:"required,minLength=1"`
	// When it is looked at. Left out: the agent's schedule.
	Schedule Schedule `yaml:"schedule"`
	// The time zone of its schedule. Left out: the agent's.
	TimeZone *time.Location `yaml:"time_zone"`

	// Config is what File says, and the defaults of the agent where it says nothing.
	Config *Config `yaml:"-"`
}

// Alerts are what is told, when, and to whom.
type Alerts struct {
	// The language of the messages, where a channel names no other.
	Language Language `yaml:"language" jsonschema:"default=en"`
	// The address of the page as its readers open it, for the links in messages and for the sign-in.
	Link string `yaml:"link" jsonschema:"format=uri,pattern=^https?://"`
	// In how many runs in a row a change must be seen before it is told. A new trouble is told at once.
	Damping int `yaml:"damping" jsonschema:"default=2,minimum=1,maximum=100"`
	// How long before the end of a licence, a certificate, a token, a waiver or a service it is told.
	RemindBefore []Duration `yaml:"remind_before"`
	// When messages wait. Left out: never.
	QuietHours *QuietHours `yaml:"quiet_hours"`
	// When the state of all tenants is told, changed or not. Left out: never.
	Digest Schedule `yaml:"digest"`
	// Where messages go.
	Channels []Channel `yaml:"channels"`
}

// Language is the language of sentences.
type Language string

// The languages.
const (
	English  Language = "en"
	Japanese Language = "ja"
)

// QuietHours are a time of day at which messages wait until it is over.
type QuietHours struct {
	// When they begin, as 22:00.
	From TimeOfDay `yaml:"from" jsonschema:"required"`
	// When they end, on the next day if it is earlier than from.
	To TimeOfDay `yaml:"to" jsonschema:"required"`
	// Left out: the agent's time zone.
	TimeZone *time.Location `yaml:"time_zone"`
	// From which severity on a message does not wait. Left out: all wait.
	Except Severity `yaml:"except"`
}

// Severity is how bad a trouble is.
type Severity string

// The severities.
const (
	Warn Severity = "warn"
	Fail Severity = "fail"
)

// Channel is one way to tell somebody. Exactly one of slack, teams, email, pagerduty, webhook.
type Channel struct {
	// Its name, in logs and for casdoctor agent notify-test.
	Name string `yaml:"name" jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9_.-]*$"`
	// An incoming webhook of Slack.
	Slack *Webhook `yaml:"slack"`
	// A workflow of Teams that begins when a webhook request is received.
	Teams *Webhook `yaml:"teams"`
	// A mail server.
	Email *Email `yaml:"email"`
	// A service of PagerDuty with an integration of Events API v2.
	PagerDuty *PagerDuty `yaml:"pagerduty"`
	// A receiver of your own.
	Webhook *SignedWebhook `yaml:"webhook"`
	// The kinds of change that it is told of. Left out: all of them.
	Only []Change `yaml:"only" jsonschema:"minItems=1,uniqueItems=true"`
	// The tenants that it is told of, by their names. Left out: all of them.
	Tenants []string `yaml:"tenants" jsonschema:"minItems=1,minLength=1"`
	// The least severity that it is told of.
	Minimum Severity `yaml:"minimum" jsonschema:"default=warn"`
	// Whether it is told of changes, gets the digest, or both. Left out: both, and of pagerduty only changes.
	Send Sends `yaml:"send"`
	// Left out: that of alerts.
	Language Language `yaml:"language"`
}

// Change is a kind of change.
type Change string

// The kinds of change.
const (
	Trouble       Change = "trouble"        // a new one
	Worse         Change = "worse"          // a warning became a failure
	Better        Change = "better"         // a failure became a warning
	Recovered     Change = "recovered"      // it is gone
	Blind         Change = "blind"          // something cannot be looked at (any more)
	SeesAgain     Change = "sees_again"     // it can
	WaiverEnds    Change = "waiver_ends"    // a waiver is about to end
	WaiverEnded   Change = "waiver_ended"   // it has, and the finding counts again
	Expires       Change = "expires"        // a licence, a certificate or a token is about to end, or has
	Retirement    Change = "retirement"     // a service is about to be switched off by its owner, or was
	DomainMissing Change = "domain_missing" // a domain of the organisation is not in the list of CAS
	RunFailed     Change = "run_failed"     // a run made no report
)

// Sends is what a channel gets.
type Sends string

// What a channel gets.
const (
	SendChanges Sends = "changes"
	SendDigest  Sends = "digest"
	SendBoth    Sends = "both"
)

// Webhook is an address that takes messages from whoever knows it.
type Webhook struct {
	// The https URL. It is a secret: whoever has it can post.
	URL Secret `yaml:"url" jsonschema:"required"`
}

// SignedWebhook is a receiver that can check who sent a message.
type SignedWebhook struct {
	// The https URL.
	URL Secret `yaml:"url" jsonschema:"required"`
	// The key of the HMAC-SHA256 over time and body, 16 bytes or more.
	Secret Secret `yaml:"secret" jsonschema:"required"`
}

// Email is a mail server and who writes to whom. The connection is always encrypted: by STARTTLS, or from its beginning on port 465.
type Email struct {
	// The mail server.
	Host string `yaml:"host" jsonschema:"required,minLength=1"`
	// Its port for submissions.
	Port int `yaml:"port" jsonschema:"default=587,minimum=1,maximum=65535"`
	// The sender.
	From string `yaml:"from" jsonschema:"required,format=email"`
	// The recipients.
	To []string `yaml:"to" jsonschema:"required,minItems=1,format=email"`
	// The name that the server knows the sender by. Left out: no sign-in.
	User string `yaml:"user" jsonschema:"minLength=1"`
	// Its password.
	Password Secret `yaml:"password"`
}

// PagerDuty is a service of PagerDuty.
type PagerDuty struct {
	// The integration key.
	RoutingKey Secret `yaml:"routing_key" jsonschema:"required"`
	// The base address of the Events API; https://events.eu.pagerduty.com for accounts in the EU.
	Endpoint string `yaml:"endpoint" jsonschema:"default=https://events.pagerduty.com,format=uri,pattern=^https://"`
}

// Page is the page, and who may open it. Without TLS and a sign-in it listens on loopback only.
type Page struct {
	// Where it listens, as host:port.
	Listen HostPort `yaml:"listen" jsonschema:"default=127.0.0.1:8642"`
	// Its certificate.
	TLS *PageTLS `yaml:"tls"`
	// Tokens for programs and for people without an identity provider.
	Tokens []Token `yaml:"tokens"`
	// The identity provider that people sign in with.
	OIDC *OIDC `yaml:"oidc"`
}

// PageTLS is a certificate with its key.
type PageTLS struct {
	// A PEM file with the certificate and its chain.
	Certificate string `yaml:"certificate" jsonschema:"required,minLength=1"`
	// Its private key, PEM.
	Key Secret `yaml:"key" jsonschema:"required"`
}

// Token lets whoever has it in.
type Token struct {
	// Its name, in the audit log.
	Name string `yaml:"name" jsonschema:"required,minLength=1"`
	// What it allows.
	Role Role `yaml:"role" jsonschema:"required"`
	// The SHA-256 of the token, as sha256: and 64 hexadecimal digits.
	Hash string `yaml:"hash" jsonschema:"required,pattern=^sha256:[0-9a-f]{64}$"`
}

// Role is what somebody may do.
type Role string

// The roles.
const (
	Reader   Role = "reader"   // look
	Operator Role = "operator" // also run, and waive
)

// OIDC is an identity provider.
type OIDC struct {
	// The issuer as it names itself, an https URL.
	Issuer string `yaml:"issuer" jsonschema:"required,format=uri,pattern=^https://"`
	// The client that the agent is there.
	ClientID string `yaml:"client_id" jsonschema:"required,minLength=1"`
	// The client's secret. Left out: it is a public client.
	ClientSecret Secret `yaml:"client_secret"`
	// Who may look, run and waive: groups or mail addresses.
	Operators []string `yaml:"operators" jsonschema:"minLength=1"`
	// Who may look: groups or mail addresses.
	Readers []string `yaml:"readers" jsonschema:"minLength=1"`
}

// Schedule is a cron expression. The zero Schedule never comes.
type Schedule struct {
	text string
	at   cron.Schedule
}

// ParseSchedule reads a cron expression: minute, hour, day of month, month and day of week, or
// a descriptor such as @hourly or @every 30m. The zone is not part of it: Next has it.
func ParseSchedule(text string) (Schedule, error) {
	k := schedule()
	s, c := k.parse(text)
	if c != nil {
		return Schedule{}, fmt.Errorf("%q is not %s", text, k.what)
	}
	return s, nil
}

// IsZero reports whether there is no schedule.
func (s Schedule) IsZero() bool { return s.at == nil }

// String is the expression.
func (s Schedule) String() string { return s.text }

// Next is the first time after t, by the clock of a time zone. A time of day that a change of
// the clock leaves out does not come on that day, and one that the clock shows twice comes twice.
func (s Schedule) Next(t time.Time, zone *time.Location) time.Time {
	if s.at == nil {
		return time.Time{}
	}
	return s.at.Next(t.In(zone))
}

// Duration is a time span such as 30d, 12h or 1h30m.
type Duration time.Duration

const dayLength = 24 * time.Hour

// String writes the span with its largest units.
func (d Duration) String() string {
	rest := time.Duration(d)
	var b strings.Builder
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{dayLength, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if n := rest / unit.of; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10) + unit.name)
			rest %= unit.of
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

var durationShape = pattern(`^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?$`)

func parseDuration(s string) (Duration, bool) {
	m := durationShape().FindStringSubmatch(s)
	if s == "" || m == nil {
		return 0, false
	}
	var d time.Duration
	for i, unit := range []time.Duration{dayLength, time.Hour, time.Minute, time.Second} {
		if m[i+1] != "" {
			n, err := strconv.Atoi(m[i+1])
			if err != nil {
				return 0, false
			}
			d += time.Duration(n) * unit
		}
	}
	return Duration(d), true
}

// TimeOfDay is a time on the clock.
type TimeOfDay struct{ Hour, Minute int }

// String is HH:MM.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t.Hour, t.Minute) }
