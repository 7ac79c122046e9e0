package facts

import "time"

// The facts that package mail observes.
var (
	MailMessages = Key[[]Message]{"mail.messages"}
	MailRecords  = Key[[]MailDomain]{"mail.records"}
	MailDNS      = Key[MailAnswers]{"mail.dns"}
)

// Message is one affected message that the admin named: its file and what its header section
// says. Subjects, display names, mailbox names, recipients and bodies have no member here.
type Message struct {
	File    string            `json:"file"` // the file's name, with as much of the folder as tells it from another
	Headers Seen[MailHeaders] `json:"headers"`
}

// MailHeaders are the headers of one message that decide whether it is taken for internal.
// nil: the message has no such header.
type MailHeaders struct {
	From       *Mailboxes `json:"from,omitempty"`
	ReplyTo    *Mailboxes `json:"reply_to,omitempty"`
	ReturnPath *Mailboxes `json:"return_path,omitempty"` // an empty list of domains: the null path <>
	// Results are the authentication results in the dialects of Microsoft, the topmost first.
	Results []AuthResult `json:"results,omitempty"`
	// OtherResults counts the Authentication-Results that name another server as their author.
	OtherResults int     `json:"other_results,omitempty"`
	AuthAs       *string `json:"auth_as,omitempty"` // X-MS-Exchange-Organization-AuthAs, word for word
	SCL          *string `json:"scl,omitempty"`     // X-MS-Exchange-Organization-SCL
	// CrossTenant are the stamps that outlive the border of the sender's own tenant.
	CrossTenant *CrossTenant `json:"cross_tenant,omitempty"`
	// Preserved: an on-premises server of a hybrid organisation kept its stamps for the cloud
	// (X-OrganizationHeadersPreserved). Promoted: Exchange Online believed them
	// (X-CrossPremisesHeadersPromoted).
	Preserved bool `json:"preserved,omitempty"`
	Promoted  bool `json:"promoted,omitempty"`
	// SkippedTo is the address that Exchange Online took for the sender's behind a gateway
	// (X-MS-Exchange-SkipListedInternetSender): enhanced filtering is on.
	SkippedTo string `json:"skipped_to,omitempty"`
	// Odd are stamps of Exchange that it does not write so: the name in another letter case, or
	// there twice with two values. Somebody else may have written them.
	Odd []string `json:"odd,omitempty"`
	// Forefront are members of X-Forefront-Antispam-Report: SFV, CAT, SCL, CIP, IPV, DIR, PTR.
	Forefront map[string]string `json:"forefront,omitempty"`
	// Received are the hops, the last one first, at most 100 of them.
	Received []Hop `json:"received,omitempty"`
}

// CrossTenant is what Exchange Online says of the sender's tenant, word for word; nil: not said.
type CrossTenant struct {
	ID         *string `json:"id,omitempty"`          // X-MS-Exchange-CrossTenant-Id
	AuthAs     *string `json:"auth_as,omitempty"`     // X-MS-Exchange-CrossTenant-AuthAs
	FromEntity *string `json:"from_entity,omitempty"` // X-MS-Exchange-CrossTenant-FromEntityHeader
}

// Mailboxes are the domains of the addresses in a header, in lower case and each once. A header
// without an address has an empty list; a list that is not there (nil) says nothing.
type Mailboxes struct {
	Domains []string `json:"domains"`
	// Unreadable: something in it is no address, or it is too long, so that a domain may be missing.
	Unreadable bool `json:"unreadable,omitempty"`
}

// AuthResult is one header with authentication results.
type AuthResult struct {
	Header string `json:"header"` // its name in lower case
	// Hop is the index in Received of the hop whose server wrote it: the next one below it. It
	// is the number of hops when there is none below. Without it the results say nothing.
	Hop      *int          `json:"hop"`
	SPF      *AuthVerdict  `json:"spf,omitempty"`
	DKIM     []AuthVerdict `json:"dkim,omitempty"`
	DMARC    *AuthVerdict  `json:"dmarc,omitempty"`
	CompAuth *AuthVerdict  `json:"compauth,omitempty"`
}

// AuthVerdict is the result of one method, in the server's own words.
type AuthVerdict struct {
	Result string `json:"result"`
	Domain string `json:"domain,omitempty"` // smtp.mailfrom, header.d or header.from
	IP     string `json:"ip,omitempty"`     // of the sender (SPF)
	Action string `json:"action,omitempty"` // DMARC
	Reason string `json:"reason,omitempty"` // compauth: the number; DKIM: Microsoft's comment, if it is a known one
}

// Hop is one Received header, without the recipient that it may name.
type Hop struct {
	From string     `json:"from,omitempty"` // as the sender called itself
	IP   string     `json:"ip,omitempty"`   // as the receiver saw the sender
	By   string     `json:"by,omitempty"`
	With string     `json:"with,omitempty"`
	At   *time.Time `json:"at,omitempty"`
}

// MailDomain is what DNS publishes for the mail of one internal domain. A record that does
// not exist is NotFound. More than one SPF record is an error of the domain's owner.
type MailDomain struct {
	Domain string         `json:"domain"`
	SPF    Seen[[]string] `json:"spf"`   // the TXT records that begin with v=spf1, whole
	DMARC  Seen[[]string] `json:"dmarc"` // those of _dmarc that begin with v=DMARC1
}

// MailAnswers are the DNS answers that decide what becomes of the mail of the organisation: the
// SPF policies of its domains with all that they include, their DMARC policies, the DKIM selectors
// of Exchange Online and the mail exchangers. SPF and DMARC are evaluated anew from them
// (internal/maildns makes a resolver of them), with no name server at hand.
type MailAnswers struct {
	// Domains are those that were asked about, in A-labels: the internal domains, the verified
	// domains of the tenant, and the senders of the affected messages.
	Domains []string `json:"domains"`
	// Omitted counts the domains that were left out because there are too many.
	Omitted int `json:"omitted,omitempty"`
	// Refused counts the questions that were left out because there are too many.
	Refused int `json:"refused,omitempty"`
	// Answers are in the order of their names and types, each question once. A question that is
	// not among them was not asked: that says nothing about the name.
	Answers []DNSAnswer `json:"answers"`
}

// RRType is a type of DNS records, as it is written in zone files.
type RRType string

// The types that are asked for.
const (
	TypeA     RRType = "A"
	TypeAAAA  RRType = "AAAA"
	TypeCNAME RRType = "CNAME"
	TypeMX    RRType = "MX"
	TypePTR   RRType = "PTR"
	TypeTXT   RRType = "TXT"
)

// DNSAnswer is what one question brought. CNAMEs were followed, except where they were asked for.
type DNSAnswer struct {
	Name string `json:"name"` // in lower case and A-labels, without the dot at the end
	Type RRType `json:"type"`
	// Records are sorted, because DNS answers in any order. An address is one record; a name has
	// no dot at the end; an MX is its preference, a space and a name; a TXT is its strings,
	// joined. A text that is no mail policy is kept as "", so that only its being there is.
	//
	// NotFound: the name or the record does not exist. Any other failure: it was not found out.
	Records Seen[[]string] `json:"records"`
}
