package tlsclient

import "testing"

// The User-Agent strings are those that the browsers send (Microsoft, "Understanding
// user-agent strings" and "Microsoft Edge user-agent"; MDN, "User-Agent"; WebKit and
// Chromium release notes). want is the name of the row; "" means that there is none.
func TestFindUserAgent(t *testing.T) {
	for _, tc := range []struct{ ua, want string }{
		{"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "IE 6 / Windows XP"},
		{"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; .NET CLR 1.1.4322)", "IE 7 / Windows XP"},
		{"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", "IE 8 / Windows XP"},
		{"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.2; WOW64; Trident/4.0)", "IE 8 / Windows XP"},
		{"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0; SLCC1)", "IE 7 / Windows Vista"},
		{"Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.0; Trident/5.0)", "IE 9 / Windows Vista"},
		{"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; WOW64; Trident/4.0; SLCC2)", "IE 8 / Windows 7"},
		{"Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.1; Trident/6.0)", "IE 10 / Windows 7"},
		{"Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Win64; x64; Trident/6.0)", "IE 10 / Windows 8"},
		{"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "IE 11 / Windows 7"},
		{"Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko", "IE 11 / Windows 8.1"},
		{"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "IE 11 / Windows 10 or 11"},
		// Compatibility views keep the engine's number.
		{"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; WOW64; Trident/7.0; SLCC2)", "IE 11 / Windows 7"},
		{"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/5.0)", "IE 9 / Windows 7"},

		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 " +
			"Safari/537.36 Edge/18.17763", "Edge 18"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.129 " +
			"Safari/537.36 Edg/81.0.416.68", "Edge 81"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 " +
			"Safari/537.36 Edg/134.0.0.0", "Edge 134"},
		{"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/30.0.1599.101 Safari/537.36",
			"Chrome 30"},
		{"Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
			"Chrome 109"},
		{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Mobile Safari/537.36",
			"Chrome 134"},
		{"Mozilla/5.0 (Windows NT 5.1; rv:26.0) Gecko/20100101 Firefox/26.0", "Firefox 26"},
		{"Mozilla/5.0 (Windows NT 6.1; WOW64; rv:52.0) Gecko/20100101 Firefox/52.0", "Firefox 52"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_8_5) AppleWebKit/536.30.1 (KHTML, like Gecko) Version/6.0.5 " +
			"Safari/536.30.1", "Safari 6 / OS X 10.8 or older"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_5) AppleWebKit/537.78.2 (KHTML, like Gecko) Version/7.0.6 " +
			"Safari/537.78.2", "Safari 7 / OS X 10.9 or 10.10"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_5) AppleWebKit/601.7.7 (KHTML, like Gecko) Version/9.1.2 " +
			"Safari/601.7.7", "Safari 9.1 / OS X 10.9 or 10.10"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/601.7.7 (KHTML, like Gecko) Version/9.1.2 " +
			"Safari/601.7.7", "Safari 9.1 / OS X 10.11 to macOS 10.13"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 " +
			"Safari/605.1.15", "Safari 12.1 / OS X 10.11 to macOS 10.13"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 " +
			"Safari/605.1.15", "Safari 17.4 / macOS 10.14 or newer"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 12_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 " +
			"Mobile/15E148 Safari/604.1", "Safari 12.1 / iOS"},

		// Other browsers say the same words and one more.
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
			"CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1", ""},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 " +
			"Safari/537.36 OPR/106.0.0.0", ""},
		{"Mozilla/5.0 (Linux; U; Android 4.0.4; en-us) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 " +
			"Mobile Safari/534.30", ""},
		{"Mozilla/5.0 (Windows NT 6.1) AppleWebKit/534.57.2 (KHTML, like Gecko) Version/5.1.7 Safari/534.57.2", ""},
		{"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; en) Opera 8.50", ""},
		{"Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; IEMobile/10.0)", ""},
		{"Mozilla/5.0 (Windows Phone 10.0; Android 4.2.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/46.0.2486.0 " +
			"Mobile Safari/537.36 Edge/13.10586", ""},
		{"Mozilla/5.0 (Windows NT 6.1; Trident/9.0)", ""},
		// The Internet Explorer mode of Edge says the same as Internet Explorer 11 on Windows 10, also
		// in its compatibility view, and uses the same TLS.
		{"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; rv:11.0) like Gecko", "IE 11 / Windows 10 or 11"},
		{"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; .NET4.0C)", "IE 11 / Windows 10 or 11"},
		// Robots that want to be served like a browser.
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ""},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) " +
			"Chrome/116.0.1938.76 Safari/537.36", ""},
		{"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/120.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ""},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36", ""},
		// Programs.
		{"Mozilla/5.0 (Windows NT; Windows NT 6.3; en-US) WindowsPowerShell/5.1.14409.1005", "PowerShell 5.1 / Windows 8.1"},
		{"Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.19041.1682", "PowerShell 5.1 / Windows 10 or 11"},
		{"Mozilla/5.0 (Linux; Debian GNU/Linux 12) PowerShell/7.4.1", ""}, // which OpenSSL is not said
		{"curl/7.19.7 (x86_64-redhat-linux-gnu) libcurl/7.19.7 OpenSSL/1.0.1e zlib/1.2.3", "curl / OpenSSL 1.0.1 or 1.0.2"},
		{"Java/1.8.0_202", "Java 8u202"},
		{"Java/17.0.9", "Java 17"},
		{"Go-http-client/1.1", "Go"},
		{"python-requests/2.31.0", ""},
		{"Mozilla/5.0", ""},
		{"Mozilla/5.0 (", ""},
		{"curl/8.5.0", ""},
	} {
		checkFind(t, tc.ua, tc.want)
	}
}

