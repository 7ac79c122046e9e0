package report

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// ConsoleSchemaID is the version of the JSON that casdoctor console writes.
const ConsoleSchemaID = "casdoctor.console/v1"

// Console is a look at one console and what it means for this machine.
type Console struct {
	Schema      string          `json:"schema"`
	Connections int             `json:"connections"` // that were opened, to the console or to the proxy
	TookMS      int64           `json:"took_ms"`
	Seen        facts.Console   `json:"seen"`
	Check       checks.Result   `json:"check"` // TLS-01, for this machine
	Clients     []ConsoleClient `json:"clients,omitempty"`
}

// ConsoleClient is what a client meets there.
type ConsoleClient struct {
	Client  string `json:"client"`
	Verdict string `json:"verdict"`           // connects | refused | undecided
	Reason  string `json:"reason,omitempty"`  // version | suites | groups | name | certificate
	Version string `json:"version,omitempty"` // that they would speak, when it is certain
	Suite   string `json:"suite,omitempty"`   // that they would use, when it is certain
	// Inferred: the verdict rests on suites that were not tried one by one.
	Inferred bool           `json:"inferred,omitempty"`
	Replay   *ConsoleReplay `json:"replay,omitempty"`
}

// ConsoleReplay is the answer to the client's own hello.
type ConsoleReplay struct {
	Hello    facts.Hello `json:"hello"`
	Connects bool        `json:"connects"`
	Agrees   bool        `json:"agrees"` // with the prediction
}

// NewConsole judges what was seen of a console.
func NewConsole(ev *facts.Evidence, connections int, took time.Duration) Console {
	out := Console{Schema: ConsoleSchemaID, Connections: connections, TookMS: took.Milliseconds()}
	if seen := facts.Get(ev, facts.ConsoleEndpoint); seen.Value != nil {
		out.Seen = *seen.Value
	}
	for _, r := range checks.Evaluate(ev, checks.All(), checks.Options{Only: []string{"TLS-01"}}).Results {
		if r.ID == "TLS-01" {
			out.Check = r
		}
	}
	return out
}

// NewConsoleClient is the prediction for a client.
func NewConsoleClient(c tlsclient.Client, r tlsclient.Result) ConsoleClient {
	out := ConsoleClient{Client: c.Name, Verdict: r.Verdict.String(), Reason: string(r.Reason)}
	if r.Version != 0 {
		out.Version = versionWord(r.Version)
	}
	if r.Suite != 0 {
		out.Suite = ciphersuite.Name(r.Suite)
	}
	return out
}

func versionWord(id uint16) string {
	if id == ciphersuite.SSL30 {
		return "SSL 3.0"
	}
	return fmt.Sprintf("TLS 1.%d", id-ciphersuite.TLS10)
}

// ExitCode follows the table of all commands.
func (c Console) ExitCode() int {
	switch c.Check.Status {
	case checks.StatusFail, checks.StatusWarn:
		return checks.ExitTrouble
	case checks.StatusPass:
		return checks.ExitOK
	default:
		return checks.ExitUnknown
	}
}

// The words of a console.
var (
	consoleVerdicts = map[checks.Status]word{
		checks.StatusPass:    {"answers as documented; nothing stands in the way from here", "文書のとおり応答しており、ここからの経路に問題はありません"},
		checks.StatusWarn:    {"something probably stands in the way", "経路に問題がある可能性があります"},
		checks.StatusFail:    {"cannot be used from here", "ここからは使用できません"},
		checks.StatusUnknown: {"not everything could be seen", "一部を確認できませんでした"},
	}
	lAddress     = word{"Address", "アドレス"}
	lProxy       = word{"Proxy", "プロキシ"}
	lVersions    = word{"Versions", "バージョン"}
	lSuites      = word{"Suites", "スイート"}
	lOrder       = word{"Order", "優先順"}
	lGroups      = word{"Groups", "グループ"}
	lCertificate = word{"Certificate", "証明書"}
	lName        = word{"Name", "ホスト名"}
	lHellos      = word{"Hellos", "hello"}
	lFound       = word{"Found", "結果"}
	lNext        = word{"Next", "次の手順"}
	lClients     = word{"Clients", "接続可否"}
	lAsked       = word{"Asked", "接続数"}

	connected     = word{"connected", "接続成功"}
	vAccepted     = word{"accepted", "受け付ける"}
	vRefused      = word{"refused", "拒否"}
	vImplied      = word{"refused (implied)", "拒否 (他の応答から確定)"}
	vUnclear      = word{"no clear answer ({outcome})", "明確な応答なし ({outcome})"}
	nameNeeded    = word{"must be sent (SNI): without it no client gets an answer", "送信が必須 (SNI): 送らないクライアントには応答しない"}
	orderServer   = word{"the server's", "サーバ側"}
	orderClient   = word{"the client's", "クライアント側"}
	sInferred     = word{"inferred", "推定"}
	sIncomplete   = word{"not complete: {why}", "一部のみ: {why}"}
	certVerifies  = word{"verifies", "検証に成功"}
	certFails     = word{"does not verify", "検証に失敗"}
	certUntil     = word{"until {date}", "有効期限 {date}"}
	connections   = word{"{n} connections in {ms} ms", "{n} 回の接続、{ms} ミリ秒"}
	oneConnection = word{"1 connection in {ms} ms", "1 回の接続、{ms} ミリ秒"}
	clientsOf     = word{"what these would meet with their default settings; none of them ran here", "既定の設定での予測です。ここで実際に動作させたものではありません"}
	clientFits    = word{"connects", "接続できます"}
	clientRefused = word{"cannot connect", "接続できません"}
	clientOpen    = word{"not decided", "判定できません"}
	replayAgrees  = word{"its own hello agrees", "実際の hello と一致"}
	replayDiffers = word{"ITS OWN HELLO DIFFERS: {outcome}", "実際の hello と不一致: {outcome}"}
	fromEnv       = word{"from the environment", "環境変数より"}
)

