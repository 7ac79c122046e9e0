package lab

import "strings"

// message is an affected message as the recipient's mailbox has it: it passed from the
// organisation's own server to Exchange Online, which stamped its results.
type message struct {
	from string // also the envelope sender
	spf  string // the result: pass, fail, …
}

// file is the message as an .eml file. The headers have the form that Exchange Online gives them
// (Microsoft Defender for Office 365, "Anti-spam message headers").
func (m message) file() string {
	domain := m.from[strings.IndexByte(m.from, '@')+1:]
	action, compauth := "none", "pass reason=100"
	if m.spf != "pass" {
		action, compauth = "quarantine", "fail reason=000"
	}
	ip := ownServer
	if m.spf != "pass" {
		ip = stranger
	}
	return strings.NewReplacer("{ip}", ip, "{from}", m.from, "{domain}", domain, "{spf}", m.spf,
		"{dmarc}", map[bool]string{true: "pass", false: "fail"}[m.spf == "pass"],
		"{action}", action, "{compauth}", compauth, "\n", "\r\n").Replace(
		`Received: from DB9PR01MB1111.eurprd01.prod.outlook.com (2603:10a6:10:1::11) by
 AM0PR01MB2222.eurprd01.prod.outlook.com with HTTPS; Fri, 20 Nov 2026 08:59:59 +0000
Authentication-Results: spf={spf} (sender IP is {ip})
 smtp.mailfrom={domain}; dkim=none (message not signed)
 header.d=none;dmarc={dmarc} action={action} header.from={domain};compauth={compauth}
Received: from mail.{domain} ({ip}) by
 DB5EUR01FT002.mail.protection.outlook.com (10.152.4.2) with Microsoft SMTP
 Server id 15.20.1.1 via Frontend Transport; Fri, 20 Nov 2026 08:59:58 +0000
Message-ID: <20261120085957.1@mail.{domain}>
Date: Fri, 20 Nov 2026 08:59:57 +0000
From: Contoso <{from}>
To: Adele Vance <adele@contoso.com>
Subject: practice message
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Return-Path: {from}
X-MS-Exchange-Organization-AuthAs: Anonymous
X-MS-Exchange-Organization-SCL: 1
X-Forefront-Antispam-Report: CIP:{ip};CTRY:DE;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;CAT:NONE;DIR:INB;

This is a message of casdoctor's practice organisation.
`)
}

// The addresses that messages come from (RFC 5737): the organisation's own server, which its SPF
// records name, and a device that they do not.
const (
	ownServer = "203.0.113.50"
	stranger  = "203.0.113.66"
)

// mailRecords are the records of domains whose mail Exchange Online sends, as the Microsoft 365
// admin centre asks for them ("External Domain Name System records for Microsoft 365"), and those
// of Microsoft that they lead to. The addresses there are for documentation.
func mailRecords(domains ...string) []string {
	zone := []string{`spf.protection.outlook.com. 5 IN TXT "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:1::/48 -all"`}
	for _, d := range domains {
		dashes := strings.ReplaceAll(d, ".", "-")
		zone = append(zone,
			d+`. 5 IN TXT "v=spf1 ip4:`+ownServer+` include:spf.protection.outlook.com -all"`,
			d+`. 5 IN MX 0 `+dashes+`.mail.protection.outlook.com.`,
			"_dmarc."+d+`. 5 IN TXT "v=DMARC1; p=quarantine"`)
		for _, selector := range []string{"selector1", "selector2"} {
			zone = append(zone, selector+"._domainkey."+d+". 5 IN CNAME "+selector+"-"+dashes+"._domainkey.contoso.onmicrosoft.com.")
		}
	}
	return zone
}
