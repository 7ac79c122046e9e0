// Command mailload measures casdoctor mail: folders of 100, 1,000 and 10,000 messages, and what
// each run takes in time and in memory. It prints a Markdown table for docs/performance.md.
//
//	go -C internal/tools run ./mailload "$PWD/casdoctor"
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// message is one .eml file: headers of about 2 KiB as Exchange Online writes them, and a body
// of 16 KiB, which is not read.
func message(n int) []byte {
	headers := `Received: from DB9PR01MB1111.eurprd01.prod.outlook.com (2603:10a6:10:1::11) by
 AM0PR01MB2222.eurprd01.prod.outlook.com with HTTPS; Fri, 20 Nov 2026 08:59:59 +0000
Authentication-Results: spf=%s (sender IP is 203.0.113.%d)
 smtp.mailfrom=contoso.com; dkim=none (message not signed)
 header.d=none;dmarc=pass action=none header.from=contoso.com;compauth=pass reason=100
Received: from mail.contoso.com (203.0.113.%[2]d) by
 DB5EUR01FT002.mail.protection.outlook.com (10.152.4.2) with Microsoft SMTP
 Server id 15.20.1.1 via Frontend Transport; Fri, 20 Nov 2026 08:59:58 +0000
Message-ID: <%d@mail.contoso.com>
From: Payroll <payroll@contoso.com>
Reply-To: payroll@contoso.com
Return-Path: payroll@contoso.com
X-MS-Exchange-Organization-AuthAs: Anonymous
X-Forefront-Antispam-Report: CIP:203.0.113.%[2]d;CTRY:DE;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;CAT:NONE;DIR:INB;
X-Padding: %s

%s`
	result := "pass"
	if n%2 == 1 {
		result = "softfail"
	}
	s := fmt.Sprintf(headers, result, n%250+1, n, strings.Repeat("x", 900), strings.Repeat("body ", 3277))
	return []byte(strings.ReplaceAll(s, "\n", "\r\n"))
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: mailload CASDOCTOR")
	}
	fmt.Println("| Messages | Format | Wall | CPU | Peak memory |\n|---|---|---|---|---|")
	for _, n := range []int{100, 1_000, 10_000} {
		if err := measure(os.Args[1], n); err != nil {
			log.Fatal(err)
		}
	}
}

func measure(casdoctor string, n int) error {
	dir, err := os.MkdirTemp("", "mailload")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.eml", i)), message(i), 0o600); err != nil {
			return err
		}
	}
	for _, format := range []string{"text", "json"} {
		c := exec.Command(casdoctor, "mail", dir, "--internal", "contoso.com", "--format", format)
		start := time.Now()
		// Half of the messages fail, so that the command ends with 1 and nothing else.
		if err := c.Run(); c.ProcessState.ExitCode() != 1 {
			return fmt.Errorf("%d messages: exit code %d: %w", n, c.ProcessState.ExitCode(), err)
		}
		wall := time.Since(start)
		used := c.ProcessState.SysUsage().(*syscall.Rusage)
		fmt.Printf("| %d | %s | %.1f s | %.1f s | %d MiB |\n", n, format, wall.Seconds(),
			(c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), used.Maxrss>>10)
	}
	return nil
}
