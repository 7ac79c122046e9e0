package facts

import "time"

// M365SignInClients is who signs in with what, from the sign-in log (GET /auditLogs/signIns).
var M365SignInClients = Key[SignInClients]{"m365.sign_in_clients"}

// SignInClients are the browsers and systems that people of the tenant signed in with. People are
// counted and not kept: no name, no id and no address of theirs is in here.
type SignInClients struct {
	From time.Time `json:"from"` // of the sign-ins that were asked for
	To   time.Time `json:"to"`
	// Clients are in the order of their people, most first. The list is incomplete when the log
	// has more sign-ins than are read: the latest ones are counted then.
	Clients Seen[[]SignInClient] `json:"clients"`
}

// SignInClient is one pair of deviceDetail.browser and deviceDetail.operatingSystem, as Microsoft
// writes them, with the browser's version cut to two numbers.
type SignInClient struct {
	Browser string `json:"browser"`          // "IE 11.0", "Chrome 142.0"
	System  string `json:"operating_system"` // "Windows 7", "Ios 18.1"
	People  int    `json:"people"`           // distinct accounts
	SignIns int    `json:"sign_ins"`
}
