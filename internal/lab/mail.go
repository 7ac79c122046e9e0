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
	return strings.NewReplacer("{from}", m.from, "{domain}", domain, "{spf}", m.spf,
		"{dmarc}", map[bool]string{true: "pass", false: "fail"}[m.spf == "pass"],
		"{action}", action, "{compauth}", compauth, "\n", "\r\n").Replace(
		`Received: from DB9PR01MB1111.eurprd01.prod.outlook.com (2603:10a6:10:1::11) by
 AM0PR01MB2222.eurprd01.prod.outlook.com with HTTPS; Fri, 20 Nov 2026 08:59:59 +0000
Authentication-Results: spf={spf} (sender IP is 203.0.113.50)
 smtp.mailfrom={domain}; dkim=none (message not signed)
 header.d=none;dmarc={dmarc} action={action} header.from={domain};compauth={compauth}
Received: from mail.{domain} (203.0.113.50) by
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
X-Forefront-Antispam-Report: CIP:203.0.113.50;CTRY:DE;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;CAT:NONE;DIR:INB;

This is a message of casdoctor's practice organisation.
`)
}

// mailRecords are the SPF and DMARC records of domains whose mail Exchange Online sends.
func mailRecords(domains ...string) (zone []string) {
	for _, d := range domains {
		zone = append(zone,
			d+`. 5 IN TXT "v=spf1 include:spf.protection.outlook.com -all"`,
			"_dmarc."+d+`. 5 IN TXT "v=DMARC1; p=quarantine"`)
	}
	return zone
}
