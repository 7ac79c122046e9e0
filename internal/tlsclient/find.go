package tlsclient

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Find is the client of a name ("IE 11 / Windows 7", "Firefox 115", "Safari 12.1 / macOS 10.14")
// or of a User-Agent string. False means that the table has no row for it, or that the
// name leaves open which one is meant (Internet Explorer needs its Windows).
func Find(s string) (Client, bool) {
	var q query
	var ok bool
	if strings.HasPrefix(strings.TrimSpace(s), "Mozilla/") {
		q, ok = parseUserAgent(s)
	} else {
		q, ok = parseName(s)
	}
	if !ok {
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
		c.Name = fmt.Sprintf("%s %d", q.family, q.major)
		if q.family == Safari && q.minor > 0 { // the only family that changed within a major release
			c.Name += "." + strconv.Itoa(q.minor)
		}
		if r.os != "" {
			c.Name += " / " + string(r.os)
		}
		return c, true
	}
	return Client{}, false
}

// The names are matched without spaces and in lower case.
var (
	namePattern = regexp.MustCompile(`^([a-z]+)(\d{1,4})(?:\.(\d{1,4}))?[\d.]*(?:esr)?(?:(?:/|on|\()(.+?)\)?)?$`)
	families    = map[string]Family{
		"ie": IE, "msie": IE, "internetexplorer": IE, "microsoftinternetexplorer": IE,
		"edge": Edge, "microsoftedge": Edge,
		"chrome": Chrome, "googlechrome": Chrome,
		"firefox": Firefox, "mozillafirefox": Firefox,
		"safari": Safari, "applesafari": Safari,
	}
	windowsNames = map[string]OS{
		"xp": WindowsXP, "vista": WindowsVista, "7": Windows7, "8": Windows8, "8.1": Windows81, "10": Windows10,
	}
	macName = regexp.MustCompile(`^(?:macosx|macos|osx)(\d{1,4})(?:\.(\d{1,4}))?[\d.]*$`)
)

func parseName(s string) (query, bool) {
	m := namePattern.FindStringSubmatch(strings.Join(strings.Fields(strings.ToLower(s)), ""))
	if m == nil {
		return query{}, false
	}
	family, ok := families[m[1]]
	return query{family: family, major: number(m[2]), minor: number(m[3]), os: osOfName(m[4])}, ok
}

func osOfName(s string) OS {
	for _, prefix := range []string{"windows", "win"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return windowsNames[rest]
		}
	}
	if m := macName.FindStringSubmatch(s); m != nil {
		return macOS(number(m[1]), number(m[2]))
	}
	for _, prefix := range []string{"ios", "ipados"} {
		if strings.HasPrefix(s, prefix) {
			return IOS
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
	trident = regexp.MustCompile(`\bTrident/(\d{1,4})\.`)
	msie    = regexp.MustCompile(`\bMSIE (\d{1,4})\.`)
	winNT   = regexp.MustCompile(`\bWindows NT (\d{1,2}\.\d)`)
	macUA   = regexp.MustCompile(`^Macintosh;.*\bMac OS X (\d{1,4})[_.](\d{1,4})`)
	iosUA   = regexp.MustCompile(`^(?:iPhone|iPad|iPod)[^;]*;`)
	comment = regexp.MustCompile(`\(([^()]*)\)`)
	product = regexp.MustCompile(`([^\s/]+)(?:/(\d{1,4})(?:\.(\d{1,4}))?\S*)?`)

	// The Trident number is the engine's, and stays when a compatibility view says "MSIE 7.0"
	// (Microsoft, "Understanding user-agent strings": Trident/4.0 is IE 8, 7.0 is IE 11).
	ieOfTrident = map[int]int{4: 8, 5: 9, 6: 10, 7: 11}

	// Windows NT 5.2 is Windows Server 2003 and XP x64, which share the page of XP.
	windowsNT = map[string]OS{
		"5.1": WindowsXP, "5.2": WindowsXP, "6.0": WindowsVista, "6.1": Windows7, "6.2": Windows8, "6.3": Windows81,
		"10.0": Windows10,
	}

	// products are the words outside of the parentheses that the browsers of the table use.
	// Any other means another browser, of which nothing is known here, however many of
	// these it adds in order to be taken for one of them.
	products = map[string]bool{
		"Mozilla": true, "AppleWebKit": true, "Gecko": true, "Mobile": true, "Version": true,
		"Safari": true, "Chrome": true, "Firefox": true, "Edge": true, "Edg": true, "EdgA": true,
	}
)

func parseUserAgent(s string) (query, bool) {
	about := comment.FindStringSubmatch(s)
	if about == nil {
		return query{}, false
	}
	system := about[1]
	nt := ""
	if m := winNT.FindStringSubmatch(system); m != nil {
		nt = m[1]
	}
	if strings.Contains(system, "MSIE ") || strings.Contains(system, "Trident/") {
		return parseIE(s, system, windowsNT[nt])
	}

	// The words outside of the parentheses, in the order of how much they say: each browser
	// also carries the words of those that it wants to be served like.
	found := map[string]query{}
	for _, m := range product.FindAllStringSubmatch(comment.ReplaceAllString(s, " "), -1) {
		if !products[m[1]] {
			return query{}, false
		}
		found[m[1]] = query{major: number(m[2]), minor: number(m[3])}
	}
	for _, f := range []struct {
		product string
		family  Family
	}{{"Edge", Edge}, {"Edg", Edge}, {"EdgA", Edge}, {"Chrome", Chrome}, {"Firefox", Firefox}} {
		q, ok := found[f.product]
		if !ok {
			continue
		}
		q.family = f.family
		q.os = windowsNT[nt]
		// EdgeHTML also ran on phones and consoles, whose system TLS is not in the table.
		return q, f.product != "Edge" || q.os == Windows10
	}
	q, ok := found["Version"]
	if _, isSafari := found["Safari"]; !ok || !isSafari {
		return query{}, false
	}
	q.family = Safari
	if m := macUA.FindStringSubmatch(system); m != nil {
		q.os = macOS(number(m[1]), number(m[2]))
		return q, true
	}
	q.os = IOS
	return q, iosUA.MatchString(system) // anything else is Android's old browser or a copy
}

// parseIE reads the User-Agent strings of Internet Explorer. Windows Phone and old Opera
// used them too.
func parseIE(s, system string, os OS) (query, bool) {
	if strings.Contains(s, "Opera") || strings.Contains(system, "Windows Phone") {
		return query{}, false
	}
	q := query{family: IE, os: os}
	if m := trident.FindStringSubmatch(system); m != nil {
		q.major = ieOfTrident[number(m[1])]
	} else if m := msie.FindStringSubmatch(system); m != nil {
		q.major = number(m[1])
	}
	return q, q.major != 0
}

// number is a decimal that a pattern has already bounded; "" is 0.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