func TestFindName(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{"IE 11 / Windows 7", "IE 11 / Windows 7"},
		{"  ie11/windows7 ", "IE 11 / Windows 7"},
		{"Internet Explorer 11 on Windows 8", "IE 11 / Windows 8"},
		{"Internet Explorer 11 (Windows 8.1)", "IE 11 / Windows 8.1"},
		{"IE 10.0 / Win 8", "IE 10 / Windows 8"},
		{"ie 8 / xp", ""},
		{"IE 8 / Windows XP", "IE 8 / Windows XP"},
		{"IE 9 / Vista", ""},
		{"IE 9 / Windows Vista", "IE 9 / Windows Vista"},
		{"Google Chrome 120", "Chrome 120"},
		{"Chrome 109 / Windows 7", "Chrome 109"},
		{"Microsoft Edge 18", "Edge 18"},
		{"Firefox 115 ESR", "Firefox 115"},
		{"firefox 62.0.3", "Firefox 62"},
		{"Safari 12.1 / iOS 12.2", "Safari 12.1 / iOS"},
		{"Safari 12.1 / macOS 10.13.6", "Safari 12.1 / OS X 10.11 to macOS 10.13"},
		{"Safari 16 / macOS 13", "Safari 16 / macOS 10.14 or newer"},
		{"Safari 8", "Safari 8"},

		{"WinHTTP / Windows 7", "WinHTTP / Windows 7"},
		{"winhttp on Windows Server 2008 R2", "WinHTTP / Windows 7"},
		{".NET Framework 4.5.2 / Windows 7", ".NET 4.5 / Windows 7"},
		{"dotnet 8 / Windows 11", ".NET 8 / Windows 11"},
		{"Windows PowerShell 5.1 on Windows Server 2012 R2", "PowerShell 5.1 / Windows 8.1"},
		{"Java 6", "Java 6"}, {"Java 7u80", "Java 7u80"}, {"jre 1.7.0_80", "Java 7u80"}, {"Java 8", "Java 8"},
		{"Java 11.0.20", "Java 11"}, {"OpenJDK 21", "Java 21"},
		{"OpenSSL 0.9.8zh", "OpenSSL 0.9.8"}, {"OpenSSL 1.0.2k-fips", "OpenSSL 1.0.2"}, {"openssl 1.1.1w", "OpenSSL 1.1.1"},
		{"OpenSSL 3.0.19", "OpenSSL 3.0"}, {"OpenSSL 3.5", "OpenSSL 3.5"},
		{"curl / OpenSSL 1.0.2k", "curl / OpenSSL 1.0.1 or 1.0.2"}, {"curl 8.5 / OpenSSL 3.0", "curl / OpenSSL 3.0 to 3.4"},
		{"curl / Windows 10", "curl / Windows 10"}, {"GnuTLS 3.7", "GnuTLS 3.7"}, {"Python 3.11", "Python 3.11"},
		{"Go 1.22.1", "Go 1.22"}, {"golang 1.17", "Go 1.17"},

		{"PowerShell 5.1", ""},            // which Windows decides
		{"WinHTTP", ""}, {"curl 8.5", ""}, // which library decides
		{"Java 5", ""}, {"Go 1.2", ""},
		{"IE 11", ""}, // which Windows decides
		{"IE 11 / Windows 11", "IE 11 / Windows 11"}, // the Internet Explorer mode of Edge
		{"IE 9 / Windows 8", ""},                     // never existed
		{"Edge 40", ""},
		{"Chrome", ""},
		{"Chrome 12", ""}, // older than the sources
		{"Safari 6", ""},  // on a Mac without TLS 1.2, on iOS with it
		{"Netscape 4", ""},
		{"", ""},
	} {
		checkFind(t, tc.name, tc.want)
	}
}

