package report_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
)

func TestHistory(t *testing.T) {
	at := time.Date(2026, 11, 20, 6, 0, 3, 0, time.UTC)
	runs := []report.Past{
		{Run: 12, Tenant: "株式会社", Ended: at, AskedBy: "kim", Failure: "no secret"},
		{Run: 9, Tenant: "contoso", Ended: at, Verdict: checks.NotReady, Statuses: map[string]string{
			"TLS-01": "fail", "MFA-01": "warn", "GDM-01": "unknown", "LIC-01": "pass", "ACC-01": "skip",
		}},
	}
	for lang, want := range map[string]string{
		"en": `12  2026-11-20 06:00 UTC  株式会社  NO REPORT  no secret, asked for by kim
 9  2026-11-20 06:00 UTC  contoso   NOT READY  GDM-01 unknown, MFA-01 warn, TLS-01 fail
`,
		"ja": `12  2026-11-20 06:00 UTC  株式会社  レポートなし  no secret, kim が実行
 9  2026-11-20 06:00 UTC  contoso   問題あり  GDM-01 不明, MFA-01 注意, TLS-01 異常
`,
	} {
		var b bytes.Buffer
		if err := report.WriteHistory(&b, runs, report.View{Lang: lang, Width: 100}); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%s:\n%s\nwant\n%s", lang, b.String(), want)
		}
	}
}
