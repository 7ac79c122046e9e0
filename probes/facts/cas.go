package facts

import "time"

// The facts that package cas observes, with the optional REST API of Cloud App Security.
var (
	CASAPI        = Key[CASAccess]{"cas.api"}
	CASDetections = Key[DetectionSet]{"cas.detections"}
)

// CASAccess is what one cheap call of the API shows: that the host answers and takes the token.
type CASAccess struct {
	Host string `json:"host"`
	Site string `json:"site,omitempty"` // whose API the host is; "" when the vendor does not name it
	// TokenCreated and TokenEnds are days (YYYY-MM-DD). The API does not tell a token's age: the
	// first is declared, and a token lives for 365 days.
	TokenCreated string `json:"token_created,omitempty"`
	TokenEnds    string `json:"token_ends,omitempty"`
}

// DetectionSet is what Advanced Spam Protection detected in messages whose sender looks internal.
// Only the targets of enabled policies are logged: an empty set does not show that there are none.
type DetectionSet struct {
	Start time.Time `json:"start"` // of the window, which the service limits to 72 hours
	End   time.Time `json:"end"`
	// Events counts those that were looked at, of all senders and filters.
	Events int               `json:"events"`
	List   Seen[[]Detection] `json:"list"` // the latest first, each message once
}

// Detection is one detected message. Subjects, mailboxes, recipients and what was found in it
// have no member here.
type Detection struct {
	Message string     `json:"message"` // its Message-ID, as the service writes it
	At      *time.Time `json:"at,omitempty"`
	Sender  string     `json:"sender"` // the domain
	Policy  string     `json:"policy,omitempty"`
	Filter  string     `json:"filter,omitempty"`
	Action  string     `json:"action,omitempty"`
	// Headers are those that Threat Investigation keeps of a message. It documents From, Return-Path
	// and Authentication-Results: that another one is missing says nothing.
	Headers Seen[MailHeaders] `json:"headers"`
}