func checkFind(t *testing.T, s, want string) {
	t.Helper()
	c, ok := Find(s)
	if ok != (want != "") || c.Name != want {
		t.Errorf("Find(%q) = %q, %v; want %q", s, c.Name, ok, want)
	}
}

// The name of every row finds that row again: a report prints it, and a reader writes it into his
// configuration.
func TestEveryRowHasAName(t *testing.T) {
	all := All()
	if len(all) != len(table()) {
		t.Errorf("%d of %d rows", len(all), len(table()))
	}
	for _, c := range all {
		again, ok := Find(c.Name)
		if !ok {
			t.Errorf("no client %q", c.Name)
			continue
		}
		if again.Name != c.Name || again.Source != c.Source {
			t.Errorf("%q finds %q", c.Name, again.Name)
		}
		checkSet(t, c.Name+": suites", again.Suites, c.Suites)
		checkSet(t, c.Name+": versions", again.Versions, c.Versions)
	}
}

// What the sign-in log says (Microsoft Graph, "List signIns", example 1, and what the log of the
// Entra admin center shows): a name and a version, and a system with or without a space.
func TestFindSignIn(t *testing.T) {
	for _, tc := range []struct{ browser, system, want string }{
		{"Edge 80.0.361", "Windows 10", "Edge 80"},
		{"IE 11.0", "Windows 7", "IE 11 / Windows 7"},
		{"IE 11.0", "Windows7", "IE 11 / Windows 7"},
		{"IE 11.0", "Windows 8.1", "IE 11 / Windows 8.1"},
		{"IE 9.0", "Windows Vista", "IE 9 / Windows Vista"},
		{"Edge 18.17763", "Windows10", "Edge 18"},
		{"Chrome 96.0.4664", "Windows11", "Chrome 96"},
		{"Chrome Mobile 96.0.4664", "Android", "Chrome 96"},
		{"Firefox 95.0", "Linux", "Firefox 95"},
		{"Safari 15.1", "MacOs", "Safari 15.1"},
		{"Safari 9.1", "MacOs 10.10", "Safari 9.1 / OS X 10.9 or 10.10"},
		{"Mobile Safari 15.0", "Ios 15.1", "Safari 15 / iOS"},

		{"IE 7.0", "Windows 7", ""},          // a compatibility view: there was no IE 7 on Windows 7
		{"IE 11.0", "", ""},                  // which Windows decides
		{"Chrome 96.0.4664", "Ios 15.1", ""}, // Apple's TLS under another name
		{"Rich Client 4.33.0.0", "Windows 10", ""},
		{"Python Requests 2.28", "Windows 10", ""},
		{"Python 3.11", "Windows 10", ""}, // no browser: it opens no console
		{"Opera 80.0", "Windows 10", ""},
		{"", "Windows 7", ""},
	} {
		c, ok := FindSignIn(tc.browser, tc.system)
		if ok != (tc.want != "") || c.Name != tc.want {
			t.Errorf("FindSignIn(%q, %q) = %q, %v; want %q", tc.browser, tc.system, c.Name, ok, tc.want)
		}
	}
}

// Find must stand any string: it comes from a configuration.
func FuzzFind(f *testing.F) {
	f.Add("IE 11 / Windows 7")
	f.Add("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko")
	f.Add("Mozilla/5.0 (((")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := Find(s)
		if ok == (c.Name == "") {
			t.Errorf("Find(%q) = %q, %v", s, c.Name, ok)
		}
	})
}