var clientReasons = map[string]word{
	"version":     {"no TLS version in common", "共通の TLS バージョンがない"},
	"suites":      {"no cipher suite in common", "共通の暗号化スイートがない"},
	"groups":      {"no key exchange group in common", "共通の鍵交換グループがない"},
	"name":        {"it does not send the host's name (SNI)", "ホスト名 (SNI) を送らない"},
	"certificate": {"it cannot use the certificate", "証明書を使用できない"},
}

// mayBeNameless is what an undecided prediction hangs on where the name is needed.
var mayBeNameless = word{"whether it sends the host's name (SNI) depends on the program that uses it", "ホスト名 (SNI) を送るかどうかは、使用するプログラムによる"}

// openReasons are what an undecided prediction hangs on.
var openReasons = map[string]word{
	"version":     {"which versions it accepts was not clearly seen", "受け付けるバージョンを明確に確認できていない"},
	"suites":      {"which cipher suites it accepts was not clearly seen", "受け付ける暗号化スイートを明確に確認できていない"},
	"groups":      {"which key exchange groups it accepts was not clearly seen", "受け付ける鍵交換グループを明確に確認できていない"},
	"name":        {"whether it needs the host's name (SNI) was not seen", "ホスト名 (SNI) が必要かどうかを確認できていない"},
	"certificate": {"whether the client accepts the certificate depends on its release", "証明書を使用できるかはクライアントのリリースによる"},
}

// helloWords say what a hello is for.
var helloWords = map[facts.HelloName]word{
	facts.HelloModern:    {"as a current browser", "現在のブラウザと同じ"},
	facts.HelloSmall:     {"the same in one segment", "同上、1 セグメント"},
	facts.HelloSmallFull: {"the same in one segment, carried through", "同上、1 セグメントで完了まで"},
	facts.HelloTLS12:     {"TLS 1.2, every suite", "TLS 1.2、全スイート"},
	facts.HelloTLS11:     {"TLS 1.1, every suite", "TLS 1.1、全スイート"},
	facts.HelloTLS10:     {"TLS 1.0, every suite", "TLS 1.0、全スイート"},
	facts.HelloSSL30:     {"SSL 3.0, every suite", "SSL 3.0、全スイート"},
	facts.HelloWeak:      {"TLS 1.2, weak suites only", "TLS 1.2、弱いスイートのみ"},
	facts.HelloNoSNI:     {"TLS 1.2, without the host's name", "TLS 1.2、ホスト名なし"},
	facts.HelloOtherSNI:  {"TLS 1.2, with another name", "TLS 1.2、別の名前"},
	facts.HelloHTTP:      {"no TLS: GET / in clear text", "TLS ではなく平文の GET /"},
}

// met is what a hello met.
func (p *page) met(h facts.Hello) string {
	text := p.in(checks.OutcomeText(h.Outcome))
	switch {
	case h.Version != "":
		text += "  " + tlsWord(h.Version) + "  " + ciphersuite.Name(h.Suite)
	case h.Outcome == facts.OutcomeAlert:
		text += "  (" + strings.TrimSpace(strconv.Itoa(h.Alert)+" "+h.Detail) + ")"
	case h.Detail != "" && p.opts.Verbose:
		text += "  (" + h.Detail + ")"
	}
	return text
}

