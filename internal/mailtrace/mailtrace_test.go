package mailtrace

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// samples are the header sets of a file in testdata; a line of "#" and an empty one part them.
// ms-docs-examples.txt is Microsoft's (MicrosoftDocs/defender-docs, CC BY 4.0),
// real-internal-shapes.txt is reduced from public archives, inline.txt follows both.
func samples(t testing.TB, name string) (out []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(raw), "\n\n") {
		var b strings.Builder
		for line := range strings.Lines(part) {
			if !strings.HasPrefix(line, "#") {
				b.WriteString(line)
			}
		}
		if s := strings.TrimSpace(b.String()); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// exchange is a hop of Exchange Online, which counts where it stands below the results.
const exchange = "\nReceived: from mail.contoso.com (203.0.113.50) by y.mail.protection.outlook.com\n"

// deciding is Decide without known relays.
func deciding(h facts.MailHeaders) (r facts.AuthResult, reinjected, ok bool) {
	d := Decide(h, nil)
	return d.Result, d.Reinjected, d.OK
}

func read(t *testing.T, section string) facts.MailHeaders {
	t.Helper()
	h, err := Read([]byte(section))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// line writes what decides, for comparison.
func line(r facts.AuthResult) string {
	var parts []string
	if r.SPF != nil {
		parts = append(parts, "spf="+r.SPF.Result+" "+r.SPF.IP+" "+r.SPF.Domain)
	}
	for _, d := range r.DKIM {
		parts = append(parts, "dkim="+d.Result+" "+d.Domain)
	}
	if r.DMARC != nil {
		parts = append(parts, "dmarc="+r.DMARC.Result+" "+r.DMARC.Action+" "+r.DMARC.Domain)
	}
	if r.CompAuth != nil {
		parts = append(parts, "compauth="+r.CompAuth.Result+" "+r.CompAuth.Reason)
	}
	return strings.Join(parts, ", ")
}

// TestMicrosoftsExamples: the results as the documentation prints them, in both dialects.
func TestMicrosoftsExamples(t *testing.T) {
	want := []string{
		"spf=none 192.168.1.8 maliciousdomain.com, dkim=pass maliciousdomain.com, dmarc=none none contoso.com, compauth=fail 001",
		"spf=none 10.2.3.4 fabrikam.com, dkim=none none, dmarc=none none fabrikam.com, compauth=fail 001",
		"spf=none 10.2.3.4 fabrikam.com, dkim=pass outbound.fabrikam.com, dmarc=bestguesspass none fabrikam.com, compauth=pass 109",
		"spf=fail 203.0.113.50 contoso.com, dkim=pass contoso.com, dmarc=fail quarantine contoso.com, compauth=fail 000",
	}
	var got []string
	for _, s := range samples(t, "ms-docs-examples.txt") {
		if !strings.HasPrefix(s, "Authentication-Results") {
			h := read(t, "From: a@contoso.com\n"+s)
			if diff := cmp.Diff(map[string]string{"SCL": "1", "IPV": "NLI", "SFV": "NSPM"}, h.Forefront); diff != "" {
				t.Error(diff)
			}
			continue
		}
		r, relayed, ok := deciding(read(t, s+exchange))
		if !ok || relayed {
			t.Errorf("nothing decides in %s", s)
		}
		got = append(got, line(r))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRealShapes: header sets of internal mail, and one that is forged.
func TestRealShapes(t *testing.T) {
	all := samples(t, "real-internal-shapes.txt")
	wants := []struct{ result, authAs, cip string }{
		{"", "Internal", ""},
		{"spf=neutral  contoso.com", "Internal", "192.0.2.16"},
		{"dkim=none none, dmarc=none none contoso.com", "", "255.255.255.255"},
		{"", "Internal74", ""}, // the results are those of another server
		{"", "Anonymous", ""},
	}
	if len(all) != len(wants) {
		t.Fatalf("%d samples", len(all))
	}
	for i, w := range wants {
		h := read(t, "Message-ID: <1@contoso.com>\n"+all[i]+exchange)
		r, _, _ := deciding(h)
		as := ""
		if h.AuthAs != nil {
			as = *h.AuthAs
		}
		if line(r) != w.result || as != w.authAs || h.Forefront["CIP"] != w.cip {
			t.Errorf("sample %d: %q, %q, %q", i+1, line(r), as, h.Forefront["CIP"])
		}
	}
	if h := read(t, all[3]); h.OtherResults != 1 || len(h.Results) != 0 {
		t.Errorf("the results of lists.example were taken: %+v", h.Results)
	}
}

// TestTheReinjectionDoesNotDecide: SPF is judged where the mail first came in.
func TestTheReinjectionDoesNotDecide(t *testing.T) {
	sample := samples(t, "inline.txt")[0]
	h := read(t, sample)
	r, relayed, ok := deciding(h)
	if !ok || !relayed || r.SPF.Result != "pass" || r.SPF.IP != "203.0.113.50" || *r.Hop != 4 {
		t.Errorf("got %+v (%s), relayed %v, ok %v", r, line(r), relayed, ok)
	}
	want := facts.Hop{
		From: "repost-eu.tmcas.trendmicro.com", IP: "20.160.56.82", By: "db5eur01ft001.mail.protection.outlook.com",
		With: "Microsoft SMTP Server", At: new(time.Date(2026, 11, 20, 8, 59, 58, 0, time.UTC)),
	}
	if diff := cmp.Diff(want, h.Received[1]); diff != "" {
		t.Error(diff)
	}

	// Without the first results nothing speaks of the sender.
	cut := sample[:strings.Index(sample, "Authentication-Results: spf=pass")] + "From: payroll@contoso.com\n"
	if _, relayed, ok := deciding(read(t, cut)); ok || !relayed {
		t.Errorf("relayed %v, ok %v", relayed, ok)
	}
	// Results below a hop of a stranger may be the stranger's own.
	forged := strings.Replace(sample, "by\n DB9PR01CA0001.outlook.office365.com", "by mx.evil.example", 1)
	if _, relayed, ok := deciding(read(t, strings.Replace(forged, "DB9PR01CA0001.outlook.office365.com", "mx.evil.example", 1))); ok || !relayed {
		t.Errorf("forged: relayed %v, ok %v", relayed, ok)
	}
	// Mail that never passed to the relay was not sent on by it.
	skipped := strings.Replace(sample, "inpost-eu.tmcas.trendmicro.com with", "x.outlook.com with", 1)
	if _, relayed, ok := deciding(read(t, skipped)); ok || !relayed {
		t.Errorf("not passed: relayed %v, ok %v", relayed, ok)
	}
	// The same results, stamped once more further up.
	again := "X-MS-Exchange-Authentication-Results: spf=fail (sender IP is 20.160.56.82) smtp.mailfrom=contoso.com\n" + sample
	if r, relayed, ok := deciding(read(t, again)); !ok || !relayed || r.SPF.Result != "pass" {
		t.Errorf("again: %s, relayed %v, ok %v", line(r), relayed, ok)
	}
	// Results for the relay's address are of it only where the chain leads to the relay.
	far := "Authentication-Results: spf=fail (sender IP is 20.160.56.82) smtp.mailfrom=contoso.com\n" +
		"Received: from a (20.160.56.82) by x.outlook.com\nReceived: from b by mx.evil.example\n" +
		"Received: from x.tmcas.trendmicro.com (20.160.56.82) by y.outlook.com\nFrom: a@contoso.com\n"
	if r, relayed, ok := deciding(read(t, far)); !ok || relayed || r.SPF.Result != "fail" {
		t.Errorf("far: %s, relayed %v, ok %v", line(r), relayed, ok)
	}
	// A relay of a similar name is none.
	other := strings.ReplaceAll(sample, "tmcas.trendmicro.com", "tmcas.trendmicro.com.evil.example")
	if r, relayed, ok := deciding(read(t, other)); !ok || relayed || r.SPF.Result != "fail" {
		t.Errorf("similar name: %s, relayed %v, ok %v", line(r), relayed, ok)
	}
}

func TestTheTopmostDecides(t *testing.T) {
	h := read(t, "Authentication-Results: spf=fail smtp.mailfrom=a.example\n"+
		"Received: from x (192.0.2.1) by y.mail.protection.outlook.com; Fri, 20 Nov 2026 08:59:58 +0000\n"+
		"ARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=b.example\n"+
		"Authentication-Results: spf=pass smtp.mailfrom=b.example\nFrom: a@a.example\n")
	if r, _, ok := deciding(h); !ok || r.SPF.Result != "fail" {
		t.Errorf("got %s", line(r))
	}
	// Exchange Online renames the results that were there before it.
	h = read(t, "Authentication-Results-Original: spf=pass smtp.mailfrom=b.example\nFrom: a@a.example\n")
	if r, _, ok := deciding(h); ok {
		t.Errorf("got %s", line(r))
	}
	// The results complete the header for SPF alone, where that stands on top.
	const alone = "Received-SPF: SoftFail (protection.outlook.com: x) client-ip=2001:db8::1;\n"
	const others = "Authentication-Results: dkim=none header.d=none\n"
	h = read(t, alone+others+"From: a@a.example"+exchange)
	if r, _, ok := deciding(h); !ok || line(r) != "spf=softfail 2001:db8::1 , dkim=none none" {
		t.Errorf("got %s", line(r))
	}
	// What stands below results without SPF may be the sender's.
	h = read(t, others+alone+"Authentication-Results: spf=pass\nFrom: a@a.example"+exchange)
	if r, _, ok := deciding(h); !ok || line(r) != "dkim=none none" {
		t.Errorf("got %s", line(r))
	}
}

// TestOnlyWhatExchangeReceivedCounts: anybody can write results in the dialect of Microsoft.
func TestOnlyWhatExchangeReceivedCounts(t *testing.T) {
	const pass = "Authentication-Results: spf=pass (sender IP is 203.0.113.50) smtp.mailfrom=contoso.com\n"
	const google = "Received: from evil (192.0.2.66) by mx.google.com with ESMTPS\n"
	const from = "From: ceo@contoso.com"
	for name, section := range map[string]string{
		"no hop":                  pass + from + "\n",
		"the hop of another":      google + pass + from + "\n",
		"results below the hops":  strings.TrimPrefix(exchange, "\n") + pass + from + "\n",
		"by another":              pass + google + from + "\n",
		"another above":           google + pass + from + exchange,
		"another above, nameless": "Received: by 2002:a05 with SMTP id x\n" + pass + from + exchange,
		"a similar name":          pass + from + "\nReceived: from a by x.outlook.com.evil.example\n",
	} {
		if r, _, ok := deciding(read(t, section)); ok {
			t.Errorf("%s: %s decides", name, line(r))
		}
	}
	if r, _, ok := deciding(read(t, pass+from+exchange)); !ok || r.SPF.Result != "pass" {
		t.Errorf("by Exchange Online: %s", line(r))
	}
}

// TestResultsOfAnEditedFile: evidence can come from anywhere, and must neither decide nor panic.
func TestResultsOfAnEditedFile(t *testing.T) {
	good := facts.MailHeaders{Received: []facts.Hop{{By: "x.outlook.com"}}}
	for name, r := range map[string]facts.AuthResult{
		"no hop":     {Header: "authentication-results"},
		"below zero": {Header: "authentication-results", Hop: new(-1)},
		"far":        {Header: "authentication-results", Hop: new(1 << 40)},
		"no header":  {Hop: new(0)},
	} {
		h := good
		r.SPF = &facts.AuthVerdict{Result: "pass", IP: "192.0.2.1"}
		h.Results = []facts.AuthResult{r}
		if _, _, ok := deciding(h); ok {
			t.Errorf("%s: it decides", name)
		}
	}
}

func TestSpellingsOfResults(t *testing.T) {
	for value, want := range map[string]string{
		"spf=Pass smtp.mailfrom=bounce@A.example":                              "spf=pass  a.example",
		"spf/1 = softfail (sender IP is 192.0.2.1) smtp.mailfrom = a.example":  "spf=softfail 192.0.2.1 a.example",
		"SPF=temperror;DKIM=timeout (key query timeout) header.d=a.example":    "spf=temperror  , dkim=timeout a.example",
		"dkim=pass header.d=a.example;dkim=fail header.d=b.example;":           "dkim=pass a.example, dkim=fail b.example",
		"dmarc=permerror action=none header.from=;compauth=none reason=451":    "dmarc=permerror none , compauth=none 451",
		`spf=fail (a "quoted; thing) with (nested; ones)) smtp.mailfrom="a.b"`: "spf=fail  a.b",
		"spf=fail; spf=pass": "spf=fail  ",
	} {
		r, _, _ := deciding(read(t, "From: a@a.example\nAuthentication-Results: "+value+exchange))
		if line(r) != want {
			t.Errorf("%s: got %q, want %q", value, line(r), want)
		}
	}
}

func TestAddresses(t *testing.T) {
	tests := []struct {
		from       string
		domains    string
		unreadable bool
	}{
		{"a@contoso.com", "contoso.com", false},
		{`"admin@contoso.com" <a@evil.example>`, "evil.example", false},
		{`admin@contoso.com <a@evil.example>`, "evil.example", false},
		{"=?utf-8?B?44GC?= <a@CONTOSO.com.>", "contoso.com", false},
		{"=?x-unknown?Q?=FF?= <a@contoso.com>", "contoso.com", false},
		{"=?utf-8?B?broken <a@contoso.com>", "contoso.com", false},
		{"Doe, John <j@contoso.com>", "contoso.com", false},
		{"J\xf6rg <j@contoso.com>", "contoso.com", false},
		{"日本 <j@日本.example>", "日本.example", false},
		{"a@contoso.com, b@contoso.com, c@evil.example", "contoso.com evil.example", false},
		{"a@contoso.com (b@evil.example)", "contoso.com", false},
		{"a@contoso.com\x00", "contoso.com", false},
		{"a@[192.0.2.1]", "[192.0.2.1]", false},
		{"<MAILER-DAEMON>", "", true},
		{"nobody", "", true},
		{`"never closed <a@contoso.com>`, "", true},
		{`b@contoso.com, "x@evil.example`, "contoso.com", true},
		{`b@contoso.com, "x`, "contoso.com", true},
		{"b@contoso.com, (x@evil.example", "contoso.com", true},
		{`b@contoso.com, x\" <a@evil.example>, "y <c@contoso.com>`, "contoso.com", true},
		{strings.Repeat("b@contoso.com, ", 6000) + "x@evil.example", "contoso.com", true},
		{"b@contoso.com" + strings.Repeat(" ", 70_000) + ", x@evil.example", "contoso.com", true},
		{"a@" + strings.Repeat("x", 300) + ".example", "", true},
		{"", "", false},
	}
	for _, tt := range tests {
		h := read(t, "Received: x\nFROM : "+tt.from+"\n")
		if h.From == nil {
			t.Fatalf("%q: no From", tt.from)
		}
		if got := strings.Join(h.From.Domains, " "); got != tt.domains || h.From.Unreadable != tt.unreadable {
			t.Errorf("%q: %q, unreadable %v", tt.from, got, h.From.Unreadable)
		}
	}
}

// TestReturnPath: the null path is not the same as none.
func TestReturnPath(t *testing.T) {
	if h := read(t, "From: a@contoso.com\nReturn-Path: <>\n"); h.ReturnPath == nil || len(h.ReturnPath.Domains) != 0 || h.ReturnPath.Unreadable {
		t.Errorf("null: %+v", h.ReturnPath)
	}
	if h := read(t, "From: a@contoso.com\n"); h.ReturnPath != nil || h.ReplyTo != nil {
		t.Errorf("none: %+v", h.ReturnPath)
	}
	h := read(t, "Return-Path: <a@contoso.com>\nReturn-Path: <b@evil.example>\nFrom: a@contoso.com\n")
	// A sender can write one as well, above or below that of the last server.
	if diff := cmp.Diff([]string{"contoso.com", "evil.example"}, h.ReturnPath.Domains); diff != "" {
		t.Error(diff)
	}
}

func TestHops(t *testing.T) {
	for value, want := range map[string]facts.Hop{
		"from a (HELO b) (192.0.2.1) by c with ESMTP id 1 for <secret@contoso.com>; nonsense": {From: "a", IP: "192.0.2.1", By: "c", With: "ESMTP"},
		"from [192.0.2.7] by c":                           {From: "[192.0.2.7]", IP: "192.0.2.7", By: "c"},
		"from [203.0.113.1] (192.0.2.7) by c":             {From: "[203.0.113.1]", IP: "192.0.2.7", By: "c"},
		"from a (203.0.113.1-x.example [192.0.2.7]) by c": {From: "a", IP: "192.0.2.7", By: "c"},
		"from a (203.0.113.1-x.example 192.0.2.7) by c":   {From: "a", IP: "192.0.2.7", By: "c"},
		"from a (203.0.113.1-x.example) by c":             {From: "a", By: "c"},
		"from a (unknown [IPv6:2001:db8::5]) by c":        {From: "a", IP: "2001:db8::5", By: "c"},
		"by c (Postfix, from userid 0)":                   {By: "c"},
		"from a by c; Fri, 20 Nov 2026 18:00:00 +0900 (x": {From: "a", By: "c"},
		"from a by c; Fri, 20 Nov 2026 18:00:00 +0900 (JST)": {
			From: "a", By: "c", At: new(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)),
		},
	} {
		got := read(t, "From: a@contoso.com\nReceived: "+value+"\n").Received[0]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", value, diff)
		}
	}
}

// TestPartsOfMessages: the samples as they stand, without a hop or a sender, are of messages.
func TestPartsOfMessages(t *testing.T) {
	for _, name := range []string{"ms-docs-examples.txt", "real-internal-shapes.txt"} {
		for i, s := range samples(t, name) {
			if _, err := Read([]byte(s)); err != nil {
				t.Errorf("%s, sample %d: %v", name, i+1, err)
			}
		}
	}
}

// TestWhatIsNoMessage: a file of another kind must not look like a message without findings.
func TestWhatIsNoMessage(t *testing.T) {
	for name, s := range map[string]string{
		"empty": "", "blank": "\n\n\n", "prose": "Dear all,\nFrom: me\n", "yaml": "version: 1\ntenant: contoso\n",
		"NUL": strings.Repeat("\x00", 512), "outlook": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "html": "<html>\n<p>From: x</p>",
		"only a body": "\n\nhello\n",
	} {
		if h, err := Read([]byte(s)); !errors.Is(err, ErrNotMessage) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
	for name, s := range map[string]string{
		"no From":      "Received: from a by b\nSubject: x\n",
		"mailbox file": "From a@contoso.com Fri Nov 20 09:00:00 2026\nFrom: a@contoso.com\n",
		"BOM and CRLF": "\ufefffrom: a@contoso.com\r\n\r\nReply-To: in@the.body\r\n",
		"a bad line":   "From: a@contoso.com\nthis is no header\nMessage-ID: <1@x>\n",
	} {
		h, err := Read([]byte(s))
		if err != nil || h.ReplyTo != nil {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

// TestManyHeaders: what a message can hold is bounded, whatever stands in it.
func TestManyHeaders(t *testing.T) {
	s := "From: a@contoso.com\n" + strings.Repeat("Received: from a (192.0.2.1) by b\nAuthentication-Results: spf=pass\nX-A: b\n", 10_000) +
		"X-Folded: a\n" + strings.Repeat(" \n", 200_000) + "Reply-To: a@late.example\n"
	h := read(t, s)
	if len(h.Received) != maxHops || len(h.Results) != maxResults || h.ReplyTo == nil {
		t.Errorf("%d hops, %d results, reply-to %v", len(h.Received), len(h.Results), h.ReplyTo)
	}
}

// TestTimeIsBounded: the time grows with the length, whatever stands in it. These are a mebibyte
// each, the most that is read of one message; with time that grows with the square they take minutes.
func TestTimeIsBounded(t *testing.T) {
	many := func(s string) string { return strings.Repeat(s, maxValue/len(s)) }
	for name, value := range map[string]string{
		"equals": many("= "), "brackets": many("("), "quotes": many(`"`), "backslashes": many(`\`), "semicolons": many("a=b;"),
		"commas": many(","), "angles": many("<"), "signatures": many("dkim=fail (x) header.d=a "), "dots": many("1."), "words": many("?=? "),
	} {
		var domains strings.Builder
		for i := 0; domains.Len() < maxValue-20; i++ {
			fmt.Fprintf(&domains, "a@%x.b,", i)
		}
		var section strings.Builder
		for section.Len() < 1<<20-5*maxValue {
			for _, field := range []string{"From: ", "Reply-To: ", "Received: from ", "Authentication-Results: spf=", "X-Forefront-Antispam-Report: "} {
				section.WriteString(field + value + "\n")
			}
			section.WriteString("From: " + strings.ReplaceAll(domains.String(), "a@", "a@"+fmt.Sprint(section.Len())+".") + "\n")
		}
		start := time.Now()
		h := read(t, section.String())
		Explain(h, contoso())
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: %s", name, took)
		}
		if len(h.From.Domains) > maxDomains {
			t.Errorf("%s: %d domains", name, len(h.From.Domains))
		}
	}
}

// TestWordsAreBounded: words that are glued by "=" would grow with the square otherwise.
func TestWordsAreBounded(t *testing.T) {
	for _, s := range segments(strings.Repeat("= ", maxValue/2)) {
		for _, w := range s.words {
			if len(w) > maxValue/64+1 {
				t.Errorf("a word of %d bytes", len(w))
			}
		}
	}
}

// TestNothingPrivateIsKept: subjects, names, mailboxes and recipients stay in the message.
func TestNothingPrivateIsKept(t *testing.T) {
	h := read(t, "From: Canary <canary@contoso.com>\nMessage-ID: <canary@contoso.com>\nTo: canary@contoso.com\nSubject: canary\nReply-To: canary@contoso.com\n"+
		"Return-Path: <canary@contoso.com>\nReceived: from a by b for <canary@contoso.com>; Fri, 20 Nov 2026 18:00:00 +0900\n"+
		"Authentication-Results: spf=fail smtp.mailfrom=canary@contoso.com\n\ncanary\n")
	raw, err := json.Marshal(h)
	if err != nil || strings.Contains(strings.ToLower(string(raw)), "canary") {
		t.Errorf("%v: %s", err, raw)
	}
}

// FuzzRead: whatever comes in, the reader ends, and what it keeps can be written and read again.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"ms-docs-examples.txt", "real-internal-shapes.txt", "inline.txt", "inline-outbound.txt"} {
		for _, s := range samples(f, name) {
			f.Add([]byte(s))
		}
	}
	f.Add([]byte("From: \"a\\\" (b <c@d>\nReceived: ((\\\nAuthentication-Results: = ; spf\n"))
	f.Fuzz(func(t *testing.T, section []byte) {
		h, err := Read(section)
		if err != nil {
			return
		}
		Explain(h, contoso())
		r, _, _ := deciding(h)
		if len(r.DKIM) > maxResults || len(h.Received) > maxHops {
			t.Error("too much is kept")
		}
		raw, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var again facts.MailHeaders
		if err := json.Unmarshal(raw, &again); err != nil {
			t.Fatal(err)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(twice) != string(raw) {
			t.Errorf("%s became %s", raw, twice)
		}
	})
}

// FuzzResults: the parser of Authentication-Results and Received-SPF takes any value, keeps little
// of it, and never two results of one method.
func FuzzResults(f *testing.F) {
	for _, name := range []string{"ms-docs-examples.txt", "real-internal-shapes.txt", "inline.txt", "inline-outbound.txt"} {
		for _, s := range samples(f, name) {
			for _, field := range mustSplit(f, s) {
				if ofExchange(field.name) {
					f.Add(field.value)
				}
			}
		}
	}
	f.Add("spf/1 = softfail (sender IP is 192.0.2.1) smtp.mailfrom = \"a b\"@a.example; ; = ;dkim=\\(")
	f.Fuzz(func(t *testing.T, value string) {
		var h facts.MailHeaders
		addResult(&h, field{name: "authentication-results", value: clip(value, maxValue)})
		for _, r := range h.Results {
			if r.SPF == nil && r.DKIM == nil && r.DMARC == nil && r.CompAuth == nil {
				t.Error("a result of nothing")
			}
			if r.SPF != nil && len(r.SPF.Result)+len(r.SPF.Domain) > 2*maxWord || len(r.DKIM) > maxResults {
				t.Errorf("too much is kept: %+v", r)
			}
			if r.SPF != nil && r.SPF.IP != "" {
				if _, err := netip.ParseAddr(r.SPF.IP); err != nil {
					t.Error(err)
				}
			}
			for _, d := range r.DKIM {
				if d.Reason != "" && !slices.Contains(signatureComments, d.Reason) {
					t.Errorf("a comment is kept: %q", d.Reason)
				}
			}
		}
		if v := receivedSPF(clip(value, maxValue)); v != nil && len(v.Result) > maxWord {
			t.Error("too much is kept")
		}
	})
}

func mustSplit(f *testing.F, section string) []field {
	f.Helper()
	fields, err := split([]byte("Message-ID: <1@contoso.com>\n" + section))
	if err != nil {
		f.Fatal(err)
	}
	return fields
}

// TestReceivedSPFWithoutRecord: where there is no record, the header names the domain in other words.
func TestReceivedSPFWithoutRecord(t *testing.T) {
	for value, want := range map[string]string{
		"None (protection.outlook.com: contoso.com does not designate permitted sender hosts)":                    "contoso.com",
		"Fail (protection.outlook.com: domain of a@contoso.com does not designate 192.0.2.1 as permitted sender)": "contoso.com",
		"Neutral (protection.outlook.com: 192.0.2.16 is neither permitted nor denied by domain of contoso.com)":   "contoso.com",
		"None (protection.outlook.com: nobody says whose it is)":                                                  "",
	} {
		v := receivedSPF(value)
		if v == nil || v.Domain != want {
			t.Errorf("%s: %+v", value, v)
		}
	}
}
