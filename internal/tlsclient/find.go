package tlsclient

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Find is the client of a name ("IE 11 / Windows 7", "Firefox 115", "Safari 12.1 / macOS 10.14",
// "PowerShell 5.1 / Windows 8.1", "Java 8u202", "curl / OpenSSL 1.0.2") or of a User-Agent string.
// False means that the table has no row for it, or that the name leaves open which one is
// meant (Internet Explorer needs its Windows).
func Find(s string) (Client, bool) {
	s = strings.TrimSpace(s)
	var q query
	var ok bool
	switch {
	case strings.HasPrefix(s, "Mozilla/"):
		q, ok = parseUserAgent(s)
	case programUA().MatchString(s):
		q, ok = parseProgramUA(s)
	default:
		q, ok = parseName(s)
	}
	if !ok {
		return Client{}, false
	}
	return q.find()
}

// FindSignIn is the client of what Microsoft's sign-in log says of a device: deviceDetail.browser
// ("IE 11.0", "Chrome 96.0.4664", "Mobile Safari 15.0") and deviceDetail.operatingSystem
// ("Windows 7", "Ios 15.1", "MacOs"). Microsoft derives both from the User-Agent string, and
// documents neither as an enumeration: what is not recognised has no client.
func FindSignIn(browser, system string) (Client, bool) {
	browser = strings.TrimSpace(browser)
	for _, prefix := range []string{"Mobile ", "Chrome Mobile ", "Firefox Mobile ", "Edge Mobile "} {
		if rest, ok := strings.CutPrefix(browser, prefix); ok {
			browser, _, _ = strings.Cut(prefix, "Mobile")
			browser += rest
		}
	}
	q, ok := parseName(browser)
	if !ok || !q.family.Browser() {
		return Client{}, false
	}
	q.os = osOfName(strings.Join(strings.Fields(strings.ToLower(system)), ""))
	if q.os == IOS && q.family != Safari { // every browser there uses Apple's TLS, and no row says so
		return Client{}, false
	}
	return q.find()
}

// query is what a string says.
type query struct {
	family       Family
	major, minor int
	os           OS
}

func (q query) find() (Client, bool) {
	at := release(q.major, q.minor)
	for _, r := range table() {
		if r.family != q.family || at < r.from || r.to != 0 && at > r.to || r.os != "" && r.os != q.os {
			continue
		}
		c := r.Client
		c.Family, c.Major, c.OS = r.family, q.major, r.os
		c.Name = string(q.family)
		if v := q.version(); v != "" {
			c.Name += " " + v
		}
		if r.os != "" {
			c.Name += " / " + string(r.os)
		}
		return c, true
	}
	return Client{}, false
}

// version is the release as the family's own people write it.
func (q query) version() string {
	switch {
	case q.major == 0 && q.minor == 0, q.family == Curl: // not curl's release but its library decides
		return ""
	case q.family == OpenSSL && q.major < 3:
		return fmt.Sprintf("%d.%d.%d", q.major, q.minor/10, q.minor%10)
	case q.family == OpenSSL, q.family == Go, q.family == Python, q.family == GnuTLS:
		return fmt.Sprintf("%d.%d", q.major, q.minor)
	case q.family == Java && q.major < 9 && q.minor > 0:
		return fmt.Sprintf("%du%d", q.major, q.minor)
	case q.minor > 0 && slices.Contains([]Family{Safari, DotNet, PowerShell}, q.family):
		return fmt.Sprintf("%d.%d", q.major, q.minor)
	default:
		return strconv.Itoa(q.major)
	}
}

// pattern is compiled for its first use. Most runs name no client, and together these would
// take a twentieth of the start of the program.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// The names are matched without spaces and in lower case.
var (
	families = map[string]Family{
		"ie": IE, "msie": IE, "internetexplorer": IE, "microsoftinternetexplorer": IE,
		"edge": Edge, "microsoftedge": Edge,
		"chrome": Chrome, "googlechrome": Chrome,
		"firefox": Firefox, "mozillafirefox": Firefox,
		"safari": Safari, "applesafari": Safari,
		".net": DotNet, "dotnet": DotNet, ".netframework": DotNet, ".netcore": DotNet,
		"powershell": PowerShell, "windowspowershell": PowerShell,
		"winhttp": WinHTTP,
		"openssl": OpenSSL, "gnutls": GnuTLS, "curl": Curl, "python": Python, "go": Go, "golang": Go,
	}
	namePattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(` + alternatives(families) + `)` +
			`(?:(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?[\d.]*[a-z]{0,2}(?:esr|-fips)?)?(?:(?:/|on|\()(.+?)\)?)?$`)
	})
	javaName = pattern(`^(?:java|jre|jdk|openjdk)/?(?:1\.)?(\d{1,2})(?:u(\d{1,4})|\.0_(\d{1,4})|[.+\d]*)$`)

	windowsNames = map[string]OS{
		"xp": WindowsXP, "vista": WindowsVista, "7": Windows7, "8": Windows8, "8.1": Windows81, "10": Windows10, "11": Windows11,
		"10or11": Windows10or11,
		// The server editions share the pages of suites with these.
		"server2003": WindowsXP, "server2008": WindowsVista, "server2008r2": Windows7, "server2012": Windows8,
		"server2012r2": Windows81, "server2016": Windows10, "server2019": Windows10,
	}
	macName     = pattern(`^(?:macosx|macos|osx)(\d{1,4})(?:\.(\d{1,4}))?[\d.]*(?:or[a-z\d.]+|tomacos[\d.]+)?$`) // "OS X 10.9 or 10.10", too
	opensslName = pattern(`^openssl/?(\d{1,2})\.(\d{1,2})(?:\.(\d{1,2}))?[a-z\d.-]*$`)
)

// alternatives are the keys, the longest first.
func alternatives(m map[string]Family) string {
	var names []string
	for name := range maps.Keys(m) {
		names = append(names, regexp.QuoteMeta(name))
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return strings.Join(names, "|")
}

func parseName(s string) (query, bool) {
	s = strings.Join(strings.Fields(strings.ToLower(s)), "")
	if q, ok := parseJava(s); ok {
		return q, true
	}
	m := namePattern().FindStringSubmatch(s)
	if m == nil {
		return query{}, false
	}
	q := query{family: families[m[1]], major: number(m[2]), minor: number(m[3]), os: osOfName(m[5])}
	switch q.family {
	case OpenSSL:
		q.major, q.minor, _ = opensslVersion(s)
	case Curl:
		q.major, q.minor = 0, 0
	}
	return q, true
}

func parseJava(s string) (query, bool) {
	m := javaName().FindStringSubmatch(s)
	if m == nil {
		return query{}, false
	}
	return query{family: Java, major: number(m[1]), minor: number(m[2] + m[3])}, true
}

// opensslVersion is "openssl1.0.2k" as the table counts it.
func opensslVersion(s string) (major, minor int, ok bool) {
	m := opensslName().FindStringSubmatch(s)
	if m == nil {
		return 0, 0, false
	}
	major, minor = number(m[1]), number(m[2])
	if major < 3 {
		minor = minor*10 + min(number(m[3]), 9)
	}
	return major, minor, true
}

func osOfName(s string) OS {
	for _, prefix := range []string{"windows", "win"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return windowsNames[rest]
		}
	}
	if m := macName().FindStringSubmatch(s); m != nil {
		return macOS(number(m[1]), number(m[2]))
	}
	for _, prefix := range []string{"ios", "ipados"} {
		if strings.HasPrefix(s, prefix) {
			return IOS
		}
	}
	if major, minor, ok := opensslVersion(s); ok {
		at := release(major, minor)
		for _, l := range libraries {
			if at >= l.from && at <= l.to {
				return l.os
			}
		}
	}
	return ""
}

func macOS(major, minor int) OS {
	switch v := release(major, minor); {
	case v == release(10, 0): // "OS X 10": which one is not said
		return ""
	case v < release(10, 9):
		return MacOS108
	case v < release(10, 11):
		return MacOS109
	case v < release(10, 14):
		return MacOS1011
	default:
		return MacOS1014
	}
}

var (
	trident = pattern(`\bTrident/(\d{1,4})\.`)
	msie    = pattern(`\bMSIE (\d{1,4})\.`)
	winNT   = pattern(`\bWindows NT (\d{1,2}\.\d)`)
	macUA   = pattern(`^Macintosh;.*\bMac OS X (\d{1,4})[_.](\d{1,4})`)
	iosUA   = pattern(`^(?:iPhone|iPad|iPod)[^;]*;`)
	comment = pattern(`\(([^()]*)\)`)
	product = pattern(`([^\s/]+)(?:/(\d{1,4})(?:\.(\d{1,4}))?\S*)?`)
	// robot are the words of programs that call themselves a browser in order to be served like
	// one. They bring a TLS of their own.
	robot = pattern(`(?i)bot\b|bot/|crawl|spider|\+https?://|preview`)

	programUA = pattern(`^(?:curl/\d|Java/\d|Go-http-client/\d)`)
	libraryUA = pattern(`\bOpenSSL/(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)`)

	// The Trident number is the engine's, and stays when a compatibility view says "MSIE 7.0"
	// (Microsoft, "Understanding user-agent strings": Trident/4.0 is IE 8, 7.0 is IE 11).
	ieOfTrident = map[int]int{4: 8, 5: 9, 6: 10, 7: 11}

	// Windows NT 5.2 is Windows Server 2003 and XP x64, which share the page of XP. Windows 11
	// still says 10.0 (Microsoft, "Detect Windows 11 using User-Agent Client Hints").
	windowsNT = map[string]OS{
		"5.1": WindowsXP, "5.2": WindowsXP, "6.0": WindowsVista, "6.1": Windows7, "6.2": Windows8, "6.3": Windows81,
		"10.0": Windows10or11,
	}

	// products are the words outside of the parentheses that the browsers of the table use.
	// Any other means another browser, of which nothing is known here, however many of
	// these it adds in order to be taken for one of them.
	products = map[string]bool{
		"Mozilla": true, "AppleWebKit": true, "Gecko": true, "Mobile": true, "Version": true,
		"Safari": true, "Chrome": true, "Firefox": true, "Edge": true, "Edg": true, "EdgA": true,
		"WindowsPowerShell": true, "PowerShell": true,
	}
)

func parseUserAgent(s string) (query, bool) {
	about := comment().FindStringSubmatch(s)
	if about == nil || robot().MatchString(s) {
		return query{}, false
	}
	system := about[1]
	nt := ""
	if m := winNT().FindStringSubmatch(system); m != nil {
		nt = m[1]
	}
	if strings.Contains(system, "MSIE ") || strings.Contains(system, "Trident/") {
		return parseIE(s, system, windowsNT[nt])
	}

	// The words outside of the parentheses, in the order of how much they say: each browser
	// also carries the words of those that it wants to be served like.
	found := map[string]query{}
	for _, m := range product().FindAllStringSubmatch(comment().ReplaceAllString(s, " "), -1) {
		if !products[m[1]] {
			return query{}, false
		}
		found[m[1]] = query{major: number(m[2]), minor: number(m[3])}
	}
	for _, f := range []struct {
		product string
		family  Family
	}{
		{"WindowsPowerShell", PowerShell}, {"PowerShell", PowerShell},
		{"Edge", Edge}, {"Edg", Edge}, {"EdgA", Edge}, {"Chrome", Chrome}, {"Firefox", Firefox},
	} {
		q, ok := found[f.product]
		if !ok {
			continue
		}
		q.family = f.family
		q.os = windowsNT[nt]
		// EdgeHTML also ran on phones and consoles, whose system TLS is not in the table.
		return q, f.product != "Edge" || q.os == Windows10or11
	}
	q, ok := found["Version"]
	if _, isSafari := found["Safari"]; !ok || !isSafari {
		return query{}, false
	}
	q.family = Safari
	if m := macUA().FindStringSubmatch(system); m != nil {
		q.os = macOS(number(m[1]), number(m[2]))
		return q, true
	}
	q.os = IOS
	return q, iosUA().MatchString(system) // anything else is Android's old browser or a copy
}

// parseIE reads the User-Agent strings of Internet Explorer, and of the Internet Explorer mode of
// Edge, which sends the same one. Windows Phone and old Opera used them too.
func parseIE(s, system string, os OS) (query, bool) {
	if strings.Contains(s, "Opera") || strings.Contains(system, "Windows Phone") {
		return query{}, false
	}
	q := query{family: IE, os: os}
	if m := trident().FindStringSubmatch(system); m != nil {
		q.major = ieOfTrident[number(m[1])]
	} else if m := msie().FindStringSubmatch(system); m != nil {
		q.major = number(m[1])
	}
	return q, q.major != 0
}

// parseProgramUA reads the strings of programs that call themselves no browser. A recent curl does not
// say which library it was built with.
func parseProgramUA(s string) (query, bool) {
	switch {
	case strings.HasPrefix(s, "Go-http-client/"):
		return query{family: Go}, true
	case strings.HasPrefix(s, "Java/"):
		return parseJava(strings.ToLower(s))
	}
	m := libraryUA().FindStringSubmatch(s)
	if m == nil {
		return query{}, false
	}
	return query{family: Curl, os: osOfName("openssl" + m[1])}, true
}

// number is a decimal that a pattern has already bounded; "" is 0.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