var groupNames = map[uint16]string{
	0x0017: "P-256", 0x0018: "P-384", 0x0019: "P-521", 0x001d: "X25519", 0x001e: "X448", 0x11ec: "X25519MLKEM768",
	0x11eb: "SecP256r1MLKEM768", 0x11ed: "SecP384r1MLKEM1024",
}

// WriteConsole writes it for people.
func WriteConsole(w io.Writer, c Console, opts View) error {
	p := newPage(opts)
	s := c.Seen
	m := marks[c.Check.Status]
	p.line(2, styled(m.sign+" "+net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), m.style), plain("  "), styled(p.say(consoleVerdicts[c.Check.Status]), bold))
	p.way(s)
	p.accepts(s)
	p.judged(c.Check)
	if len(c.Clients) > 0 && handshakeAnswered(s) {
		p.fact(lClients, p.say(clientsOf))
		for _, doubt := range checks.PredictionDoubts(s) {
			p.fact(lClients, p.in(doubt))
		}
		p.clients(c.Clients, checks.NeedsName(s))
	}
	asked := connections
	if c.Connections == 1 {
		asked = oneConnection
	}
	p.fact(lAsked, p.say(asked, "n", strconv.Itoa(c.Connections), "ms", strconv.FormatInt(c.TookMS, 10)))
	_, err := io.WriteString(w, p.out.String())
	return err
}

// way is how far it leads: proxy, addresses, and with -v each hello.
func (p *page) way(s facts.Console) {
	if s.Proxy != nil {
		proxy := *s.Proxy
		if s.ProxySource == facts.ProxyEnvironment {
			proxy += "  (" + p.say(fromEnv) + ")"
		}
		p.fact(lProxy, proxy)
	}
	for _, a := range s.Connects {
		how := p.in(checks.OutcomeText(a.Outcome))
		if a.Outcome == facts.OutcomeOK {
			how = p.say(connected)
		}
		text := a.Address + "  " + how
		if a.Status != 0 {
			text += "  (HTTP " + strconv.Itoa(a.Status) + ")"
		}
		p.fact(lAddress, strings.TrimSpace(text+"  "+a.Via))
	}
	if f := s.Addresses.Failure; len(s.Connects) == 0 && f != nil {
		name := s.Host
		if s.Proxy != nil {
			name = *s.Proxy
		}
		text := name + "  " + p.in(checks.OutcomeText(facts.OutcomeNoName))
		if p.opts.Verbose {
			text += "  (" + f.Error() + ")"
		}
		p.fact(lAddress, text)
	}
	if !p.opts.Verbose {
		return
	}
	for _, h := range s.Hellos {
		p.fact(lHellos, p.say(helloWords[h.Name])+": "+p.met(h))
	}
}

func tlsWord(version string) string {
	if strings.HasPrefix(version, "1.") {
		return "TLS " + version
	}
	return version
}

// accepts is what the console was seen to accept.
func (p *page) accepts(s facts.Console) {
	for _, h := range slices.Backward(s.Handshakes) {
		var how string
		switch {
		case h.Outcome == facts.OutcomeOK:
			how = p.say(vAccepted) + "  " + ciphersuite.Name(h.Suite)
		case h.Outcome == facts.OutcomeAlert && h.Implied:
			how = p.say(vImplied)
		case h.Outcome == facts.OutcomeAlert:
			how = p.say(vRefused) + "  (" + strconv.Itoa(h.Alert) + " " + h.Detail + ")"
		default:
			how = p.say(vUnclear, "outcome", p.in(checks.OutcomeText(h.Outcome)))
		}
		p.fact(lVersions, tlsWord(h.Version)+"  "+how)
	}
	if checks.NeedsName(s) {
		p.fact(lName, p.say(nameNeeded))
	}
	if s.Suites.Value != nil {
		p.suites(*s.Suites.Value)
		if f := s.Suites.Failure; f != nil {
			p.fact(lSuites, p.say(sIncomplete, "why", f.Detail))
		}
		switch s.Preference {
		case facts.PreferenceServer:
			p.fact(lOrder, p.say(orderServer))
		case facts.PreferenceClient:
			p.fact(lOrder, p.say(orderClient))
		}
	}
	if g := s.Groups.Value; g != nil && len(*g) > 0 {
		var names []string
		for _, id := range *g {
			name, ok := groupNames[id]
			if !ok {
				name = fmt.Sprintf("0x%04x", id)
			}
			names = append(names, name)
		}
		text := strings.Join(names, ", ")
		if f := s.Groups.Failure; f != nil {
			text += "  (" + p.say(sIncomplete, "why", f.Detail) + ")"
		}
		p.fact(lGroups, text)
	}
	if c := s.Certificate.Value; c != nil && c.Verified != nil {
		how := p.say(certVerifies)
		if !*c.Verified {
			how = p.say(certFails) + " (" + p.in(checks.ProblemText(*c)) + ")"
		}
		p.fact(lCertificate, c.Subject+"  "+how)
		p.fact(lCertificate, c.Issuer+"  "+p.say(certUntil, "date", c.NotAfter.UTC().Format(time.DateOnly)))
	}
}

// suites are listed by version, the newest first, each in the order in which they were chosen.
func (p *page) suites(list []facts.SuiteSeen) {
	var order []string
	for _, s := range list {
		if !slices.Contains(order, s.Version) {
			order = append(order, s.Version)
		}
	}
	for _, version := range slices.Backward(order) {
		for _, s := range list {
			if s.Version != version {
				continue
			}
			text := fmt.Sprintf("%s  %04x  %s", tlsWord(version), s.ID, ciphersuite.Name(s.ID))
			if s.Inferred {
				text += "  (" + p.say(sInferred) + ")"
			}
			p.fact(lSuites, text)
		}
	}
}

// judged are the findings of the check about the way, and what to do.
func (p *page) judged(r checks.Result) {
	bad := slices.DeleteFunc(slices.Clone(r.Causes), func(e checks.Entry) bool { return !found(e) })
	for _, e := range r.Causes {
		// When something was found the rest is only what could not be seen for it.
		if found(e) || len(bad) == 0 && (e.ID == "TLS-01.X1" || e.ID == "TLS-01.X2") {
			p.fact(lFound, p.sentences(e.Reasons))
		}
	}
	if len(r.Remarks) > 0 {
		p.fact(lFound, p.sentences(r.Remarks))
	}
	for _, f := range r.Fixes {
		if !f.Recommended {
			continue
		}
		for _, s := range f.Steps {
			p.fact(lNext, p.in(s))
		}
	}
}

// handshakeAnswered: without an answer at any version nothing is said of any client.
func handshakeAnswered(s facts.Console) bool {
	return slices.ContainsFunc(s.Handshakes, func(h facts.Handshake) bool {
		return h.Outcome == facts.OutcomeOK || h.Outcome == facts.OutcomeAlert
	})
}

// clients are grouped by what they meet, in the order of the table; each is named once.
func (p *page) clients(list []ConsoleClient, needsName bool) {
	var order []string
	groups := map[string][]string{}
	for _, c := range list {
		how := p.fate(c, needsName)
		if groups[how] == nil {
			order = append(order, how)
		}
		groups[how] = append(groups[how], c.Client)
	}
	for _, how := range order {
		p.fact(lClients, how+"  ("+strconv.Itoa(len(groups[how]))+")")
		p.names(groups[how], p.indent+2)
	}
}

// names are listed behind an indent, and a line ends between two of them. Only a name that is longer
// than a line is broken, and goes on further in.
func (p *page) names(list []string, indent int) {
	margin, line := strings.Repeat(" ", indent), ""
	for i, name := range list {
		if i < len(list)-1 {
			name += ","
		}
		if line != "" && indent+ansi.StringWidth(line+" "+name) > p.width {
			p.line(indent+2, plain(margin+line))
			line = ""
		}
		line = strings.TrimSpace(line + " " + name)
	}
	p.line(indent+2, plain(margin+line))
}

// fate is what a client meets, and how sure that is.
func (p *page) fate(c ConsoleClient, needsName bool) string {
	how, reasons := p.say(clientOpen), openReasons
	switch c.Verdict {
	case tlsclient.Connects.String():
		how, reasons = p.say(clientFits), nil
	case tlsclient.Refused.String():
		how, reasons = p.say(clientRefused), clientReasons
	}
	r, ok := reasons[c.Reason]
	if needsName && c.Verdict == tlsclient.Undecided.String() && c.Reason == string(tlsclient.ByName) {
		r = mayBeNameless
	}
	if ok {
		how += ": " + p.say(r)
	}
	how = strings.TrimSpace(strings.TrimSpace(how+"  "+c.Version) + "  " + c.Suite)
	if c.Inferred {
		how += "  (" + p.say(sInferred) + ")"
	}
	switch {
	case c.Replay == nil:
	case c.Replay.Agrees:
		how += "  (" + p.say(replayAgrees) + ")"
	default:
		how += "  (" + p.say(replayDiffers, "outcome", p.met(c.Replay.Hello)) + ")"
	}
	return how
}
